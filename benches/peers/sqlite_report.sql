-- The report in SQLite's own shell, all in SQL.
--
-- NOT INDEXED: by customer through the index each row is looked up on its own, many times the cost of a scan.
-- Rows are grouped by customer and month first; everything about transactions follows from that.
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -200000;
-- The shell prints what it was set to.
.once /dev/null
PRAGMA threads = 2;

CREATE TEMP TABLE bought (
  id INTEGER PRIMARY KEY, n INTEGER, revenue INTEGER, cost INTEGER, first TEXT, last TEXT, recent_n INTEGER,
  recent INTEGER, months INTEGER);
-- Bit n of `months`: bought in month n of the shop. A month comes once a customer here, so the sum is the union.
INSERT INTO bought
SELECT customer_id, sum(n), sum(revenue), sum(cost), min(first), max(last),
       sum(n) FILTER (WHERE month >= '2025-11'), coalesce(sum(revenue) FILTER (WHERE month >= '2025-11'), 0),
       sum(1 << (substr(month, 1, 4) * 12 + substr(month, 6) - 24263))
FROM (SELECT customer_id, substr(at, 1, 7) AS month, count(*) AS n, sum(amount_minor) AS revenue,
             sum(cost_minor) AS cost, min(at) AS first, max(at) AS last
      FROM transactions NOT INDEXED GROUP BY customer_id, month)
GROUP BY customer_id;
UPDATE bought SET recent_n = 0 WHERE recent_n IS NULL;

-- What each customer paid for on each of the days that a period begins or ends at, and since when.
CREATE TEMP TABLE held (
  id INTEGER PRIMARY KEY, since TEXT, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13);
INSERT INTO held
SELECT customer_id, min(starts_on),
       sum(iif(starts_on <= '2025-09-30' AND coalesce(ends_on > '2025-09-30', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2025-10-31' AND coalesce(ends_on > '2025-10-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2025-11-30' AND coalesce(ends_on > '2025-11-30', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2025-12-31' AND coalesce(ends_on > '2025-12-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-01-31' AND coalesce(ends_on > '2026-01-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-02-28' AND coalesce(ends_on > '2026-02-28', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-03-31' AND coalesce(ends_on > '2026-03-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-04-30' AND coalesce(ends_on > '2026-04-30', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-05-31' AND coalesce(ends_on > '2026-05-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-06-30' AND coalesce(ends_on > '2026-06-30', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-07-31' AND coalesce(ends_on > '2026-07-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-08-31' AND coalesce(ends_on > '2026-08-31', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-09-30' AND coalesce(ends_on > '2026-09-30', 1), mrr_minor, 0)),
       sum(iif(starts_on <= '2026-10-31' AND coalesce(ends_on > '2026-10-31', 1), mrr_minor, 0))
FROM subscriptions NOT INDEXED GROUP BY customer_id;

SELECT 'total', (SELECT count(*) FROM customers), count(*), sum(n), sum(revenue), min(first), max(last) FROM bought;
SELECT 'recent', sum(recent_n), sum(recent) FROM bought;
SELECT 'cost', sum(cost) FROM bought;

-- How many of those who first bought in a month bought in month n of the shop.
CREATE TEMP TABLE cohort AS
SELECT substr(first, 1, 7) AS cohort, json_array(
  sum(months >> 0 & 1), sum(months >> 1 & 1), sum(months >> 2 & 1), sum(months >> 3 & 1),
  sum(months >> 4 & 1), sum(months >> 5 & 1), sum(months >> 6 & 1), sum(months >> 7 & 1),
  sum(months >> 8 & 1), sum(months >> 9 & 1), sum(months >> 10 & 1), sum(months >> 11 & 1),
  sum(months >> 12 & 1), sum(months >> 13 & 1), sum(months >> 14 & 1), sum(months >> 15 & 1),
  sum(months >> 16 & 1), sum(months >> 17 & 1), sum(months >> 18 & 1), sum(months >> 19 & 1),
  sum(months >> 20 & 1), sum(months >> 21 & 1), sum(months >> 22 & 1), sum(months >> 23 & 1),
  sum(months >> 24 & 1), sum(months >> 25 & 1), sum(months >> 26 & 1), sum(months >> 27 & 1),
  sum(months >> 28 & 1), sum(months >> 29 & 1), sum(months >> 30 & 1), sum(months >> 31 & 1),
  sum(months >> 32 & 1), sum(months >> 33 & 1), sum(months >> 34 & 1), sum(months >> 35 & 1),
  sum(months >> 36 & 1), sum(months >> 37 & 1), sum(months >> 38 & 1), sum(months >> 39 & 1),
  sum(months >> 40 & 1), sum(months >> 41 & 1), sum(months >> 42 & 1), sum(months >> 43 & 1),
  sum(months >> 44 & 1), sum(months >> 45 & 1), sum(months >> 46 & 1), sum(months >> 47 & 1),
  sum(months >> 48 & 1), sum(months >> 49 & 1), sum(months >> 50 & 1), sum(months >> 51 & 1),
  sum(months >> 52 & 1), sum(months >> 53 & 1), sum(months >> 54 & 1), sum(months >> 55 & 1),
  sum(months >> 56 & 1), sum(months >> 57 & 1), sum(months >> 58 & 1), sum(months >> 59 & 1)) AS buyers
FROM bought GROUP BY cohort;
SELECT 'months', sum(cell.value) FROM cohort, json_each(buyers) AS cell;
SELECT 'cohort', cohort, cell.key, cell.value FROM cohort, json_each(buyers) AS cell WHERE cell.value > 0;

-- Customers and revenue over twelve months and four quarters.
SELECT 'churn', 'month', '2025-11', sum(d1 > 0), sum(d1 > 0 AND d2 = 0), sum(d1 > 0 AND d2 > 0),
  sum(d1 = 0 AND d2 > 0 AND NOT since <= '2025-10-31'), sum(d1 = 0 AND d2 > 0 AND since <= '2025-10-31'), sum(d2 > 0) FROM held;
SELECT 'mrr', 'month', '2025-11', sum(d1), sum(iif(d2 = 0, d1, 0)), sum(iif(d2 > 0, max(d1 - d2, 0), 0)),
  sum(iif(d1 > 0, max(d2 - d1, 0), 0)), sum(iif(d1 = 0 AND NOT since <= '2025-10-31', d2, 0)),
  sum(iif(d1 = 0 AND since <= '2025-10-31', d2, 0)), sum(d2) FROM held;
SELECT 'churn', 'month', '2025-12', sum(d2 > 0), sum(d2 > 0 AND d3 = 0), sum(d2 > 0 AND d3 > 0),
  sum(d2 = 0 AND d3 > 0 AND NOT since <= '2025-11-30'), sum(d2 = 0 AND d3 > 0 AND since <= '2025-11-30'), sum(d3 > 0) FROM held;
SELECT 'mrr', 'month', '2025-12', sum(d2), sum(iif(d3 = 0, d2, 0)), sum(iif(d3 > 0, max(d2 - d3, 0), 0)),
  sum(iif(d2 > 0, max(d3 - d2, 0), 0)), sum(iif(d2 = 0 AND NOT since <= '2025-11-30', d3, 0)),
  sum(iif(d2 = 0 AND since <= '2025-11-30', d3, 0)), sum(d3) FROM held;
SELECT 'churn', 'month', '2026-01', sum(d3 > 0), sum(d3 > 0 AND d4 = 0), sum(d3 > 0 AND d4 > 0),
  sum(d3 = 0 AND d4 > 0 AND NOT since <= '2025-12-31'), sum(d3 = 0 AND d4 > 0 AND since <= '2025-12-31'), sum(d4 > 0) FROM held;
SELECT 'mrr', 'month', '2026-01', sum(d3), sum(iif(d4 = 0, d3, 0)), sum(iif(d4 > 0, max(d3 - d4, 0), 0)),
  sum(iif(d3 > 0, max(d4 - d3, 0), 0)), sum(iif(d3 = 0 AND NOT since <= '2025-12-31', d4, 0)),
  sum(iif(d3 = 0 AND since <= '2025-12-31', d4, 0)), sum(d4) FROM held;
SELECT 'churn', 'month', '2026-02', sum(d4 > 0), sum(d4 > 0 AND d5 = 0), sum(d4 > 0 AND d5 > 0),
  sum(d4 = 0 AND d5 > 0 AND NOT since <= '2026-01-31'), sum(d4 = 0 AND d5 > 0 AND since <= '2026-01-31'), sum(d5 > 0) FROM held;
SELECT 'mrr', 'month', '2026-02', sum(d4), sum(iif(d5 = 0, d4, 0)), sum(iif(d5 > 0, max(d4 - d5, 0), 0)),
  sum(iif(d4 > 0, max(d5 - d4, 0), 0)), sum(iif(d4 = 0 AND NOT since <= '2026-01-31', d5, 0)),
  sum(iif(d4 = 0 AND since <= '2026-01-31', d5, 0)), sum(d5) FROM held;
SELECT 'churn', 'month', '2026-03', sum(d5 > 0), sum(d5 > 0 AND d6 = 0), sum(d5 > 0 AND d6 > 0),
  sum(d5 = 0 AND d6 > 0 AND NOT since <= '2026-02-28'), sum(d5 = 0 AND d6 > 0 AND since <= '2026-02-28'), sum(d6 > 0) FROM held;
SELECT 'mrr', 'month', '2026-03', sum(d5), sum(iif(d6 = 0, d5, 0)), sum(iif(d6 > 0, max(d5 - d6, 0), 0)),
  sum(iif(d5 > 0, max(d6 - d5, 0), 0)), sum(iif(d5 = 0 AND NOT since <= '2026-02-28', d6, 0)),
  sum(iif(d5 = 0 AND since <= '2026-02-28', d6, 0)), sum(d6) FROM held;
SELECT 'churn', 'month', '2026-04', sum(d6 > 0), sum(d6 > 0 AND d7 = 0), sum(d6 > 0 AND d7 > 0),
  sum(d6 = 0 AND d7 > 0 AND NOT since <= '2026-03-31'), sum(d6 = 0 AND d7 > 0 AND since <= '2026-03-31'), sum(d7 > 0) FROM held;
SELECT 'mrr', 'month', '2026-04', sum(d6), sum(iif(d7 = 0, d6, 0)), sum(iif(d7 > 0, max(d6 - d7, 0), 0)),
  sum(iif(d6 > 0, max(d7 - d6, 0), 0)), sum(iif(d6 = 0 AND NOT since <= '2026-03-31', d7, 0)),
  sum(iif(d6 = 0 AND since <= '2026-03-31', d7, 0)), sum(d7) FROM held;
SELECT 'churn', 'month', '2026-05', sum(d7 > 0), sum(d7 > 0 AND d8 = 0), sum(d7 > 0 AND d8 > 0),
  sum(d7 = 0 AND d8 > 0 AND NOT since <= '2026-04-30'), sum(d7 = 0 AND d8 > 0 AND since <= '2026-04-30'), sum(d8 > 0) FROM held;
SELECT 'mrr', 'month', '2026-05', sum(d7), sum(iif(d8 = 0, d7, 0)), sum(iif(d8 > 0, max(d7 - d8, 0), 0)),
  sum(iif(d7 > 0, max(d8 - d7, 0), 0)), sum(iif(d7 = 0 AND NOT since <= '2026-04-30', d8, 0)),
  sum(iif(d7 = 0 AND since <= '2026-04-30', d8, 0)), sum(d8) FROM held;
SELECT 'churn', 'month', '2026-06', sum(d8 > 0), sum(d8 > 0 AND d9 = 0), sum(d8 > 0 AND d9 > 0),
  sum(d8 = 0 AND d9 > 0 AND NOT since <= '2026-05-31'), sum(d8 = 0 AND d9 > 0 AND since <= '2026-05-31'), sum(d9 > 0) FROM held;
SELECT 'mrr', 'month', '2026-06', sum(d8), sum(iif(d9 = 0, d8, 0)), sum(iif(d9 > 0, max(d8 - d9, 0), 0)),
  sum(iif(d8 > 0, max(d9 - d8, 0), 0)), sum(iif(d8 = 0 AND NOT since <= '2026-05-31', d9, 0)),
  sum(iif(d8 = 0 AND since <= '2026-05-31', d9, 0)), sum(d9) FROM held;
SELECT 'churn', 'month', '2026-07', sum(d9 > 0), sum(d9 > 0 AND d10 = 0), sum(d9 > 0 AND d10 > 0),
  sum(d9 = 0 AND d10 > 0 AND NOT since <= '2026-06-30'), sum(d9 = 0 AND d10 > 0 AND since <= '2026-06-30'), sum(d10 > 0) FROM held;
SELECT 'mrr', 'month', '2026-07', sum(d9), sum(iif(d10 = 0, d9, 0)), sum(iif(d10 > 0, max(d9 - d10, 0), 0)),
  sum(iif(d9 > 0, max(d10 - d9, 0), 0)), sum(iif(d9 = 0 AND NOT since <= '2026-06-30', d10, 0)),
  sum(iif(d9 = 0 AND since <= '2026-06-30', d10, 0)), sum(d10) FROM held;
SELECT 'churn', 'month', '2026-08', sum(d10 > 0), sum(d10 > 0 AND d11 = 0), sum(d10 > 0 AND d11 > 0),
  sum(d10 = 0 AND d11 > 0 AND NOT since <= '2026-07-31'), sum(d10 = 0 AND d11 > 0 AND since <= '2026-07-31'), sum(d11 > 0) FROM held;
SELECT 'mrr', 'month', '2026-08', sum(d10), sum(iif(d11 = 0, d10, 0)), sum(iif(d11 > 0, max(d10 - d11, 0), 0)),
  sum(iif(d10 > 0, max(d11 - d10, 0), 0)), sum(iif(d10 = 0 AND NOT since <= '2026-07-31', d11, 0)),
  sum(iif(d10 = 0 AND since <= '2026-07-31', d11, 0)), sum(d11) FROM held;
SELECT 'churn', 'month', '2026-09', sum(d11 > 0), sum(d11 > 0 AND d12 = 0), sum(d11 > 0 AND d12 > 0),
  sum(d11 = 0 AND d12 > 0 AND NOT since <= '2026-08-31'), sum(d11 = 0 AND d12 > 0 AND since <= '2026-08-31'), sum(d12 > 0) FROM held;
SELECT 'mrr', 'month', '2026-09', sum(d11), sum(iif(d12 = 0, d11, 0)), sum(iif(d12 > 0, max(d11 - d12, 0), 0)),
  sum(iif(d11 > 0, max(d12 - d11, 0), 0)), sum(iif(d11 = 0 AND NOT since <= '2026-08-31', d12, 0)),
  sum(iif(d11 = 0 AND since <= '2026-08-31', d12, 0)), sum(d12) FROM held;
SELECT 'churn', 'month', '2026-10', sum(d12 > 0), sum(d12 > 0 AND d13 = 0), sum(d12 > 0 AND d13 > 0),
  sum(d12 = 0 AND d13 > 0 AND NOT since <= '2026-09-30'), sum(d12 = 0 AND d13 > 0 AND since <= '2026-09-30'), sum(d13 > 0) FROM held;
SELECT 'mrr', 'month', '2026-10', sum(d12), sum(iif(d13 = 0, d12, 0)), sum(iif(d13 > 0, max(d12 - d13, 0), 0)),
  sum(iif(d12 > 0, max(d13 - d12, 0), 0)), sum(iif(d12 = 0 AND NOT since <= '2026-09-30', d13, 0)),
  sum(iif(d12 = 0 AND since <= '2026-09-30', d13, 0)), sum(d13) FROM held;
SELECT 'churn', 'quarter', '2025-Q4', sum(d0 > 0), sum(d0 > 0 AND d3 = 0), sum(d0 > 0 AND d3 > 0),
  sum(d0 = 0 AND d3 > 0 AND NOT since <= '2025-09-30'), sum(d0 = 0 AND d3 > 0 AND since <= '2025-09-30'), sum(d3 > 0) FROM held;
SELECT 'mrr', 'quarter', '2025-Q4', sum(d0), sum(iif(d3 = 0, d0, 0)), sum(iif(d3 > 0, max(d0 - d3, 0), 0)),
  sum(iif(d0 > 0, max(d3 - d0, 0), 0)), sum(iif(d0 = 0 AND NOT since <= '2025-09-30', d3, 0)),
  sum(iif(d0 = 0 AND since <= '2025-09-30', d3, 0)), sum(d3) FROM held;
SELECT 'churn', 'quarter', '2026-Q1', sum(d3 > 0), sum(d3 > 0 AND d6 = 0), sum(d3 > 0 AND d6 > 0),
  sum(d3 = 0 AND d6 > 0 AND NOT since <= '2025-12-31'), sum(d3 = 0 AND d6 > 0 AND since <= '2025-12-31'), sum(d6 > 0) FROM held;
SELECT 'mrr', 'quarter', '2026-Q1', sum(d3), sum(iif(d6 = 0, d3, 0)), sum(iif(d6 > 0, max(d3 - d6, 0), 0)),
  sum(iif(d3 > 0, max(d6 - d3, 0), 0)), sum(iif(d3 = 0 AND NOT since <= '2025-12-31', d6, 0)),
  sum(iif(d3 = 0 AND since <= '2025-12-31', d6, 0)), sum(d6) FROM held;
SELECT 'churn', 'quarter', '2026-Q2', sum(d6 > 0), sum(d6 > 0 AND d9 = 0), sum(d6 > 0 AND d9 > 0),
  sum(d6 = 0 AND d9 > 0 AND NOT since <= '2026-03-31'), sum(d6 = 0 AND d9 > 0 AND since <= '2026-03-31'), sum(d9 > 0) FROM held;
SELECT 'mrr', 'quarter', '2026-Q2', sum(d6), sum(iif(d9 = 0, d6, 0)), sum(iif(d9 > 0, max(d6 - d9, 0), 0)),
  sum(iif(d6 > 0, max(d9 - d6, 0), 0)), sum(iif(d6 = 0 AND NOT since <= '2026-03-31', d9, 0)),
  sum(iif(d6 = 0 AND since <= '2026-03-31', d9, 0)), sum(d9) FROM held;
SELECT 'churn', 'quarter', '2026-Q3', sum(d9 > 0), sum(d9 > 0 AND d12 = 0), sum(d9 > 0 AND d12 > 0),
  sum(d9 = 0 AND d12 > 0 AND NOT since <= '2026-06-30'), sum(d9 = 0 AND d12 > 0 AND since <= '2026-06-30'), sum(d12 > 0) FROM held;
SELECT 'mrr', 'quarter', '2026-Q3', sum(d9), sum(iif(d12 = 0, d9, 0)), sum(iif(d12 > 0, max(d9 - d12, 0), 0)),
  sum(iif(d9 > 0, max(d12 - d9, 0), 0)), sum(iif(d9 = 0 AND NOT since <= '2026-06-30', d12, 0)),
  sum(iif(d9 = 0 AND since <= '2026-06-30', d12, 0)), sum(d12) FROM held;

SELECT 'segment', segment, count(*), coalesce(sum(revenue), 0), coalesce(sum(d13 > 0), 0), coalesce(sum(d13), 0),
  coalesce(sum(d12 > 0 AND d13 = 0), 0)
FROM customers LEFT JOIN bought ON bought.id = customers.id LEFT JOIN held ON held.id = customers.id GROUP BY segment;

SELECT 'rfm', r, f, m, count(*), sum(revenue) FROM (
  SELECT revenue, ntile(5) OVER (ORDER BY substr(last, 1, 10), id) AS r, ntile(5) OVER (ORDER BY n, id) AS f,
         ntile(5) OVER (ORDER BY revenue, id) AS m FROM bought)
GROUP BY r, f, m;

SELECT 'ltv', 'historic', printf('%.12f', avg(revenue)),
  printf('%.12f', avg(revenue) FILTER (WHERE place IN ((buyers + 1) / 2, (buyers + 2) / 2))),
  printf('%.12f', 1.0 * sum(revenue) FILTER (WHERE place <= (buyers * 2 + 9) / 10) / sum(revenue))
FROM (SELECT revenue, row_number() OVER (ORDER BY revenue DESC) AS place, buyers
      FROM bought, (SELECT count(*) AS buyers FROM bought));
SELECT 'ltv', 'simple', printf('%.12f', ticket), printf('%.12f', per_year), printf('%.12f', years),
  printf('%.12f', ticket * per_year * years)
FROM (SELECT 1.0 * sum(recent) / sum(recent_n) AS ticket, 1.0 * sum(recent_n) / sum(recent_n > 0) AS per_year,
             avg(julianday(substr(last, 1, 10)) - julianday(substr(first, 1, 10)) + 1) / 365.25 AS years FROM bought);
SELECT 'ltv', 'subscription', printf('%.12f', arpa), printf('%.12f', margin), printf('%.12f', churn),
  printf('%.12f', arpa * margin / churn)
FROM (SELECT 1.0 * sum(d13) / sum(d13 > 0) AS arpa, 1.0 * sum(d12 > 0 AND d13 = 0) / sum(d12 > 0) AS churn,
             (SELECT 1.0 * sum(revenue - cost) / sum(revenue) FROM bought) AS margin FROM held);

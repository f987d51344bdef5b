"""The report in DuckDB: `own COPY`, `loaded STORE`, `attached STORE`; `copy STORE COPY` makes the copy.

DuckDB reads SQLite's files with an extension; the wheel `duckdb-extension-sqlite-scanner` has it.
"""

import glob
import os
import sys

import duckdb

from periods import DAYS, FIRST_MONTH, MONTHS, PERIODS, RECENT

# What the report reads, in DuckDB's own types.
SOURCES = {
    "customers": "SELECT id, segment FROM shop.customers",
    "subscriptions": """SELECT customer_id, mrr_minor::INTEGER AS mrr_minor, starts_on::DATE AS starts_on,
        coalesce(ends_on::DATE, DATE '9999-12-31') AS ends_on FROM shop.subscriptions""",
    "transactions": """SELECT customer_id::INTEGER AS customer_id, "at"::TIMESTAMP AS "at",
        amount_minor::INTEGER AS amount_minor, cost_minor::INTEGER AS cost_minor FROM shop.transactions""",
}


def attach(db, store):
    import duckdb_extension_sqlite_scanner as package

    folder = os.path.join(os.path.dirname(package.__file__), "extensions", "v" + duckdb.__version__)
    (extension,) = glob.glob(os.path.join(folder, "*.duckdb_extension"))
    db.execute(f"LOAD '{extension}'")
    db.execute(f"ATTACH '{store}' AS shop (TYPE sqlite, READ_ONLY)")


def copy(store, path):
    for leftover in (path, path + ".wal"):
        if os.path.exists(leftover):
            os.remove(leftover)
    db = duckdb.connect(path)
    attach(db, store)
    for name, sql in SOURCES.items():
        db.execute(f"CREATE TABLE {name} AS {sql}")
    db.close()


def bought(db):
    """All that touches transactions, in one pass. Bit n of `months`: bought in month n of the shop."""
    db.execute(f"""
        CREATE TEMP TABLE bought AS
        SELECT customer_id AS id, count(*) AS n, sum(amount_minor)::BIGINT AS revenue,
               sum(cost_minor)::BIGINT AS cost, min("at") AS first, max("at") AS last,
               count(*) FILTER ("at" >= TIMESTAMP '{RECENT}') AS recent_n,
               coalesce(sum(amount_minor) FILTER ("at" >= TIMESTAMP '{RECENT}'), 0)::BIGINT AS recent,
               bit_or(1::BIGINT << (year("at") * 12 + month("at") - {FIRST_MONTH})::INTEGER) AS months
        FROM transactions GROUP BY customer_id""")


def held(db):
    """What each customer paid for on each of the days, and since when."""
    columns = ", ".join(
        f"coalesce(sum(mrr_minor) FILTER (starts_on <= DATE '{day}' AND ends_on > DATE '{day}'), 0)::BIGINT AS d{n}"
        for n, day in enumerate(DAYS)
    )
    db.execute(f"""
        CREATE TEMP TABLE held AS
        SELECT customer_id AS id, min(starts_on) AS since, {columns} FROM subscriptions GROUP BY customer_id""")


def totals():
    return [
        """SELECT concat_ws('|', 'total', (SELECT count(*) FROM customers), count(*), sum(n), sum(revenue),
               strftime(min(first), '%Y-%m-%d %H:%M:%S'), strftime(max(last), '%Y-%m-%d %H:%M:%S')) FROM bought""",
        "SELECT concat_ws('|', 'recent', sum(recent_n), sum(recent)) FROM bought",
        "SELECT concat_ws('|', 'months', sum(bit_count(months))) FROM bought",
        "SELECT concat_ws('|', 'cost', sum(cost)) FROM bought",
    ]


def churn():
    for name, a, b in PERIODS:
        before, after = f"d{a}", f"d{b}"
        known = f"since <= DATE '{DAYS[a]}'"
        yield f"""
            SELECT unnest([
              concat_ws('|', 'churn', '{name}', count(*) FILTER ({before} > 0),
                count(*) FILTER ({before} > 0 AND {after} = 0), count(*) FILTER ({before} > 0 AND {after} > 0),
                count(*) FILTER ({before} = 0 AND {after} > 0 AND NOT {known}),
                count(*) FILTER ({before} = 0 AND {after} > 0 AND {known}), count(*) FILTER ({after} > 0)),
              concat_ws('|', 'mrr', '{name}', sum({before}), sum(if({after} = 0, {before}, 0)),
                sum(if({after} > 0, greatest({before} - {after}, 0), 0)),
                sum(if({before} > 0, greatest({after} - {before}, 0), 0)),
                sum(if({before} = 0 AND NOT {known}, {after}, 0)), sum(if({before} = 0 AND {known}, {after}, 0)),
                sum({after}))]) FROM held"""


def segments():
    before, after = f"d{len(DAYS) - 2}", f"d{len(DAYS) - 1}"
    return [f"""
        SELECT concat_ws('|', 'segment', segment, count(*), coalesce(sum(revenue), 0),
            count(*) FILTER ({after} > 0), coalesce(sum({after}), 0), count(*) FILTER ({before} > 0 AND {after} = 0))
        FROM customers LEFT JOIN bought USING (id) LEFT JOIN held USING (id) GROUP BY segment"""]


def rfm():
    return ["""
        SELECT concat_ws('|', 'rfm', r, f, m, count(*), sum(revenue)) FROM (
          SELECT revenue, ntile(5) OVER (ORDER BY last::DATE, id) AS r, ntile(5) OVER (ORDER BY n, id) AS f,
                 ntile(5) OVER (ORDER BY revenue, id) AS m FROM bought) GROUP BY r, f, m"""]


def value():
    before, after = f"d{len(DAYS) - 2}", f"d{len(DAYS) - 1}"
    return [
        """SELECT concat_ws('|', 'ltv', 'historic', avg(revenue), quantile_cont(revenue, 0.5),
             sum(revenue) FILTER (place <= ceil(buyers * 0.2)) / sum(revenue)) FROM (
             SELECT revenue, row_number() OVER (ORDER BY revenue DESC) AS place, count(*) OVER () AS buyers FROM bought)""",
        """SELECT concat_ws('|', 'ltv', 'simple', ticket, per_year, years, ticket * per_year * years) FROM (
             SELECT sum(recent) / sum(recent_n) AS ticket,
                    sum(recent_n) / count(*) FILTER (recent_n > 0) AS per_year,
                    avg(last::DATE - first::DATE + 1) / 365.25::DOUBLE AS years FROM bought)""",
        f"""SELECT concat_ws('|', 'ltv', 'subscription', arpa, margin, churn, arpa * margin / churn) FROM (
             SELECT sum({after}) / count(*) FILTER ({after} > 0) AS arpa,
                    (SELECT sum(revenue - cost) / sum(revenue) FROM bought) AS margin,
                    count(*) FILTER ({before} > 0 AND {after} = 0) / count(*) FILTER ({before} > 0) AS churn FROM held)""",
    ]


def cohorts():
    # How many of those who first bought in a month bought in month n of the shop: sixty sums, one pass.
    columns = ", ".join(f"sum((months >> {n}) & 1) AS m{n}" for n in range(MONTHS))
    names = ", ".join(f"m{n}" for n in range(MONTHS))
    return [f"""
        SELECT concat_ws('|', 'cohort', cohort, n, buyers) FROM (
          SELECT cohort, unnest(range({MONTHS})) AS n, unnest([{names}]) AS buyers FROM (
            SELECT strftime(first, '%Y-%m') AS cohort, {columns} FROM bought GROUP BY cohort))
        WHERE buyers > 0"""]


def report(db):
    bought(db)
    held(db)
    queries = [*totals(), *churn(), *segments(), *rfm(), *value(), *cohorts()]
    rows = [row for query in queries for (row,) in db.execute(query).fetchall()]
    sys.stdout.write("\n".join(rows) + "\n")


def main():
    mode, path = sys.argv[1:3]
    if mode == "copy":
        return copy(path, sys.argv[3])
    if mode == "own":
        return report(duckdb.connect(path, read_only=True))
    db = duckdb.connect()
    attach(db, path)
    kind = {"loaded": "TEMP TABLE", "attached": "TEMP VIEW"}[mode]
    for name, sql in SOURCES.items():
        db.execute(f"CREATE {kind} {name} AS {sql}")
    return report(db)


main()

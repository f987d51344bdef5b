//! RFM, cohorts, survival, care, funnel and the four definitions of churn on the demo's shop: against SQL
//! that was written from the definitions, for three months, for the whole and for each segment.

use std::collections::BTreeMap;

use retaind::domain::{Period, Ratio};
use retaind::metrics::care::Intervals;
use retaind::metrics::rfm::Standing;
use retaind::metrics::{Basis, Definition, Panel, Settings, Split};
use rusqlite::Params;

use crate::demo_shop::{Shop, october, shop};

/// The day the facts are as of.
const TODAY: &str = "2026-11-02";

/// The two bases, with the names that their tables in SQL end in.
const BASES: [(Basis, &str); 2] = [(Basis::Contract, "contract"), (Basis::Inactivity(45), "inactivity")];

/// A name and the numbers that belong to it.
type Row = (Option<String>, Vec<Option<i128>>);

fn ask(shop: &Shop, sql: &str, parameters: impl Params) -> Vec<Row> {
    let connection = shop.sql();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map(parameters, |row| {
        let number = |at| row.get::<_, Option<i64>>(at).map(|n| n.map(i128::from));
        Ok((row.get(0)?, (1..columns).map(number).collect::<Result<_, _>>()?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn some(numbers: impl IntoIterator<Item = i128>) -> Vec<Option<i128>> {
    numbers.into_iter().map(Some).collect()
}

fn on(basis: Basis) -> Settings {
    Settings { basis, ..Settings::default() }
}

/// The last complete month, the month before, and the same month a year earlier.
fn months(shop: &Shop) -> [Period; 3] {
    let october = october(shop.facts.lens.today());
    [october, october.previous(), october.year_before()]
}

fn ends(period: &Period) -> (String, String) {
    (period.start.date().to_string(), period.last().date().to_string())
}

/// Everybody, and each segment.
fn scopes(panel: &Panel<'_>, period: &Period) -> Vec<(Option<String>, Vec<u32>)> {
    let segments = panel.split(Split::Segment, period);
    assert!(segments.len() > 2 && !segments.contains_key(&None));
    [(None, panel.customers.clone())].into_iter().chain(segments).collect()
}

/// Compares a row of figures for the three months and each scope; `?1` and `?2` are the first and the last
/// day, `?3` is the segment or NULL.
fn compare(
    settings: &Settings,
    sql: &str,
    figures: impl Fn(&Panel<'_>, &[u32], &Period) -> Vec<Option<i128>>,
) {
    let shop = shop();
    let panel = Panel::of(&shop.facts, settings);
    let mut sums = 0;
    for month in months(shop) {
        let (first, last) = ends(&month);
        for (segment, customers) in scopes(&panel, &month) {
            let expected = ask(shop, sql, (&first, &last, &segment)).remove(0).1;
            assert_eq!(figures(&panel, &customers, &month), expected, "{first} {segment:?}");
            sums += expected.into_iter().flatten().filter(|n| *n != 0).count();
        }
    }
    assert!(sums > 12, "an empty comparison");
}

/// The counts that the four definitions divide: opening and churned; departures; joined; who was seen before
/// the end, and who of them did not come.
#[test]
fn churn_by_its_four_definitions_is_what_sql_says() {
    for (basis, name) in BASES {
        let sql = format!(
            "WITH standing AS (
              SELECT
                EXISTS (SELECT 1 FROM active_{name} WHERE c = id AND s < ?1 AND ?1 <= e) AS was,
                EXISTS (SELECT 1 FROM active_{name} WHERE c = id AND s <= ?2 AND ?2 < e) AS still,
                (SELECT min(s) FROM active_{name} WHERE c = id) AS first,
                (SELECT count(*) FROM left_{name} WHERE c = id AND e BETWEEN ?1 AND ?2) AS departures,
                EXISTS (SELECT 1 FROM left_{name} WHERE c = id AND e BETWEEN ?1 AND ?2
                  AND julianday(e) - (SELECT julianday(min(s)) FROM active_{name} WHERE c = id) <= 90) AS early,
                EXISTS (SELECT 1 FROM bought WHERE c = id AND day <= ?2) AS seen,
                EXISTS (SELECT 1 FROM bought WHERE c = id AND day BETWEEN ?1 AND ?2) AS came
              FROM customers WHERE ?3 IS NULL OR segment = ?3)
            SELECT NULL, sum(was), sum(was AND NOT still), sum(departures), sum(first BETWEEN ?1 AND ?2),
              sum(early AND NOT still),
              sum(seen AND '{name}' = 'inactivity'), sum(seen AND NOT came AND '{name}' = 'inactivity')
            FROM standing"
        );
        compare(&on(basis), &sql, |panel, customers, month| {
            let c = panel.counts(customers, month);
            let rate = |definition| c.rate(definition);
            assert_eq!(rate(Definition::Cohort), Ratio::of(c.churned, c.opening));
            assert_eq!(rate(Definition::Events), Ratio::of(c.departures, c.opening));
            let opening_and_new = c.opening + c.joined();
            assert_eq!(rate(Definition::EventsPlusNew), Ratio::of(c.departures, opening_and_new));
            assert_eq!(rate(Definition::InactiveShare), Ratio::of(c.silent, c.seen));
            assert_eq!(c.early_rate(), Ratio::of(c.early, c.joined()));
            some([c.opening, c.churned, c.departures, c.joined(), c.early, c.seen, c.silent])
        });
    }
}

/// Days, number and sum of whoever had bought by `?1`, the scores, and what they make of the customer: the
/// row of the table is the recency, the letter in it the mean of the others, halves up.
const RFM: &str = "
WITH figures AS (
  SELECT c, cast(julianday(?1) - julianday(max(CASE WHEN minor > 0 THEN day END)) AS INTEGER) AS days,
    sum(sold AND day > date(?1, '-365 days')) AS n,
    sum(CASE WHEN day > date(?1, '-365 days') THEN minor ELSE 0 END) AS v
  FROM bought WHERE day <= ?1 GROUP BY c HAVING max(minor) > 0),
ranked AS (
  SELECT *, count(*) OVER () AS total, rank() OVER (ORDER BY days DESC) - 1 AS worse_days,
    rank() OVER (ORDER BY n) - 1 AS worse_n, rank() OVER (ORDER BY v) - 1 AS worse_v
  FROM figures),
scored AS (
  SELECT *, 1 + 5 * worse_days / total AS r, 1 + 5 * worse_n / total AS f, 1 + 5 * worse_v / total AS m
  FROM ranked),
named AS (
  SELECT *, substr(CASE r WHEN 5 THEN 'NPPCC' WHEN 4 THEN 'NPPLC' WHEN 3 THEN 'HWWLL'
                          WHEN 2 THEN 'HHAAA' ELSE 'OOAXX' END, (f + m + 1) / 2, 1) AS letter
  FROM scored)";

const LETTERS: [(Standing, &str); 9] = [
    (Standing::Champions, "C"),
    (Standing::Loyal, "L"),
    (Standing::Potential, "P"),
    (Standing::New, "N"),
    (Standing::NeedsAttention, "W"),
    (Standing::AtRisk, "A"),
    (Standing::CannotLose, "X"),
    (Standing::Hibernating, "H"),
    (Standing::Lost, "O"),
];

#[test]
fn rfm_now_and_a_month_ago_is_what_sql_says() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let month = months(shop)[0];
    let ago = month.days();
    let before = shop.facts.lens.today().plus(-ago).date().to_string();
    for (today, scorer) in
        [(TODAY.to_owned(), panel.rfm(&panel.customers)), (before, panel.rfm_before(&panel.customers, ago))]
    {
        let sql = format!("{RFM} SELECT c, days, n, v, r, f, m FROM named ORDER BY c");
        let expected = ask(shop, &sql, [&today]);
        let mut found: Vec<Row> = panel
            .customers
            .iter()
            .filter_map(|customer| scorer.score(*customer))
            .map(|s| {
                let id = shop.facts.customers.id(s.customer).into_owned();
                let figures = [s.days.into(), s.count.into(), s.amount_minor.into()];
                let scores = [s.score.recency, s.score.frequency, s.score.value].map(i128::from);
                (Some(id), some(figures.into_iter().chain(scores)))
            })
            .collect();
        found.sort();
        assert!(expected.len() > 1_500 && found.len() == expected.len(), "{} scored", found.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "as of {today}");
        }
        for (segment, customers) in scopes(&panel, &month) {
            let sql = format!(
                "{RFM} SELECT letter, count(*) FROM named JOIN customers ON id = c
                 WHERE ?2 IS NULL OR segment = ?2 GROUP BY letter"
            );
            let mut expected: BTreeMap<String, i128> = BTreeMap::new();
            for (letter, count) in ask(shop, &sql, (&today, &segment)) {
                expected.insert(letter.unwrap(), count[0].unwrap());
            }
            let mut found: BTreeMap<String, i128> = BTreeMap::new();
            for scored in customers.iter().filter_map(|customer| scorer.score(*customer)) {
                let (_, letter) = LETTERS.iter().find(|(known, _)| *known == scored.standing()).unwrap();
                *found.entry((*letter).to_owned()).or_default() += 1;
            }
            assert!(found.len() > 4);
            assert_eq!(found, expected, "as of {today} {segment:?}");
        }
    }
}

/// A segment's customers may be scored among themselves, too.
#[test]
fn rfm_within_a_segment_compares_its_customers_with_each_other() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    for (segment, customers) in scopes(&panel, &months(shop)[0]).into_iter().skip(1) {
        let sql = RFM.replace(
            "WHERE day <= ?1",
            "WHERE day <= ?1 AND c IN (SELECT id FROM customers WHERE segment = ?2)",
        );
        let sql =
            format!("{sql} SELECT NULL, r, f, m, count(*) FROM named GROUP BY r, f, m ORDER BY r, f, m");
        let expected: Vec<_> =
            ask(shop, &sql, (TODAY, &segment)).into_iter().map(|(_, numbers)| numbers).collect();
        let scorer = panel.rfm(&customers);
        let mut found: BTreeMap<[u8; 3], i128> = BTreeMap::new();
        for s in customers.iter().filter_map(|customer| scorer.score(*customer)) {
            *found.entry([s.score.recency, s.score.frequency, s.score.value]).or_default() += 1;
        }
        let found: Vec<_> =
            found.into_iter().map(|(s, n)| some(s.map(i128::from).into_iter().chain([n]))).collect();
        assert_eq!(found, expected, "{segment:?}");
    }
}

#[test]
fn cohorts_are_what_sql_says() {
    let shop = shop();
    for (basis, name) in BASES {
        let settings = on(basis);
        let panel = Panel::of(&shop.facts, &settings);
        // Of whoever became active in a month: how many there are on the last day of another, and what
        // they pay on it, or bought in it.
        let revenue = match basis {
            Basis::Contract => "SELECT sum(mrr) FROM contract WHERE c = id AND s <= ?2 AND ?2 < e",
            Basis::Inactivity(_) => "SELECT sum(minor) FROM bought WHERE c = id AND day BETWEEN ?1 AND ?2",
        };
        let sql = format!(
            "WITH standing AS MATERIALIZED (
              SELECT segment, (SELECT substr(min(s), 1, 7) FROM active_{name} WHERE c = id) AS cohort,
                EXISTS (SELECT 1 FROM active_{name} WHERE c = id AND s <= ?2 AND ?2 < e) AS still,
                ({revenue}) AS revenue
              FROM customers)
            SELECT '/' || cohort, count(*), sum(still), coalesce(sum(revenue), 0) FROM standing
            WHERE cohort IS NOT NULL GROUP BY cohort
            UNION ALL
            SELECT segment || '/' || cohort, count(*), sum(still), coalesce(sum(revenue), 0) FROM standing
            WHERE cohort IS NOT NULL GROUP BY segment, cohort"
        );
        let all = months(shop)[0].trail(26);
        let of_month = |month: &Period| {
            let rows = ask(shop, &sql, ends(month));
            rows.into_iter().map(|(key, row)| (key.unwrap(), row)).collect()
        };
        let by_month: BTreeMap<String, BTreeMap<String, Vec<Option<i128>>>> =
            all.iter().map(|month| (ends(month).0, of_month(month))).collect();
        for month in months(shop) {
            let trail = month.trail(13);
            assert_eq!((trail.len(), trail[12]), (13, month));
            for (segment, customers) in scopes(&panel, &month) {
                let cohorts = panel.cohorts(&customers, &trail);
                assert_eq!(cohorts.len(), 13);
                assert!(segment.is_some() || cohorts.iter().all(|cohort| cohort.size > 0));
                for (at, cohort) in cohorts.iter().enumerate() {
                    assert_eq!((cohort.month, cohort.active.len()), (trail[at], 13 - at));
                    let key = format!("{}/{}", segment.as_deref().unwrap_or(""), &ends(&trail[at]).0[..7]);
                    for since in 0..cohort.active.len() {
                        let nobody = some([0, 0, 0]);
                        let expected = by_month[&ends(&trail[at + since]).0].get(&key).unwrap_or(&nobody);
                        let found = some([cohort.size, cohort.active[since], cohort.revenue_minor[since]]);
                        assert_eq!(&found, expected, "{name} {key} + {since}");
                    }
                }
            }
        }
    }
}

/// Kaplan and Meier's estimate in the form of the textbook: S(t) = Π (nᵢ − dᵢ) ÷ nᵢ, its variance on the
/// log-minus-log scale Σ dᵢ ÷ nᵢ (nᵢ − dᵢ) ÷ (ln S)².
#[test]
fn survival_is_what_sql_says() {
    let shop = shop();
    for (basis, name) in BASES {
        let settings = on(basis);
        let panel = Panel::of(&shop.facts, &settings);
        let sql = format!(
            "WITH tenure AS (
              SELECT id, min(s) AS first,
                (SELECT min(e) FROM left_{name} AS gone WHERE gone.c = id AND gone.e <= '{TODAY}') AS gone
              FROM customers JOIN active_{name} ON c = id
              WHERE ?1 IS NULL OR segment = ?1 GROUP BY id)
            SELECT NULL, cast(julianday(coalesce(gone, '{TODAY}')) - julianday(first) AS INTEGER) AS days,
              count(*), count(gone)
            FROM tenure GROUP BY days ORDER BY days"
        );
        for (segment, customers) in scopes(&panel, &months(shop)[0]) {
            let rows: Vec<[i128; 3]> = ask(shop, &sql, [&segment])
                .into_iter()
                .map(|(_, row)| [row[0].unwrap(), row[1].unwrap(), row[2].unwrap()])
                .collect();
            let found = panel.survival(&customers);
            let all: i128 = rows.iter().map(|[_, n, _]| n).sum();
            let left: i128 = rows.iter().map(|[_, _, d]| d).sum();
            assert_eq!((i128::from(found.customers), i128::from(found.left)), (all, left));
            assert_eq!(i128::from(found.longest_days), rows[rows.len() - 1][0]);
            let mut steps = found.steps.iter();
            let (mut at_risk, mut share, mut sum, mut median) = (all, 1.0, 0.0, None);
            for [days, n, d] in rows {
                if d > 0 {
                    let step = steps.next().unwrap();
                    assert_eq!(
                        (i128::from(step.days), i128::from(step.at_risk), i128::from(step.left)),
                        (days, at_risk, d),
                        "{name} {segment:?}"
                    );
                    share *= (at_risk - d) as f64 / at_risk as f64;
                    sum += d as f64 / (at_risk * (at_risk - d)) as f64;
                    let (log, width) = (f64::ln(share), 1.96 * f64::sqrt(sum));
                    let bound = |sign: f64| f64::exp(-f64::exp(f64::ln(-log) + sign * width / -log));
                    assert!((step.share - share).abs() < 1e-9, "{name} {segment:?} {days}");
                    let (low, high) = step.interval;
                    assert!((low - bound(1.0)).abs() < 1e-4 && (high - bound(-1.0)).abs() < 1e-4);
                    median = median.or((share <= 0.5 + 1e-12).then_some(days));
                }
                at_risk -= n;
            }
            assert_eq!((steps.next(), at_risk), (None, 0));
            assert_eq!(found.median_days().map(i128::from), median, "{name} {segment:?}");
        }
    }
}

/// The value at place ⌈p × n⌉ of `column` in the rows of `of`.
fn nearest_rank(of: &str, column: &str, percent: u32) -> String {
    format!(
        "(SELECT {column} FROM (
            SELECT {column}, row_number() OVER (ORDER BY {column}) AS place, count(*) OVER () AS n
            FROM {of} WHERE {column} IS NOT NULL)
          WHERE place = (n * {percent} + 99) / 100)"
    )
}

#[test]
fn follow_up_compliance_is_what_sql_says() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let sql = format!(
        "WITH promise AS (
          SELECT coalesce(rep_id, owner_id) AS rep, date(due_at) AS due,
            CASE WHEN done_at <= '2026-11-02T08:00:00' THEN date(done_at) END AS done
          FROM follow_ups JOIN customers ON customers.id = customer_id
          WHERE date(due_at) BETWEEN ?1 AND ?2 AND date(due_at) < '{TODAY}' AND (?3 IS NULL OR segment = ?3)),
        late AS (SELECT rep, cast(julianday(done) - julianday(due) AS INTEGER) AS days FROM promise WHERE done > due)
        SELECT rep, count(*), coalesce(sum(done <= due), 0), coalesce(sum(done > due), 0),
          sum(done IS NULL AND due < '{TODAY}'), {}
        FROM promise GROUP BY rep ORDER BY rep",
        nearest_rank("late", "days", 50).replace("FROM late WHERE", "FROM late WHERE late.rep IS promise.rep AND")
    );
    let (mut late, mut overdue) = (0, 0);
    let november = months(shop)[0].year_before();
    let november = Period::containing(november.kind, shop.facts.lens.today());
    for month in months(shop).into_iter().chain([november]) {
        let (first, last) = ends(&month);
        for (segment, customers) in scopes(&panel, &month) {
            let which = shop.facts.promises.with(|customer| customers.contains(&customer));
            let found: Vec<Row> = panel
                .compliance(which, &month)
                .into_iter()
                .map(|(rep, c)| {
                    (late, overdue) = (late + c.late, overdue + c.overdue);
                    assert_eq!(c.rate(), Ratio::of(c.in_time, c.due));
                    let counts = some([c.due, c.in_time, c.late, c.overdue]);
                    (rep, counts.into_iter().chain([c.median_delay_days().map(i128::from)]).collect())
                })
                .collect();
            assert_eq!(found, ask(shop, &sql, (&first, &last, &segment)), "{first} {segment:?}");
        }
    }
    assert!(late > 0 && overdue > 0, "{late} late, {overdue} overdue");
}

#[test]
fn contact_coverage_is_what_sql_says() {
    let by_tier = BTreeMap::from([("A".to_owned(), 14), ("B".to_owned(), 45)]);
    let intervals = Intervals { usual_days: 90, by_tier };
    for (basis, name) in BASES {
        let sql = format!(
            "WITH standing AS (
              SELECT EXISTS (SELECT 1 FROM interactions WHERE customer_id = customers.id
                  AND at <= '2026-11-02T08:00:00'
                  AND date(at) >= date('{TODAY}', CASE tier WHEN 'A' THEN '-14 days' WHEN 'B' THEN '-45 days'
                                                            ELSE '-90 days' END)) AS contacted
              FROM customers
              WHERE (?3 IS NULL OR segment = ?3) AND ?1 <= ?2
                AND EXISTS (SELECT 1 FROM active_{name} WHERE c = customers.id AND s <= '{TODAY}' AND '{TODAY}' < e))
            SELECT NULL, sum(contacted), count(*) FROM standing"
        );
        compare(&on(basis), &sql, |panel, customers, _| {
            let covered = panel.coverage(customers, &intervals).unwrap();
            some([covered.numerator(), covered.denominator()])
        });
    }
}

#[test]
fn complaints_are_what_sql_says() {
    let sql = format!(
        "WITH complaint AS (
          SELECT CASE WHEN first_reply_at <= '2026-11-02T08:00:00' THEN first_reply_at END AS replied,
            CASE WHEN resolved_at <= '2026-11-02T08:00:00' THEN resolved_at END AS resolved, opened_at, contacts
          FROM complaints JOIN customers ON customers.id = customer_id
          WHERE date(opened_at) BETWEEN ?1 AND ?2 AND opened_at <= '2026-11-02T08:00:00'
            AND (?3 IS NULL OR segment = ?3)),
        timed AS (
          SELECT (strftime('%s', replied) - strftime('%s', opened_at)) / 3600 AS reply,
            (strftime('%s', resolved) - strftime('%s', opened_at)) / 3600 AS resolution
          FROM complaint)
        SELECT NULL, count(*),
          (SELECT count(*) FROM bought JOIN customers ON c = id
           WHERE sold AND day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR segment = ?3)),
          count(resolved), coalesce(sum(resolved IS NOT NULL AND contacts IS NOT NULL), 0),
          coalesce(sum(resolved IS NOT NULL AND contacts = 1), 0), {}, {}, {}, {}
        FROM complaint",
        nearest_rank("timed", "reply", 50),
        nearest_rank("timed", "reply", 90),
        nearest_rank("timed", "resolution", 50),
        nearest_rank("timed", "resolution", 90),
    );
    compare(&Settings::default(), &sql, |panel, customers, month| {
        let c = panel.complaints(customers, month);
        assert_eq!(c.rate(), Ratio::of(c.opened, c.purchases));
        assert_eq!(c.first_contact_rate(), Ratio::of(c.first_contact, c.counted));
        let mut told = some([c.opened, c.purchases, c.resolved, c.counted, c.first_contact]);
        let hours = [c.reply_hours(50), c.reply_hours(90), c.resolution_hours(50), c.resolution_hours(90)];
        told.extend(hours.map(|hours| hours.map(i128::from)));
        told
    });
}

#[test]
fn leads_by_source_are_what_sql_says() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let sql = "SELECT source, count(*), count(CASE WHEN converted_at <= '2026-11-02T08:00:00' THEN 1 END)
        FROM leads WHERE date(created_at) BETWEEN ?1 AND ?2 GROUP BY source ORDER BY source";
    for month in months(shop) {
        let (first, last) = ends(&month);
        let found: Vec<Row> = panel
            .leads(&month)
            .into_iter()
            .map(|(source, leads)| {
                assert_eq!(leads.rate(), Ratio::of(leads.converted, leads.captured));
                (source, some([leads.captured, leads.converted]))
            })
            .collect();
        assert!(found.len() > 3);
        assert_eq!(found, ask(shop, sql, (&first, &last)), "{first}");
    }
}

#[test]
fn the_referral_rate_is_what_sql_says() {
    for (basis, name) in BASES {
        let sql = format!(
            "SELECT NULL, sum(EXISTS (SELECT 1 FROM customers AS new WHERE new.referred_by = old.id)), count(*)
             FROM customers AS old
             WHERE (?3 IS NULL OR segment = ?3) AND ?1 <= ?2
               AND EXISTS (SELECT 1 FROM active_{name} WHERE c = old.id AND s <= ?2 AND ?2 < e)"
        );
        compare(&on(basis), &sql, |panel, customers, month| {
            let rate = panel.referrals(customers, month).unwrap();
            some([rate.numerator(), rate.denominator()])
        });
    }
}

#[test]
fn answers_are_what_sql_says() {
    let sql = "SELECT NULL, coalesce(sum(score >= 9), 0), coalesce(sum(score IN (7, 8)), 0),
          coalesce(sum(score <= 6), 0)
        FROM surveys JOIN customers ON customers.id = customer_id
        WHERE date(at) BETWEEN ?1 AND ?2 AND at <= '2026-11-02T08:00:00' AND (?3 IS NULL OR segment = ?3)";
    compare(&Settings::default(), sql, |panel, customers, month| {
        let a = panel.answers(customers, month);
        assert_eq!(a.nps(), Ratio::of(a.promoters - a.detractors, a.all()));
        some([a.promoters, a.passives, a.detractors])
    });
}

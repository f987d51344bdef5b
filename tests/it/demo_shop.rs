//! The demo's shop: every figure against SQL that was written from the definitions, not from the code.

use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use jiff::tz::TimeZone;
use retaind::domain::facts::{Facts, Fault, Lens, Needs};
use retaind::domain::{Asked, Currency, Day, Period, PeriodKind, Rates};
use retaind::metrics::{Basis, Definition, Panel, Settings, Split};
use retaind::store::{Mapping, SqliteStore};
use rusqlite::Connection;
use rusqlite::backup::Backup;

/// A copy of the store to ask in SQL, and what the daemon would read of it.
pub(crate) struct Shop {
    sql: Mutex<Connection>,
    pub(crate) facts: Facts,
}

static SHOP: LazyLock<Shop> = LazyLock::new(open);

/// The demo's shop, made once for all tests.
pub(crate) fn shop() -> &'static Shop {
    &SHOP
}

impl Shop {
    /// The copy, as long as nobody else asks it.
    pub(crate) fn sql(&self) -> MutexGuard<'_, Connection> {
        self.sql.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn open() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut sql = Connection::open(&path).unwrap();
    sql.execute_batch(&retaind::store::relation::schema()).unwrap();
    retaind::demo::build(&mut sql).unwrap();
    let zoned: jiff::Zoned = retaind::demo::AS_OF.parse().unwrap();
    let zone = TimeZone::get("America/Sao_Paulo").unwrap();
    let (currency, rates) = (Currency::from_code("BRL").unwrap(), Rates::default());
    let lens = Lens { as_of: zoned.timestamp(), zone: zone.clone(), currency, rates };
    let needs = Needs {
        customers: vec!["segment", "plan", "region", "tier", "tags", "referred_by"],
        subscriptions: true,
        transactions: Some(asked(lens.today())),
        follow_ups: true,
        due: Vec::new(),
        look: None,
        open: false,
        interactions: true,
        complaints: true,
        leads: true,
        surveys: true,
        signals: true,
        reps: true,
    };
    let facts = SqliteStore::open(&path, Mapping::own(), zone).unwrap().read(needs, lens).unwrap();
    // In memory, so that nothing is left of the folder.
    let mut copy = Connection::open_in_memory().unwrap();
    Backup::new(&sql, &mut copy).unwrap().run_to_completion(10_000, Duration::ZERO, None).unwrap();
    copy.execute_batch(PREPARE).unwrap();
    Shop { sql: Mutex::new(copy), facts }
}

/// What any of the tests asks: 13 months back from a year ago, activity for 45 days, and RFM now and a
/// month ago.
fn asked(today: Day) -> Asked {
    let (from, to) = retaind::metrics::value::year_to(today);
    let october = october(today);
    let asked = Asked::nothing(today).activity(45).window(from, to);
    let asked = retaind::metrics::rfm::asks(asked, today, 365);
    let asked = retaind::metrics::rfm::asks_before(asked, today, 365, october.days());
    let asked = retaind::metrics::forecast::asks(asked);
    october.trail(26).iter().fold(asked, Asked::period)
}

/// What counts: contracts with a price that is a number, of customers that exist; purchases of customers
/// that exist, up to the moment of the report, by their day; one in another currency is one without money. From these, on either basis, the days `[s, e)`
/// on which a customer was active, and the days on which one no longer was.
const PREPARE: &str = "
CREATE TEMP TABLE contract AS
  SELECT customer_id AS c, mrr_minor AS mrr, starts_on AS s, coalesce(ends_on, '9999-12-31') AS e
  FROM subscriptions WHERE typeof(mrr_minor) = 'integer' AND customer_id IN (SELECT id FROM customers);
CREATE INDEX temp.contract_c ON contract (c, s, e, mrr);
CREATE TEMP TABLE bought AS
  SELECT customer_id AS c, substr(at, 1, 10) AS day,
         CASE WHEN coalesce(currency, 'BRL') = 'BRL' THEN amount_minor ELSE 0 END AS minor, amount_minor > 0 AS sold
  FROM transactions WHERE customer_id IN (SELECT id FROM customers) AND at <= '2026-11-02T08:00:00';
CREATE INDEX temp.bought_c ON bought (c, day, minor);
CREATE TEMP TABLE active_contract AS SELECT c, s, e FROM contract WHERE s < e AND s <= '2026-11-02';
CREATE INDEX temp.active_contract_c ON active_contract (c, s, e);
CREATE TEMP TABLE active_inactivity AS SELECT DISTINCT c, day AS s, date(day, '+45 days') AS e FROM bought;
CREATE INDEX temp.active_inactivity_c ON active_inactivity (c, s, e);
CREATE TEMP TABLE left_contract AS
  SELECT DISTINCT c, e FROM active_contract AS a
  WHERE NOT EXISTS (SELECT 1 FROM active_contract AS b WHERE b.c = a.c AND b.s <= a.e AND a.e < b.e);
CREATE TEMP TABLE left_inactivity AS
  SELECT DISTINCT c, e FROM active_inactivity AS a
  WHERE NOT EXISTS (SELECT 1 FROM active_inactivity AS b WHERE b.c = a.c AND b.s <= a.e AND a.e < b.e);
CREATE INDEX temp.left_contract_c ON left_contract (c, e);
CREATE INDEX temp.left_inactivity_c ON left_inactivity (c, e);
CREATE INDEX contact ON interactions (customer_id, at);
CREATE INDEX referred ON customers (referred_by);";

/// One row a customer: active and paying on the day before (`?1` is the first day) and on the last (`?2`),
/// and the first day of all.
const STANDING: &str = "
WITH standing AS (
  SELECT id, segment,
    EXISTS (SELECT 1 FROM contract WHERE c = id AND s <= date(?1, '-1 day') AND date(?1, '-1 day') < e) AS was,
    EXISTS (SELECT 1 FROM contract WHERE c = id AND s <= ?2 AND ?2 < e) AS is_,
    (SELECT min(s) FROM contract WHERE c = id) AS first,
    (SELECT coalesce(sum(mrr), 0) FROM contract WHERE c = id AND s <= date(?1, '-1 day') AND date(?1, '-1 day') < e) AS had,
    (SELECT coalesce(sum(mrr), 0) FROM contract WHERE c = id AND s <= ?2 AND ?2 < e) AS has
  FROM customers)
SELECT segment,
  sum(was), sum(was AND NOT is_), sum(is_ AND first >= ?1), sum(is_ AND NOT was AND first < ?1), sum(is_),
  sum(NOT is_ AND first BETWEEN ?1 AND ?2),
  sum(had), sum(CASE WHEN has = 0 THEN had ELSE 0 END), sum(CASE WHEN 0 < has AND has < had THEN had - has ELSE 0 END),
  sum(CASE WHEN 0 < had AND had < has THEN has - had ELSE 0 END), sum(CASE WHEN had = 0 AND first >= ?1 THEN has ELSE 0 END),
  sum(CASE WHEN had = 0 AND first < ?1 THEN has ELSE 0 END), sum(has)
FROM standing";

/// opening, churned, new, reactivated, closing, joined and left; then MRR: opening, churned, contraction,
/// expansion, new, reactivation, closing.
type Row = (Option<String>, Vec<i128>);

fn by_sql(shop: &Shop, period: &Period, group: &str) -> Vec<Row> {
    let sql = shop.sql();
    let mut statement = sql.prepare(&format!("{STANDING} {group}")).unwrap();
    let (first, last) = (period.start.date().to_string(), period.last().date().to_string());
    let rows = statement.query_map([first, last], |row| {
        let number = |i| row.get::<_, Option<i64>>(i).map(|n| i128::from(n.unwrap_or(0)));
        Ok((row.get(0)?, (1..14).map(number).collect::<Result<_, _>>()?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn by_panel(panel: &Panel<'_>, customers: &[u32], period: &Period) -> Vec<i128> {
    let (c, m) = (panel.counts(customers, period), panel.movements(customers, period));
    let counts = [c.opening, c.churned, c.new, c.reactivated, c.closing, c.joined_and_left];
    let money = [m.opening, m.churned, m.contraction, m.expansion, m.new, m.reactivation, m.closing];
    counts.into_iter().chain(money).collect()
}

/// The last complete month.
pub(crate) fn october(today: Day) -> Period {
    Period::last_complete(PeriodKind::Month, today)
}

/// October 2026 and the twelve months before it.
fn months(facts: &Facts) -> Vec<Period> {
    october(facts.lens.today()).trail(13)
}

#[test]
fn thirteen_months_of_contracts_are_what_sql_says() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let months = months(&shop.facts);
    assert_eq!(months[12].start.date().to_string(), "2026-10-01");
    for month in &months {
        let expected = &by_sql(shop, month, "")[0].1;
        assert!(expected.iter().take(2).all(|n| *n > 0), "an empty comparison: {expected:?}");
        assert_eq!(&by_panel(&panel, &panel.customers, month), expected, "{}", month.start.date());
    }
}

#[test]
fn october_by_segment_is_what_sql_says() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let october = months(&shop.facts)[12];
    let expected = by_sql(shop, &october, "GROUP BY segment ORDER BY segment");
    let groups = panel.split(Split::Segment, &october);
    let found: Vec<Row> =
        groups.into_iter().map(|(name, all)| (name, by_panel(&panel, &all, &october))).collect();
    assert!(found.len() > 1);
    assert_eq!(found, expected);
}

#[test]
fn inactivity_is_what_sql_says() {
    let shop = shop();
    let basis = Basis::Inactivity(45);
    let settings = Settings { basis, definition: Definition::InactiveShare, ..Settings::default() };
    let panel = Panel::of(&shop.facts, &settings);
    // Active on a day: a purchase in the 45 days that end on it.
    let sql = "WITH standing AS (
          SELECT id,
            EXISTS (SELECT 1 FROM bought WHERE c = id AND day BETWEEN date(?1, '-45 days') AND date(?1, '-1 day')) AS was,
            EXISTS (SELECT 1 FROM bought WHERE c = id AND day BETWEEN date(?2, '-44 days') AND ?2) AS is_,
            EXISTS (SELECT 1 FROM bought WHERE c = id AND day <= ?2) AS seen,
            EXISTS (SELECT 1 FROM bought WHERE c = id AND day BETWEEN ?1 AND ?2) AS came
          FROM customers)
        SELECT sum(was), sum(was AND NOT is_), sum(is_), sum(seen AND NOT came), sum(seen) FROM standing";
    for month in months(&shop.facts) {
        let (first, last) = (month.start.date().to_string(), month.last().date().to_string());
        let expected: Vec<i128> = shop
            .sql()
            .query_row(sql, [first, last], |row| {
                (0..5).map(|i| row.get::<_, i64>(i).map(i128::from)).collect()
            })
            .unwrap();
        let c = panel.counts(&panel.customers, &month);
        assert_eq!(
            vec![c.opening, c.churned, c.closing, c.silent, c.seen],
            expected,
            "{}",
            month.start.date()
        );
        let share = c.rate(Definition::InactiveShare).unwrap();
        assert_eq!((share.numerator(), share.denominator()), (expected[3], expected[4]));
    }
}

#[test]
fn lifetime_value_so_far_is_what_sql_says() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let (all, october) = (panel.customers.clone(), months(&shop.facts)[12]);
    let value = panel.value(&all, &panel.slice(&all, &october));
    let sum = "SELECT sum(minor), count(DISTINCT c) FROM bought";
    let (total, buyers): (i64, i64) =
        shop.sql().query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!((value.historic_minor, value.customers), (i128::from(total), i128::from(buyers)));
}

#[test]
fn the_two_rows_that_cannot_be_right_are_told_and_left_out_whole() {
    let shop = shop();
    let told: Vec<_> = shop
        .facts
        .rejected
        .iter()
        .filter(|((_, fault), _)| matches!(fault, Fault::Unreadable | Fault::NoCustomer))
        .map(|((relation, fault), (n, examples))| (*relation, *fault, *n, examples[0].id.clone()))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], ("subscriptions", Fault::Unreadable, 1, "S-00405".to_owned()));
    assert_eq!((told[1].0, told[1].1, told[1].2), ("transactions", Fault::NoCustomer, 1));
    let rows = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        shop.sql().query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
    };
    assert_eq!(shop.facts.contracts.len(), rows("contract"));
    let bought = shop.facts.customers.all().map(|c| shop.facts.purchases.tally(c).transactions() as usize);
    let other =
        shop.facts.rejected.get(&("transactions", Fault::OtherCurrency)).map_or(0, |(n, _)| *n as usize);
    assert_eq!(bought.sum::<usize>() + other, rows("bought"));
}

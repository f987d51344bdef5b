//! The same shop gives the same facts however it is stored: tables with and without rowids, views and
//! queries, one reader or several, ids and moments in any form. What cannot be read is told alike.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use retaind::domain::customer::{Contract, Terms};
use retaind::domain::customers::{Key, Profile};
use retaind::domain::facts::{Facts, Fault, Foreign, Lens, Needs};
use retaind::domain::{
    Asked, Currency, Customer, Customers, Day, Period, PeriodKind, Rates, Ratio, Rows, Span, Transaction,
};
use retaind::metrics::{Basis, Settings};
use retaind::store::relation::{COMPLAINTS, CUSTOMERS, REPS, SUBSCRIPTIONS, TRANSACTIONS};
use retaind::store::{Mapping, Relation, Source, SqliteStore, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::figures;
use crate::world::Chance;

const AS_OF: &str = "2026-07-15T08:00:00Z";

fn lens(rates: Rates) -> Lens {
    let (zone, currency) = (TimeZone::get("Europe/Kyiv").unwrap(), Currency::from_code("BRL").unwrap());
    Lens { as_of: AS_OF.parse().unwrap(), zone, currency, rates }
}

fn store_zone() -> TimeZone {
    TimeZone::get("America/Sao_Paulo").unwrap()
}

/// The windows that are asked: June and May 2026, and the year before.
fn windows() -> Vec<(Day, Day)> {
    let june = Period::last_complete(PeriodKind::Month, lens(Rates::default()).today());
    let may = june.previous();
    let (from, to) = retaind::metrics::value::year_to(lens(Rates::default()).today());
    vec![(june.start, june.end), (may.start, may.end), (from, to)]
}

fn asked() -> Asked {
    let asked =
        Asked::nothing(lens(Rates::default()).today()).activity(45).first_spend().mark(windows()[0].0);
    windows().into_iter().fold(asked, |asked, (from, to)| asked.window(from, to))
}

fn needs(asked: Asked) -> Needs {
    let customers = vec!["segment", "plan", "region", "tier", "tags", "referred_by"];
    let transactions = Some(asked);
    Needs { customers, subscriptions: true, transactions, reps: true, complaints: true, ..Needs::default() }
}

/// All that is told of one customer's purchases and contracts.
#[derive(Debug, PartialEq)]
struct Told {
    id: String,
    profile: Profile,
    owner: Option<String>,
    contracts: Vec<(Contract, Terms)>,
    sums: (u32, i64, u16, i64, i64),
    first_and_last: [Option<Day>; 2],
    bought: Option<(Day, Day)>,
    bought_before: Option<Day>,
    spans: Vec<Span>,
    entries: Vec<(u8, u32, i64)>,
    within: Vec<(i64, u32, bool)>,
}

fn told(facts: &Facts, customer: u32, windows: &[(Day, Day)]) -> Told {
    let bought = &facts.purchases;
    let tally = bought.tally(customer);
    let contracts = facts.contracts.get(customer).iter();
    Told {
        id: facts.customers.id(customer).into_owned(),
        profile: facts.customers.profile(customer).clone(),
        owner: facts.customers.owner(customer).map(str::to_owned),
        contracts: contracts.map(|c| (Contract { terms: 0, ..*c }, facts.terms_of(c).clone())).collect(),
        sums: (
            tally.transactions(),
            tally.revenue_minor(),
            tally.bought_days(),
            bought.first_spend_minor(customer),
            bought.cost_minor(customer),
        ),
        first_and_last: [bought.first(customer), bought.last(customer)],
        bought: bought.bought(customer),
        bought_before: bought.bought_before(customer),
        spans: bought.spans(customer).to_vec(),
        entries: bought.entries(customer).map(|e| (e.bucket(), e.count(), e.amount_minor())).collect(),
        within: windows.iter().map(|(from, to)| bought.within(customer, *from, *to)).collect(),
    }
}

fn assert_same_customers(how: &str, one: &Facts, other: &Facts, windows: &[(Day, Day)]) {
    assert_eq!(one.customers.len(), other.customers.len(), "{how}");
    for customer in one.customers.all() {
        assert_eq!(told(one, customer, windows), told(other, customer, windows), "{how}");
    }
}

/// Two reads of the same rows.
fn assert_same(how: &str, one: &Facts, other: &Facts) {
    assert_same_customers(how, one, other, &windows());
    assert_eq!(one.rejected, other.rejected, "{how}");
    assert_eq!((&one.rows, &one.foreign), (&other.rows, &other.foreign), "{how}");
    assert_eq!((&one.referrers, &one.reps), (&other.referrers, &other.reps), "{how}");
}

/// A table's row, by column; the first is the place where the table is to keep it.
type Cells = Vec<Value>;

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// A store in a file.
struct Store(tempfile::TempDir);

impl Store {
    fn new(schema: &str) -> Store {
        let store = Store(tempfile::tempdir().unwrap());
        store.sql().execute_batch(schema).unwrap();
        store
    }

    fn sql(&self) -> Connection {
        let sql = Connection::open(self.0.path().join("shop.db")).unwrap();
        sql.execute_batch("PRAGMA synchronous = OFF").unwrap();
        sql
    }

    fn fill(&self, table: &str, columns: &str, rows: &[Cells]) {
        let mut sql = self.sql();
        let all = sql.transaction().unwrap();
        let places = vec!["?"; columns.split(',').count()].join(", ");
        let mut insert = all.prepare(&format!("INSERT INTO {table} ({columns}) VALUES ({places})")).unwrap();
        for row in rows {
            insert.execute(params_from_iter(row)).unwrap();
        }
        drop(insert);
        all.commit().unwrap();
    }

    fn open(&self, sources: &[(Relation, Source)]) -> SqliteStore {
        let mapping = Mapping::of(sources.to_vec());
        SqliteStore::open(&self.0.path().join("shop.db"), mapping, store_zone()).unwrap()
    }

    fn read(&self, transactions: Source, rates: Rates) -> Result<Facts, StoreError> {
        let customers = (CUSTOMERS, table("customers"));
        self.open(&[customers, (TRANSACTIONS, transactions)]).read(needs(asked()), lens(rates))
    }
}

fn table(name: &str) -> Source {
    Source::Table(name.to_owned())
}

fn query(sql: &str) -> Source {
    Source::Query(sql.to_owned())
}

/// A purchase before it is stored.
#[derive(Debug, Clone)]
struct Sale {
    customer: usize,
    second: i64,
    minor: i64,
    cost: i64,
    /// Whether something was bought, also where it is worth nothing for want of a rate.
    bought: bool,
    /// Whether it has a rate.
    counted: bool,
}

/// Rows of `customers` customers in the order they are stored in. Those of every second customer come by
/// day, the others' as chance has it.
fn sales(customers: usize, count: usize) -> Vec<Sale> {
    let mut chance = Chance::new(11);
    let as_of = AS_OF.parse::<Timestamp>().unwrap().as_second();
    let sale = |chance: &mut Chance| Sale {
        customer: chance.below(customers as u64) as usize,
        second: as_of - 1 - chance.below(500 * 86_400) as i64,
        minor: chance.below(12_000) as i64 - 1_500,
        cost: chance.below(4) as i64 * 100,
        bought: false,
        counted: true,
    };
    let mut sales: Vec<Sale> = (0..count).map(|_| sale(&mut chance)).collect();
    let mut seconds: BTreeMap<usize, BTreeSet<(i64, usize)>> = BTreeMap::new();
    for (at, sale) in sales.iter().enumerate().filter(|(_, sale)| sale.customer % 2 == 0) {
        seconds.entry(sale.customer).or_default().insert((sale.second, at));
    }
    for sale in &mut sales {
        sale.bought = sale.minor > 0;
    }
    for sale in sales.iter_mut().filter(|sale| sale.customer % 2 == 0) {
        sale.second = seconds.get_mut(&sale.customer).unwrap().pop_first().unwrap().0;
    }
    sales
}

fn customer_rows(ids: &[Value]) -> Vec<Cells> {
    let segments = ["small", "midmarket"];
    let row = |(n, id): (usize, &Value)| vec![id.clone(), text(format!("Name {n}")), text(segments[n % 2])];
    ids.iter().enumerate().map(row).collect()
}

/// The same without a store.
fn by_hand(ids: &[Value], sales: &[Sale]) -> Facts {
    let lens = lens(Rates::default());
    let mut rows = Rows::empty(lens.clone());
    rows.customers = customer_rows(ids)
        .into_iter()
        .map(|row| Customer { id: written(&row[0]), segment: Some(written(&row[2])), ..Customer::default() })
        .collect();
    rows.transactions = sales
        .iter()
        .map(|sale| {
            let at = Timestamp::from_second(sale.second).unwrap();
            Transaction {
                customer: sale.customer as u32,
                day: Day::of(lens.zone.to_datetime(at).date()),
                amount_minor: sale.minor,
                cost_minor: sale.cost,
                costed: true,
                bought: sale.bought,
                counted: sale.counted,
            }
        })
        .collect();
    rows.facts(asked())
}

fn written(value: &Value) -> String {
    match value {
        Value::Integer(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// How a moment is stored.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Civil,
    Utc,
    Seconds,
    Real,
    Mixed,
}

fn moment(form: Moment, second: i64) -> Value {
    let at = Timestamp::from_second(second).unwrap();
    match form {
        Moment::Civil => text(store_zone().to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()),
        Moment::Utc => text(at.to_string()),
        Moment::Seconds => Value::Integer(second),
        Moment::Real => Value::Real(second as f64 + 0.5),
        Moment::Mixed => {
            let forms = [Moment::Civil, Moment::Utc, Moment::Seconds, Moment::Real];
            moment(forms[second as usize % 4], second)
        }
    }
}

fn transaction_rows(ids: &[Value], sales: &[Sale], form: Moment) -> Vec<Cells> {
    let row = |(n, sale): (usize, &Sale)| {
        let at = moment(form, sale.second);
        let (customer, id) = (ids[sale.customer].clone(), text(format!("T-{n:06}")));
        vec![id, customer, at, Value::Integer(sale.minor), Value::Integer(sale.cost)]
    };
    sales.iter().enumerate().map(row).collect()
}

const COLUMNS: &str = "id, customer_id, at, amount_minor, cost_minor";

fn ids(count: usize, id: impl Fn(i64) -> Value) -> Vec<Value> {
    (0..count as i64).map(id).collect()
}

/// Rows `apart` rowids from each other, from `first` on.
fn spread(rows: &[Cells], first: i64, apart: i64) -> Vec<Cells> {
    let place = |(n, row): (usize, &Cells)| {
        let rowid = Value::Integer(first + n as i64 * apart);
        [rowid].into_iter().chain(row.iter().cloned()).collect()
    };
    rows.iter().enumerate().map(place).collect()
}

const CUSTOMERS_TABLE: &str = "CREATE TABLE customers (id, name, segment);";

/// A store whose `sales` lie far apart, so that several connections read them.
fn parted(ids: &[Value], rows: &[Cells], columns_of_table: &str) -> Store {
    let store = Store::new(&format!("{CUSTOMERS_TABLE} CREATE TABLE sales ({columns_of_table});"));
    store.fill("customers", "id, name, segment", &customer_rows(ids));
    store.fill("sales", &format!("_rowid_, {COLUMNS}"), &spread(rows, -7, 40));
    store
}

const ANY: &str = "id, customer_id, at, amount_minor, cost_minor";

#[test]
fn a_shop_is_the_same_however_its_rows_are_kept() {
    let (ids, sales) = (ids(600, |n| Value::Integer(n * 3 + 5)), sales(600, 9_000));
    let expected = by_hand(&ids, &sales);
    let rows = transaction_rows(&ids, &sales, Moment::Civil);
    let first = parted(&ids, &rows, ANY).read(table("sales"), Rates::default()).unwrap();
    assert_same_customers("a table", &first, &expected, &windows());
    assert!(first.rejected.is_empty() && first.rows["transactions"] == 9_000);
    for columns in [
        "id TEXT PRIMARY KEY, customer_id, at, amount_minor, cost_minor",
        "id TEXT UNIQUE, customer_id, at, amount_minor, cost_minor",
        "cost_minor, amount_minor, at, customer_id, id",
        "id, customer_id, at, amount_minor, cost_minor, rowid, oid TEXT",
    ] {
        let store = parted(&ids, &rows, columns);
        assert_same(columns, &store.read(table("sales"), Rates::default()).unwrap(), &first);
    }
    let dense = Store::new(&format!(
        "{CUSTOMERS_TABLE} CREATE TABLE sales ({ANY}); CREATE INDEX sold ON sales (at, customer_id);
         CREATE TABLE keyed (id TEXT PRIMARY KEY, customer_id, at, amount_minor, cost_minor) WITHOUT ROWID;
         CREATE VIEW seen AS SELECT * FROM sales;"
    ));
    dense.fill("customers", "id, name, segment", &customer_rows(&ids));
    dense.fill("sales", COLUMNS, &rows);
    dense.fill("keyed", COLUMNS, &rows);
    for source in [
        table("sales"),
        table("main.sales"),
        table("keyed"),
        table("seen"),
        query("SELECT * FROM sales"),
        query("SELECT amount_minor, cost_minor, \"at\", id, customer_id, NULL AS currency FROM sales;"),
        query("WITH all_of_them AS (SELECT * FROM keyed) SELECT * FROM all_of_them"),
    ] {
        let how = format!("{source:?}");
        let facts = dense.read(source, Rates::default());
        assert_same(&how, &facts.unwrap_or_else(|e| panic!("{how}: {e}")), &first);
    }
}

#[test]
fn moments_and_amounts_may_be_written_in_any_form() {
    let (ids, sales) = (ids(300, |n| text(format!("C-{n}"))), sales(300, 4_000));
    let expected = by_hand(&ids, &sales);
    for form in [Moment::Civil, Moment::Utc, Moment::Seconds, Moment::Real, Moment::Mixed] {
        let mut rows = transaction_rows(&ids, &sales, form);
        for (n, row) in rows.iter_mut().enumerate() {
            let amount = sales[n].minor;
            row[3] = [Value::Integer(amount), Value::Real(amount as f64), text(format!(" {amount} "))][n % 3]
                .clone();
        }
        let facts = parted(&ids, &rows, ANY).read(table("sales"), Rates::default()).unwrap();
        assert!(facts.rejected.is_empty(), "{:?}", facts.rejected);
        assert_same_customers(&format!("{form:?}"), &facts, &expected, &windows());
    }
}

/// More customers whose rows do not come by day than are read again without counting their rows first.
#[test]
fn rows_that_do_not_come_by_day_are_read_again_however_many_they_are_of() {
    let count = 31_400;
    let ids = ids(count, |n| Value::Integer(n + 1));
    let as_of = AS_OF.parse::<Timestamp>().unwrap().as_second();
    let sale = |customer: usize, days: i64| Sale {
        customer,
        second: as_of - days * 86_400,
        minor: 100 + customer as i64,
        cost: 7,
        bought: true,
        counted: true,
    };
    let late = (0..count).map(|customer| sale(customer, 1 + customer as i64 % 60));
    let early = (0..count).rev().map(|customer| sale(customer, 70 + customer as i64 % 300));
    let sales: Vec<Sale> = late.chain(early).collect();
    let rows = transaction_rows(&ids, &sales, Moment::Seconds);
    let store = Store::new(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name, segment);
         CREATE TABLE sales (id TEXT PRIMARY KEY, customer_id, at, amount_minor, cost_minor);",
    );
    store.fill("customers", "id, name, segment", &customer_rows(&ids));
    store.fill("sales", &format!("rowid, {COLUMNS}"), &spread(&rows, 1, 5));
    let facts = store.read(table("sales"), Rates::default()).unwrap();
    assert_same_customers("shuffled", &facts, &by_hand(&ids, &sales), &windows());
}

#[test]
fn customers_are_found_whatever_their_ids_are() {
    let sales = sales(200, 1_500);
    let long = 1_234_567_890_123_456_700;
    let as_text = |value: &Value| text(written(value));
    let as_number = |value: &Value| written(value).parse().map_or_else(|_| value.clone(), Value::Integer);
    for (how, own) in [
        ("rising", ids(200, |n| Value::Integer(n * 2 + 1))),
        ("falling", ids(200, |n| Value::Integer(1_000 - n))),
        ("far apart", ids(200, |n| Value::Integer(n * 1_000_000_007 - 5_000_000))),
        ("nineteen digits", ids(200, |n| Value::Integer(long + n))),
        ("nineteen digits as text", ids(200, |n| text((long + n).to_string()))),
        ("the ends", ids(200, |n| Value::Integer([i64::MIN + n, i64::MAX - n][n as usize % 2]))),
        ("text", ids(200, |n| text(format!("C-{n:04}")))),
        ("mixed", ids(200, |n| if n % 3 == 0 { text(format!("x{n}")) } else { Value::Integer(n) })),
        ("mixed and long", ids(200, |n| if n == 150 { text("x") } else { Value::Integer(long + n) })),
        ("leading zeros", ids(200, |n| text(format!("{n:05}")))),
    ] {
        let expected = by_hand(&own, &sales);
        for form in ["same", "text", "number"] {
            let named: Vec<Value> = match form {
                "text" => own.iter().map(as_text).collect(),
                // Leading zeros are no part of a number.
                "number" if how != "leading zeros" => own.iter().map(as_number).collect(),
                _ => own.clone(),
            };
            let store = Store::new(&format!("{CUSTOMERS_TABLE} CREATE TABLE sales ({ANY});"));
            store.fill("customers", "id, name, segment", &customer_rows(&own));
            store.fill("sales", COLUMNS, &transaction_rows(&named, &sales, Moment::Seconds));
            let facts = store.read(table("sales"), Rates::default()).unwrap();
            assert!(facts.rejected.is_empty(), "{how}, {form}: {:?}", facts.rejected);
            assert_same_customers(&format!("{how}, {form}"), &facts, &expected, &windows());
        }
    }
}

/// Snowflakes and milliseconds make rowids of which hardly any are taken.
#[test]
fn rowids_may_lie_as_far_apart_as_they_go() {
    let (ids, sales) = (ids(50, Value::Integer), sales(50, 64));
    let rows = transaction_rows(&ids, &sales, Moment::Seconds);
    let expected = by_hand(&ids, &sales);
    let far = i64::MAX / 32;
    for (first, apart) in [(1, 100_000_000), (i64::MIN, far), (-20, far / 2), (1 << 60, 1 << 40)] {
        let store = Store::new(&format!("{CUSTOMERS_TABLE} CREATE TABLE sales ({ANY});"));
        store.fill("customers", "id, name, segment", &customer_rows(&ids));
        let place = |(n, row): (usize, &Cells)| {
            let rowid = i128::from(first) + n as i128 * i128::from(apart);
            let rowid = Value::Integer(i64::try_from(rowid).unwrap());
            [rowid].into_iter().chain(row.iter().cloned()).collect()
        };
        let placed: Vec<Cells> = rows.iter().enumerate().map(place).collect();
        store.fill("sales", &format!("rowid, {COLUMNS}"), &placed);
        let facts = store.read(table("sales"), Rates::default()).unwrap();
        assert_same_customers(&format!("{first} {apart}"), &facts, &expected, &windows());
    }
}

fn refusal(store: &Store, sources: &[(Relation, Source)]) -> (&'static str, usize, String) {
    match store.open(sources).read(needs(asked()), lens(Rates::default())) {
        Err(StoreError::Repeated { relation, count, example }) => (relation, count, example),
        other => panic!("{:?}", other.map(|facts| facts.rows)),
    }
}

#[test]
fn ids_that_repeat_are_refused_with_an_example() {
    let (ids, sales) = (ids(40, |n| text(format!("C-{n}"))), sales(40, 4_000));
    let mut rows = transaction_rows(&ids, &sales, Moment::Seconds);
    // 17 comes again in another piece; 3 twice more, later.
    for (at, again) in [(3_700, 17), (3_900, 3), (3_999, 3)] {
        rows[at][0] = rows[again][0].clone();
    }
    let customers = (CUSTOMERS, table("customers"));
    let read = |store: &Store, source| refusal(store, &[customers.clone(), (TRANSACTIONS, source)]);
    let expected = ("transactions", 3, "T-000017".to_owned());
    for columns in [
        ANY,
        "id TEXT, customer_id, at, amount_minor, cost_minor, UNIQUE (id, at, amount_minor)",
        "id TEXT, customer_id, at, amount_minor, cost_minor, PRIMARY KEY (customer_id, id, at)",
    ] {
        let store = parted(&ids, &rows, columns);
        assert_eq!(read(&store, table("sales")), expected, "{columns}");
        assert_eq!(read(&store, query("SELECT * FROM sales")), expected, "{columns}");
    }
    // A partial index says nothing of the rest, and one of an expression nothing of the column.
    let store = parted(&ids, &rows, ANY);
    store
        .sql()
        .execute_batch(
            "CREATE UNIQUE INDEX a ON sales (id) WHERE at < 0; CREATE UNIQUE INDEX b ON sales (id || at);",
        )
        .unwrap();
    assert_eq!(read(&store, table("sales")), expected);
    // A join multiplies rows of a table whose ids differ.
    let store = parted(
        &ids,
        &transaction_rows(&ids, &sales, Moment::Seconds),
        "id TEXT PRIMARY KEY, customer_id, at, amount_minor, cost_minor",
    );
    let joined = query("SELECT s.* FROM sales AS s, (SELECT 1 UNION ALL SELECT 2)");
    assert_eq!(read(&store, joined), ("transactions", 4_000, "T-000000".to_owned()));
    let twice = query("SELECT * FROM customers UNION ALL SELECT * FROM customers WHERE id = 'C-7'");
    let sources = [(CUSTOMERS, twice), (TRANSACTIONS, table("sales"))];
    assert_eq!(refusal(&store, &sources), ("customers", 1, "C-7".to_owned()));
    let reps = query("SELECT 'R' AS id, 'Rui' AS name UNION ALL SELECT 'R', 'Ana'");
    assert_eq!(refusal(&store, &[customers, (REPS, reps)]), ("reps", 1, "R".to_owned()));
}

/// A row without an id cannot be told from another by it; that is no reason to refuse the store.
#[test]
fn rows_without_an_id_are_no_repeats_of_each_other() {
    let (ids, sales) = (ids(3, |n| text(format!("C-{n}"))), sales(3, 12));
    let mut rows = transaction_rows(&ids, &sales, Moment::Seconds);
    rows.iter_mut().take(8).for_each(|row| row[0] = Value::Null);
    let expected = by_hand(&ids, &sales);
    for columns in [ANY, "id TEXT PRIMARY KEY, customer_id, at, amount_minor, cost_minor"] {
        let store = parted(&ids, &rows, columns);
        for source in [table("sales"), query("SELECT * FROM sales")] {
            let how = format!("{columns} {source:?}");
            let facts = store.read(source, Rates::default()).unwrap_or_else(|e| panic!("{how}: {e}"));
            assert_same_customers(&how, &facts, &expected, &windows());
        }
    }
    let complaints = "SELECT NULL AS id, customer_id, at AS opened_at FROM sales";
    let store = parted(&ids, &rows, ANY);
    let sources = [(CUSTOMERS, table("customers")), (COMPLAINTS, query(complaints))];
    let facts = store.open(&sources).read(needs(asked()), lens(Rates::default())).unwrap();
    assert_eq!(facts.complaints.len(), 12);
}

/// Rows of which every sixth is in dollars, in euros, in yen.
fn mixed_currencies() -> (Vec<Value>, Vec<Sale>, Store) {
    let (own, sales) = (ids(60, |n| text(format!("C-{n}"))), sales(60, 3_600));
    let codes = [None, Some("BRL"), Some("brl"), Some("USD"), Some(" eur "), Some("JPY")];
    let mut rows = transaction_rows(&own, &sales, Moment::Seconds);
    for (n, row) in rows.iter_mut().enumerate() {
        row.push(codes[n % 6].map_or(Value::Null, text));
    }
    let store = Store::new(&format!("{CUSTOMERS_TABLE} CREATE TABLE sales ({ANY}, currency);"));
    store.fill("customers", "id, name, segment", &customer_rows(&own));
    store.fill("sales", &format!("rowid, {COLUMNS}, currency"), &spread(&rows, 1, 100));
    (own, sales, store)
}

/// By several readers and by one.
fn read_both_ways(store: &Store, rates: &Rates) -> Facts {
    let one = store.read(table("sales"), rates.clone()).unwrap();
    assert_same("both ways", &store.read(query("SELECT * FROM sales"), rates.clone()).unwrap(), &one);
    one
}

#[test]
fn amounts_in_other_currencies_are_left_out_where_there_is_no_rate() {
    let (own, sales, store) = mixed_currencies();
    let facts = read_both_ways(&store, &Rates::default());
    let (count, examples) = &facts.rejected[&("transactions", Fault::OtherCurrency)];
    let examples: Vec<&str> = examples.iter().map(|rejected| rejected.id.as_str()).collect();
    assert_eq!(*count, 1_800);
    assert_eq!(examples, ["T-000003", "T-000004", "T-000005", "T-000009", "T-000010"]);
    let minor = |at: usize| sales.iter().skip(at).step_by(6).map(|s| i128::from(s.minor)).sum::<i128>();
    for (code, at) in [("USD", 3), ("EUR", 4), ("JPY", 5)] {
        let expected = Foreign { converted: 0, left_out: 600, left_out_minor: minor(at) };
        assert_eq!(facts.foreign[&("transactions", code.to_owned())], expected);
    }
    // Left out of money; still a purchase, and a sign of life.
    let whole = by_hand(&own, &sales);
    for customer in facts.customers.all() {
        let days = |facts: &Facts| {
            let bought = &facts.purchases;
            let counts =
                windows().iter().map(|(from, to)| bought.within(customer, *from, *to).1).collect::<Vec<_>>();
            (bought.first(customer), bought.last(customer), bought.spans(customer).to_vec(), counts)
        };
        assert_eq!(days(&facts), days(&whole));
    }
}

#[test]
fn amounts_in_other_currencies_are_converted_at_their_rate() {
    let (own, mut sales, store) = mixed_currencies();
    // A dollar is 5.50, and a yen, which has no cents, 0.037, since before the books began.
    let mut rates = Rates::default();
    rates.set("usd", Day(0), Ratio::of(55, 10).unwrap());
    rates.set("JPY", Day(0), Ratio::of(37, 1000).unwrap());
    let facts = read_both_ways(&store, &rates);
    assert_eq!(facts.rejected[&("transactions", Fault::OtherCurrency)].0, 600);
    let dollars = facts.foreign[&("transactions", "USD".to_owned())];
    assert_eq!((dollars.converted, dollars.left_out), (600, 0));
    let divided = |n: i64, by: i64| (n.abs() * 2 + by) / (2 * by) * n.signum();
    for (n, sale) in sales.iter_mut().enumerate() {
        let convert = |minor: i64| match n % 6 {
            3 => divided(minor * 55, 10),
            4 => 0,
            5 => divided(minor * 37, 10),
            _ => minor,
        };
        (sale.minor, sale.cost) = (convert(sale.minor), convert(sale.cost));
        sale.counted = n % 6 != 4;
    }
    let expected = by_hand(&own, &sales);
    for customer in facts.customers.all() {
        let of = |facts: &Facts| {
            let told = told(facts, customer, &windows());
            let (_, revenue, bought_days, first_spend, cost) = told.sums;
            (revenue, bought_days, first_spend, cost, told.bought, told.within)
        };
        assert_eq!(of(&facts), of(&expected));
    }
}

/// What can be wrong with one of the cells, its fault, and how many rows are like it. `0`: id, `1`:
/// customer, `2`: at, `3`: amount, `4`: cost, `5`: currency.
fn garbage() -> Vec<(usize, Value, Fault)> {
    let blob = || Value::Blob(vec![0xff, 0x00]);
    vec![
        (1, Value::Null, Fault::Missing),
        (1, text("  "), Fault::Missing),
        (1, text("C-9999"), Fault::NoCustomer),
        (1, Value::Integer(77), Fault::NoCustomer),
        (1, blob(), Fault::Unreadable),
        (2, Value::Null, Fault::Missing),
        (2, text(""), Fault::Missing),
        (2, text("0000-00-00"), Fault::Unreadable),
        (2, text("2026-02-30 10:00:00"), Fault::Unreadable),
        (2, text("9999-12-31"), Fault::Unreadable),
        (2, Value::Integer(i64::MAX), Fault::Unreadable),
        (2, Value::Real(f64::INFINITY), Fault::Unreadable),
        (2, blob(), Fault::Unreadable),
        (2, text("2026-07-16"), Fault::Later),
        (2, text("2026-07-15T08:00:01Z"), Fault::Later),
        (2, Value::Integer(4_000_000_000), Fault::Later),
        (3, Value::Null, Fault::Missing),
        (3, text("n/a"), Fault::Unreadable),
        (3, Value::Real(1.5), Fault::Unreadable),
        (3, text("1e3"), Fault::Unreadable),
        (3, Value::Integer(1_000_000_000_000_001), Fault::Unreadable),
        (3, Value::Integer(i64::MIN), Fault::Unreadable),
        (3, blob(), Fault::Unreadable),
        (4, text("cheap"), Fault::Unreadable),
        (4, blob(), Fault::Unreadable),
        (5, text("ZZZ"), Fault::Unreadable),
        (5, text("R$"), Fault::Unreadable),
        (5, blob(), Fault::Unreadable),
        (5, text("USD"), Fault::OtherCurrency),
    ]
}

#[test]
fn what_cannot_be_read_is_told_by_kind_with_the_first_of_each_as_stored() {
    let (own, sales) = (ids(60, |n| text(format!("C-{n}"))), sales(60, 9_000));
    let mut rows = transaction_rows(&own, &sales, Moment::Civil);
    for row in &mut rows {
        row.push(Value::Null);
    }
    let (garbage, mut chance) = (garbage(), Chance::new(5));
    let mut expected: BTreeMap<Fault, Vec<String>> = BTreeMap::new();
    let mut good = Vec::new();
    for (n, row) in rows.iter_mut().enumerate() {
        // None among the first rows; then every twentieth; whole pieces of it at the end.
        let is_bad = n > 500 && (n > 8_000 || chance.below(20) == 0);
        if !is_bad {
            good.push(sales[n].clone());
            continue;
        }
        let (cell, value, fault) = &garbage[chance.below(garbage.len() as u64) as usize];
        if *fault == Fault::OtherCurrency {
            // A day with a purchase, whatever it is worth.
            good.push(Sale { minor: 0, cost: 0, counted: false, ..sales[n].clone() });
        }
        row[*cell] = value.clone();
        expected.entry(*fault).or_default().push(written(&row[0]));
    }
    assert_eq!(expected.len(), 5);
    let store = Store::new(&format!("{CUSTOMERS_TABLE} CREATE TABLE sales ({ANY}, currency);"));
    store.fill("customers", "id, name, segment", &customer_rows(&own));
    store.fill("sales", &format!("rowid, {COLUMNS}, currency"), &spread(&rows, 1, 60));
    let one = store.read(table("sales"), Rates::default()).unwrap();
    let other = store.read(query("SELECT * FROM sales"), Rates::default()).unwrap();
    assert_same("garbage", &one, &other);
    assert_eq!(one.rows["transactions"], 9_000);
    assert_eq!(one.rejected.len(), expected.len());
    for ((relation, fault), (count, examples)) in &one.rejected {
        let expected = &expected[fault];
        assert_eq!((*relation, *count), ("transactions", expected.len() as u64), "{fault:?}");
        let examples: Vec<String> = examples.iter().map(|rejected| rejected.id.clone()).collect();
        assert_eq!(examples, expected[..5], "{fault:?}");
    }
    let expected = by_hand(&own, &good);
    for customer in one.customers.all() {
        let sums = |facts: &Facts| told(facts, customer, &windows()).sums;
        assert_eq!(sums(&one), sums(&expected));
    }
}

/// What another connection commits after the moment was fixed is not seen, by whichever connection.
#[test]
fn a_snapshot_is_of_one_moment_whatever_is_committed_meanwhile() {
    let (own, sales) = (ids(60, |n| text(format!("C-{n}"))), sales(60, 6_000));
    let store = parted(&own, &transaction_rows(&own, &sales, Moment::Seconds), ANY);
    let writer = store.sql();
    writer.pragma_update(None, "journal_mode", "WAL").unwrap();
    let before = by_hand(&own, &sales);
    let sources = [(CUSTOMERS, table("customers")), (TRANSACTIONS, table("sales"))];
    let mut open = store.open(&sources);
    let commit = |n: usize| {
        writer
            .execute_batch(&format!(
                "BEGIN;
                 INSERT INTO customers VALUES ('N-{n}', 'New', 'small');
                 DELETE FROM customers WHERE id = 'C-{n}';
                 DELETE FROM sales WHERE customer_id = 'C-{n}';
                 UPDATE sales SET amount_minor = amount_minor + 1;
                 INSERT INTO sales (id, customer_id, at, amount_minor) SELECT id || '/{n}', 'N-{n}', 5, 7
                   FROM sales LIMIT 2000;
                 COMMIT;"
            ))
            .unwrap();
    };
    let mut snapshot = open.snapshot().unwrap();
    for n in 1..4 {
        commit(n);
        let facts = snapshot.read(needs(asked()), lens(Rates::default())).unwrap();
        assert_same_customers(&format!("after {n} commits"), &facts, &before, &windows());
        assert_eq!(facts.rows["transactions"], 6_000);
        assert!(facts.rejected.is_empty());
        let people = snapshot.people(&facts, BTreeSet::from([1])).unwrap();
        assert_eq!(people.name(1), "Name 1");
    }
    drop(snapshot);
    let after = open.read(needs(asked()), lens(Rates::default())).unwrap();
    let find = |id| after.customers.find(Key::of(id));
    assert_eq!((find("C-1"), find("C-2"), find("C-3")), (None, None, None));
    assert_eq!(after.purchases.tally(find("N-3").unwrap()).transactions(), 2_000);
    assert!(after.rejected.is_empty(), "{:?}", after.rejected);
}

#[test]
fn whoever_names_themselves_referred_nobody() {
    let store = Store::new(
        "CREATE TABLE customers (id, name, referred_by);
         INSERT INTO customers VALUES (1, 'A', NULL), (2, 'B', 2), (3, 'C', '1'), (4, 'D', 'nobody');",
    );
    let needs = Needs { customers: vec!["referred_by"], ..Needs::default() };
    let facts = store.open(&[(CUSTOMERS, table("customers"))]).read(needs, lens(Rates::default()));
    assert_eq!(facts.unwrap().referrers, BTreeSet::from([0]));
}

fn any_kept() -> impl Strategy<Value = (u64, bool, bool)> {
    (any::<u64>(), any::<bool>(), any::<bool>())
}

fn optional(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.clone()))
}

/// Writes rows into a store, contracts and transactions in any order and anywhere in their tables.
fn keep(rows: &Rows, seed: u64, far: bool) -> Store {
    let mut chance = Chance::new(seed);
    let store = Store::new(&retaind::store::relation::schema());
    let customers = rows.customers.iter();
    let customers: Vec<Cells> =
        customers.map(|c| vec![text(&c.id), text(&c.name), optional(c.segment.as_ref())]).collect();
    store.fill("customers", "id, name, segment", &customers);
    let id = |customer: u32| text(&rows.customers[customer as usize].id);
    let own = rows.lens.currency.code().to_owned();
    let currency = |is_own: bool| text(if is_own { own.as_str() } else { "EUR" });
    let day = |day: Day| if day == Day::MAX { Value::Null } else { text(day.date().to_string()) };
    let contract = |(n, c): (usize, &retaind::domain::Subscription)| {
        let (mrr, currency) = (c.mrr_minor.unwrap_or(4_321), currency(c.mrr_minor.is_some()));
        vec![
            text(n.to_string()),
            id(c.customer),
            Value::Integer(mrr),
            currency,
            day(c.starts_on),
            day(c.ends_on),
        ]
    };
    let mut contracts: Vec<Cells> = rows.subscriptions.iter().enumerate().map(contract).collect();
    let sale = |(n, t): (usize, &Transaction)| {
        let (amount, cost) = if t.counted { (t.amount_minor, t.cost_minor) } else { (999, 99) };
        let (amount, cost) = (Value::Integer(amount), Value::Integer(cost));
        vec![text(n.to_string()), id(t.customer), day(t.day), amount, cost, currency(t.counted)]
    };
    let mut sales: Vec<Cells> = rows.transactions.iter().enumerate().map(sale).collect();
    chance.shuffle(&mut contracts);
    chance.shuffle(&mut sales);
    store.fill("subscriptions", "id, customer_id, mrr_minor, currency, starts_on, ends_on", &contracts);
    let sales = spread(&sales, chance.below(1_000) as i64, if far { 50_000 } else { 1 });
    store.fill("transactions", &format!("rowid, {COLUMNS}, currency"), &sales);
    store
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_store_of_rows_gives_what_the_rows_give(
        rows in figures::any_rows(),
        settings in figures::any_settings(),
        period in figures::any_period(),
        (seed, far, as_query) in any_kept(),
    ) {
        let settings = Settings { basis: Basis::Inactivity(seed as i32 & 63 | 1), ..settings };
        let asked = figures::asked(&settings, &[period]).mark(period.start);
        let store = keep(&rows, seed, far);
        let sales = if as_query { query("SELECT * FROM transactions") } else { table("transactions") };
        let (customers, contracts) = (table("customers"), table("subscriptions"));
        let sources = [(CUSTOMERS, customers), (SUBSCRIPTIONS, contracts), (TRANSACTIONS, sales)];
        let facts = store.open(&sources).read(needs(asked.clone()), rows.lens.clone()).unwrap();
        let expected = rows.facts(asked);
        let before = period.previous();
        let windows = [(period.start, period.end), (before.start, before.end)];
        assert_same_customers("random", &facts, &expected, &windows);
        let lost = rows.transactions.iter().filter(|t| !t.counted).count() as u64;
        let told = facts.rejected.get(&("transactions", Fault::OtherCurrency)).map_or(0, |(n, _)| *n);
        prop_assert_eq!(told, lost);
        let ids = |customers: &Customers| customers.all().map(|c| customers.id(c).into_owned()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&facts.customers), ids(&expected.customers));
    }
}

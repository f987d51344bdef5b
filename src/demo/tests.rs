//! The demo's rows as a reader of the store finds them.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The eleven tables, as the caller makes them.
const TABLES: [&str; 11] = [
    "customers",
    "subscriptions",
    "transactions",
    "interactions",
    "follow_ups",
    "complaints",
    "leads",
    "reps",
    "important_dates",
    "signals",
    "surveys",
];

/// Active on a day, as a condition on a subscription `s`.
const ACTIVE: &str = "s.starts_on <= ?1 AND (s.ends_on IS NULL OR ?1 < s.ends_on)";

fn demo() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&crate::store::relation::schema()).unwrap();
    super::build(&mut connection).unwrap();
    connection
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// How many were active on a day, and how many of them no longer were on another.
fn churn(connection: &Connection, from: &str, to: &str) -> (i64, i64) {
    let on = |day: &str| ACTIVE.replace("?1", &format!("'{day}'"));
    let before = format!("SELECT s.customer_id FROM subscriptions s WHERE {}", on(from));
    let after = format!("SELECT s.customer_id FROM subscriptions s WHERE {}", on(to));
    (
        count(connection, &format!("SELECT count(*) FROM ({before})")),
        count(connection, &format!("SELECT count(*) FROM ({before} EXCEPT {after})")),
    )
}

fn per_10k((active, lost): (i64, i64)) -> i64 {
    lost * 10_000 / active
}

/// FNV-1a over every value of every row, the same wherever the test runs.
fn hash(connection: &Connection) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for &byte in bytes.iter().chain(&[0xFF]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for table in TABLES {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY rowid")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Integer(number) => eat(&number.to_le_bytes()),
                    ValueRef::Text(text) => eat(text),
                    ValueRef::Null => eat(&[0xFE]),
                    other => panic!("{table} holds {other:?}"),
                }
            }
        }
    }
    hash
}

#[test]
fn the_same_rows_every_time_and_everywhere() {
    let rows = hash(&demo());
    assert_eq!(rows, hash(&demo()));
    // Change the number with the rows, and only on purpose: pictures and texts in the docs show them.
    assert_eq!(rows, 0xd348_9735_a74f_34bb, "the demo's rows have changed: {rows:#018x}");
}

#[test]
fn as_many_rows_as_the_story_says() {
    let connection = demo();
    assert_eq!(count(&connection, "SELECT count(*) FROM customers"), 2000);
    assert_eq!(count(&connection, "SELECT count(DISTINCT name) FROM customers"), 2000);
    assert_eq!(count(&connection, "SELECT count(*) FROM reps"), 8);
    let transactions = count(&connection, "SELECT count(*) FROM transactions");
    assert!((36_000..44_000).contains(&transactions), "{transactions} transactions");
    let (active, _) = churn(&connection, "2026-11-01", "2026-11-01");
    assert!((1230..1370).contains(&active), "{active} active at the end");
}

#[test]
fn the_dirty_rows_are_the_documented_ones() {
    let connection = demo();
    let one = |sql: &str| count(&connection, sql);
    assert_eq!(one("SELECT count(*) FROM customers WHERE birthday = '0000-00-00'"), 2);
    assert_eq!(one("SELECT count(*) FROM subscriptions WHERE typeof(mrr_minor) <> 'integer'"), 1);
    assert_eq!(one("SELECT count(*) FROM subscriptions WHERE mrr_minor = 'n/a'"), 1);
    for table in TABLES.iter().filter(|table| !["customers", "reps"].contains(table)) {
        let orphans =
            one(&format!("SELECT count(*) FROM {table} WHERE customer_id NOT IN (SELECT id FROM customers)"));
        assert_eq!(orphans, i64::from(*table == "transactions"), "orphans in {table}");
    }
    for (table, column) in [("interactions", "rep_id"), ("follow_ups", "rep_id"), ("customers", "owner_id")] {
        let orphans =
            one(&format!("SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM reps)"));
        assert_eq!(orphans, 0, "{table}.{column}");
    }
    assert_eq!(one("SELECT count(*) FROM customers WHERE referred_by NOT IN (SELECT id FROM customers)"), 0);
    assert_eq!(one("SELECT count(*) FROM reps WHERE manager_id NOT IN (SELECT id FROM reps)"), 0);
}

#[test]
fn no_subscriptions_of_a_customer_overlap() {
    let overlaps = "SELECT count(*) FROM subscriptions a JOIN subscriptions b
        ON a.customer_id = b.customer_id AND a.id < b.id
        WHERE a.starts_on < coalesce(b.ends_on, '9999') AND b.starts_on < coalesce(a.ends_on, '9999')";
    let connection = demo();
    assert_eq!(count(&connection, overlaps), 0);
    assert_eq!(count(&connection, "SELECT count(*) FROM subscriptions WHERE ends_on <= starts_on"), 0);
}

#[test]
fn october_is_the_bad_month() {
    let connection = demo();
    let october = per_10k(churn(&connection, "2026-09-30", "2026-10-31"));
    assert!((390..=460).contains(&october), "October: {october} of 10,000");
    let ends = [
        "2025-10-31",
        "2025-11-30",
        "2025-12-31",
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
        "2026-07-31",
        "2026-08-31",
        "2026-09-30",
    ];
    for pair in ends.windows(2) {
        let month = per_10k(churn(&connection, pair[0], pair[1]));
        assert!((180..=360).contains(&month), "to {}: {month} of 10,000", pair[1]);
    }
}

#[test]
fn every_recent_week_has_its_churn() {
    let connection = demo();
    for week in 0..13 {
        let sunday = super::plus(super::LAST, -7 * week);
        let (_, lost) = churn(&connection, &super::plus(sunday, -7).to_string(), &sunday.to_string());
        assert!(lost > 0, "week to {sunday}");
    }
}

#[test]
fn each_active_rep_has_something_to_do_today() {
    let connection = demo();
    let mut statement = connection
        .prepare(
            "SELECT r.id, count(f.id) FROM reps r LEFT JOIN follow_ups f
             ON f.rep_id = r.id AND f.done_at IS NULL AND f.due_at < '2026-11-03'
             WHERE r.active GROUP BY r.id",
        )
        .unwrap();
    let rows: Vec<(String, i64)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().all(|(_, due)| (3..=12).contains(due)), "{rows:?}");
}

#[test]
fn nothing_is_dated_after_the_demos_morning() {
    let connection = demo();
    let columns = [
        ("transactions", "at"),
        ("interactions", "at"),
        ("follow_ups", "done_at"),
        ("complaints", "first_reply_at"),
        ("complaints", "resolved_at"),
        ("leads", "created_at"),
        ("leads", "converted_at"),
        ("signals", "at"),
        ("surveys", "at"),
    ];
    for (table, column) in columns {
        let later = format!("SELECT count(*) FROM {table} WHERE {column} > '2026-11-02T08:00:00'");
        assert_eq!(count(&connection, &later), 0, "{table}.{column}");
    }
}

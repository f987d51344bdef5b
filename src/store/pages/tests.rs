//! Rows from pages, held against what SQLite itself says of the same file.

use proptest::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Leaves, Values, are_given};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A table's rows from its pages; `None` for one that is read by SQL.
fn from_pages(connection: &Connection, table: &str, columns: &[&str]) -> Option<Vec<Vec<Value>>> {
    assert!(are_given(connection), "built without `sqlite_dbpage`: is `.cargo/config.toml` there?");
    let leaves = Leaves::of(connection, table, &names(columns)).unwrap()?;
    let all = rows_of(&leaves, connection, columns.len(), columns.len());
    // Whatever is read late is the same.
    for early in 0..columns.len() {
        assert_eq!(rows_of(&leaves, connection, columns.len(), early), all, "{early} early");
    }
    Some(all)
}

fn rows_of(leaves: &Leaves, connection: &Connection, columns: usize, early: usize) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for piece in 0..leaves.pieces() {
        let keep = |values: &Values<'_>| {
            let all = (0..columns).map(|place| Value::try_from(values.get(place).unwrap()).unwrap());
            rows.push(all.collect());
            true
        };
        assert!(leaves.read(connection, (piece, early), keep).unwrap());
    }
    rows
}

/// The same as SQLite gives them.
fn from_sql(connection: &Connection, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
    let sql = format!("SELECT {} FROM {table} NOT INDEXED ORDER BY _rowid_", columns.join(", "));
    let mut statement = connection.prepare(&sql).unwrap();
    let read = |row: &rusqlite::Row<'_>| (0..columns.len()).map(|at| row.get(at)).collect();
    statement.query_map([], read).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn agree(connection: &Connection, table: &str, columns: &[&str]) {
    assert_eq!(from_pages(connection, table, columns), Some(from_sql(connection, table, columns)), "{table}");
}

fn memory(schema: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(schema).unwrap();
    connection
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = (0usize..3_000, any::<char>()).prop_map(|(n, c)| Value::Text(c.to_string().repeat(n)));
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        (0u32..64, any::<i64>()).prop_map(|(bits, n)| Value::Integer(n >> bits)),
        any::<f64>().prop_filter("SQLite has no NaN", |x| !x.is_nan()).prop_map(Value::Real),
        (-9i32..9).prop_map(|n| Value::Real(f64::from(n))),
        "[ -~]{0,40}".prop_map(Value::Text),
        text,
        prop::collection::vec(any::<u8>(), 0..1_500).prop_map(Value::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is stored, in pages of whatever size, on one page or over many, after rows went.
    #[test]
    fn rows_are_what_sqlite_says_they_are(
        page in prop::sample::select(vec![512, 1024, 4096, 65536]),
        rows in prop::collection::vec((any::<Option<i32>>(), prop::collection::vec(any_value(), 6)), 0..120),
        gone in 2i64..9,
    ) {
        let connection = memory(&format!(
            "PRAGMA page_size = {page};
             CREATE TABLE t (a TEXT, id INTEGER PRIMARY KEY, b, c REAL, d NUMERIC, e BLOB, f INT);",
        ));
        for (id, values) in rows {
            let insert = "INSERT OR REPLACE INTO t (id, a, b, c, d, e, f) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let id = id.map_or(Value::Null, |id| Value::Integer(id.into()));
            connection.execute(insert, params_from_iter(std::iter::once(id).chain(values))).unwrap();
        }
        connection.execute("DELETE FROM t WHERE id % ?1 = 0", [gone]).unwrap();
        agree(&connection, "t", &["a", "id", "b", "c", "d", "e", "f"]);
        agree(&connection, "t", &["f", "c", "id"]);
        agree(&connection, "t", &["e"]);
    }
}

#[test]
fn a_tree_of_many_levels_is_read_in_pieces() {
    let connection = memory(
        "PRAGMA page_size = 512; CREATE TABLE t (id INTEGER PRIMARY KEY, x);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
         INSERT INTO t SELECT i * 7, printf('%0*d', i % 90, i) FROM n;",
    );
    let leaves = Leaves::of(&connection, "t", &names(&["id"])).unwrap().unwrap();
    assert!(leaves.pieces() > 10, "{}", leaves.pieces());
    agree(&connection, "t", &["id", "x"]);
    // Whoever has seen enough is not told more.
    let mut seen = 0;
    let enough = |_: &Values<'_>| {
        seen += 1;
        seen < 3
    };
    assert!(!leaves.read(&connection, (0, 9), enough).unwrap());
    assert_eq!(seen, 3);
}

#[test]
fn columns_that_came_later_have_their_defaults() {
    let connection = memory(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a);
         INSERT INTO t VALUES ('x', 1);
         ALTER TABLE t ADD COLUMN b;
         ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'EUR';
         ALTER TABLE t ADD COLUMN d INTEGER NOT NULL DEFAULT -7;
         ALTER TABLE t ADD COLUMN e REAL DEFAULT 2;
         INSERT INTO t VALUES ('y', 2, 3, NULL, 5, 6.5);
         ALTER TABLE t ADD COLUMN f BLOB DEFAULT x'00ff';
         ALTER TABLE t DROP COLUMN a;",
    );
    agree(&connection, "t", &["e", "d", "c", "b", "id"]);
    // What SQLite would change before it is stored is left to it.
    connection.execute_batch("ALTER TABLE t ADD COLUMN g TEXT DEFAULT 7").unwrap();
    assert_eq!(from_pages(&connection, "t", &["g"]), None);
    agree(&connection, "t", &["id", "c"]);
}

#[test]
fn what_is_no_plain_table_is_left_to_sql() {
    let connection = memory(
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, x);
         CREATE VIEW seen AS SELECT * FROM plain;
         CREATE TABLE without (id TEXT PRIMARY KEY, x) WITHOUT ROWID;
         CREATE TABLE virtual (id INTEGER PRIMARY KEY, x, y AS (x + 1));
         CREATE TABLE stored (id INTEGER PRIMARY KEY, x, y AS (x + 1) STORED);",
    );
    for table in ["seen", "without", "virtual", "stored", "missing", "temp.plain"] {
        assert_eq!(from_pages(&connection, table, &["x"]), None, "{table}");
    }
    assert_eq!(from_pages(&connection, "plain", &["missing"]), None);
    for table in ["plain", "PLAIN", "main.plain"] {
        agree(&connection, table, &["id", "X"]);
    }
    let utf_16 = memory("PRAGMA encoding = 'UTF-16'; CREATE TABLE t (x); INSERT INTO t VALUES ('x');");
    assert_eq!(from_pages(&utf_16, "t", &["x"]), None);
}

#[test]
fn a_key_with_an_index_of_its_own_is_no_rowid() {
    // The one way in which an integer key is an ordinary column, and may be NULL.
    let connection = memory(
        "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, x); INSERT INTO t VALUES (NULL, 1), (9, 2);
         CREATE TABLE u (id INTEGER, x, PRIMARY KEY (id)); INSERT INTO u VALUES (NULL, 1), (9, 2);",
    );
    agree(&connection, "t", &["id", "x"]);
    agree(&connection, "u", &["id", "x"]);
}

#[test]
fn a_snapshot_keeps_its_pages_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    for mode in ["wal", "delete"] {
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", mode).unwrap();
        writer
            .execute_batch(
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER PRIMARY KEY, x);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                 INSERT INTO t SELECT i, 'before' FROM n;",
            )
            .unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").unwrap();
        let before = from_sql(&reader, "t", &["id", "x"]);
        // With a rollback journal the writer has to wait; with a WAL it goes on.
        let wrote =
            writer.execute_batch("UPDATE t SET x = 'after' WHERE id % 2 = 0; DELETE FROM t WHERE id > 4000");
        assert_eq!(wrote.is_ok(), mode == "wal");
        assert_eq!(from_pages(&reader, "t", &["id", "x"]), Some(before), "{mode}");
        reader.execute_batch("COMMIT").unwrap();
        agree(&reader, "t", &["id", "x"]);
    }
}

#[test]
fn a_damaged_page_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let make = "PRAGMA page_size = 512; CREATE TABLE t (id INTEGER PRIMARY KEY, x);
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                INSERT INTO t SELECT i, printf('%0*d', i * 7 % 900, i) FROM n;";
    Connection::open(&path).unwrap().execute_batch(make).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut refused = [0; 2];
    for nth in 0..400usize {
        let mut bytes = whole.clone();
        // Where a page says what is where; not the first page, which SQLite itself reads.
        let at = 512 * (1 + nth * 31 % (bytes.len() / 512 - 1)) + nth % 24;
        bytes[at] = bytes[at].wrapping_add((nth % 255) as u8 + 1);
        let damaged = folder.path().join("damaged.db");
        std::fs::write(&damaged, bytes).unwrap();
        let connection = Connection::open(&damaged).unwrap();
        let Ok(Some(leaves)) = Leaves::of(&connection, "t", &names(&["id", "x"])) else {
            refused = refused.map(|refused| refused + 1);
            continue;
        };
        for (early, refused) in refused.iter_mut().enumerate() {
            // What is read late is asked for.
            let read = |piece| leaves.read(&connection, (piece, early), |values| values.get(1).is_some());
            *refused += usize::from((0..leaves.pieces()).any(|piece| read(piece).is_err()));
        }
    }
    assert!(refused.iter().all(|refused| *refused > 20), "{refused:?}");
}

#[test]
fn rows_are_counted_in_a_small_table_and_reckoned_in_a_large_one() {
    let about = |rows: u32| {
        let connection = memory("CREATE TABLE t (id INTEGER PRIMARY KEY, text)");
        let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                   INSERT INTO t SELECT n, substr(hex(zeroblob(99)), n % 99) FROM n WHERE n <= ?1";
        connection.execute(sql, [rows]).unwrap();
        Leaves::of(&connection, "t", &[]).unwrap().unwrap().about(&connection).unwrap()
    };
    for rows in [0, 1, 10_000] {
        assert_eq!(about(rows), u64::from(rows));
    }
    let reckoned = about(300_000);
    assert!((297_000..=303_000).contains(&reckoned), "{reckoned}");
}

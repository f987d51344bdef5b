//! A shop to measure with: five years up to 2026-11-01 in retaind's own schema, heavy-tailed, seasonal and
//! growing, the same bytes of content from every run.

mod calendar;
mod chance;
mod contracts;
mod customers;
mod trade;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use retaind::clock::Stopwatch;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

/// Changes with the content, so that a store of before is made anew.
const EDITION: i64 = 1;

/// The content of [`Size::S`], in SHA-256.
const PINNED: &str = "bf98b58c1d294bb5ef5dc6be2425f1befb50ef0234a6b19c780a5d8680d17ea9";

/// How large a shop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Size {
    /// 10,000 customers, 200,000 transactions.
    S,
    /// 100,000 customers, 2,000,000 transactions.
    M,
    /// 1,000,000 customers, 20,000,000 transactions.
    L,
}

impl Size {
    /// Customers.
    pub(crate) const fn customers(self) -> u64 {
        match self {
            Size::S => 10_000,
            Size::M => 100_000,
            Size::L => 1_000_000,
        }
    }

    /// Transactions.
    pub(crate) const fn transactions(self) -> u64 {
        self.customers() * 20
    }

    /// Its letter.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Size::S => "S",
            Size::M => "M",
            Size::L => "L",
        }
    }
}

/// Our own schema with whole numbers for ids, as a CRM has them.
const SCHEMA: &str = "
CREATE TABLE customers (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT, address TEXT, segment TEXT, plan TEXT,
  region TEXT, tier TEXT, tags TEXT, owner_id TEXT, since TEXT, birthday TEXT, language TEXT, time_zone TEXT,
  consent INTEGER, referred_by TEXT);
CREATE TABLE subscriptions (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, plan TEXT, mrr_minor INTEGER NOT NULL, currency TEXT,
  starts_on TEXT NOT NULL, ends_on TEXT, renews_on TEXT, cancel_kind TEXT, cancel_reason TEXT);
CREATE TABLE transactions (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, at TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  currency TEXT, cost_minor INTEGER);
CREATE TABLE interactions (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, rep_id TEXT, at TEXT NOT NULL, kind TEXT NOT NULL,
  note TEXT);
CREATE TABLE follow_ups (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, rep_id TEXT, due_at TEXT NOT NULL, done_at TEXT,
  subject TEXT, note TEXT, priority TEXT);
CREATE TABLE complaints (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, opened_at TEXT NOT NULL, first_reply_at TEXT,
  resolved_at TEXT, contacts INTEGER, category TEXT);
CREATE TABLE leads (
  id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, source TEXT, converted_at TEXT, customer_id INTEGER);
CREATE TABLE reps (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT, chat TEXT, manager_id TEXT, time_zone TEXT,
  language TEXT, active INTEGER NOT NULL DEFAULT 1);
CREATE TABLE important_dates (
  customer_id INTEGER NOT NULL, label TEXT NOT NULL, date TEXT NOT NULL, yearly INTEGER NOT NULL);
CREATE TABLE signals (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, value TEXT,
  note TEXT);
CREATE TABLE surveys (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, at TEXT NOT NULL, score INTEGER NOT NULL);
";

/// Indexes as a CRM has them, made when the rows are in.
const INDEXES: &str = "
CREATE INDEX subscriptions_customer ON subscriptions (customer_id);
CREATE INDEX transactions_customer ON transactions (customer_id);
CREATE INDEX interactions_customer ON interactions (customer_id);
CREATE INDEX follow_ups_due ON follow_ups (due_at);
";

/// The store of a size in `dir`, made where it is not there or is of another edition; and how long that took.
pub(crate) fn find_or_make(dir: &Path, size: Size) -> Result<(PathBuf, Option<Duration>)> {
    let path = dir.join(format!("{}.sqlite", size.name()));
    if path.exists() && is_current(&path, size)? {
        return Ok((path, None));
    }
    std::fs::create_dir_all(dir).with_context(|| format!("`{}` cannot be made", dir.display()))?;
    let watch = Stopwatch::start();
    // Under another name until it is whole: a store that was broken off is never measured.
    let part = dir.join(format!("{}.sqlite.part", size.name()));
    if part.exists() {
        std::fs::remove_file(&part)?;
    }
    make(&part, size).with_context(|| format!("`{}` cannot be made", path.display()))?;
    std::fs::rename(&part, &path)?;
    Ok((path, Some(watch.elapsed())))
}

fn is_current(path: &Path, size: Size) -> Result<bool> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let edition: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if edition != EDITION {
        return Ok(false);
    }
    let rows: i64 = db.query_row("SELECT max(id) FROM transactions", [], |row| row.get(0))?;
    Ok(rows == size.transactions() as i64)
}

fn make(path: &Path, size: Size) -> Result<()> {
    let db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA cache_size = -100000; PRAGMA threads = 2;",
    )?;
    db.execute_batch("BEGIN")?;
    db.execute_batch(SCHEMA)?;
    let days = calendar::days();
    let mut cast = customers::cast(size.customers(), &days);
    customers::write_reps(&db)?;
    contracts::write(&db, &mut cast, &days)?;
    customers::write(&db, &cast, &days)?;
    trade::write_purchases(&db, size.transactions(), &cast, &days)?;
    trade::write_contacts(&db, &cast, &days)?;
    trade::write_follow_ups(&db, &cast, &days)?;
    db.execute_batch(INDEXES)?;
    db.pragma_update(None, "user_version", EDITION)?;
    db.execute_batch("COMMIT")?;
    Ok(())
}

/// Makes the small store anew in `dir` and holds its content against the pinned hash.
pub(crate) fn check(dir: &Path) -> Result<String> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join("check.sqlite");
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    make(&path, Size::S)?;
    let found = content(&path)?;
    std::fs::remove_file(&path)?;
    if found != PINNED {
        bail!("the shop's content has changed: {found}, pinned {PINNED}; if it was meant, raise EDITION");
    }
    Ok(found)
}

/// SHA-256 of every value of every row, tables by name, rows by rowid.
fn content(path: &Path) -> Result<String> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut hash = Sha256::new();
    for name in names {
        hash.update(&name);
        let mut select = db.prepare(&format!("SELECT * FROM {name} ORDER BY rowid"))?;
        let columns = select.column_count();
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => hash.update([0]),
                    ValueRef::Integer(n) => {
                        hash.update([1]);
                        hash.update(n.to_be_bytes());
                    }
                    ValueRef::Real(x) => {
                        hash.update([2]);
                        hash.update(x.to_be_bytes());
                    }
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        hash.update([3]);
                        hash.update((bytes.len() as u64).to_be_bytes());
                        hash.update(bytes);
                    }
                }
            }
        }
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

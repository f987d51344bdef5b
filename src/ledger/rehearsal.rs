//! A ledger for looking ahead: in a folder of its own, with what the real one remembers of rules, reminders and
//! people's acts, and without its messages and schedules.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Access, Ledger, LedgerError, prepare, to_micros};

/// What a look ahead goes on from, and which of its rows were there at an instant.
const REMEMBERED: [(&str, &str); 12] = [
    ("rule", ""),
    ("reminder", "WHERE at < ?1"),
    ("lasting", ""),
    ("digest", "WHERE at < ?1"),
    ("appointment", "WHERE at < ?1"),
    ("entry", "WHERE at < ?1"),
    ("act", "WHERE at < ?1"),
    ("colleague", ""),
    ("silence", ""),
    ("suppression", ""),
    ("greeted", ""),
    ("salt", ""),
];

/// Makes a ledger in `folder` that remembers what the one at `real` knew at `before`; nothing, where there is none.
pub fn rehearse(folder: &Path, real: Option<&Path>, before: Timestamp) -> Result<Ledger, LedgerError> {
    let path = folder.join("ledger.db");
    let failed = |reason: String| LedgerError::Open { path: path.display().to_string(), reason };
    let c = prepare(&path).map_err(failed)?;
    if let Some(real) = real.filter(|real| real.exists()) {
        // Opening brings it to our version, so that its tables are ours.
        drop(Ledger::open(real, Access::Operator)?);
        remember(&c, real, before).map_err(|e| failed(e.to_string()))?;
    }
    drop(c);
    Ledger::open(&path, Access::Rehearsal)
}

fn remember(c: &Connection, real: &Path, before: Timestamp) -> rusqlite::Result<()> {
    c.execute("ATTACH DATABASE ?1 AS real", [real.to_string_lossy()])?;
    c.execute_batch("BEGIN; DELETE FROM main.salt;")?;
    for (table, known) in REMEMBERED {
        let sql = format!("INSERT INTO main.{table} SELECT * FROM real.{table} {known}");
        if known.is_empty() {
            c.execute(&sql, [])?;
        } else {
            c.execute(&sql, params![to_micros(before)])?;
        }
    }
    c.execute_batch("COMMIT; DETACH DATABASE real;")
}

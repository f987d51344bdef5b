//! Addresses of customers that are not written to: who asked so, and where there is no mailbox.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::{from_micros, operator, to_micros};
use crate::care::greeted::Greeted;
use crate::domain::Day;
use crate::outbox::AddressId;

/// Refusals for want of a mailbox after which an address is not written to any more.
const BOUNCES: i64 = 2;

/// What relays call that (RFC 3463; RFC 7505 for the last): anything else says nothing against the address.
const NO_MAILBOX: [&str; 4] = ["5.1.1", "5.1.2", "5.1.3", "5.1.10"];

/// Why an address is not written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its reader asked so.
    Unsubscribed,
    /// There is no such mailbox.
    Bounced,
    /// An operator said so.
    Operator,
}

impl Reason {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Unsubscribed => "unsubscribed",
            Reason::Bounced => "bounced",
            Reason::Operator => "operator",
        }
    }
}

/// An address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// Its hash.
    pub address: AddressId,
    /// The name of the reason.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// The customer's id, where they were written to before.
    pub customer: Option<String>,
}

/// The salt of the hashes: made with the ledger, and never told.
pub fn salt(c: &Connection) -> Result<Vec<u8>> {
    c.prepare_cached("SELECT value FROM salt")?.query_row([], |row| row.get(0))
}

/// The hash of an address under the ledger's salt.
pub fn id_of(c: &Connection, address: &str) -> Result<AddressId> {
    Ok(AddressId::of(&salt(c)?, address))
}

/// Whether an address must not be written to.
pub fn holds(c: &Connection, address: AddressId) -> Result<bool> {
    c.prepare_cached("SELECT 1 FROM suppression WHERE address = ?1")?.exists([address.0.as_slice()])
}

/// Writes to an address no more. False, where that was so before.
pub fn add(
    c: &Connection,
    address: AddressId,
    (reason, who): (Reason, &str),
    now: Timestamp,
) -> Result<bool> {
    let added = c.execute(
        "INSERT INTO suppression (address, reason, at, who) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![address.0.as_slice(), reason.name(), to_micros(now), who],
    )?;
    if added == 1 {
        let what = format!("suppressed address {}: {}", address.hex(), reason.name());
        operator::audit(c, if who.is_empty() { "the reader" } else { who }, &what, now)?;
    }
    Ok(added == 1)
}

/// Writes to an address again. False, where it was written to anyway.
pub fn remove(c: &Connection, address: AddressId, who: &str, now: Timestamp) -> Result<bool> {
    let removed = c.execute("DELETE FROM suppression WHERE address = ?1", [address.0.as_slice()])?;
    c.execute("UPDATE greeted SET bounces = 0 WHERE address = ?1", [address.0.as_slice()])?;
    if removed == 1 {
        operator::audit(c, who, &format!("no longer suppresses address {}", address.hex()), now)?;
    }
    Ok(removed == 1)
}

/// All of them, newest first.
pub fn list(c: &Connection) -> Result<Vec<Suppressed>> {
    let mut statement = c.prepare(
        "SELECT address, reason, at, customer FROM suppression LEFT JOIN greeted USING (address)
         ORDER BY at DESC, address",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Suppressed {
            address: AddressId(row.get(0)?),
            reason: row.get(1)?,
            at: from_micros(row.get(2)?),
            customer: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// Whose address it is, where they were written to.
pub fn whose(c: &Connection, address: AddressId) -> Result<Option<String>> {
    c.prepare_cached("SELECT customer FROM greeted WHERE address = ?1")?
        .query_row([address.0.as_slice()], |row| row.get(0))
        .optional()
}

/// Notes whose addresses are written to.
pub(super) fn greet(c: &Connection, letters: &[(AddressId, String)]) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO greeted (address, customer) VALUES (?1, ?2)
         ON CONFLICT (address) DO UPDATE SET customer = ?2",
    )?;
    for (address, customer) in letters {
        insert.execute(params![address.0.as_slice(), customer])?;
    }
    Ok(())
}

/// A relay refused a letter. Where it says for the second time that there is no such mailbox, it is believed.
pub(super) fn refused(c: &Connection, address: &str, reason: &str, now: Timestamp) -> Result<()> {
    if address.is_empty() || !reason.split([' ', ':', '-']).any(|word| NO_MAILBOX.contains(&word)) {
        return Ok(());
    }
    let address = id_of(c, address)?;
    c.execute("UPDATE greeted SET bounces = bounces + 1 WHERE address = ?1", [address.0.as_slice()])?;
    let bounces: Option<i64> = c
        .prepare_cached("SELECT bounces FROM greeted WHERE address = ?1")?
        .query_row([address.0.as_slice()], |row| row.get(0))
        .optional()?;
    if bounces.is_some_and(|bounces| bounces >= BOUNCES) {
        add(c, address, (Reason::Bounced, "retaind"), now)?;
    }
    Ok(())
}

/// What jobs of greetings have to know: who is not written to, and on which days the others were since `from`.
pub fn so_far(c: &Connection, jobs: &[String], from: Timestamp, zone: &TimeZone) -> Result<Greeted> {
    let mut suppressed = BTreeSet::new();
    let mut statement = c.prepare_cached("SELECT address FROM suppression")?;
    for address in statement.query_map([], |row| row.get(0))? {
        suppressed.insert(AddressId(address?));
    }
    let mut letters: BTreeMap<String, Vec<Day>> = BTreeMap::new();
    let mut statement = c.prepare_cached(
        "SELECT recipient, at FROM reminder
         WHERE job IN (SELECT value FROM json_each(?1)) AND at >= ?2 AND state = 'told'",
    )?;
    let mut rows = statement.query(params![serde_json::json!(jobs).to_string(), to_micros(from)])?;
    while let Some(row) = rows.next()? {
        let day = Day::of(zone.to_datetime(from_micros(row.get(1)?)).date());
        letters.entry(row.get(0)?).or_default().push(day);
    }
    Ok(Greeted { salt: salt(c)?, suppressed, letters })
}

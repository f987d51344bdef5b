//! What operators do to the outbox, with a chained line in the audit for each act.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::deliveries::{self, Listed};
use super::to_micros;
use crate::outbox::{Event, Retry, Status, delivery, key::fingerprint};

/// Whether an operator's wish fits where a delivery stands; the refusal says why not.
pub fn allows(status: Status, event: &Event) -> std::result::Result<(), String> {
    let fits = match event {
        Event::Requeued => matches!(status, Status::Dead | Status::Held | Status::Uncertain),
        Event::Dropped => matches!(status, Status::Pending | Status::Held | Status::Uncertain),
        Event::KnownSent => matches!(status, Status::Held | Status::Uncertain),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("it is {}", status.name())) }
}

/// Applies an operator's event and writes the audit line.
pub fn act(c: &Connection, listed: &Listed, event: &Event, who: &str, now: Timestamp) -> Result<()> {
    let seed = listed.delivery.key.seed();
    // A requeued message gets its time again: its expiry may be what killed it.
    let state = delivery::after(&listed.state, event, now, Retry::EMAIL, seed, listed.delivery.expires);
    deliveries::restate(c, listed.id, &state, now)?;
    if *event == Event::Requeued {
        let life = listed.delivery.expires.duration_since(listed.created);
        c.execute(
            "UPDATE delivery SET expires = ?2 WHERE id = ?1",
            params![listed.id, to_micros(now + life)],
        )?;
    }
    audit(c, who, &format!("{} delivery {} ({})", verb(event), listed.id, listed.delivery.key.as_str()), now)
}

fn verb(event: &Event) -> &'static str {
    match event {
        Event::Requeued => "requeued",
        Event::Dropped => "dropped",
        Event::KnownSent => "resolved as sent",
        _ => "touched",
    }
}

/// Appends to the audit. Each row's hash covers the one before it, so that a line cannot be changed or
/// taken out unseen.
pub fn audit(c: &Connection, who: &str, what: &str, now: Timestamp) -> Result<()> {
    let before: Option<String> =
        c.query_row("SELECT chain FROM audit ORDER BY id DESC LIMIT 1", [], |row| row.get(0)).optional()?;
    let chain = fingerprint(format!("{}\n{now}\n{who}\n{what}", before.unwrap_or_default()).as_bytes());
    c.execute(
        "INSERT INTO audit (at, who, what, chain) VALUES (?1, ?2, ?3, ?4)",
        params![to_micros(now), who, what, chain],
    )?;
    Ok(())
}

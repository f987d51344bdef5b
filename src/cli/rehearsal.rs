//! The daemon over a span of time, at full speed, into memory: what `plan` and `simulate` are made of.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{EX_IOERR, Failure};
use crate::channel::Channel;
use crate::channel::memory::Memory;
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::{Daemon, foresight};
use crate::ledger::deliveries::{self, Listed};
use crate::ledger::{Ledger, occurrences, rehearsal, reminders};

/// What it goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// What the daemon knows now.
    Ledger,
    /// Nothing: rules are switched on at its start, and their backlog is told or is not.
    Nothing {
        /// Whether it is.
        backlog: bool,
    },
}

/// Runs a configuration from one instant to another. The ledger holds what came of it.
pub(super) fn play(
    mut config: Config,
    (from, to): (Timestamp, Timestamp),
    start: From,
    folder: &tempfile::TempDir,
) -> Result<Ledger, Failure> {
    for way in config.channels.values_mut() {
        way.channel = Channel::Memory(Memory::default());
    }
    let real = (start == From::Ledger).then(|| config.ledger.clone());
    let ledger = rehearsal::rehearse(folder.path(), real.as_deref(), from)?;
    let rules: Vec<String> = foresight::rules(&config).into_keys().collect();
    let held = ledger.clone();
    super::runtime()?.block_on(async move {
        let mut daemon = Daemon::start(config, ledger.clone(), Clock::manual(from)).await?;
        if start == (From::Nothing { backlog: true }) {
            let include = move |c: &Connection| {
                rules.iter().try_for_each(|rule| reminders::include_backlog(c, rule).map(|_| ()))
            };
            ledger.run(include).await?;
        }
        daemon.replay_until(to).await
    })?;
    Ok(held)
}

/// A folder for it, gone with its owner.
pub(super) fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::tempdir().map_err(|e| Failure::new(EX_IOERR, e.to_string()))
}

/// All messages that came of it.
pub(super) fn messages(c: &Connection) -> rusqlite::Result<Vec<Listed>> {
    deliveries::list(c, None, usize::MAX >> 1)
}

/// All its occurrences, newest first: job, instant, state and reason.
pub(super) fn occurrences(c: &Connection) -> rusqlite::Result<Vec<(String, Timestamp, String, String)>> {
    occurrences::recent(c, usize::MAX >> 1)
}

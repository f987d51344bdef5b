//! The ledger's tables, and how an older file becomes a current one.

use rusqlite::Connection;

/// Each step brings the file from the version of its index to the next one, in a transaction of its own.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE schedule (
  job TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,            -- cron and zone; a change starts from now
  planned_through INTEGER NOT NULL      -- microseconds UTC, as all instants here
) STRICT;

CREATE TABLE occurrence (
  job TEXT NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'done', 'missed', 'failed', 'stopped')),
  reason TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL,
  finished INTEGER,
  PRIMARY KEY (job, at)
) STRICT;
CREATE INDEX occurrence_waiting ON occurrence (not_before) WHERE state = 'planned';

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  job TEXT NOT NULL,
  occurrence INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  subject TEXT NOT NULL,
  payload BLOB NOT NULL,
  checksum TEXT NOT NULL,
  created INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'claimed', 'sent', 'uncertain', 'held', 'dead')),
  phase TEXT NOT NULL DEFAULT 'pre' CHECK (phase IN ('pre', 'committing')),
  owner TEXT,
  lease_until INTEGER,
  fence INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  ambiguous INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  finished INTEGER
) STRICT;
CREATE INDEX delivery_due ON delivery (not_before, id) WHERE status IN ('pending', 'uncertain');
CREATE INDEX delivery_status ON delivery (status, id);

CREATE TABLE attempt (
  delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,
  phase TEXT NOT NULL DEFAULT 'pre',
  answer TEXT,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE row_count (                -- what runs read, to notice a store that suddenly has less
  job TEXT NOT NULL,
  at INTEGER NOT NULL,
  relation TEXT NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (job, relation, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  chain TEXT NOT NULL                   -- SHA-256 over the row before and this one
) STRICT;
",
    "
CREATE TABLE figure (                   -- churn as reports told it, for restatements
  job TEXT NOT NULL,
  scope TEXT NOT NULL,                  -- the lead of a team; empty for all
  definition TEXT NOT NULL,             -- basis/definition
  first_day INTEGER NOT NULL,           -- days since 1970-01-01
  end_day INTEGER NOT NULL,             -- the day after the last
  at INTEGER NOT NULL,                  -- the occurrence that told it
  numerator INTEGER NOT NULL,
  denominator INTEGER NOT NULL,
  churned TEXT,                         -- JSON list of ids; NULL where they were too many
  PRIMARY KEY (job, scope, definition, first_day, end_day, at)
) STRICT, WITHOUT ROWID;
",
    "
-- Bodies stand apart, so that moving a delivery does not write its body again; and each index holds only
-- what is asked for through it, so that a delivery on its usual way touches as few pages as it can.
CREATE TABLE body (
  delivery INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE,
  payload BLOB NOT NULL
) STRICT;
INSERT INTO body (delivery, payload) SELECT id, payload FROM delivery WHERE checksum <> 'purged';
ALTER TABLE delivery DROP COLUMN payload;
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (channel, not_before, id) WHERE status IN ('pending', 'uncertain');
DROP INDEX delivery_status;
CREATE INDEX delivery_claimed ON delivery (id) WHERE status = 'claimed';
CREATE INDEX delivery_troubled ON delivery (status, id)
  WHERE status = 'uncertain' OR status = 'held' OR status = 'dead';  -- SQLite sees that one implies this
CREATE INDEX delivery_kept ON delivery (finished) WHERE status = 'sent' AND checksum <> 'purged';
",
    "
-- Each change of a status asks every such condition: what is claimed and what is troubled share an index.
DROP INDEX delivery_claimed;
DROP INDEX delivery_troubled;
CREATE INDEX delivery_watched ON delivery (status, id)
  WHERE status = 'claimed' OR status = 'uncertain' OR status = 'held' OR status = 'dead';
",
    "
CREATE TABLE rule (
  rule TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,            -- what it looks for; a change starts from now
  since INTEGER NOT NULL,               -- what fell due before is its backlog
  looked INTEGER                        -- the first occurrence that looked at it
) STRICT;

CREATE TABLE reminder (                 -- a case, as it fell due on a day, for a recipient: told once, or why not
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,
  due INTEGER NOT NULL,                 -- days since 1970-01-01
  recipient TEXT NOT NULL,
  about TEXT NOT NULL,                  -- the customer's or rep's id
  state TEXT NOT NULL CHECK (state IN ('told', 'waiting', 'dropped')),
  reason TEXT NOT NULL,
  job TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- the occurrence that decided
  release INTEGER,                      -- when what waits may be told
  PRIMARY KEY (rule, subject, due, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_due ON reminder (due);
CREATE INDEX reminder_waiting ON reminder (release) WHERE state = 'waiting';
CREATE INDEX reminder_told ON reminder (job, at, recipient);
CREATE INDEX reminder_about ON reminder (about, rule);

CREATE TABLE lasting (                  -- what lasts since a run first saw it
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,
  since INTEGER NOT NULL,               -- days since 1970-01-01
  PRIMARY KEY (rule, subject)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE entry (                    -- what a digest told somebody about one customer, and can be acted on
  id BLOB NOT NULL PRIMARY KEY,
  job TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- the occurrence that told it
  recipient TEXT NOT NULL,
  customer TEXT NOT NULL,
  language TEXT NOT NULL,
  zone TEXT NOT NULL,
  reasons TEXT NOT NULL,                -- JSON: [{\"rule\", \"subject\", \"due\": days since 1970-01-01}]
  shown TEXT,                           -- JSON: what its page says; NULL once its links have expired
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_shown ON entry (expires) WHERE shown IS NOT NULL;

CREATE TABLE act (                      -- what recipients did; rows are added and never changed
  id INTEGER PRIMARY KEY,
  entry BLOB NOT NULL REFERENCES entry (id),
  at INTEGER NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('done', 'snooze', 'hand_over', 'not_mine')),
  until INTEGER,                        -- of a snooze: days since 1970-01-01
  whom TEXT                             -- of a hand-over: id of the recipient
) STRICT;
CREATE INDEX act_entry ON act (entry);
CREATE INDEX act_at ON act (at);

CREATE TABLE colleague (                -- whom an entry can be handed to, as of the last digests
  id TEXT PRIMARY KEY,
  rep TEXT,
  name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE watch (                    -- the last evaluation of each watch
  job TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,            -- the condition; a change starts anew
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE watch_group (              -- where each of its groups stands after it
  job TEXT NOT NULL,
  grp TEXT NOT NULL,                    -- empty for the whole, and for those without a label
  phase TEXT NOT NULL CHECK (phase IN ('ok', 'pending', 'breached')),
  streak INTEGER NOT NULL,              -- observations in a row beyond the level
  earlier INTEGER NOT NULL,             -- the same before the last observation
  seen_from INTEGER,                    -- the last observation, in days since 1970-01-01
  seen_to INTEGER,
  since_from INTEGER,                   -- the first observation of the breach
  since_to INTEGER,
  told INTEGER,                         -- when readers last heard that it is breached; NULL: they think it is not
  said TEXT NOT NULL,                   -- its last value, for operators
  PRIMARY KEY (job, grp)
) STRICT, WITHOUT ROWID;

CREATE TABLE watch_turn (               -- phases that changed, what was told, and what was withheld
  job TEXT NOT NULL,
  grp TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- the occurrence
  phase TEXT NOT NULL,
  telling TEXT,                         -- breach, repeat, recovery, gone; NULL: nothing to tell
  silence INTEGER,                      -- the silence that withheld it
  said TEXT NOT NULL,
  PRIMARY KEY (job, grp, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE silence (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  watch TEXT NOT NULL,
  grp TEXT,                             -- NULL for all groups
  author TEXT NOT NULL,                 -- an id of the configuration's people
  reason TEXT NOT NULL,
  starts INTEGER NOT NULL,
  until INTEGER NOT NULL,
  announced INTEGER,                    -- when its author was told that it ends
  ended INTEGER                         -- before its time, by an operator
) STRICT;
",
    "
CREATE TABLE digest (                   -- who was told something by a job when, for a while
  at INTEGER NOT NULL,                  -- the occurrence
  job TEXT NOT NULL,
  recipient TEXT NOT NULL,
  PRIMARY KEY (at, job, recipient)
) STRICT, WITHOUT ROWID;

CREATE TABLE salt (value BLOB NOT NULL) STRICT;  -- of the hashes of addresses
INSERT INTO salt (value) VALUES (randomblob(32));

CREATE TABLE suppression (              -- addresses that are not written to any more
  address BLOB PRIMARY KEY,             -- a salted hash
  reason TEXT NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'operator')),
  at INTEGER NOT NULL,
  who TEXT NOT NULL                     -- the operator; empty for the reader themselves
) STRICT, WITHOUT ROWID;

CREATE TABLE greeted (                  -- whose the addresses are that were written to
  address BLOB PRIMARY KEY,
  customer TEXT NOT NULL,
  bounces INTEGER NOT NULL DEFAULT 0    -- how often a relay said that there is no such mailbox
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE appointment (              -- what digests put into calendars; a change is a row more, the highest holds
  uid TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  rule TEXT NOT NULL,
  matter TEXT NOT NULL,                 -- what it is about, without the day
  customer TEXT NOT NULL,
  day INTEGER,                          -- of what has a day: days since 1970-01-01
  moment INTEGER,                       -- of what has a time
  cancelled INTEGER NOT NULL,
  job TEXT NOT NULL,
  at INTEGER NOT NULL,                  -- the occurrence that told it so
  PRIMARY KEY (uid, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX appointment_told ON appointment (job, at, recipient);
CREATE INDEX appointment_at ON appointment (at);
",
    "
-- Bodies stored from here on have a checksum of 32 digits, which an older retaind would take for a damaged one: it
-- must refuse the file instead. And who claims is the daemon that holds the lock: its name was never read, and made
-- each row longer and shorter again, for which pages were divided.
ALTER TABLE delivery DROP COLUMN owner;
",
    "
-- A figure is kept with who it is made of, in one way for all figures: see domain/sketch.rs.
ALTER TABLE figure ADD COLUMN sketch BLOB;
ALTER TABLE figure DROP COLUMN churned;
",
];

/// Why a ledger file is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    /// Made by a newer retaind.
    #[error("the ledger is of version {found}, this retaind knows up to {known}; install the newer one")]
    Newer {
        /// The file's.
        found: i64,
        /// Ours.
        known: usize,
    },
    /// SQLite's words.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Brings the file to the current version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let start = usize::try_from(found).unwrap_or(usize::MAX);
    if start > MIGRATIONS.len() {
        return Err(SchemaError::Newer { found, known: MIGRATIONS.len() });
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(start) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_ledger_keeps_its_bodies() {
        let mut c = Connection::open_in_memory().unwrap();
        c.execute_batch(MIGRATIONS[0]).unwrap();
        c.pragma_update(None, "user_version", 1).unwrap();
        c.execute_batch(
            "INSERT INTO delivery (key, job, occurrence, recipient, channel, address, subject, payload, checksum,
               created, not_before, expires, status) VALUES
             ('a', 'j', 1, 'r', 'c', '', 's', x'41', 'sum', 1, 1, 2, 'pending'),
             ('b', 'j', 1, 'r', 'c', '', 's', x'', 'purged', 1, 1, 2, 'sent');
             INSERT INTO attempt (delivery, number, started) VALUES (2, 1, 1);",
        )
        .unwrap();
        migrate(&mut c).unwrap();
        let bodies: String = c
            .query_row("SELECT group_concat(delivery || ':' || hex(payload)) FROM body", [], |row| row.get(0))
            .unwrap();
        let kept: (i64, i64) = c
            .query_row("SELECT count(*), (SELECT count(*) FROM attempt) FROM delivery", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!((bodies.as_str(), kept), ("1:41", (2, 1)));
    }
}

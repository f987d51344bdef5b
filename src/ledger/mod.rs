//! Our own durable state: what was planned, what was decided, what was sent.
//!
//! One thread owns the connection. Work that waits together is committed together, each piece after the first in
//! a savepoint of its own; nobody is answered before the commit is on the disk.

pub mod acts;
pub mod appointments;
pub mod deliveries;
pub mod figures;
pub mod occurrences;
pub mod operator;
mod purge;
pub mod rehearsal;
pub mod reminders;
mod schema;
pub mod suppressions;
pub mod watches;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

pub use self::purge::purge;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::oneshot;

/// How much work one commit may gather. A larger group saves no more than this one already does.
const GROUP_MAX: usize = 64;

/// How many prepared statements are kept: more than there are different ones.
const STATEMENTS: usize = 64;

/// The first SQLite without the WAL-reset bug.
const SQLITE_MIN: i32 = 3_051_003;

/// Why the ledger does not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// Another daemon has it.
    #[error("another retaind{pid} is running on `{path}`")]
    InUse {
        /// The ledger.
        path: String,
        /// Its process id as it wrote it, with a blank before it.
        pid: String,
    },
    /// It cannot be opened, or is not sound.
    #[error("ledger `{path}`: {reason}")]
    Open {
        /// The ledger.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A statement failed; nothing of it was stored.
    #[error("ledger: {0}")]
    Failed(String),
    /// The disk did not take a commit. What it holds now is unknown: the process must end and reopen.
    #[error("ledger: a commit failed: {0}")]
    Broken(String),
}

type Reply = Box<dyn FnOnce(Option<&LedgerError>) + Send>;
/// Work on a connection within a transaction; without one (it could not begin) it only says so.
type Work = Box<dyn FnOnce(Option<&Connection>) -> (bool, Reply) + Send>;

/// How the ledger is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By the one daemon: locked against a second one.
    Daemon,
    /// By an operator's command, beside a running daemon. It must be there.
    Operator,
    /// By an operator's command that may come before the first daemon.
    Founder,
    /// By a look ahead, which is made anew if it is cut short: nothing waits for the disk.
    Rehearsal,
}

/// A handle to the ledger's thread.
#[derive(Debug, Clone)]
pub struct Ledger {
    sender: mpsc::Sender<Work>,
    _lock: Option<std::sync::Arc<File>>,
}

impl Ledger {
    /// Opens (or makes) the ledger at `path` and proves that it is sound.
    pub fn open(path: &Path, access: Access) -> Result<Ledger, LedgerError> {
        let lock = match access {
            Access::Daemon => Some(std::sync::Arc::new(lock(path)?)),
            Access::Operator | Access::Founder | Access::Rehearsal => None,
        };
        if access == Access::Operator && !path.exists() {
            let reason = "there is none yet\n  hint: does the daemon keep it elsewhere? Name it: [ledger] path = \"…\"";
            return Err(LedgerError::Open { path: path.display().to_string(), reason: reason.to_owned() });
        }
        let open = |reason: String| LedgerError::Open { path: path.display().to_string(), reason };
        let connection = prepare(path).map_err(open)?;
        if access == Access::Rehearsal {
            let off = connection.pragma_update(None, "synchronous", "OFF");
            off.map_err(|e| open(e.to_string()))?;
        }
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new().name("ledger".into());
        thread.spawn(move || serve(connection, &receiver)).map_err(|e| open(e.to_string()))?;
        Ok(Ledger { sender, _lock: lock })
    }

    /// Runs `work` in a transaction and answers when it is on the disk.
    pub async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, LedgerError> {
        self.submit(work)?.await.map_err(|_| gone())?
    }

    /// [`Ledger::run`] for threads that may block.
    pub fn run_blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, LedgerError> {
        self.submit(work)?.blocking_recv().map_err(|_| gone())?
    }

    fn submit<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<R, LedgerError>>, LedgerError> {
        let (answer, receiver) = oneshot::channel();
        let job: Work = Box::new(move |connection| {
            let busy = || LedgerError::Failed("it is busy".to_owned());
            let result = connection
                .ok_or_else(busy)
                .and_then(|c| work(c).map_err(|e| LedgerError::Failed(e.to_string())));
            let fine = result.is_ok();
            let reply: Reply = Box::new(move |broken: Option<&LedgerError>| {
                let _ = answer.send(broken.map_or(result, |e| Err(e.clone())));
            });
            (fine, reply)
        });
        self.sender.send(job).map_err(|_| gone())?;
        Ok(receiver)
    }
}

fn gone() -> LedgerError {
    LedgerError::Broken("the ledger's thread has ended".to_owned())
}

/// Takes the lock on a file of its own: closing any handle on the database file itself would drop the
/// locks SQLite holds on it.
fn lock(path: &Path) -> Result<File, LedgerError> {
    let lock_path = beside(path, "lock");
    let open = |e: std::io::Error| LedgerError::Open {
        path: lock_path.display().to_string(),
        reason: e.to_string(),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(open)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            let pid = pid.trim();
            let pid = if pid.is_empty() { String::new() } else { format!(" (process {pid})") };
            return Err(LedgerError::InUse { path: path.display().to_string(), pid });
        }
        Err(TryLockError::Error(e)) => return Err(open(e)),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(open)?;
    writeln!(file, "{}", std::process::id()).map_err(open)?;
    Ok(file)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn prepare(path: &Path) -> Result<Connection, String> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(format!("SQLite {} is too old: a WAL bug could lose commits", rusqlite::version()));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("folder `{}`: {e}", folder.display()))?;
        restrict(folder, 0o700);
    }
    let mut connection = Connection::open(path).map_err(|e| e.to_string())?;
    restrict(path, 0o600);
    let set = || -> rusqlite::Result<()> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // A plan is made once, not for each value: else the claim would be parsed again each time.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(())
    };
    set().map_err(|e| e.to_string())?;
    read_back(&connection)?;
    schema::migrate(&mut connection).map_err(|e| e.to_string())?;
    // What a savepoint may have to undo is kept in memory, page by page. By default SQLite takes and gives
    // back 64 KiB for each, which costs more than all the rest of a commit.
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(|e| e.to_string())?;
    let sound: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if sound != "ok" {
        return Err(format!(
            "damaged: {sound}\n  hint: keep the file, then try `sqlite3 {} .recover | sqlite3 recovered.db`",
            path.display()
        ));
    }
    // It has just held every row against its table's conditions. What is written from here on comes from our own
    // enums, and the list of statuses would be made a table again for each change of one.
    connection.pragma_update(None, "ignore_check_constraints", true).map_err(|e| e.to_string())?;
    Ok(connection)
}

/// A pragma that a file system does not honour is silently not set; so each is read back.
fn read_back(connection: &Connection) -> Result<(), String> {
    let journal: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(|e| e.to_string())?;
    let synchronous: i64 =
        connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(|e| e.to_string())?;
    if journal != "wal" || synchronous != 2 {
        return Err(format!(
            "needs journal_mode=wal and synchronous=FULL, got {journal} and {synchronous}; is it on a network file system?"
        ));
    }
    Ok(())
}

/// Only we may read it. On systems without such modes there is nothing to do.
fn restrict(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// The thread: gathers what waits, commits it, answers. Ends when every handle is gone, or at the first
/// commit that fails: after a failed fsync nobody knows what the disk holds.
fn serve(connection: Connection, receiver: &mpsc::Receiver<Work>) {
    while let Ok(first) = receiver.recv() {
        if let Err(broken) = serve_group(&connection, receiver, first) {
            tracing::error!(error = %broken, "the ledger cannot commit");
            return;
        }
    }
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

fn serve_group(
    connection: &Connection,
    receiver: &mpsc::Receiver<Work>,
    first: Work,
) -> Result<(), LedgerError> {
    let begun = say(connection, "BEGIN IMMEDIATE");
    // The first piece is alone in the transaction, and most have no other: what it would undo is all there is.
    let (fine, reply) = first(begun.is_ok().then_some(connection));
    if begun.is_ok() && !fine {
        // What the disk would not give or take, SQLite has undone by itself: nobody knows what else it will not.
        let undone = !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_ok();
        let broken = (!undone).then(|| LedgerError::Broken("its transaction was lost".to_owned()));
        reply(broken.as_ref());
        return broken.map_or(Ok(()), Err);
    }
    let mut replies = vec![reply];
    while replies.len() < GROUP_MAX
        && let Ok(work) = receiver.try_recv()
    {
        replies.push(match &begun {
            Ok(()) => in_savepoint(connection, work),
            Err(_) => work(None).1,
        });
    }
    let outcome = match begun {
        // Busy beyond the timeout: nothing was begun, nothing is broken; the caller tries again.
        Err(e) => Err((LedgerError::Failed(e.to_string()), false)),
        Ok(()) => say(connection, "COMMIT").map_err(|e| {
            let _ = connection.execute_batch("ROLLBACK");
            let full = e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
            (
                if full { LedgerError::Failed(e.to_string()) } else { LedgerError::Broken(e.to_string()) },
                !full,
            )
        }),
    };
    let error = outcome.as_ref().err().map(|(e, _)| e);
    for reply in replies {
        reply(error);
    }
    match outcome {
        Err((e, true)) => Err(e),
        _ => Ok(()),
    }
}

/// One piece of work fails alone: what it wrote is undone, its neighbours in the group stay.
fn in_savepoint(connection: &Connection, work: Work) -> Reply {
    let _ = say(connection, "SAVEPOINT piece");
    let (fine, reply) = work(Some(connection));
    if !fine {
        let _ = say(connection, "ROLLBACK TO piece");
    }
    let _ = say(connection, "RELEASE piece");
    reply
}

/// One statement without values, prepared once.
fn say(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

pub(crate) fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten pieces that wait together, one of which fails in the middle of its work, wherever it stands: what it wrote is
    /// undone, and nothing else.
    #[test]
    fn a_piece_that_fails_takes_nothing_with_it() {
        for bad in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
            let (go, held) = mpsc::channel::<()>();
            let (mut held, mut answers) = (Some(held), Vec::new());
            for n in 0..10 {
                let held = held.take();
                let work = move |c: &Connection| {
                    // The first one waits until all are there.
                    let _ = held.map(|held| held.recv());
                    c.execute(
                        "INSERT INTO row_count (job, at, relation, rows) VALUES ('j', ?1, 'r', 1)",
                        [n],
                    )?;
                    if n == bad {
                        c.execute("INSERT INTO nowhere VALUES (1)", []).map(|_| ())
                    } else {
                        Ok(())
                    }
                };
                answers.push(ledger.submit(work).unwrap());
            }
            drop(go);
            for (n, answer) in (0..10).zip(answers) {
                assert_eq!(answer.blocking_recv().unwrap().is_ok(), n != bad, "{n} with {bad} broken");
            }
            let count = |c: &Connection| {
                c.query_row("SELECT count(*), sum(at) FROM row_count", [], |r| Ok((r.get(0)?, r.get(1)?)))
            };
            assert_eq!(ledger.run_blocking(count).unwrap(), (9, 45 - bad));
        }
    }

    /// As SQLite does it by itself when a page cannot be read or written.
    #[test]
    fn a_transaction_that_is_lost_ends_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
        let lose = |c: &Connection| c.execute_batch("ROLLBACK; SELECT * FROM nowhere");
        assert!(matches!(ledger.run_blocking(lose), Err(LedgerError::Broken(_))));
        assert!(matches!(ledger.run_blocking(|_| Ok(())), Err(LedgerError::Broken(_))));
    }

    #[test]
    fn a_row_that_cannot_be_right_is_found_when_the_ledger_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        prepare(&path).unwrap();
        let c = Connection::open(&path).unwrap();
        let insert = |status: &str| {
            c.execute(
                "INSERT INTO delivery (key, job, occurrence, recipient, channel, address, subject, checksum, created,
                   not_before, expires, status) VALUES (?1, 'j', 1, 'r', 'c', '', 's', 'sum', 1, 1, 2, ?1)",
                [status],
            )
        };
        insert("pending").unwrap();
        prepare(&path).unwrap();
        c.pragma_update(None, "ignore_check_constraints", true).unwrap();
        insert("sold").unwrap();
        let refused = prepare(&path).unwrap_err();
        assert!(refused.contains("CHECK constraint failed in delivery"), "{refused}");
    }
}

//! The daemon under measurement: a folder with its configuration and a ledger full of messages, and the
//! real binary draining it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use retaind::clock::{Clock, Stopwatch};
use retaind::ledger::{Access, Ledger, deliveries};
use retaind::outbox::{Delivery, DeliveryKey, Sealed};
use retaind::render::mime;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::process::{LOOK, Pause, Sink, Used};

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Mail,
    Webhook,
}

/// Messages stored in one transaction.
const CHUNK: usize = 1_000;

/// No drain takes this long; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// How the daemon is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// Where its folder is made: the disk under test.
    pub(crate) disk: PathBuf,
    /// SMTP connections.
    pub(crate) connections: usize,
}

/// A folder with a ledger and a configuration that leads to a sink.
pub(crate) struct Shop {
    folder: TempDir,
    kind: Kind,
    bytes: usize,
}

impl Shop {
    /// One with `messages` of about `bytes` each, all due.
    pub(crate) fn new(setup: &Setup, kind: Kind, port: u16, messages: usize, bytes: usize) -> Shop {
        let folder = tempfile::tempdir_in(&setup.disk).expect("a folder");
        let shop = Shop { folder, kind, bytes };
        let store = Connection::open(shop.path("shop.db")).expect("a store");
        store.execute_batch(&retaind::store::relation::schema()).expect("its schema");
        std::fs::write(shop.path("retaind.toml"), configuration(kind, port, setup.connections))
            .expect("a configuration");
        shop.secret("url", &format!("http://127.0.0.1:{port}/hook"));
        shop.secret("key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        shop.add("bulk", messages);
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(self.path(name), text).expect("a secret");
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).expect("its mode");
    }

    /// Adds messages that are due now, as a run commits them.
    pub(crate) fn add(&self, job: &str, messages: usize) {
        let ledger = Ledger::open(&self.path("ledger.db"), Access::Founder).expect("a ledger");
        let now = Clock::System.now();
        for start in (0..messages).step_by(CHUNK) {
            let numbers = start..messages.min(start + CHUNK);
            let chunk: Vec<Delivery> = numbers.map(|n| self.message(job, n, now)).collect();
            let insert = move |c: &Connection| chunk.iter().try_for_each(|d| deliveries::insert(c, d, now));
            ledger.run_blocking(insert).expect("they are stored");
        }
    }

    fn message(&self, job: &str, number: usize, now: Timestamp) -> Delivery {
        let recipient = format!("c{number}");
        let key = DeliveryKey::of(job, now, &recipient, "out");
        let (payload, address) = match self.kind {
            Kind::Mail => (mail(&key, &recipient, now, self.bytes), format!("{recipient}@example.com")),
            Kind::Webhook => {
                let pad = "x".repeat(self.bytes.saturating_sub(80));
                (
                    format!(
                        r#"{{"type":"report.published","data":{{"recipient":"{recipient}","pad":"{pad}"}}}}"#
                    )
                    .into_bytes(),
                    String::new(),
                )
            }
        };
        Delivery {
            key,
            job: job.to_owned(),
            occurrence: now,
            recipient,
            channel: "out".to_owned(),
            address,
            subject: "Weekly report".to_owned(),
            payload: Sealed::new(payload),
            not_before: now,
            expires: now + SignedDuration::from_hours(120),
        }
    }

    /// The binary at work, its log as verbose as it is by itself, and read by nobody.
    pub(crate) fn start(&self, binary: &Path) -> Daemon {
        let mut command = Command::new(binary);
        command.current_dir(self.folder.path()).args(["run", "--config", "retaind.toml"]);
        command.env_remove("RETAIND_LOG").env_remove("STATE_DIRECTORY").stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary");
        Daemon { child }
    }

    /// How many are not sent yet, of all or of one job.
    pub(crate) fn unsent(&self, job: &str) -> i64 {
        let sql = "SELECT count(*) FROM delivery WHERE status <> 'sent' AND job LIKE ?1";
        self.ask(|c| c.query_row(sql, [job], |row| row.get(0)))
    }

    /// Seconds from the decision on a job's message to its end.
    pub(crate) fn delay(&self, job: &str) -> Option<f64> {
        let sql = "SELECT max(finished - created) / 1e6 FROM delivery WHERE job = ?1 AND status = 'sent'";
        self.ask(|c| c.query_row(sql, [job], |row| row.get(0)))
    }

    fn ask<R>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<R>) -> R {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let c = Connection::open_with_flags(self.path("ledger.db"), flags).expect("the ledger");
        c.busy_timeout(Duration::from_secs(5)).and_then(|()| question(&c)).expect("an answer")
    }
}

/// The running binary.
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Waits until `messages` arrived at the sink and the ledger knows it; ends the daemon; what it used.
    pub(crate) fn drain(mut self, shop: &Shop, sink: &mut Sink, messages: u64) -> Used {
        let (pause, clock) = (Pause::new(), Stopwatch::start());
        while sink.arrived().messages < messages {
            assert!(clock.elapsed() < PATIENCE, "{} of {messages} arrived", sink.arrived().messages);
            assert!(self.child.try_wait().ok().flatten().is_none(), "the daemon ended by itself");
            pause.wait(LOOK);
        }
        while shop.unsent("%") > 0 {
            assert!(clock.elapsed() < PATIENCE, "{} are not recorded as sent", shop.unsent("%"));
            pause.wait(LOOK * 5);
        }
        let used = self.used();
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "the daemon ended with {status}");
        used
    }

    /// What it used so far.
    pub(crate) fn used(&self) -> Used {
        Used::of(self.child.id()).map(|(used, _)| used).unwrap_or_default()
    }
}

fn mail(key: &DeliveryKey, recipient: &str, now: Timestamp, bytes: usize) -> Vec<u8> {
    let line = "Ana Lima, Casa Verde: 3 follow-ups today, one of them overdue.\n";
    let half = line.repeat(bytes.saturating_sub(1_100) / 2 / line.len());
    let address = |text: &str| mime::address(text).expect("an address");
    let built = mime::build(&mime::Mail {
        key,
        date: now,
        from: &mime::mailbox("Shop", &address("shop@example.com")),
        to_name: "Ana",
        to: &address(&format!("{recipient}@example.com")),
        subject: "Weekly report",
        text: &half,
        html: &format!("<pre>{half}</pre>"),
        inline: &[],
        files: &[],
        stop: None,
    });
    built.expect("a mail")
}

fn configuration(kind: Kind, port: u16, connections: usize) -> String {
    let channel = match kind {
        Kind::Mail => format!(
            "kind = \"smtp\"\nfrom = \"Shop <shop@example.com>\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nconcurrency = {connections}\n"
        ),
        Kind::Webhook => {
            let keys = "url = { file = \"url\" }\nsecret = { file = \"key\" }\nallow_private = true\nconcurrency = 64\n";
            format!("kind = \"webhook\"\n{keys}")
        }
    };
    format!("[store]\npath = \"shop.db\"\nzone = \"UTC\"\ncurrency = \"EUR\"\n[channels.out]\n{channel}")
}

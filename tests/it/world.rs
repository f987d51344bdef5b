//! What several tests stand on: a folder with a shop, its configuration and its ledger, and chance that
//! can be repeated.

use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use retaind::ledger::{Access, Ledger, LedgerError};
use tempfile::TempDir;

/// A folder with a copy of the Chinook shop and of its example configuration.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// A fresh one; `change` edits the configuration before it is written.
    pub(crate) fn chinook(change: impl FnOnce(String) -> String) -> World {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(root.join("tests/fixtures/chinook.sqlite"), folder.path().join("chinook.sqlite"))
            .unwrap();
        let text = std::fs::read_to_string(root.join("config/examples/chinook.toml")).unwrap();
        let text = replace(&text, "../../tests/fixtures/chinook.sqlite", "chinook.sqlite");
        std::fs::write(folder.path().join("retaind.toml"), change(text)).unwrap();
        World { folder }
    }

    /// The configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("retaind.toml")
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("chinook-ledger.db")
    }

    /// The store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("chinook.sqlite")
    }

    /// The real binary, about to run with this configuration; what it prints is read from its stderr.
    pub(crate) fn binary(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retaind"));
        command.arg("--config").arg(self.config()).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.env_remove("STATE_DIRECTORY").env_remove("RUST_LOG");
        command
    }
}

/// `text` with `from` replaced, which must be there: an example that changed must not pass unseen.
pub(crate) fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in the configuration");
    text.replace(from, to)
}

/// Chance from a seed (`SplitMix64`).
#[derive(Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The seed of the variable `SEED`, or one that differs from run to run.
    pub(crate) fn seed() -> u64 {
        let fresh = || std::hash::RandomState::new().build_hasher().finish();
        std::env::var("SEED").map_or_else(|_| fresh(), |seed| seed.parse().unwrap())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// The items in another order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// Opens a ledger whose daemon may have gone a moment ago. A command that another test is starting has this process's
/// files until it runs, and the lock with them.
pub(crate) fn ledger(path: &Path) -> Ledger {
    let gone = (0..1_000_000).find_map(|_| match Ledger::open(path, Access::Daemon) {
        Err(LedgerError::InUse { .. }) => {
            std::thread::yield_now();
            None
        }
        opened => Some(opened),
    });
    gone.expect("somebody keeps the ledger").unwrap()
}

/// Somebody who reads in a language, in UTC.
pub(crate) fn reader(id: &str, language: &str) -> retaind::domain::Recipient {
    retaind::domain::Recipient {
        id: id.to_owned(),
        name: "Ana Lima".to_owned(),
        email: Some(format!("{id}@example.com")),
        chat: None,
        language: language.to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        calendar: retaind::domain::recipient::Calendar::default(),
        quiet: None,
        away: Vec::new(),
        digests_a_day: None,
    }
}

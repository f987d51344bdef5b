//! Who is measured: how each is started, what it needs, and how to get it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

/// A way to make the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Who {
    /// One pass over the transactions and nothing else, one thread.
    Floor,
    /// The same, two threads.
    #[value(name = "floor-2")]
    Floor2,
    /// This program, to the rendered page.
    Retaind,
    /// `DuckDB` on its own copy of the store; making the copy is not counted.
    DuckdbOwn,
    /// `DuckDB`, the store's tables loaded into memory, then the report.
    DuckdbLoaded,
    /// `DuckDB` on the attached store.
    DuckdbAttached,
    /// polars, read by connectorx.
    Polars,
    /// pandas, read by Python's own sqlite3.
    Pandas,
    /// One script for the shell of SQLite.
    Sqlite,
}

/// What a command line is made of.
pub(crate) struct Places<'a> {
    /// The store.
    pub(crate) store: &'a Path,
    /// `DuckDB`'s copy of it.
    pub(crate) copy: &'a Path,
    /// retaind's configuration for it.
    pub(crate) config: &'a Path,
    /// Where retaind writes its page.
    pub(crate) page: &'a Path,
    /// The program.
    pub(crate) retaind: &'a Path,
    /// The Python that has the peers.
    pub(crate) python: &'a Path,
}

/// The peers' scripts.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(name)
}

impl Who {
    /// As in the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Who::Floor => "floor, 1 thread",
            Who::Floor2 => "floor, 2 threads",
            Who::Retaind => "**retaind**",
            Who::DuckdbOwn => "DuckDB, own copy",
            Who::DuckdbLoaded => "DuckDB, file loaded into memory",
            Who::DuckdbAttached => "DuckDB, file attached",
            Who::Polars => "polars",
            Who::Pandas => "pandas",
            Who::Sqlite => "sqlite3, all in SQL",
        }
    }

    /// Whether it prints the report's figures, or only what it read.
    pub(crate) const fn prints(self) -> Prints {
        match self {
            Who::Floor | Who::Floor2 => Prints::Totals,
            Who::Retaind => Prints::Page,
            _ => Prints::Figures,
        }
    }

    /// The command line.
    pub(crate) fn command(self, places: &Places<'_>) -> Result<Vec<String>> {
        let python = |name: &str, arguments: &[&Path]| {
            // -B: nothing compiled is left beside the scripts.
            let mut command = vec![text(places.python), "-B".into(), text(&script(name))];
            command.extend(arguments.iter().map(|path| text(path)));
            command
        };
        let duckdb = |mode: &str, file: &Path| python("duckdb_report.py", &[Path::new(mode), file]);
        Ok(match self {
            Who::Floor | Who::Floor2 => {
                let threads = if self == Who::Floor { "1" } else { "2" };
                vec![text(&std::env::current_exe()?), "floor".into(), text(places.store), threads.into()]
            }
            Who::Retaind => {
                let asked =
                    "report executive --at 2026-11-01T08:00 --period month --split segment --format html";
                let mut command = vec![text(places.retaind), "--config".into(), text(places.config)];
                command.extend(asked.split(' ').map(str::to_owned));
                command.extend(["--out".into(), text(places.page)]);
                command
            }
            Who::DuckdbOwn => duckdb("own", places.copy),
            Who::DuckdbLoaded => duckdb("loaded", places.store),
            Who::DuckdbAttached => duckdb("attached", places.store),
            Who::Polars => python("polars_report.py", &[places.store]),
            Who::Pandas => python("pandas_report.py", &[places.store]),
            Who::Sqlite => {
                let read = format!(".read '{}'", text(&script("sqlite_report.sql")));
                ["sqlite3", "-batch", "-bail", "-readonly", &text(places.store), &read]
                    .map(str::to_owned)
                    .into()
            }
        })
    }

    /// The command that makes `DuckDB`'s copy.
    pub(crate) fn copying(places: &Places<'_>) -> Vec<String> {
        let script = script("duckdb_report.py");
        let parts =
            [places.python, Path::new("-B"), script.as_path(), Path::new("copy"), places.store, places.copy];
        parts.map(text).into()
    }

    /// Its version, or `None` where it is not installed.
    pub(crate) fn version(self, places: &Places<'_>) -> Option<String> {
        let modules = |names: &str| {
            let print = format!(
                "import {names}\nfrom importlib.metadata import version\n\
                 print(' '.join(n + ' ' + version(n) for n in '{names}'.split(', ')))"
            );
            answer(&text(places.python), &["-c", &print])
        };
        match self {
            Who::Floor | Who::Floor2 => Some(format!("SQLite {}", rusqlite::version())),
            Who::Retaind => answer(&text(places.retaind), &["--version"]),
            Who::DuckdbOwn => modules("duckdb"),
            Who::DuckdbLoaded | Who::DuckdbAttached => modules("duckdb, duckdb_extension_sqlite_scanner"),
            Who::Polars => modules("polars, connectorx"),
            Who::Pandas => modules("pandas"),
            Who::Sqlite => {
                let version = answer("sqlite3", &["--version"])?;
                Some(format!("sqlite3 {}", version.split(' ').next().unwrap_or_default()))
            }
        }
    }

    /// How to install what it needs.
    pub(crate) const fn missing(self) -> &'static str {
        match self {
            Who::Floor | Who::Floor2 => "it is part of this program",
            Who::Retaind => "cargo build --profile dist, or --retaind FILE",
            Who::Sqlite => "the sqlite3 shell is not on the path: apt install sqlite3",
            _ => {
                "python3 -m venv target/bench/venv && target/bench/venv/bin/pip install -r \
                 benches/peers/requirements.txt, or --python FILE"
            }
        }
    }
}

/// What a runner's output says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prints {
    /// Sums over all that was read: some of the peers' rows.
    Totals,
    /// All figures, a row each.
    Figures,
    /// A page for people.
    Page,
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let answer = Command::new(program).args(arguments).output().ok()?;
    let said = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    answer.status.success().then_some(said)
}

/// Writes the configuration that retaind reads a store with.
pub(crate) fn write_config(path: &Path, store: &Path) -> Result<()> {
    let store = std::fs::canonicalize(store)?;
    let config = format!(
        "[store]\npath = {}\nzone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n\n[churn]\nbasis = \"contract\"\n",
        serde_json::to_string(&text(&store))?
    );
    std::fs::write(path, config).with_context(|| format!("`{}` cannot be written", path.display()))
}

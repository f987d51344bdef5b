//! The rounds: stores made, runners found, each run in turn, outputs held against each other, then the table.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;

use crate::How;
use crate::measure::measure;
use crate::runner::{Places, Prints, Who, write_config};
use crate::shop::{self, Size};
use crate::table::{self, Runs};
use crate::{agree, machine};

/// Everything that stays the same over the rounds.
pub(crate) struct Rig {
    how: How,
    python: PathBuf,
}

/// One store with what belongs to it.
struct Stand {
    size: Size,
    store: PathBuf,
    copy: PathBuf,
    config: PathBuf,
    page: PathBuf,
}

impl Rig {
    /// A rig, after a look at the options.
    pub(crate) fn new(how: How) -> Result<Rig> {
        if how.rounds == 0 {
            bail!("--rounds 0 measures nothing");
        }
        let own = how.dir.join("venv/bin/python");
        let found = if own.exists() { own } else { PathBuf::from("python3") };
        let python = how.python.clone().unwrap_or(found);
        Ok(Rig { how, python })
    }

    /// One table of one store.
    pub(crate) fn report(&self, size: Size) -> Result<()> {
        let stand = self.stand(size)?;
        let all = Who::value_variants();
        let mut runs = self.runners(&stand, all)?;
        self.rounds(&[stand], &mut runs)?;
        println!("\n{}", table::report(&runs, size)?);
        Ok(())
    }

    /// One table over several stores.
    pub(crate) fn growth(&self, sizes: &[Size]) -> Result<()> {
        let (mut stands, mut runs) = (Vec::new(), Vec::new());
        for size in sizes {
            let stand = self.stand(*size)?;
            runs.extend(self.runners(&stand, &[Who::Floor, Who::Retaind])?);
            stands.push(stand);
        }
        self.rounds(&stands, &mut runs)?;
        runs.sort_by_key(|runs| runs.who);
        println!("\n{}", table::growth(&runs, sizes)?);
        Ok(())
    }

    /// The store and `DuckDB`'s copy of it.
    pub(crate) fn make(&self, size: Size) -> Result<()> {
        let stand = self.stand(size)?;
        let places = self.places(&stand);
        if Who::DuckdbLoaded.version(&places).is_none() {
            println!("no copy for DuckDB: {}", Who::DuckdbLoaded.missing());
            return Ok(());
        }
        self.copy(&stand)
    }

    fn places<'a>(&'a self, stand: &'a Stand) -> Places<'a> {
        Places {
            store: &stand.store,
            copy: &stand.copy,
            config: &stand.config,
            page: &stand.page,
            retaind: &self.how.retaind,
            python: &self.python,
        }
    }

    fn stand(&self, size: Size) -> Result<Stand> {
        let (store, made) = shop::find_or_make(&self.how.dir, size)?;
        let megabytes = fs::metadata(&store)?.len() as f64 / 1e6;
        let made =
            made.map_or_else(|| "found".to_owned(), |took| format!("made in {:.1} s", took.as_secs_f64()));
        println!("store {}: `{}`, {megabytes:.0} MB, {made}", size.name(), store.display());
        let beside = |ending: &str| self.how.dir.join(format!("{}.{ending}", size.name()));
        let stand =
            Stand { size, store, copy: beside("duckdb"), config: beside("toml"), page: beside("html") };
        write_config(&stand.config, &stand.store)?;
        Ok(stand)
    }

    /// Those asked for who are there; the others with a word how to get them.
    fn runners(&self, stand: &Stand, usual: &[Who]) -> Result<Vec<Runs>> {
        let asked = if self.how.only.is_empty() { usual } else { &self.how.only };
        let places = self.places(stand);
        let mut runs = Vec::new();
        for &who in asked {
            let Some(version) = who.version(&places) else {
                println!("skipped: {}: {}", who.title(), who.missing());
                continue;
            };
            if who == Who::DuckdbOwn && !has_copy(stand)? {
                // Only the copy needs the extension that reads SQLite's files.
                if Who::DuckdbLoaded.version(&places).is_none() {
                    println!("skipped: {}: {}", who.title(), who.missing());
                    continue;
                }
                self.copy(stand)?;
            }
            println!("runs: {}: {version}", who.title());
            runs.push(Runs { who, size: stand.size, taken: Vec::new() });
        }
        Ok(runs)
    }

    fn copy(&self, stand: &Stand) -> Result<()> {
        if has_copy(stand)? {
            return Ok(());
        }
        let out = self.how.dir.join("copy.txt");
        let taken = measure(&Who::copying(&self.places(stand)), self.how.limit, &out)?;
        if taken.late {
            bail!("DuckDB's copy took more than {} s", self.how.limit);
        }
        let megabytes = fs::metadata(&stand.copy)?.len() as f64 / 1e6;
        println!(
            "DuckDB's copy of {}: {megabytes:.0} MB, made in {:.1} s, {:.1} s CPU (not counted below)",
            stand.size.name(),
            taken.wall,
            taken.cpu
        );
        Ok(())
    }

    fn rounds(&self, stands: &[Stand], runs: &mut [Runs]) -> Result<()> {
        for stand in stands {
            warm(&stand.store)?;
        }
        println!("\n{}", machine::facts());
        if let Some(warning) = machine::noise() {
            println!("{warning}");
        }
        let mut rows = None;
        for round in 1..=self.how.rounds {
            println!("round {round} of {}, load {}", self.how.rounds, machine::load());
            for stand in stands {
                let mut printed = Vec::new();
                for row in runs.iter_mut().filter(|row| row.size == stand.size && !row.is_late()) {
                    let out = self.how.dir.join(format!("{}.{:?}.txt", stand.size.name(), row.who));
                    let taken = self.run(stand, row.who, &out)?;
                    row.taken.push(taken);
                    if !taken.late {
                        printed.push((row.who, out));
                    }
                }
                rows = agree::check(&printed)?.or(rows);
            }
        }
        match rows {
            Some(rows) => println!("all who print the figures agree, on {rows} rows"),
            None => println!("nobody who prints the figures took part: nothing to compare"),
        }
        Ok(())
    }

    fn run(&self, stand: &Stand, who: Who, out: &Path) -> Result<crate::measure::Taken> {
        let places = self.places(stand);
        if who.prints() == Prints::Page && places.page.exists() {
            fs::remove_file(places.page)?;
        }
        let taken = measure(&who.command(&places)?, self.how.limit, out)?;
        let late = if taken.late { ", ended at the limit" } else { "" };
        println!(
            "  {} {}: {:.2} s, CPU {:.2} s, {:.0} MB{late}",
            stand.size.name(),
            who.title(),
            taken.wall,
            taken.cpu,
            taken.peak
        );
        if who.prints() == Prints::Page && !taken.late {
            let page = fs::metadata(places.page).with_context(|| "retaind wrote no page")?;
            if page.len() == 0 {
                bail!("retaind wrote an empty page");
            }
        }
        Ok(taken)
    }
}

/// Whether `DuckDB`'s copy is there and no older than the store.
fn has_copy(stand: &Stand) -> Result<bool> {
    let written = |path: &Path| fs::metadata(path)?.modified();
    Ok(stand.copy.exists() && written(&stand.copy)? >= written(&stand.store)?)
}

/// Reads a file once, so that the first to run finds it in memory like the others.
fn warm(path: &Path) -> Result<()> {
    io::copy(&mut fs::File::open(path)?, &mut io::sink())?;
    Ok(())
}

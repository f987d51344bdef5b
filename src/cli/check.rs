//! `retaind check`: everything that is wrong, at once.

use clap::Args;
use serde_json::json;

use super::{Cli, Done, EX_CONFIG, Failure, show};
use crate::channel::Channel;
use crate::clock::Clock;
use crate::config::problem::Severity;
use crate::config::{self, Outlet};
use crate::daemon::foresight::{self, Known};
use crate::job::Recipe;
use crate::ledger::{Access, Ledger};

/// Say everything that is wrong with the configuration, at once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind check\n  retaind check --live     also log in at the mail relays, without sending\n  retaind check --diff     also say what changes against what the daemon knows\n  retaind check --json     for editors and pipelines\n\nExit code 78 when something is wrong; warnings alone are fine."
)]
pub(super) struct Check {
    /// Also connect to what can be probed without sending anything.
    #[arg(long)]
    live: bool,
    /// Also say what changes against what the daemon knows, and what a rule that starts would not tell.
    #[arg(long)]
    diff: bool,
}

impl Check {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let (config, mut findings) = config::load(&cli.config, Outlet::Configured);
        if !self.live {
            // A shell has no credentials; that says nothing against the configuration.
            let absent = findings.problems.iter_mut().filter(|p| p.title == config::NO_CREDENTIALS);
            absent.for_each(|problem| problem.severity = Severity::Warning);
        }
        let mut probes = Vec::new();
        if let Some(config) = config.as_ref().filter(|_| self.live) {
            probes = super::runtime()?.block_on(probe(config));
        }
        if cli.json {
            show::line(&as_json(&findings, &probes));
        } else if findings.are_fatal() {
            return Err(Failure::new(
                EX_CONFIG,
                format!("{}. Nothing was started.", findings.render(show::colour())),
            ));
        } else {
            if !findings.problems.is_empty() {
                show::line(&findings.render(show::colour()));
            }
            for (name, trouble) in &probes {
                show::line(&match trouble {
                    None => format!("ok       channel {name}: reached, logged in"),
                    Some(reason) => format!("TROUBLE  channel {name}: {reason}"),
                });
            }
            if let Some(config) = &config {
                let (jobs, people, channels) =
                    (config.jobs.len(), config.people.len(), config.channels.len());
                show::line(&format!(
                    "The configuration is good: {jobs} jobs, {people} people, {channels} channels."
                ));
                if config.actions.is_none() && reminds(config) {
                    show::line(
                        "  off for want of [actions]: links in digests, to mark an entry done or snooze it",
                    );
                }
                for relation in
                    crate::store::relation::ALL.iter().filter(|r| config.store.mapping.source(**r).is_none())
                {
                    show::line(&format!("  off for want of `{}`: {}", relation.name, relation.feeds));
                }
            }
        }
        if let Some(config) = config.as_ref().filter(|_| self.diff && !cli.json) {
            diff(config)?;
        }
        let bad = findings.are_fatal() || probes.iter().any(|(_, trouble)| trouble.is_some());
        if bad { Err(Failure::new(EX_CONFIG, "")) } else { Ok(()) }
    }
}

/// Whether any job sends digests.
fn reminds(config: &config::Config) -> bool {
    config.jobs.values().any(|job| matches!(job.recipe, Recipe::Reminders(_)))
}

async fn probe(config: &config::Config) -> Vec<(String, Option<String>)> {
    let mut probes = Vec::new();
    for (name, way) in &config.channels {
        if let Channel::Email(email) = &way.channel {
            probes.push((name.clone(), email.probe().await.err()));
        }
    }
    probes
}

/// What changes when this configuration takes the place of the one the daemon has run with.
fn diff(config: &config::Config) -> Done {
    if !config.ledger.exists() {
        show::line("The daemon has never run with this ledger: everything starts with its first start.");
        return Ok(());
    }
    let ledger = Ledger::open(&config.ledger, Access::Operator)?;
    let changes = ledger.run_blocking(Known::read)?.changes(config);
    show::line(&format!("Against what the daemon knows: {}.", changes.told()));
    for rule in &changes.rules_start {
        let data = |e: crate::daemon::runner::RunError| Failure::new(super::EX_DATAERR, e.to_string());
        let backlog = foresight::backlog(config, rule, Clock::System.now()).map_err(data)?.len();
        show::line(&format!(
            "  {rule} starts and would send {backlog} that fell due before: they are listed by `retaind backlog {rule}`, not sent; --send sends them"
        ));
    }
    Ok(())
}

/// What was found, for editors and pipelines.
fn as_json(findings: &config::Findings, probes: &[(String, Option<String>)]) -> String {
    let problems: Vec<_> = findings
        .problems
        .iter()
        .map(|p| {
            let severity = if p.severity == Severity::Error { "error" } else { "warning" };
            let span = p.span.as_ref().map(|s| json!([s.start, s.end]));
            json!({ "severity": severity, "title": p.title, "label": p.label, "help": p.help, "span": span })
        })
        .collect();
    let probes: Vec<_> = probes.iter().map(|(n, r)| json!({ "channel": n, "error": r })).collect();
    json!({ "problems": problems, "probes": probes }).to_string()
}

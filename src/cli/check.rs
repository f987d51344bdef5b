//! `retaind check`: everything that is wrong, at once.

use clap::Args;
use serde_json::json;

use super::{Cli, Done, EX_CONFIG, Failure, show};
use crate::care::Rule;
use crate::care::rule::{Kind, Which};
use crate::channel::Channel;
use crate::clock::Clock;
use crate::config::problem::Severity;
use crate::config::{self, Outlet};
use crate::daemon::foresight::{self, Known};
use crate::job::Recipe;
use crate::ledger::{Access, Ledger};
use crate::store::relation::{self, Relation};

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
        let (mut config, mut findings) = config::load(&cli.config, Outlet::Configured);
        if let Some(config) = &mut config {
            config.store.watcher = super::progress::watcher();
        }
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
                for line in blind(config) {
                    show::line(&line);
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

/// What a rule finds nothing without: relations and columns that a mapping may leave out.
fn columns_of(rule: &Rule) -> Vec<(Relation, &'static str)> {
    let mut columns = match &rule.kind {
        Kind::FollowUp { .. } => vec![(relation::FOLLOW_UPS, "due_at")],
        Kind::ContactGap { .. } => vec![(relation::INTERACTIONS, "at")],
        Kind::Dates { occasion: Which::Birthday, .. } => vec![(relation::CUSTOMERS, "birthday")],
        Kind::Dates { occasion: Which::Anniversary, .. } => vec![(relation::CUSTOMERS, "since")],
        Kind::Dates { occasion: Which::Other, .. } => vec![(relation::IMPORTANT_DATES, "date")],
        Kind::Renewal { .. } => vec![(relation::SUBSCRIPTIONS, "renews_on")],
        Kind::Handover => vec![(relation::CUSTOMERS, "owner_id"), (relation::REPS, "active")],
        Kind::Complaint { .. } => vec![(relation::COMPLAINTS, "opened_at")],
        Kind::Signal { keywords, .. } if keywords.is_empty() => vec![(relation::SIGNALS, "kind")],
        Kind::Signal { .. } => vec![(relation::INTERACTIONS, "note")],
        Kind::WinBack { .. } | Kind::Risk { .. } => Vec::new(),
    };
    columns.extend((!rule.tiers.is_empty()).then_some((relation::CUSTOMERS, "tier")));
    columns.extend((!rule.segments.is_empty()).then_some((relation::CUSTOMERS, "segment")));
    columns
}

/// Rules and letters that find nothing in this store, each with the column they lack.
fn blind(config: &config::Config) -> Vec<String> {
    let Ok(store) = config.store.open() else { return Vec::new() };
    let has = |relation: Relation, column: &str| {
        let source = config.store.mapping.source(relation);
        source.is_some_and(|source| {
            // What cannot be read was told of before.
            store.columns(relation, source).map_or(true, |given| given.iter().any(|name| name == column))
        })
    };
    let mut lines = Vec::new();
    for (name, job) in &config.jobs {
        for rule in job.recipe.rules() {
            let lacks = columns_of(rule).into_iter().filter(|(relation, column)| !has(*relation, column));
            lines.extend(lacks.map(|(relation, column)| {
                format!("  off for want of `{}.{column}`: rule {}", relation.name, rule.name)
            }));
        }
        if matches!(job.recipe, Recipe::Greetings(_)) {
            let lacks = ["consent", "email"].into_iter().filter(|column| !has(relation::CUSTOMERS, column));
            lines.extend(
                lacks.map(|column| format!("  off for want of `customers.{column}`: letters of {name}")),
            );
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// Whether any job sends digests.
fn reminds(config: &config::Config) -> bool {
    config.jobs.values().any(|job| matches!(job.recipe, Recipe::Reminders(_)))
}

async fn probe(config: &config::Config) -> Vec<(String, Option<String>)> {
    let mut probes = Vec::new();
    for (name, way) in &config.channels {
        match &way.channel {
            Channel::Email(email) => probes.push((name.clone(), email.probe().await.err())),
            Channel::Chat(chat) => {
                let answered = chat.probe().await;
                probes.extend(answered.map(|answer| (name.clone(), answer.err())));
            }
            Channel::Webhook(_) | Channel::Memory(_) => {}
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

//! `retaind plan`: every message that would go out, to whom and why.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, read_at, rehearsal, show};
use crate::clock::Clock;
use crate::config::{Config, Job};
use crate::daemon::foresight::{self, Known as Changes};
use crate::daemon::reminding::Turn;
use crate::daemon::runner;
use crate::daemon::watching::{self, Known};
use crate::domain::text::excerpt;
use crate::domain::watched::Memory;
use crate::job::seal::Locales;
use crate::job::watch::replay::remembered;
use crate::ledger::{Access, Ledger};
use crate::outbox::Delivery;

/// List every message that would go out, to whom and why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind plan                                 the next 14 days\n  retaind plan --at 2026-03-27 --for 5d        over a clock change\n  retaind plan --json | jq '.[] | .messages'\n\nFigures are those of the store as it is now, seen as of each occurrence. Reminders are played one after the other, from\nwhat the daemon has told so far: what one would tell, the next does not tell again."
)]
pub(super) struct Plan {
    /// From this instant. Default: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How far to look.
    #[arg(long = "for", value_name = "SPAN", default_value = "14d")]
    span: String,
    /// Every message on a line of its own.
    #[arg(long)]
    all: bool,
}

/// Of what a watch sees, so much is shown.
const SEEN: usize = 120;

/// Occurrences listed; a schedule of every minute would drown the rest.
const LISTED_MAX: usize = 500;

impl Plan {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        let from = self.at.as_ref().map_or(Ok(Clock::System.now()), |text| read_at(text, &config.zone))?;
        let span = crate::config::read_duration(&self.span);
        let span = span.ok_or_else(|| {
            Failure::new(EX_USAGE, format!("not a span: `{}`\nhint: such as 14d or 36h", self.span))
        })?;
        let until =
            from.checked_add(span).map_err(|_| Failure::new(EX_USAGE, "that is beyond the calendar"))?;
        let locales = Locales::load().map_err(|e| Failure::new(EX_USAGE, e.to_string()))?;
        let mut planned = reminded(cli.load_watched()?, from, until)?;
        let more = looked_at(&config, &locales, (from, until), &mut planned);
        planned.sort_by(|a, b| (a.at, &a.job).cmp(&(b.at, &b.job)));
        if cli.json {
            let events: Vec<_> = planned.iter().map(Occurrence::event).collect();
            show::line(&serde_json::to_string_pretty(&events).unwrap_or_default());
            return Ok(());
        }
        let rows: Vec<Vec<String>> = planned.iter().flat_map(|one| self.rows(&config, one)).collect();
        if rows.is_empty() {
            show::line("Nothing is due in that time.");
        }
        show::table(&rows);
        if more > 0 {
            show::line(&format!("and {more} more occurrences"));
        }
        for line in starting(&config, from)? {
            show::line(&line);
        }
        Ok(())
    }

    fn rows(&self, config: &Config, one: &Occurrence) -> Vec<Vec<String>> {
        let (at, planned) = (one.at, &one.planned);
        let zone = config.jobs.get(&one.job).map_or(config.zone.clone(), |job| job.schedule.zone.clone());
        let local = at.to_zoned(zone.clone());
        let city = zone.iana_name().and_then(|n| n.rsplit('/').next()).unwrap_or("UTC").replace('_', " ");
        let head = [local.strftime("%a %e %b %H:%M").to_string() + " " + &city, one.job.clone()];
        let row = |what: String, whom: String| [head.to_vec(), vec![what, whom]].concat();
        match planned {
            Err(reason) => vec![row("-".to_owned(), format!("would not run: {reason}"))],
            Ok(planned) if self.all => {
                let lines = planned
                    .messages
                    .iter()
                    .map(|d| row(d.channel.clone(), format!("{}: {}", d.recipient, d.subject)));
                lines.collect()
            }
            Ok(planned) => {
                let mut by_channel: BTreeMap<&str, Vec<String>> = BTreeMap::new();
                for d in &planned.messages {
                    let later = if d.not_before > at { ", next working day" } else { "" };
                    by_channel.entry(&d.channel).or_default().push(format!("{}{later}", d.recipient));
                }
                // What a watch would tell, or the first reason why it does not.
                let seen = Some(planned.seen.join("; ")).filter(|seen| !seen.is_empty());
                let seen = seen.map(|line| excerpt(&line, SEEN));
                if by_channel.is_empty() {
                    let why = seen.unwrap_or_else(|| "nothing is due".to_owned());
                    return vec![row("-".to_owned(), why)];
                }
                let seen = seen.map(|line| format!(" ({line})")).unwrap_or_default();
                let lines = by_channel.into_iter().map(|(channel, who)| {
                    row(format!("{} via {channel}", who.len()), who.join(" · ") + &seen)
                });
                lines.collect()
            }
        }
    }
}

/// What an occurrence of a job would bring.
struct Occurrence {
    at: Timestamp,
    job: String,
    planned: Result<Planned, String>,
}

struct Planned {
    messages: Vec<Delivery>,
    failed: Vec<(String, String)>,
    /// What a watch sees.
    seen: Vec<String>,
}

/// Whether what a job tells depends on what was told before.
fn remembers(job: &Job) -> bool {
    !job.recipe.rules().is_empty()
}

/// Reminders and greetings, played one after the other.
fn reminded(mut config: Config, from: Timestamp, until: Timestamp) -> Result<Vec<Occurrence>, Failure> {
    config.jobs.retain(|_, job| remembers(job));
    if config.jobs.is_empty() {
        return Ok(Vec::new());
    }
    let own: BTreeSet<String> =
        config.jobs.iter().filter(|(_, job)| job.schedule.own).map(|(name, _)| name.clone()).collect();
    let folder = rehearsal::folder()?;
    let ledger = rehearsal::play(config, (from, until), rehearsal::From::Ledger, &folder)?;
    let (occurrences, messages) =
        ledger.run_blocking(|c| Ok((rehearsal::occurrences(c)?, rehearsal::messages(c)?)))?;
    let mut told: BTreeMap<(String, Timestamp), Vec<Delivery>> = BTreeMap::new();
    for row in messages {
        let of = (row.delivery.job.clone(), row.delivery.occurrence);
        told.entry(of).or_default().push(row.delivery);
    }
    let mut planned = Vec::new();
    for (job, at, state, reason) in occurrences {
        let messages = told.remove(&(job.clone(), at)).unwrap_or_default();
        // On readers' own clocks there is an occurrence for each, and most have nothing to tell.
        if state == "done" && messages.is_empty() && own.contains(&job) {
            continue;
        }
        let seen = Vec::new();
        let planned_of = match state.as_str() {
            "done" => Ok(Planned { messages, failed: Vec::new(), seen }),
            _ => Err(reason),
        };
        planned.push(Occurrence { at, job, planned: planned_of });
    }
    Ok(planned)
}

/// Reports and watches, each as of its occurrence. How many more there would be.
fn looked_at(
    config: &Config,
    locales: &Locales,
    (from, until): (Timestamp, Timestamp),
    planned: &mut Vec<Occurrence>,
) -> usize {
    let mut occurrences: Vec<(Timestamp, &String)> = Vec::new();
    for (name, job) in config.jobs.iter().filter(|(_, job)| !remembers(job)) {
        let due = job.schedule.between(from, until);
        occurrences.extend(due.into_iter().map(|at| (at, name)));
    }
    occurrences.sort();
    let more = occurrences.len().saturating_sub(LISTED_MAX);
    let mut watched: BTreeMap<&String, Memory> = BTreeMap::new();
    for (at, name) in occurrences.into_iter().take(LISTED_MAX) {
        let mut known = watching::known_so_far(config, name, at);
        // A watch goes on from where the occurrence before would have left it.
        known.watched = watched.remove(name).unwrap_or(known.watched);
        let one = messages(config, locales, name, at, &mut known);
        watched.insert(name, known.watched);
        planned.push(Occurrence { at, job: name.clone(), planned: one });
    }
    more
}

fn messages(
    config: &Config,
    locales: &Locales,
    name: &str,
    at: Timestamp,
    known: &mut Known,
) -> Result<Planned, String> {
    let run = runner::look(config, locales, (name, at, Turn::Due), known).map_err(|e| e.to_string())?;
    if let Some(left) = &run.decided.watched {
        known.watched = remembered(&known.watched, left, at);
    }
    Ok(Planned { messages: run.decided.deliveries, failed: run.decided.left_out, seen: run.seen })
}

/// What rules that start with this configuration leave out.
fn starting(config: &Config, from: Timestamp) -> Result<Vec<String>, Failure> {
    let known = if config.ledger.exists() {
        Ledger::open(&config.ledger, Access::Operator)?.run_blocking(Changes::read)?
    } else {
        Changes::default()
    };
    let mut lines = Vec::new();
    for rule in known.changes(config).rules_start {
        let data = |e: runner::RunError| Failure::new(EX_DATAERR, e.to_string());
        let backlog = foresight::backlog(config, &rule, from).map_err(data)?.len();
        if backlog > 0 {
            lines.push(format!(
                "{rule} is not on yet: {backlog} that fell due before are left out; `retaind backlog {rule}` lists them"
            ));
        }
    }
    Ok(lines)
}

impl Occurrence {
    fn event(&self) -> serde_json::Value {
        match &self.planned {
            Err(reason) => json!({ "at": self.at.to_string(), "job": self.job, "error": reason }),
            Ok(planned) => {
                let messages = planned.messages.iter().map(|d| {
                    json!({ "recipient": d.recipient, "channel": d.channel, "subject": d.subject, "not_before": d.not_before.to_string() })
                });
                let failed =
                    planned.failed.iter().map(|(who, why)| json!({ "recipient": who, "reason": why }));
                json!({ "at": self.at.to_string(), "job": self.job, "messages": messages.collect::<Vec<_>>(), "left_out": failed.collect::<Vec<_>>(), "seen": planned.seen })
            }
        }
    }
}

//! `retaind simulate`: the whole configuration over a span of time, at full speed, into memory.

use std::collections::BTreeMap;

use clap::Args;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, read_at, rehearsal, show};
use crate::care::greeted::CUSTOMER;
use crate::config::Config;
use crate::job::Recipe;
use crate::ledger::Ledger;
use crate::ledger::deliveries::Listed;

/// Run the whole configuration over a span of time, without sending, and count what everybody would get.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind simulate --from 2026-01-01 --to 2027-01-01\n  retaind simulate --from 2026-11-02 --to 2026-11-16 --json\n\nRules are taken as switched on at the start, with their backlog told; --no-backlog leaves that out. The store\nis as it is now, seen as of each occurrence: nobody acts on what they are told."
)]
pub(super) struct Simulate {
    /// From this day or instant.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// Up to this day or instant.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Leaves out what fell due before the start.
    #[arg(long)]
    no_backlog: bool,
}

/// Messages to one person within this time collide.
const CLOSE: SignedDuration = SignedDuration::from_hours(1);

/// What came of it.
struct Outcome {
    messages: Vec<Listed>,
    occurrences: BTreeMap<String, i64>,
    reminders: BTreeMap<String, i64>,
    /// Of each job of reminders, how many digests have more than they show, and the most that one has.
    longer: Vec<Longer>,
    /// Why reminders and letters were dropped, and how often.
    dropped: BTreeMap<String, i64>,
}

/// Digests that are longer than what they show.
struct Longer {
    job: String,
    shown: usize,
    digests: i64,
    most: i64,
}

impl Simulate {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        let (from, to) = (read_at(&self.from, &config.zone)?, read_at(&self.to, &config.zone)?);
        if to <= from {
            return Err(Failure::new(EX_USAGE, "`--to` must be later than `--from`"));
        }
        let (zone, items) = (config.zone.clone(), items_max(&config));
        let folder = rehearsal::folder()?;
        let start = rehearsal::From::Nothing { backlog: !self.no_backlog };
        let outcome = Outcome::of(&rehearsal::play(config, (from, to), start, &folder)?, items)?;
        let told = Told::of(&outcome.messages, &zone);
        if cli.json {
            show::line(&told.json(&outcome).to_string());
            return Ok(());
        }
        told.print(&outcome);
        Ok(())
    }
}

impl Outcome {
    fn of(ledger: &Ledger, items: Vec<(String, usize)>) -> Result<Outcome, Failure> {
        let read = ledger.run_blocking(move |c| {
            let count = |sql: &str| {
                let mut statement = c.prepare(sql)?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect::<rusqlite::Result<BTreeMap<String, i64>>>()
            };
            let longer = items.into_iter().map(|(job, shown)| longer(c, job, shown));
            Ok(Outcome {
                messages: rehearsal::messages(c)?,
                occurrences: count("SELECT state, count(*) FROM occurrence GROUP BY state")?,
                reminders: count("SELECT state, count(*) FROM reminder GROUP BY state")?,
                longer: longer.collect::<rusqlite::Result<_>>()?,
                dropped: count(
                    "SELECT reason, count(*) FROM reminder WHERE state = 'dropped' GROUP BY reason",
                )?,
            })
        });
        read.map_err(|e| Failure::new(EX_DATAERR, e.to_string()))
    }
}

fn longer(c: &Connection, job: String, shown: usize) -> rusqlite::Result<Longer> {
    let sql = "SELECT count(*), coalesce(max(n), 0) FROM (
                 SELECT count(DISTINCT about) AS n FROM reminder WHERE state = 'told' AND job = ?1
                 GROUP BY at, recipient) WHERE n > ?2";
    let (digests, most) =
        c.query_row(sql, params![job, shown as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Longer { job, shown, digests, most })
}

/// How many items the digests of each job of reminders show.
fn items_max(config: &Config) -> Vec<(String, usize)> {
    let of = |(name, job): (&String, &crate::config::Job)| match &job.recipe {
        Recipe::Reminders(spec) => Some((name.clone(), spec.items_max)),
        Recipe::Report(_) | Recipe::Greetings(_) | Recipe::Watch(_) => None,
    };
    config.jobs.iter().filter_map(of).collect()
}

/// Messages by who got them.
struct Told {
    people: BTreeMap<String, Vec<(Timestamp, String)>>,
    by_day: BTreeMap<(Date, String), usize>,
}

impl Told {
    fn of(messages: &[Listed], zone: &jiff::tz::TimeZone) -> Told {
        let mut told = Told { people: BTreeMap::new(), by_day: BTreeMap::new() };
        for row in messages {
            let at = row.finished.unwrap_or(row.state.not_before);
            // Of customers it matters how many letters there are, not who.
            let is_letter = row.delivery.recipient.starts_with(CUSTOMER) && !row.delivery.address.is_empty();
            let who = if is_letter { "customers".to_owned() } else { row.delivery.recipient.clone() };
            *told.by_day.entry((zone.to_datetime(at).date(), who.clone())).or_default() += 1;
            told.people.entry(who).or_default().push((at, row.delivery.job.clone()));
        }
        told.people.values_mut().for_each(|all| all.sort());
        told
    }

    /// Two messages of different jobs to one person within the hour.
    fn collisions(&self) -> Vec<(String, Timestamp, String, String)> {
        let mut all = Vec::new();
        for (who, messages) in &self.people {
            for pair in messages.windows(2) {
                let [(first, a), (second, b)] = pair else { continue };
                if a != b && who != "customers" && second.duration_since(*first) < CLOSE {
                    all.push((who.clone(), *second, a.clone(), b.clone()));
                }
            }
        }
        all
    }

    fn busiest(&self) -> Vec<(&(Date, String), &usize)> {
        let mut days: Vec<_> = self.by_day.iter().collect();
        days.sort_by_key(|(day, n)| (std::cmp::Reverse(**n), *day));
        days.truncate(5);
        days
    }

    fn print(&self, outcome: &Outcome) {
        let n = |map: &BTreeMap<String, i64>, key: &str| map.get(key).copied().unwrap_or(0);
        show::line(&format!(
            "{} messages to {} people; {} occurrences done, {} missed, {} failed or stopped.",
            outcome.messages.len(),
            self.people.len(),
            n(&outcome.occurrences, "done"),
            n(&outcome.occurrences, "missed"),
            n(&outcome.occurrences, "failed") + n(&outcome.occurrences, "stopped"),
        ));
        show::line(&format!(
            "{} reminders and letters told, {} waiting, {} dropped.",
            n(&outcome.reminders, "told"),
            n(&outcome.reminders, "waiting"),
            n(&outcome.reminders, "dropped"),
        ));
        for (reason, n) in &outcome.dropped {
            show::line(&format!("  {n} dropped: {reason}"));
        }
        for Longer { job, shown, digests, most } in outcome.longer.iter().filter(|longer| longer.digests > 0)
        {
            show::line(&format!(
                "{digests} digests of {job} have more than the {shown} customers they show; the longest has {most}."
            ));
        }
        let mut rows = vec![["who", "messages", "days", "a day at most"].map(str::to_owned).to_vec()];
        for (who, messages) in &self.people {
            let days: Vec<usize> =
                self.by_day.iter().filter(|((_, name), _)| name == who).map(|(_, n)| *n).collect();
            let most = days.iter().max().copied().unwrap_or(0);
            rows.push(vec![
                who.clone(),
                messages.len().to_string(),
                days.len().to_string(),
                most.to_string(),
            ]);
        }
        show::table(&rows);
        show::line("Busiest:");
        for ((day, who), n) in self.busiest() {
            show::line(&format!("  {day}  {who}: {n}"));
        }
        let collisions = self.collisions();
        if !collisions.is_empty() {
            show::line(&format!(
                "{} times two jobs reach somebody within an hour, such as:",
                collisions.len()
            ));
            for (who, at, a, b) in collisions.iter().take(5) {
                show::line(&format!("  {at}  {who}: {a}, {b}"));
            }
        }
    }

    fn json(&self, outcome: &Outcome) -> serde_json::Value {
        let people: BTreeMap<_, _> = self.people.iter().map(|(who, all)| (who, all.len())).collect();
        let busiest: Vec<_> = self
            .busiest()
            .into_iter()
            .map(|((day, who), n)| json!({ "day": day.to_string(), "who": who, "messages": n }))
            .collect();
        let collisions: Vec<_> = self
            .collisions()
            .into_iter()
            .map(|(who, at, a, b)| json!({ "who": who, "at": at.to_string(), "jobs": [a, b] }))
            .collect();
        let longer: Vec<_> = outcome
            .longer
            .iter()
            .map(|l| json!({ "job": l.job, "items": l.shown, "digests": l.digests, "most": l.most }))
            .collect();
        json!({
            "messages": outcome.messages.len(), "people": people, "occurrences": outcome.occurrences,
            "reminders": outcome.reminders, "busiest": busiest, "collisions": collisions,
            "dropped": outcome.dropped, "longer": longer,
        })
    }
}

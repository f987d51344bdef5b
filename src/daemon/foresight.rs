//! Looks ahead: what a job of reminders would find as of an instant, and what a changed configuration changes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Result as SqlResult};

use super::reminding::staff;
use super::runner::{RunError, history, rules_of, unreadable};
use crate::care::{Case, History, Staff, candidates};
use crate::config::{Config, Job};
use crate::domain::facts::{Contacts, Facts};
use crate::domain::{Day, People};
use crate::job::reminders::Due;
use crate::job::{Recipe, RemindersSpec};
use crate::ledger::Ledger;
use crate::metrics::Settings;

/// What a job of reminders sees as of an instant.
pub struct View<'a> {
    /// The job.
    pub job: &'a Job,
    /// How it counts.
    pub settings: &'a Settings,
    /// What was read.
    pub facts: &'a Facts,
    /// Names of everybody that was asked for.
    pub people: &'a People,
    /// Last contacts with them.
    pub contacts: &'a Contacts,
    /// What has become of cases so far.
    pub history: &'a History,
    /// Who can be told.
    pub staff: &'a Staff,
}

/// Shows `look` what a job sees. `whole` reads all customers, also those of whom nothing may be due; `asked` are the
/// ids of customers whose names are wanted.
pub fn view<R>(
    config: &Config,
    ledger: Option<&Ledger>,
    (name, at): (&str, Timestamp),
    (whole, asked): (bool, &[String]),
    look: impl FnOnce(&View<'_>) -> R,
) -> Result<R, RunError> {
    let job = config.jobs.get(name).ok_or_else(|| RunError::Broken(format!("no job `{name}`")))?;
    let settings = match &job.recipe {
        Recipe::Reminders(spec) => &spec.settings,
        Recipe::Greetings(spec) => &spec.settings,
        Recipe::Report(_) | Recipe::Watch(_) => {
            return Err(RunError::Broken(format!("`{name}` looks at no rules")));
        }
    };
    let lens = config.store.lens(at, job.schedule.zone.clone());
    let history = match ledger {
        Some(ledger) => history(ledger, (name, &rules_of(config, name)), &lens).map_err(RunError::Broken)?,
        None => History::default(),
    };
    let mut store = config.store.open().map_err(unreadable)?;
    let mut snapshot = store.snapshot().map_err(unreadable)?;
    let staff = staff(config, job, &snapshot.reps(&lens).map_err(unreadable)?);
    let mut needs = job.recipe.needs(&lens);
    if let Some(look) = needs.look.as_mut() {
        look.everybody |= whole;
        if let Recipe::Reminders(spec) = &job.recipe {
            candidates::look_back(&spec.rules, (&history, &staff), &lens, look);
        }
    }
    let facts = snapshot.read(needs, lens).map_err(unreadable)?;
    let key = |id: &String| facts.customers.find(crate::domain::customers::Key::of(id));
    let wanted: std::collections::BTreeSet<u32> = asked.iter().filter_map(key).collect();
    let people = snapshot.people(&facts, wanted.clone()).map_err(unreadable)?;
    let contacts = snapshot.contacts(&facts, &wanted).map_err(unreadable)?;
    drop(snapshot);
    let (people, contacts) = (&people, &contacts);
    Ok(look(&View { job, settings, facts: &facts, people, contacts, history: &history, staff: &staff }))
}

/// What changes when a configuration takes the place of the one that the ledger knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Jobs that were not there.
    pub jobs_new: Vec<String>,
    /// Jobs whose schedule is another one.
    pub jobs_moved: Vec<String>,
    /// Jobs that are gone.
    pub jobs_gone: Vec<String>,
    /// Rules that were not there, or look for something else: they start now.
    pub rules_start: Vec<String>,
    /// Rules that are gone.
    pub rules_gone: Vec<String>,
}

impl Changes {
    /// In a sentence, for ops.
    pub fn told(&self) -> String {
        let named = |what: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
        };
        let parts = [
            named("new jobs", &self.jobs_new),
            named("schedules that move", &self.jobs_moved),
            named("jobs that are gone", &self.jobs_gone),
            named("rules that start now", &self.rules_start),
            named("rules that are gone", &self.rules_gone),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "nothing changes".to_owned() } else { parts.join("; ") }
    }
}

/// What the ledger knows of schedules and rules: names and fingerprints.
#[derive(Debug, Clone, Default)]
pub struct Known {
    schedules: BTreeMap<String, String>,
    rules: BTreeMap<String, String>,
}

impl Known {
    /// Reads it.
    pub fn read(c: &Connection) -> SqlResult<Known> {
        let read = |sql: &str| {
            let mut statement = c.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<SqlResult<BTreeMap<String, String>>>()
        };
        Ok(Known {
            schedules: read("SELECT job, fingerprint FROM schedule")?,
            rules: read("SELECT rule, fingerprint FROM rule")?,
        })
    }

    /// What a configuration changes.
    pub fn changes(&self, config: &Config) -> Changes {
        let mut changes = Changes::default();
        // A job with a schedule for each clock has a horizon for each.
        let job_of = |horizon: &str| horizon.split(" @ ").next().unwrap_or(horizon).to_owned();
        for (name, job) in &config.jobs {
            let of_job: Vec<(&String, &String)> =
                self.schedules.iter().filter(|(horizon, _)| job_of(horizon) == *name).collect();
            let same = |(horizon, is): &(&String, &String)| {
                let zone = horizon.split_once(" @ ").and_then(|(_, zone)| jiff::tz::TimeZone::get(zone).ok());
                match (job.schedule.own, zone) {
                    (true, Some(zone)) => job.schedule.on(&zone).fingerprint() == **is,
                    (false, None) => job.schedule.fingerprint() == **is,
                    _ => false,
                }
            };
            if of_job.is_empty() {
                changes.jobs_new.push(name.clone());
            } else if !of_job.iter().any(same) {
                changes.jobs_moved.push(name.clone());
            }
        }
        let gone = self.schedules.keys().map(|horizon| job_of(horizon));
        changes.jobs_gone = gone.filter(|job| !config.jobs.contains_key(job)).collect();
        changes.jobs_gone.dedup();
        let rules = rules(config);
        changes.rules_start = rules
            .iter()
            .filter(|(rule, is)| self.rules.get(*rule) != Some(is))
            .map(|(rule, _)| rule.clone())
            .collect();
        changes.rules_gone = self.rules.keys().filter(|rule| !rules.contains_key(*rule)).cloned().collect();
        changes
    }
}

/// The rules that jobs look at, with their fingerprints.
pub fn rules(config: &Config) -> BTreeMap<String, String> {
    let mut rules = BTreeMap::new();
    for job in config.jobs.values() {
        rules.extend(job.recipe.rules().iter().map(|rule| (rule.name.clone(), rule.fingerprint())));
    }
    rules
}

/// The backlog of a rule that starts at `at`: what fell due before and would be told if it had always been on. With
/// the job that looks at it.
pub fn backlog(config: &Config, rule: &str, at: Timestamp) -> Result<Vec<Case>, RunError> {
    let is_its = |job: &&String| {
        matches!(config.jobs.get(*job).map(|job| &job.recipe), Some(Recipe::Reminders(spec))
            if spec.rules.iter().any(|known| known.name == rule))
    };
    let Some(name) = config.jobs.keys().find(is_its) else { return Ok(Vec::new()) };
    view(config, None, (name, at), (false, &[]), |view| {
        let spec = RemindersSpec {
            rules: view.job.recipe.rules().iter().filter(|known| known.name == rule).cloned().collect(),
            items_max: usize::MAX,
            ics: false,
            settings: view.settings.clone(),
        };
        let today = view.facts.lens.today();
        let on = crate::care::history::On { since: today, looked: false };
        let history = History { rules: [(rule.to_owned(), on)].into(), ..History::default() };
        let due = Due::of(view.facts, &spec, &history, view.staff);
        let told = |case: &&Case| is_told(case, view, today);
        due.backlog().iter().filter(told).cloned().collect()
    })
}

fn is_told(case: &Case, view: &View<'_>, today: Day) -> bool {
    let late =
        view.job.recipe.rules().iter().find(|rule| rule.name == case.rule).map_or(0, |rule| rule.max_late);
    let duties = view.staff.duties(case, &History::default(), today);
    duties.iter().any(|duty| duty.due >= today.plus(-late))
}

//! Jobs, from what is written to a schedule, a recipe and whom it goes to.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::file::{self, At};
use super::people::{Audience, Person, Target};
use super::problem::Problem;
use super::{Builder, Way};
use crate::care::Rule;
use crate::domain::Currency;
use crate::job::{Recipe, RemindersSpec};
use crate::metrics::Settings;
use crate::schedule::{Cron, CronProblem, Misfire, Schedule};

/// What is done when, and who is told.
#[derive(Debug, Clone)]
pub struct Job {
    /// When.
    pub schedule: Schedule,
    /// What.
    pub recipe: Recipe,
    /// Who is told; for reminders, who gets what belongs to no active rep.
    pub to: Vec<Target>,
    /// How reps are reached who are not among the people.
    pub via: Vec<String>,
}

/// The kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Report,
    Reminders,
    Greetings,
    Watch,
}

impl Kind {
    const ALL: [(&'static str, Kind); 4] = [
        ("report", Kind::Report),
        ("reminders", Kind::Reminders),
        ("greetings", Kind::Greetings),
        ("watch", Kind::Watch),
    ];

    pub(super) fn name(self) -> &'static str {
        Kind::ALL[self as usize].0
    }
}

/// What jobs refer to.
pub(super) struct Context<'a> {
    pub(super) rules: &'a BTreeMap<String, Rule>,
    pub(super) people: &'a BTreeMap<String, Person>,
    pub(super) audiences: &'a BTreeMap<String, Audience>,
    pub(super) channels: &'a BTreeMap<String, Way>,
    pub(super) zone: &'a TimeZone,
    /// Whether there are pages that links can lead to.
    pub(super) pages: bool,
    /// The store's, where it is one.
    pub(super) currency: Option<Currency>,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Builder {
    pub(super) fn jobs(
        &mut self,
        file: &file::File,
        context: &Context<'_>,
        settings: &Settings,
    ) -> BTreeMap<String, Job> {
        let mut jobs = BTreeMap::new();
        for (name, at) in &file.jobs {
            if let Some(job) = self.job(name, at, context, settings) {
                jobs.insert(name.clone(), job);
            }
        }
        jobs
    }

    fn job(
        &mut self,
        name: &str,
        at: &At<file::Job>,
        context: &Context<'_>,
        settings: &Settings,
    ) -> Option<Job> {
        let job = at.get();
        let known = Kind::ALL.iter().any(|(kind, _)| kind == job.kind.get());
        let kind = self.choice("kind of job", Some(&job.kind), &Kind::ALL, Kind::Report);
        let schedule = self.schedule(job, context.zone);
        let to = self.targets(&job.to, context.people, context.audiences);
        let via = self.via(job.via.as_deref().unwrap_or_default(), context.channels);
        if known {
            self.reaches_somebody(name, job, kind, &via, context);
            self.refuse_strangers(job, kind);
        }
        let recipe = match kind {
            Kind::Report => self.report(job, context, settings),
            Kind::Reminders => self.reminders(job, &via, context, settings),
            Kind::Greetings => self.greetings(job, &via, context, settings)?,
            Kind::Watch => self.watch(name, at, &to, context, settings)?,
        };
        Some(Job { schedule: schedule?, recipe, to, via })
    }

    fn reaches_somebody(
        &mut self,
        name: &str,
        job: &file::Job,
        kind: Kind,
        via: &[String],
        context: &Context<'_>,
    ) {
        let nobody =
            |text: &file::Text| context.audiences.get(text.get()).is_some_and(|a| a.members.is_empty());
        if kind.is_addressed() && job.to.iter().all(nobody) {
            let what = kind.name();
            let problem = Problem::error(format!("{what} `{name}` goes to nobody"));
            self.problems.push(match job.to.first() {
                None => {
                    problem.at(job.kind.span(), format!("a {what} needs `to`")).help("to = [\"managers\"]")
                }
                Some(first) => problem.at(first.span(), "nobody is in it"),
            });
        }
        let reps_known = context.people.values().any(|p| p.rep.is_some());
        if kind == Kind::Reminders && via.is_empty() && !reps_known {
            let problem = Problem::error(format!("reminders `{name}` reach no rep"));
            let help = "via = [\"chat\"], or people with `rep = \"ID\"`";
            self.problems.push(problem.at(job.kind.span(), "name a channel for reps").help(help));
        }
    }

    /// Keys of another kind would be read and do nothing; say so.
    fn refuse_strangers(&mut self, job: &file::Job, kind: Kind) {
        use Kind::{Greetings, Reminders, Report, Watch};
        let first = |list: Option<&Vec<file::Text>>| list.and_then(|list| list.first()).map(At::span);
        let text = |text: &Option<file::Text>| text.as_ref().map(At::span);
        let number = |number: &Option<At<f64>>| number.as_ref().map(At::span);
        let whole = |number: &Option<At<i64>>| number.as_ref().map(At::span);
        let keys: [(&str, _, &[Kind]); 26] = [
            ("report", text(&job.report), &[Report]),
            ("period", text(&job.period), &[Report, Watch]),
            ("current", job.current.as_ref().map(At::span), &[Report, Watch]),
            ("split", first(job.split.as_ref()), &[Report, Watch]),
            ("currency", text(&job.currency), &[Report, Watch]),
            ("attach", first(job.attach.as_ref()), &[Report, Reminders]),
            ("fresh", job.fresh.as_ref().map(At::span), &[Report]),
            ("churn", job.churn.as_ref().map(At::span), &[Report, Watch]),
            ("rules", first(job.rules.as_ref()), &[Reminders, Greetings]),
            ("letter", job.letter.as_ref().map(At::span), &[Greetings]),
            ("to", job.to.first().map(At::span), &[Report, Reminders, Watch]),
            ("at", text(&job.at), &[Reminders]),
            ("lead_days", whole(&job.lead_days), &[Reminders]),
            ("items", whole(&job.items), &[Reminders]),
            ("via", first(job.via.as_ref()), &[Reminders, Greetings]),
            ("metric", text(&job.metric), &[Watch]),
            ("only", first(job.only.as_ref()), &[Watch]),
            ("above", number(&job.above), &[Watch]),
            ("below", number(&job.below), &[Watch]),
            ("change", number(&job.change), &[Watch]),
            ("against", text(&job.against), &[Watch]),
            ("deviation", number(&job.deviation), &[Watch]),
            ("clear", number(&job.clear), &[Watch]),
            ("for", whole(&job.lasting), &[Watch]),
            ("repeat", text(&job.repeat), &[Watch]),
            ("min_base", whole(&job.min_base), &[Watch]),
        ];
        for (key, span, kinds) in keys {
            let Some(span) = span.filter(|_| !kinds.contains(&kind)) else { continue };
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("\"{}\"", kind.name())).collect();
            let label = format!("only for jobs of kind {}", kinds.join(" or "));
            self.problems.push(Problem::error(format!("`{key}` does nothing here")).at(span, label));
        }
    }

    fn schedule(&mut self, job: &file::Job, zone: &TimeZone) -> Option<Schedule> {
        let zone = job.zone.as_ref().map_or(zone.clone(), |text| self.zone(text));
        let misfires = [("latest", Misfire::Latest), ("all", Misfire::All), ("skip", Misfire::Skip)];
        let misfire = self.choice("misfire policy", job.misfire.as_ref(), &misfires, Misfire::Latest);
        let max_late = job.max_late.as_ref().map_or(DAY, |text| self.duration(text).unwrap_or(DAY));
        let cron = match (&job.cron, &job.at) {
            (Some(cron), None) => cron,
            (cron, Some(at)) => {
                if let Some(cron) = cron {
                    self.error("both `cron` and `at` say when", cron, "one of them is enough");
                }
                let cron = self.time_of_day(at)?;
                return Some(Schedule { cron, zone, misfire, max_late, own: true });
            }
            (None, None) => {
                let problem = Problem::error("nothing says when this job runs").at(job.kind.span(), "here");
                self.problems.push(problem.help("cron = \"0 8 * * MON\""));
                return None;
            }
        };
        let parsed = match shape(cron.get()) {
            Ok(()) => Cron::parse(cron.get()),
            Err(reason) => Err(CronProblem::Form(reason)),
        };
        match parsed {
            Ok(cron) => Some(Schedule { cron, zone, misfire, max_late, own: false }),
            Err(CronProblem::Form(reason)) => {
                let problem = Problem::error("this is no schedule").at(cron.span(), reason);
                self.problems
                    .push(problem.help("minute hour day month weekday: \"0 8 * * MON\" is Mondays at 8"));
                None
            }
            Err(CronProblem::Never { why, hint }) => {
                let problem = Problem::error("this schedule never fires").at(cron.span(), why);
                self.problems.push(match hint {
                    Some(hint) => problem.help(hint),
                    None => problem,
                });
                None
            }
        }
    }

    fn reminders(
        &mut self,
        job: &file::Job,
        via: &[String],
        context: &Context<'_>,
        settings: &Settings,
    ) -> Recipe {
        let known = context.rules;
        let lead_days = self.number("`lead_days`", job.lead_days.as_ref(), 0..=60, 0) as i32;
        if let Some(at) = job.lead_days.as_ref().filter(|_| !known.is_empty()) {
            let problem = Problem::error("`lead_days` does nothing where there are rules");
            self.problems
                .push(problem.at(at.span(), "each rule has its own").help("[rules.NAME] lead_days = [2]"));
        }
        let rules = match &job.rules {
            None if known.is_empty() => vec![Rule::follow_ups(lead_days)],
            None => known.values().cloned().collect(),
            Some(names) => names.iter().filter_map(|text| self.named_rule(text, known)).collect(),
        };
        Recipe::Reminders(RemindersSpec {
            rules,
            items_max: self.number("`items`", job.items.as_ref(), 1..=40, 15) as usize,
            ics: self.ics(job, via, context),
            settings: settings.clone(),
        })
    }
}

impl Builder {
    /// Whether digests have a calendar attached: where one may go by mail.
    fn ics(&mut self, job: &file::Job, via: &[String], context: &Context<'_>) -> bool {
        let Some(first) = job.attach.as_ref().and_then(|forms| forms.first()) else { return false };
        for text in job.attach.iter().flatten() {
            self.choice("attachment of a digest", Some(text), &[("ics", ())], ());
        }
        let is_mail = |name: &String| context.channels.get(name).is_some_and(|way| way.medium.is_mail());
        let by_mail = via.iter().chain(context.people.values().flat_map(|person| &person.via)).any(is_mail);
        if !by_mail {
            let problem = Problem::error("`attach` does nothing here");
            self.problems.push(problem.at(first.span(), "no digest goes by mail"));
        }
        by_mail
    }

    /// A time of every day.
    fn time_of_day(&mut self, text: &file::Text) -> Option<Cron> {
        let time = super::people::time_of_day(text.get());
        if time.is_none() {
            self.error(format!("not a time of day: `{}`", text.get()), text, "such as 08:30");
        }
        let time = time?;
        Cron::parse(&format!("{} {} * * *", time.minute(), time.hour())).ok()
    }

    pub(super) fn named_rule(&mut self, text: &file::Text, known: &BTreeMap<String, Rule>) -> Option<Rule> {
        let rule = known.get(text.get()).cloned();
        if rule.is_none() {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            self.error(
                format!("unknown rule `{}`", text.get()),
                text,
                super::problem::one_of(text.get(), &names),
            );
        }
        rule
    }
}

/// Whether an expression has the fields that we promise, each in its grammar; the parser does not say
/// which one is wrong, and would take a seventh for the year.
fn shape(written: &str) -> Result<(), String> {
    const FIELDS: [(&str, &str); 6] = [
        ("second", "0-59"),
        ("minute", "0-59"),
        ("hour", "0-23"),
        ("day", "1-31, or L for the last"),
        ("month", "1-12 or JAN-DEC"),
        ("weekday", "0-7 or SUN-SAT"),
    ];
    let fields: Vec<&str> = written.split_whitespace().collect();
    if matches!(fields.as_slice(), [one] if one.starts_with('@')) {
        return Ok(());
    }
    let named = match fields.len() {
        5 => &FIELDS[1..],
        6 => &FIELDS[..],
        n => return Err(format!("five fields, or six with seconds first; here are {n}")),
    };
    for (i, (field, (name, range))) in fields.iter().zip(named).enumerate() {
        let mut alone = vec!["*"; fields.len()];
        alone[i] = field;
        if let Err(CronProblem::Form(_)) = Cron::parse(&alone.join(" ")) {
            return Err(format!("`{field}` is no {name}: {range}"));
        }
    }
    Ok(())
}

//! `retaind why-not`: walks the conditions of a rule for one customer, and says which one stops it.

mod letter;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, read_at, show};
use crate::care::rule::{Kind, Reach};
use crate::care::{About, Case, Rule};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::problem::one_of;
use crate::daemon::foresight::{self, View};
use crate::daemon::reminding::ways_of;
use crate::domain::customers::Key;
use crate::domain::{Act, Day};
use crate::job::Recipe;
use crate::job::seal::Locales;
use crate::ledger::reminders::{self, FateRow};
use crate::ledger::{Access, Ledger};
use crate::metrics::Panel;

/// Say why a customer is not (or is) told of by a rule.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind why-not 8812 renewals\n  retaind why-not 8812 visits --at 2026-11-02T08:30"
)]
pub(super) struct WhyNot {
    /// The customer's id in the store.
    customer: String,
    /// The rule.
    rule: String,
    /// As of this instant. Default: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// A condition, whether it holds, and what was seen.
struct Seen {
    holds: bool,
    says: String,
}

fn ok(says: impl Into<String>) -> Seen {
    Seen { holds: true, says: says.into() }
}

fn no(says: impl Into<String>) -> Seen {
    Seen { holds: false, says: says.into() }
}

impl WhyNot {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        let (name, rule) = self.rule_of(&config)?;
        let zone = config.jobs.get(name).map_or(config.zone.clone(), |job| job.schedule.zone.clone());
        let at = self.at.as_ref().map_or(Ok(Clock::System.now()), |text| read_at(text, &zone))?;
        let ledger =
            config.ledger.exists().then(|| Ledger::open(&config.ledger, Access::Operator)).transpose()?;
        let fates = match &ledger {
            Some(ledger) => {
                let (rule, about) = (self.rule.clone(), self.customer.clone());
                ledger.run_blocking(move |c| reminders::fates(c, &rule, &about))?
            }
            None => Vec::new(),
        };
        let data = |e: crate::daemon::runner::RunError| Failure::new(EX_DATAERR, e.to_string());
        let asked = [self.customer.clone()];
        let locales = Locales::load().map_err(|e| Failure::new(EX_DATAERR, e.to_string()))?;
        let (title, seen, next) =
            foresight::view(&config, ledger.as_ref(), (name, at), (true, &asked), |view| {
                Walk { config: &config, locales: &locales, view, rule, at, fates: &fates }
                    .walk(&self.customer)
            })
            .map_err(data)?;
        if cli.json {
            let seen: Vec<_> = seen.iter().map(|s| json!({ "holds": s.holds, "says": s.says })).collect();
            show::line(&json!({ "told": next.is_none(), "conditions": seen, "next": next }).to_string());
            return Ok(());
        }
        let told = seen.iter().all(|seen| seen.holds);
        show::line(&format!("{title}: {}", if told { "told." } else { "not told." }));
        for seen in &seen {
            show::line(&format!("  {}  {}", if seen.holds { "ok" } else { "NO" }, seen.says));
        }
        if let Some(next) = next {
            show::line(&format!("Next: {next}"));
        }
        Ok(())
    }

    /// The rule, and the job that looks at it.
    fn rule_of<'c>(&self, config: &'c Config) -> Result<(&'c str, &'c Rule), Failure> {
        let (mut known, mut found) = (Vec::new(), None);
        for (name, job) in &config.jobs {
            for rule in job.recipe.rules() {
                if rule.name == self.rule {
                    found = found.or(Some((name.as_str(), rule)));
                    // Of several jobs, one that tells reps.
                    if matches!(job.recipe, Recipe::Reminders(_)) {
                        return Ok((name, rule));
                    }
                }
                known.push(rule.name.as_str());
            }
        }
        if let Some(found) = found {
            return Ok(found);
        }
        known.sort_unstable();
        known.dedup();
        let hint = one_of(&self.rule, &known);
        Err(Failure::new(EX_USAGE, format!("no job looks at a rule `{}`\nhint: {hint}", self.rule)))
    }
}

/// The walk through the conditions.
struct Walk<'a> {
    config: &'a Config,
    locales: &'a Locales,
    view: &'a View<'a>,
    rule: &'a Rule,
    at: Timestamp,
    fates: &'a [FateRow],
}

impl Walk<'_> {
    fn walk(&self, id: &str) -> (String, Vec<Seen>, Option<String>) {
        let facts = self.view.facts;
        let today = facts.lens.today();
        let title = |name: &str| format!("{} for {name} on {}", self.rule.name, today.date());
        let mut seen = vec![self.since()];
        let Some(customer) = facts.customers.find(Key::of(id)) else {
            seen.push(no(format!("the store has no customer `{id}`")));
            return (title(id), seen, None);
        };
        let name = self.view.people.0.get(&customer).map_or(id, |person| person.name.as_str());
        let panel = Panel::of(facts, self.view.settings);
        let cases = self.rule.find(&panel, self.view.history, Reach::All);
        let cases: Vec<Case> =
            cases.into_iter().filter(|case| case.about == About::Customer(customer)).collect();
        let Some(case) = cases.iter().max_by_key(|case| self.nearness(case, today)) else {
            seen.push(no(self.nothing(&panel, customer)));
            return (title(name), seen, None);
        };
        seen.push(ok(self.says(case)));
        if matches!(self.view.job.recipe, Recipe::Reminders(_)) {
            self.due(case, today, &mut seen);
        }
        let Walk { config, view, rule, at, fates, .. } = *self;
        let person = self.view.people.0.get(&customer);
        seen.extend(letter::Letter { config, view, rule, at, fates }.walk(id, person, case));
        let next =
            case.steps.next(case.anchor, today).map(|day| format!("falls due again on {}", day.date()));
        (title(name), seen, next)
    }

    /// Cases that are due lead; of others the one that comes next.
    fn nearness(&self, case: &Case, today: Day) -> (bool, i32) {
        let last = case.steps.last(case.anchor, today);
        let in_time = last.is_some_and(|last| last >= today.plus(-self.rule.max_late));
        (in_time, -case.anchor.since(today).abs())
    }

    fn since(&self) -> Seen {
        match self.view.history.rules.get(&self.rule.name) {
            None => ok("no ledger says since when the rule is on: as though it had always been"),
            Some(on) if on.since == Day(0) => ok("the rule is on, and tells its backlog"),
            Some(on) => ok(format!("the rule is on since {}", on.since.date())),
        }
    }

    fn says(&self, case: &Case) -> String {
        self.locales
            .get("en")
            .map_or_else(|| case.why.key.clone().into_owned(), |locale| locale.say(&case.why))
    }

    /// From the day it is due to the person who is told.
    fn due(&self, case: &Case, today: Day, seen: &mut Vec<Seen>) {
        let Some(step) = case.steps.last(case.anchor, today) else {
            let first = case.steps.next(case.anchor, today).map(|day| day.date().to_string());
            seen.push(no(format!("it falls due first on {}", first.unwrap_or_default())));
            return;
        };
        let on = self.view.history.rules.get(&self.rule.name);
        let before =
            on.filter(|on| step < on.since || (self.rule.repeat.is_some() && case.anchor < on.since));
        if let Some(on) = before {
            let hint = format!("`retaind backlog {} --send` tells it", self.rule.name);
            seen.push(no(format!(
                "it fell due on {}, before the rule was on ({}): {hint}",
                step.date(),
                on.since.date()
            )));
        } else {
            seen.push(ok(format!("it fell due on {}", step.date())));
        }
        if step < today.plus(-self.rule.max_late) {
            let days = self.rule.max_late;
            seen.push(no(format!("that is longer ago than the {days} days within which it is told")));
        }
        if let Some(acted) = self.view.history.acts.get(&(case.rule.clone(), case.subject.clone())) {
            seen.push(match &acted.act {
                Act::Done => no(format!("{} marked it done on {}", acted.by, acted.on.date())),
                Act::Snooze(until) if *until > today => {
                    no(format!("{} put it off on {} until {}", acted.by, acted.on.date(), until.date()))
                }
                Act::Snooze(until) => ok(format!("{} put it off until {}", acted.by, until.date())),
                Act::HandOver(to) => ok(format!("{} handed it to {to} on {}", acted.by, acted.on.date())),
                Act::NotMine => ok(format!("{} said on {} that it is not theirs", acted.by, acted.on.date())),
            });
        }
        self.told(case, today, seen);
    }

    fn told(&self, case: &Case, today: Day, seen: &mut Vec<Seen>) {
        let duties = self.view.staff.duties(case, self.view.history, today);
        if duties.is_empty() && seen.iter().all(|seen| seen.holds) {
            seen.push(no(
                "nobody is there to be told: no rep, no lead, and the job names nobody else in `to`",
            ));
        }
        for duty in &duties {
            let who = &duty.recipient.name;
            let before = self.fates.iter().find(|(recipient, due, state, ..)| {
                *recipient == duty.recipient.id && *due == duty.due && state == "told"
            });
            if let Some((_, _, _, _, at)) = before {
                let zone = &duty.recipient.zone;
                seen.push(no(format!(
                    "{who} was told of it at {}",
                    at.to_zoned(zone.clone()).strftime("%F %H:%M")
                )));
                continue;
            }
            let ways = ways_of(self.config, self.view.job, &duty.recipient);
            if ways.is_empty() {
                seen.push(no(format!("{who} can be reached over no channel: `via` in the job names none")));
                continue;
            }
            let arrival = self.view.history.arrival(&duty.recipient, self.at);
            let ways = ways.join(", ");
            let local = arrival.to_zoned(duty.recipient.zone.clone());
            seen.push(if arrival <= self.at {
                ok(format!("{who} is told over {ways}"))
            } else if duty.recipient.arrival(self.at) > self.at {
                no(format!("{who} may not be disturbed now; it waits until {}", local.strftime("%F %H:%M")))
            } else {
                let why = "has had as many digests today as `digests_a_day` allows";
                no(format!("{who} {why}; it waits until {}", local.strftime("%F %H:%M")))
            });
        }
        // What was decided before and is no message.
        for (recipient, due, state, reason, _) in self.fates.iter().filter(|f| f.2 == "dropped").take(3) {
            seen.push(no(format!("for {recipient}, due on {}: {state}, {reason}", due.date())));
        }
    }

    /// Why the rule finds nothing about the customer.
    fn nothing(&self, panel: &Panel<'_>, customer: u32) -> String {
        let facts = self.view.facts;
        let today = facts.lens.today();
        let profile = facts.customers.profile(customer);
        let left_out = |names: &[String], value: &Option<String>, what: &str| {
            let is = value.as_deref().unwrap_or("none");
            let out = !names.is_empty() && !value.as_ref().is_some_and(|value| names.contains(value));
            out.then(|| format!("the rule is for {what} {}, the customer's is {is}", names.join(", ")))
        };
        if let Some(out) = left_out(&self.rule.tiers, &profile.tier, "the tiers")
            .or_else(|| left_out(&self.rule.segments, &profile.segment, "the segments"))
        {
            return out;
        }
        match &self.rule.kind {
            Kind::FollowUp { .. } => "the customer has no open follow-up".to_owned(),
            Kind::ContactGap { ideal, .. } => {
                let days = ideal.of(profile.tier.as_deref());
                if panel.tells_activity() && !panel.activity(customer).is_active(today) {
                    return "the customer is not active".to_owned();
                }
                match facts.contacts.last_day(customer, &facts.lens.zone) {
                    Some(last) => format!(
                        "the last contact was on {}, and {days} days may pass: owed on {}",
                        last.date(),
                        last.plus(days).date()
                    ),
                    None => "no contact is recorded, and no first day as a customer to count from".to_owned(),
                }
            }
            Kind::Dates { .. } => format!(
                "no such day lies between {} days ago and as far ahead as the rule looks",
                self.rule.max_late
            ),
            Kind::Renewal { .. } => {
                "no open contract renews within the time that the rule looks at".to_owned()
            }
            Kind::WinBack { .. } => {
                "the customer has not left, or not within the time that the rule looks at".to_owned()
            }
            Kind::Handover => "a handover is about a rep who has left, not about a customer".to_owned(),
            Kind::Complaint { .. } => "no complaint is open beyond its time".to_owned(),
            Kind::Risk { level, .. } => {
                let score = panel.risks(&[customer], 1).highest.first().map_or(0, |risk| risk.score);
                format!("the risk score is {score}, the rule's level {level}")
            }
            Kind::Signal { .. } => format!("nothing was noticed within {} days", self.rule.max_late),
        }
    }
}

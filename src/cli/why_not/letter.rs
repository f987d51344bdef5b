//! Whether a customer is written to about a case, and what stops it.

use jiff::Timestamp;

use super::{Seen, no, ok};
use crate::care::{Case, Rule};
use crate::config::Config;
use crate::daemon::foresight::View;
use crate::daemon::{greeting, watching};
use crate::domain::Person;
use crate::job::Recipe;
use crate::job::greetings::{self, GreetingsSpec};
use crate::ledger::reminders::FateRow;
use crate::outbox::AddressId;

/// Whom and when it is about.
pub(super) struct Letter<'a> {
    pub(super) config: &'a Config,
    pub(super) view: &'a View<'a>,
    pub(super) rule: &'a Rule,
    pub(super) at: Timestamp,
    pub(super) fates: &'a [FateRow],
}

impl Letter<'_> {
    /// What holds of each job that writes to customers about the rule's cases.
    pub(super) fn walk(&self, id: &str, person: Option<&Person>, case: &Case) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (name, job) in &self.config.jobs {
            let Recipe::Greetings(spec) = &job.recipe else { continue };
            if spec.rules.iter().any(|rule| rule.name == self.rule.name) {
                seen.push(self.letter((name, spec), id, person, case));
            }
        }
        seen
    }

    fn letter(
        &self,
        (job, spec): (&str, &GreetingsSpec),
        id: &str,
        person: Option<&Person>,
        case: &Case,
    ) -> Seen {
        let today = self.view.facts.lens.today();
        let not = |why: &str| no(format!("`{job}` writes no letter: {why}"));
        let Some(day) = greetings::day_of(self.rule, case, today) else {
            return not(&format!("letters are written on the day, {}", case.anchor.date()));
        };
        let Some(person) = person.filter(|person| person.consent) else {
            return not("the customer has not agreed (`consent`)");
        };
        let Some(email) = &person.email else { return not("the customer has no mail address") };
        let recipient = greetings::recipient_of(id, person, greeting::house(self.config));
        let before = self
            .fates
            .iter()
            .find(|(to, due, state, ..)| *to == recipient.id && *due == day && state == "told");
        if let Some((.., at)) = before {
            let local = at.to_zoned(recipient.zone.clone());
            return not(&format!("it was written at {}", local.strftime("%F %H:%M")));
        }
        let greeted = watching::known_so_far(self.config, job, self.at).greeted;
        let so_far = greeted.letters.get(&recipient.id).map(Vec::as_slice).unwrap_or_default();
        let address = AddressId::of(&greeted.salt, email);
        if let Some(why) = greetings::hindrance(spec, &greeted, (email, address), so_far, today) {
            return not(why);
        }
        let arrival = recipient.arrival(self.at);
        if arrival > self.at {
            let local = arrival.to_zoned(recipient.zone.clone());
            return not(&format!("it is quiet there; it waits until {}", local.strftime("%F %H:%M")));
        }
        ok(format!("`{job}` writes to {email}"))
    }
}

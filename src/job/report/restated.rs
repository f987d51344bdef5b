//! What was told before and is not so any more: late data changes figures that were published, and the
//! reader is told which, by how much, and by whom.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::movers::owner_word;
use super::{Section, Story};
use crate::document::{Say, Value};
use crate::domain::customers::Key;
use crate::domain::published::CHURNED_MAX;
use crate::domain::{Period, Published, Ratio};
use crate::metrics::Definition;
use crate::metrics::churn::Departure;

/// Periods that are told, the latest first.
const TOLD: usize = 3;

/// Customers that are named for each.
const NAMED: usize = 3;

/// A period that is told differently now.
pub(super) struct Restated {
    period: Period,
    was: Ratio,
    now: Ratio,
    /// Who counts as gone now and did not then.
    added: Moved,
    /// Who counted as gone then and does not now.
    removed: Moved,
    /// Ids of all who count as gone now, as they are kept.
    churned: Option<Vec<String>>,
}

/// Those who account for a change.
#[derive(Default)]
struct Moved {
    /// The first of them, who paid most.
    first: Vec<u32>,
    of: usize,
}

impl Moved {
    fn of(customers: impl Iterator<Item = u32>) -> Moved {
        let mut all = Moved::default();
        for customer in customers {
            all.of += 1;
            if all.first.len() < NAMED {
                all.first.push(customer);
            }
        }
        all
    }
}

impl Restated {
    pub(super) fn wanted(&self) -> impl Iterator<Item = u32> {
        self.added.first.iter().chain(&self.removed.first).copied()
    }
}

impl Story<'_> {
    /// Holds what was published against what is so now.
    pub fn restate(&mut self, scope: &str, published: &[Published]) {
        let (mut restated, name) = (Vec::new(), self.published_as());
        for slice in self.trail.iter().rev() {
            let told = published.iter().find(|p| p.is_of(scope, &name, &slice.period));
            let Some((told, now)) = told.zip(self.churn_rate(slice)).filter(|(t, now)| t.rate != *now) else {
                continue;
            };
            let gone = self.leavers(&slice.period);
            let (added, removed) = self.moved_since(told, &gone, &slice.period);
            let churned = self.ids_of(&gone);
            restated.push(Restated { period: slice.period, was: told.rate, now, added, removed, churned });
            if restated.len() == TOLD {
                break;
            }
        }
        self.restated = restated;
        self.revised = self.revised(scope, published);
    }

    fn moved_since(&self, told: &Published, gone: &[Departure], period: &Period) -> (Moved, Moved) {
        let Some(ids) = &told.churned else { return (Moved::default(), Moved::default()) };
        let customers = &self.panel.facts.customers;
        let then: BTreeSet<u32> = ids.iter().filter_map(|id| customers.find(Key::of(id))).collect();
        // Those who paid most come first.
        let now = || gone.iter().map(|d| d.customer);
        let still: BTreeSet<u32> = now().collect();
        let mut back: Vec<u32> = then.difference(&still).copied().collect();
        back.sort_by_key(|customer| Reverse(self.panel.paid_before(*customer, period)));
        (Moved::of(now().filter(|c| !then.contains(c))), Moved::of(back.into_iter()))
    }

    /// The ids that are kept; none where they are too many.
    fn ids_of(&self, gone: &[Departure]) -> Option<Vec<String>> {
        let ids = gone.iter().map(|d| self.panel.facts.customers.id(d.customer).into_owned());
        (gone.len() <= CHURNED_MAX).then(|| ids.collect())
    }

    fn leavers(&self, period: &Period) -> Vec<Departure> {
        self.panel.leavers(&self.panel.customers, period, self.spec.settings.definition)
    }

    /// The definition, and whose ids are kept with it: of all but one definition those were others at first.
    fn published_as(&self) -> String {
        let kept = if self.spec.settings.definition == Definition::Cohort { "" } else { "/leavers" };
        format!("{}{kept}", self.definition_name())
    }

    pub(super) fn definition_name(&self) -> String {
        let basis = if self.is_contract() { "contract" } else { "inactivity" };
        format!("{basis}/{}", self.spec.settings.definition.name())
    }

    /// What this report publishes, and what it tells differently now: nothing of a period that is not over.
    pub fn published(&self, scope: &str) -> Vec<Published> {
        if self.spec.period.current {
            return Vec::new();
        }
        let mut all = self.figures_published(scope);
        if super::Part::Churn.is_in(self.spec.kind) {
            let publish = |period: &Period, rate, churned| Published {
                scope: scope.to_owned(),
                definition: self.published_as(),
                from: period.start,
                to: period.end,
                rate,
                churned,
            };
            let now = self.churn_rate(&self.now);
            all.extend(now.map(|rate| publish(&self.now.period, rate, self.ids_of(&self.gone))));
            // What is told differently is told once.
            let again = self.restated.iter().map(|r| publish(&r.period, r.now, r.churned.clone()));
            all.extend(again);
        }
        all
    }

    pub(super) fn restated_section(&self) -> Section {
        let sentence = |restated: &Restated| {
            let nobody = restated.added.of + restated.removed.of == 0;
            let (was, now) = (restated.was.denominator(), restated.now.denominator());
            let base = Say::new("report.restated.base").with("was", was).with("now", now);
            Say::new("report.lead.restated")
                .with("period", restated.period)
                .with("was", restated.was)
                .with("now", restated.now)
                .with("added", self.who("report.restated.added", &restated.added))
                .with("removed", self.who("report.restated.removed", &restated.removed))
                .with("base", if nobody && was != now { base.into() } else { Value::Empty })
        };
        Section { lead: self.restated.iter().map(sentence).collect(), ..Section::default() }
    }

    /// "Aurora (Ana Lima), Bela (nobody) and 4 others now count as left."
    fn who(&self, key: &'static str, moved: &Moved) -> Value {
        let first = moved.first.iter().map(|customer| {
            let owner = owner_word(self.panel.facts, *customer);
            Say::new("mover.name").with("name", self.name_or_id(*customer)).with("owner", owner).into()
        });
        let mut names: Vec<Value> = first.collect();
        let more = moved.of - moved.first.len();
        if more > 0 {
            names.push(Say::new("count.others").with("n", more as i128).into());
        }
        if names.is_empty() { Value::Empty } else { Say::new(key).with("names", Value::List(names)).into() }
    }

    fn name_or_id(&self, customer: u32) -> String {
        match self.people.name(customer) {
            "" => self.panel.facts.customers.id(customer).into_owned(),
            name => name.to_owned(),
        }
    }
}

//! What was told before and is not so any more: late data changes figures that were published, and the
//! reader is told which, by how much, and by whom.

use std::collections::BTreeSet;

use super::{Section, Story};
use crate::document::{Say, Value};
use crate::domain::customers::Key;
use crate::domain::published::CHURNED_MAX;
use crate::domain::{Period, Published, Ratio};

/// Periods that are told, the latest first.
const TOLD: usize = 3;

/// Customers that are named for each.
const NAMED: usize = 3;

/// A period that is told differently now.
pub(super) struct Restated {
    period: Period,
    was: Ratio,
    now: Ratio,
    /// Who counts as churned now and did not then.
    added: Vec<u32>,
    /// Who counted as churned then and does not now.
    removed: Vec<u32>,
}

impl Restated {
    pub(super) fn wanted(&self) -> impl Iterator<Item = u32> {
        self.added.iter().chain(&self.removed).copied()
    }
}

impl Story<'_> {
    /// Holds what was published against what is so now.
    pub fn restate(&mut self, scope: &str, published: &[Published]) {
        let mut restated = Vec::new();
        for slice in self.trail.iter().rev() {
            let told = published.iter().find(|p| {
                let same = p.scope == scope && p.definition == self.definition_name();
                same && (p.from, p.to) == (slice.period.start, slice.period.end)
            });
            let Some((told, now)) = told.zip(self.churn_rate(slice)).filter(|(t, now)| t.rate != *now) else {
                continue;
            };
            let (added, removed) = self.moved_since(told, &slice.period);
            restated.push(Restated { period: slice.period, was: told.rate, now, added, removed });
            if restated.len() == TOLD {
                break;
            }
        }
        self.restated = restated;
    }

    fn moved_since(&self, told: &Published, period: &Period) -> (Vec<u32>, Vec<u32>) {
        let Some(ids) = &told.churned else { return (Vec::new(), Vec::new()) };
        let customers = &self.panel.facts.customers;
        let then: BTreeSet<u32> = ids.iter().filter_map(|id| customers.find(Key::of(id))).collect();
        // Those who paid most come first.
        let now: Vec<u32> =
            self.panel.churned(&self.panel.customers, period).iter().map(|d| d.customer).collect();
        let still: BTreeSet<u32> = now.iter().copied().collect();
        let removed = then.difference(&still).copied().take(NAMED).collect();
        let added = now.into_iter().filter(|c| !then.contains(c)).take(NAMED).collect();
        (added, removed)
    }

    pub(super) fn definition_name(&self) -> String {
        let basis = if self.is_contract() { "contract" } else { "inactivity" };
        format!("{basis}/{}", self.spec.settings.definition.name())
    }

    /// What this report publishes; nothing of a period that is not over.
    pub fn published(&self, scope: &str) -> Option<Published> {
        if self.spec.period.current || !super::Part::Churn.is_in(self.spec.kind) {
            return None;
        }
        let ids = || self.gone.iter().map(|d| self.panel.facts.customers.id(d.customer).into_owned());
        Some(Published {
            scope: scope.to_owned(),
            definition: self.definition_name(),
            from: self.now.period.start,
            to: self.now.period.end,
            rate: self.churn_rate(&self.now)?,
            churned: (self.gone.len() <= CHURNED_MAX).then(|| ids().collect()),
        })
    }

    /// What the next report publishes of the periods that it tells differently: told once.
    pub fn republished(&self, scope: &str) -> Vec<Published> {
        let again = self.restated.iter().map(|restated| {
            let gone = self.panel.churned(&self.panel.customers, &restated.period);
            let ids = gone.iter().map(|d| self.panel.facts.customers.id(d.customer).into_owned());
            Published {
                scope: scope.to_owned(),
                definition: self.definition_name(),
                from: restated.period.start,
                to: restated.period.end,
                rate: restated.now,
                churned: (gone.len() <= CHURNED_MAX).then(|| ids.collect()),
            }
        });
        again.collect()
    }

    pub(super) fn restated_section(&self) -> Section {
        let sentence = |restated: &Restated| {
            let names = |customers: &[u32], key: &'static str| match customers {
                [] => Value::Empty,
                some => {
                    let names = some.iter().map(|c| Value::Text(self.name_or_id(*c))).collect();
                    Say::new(key).with("names", Value::List(names)).into()
                }
            };
            Say::new("report.lead.restated")
                .with("period", restated.period)
                .with("was", restated.was)
                .with("now", restated.now)
                .with("added", names(&restated.added, "report.restated.added"))
                .with("removed", names(&restated.removed, "report.restated.removed"))
        };
        Section { lead: self.restated.iter().map(sentence).collect(), ..Section::default() }
    }

    fn name_or_id(&self, customer: u32) -> String {
        match self.people.name(customer) {
            "" => self.panel.facts.customers.id(customer).into_owned(),
            name => name.to_owned(),
        }
    }
}

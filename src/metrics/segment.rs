//! Splitting the customers: by what the shop calls them, by who looks after them, by how long they stay.

use std::collections::BTreeMap;

use super::panel::Panel;
use crate::domain::Period;

/// What customers are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// `customers.segment`.
    Segment,
    /// The plan of the subscription when the period began, or `customers.plan`.
    Plan,
    /// `customers.region`.
    Region,
    /// `customers.tier`.
    Tier,
    /// The owner's name.
    Owner,
    /// Each tag; a customer with two tags is in two groups.
    Tag,
    /// How long they had been customers when the period began.
    Tenure,
    /// The quarter they became active in.
    Cohort,
}

impl Split {
    /// All of them with their names in the configuration.
    pub const ALL: [(&'static str, Split); 8] = [
        ("segment", Split::Segment),
        ("plan", Split::Plan),
        ("region", Split::Region),
        ("tier", Split::Tier),
        ("owner", Split::Owner),
        ("tag", Split::Tag),
        ("tenure", Split::Tenure),
        ("cohort", Split::Cohort),
    ];

    /// As written in the configuration.
    pub fn name(self) -> &'static str {
        Split::ALL.iter().find(|(_, split)| *split == self).map_or("segment", |(name, _)| name)
    }
}

/// The tenure bands: key of the name in the locale files, and the first day that is beyond it.
const TENURE: [(&str, i32); 5] =
    [("tenure.1", 91), ("tenure.2", 365), ("tenure.3", 730), ("tenure.4", 1826), ("tenure.5", i32::MAX)];

impl Panel<'_> {
    /// The customers of each group, by label; `None` holds those without one.
    pub fn split(&self, split: Split, period: &Period) -> BTreeMap<Option<String>, Vec<u32>> {
        let mut groups: BTreeMap<Option<String>, Vec<u32>> = BTreeMap::new();
        for customer in 0..self.summaries.len() as u32 {
            for label in self.labels(customer, split, period) {
                groups.entry(label).or_default().push(customer);
            }
        }
        groups
    }

    fn labels(&self, customer: u32, split: Split, period: &Period) -> Vec<Option<String>> {
        let row = &self.facts.customers[customer as usize];
        let one = match split {
            Split::Segment => row.segment.clone(),
            Split::Region => row.region.clone(),
            Split::Tier => row.tier.clone(),
            Split::Plan => self.plan_on(customer, period).or_else(|| row.plan.clone()),
            Split::Owner => {
                self.facts.owner_name(customer).map(str::to_owned).or_else(|| row.owner_id.clone())
            }
            Split::Tenure => self.tenure_band(customer, period).map(str::to_owned),
            Split::Cohort => self.summary(customer).activity.first().map(|day| {
                let date = day.date();
                format!("{} Q{}", date.year(), (date.month() - 1) / 3 + 1)
            }),
            Split::Tag if row.tags.is_empty() => None,
            Split::Tag => return row.tags.iter().cloned().map(Some).collect(),
        };
        vec![one]
    }

    fn plan_on(&self, customer: u32, period: &Period) -> Option<String> {
        let rows = self.facts.subscriptions_of(customer);
        let before = period.start.plus(-1);
        let covering = rows.iter().rev().find(|s| s.starts_on <= before && before < s.ends_on);
        covering.or(rows.last()).and_then(|s| s.plan.clone())
    }

    fn tenure_band(&self, customer: u32, period: &Period) -> Option<&'static str> {
        let first = self.summary(customer).activity.first()?;
        let days = period.start.since(first);
        TENURE.iter().find(|(_, end)| days < *end).map(|(name, _)| *name)
    }
}

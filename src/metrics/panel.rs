//! The panel: the facts, the customers that are looked at, and how they are counted. Every figure is a
//! question to it.

use super::activity::Activity;
use super::definition::{Basis, Settings};
use crate::domain::{Day, Facts, Ratio};

/// Facts, which customers are looked at, and how to count.
#[derive(Debug)]
pub struct Panel<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// How it is counted.
    pub settings: &'a Settings,
    /// The customers that are looked at, by index.
    pub customers: Vec<u32>,
}

impl<'a> Panel<'a> {
    /// All customers.
    pub fn of(facts: &'a Facts, settings: &'a Settings) -> Panel<'a> {
        Panel { facts, settings, customers: facts.customers.all().collect() }
    }

    /// Only the customers whose owner is one of `reps`.
    pub fn of_owners(facts: &'a Facts, settings: &'a Settings, reps: &[String]) -> Panel<'a> {
        let theirs: Vec<bool> = facts
            .customers
            .owners()
            .iter()
            .map(|owner| owner.as_ref().is_some_and(|owner| reps.contains(owner)))
            .collect();
        let customers = facts.customers.all().filter(|c| theirs[facts.customers.owner_index(*c) as usize]);
        Panel { facts, settings, customers: customers.collect() }
    }

    /// By customer index, whether one is among `customers`: what rows of other relations are held against.
    pub fn among(&self, customers: &[u32]) -> Vec<bool> {
        let mut among = vec![false; self.facts.customers.len()];
        for customer in customers {
            among[*customer as usize] = true;
        }
        among
    }

    /// When a customer was active.
    pub fn activity(&self, customer: u32) -> Activity {
        let mut activity = Activity::default();
        self.read_activity(customer, &mut activity);
        activity
    }

    /// When a customer was active, into memory that is there.
    pub(super) fn read_activity(&self, customer: u32, activity: &mut Activity) {
        activity.clear();
        match self.settings.basis {
            Basis::Contract => {
                for contract in self.facts.contracts.get(customer) {
                    activity.add(contract.starts_on, contract.ends_on);
                }
            }
            Basis::Inactivity(_) => activity.extend(self.facts.purchases.spans(customer)),
        }
    }

    /// First active day of a customer.
    pub fn first_active(&self, customer: u32) -> Option<Day> {
        match self.settings.basis {
            Basis::Contract => {
                let contracts = self.facts.contracts.get(customer).iter();
                contracts.filter(|c| c.starts_on < c.ends_on).map(|c| c.starts_on).min()
            }
            Basis::Inactivity(_) => self.facts.purchases.spans(customer).first().map(|span| span.from),
        }
    }

    /// Recurring revenue of a customer on `day`: the sum over the contracts that cover it, minor units.
    pub fn mrr_on(&self, customer: u32, day: Day) -> i128 {
        let covering = self.facts.contracts.get(customer).iter().filter(|c| c.covers(day));
        covering.map(|c| i128::from(c.mrr_minor)).sum()
    }

    /// Σ revenue and Σ costs to date of `customers`, minor units.
    pub fn revenue_and_cost(&self, customers: &[u32]) -> (i128, i128) {
        let bought = &self.facts.purchases;
        customers.iter().fold((0, 0), |(revenue, cost), c| {
            let of = bought.tally(*c).revenue_minor();
            (revenue + i128::from(of), cost + i128::from(bought.cost_minor(*c)))
        })
    }

    /// The share of revenue left after costs: from the rows' own costs, or the configured rate, or all.
    pub fn gross_margin(&self) -> Ratio {
        let (revenue, cost) = self.revenue_and_cost(&self.customers);
        let from_rows = (cost > 0).then(|| Ratio::of(revenue - cost, revenue)).flatten();
        let from_rate = self.settings.cost_rate.map(|rate| rate.complement());
        from_rows.or(from_rate).unwrap_or(Ratio::whole(1))
    }
}

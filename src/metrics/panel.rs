//! The panel: every customer's summary, made in one pass over the facts.

use super::activity::Activity;
use super::definition::{Basis, Settings};
use crate::domain::{Day, Facts, Ratio};

/// What the figures need of one customer.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// When they were active, on the chosen basis.
    pub activity: Activity,
    /// Transactions up to the as-of instant whose amounts count.
    pub transactions: u32,
    /// Their sum, refunds subtracted, in minor units.
    pub revenue_minor: i128,
    /// What they cost the shop, in minor units.
    pub cost_minor: i128,
    /// First transaction.
    pub first: Option<Day>,
    /// Last transaction.
    pub last: Option<Day>,
}

/// Facts with a summary for each customer, and how to count.
#[derive(Debug)]
pub struct Panel<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// How it is counted.
    pub settings: &'a Settings,
    /// By customer index.
    pub summaries: Vec<Summary>,
}

impl<'a> Panel<'a> {
    /// Summarises the facts.
    pub fn of(facts: &'a Facts, settings: &'a Settings) -> Panel<'a> {
        let mut summaries = vec![Summary::default(); facts.customers.len()];
        if settings.basis == Basis::Contract {
            for subscription in &facts.subscriptions {
                let activity = &mut summaries[subscription.customer as usize].activity;
                activity.add(subscription.starts_on, subscription.ends_on);
            }
        }
        for transaction in &facts.transactions {
            let summary = &mut summaries[transaction.customer as usize];
            if let Basis::Inactivity(days) = settings.basis {
                summary.activity.add(transaction.day, transaction.day.plus(days));
            }
            summary.first = Some(summary.first.map_or(transaction.day, |first| first.min(transaction.day)));
            summary.last = summary.last.max(Some(transaction.day));
            if transaction.counted {
                summary.transactions += 1;
                summary.revenue_minor += i128::from(transaction.amount_minor);
                summary.cost_minor += i128::from(transaction.cost_minor);
            }
        }
        Panel { facts, settings, summaries }
    }

    /// Every customer's index.
    pub fn all(&self) -> Vec<u32> {
        (0..self.summaries.len() as u32).collect()
    }

    /// The summary of one customer.
    pub fn summary(&self, customer: u32) -> &Summary {
        &self.summaries[customer as usize]
    }

    /// Recurring revenue of a customer on `day`: the sum over the subscriptions that cover it.
    pub fn mrr_on(&self, customer: u32, day: Day) -> i128 {
        self.facts
            .subscriptions_of(customer)
            .iter()
            .filter(|s| s.starts_on <= day && day < s.ends_on)
            .filter_map(|s| s.mrr_minor)
            .map(i128::from)
            .sum()
    }

    /// What a customer paid in `[from, to)`, refunds subtracted.
    pub fn revenue_in(&self, customer: u32, from: Day, to: Day) -> i128 {
        let rows = self.facts.transactions_of(customer);
        let start = rows.partition_point(|t| t.day < from);
        rows[start..]
            .iter()
            .take_while(|t| t.day < to)
            .filter(|t| t.counted)
            .map(|t| i128::from(t.amount_minor))
            .sum()
    }

    /// Whether the customer has a transaction in `[from, to)`.
    pub fn has_transaction_in(&self, customer: u32, from: Day, to: Day) -> bool {
        let rows = self.facts.transactions_of(customer);
        rows.get(rows.partition_point(|t| t.day < from)).is_some_and(|t| t.day < to)
    }

    /// The share of revenue left after costs: from the rows' own costs, or the configured rate, or all.
    pub fn gross_margin(&self) -> Ratio {
        let (revenue, cost) = self
            .summaries
            .iter()
            .fold((0, 0), |(revenue, cost), s| (revenue + s.revenue_minor, cost + s.cost_minor));
        let from_rows = (cost > 0).then(|| Ratio::of(revenue - cost, revenue)).flatten();
        let from_rate = self.settings.cost_rate.map(|rate| rate.complement());
        from_rows.or(from_rate).unwrap_or(Ratio::whole(1))
    }
}

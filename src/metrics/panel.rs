//! The panel: the facts, the customers that are looked at, and how they are counted. Every figure is a
//! question to it.

use super::activity::Activity;
use super::definition::{Basis, Settings};
use crate::domain::{Day, Facts, Period, Ratio, Span};

/// Facts, which customers are looked at, and how to count.
#[derive(Debug)]
pub struct Panel<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// How it is counted.
    pub settings: &'a Settings,
    /// The customers that are looked at, by index.
    pub customers: Vec<u32>,
    /// Whether those are all there are: what belongs to nobody in particular is told of everybody only.
    pub is_whole: bool,
}

impl<'a> Panel<'a> {
    /// All customers.
    pub fn of(facts: &'a Facts, settings: &'a Settings) -> Panel<'a> {
        Panel { facts, settings, customers: facts.customers.all().collect(), is_whole: true }
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
        Panel { facts, settings, customers: customers.collect(), is_whole: false }
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
    pub fn read_activity(&self, customer: u32, activity: &mut Activity) {
        activity.clear();
        match self.settings.basis {
            Basis::Contract => {
                for contract in self.facts.contracts.get(customer) {
                    activity.add(contract.starts_on, contract.ends_on);
                }
            }
            Basis::Inactivity(_) => {
                let spans = self.facts.purchases.spans(customer).iter();
                activity.extend(spans.map(|span| Span { from: span.from, to: self.span_end(*span) }));
            }
        }
    }

    /// Who is active today may buy again before the last span is over: it has no end yet, and a period that is not over
    /// has no departure from it.
    fn span_end(&self, span: Span) -> Day {
        if span.to > self.facts.lens.today() { Day::MAX } else { span.to }
    }

    /// The day at whose end a period is told: its last, or of one that is under way today. What will end later has not.
    pub fn closing_day(&self, period: &Period) -> Day {
        period.last().min(self.facts.lens.today())
    }

    /// Whether anything was read that tells who is active.
    pub fn tells_activity(&self) -> bool {
        let bought = &self.facts.purchases;
        let others = self.facts.matters.waiting.as_ref().is_some_and(|waiting| waiting.contracts);
        others
            || !self.facts.contracts.is_empty()
            || self.facts.customers.all().any(|c| !bought.spans(c).is_empty())
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

    /// Who was active for the last time before a day from one up to and with another, and that day.
    pub fn left_within(&self, from: Day, to: Day) -> Vec<(u32, Day)> {
        let within = |day: Day| (from..=to).contains(&day);
        let left = |customer| Some((customer, self.active_until(customer).filter(|day| within(*day))?));
        if self.settings.basis != Basis::Contract {
            return self.facts.customers.all().filter_map(left).collect();
        }
        // There may be a million customers, and few whose contracts ended on these days.
        let mut ended: Vec<u32> =
            self.facts.contracts.those(|c| within(c.ends_on)).map(|(customer, _)| customer).collect();
        ended.dedup();
        ended.into_iter().filter_map(left).collect()
    }

    /// The day after the last active one of a customer: the end of the last span of their activity.
    fn active_until(&self, customer: u32) -> Option<Day> {
        match self.settings.basis {
            Basis::Contract => {
                let contracts = self.facts.contracts.get(customer).iter();
                contracts.filter(|c| c.starts_on < c.ends_on).map(|c| c.ends_on).max()
            }
            Basis::Inactivity(_) => {
                self.facts.purchases.spans(customer).last().map(|span| self.span_end(*span))
            }
        }
    }

    /// What a customer stood for when a period began, minor units: recurring revenue on the day before, or (inactivity
    /// basis) what they bought in as many days before.
    pub fn paid_before(&self, customer: u32, period: &Period) -> i128 {
        match self.settings.basis {
            Basis::Contract => self.mrr_on(customer, period.start.plus(-1)),
            Basis::Inactivity(_) => {
                let from = period.start.plus(-period.days());
                i128::from(self.facts.purchases.within(customer, from, period.start).0)
            }
        }
    }

    /// Recurring revenue of a customer on `day`: the sum over the contracts that cover it, minor units.
    pub fn mrr_on(&self, customer: u32, day: Day) -> i128 {
        let covering = self.facts.contracts.get(customer).iter().filter(|c| c.covers(day));
        covering.map(|c| i128::from(c.mrr_minor)).sum()
    }

    /// Σ revenue to date of `customers` and what is left of it after costs, minor units: a row's own cost, and of
    /// rows that name none the configured share. Of 1,000 in rows that cost 400 and 500 in rows that name no cost, at
    /// 35 %, 1,500 − 400 − 175 = 925 are left.
    pub fn revenue_and_net(&self, customers: &[u32]) -> (i128, Ratio) {
        let bought = &self.facts.purchases;
        let (revenue, cost, uncosted) = customers.iter().fold((0, 0, 0), |(revenue, cost, uncosted), c| {
            (
                revenue + i128::from(bought.tally(*c).revenue_minor()),
                cost + i128::from(bought.cost_minor(*c)),
                uncosted + i128::from(bought.uncosted_minor(*c)),
            )
        });
        let rate = self.settings.cost_rate.unwrap_or(Ratio::whole(0));
        let left = (revenue - cost) * rate.denominator() - uncosted * rate.numerator();
        (revenue, Ratio::of(left, rate.denominator()).unwrap_or(Ratio::whole(revenue - cost)))
    }

    /// The share of revenue left after costs. Without revenue that is what the configured share leaves, or all.
    pub fn gross_margin(&self) -> Ratio {
        let (revenue, net) = self.revenue_and_net(&self.customers);
        let usual = self.settings.cost_rate.map_or(Ratio::whole(1), |rate| rate.complement());
        if revenue <= 0 || !self.facts.purchases.any_costed() {
            return usual;
        }
        // A factor of products: the smaller its terms, the larger theirs may be.
        Ratio::of(net.numerator(), net.denominator() * revenue).map_or(usual, |margin| margin.reduced())
    }

    /// The share of revenue in rows that do not say what they cost, where others do.
    pub fn uncosted_share(&self) -> Option<Ratio> {
        let bought = &self.facts.purchases;
        let sum = |minor: &dyn Fn(u32) -> i64| self.customers.iter().map(|c| i128::from(minor(*c))).sum();
        let revenue: i128 = sum(&|c| bought.tally(c).revenue_minor());
        let uncosted: i128 = sum(&|c| bought.uncosted_minor(c));
        Ratio::of(uncosted, revenue).filter(|_| bought.any_costed() && uncosted > 0 && revenue > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::customer::CancelKind;
    use crate::domain::facts::Lens;
    use crate::domain::{
        Asked, Currency, Customer, Period, PeriodKind, Rates, Rows, Subscription, Transaction,
    };

    /// As of 15 July a purchase makes active for thirty days.
    #[test]
    fn a_period_under_way_has_no_departure_that_lies_in_the_future() {
        let day = |month, day| Day::of(jiff::civil::date(2026, month, day));
        let as_of = "2026-07-15T08:00:00Z".parse().unwrap();
        let (zone, rates) = (jiff::tz::TimeZone::UTC, Rates::default());
        let currency = Currency::from_code("EUR").unwrap();
        let july = Period::containing(PeriodKind::Month, day(7, 15));
        let june = july.previous();
        // Bought on; opening, churned, departures, new and closing of July; closing of June.
        for (bought, [opening, churned, departures, new, closing], before) in [
            (day(6, 20), [1, 0, 0, 0, 1], 1),
            (day(6, 16), [1, 0, 0, 0, 1], 1),
            (day(6, 15), [1, 1, 1, 0, 0], 1),
            (day(6, 10), [1, 1, 1, 0, 0], 1),
            (day(7, 14), [0, 0, 0, 1, 1], 0),
            (day(5, 20), [0, 0, 0, 0, 0], 0),
        ] {
            let mut rows = Rows::empty(Lens { as_of, zone: zone.clone(), currency, rates: rates.clone() });
            rows.customers.push(Customer { id: "1".into(), ..Customer::default() });
            let (customer, amount_minor, cost_minor) = (0, 100, 0);
            rows.transactions.push(Transaction {
                customer,
                day: bought,
                amount_minor,
                cost_minor,
                costed: false,
                bought: true,
                counted: true,
            });
            let facts =
                rows.facts([june, july].iter().fold(Asked::nothing(day(7, 15)).activity(30), Asked::period));
            let settings = Settings { basis: Basis::Inactivity(30), ..Settings::default() };
            let panel = Panel::of(&facts, &settings);
            let c = panel.counts(&[0], &july);
            let found = [c.opening, c.churned, c.departures, c.new, c.closing];
            assert_eq!(found, [opening, churned, departures, new, closing], "{bought:?}");
            assert_eq!(panel.counts(&[0], &june).closing, before, "{bought:?}");
        }
    }

    proptest! {
        #[test]
        fn the_ends_of_all_spans_are_told_without_them(
            terms in prop::collection::vec((-900i32..90, -5i32..400), 0..6),
        ) {
            let as_of = "2026-07-15T08:00:00Z".parse().unwrap();
            let (zone, currency) = (jiff::tz::TimeZone::UTC, Currency::from_code("EUR").unwrap());
            let mut rows = Rows::empty(Lens { as_of, zone, currency, rates: Rates::default() });
            rows.customers.push(Customer { id: "1".into(), ..Customer::default() });
            let today = rows.lens.today();
            let of = |(from, days): &(i32, i32)| Subscription {
                customer: 0,
                plan: None,
                mrr_minor: None,
                starts_on: today.plus(*from),
                ends_on: today.plus(from + days),
                renews_on: None,
                cancel_kind: CancelKind::Unknown,
                cancel_reason: None,
            };
            rows.subscriptions = terms.iter().map(of).collect();
            let facts = rows.facts(Asked::nothing(today));
            let settings = Settings { basis: Basis::Contract, ..Settings::default() };
            let panel = Panel::of(&facts, &settings);
            let activity = panel.activity(0);
            prop_assert_eq!(panel.first_active(0), activity.first());
            let left = activity.spans().last().map(|span| (0, span.to));
            prop_assert_eq!(panel.active_until(0), left.map(|(_, day)| day));
            let near = (today.plus(-90), today);
            let left = left.filter(|(_, day)| (near.0..=near.1).contains(day));
            prop_assert_eq!(panel.left_within(near.0, near.1), left.into_iter().collect::<Vec<_>>());
        }
    }
}

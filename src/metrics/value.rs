//! Lifetime value: what customers brought so far, what they can be expected to bring, and how unevenly.
//!
//! - **So far**: Σ amounts, refunds subtracted, of whoever bought; **net** of what rows say they cost, and of the usual
//!   share where they say nothing ([`Panel::revenue_and_net`]). Three buyers of 90, 30 and 0: 120, 40 each, the one in the
//!   middle 30.
//! - **Simple**: ticket × purchases a year × years of relationship. 60,000 a month for two years: 60,000 × 12 × 2 =
//!   1,440,000; with costs of 35 %: 936,000.
//! - **ARPA**: revenue a month ÷ customers at the end of the period. **By subscription**: ARPA × gross margin ÷ monthly
//!   churn (Farris, Bendle, Pfeifer, Reibstein, "Marketing Metrics", 2010, ch. 5, without a discount). 100 a month, 80 %
//!   margin, 4 % churn: 2,000. Where nobody left it is "≥", at the cap: five years of it are 4,800.
//! - **LTV : CAC**: that ÷ what a customer costs to win. 2,000 ÷ 400: 5.
//! - **Concentration**: the share of revenue of the top 20 % and 30 % of buyers, their number rounded up. Of 50, 20, 20, 5
//!   and 5 the first brings 50 %, the first two 70 %.
//! - **Gini coefficient** (Gini, "Variabilità e mutabilità", 1912): 2 Σ i·xᵢ ÷ (n Σ x) − (n + 1) ÷ n over amounts in
//!   ascending order. 1, 1, 1, 1: 0; 0, 0, 0, 4: 0.75, which is (n − 1) ÷ n, the most that four can have.

use super::activity::Activity;
use super::definition::{Basis, Settings};
use super::panel::Panel;
use super::sweep::Slice;
use crate::domain::purchases::Tally;
use crate::domain::{Day, Ratio, ratio};

/// Days of a year in quarters of a day, so that leap years need no floating point.
const QUARTER_DAYS_A_YEAR: i128 = 1461;

/// The 365 days that end with `today`, half-open: what "now" means where a rhythm is told.
pub fn year_to(today: Day) -> (Day, Day) {
    (today.plus(-364), today.plus(1))
}

/// The value figures of a group of customers, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Value {
    /// Customers with at least one transaction: the base of historic figures.
    pub customers: i128,
    /// Σ amounts to date, refunds subtracted.
    pub historic_minor: i128,
    /// The same less costs: a row's own, or the configured share of it.
    pub historic_net_minor: i128,
    /// Historic ÷ customers.
    pub average_minor: Option<i128>,
    /// The customer in the middle.
    pub median_minor: Option<i128>,
    /// Average ticket × transactions a year × years.
    pub simple: Option<Simple>,
    /// ARPA × gross margin ÷ churn rate.
    pub subscription: Option<Lifetime>,
    /// Share of revenue of the top 20 % of customers.
    pub top_20: Option<Ratio>,
    /// Share of revenue of the top 30 % of customers.
    pub top_30: Option<Ratio>,
    /// Gini coefficient of revenue over customers: 0 is even, 1 is all from one.
    pub gini: Option<Ratio>,
}

/// The factors of simple lifetime value. Ticket and rhythm are those of the last 365 days, so that the
/// figure speaks of customers as they buy now; years are the average relationship so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simple {
    /// Revenue ÷ transactions, minor units.
    pub ticket: Ratio,
    /// Transactions a year of an active customer.
    pub per_year: Ratio,
    /// Years of relationship.
    pub years: Ratio,
    /// The product.
    pub gross_minor: i128,
    /// The product less costs.
    pub net_minor: i128,
}

/// Subscription lifetime value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Recurring revenue a month of an active customer.
    pub arpa_minor: i128,
    /// The value, minor units.
    pub value_minor: i128,
    /// Nobody left, so it is at least this: capped at the configured years.
    pub capped: bool,
}

/// ticket × per year × years × (1 − cost rate), rounded to minor units. Costs are optional.
pub fn simple_minor(ticket: Ratio, per_year: Ratio, years: Ratio, cost_rate: Option<Ratio>) -> i128 {
    let gross = ticket.times(per_year).times(years);
    cost_rate.map_or(gross, |rate| gross.times(rate.complement())).rounded()
}

/// ARPA × margin ÷ monthly churn; `cap_years` of it where nobody left.
pub fn subscription(
    arpa: Ratio,
    margin: Ratio,
    churn: Ratio,
    months_a_period: (i128, i128),
    cap_years: u16,
) -> Option<Lifetime> {
    let monthly = arpa.times(margin);
    let arpa_minor = arpa.rounded();
    if churn.numerator() <= 0 {
        let months = Ratio::whole(i128::from(cap_years) * 12);
        return Some(Lifetime { arpa_minor, value_minor: monthly.times(months).rounded(), capped: true });
    }
    // Periods a customer stays = 1 ÷ churn; months = periods × months of one.
    let periods = Ratio::of(churn.denominator(), churn.numerator())?;
    let months = periods.times(Ratio::of(months_a_period.0, months_a_period.1)?);
    Some(Lifetime { arpa_minor, value_minor: monthly.times(months).rounded(), capped: false })
}

/// Share of the total that the top `share` (a fraction of the number, rounded up) holds.
/// `None` where there is no positive total. `amounts` sorted, largest first.
pub fn top_share(amounts: &[i64], share: Ratio) -> Option<Ratio> {
    let sum = |amounts: &[i64]| amounts.iter().map(|minor| i128::from(*minor)).sum::<i128>();
    let total = sum(amounts);
    let count = (amounts.len() as i128 * share.numerator() + share.denominator() - 1) / share.denominator();
    let top = sum(amounts.get(..usize::try_from(count).ok()?).unwrap_or(amounts));
    Ratio::of(top, total).filter(|_| total > 0)
}

/// Gini coefficient: `(2 Σ i·xᵢ ÷ (n Σ x)) − (n + 1) ÷ n` over amounts in ascending order; debts count
/// as nothing. `amounts` sorted, largest first.
pub fn gini(amounts: &[i64]) -> Option<Ratio> {
    let n = amounts.len() as i128;
    let clipped = || amounts.iter().rev().map(|x| i128::from(*x).max(0));
    let total: i128 = clipped().sum();
    let weighted: i128 = clipped().zip(1i128..).map(|(x, i)| x * i).sum();
    Ratio::of(2 * weighted - (n + 1) * total, n * total).filter(|_| total > 0)
}

impl Panel<'_> {
    /// The value figures of `customers`; `slice` is theirs of the period of the report.
    pub fn value(&self, customers: &[u32], slice: &Slice) -> Value {
        Value { subscription: self.lifetime(slice), ..self.value_so_far(customers) }
    }

    /// The same without subscription lifetime value, which is that of a period.
    pub fn value_so_far(&self, customers: &[u32]) -> Value {
        let amounts = self.amounts(customers);
        let historic: i128 = amounts.iter().map(|minor| i128::from(*minor)).sum();
        let n = amounts.len() as i128;
        let share = |tenths| Ratio::of(tenths, 10).and_then(|share| top_share(&amounts, share));
        Value {
            customers: n,
            historic_minor: historic,
            historic_net_minor: self.revenue_and_net(customers).1.rounded(),
            average_minor: Ratio::of(historic, n).map(|r| r.rounded()),
            median_minor: median(&amounts),
            simple: self.simple(customers),
            subscription: None,
            top_20: share(2),
            top_30: share(3),
            gini: gini(&amounts),
        }
    }

    /// Historic revenue of those who ever bought, largest first.
    pub fn amounts(&self, customers: &[u32]) -> Vec<i64> {
        let mut amounts: Vec<i64> = customers
            .iter()
            .map(|c| self.facts.purchases.tally(*c))
            .filter(|tally| tally.transactions() > 0)
            .map(Tally::revenue_minor)
            .collect();
        amounts.sort_unstable_by(|a, b| b.cmp(a));
        amounts
    }

    fn simple(&self, customers: &[u32]) -> Option<Simple> {
        let today = self.facts.lens.today();
        let (from, to) = year_to(today);
        let (mut revenue, mut transactions, mut recent_days, mut all_days, mut buyers) = (0, 0, 0, 0, 0);
        let mut activity = Activity::default();
        for &customer in customers {
            if self.facts.purchases.tally(customer).transactions() == 0 {
                continue;
            }
            buyers += 1;
            self.read_activity(customer, &mut activity);
            let days = activity.active_days_until(today);
            all_days += i128::from(days);
            recent_days += i128::from(days - activity.active_days_until(from.plus(-1)));
            let (sum, count, _) = self.facts.purchases.within(customer, from, to);
            revenue += i128::from(sum);
            transactions += i128::from(count);
        }
        let ticket = Ratio::of(revenue, transactions)?;
        let per_year = Ratio::of(transactions * QUARTER_DAYS_A_YEAR, recent_days * 4)?;
        let years = Ratio::of(all_days * 4, buyers * QUARTER_DAYS_A_YEAR)?;
        let gross_minor = simple_minor(ticket, per_year, years, None);
        let net_minor = Ratio::whole(gross_minor).times(self.gross_margin()).rounded();
        Some(Simple { ticket, per_year, years, gross_minor, net_minor })
    }

    /// Subscription lifetime value of the customers whose slice it is; of a period under way nobody knows yet how many
    /// leave.
    pub fn lifetime(&self, slice: &Slice) -> Option<Lifetime> {
        let is_over = slice.period.end <= self.facts.lens.today();
        is_over.then(|| lifetime(slice, self.settings, self.gross_margin())).flatten()
    }
}

/// Revenue a month of a customer who is active at the end of a slice's period: ARPA, in minor units.
pub fn arpa(slice: &Slice, settings: &Settings) -> Option<Ratio> {
    let (months, of) = slice.period.kind.months();
    // On the inactivity basis closing revenue is that of the whole period; MRR already is a month's.
    match settings.basis {
        Basis::Contract => Ratio::of(slice.moved.closing, slice.counts.closing),
        Basis::Inactivity(_) => Ratio::of(slice.moved.closing * of, slice.counts.closing * months),
    }
}

/// Subscription lifetime value of a slice: ARPA × margin ÷ monthly churn.
pub fn lifetime(slice: &Slice, settings: &Settings, margin: Ratio) -> Option<Lifetime> {
    let churn = slice.counts.rate(settings.definition)?;
    let months = slice.period.kind.months();
    subscription(arpa(slice, settings)?, margin, churn, months, settings.ltv_cap_years)
}

/// The amount in the middle of a sorted list; between two, their mean.
fn median(sorted: &[i64]) -> Option<i128> {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => None,
        1 => Some(i128::from(sorted[middle])),
        _ => Some(ratio::divide(i128::from(sorted[middle - 1]) + i128::from(sorted[middle]), 2)),
    }
}

/// Bars of a distribution: from (inclusive, `None` for the lowest), to (exclusive, `None` for the
/// highest) and how many lie between. Edges are 1, 2 or 5 times a power of ten of the major unit.
pub fn distribution(amounts: &[i64], unit: i128) -> Vec<(Option<i128>, Option<i128>, usize)> {
    if amounts.is_empty() {
        return Vec::new();
    }
    let at = |percent: usize| i128::from(amounts[(amounts.len() - 1) * (100 - percent) / 100]);
    let (low, high) = (at(4), at(98));
    let steps = (0..12u32).flat_map(|power| [1, 2, 5].map(|step| step * unit * 10i128.pow(power)));
    let mut edges: Vec<i128> = steps.filter(|edge| *edge > low && *edge <= high).collect();
    if edges.len() < 3 {
        edges = linear_edges(low, high);
    }
    while edges.len() > 7 {
        edges = edges.into_iter().step_by(2).collect();
    }
    let mut bars = Vec::new();
    let mut from = None;
    for to in edges.into_iter().map(Some).chain([None]) {
        // Largest first: those of `to` and more come before, those under `from` after.
        let above = |edge: i128| amounts.partition_point(|x| i128::from(*x) >= edge);
        bars.push((from, to, from.map_or(amounts.len(), above) - to.map_or(0, above)));
        from = to;
    }
    bars
}

/// Edges a nice step apart, for amounts so close together that powers of ten say nothing.
fn linear_edges(low: i128, high: i128) -> Vec<i128> {
    let wanted = ((high - low) / 6).max(1);
    let steps = (0..30u32).flat_map(|power| [1, 2, 5].map(|step| step * 10i128.pow(power)));
    let step = steps.into_iter().find(|step| *step >= wanted).unwrap_or(wanted);
    let first = low - low.rem_euclid(step) + step;
    (0..32).map(|n| first + n * step).take_while(|edge| *edge <= high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_simple_value() {
        let r = Ratio::whole;
        assert_eq!(simple_minor(r(60_000), r(12), r(2), None), 1_440_000);
        assert_eq!(simple_minor(r(60_000), r(12), r(2), Ratio::of(35, 100)), 936_000);
    }

    #[test]
    fn subscription_value_divides_by_monthly_churn_and_caps_at_none() {
        let churn = Ratio::of(5, 100).unwrap();
        let lifetime =
            subscription(Ratio::whole(10_000), Ratio::of(8, 10).unwrap(), churn, (1, 1), 5).unwrap();
        assert_eq!((lifetime.value_minor, lifetime.capped), (160_000, false));
        let quarterly = subscription(Ratio::whole(10_000), Ratio::whole(1), churn, (3, 1), 5).unwrap();
        assert_eq!(quarterly.value_minor, 600_000);
        let nobody = subscription(Ratio::whole(10_000), Ratio::whole(1), Ratio::whole(0), (1, 1), 5).unwrap();
        assert_eq!((nobody.value_minor, nobody.capped), (600_000, true));
    }

    #[test]
    fn concentration_of_known_lists() {
        let even = [10i64; 10];
        assert_eq!(top_share(&even, Ratio::of(2, 10).unwrap()), Ratio::of(20, 100));
        assert_eq!(gini(&even), Some(Ratio::whole(0)));
        let one = [100, 0, 0, 0];
        assert_eq!(gini(&one), Ratio::of(3, 4));
        assert_eq!(top_share(&[], Ratio::of(2, 10).unwrap()), None);
        // 1..=5: 2·(1+4+9+16+25) ÷ (5·15) − 6 ÷ 5 = 4/15.
        assert_eq!(gini(&[5, 4, 3, 2, 1]), Ratio::of(4, 15));
    }

    #[test]
    fn every_amount_is_in_one_bar() {
        let mut amounts: Vec<i64> = (1..500).map(|n| n * n * 37).collect();
        amounts.sort_unstable_by(|a, b| b.cmp(a));
        let bars = distribution(&amounts, 100);
        assert_eq!(bars.iter().map(|b| b.2).sum::<usize>(), amounts.len());
        assert!(bars.len() <= 8 && bars.windows(2).all(|w| w[0].1 == w[1].0));
        assert_eq!(distribution(&[7], 100).len(), 1);
        let close: Vec<i64> = (3600..4900).rev().step_by(25).collect();
        let bars = distribution(&close, 100);
        assert!((4..=8).contains(&bars.len()), "{bars:?}");
        assert_eq!(bars.iter().map(|b| b.2).sum::<usize>(), close.len());
    }
}

//! RFM: how recently, how often and for how much each customer bought, scored against the others
//! (Hughes, "Strategic Database Marketing", 1994), and what that makes of them.
//!
//! R is the days to the as-of day from the last day that brought more than was given back on it: neither a
//! refund nor a purchase that was undone the same day is a sign of life. F is the number of transactions
//! with a positive amount, in whatever currency, and V the sum of all, refunds subtracted, in the window that ends with the as-of
//! day. Each is scored 1 to 5 by quintile, 5 best: a customer's score is
//! 1 + ⌊5 × (customers who do worse) ÷ customers⌋, so that equal values share a score. Whoever never bought
//! is not scored.
//!
//! Five customers who last bought 1, 2, 3, 4 and 5 days ago score 5, 4, 3, 2 and 1. If the first three all
//! bought today, two customers do worse than each of them: 1 + ⌊5 × 2 ÷ 5⌋ = 3.

use super::grid::Grid;
use super::panel::Panel;
use super::segment::Groups;
use crate::domain::{Asked, Day, Ratio};

/// What a customer is, by their scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Bought just now, often and for much.
    Champions,
    /// Buy regularly.
    Loyal,
    /// Bought lately, not yet often.
    Potential,
    /// Bought for the first time, or little, just now.
    New,
    /// Middling, and slipping.
    NeedsAttention,
    /// Bought often once, and not lately.
    AtRisk,
    /// Bought most once, and have not for long.
    CannotLose,
    /// Bought little, and not lately.
    Hibernating,
    /// Bought little, long ago.
    Lost,
}

impl Standing {
    /// All of them, best first, with their names.
    pub const ALL: [(&'static str, Standing); 9] = [
        ("champions", Standing::Champions),
        ("loyal", Standing::Loyal),
        ("potential", Standing::Potential),
        ("new", Standing::New),
        ("needs_attention", Standing::NeedsAttention),
        ("at_risk", Standing::AtRisk),
        ("cannot_lose", Standing::CannotLose),
        ("hibernating", Standing::Hibernating),
        ("lost", Standing::Lost),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Standing::ALL[self as usize].0
    }

    /// What recency and the mean of frequency and value (halves up) say.
    pub fn of(score: Score) -> Standing {
        Standing::at(score.recency, score.weight())
    }

    /// What stands at a recency and a weight, from 1 to 5 each.
    pub fn at(recency: u8, weight: u8) -> Standing {
        use Standing::{
            AtRisk, CannotLose, Champions, Hibernating, Lost, Loyal, NeedsAttention, New, Potential,
        };
        // By recency, lowest first; within by frequency and value, lowest first.
        const GRID: [[Standing; 5]; 5] = [
            [Lost, Lost, AtRisk, CannotLose, CannotLose],
            [Hibernating, Hibernating, AtRisk, AtRisk, AtRisk],
            [Hibernating, NeedsAttention, NeedsAttention, Loyal, Loyal],
            [New, Potential, Potential, Loyal, Champions],
            [New, Potential, Potential, Champions, Champions],
        ];
        let at = |n: u8| usize::from(n.clamp(1, 5)) - 1;
        GRID[at(recency)][at(weight)]
    }
}

/// Those who are worth most: "champions and loyal".
pub const BEST: [Standing; 2] = [Standing::Champions, Standing::Loyal];

/// Those who were worth much and are going: "at risk or cannot lose".
pub const SLIPPING: [Standing; 2] = [Standing::AtRisk, Standing::CannotLose];

/// How many customers are what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByStanding([i128; 9]);

impl ByStanding {
    /// The share of all who are scored that some standings have. Of 40 scored customers, 4 champions and 6
    /// loyal are 10 ÷ 40.
    pub fn share(&self, of: &[Standing]) -> Option<Ratio> {
        let count = of.iter().map(|standing| self.0[*standing as usize]).sum();
        Ratio::of(count, self.0.iter().sum())
    }
}

/// Three scores, 1 to 5 each, 5 best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// How recently.
    pub recency: u8,
    /// How often.
    pub frequency: u8,
    /// For how much.
    pub value: u8,
}

impl Score {
    /// How often and for how much in one: the mean, halves up.
    pub fn weight(self) -> u8 {
        (self.frequency + self.value).div_ceil(2)
    }
}

/// One customer's figures and what they make of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored {
    /// Index into the facts.
    pub customer: u32,
    /// Days since the last day on which something was bought and kept.
    pub days: i32,
    /// Transactions with a positive amount in the window.
    pub count: u32,
    /// The sum of all in the window, refunds subtracted, minor units.
    pub amount_minor: i64,
    /// The scores.
    pub score: Score,
}

impl Scored {
    /// What the customer is.
    pub fn standing(&self) -> Standing {
        Standing::of(self.score)
    }
}

/// The window that ends with `today`: `days` long, half-open.
fn window(today: Day, days: i32) -> (Day, Day) {
    (today.plus(1 - days), today.plus(1))
}

/// What scoring as of `today` asks of the purchases.
#[must_use]
pub fn asks(asked: Asked, today: Day, days: i32) -> Asked {
    let (from, to) = window(today, days);
    asked.window(from, to)
}

/// What scoring as of `ago` days before `today` asks of them.
#[must_use]
pub fn asks_before(asked: Asked, today: Day, days: i32, ago: i32) -> Asked {
    let (from, to) = window(today.plus(-ago), days);
    asked.window(from, to).mark(to)
}

/// Scores customers against each other as of a day.
pub struct Scorer<'p, 'a> {
    panel: &'p Panel<'a>,
    today: Day,
    before: bool,
    window: (Day, Day),
    recency: Quintiles,
    frequency: Quintiles,
    value: Quintiles,
}

impl<'a> Panel<'a> {
    /// Scores `customers` as of today.
    pub fn rfm(&self, customers: &[u32]) -> Scorer<'_, 'a> {
        Scorer::new(self, customers, 0)
    }

    /// Scores `customers` as of `ago` days before today, from what had been bought by then.
    pub fn rfm_before(&self, customers: &[u32], ago: i32) -> Scorer<'_, 'a> {
        Scorer::new(self, customers, ago)
    }

    /// What each customer is as of today, by index; `None` of who never bought, and of those who are not looked at.
    pub fn standings(&self) -> Vec<Option<Standing>> {
        let mut standings = vec![None; self.facts.customers.len()];
        let scorer = self.rfm(&self.customers);
        for scored in self.customers.iter().filter_map(|customer| scorer.score(*customer)) {
            standings[scored.customer as usize] = Some(scored.standing());
        }
        standings
    }

    /// What customers are as of today, scored against all of them, in the whole and in each group.
    pub(super) fn standings_over(&self, splits: &[(&Groups, usize)]) -> Grid<ByStanding> {
        let mut grid: Grid<ByStanding> = Grid::new(1, splits);
        let scorer = self.rfm(&self.customers);
        for scored in self.customers.iter().filter_map(|customer| scorer.score(*customer)) {
            let at = scored.standing() as usize;
            grid.change(splits, scored.customer, 0, |by| by.0[at] += 1);
        }
        grid
    }
}

impl<'p, 'a> Scorer<'p, 'a> {
    fn new(panel: &'p Panel<'a>, customers: &[u32], ago: i32) -> Scorer<'p, 'a> {
        let today = panel.facts.lens.today().plus(-ago);
        let none = Quintiles([i64::MAX; 4]);
        let window = window(today, panel.settings.rfm_days);
        let mut scorer =
            Scorer { panel, today, before: ago > 0, window, recency: none, frequency: none, value: none };
        // One figure at a time: a million customers' three would be three times the memory.
        let of = |figure: fn(&Scored) -> i64| {
            Quintiles::of(customers.iter().filter_map(|c| scorer.figures(*c)).map(|s| figure(&s)).collect())
        };
        let recency = of(|s| -i64::from(s.days));
        let frequency = of(|s| i64::from(s.count));
        let value = of(|s| s.amount_minor);
        (scorer.recency, scorer.frequency, scorer.value) = (recency, frequency, value);
        scorer
    }

    fn figures(&self, customer: u32) -> Option<Scored> {
        let bought = &self.panel.facts.purchases;
        let last = if self.before {
            bought.bought_before(customer)
        } else {
            bought.bought(customer).map(|(_, last)| last)
        };
        let days = self.today.since(last?);
        let (amount_minor, count, _) = bought.within(customer, self.window.0, self.window.1);
        let score = Score { recency: 0, frequency: 0, value: 0 };
        Some(Scored { customer, days, count, amount_minor, score })
    }

    /// The figures and scores of a customer; `None` for one who had not bought.
    pub fn score(&self, customer: u32) -> Option<Scored> {
        let figures = self.figures(customer)?;
        let score = Score {
            recency: self.recency.score(-i64::from(figures.days)),
            frequency: self.frequency.score(i64::from(figures.count)),
            value: self.value.score(figures.amount_minor),
        };
        Some(Scored { score, ..figures })
    }
}

/// The least value of each of the scores 2 to 5.
#[derive(Debug, Clone, Copy)]
struct Quintiles([i64; 4]);

impl Quintiles {
    /// Where the quintiles of `values` begin.
    fn of(mut values: Vec<i64>) -> Quintiles {
        let n = values.len();
        // A value scores s or more when at least (s − 1) ÷ 5 of all do worse: the value at that place, or,
        // where it is there before, the next larger one.
        let mut least = |part: usize| {
            let place = (n * part).div_ceil(5);
            if place >= n {
                return i64::MAX;
            }
            let (worse, at, better) = values.select_nth_unstable(place);
            if worse.contains(at) {
                better.iter().filter(|v| *v > at).min().copied().unwrap_or(i64::MAX)
            } else {
                *at
            }
        };
        Quintiles([least(1), least(2), least(3), least(4)])
    }

    fn score(&self, value: i64) -> u8 {
        1 + self.0.iter().filter(|least| value >= **least && **least != i64::MAX).count() as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Lens;
    use crate::domain::{Currency, Customer, Rates, Rows, Transaction};
    use proptest::prelude::*;

    fn scores(values: &[i64]) -> Vec<u8> {
        let quintiles = Quintiles::of(values.to_vec());
        values.iter().map(|value| quintiles.score(*value)).collect()
    }

    #[test]
    fn the_worked_examples() {
        assert_eq!(scores(&[-1, -2, -3, -4, -5]), [5, 4, 3, 2, 1]);
        assert_eq!(scores(&[0, 0, 0, -4, -5]), [3, 3, 3, 2, 1]);
        assert_eq!(scores(&[7, 7, 7]), [1, 1, 1]);
        assert_eq!(scores(&[1]), [1]);
        assert!(scores(&[]).is_empty());
    }

    #[test]
    fn what_was_given_back_the_same_day_is_no_sign_of_life() {
        let as_of = "2026-07-15T08:00:00Z".parse().unwrap();
        let (zone, currency) = (jiff::tz::TimeZone::UTC, Currency::from_code("EUR").unwrap());
        let mut rows = Rows::empty(Lens { as_of, zone, currency, rates: Rates::default() });
        rows.customers = ["1", "2", "3"].map(|id| Customer { id: id.into(), ..Customer::default() }).into();
        let today = rows.lens.today();
        let row = |customer, ago: i32, amount_minor| Transaction {
            customer,
            day: today.plus(-ago),
            amount_minor,
            cost_minor: 0,
            costed: false,
            bought: amount_minor > 0,
            counted: true,
        };
        // One kept; one bought, gave back, and bought again in vain; one bought in vain only.
        rows.transactions = vec![row(0, 9, 5), row(1, 9, 5), row(1, 4, -2), row(1, 3, 7), row(1, 3, -7)];
        rows.transactions.extend([row(2, 2, 7), row(2, 2, -7), row(0, 365, 5), row(0, 364, 5)]);
        let settings = super::super::Settings::default();
        let facts = rows.facts(asks_before(
            asks(Asked::nothing(today), today, settings.rfm_days),
            today,
            settings.rfm_days,
            30,
        ));
        let panel = Panel::of(&facts, &settings);
        let scorer = panel.rfm(&panel.customers);
        let of = |customer| scorer.score(customer).map(|s| (s.days, s.count, s.amount_minor));
        assert_eq!((of(0), of(1), of(2)), (Some((9, 2, 10)), Some((9, 2, 3)), None));
    }

    #[test]
    fn a_purchase_without_a_rate_is_one_more_time_and_no_money() {
        let as_of = "2026-07-15T08:00:00Z".parse().unwrap();
        let (zone, currency) = (jiff::tz::TimeZone::UTC, Currency::from_code("EUR").unwrap());
        let mut rows = Rows::empty(Lens { as_of, zone, currency, rates: Rates::default() });
        rows.customers = vec![Customer { id: "1".into(), ..Customer::default() }];
        let today = rows.lens.today();
        let row = |ago: i32, amount_minor, bought, counted| {
            let (customer, day, cost_minor) = (0, today.plus(-ago), 0);
            Transaction { customer, day, amount_minor, cost_minor, costed: false, bought, counted }
        };
        // Bought; bought in another currency; a refund in another currency; a refund.
        rows.transactions = vec![
            row(9, 500, true, true),
            row(8, 0, true, false),
            row(7, 0, false, false),
            row(6, -100, false, true),
        ];
        let settings = super::super::Settings::default();
        let asked =
            asks_before(asks(Asked::nothing(today), today, settings.rfm_days), today, settings.rfm_days, 30);
        let lately = crate::domain::Period::containing(crate::domain::PeriodKind::Rolling(10), today);
        let facts = rows.facts(asked.window(lately.start, lately.end));
        let panel = Panel::of(&facts, &settings);
        let scored = panel.rfm(&panel.customers).score(0).map(|s| (s.count, s.amount_minor));
        assert_eq!(scored, Some((2, 400)));
        assert_eq!(panel.complaints(&[0], &lately).purchases, 2);
        assert_eq!(facts.purchases.tally(0).transactions(), 2);
    }

    #[test]
    fn the_grid_names_its_corners() {
        let of = |recency, frequency, value| Standing::of(Score { recency, frequency, value });
        assert_eq!(of(5, 5, 5), Standing::Champions);
        assert_eq!(of(5, 1, 1), Standing::New);
        assert_eq!(of(1, 5, 5), Standing::CannotLose);
        assert_eq!(of(1, 1, 1), Standing::Lost);
        assert_eq!(of(3, 2, 3), Standing::NeedsAttention); // 2.5 counts as 3
        for (place, (_, standing)) in Standing::ALL.iter().enumerate() {
            assert_eq!(*standing as usize, place);
        }
    }

    proptest! {
        #[test]
        fn a_score_is_one_and_a_fifth_for_each_fifth_that_does_worse(values in prop::collection::vec(-20i64..20, 1..60)) {
            let expected: Vec<u8> = values
                .iter()
                .map(|value| {
                    let worse = values.iter().filter(|other| *other < value).count();
                    1 + (5 * worse / values.len()) as u8
                })
                .collect();
            prop_assert_eq!(scores(&values), expected);
        }
    }
}

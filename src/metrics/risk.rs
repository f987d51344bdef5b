//! The risk score: how much speaks for a customer being about to leave, from 0 to 100, with its reasons.
//!
//! Each [`Factor`] has a level from 0 to 1: how far what was seen is on its way from harmless to as bad as it
//! gets. The score is 100 × Σ weight × level ÷ Σ weights, rounded; a factor's share is its part of that sum,
//! and the shares add up to the score (largest remainders). What cannot be told of a customer (no answer to
//! a survey, a single purchase) has level 0: nothing speaks for it.
//!
//! | factor | level 0 | level 1 |
//! | --- | --- | --- |
//! | `rhythm` | last purchase no longer ago than they usually wait (mean gap of at least 3 days with purchases) | two such gaps later |
//! | `gone` | P(alive) of BG/NBD a half or more | 0; below a half it is 1 − P(alive) |
//! | `complaints` | none open | two or more open |
//! | `contact` | contacted within their tier's interval | not for two intervals, or never |
//! | `follow_ups` | none overdue | three or more |
//! | `contraction` | recurring revenue as 90 days ago, or more | nothing left of it |
//! | `renewal` | more than 90 days ahead | today |
//! | `signals` | none in 30 days | three or more |
//! | `survey` | last answer 7 or more | 0 |
//!
//! With the default weights, a customer with one open complaint (level ½ of 15) who usually buys every 30
//! days and last did so 75 days ago (level (75 − 30) ÷ 60 = ¾ of 20) scores 7.5 + 15 = 22.5, so 23: 15 for
//! the rhythm, 8 for the complaint.
//!
//! A score like this is a rule of thumb that its readers can follow and weigh anew, not a model; the parts
//! are those that practice names (Kumar, Reinartz, "Customer Relationship Management", 2018, ch. 12). Levels
//! are whole thousandths, so that it is the same on every machine.

mod scored;

use std::cmp::Reverse;

pub use self::scored::Points;
use super::predict::Refusal;

/// What speaks for a customer being about to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// They bought longer ago than they usually wait.
    Rhythm,
    /// By the model of buying they are probably gone.
    Gone,
    /// Complaints are open.
    Complaints,
    /// Nobody has been in touch.
    Contact,
    /// Promised contacts are overdue.
    FollowUps,
    /// They pay less than they did.
    Contraction,
    /// Their contract ends or renews soon.
    Renewal,
    /// Something was noticed about them.
    Signals,
    /// They would not recommend us.
    Survey,
}

impl Factor {
    /// All of them with their names in the configuration and their usual weights.
    pub const ALL: [(&'static str, Factor, u16); 9] = [
        ("rhythm", Factor::Rhythm, 20),
        ("gone", Factor::Gone, 15),
        ("complaints", Factor::Complaints, 15),
        ("contact", Factor::Contact, 10),
        ("follow_ups", Factor::FollowUps, 10),
        ("contraction", Factor::Contraction, 10),
        ("renewal", Factor::Renewal, 5),
        ("signals", Factor::Signals, 5),
        ("survey", Factor::Survey, 10),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Factor::ALL[self as usize].0
    }
}

/// What each factor weighs against the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights([u16; 9]);

impl Default for Weights {
    fn default() -> Weights {
        Weights(Factor::ALL.map(|(_, _, weight)| weight))
    }
}

/// Points of each factor, in the order of [`Factor::ALL`].
pub type ByFactor = [u8; 9];

impl Weights {
    /// The same with another weight of a factor; 0 leaves it out.
    #[must_use]
    pub fn with(mut self, factor: Factor, weight: u16) -> Weights {
        self.0[factor as usize] = weight;
        self
    }

    /// Whether nothing weighs anything.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|weight| *weight == 0)
    }

    /// Whether a factor weighs anything.
    pub fn weighs(&self, factor: Factor) -> bool {
        self.of(factor) > 0
    }

    fn of(&self, factor: Factor) -> u64 {
        u64::from(self.0[factor as usize])
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|weight| u64::from(*weight)).sum()
    }
}

/// What was seen of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Of what.
    pub factor: Factor,
    /// From 0 to 1,000.
    pub level: u16,
    /// The number behind it: days since the last purchase, P(alive) in percent, open complaints, days since
    /// the last contact (none if never), overdue follow-ups, percent of revenue lost, days to the renewal,
    /// signals, the answer.
    pub number: Option<i64>,
    /// What is usual, where that says more: days between purchases, days between contacts.
    pub usual: Option<i64>,
}

/// A factor's share of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// What was seen.
    pub seen: Seen,
    /// Points of the score.
    pub points: u8,
}

/// A customer's score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// Index into the facts.
    pub customer: u32,
    /// From 0 to 100.
    pub score: u8,
    /// The factors that have points, most first.
    pub shares: Vec<Share>,
}

/// From this score on a customer is at risk.
pub const AT_RISK: u8 = 50;

/// How many of the highest scores are told.
pub const HIGHEST: usize = 1_000;

/// The highest scores, and how many there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Risks {
    /// The highest, the first of them first.
    pub highest: Vec<Risk>,
    /// Customers for whom anything speaks.
    pub scored: usize,
    /// Those of them with a score of [`AT_RISK`] or more.
    pub at_risk: usize,
    /// Why P(alive) is in no score, where it is in none.
    pub no_model: Option<Refusal>,
}

/// How many of a group are at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AtRisk {
    /// Customers who are active as of now: those who are scored.
    pub active: i128,
    /// Those of them with a score of [`AT_RISK`] or more.
    pub at_risk: i128,
}

/// The score of what was seen.
pub fn score(customer: u32, seen: &[Seen], weights: &Weights) -> Risk {
    // In thousandths of a point times the sum of weights: whole numbers up to the last step.
    let whole = weights.sum().max(1) * 1_000;
    let parts: Vec<u64> = seen.iter().map(|s| 100 * weights.of(s.factor) * u64::from(s.level)).collect();
    let sum: u64 = parts.iter().sum();
    let score = (2 * sum + whole) / (2 * whole);
    let mut shares: Vec<(Share, u64)> = seen
        .iter()
        .zip(&parts)
        .map(|(seen, part)| (Share { seen: *seen, points: (part / whole) as u8 }, part % whole))
        .collect();
    // What rounding left over goes to those who lost most by it.
    shares.sort_by_key(|(share, lost)| (Reverse(*lost), share.seen.factor));
    let given: u64 = shares.iter().map(|(share, _)| u64::from(share.points)).sum();
    for (share, _) in shares.iter_mut().take(score.saturating_sub(given) as usize) {
        share.points += 1;
    }
    let mut shares: Vec<Share> =
        shares.into_iter().map(|(share, _)| share).filter(|s| s.points > 0).collect();
    shares.sort_by_key(|share| (Reverse(share.points), share.seen.factor));
    Risk { customer, score: score as u8, shares }
}

/// How far `part` is of `whole`, in thousandths, from nothing to all.
fn level(part: i64, whole: i64) -> u16 {
    if whole <= 0 { 0 } else { (part.clamp(0, whole) * 1_000 / whole) as u16 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(factor: Factor, level: u16) -> Seen {
        Seen { factor, level, number: Some(1), usual: None }
    }

    #[test]
    fn the_worked_example() {
        let risk = score(
            7,
            &[seen(Factor::Complaints, level(1, 2)), seen(Factor::Rhythm, level(45, 60))],
            &Weights::default(),
        );
        assert_eq!((risk.customer, risk.score), (7, 23));
        let shares: Vec<_> = risk.shares.iter().map(|s| (s.seen.factor, s.points)).collect();
        assert_eq!(shares, [(Factor::Rhythm, 15), (Factor::Complaints, 8)]);
    }

    #[test]
    fn everything_at_its_worst_is_a_hundred_and_nothing_is_none() {
        let all = |level| Factor::ALL.map(|(_, factor, _)| seen(factor, level));
        assert_eq!(score(0, &all(1_000), &Weights::default()).score, 100);
        let none = score(0, &all(0), &Weights::default());
        assert_eq!((none.score, none.shares.len()), (0, 0));
        let only = Weights(Factor::ALL.map(|_| 0)).with(Factor::Survey, 3);
        assert_eq!(score(0, &[seen(Factor::Survey, 500), seen(Factor::Rhythm, 1_000)], &only).score, 50);
        assert!(Weights(Factor::ALL.map(|_| 0)).is_empty());
    }

    #[test]
    fn factors_stand_at_their_places_and_their_usual_weights_make_a_hundred() {
        for (place, (name, factor, _)) in Factor::ALL.iter().enumerate() {
            assert_eq!((*factor as usize, factor.name()), (place, *name));
        }
        assert_eq!(Weights::default().sum(), 100);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_score_and_worse_never_scores_less(
            levels in prop::array::uniform9(0u16..=1_000),
            weights in prop::array::uniform9(0u16..=100),
            worse in 0usize..9,
        ) {
            let weights = Weights(weights);
            let of = |levels: [u16; 9]| {
                let all: Vec<Seen> = Factor::ALL.iter().zip(levels).map(|((_, f, _), level)| seen(*f, level)).collect();
                score(0, &all, &weights)
            };
            let risk = of(levels);
            prop_assert!(risk.score <= 100);
            prop_assert_eq!(risk.shares.iter().map(|s| u32::from(s.points)).sum::<u32>(), u32::from(risk.score));
            let mut more = levels;
            more[worse] = 1_000;
            prop_assert!(of(more).score >= risk.score);
        }
    }
}

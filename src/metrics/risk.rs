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

use std::cmp::Reverse;

use super::activity::Activity;
use super::first;
use super::forecast::PROBABLY_GONE;
use super::grid::Grid;
use super::panel::Panel;
use super::predict::{BgNbd, Refusal};
use super::segment::Groups;
use crate::domain::Day;

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

/// What is counted by customer, once for all of them.
struct Counted {
    complaints: Vec<u16>,
    overdue: Vec<u16>,
    signals: Vec<u16>,
    /// The day and the answer.
    survey: Vec<Option<(Day, u8)>>,
}

fn add(counts: &mut [u16], customer: u32) {
    if let Some(count) = counts.get_mut(customer as usize) {
        *count = count.saturating_add(1);
    }
}

/// Days that signals speak for.
const RECENT: i32 = 30;

/// Days over which revenue and renewals are looked at.
const QUARTER: i32 = 90;

impl Panel<'_> {
    fn counted(&self) -> Counted {
        let facts = self.facts;
        let (today, n) = (facts.lens.today(), facts.customers.len());
        let mut counted = Counted {
            complaints: vec![0; n],
            overdue: vec![0; n],
            signals: vec![0; n],
            survey: vec![None; n],
        };
        for complaint in facts.complaints.iter().filter(|c| c.resolved_at.is_none()) {
            add(&mut counted.complaints, complaint.customer);
        }
        for promise in facts.promises.rows.iter().filter(|p| p.done.is_none() && p.due < today) {
            add(&mut counted.overdue, promise.customer);
        }
        for signal in facts.signals.iter().filter(|signal| today.since(signal.day) < RECENT) {
            add(&mut counted.signals, signal.customer);
        }
        for answer in &facts.surveys {
            if let Some(last) = counted.survey.get_mut(answer.customer as usize)
                && last.is_none_or(|(day, score)| (day, Reverse(score)) < (answer.day, Reverse(answer.score)))
            {
                *last = Some((answer.day, answer.score));
            }
        }
        counted
    }

    /// Scores those of `customers` who are active as of now, in their order; says why P(alive) is in no score. The model is
    /// that of all customers, so that one has the same score whoever else is looked at.
    fn each_risk(&self, customers: &[u32], mut each: impl FnMut(Risk)) -> Option<Refusal> {
        let counted = self.counted();
        let buyers: Vec<_> = self.facts.customers.all().filter_map(|c| self.buyer(c)).collect();
        let (model, refusal) = match BgNbd::fit(&buyers) {
            Ok(model) => (Some(model), None),
            Err(refusal) => (None, Some(refusal)),
        };
        drop(buyers);
        let (today, mut activity) = (self.facts.lens.today(), Activity::default());
        for &customer in customers {
            self.read_activity(customer, &mut activity);
            if activity.is_active(today) {
                let seen = self.seen(customer, &counted, model.as_ref());
                each(score(customer, &seen, &self.settings.risk));
            }
        }
        refusal
    }

    /// The risk scores of those of `customers` who are active as of now: the `count` highest, highest first.
    pub fn risks(&self, customers: &[u32], count: usize) -> Risks {
        let today = self.facts.lens.today();
        let (mut best, mut scored, mut at_risk): (Vec<Risk>, usize, usize) = (Vec::new(), 0, 0);
        let order =
            |risk: &Risk| (Reverse(risk.score), Reverse(self.mrr_on(risk.customer, today)), risk.customer);
        let no_model = self.each_risk(customers, |risk| {
            at_risk += usize::from(risk.score >= AT_RISK);
            if risk.score > 0 {
                scored += 1;
                best.push(risk);
            }
            first::keep(&mut best, count.saturating_mul(2).max(1_024), count, order);
        });
        best.sort_unstable_by_key(order);
        best.truncate(count);
        Risks { highest: best, scored, at_risk, no_model }
    }

    /// How many are at risk in the whole and in each group, all scored alike.
    pub(super) fn at_risk_over(&self, splits: &[(&Groups, usize)]) -> Grid<AtRisk> {
        let mut grid: Grid<AtRisk> = Grid::new(1, splits);
        self.each_risk(&self.customers, |risk| {
            let is_at_risk = i128::from(risk.score >= AT_RISK);
            grid.change(splits, risk.customer, 0, |sum| {
                sum.active += 1;
                sum.at_risk += is_at_risk;
            });
        });
        grid
    }

    fn seen(&self, customer: u32, counted: &Counted, model: Option<&BgNbd>) -> Vec<Seen> {
        let at = customer as usize;
        let seen = |factor, level, number: i64| Seen { factor, level, number: Some(number), usual: None };
        let counts = [
            (Factor::Complaints, &counted.complaints, 2),
            (Factor::FollowUps, &counted.overdue, 3),
            (Factor::Signals, &counted.signals, 3),
        ];
        let mut all: Vec<Seen> = counts
            .into_iter()
            .map(|(factor, counts, most)| seen(factor, level(i64::from(counts[at]), most), counts[at].into()))
            .collect();
        all.extend(self.rhythm(customer));
        if let (Some(model), Some(buyer)) = (model, self.buyer(customer)) {
            let alive = model.p_alive(buyer);
            if alive < PROBABLY_GONE {
                all.push(seen(
                    Factor::Gone,
                    ((1.0 - alive) * 1_000.0).round() as u16,
                    (alive * 100.0).round() as i64,
                ));
            }
        }
        all.extend(self.contact_gap(customer));
        all.extend(self.contract_in_danger(customer));
        if let Some((_, answer)) = counted.survey[at] {
            all.push(seen(Factor::Survey, level(7 - i64::from(answer), 7), answer.into()));
        }
        all
    }

    fn rhythm(&self, customer: u32) -> Option<Seen> {
        let bought = &self.facts.purchases;
        let gaps = i64::from(bought.tally(customer).bought_days()) - 1;
        let (first, last) = bought.bought(customer).filter(|_| gaps >= 2)?;
        let (span, since) = (i64::from(last.since(first)), i64::from(self.facts.lens.today().since(last)));
        // since − gap against two gaps, where gap = span ÷ gaps.
        let level = level(since * gaps - span, 2 * span);
        Some(Seen {
            factor: Factor::Rhythm,
            level,
            number: Some(since),
            usual: Some((span + gaps / 2) / gaps),
        })
    }

    fn contact_gap(&self, customer: u32) -> Option<Seen> {
        let facts = self.facts;
        if !facts.rows.contains_key("interactions") {
            return None;
        }
        let usual = self.settings.intervals.of(facts.customers.profile(customer).tier.as_deref());
        let since = facts.contacts.last_day(customer, &facts.lens.zone);
        let since = since.map(|day| i64::from(facts.lens.today().since(day)));
        let usual = i64::from(usual);
        let level = since.map_or(1_000, |since| level(since - usual, usual));
        Some(Seen { factor: Factor::Contact, level, number: since, usual: Some(usual) })
    }

    fn contract_in_danger(&self, customer: u32) -> impl Iterator<Item = Seen> + use<> {
        let today = self.facts.lens.today();
        let (then, now) = (self.mrr_on(customer, today.plus(-QUARTER)), self.mrr_on(customer, today));
        let lost = (then > now && then > 0).then(|| {
            let level = ((then - now) * 1_000 / then) as u16;
            let number = Some(i64::from(level / 10));
            Seen { factor: Factor::Contraction, level, number, usual: None }
        });
        let contracts = self.facts.contracts.get(customer).iter().filter(|c| c.covers(today));
        // What was given notice of ends; what was not renews, or is asked about then.
        let ends = contracts.map(|c| c.renews_on.min(c.ends_on)).filter(|day| *day >= today).min();
        let ends = ends.map(|day| day.since(today)).filter(|days| *days <= QUARTER).map(|days| Seen {
            factor: Factor::Renewal,
            level: level(i64::from(QUARTER - days), i64::from(QUARTER)),
            number: Some(i64::from(days)),
            usual: None,
        });
        lost.into_iter().chain(ends)
    }
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

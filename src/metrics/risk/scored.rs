//! Customers scored: what is seen of each, and who is at the highest risk.

use std::cmp::Reverse;

use super::super::activity::Activity;
use super::super::first;
use super::super::forecast::PROBABLY_GONE;
use super::super::grid::Grid;
use super::super::panel::Panel;
use super::super::predict::{BgNbd, Refusal};
use super::super::segment::Groups;
use super::{AT_RISK, AtRisk, ByFactor, Factor, Risk, Risks, Seen, level, score};
use crate::domain::{Day, parallel};

/// A customer's score, in a few bytes: there may be a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Points {
    /// Index into the facts.
    pub customer: u32,
    /// From 0 to 100.
    pub score: u8,
    /// What each factor has of it.
    pub by_factor: ByFactor,
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

    /// Scores those of `customers` who are active as of now, on several threads; says why P(alive) is in no score. The
    /// model is that of all customers, so that one has the same score whoever else is looked at.
    fn each_risk<T: Send>(
        &self,
        customers: &[u32],
        new: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, Risk) + Sync,
        join: impl Fn(&mut T, T),
    ) -> (T, Option<Refusal>) {
        let buyers = self.facts.customers.all().filter_map(|c| self.buyer(c));
        let (model, refusal) = match BgNbd::fit_each(buyers) {
            Ok(model) => (Some(model), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let (counted, today) = (self.counted(), self.facts.lens.today());
        let work = |customers: &[u32]| {
            let (mut told, mut activity) = (new(), Activity::default());
            for &customer in customers {
                self.read_activity(customer, &mut activity);
                if activity.is_active(today) {
                    let seen = self.seen(customer, &counted, model.as_ref());
                    take(&mut told, score(customer, &seen, &self.settings.risk));
                }
            }
            told
        };
        (parallel::fold(customers, work, join), refusal)
    }

    /// The scores of all of `customers` who are active as of now, in their order.
    pub fn points(&self, customers: &[u32]) -> Vec<Points> {
        let take = |told: &mut Vec<Points>, risk: Risk| {
            let mut by_factor = ByFactor::default();
            risk.shares.iter().for_each(|share| by_factor[share.seen.factor as usize] = share.points);
            told.push(Points { customer: risk.customer, score: risk.score, by_factor });
        };
        self.each_risk(customers, Vec::new, take, Vec::extend).0
    }

    /// The risk scores of those of `customers` who are active as of now: the `count` highest, highest first.
    pub fn risks(&self, customers: &[u32], count: usize) -> Risks {
        self.risks_over(customers, count, &[]).0
    }

    /// The same, and how many are at risk in the whole and in each group, all scored alike.
    pub(in crate::metrics) fn risks_over(
        &self,
        customers: &[u32],
        count: usize,
        splits: &[(&Groups, usize)],
    ) -> (Risks, Grid<AtRisk>) {
        let today = self.facts.lens.today();
        let order =
            |risk: &Risk| (Reverse(risk.score), Reverse(self.mrr_on(risk.customer, today)), risk.customer);
        let cut = |highest: &mut Vec<Risk>| {
            first::keep(highest, count.saturating_mul(2).max(1_024), count, order);
        };
        let take = |(told, grid): &mut (Risks, Grid<AtRisk>), risk: Risk| {
            let is_at_risk = risk.score >= AT_RISK;
            grid.change(splits, risk.customer, 0, |sum| {
                sum.active += 1;
                sum.at_risk += i128::from(is_at_risk);
            });
            told.at_risk += usize::from(is_at_risk);
            if risk.score > 0 {
                told.scored += 1;
                told.highest.push(risk);
                cut(&mut told.highest);
            }
        };
        let join = |(told, grid): &mut (Risks, Grid<AtRisk>), (other, others): (Risks, Grid<AtRisk>)| {
            told.at_risk += other.at_risk;
            told.scored += other.scored;
            told.highest.extend(other.highest);
            cut(&mut told.highest);
            grid.join(&others, |sum, other| {
                sum.active += other.active;
                sum.at_risk += other.at_risk;
            });
        };
        let new = || (Risks::default(), Grid::new(1, splits));
        let ((mut told, grid), no_model) = self.each_risk(customers, new, take, join);
        told.highest.sort_unstable_by_key(order);
        told.highest.truncate(count);
        (Risks { no_model, ..told }, grid)
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

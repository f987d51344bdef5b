//! One pass over the customers for all periods at once: what each did over each period, counted for the
//! whole and for every group of a split.

use super::activity::Activity;
use super::churn::{Counts, Fate};
use super::definition::Basis;
use super::panel::Panel;
use super::revenue::Movements;
use super::segment::Groups;
use crate::domain::customer::CancelKind;
use crate::domain::parallel;
use crate::domain::{Day, Period};

/// Marks are bits: the days before and at the end of every period, or today's where that is earlier.
const MARKS_MAX: usize = 128;

/// The figures of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The period.
    pub period: Period,
    /// Its customers.
    pub counts: Counts,
    /// Its revenue.
    pub moved: Movements,
}

impl Slice {
    pub(super) fn empty(period: Period) -> Slice {
        Slice { period, counts: Counts::default(), moved: Movements::default() }
    }
}

/// The slices of everything that was asked, in the order of the periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// Of all customers looked at.
    pub whole: Vec<Slice>,
    /// Of each group of each split, for the first periods of the list.
    pub groups: Vec<Vec<Vec<Slice>>>,
}

/// What became of one customer over one period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) fate: Fate,
    /// Who ended the contract of who churned.
    pub(super) kind: CancelKind,
    pub(super) departures: i64,
    /// 1 for who left early.
    pub(super) early: i64,
    pub(super) seen: bool,
    pub(super) came: bool,
    pub(super) before: i64,
    pub(super) after: i64,
    /// Whether there was no revenue before the period.
    pub(super) first: bool,
}

/// Where the periods lie, and one customer's part in them.
pub(super) struct Reading<'p, 'a> {
    panel: &'p Panel<'a>,
    periods: &'p [Period],
    marks: Vec<Day>,
    /// For each period the marks of the day before it and of its last day.
    ends: Vec<(u8, u8)>,
    /// For each period the marks after the day before it, up to its last day.
    within: Vec<u128>,
    /// For each period the buckets of the purchases before and within it.
    windows: Vec<[(u8, u8); 2]>,
    activity: Activity,
    active: u128,
    /// The first marks on or after each day on which the customer left.
    left: u128,
    first: Option<Day>,
    paid: Vec<i64>,
    first_paid: Option<Day>,
}

/// The marks before the one at a place.
fn below(place: u8) -> u128 {
    1u128.checked_shl(place.into()).map_or(u128::MAX, |bit| bit - 1)
}

impl<'p, 'a> Reading<'p, 'a> {
    pub(super) fn new(panel: &'p Panel<'a>, periods: &'p [Period]) -> Reading<'p, 'a> {
        let mut marks: Vec<Day> =
            periods.iter().flat_map(|p| [p.start.plus(-1), panel.closing_day(p)]).collect();
        marks.sort_unstable();
        marks.dedup();
        debug_assert!(marks.len() <= MARKS_MAX, "{} marks", marks.len());
        let at = |day: Day| marks.partition_point(|mark| *mark < day) as u8;
        let ends: Vec<(u8, u8)> =
            periods.iter().map(|p| (at(p.start.plus(-1)), at(panel.closing_day(p)))).collect();
        let within = ends.iter().map(|(open, close)| below(*close + 1) & !below(*open + 1)).collect();
        let window = |from, to| {
            let buckets = panel.facts.purchases.buckets(from, to);
            buckets.map_or((1, 0), |buckets| (*buckets.start(), *buckets.end()))
        };
        let windows = match panel.settings.basis {
            Basis::Contract => Vec::new(),
            Basis::Inactivity(_) => {
                let both = |p: &Period| [window(p.start.plus(-p.days()), p.start), window(p.start, p.end)];
                periods.iter().map(both).collect()
            }
        };
        let paid = vec![0; marks.len().max(periods.len() * 2)];
        let activity = Activity::default();
        Reading {
            panel,
            periods,
            marks,
            ends,
            within,
            windows,
            activity,
            active: 0,
            left: 0,
            first: None,
            paid,
            first_paid: None,
        }
    }

    /// Looks at a customer.
    pub(super) fn turn_to(&mut self, customer: u32) {
        self.panel.read_activity(customer, &mut self.activity);
        self.first = self.activity.first();
        (self.active, self.left) = (0, 0);
        for span in self.activity.spans() {
            let rank = |day: Day| self.marks.partition_point(|mark| *mark < day) as u8;
            let (from, to) = (below(rank(span.from)), below(rank(span.to)));
            self.active |= to & !from;
            self.left |= to.wrapping_add(1) & !to;
        }
        self.paid.fill(0);
        match self.panel.settings.basis {
            Basis::Contract => self.read_contracts(customer),
            Basis::Inactivity(_) => self.read_purchases(customer),
        }
    }

    fn read_contracts(&mut self, customer: u32) {
        self.first_paid = None;
        for contract in self.panel.facts.contracts.get(customer) {
            if contract.mrr_minor == 0 || contract.starts_on >= contract.ends_on {
                continue;
            }
            self.first_paid =
                Some(self.first_paid.map_or(contract.starts_on, |day| day.min(contract.starts_on)));
            let from = self.marks.partition_point(|mark| *mark < contract.starts_on);
            let to = from + self.marks[from..].partition_point(|mark| *mark < contract.ends_on);
            for paid in &mut self.paid[from..to] {
                *paid = paid.saturating_add(contract.mrr_minor);
            }
        }
    }

    fn read_purchases(&mut self, customer: u32) {
        self.first_paid = self.panel.facts.purchases.first(customer);
        for entry in self.panel.facts.purchases.entries(customer) {
            let bucket = entry.bucket();
            for (windows, paid) in self.windows.iter().zip(self.paid.chunks_exact_mut(2)) {
                for ((from, to), paid) in windows.iter().zip(paid) {
                    if *from <= bucket && bucket <= *to {
                        *paid = paid.saturating_add(entry.amount_minor());
                    }
                }
            }
        }
    }

    /// Whether a contract neither covers a mark nor is paid there: most customers in most periods.
    fn is_nowhere(&self, open: u8, close: u8) -> bool {
        let is_contract = matches!(self.panel.settings.basis, Basis::Contract);
        let at = |mark: u8| self.active >> mark & 1 == 1 || self.paid[mark as usize] != 0;
        is_contract && !at(open) && !at(close)
    }

    fn kind(&self, fate: Fate, customer: u32, period: &Period) -> CancelKind {
        if fate != Fate::Churned || self.panel.settings.basis != Basis::Contract {
            return CancelKind::Unknown;
        }
        let ended = self.panel.ended_last(customer, self.panel.closing_day(period));
        ended.map_or(CancelKind::Unknown, |contract| self.panel.facts.terms_of(contract).cancel_kind)
    }

    /// What the customer did over the period at `at` in the list; `None` when there is nothing to count.
    pub(super) fn standing(&self, at: usize, customer: u32) -> Option<Standing> {
        let period = &self.periods[at];
        let first = self.first?;
        if first >= period.end && self.first_paid.is_none_or(|paid| paid >= period.end) {
            return None;
        }
        let (open, close) = self.ends[at];
        let has_left = self.left & self.within[at] != 0;
        if !has_left && self.is_nowhere(open, close) {
            return None;
        }
        let fate = Fate::of(self.active >> open & 1 == 1, self.active >> close & 1 == 1, first, period);
        let (before, after, seen, came) = match self.panel.settings.basis {
            Basis::Contract => (self.paid[open as usize], self.paid[close as usize], false, false),
            Basis::Inactivity(_) => {
                let (from, to) = self.windows[at][1];
                let mut entries = self.panel.facts.purchases.entries(customer);
                let came = entries.any(|e| from <= e.bucket() && e.bucket() <= to);
                (self.paid[at * 2], self.paid[at * 2 + 1], true, came)
            }
        };
        let (mut departures, mut early) = (0, false);
        if has_left {
            let closing = self.marks[close as usize];
            for day in self.activity.departures(period).filter(|day| *day <= closing) {
                departures += 1;
                early |= day.since(first) <= self.panel.settings.early_days;
            }
            // Who is back by the last day has not left.
            early &= self.active >> close & 1 == 0;
        }
        let first = self.first_paid.is_none_or(|paid| paid >= period.start);
        let early = i64::from(early);
        let kind = self.kind(fate, customer, period);
        Some(Standing { fate, kind, departures, early, seen, came, before, after, first })
    }
}

impl Panel<'_> {
    /// The slices of `customers` over `periods`; of each group of `splits` over the first so many.
    pub fn sweep(&self, customers: &[u32], periods: &[Period], splits: &[(&Groups, usize)]) -> Swept {
        let empty = || Swept {
            whole: periods.iter().map(|p| Slice::empty(*p)).collect(),
            groups: splits
                .iter()
                .map(|(groups, count)| {
                    let slices = periods.iter().take(*count).map(|p| Slice::empty(*p)).collect();
                    vec![slices; groups.labels.len()]
                })
                .collect(),
        };
        let work = |customers: &[u32]| {
            let mut swept = empty();
            let mut reading = Reading::new(self, periods);
            for &customer in customers {
                reading.turn_to(customer);
                for at in 0..periods.len() {
                    if let Some(standing) = reading.standing(at, customer) {
                        swept.whole[at].add(&standing);
                        for ((groups, count), slices) in splits.iter().zip(&mut swept.groups) {
                            if at < *count {
                                groups.of(customer, at).for_each(|group| slices[group][at].add(&standing));
                            }
                        }
                    }
                }
            }
            swept
        };
        parallel::fold(customers, work, |sum, part| {
            let both = |a: &mut [Slice], b: &[Slice]| a.iter_mut().zip(b).for_each(|(a, b)| a.join(b));
            both(&mut sum.whole, &part.whole);
            for (a, b) in sum.groups.iter_mut().flatten().zip(part.groups.iter().flatten()) {
                both(a, b);
            }
        })
    }

    /// The slice of `customers` over one period.
    pub fn slice(&self, customers: &[u32], period: &Period) -> Slice {
        let swept = self.sweep(customers, &[*period], &[]);
        swept.whole.first().copied().unwrap_or(Slice::empty(*period))
    }
}

impl Slice {
    pub(super) fn add(&mut self, standing: &Standing) {
        self.counts.add(standing);
        self.moved.add(standing);
    }

    fn join(&mut self, other: &Slice) {
        self.counts.join(&other.counts);
        self.moved.join(&other.moved);
    }
}

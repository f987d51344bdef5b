//! Whose a figure is: what each customer brings to its numerator and to its denominator. The parts of all add up to the
//! figure, so a figure that is another one later is so by those whose part is another.
//!
//! What a customer moved: of a rate that was *r*, and now is over the denominator *d*, by (Δnumerator − *r* × Δdenominator)
//! ÷ *d*; of all customers these add up to the whole change, since *r* times the old denominator is the old numerator. Of
//! an amount or a count it is Δnumerator. 1 of 40 left, and with late data 2 of 41: the second who left moved the rate
//! by (1 − 0) ÷ 41 = 2.44 points, the one who was added to the base by −0.025 ÷ 41 = −0.06, together 4.88 − 2.5 = 2.38.

use super::definition::Settings;
use super::metric::{Metric, Source};
use super::panel::Panel;
use super::sweep::{Reading, Slice};
use crate::domain::customers::Key;
use crate::domain::parallel;
use crate::domain::sketch::{Change, Part, Sketch, key_of};
use crate::domain::{Period, Ratio};

/// The figures that are kept with their parts, and told again when they are others: those that only late data can change.
/// What of a period is told as of now (conversion, what is still open, what has a share in today's margin) moves by itself.
pub const KEPT: [Metric; 10] = [
    Metric::ChurnRate,
    Metric::Closing,
    Metric::RevenueClosing,
    Metric::GrossRevenueChurn,
    Metric::NetRevenueChurn,
    Metric::FollowUpsOnTime,
    Metric::Complaints,
    Metric::ComplaintRate,
    Metric::Leads,
    Metric::Nps,
];

impl Change {
    /// By how much it moved a figure that was `was` and is `now`, in the figure's unit.
    pub fn effect(&self, was: Ratio, now: Ratio) -> Option<Ratio> {
        let moved = self.num * was.denominator() - was.numerator() * self.den;
        Ratio::of(moved, was.denominator() * now.denominator())
    }
}

/// A customer's part in a figure's numerator and denominator, from what they did over the period.
fn of_slice(metric: Metric, settings: &Settings, slice: &Slice) -> (i128, i128) {
    match metric {
        Metric::ChurnRate => slice.counts.fraction(settings.definition),
        Metric::Closing => (slice.counts.closing, 0),
        Metric::RevenueClosing => (slice.moved.closing, 0),
        Metric::GrossRevenueChurn => slice.moved.gross(),
        Metric::NetRevenueChurn => slice.moved.net(settings.reactivation_in),
        _ => (0, 0),
    }
}

/// The key of a source of leads: none that a customer could have.
pub fn key_of_source(source: Option<&str>) -> u64 {
    key_of(Key::Text(&format!("source\0{}", source.unwrap_or_default())))
}

impl Panel<'_> {
    /// The key that a customer's parts are kept under.
    pub fn key_of(&self, customer: u32) -> u64 {
        self.facts.customers.key(customer).map_or(0, key_of)
    }

    /// Who each of `metrics`, which are of [`KEPT`], is made of over `period`.
    pub fn sketches(&self, metrics: &[Metric], period: &Period) -> Vec<Sketch> {
        let swept: Vec<Metric> = metrics.iter().copied().filter(|m| m.source() == Source::Activity).collect();
        let mut swept = if swept.is_empty() { Vec::new() } else { self.swept(&swept, period) }.into_iter();
        let sketch = |metric: &Metric| match metric.source() {
            Source::Activity => swept.next().unwrap_or_default(),
            Source::Leads => self.sketch_of_leads(period),
            _ => self.sketch_of(&self.parts(*metric, period)),
        };
        metrics.iter().map(sketch).collect()
    }

    /// Of figures that all come from one pass over what customers did.
    fn swept(&self, metrics: &[Metric], period: &Period) -> Vec<Sketch> {
        let periods = [*period];
        let work = |customers: &[u32]| {
            let mut sketches = vec![Sketch::default(); metrics.len()];
            let mut reading = Reading::new(self, &periods);
            for &customer in customers {
                reading.turn_to(customer);
                let Some(standing) = reading.standing(0, customer) else { continue };
                let (key, mut slice) = (self.key_of(customer), Slice::empty(*period));
                slice.add(&standing);
                for (metric, sketch) in metrics.iter().zip(&mut sketches) {
                    let (num, den) = of_slice(*metric, self.settings, &slice);
                    sketch.add(Part { key, num: narrow(num), den: narrow(den) });
                }
            }
            sketches
        };
        parallel::fold(&self.customers, work, |all, part| {
            all.iter_mut().zip(&part).for_each(|(all, part)| all.join(part));
        })
    }

    fn sketch_of(&self, parts: &[(i64, i64)]) -> Sketch {
        let mut sketch = Sketch::default();
        for (customer, &(num, den)) in (0u32..).zip(parts).filter(|(_, part)| **part != (0, 0)) {
            sketch.add(Part { key: self.key_of(customer), num, den });
        }
        sketch
    }

    /// A lead is nobody's yet: the parts of leads are those of their sources.
    fn sketch_of_leads(&self, period: &Period) -> Sketch {
        let mut sketch = Sketch::default();
        for (source, leads) in self.leads(period) {
            sketch.add(Part { key: key_of_source(source.as_deref()), num: narrow(leads.captured), den: 0 });
        }
        sketch
    }

    /// The parts of all customers there are, by index, in a figure that is counted from rows.
    fn parts(&self, metric: Metric, period: &Period) -> Vec<(i64, i64)> {
        let theirs = self.among(&self.customers);
        let is_theirs = |customer: u32| theirs[customer as usize];
        let zone = &self.facts.lens.zone;
        let mut parts = vec![(0, 0); self.facts.customers.len()];
        let mut add = |customer: u32, num: i64, den: i64| {
            let part: &mut (i64, i64) = &mut parts[customer as usize];
            *part = (part.0 + num, part.1 + den);
        };
        match metric {
            Metric::FollowUpsOnTime => {
                let today = self.facts.lens.today();
                let due = self.facts.promises.with(is_theirs).filter(|p| p.fell_due_in(period, today));
                due.for_each(|p| add(p.customer, i64::from(p.is_in_time()), 1));
            }
            Metric::Complaints | Metric::ComplaintRate => {
                let complaints = self.facts.complaints.iter().filter(|c| is_theirs(c.customer));
                let opened = complaints.filter(|c| period.contains(c.opened_at.day(zone)));
                opened.for_each(|c| add(c.customer, 1, 0));
                let of_base = self.customers.iter().filter(|_| metric == Metric::ComplaintRate);
                for customer in of_base {
                    let (_, bought, _) = self.facts.purchases.within(*customer, period.start, period.end);
                    add(*customer, 0, bought.into());
                }
            }
            Metric::Nps => {
                let surveys = self.facts.surveys.iter().filter(|s| is_theirs(s.customer));
                let answered = surveys.filter(|s| period.contains(s.day));
                answered.for_each(|s| add(s.customer, i64::from(s.vote()), 1));
            }
            _ => {}
        }
        parts
    }
}

/// A customer's own part, which fits where their amounts did.
fn narrow(part: i128) -> i64 {
    i64::try_from(part).unwrap_or(if part < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_moved_adds_up_to_the_whole_change() {
        let (was, now) = (Ratio::of(1, 40).unwrap(), Ratio::of(2, 41).unwrap());
        let left = Change { num: 1, den: 0 }.effect(was, now).unwrap();
        let joined = Change { num: 0, den: 1 }.effect(was, now).unwrap();
        assert_eq!((left.scaled(4), joined.scaled(4)), (244, -6));
        let sum = left.numerator() * joined.denominator() + joined.numerator() * left.denominator();
        let whole = (now.numerator() * was.denominator() - was.numerator() * now.denominator(), 41 * 40);
        assert_eq!(sum * whole.1, whole.0 * left.denominator() * joined.denominator());
        let amounts = (Ratio::whole(500), Ratio::whole(470));
        let less = Change { num: -30, den: 0 }.effect(amounts.0, amounts.1);
        assert_eq!(less, Some(Ratio::whole(-30)));
    }
}

//! What was told before and is not so any more: late data changes figures that were published, and the
//! reader is told which, by how much, and by whom. [`told`] has the words.

mod told;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::trend::{NOW, TRAIL, metrics};
use super::{Story, TREND};
use crate::domain::sketch::Change;
use crate::domain::{Period, Published, Ratio, Sketch};
use crate::metrics::Metric;
use crate::metrics::parts::{KEPT, key_of_source};

/// A figure of a period that is told differently now.
pub(super) struct Restated {
    metric: Metric,
    period: Period,
    was: Ratio,
    now: Ratio,
    by: By,
    /// Who it is made of now.
    sketch: Sketch,
}

/// Who accounts for a change.
enum By {
    /// It is not known who it was made of.
    Unknown,
    /// More than can be told apart.
    Many,
    /// Those, whoever moved it most first.
    Known(Vec<Moved>),
}

/// Who moved a figure.
struct Moved {
    who: Who,
    change: Change,
    /// By how much, in the figure's unit.
    effect: Ratio,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Customer(u32),
    /// Leads are nobody's yet: they have a source, or none.
    Source(Option<String>),
    /// Taken out of the store, or out of the team.
    Elsewhere,
}

impl Restated {
    /// Customers who are named, in the mail or in what is attached.
    pub(super) fn wanted(&self) -> impl Iterator<Item = u32> {
        let customer = |moved: &Moved| match moved.who {
            Who::Customer(customer) => Some(customer),
            Who::Source(_) | Who::Elsewhere => None,
        };
        self.moved().iter().filter_map(customer)
    }

    fn moved(&self) -> &[Moved] {
        match &self.by {
            By::Known(moved) => moved,
            By::Unknown | By::Many => &[],
        }
    }

    /// Those of them who are still here.
    fn here(&self) -> impl Iterator<Item = &Moved> {
        self.moved().iter().filter(|moved| moved.who != Who::Elsewhere)
    }

    /// From whose parts changed; what does not add up to what the figure did is not told.
    fn explain(&mut self, changes: Option<BTreeMap<u64, Change>>, who: &HashMap<u64, Who>) {
        let Some(changes) = changes else {
            self.by = By::Many;
            return;
        };
        let (num, den) = changes.values().fold((0, 0), |(num, den), c| (num + c.num, den + c.den));
        let whole =
            (self.now.numerator() - self.was.numerator(), self.now.denominator() - self.was.denominator());
        if (num, den) != whole {
            return;
        }
        let moved = |(key, change): (&u64, &Change)| {
            let who = who.get(key).cloned().unwrap_or(Who::Elsewhere);
            let effect = change.effect(self.was, self.now)?;
            Some(Moved { who, change: *change, effect })
        };
        let mut all: Vec<Moved> = changes.iter().filter_map(moved).collect();
        all.sort_by_cached_key(|moved| {
            let place = match moved.who {
                Who::Customer(customer) => customer,
                Who::Source(_) | Who::Elsewhere => u32::MAX,
            };
            // All are over the same denominator.
            (Reverse(moved.effect.numerator().abs()), place)
        });
        self.by = By::Known(all);
    }
}

impl Story<'_> {
    /// The figures of this report that are kept.
    fn kept(&self) -> Vec<Metric> {
        // Contracts in other currencies are worth what they are worth today.
        let mut foreign = self.panel.facts.foreign.iter();
        let moves = foreign.any(|((relation, _), of)| *relation == "subscriptions" && of.converted > 0);
        let is_money = |metric: Metric| {
            matches!(metric, Metric::RevenueClosing | Metric::GrossRevenueChurn | Metric::NetRevenueChurn)
        };
        let told = metrics(self.spec.kind);
        let kept = KEPT.into_iter().filter(|metric| told.contains(metric) && self.has(*metric));
        kept.filter(|metric| !moves || !is_money(*metric)).collect()
    }

    /// Holds what was published against what is so now; `recall` knows who it was made of.
    pub fn restate(
        &mut self,
        scope: &str,
        published: &[Published],
        recall: impl Fn(&Published) -> Option<Sketch>,
    ) {
        // Where nothing is published, what differs would be told each time.
        let kept = if self.spec.period.current { Vec::new() } else { self.kept() };
        let (mut restated, mut changes) = (Vec::new(), Vec::new());
        for (slice, at) in self.trail.iter().zip(TRAIL..TRAIL + TREND).rev() {
            let differs = |metric: &Metric| {
                let name = self.kept_as(*metric);
                let told = published.iter().find(|p| p.is_of(scope, &name, &slice.period))?;
                let now = self.ratio(*metric, at).filter(|now| *now != told.rate)?;
                Some((*metric, told, now))
            };
            let differ: Vec<(Metric, &Published, Ratio)> = kept.iter().filter_map(differs).collect();
            let of: Vec<Metric> = differ.iter().map(|(metric, ..)| *metric).collect();
            let sketches = if of.is_empty() { Vec::new() } else { self.panel.sketches(&of, &slice.period) };
            for ((metric, told, now), sketch) in differ.into_iter().zip(sketches) {
                changes.push(recall(told).map(|then| sketch.since(&then)));
                let (period, was, by) = (slice.period, told.rate, By::Unknown);
                restated.push(Restated { metric, period, was, now, by, sketch });
            }
        }
        let who = self.whose(changes.iter().flatten().flatten().flat_map(BTreeMap::keys).copied().collect());
        for (restated, changes) in restated.iter_mut().zip(changes) {
            if let Some(changes) = changes {
                restated.explain(changes, &who);
            }
        }
        self.restated = restated;
    }

    /// Who stands behind each of the keys, of those who are here.
    fn whose(&self, keys: HashSet<u64>) -> HashMap<u64, Who> {
        if keys.is_empty() {
            return HashMap::new();
        }
        let sources = self.panel.facts.leads.iter().map(|lead| &lead.source);
        let sources = sources.map(|source| (key_of_source(source.as_deref()), Who::Source(source.clone())));
        let customers = self.panel.customers.iter().map(|c| (self.panel.key_of(*c), Who::Customer(*c)));
        sources.chain(customers).filter(|(key, _)| keys.contains(key)).collect()
    }

    pub(super) fn definition_name(&self) -> String {
        let basis = if self.is_contract() { "contract" } else { "inactivity" };
        format!("{basis}/{}", self.spec.settings.definition.name())
    }

    /// The name that a figure is kept under.
    fn kept_as(&self, metric: Metric) -> String {
        // The customers of another currency are other customers.
        let alone = self.spec.settings.currency.map(|currency| format!("@{currency}")).unwrap_or_default();
        let name = if metric == Metric::ChurnRate { String::new() } else { format!("#{}", metric.name()) };
        format!("{}{name}{alone}", self.definition_name())
    }

    /// What this report publishes, and what it tells differently now: nothing of a period that is not over.
    pub fn published(&self, scope: &str) -> Vec<Published> {
        if self.spec.period.current {
            return Vec::new();
        }
        let publish = |metric: Metric, period: &Period, rate: Ratio, sketch: Sketch| Published {
            scope: scope.to_owned(),
            definition: self.kept_as(metric),
            from: period.start,
            to: period.end,
            rate,
            sketch: Some(sketch.fitted()),
        };
        let kept = self.kept();
        let now = kept.iter().zip(self.panel.sketches(&kept, &self.now.period));
        let now = now.filter_map(|(metric, sketch)| {
            Some(publish(*metric, &self.now.period, self.ratio(*metric, NOW)?, sketch))
        });
        // What is told differently is told once.
        let again = self.restated.iter().map(|r| publish(r.metric, &r.period, r.now, r.sketch.clone()));
        again.chain(now).collect()
    }
}

//! The words for what is restated: a sentence for each of the latest churn rates with who left or did not, one for all
//! other figures, and a table of everybody behind them.

use super::super::movers::{NAMED, owner_word};
use super::super::tables::{column, columns, table};
use super::super::{LISTED, Section};
use super::{By, Moved, Restated, Story, Who};
use crate::document::{Say, Table, Value};
use crate::domain::{Money, Ratio};
use crate::metrics::metric::Unit;
use crate::metrics::{Measured, Metric, Reading};

/// Churn rates with a sentence of their own, the latest first.
const RATES: usize = 3;

/// Other figures in a sentence; more are counted.
const FIGURES: usize = 4;

impl Restated {
    /// "3 are not among these customers any more."
    fn elsewhere(&self) -> Value {
        let n = self.moved().len() - self.here().count();
        let say = || Say::new("report.restated.elsewhere").with("n", n as i128);
        if n == 0 { Value::Empty } else { say().into() }
    }
}

impl Story<'_> {
    pub(in crate::job::report) fn restated_section(&self) -> Section {
        let rates = self.restated.iter().filter(|restated| restated.metric == Metric::ChurnRate);
        let (rates, more): (Vec<_>, Vec<_>) = rates.enumerate().partition(|(place, _)| *place < RATES);
        let others = self.restated.iter().filter(|restated| restated.metric != Metric::ChurnRate);
        let others: Vec<&Restated> = more.into_iter().map(|(_, restated)| restated).chain(others).collect();
        let mut lead: Vec<Say> =
            rates.into_iter().map(|(_, restated)| self.rate_restated(restated)).collect();
        lead.extend(self.others_restated(&others));
        let table = (!self.restated.is_empty()).then(|| self.restated_table());
        Section { lead, sheets: table.into_iter().collect(), ..Section::default() }
    }

    /// "Restated: last time June was 2.5 %, it is 5.0 %. Now counted as left: Aurora (Ana Lima)."
    fn rate_restated(&self, restated: &Restated) -> Say {
        let those = |which: fn(i128) -> bool| -> Vec<&Moved> {
            restated.here().filter(|moved| which(moved.change.num)).collect()
        };
        let (added, removed, base) = (those(|n| n > 0), those(|n| n < 0), those(|n| n == 0));
        let named = |key: &'static str, moved: &[&Moved]| {
            let names = self.names(moved);
            names.map_or(Value::Empty, |names| Say::new(key).with("names", names).into())
        };
        let (was, now) = (restated.was.denominator(), restated.now.denominator());
        let by_base = added.is_empty() && removed.is_empty();
        let of_base = || Say::new("report.restated.base").with("was", was).with("now", now);
        let key = if self.panel.is_whole { "report.lead.restated" } else { "report.lead.restated_team" };
        Say::new(key)
            .with("period", restated.period)
            .with("was", restated.was)
            .with("now", restated.now)
            .with("added", named("report.restated.added", &added))
            .with("removed", named("report.restated.removed", &removed))
            .with("base", if by_base && was != now { of_base().into() } else { Value::Empty })
            .with("through", if by_base { self.through(restated, &base) } else { Value::Empty })
            .with("elsewhere", restated.elsewhere())
    }

    /// "Restated with data that came late: customers at the end in June 39 → 38, revenue in June €50 → €45. Through Aurora
    /// (Ana Lima).": a sentence for all that the same customers moved.
    fn others_restated(&self, others: &[&Restated]) -> Vec<Say> {
        let told = &others[..others.len().min(FIGURES)];
        let mut by_names: Vec<([Value; 2], Vec<Value>)> = Vec::new();
        for restated in told {
            let moved: Vec<&Moved> = restated.here().collect();
            let through = [self.through(restated, &moved), restated.elsewhere()];
            let change = Say::new("report.revised")
                .with("figure", Say::new(format!("metric.{}", restated.metric.name())))
                .with("period", restated.period)
                .with("was", self.value_of(restated.metric, restated.was))
                .with("now", self.value_of(restated.metric, restated.now));
            match by_names.iter_mut().find(|(names, _)| *names == through) {
                Some((_, changes)) => changes.push(change.into()),
                None => by_names.push((through, vec![change.into()])),
            }
        }
        let key = if self.panel.is_whole { "report.lead.revised" } else { "report.lead.revised_team" };
        let sentence = |([through, elsewhere], changes): ([Value; 2], Vec<Value>)| {
            let say = Say::new(key).with("changes", Value::List(changes));
            say.with("through", through).with("elsewhere", elsewhere)
        };
        let more = others.len() - told.len();
        let more = (more > 0).then(|| Say::new("report.lead.revised_more").with("n", more as i128));
        by_names.into_iter().map(sentence).chain(more).collect()
    }

    /// " Through Aurora (Ana Lima) and 4 more."
    fn through(&self, restated: &Restated, moved: &[&Moved]) -> Value {
        let names = match restated.by {
            By::Many => Some(Say::new("report.restated.many").into()),
            By::Known(_) | By::Unknown => self.names(moved),
        };
        let say = |names| Say::new("report.restated.through").with("names", names);
        names.map_or(Value::Empty, |names: Value| say(names).into())
    }

    /// "Aurora (Ana Lima), Bela (no owner) and 4 more"; nothing where there is nobody.
    fn names(&self, moved: &[&Moved]) -> Option<Value> {
        let mut names: Vec<Value> =
            moved.iter().take(NAMED).filter_map(|moved| self.name_of(&moved.who)).collect();
        let more = moved.len() - names.len();
        if more > 0 {
            names.push(Say::new("count.others").with("n", more as i128).into());
        }
        (!names.is_empty()).then_some(Value::List(names))
    }

    fn name_of(&self, who: &Who) -> Option<Value> {
        Some(match who {
            Who::Customer(customer) => {
                let owner = owner_word(self.panel.facts, *customer);
                Say::new("mover.name").with("name", self.name_or_id(*customer)).with("owner", owner).into()
            }
            Who::Source(source) => Story::source_name(source.as_deref()),
            Who::Elsewhere => return None,
        })
    }

    fn name_or_id(&self, customer: u32) -> String {
        match self.people.name(customer) {
            "" => self.panel.facts.customers.id(customer).into_owned(),
            name => name.to_owned(),
        }
    }

    /// A kept number as the figure is printed.
    fn value_of(&self, metric: Metric, ratio: Ratio) -> Value {
        let value = match metric.unit() {
            Unit::Money => Measured::Money(Money::new(ratio.rounded(), self.panel.facts.lens.currency)),
            Unit::Count => Measured::Whole(ratio.rounded()),
            _ => Measured::Ratio(ratio),
        };
        self.printed(metric, Reading { value, base: None })
    }

    /// What somebody moved a figure by, with its sign.
    fn effect_of(&self, metric: Metric, effect: Ratio) -> Value {
        match metric.unit() {
            Unit::Money => Value::Gain(self.money(effect.rounded())),
            Unit::Count => Value::Signed(effect.rounded()),
            Unit::Points => Value::Signed(effect.scaled(2)),
            // Of a denominator that is nobody's.
            _ => Value::Percent(effect.approximate()),
        }
    }

    /// Everybody behind each figure that is told differently.
    fn restated_table(&self) -> Table {
        let mut rows = Vec::new();
        let mut of = 0;
        for restated in &self.restated {
            let figure = || {
                vec![
                    Say::new(format!("metric.{}", restated.metric.name())).into(),
                    Value::Period(restated.period),
                    self.value_of(restated.metric, restated.was),
                    self.value_of(restated.metric, restated.now),
                ]
            };
            let row = |moved: &Moved| {
                let facts = self.panel.facts;
                let (name, owner) = match &moved.who {
                    Who::Customer(customer) => {
                        (self.name_or_id(*customer).into(), facts.owner_name(*customer))
                    }
                    Who::Source(source) => (Story::source_name(source.as_deref()), None),
                    Who::Elsewhere => (Say::new("report.restated.gone").into(), None),
                };
                let effect = self.effect_of(restated.metric, moved.effect);
                [figure(), vec![name, effect, owner.map_or(Value::Empty, Value::from)]].concat()
            };
            let moved = restated.moved();
            of += moved.len().max(1);
            rows.extend(moved.iter().take(LISTED).map(row));
            if moved.is_empty() {
                let nobody = match restated.by {
                    By::Many => Say::new("report.restated.many").into(),
                    _ => Value::Empty,
                };
                rows.push([figure(), vec![nobody, Value::Empty, Value::Empty]].concat());
            }
        }
        let mut columns = columns(&["figure", "period"], &["was", "is"]);
        columns.extend([column("customer", false), column("change", true), column("owner", false)]);
        Table { of, ..table("restated", columns, rows) }
    }
}

//! The words for what is restated: a sentence for each of the latest churn rates with who left or did not, one for other
//! figures that are counted from the same rows, and a table of everybody behind them.

use std::collections::HashSet;

use super::super::Section;
use super::super::movers::{NAMED, owner_word};
use super::super::tables::{column, columns, table};
use super::{By, Moved, Restated, Story, Who};
use crate::document::{Say, Table, Value};
use crate::domain::{Period, Ratio};
use crate::metrics::metric::{Source, Unit};
use crate::metrics::{Measured, Metric, Reading};

/// Churn rates with a sentence of their own, the latest first.
const RATES: usize = 3;

/// Other figures in a sentence; more are counted.
const FIGURES: usize = 4;

impl Restated {
    fn elsewhere(&self) -> usize {
        self.moved().len() - self.here().count()
    }
}

/// "3 of them are not among these customers any more."
fn gone(n: usize) -> Value {
    let say = || Say::new("report.restated.elsewhere").with("n", n as i128);
    if n == 0 { Value::Empty } else { say().into() }
}

fn many() -> Value {
    Say::new("report.restated.through").with("names", Say::new("report.restated.many")).into()
}

/// Who moved any of some figures: those who moved each most, then those who moved each second, and so on.
fn union<'r>(figures: &[&'r Restated]) -> Vec<&'r Who> {
    let lists: Vec<Vec<&Moved>> = figures.iter().map(|restated| restated.here().collect()).collect();
    let (mut seen, mut all) = (HashSet::new(), Vec::new());
    for rank in 0..lists.iter().map(Vec::len).max().unwrap_or(0) {
        let at_rank = lists.iter().filter_map(|list| list.get(rank));
        all.extend(at_rank.map(|moved| &moved.who).filter(|who| seen.insert(*who)));
    }
    all
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
        let those = |which: fn(i128) -> bool| -> Vec<&Who> {
            restated.here().filter(|moved| which(moved.change.num)).map(|moved| &moved.who).collect()
        };
        let (added, removed, base) = (those(|n| n > 0), those(|n| n < 0), those(|n| n == 0));
        let named = |key: &'static str, who: &[&Who]| {
            let names = self.names(who);
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
            .with(
                "through",
                match restated.by {
                    By::Many => many(),
                    _ if by_base => self.through(&base),
                    _ => Value::Empty,
                },
            )
            .with("elsewhere", gone(restated.elsewhere()))
    }

    /// "Restated for June with data that came late: customers at the end 39 → 38, revenue €50 → €45. Through Aurora (Ana
    /// Lima).": a sentence for all that is counted from the same rows. Who moved which is in the table.
    fn others_restated(&self, others: &[&Restated]) -> Vec<Say> {
        let told = &others[..others.len().min(FIGURES)];
        let mut by_rows: Vec<((Source, Period), Vec<&Restated>)> = Vec::new();
        for &restated in told {
            let rows = (restated.metric.source(), restated.period);
            match by_rows.iter_mut().find(|(known, _)| *known == rows) {
                Some((_, figures)) => figures.push(restated),
                None => by_rows.push((rows, vec![restated])),
            }
        }
        let key = if self.panel.is_whole { "report.lead.revised" } else { "report.lead.revised_team" };
        let sentence = |((_, period), figures): ((Source, Period), Vec<&Restated>)| {
            let changes = figures.iter().map(|restated| self.change_of(restated)).collect();
            let elsewhere = figures.iter().map(|restated| restated.elsewhere()).max().unwrap_or(0);
            let is_many = figures.iter().any(|restated| matches!(restated.by, By::Many));
            Say::new(key)
                .with("period", period)
                .with("changes", Value::List(changes))
                .with("through", if is_many { many() } else { self.through(&union(&figures)) })
                .with("elsewhere", gone(elsewhere))
        };
        let more = others.len() - told.len();
        let more = (more > 0).then(|| Say::new("report.lead.revised_more").with("n", more as i128));
        by_rows.into_iter().map(sentence).chain(more).collect()
    }

    /// "Revenue €50 → €45".
    fn change_of(&self, restated: &Restated) -> Value {
        Say::new("report.revised")
            .with("figure", Say::new(format!("metric.{}", restated.metric.name())))
            .with("was", self.value_of(restated.metric, restated.was))
            .with("now", self.value_of(restated.metric, restated.now))
            .into()
    }

    /// " Through Aurora (Ana Lima) and 4 more."
    fn through(&self, who: &[&Who]) -> Value {
        let say = |names| Say::new("report.restated.through").with("names", names).into();
        self.names(who).map_or(Value::Empty, say)
    }

    /// "Aurora (Ana Lima), Bela (no owner) and 4 more"; nothing where there is nobody.
    fn names(&self, who: &[&Who]) -> Option<Value> {
        let mut names: Vec<Value> = who.iter().take(NAMED).filter_map(|who| self.name_of(who)).collect();
        let more = who.len() - names.len();
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
            Unit::Money => Measured::Money(self.money(ratio.rounded())),
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

    /// Everybody behind each figure that is told differently: no more than a sketch tells apart.
    fn restated_table(&self) -> Table {
        let mut rows = Vec::new();
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
            rows.extend(moved.iter().map(row));
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
        table("restated", columns, rows)
    }
}

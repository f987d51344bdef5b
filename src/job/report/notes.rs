//! Under every figure: its definition's name, the window, the zone, the as-of instant, the base, the
//! same period by the other definitions, and every row that could not be read.

use std::collections::BTreeSet;

use super::Story;
use crate::document::{About, Say, Value};
use crate::domain::facts::{Facts, Fault};
use crate::domain::{Currency, Flaw, Money};
use crate::metrics::{Basis, Definition};

impl Story<'_> {
    /// What the report is about, for machines.
    pub(super) fn heading(&self) -> About {
        let lens = &self.panel.facts.lens;
        let year_ago = Some(self.year_ago.period).filter(|_| self.has_year_ago());
        About {
            report: self.spec.kind.name(),
            periods: [self.now.period, self.before.period].into_iter().chain(year_ago).collect(),
            as_of: lens.as_of,
            zone: lens.zone.clone(),
            currency: lens.currency,
            definition: self.definition_name(),
        }
    }

    /// What concerns the whole report.
    pub(super) fn notes(&self) -> Vec<Say> {
        let mut notes = vec![self.window()];
        notes.push(match self.spec.settings.basis {
            Basis::Contract => Say::new("note.contract"),
            Basis::Inactivity(days) => Say::new("note.inactivity").with("days", i128::from(days)),
        });
        notes
    }

    /// How churn was counted.
    pub(super) fn churn_notes(&self) -> Vec<Say> {
        let settings = &self.spec.settings;
        let mut notes = vec![self.definition(), self.other_definitions()];
        if self.now.counts.joined_and_left > 0 && settings.definition == Definition::Cohort {
            notes.push(Say::new("note.joined_and_left").with("n", self.now.counts.joined_and_left));
        }
        notes.push(Say::new("note.min_base").with("n", settings.min_base));
        notes
    }

    fn definition(&self) -> Say {
        let counts = &self.now.counts;
        let definition = self.spec.settings.definition;
        Say::new(format!("note.definition.{}", definition.name()))
            .with("name", definition_word(definition))
            .with("config", definition.name())
            .with("opening", counts.opening)
            .with("joined", counts.joined())
            .with("seen", counts.seen)
            .with("day", self.now.period.start.plus(-1).date())
    }

    fn window(&self) -> Say {
        let lens = &self.panel.facts.lens;
        Say::new("note.window")
            .with("from", self.now.period.start.date())
            .with("to", self.now.period.last().date())
            .with("as_of", Value::Instant(lens.as_of, lens.zone.clone()))
    }

    fn other_definitions(&self) -> Say {
        let own = self.spec.settings.definition;
        let inactivity = matches!(self.spec.settings.basis, Basis::Inactivity(_));
        let others = Definition::ALL.into_iter().filter(|d| *d != own);
        let others = others.filter(|d| inactivity || *d != Definition::InactiveShare);
        let rates = others.map(|d| {
            let rate = self.rate(self.now.counts.rate(d));
            Say::new("note.other").with("name", definition_word(d)).with("rate", rate).into()
        });
        Say::new("note.others").with("rates", Value::List(rates.collect()))
    }
}

/// What a definition is called.
pub(in crate::job) fn definition_word(definition: Definition) -> Say {
    Say::new(format!("definition.{}", definition.name()))
}

/// That a relation is not there.
pub(super) fn absent(relation: &str) -> Say {
    Say::new("note.absent").with("relation", relation_word(relation))
}

pub(super) fn relation_word(relation: &str) -> Say {
    Say::new(format!("relation.{relation}"))
}

/// What was read, in which currencies, and what could not be. Whoever reads about a team is told neither the ids nor the
/// money of others: those are of the whole store.
pub(super) fn ends(facts: &Facts, is_whole: bool) -> Vec<Say> {
    let rows = facts.rows.iter().map(|(relation, n)| {
        Say::new("note.rows").with("n", i128::from(*n)).with("relation", relation_word(relation)).into()
    });
    let mut notes = vec![Say::new("note.read").with("rows", Value::List(rows.collect()))];
    notes.extend(currencies(facts, is_whole));
    if is_whole {
        notes.extend(quality(facts));
    } else {
        // Of a row in another currency only the money is.
        let left_out = facts.rejected.iter().filter(|((_, fault), _)| *fault != Fault::OtherCurrency);
        let n: u64 = left_out.map(|(_, (n, _))| n).sum();
        notes.extend((n > 0).then(|| Say::new("note.fault.team").with("n", i128::from(n))));
    }
    notes
}

/// Money in other currencies is never added: it is converted by a rate that is said, or told apart.
fn currencies(facts: &Facts, is_whole: bool) -> Vec<Say> {
    let (mut notes, mut without) = (Vec::new(), BTreeSet::new());
    let is_alone = facts.lens.rates.unnamed().is_some();
    if is_alone {
        notes.push(Say::new("note.currency.alone").with("own", facts.lens.currency.code()));
    }
    for ((relation, code), foreign) in &facts.foreign {
        let relation = relation_word(relation);
        if foreign.converted > 0 {
            notes.push(
                Say::new("note.currency.converted")
                    .with("n", i128::from(foreign.converted))
                    .with("relation", relation.clone())
                    .with("code", code.as_str())
                    .with(
                        "rate",
                        facts
                            .lens
                            .rates
                            .latest(code, facts.lens.today())
                            .map_or(Value::Empty, |rate| Value::Number(rate.approximate(), 4)),
                    )
                    .with("own", facts.lens.currency.code()),
            );
        }
        if foreign.left_out > 0 && !is_whole {
            without.insert(code.as_str());
        } else if foreign.left_out > 0
            && let Some(currency) = Currency::from_code(code)
        {
            let key = if is_alone { "note.currency.apart" } else { "note.currency.left_out" };
            notes.push(
                Say::new(key)
                    .with("money", Money::new(foreign.left_out_minor, currency))
                    .with("n", i128::from(foreign.left_out))
                    .with("relation", relation),
            );
        }
    }
    if !without.is_empty() {
        let codes = without.into_iter().map(Value::from).collect();
        notes.push(Say::new("note.currency.team").with("codes", Value::List(codes)));
    }
    notes
}

/// What is wrong with a row, in words; the column and the value stay as the shop has them.
fn flaw(flaw: &Flaw) -> Say {
    let value = match flaw.value.as_str() {
        "" => Value::Empty,
        value => Say::new("note.flaw.value").with("value", value).into(),
    };
    let what = Say::new(format!("flaw.{}", flaw.what.name()));
    Say::new("note.flaw").with("column", flaw.column.as_str()).with("what", what).with("value", value)
}

/// What could not be read, a sentence for each relation and fault, with example ids.
pub(crate) fn quality(facts: &Facts) -> Vec<Say> {
    let sentence = |((relation, fault), (n, examples)): (&(&'static str, Fault), &(u64, Vec<_>))| {
        let ids = examples.iter().map(|r: &crate::domain::Rejected| Value::Text(r.id.clone())).collect();
        let more = i128::from(*n) - examples.len() as i128;
        let more = if more > 0 { Say::new("note.more").with("n", more).into() } else { Value::Empty };
        let reason = examples.first().map_or(Value::Empty, |r| flaw(&r.flaw).into());
        let key = match fault {
            Fault::Unreadable | Fault::Missing => "note.fault.unreadable",
            Fault::NoCustomer => "note.fault.no_customer",
            Fault::Repeated => "note.fault.repeated",
            Fault::Later => "note.fault.later",
            Fault::OtherCurrency => "note.fault.currency",
        };
        Say::new(key)
            .with("n", i128::from(*n))
            .with("relation", relation_word(relation))
            .with("ids", Value::List(ids))
            .with("more", more)
            .with("reason", reason)
    };
    facts.rejected.iter().map(sentence).collect()
}

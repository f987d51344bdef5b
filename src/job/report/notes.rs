//! Under every figure: its definition's name, the window, the zone, the as-of instant, the base, the
//! same period by the other definitions, and every row that could not be read.

use super::Story;
use crate::document::{Say, Value};
use crate::domain::facts::{Facts, Fault};
use crate::metrics::{Basis, Definition};

impl Story<'_> {
    pub(super) fn notes(&self) -> Vec<Say> {
        let settings = &self.spec.settings;
        let facts = self.panel.facts;
        let mut notes = vec![self.definition(), self.window()];
        if let Basis::Inactivity(days) = settings.basis {
            notes.push(Say::new("note.inactivity").with("days", i128::from(days)));
        }
        notes.push(self.other_definitions());
        if self.now.counts.joined_and_left > 0 && settings.definition == Definition::Cohort {
            notes.push(Say::new("note.joined_and_left").with("n", self.now.counts.joined_and_left));
        }
        notes.push(Say::new("note.min_base").with("n", settings.min_base));
        notes.push(self.rows_read());
        notes.extend(quality(facts));
        notes
    }

    fn definition(&self) -> Say {
        let counts = &self.now.counts;
        let definition = self.spec.settings.definition;
        Say::new(format!("note.definition.{}", definition.name()))
            .with("name", definition.name())
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
            Say::new("note.other").with("name", d.name()).with("rate", rate).into()
        });
        Say::new("note.others").with("rates", Value::List(rates.collect()))
    }

    fn rows_read(&self) -> Say {
        let rows = self.panel.facts.rows.iter().map(|(relation, n)| {
            Say::new("note.rows")
                .with("n", i128::from(*n))
                .with("relation", Say::new(format!("relation.{relation}")))
                .into()
        });
        Say::new("note.read").with("rows", Value::List(rows.collect()))
    }
}

/// What could not be read, a sentence for each relation and fault, with example ids.
pub(crate) fn quality(facts: &Facts) -> Vec<Say> {
    let sentence = |((relation, fault), (n, examples)): (&(&'static str, Fault), &(u64, Vec<_>))| {
        let ids = examples.iter().map(|r: &crate::domain::Rejected| Value::Text(r.id.clone())).collect();
        let more = i128::from(*n) - examples.len() as i128;
        let more = if more > 0 { Say::new("note.more").with("n", more).into() } else { Value::Empty };
        let reason = examples.first().map_or(String::new(), |r| r.reason.clone());
        let key = match fault {
            Fault::Unreadable | Fault::Missing => "note.fault.unreadable",
            Fault::NoCustomer => "note.fault.no_customer",
            Fault::Repeated => "note.fault.repeated",
            Fault::Later => "note.fault.later",
            Fault::OtherCurrency => "note.fault.currency",
            Fault::Blanked => "note.fault.blanked",
        };
        Say::new(key)
            .with("n", i128::from(*n))
            .with("relation", Say::new(format!("relation.{relation}")))
            .with("ids", Value::List(ids))
            .with("more", more)
            .with("reason", reason)
    };
    facts.rejected.iter().map(sentence).collect()
}

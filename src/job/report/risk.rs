//! Who is about to leave, and what speaks for it.

use super::figures::single;
use super::predict::refused;
use super::tables::{columns, table};
use super::{Section, Story};
use crate::document::{Figure, Say, Table, Value};
use crate::metrics::Metric;
use crate::metrics::risk::{AT_RISK, Share};

impl Story<'_> {
    pub(super) fn tell_risk(&self, section: &mut Section) {
        let at_risk = self.readings.risks().at_risk as i128;
        let figure = self.beside(single("figure.at_risk", at_risk.into()), Metric::AtRisk);
        section.figures.push(Figure { alarming: at_risk > 0, ..figure });
        section.notes.push(Say::new("note.at_risk").with("score", i128::from(AT_RISK)));
        if let Some(refusal) = self.readings.risks().no_model {
            section.notes.push(Say::new("note.risk_no_model").with("reason", refused(refusal)));
        }
        let facts = self.panel.facts;
        let today = facts.lens.today();
        let rows = self.readings.risks().highest.iter().map(|risk| {
            let reasons: Vec<Value> = risk.shares.iter().map(|share| reason(*share)).collect();
            let mrr = self.panel.mrr_on(risk.customer, today);
            let mut row: Vec<Value> =
                vec![self.name(risk.customer).into(), i128::from(risk.score).into(), Value::List(reasons)];
            if self.is_contract() {
                row.push(self.money(mrr).into());
            }
            row.push(facts.owner_name(risk.customer).map_or(Value::Empty, Value::from));
            row
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        let mut head = columns(&["customer"], &["score"]);
        head.extend(columns(&["reasons"], if self.is_contract() { &["mrr"] } else { &[] }));
        head.extend(columns(&["owner"], &[]));
        let of = self.readings.risks().scored;
        section.tables.push(Table { title: Say::new("table.at_risk"), of, ..table("at_risk", head, rows) });
    }
}

/// "last purchase 45 days ago, usually every 12 (18)".
fn reason(share: Share) -> Value {
    let points = i128::from(share.points);
    Say::new("risk.share").with("reason", crate::care::risk::reason(share)).with("points", points).into()
}

//! A report: the figures of a period as a document.
//!
//! The reader's order is the files' order: [`headline`] says what changed and why, [`figures`] puts the
//! numbers beside the last ones, [`charts`] shows them, [`tables`] names who, [`notes`] says how it was
//! counted and what could not be read.

mod charts;
mod figures;
mod headline;
mod notes;
mod tables;

use super::{ReportKind, ReportSpec};
use crate::document::{Block, Document, Kind, Say, Table, Value};
use crate::domain::{Facts, Money, Period, Ratio};
use crate::metrics::churn::Departure;
use crate::metrics::value::Value as Worth;
use crate::metrics::{Basis, Counts, Movements, Panel};

/// How many periods a trend shows.
pub const TREND: usize = 13;

/// Rows of a table in the mail itself; the rest are in the attachment.
const SHOWN: usize = 10;

/// The figures of one period.
struct Slice {
    period: Period,
    counts: Counts,
    moved: Movements,
}

/// Everything the composing functions look at.
struct Story<'a> {
    panel: Panel<'a>,
    spec: &'a ReportSpec,
    all: Vec<u32>,
    now: Slice,
    before: Slice,
    year_ago: Slice,
    gone: Vec<Departure>,
    worth: Worth,
}

/// Composes the report of `spec` from `facts`.
pub fn compose(facts: &Facts, spec: &ReportSpec) -> Document {
    let story = Story::of(facts, spec);
    let tables = story.tables();
    let blocks = story.blocks(&tables);
    Document {
        kind: Kind::Report,
        subject: story.subject(),
        title: Say::new(format!("report.title.{}", spec.kind.name())).with("period", story.now.period),
        lead: story.lead(),
        blocks,
        notes: story.notes(),
        sheets: story.sheets(tables),
    }
}

impl<'a> Story<'a> {
    fn of(facts: &'a Facts, spec: &'a ReportSpec) -> Story<'a> {
        let panel = Panel::of(facts, &spec.settings);
        let all = panel.all();
        let period = spec.period.on(facts.lens.today());
        let now = Slice::of(&panel, &all, period);
        let before = Slice::of(&panel, &all, period.previous());
        let year_ago = Slice::of(&panel, &all, period.year_before());
        let gone = panel.churned(&all, &period);
        let worth = panel.value(&all, &period, &now.counts);
        Story { panel, spec, all, now, before, year_ago, gone, worth }
    }

    fn blocks(&self, tables: &[Table]) -> Vec<Block> {
        let churn = self.spec.kind != ReportKind::Value;
        let value = self.spec.kind != ReportKind::Churn;
        let mut blocks = vec![Block::Figures(self.key_figures())];
        if churn {
            blocks.extend(self.churn_charts().into_iter().map(Block::Chart));
        }
        if value {
            blocks.extend(self.value_chart().map(Block::Chart));
        }
        let tables = tables.iter().filter(|table| !table.rows.is_empty());
        blocks.extend(tables.map(|table| Block::Table(table.first(SHOWN))));
        blocks
    }

    fn money(&self, minor: i128) -> Money {
        Money::new(minor, self.panel.facts.lens.currency)
    }

    /// A rate as it is printed: nothing to divide by is said, a small base is shown.
    fn rate(&self, rate: Option<Ratio>) -> Value {
        match rate {
            None => none(),
            Some(rate) if rate.denominator() < self.spec.settings.min_base => Value::SmallRate(rate),
            Some(rate) => Value::Rate(rate),
        }
    }

    fn churn_rate(&self, slice: &Slice) -> Option<Ratio> {
        slice.counts.rate(self.spec.settings.definition)
    }

    /// Whether a year ago is another period than the one before: for yearly reports it is the same.
    fn has_year_ago(&self) -> bool {
        self.year_ago.period != self.before.period
    }

    fn is_contract(&self) -> bool {
        self.spec.settings.basis == Basis::Contract
    }

    /// A key that is worded once for recurring revenue and once for revenue of a period.
    fn by_basis(&self, key: &str) -> Say {
        Say::new(format!("{key}.{}", if self.is_contract() { "mrr" } else { "revenue" }))
    }

    fn name(&self, customer: u32) -> String {
        self.panel.facts.customers[customer as usize].name.clone()
    }
}

impl Slice {
    fn of(panel: &Panel<'_>, customers: &[u32], period: Period) -> Slice {
        Slice { period, counts: panel.counts(customers, &period), moved: panel.movements(customers, &period) }
    }
}

/// "n/a".
fn none() -> Value {
    Say::new("value.none").into()
}

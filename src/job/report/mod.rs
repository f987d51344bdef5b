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

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{ReportKind, ReportSpec};
use crate::document::{Block, Document, Kind, Say, Table, Value};
use crate::domain::facts::{Lens, Needs};
use crate::domain::{Asked, Facts, Money, People, Period, Ratio};
use crate::metrics::churn::Departure;
use crate::metrics::value::{Value as Worth, year_to};
use crate::metrics::{Basis, Groups, Panel, Slice};

/// How many periods a trend shows.
pub const TREND: usize = 13;

/// Rows of a table in the mail itself; the rest are in the attachment.
const SHOWN: usize = 10;

/// Customers who left, in the attached list.
const LISTED: usize = 5_000;

/// Customers in the attached list of the most valuable.
const TOP: usize = 1_000;

/// How the groups of a split fared.
struct Fared {
    groups: Groups,
    /// Of each group: now, the period before, a year ago.
    slices: Vec<Vec<Slice>>,
}

/// Everything the composing functions look at.
pub struct Story<'a> {
    panel: Panel<'a>,
    spec: &'a ReportSpec,
    now: Slice,
    before: Slice,
    year_ago: Slice,
    /// The trend, oldest first, and each of its periods a year earlier.
    trail: Vec<Slice>,
    trail_before: Vec<Slice>,
    splits: Vec<Fared>,
    gone: Vec<Departure>,
    worth: Worth,
    top: Vec<u32>,
    people: People,
}

/// Which relations a report reads.
pub fn needs(spec: &ReportSpec, lens: &Lens) -> Needs {
    let transactions = Some(asked(spec, lens));
    Needs { reps: true, subscriptions: true, transactions, ..Needs::default() }
}

/// What a report asks of the purchases.
pub fn asked(spec: &ReportSpec, lens: &Lens) -> Asked {
    let today = lens.today();
    let (from, to) = year_to(today);
    let mut asked = Asked::nothing(today).window(from, to);
    if let Basis::Inactivity(days) = spec.settings.basis {
        asked = asked.activity(days);
        let period = spec.period.on(today);
        for period in period.trail(TREND).iter().chain([&period.year_before()]) {
            asked = asked.period(period);
        }
        // Of the year before, only who bought at all is told.
        let year_before = period.trail(TREND).into_iter().map(|period| period.year_before());
        asked = year_before.fold(asked, |asked, period| asked.window(period.start, period.end));
    }
    asked
}

/// Computes and composes in one go, where everybody's name is known already.
pub fn compose(facts: &Facts, spec: &ReportSpec, people: People) -> Document {
    Story::of(facts, spec).tell(people)
}

impl<'a> Story<'a> {
    /// Computes the figures of `spec` from `facts`, which were read with its [`needs`].
    pub fn of(facts: &'a Facts, spec: &'a ReportSpec) -> Story<'a> {
        let panel = Panel::of(facts, &spec.settings);
        let period = spec.period.on(facts.lens.today());
        let trail = period.trail(TREND);
        let mut periods = vec![period, period.previous(), period.year_before()];
        periods.extend(&trail);
        periods.extend(trail.iter().map(Period::year_before));
        let groups: Vec<Groups> = spec.splits.iter().map(|split| panel.groups(*split, &period)).collect();
        let asked: Vec<(&Groups, usize)> = groups.iter().map(|groups| (groups, 3)).collect();
        let mut swept = panel.sweep(&panel.customers, &periods, &asked);
        let (now, before, year_ago) = (swept.whole[0], swept.whole[1], swept.whole[2]);
        let trail_before = swept.whole.split_off(3 + TREND);
        let trail = swept.whole.split_off(3);
        let splits = groups.into_iter().zip(swept.groups).map(|(groups, slices)| Fared { groups, slices });
        let splits = splits.collect();
        let gone = panel.churned(&panel.customers, &period);
        let worth = panel.value(&panel.customers, &now);
        let top = most_valuable(&panel);
        let people = People::default();
        Story { panel, spec, now, before, year_ago, trail, trail_before, splits, gone, worth, top, people }
    }

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        let gone = self.gone.iter().take(LISTED).map(|departure| departure.customer);
        gone.chain(self.top.iter().copied()).collect()
    }

    /// Composes the document, now that those who are [`Self::wanted`] have names.
    pub fn tell(mut self, people: People) -> Document {
        self.people = people;
        let tables = self.tables();
        let blocks = self.blocks(&tables);
        Document {
            kind: Kind::Report,
            subject: self.subject(),
            title: Say::new(format!("report.title.{}", self.spec.kind.name()))
                .with("period", self.now.period),
            lead: self.lead(),
            blocks,
            notes: self.notes(),
            sheets: self.sheets(tables),
        }
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
        self.people.name(customer).to_owned()
    }
}

/// The customers who brought most, the first of them first.
fn most_valuable(panel: &Panel<'_>) -> Vec<u32> {
    let bought = &panel.facts.purchases;
    let mut order = panel.customers.clone();
    order.retain(|c| bought.tally(*c).transactions() > 0);
    let key = |c: &u32| (Reverse(bought.tally(*c).revenue_minor()), *c);
    if order.len() > TOP {
        order.select_nth_unstable_by_key(TOP, key);
        order.truncate(TOP);
    }
    order.sort_unstable_by_key(key);
    order
}

/// "n/a".
fn none() -> Value {
    Say::new("value.none").into()
}

//! A report: the figures of a period as a document.
//!
//! A report is made of parts; a part has sentences, figures, pictures, tables and notes. [`churn`] joins
//! those of churn and value: [`headline`] says what changed and why, [`figures`] puts the numbers beside the
//! last ones, [`charts`] shows them, [`tables`] names who. The other parts are in a file each. [`notes`] says
//! how it was counted and what could not be read.

mod care;
mod charts;
mod churn;
mod cohort;
mod figures;
mod funnel;
mod headline;
mod movers;
mod needs;
mod notes;
mod part;
mod past;
mod predict;
mod restated;
mod rfm;
mod risk;
mod roster;
mod survival;
mod tables;
mod trend;

use std::cmp::Reverse;
use std::collections::BTreeSet;

pub(super) use self::movers::owner_word;
use self::movers::{Waiting, movers};
pub use self::needs::{asked, earlier, needs, reads};
pub(super) use self::notes::definition_word;
use self::part::Part;
use self::predict::Outlook;
use self::restated::Restated;
use self::rfm::Standings;
pub(super) use self::tables::{split_column, worded as label_word};
pub use self::trend::metrics;
pub(super) use self::trend::printed;
use super::{ReportKind, ReportSpec};
use crate::document::{Block, Chart, Document, Figure, Figures, Kind, Say, Table, Value};
use crate::domain::parallel;
use crate::domain::{Facts, Money, People, Period, Ratio, When};
use crate::metrics::churn::Departure;
use crate::metrics::metric::past::Past;
use crate::metrics::revenue::Movers;
use crate::metrics::value::Value as Worth;
use crate::metrics::{Basis, Groups, Panel, Readings, Slice, first};

/// How many periods a trend shows.
pub const TREND: usize = 13;

/// Rows of a table in the mail itself; the rest are in the attachment.
const SHOWN: usize = 10;

/// Customers who left, in the attached list.
const LISTED: usize = 5_000;

/// Customers in the attached list of the most valuable.
const TOP: usize = 1_000;

/// What a part of a report has to say.
#[derive(Default)]
struct Section {
    /// What the mail's subject says where this part comes first.
    subject: Option<Say>,
    lead: Vec<Say>,
    figures: Vec<Figure>,
    charts: Vec<Chart>,
    /// Shown in the mail, cut, and attached whole.
    tables: Vec<Table>,
    /// Only attached.
    sheets: Vec<Table>,
    /// How it was counted.
    notes: Vec<Say>,
}

/// A relation whose last row is older than the report demands, or that has too few rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The relation.
    pub relation: &'static str,
    /// Its last row; `None` where there is none.
    pub last: Option<When>,
    /// How many rows it has and how many are usual, where that is what is wrong.
    pub few: Option<(u64, u64)>,
}

/// How the groups of a split fared.
struct Fared<'a> {
    groups: Groups<'a>,
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
    splits: Vec<Fared<'a>>,
    /// Of the same periods, and of groups in the first three.
    readings: Readings,
    gone: Vec<Departure>,
    movers: Movers,
    waiting: Waiting,
    worth: Worth,
    top: Vec<u32>,
    standings: Option<Standings>,
    outlook: Option<Outlook>,
    restated: Vec<Restated>,
    behind: Option<Behind>,
    people: People,
}

/// Computes and composes in one go, where everybody's name is known already.
pub fn compose(facts: &Facts, spec: &ReportSpec, people: People) -> Document {
    Story::of(facts, spec).tell(people)
}

impl<'a> Story<'a> {
    /// Computes the figures of `spec` from `facts`, which were read with its [`needs()`].
    pub fn of(facts: &'a Facts, spec: &'a ReportSpec) -> Story<'a> {
        Story::about(Panel::of(facts, &spec.settings), spec)
    }

    /// The same of the customers whom the reps of a team look after.
    pub fn of_team(facts: &'a Facts, spec: &'a ReportSpec, lead: &str) -> Story<'a> {
        Story::about(Panel::of_owners(facts, &spec.settings, &facts.team_of(lead)), spec)
    }

    fn about(panel: Panel<'a>, spec: &'a ReportSpec) -> Story<'a> {
        let facts = panel.facts;
        let period = spec.period.on(facts.lens.today());
        let trail = period.trail(TREND);
        let mut periods = vec![period, period.previous(), period.year_before()];
        periods.extend(&trail);
        periods.extend(trail.iter().map(Period::year_before));
        let groups: Vec<Groups<'_>> =
            spec.splits.iter().map(|split| panel.groups_over(*split, &periods[..3])).collect();
        let asked: Vec<(&Groups, usize)> = groups.iter().map(|groups| (groups, 3)).collect();
        let of_rfm = Period::days(&period);
        let (mut swept, (standings, gone)) = parallel::both(
            panel.customers.len(),
            || panel.sweep(&panel.customers, &periods, &asked),
            || {
                let standings = Part::Rfm.is_in(spec.kind).then(|| Standings::of(&panel, of_rfm));
                (standings, panel.leavers(&panel.customers, &period, spec.settings.definition))
            },
        );
        let readings = panel.readings_of(&metrics(spec.kind), &periods, &asked, swept.clone());
        let (now, before, year_ago) = (swept.whole[0], swept.whole[1], swept.whole[2]);
        let trail_before = swept.whole.split_off(3 + TREND);
        let trail = swept.whole.split_off(3);
        let splits = groups.into_iter().zip(swept.groups).map(|(groups, slices)| Fared { groups, slices });
        let splits = splits.collect();
        let subscription = panel.lifetime(&now);
        let worth = match readings.worth() {
            Some(worth) => Worth { subscription, ..worth.clone() },
            None if Part::Value.is_in(spec.kind) => {
                Worth { subscription, ..panel.value_so_far(&panel.customers) }
            }
            None => Worth::default(),
        };
        let top = if Part::Value.is_in(spec.kind) { most_valuable(&panel) } else { Vec::new() };
        let outlook = Part::Predict.is_in(spec.kind).then(|| Outlook::of(&panel));
        let (movers, waiting) = (movers(&panel, spec), Waiting::of(&panel, spec));
        Story {
            panel,
            spec,
            now,
            before,
            year_ago,
            trail,
            trail_before,
            splits,
            readings,
            gone,
            movers,
            waiting,
            worth,
            top,
            standings,
            outlook,
            restated: Vec::new(),
            behind: None,
            people: People::default(),
        }
    }

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        let gone = self.gone.iter().take(LISTED).map(|departure| departure.customer);
        let pressing = self.standings.iter().filter(|_| !self.is_brief()).flat_map(Standings::wanted);
        let ahead = self.outlook.iter().flat_map(Outlook::wanted);
        let restated = self.restated.iter().flat_map(Restated::wanted);
        let moved = self.movers.most.iter().map(|moved| moved.customer).chain(self.waiting.wanted());
        let moved = moved.chain(self.readings.risks().highest.iter().map(|risk| risk.customer));
        let top = self.top.iter().copied();
        gone.chain(moved).chain(top).chain(pressing).chain(ahead).chain(restated).collect()
    }

    /// Composes the document, now that those who are [`Self::wanted`] have names.
    pub fn tell(mut self, people: People) -> Document {
        self.people = people;
        let parts = Part::of(self.spec.kind).iter().map(|part| self.section(*part));
        let rest = [self.past_section(), self.restated_section()];
        let sections: Vec<Section> = parts.chain(rest).collect();
        let mut lead: Vec<Say> = self.behind.map(|behind| self.banner(behind)).into_iter().collect();
        if self.spec.period.current {
            lead.push(Say::new("report.in_progress").with("period", self.now.period));
        }
        let (mut figures, mut charts, mut tables) = (Vec::new(), Vec::new(), Vec::new());
        let (mut sheets, mut notes) = (Vec::new(), self.notes());
        if !self.panel.is_whole {
            let of = Say::new("count.customers").with("n", self.panel.facts.customers.len() as i128);
            notes.insert(
                0,
                Say::new("note.team").with("n", self.panel.customers.len() as i128).with("of", of),
            );
        }
        let subject = sections.first().and_then(|section| section.subject.clone());
        for section in sections {
            lead.extend(section.lead);
            figures.extend(section.figures);
            charts.extend(section.charts.into_iter().map(Block::Chart));
            tables.extend(section.tables);
            sheets.extend(section.sheets);
            notes.extend(section.notes);
        }
        let figures = self.figures_of(figures);
        let is_compared = figures.as_ref().is_some_and(|figures| figures.columns.len() > 1);
        notes.extend(is_compared.then(|| Say::new("note.changes")));
        notes.extend(notes::ends(self.panel.facts, self.panel.is_whole));
        let mixes = self.is_brief() && self.spec.settings.currency.is_some();
        notes.extend(mixes.then(|| Say::new("note.currency.rest")));
        let mut blocks: Vec<Block> = figures.map(Block::Figures).into_iter().collect();
        blocks.extend(charts);
        let shown = tables.iter().filter(|table| !table.rows.is_empty());
        blocks.extend(shown.map(|table| Block::Table(table.first(SHOWN))));
        // The tables of the mail whole, and then those that only an analyst wants.
        tables.extend(self.metric_tables());
        tables.extend(sheets);
        let title = Say::new(format!("report.title.{}", self.spec.kind.name()));
        let title = title.with("period", self.now.period);
        Document {
            kind: Kind::Report,
            about: Some(self.heading()),
            telling: None,
            letter: None,
            subject: subject.unwrap_or_else(|| title.clone()),
            title,
            lead,
            blocks,
            notes,
            sheets: tables,
            appointments: Vec::new(),
        }
    }

    fn section(&self, part: Part) -> Section {
        match part {
            Part::Churn => self.churn_section(),
            Part::Value => self.value_section(),
            Part::Predict => self.predict_section(),
            Part::Rfm => self.rfm_section(),
            Part::Cohort => self.cohort_section(),
            Part::Survival => self.survival_section(),
            Part::Care => self.care_section(),
            Part::Funnel => self.funnel_section(),
        }
    }

    /// Remembers what was told at the [`earlier()`] moments.
    #[must_use]
    pub fn remembering(mut self, past: Past) -> Story<'a> {
        let was = past.standings(self.before.period.end, &self.panel.facts.customers);
        if let (Some(now), Some(was)) = (&mut self.standings, was) {
            now.compare(&self.panel.customers, |customer| was.get(customer as usize).copied().flatten());
        }
        Story { readings: self.readings.remembering(past), ..self }
    }

    /// Says at the top that the store is behind.
    pub fn behind(&mut self, behind: Option<Behind>) {
        self.behind = behind;
    }

    fn banner(&self, behind: Behind) -> Say {
        let relation = notes::relation_word(behind.relation);
        if let Some((n, usual)) = behind.few {
            let say = Say::new("report.behind.few").with("relation", relation);
            return say.with("n", i128::from(n)).with("usual", i128::from(usual));
        }
        let last = match behind.last {
            None => none(),
            Some(When::Instant(at)) => Value::Instant(at, self.panel.facts.lens.zone.clone()),
            Some(When::Day(day)) => day.date().into(),
        };
        Say::new("report.behind").with("relation", relation).with("last", last)
    }

    /// On one page over all, a part gives its figures and its best picture; its tables are in its own
    /// report.
    fn is_brief(&self) -> bool {
        self.spec.kind == ReportKind::Executive
    }

    fn figures_of(&self, rows: Vec<Figure>) -> Option<Figures> {
        let mut columns = vec![Value::PeriodShort(self.now.period), Value::PeriodShort(self.before.period)];
        if self.has_year_ago() {
            columns.push(Say::new("figure.year_ago").into());
        }
        // A column that no figure fills would only be in the way.
        let filled =
            |at: usize| rows.iter().any(|row| row.values.get(at).is_some_and(|v| *v != Value::Empty));
        while columns.len() > 1 && !filled(columns.len() - 1) {
            columns.pop();
        }
        let cut = |mut row: Figure| {
            row.values.truncate(columns.len());
            row
        };
        let rows: Vec<Figure> = rows.into_iter().map(cut).collect();
        (!rows.is_empty()).then_some(Figures { columns, rows })
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
    first::keep(&mut order, TOP, TOP, key);
    order.sort_unstable_by_key(key);
    order
}

/// "n/a".
fn none() -> Value {
    Say::new("value.none").into()
}

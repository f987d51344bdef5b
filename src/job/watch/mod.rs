//! A watch: one figure of the catalogue against bounds, for the whole or group by group; who hears when it
//! leaves them, why, and when it is back.
//!
//! [`mod@judge`] says what a reading shows, [`crate::care::watch`] what that makes of a group and whether it is
//! told, [`words`] how; [`said`] is the same for operators, [`replay`] what would have been told in the past.

mod chart;
pub mod judge;
mod moved;
pub mod replay;
mod rule;
mod said;
mod tables;
mod words;

use std::collections::BTreeSet;

use jiff::Timestamp;

use self::judge::{Against, Beside, Condition, Judged, Why, judge, known};
use self::moved::Moved;
pub use crate::care::watch::Patience;
use crate::care::watch::{Sample, next};
use crate::domain::facts::{Lens, Needs};
use crate::domain::watched::{Evaluated, Memory, Observed, Phase, Standing, Telling, Turn, Watched};
use crate::domain::{Day, Facts, Period, text};
use crate::job::earlier::Earlier;
use crate::metrics::metric::past::Past;
use crate::metrics::metric::{self, History};
use crate::metrics::{Groups, Metric, Panel, PeriodChoice, Reading, Readings, Settings, Split};
use crate::render::Locale;

/// What a watch looks at, and when it speaks.
#[derive(Debug, Clone)]
pub struct WatchSpec {
    /// Which figure.
    pub metric: Metric,
    /// By which groups; `None` for the whole.
    pub split: Option<Split>,
    /// Only these groups; none for all.
    pub only: Vec<String>,
    /// Of which period.
    pub period: PeriodChoice,
    /// How it is counted.
    pub settings: Settings,
    /// When it is news.
    pub condition: Condition,
    /// How often before it is told, and how often again.
    pub patience: Patience,
    /// What rests on fewer is never told.
    pub min_base: i128,
}

/// Earlier periods that are read: a year and one month of months.
pub const EARLIER: usize = 13;

/// Places of periods among those that are read: this one, the one before, the same a year ago, and the first
/// of the trail, which ends with this one.
const NOW: usize = 0;
const BEFORE: usize = 1;
const YEAR: usize = 2;
const TRAIL: usize = 3;

impl WatchSpec {
    /// What a standing belongs to: with another one, a group starts anew. When it is told, and to whom, does
    /// not change what a breach is.
    pub fn fingerprint(&self) -> String {
        let Condition { against, side, level, .. } = &self.condition;
        let split = self.split.map_or("all", Split::name);
        let alone = self.settings.currency.map(|currency| format!(", {currency} alone")).unwrap_or_default();
        format!(
            "{} by {split}, {:?} {}, {against:?} {side:?} {}/{}, {:?} {}{alone}",
            self.metric.name(),
            self.period.kind,
            self.period.current,
            level.numerator(),
            level.denominator(),
            self.settings.basis,
            self.settings.definition.name(),
        )
    }

    /// What an evaluation on `today` looks at. A period that is over is one observation, however often it is
    /// looked at; what may still change is one a day.
    pub fn observed(&self, today: Day) -> Observed {
        if self.is_settled_by_period() {
            let period = self.period.on(today);
            return Observed { from: period.start, to: period.end };
        }
        Observed { from: today, to: today.plus(1) }
    }

    /// Whether an observation is a period that is over.
    fn is_settled_by_period(&self) -> bool {
        self.metric.history() == History::Period && !self.period.current
    }

    /// The periods that are read on `today`.
    pub fn periods(&self, today: Day) -> Vec<Period> {
        let now = self.period.on(today);
        let mut periods = vec![now, now.previous(), now.year_before()];
        periods.extend(now.trail(EARLIER + 1));
        periods
    }

    /// Which earlier moments it is held against, where its figure is to date: no more than its condition takes, since
    /// the store is read once more for each.
    pub fn earlier(&self, lens: &Lens) -> Vec<Earlier<'_>> {
        let periods = self.periods(lens.today());
        let wanted = match self.condition.against {
            Against::Level => &[],
            Against::Previous => &periods[BEFORE..=BEFORE],
            Against::Year => &periods[YEAR..=YEAR],
            Against::History => &periods[TRAIL..],
        };
        let splits = self.split.as_slice();
        let wanted = wanted.iter().map(|period| (*period, splits));
        Earlier::of((lens, &periods[NOW]), &[self.metric], &self.settings, wanted)
    }

    /// What must be read for `periods`.
    pub fn needs(&self, lens: &Lens, periods: &[Period]) -> Needs {
        let splits: Vec<Split> = self.split.into_iter().collect();
        let needs = metric::needs(&[self.metric], &self.settings, lens.today(), periods, &splits);
        // Whoever moved it is told with who looks after them.
        Needs { reps: needs.reps || moved::are_named(self), ..needs }
    }
}

/// Which relations a watch reads.
pub fn needs(spec: &WatchSpec, lens: &Lens) -> Needs {
    spec.needs(lens, &spec.periods(lens.today()))
}

/// The figure over the periods that are read, for the whole and each group.
pub struct Look<'a> {
    panel: Panel<'a>,
    spec: &'a WatchSpec,
    periods: Vec<Period>,
    groups: Option<Groups<'a>>,
    readings: Readings,
}

/// Which reading is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    Group(usize),
    /// A group that the store does not have.
    Missing,
}

impl<'a> Look<'a> {
    /// Looks at `facts` on `today`; they were read with the needs of its periods.
    pub fn of(facts: &'a Facts, spec: &'a WatchSpec, today: Day) -> Look<'a> {
        let panel = Panel::of(facts, &spec.settings);
        let periods = spec.periods(today);
        let groups = spec.split.map(|split| panel.groups_over(split, &periods));
        let asked: Vec<(&Groups, usize)> = groups.iter().map(|groups| (groups, periods.len())).collect();
        let readings = panel.readings(&[spec.metric], &periods, &asked);
        Look { panel, spec, periods, groups, readings }
    }

    /// The same with what was told at the [`WatchSpec::earlier`] moments.
    #[must_use]
    pub fn remembering(self, past: Past) -> Look<'a> {
        Look { readings: self.readings.remembering(past), ..self }
    }

    fn reading(&self, place: Place, at: usize) -> Reading {
        match place {
            Place::Whole => self.readings.whole(self.spec.metric, at),
            Place::Group(group) => self.readings.group(self.spec.metric, 0, group, at),
            Place::Missing => Reading::NOTHING,
        }
    }

    /// The readings of the trail with their periods, oldest first; this one is the last.
    fn trail(&self, place: Place) -> impl Iterator<Item = (Period, Reading)> + '_ {
        (TRAIL..self.periods.len()).map(move |at| (self.periods[at], self.reading(place, at)))
    }

    fn beside(&self, place: Place, at: usize) -> Beside {
        let least = self.spec.min_base;
        let value = |at| known(self.reading(place, at), least).ok();
        let earlier = self.trail(place).take(EARLIER);
        Beside {
            previous: value(at),
            year: value(YEAR),
            history: earlier
                .filter_map(|(_, reading)| known(reading, least).ok())
                .map(|value| value.approximate())
                .collect(),
        }
    }

    fn judged(&self, place: Place) -> Judged {
        let beside = self.beside(place, BEFORE);
        judge(&self.spec.condition, self.reading(place, NOW), self.spec.min_base, &beside)
    }

    /// Every group that is looked at, by its label: those of the store that are wanted, those that are wanted
    /// and not in the store, and those that are remembered.
    fn all(&self, memory: &[Watched]) -> Vec<(String, Place)> {
        let Some(groups) = &self.groups else { return vec![(String::new(), Place::Whole)] };
        let only = &self.spec.only;
        let is_wanted = |label: &str| only.is_empty() || only.iter().any(|wanted| wanted == label);
        let labels = groups.labels.iter().map(|label| label.clone().unwrap_or_default());
        let mut all: Vec<(String, Place)> =
            labels.enumerate().map(|(at, label)| (label, Place::Group(at))).collect();
        let known: BTreeSet<String> = all.iter().map(|(label, _)| label.clone()).collect();
        let named = only.iter().chain(memory.iter().map(|watched| &watched.group));
        let missing: BTreeSet<&String> = named.filter(|label| !known.contains(*label)).collect();
        all.extend(missing.into_iter().map(|label| (label.clone(), Place::Missing)));
        all.retain(|(label, _)| is_wanted(label));
        all
    }

    /// Whether the store still tells groups apart: where it names none, a group that is missing says nothing.
    fn has_groups(&self) -> bool {
        self.groups.as_ref().is_some_and(|groups| groups.labels.iter().any(Option::is_some))
    }
}

/// A group after an evaluation.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its label; empty for the whole, and for those without a label.
    pub group: String,
    /// Its reading.
    pub reading: Reading,
    /// What the reading shows.
    pub judged: Judged,
    /// Where it stood.
    pub before: Standing,
    /// Where it stands.
    pub after: Standing,
    /// What is told of it.
    pub telling: Option<Telling>,
    /// The silence that keeps it from being told.
    pub silence: Option<i64>,
    place: Place,
    moved: Option<Moved>,
}

impl Finding {
    /// Whether readers hear of it.
    fn is_told(&self) -> bool {
        self.telling.is_some() && self.silence.is_none()
    }
}

/// One evaluation of a watch.
pub struct Evaluation<'a> {
    look: &'a Look<'a>,
    at: Timestamp,
    /// The groups: what is told first, the worst first.
    pub findings: Vec<Finding>,
    /// A later evaluation was made before this one, which therefore changes nothing.
    pub is_late: bool,
    after: Option<Timestamp>,
}

/// What is kept of an evaluation with its occurrence: there may be a thousand groups.
const SAID: usize = 400;

/// Groups of whom it is told in sentences who moved them, and that are drawn.
const NAMED: usize = 3;

impl<'a> Evaluation<'a> {
    /// Evaluates what is seen at `at` against what is remembered.
    pub fn of(look: &'a Look<'a>, memory: &Memory, at: Timestamp) -> Evaluation<'a> {
        let spec = look.spec;
        let is_late = memory.at.is_some_and(|last| last >= at);
        let known: &[Watched] = if memory.fingerprint == spec.fingerprint() { &memory.groups } else { &[] };
        let observed = spec.observed(look.panel.facts.lens.day_of(at));
        let findings = look.all(known).into_iter().map(|(group, place)| {
            let before = known.iter().find(|watched| watched.group == group);
            let before = before.map(|watched| watched.standing.clone()).unwrap_or_default();
            let mut judged =
                if place == Place::Missing { Judged::unknown(Why::Absent) } else { look.judged(place) };
            if place == Place::Missing && look.has_groups() {
                judged.sample = Sample::Gone;
            }
            let silence = memory.silences.iter().find(|silence| silence.covers(&group, at));
            let (after, telling) = if is_late {
                (before.clone(), None)
            } else {
                next(&before, (judged.sample, observed), &spec.patience, at, silence.is_some())
            };
            let silence = silence.map(|silence| silence.id);
            let reading = look.reading(place, NOW);
            Finding { group, reading, judged, before, after, telling, silence, place, moved: None }
        });
        let mut findings: Vec<Finding> = findings.collect();
        findings.sort_by(|a, b| order(a).cmp(&order(b)).then(severity(b).total_cmp(&severity(a))));
        for finding in findings.iter_mut().filter(|finding| finding.is_told()).take(NAMED) {
            finding.moved = moved::of(look, finding);
        }
        Evaluation { look, at, findings, is_late, after: memory.at }
    }

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        self.findings.iter().filter_map(|finding| finding.moved.as_ref()).flat_map(Moved::wanted).collect()
    }

    /// What it leaves behind; nothing where it came late. `english` words it for operators.
    pub fn leaves(&self, english: &Locale) -> Option<Evaluated> {
        if self.is_late {
            return None;
        }
        let groups = self.findings.iter().filter(|f| f.judged.sample != Sample::Gone);
        let groups = groups.map(|f| Watched {
            group: f.group.clone(),
            standing: f.after.clone(),
            said: self.says(f, english),
        });
        let turned = |f: &&Finding| f.telling.is_some() || f.before.phase != f.after.phase;
        let turns = self.findings.iter().filter(turned).map(|f| Turn {
            group: f.group.clone(),
            phase: f.after.phase,
            telling: f.telling,
            silence: f.silence.filter(|_| f.telling.is_some()),
            said: self.says(f, english),
        });
        Some(Evaluated {
            fingerprint: self.look.spec.fingerprint(),
            after: self.after,
            groups: groups.collect(),
            turns: turns.collect(),
            said: text::excerpt(&self.lines(english).join("; "), SAID),
        })
    }
}

/// What is told comes first: breaches, those that last, those that ended.
fn order(finding: &Finding) -> (u8, bool) {
    let told = match finding.telling.filter(|_| finding.is_told()) {
        Some(Telling::Breach) => 0,
        Some(Telling::Repeat) => 1,
        Some(Telling::Recovery) => 2,
        Some(Telling::Gone) => 3,
        None => 4,
    };
    (told, finding.after.phase != Phase::Breached)
}

/// How far a value is beyond its limit, as a share of the limit: for the order only.
fn severity(finding: &Finding) -> f64 {
    let limits = &finding.judged.limits;
    let Some(value) = finding.reading.value.exact().map(|value| value.approximate()) else { return f64::MIN };
    let past = |bounds: Option<judge::Bounds>, sign: f64| {
        let limit = bounds?.level.approximate();
        Some(sign * (value - limit) / limit.abs().max(1e-9))
    };
    let sides = [past(limits.over, 1.0), past(limits.under, -1.0)];
    sides.into_iter().flatten().fold(f64::MIN, f64::max)
}

/// Whether a watch's past can be told from one read of the store: it looks at periods that are over, and what
/// is told of them stays.
pub fn can_be_replayed(spec: &WatchSpec) -> bool {
    spec.is_settled_by_period() && stays(spec.metric)
}

/// Whether what a metric is of a period that is over stays what it is, whatever happens later: then the past
/// can be told from one read. The others count what came of it since.
pub fn stays(metric: Metric) -> bool {
    use metric::Source;
    match metric.source() {
        Source::Activity => !matches!(metric, Metric::LtvSubscription | Metric::LtvToCac),
        Source::Surveys => true,
        Source::FollowUps => matches!(metric, Metric::FollowUpsDue | Metric::FollowUpsOnTime),
        Source::Complaints => matches!(metric, Metric::Complaints | Metric::ComplaintRate),
        Source::Leads => metric == Metric::Leads,
        Source::Purchases
        | Source::Contacts
        | Source::Referrals
        | Source::Rfm
        | Source::Risks
        | Source::Tenures
        | Source::Cohorts
        | Source::Buying
        | Source::Lasting => false,
    }
}

/// Whether a metric rests on a base that may be too small; counts and sums do not.
pub fn has_base(metric: Metric) -> bool {
    let is_revenue = Metric::RevenueOpening <= metric && metric <= Metric::RevenueClosing;
    metric.unit() != metric::Unit::Count && !is_revenue && metric != Metric::ClvAll
}

//! What a watch would have told in the past: its evaluations in order, each on what the one before left, and
//! beside it the same without hysteresis and without patience.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::chart::{drawn, measure};
use super::{Evaluation, Finding, Look, WatchSpec};
use crate::care::watch::{Patience, Sample, next};
use crate::document::{Chart, Say, Value};
use crate::domain::watched::{Evaluated, Memory, Observed, Standing, Telling};
use crate::domain::{Currency, Period, PeriodKind};
use crate::render::Locale;

/// An evaluation that changed a group's phase, or told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// As of when.
    pub at: Timestamp,
    /// The group, as it is called.
    pub group: String,
    /// What was told; `None` where only the phase changed.
    pub telling: Option<Telling>,
    /// The phase it is in.
    pub phase: &'static str,
    /// Its value and where it was.
    pub said: String,
}

/// How often it would have fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fired {
    /// As configured.
    pub times: u32,
    /// If the level itself cleared.
    pub without_hysteresis: u32,
    /// If the first observation beyond it were told.
    pub without_patience: u32,
}

/// One point of the line of a group.
struct Point {
    of: Observed,
    name: Value,
    value: Option<f64>,
    text: Value,
}

/// What is known of a group beside the evaluation itself.
#[derive(Default)]
struct Line {
    points: Vec<Point>,
    marks: Vec<(usize, bool)>,
    levels: Vec<(f64, Say, bool)>,
    bare: Standing,
    hasty: Standing,
    fired: u32,
}

/// A watch's past, as far as it has been replayed.
pub struct Replay<'a> {
    spec: &'a WatchSpec,
    english: &'a Locale,
    memory: Memory,
    lines: BTreeMap<String, Line>,
    /// What happened.
    pub events: Vec<Event>,
    /// How often it fired.
    pub fired: Fired,
    /// Evaluations so far.
    pub evaluations: usize,
}

impl<'a> Replay<'a> {
    /// Nothing has happened yet.
    pub fn new(spec: &'a WatchSpec, english: &'a Locale) -> Replay<'a> {
        let (memory, lines) = (Memory::default(), BTreeMap::new());
        Replay { spec, english, memory, lines, events: Vec::new(), fired: Fired::default(), evaluations: 0 }
    }

    /// Evaluates as of `at`, later than all before.
    pub fn step(&mut self, look: &Look<'_>, at: Timestamp) {
        let evaluation = Evaluation::of(look, &self.memory, at);
        let observed = self.spec.observed(look.panel.facts.lens.day_of(at));
        self.evaluations += 1;
        for finding in &evaluation.findings {
            self.variants(finding, observed, at);
            self.draw(&evaluation, finding, observed);
            if finding.telling.is_some() || finding.before.phase != finding.after.phase {
                self.events.push(Event {
                    at,
                    group: finding.group.clone(),
                    telling: finding.telling,
                    phase: finding.after.phase.name(),
                    said: evaluation.says(finding, self.english),
                });
            }
            if finding.telling == Some(Telling::Breach) {
                self.fired.times += 1;
            }
        }
        if let Some(left) = evaluation.leaves(self.english) {
            self.memory = remembered(&self.memory, &left, at);
        }
    }

    fn variants(&mut self, finding: &Finding, observed: Observed, at: Timestamp) {
        let line = self.lines.entry(finding.group.clone()).or_default();
        let sample = finding.judged.sample;
        let bare = if sample == Sample::Between { Sample::Clear } else { sample };
        let hasty = Patience { lasting: 1, ..self.spec.patience };
        let breaches = |standing: &mut Standing, sample, patience: &Patience| {
            let (after, telling) = next(standing, (sample, observed), patience, at, false);
            *standing = after;
            u32::from(telling == Some(Telling::Breach))
        };
        self.fired.without_hysteresis += breaches(&mut line.bare, bare, &self.spec.patience);
        self.fired.without_patience += breaches(&mut line.hasty, sample, &hasty);
        line.fired += u32::from(finding.telling == Some(Telling::Breach));
    }

    fn draw(&mut self, evaluation: &Evaluation<'_>, finding: &Finding, observed: Observed) {
        let line = self.lines.entry(finding.group.clone()).or_default();
        let (metric, currency) = (self.spec.metric, evaluation.currency());
        let value = finding.reading.value.exact().map(|v| drawn(metric, v.approximate(), currency));
        let kind = self.spec.period.kind;
        let name = if !self.spec.is_settled_by_period() {
            Value::Day(observed.from.date())
        } else if kind == PeriodKind::Month {
            Value::Month(observed.from.date())
        } else {
            Value::PeriodShort(Period { kind, start: observed.from, end: observed.to })
        };
        let text = evaluation.plain(finding.reading);
        // The same observation taken again is the same point.
        if line.points.last().is_some_and(|point| point.of == observed) {
            line.points.pop();
        }
        line.points.push(Point { of: observed, name, value, text });
        let here = line.points.len() - 1;
        match finding.telling {
            Some(Telling::Breach) => line.marks.push((here, true)),
            Some(Telling::Recovery) => line.marks.push((here, false)),
            _ => {}
        }
        let levels = evaluation.levels(finding);
        if !levels.is_empty() {
            line.levels = levels;
        }
    }

    /// The groups that were looked at: the one that fired most first.
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<(&String, &Line)> = self.lines.iter().collect();
        groups.sort_by_key(|(_, line)| std::cmp::Reverse(line.fired));
        groups.into_iter().map(|(group, _)| group.as_str()).collect()
    }

    /// The line of a group with where it breached and was back; of limits that move, the last are drawn.
    pub fn chart(&self, group: &str, currency: Currency) -> Option<Chart> {
        let line = self.lines.get(group)?;
        let metric = Say::new(format!("metric.{}", self.spec.metric.name()));
        let fired = Say::new("breach.fired").with("n", i128::from(line.fired));
        let what = if group.is_empty() {
            metric.clone()
        } else {
            Say::new("breach.in").with("metric", metric.clone()).with("group", group)
        };
        let points = line.points.iter();
        Some(Chart::Watched {
            title: Say::new("breach.replayed").with("what", what).with("fired", fired),
            series: metric,
            measure: measure(self.spec.metric, currency),
            points: points.map(|p| (p.name.clone(), p.value, p.text.clone())).collect(),
            levels: line.levels.clone(),
            marks: line.marks.clone(),
        })
    }
}

/// What is remembered after an evaluation at `at` that left something behind.
pub fn remembered(before: &Memory, left: &Evaluated, at: Timestamp) -> Memory {
    Memory {
        fingerprint: left.fingerprint.clone(),
        at: Some(at),
        groups: left.groups.clone(),
        silences: before.silences.clone(),
    }
}

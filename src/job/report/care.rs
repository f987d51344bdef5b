//! Care: promises kept, contacts made, complaints answered, and by whom.

use super::figures::{plain, single};
use super::tables::{columns, table};
use super::trend::{NOW, printed};
use super::{Fared, Section, Story, none, notes};
use crate::document::{Chart, Figure, Say, Table, Value};
use crate::domain::{Period, Ratio};
use crate::metrics::care::Compliance;
use crate::metrics::metric::Unit;
use crate::metrics::{Measured, Metric};
use std::collections::BTreeMap;

type ByRep = BTreeMap<Option<String>, Compliance>;

fn lasting(hours: Option<i64>) -> Value {
    hours.map_or_else(none, |hours| Value::Lasting(hours.into()))
}

fn sum(by_rep: &ByRep) -> (i128, i128, i128, i128) {
    by_rep.values().fold((0, 0, 0, 0), |(due, time, late, open), c| {
        (due + c.due, time + c.in_time, late + c.late, open + c.overdue)
    })
}

impl Story<'_> {
    pub(super) fn read(&self, relation: &str) -> bool {
        self.panel.facts.rows.contains_key(relation)
    }

    pub(super) fn periods(&self) -> [Period; 3] {
        [self.now.period, self.before.period, self.year_ago.period]
    }

    fn compliance_of(&self, period: &Period) -> ByRep {
        let theirs = self.panel.among(&self.panel.customers);
        let which = self.panel.facts.promises.with(|customer| theirs[customer as usize]);
        self.panel.compliance(which, period)
    }

    fn care_subject(&self) -> Option<Say> {
        let rate = self.rate(Some(self.ratio(Metric::FollowUpsOnTime, NOW)?));
        let overdue = self.ratio(Metric::FollowUpsOverdue, NOW).map_or(0, |n| n.rounded());
        let say = Say::new("report.subject.care").with("period", self.now.period);
        Some(say.with("rate", rate).with("overdue", overdue))
    }

    pub(super) fn care_section(&self) -> Section {
        let mut section = Section { subject: self.care_subject(), ..Section::default() };
        if !self.is_brief() {
            self.tell_risk(&mut section);
        }
        if self.read("follow_ups") {
            self.tell_compliance(&mut section);
        }
        if self.read("interactions") {
            let intervals = &self.spec.settings.intervals;
            let covered = self.ratio(Metric::ContactCoverage, NOW);
            let figure = single("figure.coverage", self.rate(covered));
            let figure = self.beside_as(figure, Metric::ContactCoverage, |then| self.printed_rate(then));
            section.figures.push(figure);
            let days = i128::from(intervals.usual_days);
            section.notes.push(Say::new("note.coverage").with("days", days));
        }
        if self.read("complaints") {
            self.tell_complaints(&mut section);
        }
        if self.is_brief() {
            return Section { figures: section.figures, ..Section::default() };
        }
        for relation in ["follow_ups", "interactions", "complaints"] {
            if !self.read(relation) {
                section.notes.push(notes::absent(relation));
            }
        }
        section
    }

    fn tell_compliance(&self, section: &mut Section) {
        let [by_rep, before, year_ago] = self.periods().map(|period| self.compliance_of(&period));
        let rates = [&by_rep, &before, &year_ago].map(|by_rep| {
            let (due, in_time, ..) = sum(by_rep);
            self.rate(Ratio::of(in_time, due))
        });
        let (due, in_time, late, overdue) = sum(&by_rep);
        section.figures.push(Figure { values: rates.into(), ..single("figure.compliance", Value::Empty) });
        section.figures.push(Figure { alarming: overdue > 0, ..single("figure.overdue", overdue.into()) });
        let told = Say::new("report.lead.care")
            .with("due", Say::new("count.follow_ups").with("n", due))
            .with("in_time", in_time)
            .with("late", late)
            .with("overdue", overdue);
        section.lead.extend((due > 0).then_some(told));
        section.charts.extend(self.compliance_chart(&by_rep));
        section.tables.push(self.compliance_table(&by_rep));
        section.notes.push(Say::new("note.compliance"));
    }

    fn rep_name(&self, id: Option<&str>) -> Value {
        let name = id.map(|id| self.panel.facts.reps.get(id).map_or(id, |rep| &rep.name));
        name.map_or_else(|| Say::new("label.none").into(), Value::from)
    }

    fn compliance_table(&self, by_rep: &ByRep) -> Table {
        let mut order: Vec<_> = by_rep.iter().collect();
        order.sort_by(|a, b| a.1.rate().cmp(&b.1.rate()).then(b.1.due.cmp(&a.1.due)).then(a.0.cmp(b.0)));
        let rows = order.into_iter().map(|(rep, c)| {
            let delay = c.median_delay_days().map_or_else(none, |days| Value::Count(i128::from(days)));
            vec![
                self.rep_name(rep.as_deref()),
                c.due.into(),
                c.in_time.into(),
                c.late.into(),
                c.overdue.into(),
                self.rate(c.rate()),
                delay,
            ]
        });
        table(
            "compliance",
            columns(&["rep"], &["due", "in_time", "late", "overdue", "compliance", "median_delay"]),
            rows.collect(),
        )
    }

    /// Those with most that was not done in time first.
    fn compliance_chart(&self, by_rep: &ByRep) -> Option<Chart> {
        let mut order: Vec<_> = by_rep.iter().filter(|(_, c)| c.due > 0).collect();
        let all = Ratio::of(sum(by_rep).1, sum(by_rep).0)?;
        order.sort_by(|a, b| a.1.rate().cmp(&b.1.rate()).then(a.0.cmp(b.0)));
        let bars = order.into_iter().filter_map(|(rep, c)| {
            let rate = c.rate()?;
            let under = rate.scaled(3) + 100 < all.scaled(3);
            Some((
                self.rep_name(rep.as_deref()),
                Value::Rate(rate),
                rate.approximate(),
                Some(all.approximate()),
                under,
            ))
        });
        let title = Say::new("chart.care.title").with("rate", all);
        Some(Chart::Ranked { title, axis: Say::new("chart.care.axis"), bars: bars.collect() })
    }

    fn tell_complaints(&self, section: &mut Section) {
        let figure = |key: &'static str, metric: Metric| {
            self.thrice(key, metric, |reading| match (metric, reading.value) {
                (Metric::FirstContact, _) => self.printed_rate(reading),
                (_, Measured::Whole(n)) if metric.unit() == Unit::Hours => lasting(Some(n as i64)),
                _ => self.printed(metric, reading),
            })
        };
        section.figures.push(figure("figure.complaints", Metric::Complaints));
        if self.is_brief() {
            return;
        }
        section.figures.extend([
            figure("figure.complaint_rate", Metric::ComplaintRate),
            figure("figure.reply", Metric::FirstReplyMedian),
            figure("figure.reply_90", Metric::FirstReplyP90),
            figure("figure.resolution", Metric::ResolutionMedian),
            figure("figure.resolution_90", Metric::ResolutionP90),
            figure("figure.first_contact", Metric::FirstContact),
        ]);
        section.notes.push(Say::new("note.complaints"));
        self.tell_waiting(section);
        section.tables.extend(self.splits.first().map(|fared| self.complaint_groups(fared)));
    }

    fn complaint_groups(&self, fared: &Fared) -> Table {
        let rows = |group: usize, _: &[u32]| {
            let reading = |metric| self.readings.group(metric, 0, group, NOW);
            let ratio = |metric| reading(metric).value.exact();
            let hours = |metric| lasting(ratio(metric).map(|hours| hours.rounded() as i64));
            vec![vec![
                printed(Metric::Complaints, reading(Metric::Complaints), 0),
                plain(ratio(Metric::ComplaintRate)),
                hours(Metric::FirstReplyMedian),
                hours(Metric::ResolutionMedian),
                self.rate(ratio(Metric::FirstContact)),
            ]]
        };
        let columns = columns(&[], &["complaints", "complaint_rate", "reply", "resolution", "first_contact"]);
        self.by_members("complaints", fared, columns, rows)
    }
}

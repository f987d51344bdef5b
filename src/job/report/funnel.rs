//! Funnel: leads and what became of them, referrals, and whether customers would recommend the shop.

use super::figures::{plain, single};
use super::tables::{columns, table};
use super::trend::NOW;
use super::{Section, Story, none, notes};
use crate::document::{Chart, Figure, Say, Table, Value};
use crate::metrics::Metric;
use crate::metrics::funnel::{Answers, Leads};
use std::collections::BTreeMap;

type BySource = BTreeMap<Option<String>, Leads>;

/// Points of a hundred, with their sign.
fn points(answers: &Answers) -> Value {
    answers.nps().map_or_else(none, |nps| Value::Signed(nps.scaled(2)))
}

impl Story<'_> {
    fn funnel_subject(&self) -> Option<Say> {
        (self.tells_leads() && self.captured() > 0).then(|| {
            Say::new("report.subject.funnel")
                .with("period", self.now.period)
                .with("captured", self.captured())
                .with("rate", self.rate(self.ratio(Metric::Conversion, NOW)))
        })
    }

    /// A lead has no owner yet, so those who look after customers have none: leads are told of everybody only.
    pub(super) fn tells_leads(&self) -> bool {
        self.panel.is_whole && self.read("leads")
    }

    /// Leads of the period.
    fn captured(&self) -> i128 {
        self.ratio(Metric::Leads, NOW).map_or(0, |leads| leads.rounded())
    }

    /// A share now, before and a year ago.
    fn shares(&self, key: &'static str, metric: Metric) -> Figure {
        self.thrice(key, metric, |reading| self.printed_rate(reading))
    }

    pub(super) fn funnel_section(&self) -> Section {
        let mut section = Section { subject: self.funnel_subject(), ..Section::default() };
        let facts = self.panel.facts;
        if self.tells_leads() {
            let leads = |reading| self.printed(Metric::Leads, reading);
            section.figures.push(self.thrice("figure.leads", Metric::Leads, leads));
            section.figures.push(self.shares("figure.conversion", Metric::Conversion));
        }
        if !facts.referrers.is_empty() {
            section.figures.push(self.shares("figure.referral", Metric::ReferralRate));
        }
        if self.read("surveys") {
            section.figures.push(self.nps_figure());
        }
        if self.is_brief() {
            return section;
        }
        if self.tells_leads() {
            self.tell_sources(&mut section);
        } else if self.read("leads") {
            section.notes.push(Say::new("note.leads_of_all"));
        }
        if self.read("surveys") {
            section.notes.push(Say::new("note.nps"));
            section.sheets.extend(self.nps_table());
        }
        for relation in ["leads", "surveys"] {
            if !self.read(relation) {
                section.notes.push(notes::absent(relation));
            }
        }
        section
    }

    fn nps_figure(&self) -> Figure {
        let answers = self.panel.answers_over(&self.panel.customers, &self.periods(), &[]).whole;
        let of_now = answers.first().copied().unwrap_or_default();
        let how = Say::new("figure.nps.how")
            .with("promoters", of_now.promoters)
            .with("detractors", of_now.detractors)
            .with("n", of_now.all());
        let values = answers.iter().map(points).collect();
        Figure { values, remark: how.into(), ..single("figure.nps", Value::Empty) }
    }

    fn tell_sources(&self, section: &mut Section) {
        let (now, before) = (self.panel.leads(&self.now.period), self.panel.leads(&self.before.period));
        let converted = now.values().map(|leads| leads.converted).sum::<i128>();
        section.charts.extend(self.source_chart(&now));
        section.tables.push(self.source_table(&now, &before));
        let told = Say::new("report.lead.funnel")
            .with("leads", Say::new("count.leads").with("n", self.captured()))
            .with("converted", converted)
            .with("rate", self.rate(self.ratio(Metric::Conversion, NOW)));
        section.lead.extend((self.captured() > 0).then_some(told));
        section.notes.push(Say::new("note.funnel"));
    }

    pub(super) fn source_name(source: Option<&str>) -> Value {
        source.map_or_else(|| Say::new("label.none").into(), Value::from)
    }

    fn source_table(&self, now: &BySource, before: &BySource) -> Table {
        let mut order: Vec<_> = now.iter().collect();
        order.sort_by(|a, b| b.1.captured.cmp(&a.1.captured).then(a.0.cmp(b.0)));
        let rows = order.into_iter().map(|(source, leads)| {
            let before = before.get(source).and_then(Leads::rate);
            vec![
                Self::source_name(source.as_deref()),
                leads.captured.into(),
                leads.converted.into(),
                self.rate(leads.rate()),
                self.rate(before),
            ]
        });
        table(
            "sources",
            columns(&["source"], &["captured", "converted", "conversion", "conversion_before"]),
            rows.collect(),
        )
    }

    fn source_chart(&self, leads: &BySource) -> Option<Chart> {
        let mut order: Vec<_> = leads.iter().filter(|(_, leads)| leads.captured > 0).collect();
        order.sort_by(|a, b| b.1.rate().cmp(&a.1.rate()).then(a.0.cmp(b.0)));
        let all = self.ratio(Metric::Conversion, NOW)?;
        let bars = order.into_iter().filter_map(|(source, leads)| {
            let rate = leads.rate()?;
            let name = Self::source_name(source.as_deref());
            Some((name, self.rate(Some(rate)), rate.approximate(), Some(all.approximate()), false))
        });
        Some(Chart::Ranked {
            title: Say::new("chart.funnel.title").with("rate", all),
            axis: Say::new("chart.funnel.axis"),
            bars: bars.collect(),
        })
    }

    fn nps_table(&self) -> Option<Table> {
        let rows = |_: usize, members: &[u32]| {
            let answers = self.panel.answers(members, &self.now.period);
            let share = |n| plain(crate::domain::Ratio::of(n, answers.all()));
            vec![vec![
                answers.all().into(),
                share(answers.promoters),
                share(answers.detractors),
                points(&answers),
            ]]
        };
        let columns = columns(&[], &["answers", "promoters", "detractors", "nps"]);
        Some(self.by_members("nps", self.splits.first()?, columns, rows))
    }
}

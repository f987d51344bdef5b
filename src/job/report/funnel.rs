//! Funnel: leads and what became of them, referrals, and whether customers would recommend the shop.

use super::figures::{plain, single};
use super::tables::{by_split, columns, split_column, table};
use super::{Section, Story, none, notes};
use crate::document::{Chart, Figure, Say, Table, Value};
use crate::domain::Period;
use crate::metrics::funnel::{Answers, Leads};

/// Points of a hundred, with their sign.
fn points(answers: &Answers) -> Value {
    answers.nps().map_or_else(none, |nps| Value::Signed(nps.scaled(2)))
}

impl Story<'_> {
    fn all_leads(&self, period: &Period) -> Leads {
        self.panel.leads(period).values().fold(Leads::default(), |sum, leads| Leads {
            captured: sum.captured + leads.captured,
            converted: sum.converted + leads.converted,
        })
    }

    pub(super) fn funnel_subject(&self) -> Say {
        let leads = self.all_leads(&self.now.period);
        Say::new("report.subject.funnel")
            .with("period", self.now.period)
            .with("captured", leads.captured)
            .with("rate", self.rate(leads.rate()))
    }

    pub(super) fn funnel_section(&self) -> Section {
        let mut section = Section::default();
        let facts = self.panel.facts;
        let slices = [&self.now, &self.before, &self.year_ago];
        if facts.rows.contains_key("leads") {
            let leads = slices.map(|slice| self.all_leads(&slice.period));
            let figure = |key, value: &dyn Fn(&Leads) -> Value| Figure {
                values: leads.iter().map(value).collect(),
                ..single(key, Value::Empty)
            };
            section.figures.push(figure("figure.leads", &|l| l.captured.into()));
            section.figures.push(figure("figure.conversion", &|l| self.rate(l.rate())));
            section.charts.extend(self.source_chart());
            section.tables.push(self.source_table());
            section.lead.push(
                Say::new("report.lead.funnel")
                    .with("leads", Say::new("count.leads").with("n", leads[0].captured))
                    .with("converted", leads[0].converted)
                    .with("rate", self.rate(leads[0].rate())),
            );
            section.notes.push(Say::new("note.funnel"));
        }
        if !facts.referrers.is_empty() {
            let rates =
                slices.map(|slice| self.rate(self.panel.referrals(&self.panel.customers, &slice.period)));
            section.figures.push(Figure { values: rates.into(), ..single("figure.referral", Value::Empty) });
        }
        if facts.rows.contains_key("surveys") {
            let answers = slices.map(|slice| self.panel.answers(&self.panel.customers, &slice.period));
            let how = Say::new("figure.nps.how")
                .with("promoters", answers[0].promoters)
                .with("detractors", answers[0].detractors)
                .with("n", answers[0].all());
            let values = answers.iter().map(points).collect();
            section.figures.push(Figure { values, remark: how.into(), ..single("figure.nps", Value::Empty) });
            section.notes.push(Say::new("note.nps"));
            section.sheets.extend(self.nps_table());
        }
        if self.is_brief() {
            return Section { figures: section.figures, ..Section::default() };
        }
        for relation in ["leads", "surveys"] {
            if !facts.rows.contains_key(relation) {
                section.notes.push(notes::absent(relation));
            }
        }
        section
    }

    fn source_name(source: Option<&str>) -> Value {
        source.map_or_else(|| Say::new("label.none").into(), Value::from)
    }

    fn source_table(&self) -> Table {
        let (now, before) = (self.panel.leads(&self.now.period), self.panel.leads(&self.before.period));
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

    fn source_chart(&self) -> Option<Chart> {
        let leads = self.panel.leads(&self.now.period);
        let mut order: Vec<_> = leads.iter().filter(|(_, leads)| leads.captured > 0).collect();
        order.sort_by(|a, b| b.1.rate().cmp(&a.1.rate()).then(a.0.cmp(b.0)));
        let all = self.all_leads(&self.now.period).rate()?;
        let bars = order.into_iter().take(12).filter_map(|(source, leads)| {
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
        let fared = self.splits.first()?;
        let members = fared.groups.members(&self.panel.customers);
        let rows = fared.groups.labels.iter().zip(members).map(|(label, members)| {
            let answers = self.panel.answers(&members, &self.now.period);
            let share = |n| plain(crate::domain::Ratio::of(n, answers.all()));
            vec![
                super::tables::worded(fared.groups.split, label.clone()),
                answers.all().into(),
                share(answers.promoters),
                share(answers.detractors),
                points(&answers),
            ]
        });
        let mut all = vec![split_column(fared.groups.split)];
        all.extend(columns(&[], &["answers", "promoters", "detractors", "nps"]));
        let title = by_split("table.nps", fared.groups.split);
        Some(Table { title, ..table("nps", all, rows.collect()) })
    }
}

//! What is told as tables: for readers where there are more groups than sentences, for machines always.

use super::judge::{Bounds, Limit};
use super::{BEFORE, Evaluation, Finding, YEAR};
use crate::document::{Column, Say, Table, Value};
use crate::domain::watched::Telling;
use crate::job::report::split_column;

impl Evaluation<'_> {
    /// What is told, a row a group.
    pub(super) fn table(&self, told: &[&Finding]) -> Table {
        let rows = told.iter().map(|finding| {
            let before = |at| self.plain(self.look.reading(finding.place, at));
            let news = match finding.telling {
                Some(Telling::Recovery) => Say::new("breach.news.back"),
                Some(Telling::Gone) => Say::new("breach.news.gone"),
                _ => self.verdict(finding),
            };
            vec![self.group(finding), self.value(finding.reading), before(BEFORE), before(YEAR), news.into()]
        });
        let mut columns: Vec<Column> = self.look.spec.split.map(split_column).into_iter().collect();
        columns.extend([
            column("value", Say::new("column.value"), true),
            column("before", Say::new("column.before"), true),
            column("year_ago", Say::new("column.rate_year_ago"), true),
            column("news", Say::new("column.news"), false),
        ]);
        let rows: Vec<_> = rows.collect();
        Table::whole("news", Say::new("table.breach"), columns, rows)
    }

    /// The same for machines.
    pub(super) fn sheet(&self, told: &[&Finding]) -> Table {
        let rows = told.iter().map(|finding| {
            let bounds = finding.judged.bounds().map(|(_, bounds)| bounds);
            let limit = |limit: fn(Bounds) -> Limit| bounds.map(|bounds| self.limit(limit(bounds)));
            let since = finding.before.since.filter(|_| finding.telling != Some(Telling::Breach));
            let since = since.or(finding.after.since);
            vec![
                finding.group.as_str().into(),
                finding.telling.map_or("", Telling::name).into(),
                finding.after.phase.name().into(),
                Value::Text(self.look.spec.metric.name().to_owned()),
                self.value(finding.reading),
                self.value(self.look.reading(finding.place, BEFORE)),
                self.value(self.look.reading(finding.place, YEAR)),
                limit(|bounds| bounds.level).into(),
                limit(|bounds| bounds.clear).into(),
                since.map(|since| Value::Day(since.from.date())).into(),
            ]
        });
        let rows: Vec<_> = rows.collect();
        let columns = vec![
            column("group", Say::new("column.group"), false),
            column("telling", Say::new("column.news"), false),
            column("phase", Say::new("column.phase"), false),
            column("metric", Say::new("column.metric"), false),
            column("value", Say::new("column.value"), true),
            column("before", Say::new("column.before"), true),
            column("year_ago", Say::new("column.rate_year_ago"), true),
            column("level", Say::new("column.level"), true),
            column("clear", Say::new("column.clear"), true),
            column("since", Say::new("column.since"), false),
        ];
        Table::whole("breach", Say::new("table.breach"), columns, rows)
    }
}

fn column(name: &'static str, title: Say, numeric: bool) -> Column {
    Column { name, title, numeric }
}

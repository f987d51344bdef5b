//! Who left and why, how the groups fared, how it came to be: tables for the mail (cut) and for the
//! attachments (whole).

use super::{Fared, LISTED, Story, none};
use crate::document::{Column, Say, Table, Value};
use crate::domain::customer::CancelKind;
use crate::metrics::Split;
use crate::metrics::churn::{Departure, by_kind, by_reason};

pub(super) fn column(name: &'static str, numeric: bool) -> Column {
    Column { name, title: Say::new(format!("column.{name}")), numeric }
}

pub(super) fn columns(words: &[&'static str], numbers: &[&'static str]) -> Vec<Column> {
    let words = words.iter().map(|name| column(name, false));
    words.chain(numbers.iter().map(|name| column(name, true))).collect()
}

pub(super) fn table(name: &'static str, columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Table {
    Table::whole(name, Say::new(format!("table.{name}")), columns, rows)
}

impl Story<'_> {
    pub(super) fn who_left(&self) -> Table {
        let rows = self.gone.iter().take(LISTED).map(|d| self.departure_row(d)).collect();
        let mut columns = columns(&["customer"], &[if self.is_contract() { "lost" } else { "historic" }]);
        if self.is_contract() {
            columns.extend(["since", "plan", "reason", "owner"].map(|name| column(name, false)));
        } else {
            columns.extend(["since", "owner"].map(|name| column(name, false)));
        }
        Table { of: self.gone.len(), ..table("left", columns, rows) }
    }

    fn departure_row(&self, d: &Departure) -> Vec<Value> {
        let text = |text: Option<&str>| text.map_or(Value::Empty, Value::from);
        let worth = if self.is_contract() {
            d.lost_minor
        } else {
            self.panel.facts.purchases.tally(d.customer).revenue_minor().into()
        };
        let reason = match (&d.reason, d.kind) {
            (Some(reason), _) => Value::from(reason.as_str()),
            (None, CancelKind::Involuntary) => Say::new("kind.involuntary").into(),
            (None, _) => Say::new("reason.none").into(),
        };
        let mut row = vec![
            self.name(d.customer).into(),
            self.money(worth).into(),
            d.since.map_or(Value::Empty, |day| Value::Month(day.date())),
        ];
        if self.is_contract() {
            row.extend([text(d.plan.as_deref()), reason]);
        }
        row.push(text(self.panel.facts.owner_name(d.customer)));
        row
    }

    pub(super) fn reasons(&self) -> Table {
        let mut rows: Vec<Vec<Value>> = by_reason(&self.gone)
            .into_iter()
            .map(|(reason, n, lost)| {
                let reason = reason.map_or_else(|| Say::new("reason.none").into(), Value::from);
                vec![reason, n.into(), self.money(lost).into()]
            })
            .collect();
        let kinds = by_kind(&self.gone);
        if kinds.keys().any(|kind| *kind != CancelKind::Unknown) {
            for (kind, n) in kinds {
                let lost = self.gone.iter().filter(|d| d.kind == kind).map(|d| d.lost_minor).sum();
                let name = match kind {
                    CancelKind::Voluntary => "kind.voluntary",
                    CancelKind::Involuntary => "kind.involuntary",
                    CancelKind::Unknown => "kind.unknown",
                };
                let all = Say::new("kind.all").with("kind", Say::new(name));
                rows.push(vec![all.into(), n.into(), self.money(lost).into()]);
            }
        }
        // Without any reason recorded the table would say nothing.
        if self.gone.iter().all(|d| d.reason.is_none() && d.kind == CancelKind::Unknown) {
            rows.clear();
        }
        table("reasons", columns(&["reason"], &["customers", "lost"]), rows)
    }

    pub(super) fn groups(&self, fared: &Fared) -> Table {
        let mut rows = Vec::new();
        let split = fared.groups.split;
        for (label, slices) in fared.groups.labels.iter().zip(&fared.slices) {
            let [now, before, year_ago] = slices.as_slice() else { continue };
            let silent = !self.is_contract() && now.counts.seen > 0;
            if now.counts.opening == 0 && now.counts.closing == 0 && !silent {
                continue;
            }
            let mut row = vec![
                worded(split, label.clone()),
                now.counts.opening.into(),
                now.counts.churned.into(),
                self.rate(self.churn_rate(now)),
                self.rate(self.churn_rate(before)),
            ];
            if self.has_year_ago() {
                row.push(self.rate(self.churn_rate(year_ago)));
            }
            row.push(now.moved.gross_churn().map_or_else(none, Value::Rate));
            rows.push(row);
        }
        let mut columns = vec![split_column(split)];
        columns.extend(["opening", "churned", "rate", "rate_before"].map(|n| column(n, true)));
        if self.has_year_ago() {
            columns.push(column("rate_year_ago", true));
        }
        columns.push(column("gross", true));
        Table { title: by_split("table.groups", split), ..table(split.name(), columns, rows) }
    }

    /// A table by groups: the name of each, and the rows that are told of its customers.
    pub(super) fn by_members(
        &self,
        name: &'static str,
        fared: &Fared,
        columns: Vec<Column>,
        rows: impl Fn(usize, &[u32]) -> Vec<Vec<Value>>,
    ) -> Table {
        let split = fared.groups.split;
        let members = fared.groups.members(&self.panel.customers);
        let mut all = Vec::new();
        let there = fared.groups.labels.iter().zip(members).enumerate();
        // Whoever reads about a team is not told who else there is.
        for (group, (label, members)) in there.filter(|(_, (_, members))| !members.is_empty()) {
            for row in rows(group, &members) {
                all.push([worded(split, label.clone())].into_iter().chain(row).collect());
            }
        }
        let columns = [split_column(split)].into_iter().chain(columns).collect();
        let made = table(name, columns, all);
        Table { title: made.title.with("split", split_word(split)), ..made }
    }

    pub(super) fn value_groups(&self, fared: &Fared) -> Table {
        let money = |m: Option<i128>| m.map_or_else(none, |m| self.money(m).into());
        let rows = |group: usize, customers: &[u32]| {
            let worth = match self.readings.worth_of_group(0, group) {
                Some(worth) => worth.clone(),
                None => self.panel.value_so_far(customers),
            };
            let subscription = fared.slices[group].first().and_then(|now| self.panel.lifetime(now));
            let row = vec![
                worth.customers.into(),
                self.money(worth.historic_minor).into(),
                money(worth.average_minor),
                money(worth.median_minor),
                self.lifetime(subscription),
            ];
            if worth.customers > 0 { vec![row] } else { Vec::new() }
        };
        let columns = columns(&[], &["customers", "historic", "average", "median", "ltv"]);
        let title = by_split("table.value_groups", fared.groups.split);
        Table { title, ..self.by_members("value", fared, columns, rows) }
    }

    pub(super) fn most_valuable(&self) -> Table {
        let bought = &self.panel.facts.purchases;
        let rows = self.top.iter().map(|&customer| {
            let tally = bought.tally(customer);
            vec![
                self.name(customer).into(),
                self.money(i128::from(tally.revenue_minor())).into(),
                i128::from(tally.transactions()).into(),
                bought.last(customer).map_or(Value::Empty, |day| day.date().into()),
                self.panel.facts.owner_name(customer).map_or(Value::Empty, Value::from),
            ]
        });
        let mut columns = columns(&["customer"], &["historic", "transactions"]);
        columns.extend(["last", "owner"].map(|name| column(name, false)));
        Table { of: self.worth.customers as usize, ..table("top", columns, rows.collect()) }
    }
}

/// What customers were split by, in words.
pub(super) fn split_word(split: Split) -> Say {
    Say::new(format!("split.{}", split.name()))
}

/// The column of the groups' names.
pub(in crate::job) fn split_column(split: Split) -> Column {
    Column { name: split.name(), title: split_word(split), numeric: false }
}

/// The title of a table by groups.
pub(super) fn by_split(key: &'static str, split: Split) -> Say {
    Say::new(key).with("split", split_word(split))
}

/// Tenure bands are our words; the other labels are the shop's.
pub(in crate::job) fn worded(split: Split, label: Option<String>) -> Value {
    match (split, label) {
        (_, None) => Say::new("label.none").into(),
        (Split::Tenure, Some(label)) => Say::new(label).into(),
        (_, Some(label)) => Value::Text(label),
    }
}

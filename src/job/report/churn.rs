//! The parts of churn and of value, put together from what the neighbouring files say.

use super::{Section, Story};

impl Story<'_> {
    pub(super) fn churn_section(&self) -> Section {
        let mut tables = vec![self.who_left(), self.reasons()];
        tables.extend((!self.is_brief()).then(|| self.movers_table()));
        tables.extend(self.splits.iter().map(|fared| self.groups(fared)));
        Section {
            subject: Some(self.churn_subject()),
            lead: self.churn_lead(),
            figures: self.churn_figures(),
            charts: if self.is_brief() { self.brief_charts() } else { self.churn_charts() },
            tables,
            notes: self.churn_notes(),
            ..Section::default()
        }
    }

    pub(super) fn value_section(&self) -> Section {
        let mut tables: Vec<_> =
            self.splits.first().map(|fared| self.value_groups(fared)).into_iter().collect();
        tables.push(self.most_valuable());
        Section {
            subject: Some(self.value_subject()),
            lead: self.value_lead(),
            figures: self.value_figures(),
            charts: self.value_chart().into_iter().collect(),
            tables,
            ..Section::default()
        }
    }
}

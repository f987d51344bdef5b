//! The parts of churn and of value, put together from what the neighbouring files say.

use super::{Section, Story};
use crate::document::Say;

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
            subject: self.value_subject(),
            lead: self.value_lead(),
            figures: self.value_figures(),
            charts: self.value_chart().into_iter().collect(),
            tables,
            notes: self.costs_note().into_iter().collect(),
            ..Section::default()
        }
    }

    /// Which costs net figures and margins are less: those of rows, the usual share, or both.
    fn costs_note(&self) -> Option<Say> {
        let rate = self.spec.settings.cost_rate;
        // One row of a million is no news.
        let share = self.panel.uncosted_share().filter(|share| share.scaled(3) > 0);
        match (share, rate) {
            (Some(share), Some(rate)) => {
                Some(Say::new("note.costs.both").with("share", share).with("rate", rate))
            }
            (Some(share), None) => Some(Say::new("note.costs.some").with("share", share)),
            (None, Some(rate)) if !self.panel.facts.purchases.any_costed() => {
                Some(Say::new("note.costs.rate").with("rate", rate))
            }
            _ => None,
        }
    }
}

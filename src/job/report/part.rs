//! What a report is made of.

use crate::job::ReportKind;

/// The parts that reports are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Churn,
    Value,
    Predict,
    Rfm,
    Cohort,
    Survival,
    Care,
    Funnel,
}

impl Part {
    pub(super) fn of(kind: ReportKind) -> &'static [Part] {
        use Part::{Care, Churn, Cohort, Funnel, Predict, Rfm, Survival, Value};
        match kind {
            ReportKind::Churn => &[Churn],
            ReportKind::Value => &[Value, Predict],
            ReportKind::Rfm => &[Rfm],
            ReportKind::Cohort => &[Cohort],
            ReportKind::Survival => &[Survival],
            ReportKind::Care => &[Care],
            ReportKind::Funnel => &[Funnel],
            ReportKind::Executive => &[Churn, Value, Cohort, Rfm, Care, Funnel],
        }
    }

    pub(super) fn is_in(self, kind: ReportKind) -> bool {
        Part::of(kind).contains(&self)
    }
}

//! How what is to date went: its figures over the periods of the trend, each as of its own moment.

use super::trend::{BEFORE, metrics};
use super::{Section, Story};
use crate::document::Say;
use crate::job::ReportKind;
use crate::metrics::Metric;
use crate::metrics::metric::past::{Moment, to_date};

/// What a report on what is to date shows over time, where the store has it.
fn shown(kind: ReportKind) -> &'static [Metric] {
    use Metric::{
        AtRisk, Buyers, Clv, ClvAll, Complaints, ContactCoverage, FirstReplyMedian, FollowUpsOnTime, Gini,
        Historic, Kept1, Kept3, Kept6, Kept12, LifetimeSbg, LtvAverage, LtvMedian, LtvSbg, LtvSimple,
        LtvSubscription, MedianTenure, ProbablyGone, PurchasesAhead, Renew12Sbg, ResolutionMedian, RfmAtRisk,
        RfmCannotLose, RfmChampions, RfmHibernating, RfmLost, RfmLoyal, RfmNeedsAttention, RfmNew,
        RfmPotential, Stay1, Stay3, Stay6, Stay12, Stay24, Top20,
    };
    match kind {
        ReportKind::Value => &[
            LtvSubscription,
            Buyers,
            Historic,
            LtvAverage,
            LtvMedian,
            LtvSimple,
            Top20,
            Gini,
            Clv,
            ClvAll,
            PurchasesAhead,
            ProbablyGone,
            LtvSbg,
            LifetimeSbg,
            Renew12Sbg,
        ],
        ReportKind::Rfm => &[
            RfmChampions,
            RfmLoyal,
            RfmPotential,
            RfmNew,
            RfmNeedsAttention,
            RfmAtRisk,
            RfmCannotLose,
            RfmHibernating,
            RfmLost,
        ],
        ReportKind::Cohort => &[Kept1, Kept3, Kept6, Kept12],
        ReportKind::Survival => &[MedianTenure, Stay1, Stay3, Stay6, Stay12, Stay24],
        ReportKind::Care => {
            &[ContactCoverage, AtRisk, FollowUpsOnTime, Complaints, FirstReplyMedian, ResolutionMedian]
        }
        ReportKind::Churn | ReportKind::Funnel | ReportKind::Executive => &[],
    }
}

impl Story<'_> {
    /// How it went; nothing where nobody looked at the past.
    pub(super) fn past_section(&self) -> Section {
        let told = metrics(self.spec.kind);
        let is_known = to_date(&told).any(|metric| self.readings.known(metric, BEFORE).is_some());
        let (lens, now) = (&self.panel.facts.lens, &self.now.period);
        let Some(before) = Moment::of(lens, now, self.before.period).filter(|_| is_known) else {
            return Section::default();
        };
        let note = Say::new("note.past").with("day", before.lens.today().date());
        Section {
            charts: self.sparks(shown(self.spec.kind)).into_iter().collect(),
            notes: vec![note],
            ..Section::default()
        }
    }
}

//! What is in the catalogue: each metric with its name, what it is counted from and in, and which way is good.

/// A headline figure. Its formula stands where it is counted, and in the table of figures of the
/// documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Customers active on the day before the period.
    Opening,
    /// Customers active on its last day, never before it.
    New,
    /// Customers active on its last day, not on the day before it, but on some earlier day.
    Reactivated,
    /// Opening customers not active on the last day.
    Churned,
    /// Opening customers active on the last day.
    Retained,
    /// Of those who churned, whose contract they ended themselves.
    ChurnedVoluntary,
    /// Of those who churned, whose contract the shop ended.
    ChurnedInvoluntary,
    /// Customers active on the last day.
    Closing,
    /// Customers first active within the period and not active on its last day.
    JoinedAndLeft,
    /// Departures within the period, whoever they were.
    Departures,
    /// The churn rate by the definition of the settings.
    ChurnRate,
    /// 1 − churn rate.
    Retention,
    /// 1 − (1 − churn rate)ⁿ, n periods a year.
    ChurnAnnualised,
    /// Recurring revenue on the day before the period; on the inactivity basis, revenue of as many days
    /// before it. The same holds of the other movements.
    RevenueOpening,
    /// From customers who pay for the first time.
    RevenueNew,
    /// From customers who pay again.
    RevenueReactivation,
    /// From customers who pay more.
    RevenueExpansion,
    /// Lost with customers who pay less.
    RevenueContraction,
    /// Lost with customers who pay nothing any more.
    RevenueChurned,
    /// Recurring revenue on the last day; on the inactivity basis, revenue of the period.
    RevenueClosing,
    /// (churned + contraction) ÷ opening revenue.
    GrossRevenueChurn,
    /// (churned + contraction − expansion) ÷ opening revenue.
    NetRevenueChurn,
    /// Gross revenue retention: 1 − gross revenue churn.
    Grr,
    /// Net revenue retention: 1 − net revenue churn.
    Nrr,
    /// Early departures ÷ customers who became active in the period.
    EarlyChurn,
    /// Revenue a month of an active customer at the period's end.
    Arpa,
    /// ARPA × gross margin ÷ monthly churn.
    LtvSubscription,
    /// That ÷ the cost of acquiring a customer.
    LtvToCac,
    /// Customers with at least one purchase so far.
    Buyers,
    /// Revenue so far.
    Historic,
    /// Revenue so far less costs.
    HistoricNet,
    /// Revenue so far ÷ buyers.
    LtvAverage,
    /// Revenue so far of the buyer in the middle.
    LtvMedian,
    /// Revenue so far less costs ÷ buyers.
    LtvNet,
    /// Ticket × purchases a year × years of relationship.
    LtvSimple,
    /// The same × gross margin.
    LtvSimpleNet,
    /// Share of revenue so far of the top 20 % of buyers.
    Top20,
    /// Share of revenue so far of the top 30 % of buyers.
    Top30,
    /// Gini coefficient of revenue so far over buyers: 0 is even, 1 is all from one.
    Gini,
    /// Follow-ups that fell due in the period.
    FollowUpsDue,
    /// Of those, done on or before the day.
    FollowUpsOnTime,
    /// Done after it.
    FollowUpsLate,
    /// Open, and the day is over.
    FollowUpsOverdue,
    /// Days by which late ones were late, at the middle.
    FollowUpDelay,
    /// Active customers with a contact within their interval ÷ active customers.
    ContactCoverage,
    /// Complaints opened in the period.
    Complaints,
    /// Those ÷ purchases in the period.
    ComplaintRate,
    /// Hours to the first reply, at the middle.
    FirstReplyMedian,
    /// Hours within which nine in ten had a first reply.
    FirstReplyP90,
    /// Hours to the resolution, at the middle.
    ResolutionMedian,
    /// Hours within which nine in ten were resolved.
    ResolutionP90,
    /// Resolved with one contact ÷ resolved ones that say how many it took.
    FirstContact,
    /// Leads captured in the period.
    Leads,
    /// Of those, became customers by now.
    Conversion,
    /// Active customers who referred somebody ÷ active customers.
    ReferralRate,
    /// Share of promoters less share of detractors, in points.
    Nps,
    /// Scored customers who are champions or loyal.
    RfmBest,
    /// Scored customers who are at risk or not to be lost.
    RfmSlipping,
    /// Scored customers who are champions.
    RfmChampions,
    /// Scored customers who are loyal.
    RfmLoyal,
    /// Scored customers who are potential.
    RfmPotential,
    /// Scored customers who are new.
    RfmNew,
    /// Scored customers who are in need of attention.
    RfmNeedsAttention,
    /// Scored customers who are at risk.
    RfmAtRisk,
    /// Scored customers who are not to be lost.
    RfmCannotLose,
    /// Scored customers who are hibernating.
    RfmHibernating,
    /// Scored customers who are lost.
    RfmLost,
    /// Active customers whose risk score says that they may leave.
    AtRisk,
    /// Days by which half have left.
    MedianTenure,
    /// Share that stays longer than a month.
    Stay1,
    /// Longer than 3 months.
    Stay3,
    /// Longer than 6 months.
    Stay6,
    /// Longer than 12 months.
    Stay12,
    /// Longer than 24 months.
    Stay24,
    /// Of those who joined at least a month ago, the share active a month after.
    Kept1,
    /// 3 months ago, 3 months after.
    Kept3,
    /// 6 months ago, 6 months after.
    Kept6,
    /// 12 months ago, 12 months after.
    Kept12,
    /// Predictive value over the horizon ÷ buyers.
    Clv,
    /// Predictive value over the horizon of all buyers.
    ClvAll,
    /// Purchases expected over the horizon.
    PurchasesAhead,
    /// Buyers who are probably gone.
    ProbablyGone,
    /// ARPA × gross margin × discounted expected lifetime of a new contract.
    LtvSbg,
    /// That lifetime in months.
    LifetimeSbg,
    /// Share of contracts a month old that renew.
    Renew1Sbg,
    /// Of those 12 months old.
    Renew12Sbg,
    /// Of those 24 months old.
    Renew24Sbg,
}

/// Which part of a report a metric belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Who came, who left, and how revenue moved.
    Churn,
    /// What customers are worth.
    Value,
    /// How they are looked after.
    Care,
    /// Where they come from, and whether they bring others.
    Funnel,
    /// What they are by how recently, how often and for how much they buy.
    Rfm,
    /// How many of those who joined together are still there.
    Cohort,
    /// How long they stay.
    Survival,
    /// What the models expect of them.
    Predict,
}

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A fraction, printed in percent.
    Share,
    /// A number of things.
    Count,
    /// An amount, in minor units of the lens's currency.
    Money,
    /// Whole days.
    Days,
    /// Whole hours.
    Hours,
    /// A fraction from −1 to 1, printed in points of a hundred.
    Points,
    /// A plain fraction, printed as a decimal.
    Factor,
}

/// Which way a metric had better go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is good.
    Up,
    /// Less is good.
    Down,
    /// Neither is good or bad by itself.
    Neither,
}

/// What a metric tells, and so how its past is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// What a period brought: of any period, from one read of the store.
    Period,
    /// How things stand: what it was is read from the store as of then ([`super::past`]).
    ToDate,
}

/// What a metric is counted from. All metrics of one source come from one pass over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The sweep over customers' activity and revenue.
    Activity,
    /// Purchases to date.
    Purchases,
    /// Follow-ups.
    FollowUps,
    /// The last contact with each customer.
    Contacts,
    /// Complaints.
    Complaints,
    /// Leads, which are no customers yet and so are in no group of them.
    Leads,
    /// Who referred whom.
    Referrals,
    /// What customers answered.
    Surveys,
    /// Purchases of the RFM window, scored against each other.
    Rfm,
    /// All that speaks for a customer being about to leave.
    Risks,
    /// From the first active day to the first departure.
    Tenures,
    /// The months in which customers became active.
    Cohorts,
    /// The models of buying, where activity is told from purchases.
    Buying,
    /// The model of contracts, where activity is told from them.
    Lasting,
}

/// What the catalogue says of a metric.
pub(super) struct Entry {
    pub(super) metric: Metric,
    pub(super) name: &'static str,
    pub(super) source: Source,
    pub(super) unit: Unit,
    pub(super) better: Better,
}

const fn entry(metric: Metric, name: &'static str, source: Source, unit: Unit, better: Better) -> Entry {
    Entry { metric, name, source, unit, better }
}

/// In the order of the enumeration, which is that of the columns of sheets.
pub(super) const CATALOGUE: [Entry; 87] = {
    use Better::{Down, Neither, Up};
    use Metric as M;
    use Source as S;
    use Unit::{Count, Days, Factor, Hours, Money, Points, Share};
    [
        entry(M::Opening, "opening", S::Activity, Count, Up),
        entry(M::New, "new", S::Activity, Count, Up),
        entry(M::Reactivated, "reactivated", S::Activity, Count, Up),
        entry(M::Churned, "churned", S::Activity, Count, Down),
        entry(M::Retained, "retained", S::Activity, Count, Up),
        entry(M::ChurnedVoluntary, "churned_voluntary", S::Activity, Count, Down),
        entry(M::ChurnedInvoluntary, "churned_involuntary", S::Activity, Count, Down),
        entry(M::Closing, "closing", S::Activity, Count, Up),
        entry(M::JoinedAndLeft, "joined_and_left", S::Activity, Count, Down),
        entry(M::Departures, "departures", S::Activity, Count, Down),
        entry(M::ChurnRate, "churn_rate", S::Activity, Share, Down),
        entry(M::Retention, "retention", S::Activity, Share, Up),
        entry(M::ChurnAnnualised, "churn_annualised", S::Activity, Share, Down),
        entry(M::RevenueOpening, "revenue_opening", S::Activity, Money, Up),
        entry(M::RevenueNew, "revenue_new", S::Activity, Money, Up),
        entry(M::RevenueReactivation, "revenue_reactivation", S::Activity, Money, Up),
        entry(M::RevenueExpansion, "revenue_expansion", S::Activity, Money, Up),
        entry(M::RevenueContraction, "revenue_contraction", S::Activity, Money, Down),
        entry(M::RevenueChurned, "revenue_churned", S::Activity, Money, Down),
        entry(M::RevenueClosing, "revenue_closing", S::Activity, Money, Up),
        entry(M::GrossRevenueChurn, "gross_revenue_churn", S::Activity, Share, Down),
        entry(M::NetRevenueChurn, "net_revenue_churn", S::Activity, Share, Down),
        entry(M::Grr, "grr", S::Activity, Share, Up),
        entry(M::Nrr, "nrr", S::Activity, Share, Up),
        entry(M::EarlyChurn, "early_churn", S::Activity, Share, Down),
        entry(M::Arpa, "arpa", S::Activity, Money, Up),
        entry(M::LtvSubscription, "ltv_subscription", S::Activity, Money, Up),
        entry(M::LtvToCac, "ltv_to_cac", S::Activity, Factor, Up),
        entry(M::Buyers, "buyers", S::Purchases, Count, Up),
        entry(M::Historic, "historic", S::Purchases, Money, Up),
        entry(M::HistoricNet, "historic_net", S::Purchases, Money, Up),
        entry(M::LtvAverage, "ltv_average", S::Purchases, Money, Up),
        entry(M::LtvMedian, "ltv_median", S::Purchases, Money, Up),
        entry(M::LtvNet, "ltv_net", S::Purchases, Money, Up),
        entry(M::LtvSimple, "ltv_simple", S::Purchases, Money, Up),
        entry(M::LtvSimpleNet, "ltv_simple_net", S::Purchases, Money, Up),
        entry(M::Top20, "top_20", S::Purchases, Share, Neither),
        entry(M::Top30, "top_30", S::Purchases, Share, Neither),
        entry(M::Gini, "gini", S::Purchases, Factor, Neither),
        entry(M::FollowUpsDue, "follow_ups_due", S::FollowUps, Count, Neither),
        entry(M::FollowUpsOnTime, "follow_ups_on_time", S::FollowUps, Share, Up),
        entry(M::FollowUpsLate, "follow_ups_late", S::FollowUps, Count, Down),
        entry(M::FollowUpsOverdue, "follow_ups_overdue", S::FollowUps, Count, Down),
        entry(M::FollowUpDelay, "follow_up_delay", S::FollowUps, Days, Down),
        entry(M::ContactCoverage, "contact_coverage", S::Contacts, Share, Up),
        entry(M::Complaints, "complaints", S::Complaints, Count, Down),
        entry(M::ComplaintRate, "complaint_rate", S::Complaints, Share, Down),
        entry(M::FirstReplyMedian, "first_reply_median", S::Complaints, Hours, Down),
        entry(M::FirstReplyP90, "first_reply_p90", S::Complaints, Hours, Down),
        entry(M::ResolutionMedian, "resolution_median", S::Complaints, Hours, Down),
        entry(M::ResolutionP90, "resolution_p90", S::Complaints, Hours, Down),
        entry(M::FirstContact, "first_contact", S::Complaints, Share, Up),
        entry(M::Leads, "leads", S::Leads, Count, Up),
        entry(M::Conversion, "conversion", S::Leads, Share, Up),
        entry(M::ReferralRate, "referral_rate", S::Referrals, Share, Up),
        entry(M::Nps, "nps", S::Surveys, Points, Up),
        entry(M::RfmBest, "rfm_best", S::Rfm, Share, Up),
        entry(M::RfmSlipping, "rfm_slipping", S::Rfm, Share, Down),
        entry(M::RfmChampions, "rfm_champions", S::Rfm, Share, Up),
        entry(M::RfmLoyal, "rfm_loyal", S::Rfm, Share, Up),
        entry(M::RfmPotential, "rfm_potential", S::Rfm, Share, Up),
        entry(M::RfmNew, "rfm_new", S::Rfm, Share, Up),
        entry(M::RfmNeedsAttention, "rfm_needs_attention", S::Rfm, Share, Down),
        entry(M::RfmAtRisk, "rfm_at_risk", S::Rfm, Share, Down),
        entry(M::RfmCannotLose, "rfm_cannot_lose", S::Rfm, Share, Down),
        entry(M::RfmHibernating, "rfm_hibernating", S::Rfm, Share, Down),
        entry(M::RfmLost, "rfm_lost", S::Rfm, Share, Down),
        entry(M::AtRisk, "at_risk", S::Risks, Count, Down),
        entry(M::MedianTenure, "median_tenure", S::Tenures, Days, Up),
        entry(M::Stay1, "stay_1", S::Tenures, Share, Up),
        entry(M::Stay3, "stay_3", S::Tenures, Share, Up),
        entry(M::Stay6, "stay_6", S::Tenures, Share, Up),
        entry(M::Stay12, "stay_12", S::Tenures, Share, Up),
        entry(M::Stay24, "stay_24", S::Tenures, Share, Up),
        entry(M::Kept1, "kept_1", S::Cohorts, Share, Up),
        entry(M::Kept3, "kept_3", S::Cohorts, Share, Up),
        entry(M::Kept6, "kept_6", S::Cohorts, Share, Up),
        entry(M::Kept12, "kept_12", S::Cohorts, Share, Up),
        entry(M::Clv, "clv", S::Buying, Money, Up),
        entry(M::ClvAll, "clv_all", S::Buying, Money, Up),
        entry(M::PurchasesAhead, "purchases_ahead", S::Buying, Count, Up),
        entry(M::ProbablyGone, "probably_gone", S::Buying, Count, Down),
        entry(M::LtvSbg, "ltv_sbg", S::Lasting, Money, Up),
        entry(M::LifetimeSbg, "lifetime_sbg", S::Lasting, Factor, Up),
        entry(M::Renew1Sbg, "renew_1_sbg", S::Lasting, Share, Up),
        entry(M::Renew12Sbg, "renew_12_sbg", S::Lasting, Share, Up),
        entry(M::Renew24Sbg, "renew_24_sbg", S::Lasting, Share, Up),
    ]
};

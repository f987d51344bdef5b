//! The catalogue: every headline figure under one name, with what it is counted in, which way is good, what
//! it reads and whether it has a past. Sheets, JSON and whoever watches a figure name it from here;
//! [`reading`] says what it is.

pub mod reading;

use super::definition::{Basis, Settings};
use super::segment::Split;
use super::value::year_to;
use crate::domain::facts::Needs;
use crate::domain::{Asked, Day, Period};

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
    /// Revenue so far ÷ buyers.
    LtvAverage,
    /// Revenue so far of the buyer in the middle.
    LtvMedian,
    /// Revenue so far less costs ÷ buyers.
    LtvNet,
    /// Ticket × purchases a year × years of relationship.
    LtvSimple,
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

/// Whether a metric can be told of a period that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Of any period.
    Period,
    /// As of now only: it is to date, and what it was is not kept.
    NowOnly,
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
}

/// What the catalogue says of a metric.
struct Entry {
    metric: Metric,
    name: &'static str,
    source: Source,
    unit: Unit,
    better: Better,
}

const fn entry(metric: Metric, name: &'static str, source: Source, unit: Unit, better: Better) -> Entry {
    Entry { metric, name, source, unit, better }
}

/// In the order of the enumeration, which is that of the columns of sheets.
const CATALOGUE: [Entry; 49] = {
    use Better::{Down, Neither, Up};
    use Metric as M;
    use Source as S;
    use Unit::{Count, Days, Factor, Hours, Money, Points, Share};
    [
        entry(M::Opening, "opening", S::Activity, Count, Up),
        entry(M::New, "new", S::Activity, Count, Up),
        entry(M::Reactivated, "reactivated", S::Activity, Count, Up),
        entry(M::Churned, "churned", S::Activity, Count, Down),
        entry(M::Closing, "closing", S::Activity, Count, Up),
        entry(M::JoinedAndLeft, "joined_and_left", S::Activity, Count, Down),
        entry(M::Departures, "departures", S::Activity, Count, Down),
        entry(M::ChurnRate, "churn_rate", S::Activity, Share, Down),
        entry(M::Retention, "retention", S::Activity, Share, Up),
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
        entry(M::LtvAverage, "ltv_average", S::Purchases, Money, Up),
        entry(M::LtvMedian, "ltv_median", S::Purchases, Money, Up),
        entry(M::LtvNet, "ltv_net", S::Purchases, Money, Up),
        entry(M::LtvSimple, "ltv_simple", S::Purchases, Money, Up),
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
    ]
};

impl Metric {
    /// All of them, in the order of the catalogue.
    pub fn all() -> impl Iterator<Item = Metric> {
        CATALOGUE.iter().map(|entry| entry.metric)
    }

    /// The metric of a name.
    pub fn named(name: &str) -> Option<Metric> {
        CATALOGUE.iter().find(|entry| entry.name == name).map(|entry| entry.metric)
    }

    fn entry(self) -> &'static Entry {
        &CATALOGUE[self as usize]
    }

    /// Its name, in configurations, sheets and JSON. It never changes.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        self.entry().unit
    }

    /// Which way is good.
    pub fn better(self) -> Better {
        self.entry().better
    }

    /// What it is counted from.
    pub fn source(self) -> Source {
        self.entry().source
    }

    /// The part of a report that it belongs to.
    pub fn topic(self) -> Topic {
        match self.source() {
            Source::Activity if self < Metric::Arpa => Topic::Churn,
            Source::Activity | Source::Purchases => Topic::Value,
            Source::FollowUps | Source::Contacts | Source::Complaints => Topic::Care,
            Source::Leads | Source::Referrals | Source::Surveys => Topic::Funnel,
        }
    }

    /// Whether it can be told of periods that are over.
    pub fn history(self) -> History {
        match self.source() {
            Source::Purchases | Source::Contacts => History::NowOnly,
            _ => History::Period,
        }
    }

    /// Whether it is a share of margin, which is that of all purchases to date.
    fn takes_margin(self) -> bool {
        matches!(self, Metric::LtvSubscription | Metric::LtvToCac)
    }

    /// Whether it can be told of a group of customers.
    pub fn splits(self) -> bool {
        self.source() != Source::Leads
    }
}

/// What must be read so that [`super::Panel::readings`] can tell `metrics` of `periods` by `splits`, as of
/// `today`: no more than they are counted from.
pub fn needs(
    metrics: &[Metric],
    settings: &Settings,
    today: Day,
    periods: &[Period],
    splits: &[Split],
) -> Needs {
    let reads = |source: Source| metrics.iter().any(|metric| metric.source() == source);
    let activity = [Source::Activity, Source::Purchases, Source::Contacts, Source::Referrals];
    // Tenure and cohort are told from the first active day, plans from contracts.
    let by_activity = splits.iter().any(|split| matches!(split, Split::Plan | Split::Tenure | Split::Cohort));
    let active = by_activity || activity.into_iter().any(reads);
    let (mut asked, mut buys) = (Asked::nothing(today), false);
    if let (Basis::Inactivity(days), true) = (settings.basis, active) {
        (asked, buys) = (asked.activity(days), true);
        if reads(Source::Activity) {
            asked = periods.iter().fold(asked, Asked::period);
        }
    }
    if metrics.contains(&Metric::ComplaintRate) {
        (asked, buys) = (periods.iter().fold(asked, |asked, p| asked.window(p.start, p.end)), true);
    }
    // The gross margin is that of all purchases to date.
    let margin = metrics.iter().any(|metric| metric.takes_margin());
    if reads(Source::Purchases) || margin {
        let (from, to) = year_to(today);
        (asked, buys) = (asked.window(from, to), true);
    }
    let mut customers: Vec<&str> = splits.iter().filter_map(|split| split.column()).collect();
    // How often a customer is owed a contact depends on the tier.
    customers.extend(reads(Source::Contacts).then_some("tier"));
    customers.extend(reads(Source::Referrals).then_some("referred_by"));
    Needs {
        customers,
        reps: splits.contains(&Split::Owner),
        subscriptions: splits.contains(&Split::Plan) || active && settings.basis == Basis::Contract,
        transactions: buys.then_some(asked),
        follow_ups: reads(Source::FollowUps),
        due: periods.to_vec(),
        look: None,
        open: false,
        interactions: reads(Source::Contacts),
        complaints: reads(Source::Complaints),
        leads: reads(Source::Leads),
        surveys: reads(Source::Surveys),
        signals: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PeriodKind;

    #[test]
    fn each_metric_stands_at_its_own_place_under_a_name_of_its_own() {
        let mut names: Vec<&str> = Metric::all().map(Metric::name).collect();
        for (place, metric) in Metric::all().enumerate() {
            assert_eq!(metric as usize, place, "{metric:?}");
            assert_eq!(Metric::named(metric.name()), Some(metric));
            let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(metric.name().chars().all(snake), "{}", metric.name());
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), Metric::named("churn")), (CATALOGUE.len(), None));
    }

    #[test]
    fn a_metric_reads_what_it_is_counted_from_and_nothing_else() {
        let today = Day(20_000);
        let june = [Period::last_complete(PeriodKind::Month, today)];
        let [contract, inactivity] =
            [Basis::Contract, Basis::Inactivity(45)].map(|basis| Settings { basis, ..Settings::default() });
        let read = |metric, settings, splits: &[Split]| {
            let n = needs(&[metric], settings, today, &june, splits);
            let flags = [
                (n.subscriptions, 's'),
                (n.transactions.is_some(), 't'),
                (n.follow_ups, 'f'),
                (n.interactions, 'i'),
                (n.complaints, 'c'),
                (n.leads, 'l'),
                (n.surveys, 'v'),
                (n.reps, 'r'),
            ];
            flags.iter().filter(|(is, _)| *is).map(|(_, letter)| letter).collect::<String>()
        };
        for (metric, on_contracts, on_purchases) in [
            (Metric::ChurnRate, "s", "t"),
            (Metric::LtvSubscription, "st", "t"),
            (Metric::Gini, "st", "t"),
            (Metric::FollowUpsOnTime, "f", "f"),
            (Metric::ContactCoverage, "si", "ti"),
            (Metric::Complaints, "c", "c"),
            (Metric::ComplaintRate, "tc", "tc"),
            (Metric::Conversion, "l", "l"),
            (Metric::ReferralRate, "s", "t"),
            (Metric::Nps, "v", "v"),
        ] {
            assert_eq!(read(metric, &contract, &[]), on_contracts, "{metric:?}");
            assert_eq!(read(metric, &inactivity, &[]), on_purchases, "{metric:?}");
        }
        assert_eq!(read(Metric::Nps, &contract, &[Split::Plan, Split::Owner]), "svr");
        assert_eq!(read(Metric::Nps, &inactivity, &[Split::Tenure]), "tv");
    }
}

//! What must be read so that metrics can be told: no more than they are counted from.

use super::super::definition::{Basis, Settings};
use super::super::risk::Factor;
use super::super::segment::Split;
use super::super::value::year_to;
use super::super::{forecast, rfm};
use super::{Metric, Source};
use crate::domain::facts::Needs;
use crate::domain::{Asked, Day, Period, PeriodKind};

/// What some metrics, as far as they are told on the basis, are counted from.
struct Reads<'a> {
    metrics: Vec<Metric>,
    settings: &'a Settings,
    today: Day,
    periods: &'a [Period],
    /// Whether it must be known who was active when.
    active: bool,
}

impl Reads<'_> {
    fn has(&self, source: Source) -> bool {
        self.metrics.iter().any(|metric| metric.source() == source)
    }

    /// Whether a score of risk has one of these factors. What weighs nothing is not read.
    fn weighs(&self, factors: &[Factor]) -> bool {
        self.has(Source::Risks) && factors.iter().any(|factor| self.settings.risk.weighs(*factor))
    }

    /// What is asked of the purchases, if anything.
    fn asked(&self) -> Option<Asked> {
        let (mut asked, mut buys) = (Asked::nothing(self.today), false);
        if let (Basis::Inactivity(days), true) = (self.settings.basis, self.active) {
            (asked, buys) = (asked.activity(days), true);
            if self.has(Source::Activity) {
                asked = self.periods.iter().fold(asked, Asked::period);
            }
        }
        if self.metrics.contains(&Metric::ComplaintRate) {
            (asked, buys) = (self.periods.iter().fold(asked, |asked, p| asked.counts(p.start, p.end)), true);
        }
        if self.has(Source::Purchases) {
            let (from, to) = year_to(self.today);
            (asked, buys) = (asked.window(from, to), true);
        }
        if self.has(Source::Rfm) {
            (asked, buys) = (rfm::asks(asked, self.today, self.settings.rfm_days), true);
        }
        if self.has(Source::Buying) {
            (asked, buys) = (forecast::asks(asked), true);
        }
        // The gross margin is that of all purchases to date; a rhythm is told from their days.
        buys |= self.metrics.iter().any(|metric| metric.takes_margin());
        buys |= self.weighs(&[Factor::Rhythm, Factor::Gone]);
        buys.then_some(asked)
    }

    /// The periods whose follow-ups are looked at.
    fn due(&self) -> Vec<Period> {
        // Those that are open count whenever they fell due; of the others none.
        let only_open = self.has(Source::Risks) && !self.has(Source::FollowUps);
        if only_open {
            vec![Period::containing(PeriodKind::Rolling(1), self.today)]
        } else {
            self.periods.to_vec()
        }
    }
}

/// What must be read so that [`super::super::Panel::readings`] can tell `metrics` of `periods` by `splits`, as
/// of `today`: no more than they are counted from.
pub fn needs(
    metrics: &[Metric],
    settings: &Settings,
    today: Day,
    periods: &[Period],
    splits: &[Split],
) -> Needs {
    use Source::{Activity, Cohorts, Contacts, Lasting, Purchases, Referrals, Risks, Tenures};
    let told = metrics.iter().copied().filter(|metric| metric.is_told_on(settings.basis));
    let mut reads = Reads { metrics: told.collect(), settings, today, periods, active: false };
    let activity = [Activity, Purchases, Contacts, Referrals, Risks, Tenures, Cohorts, Lasting];
    // Tenure and cohort are told from the first active day, plans from contracts.
    let by_activity = splits.iter().any(|split| matches!(split, Split::Plan | Split::Tenure | Split::Cohort));
    reads.active = by_activity || activity.into_iter().any(|source| reads.has(source));
    let contacts = reads.has(Contacts) || reads.weighs(&[Factor::Contact]);
    let promised = reads.weighs(&[Factor::FollowUps]);
    let mut customers: Vec<&str> = splits.iter().filter_map(|split| split.column()).collect();
    // How often a customer is owed a contact depends on the tier.
    customers.extend(contacts.then_some("tier"));
    customers.extend(reads.has(Referrals).then_some("referred_by"));
    Needs {
        customers,
        reps: splits.contains(&Split::Owner),
        subscriptions: splits.contains(&Split::Plan)
            || reads.active && settings.basis == Basis::Contract
            || reads.weighs(&[Factor::Contraction, Factor::Renewal]),
        transactions: reads.asked(),
        follow_ups: reads.has(Source::FollowUps) || promised,
        due: reads.due(),
        look: None,
        open: promised,
        interactions: contacts,
        complaints: reads.has(Source::Complaints) || reads.weighs(&[Factor::Complaints]),
        leads: reads.has(Source::Leads),
        surveys: reads.has(Source::Surveys) || reads.weighs(&[Factor::Survey]),
        signals: reads.weighs(&[Factor::Signals]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::risk::Weights;

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
                (n.signals, 'n'),
                (n.open, 'o'),
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
            (Metric::RfmSlipping, "t", "t"),
            (Metric::AtRisk, "stficvno", "stficvno"),
            (Metric::MedianTenure, "s", "t"),
            (Metric::Kept3, "s", "t"),
            (Metric::ClvAll, "", "t"),
            (Metric::LtvSbg, "st", ""),
            (Metric::Renew12Sbg, "s", ""),
        ] {
            assert_eq!(read(metric, &contract, &[]), on_contracts, "{metric:?}");
            assert_eq!(read(metric, &inactivity, &[]), on_purchases, "{metric:?}");
        }
        assert_eq!(read(Metric::Nps, &contract, &[Split::Plan, Split::Owner]), "svr");
        assert_eq!(read(Metric::Nps, &inactivity, &[Split::Tenure]), "tv");
    }

    /// What is asked of the purchases, and which follow-ups are looked at.
    #[test]
    fn a_metric_asks_no_more_of_the_purchases_than_it_takes() {
        let today = Day(20_000);
        let june = [Period::last_complete(PeriodKind::Month, today)];
        let nothing = || Asked::nothing(today);
        let year = (Day(19_636), Day(20_001));
        for (metric, basis, expected) in [
            (Metric::RfmBest, Basis::Contract, nothing().window(year.0, year.1)),
            (Metric::RfmBest, Basis::Inactivity(45), nothing().window(year.0, year.1)),
            (Metric::AtRisk, Basis::Contract, nothing()),
            (Metric::AtRisk, Basis::Inactivity(45), nothing().activity(45)),
            (Metric::Stay12, Basis::Inactivity(45), nothing().activity(45)),
            (Metric::Kept12, Basis::Inactivity(45), nothing().activity(45)),
            (Metric::Clv, Basis::Inactivity(45), nothing().first_spend()),
            (Metric::LtvSbg, Basis::Contract, nothing()),
            (Metric::Gini, Basis::Contract, nothing().window(year.0, year.1)),
        ] {
            let settings = Settings { basis, ..Settings::default() };
            let read = needs(&[metric], &settings, today, &june, &[]);
            assert_eq!(read.transactions, Some(expected), "{metric:?} {basis:?}");
        }
        let settings = Settings::default();
        let due = |metrics: &[Metric]| needs(metrics, &settings, today, &june, &[]).due;
        assert_eq!(due(&[Metric::AtRisk]), [Period::containing(PeriodKind::Rolling(1), today)]);
        assert_eq!(due(&[Metric::AtRisk, Metric::FollowUpsDue]), june);
    }

    #[test]
    fn what_weighs_nothing_in_a_score_is_not_read() {
        let today = Day(20_000);
        let only = |wanted: Factor| {
            let all = Factor::ALL.iter().map(|(_, factor, _)| *factor);
            let risk = all.filter(|f| *f != wanted).fold(Weights::default(), |sum, f| sum.with(f, 0));
            let settings = Settings { basis: Basis::Inactivity(45), risk, ..Settings::default() };
            needs(&[Metric::AtRisk], &settings, today, &[], &[])
        };
        let nothing = Needs {
            transactions: Some(Asked::nothing(today).activity(45)),
            due: vec![Period::containing(PeriodKind::Rolling(1), today)],
            ..Needs::default()
        };
        let read = |change: fn(&mut Needs)| {
            let mut needs = nothing.clone();
            change(&mut needs);
            needs
        };
        for (factor, expected) in [
            (Factor::Rhythm, read(|_| ())),
            (Factor::Gone, read(|_| ())),
            (Factor::Complaints, read(|n| n.complaints = true)),
            (Factor::Contact, read(|n| (n.interactions, n.customers) = (true, vec!["tier"]))),
            (Factor::FollowUps, read(|n| (n.follow_ups, n.open) = (true, true))),
            (Factor::Contraction, read(|n| n.subscriptions = true)),
            (Factor::Renewal, read(|n| n.subscriptions = true)),
            (Factor::Signals, read(|n| n.signals = true)),
            (Factor::Survey, read(|n| n.surveys = true)),
        ] {
            assert_eq!(only(factor), expected, "{factor:?}");
        }
    }
}

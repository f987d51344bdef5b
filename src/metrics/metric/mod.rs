//! The catalogue: every headline figure under one name, with what it is counted in, which way is good, what
//! it reads and how its past is told. Sheets, JSON and whoever watches a figure name it from here;
//! [`reading`] says what it is, [`today`] what those are that are counted in parts of their own, [`past`] what those
//! were that are to date.

mod catalogue;
mod counted;
mod needs;
pub mod past;
pub mod reading;
mod today;

pub use self::catalogue::{Better, History, Metric, Source, Topic, Unit};
use self::catalogue::{CATALOGUE, Entry};
pub use self::needs::needs;
use super::definition::Basis;
use super::rfm::Standing;

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
            Source::FollowUps | Source::Contacts | Source::Complaints | Source::Risks => Topic::Care,
            Source::Leads | Source::Referrals | Source::Surveys => Topic::Funnel,
            Source::Rfm => Topic::Rfm,
            Source::Cohorts => Topic::Cohort,
            Source::Tenures => Topic::Survival,
            Source::Buying | Source::Lasting => Topic::Predict,
        }
    }

    /// Whether it tells what a period brought or how things stand.
    pub fn history(self) -> History {
        match self.source() {
            Source::Activity
            | Source::FollowUps
            | Source::Complaints
            | Source::Leads
            | Source::Referrals
            | Source::Surveys => History::Period,
            Source::Purchases
            | Source::Contacts
            | Source::Rfm
            | Source::Risks
            | Source::Tenures
            | Source::Cohorts
            | Source::Buying
            | Source::Lasting => History::ToDate,
        }
    }

    /// Whether it is a share of margin, which is that of all purchases to date.
    fn takes_margin(self) -> bool {
        matches!(self, Metric::LtvSubscription | Metric::LtvToCac | Metric::LtvSbg)
    }

    /// Whether it takes how many leave in a whole period, and so is not told of one under way.
    pub fn is_of_whole_periods(self) -> bool {
        matches!(self, Metric::ChurnAnnualised | Metric::LtvSubscription | Metric::LtvToCac)
    }

    /// Whether it can be told of a group of customers.
    pub fn splits(self) -> bool {
        self.source() != Source::Leads
    }

    /// Whether it is counted from what is in a currency: from contracts or purchases, and nothing else.
    pub fn has_currency(self) -> bool {
        match self.source() {
            Source::Activity
            | Source::Purchases
            | Source::Rfm
            | Source::Tenures
            | Source::Cohorts
            | Source::Buying
            | Source::Lasting => true,
            Source::FollowUps
            | Source::Contacts
            | Source::Complaints
            | Source::Leads
            | Source::Referrals
            | Source::Surveys
            | Source::Risks => false,
        }
    }

    /// Whether it can be told where activity is told by `basis`: each basis has its own models.
    pub fn is_told_on(self, basis: Basis) -> bool {
        match self.source() {
            // Only contracts say who ended them.
            _ if matches!(self, Metric::ChurnedVoluntary | Metric::ChurnedInvoluntary) => {
                basis == Basis::Contract
            }
            Source::Buying => basis != Basis::Contract,
            Source::Lasting => basis == Basis::Contract,
            _ => true,
        }
    }

    /// Whether its share is an estimate in millionths, and so not one of so many customers.
    pub fn is_estimate(self) -> bool {
        matches!(self.source(), Source::Tenures | Source::Buying | Source::Lasting)
            || self == Metric::ChurnAnnualised
    }

    /// What its customers are, where it is the share of one standing of RFM.
    fn standing(self) -> Option<Standing> {
        let name = self.name().strip_prefix("rfm_").filter(|_| self.source() == Source::Rfm)?;
        Standing::ALL.iter().find(|(known, _)| *known == name).map(|(_, standing)| *standing)
    }

    /// After how many months it is told, where one figure is told after several.
    pub fn months(self) -> Option<u32> {
        match self {
            Metric::Stay1 | Metric::Kept1 | Metric::Renew1Sbg => Some(1),
            Metric::Stay3 | Metric::Kept3 => Some(3),
            Metric::Stay6 | Metric::Kept6 => Some(6),
            Metric::Stay12 | Metric::Kept12 | Metric::Renew12Sbg => Some(12),
            Metric::Stay24 | Metric::Renew24Sbg => Some(24),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

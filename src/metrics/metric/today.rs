//! What the metrics are that are told as of now and in parts of their own: standings, risks, tenures, cohorts,
//! and what the models expect. Each of the whole and of the groups, from one pass or one fit.
//!
//! Customers are scored against all customers looked at, whatever their group: they are in their group what
//! they are in the whole, and groups add up to it. Tenures, cohorts and models are those of a group's members
//! alone; a model that their number does not carry is refused, as for the whole.

use super::super::cohort::{self, Cohort, pooled};
use super::super::forecast::{Buying, contract_value};
use super::super::grid::Grid;
use super::super::panel::Panel;
use super::super::predict::Geometric;
use super::super::rfm::{BEST, ByStanding, SLIPPING};
use super::super::risk::{AtRisk, HIGHEST, Risks};
use super::super::segment::Groups;
use super::super::survival::{Survival, days};
use super::super::value::lifetime;
use super::reading::{Measured, Place, Reading};
use super::{Metric, Source};
use crate::domain::{Currency, Money, Period, Ratio};

/// What a fraction of a model is told in.
const MILLION: i128 = 1_000_000;

/// What was counted as of now; what nobody asked for is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Today {
    standings: Grid<ByStanding>,
    risks: (Risks, Grid<AtRisk>),
    tenures: Grid<Survival>,
    cohorts: Grid<Vec<Cohort>>,
    buying: Grid<Option<Buying>>,
    lasting: Grid<Option<Lasting>>,
}

/// The model of contracts, and what it makes a new one worth.
#[derive(Debug, Clone, Copy)]
struct Lasting {
    model: Geometric,
    lifetime: Option<f64>,
    value_minor: Option<f64>,
}

impl Panel<'_> {
    /// What of `metrics` is told as of now, of the whole and of each group. What a new contract
    /// pays is what one pays in that of `periods` that ends last.
    pub(super) fn today(&self, metrics: &[Metric], periods: &[Period], splits: &[(&Groups, usize)]) -> Today {
        let all = &self.customers;
        let reads = |source: Source| metrics.iter().any(|metric| metric.source() == source);
        let mut today = Today::default();
        let Some(last) = periods.iter().rev().max_by_key(|period| period.end) else { return today };
        let splits: Vec<_> = splits.iter().map(|(groups, count)| (*groups, 1.min(*count))).collect();
        if reads(Source::Rfm) {
            today.standings = self.standings_over(&splits);
        }
        if reads(Source::Risks) {
            today.risks = self.risks_over(all, HIGHEST, &splits);
        }
        if reads(Source::Tenures) {
            today.tenures = Grid::of_members(all, &splits, |members| self.survival(members));
        }
        if reads(Source::Cohorts) {
            let months = cohort::months(self.facts.lens.today());
            today.cohorts = Grid::of_members(all, &splits, |members| self.cohorts(members, &months));
        }
        if reads(Source::Buying) {
            today.buying = Grid::of_members(all, &splits, |members| self.ahead(members, 0).ok());
        }
        if reads(Source::Lasting) {
            // What a contract brings is asked of all purchases, and only for its value.
            let margin = metrics.contains(&Metric::LtvSbg).then(|| self.gross_margin());
            today.lasting = Grid::of_members(all, &splits, |members| self.contracts(members, last, margin));
        }
        today
    }

    fn contracts(&self, members: &[u32], period: &Period, margin: Option<Ratio>) -> Option<Lasting> {
        let model = self.lasting(members).ok()?;
        let value_minor = margin.and_then(|margin| {
            let arpa = lifetime(&self.slice(members, period), self.settings, margin)?.arpa_minor;
            contract_value(&model, arpa, margin, self.settings)
        });
        let lifetime = model.lifetime(self.settings.monthly_discount());
        Some(Lasting { model, lifetime, value_minor })
    }
}

impl Today {
    /// The highest risks.
    pub(super) fn risks(&self) -> &Risks {
        &self.risks.0
    }

    /// What a metric is of the whole or a group, whose place it is; `None` where nobody asked for it.
    pub(super) fn read(&self, metric: Metric, place: Place, currency: Currency) -> Option<Reading> {
        match metric.source() {
            Source::Rfm => {
                let own = metric.standing();
                let of: &[_] = match &own {
                    Some(standing) => std::slice::from_ref(standing),
                    None if metric == Metric::RfmBest => &BEST,
                    None => &SLIPPING,
                };
                Some(Reading::share(place.of(&self.standings)?.share(of)))
            }
            Source::Risks => {
                let AtRisk { active, at_risk } = *place.of(&self.risks.1)?;
                (active > 0).then_some(Reading { value: Measured::Whole(at_risk), base: Some(active) })
            }
            Source::Tenures => of_tenures(metric, place.of(&self.tenures)?),
            Source::Cohorts => {
                Some(Reading::share(pooled(place.of(&self.cohorts)?, metric.months()? as usize)))
            }
            Source::Buying => Some(of_buying(metric, place.of(&self.buying)?.as_ref()?, currency)),
            Source::Lasting => Some(of_lasting(metric, place.of(&self.lasting)?.as_ref()?, currency)),
            _ => None,
        }
    }
}

fn of_tenures(metric: Metric, survival: &Survival) -> Option<Reading> {
    if survival.customers == 0 {
        return None;
    }
    let base = i128::from(survival.customers);
    Some(match metric.months() {
        None => Reading::rank(survival.median_days().map(i64::from), base),
        Some(months) => Reading::ratio(survival.share_after(days(months)).and_then(millionths), base),
    })
}

fn of_buying(metric: Metric, buying: &Buying, currency: Currency) -> Reading {
    let value = match metric {
        Metric::Clv => money(buying.average_minor(), currency),
        Metric::ClvAll => money(buying.value_minor, currency),
        Metric::PurchasesAhead => Some(Measured::Whole(buying.purchases.round() as i128)),
        Metric::ProbablyGone => Some(Measured::Whole(buying.probably_gone as i128)),
        _ => None,
    };
    Reading { value: value.unwrap_or(Measured::Nothing), base: Some(buying.buyers as i128) }
}

fn of_lasting(metric: Metric, lasting: &Lasting, currency: Currency) -> Reading {
    let Lasting { model, lifetime, value_minor } = lasting;
    let value = match (metric, metric.months()) {
        (Metric::LtvSbg, _) => value_minor.and_then(|minor| money(minor, currency)),
        (Metric::LifetimeSbg, _) => lifetime.and_then(millionths).map(Measured::Ratio),
        (_, Some(age)) => millionths(model.retention(age)).map(Measured::Ratio),
        _ => None,
    };
    Reading { value: value.unwrap_or(Measured::Nothing), base: Some(model.fit.customers as i128) }
}

fn money(minor: f64, currency: Currency) -> Option<Measured> {
    minor.is_finite().then(|| Measured::Money(Money::new(minor.round() as i128, currency)))
}

pub(super) fn millionths(value: f64) -> Option<Ratio> {
    if value.is_finite() { Ratio::of((value * MILLION as f64).round() as i128, MILLION) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::super::{forecast, survival};
    use super::*;

    /// The catalogue has a metric for each month that reports print, and for no other.
    #[test]
    fn what_is_told_after_several_months_is_told_after_those_that_reports_print() {
        let months = |source: Source, stem: &str| -> Vec<u32> {
            let of = Metric::all().filter(|metric| metric.source() == source);
            let of = of.filter_map(|metric| Some((metric, metric.months()?)));
            of.inspect(|(metric, n)| assert_eq!(metric.name(), stem.replace('N', &n.to_string())))
                .map(|(_, n)| n)
                .collect()
        };
        assert_eq!(months(Source::Tenures, "stay_N"), survival::TOLD);
        assert_eq!(months(Source::Cohorts, "kept_N"), cohort::TOLD.map(|n| n as u32));
        assert_eq!(months(Source::Lasting, "renew_N_sbg"), forecast::AGES);
    }

    /// Of five customers two left after 10 and 20 days, three are still there after 15, 25 and 40; and all of
    /// three left after 10, 20 and 40.
    #[test]
    fn a_median_is_not_known_while_more_than_half_stay() {
        let five = Survival::of([(10, true), (20, true), (15, false), (25, false), (40, false)]);
        let three = Survival::of([10, 20, 40].map(|days| (days, true)));
        for (survival, metric, value) in [
            (&five, Metric::MedianTenure, Measured::Nothing),
            (&three, Metric::MedianTenure, Measured::Whole(20)),
            (&five, Metric::Stay1, Measured::Ratio(Ratio::of(533_333, MILLION).unwrap())),
            (&three, Metric::Stay1, Measured::Ratio(Ratio::of(333_333, MILLION).unwrap())),
            (&five, Metric::Stay3, Measured::Nothing),
        ] {
            let base = Some(i128::from(survival.customers));
            assert_eq!(of_tenures(metric, survival), Some(Reading { value, base }), "{metric:?}");
        }
        assert_eq!(of_tenures(Metric::Stay1, &Survival::default()), None);
    }

    #[test]
    fn what_is_no_number_is_no_reading() {
        let euro = Currency::from_code("EUR").unwrap();
        assert_eq!(millionths(2.0 / 3.0).map(|r| (r.numerator(), r.denominator())), Some((666_667, MILLION)));
        assert_eq!(money(12.5, euro), Some(Measured::Money(Money::new(13, euro))));
        for odd in [f64::NAN, f64::INFINITY] {
            assert_eq!((millionths(odd), money(odd, euro)), (None, None));
        }
    }
}

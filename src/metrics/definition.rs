//! The named formulas and the choices a shop makes between them; each report prints what was chosen.

use super::care::Intervals;
use super::risk::Weights;
use crate::domain::{Currency, Day, Period, PeriodKind, Ratio};

/// What makes a customer active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A subscription covers the day.
    Contract,
    /// A transaction lies in the given number of days that end on the day.
    Inactivity(i32),
}

/// How a churn rate is counted. Peers count differently; a manager will compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definition {
    /// churned ÷ opening: of those active when the period began, the share not active on its last day.
    Cohort,
    /// Every departure within the period ÷ opening, also of customers who joined or came back within it.
    Events,
    /// Every departure ÷ (opening + joined).
    EventsPlusNew,
    /// First seen before the period's end and without a transaction in it ÷ first seen before its end.
    InactiveShare,
}

impl Definition {
    /// As it is written in the configuration and printed under a figure.
    pub fn name(self) -> &'static str {
        match self {
            Definition::Cohort => "cohort",
            Definition::Events => "events",
            Definition::EventsPlusNew => "events_plus_new",
            Definition::InactiveShare => "inactive_share",
        }
    }

    /// All of them, in the order they are documented.
    pub const ALL: [Definition; 4] =
        [Definition::Cohort, Definition::Events, Definition::EventsPlusNew, Definition::InactiveShare];
}

/// The churn that is usual for a kind of firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Up to 1 % a month, or 5 to 7 % a year.
    Established,
    /// 10 to 15 % a year.
    Growing,
    /// 5 to 15 % a year.
    General,
}

/// Where a rate lies against its band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Under the usual.
    Below,
    /// Usual.
    Within,
    /// Over the usual.
    Above,
}

impl Band {
    /// As written in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Band::Established => "established",
            Band::Growing => "growing",
            Band::General => "general",
        }
    }

    /// Lowest and highest usual churn rate of a period of which `per_year` make a year. Yearly bounds
    /// are turned into the period's by compounding: 1 − (1 − yearly)^(1/n).
    pub fn bounds(self, per_year: f64) -> (f64, f64) {
        let part = |yearly: f64| 1.0 - (1.0 - yearly).powf(1.0 / per_year);
        match self {
            // Published as "≤ 1 % a month or 5-7 % a year"; the looser one is the bound.
            Band::Established if per_year > 1.5 => (0.0, 1.0 - 0.99f64.powf(12.0 / per_year)),
            Band::Established => (part(0.05), part(0.07)),
            Band::Growing => (part(0.10), part(0.15)),
            Band::General => (part(0.05), part(0.15)),
        }
    }

    /// Where `rate` lies.
    pub fn place(self, rate: Ratio, per_year: f64) -> Place {
        let (low, high) = self.bounds(per_year);
        let rate = rate.approximate();
        // Rates are printed in tenths of a percent; a hair over a bound is on it.
        if rate < low - 5e-5 {
            Place::Below
        } else if rate > high + 5e-5 {
            Place::Above
        } else {
            Place::Within
        }
    }
}

/// Which period a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodChoice {
    /// How long.
    pub kind: PeriodKind,
    /// The one that is under way rather than the last complete one.
    pub current: bool,
}

impl PeriodChoice {
    /// The period meant on `today`.
    pub fn on(self, today: Day) -> Period {
        match (self.kind, self.current) {
            (kind, true) => Period::containing(kind, today),
            // A rolling span has no calendar to wait for: it ends with yesterday.
            (kind @ PeriodKind::Rolling(_), false) => Period::containing(kind, today.plus(-1)),
            (kind, false) => Period::last_complete(kind, today),
        }
    }
}

/// How figures are counted in this shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What makes a customer active.
    pub basis: Basis,
    /// How the churn rate is counted.
    pub definition: Definition,
    /// Within how many days of their first active day a departure is early.
    pub early_days: i32,
    /// Whether reactivated revenue is subtracted from net revenue churn like expansion.
    pub reactivation_in: bool,
    /// A rate on a smaller base is shown with its fraction.
    pub min_base: i128,
    /// The usual churn.
    pub band: Band,
    /// Costs as a share of revenue, for net figures, of rows that do not say what they cost.
    pub cost_rate: Option<Ratio>,
    /// Years that lifetime value is capped at when nobody left.
    pub ltv_cap_years: u16,
    /// Cost of acquiring one customer.
    pub cac_minor: Option<i64>,
    /// The days, up to the as-of day, whose purchases RFM counts.
    pub rfm_days: i32,
    /// How often customers are owed a contact.
    pub intervals: Intervals,
    /// What speaks for a customer being about to leave, and how much.
    pub risk: Weights,
    /// Months ahead that predictive value looks.
    pub horizon_months: u32,
    /// What money a year from now is worth less, in millionths.
    pub discount_ppm: u32,
    /// The one currency whose contracts and purchases are told, and nothing is converted into; `None` for all of them, in
    /// the store's own and by its rates.
    pub currency: Option<Currency>,
}

impl Settings {
    /// Tells the business in one currency alone, in a store whose own is `own`: costs of acquiring customers are in that.
    pub fn tell_alone(&mut self, currency: Currency, own: Currency) {
        self.currency = Some(currency);
        if currency != own {
            self.cac_minor = None;
        }
    }

    /// The yearly discount as a share.
    pub fn discount_rate(&self) -> f64 {
        f64::from(self.discount_ppm) / 1e6
    }

    /// The discount a month that makes it: (1 + yearly)^(1/12) − 1.
    pub fn monthly_discount(&self) -> f64 {
        (1.0 + self.discount_rate()).powf(1.0 / 12.0) - 1.0
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            basis: Basis::Contract,
            definition: Definition::Cohort,
            early_days: 90,
            reactivation_in: false,
            min_base: 30,
            band: Band::General,
            cost_rate: None,
            ltv_cap_years: 5,
            cac_minor: None,
            rfm_days: 365,
            intervals: Intervals::default(),
            risk: Weights::default(),
            horizon_months: 12,
            discount_ppm: 100_000,
            currency: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_follow_the_period() {
        let one_percent = Ratio::of(1, 100).unwrap();
        assert_eq!(Band::Established.place(one_percent, 12.0), Place::Within);
        assert_eq!(Band::Established.place(Ratio::of(11, 1000).unwrap(), 12.0), Place::Above);
        assert_eq!(Band::General.place(Ratio::of(4, 100).unwrap(), 1.0), Place::Below);
        assert_eq!(Band::General.place(Ratio::of(12, 100).unwrap(), 1.0), Place::Within);
        let (low, high) = Band::Growing.bounds(12.0);
        assert!((0.0087..0.0088).contains(&low) && (0.0134..0.0136).contains(&high));
    }
}

//! What customers will do next: models of buying and leaving, fitted to a shop's own history.
//!
//! Two stories, by how a customer can leave. Where nobody says goodbye (a shop), [`BgNbd`] tells from how
//! often and how lately somebody bought how many purchases are to come, and [`GammaGamma`] what each will
//! be worth; together they give the discounted value of a customer over the months ahead ([`Ahead`]).
//! Where leaving is seen (a contract), [`Geometric`] tells how retention changes with age.
//!
//! All are pure functions of slices: maximum likelihood by Newton's method on the logarithms of the
//! parameters ([`optimise`]), from a fixed start, over data that is sorted first; so equal customers give
//! equal bits, in whatever order they come. What cannot be modelled is refused with its figures
//! ([`Refusal`]), never guessed.

#![expect(clippy::many_single_char_names, reason = "the formulas keep the letters of their papers")]

pub mod bgnbd;
pub mod calibration;
pub mod gamma_gamma;
pub mod geometric;
mod hypergeometric;
mod optimise;
mod purchases;
mod special;
#[cfg(test)]
mod tests;
pub mod value;

pub use bgnbd::BgNbd;
pub use calibration::Calibration;
pub use gamma_gamma::GammaGamma;
pub use geometric::{Contract, Geometric};
pub use value::Ahead;

/// With fewer customers who came back, nothing is fitted.
pub const REPEAT_BUYERS_MIN: usize = 100;

/// With fewer contracts, nothing is fitted.
pub const CONTRACTS_MIN: usize = 100;

/// The spend model takes spend and frequency for independent; beyond this correlation they are not.
pub const CORRELATION_MAX: f64 = 0.3;

/// Days of a customer's history that are looked at: a hundred years. Longer ones are cut to it.
pub const AGE_DAYS_MAX: i32 = 36_525;

/// Days of a week: the models' unit of time, as in the papers.
const WEEK: f64 = 7.0;

/// One customer as the models of buying see them: purchases merged by day.
///
/// What does not fit together is cut to what does (see [`Buyer::tidied`]): a history lasts from 0 to
/// [`AGE_DAYS_MAX`] days, recency is no longer than age, and there is at most one repeat a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Buyer {
    /// Purchase days after the first: `x` of the papers.
    pub repeats: u32,
    /// Days from the first to the last purchase day: `t_x`, in days.
    pub recency_days: i32,
    /// Days from the first purchase day to the as-of day: `T`, in days.
    pub age_days: i32,
    /// What the repeat purchase days brought in all, minor units. Their average is this by `repeats`.
    pub spend_minor: i64,
}

impl Buyer {
    /// A customer's history up to and including the day `as_of`, from purchases in the order of their days:
    /// (day number, minor units). None where there is no purchase by then.
    pub fn of(purchases: &[(i32, i64)], as_of: i32) -> Option<Buyer> {
        let first = purchases.first().map(|(day, _)| *day).filter(|day| *day <= as_of)?;
        let mut buyer = Buyer { age_days: as_of.saturating_sub(first), ..Buyer::default() };
        for (day, minor) in purchases.iter().take_while(|(day, _)| *day <= as_of) {
            let since = day.saturating_sub(first).max(0);
            buyer.repeats += u32::from(since > buyer.recency_days);
            buyer.recency_days = buyer.recency_days.max(since);
            if since > 0 {
                buyer.spend_minor = buyer.spend_minor.saturating_add(*minor);
            }
        }
        Some(buyer)
    }

    /// The same with what cannot be cut to what can.
    #[must_use]
    pub fn tidied(self) -> Buyer {
        let age_days = self.age_days.clamp(0, AGE_DAYS_MAX);
        let recency_days = if self.repeats == 0 { 0 } else { self.recency_days.clamp(0, age_days) };
        let repeats = self.repeats.min(recency_days.unsigned_abs());
        Buyer { repeats, recency_days, age_days, spend_minor: self.spend_minor }
    }

    /// Average worth of a repeat purchase day, minor units; 0 without one.
    pub fn average_minor(self) -> f64 {
        if self.repeats == 0 { 0.0 } else { self.spend_minor as f64 / f64::from(self.repeats) }
    }
}

/// Why there is no model, with the figures.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The history is too thin.
    #[error(
        "{have} customers bought more than once, and the model needs {need}; it will run with more history"
    )]
    TooFewRepeatBuyers {
        /// Customers with a repeat.
        have: usize,
        /// [`REPEAT_BUYERS_MIN`].
        need: usize,
    },
    /// The contracts are too few.
    #[error("{have} contracts, and the model needs {need}; it will run with more of them")]
    TooFewContracts {
        /// Contracts given.
        have: usize,
        /// [`CONTRACTS_MIN`].
        need: usize,
    },
    /// Nothing differs, so nothing can be told from differences.
    #[error("{have} customers are all alike, so nothing follows from how they differ; check what is read")]
    AllAlike {
        /// Customers looked at.
        have: usize,
    },
    /// Those who buy more often spend more (or less) each time, which the spend model rules out.
    #[error(
        "spend and frequency are correlated by {correlation:.2}, beyond {limit}; use the plain average instead"
    )]
    SpendFollowsFrequency {
        /// Pearson's coefficient over repeat buyers.
        correlation: f64,
        /// [`CORRELATION_MAX`].
        limit: f64,
    },
    /// The spend model fits, but its mean is infinite.
    #[error(
        "spend is so uneven that its mean is not finite (q is {q:.3}, must exceed 1); use the plain average instead"
    )]
    NoMeanSpend {
        /// The fitted tail parameter.
        q: f64,
    },
    /// The likelihood has no maximum within reach.
    #[error("the model found no best fit in {evaluations} evaluations; use the plain figures instead")]
    NoConvergence {
        /// Evaluations of the likelihood.
        evaluations: u32,
    },
}

/// How well the customers are explained, and what it took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Σ ln likelihood over the customers.
    pub log_likelihood: f64,
    /// Customers it was fitted to.
    pub customers: usize,
    /// Evaluations of likelihood, gradient and curvature.
    pub evaluations: u32,
}

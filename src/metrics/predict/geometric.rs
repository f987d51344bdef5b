//! How long contracts last: the shifted-beta-geometric model of Fader and Hardie, "How to Project Customer
//! Retention", Journal of Interactive Marketing 21 (2007), and its residual lifetimes ("Customer-Base
//! Valuation in a Contractual Setting", Marketing Science 29 (2010)).
//!
//! At each renewal a customer leaves with a chance of their own; the chances differ between customers as
//! Beta(α, β). Retention of a cohort rises with age, not because anybody grows loyal but because the
//! others have left.
//!
//! With α 0.668 and β 3.806 (the paper's regular customers): 3.806 ÷ 4.474 = 85.1 % renew the first time, 4.806 ÷ 5.474 =
//! 87.8 % of these the second time, 74.7 % are there after both.

#[cfg(test)]
mod tests;

use super::hypergeometric::gauss;
use super::optimise::{self, Evaluation};
use super::{CONTRACTS_MIN, Fit, Refusal};

/// Renewals that are looked at one by one; a contract with more counts as one that is still running then.
const RENEWALS_MAX: u32 = 36_525;

/// One contract, of any cohort, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contract {
    /// How often it was renewed.
    pub renewals: u32,
    /// Whether it was then not renewed. One that still runs is censored: it counts for its renewals alone.
    pub left: bool,
}

/// The fitted model. Time is in renewal periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometric {
    /// With `beta`: α ÷ (α + β) is the share that leaves at the first renewal.
    pub alpha: f64,
    /// See `alpha`. Small values of both mean that customers are of two kinds.
    pub beta: f64,
    /// How well it fits.
    pub fit: Fit,
}

impl Geometric {
    /// The most likely parameters, over contracts of any ages.
    pub fn fit(contracts: &[Contract]) -> Result<Geometric, Refusal> {
        if contracts.len() < CONTRACTS_MIN {
            return Err(Refusal::TooFewContracts { have: contracts.len(), need: CONTRACTS_MIN });
        }
        let decisions = decisions(contracts);
        let is_open = |renewed: f64, left: f64| renewed > 0.0 && left > 0.0;
        let told = decisions.iter().filter(|(renewed, left)| is_open(*renewed, *left)).count();
        // One renewal gives one rate: any α and β of that ratio would do.
        if told == 0 || decisions.len() < 2 {
            return Err(Refusal::AllAlike { have: contracts.len() });
        }
        let summit = optimise::maximise([1.0, 1.0], |at| evaluate(&decisions, at))?;
        let [alpha, beta] = summit.at;
        let fit =
            Fit { log_likelihood: summit.value, customers: contracts.len(), evaluations: summit.evaluations };
        Ok(Geometric { alpha, beta, fit })
    }

    /// The share of those who came to renewal `age` (1 is the first) that renews:
    /// (β + t − 1) ÷ (α + β + t − 1).
    pub fn retention(&self, age: u32) -> f64 {
        let renewed = self.beta + f64::from(age.saturating_sub(1));
        renewed / (self.alpha + renewed)
    }

    /// The share of a cohort that is still there after so many renewals: the product of their rates.
    pub fn survival(&self, renewals: u32) -> f64 {
        let mut share = 1.0;
        for age in 1..=renewals {
            share *= self.retention(age);
            if share < f64::MIN_POSITIVE {
                break;
            }
        }
        share
    }

    /// Discounted expected residual lifetime: payments to come from a contract that was renewed so often,
    /// seen just before its next renewal, which is the first that may bring one. `rate` is the discount a
    /// period. None without a discount, for then the sum may have no end.
    ///
    /// r · 2F1(1, β + n + 1; α + β + n + 1; 1 ÷ (1 + rate)), with the retention r of renewal n + 1.
    pub fn residual_lifetime(&self, renewals: u32, rate: f64) -> Option<f64> {
        let renewed = self.beta + f64::from(renewals);
        let series = discounted(renewed + 1.0, self.alpha + renewed + 1.0, rate)?;
        Some(renewed / (self.alpha + renewed) * series)
    }

    /// Discounted expected lifetime of a new contract, its first payment (now) included:
    /// 2F1(1, β; α + β; 1 ÷ (1 + rate)).
    pub fn lifetime(&self, rate: f64) -> Option<f64> {
        discounted(self.beta, self.alpha + self.beta, rate)
    }

    /// Value of a new contract: its margin a period × its discounted lifetime.
    pub fn lifetime_value(&self, margin: f64, rate: f64) -> Option<f64> {
        self.lifetime(rate).map(|lifetime| margin * lifetime)
    }

    /// Payments expected over the next `periods` renewals of a contract that was renewed so often,
    /// each discounted as in [`Geometric::residual_lifetime`]; `rate` may be 0.
    pub fn payments(&self, renewals: u32, periods: u32, rate: f64) -> f64 {
        let (mut sum, mut worth) = (0.0, 1.0);
        for next in 1..=periods.min(RENEWALS_MAX) {
            worth *= self.retention(renewals.saturating_add(next));
            sum += worth;
            worth /= 1.0 + rate.max(0.0);
        }
        sum
    }
}

/// The largest and smallest discount that is looked at.
const RATES: std::ops::RangeInclusive<f64> = 1e-9..=1e9;

fn discounted(b: f64, c: f64, rate: f64) -> Option<f64> {
    RATES.contains(&rate).then(|| gauss(1.0, b, c, 1.0 / (1.0 + rate)).value()).filter(|sum| sum.is_finite())
}

/// By renewal, from the first: how many renewed, how many left.
fn decisions(contracts: &[Contract]) -> Vec<(f64, f64)> {
    let cut = |contract: &Contract| Contract {
        renewals: contract.renewals.min(RENEWALS_MAX),
        left: contract.left && contract.renewals < RENEWALS_MAX,
    };
    let ages = contracts.iter().map(cut).map(|c| c.renewals as usize + usize::from(c.left));
    let mut decisions = vec![(0.0, 0.0); ages.max().unwrap_or(0)];
    for contract in contracts.iter().map(cut) {
        let renewals = contract.renewals as usize;
        if contract.left {
            decisions[renewals].1 += 1.0;
        }
        if renewals > 0 {
            decisions[renewals - 1].0 += 1.0;
        }
    }
    // Renewed at k is also renewed at all before.
    for k in (1..decisions.len()).rev() {
        decisions[k - 1].0 += decisions[k].0;
    }
    decisions
}

/// Σ over renewals of renewed · ln(retention) + left · ln(1 − retention), and its derivatives.
fn evaluate(decisions: &[(f64, f64)], at: &[f64; 2]) -> Evaluation<2> {
    let [alpha, beta] = *at;
    let (mut value, mut g, mut h) = (0.0, [0.0; 2], [[0.0; 2]; 2]);
    for (k, (renewed, left)) in decisions.iter().enumerate() {
        let (beta, all) = (beta + k as f64, alpha + beta + k as f64);
        let both = renewed + left;
        value += renewed * (beta / all).ln() + left * (alpha / all).ln();
        g[0] += left / alpha - both / all;
        g[1] += renewed / beta - both / all;
        let square = both / (all * all);
        h[0][0] += square - left / (alpha * alpha);
        h[0][1] += square;
        h[1][1] += square - renewed / (beta * beta);
    }
    Evaluation::in_logarithms(value, g, h, at)
}

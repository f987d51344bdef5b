//! What a purchase of a customer will be worth: the Gamma-Gamma model of Fader and Hardie, "The
//! Gamma-Gamma Model of Monetary Value" (2013).
//!
//! A customer's purchases vary around their own mean, and the means vary between customers; both as Gamma
//! distributions. Who bought often is taken at their own average, who bought once or twice is drawn to
//! everybody's. The model takes spend to be independent of frequency, and is refused where it is not.
//!
//! On the 946 customers of CDNOW who repeated: p 6.25, q 3.744, v 15.44 in dollars. Everybody's mean is p·v ÷ (q − 1) =
//! 35.17; of one who spent 50 on each of two repeats the next is expected to bring p(v + 100) ÷ (2p + q − 1) = 47.3.

use super::optimise::{self, Evaluation};
use super::special::gamma_logs;
use super::{Buyer, CORRELATION_MAX, Fit, REPEAT_BUYERS_MIN, Refusal};

/// The fitted model. Spend is in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    /// Shape of one customer's purchases: large is even.
    pub p: f64,
    /// Shape of the customers' scales: large is alike.
    pub q: f64,
    /// Their scale in minor units (also called γ): p·v ÷ (q − 1) is everybody's mean.
    pub v_minor: f64,
    /// Correlation of average spend and frequency over the customers of the fit.
    pub correlation: f64,
    /// How well it fits: the likelihood is of spend in minor units.
    pub fit: Fit,
}

impl GammaGamma {
    /// The most likely parameters, over customers with a repeat and positive spend.
    pub fn fit(buyers: &[Buyer]) -> Result<GammaGamma, Refusal> {
        let spends = Spends::of(buyers)?;
        let correlation = spends.correlation();
        if correlation.abs() > CORRELATION_MAX {
            return Err(Refusal::SpendFollowsFrequency { correlation, limit: CORRELATION_MAX });
        }
        let summit = optimise::maximise([2.0, 3.0, 1.0], |at| evaluate(&spends, at))?;
        let [p, q, v] = summit.at;
        if q <= 1.0 {
            return Err(Refusal::NoMeanSpend { q });
        }
        // Densities of spend in units of the mean become densities of spend in minor units.
        let log_likelihood = summit.value - spends.customers as f64 * spends.mean.ln();
        let fit = Fit { log_likelihood, customers: spends.customers, evaluations: summit.evaluations };
        Ok(GammaGamma { p, q, v_minor: v * spends.mean, correlation, fit })
    }

    /// What the next purchase of a customer is expected to bring, minor units (the note's equation 5):
    /// p(v + spend so far) ÷ (p·x + q − 1). Of a customer without repeats (or whose repeats brought
    /// nothing): everybody's mean.
    pub fn expected_spend(&self, buyer: Buyer) -> f64 {
        let (x, spend) = if buyer.spend_minor > 0 {
            (f64::from(buyer.repeats), buyer.spend_minor as f64)
        } else {
            (0.0, 0.0)
        };
        self.p * (self.v_minor + if x > 0.0 { spend } else { 0.0 }) / (self.p * x + self.q - 1.0)
    }
}

/// Customers of the fit, sorted by repeats and spend.
struct Spends {
    customers: usize,
    /// Mean of the customers' averages, minor units: the unit of the fit.
    mean: f64,
    /// Repeats, customers, Σ ln of total spend, Σ ln of average spend; both in units of the mean.
    counts: Vec<(f64, usize, f64, f64)>,
    /// Total spend of each in units of the mean, in the order of `counts`.
    totals: Vec<f64>,
}

impl Spends {
    fn of(buyers: &[Buyer]) -> Result<Spends, Refusal> {
        let mut pairs: Vec<(u32, i64)> = buyers
            .iter()
            .filter(|buyer| buyer.repeats > 0 && buyer.spend_minor > 0)
            .map(|buyer| (buyer.repeats, buyer.spend_minor))
            .collect();
        if pairs.len() < REPEAT_BUYERS_MIN {
            return Err(Refusal::TooFewRepeatBuyers { have: pairs.len(), need: REPEAT_BUYERS_MIN });
        }
        pairs.sort_unstable();
        let average = |(repeats, spend): &(u32, i64)| *spend as f64 / f64::from(*repeats);
        let first = average(&pairs[0]);
        if pairs.iter().all(|pair| (average(pair) - first).abs() <= 1e-9 * first) {
            return Err(Refusal::AllAlike { have: pairs.len() });
        }
        let mean = pairs.iter().map(average).sum::<f64>() / pairs.len() as f64;
        let totals: Vec<f64> = pairs.iter().map(|(_, spend)| *spend as f64 / mean).collect();
        let mut counts = Vec::new();
        let mut at = 0;
        for same in pairs.chunk_by(|one, other| one.0 == other.0) {
            let repeats = f64::from(same[0].0);
            let logs: f64 = totals[at..at + same.len()].iter().map(|total| total.ln()).sum();
            counts.push((repeats, same.len(), logs, logs - same.len() as f64 * repeats.ln()));
            at += same.len();
        }
        Ok(Spends { customers: pairs.len(), mean, counts, totals })
    }

    /// Pearson's coefficient of repeats and average spend; 0 where either does not vary.
    fn correlation(&self) -> f64 {
        let customers = self.customers as f64;
        let mean = self.counts.iter().map(|(x, same, ..)| x * *same as f64).sum::<f64>() / customers;
        let (mut both, mut repeats, mut spend, mut at) = (0.0, 0.0, 0.0, 0);
        for (x, same, ..) in &self.counts {
            for total in &self.totals[at..at + same] {
                let off = total / x - 1.0;
                both += off * (x - mean);
                spend += off * off;
            }
            repeats += (x - mean) * (x - mean) * *same as f64;
            at += same;
        }
        let scale = (repeats * spend).sqrt();
        if scale > 0.0 { both / scale } else { 0.0 }
    }
}

/// The log-likelihood (the note's equation 1a, of averages) and its derivatives.
fn evaluate(spends: &Spends, at: &[f64; 3]) -> Evaluation<3> {
    let [p, q, v] = *at;
    let customers = spends.customers as f64;
    let [ln_gamma, digamma, trigamma] = gamma_logs(q);
    let mut value = customers * (q * v.ln() - ln_gamma);
    let mut g = [0.0, customers * (v.ln() - digamma), customers * q / v];
    let mut h = [[0.0; 3]; 3];
    h[1][1] = -customers * trigamma;
    h[1][2] = customers / v;
    h[2][2] = -customers * q / (v * v);
    let mut start = 0;
    for (x, same, ln_totals, ln_averages) in &spends.counts {
        let (mut logs, mut inverses, mut squares) = (0.0, 0.0, 0.0);
        for total in &spends.totals[start..start + same] {
            let inverse = 1.0 / (v + total);
            logs += (v + total).ln();
            inverses += inverse;
            squares += inverse * inverse;
        }
        start += same;
        let customers = *same as f64;
        let whole = gamma_logs(p * x + q);
        let own = gamma_logs(p * x);
        value += customers * (whole[0] - own[0]) + p * x * ln_totals - ln_averages - (p * x + q) * logs;
        g[0] += x * (customers * (whole[1] - own[1]) + ln_totals - logs);
        g[1] += customers * whole[1] - logs;
        g[2] -= (p * x + q) * inverses;
        h[0][0] += x * x * customers * (whole[2] - own[2]);
        h[0][1] += x * customers * whole[2];
        h[1][1] += customers * whole[2];
        h[0][2] -= x * inverses;
        h[1][2] -= inverses;
        h[2][2] += (p * x + q) * squares;
    }
    Evaluation::in_logarithms(value, g, h, at)
}

//! How many purchases are still to come from a customer who never says goodbye: the BG/NBD model of
//! Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005).
//!
//! A customer buys at random at a rate λ until, after some purchase, they silently leave, each time with
//! probability p. Rates differ between customers as Gamma(r, α), p as Beta(a, b). Since all histories of
//! equal repeats, recency and age are equally likely, those three numbers of each customer are enough.
//!
//! On the 2,357 customers of CDNOW, up to 30 September 1997, in weeks: r 0.2426, α 4.4135, a 0.7929, b 2.4258 at a
//! log-likelihood of −9582.43. One who repeated twice, the last time in week 30.43 of 38.86, is expected to buy 1.226
//! times in the next 39 weeks.

#[cfg(test)]
mod tests;

use super::hypergeometric::gauss;
use super::optimise::{self, Evaluation};
use super::purchases::{Purchases, Run};
use super::{Buyer, Fit, Refusal, WEEK};

/// The fitted model. Time is in weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// Shape of the purchase rates: small is uneven.
    pub r: f64,
    /// Their scale, in weeks: r ÷ α is the mean rate.
    pub alpha: f64,
    /// With `b`: a ÷ (a + b) is the mean chance of leaving after a purchase.
    pub a: f64,
    /// See `a`.
    pub b: f64,
    /// How well it fits.
    pub fit: Fit,
}

impl BgNbd {
    /// The most likely parameters.
    pub fn fit(buyers: &[Buyer]) -> Result<BgNbd, Refusal> {
        BgNbd::fit_each(buyers.iter().copied())
    }

    /// The same without a list of them; they are asked for twice.
    pub fn fit_each(buyers: impl Iterator<Item = Buyer> + Clone) -> Result<BgNbd, Refusal> {
        let purchases = Purchases::of(buyers)?;
        let start = [1.0, 1.0 / purchases.weekly_rate, 1.0, 3.0];
        let mut days = Vec::new();
        let summit = optimise::maximise(start, |at| evaluate(&purchases, at, &mut days))?;
        let [r, alpha, a, b] = summit.at;
        let fit = Fit {
            log_likelihood: summit.value,
            customers: purchases.customers,
            evaluations: summit.evaluations,
        };
        Ok(BgNbd { r, alpha, a, b, fit })
    }

    /// The chance that a customer has not left, 0 to 1. Who bought once cannot have left yet: the story
    /// has people leave after a repeat.
    pub fn p_alive(&self, buyer: Buyer) -> f64 {
        let buyer = buyer.tidied();
        if buyer.repeats == 0 {
            return 1.0;
        }
        let x = f64::from(buyer.repeats);
        let (age, recency) = (f64::from(buyer.age_days) / WEEK, f64::from(buyer.recency_days) / WEEK);
        // Odds of having left: a ÷ (b + x − 1) · ((α + T) ÷ (α + t_x))^(r + x).
        let silence = ((age - recency) / (self.alpha + recency)).ln_1p();
        1.0 / (1.0 + self.a / (self.b + x - 1.0) * ((self.r + x) * silence).exp())
    }

    /// Purchases expected of a customer in the `weeks` after the as-of day (the paper's equation 10).
    pub fn expected_purchases(&self, weeks: f64, buyer: Buyer) -> f64 {
        self.p_alive(buyer) * self.if_alive(weeks, buyer)
    }

    /// Repeat purchases expected of anybody within `weeks` of their first (equation 9).
    pub fn expected_total(&self, weeks: f64) -> f64 {
        self.growth(0.0, self.alpha, weeks)
    }

    /// What is expected of a customer who has not left: a matter of repeats and age alone.
    pub fn if_alive(&self, weeks: f64, buyer: Buyer) -> f64 {
        let buyer = buyer.tidied();
        self.growth(f64::from(buyer.repeats), self.alpha + f64::from(buyer.age_days) / WEEK, weeks)
    }

    /// c ÷ (a − 1) · [1 − (τ ÷ (τ + t))^(r + x) · 2F1(r + x, b + x; c; t ÷ (τ + t))] of c = a + b + x − 1
    /// and τ = α + T, in whichever of two forms keeps the digits.
    fn growth(&self, x: f64, tau: f64, weeks: f64) -> f64 {
        let grown = if self.is_mild(x) {
            self.by_euler(x, tau, weeks)
        } else if (self.a - 1.0).abs() < NEAR_ONE {
            // Both numerator and denominator vanish at a = 1: the mean of two neighbours instead.
            let beside = |a: f64| BgNbd { a, ..*self }.directly(x, tau, weeks);
            f64::midpoint(beside(1.0 - NEAR_ONE), beside(1.0 + NEAR_ONE))
        } else {
            self.directly(x, tau, weeks)
        };
        // Nobody is expected to buy less than nothing, nor (alive for ever) more than at their rate.
        let most = (self.r + x) / tau * weeks.max(0.0);
        if grown.is_nan() { most } else { grown.clamp(0.0, most) }
    }

    /// Whether the terms of the transformed series neither alternate widely nor grow.
    fn is_mild(&self, x: f64) -> bool {
        self.a + self.b - 1.0 - self.r > -4.0 && self.a <= 2.0_f64.max(self.r + x + 1.0)
    }

    /// As written.
    fn directly(&self, x: f64, tau: f64, weeks: f64) -> f64 {
        let c = self.a + self.b + x - 1.0;
        let z = weeks / (tau + weeks);
        // 2F1 = 1 + first · second ÷ c · ∫2F1 of each parameter raised by one: good for c near 0, too.
        let (first, second) = (self.r + x, self.b + x);
        let ln_fall = -first * (weeks / tau).ln_1p();
        let raised = gauss(first + 1.0, second + 1.0, c + 1.0, z).integral(ln_fall);
        (-c * ln_fall.exp_m1() - first * second * raised) / (self.a - 1.0)
    }

    /// By Euler's transformation, 2F1 = (1 − z)^(a − 1 − r − x) · 2F1(A, a − 1; c; z) of A = a + b − 1 − r:
    /// parameters that do not grow with x, and a − 1 divided out, so that a = 1 is no exception.
    fn by_euler(&self, x: f64, tau: f64, weeks: f64) -> f64 {
        let c = self.a + self.b + x - 1.0;
        let z = weeks / (tau + weeks);
        let ln_rest = -(weeks / tau).ln_1p();
        let epsilon = self.a - 1.0;
        let power = if epsilon == 0.0 { ln_rest } else { (epsilon * ln_rest).exp_m1() / epsilon };
        let first = self.a + self.b - 1.0 - self.r;
        let series = first * gauss(first + 1.0, self.a, c + 1.0, z).integral(epsilon * ln_rest);
        -c * power - series
    }
}

/// How near a may come to 1 before the direct form loses more digits than the mean of two neighbours.
const NEAR_ONE: f64 = 1e-3;

/// The log-likelihood and its derivatives (the paper's equation 7, in the form that does not overflow).
///
/// ln Γ(r + x) − ln Γ(r) is Σ ln(r + k) of k < x, and likewise for b and a + b, so that no Γ is needed and
/// the sums are over how many customers have more than k repeats. The ages are a sum by day. What remains
/// is, for each history with a repeat, ln(1 + eᵘ) of `u = ln a − ln(b + x − 1) + (r + x) ln((α + T) ÷ (α + t_x))`.
fn evaluate(purchases: &Purchases, at: &[f64; 4], days: &mut Vec<(f64, f64)>) -> Evaluation<4> {
    let [r, alpha, a, b] = *at;
    days.clear();
    days.extend((0..purchases.by_age.len()).map(|day| {
        let weeks = alpha + day as f64 / WEEK;
        (weeks.ln(), 1.0 / weeks)
    }));
    let customers = purchases.customers as f64;
    let mut value = customers * r * alpha.ln();
    let mut g = [customers * alpha.ln(), customers * r / alpha, 0.0, 0.0];
    let mut h = [[0.0; 4]; 4];
    h[0][1] = customers / alpha;
    h[1][1] = -customers * r / (alpha * alpha);
    for (k, more) in purchases.beyond.iter().enumerate() {
        let (r, b, ab) = (r + k as f64, b + k as f64, a + b + k as f64);
        value += more * (r * b / ab).ln();
        g[0] += more / r;
        g[2] -= more / ab;
        g[3] += more / b - more / ab;
        h[0][0] -= more / (r * r);
        h[2][2] += more / (ab * ab);
        h[2][3] += more / (ab * ab);
        h[3][3] += more / (ab * ab) - more / (b * b);
    }
    for ((customers, repeats), (ln, inverse)) in purchases.by_age.iter().zip(days.iter()) {
        let exponent = r * customers + repeats;
        value -= exponent * ln;
        g[0] -= customers * ln;
        g[1] -= exponent * inverse;
        h[0][1] -= customers * inverse;
        h[1][1] += exponent * inverse * inverse;
    }
    for run in &purchases.runs {
        let x = f64::from(run.repeats);
        let base = (a / (b + x - 1.0)).ln();
        let sums = silences(purchases, run, base, r + x, days);
        value += sums.softplus;
        sums.add_to(&mut g, &mut h, r + x, [1.0 / a, -1.0 / (b + x - 1.0)]);
    }
    Evaluation::in_logarithms(value, g, h, at)
}

/// Sums over histories of equal repeats, of s = the chance of having left and v = s(1 − s), by
/// `D = ln((α + T) ÷ (α + t_x))` and E = its derivative in α.
#[derive(Debug, Clone, Copy, Default)]
struct Silences {
    softplus: f64,
    s: f64,
    s_d: f64,
    s_e: f64,
    /// s times the second derivative of D in α.
    s_f: f64,
    v: f64,
    v_d: f64,
    v_e: f64,
    v_dd: f64,
    v_de: f64,
    v_ee: f64,
}

/// Histories are summed so many at a time, and then the sums: rounding grows with the parts, not the whole.
const CHUNK: usize = 512;

fn silences(purchases: &Purchases, run: &Run, base: f64, exponent: f64, days: &[(f64, f64)]) -> Silences {
    let mut all = Silences::default();
    for chunk in purchases.histories[run.range.clone()].chunks(CHUNK) {
        let mut part = Silences::default();
        for history in chunk {
            let ((ln, inverse), (ln_then, inverse_then)) =
                (days[usize::from(history.age_days)], days[usize::from(history.recency_days)]);
            let weight = f64::from(history.weight);
            let (d, e) = (ln - ln_then, inverse - inverse_then);
            let u = base + exponent * d;
            // Of the smaller of eᵘ and e⁻ᵘ, so that nothing overflows.
            let small = (-u.abs()).exp();
            let inside = 1.0 / (1.0 + small);
            let s = weight * if u < 0.0 { small * inside } else { inside };
            let v = weight * small * inside * inside;
            part.softplus += weight * (u.max(0.0) + small.ln_1p());
            part.s += s;
            part.s_d += s * d;
            part.s_e += s * e;
            part.s_f -= s * e * (inverse + inverse_then);
            part.v += v;
            part.v_d += v * d;
            part.v_e += v * e;
            part.v_dd += v * d * d;
            part.v_de += v * d * e;
            part.v_ee += v * e * e;
        }
        all.add(&part);
    }
    all
}

impl Silences {
    fn add(&mut self, other: &Silences) {
        self.softplus += other.softplus;
        self.s += other.s;
        self.s_d += other.s_d;
        self.s_e += other.s_e;
        self.s_f += other.s_f;
        self.v += other.v;
        self.v_d += other.v_d;
        self.v_e += other.v_e;
        self.v_dd += other.v_dd;
        self.v_de += other.v_de;
        self.v_ee += other.v_ee;
    }

    /// Adds to gradient and the upper half of the curvature. `inner` is the derivative of u in a and in b;
    /// in r it is D, in α exponent · E.
    fn add_to(&self, g: &mut [f64; 4], h: &mut [[f64; 4]; 4], exponent: f64, inner: [f64; 2]) {
        let [in_a, in_b] = inner;
        g[0] += self.s_d;
        g[1] += exponent * self.s_e;
        g[2] += self.s * in_a;
        g[3] += self.s * in_b;
        h[0][0] += self.v_dd;
        h[0][1] += exponent * self.v_de + self.s_e;
        h[0][2] += self.v_d * in_a;
        h[0][3] += self.v_d * in_b;
        h[1][1] += exponent * exponent * self.v_ee + exponent * self.s_f;
        h[1][2] += exponent * self.v_e * in_a;
        h[1][3] += exponent * self.v_e * in_b;
        h[2][2] += (self.v - self.s) * in_a * in_a;
        h[2][3] += self.v * in_a * in_b;
        h[3][3] += (self.v + self.s) * in_b * in_b;
    }
}

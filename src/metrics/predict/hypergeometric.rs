//! Gauss's hypergeometric function 2F1(a, b; c; z) on 0 ≤ z < 1, for c > 0, with its integral from 0.
//!
//! The defining series, where it comes to an end soon: up to `z` = 0.9 always, beyond for large c. Where it
//! crawls, the function is carried on from 0.9 by its differential equation, z(1 − z)w″ + (c − (a + b + 1)z)w′
//! − abw = 0: a Taylor series at one point after the other, 0.6 of the way to the singularity at 1 at a time.

/// Up to here the series at 0 is used.
const SERIES_TO: f64 = 0.9;

/// The share of what is left to 1 that one Taylor series covers.
const STRIDE: f64 = 0.6;

/// A series that needs more terms is given up: it is of parameters far beyond what data give.
const TERMS_MAX: u32 = 1_000_000;

/// Carrying on multiplies rounding by up to e to a fifteenth of the largest parameter: beyond this one,
/// rather the series, however it crawls.
const CARRIED_TO: f64 = 60.0;

/// Beyond 0.9, a series that has not ended by then crawls.
const TERMS_SOON: u32 = 600;

/// Above this a series is scaled down.
const LARGE: f64 = 1e150;

/// The function, its slope and its integral from 0, each less a factor of e to the `shift`: they may be
/// larger than a number can be, and still the answer to a question about their ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gauss {
    value: f64,
    slope: f64,
    integral: f64,
    shift: f64,
}

impl Gauss {
    /// 2F1 at `z`.
    pub(super) fn value(self) -> f64 {
        self.value * self.shift.exp()
    }

    /// ∫ 2F1 from 0 to `z`, times e to the `factor`.
    pub(super) fn integral(self, factor: f64) -> f64 {
        self.integral * (self.shift + factor).exp()
    }

    fn scaled(mut self) -> Gauss {
        if self.value.abs() > LARGE {
            self.value /= LARGE;
            self.slope /= LARGE;
            self.integral /= LARGE;
            self.shift += LARGE.ln();
        }
        self
    }
}

/// 2F1(a, b; c; z) with its integral; no number where no series comes to an end.
pub(super) fn gauss(a: f64, b: f64, c: f64, z: f64) -> Gauss {
    let is_carried = z > SERIES_TO && a.abs().max(b.abs()).max(c) <= CARRIED_TO;
    let soon = if is_carried { TERMS_SOON } else { TERMS_MAX };
    if let Some(found) = at_zero(a, b, c, z, soon) {
        return found;
    }
    let none = Gauss { value: f64::NAN, slope: f64::NAN, integral: f64::NAN, shift: 0.0 };
    let mut at = SERIES_TO;
    let Some(mut found) = at_zero(a, b, c, at, TERMS_MAX).filter(|_| is_carried) else { return none };
    // `left` is 1 − at, kept apart so that it stays exact near 1.
    let mut left = 1.0 - at;
    let target = 1.0 - z;
    while left > target {
        let h = (STRIDE * left).min(left - target);
        found = carried(a, b, c, (at, left), h, found).scaled();
        left -= h;
        at = 1.0 - left;
        if !found.value.is_finite() {
            return none;
        }
    }
    found
}

/// The series at 0; none if it takes more terms.
fn at_zero(a: f64, b: f64, c: f64, z: f64, terms: u32) -> Option<Gauss> {
    let mut term = 1.0;
    let mut sum = Gauss { value: 1.0, slope: 0.0, integral: 1.0, shift: 0.0 };
    for n in 0..terms {
        let n = f64::from(n);
        let ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0));
        // The slope's term first: it has one power of z less.
        sum.slope += term * ratio * (n + 1.0);
        term *= ratio * z;
        sum.value += term;
        sum.integral += term / (n + 2.0);
        // What is left is about a geometric series.
        let fall = 1.0 - (ratio * z).abs();
        if term == 0.0 || fall > 0.0 && term.abs() <= 1e-17 * fall * sum.value.abs() {
            sum.integral *= z;
            return sum.value.is_finite().then_some(sum);
        }
        if sum.value.abs() > LARGE {
            sum = sum.scaled();
            term /= LARGE;
        }
    }
    None
}

/// The same carried from `at` (with `left` = 1 − at) by `h`.
fn carried(a: f64, b: f64, c: f64, (at, left): (f64, f64), h: f64, from: Gauss) -> Gauss {
    // Terms w_k h^k, so that no power of h is formed.
    let (mut low, mut high) = (from.value, from.slope * h);
    let mut sum = Gauss { value: low + high, slope: high, integral: low + high / 2.0, shift: from.shift };
    let (square, cross) = (h * h / (at * left), h / (at * left));
    let drift = c - (a + b + 1.0) * at;
    for k in 0..TERMS_MAX {
        let k = f64::from(k);
        let next = ((k + a) * (k + b) * low * square - (k + 1.0) * ((left - at) * k + drift) * high * cross)
            / ((k + 1.0) * (k + 2.0));
        (low, high) = (high, next);
        sum.value += next;
        sum.slope += (k + 2.0) * next;
        sum.integral += next / (k + 3.0);
        if (k + 2.0) * (low.abs() + high.abs()) <= 1e-17 * sum.value.abs() {
            break;
        }
    }
    Gauss { slope: sum.slope / h, integral: from.integral + sum.integral * h, ..sum }
}

#[cfg(test)]
#[expect(
    clippy::unreadable_literal,
    clippy::excessive_precision,
    reason = "digits as the reference prints them"
)]
mod tests {
    use super::*;

    /// (a, b, c, z), 2F1 and ∫2F1 = z · 3F2(a, b, 1; c, 2; z), to 17 digits by mpmath 1.4.
    const REFERENCE: &[([f64; 4], f64, f64)] = &[
        ([0.2426, 2.4258, 2.2187, 0.5], 1.206739061156701, 0.54377450312112415),
        ([1.9761, 0.7929, 3.2187, 0.1], 1.0519944595245611, 0.10254241027126113),
        ([1.9761, 0.7929, 3.2187, 0.47], 1.3325023356588202, 0.53820084588545065),
        ([1.9761, 0.7929, 3.2187, 0.92], 2.4356897920618239, 1.3114228737107196),
        ([1.9761, 0.7929, 5.2187, 0.99], 1.6040317486304209, 1.2115329665233119),
        ([1.0, 1.182, 1.886, 1.0 / 1.1], 3.6951474055745736, 1.5056634644369732),
        ([1.0, 1.182, 1.886, 0.99], 9.3829995705359948, 1.9314350558331855),
        ([1.0, 2.0, 4.0, 0.999999], 2.9999261067029706, 1.4999970000384465),
        ([-4.5, 0.8, 2.2, 0.95], 0.31584121778062193, 0.52519347304387857),
        ([30.5, 12.0, 13.5, 0.6], 142007304477.09809, 2064965358.7021467),
        ([2.0, 0.5, 30.0, 0.999], 1.0360055645216725, 1.0165078345388881),
        ([3.5, 1.5, 4.0, 0.9999], 20351.668460250867, 16.581204778234202),
        ([200.0, 300.0, 520.0, 0.3], 1.1037247209963314e17, 743280448505740.9),
    ];

    #[test]
    fn the_function_and_its_integral_are_exact_to_twelve_digits() {
        for ([a, b, c, z], value, integral) in REFERENCE {
            let found = gauss(*a, *b, *c, *z);
            // Next to the singularity the rounding of z itself shows: 1e-16 ÷ (1 − z) each.
            let allowed = 1e-12 + 4e-16 / (1.0 - z) * if *value > 10.0 { 4.0 } else { 0.1 };
            assert!((found.value() / value - 1.0).abs() < allowed, "{a} {b} {c} {z}: {found:?}, not {value}");
            assert!((found.integral(0.0) / integral - 1.0).abs() < allowed, "{a} {b} {c} {z}: {found:?}");
        }
    }

    #[test]
    fn the_function_meets_its_closed_forms() {
        for z in [0.0_f64, 1e-9, 0.3, 0.9, 0.91, 0.999, 1.0 - 1e-9] {
            // 2F1(1, 1; 2; z) = −ln(1 − z) ÷ z and ∫ 2F1(1, 2; 2; z) = −ln(1 − z).
            let log = -(-z).ln_1p();
            assert!((gauss(1.0, 1.0, 2.0, z).value() * z - log).abs() <= 1e-12 * log, "{z}");
            assert!((gauss(1.0, 2.0, 2.0, z).integral(0.0) - log).abs() <= 1e-12 * log, "{z}");
        }
    }
}

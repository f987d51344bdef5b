//! Rates as exact fractions. A rate becomes a decimal only where it is printed or drawn.

use std::cmp::Ordering;

/// A fraction of two whole numbers with a positive denominator.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// `numerator / denominator`; `None` when there is nothing to divide by.
    pub fn of(numerator: i128, denominator: i128) -> Option<Ratio> {
        match denominator.cmp(&0) {
            Ordering::Greater => Some(Ratio { numerator, denominator }),
            Ordering::Equal => None,
            Ordering::Less => Some(Ratio { numerator: -numerator, denominator: -denominator }),
        }
    }

    /// A whole number as a fraction.
    pub const fn whole(number: i128) -> Ratio {
        Ratio { numerator: number, denominator: 1 }
    }

    /// The number above the line: "2" in "2 of 30".
    pub fn numerator(&self) -> i128 {
        self.numerator
    }

    /// The base: "30" in "2 of 30".
    pub fn denominator(&self) -> i128 {
        self.denominator
    }

    /// One minus this.
    #[must_use]
    pub fn complement(&self) -> Ratio {
        Ratio { numerator: self.denominator - self.numerator, denominator: self.denominator }
    }

    /// The same in lowest terms.
    #[must_use]
    pub fn reduced(&self) -> Ratio {
        let by = gcd(self.numerator, self.denominator);
        Ratio { numerator: self.numerator / by, denominator: self.denominator / by }
    }

    /// The product, in lowest terms so that chains of factors stay small.
    #[must_use]
    pub fn times(&self, other: Ratio) -> Ratio {
        let (a, b) = (gcd(self.numerator, other.denominator), gcd(other.numerator, self.denominator));
        Ratio {
            numerator: (self.numerator / a).saturating_mul(other.numerator / b),
            denominator: (self.denominator / b).saturating_mul(other.denominator / a),
        }
    }

    /// The whole number nearest to it, halves away from zero.
    pub fn rounded(&self) -> i128 {
        divide(self.numerator, self.denominator)
    }

    /// `self × 10^digits`, rounded half away from zero: 4.25 % in tenths of a percent is `scaled(3)` = 43.
    pub fn scaled(&self, digits: u32) -> i128 {
        divide(self.numerator.saturating_mul(10i128.pow(digits)), self.denominator)
    }

    /// For drawing and for compound rates only; never for money.
    pub fn approximate(&self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Ratio) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        let left = self.numerator.saturating_mul(other.denominator);
        left.cmp(&other.numerator.saturating_mul(self.denominator))
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// `a / b` rounded half away from zero; `b` must not be 0.
pub fn divide(a: i128, b: i128) -> i128 {
    let (quotient, remainder) = (a / b, a % b);
    if remainder.abs() * 2 >= b.abs() { quotient + a.signum() * b.signum() } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_divide_by_is_none_not_zero() {
        assert!(Ratio::of(3, 0).is_none());
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (a, b, rounded) in
            [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (15, 10, 2), (-14, 10, -1), (5, -10, -1)]
        {
            assert_eq!(divide(a, b), rounded, "{a}/{b}");
        }
        assert_eq!(Ratio::of(50, 200).unwrap().scaled(3), 250);
    }

    #[test]
    fn fractions_compare_exactly() {
        assert_eq!(Ratio::of(1, 3), Ratio::of(2, 6));
        assert!(Ratio::of(1, 3).unwrap() < Ratio::of(334, 1000).unwrap());
    }
}

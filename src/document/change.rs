//! What a figure did against what it was: rates in points, everything else as a share of what it was. From zero there is
//! no share, and none is said.

use super::{Say, Value};
use crate::domain::Ratio;

/// The change of a figure; empty where one of the two is not known.
pub fn change(now: &Value, was: &Value) -> Value {
    if let (Some(now), Some(was)) = (tenths(now), tenths(was)) {
        return signed(["change.points.up", "change.points.down"], now - was, |n| {
            Value::Number(n as f64 / 10.0, 1)
        });
    }
    if let (Value::Signed(now), Value::Signed(was)) = (now, was) {
        return signed(["change.points.up", "change.points.down"], now - was, Value::Count);
    }
    if let (Some(new), Some(old)) = (decimal(now), decimal(was)) {
        let share = ((new - old) / old.abs() * 1000.0).round();
        return if share.is_finite() { shared(share as i128) } else { Value::Empty };
    }
    let (Some(new), Some(old)) = (amount(now), amount(was)) else { return Value::Empty };
    match Ratio::of(new - old, old.abs()) {
        None if new == 0 => Say::new("change.none").into(),
        None => Say::new("change.from_zero").with("was", was.clone()).into(),
        Some(share) => shared(share.scaled(3)),
    }
}

/// A share in thousandths.
fn shared(thousandths: i128) -> Value {
    signed(["change.share.up", "change.share.down"], thousandths, |n| {
        Ratio::of(n, 1000).map_or(Value::Empty, Value::Rate)
    })
}

/// In words for more and for less.
fn signed([up, down]: [&'static str; 2], n: i128, value: impl Fn(i128) -> Value) -> Value {
    match n.signum() {
        0 => Say::new("change.none").into(),
        1 => Say::new(up).with("n", value(n)).into(),
        _ => Say::new(down).with("n", value(-n)).into(),
    }
}

/// A rate in tenths of a point, as it is printed.
fn tenths(value: &Value) -> Option<i128> {
    match value {
        Value::Rate(ratio) | Value::SmallRate(ratio) => Some(ratio.scaled(3)),
        Value::Percent(share) if share.is_finite() => Some((share * 1000.0).round() as i128),
        _ => None,
    }
}

/// What is printed as a decimal.
fn decimal(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n, _) => Some(*n),
        _ => None,
    }
}

fn amount(value: &Value) -> Option<i128> {
    match value {
        Value::Count(n) | Value::Lasting(n) => Some(*n),
        Value::Money(money) => Some(money.minor),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Locale;

    #[test]
    fn rates_change_by_points_amounts_by_shares_and_nothing_from_zero() {
        let locale = Locale::load("en").unwrap();
        let rate = |n| Value::Rate(Ratio::of(n, 1000).unwrap());
        for (now, was, said) in [
            (rate(46), rate(42), "↑0.4 pts"),
            (rate(26), rate(42), "↓1.6 pts"),
            (rate(42), rate(42), "±0"),
            (rate(42), Value::SmallRate(Ratio::of(0, 3).unwrap()), "↑4.2 pts"),
            (Value::Percent(0.0515), rate(42), "↑1.0 pts"),
            (Value::Percent(f64::NAN), rate(42), ""),
            (Value::Count(130), Value::Count(100), "↑30.0%"),
            (Value::Number(4.5, 1), Value::Number(5.0, 1), "↓10.0%"),
            (Value::Number(4.5, 1), Value::Number(0.0, 1), ""),
            (Value::Count(75), Value::Count(100), "↓25.0%"),
            (Value::Lasting(96), Value::Lasting(64), "↑50.0%"),
            (Value::Count(5), Value::Count(0), "n/a (was 0)"),
            (Value::Count(0), Value::Count(0), "±0"),
            (Value::Count(1), Value::Count(-2), "↑150.0%"),
            (Value::Signed(10), Value::Signed(-10), "↑20 pts"),
            (Value::Signed(22), Value::Signed(28), "↓6 pts"),
            (Value::Count(1), Value::Empty, ""),
            (rate(42), Value::from(Say::new("value.none")), ""),
        ] {
            assert_eq!(locale.value(&change(&now, &was)), said, "{now:?} {was:?}");
        }
    }
}

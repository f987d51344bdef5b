//! Whether a reading is beyond its bounds: the four conditions, each as limits on the value itself.

use std::cmp::Ordering;

use crate::care::watch::Sample;
use crate::domain::Ratio;
use crate::metrics::metric::Better;
use crate::metrics::{Metric, Reading};

/// What a value is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The level itself, in the metric's unit.
    Level,
    /// The period before: the level is a share of it.
    Previous,
    /// The same period a year ago: the level is a share of it.
    Year,
    /// Its own history: the level is a robust z-score.
    History,
}

/// On which side a value is beyond its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// More than the upper one.
    Over,
    /// Less than the lower one.
    Under,
}

/// When a value is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// What it is held against.
    pub against: Against,
    /// On which side it can be beyond; `None` for both.
    pub side: Option<Side>,
    /// Strictly beyond this it breaches.
    pub level: Ratio,
    /// At this, or better, it is back.
    pub clear: Ratio,
}

/// The side on which a change of a metric is bad; `None` where neither is good or bad by itself, and so both
/// are news.
pub fn bad_side(metric: Metric) -> Option<Side> {
    match metric.better() {
        Better::Up => Some(Side::Under),
        Better::Down => Some(Side::Over),
        Better::Neither => None,
    }
}

/// Earlier points that a deviation is told from, at least.
pub const POINTS_MIN: usize = 8;

/// Makes the median absolute deviation of a normal distribution its standard deviation: 1 ÷ Φ⁻¹(3/4).
const NORMAL: f64 = 1.4826;

/// Why nothing can be told of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is nothing to divide by, or nobody to ask.
    Nothing,
    /// It rests on fewer than it must.
    Few {
        /// On how many.
        base: i128,
        /// On how many it must.
        least: i128,
    },
    /// What it is held against is not known, rests on too few, or is not above zero.
    NoBasis,
    /// It has too few earlier points.
    Short(usize),
    /// Half of its earlier points or more are all the same: any other value would be infinitely far away.
    Flat,
    /// The store has no such group.
    Absent,
}

/// A bound on the value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Exact, in the metric's unit.
    Exact(Ratio),
    /// Of a model.
    Model(f64),
}

impl Limit {
    fn against(self, value: Ratio) -> Ordering {
        match self {
            Limit::Exact(limit) => value.cmp(&limit),
            Limit::Model(limit) => value.approximate().total_cmp(&limit),
        }
    }

    /// For drawing.
    pub fn approximate(self) -> f64 {
        match self {
            Limit::Exact(limit) => limit.approximate(),
            Limit::Model(limit) => limit,
        }
    }
}

/// The two bounds of a side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Strictly beyond it, it breaches.
    pub level: Limit,
    /// At it, or better, it is back.
    pub clear: Limit,
}

/// Where a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Not over this.
    pub over: Option<Bounds>,
    /// Not under this.
    pub under: Option<Bounds>,
}

impl Limits {
    /// Where a value is, and on which side of its limits.
    fn place(&self, value: Ratio) -> (Sample, Option<Side>) {
        let sides = [(Side::Over, self.over), (Side::Under, self.under)];
        let past = |side, limit: Limit| match side {
            Side::Over => limit.against(value) == Ordering::Greater,
            Side::Under => limit.against(value) == Ordering::Less,
        };
        let of = |wanted: fn(Bounds) -> Limit| {
            let mut set = sides.into_iter().filter_map(|(side, bounds)| Some((side, bounds?)));
            set.find(|(side, bounds)| past(*side, wanted(*bounds))).map(|(side, _)| side)
        };
        match (of(|bounds| bounds.level), of(|bounds| bounds.clear)) {
            (Some(side), _) => (Sample::Beyond, Some(side)),
            (None, Some(side)) => (Sample::Between, Some(side)),
            (None, None) => (Sample::Clear, None),
        }
    }
}

/// What a reading is held against, where a condition asks for it.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The period before.
    pub previous: Option<Ratio>,
    /// The same period a year ago.
    pub year: Option<Ratio>,
    /// Earlier periods, oldest first, those that are known.
    pub history: Vec<f64>,
}

/// What is to be said of a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// What it shows.
    pub sample: Sample,
    /// On which side of the limits it is, where it is not clear.
    pub side: Option<Side>,
    /// Its limits, as far as they are known.
    pub limits: Limits,
    /// Why nothing can be told.
    pub why: Option<Why>,
}

impl Judged {
    /// Nothing can be told.
    pub fn unknown(why: Why) -> Judged {
        Judged { sample: Sample::Unknown, side: None, limits: Limits::default(), why: Some(why) }
    }

    /// The bounds that it is beyond; where it is clear, those that it could be beyond, if they are of one side.
    pub fn bounds(&self) -> Option<(Side, Bounds)> {
        let over = self.limits.over.map(|bounds| (Side::Over, bounds));
        let under = self.limits.under.map(|bounds| (Side::Under, bounds));
        match self.side {
            Some(Side::Over) => over,
            Some(Side::Under) => under,
            None => over.xor(under),
        }
    }
}

/// The value of a reading that rests on enough.
pub fn known(reading: Reading, min_base: i128) -> Result<Ratio, Why> {
    let value = reading.value.exact().ok_or(Why::Nothing)?;
    match reading.base {
        Some(base) if base < min_base => Err(Why::Few { base, least: min_base }),
        _ => Ok(value),
    }
}

/// Judges a reading.
pub fn judge(condition: &Condition, reading: Reading, min_base: i128, past: &Beside) -> Judged {
    let value = match known(reading, min_base) {
        Ok(value) => value,
        Err(why) => return Judged::unknown(why),
    };
    match limits(condition, past) {
        Err(why) => Judged::unknown(why),
        Ok(limits) => {
            let (sample, side) = limits.place(value);
            Judged { sample, side, limits, why: None }
        }
    }
}

/// The limits of a condition on the value itself.
fn limits(condition: &Condition, past: &Beside) -> Result<Limits, Why> {
    let of_basis = |basis: Option<Ratio>| basis.filter(|basis| basis.numerator() > 0).ok_or(Why::NoBasis);
    let one = Ratio::whole(1);
    Ok(match condition.against {
        Against::Level => both(condition, |_, level| Limit::Exact(level)),
        Against::Previous | Against::Year => {
            let basis = of_basis(if condition.against == Against::Year { past.year } else { past.previous })?;
            both(condition, |side, share| {
                Limit::Exact(match side {
                    Side::Over => basis.times(sum(one, share)),
                    Side::Under => basis.times(share.complement()),
                })
            })
        }
        Against::History => {
            let (middle, spread) = spread(&past.history)?;
            both(condition, |side, score| {
                let away = score.approximate() * spread;
                Limit::Model(if side == Side::Over { middle + away } else { middle - away })
            })
        }
    })
}

fn both(condition: &Condition, limit: impl Fn(Side, Ratio) -> Limit) -> Limits {
    let bounds = |side| {
        let wanted = condition.side.is_none_or(|only| only == side);
        wanted.then(|| Bounds { level: limit(side, condition.level), clear: limit(side, condition.clear) })
    };
    Limits { over: bounds(Side::Over), under: bounds(Side::Under) }
}

fn sum(a: Ratio, b: Ratio) -> Ratio {
    let numerator = a.numerator() * b.denominator() + b.numerator() * a.denominator();
    Ratio::of(numerator, a.denominator() * b.denominator()).unwrap_or(a)
}

/// The middle of a history and 1.4826 × its median absolute deviation: the scale of the robust z-score
/// (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).
fn spread(history: &[f64]) -> Result<(f64, f64), Why> {
    if history.len() < POINTS_MIN {
        return Err(Why::Short(history.len()));
    }
    let middle = median(history.to_vec());
    let spread = median(history.iter().map(|value| (value - middle).abs()).collect());
    if spread > 0.0 { Ok((middle, NORMAL * spread)) } else { Err(Why::Flat) }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.as_slice() {
        [] => 0.0,
        sorted if sorted.len() % 2 == 1 => sorted[half],
        sorted => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Measured;

    fn ratio(n: i128, of: i128) -> Ratio {
        Ratio::of(n, of).unwrap()
    }

    fn share(n: i128, of: i128) -> Reading {
        Reading { value: Measured::Ratio(ratio(n, of)), base: Some(of) }
    }

    fn condition(against: Against, side: Option<Side>, level: Ratio, clear: Ratio) -> Condition {
        Condition { against, side, level, clear }
    }

    #[test]
    fn a_level_is_passed_strictly_and_the_clear_level_is_enough() {
        use Sample::{Between, Beyond, Clear};
        let over = condition(Against::Level, Some(Side::Over), ratio(5, 100), ratio(4, 100));
        let under = condition(Against::Level, Some(Side::Under), ratio(5, 100), ratio(6, 100));
        let bare = condition(Against::Level, Some(Side::Over), ratio(5, 100), ratio(5, 100));
        for (rule, churned, expected) in [
            (over, 51, Beyond),
            (over, 50, Between),
            (over, 41, Between),
            (over, 40, Clear),
            (over, 0, Clear),
            (under, 49, Beyond),
            (under, 50, Between),
            (under, 59, Between),
            (under, 60, Clear),
            (bare, 51, Beyond),
            (bare, 50, Clear),
        ] {
            let judged = judge(&rule, share(churned, 1000), 30, &Beside::default());
            assert_eq!(judged.sample, expected, "{churned} {rule:?}");
        }
    }

    #[test]
    fn a_change_is_a_share_of_what_was_and_goes_to_the_bad_side() {
        use Sample::{Between, Beyond, Clear, Unknown};
        let fifth = |side| condition(Against::Previous, side, ratio(2, 10), ratio(1, 10));
        let past = |n: i128| Beside { previous: Some(Ratio::whole(n)), ..Beside::default() };
        let whole = |n| Reading { value: Measured::Whole(n), base: None };
        for (side, was, is, expected) in [
            (Some(Side::Over), 100, 121, Beyond),
            (Some(Side::Over), 100, 120, Between),
            (Some(Side::Over), 100, 110, Clear),
            (Some(Side::Over), 100, 10, Clear),
            (Some(Side::Under), 100, 79, Beyond),
            (Some(Side::Under), 100, 80, Between),
            (Some(Side::Under), 100, 90, Clear),
            (Some(Side::Under), 100, 500, Clear),
            (None, 100, 79, Beyond),
            (None, 100, 121, Beyond),
            (None, 100, 100, Clear),
            (Some(Side::Over), 0, 5, Unknown),
            (Some(Side::Over), -10, 5, Unknown),
        ] {
            let judged = judge(&fifth(side), whole(is), 30, &past(was));
            assert_eq!(judged.sample, expected, "{side:?} {was} {is}");
        }
        let nothing = judge(&fifth(None), whole(1), 30, &Beside::default());
        assert_eq!(nothing.why, Some(Why::NoBasis));
    }

    /// The twelve points 1 to 12 have the median 6.5 and the median absolute deviation 3.
    #[test]
    fn a_deviation_is_a_robust_z_score_and_needs_a_history_that_moves() {
        let rule = condition(Against::History, None, ratio(35, 10), ratio(2, 1));
        let history: Vec<f64> = (1..=12).map(f64::from).collect();
        let whole = |n| Reading { value: Measured::Whole(n), base: None };
        let on = |history: &[f64], n| {
            judge(&rule, whole(n), 0, &Beside { history: history.to_vec(), ..Beside::default() })
        };
        // 6.5 ± 3.5 × 1.4826 × 3 is from −9.07 to 22.07; ± 2 × is from −2.4 to 15.4.
        for (n, sample, side) in [
            (23, Sample::Beyond, Some(Side::Over)),
            (22, Sample::Between, Some(Side::Over)),
            (15, Sample::Clear, None),
            (-3, Sample::Between, Some(Side::Under)),
            (-10, Sample::Beyond, Some(Side::Under)),
        ] {
            let judged = on(&history, n);
            assert_eq!((judged.sample, judged.side), (sample, side), "{n}");
        }
        assert_eq!(on(&history[..7], 100).why, Some(Why::Short(7)));
        assert_eq!(on(&[4.0; 12], 100).why, Some(Why::Flat));
        let upper = on(&history, 0).limits.over.unwrap().level.approximate();
        assert!((upper - 22.0673).abs() < 1e-4, "{upper}");
    }

    #[test]
    fn what_rests_on_too_few_is_not_known() {
        let rule = condition(Against::Level, Some(Side::Over), ratio(5, 100), ratio(5, 100));
        let why = |reading| judge(&rule, reading, 30, &Beside::default()).why;
        assert_eq!(why(share(29, 29)), Some(Why::Few { base: 29, least: 30 }));
        assert_eq!(why(share(30, 30)), None);
        assert_eq!(why(Reading::NOTHING), Some(Why::Nothing));
    }
}

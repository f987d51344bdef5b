//! Which values an axis marks: few, round, and told apart by their printed labels.

/// An axis from `low` to `high`, both marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// The value at the bottom.
    pub(super) low: f64,
    /// The value at the top.
    pub(super) high: f64,
    /// The marked values with their labels, ascending.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Larger values are drawn as this: their charts say nothing, but must not overflow.
const LARGEST: f64 = 1e15;

/// The value, if it can be drawn.
pub(super) fn drawable(value: f64) -> Option<f64> {
    value.is_finite().then(|| value.clamp(-LARGEST, LARGEST))
}

/// A count as a coordinate.
pub(super) fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// The lowest and the highest of the values.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter_map(drawable).fold(None, |had, v| match had {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

/// Widens the extent to zero unless the values are far from it and close together.
pub(super) fn with_zero((low, high): (f64, f64)) -> (f64, f64) {
    let alone = high - low <= 0.0;
    if low > 0.0 && (alone || low < high * 0.6) {
        (0.0, high)
    } else if high < 0.0 && (alone || high > low * 0.6) {
        (low, 0.0)
    } else {
        (low, high)
    }
}

/// The scale that covers the extent with two to five steps.
pub(super) fn scale((low, high): (f64, f64), tick: &dyn Fn(f64) -> String) -> Scale {
    let span = high - low;
    if span <= 0.0 || !span.is_finite() {
        // One value alone: its own label, and some height to stand in.
        return Scale { low, high: low + low.abs().max(1.0), ticks: vec![(low, tick(low))] };
    }
    let mut best: Option<(f64, f64)> = None;
    for step in steps(span / 6.0) {
        let intervals = (high / step - 1e-9).ceil() - (low / step + 1e-9).floor();
        if intervals < 2.0 && best.is_some() || step > span * 20.0 {
            break;
        }
        if intervals > 5.0 || !told_apart(step, low, high, tick) {
            continue;
        }
        // Empty room above the data costs more than one grid line too many.
        let cost = intervals * step / span + (intervals - 4.0).abs() * 0.08;
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, step));
        }
    }
    let fallback = || steps(span / 4.0).next().unwrap_or(span);
    marked(best.map_or_else(fallback, |(_, step)| step), low, high, tick)
}

fn marked(step: f64, low: f64, high: f64, tick: &dyn Fn(f64) -> String) -> Scale {
    let first = (low / step + 1e-9).floor();
    let last = (high / step - 1e-9).ceil().max(first + 1.0);
    let mut ticks: Vec<(f64, String)> = Vec::new();
    let mut at = first;
    while at <= last && ticks.len() < 12 {
        let value = rounded(at, step);
        let label = tick(value);
        if ticks.last().is_none_or(|(_, had)| *had != label) {
            ticks.push((value, label));
        }
        at += 1.0;
    }
    Scale { low: rounded(first, step), high: rounded(last, step), ticks }
}

/// Whether the labels keep this step's values apart, and those of its neighbours: "1" for 0.5 would lie.
fn told_apart(step: f64, low: f64, high: f64, tick: &dyn Fn(f64) -> String) -> bool {
    let first = (low / step + 1e-9).floor();
    let last = (high / step - 1e-9).ceil().max(first + 3.0);
    let mut at = first;
    let mut before: Option<String> = None;
    while at <= last {
        let label = tick(rounded(at, step));
        if before.as_ref() == Some(&label) {
            return false;
        }
        before = Some(label);
        at += 1.0;
    }
    true
}

/// Steps of 1, 2 and 5 times powers of ten from `least` up.
fn steps(least: f64) -> impl Iterator<Item = f64> {
    let power = least.log10().floor();
    (0..12).flat_map(move |more| [1.0, 2.0, 5.0].map(|m| (m, power + f64::from(more)))).filter_map(
        move |(m, p)| {
            // Dividing by a whole power keeps 0.2 exactly what "0.2" parses to.
            let step = if p < 0.0 { m / 10f64.powf(-p) } else { m * 10f64.powf(p) };
            (step >= least * 0.999 && step.is_finite()).then_some(step)
        },
    )
}

/// The multiple of the step without the dust of binary fractions, and never minus zero.
fn rounded(times: f64, step: f64) -> f64 {
    let value = if step < 1.0 { times / (1.0 / step).round_if_near() } else { times * step };
    if value == 0.0 { 0.0 } else { value }
}

/// Snapping of reciprocals such as 49.999999 to what they stand for.
trait RoundIfNear {
    fn round_if_near(self) -> f64;
}

impl RoundIfNear for f64 {
    fn round_if_near(self) -> f64 {
        let whole = self.round();
        if (whole - self).abs() < self.abs() * 1e-9 { whole } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(v: f64) -> String {
        format!("{v}")
    }

    /// A small deterministic sequence to try many extents with.
    fn extents() -> impl Iterator<Item = (f64, f64)> {
        let mut seed = 7_u64;
        (0..4000).map(move |_| {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                f64::from(u32::try_from(seed >> 33).unwrap_or(0)) / f64::from(u32::MAX >> 1)
            };
            let power = 10f64.powf(next() * 18.0 - 6.0);
            let (a, b) = ((next() - 0.4) * power, (next() - 0.4) * power);
            (a.min(b), a.max(b))
        })
    }

    #[test]
    fn every_extent_is_covered_by_few_round_ticks() {
        for (low, high) in extents() {
            let made = scale((low, high), &exact);
            let slack = (high - low) * 1e-6;
            assert!(made.low <= low + slack && made.high >= high - slack, "{low} {high} {made:?}");
            assert!((2..=6).contains(&made.ticks.len()), "{low} {high} {made:?}");
            assert!(made.ticks.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1));
            assert!((made.high - made.low) <= (high - low) * 2.6, "wasteful: {low} {high} {made:?}");
            if low <= 0.0 && high >= 0.0 {
                assert!(made.ticks.iter().any(|(v, _)| *v == 0.0), "no zero: {low} {high} {made:?}");
            }
        }
    }

    #[test]
    fn ticks_print_without_dust() {
        for top in [0.3, 0.07, 0.6, 1.2, 14.0, 470_000.0] {
            for (_, label) in scale((0.0, top), &exact).ticks {
                assert!(label.len() <= 6, "{label}");
            }
        }
    }

    #[test]
    fn labels_that_round_are_never_repeated() {
        let whole = |v: f64| format!("{v:.0}");
        for top in [0.4, 1.0, 2.0, 3.0, 7.0] {
            let labels: Vec<String> = scale((0.0, top), &whole).ticks.into_iter().map(|(_, l)| l).collect();
            let values: Vec<f64> = labels.iter().filter_map(|l| l.parse().ok()).collect();
            assert!(values.windows(2).all(|w| w[1] > w[0]), "{labels:?}");
        }
        assert_eq!(scale((0.0, 5.0), &|_| "x".to_owned()).ticks.len(), 1);
    }

    #[test]
    fn one_value_stands_on_its_own_tick() {
        assert_eq!(scale((0.0, 0.0), &exact).ticks, vec![(0.0, "0".to_owned())]);
        assert_eq!(with_zero((4.0, 4.0)), (0.0, 4.0));
        assert_eq!(with_zero((-4.0, -4.0)), (-4.0, 0.0));
        assert_eq!(with_zero((95.0, 99.0)), (95.0, 99.0));
        assert_eq!(extent([f64::NAN, f64::INFINITY].into_iter()), None);
    }
}

//! Where a likelihood is greatest: Newton's method with exact curvature.
//!
//! The models' parameters are positive, so the search walks over their logarithms. Where the curvature
//! is not that of a summit it is bent until it is; a step is halved until it gains. Nothing is random and
//! nothing is parallel: the same function gives the same bits.

use super::Refusal;

/// A log-likelihood at a point, with its first and second derivatives in the logarithms of the parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluation<const N: usize> {
    pub(super) value: f64,
    pub(super) gradient: [f64; N],
    pub(super) hessian: [[f64; N]; N],
}

impl<const N: usize> Evaluation<N> {
    /// From derivatives in the parameters themselves: d/d ln φ = φ d/dφ. Of the second ones the upper half
    /// is enough.
    pub(super) fn in_logarithms(
        value: f64,
        gradient: [f64; N],
        hessian: [[f64; N]; N],
        at: &[f64; N],
    ) -> Evaluation<N> {
        let mut out = Evaluation { value, gradient, hessian };
        for i in 0..N {
            out.gradient[i] *= at[i];
            for j in 0..N {
                out.hessian[i][j] = hessian[i.min(j)][i.max(j)] * at[i] * at[j];
            }
            out.hessian[i][i] += out.gradient[i];
        }
        out
    }

    fn is_finite(&self) -> bool {
        let mut all = self.gradient.iter().chain(self.hessian.iter().flatten());
        self.value.is_finite() && all.all(|number| number.is_finite())
    }
}

/// The summit that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summit<const N: usize> {
    /// The parameters themselves.
    pub(super) at: [f64; N],
    pub(super) value: f64,
    pub(super) evaluations: u32,
}

/// What a further step would gain (of the log-likelihood's sum) when the search is over. The parameters
/// are then a hundred thousandth of their standard error off, and one last step is taken unseen.
const GAIN_MIN: f64 = 1e-10;

/// What may still be gained where the search meets the edge: some likelihoods rise for ever towards
/// customers who are all alike in one respect, and there is nothing to be won from following them.
const GAIN_AT_EDGE: f64 = 0.05;

/// How far from the start a logarithm may go: a factor of 22,000 either way.
const REACH: f64 = 10.0;

const STEP_MAX: f64 = 1.5;
const EVALUATIONS_MAX: u32 = 200;

/// Climbs from `start` (parameters, not logarithms).
pub(super) fn maximise<const N: usize>(
    start: [f64; N],
    mut evaluate: impl FnMut(&[f64; N]) -> Evaluation<N>,
) -> Result<Summit<N>, Refusal> {
    let origin = start.map(f64::ln);
    let mut at = origin;
    let mut here = evaluate(&start);
    let mut evaluations = 1;
    while here.is_finite() && evaluations < EVALUATIONS_MAX {
        let (step, gain, is_summit) = ascent(&here, &at, &origin);
        if gain <= GAIN_MIN {
            // At the summit, or held at the edge by all that is left to gain.
            let last = if is_summit { step } else { [0.0; N] };
            let found = moved(&at, &last, 1.0, &origin);
            let still = edge_gain(&here, &at, &origin);
            if still > GAIN_AT_EDGE {
                break;
            }
            return Ok(Summit { at: found.map(f64::exp), value: here.value, evaluations });
        }
        let mut length = 1.0;
        loop {
            let next = moved(&at, &step, length, &origin);
            let there = evaluate(&next.map(f64::exp));
            evaluations += 1;
            let rise: f64 = (0..N).map(|i| here.gradient[i] * (next[i] - at[i])).sum();
            // Rounding hides gains far below a millionth of a millionth of the sum.
            let noise = 1e-13 * here.value.abs();
            if there.is_finite() && there.value >= here.value + 1e-4 * rise - noise {
                at = next;
                here = there;
                break;
            }
            length *= if length > 0.3 { 0.5 } else { 0.2 };
            if length < 1e-9 || evaluations >= EVALUATIONS_MAX {
                return Err(Refusal::NoConvergence { evaluations });
            }
        }
    }
    Err(Refusal::NoConvergence { evaluations })
}

/// A point after a step, kept within reach.
fn moved<const N: usize>(at: &[f64; N], step: &[f64; N], length: f64, origin: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| (at[i] + length * step[i]).clamp(origin[i] - REACH, origin[i] + REACH))
}

/// Whether a coordinate is at the edge and would leave it.
fn is_held<const N: usize>(here: &Evaluation<N>, at: &[f64; N], origin: &[f64; N], i: usize) -> bool {
    (at[i] - origin[i]).abs() >= REACH && here.gradient[i] * (at[i] - origin[i]) > 0.0
}

/// What the coordinates held at the edge would still gain over a factor of e.
fn edge_gain<const N: usize>(here: &Evaluation<N>, at: &[f64; N], origin: &[f64; N]) -> f64 {
    (0..N).filter(|i| is_held(here, at, origin, *i)).map(|i| here.gradient[i].abs()).sum()
}

/// The step, half of what it promises in the likelihood's own terms, and whether the curvature was left
/// as it was. Coordinates held at the edge do not move.
fn ascent<const N: usize>(here: &Evaluation<N>, at: &[f64; N], origin: &[f64; N]) -> ([f64; N], f64, bool) {
    let free: [bool; N] = std::array::from_fn(|i| !is_held(here, at, origin, i));
    let mut curvature = [[0.0; N]; N];
    let mut gradient = [0.0; N];
    let mut size: f64 = 0.0;
    for i in 0..N {
        for j in 0..N {
            curvature[i][j] = if free[i] && free[j] { -here.hessian[i][j] } else { 0.0 };
        }
        if free[i] {
            gradient[i] = here.gradient[i];
            size = size.max(curvature[i][i].abs()).max(gradient[i].abs());
        } else {
            curvature[i][i] = 1.0;
        }
    }
    let mut bend = 0.0;
    loop {
        let mut convex = curvature;
        for (i, row) in convex.iter_mut().enumerate() {
            row[i] += bend;
        }
        if let Some(mut step) = solve(&convex, &gradient, size * 1e-14) {
            let gain = 0.5 * (0..N).map(|i| step[i] * gradient[i]).sum::<f64>();
            let longest = step.iter().fold(0.0_f64, |longest, part| longest.max(part.abs()));
            if longest > STEP_MAX {
                step = step.map(|part| part * STEP_MAX / longest);
            }
            return (step, gain, bend == 0.0);
        }
        bend = if bend == 0.0 { 1e-3 * size.max(1e-12) } else { bend * 4.0 };
        if !bend.is_finite() {
            return ([0.0; N], f64::INFINITY, false);
        }
    }
}

/// Solves a symmetric positive definite system by Cholesky's factors; none where it is not one.
fn solve<const N: usize>(matrix: &[[f64; N]; N], right: &[f64; N], least: f64) -> Option<[f64; N]> {
    let mut factor = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let rest = matrix[i][j] - known;
            factor[i][j] = if i == j { rest.sqrt() } else { rest / factor[j][j] };
        }
        let pivot = factor[i][i] * factor[i][i];
        if pivot.is_nan() || pivot <= least {
            return None;
        }
    }
    let mut out = *right;
    for i in 0..N {
        let known: f64 = (0..i).map(|k| factor[i][k] * out[k]).sum();
        out[i] = (out[i] - known) / factor[i][i];
    }
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|k| factor[k][i] * out[k]).sum();
        out[i] = (out[i] - known) / factor[i][i];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −n((x − 2y)² + (y − 1)⁴ + (y − 1)²) over logarithms: a bent valley with its summit at (2, 1).
    fn valley(at: &[f64; 2]) -> Evaluation<2> {
        let (x, y) = (at[0].ln(), at[1].ln());
        let (u, v) = (x - 2.0 * y, y - 1.0);
        Evaluation {
            value: -(u * u + v.powi(4) + v * v),
            gradient: [-2.0 * u, 4.0 * u - 4.0 * v.powi(3) - 2.0 * v],
            hessian: [[-2.0, 4.0], [4.0, -10.0 - 12.0 * v * v]],
        }
    }

    #[test]
    fn the_summit_of_a_bent_valley_is_found() {
        let found = maximise([1.0, 1.0], valley).unwrap();
        assert!((found.at[0].ln() - 2.0).abs() < 1e-9 && (found.at[1].ln() - 1.0).abs() < 1e-9, "{found:?}");
        assert!(found.evaluations < 12, "{found:?}");
    }

    #[test]
    fn curvature_of_a_hollow_is_bent_to_a_climb() {
        // cos has a hollow's curvature at its start, 3 off the summit.
        let found = maximise([3.0_f64.exp()], |at| {
            let x = at[0].ln();
            Evaluation { value: x.cos(), gradient: [-x.sin()], hessian: [[-x.cos()]] }
        })
        .unwrap();
        let x = found.at[0].ln() / std::f64::consts::TAU;
        assert!((x - x.round()).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn a_plateau_at_the_edge_is_taken_and_a_slope_is_not() {
        let rising = |rate: f64| {
            move |at: &[f64; 1]| {
                let x = at[0].ln();
                let fall = (-x).exp();
                Evaluation { value: rate * x - fall, gradient: [rate + fall], hessian: [[-fall]] }
            }
        };
        assert!(maximise([1.0], rising(0.0)).unwrap().at[0] > 20_000.0);
        assert!(matches!(maximise([1.0], rising(0.5)), Err(Refusal::NoConvergence { .. })));
    }

    #[test]
    fn what_is_no_number_is_no_convergence() {
        let nothing = |_: &[f64; 1]| Evaluation { value: f64::NAN, gradient: [0.0], hessian: [[0.0]] };
        assert_eq!(maximise([1.0], nothing).unwrap_err(), Refusal::NoConvergence { evaluations: 1 });
    }
}

//! ln Γ and its first two derivatives, for positive arguments.
//!
//! Stirling's series after the argument was raised by the recurrence Γ(z + 1) = z Γ(z) to where eight
//! terms are exact to a double (Abramowitz & Stegun 6.1.41, 6.3.18, 6.4.12).

/// Where Stirling's series is good enough.
const FROM: f64 = 12.0;

/// B₂ₖ of k = 1..8.
const BERNOULLI: [f64; 8] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
];

const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// ln Γ, ψ and ψ′ at `z` > 0, in one go since they share the work.
pub(super) fn gamma_logs(z: f64) -> [f64; 3] {
    let (mut at, mut product, mut first, mut second) = (z, 1.0, 0.0, 0.0);
    while at < FROM {
        let inverse = 1.0 / at;
        product *= at;
        first += inverse;
        second += inverse * inverse;
        at += 1.0;
    }
    let (ln, inverse) = (at.ln(), 1.0 / at);
    let square = inverse * inverse;
    let (mut series, mut series_1, mut series_2) = (0.0, 0.0, 0.0);
    for (k, number) in BERNOULLI.iter().enumerate().rev() {
        let twice = 2.0 * (k as f64 + 1.0);
        series = series * square + number / (twice * (twice - 1.0));
        series_1 = series_1 * square + number / twice;
        series_2 = series_2 * square + number;
    }
    [
        (at - 0.5) * ln - at + HALF_LN_TAU + series * inverse - product.ln(),
        ln - 0.5 * inverse - series_1 * square - first,
        inverse + 0.5 * square + series_2 * square * inverse + second,
    ]
}

#[cfg(test)]
#[expect(
    clippy::unreadable_literal,
    clippy::excessive_precision,
    reason = "digits as the reference prints them"
)]
mod tests {
    use super::*;

    /// ln Γ, ψ and ψ′ to 17 digits, by mpmath 1.4.
    const REFERENCE: &[(f64, [f64; 3])] = &[
        (0.0001, [9.2102826586339622, -10000.577051183514, 100000001.64469368]),
        (0.1, [2.2527126517342059, -10.423754940411076, 101.43329915079275]),
        (0.2426, [1.3197854750907922, -4.3583618532225142, 18.198210324240313]),
        (0.5, [0.57236494292470009, -1.9635100260214235, 4.9348022005446793]),
        (1.0, [0.0, -0.57721566490153286, 1.6449340668482264]),
        (1.5, [-0.12078223763524522, 0.036489973978576521, 0.93480220054467931]),
        (2.0, [0.0, 0.42278433509846714, 0.64493406684822644]),
        (3.745, [1.4809067103280175, 1.1810095313572847, 0.30580328174092848]),
        (6.249, [5.2178536202079655, 1.7502800326383731, 0.17350925929471889]),
        (11.99, [17.477885575426186, 2.4417922836683349, 0.08697741048698757]),
        (12.0, [17.502307845873886, 2.442661679975812, 0.086901872871768391]),
        (50.25, [145.54187159633212, 3.9070272970062797, 0.020099825840728039]),
        (1000.0, [5905.2204232091812, 6.9072551956488121, 0.0010005001666666333]),
        (1e6, [12815504.569147612, 13.815510057964191, 1.0000005000001667e-6]),
    ];

    #[test]
    fn gamma_and_its_derivatives_are_exact_to_twelve_digits() {
        for (z, expected) in REFERENCE {
            for (actual, expected) in gamma_logs(*z).iter().zip(expected) {
                // ln Γ vanishes at 1 and 2: there the error counts as it is.
                let allowed = 1e-12 * expected.abs() + 1e-14;
                assert!((actual - expected).abs() <= allowed, "at {z}: {actual} is not {expected}");
            }
        }
    }
}

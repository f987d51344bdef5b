//! Purchases ahead: the parameters and predictions of the paper, on its own data, digit for digit.

use super::super::tests::{assert_near, calibration};
use super::super::{Buyer, Fit};
use super::BgNbd;

#[test]
fn cdnow_gives_the_parameters_of_the_paper() {
    let buyers = calibration();
    assert_eq!((buyers.len(), buyers.iter().filter(|b| b.repeats > 0).count()), (2357, 946));
    let model = BgNbd::fit(&buyers).unwrap();
    assert_near!(model.r, 0.2426, 2e-4);
    assert_near!(model.alpha, 4.4136, 2e-5);
    assert_near!(model.a, 0.7929, 1e-4);
    assert_near!(model.b, 2.4259, 1e-4);
    assert_near!(model.fit.log_likelihood, -9582.43, 1e-6);
    assert!(model.fit.evaluations <= 12, "{:?}", model.fit);
}

#[test]
fn cdnow_gives_the_predictions_of_the_paper() {
    let model = BgNbd::fit(&calibration()).unwrap();
    // The paper's customer: x 2, t_x 30.43 and T 38.86 weeks, which are 213 and 272 days.
    let buyer = Buyer { repeats: 2, recency_days: 213, age_days: 272, spend_minor: 0 };
    assert_near!(model.expected_purchases(39.0, buyer), 1.226, 4e-4);
    assert!((model.p_alive(Buyer::default()) - 1.0).abs() < f64::EPSILON);
}

/// Parameters, repeats, age in days, weeks, and the paper's equation 10 for one alive, by mpmath 1.4.
#[test]
#[expect(clippy::unreadable_literal, reason = "digits as the reference prints them")]
fn expectations_keep_their_digits_where_the_formula_as_written_loses_them() {
    let fit = Fit { log_likelihood: 0.0, customers: 0, evaluations: 0 };
    let cases: [([f64; 4], u32, i32, f64, f64); 14] = [
        ([0.2426, 4.4136, 0.7929, 2.4259], 2, 266, 39.0, 1.71617266427872),
        ([0.2426, 4.4136, 0.7929, 2.4259], 0, 0, 52.0, 1.44405999489824),
        ([0.2426, 4.4136, 1.0, 2.4259], 3, 70, 52.0, 6.08800828983895),
        ([0.3, 0.01, 0.5, 0.5], 0, 0, 520.0, 100.111034128247),
        ([12.0, 3.0, 1.0, 1.5], 4, 140, 52.0, 11.3928357670684),
        ([12.0, 3.0, 0.6, 1.5], 4, 140, 52.0, 17.0404968142615),
        ([0.5, 2.0, 40.0, 90.0], 3, 140, 52.0, 2.84164557559848),
        ([2000.0, 50.0, 9.5, 25.0], 12, 679, 300.0, 5.35294117647059),
        ([0.05, 1.0, 0.01, 5000.0], 1, 420, 4.0, 0.0688524497628108),
        ([1.0, 1.0, 265.0, 1.0], 0, 0, 520.0, 1.00185391106958),
        ([0.6, 6.0, 0.8, 2.6], 300, 1050, 52.0, 89.0693562227421),
        ([1.58, 1.0, 1.0, 6334.0], 0, 0, 520.0, 748.073671544017),
        ([0.5, 2.0, 1.3, 900.0], 4, 7, 104.0, 137.95725714459),
        ([3.0, 0.2, 0.4, 80.0], 1, 7, 52.0, 129.704022256977),
    ];
    for ([r, alpha, a, b], repeats, age_days, weeks, expected) in cases {
        let model = BgNbd { r, alpha, a, b, fit };
        let buyer = Buyer { repeats, recency_days: age_days, age_days, spend_minor: 0 };
        // Where a is 1 and r large, the mean of two neighbours is less exact.
        let tolerance = if r > 10.0 && (a - 1.0).abs() < 1e-3 { 1e-6 } else { 1e-10 };
        assert_near!(model.if_alive(weeks, buyer), expected, tolerance);
    }
}

#[test]
fn a_slower_clock_scales_alpha_alone() {
    let buyers = calibration();
    let slow: Vec<Buyer> = buyers
        .iter()
        .map(|b| Buyer { recency_days: b.recency_days * 3, age_days: b.age_days * 3, ..*b })
        .collect();
    let (model, other) = (BgNbd::fit(&buyers).unwrap(), BgNbd::fit(&slow).unwrap());
    assert_near!(other.alpha, 3.0 * model.alpha, 1e-8);
    for (one, two) in [(model.r, other.r), (model.a, other.a), (model.b, other.b)] {
        assert_near!(two, one, 1e-8);
    }
    assert_near!(other.p_alive(slow[0]), model.p_alive(buyers[0]), 1e-8);
    assert_near!(other.expected_purchases(30.0, slow[0]), model.expected_purchases(10.0, buyers[0]), 1e-8);
}

//! Contracts ahead: on the cohorts of the literature, on sums done plainly, and on nonsense.

use proptest::prelude::*;

use super::super::tests::assert_near;
use super::super::{Fit, Refusal};
use super::{Contract, Geometric};

/// Contracts of one cohort, from how many were left after each renewal.
fn cohort(left_over: &[u32]) -> Vec<Contract> {
    let mut contracts = Vec::new();
    for (age, pair) in left_over.windows(2).enumerate() {
        let gone = Contract { renewals: age as u32, left: true };
        contracts.extend(vec![gone; (pair[0] - pair[1]) as usize]);
    }
    let still = Contract { renewals: left_over.len() as u32 - 1, left: false };
    contracts.extend(vec![still; *left_over.last().unwrap() as usize]);
    contracts
}

#[test]
fn the_cohorts_of_how_to_project_customer_retention_give_its_parameters() {
    let cases = [
        ([1000, 869, 743, 653, 593, 551, 517, 491], 0.668, 3.806, -1611.158),
        ([1000, 631, 468, 382, 326, 289, 262, 241], 0.704, 1.182, -1680.265),
    ];
    for (left_over, alpha, beta, log_likelihood) in cases {
        let model = Geometric::fit(&cohort(&left_over)).unwrap();
        assert!((model.alpha - alpha).abs() < 5e-4 && (model.beta - beta).abs() < 5e-4, "{model:?}");
        assert_near!(model.fit.log_likelihood, log_likelihood, 1e-6);
        // The first year's retention, and survival against the cohort itself.
        assert_near!(model.retention(1), model.beta / (model.alpha + model.beta), 1e-12);
        for (age, left) in left_over.iter().enumerate() {
            assert!((model.survival(age as u32) - f64::from(*left) / 1000.0).abs() < 0.02);
        }
    }
}

#[test]
fn lifetimes_are_the_sums_of_survival() {
    let fit = Fit { log_likelihood: 0.0, customers: 0, evaluations: 0 };
    let model = Geometric { alpha: 0.704, beta: 1.182, fit };
    for rate in [0.1_f64, 0.01, 1.0] {
        let worth = |t: u32| (1.0 + rate).powi(-(t as i32));
        let lifetime: f64 = (0..5000).map(|t| model.survival(t) * worth(t)).sum();
        assert_near!(model.lifetime(rate).unwrap(), lifetime, 1e-9);
        assert_near!(model.lifetime_value(50.0, rate).unwrap(), 50.0 * lifetime, 1e-9);
        let residual: f64 = (1..5000).map(|t| model.survival(4 + t) / model.survival(4) * worth(t - 1)).sum();
        assert_near!(model.residual_lifetime(4, rate).unwrap(), residual, 1e-9);
        assert_near!(model.payments(4, 4999, rate), residual, 1e-9);
    }
    assert_near!(model.payments(0, 2, 0.0), model.survival(1) + model.survival(2), 1e-12);
    assert_eq!(model.lifetime(0.0), None);
    assert_eq!(model.lifetime(f64::NAN), None);
}

#[test]
fn contracts_that_tell_nothing_are_refused() {
    let all = |renewals, left| vec![Contract { renewals, left }; 120];
    assert_eq!(
        Geometric::fit(&all(0, true)[..20]).unwrap_err(),
        Refusal::TooFewContracts { have: 20, need: 100 }
    );
    for alike in [all(0, true), all(4, false), all(0, false), cohort(&[1000, 700])] {
        assert_eq!(Geometric::fit(&alike).unwrap_err(), Refusal::AllAlike { have: alike.len() });
    }
}

#[test]
fn contracts_of_many_ages_weigh_by_what_they_tell() {
    // The same cohort, half of it seen for three years only.
    let mut contracts = cohort(&[1000, 631, 468, 382, 326, 289, 262, 241]);
    let young = contracts.clone().into_iter().map(|contract| match contract {
        Contract { renewals: 3.., .. } => Contract { renewals: 3, left: false },
        young => young,
    });
    let (full, young) = (Geometric::fit(&contracts).unwrap(), young.collect::<Vec<_>>());
    contracts.extend(young);
    let mixed = Geometric::fit(&contracts).unwrap();
    assert!((mixed.survival(7) - full.survival(7)).abs() < 0.01, "{mixed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_contracts_give_finite_figures_or_a_refusal(
        contracts in proptest::collection::vec((prop_oneof![9 => 0..30_u32, 1 => any::<u32>()], any::<bool>()), 0..300),
        rate in 0.0..2.0_f64,
    ) {
        let contracts: Vec<Contract> =
            contracts.into_iter().map(|(renewals, left)| Contract { renewals, left }).collect();
        if let Ok(model) = Geometric::fit(&contracts) {
            for age in [0, 1, 12, 600] {
                prop_assert!((0.0..=1.0).contains(&model.survival(age)));
                prop_assert!((0.0..=1.0).contains(&model.retention(age)));
                prop_assert!(model.payments(age, 120, rate).is_finite());
                prop_assert!(model.residual_lifetime(age, rate).is_none_or(f64::is_finite));
            }
        }
    }
}

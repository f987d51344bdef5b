//! The risk score on the demo's shop: what stands behind each factor, against SQL, and the order of scores.

use std::collections::BTreeMap;

use retaind::metrics::risk::{AT_RISK, Factor, Risk, Weights};
use retaind::metrics::{Panel, Settings};

use crate::demo_shop::shop;

/// What SQL sees of a customer: the number behind each factor, NULL where there is none.
const SEEN: &[(Factor, &str)] = &[
    (
        Factor::Complaints,
        "SELECT count(*) FROM complaints WHERE customer_id = ?1 AND opened_at <= '2026-11-02T08:00:00'
           AND (resolved_at IS NULL OR resolved_at > '2026-11-02T08:00:00')",
    ),
    (
        Factor::FollowUps,
        "SELECT count(*) FROM follow_ups WHERE customer_id = ?1 AND substr(due_at, 1, 10) < '2026-11-02'
           AND (done_at IS NULL OR done_at > '2026-11-02T08:00:00')",
    ),
    (
        Factor::Signals,
        "SELECT count(*) FROM signals WHERE customer_id = ?1 AND at <= '2026-11-02T08:00:00'
           AND substr(at, 1, 10) > '2026-10-03'",
    ),
    (
        Factor::Contact,
        "SELECT julianday('2026-11-02') - julianday(substr(max(at), 1, 10)) FROM interactions
         WHERE customer_id = ?1 AND at <= '2026-11-02T08:00:00'",
    ),
    (
        Factor::Rhythm,
        "SELECT julianday('2026-11-02') - julianday(max(day)) FROM
           (SELECT day FROM bought WHERE c = ?1 GROUP BY day HAVING sum(minor) > 0)",
    ),
    (
        Factor::Survey,
        "SELECT score FROM surveys WHERE customer_id = ?1 AND at <= '2026-11-02T08:00:00'
         ORDER BY substr(at, 1, 10) DESC, score LIMIT 1",
    ),
    (
        Factor::Contraction,
        "SELECT CAST(100.0 * (was - now) / was AS INTEGER) FROM (SELECT
           (SELECT coalesce(sum(mrr), 0) FROM contract WHERE c = ?1 AND s <= '2026-08-04' AND '2026-08-04' < e) AS was,
           (SELECT coalesce(sum(mrr), 0) FROM contract WHERE c = ?1 AND s <= '2026-11-02' AND '2026-11-02' < e) AS now)
         WHERE was > now",
    ),
];

fn risks(settings: &Settings, count: usize) -> (Vec<Risk>, usize) {
    let panel = Panel::of(&shop().facts, settings);
    let risks = panel.risks(&panel.customers, count);
    assert_eq!(risks.highest.len(), risks.scored.min(count));
    (risks.highest, risks.at_risk)
}

#[test]
fn every_number_behind_a_score_is_what_sql_counts() {
    let shop = shop();
    let (all, at_risk) = risks(&Settings::default(), usize::MAX / 4);
    assert_eq!(all.iter().filter(|risk| risk.score >= AT_RISK).count(), at_risk);
    assert!(at_risk > 0 && all.len() > 50, "{at_risk} of {}", all.len());
    let sql = shop.sql();
    let mut compared: BTreeMap<Factor, usize> = BTreeMap::new();
    for risk in all.iter().take(60).chain(all.iter().rev().take(60)) {
        let id = shop.facts.customers.id(risk.customer).into_owned();
        for share in &risk.shares {
            let Some((factor, query)) = SEEN.iter().find(|(factor, _)| *factor == share.seen.factor) else {
                continue;
            };
            let expected: Option<f64> = sql.query_row(query, [&id], |row| row.get(0)).unwrap_or(None);
            assert_eq!(share.seen.number, expected.map(|n| n as i64), "{factor:?} of {id}");
            *compared.entry(*factor).or_default() += 1;
        }
    }
    // The demo's shop has something of most factors.
    assert!(compared.len() >= 5, "{compared:?}");
}

#[test]
fn the_highest_are_the_highest_of_all_and_only_active_customers_are_scored() {
    let shop = shop();
    let settings = Settings::default();
    let (all, at_risk) = risks(&settings, usize::MAX / 4);
    let (highest, of) = risks(&settings, 25);
    assert_eq!((&all[..25], at_risk), (&highest[..], of));
    assert!(all.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let panel = Panel::of(&shop.facts, &settings);
    let today = shop.facts.lens.today();
    assert!(all.iter().all(|risk| panel.activity(risk.customer).is_active(today)));
}

#[test]
fn a_factor_without_weight_has_no_share() {
    let only = |kept: Factor| {
        let all = Factor::ALL.iter().filter(|(_, factor, _)| *factor != kept);
        all.fold(Weights::default(), |weights, (_, factor, _)| weights.with(*factor, 0))
    };
    let settings = Settings { risk: only(Factor::Survey), ..Settings::default() };
    let (all, _) = risks(&settings, 1_000);
    assert!(!all.is_empty());
    for risk in all {
        let factors: Vec<Factor> = risk.shares.iter().map(|share| share.seen.factor).collect();
        assert_eq!(factors, [Factor::Survey]);
    }
}

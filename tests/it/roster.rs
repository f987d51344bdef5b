//! Every customer's own figures: a row each, which add up to what the report says, and are what SQL says of them.

use std::collections::BTreeMap;

use retaind::document::Value;
use retaind::domain::PeriodKind;
use retaind::job::report::{self, Story};
use retaind::job::{ReportKind, ReportSpec};
use retaind::metrics::churn::Fate;
use retaind::metrics::{Basis, Panel, PeriodChoice, Settings};
use retaind::store::{Mapping, SqliteStore};

use crate::demo_shop::{Shop, shop};

/// The rows of a report, by column.
fn roster(shop: &Shop, kind: ReportKind, settings: &Settings) -> Vec<BTreeMap<&'static str, Value>> {
    let spec = ReportSpec {
        kind,
        period: PeriodChoice { kind: PeriodKind::Month, current: false },
        settings: settings.clone(),
        splits: Vec::new(),
        attach: Vec::new(),
        fresh: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    shop.sql().backup("main", &path, None::<fn(rusqlite::backup::Progress)>).unwrap();
    let mut store = SqliteStore::open(&path, Mapping::own(), shop.facts.lens.zone.clone()).unwrap();
    let lens = shop.facts.lens.clone();
    let facts = store.read(report::needs(&spec, &lens), lens).unwrap();
    let report = Story::of(&facts, &spec);
    let columns = report.roster_columns();
    let mut rows = Vec::new();
    let every = report.each_row(|row| {
        assert_eq!(row.len(), columns.len(), "{columns:?}");
        rows.push(columns.iter().copied().zip(row.iter().cloned()).collect());
        Ok::<(), ()>(())
    });
    every.unwrap();
    assert_eq!(rows.len(), facts.customers.len());
    rows
}

fn settings(basis: Basis) -> Settings {
    Settings { basis, ..Settings::default() }
}

fn count(row: &BTreeMap<&str, Value>, column: &str) -> i128 {
    match row[column] {
        Value::Count(n) => n,
        Value::Money(money) => money.minor,
        Value::Empty => 0,
        ref other => panic!("{column}: {other:?}"),
    }
}

fn sum(rows: &[BTreeMap<&'static str, Value>], column: &str) -> i128 {
    rows.iter().map(|row| count(row, column)).sum()
}

#[test]
fn every_report_has_a_row_for_each_customer_on_both_bases() {
    for (_, kind) in ReportKind::ALL {
        for basis in [Basis::Contract, Basis::Inactivity(45)] {
            let rows = roster(shop(), kind, &settings(basis));
            assert!(rows.iter().any(|row| count(row, "active") == 1), "{kind:?}");
        }
    }
}

#[test]
fn what_became_of_each_adds_up_to_the_counts() {
    let shop = shop();
    for basis in [Basis::Contract, Basis::Inactivity(45)] {
        let settings = settings(basis);
        let rows = roster(shop, ReportKind::Churn, &settings);
        let panel = Panel::of(&shop.facts, &settings);
        let month = crate::demo_shop::october(shop.facts.lens.today());
        let counts = panel.counts(&panel.customers, &month);
        let moved = panel.movements(&panel.customers, &month);
        let of =
            |fate: Fate| rows.iter().filter(|row| row["fate"] == Value::from(fate.name())).count() as i128;
        assert_eq!(
            [
                of(Fate::Churned),
                of(Fate::Retained),
                of(Fate::New),
                of(Fate::Reactivated),
                of(Fate::JoinedAndLeft)
            ],
            [counts.churned, counts.retained, counts.new, counts.reactivated, counts.joined_and_left]
        );
        assert_eq!(sum(&rows, "departures"), counts.departures);
        assert_eq!(
            (sum(&rows, "revenue_before"), sum(&rows, "revenue_after")),
            (moved.opening, moved.closing)
        );
    }
}

#[test]
fn what_each_brought_is_what_sql_says() {
    let shop = shop();
    let rows = roster(shop, ReportKind::Value, &settings(Basis::Inactivity(45)));
    let sql = "SELECT customer_id, count(*), sum(amount_minor), sum(amount_minor - coalesce(cost_minor, 0)),
                 substr(min(at), 1, 10)
               FROM transactions WHERE coalesce(currency, 'BRL') = 'BRL' AND at <= '2026-11-02T08:00:00' GROUP BY 1";
    let sql_of = shop.sql();
    let mut statement = sql_of.prepare(sql).unwrap();
    let mut expected: BTreeMap<String, (i128, i128, i128)> = BTreeMap::new();
    let mut found = statement.query([]).unwrap();
    while let Some(row) = found.next().unwrap() {
        let id = match row.get_ref(0).unwrap() {
            rusqlite::types::ValueRef::Integer(n) => n.to_string(),
            other => other.as_str().unwrap().to_owned(),
        };
        let n = |at| i128::from(row.get::<_, i64>(at).unwrap());
        expected.insert(id, (n(1), n(2), n(3)));
    }
    for row in &rows {
        let Value::Text(id) = &row["customer"] else { panic!("{row:?}") };
        let told = (count(row, "transactions"), count(row, "historic"), count(row, "historic_net"));
        assert_eq!(told, expected.get(id).copied().unwrap_or_default(), "{id}");
    }
}

#[test]
fn what_models_say_of_each_adds_up_to_what_they_say_of_all() {
    let shop = shop();
    let settings_of = settings(Basis::Inactivity(45));
    let rows = roster(shop, ReportKind::Value, &settings_of);
    let panel = Panel::of(&shop.facts, &settings_of);
    let buying = panel.ahead(&panel.customers, 0).unwrap();
    let share = |row: &BTreeMap<&str, Value>| match row["p_alive"] {
        Value::Percent(share) => Some(share),
        Value::Empty => None,
        ref other => panic!("{other:?}"),
    };
    let alive: Vec<f64> = rows.iter().filter_map(share).collect();
    assert_eq!(alive.len(), buying.buyers);
    assert!(alive.iter().all(|share| (0.0..=1.0).contains(share)));
    assert_eq!(alive.iter().filter(|share| **share < 0.5).count(), buying.probably_gone);
    // Each is rounded to minor units.
    let value = sum(&rows, "clv") as f64;
    assert!(
        (value - buying.value_minor).abs() <= buying.buyers as f64 / 2.0,
        "{value} {}",
        buying.value_minor
    );
    assert!(rows.iter().all(|row| (row["p_alive"] == Value::Empty) == (row["repeats"] == Value::Empty)));
    // Of contracts, those that run: a month's margin times the months they can be expected to be paid.
    let settings_of = settings(Basis::Contract);
    let rows = roster(shop, ReportKind::Value, &settings_of);
    let ahead = rows.iter().filter(|row| row["clv"] != Value::Empty).count();
    let active = rows.iter().filter(|row| count(row, "active") == 1).count();
    assert!(ahead > 1_000 && ahead <= active, "{ahead} of {active}");
    let months = f64::from(settings_of.horizon_months);
    let paid = |row: &BTreeMap<&str, Value>| match row["payments_ahead"] {
        Value::Number(n, _) => n > 0.0 && n < months,
        _ => true,
    };
    assert!(rows.iter().all(paid));
}

#[test]
fn scores_are_those_of_the_report() {
    let shop = shop();
    let settings_of = settings(Basis::Contract);
    let rows = roster(shop, ReportKind::Rfm, &settings_of);
    let panel = Panel::of(&shop.facts, &settings_of);
    let scorer = panel.rfm(&panel.customers);
    let mut expected: BTreeMap<&str, i128> = BTreeMap::new();
    for scored in panel.customers.iter().filter_map(|customer| scorer.score(*customer)) {
        *expected.entry(scored.standing().name()).or_default() += 1;
    }
    let mut found: BTreeMap<&str, i128> = BTreeMap::new();
    for row in &rows {
        if let Value::Text(name) = &row["standing"] {
            *found.entry(name).or_default() += 1;
            assert!(
                ["recency", "frequency", "value"].iter().all(|score| (1..=5).contains(&count(row, score)))
            );
        }
    }
    assert_eq!(found, expected);
    let risks = roster(shop, ReportKind::Care, &settings_of);
    let at_risk = risks.iter().filter(|row| count(row, "risk") >= 50).count();
    assert_eq!(at_risk, panel.risks(&panel.customers, 1).at_risk);
    // Row by row what the list of the highest says, and 0 where nothing speaks for it.
    let told: BTreeMap<u32, String> = panel
        .risks(&panel.customers, usize::MAX)
        .highest
        .into_iter()
        .map(|risk| {
            let points =
                risk.shares.iter().map(|share| format!("{} {}", share.seen.factor.name(), share.points));
            (risk.customer, format!("{}: {}", risk.score, points.collect::<Vec<_>>().join(", ")))
        })
        .collect();
    let mut looked = [0; 3];
    for (customer, row) in (0u32..).zip(&risks) {
        let (risk, points) = match (&row["risk"], &row["risk_points"]) {
            (Value::Empty, points) => (None, points),
            (Value::Count(score), points) => (Some(*score), points),
            other => panic!("{other:?}"),
        };
        match (told.get(&customer), risk, points) {
            (Some(told), Some(score), Value::Text(points)) => {
                assert_eq!(*told, format!("{score}: {points}"));
                looked[0] += 1;
            }
            (None, Some(0), Value::Text(points)) => {
                assert_eq!((points.as_str(), count(row, "active")), ("", 1));
                looked[1] += 1;
            }
            (None, None, Value::Empty) => {
                assert_eq!(count(row, "active"), 0);
                looked[2] += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(looked.iter().all(|n| *n > 10), "{looked:?}");
}

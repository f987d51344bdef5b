//! Value, costs, and why customers left on the demo's shop: against SQL that was written from the definitions, for the
//! whole and for each segment.

use std::collections::BTreeMap;

use retaind::domain::Ratio;
use retaind::domain::customer::CancelKind;
use retaind::metrics::churn::{by_kind, by_reason};
use retaind::metrics::{Basis, Definition, Panel, Settings, Split};
use rusqlite::Params;

use crate::demo_shop::{Shop, october, shop};

/// What each customer brought up to the moment of the report, and what that is less costs at `?2` thousandths of what
/// names none; of the segment `?1`, or of all.
const BROUGHT: &str = "
WITH brought AS (
  SELECT customer_id AS c, sum(amount_minor) AS m, sum(coalesce(cost_minor, 0)) AS cost,
    sum(CASE WHEN cost_minor IS NULL THEN amount_minor ELSE 0 END) AS uncosted
  FROM transactions JOIN customers ON customers.id = customer_id
  WHERE coalesce(currency, 'BRL') = 'BRL' AND at <= '2026-11-02T08:00:00' AND (?1 IS NULL OR segment = ?1)
  GROUP BY customer_id),
placed AS (
  SELECT m, row_number() OVER (ORDER BY m DESC, c) AS place, count(*) OVER () AS n FROM brought)";

fn ask(shop: &Shop, sql: &str, parameters: impl Params) -> Vec<i128> {
    let connection = shop.sql();
    connection
        .query_row(sql, parameters, |row| {
            let columns = row.as_ref().column_count();
            (0..columns).map(|at| row.get::<_, i64>(at).map(i128::from)).collect()
        })
        .unwrap()
}

fn scopes(panel: &Panel<'_>) -> Vec<(Option<String>, Vec<u32>)> {
    let segments = panel.split(Split::Segment, &october(panel.facts.lens.today()));
    assert!(segments.len() > 2);
    [(None, panel.customers.clone())].into_iter().chain(segments).collect()
}

#[test]
fn value_so_far_and_how_uneven_it_is_are_what_sql_says() {
    let shop = shop();
    for thousandths in [0, 350] {
        let cost_rate = Ratio::of(thousandths, 1000).filter(|rate| rate.numerator() > 0);
        let settings = Settings { cost_rate, ..Settings::default() };
        let panel = Panel::of(&shop.facts, &settings);
        for (segment, customers) in scopes(&panel) {
            let sql =
                format!("{BROUGHT} SELECT count(*), sum(m), sum(m) - sum(cost), sum(uncosted) FROM brought");
            let [buyers, sum, after_costs, uncosted] = ask(shop, &sql, [&segment])[..] else { panic!() };
            assert!(buyers > 10, "{segment:?}");
            let value = panel.value_so_far(&customers);
            assert_eq!((value.customers, value.historic_minor), (buyers, sum), "{segment:?}");
            let net = Ratio::of(after_costs * 1000 - uncosted * thousandths, 1000).unwrap().rounded();
            assert_eq!(value.historic_net_minor, net, "{segment:?} {thousandths}");
            let sql = format!(
                "{BROUGHT} SELECT sum(m), count(*) FROM placed WHERE place IN ((n + 1) / 2, n / 2 + 1)"
            );
            let [middle, of] = ask(shop, &sql, [&segment])[..] else { panic!() };
            assert_eq!(value.median_minor, Ratio::of(middle, of).map(|median| median.rounded()));
            let sql = format!(
                "{BROUGHT} SELECT
                   sum(CASE WHEN place <= (n * 2 + 9) / 10 THEN m ELSE 0 END),
                   sum(CASE WHEN place <= (n * 3 + 9) / 10 THEN m ELSE 0 END),
                   2 * sum((n + 1 - place) * max(m, 0)) - (n + 1) * sum(max(m, 0)), n * sum(max(m, 0))
                 FROM placed"
            );
            let [top_20, top_30, above, below] = ask(shop, &sql, [&segment])[..] else { panic!() };
            assert_eq!((value.top_20, value.top_30), (Ratio::of(top_20, sum), Ratio::of(top_30, sum)));
            assert_eq!(value.gini, Ratio::of(above, below), "{segment:?}");
        }
        // The margin of all is what is left of their revenue.
        let sql = format!("{BROUGHT} SELECT sum(m), sum(m) - sum(cost), sum(uncosted) FROM brought");
        let [sum, after_costs, uncosted] = ask(shop, &sql, [None::<String>])[..] else { panic!() };
        let margin = Ratio::of(after_costs * 1000 - uncosted * thousandths, sum * 1000).unwrap();
        assert!((panel.gross_margin().approximate() - margin.approximate()).abs() < 1e-12);
        assert_eq!(panel.uncosted_share(), Ratio::of(uncosted, sum));
    }
}

#[test]
fn why_they_left_is_what_the_contract_says_that_ended_last() {
    let shop = shop();
    let settings = Settings { basis: Basis::Contract, ..Settings::default() };
    let panel = Panel::of(&shop.facts, &settings);
    let month = october(shop.facts.lens.today());
    let (first, last) = (month.start.date().to_string(), month.last().date().to_string());
    let sql = "
      WITH gone AS (
        SELECT id FROM customers WHERE (?3 IS NULL OR segment = ?3)
          AND EXISTS (SELECT 1 FROM active_contract WHERE c = id AND s < ?1 AND ?1 <= e)
          AND NOT EXISTS (SELECT 1 FROM active_contract WHERE c = id AND s <= ?2 AND ?2 < e)),
      ended AS (
        SELECT customer_id, cancel_kind, cancel_reason, row_number() OVER (
            PARTITION BY customer_id ORDER BY ends_on DESC, starts_on DESC) AS nth
        FROM subscriptions JOIN gone ON gone.id = customer_id WHERE ends_on <= ?2)
      SELECT coalesce(cancel_kind, ''), coalesce(cancel_reason, ''), count(*) FROM ended WHERE nth = 1 GROUP BY 1, 2";
    for (segment, customers) in scopes(&panel) {
        let (mut kinds, mut reasons) = (BTreeMap::new(), BTreeMap::new());
        {
            let connection = shop.sql();
            let mut statement = connection.prepare(sql).unwrap();
            let mut rows = statement.query((&first, &last, &segment)).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let kind = match row.get::<_, String>(0).unwrap().as_str() {
                    "voluntary" => CancelKind::Voluntary,
                    "involuntary" => CancelKind::Involuntary,
                    _ => CancelKind::Unknown,
                };
                let reason = Some(row.get::<_, String>(1).unwrap()).filter(|reason| !reason.is_empty());
                let n = i128::from(row.get::<_, i64>(2).unwrap());
                *kinds.entry(kind).or_default() += n;
                *reasons.entry(reason).or_insert(0) += n;
            }
        }
        let gone = panel.leavers(&customers, &month, Definition::Cohort);
        assert!(segment.is_some() || gone.len() > 20);
        assert_eq!(by_kind(&gone), kinds, "{segment:?}");
        let found: BTreeMap<Option<String>, i128> =
            by_reason(&gone).into_iter().map(|(reason, n, _)| (reason, n)).collect();
        assert_eq!(found, reasons, "{segment:?}");
    }
}

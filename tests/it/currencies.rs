//! A shop that sells in several currencies: two are never added. They are converted by the day's rate, or each is told
//! alone.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value as Json;

/// Three customers; the second pays in dollars, the third in euros; what names no currency is in the store's own.
const SHOP: &str = "
INSERT INTO customers (id, name, segment) VALUES ('1', 'Ana', 'a'), ('2', 'Bo', 'a'), ('3', 'Cai', 'b');
INSERT INTO subscriptions (id, customer_id, mrr_minor, currency, starts_on) VALUES
  ('1', '1', 10000, NULL, '2026-01-01'), ('2', '2', 2000, 'USD', '2026-01-01'), ('3', '3', 700, 'EUR', '2026-01-01');
INSERT INTO transactions (id, customer_id, at, amount_minor, currency, cost_minor) VALUES
  ('1', '1', '2026-09-01', 50000, 'BRL', 20000), ('2', '1', '2026-09-02', 1000, NULL, 300),
  ('3', '2', '2026-09-03', 4000, 'USD', 1500), ('4', '2', '2026-10-03', 2000, 'usd', 500),
  ('5', '2', '2026-10-04', -500, 'USD', NULL), ('6', '3', '2026-10-05', 900, 'EUR', 100),
  ('7', '3', '2026-10-06', 300, NULL, 10);";

const CONFIG: &str = r#"
[store]
path = "shop.db"
zone = "America/Sao_Paulo"
currency = "BRL"
[store.rates.USD]
2026-01-01 = 5.0
2026-10-01 = 5.5
[value]
cac_minor = 1_000
[channels.crm]
kind = "folder"
folder = "mails"
from = "Shop <shop@example.com>"
[people.ana]
name = "Ana"
email = "ana@example.com"
via = ["crm"]
[ops]
to = ["ana"]
[jobs.dollars]
kind = "report"
report = "value"
currency = "USD"
cron = "0 8 * * MON"
to = ["ana"]
[jobs.growth]
kind = "watch"
metric = "revenue_closing"
below = 2_500
currency = "USD"
cron = "0 8 * * *"
to = ["ana"]
"#;

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sql = Connection::open(folder.path().join("shop.db")).unwrap();
    sql.execute_batch(&retaind::store::relation::schema()).unwrap();
    sql.execute_batch(SHOP).unwrap();
    std::fs::write(folder.path().join("retaind.toml"), CONFIG).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retaind"));
    command.arg("--config").arg(folder.join("retaind.toml")).args(arguments);
    command.env_remove("STATE_DIRECTORY").env_remove("RUST_LOG");
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

fn report(folder: &Path, arguments: &[&str]) -> Json {
    let fixed = ["report", "value", "--json", "--at", "2026-11-02T08:00:00-03:00"];
    let (code, text) = run(folder, &[&fixed, arguments].concat());
    assert_eq!(code, 0, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The row of October in the trend.
fn october<'j>(report: &'j Json, metric: &str) -> &'j Json {
    let tables = report["tables"].as_array().unwrap();
    let trend = tables.iter().find(|table| table["name"] == "trend").unwrap();
    &trend["rows"].as_array().unwrap().last().unwrap()[metric]
}

fn notes(report: &Json) -> Vec<&str> {
    report["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

#[test]
fn money_is_converted_or_each_currency_is_told_alone() {
    let folder = shop();
    let folder = folder.path();
    let money = |amount: &str, currency: &str| serde_json::json!({ "amount": amount, "currency": currency });
    // All in reais, dollars at the rate of their day; euros have none, and are in no sum.
    let all = report(folder, &[]);
    // 500 + 10 + 3 in reais; 40 × 5 + 20 × 5.5 − 5 × 5.5 in dollars.
    assert_eq!(*october(&all, "historic"), money("795.50", "BRL"));
    assert!(notes(&all).iter().any(|note| note.contains("are converted, most lately at 5.5000 BRL")));
    assert!(
        notes(&all)
            .iter()
            .any(|note| note.contains("€9 has no rate and is in no figure of money (transactions: 1)")),
        "{all:#}"
    );
    assert_ne!(*october(&all, "ltv_to_cac"), Json::Null);
    // One by one: what names no currency is in the store's, whichever is told.
    for (code, sum, net, apart) in [
        ("BRL", "513.00", "309.90", ["$55", "€9"]),
        ("USD", "55.00", "35.00", ["R$513", "€9"]),
        ("EUR", "9.00", "8.00", ["R$513", "$55"]),
    ] {
        let alone = report(folder, &["--currency", code]);
        assert_eq!(alone["about"]["currency"], code);
        assert_eq!(*october(&alone, "historic"), money(sum, code), "{code}");
        assert_eq!(*october(&alone, "historic_net"), money(net, code), "{code}");
        let said = notes(&alone).join("\n");
        assert!(said.contains(&format!("Only contracts and purchases in {code} count")), "{said}");
        for amount in apart {
            assert!(said.contains(&format!("Apart from it: {amount} (")), "{amount}: {said}");
        }
        assert!(!said.contains("converted, most"), "{said}");
        // What a customer costs to win is an amount in reais.
        assert_eq!(october(&alone, "ltv_to_cac").is_null(), code != "BRL", "{code}");
    }
}

#[test]
fn a_job_tells_its_own_currency() {
    let folder = shop();
    let folder = folder.path();
    let out = folder.join("mails");
    let out = out.to_str().unwrap();
    let (code, said) = run(folder, &["preview", "growth", "--at", "2026-11-02T08:00", "--out", out]);
    assert_eq!(code, 0, "{said}");
    // One contract of $20; those in other currencies are as if they were not.
    assert!(said.contains("would breach: $20, under $25"), "{said}");
    let (code, said) = run(folder, &["report", "value", "--job", "dollars", "--at", "2026-11-02T08:00"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Only contracts and purchases in USD count"), "{said}");
    let (code, said) = run(folder, &["report", "value", "--currency", "dollars"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("unknown currency `dollars`"), "{said}");
}

/// One currency alone is what a shop would be that has nothing in others: who is a customer, what they bought and what the
/// models make of it.
#[test]
fn one_currency_alone_is_a_shop_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut sql = Connection::open(folder.join("shop.db")).unwrap();
    sql.execute_batch(&retaind::store::relation::schema()).unwrap();
    retaind::demo::build(&mut sql).unwrap();
    sql.execute_batch(
        "UPDATE transactions SET currency = CASE rowid % 3 WHEN 0 THEN 'USD' WHEN 1 THEN '' ELSE 'EUR' END;
         UPDATE subscriptions SET currency = CASE rowid % 3 WHEN 0 THEN 'USD' WHEN 1 THEN NULL ELSE 'EUR' END",
    )
    .unwrap();
    std::fs::write(folder.join("retaind.toml"), CONFIG).unwrap();
    let kinds = ["churn", "value", "rfm", "cohort", "survival", "executive"];
    let tell = |kind: &str, basis: &str, more: &[&str]| {
        let config = std::fs::read_to_string(folder.join("retaind.toml")).unwrap();
        let (before, _) = config.split_once("\n[churn]").unwrap_or((&config, ""));
        std::fs::write(folder.join("retaind.toml"), format!("{before}\n[churn]\nbasis = \"{basis}\"\n"))
            .unwrap();
        let fixed = ["report", kind, "--json", "--at", "2026-11-02T08:00:00-03:00"];
        let (code, text) = run(folder, &[&fixed, more].concat());
        assert_eq!(code, 0, "{text}");
        let mut report: Json = serde_json::from_str(&text).unwrap();
        report["notes"] = Json::Null;
        report
    };
    let all = |more: &[&str]| -> Vec<Json> {
        let bases = ["contract", "inactivity"];
        kinds.iter().flat_map(|kind| bases.map(|basis| tell(kind, basis, more))).collect()
    };
    let (mixed, alone) = (all(&[]), all(&["--currency", "USD"]));
    sql.execute_batch(
        "DELETE FROM transactions WHERE currency IS NOT 'USD'; DELETE FROM subscriptions WHERE currency IS NOT 'USD'",
    )
    .unwrap();
    let config =
        CONFIG.replace("currency = \"BRL\"", "currency = \"USD\"").replace("cac_minor = 1_000\n", "");
    let rates = config.find("[store.rates.USD]").unwrap()..config.find("[value]").unwrap();
    let config = config.replace(&config[rates], "");
    std::fs::write(folder.join("retaind.toml"), config).unwrap();
    for ((alone, plain), mixed) in alone.iter().zip(all(&[])).zip(mixed) {
        assert_eq!(*alone, plain);
        assert_ne!(*alone, mixed);
    }
}

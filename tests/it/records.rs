//! What is written as JSON is what its JSON Schema says: every kind of report on the demo's shop, on both
//! bases, in every language; a digest's list and a notice.

use std::collections::BTreeSet;

use retaind::document::{Document, Kind};
use retaind::domain::PeriodKind;
use retaind::job::report;
use retaind::job::{ReportKind, ReportSpec, sample};
use retaind::metrics::{Basis, Metric, PeriodChoice, Settings, Split};
use retaind::render::locale::tags;
use retaind::render::record::{Record, schema};
use retaind::render::{Locale, view};
use serde_json::{Value as Json, json};

use crate::demo_shop::shop;
use crate::languages::{leftovers, texts};
use crate::metrics::store;

/// What of `value` is not as `schema` says. A keyword that is not known here is told, too: nothing in the
/// schema goes unchecked. A field that the schema does not have is not documented.
pub(crate) fn wrong(root: &Json, schema: &Json, value: &Json, path: &str) -> Vec<String> {
    let mut told = Vec::new();
    let Some(keywords) = schema.as_object() else { return told };
    for (keyword, says) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let pointer = says.as_str().unwrap().trim_start_matches('#');
                told.extend(wrong(root, root.pointer(pointer).unwrap(), value, path));
            }
            "anyOf" | "oneOf" => {
                let choices: Vec<_> =
                    says.as_array().unwrap().iter().map(|choice| wrong(root, choice, value, path)).collect();
                let fit = choices.iter().filter(|wrong| wrong.is_empty()).count();
                if fit == 0 || keyword == "oneOf" && fit > 1 {
                    told.push(format!("{path}: {value} fits {fit} of {}", choices.len()));
                }
            }
            "type" => {
                let types = says.as_array().map_or_else(|| vec![says], |all| all.iter().collect());
                if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                    told.push(format!("{path}: {value} is no {says}"));
                }
            }
            "const" if says != value => told.push(format!("{path}: {value} is not {says}")),
            "enum" if !says.as_array().unwrap().contains(value) => {
                told.push(format!("{path}: {value} is none of {says}"));
            }
            "minimum" if value.as_f64() < says.as_f64() => told.push(format!("{path}: {value} < {says}")),
            "required" => {
                let missing = says.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                let missing = missing.filter(|name| value.is_object() && value.get(name).is_none());
                told.extend(missing.map(|name| format!("{path}: no `{name}`")));
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    match says.get(name) {
                        Some(schema) => told.extend(wrong(root, schema, inner, &format!("{path}.{name}"))),
                        None => told.push(format!("{path}: `{name}` is not documented")),
                    }
                }
            }
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    told.extend(wrong(root, says, inner, &format!("{path}.{name}")));
                }
            }
            "items" => {
                for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
                    told.extend(wrong(root, says, inner, &format!("{path}[{n}]")));
                }
            }
            "const" | "enum" | "minimum" | "description" | "title" | "$schema" | "$defs" | "format" => {}
            other => told.push(format!("the schema says `{other}`, which is not checked")),
        }
    }
    told
}

fn is(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}

fn record(document: &Document, locale: &Locale) -> Json {
    let (view, _) = view::view(document, locale);
    serde_json::to_value(Record::of(document, &view, locale, "report", "ana")).unwrap()
}

fn table<'j>(record: &'j Json, name: &str) -> Option<&'j Json> {
    record["tables"].as_array().unwrap().iter().find(|table| table["name"] == name)
}

#[test]
fn every_report_is_what_the_schema_says() {
    let shop = shop();
    let mut store = store(shop);
    let schema = schema();
    for (name, kind) in ReportKind::ALL {
        for basis in [Basis::Contract, Basis::Inactivity(45)] {
            let spec = ReportSpec {
                kind,
                period: PeriodChoice { kind: PeriodKind::Month, current: false },
                settings: Settings { basis, cac_minor: Some(40_000), ..Settings::default() },
                splits: vec![Split::Segment, Split::Owner],
                attach: Vec::new(),
                fresh: None,
            };
            let document = store.report(&spec);
            for tag in tags() {
                let locale = Locale::load(tag).unwrap();
                is_worded_whole(&document, &locale);
                let record = record(&document, &locale);
                let wrong = wrong(&schema, &schema, &record, "");
                assert!(wrong.is_empty(), "{name} {basis:?} {tag}:\n{}", wrong.join("\n"));
                assert_eq!(record["schema"], "retaind.report/1");
                assert_eq!(record["about"]["report"], name);
                assert_eq!(
                    record["about"]["periods"][0],
                    json!({ "from": "2026-10-01", "to": "2026-10-31" })
                );
                let figures = record["figures"].as_array().unwrap();
                let keys: BTreeSet<&str> = figures.iter().map(|f| f["key"].as_str().unwrap()).collect();
                assert_eq!(keys.len(), figures.len(), "{name}: each figure has a key of its own");
                assert!(!figures.is_empty(), "{name} has no figures");
                holds_its_metrics(&record, (kind, basis), name);
            }
        }
    }
}

/// Mail, text and sheets: every word of them is there.
fn is_worded_whole(document: &Document, locale: &Locale) {
    let view = serde_json::to_value(view::words(document, locale)).unwrap();
    let files = document.files();
    let sheets = files.iter().flat_map(|sheet| {
        let headings = sheet.columns.iter().map(|column| locale.say(&column.title));
        let rows = sheet.rows.iter().take(50).flatten().map(|value| locale.value(value));
        headings.chain(rows).chain([locale.say(&sheet.title)]).collect::<Vec<_>>()
    });
    let keys = locale.keys();
    for text in texts(&view).into_iter().chain(sheets) {
        assert_eq!(leftovers(&text, &keys), [""; 0], "{}: {text:?}", locale.tag());
    }
}

/// The tables of a report hold each of its metrics, by name, in the order of time.
fn holds_its_metrics(record: &Json, (kind, basis): (ReportKind, Basis), name: &str) {
    let metrics = report::metrics(kind);
    let tables = ["trend", "by_segment", "by_owner"].map(|table_name| table(record, table_name));
    let [trend, segments, owners] = tables.map(Option::unwrap);
    assert_eq!(trend["rows"].as_array().unwrap().len(), 13, "{name}");
    assert_eq!(trend["rows"][12]["period"], record["about"]["periods"][0]);
    let has = |table: &Json, metric: Metric| table["rows"][0].get(metric.name()).is_some();
    for metric in metrics {
        let is_told = metric.is_told_on(basis);
        assert_eq!(has(trend, metric), is_told, "{name}: {metric:?}");
        assert_eq!(has(segments, metric), metric.splits() && is_told, "{name}: {metric:?}");
        assert_eq!(has(owners, metric), metric.splits() && is_told, "{name}: {metric:?}");
    }
    let periods = |group: &str| {
        let rows = segments["rows"].as_array().unwrap().iter().filter(|row| row["segment"] == group);
        rows.map(|row| row["period"]["from"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let group = segments["rows"][0]["segment"].as_str().unwrap();
    assert_eq!(periods(group), ["2025-10-01", "2026-09-01", "2026-10-01"], "{name}");
}

#[test]
fn digests_and_notices_are_what_the_schema_says() {
    let schema = schema();
    let locale = Locale::load("en").unwrap();
    for (kind, name) in [
        (Kind::Report, "retaind.report/1"),
        (Kind::Digest, "retaind.digest/1"),
        (Kind::Notice, "retaind.notice/1"),
        (Kind::Breach, "retaind.breach/1"),
    ] {
        let record = record(&sample::document(kind).unwrap(), &locale);
        assert_eq!(wrong(&schema, &schema, &record, ""), Vec::<String>::new());
        assert_eq!(record["schema"], name);
        assert_eq!(record["items"].as_array().unwrap().is_empty(), kind != Kind::Digest);
    }
}

#[test]
fn the_check_can_fail() {
    let schema = schema();
    let locale = Locale::load("en").unwrap();
    let good = record(&sample::document(Kind::Report).unwrap(), &locale);
    let broken = |change: &dyn Fn(&mut Json)| {
        let mut record = good.clone();
        change(&mut record);
        wrong(&schema, &schema, &record, "").len()
    };
    assert_eq!(broken(&|_| {}), 0);
    assert_eq!(broken(&|r| r["schema"] = json!("retaind.report/9")), 1);
    assert_eq!(broken(&|r| r["extra"] = json!(1)), 1);
    assert_eq!(broken(&|r| drop(r.as_object_mut().unwrap().remove("subject"))), 1);
    assert_eq!(broken(&|r| r["tables"][0]["of"] = json!(-1)), 1);
    assert_eq!(broken(&|r| r["figures"][0]["values"][0] = json!({ "rate": "high" })), 1);
    assert_eq!(broken(&|r| r["lead"] = json!([1])), 1);
}

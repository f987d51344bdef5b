//! Languages agree: the same keys with the same values in each, none missing, none left over, and
//! numbers as each language writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use icu_plurals::{PluralCategory, PluralRules};
use retaind::document::{Kind, Say, Value};
use retaind::domain::{Currency, Day, Money, Period, PeriodKind, Ratio};
use retaind::job::ReportKind;
use retaind::metrics::Split;
use retaind::metrics::definition::{Band, Definition};
use retaind::render::Locale;
use retaind::render::locale::{serving, tags};
use retaind::render::view;

fn locale(tag: &str) -> Locale {
    Locale::load(tag).unwrap()
}

/// The file of a language, as it is written.
fn file(tag: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("locales/{tag}.toml"));
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// Keys that the code puts together: the text before the last dot (or after it, for endings), where it
/// is put together, and its members as the code has them.
#[expect(clippy::too_many_lines, reason = "one table")]
fn families() -> Vec<(&'static str, &'static str, Vec<String>)> {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let notice = own(&["subject", "title", "lead"]);
    let letter = own(&["subject", "lead"]);
    let basis = own(&["mrr", "revenue"]);
    vec![
        ("action", "src/render/view/block.rs", own(&["done", "snooze"])),
        (
            "band",
            "src/job/report/headline.rs",
            [Band::Established, Band::Growing, Band::General].map(|b| b.name().to_owned()).to_vec(),
        ),
        (
            "chart.moved",
            "src/job/report/charts.rs",
            own(&["opening", "new", "reactivation", "expansion", "contraction", "churned", "closing"]),
        ),
        ("chart.moved.grew", "src/job/report/mod.rs", basis.clone()),
        ("chart.moved.shrank", "src/job/report/mod.rs", basis.clone()),
        ("chart.moved.stayed", "src/job/report/mod.rs", basis.clone()),
        ("column", "src/job/report/tables.rs", columns()),
        ("contact", "src/care/digest.rs", own(&["call", "visit", "email", "meeting"])),
        ("figure.money", "src/job/report/mod.rs", basis.clone()),
        (
            "metric",
            "src/job/report/trend.rs",
            retaind::metrics::Metric::all().map(|metric| metric.name().to_owned()).collect(),
        ),
        ("definition", "src/job/report/notes.rs", Definition::ALL.map(|d| d.name().to_owned()).to_vec()),
        (
            "flaw",
            "src/job/report/notes.rs",
            retaind::domain::Wrong::ALL.map(|(name, _)| name.to_owned()).to_vec(),
        ),
        ("note.definition", "src/job/report/notes.rs", Definition::ALL.map(|d| d.name().to_owned()).to_vec()),
        ("greeting.anniversary", "src/job/greetings.rs", letter.clone()),
        ("greeting.birthday", "src/job/greetings.rs", letter.clone()),
        ("greeting.important", "src/job/greetings.rs", letter.clone()),
        ("greeting.joined", "src/job/greetings.rs", letter.clone()),
        ("greeting.renews", "src/job/greetings.rs", letter.clone()),
        ("greeting.renews_today", "src/job/greetings.rs", letter),
        ("notice.channel", "src/job/sample/mod.rs", notice.clone()),
        ("notice.failed", "src/job/sample/mod.rs", notice.clone()),
        ("notice.held", "src/job/sample/mod.rs", notice.clone()),
        ("notice.left_out", "src/job/sample/mod.rs", notice.clone()),
        ("notice.pages", "src/job/sample/mod.rs", notice.clone()),
        ("notice.silence", "src/job/sample/mod.rs", notice.clone()),
        ("notice.stopped", "src/job/sample/mod.rs", notice.clone()),
        ("notice.test", "src/job/sample/mod.rs", notice),
        ("report.lead.grew", "src/job/report/mod.rs", basis.clone()),
        ("report.lead.shrank", "src/job/report/mod.rs", basis.clone()),
        ("report.lead.who", "src/job/report/mod.rs", basis),
        (
            "report.title",
            "src/job/report/mod.rs",
            ReportKind::ALL.iter().map(|(name, _)| (*name).to_owned()).collect(),
        ),
        (
            "relation",
            "src/job/report/notes.rs",
            retaind::store::relation::ALL.iter().map(|relation| relation.name.to_owned()).collect(),
        ),
        (
            "split",
            "src/job/report/tables.rs",
            Split::ALL.iter().map(|(name, _)| (*name).to_owned()).collect(),
        ),
        (
            "standing",
            "src/job/report/rfm.rs",
            retaind::metrics::rfm::Standing::ALL.iter().map(|(name, _)| (*name).to_owned()).collect(),
        ),
        (
            "table",
            "src/job/report/tables.rs",
            own(&[
                "left",
                "reasons",
                "top",
                "trend",
                "restated",
                "value",
                "standings",
                "pressing",
                "moved",
                "movers",
                "open_complaints",
                "standing_groups",
                "cohorts",
                "cohort_revenue",
                "cohort_groups",
                "survival",
                "survival_groups",
                "compliance",
                "complaints",
                "sources",
                "nps",
                "ahead",
                "calibration",
            ]),
        ),
        ("team", "src/care/team.rs", own(&["done", "snooze", "hand_over", "not_mine"])),
    ]
}

/// What [`families`] is held against: each place that puts a key together, and how many.
const BUILDERS: &[(&str, &str, usize)] = &[
    ("src/care/digest.rs", "contact.{kind}", 1),
    ("src/care/digest.rs", "column.{name}", 1),
    ("src/care/team.rs", "team.{act}", 1),
    ("src/job/greetings.rs", "greeting.{occasion}.{part}", 1),
    ("src/job/report/charts.rs", "chart.moved.{key}", 1),
    ("src/job/report/charts.rs", "metric.{}", 1),
    ("src/job/report/headline.rs", "band.{}", 1),
    ("src/job/report/mod.rs", "report.title.{}", 1),
    ("src/job/report/mod.rs", "{key}.{}", 1),
    ("src/job/report/movers.rs", "chart.moved.{}", 1),
    ("src/job/report/notes.rs", "note.definition.{}", 1),
    ("src/job/report/notes.rs", "definition.{}", 1),
    ("src/job/report/notes.rs", "flaw.{}", 1),
    ("src/job/report/notes.rs", "relation.{relation}", 1),
    ("src/job/report/restated/told.rs", "metric.{}", 2),
    ("src/job/report/rfm.rs", "standing.{}", 1),
    ("src/job/report/tables.rs", "column.{name}", 1),
    ("src/job/report/tables.rs", "table.{name}", 1),
    ("src/job/report/tables.rs", "split.{}", 1),
    ("src/job/report/trend.rs", "metric.{}", 1),
    ("src/job/sample/mod.rs", "{key}.{part}", 1),
    ("src/render/view/block.rs", "action.{}", 1),
    ("src/job/watch/replay.rs", "metric.{}", 1),
    ("src/job/watch/words.rs", "metric.{}", 1),
];

/// The columns of every table, as the code names them: in lists of names handed to `column`.
fn columns() -> Vec<String> {
    let mut names = BTreeSet::new();
    for (path, text) in sources() {
        if path.contains("job/report/") || path.ends_with("care/digest.rs") {
            for (start, _) in text.match_indices("column") {
                // From the name of the function (or its list) to the end of the statement.
                let before = text[..start].rfind(';').map_or(0, |at| at + 1);
                let end = text[start..].find(';').map_or(text.len(), |at| start + at);
                let statement = &text[before..end];
                names.extend(literals(statement).into_iter().filter(|name| is_word(name)));
            }
        }
    }
    names.into_iter().filter(|name| locale("en").keys().contains_key(&format!("column.{name}"))).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Our sources without their tests and comments, by path.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, code(&fs::read_to_string(path).unwrap())));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The string literals of a text, well enough for keys: those without escapes.
fn literals(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What stands in quotes right after each `before`.
fn quoted_after(text: &str, before: &str) -> Vec<String> {
    let after = text.split(before).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    after.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Whether a literal looks like a key: words with dots, the first of which begins keys.
fn looks_like_a_key(text: &str, firsts: &BTreeSet<String>) -> bool {
    text.split_once('.').is_some_and(|(first, _)| firsts.contains(first)) && text.split('.').all(is_word)
}

#[test]
fn every_language_has_the_same_keys_with_the_same_values() {
    let english = locale("en").keys();
    assert!(english.len() > 150, "only {} keys", english.len());
    let mut wrong = Vec::new();
    for tag in tags() {
        let keys = locale(tag).keys();
        for (key, names) in &english {
            match keys.get(key) {
                None => wrong.push(format!("{tag}: `{key}` is missing")),
                Some(own) if own != names => {
                    wrong.push(format!("{tag}: `{key}` has {own:?}, English has {names:?}"));
                }
                Some(_) => {}
            }
        }
        wrong.extend(
            keys.keys()
                .filter(|key| !english.contains_key(*key))
                .map(|key| format!("{tag}: `{key}` is not in English")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_that_is_used_exists_and_every_key_that_exists_is_used() {
    let keys = locale("en").keys();
    let firsts: BTreeSet<String> =
        keys.keys().filter_map(|key| Some(key.split_once('.')?.0.to_owned())).collect();
    let families = families();
    let mut wrong = Vec::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (family, place, members) in &families {
        if members.is_empty() {
            wrong.push(format!("family `{family}` has no members"));
        }
        if !Path::new(env!("CARGO_MANIFEST_DIR")).join(place).exists() {
            wrong.push(format!("family `{family}`: there is no {place}"));
        }
        for member in members {
            let key = format!("{family}.{member}");
            if !keys.contains_key(&key) {
                wrong.push(format!("{place}: `{key}` is made and has no words"));
            }
            used.insert(key);
        }
    }
    for (path, text) in sources() {
        for key in ["Say::new(", ".word("].iter().flat_map(|before| quoted_after(&text, before)) {
            if !keys.contains_key(&key) {
                wrong.push(format!("{path}: `{key}` has no words"));
            }
            used.insert(key);
        }
        // Keys also travel in variables.
        let speaks = text.contains("Say::") || text.contains("notice(") || text.contains("tenure.");
        for key in literals(&text).into_iter().filter(|text| speaks && looks_like_a_key(text, &firsts)) {
            let known = keys.contains_key(&key) || families.iter().any(|(family, ..)| *family == key);
            if !known && !path.starts_with("src/config/") {
                wrong.push(format!("{path}: `{key}` looks like a key and has no words"));
            }
            used.insert(key);
        }
    }
    wrong.extend(
        keys.keys()
            .filter(|key| !used.contains(*key))
            .map(|key| format!("`{key}` has words that nothing says")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Keys are put together only where [`families`] knows of it.
#[test]
fn every_key_that_is_put_together_is_in_the_table() {
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (path, text) in sources() {
        for pattern in quoted_after(&text, "Say::new(format!(") {
            *found.entry((path.clone(), pattern)).or_default() += 1;
        }
    }
    let known = BUILDERS.iter().map(|(path, pattern, n)| (((*path).to_owned(), (*pattern).to_owned()), *n));
    assert_eq!(
        found,
        known.collect(),
        "left: in the code; right: the table BUILDERS, and families() after it"
    );
}

#[test]
fn plurals_have_every_category_that_their_language_needs() {
    let mut wrong = Vec::new();
    let mut tables = 0;
    for tag in tags() {
        let icu: icu_locale_core::Locale = tag.parse().unwrap();
        let rules = PluralRules::try_new_cardinal((&icu).into()).unwrap();
        // Millions alone are "many" in Portuguese and Spanish; those are worded as all the others. In Russian 5 is.
        let needed: Vec<&str> =
            rules.categories().map(category).filter(|name| *name != "many" || !latin(tag)).collect();
        for (key, words) in file(tag)["say"].as_table().unwrap() {
            let Some(forms) = words.as_table() else { continue };
            tables += 1;
            wrong.extend(lacking(forms, &needed).iter().map(|name| format!("{tag}: `{key}` lacks `{name}`")));
            let own = ["none", "single"];
            let extra =
                forms.keys().filter(|form| !own.contains(&form.as_str()) && !needed.contains(&form.as_str()));
            wrong.extend(
                extra.map(|form| format!("{tag}: `{key}` has `{form}`, which this language never uses")),
            );
            let values = |text: &str| -> BTreeSet<String> {
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
            };
            let other = values(forms.get("other").and_then(toml::Value::as_str).unwrap_or_default());
            for (form, text) in forms {
                if !values(text.as_str().unwrap()).is_subset(&other) {
                    wrong.push(format!("{tag}: `{key}`.{form} asks for a value that `other` does not have"));
                }
            }
        }
    }
    assert!(tables >= 20, "only {tables} plural tables");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Languages whose "many" is for round millions only (CLDR), which our counts word as `other`.
fn latin(tag: &str) -> bool {
    ["pt", "es", "fr", "it", "ca"].contains(&tag.split('-').next().unwrap())
}

fn lacking<'a>(forms: &toml::Table, needed: &[&'a str]) -> Vec<&'a str> {
    needed.iter().copied().filter(|name| !forms.contains_key(*name)).collect()
}

fn category(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

/// How each language writes the values of the test below, in their order.
const WRITTEN: [(&str, [&str; 17]); 4] = [
    (
        "en",
        [
            "R$18,400",
            "R$18,401",
            "\u{2212}R$18,400",
            "R$12.50",
            "4.3%",
            "\u{2212}4.3%",
            "12.5% (1\u{a0}of\u{a0}8)",
            "1,234,567",
            "+12",
            "\u{2212}1,200",
            "0",
            "2.3",
            "9 Mar 2026",
            "Mon 9 Mar",
            "Mon 2 Nov 2026 08:00, America/Sao_Paulo",
            "a and b",
            "a, b and c",
        ],
    ),
    (
        "es",
        [
            "18.400\u{a0}BRL",
            "18.401\u{a0}BRL",
            "\u{2212}18.400\u{a0}BRL",
            "12,50\u{a0}BRL",
            "4,3\u{a0}%",
            "\u{2212}4,3\u{a0}%",
            "12,5\u{a0}% (1\u{a0}de\u{a0}8)",
            "1.234.567",
            "+12",
            "\u{2212}1200",
            "0",
            "2,3",
            "9 mar 2026",
            "lunes 9 de marzo",
            "lunes 2 de noviembre de 2026, 08:00, America/Sao_Paulo",
            "a y b",
            "a, b y c",
        ],
    ),
    (
        "pt-BR",
        [
            "R$\u{a0}18.400",
            "R$\u{a0}18.401",
            "\u{2212}R$\u{a0}18.400",
            "R$\u{a0}12,50",
            "4,3%",
            "\u{2212}4,3%",
            "12,5% (1\u{a0}de\u{a0}8)",
            "1.234.567",
            "+12",
            "\u{2212}1.200",
            "0",
            "2,3",
            "9 de mar. de 2026",
            "seg., 9 de mar.",
            "seg., 2 de nov. de 2026, 08:00, America/Sao_Paulo",
            "a e b",
            "a, b e c",
        ],
    ),
    (
        "ru",
        [
            "18\u{a0}400\u{a0}R$",
            "18\u{a0}401\u{a0}R$",
            "\u{2212}18\u{a0}400\u{a0}R$",
            "12,50\u{a0}R$",
            "4,3\u{a0}%",
            "\u{2212}4,3\u{a0}%",
            "12,5\u{a0}% (1\u{a0}из\u{a0}8)",
            "1\u{a0}234\u{a0}567",
            "+12",
            "\u{2212}1\u{a0}200",
            "0",
            "2,3",
            "9 марта 2026\u{a0}г.",
            "пн, 9 марта",
            "пн, 2 ноября 2026\u{a0}г., 08:00, America/Sao_Paulo",
            "a и b",
            "a, b и c",
        ],
    ),
];

#[test]
fn numbers_dates_and_money_are_written_as_each_language_does() {
    let real = |minor| Value::Money(Money::new(minor, Currency::from_code("BRL").unwrap()));
    let day = || Value::Day(jiff::civil::date(2026, 3, 9));
    let rate = |n, of| Value::Rate(Ratio::of(n, of).unwrap());
    let instant = || {
        Value::Instant(
            "2026-11-02T11:00:00Z".parse().unwrap(),
            jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap(),
        )
    };
    let list = |n: usize| Value::List(["a", "b", "c"][..n].iter().map(|text| Value::from(*text)).collect());
    let values: [Value; 17] = [
        real(1_840_000),
        real(1_840_050),
        real(-1_840_000),
        real(1_250),
        rate(43, 1000),
        rate(-43, 1000),
        Value::SmallRate(Ratio::of(1, 8).unwrap()),
        Value::Count(1_234_567),
        Value::Signed(12),
        Value::Signed(-1200),
        Value::Signed(0),
        Value::Number(2.25, 1),
        day(),
        Value::DayNear(jiff::civil::date(2026, 3, 9)),
        instant(),
        list(2),
        list(3),
    ];
    let mut wrong = Vec::new();
    for (tag, words) in WRITTEN {
        for (value, wanted) in values.iter().zip(words) {
            let written = locale(tag).value(value);
            if written != wanted {
                wrong.push(format!("{tag}: {value:?} is written {written:?}, wanted {wanted:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Months are declined after a day and not where they stand alone; "tomorrow" is of 1 and never of 21.
#[test]
fn russian_declines_its_months_and_counts_by_its_last_digit() {
    let russian = locale("ru");
    let may = jiff::civil::date(2026, 5, 2);
    let period = |kind, end: jiff::civil::Date| Period { kind, start: Day::of(may), end: Day::of(end) };
    let month = period(PeriodKind::Month, jiff::civil::date(2026, 6, 2));
    let year = period(PeriodKind::Year, jiff::civil::date(2027, 5, 2));
    let week = period(PeriodKind::Week, jiff::civil::date(2026, 5, 9));
    let dates = [
        (Value::Day(may), "2 мая 2026\u{a0}г."),
        (Value::Month(may), "май 2026\u{a0}г."),
        (Value::Period(month), "май 2026\u{a0}г."),
        (Value::PeriodShort(month), "май"),
        (Value::Period(year), "2026\u{a0}г."),
        (Value::Period(week), "2 мая\u{a0}– 8 мая 2026\u{a0}г."),
    ];
    for (value, wanted) in dates {
        assert_eq!(russian.value(&value), wanted);
    }
    let counts = [
        (0, "0 клиентов", "продление сегодня"),
        (1, "1 клиент", "продление завтра"),
        (2, "2 клиента", "продление через 2 дня"),
        (5, "5 клиентов", "продление через 5 дней"),
        (11, "11 клиентов", "продление через 11 дней"),
        (21, "21 клиент", "продление через 21 день"),
        (112, "112 клиентов", "продление через 112 дней"),
    ];
    for (n, customers, renews) in counts {
        let say = |key: &'static str| russian.say(&Say::new(key).with("n", i128::from(n)));
        assert_eq!((say("count.customers").as_str(), say("item.renews").as_str()), (customers, renews));
    }
}

#[test]
fn spanish_says_e_for_y_before_the_sound_of_i_alone() {
    let cases = [
        ("Iberia", "Acme e Iberia"),
        ("Índigo", "Acme e Índigo"),
        ("Hidalgo", "Acme e Hidalgo"),
        ("IBM", "Acme e IBM"),
        ("Hielos del Sur", "Acme y Hielos del Sur"),
        ("Yolanda", "Acme y Yolanda"),
        ("Herrera", "Acme y Herrera"),
        ("", "Acme y "),
    ];
    let pair = |last: &str| Value::List(vec!["Acme".into(), last.into()]);
    for (last, wanted) in cases {
        assert_eq!(locale("es").value(&pair(last)), wanted);
        assert_eq!(locale("pt-BR").value(&pair(last)), format!("Acme e {last}"));
        assert_eq!(locale("en").value(&pair(last)), format!("Acme and {last}"));
    }
    let three = Value::List(vec!["Acme".into(), "Iberia".into(), "Inditex".into()]);
    assert_eq!(locale("es").value(&three), "Acme, Iberia e Inditex");
}

/// As Russian does, with words of its own; percent signs stand close, as CLDR has them.
#[test]
fn ukrainian_declines_its_months_and_counts_by_its_last_digit() {
    let ukrainian = locale("uk");
    let november = jiff::civil::date(2026, 11, 2);
    let period = |kind, end: jiff::civil::Date| Period { kind, start: Day::of(november), end: Day::of(end) };
    let instant = "2026-11-02T06:00:00Z".parse().unwrap();
    let hryvnia = Money::new(1_840_050, Currency::from_code("UAH").unwrap());
    let values = [
        (Value::Day(november), "2 листопада 2026\u{a0}р."),
        (Value::DayNear(november), "пн, 2 листопада"),
        (Value::Month(november), "листопад 2026\u{a0}р."),
        (Value::Period(period(PeriodKind::Month, jiff::civil::date(2026, 12, 2))), "листопад 2026\u{a0}р."),
        (Value::PeriodShort(period(PeriodKind::Month, jiff::civil::date(2026, 12, 2))), "лис"),
        (Value::Period(period(PeriodKind::Year, jiff::civil::date(2027, 11, 2))), "2026\u{a0}р."),
        (
            Value::Instant(instant, jiff::tz::TimeZone::get("Europe/Kyiv").unwrap()),
            "пн, 2 листопада 2026\u{a0}р., 08:00, Europe/Kyiv",
        ),
        (Value::Money(hryvnia), "18\u{a0}401\u{a0}₴"),
        (Value::Count(1_234_567), "1\u{a0}234\u{a0}567"),
        (Value::Number(2.25, 1), "2,3"),
        (Value::SmallRate(Ratio::of(1, 8).unwrap()), "12,5% (1\u{a0}із\u{a0}8)"),
        (Value::List(vec![Value::from("a"), Value::from("b"), Value::from("c")]), "a, b і c"),
    ];
    for (value, wanted) in values {
        assert_eq!(ukrainian.value(&value), wanted);
    }
    let counts = [
        (0, "0 клієнтів", "поновлення сьогодні"),
        (1, "1 клієнт", "поновлення завтра"),
        (2, "2 клієнти", "поновлення через 2 дні"),
        (5, "5 клієнтів", "поновлення через 5 днів"),
        (11, "11 клієнтів", "поновлення через 11 днів"),
        (21, "21 клієнт", "поновлення через 21 день"),
        (112, "112 клієнтів", "поновлення через 112 днів"),
    ];
    for (n, customers, renews) in counts {
        let say = |key: &'static str| ukrainian.say(&Say::new(key).with("n", i128::from(n)));
        assert_eq!((say("count.customers").as_str(), say("item.renews").as_str()), (customers, renews));
    }
}

/// No plural forms, exactly one of its own where a day is meant, full-width marks, no blanks.
#[test]
fn chinese_writes_dates_money_and_counts_its_own_way() {
    let chinese = locale("zh-CN");
    let end = jiff::civil::date(2026, 11, 2);
    let period = |kind, end: jiff::civil::Date| {
        Value::Period(Period { kind, start: Day::of(jiff::civil::date(2026, 11, 2)), end: Day::of(end) })
    };
    let money = |code| Value::Money(Money::new(1_840_000, Currency::from_code(code).unwrap()));
    let list =
        |n: usize| Value::List(["甲", "乙", "丙"][..n].iter().map(|text| Value::from(*text)).collect());
    let written = [
        (Value::Day(end), "2026年11月2日"),
        (Value::DayNear(end), "11月2日周一"),
        (Value::Month(end), "2026年11月"),
        (period(PeriodKind::Week, jiff::civil::date(2026, 11, 9)), "2026年11月2日至11月8日当周"),
        (period(PeriodKind::Month, jiff::civil::date(2026, 12, 2)), "2026年11月"),
        (period(PeriodKind::Quarter, jiff::civil::date(2027, 2, 2)), "2026年第4季度"),
        (period(PeriodKind::Year, jiff::civil::date(2027, 11, 2)), "2026年"),
        (money("CNY"), "¥18,400"),
        (money("USD"), "US$18,400"),
        (Value::Count(1_234_567), "1,234,567"),
        (Value::SmallRate(Ratio::of(1, 8).unwrap()), "12.5%（1/8）"),
        (list(2), "甲和乙"),
        (list(3), "甲、乙和丙"),
    ];
    for (value, wanted) in written {
        assert_eq!(chinese.value(&value), wanted);
    }
    for (n, renews) in [(0, "今日续约"), (1, "明日续约"), (2, "2天后续约"), (21, "21天后续约")]
    {
        assert_eq!(chinese.say(&Say::new("item.renews").with("n", i128::from(n))), renews);
    }
}

/// What of `text` was not worded: a key in brackets, or a value's place.
pub(crate) fn leftovers(text: &str, keys: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found: Vec<String> =
        keys.keys().map(|key| format!("[{key}]")).filter(|left| text.contains(left.as_str())).collect();
    let dotted = text.split('[').skip(1).filter_map(|rest| Some(rest.split_once(']')?.0));
    found.extend(
        dotted
            .filter(|inner| inner.contains('.') && inner.split('.').all(is_word))
            .map(|inner| format!("[{inner}]")),
    );
    found.extend(
        text.split('{').skip(1).map(|rest| format!("{{{}", rest.chars().take(20).collect::<String>())),
    );
    found.sort();
    found.dedup();
    found
}

#[test]
fn sample_documents_are_worded_whole_in_every_language() {
    let mut wrong = Vec::new();
    for tag in tags() {
        let locale = locale(tag);
        let documents = |kind| retaind::job::sample::documents(kind).into_iter().map(move |it| (kind, it));
        for (kind, document) in Kind::ALL.into_iter().flat_map(documents) {
            let (view, _) = view::view(&document, &locale);
            let worded = texts(&serde_json::to_value(&view).unwrap());
            let files = document.files();
            let sheets = files.iter().flat_map(|sheet| {
                let headings = sheet.columns.iter().map(|column| locale.say(&column.title));
                let rows = sheet.rows.iter().flatten().map(|value| locale.value(value));
                headings.chain(rows).chain([locale.say(&sheet.title)]).collect::<Vec<_>>()
            });
            let all: Vec<String> = worded.into_iter().chain(sheets).collect();
            assert!(all.len() > 3, "{tag}: {kind:?} says nearly nothing");
            for text in &all {
                wrong.extend(
                    leftovers(text, &locale.keys())
                        .iter()
                        .map(|left| format!("{tag}: {kind:?}: {left} in {text:?}")),
                );
            }
        }
        let (pages, signs) = retaind::job::sample::pages(&locale).unwrap();
        let values = pages.iter().map(|page| serde_json::to_value(page).unwrap());
        for view in values.chain(signs.iter().map(|sign| serde_json::to_value(sign).unwrap())) {
            for text in texts(&view) {
                wrong.extend(leftovers(&text, &locale.keys()).iter().map(|left| format!("{tag}: {left}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every text of a value.
pub(crate) fn texts(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(all) => all.iter().flat_map(texts).collect(),
        serde_json::Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The looks above find what they look for.
#[test]
fn the_looks_can_fail() {
    let english = locale("en");
    let keys = english.keys();
    assert_eq!(leftovers(&english.say(&Say::new("no.such.key")), &keys), ["[no.such.key]"]);
    assert_eq!(leftovers(&english.say(&Say::new("due.late").with("n", 2i128)), &keys), ["{day}, 2 days ago"]);
    assert_eq!(leftovers("Due today [urgent], all of it", &keys), Vec::<String>::new());
    assert_eq!(quoted_after("Say::new(\n    \"a.b\") Say::new(key)", "Say::new("), ["a.b"]);
    assert_eq!(lacking(&"one = \"x\"".parse().unwrap(), &["one", "few", "other"]), ["few", "other"]);
    let firsts = BTreeSet::from(["figure".to_owned()]);
    assert!(looks_like_a_key("figure.churned", &firsts) && !looks_like_a_key("figures.html", &firsts));
    assert_eq!(code("a\n// \"b.c\"\n#[cfg(test)]\nmod tests {}"), "a");
}

/// A Mexican reads Spanish words and, like most around them, a point before the decimals.
#[test]
fn numbers_follow_the_region_and_words_the_language() {
    let number = |tag: &str| locale(tag).value(&Value::Number(18_400.5, 1));
    for (wanted, served, printed) in [
        ("es", "es", "18.400,5"),
        ("es-MX", "es-MX", "18,400.5"),
        ("es_ar", "es-AR", "18.400,5"),
        ("pt", "pt-BR", "18.400,5"),
        ("pt-BR", "pt-BR", "18.400,5"),
        ("pt-PT", "pt-PT", "18\u{a0}400,5"),
        ("en-IN", "en-IN", "18,400.5"),
        ("zh-Hans", "zh-CN", "18,400.5"),
    ] {
        assert_eq!(serving(wanted).as_deref(), Some(served), "{wanted}");
        assert_eq!(number(wanted), printed, "{wanted}");
    }
    assert_eq!(locale("es-MX").word("figure.retention"), locale("es").word("figure.retention"));
    assert_eq!(locale("es-MX").tag(), "es");
    assert_eq!(locale("en-IN").value(&Value::Count(1_234_567)), "12,34,567");
    assert_eq!(serving("de-AT"), None);
}

//! Watches over time: what readers hear of a figure that leaves its bounds, when, and when not.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use retaind::channel::Channel;
use retaind::channel::memory::Memory as Kept;
use retaind::clock::Clock;
use retaind::config::{self, Outlet, Way};
use retaind::daemon::reminding::Turn;
use retaind::daemon::{Daemon, runner};
use retaind::domain::facts::{Facts, Lens};
use retaind::domain::watched::{Memory, Observed, Phase, Silence, Standing, Telling, Watched};
use retaind::domain::{Currency, Day, People, Period, PeriodKind, Person, Rates, Ratio};
use retaind::job::watch::judge::{Against, Condition, Side};
use retaind::job::watch::{Evaluation, Look, Patience, WatchSpec, can_be_replayed, stays};
use retaind::ledger::{Access, Ledger, occurrences, watches};
use retaind::metrics::metric::{self, History};
use retaind::metrics::{Basis, Metric, PeriodChoice, Settings, Split};
use retaind::outbox::Medium;
use retaind::render::locale::tags;
use retaind::render::{Locale, view};
use retaind::store::{Mapping, SqliteStore};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::demo_shop::shop;
use crate::languages::{leftovers, texts};

const CONFIG: &str = r#"
[store]
path = "shop.db"
zone = "UTC"
currency = "EUR"
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
[jobs.leaving]
kind = "watch"
metric = "churn_rate"
split = ["segment"]
above = 0.05
clear = 0.04
cron = "0 8 * * *"
to = ["ana"]
"#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What one message said: on which day, of which type, and in which sentences.
type Heard = (String, String, Vec<String>);

struct Shop {
    dir: TempDir,
    kept: Kept,
}

impl Shop {
    /// A hundred enterprises, sixty small ones and ten startups, all since 2025 and for 10.00 a month, and the
    /// keys of the watch beside those it always has.
    fn new(keys: &str) -> Shop {
        let shop = Shop { dir: tempfile::tempdir().unwrap(), kept: Kept::default() };
        shop.configure(keys);
        let store = rusqlite::Connection::open(shop.path("shop.db")).unwrap();
        store.execute_batch(&retaind::store::relation::schema()).unwrap();
        shop.sql(
            "INSERT INTO reps (id, name) VALUES ('1', 'Rui');
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 170)
             INSERT INTO customers (id, name, owner_id, segment) SELECT i, 'Customer ' || i, '1',
               CASE WHEN i <= 100 THEN 'enterprise' WHEN i <= 160 THEN 'small' ELSE 'startup' END FROM n;
             INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on)
               SELECT id, id, 1000 + id, '2025-01-01' FROM customers;",
        );
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn configure(&self, keys: &str) {
        std::fs::write(self.path("retaind.toml"), format!("{CONFIG}{keys}\n")).unwrap();
    }

    fn sql(&self, sql: &str) {
        rusqlite::Connection::open(self.path("shop.db")).unwrap().execute_batch(sql).unwrap();
    }

    /// So many of a segment, the last of those who are there, leave in the middle of a month.
    fn leave(&self, segment: &str, month: &str, count: u32) {
        self.sql(&format!(
            "UPDATE subscriptions SET ends_on = '{month}-15' WHERE id IN (
               SELECT s.id FROM subscriptions s JOIN customers c ON c.id = s.customer_id
               WHERE c.segment = '{segment}' AND s.ends_on IS NULL ORDER BY c.id + 0 DESC LIMIT {count})"
        ));
    }

    /// Runs a daemon from one instant to another, as if it had been started then and killed at the end.
    fn run(&self, from: &str, until: &str) {
        let (config, findings) = config::load(&self.path("retaind.toml"), Outlet::Configured);
        let mut config = config.unwrap_or_else(|| panic!("{}", findings.render(false)));
        let channel = Channel::Memory(self.kept.clone());
        let way = Way { channel, medium: Medium::Event, shown: "memory".to_owned() };
        config.channels.insert("crm".to_owned(), way);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let ledger = crate::world::ledger(&self.path("ledger.db"));
            let mut daemon = Daemon::start(config, ledger, Clock::manual(at(from))).await.unwrap();
            daemon.replay_until(at(until)).await.unwrap();
        });
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.path("ledger.db"), Access::Operator).unwrap()
    }

    fn memory(&self) -> Memory {
        self.ledger().run_blocking(|c| watches::memory(c, "leaving")).unwrap()
    }

    /// Where a group stands, and what is said of it.
    fn standing(&self, group: &str) -> (Phase, String) {
        let found = self.memory().groups.into_iter().find(|watched| watched.group == group).unwrap();
        (found.standing.phase, found.said)
    }

    fn heard(&self) -> Vec<Heard> {
        let told = self.kept.sent().into_iter().map(|delivery| {
            let body: Json = serde_json::from_slice(delivery.payload.stored()).unwrap();
            let lead = body["data"]["lead"].as_array().unwrap().iter();
            let lead = lead.map(|line| line.as_str().unwrap().to_owned()).collect();
            let day = body["timestamp"].as_str().unwrap()[..10].to_owned();
            (day, body["type"].as_str().unwrap().to_owned(), lead)
        });
        told.collect()
    }

    /// Day and type of what was told.
    fn days(&self) -> Vec<(String, String)> {
        self.heard().into_iter().map(|(day, kind, _)| (day, kind)).collect()
    }

    fn command(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retaind"));
        command.arg("--config").arg(self.path("retaind.toml")).args(arguments);
        command.env_remove("STATE_DIRECTORY").env_remove("RUST_LOG");
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), text)
    }
}

fn days(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(day, kind)| ((*day).to_owned(), format!("breach.{kind}"))).collect()
}

#[test]
fn a_breach_is_told_after_the_second_month_again_each_week_and_when_it_is_back() {
    let shop = Shop::new("only = [\"enterprise\"]\nfor = 2\nrepeat = \"7d\"");
    shop.leave("enterprise", "2026-01", 1);
    shop.leave("enterprise", "2026-02", 6);
    shop.leave("enterprise", "2026-03", 5);
    shop.run("2026-02-10T12:00:00Z", "2026-03-31T12:00:00Z");
    assert_eq!(shop.standing("enterprise").0, Phase::Pending);
    assert_eq!(shop.heard(), []);
    shop.run("2026-03-31T12:00:00Z", "2026-05-02T12:00:00Z");
    let expected = [
        ("2026-04-01", "began"),
        ("2026-04-08", "lasts"),
        ("2026-04-15", "lasts"),
        ("2026-04-22", "lasts"),
        ("2026-04-29", "lasts"),
        ("2026-05-01", "ended"),
    ];
    assert_eq!(shop.days(), days(&expected));
    let heard = shop.heard();
    assert_eq!(
        heard[0].2,
        [
            "Customer churn in enterprise stood at 5.4% (5\u{a0}of\u{a0}93) in March 2026: over 5% for 2 months running.",
            "Customer 93 (€10.93, Rui), Customer 92 (€10.92, Rui), Customer 91 (€10.91, Rui) and 2 more left. \
             The figure was 6.1% (6\u{a0}of\u{a0}99) in February 2026 and 0.0% (0\u{a0}of\u{a0}100) a year before.",
            "You will hear again in 7\u{a0}days, or when it falls to 4%.",
        ]
    );
    assert!(heard[1].2[0].starts_with("It lasts. Customer churn in enterprise stood at 5.4%"), "{heard:?}");
    assert_eq!(
        heard[5].2,
        [
            "Customer churn in enterprise came back to 0.0% (0\u{a0}of\u{a0}88) in April 2026, 4% or less. The figure was \
             over 5% from February 2026 on: 59\u{a0}days.",
            "The figure was 5.4% (5\u{a0}of\u{a0}93) in March 2026 and 0.0% (0\u{a0}of\u{a0}100) a year before.",
        ]
    );
}

#[test]
fn between_the_two_levels_nothing_is_told_and_a_breach_goes_on() {
    let shop = Shop::new("only = [\"enterprise\"]");
    for (month, count) in [("2026-01", 5), ("2026-02", 6), ("2026-03", 4), ("2026-04", 4), ("2026-05", 3)] {
        shop.leave("enterprise", month, count);
    }
    // January: 5 of 100 is not over 5 %, nor was there a breach to end.
    shop.run("2026-02-01T00:00:00Z", "2026-05-31T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-03-01", "began")]));
    let (phase, said) = shop.standing("enterprise");
    assert_eq!(phase, Phase::Breached);
    assert_eq!(said, "4.7% (4\u{a0}of\u{a0}85), no longer over 5%, not yet down to 4%");
    shop.run("2026-05-31T12:00:00Z", "2026-06-02T12:00:00Z");
    assert_eq!(shop.days()[1..], days(&[("2026-06-01", "ended")]));
}

/// Weighing complaints alone, two that are open are a score of 100 and one is a score of 50.
#[test]
fn customers_at_risk_are_told_by_segment_when_they_are_too_many_and_when_they_are_not() {
    let shop = Shop::new("");
    let text = std::fs::read_to_string(shop.path("retaind.toml")).unwrap();
    let text = crate::world::replace(&text, "metric = \"churn_rate\"", "metric = \"at_risk\"");
    let text = crate::world::replace(&text, "above = 0.05\nclear = 0.04", "above = 2\nclear = 1");
    let risk = "rhythm = 0, gone = 0, complaints = 1, contact = 0, follow_ups = 0, contraction = 0, \
                renewal = 0, signals = 0, survey = 0";
    std::fs::write(shop.path("retaind.toml"), format!("{text}[care]\nrisk = {{ {risk} }}\n")).unwrap();
    // Three enterprises, two small ones, four of ten startups; and one who left complains of it.
    shop.leave("small", "2026-02", 1);
    shop.sql(
        "INSERT INTO complaints (id, customer_id, opened_at)
           SELECT id, id, '2026-03-03T10:00:00Z' FROM customers
           WHERE id IN (1, 2, 3, 101, 102, 160, 161, 162, 163, 164)",
    );
    shop.run("2026-03-01T12:00:00Z", "2026-03-10T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-03-04", "began")]));
    let heard = shop.heard();
    assert_eq!(
        heard[0].2,
        [
            "Customers at risk of leaving in startup stood at 4 on 4 Mar 2026: over 2.",
            "Customers at risk of leaving in enterprise stood at 3 on 4 Mar 2026: over 2.",
            "You will hear again when it falls to 1.",
        ]
    );
    assert_eq!(shop.standing("small"), (Phase::Ok, "2, no longer over 2, not yet down to 1".to_owned()));
    // Two are more than one, at which it is back.
    shop.sql("UPDATE complaints SET resolved_at = '2026-03-11T10:00:00Z' WHERE id = '1'");
    shop.run("2026-03-10T12:00:00Z", "2026-03-14T12:00:00Z");
    assert_eq!(shop.heard().len(), 1);
    assert_eq!(shop.standing("enterprise").0, Phase::Breached);
    shop.sql("UPDATE complaints SET resolved_at = '2026-03-15T10:00:00Z' WHERE id = '2'");
    shop.run("2026-03-14T12:00:00Z", "2026-03-18T12:00:00Z");
    assert_eq!(shop.days()[1..], days(&[("2026-03-16", "ended")]));
    let heard = shop.heard();
    assert_eq!(
        heard[1].2,
        ["Customers at risk of leaving in enterprise came back to 1 on 16 Mar 2026, 1 or less. The figure \
             was over 2 from 4 Mar 2026 on: 12\u{a0}days.",]
    );
    assert_eq!(shop.standing("startup"), (Phase::Breached, "4, over 2".to_owned()));
}

/// Thirty enterprises buy thrice a month and no more after December, the others once a month. While sixty small
/// customers and ten startups have not bought for longer, the thirty score 1 + ⌊5 × 70 ÷ 170⌋ = 3 for recency and 5
/// for the rest, which is loyal; once the startups bought again, 1 + ⌊5 × 60 ÷ 170⌋ = 2, which is at risk.
#[test]
fn enterprises_that_are_slipping_are_told_against_everybody_and_again_when_they_are_back() {
    let shop = Shop::new("");
    let text = std::fs::read_to_string(shop.path("retaind.toml")).unwrap();
    let text = crate::world::replace(&text, "metric = \"churn_rate\"", "metric = \"rfm_slipping\"");
    std::fs::write(shop.path("retaind.toml"), text).unwrap();
    let buy = |customers: &str, days: &[String]| {
        for day in days {
            shop.sql(&format!(
                "INSERT INTO transactions (id, customer_id, at, amount_minor)
                   SELECT '{day}/' || id, id, '{day}T12:00:00Z', 10000 FROM customers WHERE id + 0 BETWEEN {customers}"
            ));
        }
    };
    let months = |months: std::ops::RangeInclusive<u32>, year: u32, days: &[u32]| -> Vec<String> {
        months.flat_map(|m| days.iter().map(move |day| format!("{year}-{m:02}-{day:02}"))).collect()
    };
    buy("1 AND 30", &months(3..=12, 2025, &[1, 2, 3]));
    buy("31 AND 100", &[months(3..=12, 2025, &[3]), months(1..=2, 2026, &[1])].concat());
    buy("101 AND 170", &["2025-06-01".to_owned()]);
    buy("161 AND 170", &["2026-01-14".to_owned()]);
    buy("1 AND 28", &["2026-02-10".to_owned()]);
    shop.run("2026-01-02T00:00:00Z", "2026-02-20T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-01-15", "began"), ("2026-02-11", "ended")]));
    let heard = shop.heard();
    assert_eq!(
        heard[0].2,
        [
            "Customers at risk or not to be lost (RFM) in enterprise stood at 30.0% (30\u{a0}of\u{a0}100) on 15 Jan 2026: \
             over 5%.",
            "You will hear again when it falls to 4%.",
        ]
    );
    assert_eq!(
        heard[1].2,
        [
            "Customers at risk or not to be lost (RFM) in enterprise came back to 2.0% (2\u{a0}of\u{a0}100) on 11 Feb 2026, \
          4% or less. The figure was over 5% from 15 Jan 2026 on: 27\u{a0}days."
        ]
    );
    assert_eq!(shop.standing("small"), (Phase::Ok, "0.0% (0\u{a0}of\u{a0}60), within its bounds".to_owned()));
    assert_eq!(shop.standing("startup"), (Phase::Ok, "too few: 10, at least 30".to_owned()));
}

#[test]
fn a_segment_under_its_least_base_is_silent_and_says_why() {
    let shop = Shop::new("");
    shop.leave("startup", "2026-02", 9);
    shop.run("2026-03-01T00:00:00Z", "2026-03-05T12:00:00Z");
    assert_eq!(shop.heard(), []);
    assert_eq!(shop.standing("startup"), (Phase::Ok, "too few: 10, at least 30".to_owned()));
    let (_, _, reason) = occurrence(&shop);
    assert!(reason.starts_with("0 messages; "), "{reason}");
    assert!(reason.contains("not known: startup too few: 10, at least 30"), "{reason}");
}

fn occurrence(shop: &Shop) -> (Timestamp, String, String) {
    let rows = shop.ledger().run_blocking(|c| occurrences::recent(c, 1)).unwrap();
    let (_, at, state, reason) = rows.into_iter().next().unwrap();
    (at, state, reason)
}

#[test]
fn a_daemon_that_is_killed_every_morning_tells_what_one_that_lasts_tells() {
    let told = |restarts: bool| {
        let shop = Shop::new("for = 2\nrepeat = \"7d\"");
        for (segment, month, count) in [
            ("enterprise", "2026-02", 9),
            ("small", "2026-02", 9),
            ("small", "2026-03", 9),
            ("small", "2026-04", 1),
        ] {
            shop.leave(segment, month, count);
        }
        if restarts {
            let mut from = at("2026-02-20T12:00:00Z");
            while from < at("2026-05-10T12:00:00Z") {
                // Twice a day, so that some live for hours only, and see no occurrence.
                let until = from + jiff::SignedDuration::from_hours(15);
                shop.run(&from.to_string(), &until.to_string());
                from = until;
            }
        } else {
            shop.run("2026-02-20T12:00:00Z", "2026-05-10T12:00:00Z");
        }
        shop.heard()
    };
    let whole = told(false);
    let small: Vec<&str> = whole.iter().map(|(_, kind, _)| kind.as_str()).collect();
    assert_eq!(
        small,
        ["breach.began", "breach.lasts", "breach.lasts", "breach.lasts", "breach.lasts", "breach.ended"]
    );
    assert_eq!(told(true), whole);
}

#[test]
fn several_groups_are_one_message_with_the_worst_first() {
    let shop = Shop::new("");
    shop.leave("enterprise", "2026-02", 6);
    shop.leave("small", "2026-02", 9);
    shop.run("2026-03-01T00:00:00Z", "2026-03-03T12:00:00Z");
    let [(day, kind, lead)] = shop.heard().try_into().unwrap();
    assert_eq!((day.as_str(), kind.as_str()), ("2026-03-01", "breach.began"));
    assert!(lead[0].starts_with("Customer churn in small stood at 15.0% (9\u{a0}of\u{a0}60)"), "{lead:?}");
    assert!(
        lead[1].starts_with("Customer churn in enterprise stood at 6.0% (6\u{a0}of\u{a0}100)"),
        "{lead:?}"
    );
    let sent = shop.kept.sent();
    assert_eq!(sent[0].subject, "Customer churn in small: 15.0%, over 5% (and one more group)");
    let body: Json = serde_json::from_slice(sent[0].payload.stored()).unwrap();
    assert_eq!(body["data"]["schema"], "retaind.breach/1");
    assert_eq!(body["data"]["telling"], "breach");
    let rows = body["data"]["tables"][0]["rows"].as_array().unwrap();
    let said: Vec<_> = rows.iter().map(|row| (row["group"].as_str(), row["phase"].as_str())).collect();
    assert_eq!(said, [(Some("small"), Some("breached")), (Some("enterprise"), Some("breached"))]);
    assert_eq!(rows[0]["value"]["numerator"], 9);
    assert_eq!((&rows[0]["level"]["rate"], &rows[0]["clear"]["rate"]), (&0.05.into(), &0.04.into()));
    assert_eq!(rows[0]["since"], "2026-02-01");
}

fn silence(shop: &Shop, group: Option<&str>, from: &str, until: &str) -> i64 {
    let silence = Silence {
        id: 0,
        watch: "leaving".to_owned(),
        group: group.map(str::to_owned),
        author: "ana".to_owned(),
        reason: "prices rose".to_owned(),
        from: at(from),
        until: at(until),
        ended: None,
    };
    let from = at(from);
    shop.ledger().run_blocking(move |c| watches::silence_watch(c, &silence, "root", from)).unwrap()
}

#[test]
fn while_a_watch_is_silenced_states_move_and_what_lasts_is_told_at_the_next_time() {
    let shop = Shop::new("only = [\"enterprise\"]");
    shop.leave("enterprise", "2026-02", 6);
    shop.run("2026-02-20T00:00:00Z", "2026-02-20T12:00:00Z");
    let id = silence(&shop, None, "2026-02-20T12:00:00Z", "2026-03-10T12:00:00Z");
    shop.run("2026-02-20T12:00:00Z", "2026-03-10T12:00:00Z");
    assert_eq!(shop.standing("enterprise").0, Phase::Breached);
    // Its author hears a day ahead that it ends, once, though no occurrence is due at that time.
    let heard = shop.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!((heard[0].0.as_str(), heard[0].1.as_str()), ("2026-03-09", "notice.raised"));
    assert!(heard[0].2[0].contains("You silenced leaving until") && heard[0].2[0].contains("prices rose"));
    shop.run("2026-03-10T12:00:00Z", "2026-03-13T12:00:00Z");
    assert_eq!(shop.days()[1..], days(&[("2026-03-11", "began")]));
    // What would have been told is kept with the silence that withheld it.
    let turns = shop.ledger().run_blocking(|c| watches::turns(c, "leaving")).unwrap();
    let first = &turns[0];
    assert_eq!(first.1, at("2026-03-01T08:00:00Z"));
    assert_eq!((first.3.as_deref(), first.4), (Some("breach"), Some(id)));
    assert_eq!(first.5, "6.0% (6\u{a0}of\u{a0}100), over 5%");
    let told: Vec<_> = turns.iter().filter(|turn| turn.3.is_some() && turn.4.is_none()).collect();
    assert_eq!(told.len(), 1);
    let audit: Vec<String> = shop
        .ledger()
        .run_blocking(|c| {
            let mut statement = c.prepare("SELECT who || ': ' || what FROM audit ORDER BY id")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
        .unwrap();
    assert_eq!(
        audit,
        [
            "root: silenced leaving until 2026-03-10T12:00:00Z for ana: prices rose (silence 1)",
            "retaind: announced the end of silence 1 to ana",
        ]
    );
}

#[test]
fn what_ended_under_a_silence_is_told_after_it_if_its_beginning_was_told() {
    let shop = Shop::new("only = [\"enterprise\"]");
    shop.leave("enterprise", "2026-02", 6);
    shop.run("2026-02-28T12:00:00Z", "2026-03-02T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-03-01", "began")]));
    silence(&shop, Some("enterprise"), "2026-03-30T00:00:00Z", "2026-04-05T00:00:00Z");
    shop.run("2026-03-02T12:00:00Z", "2026-04-04T12:00:00Z");
    assert_eq!(shop.standing("enterprise").0, Phase::Ok);
    let notices = shop.days().into_iter().filter(|(_, kind)| kind == "notice.raised").count();
    assert_eq!((shop.days().len(), notices), (2, 1));
    shop.run("2026-04-04T12:00:00Z", "2026-04-07T12:00:00Z");
    assert_eq!(shop.days()[2..], days(&[("2026-04-05", "ended")]));
    // A silence over another group silences nobody here.
    silence(&shop, Some("small"), "2026-04-07T13:00:00Z", "2026-06-05T00:00:00Z");
    shop.leave("enterprise", "2026-04", 20);
    shop.run("2026-04-07T14:00:00Z", "2026-05-02T12:00:00Z");
    assert_eq!(shop.days()[3..], days(&[("2026-05-01", "began")]));
}

#[test]
fn another_level_starts_anew_and_another_repetition_does_not() {
    let shop = Shop::new("only = [\"enterprise\"]");
    shop.leave("enterprise", "2026-02", 6);
    shop.run("2026-02-28T12:00:00Z", "2026-03-05T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-03-01", "began")]));
    shop.configure("only = [\"enterprise\", \"small\"]\nrepeat = \"30d\"");
    shop.run("2026-03-05T12:00:00Z", "2026-03-08T12:00:00Z");
    assert_eq!(shop.days().len(), 1);
    let text = std::fs::read_to_string(shop.path("retaind.toml")).unwrap();
    let text = crate::world::replace(&text, "above = 0.05", "above = 0.055");
    std::fs::write(shop.path("retaind.toml"), text).unwrap();
    shop.run("2026-03-08T12:00:00Z", "2026-03-10T12:00:00Z");
    assert_eq!(shop.days()[1..], days(&[("2026-03-09", "began")]));
}

#[test]
fn a_group_that_is_no_longer_there_ends_its_breach_and_an_empty_column_does_not() {
    let shop = Shop::new("");
    shop.leave("enterprise", "2026-02", 6);
    shop.run("2026-02-28T12:00:00Z", "2026-03-05T12:00:00Z");
    shop.sql("ALTER TABLE customers RENAME COLUMN segment TO kept");
    shop.sql("ALTER TABLE customers ADD COLUMN segment TEXT");
    shop.run("2026-03-05T12:00:00Z", "2026-03-08T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-03-01", "began")]));
    assert_eq!(shop.standing("enterprise"), (Phase::Breached, "not in the store".to_owned()));
    shop.sql("UPDATE customers SET segment = CASE kept WHEN 'enterprise' THEN 'large' ELSE kept END");
    shop.run("2026-03-08T12:00:00Z", "2026-03-10T12:00:00Z");
    let heard = shop.heard();
    // The same customers under another name are another group, and beyond the level at once.
    assert_eq!(shop.days()[1..], days(&[("2026-03-09", "began")]));
    assert!(heard[1].2[0].starts_with("Customer churn in large stood at 6.0%"), "{heard:?}");
    assert!(heard[1].2[1].starts_with("Customer churn in enterprise is watched no longer"), "{heard:?}");
    assert!(!shop.memory().groups.iter().any(|watched| watched.group == "enterprise"));
}

#[test]
fn an_occurrence_that_is_done_and_one_that_comes_late_move_nothing() {
    let shop = Shop::new("only = [\"enterprise\"]");
    shop.leave("enterprise", "2026-02", 6);
    shop.run("2026-02-28T12:00:00Z", "2026-03-02T12:00:00Z");
    let before = shop.memory();
    let (config, _) = config::load(&shop.path("retaind.toml"), Outlet::Configured);
    let config = config.unwrap();
    let locales = retaind::job::seal::Locales::load().unwrap();
    let now = at("2026-03-02T13:00:00Z");
    // What was decided on the same knowledge by somebody else, and committed after us.
    for (when, known, planned) in [
        ("2026-03-01T08:00:00Z", Memory::default(), false),
        ("2026-03-01T08:00:00Z", before.clone(), false),
        ("2026-02-27T08:00:00Z", before.clone(), true),
    ] {
        let known = retaind::daemon::watching::Known { watched: known, ..Default::default() };
        let run = runner::look(&config, &locales, ("leaving", at(when), Turn::Due), &known).unwrap();
        let stored = shop.ledger().run_blocking(move |c| {
            if planned {
                occurrences::plan_one(c, "leaving", at(when))?;
            }
            occurrences::commit(c, &run.decided, now)
        });
        assert_eq!(stored.unwrap(), planned, "{when}");
        assert_eq!(shop.memory(), before, "{when}");
    }
    assert_eq!(shop.heard().len(), 1);
}

#[test]
fn a_year_is_long_enough_for_many_and_too_many_evaluations_end_in_one_row_a_group() {
    let shop = Shop::new("");
    shop.run("2025-02-01T00:00:00Z", "2026-02-01T00:00:00Z");
    let memory = shop.memory();
    assert_eq!(memory.groups.len(), 3);
    assert_eq!(memory.at, Some(at("2026-01-31T08:00:00Z")));
    assert_eq!(shop.ledger().run_blocking(|c| watches::turns(c, "leaving")).unwrap(), []);
}

#[test]
fn the_command_line_silences_lists_and_ends_and_refuses_what_it_cannot_do() {
    let shop = Shop::new("only = [\"enterprise\"]");
    shop.run("2026-02-28T12:00:00Z", "2026-03-02T12:00:00Z");
    let on = ["--because", "prices rose", "--by", "ana"];
    for (arguments, code, said) in [
        (
            vec!["silence", "leaving", "--until", "2099-01-01", on[0], on[1], "--by", "bo"],
            64,
            "no person `bo`",
        ),
        (vec!["silence", "leaving", "--until", "2020-01-01", on[0], on[1], on[2], on[3]], 64, "is over"),
        (
            vec!["silence", "leavin", "--until", "2099-01-01", on[0], on[1], on[2], on[3]],
            64,
            "did you mean `leaving`?",
        ),
        (
            vec!["silence", "leaving", "--group", "big", "--until", "2099-01-01", on[0], on[1], on[2], on[3]],
            64,
            "does not look at `big`",
        ),
        (vec!["silence", "leaving", "--until", "2099-01-01", "--by", "ana"], 64, "--because"),
        (vec!["silence", "leaving", on[0], on[1], on[2], on[3]], 64, "--until"),
        (vec!["silence", "end", "7"], 65, "no silence 7"),
        (vec!["silence", "list"], 0, "Nothing is silenced."),
        (
            vec!["silence", "leaving", "--until", "2099-01-01", on[0], on[1], on[2], on[3]],
            0,
            "silence 1: nothing is told",
        ),
        (vec!["silence", "list"], 0, "prices rose"),
        (vec!["silence", "end", "1"], 0, "silence 1 is over"),
        (vec!["silence", "end", "1"], 65, "no silence 1"),
        (vec!["silence", "list"], 0, "Nothing is silenced."),
    ] {
        let (found, text) = shop.command(&arguments);
        assert_eq!(found, code, "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn preview_plan_and_backtest_say_what_a_watch_sees() {
    let shop = Shop::new("for = 2");
    for (month, count) in [("2026-02", 6), ("2026-03", 6), ("2026-04", 4), ("2026-05", 5)] {
        shop.leave("enterprise", month, count);
    }
    let (code, quiet) = shop.command(&["preview", "leaving", "--at", "2026-02-10T08:00"]);
    assert_eq!(code, 0, "{quiet}");
    for line in [
        "quiet: enterprise 0.0% (0\u{a0}of\u{a0}100), within its bounds",
        "quiet: small 0.0% (0\u{a0}of\u{a0}60), within its bounds",
        "not known: startup too few: 10, at least 30",
        "leaving would send nothing",
    ] {
        assert!(quiet.contains(line), "{line}\n{quiet}");
    }
    let (_, plan) = shop.command(&["plan", "--at", "2026-03-31T00:00", "--for", "3d"]);
    let lines: Vec<&str> = plan.lines().collect();
    // Planned as if the days before had run: the first month of two is only pending.
    assert!(
        lines[0].contains("pending: enterprise 6.0% (6\u{a0}of\u{a0}100), over 5% (1 of 2 in a row)"),
        "{plan}"
    );
    assert!(lines[1].contains("would breach: enterprise 6.4% (6\u{a0}of\u{a0}94), over 5%"), "{plan}");
    assert!(lines[2].contains("breached and told: enterprise 6.4%"), "{plan}");
    let picture = shop.path("chart.svg");
    let out = ["backtest", "leaving", "--from", "2026-01-01", "--to", "2026-07-02", "--out"];
    let (code, table) = shop.command(&[&out[..], &[picture.to_str().unwrap()]].concat());
    assert_eq!(code, 0, "{table}");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    assert_eq!(
        rows[1..4].concat(),
        [
            ["2026-03-01", "08:00", "enterprise", "pending"],
            ["2026-04-01", "08:00", "enterprise", "breach"],
            ["2026-07-01", "08:00", "enterprise", "recovery"],
        ]
        .concat()
    );
    // April's 4.5 % lies between the levels. Without hysteresis that ends it, and May alone is no second month.
    assert!(
        table.contains(
            "182 evaluations: leaving would have fired once; 1 without hysteresis; 1 without `for`."
        ),
        "{table}"
    );
    let svg = std::fs::read_to_string(picture).unwrap();
    assert!(svg.contains("Customer churn in enterprise: told once"), "{svg}");
    assert!(!shop.path("ledger.db").exists(), "looking ahead and back makes no ledger");
    // What lies before the last evaluation is seen as if there had been none.
    shop.run("2026-03-31T12:00:00Z", "2026-04-03T12:00:00Z");
    let (_, earlier) = shop.command(&["preview", "leaving", "--at", "2026-03-02T08:00"]);
    assert!(
        earlier.contains("pending: enterprise 6.0% (6\u{a0}of\u{a0}100), over 5% (1 of 2 in a row)"),
        "{earlier}"
    );
    let (_, next) = shop.command(&["preview", "leaving", "--at", "2026-04-04T08:00"]);
    assert!(
        next.contains("pending: enterprise 6.4% (6\u{a0}of\u{a0}94), over 5% (1 of 2 in a row)"),
        "{next}"
    );
}

/// The demo's Monday against SQL: how many were there on 30 September, who of them was not on 31 October, and
/// what they paid.
#[test]
fn the_demos_message_says_what_sql_says() {
    let shop = shop();
    let spec = spec(Metric::ChurnRate, Some(Split::Segment), 3, 100);
    let today = shop.facts.lens.today();
    let look = Look::of(&shop.facts, &spec, today);
    let evaluation = Evaluation::of(&look, &Memory::default(), shop.facts.lens.as_of);
    let people = names(&evaluation.wanted());
    let document = evaluation.tell("key-accounts", &people).unwrap();
    let (view, _) = view::view(&document, &Locale::load("en").unwrap());
    let sql = shop.sql();
    let mut asked = 0;
    for segment in ["enterprise", "midmarket", "small"] {
        let covered = "EXISTS (SELECT 1 FROM subscriptions s WHERE s.customer_id = c.id AND s.starts_on <= ?2
          AND (s.ends_on IS NULL OR s.ends_on > ?2))";
        let count = |and: &str| {
            let statement = format!(
                "SELECT count(*) FROM customers c WHERE segment = ?1 AND {} {and}",
                covered.replace("?2", "'2026-09-30'")
            );
            sql.query_row(&statement, [segment], |row| row.get::<_, i64>(0)).unwrap()
        };
        let gone = format!("AND NOT {}", covered.replace("?2", "'2026-10-31'"));
        let (opening, churned) = (count(""), count(&gone));
        let said = format!("Customer churn in {segment} stood at ");
        let line = view.lead.iter().find(|line| line.starts_with(&said)).unwrap();
        assert!(line.contains(&format!("({churned}\u{a0}of\u{a0}{opening})")), "{line}");
        let mut statement = sql
            .prepare(&format!(
                "SELECT c.name, (SELECT sum(mrr_minor) FROM subscriptions s WHERE s.customer_id = c.id
                   AND s.starts_on <= '2026-09-30' AND (s.ends_on IS NULL OR s.ends_on > '2026-09-30')) AS lost,
                   (SELECT name FROM reps r WHERE r.id = c.owner_id)
                 FROM customers c WHERE segment = ?1 AND {} {gone} ORDER BY lost DESC, c.id LIMIT 1",
                covered.replace("?2", "'2026-09-30'")
            ))
            .unwrap();
        let first: (String, i64, String) =
            statement.query_row([segment], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let money = Locale::load("en").unwrap().value(
            &retaind::domain::Money::new(i128::from(first.1), Currency::from_code("BRL").unwrap()).into(),
        );
        let named = format!("{} ({money}, {})", first.0, first.2);
        assert!(line.contains(&named), "{named}: {line}");
        asked += churned;
    }
    assert!(asked > 20, "an empty comparison");
}

/// How the demo's customers are called.
fn names(wanted: &BTreeSet<u32>) -> People {
    let shop = shop();
    let sql = shop.sql();
    let name = |customer: &u32| {
        let id = shop.facts.customers.id(*customer).into_owned();
        let name = sql.query_row("SELECT name FROM customers WHERE id = ?1", [id], |row| row.get(0)).unwrap();
        (*customer, Person { name, ..Person::default() })
    };
    People(wanted.iter().map(name).collect())
}

fn spec(metric: Metric, split: Option<Split>, level: i128, of: i128) -> WatchSpec {
    let level = Ratio::of(level, of).unwrap();
    WatchSpec {
        metric,
        split,
        only: Vec::new(),
        period: PeriodChoice { kind: PeriodKind::Month, current: false },
        settings: Settings { cac_minor: Some(120_000), ..Settings::default() },
        condition: Condition { against: Against::Level, side: Some(Side::Over), level, clear: level },
        patience: Patience { lasting: 1, repeat: None },
        min_base: 0,
    }
}

/// Each condition, so that a group with `value` is beyond it.
fn conditions(value: Ratio) -> Vec<(Against, Option<Side>, Ratio)> {
    let (half, twice) = (value.times(Ratio::of(1, 2).unwrap()), value.times(Ratio::whole(2)));
    let mut conditions =
        vec![(Against::Level, Some(Side::Over), half), (Against::Level, Some(Side::Under), twice)];
    let little = Ratio::of(1, 1000).unwrap();
    let past = [Against::Previous, Against::Year, Against::History];
    conditions.extend(past.map(|against| (against, None, little)));
    conditions
}

/// Groups of which readers heard a month before `as_of` that they are breached.
fn breached(spec: &WatchSpec, groups: impl Iterator<Item = String>, as_of: Timestamp) -> Memory {
    let told = Some(as_of - jiff::SignedDuration::from_hours(24 * 30));
    let earlier = Some(Observed { from: Day(20_000), to: Day(20_001) });
    let phase = Phase::Breached;
    let standing = Standing { phase, streak: 3, earlier: 2, seen: earlier, since: earlier, told };
    let watched = |group| Watched { group, standing: standing.clone(), said: String::new() };
    Memory {
        fingerprint: spec.fingerprint(),
        at: told,
        groups: groups.map(watched).collect(),
        silences: Vec::new(),
    }
}

/// Every figure of the catalogue can be watched, by every condition that it has, and every sentence about it is
/// whole in every language.
#[test]
fn every_metric_is_told_in_whole_sentences_in_every_language() {
    let shop = shop();
    let (as_of, today) = (shop.facts.lens.as_of, shop.facts.lens.today());
    let mut wrong = Vec::new();
    let (mut documents, mut charts) = (0, 0);
    for metric in Metric::all() {
        // The demo's segments have too few who buy again for the models of buying.
        let splits = metric.splits() && metric.source() != metric::Source::Buying;
        let split = splits.then_some(Split::Segment);
        let mut plain = spec(metric, split, 0, 1);
        if !metric.is_told_on(plain.settings.basis) {
            plain.settings.basis = Basis::Inactivity(45);
        }
        let look = Look::of(&shop.facts, &plain, today);
        let values = Evaluation::of(&look, &Memory::default(), as_of).findings;
        let value = values.iter().find_map(|finding| finding.reading.value.exact());
        assert!(value.is_some() || metric == Metric::MedianTenure, "{metric:?} tells nothing");
        let Some(value) = value else { continue };
        for (against, side, level) in conditions(value) {
            let condition = Condition { against, side, level, clear: level };
            let patience = Patience { lasting: 1, repeat: Some(jiff::SignedDuration::from_hours(24)) };
            let spec = WatchSpec { condition, patience, ..plain.clone() };
            let past = crate::past::past(spec.settings.basis).clone();
            let look = Look::of(&shop.facts, &spec, today).remembering(past);
            // As it begins; and as it goes on, ends or is gone.
            let groups = values.iter().map(|finding| finding.group.clone());
            let groups = groups.chain(split.map(|_| "vanished".to_owned()));
            let begun = breached(&spec, groups, as_of);
            for memory in [Memory::default(), begun] {
                let evaluation = Evaluation::of(&look, &memory, as_of);
                let people = names(&evaluation.wanted());
                let Some(document) = evaluation.tell("watch", &people) else { continue };
                documents += 1;
                for tag in tags() {
                    let locale = Locale::load(tag).unwrap();
                    let view = view::words(&document, &locale);
                    charts += usize::from(!document.blocks.is_empty());
                    let all = texts(&serde_json::to_value(&view).unwrap());
                    let keys = locale.keys();
                    wrong.extend(all.iter().flat_map(|text| {
                        let left = leftovers(text, &keys).into_iter();
                        left.map(move |left| format!("{tag}: {metric:?} {against:?}: {left} in {text:?}"))
                    }));
                    // Sentences are whole: nothing that an absent part leaves behind, nothing without a value.
                    let sentences = [vec![view.subject, view.title], view.lead, view.notes].concat();
                    for text in &sentences {
                        let odd = ["  ", " .", " ,", "..", "n/a", "n/d", "NaN", "()"];
                        for odd in odd.iter().filter(|odd| text.contains(**odd)) {
                            wrong.push(format!("{tag}: {metric:?} {against:?}: {odd:?} in {text:?}"));
                        }
                    }
                }
            }
        }
    }
    assert!(documents > 200 && charts > 200, "{documents} documents, {charts} with pictures");
    assert!(wrong.is_empty(), "{} of {documents}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_figure_of_any_unit_is_drawn_with_its_level() {
    let shop = shop();
    let (as_of, today) = (shop.facts.lens.as_of, shop.facts.lens.today());
    let english = Locale::load("en").unwrap();
    for (metric, level, of, axis, label) in [
        (Metric::ChurnRate, 1, 100, "3.0%", "told over 1%"),
        (Metric::RevenueClosing, 100_000_000, 1, "R$800,000", "told over R$1,000,000"),
        (Metric::Churned, 20, 1, "40", "told over 20"),
        (Metric::FollowUpDelay, 1, 1, "2", "told over 1\u{a0}day"),
        (Metric::FirstReplyP90, 5, 1, "20", "told over 5\u{a0}hours"),
        (Metric::Nps, 5, 100, "20", "told over +5"),
        (Metric::LtvToCac, 1, 1, "5.00", "told over 1"),
    ] {
        let spec = spec(metric, None, level, of);
        let look = Look::of(&shop.facts, &spec, today);
        let evaluation = Evaluation::of(&look, &Memory::default(), as_of);
        let document = evaluation.tell("watch", &names(&evaluation.wanted())).unwrap();
        let (_, drawn) = view::view(&document, &english);
        let svg = &drawn.first().unwrap_or_else(|| panic!("{metric:?} has no picture")).svg;
        assert!(svg.contains(&format!(">{label}<")), "{metric:?}: {svg}");
        assert!(svg.contains(&format!(">{axis}<")), "{metric:?}: {svg}");
        assert!(svg.matches("<circle").count() >= 2, "{metric:?}: the breach is marked");
    }
}

/// What is told of the past from one read is what reads as of each day tell.
#[test]
fn one_read_tells_the_past_as_many_reads_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute_batch(&retaind::store::relation::schema()).unwrap();
    retaind::demo::build(&mut sql).unwrap();
    let zone = TimeZone::get("America/Sao_Paulo").unwrap();
    // Everything at once: what a metric reads by itself is proven with the catalogue.
    let all: Vec<Metric> = Metric::all().collect();
    let read = |settings: &Settings, when: Timestamp, periods: &[Period]| {
        let currency = Currency::from_code("BRL").unwrap();
        let lens = Lens { as_of: when, zone: zone.clone(), currency, rates: Rates::default() };
        let needs = metric::needs(&all, settings, lens.today(), periods, &[Split::Segment]);
        SqliteStore::open(&path, Mapping::own(), zone.clone()).unwrap().read(needs, lens).unwrap()
    };
    let days = ["2025-09-10", "2026-03-01", "2026-06-15", "2026-11-02"];
    let instants: Vec<Timestamp> = days.iter().map(|day| at(&format!("{day}T11:00:00Z"))).collect();
    let day = |when: Timestamp| Day::of(zone.to_datetime(when).date());
    let seen = |spec: &WatchSpec, facts: &Facts, when: Timestamp| {
        let look = Look::of(facts, spec, day(when));
        let found = Evaluation::of(&look, &Memory::default(), when).findings;
        let mut rows: Vec<_> = found.into_iter().map(|f| (f.group, f.reading, f.judged)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    let mut differ = Vec::new();
    for (basis, condition) in [(Basis::Contract, Against::Level), (Basis::Inactivity(45), Against::History)] {
        let settings = Settings { basis, cac_minor: Some(120_000), ..Settings::default() };
        let any = spec(Metric::ChurnRate, None, 1, 100);
        let periods = |when: &Timestamp| any.periods(day(*when));
        let once = read(&settings, instants[3], &instants.iter().flat_map(periods).collect::<Vec<_>>());
        for when in &instants[..3] {
            let then = read(&settings, *when, &periods(when));
            for metric in Metric::all() {
                let mut spec = spec(metric, metric.splits().then_some(Split::Segment), 1, 100);
                spec.settings = settings.clone();
                if metric.history() == History::Period {
                    spec.condition.against = condition;
                }
                let (found, expected) = (seen(&spec, &once, *when), seen(&spec, &then, *when));
                if stays(metric) {
                    assert!(can_be_replayed(&spec) && !found.is_empty());
                    assert_eq!(found, expected, "{metric:?} {basis:?} {when}");
                } else if found != expected {
                    differ.push(metric);
                }
            }
        }
    }
    // The comparison can fail: what counts what came of it since does differ.
    for metric in [Metric::LtvAverage, Metric::ResolutionP90, Metric::Conversion] {
        assert!(differ.contains(&metric), "{metric:?} is the same: {differ:?}");
    }
}

/// Weighing complaints alone, one that is open is a score of 50. Four were open a month before, of which one was settled
/// since; three are; and then there are six more.
#[test]
fn what_is_to_date_is_held_against_how_things_stood_a_month_before() {
    let shop = Shop::new("");
    let text = std::fs::read_to_string(shop.path("retaind.toml")).unwrap();
    let text = crate::world::replace(
        &text,
        "metric = \"churn_rate\"\nsplit = [\"segment\"]",
        "metric = \"at_risk\"",
    );
    let text = crate::world::replace(&text, "above = 0.05\nclear = 0.04", "change = 0.5");
    let risk = "rhythm = 0, gone = 0, complaints = 1, contact = 0, follow_ups = 0, contraction = 0, \
                renewal = 0, signals = 0, survey = 0";
    std::fs::write(shop.path("retaind.toml"), format!("{text}[care]\nrisk = {{ {risk} }}\n")).unwrap();
    shop.sql(
        "INSERT INTO complaints (id, customer_id, opened_at, resolved_at)
           SELECT id, id, CASE WHEN id + 0 <= 4 THEN '2026-01-20T10:00:00Z' ELSE '2026-03-03T10:00:00Z' END,
             CASE WHEN id + 0 = 1 THEN '2026-02-20T10:00:00Z' WHEN id + 0 > 4 THEN '2026-03-06T10:00:00Z' END
           FROM customers WHERE id + 0 <= 10",
    );
    shop.run("2026-03-01T12:00:00Z", "2026-03-08T12:00:00Z");
    assert_eq!(shop.days(), days(&[("2026-03-04", "began"), ("2026-03-07", "ended")]));
    let heard = shop.heard();
    assert_eq!(
        heard[0].2,
        [
            "Customers at risk of leaving stood at 9 on 4 Mar 2026: 125.0% more than the period before.",
            "The figure was 4 on 4 Feb 2026.",
            "You will hear again when it is back in its bounds.",
        ]
    );
    // Looking back, the same: nothing that came later is seen.
    let (code, table) =
        shop.command(&["backtest", "leaving", "--from", "2026-03-01", "--to", "2026-03-08T12:00"]);
    assert_eq!(code, 0, "{table}");
    let said: Vec<Vec<&str>> =
        table.lines().skip(1).take(2).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(said[0][..5], ["2026-03-04", "08:00", "-", "breach", "9,"], "{table}");
    assert_eq!(said[1][..5], ["2026-03-07", "08:00", "-", "recovery", "3,"], "{table}");
}

#[test]
fn what_is_told_first_names_the_message() {
    assert_eq!(Telling::ALL.map(|(name, _)| name), ["breach", "repeat", "recovery", "gone"]);
    for (name, phase) in Phase::ALL {
        assert_eq!((phase.name(), Phase::parse(name)), (name, Some(phase)));
    }
}

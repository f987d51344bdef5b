//! What the daemon does over time, on a clock moved by hand: activation, outages, clocks set back, stores
//! that cannot be right, recipients who cannot be reached, days off.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use retaind::channel::Channel;
use retaind::channel::memory::Memory;
use retaind::clock::Clock;
use retaind::config::{self, Outlet, Way};
use retaind::daemon::Daemon;
use retaind::ledger::{Access, Ledger, deliveries, occurrences};
use retaind::outbox::{Answer, Medium, Scope};
use tempfile::TempDir;

pub(crate) const CONFIG: &str = r#"
[store]
path = "shop.db"
zone = "UTC"
currency = "EUR"
[defaults]
calendar = "office"
[calendars.office]
holidays = ["2026-06-08"]
[channels.mails]
kind = "folder"
folder = "mails"
from = "Shop <shop@example.com>"
[people.ana]
name = "Ana"
email = "ana@example.com"
via = ["mails"]
rep = "1"
[people.ops]
name = "Ops"
email = "ops@example.com"
via = ["mails"]
[ops]
to = ["ops"]
[jobs.daily]
kind = "report"
report = "churn"
cron = "0 8 * * *"
max_late = "24h"
to = ["ana"]
[jobs.reps]
kind = "reminders"
cron = "30 8 * * *"
via = ["mails"]
"#;

pub(crate) struct Shop {
    dir: TempDir,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let shop = Shop { dir: tempfile::tempdir().unwrap() };
        shop.configure(CONFIG);
        let store = rusqlite::Connection::open(shop.path("shop.db")).unwrap();
        store.execute_batch(&retaind::store::relation::schema()).unwrap();
        shop.sql(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
             INSERT INTO customers (id, name, owner_id) SELECT i, 'Customer ' || i, '1' FROM n;
             INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on) SELECT id, id, 1000, '2026-01-01' FROM customers;
             INSERT INTO reps (id, name, email) VALUES ('1', 'Ana', NULL), ('2', 'Bo', 'not an address'), ('3', 'Cy', 'cy@example.com')",
        );
        shop
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.path("retaind.toml"), text).unwrap();
    }

    pub(crate) fn sql(&self, sql: &str) {
        rusqlite::Connection::open(self.path("shop.db")).unwrap().execute_batch(sql).unwrap();
    }

    /// Runs a daemon from one instant to another, as if it had been started then and killed at the end.
    pub(crate) fn run(&self, from: &str, until: &str) {
        let (config, findings) = config::load(&self.path("retaind.toml"), Outlet::Configured);
        let config = config.unwrap_or_else(|| panic!("{}", findings.render(false)));
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

    /// State and reason of a job's occurrences, oldest first.
    fn occurrences(&self, job: &str) -> Vec<(String, String, String)> {
        let mut rows = self.ledger().run_blocking(|c| occurrences::recent(c, 1000)).unwrap();
        rows.reverse();
        let of_job = rows.into_iter().filter(|(name, ..)| name == job);
        of_job.map(|(_, at, state, reason)| (at.to_string(), state, reason)).collect()
    }

    fn states(&self, job: &str) -> Vec<String> {
        self.occurrences(job).into_iter().map(|(_, state, _)| state).collect()
    }

    /// Recipient, subject and not-before of all deliveries, oldest first.
    fn messages(&self) -> Vec<(String, String, Timestamp)> {
        let mut rows = self.ledger().run_blocking(|c| deliveries::list(c, None, 1000)).unwrap();
        rows.reverse();
        rows.into_iter().map(|r| (r.delivery.recipient, r.delivery.subject, r.delivery.not_before)).collect()
    }

    fn told(&self, recipient: &str) -> Vec<String> {
        self.messages()
            .into_iter()
            .filter(|(who, ..)| who == recipient)
            .map(|(_, subject, _)| subject)
            .collect()
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn the_first_activation_starts_now_and_each_day_is_told_once() {
    let shop = Shop::new();
    shop.run("2026-06-01T12:00:00Z", "2026-06-03T12:00:00Z");
    assert_eq!(
        shop.occurrences("daily").iter().map(|(at, ..)| at.as_str()).collect::<Vec<_>>(),
        ["2026-06-02T08:00:00Z", "2026-06-03T08:00:00Z"]
    );
    assert_eq!(shop.told("ana").len(), 2);
    assert_eq!(files(&shop.path("mails")), 2);
    // The clock goes back and the same days pass again: nothing new.
    shop.run("2026-06-01T00:00:00Z", "2026-06-03T12:00:00Z");
    assert_eq!(shop.told("ana").len(), 2);
}

#[test]
fn after_an_outage_the_policy_decides_and_says_why() {
    let shop = Shop::new();
    shop.run("2026-06-01T00:00:00Z", "2026-06-01T12:00:00Z");
    shop.run("2026-06-04T12:00:00Z", "2026-06-04T13:00:00Z");
    let rows = shop.occurrences("daily");
    let states: Vec<(&str, &str)> =
        rows.iter().map(|(_, state, why)| (state.as_str(), why.as_str())).collect();
    assert_eq!(
        states,
        [
            ("done", "1 messages"),
            ("missed", "later than max_late"),
            ("missed", "later than max_late"),
            ("done", "1 messages")
        ]
    );
    let wide = CONFIG.replace("max_late = \"24h\"", "max_late = \"7d\"\nmisfire = \"all\"");
    shop.configure(&wide);
    shop.run("2026-06-07T12:00:00Z", "2026-06-07T13:00:00Z");
    assert_eq!(shop.states("daily")[4..], ["done", "done", "done"]);
}

#[test]
fn a_changed_schedule_starts_from_now() {
    let shop = Shop::new();
    shop.run("2026-06-01T00:00:00Z", "2026-06-01T12:00:00Z");
    shop.configure(&CONFIG.replace("0 8 * * *", "0 9 * * *"));
    shop.run("2026-06-03T12:00:00Z", "2026-06-04T12:00:00Z");
    assert_eq!(
        shop.occurrences("daily").iter().map(|(at, ..)| at.as_str()).collect::<Vec<_>>(),
        ["2026-06-01T08:00:00Z", "2026-06-04T09:00:00Z"]
    );
}

#[test]
fn a_store_that_lost_its_rows_stops_the_run_and_ops_hears_of_it() {
    let shop = Shop::new();
    shop.run("2026-06-01T00:00:00Z", "2026-06-02T12:00:00Z");
    shop.sql("DELETE FROM subscriptions WHERE id + 0 > 15");
    shop.run("2026-06-03T00:00:00Z", "2026-06-03T08:10:00Z");
    let last = shop.occurrences("daily").pop().unwrap();
    assert_eq!(
        (last.1.as_str(), last.2.as_str()),
        ("stopped", "`subscriptions` gave 15 rows, usually about 40")
    );
    assert_eq!(shop.told("ana").len(), 2);
    assert_eq!(shop.told("ops"), ["daily was stopped: its input cannot be right"]);
    // Three in four are far from one in two.
    shop.sql("INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on) SELECT id, id, 1000, '2026-01-01' FROM customers WHERE id + 0 > 15 AND id + 0 <= 30");
    shop.run("2026-06-04T00:00:00Z", "2026-06-04T08:10:00Z");
    assert_eq!(shop.states("daily").last().unwrap(), "done");
}

#[test]
fn ids_that_come_twice_and_rows_that_cannot_be_read_stop_the_run() {
    let shop = Shop::new();
    let twice =
        "[store.relations.customers]\nquery = \"SELECT c.id, c.name FROM customers c, reps\"\n[defaults]";
    shop.configure(&CONFIG.replace("[defaults]", twice));
    shop.run("2026-06-01T00:00:00Z", "2026-06-01T08:10:00Z");
    let (_, state, reason) = shop.occurrences("daily").pop().unwrap();
    assert_eq!(state, "stopped");
    assert!(
        reason.contains("80 ids come more than once") && reason.contains("a join in the query"),
        "{reason}"
    );
    shop.configure(CONFIG);
    shop.sql("UPDATE subscriptions SET starts_on = '0000-00-00' WHERE id + 0 <= 3");
    shop.run("2026-06-02T00:00:00Z", "2026-06-02T08:10:00Z");
    let (_, state, reason) = shop.occurrences("daily").pop().unwrap();
    assert_eq!(state, "stopped");
    assert!(reason.starts_with("3 of 40 rows of `subscriptions` cannot be read, such as 1"), "{reason}");
    assert_eq!(shop.told("ana"), Vec::<String>::new());
}

#[test]
fn a_store_that_is_gone_is_tried_again_and_given_up_aloud() {
    let shop = Shop::new();
    shop.configure(&CONFIG.replace("max_late = \"24h\"", "max_late = \"30m\""));
    let (config, _) = config::load(&shop.path("retaind.toml"), Outlet::Configured);
    let ledger = Ledger::open(&shop.path("ledger.db"), Access::Daemon).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clock = Clock::manual(at("2026-06-01T00:00:00Z"));
    let mut daemon = runtime.block_on(Daemon::start(config.unwrap(), ledger, clock)).unwrap();
    let mut replay = |until: &str| runtime.block_on(daemon.replay_until(at(until))).unwrap();
    std::fs::rename(shop.path("shop.db"), shop.path("gone.db")).unwrap();
    replay("2026-06-01T08:05:00Z");
    assert_eq!(shop.states("daily"), ["planned"]);
    std::fs::rename(shop.path("gone.db"), shop.path("shop.db")).unwrap();
    replay("2026-06-01T08:15:00Z");
    assert_eq!(shop.states("daily"), ["done"]);
    std::fs::rename(shop.path("shop.db"), shop.path("gone.db")).unwrap();
    replay("2026-06-02T08:45:00Z");
    let (_, state, reason) = shop.occurrences("daily").pop().unwrap();
    assert_eq!(state, "failed");
    assert!(reason.contains("cannot be opened"), "{reason}");
    assert!(shop.told("ops").contains(&"daily did not run".to_owned()), "{:?}", shop.told("ops"));
}

#[test]
fn a_digest_waits_for_the_next_working_day_and_one_bad_recipient_stops_nobody() {
    let shop = Shop::new();
    let of_ana = CONFIG.replace("calendar = \"office\"\n", "");
    shop.configure(&of_ana.replace("name = \"Ana\"", "name = \"Ana\"\ncalendar = \"office\""));
    shop.sql(
        "INSERT INTO follow_ups (id, customer_id, rep_id, due_at, subject) VALUES
         ('a', '1', '1', '2026-06-05', 'Call'), ('b', '2', '2', '2026-06-05', 'Call'), ('c', '3', '3', '2026-06-05', 'Call'),
         ('d', '4', '1', '2026-06-20', 'Later'), ('e', '5', NULL, '2026-06-06', 'Owner'), ('f', '6', '1', '2026-06-01', 'Done')",
    );
    shop.sql("UPDATE follow_ups SET done_at = '2026-06-02T10:00:00' WHERE id = 'f'");
    // 6 June 2026 is a Saturday, and Monday the 8th a holiday in Ana's calendar; Cy has none.
    shop.run("2026-06-05T08:40:00Z", "2026-06-05T08:40:01Z");
    shop.run("2026-06-06T08:10:00Z", "2026-06-06T09:00:00Z");
    let due: BTreeMap<String, (String, Timestamp)> =
        shop.messages().into_iter().map(|(who, subject, when)| (who, (subject, when))).collect();
    assert_eq!(shop.told("ana").last().unwrap(), "Churn 0.0% in May 2026, as before");
    assert_eq!(due["rep:3"], ("1 customer today, 1 overdue".to_owned(), at("2026-06-06T08:30:00Z")));
    assert!(!due.contains_key("rep:2"), "an address that cannot be written to was used");
    assert_eq!(shop.states("reps"), ["done"]);
    assert_eq!(shop.told("ops"), ["reps: 1 recipient left out"]);
    assert_eq!(files(&shop.path("mails")), 2);
    // What waits for her is looked at again, and one of the two is done by then.
    shop.sql("UPDATE follow_ups SET done_at = '2026-06-08T10:00:00' WHERE id = 'e'");
    shop.run("2026-06-09T08:29:59Z", "2026-06-09T08:30:01Z");
    let told: Vec<String> =
        shop.told("ana").into_iter().filter(|subject| subject.contains("today")).collect();
    assert_eq!(told, ["1 customer today, 1 overdue"]);
}

#[test]
fn who_also_gets_what_is_nobodys_is_told_of_all_of_it_once() {
    let shop = Shop::new();
    shop.configure(
        &CONFIG.replace("cron = \"30 8 * * *\"", "cron = \"30 8 * * *\"\nto = [\"ana\", \"ops\"]"),
    );
    shop.sql(
        "UPDATE customers SET owner_id = NULL WHERE id = '2';
         INSERT INTO follow_ups (id, customer_id, rep_id, due_at, subject) VALUES
         ('a', '1', '1', '2026-06-01', 'Mine'), ('b', '2', NULL, '2026-06-01', 'Of nobody')",
    );
    shop.run("2026-06-01T08:10:00Z", "2026-06-01T09:00:00Z");
    assert_eq!(shop.told("ana"), ["2 customers today"]);
    assert_eq!(shop.told("ops"), ["1 customer today"]);
}

#[test]
fn messages_of_a_channel_that_is_gone_are_held_and_ops_hears_of_it() {
    let shop = Shop::new();
    // A file where the folder should be: nothing can be written there.
    std::fs::write(shop.path("mails"), "").unwrap();
    shop.run("2026-06-01T00:00:00Z", "2026-06-01T08:00:10Z");
    shop.configure(
        &CONFIG
            .replace("[channels.mails]", "[channels.post]")
            .replace("\"mails\"]", "\"post\"]")
            .replace("folder = \"mails\"", "folder = \"post\""),
    );
    shop.run("2026-06-01T08:01:00Z", "2026-06-01T08:02:00Z");
    let rows = shop.ledger().run_blocking(|c| deliveries::list(c, None, 10)).unwrap();
    let held = rows.iter().find(|row| row.delivery.recipient == "ana").unwrap();
    assert_eq!(held.state.status.name(), "held");
    assert_eq!(held.state.reason, "its channel `mails` is no longer configured");
    assert_eq!(shop.told("ops"), ["Churn 0.0% in May 2026, as before: held"]);
}

/// A daemon on a shop whose channel answers what it is told.
struct Told {
    shop: Shop,
    memory: Memory,
    daemon: Daemon,
    runtime: tokio::runtime::Runtime,
}

impl Told {
    fn new() -> Told {
        let shop = Shop::new();
        let (config, _) = config::load(&shop.path("retaind.toml"), Outlet::Configured);
        let (mut config, memory) = (config.unwrap(), Memory::default());
        let way = Way {
            channel: Channel::Memory(memory.clone()),
            medium: Medium::Event,
            shown: "memory".to_owned(),
        };
        config.channels.insert("mails".to_owned(), way);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let ledger = Ledger::open(&shop.path("ledger.db"), Access::Daemon).unwrap();
        let clock = Clock::manual(at("2026-06-01T00:00:00Z"));
        let daemon = runtime.block_on(Daemon::start(config, ledger, clock)).unwrap();
        Told { shop, memory, daemon, runtime }
    }

    fn until(&mut self, time: &str) {
        self.runtime.block_on(self.daemon.replay_until(at(&format!("2026-06-01T{time}Z")))).unwrap();
    }

    /// Status, charged attempts and copies that left, of Ana's report.
    fn report(&self) -> (&'static str, u32, usize) {
        let rows = self.shop.ledger().run_blocking(|c| deliveries::list(c, None, 100)).unwrap();
        let row = rows.iter().find(|row| row.delivery.recipient == "ana").unwrap();
        let copies = self.memory.sent().into_iter().filter(|sent| sent.key == row.delivery.key);
        (row.state.status.name(), row.state.attempts, copies.count())
    }
}

fn not_now(scope: Scope) -> Answer {
    Answer::NotNow { reason: "later".to_owned(), after: None, scope }
}

#[test]
fn a_message_in_trouble_is_charged_and_tried_again_in_a_minute() {
    let mut told = Told::new();
    told.memory.will_answer(not_now(Scope::Message));
    told.until("08:00:30");
    assert_eq!(told.report(), ("pending", 1, 0));
    told.until("08:01:15");
    assert_eq!(told.report(), ("sent", 1, 1));
}

#[test]
fn a_channel_in_trouble_pauses_and_charges_nobody() {
    let mut told = Told::new();
    told.memory.will_answer(not_now(Scope::Channel));
    told.until("08:04:59");
    assert_eq!(told.report(), ("pending", 0, 0));
    told.until("08:05:01");
    assert_eq!(told.report(), ("sent", 0, 1));
}

#[test]
fn what_may_have_arrived_goes_out_once_more_and_then_waits_for_a_person() {
    let mut told = Told::new();
    told.memory.will_answer(Answer::Unknown("the answer was lost".to_owned()));
    told.memory.will_answer(Answer::Unknown("the answer was lost again".to_owned()));
    told.until("08:14:59");
    assert_eq!(told.report(), ("uncertain", 1, 1));
    told.until("12:00:00");
    assert_eq!(told.report(), ("held", 2, 2));
    let copies: Vec<_> = told.memory.sent().into_iter().filter(|sent| sent.recipient == "ana").collect();
    assert_eq!(copies[0].payload, copies[1].payload);
    assert_eq!(told.shop.told("ops"), ["Churn 0.0% in May 2026, as before: held"]);
}

/// The text of the last mail in the folder to somebody, by the time in its Date.
pub(crate) fn last_mail(shop: &Shop, to: &str) -> String {
    let parser = mail_parser::MessageParser::default();
    let mut mails: Vec<(i64, String)> = std::fs::read_dir(shop.path("mails"))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|raw| parser.parse(&raw).unwrap().into_owned())
        .filter(|mail| mail.to().unwrap().first().unwrap().address() == Some(to))
        .map(|mail| (mail.date().unwrap().to_timestamp(), mail.body_text(0).unwrap().into_owned()))
        .collect();
    mails.sort();
    mails.pop().unwrap().1
}

#[test]
fn who_sees_a_team_is_told_of_its_customers_alone() {
    let shop = Shop::new();
    shop.configure(
        &CONFIG
            .replace("to = [\"ana\"]\n", "to = [\"leads\", \"ops\"]\n")
            .replace("[ops]\n", "[audiences]\nleads = [\"ana\"]\n[scopes]\nleads = \"team\"\n[ops]\n"),
    );
    // Bo reports to Ana, Cy to nobody; each looks after ten of the forty customers.
    shop.sql("UPDATE reps SET manager_id = '1' WHERE id = '2'");
    shop.sql("UPDATE customers SET owner_id = 1 + id % 4");
    // What cannot be read, and money without a rate, may be anybody's.
    shop.sql(
        "INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on, currency) VALUES
           ('odd', '2', 1000, 'tomorrow', NULL), ('yen', '2', 70000, '2026-01-01', 'JPY')",
    );
    shop.run("2026-07-01T07:00:00Z", "2026-07-01T09:00:00Z");
    let (ana, ops) = (last_mail(&shop, "ana@example.com"), last_mail(&shop, "ops@example.com"));
    assert!(
        ana.contains("ended with 20 customers") && ana.contains("Only your team: 20 of 40 customers."),
        "{ana}"
    );
    assert!(ana.contains("MRR stayed at €200."), "{ana}");
    assert!(ops.contains("ended with 40 customers") && !ops.contains("Only your team"), "{ops}");
    for (of_all, of_team) in [
        (
            "1 row of subscriptions could not be read and is left out: odd",
            "1 row of the store is left out; the report on all customers says which.",
        ),
        (
            "¥70,000 has no rate and is in no figure of money (subscriptions: 1).",
            "Money in JPY is in no figure of money.",
        ),
    ] {
        assert!(ops.contains(of_all) && !ops.contains(of_team), "{ops}");
        assert!(ana.contains(of_team) && !ana.contains(of_all), "{ana}");
    }
}

#[test]
fn a_report_says_that_rows_are_missing() {
    let shop = Shop::new();
    let line = "fresh = { relation = \"subscriptions\", rows = 0.9, wait = \"1h\" }\n";
    shop.configure(&CONFIG.replace("report = \"churn\"\n", &format!("report = \"churn\"\n{line}")));
    shop.run("2026-07-01T07:00:00Z", "2026-07-01T09:10:00Z");
    assert!(!last_mail(&shop, "ana@example.com").contains("may be behind"), "nothing is usual yet");
    shop.sql("DELETE FROM subscriptions WHERE rowid % 5 = 0");
    shop.run("2026-07-02T07:00:00Z", "2026-07-02T09:10:00Z");
    let told = last_mail(&shop, "ana@example.com");
    let expected = "The store may be behind: it has 32 rows of subscriptions, where 40 are usual.";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_report_waits_for_a_fresh_store_and_then_says_that_it_is_behind_or_warns() {
    let fresh = |otherwise: &str| {
        let line = format!("fresh = {{ within = \"20h\", wait = \"1h\", otherwise = \"{otherwise}\" }}\n");
        CONFIG.replace("report = \"churn\"\n", &format!("report = \"churn\"\n{line}"))
    };
    let shop = Shop::new();
    let sold = |at: &str| {
        let row = format!(
            "INSERT INTO transactions (id, customer_id, at, amount_minor) VALUES ('{at}', '1', '{at}', 100)"
        );
        shop.sql(&row);
    };
    shop.configure(&fresh("banner"));
    sold("2026-06-30T07:00:00Z");
    shop.run("2026-07-01T07:00:00Z", "2026-07-01T08:50:00Z");
    assert_eq!(files(&shop.path("mails")), 0, "it waits");
    shop.run("2026-07-01T08:50:00Z", "2026-07-01T09:10:00Z");
    let told = last_mail(&shop, "ana@example.com");
    assert!(
        told.contains("The store may be behind: its last row of transactions is of Tue 30 Jun 2026 07:00"),
        "{told}"
    );
    // What arrives while it waits ends the waiting.
    shop.run("2026-07-02T07:00:00Z", "2026-07-02T08:20:00Z");
    sold("2026-07-02T07:59:00Z");
    shop.run("2026-07-02T08:20:00Z", "2026-07-02T08:40:00Z");
    assert!(!last_mail(&shop, "ana@example.com").contains("may be behind"));
    assert_eq!(shop.occurrences("daily").last().unwrap().1, "done");
    shop.configure(&fresh("warn"));
    shop.run("2026-07-03T07:00:00Z", "2026-07-03T09:10:00Z");
    let (_, state, reason) = shop.occurrences("daily").pop().unwrap();
    assert_eq!(state, "stopped");
    assert!(
        reason.contains("the store is not fresh: `transactions` ends at 2026-07-02T07:59:00Z"),
        "{reason}"
    );
}

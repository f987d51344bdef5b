//! What is due is the same however follow-ups are stored and whichever index there is, and it costs what
//! is due where an index is there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use retaind::care::rule::{self, Kind, Reach, Which};
use retaind::care::{About, Case, History, Rule};
use retaind::domain::facts::{Facts, Fault, Lens, Needs};
use retaind::domain::yearly::Custom;
use retaind::domain::{Currency, Look, Rates};
use retaind::metrics::care::Intervals;
use retaind::metrics::{Panel, Settings};
use retaind::store::relation::{CUSTOMERS, FOLLOW_UPS, INTERACTIONS, REPS, SUBSCRIPTIONS};
use retaind::store::{Mapping, Relation, Source, SqliteStore};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

const AS_OF: &str = "2026-07-15T08:00:00Z";
const LEAD: i32 = 2;

fn zone() -> TimeZone {
    TimeZone::get("America/Sao_Paulo").unwrap()
}

fn rule() -> Rule {
    Rule::follow_ups(LEAD)
}

/// What the rule looks for.
fn look() -> Look {
    let mut needs = Needs::default();
    rule().needs(&lens(), &Settings::default(), &mut needs);
    needs.look.unwrap()
}

fn lens() -> Lens {
    let currency = Currency::from_code("BRL").unwrap();
    Lens { as_of: AS_OF.parse().unwrap(), zone: zone(), currency, rates: Rates::default() }
}

struct Store(tempfile::TempDir);

impl Store {
    fn new(columns: [&str; 3]) -> Store {
        let store = Store(tempfile::tempdir().unwrap());
        let [id, customer, at] = columns;
        store
            .sql()
            .execute_batch(&format!(
                "PRAGMA journal_mode = MEMORY;
                 CREATE TABLE customers (id {id}, name, owner_id, phone);
                 CREATE TABLE follow_ups (id TEXT PRIMARY KEY, customer_id {customer}, rep_id, due_at {at}, done_at {at}, subject);
                 CREATE TABLE subscriptions (id TEXT PRIMARY KEY, customer_id {customer}, mrr_minor, starts_on, ends_on);
                 CREATE TABLE interactions (id TEXT PRIMARY KEY, customer_id {customer}, at {at}, kind);
                 CREATE TABLE reps (id TEXT PRIMARY KEY, name);"
            ))
            .unwrap();
        store
    }

    fn sql(&self) -> Connection {
        let sql = Connection::open(self.0.path().join("shop.db")).unwrap();
        sql.execute_batch("PRAGMA synchronous = OFF").unwrap();
        sql
    }

    fn open(&self, as_query: bool) -> SqliteStore {
        let source = |relation: Relation| {
            if as_query {
                Source::Query(format!("SELECT * FROM {} ORDER BY id DESC", relation.name))
            } else {
                Source::Table(relation.name.to_owned())
            }
        };
        let relations = [CUSTOMERS, FOLLOW_UPS, SUBSCRIPTIONS, INTERACTIONS, REPS];
        let mapping = Mapping::of(relations.map(|relation| (relation, source(relation))).into());
        SqliteStore::open(&self.0.path().join("shop.db"), mapping, zone()).unwrap()
    }

    fn read(&self, as_query: bool) -> Facts {
        let mut needs = Needs::default();
        rule().needs(&lens(), &Settings::default(), &mut needs);
        let mut open = self.open(as_query);
        let mut snapshot = open.snapshot().unwrap();
        let mut facts = snapshot.read(needs, lens()).unwrap();
        let of = facts.matters.follow_ups.iter().map(|follow_up| follow_up.customer).collect();
        facts.contacts = snapshot.contacts(&facts, &of).unwrap();
        facts
    }

    fn index(&self) {
        self.sql()
            .execute_batch(
                "CREATE INDEX a ON follow_ups (done_at); CREATE INDEX b ON customers (id);
                 CREATE INDEX c ON subscriptions (customer_id); CREATE INDEX d ON interactions (customer_id);",
            )
            .unwrap();
    }
}

/// All that a digest says: id, customer, rep, days late, recurring revenue, last contact.
type Told = BTreeMap<String, (String, Option<String>, i32, i128, Option<i64>)>;

fn told(facts: &Facts) -> Told {
    let settings = Settings::default();
    let panel = Panel::of(facts, &settings);
    let today = facts.lens.today();
    let line = |case: Case| {
        let About::Customer(number) = case.about else { panic!("{case:?}") };
        let customer = facts.customers.id(number).into_owned();
        let contact = facts.contacts.last(number).map(|contact| contact.at.as_second());
        let mrr = panel.mrr_on(number, today);
        let days_late = case.days_late(today);
        let id = case.subject.split('@').next().unwrap().to_owned();
        case.steps.last(case.anchor, today).map(|_| (id, (customer, case.rep, days_late, mrr, contact)))
    };
    let lines: Vec<_> =
        rule().find(&panel, &History::default(), Reach::All).into_iter().filter_map(line).collect();
    let told: Told = lines.iter().cloned().collect();
    assert_eq!(told.len(), lines.len(), "nothing is read twice");
    told
}

/// A moment as shops write it into a column of type `of`: one of texts would make numbers texts.
fn written(second: i64, form: u8, of: &str) -> Value {
    let at = Timestamp::from_second(second).unwrap();
    let local = zone().to_datetime(at);
    match if of == "TEXT" { [0, 1, 2, 6][usize::from(form % 4)] } else { form % 7 } {
        0 => Value::Text(local.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        1 => Value::Text(at.to_string()),
        2 => Value::Text(local.strftime("%Y-%m-%dT%H:%M:%S-03:00").to_string()),
        3 => Value::Integer(second),
        4 => Value::Real(second as f64),
        6 => Value::Text(local.strftime("%Y%m%dT%H%M%S").to_string()),
        _ => Value::Text(local.strftime("%Y-%m-%dT%H:%M").to_string()),
    }
}

#[derive(Debug, Clone)]
struct Promise {
    customer: i64,
    due: i64,
    due_form: u8,
    /// Seconds from the as-of instant; none for open, in one of the ways to say so.
    done: Option<i64>,
    done_form: u8,
}

fn promise() -> impl Strategy<Value = Promise> {
    let days = 86_400i64;
    let moment = prop_oneof![-400 * days..400 * days, -3 * days..4 * days, -7200i64..7200];
    let done = prop_oneof![Just(None), moment.clone().prop_map(Some)];
    (0i64..6, moment, 0u8..12, done, 0u8..12).prop_map(|(customer, due, due_form, done, done_form)| {
        // Whole minutes: one of the forms has no seconds.
        Promise { customer, due: due / 60 * 60, due_form, done: done.map(|at| at / 60 * 60), done_form }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_due_is_told_however_it_is_stored(
        promises in prop::collection::vec(promise(), 1..30),
        types in 0usize..4,
        (text_ids, far) in any::<(bool, bool)>(),
    ) {
        let now: Timestamp = AS_OF.parse().unwrap();
        // A column of a type changes what is written into it; one that says INTEGER takes texts, too.
        let types = [["INTEGER PRIMARY KEY", "TEXT", "TEXT"], ["TEXT", "INTEGER", ""], ["", "", "INTEGER"], ["", "TEXT", "DATETIME"]][types];
        let store = Store::new(types);
        let id = |n: i64| if text_ids && types[0] != "INTEGER PRIMARY KEY" { Value::Text(n.to_string()) } else { Value::Integer(n) };
        let mut sql = store.sql();
        let all = sql.transaction().unwrap();
        for n in 0..5 {
            let owner = (n % 2 == 0).then_some("R1");
            all.execute("INSERT INTO customers VALUES (?1, ?2, ?3, NULL)", params![id(n), format!("C{n}"), owner]).unwrap();
            all.execute("INSERT INTO subscriptions VALUES (?1, ?2, ?3, '2025-01-01', NULL)", params![format!("S{n}"), n, (n + 1) * 100]).unwrap();
            for days in [3, 30] {
                let at = written(now.as_second() - (days + n) * 86_400, n as u8, types[2]);
                all.execute("INSERT INTO interactions VALUES (?1, ?2, ?3, 'call')", params![format!("I{n}-{days}"), n.to_string(), at]).unwrap();
            }
        }
        let mut expected = Told::new();
        let mut orphans = BTreeSet::new();
        for (nth, promise) in promises.iter().enumerate() {
            let (name, due) = (format!("F{nth}"), now.as_second() + promise.due);
            let done = match (promise.done, promise.done_form % 4) {
                (Some(at), _) => written(now.as_second() + at, promise.done_form, types[2]),
                (None, 0) => Value::Text(String::new()),
                (None, 1) => Value::Text("  ".to_owned()),
                (None, _) => Value::Null,
            };
            let customer = match (promise.customer, promise.due_form % 2) {
                (n, 0) => Value::Integer(n),
                (n, _) => Value::Text(n.to_string()),
            };
            let due_at = written(due, promise.due_form, types[2]);
            all.execute("INSERT INTO follow_ups VALUES (?1, ?2, NULL, ?3, ?4, 'x')", params![name, customer, due_at, done]).unwrap();
            let day = |at: i64| zone().to_datetime(Timestamp::from_second(at).unwrap()).date();
            let late = (day(now.as_second()) - day(due)).get_days();
            if promise.done.is_some_and(|at| at <= 0) || late < -LEAD {
                continue;
            }
            if promise.customer == 5 {
                orphans.insert(name);
                continue;
            }
            let n = promise.customer;
            let contact = Some(now.as_second() - (3 + n) * 86_400);
            let owner = (n % 2 == 0).then(|| "R1".to_owned());
            expected.insert(name, (n.to_string(), owner, late, i128::from((n + 1) * 100), contact));
        }
        if far {
            // A table whose rowids go far is looked at in pieces, by several readers.
            for table in ["follow_ups", "subscriptions", "interactions"] {
                all.execute(&format!("UPDATE {table} SET rowid = rowid * 50000"), []).unwrap();
            }
        }
        all.commit().unwrap();
        for (indexed, as_query) in [(false, false), (false, true), (true, false), (true, true)] {
            if indexed && !as_query {
                store.index();
            }
            let facts = store.read(as_query);
            prop_assert_eq!(&told(&facts), &expected, "indexed {} query {} far {}", indexed, as_query, far);
            let lost = facts.rejected.get(&("follow_ups", Fault::NoCustomer)).map_or(0, |(n, _)| *n);
            prop_assert!(lost >= orphans.len() as u64, "{} {:?}", lost, facts.rejected);
            prop_assert_eq!(facts.rows.get("follow_ups"), Some(&(promises.len() as u64)));
        }
    }
}

#[test]
fn what_is_no_date_is_told_and_not_left_out() {
    let store = Store::new(["INTEGER PRIMARY KEY", "", ""]);
    store
        .sql()
        .execute_batch(
            "INSERT INTO customers VALUES (1, 'A', NULL, NULL);
             INSERT INTO follow_ups VALUES ('a', 1, NULL, 'tomorrow', NULL, NULL), ('b', 1, NULL, NULL, NULL, NULL),
               ('c', 1, NULL, '2026-07-01', 'yes', NULL), ('d', 1, NULL, '9999-99-99', NULL, NULL),
               ('e', 1, NULL, '2026-07-01', NULL, NULL), ('f', 7, NULL, '2026-07-01', NULL, NULL),
               ('g', 1, NULL, x'00', NULL, NULL), ('h', 1, NULL, '2030-01-01', NULL, NULL);",
        )
        .unwrap();
    for indexed in [false, true] {
        if indexed {
            store.index();
        }
        let facts = store.read(false);
        assert_eq!(told(&facts).keys().collect::<Vec<_>>(), ["e"]);
        let of = |fault| -> Vec<String> {
            let rejected = facts.rejected.get(&("follow_ups", fault));
            let mut ids: Vec<String> =
                rejected.map(|(_, list)| list.iter().map(|r| r.id.clone()).collect()).unwrap_or_default();
            ids.sort();
            ids
        };
        assert_eq!(of(Fault::Unreadable), ["a", "c", "d", "g"]);
        assert_eq!((of(Fault::Missing), of(Fault::NoCustomer)), (vec!["b".to_owned()], vec!["f".to_owned()]));
        assert_eq!((facts.rows["follow_ups"], facts.parts["follow_ups"]), (8, 7));
    }
}

#[test]
fn a_day_of_the_year_is_found_however_it_is_written_and_no_other() {
    let store = Store::new(["INTEGER PRIMARY KEY", "", ""]);
    let sql = "ALTER TABLE customers ADD since;
         INSERT INTO customers (id, name, since) VALUES (1, 'A', '2020-07-14'), (2, 'B', 1594728000),
           (3, 'C', '07-14'), (4, 'D', '2020-07-14 09:00:00'), (5, 'E', '2020-01-14'), (6, 'F', NULL),
           (7, 'G', '2020-07-14T12:00:00Z'), (8, 'H', '20200714T090000');";
    store.sql().execute_batch(sql).unwrap();
    let (occasion, leads, custom) = (Which::Anniversary, Vec::new(), Custom::default());
    let rule = Rule::of("since", Kind::Dates { occasion, leads, custom }, None);
    for indexed in [false, true] {
        let mut needs = Needs::default();
        rule.needs(&lens(), &Settings::default(), &mut needs);
        if indexed {
            store
                .sql()
                .execute_batch(
                    "CREATE INDEX y ON customers (substr(since, 6));
                     CREATE INDEX z ON customers (length(since)) WHERE length(since) <> 10 OR substr(since, 5, 1) <> '-';",
                )
                .unwrap();
        }
        let facts = store.open(false).read(needs, lens()).unwrap();
        let settings = Settings::default();
        let found = rule.find(&Panel::of(&facts, &settings), &History::default(), Reach::All);
        let mut ids: Vec<_> = found.iter().map(|case| case.subject.split('@').next().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["1", "2", "3", "4", "7", "8"], "indexed {indexed}");
    }
}

/// Days of both kinds: each customer's is told once, whether they are found by an index or not, from a table or a query, by
/// themselves or while everybody is read; and both that cannot be read are named.
#[test]
fn birthdays_and_anniversaries_are_found_once_each() {
    let store = Store::new(["INTEGER PRIMARY KEY", "", ""]);
    let sql = "ALTER TABLE customers ADD since; ALTER TABLE customers ADD birthday;
         INSERT INTO customers (id, name, since, birthday) VALUES (1, 'A', '2020-07-15', '1980-07-15'),
           (2, 'B', '2020-01-14', '07-15'), (3, 'C', '2020-07-15', NULL), (4, 'D', 'once', 'in May');";
    store.sql().execute_batch(sql).unwrap();
    let days = |name: &str, occasion| {
        let (leads, custom) = (Vec::new(), Custom::default());
        Rule::of(name, Kind::Dates { occasion, leads, custom }, None)
    };
    let mut rules = vec![days("birthday", Which::Birthday), days("since", Which::Anniversary)];
    for everybody in [false, true] {
        if everybody {
            rules.push(Rule::of("left", Kind::WinBack { after: vec![30] }, None));
        }
        for (index, as_query) in [("", false), ("", true), ("birthday", false), ("since", true)] {
            if !index.is_empty() {
                let on = format!(
                    "CREATE INDEX day ON customers (substr({index}, 6));
                     CREATE INDEX other ON customers (length({index}))
                       WHERE length({index}) <> 10 OR substr({index}, 5, 1) <> '-';"
                );
                store.sql().execute_batch(&on).unwrap();
            }
            let needs = rule::needs(rules.iter(), &lens(), &Settings::default());
            let facts = store.open(as_query).read(needs, lens()).unwrap();
            let settings = Settings::default();
            let panel = Panel::of(&facts, &settings);
            let find = |rule: &Rule| rule.find(&panel, &History::default(), Reach::All);
            let mut ids: Vec<String> =
                rules.iter().flat_map(find).map(|case| format!("{} {}", case.rule, case.subject)).collect();
            ids.sort_unstable();
            let due = [
                "birthday 1@2026-07-15",
                "birthday 2@2026-07-15",
                "since 1@2026-07-15",
                "since 3@2026-07-15",
            ];
            assert_eq!(ids, due, "everybody {everybody}, index {index:?}, query {as_query}");
            let (count, examples) = &facts.rejected[&("customers", Fault::Unreadable)];
            let columns: BTreeSet<&str> = examples.iter().map(|r| r.flaw.column.as_str()).collect();
            assert_eq!((*count, columns), (2, BTreeSet::from(["birthday", "since"])), "{examples:?}");
            store.sql().execute_batch("DROP INDEX IF EXISTS day; DROP INDEX IF EXISTS other").unwrap();
        }
    }
}

/// A note is found once, by itself or while all contacts are read.
#[test]
fn a_note_is_found_once() {
    let store = Store::new(["INTEGER PRIMARY KEY", "", ""]);
    let sql = "ALTER TABLE interactions ADD note; INSERT INTO customers VALUES (1, 'A', NULL, NULL);
         INSERT INTO interactions VALUES ('new', 1, '2026-07-14', 'call', 'asks for a refund'),
           ('old', 1, '2026-06-01', 'call', 'asks for a refund'), ('other', 1, '2026-07-14', 'call', 'all is well'),
           ('none', 1, '2026-07-14', 'call', NULL), ('ahead', 1, '2026-08-14', 'call', 'asks for a refund'),
           ('bare', 1, '2026-07-14', NULL, 'asks for a refund'), ('lost', 2, '2026-07-14', 'call', 'asks for a refund'),
           ('long', 1, '2026-07-14', 'call', replace(hex(zeroblob(300)), '0', 'on ') || 'to a' || char(10) || 'REFUND'),
           ('before', 1, '2026-07-06', 'call', 'asks for a refund');";
    store.sql().execute_batch(sql).unwrap();
    let signal = Kind::Signal { kinds: Vec::new(), keywords: vec!["refund".to_owned()] };
    let mut rules = vec![Rule::of("words", signal, None)];
    for everybody in [false, true] {
        if everybody {
            let ideal = Intervals { usual_days: 90, ..Intervals::default() };
            rules.push(Rule::of("gap", Kind::ContactGap { ideal, at_most: None, release_after: None }, None));
        }
        for as_query in [false, true] {
            let needs = rule::needs(rules.iter(), &lens(), &Settings::default());
            let facts = store.open(as_query).read(needs, lens()).unwrap();
            let settings = Settings::default();
            let found = rules[0].find(&Panel::of(&facts, &settings), &History::default(), Reach::All);
            let mut subjects: Vec<&str> = found.iter().map(|case| case.subject.as_str()).collect();
            subjects.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(
                subjects,
                ["note:new@2026-07-14", "note:long@2026-07-14"],
                "everybody {everybody}, query {as_query}"
            );
            let of = |fault| facts.rejected.get(&("interactions", fault)).map_or(0, |(count, _)| *count);
            assert_eq!((of(Fault::Missing), of(Fault::NoCustomer)), (1, 1), "{:?}", facts.rejected);
        }
    }
}

/// What a rep who left has promised is found once, whether it was told, fell due or neither, and whatever index finds it.
#[test]
fn a_promise_of_a_rep_who_left_is_found_once() {
    let store = Store::new(["INTEGER PRIMARY KEY", "", ""]);
    let sql = "ALTER TABLE reps ADD active; INSERT INTO reps VALUES ('gone', 'G', 0), ('here', 'H', 1);
         INSERT INTO customers VALUES (1, 'A', NULL, NULL);
         INSERT INTO follow_ups VALUES ('due', 1, 'gone', '2026-07-01', NULL, NULL), ('told', 1, 'gone', '2026-09-01', NULL, NULL),
           ('later', 1, 'gone', '2026-09-01', NULL, NULL), ('done', 1, 'gone', '2026-07-01', '2026-07-01', NULL),
           ('other', 1, 'here', '2026-09-01', NULL, NULL), ('told-too', 1, 'here', '2026-07-01', '2026-07-01', NULL);";
    store.sql().execute_batch(sql).unwrap();
    let rules = [rule(), Rule::of("handover", Kind::Handover, None)];
    for index in
        ["", "CREATE INDEX i ON follow_ups (done_at)", "DROP INDEX i; CREATE INDEX j ON follow_ups (rep_id)"]
    {
        store.sql().execute_batch(index).unwrap();
        for as_query in [false, true] {
            let mut needs = rule::needs(rules.iter(), &lens(), &Settings::default());
            if let Some(look) = &mut needs.look {
                look.told_follow_ups = ["told", "told-too", "due"].map(str::to_owned).into();
            }
            let facts = store.open(as_query).read(needs, lens()).unwrap();
            let mut ids: Vec<&str> =
                facts.matters.follow_ups.iter().map(|follow_up| follow_up.id.as_str()).collect();
            ids.sort_unstable();
            assert_eq!(ids, ["due", "later", "told", "told-too"], "{index:?} {as_query}");
        }
    }
}

/// A shop of which little is due.
fn large() -> Store {
    let store = Store::new(["TEXT", "TEXT", "TEXT"]);
    store
        .sql()
        .execute_batch(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
             INSERT INTO follow_ups SELECT 'F' || n, 'C' || n, NULL, '2026-07-14', iif(n % 400, '2026-07-14', NULL), NULL FROM n;
             INSERT INTO customers SELECT 'C' || substr(id, 2), 'N', NULL, NULL FROM follow_ups;
             INSERT INTO subscriptions SELECT 'S' || substr(id, 2), customer_id, 100, '2026-01-01', NULL FROM follow_ups;
             INSERT INTO interactions SELECT 'I' || substr(id, 2), customer_id, '2026-01-01', 'call' FROM follow_ups;",
        )
        .unwrap();
    store
}

#[test]
fn every_index_that_is_advised_is_used_once_it_is_there() {
    let store = large();
    let advice = store.open(false).snapshot().unwrap().advice(&[look()], false, &lens()).unwrap();
    let relations: Vec<&str> = advice.iter().map(|advice| advice.relation.name).collect();
    assert_eq!(relations, ["follow_ups", "customers", "subscriptions", "interactions"]);
    let before = told(&store.read(false));
    assert_eq!(before.len(), 30);
    for advice in advice {
        assert_eq!((advice.rows, &advice.scanned), (12_000, &vec![advice.relation.name.to_owned()]));
        store.sql().execute_batch(&advice.index.unwrap()).unwrap();
    }
    assert_eq!(store.open(false).snapshot().unwrap().advice(&[look()], false, &lens()).unwrap(), []);
    assert_eq!(told(&store.read(false)), before);
}

#[test]
fn a_query_that_reads_everything_is_named_with_the_table_behind_it() {
    let store = large();
    let advice = store.open(true).snapshot().unwrap().advice(&[look()], false, &lens()).unwrap();
    assert_eq!(advice.len(), 4);
    for advice in advice {
        assert!(advice.scanned.contains(&advice.relation.name.to_owned()), "{advice:?}");
        assert_eq!(advice.index, None);
    }
}

#[test]
fn a_replay_of_an_earlier_moment_sees_what_was_open_then() {
    let store = Store::new(["INTEGER PRIMARY KEY", "INTEGER", "TEXT"]);
    let now: Timestamp = AS_OF.parse().unwrap();
    let done = zone().to_datetime(now + 1.hour()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let sql = store.sql();
    sql.execute("INSERT INTO customers VALUES (1, 'A', NULL, NULL)", []).unwrap();
    sql.execute("INSERT INTO follow_ups VALUES ('a', 1, NULL, '2026-07-01', ?1, NULL)", [done]).unwrap();
    assert_eq!(told(&store.read(false)).len(), 1);
}

//! Who waits, who left and what reps who left still have is told the same, whether everybody is read or only those of
//! whom anybody can be told; and these are few.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use retaind::care::history::Response;
use retaind::care::rule::{self, Kind, Reach, Which};
use retaind::care::staff::Member;
use retaind::care::{About, History, Rule, Staff, candidates};
use retaind::domain::facts::{Contacts, Facts, Lens};
use retaind::domain::recipient::{Calendar, Recipient};
use retaind::domain::yearly::Custom;
use retaind::domain::{Act, Currency, Day, People, Profile, Rates};
use retaind::job::RemindersSpec;
use retaind::job::reminders::Due;
use retaind::metrics::care::Intervals;
use retaind::metrics::{Basis, Panel, Settings};
use retaind::store::relation::{CUSTOMERS, FOLLOW_UPS, INTERACTIONS, REPS, SUBSCRIPTIONS};
use retaind::store::{Mapping, Relation, Source, SqliteStore, StoreError};
use rusqlite::{Connection, params};

use crate::world::reader;

const AS_OF: &str = "2026-07-15T01:30:00Z";

/// West of UTC: there it is still the 14th.
fn lens() -> Lens {
    let (zone, currency) = (TimeZone::get("America/Sao_Paulo").unwrap(), Currency::from_code("BRL").unwrap());
    Lens { as_of: AS_OF.parse().unwrap(), zone, currency, rates: Rates::default() }
}

fn settings() -> Settings {
    Settings { basis: Basis::Contract, ..Settings::default() }
}

/// A shop. Its rowids lie far apart, so that a few customers are worth to be looked for.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new(ids: &str, days: &str) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        let sql = format!(
            "PRAGMA journal_mode = MEMORY;
             CREATE TABLE customers (id {ids}, name, owner_id, tier);
             CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, customer_id {ids}, mrr_minor, starts_on {days}, ends_on {days});
             CREATE TABLE interactions (id INTEGER PRIMARY KEY, customer_id {ids}, at {days}, kind);
             CREATE TABLE follow_ups (id TEXT PRIMARY KEY, customer_id {ids}, rep_id, due_at, done_at);
             CREATE TABLE reps (id TEXT PRIMARY KEY, name, manager_id, active);
             INSERT INTO reps VALUES ('ana', 'Ana', 'eva', 1), ('rui', 'Rui', 'eva', 0), ('eva', 'Eva', NULL, 1);"
        );
        shop.sql().execute_batch(&sql).unwrap();
        shop
    }

    fn sql(&self) -> Connection {
        let sql = Connection::open(self.0.path().join("shop.db")).unwrap();
        sql.execute_batch("PRAGMA synchronous = OFF").unwrap();
        sql
    }

    fn index(&self) {
        let sql = "CREATE INDEX a ON interactions (at); CREATE INDEX b ON interactions (customer_id, at);
                   CREATE INDEX c ON subscriptions (starts_on); CREATE INDEX d ON subscriptions (ends_on);";
        self.sql().execute_batch(sql).unwrap();
    }

    fn store(&self) -> SqliteStore {
        let source = |relation: Relation| (relation, Source::Table(relation.name.to_owned()));
        let mapping =
            Mapping::of([CUSTOMERS, FOLLOW_UPS, SUBSCRIPTIONS, INTERACTIONS, REPS].map(source).into());
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        SqliteStore::open(&self.0.path().join("shop.db"), mapping, zone).unwrap()
    }

    fn read(&self, rules: &[Rule], (history, staff): (&History, &Staff), all: bool) -> Facts {
        let mut needs = rule::needs(rules.iter(), &lens(), &settings());
        if let Some(look) = &mut needs.look {
            candidates::seek((rules, &settings()), (history, staff), &lens(), look);
            if all {
                look.candidates = None;
            }
        }
        self.store().snapshot().unwrap().read(needs, lens()).unwrap()
    }
}

fn staff(holidays: &[Day]) -> Staff {
    let member = |id: &str, active: bool, lead: Option<&str>| {
        let mut recipient = reader(id, "en");
        let holidays = holidays.iter().map(|day| day.date()).collect();
        recipient.calendar = Calendar { holidays, ..Calendar::default() };
        (id.to_owned(), Member { recipient: Arc::new(recipient), active, lead: lead.map(str::to_owned) })
    };
    let reps = [("ana", true, Some("eva")), ("rui", false, Some("eva")), ("eva", true, None)];
    Staff {
        reps: reps.map(|(id, active, lead)| member(id, active, lead)).into(),
        rest: vec![Arc::new(reader("rest", "en"))],
        ..Staff::default()
    }
}

/// Rule, subject, day, recipient and reason of all that is told.
fn told(facts: &Facts, rules: &[Rule], history: &History, staff: &Staff) -> BTreeSet<String> {
    let spec = RemindersSpec { rules: rules.to_vec(), items_max: 1_000, ics: false, settings: settings() };
    let due = Due::of(facts, &spec, history, staff);
    let now: Timestamp = AS_OF.parse().unwrap();
    let told = due.tell(&People::default(), &Contacts::default(), (now, now), |_: &Recipient| true);
    let entries =
        told.digests.iter().map(|digest| format!("{} {:?}", digest.recipient.id, digest.document.blocks));
    told.reminders.iter().map(|reminder| format!("{reminder:?}")).chain(entries).collect()
}

/// When something happened to a customer: days ago, second of the day, form.
type Moment = (i64, i64, u8);

fn moment() -> impl Strategy<Value = Moment> {
    (prop_oneof![6 => 0i64..40, 1 => -2i64..2, 1 => 40i64..200], 0i64..86_400, 0u8..6)
}

/// As shops write it, in Shanghai; a column of numbers has numbers.
fn written((days, second, form): Moment, numbers: bool) -> rusqlite::types::Value {
    let at = AS_OF.parse::<Timestamp>().unwrap() - (days * 86_400 + second).seconds();
    if numbers || form == 3 {
        return rusqlite::types::Value::Integer(at.as_second());
    }
    let local = TimeZone::get("Asia/Shanghai").unwrap().to_datetime(at);
    let text = match form {
        0 => local.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        1 => at.to_string(),
        4 => local.strftime(" %Y-%m-%dT%H:%M:%S").to_string(),
        5 => local.strftime("%Y%m%dT%H%M%S").to_string(),
        _ => local.date().to_string(),
    };
    rusqlite::types::Value::Text(text)
}

#[derive(Debug, Clone)]
struct Person {
    tier: Option<&'static str>,
    owner: Option<&'static str>,
    contracts: Vec<(Moment, Option<Moment>)>,
    contacts: Vec<Moment>,
    promises: Vec<(i64, Option<&'static str>)>,
}

fn person() -> impl Strategy<Value = Person> {
    let owner = prop_oneof![Just(Some("ana")), Just(Some("rui")), Just(Some("nobody")), Just(None)];
    (
        prop_oneof![Just(None), Just(Some("A")), Just(Some("B"))],
        owner.clone(),
        prop::collection::vec((moment(), prop::option::weighted(0.3, moment())), 0..3),
        prop::collection::vec(moment(), 0..3),
        prop::collection::vec((-40i64..40, owner), 0..2),
    )
        .prop_map(|(tier, owner, contracts, contacts, promises)| Person {
            tier,
            owner,
            contracts,
            contacts,
            promises,
        })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let gap = (1i32..16, 1i32..16, prop::option::of(1i32..12), prop::option::of(4i32..30)).prop_map(
        |(usual, of_a, more, release_after)| {
            let by_tier = |days| [("A".to_owned(), days)].into();
            let ideal = Intervals { usual_days: usual, by_tier: by_tier(of_a) };
            let at_most = more
                .map(|more| Intervals { usual_days: usual + more, by_tier: [("B".to_owned(), more)].into() });
            Rule::of("gap", Kind::ContactGap { ideal, at_most, release_after }, None)
        },
    );
    let left = prop::collection::vec(0i32..20, 1..3)
        .prop_map(|after| Rule::of("left", Kind::WinBack { after }, None));
    let handed = Just(Rule::of("handed", Kind::Handover, Some(7)));
    let promised = Just(Rule::follow_ups(2));
    let limits = (0i32..4, prop::option::of(1i32..5), prop::bool::weighted(0.2), 1u8..16);
    (gap, left, handed, promised, limits).prop_map(
        |(gap, left, handed, promised, (max_late, escalate_after, tiers, which))| {
            let which = move |n: &usize| which >> n & 1 == 1;
            let all = [gap, left, handed, promised].into_iter().enumerate();
            let those = all.filter(|(n, _)| which(n)).map(|(_, rule)| rule);
            let tiers = if tiers { vec!["A".to_owned()] } else { Vec::new() };
            those
                .map(|rule| {
                    let escalate_after = escalate_after.filter(|_| !matches!(rule.kind, Kind::Handover));
                    Rule { max_late, escalate_after, tiers: tiers.clone(), ..rule }
                })
                .collect()
        },
    )
}

/// The day that a rule's case about somebody is likely to be about.
fn anchor(rule: &Rule, person: &Person) -> Option<Day> {
    let lens = lens();
    let at = |(days, second, _): &Moment| lens.as_of - (days * 86_400 + second).seconds();
    let day = |moment: &Moment| lens.day_of(at(moment));
    // Days of contracts are the store's.
    let stored =
        |moment: &Moment| Day::of(TimeZone::get("Asia/Shanghai").unwrap().to_datetime(at(moment)).date());
    match &rule.kind {
        Kind::ContactGap { ideal, .. } => {
            let last = person.contacts.iter().map(day).filter(|day| *day <= lens.today()).max()?;
            Some(last.plus(ideal.of(person.tier)))
        }
        Kind::WinBack { .. } => {
            person.contracts.iter().filter_map(|(_, ends)| ends.as_ref()).map(stored).max()
        }
        _ => None,
    }
}

/// Which customer, what, how many days ago.
fn act() -> impl Strategy<Value = (usize, u8, i32)> {
    (0usize..12, 0u8..4, prop_oneof![0i32..4, 0i32..30])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_few_who_are_read_are_all_who_are_told(
        people in prop::collection::vec(person(), 1..20),
        rules in rules(),
        acts in prop::collection::vec((act(), -20i32..20), 0..6),
        holidays in prop::collection::vec(0i32..40, 0..9),
        (text_ids, numbers, empty) in (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1)),
    ) {
        let shop = Shop::new(if text_ids { "TEXT" } else { "" }, if numbers { "INTEGER" } else { "" });
        let today = lens().today();
        {
            let mut sql = shop.sql();
            let all = sql.transaction().unwrap();
            for (n, person) in (0i64..).zip(&people) {
                let Person { tier, owner, contracts, contacts, promises } = person;
                all.execute("INSERT INTO customers (rowid, id, name, owner_id, tier) VALUES (?1 * 1000, ?1, 'C', ?2, ?3)", params![n, owner, tier]).unwrap();
                for (starts, ends) in contracts.iter().filter(|_| !empty) {
                    let ends = ends.map(|ends| written(ends, numbers));
                    all.execute("INSERT INTO subscriptions VALUES (NULL, ?1, 100, ?2, ?3)", params![n, written(*starts, numbers), ends]).unwrap();
                }
                for at in contacts {
                    all.execute("INSERT INTO interactions VALUES (NULL, ?1, ?2, 'call')", params![n, written(*at, numbers)]).unwrap();
                }
                for (nth, (due, rep)) in promises.iter().enumerate() {
                    let due = today.plus(-(*due as i32)).date().to_string();
                    all.execute("INSERT INTO follow_ups VALUES (?1, ?2, ?3, ?4, NULL)", params![format!("f{n}-{nth}"), n, rep, due]).unwrap();
                }
            }
            all.commit().unwrap();
        }
        let mut history = History::default();
        for ((customer, what, ago), shift) in acts {
            let act = match what {
                0 => Act::Done,
                1 => Act::Snooze(today.plus(-ago)),
                2 => Act::HandOver("eva".to_owned()),
                _ => Act::NotMine,
            };
            let on = today.plus(-ago);
            if act == Act::Done {
                history.contacts.insert(customer.to_string(), on);
            }
            for rule in &rules {
                let anchor = people.get(customer).and_then(|person| anchor(rule, person));
                let subject = format!("{customer}@{}", anchor.unwrap_or(on.plus(shift)).date());
                let response = Response { act: act.clone(), by: "ana".to_owned(), on };
                history.acts.insert((rule.name.clone(), subject), response);
            }
        }
        let holidays: Vec<Day> = holidays.into_iter().map(|ago| today.plus(-ago)).collect();
        let staff = staff(&holidays);
        let all = told(&shop.read(&rules, (&history, &staff), true), &rules, &history, &staff);
        let plain = told(&shop.read(&rules, (&history, &staff), false), &rules, &history, &staff);
        prop_assert_eq!(&plain, &all, "without an index");
        shop.index();
        let facts = shop.read(&rules, (&history, &staff), false);
        let asks = rules.iter().any(|rule| matches!(rule.kind, Kind::ContactGap { .. } | Kind::WinBack { .. }));
        // Of a single customer nobody is worth to be looked for; contracts may all be of tomorrow.
        if asks && people.len() > 1 && (empty || people.iter().any(|p| p.contracts.iter().any(|(from, _)| from.0 > 1))) {
            prop_assert!(facts.matters.waiting.is_some(), "everybody was read");
        }
        prop_assert_eq!(told(&facts, &rules, &history, &staff), all, "with indexes");
    }
}

#[test]
fn of_many_only_those_are_read_who_may_be_told() {
    let shop = Shop::new("INTEGER", "TEXT");
    let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
         INSERT INTO customers SELECT n, iif(n <> 1900, 'C', ' '), iif(n % 100, 'ana', 'rui'), NULL FROM n;
         INSERT INTO subscriptions SELECT id, id, 100, '2020-01-01', iif(id % 250, NULL, '2026-07-01') FROM customers;
         INSERT INTO interactions SELECT id, id, iif(id % 400 = 1, '2026-06-14 09:00:00', iif(id % 2, '2026-07-10', '2025-01-01')), 'call' FROM customers;";
    shop.sql().execute_batch(sql).unwrap();
    shop.index();
    let days = Intervals { usual_days: 30, ..Intervals::default() };
    let gap = Kind::ContactGap { ideal: days, at_most: None, release_after: None };
    let rules = [
        Rule::of("gap", gap, None),
        Rule::of("left", Kind::WinBack { after: vec![7] }, None),
        Rule::of("handed", Kind::Handover, Some(7)),
    ];
    let (history, staff) = (History::default(), staff(&[]));
    let read = |rules: &[Rule]| shop.read(rules, (&history, &staff), false);
    // Five who wait, eight who left; those of a rep who left are counted, the one without a name among them.
    assert_eq!(read(&rules[..1]).customers.len(), 5);
    assert_eq!(read(&rules[1..2]).customers.len(), 8);
    let handed = read(&rules[2..]);
    assert_eq!((handed.customers.len(), handed.matters.handed), (0, Some([("rui".to_owned(), 20)].into())));
    let facts = read(&rules);
    assert_eq!(facts.customers.len(), 5 + 8);
    assert_eq!(facts.matters.waiting.as_ref().map(|waiting| waiting.customers.len()), Some(5));
    assert_eq!((facts.rows["interactions"], facts.rows["subscriptions"]), (2_000, 2_000));
    let all = told(&shop.read(&rules, (&history, &staff), true), &rules, &history, &staff);
    assert_eq!(told(&facts, &rules, &history, &staff), all);
}

/// Those of a rep who left are counted as they are read: once each, and by the very letters of the owner's id.
#[test]
fn a_reps_customers_are_counted_once_each_and_not_those_of_a_namesake() {
    let shop = Shop::new("TEXT", "TEXT");
    let sql = "DROP TABLE customers;
         CREATE TABLE customers (id TEXT, name, owner_id TEXT COLLATE NOCASE, tier);
         CREATE INDEX o ON customers (owner_id);
         INSERT INTO customers VALUES ('a', 'A', 'RUI', NULL), ('b', 'B', 'rui', NULL), ('c', 'C', 'rui', NULL);";
    shop.sql().execute_batch(sql).unwrap();
    let rules = [Rule::of("handed", Kind::Handover, Some(7))];
    let (history, staff) = (History::default(), staff(&[]));
    let [few, all] = [false, true].map(|all| shop.read(&rules, (&history, &staff), all));
    assert_eq!(few.matters.handed.as_ref().map(|owned| owned["rui"]), Some(2));
    assert_eq!(told(&few, &rules, &history, &staff), told(&all, &rules, &history, &staff));
    shop.sql().execute_batch("INSERT INTO customers VALUES ('c', 'C', 'rui', NULL)").unwrap();
    let mut needs = rule::needs(rules.iter(), &lens(), &settings());
    candidates::seek((&rules, &settings()), (&history, &staff), &lens(), needs.look.as_mut().unwrap());
    let refused = shop.store().snapshot().unwrap().read(needs, lens()).unwrap_err();
    assert!(matches!(&refused, StoreError::Repeated { relation: "customers", count: 1, .. }), "{refused}");
}

#[test]
fn who_left_and_was_put_off_is_read_between_two_of_the_days() {
    let shop = Shop::new("INTEGER", "TEXT");
    let sql =
        "INSERT INTO customers (rowid, id, name, owner_id) VALUES (1, 1, 'C', 'ana'), (100, 100, 'C', 'ana');
         INSERT INTO subscriptions SELECT id, id, 100, '2020-01-01', '2026-07-06' FROM customers;";
    shop.sql().execute_batch(sql).unwrap();
    shop.index();
    let rules = [Rule { max_late: 3, ..Rule::of("left", Kind::WinBack { after: vec![3, 10] }, None) }];
    let (mut history, staff) = (History::default(), staff(&[]));
    let yesterday = lens().today().plus(-1);
    let response = Response { act: Act::Snooze(yesterday), by: "ana".to_owned(), on: yesterday };
    history.acts.insert(("left".to_owned(), "100@2026-07-06".to_owned()), response);
    let facts = shop.read(&rules, (&history, &staff), false);
    let all = told(&shop.read(&rules, (&history, &staff), true), &rules, &history, &staff);
    assert_eq!((facts.customers.len(), all.len()), (1, 2));
    assert_eq!(told(&facts, &rules, &history, &staff), all);
}

#[test]
fn everybody_is_read_where_more_may_be_told_than_a_few_or_all_are_told_again() {
    let shop = Shop::new("INTEGER", "TEXT");
    let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
         INSERT INTO customers SELECT n, 'C', 'ana', NULL FROM n;
         INSERT INTO subscriptions SELECT id, id, 100, '2020-01-01', NULL FROM customers;
         INSERT INTO interactions SELECT id, id, iif(id % 4, '2026-07-10', '2026-06-14'), 'call' FROM customers;";
    shop.sql().execute_batch(sql).unwrap();
    shop.index();
    let gap = |days| {
        let ideal = Intervals { usual_days: days, ..Intervals::default() };
        Rule::of("gap", Kind::ContactGap { ideal, at_most: None, release_after: None }, None)
    };
    let (history, staff) = (History::default(), staff(&[]));
    let waiting = |rule: Rule| shop.read(&[rule], (&history, &staff), false).matters.waiting;
    assert!(waiting(gap(30)).is_none());
    assert!(waiting(gap(90)).is_some_and(|waiting| waiting.customers.is_empty()));
    assert!(waiting(Rule { repeat: Some(7), ..gap(90) }).is_none());
}

/// As far as indexes tell beforehand how much is due.
#[test]
fn everybody_is_read_where_much_is_due_and_the_rows_are_counted() {
    let shop = Shop::new("INTEGER", "TEXT");
    let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
         INSERT INTO customers SELECT n, 'C', 'ana', NULL FROM n;
         INSERT INTO subscriptions SELECT id, id, 100, '2020-01-01', NULL FROM customers;
         INSERT INTO interactions SELECT id, id, '2026-07-10', 'call' FROM customers;
         INSERT INTO follow_ups SELECT 'f' || id, id, 'ana', '2026-07-14', NULL FROM customers WHERE id <= 20;
         CREATE INDEX f ON follow_ups (done_at, due_at);";
    shop.sql().execute_batch(sql).unwrap();
    shop.index();
    let ideal = Intervals { usual_days: 90, ..Intervals::default() };
    let gap = Rule::of("gap", Kind::ContactGap { ideal, at_most: None, release_after: None }, None);
    let (history, staff) = (History::default(), staff(&[]));
    let read = |rules: &[Rule]| {
        let facts = shop.read(rules, (&history, &staff), false);
        let all = told(&shop.read(rules, (&history, &staff), true), rules, &history, &staff);
        assert_eq!(told(&facts, rules, &history, &staff), all);
        let counted = facts.rows.get("follow_ups").copied();
        (facts.customers.len(), facts.matters.waiting.is_some(), counted)
    };
    assert_eq!(read(std::slice::from_ref(&gap)), (0, true, None));
    assert_eq!(read(&[Rule::follow_ups(0)]), (100, false, Some(20)));
    assert_eq!(read(&[gap.clone(), Rule::follow_ups(0)]), (100, false, Some(20)));
    shop.sql().execute_batch("UPDATE follow_ups SET done_at = '2026-07-01' WHERE id <> 'f7'").unwrap();
    assert_eq!(read(&[Rule::follow_ups(0)]), (1, false, Some(20)));
    assert_eq!(read(&[gap, Rule::follow_ups(0)]), (1, true, Some(20)));
}

#[test]
fn every_index_that_is_advised_for_all_rules_is_used_once_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let sql = Connection::open(&path).unwrap();
    sql.execute_batch(
        "CREATE TABLE customers (id TEXT PRIMARY KEY, name, owner_id, birthday TEXT, since);
         CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, customer_id TEXT, mrr_minor, starts_on TEXT, ends_on, renews_on INTEGER);
         CREATE TABLE interactions (id TEXT PRIMARY KEY, customer_id TEXT, at TEXT, kind, note);
         CREATE TABLE follow_ups (id TEXT PRIMARY KEY, customer_id TEXT, rep_id, due_at, done_at TEXT);
         CREATE TABLE complaints (id TEXT PRIMARY KEY, customer_id TEXT, opened_at, resolved_at);
         CREATE TABLE signals (id TEXT PRIMARY KEY, customer_id TEXT, at INTEGER, kind);
         CREATE TABLE important_dates (customer_id TEXT, label, date TEXT);
         CREATE TABLE reps (id TEXT PRIMARY KEY, name, active);
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
         INSERT INTO customers SELECT 'C' || n, 'N', 'ana', '1980-02-01', '2020-02-01' FROM n;
         INSERT INTO subscriptions SELECT NULL, id, 1, '2020-01-01', NULL, 1577880000 FROM customers;
         INSERT INTO interactions SELECT id, id, '2025-01-01', 'call', 'n' FROM customers;
         INSERT INTO follow_ups SELECT id, id, 'ana', '2025-01-01', '2025-01-01' FROM customers;
         INSERT INTO complaints SELECT id, id, '2025-01-01', '2025-01-02' FROM customers;
         INSERT INTO signals SELECT id, id, 1577880000, 'quiet' FROM customers;
         INSERT INTO important_dates SELECT id, 'founded', '2020-02-01' FROM customers;",
    )
    .unwrap();
    let dates = |occasion| Kind::Dates { occasion, leads: vec![3], custom: Custom::default() };
    let ideal = Intervals::default();
    let kinds = [
        Kind::FollowUp { leads: Vec::new() },
        Kind::ContactGap { ideal, at_most: None, release_after: None },
        dates(Which::Birthday),
        dates(Which::Anniversary),
        dates(Which::Other),
        Kind::Renewal { leads: vec![30], lead_above: None },
        Kind::WinBack { after: vec![30] },
        Kind::Handover,
        Kind::Complaint { reply_hours: 24, resolve_hours: 72 },
        Kind::Signal { kinds: Vec::new(), keywords: vec!["angry".to_owned()] },
    ];
    let rules = kinds.map(|kind| Rule::of("rule", kind, None));
    let look = candidates::looked_for(&rules, &settings(), &lens());
    let advised = || {
        let mut store = SqliteStore::open(&path, Mapping::own(), TimeZone::UTC).unwrap();
        let advice = store.snapshot().unwrap().advice(std::slice::from_ref(&look), false, &lens()).unwrap();
        advice.into_iter().map(|advice| advice.index.unwrap()).collect::<Vec<String>>()
    };
    let indexes = advised();
    assert_eq!(indexes.len(), 17, "{indexes:#?}");
    for index in &indexes {
        sql.execute_batch(index).unwrap();
    }
    assert_eq!(advised(), Vec::<String>::new());
}

/// Of every kind, in the demo's shop: what is found for a tier is what is found of it for all.
#[test]
fn a_rule_for_a_tier_or_a_segment_is_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut sql = Connection::open(&path).unwrap();
    sql.execute_batch(&retaind::store::relation::schema()).unwrap();
    retaind::demo::build(&mut sql).unwrap();
    let as_of = retaind::demo::AS_OF.parse::<jiff::Zoned>().unwrap().timestamp();
    let lens = Lens { as_of, ..lens() };
    let dates = |occasion| Kind::Dates { occasion, leads: vec![30], custom: Custom::default() };
    let kinds = [
        Kind::FollowUp { leads: Vec::new() },
        Kind::ContactGap { ideal: Intervals::default(), at_most: None, release_after: None },
        dates(Which::Birthday),
        dates(Which::Anniversary),
        dates(Which::Other),
        Kind::Renewal { leads: vec![30], lead_above: None },
        Kind::WinBack { after: vec![7, 30, 90] },
        Kind::Risk { level: 30, clear: 20 },
        Kind::Complaint { reply_hours: 1, resolve_hours: 2 },
        Kind::Signal { kinds: Vec::new(), keywords: Vec::new() },
    ];
    let mut open = SqliteStore::open(&path, Mapping::own(), lens.zone.clone()).unwrap();
    for kind in kinds {
        let all = Rule { max_late: 60, ..Rule::of("all", kind, None) };
        let (tiers, segments) = (vec!["A".to_owned()], vec!["small".to_owned()]);
        let of_tier = Rule { tiers, ..all.clone() };
        let of_segment = Rule { segments, ..all.clone() };
        let needs = rule::needs([&all, &of_tier, &of_segment].into_iter(), &lens, &settings());
        let facts = open.read(needs, lens.clone()).unwrap();
        let settings = settings();
        let panel = Panel::of(&facts, &settings);
        let found = |rule: &Rule, is_theirs: fn(&Profile) -> bool| -> Vec<String> {
            let cases = rule.find(&panel, &History::default(), Reach::All).into_iter();
            let theirs = cases.filter(|case| {
                let About::Customer(customer) = case.about else { panic!("{case:?}") };
                is_theirs(facts.customers.profile(customer))
            });
            theirs.map(|case| case.subject).collect()
        };
        let name = all.kind_name();
        let tier: fn(&Profile) -> bool = |profile| profile.tier.as_deref() == Some("A");
        let segment: fn(&Profile) -> bool = |profile| profile.segment.as_deref() == Some("small");
        let mut left_out = 0;
        for (rule, is_theirs) in [(&of_tier, tier), (&of_segment, segment)] {
            assert_eq!(found(rule, |_| true), found(&all, is_theirs), "{name}");
            left_out += found(&all, |_| true).len() - found(rule, |_| true).len();
        }
        assert!(left_out > 0, "{name}");
    }
}

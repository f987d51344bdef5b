//! What waits in the ledger and how it is taken up: in which order, how much at once, at what cost however
//! much there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use retaind::channel::Channel;
use retaind::channel::memory::Memory;
use retaind::clock::Clock;
use retaind::config::{self, Outlet, Way};
use retaind::daemon::Daemon;
use retaind::ledger::deliveries::{self, Places};
use retaind::ledger::{Access, Ledger};
use retaind::outbox::{Delivery, DeliveryKey, Medium, Phase, Sealed, Status};
use rusqlite::Connection;
use tempfile::TempDir;

fn now() -> Timestamp {
    "2026-06-01T08:00:00Z".parse().unwrap()
}

/// A message that is due since so many seconds.
fn due(name: &str, since: i64) -> Delivery {
    let not_before = now() - SignedDuration::from_secs(since);
    Delivery {
        key: DeliveryKey::of("weekly", not_before, name, "room"),
        job: "weekly".to_owned(),
        occurrence: not_before,
        recipient: name.to_owned(),
        channel: "room".to_owned(),
        address: String::new(),
        subject: "Weekly report".to_owned(),
        payload: Sealed::new(vec![b'x'; 1000]),
        not_before,
        expires: now() + SignedDuration::from_hours(24),
    }
}

struct Outbox {
    folder: TempDir,
    ledger: Ledger,
}

impl Outbox {
    fn of(messages: Vec<Delivery>) -> Outbox {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
        let insert = move |c: &Connection| messages.iter().try_for_each(|m| deliveries::insert(c, m, now()));
        ledger.run_blocking(insert).unwrap();
        Outbox { folder, ledger }
    }

    /// `count` messages, each due a second before the next; the last one is due since `since` seconds.
    fn row(count: i64, since: i64) -> Outbox {
        Outbox::of((0..count).map(|n| due(&format!("c{n}"), since + count - 1 - n)).collect())
    }

    fn claim(&self, messages: usize, bytes: usize, newest_first: bool) -> Vec<String> {
        let places = Places { channel: "room".to_owned(), messages, bytes, newest_first, phase: Phase::Pre };
        let claimed = self.ledger.run_blocking(move |c| deliveries::claim(c, &places, now())).unwrap();
        claimed.into_iter().map(|claimed| claimed.delivery.recipient).collect()
    }
}

#[test]
fn what_is_due_is_taken_oldest_first_and_only_once() {
    let outbox = Outbox::row(6, 0);
    assert_eq!(outbox.claim(4, usize::MAX, false), ["c0", "c1", "c2", "c3"]);
    assert_eq!(outbox.claim(4, usize::MAX, true), ["c4", "c5"]);
    assert_eq!(outbox.claim(4, usize::MAX, false), Vec::<String>::new());
}

#[test]
fn of_a_backlog_half_of_the_places_go_to_the_newest() {
    let outbox = Outbox::row(12, 31);
    assert_eq!(outbox.claim(4, usize::MAX, false), ["c11", "c10", "c0", "c1"]);
    assert_eq!(outbox.claim(3, usize::MAX, true), ["c9", "c8", "c2"]);
    assert_eq!(outbox.claim(1, usize::MAX, false), ["c3"]);
    assert_eq!(outbox.claim(1, usize::MAX, true), ["c7"]);
    assert_eq!(outbox.claim(9, usize::MAX, false), ["c6", "c5", "c4"], "each once, and all of them");
}

#[test]
fn bodies_are_claimed_up_to_a_bound_and_never_none() {
    let outbox = Outbox::row(6, 0);
    assert_eq!(outbox.claim(5, 2_500, false), ["c0", "c1", "c2"]);
    assert_eq!(outbox.claim(5, 1, false), ["c3"]);
}

/// SQLite's own count of the instructions it ran; what they did is undone.
fn cost(outbox: &Outbox, work: impl Fn(&Connection) -> rusqlite::Result<()>) -> u64 {
    let mut c = Connection::open(outbox.folder.path().join("ledger.db")).unwrap();
    c.execute_batch("BEGIN IMMEDIATE").unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    let handler = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    c.progress_handler(1, Some(handler)).unwrap();
    work(&c).unwrap();
    c.progress_handler(0, None::<fn() -> bool>).unwrap();
    c.execute_batch("ROLLBACK").unwrap();
    count.load(Ordering::Relaxed)
}

/// Something asked of a connection.
type Work = fn(&Connection, &Places) -> rusqlite::Result<()>;

#[test]
fn taking_from_a_thousand_times_as_many_costs_no_more() {
    let (small, large) = (Outbox::row(20, 31), Outbox::row(20_000, 31));
    let places = |phase| Places {
        channel: "room".to_owned(),
        messages: 8,
        bytes: usize::MAX,
        newest_first: false,
        phase,
    };
    let works: [(&str, Work); 5] = [
        ("claim", |c, places| deliveries::claim(c, places, now()).map(drop)),
        ("oldest", |c, places| deliveries::oldest(c, &places.channel).map(drop)),
        ("orphans", |c, _| deliveries::orphans(c, None).map(drop)),
        ("stranded", |c, _| deliveries::waiting_elsewhere(c, &["room".to_owned()], 10).map(drop)),
        ("purge", |c, _| deliveries::purge(c, now(), SignedDuration::ZERO, 10).map(drop)),
    ];
    for (name, work) in works {
        let of = |outbox: &Outbox| {
            let places = places(Phase::Pre);
            cost(outbox, move |c| work(c, &places))
        };
        let (few, many) = (of(&small), of(&large));
        assert!(many <= few + few / 10, "{name}: {few} instructions for 20, {many} for 20,000");
    }
}

#[test]
fn a_new_message_overtakes_a_backlog_and_nothing_is_left() {
    let mut messages: Vec<Delivery> = (0..200).map(|n| due(&format!("c{n}"), 3_600)).collect();
    messages.push(due("new", 0));
    let outbox = Outbox::of(messages);
    let path = outbox.folder.path().join("retaind.toml");
    let store = Connection::open(outbox.folder.path().join("shop.db")).unwrap();
    store.execute_batch(&retaind::store::relation::schema()).unwrap();
    std::fs::write(&path, "[store]\npath = \"shop.db\"\nzone = \"UTC\"\ncurrency = \"EUR\"\n").unwrap();
    let (config, findings) = config::load(&path, Outlet::Configured);
    let mut config = config.unwrap_or_else(|| panic!("{}", findings.render(false)));
    let memory = Memory::default();
    let channel = Channel::Memory(memory.clone());
    config.channels.insert("room".to_owned(), Way { channel, medium: Medium::Event, shown: String::new() });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut daemon = Daemon::start(config, outbox.ledger.clone(), Clock::manual(now())).await.unwrap();
        daemon.step().await.unwrap();
    });
    let sent: Vec<String> = memory.sent().into_iter().map(|d| d.recipient).collect();
    assert_eq!(sent.len(), 201);
    assert!(sent[..2].contains(&"new".to_owned()), "{:?}", &sent[..4]);
    let left = outbox.ledger.run_blocking(deliveries::tally).unwrap();
    assert_eq!(left, [("sent".to_owned(), 201)]);
}

#[test]
fn the_tally_counts_each_status_and_old_bodies_go() {
    let outbox = Outbox::row(6, 0);
    let restated = move |c: &Connection| {
        for (id, status) in [(1, Status::Sent), (2, Status::Sent), (3, Status::Held), (4, Status::Uncertain)]
        {
            let state = deliveries::get(c, id)?.unwrap().state;
            deliveries::restate(c, id, &retaind::outbox::State { status, ..state }, now())?;
        }
        Ok((deliveries::tally(c)?, deliveries::list(c, Some(Status::Held), 9)?.len()))
    };
    let (tally, held) = outbox.ledger.run_blocking(restated).unwrap();
    let tally: Vec<(&str, i64)> = tally.iter().map(|(status, n)| (status.as_str(), *n)).collect();
    assert_eq!((tally, held), (vec![("held", 1), ("pending", 2), ("sent", 2), ("uncertain", 1)], 1));
    let purge = |after: i64, limit: usize| {
        let at = now() + SignedDuration::from_secs(after);
        let keep = SignedDuration::from_secs(60);
        outbox.ledger.run_blocking(move |c| deliveries::purge(c, at, keep, limit)).unwrap()
    };
    assert_eq!([purge(60, 9), purge(61, 1), purge(61, 9), purge(61, 9)], [0, 1, 1, 0]);
    let body = |id| outbox.ledger.run_blocking(move |c| deliveries::get(c, id)).unwrap().unwrap();
    assert_eq!(body(1).delivery.payload.stored(), b"");
    assert_eq!(body(3).delivery.payload.open().map(bytes::Bytes::len), Some(1000));
}

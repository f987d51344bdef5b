//! Nothing is lost and nothing doubled unseen, wherever a `kill -9` falls.
//!
//! The real binary replays six days over SMTP into a sink of ours and is killed again and again: at chosen
//! moments of the conversation (held there until the process is dead, so that the moment is exact) and
//! at random ones. Each ledger is restarted until its replay completes, then looked at.
//!
//! `cargo test` makes 200 kills. The long run, best with the release build:
//! `KILLS=10000 cargo test --release --test it kill -- --nocapture`; `SEED=…` repeats one.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use retaind::ledger::{Access, Ledger, deliveries, operator};
use retaind::outbox::{Event, Status};
use rusqlite::Connection;

use crate::sink::{Arrived, Moment, News, Sink};
use crate::world::{Chance, World, replace};

const AT: &str = "2011-12-26T00:00:00Z";
const UNTIL: &str = "2011-12-31T12:00:00Z";
const MESSAGES: usize = 12;

/// No replay takes this long; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ledgers worked on at once.
const WORKERS: u64 = 2;

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Never,
    /// At the n-th moment of a kind, or so many microseconds later.
    At(Moment, u64, u64),
    /// After so many microseconds, whatever it does.
    After(u64),
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Killed,
    Completed,
}

#[derive(Debug, Default)]
struct Tally {
    kills: BTreeMap<String, u64>,
    ledgers: u64,
    arrived: usize,
    doubled: usize,
    uncertain: i64,
    held: usize,
    notices: usize,
}

fn world(port: u16) -> World {
    World::chinook(|text| {
        let mut text = text;
        // Small messages and a light report: what is killed is the daemon, not the arithmetic.
        for (from, to) in [
            ("basis = \"inactivity\"", "basis = \"contract\""),
            ("definition = \"inactive_share\"", "definition = \"cohort\""),
            ("inactive_after = 180\n", ""),
            ("report = \"executive\"", "report = \"churn\""),
            ("split = [\"region\", \"owner\"]", "split = []"),
            ("attach = [\"xlsx\", \"csv\"]", "attach = []"),
            ("0 8 * * MON", "0 8 * * *"),
            ("host = \"localhost\"", "host = \"127.0.0.1\""),
            ("port = 2525", &format!("port = {port}")),
        ] {
            text = replace(&text, from, to);
        }
        text
    })
}

/// Lets the binary replay until it ends or is killed as planned.
fn live(world: &World, sink: &Sink, plan: Plan) -> End {
    let (news, inbox) = channel();
    let mut child = world.binary(&["run", "--send", "--at", AT, "--until", UNTIL]).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let ended = news.clone();
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.read_to_end(&mut said);
        let _ = ended.send(News::Ended);
        String::from_utf8_lossy(&said).into_owned()
    });
    let wait = match plan {
        Plan::After(micros) => Duration::from_micros(micros),
        _ => PATIENCE,
    };
    if let Plan::At(moment, countdown, _) = plan {
        sink.stop_at(moment, countdown, news.clone());
    }
    let first = inbox.recv_timeout(wait);
    if let (Ok(News::Stopped(_)), Plan::At(_, _, linger)) = (&first, plan) {
        let _ = inbox.recv_timeout(Duration::from_micros(linger));
    }
    // One that closed its stderr is ending by itself; the others die here.
    if !matches!(first, Ok(News::Ended)) {
        let _ = child.kill();
    }
    let status = child.wait().unwrap();
    sink.disarm();
    drop(first);
    let said = said.join().unwrap();
    match (status.signal(), status.code()) {
        (Some(9), _) if !matches!(plan, Plan::Never) => End::Killed,
        (None, Some(0)) => End::Completed,
        other => panic!("{plan:?} ended with {other:?}:\n{said}"),
    }
}

/// A moment to die at. `micros` is how long an undisturbed run takes.
fn plan(chance: &mut Chance, micros: u64) -> Plan {
    let moments = [
        Moment::Connected,
        Moment::Mail,
        Moment::Rcpt,
        Moment::Data,
        Moment::DataAnswered,
        Moment::Line,
        Moment::Dot,
        Moment::DotAnswered,
        Moment::Quit,
    ];
    match chance.below(12) {
        0 => Plan::After(chance.below(micros)),
        at => {
            let moment = moments[(at as usize) % moments.len()];
            let lines = if moment == Moment::Line { 250 } else { 1 };
            let linger = if chance.below(2) == 0 { 0 } else { chance.below(12_000) };
            Plan::At(moment, chance.below(5) * lines + chance.below(lines), linger)
        }
    }
}

/// What an operator does with held messages who sees the mail server's log: one that did not arrive is
/// sent again, one that did counts as sent. Says how many there were.
fn operate(world: &World, arrived: &[Arrived]) -> usize {
    let ledger = Ledger::open(&world.ledger(), Access::Operator).unwrap();
    let held = ledger.run_blocking(|c| deliveries::list(c, Some(Status::Held), 1000)).unwrap();
    for row in &held {
        let state = &row.state;
        assert!(state.ambiguous == 2 || state.crashes >= 3, "held without cause: {state:?}");
        let id = format!("{}@example.com", row.delivery.key.as_str());
        let there = arrived.iter().any(|a| a.id == id);
        let event = if there { Event::KnownSent } else { Event::Requeued };
        let row = row.clone();
        ledger.run_blocking(move |c| operator::act(c, &row, &event, "test", AT.parse().unwrap())).unwrap();
    }
    held.len()
}

/// Everything that must hold once a replay has completed.
fn check(world: &World, expected: &[Arrived], arrived: &[Arrived], tally: &mut Tally) {
    let ledger = Connection::open(world.ledger()).unwrap();
    let text = |sql: &str| ledger.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    assert_eq!(text("SELECT group_concat(DISTINCT state) FROM occurrence"), "done");
    assert_eq!(text("SELECT group_concat(DISTINCT status) FROM delivery"), "sent");
    // An attempt that may have ended in an arrival nobody recorded, and one that is known to have.
    let sql = "SELECT d.key || '@example.com', d.job LIKE 'ops:held:%', d.address, b.payload,
        count(*) FILTER (WHERE a.phase = 'committing' AND (a.answer IS NULL OR a.answer LIKE 'unknown%')),
        count(*) FILTER (WHERE a.answer LIKE 'accepted%')
      FROM delivery d JOIN body b ON b.delivery = d.id JOIN attempt a ON a.delivery = d.id GROUP BY d.id";
    let mut statement = ledger.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let stored = Arrived { id: row.get(0)?, to: row.get(2)?, bytes: row.get(3)? };
        Ok((stored, row.get::<_, bool>(1)?, row.get::<_, i64>(4)?, row.get::<_, i64>(5)?))
    });
    let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    for message in arrived {
        let stored = &rows.iter().find(|row| row.0.id == message.id).expect("nobody decided on it").0;
        let lengths = (message.bytes.len(), stored.bytes.len());
        assert!(message == stored, "{} is not what was decided on: {lengths:?}", message.id);
    }
    for (stored, is_notice, uncertain, accepted) in &rows {
        let id = &stored.id;
        assert!(*is_notice || expected.contains(stored), "{id} is not of an undisturbed run");
        let copies = arrived.iter().filter(|a| a.id == *id).count();
        assert!((1..=2).contains(&copies), "{id} arrived {copies} times");
        assert!(*accepted <= 1, "{id} was accepted {accepted} times and sent again");
        assert!(copies as i64 <= uncertain + accepted, "{id}: {copies} copies, {uncertain} uncertain ends");
        assert!(*accepted == 1 || *uncertain > 0, "{id} counts as sent without an answer");
        tally.doubled += usize::from(copies == 2);
        tally.uncertain += uncertain;
        tally.notices += usize::from(*is_notice);
    }
    assert_eq!(rows.iter().filter(|row| !row.1).count(), expected.len(), "a message is missing");
    tally.arrived += arrived.len();
    tally.ledgers += 1;
}

/// One worker: ledger after ledger until the kills are used up.
fn work(mut chance: Chance, kills: &AtomicI64, micros: u64, expected: &[Arrived], pipelining: bool) -> Tally {
    let sink = Sink::start(pipelining);
    let mut tally = Tally::default();
    while kills.load(Ordering::SeqCst) > 0 {
        let world = world(sink.port);
        let (mut arrived, mut held) = (Vec::new(), 0);
        loop {
            let plan = if kills.load(Ordering::SeqCst) > 0 { plan(&mut chance, micros) } else { Plan::Never };
            let end = live(&world, &sink, plan);
            arrived.extend(sink.settle());
            if end == End::Killed {
                kills.fetch_sub(1, Ordering::SeqCst);
                let moment = match plan {
                    Plan::At(moment, ..) => format!("{moment:?}"),
                    other => format!("{other:?}").split('(').next().unwrap_or_default().to_owned(),
                };
                *tally.kills.entry(moment).or_default() += 1;
                continue;
            }
            let now_held = operate(&world, &arrived);
            if now_held == 0 {
                break;
            }
            held += now_held;
        }
        let told = tally.notices;
        check(&world, expected, &arrived, &mut tally);
        assert_eq!(held > 0, tally.notices > told, "{held} held, {} notices", tally.notices - told);
        tally.held += held;
    }
    tally
}

#[test]
fn whenever_it_is_killed_every_message_arrives_and_none_twice_unseen() {
    let seed = Chance::seed();
    let wanted: i64 = std::env::var("KILLS").map_or(200, |n| n.parse().unwrap());
    eprintln!("SEED={seed} KILLS={wanted}");
    let (sink, clock) = (Sink::start(false), retaind::clock::Stopwatch::start());
    let undisturbed = world(sink.port);
    assert_eq!(live(&undisturbed, &sink, Plan::Never), End::Completed);
    let micros = clock.elapsed().as_micros() as u64;
    let expected = sink.settle();
    assert_eq!(expected.len(), MESSAGES);
    check(&undisturbed, &expected, &expected, &mut Tally::default());
    assert_eq!(live(&undisturbed, &sink, Plan::Never), End::Completed);
    assert_eq!(sink.settle(), [], "a second replay of the same days sends nothing");

    let kills = AtomicI64::new(wanted);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|n| {
                let (kills, expected) = (&kills, &expected);
                scope.spawn(move || work(Chance::new(seed ^ n), kills, micros, expected, n % 2 == 1))
            })
            .collect();
        for worker in workers {
            eprintln!("{:?}", worker.join().unwrap());
        }
    });
    assert!(kills.load(Ordering::SeqCst) <= 0);
    eprintln!("{:?} in all", clock.elapsed());
}

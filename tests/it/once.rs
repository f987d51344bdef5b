//! Whatever happens to the daemon, its channels and the shop: each reminder is told once or has a row that says
//! why not, never in quiet hours, never after it resolved itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use retaind::clock::Clock;
use retaind::domain::recipient::{Calendar, Quiet};
use retaind::ledger::deliveries::{self, Listed};
use retaind::outbox::{Answer, Scope};
use serde_json::Value as Json;

use crate::story::Stage;
use crate::world::Chance;

const RULES: &str = "rule promised: kind = \"follow_up\", repeat_days = 0
    rule daily: kind = \"follow_up\", lead_days = [1]
    rule birthdays: kind = \"birthday\", lead_days = [2]
    defaults calendar = \"office\", quiet = \"19:00-07:30\"
    from 2026-03-02";

const DAYS: i64 = 24;

/// What the shop knows of a follow-up.
#[derive(Debug, Clone)]
struct Promise {
    due: Date,
    /// When it was written down.
    entered: Timestamp,
    /// When it was done.
    done: Option<Timestamp>,
}

struct Play {
    stage: Stage,
    chance: Chance,
    promises: BTreeMap<String, Promise>,
    count: usize,
    /// Since when the daemon is down, and the longest that it was.
    down: Option<Timestamp>,
    longest: SignedDuration,
    /// Whether the clock was set back: then what came first is not what has the earlier time.
    set_back: bool,
}

impl Play {
    fn new(seed: u64) -> Play {
        let mut chance = Chance::new(seed);
        let lines: Vec<&str> = RULES.lines().map(str::trim).collect();
        let mut stage = Stage::set(&lines);
        lines.iter().filter(|line| !line.starts_with("from")).for_each(|line| stage.given(line));
        // The hour is often within quiet hours, or shortly before them.
        let hour = [6, 8, 12, 18][chance.below(4) as usize];
        stage.given(&format!("job cron = \"{} {hour} * * *\"", chance.below(60)));
        let mut play = Play {
            stage,
            chance,
            promises: BTreeMap::new(),
            count: 0,
            down: None,
            longest: SignedDuration::ZERO,
            set_back: false,
        };
        for n in 1..=6 {
            let owner = ["ana", "rui", "eva"][play.chance.below(3) as usize];
            let birthday = play.day();
            play.stage.given(&format!(
                "customers id={n} name=C{n} owner_id={owner} birthday=1990-{}",
                birthday.strftime("%m-%d")
            ));
        }
        play
    }

    fn day(&mut self) -> Date {
        jiff::civil::date(2026, 3, 1).checked_add((self.chance.below(DAYS as u64 + 4) as i64).days()).unwrap()
    }

    /// Something that happens now.
    fn happens(&mut self) {
        let now = self.stage.clock.now();
        match self.chance.below(15) {
            0..=3 => {
                let (id, due) = (format!("f{}", self.count), self.day());
                self.count += 1;
                let customer = self.chance.below(7) + 1;
                self.stage
                    .row("follow_ups", &format!("id={id} customer_id={customer} due_at={due} subject=S"));
                // Whose customer is not there belongs to nobody.
                if customer <= 6 {
                    self.promises.insert(id, Promise { due, entered: now, done: None });
                }
            }
            4..=5 => {
                let open: Vec<String> = self
                    .promises
                    .iter()
                    .filter(|(_, p)| p.done.is_none())
                    .map(|(id, _)| id.clone())
                    .collect();
                if let Some(id) = open.get(self.chance.below(open.len().max(1) as u64) as usize) {
                    self.stage.happens(&format!("UPDATE follow_ups SET done_at = '{now}' WHERE id = '{id}'"));
                    self.promises.get_mut(id).unwrap().done = Some(now);
                }
            }
            6 => {
                self.stage.happens("the daemon is down");
                self.down.get_or_insert(now);
            }
            7 => {
                self.answers(Answer::NotNow {
                    reason: "busy".into(),
                    after: None,
                    scope: Scope::Destination,
                });
            }
            8 => self.answers(Answer::NotNow { reason: "later".into(), after: None, scope: Scope::Message }),
            9 => self.answers(Answer::Unknown("cut".into())),
            10 => self.answers(Answer::Never("gone".into())),
            11 => {
                let late = 7 + self.chance.below(3);
                self.stage.happens(&format!(
                    "reload promised: kind = \"follow_up\", repeat_days = 0, max_late_days = {late}"
                ));
            }
            12..=13 => self.set_clock(),
            _ => {
                self.stage.happens("the daemon is down");
                self.up();
            }
        }
    }

    /// Somebody sets the clock under the daemon: back by up to twenty hours, or on by up to thirty.
    fn set_clock(&mut self) {
        let minutes = self.chance.below(50 * 60) as i64 - 20 * 60;
        let Clock::Manual(clock) = &self.stage.clock else { panic!("the clock is moved by hand") };
        let to = self.stage.clock.now() + SignedDuration::from_mins(minutes);
        clock.store(to.as_microsecond(), Ordering::SeqCst);
        self.longest = self.longest.max(SignedDuration::from_mins(minutes));
        self.set_back |= minutes < 0;
    }

    fn up(&mut self) {
        self.stage.happens("the daemon is up");
        if let Some(since) = self.down.take() {
            self.longest = self.longest.max(self.stage.clock.now().duration_since(since));
        }
    }

    fn answers(&mut self, answer: Answer) {
        for _ in 0..=self.chance.below(14) {
            self.stage.memory.will_answer(answer.clone());
        }
    }

    fn play(&mut self) {
        self.stage.start();
        let end = self.stage.clock.now() + SignedDuration::from_hours(24 * DAYS);
        while self.stage.clock.now() < end {
            let minutes = self.chance.below(20 * 60) as i64 + 1;
            let next = self.stage.clock.now() + SignedDuration::from_mins(minutes);
            self.stage.play_until(next.min(end));
            if self.stage.daemon.is_none() && self.chance.below(2) == 0 {
                self.up();
            }
            self.happens();
        }
        // Nothing is in trouble any more, and all that was due has had its time.
        if self.stage.daemon.is_none() {
            self.up();
        }
        self.stage.memory.forget();
        self.stage.play_until(end + SignedDuration::from_hours(24 * 12));
        self.stage.daemon = None;
    }
}

/// A case as a recipient was told of it.
type Told = (String, String, String, String);

fn told_in(row: &Listed) -> Vec<Told> {
    let event: Json = serde_json::from_slice(row.delivery.payload.open().unwrap()).unwrap();
    let items = event["data"]["items"].as_array().unwrap().iter();
    let reasons = items.flat_map(|item| item["reasons"].as_array().unwrap());
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let of =
        |r: &Json| (text(&r["rule"]), text(&r["subject"]), text(&r["due"]), row.delivery.recipient.clone());
    reasons.map(of).collect()
}

fn may_arrive(at: Timestamp) -> bool {
    let calendar = Calendar {
        weekdays: jiff::civil::Weekday::Monday.cycle_forward().take(5).collect(),
        holidays: Vec::new(),
    };
    let time = |hour, minute| Time::new(hour, minute, 0, 0).unwrap();
    let quiet = Quiet { from: time(19, 0), to: time(7, 30) };
    let local = jiff::tz::TimeZone::UTC.to_datetime(at);
    calendar.is_working_day(local.date()) && !quiet.holds(local.time())
}

fn holds(play: &Play, seed: u64) {
    let ledger = play.stage.ledger();
    let rows = ledger.run_blocking(|c| deliveries::list(c, None, 100_000)).unwrap();
    let digests: Vec<&Listed> = rows.iter().filter(|row| row.delivery.job == "care").collect();
    let mut told_before: BTreeMap<Told, &Listed> = BTreeMap::new();
    for row in &digests {
        let left =
            matches!(row.state.status.name(), "sent" | "uncertain" | "held") || row.state.ambiguous > 0;
        if !left {
            continue;
        }
        let sent = row.finished.unwrap_or(row.created);
        assert!(may_arrive(row.created), "seed {seed}: made at {}", row.created);
        assert!(row.state.ambiguous > 0 || may_arrive(sent), "seed {seed}: sent at {sent}");
        assert!(
            row.state.ambiguous > 0 || sent.duration_since(row.created) <= SignedDuration::from_hours(1),
            "seed {seed}"
        );
        for told in told_in(row) {
            if let Some(id) = told.1.split('@').next().filter(|_| told.0 != "birthdays") {
                let done = play.promises[id].done;
                assert!(
                    play.set_back || done.is_none_or(|done| done >= row.created),
                    "seed {seed}: {told:?} was done {done:?}, told {}",
                    row.created
                );
            }
            if let Some(before) = told_before.insert(told.clone(), row) {
                panic!("seed {seed}: {told:?} was told at {} and at {}", before.created, row.created);
            }
        }
    }
    // Whatever stayed open long enough was told, or a row says why not.
    let told: BTreeSet<&str> =
        told_before.keys().filter(|told| told.0 == "promised").map(|told| told.1.as_str()).collect();
    let rows: BTreeMap<String, (String, String)> = ledger
        .run_blocking(|c| {
            let mut statement =
                c.prepare("SELECT subject, state, reason FROM reminder WHERE rule = 'promised'")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
            rows.collect()
        })
        .unwrap();
    let on = jiff::civil::date(2026, 3, 2);
    for (id, promise) in play.promises.iter().filter(|(_, p)| p.done.is_none() && p.due >= on) {
        let subject = format!("{id}@{}", promise.due);
        let row = rows.get(&subject);
        let why_not = row.is_some_and(|(state, reason)| state == "dropped" && !reason.is_empty());
        // What is written down late, or falls into a long outage, may be over a week late.
        let entered = jiff::tz::TimeZone::UTC.to_datetime(promise.entered).date();
        let late = entered > promise.due.checked_add(1.day()).unwrap()
            || play.longest > SignedDuration::from_hours(60);
        assert!(told.contains(subject.as_str()) || why_not || late, "seed {seed}: {subject} is {row:?}");
    }
    for (subject, (state, reason)) in &rows {
        assert_ne!(state, "waiting", "seed {seed}: {subject} waits for ever");
        assert!(
            state != "told" || told.contains(subject.as_str()),
            "seed {seed}: {subject} is told in no message"
        );
        assert!(state != "dropped" || !reason.is_empty(), "seed {seed}: {subject}");
    }
}

#[test]
fn every_reminder_is_told_once_or_a_row_says_why_not() {
    let first = Chance::seed() % 1_000_000;
    let count = std::env::var("PLAYS").map_or(12, |n| n.parse().unwrap());
    for seed in first..first + count {
        let mut play = Play::new(seed);
        play.play();
        holds(&play, seed);
    }
}

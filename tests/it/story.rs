//! Scenarios as they are told: what a shop holds, what happens when, and every message that follows.
//!
//! ```text
//! zone Europe/Paris                                  the clock of the story, UTC where none is named
//! rule birthdays: kind = "birthday", lead_days = [3]
//! letters cron = "0 9 * * *", rules = ["birthdays"]    a job of greetings beside it
//! job at = "08:30"                                   instead of cron = "30 8 * * *"
//! people ana: quiet = "20:00-07:30"
//! customers id=1 name=Aurora owner_id=ana birthday=1990-03-29
//! from 2026-03-25
//! 2026-03-26 08:30 ana hears Aurora (birthday 29 March, in 3 days)
//! 2026-03-27 10:00 UPDATE customers SET owner_id = 'rui'
//! 2026-03-27 12:00 the daemon is down
//! 2026-03-30 09:00 the daemon is up
//! 2026-03-30 09:00 rui hears Aurora (birthday 29 March, yesterday)
//! until 2026-04-10
//! ```
//!
//! Ana and Rui are reps who report to Eva. Whatever is heard must be in the story, at its minute, and nothing
//! else may be heard. `room 30` says that the room answers "not now" thirty times, `refused 1` that it refuses
//! once. A rule stands between `from` and `until`, too: then the configuration is reloaded.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use retaind::channel::Channel;
use retaind::channel::memory::Memory;
use retaind::clock::Clock;
use retaind::config::{self, Config, Outlet, Way};
use retaind::daemon::Daemon;
use retaind::domain::{Act, Day, EntryId};
use retaind::ledger::{Ledger, deliveries};
use retaind::ledger::{acts, suppressions};
use retaind::outbox::{AddressId, Answer, Medium, Scope};
use rusqlite::Connection;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Plays a story and holds what was heard against it.
pub(crate) fn plays(story: &str) {
    let lines: Vec<&str> = story.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut stage = Stage::set(&lines);
    let mut expected = Vec::new();
    for line in &lines {
        match line.split_once(' ').unwrap() {
            ("from" | "zone", _) => {}
            ("until", when) => stage.play_until(stage.instant(when)),
            _ => {
                if let Some((when, what)) = stage.moment(line) {
                    if what.contains(" hears ") {
                        expected.push((*line).to_owned());
                    } else {
                        stage.play_until(when);
                        stage.happens(what);
                    }
                } else if !stage.on {
                    stage.given(line);
                }
            }
        }
        if line.starts_with("from ") {
            stage.start();
        }
    }
    let mut heard = stage.heard();
    heard.sort();
    expected.sort();
    assert!(heard == expected, "heard:\n{}\nexpected:\n{}", heard.join("\n"), expected.join("\n"));
}

/// A shop, its daemon and its clock.
pub(crate) struct Stage {
    dir: TempDir,
    zone: TimeZone,
    rules: Vec<String>,
    job: Vec<String>,
    letters: Vec<String>,
    people: Vec<String>,
    defaults: Vec<String>,
    churn: Vec<String>,
    pub(crate) memory: Memory,
    runtime: Runtime,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) clock: Clock,
    pub(crate) on: bool,
}

const SHOP: &str = "
    INSERT INTO reps (id, name, manager_id, active) VALUES
      ('ana', 'Ana', 'eva', 1), ('rui', 'Rui', 'eva', 1), ('eva', 'Eva', NULL, 1);";

impl Stage {
    pub(crate) fn set(lines: &[&str]) -> Stage {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let named = lines.iter().find_map(|line| line.strip_prefix("zone "));
        let zone = TimeZone::get(named.unwrap_or("UTC")).unwrap();
        let from = lines.iter().find_map(|line| line.strip_prefix("from ")).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let stage = Stage {
            clock: Clock::manual(instant(from, &zone)),
            dir,
            zone,
            rules: Vec::new(),
            job: Vec::new(),
            letters: Vec::new(),
            people: Vec::new(),
            defaults: Vec::new(),
            churn: Vec::new(),
            memory: Memory::default(),
            runtime: Runtime::new().unwrap(),
            daemon: None,
            on: false,
        };
        let sql = stage.sql();
        sql.execute_batch(&retaind::store::relation::schema()).unwrap();
        sql.execute_batch(SHOP).unwrap();
        stage
    }

    fn sql(&self) -> Connection {
        Connection::open(self.dir.path().join("shop.db")).unwrap()
    }

    pub(crate) fn instant(&self, text: &str) -> Timestamp {
        instant(text, &self.zone)
    }

    /// A line that begins with a moment.
    pub(crate) fn moment<'l>(&self, line: &'l str) -> Option<(Timestamp, &'l str)> {
        let when = line.get(..16).filter(|when| when.parse::<DateTime>().is_ok())?;
        Some((self.instant(when), line[16..].trim()))
    }

    pub(crate) fn given(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "rule" => self.rules.push(rest.to_owned()),
            "job" => self.job.push(rest.to_owned()),
            "letters" => self.letters.push(rest.to_owned()),
            "people" => self.people.push(rest.to_owned()),
            "defaults" => self.defaults.push(rest.to_owned()),
            "churn" => self.churn.push(rest.to_owned()),
            relation => self.row(relation, rest),
        }
    }

    /// `id=1 name="Aurora Log"` becomes a row.
    pub(crate) fn row(&self, relation: &str, rest: &str) {
        let mut columns: Vec<(String, String)> = Vec::new();
        let mut rest = rest.trim();
        while let Some((column, more)) = rest.split_once('=') {
            let (value, more) = match more.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap(),
                None => more.split_once(' ').unwrap_or((more, "")),
            };
            columns.push((column.to_owned(), value.replace('\'', "''")));
            rest = more.trim();
        }
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(|(_, value)| format!("'{value}'")).collect();
        let sql = format!("INSERT INTO {relation} ({}) VALUES ({})", names.join(", "), values.join(", "));
        self.sql().execute_batch(&sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    pub(crate) fn start(&mut self) {
        self.on = true;
        self.up();
    }

    /// A file of the shop.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the configuration as it is now.
    pub(crate) fn write(&self) {
        let _ = self.config();
    }

    /// The job of greetings, where the story has one.
    fn letters(&self) -> String {
        let mut text = String::new();
        for line in &self.letters {
            let (letter, job): (Vec<String>, Vec<String>) =
                keys(line).lines().map(|key| key.trim().to_owned()).partition(|key| key.starts_with("a_"));
            let signed = "signed = \"Eva\", imprint = \"Shop, Street 1\"".to_owned();
            let letter = [vec![signed], letter].concat().join(", ");
            let job = job.join("\n");
            let _ = write!(
                text,
                "[jobs.letters]\nkind = \"greetings\"\nvia = [\"post\"]\nletter = {{ {letter} }}\n{job}\n[channels.post]\nkind = \"folder\"\nfolder = \"mails\"\nfrom = \"a@example.com\"\n"
            );
        }
        text
    }

    /// What the configuration says: keys of the story, separated by commas outside brackets, a line each.
    fn config(&self) -> Config {
        let mut text = format!(
            "[store]\npath = \"shop.db\"\nzone = \"{0}\"\ncurrency = \"EUR\"\n[channels.crm]\nkind = \"webhook\"\nurl = {{ file = \"url\" }}\nsecret = {{ file = \"secret\" }}\n[channels.room]\nkind = \"folder\"\nfolder = \"mails\"\nfrom = \"a@example.com\"\n[ops]\nto = [\"eva\"]\n[actions]\npublic_url = \"https://care.example\"\nkey = {{ file = \"key\" }}\n[calendars.office]\n[defaults]\n",
            self.zone.iana_name().unwrap()
        );
        for line in &self.defaults {
            text += &keys(line);
        }
        let _ = write!(text, "[churn]\n{}", keys(&self.churn.join(", ")));
        for id in ["ana", "rui", "eva"] {
            let name = format!("{}{}", id[..1].to_uppercase(), &id[1..]);
            let _ = write!(
                text,
                "[people.{id}]\nname = \"{name}\"\nemail = \"{id}@example.com\"\nvia = [\"room\"]\nrep = \"{id}\"\n"
            );
            for line in self.people.iter().filter_map(|line| line.strip_prefix(&format!("{id}: "))) {
                text += &keys(line);
            }
        }
        for rule in &self.rules {
            let (name, rest) = rule.split_once(": ").unwrap();
            let _ = write!(text, "[rules.{name}]\n{}", keys(rest));
        }
        text += "[jobs.care]\nkind = \"reminders\"\nvia = [\"room\"]\nto = [\"eva\"]\nmax_late = \"100h\"\n";
        text += &if self.job.is_empty() {
            "cron = \"30 8 * * *\"\n".to_owned()
        } else {
            keys(&self.job.join(", "))
        };
        text += &self.letters();
        for (name, secret) in [
            ("key", "bWFkZSB1cCBmb3IgdGhlIHN0b3JpZXMsIDM0IGJ5dGVzLg=="),
            ("url", "https://crm.example.com/hook"),
            ("secret", "whsec_bWFkZSB1cCBmb3IgdGhlIGRlbW8sIDI0IGJ5dGVzKw=="),
        ] {
            let path = self.dir.path().join(name);
            std::fs::write(&path, secret).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let path = self.dir.path().join("retaind.toml");
        std::fs::write(&path, &text).unwrap();
        let (config, findings) = config::load(&path, Outlet::Configured);
        let mut config = config.unwrap_or_else(|| panic!("{}\n{text}", findings.render(false)));
        for name in ["room", "crm", "post"] {
            let channel = Channel::Memory(self.memory.clone());
            let medium = match config.channels.get(name) {
                Some(Way { medium: medium @ Medium::Email { .. }, .. }) if name == "post" => medium.clone(),
                _ => Medium::Event,
            };
            config.channels.insert(name.to_owned(), Way { channel, medium, shown: String::new() });
        }
        config
    }

    pub(crate) fn ledger(&self) -> Ledger {
        crate::world::ledger(&self.dir.path().join("ledger.db"))
    }

    fn up(&mut self) {
        let (config, ledger, clock) = (self.config(), self.ledger(), self.clock.clone());
        self.daemon = Some(self.runtime.block_on(Daemon::start(config, ledger, clock)).unwrap());
        // What came due meanwhile is planned at the moment it is up again.
        self.play_until(self.clock.now());
    }

    pub(crate) fn play_until(&mut self, when: Timestamp) {
        match &mut self.daemon {
            Some(daemon) => {
                // What happens at a moment happens before what is due at it.
                let before = when - SignedDuration::from_micros(1);
                self.runtime.block_on(daemon.replay_until(before.max(self.clock.now()))).unwrap();
            }
            None => self.clock.advance(when),
        }
    }

    pub(crate) fn happens(&mut self, what: &str) {
        match what {
            "the daemon is down" => self.daemon = None,
            "the daemon is up" => self.up(),
            what => match what.split_once(' ').unwrap() {
                ("rule", rule) => {
                    let name = format!("{}:", rule.split_once(':').unwrap().0);
                    self.rules.retain(|known| !known.starts_with(&name));
                    self.rules.push(rule.to_owned());
                    self.daemon = None;
                    self.up();
                }
                // As on SIGHUP: the same process, the same ledger.
                ("reload", rule) => {
                    let name = format!("{}:", rule.split_once(':').unwrap().0);
                    self.rules.retain(|known| !known.starts_with(&name));
                    self.rules.push(rule.to_owned());
                    if let Some(daemon) = self.daemon.take() {
                        let (config, ledger) = (self.config(), daemon.shared().ledger.clone());
                        let resumed = Daemon::resume(config, ledger, self.clock.clone());
                        self.daemon = Some(self.runtime.block_on(resumed).unwrap());
                    }
                }
                ("room", times) => {
                    let answer = |scope| Answer::NotNow { reason: "later".to_owned(), after: None, scope };
                    for _ in 0..times.parse().unwrap() {
                        self.memory.will_answer(answer(Scope::Destination));
                    }
                }
                ("stop", address) => {
                    let (address, now) = (address.to_owned(), self.clock.now());
                    let add = move |c: &Connection| {
                        let id = AddressId::of(&suppressions::salt(c)?, &address);
                        suppressions::add(c, id, (suppressions::Reason::Unsubscribed, ""), now)
                    };
                    let ledger = self.daemon.as_ref().unwrap().shared().ledger.clone();
                    assert!(ledger.run_blocking(add).unwrap());
                }
                ("bounces", times) => {
                    for _ in 0..times.parse().unwrap() {
                        self.memory.will_answer(Answer::Never("550 5.1.1 no such user".to_owned()));
                    }
                }
                ("refused", times) => {
                    for _ in 0..times.parse().unwrap() {
                        self.memory.will_answer(Answer::Never("gone".to_owned()));
                    }
                }
                ("backlog", rule) => {
                    let rule = rule.to_owned();
                    self.daemon = None;
                    let include = move |c: &Connection| retaind::ledger::reminders::include_backlog(c, &rule);
                    assert!(self.ledger().run_blocking(include).unwrap());
                    self.up();
                }
                (who @ ("ana" | "rui" | "eva"), act) => self.acts(who, act.strip_prefix("does ").unwrap()),
                ("UPDATE" | "DELETE" | "INSERT", _) => {
                    self.sql().execute_batch(what).unwrap_or_else(|e| panic!("{what}: {e}"));
                }
                (relation, rest) => self.row(relation, rest),
            },
        }
    }

    /// `done 1`, `snooze 2 2026-03-13`, `hand_over 3 rui`: what somebody does about a customer they were told of.
    fn acts(&mut self, who: &str, text: &str) {
        let mut words = text.split(' ');
        let (what, customer, more) = (words.next().unwrap(), words.next().unwrap().to_owned(), words.next());
        let until = more.and_then(|day| day.parse().ok()).map(Day::of);
        let whom = more.filter(|_| until.is_none()).map(str::to_owned);
        let act = Act::from_parts(what, until, whom).unwrap();
        let (who, now) = (who.to_owned(), self.clock.now());
        let ledger = self.daemon.as_ref().unwrap().shared().ledger.clone();
        let stored = ledger.run_blocking(move |c| {
            let entry: Vec<u8> = c.query_row(
                "SELECT id FROM entry WHERE recipient = ?1 AND customer = ?2 ORDER BY at DESC LIMIT 1",
                [&who, &customer],
                |row| row.get(0),
            )?;
            let entry = EntryId(entry.try_into().unwrap());
            let found = acts::find(c, entry)?.unwrap();
            acts::act_on(c, &found, &act, now).map(|_| ())
        });
        stored.unwrap();
    }

    /// Every message, with its minute, its reader and what it says.
    fn heard(mut self) -> Vec<String> {
        self.daemon = None;
        let rows = self.ledger().run_blocking(|c| deliveries::list(c, None, 10_000)).unwrap();
        let mut heard = Vec::new();
        for row in rows.into_iter().filter(|row| row.state.status.name() == "sent") {
            let finished = row.finished.unwrap();
            let at = self.zone.to_datetime(finished).strftime("%F %H:%M").to_string();
            let Ok(event) = serde_json::from_slice::<Json>(row.delivery.payload.open().unwrap()) else {
                // A mail; what it holds is another test's.
                heard.push(format!("{at} {} hears {}", row.delivery.recipient, row.delivery.subject));
                continue;
            };
            let said = match event["data"]["items"].as_array() {
                Some(items) if !items.is_empty() => items.iter().map(item).collect::<Vec<_>>().join(", "),
                _ => event["data"]["subject"].as_str().unwrap_or(event["type"].as_str().unwrap()).to_owned(),
            };
            heard.push(format!("{at} {} hears {said}", row.delivery.recipient));
        }
        heard
    }
}

/// `Aurora (birthday today; renews tomorrow)`.
fn item(item: &Json) -> String {
    let reasons = item["reasons"].as_array().unwrap().iter();
    let whys: Vec<&str> = reasons.map(|reason| reason["why"].as_str().unwrap()).collect();
    format!("{} ({})", item["customer"].as_str().unwrap(), whys.join("; "))
}

fn instant(text: &str, zone: &TimeZone) -> Timestamp {
    let civil: DateTime =
        if text.len() == 10 { format!("{text} 00:00") } else { text.to_owned() }.parse().unwrap();
    zone.to_ambiguous_timestamp(civil).compatible().unwrap()
}

/// `a = 1, b = [2, 3]` on a line each.
fn keys(text: &str) -> String {
    let mut depth = 0;
    let mut out: String = text
        .chars()
        .map(|c| {
            depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
            if c == ',' && depth == 0 { '\n' } else { c }
        })
        .collect();
    out.push('\n');
    out
}

//! The daemon: the only place that loops and waits.
//!
//! [`planner`] asks what is due and runs it, [`dispatcher`] sends what was decided, [`pages`] lets those who
//! were told act on it, [`supervisor`] keeps all going until it is told to stop. [`Daemon::step`] does one bounded round of everything and says
//! when it wants to be called again; a replay calls it with a clock of its own.

pub mod dispatcher;
mod flight;
pub mod foresight;
mod freshness;
pub mod greeting;
pub mod notices;
pub mod pages;
pub mod past;
pub mod planner;
pub mod reminding;
mod reporting;
pub mod runner;
pub mod supervisor;
pub mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::config::Config;
use crate::job::seal::Locales;
use crate::ledger::{Ledger, LedgerError, deliveries, occurrences};
use crate::outbox::{Event, Phase, Status, delivery};
use dispatcher::Lane;

/// Deliveries taken up in one transaction where there may be very many: others wait for it.
pub(crate) const CHUNK: usize = 500;

/// Why the daemon ends.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The languages.
    #[error(transparent)]
    Locale(#[from] crate::render::locale::LocaleError),
    /// The system.
    #[error("{0}")]
    System(String),
}

/// What every part of the daemon shares.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// Our durable state.
    pub ledger: Ledger,
    /// What time it is.
    pub clock: Clock,
    /// The languages.
    pub locales: Locales,
    /// The names of the zones that the store's reps live in, as they were last read.
    pub zones: Mutex<BTreeSet<String>>,
}

/// A daemon that can be stepped.
pub struct Daemon {
    shared: Arc<Shared>,
    lanes: BTreeMap<String, Lane>,
}

impl Daemon {
    /// Starts on a ledger: what another daemon held when it ended is taken back first.
    pub async fn start(config: Config, ledger: Ledger, clock: Clock) -> Result<Daemon, DaemonError> {
        let daemon = Daemon::resume(config, ledger, clock).await?;
        rescue(&daemon.shared, None).await?;
        Ok(daemon)
    }

    /// Goes on with another configuration. What is under way is still ours and is left alone.
    pub async fn resume(config: Config, ledger: Ledger, clock: Clock) -> Result<Daemon, DaemonError> {
        let (locales, zones) = (Locales::load()?, Mutex::default());
        let shared = Arc::new(Shared { config, ledger, clock, locales, zones });
        hold_stranded(&shared).await?;
        planner::learn_zones(&shared).await;
        planner::switch_rules(&shared).await?;
        Ok(Daemon { lanes: lanes(&shared), shared })
    }

    /// What the daemon's parts share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// One round: plan, run, send all that is due now. Says when the next round is wanted.
    pub async fn step(&mut self) -> Result<Option<Timestamp>, DaemonError> {
        planner::step(&self.shared).await?;
        for lane in self.lanes.values_mut() {
            lane.drain().await?;
        }
        self.next_wake().await
    }

    /// Steps a manual clock through time until `end`, as fast as the work allows.
    pub async fn replay_until(&mut self, end: Timestamp) -> Result<(), DaemonError> {
        loop {
            let wake = self.step().await?;
            match wake {
                Some(wake) if wake <= end => {
                    // A wake-up that is due already and was not served (a paused channel) still moves on.
                    let at_least = self.shared.clock.now() + jiff::SignedDuration::from_millis(1);
                    self.shared.clock.advance(wake.max(at_least));
                }
                _ => {
                    self.shared.clock.advance(end);
                    return Ok(());
                }
            }
        }
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, DaemonError> {
        let mut wake = planner::next_wake(&self.shared).await?;
        for (channel, lane) in &self.lanes {
            let name = channel.clone();
            let Some(at) = self.shared.ledger.run(move |c| deliveries::oldest(c, &name)).await? else {
                continue;
            };
            let at = lane.paused_until().map_or(at, |until| at.max(until));
            wake = Some(wake.map_or(at, |wake| wake.min(at)));
        }
        Ok(wake)
    }
}

/// A lane for each channel.
fn lanes(shared: &Arc<Shared>) -> BTreeMap<String, Lane> {
    let names = shared.config.channels.keys();
    names.map(|name| (name.clone(), Lane::new(name, shared.clone()))).collect()
}

/// Takes back what a daemon held that is gone: what was proven unsent is free, what may have arrived is
/// uncertain. The lock on the ledger proves that it is gone. Ops hear of what now waits for an operator.
pub(crate) async fn rescue(shared: &Arc<Shared>, lapsed: Option<Timestamp>) -> Result<(), DaemonError> {
    let (known, now) = (shared.clone(), shared.clock.now());
    let rescued = shared
        .ledger
        .run(move |c| {
            let orphans = deliveries::orphans(c, lapsed)?;
            for (orphan, phase) in &orphans {
                let d = &orphan.delivery;
                let way = known.config.channels.get(&d.channel);
                let retry = way.map_or(crate::outbox::Retry::EMAIL, |way| way.channel.retry());
                // Where the other side drops what it has seen, nothing is uncertain.
                let drops_copies = way.is_some_and(|way| way.channel.knows_again());
                let event = Event::Crashed(if drops_copies { Phase::Pre } else { *phase });
                let state = delivery::after(&orphan.state, &event, now, retry, d.key.seed(), d.expires);
                deliveries::restate(c, orphan.id, &state, now)?;
                if state.status == Status::Held {
                    occurrences::notice(c, &notices::held(&known, d, &state.reason, now), now)?;
                }
            }
            Ok(orphans.len())
        })
        .await?;
    if rescued > 0 {
        tracing::warn!(deliveries = rescued, "took back what nobody holds any more");
    }
    Ok(())
}

/// Messages for a channel that is no longer configured would wait for ever; they are held, and ops hears
/// of each.
async fn hold_stranded(shared: &Arc<Shared>) -> Result<(), DaemonError> {
    let channels: Vec<String> = shared.config.channels.keys().cloned().collect();
    let (channels, now, mut stranded) = (Arc::new(channels), shared.clock.now(), 0);
    loop {
        let (known, channels) = (shared.clone(), channels.clone());
        let held = shared.ledger.run(move |c| {
            let waiting = deliveries::waiting_elsewhere(c, &channels, CHUNK)?;
            for listed in &waiting {
                let reason = format!("its channel `{}` is no longer configured", listed.delivery.channel);
                let state = crate::outbox::State { status: Status::Held, reason, ..listed.state.clone() };
                deliveries::restate(c, listed.id, &state, now)?;
                occurrences::notice(c, &notices::held(&known, &listed.delivery, &state.reason, now), now)?;
            }
            Ok(waiting.len())
        });
        match held.await? {
            0 => break,
            held => stranded += held,
        }
    }
    if stranded > 0 {
        tracing::warn!(deliveries = stranded, "held: their channel is no longer configured");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Outlet};
    use crate::ledger::Access;
    use crate::ledger::deliveries::{Claimed, Places};
    use crate::outbox::retry::UNCERTAIN_WAIT;
    use crate::outbox::{Delivery, DeliveryKey, Sealed, State};

    /// A shop without channels.
    const SHOP: &str = "[store]\npath = \"shop.db\"\nzone = \"UTC\"\ncurrency = \"EUR\"\n";

    /// A folder with a shop that has such channels, and the daemon's things there.
    pub(super) fn shared(now: Timestamp, channels: &str) -> (tempfile::TempDir, Arc<Shared>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            // As secrets have to be.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            path
        };
        let store = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
        store.execute_batch(&crate::store::relation::schema()).unwrap();
        write("url", "https://hooks.example.com/x");
        write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let path = write("retaind.toml", &format!("{SHOP}{channels}"));
        let (config, problems) = config::load(&path, Outlet::Configured);
        let config = config.unwrap_or_else(|| panic!("{problems:?}"));
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
        let (locales, zones) = (Locales::load().unwrap(), Mutex::default());
        (folder, Arc::new(Shared { config, ledger, clock: Clock::manual(now), locales, zones }))
    }

    /// A message over a channel, due at a moment.
    pub(super) fn delivery(channel: &str, at: Timestamp) -> Delivery {
        Delivery {
            key: DeliveryKey::from_stored(channel),
            job: "weekly".to_owned(),
            occurrence: at,
            recipient: "ana".to_owned(),
            channel: channel.to_owned(),
            address: String::new(),
            subject: "s".to_owned(),
            payload: Sealed::new(b"text".to_vec()),
            not_before: at,
            expires: at + jiff::SignedDuration::from_hours(1),
        }
    }

    /// It in a lane's hands, for the first time.
    pub(super) fn claimed(channel: &str, at: Timestamp) -> Arc<Claimed> {
        let (delivery, state) = (delivery(channel, at), State::pending(at));
        Arc::new(Claimed { id: 1, delivery, state, fence: 1, started: at })
    }

    const CHANNELS: &str = r#"
        [channels.hook]
        kind = "webhook"
        url = { file = "url" }
        secret = { file = "secret" }
        [channels.room]
        kind = "slack"
        url = { file = "url" }
    "#;

    /// A daemon that died with a message in hand, which may have arrived, for either channel.
    #[tokio::test]
    async fn after_a_crash_only_what_could_be_shown_twice_is_uncertain() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, CHANNELS);
        let claim = move |c: &rusqlite::Connection| {
            for channel in ["hook", "room"] {
                deliveries::insert(c, &delivery(channel, now), now)?;
                let (channel, phase) = (channel.to_owned(), Phase::Committing);
                let places = Places { channel, messages: 1, bytes: 100, newest_first: false, phase };
                deliveries::claim(c, &places, now)?;
            }
            Ok(())
        };
        shared.ledger.run(claim).await.unwrap();
        rescue(&shared, None).await.unwrap();
        let all = shared.ledger.run(|c| deliveries::list(c, None, 9)).await.unwrap();
        let states = all.iter().map(|listed| {
            let waits = listed.state.not_before.duration_since(now).as_secs();
            (listed.delivery.channel.as_str(), listed.state.status, waits, listed.state.crashes)
        });
        let expected =
            [("room", Status::Uncertain, UNCERTAIN_WAIT.as_secs(), 1), ("hook", Status::Pending, 0, 1)];
        assert_eq!(states.collect::<Vec<_>>(), expected);
    }
}

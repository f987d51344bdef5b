//! The live daemon: a planner, a lane for each channel, signals, systemd. It waits on a heartbeat, on
//! its own timer and on signals, and trusts none of them to be the only one that works.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_cron_scheduler::{Job as Heartbeat, JobScheduler};

use super::pages::Pages;
use super::{Daemon, DaemonError, Shared, foresight, planner};
use crate::config::{self, Outlet};
use crate::ledger::purge;
use crate::logs;

/// Longest wait between two looks at the wall clock: timers do not count the sleep of a machine.
const LOOK: Duration = Duration::from_secs(20);

/// How long messages under way may finish after we are asked to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Shortest wait after a round that could not plan.
const CALM: Duration = Duration::from_secs(5);

/// How often the watchdog is fed while runs are computing, and how often at most: half an hour.
const FEED: Duration = Duration::from_secs(10);
const FEEDS_MAX: u32 = 180;

/// A wall clock that moves further than this against the monotonic one was set, not read.
const JUMP: SignedDuration = SignedDuration::from_hours(24);

/// How long planning waits after such a jump: the clock may be set back as suddenly.
const JUMP_PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// Where the configuration is, for reloads.
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// How messages leave.
    pub outlet: Outlet,
    /// A listener for the pages of links, where they are not served as configured.
    pub pages: Option<TcpListener>,
}

/// Runs until SIGTERM or SIGINT, reloading on SIGHUP. `stop` ends it from inside, for the demo.
pub async fn run(mut daemon: Daemon, origin: &Origin, stop: Arc<Notify>) -> Result<(), DaemonError> {
    let system = |e: std::io::Error| DaemonError::System(e.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(system)?;
    let beat = Arc::new(Notify::new());
    let heartbeat = heartbeat(beat.clone()).await;
    let mut lanes = Lanes::start(&mut daemon);
    let mut pages = Pages::on(origin.pages.as_ref().and_then(|listener| listener.try_clone().ok()));
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    tracing::info!(jobs = daemon.shared.config.jobs.len(), "ready");
    let mut rounds = Rounds::default();
    let outcome = loop {
        let round = tokio::select! {
            round = round(&daemon.shared, &mut rounds, &mut pages) => round,
            () = stop.notified() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
        };
        logs::say_left_out();
        let mut wait = until_next(&daemon.shared).await.min(LOOK);
        match round {
            Ok(true) => {}
            // Nothing was planned: what is overdue must not make us run in circles.
            Ok(false) => wait = wait.max(CALM),
            Err(DaemonError::Ledger(crate::ledger::LedgerError::Failed(reason))) => {
                tracing::error!(reason = %reason, "the ledger refused; trying again");
                wait = wait.max(CALM);
            }
            Err(e) => break Err(e),
        }
        lanes.wake();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = beat.notified() => {}
            () = stop.notified() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            failed = lanes.failed() => break Err(failed),
            _ = hangup.recv() => reload(&mut daemon, &mut lanes, origin).await?,
        }
    };
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    tracing::info!("stopping");
    pages.stop().await;
    if let Some(mut heartbeat) = heartbeat {
        let _ = heartbeat.shutdown().await;
    }
    tokio::select! {
        () = lanes.stop() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    outcome
}

/// One round of planning; whether there was one. The watchdog is fed here, after a ledger query: at the
/// end of the round, and meanwhile as long as a run may take.
async fn round(shared: &Arc<Shared>, rounds: &mut Rounds, pages: &mut Pages) -> Result<bool, DaemonError> {
    let now = shared.clock.now();
    pages.settle(shared).await;
    let plan = rounds.may_plan(now);
    if plan {
        let step = planner::step(shared);
        tokio::pin!(step);
        let mut feeding = tokio::time::interval(FEED);
        let mut fed = 0;
        loop {
            tokio::select! {
                stepped = &mut step => break stepped?,
                _ = feeding.tick() => {
                    shared.ledger.run(|_| Ok(())).await?;
                    fed += 1;
                    if fed < FEEDS_MAX {
                        let _ = sd_notify::notify(&[NotifyState::Watchdog]);
                    }
                }
            }
        }
    }
    if rounds.may_purge(now) {
        let keep = shared.config.keep_bodies;
        let purge = move |c: &rusqlite::Connection| purge(c, now, keep, super::CHUNK);
        while shared.ledger.run(purge).await? {}
        super::rescue(shared, Some(now)).await?;
    }
    let _ = sd_notify::notify(&[NotifyState::Watchdog]);
    Ok(plan)
}

async fn until_next(shared: &Arc<Shared>) -> Duration {
    let now = shared.clock.now();
    let next = planner::next_wake(shared).await.ok().flatten();
    let wait = next.map_or(SignedDuration::from_secs(20), |at| at.duration_since(now));
    Duration::try_from(wait).unwrap_or(Duration::ZERO).max(Duration::from_millis(20))
}

/// tokio-cron-scheduler as a heartbeat, nothing more: it beats, the ledger says what is due. When it
/// cannot start or dies, our own timer goes on.
async fn heartbeat(beat: Arc<Notify>) -> Option<JobScheduler> {
    let scheduler = JobScheduler::new().await.ok()?;
    let job = Heartbeat::new_async("*/5 * * * * *", move |_, _| {
        let beat = beat.clone();
        Box::pin(async move { beat.notify_one() })
    });
    match job {
        Ok(job) if scheduler.add(job.clone()).await.is_ok() && scheduler.start().await.is_ok() => {
            Some(scheduler)
        }
        _ => {
            tracing::warn!("the heartbeat did not start; our own timer goes on");
            None
        }
    }
}

/// Loads the configuration anew: all of it, or nothing changes.
async fn reload(daemon: &mut Daemon, lanes: &mut Lanes, origin: &Origin) -> Result<(), DaemonError> {
    let monotonic = NotifyState::monotonic_usec_now().map_err(|e| DaemonError::System(e.to_string()))?;
    let _ = sd_notify::notify(&[NotifyState::Reloading, monotonic]);
    let (config, findings) = config::load(&origin.path, origin.outlet);
    match config {
        None => tracing::error!("reload refused, the old configuration stays:\n{}", findings.render(false)),
        Some(config) if config.ledger != daemon.shared.config.ledger => {
            tracing::error!(
                "reload refused, the old configuration stays: `ledger.path` changes only with a restart"
            );
        }
        Some(config) => {
            if let Ok(known) = daemon.shared.ledger.run(foresight::Known::read).await {
                tracing::info!(changes = %known.changes(&config).told(), "another configuration");
            }
            lanes.stop().await;
            let (ledger, clock) = (daemon.shared.ledger.clone(), daemon.shared.clock.clone());
            match Daemon::resume(config, ledger, clock).await {
                Ok(resumed) => *daemon = resumed,
                // The old configuration goes on; its lanes are made anew.
                Err(e) => {
                    tracing::error!(reason = %e, "reload refused, the old configuration stays");
                    daemon.lanes = super::lanes(&daemon.shared);
                }
            }
            *lanes = Lanes::start(daemon);
            tracing::info!(jobs = daemon.shared.config.jobs.len(), "configuration reloaded");
        }
    }
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    Ok(())
}

/// The lanes at work.
struct Lanes {
    tasks: JoinSet<Result<(), DaemonError>>,
    flags: Vec<Arc<AtomicBool>>,
    wake: watch::Sender<u64>,
}

impl Lanes {
    fn start(daemon: &mut Daemon) -> Lanes {
        let (wake, woken) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let mut flags = Vec::new();
        for (_, mut lane) in std::mem::take(&mut daemon.lanes) {
            let (stopping, mut woken) = (lane.stopping(), woken.clone());
            flags.push(stopping.clone());
            tasks.spawn(async move {
                while !stopping.load(Ordering::SeqCst) {
                    match lane.drain().await {
                        Err(DaemonError::Ledger(crate::ledger::LedgerError::Failed(reason))) => {
                            tracing::error!(reason = %reason, "the ledger refused; trying again");
                        }
                        other => other?,
                    }
                    // A pause that ends soon is waited out here; the planner's rhythm would be slower.
                    let pause = lane.pause_left().unwrap_or(LOOK);
                    if let Ok(Err(_)) = tokio::time::timeout(pause, woken.changed()).await {
                        break;
                    }
                }
                Ok(())
            });
        }
        Lanes { tasks, flags, wake }
    }

    fn wake(&self) {
        self.wake.send_modify(|n| *n += 1);
    }

    /// The first lane that fails. Never, while all is well.
    async fn failed(&mut self) -> DaemonError {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Err(e))) => return e,
                Some(Err(e)) => return DaemonError::System(e.to_string()),
                Some(Ok(Ok(()))) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// No new message is claimed; those under way may finish. What does not finish is taken back by the
    /// next start.
    async fn stop(&mut self) {
        for flag in &self.flags {
            flag.store(true, Ordering::SeqCst);
        }
        self.wake();
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, finished).await.is_err() {
            // They go on by themselves and record under their own claims.
            self.tasks.detach_all();
        }
    }
}

/// What the rounds remember: how the wall clock ran against the monotonic one, and the last purge.
#[derive(Default)]
struct Rounds {
    last: Option<(Timestamp, crate::clock::Stopwatch)>,
    hold_until: Option<Timestamp>,
    purged: Option<Timestamp>,
}

impl Rounds {
    /// Once an hour: emptying old bodies, taking back claims that lapsed.
    fn may_purge(&mut self, now: Timestamp) -> bool {
        let due = self.purged.is_none_or(|at| now.duration_since(at).abs() >= SignedDuration::from_hours(1));
        if due {
            self.purged = Some(now);
        }
        due
    }

    fn may_plan(&mut self, now: Timestamp) -> bool {
        if let Some((then, stopwatch)) = self.last {
            let ran = SignedDuration::try_from(stopwatch.elapsed()).unwrap_or(SignedDuration::MAX);
            let moved = now.duration_since(then) - ran;
            if moved.abs() > JUMP {
                tracing::warn!(moved = %moved, "the wall clock jumped; planning waits ten minutes");
                self.hold_until = Some(now + JUMP_PAUSE);
            }
        }
        self.last = Some((now, crate::clock::Stopwatch::start()));
        self.hold_until.is_none_or(|until| now >= until || until.duration_since(now) > JUMP_PAUSE * 2)
    }
}

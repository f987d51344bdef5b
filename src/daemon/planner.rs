//! What is due, and running it. Planning moves each job's horizon and inserts the occurrences before it
//! in one transaction; so nothing is missed while we are down, and nothing runs twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::foresight;
use super::freshness;
use super::notices;
use super::reminding::{self, Turn};
use super::runner::{self, RunError};
use super::watching;
use super::{DaemonError, Shared};
use crate::config::Job;
use crate::domain::text::masked;
use crate::ledger::occurrences::{self, Waiting};
use crate::ledger::reminders;
use crate::schedule::{Schedule, Verdict};

/// Runs taken up in one step; the rest follow in the next one.
const RUNS_MAX: usize = 16;

/// Waits between the tries of a run whose input is not to be had just now.
const AGAIN: [i64; 4] = [60, 120, 300, 600];

/// Plans and runs all that is due now.
pub async fn step(shared: &std::sync::Arc<Shared>) -> Result<(), DaemonError> {
    plan(shared).await?;
    watching::announce(shared).await?;
    let now = shared.clock.now();
    let waiting = shared.ledger.run(move |c| occurrences::waiting(c, now, RUNS_MAX)).await?;
    for occurrence in waiting {
        run(shared, occurrence).await?;
        // A long run must not make others late: what came due meanwhile is planned before the next one.
        plan(shared).await?;
    }
    Ok(())
}

/// When planning or running is wanted next.
pub async fn next_wake(shared: &Shared) -> Result<Option<Timestamp>, DaemonError> {
    let now = shared.clock.now();
    let all = shared.config.jobs.iter().flat_map(|(name, job)| schedules(shared, name, job));
    let scheduled = all.filter_map(|(_, schedule)| schedule.next_after(now)).min();
    let find =
        move |c: &rusqlite::Connection| Ok([occurrences::next_waiting(c)?, reminders::next_release(c, now)?]);
    let waiting = shared.ledger.run(find).await?;
    let announcement = watching::next_wake(shared).await?;
    Ok(scheduled.into_iter().chain(waiting.into_iter().flatten()).chain(announcement).min())
}

/// The schedules of a job, each with the name of its horizon: one; or one for each clock, where each
/// recipient's own is meant.
fn schedules(shared: &Shared, name: &str, job: &Job) -> Vec<(String, Schedule)> {
    if !job.schedule.own {
        return vec![(name.to_owned(), job.schedule.clone())];
    }
    let of_reps = shared.zones.lock().map(|zones| zones.clone()).unwrap_or_default();
    let zones = reminding::zones_of(&shared.config, job, &of_reps).into_iter();
    zones
        .map(|zone| (format!("{name} @ {}", zone.iana_name().unwrap_or("UTC")), job.schedule.on(&zone)))
        .collect()
}

/// Reads in which zones the store's reps live, where a job asks for their own clocks. When the store cannot be
/// read now, those known so far stay.
pub(super) async fn learn_zones(shared: &Arc<Shared>) {
    if !shared.config.jobs.values().any(|job| job.schedule.own) {
        return;
    }
    let task = shared.clone();
    let read = tokio::task::spawn_blocking(move || {
        let lens = task.config.store.lens(task.clock.now(), task.config.zone.clone());
        task.config.store.open()?.snapshot()?.reps(&lens)
    });
    match read.await {
        Ok(Ok(reps)) => {
            let of_reps = reps.into_values().filter(|rep| rep.active).filter_map(|rep| rep.time_zone);
            if let Ok(mut zones) = shared.zones.lock() {
                zones.extend(of_reps);
            }
        }
        Ok(Err(e)) => tracing::warn!(reason = %e, "the reps' time zones cannot be read now"),
        Err(e) => tracing::warn!(reason = %e, "the reps' time zones cannot be read now"),
    }
}

/// Notes which rules there are. One that is new or has changed is on from now.
pub(super) async fn switch_rules(shared: &Arc<Shared>) -> Result<(), DaemonError> {
    let rules = foresight::rules(&shared.config);
    let now = shared.clock.now();
    let started = shared.ledger.run(move |c| reminders::switch(c, &rules, now)).await?;
    for rule in started {
        tracing::info!(rule = %rule, "the rule is on from now; what fell due before is not told");
    }
    Ok(())
}

async fn plan(shared: &Shared) -> Result<(), DaemonError> {
    let now = shared.clock.now();
    for (name, job) in &shared.config.jobs {
        for (horizon, schedule) in schedules(shared, name, job) {
            let job_name = name.clone();
            let advance = shared.ledger.run(move |c| plan_one(c, &job_name, &horizon, &schedule, now));
            let missed = advance.await?;
            if missed > 0 {
                tracing::warn!(job.name = %name, occurrences = missed, "occurrences missed");
            }
        }
    }
    // What waited until its recipient may be disturbed is looked at again then.
    let known: BTreeSet<String> = shared.config.jobs.keys().cloned().collect();
    let release = move |c: &rusqlite::Connection| {
        for (job, at) in reminders::releases(c, now)?.into_iter().filter(|(job, _)| known.contains(job)) {
            occurrences::plan_one(c, &job, at)?;
        }
        Ok(())
    };
    shared.ledger.run(release).await?;
    Ok(())
}

/// Moves a horizon of a job to `now`; how many occurrences were missed.
fn plan_one(
    c: &rusqlite::Connection,
    job: &str,
    horizon: &str,
    schedule: &Schedule,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let fingerprint = schedule.fingerprint();
    let known = occurrences::planned_through(c, horizon)?;
    // A new job, or a changed schedule, starts from now: what lies behind it was never due.
    let from = known.filter(|(was, _)| *was == fingerprint).map(|(_, through)| through);
    let Some(from) = from else {
        occurrences::advance(c, (job, horizon), &fingerprint, now, &[])?;
        return Ok(0);
    };
    // A clock that went back does nothing until it has caught up.
    if now <= from {
        return Ok(0);
    }
    let due = schedule.judge(&schedule.between(from, now), now);
    let due: Vec<_> = due
        .into_iter()
        .map(|(at, verdict)| match verdict {
            Verdict::Run => (at, None),
            Verdict::Missed(why) => (at, Some(why.reason())),
        })
        .collect();
    occurrences::advance(c, (job, horizon), &fingerprint, now, &due)?;
    Ok(due.iter().filter(|(_, missed)| missed.is_some()).count())
}

/// Runs one occurrence and commits what it decided.
async fn run(shared: &std::sync::Arc<Shared>, waiting: Waiting) -> Result<(), DaemonError> {
    let Some(job) = shared.config.jobs.get(&waiting.job) else {
        let now = shared.clock.now();
        let reason = "the job is no longer configured";
        shared.ledger.run(move |c| occurrences::fail(c, &waiting, reason, None, now)).await?;
        return Ok(());
    };
    let (max_late, own) = (job.schedule.max_late, job.schedule.own);
    let (task, name, at) = (shared.clone(), waiting.job.clone(), waiting.at);
    // Reading and computing block; a panic in one job must not take the daemon along.
    let outcome =
        tokio::task::spawn_blocking(move || runner::run(&task, &name, at, runner::Rows::Checked, Turn::Due))
            .await;
    let outcome = outcome.unwrap_or_else(|e| Err(RunError::Broken(format!("the run panicked: {e}"))));
    let now = shared.clock.now();
    match outcome {
        Ok(run) => {
            let (messages, failed) = (run.decided.deliveries.len(), run.decided.left_out.len());
            for (recipient, reason) in &run.decided.left_out {
                let reason = masked(reason);
                tracing::warn!(job.name = %waiting.job, recipient = %recipient, reason = %reason, "a recipient was left out");
            }
            let notice = notices::left_out(shared, &waiting, &run.decided.left_out);
            shared
                .ledger
                .run(move |c| {
                    if occurrences::commit(c, &run.decided, now)? {
                        occurrences::notice(c, &notice, now)?;
                    }
                    Ok(())
                })
                .await?;
            tracing::info!(job.name = %waiting.job, occurrence.at = %waiting.at, messages, failed, "occurrence done");
            if own {
                learn_zones(shared).await;
            }
        }
        Err(RunError::Stopped(reason)) => {
            tracing::error!(job.name = %waiting.job, occurrence.at = %waiting.at, reason = %masked(&reason), "occurrence stopped");
            let notice = notices::stopped(shared, &waiting, &reason);
            shared
                .ledger
                .run(move |c| {
                    occurrences::stop(c, &waiting, &reason, now)?;
                    occurrences::notice(c, &notice, now)
                })
                .await?;
        }
        Err(RunError::Stale(reason)) => {
            let again = now + freshness::AGAIN;
            tracing::warn!(job.name = %waiting.job, occurrence.at = %waiting.at, reason = %masked(&reason), again = %again, "the report waits");
            shared.ledger.run(move |c| occurrences::fail(c, &waiting, &reason, Some(again), now)).await?;
        }
        Err(RunError::Broken(reason)) => again_or_never(shared, waiting, reason, max_late, now).await?,
    }
    Ok(())
}

async fn again_or_never(
    shared: &Shared,
    waiting: Waiting,
    reason: String,
    max_late: SignedDuration,
    now: Timestamp,
) -> Result<(), DaemonError> {
    let wait = AGAIN[(waiting.tries as usize).min(AGAIN.len() - 1)];
    let again = now + SignedDuration::from_secs(wait);
    if again.duration_since(waiting.at) <= max_late {
        tracing::warn!(job.name = %waiting.job, occurrence.at = %waiting.at, reason = %masked(&reason), again = %again, "run failed, will be tried again");
        shared.ledger.run(move |c| occurrences::fail(c, &waiting, &reason, Some(again), now)).await?;
        return Ok(());
    }
    tracing::error!(job.name = %waiting.job, occurrence.at = %waiting.at, reason = %masked(&reason), "run given up");
    let notice = notices::failed(shared, &waiting, &reason);
    shared
        .ledger
        .run(move |c| {
            occurrences::fail(c, &waiting, &reason, None, now)?;
            occurrences::notice(c, &notice, now)
        })
        .await?;
    Ok(())
}

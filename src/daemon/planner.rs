//! What is due, and running it. Planning moves each job's horizon and inserts the occurrences before it
//! in one transaction; so nothing is missed while we are down, and nothing runs twice.

use jiff::{SignedDuration, Timestamp};

use super::freshness;
use super::notices;
use super::runner::{self, RunError};
use super::watching;
use super::{DaemonError, Shared};
use crate::domain::text::masked;
use crate::ledger::occurrences::{self, Waiting};
use crate::schedule::Verdict;

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
    let scheduled = shared.config.jobs.values().filter_map(|job| job.schedule.next_after(now)).min();
    let waiting = shared.ledger.run(occurrences::next_waiting).await?;
    let announcement = watching::next_wake(shared).await?;
    Ok(scheduled.into_iter().chain(waiting).chain(announcement).min())
}

async fn plan(shared: &Shared) -> Result<(), DaemonError> {
    let now = shared.clock.now();
    for (name, job) in &shared.config.jobs {
        let fingerprint = job.schedule.fingerprint();
        let schedule = job.schedule.clone();
        let job_name = name.clone();
        let missed = shared
            .ledger
            .run(move |c| {
                let known = occurrences::planned_through(c, &job_name)?;
                // A new job, or a changed schedule, starts from now: what lies behind it was never due.
                let from = known.filter(|(was, _)| *was == fingerprint).map(|(_, through)| through);
                let Some(from) = from else {
                    occurrences::advance(c, &job_name, &fingerprint, now, &[])?;
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
                occurrences::advance(c, &job_name, &fingerprint, now, &due)?;
                Ok(due.iter().filter(|(_, missed)| missed.is_some()).count())
            })
            .await?;
        if missed > 0 {
            tracing::warn!(job.name = %name, occurrences = missed, "occurrences missed");
        }
    }
    Ok(())
}

/// Runs one occurrence and commits what it decided.
async fn run(shared: &std::sync::Arc<Shared>, waiting: Waiting) -> Result<(), DaemonError> {
    let Some(job) = shared.config.jobs.get(&waiting.job) else {
        let now = shared.clock.now();
        let reason = "the job is no longer configured";
        shared.ledger.run(move |c| occurrences::fail(c, &waiting, reason, None, now)).await?;
        return Ok(());
    };
    let max_late = job.schedule.max_late;
    let (task, name, at) = (shared.clone(), waiting.job.clone(), waiting.at);
    // Reading and computing block; a panic in one job must not take the daemon along.
    let outcome =
        tokio::task::spawn_blocking(move || runner::run(&task, &name, at, runner::Rows::Checked)).await;
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

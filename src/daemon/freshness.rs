//! Whether the store is fresh enough for a report: how old its last row is, and whether the usual rows are
//! there. What is not fresh is waited for; then the report goes out with a banner, or ops is told.

use jiff::{SignedDuration, Timestamp};

use super::Shared;
use super::runner::RunError;
use crate::domain::When;
use crate::domain::facts::Facts;
use crate::job::report::Behind;
use crate::job::{Fresh, Recipe};
use crate::ledger::occurrences;
use crate::store::{Snapshot, relation};

/// How often a store that is not fresh is looked at again.
pub(super) const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// Holds what was read for an occurrence against what its job demands: what is behind and is to be said.
pub(super) fn check(
    shared: &Shared,
    name: &str,
    at: Timestamp,
    facts: &Facts,
    snapshot: &Snapshot<'_>,
) -> Result<Option<Behind>, RunError> {
    let Some(Recipe::Report(spec)) = shared.config.jobs.get(name).map(|job| &job.recipe) else {
        return Ok(None);
    };
    let Some(fresh) = &spec.fresh else { return Ok(None) };
    let behind = behind(fresh, snapshot, facts, usual(shared, name, fresh)?)?;
    behind.map(|behind| judge(fresh, behind, at, shared.clock.now())).transpose()
}

/// What is behind of what was read; `usual` is how many rows are usual.
fn behind(
    fresh: &Fresh,
    snapshot: &Snapshot<'_>,
    facts: &Facts,
    usual: Option<u64>,
) -> Result<Option<Behind>, RunError> {
    let Some(relation) = relation::named(fresh.relation) else { return Ok(None) };
    let last = snapshot.latest(relation, &facts.lens).map_err(|e| RunError::Broken(e.to_string()))?;
    let young = fresh.within.is_none_or(|within| {
        let age = match last {
            None => return false,
            Some(When::Instant(at)) => facts.lens.as_of.duration_since(at),
            // A bare day lasts until its end.
            Some(When::Day(day)) => {
                SignedDuration::from_hours(24 * i64::from(facts.lens.today().since(day.plus(1)).max(0)))
            }
        };
        age <= within
    });
    let rows = facts.rows.get(fresh.relation).copied().unwrap_or(0);
    let few = fresh.rows.zip(usual).filter(|(share, usual)| rows * 1000 < usual * share);
    let few = few.map(|(_, usual)| (rows, usual));
    Ok((!young || few.is_some()).then_some(Behind {
        relation: fresh.relation,
        last,
        few: few.filter(|_| young),
    }))
}

/// How many rows of the looked-at relation a job usually reads.
fn usual(shared: &Shared, job: &str, fresh: &Fresh) -> Result<Option<u64>, RunError> {
    let (job, relation) = (job.to_owned(), fresh.relation);
    let usual = shared.ledger.run_blocking(move |c| occurrences::usual_rows(c, &job, relation));
    usual.map_err(|e| RunError::Broken(e.to_string()))
}

/// Whether a report that is behind goes out with a banner; else why it does not.
fn judge(fresh: &Fresh, behind: Behind, at: Timestamp, now: Timestamp) -> Result<Behind, RunError> {
    let what = match (behind.few, behind.last) {
        (Some((n, usual)), _) => format!("has {n} rows, {usual} are usual"),
        (None, None) => "has no row".to_owned(),
        (None, Some(When::Instant(at))) => format!("ends at {at}"),
        (None, Some(When::Day(day))) => format!("ends on {}", day.date()),
    };
    let reason = format!("the store is not fresh: `{}` {what}", behind.relation);
    match () {
        () if now < at + fresh.wait => Err(RunError::Stale(reason)),
        () if fresh.banner => Ok(behind),
        () => Err(RunError::Stopped(reason)),
    }
}

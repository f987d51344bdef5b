//! A run of a report: what is told of everybody's customers, or of each lead's team, and what that publishes.

use std::collections::BTreeMap;

use super::past::{self, Pasts};
use super::runner::{Check, RunError, unreadable};
use super::watching::Known;
use crate::config::Job;
use crate::document::Document;
use crate::domain::Published;
use crate::domain::facts::{Facts, Lens};
use crate::job::ReportSpec;
use crate::job::report::{Behind, Story};
use crate::store::Snapshot;

/// What a run of a report came to.
pub(super) struct Reported<'j> {
    /// By whose customers they are about.
    pub(super) documents: BTreeMap<&'j Option<String>, Document>,
    /// What they publish.
    pub(super) published: Vec<Published>,
    /// How many rows of each relation were read.
    pub(super) rows: BTreeMap<&'static str, u64>,
}

/// Reads what a report needs, which must pass `check`, and composes its documents; `known` is what was published before.
pub(super) fn report<'j>(
    (job, spec): (&'j Job, &ReportSpec),
    lens: Lens,
    (mut snapshot, check): (Snapshot<'_>, &mut Check<'_>),
    known: &Known,
) -> Result<Reported<'j>, RunError> {
    let scopes = job.to.iter().map(|target| &target.team_of).collect();
    let (facts, behind, pasts) = past::looked(&job.recipe, lens, scopes, &mut snapshot, check)?;
    let mut published = Vec::new();
    let documents = tell(spec, &facts, &mut snapshot, pasts, (known, behind), &mut published)?;
    Ok(Reported { documents, published, rows: facts.rows })
}

fn tell<'j>(
    spec: &ReportSpec,
    facts: &Facts,
    snapshot: &mut Snapshot<'_>,
    pasts: Pasts<'j>,
    (known, behind): (&Known, Option<Behind>),
    told: &mut Vec<Published>,
) -> Result<BTreeMap<&'j Option<String>, Document>, RunError> {
    let mut documents = BTreeMap::new();
    for (scope, past) in pasts {
        let story = match scope {
            None => Story::of(facts, spec),
            Some(lead) => Story::of_team(facts, spec, lead),
        };
        let mut story = story.remembering(past);
        let lead = scope.as_deref().unwrap_or_default();
        story.behind(behind);
        story.restate(lead, &known.published, |published| known.sketch(published));
        told.extend(story.published(lead));
        let people = snapshot.people(facts, story.wanted()).map_err(unreadable)?;
        documents.insert(scope, story.tell(people));
    }
    Ok(documents)
}

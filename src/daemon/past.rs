//! Reads the store as of earlier moments, one after the other: however many they are, the facts of one are held. Between two
//! the shop may commit: each is a reading of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::runner::{Check, RunError, unreadable};
use crate::domain::facts::{Facts, Lens};
use crate::job::Recipe;
use crate::job::earlier::Earlier;
use crate::job::report::Behind;
use crate::metrics::metric::past::Past;
use crate::store::{Snapshot, StoreError};

/// What was told at earlier moments, by whose customers it is about: `None` for everybody's, or a lead's team.
pub type Pasts<'t> = BTreeMap<&'t Option<String>, Past>;

/// What is told at earlier moments.
pub fn read<'t>(
    snapshot: &mut Snapshot<'_>,
    earlier: &[Earlier<'_>],
    scopes: impl IntoIterator<Item = &'t Option<String>>,
) -> Result<Pasts<'t>, StoreError> {
    let mut pasts: Pasts<'t> = scopes.into_iter().map(|scope| (scope, Past::default())).collect();
    for moment in earlier {
        let facts = snapshot.read(moment.needs(), moment.lens())?;
        snapshot.release()?;
        for (scope, past) in &mut pasts {
            moment.tell(&facts, scope.as_deref(), past);
        }
    }
    Ok(pasts)
}

/// Reads what a recipe needs, as of now and of the earlier moments that it looks at, by whose customers these are told
/// of. What was read as of now must pass `check` before the rest is read, and waits for it outside: one moment's facts
/// are held at a time. What is read again at the end must pass it, too: the shop may have written in between.
pub(super) fn looked<'t>(
    recipe: &Recipe,
    lens: Lens,
    scopes: BTreeSet<&'t Option<String>>,
    snapshot: &mut Snapshot<'_>,
    check: &mut Check<'_>,
) -> Result<(Facts, Option<Behind>, Pasts<'t>), RunError> {
    let mut facts = snapshot.read(recipe.needs(&lens), lens.clone()).map_err(unreadable)?;
    let behind = check(&facts, snapshot)?;
    let earlier = recipe.earlier(&lens);
    if !earlier.is_empty() {
        drop(facts);
        snapshot.release().map_err(unreadable)?;
        let pasts = read(snapshot, &earlier, scopes).map_err(unreadable)?;
        facts = snapshot.read(recipe.needs(&lens), lens).map_err(unreadable)?;
        let behind = check(&facts, snapshot)?;
        return Ok((facts, behind, pasts));
    }
    Ok((facts, behind, scopes.into_iter().map(|scope| (scope, Past::default())).collect()))
}

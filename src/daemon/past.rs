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
    let mut present = |snapshot: &mut Snapshot<'_>| {
        let facts = snapshot.read(recipe.needs(&lens), lens.clone()).map_err(unreadable)?;
        let behind = check(&facts, snapshot)?;
        Ok((facts, behind))
    };
    let (facts, behind) = present(snapshot)?;
    let earlier = recipe.earlier(&lens);
    if earlier.is_empty() {
        return Ok((facts, behind, scopes.into_iter().map(|scope| (scope, Past::default())).collect()));
    }
    drop(facts);
    snapshot.release().map_err(unreadable)?;
    let pasts = read(snapshot, &earlier, scopes).map_err(unreadable)?;
    let (facts, behind) = present(snapshot)?;
    Ok((facts, behind, pasts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Currency, PeriodKind, Rates};
    use crate::job::{ReportKind, ReportSpec};
    use crate::metrics::{PeriodChoice, Settings};
    use crate::store::{Mapping, SqliteStore, relation};

    /// A shop may be emptied and filled again while the past is read: what is told in the end must be fit to be told.
    #[test]
    fn what_is_read_again_must_pass_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let shop = rusqlite::Connection::open(&path).unwrap();
        shop.execute_batch(&relation::schema()).unwrap();
        shop.execute_batch(
            "PRAGMA journal_mode = WAL; INSERT INTO customers (id, name) VALUES ('1', 'Ana'), ('2', 'Bo')",
        )
        .unwrap();
        let mut store = SqliteStore::open(&path, Mapping::own(), jiff::tz::TimeZone::UTC).unwrap();
        let mut snapshot = store.snapshot().unwrap();
        let as_of = "2026-07-15T08:00:00Z".parse().unwrap();
        let (zone, currency) = (jiff::tz::TimeZone::UTC, Currency::from_code("EUR").unwrap());
        let lens = Lens { as_of, zone, currency, rates: Rates::default() };
        let recipe = Recipe::Report(ReportSpec {
            kind: ReportKind::Rfm,
            period: PeriodChoice { kind: PeriodKind::Month, current: false },
            settings: Settings::default(),
            splits: Vec::new(),
            attach: Vec::new(),
            fresh: None,
        });
        let mut seen = Vec::new();
        let mut check = |facts: &Facts, _: &Snapshot<'_>| {
            seen.push(facts.customers.len());
            shop.execute_batch("DELETE FROM customers WHERE id = '2'").unwrap();
            match facts.customers.len() {
                2 => Ok(None),
                n => Err(RunError::Broken(format!("{n} rows"))),
            }
        };
        let told = looked(&recipe, lens, [&None].into(), &mut snapshot, &mut check);
        assert!(matches!(told, Err(RunError::Broken(why)) if why == "1 rows"));
        assert_eq!(seen, [2, 1]);
    }
}

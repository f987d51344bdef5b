//! Which index would spare a store work, by its own plans.

use super::conditions::{self, AT, Index, one_of};
use super::due;
use super::error::StoreError;
use super::mapping::{Source, quote};
use super::moments::ranges;
use super::relation::{CUSTOMERS, INTERACTIONS, Relation, SUBSCRIPTIONS, TRANSACTIONS};
use super::snapshot::{ALL, Snapshot};
use crate::domain::Look;
use crate::domain::facts::Lens;
use crate::domain::matter::Candidates;

/// Tables with fewer rows are read as fast without an index.
const MANY: u64 = 10_000;

/// A relation that is read whole for the few rows of it that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Which.
    pub relation: Relation,
    /// Its rows.
    pub rows: u64,
    /// The tables that are read from end to end, as SQLite says.
    pub scanned: Vec<String>,
    /// The statement that spares it, where the relation is a table.
    pub index: Option<String>,
}

impl Snapshot<'_> {
    /// What would make reminders cheaper that look for `looks`, by SQLite's own plans; `purchases` says whether they
    /// read those, too.
    pub fn advice(&self, looks: &[Look], purchases: bool, lens: &Lens) -> Result<Vec<Advice>, StoreError> {
        let mut all = Vec::new();
        for Asked { relation, index, sql, covered } in self.asked(looks, purchases, lens)? {
            let plan = self.plan(relation, &sql)?;
            // To count is dear; only what is read whole needs it.
            if plan.finds() && (!covered || plan.covers()) {
                continue;
            }
            let rows = self.store.count_of(relation)?;
            let source = self.store.mapping.source(relation);
            // What is not covered is not used: all is read in its place.
            let scanned = if plan.finds() { plan.tables } else { plan.scanned };
            let index = source.and_then(|source| made(source, &index, &scanned));
            let advice = Advice { relation, rows, scanned, index };
            // One index may answer for several looks.
            if rows >= MANY && !all.contains(&advice) {
                all.push(advice);
            }
        }
        Ok(all)
    }

    /// What is looked for, and how it should be found.
    fn asked(&self, looks: &[Look], purchases: bool, lens: &Lens) -> Result<Vec<Asked>, StoreError> {
        let mut all = Vec::new();
        for look in looks {
            self.searched(look, lens, &mut all)?;
        }
        let any =
            |is: fn(&Candidates) -> bool| looks.iter().filter_map(|look| look.candidates.as_ref()).any(is);
        let contacted = any(|those| !those.contacted.is_empty());
        let ended = any(|those| !those.ended.is_empty());
        let handed = looks.iter().any(|look| look.handed);
        for (is_asked, relation, columns) in [
            (true, CUSTOMERS, &["id"][..]),
            (true, SUBSCRIPTIONS, &["customer_id"]),
            (!contacted, INTERACTIONS, &["customer_id"]),
            (contacted, INTERACTIONS, &["customer_id", "at"]),
            (purchases, TRANSACTIONS, &["customer_id"]),
            (contacted, INTERACTIONS, AT),
            (contacted, SUBSCRIPTIONS, &["starts_on"]),
            (ended, SUBSCRIPTIONS, &["ends_on"]),
            (handed, CUSTOMERS, &["owner_id"]),
        ] {
            let zones = self.zones(lens);
            let Some(column) = columns.first().filter(|_| is_asked) else { continue };
            let read = if columns.len() > 1 { columns } else { ALL };
            let Some((sql, _)) = self.sourced(relation, read)? else { continue };
            if !self.gives(relation, column)? {
                continue;
            }
            let condition = match *column {
                "id" | "customer_id" => due::among(relation),
                "owner_id" => one_of(column, std::iter::empty()),
                _ => ranges(column, zones.today(), zones.today(), zones)[1].clone(),
            };
            // Of many customers all contacts are looked up.
            let covered = *column == "customer_id" && columns.len() > 1;
            let (index, sql) = (Index::on(columns), format!("{sql} WHERE {condition}"));
            all.push(Asked { relation, index, sql, covered });
        }
        Ok(all)
    }

    /// The same of what is looked for by its day.
    fn searched(&self, look: &Look, lens: &Lens, all: &mut Vec<Asked>) -> Result<(), StoreError> {
        // Whoever left, the plan is the same.
        for search in conditions::of(look, &[String::new()], self.zones(lens)) {
            let relation = search.relation;
            let Some((sql, given)) = self.sourced(relation, search.columns)? else { continue };
            for part in search.parts(&given).into_iter().flatten() {
                let sql = format!("{sql} WHERE {}", part.rather.unwrap_or(part.condition));
                let asked = part.index.map(|index| Asked { relation, index, sql, covered: false });
                all.extend(asked);
            }
        }
        Ok(())
    }
}

/// A statement, and the index that would spare it work.
struct Asked {
    relation: Relation,
    index: Index,
    sql: String,
    /// Whether the index must hold all that is read.
    covered: bool,
}

/// The statement that makes an index for a source that is a table.
fn made(source: &Source, index: &Index, scanned: &[String]) -> Option<String> {
    let Source::Table(table) = source else { return None };
    let name = table.rsplit('.').next().unwrap_or(table);
    // A view's plan names the tables behind it.
    let is_table = scanned.iter().any(|scanned| scanned.eq_ignore_ascii_case(name));
    is_table.then(|| {
        let called = quote(&format!("{name}_{}", index.name));
        format!("CREATE INDEX {called} ON {} {}", quote(name), index.on)
    })
}

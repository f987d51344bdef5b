//! Follow-ups as figures count them: who, when and whether it was done.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::customers::{Numbers, locked};
use super::decode::{Bad, RowView};
use super::error::StoreError;
use super::pass::{self, Decode, Form};
use super::relation::FOLLOW_UPS;
use super::rows::by_now;
use crate::domain::Customers;
use crate::domain::facts::{Facts, Needs};
use crate::domain::promises::{Promise, Promises};

/// Reads those that a job looks at into the facts.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    needs: &Needs,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let promises = Mutex::new(Promises::default());
    let rep = [form.places.get(FOLLOW_UPS, "rep_id")];
    let new =
        || Reader { customers: &facts.customers, needs, rep, promises: &promises, known: Numbers::default() };
    let (_, noted) = pass::read(connections, form, new, |rows| locked(&promises).rows.append(rows))?;
    noted.into_facts(FOLLOW_UPS, facts);
    facts.promises = promises.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(())
}

struct Reader<'a> {
    customers: &'a Customers,
    needs: &'a Needs,
    rep: [Option<usize>; 1],
    /// Where reps get their numbers.
    promises: &'a Mutex<Promises>,
    known: Numbers,
}

impl Decode for Reader<'_> {
    type Row = Promise;

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<Promise>) -> Result<(), Bad> {
        let zone = &view.of.lens.zone;
        let customer = view.customer(self.customers)?;
        let rep =
            self.known.of(view, &self.rep, || Ok(locked(self.promises).intern(view.text("rep_id")?)))?;
        let due = view.required_when("due_at")?.day(zone);
        // Done later than the as-of instant was still open then.
        let done = by_now(view.when("done_at")?, view.of.lens).map(|when| when.day(zone));
        let Needs { due: periods, open, .. } = self.needs;
        let is_open = *open && done.is_none();
        if is_open || periods.is_empty() || periods.iter().any(|period| period.contains(due)) {
            rows.push(Promise { customer, rep, due, done });
        }
        Ok(())
    }
}

//! Follow-ups as figures count them: who, when and whether it was done.

use rusqlite::Connection;

use super::decode::{Bad, RowView};
use super::error::StoreError;
use super::pass::{self, Decode, Form};
use super::relation::FOLLOW_UPS;
use super::rows::follow_up_of;
use crate::domain::facts::{Facts, Needs};
use crate::domain::{Customers, FollowUp};

/// Reads those that a job looks at into the facts.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    needs: &Needs,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let mut all = Vec::new();
    let new = || Reader { customers: &facts.customers, needs };
    let (_, noted) = pass::read(connections, form, new, |rows| all.append(rows))?;
    noted.into_facts(FOLLOW_UPS, facts);
    facts.follow_ups = all;
    Ok(())
}

struct Reader<'a> {
    customers: &'a Customers,
    needs: &'a Needs,
}

impl Decode for Reader<'_> {
    type Row = FollowUp;

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<FollowUp>) -> Result<(), Bad> {
        let row = follow_up_of(view, view.customer(self.customers)?, false)?;
        let Needs { due, open, .. } = self.needs;
        let day = row.due_at.day(&view.lens.zone);
        let is_open = *open && row.done_at.is_none();
        if is_open || due.is_empty() || due.iter().any(|period| period.contains(day)) {
            rows.push(row);
        }
        Ok(())
    }
}

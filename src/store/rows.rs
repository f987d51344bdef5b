//! The rows of the small relations as the core's types.

use super::contracts::later;
use super::decode::{Bad, RowView};
use crate::domain::customer::Contact;
use crate::domain::facts::Facts;
use crate::domain::{FollowUp, Rep, When};

pub(super) fn read_rep(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let rep = Rep {
        id: view.required_text("id")?,
        name: view.required_text("name")?,
        email: view.text("email")?,
        chat: view.text("chat")?,
        manager_id: view.text("manager_id")?,
        time_zone: view.text("time_zone")?,
        language: view.text("language")?,
        active: view.boolean("active", true)?,
    };
    facts.reps.insert(rep.id.clone(), rep);
    Ok(())
}

pub(super) fn read_follow_up(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    // Done later than the as-of instant was still open then.
    let done = view.when("done_at")?.is_some_and(|at| !at.is_after(facts.lens.as_of, &facts.lens.zone));
    facts.follow_ups.push(FollowUp {
        id: view.required_text("id")?,
        customer,
        rep_id: view.text("rep_id")?,
        due_at: view.required_when("due_at")?,
        done,
        subject: view.text("subject")?,
        note: view.text("note")?,
    });
    Ok(())
}

pub(super) fn read_contact(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    let when = view.required_when("at")?;
    if when.is_after(facts.lens.as_of, &facts.lens.zone) {
        return Err(later());
    }
    let at = match when {
        When::Instant(at) => at,
        When::Day(day) => {
            day.date().to_zoned(facts.lens.zone.clone()).map_or(facts.lens.as_of, |z| z.timestamp())
        }
    };
    let kind = view.required_text("kind")?;
    let known = facts.contacts.get(&customer);
    if known.is_none_or(|known| known.at < at) {
        facts.contacts.insert(customer, Contact { at, kind });
    }
    Ok(())
}

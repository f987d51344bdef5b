//! The rows of the small relations as the core's types.

use super::contracts::later;
use super::decode::{Bad, RowView, bad};
use crate::domain::customer::{Complaint, Lead, Signal, Survey};
use crate::domain::facts::{Facts, Lens};
use crate::domain::{Customers, FollowUp, Rep, When, Wrong};

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

/// A follow-up as a person is told of it.
pub(super) fn follow_up_of(view: &RowView<'_, '_>, customer: u32) -> Result<FollowUp, Bad> {
    Ok(FollowUp {
        id: view.required_text("id")?,
        customer,
        rep_id: view.text("rep_id")?,
        due_at: view.required_when("due_at")?,
        // Done later than the as-of instant was still open then.
        done_at: by_now(view.when("done_at")?, view.of.lens),
        subject: view.text("subject")?,
        note: view.text("note")?,
    })
}

/// With whom, when and of which kind a contact was.
pub(super) fn contact_of(
    view: &RowView<'_, '_>,
    customers: &Customers,
) -> Result<(u32, jiff::Timestamp, String), Bad> {
    let customer = view.customer(customers)?;
    let at = instant(past(view, "at")?, view.of.lens);
    Ok((customer, at, view.required_text("kind")?))
}

/// What had happened by the as-of instant.
pub(super) fn by_now(when: Option<When>, lens: &Lens) -> Option<When> {
    when.filter(|when| !when.is_after(lens.as_of, &lens.zone))
}

/// An instant; a bare day is its beginning.
fn instant(when: When, lens: &Lens) -> jiff::Timestamp {
    match when {
        When::Instant(at) => at,
        When::Day(day) => day.date().to_zoned(lens.zone.clone()).map_or(lens.as_of, |z| z.timestamp()),
    }
}

/// A moment that must be there and not be after the as-of instant.
pub(super) fn past(view: &RowView<'_, '_>, column: &str) -> Result<When, Bad> {
    by_now(Some(view.required_when(column)?), view.of.lens).ok_or_else(|| later(column))
}

pub(super) fn read_complaint(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let complaint = Complaint {
        customer: view.customer(&facts.customers)?,
        opened_at: past(view, "opened_at")?,
        first_reply_at: by_now(view.when("first_reply_at")?, view.of.lens),
        resolved_at: by_now(view.when("resolved_at")?, view.of.lens),
        contacts: view.integer("contacts")?,
    };
    facts.complaints.push(complaint);
    Ok(())
}

pub(super) fn read_lead(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let created = past(view, "created_at")?.day(&facts.lens.zone);
    let converted = by_now(view.when("converted_at")?, view.of.lens).is_some();
    facts.leads.push(Lead { created, source: view.text("source")?, converted });
    Ok(())
}

pub(super) fn read_signal(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    let day = past(view, "at")?.day(&facts.lens.zone);
    facts.signals.push(Signal { customer, day });
    Ok(())
}

pub(super) fn read_survey(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    let day = past(view, "at")?.day(&facts.lens.zone);
    let given = view.required_integer("score")?;
    let score = u8::try_from(given).ok().filter(|score| *score <= 10);
    let score = score.ok_or_else(|| bad("score", Wrong::NotAScore, &given.to_string()))?;
    facts.surveys.push(Survey { customer, day, score });
    Ok(())
}

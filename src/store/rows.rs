//! The rows of the small relations as the core's types.

use super::contracts::later;
use super::decode::{Bad, RowView, bad};
use crate::domain::customer::{Complaint, Lead, Survey};
use crate::domain::facts::Facts;
use crate::domain::{FollowUp, Period, Rep, When};

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

pub(super) fn read_follow_up(
    view: &RowView<'_, '_>,
    facts: &mut Facts,
    due: &[Period],
    words: bool,
) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    let due_at = view.required_when("due_at")?;
    let day = due_at.day(&facts.lens.zone);
    if !due.is_empty() && !due.iter().any(|period| period.contains(day)) {
        return Ok(());
    }
    // Done later than the as-of instant was still open then.
    let done_at = by_now(view.when("done_at")?, facts);
    let text = |column| if words { view.text(column) } else { Ok(None) };
    facts.follow_ups.push(FollowUp {
        id: if words { view.required_text("id")? } else { String::new() },
        customer,
        rep_id: view.text("rep_id")?,
        due_at,
        done_at,
        subject: text("subject")?,
        note: text("note")?,
    });
    Ok(())
}

pub(super) fn read_contact(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    let when = view.required_when("at")?;
    if when.is_after(facts.lens.as_of, &facts.lens.zone) {
        return Err(later());
    }
    let at = instant(when, facts);
    let kind = view.required_text("kind")?;
    facts.contacts.add(customer, at, kind);
    Ok(())
}

/// What had happened by the as-of instant.
fn by_now(when: Option<When>, facts: &Facts) -> Option<When> {
    when.filter(|when| !when.is_after(facts.lens.as_of, &facts.lens.zone))
}

/// An instant; a bare day is its beginning.
fn instant(when: When, facts: &Facts) -> jiff::Timestamp {
    match when {
        When::Instant(at) => at,
        When::Day(day) => {
            day.date().to_zoned(facts.lens.zone.clone()).map_or(facts.lens.as_of, |z| z.timestamp())
        }
    }
}

/// A moment that must be there and not be after the as-of instant.
fn past(view: &RowView<'_, '_>, facts: &Facts, column: &str) -> Result<When, Bad> {
    by_now(Some(view.required_when(column)?), facts).ok_or_else(later)
}

pub(super) fn read_complaint(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let complaint = Complaint {
        customer: view.customer(&facts.customers)?,
        opened_at: past(view, facts, "opened_at")?,
        first_reply_at: by_now(view.when("first_reply_at")?, facts),
        resolved_at: by_now(view.when("resolved_at")?, facts),
        contacts: view.integer("contacts")?,
    };
    facts.complaints.push(complaint);
    Ok(())
}

pub(super) fn read_lead(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let created = past(view, facts, "created_at")?.day(&facts.lens.zone);
    let converted = by_now(view.when("converted_at")?, facts).is_some();
    facts.leads.push(Lead { created, source: view.text("source")?, converted });
    Ok(())
}

pub(super) fn read_survey(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
    let customer = view.customer(&facts.customers)?;
    let day = past(view, facts, "at")?.day(&facts.lens.zone);
    let score = view.required_integer("score")?;
    let score = u8::try_from(score).ok().filter(|score| *score <= 10);
    let score = score.ok_or_else(|| bad("score", "not from 0 to 10"))?;
    facts.surveys.push(Survey { customer, day, score });
    Ok(())
}

//! The rows that reminders are about, as the core's types.

use super::decode::{Bad, RowView, bad, missing};
use super::due::Found;
use super::relation::{
    COMPLAINTS, CUSTOMERS, FOLLOW_UPS, IMPORTANT_DATES, INTERACTIONS, SIGNALS, SUBSCRIPTIONS,
};
use super::rows::{by_now, follow_up_of, past};
use crate::domain::matter::{Dated, Noticed, Occasion, OpenComplaint};
use crate::domain::{Look, Wrong, Yearly};

/// Takes one row of any of the relations that are looked at.
pub(super) fn take(view: &RowView<'_, '_>, look: &Look, found: &mut Found) -> Result<(), Bad> {
    let customer = found.number(view)?;
    let relation = view.relation;
    if relation == FOLLOW_UPS {
        found.rows.follow_ups.push(follow_up_of(view, customer)?);
    } else if relation == COMPLAINTS {
        found.rows.complaints.extend(complaint(view, customer)?);
    } else if relation == SIGNALS {
        found.rows.signals.extend(noticed(view, customer)?);
    } else if relation == INTERACTIONS {
        found.rows.notes.extend(noticed(view, customer)?);
    } else if relation == IMPORTANT_DATES {
        found.rows.dates.extend(dated(view, customer)?);
    } else if relation == CUSTOMERS {
        if look.birthdays.is_some()
            && let Some(date) = yearly(view, "birthday")?
        {
            found.rows.dates.push(Dated { customer, occasion: Occasion::Birthday, date, yearly: true });
        }
        if look.anniversaries.is_some()
            && let Some(date) = yearly(view, "since")?
        {
            found.rows.dates.push(Dated { customer, occasion: Occasion::Anniversary, date, yearly: true });
        }
    } else if relation == SUBSCRIPTIONS {
        // Who it is about is enough: contracts are read whole of those.
        view.when("renews_on")?;
    }
    Ok(())
}

fn complaint(view: &RowView<'_, '_>, customer: u32) -> Result<Option<OpenComplaint>, Bad> {
    if by_now(view.when("resolved_at")?, view.lens).is_some() {
        return Ok(None);
    }
    Ok(Some(OpenComplaint {
        id: view.required_text("id")?,
        customer,
        opened_at: past(view, "opened_at")?,
        first_reply_at: by_now(view.when("first_reply_at")?, view.lens),
        category: view.text("category")?,
    }))
}

/// A signal, or a contact with a note.
fn noticed(view: &RowView<'_, '_>, customer: u32) -> Result<Option<Noticed>, Bad> {
    // What is dated ahead comes in its time.
    let Some(at) = by_now(Some(view.required_when("at")?), view.lens) else { return Ok(None) };
    let value = if view.relation == SIGNALS { view.text("value")? } else { None };
    let (id, kind, note) = (view.required_text("id")?, view.required_text("kind")?, view.text("note")?);
    Ok(Some(Noticed { id, customer, at, kind, value, note }))
}

fn dated(view: &RowView<'_, '_>, customer: u32) -> Result<Option<Dated>, Bad> {
    let date = yearly(view, "date")?.ok_or_else(|| missing("date"))?;
    let yearly = view.boolean("yearly", true)?;
    if !yearly && date.year.is_none() {
        return Err(bad("date", Wrong::NeitherYearlyNorOfAYear, ""));
    }
    let occasion = Occasion::Other(view.required_text("label")?);
    Ok(Some(Dated { customer, occasion, date, yearly }))
}

/// A date, or a month and a day: `MM-DD`.
fn yearly(view: &RowView<'_, '_>, column: &str) -> Result<Option<Yearly>, Bad> {
    if let Ok(Some(text)) = view.text(column)
        && let Some(day) = Yearly::read(&text)
    {
        return Ok(Some(day));
    }
    Ok(view.day(column)?.map(|day| Yearly::of(day.date())))
}

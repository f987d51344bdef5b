//! The rows that reminders are about, as the core's types.

use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::conditions::occasion;
use super::customers::Id;
use super::decode::{Bad, RowView, bad, missing, text_of, when_of};
use super::error::StoreError;
use super::pass::{self, Decode, Form, Noted};
use super::relation::{
    COMPLAINTS, CUSTOMERS, FOLLOW_UPS, IMPORTANT_DATES, INTERACTIONS, SIGNALS, SUBSCRIPTIONS,
};
use super::rows::{by_now, follow_up_of, past};
use super::year_days::Placed;
use crate::domain::matter::{Dated, Noticed, Occasion, OpenComplaint};
use crate::domain::words::Found;
use crate::domain::{Day, FollowUp, Look, Wrong, Yearly};

/// A row that is about somebody who has no number yet.
pub(super) struct Sought {
    pub(super) customer: Id,
    pub(super) matter: Matter,
}

/// What the row says.
pub(super) enum Matter {
    FollowUp(FollowUp),
    Complaint(OpenComplaint),
    Signal(Noticed),
    Note(Noticed),
    Date(Dated),
    /// Who it is about is enough: contracts are read whole of those.
    Renewal,
}

/// Gives `take` rows of any of the relations that are looked at.
pub(super) fn rows(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    (look, days): (&Look, &[Placed]),
    take: impl FnMut(&mut Vec<Sought>),
) -> Result<Noted, StoreError> {
    pass::read(connections, form, || Reader { look, days }, take).map(|(_, noted)| noted)
}

struct Reader<'a> {
    look: &'a Look,
    /// Of customers, the days that are looked for.
    days: &'a [Placed],
}

impl Decode for Reader<'_> {
    type Row = Sought;

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<Sought>) -> Result<(), Bad> {
        let column = if view.of.relation == CUSTOMERS { "id" } else { "customer_id" };
        let id = || view.key(column, Id::of)?.ok_or_else(|| missing(column));
        let customer = id()?;
        if view.of.relation == CUSTOMERS {
            return days_of(view, self.days, |occasion, date| {
                let dated = Dated { customer: UNKNOWN, occasion, date, yearly: true };
                rows.push(Sought { customer: customer.clone(), matter: Matter::Date(dated) });
            });
        }
        if let Some(matter) = matter(view, self.look)? {
            rows.push(Sought { customer, matter });
        }
        Ok(())
    }
}

/// Gives `take` the days of a customer's row that are looked for.
#[inline]
pub(super) fn days_of(
    view: &RowView<'_, '_>,
    days: &[Placed],
    mut take: impl FnMut(Occasion, Yearly),
) -> Result<(), Bad> {
    let mut wrong: Option<Bad> = None;
    // Backwards, so that what is wrong with the first is told first.
    let near = days.iter().rev().filter(|(place, days)| days.include(view.row.get(Some(*place))));
    for (place, days) in near {
        match yearly(view.row.get(Some(*place)), days.column, view.of.store_zone) {
            Ok(date) => date.into_iter().for_each(|date| take(occasion(days.column), date)),
            Err(bad) => wrong = Some(Bad { also: wrong.take().map(Box::new), ..bad }),
        }
    }
    wrong.map_or(Ok(()), Err)
}

/// The number of customers who have none yet.
const UNKNOWN: u32 = u32::MAX;

/// What a row says that is about a customer.
fn matter(view: &RowView<'_, '_>, look: &Look) -> Result<Option<Matter>, Bad> {
    let relation = view.of.relation;
    Ok(if relation == FOLLOW_UPS {
        Some(Matter::FollowUp(follow_up_of(view, UNKNOWN)?))
    } else if relation == COMPLAINTS {
        complaint(view)?.map(Matter::Complaint)
    } else if relation == SIGNALS {
        noticed(view, look.signals)?.map(Matter::Signal)
    } else if relation == INTERACTIONS {
        note(view, look)?.map(Matter::Note)
    } else if relation == IMPORTANT_DATES {
        Some(Matter::Date(dated(view)?))
    } else if relation == SUBSCRIPTIONS {
        view.when("renews_on")?;
        Some(Matter::Renewal)
    } else {
        None
    })
}

fn complaint(view: &RowView<'_, '_>) -> Result<Option<OpenComplaint>, Bad> {
    if by_now(view.when("resolved_at")?, view.of.lens).is_some() {
        return Ok(None);
    }
    Ok(Some(OpenComplaint {
        id: view.required_text("id")?,
        customer: UNKNOWN,
        opened_at: past(view, "opened_at")?,
        first_reply_at: by_now(view.when("first_reply_at")?, view.of.lens),
        category: view.text("category")?,
    }))
}

/// A contact with a note that has one of the words.
pub(super) fn note(view: &RowView<'_, '_>, look: &Look) -> Result<Option<Noticed>, Bad> {
    let Some((since, words)) = &look.notes else { return Ok(None) };
    let Some(note) = noticed(view, Some(*since))? else { return Ok(None) };
    // What is kept of a text is its beginning.
    let found = match view.raw("note") {
        ValueRef::Text(text) => words.find(&String::from_utf8_lossy(text)),
        _ => note.note.as_ref().map_or_else(Found::new, |text| words.find(text)),
    };
    Ok((!found.is_empty()).then_some(Noticed { words: found, note: None, ..note }))
}

/// A signal, or a contact with a note, of a day or later.
fn noticed(view: &RowView<'_, '_>, since: Option<Day>) -> Result<Option<Noticed>, Bad> {
    // What is dated ahead comes in its time.
    let Some(at) = by_now(Some(view.required_when("at")?), view.of.lens) else { return Ok(None) };
    let value = if view.of.relation == SIGNALS { view.text("value")? } else { None };
    let (id, kind, note) = (view.required_text("id")?, view.required_text("kind")?, view.text("note")?);
    let noticed = Noticed { id, customer: UNKNOWN, at, kind, value, note, words: Found::new() };
    Ok(Some(noticed).filter(|_| since.is_none_or(|since| at.day(&view.of.lens.zone) >= since)))
}

fn dated(view: &RowView<'_, '_>) -> Result<Dated, Bad> {
    let date = yearly(view.raw("date"), "date", view.of.store_zone)?.ok_or_else(|| missing("date"))?;
    let yearly = view.boolean("yearly", true)?;
    if !yearly && date.year.is_none() {
        return Err(bad("date", Wrong::NeitherYearlyNorOfAYear, ""));
    }
    let occasion = Occasion::Other(view.required_text("label")?);
    Ok(Dated { customer: UNKNOWN, occasion, date, yearly })
}

/// A date, or a month and a day: `MM-DD`.
fn yearly(value: ValueRef<'_>, column: &str, zone: &TimeZone) -> Result<Option<Yearly>, Bad> {
    if let Ok(Some(text)) = text_of(value, column)
        && let Some(day) = Yearly::read(&text)
    {
        return Ok(Some(day));
    }
    Ok(when_of(value, column, zone)?.map(|when| Yearly::of(when.day(zone).date())))
}

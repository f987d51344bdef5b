//! Each relation's row as the core's type.

use std::collections::HashMap;

use super::decode::{Bad, RowView};
use crate::domain::customer::{CancelKind, Contact};
use crate::domain::facts::{Facts, Fault};
use crate::domain::{Customer, Day, FollowUp, Rep, Subscription, Transaction, When};

pub(super) fn read_customer(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<Customer, Bad> {
    let since = view.day("since").unwrap_or_else(|bad| blank(view, facts, bad));
    if let Err(bad) = check_birthday(view) {
        blank::<()>(view, facts, bad);
    }
    let tags = view.text("tags")?.unwrap_or_default();
    Ok(Customer {
        id: view.required_text("id")?,
        name: view.required_text("name")?,
        email: view.text("email")?,
        phone: view.text("phone")?,
        segment: view.text("segment")?,
        plan: view.text("plan")?,
        region: view.text("region")?,
        tier: view.text("tier")?,
        tags: tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        owner_id: view.text("owner_id")?,
        since,
    })
}

/// A birthday may lack its year; either way it must be a day that exists.
fn check_birthday(view: &RowView<'_, '_>) -> Result<(), Bad> {
    match view.text("birthday")? {
        Some(text) if text.len() == 5 => {
            let full = format!("2000-{text}");
            crate::domain::day::read_day(&full, view.store_zone).map(|_| ()).map_err(|_| Bad {
                fault: Fault::Unreadable,
                reason: format!("birthday: not a date: `{text}`"),
            })
        }
        _ => view.day("birthday").map(|_| ()),
    }
}

/// An optional value that cannot be read is left empty, and said.
fn blank<T>(view: &RowView<'_, '_>, facts: &mut Facts, bad: Bad) -> Option<T> {
    facts.reject(view.rejected(Bad { fault: Fault::Blanked, ..bad }));
    None
}

fn customer_of(view: &RowView<'_, '_>, index: &HashMap<String, u32>) -> Result<u32, Bad> {
    let id = view.required_text("customer_id")?;
    index
        .get(&id)
        .copied()
        .ok_or_else(|| Bad { fault: Fault::NoCustomer, reason: format!("customer_id: no customer `{id}`") })
}

/// Whether the row's money is in the report's currency; one that is not is noted.
fn counted(view: &RowView<'_, '_>, facts: &mut Facts) -> Result<bool, Bad> {
    let counted = view.in_currency()?;
    if !counted {
        let reason = "in another currency than the report's".to_owned();
        facts.reject(view.rejected(Bad { fault: Fault::OtherCurrency, reason }));
    }
    Ok(counted)
}

fn later() -> Bad {
    Bad { fault: Fault::Later, reason: "dated after the as-of instant".to_owned() }
}

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

pub(super) fn read_subscription(
    view: &RowView<'_, '_>,
    facts: &mut Facts,
    index: &HashMap<String, u32>,
) -> Result<(), Bad> {
    let customer = customer_of(view, index)?;
    let starts_on = view.required_day("starts_on")?;
    if starts_on > facts.lens.today() {
        return Err(later());
    }
    let mrr_minor = view.required_integer("mrr_minor")?;
    let counted = counted(view, facts)?;
    let cancel_kind = match view.text("cancel_kind")?.as_deref() {
        Some("voluntary") => CancelKind::Voluntary,
        Some("involuntary") => CancelKind::Involuntary,
        _ => CancelKind::Unknown,
    };
    facts.subscriptions.push(Subscription {
        customer,
        plan: view.text("plan")?,
        mrr_minor: counted.then_some(mrr_minor),
        starts_on,
        ends_on: view.day("ends_on")?.unwrap_or(Day::MAX),
        renews_on: view.day("renews_on")?,
        cancel_kind,
        cancel_reason: view.text("cancel_reason")?,
    });
    Ok(())
}

pub(super) fn read_transaction(
    view: &RowView<'_, '_>,
    facts: &mut Facts,
    index: &HashMap<String, u32>,
) -> Result<(), Bad> {
    let customer = customer_of(view, index)?;
    let at = view.required_when("at")?;
    if at.is_after(facts.lens.as_of, &facts.lens.zone) {
        return Err(later());
    }
    let amount = view.required_integer("amount_minor")?;
    let cost = view.integer("cost_minor")?.unwrap_or(0);
    let counted = counted(view, facts)?;
    facts.transactions.push(Transaction {
        customer,
        day: at.day(&facts.lens.zone),
        amount_minor: if counted { amount } else { 0 },
        cost_minor: if counted { cost } else { 0 },
        counted,
    });
    Ok(())
}

pub(super) fn read_follow_up(
    view: &RowView<'_, '_>,
    facts: &mut Facts,
    index: &HashMap<String, u32>,
) -> Result<(), Bad> {
    let customer = customer_of(view, index)?;
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

pub(super) fn read_contact(
    view: &RowView<'_, '_>,
    facts: &mut Facts,
    index: &HashMap<String, u32>,
) -> Result<(), Bad> {
    let customer = customer_of(view, index)?;
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

//! One message a rep: everything that is due, the most pressing first, no longer than can be read.

use std::collections::BTreeMap;

use crate::document::{Block, Column, Document, Item, Kind, Reach, Say, Table, Value};
use crate::domain::facts::Contacts;
use crate::domain::{Day, Money, People, Recipient};
use crate::metrics::Panel;

/// One thing that is due, before it is known to whom it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id in the store.
    pub id: String,
    /// Whose it is.
    pub rep_id: Option<String>,
    /// Index into the facts.
    pub customer: u32,
    /// Days since it was due; below zero, days until it is.
    pub days_late: i32,
    /// Why it is told.
    pub why: Say,
    /// What was promised.
    pub what: Option<String>,
}

/// Entries by the active rep they belong to; `None` holds what belongs to nobody who is there.
pub fn by_rep(panel: &Panel<'_>, entries: Vec<Entry>) -> BTreeMap<Option<String>, Vec<Entry>> {
    let mut by_rep: BTreeMap<Option<String>, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let known = entry.rep_id.clone().filter(|id| panel.facts.reps.get(id).is_some_and(|rep| rep.active));
        by_rep.entry(known).or_default().push(entry);
    }
    by_rep
}

/// Most pressing first: overdue before due, longest first, then by revenue at stake.
pub fn order(panel: &Panel<'_>, entries: &mut [Entry]) {
    let today = panel.facts.lens.today();
    entries.sort_by_cached_key(|e| {
        let id = panel.facts.customers.id(e.customer).into_owned();
        // Shorter ids first: numbers in their order.
        (-e.days_late, -panel.mrr_on(e.customer, today), id.len(), id, e.id.clone())
    });
}

/// What is known of those a digest is about: their figures, how they are called, and, of whoever is shown,
/// the last contact.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Facts and how they are counted.
    pub panel: &'a Panel<'a>,
    /// Names and ways to reach them.
    pub people: &'a People,
    /// Last contacts.
    pub contacts: &'a Contacts,
}

/// The digest of one recipient. `extra` says what is shown of all: the rest goes into the attached list.
pub fn compose(about: About<'_>, recipient: &Recipient, entries: &[Entry], items_max: usize) -> Document {
    let panel = about.panel;
    let facts = panel.facts;
    let today = facts.lens.today();
    let late = entries.iter().filter(|e| e.days_late > 0).count() as i128;
    let mut customers: Vec<u32> = entries.iter().map(|e| e.customer).collect();
    customers.sort_unstable();
    customers.dedup();
    let stake: i128 = customers.iter().map(|c| panel.mrr_on(*c, today)).sum();
    let due = Say::new("digest.due").with("n", entries.len() as i128);
    let overdue = Say::new("digest.overdue").with("n", late);
    let overdue = if late > 0 { overdue.into() } else { Value::Empty };
    let stake = match stake {
        0 => Value::Empty,
        stake => Say::new("digest.stake").with("money", Money::new(stake, facts.lens.currency)).into(),
    };
    let items = entries.iter().take(items_max).map(|entry| item(about, entry)).collect();
    let mut blocks = vec![Block::Items(items)];
    let rest = entries.len().saturating_sub(items_max);
    if rest > 0 {
        blocks.push(Block::Paragraph(Say::new("digest.more").with("n", rest as i128)));
    }
    Document {
        kind: Kind::Digest,
        about: None,
        telling: None,
        subject: Say::new("digest.subject").with("due", due.clone()).with("overdue", overdue.clone()),
        title: Say::new("digest.title").with("name", recipient.name.as_str()),
        lead: vec![Say::new("digest.lead").with("due", due).with("overdue", overdue).with("stake", stake)],
        blocks,
        notes: vec![
            Say::new("digest.note").with("as_of", Value::Instant(facts.lens.as_of, recipient.zone.clone())),
        ],
        sheets: if rest > 0 { vec![sheet(about, entries)] } else { Vec::new() },
    }
}

fn item(about: About<'_>, entry: &Entry) -> Item {
    let About { panel, people, contacts } = about;
    let facts = panel.facts;
    let person = people.0.get(&entry.customer).cloned().unwrap_or_default();
    let today = facts.lens.today();
    let mut lines = Vec::new();
    let mrr = panel.mrr_on(entry.customer, today);
    if mrr > 0 {
        lines.push(Say::new("item.mrr").with("money", Money::new(mrr, facts.lens.currency)));
    }
    let renewals = facts.contracts.get(entry.customer).iter().map(|c| c.renews_on);
    if let Some(renews) = renewals.filter(|day| *day != Day::MAX).max() {
        let days = renews.since(today);
        if (0..=30).contains(&days) {
            lines.push(Say::new("item.renews").with("n", i128::from(days)));
        }
    }
    lines.push(match contacts.last(entry.customer) {
        Some(contact) => {
            let day = Day::of(facts.lens.zone.to_datetime(contact.at).date());
            Say::new("item.contact")
                .with("n", i128::from(today.since(day)))
                .with("kind", kind_of(&contact.kind))
        }
        None => Say::new("item.no_contact"),
    });
    let phone = person.phone.map(Reach::Phone);
    let email = person.email.map(Reach::Email);
    Item {
        id: entry.id.clone(),
        customer_id: facts.customers.id(entry.customer).into_owned(),
        customer: person.name,
        why: entry.why.clone(),
        what: entry.what.clone(),
        facts: lines,
        reach: phone.into_iter().chain(email).collect(),
        days_late: entry.days_late,
    }
}

/// The usual kinds of contact are our words; a shop's own are its words.
fn kind_of(kind: &str) -> Value {
    match kind {
        "call" | "visit" | "email" | "meeting" => Say::new(format!("contact.{kind}")).into(),
        other => Value::from(other),
    }
}

fn sheet(about: About<'_>, entries: &[Entry]) -> Table {
    let rows: Vec<Vec<Value>> = entries
        .iter()
        .map(|entry| {
            let item = item(about, entry);
            let reach = |wanted: fn(&Reach) -> Option<&String>| {
                item.reach.iter().find_map(wanted).map_or(Value::Empty, |text| Value::from(text.as_str()))
            };
            vec![
                item.customer.as_str().into(),
                item.why.clone().into(),
                item.what.as_deref().map_or(Value::Empty, Value::from),
                i128::from(item.days_late).into(),
                reach(|r| if let Reach::Phone(phone) = r { Some(phone) } else { None }),
                reach(|r| if let Reach::Email(email) = r { Some(email) } else { None }),
            ]
        })
        .collect();
    let column =
        |name: &'static str, numeric| Column { name, title: Say::new(format!("column.{name}")), numeric };
    Table {
        name: "due",
        title: Say::new("table.due"),
        columns: vec![
            column("customer", false),
            column("why", false),
            column("what", false),
            column("days_late", true),
            column("phone", false),
            column("email", false),
        ],
        of: rows.len(),
        rows,
    }
}

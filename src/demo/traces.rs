//! What customers leave behind without a rep: leads, days to remember, signals, surveys.

use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::chance::Chance;
use super::contacts::Presence;
use super::customers::Customer;
use super::phrases::days;
use super::{FIRST, LAST, STORY, at_work, days_between, on_workday, plus};

/// When each customer was under contract, by the customer's place in the cast.
type Spans = [Vec<(Date, Date)>];

/// Writes leads, important dates, signals and surveys.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    insert_leads(transaction, chance, customers, spans)?;
    insert_important_dates(transaction, chance, customers, spans)?;
    insert_signals(transaction, chance, customers, spans)?;
    insert_surveys(transaction, chance, customers, spans)
}

/// One lead for each customer who joined, and those who never did; advertising brings many and wins few.
fn insert_leads(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let won = [
        (30, "website"),
        (18, "fair"),
        (16, "partner"),
        (14, "cold call"),
        (14, "advertising"),
        (8, "referral"),
    ];
    let lost = [
        (34, "website"),
        (10, "fair"),
        (8, "partner"),
        (20, "cold call"),
        (25, "advertising"),
        (3, "referral"),
    ];
    let mut rows = Vec::new();
    for (number, customer) in customers.iter().enumerate() {
        let Some(&(joined, _)) = spans[number].first() else { continue };
        if joined > FIRST {
            let day = on_workday(plus(joined, -chance.skewed(3, 75, 2)));
            let drawn = chance.weighted(&won);
            let source = if customer.referred_by.is_some() { "referral" } else { drawn };
            let signed = at_work(chance, joined);
            rows.push((at_work(chance, day), source, Some(signed), Some(customer.id.as_str())));
        }
    }
    let length = days_between(FIRST, LAST);
    for _ in 0..3100 {
        // The later of two draws: more of them as the shop grows.
        let day = plus(FIRST, chance.below(length).max(chance.below(length)));
        rows.push((at_work(chance, on_workday(day)), chance.weighted(&lost), None, None));
    }
    rows.sort();
    let mut statement = transaction.prepare(
        "INSERT INTO leads (id, created_at, source, converted_at, customer_id) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (id, (created, source, converted, customer)) in (1..).zip(&rows) {
        statement.execute(params![format!("L-{id:05}"), created, source, converted, customer])?;
    }
    Ok(())
}

fn insert_important_dates(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let mut statement = transaction
        .prepare("INSERT INTO important_dates (customer_id, label, date, yearly) VALUES (?1, ?2, ?3, ?4)")?;
    for (customer, spans) in customers.iter().zip(spans) {
        let is_active = spans.last().is_some_and(|(_, until)| *until > LAST);
        let [anniversary, birthday, moving] = days(customer.language);
        for (label, share) in [(anniversary, 260), (birthday, 200)] {
            let day = plus(FIRST, chance.below(365)).strftime("%m-%d").to_string();
            if chance.per_mille(if is_active { share } else { share / 4 }) {
                statement.execute(params![customer.id, label, day, true])?;
            }
        }
        let day = on_workday(plus(LAST, chance.between(-60, 90)));
        if is_active && chance.per_mille(35) {
            statement.execute(params![customer.id, moving, day.to_string(), false])?;
        }
    }
    Ok(())
}

struct Signal {
    at: String,
    customer: usize,
    kind: &'static str,
    value: Option<String>,
    note: Option<&'static str>,
}

/// What a signal says: its value and its note.
type Said = (Option<&'static str>, Option<&'static str>);

/// What could be seen of the three accounts of the story before they left, by their place there.
const HINTS: [(usize, &str, &str, Said); 6] = [
    (0, "2026-09-15T07:00:00", "order_drop", (Some("-42"), None)),
    (0, "2026-09-30T18:32:00", "price_page", (Some("6"), Some("Seis visitas depois da reunião"))),
    (1, "2026-07-20T10:00:00", "champion_left", (None, Some("A responsável foi para outra empresa"))),
    (1, "2026-10-05T07:00:00", "order_drop", (Some("-35"), None)),
    (
        2,
        "2026-09-22T16:00:00",
        "competitor_seen",
        (None, Some("Máquina de concorrente em teste na recepção")),
    ),
    (2, "2026-10-05T07:00:00", "order_drop", (Some("-58"), None)),
];

/// A signal of some kind; before a customer leaves the kinds are worse.
fn signal(chance: &mut Chance, customer: usize, day: Date, is_leaving: bool) -> Signal {
    let weight = if is_leaving { 30 } else { 8 };
    let kind = chance.weighted(&[
        (weight, "order_drop"),
        (weight, "late_payment"),
        (weight / 3, "champion_left"),
        (weight / 3, "competitor_seen"),
        (12, "price_page"),
        (14, "headcount"),
    ]);
    let value = match kind {
        "order_drop" => Some(-chance.between(20, 65)),
        "late_payment" => Some(chance.skewed(3, 45, 2)),
        "price_page" => Some(chance.skewed(1, 7, 2)),
        "headcount" => Some(chance.pick(&[-20, -12, -8, -5, 4, 6, 9, 15, 25])),
        _ => None,
    };
    Signal {
        at: at_work(chance, day),
        customer,
        kind,
        value: value.map(|value| value.to_string()),
        note: None,
    }
}

fn insert_signals(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let mut rows = Vec::new();
    for (account, at, kind, (value, note)) in HINTS {
        let (at, value, customer) = (at.to_owned(), value.map(str::to_owned), STORY[account].number - 1);
        rows.push(Signal { at, customer, kind, value, note });
    }
    for (number, spans) in spans.iter().enumerate() {
        for &(from, until) in spans.iter().filter(|(_, until)| *until <= LAST) {
            for _ in 0..2 {
                let day = on_workday(plus(until, -chance.between(5, 60)));
                if chance.per_mille(420) && day > from && customers[number].story.is_none() {
                    rows.push(signal(chance, number, day, true));
                }
            }
        }
    }
    let presence = Presence::new(spans);
    for _ in 0..700 {
        let (customer, day) = presence.draw(chance);
        rows.push(signal(chance, customer, day, false));
    }
    rows.sort_by(|one, other| (&one.at, one.customer).cmp(&(&other.at, other.customer)));
    let mut statement = transaction.prepare(
        "INSERT INTO signals (id, customer_id, at, kind, value, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (id, row) in (1..).zip(&rows) {
        let customer = &customers[row.customer].id;
        statement.execute(params![format!("G-{id:05}"), customer, row.at, row.kind, row.value, row.note])?;
    }
    Ok(())
}

/// Answers to "would you recommend us", from 0 to 10; lower before a customer leaves.
fn insert_surveys(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let content = [(24, 10), (25, 9), (20, 8), (13, 7), (8, 6), (4, 5), (3, 4), (2, 3), (1, 0)];
    let leaving = [(5, 10), (8, 9), (12, 8), (14, 7), (18, 6), (16, 5), (11, 4), (8, 3), (5, 2), (3, 0)];
    let mut rows = vec![
        ("2026-09-08T10:12:00".to_owned(), STORY[0].number - 1, 4),
        ("2026-09-10T14:47:00".to_owned(), STORY[2].number - 1, 5),
    ];
    let presence = Presence::new(spans);
    for _ in 0..2600 {
        let (customer, day) = presence.draw(chance);
        let left = spans[customer].last().map_or(LAST, |&(_, until)| until);
        let is_leaving = left <= LAST && days_between(day, left) < 120;
        let score = chance.weighted(if is_leaving { &leaving[..] } else { &content[..] });
        rows.push((at_work(chance, day), customer, score));
    }
    rows.sort();
    let mut statement =
        transaction.prepare("INSERT INTO surveys (id, customer_id, at, score) VALUES (?1, ?2, ?3, ?4)")?;
    for (id, (at, customer, score)) in (1..).zip(&rows) {
        statement.execute(params![format!("N-{id:05}"), customers[*customer].id, at, score])?;
    }
    Ok(())
}

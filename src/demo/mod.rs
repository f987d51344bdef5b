//! An embedded store to look around in: a shop that keeps offices in coffee and pantry goods.
//!
//! The shop sits in São Paulo and bills in BRL. Its books begin on 2023-10-01, when it took over the
//! contracts of 160 customers, and end on Sunday 2026-11-01 with 2,000 customers, some 1,300 of them under
//! contract. Churn got slowly better for two years and has been steady since – until October 2026, when a new
//! price list and three large accounts ([`STORY`]) made the worst month in years. The demo's clock stands at
//! [`AS_OF`], the Monday morning after.
//!
//! Every row follows from one seed and integer arithmetic, so the store is always the same. What chance would
//! not give a reader to see is written down: the three accounts with the traces they left before they went,
//! a few endings already announced for November, each rep's open follow-ups.
//!
//! Dirty rows, on purpose and exactly these:
//!
//! * two customers (`C-0411`, `C-1502`) have the birthday `0000-00-00`;
//! * one subscription (`S-00405`, a small one that ended long ago) has the text `n/a` for its `mrr_minor`;
//! * one transaction belongs to `C-9999`, a customer the store does not know.
//!
//! Not dirt, but found in any real store and here as well: missing e-mail addresses, birthdays, owners,
//! costs; an inactive rep who still owns a few customers; transactions without a currency, which then is the
//! store's own.

mod chance;
mod contacts;
mod contracts;
mod customers;
mod names;
mod payments;
mod phrases;
mod traces;

#[cfg(test)]
mod tests;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use rusqlite::Connection;

use chance::Chance;

/// The moment the demo is looked at: a Monday morning in the shop's zone.
pub const AS_OF: &str = "2026-11-02T08:00:00-03:00[America/Sao_Paulo]";

/// The first day in the books.
const FIRST: Date = date(2023, 10, 1);
/// The last day in the books.
const LAST: Date = date(2026, 11, 1);
/// How many customers the shop has ever had in its books.
const CUSTOMERS: usize = 2000;

/// A large account whose leaving is told rather than drawn.
#[derive(Debug)]
struct Departure {
    /// The customer's number; it sets when in the row of joiners the account comes.
    number: usize,
    name: &'static str,
    owner: &'static str,
    /// What was agreed from which day on, in centavos a month.
    terms: &'static [(Date, i64)],
    ended: Date,
    reason: Option<&'static str>,
}

/// The three accounts that made October 2026.
const STORY: [Departure; 3] = [
    Departure {
        number: 318,
        name: "Aurora Log",
        owner: "R-01",
        terms: &[(date(2024, 3, 11), 1_210_000), (date(2025, 5, 5), 1_840_000)],
        ended: date(2026, 10, 14),
        reason: Some("price"),
    },
    Departure {
        number: 557,
        name: "Norte Sul Transportes",
        owner: "R-02",
        terms: &[(date(2024, 8, 19), 915_000)],
        ended: date(2026, 10, 27),
        reason: None,
    },
    Departure {
        number: 830,
        name: "Porto Belo Hotéis",
        owner: "R-07",
        terms: &[(date(2025, 2, 3), 980_000), (date(2025, 12, 1), 1_126_000)],
        ended: date(2026, 10, 20),
        reason: Some("competitor"),
    },
];

/// Fills an empty store, whose tables exist already, with the demo's rows.
///
/// # Errors
///
/// What `SQLite` says where a table is missing, or not empty.
pub fn build(connection: &mut Connection) -> rusqlite::Result<()> {
    let customers = customers::cast(&mut Chance::new(0xCAFE));
    let contracts = contracts::play(&mut Chance::new(0xBEA7), &customers);
    let spans = contracts::spans(&contracts, customers.len());

    let transaction = connection.transaction()?;
    customers::insert_reps(&transaction)?;
    customers::insert(&transaction, &mut Chance::new(0x5EED), &customers, &contracts)?;
    contracts::insert(&transaction, &customers, &contracts)?;
    payments::insert(&transaction, &mut Chance::new(0xCA54), &customers, &contracts)?;
    contacts::insert(&transaction, &mut Chance::new(0xCA11), &customers, &spans)?;
    traces::insert(&transaction, &mut Chance::new(0x7AC3), &customers, &spans)?;
    transaction.commit()
}

fn plus(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

/// How many days lie from one day to another.
fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// The day itself, or the nearest working day of the same month: offices sign and talk from Monday to Friday.
fn on_workday(day: Date) -> Date {
    let (near, far) = match day.weekday() {
        Weekday::Saturday => (-1, 2),
        Weekday::Sunday => (1, -2),
        _ => return day,
    };
    let nearest = plus(day, near);
    if nearest.month() == day.month() { nearest } else { plus(day, far) }
}

/// A moment of the day, as the store keeps it.
fn moment(day: Date, hour: i64, minute: i64) -> String {
    format!("{day}T{hour:02}:{minute:02}:00")
}

/// Some moment of the working hours of a day.
fn at_work(chance: &mut Chance, day: Date) -> String {
    moment(day, chance.between(9, 17), chance.below(12) * 5)
}

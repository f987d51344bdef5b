//! What happens day by day: purchases, contacts, follow-ups, each row in the order of time.

use anyhow::Result;
use rusqlite::{Connection, params};

use super::calendar::{DAYS, Written, push_time, share};
use super::chance::Chance;
use super::customers::{Customer, REPS, rep};

/// A usual ticket by segment, in minor units.
const TICKETS: [u64; 5] = [6_000, 11_000, 24_000, 38_000, 90_000];
const KINDS: [&str; 4] = ["call", "mail", "visit", "chat"];
const NOTES: [&str; 8] = [
    "asked for the price list and a sample of the new blend",
    "no answer, left a message",
    "wants the invoice sent to another address from next month on",
    "happy with the last delivery; may order more before the holidays",
    "delivery came two days late, promised to look into it",
    "thinking about the larger plan, call again after the budget meeting",
    "talked about the machine on loan and its yearly service",
    "changed the contact person; the new one starts on Monday",
];
const SUBJECTS: [&str; 5] = ["Renewal", "Offer", "Unpaid invoice", "Visit", "Check in after delivery"];

/// Rows of a relation for each day, in proportion to those who have joined and to the day's trade.
fn daily(total: u64, cast: &[Customer], days: &[Written]) -> Vec<u64> {
    let mut joined = vec![0_u64; DAYS];
    for customer in cast {
        joined[usize::from(customer.joined)] += 1;
    }
    let mut so_far = 0;
    let weight = |(day, joins): (&Written, &u64)| {
        so_far += joins;
        so_far * day.trade
    };
    let weights: Vec<u64> = days.iter().zip(&joined).map(weight).collect();
    share(total, &weights)
}

/// Times of day of `count` events, from eight in the morning to ten at night, none before the last one.
fn moment(chance: &mut Chance, at: u64, count: u64) -> u64 {
    8 * 3600 + (at * 1000 + chance.below(1000)) * (14 * 3600) / (count * 1000)
}

fn stamp(text: &mut String, day: &Written, seconds: u64) {
    text.clear();
    text.push_str(&day.text);
    push_time(text, seconds);
}

/// Writes `total` purchases: the first one of those who buy when they join, the others by keenness.
pub(super) fn write_purchases(
    db: &Connection,
    total: u64,
    cast: &[Customer],
    days: &[Written],
) -> Result<()> {
    let mut chance = Chance::new(31);
    let at_once = cast.iter().filter(|customer| customer.buys_at_once).count() as u64;
    let others = daily(total - at_once, cast, days);
    let mut insert = db.prepare("INSERT INTO transactions VALUES (NULL, ?1, ?2, ?3, 'BRL', ?4)")?;
    // A customer stands here once for each unit of keenness.
    let mut tickets: Vec<u32> = Vec::new();
    let (mut newcomers, mut buyers, mut text) = (0, Vec::new(), String::new());
    for (day, others) in others.into_iter().enumerate() {
        buyers.clear();
        while let Some(customer) = cast.get(newcomers).filter(|c| usize::from(c.joined) == day) {
            tickets.resize(tickets.len() + usize::from(customer.keenness), newcomers as u32);
            if customer.buys_at_once {
                buyers.push(newcomers as u32);
            }
            newcomers += 1;
        }
        for _ in 0..others {
            buyers.push(draw(&mut chance, &tickets, cast, day));
        }
        for last in (1..buyers.len()).rev() {
            buyers.swap(last, chance.below(last as u64 + 1) as usize);
        }
        for (at, buyer) in buyers.iter().enumerate() {
            stamp(&mut text, &days[day], moment(&mut chance, at as u64, buyers.len() as u64));
            let amount = amount(&mut chance, &cast[*buyer as usize]);
            let spent = amount * chance.between(52, 74) as i64 / 100;
            insert.execute(params![buyer + 1, text, amount, spent])?;
        }
    }
    Ok(())
}

/// One of those who joined, by keenness; those who left seldom.
fn draw(chance: &mut Chance, tickets: &[u32], cast: &[Customer], day: usize) -> u32 {
    let mut drawn = chance.pick(tickets);
    for _ in 0..4 {
        if usize::from(cast[drawn as usize].left) > day || chance.per_mille(100) {
            break;
        }
        drawn = chance.pick(tickets);
    }
    drawn
}

/// What is paid, in minor units; one in a hundred is a refund.
fn amount(chance: &mut Chance, customer: &Customer) -> i64 {
    let usual = TICKETS[usize::from(customer.segment)];
    let amount = (usual * chance.between(200, 1500) / 1000 * chance.tail(150, 5)) as i64;
    if chance.per_mille(10) { -amount / 2 } else { amount }
}

/// One of those who joined, whoever; those who left seldom.
fn anyone(chance: &mut Chance, joined: usize, cast: &[Customer], day: usize) -> u32 {
    let mut drawn = chance.below(joined as u64) as u32;
    for _ in 0..4 {
        if usize::from(cast[drawn as usize].left) > day || chance.per_mille(100) {
            break;
        }
        drawn = chance.below(joined as u64) as u32;
    }
    drawn
}

/// Writes past contacts, about six a customer.
pub(super) fn write_contacts(db: &Connection, cast: &[Customer], days: &[Written]) -> Result<()> {
    let mut chance = Chance::new(32);
    let mut insert = db.prepare("INSERT INTO interactions VALUES (NULL, ?1, ?2, ?3, ?4, ?5)")?;
    let (mut joined, mut text) = (0, String::new());
    let reps: Vec<String> = (0..REPS as u8).map(rep).collect();
    for (day, count) in daily(cast.len() as u64 * 6, cast, days).into_iter().enumerate() {
        while cast.get(joined).is_some_and(|customer| usize::from(customer.joined) == day) {
            joined += 1;
        }
        for at in 0..count {
            let customer = anyone(&mut chance, joined, cast, day);
            stamp(&mut text, &days[day], moment(&mut chance, at, count));
            let rep = &reps[usize::from(cast[customer as usize].owner)];
            insert.execute(params![customer + 1, rep, text, chance.pick(&KINDS), chance.pick(&NOTES)])?;
        }
    }
    Ok(())
}

/// Writes promised contacts: most kept within days, some forgotten, some still to come.
pub(super) fn write_follow_ups(db: &Connection, cast: &[Customer], days: &[Written]) -> Result<()> {
    let mut chance = Chance::new(33);
    let mut insert = db.prepare("INSERT INTO follow_ups VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let (mut joined, mut due, mut done) = (0, String::new(), String::new());
    for (day, count) in daily(cast.len() as u64 * 6 / 10, cast, days).into_iter().enumerate() {
        while cast.get(joined).is_some_and(|customer| usize::from(customer.joined) == day) {
            joined += 1;
        }
        for _ in 0..count {
            let customer = anyone(&mut chance, joined, cast, day);
            let due_on = day + chance.between(1, 30) as usize;
            stamp(&mut due, &days[due_on], chance.between(16, 36) * 1800);
            let done_on = due_on + chance.below(3) as usize;
            stamp(&mut done, &days[done_on], chance.between(8 * 3600, 19 * 3600));
            let kept = done_on < DAYS && !chance.per_mille(40);
            insert.execute(params![
                customer + 1,
                rep(cast[customer as usize].owner),
                due,
                kept.then_some(&done),
                chance.pick(&SUBJECTS),
                chance.per_mille(300).then(|| chance.pick(&NOTES)),
                ["low", "normal", "normal", "high"][chance.below(4) as usize],
            ])?;
        }
    }
    Ok(())
}

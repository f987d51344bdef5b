//! The subscriptions: who signs, changes their terms, leaves and comes back.

use anyhow::Result;
use rusqlite::{Connection, params};

use super::calendar::{DAYS, Written};
use super::chance::Chance;
use super::customers::{Customer, PLANS};

/// A stretch of time under the same terms.
struct Subscription {
    customer: u32,
    starts: u16,
    /// The first day without service; [`u16::MAX`] while it runs.
    ends: u16,
    plan: u8,
    kind: Option<&'static str>,
    reason: Option<&'static str>,
    mrr_minor: u32,
}

/// A month's price of a seat, in minor units, by plan.
const PRICES: [u32; 4] = [4_900, 9_900, 24_900, 79_900];
const REASONS: [&str; 6] =
    ["price", "moved away", "competitor", "too little used", "missing feature", "service"];
/// Of ten thousand, how many leave in a month, by segment; half as many again in the first quarter.
const LEAVE: [u64; 5] = [270, 250, 230, 210, 180];
/// Of ten thousand, how many pay more from some day of a month, and how many pay less.
const EXPAND: u64 = 95;
const CONTRACT: u64 = 45;
/// Of ten thousand who left, how many come back in a month.
const RETURN: u64 = 90;

/// What a customer pays for.
#[derive(Clone, Copy)]
struct Terms {
    plan: u8,
    seats: u32,
}

impl Terms {
    fn mrr(self) -> u32 {
        PRICES[usize::from(self.plan)] * self.seats
    }

    fn expand(&mut self, chance: &mut Chance) {
        if self.plan < 3 && chance.per_mille(400) {
            self.plan += 1;
        } else {
            self.seats += 1 + chance.below(u64::from(self.seats)) as u32;
        }
    }

    fn contract(&mut self, chance: &mut Chance) -> bool {
        if self.seats > 1 {
            self.seats -= 1 + chance.below(u64::from(self.seats - 1)) as u32;
            return true;
        }
        let lower = self.plan > 0;
        self.plan -= u8::from(lower);
        lower
    }
}

/// Plays the five years for everybody, notes who left, and writes the rows in the order they start.
pub(super) fn write(db: &Connection, cast: &mut [Customer], days: &[Written]) -> Result<()> {
    let mut chance = Chance::new(21);
    let mut rows = Vec::with_capacity(cast.len() * 3 / 2);
    for (at, customer) in cast.iter_mut().enumerate() {
        // A tenth only buys.
        if !chance.per_mille(100) {
            play(&mut chance, at as u32, customer, &mut rows);
        }
    }
    rows.sort_by_key(|row| (row.starts, row.customer));
    let mut insert =
        db.prepare("INSERT INTO subscriptions VALUES (NULL, ?1, ?2, ?3, 'BRL', ?4, ?5, ?6, ?7, ?8)")?;
    for row in &rows {
        let ends = days.get(usize::from(row.ends)).map(|day| &day.text);
        // Contracts run a year; those that run on renew at their next anniversary.
        let renews = DAYS - usize::from(row.starts);
        let renews = usize::from(row.starts) + renews.div_ceil(365).max(1) * 365;
        let renews = if row.ends == u16::MAX { days.get(renews).map(|day| &day.text) } else { None };
        insert.execute(params![
            row.customer + 1,
            PLANS[usize::from(row.plan)],
            row.mrr_minor,
            days[usize::from(row.starts)].text,
            ends,
            renews,
            row.kind,
            row.reason,
        ])?;
    }
    Ok(())
}

fn play(chance: &mut Chance, at: u32, customer: &mut Customer, rows: &mut Vec<Subscription>) {
    let mut terms = Terms { plan: [0, 0, 0, 0, 1, 1, 1, 2, 2, 3][chance.below(10) as usize], seats: 1 };
    if customer.segment > 0 {
        terms.seats = chance.tail(450, 6) as u32;
    }
    let sign = |terms: Terms, starts: u16| Subscription {
        customer: at,
        starts,
        ends: u16::MAX,
        plan: terms.plan,
        kind: None,
        reason: None,
        mrr_minor: terms.mrr(),
    };
    let mut row = sign(terms, customer.joined);
    let mut gone = false;
    for month in 1.. {
        let middle = usize::from(customer.joined) + 30 * month;
        if middle >= DAYS + 15 {
            break;
        }
        let day = (middle + chance.below(30) as usize - 15) as u16;
        let ahead = usize::from(day) >= DAYS;
        let leave = LEAVE[usize::from(customer.segment)] * (if month < 4 { 3 } else { 2 }) / 2;
        let draw = chance.below(10_000);
        if gone {
            if draw < RETURN && !ahead {
                (row, gone) = (sign(terms, day), false);
            }
        } else if draw < leave {
            let forced = chance.per_mille(220);
            row.kind = Some(if forced { "involuntary" } else { "voluntary" });
            row.reason = (!forced && chance.per_mille(700)).then(|| chance.pick(&REASONS));
            row.ends = day;
            gone = true;
            customer.left = day;
            rows.push(Subscription { ..row });
        } else if draw < leave + EXPAND + CONTRACT && !ahead {
            let changed = if draw < leave + EXPAND {
                terms.expand(chance);
                true
            } else {
                terms.contract(chance)
            };
            if changed {
                row.ends = day;
                rows.push(std::mem::replace(&mut row, sign(terms, day)));
            }
        }
    }
    customer.plan = terms.plan;
    if !gone {
        customer.left = u16::MAX;
        rows.push(row);
    }
}

//! The least the report could cost: every transaction stepped over once, in the order it is stored, and
//! folded into an array of small accumulators. No report can be made with less.

use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params};

/// The first month of the shop, counted from year 0.
const FIRST_MONTH: i32 = 2021 * 12 + 10;

/// What one customer bought: 56 bytes.
#[derive(Clone, Copy)]
struct Bought {
    revenue: i64,
    /// Of the last year.
    recent: i64,
    count: u64,
    recent_count: u64,
    /// Seconds since 1970 as written, without a zone.
    first: i64,
    last: i64,
    /// Bit n: bought in month n of the shop. What a cohort table needs.
    months: u64,
}

const NOTHING: Bought =
    Bought { revenue: 0, recent: 0, count: 0, recent_count: 0, first: i64::MAX, last: i64::MIN, months: 0 };

/// Runs the fold with one connection a thread, each on its share of the rowids, and prints the totals as the
/// peers print theirs.
pub(crate) fn run(store: &Path, threads: u32) -> Result<()> {
    let db = open(store)?;
    let customers: i64 = db.query_row("SELECT count(*) FROM customers", [], |row| row.get(0))?;
    let slots: i64 = db.query_row("SELECT max(id) FROM customers", [], |row| row.get(0))?;
    let last: i64 = db.query_row("SELECT max(id) FROM transactions", [], |row| row.get(0))?;
    let slots = slots as usize + 1;
    let share = |n: u32| last * i64::from(n) / i64::from(threads);
    let all = thread::scope(|scope| {
        let parts: Vec<_> = (1..threads)
            .map(|n| scope.spawn(move || fold(store, slots, share(n) + 1, share(n + 1))))
            .collect();
        let mut all = fold(store, slots, 1, share(1))?;
        for part in parts {
            let part = part.join().map_err(|_| anyhow!("a thread of the floor ended early"))??;
            all.iter_mut().zip(&part).for_each(|(sum, part)| merge(sum, part));
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    print(customers, &all)
}

fn open(store: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(store, flags).with_context(|| format!("`{}`", store.display()))
}

fn fold(store: &Path, slots: usize, from: i64, to: i64) -> Result<Vec<Bought>> {
    let db = open(store)?;
    let mut all = vec![NOTHING; slots];
    let recent = seconds(b"2025-11-01 00:00:00").map_or(0, |(at, _)| at);
    let mut select = db.prepare(
        "SELECT customer_id, at, amount_minor FROM transactions NOT INDEXED WHERE id BETWEEN ?1 AND ?2",
    )?;
    let mut rows = select.query(params![from, to])?;
    while let Some(row) = rows.next()? {
        let (ValueRef::Integer(customer), ValueRef::Text(at), ValueRef::Integer(amount)) =
            (row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?)
        else {
            bail!("a transaction of another shape than the shop's");
        };
        let bought = usize::try_from(customer).ok().and_then(|at| all.get_mut(at));
        let (Some(bought), Some((at, month))) = (bought, seconds(at)) else {
            bail!("a transaction of an unknown customer, or at no time");
        };
        bought.revenue += amount;
        bought.count += 1;
        if at >= recent {
            bought.recent += amount;
            bought.recent_count += 1;
        }
        bought.first = bought.first.min(at);
        bought.last = bought.last.max(at);
        bought.months |= 1 << (month - FIRST_MONTH).clamp(0, 63);
    }
    Ok(all)
}

fn merge(sum: &mut Bought, part: &Bought) {
    sum.revenue += part.revenue;
    sum.recent += part.recent;
    sum.count += part.count;
    sum.recent_count += part.recent_count;
    sum.first = sum.first.min(part.first);
    sum.last = sum.last.max(part.last);
    sum.months |= part.months;
}

/// Reads `YYYY-MM-DD HH:MM:SS`: seconds since 1970 without a zone, and the month counted from year 0.
fn seconds(text: &[u8]) -> Option<(i64, i32)> {
    let text: &[u8; 19] = text.try_into().ok()?;
    let two = |at: usize| {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| i32::from(tens) * 10 + i32::from(ones))
    };
    if [text[4], text[7], text[10], text[13], text[16]] != *b"-- ::" {
        return None;
    }
    let (year, month, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
    // Days since 1970, Hinnant's days_from_civil for years after 0.
    let shifted = year - i32::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468;
    let clock = two(11)? * 3600 + two(14)? * 60 + two(17)?;
    Some((i64::from(days) * 86_400 + i64::from(clock), year * 12 + month - 1))
}

fn print(customers: i64, all: &[Bought]) -> Result<()> {
    let buyers: Vec<&Bought> = all.iter().filter(|bought| bought.count > 0).collect();
    let sum = |part: fn(&Bought) -> i64| buyers.iter().map(|bought| part(bought)).sum::<i64>();
    let count = sum(|bought| bought.count as i64);
    let edge = |at: Option<i64>| {
        let at = at.and_then(|at| jiff::Timestamp::from_second(at).ok()).context("no transactions")?;
        Ok::<_, anyhow::Error>(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    };
    let first = edge(buyers.iter().map(|bought| bought.first).min())?;
    let last = edge(buyers.iter().map(|bought| bought.last).max())?;
    let revenue = sum(|bought| bought.revenue);
    println!("total|{customers}|{}|{count}|{revenue}|{first}|{last}", buyers.len());
    println!("recent|{}|{}", sum(|bought| bought.recent_count as i64), sum(|bought| bought.recent));
    println!("months|{}", sum(|bought| i64::from(bought.months.count_ones())));
    Ok(())
}

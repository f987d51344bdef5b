//! Three years of subscriptions, played month by month.
//!
//! Each month some leave, some change their terms, some come back and some join, in this order, so that
//! nobody does two of these at once and no two subscriptions of one customer overlap. How many leave follows
//! from [`churn_per_10k`]; who leaves, from segment and tenure.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rusqlite::types::Value;
use rusqlite::{Transaction, params};

use super::chance::Chance;
use super::customers::Customer;
use super::names::Segment;
use super::{FIRST, LAST, days_between, on_workday, plus};

/// A stretch of time under the same terms.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The customer's place in the cast.
    pub(super) customer: usize,
    /// Centavos a month.
    pub(super) mrr: i64,
    pub(super) starts: Date,
    /// The first day without service.
    pub(super) ends: Option<Date>,
    kind: Option<&'static str>,
    reason: Option<&'static str>,
}

/// Customers taken over on the first day.
const TAKEN_OVER: usize = 160;
/// Whole months played, from November 2023 to October 2026.
const MONTHS: i64 = 36;

/// The plan that goes with a price.
pub(super) const fn plan(segment: Segment, mrr: i64) -> &'static str {
    match (segment, mrr) {
        (Segment::Small, ..15_000) => "Cup",
        (Segment::Small, ..35_000) => "Pot",
        (Segment::Small, _) | (Segment::Midmarket, ..160_000) => "Pantry",
        (Segment::Midmarket, _) | (Segment::Enterprise, ..600_000) => "Pantry Plus",
        (Segment::Enterprise, _) => "Campus",
    }
}

/// The lowest and the highest price of a segment, and how heavy the tail between is.
const fn prices(segment: Segment) -> (i64, i64, u32) {
    match segment {
        Segment::Small => (9_000, 59_000, 2),
        Segment::Midmarket => (70_000, 350_000, 2),
        Segment::Enterprise => (300_000, 1_650_000, 3),
    }
}

/// A price as a price list has it.
fn priced(segment: Segment, mrr: i64) -> i64 {
    let (low, high, _) = prices(segment);
    let mrr = mrr.clamp(low, high);
    if segment == Segment::Small { mrr / 1000 * 1000 + 990 } else { mrr / 5000 * 5000 }
}

/// How many of ten thousand customers leave in a month: better from year to year for two years, then
/// steady; offices close in January and July; the last month is the bad one.
fn churn_per_10k(chance: &mut Chance, index: i64, first: Date) -> i64 {
    if index == MONTHS - 1 {
        return 425;
    }
    let season = match first.month() {
        1 => 30,
        2 | 7 => 14,
        12 => -22,
        _ => 0,
    };
    318 - 58 * index.min(24) / 24 + season + chance.between(-13, 13)
}

/// How keen offices are to sign in a month: after the summer and before the year's end, less over the holidays.
const fn joining_season(month: i8) -> i64 {
    match month {
        1 => 78,
        2 => 92,
        3 | 8 | 9 => 118,
        7 => 94,
        12 => 68,
        _ => 104,
    }
}

/// The books while they are being written.
struct Books<'a> {
    chance: &'a mut Chance,
    customers: &'a [Customer],
    rows: Vec<Subscription>,
    /// How many customers have joined so far.
    joined: usize,
    /// The rows still open.
    open: Vec<usize>,
    /// The last rows of those who left.
    gone: Vec<usize>,
}

/// Plays the three years; the rows come in the order they start.
pub(super) fn play(chance: &mut Chance, customers: &[Customer]) -> Vec<Subscription> {
    let (rows, open, gone) = (Vec::new(), Vec::new(), Vec::new());
    let mut books = Books { chance, customers, rows, joined: 0, open, gone };
    for _ in 0..TAKEN_OVER {
        books.sign(FIRST);
    }
    let months: Vec<Date> = (1..=MONTHS).map(|ahead| FIRST.saturating_add(ahead.months())).collect();
    let keen = |index: i64, first: &Date| (30 + index / 2) * joining_season(first.month());
    let all: i64 = (0..).zip(&months).map(|(index, first)| keen(index, first)).sum();
    let newcomers = customers.len().saturating_sub(TAKEN_OVER) as i64;
    let mut so_far = 0;
    for (index, &first) in (0..).zip(&months) {
        books.part(index, first);
        books.change_terms(first);
        books.welcome_back(first);
        so_far += keen(index, &first);
        let target = TAKEN_OVER + (newcomers * so_far / all) as usize;
        while books.joined < target {
            let day = plus(first, books.chance.below(i64::from(first.days_in_month())));
            books.sign(on_workday(day));
        }
    }
    books.announce();
    books.rows.sort_by_key(|row| (row.starts, row.customer));
    books.rows
}

impl Books<'_> {
    fn push(&mut self, customer: usize, mrr: i64, starts: Date) -> usize {
        self.rows.push(Subscription { customer, mrr, starts, ends: None, kind: None, reason: None });
        self.rows.len() - 1
    }

    fn end(&mut self, row: usize, ends: Date, kind: &'static str, reason: Option<&'static str>) {
        let row = &mut self.rows[row];
        (row.ends, row.kind, row.reason) = (Some(ends), Some(kind), reason);
    }

    /// The next customer joins.
    fn sign(&mut self, starts: Date) {
        let customer = self.joined;
        self.joined += 1;
        let segment = self.customers[customer].segment;
        if let Some(story) = self.customers[customer].story {
            let mut last = None;
            for &(from, mrr) in story.terms {
                if let Some(before) = last.replace(self.push(customer, mrr, from)) {
                    self.rows[before].ends = Some(from);
                }
            }
            self.open.extend(last);
            return;
        }
        let (low, high, power) = prices(segment);
        let mrr = priced(segment, self.chance.skewed(low, high, power));
        let row = self.push(customer, mrr, starts);
        // A few try the service and are gone within the month.
        if segment == Segment::Small && starts > FIRST && starts.day() <= 16 && self.chance.per_mille(16) {
            let ends = plus(starts, self.chance.between(5, 12));
            self.end(row, ends, "voluntary", Some("poor service"));
            self.gone.push(row);
        } else {
            self.open.push(row);
        }
    }

    /// Takes one open row out, drawn by weight; those whose terms are younger than `age` days stay.
    fn draw(&mut self, first: Date, age: i64, weigh: impl Fn(&Customer, i64) -> i64) -> Option<usize> {
        let weight = |&row: &usize| {
            let Subscription { customer, starts, .. } = self.rows[row];
            let customer = &self.customers[customer];
            let held = days_between(starts, first);
            if held < age || customer.story.is_some() { 0 } else { weigh(customer, held) }
        };
        let weights: Vec<i64> = self.open.iter().map(weight).collect();
        let mut left = self.chance.below(weights.iter().sum());
        let at = weights.iter().position(|weight| {
            left -= weight;
            left < 0
        })?;
        Some(self.open.swap_remove(at))
    }

    /// Those who leave this month.
    fn part(&mut self, index: i64, first: Date) {
        let is_bad = index == MONTHS - 1;
        let mut many = (churn_per_10k(self.chance, index, first) * self.open.len() as i64 + 5000) / 10_000;
        if is_bad {
            for row in self.open.clone() {
                if let Some(story) = self.customers[self.rows[row].customer].story {
                    self.end(row, story.ended, "voluntary", story.reason);
                    self.open.retain(|&open| open != row);
                    many -= 1;
                }
            }
        }
        for turn in 0..many {
            let weigh = |customer: &Customer, held: i64| {
                let tenure = if held < 120 { 125 } else { 90 };
                match customer.segment {
                    Segment::Small => 100 * tenure,
                    Segment::Midmarket => 60 * tenure,
                    Segment::Enterprise if is_bad => 0,
                    Segment::Enterprise => 22 * tenure,
                }
            };
            let Some(row) = self.draw(first, 25, weigh) else { return };
            let day = self.day_of(first, turn, many, 180);
            let (kind, reason) = self.why(is_bad);
            self.end(row, day, kind, reason);
            self.gone.push(row);
        }
    }

    /// A day for the `turn`-th of `many` events of a month, spread so that every week has its share; so many
    /// of a thousand fall on the first instead, where contracts end and change most.
    fn day_of(&mut self, first: Date, turn: i64, many: i64, on_first: i64) -> Date {
        if self.chance.per_mille(on_first) {
            return first;
        }
        let days = i64::from(first.days_in_month());
        plus(first, (turn * days + self.chance.below(days)) / many)
    }

    fn why(&mut self, is_bad: bool) -> (&'static str, Option<&'static str>) {
        if self.chance.per_mille(if is_bad { 150 } else { 210 }) {
            let reasons = [(4, Some("payment failed")), (4, Some("closed business")), (2, None)];
            return ("involuntary", self.chance.weighted(&reasons));
        }
        let price = if is_bad { 75 } else { 25 };
        let reasons = [
            (price, Some("price")),
            (18, Some("competitor")),
            (13, Some("moved")),
            (14, Some("poor service")),
            (9, Some("closed business")),
            (21, None),
        ];
        ("voluntary", self.chance.weighted(&reasons))
    }

    /// Upgrades and downgrades: the old row ends the day the new one starts.
    fn change_terms(&mut self, first: Date) {
        let many = (self.open.len() as i64 * self.chance.between(20, 27) + 500) / 1000;
        let mut changed = Vec::new();
        for turn in 0..many {
            let Some(old) = self.draw(first, 60, |_, _| 1) else { break };
            let Subscription { customer, mrr, .. } = self.rows[old];
            let factor = if self.chance.per_mille(660) {
                self.chance.between(112, 150)
            } else {
                self.chance.between(66, 90)
            };
            let price = priced(self.customers[customer].segment, mrr * factor / 100);
            if price == mrr {
                changed.push(old);
                continue;
            }
            let day = self.day_of(first, turn, many, 120);
            self.rows[old].ends = Some(day);
            let new = self.push(customer, price, day);
            changed.push(new);
        }
        self.open.append(&mut changed);
    }

    /// Some who left within the last year come back.
    fn welcome_back(&mut self, first: Date) {
        for _ in 0..self.chance.between(0, 6) {
            let at = self.chance.below(self.gone.len() as i64) as usize;
            let Some(row) = self.gone.get(at).map(|&row| &self.rows[row]) else { return };
            let away = row.ends.map_or(0, |ends| days_between(ends, first));
            if !(45..400).contains(&away) || row.reason == Some("closed business") {
                continue;
            }
            let (customer, mrr) = (row.customer, row.mrr);
            self.gone.swap_remove(at);
            let price = priced(self.customers[customer].segment, mrr * self.chance.between(88, 112) / 100);
            let day = on_workday(plus(first, self.chance.below(28)));
            let row = self.push(customer, price, day);
            self.open.push(row);
        }
    }

    /// Endings the shop knows of already: paid to the end of October, or notice given for November.
    fn announce(&mut self) {
        for days in [0, 0, 7, 13, 14, 29] {
            let weigh = |customer: &Customer, _| i64::from(customer.segment == Segment::Small);
            if let Some(row) = self.draw(LAST, 60, weigh) {
                let (kind, reason) = ("voluntary", self.why(false).1);
                self.end(row, plus(LAST, days), kind, reason);
            }
        }
    }
}

/// When each customer was under contract: from a day to the first day without, at most the day after the last
/// in the books.
pub(super) fn spans(contracts: &[Subscription], many: usize) -> Vec<Vec<(Date, Date)>> {
    let mut spans: Vec<Vec<(Date, Date)>> = vec![Vec::new(); many];
    let after = plus(LAST, 1);
    for row in contracts {
        let until = row.ends.map_or(after, |ends| ends.min(after));
        match spans[row.customer].last_mut() {
            Some(last) if last.1 == row.starts => last.1 = until,
            _ => spans[row.customer].push((row.starts, until)),
        }
    }
    spans
}

/// Writes the subscriptions, one of them with a price nobody can read.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    customers: &[Customer],
    contracts: &[Subscription],
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(
        "INSERT INTO subscriptions (id, customer_id, plan, mrr_minor, currency, starts_on, ends_on, renews_on,
             cancel_kind, cancel_reason)
         VALUES (?1, ?2, ?3, ?4, 'BRL', ?5, ?6, ?7, ?8, ?9)",
    )?;
    let settled = date(2025, 6, 1);
    let unreadable = contracts.iter().enumerate().skip(400).position(|(_, row)| {
        customers[row.customer].segment == Segment::Small && row.ends.is_some_and(|ends| ends < settled)
    });
    for (index, row) in contracts.iter().enumerate() {
        let customer = &customers[row.customer];
        let is_unreadable = unreadable.is_some_and(|at| at + 400 == index);
        statement.execute(params![
            format!("S-{:05}", index + 1),
            customer.id,
            plan(customer.segment, row.mrr),
            if is_unreadable { Value::from("n/a".to_owned()) } else { Value::from(row.mrr) },
            row.starts.to_string(),
            row.ends.map(|ends| ends.to_string()),
            row.ends.is_none().then(|| renewal(row, customer.segment).to_string()),
            row.kind,
            row.reason,
        ])?;
    }
    Ok(())
}

/// The next day the contract renews: each year, and each month for every third of the small ones.
fn renewal(row: &Subscription, segment: Segment) -> Date {
    let step = if segment == Segment::Small && row.customer.is_multiple_of(3) { 1 } else { 12 };
    let mut months = step;
    loop {
        let day = row.starts.saturating_add(months.months());
        if day > LAST {
            return day;
        }
        months += step;
    }
}

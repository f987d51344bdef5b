//! What customers pay: monthly invoices, extra orders between them, refunds.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rusqlite::{Transaction, params};

use super::chance::Chance;
use super::contracts::Subscription;
use super::customers::Customer;
use super::names::Segment;
use super::{LAST, at_work, days_between, moment, plus};

struct Payment {
    at: String,
    /// The customer's place in the cast.
    customer: usize,
    /// Centavos; a refund is negative.
    amount: i64,
    currency: Option<&'static str>,
    cost: Option<i64>,
}

/// Writes the invoices, extra orders and refunds, and one payment of a customer who does not exist.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    contracts: &[Subscription],
) -> rusqlite::Result<()> {
    let mut terms: Vec<Vec<&Subscription>> = vec![Vec::new(); customers.len()];
    for row in contracts {
        terms[row.customer].push(row);
    }
    let mut payments = Vec::new();
    for (customer, terms) in customers.iter().zip(&terms) {
        Bill { chance, segment: customer.segment, terms, payments: &mut payments }.all();
    }
    let (at, cost) = (moment(date(2026, 9, 17), 11, 20), Some(9_870));
    payments.push(Payment { at, customer: usize::MAX, amount: 18_990, currency: Some("BRL"), cost });
    payments.sort_by(|one, other| (&one.at, one.customer).cmp(&(&other.at, other.customer)));

    let mut statement = transaction.prepare(
        "INSERT INTO transactions (id, customer_id, at, amount_minor, currency, cost_minor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (number, Payment { at, customer, amount, currency, cost }) in (1..).zip(&payments) {
        let customer = customers.get(*customer).map_or("C-9999", |customer| customer.id.as_str());
        statement.execute(params![format!("T-{number:06}"), customer, at, amount, currency, cost])?;
    }
    Ok(())
}

/// One customer's payments in the making.
struct Bill<'a> {
    chance: &'a mut Chance,
    segment: Segment,
    terms: &'a [&'a Subscription],
    payments: &'a mut Vec<Payment>,
}

impl Bill<'_> {
    /// An invoice on the first day and from then on each month on the same day, while there is a contract;
    /// new terms show in the next invoice.
    fn all(&mut self) {
        let (Some(first), Some(last)) = (self.terms.first(), self.terms.last()) else { return };
        let (start, gone) = (first.starts, last.ends);
        for month in 0_i64.. {
            let day = start.saturating_add(month.months());
            if day > LAST {
                return;
            }
            let runs = |row: &&&Subscription| row.starts <= day && row.ends.is_none_or(|ends| day < ends);
            if let Some(&row) = self.terms.iter().find(runs) {
                self.invoice(row, day);
                let is_leaving = gone.is_some_and(|gone| days_between(day, gone) < 100);
                self.extras(row, day, is_leaving);
            }
        }
    }

    fn invoice(&mut self, row: &Subscription, day: Date) {
        let at = moment(day, 6, self.chance.below(30));
        self.pay(row.customer, at, row.mrr, 480, 600);
        if self.chance.per_mille(17) {
            let back = plus(day, self.chance.between(2, 9));
            let amount = -row.mrr * self.chance.between(5, 40) / 1000 * 10;
            if back <= LAST {
                let at = at_work(self.chance, back);
                self.payments.push(Payment {
                    at,
                    customer: row.customer,
                    amount,
                    currency: Some("BRL"),
                    cost: None,
                });
            }
        }
    }

    /// Orders beside the plan: more over the winter and before the holidays, hardly any before a customer
    /// leaves.
    fn extras(&mut self, row: &Subscription, day: Date, is_leaving: bool) {
        let season = match day.month() {
            6 | 7 => 120,
            11 | 12 => 140,
            1 => 70,
            _ => 100,
        };
        let share = match self.segment {
            Segment::Small => 190,
            Segment::Midmarket => 330,
            Segment::Enterprise => 600,
        };
        let share = share * season / if is_leaving { 300 } else { 100 };
        for _ in 0..2 {
            let at = plus(day, self.chance.between(1, 27));
            if !self.chance.per_mille(share) || at > LAST || row.ends.is_some_and(|ends| at >= ends) {
                continue;
            }
            let amount = row.mrr * self.chance.skewed(80, 520, 2) / 10_000 * 10;
            let at = at_work(self.chance, super::on_workday(at).min(LAST));
            self.pay(row.customer, at, amount.max(2_500), 420, 560);
        }
    }

    /// One payment; what the goods cost is so many of a thousand of it, and not always known.
    fn pay(&mut self, customer: usize, at: String, amount: i64, low: i64, high: i64) {
        let cost = amount * self.chance.between(low, high) / 1000;
        let cost = (!self.chance.per_mille(40)).then_some(cost);
        let currency = (!self.chance.per_mille(3)).then_some("BRL");
        self.payments.push(Payment { at, customer, amount, currency, cost });
    }
}

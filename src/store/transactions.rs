//! The transactions: one pass in storage order, read and decoded on several threads, folded on one.
//!
//! A table is cut into pieces by rowid. Each reader takes every so-manyeth piece over a connection of its
//! own to the same snapshot; the fold takes the pieces in order, so that a customer's rows come as they
//! are stored, and the result is the same on any machine. A query has no rowids: one reader reads it.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use rusqlite::Connection;

use super::contracts::{customer_of, later};
use super::currency::{Amounts, other};
use super::customers::{Places, value};
use super::days::{Days, Read};
use super::decode::{Bad, RowView, amount_of, missing};
use super::error::StoreError;
use super::relation::{Relation, TRANSACTIONS};
use super::repeats::Repeats;
use crate::domain::facts::{EXAMPLES, Facts, Fault, Foreign, Lens, Rejected};
use crate::domain::purchases::Fold;
use crate::domain::{Asked, Customers, Transaction};

/// Rows handed over at a time: large enough that the hand-over costs nothing, small enough for the cache.
const BATCH: u64 = 4_096;

/// Batches that may wait for the fold.
const WAITING: usize = 8;

/// Rowids of a piece, at least.
const PIECE: i64 = 16_384;

/// Pieces at most: rowids may be snowflakes, of which hardly any are taken.
const PIECES_MAX: u64 = 16_384;

/// Transactions of customers whose rows do not come by day, held at once to be sorted.
const AGAIN_MAX: u64 = 2_000_000;

/// Where transactions come from.
pub(super) enum From {
    /// A table with rowids, in `[first, last]`: the statement takes the two ends of a piece.
    Pieces { sql: String, first: i64, last: i64 },
    /// Anything else that yields the columns.
    Whole { sql: String },
}

/// How a statement is read: everything that is the same for each of its rows.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) from: &'a From,
    pub(super) given: &'a [String],
    pub(super) lens: &'a Lens,
    pub(super) store_zone: &'a jiff::tz::TimeZone,
    /// Whether ids must be watched: nothing says that they differ.
    pub(super) watch_ids: bool,
}

impl Batch {
    fn clear(&mut self) {
        self.rows.clear();
        self.read = 0;
        self.rejected.clear();
        self.more.clear();
        self.ids.clear();
        self.end = false;
    }
}

impl From {
    fn sql(&self) -> &str {
        match self {
            From::Pieces { sql, .. } | From::Whole { sql } => sql,
        }
    }
}

impl<'a> Form<'a> {
    fn view<'r, 'stmt>(self, row: &'r rusqlite::Row<'stmt>, places: &'r Places) -> RowView<'r, 'stmt>
    where
        'a: 'r,
    {
        let (lens, store_zone) = (self.lens, self.store_zone);
        RowView { row, places: places.all(), relation: RELATION, lens, store_zone }
    }
}

/// Rows of a piece, decoded.
#[derive(Default)]
struct Batch {
    rows: Vec<Transaction>,
    /// Rows read, good or bad.
    read: u64,
    rejected: Vec<Rejected>,
    /// Those that came after [`EXAMPLES`] of their kind.
    more: Vec<Fault>,
    ids: Vec<u64>,
    end: bool,
}

const RELATION: Relation = TRANSACTIONS;

/// Reads all transactions into the facts.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: Form<'_>,
    asked: Asked,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let mut fold = Fold::new(facts.customers.len(), asked);
    let mut watch = Repeats::new();
    let mut repeated = Vec::new();
    let mut count = 0;
    let customers = std::mem::take(&mut facts.customers);
    let foreign = pass(connections, form, &customers, |batch| {
        count += batch.read;
        batch.rows.iter().for_each(|row| fold.add(row));
        repeated.extend(batch.ids.iter().filter(|id| watch.came_before(**id)));
        batch.rejected.drain(..).for_each(|rejected| facts.reject(rejected));
        batch.more.iter().for_each(|fault| facts.reject_more(RELATION.name, *fault, 1));
    });
    facts.customers = customers;
    for (code, of_code) in foreign? {
        facts.foreign.insert((RELATION.name, code), of_code);
    }
    facts.rows.insert(RELATION.name, count);
    if let Some(first) = repeated.first() {
        let example = id_of(connections, form, *first)?;
        return Err(StoreError::Repeated { relation: RELATION.name, count: repeated.len(), example });
    }
    again(connections, form, &facts.customers, &mut fold)?;
    facts.purchases = fold.finish();
    Ok(())
}

/// The id that has a hash.
fn id_of(connections: &mut [&mut Connection], form: Form<'_>, hash: u64) -> Result<String, StoreError> {
    let fail = |source| StoreError::Read { relation: RELATION.name, source };
    let Some(connection) = connections.first() else { return Ok(String::new()) };
    let mut statement = connection.prepare(form.from.sql()).map_err(fail)?;
    let mut rows = match form.from {
        From::Pieces { first, last, .. } => statement.query([*first, *last]),
        From::Whole { .. } => statement.query([]),
    }
    .map_err(fail)?;
    let places = Places::of(RELATION, form.given);
    while let Some(row) = rows.next().map_err(fail)? {
        let view = form.view(row, &places);
        if view.id_hash() == Some(hash) {
            return Ok(view.id_or_unknown());
        }
    }
    Ok(String::new())
}

/// Reads the customers again whose rows did not come by day, so many at a time that they fit.
fn again(
    connections: &mut [&mut Connection],
    form: Form<'_>,
    customers: &Customers,
    fold: &mut Fold,
) -> Result<(), StoreError> {
    let mut counts: Vec<u32> = Vec::new();
    let disordered = fold.disordered();
    if disordered.is_empty() {
        return Ok(());
    }
    if disordered.len() as u64 * 64 > AGAIN_MAX {
        // Many: count their rows first, so that each share fits.
        counts = vec![0; customers.len()];
        pass(connections, form, customers, |batch| {
            for row in &batch.rows {
                counts[row.customer as usize] = counts[row.customer as usize].saturating_add(1);
            }
        })?;
    }
    let mut from = 0;
    while from < disordered.len() {
        let (mut to, mut rows) = (from, 0);
        while to < disordered.len() && (to == from || rows < AGAIN_MAX) {
            rows += counts.get(disordered[to] as usize).map_or(64, |n| u64::from(*n));
            to += 1;
        }
        let mut share = vec![false; customers.len()];
        disordered[from..to].iter().for_each(|customer| share[*customer as usize] = true);
        let mut held = Vec::new();
        pass(connections, form, customers, |batch| {
            held.extend(batch.rows.iter().filter(|row| share[row.customer as usize]));
        })?;
        fold.again(held);
        from = to;
    }
    Ok(())
}

/// One pass over all rows; `take` gets the batches in storage order.
fn pass(
    connections: &mut [&mut Connection],
    form: Form<'_>,
    customers: &Customers,
    mut take: impl FnMut(&mut Batch),
) -> Result<std::collections::BTreeMap<String, Foreign>, StoreError> {
    let readers = match form.from {
        From::Pieces { .. } => connections.len(),
        From::Whole { .. } => 1,
    };
    std::thread::scope(|scope| {
        let mut channels: Vec<(Receiver<Batch>, Sender<Batch>)> = Vec::new();
        let mut handles = Vec::new();
        for (nth, connection) in connections.iter_mut().take(readers).enumerate() {
            let (sender, receiver) = sync_channel(WAITING);
            let (empty, emptied) = channel();
            channels.push((receiver, empty));
            let connection: &mut Connection = connection;
            handles.push(scope.spawn(move || {
                let mut reader = Reader::new(form, customers, sender, emptied);
                reader.run(connection, nth, readers).map(|()| reader.amounts.foreign)
            }));
        }
        // Piece by piece, from whoever reads it; a reader that gives up hangs up.
        let mut piece = 0;
        while let Ok(mut batch) = channels[piece % readers].0.recv() {
            take(&mut batch);
            // Back to where it came from, to be filled again; a reader at its end does not want it.
            let (_, empty) = &channels[piece % readers];
            piece += usize::from(batch.end);
            let _ = empty.send(batch);
        }
        drop(channels);
        let mut foreign: std::collections::BTreeMap<String, Foreign> = std::collections::BTreeMap::new();
        for handle in handles {
            let of_reader = match handle.join() {
                Ok(of_reader) => of_reader?,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            for (code, more) in of_reader {
                let sum = foreign.entry(code).or_default();
                sum.converted += more.converted;
                sum.left_out += more.left_out;
                sum.left_out_minor += more.left_out_minor;
            }
        }
        Ok(foreign)
    })
}

struct Reader<'a> {
    form: Form<'a>,
    customers: &'a Customers,
    sender: SyncSender<Batch>,
    emptied: Receiver<Batch>,
    places: Places,
    customer_id: Option<usize>,
    at: Option<usize>,
    amount_minor: Option<usize>,
    currency: Option<usize>,
    cost_minor: Option<usize>,
    days: Days<'a>,
    amounts: Amounts<'a>,
    /// Rejections so far, by kind, told with their reasons.
    told: std::collections::BTreeMap<Fault, usize>,
    batch: Batch,
}

impl<'a> Reader<'a> {
    fn new(
        form: Form<'a>,
        customers: &'a Customers,
        sender: SyncSender<Batch>,
        emptied: Receiver<Batch>,
    ) -> Reader<'a> {
        let places = Places::of(RELATION, form.given);
        let place = |column| places.get(RELATION, column);
        Reader {
            customer_id: place("customer_id"),
            at: place("at"),
            amount_minor: place("amount_minor"),
            currency: place("currency"),
            cost_minor: place("cost_minor"),
            days: Days::new(form.lens, form.store_zone),
            amounts: Amounts::new(form.lens),
            told: std::collections::BTreeMap::new(),
            batch: Batch::default(),
            places,
            form,
            customers,
            sender,
            emptied,
        }
    }

    /// Reads the pieces `nth`, `nth + of`, … to the end.
    fn run(&mut self, connection: &mut Connection, nth: usize, of: usize) -> Result<(), StoreError> {
        let fail = |source| StoreError::Read { relation: RELATION.name, source };
        let (sql, pieces) = match self.form.from {
            From::Whole { sql } => (sql, vec![None]),
            From::Pieces { sql, first, last } => {
                let length = PIECE.max((last.abs_diff(*first) / PIECES_MAX) as i64 + 1);
                let starts = (*first..=*last).step_by(length as usize).skip(nth).step_by(of);
                (
                    sql,
                    starts.map(|start| Some((start, start.saturating_add(length - 1).min(*last)))).collect(),
                )
            }
        };
        let mut statement = connection.prepare(sql).map_err(fail)?;
        for piece in pieces {
            let mut rows = match piece {
                None => statement.query([]).map_err(fail)?,
                Some((from, to)) => statement.query([from, to]).map_err(fail)?,
            };
            while let Some(row) = rows.next().map_err(fail)? {
                self.take(row);
                if self.batch.read >= BATCH && !self.hand_over(false) {
                    return Ok(());
                }
            }
            if !self.hand_over(true) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when nobody listens any more: another reader failed, and says why.
    fn hand_over(&mut self, end: bool) -> bool {
        self.batch.end = end;
        let mut next = self.emptied.try_recv().unwrap_or_default();
        next.clear();
        self.sender.send(std::mem::replace(&mut self.batch, next)).is_ok()
    }

    fn take(&mut self, row: &rusqlite::Row<'_>) {
        self.batch.read += 1;
        if let Err(bad) = self.decode(row) {
            let told = self.told.entry(bad.fault).or_default();
            *told += 1;
            if *told > EXAMPLES {
                self.batch.more.push(bad.fault);
            } else {
                let rejected = self.form.view(row, &self.places).rejected(bad);
                self.batch.rejected.push(rejected);
            }
        }
    }

    fn decode(&mut self, row: &rusqlite::Row<'_>) -> Result<(), Bad> {
        if self.form.watch_ids {
            self.batch.ids.extend(self.form.view(row, &self.places).id_hash());
        }
        let customer = customer_of(value(row, self.customer_id), self.customers)?;
        let Read::Past(day) = self.days.read(value(row, self.at), "at")? else { return Err(later()) };
        let amount = amount_of(value(row, self.amount_minor), "amount_minor")?;
        let amount = amount.ok_or_else(|| missing("amount_minor"))?;
        let cost = amount_of(value(row, self.cost_minor), "cost_minor")?.unwrap_or(0);
        let currency = value(row, self.currency);
        let counted = self.amounts.read(currency, amount, day)?;
        let cost_minor = match cost {
            0 => 0,
            cost => self.cost(currency, cost, day).unwrap_or(0),
        };
        let (amount_minor, cost_minor) = counted.map_or((0, 0), |amount| (amount, cost_minor));
        let counted = counted.is_some();
        self.batch.rows.push(Transaction { customer, day, amount_minor, cost_minor, counted });
        if counted { Ok(()) } else { Err(other()) }
    }

    /// A cost is in the currency of its row.
    fn cost(
        &self,
        currency: rusqlite::types::ValueRef<'_>,
        cost: i64,
        day: crate::domain::Day,
    ) -> Option<i64> {
        let own = self.form.lens.currency;
        match currency {
            rusqlite::types::ValueRef::Text(code) if !code.eq_ignore_ascii_case(own.code().as_bytes()) => {
                let code = String::from_utf8_lossy(code).to_ascii_uppercase();
                self.form.lens.rates.convert(cost, code.trim(), day, own)
            }
            _ => Some(cost),
        }
    }
}

//! One pass over a relation in storage order: read and decoded on several threads, taken in by one.
//!
//! A table is cut into pieces: of its pages, or by rowid. Each reader takes every so-manyeth piece over a connection of its
//! own to the same snapshot; the pieces are taken in in order, so that rows come as they are stored, and
//! the result is the same on any machine. A query has no rowids: one reader reads it.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use rusqlite::{Connection, ToSql};

use super::as_stored::Test;
use super::customers::Places;
use super::decode::{Bad, Cells, Frame, RowView};
use super::error::StoreError;
use super::pages::{Leaves, Values};
use super::relation::Relation;
use super::repeats::Repeats;
use super::watch::Watcher;
use crate::domain::facts::{EXAMPLES, Facts, Fault, Lens, Rejected};

/// Rows handed over at a time: large enough that the hand-over costs nothing, small enough for the cache.
const BATCH: u64 = 4_096;

/// Batches that may wait to be taken in.
const WAITING: usize = 8;

/// Rowids of a piece, at least.
const PIECE: i64 = 16_384;

/// Pieces at most: rowids may be snowflakes, of which hardly any are taken.
const PIECES_MAX: u64 = 16_384;

/// Pieces for each reader where a statement looks for a few rows: it may hold a long list of ids, which is read anew for each.
const FEW_PIECES: u64 = 8;

/// Where rows come from.
pub(super) enum From {
    /// A table whose pages can be read, with rowids in `[first, last]`; the statement yields the same. No more
    /// than the rows that pass a test, where there is one.
    Pages { leaves: Leaves, sql: String, first: i64, last: i64, only: Option<Test> },
    /// A table with rowids, in `[first, last]`: the statement takes the two ends of a piece, and yields all rows of
    /// it or a few.
    Pieces { sql: String, first: i64, last: i64, all: bool },
    /// Anything else that yields the columns.
    Whole { sql: String },
    /// What is about customers whose ids are the statement's parameter: so many at a time.
    Among { sql: String, keys: Vec<String> },
}

impl From {
    fn sql(&self) -> &str {
        match self {
            From::Pages { sql, .. }
            | From::Pieces { sql, .. }
            | From::Whole { sql }
            | From::Among { sql, .. } => sql,
        }
    }

    /// About how many rows there are: never fewer, unless rowids have gaps.
    fn about(&self) -> Option<u64> {
        match self {
            From::Pages { first, last, only: None, .. } | From::Pieces { first, last, all: true, .. } => {
                Some(last.abs_diff(*first).saturating_add(1))
            }
            From::Pages { .. } | From::Pieces { .. } | From::Whole { .. } | From::Among { .. } => None,
        }
    }

    /// What is bound to the statement each time it is run.
    fn bound(&self) -> Vec<Vec<&dyn ToSql>> {
        match self {
            From::Pages { first, last, .. } | From::Pieces { first, last, .. } => vec![vec![first, last]],
            From::Whole { .. } => vec![Vec::new()],
            From::Among { keys, .. } => keys.iter().map(|keys| vec![keys as &dyn ToSql]).collect(),
        }
    }
}

/// How a relation is read: everything that is the same for each of its rows.
pub(super) struct Form<'a> {
    pub(super) relation: Relation,
    pub(super) from: From,
    pub(super) places: Places,
    pub(super) lens: &'a Lens,
    pub(super) store_zone: &'a jiff::tz::TimeZone,
    /// Whether ids must be watched: nothing says that they differ.
    pub(super) watch_ids: bool,
    pub(super) watcher: &'a Watcher,
}

impl Form<'_> {
    fn frame(&self) -> Frame<'_> {
        let (relation, lens, store_zone) = (self.relation, self.lens, self.store_zone);
        Frame { places: self.places.all(), relation, lens, store_zone }
    }

    fn fail(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let relation = self.relation.name;
        move |source| StoreError::Read { relation, source }
    }
}

/// Turns rows into what is kept of them; each reader has one of its own.
pub(super) trait Decode: Send {
    type Row: Send;

    /// The columns that are looked at in every row; all, where none are named.
    const ALWAYS: &'static [&'static str] = &[];

    /// Adds what a row says to `rows`. What it refuses may be there all the same: it is kept and noted.
    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<Self::Row>) -> Result<(), Bad>;
}

/// Rows of a piece, decoded.
struct Batch<T> {
    rows: Vec<T>,
    /// Rows read, good or bad.
    read: u64,
    rejected: Vec<Rejected>,
    /// Those that came after [`EXAMPLES`] of their kind.
    more: Vec<Fault>,
    ids: Vec<u64>,
    end: bool,
}

impl<T> Default for Batch<T> {
    fn default() -> Batch<T> {
        Batch {
            rows: Vec::new(),
            read: 0,
            rejected: Vec::new(),
            more: Vec::new(),
            ids: Vec::new(),
            end: false,
        }
    }
}

impl<T> Batch<T> {
    fn clear(&mut self) {
        self.rows.clear();
        self.read = 0;
        self.rejected.clear();
        self.more.clear();
        self.ids.clear();
        self.end = false;
    }
}

/// Full batches come one way, empty ones go back.
type Channel<T> = (Receiver<Batch<T>>, Sender<Batch<T>>);

/// What is noted of a pass beside its rows.
#[derive(Default)]
pub(super) struct Noted {
    rejected: Vec<Rejected>,
    more: Vec<Fault>,
    count: u64,
}

impl Noted {
    /// Writes it into the facts.
    pub(super) fn into_facts(self, relation: Relation, facts: &mut Facts) {
        for rejected in self.rejected {
            facts.reject(rejected);
        }
        for fault in self.more {
            facts.reject_more(relation.name, fault, 1);
        }
        facts.rows.insert(relation.name, self.count);
    }
}

/// Reads all rows; `take` gets them in storage order, some thousands at a time. Gives back the decoders.
pub(super) fn read<D: Decode>(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    new: impl Fn() -> D + Sync,
    mut take: impl FnMut(&mut Vec<D::Row>),
) -> Result<(Vec<D>, Noted), StoreError> {
    let mut watch = Repeats::new();
    let mut repeated = Vec::new();
    let mut noted = Noted::default();
    let decoders = pass(connections, form, new, |batch| {
        noted.count += batch.read;
        if let Some(watch) = form.watcher {
            watch.read(form.relation.name, noted.count, form.from.about());
        }
        take(&mut batch.rows);
        repeated.extend(batch.ids.iter().filter(|id| watch.came_before(**id)));
        noted.rejected.append(&mut batch.rejected);
        noted.more.append(&mut batch.more);
    })?;
    if let Some(first) = repeated.first() {
        let example = id_of(connections, form, *first)?;
        return Err(StoreError::Repeated { relation: form.relation.name, count: repeated.len(), example });
    }
    Ok((decoders, noted))
}

/// Reads all rows once more, of which everything but `take`'s own was noted before.
pub(super) fn again<D: Decode>(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    new: impl Fn() -> D + Sync,
    mut take: impl FnMut(&[D::Row]),
) -> Result<(), StoreError> {
    pass(connections, form, new, |batch| take(&batch.rows)).map(|_| ())
}

/// The id that has a hash.
fn id_of(connections: &mut [&mut Connection], form: &Form<'_>, hash: u64) -> Result<String, StoreError> {
    let fail = form.fail();
    let Some(connection) = connections.first() else { return Ok(String::new()) };
    let mut statement = connection.prepare(form.from.sql()).map_err(&fail)?;
    let frame = form.frame();
    for bound in form.from.bound() {
        let mut rows = statement.query(&*bound).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            let view = RowView { row: Cells::Row(row), of: &frame };
            if view.id_hash() == Some(hash) {
                return Ok(view.id_or_unknown());
            }
        }
    }
    Ok(String::new())
}

fn pass<D: Decode>(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    new: impl Fn() -> D + Sync,
    mut take: impl FnMut(&mut Batch<D::Row>),
) -> Result<Vec<D>, StoreError> {
    let readers = match &form.from {
        From::Pages { .. } | From::Pieces { .. } => connections.len(),
        From::Among { keys, .. } => connections.len().min(keys.len()),
        From::Whole { .. } => 1,
    };
    std::thread::scope(|scope| {
        let mut channels: Vec<Channel<D::Row>> = Vec::new();
        let mut handles = Vec::new();
        for (nth, connection) in connections.iter_mut().take(readers).enumerate() {
            let (sender, receiver) = sync_channel(WAITING);
            let (empty, emptied) = channel();
            channels.push((receiver, empty));
            let connection: &mut Connection = connection;
            let new = &new;
            handles.push(scope.spawn(move || {
                let batch = Batch::default();
                let told = BTreeMap::new();
                let frame = form.frame();
                let mut reader = Reader { form, frame, decoder: new(), sender, emptied, told, batch };
                reader.run(connection, nth, readers).map(|()| reader.decoder)
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
        let joined = handles.into_iter().map(|handle| match handle.join() {
            Ok(decoder) => decoder,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    })
}

struct Reader<'a, D: Decode> {
    form: &'a Form<'a>,
    frame: Frame<'a>,
    decoder: D,
    sender: SyncSender<Batch<D::Row>>,
    emptied: Receiver<Batch<D::Row>>,
    /// Rejections so far, by kind, told with their reasons.
    told: BTreeMap<Fault, usize>,
    batch: Batch<D::Row>,
}

impl<D: Decode> Reader<'_, D> {
    /// Reads the pieces `nth`, `nth + of`, … to the end.
    fn run(&mut self, connection: &mut Connection, nth: usize, of: usize) -> Result<(), StoreError> {
        let fail = self.form.fail();
        let ends: Vec<[i64; 2]>;
        let pieces: Vec<Vec<&dyn ToSql>> = match &self.form.from {
            From::Pages { leaves, only, .. } => {
                let early = self.early(only.as_ref());
                for piece in (nth..leaves.pieces()).step_by(of) {
                    let take = |values: &Values<'_>| {
                        only.as_ref().is_some_and(|test| !test.passes(values.early()))
                            || self.heard(Cells::Page(values))
                    };
                    if !leaves.read(connection, (piece, early), take).map_err(&fail)? || !self.hand_over(true)
                    {
                        return Ok(());
                    }
                }
                return Ok(());
            }
            From::Whole { .. } | From::Among { .. } => self.form.from.bound(),
            &From::Pieces { first, last, all, .. } => {
                let most = if all { PIECES_MAX } else { FEW_PIECES * of as u64 };
                let length = PIECE.max((last.abs_diff(first) / most) as i64 + 1);
                let starts = (first..=last).step_by(length as usize);
                ends = starts.map(|start| [start, start.saturating_add(length - 1).min(last)]).collect();
                ends.iter().map(|[from, to]| vec![from as &dyn ToSql, to]).collect()
            }
        };
        let mut statement = connection.prepare(self.form.from.sql()).map_err(&fail)?;
        for bound in pieces.into_iter().skip(nth).step_by(of) {
            let mut rows = statement.query(&*bound).map_err(&fail)?;
            while let Some(row) = rows.next().map_err(&fail)? {
                if !self.heard(Cells::Row(row)) {
                    return Ok(());
                }
            }
            if !self.hand_over(true) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// How many of the columns are read of every row.
    fn early(&self, only: Option<&Test>) -> usize {
        let (form, always) = (self.form, D::ALWAYS);
        match only {
            Some(test) => test.needs(),
            None if always.is_empty() || form.watch_ids => usize::MAX,
            None => {
                let places = always.iter().filter_map(|column| form.places.get(form.relation, column));
                places.map(|place| place + 1).max().unwrap_or(0)
            }
        }
    }

    /// False when nobody listens any more: another reader failed, and says why.
    fn hand_over(&mut self, end: bool) -> bool {
        self.batch.end = end;
        let mut next = self.emptied.try_recv().unwrap_or_default();
        next.clear();
        self.sender.send(std::mem::replace(&mut self.batch, next)).is_ok()
    }

    /// Takes a row; false when nobody listens any more.
    fn heard(&mut self, row: Cells<'_, '_>) -> bool {
        self.take(row);
        self.batch.read < BATCH || self.hand_over(false)
    }

    #[inline]
    fn take(&mut self, row: Cells<'_, '_>) {
        let view = RowView { row, of: &self.frame };
        self.batch.read += 1;
        if self.form.watch_ids {
            self.batch.ids.extend(view.id_hash());
        }
        if let Err(bad) = self.decoder.decode(&view, &mut self.batch.rows) {
            note(&view, bad, &mut self.told, &mut self.batch);
        }
    }
}

/// Notes what is wrong with a row.
#[cold]
fn note<T>(view: &RowView<'_, '_>, bad: Bad, told: &mut BTreeMap<Fault, usize>, batch: &mut Batch<T>) {
    for bad in bad.each() {
        let told = told.entry(bad.fault).or_default();
        *told += 1;
        if *told > EXAMPLES {
            batch.more.push(bad.fault);
        } else {
            batch.rejected.push(view.rejected(bad));
        }
    }
}

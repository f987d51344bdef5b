//! A table's rows straight from the pages of its file: a quarter of what SQLite's interpreter takes for
//! them, with a call for each row and each value.
//!
//! SQLite still says what a page holds at the snapshot (its locks, its WAL, its cache): its table
//! `sqlite_dbpage` gives out pages through its own pager. What is read here is the documented form of table
//! pages (<https://www.sqlite.org/fileformat2.html>), which does not change. Whatever is not a plain table
//! in the usual form is read by SQL, and so is everything where `sqlite_dbpage` was not built in.

mod layout;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};

use self::layout::Layout;
use self::record::{Short, Wanted, varint};

/// A tree of pages is never as deep: each level multiplies by dozens.
const DEPTH_MAX: usize = 20;

/// A row is no longer, as everywhere in the store (`SQLITE_LIMIT_LENGTH`).
const ROW_MAX: usize = 16 << 20;

/// Pages of a piece, which one reader takes in one go: about as many rows as rowids of a piece elsewhere.
const PIECE: usize = 256;

/// Pages of which all rows are counted; of more, as many are, and the others hold as much.
const COUNTED: usize = 500;

const PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?1";

/// Where a table's rows are, and how.
pub(super) struct Leaves {
    /// The pages with rows, by rowid.
    pages: Vec<u32>,
    form: PageForm,
    layout: Layout,
}

/// What the pages of a file have in common.
#[derive(Debug, Clone, Copy)]
struct PageForm {
    /// Bytes of a page that hold something.
    usable: usize,
}

/// Whether SQLite gives out pages here.
pub(super) fn are_given(connection: &Connection) -> bool {
    connection.prepare_cached(PAGE).is_ok()
}

/// The values of a row. Behind one pointer they go in a register: twenty million times that counts.
pub struct Values<'r> {
    /// Those that are always looked at.
    early: Vec<ValueRef<'r>>,
    /// Where the others are, which are read when they are asked for.
    late: &'r [Wanted],
    rowid: i64,
    record: &'r [u8],
    /// Whether one of them could not be read.
    broken: std::cell::Cell<bool>,
}

impl<'r> Values<'r> {
    fn of(early: usize, late: &'r [Wanted]) -> Values<'r> {
        let broken = std::cell::Cell::new(false);
        Values { early: vec![ValueRef::Null; early], late, rowid: 0, record: &[], broken }
    }

    /// The value at a place; `None` where there is none.
    #[inline]
    pub fn get(&self, place: usize) -> Option<ValueRef<'r>> {
        self.early.get(place).copied().or_else(|| self.late(place))
    }

    /// Those that were read.
    pub(super) fn early(&self) -> &[ValueRef<'r>] {
        &self.early
    }

    #[cold]
    fn late(&self, place: usize) -> Option<ValueRef<'r>> {
        let wanted = self.late.iter().position(|want| want.slot == place)?;
        let mut values = vec![ValueRef::Null; place + 1];
        let read = record::read(&self.late[wanted..=wanted], self.rowid, self.record, &mut values);
        self.broken.set(self.broken.get() || read.is_err());
        values.pop()
    }
}

fn corrupt(what: &str) -> rusqlite::Error {
    let malformed = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(malformed, Some(format!("database disk image is malformed: {what}")))
}

impl Leaves {
    /// Where the rows of a table are, which are to give `columns` in their order; `None` for what is read by
    /// SQL.
    pub(super) fn of(
        connection: &Connection,
        table: &str,
        columns: &[String],
    ) -> rusqlite::Result<Option<Leaves>> {
        if !are_given(connection) {
            return Ok(None);
        }
        let Some((root, layout)) = layout::of(connection, table, columns)? else { return Ok(None) };
        let mut statement = connection.prepare_cached(PAGE)?;
        let Some(form) = page(&mut statement, 1, PageForm::read)? else { return Ok(None) };
        // A table without rowids is a tree of another kind.
        if !matches!(page(&mut statement, root, |page| page.first().copied())?, LEAF | INTERIOR) {
            return Ok(None);
        }
        let pages = leaves(&mut statement, root)?;
        Ok(Some(Leaves { pages, form, layout }))
    }

    /// About how many rows there are; of a small table, exactly so many.
    pub(super) fn about(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let mut statement = connection.prepare_cached(PAGE)?;
        let (mut rows, mut pages) = (0, 0);
        for number in self.pages.iter().step_by(self.pages.len().div_ceil(COUNTED).max(1)) {
            let count = page(&mut statement, *number, |page| number_16(page, 3))?;
            rows += count.ok_or_else(|| corrupt("a page is cut short"))? as u64;
            pages += 1;
        }
        Ok((rows * self.pages.len() as u64).checked_div(pages).unwrap_or(0))
    }

    /// How many pieces the table is cut into.
    pub(super) fn pieces(&self) -> usize {
        self.pages.len().div_ceil(PIECE)
    }

    /// Gives the values of each row of a piece to `take`, until it is false; then it is false itself. Those of the first
    /// `early` columns are read of every row, the others when they are asked for.
    pub(super) fn read(
        &self,
        connection: &Connection,
        (piece, early): (usize, usize),
        mut take: impl FnMut(&Values<'_>) -> bool,
    ) -> rusqlite::Result<bool> {
        let mut statement = connection.prepare_cached(PAGE)?;
        let pages = self.pages.chunks(PIECE).nth(piece).unwrap_or(&[]);
        for number in pages {
            let go_on = page(&mut statement, *number, |page| self.rows(connection, page, early, &mut take))?;
            if !go_on? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn rows(
        &self,
        connection: &Connection,
        page: &[u8],
        early: usize,
        take: &mut impl FnMut(&Values<'_>) -> bool,
    ) -> rusqlite::Result<bool> {
        if page.first() != LEAF.as_ref() {
            return Err(corrupt("a page of another kind among a table's rows"));
        }
        let count = number_16(page, 3).ok_or_else(|| corrupt("a page is cut short"))?;
        let (now, late) = self.layout.split(early);
        let mut values = Values::of(self.layout.slots - late.len(), late);
        for nth in 0..count {
            let Some(cell) = Cell::read(page, 8 + 2 * nth, self.form) else {
                return Err(corrupt("a row is cut short"));
            };
            (values.rowid, values.record) = (cell.rowid, cell.local);
            let go_on = match record::read(now, cell.rowid, cell.local, &mut values.early) {
                Ok(()) if late.is_empty() || cell.rest == 0 => take(&values),
                Ok(()) | Err(Short::Bytes) if cell.rest != 0 => {
                    let record = self.whole(connection, &cell)?;
                    let mut values = Values::of(self.layout.slots, &[]);
                    record::read(&self.layout.wanted, cell.rowid, &record, &mut values.early)
                        .map_err(|_| corrupt("a long row is cut short"))?;
                    take(&values)
                }
                _ => return Err(corrupt("a row has no form")),
            };
            if values.broken.get() {
                return Err(corrupt("a row has no form"));
            }
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A row that goes on on pages of its own.
    fn whole(&self, connection: &Connection, cell: &Cell<'_>) -> rusqlite::Result<Vec<u8>> {
        if cell.size > ROW_MAX {
            let too_big = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_TOOBIG);
            return Err(rusqlite::Error::SqliteFailure(too_big, Some("string or blob too big".to_owned())));
        }
        let mut statement = connection.prepare_cached(PAGE)?;
        let mut record = cell.local.to_vec();
        let mut next = cell.rest as u32;
        while record.len() < cell.size {
            next = page(&mut statement, next, |page| {
                let held = page.get(4..self.form.usable)?;
                record.extend(held.iter().take(cell.size - record.len()));
                number_32(page, 0)
            })?
            .ok_or_else(|| corrupt("a page is cut short"))?;
        }
        Ok(record)
    }
}

impl PageForm {
    /// From the file's first page; `None` where text is not in UTF-8.
    fn read(first: &[u8]) -> Option<PageForm> {
        let size = first.len();
        let reserved = usize::from(*first.get(20)?);
        let is_utf_8 = number_32(first, 56)? == 1;
        let usable = size.checked_sub(reserved).filter(|usable| *usable >= 480)?;
        is_utf_8.then_some(PageForm { usable })
    }

    /// How much of a row of a size is on its leaf.
    fn local(self, size: usize) -> usize {
        let most = self.usable - 35;
        if size <= most {
            return size;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (size - least) % (self.usable - 4);
        if local <= most { local } else { least }
    }
}

/// A row on its leaf.
struct Cell<'a> {
    rowid: i64,
    /// Bytes of the whole row.
    size: usize,
    /// Those that are here.
    local: &'a [u8],
    /// The page with the next; 0 where this is all. As wide as the others: half a word is dear to read back.
    rest: u64,
}

impl<'a> Cell<'a> {
    #[expect(
        clippy::inline_always,
        reason = "a row costs twenty nanoseconds; to hand this over in memory, five"
    )]
    #[inline(always)]
    fn read(page: &'a [u8], pointer: usize, form: PageForm) -> Option<Cell<'a>> {
        let cell = page.get(number_16(page, pointer)?..)?;
        let (size, a) = varint(cell)?;
        let (rowid, b) = varint(cell.get(a..)?)?;
        let size = usize::try_from(size).ok()?;
        let held = form.local(size);
        let from = a + b;
        let local = cell.get(from..from + held)?;
        let rest = if held == size { 0 } else { u64::from(number_32(cell, from + held)?) };
        Some(Cell { rowid: rowid.cast_signed(), size, local, rest })
    }
}

/// What a page of a table's rows begins with.
const LEAF: Option<u8> = Some(0x0d);
/// What a page that leads to others begins with.
const INTERIOR: Option<u8> = Some(0x05);

/// The pages with a table's rows, by rowid. All are equally deep.
fn leaves(statement: &mut Statement<'_>, root: u32) -> rusqlite::Result<Vec<u32>> {
    let mut level = vec![root];
    let mut seen = BTreeSet::new();
    for _ in 0..DEPTH_MAX {
        let first = level.first().copied().unwrap_or(root);
        match page(statement, first, |page| page.first().copied())? {
            LEAF => return Ok(level),
            INTERIOR => {}
            _ => return Err(corrupt("a page of another kind in a table's tree")),
        }
        let mut below = Vec::new();
        for number in level {
            if !seen.insert(number) {
                return Err(corrupt("a table's tree goes in circles"));
            }
            let whole = page(statement, number, |page| children(page, &mut below))?;
            whole.ok_or_else(|| corrupt("a page is cut short"))?;
        }
        level = below;
    }
    Err(corrupt("a table's tree has no end"))
}

/// Adds the pages that an inner page leads to.
fn children(page: &[u8], below: &mut Vec<u32>) -> Option<()> {
    let count = number_16(page, 3).filter(|_| page.first() == INTERIOR.as_ref())?;
    for nth in 0..count {
        below.push(number_32(page, number_16(page, 12 + 2 * nth)?)?);
    }
    below.push(number_32(page, 8)?);
    Some(())
}

/// Gives a page to `look`.
fn page<T>(statement: &mut Statement<'_>, number: u32, look: impl FnOnce(&[u8]) -> T) -> rusqlite::Result<T> {
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or_else(|| corrupt("a page is not there"))?;
    match row.get_ref(0)? {
        ValueRef::Blob(page) => Ok(look(page)),
        _ => Err(corrupt("a page is not there")),
    }
}

#[inline]
fn number_16(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 2)?;
    Some(usize::from(bytes[0]) << 8 | usize::from(bytes[1]))
}

#[inline]
fn number_32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

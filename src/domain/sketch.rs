//! Who a published figure is made of, in few enough bytes to be kept: an invertible Bloom lookup table.
//!
//! Each customer's part in a figure (what they bring to its numerator and to its denominator) is added, by exclusive or,
//! to one cell of each of four rows, chosen by its hash. Of two tables, cell by cell, what both hold cancels. A cell that
//! is left with one part tells it; taken out of its other cells it leaves more cells with one, and so on, until nothing is
//! left. So the customers behind a change are found however many there are in all, as long as those who changed are few:
//! some 700 whose part is another, or 1,500 who came or went. Where they are more nothing is told, and never the wrong ones:
//! each part is held against its hash, and who asks holds their sum against what the figure did.
//!
//! Source: Goodrich, Mitzenmacher, "Invertible Bloom Lookup Tables" (Allerton 2011); Eppstein, Goodrich, Uyeda, Varghese,
//! "What's the Difference? Efficient Set Reconciliation without Prior Context" (SIGCOMM 2011).

use std::collections::BTreeMap;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::customers::Key;

/// Each part is in one cell of each.
const ROWS: usize = 4;

/// Cells of a row at most, a power of two: with four rows of 32 bytes a cell, 64 KiB.
const WIDEST: usize = 512;

/// And at least: below, two parts often choose the same cells.
const NARROWEST: usize = 16;

/// Bytes of a cell as it is kept.
const CELL: usize = 32;

/// What a customer brings to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Who, as a hash of their id.
    pub key: u64,
    /// To the numerator; money in minor units.
    pub num: i64,
    /// To the denominator.
    pub den: i64,
}

/// By how much somebody's part changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Of the numerator.
    pub num: i128,
    /// Of the denominator.
    pub den: i128,
}

/// The parts that share a cell, each field by exclusive or.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cell {
    /// How many there are; in a difference, how many more.
    parts: i32,
    check: u32,
    key: u64,
    num: i64,
    den: i64,
}

/// A table of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// Row by row, each a power of two long.
    cells: Vec<Cell>,
}

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch { cells: vec![Cell::default(); ROWS * WIDEST] }
    }
}

/// The key of a customer: the same in every version, since it is kept.
pub fn key_of(id: Key<'_>) -> u64 {
    match id {
        Key::Whole(n) => xxh3_64(&n.to_le_bytes()),
        Key::Text(text) => xxh3_64(text.as_bytes()),
    }
}

impl Part {
    /// The check of a cell that holds it alone, and its hash for choosing cells.
    fn hash(&self) -> (u32, u64) {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.key.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.num.to_le_bytes());
        bytes[16..].copy_from_slice(&self.den.to_le_bytes());
        let hash = xxh3_128(&bytes);
        ((hash >> 96) as u32, hash as u64)
    }
}

impl Cell {
    fn add(&mut self, part: &Part, check: u32, parts: i32) {
        self.join(&Cell { parts, check, key: part.key, num: part.num, den: part.den });
    }

    fn join(&mut self, other: &Cell) {
        self.parts = self.parts.wrapping_add(other.parts);
        self.check ^= other.check;
        self.key ^= other.key;
        self.num ^= other.num;
        self.den ^= other.den;
    }

    /// The part that is there alone.
    fn alone(&self) -> Option<Part> {
        let part = Part { key: self.key, num: self.num, den: self.den };
        (self.parts.unsigned_abs() == 1 && part.hash().0 == self.check).then_some(part)
    }

    fn to_bytes(self) -> [u8; CELL] {
        let mut bytes = [0; CELL];
        bytes[..4].copy_from_slice(&self.parts.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.check.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.key.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.num.to_le_bytes());
        bytes[24..].copy_from_slice(&self.den.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; CELL]) -> Cell {
        let word = |at: usize| std::array::from_fn(|i| bytes[at + i]);
        let half = |at: usize| std::array::from_fn(|i| bytes[at + i]);
        Cell {
            parts: i32::from_le_bytes(half(0)),
            check: u32::from_le_bytes(half(4)),
            key: u64::from_le_bytes(word(8)),
            num: i64::from_le_bytes(word(16)),
            den: i64::from_le_bytes(word(24)),
        }
    }
}

impl Sketch {
    fn width(&self) -> usize {
        self.cells.len() / ROWS
    }

    /// Adds a part; one of nothing is none.
    pub fn add(&mut self, part: Part) {
        if (part.num, part.den) != (0, 0) {
            let (check, hash) = part.hash();
            self.places(hash).for_each(|at| self.cells[at].add(&part, check, 1));
        }
    }

    /// The cells of a part.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let width = self.width();
        (0..ROWS).map(move |row| row * width + (hash >> (row * 16)) as usize % width)
    }

    /// Adds all parts of another one as wide.
    pub fn join(&mut self, other: &Sketch) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, other)| cell.join(other));
    }

    /// Half as wide: what chose the second half of a row falls onto the first.
    fn halved(&self) -> Sketch {
        let half = self.width() / 2;
        let fold = |row: &[Cell]| {
            let (first, second) = row.split_at(half);
            let pairs = first.iter().zip(second);
            pairs
                .map(|(a, b)| {
                    let mut cell = *a;
                    cell.join(b);
                    cell
                })
                .collect::<Vec<Cell>>()
        };
        Sketch { cells: self.cells.chunks_exact(self.width()).flat_map(fold).collect() }
    }

    /// As narrow as its parts allow: all of them could be others and would still be told.
    #[must_use]
    pub fn fitted(mut self) -> Sketch {
        let parts: i64 = self.cells[..self.width()].iter().map(|cell| i64::from(cell.parts)).sum();
        while self.width() > NARROWEST && parts <= self.width() as i64 / 2 {
            self = self.halved();
        }
        self
    }

    /// Whose parts changed since `earlier`, and by how much, by key; `None` where they are too many to be told apart.
    pub fn since(&self, earlier: &Sketch) -> Option<BTreeMap<u64, Change>> {
        let (mut now, mut then) = (self.clone(), earlier.clone());
        while now.width() > then.width() {
            now = now.halved();
        }
        while then.width() > now.width() {
            then = then.halved();
        }
        for (cell, then) in now.cells.iter_mut().zip(&then.cells) {
            cell.join(&Cell { parts: then.parts.wrapping_neg(), ..*then });
        }
        now.parted()
    }

    /// Takes a difference apart.
    fn parted(mut self) -> Option<BTreeMap<u64, Change>> {
        let mut changes: BTreeMap<u64, Change> = BTreeMap::new();
        let mut open: Vec<usize> = (0..self.cells.len()).collect();
        // A damaged table could go round in circles.
        let mut left = self.cells.len() * 2;
        while let Some(at) = open.pop() {
            let Some(part) = self.cells[at].alone() else { continue };
            left = left.checked_sub(1)?;
            let (parts, (check, hash)) = (self.cells[at].parts, part.hash());
            for place in self.places(hash) {
                self.cells[place].add(&part, check, -parts);
                open.push(place);
            }
            let change = changes.entry(part.key).or_default();
            change.num += i128::from(parts) * i128::from(part.num);
            change.den += i128::from(parts) * i128::from(part.den);
        }
        changes.retain(|_, change| *change != Change::default());
        self.cells.iter().all(|cell| *cell == Cell::default()).then_some(changes)
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.cells.iter().flat_map(|cell| cell.to_bytes()).collect()
    }

    /// From what was kept; `None` where it is no such table.
    pub fn from_bytes(bytes: &[u8]) -> Option<Sketch> {
        let (cells, rest) = bytes.as_chunks::<CELL>();
        let width = cells.len() / ROWS;
        let is_table = rest.is_empty() && cells.len() % ROWS == 0 && width.is_power_of_two();
        let fits = is_table && (NARROWEST..=WIDEST).contains(&width);
        fits.then(|| Sketch { cells: cells.iter().map(Cell::from_bytes).collect() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(parts: &BTreeMap<u64, (i64, i64)>) -> Sketch {
        let mut sketch = Sketch::default();
        for (id, (num, den)) in parts {
            sketch.add(Part { key: key_of(Key::Whole(*id as i64)), num: *num, den: *den });
        }
        sketch
    }

    /// What two lists of parts differ in, by key.
    fn difference(
        then: &BTreeMap<u64, (i64, i64)>,
        now: &BTreeMap<u64, (i64, i64)>,
    ) -> BTreeMap<u64, Change> {
        let of = |parts: &BTreeMap<u64, (i64, i64)>, id: &u64| parts.get(id).copied().unwrap_or_default();
        let ids = then.keys().chain(now.keys());
        let change = |id: &u64| {
            let ((a, b), (c, d)) = (of(then, id), of(now, id));
            let change = Change { num: i128::from(c) - i128::from(a), den: i128::from(d) - i128::from(b) };
            (change != Change::default()).then(|| (key_of(Key::Whole(*id as i64)), change))
        };
        ids.filter_map(change).collect()
    }

    fn parts(largest: usize) -> impl Strategy<Value = BTreeMap<u64, (i64, i64)>> {
        prop::collection::btree_map(0u64..100_000, (-5i64..1_000_000, 0i64..3), 0..largest)
    }

    proptest! {
        #[test]
        fn what_changed_is_told_exactly_or_not_at_all(then in parts(90), moved in parts(90), gone in 0usize..90) {
            let mut now: BTreeMap<_, _> = then.iter().skip(gone).map(|(id, part)| (*id, *part)).collect();
            now.extend(moved);
            let (before, after) = (sketch(&then).fitted(), sketch(&now).fitted());
            if let Some(told) = after.since(&before) {
                prop_assert_eq!(told, difference(&then, &now));
            }
        }

        #[test]
        fn what_was_kept_is_read_again(parts in parts(700)) {
            let kept = sketch(&parts).fitted();
            prop_assert_eq!(Sketch::from_bytes(&kept.to_bytes()), Some(kept));
        }
    }

    #[test]
    fn the_few_who_changed_are_found_among_many_and_no_more_than_fit() {
        let then: BTreeMap<u64, (i64, i64)> = (0..60_000).map(|id| (id, (id as i64 % 97, 1))).collect();
        let before = sketch(&then).fitted();
        assert_eq!(before.to_bytes().len(), 64 * 1024);
        for (changed, is_told) in
            [(0, true), (1, true), (10, true), (340, true), (700, true), (900, false), (20_000, false)]
        {
            let mut now = then.clone();
            now.iter_mut().step_by(3).take(changed).for_each(|(_, part)| part.0 += 5);
            let told = sketch(&now).since(&before);
            assert_eq!(told.is_some(), is_told, "{changed}");
            if let Some(told) = told {
                assert_eq!(told, difference(&then, &now));
            }
        }
    }

    /// A full change of all members of a small shop is told, nearly always.
    #[test]
    fn all_of_few_may_change() {
        let mut told = 0;
        for round in 0..400u64 {
            let all = |from: u64| (from..from + 1 + round % 120).map(|id| (id * 7, (id as i64, 1))).collect();
            let (then, now) = (all(round * 1_000), all(round * 1_000 + 500));
            let found = sketch(&now).fitted().since(&sketch(&then).fitted());
            told += usize::from(found.is_some());
            assert!(found.is_none_or(|found| found == difference(&then, &now)));
        }
        assert!(told >= 392, "{told} of 400");
    }

    #[test]
    fn other_bytes_are_no_sketch() {
        let kept = Sketch::default().fitted().to_bytes();
        assert_eq!(kept.len(), ROWS * NARROWEST * CELL);
        for bytes in [&kept[1..], &kept[CELL * ROWS..], &[], &[0; 40]] {
            assert_eq!(Sketch::from_bytes(bytes), None);
        }
    }

    #[test]
    fn a_damaged_one_tells_nothing() {
        let then: BTreeMap<u64, (i64, i64)> = (0..50).map(|id| (id, (1, 1))).collect();
        let before = sketch(&then).fitted();
        let mut bytes = before.to_bytes();
        for at in (0..bytes.len()).step_by(CELL) {
            bytes[at..at + 4].copy_from_slice(&1i32.to_le_bytes());
        }
        let damaged = Sketch::from_bytes(&bytes).unwrap();
        assert_eq!(before.since(&damaged), None);
    }

    #[test]
    fn the_key_of_a_customer_never_changes() {
        assert_eq!(key_of(Key::of("42")), key_of(Key::Whole(42)));
        assert_eq!(key_of(Key::Text("")), 0x2d06_8005_38d3_94c2);
    }
}

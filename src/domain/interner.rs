//! Distinct values, each kept once and known by its number: what a million rows have in common.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// The same in every run.
pub(super) const HASH: FixedState = FixedState::with_seed(0x7265_7461);

/// Distinct values in the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Interner<T> {
    values: Vec<T>,
    known: HashMap<T, u32, FixedState>,
}

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { values: Vec::new(), known: HashMap::with_hasher(HASH) }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of a value that is new or known.
    pub(super) fn intern(&mut self, value: T) -> u32 {
        if let Some(known) = self.known.get(&value) {
            return *known;
        }
        let next = self.values.len() as u32;
        self.values.push(value.clone());
        self.known.insert(value, next);
        next
    }

    /// All values, by their numbers.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// The same, when no more come.
    pub(super) fn into_values(self) -> Vec<T> {
        self.values
    }
}

//! Sums of one kind for many periods and the groups of several splits at once: what one pass over the rows
//! of a relation adds up.

use super::segment::Groups;

/// One `T` for each period, of the whole and of each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid<T> {
    /// Of all customers looked at, by period.
    pub whole: Vec<T>,
    /// By split, group and period; for the first periods of the list.
    pub groups: Vec<Vec<Vec<T>>>,
}

impl<T> Default for Grid<T> {
    fn default() -> Grid<T> {
        Grid { whole: Vec::new(), groups: Vec::new() }
    }
}

impl<T> Grid<T> {
    /// What `of` tells of the customers of the whole and of each group: one thing each, not by period.
    pub(super) fn of_members(
        customers: &[u32],
        splits: &[(&Groups, usize)],
        of: impl Fn(&[u32]) -> T,
    ) -> Grid<T> {
        let groups = splits
            .iter()
            .map(|(groups, _)| groups.members(customers).iter().map(|members| vec![of(members)]).collect());
        Grid { whole: vec![of(customers)], groups: groups.collect() }
    }
}

impl<T: Clone + Default> Grid<T> {
    /// Nothing yet, for so many periods; of each group of `splits` for the first so many.
    pub(super) fn new(periods: usize, splits: &[(&Groups, usize)]) -> Grid<T> {
        let groups = splits
            .iter()
            .map(|(groups, count)| vec![vec![T::default(); periods.min(*count)]; groups.labels.len()]);
        Grid { whole: vec![T::default(); periods], groups: groups.collect() }
    }

    /// Changes what a customer's row belongs to in one period: the whole, and each group of theirs.
    pub(super) fn change(
        &mut self,
        splits: &[(&Groups, usize)],
        customer: u32,
        at: usize,
        change: impl Fn(&mut T),
    ) {
        change(&mut self.whole[at]);
        for ((groups, count), cells) in splits.iter().zip(&mut self.groups) {
            if at < *count {
                groups.of(customer, at).for_each(|group| change(&mut cells[group][at]));
            }
        }
    }

    /// Adds another of the same periods and splits, cell by cell.
    pub(super) fn join(&mut self, other: &Grid<T>, add: impl Fn(&mut T, &T)) {
        let others = other.whole.iter().chain(other.groups.iter().flatten().flatten());
        self.cells_mut().zip(others).for_each(|(cell, other)| add(cell, other));
    }

    /// Every cell, in no particular order.
    pub(super) fn cells_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.whole.iter_mut().chain(self.groups.iter_mut().flatten().flatten())
    }
}

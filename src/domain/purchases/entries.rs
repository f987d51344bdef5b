//! What customers bought between the edges of windows: how often, and for how much where anybody asks.

use crate::domain::{Grouped, Transaction};

/// What a customer bought between two neighbouring edges; as compact as a [`super::Tally`].
#[repr(C, packed(4))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Bucket in the upper byte, purchases in the other three.
    packed: u32,
    amount_minor: i64,
}

const COUNT: u32 = 0x00ff_ffff;

fn bucket(packed: u32) -> u8 {
    (packed >> 24) as u8
}

impl Entry {
    /// Which stretch between edges.
    pub fn bucket(&self) -> u8 {
        bucket(self.packed)
    }

    /// Transactions with a positive amount, in whatever currency.
    pub fn count(&self) -> u32 {
        self.packed & COUNT
    }

    /// Σ amounts, refunds subtracted, minor units; 0 where nobody asked for sums.
    pub fn amount_minor(&self) -> i64 {
        self.amount_minor
    }
}

/// Entries while rows come in, each with its customer. Where only numbers are asked they take half the room.
#[derive(Debug)]
pub(super) enum Open {
    Counts(Vec<(u32, u32)>),
    Sums(Vec<(u32, Entry)>),
}

impl Open {
    pub(super) fn new(with_sums: bool) -> Open {
        if with_sums { Open::Sums(Vec::new()) } else { Open::Counts(Vec::new()) }
    }

    /// Looks at an entry that is about to change, so that it is near.
    #[inline]
    pub(super) fn touch(&self, at: u32) -> u32 {
        match self {
            Open::Counts(rows) => rows.get(at as usize).map_or(0, |(_, packed)| *packed),
            Open::Sums(rows) => rows.get(at as usize).map_or(0, |(_, entry)| entry.packed),
        }
    }

    /// Takes a row in a bucket. The customer's last entry is `at`; where it is now.
    #[inline]
    pub(super) fn enter(&mut self, row: &Transaction, into: u8, at: u32) -> u32 {
        let bought = u32::from(row.bought);
        let is_there = |customer: u32, packed: u32| {
            customer == row.customer && bucket(packed) == into && packed & COUNT < COUNT
        };
        let packed = u32::from(into) << 24 | bought;
        match self {
            Open::Counts(rows) => match rows.get_mut(at as usize) {
                Some((customer, packed)) if is_there(*customer, *packed) => {
                    *packed += bought;
                    at
                }
                _ => {
                    rows.push((row.customer, packed));
                    rows.len() as u32 - 1
                }
            },
            Open::Sums(rows) => match rows.get_mut(at as usize) {
                Some((customer, entry)) if is_there(*customer, entry.packed) => {
                    entry.packed += bought;
                    entry.amount_minor = entry.amount_minor.saturating_add(row.amount_minor);
                    at
                }
                _ => {
                    rows.push((row.customer, Entry { packed, amount_minor: row.amount_minor }));
                    rows.len() as u32 - 1
                }
            },
        }
    }

    /// Forgets the entries of some customers.
    pub(super) fn forget(&mut self, customers: &[bool]) {
        match self {
            Open::Counts(rows) => rows.retain(|(customer, _)| !customers[*customer as usize]),
            Open::Sums(rows) => rows.retain(|(customer, _)| !customers[*customer as usize]),
        }
    }

    /// By customer, each one's by bucket.
    pub(super) fn close(self, customers: usize) -> Entries {
        match self {
            Open::Counts(mut rows) => {
                rows.sort_unstable();
                Entries::Counts(Grouped::of(customers, rows))
            }
            Open::Sums(mut rows) => {
                rows.sort_unstable_by_key(|(customer, entry)| (*customer, entry.packed));
                Entries::Sums(Grouped::of(customers, rows))
            }
        }
    }
}

/// Entries by customer.
#[derive(Debug, Clone)]
pub(super) enum Entries {
    Counts(Grouped<u32>),
    Sums(Grouped<Entry>),
}

impl Entries {
    pub(super) fn of(&self, customer: u32) -> impl Iterator<Item = Entry> + '_ {
        let (counts, sums): (&[u32], &[Entry]) = match self {
            Entries::Counts(rows) => (rows.get(customer), &[]),
            Entries::Sums(rows) => (&[], rows.get(customer)),
        };
        let counts = counts.iter().map(|packed| Entry { packed: *packed, amount_minor: 0 });
        counts.chain(sums.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_small() {
        assert_eq!((size_of::<Entry>(), size_of::<(u32, Entry)>()), (12, 16));
        // What is mapped in place keeps its alignment.
        assert_eq!(align_of::<(u32, Entry)>(), align_of::<Entry>());
    }
}

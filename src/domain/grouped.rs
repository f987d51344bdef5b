//! Rows of all customers in one block, each customer's side by side: what a list of lists would hold,
//! without a list for each of a million customers.

use super::parallel;

/// Fewer rows are not worth a thread.
const WORTH: usize = 200_000;

/// Rows by customer index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouped<T> {
    /// Where each customer's rows begin; one more than there are customers.
    starts: Vec<u32>,
    rows: Vec<T>,
}

impl<T> Default for Grouped<T> {
    fn default() -> Grouped<T> {
        Grouped { starts: vec![0], rows: Vec::new() }
    }
}

impl<T> Grouped<T> {
    /// Groups `rows`, each with its customer, in any order; a customer's rows keep theirs.
    pub fn of(customers: usize, mut rows: Vec<(u32, T)>) -> Grouped<T> {
        if !rows.is_sorted_by_key(|(customer, _)| *customer) {
            rows.sort_by_key(|(customer, _)| *customer);
        }
        let starts = starts(customers, rows.iter().map(|(customer, _)| *customer));
        // In the same place, where both lie on as many bytes; then the room of the customers is given back.
        let mut rows: Vec<T> = rows.into_iter().map(|(_, row)| row).collect();
        rows.shrink_to_fit();
        Grouped { starts, rows }
    }

    /// Groups `rows`, each with its customer, in any order, and puts each customer's into theirs. Counted and placed, not
    /// sorted: a customer has few.
    pub fn in_order(
        customers: usize,
        rows: &[(u32, T)],
        order: impl Fn(&T, &T) -> std::cmp::Ordering + Sync,
    ) -> Grouped<T>
    where
        T: Copy + Send + Sync,
    {
        Grouped::placed(customers, rows, order, parallel::threads(rows.len(), WORTH))
    }

    /// The same on so many threads, each of which places the rows of its share of the customers.
    fn placed(
        customers: usize,
        rows: &[(u32, T)],
        order: impl Fn(&T, &T) -> std::cmp::Ordering + Sync,
        threads: usize,
    ) -> Grouped<T>
    where
        T: Copy + Send + Sync,
    {
        let Some((_, any)) = rows.first() else { return Grouped::default() };
        let starts = starts(customers, rows.iter().map(|(customer, _)| *customer));
        let mut placed = vec![*any; rows.len()];
        std::thread::scope(|scope| {
            let (mut rest, order) = (placed.as_mut_slice(), &order);
            let length = customers.div_ceil(threads);
            for from in (0..customers).step_by(length) {
                let to = (from + length).min(customers);
                let starts = &starts[from..=to];
                let (theirs, others) = rest.split_at_mut((starts[to - from] - starts[0]) as usize);
                rest = others;
                let mut place = move || place(rows, from as u32, starts, theirs, order);
                if to < customers { drop(scope.spawn(place)) } else { place() }
            }
        });
        Grouped { starts, rows: placed }
    }

    /// The rows of one customer; none for one that is not known.
    pub fn get(&self, customer: u32) -> &[T] {
        let at = customer as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => &self.rows[*from as usize..*to as usize],
            _ => &[],
        }
    }

    /// The rows of which `is` holds, each with its customer, by customer: a few of all are found without a look at
    /// each customer.
    pub fn those<'a>(&'a self, is: impl Fn(&T) -> bool + 'a) -> impl Iterator<Item = (u32, &'a T)> + 'a {
        let found = self.rows.iter().enumerate().filter(move |(_, row)| is(row));
        found.map(|(nth, row)| {
            let after = self.starts.partition_point(|start| *start as usize <= nth);
            (after.saturating_sub(1) as u32, row)
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Where each customer's rows begin, of rows in any order whose customers `of` tells: all are known.
fn starts(customers: usize, of: impl ExactSizeIterator<Item = u32>) -> Vec<u32> {
    if of.len() == 0 {
        return vec![0];
    }
    let mut starts = vec![0; customers + 1];
    for customer in of {
        starts[customer as usize + 1] += 1;
    }
    for customer in 0..customers {
        starts[customer + 1] += starts[customer];
    }
    starts
}

/// Places the rows of some customers, from one on, among `theirs`, and puts each customer's in order; `starts` are where
/// they begin among all, and where the last of them end.
fn place<T: Copy>(
    rows: &[(u32, T)],
    from: u32,
    starts: &[u32],
    theirs: &mut [T],
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) {
    // Where the next of each customer goes.
    let mut next: Vec<u32> = starts[..starts.len() - 1].iter().map(|start| start - starts[0]).collect();
    for (customer, row) in rows {
        if let Some(at) = customer.checked_sub(from).and_then(|nth| next.get_mut(nth as usize)) {
            theirs[*at as usize] = *row;
            *at += 1;
        }
    }
    let mut rest = theirs;
    for ends in starts.windows(2) {
        let (mine, others) = rest.split_at_mut((ends[1] - ends[0]) as usize);
        mine.sort_unstable_by(&order);
        rest = others;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_customer_has_its_rows_in_their_order() {
        let grouped = Grouped::of(4, vec![(2, 'a'), (0, 'b'), (2, 'c'), (3, 'd')]);
        let of = |customer| grouped.get(customer).iter().collect::<String>();
        assert_eq!([of(0), of(1), of(2), of(3), of(9)], ["b", "", "ac", "d", ""]);
        assert_eq!(grouped.len(), 4);
        assert!(Grouped::<u8>::default().get(0).is_empty());
    }

    proptest! {
        #[test]
        fn counted_or_sorted_they_are_the_same(mut rows in prop::collection::vec((0u32..30, 0u8..9), 0..100)) {
            let counted = Grouped::in_order(30, &rows, u8::cmp);
            for threads in 1..5 {
                prop_assert_eq!(&Grouped::placed(30, &rows, u8::cmp, threads), &counted);
            }
            rows.sort_unstable();
            prop_assert_eq!(counted, Grouped::of(30, rows));
        }

        #[test]
        fn those_that_are_found_are_the_same(mut rows in prop::collection::vec((0u32..30, 0u8..9), 0..100)) {
            let grouped = Grouped::in_order(30, &rows, u8::cmp);
            rows.sort_unstable();
            let few: Vec<(u32, u8)> = rows.into_iter().filter(|(_, row)| *row < 4).collect();
            prop_assert_eq!(grouped.those(|row| *row < 4).map(|(c, row)| (c, *row)).collect::<Vec<_>>(), few);
        }
    }
}

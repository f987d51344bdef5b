//! Work on many customers, shared between threads. What is joined are sums of whole numbers, so the
//! result is the same however the work was cut.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Fewer customers than this are not worth a thread.
const WORTH: usize = 50_000;

/// Threads at most: the daemon shares its machine.
const THREADS: usize = 4;

/// As many threads as so many things are worth, of which `worth` are worth one.
pub(super) fn threads(things: usize, worth: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.min(THREADS).min(things / worth).max(1)
}

/// Does two things at once where there is enough to do.
pub fn both<A: Send, B>(
    customers: usize,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    if customers < WORTH {
        return (one(), other());
    }
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        match one.join() {
            Ok(one) => (one, other),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Does something with each item, on several threads where so many customers make it worth while; in their order.
pub fn each<'i, I: Sync, T: Send>(
    customers: usize,
    items: &'i [I],
    work: impl Fn(&'i I) -> T + Sync,
) -> Vec<T> {
    let threads = threads(customers, WORTH).min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let at = || next.fetch_add(1, Ordering::Relaxed);
        let mine = std::iter::from_fn(|| Some(at()).filter(|at| *at < items.len()));
        mine.map(|at| (at, work(&items[at]))).collect::<Vec<(usize, T)>>()
    };
    let mut all = std::thread::scope(|scope| {
        let handles: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut all = take();
        for handle in handles {
            all.extend(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, done)| done).collect()
}

/// Applies `work` to parts of `customers` and joins what it gives, in order.
pub fn fold<T: Send>(customers: &[u32], work: impl Fn(&[u32]) -> T + Sync, join: impl Fn(&mut T, T)) -> T {
    let part = customers.len().div_ceil(threads(customers.len(), WORTH)).max(1);
    let parts: Vec<&[u32]> = customers.chunks(part).collect();
    let mut each = each(customers.len(), &parts, |part| work(part)).into_iter();
    let mut sum = each.next().unwrap_or_else(|| work(&[]));
    each.for_each(|of_part| join(&mut sum, of_part));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_to_each_comes_in_their_order() {
        let items: Vec<usize> = (0..1_000).collect();
        for customers in [0, 10 * WORTH] {
            assert_eq!(each(customers, &items, |n| n * 2), (0..1_000).map(|n| n * 2).collect::<Vec<_>>());
        }
        assert!(each(10 * WORTH, &[] as &[u8], |n| *n).is_empty());
    }
}

//! Work on many customers, shared between threads. What is joined are sums of whole numbers, so the
//! result is the same however the work was cut.

/// Fewer customers than this are not worth a thread.
const WORTH: usize = 50_000;

/// Threads at most: the daemon shares its machine.
const THREADS: usize = 4;

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

/// Applies `work` to parts of `customers` and joins what it gives, in order.
pub(super) fn fold<T: Send>(
    customers: &[u32],
    work: impl Fn(&[u32]) -> T + Sync,
    join: impl Fn(&mut T, T),
) -> T {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(THREADS).min(customers.len() / WORTH).max(1);
    if threads == 1 {
        return work(customers);
    }
    let (mine, others) = customers.split_at(customers.len() / threads);
    let part = others.len().div_ceil(threads - 1);
    std::thread::scope(|scope| {
        let handles: Vec<_> = others.chunks(part).map(|part| scope.spawn(|| work(part))).collect();
        let mut sum = work(mine);
        for handle in handles {
            match handle.join() {
                Ok(of_part) => join(&mut sum, of_part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    })
}

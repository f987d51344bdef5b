//! Work on many customers, shared between threads. What is joined are sums of whole numbers, so the
//! result is the same however the work was cut.

/// Fewer customers than this are not worth a thread.
const WORTH: usize = 50_000;

/// Threads at most: the daemon shares its machine.
const THREADS: usize = 4;

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

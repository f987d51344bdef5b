//! The only reader of wall and monotonic time. Everything else is told what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Where time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// The machine's, shifted: a demonstration on a day of its own.
    Shifted(SignedDuration),
    /// Moved by hand, in microseconds: replays and tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that shows `start` now and runs on.
    pub fn starting_at(start: Timestamp) -> Clock {
        Clock::Shifted(start.duration_since(system()))
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(start.as_microsecond())))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => system(),
            Clock::Shifted(by) => system() + *by,
            Clock::Manual(micros) => {
                Timestamp::from_microsecond(micros.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// Moves a manual clock forward to `to`; others move by themselves.
    pub fn advance(&self, to: Timestamp) {
        if let Clock::Manual(micros) = self {
            micros.fetch_max(to.as_microsecond(), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn system() -> Timestamp {
    Timestamp::now()
}

/// Time that only runs forward, for measuring how far the wall clock was moved under us.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    /// How long it has run.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

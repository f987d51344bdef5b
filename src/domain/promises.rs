//! Follow-ups as figures count them: who, when and whether it was done, without their words.

use super::interner::Interner;
use super::{Day, Period};

/// A promised contact. Compact: there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// Who promised it, see [`Promises::rep`].
    pub rep: u32,
    /// When it is due, in the report's zone.
    pub due: Day,
    /// When it was done, if it was by the as-of instant.
    pub done: Option<Day>,
}

impl Promise {
    /// Whether it fell due in a period, as of `today`: its day is over.
    pub fn fell_due_in(&self, period: &Period, today: Day) -> bool {
        period.contains(self.due) && self.due < today
    }

    /// Whether it was done on or before the day.
    pub fn is_in_time(&self) -> bool {
        self.done.is_some_and(|done| done <= self.due)
    }
}

/// Promised contacts, in store order.
#[derive(Debug, Clone, Default)]
pub struct Promises {
    /// All of them.
    pub rows: Vec<Promise>,
    reps: Interner<Option<String>>,
}

impl Promises {
    /// The number of a rep who is new or known; `None` is one too: nobody said who promised.
    pub fn intern(&mut self, rep: Option<String>) -> u32 {
        self.reps.intern(rep)
    }

    /// The id of the rep who promised it; `None` where the row does not say.
    pub fn rep(&self, promise: &Promise) -> Option<&str> {
        self.reps.values().get(promise.rep as usize)?.as_deref()
    }

    /// Those with some customers.
    pub fn with(&self, are: impl Fn(u32) -> bool) -> impl Iterator<Item = &Promise> {
        self.rows.iter().filter(move |promise| are(promise.customer))
    }
}

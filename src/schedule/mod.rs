//! When things are due: cron as a value, the occurrences since the last planned one, and what becomes
//! of those that come late. Pure: every instant is an argument.

pub mod cron;
pub mod occurrence;

pub use cron::{Cron, CronProblem};
pub use occurrence::{Misfire, Missed, Schedule, Verdict};

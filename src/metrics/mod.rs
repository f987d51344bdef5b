//! The figures: pure functions of facts, settings and a period.
//!
//! Everything starts from the [`panel::Panel`]: the summaries that were read of each customer, and who of
//! them is looked at. [`sweep`] asks all of them about all periods in one pass; the other figures are
//! questions to the same summaries.

pub mod activity;
pub mod churn;
pub mod definition;
pub mod panel;
mod parallel;
pub mod revenue;
pub mod segment;
pub mod sweep;
pub mod value;

pub use activity::Activity;
pub use churn::Counts;
pub use definition::{Band, Basis, Definition, PeriodChoice, Settings};
pub use panel::Panel;
pub use revenue::Movements;
pub use segment::{Groups, Split};
pub use sweep::{Slice, Swept};

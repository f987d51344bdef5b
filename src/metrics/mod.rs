//! The figures: pure functions of facts, settings and a period.
//!
//! Everything starts from the [`panel::Panel`]: the summaries that were read of each customer, and who of
//! them is looked at. [`sweep`] asks all of them about all periods in one pass; the other figures are
//! questions to the same summaries. [`metric`] names each headline figure and tells any of them.

pub mod activity;
pub mod care;
pub mod churn;
pub mod cohort;
pub mod definition;
pub mod first;
pub mod forecast;
pub mod funnel;
pub mod grid;
pub mod metric;
pub mod panel;
pub mod parts;
pub mod predict;
pub mod revenue;
pub mod rfm;
pub mod risk;
pub mod segment;
pub mod survival;
pub mod sweep;
pub mod value;

pub use activity::Activity;
pub use churn::Counts;
pub use definition::{Band, Basis, Definition, PeriodChoice, Settings};
pub use grid::Grid;
pub use metric::Metric;
pub use metric::reading::{Measured, Reading, Readings};
pub use panel::Panel;
pub use revenue::Movements;
pub use segment::{Groups, Split};
pub use sweep::{Slice, Swept};

//! The figures: pure functions of facts, settings and a period.
//!
//! Everything starts from the [`panel::Panel`]: one pass over the facts gives each customer a summary
//! (when they were active, what they spent), and every figure is a question to those summaries.

pub mod activity;
pub mod churn;
pub mod definition;
pub mod panel;
pub mod revenue;
pub mod segment;
pub mod value;

pub use activity::Activity;
pub use churn::Counts;
pub use definition::{Band, Basis, Definition, PeriodChoice, Settings};
pub use panel::Panel;
pub use revenue::Movements;
pub use segment::Split;

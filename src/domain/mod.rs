//! The nouns: what a shop's rows mean once they are read, and the small arithmetic they need.
//!
//! Nothing here reads a file, a clock or a socket. A value of these types cannot be wrong: what could
//! not be read is a [`facts::Rejected`] instead.

pub mod customer;
pub mod day;
pub mod facts;
pub mod money;
pub mod period;
pub mod ratio;
pub mod recipient;
pub mod text;

pub use customer::{Customer, FollowUp, Rep, Subscription, Transaction};
pub use day::{Day, When};
pub use facts::{Facts, Rejected};
pub use money::{Currency, Money};
pub use period::{Period, PeriodKind};
pub use ratio::Ratio;
pub use recipient::Recipient;

//! The nouns: what a shop's rows mean once they are read, and the small arithmetic they need.
//!
//! Nothing here reads a file, a clock or a socket. A value of these types cannot be wrong: what could
//! not be read is a [`facts::Rejected`] instead.

pub mod act;
pub mod customer;
pub mod customers;
pub mod day;
pub mod facts;
pub mod flaw;
pub mod grouped;
mod interner;
pub mod matter;
pub mod money;
pub mod parallel;
mod people;
pub mod period;
pub mod promises;
pub mod published;
pub mod purchases;
pub mod ratio;
pub mod recipient;
mod rows;
pub mod sketch;
mod span;
pub mod text;
pub mod watched;
pub mod words;
pub mod yearly;

pub use act::{Act, Acted, Colleague, EntryId, Reason, Told};
pub use customer::{Contract, Customer, FollowUp, Rep, Subscription, Transaction};
pub use customers::{Customers, Profile};
pub use day::{Day, When};
pub use facts::{Facts, Rejected};
pub use flaw::{Flaw, Wrong};
pub use grouped::Grouped;
pub use matter::{Look, Matters};
pub use money::{Currency, Money, Rates};
pub use people::{People, Person};
pub use period::{Period, PeriodKind};
pub use promises::Promises;
pub use published::Published;
pub use purchases::{Asked, Purchases};
pub use ratio::Ratio;
pub use recipient::Recipient;
pub use rows::Rows;
pub use sketch::Sketch;
pub use span::Span;
pub use yearly::Yearly;

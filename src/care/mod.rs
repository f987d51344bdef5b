//! Who is owed what: one file a kind of reminder, and the digest that gathers them per recipient.
//!
//! A [`Rule`] finds [`Case`]s; [`staff`] says whom each is told; [`digest`] makes one message of all that a
//! recipient is told at once. What was told, done or put off before is in the [`History`].

pub mod act;
pub mod appointments;
pub mod candidates;
pub mod case;
mod complaint;
pub mod contact_gap;
mod dates;
pub mod digest;
mod follow_up;
pub mod greeted;
mod handover;
pub mod history;
mod renewal;
pub mod risk;
pub mod rule;
pub mod signal;
pub mod staff;
pub mod team;
pub mod watch;
mod win_back;

pub use case::{About, Case};
pub use history::History;
pub use rule::Rule;
pub use staff::Staff;

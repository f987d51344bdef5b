//! retaind keeps a business in touch with its customers.
//!
//! The crate reads from the inside out. What is true of a shop and its time: [`domain`], [`schedule`].

pub mod domain;
pub mod metrics;
pub mod outbox;
pub mod schedule;

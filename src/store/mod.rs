//! The customer store, which we only read.
//!
//! [`relation`] says what the eleven relations are, [`mapping`] turns configuration into queries,
//! [`sqlite`] opens, [`snapshot`] reads at one moment. [`decode`] turns a value into a fact or a reason why
//! not; what comes by the million has a file of its own ([`customers`], [`contracts`], [`transactions`],
//! [`contacts`]) and is read on several threads ([`pass`]), straight from the file's pages where that can be
//! done ([`pages`]).

mod advice;
mod as_stored;
mod candidates;
mod conditions;
mod contacts;
mod contracts;
mod currency;
mod customers;
mod cut;
mod days;
pub mod decode;
mod due;
mod errands;
mod error;
mod follow_ups;
mod held;
pub mod mapping;
mod matters;
mod moments;
mod pages;
mod pass;
mod people;
mod plan;
pub mod relation;
mod repeats;
mod rows;
pub mod snapshot;
pub mod sqlite;
mod transactions;
pub mod watch;
mod year_days;

pub use advice::Advice;
pub use error::StoreError;
pub use mapping::{Mapping, Source};
pub use relation::Relation;
pub use snapshot::Snapshot;
pub use sqlite::SqliteStore;
pub use watch::{Watch, Watcher};

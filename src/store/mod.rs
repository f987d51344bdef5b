//! The customer store, which we only read.
//!
//! [`relation`] says what the eleven relations are, [`mapping`] turns configuration into queries,
//! [`sqlite`] opens and reads, [`decode`] turns a row into a fact or a reason why not.

pub mod decode;
pub mod mapping;
pub mod relation;
mod rows;
pub mod sqlite;

pub use mapping::{Mapping, Source};
pub use relation::Relation;
pub use sqlite::{SqliteStore, StoreError};

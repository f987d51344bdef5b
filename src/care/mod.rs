//! Who is owed what: one file a reminder kind, and the digest that gathers them per recipient.

pub mod act;
pub mod digest;
pub mod follow_up;

pub use digest::{Entry, by_rep};

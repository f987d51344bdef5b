//! Who is owed what: one file a reminder kind, the digest that gathers them per recipient, and when a watched
//! figure is news.

pub mod digest;
pub mod follow_up;
pub mod watch;

pub use digest::{Entry, by_rep};

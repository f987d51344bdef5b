//! Somebody who hears how far a read has come.

use std::fmt::Debug;
use std::sync::Arc;

/// Hears how far a read has come.
pub trait Watch: Debug + Send + Sync {
    /// So many rows of a relation were read, of about so many where that is known.
    fn read(&self, relation: &'static str, rows: u64, of: Option<u64>);

    /// All that is wanted was read.
    fn done(&self);
}

/// Whoever watches, if anybody does.
pub type Watcher = Option<Arc<dyn Watch>>;

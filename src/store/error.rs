//! Why a store cannot be read.

/// Customers that fit: their indexes are 32 bits wide, and their summaries must fit in memory.
pub(super) const CUSTOMERS_MAX: usize = 20_000_000;

/// Why the store cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("store `{path}` cannot be opened: {source}{hint}")]
    Open {
        /// The file.
        path: String,
        /// SQLite's words.
        source: rusqlite::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A relation's query fails.
    #[error("`{relation}` cannot be read: {source}")]
    Read {
        /// The relation.
        relation: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// A relation's query is not a single reading statement.
    #[error("`{relation}`: the query must be one statement that only reads")]
    NotAQuery {
        /// The relation.
        relation: &'static str,
    },
    /// A relation's query does not give a needed column.
    #[error("`{relation}`: the query gives no column `{column}` (it gives: {given})")]
    NoColumn {
        /// The relation.
        relation: &'static str,
        /// What is missing.
        column: &'static str,
        /// What is there.
        given: String,
    },
    /// Ids come more than once: the mapping multiplies rows, and every figure would be wrong.
    #[error(
        "`{relation}`: {count} ids come more than once (such as {example}); a join in the query multiplies rows"
    )]
    Repeated {
        /// The relation.
        relation: &'static str,
        /// How many.
        count: usize,
        /// One of them.
        example: String,
    },
    /// More customers than fit.
    #[error("more than {CUSTOMERS_MAX} customers; split the shop into several stores")]
    TooMany,
}

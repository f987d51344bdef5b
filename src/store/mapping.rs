//! From configuration to one query a relation: which columns it yields, under which names.

use super::relation::{ALL, Relation};

/// Where a relation's rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A table or view that has our columns by our names.
    Table(String),
    /// Any single reading statement that yields them.
    Query(String),
}

/// The relations of a store and where each comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    sources: Vec<(Relation, Source)>,
}

impl Mapping {
    /// Our own schema: each relation in a table of its name.
    pub fn own() -> Mapping {
        Mapping { sources: ALL.iter().map(|r| (*r, Source::Table(r.name.to_owned()))).collect() }
    }

    /// A mapping of the given sources only.
    pub fn of(sources: Vec<(Relation, Source)>) -> Mapping {
        Mapping { sources }
    }

    /// Where a relation comes from; `None` when the shop does not have it.
    pub fn source(&self, relation: Relation) -> Option<&Source> {
        self.sources.iter().find(|(known, _)| *known == relation).map(|(_, source)| source)
    }

    /// Each mapped relation.
    pub fn relations(&self) -> impl Iterator<Item = (Relation, &Source)> {
        self.sources.iter().map(|(relation, source)| (*relation, source))
    }
}

impl Source {
    /// The statement that yields all its columns. A query is used as written, so that its own CTEs and
    /// limits stay whole.
    pub fn statement(&self) -> String {
        match self {
            Source::Table(table) => format!("SELECT * FROM {}", quote(table)),
            Source::Query(query) => query.trim().trim_end_matches(';').to_owned(),
        }
    }
}

/// A column name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A pragma that asks of a table or an index: the schema comes before the pragma, not before the name.
pub(super) fn pragma(pragma: &str, of: &str) -> String {
    match of.rsplit_once('.') {
        Some((schema, name)) => format!("PRAGMA {}.{pragma}({})", quote(schema), quoted(name)),
        None => format!("PRAGMA {pragma}({})", quoted(of)),
    }
}

/// A table name as SQL writes it; `schema.table` is quoted part by part.
pub(super) fn quote(name: &str) -> String {
    name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_are_quoted_by_us() {
        assert_eq!(Source::Table("main.Order".into()).statement(), "SELECT * FROM \"main\".\"Order\"");
        assert_eq!(Source::Table("a\" ; drop".into()).statement(), "SELECT * FROM \"a\"\" ; drop\"");
    }
}

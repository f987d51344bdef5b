//! The eleven relations: their columns, which of them must be there, and what is off without them.

/// A relation of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// Its name in the configuration and in our own schema.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// What is off without it, for `retaind check`.
    pub feeds: &'static str,
}

/// A column of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type in our own schema.
    pub sql: &'static str,
    /// Whether a mapping must give it.
    pub required: bool,
}

const fn must(name: &'static str, sql: &'static str) -> Column {
    Column { name, sql, required: true }
}

const fn may(name: &'static str, sql: &'static str) -> Column {
    Column { name, sql, required: false }
}

macro_rules! relations {
    ($($constant:ident $name:literal feeds $feeds:literal [$($kind:ident $column:literal $sql:literal),* $(,)?])*) => {
        $(
            #[doc = concat!("The `", $name, "` relation.")]
            pub const $constant: Relation =
                Relation { name: $name, columns: &[$($kind($column, $sql)),*], feeds: $feeds };
        )*
        /// All of them; `customers` first.
        pub const ALL: &[Relation] = &[$($constant),*];
    };
}

relations! {
    CUSTOMERS "customers" feeds "everything" [
        must "id" "TEXT PRIMARY KEY", must "name" "TEXT NOT NULL", may "email" "TEXT", may "phone" "TEXT",
        may "address" "TEXT", may "segment" "TEXT", may "plan" "TEXT", may "region" "TEXT", may "tier" "TEXT",
        may "tags" "TEXT", may "owner_id" "TEXT", may "since" "TEXT", may "birthday" "TEXT",
        may "language" "TEXT", may "time_zone" "TEXT", may "consent" "INTEGER", may "referred_by" "TEXT",
    ]
    SUBSCRIPTIONS "subscriptions" feeds "churn on the contract basis, MRR, revenue churn" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", may "plan" "TEXT",
        must "mrr_minor" "INTEGER NOT NULL", may "currency" "TEXT", must "starts_on" "TEXT NOT NULL",
        may "ends_on" "TEXT", may "renews_on" "TEXT", may "cancel_kind" "TEXT", may "cancel_reason" "TEXT",
    ]
    TRANSACTIONS "transactions" feeds "churn on the inactivity basis, lifetime value" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", must "at" "TEXT NOT NULL",
        must "amount_minor" "INTEGER NOT NULL", may "currency" "TEXT", may "cost_minor" "INTEGER",
    ]
    INTERACTIONS "interactions" feeds "last contact in digests, contact gaps" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", may "rep_id" "TEXT",
        must "at" "TEXT NOT NULL", must "kind" "TEXT NOT NULL", may "note" "TEXT",
    ]
    FOLLOW_UPS "follow_ups" feeds "reps' digests of follow-ups" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", may "rep_id" "TEXT",
        must "due_at" "TEXT NOT NULL", may "done_at" "TEXT", may "subject" "TEXT", may "note" "TEXT",
        may "priority" "TEXT",
    ]
    COMPLAINTS "complaints" feeds "complaint rates and reminders" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", must "opened_at" "TEXT NOT NULL",
        may "first_reply_at" "TEXT", may "resolved_at" "TEXT", may "contacts" "INTEGER", may "category" "TEXT",
    ]
    LEADS "leads" feeds "conversion rates" [
        must "id" "TEXT PRIMARY KEY", must "created_at" "TEXT NOT NULL", may "source" "TEXT",
        may "converted_at" "TEXT", may "customer_id" "TEXT",
    ]
    REPS "reps" feeds "owners' names in reports, reps' digests" [
        must "id" "TEXT PRIMARY KEY", must "name" "TEXT NOT NULL", may "email" "TEXT", may "chat" "TEXT",
        may "manager_id" "TEXT", may "time_zone" "TEXT", may "language" "TEXT",
        may "active" "INTEGER NOT NULL DEFAULT 1",
    ]
    IMPORTANT_DATES "important_dates" feeds "important-date reminders" [
        must "customer_id" "TEXT NOT NULL", must "label" "TEXT NOT NULL", must "date" "TEXT NOT NULL",
        must "yearly" "INTEGER NOT NULL",
    ]
    SIGNALS "signals" feeds "signal reminders" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", must "at" "TEXT NOT NULL",
        must "kind" "TEXT NOT NULL", may "value" "TEXT", may "note" "TEXT",
    ]
    SURVEYS "surveys" feeds "NPS" [
        must "id" "TEXT PRIMARY KEY", must "customer_id" "TEXT NOT NULL", must "at" "TEXT NOT NULL",
        must "score" "INTEGER NOT NULL",
    ]
}

impl Relation {
    /// The column that says how late its last row is, where there is one.
    pub fn dated(&self) -> Option<&'static str> {
        let dated = ["at", "created_at", "opened_at", "due_at", "starts_on"];
        dated.into_iter().find(|name| self.columns.iter().any(|column| column.name == *name))
    }
}

/// The relation of a name.
pub fn named(name: &str) -> Option<Relation> {
    ALL.iter().copied().find(|relation| relation.name == name)
}

/// The statements that make our own schema, as `retaind init` does.
pub fn schema() -> String {
    use std::fmt::Write as _;
    let mut sql = String::new();
    for relation in ALL {
        let columns: Vec<String> =
            relation.columns.iter().map(|c| format!("  {} {}", c.name, c.sql)).collect();
        let _ = writeln!(sql, "CREATE TABLE {} (\n{}\n);", relation.name, columns.join(",\n"));
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_eleven_and_customers_lead() {
        assert_eq!(ALL.len(), 11);
        assert_eq!(ALL[0], CUSTOMERS);
        assert_eq!(named("leads"), Some(LEADS));
        assert_eq!(named("users"), None);
    }
}

//! One row becomes one fact, or a reason why not. SQLite stores any value in any column, so each value
//! is read by the rules of its column, never trusted and never coerced.

use rusqlite::types::ValueRef;

use super::pages::Values;
use crate::domain::day::{DateError, read_seconds, read_when};
use crate::domain::facts::{Fault, Lens, Rejected};
use crate::domain::{Day, Flaw, When, Wrong, text};

/// The values of a row, by their places in the statement that asks for them.
#[derive(Clone, Copy)]
pub enum Cells<'r, 'stmt> {
    /// As SQLite gives them out.
    Row(&'r rusqlite::Row<'stmt>),
    /// As they were read from its page.
    Page(&'r Values<'r>),
}

impl<'r> Cells<'r, '_> {
    /// The value at a place; nothing where there is none.
    #[inline]
    pub fn get(self, place: Option<usize>) -> ValueRef<'r> {
        let value = place.and_then(|place| match self {
            Cells::Row(row) => row.get_ref(place).ok(),
            Cells::Page(values) => values.get(place),
        });
        value.unwrap_or(ValueRef::Null)
    }
}

/// A row of a relation with its columns found by name.
pub struct RowView<'r, 'stmt> {
    /// The row.
    pub row: Cells<'r, 'stmt>,
    /// What it has in common with the others.
    pub of: &'r Frame<'r>,
}

/// What is the same for all rows of a relation.
pub struct Frame<'r> {
    /// For each column of the relation, its place in the statement.
    pub places: &'r [Option<usize>],
    /// The relation.
    pub relation: super::Relation,
    /// How dates and money are meant.
    pub lens: &'r Lens,
    /// The zone of timestamps without an offset.
    pub store_zone: &'r jiff::tz::TimeZone,
}

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// The class of the fault.
    pub fault: Fault,
    /// The column and what is wrong with its value.
    pub flaw: Flaw,
    /// What else is wrong with the row.
    pub also: Option<Box<Bad>>,
}

impl Bad {
    /// Of a column whose `value` (empty for what cannot be shown) is wrong.
    pub fn of(fault: Fault, column: &str, what: Wrong, value: &str) -> Bad {
        let flaw = Flaw { column: column.to_owned(), what, value: text::excerpt(value, 40) };
        Bad { fault, flaw, also: None }
    }

    /// It and all else that is wrong with the row.
    pub(super) fn each(self) -> impl Iterator<Item = Bad> {
        let mut next = Some(Box::new(self));
        std::iter::from_fn(move || {
            let mut bad = *next.take()?;
            next = bad.also.take();
            Some(bad)
        })
    }
}

/// A value that is not of its column's type.
pub fn bad(column: &str, what: Wrong, value: &str) -> Bad {
    Bad::of(Fault::Unreadable, column, what, value)
}

/// A value that must be there and is not.
pub fn missing(column: &str) -> Bad {
    Bad::of(Fault::Missing, column, Wrong::Missing, "")
}

/// Text as the shop wrote it; numbers in decimal; empty is nothing.
pub fn text_of(value: ValueRef<'_>, column: &str) -> Result<Option<String>, Bad> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(n) => Ok(Some(n.to_string())),
        ValueRef::Real(x) if x.fract() == 0.0 && x.abs() < 9e15 => Ok(Some(format!("{x:.0}"))),
        ValueRef::Real(x) => Ok(Some(x.to_string())),
        ValueRef::Text(bytes) => {
            let clean = text::clean(&String::from_utf8_lossy(bytes));
            Ok((!clean.is_empty()).then_some(clean))
        }
        ValueRef::Blob(_) => Err(bad(column, Wrong::NotText, "")),
    }
}

/// A whole number; text is read when it is one, a real only when it is whole.
#[inline]
pub fn integer_of(value: ValueRef<'_>, column: &str) -> Result<Option<i64>, Bad> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(n) => Ok(Some(n)),
        ValueRef::Real(x) if x.fract() == 0.0 && x.abs() < 9e15 => Ok(Some(x as i64)),
        ValueRef::Real(x) => Err(bad(column, Wrong::NotWhole, &x.to_string())),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let number = text.trim().parse().map(Some);
            number.map_err(|_| bad(column, Wrong::NotWhole, &text))
        }
        ValueRef::Blob(_) => Err(bad(column, Wrong::NotANumber, "")),
    }
}

/// Amounts beyond this are a slip of the keyboard, and sums of them would not fit.
const AMOUNT_MAX: u64 = 1_000_000_000_000_000;

/// An amount in minor units.
#[inline]
pub fn amount_of(value: ValueRef<'_>, column: &str) -> Result<Option<i64>, Bad> {
    let amount = integer_of(value, column)?;
    match amount.filter(|n| n.unsigned_abs() > AMOUNT_MAX) {
        Some(n) => Err(bad(column, Wrong::OutOfRange, &n.to_string())),
        None => Ok(amount),
    }
}

/// A date or a timestamp: ISO 8601 text, or Unix seconds. Without an offset it is in `zone`.
pub fn when_of(value: ValueRef<'_>, column: &str, zone: &jiff::tz::TimeZone) -> Result<Option<When>, Bad> {
    let read = match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if text.trim().is_empty() => return Ok(None),
            Ok(text) => read_when(text, zone),
            Err(_) => Err(DateError::Form(String::new())),
        },
        ValueRef::Integer(seconds) => read_seconds(seconds, zone),
        ValueRef::Real(x) if x.is_finite() && x.abs() < 9e15 => read_seconds(x as i64, zone),
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(DateError::Form(String::new())),
    };
    read.map(Some).map_err(|e| {
        let (DateError::Form(value) | DateError::Range(value)) = &e;
        bad(column, Wrong::from(&e), value)
    })
}

impl RowView<'_, '_> {
    /// A value as it is stored.
    pub(super) fn raw(&self, column: &str) -> ValueRef<'_> {
        let at = self.of.relation.columns.iter().position(|c| c.name == column);
        self.row.get(at.and_then(|at| self.of.places.get(at).copied().flatten()))
    }

    /// Text as the shop wrote it; numbers in decimal; empty is nothing.
    pub fn text(&self, column: &str) -> Result<Option<String>, Bad> {
        text_of(self.raw(column), column)
    }

    /// Text that must be there.
    pub fn required_text(&self, column: &str) -> Result<String, Bad> {
        self.text(column)?.ok_or_else(|| missing(column))
    }

    /// A whole number; text is read when it is one, a real only when it is whole.
    pub fn integer(&self, column: &str) -> Result<Option<i64>, Bad> {
        integer_of(self.raw(column), column)
    }

    /// A whole number that must be there.
    pub fn required_integer(&self, column: &str) -> Result<i64, Bad> {
        self.integer(column)?.ok_or_else(|| missing(column))
    }

    /// A date or a timestamp: ISO 8601 text, or Unix seconds.
    pub fn when(&self, column: &str) -> Result<Option<When>, Bad> {
        when_of(self.raw(column), column, self.of.store_zone)
    }

    /// A date or timestamp that must be there.
    pub fn required_when(&self, column: &str) -> Result<When, Bad> {
        self.when(column)?.ok_or_else(|| missing(column))
    }

    /// A civil day. A timestamp's day is that of the store's zone for contracts: the shop's own calendar.
    pub fn day(&self, column: &str) -> Result<Option<Day>, Bad> {
        Ok(self.when(column)?.map(|when| when.day(self.of.store_zone)))
    }

    /// A civil day that must be there.
    pub fn required_day(&self, column: &str) -> Result<Day, Bad> {
        self.day(column)?.ok_or_else(|| missing(column))
    }

    /// Yes or no: 0 and 1, or the usual words; empty is `default`.
    pub fn boolean(&self, column: &str, default: bool) -> Result<bool, Bad> {
        match self.raw(column) {
            ValueRef::Null => Ok(default),
            ValueRef::Integer(0) => Ok(false),
            ValueRef::Integer(1) => Ok(true),
            ValueRef::Text(bytes) => match String::from_utf8_lossy(bytes).trim().to_lowercase().as_str() {
                "" => Ok(default),
                "1" | "true" | "t" | "yes" | "y" => Ok(true),
                "0" | "false" | "f" | "no" | "n" => Ok(false),
                other => Err(bad(column, Wrong::NotYesOrNo, other)),
            },
            _ => Err(bad(column, Wrong::NotYesOrNo, "")),
        }
    }

    /// The customer the row is of.
    pub fn customer(&self, customers: &crate::domain::Customers) -> Result<u32, Bad> {
        super::contracts::customer_of(self.raw("customer_id"), customers)
    }

    /// Gives `take` an id; nothing where there is none.
    pub(super) fn key<T>(
        &self,
        column: &str,
        take: impl FnOnce(crate::domain::customers::Key<'_>) -> T,
    ) -> Result<Option<T>, Bad> {
        super::customers::with_key(self.raw(column), column, take)
    }

    /// The hash of the row's id, where it has one: rows without are no repeats of each other.
    pub(super) fn id_hash(&self) -> Option<u64> {
        self.text("id").ok().flatten().map(|id| super::repeats::hash(id.as_bytes()))
    }

    /// The row's id as far as it can be read.
    pub fn id_or_unknown(&self) -> String {
        let id = self.text("id").ok().flatten();
        id.or_else(|| self.text("customer_id").ok().flatten()).unwrap_or_else(|| "(no id)".to_owned())
    }

    /// A rejection of this row.
    pub fn rejected(&self, bad: Bad) -> Rejected {
        Rejected {
            relation: self.of.relation.name,
            id: self.id_or_unknown(),
            flaw: bad.flaw,
            fault: bad.fault,
        }
    }
}

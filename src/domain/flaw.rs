//! What is wrong with a row that could not become a fact: in English where ops read it, by its name where
//! a reader does.

use std::fmt;

use super::day::DateError;

/// A value that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The column.
    pub column: String,
    /// What is wrong.
    pub what: Wrong,
    /// The value as far as it can be shown; empty for none.
    pub value: String,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It must be there and is not.
    Missing,
    /// A blob where text belongs.
    NotText,
    /// A blob where a number belongs.
    NotANumber,
    /// Not a whole number.
    NotWhole,
    /// Beyond what an amount can be.
    OutOfRange,
    /// Neither ISO 8601 nor Unix seconds.
    NotADate,
    /// A date in a year that is a slip of the keyboard.
    YearOutOfRange,
    /// Neither yes nor no.
    NotYesOrNo,
    /// No code of ISO 4217.
    NotACurrency,
    /// A day that is neither of every year nor of one.
    NeitherYearlyNorOfAYear,
    /// An answer of a survey that is not from 0 to 10.
    NotAScore,
    /// A customer that the store does not have.
    NoCustomer,
    /// After the as-of instant.
    Later,
    /// In another currency than the report's.
    OtherCurrency,
}

impl Wrong {
    /// All of them, with their names: the last part of their words' keys.
    pub const ALL: [(&'static str, Wrong); 14] = [
        ("missing", Wrong::Missing),
        ("not_text", Wrong::NotText),
        ("not_a_number", Wrong::NotANumber),
        ("not_whole", Wrong::NotWhole),
        ("out_of_range", Wrong::OutOfRange),
        ("not_a_date", Wrong::NotADate),
        ("year_out_of_range", Wrong::YearOutOfRange),
        ("not_yes_or_no", Wrong::NotYesOrNo),
        ("not_a_currency", Wrong::NotACurrency),
        ("neither_yearly_nor_of_a_year", Wrong::NeitherYearlyNorOfAYear),
        ("not_a_score", Wrong::NotAScore),
        ("no_customer", Wrong::NoCustomer),
        ("later", Wrong::Later),
        ("other_currency", Wrong::OtherCurrency),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Wrong::ALL.iter().find(|(_, wrong)| *wrong == self).map_or("", |(name, _)| name)
    }

    fn in_english(self) -> &'static str {
        match self {
            Wrong::Missing => "missing",
            Wrong::NotText => "a blob where text belongs",
            Wrong::NotANumber => "a blob where a number belongs",
            Wrong::NotWhole => "not a whole number",
            Wrong::OutOfRange => "out of range",
            Wrong::NotADate => "not a date",
            Wrong::YearOutOfRange => "year not from 1900 to 2200",
            Wrong::NotYesOrNo => "neither yes nor no",
            Wrong::NotACurrency => "not a currency",
            Wrong::NeitherYearlyNorOfAYear => "neither yearly nor with a year",
            Wrong::NotAScore => "not from 0 to 10",
            Wrong::NoCustomer => "no such customer",
            Wrong::Later => "dated after the as-of instant",
            Wrong::OtherCurrency => "in another currency than the report's",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.column, self.what.in_english())?;
        if self.value.is_empty() { Ok(()) } else { write!(f, ": `{}`", self.value) }
    }
}

impl From<&DateError> for Wrong {
    fn from(error: &DateError) -> Wrong {
        match error {
            DateError::Form(_) => Wrong::NotADate,
            DateError::Range(_) => Wrong::YearOutOfRange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_read_the_column_the_fault_and_the_value() {
        let flaw = |what, value: &str| Flaw { column: "mrr_minor".into(), what, value: value.into() };
        assert_eq!(flaw(Wrong::NotWhole, "n/a").to_string(), "mrr_minor: not a whole number: `n/a`");
        assert_eq!(flaw(Wrong::Missing, "").to_string(), "mrr_minor: missing");
        for (name, wrong) in Wrong::ALL {
            assert_eq!(wrong.name(), name);
        }
    }
}

//! Amounts in the report's currency: as they are, by a rate, or not at all. Two currencies are never added.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::decode::{Bad, bad, text_of};
use crate::domain::facts::{Fault, Foreign, Lens};
use crate::domain::{Currency, Day, Wrong};

/// Reads amounts as a lens sees them, and remembers what was in other currencies.
pub(super) struct Amounts<'a> {
    lens: &'a Lens,
    /// The report's currency.
    own: [u8; 3],
    /// Whether rows in other currencies are none of ours.
    is_alone: bool,
    /// What rows are in that name none, where that is another one.
    unnamed: Option<Currency>,
    /// By currency code.
    pub(super) foreign: BTreeMap<String, Foreign>,
}

impl<'a> Amounts<'a> {
    pub(super) fn new(lens: &'a Lens) -> Amounts<'a> {
        let (unnamed, own) = (lens.rates.unnamed(), lens.currency.letters());
        let is_alone = unnamed.is_some();
        let unnamed = unnamed.filter(|unnamed| *unnamed != lens.currency);
        Amounts { lens, own, is_alone, unnamed, foreign: BTreeMap::new() }
    }

    /// Whether an amount needs no rate: its currency is the report's, or none is named.
    #[inline]
    pub(super) fn is_own(&self, currency: ValueRef<'_>) -> bool {
        match currency {
            ValueRef::Null => self.unnamed.is_none(),
            ValueRef::Text(code) => {
                code.first_chunk() == Some(&self.own) && code.len() == 3
                    || code.eq_ignore_ascii_case(&self.own)
            }
            _ => false,
        }
    }

    /// `minor` units of what `currency` says, in the report's currency at the rate of `day`; `None` for
    /// another one without a rate. How much that is in all is told of what is `summed`.
    pub(super) fn read(
        &mut self,
        currency: ValueRef<'_>,
        minor: i64,
        day: Day,
        summed: bool,
    ) -> Result<Option<i64>, Bad> {
        if self.is_own(currency) {
            return Ok(Some(minor));
        }
        let named = text_of(currency, "currency")?.map(|code| code.to_ascii_uppercase());
        let Some(code) = named.or_else(|| self.unnamed.map(|unnamed| unnamed.code().to_owned())) else {
            return Ok(Some(minor));
        };
        if code.as_bytes() == self.own {
            return Ok(Some(minor));
        }
        if Currency::from_code(&code).is_none() {
            return Err(bad("currency", Wrong::NotACurrency, &code));
        }
        let converted = self.lens.rates.convert(minor, &code, day, self.lens.currency);
        let foreign = self.foreign.entry(code).or_default();
        if converted.is_some() {
            foreign.converted += 1;
        } else if summed {
            foreign.left_out += 1;
            foreign.left_out_minor += i128::from(minor);
        }
        Ok(converted)
    }
}

impl Amounts<'_> {
    /// What goes with an amount, and is in its currency: 0 without a rate. Noted is only the amount.
    pub(super) fn convert(&self, currency: ValueRef<'_>, minor: i64, day: Day) -> i64 {
        let unnamed = if self.unnamed.is_none() { minor } else { 0 };
        let ValueRef::Text(code) = currency else { return unnamed };
        let code = String::from_utf8_lossy(code).trim().to_ascii_uppercase();
        if code.is_empty() {
            return unnamed;
        }
        if code.as_bytes() == self.own {
            return minor;
        }
        self.lens.rates.convert(minor, &code, day, self.lens.currency).unwrap_or(0)
    }

    /// Whether a row whose amount has no rate is none of ours, because one currency is told alone; else it counts as what
    /// it is, and only its money does not.
    pub(super) fn are_alone(&self) -> bool {
        self.is_alone
    }
}

/// A row whose amount is in a currency without a rate.
pub(super) fn other() -> Bad {
    Bad::of(Fault::OtherCurrency, "currency", Wrong::OtherCurrency, "")
}

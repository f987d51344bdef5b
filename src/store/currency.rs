//! Amounts in the report's currency: as they are, by a rate, or not at all. Two currencies are never added.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::decode::{Bad, bad, text_of};
use crate::domain::facts::{Fault, Foreign, Lens};
use crate::domain::{Currency, Day};

/// Reads amounts as a lens sees them, and remembers what was in other currencies.
pub(super) struct Amounts<'a> {
    lens: &'a Lens,
    /// By currency code.
    pub(super) foreign: BTreeMap<String, Foreign>,
}

impl<'a> Amounts<'a> {
    pub(super) fn new(lens: &'a Lens) -> Amounts<'a> {
        Amounts { lens, foreign: BTreeMap::new() }
    }

    /// `minor` units of what `currency` says, in the report's currency at the rate of `day`; `None` for
    /// another one without a rate. A row that names no currency is in the report's.
    pub(super) fn read(&mut self, currency: ValueRef<'_>, minor: i64, day: Day) -> Result<Option<i64>, Bad> {
        let own = self.lens.currency.code();
        match currency {
            ValueRef::Null => return Ok(Some(minor)),
            ValueRef::Text(code) if code.eq_ignore_ascii_case(own.as_bytes()) => return Ok(Some(minor)),
            _ => {}
        }
        let Some(code) = text_of(currency, "currency")?.map(|code| code.to_ascii_uppercase()) else {
            return Ok(Some(minor));
        };
        if code == own {
            return Ok(Some(minor));
        }
        if Currency::from_code(&code).is_none() {
            return Err(bad(
                "currency",
                &format!("not a currency: `{}`", crate::domain::text::excerpt(&code, 40)),
            ));
        }
        let converted = self.lens.rates.convert(minor, &code, day, self.lens.currency);
        let foreign = self.foreign.entry(code).or_default();
        if converted.is_some() {
            foreign.converted += 1;
        } else {
            foreign.left_out += 1;
            foreign.left_out_minor += i128::from(minor);
        }
        Ok(converted)
    }
}

/// A row whose amount is in a currency without a rate.
pub(super) fn other() -> Bad {
    Bad { fault: Fault::OtherCurrency, reason: "in another currency than the report's".to_owned() }
}

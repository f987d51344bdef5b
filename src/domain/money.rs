//! Money in whole minor units; never floating point, never two currencies in one sum.

use std::fmt;

/// An ISO 4217 currency and how many decimals its minor unit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

impl Currency {
    /// The currency of an ISO 4217 code such as `BRL`.
    pub fn from_code(code: &str) -> Option<Currency> {
        let known = iso_currency::Currency::from_code(code)?;
        let exponent = u8::try_from(known.exponent()?).ok()?;
        Some(Currency { code: code.as_bytes().try_into().ok()?, exponent })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// Decimals of the minor unit: 2 for cents, 0 for yen.
    pub fn exponent(&self) -> u8 {
        self.exponent
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in minor units of one currency. Wide enough for any sum of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Minor units (cents, kopecks, fen).
    pub minor: i128,
    /// Whose minor units.
    pub currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub fn new(minor: i128, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Whole units of the currency, for drawing only.
    pub fn approximate(&self) -> f64 {
        self.minor as f64 / 10f64.powi(i32::from(self.currency.exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_come_from_the_standard() {
        assert_eq!(Currency::from_code("BRL").unwrap().exponent(), 2);
        assert_eq!(Currency::from_code("JPY").unwrap().exponent(), 0);
        assert_eq!(Currency::from_code("KWD").unwrap().exponent(), 3);
        assert!(Currency::from_code("ABC").is_none());
    }
}

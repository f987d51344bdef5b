//! Money in whole minor units; never floating point, never two currencies in one sum.

use std::collections::BTreeMap;
use std::fmt;

use super::{Day, Ratio};

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

    /// The same as its three letters.
    pub fn letters(&self) -> [u8; 3] {
        self.code
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

/// What amounts are worth in the report's currency: of others, from given days on, so many of its major units for one
/// of theirs; of those that name none, themselves, unless they are in another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates {
    dated: BTreeMap<String, Vec<(Day, Ratio)>>,
    unnamed: Option<Currency>,
}

impl Rates {
    /// None at all: what is told is told of one currency alone. Amounts that name none are in `unnamed`.
    pub fn apart(unnamed: Currency) -> Rates {
        Rates { dated: BTreeMap::new(), unnamed: Some(unnamed) }
    }

    /// What amounts are in that name no currency; `None` for the report's.
    pub fn unnamed(&self) -> Option<Currency> {
        self.unnamed
    }

    /// Says that one unit of `code` is worth `rate` from `day` on, until a later rate.
    pub fn set(&mut self, code: &str, day: Day, rate: Ratio) {
        let dated = self.dated.entry(code.to_ascii_uppercase()).or_default();
        let at = dated.partition_point(|(from, _)| *from <= day);
        dated.insert(at, (day, rate));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.dated.is_empty()
    }

    /// The rate of a currency on a day.
    pub fn latest(&self, code: &str, day: Day) -> Option<Ratio> {
        let dated = self.dated.get(code)?;
        let (_, rate) = dated.get(dated.partition_point(|(from, _)| *from <= day).checked_sub(1)?)?;
        Some(*rate)
    }

    /// `minor` units of `code` in minor units of `into`, at the rate of `day`; half a unit goes up.
    /// `None` where there is no rate for that day.
    pub fn convert(&self, minor: i64, code: &str, day: Day, into: Currency) -> Option<i64> {
        let rate = self.latest(code, day)?;
        let from = Currency::from_code(code)?;
        let power = |exponent: u8| Ratio::whole(10i128.pow(u32::from(exponent)));
        let amount = Ratio::whole(i128::from(minor)).times(rate).times(power(into.exponent()));
        let amount =
            Ratio::of(amount.numerator(), amount.denominator() * power(from.exponent()).numerator())?;
        i64::try_from(amount.rounded()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_from_its_day_until_the_next() {
        let mut rates = Rates::default();
        rates.set("usd", Day(10), Ratio::of(55, 10).unwrap());
        rates.set("USD", Day(20), Ratio::of(5, 1).unwrap());
        rates.set("JPY", Day(0), Ratio::of(37, 1000).unwrap());
        let real = Currency::from_code("BRL").unwrap();
        let convert = |minor, code, day| rates.convert(minor, code, Day(day), real);
        assert_eq!(convert(100, "USD", 9), None);
        assert_eq!(convert(100, "USD", 10), Some(550));
        assert_eq!(convert(101, "USD", 19), Some(556)); // 5.555 goes up
        assert_eq!(convert(-100, "USD", 25), Some(-500));
        assert_eq!(convert(1000, "JPY", 1), Some(3700)); // no minor unit there, two decimals here
        assert_eq!(convert(1000, "EUR", 1), None);
    }

    #[test]
    fn exponents_come_from_the_standard() {
        assert_eq!(Currency::from_code("BRL").unwrap().exponent(), 2);
        assert_eq!(Currency::from_code("JPY").unwrap().exponent(), 0);
        assert_eq!(Currency::from_code("KWD").unwrap().exponent(), 3);
        assert!(Currency::from_code("ABC").is_none());
    }
}

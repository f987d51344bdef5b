//! A language: its words, its numbers, its dates. One file in `locales/` each.

mod dates;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use fixed_decimal::{Decimal, SignDisplay};
use icu_decimal::DecimalFormatter;
use icu_decimal::options::DecimalFormatterOptions;
use icu_locale_core::Locale as IcuLocale;
use icu_plurals::{PluralCategory, PluralRules};
use serde::Deserialize;

use self::dates::Formats;
use crate::document::{Say, Value};
use crate::domain::{Money, Ratio};

/// The locale files, compiled in.
const FILES: &[(&str, &str)] = &[
    ("en", include_str!("../../../locales/en.toml")),
    ("es", include_str!("../../../locales/es.toml")),
    ("pt-BR", include_str!("../../../locales/pt-BR.toml")),
    ("ru", include_str!("../../../locales/ru.toml")),
    ("uk", include_str!("../../../locales/uk.toml")),
    ("zh-CN", include_str!("../../../locales/zh-CN.toml")),
];

/// Joins a number to its unit where a line must not break.
const NBSP: &str = "\u{a0}";

/// A true minus sign, as wide as a plus.
const MINUS: &str = "\u{2212}";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Formats,
    currencies: BTreeMap<String, String>,
    say: BTreeMap<String, Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Pattern {
    One(String),
    Plural(BTreeMap<String, String>),
}

/// A language, ready to speak.
pub struct Locale {
    tag: &'static str,
    file: Arc<File>,
    numbers: DecimalFormatter,
    plurals: PluralRules,
}

/// The tags of the languages we have.
pub fn tags() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(tag, _)| *tag)
}

/// The tag of the language that serves `wanted` best: itself, or one of the same language.
pub fn best(wanted: &str) -> Option<&'static str> {
    let language = |tag: &str| tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
    let exact = tags().find(|tag| tag.eq_ignore_ascii_case(wanted));
    exact.or_else(|| tags().find(|tag| language(tag) == language(wanted)))
}

/// The tag of the language that serves `wanted` best, with the region by whose habits its reader reads numbers
/// where that is not the language's own: `es-MX`, and `pt-BR` for Brazil.
pub fn serving(wanted: &str) -> Option<String> {
    let tag = best(wanted)?;
    let is_region = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let region = wanted.split(['-', '_']).skip(1).find(is_region).map(str::to_ascii_uppercase);
    let (language, own) = tag.split_once('-').unwrap_or((tag, ""));
    Some(match region {
        Some(region) if region != own => format!("{language}-{region}"),
        _ => tag.to_owned(),
    })
}

/// Why a locale file cannot be used. Ours are tested; this is for whoever adds one.
#[derive(Debug, thiserror::Error)]
pub enum LocaleError {
    /// No such language.
    #[error("no words for language `{0}`")]
    Unknown(String),
    /// The file is not right.
    #[error("locale `{tag}`: {reason}")]
    File {
        /// Which.
        tag: &'static str,
        /// Why.
        reason: String,
    },
}

impl Locale {
    /// Loads the language that serves `wanted` best.
    pub fn load(wanted: &str) -> Result<Locale, LocaleError> {
        let unknown = || LocaleError::Unknown(wanted.to_owned());
        let tag = best(wanted).ok_or_else(unknown)?;
        let (tag, text) = FILES.iter().find(|(known, _)| *known == tag).ok_or_else(unknown)?;
        let wrong = |reason: String| LocaleError::File { tag, reason };
        let file: File = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        Locale::of(tag, Arc::new(file), wanted)
    }

    /// The same words with the numbers of the region that `wanted` names.
    pub fn of_region(&self, wanted: &str) -> Result<Locale, LocaleError> {
        Locale::of(self.tag, self.file.clone(), wanted)
    }

    fn of(tag: &'static str, file: Arc<File>, wanted: &str) -> Result<Locale, LocaleError> {
        let wrong = |reason: String| LocaleError::File { tag, reason };
        let named = serving(wanted).unwrap_or_else(|| tag.to_owned());
        let icu: IcuLocale = named.parse().map_err(|_| wrong("not a BCP 47 tag".to_owned()))?;
        let numbers = DecimalFormatter::try_new((&icu).into(), DecimalFormatterOptions::default());
        let plurals = PluralRules::try_new_cardinal((&icu).into());
        Ok(Locale {
            tag,
            file,
            numbers: numbers.map_err(|e| wrong(e.to_string()))?,
            plurals: plurals.map_err(|e| wrong(e.to_string()))?,
        })
    }

    /// BCP 47 tag, for `lang` attributes.
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// The keys it has words for, each with its placeholders: for the test that languages agree.
    pub fn keys(&self) -> BTreeMap<String, Vec<String>> {
        let names = |text: &str| {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(n, _)| n.to_owned())
                .collect();
            names.sort();
            names.dedup();
            names
        };
        let all = |pattern: &Pattern| match pattern {
            Pattern::One(text) => names(text),
            Pattern::Plural(forms) => forms.get("other").map(|text| names(text)).unwrap_or_default(),
        };
        self.file.say.iter().map(|(key, pattern)| (key.clone(), all(pattern))).collect()
    }

    /// A sentence. A missing key is its own text: visible, and caught by a test.
    pub fn say(&self, say: &Say) -> String {
        let Some(pattern) = self.file.say.get(&*say.key) else { return format!("[{}]", say.key) };
        let text = match pattern {
            Pattern::One(text) => text,
            Pattern::Plural(forms) => self.plural(forms, say),
        };
        fill(text, |name| {
            say.args.iter().find(|(known, _)| *known == name).map(|(_, value)| self.value(value))
        })
    }

    /// Words of a key without values.
    pub fn word(&self, key: &str) -> String {
        self.say(&Say::new(key.to_owned()))
    }

    /// Somebody's own words, in the quotes of the language.
    pub fn quoted(&self, text: &str) -> String {
        self.say(&Say::new("quoted").with("text", text))
    }

    fn plural<'f>(&self, forms: &'f BTreeMap<String, String>, say: &Say) -> &'f str {
        let by = say.args.iter().find_map(|(_, value)| match value {
            Value::Count(n) | Value::Signed(n) => Some(n.unsigned_abs() as u64),
            _ => None,
        });
        let category = match self.plurals.category_for(by.unwrap_or(0)) {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        };
        // A language may word "none" on its own, and exactly one where its "one" is also of 21: "tomorrow".
        let own = match by {
            Some(0) => forms.get("none"),
            Some(1) => forms.get("single"),
            _ => None,
        };
        own.or_else(|| forms.get(category)).or_else(|| forms.get("other")).map_or("", String::as_str)
    }

    /// A value as this language writes it.
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Count(n) => self.number(Decimal::from(*n), false),
            Value::Signed(n) => self.number(Decimal::from(*n), true),
            Value::Gain(money) if money.minor > 0 => format!("+{}", self.money(*money)),
            Value::Money(money) | Value::Gain(money) => self.money(*money),
            Value::Rate(ratio) => self.rate(*ratio),
            Value::SmallRate(ratio) => {
                let fraction =
                    Say::new("rate.of").with("part", ratio.numerator()).with("base", ratio.denominator());
                self.say(&Say::new("rate.small").with("rate", *ratio).with("fraction", fraction))
            }
            Value::Bound(ratio) => self.bound(*ratio),
            Value::Percent(share) => self.percent(*share),
            Value::Number(number, decimals) => self.decimal(*number, *decimals),
            Value::Lasting(hours) if *hours < 72 => self.say(&Say::new("value.hours").with("n", *hours)),
            Value::Lasting(hours) => self.say(&Say::new("value.days").with("n", (hours + 12) / 24)),
            Value::Day(date) => self.date(&self.file.format.day, *date),
            Value::DayFull(date) => self.date(&self.file.format.day_full, *date),
            Value::DayNear(date) => self.date(&self.file.format.day_near, *date),
            Value::Month(date) => self.date(&self.file.format.month, *date),
            Value::Period(period) => self.period(period, false),
            Value::PeriodShort(period) => self.period(period, true),
            Value::Instant(at, zone) => {
                let local = at.to_zoned(zone.clone());
                let time = format!("{:02}:{:02}", local.hour(), local.minute());
                let text = self.file.format.instant.replace("{time}", &time);
                let zone = zone.iana_name().unwrap_or("UTC");
                self.date(&text, local.date()).replace("{zone}", zone)
            }
            Value::Text(text) => text.clone(),
            Value::Say(say) => self.say(say),
            Value::List(values) => self.list(values),
            Value::Empty => String::new(),
        }
    }

    fn list(&self, values: &[Value]) -> String {
        let mut texts = values.iter().map(|value| self.value(value));
        let Some(first) = texts.next() else { return String::new() };
        let count = values.len();
        texts.enumerate().fold(first, |so_far, (i, text)| {
            let last = i + 2 == count;
            let formats = &self.file.format;
            let before_i = formats.list_two_i.as_ref().filter(|_| begins_with_i(&text));
            let joint = if last { before_i.unwrap_or(&formats.list_two) } else { &formats.list_more };
            fill(joint, |name| Some(if name == "a" { so_far.clone() } else { text.clone() }))
        })
    }

    fn number(&self, mut number: Decimal, signed: bool) -> String {
        if signed {
            number.apply_sign_display(SignDisplay::ExceptZero);
        }
        self.numbers.format(&number).to_string().replace('-', MINUS)
    }

    fn decimal(&self, number: f64, decimals: u8) -> String {
        if !number.is_finite() {
            return self.word("value.none");
        }
        let scaled = (number * 10f64.powi(i32::from(decimals))).round();
        self.scaled(scaled as i128, decimals)
    }

    /// `n` tenths, hundredths, … as a decimal number.
    fn scaled(&self, n: i128, decimals: u8) -> String {
        let mut decimal = Decimal::from(n);
        decimal.multiply_pow10(-i16::from(decimals));
        self.number(decimal, false)
    }

    fn rate(&self, ratio: Ratio) -> String {
        self.percent_of(&self.scaled(ratio.scaled(3), 1))
    }

    /// A rate in percent with no more decimals than it has, three at most.
    fn bound(&self, ratio: Ratio) -> String {
        let decimals = (0..3u8).find(|n| {
            let digits = u32::from(*n) + 2;
            Ratio::of(ratio.scaled(digits), 10i128.pow(digits)) == Some(ratio)
        });
        let decimals = decimals.unwrap_or(3);
        self.percent_of(&self.scaled(ratio.scaled(u32::from(decimals) + 2), decimals))
    }

    /// A share as percent with one decimal.
    pub fn percent(&self, share: f64) -> String {
        self.percent_of(&self.decimal(share * 100.0, 1))
    }

    /// A share in whole percent.
    pub fn whole_percent(&self, share: f64) -> String {
        self.percent_of(&self.decimal(share * 100.0, 0))
    }

    /// A value in little room: months and periods by their short names, months with their year.
    pub fn short(&self, value: &Value) -> String {
        match value {
            Value::Month(date) => self.date(&self.file.format.month_axis, *date),
            Value::Period(period) => self.period(period, true),
            _ => self.value(value),
        }
    }

    fn percent_of(&self, number: &str) -> String {
        self.file.format.percent.replace("{n}", number)
    }

    /// An amount: with decimals below a thousand units, whole above, as people speak of money.
    fn money(&self, money: Money) -> String {
        let decimals = money.currency.exponent();
        let unit = 10i128.pow(u32::from(decimals));
        let number = if money.minor.abs() < 1000 * unit && money.minor % unit != 0 {
            self.scaled(money.minor.abs(), decimals)
        } else {
            self.number(Decimal::from(crate::domain::ratio::divide(money.minor.abs(), unit)), false)
        };
        let symbol =
            self.file.currencies.get(money.currency.code()).map_or(money.currency.code(), String::as_str);
        let text =
            self.file.format.money.replace("{n}", &number).replace("{symbol}", symbol).replace(' ', NBSP);
        if money.minor < 0 { format!("{MINUS}{text}") } else { text }
    }
}

/// Whether a Spanish reader hears an i first: "Iberia", "Hidalgo", but not the diphthong of "hielo".
fn begins_with_i(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut letters = text.strip_prefix('h').unwrap_or(&text).chars();
    matches!(letters.next(), Some('i' | 'í'))
        && !matches!(letters.next(), Some('a' | 'á' | 'e' | 'é' | 'o' | 'ó'))
}

/// Replaces `{name}` by what `value` gives; what it does not know stays as written.
fn fill(pattern: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            rest = after;
            out.push('{');
            break;
        };
        match value(name) {
            Some(text) => out.push_str(&text),
            None => {
                let _ = write!(out, "{{{name}}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

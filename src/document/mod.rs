//! What is said, free of any medium and any language: sentences as keys with values, figures, tables,
//! charts, items. [`crate::render`] makes mail, text, chat and sheets of it.

pub mod page;

mod appointment;
mod change;
mod files;
mod item;
mod letter;
mod table;

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use self::appointment::Appointment;
pub use self::change::change;
pub use self::item::{Action, Because, Item, Reach};
pub use self::letter::{Letter, Stop};
use crate::domain::watched::Telling;
use crate::domain::{Currency, Money, Period, Ratio};
pub use table::{Column, Table};

/// A sentence: a key of the locale files and the values for its placeholders.
#[derive(Debug, Clone, PartialEq)]
pub struct Say {
    /// The key.
    pub key: Cow<'static, str>,
    /// The values by placeholder.
    pub args: Vec<(&'static str, Value)>,
}

impl Say {
    /// A sentence without values.
    pub fn new(key: impl Into<Cow<'static, str>>) -> Say {
        Say { key: key.into(), args: Vec::new() }
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Say {
        // There may be a hundred thousand of them, with one or two values each.
        self.args.reserve_exact(1);
        self.args.push((name, value.into()));
        self
    }
}

/// A value as it is meant; how it is written is the locale's.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number of things.
    Count(i128),
    /// A number of things with its sign always written.
    Signed(i128),
    /// An amount.
    Money(Money),
    /// What an amount changed by, with its sign always written.
    Gain(Money),
    /// A rate, printed in percent with one decimal.
    Rate(Ratio),
    /// A rate on a base too small to stand alone: printed with its fraction.
    SmallRate(Ratio),
    /// A rate that is a bound: in percent, with no more decimals than it has.
    Bound(Ratio),
    /// A compound rate of a model, in percent.
    Percent(f64),
    /// A plain decimal number with the given decimals.
    Number(f64, u8),
    /// So many hours, as people say them: in days from the third on.
    Lasting(i128),
    /// A civil date.
    Day(Date),
    /// A civil date in a letter: with the name of its month in full.
    DayFull(Date),
    /// A civil date not far from now: with its weekday, without its year.
    DayNear(Date),
    /// A month of a year.
    Month(Date),
    /// A period by its name.
    Period(Period),
    /// A short name of a period, for axes and columns.
    PeriodShort(Period),
    /// An instant on a clock.
    Instant(Timestamp, TimeZone),
    /// Text of the shop or its customers: never words of ours.
    Text(String),
    /// Words of ours.
    Say(Box<Say>),
    /// Several, joined as the language joins them.
    List(Vec<Value>),
    /// Nothing to print.
    Empty,
}

macro_rules! into_value {
    ($($from:ty => $make:expr),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Value {
                $make(value)
            }
        })*
    };
}

into_value! {
    i128 => Value::Count,
    Money => Value::Money,
    Ratio => Value::Rate,
    Period => Value::Period,
    Date => Value::Day,
    String => Value::Text,
    &str => |text: &str| Value::Text(text.to_owned()),
    Say => |say| Value::Say(Box::new(say)),
    Vec<Value> => Value::List,
    Option<Value> => |value: Option<Value>| value.unwrap_or(Value::Empty),
}

/// Everything one message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Which kind it is: the name of its templates.
    pub kind: Kind,
    /// What a report is about, for machines; `None` for all but reports.
    pub about: Option<About>,
    /// What a breach tells first; `None` for all but breaches.
    pub telling: Option<Telling>,
    /// What a letter to a customer must carry; `None` for all that stays in the house.
    pub letter: Option<Letter>,
    /// One line that says the news.
    pub subject: Say,
    /// The heading.
    pub title: Say,
    /// The answer first: a few sentences.
    pub lead: Vec<Say>,
    /// The body, in reading order.
    pub blocks: Vec<Block>,
    /// How it was counted, and what could not be read.
    pub notes: Vec<Say>,
    /// Tables whole, for the attachments.
    pub sheets: Vec<Table>,
    /// What of it has a date, for the calendars of those who get it by mail.
    pub appointments: Vec<Appointment>,
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The name of the kind of report.
    pub report: &'static str,
    /// The period, the one before, the same a year ago.
    pub periods: Vec<Period>,
    /// As of when.
    pub as_of: Timestamp,
    /// In which zone.
    pub zone: TimeZone,
    /// In which money.
    pub currency: Currency,
    /// By which definition churn is counted.
    pub definition: String,
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Figures of a period.
    Report,
    /// What a rep owes today.
    Digest,
    /// Something ops should know.
    Notice,
    /// A figure that left its bounds, or is back.
    Breach,
    /// A greeting to a customer.
    Greeting,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [Kind::Report, Kind::Digest, Kind::Notice, Kind::Breach, Kind::Greeting];

    /// The folder of its templates, and the event name on webhooks.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Report => "report",
            Kind::Digest => "digest",
            Kind::Notice => "notice",
            Kind::Breach => "breach",
            Kind::Greeting => "greeting",
        }
    }
}

/// A piece of the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Key figures in a row each: now, before, a year ago, band.
    Figures(Figures),
    /// A picture.
    Chart(Chart),
    /// A table.
    Table(Table),
    /// Things to do.
    Items(Vec<Item>),
    /// A sentence.
    Paragraph(Say),
}

/// Key figures with their comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Headings of the value columns.
    pub columns: Vec<Value>,
    /// The figures.
    pub rows: Vec<Figure>,
}

/// One key figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is.
    pub name: Say,
    /// Its values, one a column.
    pub values: Vec<Value>,
    /// A remark: the band, a cap.
    pub remark: Value,
    /// Whether the remark is bad news, to be seen at a glance.
    pub alarming: bool,
}

/// A picture, with the sentence that says what is seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// A rate over periods, oldest first, against the year before and a band.
    Trend {
        /// What is seen.
        title: Say,
        /// What the line is.
        series: Say,
        /// The values.
        points: Vec<(Period, Option<Ratio>)>,
        /// The same a year before.
        before: Vec<Option<Ratio>>,
        /// Lowest and highest usual value, and its name.
        band: Option<(f64, f64, Say)>,
    },
    /// A figure in any unit, observation by observation, against the levels it is watched by.
    Watched {
        /// What is seen.
        title: Say,
        /// What the line is.
        series: Say,
        /// What its values are.
        measure: Measure,
        /// Name on the axis, value (money in whole units of the currency), and value as printed.
        points: Vec<(Value, Option<f64>, Value)>,
        /// Where they are, what they are, and whether they are what breaches.
        levels: Vec<(f64, Say, bool)>,
        /// Which points are breaches (true) and which are the end of one.
        marks: Vec<(usize, bool)>,
    },
    /// How an amount moved.
    Waterfall {
        /// What is seen.
        title: Say,
        /// Name, amount, and whether it is a total (else a movement by its sign).
        steps: Vec<(Say, Money, bool)>,
    },
    /// How many lie in each range.
    Distribution {
        /// What is seen.
        title: Say,
        /// What the ranges are of.
        axis: Say,
        /// From (inclusive), to (exclusive), how many.
        bars: Vec<(Option<Money>, Option<Money>, i128)>,
    },
    /// What share of each cohort is still there: a triangle of cohorts by months since they joined.
    Heat {
        /// What is seen.
        title: Say,
        /// The cohorts, newest last: name, and how many (or how much) they were at the start. The
        /// newest 13 are drawn.
        rows: Vec<(Value, Value)>,
        /// By row, the share of the start in month 0, 1, 2, …; `None` where it is not known (yet). The
        /// first 13 are drawn.
        cells: Vec<Vec<Option<Ratio>>>,
        /// What the columns are: "months since joining".
        axis: Say,
    },
    /// Which share is still there after how many months, by Kaplan and Meier's estimate.
    Survival {
        /// What is seen.
        title: Say,
        /// What the months are counted from.
        axis: Say,
        /// The curves; the first five are drawn.
        curves: Vec<Curve>,
    },
    /// Named amounts beside one another, in the order given.
    Ranked {
        /// What is seen.
        title: Say,
        /// What the lengths are and, where there are ticks, what those are: "customers; the tick is a
        /// month before".
        axis: Say,
        /// Name, amount as printed, length of the bar (0 or more), where its reference tick is, and
        /// whether it is bad news. The first twelve are drawn.
        bars: Vec<(Value, Value, f64, Option<f64>, bool)>,
    },
    /// How many stand where by two scores.
    Grid {
        /// What is seen.
        title: Say,
        /// What lies where.
        axis: Say,
        /// What the uppermost and the lowest row are, and the first and the last column.
        ends: [Say; 4],
        /// By row from the top: what those there are called, how many, and whether the title is about them.
        rows: Vec<Vec<(Say, i128, bool)>>,
    },
    /// Several figures over the same periods, each on its own scale.
    Sparks {
        /// What is seen.
        title: Say,
        /// Which periods.
        axis: Say,
        /// Name, values from the oldest on, and the lowest, the highest and the last as printed.
        rows: Vec<(Say, Vec<Option<f64>>, [Value; 3])>,
    },
    /// What happened against what was expected, group by group.
    Pairs {
        /// What is seen.
        title: Say,
        /// What the groups are.
        axis: Say,
        /// Name, what happened, what was expected.
        groups: Vec<(Value, f64, f64)>,
        /// What the first value is, and the second.
        names: (Say, Say),
    },
}

/// What the values of a picture are, and so how its axis is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Shares, in percent.
    Percent,
    /// Amounts, in whole units.
    Money(Currency),
    /// Plain numbers with so many decimals.
    Number(u8),
}

/// A survival curve: falls in steps, and ends where the longest-watched customer was last seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Whose curve.
    pub name: Value,
    /// From which month on (0 or more, ascending) which share (0 to 1) is there. It is 1 before the
    /// first; the last says how far the curve goes.
    pub steps: Vec<(f64, f64)>,
    /// From which month on the share lies between what and what with 95 % confidence; drawn for the
    /// first curve only.
    pub low_high: Option<Vec<(f64, f64, f64)>>,
    /// The month after which half are left, if so many have gone.
    pub median: Option<f64>,
}

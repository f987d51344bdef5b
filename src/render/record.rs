//! A document as a record for machines: the types that are written as JSON, and the JSON Schema of these
//! very types. Described in `docs/reports.md`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::locale::Locale;
use super::sheet::{exact, words};
use super::view::{View, tidy};
use crate::document::{Because, Block, Document, Figure, Item, Kind, Reach, Table, Value};
use crate::domain::{Period, Ratio};

/// The version of the schema. It rises when a field changes its meaning or goes; fields may be added
/// without.
pub const VERSION: u32 = 1;

/// What retaind says to machines: the output of `retaind report --format json`, and `data` of a webhook's
/// event.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Record {
    /// Which record this is, in which version of the schema.
    pub schema: SchemaName,
    /// The number in `schema`.
    pub version: u32,
    /// The job; "report" where a report was asked for at the terminal.
    pub job: String,
    /// The recipient's id; empty at the terminal.
    pub recipient: String,
    /// Language of the words, BCP 47.
    pub language: String,
    /// What a report is about; null for all but reports.
    pub about: Option<AboutRecord>,
    /// What a breach tells first: breach, repeat, recovery or gone; null for all but breaches. The table
    /// `breach` has it of each group.
    pub telling: Option<String>,
    /// One line that says the news.
    pub subject: String,
    /// The answer first: a few sentences.
    pub lead: Vec<String>,
    /// Key figures.
    pub figures: Vec<FigureRecord>,
    /// Things to do, one for a customer.
    pub items: Vec<ItemRecord>,
    /// All tables, whole.
    pub tables: Vec<TableRecord>,
    /// How it was counted, and what could not be read.
    pub notes: Vec<String>,
}

/// The names of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum SchemaName {
    /// Figures of a period.
    #[serde(rename = "retaind.report/1")]
    Report,
    /// What a rep owes today.
    #[serde(rename = "retaind.digest/1")]
    Digest,
    /// Something ops should know.
    #[serde(rename = "retaind.notice/1")]
    Notice,
    /// A watched figure that left its bounds, or is back.
    #[serde(rename = "retaind.breach/1")]
    Breach,
    /// A letter to a customer.
    #[serde(rename = "retaind.greeting/1")]
    Greeting,
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AboutRecord {
    /// churn, value, rfm, cohort, survival, care, funnel or executive.
    pub report: String,
    /// The period, and those it is held against: the one before, and the same a year ago.
    pub periods: Vec<SpanRecord>,
    /// The instant that everything is as of, RFC 3339.
    pub as_of: String,
    /// The zone of its days.
    pub zone: String,
    /// The currency of its money, ISO 4217.
    pub currency: String,
    /// How churn is counted: the basis and the name of the definition.
    pub definition: String,
}

/// A key figure.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FigureRecord {
    /// Its name for machines.
    pub key: String,
    /// Its name in words.
    pub name: String,
    /// Its values, by the periods that the report is about; as many as it has.
    pub values: Vec<Field>,
    /// What it did against each of the periods after the first: rates in points, amounts and counts as a share of what they
    /// were; null where one of the two is not known.
    pub changes: Vec<Option<String>>,
    /// What else is to be said of it.
    pub remark: Option<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TableRecord {
    /// Its name for machines: that of its CSV.
    pub name: String,
    /// Its title in words.
    pub title: String,
    /// Names of the columns, in order, with their headings in words.
    pub columns: Vec<ColumnRecord>,
    /// The rows: values by the names of the columns.
    pub rows: Vec<BTreeMap<String, Field>>,
    /// How many rows there are in all; more than there are here where a list is cut.
    pub of: usize,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ColumnRecord {
    /// Its name for machines; of a metric, the metric's.
    pub name: String,
    /// Its heading in words.
    pub title: String,
}

/// A thing to do, for one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ItemRecord {
    /// Id of the customer (or rep) in the store.
    pub customer_id: String,
    /// Their name.
    pub customer: String,
    /// Why it is told, the most pressing first.
    pub reasons: Vec<ReasonRecord>,
    /// Days overdue; 0 when due today, below zero when it comes.
    pub days_late: i32,
    /// Whether something that was promised is late.
    pub late: bool,
    /// What else helps.
    pub facts: Vec<String>,
    /// The customer's phone number, as the shop wrote it.
    pub phone: Option<String>,
    /// The customer's mail address.
    pub email: Option<String>,
    /// Where they are, if a visit is owed.
    pub address: Option<String>,
    /// Links by which the recipient acts on it, by what they offer: `done`, `snooze`. Whoever holds one can
    /// act.
    pub actions: BTreeMap<String, String>,
}

/// Why something is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReasonRecord {
    /// The rule.
    pub rule: String,
    /// What it is about: an id of the store, and the day.
    pub subject: String,
    /// The day on which it fell due: `YYYY-MM-DD`.
    pub due: String,
    /// In words.
    pub why: String,
    /// What was promised or noted, in the shop's words.
    pub what: Option<String>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Field {
    /// There is none: nothing to divide by, or nothing to say.
    Nothing,
    /// A number of things; days and hours where the column says so.
    Whole(i64),
    /// A decimal number.
    Number(f64),
    /// An amount.
    Money(MoneyRecord),
    /// A rate.
    Rate(RateRecord),
    /// A period.
    Span(SpanRecord),
    /// Words, in the language of the record; a date (`2026-10-31`), a month (`2026-10`), an instant; a whole
    /// number beyond 64 bits.
    Text(String),
}

/// An amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MoneyRecord {
    /// Exact, with all decimals of the currency: "18400.00".
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// A rate: 0.0426 is 4.26 %.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RateRecord {
    /// The rate, rounded to what a double holds.
    pub rate: f64,
    /// The number above the line, where the rate is a fraction and not a model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numerator: Option<i64>,
    /// The base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<i64>,
}

/// A period, from its first day to its last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SpanRecord {
    /// The first day, ISO 8601.
    pub from: String,
    /// The last day, ISO 8601.
    pub to: String,
}

/// The JSON Schema of a record.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Record).to_value()
}

impl Record {
    /// A document as a record.
    pub fn of(document: &Document, view: &View, locale: &Locale, job: &str, recipient: &str) -> Record {
        let figures = document.blocks.iter().filter_map(|block| match block {
            Block::Figures(figures) => Some(&figures.rows),
            _ => None,
        });
        let figures: Vec<&Figure> = figures.flatten().collect();
        let items = document.blocks.iter().filter_map(|block| match block {
            Block::Items(items) => Some(items),
            _ => None,
        });
        let about = document.about.as_ref().map(|about| AboutRecord {
            report: about.report.to_owned(),
            periods: about.periods.iter().map(SpanRecord::of).collect(),
            as_of: about.as_of.to_string(),
            zone: about.zone.iana_name().unwrap_or("UTC").to_owned(),
            currency: about.currency.code().to_owned(),
            definition: about.definition.clone(),
        });
        Record {
            schema: match document.kind {
                Kind::Report => SchemaName::Report,
                Kind::Digest => SchemaName::Digest,
                Kind::Notice => SchemaName::Notice,
                Kind::Breach => SchemaName::Breach,
                Kind::Greeting => SchemaName::Greeting,
            },
            version: VERSION,
            job: job.to_owned(),
            recipient: recipient.to_owned(),
            language: view.lang.clone(),
            about,
            telling: document.telling.map(|telling| telling.name().to_owned()),
            subject: view.subject.clone(),
            lead: view.lead.clone(),
            figures: figures
                .iter()
                .zip(keys(&figures))
                .map(|(figure, key)| FigureRecord::of(figure, key, locale))
                .collect(),
            items: items.flatten().map(|item| ItemRecord::of(item, locale)).collect(),
            tables: document.sheets.iter().map(|table| TableRecord::of(table, locale)).collect(),
            notes: view.notes.clone(),
        }
    }
}

impl FigureRecord {
    fn of(figure: &Figure, key: String, locale: &Locale) -> FigureRecord {
        let worded = |value: &Value| Some(locale.value(value)).filter(|text| !text.is_empty());
        FigureRecord {
            key,
            name: locale.say(&figure.name),
            values: figure.values.iter().map(|value| Field::of(value, locale)).collect(),
            changes: figure.changes().map(|change| worded(&change)).collect(),
            remark: worded(&figure.remark),
        }
    }
}

/// Figures' keys; where several share one they are told after several months, and each says after how many:
/// `figure.survival.12`.
fn keys(figures: &[&Figure]) -> Vec<String> {
    let key = |figure: &&Figure| {
        let name = &figure.name;
        let is_shared = figures.iter().filter(|other| other.name.key == name.key).count() > 1;
        let after = name.args.iter().find_map(|(arg, value)| match value {
            Value::Count(n) if *arg == "n" => Some(n),
            _ => None,
        });
        after
            .filter(|_| is_shared)
            .map_or_else(|| name.key.clone().into_owned(), |n| format!("{}.{n}", name.key))
    };
    figures.iter().map(key).collect()
}

impl TableRecord {
    fn of(table: &Table, locale: &Locale) -> TableRecord {
        let title = |say| tidy(&locale.say(say));
        let columns = table.columns.iter();
        let row = |row: &Vec<Value>| {
            let fields = table.columns.iter().zip(row);
            fields.map(|(column, value)| (column.name.to_owned(), Field::of(value, locale))).collect()
        };
        TableRecord {
            name: table.name.to_owned(),
            title: title(&table.title),
            columns: columns
                .map(|column| ColumnRecord { name: column.name.to_owned(), title: title(&column.title) })
                .collect(),
            rows: table.rows.iter().map(row).collect(),
            of: table.of,
        }
    }
}

impl ItemRecord {
    fn of(item: &Item, locale: &Locale) -> ItemRecord {
        let reach = |wanted: fn(&Reach) -> Option<&String>| item.reach.iter().find_map(wanted).cloned();
        ItemRecord {
            customer_id: item.customer_id.clone(),
            customer: item.customer.clone(),
            reasons: item.reasons.iter().map(|because| ReasonRecord::of(because, locale)).collect(),
            days_late: item.days_late,
            late: item.late,
            facts: item.facts.iter().map(|say| locale.say(say)).collect(),
            phone: reach(|r| if let Reach::Phone(p) = r { Some(p) } else { None }),
            email: reach(|r| if let Reach::Email(e) = r { Some(e) } else { None }),
            address: reach(|r| if let Reach::Place(p) = r { Some(p) } else { None }),
            actions: item.actions.iter().map(|a| (a.what.to_owned(), a.url.clone())).collect(),
        }
    }
}

impl ReasonRecord {
    fn of(because: &Because, locale: &Locale) -> ReasonRecord {
        ReasonRecord {
            rule: because.rule.clone(),
            subject: because.subject.clone(),
            due: because.due.to_string(),
            why: locale.say(&because.why),
            what: because.what.clone(),
        }
    }
}

impl SpanRecord {
    fn of(period: &Period) -> SpanRecord {
        SpanRecord { from: period.start.date().to_string(), to: period.last().date().to_string() }
    }
}

impl RateRecord {
    fn of(ratio: Ratio) -> RateRecord {
        let part = |n: i128| Some(i64::try_from(n).unwrap_or(i64::MAX));
        RateRecord {
            rate: ratio.approximate(),
            numerator: part(ratio.numerator()),
            denominator: part(ratio.denominator()),
        }
    }
}

impl Field {
    /// A value: numbers as numbers, money exact, rates with their base.
    pub fn of(value: &Value, locale: &Locale) -> Field {
        match value {
            Value::Count(n) | Value::Signed(n) => {
                i64::try_from(*n).map_or_else(|_| Field::Text(n.to_string()), Field::Whole)
            }
            Value::Money(money) | Value::Gain(money) => Field::Money(MoneyRecord {
                amount: exact(*money),
                currency: money.currency.code().to_owned(),
            }),
            Value::Rate(ratio) | Value::SmallRate(ratio) | Value::Bound(ratio) => {
                Field::Rate(RateRecord::of(*ratio))
            }
            Value::Percent(rate) if rate.is_finite() => {
                Field::Rate(RateRecord { rate: *rate, numerator: None, denominator: None })
            }
            Value::Number(n, _) if n.is_finite() => Field::Number(*n),
            // JSON has no word for what is no number.
            Value::Empty | Value::Percent(_) | Value::Number(..) => Field::Nothing,
            Value::Day(date) | Value::DayFull(date) | Value::DayNear(date) => Field::Text(date.to_string()),
            Value::Month(date) => Field::Text(format!("{:04}-{:02}", date.year(), date.month())),
            Value::Period(period) | Value::PeriodShort(period) => Field::Span(SpanRecord::of(period)),
            Value::Say(say) if say.key == "value.none" => Field::Nothing,
            other => Field::Text(words(other, locale)),
        }
    }
}

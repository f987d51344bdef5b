//! A small believable document of each kind: templates are proven against it when a configuration loads.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::watch::judge::{Against, Condition, Side};
use super::watch::{Evaluation, Look, WatchSpec};
use super::{ReportKind, ReportSpec, report};
use crate::care::digest;
use crate::care::watch::Patience;
use crate::document::{Document, Kind, Say};
use crate::domain::customer::CancelKind;
use crate::domain::facts::Lens;
use crate::domain::recipient::Calendar;
use crate::domain::watched::Memory;
use crate::domain::{
    Asked, Currency, Customer, Day, People, PeriodKind, Rates, Ratio, Recipient, Rows, Subscription,
    Transaction,
};
use crate::metrics::{Metric, Panel, PeriodChoice, Settings, Split};
use crate::render::Locale;
use crate::render::view::{self, View};

/// A worded sample of a kind of document.
pub fn view_of(kind: Kind, locale: &Locale) -> Option<View> {
    document(kind).map(|document| view::words(&document, locale))
}

/// A sample in English.
pub fn view(kind: Kind) -> Result<View, String> {
    let locale = Locale::load("en").map_err(|e| e.to_string())?;
    view_of(kind, &locale).ok_or_else(|| "no sample".to_owned())
}

/// A sample document.
pub fn document(kind: Kind) -> Option<Document> {
    let rows = rows()?;
    let people = rows.people();
    let settings = Settings::default();
    match kind {
        Kind::Report => {
            let period = PeriodChoice { kind: PeriodKind::Month, current: false };
            let splits = vec![Split::Segment];
            let spec = ReportSpec {
                kind: ReportKind::Executive,
                period,
                settings,
                splits,
                attach: vec![],
                fresh: None,
            };
            let facts = rows.facts(report::asked(&spec, &rows.lens));
            Some(report::compose(&facts, &spec, people))
        }
        Kind::Digest => {
            let entry = digest::Entry {
                id: "1".to_owned(),
                rep_id: None,
                customer: 0,
                days_late: 2,
                why: Say::new("due.late")
                    .with("n", 2i128)
                    .with("day", Day::of(jiff::civil::date(2026, 1, 3)).date()),
                what: Some("Send the new proposal".to_owned()),
            };
            let entries = [
                entry.clone(),
                digest::Entry { days_late: 0, why: Say::new("due.today"), what: None, ..entry },
            ];
            let facts = rows.facts(Asked::nothing(rows.lens.today()));
            let panel = Panel::of(&facts, &settings);
            let about = digest::About { panel: &panel, people: &people, contacts: &facts.contacts };
            Some(digest::compose(about, &recipient(), &entries, 1))
        }
        Kind::Breach => breach(&rows, &people),
        Kind::Notice => Some(notice("notice.test", |say| say.with("channel", "office"), Vec::new())),
    }
}

/// Two segments over a level that they must not pass.
fn breach(rows: &Rows, people: &People) -> Option<Document> {
    let level = Ratio::of(5, 100)?;
    let spec = WatchSpec {
        metric: Metric::ChurnRate,
        split: Some(Split::Segment),
        only: Vec::new(),
        period: PeriodChoice { kind: PeriodKind::Month, current: false },
        settings: Settings::default(),
        condition: Condition {
            against: Against::Level,
            side: Some(Side::Over),
            level,
            clear: Ratio::of(4, 100)?,
        },
        patience: Patience { lasting: 1, repeat: Some(SignedDuration::from_hours(7 * 24)) },
        min_base: 1,
    };
    let facts = rows.facts(Asked::nothing(rows.lens.today()));
    let look = Look::of(&facts, &spec, rows.lens.today());
    Evaluation::of(&look, &Memory::default(), rows.lens.as_of).tell("watch", people)
}

/// A notice: its words are `{key}.subject`, `{key}.title` and `{key}.lead`, all filled by `with`.
pub fn notice(key: &str, with: impl Fn(Say) -> Say, notes: Vec<Say>) -> Document {
    let say = |part: &str| with(Say::new(format!("{key}.{part}")));
    Document {
        kind: Kind::Notice,
        about: None,
        telling: None,
        subject: say("subject"),
        title: say("title"),
        lead: vec![say("lead")],
        blocks: Vec::new(),
        notes,
        sheets: Vec::new(),
    }
}

fn recipient() -> Recipient {
    Recipient {
        id: "ana".to_owned(),
        name: "Ana Lima".to_owned(),
        email: Some("ana@example.com".to_owned()),
        language: "en".to_owned(),
        zone: TimeZone::UTC,
        calendar: Calendar::default(),
    }
}

fn rows() -> Option<Rows> {
    let as_of: Timestamp = "2026-01-05T08:00:00Z".parse().ok()?;
    let currency = Currency::from_code("EUR")?;
    let mut rows = Rows::empty(Lens { as_of, zone: TimeZone::UTC, currency, rates: Rates::default() });
    for n in 0..40u32 {
        let customer = Customer {
            id: n.to_string(),
            name: format!("Customer {n} <&>"),
            segment: Some(if n % 4 == 0 { "enterprise" } else { "small" }.to_owned()),
            phone: Some("+55 11 5555-0132".to_owned()),
            ..Customer::default()
        };
        rows.customers.push(customer);
        let start = Day::of(jiff::civil::date(2025, 1, 1)).plus(n as i32);
        let left = n % 9 == 4;
        rows.subscriptions.push(Subscription {
            customer: n,
            plan: Some("plan".to_owned()),
            mrr_minor: Some(10_000 + i64::from(n) * 100),
            starts_on: start,
            ends_on: if left { Day::of(jiff::civil::date(2025, 12, 10)) } else { Day::MAX },
            renews_on: None,
            cancel_kind: CancelKind::Unknown,
            cancel_reason: left.then(|| "price".to_owned()),
        });
        for month in 0..10 {
            let day = start.plus(month * 30);
            rows.transactions.push(Transaction {
                customer: n,
                day,
                amount_minor: 10_000,
                cost_minor: 3_000,
                bought: true,
                counted: true,
            });
        }
    }
    Some(rows)
}

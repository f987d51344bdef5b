//! A small believable document of each kind: templates are proven against it when a configuration loads.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::watch::judge::{Against, Condition, Side};
use super::watch::{Evaluation, Look, WatchSpec};
use super::{ReportKind, ReportSpec, report};
use crate::care::case::{Steps, Urgency};
use crate::care::watch::Patience;
use crate::care::{About, Case, act, digest};
use crate::document::{Document, Kind, Say};
use crate::domain::act::Shown;
use crate::domain::customer::CancelKind;
use crate::domain::facts::Lens;
use crate::domain::recipient::Calendar;
use crate::domain::watched::Memory;
use crate::domain::{
    Act, Asked, Colleague, Currency, Customer, Day, EntryId, People, PeriodKind, Rates, Ratio, Recipient,
    Rows, Subscription, Told, Transaction,
};
use crate::metrics::{Metric, Panel, PeriodChoice, Settings, Split};
use crate::outbox::{LinkKey, Links};
use crate::render::Locale;
use crate::render::page::{self, PageView, SignView};
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
            let facts = rows.facts(Asked::nothing(rows.lens.today()));
            let panel = Panel::of(&facts, &settings);
            let known = digest::Known { panel: &panel, people: &people, contacts: &facts.contacts };
            let entries = [entry(facts.lens.today()), entry(facts.lens.today())];
            let share =
                digest::Share { recipient: recipient().into(), entries: entries.to_vec(), team: None };
            let links = links()?;
            let linking = digest::Linking { links: &links, job: "reps", occurrence: rows.lens.as_of };
            Some(digest::compose(known, &share, (1, 1), Some(linking)))
        }
        Kind::Breach => breach(&rows, &people),
        Kind::Greeting => Some(super::greetings::sample()),
        Kind::Notice => Some(notice("notice.test", |say| say.with("channel", "office"), Vec::new())),
    }
}

/// A customer who is told for two reasons.
fn entry(today: Day) -> digest::Entry {
    let case = |why: Say, what: Option<&str>| Case {
        rule: "follow_up".to_owned(),
        subject: Case::subject("1", today),
        about: About::Customer(0),
        rep: None,
        for_lead: false,
        anchor: today.plus(-2),
        steps: Steps::once(None),
        why,
        what: what.map(str::to_owned),
        urgency: Urgency::Broken,
        escalate_after: None,
        slot: None,
    };
    let late = Say::new("due.late").with("n", 2i128).with("day", today.plus(-2).date());
    let reason = |case| digest::Reason { case, due: today, instead: None, escalated: false };
    let promised = case(late, Some("Send the new proposal"));
    let reasons = vec![reason(promised), reason(case(Say::new("due.today"), None))];
    digest::Entry { about: About::Customer(0), reasons }
}

/// Sample pages in English: of an entry, with everything on it, and one that only says something.
pub fn pages() -> Result<(PageView, SignView), String> {
    let locale = Locale::load("en").map_err(|e| e.to_string())?;
    pages_of(&locale).ok_or_else(|| "no sample".to_owned())
}

/// The same in any language.
pub fn pages_of(locale: &Locale) -> Option<(PageView, SignView)> {
    let occurrence: Timestamp = "2026-01-05T08:00:00Z".parse().ok()?;
    let told = Told {
        id: EntryId::of("reps", occurrence, "ana", "1"),
        recipient: "ana".to_owned(),
        customer: "1".to_owned(),
        language: "en".to_owned(),
        zone: "UTC".to_owned(),
        reasons: Vec::new(),
        shown: Some(Shown {
            customer: "Customer 1 <&>".to_owned(),
            reasons: vec!["due today: “Send the new proposal”".to_owned()],
        }),
        expires: occurrence + SignedDuration::from_hours(24),
    };
    let bo = Colleague { name: "Bo Berg".to_owned(), id: "rep:2".to_owned(), rep: Some("2".to_owned()) };
    let seen = act::Seen {
        told: &told,
        occurrence,
        acts: &[(Act::HandOver("rep:2".to_owned()), occurrence)],
        colleagues: &[bo],
        zone: &TimeZone::UTC,
        now: occurrence + SignedDuration::from_hours(1),
    };
    let form = act::Form { what: "snooze".to_owned(), until: "soon".to_owned(), whom: "rep:2".to_owned() };
    let wrong = act::read(&form, "ana", seen.today(), &[]).err();
    let sign = act::expired(told.expires, &TimeZone::UTC);
    Some((page::page(&seen.page(&form, wrong), "token", locale), page::sign(&sign, locale)))
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
        letter: None,
        subject: say("subject"),
        title: say("title"),
        lead: vec![say("lead")],
        blocks: Vec::new(),
        notes,
        sheets: Vec::new(),
        appointments: Vec::new(),
    }
}

/// Links that lead nowhere: a sample is never sent.
fn links() -> Option<Links> {
    let key = LinkKey::read("c2FtcGxlIHNhbXBsZSBzYW1wbGUgc2FtcGxlIHNhbXBsZSE=").ok()?;
    Some(Links::new("https://care.shop.example", key, None, SignedDuration::from_hours(24)))
}

fn recipient() -> Recipient {
    Recipient {
        id: "ana".to_owned(),
        name: "Ana Lima".to_owned(),
        email: Some("ana@example.com".to_owned()),
        chat: None,
        language: "en".to_owned(),
        zone: TimeZone::UTC,
        calendar: Calendar::default(),
        quiet: None,
        away: Vec::new(),
        digests_a_day: None,
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

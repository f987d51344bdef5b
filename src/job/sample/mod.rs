//! Small believable documents of each kind: templates are proven against them when a configuration loads.

mod data;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::data::{Data, data, unfit};
use super::watch::judge::{Against, Condition, Side};
use super::watch::{Evaluation, Look, WatchSpec};
use super::{ReportKind, ReportSpec, report};
use crate::care::case::{Steps, Urgency};
use crate::care::watch::Patience;
use crate::care::{About, Case, act, digest};
use crate::document::{Block, Document, Kind, Say, Table, Value};
use crate::domain::act::Shown;
use crate::domain::customer::CancelKind;
use crate::domain::facts::Lens;
use crate::domain::recipient::Calendar;
use crate::domain::watched::Memory;
use crate::domain::{
    Act, Asked, Colleague, Currency, Customer, Day, EntryId, PeriodKind, Rates, Ratio, Recipient, Rows,
    Subscription, Told, Transaction,
};
use crate::metrics::{Metric, Panel, PeriodChoice, Settings, Split};
use crate::outbox::{LinkKey, Links};
use crate::render::Locale;
use crate::render::page::{self, PageView, SignView};

/// The occurrence that samples are of.
const AS_OF: &str = "2026-01-05T08:00:00Z";

/// A sample document: the one that says most.
pub fn document(kind: Kind) -> Option<Document> {
    documents(kind).into_iter().next()
}

/// Sample documents, the one that says most first. Between them, what may be there is there, and what may be
/// missing is missing.
pub fn documents(kind: Kind) -> Vec<Document> {
    let made = match kind {
        Kind::Report => {
            vec![rows(true).map(|rows| executive(&rows)), rows(false).map(|rows| executive(&rows))]
        }
        Kind::Digest => vec![digest()],
        Kind::Breach => vec![rows(true).and_then(|rows| breach(&rows))],
        Kind::Greeting => vec![Some(super::greetings::sample())],
        Kind::Notice => vec![stopped()],
    };
    let mut made: Vec<Document> = made.into_iter().flatten().collect();
    if let Some(first) = made.first().cloned() {
        if matches!(kind, Kind::Report | Kind::Breach) {
            made.push(shortened(&first));
        }
        if kind == Kind::Notice {
            made.push(Document {
                notes: [first.notes.clone(), first.notes.clone()].concat(),
                ..first.clone()
            });
        }
        let (lead, blocks, notes, sheets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        made.push(Document { lead, blocks, notes, sheets, ..first });
    }
    made
}

/// What is left of a document that would be too long: a row of each table, and a sentence that counts the rest.
fn shortened(document: &Document) -> Document {
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => {
            Some(Block::Table(Table { of: table.of.max(2), held: table.held.max(2), ..table.first(1) }))
        }
        _ => None,
    });
    let left_out = Block::Paragraph(Say::new("tables.attached").with("n", 2i128));
    Document { blocks: tables.chain([left_out]).collect(), ..document.clone() }
}

/// A run that was stopped, with a way to run it after all.
fn stopped() -> Option<Document> {
    let at: Timestamp = AS_OF.parse().ok()?;
    let fill = |say: Say| {
        say.with("job", "weekly")
            .with("at", Value::Instant(at, TimeZone::UTC))
            .with("reason", "`customers` has 12 rows and usually about 2000")
    };
    let note = Say::new("notice.stopped.note").with("job", "weekly").with("instant", AS_OF);
    Some(notice("notice.stopped", fill, vec![note]))
}

fn executive(rows: &Rows) -> Document {
    let spec = ReportSpec {
        kind: ReportKind::Executive,
        period: PeriodChoice { kind: PeriodKind::Month, current: false },
        settings: Settings::default(),
        splits: vec![Split::Segment],
        attach: vec![],
        fresh: None,
    };
    let facts = rows.facts(report::asked(&spec, &rows.lens));
    report::compose(&facts, &spec, rows.people())
}

/// Two that are shown, and one that is counted.
fn digest() -> Option<Document> {
    let (rows, settings) = (rows(true)?, Settings::default());
    let people = rows.people();
    let facts = rows.facts(Asked::nothing(rows.lens.today()));
    let panel = Panel::of(&facts, &settings);
    let known = digest::Known { panel: &panel, people: &people, contacts: &facts.contacts };
    let today = facts.lens.today();
    let entries = vec![entry(today, true), entry(today, false), entry(today, false)];
    let share = digest::Share { recipient: recipient().into(), entries, team: None };
    let links = links()?;
    let linking = digest::Linking { links: &links, job: "reps", occurrence: rows.lens.as_of };
    let mut document = digest::compose(known, &share, (2, 1), Some(linking));
    // Who has neither phone nor address, and whose job has no links.
    for item in document.blocks.iter_mut().filter_map(|block| match block {
        Block::Items(items) => items.last_mut(),
        _ => None,
    }) {
        (item.reach, item.actions) = (Vec::new(), Vec::new());
    }
    Some(document)
}

/// A customer who is told: for one reason that is soon told, or for three, two of which say what was promised.
fn entry(today: Day, promised: bool) -> digest::Entry {
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
        urgency: if promised { Urgency::Broken } else { Urgency::Today },
        escalate_after: None,
        slot: None,
    };
    let late = Say::new("due.late").with("n", 2i128).with("day", today.plus(-2).date());
    let reason = |case| digest::Reason { case, due: today, instead: None, escalated: false };
    let soon = case(Say::new("due.today"), None);
    let whats = ["Send the new proposal", "Call about <the invoice>"].into_iter().filter(|_| promised);
    let cases = whats.map(|what| case(late.clone(), Some(what))).chain([soon]);
    digest::Entry { about: About::Customer(0), reasons: cases.map(reason).collect() }
}

/// Sample pages: of an entry, with everything on it and with as little as there can be; and those that only
/// say something, to a customer who may stop our letters and to a rep whose link has expired.
pub fn pages(locale: &Locale) -> Option<([PageView; 2], [SignView; 2])> {
    let occurrence: Timestamp = AS_OF.parse().ok()?;
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
    let colleague = |n: u32, name: &str| Colleague {
        name: name.to_owned(),
        id: format!("rep:{n}"),
        rep: Some(n.to_string()),
    };
    let seen = act::Seen {
        told: &told,
        occurrence,
        acts: &[(Act::HandOver("rep:2".to_owned()), occurrence)],
        colleagues: &[colleague(2, "Bo Berg"), colleague(3, "Cy Cole")],
        zone: &TimeZone::UTC,
        now: occurrence + SignedDuration::from_hours(1),
    };
    let form = act::Form { what: "snooze".to_owned(), until: "soon".to_owned(), whom: "rep:2".to_owned() };
    let wrong = act::read(&form, "ana", seen.today(), &[]).err();
    let full = page::page(&seen.page(&form, wrong), "token", locale);
    let untouched = act::Seen { acts: &[], colleagues: &[], ..seen };
    let mut least = page::page(&untouched.page(&act::Form::default(), None), "token", locale);
    (least.done, least.not_mine) = (None, None);
    let gone = act::expired(told.expires, &TimeZone::UTC);
    Some(([full, least], [page::sign(&act::stop(), locale), page::sign(&gone, locale)]))
}

/// Four segments over a level that they must not pass: too many for sentences alone.
fn breach(rows: &Rows) -> Option<Document> {
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
    Evaluation::of(&look, &Memory::default(), rows.lens.as_of).tell("watch", &rows.people())
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

/// A shop; `leaving` says whether some of its customers leave.
fn rows(leaving: bool) -> Option<Rows> {
    let as_of: Timestamp = AS_OF.parse().ok()?;
    let currency = Currency::from_code("EUR")?;
    let mut rows = Rows::empty(Lens { as_of, zone: TimeZone::UTC, currency, rates: Rates::default() });
    for n in 0..40u32 {
        let customer = Customer {
            id: n.to_string(),
            name: format!("Customer {n} <&>"),
            segment: Some(["enterprise", "small", "retail", "public"][n as usize % 4].to_owned()),
            phone: Some("+55 11 5555-0132".to_owned()),
            email: Some(format!("customer{n}@example.com")),
            ..Customer::default()
        };
        rows.customers.push(customer);
        let start = Day::of(jiff::civil::date(2025, 1, 1)).plus(n as i32);
        let left = leaving && n % 9 == 4;
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
                costed: true,
                bought: true,
                counted: true,
            });
        }
    }
    Some(rows)
}

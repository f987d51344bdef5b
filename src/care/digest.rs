//! One message a recipient: everything that is due, the most pressing first, no longer than can be read.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::case::{About, Case, Urgency};
use super::staff::Duty;
use crate::document::{Action, Because, Block, Column, Document, Item, Kind, Reach, Say, Table, Value};
use crate::domain::facts::Contacts;
use crate::domain::{Day, EntryId, Money, People, Recipient};
use crate::metrics::{Basis, Panel};
use crate::outbox::Links;

/// One of the reasons for which a recipient is told of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// What was found.
    pub case: Case,
    /// The day on which it fell due.
    pub due: Day,
    /// Why they are told and not the rep whose it is.
    pub instead: Option<Say>,
    /// Whether it is told because the rep did nothing.
    pub escalated: bool,
}

/// All that a recipient is told of one customer, or of one rep.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Of whom.
    pub about: About,
    /// Why, the most pressing first.
    pub reasons: Vec<Reason>,
}

impl Entry {
    fn urgency(&self) -> Urgency {
        self.reasons.iter().map(|reason| reason.case.urgency).min().unwrap_or(Urgency::Ahead)
    }

    fn days_late(&self, today: Day) -> i32 {
        self.reasons.iter().map(|reason| reason.case.days_late(today)).max().unwrap_or(0)
    }

    /// The customer it is about.
    pub fn customer(&self) -> Option<u32> {
        self.about.customer()
    }
}

/// What one recipient is told, by whom it is about.
#[derive(Debug, Clone)]
pub struct Share {
    /// Who is told.
    pub recipient: Arc<Recipient>,
    /// What, the most pressing first.
    pub entries: Vec<Entry>,
    /// What their team did, where they are a lead.
    pub team: Option<Say>,
}

/// Why each of those in a share is told.
type Reasons = BTreeMap<About, Vec<Reason>>;

/// Puts what recipients are told together: one share a recipient, one entry for each customer in it.
pub fn shares(panel: &Panel<'_>, duties: Vec<(Case, Duty)>) -> Vec<Share> {
    let today = panel.facts.lens.today();
    let mut shares: BTreeMap<String, (Arc<Recipient>, Reasons)> = BTreeMap::new();
    for (case, duty) in duties {
        if !shares.contains_key(&duty.recipient.id) {
            shares.insert(duty.recipient.id.clone(), (duty.recipient.clone(), Reasons::new()));
        }
        let Some((_, entries)) = shares.get_mut(&duty.recipient.id) else { continue };
        let reasons = entries.entry(case.about.clone()).or_default();
        // Whoever is both the rep and the one who hears of what the rep did not do is told once.
        if !reasons.iter().any(|reason| reason.case.rule == case.rule && reason.case.subject == case.subject)
        {
            let Duty { due, instead, escalated, .. } = duty;
            // Most are told for one; there may be a hundred thousand.
            reasons.reserve_exact(1);
            reasons.push(Reason { case, due, instead, escalated });
        }
    }
    let share = |(recipient, entries): (Arc<Recipient>, Reasons)| {
        let entries = entries.into_iter().map(|(about, mut reasons)| {
            reasons.sort_by(|a, b| {
                let key = |r: &Reason| (r.case.urgency, -r.case.days_late(today));
                key(a).cmp(&key(b)).then_with(|| a.case.rule.cmp(&b.case.rule))
            });
            Entry { about, reasons }
        });
        let mut entries: Vec<Entry> = entries.collect();
        order(panel, &mut entries);
        Share { recipient, entries, team: None }
    };
    shares.into_values().map(share).collect()
}

/// Most pressing first, then by what is at stake, then by what has waited longest.
fn order(panel: &Panel<'_>, entries: &mut [Entry]) {
    let today = panel.facts.lens.today();
    entries.sort_by_cached_key(|entry| {
        let id = match &entry.about {
            About::Customer(customer) => panel.facts.customers.id(*customer).into_owned(),
            About::Rep(id) => id.clone(),
        };
        let stake = entry.customer().map_or(0, |customer| stake(panel, customer));
        // Shorter ids first: numbers in their order.
        (entry.urgency(), Reverse(stake), Reverse(entry.days_late(today)), id.len(), id)
    });
}

/// What is at stake with a customer: recurring revenue a month; where the shop tells by purchases who is
/// active, what they have brought so far.
pub fn stake(panel: &Panel<'_>, customer: u32) -> i128 {
    match panel.settings.basis {
        Basis::Contract => panel.mrr_on(customer, panel.facts.lens.today()),
        Basis::Inactivity(_) => panel.facts.purchases.tally(customer).revenue_minor().into(),
    }
}

/// What is known of those a digest is about: their figures, how they are called, and, of whoever is shown,
/// the last contact.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Facts and how they are counted.
    pub panel: &'a Panel<'a>,
    /// Names and ways to reach them.
    pub people: &'a People,
    /// Last contacts.
    pub contacts: &'a Contacts,
}

/// What links to the entries of an occurrence are made with.
#[derive(Clone, Copy)]
pub struct Linking<'a> {
    /// Makes them.
    pub links: &'a Links,
    /// The job.
    pub job: &'a str,
    /// The occurrence.
    pub occurrence: Timestamp,
}

impl Linking<'_> {
    /// The page of what `recipient` is told of a customer.
    pub(super) fn page(&self, recipient: &Recipient, customer: &str) -> String {
        let entry = EntryId::of(self.job, self.occurrence, &recipient.id, customer);
        self.links.url(&entry.0, self.links.expiry(self.occurrence))
    }

    /// What `recipient` can do by a link with what they are told of a customer. Both lead to one page.
    fn actions(&self, recipient: &Recipient, customer: &str) -> Vec<Action> {
        let url = self.page(recipient, customer);
        let snooze = Action { what: "snooze", url: format!("{url}#snooze") };
        vec![Action { what: "done", url }, snooze]
    }
}

/// The digest of one recipient. Of more than `items_max` entries the rest goes into the attached list.
/// `resolved` is how many had been waiting to be told and have resolved themselves.
pub fn compose(
    known: Known<'_>,
    share: &Share,
    (items_max, resolved): (usize, usize),
    linking: Option<Linking<'_>>,
) -> Document {
    let (entries, recipient) = (&share.entries, &share.recipient);
    let facts = known.panel.facts;
    let today = facts.lens.today();
    let late = entries.iter().filter(|e| e.urgency() == Urgency::Broken).count() as i128;
    let mrr: i128 = entries.iter().filter_map(Entry::customer).map(|c| known.panel.mrr_on(c, today)).sum();
    let due = Say::new("digest.due").with("n", entries.len() as i128);
    let overdue = Say::new("digest.overdue").with("n", late);
    let overdue = if late > 0 { overdue.into() } else { Value::Empty };
    let stake = match mrr {
        0 => Value::Empty,
        mrr => Say::new("digest.stake").with("money", Money::new(mrr, facts.lens.currency)).into(),
    };
    let mut items: Vec<Item> = entries.iter().take(items_max).map(|entry| item(known, entry)).collect();
    for item in &mut items {
        item.actions = linking.map_or_else(Vec::new, |linking| linking.actions(recipient, &item.customer_id));
    }
    let mut blocks = vec![Block::Items(items)];
    let rest = entries.len().saturating_sub(items_max);
    if rest > 0 {
        blocks.push(Block::Paragraph(Say::new("digest.more").with("n", rest as i128)));
    }
    blocks.extend(share.team.clone().map(Block::Paragraph));
    let as_of = Value::Instant(facts.lens.as_of, recipient.zone.clone());
    let mut notes = vec![Say::new("digest.note").with("as_of", as_of)];
    if resolved > 0 {
        notes.push(Say::new("digest.resolved").with("n", resolved as i128));
    }
    Document {
        kind: Kind::Digest,
        about: None,
        telling: None,
        letter: None,
        subject: Say::new("digest.subject").with("due", due.clone()).with("overdue", overdue.clone()),
        title: Say::new("digest.title").with("name", recipient.name.as_str()),
        lead: vec![Say::new("digest.lead").with("due", due).with("overdue", overdue).with("stake", stake)],
        blocks,
        notes,
        sheets: if rest > 0 { vec![sheet(known, entries)] } else { Vec::new() },
        appointments: Vec::new(),
    }
}

fn because(reason: &Reason) -> Because {
    let why = match &reason.instead {
        None => reason.case.why.clone(),
        Some(instead) => {
            Say::new("digest.instead").with("why", reason.case.why.clone()).with("instead", instead.clone())
        }
    };
    Because {
        rule: reason.case.rule.clone(),
        subject: reason.case.subject.clone(),
        due: reason.due.date(),
        why,
        what: reason.case.what.clone(),
    }
}

fn item(known: Known<'_>, entry: &Entry) -> Item {
    let facts = known.panel.facts;
    let today = facts.lens.today();
    let base = Item {
        customer_id: String::new(),
        customer: String::new(),
        reasons: entry.reasons.iter().map(because).collect(),
        facts: Vec::new(),
        reach: Vec::new(),
        days_late: entry.days_late(today),
        late: entry.urgency() == Urgency::Broken,
        actions: Vec::new(),
    };
    match &entry.about {
        About::Customer(customer) => about_customer(known, *customer, entry, base),
        About::Rep(id) => {
            let name = facts.reps.get(id).map_or(id.as_str(), |rep| rep.name.as_str());
            Item { customer_id: format!("rep:{id}"), customer: name.to_owned(), ..base }
        }
    }
}

fn about_customer(known: Known<'_>, customer: u32, entry: &Entry, base: Item) -> Item {
    let Known { panel, people, contacts } = known;
    let facts = panel.facts;
    let person = people.0.get(&customer).cloned().unwrap_or_default();
    let today = facts.lens.today();
    let mut lines = Vec::new();
    let stake = stake(panel, customer);
    if stake > 0 {
        let says = Say::new(if panel.settings.basis == Basis::Contract { "item.mrr" } else { "item.ltv" });
        lines.push(says.with("money", Money::new(stake, facts.lens.currency)));
    }
    let says = |keys: &[&str]| entry.reasons.iter().any(|r| keys.contains(&&*r.case.why.key));
    let renewals = facts.contracts.get(customer).iter().map(|c| c.renews_on);
    let is_told = says(&["due.renews", "due.renews_today", "due.renewed"]);
    if let Some(renews) = renewals.filter(|day| *day != Day::MAX).max().filter(|_| !is_told) {
        let days = renews.since(today);
        if (0..=30).contains(&days) {
            lines.push(Say::new("item.renews").with("n", i128::from(days)));
        }
    }
    lines.push(match contacts.last(customer) {
        Some(contact) => {
            let day = Day::of(facts.lens.zone.to_datetime(contact.at).date());
            Say::new("item.contact")
                .with("n", i128::from(today.since(day)))
                .with("kind", kind_of(&contact.kind))
        }
        None => Say::new("item.no_contact"),
    });
    // The way there is wanted by whoever owes a visit.
    let visit = says(&["due.contact", "due.contact_over"]);
    let reach = [
        person.phone.map(Reach::Phone),
        person.email.map(Reach::Email),
        person.address.filter(|_| visit).map(Reach::Place),
    ];
    Item {
        customer_id: facts.customers.id(customer).into_owned(),
        customer: person.name,
        facts: lines,
        reach: reach.into_iter().flatten().collect(),
        ..base
    }
}

/// The usual kinds of contact are our words; a shop's own are its words.
fn kind_of(kind: &str) -> Value {
    match kind {
        "call" | "visit" | "email" | "meeting" => Say::new(format!("contact.{kind}")).into(),
        other => Value::from(other),
    }
}

fn sheet(known: Known<'_>, entries: &[Entry]) -> Table {
    let rows: Vec<Vec<Value>> = entries.iter().map(|entry| row(known, entry)).collect();
    let column =
        |name: &'static str, numeric| Column { name, title: Say::new(format!("column.{name}")), numeric };
    let columns = vec![
        column("customer", false),
        column("why", false),
        column("what", false),
        column("days_late", true),
        column("phone", false),
        column("email", false),
    ];
    Table::whole("due", Say::new("table.due"), columns, rows)
}

fn row(known: Known<'_>, entry: &Entry) -> Vec<Value> {
    let item = item(known, entry);
    let reach = |wanted: fn(&Reach) -> Option<&String>| {
        item.reach.iter().find_map(wanted).map_or(Value::Empty, |text| Value::from(text.as_str()))
    };
    let whys: Vec<Value> = item.reasons.iter().map(|because| because.why.clone().into()).collect();
    let whats: Vec<Value> =
        item.reasons.iter().filter_map(|because| because.what.as_deref().map(Value::from)).collect();
    vec![
        item.customer.as_str().into(),
        Value::List(whys),
        if whats.is_empty() { Value::Empty } else { Value::List(whats) },
        i128::from(item.days_late).into(),
        reach(|r| if let Reach::Phone(phone) = r { Some(phone) } else { None }),
        reach(|r| if let Reach::Email(email) = r { Some(email) } else { None }),
    ]
}

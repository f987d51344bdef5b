//! What a job needs, what was read for it in one consistent snapshot, and what could not be read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::customer::{Complaint, Contact, Contract, Lead, Signal, Survey, Terms};
use super::interner::Interner;
use super::{
    Asked, Currency, Customers, Day, Grouped, Look, Matters, Period, Promises, Purchases, Rates, Rep,
    Subscription,
};

/// Which relations a job reads. `customers` is always read: ids, names and owners.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a relation, named as the relations are")]
pub struct Needs {
    /// Further columns of `customers`.
    pub customers: Vec<&'static str>,
    /// Contracts.
    pub subscriptions: bool,
    /// What is asked of the purchases, if anything.
    pub transactions: Option<Asked>,
    /// Promised contacts: who, when and whether they were done.
    pub follow_ups: bool,
    /// The periods whose follow-ups are looked at, by when they fall due; none for all.
    pub due: Vec<Period>,
    /// Those that are still open, too, whenever they fell due.
    pub open: bool,
    /// What reminders look for. Unless they look at everybody, customers and contracts are only those that
    /// it is about.
    pub look: Option<Look>,
    /// Past contacts: the day of the last with each customer.
    pub interactions: bool,
    /// Complaints.
    pub complaints: bool,
    /// Who may become a customer.
    pub leads: bool,
    /// What customers answered when they were asked.
    pub surveys: bool,
    /// What was noticed about customers.
    pub signals: bool,
    /// Who looks after whom.
    pub reps: bool,
}

/// The lens a read looks through: as of when, in which zone and currency.
#[derive(Debug, Clone)]
pub struct Lens {
    /// The instant the facts are as of.
    pub as_of: Timestamp,
    /// The zone whose civil days are meant.
    pub zone: TimeZone,
    /// The currency of money figures; also of rows that name none.
    pub currency: Currency,
    /// What amounts in other currencies are worth. Those without a rate are left out of money figures.
    pub rates: Rates,
}

/// Money in another currency than the report's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Foreign {
    /// Rows whose amounts were converted by a rate.
    pub converted: u64,
    /// Rows whose amounts are left out of the money figures, for want of a rate.
    pub left_out: u64,
    /// The sum of what is left out, in its own minor units.
    pub left_out_minor: i128,
}

impl Lens {
    /// The civil day of the as-of instant.
    pub fn today(&self) -> Day {
        self.day_of(self.as_of)
    }

    /// The same of one currency alone, where that is asked: contracts and purchases in others are as if they were not, and
    /// amounts that name none are in the store's own.
    #[must_use]
    pub fn alone(self, currency: Option<Currency>) -> Lens {
        match currency {
            Some(currency) => Lens { currency, rates: Rates::apart(self.currency), ..self },
            None => self,
        }
    }

    /// The same so many days earlier, at the same time of the day.
    #[must_use]
    pub fn earlier(&self, days: i32) -> Lens {
        let then = self.as_of.to_zoned(self.zone.clone()).saturating_sub(i64::from(days).days());
        Lens { as_of: then.timestamp(), ..self.clone() }
    }

    /// The civil day of an instant.
    pub fn day_of(&self, at: Timestamp) -> Day {
        Day::of(self.zone.to_datetime(at).date())
    }
}

/// A row that could not become a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The relation it was read from.
    pub relation: &'static str,
    /// Its id, as far as it could be read.
    pub id: String,
    /// What is wrong with it.
    pub flaw: super::Flaw,
    /// The class of the fault, for the report's note.
    pub fault: Fault,
}

/// What can be wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A value that is not of the column's type.
    Unreadable,
    /// A required value is missing.
    Missing,
    /// Names a customer that the store does not have.
    NoCustomer,
    /// The id came before: the mapping multiplies rows, or the store does.
    Repeated,
    /// Dated after the as-of instant. Not an error; counted.
    Later,
    /// In another currency than the report's, and so not in its money figures.
    OtherCurrency,
}

/// What was read for one run. Rows refer to customers by index.
#[derive(Debug, Clone)]
pub struct Facts {
    /// As of when, where and in which money.
    pub lens: Lens,
    /// All customers, in store order.
    pub customers: Customers,
    /// Each customer's contracts, by start and end.
    pub contracts: Grouped<Contract>,
    /// What contracts have in common.
    pub terms: Vec<Terms>,
    /// What customers bought.
    pub purchases: Purchases,
    /// Follow-ups, as figures count them.
    pub promises: Promises,
    /// The last contact with each customer.
    pub contacts: Contacts,
    /// In store order.
    pub complaints: Vec<Complaint>,
    /// What reminders are about.
    pub matters: Matters,
    /// In store order.
    pub leads: Vec<Lead>,
    /// In store order.
    pub surveys: Vec<Survey>,
    /// In store order.
    pub signals: Vec<Signal>,
    /// Customers who referred another one.
    pub referrers: BTreeSet<u32>,
    /// By id.
    pub reps: BTreeMap<String, Rep>,
    /// Up to [`EXAMPLES`] of each (relation, fault), and how many there were.
    pub rejected: BTreeMap<(&'static str, Fault), (u64, Vec<Rejected>)>,
    /// Rows that each relation has, good or bad, where that is known.
    pub rows: BTreeMap<&'static str, u64>,
    /// Rows that were read of relations that were not read whole.
    pub parts: BTreeMap<&'static str, u64>,
    /// By relation and currency code.
    pub foreign: BTreeMap<(&'static str, String), Foreign>,
}

/// How many ids a data-quality note names for each kind of fault.
pub const EXAMPLES: usize = 5;

impl Facts {
    /// Nothing read yet.
    pub fn empty(lens: Lens) -> Facts {
        let today = lens.today();
        Facts {
            lens,
            customers: Customers::default(),
            contracts: Grouped::default(),
            terms: Vec::new(),
            purchases: Purchases::none(0, today),
            promises: Promises::default(),
            contacts: Contacts::default(),
            complaints: Vec::new(),
            matters: Matters::default(),
            leads: Vec::new(),
            surveys: Vec::new(),
            signals: Vec::new(),
            referrers: BTreeSet::new(),
            reps: BTreeMap::new(),
            rejected: BTreeMap::new(),
            rows: BTreeMap::new(),
            parts: BTreeMap::new(),
            foreign: BTreeMap::new(),
        }
    }

    /// Notes a row that was left out.
    pub fn reject(&mut self, rejected: Rejected) {
        let entry = self.rejected.entry((rejected.relation, rejected.fault)).or_default();
        entry.0 += 1;
        if entry.1.len() < EXAMPLES {
            entry.1.push(rejected);
        }
    }

    /// Notes rows that were left out, beyond those named.
    pub fn reject_more(&mut self, relation: &'static str, fault: Fault, count: u64) {
        self.rejected.entry((relation, fault)).or_default().0 += count;
    }

    /// Adds what one reader of a relation saw in other currencies, by code.
    pub fn add_foreign(&mut self, relation: &'static str, of_reader: BTreeMap<String, Foreign>) {
        for (code, more) in of_reader {
            let sum = self.foreign.entry((relation, code)).or_default();
            sum.converted += more.converted;
            sum.left_out += more.left_out;
            sum.left_out_minor += more.left_out_minor;
        }
    }

    /// The terms of a contract.
    pub fn terms_of(&self, contract: &Contract) -> &Terms {
        &self.terms[contract.terms as usize]
    }

    /// The reps who report to `lead`, directly or through others, and `lead`.
    pub fn team_of(&self, lead: &str) -> Vec<String> {
        let mut team = vec![lead.to_owned()];
        let mut at = 0;
        while at < team.len() {
            let under = self.reps.values().filter(|rep| rep.manager_id.as_ref() == Some(&team[at]));
            let more: Vec<String> =
                under.filter(|rep| !team.contains(&rep.id)).map(|rep| rep.id.clone()).collect();
            team.extend(more);
            at += 1;
        }
        team
    }

    /// The name of the rep who owns the customer.
    pub fn owner_name(&self, customer: u32) -> Option<&str> {
        let owner = self.customers.owner(customer)?;
        self.reps.get(owner).map(|rep| rep.name.as_str())
    }
}

/// The last contact with each customer: when, and of which kind.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    last: Vec<(i64, u32)>,
    kinds: Vec<String>,
    days: Vec<Day>,
}

impl Contacts {
    /// Takes one contact with a customer, of whom only the last is kept.
    pub fn add(&mut self, customer: u32, at: Timestamp, kind: String) {
        let number = self.kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        let place = customer as usize;
        if self.last.len() <= place {
            self.last.resize(place + 1, (i64::MIN, 0));
        }
        if self.last[place].0 < at.as_microsecond() {
            self.last[place] = (at.as_microsecond(), number as u32);
        }
    }

    /// Takes the day of one contact, where no more is wanted.
    pub fn add_day(&mut self, customer: u32, day: Day) {
        let place = customer as usize;
        if self.days.len() <= place {
            self.days.resize(place + 1, Day(i32::MIN));
        }
        self.days[place] = self.days[place].max(day);
    }

    /// The last contact with a customer.
    pub fn last(&self, customer: u32) -> Option<Contact> {
        let (at, kind) = self.last.get(customer as usize)?;
        let at = Timestamp::from_microsecond(*at).ok().filter(|_| *at != i64::MIN)?;
        Some(Contact { at, kind: self.kinds.get(*kind as usize)?.clone() })
    }

    /// The civil day of the last contact with a customer.
    pub fn last_day(&self, customer: u32, zone: &TimeZone) -> Option<Day> {
        if let Some(day) = self.days.get(customer as usize) {
            return Some(*day).filter(|day| *day != Day(i32::MIN));
        }
        let (at, _) = self.last.get(customer as usize).filter(|(at, _)| *at != i64::MIN)?;
        Some(Day::of(zone.to_datetime(Timestamp::from_microsecond(*at).ok()?).date()))
    }
}

/// Contracts on their way into the facts.
#[derive(Debug, Default)]
pub struct Contracts {
    rows: Vec<(u32, Contract)>,
    terms: Interner<Terms>,
}

impl Contracts {
    /// The number of terms that are new or known.
    pub fn intern(&mut self, terms: Terms) -> u32 {
        self.terms.intern(terms)
    }

    /// Takes contracts, each with its customer.
    pub fn extend(&mut self, rows: impl Iterator<Item = (u32, Contract)>) {
        self.rows.extend(rows);
    }

    /// Takes one contract from its row.
    pub fn add(&mut self, row: &Subscription) {
        let terms = self.intern(Terms {
            plan: row.plan.clone(),
            cancel_kind: row.cancel_kind,
            cancel_reason: row.cancel_reason.clone(),
        });
        let contract = Contract {
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            renews_on: row.renews_on.unwrap_or(Day::MAX),
            terms,
            mrr_minor: row.mrr_minor.unwrap_or(0),
        };
        self.rows.push((row.customer, contract));
    }

    /// Puts them into the order the core relies on.
    pub fn finish(self, facts: &mut Facts) {
        // By price and terms last, so that the order of rows in the store says nothing.
        let key = |s: &Contract| (s.starts_on, s.ends_on, s.mrr_minor);
        let terms = |s: &Contract| &self.terms.values()[s.terms as usize];
        let order = |a: &Contract, b: &Contract| key(a).cmp(&key(b)).then_with(|| terms(a).cmp(terms(b)));
        facts.contracts = Grouped::in_order(facts.customers.len(), &self.rows, order);
        facts.terms = self.terms.into_values();
    }
}

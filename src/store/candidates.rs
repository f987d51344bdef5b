//! Of everybody, the few of whom anybody can be told: found by the days on which what counts may have happened, at
//! the cost of those days where the store has the indexes. Where contacts have none, or the few are many, everybody is
//! read: that is cheaper.

use super::conditions::{self, Part};
use super::customers::Places;
use super::cut::select;
use super::days::{Days, Read};
use super::decode::RowView;
use super::due::{self, Those};
use super::error::StoreError;
use super::mapping::Source;
use super::moments::{SLACK, Zones, ranges};
use super::pass::Noted;
use super::plan::{self, Plan};
use super::relation::{self, INTERACTIONS, Relation, SUBSCRIPTIONS};
use super::snapshot::{ALL, Snapshot};
use super::{contacts, contracts, customers};
use crate::domain::customers::Key;
use crate::domain::facts::{Contacts, Facts, Lens, Needs};
use crate::domain::matter::{Candidates, Waiting, lies_in};
use crate::domain::{Customers, Day, Look};

/// Reading one of a few costs as much as reading so many in storage order.
const DEARER: u64 = 8;

/// More are not looked for, however many there are: their ids go along as one text.
const MOST: usize = 100_000;

/// What is read of contacts: no more than an index may hold.
const CONTACT: &[&str] = &["customer_id", "at"];

/// Contracts that are looked at to know whether the shop keeps any.
const PROBED: usize = 100;

/// Days, each from one up to and with another.
type Spans = [(Day, Day)];

/// The few, and what is known of them.
pub(super) struct Few {
    ids: Customers,
    /// The last contacts with those who may wait for one.
    last: Contacts,
    /// Who they are: the first so many.
    waiting: u32,
    /// Whether the shop keeps contracts, be they of others.
    contracts: bool,
    /// What was noted of their contacts.
    pub(super) noted: Noted,
}

impl Few {
    /// Whether some of them may wait for a contact.
    pub(super) fn waits(&self) -> bool {
        self.waiting > 0
    }

    /// Their ids.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.ids.keys()
    }

    /// Tells facts, whose customers were read, who of them may wait for a contact.
    pub(super) fn settle(&self, facts: &mut Facts) {
        let mut waiting = Waiting { customers: Vec::new(), contracts: self.contracts };
        for few in 0..self.waiting {
            let Some(customer) = self.ids.key(few).and_then(|key| facts.customers.find(key)) else {
                continue;
            };
            waiting.customers.push(customer);
            if let Some(day) = self.last.last_day(few, &facts.lens.zone) {
                facts.contacts.add_day(customer, day);
            }
        }
        facts.matters.waiting = Some(waiting);
    }
}

impl Snapshot<'_> {
    /// The few who are enough in the place of everybody; `None` where everybody is to be read.
    pub(super) fn few(&mut self, look: &Look, lens: &Lens) -> Result<Option<Few>, StoreError> {
        let Some(candidates) = look.candidates.as_ref().filter(|_| look.everybody) else { return Ok(None) };
        let waits = !candidates.contacted.is_empty();
        if waits && !self.finds_contacts(candidates, lens)? {
            return Ok(None);
        }
        let Some(contracts) = self.keeps_contracts(lens)? else { return Ok(None) };
        let (ids, last, noted) = (Customers::default(), Contacts::default(), Noted::default());
        let mut few = Few { ids, last, waiting: 0, contracts, noted };
        let most = self.most()?;
        if waits {
            let Some(ids) = self.contacted(candidates, (lens, most))? else { return Ok(None) };
            self.take_waiting(&ids, candidates, lens, &mut few)?;
        }
        for id in &candidates.acted {
            few.ids.push(Key::of(id), 0, 0);
        }
        let within = self.on_days(SUBSCRIPTIONS, "ends_on", &candidates.ended, (lens, most), &mut few.ids)?;
        Ok(within.then_some(few))
    }

    /// Whether the contacts of days, and all of a customer's, are found without a look at the others.
    fn finds_contacts(&self, candidates: &Candidates, lens: &Lens) -> Result<bool, StoreError> {
        let Some((sql, _)) = self.sourced(INTERACTIONS, CONTACT)? else { return Ok(true) };
        let of_days = of_days("at", &candidates.contacted, self.zones(lens));
        let of_days: Vec<String> = of_days.iter().map(|days| format!("{sql} WHERE {days}")).collect();
        let theirs = format!("{sql} WHERE {}", due::among(INTERACTIONS));
        Ok(self.goes(INTERACTIONS, &of_days, Plan::finds)?
            && self.goes(INTERACTIONS, &[theirs], Plan::covers)?)
    }

    /// Whether the shop keeps contracts; `None` where the first of them do not say.
    fn keeps_contracts(&mut self, lens: &Lens) -> Result<Option<bool>, StoreError> {
        let Some((sql, given)) = self.sourced(SUBSCRIPTIONS, ALL)? else { return Ok(Some(false)) };
        let (mut ids, mut seen) = (Customers::default(), 0);
        self.walk(SUBSCRIPTIONS, &sql, &Places::of(SUBSCRIPTIONS, &given), lens, None, |view| {
            let _ = view.key("customer_id", |key| ids.push(key, 0, 0));
            seen += 1;
            seen < PROBED
        })?;
        let (mut facts, columns) = (Facts::empty(lens.clone()), customers::columns(&Needs::default()));
        self.on_all(relation::CUSTOMERS, &columns, Some(Those::of(ids.keys())), lens, |on, form| {
            customers::read(on, form, &[], &mut facts)
        })?;
        self.on_all(SUBSCRIPTIONS, ALL, Some(Those::of(ids.keys())), lens, |on, form| {
            contracts::read(on, form, &mut facts)
        })?;
        Ok((seen == 0 || !facts.contracts.is_empty()).then_some(seen > 0))
    }

    /// Whoever had a contact, or began, on one of the days, and about whom somebody did something; `None` where they
    /// are many.
    fn contacted(
        &self,
        candidates: &Candidates,
        (lens, most): (&Lens, usize),
    ) -> Result<Option<Customers>, StoreError> {
        let mut ids = Customers::default();
        for id in &candidates.acted {
            ids.push(Key::of(id), 0, 0);
        }
        for (relation, column) in [(INTERACTIONS, "at"), (SUBSCRIPTIONS, "starts_on")] {
            if !self.on_days(relation, column, &candidates.contacted, (lens, most), &mut ids)? {
                return Ok(None);
            }
        }
        Ok(Some(ids))
    }

    /// Takes those of `ids` whose last contact was on one of the days or about whom somebody did something, and those
    /// who never had one.
    fn take_waiting(
        &mut self,
        ids: &Customers,
        candidates: &Candidates,
        lens: &Lens,
        few: &mut Few,
    ) -> Result<(), StoreError> {
        let mut last = Contacts::default();
        self.on_all(INTERACTIONS, CONTACT, Some(Those::of(ids.keys())), lens, |on, form| {
            (last, few.noted) = contacts::read_days(on, form, ids)?;
            Ok(())
        })?;
        for id in ids.all() {
            let day = last.last_day(id, &lens.zone);
            // Those about whom somebody did something come first.
            let acted = (id as usize) < candidates.acted.len();
            if acted || day.is_none_or(|day| lies_in(&candidates.contacted, day)) {
                let number = ids.key(id).and_then(|key| few.ids.push(key, 0, 0));
                number.zip(day).into_iter().for_each(|(number, day)| few.last.add_day(number, day));
            }
        }
        few.waiting = few.ids.len() as u32;
        Ok(())
    }

    /// Adds the customers of rows of some days; whether they are no more than `most`, and can be looked for.
    fn on_days(
        &self,
        relation: Relation,
        column: &str,
        days: &Spans,
        (lens, most): (&Lens, usize),
        ids: &mut Customers,
    ) -> Result<bool, StoreError> {
        let Some((sql, given)) = self.sourced(relation, &["customer_id", column])? else { return Ok(true) };
        let places = Places::of(relation, &given);
        let place = places.get(relation, column);
        if place.is_none() {
            return Ok(true);
        }
        let parts: Vec<Part> = of_days(column, days, self.zones(lens)).into_iter().map(Part::plain).collect();
        let found = self.found(relation, &sql, &parts)?;
        let statements = found.unwrap_or_else(|| vec![format!("{sql} WHERE {}", plan::any(&parts))]);
        let (mut read, mut clean) = (Days::new(lens, &self.store.zone), true);
        let whose = places.get(relation, "customer_id");
        for statement in statements {
            self.walk(relation, &statement, &places, lens, None, |view| {
                if day_of(view, (column, place), &mut read).is_some_and(|day| lies_in(days, day)) {
                    // Ids that are read otherwise than they are written are not found again.
                    clean &= customers::is_written_as_read(view.row.get(whose));
                    let _ = view.key("customer_id", |key| ids.push(key, 0, 0));
                }
                clean && ids.len() <= most
            })?;
        }
        Ok(clean && ids.len() <= most)
    }

    /// Whether so much is due that everybody is read as fast: as far as indexes say without a look at the rows.
    pub(super) fn finds_many(&self, look: &Look, lens: &Lens) -> Result<bool, StoreError> {
        let (most, mut rows) = (self.most()?, 0);
        for search in conditions::of(look, &[], self.zones(lens)) {
            let relation = search.relation;
            let Some(Source::Table(table)) = self.store.mapping.source(relation) else { continue };
            let given = self.store.columns(relation, &Source::Table(table.clone()))?;
            for part in search.parts(&given).into_iter().flatten() {
                let sql = format!("{} WHERE {} LIMIT {most}", select(table, &[]), part.condition);
                if self.plan(relation, &sql)?.covers() {
                    let count = format!("SELECT count(*) FROM ({sql})");
                    let fail = |source| StoreError::Read { relation: relation.name, source };
                    let n = self.store.connection.query_row(&count, [], |row| row.get::<_, i64>(0));
                    rows += n.map_err(fail)?.unsigned_abs() as usize;
                }
                if rows >= most {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// As many customers as are worth to be looked for.
    pub(super) fn most(&self) -> Result<usize, StoreError> {
        let pieces = self.pieces(relation::CUSTOMERS, ALL)?;
        Ok(pieces.map_or(MOST, |(first, last, _)| MOST.min((last.abs_diff(first) / DEARER) as usize)))
    }
}

/// The day of a row; `None` where it cannot be read, or has not come.
fn day_of(
    view: &RowView<'_, '_>,
    (column, place): (&str, Option<usize>),
    days: &mut Days<'_>,
) -> Option<Day> {
    if view.of.relation == INTERACTIONS {
        return match days.read(view.row.get(place), column) {
            Ok(Read::Past(day)) => Some(day),
            Ok(Read::Later) | Err(_) => None,
        };
    }
    view.day(column).ok().flatten()
}

/// The conditions for rows of some days, each of which an index on `column` answers.
fn of_days(column: &str, days: &Spans, zones: Zones<'_>) -> Vec<String> {
    merged(days).into_iter().flat_map(|(from, to)| ranges(column, from, to, zones)).collect()
}

/// The days without those that come twice, as wide as they are read.
fn merged(days: &Spans) -> Vec<(Day, Day)> {
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<(Day, Day)> = Vec::new();
    for (from, to) in sorted {
        match merged.last_mut() {
            Some((_, last)) if from.plus(-SLACK) <= last.plus(SLACK + 1) => *last = to.max(*last),
            _ => merged.push((from, to)),
        }
    }
    merged
}

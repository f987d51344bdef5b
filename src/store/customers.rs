//! The customers' rows, a million of them: an id, what they are split by, and whether the rest can be
//! read. Names and addresses are read again for the few who are named.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::decode::{Bad, Cells, RowView, missing, text_of};
use super::error::{CUSTOMERS_MAX, StoreError};
use super::matters::days_of;
use super::pass::{self, Decode, Form};
use super::relation::{CUSTOMERS, Relation};
use super::year_days::{Placed, YearDays, placed};
use crate::domain::customers::{Key, Profile};
use crate::domain::facts::{Facts, Needs};
use crate::domain::matter::{Dated, Occasion};
use crate::domain::{Customers, Yearly, text};

/// Where a statement yields the columns of a relation.
pub(super) struct Places(Vec<Option<usize>>);

impl Places {
    pub(super) fn of(relation: Relation, given: &[String]) -> Places {
        Places(relation.columns.iter().map(|c| place(given, c.name)).collect())
    }

    pub(super) fn all(&self) -> &[Option<usize>] {
        &self.0
    }

    /// The place of a column, by its name.
    pub(super) fn get(&self, relation: Relation, column: &str) -> Option<usize> {
        let at = relation.columns.iter().position(|c| c.name == column)?;
        self.0.get(at).copied().flatten()
    }
}

/// Where a column is among those that a source gives.
pub(super) fn place(given: &[String], column: &str) -> Option<usize> {
    given.iter().position(|name| name.eq_ignore_ascii_case(column))
}

/// Gives `take` the id of a row: whole numbers and clean text as they are, anything else cleaned.
#[inline]
pub(super) fn with_key<T>(
    value: ValueRef<'_>,
    column: &str,
    take: impl FnOnce(Key<'_>) -> T,
) -> Result<Option<T>, Bad> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(n) => Ok(Some(take(Key::Whole(n)))),
        ValueRef::Text(bytes) if is_clean(bytes) => {
            Ok(std::str::from_utf8(bytes).ok().map(|text| take(Key::of(text))))
        }
        value => Ok(text_of(value, column)?.map(|text| take(Key::of(&text)))),
    }
}

/// Whether cleaning would change nothing: visible ASCII, not overlong.
#[inline]
fn is_clean(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() <= text::NAME_MAX && bytes.iter().all(u8::is_ascii_graphic)
}

/// Whether an id is read as it is written, so that it is found again by what was read.
pub(super) fn is_written_as_read(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Text(bytes) => {
            is_clean(bytes) || std::str::from_utf8(bytes).is_ok_and(|id| text::clean(id) == id)
        }
        _ => true,
    }
}

/// The columns that customers are split by, in the order of [`Profile`].
const SPLIT: [&str; 5] = ["segment", "plan", "region", "tier", "tags"];

/// The columns that a job needs.
pub(super) fn columns(needs: &Needs) -> Vec<&'static str> {
    ["id", "name", "owner_id"].into_iter().chain(needs.customers.iter().copied()).collect()
}

/// Reads customers into the facts, with those of their `days` that are looked for.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    days: &[Arc<YearDays>],
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let days = placed(days, |column| form.places.get(CUSTOMERS, column));
    let customers = Mutex::new(Customers::default());
    // Ids that came before: how many, and the first.
    let mut repeated: Option<(usize, String)> = None;
    let (readers, noted) = pass::read(
        connections,
        form,
        || Reader::new(&form.places, &days, &customers),
        |rows| {
            let mut customers = locked(&customers);
            for row in rows.drain(..) {
                match row {
                    Row::Customer { id, profile, owner } => {
                        if customers.push(id.key(), profile, owner).is_none() {
                            repeated.get_or_insert_with(|| (0, id.to_string())).0 += 1;
                        }
                    }
                    Row::Day(occasion, date) => {
                        let customer = (customers.len() as u32).saturating_sub(1);
                        facts.matters.dates.push(Dated { customer, occasion, date, yearly: true });
                    }
                }
            }
        },
    )?;
    let (mut referrers, mut missed) = (BTreeSet::new(), Vec::new());
    for reader in readers {
        referrers.extend(reader.referrers);
        missed.extend(reader.unread);
    }
    let mut customers = customers.into_inner().unwrap_or_else(PoisonError::into_inner);
    customers.miss(&missed);
    if customers.len() > CUSTOMERS_MAX {
        return Err(StoreError::TooMany);
    }
    if let Some((count, example)) = repeated {
        return Err(StoreError::Repeated { relation: CUSTOMERS.name, count, example });
    }
    customers.seal();
    facts.referrers = referrers.iter().filter_map(|id| customers.find(Key::of(id))).collect();
    facts.customers = customers;
    noted.into_facts(CUSTOMERS, facts);
    Ok(())
}

/// Whoever else held it has left it whole: what is done under a lock here cannot stop halfway.
pub(super) fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An id on its way from a reader.
#[derive(Clone)]
pub(super) enum Id {
    Whole(i64),
    Text(Box<str>),
}

impl Id {
    pub(super) fn of(key: Key<'_>) -> Id {
        match key {
            Key::Whole(n) => Id::Whole(n),
            Key::Text(text) => Id::Text(text.into()),
        }
    }

    pub(super) fn key(&self) -> Key<'_> {
        match self {
            Id::Whole(n) => Key::Whole(*n),
            Id::Text(text) => Key::Text(text),
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Id::Whole(n) => n.fmt(f),
            Id::Text(text) => text.fmt(f),
        }
    }
}

/// What is kept of a row.
enum Row {
    Customer {
        id: Id,
        profile: u32,
        owner: u32,
    },
    /// Of the customer who came last.
    Day(Occasion, Yearly),
}

/// Reads customers row by row.
struct Reader<'a> {
    id: Option<usize>,
    name: Option<usize>,
    split: [Option<usize>; 5],
    owner: [Option<usize>; 1],
    referred_by: Option<usize>,
    days: &'a [Placed],
    /// Where profiles and owners get their numbers.
    customers: &'a Mutex<Customers>,
    /// Most customers are like one before.
    profiles: Numbers,
    owners: Numbers,
    /// Ids of those who are said to have referred another.
    referrers: BTreeSet<String>,
    /// Owners of those who cannot be read.
    unread: Vec<u32>,
}

impl<'a> Reader<'a> {
    fn new(places: &Places, days: &'a [Placed], customers: &'a Mutex<Customers>) -> Reader<'a> {
        let place = |column| places.get(CUSTOMERS, column);
        Reader {
            id: place("id"),
            name: place("name"),
            split: SPLIT.map(place),
            owner: [place("owner_id")],
            referred_by: place("referred_by"),
            days,
            customers,
            profiles: Numbers::default(),
            owners: Numbers::default(),
            referrers: BTreeSet::new(),
            unread: Vec::new(),
        }
    }

    fn profile(&mut self, view: &RowView<'_, '_>) -> Result<u32, Bad> {
        self.profiles.of(view, &self.split, || {
            let tags = view.text("tags")?.unwrap_or_default();
            let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned);
            let profile = Profile {
                segment: view.text("segment")?,
                plan: view.text("plan")?,
                region: view.text("region")?,
                tier: view.text("tier")?,
                tags: tags.collect(),
            };
            Ok(locked(self.customers).intern(profile))
        })
    }

    fn customer(&mut self, view: &RowView<'_, '_>, owner: u32) -> Result<Row, Bad> {
        let (profile, row) = (self.profile(view)?, view.row);
        if !has_text(row.get(self.name)) && text_of(row.get(self.name), "name")?.is_none() {
            return Err(missing("name"));
        }
        let id = with_key(row.get(self.id), "id", Id::of)?;
        Ok(Row::Customer { id: id.ok_or_else(|| missing("id"))?, profile, owner })
    }

    fn owner(&mut self, view: &RowView<'_, '_>) -> Result<u32, Bad> {
        self.owners.of(view, &self.owner, || {
            let owner = view.text("owner_id")?;
            Ok(locked(self.customers).intern_owner(owner))
        })
    }
}

impl Decode for Reader<'_> {
    type Row = Row;

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<Row>) -> Result<(), Bad> {
        let owner = self.owner(view)?;
        rows.push(self.customer(view, owner).inspect_err(|_| self.unread.push(owner))?);
        let row = view.row;
        if !matches!(row.get(self.referred_by), ValueRef::Null) {
            // Whoever names themselves brought nobody.
            let own = view.text("id")?;
            self.referrers.extend(view.text("referred_by")?.filter(|by| own.as_ref() != Some(by)));
        }
        days_of(view, self.days, |occasion, date| rows.push(Row::Day(occasion, date)))
    }
}

/// Numbers of what rows have in common, by the bytes it was read from.
#[derive(Default)]
pub(super) struct Numbers {
    known: HashMap<Vec<u8>, u32>,
    /// What the row before had, and its number.
    last: (Vec<u8>, u32),
    bytes: Vec<u8>,
}

impl Numbers {
    /// The number of what a row has at `places`; of what was not seen before, the one that `new` gives.
    pub(super) fn of(
        &mut self,
        view: &RowView<'_, '_>,
        places: &[Option<usize>],
        new: impl FnOnce() -> Result<u32, Bad>,
    ) -> Result<u32, Bad> {
        fingerprint(view.row, places, &mut self.bytes);
        if self.bytes == self.last.0 && !self.known.is_empty() {
            return Ok(self.last.1);
        }
        let number = if let Some(known) = self.known.get(self.bytes.as_slice()) {
            *known
        } else {
            let number = new()?;
            self.known.insert(self.bytes.clone(), number);
            number
        };
        std::mem::swap(&mut self.bytes, &mut self.last.0);
        self.last.1 = number;
        Ok(number)
    }
}

/// Writes the values at `places` as bytes that are equal only where the values are.
fn fingerprint(row: Cells<'_, '_>, places: &[Option<usize>], bytes: &mut Vec<u8>) {
    bytes.clear();
    for place in places {
        match row.get(*place) {
            ValueRef::Null => bytes.push(0),
            ValueRef::Integer(n) => {
                bytes.push(1);
                bytes.extend(n.to_le_bytes());
            }
            ValueRef::Real(x) => {
                bytes.push(2);
                bytes.extend(x.to_le_bytes());
            }
            ValueRef::Text(text) => {
                bytes.push(3);
                bytes.extend((text.len() as u32).to_le_bytes());
                bytes.extend(text);
            }
            // Refused where it is read; what it holds does not matter.
            ValueRef::Blob(_) => bytes.push(4),
        }
    }
}

fn has_text(value: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Text(bytes) if bytes.iter().any(u8::is_ascii_graphic))
}

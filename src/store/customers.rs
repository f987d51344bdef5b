//! The customers' rows, a million of them: an id, what they are split by, and whether the rest can be
//! read. Names and addresses are read again for the few who are named.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::days::plain_date;
use super::decode::{Bad, RowView, missing, text_of};
use super::error::{CUSTOMERS_MAX, StoreError};
use super::relation::{CUSTOMERS, Relation};
use crate::domain::customers::{Key, Profile};
use crate::domain::facts::{Facts, Fault};
use crate::domain::{People, Person, text};

/// Where a statement yields the columns of a relation.
pub(super) struct Places(Vec<Option<usize>>);

impl Places {
    pub(super) fn of(relation: Relation, given: &[String]) -> Places {
        let place = |name: &str| given.iter().position(|g| g.eq_ignore_ascii_case(name));
        Places(relation.columns.iter().map(|c| place(c.name)).collect())
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

/// A value, or nothing where the statement does not yield the column.
pub(super) fn value<'r>(row: &'r Row<'_>, place: Option<usize>) -> ValueRef<'r> {
    place.and_then(|place| row.get_ref(place).ok()).unwrap_or(ValueRef::Null)
}

/// Gives `take` the id of a row: whole numbers and clean text as they are, anything else cleaned.
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
fn is_clean(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() <= text::NAME_MAX && bytes.iter().all(u8::is_ascii_graphic)
}

/// The columns that customers are split by, in the order of [`Profile`].
const SPLIT: [&str; 5] = ["segment", "plan", "region", "tier", "tags"];

/// Reads customers row by row.
pub(super) struct Reader {
    id: Option<usize>,
    name: Option<usize>,
    since: Option<usize>,
    birthday: Option<usize>,
    split: [Option<usize>; 5],
    owner: [Option<usize>; 1],
    /// Profiles and owners by the bytes they were read from: most customers are like one before.
    known: HashMap<Vec<u8>, u32>,
    known_owners: HashMap<Vec<u8>, u32>,
    bytes: Vec<u8>,
    referred_by: Option<usize>,
    /// Ids of those who are said to have referred another.
    referrers: BTreeSet<String>,
    /// Ids that came before: how many, and the first.
    repeated: Option<(usize, String)>,
}

impl Reader {
    pub(super) fn new(places: &Places) -> Reader {
        let place = |column| places.get(CUSTOMERS, column);
        Reader {
            id: place("id"),
            name: place("name"),
            since: place("since"),
            birthday: place("birthday"),
            split: SPLIT.map(place),
            owner: [place("owner_id")],
            known: HashMap::new(),
            known_owners: HashMap::new(),
            bytes: Vec::new(),
            referred_by: place("referred_by"),
            referrers: BTreeSet::new(),
            repeated: None,
        }
    }

    /// Takes one row into the facts.
    pub(super) fn take(&mut self, view: &RowView<'_, '_>, facts: &mut Facts) -> Result<(), Bad> {
        self.check_dates(view, facts);
        let profile = self.profile(view, facts)?;
        let owner = self.owner(view, facts)?;
        let row = view.row;
        if !has_text(value(row, self.name)) && text_of(value(row, self.name), "name")?.is_none() {
            return Err(missing("name"));
        }
        let customers = &mut facts.customers;
        let added = with_key(value(row, self.id), "id", |key| customers.push(key, profile, owner))?;
        if added.ok_or_else(|| missing("id"))?.is_none() {
            let example = || view.id_or_unknown();
            let entry = self.repeated.get_or_insert_with(|| (0, example()));
            entry.0 += 1;
        }
        if !matches!(value(row, self.referred_by), ValueRef::Null) {
            // Whoever names themselves brought nobody.
            let own = view.text("id")?;
            self.referrers.extend(view.text("referred_by")?.filter(|by| own.as_ref() != Some(by)));
        }
        Ok(())
    }

    /// What can be read of the dates is read where it is needed; what cannot is said here.
    fn check_dates(&self, view: &RowView<'_, '_>, facts: &mut Facts) {
        type Check = fn(&RowView<'_, '_>) -> Result<(), Bad>;
        let since: Check = |view| view.day("since").map(|_| ());
        for (place, check) in [(self.since, since), (self.birthday, check_birthday)] {
            let raw = value(view.row, place);
            if matches!(raw, ValueRef::Null) || plain_date(raw).is_some() {
                continue;
            }
            if let Err(bad) = check(view) {
                // An optional value that cannot be read is left empty.
                facts.reject(view.rejected(Bad { fault: Fault::Blanked, ..bad }));
            }
        }
    }

    fn profile(&mut self, view: &RowView<'_, '_>, facts: &mut Facts) -> Result<u32, Bad> {
        fingerprint(view.row, &self.split, &mut self.bytes);
        if let Some(known) = self.known.get(self.bytes.as_slice()) {
            return Ok(*known);
        }
        let tags = view.text("tags")?.unwrap_or_default();
        let profile = facts.customers.intern(Profile {
            segment: view.text("segment")?,
            plan: view.text("plan")?,
            region: view.text("region")?,
            tier: view.text("tier")?,
            tags: tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        });
        self.known.insert(self.bytes.clone(), profile);
        Ok(profile)
    }

    fn owner(&mut self, view: &RowView<'_, '_>, facts: &mut Facts) -> Result<u32, Bad> {
        fingerprint(view.row, &self.owner, &mut self.bytes);
        if let Some(known) = self.known_owners.get(self.bytes.as_slice()) {
            return Ok(*known);
        }
        let owner = facts.customers.intern_owner(view.text("owner_id")?);
        self.known_owners.insert(self.bytes.clone(), owner);
        Ok(owner)
    }

    /// What must hold of all rows together.
    pub(super) fn finish(self, facts: &mut Facts) -> Result<(), StoreError> {
        if facts.customers.len() > CUSTOMERS_MAX {
            return Err(StoreError::TooMany);
        }
        if let Some((count, example)) = self.repeated {
            return Err(StoreError::Repeated { relation: CUSTOMERS.name, count, example });
        }
        facts.customers.seal();
        let found = self.referrers.iter().filter_map(|id| facts.customers.find(Key::of(id)));
        facts.referrers = found.collect();
        Ok(())
    }
}

/// Writes the values at `places` as bytes that are equal only where the values are.
pub(super) fn fingerprint(row: &Row<'_>, places: &[Option<usize>], bytes: &mut Vec<u8>) {
    bytes.clear();
    for place in places {
        match value(row, *place) {
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

/// A birthday may lack its year; either way it must be a day that exists.
fn check_birthday(view: &RowView<'_, '_>) -> Result<(), Bad> {
    match view.text("birthday")? {
        Some(text) if text.len() == 5 => {
            let full = format!("2000-{text}");
            crate::domain::day::read_day(&full, view.store_zone).map(|_| ()).map_err(|_| Bad {
                fault: Fault::Unreadable,
                reason: format!("birthday: not a date: `{text}`"),
            })
        }
        _ => view.day("birthday").map(|_| ()),
    }
}

/// Picks those who are wanted out of the rows.
pub(super) struct Named<'a> {
    wanted: BTreeSet<u32>,
    facts: &'a Facts,
    id: Option<usize>,
    people: BTreeMap<u32, Person>,
}

impl<'a> Named<'a> {
    pub(super) fn new(wanted: BTreeSet<u32>, facts: &'a Facts, places: &Places) -> Named<'a> {
        Named { wanted, facts, id: places.get(CUSTOMERS, "id"), people: BTreeMap::new() }
    }

    /// Looks at a row; true when everybody was found.
    pub(super) fn look(&mut self, view: &RowView<'_, '_>) -> bool {
        let found = with_key(value(view.row, self.id), "id", |key| self.facts.customers.find(key));
        if let Ok(Some(Some(customer))) = found
            && self.wanted.remove(&customer)
        {
            let text = |column| view.text(column).ok().flatten();
            let name = text("name").unwrap_or_default();
            self.people.insert(customer, Person { name, email: text("email"), phone: text("phone") });
        }
        self.wanted.is_empty()
    }

    pub(super) fn finish(self) -> People {
        People(self.people)
    }
}

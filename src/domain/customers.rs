//! All customers of a shop, in columns: a million of them in a few bytes each.
//!
//! What reports split customers by repeats from customer to customer, so each distinct combination is
//! kept once, as a [`Profile`]. Names and addresses are not here: they are read for the few who are
//! named ([`super::People`]).

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use xxhash_rust::xxh3::Xxh3;

use super::Customer;
use super::interner::{HASH, Interner};

/// What customers are split by, as the shop wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Profile {
    /// Business segment, such as `enterprise`.
    pub segment: Option<String>,
    /// Plan on the customer's row; a subscription's own plan wins.
    pub plan: Option<String>,
    /// Sales region.
    pub region: Option<String>,
    /// Care tier: how often they are owed a contact.
    pub tier: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
}

/// An id as a store gives it. A whole number and its decimal text are the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// A whole number.
    Whole(i64),
    /// Anything else.
    Text(&'a str),
}

impl<'a> Key<'a> {
    /// The id that a text means.
    pub fn of(text: &'a str) -> Key<'a> {
        canonical(text.as_bytes()).map_or(Key::Text(text), Key::Whole)
    }
}

/// The number a text is the usual decimal form of: no sign but minus, no leading zeros.
fn canonical(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let plain = match digits {
        [b'0'] => !negative,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !plain {
        return None;
    }
    // Downwards, where there is room for one more.
    let step = |n: i64, digit: &u8| n.checked_mul(10)?.checked_sub(i64::from(digit - b'0'));
    let below = digits.iter().try_fold(0, step)?;
    if negative { Some(below) } else { below.checked_neg() }
}

#[derive(Debug, Clone)]
enum Ids {
    Whole(Vec<i64>),
    /// Whole numbers without a gap.
    Counted {
        first: i64,
    },
    Texts {
        bytes: String,
        ends: Vec<u32>,
    },
}

#[derive(Debug, Clone)]
enum Index {
    /// Whole ids in rising order: nothing can repeat, and nothing is looked up yet.
    Rising,
    /// Whole ids without a gap: the customer of `first + n` is n.
    Consecutive { first: i64 },
    /// Whole ids close together: the customer of `first + n` is at `n`, one up; 0 is nobody.
    Dense { first: i64, table: Vec<u32> },
    /// By hash of the id.
    Hashed(HashTable<u32>),
}

/// The customers, in store order.
#[derive(Debug, Clone)]
pub struct Customers {
    ids: Ids,
    index: Index,
    profile_of: Vec<u32>,
    profiles: Interner<Profile>,
    owner_of: Vec<u32>,
    owners: Interner<Option<String>>,
    /// Of those who cannot be read, their owners.
    missed: Vec<u32>,
}

impl Default for Customers {
    fn default() -> Customers {
        Customers {
            ids: Ids::Whole(Vec::new()),
            index: Index::Rising,
            profile_of: Vec::new(),
            profiles: Interner::default(),
            owner_of: Vec::new(),
            owners: Interner::default(),
            missed: Vec::new(),
        }
    }
}

fn hash(key: Key<'_>) -> u64 {
    match key {
        Key::Whole(n) => HASH.hash_one(n),
        Key::Text(text) => HASH.hash_one(text),
    }
}

impl Customers {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.profile_of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.profile_of.is_empty()
    }

    /// Every index.
    pub fn all(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }

    /// Every identity in the store.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.all().filter_map(|customer| self.key(customer))
    }

    /// A customer's identity in the store.
    pub fn id(&self, customer: u32) -> Cow<'_, str> {
        match self.key(customer) {
            Some(Key::Whole(n)) => Cow::Owned(n.to_string()),
            Some(Key::Text(text)) => Cow::Borrowed(text),
            None => Cow::Borrowed(""),
        }
    }

    /// The same as a store gives it; `None` for one who is not there.
    pub fn key(&self, customer: u32) -> Option<Key<'_>> {
        let at = customer as usize;
        match &self.ids {
            Ids::Whole(ids) => ids.get(at).copied().map(Key::Whole),
            Ids::Counted { first } => (at < self.len()).then(|| Key::Whole(first + at as i64)),
            Ids::Texts { bytes, ends } => {
                let from = if at == 0 { 0 } else { *ends.get(at - 1)? };
                let text = bytes.get(from as usize..*ends.get(at)? as usize)?;
                Some(Key::of(text))
            }
        }
    }

    /// What a customer is split by.
    pub fn profile(&self, customer: u32) -> &Profile {
        &self.profiles.values()[self.profile_of[customer as usize] as usize]
    }

    /// The id of the rep who looks after a customer.
    pub fn owner(&self, customer: u32) -> Option<&str> {
        self.owners.values()[self.owner_of[customer as usize] as usize].as_deref()
    }

    /// Which of [`Self::owners`] looks after a customer.
    pub fn owner_index(&self, customer: u32) -> u32 {
        self.owner_of[customer as usize]
    }

    /// The distinct owners; one of them may be nobody.
    pub fn owners(&self) -> &[Option<String>] {
        self.owners.values()
    }

    /// Which of [`Self::profiles`] is a customer's.
    pub fn profile_index(&self, customer: u32) -> u32 {
        self.profile_of[customer as usize]
    }

    /// Which of [`Self::profiles`] is whose, by customer.
    pub fn profile_indexes(&self) -> &[u32] {
        &self.profile_of
    }

    /// Which of [`Self::owners`] looks after whom, by customer.
    pub fn owner_indexes(&self) -> &[u32] {
        &self.owner_of
    }

    /// The distinct profiles.
    pub fn profiles(&self) -> &[Profile] {
        self.profiles.values()
    }

    /// The number of a profile, which is new or known.
    pub fn intern(&mut self, profile: Profile) -> u32 {
        self.profiles.intern(profile)
    }

    /// The number of an owner, who is new or known.
    pub fn intern_owner(&mut self, owner: Option<String>) -> u32 {
        self.owners.intern(owner)
    }

    /// Notes customers who cannot be read, and are somebody's all the same: their owners' numbers.
    pub fn miss(&mut self, owners: &[u32]) {
        self.missed.extend(owners);
    }

    /// How many customers each of [`Self::owners`] has, those who cannot be read among them.
    pub fn owned(&self) -> Vec<u64> {
        // By number: there may be a million customers, and few owners.
        let mut owned = vec![0; self.owners().len()];
        for owner in self.owner_of.iter().chain(&self.missed) {
            owned[*owner as usize] += 1;
        }
        owned
    }

    /// Adds a customer and tells its index; `None` when the id came before, and nothing is added.
    pub fn push(&mut self, key: Key<'_>, profile: u32, owner: u32) -> Option<u32> {
        let next = self.len() as u32;
        if let (true, Key::Whole(first)) = (self.is_empty(), key) {
            (self.ids, self.index) = (Ids::Counted { first }, Index::Consecutive { first });
        }
        if self.counts_on(key) {
            self.profile_of.push(profile);
            self.owner_of.push(owner);
            return Some(next);
        }
        if let Ids::Counted { first } = self.ids {
            (self.ids, self.index) = (Ids::Whole((first..).take(self.len()).collect()), Index::Rising);
        }
        let rising = match (&self.ids, &self.index, key) {
            (Ids::Whole(ids), Index::Rising, Key::Whole(n)) => ids.last().is_none_or(|last| *last < n),
            _ => false,
        };
        if !rising {
            if matches!(key, Key::Text(_)) {
                self.as_texts();
            }
            self.hashed();
            if self.find(key).is_some() {
                return None;
            }
        }
        match &mut self.ids {
            Ids::Whole(ids) => ids.extend(if let Key::Whole(n) = key { Some(n) } else { None }),
            Ids::Counted { .. } => {}
            Ids::Texts { bytes, ends } => {
                match key {
                    Key::Whole(n) => bytes.push_str(&n.to_string()),
                    Key::Text(text) => bytes.push_str(text),
                }
                ends.push(bytes.len() as u32);
            }
        }
        self.profile_of.push(profile);
        self.owner_of.push(owner);
        if !rising {
            self.insert(key, next);
        }
        Some(next)
    }

    /// Whether an id is the next of those without a gap: then it need not be kept.
    fn counts_on(&self, key: Key<'_>) -> bool {
        match (&self.ids, key) {
            (Ids::Counted { first }, Key::Whole(n)) => first.checked_add(self.len() as i64) == Some(n),
            _ => false,
        }
    }

    /// Adds a customer from its row; `None` when the id came before.
    pub fn add(&mut self, row: &Customer) -> Option<u32> {
        let profile = self.intern(Profile {
            segment: row.segment.clone(),
            plan: row.plan.clone(),
            region: row.region.clone(),
            tier: row.tier.clone(),
            tags: row.tags.clone(),
        });
        let owner = self.intern_owner(row.owner_id.clone());
        self.push(Key::of(&row.id), profile, owner)
    }

    /// A digest of the first `n` ids, in their order: of the same customers it is the same.
    pub fn digest(&self, n: usize) -> u64 {
        let mut digest = Xxh3::new();
        for customer in 0..n as u32 {
            match self.key(customer) {
                Some(Key::Whole(n)) => digest.update(&n.to_le_bytes()),
                Some(Key::Text(text)) => {
                    digest.update(text.as_bytes());
                    digest.update(&[0]);
                }
                None => {}
            }
        }
        digest.digest()
    }

    /// The customer of an id.
    #[inline]
    pub fn find(&self, key: Key<'_>) -> Option<u32> {
        match (&self.index, key) {
            (Index::Rising, Key::Whole(n)) => match &self.ids {
                Ids::Whole(ids) => ids.binary_search(&n).ok().map(|at| at as u32),
                Ids::Counted { .. } | Ids::Texts { .. } => None,
            },
            (Index::Consecutive { first }, Key::Whole(n)) => {
                let at = usize::try_from(n.checked_sub(*first)?).ok()?;
                (at < self.len()).then_some(at as u32)
            }
            (Index::Dense { first, table }, Key::Whole(n)) => {
                let at = usize::try_from(n.checked_sub(*first)?).ok()?;
                table.get(at)?.checked_sub(1)
            }
            (Index::Hashed(table), key) => {
                table.find(hash(key), |at| self.key(*at).is_some_and(|known| known == key)).copied()
            }
            (Index::Rising | Index::Consecutive { .. } | Index::Dense { .. }, Key::Text(_)) => None,
        }
    }

    /// Makes look-ups fast, once all customers are there.
    pub fn seal(&mut self) {
        let (Index::Rising, Ids::Whole(ids)) = (&self.index, &self.ids) else { return };
        let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else { return };
        let spread = last.checked_sub(first).and_then(|spread| usize::try_from(spread).ok());
        match spread.filter(|spread| *spread < ids.len().saturating_mul(4) + 1024) {
            Some(spread) => {
                let mut table = vec![0; spread + 1];
                for (at, id) in (1u32..).zip(ids) {
                    table[(id - first) as usize] = at;
                }
                self.index = Index::Dense { first, table };
            }
            None => self.hashed(),
        }
    }

    fn as_texts(&mut self) {
        if let Ids::Whole(ids) = &self.ids {
            let mut bytes = String::new();
            let mut ends = Vec::with_capacity(ids.len());
            for id in ids {
                bytes.push_str(&id.to_string());
                ends.push(bytes.len() as u32);
            }
            self.hashed();
            self.ids = Ids::Texts { bytes, ends };
        }
    }

    fn hashed(&mut self) {
        if !matches!(self.index, Index::Hashed(_)) {
            self.index = Index::Hashed(HashTable::with_capacity(self.len() + 1));
            for customer in self.all() {
                if let Some(hash) = self.key(customer).map(hash) {
                    self.insert_hash(hash, customer);
                }
            }
        }
    }

    fn insert(&mut self, key: Key<'_>, customer: u32) {
        self.insert_hash(hash(key), customer);
    }

    fn insert_hash(&mut self, hash_of: u64, customer: u32) {
        let Index::Hashed(mut table) = std::mem::replace(&mut self.index, Index::Rising) else { return };
        table.insert_unique(hash_of, customer, |at| self.key(*at).map_or(0, hash));
        self.index = Index::Hashed(table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customers(ids: &[&str]) -> Customers {
        let mut customers = Customers::default();
        for id in ids {
            let (profile, owner) = (customers.intern(Profile::default()), customers.intern_owner(None));
            assert!(customers.push(Key::of(id), profile, owner).is_some(), "{id}");
        }
        customers.seal();
        customers
    }

    #[test]
    fn customers_are_found_by_their_ids_whatever_they_look_like() {
        for ids in [
            &["1", "2", "3", "7"][..],
            &["5", "1", "9"],
            &["1", "900000000000000", "900000000000001"],
            &["C-1", "C-2", "0012", "12"],
            &["3", "4", "x", "5"],
            &["-4", "0", "2"],
            &["-1", "0", "1"],
            &["41"],
        ] {
            let customers = customers(ids);
            for (at, id) in (0u32..).zip(ids) {
                assert_eq!(customers.find(Key::of(id)), Some(at), "{id} of {ids:?}");
                assert_eq!(customers.id(at), *id);
            }
            for stranger in ["6", "C-3", "", "012", "-2", "99999999999999999999"] {
                assert_eq!(customers.find(Key::of(stranger)), None, "{stranger} of {ids:?}");
            }
        }
    }

    #[test]
    fn a_whole_number_and_its_text_are_one_id_as_far_as_numbers_go() {
        for n in [0, 7, -7, 1_234_567_890_123_456_789, i64::MAX, i64::MIN] {
            assert_eq!(Key::of(&n.to_string()), Key::Whole(n));
        }
        for text in
            ["9223372036854775808", "-9223372036854775809", "99999999999999999999", "-0", "+1", "01", ""]
        {
            assert_eq!(Key::of(text), Key::Text(text));
        }
    }

    #[test]
    fn an_id_that_came_before_is_not_added() {
        for ids in [&["1", "2", "2"][..], &["2", "1", "2"], &["a", "1", "1"], &["7", "a", "7"]] {
            let mut customers = Customers::default();
            let added = ids.iter().filter(|id| customers.push(Key::of(id), 0, 0).is_some()).count();
            assert_eq!((added, customers.len()), (2, 2), "{ids:?}");
        }
    }

    #[test]
    fn customers_can_still_be_added_to_those_that_were_counted() {
        for more in ["9", "3", "x"] {
            let mut customers = customers(&["4", "5", "6"]);
            assert_eq!(customers.push(Key::of("5"), 0, 0), None);
            assert_eq!(customers.push(Key::of(more), 0, 0), Some(3));
            customers.seal();
            for (at, id) in (0u32..).zip(["4", "5", "6", more]) {
                assert_eq!((customers.find(Key::of(id)), &*customers.id(at)), (Some(at), id));
            }
        }
    }

    #[test]
    fn equal_profiles_are_kept_once() {
        let mut customers = Customers::default();
        let row = |id: &str, segment: &str| Customer {
            id: id.into(),
            segment: Some(segment.into()),
            ..Customer::default()
        };
        for (id, segment) in [("1", "a"), ("2", "b"), ("3", "a")] {
            customers.add(&row(id, segment));
        }
        assert_eq!(customers.profiles().len(), 2);
        assert_eq!(customers.profile(2).segment.as_deref(), Some("a"));
    }
}

//! Splitting the customers: by what the shop calls them, by who looks after them, by how long they stay.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::panel::Panel;
use crate::domain::{Day, Period, Profile};

/// What customers are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// `customers.segment`.
    Segment,
    /// The plan of the subscription when the period began, or `customers.plan`.
    Plan,
    /// `customers.region`.
    Region,
    /// `customers.tier`.
    Tier,
    /// The owner's name.
    Owner,
    /// Each tag; a customer with two tags is in two groups.
    Tag,
    /// How long they had been customers when the period began: of each period another group.
    Tenure,
    /// The quarter they became active in.
    Cohort,
}

impl Split {
    /// All of them with their names in the configuration.
    pub const ALL: [(&'static str, Split); 8] = [
        ("segment", Split::Segment),
        ("plan", Split::Plan),
        ("region", Split::Region),
        ("tier", Split::Tier),
        ("owner", Split::Owner),
        ("tag", Split::Tag),
        ("tenure", Split::Tenure),
        ("cohort", Split::Cohort),
    ];

    /// The column of `customers` it is read from, where that is one of its own.
    pub fn column(self) -> Option<&'static str> {
        match self {
            Split::Segment => Some("segment"),
            Split::Plan => Some("plan"),
            Split::Region => Some("region"),
            Split::Tier => Some("tier"),
            Split::Tag => Some("tags"),
            Split::Owner | Split::Tenure | Split::Cohort => None,
        }
    }

    /// As written in the configuration.
    pub fn name(self) -> &'static str {
        Split::ALL.iter().find(|(_, split)| *split == self).map_or("segment", |(name, _)| name)
    }
}

/// The tenure bands: key of the name in the locale files, and the first day that is beyond it.
const TENURE: [(&str, i32); 5] =
    [("tenure.1", 91), ("tenure.2", 365), ("tenure.3", 730), ("tenure.4", 1826), ("tenure.5", i32::MAX)];

/// The labels of the tenure bands, the shortest first.
pub fn tenures() -> impl Iterator<Item = &'static str> {
    TENURE.iter().map(|(name, _)| *name)
}

/// The groups of a split, and who is in which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups<'a> {
    /// What customers were split by.
    pub split: Split,
    /// The groups' names, in order; `None` holds those without one.
    pub labels: Vec<Option<String>>,
    /// By customer index the row of [`Self::sets`]: what the facts have of each, where that tells.
    set_of: Cow<'a, [u32]>,
    /// Groups, of which one may be in several.
    sets: Vec<Vec<u32>>,
    /// Of groups that customers pass through, in their place.
    bands: Option<Bands>,
}

/// Groups by how long somebody had been there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bands {
    /// By customer index the first active day.
    first: Vec<Option<Day>>,
    /// When the periods begin.
    starts: Vec<Day>,
    /// By band, and last of who never was active, which set it is.
    sets: [Option<u32>; TENURE.len() + 1],
}

impl Bands {
    /// The band of somebody in the period at a place; of one that nobody asked for that of the first.
    fn of(&self, customer: u32, at: usize) -> usize {
        let start = self.starts.get(at).or(self.starts.first());
        let first = self.first.get(customer as usize).copied().flatten();
        first.zip(start).map_or(TENURE.len(), |(first, start)| band(start.since(first)))
    }
}

/// The place of the band of so many days.
fn band(days: i32) -> usize {
    TENURE.iter().position(|(_, end)| days < *end).unwrap_or(TENURE.len() - 1)
}

impl Groups<'_> {
    /// The groups a customer is in, in the period at a place of those that they were made for.
    pub fn of(&self, customer: u32, at: usize) -> impl Iterator<Item = usize> + use<'_> {
        let set = match &self.bands {
            Some(bands) => bands.sets[bands.of(customer, at)],
            None => self.set_of.get(customer as usize).copied(),
        };
        let set = set.map(|set| self.sets[set as usize].as_slice());
        set.unwrap_or_default().iter().map(|group| *group as usize)
    }

    /// The customers of each group in the first period, in the order of the labels.
    pub fn members(&self, customers: &[u32]) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.labels.len()];
        for &customer in customers {
            self.of(customer, 0).for_each(|group| members[group].push(customer));
        }
        members
    }
}

impl<'a> Groups<'a> {
    /// Where each customer is in one group: that of the label, among `found`, which `set_of` says.
    fn one_each(split: Split, set_of: Cow<'a, [u32]>, found: Vec<Option<String>>) -> Groups<'a> {
        let (labels, rank) = ranked(found);
        let sets = rank.into_iter().map(|group| vec![group]).collect();
        Groups { split, labels, set_of, sets, bands: None }
    }
}

/// Labels in order, and for each of `found` which one it is.
fn ranked(found: Vec<Option<String>>) -> (Vec<Option<String>>, Vec<u32>) {
    let labels: BTreeSet<&Option<String>> = found.iter().collect();
    let labels: Vec<Option<String>> = labels.into_iter().cloned().collect();
    let rank = found.iter().map(|label| labels.partition_point(|known| known < label) as u32).collect();
    (labels, rank)
}

impl<'a> Panel<'a> {
    /// Splits all customers of the facts, as of each of `periods` where groups are passed through: by tenure a customer
    /// is in one of them this month and in another a year ago. All else is told of the first.
    pub fn groups_over(&self, split: Split, periods: &[Period]) -> Groups<'a> {
        match periods.first() {
            Some(_) if split == Split::Tenure => self.bands(periods),
            Some(first) => self.groups_of(split, first),
            None => Groups::one_each(split, Cow::default(), Vec::new()),
        }
    }

    /// The same as of one period.
    pub fn groups(&self, split: Split, period: &Period) -> Groups<'a> {
        self.groups_over(split, std::slice::from_ref(period))
    }

    fn bands(&self, periods: &[Period]) -> Groups<'a> {
        let customers = self.facts.customers.all();
        let first: Vec<Option<Day>> = customers.clone().map(|customer| self.first_active(customer)).collect();
        let starts = periods.iter().map(|period| period.start).collect();
        let mut bands = Bands { first, starts, sets: [None; TENURE.len() + 1] };
        let mut there = [false; TENURE.len() + 1];
        for customer in customers {
            (0..periods.len()).for_each(|at| there[bands.of(customer, at)] = true);
        }
        let mut found = Vec::new();
        for (band, _) in there.into_iter().enumerate().filter(|(_, there)| *there) {
            bands.sets[band] = Some(found.len() as u32);
            found.push(TENURE.get(band).map(|(name, _)| (*name).to_owned()));
        }
        Groups { bands: Some(bands), ..Groups::one_each(Split::Tenure, Cow::default(), found) }
    }

    fn groups_of(&self, split: Split, period: &Period) -> Groups<'a> {
        let customers = &self.facts.customers;
        // What the profile tells is asked of each profile, not of each customer.
        let by_profile = |label: &dyn Fn(&Profile) -> Option<String>| {
            let found = customers.profiles().iter().map(label).collect();
            Groups::one_each(split, customers.profile_indexes().into(), found)
        };
        match split {
            Split::Segment => by_profile(&|p| p.segment.clone()),
            Split::Region => by_profile(&|p| p.region.clone()),
            Split::Tier => by_profile(&|p| p.tier.clone()),
            Split::Owner => {
                let name =
                    |id: &String| self.facts.reps.get(id).map_or_else(|| id.clone(), |rep| rep.name.clone());
                let found = customers.owners().iter().map(|owner| owner.as_ref().map(name)).collect();
                Groups::one_each(split, customers.owner_indexes().into(), found)
            }
            Split::Tag => {
                let tags = |p: &Profile| {
                    if p.tags.is_empty() { vec![None] } else { p.tags.iter().cloned().map(Some).collect() }
                };
                let profiles = customers.profiles();
                let (labels, _) = ranked(profiles.iter().flat_map(tags).collect());
                let at = |tag| labels.partition_point(|known| *known < tag) as u32;
                let set = |p| tags(p).into_iter().map(at).collect::<BTreeSet<u32>>().into_iter().collect();
                let sets = profiles.iter().map(set).collect();
                Groups { split, labels, set_of: customers.profile_indexes().into(), sets, bands: None }
            }
            Split::Plan | Split::Tenure | Split::Cohort => {
                let mut seen: HashMap<Label<'_>, u32> = HashMap::new();
                let mut found = Vec::new();
                let number = |customer| {
                    let label = self.label(customer, split, period);
                    *seen.entry(label).or_insert_with(|| {
                        found.push(label.words());
                        found.len() as u32 - 1
                    })
                };
                let set_of: Vec<u32> = customers.all().map(number).collect();
                Groups::one_each(split, set_of.into(), found)
            }
        }
    }
}

impl Panel<'_> {
    /// The customers of each group, by label.
    pub fn split(&self, split: Split, period: &Period) -> BTreeMap<Option<String>, Vec<u32>> {
        let groups = self.groups(split, period);
        let members = groups.members(&self.customers);
        groups.labels.into_iter().zip(members).filter(|(_, members)| !members.is_empty()).collect()
    }

    fn label(&self, customer: u32, split: Split, period: &Period) -> Label<'_> {
        match split {
            Split::Plan => {
                let of_row = self.facts.customers.profile(customer).plan.as_deref();
                Label::Text(self.plan_on(customer, period).or(of_row))
            }
            _ => Label::Quarter(self.first_active(customer).map(|day| {
                let date = day.date();
                (date.year(), (date.month() - 1) / 3 + 1)
            })),
        }
    }

    fn plan_on(&self, customer: u32, period: &Period) -> Option<&str> {
        let rows = self.facts.contracts.get(customer);
        let before = period.start.plus(-1);
        let covering = rows.iter().rev().find(|contract| contract.covers(before));
        covering.or(rows.last()).and_then(|contract| self.facts.terms_of(contract).plan.as_deref())
    }
}

/// A group's name before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Label<'a> {
    Text(Option<&'a str>),
    Quarter(Option<(i16, i8)>),
}

impl Label<'_> {
    fn words(self) -> Option<String> {
        match self {
            Label::Text(text) => text.map(str::to_owned),
            Label::Quarter(quarter) => quarter.map(|(year, quarter)| format!("{year} Q{quarter}")),
        }
    }
}

//! The customers: who they are, when they joined, how keen they buy.

use std::fmt::Write as _;

use anyhow::Result;
use rusqlite::{Connection, params};

use super::calendar::{DAYS, Written, share};
use super::chance::Chance;

/// A customer, as far as the rest of the shop depends on them. Their id is their place plus one.
pub(super) struct Customer {
    /// The day they joined.
    pub(super) joined: u16,
    /// The day they left for good; [`u16::MAX`] for those still there.
    pub(super) left: u16,
    /// How often they are drawn when somebody buys.
    pub(super) keenness: u16,
    /// Index into [`SEGMENTS`].
    pub(super) segment: u8,
    /// Index into [`PLANS`]; [`u8::MAX`] for those who only buy.
    pub(super) plan: u8,
    /// Who looks after them, from 0.
    pub(super) owner: u8,
    /// Whether they bought on the day they joined.
    pub(super) buys_at_once: bool,
}

/// Kinds of customers.
pub(super) const SEGMENTS: [&str; 5] = ["Home", "Studio", "Office", "Retail", "Campus"];
/// Plans, cheapest first.
pub(super) const PLANS: [&str; 4] = ["Basic", "Plus", "Pro", "Scale"];
/// How many look after customers.
pub(super) const REPS: u64 = 60;
const TIERS: [&str; 3] = ["bronze", "silver", "gold"];
const REGIONS: [&str; 12] = ["SP", "RJ", "MG", "RS", "PR", "SC", "BA", "PE", "CE", "GO", "DF", "ES"];
const FIRST: [&str; 16] = [
    "Ana", "Bruno", "Carla", "Diego", "Elisa", "Felipe", "Gabriela", "Hugo", "Isabel", "Jorge", "Larissa",
    "Marcos", "Natália", "Otávio", "Paula", "Rafael",
];
const LAST: [&str; 16] = [
    "Almeida", "Barbosa", "Cardoso", "Dias", "Esteves", "Ferreira", "Gomes", "Lima", "Moreira", "Nunes",
    "Oliveira", "Pereira", "Ribeiro", "Santos", "Teixeira", "Vieira",
];
const STREETS: [&str; 8] = [
    "Rua das Acácias",
    "Avenida Paulista",
    "Rua do Comércio",
    "Rua Quinze",
    "Avenida Central",
    "Travessa do Porto",
    "Rua da Praia",
    "Alameda Santos",
];
const TAGS: [Option<&str>; 6] = [None, None, None, Some("newsletter"), Some("vip,newsletter"), Some("trial")];

/// The customers, in the order they joined: a tenth in the first two months, the others ever faster.
pub(super) fn cast(count: u64, days: &[Written]) -> Vec<Customer> {
    let mut chance = Chance::new(11);
    let growth = |day: usize| (1000 + 2000 * day as u64 / DAYS as u64) * days[day].trade;
    let mut weights: Vec<u64> = (0..DAYS).map(growth).collect();
    let opening = weights.iter().sum::<u64>() / 9 / 60;
    weights.iter_mut().take(60).for_each(|weight| *weight += opening);
    let mut cast = Vec::with_capacity(count as usize);
    for (day, joins) in share(count, &weights).into_iter().enumerate() {
        for _ in 0..joins {
            cast.push(Customer {
                joined: day as u16,
                left: u16::MAX,
                keenness: chance.tail(440, 9) as u16,
                segment: [0, 0, 0, 0, 1, 1, 2, 2, 3, 4][chance.below(10) as usize],
                plan: u8::MAX,
                owner: chance.below(REPS) as u8,
                buys_at_once: chance.per_mille(930),
            });
        }
    }
    cast
}

/// Writes them.
pub(super) fn write(db: &Connection, cast: &[Customer], days: &[Written]) -> Result<()> {
    let mut chance = Chance::new(12);
    let mut insert = db.prepare(
        "INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?;
    let (mut name, mut email, mut phone) = (String::new(), String::new(), String::new());
    let (mut address, mut birthday) = (String::new(), String::new());
    for (at, customer) in cast.iter().enumerate() {
        let id = at as u64 + 1;
        for text in [&mut name, &mut email, &mut phone, &mut address, &mut birthday] {
            text.clear();
        }
        let (first, last) = (chance.pick(&FIRST), chance.pick(&LAST));
        write!(name, "{first} {last} {}", chance.pick(&LAST))?;
        write!(email, "{}.{id}@example.com", last.to_lowercase())?;
        write!(phone, "+55 11 9{:04}-{:04}", chance.below(10_000), chance.below(10_000))?;
        write!(
            address,
            "{} {}, {:05}-000",
            chance.pick(&STREETS),
            chance.between(1, 2400),
            chance.below(99_999)
        )?;
        write!(
            birthday,
            "{}-{:02}-{:02}",
            chance.between(1950, 2004),
            chance.between(1, 12),
            chance.between(1, 28)
        )?;
        let birthday = chance.per_mille(800).then_some(&birthday);
        let keen = usize::from(customer.keenness > 2) + usize::from(customer.keenness > 12);
        let referrer = chance.per_mille(60).then(|| chance.below(id) as i64).filter(|referrer| *referrer > 0);
        insert.execute(params![
            id as i64,
            name,
            email,
            phone,
            address,
            SEGMENTS[usize::from(customer.segment)],
            PLANS.get(usize::from(customer.plan)),
            chance.pick(&REGIONS),
            TIERS[keen],
            chance.pick(&TAGS),
            rep(customer.owner),
            days[usize::from(customer.joined)].text,
            birthday,
            if chance.per_mille(120) { "en" } else { "pt-BR" },
            None::<&str>,
            chance.per_mille(830),
            referrer,
        ])?;
    }
    Ok(())
}

/// The id of a rep.
pub(super) fn rep(at: u8) -> String {
    format!("R-{:02}", at + 1)
}

/// Writes the reps.
pub(super) fn write_reps(db: &Connection) -> Result<()> {
    let mut chance = Chance::new(13);
    let mut insert = db.prepare("INSERT INTO reps VALUES (?1, ?2, ?3, NULL, ?4, NULL, NULL, ?5)")?;
    for at in 0..REPS as u8 {
        let name = format!("{} {}", chance.pick(&FIRST), chance.pick(&LAST));
        let email = format!("rep{:02}@example.com", at + 1);
        let lead = (at % 10 != 0).then(|| rep(at / 10 * 10));
        insert.execute(params![rep(at), name, email, lead, at % 20 != 19])?;
    }
    Ok(())
}

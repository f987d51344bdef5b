//! The reps and the customers: who they are, where they sit, who looks after them.

use jiff::civil::{Date, date};
use rusqlite::{Transaction, params};

use super::chance::Chance;
use super::contracts::{Subscription, plan};
use super::names::{Language, Register, Segment, one_of, slug};
use super::{CUSTOMERS, Departure, STORY};

/// One of the eight people who look after customers.
pub(super) struct Rep {
    pub(super) id: &'static str,
    name: &'static str,
    address: &'static str,
    /// Whom the rep reports to.
    leader: Option<&'static str>,
    zone: &'static str,
    pub(super) language: Language,
    /// How many hours the rep's clock is ahead of the shop's in November.
    pub(super) ahead: i64,
    pub(super) is_active: bool,
}

/// The reps. Carmen Ortega and Lena Bauer lead the others; Marcos Teixeira has left, and nobody has taken
/// over his last customers.
pub(super) const REPS: [Rep; 8] = [
    rep("R-01", "Ana Lima", "ana.lima", Some("R-07"), "America/Sao_Paulo", Language::Pt, 0),
    rep("R-02", "Rui Dias", "rui.dias", Some("R-07"), "America/Sao_Paulo", Language::Pt, 0),
    rep("R-03", "Lena Bauer", "lena.bauer", None, "Europe/Berlin", Language::En, 4),
    rep("R-04", "Олена Шевченко", "olena.shevchenko", Some("R-03"), "Europe/Kyiv", Language::Uk, 5),
    rep("R-05", "Дмитрий Соколов", "dmitri.sokolov", Some("R-03"), "Asia/Almaty", Language::Ru, 8),
    rep("R-06", "王芳", "wang.fang", Some("R-03"), "Asia/Shanghai", Language::Zh, 11),
    rep("R-07", "Carmen Ortega", "carmen.ortega", None, "America/Montevideo", Language::Es, 0),
    Rep {
        is_active: false,
        ..rep(
            "R-08",
            "Marcos Teixeira",
            "marcos.teixeira",
            Some("R-07"),
            "America/Sao_Paulo",
            Language::Pt,
            0,
        )
    },
];

const fn rep(
    id: &'static str,
    name: &'static str,
    address: &'static str,
    leader: Option<&'static str>,
    zone: &'static str,
    language: Language,
    ahead: i64,
) -> Rep {
    Rep { id, name, address, leader, zone, language, ahead, is_active: true }
}

/// What the other parts of the demo need to know of a customer.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) language: Language,
    pub(super) segment: Segment,
    pub(super) owner: Option<&'static str>,
    /// Who recommended the shop to this customer.
    pub(super) referred_by: Option<usize>,
    pub(super) story: Option<&'static Departure>,
    is_person: bool,
    place: Place,
}

/// Where an office is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    region: &'static str,
    zone: &'static str,
    city: &'static str,
    streets: &'static str,
}

const RUAS: &str = "Rua das Flores|Rua XV de Novembro|Avenida Brasil|Rua da Consolação|Avenida Sete de Setembro|\
                    Rua do Comércio|Alameda Santos|Rua Dom Pedro II|Avenida Getúlio Vargas|Travessa do Carmo";

const fn place(region: &'static str, zone: &'static str, city: &'static str, streets: &'static str) -> Place {
    Place { region, zone, city, streets }
}

const BRAZIL: [(i64, Place); 12] = [
    (34, place("Southeast", "America/Sao_Paulo", "São Paulo, SP", RUAS)),
    (8, place("Southeast", "America/Sao_Paulo", "Campinas, SP", RUAS)),
    (13, place("Southeast", "America/Sao_Paulo", "Rio de Janeiro, RJ", RUAS)),
    (8, place("Southeast", "America/Sao_Paulo", "Belo Horizonte, MG", RUAS)),
    (8, place("South", "America/Sao_Paulo", "Curitiba, PR", RUAS)),
    (6, place("South", "America/Sao_Paulo", "Porto Alegre, RS", RUAS)),
    (4, place("South", "America/Sao_Paulo", "Florianópolis, SC", RUAS)),
    (5, place("Northeast", "America/Recife", "Recife, PE", RUAS)),
    (4, place("Northeast", "America/Bahia", "Salvador, BA", RUAS)),
    (3, place("Northeast", "America/Fortaleza", "Fortaleza, CE", RUAS)),
    (5, place("Center-West", "America/Sao_Paulo", "Brasília, DF", RUAS)),
    (2, place("North", "America/Manaus", "Manaus, AM", RUAS)),
];

const CALLES: &str =
    "Avenida Italia|Calle Colonia|Bulevar Artigas|Calle San José|Avenida Rivera|Calle Florida";
const STREETS: &str = "Market Street|Mill Road|Station Road|Queen Street|Dock Street|Church Lane";
const RUSSIAN_STREETS: &str = "пр. Абая|ул. Сатпаева|пр. Достык|ул. Толе би";
const UKRAINIAN_STREETS: &str = "вул. Хрещатик|вул. Саксаганського|вул. Городоцька|вул. Шевченка";
const CHINESE_STREETS: &str = "南京西路|淮海中路|人民路|中山北路|世纪大道";

/// Offices abroad, which partners serve.
const ABROAD: [&[(i64, Place)]; 6] = [
    &[
        (6, place("Overseas", "Europe/London", "London", STREETS)),
        (4, place("Overseas", "America/New_York", "Boston", STREETS)),
    ],
    &[(1, place("Overseas", "Europe/Lisbon", "Lisboa", RUAS))],
    &[
        (5, place("Southern Cone", "America/Montevideo", "Montevideo", CALLES)),
        (4, place("Southern Cone", "America/Argentina/Buenos_Aires", "Buenos Aires", CALLES)),
        (2, place("Southern Cone", "America/Asuncion", "Asunción", CALLES)),
    ],
    &[(1, place("Overseas", "Asia/Almaty", "Алматы", RUSSIAN_STREETS))],
    &[
        (3, place("Overseas", "Europe/Kyiv", "Київ", UKRAINIAN_STREETS)),
        (2, place("Overseas", "Europe/Kyiv", "Львів", UKRAINIAN_STREETS)),
    ],
    &[
        (3, place("Overseas", "Asia/Shanghai", "上海市", CHINESE_STREETS)),
        (2, place("Overseas", "Asia/Shanghai", "深圳市", CHINESE_STREETS)),
    ],
];

const fn abroad(language: Language) -> &'static [(i64, Place)] {
    let [english, portuguese, spanish, russian, ukrainian, chinese] = ABROAD;
    match language {
        Language::En => english,
        Language::Pt => portuguese,
        Language::Es => spanish,
        Language::Ru => russian,
        Language::Uk => ukrainian,
        Language::Zh => chinese,
    }
}

/// Draws the customers, in the order they joined.
pub(super) fn cast(chance: &mut Chance) -> Vec<Customer> {
    let mut register = Register::default();
    for departure in &STORY {
        register.reserve(departure.name);
    }
    (1..=CUSTOMERS).map(|number| customer(chance, &mut register, number)).collect()
}

fn customer(chance: &mut Chance, register: &mut Register, number: usize) -> Customer {
    let story = STORY.iter().find(|departure| departure.number == number);
    let (language, segment) = if story.is_some() {
        (Language::Pt, Segment::Enterprise)
    } else {
        let languages = [
            (46, Language::Pt),
            (16, Language::En),
            (14, Language::Es),
            (8, Language::Ru),
            (8, Language::Uk),
            (8, Language::Zh),
        ];
        let segments = [(5, Segment::Enterprise), (23, Segment::Midmarket), (72, Segment::Small)];
        (chance.weighted(&languages), chance.weighted(&segments))
    };
    let is_person = segment == Segment::Small && chance.per_mille(140);
    let is_abroad = match language {
        Language::Pt => chance.per_mille(15),
        Language::Es => chance.per_mille(700),
        _ => chance.per_mille(500),
    };
    let name = register.name(chance, language, segment, is_person);
    let owner = owner(chance, language, segment, number);
    let referred = number > 160 && chance.per_mille(90);
    Customer {
        id: format!("C-{number:04}"),
        name: story.map_or(name, |departure| departure.name.to_owned()),
        language,
        segment,
        owner: story.map_or(owner, |departure| Some(departure.owner)),
        referred_by: referred.then(|| chance.below(number as i64 - 40) as usize),
        story,
        is_person,
        place: chance.weighted(if is_abroad { abroad(language) } else { &BRAZIL }),
    }
}

fn owner(chance: &mut Chance, language: Language, segment: Segment, number: usize) -> Option<&'static str> {
    if segment == Segment::Small && chance.per_mille(30) {
        return None;
    }
    Some(match (language, segment) {
        // What is left of the portfolio of the rep who is gone.
        (Language::Pt, Segment::Small) if number % 50 == 7 => "R-08",
        (Language::Pt, Segment::Enterprise) => chance.weighted(&[(50, "R-01"), (35, "R-02"), (15, "R-07")]),
        (Language::Pt, _) => chance.weighted(&[(1, "R-01"), (1, "R-02")]),
        (Language::En, _) => chance.weighted(&[(4, "R-03"), (1, "R-02")]),
        (Language::Es, _) => chance.weighted(&[(7, "R-07"), (3, "R-01")]),
        (Language::Uk, _) => "R-04",
        (Language::Ru, _) => "R-05",
        (Language::Zh, _) => "R-06",
    })
}

/// Writes the reps.
pub(super) fn insert_reps(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut row = transaction.prepare(
        "INSERT INTO reps (id, name, email, chat, manager_id, time_zone, language, active)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for rep in &REPS {
        row.execute(params![
            rep.id,
            rep.name,
            format!("{}@example.com", rep.address),
            format!("@{}", rep.address),
            rep.leader,
            rep.zone,
            rep.language.tag(),
            rep.is_active,
        ])?;
    }
    Ok(())
}

/// Writes the customers, each with the plan of its latest subscription.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    contracts: &[Subscription],
) -> rusqlite::Result<()> {
    let mut row = transaction.prepare(
        "INSERT INTO customers (id, name, email, phone, address, segment, plan, region, tier, tags, owner_id,
             since, birthday, language, time_zone, consent, referred_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?;
    let mut terms: Vec<Option<(Date, i64)>> = vec![None; customers.len()];
    for contract in contracts {
        let known = &mut terms[contract.customer];
        *known = Some((known.map_or(contract.starts, |(since, _)| since), contract.mrr));
    }
    for (index, customer) in customers.iter().enumerate() {
        let (joined, mrr) = terms[index].unwrap_or_default();
        row.execute(params![
            customer.id,
            customer.name,
            email(chance, customer, index + 1),
            // No Brazilian area has the code 00.
            (!chance.per_mille(60)).then(|| format!("+55 00 9{:04}-{:04}", chance.below(10000), index + 1)),
            address(chance, customer),
            customer.segment.tag(),
            plan(customer.segment, mrr),
            customer.place.region,
            tier(mrr),
            tags(chance, customer.segment),
            customer.owner,
            since(chance, joined).to_string(),
            birthday(chance, customer, index + 1),
            customer.language.tag(),
            customer.place.zone,
            !chance.per_mille(80),
            customer.referred_by.map(|referrer| customers[referrer].id.as_str()),
        ])?;
    }
    Ok(())
}

fn email(chance: &mut Chance, customer: &Customer, number: usize) -> Option<String> {
    if customer.story.is_none() && chance.per_mille(30) {
        return None;
    }
    let local = match slug(&customer.name) {
        plain if plain.is_empty() => format!("office-{number:04}"),
        plain => plain,
    };
    Some(format!("{local}@example.{}", if chance.per_mille(800) { "com" } else { "org" }))
}

fn address(chance: &mut Chance, customer: &Customer) -> String {
    let Place { city, streets, .. } = customer.place;
    let (street, number) = (one_of(chance, streets), chance.skewed(2, 2400, 2));
    match streets {
        RUAS => format!("{street}, {number} – {city}"),
        STREETS => format!("{number} {street}, {city}"),
        CHINESE_STREETS => format!("{city}{street}{number}号"),
        _ => format!("{street}, {number}, {city}"),
    }
}

const fn tier(mrr: i64) -> &'static str {
    match mrr {
        250_000.. => "A",
        60_000.. => "B",
        _ => "C",
    }
}

fn tags(chance: &mut Chance, segment: Segment) -> Option<String> {
    let mut tags = Vec::new();
    if segment == Segment::Enterprise {
        tags.push("multi-site");
    }
    let others = [
        ("fair-trade", 190),
        ("vegan-snacks", 120),
        ("machine-lease", 170),
        ("annual-prepay", 110),
        ("early-delivery", 80),
        ("pilot", 30),
    ];
    for (tag, share) in others {
        if chance.per_mille(share) {
            tags.push(tag);
        }
    }
    (!tags.is_empty()).then(|| tags.join(","))
}

/// The customers taken over with the books had been customers before.
fn since(chance: &mut Chance, joined: Date) -> Date {
    if joined == super::FIRST { super::plus(joined, -chance.between(20, 1300)) } else { joined }
}

/// A person's birthday, or the day a firm was founded.
fn birthday(chance: &mut Chance, customer: &Customer, number: usize) -> Option<String> {
    let (from, to) = if customer.is_person { (1957, 2000) } else { (1974, 2021) };
    let month = date(chance.between(from, to) as i16, chance.between(1, 12) as i8, 1);
    let day = super::plus(month, chance.below(i64::from(month.days_in_month())));
    let is_known = customer.story.is_some() || !chance.per_mille(140);
    match number {
        411 | 1502 => Some("0000-00-00".to_owned()),
        _ => is_known.then(|| day.to_string()),
    }
}

//! The inner loops of a report: the fold over the transactions, beside the least that touches the same
//! memory, and the sweep over all periods, beside a look at each period alone.
//!
//! `cargo bench --bench figures`. With `DUE_STORE` set to a store, such as the made-up shop of `ratio`, also
//! how long it takes to read what is due in it on 2026-11-02, as it is and with the indexes that
//! `retaind doctor` advises (they are made in a copy beside it).

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use jiff::tz::TimeZone;
use retaind::care::rule::{self, Kind, MAX_LATE, Which};
use retaind::care::{History, Rule, Staff, candidates};
use retaind::domain::Look;
use retaind::domain::customer::CancelKind;
use retaind::domain::facts::{Facts, Lens, Needs};
use retaind::domain::purchases::Fold;
use retaind::domain::recipient::{Calendar, Recipient};
use retaind::domain::yearly::Custom;
use retaind::domain::{
    Asked, Currency, Customer, Day, Period, PeriodKind, Rates, Rows, Subscription, Transaction,
};
use retaind::job::RemindersSpec;
use retaind::job::reminders::Due;
use retaind::metrics::care::Intervals;
use retaind::metrics::{Basis, Panel, Settings};
use retaind::store::{Mapping, SqliteStore};

const CUSTOMERS: [u32; 2] = [10_000, 500_000];
const ROWS: u32 = 2_000_000;
const TODAY: Day = Day(20_000);

/// `SplitMix64`: the same numbers every time.
fn mixed(n: u32) -> u64 {
    let mut mixed = u64::from(n).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Five years of purchases, by day, of customers as chance has them.
fn transactions(customers: u32) -> Vec<Transaction> {
    let row = |n: u32| {
        let chance = mixed(n);
        let amount_minor = (chance >> 40) as i64 % 10_000;
        Transaction {
            customer: (chance % u64::from(customers)) as u32,
            day: Day(TODAY.0 - 1_825 + (u64::from(n) * 1_825 / u64::from(ROWS)) as i32),
            amount_minor,
            cost_minor: amount_minor / 2,
            costed: true,
            bought: amount_minor > 0,
            counted: true,
        }
    };
    (0..ROWS).map(row).collect()
}

fn fold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    group.throughput(Throughput::Elements(u64::from(ROWS))).sample_size(10);
    for customers in CUSTOMERS {
        let rows = transactions(customers);
        let asked = Asked::nothing(TODAY).window(TODAY.plus(-364), TODAY.plus(1));
        group.bench_with_input(BenchmarkId::new("retaind", customers), &rows, |bencher, rows| {
            bencher.iter(|| {
                let mut fold = Fold::new(customers as usize, asked.clone());
                rows.chunks(4_096).for_each(|batch| fold.add_all(batch));
                black_box(fold.finish())
            });
        });
        // First, last, number, sum and cost in 56 bytes a customer, one row after the other.
        group.bench_with_input(BenchmarkId::new("least", customers), &rows, |bencher, rows| {
            bencher.iter(|| {
                let mut sums = vec![[0i64; 7]; customers as usize];
                for row in rows {
                    let [first, last, count, sum, cost, ..] = &mut sums[row.customer as usize];
                    *first = if *first == 0 { i64::from(row.day.0) } else { *first };
                    *last = i64::from(row.day.0);
                    *count += 1;
                    *sum += row.amount_minor;
                    *cost += row.cost_minor;
                }
                black_box(sums)
            });
        });
    }
    group.finish();
}

/// A contract or two a customer over five years.
fn contracts(customers: u32) -> Option<Facts> {
    let lens = Lens {
        as_of: "2024-10-04T12:00:00Z".parse().ok()?,
        zone: TimeZone::UTC,
        currency: Currency::from_code("EUR")?,
        rates: Rates::default(),
    };
    let mut rows = Rows::empty(lens);
    for n in 0..customers {
        rows.customers.push(Customer { id: n.to_string(), name: "N".to_owned(), ..Customer::default() });
        let chance = mixed(n);
        let starts_on = TODAY.plus(-((chance % 1_825) as i32));
        let ends_on = if chance >> 62 == 0 { starts_on.plus(200) } else { Day::MAX };
        rows.subscriptions.push(Subscription {
            customer: n,
            plan: None,
            mrr_minor: Some(4_900),
            starts_on,
            ends_on,
            renews_on: None,
            cancel_kind: CancelKind::Unknown,
            cancel_reason: None,
        });
    }
    Some(rows.facts(Asked::nothing(TODAY)))
}

fn sweep(criterion: &mut Criterion) {
    let Some(facts) = contracts(100_000) else { return };
    let settings = Settings::default();
    let panel = Panel::of(&facts, &settings);
    let last = Period::last_complete(PeriodKind::Month, TODAY);
    let periods: Vec<Period> =
        last.trail(13).into_iter().flat_map(|period| [period, period.year_before()]).collect();
    let mut group = criterion.benchmark_group("26 periods of 100000 customers");
    group.sample_size(10);
    group.bench_function("in one sweep", |bencher| {
        bencher.iter(|| black_box(panel.sweep(&panel.customers, &periods, &[])));
    });
    group.bench_function("each alone", |bencher| {
        bencher.iter(|| {
            for period in &periods {
                black_box(panel.slice(&panel.customers, period));
            }
        });
    });
    group.finish();
}

/// A morning: what its rules look for, and how much of it is due.
struct Morning {
    name: &'static str,
    looked_for: LookedFor,
    /// Of a single day, and of follow-ups and gaps what fell due years ago: next to nothing.
    little: bool,
    /// Rules for customers of a tier that nobody is in: all is looked for, and nobody told.
    nobody: bool,
}

enum LookedFor {
    FollowUps,
    Gaps,
    /// A rule of every kind that reads no transactions, with notes that have a word.
    AllButRisk,
    /// The one that reads them.
    Risk,
}

impl Morning {
    const fn of(name: &'static str, looked_for: LookedFor) -> Morning {
        Morning { name, looked_for, little: false, nobody: false }
    }

    const fn little(self) -> Morning {
        Morning { little: true, ..self }
    }

    const fn nobody(self) -> Morning {
        Morning { nobody: true, ..self }
    }

    fn rules(&self) -> Vec<Rule> {
        let Morning { little, nobody, .. } = *self;
        let usual_days = if little { 1_000 } else { 90 };
        let ideal = Intervals { usual_days, ..Intervals::default() };
        let gap = Kind::ContactGap { ideal, at_most: None, release_after: None };
        let leads = |usual: &[i32]| if little { Vec::new() } else { usual.to_vec() };
        let dates = |occasion| Kind::Dates { occasion, leads: leads(&[7]), custom: Custom::default() };
        let kinds = match self.looked_for {
            LookedFor::FollowUps => return vec![Rule::follow_ups(0)],
            LookedFor::Gaps => return vec![Rule::of("rule", gap, None)],
            LookedFor::Risk => return vec![Rule::of("rule", Kind::Risk { level: 60, clear: 50 }, None)],
            LookedFor::AllButRisk => [
                Kind::FollowUp { leads: Vec::new() },
                gap,
                dates(Which::Birthday),
                dates(Which::Anniversary),
                dates(Which::Other),
                Kind::Renewal { leads: leads(&[90, 60, 30, 7]), lead_above: None },
                Kind::WinBack { after: if little { vec![1_700] } else { vec![30, 90] } },
                Kind::Handover,
                Kind::Complaint { reply_hours: 24, resolve_hours: 72 },
                Kind::Signal { kinds: Vec::new(), keywords: vec!["competitor".to_owned()] },
            ],
        };
        let max_late = if little { 0 } else { MAX_LATE };
        let tiers = if nobody { vec!["nobody".to_owned()] } else { Vec::new() };
        let rule = |kind| Rule { max_late, tiers: tiers.clone(), ..Rule::of("rule", kind, None) };
        kinds.into_iter().map(rule).collect()
    }

    /// What it reads.
    fn needs(&self, lens: &Lens, rules: &[Rule]) -> Needs {
        let mut needs = rule::needs(rules.iter(), lens, &settings());
        if let Some(look) = &mut needs.look
            && self.little
        {
            look.follow_ups = look.follow_ups.map(|_| lens.today().plus(-1_790));
        }
        needs
    }
}

const MORNINGS: [Morning; 8] = [
    Morning::of("follow-ups of long ago", LookedFor::FollowUps).little(),
    Morning::of("follow-ups", LookedFor::FollowUps),
    Morning::of("contact gaps of years", LookedFor::Gaps).little(),
    Morning::of("contact gaps", LookedFor::Gaps),
    Morning::of("every rule but risk, nobody", LookedFor::AllButRisk).little().nobody(),
    Morning::of("little of every rule but risk", LookedFor::AllButRisk).little(),
    Morning::of("every rule but risk", LookedFor::AllButRisk),
    Morning::of("risk", LookedFor::Risk),
];

/// Whoever gets what is due.
fn everybody(zone: &TimeZone) -> Recipient {
    Recipient {
        id: "ana".to_owned(),
        name: "Ana".to_owned(),
        email: None,
        chat: None,
        language: "en".to_owned(),
        zone: zone.clone(),
        calendar: Calendar::default(),
        quiet: None,
        away: Vec::new(),
        digests_a_day: None,
    }
}

fn lens() -> Option<Lens> {
    let (zone, currency) = (TimeZone::get("America/Sao_Paulo").ok()?, Currency::from_code("BRL")?);
    Some(Lens { as_of: "2026-11-02T11:00:00Z".parse().ok()?, zone, currency, rates: Rates::default() })
}

fn settings() -> Settings {
    Settings { basis: Basis::Contract, ..Settings::default() }
}

/// What a morning's digests read and find; gives how many customers they read, and how many
/// they tell of.
fn read_due(path: &Path, morning: &Morning) -> Option<(usize, usize)> {
    let (lens, settings, rules) = (lens()?, settings(), morning.rules());
    let zone = lens.zone.clone();
    let mut needs = morning.needs(&lens, &rules);
    let staff = Staff { rest: vec![Arc::new(everybody(&zone))], ..Staff::default() };
    let history = History::default();
    if let Some(look) = &mut needs.look {
        candidates::seek((&rules, &settings), (&history, &staff), &lens, look);
    }
    let mut store = SqliteStore::open(path, Mapping::own(), zone).ok()?;
    let mut snapshot = store.snapshot().ok()?;
    let facts = snapshot.read(needs, lens).ok()?;
    let spec = RemindersSpec { rules, items_max: 15, ics: false, settings };
    let due = Due::of(&facts, &spec, &history, &staff);
    let wanted = due.wanted();
    let told = wanted.len();
    let people = snapshot.people(&facts, wanted).ok()?;
    black_box((people, snapshot.contacts(&facts, &due.shown()).ok()?));
    Some((facts.customers.len(), told))
}

/// A copy of a store with every index that `retaind doctor` advises for all mornings.
fn indexed(store: &Path) -> Option<PathBuf> {
    let copy = store.with_extension("indexed.sqlite");
    std::fs::copy(store, &copy).ok()?;
    let lens = lens()?;
    let look = |morning: &Morning| candidates::looked_for(&morning.rules(), &settings(), &lens);
    let looks: Vec<Look> = MORNINGS.iter().map(look).collect();
    let mut open = SqliteStore::open(&copy, Mapping::own(), lens.zone.clone()).ok()?;
    let advice = open.snapshot().ok()?.advice(&looks, false, &lens).ok()?;
    drop(open);
    let sql = rusqlite::Connection::open(&copy).ok()?;
    for index in advice.into_iter().filter_map(|advice| advice.index) {
        sql.execute_batch(&index).ok()?;
    }
    Some(copy)
}

fn due(criterion: &mut Criterion) {
    let Some(store) = std::env::var_os("DUE_STORE").map(PathBuf::from) else { return };
    let copy = indexed(&store);
    let mut group = criterion.benchmark_group("due");
    group.sample_size(10);
    for (name, path) in [("as it is", Some(&store)), ("with indexes", copy.as_ref())] {
        let Some(path) = path else { continue };
        for morning in MORNINGS {
            let (read, told) = read_due(path, &morning).unwrap_or_default();
            let name = format!("{}, {read} customers read, {told} told of, {name}", morning.name);
            group.bench_function(name, |bencher| bencher.iter(|| black_box(read_due(path, &morning))));
        }
    }
    group.finish();
    if let Some(copy) = copy {
        let _ = std::fs::remove_file(copy);
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    fold(&mut criterion);
    sweep(&mut criterion);
    due(&mut criterion);
    criterion.final_summary();
}

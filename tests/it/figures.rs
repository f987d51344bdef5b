//! The figures against the worked examples, and what must hold of them whatever the facts are.

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use retaind::domain::customer::CancelKind;
use retaind::domain::facts::Lens;
use retaind::domain::{
    Asked, Currency, Customer, Day, Period, PeriodKind, Rates, Ratio, Rows, Subscription, Transaction,
};
use retaind::metrics::value::Value;
use retaind::metrics::{Basis, Counts, Definition, Movements, Panel, Settings, Split};

use crate::world::Chance;

/// The day facts are as of: 2026-07-15.
fn today() -> Day {
    Day::of(date(2026, 7, 15))
}

/// June 2026.
fn june() -> Period {
    Period::last_complete(PeriodKind::Month, today())
}

fn rows(customers: usize) -> Rows {
    let as_of = "2026-07-15T08:00:00Z".parse().unwrap();
    let (currency, rates) = (Currency::from_code("USD").unwrap(), Rates::default());
    let mut rows = Rows::empty(Lens { as_of, zone: TimeZone::UTC, currency, rates });
    let named = |n| Customer { id: format!("C-{n}"), name: format!("Customer {n}"), ..Customer::default() };
    rows.customers = (0..customers).map(named).collect();
    rows
}

/// What a job asks that looks at `periods` and the ones before them.
pub(crate) fn asked(settings: &Settings, periods: &[Period]) -> Asked {
    let (from, to) = retaind::metrics::value::year_to(today());
    let mut asked = Asked::nothing(today()).window(from, to);
    if let Basis::Inactivity(days) = settings.basis {
        asked = asked.activity(days);
    }
    periods.iter().fold(asked, |asked, period| asked.period(period).period(&period.previous()))
}

fn contract(customer: u32, starts_on: Day, ends_on: Day, mrr_minor: Option<i64>) -> Subscription {
    let (plan, cancel_reason, cancel_kind) = (None, None, CancelKind::Unknown);
    Subscription {
        customer,
        plan,
        mrr_minor,
        starts_on,
        ends_on,
        renews_on: None,
        cancel_kind,
        cancel_reason,
    }
}

/// A shop over June: each entry is how many customers had these spans.
fn june_of(groups: &[(usize, &[(Day, Day)])]) -> Counts {
    let mut shop = rows(groups.iter().map(|(n, _)| n).sum());
    let mut customer = 0;
    for (n, spans) in groups {
        for _ in 0..*n {
            let rows = spans.iter().map(|(from, to)| contract(customer, *from, *to, Some(100)));
            shop.subscriptions.extend(rows);
            customer += 1;
        }
    }
    let settings = Settings::default();
    let facts = shop.facts(asked(&settings, &[june()]));
    let panel = Panel::of(&facts, &settings);
    panel.counts(&panel.customers, &june())
}

fn before() -> Day {
    Day::of(date(2025, 3, 1))
}

fn mid(day: i8) -> Day {
    Day::of(date(2026, 6, day))
}

/// A rate as it is printed: tenths of a percent.
fn tenths(counts: &Counts, definition: Definition) -> i128 {
    counts.rate(definition).unwrap().scaled(3)
}

#[test]
fn of_two_hundred_at_the_start_fifty_left_is_a_quarter() {
    let counts = june_of(&[(150, &[(before(), Day::MAX)]), (50, &[(before(), mid(10))])]);
    assert_eq!((counts.opening, counts.churned, counts.closing), (200, 50, 150));
    assert_eq!(counts.rate(Definition::Cohort), Ratio::of(25, 100));
    assert_eq!(counts.retention(Definition::Cohort), Ratio::of(75, 100));
}

#[test]
fn from_four_hundred_to_three_hundred_and_eighty_without_new_ones_is_five_percent() {
    let counts = june_of(&[(380, &[(before(), Day::MAX)]), (20, &[(before(), mid(30))])]);
    assert_eq!((counts.opening, counts.closing, counts.new), (400, 380, 0));
    assert_eq!(counts.rate(Definition::Cohort), Ratio::of(5, 100));
}

#[test]
fn who_joined_and_left_within_the_period_is_told_and_not_in_the_rate() {
    let counts = june_of(&[
        (850, &[(before(), Day::MAX)]),
        (150, &[(before(), mid(3))]),
        (285, &[(mid(5), Day::MAX)]),
        (15, &[(mid(5), mid(20))]),
    ]);
    assert_eq!((counts.opening, counts.retained, counts.joined()), (1000, 850, 300));
    assert_eq!((counts.new, counts.joined_and_left), (285, 15));
    assert_eq!(counts.rate(Definition::Cohort), Ratio::of(15, 100));
}

#[test]
fn the_three_definitions_differ_as_their_example_says() {
    let counts = june_of(&[
        (89, &[(before(), Day::MAX)]),
        (10, &[(before(), mid(12))]),
        (1, &[(before(), mid(8)), (mid(19), Day::MAX)]),
        (29, &[(mid(2), Day::MAX)]),
        (1, &[(mid(2), mid(25))]),
    ]);
    assert_eq!((counts.opening, counts.joined(), counts.departures), (100, 30, 12));
    assert_eq!(tenths(&counts, Definition::Cohort), 100);
    assert_eq!(tenths(&counts, Definition::Events), 120);
    assert_eq!(tenths(&counts, Definition::EventsPlusNew), 92);
}

/// Two customers who together were active for 1,461 days (two years each), 487 of them in the last 365
/// days of both, in which there were 16 purchases: twelve a year.
fn simple(cost_rate: Option<Ratio>) -> Value {
    let mut shop = rows(2);
    let tomorrow = today().plus(1);
    let ended = tomorrow.plus(-365 + 122);
    shop.subscriptions.push(contract(0, tomorrow.plus(-800), Day::MAX, Some(1)));
    shop.subscriptions.push(contract(1, ended.plus(-661), ended, Some(1)));
    for n in 0..16 {
        let day = today().plus(-n * 7);
        let amount_minor = if n % 2 == 0 { 50_000 } else { 70_000 };
        shop.transactions.push(Transaction {
            customer: n as u32 % 2,
            day,
            amount_minor,
            cost_minor: 0,
            costed: false,
            bought: amount_minor > 0,
            counted: true,
        });
    }
    let settings = Settings { cost_rate, ..Settings::default() };
    let facts = shop.facts(asked(&settings, &[june()]));
    let panel = Panel::of(&facts, &settings);
    let all = panel.customers.clone();
    panel.value(&all, &panel.slice(&all, &june()))
}

#[test]
fn simple_lifetime_value_is_ticket_times_rhythm_times_years_less_costs() {
    let gross = simple(None).simple.unwrap();
    let whole = |n| Ratio::whole(n);
    assert_eq!((gross.ticket, gross.per_year, gross.years), (whole(60_000), whole(12), whole(2)));
    assert_eq!((gross.gross_minor, gross.net_minor), (1_440_000, 1_440_000));
    let net = simple(Ratio::of(35, 100)).simple.unwrap();
    assert_eq!((net.gross_minor, net.net_minor), (1_440_000, 936_000));
}

fn count_fields(c: &Counts) -> [i128; 13] {
    let Counts {
        opening,
        churned,
        voluntary,
        involuntary,
        retained,
        new,
        reactivated,
        joined_and_left,
        closing,
        departures,
        early,
        seen,
        silent,
    } = *c;
    [
        opening,
        churned,
        voluntary,
        involuntary,
        retained,
        new,
        reactivated,
        joined_and_left,
        closing,
        departures,
        early,
        seen,
        silent,
    ]
}

fn money_fields(m: &Movements) -> [i128; 7] {
    let Movements { opening, churned, contraction, expansion, new, reactivation, closing } = *m;
    [opening, churned, contraction, expansion, new, reactivation, closing]
}

fn segments() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), "[ab]".prop_map(Some)]
}

/// Facts of up to a dozen customers over two years around the present, with refunds, contracts in other
/// currencies, contracts of the same days and transactions of the same day.
pub(crate) fn any_rows() -> impl Strategy<Value = Rows> {
    let customers = prop::collection::vec(segments(), 1..12);
    let contracts =
        prop::collection::vec((0u32..12, -700i32..0, 1i32..400, prop::bool::ANY, -1i64..6), 0..30);
    let sales =
        prop::collection::vec((0u32..12, -700i32..1, -3i64..9, 0i64..3, prop::bool::weighted(0.9)), 0..60);
    (customers, contracts, sales).prop_map(|(segments, contracts, sales)| {
        let mut shop = rows(segments.len());
        for (customer, segment) in shop.customers.iter_mut().zip(segments) {
            customer.segment = segment;
        }
        let n = shop.customers.len() as u32;
        for (customer, from, length, open, mrr) in contracts {
            let starts_on = today().plus(from);
            let ends_on = if open { Day::MAX } else { starts_on.plus(length) };
            let mrr = (mrr >= 0).then_some(mrr * 1000);
            shop.subscriptions.push(contract(customer % n, starts_on, ends_on, mrr));
        }
        for (customer, day, amount, cost, counted) in sales {
            let (amount_minor, cost_minor) = if counted { (amount * 100, cost * 10) } else { (0, 0) };
            let day = today().plus(day);
            shop.transactions.push(Transaction {
                customer: customer % n,
                day,
                amount_minor,
                cost_minor,
                costed: cost_minor != 0,
                // What is not counted is written as an amount that has no rate.
                bought: !counted || amount > 0,
                counted,
            });
        }
        shop
    })
}

pub(crate) fn any_settings() -> impl Strategy<Value = Settings> {
    let basis = prop_oneof![Just(Basis::Contract), (1i32..200).prop_map(Basis::Inactivity)];
    (basis, prop::sample::select(Definition::ALL.to_vec()), 1i32..200).prop_map(
        |(basis, definition, early_days)| Settings { basis, definition, early_days, ..Settings::default() },
    )
}

pub(crate) fn any_period() -> impl Strategy<Value = Period> {
    let kinds = vec![
        PeriodKind::Week,
        PeriodKind::Month,
        PeriodKind::Quarter,
        PeriodKind::Year,
        PeriodKind::Rolling(30),
        PeriodKind::Rolling(1),
    ];
    (prop::sample::select(kinds), 0i32..700)
        .prop_map(|(kind, ago)| Period::containing(kind, today().plus(-ago)))
}

proptest! {
    #[test]
    fn customers_and_revenue_go_nowhere_unseen(rows in any_rows(), settings in any_settings(), period in any_period()) {
        let facts = rows.facts(asked(&settings, &[period]));
        let panel = Panel::of(&facts, &settings);
        let c = panel.counts(&panel.customers, &period);
        prop_assert_eq!(c.opening, c.retained + c.churned);
        prop_assert_eq!(c.closing, c.opening - c.churned + c.new + c.reactivated);
        prop_assert!(c.silent <= c.seen && c.early <= c.departures);
        // Whoever is named for a figure is counted in it.
        let named = |definition| panel.leavers(&panel.customers, &period, definition);
        prop_assert_eq!(named(Definition::Cohort).len() as i128, c.churned);
        let left = named(Definition::Events).len() as i128;
        prop_assert!(left <= c.departures && (left == 0) == (c.departures == 0) && c.early <= left);
        let silent = named(Definition::InactiveShare);
        prop_assert!(silent.len() as i128 <= c.silent);
        for left in silent {
            let bought = facts.purchases.within(left.customer, period.start, period.end).2;
            prop_assert!(!bought && left.lost_minor > 0);
            prop_assert_eq!(left.lost_minor, panel.paid_before(left.customer, &period));
        }
        let m = panel.movements(&panel.customers, &period);
        prop_assert_eq!(m.closing, m.opening + m.new + m.reactivation + m.expansion - m.contraction - m.churned);
        let within = |rate: Option<Ratio>| rate.is_none_or(|r| r >= Ratio::whole(0) && r <= Ratio::whole(1));
        prop_assert!(within(c.rate(Definition::Cohort)) && within(c.retention(Definition::Cohort)));
        prop_assert!(within(c.rate(Definition::InactiveShare)));
        if settings.basis == Basis::Contract {
            prop_assert!(within(m.gross_churn()));
            prop_assert!(money_fields(&m).iter().all(|minor| *minor >= 0));
        }
    }

    // Each period ends where the next begins.
    #[test]
    fn what_a_period_ends_with_the_next_begins_with(rows in any_rows(), settings in any_settings(), period in any_period()) {
        let facts = rows.facts(asked(&settings, &[period]));
        let panel = Panel::of(&facts, &settings);
        let counts = |period: Period| panel.counts(&panel.customers, &period);
        prop_assert_eq!(counts(period.previous()).closing, counts(period).opening);
        if settings.basis == Basis::Contract {
            let moved = |period: Period| panel.movements(&panel.customers, &period);
            prop_assert_eq!(moved(period.previous()).closing, moved(period).opening);
        }
    }

    #[test]
    fn the_groups_of_a_split_add_up_to_the_whole(rows in any_rows(), settings in any_settings(), period in any_period()) {
        let facts = rows.facts(asked(&settings, &[period]));
        let panel = Panel::of(&facts, &settings);
        for split in [Split::Segment, Split::Tenure, Split::Cohort, Split::Plan] {
            let mut counts = [0; 13];
            let mut money = [0; 7];
            for customers in panel.split(split, &period).into_values() {
                let of_group = count_fields(&panel.counts(&customers, &period));
                counts.iter_mut().zip(of_group).for_each(|(sum, n)| *sum += n);
                let of_group = money_fields(&panel.movements(&customers, &period));
                money.iter_mut().zip(of_group).for_each(|(sum, minor)| *sum += minor);
            }
            prop_assert_eq!(counts, count_fields(&panel.counts(&panel.customers, &period)));
            prop_assert_eq!(money, money_fields(&panel.movements(&panel.customers, &period)));
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in any_rows(), settings in any_settings(), period in any_period(), seed: u64,
    ) {
        let mut mixed = rows.clone();
        let mut chance = Chance::new(seed);
        chance.shuffle(&mut mixed.subscriptions);
        chance.shuffle(&mut mixed.transactions);
        let (facts, mixed) = (rows.facts(asked(&settings, &[period])), mixed.facts(asked(&settings, &[period])));
        let (panel, other) = (Panel::of(&facts, &settings), Panel::of(&mixed, &settings));
        let all = panel.customers.clone();
        let slice = panel.slice(&all, &period);
        prop_assert_eq!(slice, other.slice(&all, &period));
        prop_assert_eq!(panel.value(&all, &slice), other.value(&all, &slice));
        let lost = |panel: &Panel<'_>| panel.leavers(&all, &period, settings.definition).iter().map(|d| (d.customer, d.lost_minor, d.left_on)).collect::<Vec<_>>();
        prop_assert_eq!(lost(&panel), lost(&other));
    }
}

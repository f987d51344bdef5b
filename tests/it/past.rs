//! The past of what is to date: what was told at an earlier moment is what the store would have told then, what SQL
//! says of then, and what one pass says of a month ago.

use std::sync::LazyLock;

use retaind::domain::customers::Key;
use retaind::domain::facts::{Lens, Needs};
use retaind::domain::{Asked, Customers, Period, Ratio};
use retaind::job::earlier::Earlier;
use retaind::metrics::metric;
use retaind::metrics::metric::past::{Past, to_date};
use retaind::metrics::rfm::{self, BEST, SLIPPING, Standing};
use retaind::metrics::{Basis, Groups, Measured, Metric, Panel, Reading, Settings, Split};
use retaind::store::{Mapping, SqliteStore};

use crate::demo_shop::{october, shop};
use crate::metrics::{expected, store};

const SPLITS: [Split; 2] = [Split::Segment, Split::Owner];

fn settings(basis: Basis) -> Settings {
    Settings { basis, cac_minor: Some(120_000), ..Settings::default() }
}

/// October, and the periods that a watch of months looks at beside it.
fn periods() -> (Period, Vec<Period>) {
    let now = october(shop().facts.lens.today());
    let mut earlier = vec![now.previous(), now.year_before()];
    earlier.extend(now.trail(14));
    (now, earlier)
}

fn look(basis: Basis) -> Past {
    let (now, earlier) = periods();
    let (all, settings) = (Metric::all().collect::<Vec<_>>(), settings(basis));
    let wanted = earlier.into_iter().map(|period| (period, SPLITS.as_slice()));
    let earlier = Earlier::of((&shop().facts.lens, &now), &all, &settings, wanted);
    // The fourteen that end with October, without October: each once.
    assert_eq!(earlier.len(), 13);
    store(shop()).past(&earlier)
}

/// What all metrics that are to date were at the moments of the thirteen months before October: of the whole, and by
/// segment and owner.
pub(crate) fn past(basis: Basis) -> &'static Past {
    static CONTRACT: LazyLock<Past> = LazyLock::new(|| look(Basis::Contract));
    static INACTIVITY: LazyLock<Past> = LazyLock::new(|| look(Basis::Inactivity(45)));
    if basis == Basis::Contract { &CONTRACT } else { &INACTIVITY }
}

fn whole(reading: Reading) -> i128 {
    match reading.value {
        Measured::Whole(n) => n,
        Measured::Money(money) => money.minor,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_it_was_is_what_the_store_would_have_told_then() {
    let (now, _) = periods();
    let all: Vec<Metric> = to_date(&Metric::all().collect::<Vec<_>>()).collect();
    let months = [now, now.previous(), now.year_before()];
    let mut differs = Vec::new();
    for basis in [Basis::Contract, Basis::Inactivity(45)] {
        let settings = settings(basis);
        let panel = Panel::of(&shop().facts, &settings);
        let groups = SPLITS.map(|split| panel.groups(split, &now));
        let asked: Vec<(&Groups, usize)> = groups.iter().map(|groups| (groups, 3)).collect();
        let forgetful = panel.readings(&all, &months, &asked);
        assert_eq!(forgetful.known(Metric::LtvAverage, 1), None, "nobody looked");
        let readings = forgetful.remembering(past(basis).clone());
        for (at, days) in [(1, 31), (2, 365)] {
            let lens = shop().facts.lens.earlier(days);
            let needs = metric::needs(&all, &settings, lens.today(), &months[at..=at], &SPLITS);
            let then = store(shop()).read_as_of(needs, lens);
            let then = Panel::of(&then, &settings);
            for &metric in &all {
                let value = |customers: &[u32]| expected(&then, customers, &months[at], metric);
                let told = |reading: Reading| (reading.value, reading.base);
                assert_eq!(told(readings.whole(metric, at)), value(&then.customers), "{metric:?} {days}");
                for (split, groups) in groups.iter().enumerate() {
                    let theirs = then.split(groups.split, &months[at]);
                    for (group, label) in groups.labels.iter().enumerate() {
                        let found = told(readings.group(metric, split, group, at));
                        assert_eq!(found, value(&theirs[label]), "{metric:?} {label:?} {days}");
                    }
                }
                if readings.whole(metric, at) != readings.whole(metric, 0) {
                    differs.push(metric);
                }
            }
        }
    }
    // It can fail: nearly everything is another figure a year later.
    differs.sort_unstable();
    differs.dedup();
    assert!(differs.len() > all.len() * 4 / 5, "{differs:?}");
}

/// Two ways to the standings of a month ago: the store read as of then, and one pass that marks the day, which tells
/// whole days. At their end both say the same of every customer.
#[test]
fn standings_of_a_month_ago_are_those_of_one_pass() {
    let (now, _) = periods();
    let settings = settings(Basis::Contract);
    let lens = Lens { as_of: "2026-11-03T02:59:59Z".parse().unwrap(), ..shop().facts.lens.clone() };
    let rfm = [Metric::RfmBest, Metric::RfmSlipping];
    let asked = metrics_asked(&lens, &settings, now.days());
    let needs =
        Needs { transactions: Some(asked), ..metric::needs(&rfm, &settings, lens.today(), &[now], &[]) };
    let earlier = Earlier::of((&lens, &now), &rfm, &settings, [(now.previous(), [].as_slice())]);
    let mut store = store(shop());
    assert_eq!(
        store.past(&earlier).standings(now.previous().end, &shop().facts.customers),
        None,
        "not asked"
    );
    let earlier: Vec<_> = earlier.into_iter().map(Earlier::keeping_standings).collect();
    let past = store.past(&earlier);
    let facts = store.read_as_of(needs, lens);
    let panel = Panel::of(&facts, &settings);
    let scorer = panel.rfm_before(&panel.customers, now.days());
    let one_pass = |customer: u32| scorer.score(customer).map(|scored| scored.standing());
    let one_pass: Vec<Option<Standing>> = facts.customers.all().map(one_pass).collect();
    assert_eq!(past.standings(now.previous().end, &facts.customers).unwrap(), one_pass);
    assert_eq!(past.standings(now.end, &facts.customers), None);
    // They are by place: of others they say nothing.
    let mut few = Customers::default();
    facts.customers.all().skip(1).for_each(|c| {
        _ = few.push(Key::of(&facts.customers.id(c)), 0, 0);
    });
    assert_eq!(past.standings(now.previous().end, &few), None);
    let readings = panel.readings(&rfm, &[now, now.previous()], &[]).remembering(past);
    for (metric, of) in [(Metric::RfmBest, BEST), (Metric::RfmSlipping, SLIPPING)] {
        let all = one_pass.iter().flatten();
        let count = all.clone().filter(|standing| of.contains(standing)).count();
        let share = Ratio::of(count as i128, all.count() as i128).unwrap();
        assert_eq!(readings.whole(metric, 1).value, Measured::Ratio(share), "{metric:?}");
        assert_ne!(readings.whole(metric, 0), readings.whole(metric, 1), "{metric:?}: it can fail");
    }
}

fn metrics_asked(lens: &Lens, settings: &Settings, ago: i32) -> Asked {
    let (today, days) = (lens.today(), settings.rfm_days);
    rfm::asks_before(rfm::asks(Asked::nothing(today), today, days), today, days, ago)
}

/// What was bought by 2 October, and who had been in touch by then: the report is made on 2 November, 31 days later.
#[test]
fn what_it_was_is_what_sql_says_of_then() {
    let (now, _) = periods();
    let settings = settings(Basis::Contract);
    let panel = Panel::of(&shop().facts, &settings);
    let groups = panel.groups(Split::Segment, &now);
    let metrics = [Metric::Buyers, Metric::Historic, Metric::ContactCoverage];
    let readings = panel.readings(&metrics, &[now, now.previous()], &[(&groups, 2)]);
    let readings = readings.remembering(past(Basis::Contract).clone());
    assert_eq!(shop().facts.lens.earlier(31).as_of.to_string(), "2026-10-02T11:00:00Z");
    let connection = shop().sql();
    let ask = |sql: &str, segment: Option<&String>| -> (i128, i128) {
        let row = connection
            .query_row(sql, [segment], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .unwrap();
        (row.0.into(), row.1.into())
    };
    let labels = groups.labels.iter().enumerate().map(|(group, label)| (Some(group), label.as_ref()));
    for (group, segment) in [(None, None)].into_iter().chain(labels) {
        let told = |metric| match group {
            None => readings.whole(metric, 1),
            Some(group) => readings.group(metric, 0, group, 1),
        };
        let (buyers, sum) = ask(
            "SELECT count(DISTINCT customer_id), sum(amount_minor)
             FROM transactions JOIN customers ON customers.id = customer_id
             WHERE coalesce(currency, 'BRL') = 'BRL' AND at <= '2026-10-02T08:00:00' AND (?1 IS NULL OR segment = ?1)",
            segment,
        );
        assert_eq!(
            (whole(told(Metric::Buyers)), whole(told(Metric::Historic))),
            (buyers, sum),
            "{segment:?}"
        );
        let days = settings.intervals.usual_days;
        let (covered, active) = ask(
            &format!(
                "SELECT count(*) FILTER (WHERE (SELECT max(substr(at, 1, 10)) FROM interactions AS i
                     WHERE i.customer_id = customers.id AND at <= '2026-10-02T08:00:00')
                   >= date('2026-10-02', '-{days} days')), count(*)
                 FROM customers WHERE EXISTS (SELECT 1 FROM contract WHERE c = id AND s <= '2026-10-02' AND '2026-10-02' < e)
                   AND (?1 IS NULL OR segment = ?1)"
            ),
            segment,
        );
        let coverage = Ratio::of(covered, active).unwrap();
        assert!(covered > 10, "{segment:?}: an empty comparison");
        assert_eq!(told(Metric::ContactCoverage).value, Measured::Ratio(coverage), "{segment:?}");
    }
}

/// A moment is looked at for what is to date and no other figure; a period once, and never the one that is told.
#[test]
fn only_what_is_to_date_is_looked_up_in_the_past() {
    let (now, earlier) = periods();
    let lens: &Lens = &shop().facts.lens;
    let settings = settings(Basis::Contract);
    let look = |metrics: &[Metric]| {
        let wanted = earlier.iter().map(|period| (*period, SPLITS.as_slice()));
        Earlier::of((lens, &now), metrics, &settings, wanted).len()
    };
    assert_eq!(look(&[Metric::ChurnRate, Metric::Nps, Metric::Conversion]), 0);
    // A model of buying has no word on contracts.
    assert_eq!(look(&[Metric::ClvAll]), 0);
    assert_eq!(look(&[Metric::ChurnRate, Metric::RfmBest]), 13);
}

/// A shop whose database has a rollback journal cannot commit while anybody reads. Each moment is a reading of its own, so
/// it need not wait for all of them.
#[test]
fn between_two_moments_the_shop_can_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.execute_batch(&retaind::store::relation::schema()).unwrap();
    shop.execute_batch("INSERT INTO customers (id, name) VALUES ('1', 'Ana'); PRAGMA busy_timeout = 0")
        .unwrap();
    assert_eq!(
        shop.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).unwrap(),
        "delete"
    );
    let mut store = SqliteStore::open(&path, Mapping::own(), jiff::tz::TimeZone::UTC).unwrap();
    let mut snapshot = store.snapshot().unwrap();
    let lens = self::shop().facts.lens.clone();
    let count = |snapshot: &mut retaind::store::Snapshot<'_>| {
        snapshot.read(Needs::default(), lens.clone()).unwrap().customers.len()
    };
    assert_eq!(count(&mut snapshot), 1);
    shop.execute_batch("BEGIN; INSERT INTO customers (id, name) VALUES ('2', 'Bo')").unwrap();
    let busy = shop.execute_batch("COMMIT").unwrap_err();
    assert_eq!(busy.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
    snapshot.release().unwrap();
    shop.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&mut snapshot), 2);
    // Whoever waits to commit comes before the next reading, which waits for it.
    shop.execute_batch("BEGIN; INSERT INTO customers (id, name) VALUES ('3', 'Cai')").unwrap();
    shop.execute_batch("COMMIT").unwrap_err();
    std::thread::scope(|scope| {
        let waits = scope.spawn(move || {
            shop.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
            shop.execute_batch("COMMIT")
        });
        snapshot.release().unwrap();
        assert_eq!(count(&mut snapshot), 3);
        waits.join().unwrap().unwrap();
    });
}

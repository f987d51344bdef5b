//! The catalogue of metrics on the demo's shop: each is what the figure of its own says, for three months,
//! for the whole and for each group, on both bases.

use retaind::domain::facts::{Facts, Needs};
use retaind::domain::{Money, Period, PeriodKind, Ratio};
use retaind::job::{ReportKind, ReportSpec, report};
use retaind::metrics::metric::{History, Source, needs};
use retaind::metrics::{Basis, Groups, Measured, Metric, Panel, PeriodChoice, Reading, Settings, Split};
use retaind::store::{Mapping, SqliteStore};

use crate::demo_shop::{Shop, october, shop};

/// October and the two months before it.
fn months(shop: &Shop) -> Vec<Period> {
    let mut months = october(shop.facts.lens.today()).trail(3);
    months.reverse();
    months
}

fn settings(basis: Basis) -> Settings {
    Settings { basis, cac_minor: Some(40_000), reactivation_in: true, ..Settings::default() }
}

fn whole(n: i128) -> (Measured, Option<i128>) {
    (Measured::Whole(n), None)
}

fn share(ratio: Option<Ratio>) -> (Measured, Option<i128>) {
    (ratio.map_or(Measured::Nothing, Measured::Ratio), ratio.map(|ratio| ratio.denominator()))
}

/// What the figures say, one by one: the slow way, that the catalogue is held against.
#[expect(clippy::too_many_lines, reason = "one table")]
fn expected(
    panel: &Panel<'_>,
    customers: &[u32],
    month: &Period,
    metric: Metric,
) -> (Measured, Option<i128>) {
    let currency = panel.facts.lens.currency;
    let settings = panel.settings;
    let slice = panel.slice(customers, month);
    let (c, m) = (slice.counts, slice.moved);
    let money = |minor| Measured::Money(Money::new(minor, currency));
    let amount = |minor| (money(minor), None);
    let ratio = |ratio: Option<Ratio>, base| (ratio.map_or(Measured::Nothing, Measured::Ratio), Some(base));
    let worth = || panel.value(customers, &slice);
    let mean = |minor: Option<i128>, base| (minor.map_or(Measured::Nothing, money), Some(base));
    let complaints = || panel.complaints(customers, month);
    let hours = |hours: Option<i64>, base| {
        (hours.map_or(Measured::Nothing, |n| Measured::Whole(n.into())), Some(base))
    };
    let leads =
        || panel.leads(month).values().fold((0, 0), |sum, l| (sum.0 + l.captured, sum.1 + l.converted));
    // Of all reps together.
    let follow_ups = || {
        let which = panel.facts.follow_ups.iter().filter(|f| customers.contains(&f.customer));
        let mut all: Vec<_> = which.cloned().collect();
        for follow_up in &mut all {
            follow_up.rep_id = Some("everybody".to_owned());
        }
        panel.compliance(all.iter(), month).remove(&Some("everybody".to_owned())).unwrap_or_default()
    };
    match metric {
        Metric::Opening => whole(c.opening),
        Metric::New => whole(c.new),
        Metric::Reactivated => whole(c.reactivated),
        Metric::Churned => whole(c.churned),
        Metric::Closing => whole(c.closing),
        Metric::JoinedAndLeft => whole(c.joined_and_left),
        Metric::Departures => whole(c.departures),
        Metric::ChurnRate => share(c.rate(settings.definition)),
        Metric::Retention => share(c.retention(settings.definition)),
        Metric::RevenueOpening => amount(m.opening),
        Metric::RevenueNew => amount(m.new),
        Metric::RevenueReactivation => amount(m.reactivation),
        Metric::RevenueExpansion => amount(m.expansion),
        Metric::RevenueContraction => amount(m.contraction),
        Metric::RevenueChurned => amount(m.churned),
        Metric::RevenueClosing => amount(m.closing),
        Metric::GrossRevenueChurn => ratio(m.gross_churn(), c.opening),
        Metric::NetRevenueChurn => ratio(m.net_churn(true), c.opening),
        Metric::Grr => ratio(Ratio::of(m.opening - m.churned - m.contraction, m.opening), c.opening),
        Metric::Nrr => {
            let kept = m.opening - m.churned - m.contraction + m.expansion + m.reactivation;
            ratio(Ratio::of(kept, m.opening), c.opening)
        }
        Metric::EarlyChurn => share(c.early_rate()),
        Metric::Arpa => mean(Ratio::of(m.closing, c.closing).map(|arpa| arpa.rounded()), c.closing),
        Metric::LtvSubscription => {
            let value = panel.lifetime(&slice).map_or(Measured::Nothing, |l| {
                if l.capped {
                    Measured::AtLeast(Money::new(l.value_minor, currency))
                } else {
                    money(l.value_minor)
                }
            });
            (value, Some(c.closing))
        }
        Metric::LtvToCac => {
            ratio(panel.lifetime(&slice).and_then(|l| Ratio::of(l.value_minor, 40_000)), c.closing)
        }
        Metric::Buyers => whole(worth().customers),
        Metric::LtvAverage => mean(worth().average_minor, worth().customers),
        Metric::LtvMedian => mean(worth().median_minor, worth().customers),
        Metric::LtvNet => {
            let net = Ratio::of(worth().historic_net_minor, worth().customers);
            mean(net.map(|net| net.rounded()), worth().customers)
        }
        Metric::LtvSimple => mean(worth().simple.map(|simple| simple.gross_minor), worth().customers),
        Metric::Top20 => ratio(worth().top_20, worth().customers),
        Metric::Top30 => ratio(worth().top_30, worth().customers),
        Metric::Gini => ratio(worth().gini, worth().customers),
        Metric::FollowUpsDue => whole(follow_ups().due),
        Metric::FollowUpsOnTime => share(follow_ups().rate()),
        Metric::FollowUpsLate => whole(follow_ups().late),
        Metric::FollowUpsOverdue => whole(follow_ups().overdue),
        Metric::FollowUpDelay => hours(follow_ups().median_delay_days().map(i64::from), follow_ups().late),
        Metric::ContactCoverage => share(panel.coverage(customers, month, &settings.intervals)),
        Metric::Complaints => whole(complaints().opened),
        Metric::ComplaintRate => share(complaints().rate()),
        Metric::FirstReplyMedian => hours(complaints().reply_hours(50), complaints().replied()),
        Metric::FirstReplyP90 => hours(complaints().reply_hours(90), complaints().replied()),
        Metric::ResolutionMedian => hours(complaints().resolution_hours(50), complaints().resolved),
        Metric::ResolutionP90 => hours(complaints().resolution_hours(90), complaints().resolved),
        Metric::FirstContact => share(complaints().first_contact_rate()),
        Metric::Leads => whole(leads().0),
        Metric::Conversion => share(Ratio::of(leads().1, leads().0)),
        Metric::ReferralRate => share(panel.referrals(customers, month)),
        Metric::Nps => share(panel.answers(customers, month).nps()),
    }
}

#[test]
fn every_metric_is_what_its_own_figure_says() {
    let shop = shop();
    let months = months(shop);
    for basis in [Basis::Contract, Basis::Inactivity(45)] {
        let settings = settings(basis);
        let panel = Panel::of(&shop.facts, &settings);
        let groups: Vec<Groups> =
            [Split::Segment, Split::Tag].map(|split| panel.groups(split, &months[0])).into();
        let splits: Vec<(&Groups, usize)> = groups.iter().map(|groups| (groups, 2)).collect();
        let all: Vec<Metric> = Metric::all().collect();
        let readings = panel.readings(&all, &months, &splits);
        let mut told = 0;
        let mut hold = |reading: Reading, metric: Metric, customers: &[u32], at: usize, of: &str| {
            if metric.history() == History::NowOnly && at > 0 {
                assert_eq!(reading, Reading::NOTHING, "{metric:?} has no past");
                return;
            }
            let (value, base) = expected(&panel, customers, &months[at], metric);
            assert_eq!((reading.value, reading.base), (value, base), "{metric:?} {of} {basis:?} {at}");
            told += usize::from(value != Measured::Nothing);
        };
        for &metric in &all {
            for at in 0..months.len() {
                hold(readings.whole(metric, at), metric, &panel.customers, at, "all");
            }
            for (split, groups) in groups.iter().enumerate() {
                for (group, members) in groups.members(&panel.customers).iter().enumerate() {
                    let of = groups.labels[group].clone().unwrap_or_default();
                    if metric.splits() {
                        (0..2).for_each(|at| {
                            hold(readings.group(metric, split, group, at), metric, members, at, &of);
                        });
                    } else {
                        assert_eq!(readings.group(metric, split, group, 0), Reading::NOTHING);
                    }
                    // Nobody asked for it.
                    assert_eq!(readings.group(metric, split, group, 2), Reading::NOTHING);
                }
            }
        }
        assert!(told > 400, "only {told} values");
    }
}

#[test]
fn every_metric_is_documented_under_its_name() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("## Names of the metrics").unwrap();
    let named: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let all: Vec<&str> = Metric::all().map(Metric::name).collect();
    assert_eq!(named[..all.len()], all);
}

/// A few metrics cost no more than they read: what was not asked for is not there.
#[test]
fn what_was_not_asked_for_is_not_told() {
    let shop = shop();
    let settings = Settings::default();
    let panel = Panel::of(&shop.facts, &settings);
    let readings = panel.readings(&[Metric::Nps], &months(shop), &[]);
    for metric in Metric::all() {
        let told = readings.whole(metric, 0).value != Measured::Nothing;
        assert_eq!(told, metric.source() == Source::Surveys, "{metric:?}");
    }
}

/// The demo's store in a folder, to be read with less than everything.
pub(crate) struct Store {
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

pub(crate) fn store(shop: &Shop) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute_batch(&retaind::store::relation::schema()).unwrap();
    retaind::demo::build(&mut sql).unwrap();
    let store = SqliteStore::open(&path, Mapping::own(), shop.facts.lens.zone.clone()).unwrap();
    Store { store, _folder: folder }
}

impl Store {
    pub(crate) fn read(&mut self, needs: Needs) -> Facts {
        self.store.read(needs, shop().facts.lens.clone()).unwrap()
    }
}

/// All values of `metrics`, of the whole and of each group.
fn values(
    facts: &Facts,
    settings: &Settings,
    metrics: &[Metric],
    months: &[Period],
    split: Split,
) -> Vec<(Metric, usize, Reading)> {
    let panel = Panel::of(facts, settings);
    let groups = panel.groups(split, &months[0]);
    let readings = panel.readings(metrics, months, &[(&groups, months.len())]);
    let mut values = Vec::new();
    for &metric in metrics {
        for at in 0..months.len() {
            values.push((metric, at, readings.whole(metric, at)));
            values.extend(
                (0..groups.labels.len()).map(|group| (metric, at, readings.group(metric, 0, group, at))),
            );
        }
    }
    values
}

#[test]
fn what_a_metric_says_it_needs_is_enough() {
    let shop = shop();
    let months = months(shop);
    let mut store = store(shop);
    let sources = |metric: &Metric| format!("{:?}", metric.source());
    let mut asked: Vec<Vec<Metric>> = Vec::new();
    for metric in Metric::all() {
        match asked.iter_mut().find(|known| sources(&known[0]) == sources(&metric)) {
            Some(known) => known.push(metric),
            None => asked.push(vec![metric]),
        }
    }
    asked.extend([vec![Metric::LtvSubscription], vec![Metric::ComplaintRate, Metric::Nps]]);
    for basis in [Basis::Contract, Basis::Inactivity(45)] {
        let settings = settings(basis);
        for (metrics, split) in asked.iter().zip(Split::ALL.iter().cycle()) {
            let today = shop.facts.lens.today();
            let facts = store.read(needs(metrics, &settings, today, &months, &[split.1]));
            let expected = values(&shop.facts, &settings, metrics, &months, split.1);
            let found = values(&facts, &settings, metrics, &months, split.1);
            assert_eq!(found, expected, "{basis:?} {}", split.0);
        }
    }
}

#[test]
fn a_report_reads_enough_for_the_metrics_it_tells() {
    let shop = shop();
    let mut store = store(shop);
    let period = PeriodChoice { kind: PeriodKind::Month, current: false };
    for (basis, (name, kind)) in [Basis::Contract, Basis::Inactivity(45)]
        .into_iter()
        .flat_map(|basis| ReportKind::ALL.map(|kind| (basis, kind)))
    {
        let settings = settings(basis);
        let spec = ReportSpec {
            kind,
            period,
            settings: settings.clone(),
            splits: vec![Split::Segment],
            attach: Vec::new(),
            fresh: None,
        };
        let trail = october(shop.facts.lens.today()).trail(13);
        let metrics = report::metrics(kind);
        let tells = ["churn", "value", "care", "funnel", "executive"].contains(&name);
        assert_eq!(metrics.is_empty(), !tells, "{name}");
        let facts = store.read(report::needs(&spec, &shop.facts.lens));
        let expected = values(&shop.facts, &settings, &metrics, &trail, Split::Segment);
        assert_eq!(values(&facts, &settings, &metrics, &trail, Split::Segment), expected, "{name} {basis:?}");
    }
}

/// Of every customer: what they paid on the day before October and on its last day (or bought in it and in
/// the month before); those who moved, largest change first.
#[test]
fn those_who_moved_revenue_are_whom_sql_names() {
    let shop = shop();
    let period = PeriodChoice { kind: PeriodKind::Month, current: false };
    for (basis, name, of) in [
        (
            Basis::Contract,
            "mrr",
            "SELECT id, coalesce((SELECT sum(mrr) FROM contract WHERE c = id AND s <= '2026-09-30' AND '2026-09-30' < e), 0) AS b,
               coalesce((SELECT sum(mrr) FROM contract WHERE c = id AND s <= '2026-10-31' AND '2026-10-31' < e), 0) AS a",
        ),
        (
            Basis::Inactivity(45),
            "revenue",
            "SELECT id, coalesce((SELECT sum(minor) FROM bought WHERE c = id AND day BETWEEN '2026-08-31' AND '2026-09-30'), 0) AS b,
               coalesce((SELECT sum(minor) FROM bought WHERE c = id AND day BETWEEN '2026-10-01' AND '2026-10-31'), 0) AS a",
        ),
    ] {
        let sql = format!("SELECT NULL, b, a FROM ({of} FROM customers) WHERE a != b ORDER BY abs(a - b) DESC, b, a");
        let expected: Vec<(i64, i64)> = {
            let sql_of = shop.sql();
            let mut statement = sql_of.prepare(&sql).unwrap();
            statement.query_map([], |row| Ok((row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect()
        };
        let settings = settings(basis);
        let panel = Panel::of(&shop.facts, &settings);
        let movers = panel.movers(&panel.customers, &months(shop)[0], 5_000);
        let mut found: Vec<(i64, i64)> =
            movers.most.iter().map(|moved| (moved.before_minor, moved.after_minor)).collect();
        found.sort_by_key(|(before, after)| (std::cmp::Reverse((after - before).abs()), *before, *after));
        assert!(expected.len() > 50 && movers.of == expected.len(), "{name}");
        assert_eq!(found, expected, "{name}");
        // Whoever is in the table has a name.
        let spec = ReportSpec {
            kind: ReportKind::Churn,
            period,
            settings: settings.clone(),
            splits: Vec::new(),
            attach: Vec::new(),
            fresh: None,
        };
        let wanted = report::Story::of(&shop.facts, &spec).wanted();
        assert!(movers.most.iter().all(|moved| wanted.contains(&moved.customer)), "{name}");
    }
}

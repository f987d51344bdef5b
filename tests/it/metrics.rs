//! The catalogue of metrics on the demo's shop: each is what the figure of its own says, for three months,
//! for the whole and for each group, on both bases.

use std::collections::BTreeMap;

use retaind::daemon::past;
use retaind::document::{Block, Document, Say, Value};
use retaind::domain::customer::CancelKind;
use retaind::domain::facts::{Facts, Lens, Needs};
use retaind::domain::promises::Promise;
use retaind::domain::{Money, People, Period, PeriodKind, Ratio};
use retaind::job::earlier::Earlier;
use retaind::job::{ReportKind, ReportSpec, report};
use retaind::metrics::care::Compliance;
use retaind::metrics::metric::past::Past;
use retaind::metrics::metric::{History, Source, needs};
use retaind::metrics::risk::{Factor, Weights};
use retaind::metrics::{
    Basis, Definition, Groups, Measured, Metric, Panel, PeriodChoice, Reading, Settings, Split,
};
use retaind::render::Locale;
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
pub(crate) fn expected(
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
        let promises = &panel.facts.promises;
        let named = promises.rows.iter().find(|promise| promises.rep(promise).is_some());
        let Some(&Promise { rep, .. }) = named else { return Compliance::default() };
        let which = promises.with(|customer| customers.contains(&customer));
        let all: Vec<_> = which.map(|promise| Promise { rep, ..*promise }).collect();
        panel.compliance(all.iter(), month).into_values().next().unwrap_or_default()
    };
    match metric {
        Metric::Opening => whole(c.opening),
        Metric::New => whole(c.new),
        Metric::Reactivated => whole(c.reactivated),
        Metric::Churned => whole(c.churned),
        Metric::Retained => whole(c.opening - c.churned),
        Metric::ChurnedVoluntary | Metric::ChurnedInvoluntary if settings.basis != Basis::Contract => NOTHING,
        Metric::ChurnedVoluntary | Metric::ChurnedInvoluntary => {
            let gone = panel.leavers(customers, month, Definition::Cohort);
            let kind = match metric {
                Metric::ChurnedVoluntary => CancelKind::Voluntary,
                _ => CancelKind::Involuntary,
            };
            whole(gone.iter().filter(|departure| departure.kind == kind).count() as i128)
        }
        Metric::Closing => whole(c.closing),
        Metric::JoinedAndLeft => whole(c.joined_and_left),
        Metric::Departures => whole(c.departures),
        Metric::ChurnRate => share(c.rate(settings.definition)),
        Metric::Retention => share(c.retention(settings.definition)),
        Metric::ChurnAnnualised => {
            let rate = c.rate(settings.definition);
            let stay = |rate: Ratio| (1.0 - rate.approximate()).powi(12);
            let yearly =
                rate.and_then(|rate| Ratio::of(((1.0 - stay(rate)) * 1e6).round() as i128, 1_000_000));
            ratio(yearly, rate.map_or(0, |rate| rate.denominator()))
        }
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
        Metric::Historic => mean(Some(worth().historic_minor), worth().customers),
        Metric::HistoricNet => mean(Some(worth().historic_net_minor), worth().customers),
        Metric::LtvAverage => mean(worth().average_minor, worth().customers),
        Metric::LtvMedian => mean(worth().median_minor, worth().customers),
        Metric::LtvNet => {
            let net = Ratio::of(worth().historic_net_minor, worth().customers);
            mean(net.map(|net| net.rounded()), worth().customers)
        }
        Metric::LtvSimple => mean(worth().simple.map(|simple| simple.gross_minor), worth().customers),
        Metric::LtvSimpleNet => mean(worth().simple.map(|simple| simple.net_minor), worth().customers),
        Metric::Top20 => ratio(worth().top_20, worth().customers),
        Metric::Top30 => ratio(worth().top_30, worth().customers),
        Metric::Gini => ratio(worth().gini, worth().customers),
        Metric::FollowUpsDue => whole(follow_ups().due),
        Metric::FollowUpsOnTime => share(follow_ups().rate()),
        Metric::FollowUpsLate => whole(follow_ups().late),
        Metric::FollowUpsOverdue => whole(follow_ups().overdue),
        Metric::FollowUpDelay => hours(follow_ups().median_delay_days().map(i64::from), follow_ups().late),
        Metric::ContactCoverage => share(panel.coverage(customers, &settings.intervals)),
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
        _ => expected_today(panel, customers, month, metric),
    }
}

/// What sections of reports say of customers as of now.
fn expected_today(
    panel: &Panel<'_>,
    customers: &[u32],
    month: &Period,
    metric: Metric,
) -> (Measured, Option<i128>) {
    match metric.source() {
        Source::Rfm => {
            let scorer = panel.rfm(&panel.customers);
            let bought: Vec<_> = customers.iter().filter_map(|c| scorer.score(*c)).collect();
            let names = match metric {
                Metric::RfmBest => vec!["champions", "loyal"],
                Metric::RfmSlipping => vec!["at_risk", "cannot_lose"],
                one => vec![one.name().strip_prefix("rfm_").unwrap()],
            };
            let of = bought.iter().filter(|one| names.contains(&one.standing().name())).count();
            share(Ratio::of(of as i128, bought.len() as i128))
        }
        Source::Risks => {
            let all = panel.risks(&panel.customers, usize::MAX / 4).highest;
            let today = panel.facts.lens.today();
            let active = customers.iter().filter(|c| panel.activity(**c).is_active(today)).count();
            let at_risk = all.iter().filter(|risk| risk.score >= 50 && customers.contains(&risk.customer));
            match active {
                0 => NOTHING,
                _ => (Measured::Whole(at_risk.count() as i128), Some(active as i128)),
            }
        }
        Source::Tenures => {
            let survival = panel.survival(customers);
            let days = |months: u32| (f64::from(months) * 30.4375).floor() as u32;
            let value = match metric.months() {
                None => survival.median_days().map(|days| Measured::Whole(i128::from(days))),
                Some(n) => survival.share_after(days(n)).map(millionths),
            };
            let base = Some(i128::from(survival.customers)).filter(|n| *n > 0);
            (value.unwrap_or(Measured::Nothing), base)
        }
        Source::Cohorts => {
            let after = metric.months().unwrap() as usize;
            let cohorts =
                panel.cohorts(customers, &retaind::metrics::cohort::months(panel.facts.lens.today()));
            let old = &cohorts[..cohorts.len() - after];
            let (there, size) = old.iter().fold((0, 0), |sum, c| (sum.0 + c.active[after], sum.1 + c.size));
            share(Ratio::of(there, size))
        }
        _ => expected_ahead(panel, customers, month, metric),
    }
}

const NOTHING: (Measured, Option<i128>) = (Measured::Nothing, None);

fn millionths(value: f64) -> Measured {
    Measured::Ratio(Ratio::of((value * 1e6).round() as i128, 1_000_000).unwrap())
}

/// What the models say of customers, fitted to them alone.
fn expected_ahead(
    panel: &Panel<'_>,
    customers: &[u32],
    month: &Period,
    metric: Metric,
) -> (Measured, Option<i128>) {
    let money = |minor: f64| Measured::Money(Money::new(minor.round() as i128, panel.facts.lens.currency));
    if !metric.is_told_on(panel.settings.basis) {
        return NOTHING;
    }
    if metric.source() == Source::Buying {
        let Ok(buying) = panel.buying(customers, 10) else { return NOTHING };
        let value = match metric {
            Metric::Clv => money(buying.value_minor / buying.buyers as f64),
            Metric::ClvAll => money(buying.value_minor),
            Metric::PurchasesAhead => Measured::Whole(buying.purchases.round() as i128),
            _ => Measured::Whole(buying.probably_gone as i128),
        };
        return (value, Some(buying.buyers as i128));
    }
    let Ok(model) = panel.lasting(customers) else { return NOTHING };
    let monthly = (1.0 + panel.settings.discount_rate()).powf(1.0 / 12.0) - 1.0;
    let value = match (metric, metric.months()) {
        (Metric::LtvSbg, _) => {
            let arpa = panel.lifetime(&panel.slice(customers, month)).map(|l| l.arpa_minor as f64);
            let margin = panel.gross_margin().approximate();
            arpa.and_then(|arpa| model.lifetime_value(arpa * margin, monthly)).map(money)
        }
        (_, None) => model.lifetime(monthly).map(millionths),
        (_, Some(age)) => Some(millionths(model.retention(age))),
    };
    (value.unwrap_or(Measured::Nothing), Some(model.fit.customers as i128))
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
            if metric.history() == History::ToDate && at > 0 {
                assert_eq!(reading, Reading::NOTHING, "{metric:?}: nobody looked at its past");
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
        assert!(told > 600, "only {told} values");
        // Of some groups there are models, of others there are too few customers.
        let model = if basis == Basis::Contract { Metric::LtvSbg } else { Metric::Clv };
        let groups = (0..groups[1].labels.len()).map(|group| readings.group(model, 1, group, 0));
        let (refused, fitted): (Vec<_>, Vec<_>) = groups.partition(|reading| *reading == Reading::NOTHING);
        assert!(!refused.is_empty() && !fitted.is_empty(), "{model:?} {refused:?} {fitted:?}");
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

/// The figures of a report as readers see them, by name.
fn printed(shop: &Shop, kind: ReportKind, settings: &Settings) -> BTreeMap<String, String> {
    let period = PeriodChoice { kind: PeriodKind::Month, current: false };
    let (settings, splits) = (settings.clone(), Vec::new());
    let spec = ReportSpec { kind, period, settings, splits, attach: Vec::new(), fresh: None };
    let document = report::compose(&shop.facts, &spec, People::default());
    let english = Locale::load("en").unwrap();
    let figures = document.blocks.iter().filter_map(|block| match block {
        Block::Figures(figures) => Some(&figures.rows),
        _ => None,
    });
    figures.flatten().map(|row| (english.say(&row.name), english.value(&row.values[0]))).collect()
}

/// What a report prints as of now is what a watch of it reads, to the last digit that is printed.
#[test]
fn what_is_told_as_of_now_is_what_reports_print() {
    let shop = shop();
    let english = Locale::load("en").unwrap();
    let (both, contract, inactivity) = ([true, true], [true, false], [false, true]);
    for (kind, metric, name, on) in [
        (ReportKind::Rfm, Metric::RfmBest, "Champions and loyal", both),
        (ReportKind::Rfm, Metric::RfmSlipping, "At risk or cannot lose", both),
        (ReportKind::Care, Metric::AtRisk, "Customers at risk of leaving", both),
        (ReportKind::Survival, Metric::MedianTenure, "Half leave within", both),
        (ReportKind::Survival, Metric::Stay1, "Stay longer than 1 month", both),
        (ReportKind::Survival, Metric::Stay3, "Stay longer than 3 months", both),
        (ReportKind::Survival, Metric::Stay6, "Stay longer than 6 months", both),
        (ReportKind::Survival, Metric::Stay12, "Stay longer than 12 months", both),
        (ReportKind::Survival, Metric::Stay24, "Stay longer than 24 months", both),
        (ReportKind::Cohort, Metric::Kept1, "Still there after 1 month", both),
        (ReportKind::Cohort, Metric::Kept3, "Still there after 3 months", both),
        (ReportKind::Cohort, Metric::Kept6, "Still there after 6 months", both),
        (ReportKind::Cohort, Metric::Kept12, "Still there after 12 months", both),
        (ReportKind::Value, Metric::Clv, "CLV, next 12 months, average", inactivity),
        (ReportKind::Value, Metric::ClvAll, "CLV, next 12 months, all", inactivity),
        (ReportKind::Value, Metric::PurchasesAhead, "Purchases expected, next 12 months", inactivity),
        (ReportKind::Value, Metric::ProbablyGone, "Probably gone", inactivity),
        (ReportKind::Value, Metric::LtvSbg, "LTV of a new contract (sBG)", contract),
        (ReportKind::Value, Metric::LifetimeSbg, "Its lifetime, months, discounted", contract),
        (ReportKind::Value, Metric::Renew1Sbg, "Renew after 1 month (sBG)", contract),
        (ReportKind::Value, Metric::Renew12Sbg, "Renew after 12 months (sBG)", contract),
        (ReportKind::Value, Metric::Renew24Sbg, "Renew after 24 months (sBG)", contract),
    ] {
        for (basis, told) in [Basis::Contract, Basis::Inactivity(45)].into_iter().zip(on) {
            let settings = settings(basis);
            let panel = Panel::of(&shop.facts, &settings);
            let reading = panel.readings(&[metric], &months(shop), &[]).whole(metric, 0);
            let value = match reading.value {
                Measured::Nothing if metric == Metric::MedianTenure => Say::new("value.over_half").into(),
                Measured::Nothing => Say::new("value.none").into(),
                Measured::Whole(days) if metric == Metric::MedianTenure => {
                    let months = Value::Number(days as f64 / 30.4375, 1);
                    Say::new("value.months").with("n", months).into()
                }
                Measured::Ratio(months) if metric == Metric::LifetimeSbg => {
                    Value::Number(months.approximate(), 1)
                }
                Measured::Ratio(share) => Value::Percent(share.approximate()),
                Measured::Money(money) => money.into(),
                Measured::Whole(n) => n.into(),
                Measured::AtLeast(_) => panic!("{metric:?} is not capped"),
            };
            let found = printed(shop, kind, &settings).remove(name);
            let expected = told.then(|| english.value(&value));
            assert_eq!(found, expected, "{metric:?} {basis:?}");
            assert_eq!(reading == Reading::NOTHING, !told, "{metric:?} {basis:?}");
        }
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
        self.read_as_of(needs, shop().facts.lens.clone())
    }

    pub(crate) fn read_as_of(&mut self, needs: Needs, lens: Lens) -> Facts {
        self.store.read(needs, lens).unwrap()
    }

    /// What is told at earlier moments.
    pub(crate) fn past(&mut self, earlier: &[Earlier<'_>]) -> Past {
        let mut snapshot = self.store.snapshot().unwrap();
        past::read(&mut snapshot, earlier, [&None]).unwrap().remove(&None).unwrap()
    }

    /// A report as readers get it, without names.
    pub(crate) fn report(&mut self, spec: &ReportSpec) -> Document {
        let lens = &shop().facts.lens;
        let past = self.past(&report::earlier(spec, lens));
        let facts = self.read(report::needs(spec, lens));
        report::Story::of(&facts, spec).remembering(past).tell(People::default())
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
    asked.extend([
        vec![Metric::LtvSubscription],
        vec![Metric::ComplaintRate, Metric::Nps],
        vec![Metric::LtvSbg],
        vec![Metric::LifetimeSbg],
        vec![Metric::AtRisk, Metric::FollowUpsLate],
        vec![Metric::RfmBest, Metric::Clv],
    ]);
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

/// Each factor of a risk score alone: what the others take is not read, and who is at risk is the same.
#[test]
fn a_score_reads_enough_for_the_factors_that_weigh_something() {
    let shop = shop();
    let months = months(shop);
    let mut store = store(shop);
    let mut told = Vec::new();
    for (basis, (name, factor, _)) in
        [Basis::Contract, Basis::Inactivity(45)].into_iter().flat_map(|basis| Factor::ALL.map(|f| (basis, f)))
    {
        let all = Factor::ALL.map(|(_, factor, _)| factor).into_iter();
        let risk = all.filter(|other| *other != factor).fold(Weights::default(), |w, other| w.with(other, 0));
        let settings = Settings { risk, ..settings(basis) };
        let metrics = [Metric::AtRisk];
        let needed = needs(&metrics, &settings, shop.facts.lens.today(), &months, &[Split::Segment]);
        let found = values(&store.read(needed), &settings, &metrics, &months, Split::Segment);
        assert_eq!(
            found,
            values(&shop.facts, &settings, &metrics, &months, Split::Segment),
            "{name} {basis:?}"
        );
        let (_, _, whole) = found[0];
        let groups: i128 = found[1..=3].iter().map(|(_, _, group)| count(*group)).sum();
        assert_eq!(groups, count(whole), "every customer of the demo is in one segment: {name} {basis:?}");
        told.extend((count(whole) > 0).then_some(name));
    }
    told.sort_unstable();
    told.dedup();
    assert!(told.len() >= 7, "nobody is at risk but by {told:?}");
}

fn count(reading: Reading) -> i128 {
    if let Measured::Whole(n) = reading.value { n } else { 0 }
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
        assert!(!metrics.is_empty(), "{name}");
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

/// A lead reads about the team's customers: nobody else's name, group or owner stands anywhere, in whatever report.
#[test]
fn a_teams_report_names_nobody_outside_the_team() {
    let shop = shop();
    let facts = &shop.facts;
    let owners: Vec<&String> = facts.customers.owners().iter().flatten().collect();
    let team = facts.team_of(owners[0]);
    let of_team = |rep: &String| team.contains(rep);
    let outside: Vec<&str> =
        facts.reps.iter().filter(|(id, _)| !of_team(id)).map(|(_, rep)| rep.name.as_str()).collect();
    assert!(!team.is_empty() && outside.len() > 2, "{team:?}");
    let mut leads = 0;
    for (name_of, kind) in ReportKind::ALL {
        let spec = ReportSpec {
            kind,
            period: PeriodChoice { kind: PeriodKind::Month, current: false },
            settings: Settings { basis: Basis::Contract, ..Settings::default() },
            splits: vec![Split::Owner, Split::Segment],
            attach: Vec::new(),
            fresh: None,
        };
        let told = |story: report::Story<'_>| format!("{:?}", story.tell(People::default()));
        let whole = told(report::Story::of(facts, &spec));
        let of_team = told(report::Story::of_team(facts, &spec, owners[0]));
        for name in &outside {
            assert!(!of_team.contains(name), "{name_of} names {name}");
        }
        leads += usize::from(whole.contains("figure.leads"));
        assert!(!of_team.contains("figure.leads") && !of_team.contains("\"conversion\""), "{name_of}");
    }
    assert_eq!(leads, 2, "everybody's leads are told in two reports");
}

/// Whoever has been a customer for a year today had been one for a month eleven months ago: a band is held against the
/// same band, not against the same people when they were younger.
#[test]
fn by_tenure_each_period_has_the_bands_of_its_own_beginning() {
    let shop = shop();
    let (settings, months) = (Settings::default(), months(shop));
    let panel = Panel::of(&shop.facts, &settings);
    let periods = [months[0], months[0].previous(), months[0].year_before()];
    let metrics = [Metric::ChurnRate, Metric::Opening, Metric::RevenueClosing];
    let groups = panel.groups_over(Split::Tenure, &periods);
    let readings = panel.readings(&metrics, &periods, &[(&groups, 3)]);
    let mut moved = 0;
    for (at, period) in periods.iter().enumerate() {
        let theirs = panel.split(Split::Tenure, period);
        for (group, label) in groups.labels.iter().enumerate() {
            let members = theirs.get(label).cloned().unwrap_or_default();
            for metric in metrics {
                let told = readings.group(metric, 0, group, at);
                assert_eq!((told.value, told.base), expected(&panel, &members, period, metric), "{label:?}");
            }
            moved += usize::from(theirs.get(label) != panel.split(Split::Tenure, &periods[0]).get(label));
        }
    }
    assert!(moved > 6, "{moved}: it can fail");
}

/// Of two days of a month nobody knows how many will leave in it: nothing is made of it that takes a whole one.
#[test]
fn nothing_is_made_of_a_period_under_way_that_takes_a_whole_one() {
    let shop = shop();
    let settings = Settings { cac_minor: Some(120_000), ..Settings::default() };
    let panel = Panel::of(&shop.facts, &settings);
    let november = Period::containing(PeriodKind::Month, shop.facts.lens.today());
    let metrics = [Metric::ChurnAnnualised, Metric::LtvSubscription, Metric::LtvToCac, Metric::Arpa];
    let periods = [november, november.previous()];
    let readings = panel.readings(&metrics, &periods, &[]);
    for metric in metrics {
        let told = [0, 1].map(|at| readings.whole(metric, at).value != Measured::Nothing);
        assert_eq!(told, [metric == Metric::Arpa, true], "{metric:?}");
    }
    // Who is active is active today; a contract that ends later this month has not ended.
    let (today, now) = (shop.facts.lens.today(), panel.counts(&panel.customers, &november));
    let active = panel.customers.iter().filter(|c| panel.activity(**c).is_active(today)).count() as i128;
    let ends = |c: &&u32| panel.activity(**c).departures(&november).any(|day| day > today);
    assert_eq!(now.closing, active);
    assert!(panel.customers.iter().filter(ends).count() > 3, "it can fail");
    assert_eq!(now.opening - now.churned + now.new + now.reactivated, now.closing);
}

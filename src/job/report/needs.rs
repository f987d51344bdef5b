//! What a report reads, and what it asks of the purchases: no more than its parts tell.

use super::{Part, TREND};
use crate::domain::facts::{Lens, Needs};
use crate::domain::{Asked, Period};
use crate::job::earlier::Earlier;
use crate::job::{ReportKind, ReportSpec};
use crate::metrics::value::year_to;
use crate::metrics::{self, Basis};

/// Whether reports of a kind read a relation.
pub fn reads(kind: ReportKind, relation: &str) -> bool {
    match relation {
        "customers" | "reps" | "subscriptions" | "transactions" => true,
        "follow_ups" | "complaints" => Part::Care.is_in(kind),
        // Contacts are the largest relation after the transactions; the page over all does without them.
        "interactions" | "signals" => kind == ReportKind::Care,
        "leads" => Part::Funnel.is_in(kind),
        "surveys" => Part::Funnel.is_in(kind) || kind == ReportKind::Care,
        _ => false,
    }
}

/// Which relations a report reads.
pub fn needs(spec: &ReportSpec, lens: &Lens) -> Needs {
    let transactions = Some(asked(spec, lens));
    let (care, funnel) = (Part::Care.is_in(spec.kind), Part::Funnel.is_in(spec.kind));
    let mut customers: Vec<&str> = spec.splits.iter().filter_map(|split| split.column()).collect();
    // How often a customer is owed a contact depends on the tier.
    customers.extend(care.then_some("tier"));
    customers.extend(funnel.then_some("referred_by"));
    Needs {
        customers,
        reps: true,
        subscriptions: true,
        transactions,
        follow_ups: reads(spec.kind, "follow_ups"),
        look: None,
        // Whoever is at risk is so by what is open, whenever it fell due.
        open: spec.kind == ReportKind::Care,
        due: told(spec, lens),
        interactions: reads(spec.kind, "interactions"),
        complaints: reads(spec.kind, "complaints"),
        leads: reads(spec.kind, "leads"),
        surveys: reads(spec.kind, "surveys"),
        signals: reads(spec.kind, "signals"),
    }
}

/// Which earlier moments a report looks at, too: those of the periods of its trend, and groups of the two that each
/// figure stands beside.
pub fn earlier<'a>(spec: &'a ReportSpec, lens: &Lens) -> Vec<Earlier<'a>> {
    let period = spec.period.on(lens.today());
    let [_, before, year_ago] = three(&period);
    let beside = [before, year_ago].map(|period| (period, spec.splits.as_slice()));
    let trail = period.trail(TREND).into_iter().map(|period| (period, [].as_slice()));
    let periods = beside.into_iter().chain(trail);
    let all = Earlier::of((lens, &period), &super::metrics(spec.kind), &spec.settings, periods);
    let keeps = |earlier: &Earlier<'_>| Part::Rfm.is_in(spec.kind) && earlier.ends() == before.end;
    let all = all.into_iter().map(Earlier::with_reps);
    let mut all: Vec<Earlier<'_>> =
        all.map(|earlier| if keeps(&earlier) { earlier.keeping_standings() } else { earlier }).collect();
    // Customers are told apart by their place: the less is read in between, the fewer have come.
    all.sort_by_key(keeps);
    all
}

/// A period, the one before, and the same a year ago.
fn three(period: &Period) -> [Period; 3] {
    [*period, period.previous(), period.year_before()]
}

/// The periods whose follow-ups and complaints are told: the page over all has no trend of them.
fn told(spec: &ReportSpec, lens: &Lens) -> Vec<Period> {
    let period = spec.period.on(lens.today());
    let trail = if spec.kind == ReportKind::Care { period.trail(TREND) } else { Vec::new() };
    three(&period).into_iter().chain(trail).collect()
}

/// What a report asks of the purchases.
pub fn asked(spec: &ReportSpec, lens: &Lens) -> Asked {
    let today = lens.today();
    let period = spec.period.on(today);
    let mut asked = Asked::nothing(today);
    if Part::Value.is_in(spec.kind) {
        let (from, to) = year_to(today);
        asked = asked.window(from, to);
    }
    if Part::Rfm.is_in(spec.kind) {
        let days = spec.settings.rfm_days;
        asked = metrics::rfm::asks(asked, today, days);
        asked = metrics::rfm::asks_before(asked, today, days, period.days());
    }
    if Part::Predict.is_in(spec.kind) {
        asked = metrics::forecast::asks_before(metrics::forecast::asks(asked), today);
    }
    // On one page over all there is no complaint rate, and so no need of its base.
    if spec.kind == ReportKind::Care {
        asked = told(spec, lens).iter().fold(asked, |asked, p| asked.counts(p.start, p.end));
    }
    if Part::Cohort.is_in(spec.kind) && matches!(spec.settings.basis, Basis::Inactivity(_)) {
        asked = metrics::cohort::asks(asked, &metrics::cohort::months(today));
    }
    if let Basis::Inactivity(days) = spec.settings.basis {
        asked = asked.activity(days);
        for period in period.trail(TREND).iter().chain([&period.year_before()]) {
            asked = asked.period(period);
        }
        // Of the year before, only who bought at all is told.
        let year_before = period.trail(TREND).into_iter().map(|period| period.year_before());
        asked = year_before.fold(asked, |asked, period| asked.window(period.start, period.end));
    }
    asked
}

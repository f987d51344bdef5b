//! Who moved a watched figure: the customers behind it, largest first. Only for figures whose movers can be
//! named: those of customers who leave, and those of revenue.

use super::judge::Side;
use super::{Finding, Look, NOW, Place, WatchSpec};
use crate::domain::customer::CancelKind;
use crate::domain::watched::Telling;
use crate::metrics::metric::Better;
use crate::metrics::revenue::Movement;
use crate::metrics::{Definition, Metric};

/// Names in a sentence.
const NAMES: usize = 3;

/// Among so many whose revenue moved most, those of one direction are looked for.
const LOOKED_AT: usize = 1_000;

/// What they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    /// They left.
    Left,
    /// They pay less, or nothing any more.
    Less,
    /// They pay more, or for the first time.
    More,
}

/// Those who moved a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    /// What they did.
    pub(super) did: Did,
    /// The first of them, each with their money in minor units.
    pub(super) who: Vec<(u32, i128)>,
    /// How many they are.
    pub(super) of: usize,
}

impl Moved {
    /// Those who are named.
    pub(super) fn wanted(&self) -> impl Iterator<Item = u32> + '_ {
        self.who.iter().map(|(customer, _)| *customer)
    }
}

/// Whether anybody can be named.
pub(super) fn are_named(spec: &WatchSpec) -> bool {
    is_of_leavers(spec)
        || !movements(spec.metric, true).is_empty()
        || !movements(spec.metric, false).is_empty()
}

/// Figures that those who leave move.
fn is_of_leavers(spec: &WatchSpec) -> bool {
    use Metric::{
        ChurnAnnualised, ChurnRate, Churned, ChurnedInvoluntary, ChurnedVoluntary, Closing, Departures,
        Retained, Retention,
    };
    let of_rates = matches!(spec.metric, ChurnRate | ChurnAnnualised | Retention);
    let of_kinds = matches!(spec.metric, ChurnedVoluntary | ChurnedInvoluntary);
    of_rates || of_kinds || matches!(spec.metric, Churned | Retained | Departures | Closing)
}

/// What moves a figure of revenue up, or down.
fn movements(metric: Metric, up: bool) -> &'static [Movement] {
    use Movement::{Churned, Contraction, Expansion, New, Reactivation};
    match (metric, up) {
        (Metric::RevenueNew, true) => &[New],
        (Metric::RevenueReactivation, true) => &[Reactivation],
        (Metric::RevenueExpansion | Metric::Nrr, true) | (Metric::NetRevenueChurn, false) => &[Expansion],
        (Metric::RevenueContraction, true) => &[Contraction],
        (Metric::RevenueChurned, true) => &[Churned],
        (Metric::GrossRevenueChurn | Metric::NetRevenueChurn, true)
        | (Metric::Grr | Metric::Nrr | Metric::RevenueClosing, false) => &[Churned, Contraction],
        (Metric::RevenueClosing, true) => &[New, Reactivation, Expansion],
        _ => &[],
    }
}

/// Who moved what a finding tells; `None` where nobody did, or nobody can be named.
pub(super) fn of(look: &Look<'_>, finding: &Finding) -> Option<Moved> {
    if !matches!(finding.telling, Some(Telling::Breach | Telling::Repeat)) {
        return None;
    }
    let up = match finding.judged.side? {
        Side::Over => true,
        Side::Under => false,
    };
    let members = members(look, finding.place);
    let period = &look.periods[NOW];
    let bad_way = up == (look.spec.metric.better() == Better::Down);
    if is_of_leavers(look.spec) {
        let by = match look.spec.metric {
            Metric::Departures => Definition::Events,
            Metric::ChurnRate | Metric::ChurnAnnualised | Metric::Retention => look.spec.settings.definition,
            _ => Definition::Cohort,
        };
        let mut gone = if bad_way { look.panel.leavers(&members, period, by) } else { Vec::new() };
        match look.spec.metric {
            Metric::ChurnedVoluntary => gone.retain(|left| left.kind == CancelKind::Voluntary),
            Metric::ChurnedInvoluntary => gone.retain(|left| left.kind == CancelKind::Involuntary),
            _ => {}
        }
        let who = gone.iter().take(NAMES).map(|d| (d.customer, d.lost_minor)).collect();
        return (!gone.is_empty()).then_some(Moved { did: Did::Left, who, of: gone.len() });
    }
    let wanted = movements(look.spec.metric, up);
    if wanted.is_empty() {
        return None;
    }
    let most = look.panel.movers(&members, period, LOOKED_AT).most;
    let theirs: Vec<_> = most.iter().filter(|moved| wanted.contains(&moved.movement)).collect();
    let did = if theirs.first()?.change_minor() < 0 { Did::Less } else { Did::More };
    let who = theirs.iter().take(NAMES).map(|moved| (moved.customer, moved.change_minor().abs()));
    Some(Moved { did, who: who.collect(), of: theirs.len() })
}

/// The customers of a place.
fn members(look: &Look<'_>, place: Place) -> Vec<u32> {
    let all = &look.panel.customers;
    match (place, &look.groups) {
        (Place::Group(wanted), Some(groups)) => {
            all.iter().copied().filter(|c| groups.of(*c, 0).any(|group| group == wanted)).collect()
        }
        (Place::Missing, _) => Vec::new(),
        _ => all.clone(),
    }
}

//! Contracts that are about to renew.

use std::collections::BTreeMap;

use super::case::{About, Case, Slot, Steps, Urgency};
use super::rule::Rule;
use crate::document::Say;
use crate::domain::customer::Contract;
use crate::domain::{Day, Money, When};
use crate::metrics::Panel;

/// Open contracts that renew; those of a customer on one day are one case.
pub(super) fn find(rule: &Rule, leads: &[i32], lead_above: Option<i64>, panel: &Panel<'_>) -> Vec<Case> {
    let facts = panel.facts;
    let today = facts.lens.today();
    let last = today.plus(leads.iter().copied().max().unwrap_or(0));
    let mut renewals: BTreeMap<(u32, Day), i128> = BTreeMap::new();
    // A lead hears of it so many working days later, with holidays among them: of a week one may be such a day.
    let later = rule.escalate_after.map_or(0, |days| 7 * days + 60);
    let near = today.plus(-rule.max_late - later)..=last;
    // One that ends with the day it would renew has been cancelled.
    let renews = |contract: &Contract| {
        near.contains(&contract.renews_on)
            && contract.starts_on <= today
            && contract.ends_on > contract.renews_on
    };
    for (customer, contract) in facts.contracts.those(renews) {
        *renewals.entry((customer, contract.renews_on)).or_default() += i128::from(contract.mrr_minor);
    }
    let mut cases = Vec::new();
    for ((customer, day), mrr) in
        renewals.into_iter().filter(|((customer, _), _)| rule.is_for(panel, *customer))
    {
        let days = day.since(today);
        let money = Money::new(mrr, facts.lens.currency);
        let why = match days {
            0 => Say::new("due.renews_today"),
            1.. => Say::new("due.renews").with("n", i128::from(days)).with("day", day.date()),
            _ => Say::new("due.renewed").with("n", i128::from(-days)).with("day", day.date()),
        };
        let case = Case {
            rule: rule.name.clone(),
            subject: Case::subject(&facts.customers.id(customer), day),
            about: About::Customer(customer),
            rep: facts.customers.owner(customer).map(str::to_owned),
            for_lead: false,
            anchor: day,
            steps: Steps::ahead(leads, None),
            why: why.with("money", money),
            what: None,
            urgency: if days > 0 { Urgency::Ahead } else { Urgency::Today },
            escalate_after: rule.escalate_after,
            slot: Some(Slot {
                matter: facts.customers.id(customer).into_owned(),
                at: When::Day(day),
                title: Say::new("appointment.renewal"),
                facts: vec![Say::new("item.mrr").with("money", money)],
            }),
        };
        if lead_above.is_some_and(|level| mrr >= i128::from(level)) {
            cases.push(Case { subject: format!("{}#lead", case.subject), for_lead: true, ..case.clone() });
        }
        cases.push(case);
    }
    cases
}

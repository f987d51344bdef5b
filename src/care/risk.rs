//! Customers whose risk score has risen to a level, with what speaks for it.

use super::case::{About, Case, Steps, Urgency};
use super::history::History;
use super::rule::Rule;
use crate::document::{Say, Value};
use crate::metrics::Panel;
use crate::metrics::risk::{Factor, Risk, Share};

/// Reasons that are named in a digest.
const REASONS: usize = 3;

/// Customers at the level, and those who were and have not cleared it. The case is about the day on which
/// they reached it.
pub(super) fn find(rule: &Rule, (level, clear): (u8, u8), panel: &Panel<'_>, history: &History) -> Vec<Case> {
    let facts = panel.facts;
    let today = facts.lens.today();
    let customers: Vec<u32> = facts.customers.all().collect();
    let risks = panel.risks(&customers, customers.len()).highest;
    let mut cases = Vec::new();
    for risk in risks {
        let id = facts.customers.id(risk.customer);
        let lasts = history.lasting.contains_key(&(rule.name.clone(), id.clone().into_owned()));
        let is_at_risk = risk.score >= level || lasts && risk.score >= clear;
        if !is_at_risk || !rule.is_for(panel, risk.customer) {
            continue;
        }
        let anchor = history.lasts_since(&rule.name, &id, today);
        cases.push(Case {
            rule: rule.name.clone(),
            subject: Case::subject(&id, anchor),
            about: About::Customer(risk.customer),
            rep: facts.customers.owner(risk.customer).map(str::to_owned),
            for_lead: false,
            anchor,
            steps: Steps::once(rule.repeat),
            why: why(&risk),
            what: None,
            urgency: Urgency::Today,
            escalate_after: rule.escalate_after,
            slot: None,
        });
    }
    cases
}

fn why(risk: &Risk) -> Say {
    let reasons: Vec<Value> = risk.shares.iter().take(REASONS).map(|share| reason(*share).into()).collect();
    Say::new("due.risk").with("score", i128::from(risk.score)).with("reasons", Value::List(reasons))
}

/// What was seen, in words: "last purchase 45 days ago, usually every 12".
pub fn reason(share: Share) -> Say {
    let number = i128::from(share.seen.number.unwrap_or(0));
    let usual = i128::from(share.seen.usual.unwrap_or(0));
    match (share.seen.factor, share.seen.number) {
        (Factor::Rhythm, _) => Say::new("risk.rhythm").with("n", number).with("usual", usual),
        (Factor::Gone, _) => Say::new("risk.gone").with("n", number),
        (Factor::Complaints, _) => Say::new("risk.complaints").with("n", number),
        (Factor::Contact, None) => Say::new("risk.no_contact"),
        (Factor::Contact, Some(_)) => Say::new("risk.contact").with("n", number).with("usual", usual),
        (Factor::FollowUps, _) => Say::new("risk.follow_ups").with("n", number),
        (Factor::Contraction, _) => Say::new("risk.contraction").with("n", number),
        (Factor::Renewal, _) => Say::new("risk.renewal").with("n", number),
        (Factor::Signals, _) => Say::new("risk.signals").with("n", number),
        (Factor::Survey, _) => Say::new("risk.survey").with("n", number),
    }
}

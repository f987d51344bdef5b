//! Who is told of a case: the rep, whoever stands in for them, or their lead.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::case::{About, Case};
use super::history::{CaseKey, History, Response};
use crate::document::{Say, Value};
use crate::domain::{Act, Day, Recipient};

/// A rep as somebody who is told.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who they are.
    pub recipient: Arc<Recipient>,
    /// Whether they still work here.
    pub active: bool,
    /// To whom they report: a rep's id.
    pub lead: Option<String>,
}

/// Everybody who can be told.
#[derive(Debug, Clone, Default)]
pub struct Staff {
    /// By rep's id.
    pub reps: BTreeMap<String, Member>,
    /// People of the configuration, by their key.
    pub people: BTreeMap<String, Arc<Recipient>>,
    /// Who gets what belongs to nobody who is there.
    pub rest: Vec<Arc<Recipient>>,
}

/// A case that somebody is to be told as it falls due on a day.
#[derive(Debug, Clone)]
pub struct Duty {
    /// Who.
    pub recipient: Arc<Recipient>,
    /// The day on which it fell due.
    pub due: Day,
    /// Why they are told and not the rep whose it is.
    pub instead: Option<Say>,
    /// Whether it is told because the rep did nothing.
    pub escalated: bool,
}

/// Leads above leads: more are a circle.
const CHAIN_MAX: usize = 16;

impl Staff {
    /// Who is told of a case today: nobody, the rep or who stands in, and their lead where nothing was done.
    pub fn duties(&self, case: &Case, history: &History, today: Day) -> Vec<Duty> {
        let key: CaseKey = (case.rule.clone(), case.subject.clone());
        let Some(natural) = case.steps.last(case.anchor, today) else { return Vec::new() };
        let acted = history.acts.get(&key);
        let due = match acted.map(|acted| &acted.act) {
            Some(Act::Done) => return Vec::new(),
            Some(Act::Snooze(until)) if *until > today => return Vec::new(),
            Some(Act::Snooze(until)) => natural.max(*until),
            // Whoever has it now hears of it from then on.
            Some(Act::HandOver(_) | Act::NotMine) => natural.max(acted.map_or(natural, |acted| acted.on)),
            None => natural,
        };
        let duty = |(recipient, instead)| Duty { recipient, due, instead, escalated: false };
        let mut duties: Vec<Duty> = self.whose(case, acted, today).into_iter().map(duty).collect();
        duties.extend(self.escalation(case, today));
        duties
    }

    /// Whether a case is somebody's today, due or not: nothing ends it, and it is they who would be told, or whoever
    /// stands in for them.
    pub fn holds(&self, case: &Case, history: &History, today: Day, somebody: &Recipient) -> bool {
        let acted = history.acts.get(&(case.rule.clone(), case.subject.clone()));
        if acted.is_some_and(|acted| acted.act == Act::Done) {
            return false;
        }
        let deputy = somebody.absence(today.date()).and_then(|away| away.deputy.as_ref());
        let those = self.whose(case, acted, today);
        those.iter().any(|(told, _)| told.id == somebody.id || Some(&told.id) == deputy)
    }

    fn whose(&self, case: &Case, acted: Option<&Response>, today: Day) -> Vec<(Arc<Recipient>, Option<Say>)> {
        let rep = case.rep.as_deref();
        match acted.map(|acted| (&acted.act, acted.by.as_str())) {
            Some((Act::HandOver(to), by)) => match self.by_id(to) {
                Some(recipient) => {
                    let says = Say::new("instead.handed").with("name", self.name_of(by));
                    self.or_deputy(recipient.clone(), today)
                        .into_iter()
                        .map(|(recipient, _)| (recipient, Some(says.clone())))
                        .collect()
                }
                None => self.of_rep(rep, today),
            },
            Some((Act::NotMine, by)) => {
                let says = Say::new("instead.not_mine").with("name", self.name_of(by));
                let leads = self.lead_of(rep, today);
                let leads = if leads.iter().all(|lead| lead.id == by) { self.rest.clone() } else { leads };
                leads.into_iter().map(|lead| (lead, Some(says.clone()))).collect()
            }
            _ if case.for_lead => {
                let name = rep.and_then(|rep| self.reps.get(rep)).map(|member| member.recipient.name.clone());
                let name = name.filter(|_| matches!(case.about, About::Customer(_)));
                let says = name.map(|name| Say::new("instead.lead").with("name", Value::from(name)));
                self.lead_of(rep, today).into_iter().map(|lead| (lead, says.clone())).collect()
            }
            _ => self.of_rep(rep, today),
        }
    }

    /// The rep; their deputy while they are away; their lead when they have left.
    fn of_rep(&self, rep: Option<&str>, today: Day) -> Vec<(Arc<Recipient>, Option<Say>)> {
        let Some(member) = rep.and_then(|rep| self.reps.get(rep)) else {
            return self.rest.iter().map(|recipient| (recipient.clone(), None)).collect();
        };
        if !member.active {
            let says = Say::new("instead.left").with("name", member.recipient.name.as_str());
            return self.lead_of(rep, today).into_iter().map(|lead| (lead, Some(says.clone()))).collect();
        }
        self.or_deputy(member.recipient.clone(), today)
    }

    /// Somebody, or whoever stands in for them today. Who is away without a deputy is told when they are back.
    fn or_deputy(&self, somebody: Arc<Recipient>, today: Day) -> Vec<(Arc<Recipient>, Option<Say>)> {
        let absence = somebody.absence(today.date());
        let deputy = absence.and_then(|away| away.deputy.as_ref()).and_then(|id| self.by_id(id));
        match (absence, deputy) {
            (Some(away), Some(deputy)) if deputy.absence(today.date()).is_none() => {
                let says = Say::new("instead.away").with("name", somebody.name.as_str()).with("day", away.to);
                vec![(deputy.clone(), Some(says))]
            }
            _ => vec![(somebody, None)],
        }
    }

    /// Whoever a rep reports to and is there, directly or through others; else who gets what belongs to nobody.
    fn lead_of(&self, rep: Option<&str>, today: Day) -> Vec<Arc<Recipient>> {
        let mut at = rep.and_then(|rep| self.reps.get(rep)).and_then(|member| member.lead.as_deref());
        for _ in 0..CHAIN_MAX {
            let Some(member) = at.and_then(|lead| self.reps.get(lead)) else { break };
            if member.active {
                let told = self.or_deputy(member.recipient.clone(), today);
                return told.into_iter().map(|(recipient, _)| recipient).collect();
            }
            at = member.lead.as_deref();
        }
        self.rest.clone()
    }

    /// The rep's lead, once so many of the rep's working days have passed without an end.
    fn escalation(&self, case: &Case, today: Day) -> Vec<Duty> {
        let (Some(days), Some(rep)) = (case.escalate_after, case.rep.as_deref()) else { return Vec::new() };
        let Some(member) = self.reps.get(rep).filter(|member| member.active) else { return Vec::new() };
        let due = Day::of(member.recipient.calendar.after_working_days(case.anchor.date(), days));
        if due > today || case.for_lead {
            return Vec::new();
        }
        let says = Say::new("instead.escalated")
            .with("name", member.recipient.name.as_str())
            .with("n", i128::from(days));
        let leads = self.lead_of(Some(rep), today).into_iter().filter(|lead| lead.id != member.recipient.id);
        let duty = |recipient| Duty { recipient, due, instead: Some(says.clone()), escalated: true };
        leads.map(duty).collect()
    }

    fn by_id(&self, id: &str) -> Option<&Arc<Recipient>> {
        self.people.get(id).or_else(|| {
            self.reps.values().map(|member| &member.recipient).find(|recipient| recipient.id == id)
        })
    }

    fn name_of(&self, id: &str) -> Value {
        self.by_id(id).map_or(id, |recipient| recipient.name.as_str()).into()
    }
}

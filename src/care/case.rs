//! A case: something that a rule found about a customer or a rep, with the days on which it falls due.
//!
//! A case is known by its rule and its subject; the subject names the row it is about and the day it is
//! about, so that a follow-up that is put off, or next year's birthday, is another case. Of each day on
//! which a case falls due every recipient is told once.

use crate::document::Say;
use crate::domain::{Day, When, Yearly};

/// Whom a case is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A customer, by their index in the facts.
    Customer(u32),
    /// A rep, by their id.
    Rep(String),
}

impl About {
    /// The customer, where it is one.
    pub fn customer(&self) -> Option<u32> {
        match self {
            About::Customer(customer) => Some(*customer),
            About::Rep(_) => None,
        }
    }
}

/// How pressing a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// What was promised is late.
    Broken,
    /// It is due today, or has just been noticed.
    Today,
    /// It has waited longer than it should.
    Waiting,
    /// It comes in some days.
    Ahead,
}

/// The days on which a case falls due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steps {
    /// Days after (before, when negative) the day the case is about, ascending.
    pub offsets: Vec<i32>,
    /// Every so many days after the last of them, while it lasts.
    pub repeat: Option<i32>,
}

impl Steps {
    /// Some days before, and on the day.
    pub fn ahead(leads: &[i32], repeat: Option<i32>) -> Steps {
        let mut offsets: Vec<i32> = leads.iter().map(|lead| -lead).chain([0]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        Steps { offsets, repeat }
    }

    /// On the day.
    pub fn once(repeat: Option<i32>) -> Steps {
        Steps { offsets: vec![0], repeat }
    }

    /// The last of the days, of a case about `anchor`, that has come by `today`.
    pub fn last(&self, anchor: Day, today: Day) -> Option<Day> {
        let passed = today.since(anchor);
        let offset = *self.offsets.iter().rev().find(|offset| **offset <= passed)?;
        let is_last = self.offsets.last() == Some(&offset);
        let more = self.repeat.filter(|every| is_last && *every > 0);
        Some(anchor.plus(more.map_or(offset, |every| offset + (passed - offset) / every * every)))
    }

    /// The first of the days after `today`.
    pub fn next(&self, anchor: Day, today: Day) -> Option<Day> {
        let passed = today.since(anchor);
        if let Some(offset) = self.offsets.iter().find(|offset| **offset > passed) {
            return Some(anchor.plus(*offset));
        }
        let (last, every) = (*self.offsets.last()?, self.repeat.filter(|every| *every > 0)?);
        Some(anchor.plus(last + ((passed - last) / every + 1) * every))
    }

    /// The most days before the day it is about.
    pub fn longest_lead(&self) -> i32 {
        self.offsets.first().map_or(0, |first| -first).max(0)
    }
}

/// The place of a case in a calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The row or customer it is about, without the day: by it a case is known again when its day moves.
    pub matter: String,
    /// When it is.
    pub at: When,
    /// What it is; how the customer is called is added.
    pub title: Say,
    /// What else helps.
    pub facts: Vec<Say>,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The name of the rule.
    pub rule: String,
    /// What it is about: an id of the store, and the day.
    pub subject: String,
    /// Whom it is about.
    pub about: About,
    /// The rep whose it is.
    pub rep: Option<String>,
    /// Whether it is for the rep's lead from the start.
    pub for_lead: bool,
    /// The day it is about.
    pub anchor: Day,
    /// When it falls due.
    pub steps: Steps,
    /// Why it is told.
    pub why: Say,
    /// What was promised or noted, in the shop's words.
    pub what: Option<String>,
    /// How pressing it is today.
    pub urgency: Urgency,
    /// After how many working days their lead hears of it.
    pub escalate_after: Option<i32>,
    /// Where it stands in a calendar, if it has a date of its own.
    pub slot: Option<Slot>,
}

impl Case {
    /// The subject of a row and a day.
    pub fn subject(id: &str, anchor: Day) -> String {
        format!("{id}@{}", anchor.date())
    }

    /// Days since the day it is about; below zero, days until it.
    pub fn days_late(&self, today: Day) -> i32 {
        today.since(self.anchor)
    }
}

/// The days around today on which yearly dates matter: what is still told, and what is told ahead.
pub(super) fn around(
    date: Yearly,
    today: Day,
    late: i32,
    lead: i32,
    yearly: bool,
    custom: crate::domain::yearly::Custom,
) -> Vec<(Day, Option<i32>)> {
    date.within(today.plus(-late), today.plus(lead), yearly, custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANCHOR: Day = Day(20_000);

    #[test]
    fn renewals_are_told_at_each_lead_and_on_the_day() {
        let steps = Steps::ahead(&[7, 90, 30, 60], None);
        let last = |days: i32| steps.last(ANCHOR, ANCHOR.plus(days)).map(|day| day.since(ANCHOR));
        assert_eq!(
            [-91, -90, -61, -60, -8, -7, -1, 0, 5].map(last),
            [None, Some(-90), Some(-90), Some(-60), Some(-30), Some(-7), Some(-7), Some(0), Some(0)]
        );
        assert_eq!(steps.next(ANCHOR, ANCHOR.plus(-20)), Some(ANCHOR.plus(-7)));
        assert_eq!(steps.next(ANCHOR, ANCHOR), None);
        assert_eq!(steps.longest_lead(), 90);
    }

    #[test]
    fn what_lasts_is_told_again_in_its_rhythm() {
        let steps = Steps::once(Some(7));
        let last = |days: i32| steps.last(ANCHOR, ANCHOR.plus(days)).map(|day| day.since(ANCHOR));
        assert_eq!([-1, 0, 6, 7, 13, 14].map(last), [None, Some(0), Some(0), Some(7), Some(7), Some(14)]);
    }

    proptest! {
        // Each day has one last step and one next one, and they enclose it.
        #[test]
        fn steps_enclose_the_day(
            leads in prop::collection::vec(-90i32..90, 1..5), repeat in prop::option::of(1i32..30), days in -200i32..200,
        ) {
            let mut offsets = leads;
            offsets.sort_unstable();
            offsets.dedup();
            let steps = Steps { offsets, repeat };
            let today = ANCHOR.plus(days);
            let (last, next) = (steps.last(ANCHOR, today), steps.next(ANCHOR, today));
            prop_assert!(last.is_none_or(|last| last <= today));
            prop_assert!(next.is_none_or(|next| next > today));
            if let Some(next) = next {
                prop_assert_eq!(steps.last(ANCHOR, next), Some(next));
                prop_assert_eq!(steps.last(ANCHOR, next.plus(-1)), last);
            }
        }
    }
}

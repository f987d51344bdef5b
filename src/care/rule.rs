//! Rules: what is looked for, how far ahead, how long it is still told.

use super::case::Case;
use super::history::History;
use super::{complaint, contact_gap, dates, follow_up, handover, renewal, risk, signal, win_back};
use crate::domain::facts::{Lens, Needs};
use crate::domain::matter::Occasion;
use crate::domain::words::Words;
use crate::domain::yearly::Custom;
use crate::domain::{Asked, Day, Look};
use crate::metrics::care::Intervals;
use crate::metrics::{Basis, Panel, Settings};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name in the configuration.
    pub name: String,
    /// What it looks for.
    pub kind: Kind,
    /// Days after it fell due within which it is still told.
    pub max_late: i32,
    /// Every how many days it is told again while it lasts.
    pub repeat: Option<i32>,
    /// Working days after which the rep's lead hears of what is neither done nor followed by a contact.
    pub escalate_after: Option<i32>,
    /// Only customers of these tiers; all, where none is named.
    pub tiers: Vec<String>,
    /// Only customers of these segments; all, where none is named.
    pub segments: Vec<String>,
    /// Names of the webhook channels that hear of customers who go back to the pool.
    pub events: Vec<String>,
}

/// What rules look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Promised contacts.
    FollowUp {
        /// Days before they are due.
        leads: Vec<i32>,
    },
    /// Customers nobody has been in touch with.
    ContactGap {
        /// Days within which they should be contacted.
        ideal: Intervals,
        /// Days within which they must be.
        at_most: Option<Intervals>,
        /// Days after which the customer goes back to the pool.
        release_after: Option<i32>,
    },
    /// Birthdays, anniversaries and other days.
    Dates {
        /// Which of them.
        occasion: Which,
        /// Days before.
        leads: Vec<i32>,
        /// By which calendar.
        custom: Custom,
    },
    /// Contracts that renew.
    Renewal {
        /// Days before.
        leads: Vec<i32>,
        /// From this recurring revenue on, in minor units, the rep's lead is told, too.
        lead_above: Option<i64>,
    },
    /// Customers who left.
    WinBack {
        /// Days after.
        after: Vec<i32>,
    },
    /// Reps who left, and still have customers.
    Handover,
    /// Complaints that are not settled in time.
    Complaint {
        /// Hours within which the first reply is owed.
        reply_hours: i64,
        /// Hours within which it is to be settled.
        resolve_hours: i64,
    },
    /// Customers whose risk score rises.
    Risk {
        /// From which score on.
        level: u8,
        /// Below which it is over.
        clear: u8,
    },
    /// What was noticed, or noted down with one of the words.
    Signal {
        /// The kinds of signals; all, where none is named.
        kinds: Vec<String>,
        /// The words.
        keywords: Vec<String>,
    },
}

/// How far back a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As far as it goes: to say why something is not told.
    All,
    /// No further than anybody may still be told: hardly any of a million customers who are waiting.
    Told,
}

/// Which days of customers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Their birthdays.
    Birthday,
    /// The days since when they are customers.
    Anniversary,
    /// All others.
    Other,
}

impl Which {
    /// Whether a day is one of them.
    pub fn is(self, occasion: &Occasion) -> bool {
        matches!(
            (self, occasion),
            (Which::Birthday, Occasion::Birthday)
                | (Which::Anniversary, Occasion::Anniversary)
                | (Which::Other, Occasion::Other(_))
        )
    }
}

/// Names of kinds in the configuration, with whether a lasting case is told again by default, and how often.
pub const KINDS: [(&str, Option<i32>); 11] = [
    ("follow_up", Some(1)),
    ("contact_gap", None),
    ("birthday", None),
    ("anniversary", None),
    ("important_date", None),
    ("renewal", None),
    ("win_back", None),
    ("handover", Some(7)),
    ("complaint", Some(1)),
    ("risk", None),
    ("signal", None),
];

/// Days after which a reminder is no longer told, where a rule does not say.
pub const MAX_LATE: i32 = 7;

impl Rule {
    /// The rule for follow-ups of a shop that names no rules.
    pub fn follow_ups(lead_days: i32) -> Rule {
        let leads = (1..=lead_days).collect();
        Rule::of("follow_up", Kind::FollowUp { leads }, Some(1))
    }

    /// A rule with what is usual.
    pub fn of(name: &str, kind: Kind, repeat: Option<i32>) -> Rule {
        Rule {
            name: name.to_owned(),
            kind,
            max_late: MAX_LATE,
            repeat,
            escalate_after: None,
            tiers: Vec::new(),
            segments: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The name of its kind.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::FollowUp { .. } => "follow_up",
            Kind::ContactGap { .. } => "contact_gap",
            Kind::Dates { occasion: Which::Birthday, .. } => "birthday",
            Kind::Dates { occasion: Which::Anniversary, .. } => "anniversary",
            Kind::Dates { occasion: Which::Other, .. } => "important_date",
            Kind::Renewal { .. } => "renewal",
            Kind::WinBack { .. } => "win_back",
            Kind::Handover => "handover",
            Kind::Complaint { .. } => "complaint",
            Kind::Risk { .. } => "risk",
            Kind::Signal { .. } => "signal",
        }
    }

    /// What changes when the rule does: a changed one starts anew.
    pub fn fingerprint(&self) -> String {
        format!("{:?}", (&self.kind, self.repeat, &self.tiers, &self.segments))
    }

    /// Adds what it reads.
    pub fn needs(&self, lens: &Lens, settings: &Settings, needs: &mut Needs) {
        let today = lens.today();
        let mut look = needs.look.take().unwrap_or_default();
        needs.reps = true;
        needs.subscriptions = true;
        if let Basis::Inactivity(days) = settings.basis {
            // What customers have brought so far is what is at stake.
            needs.transactions = Some(Asked::nothing(today).activity(days));
        }
        if !self.tiers.is_empty() {
            want(needs, "tier");
        }
        if !self.segments.is_empty() {
            want(needs, "segment");
        }
        let since = today.plus(-self.max_late);
        match &self.kind {
            Kind::FollowUp { leads } => {
                let by = today.plus(leads.iter().copied().max().unwrap_or(0));
                look.follow_ups = look.follow_ups.max(Some(by));
            }
            Kind::Complaint { .. } => look.complaints = true,
            Kind::Signal { keywords, .. } => {
                look.signals = Some(earlier(look.signals, since));
                if !keywords.is_empty() {
                    let (from, words) = look.notes.get_or_insert_with(|| (since, Words::default()));
                    *from = since.min(*from);
                    words.add(keywords);
                }
            }
            Kind::Dates { occasion, leads, custom } => {
                let lead = leads.iter().copied().max().unwrap_or(0);
                let window = if custom.lunar {
                    (Day(i32::MIN / 2), Day(i32::MAX / 2))
                } else {
                    (since, today.plus(lead))
                };
                let place = match occasion {
                    Which::Birthday => &mut look.birthdays,
                    Which::Anniversary => &mut look.anniversaries,
                    Which::Other => &mut look.important_dates,
                };
                *place = Some(place.map_or(window, |(from, to)| (from.min(window.0), to.max(window.1))));
            }
            Kind::Renewal { leads, .. } => {
                let window = (since, today.plus(leads.iter().copied().max().unwrap_or(0)));
                let known = look.renewals;
                look.renewals =
                    Some(known.map_or(window, |(from, to)| (from.min(window.0), to.max(window.1))));
            }
            Kind::Handover => look.handed = true,
            Kind::ContactGap { .. } | Kind::WinBack { .. } | Kind::Risk { .. } => {
                look.everybody = true;
                self.needs_of_everybody(today, needs);
            }
        }
        needs.look = Some(look);
    }

    fn needs_of_everybody(&self, today: Day, needs: &mut Needs) {
        match &self.kind {
            Kind::ContactGap { .. } => {
                needs.interactions = true;
                want(needs, "tier");
            }
            Kind::Risk { .. } => {
                want(needs, "tier");
                needs.interactions = true;
                needs.complaints = true;
                needs.surveys = true;
                needs.signals = true;
                needs.follow_ups = true;
                needs.open = true;
                // Those that are open, whenever they fell due; of the others none.
                needs.due =
                    vec![crate::domain::Period::containing(crate::domain::PeriodKind::Rolling(1), today)];
                let known = needs.transactions.take();
                needs.transactions = Some(known.unwrap_or_else(|| Asked::nothing(today)));
            }
            _ => {}
        }
    }

    /// What it finds as of the facts' day.
    pub fn find(&self, panel: &Panel<'_>, history: &History, reach: Reach) -> Vec<Case> {
        match &self.kind {
            Kind::FollowUp { leads } => follow_up::find(self, leads, panel),
            Kind::ContactGap { .. } => contact_gap::find(self, panel, history, reach),
            Kind::Dates { .. } => dates::find(self, panel),
            Kind::Renewal { leads, lead_above } => renewal::find(self, leads, *lead_above, panel),
            Kind::WinBack { after } => win_back::find(self, after, panel),
            Kind::Handover => handover::find(self, panel, history),
            Kind::Complaint { .. } => complaint::find(self, panel),
            Kind::Risk { level, clear } => risk::find(self, (*level, *clear), panel, history),
            Kind::Signal { kinds, keywords } => signal::find(self, kinds, keywords, panel),
        }
    }

    /// Whether it is meant for a customer.
    pub(super) fn is_for(&self, panel: &Panel<'_>, customer: u32) -> bool {
        if self.tiers.is_empty() && self.segments.is_empty() {
            return true;
        }
        let profile = panel.facts.customers.profile(customer);
        let among = |names: &[String], value: &Option<String>| {
            names.is_empty() || value.as_ref().is_some_and(|value| names.contains(value))
        };
        among(&self.tiers, &profile.tier) && among(&self.segments, &profile.segment)
    }
}

fn want(needs: &mut Needs, column: &'static str) {
    if !needs.customers.contains(&column) {
        needs.customers.push(column);
    }
}

fn earlier(known: Option<Day>, since: Day) -> Day {
    known.map_or(since, |known| known.min(since))
}

/// What a set of rules looks for.
pub fn needs<'r>(rules: impl Iterator<Item = &'r Rule>, lens: &Lens, settings: &Settings) -> Needs {
    let mut needs =
        Needs { reps: true, subscriptions: true, look: Some(Look::default()), ..Needs::default() };
    for rule in rules {
        rule.needs(lens, settings, &mut needs);
    }
    needs
}

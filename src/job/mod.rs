//! The recipes: what each kind of job reads, computes and says. Each reads as needs → compute → compose.

pub mod acted;
pub mod earlier;
mod event;
pub mod greetings;
pub mod released;
pub mod reminders;
pub mod report;
pub mod sample;
pub mod seal;
pub mod told;
pub mod unsubscribed;
pub mod watch;

use jiff::SignedDuration;

use self::earlier::Earlier;
use crate::care::{Rule, rule};
use crate::domain::Recipient;
use crate::domain::facts::{Lens, Needs};
use crate::metrics::{PeriodChoice, Settings, Split};

/// What a job does, apart from when and over which channel.
#[derive(Debug, Clone)]
pub enum Recipe {
    /// Mails figures.
    Report(ReportSpec),
    /// Tells reps what is due.
    Reminders(RemindersSpec),
    /// Writes to customers.
    Greetings(greetings::GreetingsSpec),
    /// Tells who wants to know that a figure left its bounds.
    Watch(Box<watch::WatchSpec>),
}

/// A report.
#[derive(Debug, Clone)]
pub struct ReportSpec {
    /// Which figures.
    pub kind: ReportKind,
    /// About which period.
    pub period: PeriodChoice,
    /// How they are counted.
    pub settings: Settings,
    /// What the customers are split by, in this order.
    pub splits: Vec<Split>,
    /// What is attached to mails.
    pub attach: Vec<Attachment>,
    /// What makes the store fresh enough.
    pub fresh: Option<Fresh>,
}

/// When a store is fresh enough for a report, and what happens when it is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fresh {
    /// The relation whose last row is looked at.
    pub relation: &'static str,
    /// How old its last row may be.
    pub within: Option<SignedDuration>,
    /// The least share of its usual rows, in thousandths.
    pub rows: Option<u64>,
    /// How long the report waits for it.
    pub wait: SignedDuration,
    /// Whether it then goes out all the same, and says so.
    pub banner: bool,
}

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Who left, why, and what it cost.
    Churn,
    /// What customers are worth.
    Value,
    /// How recently, how often and for how much they buy.
    Rfm,
    /// How many of those who joined in a month are still there.
    Cohort,
    /// How long they stay.
    Survival,
    /// How well they are looked after.
    Care,
    /// Where they come from.
    Funnel,
    /// All of it on one page.
    Executive,
}

impl ReportKind {
    /// All of them with their names.
    pub const ALL: [(&'static str, ReportKind); 8] = [
        ("churn", ReportKind::Churn),
        ("value", ReportKind::Value),
        ("rfm", ReportKind::Rfm),
        ("cohort", ReportKind::Cohort),
        ("survival", ReportKind::Survival),
        ("care", ReportKind::Care),
        ("funnel", ReportKind::Funnel),
        ("executive", ReportKind::Executive),
    ];

    /// Whether it is about what is in a currency, contracts and purchases.
    pub fn has_currency(self) -> bool {
        !matches!(self, ReportKind::Care | ReportKind::Funnel)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        ReportKind::ALL.iter().find(|(_, kind)| *kind == self).map_or("churn", |(name, _)| name)
    }
}

/// What can be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// One workbook, a sheet a table.
    Xlsx,
    /// One file a table.
    Csv,
    /// What the mail says, on paper; only in builds that have it.
    Pdf,
}

/// Reminders to reps.
#[derive(Debug, Clone)]
pub struct RemindersSpec {
    /// What is looked for.
    pub rules: Vec<Rule>,
    /// Most items in one digest; the rest are counted and attached.
    pub items_max: usize,
    /// Whether mails carry what has a date, for calendars.
    pub ics: bool,
    /// How revenue at stake is read.
    pub settings: Settings,
}

impl Recipe {
    /// Which relations it reads, as of what `lens` says.
    pub fn needs(&self, lens: &Lens) -> Needs {
        match self {
            Recipe::Report(spec) => report::needs(spec, lens),
            Recipe::Reminders(spec) => rule::needs(spec.rules.iter(), lens, &spec.settings),
            Recipe::Greetings(spec) => rule::needs(spec.rules.iter(), lens, &spec.settings),
            Recipe::Watch(spec) => watch::needs(spec, lens),
        }
    }

    /// Which earlier moments it looks at, too, where `lens` is that of its run.
    pub fn earlier(&self, lens: &Lens) -> Vec<Earlier<'_>> {
        match self {
            Recipe::Report(spec) => report::earlier(spec, lens),
            Recipe::Watch(spec) => spec.earlier(lens),
            Recipe::Reminders(_) | Recipe::Greetings(_) => Vec::new(),
        }
    }

    /// The rules it looks at.
    pub fn rules(&self) -> &[Rule] {
        match self {
            Recipe::Reminders(spec) => &spec.rules,
            Recipe::Greetings(spec) => &spec.rules,
            Recipe::Report(_) | Recipe::Watch(_) => &[],
        }
    }
}

/// A digest and whose it is.
#[derive(Debug, Clone)]
pub struct Addressed {
    /// Who is told.
    pub recipient: Recipient,
    /// What.
    pub document: crate::document::Document,
    /// What is new in their calendar, or has changed there.
    pub appointed: Vec<crate::care::appointments::Appointed>,
}

//! What a watch remembers of the groups it looks at from one evaluation to the next, and who has silenced it.

use jiff::Timestamp;

use super::Day;

/// What one evaluation looked at: a span of days that is over, or the one day on which a figure was taken
/// that may still change. The same span is never counted twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed {
    /// First day.
    pub from: Day,
    /// The day after the last.
    pub to: Day,
}

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Within its bounds.
    #[default]
    Ok,
    /// Beyond them, and not yet often enough in a row.
    Pending,
    /// Beyond them until it is back beyond the level that clears it.
    Breached,
}

impl Phase {
    /// All of them with their names in the ledger and in JSON.
    pub const ALL: [(&'static str, Phase); 3] =
        [("ok", Phase::Ok), ("pending", Phase::Pending), ("breached", Phase::Breached)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Phase::ALL[self as usize].0
    }

    /// The phase of a name.
    pub fn parse(name: &str) -> Option<Phase> {
        Phase::ALL.iter().find(|(known, _)| *known == name).map(|(_, phase)| *phase)
    }
}

/// What readers hear of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// It left its bounds.
    Breach,
    /// It is still beyond them.
    Repeat,
    /// It is back.
    Recovery,
    /// It is no longer in the store.
    Gone,
}

impl Telling {
    /// All of them with their names in the ledger and in JSON.
    pub const ALL: [(&'static str, Telling); 4] = [
        ("breach", Telling::Breach),
        ("repeat", Telling::Repeat),
        ("recovery", Telling::Recovery),
        ("gone", Telling::Gone),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Telling::ALL[self as usize].0
    }
}

/// What is known of a group after an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Where it stands.
    pub phase: Phase,
    /// Observations in a row, up to the last, that were beyond the level.
    pub streak: u32,
    /// What the streak was before the last observation: it may be taken again, with rows that came late.
    pub earlier: u32,
    /// The last observation.
    pub seen: Option<Observed>,
    /// The first observation of the breach, or of the streak that may become one.
    pub since: Option<Observed>,
    /// When readers last heard that it is breached; `None` where they believe that all is well.
    pub told: Option<Timestamp>,
}

/// A group of a watch with its standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Its label; empty for the whole, and for those without a label.
    pub group: String,
    /// What is known of it.
    pub standing: Standing,
    /// Its last value and what was said of it, for operators.
    pub said: String,
}

/// A time in which nothing is told of a watch, or of one of its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its number.
    pub id: i64,
    /// The watch.
    pub watch: String,
    /// The group; `None` for all.
    pub group: Option<String>,
    /// Whose it is: an id of the configuration's people.
    pub author: String,
    /// Why.
    pub reason: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was ended before its time.
    pub ended: Option<Timestamp>,
}

impl Silence {
    /// Whether nothing is told of a group at an instant.
    pub fn covers(&self, group: &str, at: Timestamp) -> bool {
        let until = self.ended.map_or(self.until, |ended| ended.min(self.until));
        self.from <= at && at < until && self.group.as_ref().is_none_or(|own| own == group)
    }
}

/// What a watch knows before an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// Of which condition: a standing of another one says nothing.
    pub fingerprint: String,
    /// The last evaluation.
    pub at: Option<Timestamp>,
    /// The groups.
    pub groups: Vec<Watched>,
    /// The silences that may hold.
    pub silences: Vec<Silence>,
}

/// Something of an evaluation that is kept: a group's phase changed, or something was told or withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The group.
    pub group: String,
    /// Where it stands now.
    pub phase: Phase,
    /// What was told, or would have been.
    pub telling: Option<Telling>,
    /// The silence that kept it from being told.
    pub silence: Option<i64>,
    /// Its value and what is said of it.
    pub said: String,
}

/// What an evaluation leaves behind: stored with its messages, in one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// Of which condition.
    pub fingerprint: String,
    /// The evaluation that it follows; another one in between makes it void.
    pub after: Option<Timestamp>,
    /// The groups as they stand.
    pub groups: Vec<Watched>,
    /// What is to be kept.
    pub turns: Vec<Turn>,
    /// All of it in a line, for operators.
    pub said: String,
}

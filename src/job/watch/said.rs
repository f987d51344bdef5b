//! An evaluation in a few words for operators, in English as all that they read.

use super::judge::Why;
use super::{Evaluation, Finding};
use crate::care::watch::Sample;
use crate::domain::watched::{Phase, Telling};
use crate::render::Locale;

impl Why {
    /// Why nothing can be told.
    pub fn said(self) -> String {
        match self {
            Why::Nothing => "nothing to count".to_owned(),
            Why::Few { base, least } => format!("too few: {base}, at least {least}"),
            Why::NoBasis => "nothing to hold it against".to_owned(),
            Why::Short(n) => format!("{n} earlier points, at least {}", super::judge::POINTS_MIN),
            Why::Flat => "its earlier points are all the same".to_owned(),
            Why::Absent => "not in the store".to_owned(),
        }
    }
}

impl Evaluation<'_> {
    /// A finding's value and where it is: "6.7% (2 of 30), over 5%".
    pub fn says(&self, finding: &Finding, english: &Locale) -> String {
        let judged = &finding.judged;
        if let Some(why) = judged.why {
            return match finding.reading.value.exact() {
                Some(_) if !matches!(why, Why::Few { .. }) => {
                    format!("{}, {}", english.value(&self.value(finding.reading)), why.said())
                }
                _ => why.said(),
            };
        }
        let value = english.value(&self.value(finding.reading));
        let verdict = match judged.sample {
            Sample::Clear => "within its bounds".to_owned(),
            _ => english.say(&self.verdict(finding)),
        };
        let lasting = self.look.spec.patience.lasting;
        if finding.after.phase == Phase::Pending {
            return format!("{value}, {verdict} ({} of {lasting} in a row)", finding.after.streak);
        }
        format!("{value}, {verdict}")
    }

    /// What is, or would be, told of a finding, and why not: "would breach".
    pub fn fate(&self, finding: &Finding) -> &'static str {
        match (finding.telling, finding.silence, finding.after.phase) {
            (Some(_), Some(_), _) => "silenced",
            (Some(Telling::Breach), ..) => "would breach",
            (Some(Telling::Repeat), ..) => "would be told again",
            (Some(Telling::Recovery), ..) => "would be back",
            (Some(Telling::Gone), ..) => "would be gone",
            (None, _, Phase::Pending) => "pending",
            (None, _, Phase::Breached) => "breached and told",
            (None, _, Phase::Ok) if finding.judged.sample == Sample::Unknown => "not known",
            (None, _, Phase::Ok) => "quiet",
        }
    }

    /// A finding in a line: "would breach: enterprise 6.7% (2 of 30), over 5%".
    pub fn line(&self, finding: &Finding, english: &Locale) -> String {
        let group = match (self.look.spec.split, finding.group.as_str()) {
            (None, _) => String::new(),
            (Some(_), "") => "(none) ".to_owned(),
            (Some(split), group) => {
                let label = crate::job::report::label_word(split, Some(group.to_owned()));
                format!("{} ", english.value(&label))
            }
        };
        format!("{}: {group}{}", self.fate(finding), self.says(finding, english))
    }

    /// All findings in lines, what is told first.
    pub fn lines(&self, english: &Locale) -> Vec<String> {
        if self.is_late {
            return vec!["a later evaluation was made before; this one changes nothing".to_owned()];
        }
        self.findings.iter().map(|finding| self.line(finding, english)).collect()
    }
}

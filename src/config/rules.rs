//! Rules of reminders, from what is written to what is looked for.

use std::collections::BTreeMap;

use super::Builder;
use super::file::{self, At};
use super::problem::{Problem, one_of};
use crate::care::Rule;
use crate::care::rule::{KINDS, Kind, MAX_LATE, Which};
use crate::domain::yearly::Custom;
use crate::metrics::Settings;
use crate::metrics::care::Intervals;

/// Days that a rule may look ahead or back.
const DAYS: std::ops::RangeInclusive<i64> = 0..=3660;

impl Builder {
    pub(super) fn rules(&mut self, file: &file::File, settings: &Settings) -> BTreeMap<String, Rule> {
        let mut rules = BTreeMap::new();
        for (name, at) in &file.rules {
            if let Some(rule) = self.rule(name, at.get(), settings, file) {
                rules.insert(name.clone(), rule);
            }
        }
        rules
    }

    fn rule(
        &mut self,
        name: &str,
        rule: &file::Rule,
        settings: &Settings,
        whole: &file::File,
    ) -> Option<Rule> {
        let names: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        let Some((kind, usual)) = KINDS.iter().find(|(kind, _)| kind == rule.kind.get()) else {
            let title = format!("unknown kind of rule `{}`", rule.kind.get());
            self.error(title, &rule.kind, one_of(rule.kind.get(), &names));
            return None;
        };
        self.refuse_strangers_of(rule, kind);
        let max_late = self.number("`max_late_days`", rule.max_late_days.as_ref(), 0..=366, MAX_LATE.into());
        let repeat = match &rule.repeat_days {
            None => *usual,
            Some(days) => {
                let days = self.number("`repeat_days`", Some(days), 0..=366, 0) as i32;
                (days > 0).then_some(days)
            }
        };
        let escalate_after = rule
            .escalate_after
            .as_ref()
            .map(|days| self.number("`escalate_after`", Some(days), 1..=250, 1) as i32);
        let texts = |list: &Option<Vec<file::Text>>| {
            list.iter().flatten().map(|text| text.get().clone()).collect::<Vec<_>>()
        };
        Some(Rule {
            name: name.to_owned(),
            kind: self.kind(kind, rule, settings),
            max_late: max_late as i32,
            repeat,
            escalate_after,
            tiers: texts(&rule.tiers),
            segments: texts(&rule.segments),
            events: self.events(rule.events.as_deref().unwrap_or_default(), whole),
        })
    }

    fn kind(&mut self, kind: &str, rule: &file::Rule, settings: &Settings) -> Kind {
        match kind {
            "follow_up" => Kind::FollowUp { leads: self.days("`lead_days`", rule.lead_days.as_deref(), &[]) },
            "contact_gap" => self.contact_gap(rule, settings),
            "birthday" => self.dates(Which::Birthday, rule),
            "anniversary" => self.dates(Which::Anniversary, rule),
            "important_date" => self.dates(Which::Other, rule),
            "renewal" => Kind::Renewal {
                leads: self.days("`lead_days`", rule.lead_days.as_deref(), &[90, 60, 30, 7]),
                lead_above: rule.lead_above_minor.as_ref().map(|amount| *amount.get()),
            },
            "win_back" => {
                Kind::WinBack { after: self.days("`after_days`", rule.after_days.as_deref(), &[30]) }
            }
            "handover" => Kind::Handover,
            "complaint" => Kind::Complaint {
                reply_hours: self.hours(rule.reply_within.as_ref(), 24),
                resolve_hours: self.hours(rule.resolve_within.as_ref(), 5 * 24),
            },
            "risk" => self.risk(rule),
            _ => Kind::Signal { kinds: words(rule.signals.as_ref()), keywords: self.keywords(rule) },
        }
    }

    fn contact_gap(&mut self, rule: &file::Rule, settings: &Settings) -> Kind {
        let mut ideal = settings.intervals.clone();
        let usual = i64::from(ideal.usual_days);
        ideal.usual_days = self.number("`contact_days`", rule.contact_days.as_ref(), 1..=3660, usual) as i32;
        for (tier, days) in rule.contact_days_by_tier.iter().flatten() {
            let days = self.number("`contact_days_by_tier`", Some(days), 1..=3660, usual) as i32;
            ideal.by_tier.insert(tier.clone(), days);
        }
        let at_most = (rule.at_most_days.is_some() || rule.at_most_days_by_tier.is_some()).then(|| {
            let usual_days = self.number("`at_most_days`", rule.at_most_days.as_ref(), 1..=3660, 3660) as i32;
            let by_tier = rule.at_most_days_by_tier.iter().flatten().map(|(tier, days)| {
                (tier.clone(), self.number("`at_most_days_by_tier`", Some(days), 1..=3660, 3660) as i32)
            });
            Intervals { by_tier: by_tier.collect(), usual_days }
        });
        let release = rule.release_after_days.as_ref();
        let release_after =
            release.map(|days| self.number("`release_after_days`", Some(days), 1..=3660, 3660) as i32);
        let longest = ideal.by_tier.values().copied().chain([ideal.usual_days]).max().unwrap_or(0);
        if let (Some(after), Some(at)) = (release_after, release)
            && after <= longest
        {
            let problem = Problem::error("customers would go back to the pool before a contact is owed");
            self.problems.push(problem.at(at.span(), format!("more than {longest}, the longest interval")));
        }
        Kind::ContactGap { ideal, at_most, release_after }
    }

    fn dates(&mut self, occasion: Which, rule: &file::Rule) -> Kind {
        let leads = self.days("`lead_days`", rule.lead_days.as_deref(), &[]);
        let calendars = [("civil", false), ("lunar", true)];
        let lunar = self.choice("calendar", rule.birthday_calendar.as_ref(), &calendars, false);
        let leap_days = [("28-february", false), ("1-march", true)];
        let march = self.choice("leap day", rule.leap_day.as_ref(), &leap_days, false);
        Kind::Dates { occasion, leads, custom: Custom { march, lunar } }
    }

    fn risk(&mut self, rule: &file::Rule) -> Kind {
        let level = self.number("`level`", rule.level.as_ref(), 1..=100, 50);
        let clear = self.number("`clear`", rule.clear.as_ref(), 0..=100, (level - 10).max(0));
        if let Some(at) = rule.clear.as_ref().filter(|_| clear > level) {
            let problem = Problem::error("a risk would be over before it begins");
            self.problems.push(problem.at(at.span(), format!("no more than `level`, {level}")));
        }
        Kind::Risk { level: level as u8, clear: clear.min(level) as u8 }
    }

    fn keywords(&mut self, rule: &file::Rule) -> Vec<String> {
        for text in rule.keywords.iter().flatten() {
            if text.get().trim().is_empty() {
                self.error("an empty word is in every note", text, "a word");
            }
        }
        words(rule.keywords.as_ref())
    }

    fn days(&mut self, what: &str, days: Option<&[At<i64>]>, usual: &[i32]) -> Vec<i32> {
        let Some(days) = days else { return usual.to_vec() };
        days.iter().map(|day| self.number(what, Some(day), DAYS, 0) as i32).collect()
    }

    fn hours(&mut self, text: Option<&file::Text>, usual: i64) -> i64 {
        let duration = text.and_then(|text| self.duration(text));
        duration.map_or(usual, |duration| duration.as_hours().max(1))
    }

    /// Keys of another kind would be read and do nothing; say so.
    fn refuse_strangers_of(&mut self, rule: &file::Rule, kind: &str) {
        let first = |list: Option<&Vec<file::Text>>| list.and_then(|list| list.first()).map(At::span);
        let first_day = |list: Option<&Vec<At<i64>>>| list.and_then(|list| list.first()).map(At::span);
        let of_tier =
            |map: Option<&BTreeMap<String, At<i64>>>| map.and_then(|m| m.values().next()).map(At::span);
        let span = |number: Option<&At<i64>>| number.map(At::span);
        let text = |text: Option<&file::Text>| text.map(At::span);
        let dates = &["birthday", "anniversary", "important_date"][..];
        let ahead = &["follow_up", "birthday", "anniversary", "important_date", "renewal"][..];
        let done = &["follow_up", "contact_gap", "complaint", "win_back", "risk", "signal", "renewal"][..];
        let lasting = &["follow_up", "contact_gap", "complaint", "handover", "risk"][..];
        let keys = [
            ("lead_days", first_day(rule.lead_days.as_ref()), ahead),
            ("after_days", first_day(rule.after_days.as_ref()), &["win_back"]),
            ("repeat_days", span(rule.repeat_days.as_ref()), lasting),
            ("escalate_after", span(rule.escalate_after.as_ref()), done),
            ("contact_days", span(rule.contact_days.as_ref()), &["contact_gap"]),
            ("contact_days_by_tier", of_tier(rule.contact_days_by_tier.as_ref()), &["contact_gap"]),
            ("at_most_days", span(rule.at_most_days.as_ref()), &["contact_gap"]),
            ("at_most_days_by_tier", of_tier(rule.at_most_days_by_tier.as_ref()), &["contact_gap"]),
            ("release_after_days", span(rule.release_after_days.as_ref()), &["contact_gap"]),
            ("events", first(rule.events.as_ref()), &["contact_gap"]),
            ("birthday_calendar", text(rule.birthday_calendar.as_ref()), dates),
            ("leap_day", text(rule.leap_day.as_ref()), dates),
            ("lead_above_minor", span(rule.lead_above_minor.as_ref()), &["renewal"]),
            ("reply_within", text(rule.reply_within.as_ref()), &["complaint"]),
            ("resolve_within", text(rule.resolve_within.as_ref()), &["complaint"]),
            ("level", span(rule.level.as_ref()), &["risk"]),
            ("clear", span(rule.clear.as_ref()), &["risk"]),
            ("signals", first(rule.signals.as_ref()), &["signal"]),
            ("keywords", first(rule.keywords.as_ref()), &["signal"]),
        ];
        for (key, span, kinds) in keys {
            if let Some(span) = span.filter(|_| !kinds.contains(&kind)) {
                let problem = Problem::error(format!("`{key}` does nothing here"));
                self.problems.push(problem.at(span, format!("only for rules of kind {}", kinds.join(", "))));
            }
        }
    }
}

fn words(list: Option<&Vec<file::Text>>) -> Vec<String> {
    list.into_iter().flatten().map(|text| text.get().clone()).collect()
}

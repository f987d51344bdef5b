//! People, rooms, audiences, calendars: who is told, how, in which words, on which days.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::file::{self, Text};
use super::problem::{Problem, one_of};
use super::{Builder, Way};
use crate::domain::Recipient;
use crate::domain::recipient::{Away, Calendar, Quiet};

/// A person or a room, as meant.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who they are.
    pub recipient: Recipient,
    /// Names of the channels they are reached by.
    pub via: Vec<String>,
    /// Their id among the store's reps.
    pub rep: Option<String>,
}

/// A person and one way to reach them: what one delivery goes to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Who.
    pub recipient: Recipient,
    /// The name of the channel.
    pub channel: String,
    /// The rep whose team is all that they see; `None` where they see everything.
    pub team_of: Option<String>,
}

/// A group of people, as meant.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    /// Their ids.
    pub(super) members: Vec<String>,
    /// Whether each sees only their team.
    pub(super) team: bool,
}

/// What holds for people who do not say otherwise.
pub(super) struct Defaults {
    pub(super) zone: TimeZone,
    pub(super) language: String,
    pub(super) calendar: Calendar,
    pub(super) quiet: Option<Quiet>,
    pub(super) digests_a_day: Option<usize>,
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Builder {
    pub(super) fn calendars(
        &mut self,
        file: &BTreeMap<String, file::Calendar>,
    ) -> BTreeMap<String, Calendar> {
        let mut calendars = BTreeMap::new();
        for (name, calendar) in file {
            let weekdays = match &calendar.working_days {
                None => WEEKDAYS.iter().take(5).map(|(_, day)| *day).collect(),
                Some(days) => {
                    days.iter().map(|day| self.choice("day", Some(day), &WEEKDAYS, Weekday::Monday)).collect()
                }
            };
            let mut holidays = Vec::new();
            for text in &calendar.holidays {
                holidays.extend(self.date(text));
            }
            calendars.insert(name.clone(), Calendar { weekdays, holidays });
        }
        calendars
    }

    pub(super) fn calendar(
        &mut self,
        text: Option<&Text>,
        calendars: &BTreeMap<String, Calendar>,
        default: &Calendar,
    ) -> Calendar {
        let Some(text) = text else { return default.clone() };
        if let Some(calendar) = calendars.get(text.get()) {
            return calendar.clone();
        }
        let known: Vec<&str> = calendars.keys().map(String::as_str).collect();
        self.error(format!("unknown calendar `{}`", text.get()), text, one_of(text.get(), &known));
        default.clone()
    }

    pub(super) fn people(
        &mut self,
        file: &file::File,
        channels: &BTreeMap<String, Way>,
        calendars: &BTreeMap<String, Calendar>,
        defaults: &Defaults,
    ) -> BTreeMap<String, Person> {
        let mut people = BTreeMap::new();
        for (id, at) in &file.people {
            let person = at.get();
            let via = self.via(&person.via, channels);
            let email = person.email.as_ref().and_then(|text| self.email(text));
            let by_mail = |name: &String| channels.get(name).is_some_and(|way| way.medium.is_mail());
            if person.email.is_none() && via.iter().any(by_mail) {
                let problem = Problem::error(format!("`{id}` is reached by mail and has no address"));
                self.problems.push(problem.at(at.span(), "here").help("email = \"name@example.com\""));
            }
            if via.is_empty() && person.via.is_empty() {
                let problem = Problem::error(format!("`{id}` cannot be reached"));
                self.problems.push(problem.at(at.span(), "`via` names no channel"));
            }
            let recipient = Recipient {
                id: id.clone(),
                name: crate::domain::text::clean(person.name.get()),
                email,
                chat: person.chat.as_ref().map(|text| text.get().trim().to_owned()),
                language: self.language(person.language.as_ref(), &defaults.language),
                zone: person.zone.as_ref().map_or(defaults.zone.clone(), |text| self.zone(text)),
                calendar: self.calendar(person.calendar.as_ref(), calendars, &defaults.calendar),
                quiet: self.quiet(person.quiet.as_ref(), defaults.quiet),
                away: person.away.iter().filter_map(|away| self.away(id, away, file)).collect(),
                digests_a_day: self.digests_a_day(person.digests_a_day.as_ref()).or(defaults.digests_a_day),
            };
            let rep = person.rep.as_ref().map(|text| text.get().clone());
            people.insert(id.clone(), Person { recipient, via, rep });
        }
        people
    }

    /// Most digests a day, where it says so.
    pub(super) fn digests_a_day(&mut self, number: Option<&file::At<i64>>) -> Option<usize> {
        number.map(|at| self.number("`digests_a_day`", Some(at), 1..=100, 1) as usize)
    }

    /// `20:00-07:30`; `never` where a default is not wanted.
    pub(super) fn quiet(&mut self, text: Option<&Text>, default: Option<Quiet>) -> Option<Quiet> {
        let Some(text) = text else { return default };
        if text.get() == "never" {
            return None;
        }
        let parts = text.get().split_once('-').and_then(|(from, to)| {
            Some(Quiet { from: time_of_day(from.trim())?, to: time_of_day(to.trim())? })
        });
        let quiet = parts.filter(|quiet| quiet.from != quiet.to);
        if quiet.is_none() {
            let label = "from one time to another, such as \"20:00-07:30\", or \"never\"";
            self.error(format!("no quiet hours: `{}`", text.get()), text, label);
        }
        quiet
    }

    fn away(&mut self, id: &str, at: &file::At<file::Away>, file: &file::File) -> Option<Away> {
        let away = at.get();
        let (from, to) = (self.date(&away.from), self.date(&away.to));
        if let Some(deputy) = &away.deputy {
            if deputy.get() == id {
                self.error("nobody stands in for themselves", deputy, "another person");
            } else if !file.people.contains_key(deputy.get()) {
                let names: Vec<&str> = file.people.keys().map(String::as_str).collect();
                self.error(
                    format!("unknown person `{}`", deputy.get()),
                    deputy,
                    one_of(deputy.get(), &names),
                );
            }
        }
        let (from, to) = (from?, to?);
        if to < from {
            self.error("this absence ends before it begins", &away.to, format!("{from} or later"));
            return None;
        }
        Some(Away { from, to, deputy: away.deputy.as_ref().map(|deputy| deputy.get().clone()) })
    }

    fn date(&mut self, text: &Text) -> Option<Date> {
        let date = text.get().parse::<Date>().ok();
        if date.is_none() {
            self.error(format!("not a date: `{}`", text.get()), text, "YYYY-MM-DD, and a day that exists");
        }
        date
    }

    fn email(&mut self, text: &Text) -> Option<String> {
        match crate::render::mime::address(text.get()) {
            Ok(address) => Some(address.to_string()),
            Err(reason) => {
                self.error("this is no mail address we can write to", text, reason);
                None
            }
        }
    }

    /// Names of channels that exist.
    pub(super) fn via(&mut self, names: &[Text], channels: &BTreeMap<String, Way>) -> Vec<String> {
        let mut via = Vec::new();
        for text in names {
            if channels.contains_key(text.get()) {
                via.push(text.get().clone());
            } else {
                let known: Vec<&str> = channels.keys().map(String::as_str).collect();
                self.error(format!("unknown channel `{}`", text.get()), text, one_of(text.get(), &known));
            }
        }
        via
    }

    pub(super) fn audiences(
        &mut self,
        file: &file::File,
        people: &BTreeMap<String, Person>,
    ) -> BTreeMap<String, Audience> {
        let mut audiences = BTreeMap::new();
        for (name, text) in &file.scopes {
            if !file.audiences.contains_key(name) {
                let known: Vec<&str> = file.audiences.keys().map(String::as_str).collect();
                self.error(format!("unknown audience `{name}`"), text, one_of(name, &known));
            }
        }
        for (name, members) in &file.audiences {
            let scopes = [("all", false), ("team", true)];
            let team = self.choice("scope", file.scopes.get(name), &scopes, false);
            if members.get().is_empty() {
                let problem = Problem::warning(format!("audience `{name}` has no members"));
                self.problems.push(problem.at(members.span(), "what is for them goes to nobody"));
            }
            // Those who are not there stay in it, so that it does not seem empty; nothing goes to them.
            let mut all = Vec::new();
            for text in members.get() {
                all.push(text.get().clone());
                if !people.contains_key(text.get()) {
                    let names: Vec<&str> = people.keys().map(String::as_str).collect();
                    self.error(format!("unknown person `{}`", text.get()), text, one_of(text.get(), &names));
                }
                if team && people.get(text.get()).is_some_and(|person| person.rep.is_none()) {
                    let problem =
                        Problem::error(format!("`{}` sees a team, and which is not said", text.get()));
                    let help =
                        format!("in [people.{}]: rep = \"ID\", as the store's reps have it", text.get());
                    self.problems.push(problem.at(text.span(), "is no rep").help(help));
                }
            }
            audiences.insert(name.clone(), Audience { members: all, team });
        }
        audiences
    }

    /// Everyone named, by themselves or through an audience, once for each of their channels.
    pub(super) fn targets(
        &mut self,
        names: &[Text],
        people: &BTreeMap<String, Person>,
        audiences: &BTreeMap<String, Audience>,
    ) -> Vec<Target> {
        let mut targets: BTreeMap<(String, String), Target> = BTreeMap::new();
        for text in names {
            let (members, team): (Vec<&String>, bool) = match audiences.get(text.get()) {
                Some(audience) => (audience.members.iter().collect(), audience.team),
                None if people.contains_key(text.get()) => (vec![text.get()], false),
                None => {
                    let known: Vec<&str> =
                        people.keys().chain(audiences.keys()).map(String::as_str).collect();
                    self.error(
                        format!("unknown person or audience `{}`", text.get()),
                        text,
                        one_of(text.get(), &known),
                    );
                    continue;
                }
            };
            for person in members.into_iter().filter_map(|id| people.get(id)) {
                for channel in &person.via {
                    let key = (person.recipient.id.clone(), channel.clone());
                    let team_of = person.rep.clone().filter(|_| team);
                    let (recipient, channel) = (person.recipient.clone(), channel.clone());
                    let target = Target { recipient, channel, team_of };
                    // Whoever is also named outside a team sees everything.
                    match targets.get_mut(&key) {
                        Some(known) if target.team_of.is_none() => known.team_of = None,
                        Some(_) => {}
                        None => {
                            targets.insert(key, target);
                        }
                    }
                }
            }
        }
        targets.into_values().collect()
    }
}

/// `HH:MM`.
pub(super) fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

//! What a recipient can do with an entry, from the form they sent to the act it means; and what its page
//! says of it.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::document::page::{Page, Sign};
use crate::document::{Say, Value};
use crate::domain::text::{clean, excerpt};
use crate::domain::{Act, Colleague, Day, Told};

/// Longest snooze, in days.
const SNOOZE_MAX: i32 = 365;

/// Longest repetition of what was entered, in graphemes.
const ENTERED_MAX: usize = 40;

/// What was entered: the fields of a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// The name of the act.
    pub what: String,
    /// The day of a snooze.
    pub until: String,
    /// The colleague of a hand-over.
    pub whom: String,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5.1). Of a field that comes twice the
    /// first one counts; others than ours do not.
    pub fn read(body: &[u8]) -> Form {
        let mut form = Form::default();
        for pair in body.split(|byte| *byte == b'&') {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(parts.next().unwrap_or_default());
            let field = match name.as_str() {
                "what" => &mut form.what,
                "until" => &mut form.until,
                "whom" => &mut form.whom,
                _ => continue,
            };
            if field.is_empty() {
                *field = decoded(parts.next().unwrap_or_default());
            }
        }
        form
    }
}

fn decoded(text: &[u8]) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        let code = digit(text.get(at + 1)).zip(digit(text.get(at + 2)));
        match (byte, code) {
            (b'%', Some((high, low))) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a form means on the day it is sent, or what is wrong with it.
pub fn read(form: &Form, recipient: &str, today: Day, colleagues: &[Colleague]) -> Result<Act, Say> {
    match form.what.as_str() {
        "done" => Ok(Act::Done),
        "not_mine" => Ok(Act::NotMine),
        "snooze" => {
            let (first, last) = range(today);
            let day = form.until.parse::<jiff::civil::Date>().ok().map(Day::of);
            day.filter(|day| (first..=last).contains(day)).map(Act::Snooze).ok_or_else(|| {
                let entered = excerpt(&clean(&form.until), ENTERED_MAX);
                let key = if entered.is_empty() { "act.wrong.no_day" } else { "act.wrong.day" };
                Say::new(key).with("entered", entered).with("from", first.date()).with("to", last.date())
            })
        }
        "hand_over" => {
            let known = colleagues.iter().find(|c| c.id == form.whom && c.id != recipient);
            known.map(|c| Act::HandOver(c.id.clone())).ok_or_else(|| Say::new("act.wrong.whom"))
        }
        _ => Err(Say::new("act.wrong.what")),
    }
}

/// The first and the last day that an entry can be snoozed until.
fn range(today: Day) -> (Day, Day) {
    (today.plus(1), today.plus(SNOOZE_MAX))
}

/// The days offered by name: each once.
fn days(today: Day) -> Vec<(Day, Say)> {
    let mut days = vec![
        (today.plus(1), Say::new("act.days").with("n", 1i128)),
        (today.plus(3), Say::new("act.days").with("n", 3i128)),
    ];
    let monday = today.date().nth_weekday(1, Weekday::Monday).map_or(today.plus(7), Day::of);
    if days.iter().all(|(day, _)| *day != monday) {
        days.push((monday, Say::new("act.monday")));
    }
    days
}

/// An entry as its recipient comes back to it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What was told.
    pub told: &'a Told,
    /// The occurrence that told it.
    pub occurrence: Timestamp,
    /// What was done so far, oldest first.
    pub acts: &'a [(Act, Timestamp)],
    /// Whom it can be handed to.
    pub colleagues: &'a [Colleague],
    /// The recipient's clock.
    pub zone: &'a TimeZone,
    /// What time it is.
    pub now: Timestamp,
}

impl Seen<'_> {
    /// The recipient's day.
    pub fn today(&self) -> Day {
        day(self.now, self.zone)
    }

    /// Its page; with what was entered and what is wrong with it, if anything is.
    pub fn page(&self, form: &Form, wrong: Option<Say>) -> Page {
        let shown = self.told.shown.as_ref();
        let last = self.acts.last();
        Page {
            customer: shown.map(|shown| shown.customer.clone()).unwrap_or_default(),
            about: Say::new("act.about").with("day", day(self.occurrence, self.zone).date()),
            reasons: shown.map(|shown| shown.reasons.clone()).unwrap_or_default(),
            said: last.map(|(act, at)| self.said(act, *at)),
            wrong,
            done: last.is_none_or(|(act, _)| *act != Act::Done),
            not_mine: last.is_none_or(|(act, _)| *act != Act::NotMine),
            days: days(self.today()),
            range: range(self.today()),
            entered: excerpt(&clean(&form.until), ENTERED_MAX),
            colleagues: self.others(&form.whom),
            good_until: Say::new("act.good_until").with("day", day(self.told.expires, self.zone).date()),
        }
    }

    /// Whom it can be handed to: id, name, whether they were chosen. Of two with one name each is told with
    /// their id.
    fn others(&self, chosen: &str) -> Vec<(String, String, bool)> {
        let others = self.colleagues.iter().filter(|c| c.id != self.told.recipient);
        let named = |who: &Colleague| {
            let alone = self.colleagues.iter().filter(|c| c.name == who.name).count() == 1;
            let id = who.rep.as_ref().unwrap_or(&who.id);
            if alone { who.name.clone() } else { format!("{} ({id})", who.name) }
        };
        others.map(|c| (c.id.clone(), named(c), c.id == chosen)).collect()
    }

    fn said(&self, act: &Act, at: Timestamp) -> Say {
        let local = at.to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", local.hour(), local.minute());
        let when = match self.today().since(Day::of(local.date())) {
            0 => Say::new("act.when.today"),
            1 => Say::new("act.when.yesterday"),
            _ => Say::new("act.when.on").with("day", local.date()),
        };
        let when = when.with("time", time);
        match act {
            Act::Done => Say::new("act.said.done"),
            Act::NotMine => Say::new("act.said.not_mine"),
            Act::Snooze(until) => Say::new("act.said.snooze").with("day", Value::DayNear(until.date())),
            Act::HandOver(whom) => {
                let known = self.colleagues.iter().find(|c| c.id == *whom);
                Say::new("act.said.hand_over").with("name", known.map_or(whom.as_str(), |c| c.name.as_str()))
            }
        }
        .with("when", when)
    }
}

fn day(at: Timestamp, zone: &TimeZone) -> Day {
    Day::of(zone.to_datetime(at).date())
}

/// The link was good until then, on that clock.
pub fn expired(until: Timestamp, zone: &TimeZone) -> Sign {
    let text = Say::new("act.gone.text").with("day", day(until, zone).date());
    Sign::of(Say::new("act.gone.title"), text)
}

/// There is no such entry.
pub fn missing() -> Sign {
    Sign::of(Say::new("act.missing.title"), Say::new("act.missing.text"))
}

/// What came is no form of ours.
pub fn refused() -> Sign {
    Sign::of(Say::new("act.refused.title"), Say::new("act.refused.text"))
}

/// It cannot be read or stored just now.
pub fn busy() -> Sign {
    Sign::of(Say::new("act.busy.title"), Say::new("act.busy.text"))
}

/// Asks a customer whether they are to be written to no more.
pub fn stop() -> Sign {
    let button = Some(Say::new("stop.button"));
    Sign { title: Say::new("stop.title"), text: Say::new("stop.text"), button, outside: true }
}

/// They are not.
pub fn stopped() -> Sign {
    let (title, text) = (Say::new("stop.done.title"), Say::new("stop.done.text"));
    Sign { title, text, button: None, outside: true }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{EntryId, Reason};

    fn form(what: &str, until: &str, whom: &str) -> Form {
        Form { what: what.to_owned(), until: until.to_owned(), whom: whom.to_owned() }
    }

    fn who(id: &str) -> Colleague {
        Colleague { name: id.to_uppercase(), id: id.to_owned(), rep: None }
    }

    #[test]
    fn a_form_means_one_act_or_says_what_is_wrong() {
        let today = Day::of(date(2026, 11, 2));
        let colleagues = [who("ana"), who("bo")];
        let until = |y, m, d| Ok(Act::Snooze(Day::of(date(y, m, d))));
        for (sent, wanted) in [
            (form("done", "", ""), Ok(Act::Done)),
            (form("done", "2026-11-01", "x"), Ok(Act::Done)),
            (form("not_mine", "", ""), Ok(Act::NotMine)),
            (form("snooze", "2026-11-03", ""), until(2026, 11, 3)),
            (form("snooze", "2027-11-02", ""), until(2027, 11, 2)),
            (form("snooze", "2026-11-02", ""), Err("act.wrong.day")),
            (form("snooze", "2027-11-03", ""), Err("act.wrong.day")),
            (form("snooze", "2026-02-30", ""), Err("act.wrong.day")),
            (form("snooze", "tomorrow", ""), Err("act.wrong.day")),
            (form("snooze", " ", ""), Err("act.wrong.no_day")),
            (form("hand_over", "", "bo"), Ok(Act::HandOver("bo".to_owned()))),
            (form("hand_over", "", "ana"), Err("act.wrong.whom")),
            (form("hand_over", "", "cy"), Err("act.wrong.whom")),
            (form("hand_over", "", ""), Err("act.wrong.whom")),
            (form("", "", ""), Err("act.wrong.what")),
            (form("DONE", "", ""), Err("act.wrong.what")),
        ] {
            let found = read(&sent, "ana", today, &colleagues);
            assert_eq!(found.map_err(|say| say.key), wanted.map_err(Into::into), "{sent:?}");
        }
    }

    #[test]
    fn the_days_offered_are_ahead_and_each_is_offered_once() {
        for (today, wanted) in [
            (date(2026, 11, 2), ["2026-11-03", "2026-11-05", "2026-11-09"].as_slice()), // a Monday
            (date(2026, 11, 5), &["2026-11-06", "2026-11-08", "2026-11-09"]),
            (date(2026, 11, 6), &["2026-11-07", "2026-11-09"]),
            (date(2026, 11, 8), &["2026-11-09", "2026-11-11"]),
        ] {
            let days: Vec<String> =
                days(Day::of(today)).iter().map(|(day, _)| day.date().to_string()).collect();
            assert_eq!(days, wanted, "{today}");
        }
    }

    #[test]
    fn a_body_is_read_as_browsers_write_it() {
        for (body, wanted) in [
            ("what=snooze&until=2026-11-03", form("snooze", "2026-11-03", "")),
            ("what=hand_over&whom=rep%3AR-07&x=y", form("hand_over", "", "rep:R-07")),
            ("whom=Jo%C3%A3o+da%20Silva", form("", "", "João da Silva")),
            ("what=done&what=snooze", form("done", "", "")),
            ("what", Form::default()),
            ("", Form::default()),
            ("until=%&whom=%4&what=%zz", form("%zz", "%", "%4")),
            ("until=%ff", form("", "\u{fffd}", "")),
        ] {
            assert_eq!(Form::read(body.as_bytes()), wanted, "{body}");
        }
    }

    #[test]
    fn what_was_done_is_said_by_the_recipients_clock() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let told = Told {
            id: EntryId([0; 16]),
            recipient: "ana".to_owned(),
            customer: "7".to_owned(),
            language: "en".to_owned(),
            zone: "America/Sao_Paulo".to_owned(),
            reasons: Vec::<Reason>::new(),
            shown: None,
            expires: at("2026-11-17T02:30:00Z"),
        };
        let colleagues = [who("ana"), who("bo")];
        let acts = [(Act::Done, at("2026-11-03T02:12:00Z"))];
        for (now, key, time) in [
            ("2026-11-03T02:59:00Z", "act.when.today", "23:12"),
            ("2026-11-03T03:00:00Z", "act.when.yesterday", "23:12"),
            ("2026-11-04T03:00:00Z", "act.when.on", "23:12"),
        ] {
            let (occurrence, now) = (at("2026-11-02T11:00:00Z"), at(now));
            let seen =
                Seen { told: &told, occurrence, acts: &acts, colleagues: &colleagues, zone: &zone, now };
            let page = seen.page(&form("", "<b>", "bo"), None);
            let said = page.said.unwrap();
            let Some(("when", Value::Say(when))) = said.args.last() else { panic!("{said:?}") };
            assert_eq!((&*said.key, &*when.key), ("act.said.done", key));
            assert_eq!(when.args.last(), Some(&("time", Value::from(time))));
            assert_eq!((page.done, page.not_mine, page.entered.as_str()), (false, true, "<b>"));
            assert_eq!(page.colleagues, [("bo".to_owned(), "BO".to_owned(), true)], "not oneself");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read(body: Vec<u8>, day in -1_000_000i32..1_000_000) {
            let form = Form::read(&body);
            let _ = read(&form, "ana", Day(day), &[]);
        }

        #[test]
        fn what_is_written_is_read_back(text in "\\PC{0,40}") {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
            let written: String = text.bytes().flat_map(|b| ['%', digit(b >> 4), digit(b & 15)]).collect();
            prop_assert_eq!(Form::read(format!("until={written}").as_bytes()).until, text);
        }
    }
}

//! Appointments as iCalendar (RFC 5545), published (RFC 5546) as a file in a mail.
//!
//! Published, not requested: nobody is invited, nothing asks for an answer, and mail programs leave the mail a mail
//! with a file. What is over is in a file of its own, of method CANCEL, since a status alone takes nothing away in most
//! calendars; some still only mark it (Google Calendar, of what came published), so its title says it, too.
//!
//! Moments are in UTC: every program turns them into its reader's clock, and none needs to believe our rules of it.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lettre::message::Mailbox;

use super::Locale;
use super::mime::File;
use crate::document::{Appointment, Reach, Say};
use crate::domain::When;
use crate::domain::text::{clean, excerpt};

/// What stands: its method, and the content type of its file.
const STANDS: (&str, &str) = ("PUBLISH", "text/calendar; charset=utf-8; method=PUBLISH");

/// What is over. Not as text/calendar: no server must take the mail itself for the end of a meeting.
const OVER: (&str, &str) = ("CANCEL", "application/ics");

/// Longest line without its end, in octets (RFC 5545, section 3.1).
const OCTETS_MAX: usize = 75;

/// How long a moment is drawn: without an end some programs show nothing, others an hour.
const DRAWN: SignedDuration = SignedDuration::from_mins(30);

/// Longest promise that is repeated, in graphemes.
const PROMISE_MAX: usize = 300;

/// The files of a mail, whose names begin with `stem`, as of the occurrence that tells them. Equal input gives equal
/// bytes.
pub fn files(
    stem: &str,
    appointments: &[Appointment],
    at: Timestamp,
    from: &Mailbox,
    locale: &Locale,
) -> Vec<File> {
    let (over, stand): (Vec<&Appointment>, Vec<&Appointment>) =
        appointments.iter().partition(|a| a.cancelled);
    let all = [(stand, STANDS, ".ics"), (over, OVER, "-cancelled.ics")];
    let some = all.into_iter().filter(|(appointments, ..)| !appointments.is_empty());
    let file =
        |(appointments, (method, kind), ending): (Vec<&Appointment>, (&str, &'static str), &str)| File {
            name: format!("{stem}{ending}"),
            kind,
            bytes: calendar(&appointments, method, at, from, locale).into_bytes(),
        };
    some.map(file).collect()
}

fn calendar(
    appointments: &[&Appointment],
    method: &str,
    at: Timestamp,
    from: &Mailbox,
    locale: &Locale,
) -> String {
    let mut lines = Lines::default();
    lines.put("BEGIN:VCALENDAR");
    lines.put("VERSION:2.0");
    lines.put("PRODID:-//retaind//reminders//EN");
    lines.put("CALSCALE:GREGORIAN");
    lines.put(&format!("METHOD:{method}"));
    for appointment in appointments {
        event(appointment, at, from, locale, &mut lines);
    }
    lines.put("END:VCALENDAR");
    lines.0
}

fn event(appointment: &Appointment, at: Timestamp, from: &Mailbox, locale: &Locale, lines: &mut Lines) {
    lines.put("BEGIN:VEVENT");
    lines.put(&format!("UID:{}", escape(&appointment.uid)));
    lines.put(&format!("SEQUENCE:{}", appointment.sequence));
    lines.put(&format!("DTSTAMP:{}", moment(at)));
    lines.put(&format!("LAST-MODIFIED:{}", moment(appointment.changed)));
    match appointment.at {
        When::Day(day) => {
            lines.put(&format!("DTSTART;VALUE=DATE:{}", day.date().strftime("%Y%m%d")));
            lines.put(&format!("DTEND;VALUE=DATE:{}", day.plus(1).date().strftime("%Y%m%d")));
        }
        When::Instant(start) => {
            lines.put(&format!("DTSTART:{}", moment(start)));
            lines.put(&format!("DTEND:{}", moment(start.saturating_add(DRAWN).unwrap_or(start))));
        }
    }
    let title = locale.say(&appointment.title);
    let (title, status) = if appointment.cancelled {
        (locale.say(&Say::new("appointment.over").with("title", title)), "CANCELLED")
    } else {
        (title, "CONFIRMED")
    };
    let language = locale.tag();
    lines.put(&format!("SUMMARY;LANGUAGE={language}:{}", escape(&clean(&title))));
    let said = description(appointment, locale);
    if !said.is_empty() {
        lines.put(&format!("DESCRIPTION;LANGUAGE={language}:{}", escape(&said)));
    }
    lines.put(&format!("STATUS:{status}"));
    // Nobody is busy because a customer has their birthday.
    lines.put("TRANSP:TRANSPARENT");
    let name = from.name.as_deref().map(parameter).filter(|name| !name.is_empty());
    let name = name.map_or(String::new(), |name| format!(";CN=\"{name}\""));
    lines.put(&format!("ORGANIZER{name}:mailto:{}", from.email));
    lines.put("END:VEVENT");
}

/// What was promised, what helps, and where to say that it is done: a line each.
fn description(appointment: &Appointment, locale: &Locale) -> String {
    let quoted = |what: &String| locale.quoted(&excerpt(&clean(what), PROMISE_MAX));
    let what = appointment.what.as_ref().map(quoted);
    let facts = appointment.facts.iter().map(|fact| locale.say(fact));
    let reach = appointment.reach.iter().map(|reach| match reach {
        Reach::Phone(text) | Reach::Email(text) | Reach::Place(text) => clean(text),
    });
    let page = appointment.page.as_ref();
    let page = page.map(|url| locale.say(&Say::new("appointment.page").with("url", url.as_str())));
    let lines: Vec<String> = what.into_iter().chain(facts).chain(reach).chain(page).collect();
    lines.join("\n")
}

fn moment(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Text as a value of type TEXT (RFC 5545, section 3.3.11). What is no text is left out, so that nothing ends a line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Text within a quoted parameter (RFC 6868): there is no escape for a quote but this one.
fn parameter(text: &str) -> String {
    clean(text).replace('^', "^^").replace('"', "^'")
}

/// Content lines, folded and ended.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds a line. A character is never cut, and a grapheme is not if it need not be: what unfolds by octets and
    /// what reads each line for itself both read it right.
    fn put(&mut self, line: &str) {
        let mut room = OCTETS_MAX;
        for grapheme in unicode_segmentation::UnicodeSegmentation::graphemes(line, true) {
            let whole = grapheme.len() < OCTETS_MAX;
            if whole && grapheme.len() > room {
                self.fold(&mut room);
            }
            for c in grapheme.chars() {
                if c.len_utf8() > room {
                    self.fold(&mut room);
                }
                self.0.push(c);
                room -= c.len_utf8();
            }
        }
        self.0.push_str("\r\n");
    }

    fn fold(&mut self, room: &mut usize) {
        let _ = write!(self.0, "\r\n ");
        *room = OCTETS_MAX - 1;
    }
}

#[cfg(test)]
mod tests {
    use icalendar::{Calendar, CalendarComponent, Component as _};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Day;
    use crate::render::mime::{address, mailbox};

    fn from() -> Mailbox {
        mailbox("Shop \"Care\"", &address("care@example.com").unwrap())
    }

    fn appointment(name: &str, what: &str) -> Appointment {
        Appointment {
            uid: "retaind-1".to_owned(),
            sequence: 2,
            at: When::Day(Day(20_759)),
            title: Say::new("appointment.follow_up").with("customer", name),
            what: Some(what.to_owned()),
            facts: Vec::new(),
            reach: vec![Reach::Phone("+55 11 5550;0101".to_owned())],
            page: Some("https://care.example/a/b,c".to_owned()),
            cancelled: false,
            changed: "2026-11-01T07:30:00Z".parse().unwrap(),
        }
    }

    fn written(appointments: &[Appointment], tag: &str) -> String {
        let locale = Locale::load(tag).unwrap();
        let files = files("d", appointments, "2026-11-02T11:30:00Z".parse().unwrap(), &from(), &locale);
        let [file] = files.as_slice() else { panic!("{files:?}") };
        let over = appointments.iter().all(|appointment| appointment.cancelled);
        assert_eq!(file.name, if over { "d-cancelled.ics" } else { "d.ics" });
        String::from_utf8(file.bytes.clone()).unwrap()
    }

    /// The lines of a file, unfolded, each of which was short enough and whole.
    fn unfolded(text: &str) -> Vec<String> {
        assert!(text.ends_with("\r\n"));
        let mut lines: Vec<String> = Vec::new();
        for line in text.trim_end_matches("\r\n").split("\r\n") {
            assert!(line.len() <= OCTETS_MAX, "{} octets: {line}", line.len());
            assert!(!line.contains(['\r', '\n', '\t']), "{line:?}");
            match (line.strip_prefix(' '), lines.last_mut()) {
                (Some(more), Some(last)) => last.push_str(more),
                _ => lines.push(line.to_owned()),
            }
        }
        lines
    }

    /// The one event of a file, as another library reads it.
    fn read(text: &str) -> icalendar::Event {
        let calendar: Calendar = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
        let [CalendarComponent::Event(event)] = calendar.components.as_slice() else { panic!("{text}") };
        event.clone()
    }

    #[test]
    fn an_appointment_is_written_line_by_line() {
        let text = written(&[appointment("Casa; Verde, Lda", "Say \"hi\" \\ ok")], "en");
        assert_eq!(
            unfolded(&text),
            [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:-//retaind//reminders//EN",
                "CALSCALE:GREGORIAN",
                "METHOD:PUBLISH",
                "BEGIN:VEVENT",
                "UID:retaind-1",
                "SEQUENCE:2",
                "DTSTAMP:20261102T113000Z",
                "LAST-MODIFIED:20261101T073000Z",
                "DTSTART;VALUE=DATE:20261102",
                "DTEND;VALUE=DATE:20261103",
                "SUMMARY;LANGUAGE=en:Follow-up: Casa\\; Verde\\, Lda",
                "DESCRIPTION;LANGUAGE=en:“Say \"hi\" \\\\ ok”\\n+55 11 5550\\;0101\\nMark it done or snooze it: https://care.example/a/b\\,c",
                "STATUS:CONFIRMED",
                "TRANSP:TRANSPARENT",
                "ORGANIZER;CN=\"Shop ^'Care^'\":mailto:care@example.com",
                "END:VEVENT",
                "END:VCALENDAR",
            ]
        );
    }

    #[test]
    fn a_moment_is_in_utc_and_what_is_over_has_a_file_of_its_own_and_says_so() {
        let at = When::Instant("2026-06-20T17:30:00Z".parse().unwrap());
        let over = Appointment {
            at,
            cancelled: true,
            what: None,
            reach: vec![],
            page: None,
            ..appointment("A", "")
        };
        let lines = unfolded(&written(&[over], "pt-BR"));
        for line in [
            "METHOD:CANCEL",
            "DTSTART:20260620T173000Z",
            "DTEND:20260620T180000Z",
            "SUMMARY;LANGUAGE=pt-BR:Não está mais pendente: Retorno: A",
            "STATUS:CANCELLED",
        ] {
            assert!(lines.contains(&line.to_owned()), "{line} in {lines:?}");
        }
        assert!(lines.iter().all(|line| !line.starts_with("DESCRIPTION")), "{lines:?}");
    }

    #[test]
    fn a_promise_stands_in_the_quotes_of_the_language() {
        for (tag, quoted) in [("en", "“Call”"), ("ru", "«Call»"), ("uk", "«Call»")] {
            let event = read(&written(&[appointment("A", "Call")], tag));
            let said = event.get_description().unwrap_or_default().to_owned();
            assert!(said.starts_with(&format!("{quoted}\n")), "{tag}: {said}");
        }
    }

    #[test]
    fn hostile_names_stay_names_in_every_language() {
        for tag in crate::render::locale::tags() {
            for hostile in [
                "a\r\nATTENDEE:mailto:evil@example.com",
                "a\\nEND:VEVENT\\nBEGIN:VEVENT",
                "x;y,z:\\\\;\"^n",
                "\u{202e}cod\u{2028}e\u{85}\u{7f}\u{0}",
                &"👨‍👩‍👧‍👦".repeat(40),
                &format!("e{}", "\u{301}".repeat(400)),
                &"王".repeat(180),
                &"x".repeat(100_000),
            ] {
                let text = written(&[appointment(hostile, hostile)], tag);
                let lines = unfolded(&text);
                let names: Vec<&str> =
                    lines.iter().filter_map(|line| line.split([':', ';']).next()).collect();
                let wanted = "BEGIN VERSION PRODID CALSCALE METHOD BEGIN UID SEQUENCE DTSTAMP LAST-MODIFIED DTSTART \
                              DTEND SUMMARY DESCRIPTION STATUS TRANSP ORGANIZER END END";
                assert_eq!(names, wanted.split_whitespace().collect::<Vec<_>>(), "{tag} {hostile:.40}");
                let event = read(&text);
                let title = Say::new("appointment.follow_up").with("customer", hostile);
                let expected = clean(&Locale::load(tag).unwrap().say(&title));
                assert_eq!(event.get_summary(), Some(expected.as_str()), "{tag}");
                assert_eq!(text, written(&[appointment(hostile, hostile)], tag));
            }
        }
    }

    proptest! {
        // Whatever a name holds, another library reads what was meant.
        #[test]
        fn what_is_written_is_read_back(name in "\\PC{0,60}", what in "[a-z;,:\\\\\"^=\u{e9}\u{1f468}\u{200d}]{0,120}") {
            let text = written(&[appointment(&name, &what)], "en");
            unfolded(&text);
            let event = read(&text);
            let expected = clean(&format!("Follow-up: {name}"));
            prop_assert_eq!(event.get_summary().map(str::to_owned), Some(expected));
            let said = event.get_description().unwrap_or_default().to_owned();
            prop_assert!(said.starts_with(&format!("“{}”\n", clean(&what))), "{}", said);
        }
    }
}

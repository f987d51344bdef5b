//! What digests by mail put into calendars, as another library reads it: due, moved, over; once each, whatever
//! becomes of the mail.

use std::collections::BTreeMap;

use icalendar::{Calendar, CalendarComponent, Component as _};
use jiff::Timestamp;
use mail_parser::{MessageParser, MimeHeaders as _};
use retaind::config::Outlet;
use retaind::daemon::reminding::Turn;
use retaind::daemon::runner;
use retaind::daemon::watching::Known;
use retaind::job::seal::Locales;
use retaind::outbox::{Answer, Delivery, Scope};

use crate::actions::care::{Care, HOSTILE, path_of};
use crate::world::replace;

/// What a calendar says of one thing: sequence, status, start, title.
type Said = (u32, String, String, String);

/// A shop whose reps get calendars, on the morning of 1 June 2026; the first is that of the 2nd.
fn care(more: &str) -> Care {
    let mut care = Care::new();
    let attach = format!("via = [\"mails\"]\nattach = [\"ics\"]\n{more}[actions]");
    care.reconfigure(|text| replace(text, "via = [\"mails\"]\n[actions]", &attach));
    care
}

fn sql(care: &Care, sql: &str) {
    rusqlite::Connection::open(care.path("shop.db")).unwrap().execute_batch(sql).unwrap();
}

/// Goes on to a moment, and gives the calendars that came until then, by reader; nobody gets two mails.
fn until(care: &mut Care, when: &str) -> BTreeMap<String, BTreeMap<String, Said>> {
    let before = care.mails.sent().len();
    care.runtime.block_on(care.daemon.replay_until(when.parse().unwrap())).unwrap();
    let mut all = BTreeMap::new();
    for mail in care.mails.sent().iter().skip(before) {
        assert!(all.insert(mail.recipient.clone(), read(mail)).is_none(), "two mails to {}", mail.recipient);
    }
    all
}

/// What the calendars of a mail say, by UID: what stands is published, what is over cancelled.
fn read(mail: &Delivery) -> BTreeMap<String, Said> {
    let raw = mail.payload.open().unwrap();
    let mail = MessageParser::default().parse(raw).unwrap();
    let mut all = BTreeMap::new();
    for part in mail.attachments() {
        let (kind, name) = (part.content_type().unwrap(), part.attachment_name().unwrap());
        assert!(name.starts_with("digest-2026-06-") && part.content_disposition().unwrap().is_attachment());
        let (method, status) = if name.ends_with("-cancelled.ics") {
            assert_eq!((kind.ctype(), kind.subtype()), ("application", Some("ics")));
            ("CANCEL", "CANCELLED")
        } else {
            assert_eq!((kind.ctype(), kind.subtype()), ("text", Some("calendar")), "{name}");
            let says = (kind.attribute("method"), kind.attribute("charset"));
            assert_eq!(says, (Some("PUBLISH"), Some("utf-8")));
            ("PUBLISH", "CONFIRMED")
        };
        let text = std::str::from_utf8(part.contents()).unwrap();
        assert!(text.contains(&format!("\r\nMETHOD:{method}\r\n")), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
        for component in text.parse::<Calendar>().unwrap().components {
            let CalendarComponent::Event(event) = component else { panic!("{text}") };
            let value = |key| event.property_value(key).unwrap().to_owned();
            assert_eq!(value("STATUS"), status);
            let title = event.get_summary().unwrap().to_owned();
            let said = (value("SEQUENCE").parse().unwrap(), value("STATUS"), value("DTSTART"), title);
            assert!(all.insert(value("UID"), said).is_none(), "twice: {text}");
        }
    }
    let words = mail.body_text(0).unwrap().into_owned();
    assert_eq!(words.contains("calend"), !all.is_empty(), "{words}");
    all
}

/// The one thing whose title is this, with its UID.
fn one(calendar: &BTreeMap<String, Said>, start: &str) -> (String, Said) {
    let found: Vec<_> = calendar.iter().filter(|(_, said)| said.2 == start).collect();
    let [(uid, said)] = found.as_slice() else { panic!("{start}: {calendar:?}") };
    ((*uid).clone(), (*said).clone())
}

fn said(sequence: u32, status: &str, start: &str, title: &str) -> Said {
    (sequence, status.to_owned(), start.to_owned(), title.to_owned())
}

#[test]
fn a_follow_up_is_due_then_moved_then_done_and_keeps_its_identity() {
    let mut care = care("");
    sql(
        &care,
        "INSERT INTO follow_ups (id, customer_id, rep_id, due_at, subject) VALUES
           ('f5', '7', '1', '2026-06-02T14:30:00', 'Visit; bring, samples')",
    );
    let due = until(&mut care, "2026-06-02T12:00:00Z");
    let (visit, first) = one(&due["ana"], "20260602T173000Z");
    assert_eq!(first, said(0, "CONFIRMED", "20260602T173000Z", "Follow-up: Casa Verde"));
    let (offer, _) = one(&due["ana"], "20260529");
    assert_eq!(due["ana"].len(), 4, "two older ones, and one of a hostile name: {due:?}");
    assert!(due["ana"].values().any(|said| said.3 == format!("Follow-up: {HOSTILE}")), "{due:?}");
    assert_eq!(due["rep:2"].values().next().unwrap().3, "Retorno: Óptica");

    // Far out of the sight of the rule.
    sql(&care, "UPDATE follow_ups SET due_at = '2026-08-20' WHERE id = 'f5'");
    let moved = until(&mut care, "2026-06-03T12:00:00Z");
    assert_eq!(moved["ana"][&visit], said(1, "CONFIRMED", "20260820", "Follow-up: Casa Verde"));
    assert_eq!(moved["ana"][&offer].0, 0);
    assert_eq!(moved["ana"].len(), 4);
    assert_eq!(moved["rep:2"], due["rep:2"]);

    // It is silent while it stands.
    let stands = until(&mut care, "2026-06-04T12:00:00Z");
    assert!(!stands["ana"].contains_key(&visit) && stands["ana"].len() == 3, "{stands:?}");

    // One is done in the shop, the other two of Casa Verde by the link.
    sql(&care, "UPDATE follow_ups SET done_at = '2026-06-04T18:00:00' WHERE id = 'f5'");
    let page = path_of(care.links("ana").iter().find(|link| *link == &link_of(&care, "7")).unwrap());
    let desk = care.serve();
    assert_eq!(desk.post(&page, "what=done").status, 303);
    let over = until(&mut care, "2026-06-05T12:00:00Z");
    let gone = "No longer due: Follow-up: Casa Verde";
    assert_eq!(over["ana"][&visit], said(2, "CANCELLED", "20260820", gone));
    assert_eq!(over["ana"][&offer], said(1, "CANCELLED", "20260529", gone));
    assert_eq!(over["ana"].values().filter(|said| said.1 == "CANCELLED").count(), 3);
    let later = until(&mut care, "2026-06-06T12:00:00Z");
    assert_eq!(later["ana"].len(), 1, "{later:?}");
}

/// Ana's link about a customer, of the first morning.
fn link_of(care: &Care, customer: &str) -> String {
    let links = care.links("ana");
    let told = care.rows(&format!(
        "SELECT count(*) FROM entry WHERE customer < '{customer}' AND recipient = 'ana' AND at = (SELECT min(at) FROM entry)"
    ));
    assert_eq!(told[0][0], "0", "its item comes first");
    links[0].clone()
}

#[test]
fn renewals_and_days_move_and_what_is_handed_over_changes_its_calendar() {
    let rules = "[rules.follow_up]\nkind = \"follow_up\"\n[rules.renewals]\nkind = \"renewal\"\nlead_days = [30]\n\
                 [rules.birthdays]\nkind = \"birthday\"\nlead_days = [5]\n[rules.days]\nkind = \"important_date\"\nlead_days = [5]\n";
    let mut care = care(rules);
    sql(
        &care,
        "UPDATE customers SET birthday = '1990-06-07' WHERE id = '8';
         INSERT INTO important_dates (customer_id, label, date, yearly) VALUES ('8', 'Inauguração', '2026-06-06', 0);
         INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on, renews_on)
           VALUES ('s', '8', 9900, '2025-07-02', '2026-07-02')",
    );
    let due = until(&mut care, "2026-06-02T12:00:00Z");
    let (renewal, _) = one(&due["rep:2"], "20260702");
    let (birthday, said_of) = one(&due["rep:2"], "20260607");
    assert_eq!(said_of.3, "Aniversário: Óptica");
    let (opening, said_of) = one(&due["rep:2"], "20260606");
    assert_eq!(said_of.3, "Inauguração: Óptica");
    let (promise, _) = one(&due["rep:2"], "20260601");

    sql(
        &care,
        "UPDATE subscriptions SET renews_on = '2026-07-01';
         UPDATE customers SET birthday = '1990-06-05' WHERE id = '8';
         DELETE FROM important_dates;",
    );
    let moved = &until(&mut care, "2026-06-03T12:00:00Z")["rep:2"];
    assert_eq!(moved[&renewal], said(1, "CONFIRMED", "20260701", "Renovação: Óptica"));
    assert_eq!(moved[&birthday], said(1, "CONFIRMED", "20260605", "Aniversário: Óptica"));
    let gone = "Não está mais pendente: Inauguração: Óptica";
    assert_eq!(moved[&opening], said(1, "CANCELLED", "20260606", gone));
    assert_eq!(moved[&promise].0, 0);

    // Another rep looks after the customer: theirs is new, and Bo's is over. What he promised he still owes.
    sql(&care, "UPDATE customers SET owner_id = '1' WHERE id = '8'");
    let other = until(&mut care, "2026-06-04T12:00:00Z");
    assert_eq!(
        other["rep:2"][&renewal],
        said(2, "CANCELLED", "20260701", "Não está mais pendente: Renovação: Óptica")
    );
    assert_eq!(other["rep:2"][&birthday].1, "CANCELLED");
    assert_eq!(other["rep:2"][&promise], moved[&promise]);

    // On its day the birthday is told to Ana, the same thing in another calendar.
    sql(&care, "DELETE FROM follow_ups WHERE id = 'f3'");
    sql(
        &care,
        "INSERT INTO follow_ups (id, customer_id, rep_id, due_at) VALUES ('f9', '8', '2', '2026-06-05')",
    );
    let day = until(&mut care, "2026-06-05T12:00:00Z");
    assert_eq!(day["rep:2"][&promise].1, "CANCELLED", "its row is gone: {day:?}");
    let (theirs, _) = one(&day["ana"], "20260605");
    assert!(theirs != birthday && !day["rep:2"].contains_key(&birthday), "{day:?}");
    // Once it has passed, it stays where it is.
    let passed = until(&mut care, "2026-06-06T12:00:00Z");
    assert!(passed.values().flat_map(|of| of.values()).all(|said| said.1 == "CONFIRMED"), "{passed:?}");
    assert!(!passed["ana"].contains_key(&theirs));
}

#[test]
fn a_mail_that_did_not_leave_changed_nothing_and_the_next_says_the_same() {
    let mut care = care("");
    let due = until(&mut care, "2026-06-02T12:00:00Z");
    let (uid, _) = one(&due["rep:2"], "20260601");
    sql(&care, "UPDATE follow_ups SET due_at = '2026-06-03' WHERE id = 'f3'");
    for _ in 0..60 {
        let answer = Answer::NotNow { reason: "later".to_owned(), after: None, scope: Scope::Destination };
        care.mails.will_answer(answer);
    }
    let none = until(&mut care, "2026-06-03T12:20:00Z");
    assert!(none.is_empty(), "{none:?}");
    assert_eq!(care.rows(&format!("SELECT max(sequence) FROM appointment WHERE uid = '{uid}'"))[0][0], "1");
    // An hour later they are of no use and made anew.
    care.runtime.block_on(care.daemon.replay_until("2026-06-03T12:45:00Z".parse().unwrap())).unwrap();
    care.mails.forget();
    let anew = until(&mut care, "2026-06-03T15:30:00Z");
    assert_eq!(anew["rep:2"][&uid].0, 1, "{anew:?}");
    let occurrences = care.rows("SELECT count(*) FROM occurrence WHERE job = 'reps' AND state = 'done'");
    assert!(occurrences[0][0].parse::<u32>().unwrap() > 3, "a digest was made anew: {occurrences:?}");
    let stored =
        care.rows(&format!("SELECT sequence FROM appointment WHERE uid = '{uid}' ORDER BY sequence"));
    assert_eq!(stored, [["0"], ["1"]]);
    // One that is refused for good has not told it either.
    sql(&care, "UPDATE follow_ups SET due_at = '2026-06-04' WHERE id = 'f3'");
    for _ in 0..2 {
        care.mails.will_answer(Answer::Never("550 5.1.1 no such user".to_owned()));
    }
    assert!(until(&mut care, "2026-06-04T12:00:00Z").is_empty());
    let told = until(&mut care, "2026-06-05T12:00:00Z");
    assert_eq!(told["rep:2"][&uid], said(2, "CONFIRMED", "20260604", "Retorno: Óptica"));
}

#[test]
fn a_look_ahead_shows_what_is_sent_and_chats_have_no_calendar() {
    let mut care = care("");
    until(&mut care, "2026-06-02T12:00:00Z");
    sql(&care, "UPDATE follow_ups SET due_at = '2026-06-03' WHERE id = 'f3'");
    let (config, locales) = (care.load(Outlet::Configured), Locales::load().unwrap());
    let at: Timestamp = "2026-06-03T11:30:00Z".parse().unwrap();
    let look = || runner::look(&config, &locales, ("reps", at, Turn::Everybody), &Known::default()).unwrap();
    let ahead: Vec<Delivery> = look().decided.deliveries;
    assert_eq!(look().decided.kept.appointed.len(), 1, "one moved");
    let before = care.mails.sent().len();
    until(&mut care, "2026-06-03T12:00:00Z");
    let sent: Vec<Vec<u8>> =
        care.mails.sent().iter().skip(before).map(|mail| mail.payload.stored().to_vec()).collect();
    let ahead: Vec<Vec<u8>> = ahead.iter().map(|mail| mail.payload.stored().to_vec()).collect();
    assert!(ahead == sent && sent.len() == 2);

    let known = care.rows("SELECT count(*) FROM appointment WHERE recipient = 'ana'");
    care.reconfigure(|text| replace(text, "via = [\"mails\"]\nrep = \"1\"", "via = [\"crm\"]\nrep = \"1\""));
    sql(&care, "UPDATE follow_ups SET due_at = '2026-06-04' WHERE rep_id = '1'");
    let mails = until(&mut care, "2026-06-04T12:00:00Z");
    assert_eq!(mails.keys().collect::<Vec<_>>(), ["rep:2"]);
    assert!(care.crm.sent().iter().any(|event| event.recipient == "ana"));
    assert_eq!(care.rows("SELECT count(*) FROM appointment WHERE recipient = 'ana'"), known);
}

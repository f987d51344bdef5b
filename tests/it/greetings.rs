//! Greetings to customers: those who agreed, on their day, not too often, and never again once they ask so.

use mail_parser::MessageParser;
use serde_json::Value as Json;

use crate::actions::care::{Care, PUBLIC, path_of};
use crate::story::plays;

#[test]
fn a_customer_who_agreed_is_greeted_on_the_day_and_at_no_other_time() {
    plays(
        "rule birthdays: kind = \"birthday\", lead_days = [3]
         letters cron = \"0 9 * * *\", rules = [\"birthdays\"]
         customers id=1 name=Aurora owner_id=ana birthday=1990-03-29 consent=1 email=aurora@example.com
         customers id=2 name=Bela owner_id=ana birthday=1990-03-29 consent=0 email=bela@example.com
         customers id=3 name=Cara owner_id=ana birthday=1990-03-29 consent=1
         customers id=4 name=Dora owner_id=ana birthday=1990-03-29 email=dora@example.com
         customers id=5 name=Elsa owner_id=ana birthday=1990-03-30 consent=1 email=elsa@example.com
         from 2026-03-25
         2026-03-26 08:30 ana hears Aurora (birthday on 29 Mar 2026, in 3 days), Bela (birthday on 29 Mar 2026, in 3 days), Cara (birthday on 29 Mar 2026, in 3 days), Dora (birthday on 29 Mar 2026, in 3 days)
         2026-03-27 08:30 ana hears Elsa (birthday on 30 Mar 2026, in 3 days)
         2026-03-29 08:30 ana hears Aurora (birthday today), Bela (birthday today), Cara (birthday today), Dora (birthday today)
         2026-03-29 09:00 customer:1 hears Happy birthday, Aurora!
         2026-03-30 06:00 the daemon is down
         2026-03-31 06:00 the daemon is up
         2026-03-31 06:00 ana hears Elsa (birthday yesterday)
         until 2026-04-10",
    );
}

#[test]
fn customers_read_in_their_language_and_are_not_woken() {
    plays(
        "zone Europe/Paris
         rule birthdays: kind = \"birthday\"
         job rules = [\"birthdays\"], cron = \"0 23 31 12 *\"
         defaults quiet = \"20:00-09:00\"
         letters cron = \"0 9 * * *\", rules = [\"birthdays\"]
         customers id=1 name=Aurora birthday=03-29 consent=1 email=a@example.com language=pt-BR time_zone=America/Sao_Paulo
         customers id=2 name=Bela birthday=03-29 consent=1 email=b@example.com time_zone=Asia/Tokyo
         customers id=3 name=Cara birthday=03-29 consent=1 email=c@example.com time_zone=Nowhere/Land language=tlh
         from 2026-03-25
         2026-03-29 09:00 customer:2 hears Happy birthday, Bela!
         2026-03-29 09:00 customer:3 hears Happy birthday, Cara!
         2026-03-29 14:00 customer:1 hears Feliz aniversário, Aurora!
         until 2026-04-10",
    );
}

#[test]
fn nobody_is_written_to_more_often_than_the_caps_allow() {
    plays(
        "rule birthdays: kind = \"birthday\"
         rule years: kind = \"anniversary\"
         rule days: kind = \"important_date\"
         job rules = [\"days\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"years\", \"birthdays\", \"days\"]
         customers id=1 name=Aurora birthday=03-29 since=2021-03-29 consent=1 email=a@example.com
         customers id=2 name=Bela birthday=03-02 consent=1 email=b@example.com
         important_dates customer_id=2 label=Opening date=2026-03-03 yearly=0
         important_dates customer_id=2 label=Fair date=2026-03-04 yearly=0
         important_dates customer_id=2 label=Prize date=2026-03-05 yearly=0
         important_dates customer_id=2 label=Move date=2026-03-09 yearly=0
         from 2026-03-01
         2026-03-02 09:00 customer:2 hears Happy birthday, Bela!
         2026-03-03 09:00 customer:2 hears Opening: our best wishes, Bela
         2026-03-04 09:00 customer:2 hears Fair: our best wishes, Bela
         2026-03-09 09:00 customer:2 hears Move: our best wishes, Bela
         2026-03-29 09:00 customer:1 hears 5 years together, Aurora
         until 2026-04-10",
    );
}

#[test]
fn renewals_are_announced_at_each_step_until_they_have_renewed() {
    plays(
        "rule renewals: kind = \"renewal\", lead_days = [30], max_late_days = 3
         job rules = [\"renewals\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"renewals\"]
         customers id=1 name=Aurora consent=1 email=a@example.com
         subscriptions id=s customer_id=1 mrr_minor=150000 starts_on=2025-04-10 renews_on=2026-04-10
         from 2026-03-01
         2026-03-11 06:00 the daemon is down
         2026-03-12 06:00 the daemon is up
         2026-03-12 06:00 customer:1 hears Aurora, your contract renews on 10 April 2026
         2026-04-10 09:00 customer:1 hears Aurora, your contract renews today
         until 2026-05-10",
    );
}

#[test]
fn whoever_asks_so_is_written_to_no_more_even_what_is_on_its_way() {
    plays(
        "rule days: kind = \"important_date\"
         job rules = [\"days\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"days\"]
         customers id=1 name=Aurora consent=1 email=Aurora@example.com
         important_dates customer_id=1 label=Opening date=2026-03-03 yearly=0
         important_dates customer_id=1 label=Fair date=2026-03-05 yearly=0
         important_dates customer_id=1 label=Prize date=2026-03-09 yearly=0
         from 2026-03-01
         2026-03-03 09:00 customer:1 hears Opening: our best wishes, Aurora
         2026-03-05 08:00 room 3
         2026-03-05 09:00 stop aurora@example.com
         until 2026-03-20",
    );
}

#[test]
fn a_mailbox_that_is_not_there_is_written_to_twice_and_no_more() {
    plays(
        "rule days: kind = \"important_date\"
         job rules = [\"days\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"days\"], a_week = 7
         customers id=1 name=Aurora consent=1 email=a@example.com
         important_dates customer_id=1 label=One date=2026-03-03 yearly=0
         important_dates customer_id=1 label=Two date=2026-03-05 yearly=0
         important_dates customer_id=1 label=Three date=2026-03-07 yearly=0
         important_dates customer_id=1 label=Four date=2026-03-09 yearly=0
         from 2026-03-01
         2026-03-03 08:00 bounces 1
         2026-03-05 09:00 customer:1 hears Two: our best wishes, Aurora
         2026-03-07 08:00 bounces 1
         until 2026-03-20",
    );
}

const LETTERS: &str = r#"
[rules.birthdays]
kind = "birthday"
[rules.years]
kind = "anniversary"
[jobs.letters]
kind = "greetings"
cron = "0 9 * * *"
via = ["mails"]
rules = ["birthdays", "years"]
letter = { signed = "Mona & team", imprint = "Shop Ltd, Street 1, São Paulo", stop = "stop@shop.example" }
"#;

/// A shop that has written to Casa Verde on 2 June, and would again on 3 June.
fn written() -> Care {
    let mut care = Care::new();
    let store = rusqlite::Connection::open(care.path("shop.db")).unwrap();
    let change = "UPDATE customers SET consent = 1, email = 'Casa@example.com', birthday = '06-02', since = '2021-06-03'
                  WHERE id = '7'";
    store.execute(change, []).unwrap();
    care.reconfigure(|text| format!("{text}{LETTERS}"));
    until(&mut care, "2026-06-02T12:30:00Z");
    care
}

fn until(care: &mut Care, when: &str) {
    care.runtime.block_on(care.daemon.replay_until(when.parse().unwrap())).unwrap();
}

fn letters(care: &Care) -> Vec<Vec<u8>> {
    let letters = care.mails.sent().into_iter().filter(|sent| sent.recipient == "customer:7");
    letters.map(|sent| sent.payload.open().unwrap().to_vec()).collect()
}

#[test]
fn a_letter_says_who_writes_and_how_to_hear_no_more_and_nothing_of_us() {
    let care = written();
    let [letter] = letters(&care).try_into().unwrap();
    let raw = String::from_utf8(letter.clone()).unwrap();
    let unfolded = raw.replace("\r\n ", " ");
    let line = |name: &str| {
        let mut lines = unfolded.lines().filter(|line| line.starts_with(&format!("{name}: ")));
        (lines.next().unwrap().to_owned(), lines.count())
    };
    let (listed, more) = line("List-Unsubscribe");
    assert_eq!(more, 0);
    let (url, mailbox) = listed
        .strip_prefix("List-Unsubscribe: <")
        .unwrap()
        .strip_suffix('>')
        .unwrap()
        .split_once(">, <")
        .unwrap();
    assert_eq!(mailbox, "mailto:stop@shop.example?subject=unsubscribe");
    assert!(url.starts_with(&format!("{PUBLIC}/u/")), "{url}");
    assert_eq!(line("List-Unsubscribe-Post").0, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
    assert!(!url.contains('7') || url.len() > PUBLIC.len() + 40, "nothing of the customer is in it: {url}");
    let mail = MessageParser::default().parse(&letter).unwrap();
    assert_eq!(mail.subject(), Some("Happy birthday, Casa Verde!"));
    let text = mail.body_text(0).unwrap();
    let html = mail.body_html(0).unwrap();
    for body in [&text, &html] {
        for part in [
            "Happy birthday, Casa Verde!",
            "Shop Ltd, Street 1, São Paulo",
            "Unsubscribe from these letters",
            url,
        ] {
            assert!(body.replace("&#x3D;", "=").contains(part), "{part} is not in {body}");
        }
        assert!(!body.to_lowercase().contains("retaind"), "{body}");
    }
    assert!(text.contains("Mona & team") && html.contains("Mona &amp; team"));
    // What stays in the house has no such headers.
    let digest = care.mails.sent().into_iter().find(|sent| sent.recipient == "ana").unwrap();
    assert!(!String::from_utf8_lossy(digest.payload.open().unwrap()).contains("List-Unsubscribe"));
}

#[test]
fn one_click_is_enough_and_looking_is_not() {
    let mut care = written();
    let desk = care.serve();
    let raw = String::from_utf8(letters(&care)[0].clone()).unwrap().replace("\r\n ", " ");
    let url = raw.split("List-Unsubscribe: <").nth(1).unwrap().split('>').next().unwrap();
    let path = path_of(url);
    let before = care.dump();
    let page = desk.get(&path);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<form method=\"post\">") && !page.body.contains("retaind"), "{}", page.body);
    let portuguese =
        desk.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Language: xx, pt;q=0.8\r\n\r\n"));
    assert!(portuguese.body.contains("Cancelar o recebimento"), "{}", portuguese.body);
    let form = "Content-Type: application/x-www-form-urlencoded";
    let click = "List-Unsubscribe=One-Click";
    for (path, form_sent, status) in [
        (path.clone(), "", 422),
        (path.clone(), "what=done", 422),
        (path.replace("/u/", "/a/"), click, 404),
        (format!("{path}A"), click, 404),
        (path[..path.len() - 1].to_owned(), click, 404),
        ("/u/".to_owned() + &"A".repeat(46), click, 404),
    ] {
        assert_eq!(desk.send_form(&path, form, form_sent).status, status, "{path} {form_sent}");
    }
    assert_eq!(care.dump(), before, "nothing was changed so far");
    // From a mail program's own servers: no page was open, nobody is logged in.
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in
        [(form, click), ("Content-Type: multipart/form-data; boundary=x", multipart), (form, click)]
    {
        let answer = desk.send_form(&path, &format!("{kind}\r\nSec-Fetch-Site: cross-site"), body);
        assert_eq!(answer.status, 200, "and no redirect");
        assert!(answer.body.contains("We will not write to this address any more"), "{}", answer.body);
    }
    assert_eq!(care.rows("SELECT reason, who FROM suppression"), [["unsubscribed", ""]]);
    let events = care.rows("SELECT count(*) FROM delivery WHERE job = 'unsubscribed'");
    assert_eq!(events, [["1"]], "one wish is one event");
    until(&mut care, "2026-06-03T12:30:00Z");
    assert_eq!(letters(&care).len(), 1);
    let fate =
        care.rows("SELECT state, reason FROM reminder WHERE rule = 'years' AND recipient = 'customer:7'");
    assert_eq!(fate, [["dropped", "the address is not written to any more"]]);
    let event = care.crm.sent().into_iter().find(|sent| sent.job == "unsubscribed").unwrap();
    let event: Json = serde_json::from_slice(event.payload.open().unwrap()).unwrap();
    assert_eq!(
        (event["type"].as_str(), event["data"]["customer_id"].as_str()),
        (Some("customer.unsubscribed"), Some("7"))
    );
}

//! Acting by links: what only looks changes nothing, what acts acts once, and whatever is not right is
//! refused without a word too many.

pub(crate) mod care;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Barrier;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use care::{Answer, Care, HOSTILE, NEW_KEY, OLD_KEY, PUBLIC, path_of, read};
use jiff::Timestamp;
use retaind::care::History;
use retaind::clock::Clock;
use retaind::config::Config;
use retaind::config::Outlet;
use retaind::daemon::pages::Pages;
use retaind::daemon::reminding::Turn;
use retaind::daemon::runner::{self, Asked, Run, RunError};
use retaind::daemon::watching::Known;
use retaind::domain::{Act, EntryId};
use retaind::job::seal::Locales;
use retaind::ledger::{Access, Ledger, acts};
use retaind::outbox::{LinkKey, Links};
use retaind::web::Deadlines;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::records::wrong;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A token of this key for Ana's entry about Casa Verde.
fn token(key: &str, expires: &str) -> String {
    let links = Links::new(PUBLIC, LinkKey::read(key).unwrap(), None, jiff::SignedDuration::from_hours(1));
    links.token(&entry().0, at(expires))
}

fn entry() -> EntryId {
    EntryId::of("reps", at(care::TOLD), "ana", "7")
}

/// What the job of digests decides, as though nobody had been told anything before.
fn decided(config: &Config, locales: &Locales) -> Result<Run, RunError> {
    let at = at(care::TOLD);
    let history = |_: &_| Ok(History::default());
    let asked = Asked {
        job: "reps",
        at,
        now: at,
        turn: Turn::Everybody,
        known: &Known::default(),
        history: &history,
    };
    runner::decide(config, locales, &asked, |_, _| Ok(None))
}

#[test]
fn each_item_has_links_to_one_page_and_telling_it_again_makes_the_same_bytes() {
    let care = Care::new();
    let links = care.links("ana");
    let expected = format!("{PUBLIC}/a/{}", token(OLD_KEY, "2026-06-15T11:30:00Z"));
    // Two follow-ups of one customer are one item; the second is of another customer.
    assert_eq!(links.len(), 4);
    let own = links.iter().position(|link| *link == expected).unwrap();
    assert_eq!(links[own + 1], format!("{expected}#snooze"));
    assert_ne!(links[(own + 2) % 4], expected);
    let (config, locales) = (care.load(Outlet::Configured), Locales::load().unwrap());
    let again = || {
        let run = decided(&config, &locales).unwrap();
        run.decided.deliveries.into_iter().map(|d| d.payload.stored().to_vec()).collect::<Vec<_>>()
    };
    let sent: Vec<Vec<u8>> = care.mails.sent().iter().map(|d| d.payload.stored().to_vec()).collect();
    assert_eq!((again(), again()), (sent.clone(), sent));
}

#[test]
fn where_the_key_cannot_be_read_there_are_no_links_rather_than_dead_ones() {
    let care = Care::new();
    std::fs::remove_file(care.path("key")).unwrap();
    let config = care.load(Outlet::OFFLINE);
    assert!(config.unlinked && config.actions.is_none());
    let locales = Locales::load().unwrap();
    let run = decided(&config, &locales).unwrap();
    assert_eq!((run.decided.deliveries.len(), run.decided.entries.len()), (2, 0));
    let payload = run.decided.deliveries[0].payload.stored().to_vec();
    assert!(!String::from_utf8(payload).unwrap().contains("/a/"));
}

#[test]
fn looking_changes_nothing_whoever_looks() {
    let care = Care::new();
    let desk = care.serve();
    let (before, bytes) = (care.dump(), care.bytes());
    let paths = ["ana", "rep:2"].map(|who| care.links(who)).concat();
    assert_eq!(paths.len(), 6);
    for path in paths.iter().map(|link| path_of(link)) {
        for agent in ["Slackbot-LinkExpanding 1.0", "Mozilla/5.0 (Scanner)", "\u{fffd}"] {
            for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"] {
                for more in ["", "?what=done", "?utm_source=mail&what=done&until=2026-06-02"] {
                    let body = "what=done";
                    let answer = desk.send(&format!(
                        "{method} {path}{more} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\nContent-Length: 9\r\n\
                         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
                    ));
                    let looks = ["GET", "HEAD"].contains(&method);
                    assert_eq!(answer.status, if looks { 200 } else { 405 }, "{method} {path}{more}");
                    assert_eq!(answer.body.contains("<form"), method == "GET");
                }
            }
        }
    }
    assert_eq!(care.dump(), before);
    assert_eq!(care.bytes(), bytes, "not a byte is written");
}

#[test]
fn an_act_is_stored_once_and_said_ever_after() {
    let care = Care::new();
    let desk = care.serve();
    let path = care.path_of_casa_verde();
    let fresh = desk.get(&path);
    for text in [
        "Casa Verde",
        "From your digest of 1 Jun 2026",
        "Follow-up due today: “Send the offer”",
        "“Call”",
        ">Bo<",
        ">Mona<",
    ] {
        assert!(fresh.body.contains(text), "{text} is not in {}", fresh.body);
    }
    assert!(
        !fresh.body.contains("You marked") && !fresh.body.contains(">Cy<") && !fresh.body.contains(">Room<")
    );
    let done = desk.post(&path, "what=done");
    assert_eq!(done.status, 303);
    // Relative to the page, so that it leads back to it below whatever path a proxy has.
    assert_eq!(done.headers["location"], path.rsplit('/').next().unwrap());
    care.clock.advance(at("2026-06-01T12:12:00Z"));
    assert_eq!(desk.post(&path, "what=done").status, 303);
    let page = desk.get(&path);
    assert!(page.body.contains("You marked this done today at 08:30."), "{}", page.body);
    assert!(!page.body.contains("value=\"done\""), "what is done is not offered again");
    let acts = "SELECT at, what, until, whom FROM act";
    let first =
        vec![at(care::TOLD).as_microsecond().to_string(), "done".to_owned(), String::new(), String::new()];
    assert_eq!(care.rows(acts), std::slice::from_ref(&first));
    assert_eq!(
        care.rows("SELECT who, what FROM audit"),
        [["ana, by link".to_owned(), format!("done: customer 7 (entry {})", entry().hex())]]
    );
    care.clock.advance(at("2026-06-02T12:00:00Z"));
    desk.post(&path, "what=snooze&until=2026-06-05");
    let page = desk.get(&path);
    assert!(page.body.contains("You snoozed this until Fri 5 Jun, today at 09:00."), "{}", page.body);
    assert!(page.body.contains("value=\"done\""), "and done is offered again");
    assert_eq!(care.rows(acts).len(), 2);
    assert_eq!(care.rows(acts)[0], first, "what was done stays");
}

#[test]
fn each_act_does_what_it_says_in_the_recipients_language() {
    let care = Care::new();
    let desk = care.serve();
    let path = path_of(&care.links("rep:2")[0]);
    for (form, said, stored) in [
        ("what=not_mine", "Você disse hoje às 08:30 que não é seu.", ["not_mine", "", ""]),
        (
            "what=snooze&until=2026-06-02",
            "Você adiou até ter., 2 de jun., hoje às 08:30.",
            ["snooze", "20606", ""],
        ),
        ("what=hand_over&whom=ana", "Você passou a Ana hoje às 08:30.", ["hand_over", "", "ana"]),
        ("what=done", "Você marcou como feito hoje às 08:30.", ["done", "", ""]),
    ] {
        assert_eq!(desk.post(&path, form).status, 303, "{form}");
        let page = desk.get(&path);
        assert!(page.body.contains(said) && page.body.contains("lang=\"pt-BR\""), "{}", page.body);
        let last = care.rows("SELECT what, until, whom FROM act ORDER BY id DESC LIMIT 1");
        assert_eq!(last, [stored.map(str::to_owned)], "{form}");
    }
    let (daemon, since) = (care.daemon.shared(), at(care::TOLD));
    let acts = daemon.ledger.run_blocking(move |c| acts::since(c, since)).unwrap();
    let last = acts.last().unwrap();
    assert_eq!((acts.len(), &last.act), (4, &Act::Done));
    assert_eq!(
        [&last.recipient, &last.customer, &last.rule, &last.subject],
        ["rep:2", "8", "follow_up", "f3@2026-06-01"]
    );
}

#[test]
fn of_posts_at_one_moment_one_acts() {
    let care = Care::new();
    let desk = care.serve();
    let path = care.path_of_casa_verde();
    let (start, count) = (Barrier::new(16), 16);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let post = || {
            start.wait();
            desk.post(&path, "what=done")
        };
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(post)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 303), "{answers:?}");
    for table in ["act", "audit", "delivery WHERE channel = 'crm'"] {
        assert_eq!(care.rows(&format!("SELECT count(*) FROM {table}")), [["1"]], "{table}");
    }
}

#[test]
fn what_is_not_right_is_refused_and_changes_nothing() {
    let care = Care::new();
    let desk = care.serve();
    let before = care.dump();
    let path = care.path_of_casa_verde();
    let (page, right) = path.split_at("/a/".len());
    let form = "Content-Type: application/x-www-form-urlencoded";
    let done = |path: &str| desk.send_form(path, form, "what=done").status;
    // What is forged, cut, of a stranger's key or of an entry that is not there looks like any other path.
    let stranger = token(NEW_KEY, "2026-06-15T11:30:00Z");
    let nobodys = Links::new("", LinkKey::read(OLD_KEY).unwrap(), None, jiff::SignedDuration::from_hours(1));
    let nobodys = nobodys.token(&[9; 16], at("2026-06-15T11:30:00Z"));
    let flipped = {
        let mut bytes = URL_SAFE_NO_PAD.decode(right).unwrap();
        bytes[41] ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let nothing = desk.get("/");
    assert_eq!(nothing.status, 404);
    for wrong in [&stranger, &nobodys, &flipped, &right[..55], "", "x", "../health", "%00", &"A".repeat(56)] {
        let path = format!("{page}{wrong}");
        let answer = desk.get(&path);
        assert_eq!((answer.status, &answer.body), (404, &nothing.body), "{path}");
        assert_eq!(done(&path), if wrong.is_empty() { 404 } else { done(&format!("{page}x")) }, "{path}");
    }
    for (headers, body, status) in [
        ("Content-Type: application/json", "{\"what\":\"done\"}".to_owned(), 415),
        ("Content-Type: text/plain", "what=done".to_owned(), 415),
        ("X-None: 1", "what=done".to_owned(), 415),
        (
            "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: cross-site",
            "what=done".to_owned(),
            403,
        ),
        (
            "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://evil.example",
            "what=done".to_owned(),
            403,
        ),
        (form, format!("what=done&x={}", "y".repeat(8 << 10)), 413),
        (form, "what=sell".to_owned(), 422),
        (form, String::new(), 422),
        (form, "what=snooze&until=2026-06-01".to_owned(), 422),
        (form, "what=snooze&until=2027-06-02".to_owned(), 422),
        (form, "what=hand_over&whom=rep%3A3".to_owned(), 422),
        (form, "what=hand_over&whom=ana".to_owned(), 422),
    ] {
        let answer = desk.send_form(&path, headers, &body);
        assert_eq!(answer.status, status, "{headers} {body:.40}");
        assert!(answer.body.contains("</html>"), "it is said on a page");
    }
    assert_eq!(care.dump(), before);
    // What was entered is kept, and said back.
    let kept = desk.post(&path, "what=snooze&until=31%2F02%3Cb%3E").body;
    assert!(
        kept.contains("“31/02&lt;b&gt;” cannot be used. Choose a day from 2 Jun 2026 to 1 Jun 2027."),
        "{kept}"
    );
    assert!(kept.contains("value=\"31/02&lt;b&gt;\""), "{kept}");
    assert_eq!(done(&path), 303, "and after all that it still works");
}

#[test]
fn a_link_expires_kindly() {
    let care = Care::new();
    let desk = care.serve();
    let (path, bo) = (care.path_of_casa_verde(), path_of(&care.links("rep:2")[0]));
    care.clock.advance(at("2026-06-15T11:29:59Z"));
    assert_eq!(desk.get(&path).status, 200);
    assert_eq!(desk.post(&path, "what=done").status, 303);
    care.clock.advance(at("2026-06-15T11:30:00Z"));
    let before = care.dump();
    for (path, said) in
        [(&path, "It was good until 15 Jun 2026."), (&bo, "Ele valeu até 15 de jun. de 2026.")]
    {
        for answer in [desk.get(path), desk.post(path, "what=not_mine")] {
            assert_eq!(answer.status, 410);
            assert!(answer.body.contains(said), "{}", answer.body);
            assert!(!answer.body.contains("Casa") && !answer.body.contains("<form"));
        }
    }
    assert_eq!(care.dump(), before);
    // Later nothing is known of whom nobody acted on; the answer is as kind.
    let ledger = &care.daemon.shared().ledger;
    ledger.run_blocking(|c| acts::purge(c, at("2026-06-15T11:30:00Z"), 100)).unwrap();
    assert_eq!(care.rows("SELECT recipient, shown FROM entry"), [["ana", ""]]);
    assert_eq!((desk.get(&bo).status, desk.get(&path).status), (410, 410));
}

#[test]
fn a_key_is_replaced_while_links_of_the_old_one_are_out() {
    let mut care = Care::new();
    let path = care.path_of_casa_verde();
    care.secret("new", NEW_KEY);
    care.reconfigure(|text| {
        text.replace("key = { file = \"key\" }", "key = { file = \"new\" }\nold_key = { file = \"key\" }")
    });
    let desk = care.serve();
    assert_eq!(desk.get(&path).status, 200, "the old key is believed");
    assert_eq!(desk.get(&format!("/a/{}", token(NEW_KEY, "2026-06-15T11:30:00Z"))).status, 200);
    care.reconfigure(|text| text.replace("old_key = { file = \"key\" }", ""));
    let later = retaind::daemon::pages::desk(care.daemon.shared()).unwrap().unwrap();
    desk.server.replace(later);
    assert_eq!(desk.get(&path).status, 404, "and no longer, once it is gone; without a restart");
}

#[test]
fn nothing_of_a_name_is_markup_and_nothing_runs() {
    let care = Care::new();
    let desk = care.serve();
    let hostile = path_of(&care.links("ana")[2]);
    for answer in [
        desk.get(&hostile),
        desk.get("/"),
        desk.get("/health"),
        desk.post(&hostile, "what=done"),
        desk.post(&hostile, ""),
    ] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-robots-tag", "noindex, nofollow"),
        ] {
            assert_eq!(answer.headers[name], value);
        }
        let policy = &answer.headers["content-security-policy"];
        let style = answer.body.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
        let style = style.map_or("'none'".to_owned(), |(style, _)| {
            format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)))
        });
        let expected = format!(
            "default-src 'none'; style-src {style}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!(policy, &expected);
    }
    let page = desk.get(&hostile).body;
    let escaped =
        "&lt;script&gt;alert(1)&lt;/script&gt;&lt;style&gt;*{}&lt;/style&gt;&quot;&#x27;&amp;{{title}}";
    assert!(page.contains(&format!("<h1>{escaped}</h1>")), "{page}");
    assert!(page.contains(&format!("“{escaped}”")), "{page}");
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(!page.contains("<script") && !page.contains(HOSTILE));
}

#[test]
fn an_act_its_audit_and_its_event_are_one_commit() {
    let mut care = Care::new();
    let desk = care.serve();
    let path = care.path_of_casa_verde();
    let before = care.dump();
    let ledger = rusqlite::Connection::open(care.path("ledger.db")).unwrap();
    for table in ["delivery", "audit", "act"] {
        let refuse =
            format!("CREATE TRIGGER refused BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END");
        ledger.execute_batch(&refuse).unwrap();
        let answer = desk.post(&path, "what=snooze&until=2026-06-05");
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "60"));
        assert!(answer.body.contains("Please try again in a minute"));
        ledger.execute_batch("DROP TRIGGER refused").unwrap();
        assert_eq!(care.dump(), before, "{table} refused, nothing stays");
    }
    assert_eq!(desk.post(&path, "what=snooze&until=2026-06-05").status, 303);
    assert_eq!(desk.post(&path, "what=hand_over&whom=rep%3A2").status, 303);
    care.runtime.block_on(care.daemon.step()).unwrap();
    let events: Vec<Json> = care
        .crm
        .sent()
        .iter()
        .map(|sent| serde_json::from_slice(sent.payload.open().unwrap()).unwrap())
        .collect();
    let data = json!({
        "schema": "retaind.act/1", "version": 1, "entry": entry().hex(), "act": "snooze", "until": "2026-06-05",
        "whom": null, "whom_rep_id": null, "at": care::TOLD, "recipient": "ana", "rep_id": "1", "customer_id": "7",
        "reasons": [
            { "rule": "follow_up", "subject": "f2@2026-05-29", "due": "2026-06-01" },
            { "rule": "follow_up", "subject": "f1@2026-06-01", "due": "2026-06-01" },
        ],
        "job": "reps", "occurrence": care::TOLD,
    });
    assert_eq!(events[0], json!({ "type": "care.acted", "timestamp": care::TOLD, "data": data }));
    assert_eq!(
        (&events[1]["data"]["whom"], &events[1]["data"]["whom_rep_id"]),
        (&json!("rep:2"), &json!("2"))
    );
    assert_eq!(events.len(), 2);
    let schema = retaind::render::acted::schema();
    for event in &events {
        assert_eq!(wrong(&schema, &schema, &event["data"], ""), Vec::<String>::new());
    }
}

#[test]
fn whoever_is_slow_holds_nobody_up_and_is_not_waited_for() {
    let care = Care::new();
    let (head, whole) = (Duration::from_secs(1), Duration::from_secs(3));
    let desk = care.serve_within(Deadlines { head, whole });
    let path = care.path_of_casa_verde();
    let silent = desk.connect();
    let mut halting = desk.connect();
    halting.write_all(format!("GET {path} HT").as_bytes()).unwrap();
    let mut unfinished = desk.connect();
    let start = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nwhat"
    );
    unfinished.write_all(start.as_bytes()).unwrap();
    assert_eq!(desk.get(&path).status, 200, "others are served meanwhile");
    for mut stream in [silent, halting, unfinished] {
        let answer = read(&mut stream);
        assert!(![200, 303].contains(&answer.status), "{answer:?}");
    }
    let long = desk.send(&format!("GET {path} HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(64 << 10)));
    assert_ne!(long.status, 200);
    assert_eq!(care.rows("SELECT count(*) FROM act"), [["0"]]);
}

#[test]
fn more_visitors_than_places_are_served_one_after_the_other() {
    let care = Care::new();
    let desk =
        care.serve_within(Deadlines { head: Duration::from_millis(300), whole: Duration::from_secs(10) });
    let path = care.path_of_casa_verde();
    let idle: Vec<_> = (0..300).map(|_| desk.connect()).collect();
    assert_eq!(desk.get(&path).status, 200);
    drop(idle);
    assert_eq!(desk.get(&path).status, 200);
}

#[test]
fn the_server_ends_when_it_is_told_and_what_was_under_way_finishes() {
    let care = Care::new();
    let desk = care.serve();
    let path = care.path_of_casa_verde();
    let mut under_way = desk.connect();
    let start = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nwhat"
    );
    under_way.write_all(start.as_bytes()).unwrap();
    // Served after it in the order of connections: the first one is being read by now.
    assert_eq!(desk.get(&path).status, 200);
    let address = desk.address;
    let stopping = care.runtime.spawn(desk.server.stop());
    let mut refused = false;
    while !refused {
        refused = std::net::TcpStream::connect(address).is_err();
    }
    under_way.write_all(b"=done").unwrap();
    assert_eq!(read(&mut under_way).status, 303);
    care.runtime.block_on(stopping).unwrap();
    assert_eq!(care.rows("SELECT what FROM act"), [["done"]]);
}

#[test]
fn a_port_in_use_does_not_keep_messages_and_is_taken_once_it_is_free() {
    let mut care = Care::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();
    care.reconfigure(|text| format!("{text}listen = \"{address}\"\n"));
    let shared = care.daemon.shared().clone();
    let mut pages = Pages::on(None);
    for _ in 0..5 {
        care.runtime.block_on(pages.settle(&shared));
    }
    let told = care.rows("SELECT recipient, subject FROM delivery WHERE job = 'ops:pages'");
    assert_eq!(told, [["mona", "The links in digests do not work"]], "once, however often it is tried");
    let body = care.rows("SELECT CAST(payload AS TEXT) FROM body JOIN delivery ON delivery.id = delivery WHERE job = 'ops:pages'");
    let mail = mail_parser::MessageParser::default().parse(body[0][0].as_bytes()).unwrap();
    assert!(mail.body_text(0).unwrap().contains(&address.to_string()));
    care.runtime.block_on(care.daemon.step()).unwrap();
    assert!(care.mails.sent().iter().any(|sent| sent.recipient == "mona"), "sending goes on");
    drop(taken);
    care.runtime.block_on(pages.settle(&shared));
    assert!(std::net::TcpStream::connect(address).is_ok(), "and then they are served");
    care.runtime.block_on(pages.settle(&shared));
    // Without the table there are no pages.
    care.reconfigure(|text| text.split("[actions]").next().unwrap().to_owned());
    let shared = care.daemon.shared().clone();
    care.runtime.block_on(pages.settle(&shared));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_page_of_a_template_of_ones_own_has_a_policy_that_fits() {
    let mut care = Care::new();
    let own = care.path("own/action");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("page.html.hbs"), "<style>b{color:red}</style><b>{{title}}</b>").unwrap();
    care.reconfigure(|text| format!("templates = \"own\"\n{text}"));
    let answer = care.serve().get(&care.path_of_casa_verde());
    assert!(answer.body.ends_with("<b>Casa Verde</b>"), "{}", answer.body);
    let hash = STANDARD.encode(Sha256::digest("b{color:red}"));
    assert!(answer.headers["content-security-policy"].contains(&hash));
}

#[test]
fn operators_list_what_was_done() {
    let care = Care::new();
    let desk = care.serve();
    let path = care.path_of_casa_verde();
    desk.post(&path, "what=done");
    desk.post(&path, "what=hand_over&whom=rep%3A2");
    let list = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_retaind"));
        let config = care.path("retaind.toml");
        let output = command.arg("acts").arg("--config").arg(config).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = list(&[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(
        lines[1],
        "2026-06-01 08:30  ana  hand over to Bo  7         follow_up f2@2026-05-29, follow_up f1@2026-06-01"
    );
    assert_eq!(list(&["--recipient", "bo"]), "Nobody has acted yet.\n");
    let json: Json = serde_json::from_str(&list(&["--json", "--limit", "1"])).unwrap();
    let schema = retaind::render::acted::schema();
    assert_eq!(wrong(&schema, &schema, &json[0], ""), Vec::<String>::new());
    assert_eq!((&json[0]["act"], json.as_array().unwrap().len()), (&json!("hand_over"), 1));
}

/// Another process than the daemon's may have the ledger open; a clock that stands still is no trouble.
#[test]
fn an_operators_ledger_sees_acts_as_they_are_stored() {
    let care = Care::new();
    let other = Ledger::open(&care.path("ledger.db"), Access::Operator).unwrap();
    let Clock::Manual(_) = care.clock else { panic!("the clock of a test is moved by hand") };
    care.serve().post(&care.path_of_casa_verde(), "what=not_mine");
    let found = other.run_blocking(|c| acts::find(c, entry())).unwrap().unwrap();
    assert_eq!(found.acts, [(Act::NotMine, at(care::TOLD))]);
}

//! One suite that the messages of every chat service pass: nothing that a name holds is markup there, calls anybody
//! or leads anywhere; every limit holds, in the service's own unit; and whoever is left out is counted.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use retaind::channel::chat::Chat;
use retaind::channel::http::{Deadlines, Endpoint};
use retaind::channel::{Attempt, Channel, Gate};
use retaind::outbox::{Answer, Delivery, DeliveryKey, Scope, Sealed, Service};
use retaind::render::chat::payload;
use retaind::render::view::{ActionView, BecauseView, BlockView, ItemView, ReachView, View};
use serde_json::Value as Json;

/// Where our own links lead; a name's lead nowhere.
const ACT: &str = "https://care.shop.example/a/";
const EVIL: &str = "evil.example";

/// Names as somebody may have typed them into the shop's form.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = [
        "<!channel> <!here> <@U123> <#C1>",
        "@everyone @here @all @channel @room",
        "[x](http://evil.example) ![x](http://evil.example/i.png)",
        "<http://evil.example|Click>",
        "<b>x</b><a href=\"http://evil.example\">x</a><img src=x onerror=alert(1)>",
        "*b* _i_ ~s~ `c` **b** __u__ ||s|| ~~s~~ # h\n# h\n> q\n- l\n1. l\n---",
        "```\n[x](http://evil.example)\n```",
        "<at id=all></at><at user_id=\"all\">x</at><font color=\"warning\">x</font>",
        "](http://evil.example)[x",
        "\\](http://evil.example)\\",
        "\u{202e}gnp.exe \u{200b}\u{2060}\u{feff}",
        "\u{1e}\u{f0000}x\u{f0001}http://evil.example\u{f0002}y\u{f0004}",
        "&lt;!channel&gt; &#42;b&#42; &amp;",
        "=1+1",
        "\"}]}",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("👨‍👩‍👧‍👦".repeat(2_000));
    names.push("永".repeat(20_000));
    names.push("x".repeat(1_000_000));
    names.push("\"\\".repeat(5_000));
    names
}

fn item(number: usize, text: &str) -> ItemView {
    ItemView {
        number,
        customer: text.to_owned(),
        why: text.to_owned(),
        what: Some(text.to_owned()),
        more: vec![BecauseView { why: text.to_owned(), what: Some(text.to_owned()) }],
        facts: text.to_owned(),
        reach: vec![ReachView { text: text.to_owned(), url: "tel:+5511".to_owned() }],
        late: false,
        actions: vec![ActionView { text: "Done".to_owned(), url: format!("{ACT}{number:04}") }],
    }
}

/// A digest of `shown` items, with as many more as it says.
fn digest(text: &str, shown: usize, more: usize) -> View {
    let items =
        BlockView { items: Some((1..=shown).map(|n| item(n, text)).collect()), ..BlockView::default() };
    let rest =
        BlockView { paragraph: Some(format!("and {more} more")), counts: more, ..BlockView::default() };
    View {
        lang: "en".to_owned(),
        kind: "digest",
        subject: text.to_owned(),
        preheader: String::new(),
        title: text.to_owned(),
        lead: vec![text.to_owned()],
        blocks: if more > 0 { vec![items, rest] } else { vec![items] },
        notes_title: String::new(),
        notes: vec!["As of today.".to_owned()],
        sent_by: String::new(),
        attached: None,
        signed: None,
        stop: None,
    }
}

fn message(service: Service, view: &View) -> Json {
    payload(service, view, |n| format!("and {n} more"))
}

/// What of a message a service takes for markup, or shows to its readers where it knows none.
fn said(service: Service, m: &Json) -> String {
    let text = |pointer: &str| m.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let each = |pointer: &str, of: &str| {
        let all = m.pointer(pointer).and_then(Json::as_array).unwrap().iter();
        let texts = all.filter_map(|json| json.pointer(of).and_then(Json::as_str));
        texts.collect::<Vec<_>>().join("\n")
    };
    match service {
        Service::Slack | Service::SlackBot => {
            let sections = m["blocks"].as_array().unwrap().iter().filter(|block| block["type"] != "header");
            let texts = sections.flat_map(|block| [&block["text"]["text"], &block["elements"][0]["text"]]);
            let texts: Vec<&str> = texts.filter_map(Json::as_str).collect();
            format!("{}\n{}", text("/text"), texts.join("\n"))
        }
        Service::Teams => m["attachments"][0]["content"]["body"].to_string(),
        Service::Discord => text("/embeds/0/title") + "\n" + &text("/embeds/0/description"),
        Service::Mattermost | Service::Telegram => text("/text"),
        Service::GoogleChat => each("/cardsV2/0/card/sections/0/widgets", "/textParagraph/text"),
        Service::Feishu => each("/card/elements", "/text/content"),
        Service::DingTalk => text("/markdown/text"),
        Service::WeCom => text("/markdown/content"),
        Service::Matrix => text("/formatted_body"),
        Service::Ntfy => text("/message"),
    }
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What a service refuses, by its own documentation.
fn holds(service: Service, m: &Json) -> Result<(), String> {
    let text = |pointer: &str| m.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let at_most = |what: &str, is: usize, most: usize| {
        if is <= most { Ok(()) } else { Err(format!("{what}: {is} of {most}")) }
    };
    match service {
        Service::Slack | Service::SlackBot => {
            at_most("blocks", m["blocks"].as_array().unwrap().len(), 50)?;
            for block in m["blocks"].as_array().unwrap() {
                let most = if block["type"] == "header" { 150 } else { 3_000 };
                at_most("text", block["text"]["text"].as_str().unwrap_or_default().chars().count(), most)?;
            }
            Ok(())
        }
        Service::Teams => at_most("bytes", m.to_string().len(), 28 * 1024),
        Service::Discord => {
            at_most("title", utf16(&text("/embeds/0/title")), 256)?;
            at_most("description", utf16(&text("/embeds/0/description")), 4_096)
        }
        Service::Mattermost => at_most("characters", text("/text").chars().count(), 16_383),
        Service::GoogleChat => at_most("bytes", m.to_string().len(), 32_000),
        Service::Telegram => at_most("units", utf16(&text("/text")), 4_096),
        Service::Feishu => at_most("bytes", m.to_string().len(), 20 * 1024),
        Service::DingTalk => at_most("bytes", m.to_string().len(), 20_000),
        Service::WeCom => at_most("bytes", text("/markdown/content").len(), 4_096),
        Service::Matrix => at_most("bytes", m.to_string().len(), 60_000),
        Service::Ntfy => at_most("bytes", text("/message").len(), 4_096),
    }
}

/// Where a message leads, by the service's own markup.
fn links(service: Service, m: &Json) -> Vec<String> {
    let all = said(service, m);
    match service {
        Service::Slack | Service::SlackBot => {
            let open = all.split('<').skip(1);
            open.map(|rest| rest.split(['|', '>']).next().unwrap().to_owned()).collect()
        }
        Service::Teams => {
            let mut urls = Vec::new();
            let mut stack = vec![m];
            while let Some(json) = stack.pop() {
                if json["type"] == "Action.OpenUrl" {
                    urls.push(json["url"].as_str().unwrap().to_owned());
                }
                match json {
                    Json::Array(all) => stack.extend(all),
                    Json::Object(all) => stack.extend(all.values()),
                    _ => {}
                }
            }
            urls
        }
        Service::Telegram => {
            let entities = m["entities"].as_array().unwrap().iter();
            entities.filter_map(|entity| entity["url"].as_str().map(str::to_owned)).collect()
        }
        Service::GoogleChat | Service::Matrix => {
            all.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        }
        _ => {
            // Markdown: a bracket that no backslash stands before.
            let chars: Vec<char> = all.chars().collect();
            let mut urls = Vec::new();
            for at in 0..chars.len().saturating_sub(1) {
                let slashes = chars[..at].iter().rev().take_while(|c| **c == '\\').count();
                if chars[at] == ']' && chars[at + 1] == '(' && slashes % 2 == 0 {
                    urls.push(chars[at + 2..].iter().take_while(|c| **c != ')').collect());
                }
            }
            urls
        }
    }
}

/// What stands between angle brackets, where those are markup.
fn tags(service: Service, m: &Json) -> Vec<String> {
    let all = said(service, m);
    let tags = all.split('<').skip(1).map(|rest| rest.split(['>', ' ']).next().unwrap().to_owned());
    tags.collect()
}

fn calls_nobody(service: Service, m: &Json) -> Result<(), String> {
    let all = said(service, m);
    let is = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {all:.300}")) };
    match service {
        Service::Slack | Service::SlackBot => is(!all.contains("<!") && !all.contains("<@"), "a mention"),
        Service::Discord => {
            is(m["allowed_mentions"]["parse"] == serde_json::json!([]), "mentions are allowed")
        }
        Service::Matrix => is(m["m.mentions"] == serde_json::json!({}), "mentions are allowed"),
        Service::Teams => is(!m.to_string().contains("\"entities\""), "a mention"),
        Service::Feishu | Service::WeCom | Service::DingTalk => is(!all.contains('<'), "an element"),
        Service::Ntfy => Ok(()),
        Service::Mattermost | Service::Telegram | Service::GoogleChat => {
            let calls = ["@everyone", "@here", "@all", "@channel", "@room"];
            is(!calls.iter().any(|call| all.contains(call)), "a mention")
        }
    }
}

#[test]
fn nothing_that_a_name_holds_is_markup_in_any_chat() {
    for (name, service) in Service::ALL {
        for text in hostile() {
            // Nobody lists forty names of a megabyte each.
            let counts = if text.len() > 100_000 { &[1][..] } else { &[0, 2, 40] };
            for shown in counts.iter().copied() {
                let m = message(service, &digest(&text, shown, 3));
                let start: String = text.chars().take(40).collect();
                let case = format!("{name}, {shown} items of {start:?}");
                holds(service, &m).unwrap_or_else(|wrong| panic!("{case}: {wrong}"));
                calls_nobody(service, &m).unwrap_or_else(|wrong| panic!("{case}: {wrong}"));
                for url in links(service, &m) {
                    let ours = url.starts_with(ACT) || url == "tel:+5511" || url == "tel:%2B5511";
                    assert!(ours && !url.contains(EVIL), "{case}: leads to {url}");
                }
                if matches!(service, Service::GoogleChat | Service::Matrix) {
                    let ours = [
                        "b", "/b", "a", "/a", "br", "p", "/p", "strong", "/strong", "pre", "code", "/code",
                        "/pre",
                    ];
                    for tag in tags(service, &m) {
                        assert!(ours.contains(&tag.as_str()), "{case}: <{tag}>");
                    }
                }
            }
        }
    }
}

#[test]
fn whoever_is_left_out_is_counted_and_links_by_which_a_reader_acts_are_whole() {
    for (name, service) in Service::ALL {
        for length in [1, 40, 200, 900, 3_000] {
            for (shown, more) in [(1, 0), (15, 0), (15, 13), (40, 2), (80, 0)] {
                let text = "Aurora Log ".repeat(length / 11 + 1);
                let m = message(service, &digest(&text, shown, more));
                let case = format!("{name}: {shown} items of {length} characters, and {more}");
                holds(service, &m).unwrap_or_else(|wrong| panic!("{case}: {wrong}"));
                let act: Vec<String> =
                    links(service, &m).into_iter().filter(|url| url.starts_with(ACT)).collect();
                assert!(act.iter().all(|url| url.len() == ACT.len() + 4), "{case}: {act:?}");
                let said = said(service, &m).replace(['\\', '\u{2060}'], "");
                let hidden =
                    said.split("and ").filter_map(|rest| rest.split_once(" more")?.0.parse::<usize>().ok());
                let hidden: Vec<usize> = hidden.collect();
                // Slack counts blocks, and has one for each item and for the rest.
                if !matches!(service, Service::Slack | Service::SlackBot) {
                    assert_eq!(act.len() + hidden.iter().sum::<usize>(), shown + more, "{case}: {hidden:?}");
                }
                assert!(!act.is_empty(), "{case}: nobody is shown");
            }
        }
    }
}

#[test]
fn entities_of_telegram_stand_where_their_words_are() {
    let m = message(Service::Telegram, &digest("Família 👨‍👩‍👧‍👦 永安", 3, 0));
    let units: Vec<u16> = m["text"].as_str().unwrap().encode_utf16().collect();
    let mut words = Vec::new();
    for entity in m["entities"].as_array().unwrap() {
        let (at, length) =
            (entity["offset"].as_u64().unwrap() as usize, entity["length"].as_u64().unwrap() as usize);
        words.push((entity["type"].as_str().unwrap(), String::from_utf16(&units[at..at + length]).unwrap()));
    }
    let expected = [
        ("bold", "Família 👨‍👩‍👧‍👦 永安"),
        ("bold", "1. Família 👨‍👩‍👧‍👦 永安"),
        ("text_link", "Done"),
        ("bold", "2. Família 👨‍👩‍👧‍👦 永安"),
        ("text_link", "Done"),
        ("bold", "3. Família 👨‍👩‍👧‍👦 永安"),
        ("text_link", "Done"),
    ];
    let words: Vec<(&str, &str)> = words.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
    assert_eq!(words, expected);
}

/// A server that reads one request and answers it, or hangs up.
fn answering(answer: Option<&'static str>) -> (u16, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut piece = [0; 4096];
        loop {
            let n = stream.read(&mut piece).unwrap();
            request.push_str(std::str::from_utf8(&piece[..n]).unwrap());
            let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
            let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().to_owned();
            if body.len() >= length.split("\r\n").next().unwrap().parse::<usize>().unwrap() {
                break;
            }
        }
        if let Some(body) = answer {
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                .unwrap();
        }
        request
    });
    (port, server)
}

fn chat(service: Service, port: u16) -> Chat {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let deadlines = Deadlines { connect: Duration::from_secs(5), total: Duration::from_secs(5) };
    let url = format!("http://127.0.0.1:{port}/hook?key=abcdefgh");
    let endpoint = Endpoint::new(&url, true, deadlines).unwrap();
    let secret = |text: &str| Some(secrecy::SecretString::from(text));
    let (token, keyword) = (secret("tok:en-123456\n"), Some("sales".to_owned()));
    Chat { service, endpoint, token, secret: secret("SECdemo"), keyword }
}

fn send(service: Service, answer: Option<&'static str>, payload: &str) -> (Answer, String) {
    let (port, server) = answering(answer);
    let chat = Channel::Chat(Box::new(chat(service, port)));
    let now = "2023-11-14T22:13:20Z".parse().unwrap();
    let delivery = Delivery {
        key: DeliveryKey::from_stored("0123456789abcdef0123456789abcdef"),
        job: "reps".to_owned(),
        occurrence: now,
        recipient: "rep:1".to_owned(),
        channel: "chat".to_owned(),
        address: "!a/b:example.org".to_owned(),
        subject: "s".to_owned(),
        payload: Sealed::new(payload.as_bytes().to_vec()),
        not_before: now,
        expires: now + jiff::SignedDuration::from_hours(1),
    };
    let gate: Gate = Box::new(|| Box::pin(async { true }));
    let attempt = Attempt { delivery: &delivery, payload: &payload.to_owned().into(), now, gate };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    (runtime.block_on(chat.send(attempt)), server.join().unwrap())
}

const OK: &str = r#"{"ok":true,"code":0,"errcode":0,"event_id":"$1"}"#;

#[test]
fn each_service_is_asked_as_it_wants_to_be() {
    // By Python: the signature over "1700000000000\nSECdemo", and that with the key "1700000000\nSECdemo".
    let ding = "timestamp=1700000000000&sign=lOvVf9TQCVugV68mGbSZCg0gzOl1SVjxWi1MyVZCUuA%3D";
    let feishu = r#""sign":"U1q8KAchlt+ocM9vRG/rtwroY6XMkyjtyUV9XOpczwI=","timestamp":"1700000000""#;
    let card = r#"{"card":{"elements":[]}}"#;
    let text = r#"{"markdown":{"text":"t"}}"#;
    let cases: [(Service, &str, &[&str]); 8] = [
        (
            Service::Matrix,
            "{}",
            &[
                "PUT /hook/_matrix/client/v3/rooms/!a%2Fb:example.org/send/m.room.message/0123456789abcdef0123456789abcdef?",
                "authorization: Bearer tok:en-123456\r\n",
            ],
        ),
        (
            Service::Telegram,
            "{}",
            &["POST /hook/bottok:en-123456/sendMessage?", r#""chat_id":"!a/b:example.org""#],
        ),
        (
            Service::SlackBot,
            "{}",
            &[
                "POST /hook/api/chat.postMessage?",
                "authorization: Bearer tok:en-123456\r\n",
                r#""channel":"!a/b:example.org""#,
            ],
        ),
        (
            Service::Ntfy,
            "{}",
            &["POST /hook?", "authorization: Bearer tok:en-123456\r\n", r#""topic":"!a/b:example.org""#],
        ),
        (Service::Discord, "{}", &["POST /hook?key=abcdefgh&wait=true "]),
        (Service::DingTalk, text, &["POST /hook?key=abcdefgh&", ding, "t\\n\\nsales"]),
        (Service::Feishu, card, &["POST /hook?key=abcdefgh ", feishu, r#""content":"sales""#]),
        (Service::WeCom, "{}", &["POST /hook?key=abcdefgh ", "content-type: application/json\r\n"]),
    ];
    for (service, payload, wanted) in cases {
        let (answer, request) = send(service, Some(OK), payload);
        assert!(matches!(answer, Answer::Accepted(_)), "{service:?}: {answer:?}");
        for part in wanted {
            assert!(request.contains(part), "{service:?}: {part} is not in\n{request}");
        }
    }
}

#[test]
fn a_lost_answer_is_uncertain_save_where_the_server_knows_the_message_again() {
    for (_, service) in Service::ALL {
        let (answer, _) = send(service, None, "{}");
        let again = matches!(answer, Answer::NotNow { scope: Scope::Message, .. });
        let unknown = matches!(answer, Answer::Unknown(_));
        assert!(if service == Service::Matrix { again } else { unknown }, "{service:?}: {answer:?}");
    }
    for (_, service) in Service::ALL {
        let (answer, _) = send(service, Some("bottok:en-123456 hook?key=abcdefgh tok:en-123456"), "{}");
        let said = format!("{answer:?}");
        assert!(!said.contains("abcdefgh"), "{service:?}: {said}");
    }
}

#[test]
fn a_service_that_can_be_asked_says_whether_it_knows_us() {
    let cases: [(Service, &'static str, &str, bool); 6] = [
        (Service::SlackBot, r#"{"ok":true}"#, "POST /hook/api/auth.test?", true),
        (
            Service::SlackBot,
            r#"{"ok":false,"error":"invalid_auth"}"#,
            "authorization: Bearer tok:en-123456",
            false,
        ),
        (Service::Telegram, r#"{"ok":true,"result":{}}"#, "GET /hook/bottok:en-123456/getMe?", true),
        (
            Service::Matrix,
            r#"{"user_id":"@retaind:example.org"}"#,
            "GET /hook/_matrix/client/v3/account/whoami?",
            true,
        ),
        (Service::Matrix, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#, "authorization: Bearer tok:en-123456", false),
        (Service::Ntfy, r#"{"healthy":true}"#, "GET /hook/v1/health?", true),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (service, said, asked, knows) in cases {
        let (port, server) = answering(Some(said));
        let probed = runtime.block_on(chat(service, port).probe()).unwrap();
        assert_eq!(probed.is_ok(), knows, "{service:?}: {probed:?}");
        let request = server.join().unwrap();
        assert!(request.contains(asked), "{service:?}: {request}");
    }
    assert!(runtime.block_on(chat(Service::Teams, 9).probe()).is_none(), "Teams can only be posted to");
}

//! The fault table of the web channels: for each answer, or want of one, where the delivery stands
//! afterwards, whether the attempt is charged, and when it is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::expect::{Expect, again, end};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use retaind::channel::chat::Chat;
use retaind::channel::http::{Deadlines, Endpoint};
use retaind::channel::webhook::{Webhook, read_key};
use retaind::channel::{Attempt, Channel};
use retaind::clock::Stopwatch;
use retaind::outbox::{Answer, Delivery, DeliveryKey, Event, Scope, Sealed, State, Status, delivery};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What the peer does once it has read a request.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Answers with a status, headers and a body.
    Say(u16, &'static str, &'static str),
    /// Writes this and resets the connection.
    Reset(&'static str),
    /// Writes this and ends the connection.
    Cut(&'static str),
    /// Writes the first once and the second for ever, as fast as it is taken.
    Flood(&'static str, &'static str),
    /// Writes the first once and the second for ever, every ten milliseconds.
    Drip(&'static str, &'static str),
    /// Nothing, and no end.
    Silence,
}
use Act::{Cut, Drip, Flood, Reset, Say, Silence};

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Over connections of our own.
    Webhook,
    /// Through the library, as it is over TLS.
    Pooled,
    Slack,
}

/// Five seconds, give or take a fifth.
const SOON: (i64, i64) = (4, 6);
const DAY: i64 = 86_400;

const SENT: Expect = end(Status::Sent, 0);
const DEAD: Expect = end(Status::Dead, 1);
/// This message is refused for now: charged.
const AGAIN: Expect = again(Scope::Message, 1, SOON);
/// Nobody's fault here: not charged.
const PAUSED: Expect = again(Scope::Destination, 0, SOON);
/// Our own set-up is refused: not charged.
const CHANNEL_TROUBLE: Expect = again(Scope::Channel, 0, SOON);
/// It may have arrived: once more after a quarter of an hour, then held.
const UNCERTAIN: Expect = Expect { status: Status::Uncertain, charged: 1, scope: None, wait: (900, 900) };

const fn paused_for(seconds: i64) -> Expect {
    again(Scope::Destination, 0, (seconds, seconds))
}

const HOOK: &[Kind] = &[Kind::Webhook, Kind::Pooled];
const SLACK: &[Kind] = &[Kind::Slack];
const BOTH: &[Kind] = &[Kind::Webhook, Kind::Pooled, Kind::Slack];

const OK_HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNK: &str = "10\r\n0123456789abcdef\r\n";
const TOMORROW: &str =
    "Date: Mon, 02 Nov 2026 11:00:00 GMT\r\nRetry-After: Mon, 02 Nov 2026 11:02:00 GMT\r\n";
const IN_TEN_YEARS: &str =
    "Date: Mon, 02 Nov 2026 11:00:00 GMT\r\nRetry-After: Sun, 02 Nov 2036 11:00:00 GMT\r\n";
const IN_THE_PAST: &str =
    "Date: Mon, 02 Nov 2026 11:00:00 GMT\r\nRetry-After: Mon, 02 Nov 2020 11:00:00 GMT\r\n";

const TABLE: &[(&[Kind], Act, Expect)] = &[
    // Taken.
    (BOTH, Say(200, "", "ok"), SENT),
    (HOOK, Say(202, "", "queued"), SENT),
    (HOOK, Say(204, "", ""), SENT),
    // Slack's success is the word.
    (SLACK, Say(200, "", "invalid_payload"), DEAD),
    (SLACK, Say(200, "", "<html>Sign in to this network</html>"), DEAD),
    // Ours for ever.
    (BOTH, Say(400, "", "invalid_blocks"), DEAD),
    (BOTH, Say(413, "", ""), DEAD),
    (BOTH, Say(422, "", ""), DEAD),
    // The channel's set-up.
    (BOTH, Say(401, "", ""), CHANNEL_TROUBLE),
    (BOTH, Say(403, "", "invalid_token"), CHANNEL_TROUBLE),
    (BOTH, Say(404, "", "no_service"), CHANNEL_TROUBLE),
    (BOTH, Say(410, "", "channel_is_archived"), CHANNEL_TROUBLE),
    (BOTH, Say(404, "", "Cannot POST /services/T0S3CRET0/B0TOKEN99?key=0S3CRET0"), CHANNEL_TROUBLE),
    // Later, and when.
    (BOTH, Say(429, "", ""), PAUSED),
    (BOTH, Say(502, "", "<h1>Bad gateway</h1>"), PAUSED),
    (BOTH, Say(503, "", ""), PAUSED),
    (BOTH, Say(504, "", ""), PAUSED),
    (BOTH, Say(429, "Retry-After: 120\r\n", ""), paused_for(120)),
    (BOTH, Say(503, "Retry-After: 120\r\n", ""), paused_for(120)),
    (BOTH, Say(429, "Retry-After: 0\r\n", ""), paused_for(1)),
    (BOTH, Say(429, TOMORROW, ""), paused_for(120)),
    (BOTH, Say(503, IN_TEN_YEARS, ""), paused_for(DAY)),
    (BOTH, Say(429, "Retry-After: 315360000\r\n", ""), paused_for(DAY)),
    (BOTH, Say(429, "Retry-After: 99999999999999999999\r\n", ""), PAUSED),
    (BOTH, Say(429, "Retry-After: -120\r\n", ""), PAUSED),
    (BOTH, Say(503, IN_THE_PAST, ""), PAUSED),
    (BOTH, Say(429, "Retry-After: when it suits\r\n", ""), PAUSED),
    (BOTH, Say(500, "", "oops"), AGAIN),
    (BOTH, Say(500, "Retry-After: 120\r\n", ""), again(Scope::Message, 1, (120, 120))),
    (BOTH, Say(408, "", ""), AGAIN),
    (BOTH, Say(425, "", ""), AGAIN),
    // No answer. A webhook's receiver knows the id, so it is sent again; Slack knows none.
    (HOOK, Silence, AGAIN),
    (SLACK, Silence, UNCERTAIN),
    (HOOK, Cut(""), AGAIN),
    (SLACK, Cut(""), UNCERTAIN),
    (HOOK, Reset("HTTP/1.1 200 O"), AGAIN),
    (SLACK, Reset("HTTP/1.1 200 O"), UNCERTAIN),
    (HOOK, Cut("SSH-2.0-OpenSSH_9.9\r\n"), AGAIN),
    (SLACK, Cut("SSH-2.0-OpenSSH_9.9\r\n"), UNCERTAIN),
    (HOOK, Drip("HTTP/1.1 200 OK\r\nX: ", "x"), AGAIN),
    (SLACK, Drip("HTTP/1.1 200 OK\r\nX: ", "x"), UNCERTAIN),
    (HOOK, Flood("HTTP/1.1 200 OK\r\nX: ", "xxxxxxxxxxxxxxxx"), AGAIN),
    (SLACK, Flood("HTTP/1.1 200 OK\r\nX: ", "xxxxxxxxxxxxxxxx"), UNCERTAIN),
    (HOOK, Drip("", "HTTP/1.1 100 Continue\r\n\r\n"), AGAIN),
    (SLACK, Drip("", "HTTP/1.1 100 Continue\r\n\r\n"), UNCERTAIN),
    // Half an answer: the status is enough for a webhook; Slack's word is missing.
    (HOOK, Flood(OK_HEAD, CHUNK), SENT),
    (SLACK, Flood(OK_HEAD, CHUNK), DEAD),
    (HOOK, Drip(OK_HEAD, CHUNK), SENT),
    (SLACK, Drip(OK_HEAD, CHUNK), UNCERTAIN),
    (HOOK, Reset("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), SENT),
    (SLACK, Reset("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), UNCERTAIN),
    (SLACK, Cut(OK_HEAD), UNCERTAIN),
    (BOTH, Cut("HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 100\r\n\r\nhalf"), paused_for(120)),
];

/// A request as it arrived: its head, in lower case but for values, and its body.
#[derive(Debug, Clone)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).expect("no such header").1
    }
}

/// A scripted HTTP/1.1 peer.
struct Peer {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    /// Does the `n`th act for the `n`th request; the last one repeats.
    async fn start(acts: Vec<Act>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let shared = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), acts.clone(), shared.clone()));
            }
        });
        Peer { port, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request a connection; an error ends it.
async fn serve(
    mut stream: BufReader<TcpStream>,
    acts: Vec<Act>,
    seen: Arc<Mutex<Vec<Request>>>,
) -> io::Result<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let mut request = Request { head, body: Vec::new() };
    request.body.resize(request.header("content-length").parse().unwrap(), 0);
    stream.read_exact(&mut request.body).await?;
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request);
        seen.len()
    };
    let mut stream = stream.into_inner();
    match acts[number.min(acts.len()) - 1] {
        Say(status, headers, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Said\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(format!("{head}{body}").as_bytes()).await
        }
        Reset(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.set_zero_linger()
        }
        Cut(text) => stream.write_all(text.as_bytes()).await,
        Flood(first, rest) => {
            stream.write_all(first.as_bytes()).await?;
            loop {
                stream.write_all(rest.repeat(64).as_bytes()).await?;
            }
        }
        Drip(first, rest) => {
            stream.write_all(first.as_bytes()).await?;
            let mut every = tokio::time::interval(Duration::from_millis(10));
            loop {
                every.tick().await;
                stream.write_all(rest.as_bytes()).await?;
            }
        }
        Silence => std::future::pending().await,
    }
}

fn now() -> Timestamp {
    "2026-11-02T11:00:00Z".parse().unwrap()
}

const KEYS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"];

fn endpoint(port: u16, total: Duration) -> Endpoint {
    // As `main` does; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://127.0.0.1:{port}/services/T0S3CRET0/B0TOKEN99?key=0S3CRET0");
    Endpoint::new(&url, true, Deadlines { connect: LONG, total }).unwrap()
}

fn channel(kind: Kind, port: u16, total: Duration) -> Channel {
    let endpoint = endpoint(port, total);
    let keys = || KEYS.map(|key| read_key(key).unwrap()).into();
    match kind {
        Kind::Slack => {
            let service = retaind::outbox::Service::Slack;
            Channel::Chat(Box::new(Chat { service, endpoint, token: None, secret: None, keyword: None }))
        }
        Kind::Pooled => Channel::Webhook(Webhook::new(endpoint, keys())),
        Kind::Webhook => Channel::Webhook(Webhook::new(endpoint.for_many(), keys())),
    }
}

fn message() -> Delivery {
    Delivery {
        key: DeliveryKey::of("weekly", now(), "crm", "crm"),
        job: "weekly".to_owned(),
        occurrence: now(),
        recipient: "crm".to_owned(),
        channel: "crm".to_owned(),
        address: String::new(),
        subject: "Weekly report".to_owned(),
        payload: Sealed::new(br#"{"type":"report.weekly","text":"Ol\u00e1"}"#.to_vec()),
        not_before: now(),
        expires: now() + SignedDuration::from_hours(120),
    }
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(3);

/// One attempt at `at`. A channel that never answers is a fault of its own.
async fn attempt(channel: &Channel, mail: &Delivery, at: Timestamp) -> Result<Answer, String> {
    let gate: retaind::channel::Gate = Box::new(|| Box::pin(async { true }));
    let payload = mail.payload.open().unwrap();
    let sending = channel.send(Attempt { delivery: mail, payload, now: at, gate });
    tokio::time::timeout(LONG / 3, sending).await.map_err(|_| "the channel never answers".to_owned())
}

fn after(state: &State, answer: &Answer, channel: &Channel, of: &Delivery) -> State {
    let event = Event::Answered(answer.clone());
    delivery::after(state, &event, now(), channel.retry(), of.key.seed(), of.expires)
}

fn check(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

/// Holds an answer against what is expected of it.
fn judge(answer: &Answer, channel: &Channel, mail: &Delivery, expect: Expect) -> Result<State, String> {
    let state = after(&State::pending(now()), answer, channel, mail);
    let said = || format!("{answer:?} -> {state:?}");
    let scope = if let Answer::NotNow { scope, .. } = answer { Some(*scope) } else { None };
    let wait = state.not_before.duration_since(now()).as_secs();
    check((state.status, state.attempts, scope) == (expect.status, expect.charged, expect.scope), said)?;
    check((expect.wait.0..=expect.wait.1).contains(&wait), || format!("{wait} s: {}", said()))?;
    check(state.ambiguous == u32::from(expect.status == Status::Uncertain), said)?;
    let told = ["S3CRET", "B0TOKEN99", "whsec"].iter().any(|secret| said().contains(secret));
    check(!told, || format!("a secret in {}", said()))?;
    Ok(state)
}

/// Plays one cell of the table.
async fn play(peer: Peer, channel: Channel, expect: Expect) -> Result<(), String> {
    let mail = message();
    let answer = attempt(&channel, &mail, now()).await?;
    let state = judge(&answer, &channel, &mail, expect)?;
    check(peer.requests().len() == 1, || format!("{} requests", peer.requests().len()))?;
    if expect.status == Status::Uncertain {
        let answer = attempt(&channel, &mail, now()).await?;
        let state = after(&state, &answer, &channel, &mail);
        check(state.status == Status::Held, || format!("the second time: {answer:?} -> {state:?}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_and_every_fault_ends_as_the_table_says() {
    // Making a client reads the machine's certificates, which takes its time; so all of them first.
    let mut ready = Vec::new();
    for (kinds, act, expect) in TABLE {
        for kind in *kinds {
            let peer = Peer::start(vec![*act]).await;
            let waits = matches!(act, Silence | Drip(..));
            let channel = channel(*kind, peer.port, if waits { SHORT } else { LONG });
            ready.push((format!("{kind:?} x {act:?}"), play(peer, channel, *expect)));
        }
    }
    let mut cells = JoinSet::new();
    for (name, played) in ready {
        cells.spawn(async move { played.await.map_err(|why| format!("{name}: {why}")) });
    }
    let wrong: Vec<String> = cells.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let other = Peer::start(vec![Say(200, "", "ok")]).await;
    let location: &str = format!("Location: http://127.0.0.1:{}/elsewhere\r\n", other.port).leak();
    for status in [301, 302, 303, 307, 308] {
        for kind in BOTH {
            let peer = Peer::start(vec![Say(status, location, "")]).await;
            let channel = channel(*kind, peer.port, LONG);
            let mail = message();
            let answer = attempt(&channel, &mail, now()).await.unwrap();
            judge(&answer, &channel, &mail, DEAD).unwrap();
            assert_eq!(peer.requests().len(), 1);
        }
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_peer_that_is_not_there_costs_nothing() {
    // Bound and not listening: refused, and nobody else can take the port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    for kind in BOTH {
        let channel = channel(*kind, port, LONG);
        let mail = message();
        let answer = attempt(&channel, &mail, now()).await.unwrap();
        judge(&answer, &channel, &mail, PAUSED).unwrap();
    }
}

#[tokio::test]
async fn an_endless_answer_ends_long_before_the_deadline() {
    let peer = Peer::start(vec![Flood(OK_HEAD, CHUNK)]).await;
    let watch = Stopwatch::start();
    let answer = attempt(&channel(Kind::Webhook, peer.port, LONG), &message(), now()).await.unwrap();
    assert!(matches!(&answer, Answer::Accepted(note) if note.len() < 1_000), "{answer:?}");
    assert!(watch.elapsed() < LONG / 6, "{:?}", watch.elapsed());
}

/// What a receiver computes, by the Standard Webhooks specification.
fn signature(key: &str, request: &Request) -> String {
    let key = STANDARD.decode(key.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(
        format!("{}.{}.", request.header("webhook-id"), request.header("webhook-timestamp")).as_bytes(),
    );
    mac.update(&request.body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_receiver_can_trust_what_arrives_and_drop_a_copy() {
    let peer = Peer::start(vec![Cut(""), Say(200, "", "")]).await;
    let channel = channel(Kind::Webhook, peer.port, LONG);
    let mail = message();
    let later = now() + SignedDuration::from_secs(5);
    assert!(matches!(attempt(&channel, &mail, now()).await.unwrap(), Answer::NotNow { .. }));
    assert!(matches!(attempt(&channel, &mail, later).await.unwrap(), Answer::Accepted(_)));
    let requests = peer.requests();
    assert_eq!(requests.len(), 2);
    for (request, at) in requests.iter().zip([now(), later]) {
        assert_eq!(request.body, mail.payload.stored());
        assert_eq!(request.header("webhook-id"), requests[0].header("webhook-id"));
        assert_eq!(request.header("webhook-timestamp"), at.as_second().to_string());
        let expected = KEYS.map(|key| signature(key, request)).join(" ");
        assert_eq!(request.header("webhook-signature"), expected);
    }
    assert!(requests[0].header("webhook-id").contains(mail.key.as_str()));
}

/// Says the `n`th answer to the `n`th request on a connection and ends it after the last; how many requests
/// each connection brought.
async fn kept_peer(answers: &'static [String]) -> (u16, Arc<Mutex<Vec<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counts: Arc<Mutex<Vec<usize>>> = Arc::default();
    let seen = counts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = seen.lock().unwrap().len();
            seen.lock().unwrap().push(0);
            let mut stream = BufReader::new(stream);
            for answer in answers {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap_or(0) > 0 {}
                let request = Request { head, body: Vec::new() };
                if request.head.is_empty() {
                    break;
                }
                let mut body = vec![0; request.header("content-length").parse().unwrap()];
                stream.read_exact(&mut body).await.unwrap();
                seen.lock().unwrap()[number] += 1;
                // A client that has read enough may be gone already.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    (port, counts)
}

#[tokio::test]
async fn a_connection_takes_the_next_message_only_if_nothing_is_left_of_the_last_one() {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let long = 100 << 10;
    let cases: [(&str, Vec<String>, &[usize]); 6] = [
        ("kept", vec![OK.to_owned(); 9], &[3]),
        ("chunks", vec![format!("{OK_HEAD}2\r\nok\r\n0\r\n\r\n"); 9], &[3]),
        ("ended while it rested", vec![OK.to_owned()], &[1, 1, 1]),
        ("told to close", vec![OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"); 9], &[1, 1, 1]),
        ("said too much", vec![format!("{OK}HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"); 9], &[1, 1, 1]),
        (
            "not read to its end",
            vec![format!("HTTP/1.1 200 OK\r\nContent-Length: {long}\r\n\r\n{}", "x".repeat(long)); 9],
            &[1, 1, 1],
        ),
    ];
    for (name, answers, expected) in cases {
        let answers: &'static [String] = answers.leak();
        // What is left of a long answer the library reads and drops by itself.
        let kinds = if answers[0].len() > long { &HOOK[..1] } else { HOOK };
        for kind in kinds {
            let (port, counts) = kept_peer(answers).await;
            let (aside, _) = kept_peer(&[]).await;
            let channel = channel(*kind, port, LONG);
            for _ in 0..3 {
                let answer = attempt(&channel, &message(), now()).await.unwrap();
                assert!(matches!(answer, Answer::Accepted(_)), "{name}, {kind:?}: {answer:?}");
                // What came before this did is seen: an end of the connection, for one.
                let mut other = TcpStream::connect(("127.0.0.1", aside)).await.unwrap();
                assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
            }
            assert_eq!(*counts.lock().unwrap(), expected, "{name}, {kind:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_kept_open_when_there_is_nothing_to_send() {
    let (port, counts) = kept_peer(vec!["HTTP/1.1 204 No\r\n\r\n".to_owned(); 9].leak()).await;
    let channel = channel(Kind::Webhook, port, LONG);
    for _ in 0..2 {
        attempt(&channel, &message(), now()).await.unwrap();
        channel.rest().await;
    }
    assert_eq!(*counts.lock().unwrap(), [1, 1]);
}

#[tokio::test]
async fn both_ways_ask_for_the_same() {
    let mut heads = Vec::new();
    for kind in HOOK {
        let peer = Peer::start(vec![Say(200, "", "")]).await;
        attempt(&channel(*kind, peer.port, LONG), &message(), now()).await.unwrap();
        let head = peer.requests()[0].head.to_ascii_lowercase().replace(&peer.port.to_string(), "PORT");
        let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
        lines[1..].sort();
        heads.push(lines);
    }
    assert_eq!(heads[0], heads[1]);
}

//! The fault table of e-mail: for each phase of SMTP and each fault, where the delivery stands afterwards,
//! whether the attempt is charged, and when it is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::expect::{Expect, again, end};
use jiff::{SignedDuration, Timestamp};
use retaind::channel::email::{Deadlines, Email, Relay, Tls, Trust, Way};
use retaind::channel::{Attempt, Channel};
use retaind::outbox::{Answer, Delivery, DeliveryKey, Event, Scope, Sealed, State, Status, delivery};
use retaind::render::mime;
use tokio::task::JoinSet;

use self::peer::{Fault, Peer, Phase};
use Fault::{Cut, Drip, Garbage, Huge, Reply, Reset, Silence};

/// A minute, give or take a fifth.
const SOON: (i64, i64) = (48, 72);

const SENT: Expect = end(Status::Sent, 0);
const DEAD: Expect = end(Status::Dead, 1);
/// Proven unsent, and nobody's fault here: not charged.
const UNSENT: Expect = again(Scope::Destination, 0, SOON);
/// Our own set-up is refused: not charged.
const CHANNEL_TROUBLE: Expect = again(Scope::Channel, 0, SOON);
/// The quota is used up: not charged, and an hour at least.
const QUOTA: Expect = again(Scope::Channel, 0, (3_600, 86_400));
/// This message is refused for now: charged.
const AGAIN: Expect = again(Scope::Message, 1, SOON);
/// Greylisted: charged, and five minutes at least.
const GREYLISTED: Expect = again(Scope::Message, 1, (300, 3_600));
/// It may have arrived: once more after a quarter of an hour, then held.
const UNCERTAIN: Expect = Expect { status: Status::Uncertain, charged: 1, scope: None, wait: (900, 900) };

const WIRE: &[Fault] = &[Cut, Reset, Silence, Drip, Garbage, Huge];

const TABLE: &[(Phase, &[Fault], Expect)] = &[
    // The wire, up to the final dot: nothing was sent.
    (Phase::Greeting, WIRE, UNSENT),
    (Phase::Ehlo, WIRE, UNSENT),
    (Phase::Starttls, WIRE, UNSENT),
    (Phase::Handshake, WIRE, UNSENT),
    (Phase::Login, WIRE, UNSENT),
    (Phase::Sender, WIRE, UNSENT),
    (Phase::Recipient, WIRE, UNSENT),
    (Phase::Data, WIRE, UNSENT),
    (Phase::Body, WIRE, UNSENT),
    // From the final dot on nobody knows; once it was accepted, nothing matters any more.
    (Phase::SmallBody, &[Cut, Reset], UNCERTAIN),
    (Phase::End, WIRE, UNCERTAIN),
    (Phase::Quit, WIRE, SENT),
    // "Not now", and whose trouble it is.
    (
        Phase::Greeting,
        &[Reply("421 4.3.2 closing"), Reply("450 4.3.2 busy"), Reply("454 4.7.0 later")],
        UNSENT,
    ),
    (Phase::Ehlo, &[Reply("421 4.3.2 closing"), Reply("450 4.3.2 busy"), Reply("451 4.3.0 error")], UNSENT),
    (Phase::Starttls, &[Reply("421 4.3.2 closing"), Reply("454 4.7.0 no TLS just now")], UNSENT),
    (Phase::Login, &[Reply("421 4.3.2 closing"), Reply("451 4.3.0 error")], UNSENT),
    (Phase::Login, &[Reply("454 4.7.0 try later")], CHANNEL_TROUBLE),
    (
        Phase::Sender,
        &[Reply("421 4.7.0 too many"), Reply("451 4.3.0 error"), Reply("452 4.3.1 no space")],
        UNSENT,
    ),
    (Phase::Recipient, &[Reply("421 4.7.0 too many")], UNSENT),
    (Phase::Recipient, &[Reply("450 4.2.0 greylisted"), Reply("451 4.7.1 greylisted")], GREYLISTED),
    (Phase::Recipient, &[Reply("452 4.2.2 mailbox full"), Reply("552 5.5.3 too many recipients")], AGAIN),
    (Phase::Data, &[Reply("421 4.3.2 closing")], UNSENT),
    (Phase::Data, &[Reply("451 4.3.0 error"), Reply("452 4.3.1 no space")], AGAIN),
    (Phase::Body, &[Reply("451 4.3.0 error")], AGAIN),
    (Phase::End, &[Reply("421 4.3.2 closing")], UNSENT),
    (Phase::End, &[Reply("450 4.2.1 busy"), Reply("451 4.3.0 error"), Reply("452 4.3.1 no space")], AGAIN),
    // "Never": before RCPT it is about us, after it about the message.
    (Phase::Greeting, &[Reply("554 5.7.1 you are listed"), Reply("521 5.3.2 no mail here")], CHANNEL_TROUBLE),
    (Phase::Ehlo, &[Reply("550 5.7.1 bad name"), Reply("502 5.5.1 what?")], CHANNEL_TROUBLE),
    (Phase::Starttls, &[Reply("502 5.5.1 what?")], CHANNEL_TROUBLE),
    (Phase::Login, &[Reply("535 5.7.8 wrong password"), Reply("530 5.7.0 TLS first")], CHANNEL_TROUBLE),
    (Phase::Sender, &[Reply("550 5.7.1 not yours"), Reply("553 5.1.8 no such domain")], CHANNEL_TROUBLE),
    (Phase::Recipient, &[Reply("550 5.1.1 nobody"), Reply("553 5.1.3 what?"), Reply("554 5.7.1 no")], DEAD),
    (Phase::Data, &[Reply("554 5.5.1 no valid recipients"), Reply("550 5.7.1 no")], DEAD),
    (Phase::Body, &[Reply("552 5.3.4 too big")], DEAD),
    (Phase::End, &[Reply("552 5.3.4 too big"), Reply("554 5.6.0 spam"), Reply("550 5.7.1 no")], DEAD),
    // Quotas, whatever the basic code.
    (Phase::Sender, &[Reply("550 5.4.5 daily quota")], QUOTA),
    (Phase::Recipient, &[Reply("550 5.4.5 daily quota"), Reply("450 4.7.28 too fast")], QUOTA),
    (Phase::End, &[Reply("550 5.4.5 daily quota"), Reply("421 4.7.28 too fast")], QUOTA),
    // The answer to something else.
    (Phase::Sender, &[Reply("354 out of step")], UNSENT),
    (Phase::Recipient, &[Reply("354 out of step")], UNSENT),
    (Phase::Data, &[Reply("250 2.0.0 out of step")], UNSENT),
    (Phase::End, &[Reply("354 out of step")], UNCERTAIN),
    // All is well.
    (Phase::Recipient, &[Fault::None, Reply("251 2.1.5 will forward")], SENT),
];

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(4);
const PASSWORD: &str = "correct horse";

fn now() -> Timestamp {
    "2026-11-02T11:00:00Z".parse().unwrap()
}

/// Only the deadline under test is short, so that a busy machine cannot spoil the phases before it.
fn deadlines(phase: Phase, fault: Fault) -> Deadlines {
    let stuck_body = phase == Phase::Body && matches!(fault, Garbage | Huge);
    let waits = matches!(fault, Silence | Drip) || stuck_body;
    let at = |phases: &[Phase]| if waits && phases.contains(&phase) { SHORT } else { LONG };
    let ending = [Phase::Body, Phase::End];
    Deadlines {
        connect: LONG,
        tls: at(&[Phase::Starttls, Phase::Handshake]),
        command: at(&[
            Phase::Greeting,
            Phase::Ehlo,
            Phase::Starttls,
            Phase::Handshake,
            Phase::Login,
            Phase::Sender,
            Phase::Recipient,
            Phase::Idle,
            Phase::Again,
        ]),
        data: at(&[Phase::Data]),
        body: if waits && ending.contains(&phase) { Duration::ZERO } else { LONG },
        last: at(&ending),
    }
}

/// No handshake of these tests gets as far as a certificate, so what is trusted does not matter.
fn trust() -> Trust {
    // As `main` does; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Trust { config: Arc::new(config) }
}

fn relay(port: u16, tls: Tls, deadlines: Deadlines) -> Relay {
    let hello = lettre::transport::smtp::extension::ClientId::Domain("shop.example.com".to_owned());
    let login = Some(("shop".to_owned(), PASSWORD.to_owned().into()));
    Relay { host: "127.0.0.1".to_owned(), port, tls, login, hello, deadlines }
}

fn email(relay: Relay) -> Channel {
    let from = mime::mailbox("Shop", &mime::address("shop@example.com").unwrap());
    Channel::Email(Email::new(from, Way::Smtp(Box::new(relay))))
}

/// A message with dots at the starts of lines, and `attached` bytes beside it.
fn message(number: usize, attached: usize) -> Delivery {
    let key = DeliveryKey::of("weekly", now(), &format!("ana{number}"), "office");
    let file = mime::File { name: "a.csv".into(), kind: "text/csv", bytes: vec![b'x'; attached] };
    let payload = mime::build(&mime::Mail {
        key: &key,
        date: now(),
        from: &mime::mailbox("Shop", &mime::address("shop@example.com").unwrap()),
        to_name: "Ana",
        to: &mime::address("ana@example.com").unwrap(),
        subject: "Weekly report",
        text: DOTS,
        html: "<p>.</p>",
        inline: &[],
        files: &[file][..usize::from(attached > 0)],
        stop: None,
    });
    Delivery {
        key,
        job: "weekly".to_owned(),
        occurrence: now(),
        recipient: format!("ana{number}"),
        channel: "office".to_owned(),
        address: "ana@example.com".to_owned(),
        subject: "Weekly report".to_owned(),
        payload: Sealed::new(payload.unwrap()),
        not_before: now(),
        expires: now() + SignedDuration::from_hours(120),
    }
}

const DOTS: &str = ".\n..\n.dot at the start\nplain\n...\n. \n.";

/// One attempt, and whether it passed the gate. A channel that never answers is a fault of its own.
async fn attempt(channel: &Channel, delivery: &Delivery) -> Result<(Answer, bool), String> {
    attempt_at(channel, delivery, now()).await
}

async fn attempt_at(
    channel: &Channel,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<(Answer, bool), String> {
    let passed = Arc::new(AtomicBool::new(false));
    let mark = passed.clone();
    let gate: retaind::channel::Gate = Box::new(move || {
        Box::pin(async move {
            mark.store(true, Ordering::SeqCst);
            true
        })
    });
    let payload = delivery.payload.open().unwrap();
    let sending = channel.send(Attempt { delivery, payload, now, gate });
    let answer = tokio::time::timeout(LONG / 3, sending).await.map_err(|_| "the channel never answers")?;
    Ok((answer, passed.load(Ordering::SeqCst)))
}

fn after(state: &State, answer: &Answer, channel: &Channel, of: &Delivery) -> State {
    let event = Event::Answered(answer.clone());
    delivery::after(state, &event, now(), channel.retry(), of.key.seed(), of.expires)
}

fn check(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

/// Plays one cell of the table.
async fn play(phase: Phase, fault: Fault, pipelining: bool, expect: Expect) -> Result<(), String> {
    let peer = Peer::offering(phase, fault, usize::MAX, pipelining);
    let protected = matches!(phase, Phase::Starttls | Phase::Handshake);
    let tls = if protected { Tls::Starttls(trust()) } else { Tls::None };
    let channel = email(relay(peer.port, tls, deadlines(phase, fault)));
    let large = if phase == Phase::Body { 3 << 20 } else { 0 };
    let mail = message(0, large);
    let (answer, passed) = attempt(&channel, &mail).await?;
    let state = after(&State::pending(now()), &answer, &channel, &mail);
    channel.rest().await;
    let said = || format!("{answer:?} -> {state:?}");
    let scope = if let Answer::NotNow { scope, .. } = &answer { Some(*scope) } else { None };
    let wait = state.not_before.duration_since(now()).as_secs();
    check((state.status, state.attempts, scope) == (expect.status, expect.charged, expect.scope), said)?;
    check((expect.wait.0..=expect.wait.1).contains(&wait), || format!("{wait} s: {}", said()))?;
    check(state.ambiguous == u32::from(expect.status == Status::Uncertain), said)?;
    check(!state.reason.contains(PASSWORD), said)?;
    {
        let seen = peer.seen();
        check(seen.reached, || format!("never got there: {}", said()))?;
        check(passed || seen.body_bytes == 0, || "bytes before the gate".to_owned())?;
        let clear = |line: &String| !["EHLO", "STARTTLS", "QUIT"].iter().any(|verb| line.starts_with(verb));
        check(!(protected && seen.lines.iter().any(clear)), || format!("in the clear: {:?}", seen.lines))?;
    }
    if expect.status == Status::Uncertain {
        let (answer, _) = attempt(&channel, &mail).await?;
        let state = after(&state, &answer, &channel, &mail);
        check(state.status == Status::Held, || format!("the second time: {answer:?} -> {state:?}"))?;
        check(peer.seen().connections == 2, || "a connection out of step was used again".to_owned())?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_in_every_phase_ends_as_the_table_says() {
    for pipelining in [false, true] {
        let mut cells = JoinSet::new();
        for (phase, faults, expect) in TABLE.iter().filter(|(phase, ..)| !pipelining || is_pipelined(*phase))
        {
            for fault in *faults {
                cells.spawn(async move {
                    let played = play(*phase, *fault, pipelining, *expect).await;
                    played.map_err(|why| format!("{phase:?} x {fault:?}: {why}"))
                });
            }
        }
        assert!(cells.len() >= 60, "{} cells", cells.len());
        let wrong: Vec<String> = cells.join_all().await.into_iter().filter_map(Result::err).collect();
        assert!(wrong.is_empty(), "pipelining {pipelining}, {} cells:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// The phases in which PIPELINING makes a difference.
fn is_pipelined(phase: Phase) -> bool {
    use Phase::{Body, Data, End, Quit, Recipient, Sender, SmallBody};
    matches!(phase, Sender | Recipient | Data | Body | SmallBody | End | Quit)
}

#[tokio::test]
async fn a_relay_that_is_not_there_costs_nothing() {
    // Bound and not listening: refused, and nobody else can take the port.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let channel = email(relay(port, Tls::None, Deadlines::default()));
    let mail = message(0, 0);
    let (answer, passed) = attempt(&channel, &mail).await.unwrap();
    let state = after(&State::pending(now()), &answer, &channel, &mail);
    assert_eq!((state.status, state.attempts, passed), (Status::Pending, 0, false), "{answer:?}");
    assert!(matches!(answer, Answer::NotNow { scope: Scope::Destination, .. }), "{answer:?}");
}

#[tokio::test]
async fn without_starttls_no_password_is_sent() {
    let peer = Peer::start(Phase::Quit, Fault::None, 0);
    let channel = email(relay(peer.port, Tls::Starttls(trust()), Deadlines::default()));
    let (answer, passed) = attempt(&channel, &message(0, 0)).await.unwrap();
    assert!(matches!(answer, Answer::NotNow { scope: Scope::Channel, .. }) && !passed, "{answer:?}");
    let seen = peer.seen();
    assert!(seen.lines.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{:?}", seen.lines);
}

#[tokio::test]
async fn fifty_messages_share_one_session_and_arrive_intact() {
    let peer = Peer::start(Phase::Quit, Fault::None, 0);
    let channel = email(relay(peer.port, Tls::None, Deadlines::default()));
    let mails: Vec<Delivery> = (0..50).map(|number| message(number, 0)).collect();
    for mail in &mails {
        let (answer, passed) = attempt(&channel, mail).await.unwrap();
        assert!(matches!(&answer, Answer::Accepted(note) if note.contains("queued as 4711")), "{answer:?}");
        assert!(passed);
    }
    channel.rest().await;
    let seen = peer.seen();
    assert_eq!((seen.connections, seen.mails.len()), (1, 50));
    let parser = mail_parser::MessageParser::default();
    let mut ids = std::collections::BTreeSet::new();
    for (arrived, mail) in seen.mails.iter().zip(&mails) {
        assert_eq!(Some(arrived.as_slice()), mail.payload.open().map(AsRef::as_ref));
        let parsed = parser.parse(arrived).unwrap();
        assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n").trim_end_matches('\n'), DOTS);
        ids.insert(parsed.message_id().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 50);
}

const STALE: &[Fault] = &[Cut, Reset, Silence, Drip, Garbage, Huge, Reply("421 4.4.2 idle too long")];

#[tokio::test]
async fn a_kept_connection_that_went_bad_is_replaced() {
    // One that rested is asked; one that did not shows it by the next message's first answer.
    for (phase, rested, pipelining) in
        [(Phase::Idle, 6, false), (Phase::Again, 4, false), (Phase::Again, 4, true)]
    {
        for fault in STALE {
            let peer = Peer::offering(phase, *fault, 1, pipelining);
            let channel = email(relay(peer.port, Tls::None, deadlines(phase, *fault)));
            for number in 0..2 {
                let at = now() + SignedDuration::from_secs(rested * number as i64);
                let (answer, _) = attempt_at(&channel, &message(number, 0), at).await.unwrap();
                assert!(matches!(answer, Answer::Accepted(_)), "{phase:?} {fault:?}: {answer:?}");
            }
            let seen = peer.seen();
            let arrived = (seen.reached, seen.connections, seen.mails.len());
            assert_eq!(arrived, (true, 2, 2), "{phase:?} {fault:?} {pipelining}");
        }
    }
}

#[tokio::test]
async fn only_a_connection_that_rested_is_asked_whether_it_still_stands() {
    for (rested, asked) in [(0, 0), (5, 0), (6, 1), (3_600, 1)] {
        let peer = Peer::start(Phase::Quit, Fault::None, 0);
        let channel = email(relay(peer.port, Tls::None, Deadlines::default()));
        for number in 0..2 {
            let at = now() + SignedDuration::from_secs(rested * number as i64);
            attempt_at(&channel, &message(number, 0), at).await.unwrap();
        }
        let seen = peer.seen();
        let noops = seen.lines.iter().filter(|line| *line == "NOOP").count();
        assert_eq!((noops, seen.connections), (asked, 1), "after {rested} s");
    }
}

#[tokio::test]
async fn a_refused_recipient_costs_the_next_message_nothing() {
    let peer = Peer::offering(Phase::Recipient, Reply("550 5.1.1 nobody"), 1, true);
    let channel = email(relay(peer.port, Tls::None, Deadlines::default()));
    let (answer, passed) = attempt(&channel, &message(0, 0)).await.unwrap();
    assert!(matches!(answer, Answer::Never(_)) && !passed, "{answer:?}");
    let (answer, _) = attempt(&channel, &message(1, 0)).await.unwrap();
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    let seen = peer.seen();
    assert_eq!((seen.connections, seen.mails.len()), (2, 1), "the first message's DATA was answered, too");
}

/// Some relays write one; lettre 0.11 panics on it.
#[tokio::test]
async fn a_blank_extension_is_no_trouble() {
    let peer = Peer::start(Phase::Ehlo, Reply("250-peer\r\n250-   \r\n250 AUTH PLAIN"), 1);
    let channel = email(relay(peer.port, Tls::None, Deadlines::default()));
    let (answer, _) = attempt(&channel, &message(0, 0)).await.unwrap();
    assert!(matches!(answer, Answer::Accepted(_)) && peer.seen().reached, "{answer:?}");
}

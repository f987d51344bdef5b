//! One SMTP connection, phase by phase, each under a deadline of its own. Nothing is reused unless a
//! message ended cleanly on it.

use std::future::Future;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lettre::Address;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::verdict::{self, Stage};
use super::wire::{Reply, Stream, Wire};
use super::{Relay, Tls, Trust, unreachable};
use crate::channel::Gate;
use crate::outbox::{Answer, Scope};

/// The end of a message is written together with so many bytes before it. While these were not written,
/// what was cut is proven unsent.
const LAST: usize = 16 << 10;

/// A logged-in connection.
pub(super) struct Session {
    /// Boxed: a session is handed on from message to message.
    wire: Box<Wire>,
    offers: Offers,
    /// When the last message on it began; long ago, before there was one.
    used: Timestamp,
}

/// What the relay said it can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Offers {
    starttls: bool,
    pipelining: bool,
    auth: Option<Mechanism>,
}

/// A way to log in that we know, the better one last. Plain passwords only ever go through TLS or to this
/// machine; both are fine there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mechanism {
    Login,
    Plain,
}

/// How much of a message's way was gone.
pub(super) enum Course {
    /// It was refused or cut before its body.
    Ended(Answer),
    /// The relay waits for the body.
    Open,
}

impl Session {
    /// Connects, greets, protects, logs in.
    pub(super) async fn open(relay: &Relay) -> Result<Session, Answer> {
        let deadlines = relay.deadlines;
        let connecting = TcpStream::connect((relay.host.as_str(), relay.port));
        let stream = within(deadlines.connect, connecting, "connect").await?;
        // A short write must not wait 40 ms for the peer's word on the one before it.
        let _ = stream.set_nodelay(true);
        let stream = match &relay.tls {
            Tls::Implicit(trust) => Stream::Tls(Box::new(protect(relay, trust, stream).await?)),
            Tls::Starttls(_) | Tls::None => Stream::Plain(stream),
        };
        let mut wire = Wire::new(stream);
        let greeting = timed(Stage::Greeting, deadlines.command, wire.reply()).await?;
        expect(Stage::Greeting, &greeting)?;
        let mut offers = hello(&mut wire, relay).await?;
        if let Tls::Starttls(trust) = &relay.tls {
            if !offers.starttls {
                let reason = "TLS: the relay does not offer STARTTLS".to_owned();
                return Err(Answer::NotNow { reason, after: None, scope: Scope::Channel });
            }
            command(&mut wire, Stage::Tls, deadlines.command, "STARTTLS\r\n").await?;
            let plain = wire.into_plain().map_err(|e| unreachable(format!("TLS: {e}")))?;
            wire = Wire::new(Stream::Tls(Box::new(protect(relay, trust, plain).await?)));
            // What was offered in the clear may have been anyone's word.
            offers = hello(&mut wire, relay).await?;
        }
        if let Some((login, password)) = &relay.login {
            log_in(&mut wire, relay, offers, login, password.expose_secret()).await?;
        }
        Ok(Session { wire: Box::new(wire), offers, used: Timestamp::UNIX_EPOCH })
    }

    /// When the last message on it began; long ago, before there was one.
    pub(super) fn used(&self) -> Timestamp {
        self.used
    }

    /// Whether the other side is still there.
    pub(super) async fn is_alive(&mut self, relay: &Relay) -> bool {
        let noop = command(&mut self.wire, Stage::Sender, relay.deadlines.command, "NOOP\r\n");
        noop.await.is_ok()
    }

    /// Who sends, to whom, and that the body follows: in one write where the relay takes it (RFC 2920),
    /// else each after the answer to the one before.
    pub(super) async fn envelope(
        &mut self,
        relay: &Relay,
        from: &Address,
        to: &Address,
        now: Timestamp,
    ) -> Course {
        self.used = now;
        let (command, data) = (relay.deadlines.command, relay.deadlines.data);
        let steps = [
            (Stage::Sender, command, format!("MAIL FROM:<{from}>\r\n")),
            (Stage::Recipient, command, format!("RCPT TO:<{to}>\r\n")),
            (Stage::Data, data, "DATA\r\n".to_owned()),
        ];
        let at_once = self.offers.pipelining;
        for (n, (stage, deadline, line)) in steps.iter().enumerate() {
            let lines = match (at_once, n) {
                (true, 0) => steps.iter().map(|(.., line)| line.as_str()).collect(),
                (true, _) => String::new(),
                (false, _) => line.clone(),
            };
            let step = async {
                if !lines.is_empty() {
                    self.wire.write(lines.as_bytes()).await?;
                }
                self.wire.reply().await
            };
            // A refusal ends it here, whatever the answers to the rest will be: nobody waits for them.
            if let Err(answer) = timed(*stage, *deadline, step).await.and_then(|r| expect(*stage, &r)) {
                return Course::Ended(answer);
            }
        }
        Course::Open
    }

    /// The body and its end, once past the gate. The flag says whether the connection may take another.
    pub(super) async fn content(&mut self, relay: &Relay, message: &[u8], gate: Gate) -> (Answer, bool) {
        if !gate().await {
            return (unreachable("the claim was lost".to_owned()), false);
        }
        let deadlines = relay.deadlines;
        let bytes = stuffed(message);
        let (head, last) = bytes.split_at(bytes.len().saturating_sub(LAST));
        let mebibytes = u32::try_from(message.len() >> 20).unwrap_or(u32::MAX) + 1;
        let body = deadlines.body.saturating_mul(mebibytes);
        if !head.is_empty()
            && let Err(answer) = timed(Stage::Body, body + deadlines.last, self.wire.write(head)).await
        {
            return (answer, false);
        }
        // From here on the final dot may be out.
        let end = async {
            self.wire.write(last).await?;
            self.wire.reply().await
        };
        match timed(Stage::End, body + deadlines.last, end).await {
            Err(answer) => (answer, false),
            Ok(reply) if reply.is_done() => (Answer::Accepted(reply.said(200)), true),
            Ok(reply) => (expect(Stage::End, &reply).err().unwrap_or_else(|| out_of_step(&reply)), false),
        }
    }

    /// Says goodbye; whether it is heard does not matter.
    pub(super) async fn quit(mut self) {
        let goodbye = async {
            self.wire.write(b"QUIT\r\n").await?;
            self.wire.reply().await
        };
        let _ = timeout(Duration::from_secs(5), goodbye).await;
    }
}

/// A message as it goes over the wire: dots at the starts of lines doubled (RFC 5321, section 4.5.2), and
/// its end.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 64);
    // Most messages have no such dot, which is found out many bytes at a time: hence no early end.
    let after = message.get(1..).unwrap_or_default();
    let pair = |(a, b): (&u8, &u8)| u8::from(*a == b'\n') & u8::from(*b == b'.');
    let inside = message.iter().zip(after).map(pair).fold(0, |any, one| any | one) != 0;
    if inside || message.starts_with(b".") {
        for line in message.split_inclusive(|b| *b == b'\n') {
            if line.starts_with(b".") {
                bytes.push(b'.');
            }
            bytes.extend_from_slice(line);
        }
    } else {
        bytes.extend_from_slice(message);
    }
    bytes.extend_from_slice(if message.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" });
    bytes
}

async fn hello(wire: &mut Wire, relay: &Relay) -> Result<Offers, Answer> {
    let line = format!("EHLO {}\r\n", relay.hello);
    let reply = command(wire, Stage::Greeting, relay.deadlines.command, &line).await?;
    Ok(offers(&reply.text))
}

/// The first line is the relay's name.
fn offers(text: &str) -> Offers {
    let mut offers = Offers::default();
    for line in text.lines().skip(1) {
        let mut words = line.split([' ', '=']).map(str::to_ascii_uppercase);
        match words.next().as_deref() {
            Some("STARTTLS") => offers.starttls = true,
            Some("PIPELINING") => offers.pipelining = true,
            Some("AUTH") => {
                let known = words.filter_map(|word| match word.as_str() {
                    "PLAIN" => Some(Mechanism::Plain),
                    "LOGIN" => Some(Mechanism::Login),
                    _ => None,
                });
                offers.auth = known.chain(offers.auth).max();
            }
            _ => {}
        }
    }
    offers
}

async fn log_in(
    wire: &mut Wire,
    relay: &Relay,
    offers: Offers,
    login: &str,
    password: &str,
) -> Result<(), Answer> {
    let steps = match offers.auth {
        Some(Mechanism::Plain) => {
            vec![format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{login}\0{password}")))]
        }
        Some(Mechanism::Login) => {
            vec!["AUTH LOGIN".to_owned(), STANDARD.encode(login), STANDARD.encode(password)]
        }
        None => {
            let reason = "AUTH: the relay offers neither PLAIN nor LOGIN".to_owned();
            return Err(Answer::NotNow { reason, after: None, scope: Scope::Channel });
        }
    };
    for (n, step) in steps.iter().enumerate() {
        let reply = said(wire, Stage::Login, relay.deadlines.command, &format!("{step}\r\n")).await?;
        if n + 1 == steps.len() || reply.code != 334 {
            expect(Stage::Login, &reply)?;
        }
    }
    Ok(())
}

async fn protect(relay: &Relay, trust: &Trust, stream: TcpStream) -> Result<TlsStream<TcpStream>, Answer> {
    let name = rustls::pki_types::ServerName::try_from(relay.host.clone())
        .map_err(|e| unreachable(format!("TLS: {e}")))?;
    let connector = tokio_rustls::TlsConnector::from(trust.config.clone());
    match timeout(relay.deadlines.tls, connector.connect(name, stream)).await {
        Err(_) => Err(verdict::of_timeout(Stage::Tls)),
        Ok(Err(e)) => Err(verdict::of_silence(Stage::Tls, &e)),
        Ok(Ok(stream)) => Ok(stream),
    }
}

/// Says a line and hears the answer, which must be a yes.
async fn command(wire: &mut Wire, stage: Stage, deadline: Duration, line: &str) -> Result<Reply, Answer> {
    let reply = said(wire, stage, deadline, line).await?;
    expect(stage, &reply).map(|()| reply)
}

async fn said(wire: &mut Wire, stage: Stage, deadline: Duration, line: &str) -> Result<Reply, Answer> {
    let exchange = async {
        wire.write(line.as_bytes()).await?;
        wire.reply().await
    };
    timed(stage, deadline, exchange).await
}

async fn timed<T>(
    stage: Stage,
    deadline: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, Answer> {
    match timeout(deadline, work).await {
        Err(_) => Err(verdict::of_timeout(stage)),
        Ok(Err(e)) => Err(verdict::of_silence(stage, &e)),
        Ok(Ok(value)) => Ok(value),
    }
}

/// A yes is 354 to DATA and 2xx to everything else; a yes of the other kind answers something else.
fn expect(stage: Stage, reply: &Reply) -> Result<(), Answer> {
    match reply.code {
        354 if stage == Stage::Data => Ok(()),
        200..=299 if stage != Stage::Data => Ok(()),
        400..=599 => Err(verdict::of_reply(stage, reply)),
        _ if stage == Stage::End => Err(out_of_step(reply)),
        code => Err(unreachable(format!("{}: out of step: {code}", stage.name()))),
    }
}

/// The answer to something else where the message's own should be: so that is not known.
fn out_of_step(reply: &Reply) -> Answer {
    Answer::Unknown(format!("final dot: out of step: {}", reply.code))
}

async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = io::Result<T>>,
    what: &str,
) -> Result<T, Answer> {
    match timeout(deadline, work).await {
        Err(_) => Err(unreachable(format!("{what}: no answer in time"))),
        Ok(Err(e)) => Err(unreachable(format!("{what}: {e}"))),
        Ok(Ok(value)) => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_where_a_line_begins_and_nowhere_else() {
        for (message, wire) in [
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n..b\r\nc.\r\n", "..\r\n...b\r\nc.\r\n.\r\n"),
            ("", "\r\n.\r\n"),
        ] {
            assert_eq!(stuffed(message.as_bytes()), wire.as_bytes(), "{message:?}");
        }
    }

    #[test]
    fn what_is_offered_is_read_in_any_case_and_in_the_old_form() {
        let all = Offers { starttls: true, pipelining: true, auth: Some(Mechanism::Plain) };
        assert_eq!(offers("relay\npipelining\nStartTLS\nAUTH PLAIN LOGIN"), all);
        assert_eq!(offers("relay\nAUTH=LOGIN"), Offers { auth: Some(Mechanism::Login), ..Offers::default() });
        assert_eq!(offers("PIPELINING"), Offers::default());
        assert_eq!(offers("relay\n   \nPIPELININGX"), Offers::default());
    }
}

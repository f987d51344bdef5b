//! One SMTP connection, phase by phase, each under a deadline of its own. lettre's own timeout covers
//! only the connect, and its pool gives a connection back after a time-out, out of step; so nothing here
//! is reused unless a message ended cleanly on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::response::{Response, Severity};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stream::{Bounded, Budget};
use super::verdict::{self, Stage};
use super::{Relay, Tls, unreachable};
use crate::channel::Gate;
use crate::outbox::Answer;

/// A logged-in connection.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    budget: Budget,
}

/// Plain passwords only ever go through TLS or to this machine; both usual mechanisms are fine there.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

impl Session {
    /// Connects, greets, protects, logs in.
    pub(super) async fn open(relay: &Relay) -> Result<Session, Answer> {
        let deadlines = relay.deadlines;
        let connecting = TcpStream::connect((relay.host.as_str(), relay.port));
        let stream = within(deadlines.connect, connecting, "connect").await?;
        // The end of a message is a short write of its own; without this it waits 40 ms for the peer.
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().map_err(|e| unreachable(format!("connect: {e}")))?;
        let budget = Budget::default();
        let greeting = deadlines.command * 2;
        let mut connection = match &relay.tls {
            Tls::Implicit(trust) => {
                let name = rustls::pki_types::ServerName::try_from(relay.host.clone())
                    .map_err(|e| unreachable(format!("TLS: {e}")))?;
                let connector = tokio_rustls::TlsConnector::from(trust.config.clone());
                let stream = match timeout(deadlines.tls, connector.connect(name, stream)).await {
                    Err(_) => return Err(verdict::of_timeout(Stage::Tls)),
                    Ok(Err(e)) => return Err(tls_failed(&e)),
                    Ok(Ok(stream)) => stream,
                };
                let stream = Box::new(Bounded { inner: stream, peer, budget: budget.clone() });
                let greet = AsyncSmtpConnection::connect_with_transport(stream, &relay.hello);
                stage(Stage::Greeting, greeting, greet).await?
            }
            Tls::Starttls(_) | Tls::None => {
                let stream = Box::new(Bounded { inner: stream, peer, budget: budget.clone() });
                let greet = AsyncSmtpConnection::connect_with_transport(stream, &relay.hello);
                stage(Stage::Greeting, greeting, greet).await?
            }
        };
        if let Tls::Starttls(trust) = &relay.tls {
            budget.renew();
            let upgrade = connection.starttls(trust.parameters.clone(), &relay.hello);
            stage(Stage::Tls, deadlines.tls + deadlines.command, upgrade).await?;
        }
        if let Some((login, password)) = &relay.login {
            budget.renew();
            let credentials = Credentials::new(login.clone(), password.expose_secret().to_owned());
            stage(Stage::Login, deadlines.command, connection.auth(&MECHANISMS, &credentials)).await?;
        }
        Ok(Session { connection, budget })
    }

    /// Whether the other side is still there.
    pub(super) async fn is_alive(&mut self, relay: &Relay) -> bool {
        self.budget.renew();
        let noop = self.connection.command(Noop);
        timeout(relay.deadlines.command, noop).await.is_ok_and(|reply| reply.is_ok())
    }

    /// Sends one message to one recipient. The flag says whether the connection may take another.
    pub(super) async fn transfer(
        &mut self,
        relay: &Relay,
        from: &Address,
        to: Address,
        message: &[u8],
        gate: Gate,
    ) -> (Answer, bool) {
        let envelope = self.envelope(relay, from, to).await;
        if let Err(answer) = envelope {
            return (answer, false);
        }
        if !gate().await {
            return (unreachable("the claim was lost".to_owned()), false);
        }
        self.content(relay, message).await
    }

    async fn envelope(&mut self, relay: &Relay, from: &Address, to: Address) -> Result<(), Answer> {
        let deadlines = relay.deadlines;
        self.budget.renew();
        let sender = self.connection.command(Mail::new(Some(from.clone()), vec![]));
        in_step("MAIL", &stage(Stage::Sender, deadlines.command, sender).await?)?;
        self.budget.renew();
        let recipient = self.connection.command(Rcpt::new(to, vec![]));
        in_step("RCPT", &stage(Stage::Recipient, deadlines.command, recipient).await?)?;
        self.budget.renew();
        let data = stage(Stage::Data, deadlines.data, self.connection.command(Data)).await?;
        if data.has_code(354) {
            Ok(())
        } else {
            Err(unreachable(format!("DATA: expected 354, got {}", data.code())))
        }
    }

    /// The body and its end. lettre asks for the next part only after the last one was written; so that
    /// question tells us whether the final dot can have gone out.
    async fn content(&mut self, relay: &Relay, message: &[u8]) -> (Answer, bool) {
        let deadlines = relay.deadlines;
        self.budget.renew();
        let ending = AtomicBool::new(false);
        // lettre ends a message with a line end of its own before the dot; ours would be an empty line.
        let mut part = Some(message.strip_suffix(b"\r\n").unwrap_or(message));
        let parts = std::iter::from_fn(|| {
            let next = part.take();
            ending.store(next.is_none(), Ordering::SeqCst);
            next
        });
        let mebibytes = u32::try_from(message.len() >> 20).unwrap_or(u32::MAX) + 1;
        let deadline = deadlines.body.saturating_mul(mebibytes) + deadlines.last;
        let sent = timeout(deadline, self.connection.message_iter(parts)).await;
        let stage = if ending.load(Ordering::SeqCst) { Stage::End } else { Stage::Body };
        match sent {
            Err(_) => (verdict::of_timeout(stage), false),
            Ok(Err(e)) => (verdict::of(stage, &e), false),
            Ok(Ok(reply)) if reply.code().severity == Severity::PositiveCompletion => {
                let said: Vec<&str> = reply.message().collect();
                let said = crate::domain::text::excerpt(&crate::domain::text::clean(&said.join(" ")), 200);
                (Answer::Accepted(format!("{} {said}", reply.code())), true)
            }
            // A 354 here would be the answer to something else: out of step, so not known.
            Ok(Ok(reply)) => (Answer::Unknown(format!("final dot: out of step: {}", reply.code())), false),
        }
    }

    /// Says goodbye; whether it is heard does not matter.
    pub(super) async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(5), self.connection.quit()).await;
    }
}

async fn stage<T>(
    stage: Stage,
    deadline: Duration,
    work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Answer> {
    match timeout(deadline, work).await {
        Err(_) => Err(verdict::of_timeout(stage)),
        Ok(Err(e)) => Err(verdict::of(stage, &e)),
        Ok(Ok(value)) => Ok(value),
    }
}

/// lettre takes a 3xx for a yes; here it is the answer to something else.
fn in_step(command: &str, reply: &Response) -> Result<(), Answer> {
    match reply.code().severity {
        Severity::PositiveCompletion => Ok(()),
        _ => Err(unreachable(format!("{command}: out of step: {}", reply.code()))),
    }
}

async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = std::io::Result<T>>,
    what: &str,
) -> Result<T, Answer> {
    match timeout(deadline, work).await {
        Err(_) => Err(unreachable(format!("{what}: no answer in time"))),
        Ok(Err(e)) => Err(unreachable(format!("{what}: {e}"))),
        Ok(Ok(value)) => Ok(value),
    }
}

/// A certificate that does not fit is the channel's trouble; a cut is the way's.
fn tls_failed(error: &std::io::Error) -> Answer {
    let reason = format!("TLS: {error}");
    if verdict::is_distrust(error) {
        Answer::NotNow { reason, after: None, scope: crate::outbox::Scope::Channel }
    } else {
        unreachable(reason)
    }
}

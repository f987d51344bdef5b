//! E-mail: over SMTP phase by phase, into a folder as `.eml`, or through a `sendmail` command.

mod folder;
mod sendmail;
mod session;
mod verdict;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::Attempt;
use crate::outbox::{Answer, Scope};
use session::{Course, Session};

/// How many mails may be under way at once, each over a connection of its own, unless told otherwise. Some
/// services take three.
const CONCURRENCY: usize = 4;

/// A kept connection that rested longer than this is asked whether it still stands. One that did not is
/// simply used: cut before the body, a message is proven unsent and takes another connection.
const RESTED: SignedDuration = SignedDuration::from_secs(5);

/// How a mail leaves.
pub enum Way {
    /// To a relay.
    Smtp(Box<Relay>),
    /// Into a folder, one `.eml` a message.
    Folder(PathBuf),
    /// Through a command that reads the message, as `sendmail -i -f FROM -- TO` does.
    Sendmail(PathBuf),
}

/// An e-mail channel.
pub struct Email {
    from: Mailbox,
    way: Way,
    /// Sessions that ended a message cleanly and may take the next one.
    idle: Mutex<Vec<Session>>,
    concurrency: usize,
}

/// An SMTP relay.
pub struct Relay {
    /// Host name, also the name its certificate must bear.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// User name and password.
    pub login: Option<(String, SecretString)>,
    /// What we say we are.
    pub hello: ClientId,
    /// How long each phase may take.
    pub deadlines: Deadlines,
}

/// How a connection is protected.
pub enum Tls {
    /// From the first byte (port 465).
    Implicit(Trust),
    /// By STARTTLS, or not at all: a relay that does not offer it is refused (port 587).
    Starttls(Trust),
    /// Not. Only to this machine.
    None,
}

/// Whom we believe.
#[derive(Clone)]
pub struct Trust {
    /// As TLS wants it said.
    pub config: Arc<rustls::ClientConfig>,
}

impl Trust {
    /// The system's certificates, and one more where a shop has its own authority (PEM).
    pub fn of(own: Option<&[u8]>) -> Result<Trust, String> {
        use rustls::pki_types::{CertificateDer, pem::PemObject as _};
        let read = |pem| CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let extra = own.map(read).transpose().map_err(|e| format!("not a certificate in PEM: {e}"))?;
        if extra.as_ref().is_some_and(Vec::is_empty) {
            return Err("not a certificate in PEM: it holds none".to_owned());
        }
        let extra: Vec<CertificateDer<'static>> =
            extra.unwrap_or_default().into_iter().map(CertificateDer::into_owned).collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone())
            .map_err(|e| format!("no trusted certificates on this machine: {e}"))?;
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Trust { config: Arc::new(config) })
    }
}

/// How long each phase may take (RFC 5321, section 4.5.3.2, where it says so). The wait after the final
/// dot is long on purpose: cut short, it makes copies.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// TCP connection.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// Greeting, EHLO, AUTH, MAIL, RCPT: each.
    pub command: Duration,
    /// DATA's first answer.
    pub data: Duration,
    /// The body, for each MiB or part of one.
    pub body: Duration,
    /// The answer after the final dot.
    pub last: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        let seconds = Duration::from_secs;
        Deadlines {
            connect: seconds(30),
            tls: seconds(30),
            command: seconds(60),
            data: seconds(120),
            body: seconds(180),
            last: seconds(600),
        }
    }
}

impl Email {
    /// A channel that sends as `from`.
    pub fn new(from: Mailbox, way: Way) -> Email {
        Email { from, way, idle: Mutex::new(Vec::new()), concurrency: CONCURRENCY }
    }

    /// With so many mails under way at once.
    #[must_use]
    pub fn at_once(self, concurrency: usize) -> Email {
        Email { concurrency, ..self }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Who sends.
    pub fn from(&self) -> &Mailbox {
        &self.from
    }

    pub(super) async fn send(&self, attempt: Attempt<'_>) -> Answer {
        // The stored bytes are looked at once more: a bare line end would be a command of its own.
        if let Err(reason) = crate::render::mime::check_wire(attempt.payload) {
            return Answer::Never(format!("not safe to send: {reason}"));
        }
        let to = match crate::render::mime::address(&attempt.delivery.address) {
            Ok(to) => to,
            Err(reason) => return Answer::Never(reason),
        };
        match &self.way {
            Way::Folder(folder) => folder::write(folder, attempt).await,
            Way::Sendmail(command) => Box::pin(sendmail::run(command, &self.from.email, &to, attempt)).await,
            Way::Smtp(relay) => Box::pin(self.send_smtp(relay, to, attempt)).await,
        }
    }

    async fn send_smtp(&self, relay: &Relay, to: Address, attempt: Attempt<'_>) -> Answer {
        let Attempt { payload, now, gate, .. } = attempt;
        let from = &self.from.email;
        let opened = match self.kept(relay, now).await {
            None => None,
            Some(mut session) => match session.envelope(relay, from, &to, now).await {
                Course::Open => Some(session),
                // The way over this connection is troubled, and nothing was sent: a new one may do better.
                Course::Ended(Answer::NotNow { scope: Scope::Destination, .. }) => None,
                Course::Ended(answer) => return answer,
            },
        };
        let mut session = if let Some(session) = opened {
            session
        } else {
            let mut session = match Box::pin(Session::open(relay)).await {
                Ok(session) => session,
                Err(answer) => return answer,
            };
            if let Course::Ended(answer) = session.envelope(relay, from, &to, now).await {
                return answer;
            }
            session
        };
        let (answer, clean) = session.content(relay, payload, gate).await;
        if clean {
            self.idle.lock().await.push(session);
        }
        answer
    }

    /// The kept session that was used last, if it still stands as far as we know.
    async fn kept(&self, relay: &Relay, now: Timestamp) -> Option<Session> {
        let mut session = self.idle.lock().await.pop()?;
        let rested = now.duration_since(session.used()).abs() > RESTED;
        (!rested || Box::pin(session.is_alive(relay)).await).then_some(session)
    }

    pub(super) async fn rest(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().await);
        for session in idle {
            session.quit().await;
        }
    }

    /// Connects, greets, logs in and leaves: everything but a message.
    pub async fn probe(&self) -> Result<(), String> {
        let Way::Smtp(relay) = &self.way else { return Ok(()) };
        match Session::open(relay).await {
            Ok(session) => {
                session.quit().await;
                Ok(())
            }
            Err(Answer::NotNow { reason, .. } | Answer::Never(reason) | Answer::Unknown(reason)) => {
                Err(reason)
            }
            Err(Answer::Accepted(_)) => Ok(()),
        }
    }
}

/// Not now, because of the way there.
fn unreachable(reason: String) -> Answer {
    Answer::NotNow { reason, after: None, scope: Scope::Destination }
}

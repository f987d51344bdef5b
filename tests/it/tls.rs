//! TLS to the relay: from the first byte and by STARTTLS, with an authority we were told to trust; and
//! nothing at all is said to a relay that cannot prove who it is.

use std::sync::{Arc, Mutex};

use lettre::transport::smtp::extension::ClientId;
use retaind::channel::email::{Deadlines, Email, Relay, Tls, Trust, Way};
use retaind::channel::{Attempt, Channel};
use retaind::outbox::{Answer, Delivery, DeliveryKey, Scope, Sealed};
use retaind::render::mime::{self, Mail};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const CA: &[u8] = include_bytes!("../fixtures/tls/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/tls/relay.pem");
const KEY: &[u8] = include_bytes!("../fixtures/tls/relay.key");

/// What the relay heard, with whether it heard it through TLS.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        );
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// A relay on a free port; it begins with TLS, or offers STARTTLS.
async fn relay(implicit: bool) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let told = heard.clone();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if implicit {
            if let Ok(stream) = acceptor().accept(stream).await {
                talk(stream, true, true, &told).await;
            }
        } else if let Some(stream) = talk(stream, false, true, &told).await
            && let Ok(stream) = acceptor().accept(stream).await
        {
            // After STARTTLS the client speaks first: there is no second greeting.
            talk(stream, true, false, &told).await;
        }
    });
    (port, heard)
}

/// Answers until QUIT or the end; gives the stream back when TLS is to begin on it.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    secure: bool,
    greet: bool,
    heard: &Heard,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greet {
        stream.write_all(b"220 relay\r\n").await.ok()?;
        stream.flush().await.ok()?;
    }
    let (mut line, mut in_data) = (String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let said = line.trim_end();
        if in_data && said != "." {
            continue;
        }
        heard.lock().unwrap().push((secure, said.to_owned()));
        let reply = match said.split(' ').next().unwrap_or_default() {
            "EHLO" if secure => "250-relay\r\n250 AUTH PLAIN\r\n",
            "EHLO" => "250-relay\r\n250 STARTTLS\r\n",
            "STARTTLS" => "220 go on\r\n",
            "AUTH" => "235 welcome\r\n",
            "DATA" => "354 go on\r\n",
            "." => "250 2.0.0 taken\r\n",
            _ => "250 ok\r\n",
        };
        in_data = said == "DATA";
        stream.write_all(reply.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        if said == "STARTTLS" {
            return Some(stream.into_inner());
        }
    }
}

async fn send(port: u16, host: &str, implicit: bool, trusted: bool) -> (Answer, bool) {
    let trust = Trust::of(trusted.then_some(CA)).unwrap();
    let tls = if implicit { Tls::Implicit(trust) } else { Tls::Starttls(trust) };
    let login = Some(("ana".to_owned(), SecretString::from("hunter2".to_owned())));
    let hello = ClientId::Domain("client.example".to_owned());
    let way = Relay { host: host.to_owned(), port, tls, login, hello, deadlines: Deadlines::default() };
    let from = mime::mailbox("Shop", &mime::address("shop@example.com").unwrap());
    let to = mime::address("ana@example.com").unwrap();
    let key = DeliveryKey::from_stored("0123456789abcdef0123456789abcdef");
    let date = "2026-11-02T11:00:00Z".parse().unwrap();
    let (inline, files) = (&[], &[]);
    let mail = Mail {
        key: &key,
        date,
        from: &from,
        to_name: "Ana",
        to: &to,
        subject: "s",
        text: "t",
        html: "h",
        inline,
        files,
        stop: None,
    };
    let payload = Sealed::new(mime::build(&mail).unwrap());
    let delivery = Delivery {
        key,
        job: "weekly".to_owned(),
        occurrence: date,
        recipient: "ana".to_owned(),
        channel: "office".to_owned(),
        address: to.to_string(),
        subject: "s".to_owned(),
        payload,
        not_before: date,
        expires: date,
    };
    let passed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = passed.clone();
    let gate = Box::new(move || {
        flag.store(true, std::sync::atomic::Ordering::SeqCst);
        Box::pin(async { true }) as std::pin::Pin<Box<dyn Future<Output = bool> + Send>>
    });
    let channel = Channel::Email(Email::new(from, Way::Smtp(Box::new(way))));
    let payload = delivery.payload.open().unwrap();
    let answer = channel.send(Attempt { delivery: &delivery, payload, now: date, gate }).await;
    (answer, passed.load(std::sync::atomic::Ordering::SeqCst))
}

#[tokio::test]
async fn with_an_authority_we_trust_all_that_matters_goes_through_tls() {
    for implicit in [true, false] {
        let (port, heard) = relay(implicit).await;
        let (answer, passed) = send(port, "localhost", implicit, true).await;
        assert!(matches!(&answer, Answer::Accepted(note) if note.contains("taken")) && passed, "{answer:?}");
        let heard = heard.lock().unwrap().clone();
        let in_the_clear: Vec<&str> =
            heard.iter().filter(|(secure, _)| !secure).map(|(_, l)| l.as_str()).collect();
        let expected: &[&str] = if implicit { &[] } else { &["EHLO client.example", "STARTTLS"] };
        assert_eq!(in_the_clear, expected);
        assert!(heard.iter().any(|(secure, line)| *secure && line.starts_with("AUTH PLAIN")), "{heard:?}");
    }
}

#[tokio::test]
async fn a_relay_that_cannot_prove_who_it_is_hears_no_password_and_no_mail() {
    // An unknown authority; and a known one, but the certificate is for another name.
    for (host, trusted) in [("localhost", false), ("127.0.0.1", true)] {
        for implicit in [true, false] {
            let (port, heard) = relay(implicit).await;
            let (answer, passed) = send(port, host, implicit, trusted).await;
            let channels_trouble = matches!(&answer, Answer::NotNow { scope: Scope::Channel, .. });
            assert!(channels_trouble && !passed, "{host} {implicit}: {answer:?}");
            let heard = heard.lock().unwrap().clone();
            assert!(
                heard.iter().all(|(secure, line)| !secure
                    && ["EHLO client.example", "STARTTLS", "QUIT"].contains(&line.as_str())),
                "{heard:?}"
            );
        }
    }
}

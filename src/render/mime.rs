//! A document as an RFC 5322 message, with an identity that does not change between attempts.

use std::time::SystemTime;

use lettre::address::AddressError;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::domain::text::{clean, excerpt};
use crate::outbox::DeliveryKey;

/// Longest subject, in graphemes. Longer ones are cut by every inbox list anyway.
const SUBJECT_MAX: usize = 120;

/// Everything a mail is made of.
#[derive(Debug)]
pub struct Mail<'a> {
    /// Identity of the delivery.
    pub key: &'a DeliveryKey,
    /// The Date header: the occurrence's instant, the same in every attempt.
    pub date: jiff::Timestamp,
    /// Who sends.
    pub from: &'a Mailbox,
    /// Name of the reader.
    pub to_name: &'a str,
    /// Address of the reader.
    pub to: &'a Address,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// HTML.
    pub html: &'a str,
    /// Content-ID and PNG of the pictures in the HTML.
    pub inline: &'a [(String, Vec<u8>)],
    /// Attached files.
    pub files: &'a [File],
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name: ours, never a customer's text.
    pub name: String,
    /// Its MIME type.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a mail cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MimeError {
    /// Something lettre refuses.
    #[error("the mail cannot be built: {0}")]
    Build(#[from] lettre::error::Error),
    /// A content type is not one.
    #[error("the mail cannot be built: content type `{0}`")]
    Type(String),
    /// The bytes would not be safe on the wire.
    #[error("the mail is not safe to send: {0}")]
    Wire(String),
}

/// Reads an address by stricter rules than the grammar: what can hurt on its way is refused.
pub fn address(text: &str) -> Result<Address, String> {
    let text = text.trim();
    let address: Address = text
        .parse()
        .map_err(|e: AddressError| format!("not a mail address: `{}` ({e})", excerpt(text, 80)))?;
    let domain = address.domain();
    let wrong = if text.len() > 254 {
        Some("longer than 254 bytes")
    } else if address.user().starts_with(['"', '-']) {
        Some("quoted or dashed names are not accepted")
    } else if domain.starts_with('[') || !domain.contains('.') && domain != "localhost" {
        Some("the domain has no dot")
    } else if text.chars().any(char::is_control) {
        Some("it holds control characters")
    } else if !address.user().is_ascii() {
        Some("names outside ASCII need SMTPUTF8, which most relays lack")
    } else {
        None
    };
    wrong.map_or(Ok(address), |why| {
        Err(format!("not a mail address we can write to: `{}` ({why})", excerpt(text, 80)))
    })
}

/// A display name that cannot break a header: lettre panics on line breaks in one.
pub fn mailbox(name: &str, address: &Address) -> Mailbox {
    let name = excerpt(&clean(name), 78);
    Mailbox::new((!name.is_empty()).then_some(name), address.clone())
}

/// The message as it will be sent. Equal input gives equal bytes.
pub fn build(mail: &Mail<'_>) -> Result<Vec<u8>, MimeError> {
    let boundary = |name: &str| format!("retaind-{}-{name}", mail.key.as_str());
    let mut related = MultiPart::related()
        .boundary(boundary("related"))
        .singlepart(text_part(ContentType::TEXT_HTML, mail.html)?);
    let png = content_type("image/png")?;
    for (cid, bytes) in mail.inline {
        related = related.singlepart(Part::new_inline(cid.clone()).body(base64(bytes)?, png.clone()));
    }
    let alternative = MultiPart::alternative()
        .boundary(boundary("alternative"))
        .singlepart(text_part(ContentType::TEXT_PLAIN, mail.text)?)
        .multipart(related);
    let mut mixed = MultiPart::mixed().boundary(boundary("mixed")).multipart(alternative);
    for file in mail.files {
        mixed = mixed
            .singlepart(Part::new(file.name.clone()).body(base64(&file.bytes)?, content_type(file.kind)?));
    }
    let domain = mail.from.email.domain();
    let auto =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .from(mailbox(mail.from.name.as_deref().unwrap_or_default(), &mail.from.email))
        .to(mailbox(mail.to_name, mail.to))
        .subject(excerpt(&clean(mail.subject), SUBJECT_MAX))
        .date(SystemTime::from(mail.date))
        .message_id(Some(message_id(mail.key, domain)))
        .raw_header(auto)
        .multipart(mixed)?;
    let bytes = message.formatted();
    check_wire(&bytes).map_err(MimeError::Wire)?;
    Ok(bytes)
}

/// The Message-ID of a delivery, the same in every attempt, so that receivers can drop a copy.
pub fn message_id(key: &DeliveryKey, domain: &str) -> String {
    format!("<{}@{domain}>", key.as_str())
}

fn content_type(text: &str) -> Result<ContentType, MimeError> {
    ContentType::parse(text).map_err(|_| MimeError::Type(text.to_owned()))
}

/// Text goes quoted-printable: 7 bits on the wire whatever the relay can do.
fn text_part(kind: ContentType, text: &str) -> Result<SinglePart, MimeError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| MimeError::Type("quoted-printable".to_owned()))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

fn base64(bytes: &[u8]) -> Result<Body, MimeError> {
    Body::new_with_encoding(bytes.to_vec(), ContentTransferEncoding::Base64)
        .map_err(|_| MimeError::Type("base64".to_owned()))
}

/// The last look at the bytes: a bare line end inside them could end the message early and start a
/// command of its own.
pub fn check_wire(bytes: &[u8]) -> Result<(), String> {
    // Without an early end, so that it is done many bytes at a time: every message passes here.
    let plain = |b: u8| b != 0 && b < 127;
    if !bytes.iter().fold(true, |all, b| all & plain(*b)) {
        let at = bytes.iter().position(|b| !plain(*b)).unwrap_or_default();
        return Err(format!("byte {} at {at} is not plain ASCII", bytes[at]));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let returns = bytes.iter().map(|b| usize::from(*b == b'\r')).sum::<usize>();
    let (mut at, mut ends) = (0, 0);
    for line in text.split_inclusive('\n') {
        let said = line.strip_suffix("\r\n").unwrap_or(line);
        if said.ends_with('\n') {
            return Err(format!("a bare line end at byte {}", at + said.len() - 1));
        }
        if said.len() > 998 {
            return Err(format!("a line of {} bytes", said.len()));
        }
        ends += usize::from(said.len() < line.len());
        at += line.len();
    }
    if returns > ends {
        return Err("a carriage return without its line feed".to_owned());
    }
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    for name in ["From", "To", "Date", "Message-ID", "Subject"] {
        let count = head.split("\r\n").filter(|line| {
            line.get(..name.len() + 1).is_some_and(|start| start.eq_ignore_ascii_case(&format!("{name}:")))
        });
        let count = count.count();
        if count != 1 {
            return Err(format!("{count} {name} headers"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, name: &str) -> Vec<u8> {
        let key = DeliveryKey::from_stored("0123456789abcdef0123456789abcdef");
        let from = mailbox("Shop", &address("shop@example.com").unwrap());
        build(&Mail {
            key: &key,
            date: "2026-11-02T11:00:00Z".parse().unwrap(),
            from: &from,
            to_name: name,
            to: &address("ana@example.com").unwrap(),
            subject,
            text: "Olá\n.\nfim\r\rx",
            html: "<p>Olá</p>",
            inline: &[("chart1".into(), vec![0, 255, 10, 13])],
            files: &[File { name: "a.csv".into(), kind: "text/csv", bytes: vec![b'x'; 3000] }],
        })
        .unwrap()
    }

    #[test]
    fn hostile_headers_are_harmless_and_bytes_repeat() {
        for hostile in
            ["a\r\nBcc: evil@example.com", "\u{0}\u{7f}", "x".repeat(5000).as_str(), "王芳 👩‍💻", "\"a\" <b@c>"]
        {
            let bytes = mail(hostile, hostile);
            assert!(check_wire(&bytes).is_ok());
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(!text.contains("\r\nBcc:"), "{text}");
            assert_eq!(bytes, mail(hostile, hostile));
        }
    }

    #[test]
    fn the_wire_check_refuses_what_it_must() {
        let good = mail("s", "n");
        assert_eq!(check_wire(&good), Ok(()));
        for (from, to) in [("\r\n", "\n"), ("Subject: s", "Subject: s\r\nSubject: t"), ("Subject", "Sübject")]
        {
            let bad = String::from_utf8(good.clone()).unwrap().replacen(from, to, 1);
            assert!(check_wire(bad.as_bytes()).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn addresses_are_read_strictly() {
        assert!(address(" ana@example.com ").is_ok());
        assert!(address("ana@пример.рф").is_ok());
        for bad in [
            "a@b@c",
            "ana",
            "ana@localhost5",
            "\"a b\"@x.com",
            "-oX@x.com",
            "a@[127.0.0.1]",
            "олена@example.com",
            "a b@x.com",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}

//! A document as an RFC 5322 message, with an identity that does not change between attempts.

use std::time::SystemTime;

use lettre::address::AddressError;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::document::Stop;
use crate::domain::text::{clean, excerpt};
use crate::outbox::DeliveryKey;

/// Longest subject, in graphemes. Longer ones are cut by every inbox list anyway.
const SUBJECT_MAX: usize = 120;

/// Longest line, without its end (RFC 5322, section 2.1.1).
const LINE_MAX: usize = 998;

/// What each mail has exactly once.
const HEADERS_ONCE: [&str; 5] = ["From", "To", "Date", "Message-ID", "Subject"];

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
    /// How its reader asks for no more, where they are a customer.
    pub stop: Option<&'a Stop>,
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
        .singlepart(text_part(ContentType::TEXT_HTML, mail.html));
    let png = content_type("image/png")?;
    for (cid, bytes) in mail.inline {
        related = related.singlepart(Part::new_inline(cid.clone()).body(base64(bytes)?, png.clone()));
    }
    let alternative = MultiPart::alternative()
        .boundary(boundary("alternative"))
        .singlepart(text_part(ContentType::TEXT_PLAIN, mail.text))
        .multipart(related);
    let mut mixed = MultiPart::mixed().boundary(boundary("mixed")).multipart(alternative);
    for file in mail.files {
        mixed = mixed
            .singlepart(Part::new(file.name.clone()).body(base64(&file.bytes)?, content_type(file.kind)?));
    }
    let domain = mail.from.email.domain();
    let auto =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mut message = Message::builder()
        .from(mailbox(mail.from.name.as_deref().unwrap_or_default(), &mail.from.email))
        .to(mailbox(mail.to_name, mail.to))
        .subject(excerpt(&clean(mail.subject), SUBJECT_MAX))
        .date(SystemTime::from(mail.date))
        .message_id(Some(message_id(mail.key, domain)))
        .raw_header(auto);
    for (name, value) in mail.stop.map(stop_headers).unwrap_or_default() {
        message = message.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    let bytes = message.multipart(mixed)?.formatted();
    check_wire(&bytes).map_err(MimeError::Wire)?;
    Ok(bytes)
}

/// What bulk senders must offer (RFC 2369, RFC 8058). One click is for the page; nothing answers for a mailbox.
fn stop_headers(stop: &Stop) -> Vec<(&'static str, String)> {
    let mut headers = vec![("List-Unsubscribe", stop.listed())];
    if stop.url.is_some() {
        headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    headers
}

/// The Message-ID of a delivery, the same in every attempt, so that receivers can drop a copy.
pub fn message_id(key: &DeliveryKey, domain: &str) -> String {
    format!("<{}@{domain}>", key.as_str())
}

fn content_type(text: &str) -> Result<ContentType, MimeError> {
    ContentType::parse(text).map_err(|_| MimeError::Type(text.to_owned()))
}

/// Text goes quoted-printable: 7 bits on the wire whatever the relay can do.
fn text_part(kind: ContentType, text: &str) -> SinglePart {
    let body = Body::dangerous_pre_encoded(quoted(text), ContentTransferEncoding::QuotedPrintable);
    SinglePart::builder().header(kind).body(body)
}

fn quoted(text: &str) -> Vec<u8> {
    let bare = text.contains('\r').then(|| text.replace("\r\n", "\n").replace('\r', "\n"));
    quoted_printable::encode(bare.as_deref().unwrap_or(text).replace('\n', "\r\n"))
}

/// How many bytes a text is on the wire.
pub fn encoded_len(text: &str) -> usize {
    quoted(text).len()
}

/// Whether a text is no more than so many bytes on the wire; only one that might be more is encoded to know.
pub fn fits(text: &str, bytes: usize) -> bool {
    // A byte becomes three at most, and between two soft line ends, of three each, stand 73 at least.
    text.len() * 3 * 76 / 73 < bytes || encoded_len(text) <= bytes
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
    if !(line_ends_are_whole(bytes) && lines_are_short(bytes)) {
        return Err(wrong_line(bytes));
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let mut counts = HEADERS_ONCE.map(|name| (name, 0));
    for line in bytes[..end].split(|b| *b == b'\n') {
        for (name, count) in &mut counts {
            let (start, rest) = line.split_at_checked(name.len()).unwrap_or_default();
            *count += usize::from(rest.first() == Some(&b':') && start.eq_ignore_ascii_case(name.as_bytes()));
        }
    }
    match counts.iter().find(|(_, count)| *count != 1) {
        Some((name, count)) => Err(format!("{count} {name} headers")),
        None => Ok(()),
    }
}

/// Whether each carriage return has its line feed and each line feed its carriage return.
fn line_ends_are_whole(bytes: &[u8]) -> bool {
    // Counted in pieces that a byte can count, many bytes at a time.
    const PIECE: usize = 255;
    let count = |bytes: &[u8], of: u8| -> usize {
        bytes
            .chunks(PIECE)
            .map(|piece| usize::from(piece.iter().map(|b| u8::from(*b == of)).sum::<u8>()))
            .sum()
    };
    let after = bytes.get(1..).unwrap_or_default();
    let pairs = bytes.chunks(PIECE).zip(after.chunks(PIECE)).map(|(here, next)| {
        let pair = |(a, b): (&u8, &u8)| u8::from(*a == b'\r') & u8::from(*b == b'\n');
        usize::from(here.iter().zip(next).map(pair).sum::<u8>())
    });
    let pairs: usize = pairs.sum();
    count(bytes, b'\r') == pairs && count(bytes, b'\n') == pairs
}

/// Whether no line is longer than RFC 5322 allows: from the start of a line to the last line end within
/// reach of it, so that most lines are never looked at.
fn lines_are_short(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while rest.len() > LINE_MAX {
        let reach = &rest[..rest.len().min(LINE_MAX + 2)];
        let Some(end) = reach.iter().rposition(|b| *b == b'\n') else { return false };
        rest = &rest[end + 1..];
    }
    true
}

/// What is wrong with the first line that is.
fn wrong_line(bytes: &[u8]) -> String {
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let said = line.strip_suffix(b"\r\n").unwrap_or(line);
        if said.ends_with(b"\n") {
            return format!("a bare line end at byte {}", at + said.len() - 1);
        }
        if said.len() > LINE_MAX {
            return format!("a line of {} bytes", said.len());
        }
        at += line.len();
    }
    "a carriage return without its line feed".to_owned()
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
            stop: None,
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
    fn the_wire_check_says_which_line_is_wrong_wherever_it_stands() {
        let good = mail("s", "n");
        let long = |n: usize| format!("{}\r\n", "x".repeat(n));
        for (added, expected) in [
            (long(998), Ok(())),
            (long(998).repeat(3), Ok(())),
            ("x".repeat(998), Ok(())),
            (long(999), Err("a line of 999 bytes".to_owned())),
            ("x".repeat(999), Err("a line of 999 bytes".to_owned())),
            (long(10) + &long(2_000) + &long(10), Err("a line of 2000 bytes".to_owned())),
            ("a\nb\r\n".to_owned(), Err(format!("a bare line end at byte {}", good.len() + 1))),
            ("\n".to_owned(), Err(format!("a bare line end at byte {}", good.len()))),
            ("a\rb\r\n".to_owned(), Err("a carriage return without its line feed".to_owned())),
            ("a\r".to_owned(), Err("a carriage return without its line feed".to_owned())),
            ("\r\r\n".to_owned(), Err("a carriage return without its line feed".to_owned())),
            ("a\0\r\n".to_owned(), Err(format!("byte 0 at {} is not plain ASCII", good.len() + 1))),
        ] {
            let mut bytes = good.clone();
            assert!(bytes.ends_with(b"\r\n"));
            bytes.extend_from_slice(added.as_bytes());
            assert_eq!(check_wire(&bytes), expected, "{:?}", &added[..added.len().min(20)]);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_said_to_fit_fits(text in "[=a \t\n\ré名]{0,40}", times in 0usize..40) {
            let text = text.repeat(times);
            let len = encoded_len(&text);
            proptest::prop_assert!(fits(&text, len));
            proptest::prop_assert!(len == 0 || !fits(&text, len - 1));
        }

        // The quick look and the slow one, which looks at each line, agree.
        #[test]
        fn a_wrong_line_is_found_wherever_it_is(text in "[ab\r\n]{0,40}", times in 0usize..60) {
            let bytes = text.repeat(times).into_bytes();
            let fine = line_ends_are_whole(&bytes) && lines_are_short(&bytes);
            let slow = bytes.split_inclusive(|b| *b == b'\n').all(|line| {
                let said = line.strip_suffix(b"\r\n").unwrap_or(line);
                said.len() <= LINE_MAX && !said.contains(&b'\n') && !said.contains(&b'\r')
            });
            proptest::prop_assert_eq!(fine, slow);
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

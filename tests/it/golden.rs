//! Every kind of document in every medium and every language, as files: a change shows as a diff to review.
//!
//! `UPDATE_EXPECTED=1 cargo test --test it -- golden` writes them anew; read the diff before it is kept. Documents
//! are the samples that templates are proven with, and each report on the demo's shop with the first rows of its
//! tables. Of pictures there is a digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use retaind::document::{Block, Document, Kind, Say};
use retaind::domain::PeriodKind;
use retaind::domain::recipient::{Calendar, Recipient};
use retaind::job::seal::{Envelope, Locales, seal};
use retaind::job::{Attachment, ReportKind, ReportSpec, sample};
use retaind::metrics::{PeriodChoice, Settings, Split};
use retaind::outbox::{Medium, Service};
use retaind::render::locale::tags;
use retaind::render::{Templates, chat, event, mime, view};
use sha2::{Digest as _, Sha256};

use crate::demo_shop::shop;
use crate::metrics::store;

/// Rows of a table in the files.
const ROWS: usize = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn occurrence() -> Timestamp {
    "2026-11-02T11:00:00Z".parse().unwrap()
}

/// The samples by their kind, and the reports by their name.
fn documents() -> Vec<(String, Document)> {
    let mut all: Vec<(String, Document)> = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Report) {
        all.push((kind.name().to_owned(), sample::document(kind).unwrap()));
    }
    let shop = shop();
    let mut store = store(shop);
    for (name, kind) in ReportKind::ALL {
        let spec = ReportSpec {
            kind,
            period: PeriodChoice { kind: PeriodKind::Month, current: false },
            settings: Settings::default(),
            splits: vec![Split::Segment],
            attach: Vec::new(),
            fresh: None,
        };
        all.push((format!("report-{name}"), store.report(&spec)));
    }
    for (_, document) in &mut all {
        for block in &mut document.blocks {
            if let Block::Table(table) = block {
                *table = table.first(ROWS);
            }
        }
        document.sheets = document.sheets.iter().map(|sheet| sheet.first(1)).collect();
    }
    all
}

fn reader(tag: &str) -> Recipient {
    Recipient {
        id: "ana".to_owned(),
        name: "Ana Lima".to_owned(),
        email: Some("ana@example.com".to_owned()),
        chat: None,
        language: tag.to_owned(),
        zone: TimeZone::UTC,
        calendar: Calendar::default(),
        quiet: None,
        away: Vec::new(),
        digests_a_day: None,
    }
}

/// The mail as it leaves, taken apart again: its HTML, and its headers and text.
fn mail(document: &Document, tag: &str, templates: &Templates, locales: &Locales) -> [String; 2] {
    let from = mime::mailbox("Shop", &mime::address("shop@example.com").unwrap());
    let envelope = Envelope {
        job: "golden",
        occurrence: occurrence(),
        now: occurrence(),
        recipient: &reader(tag),
        channel: "office",
        medium: &Medium::Email { from },
        attach: &[Attachment::Xlsx],
    };
    let sealed = seal(document, envelope, templates, locales).unwrap();
    let mail = MessageParser::default().parse(sealed.payload.stored()).unwrap();
    [pictured(&mail), plain(&mail)]
}

/// The HTML, and after it a digest of each picture. Chinese is drawn in a font of this machine, so pictures that say
/// something in it, be it a name, are left out.
fn pictured(mail: &Message<'_>) -> String {
    let mut html = mail.body_html(0).unwrap().replace("\r\n", "\n");
    let is_ours = |name: &str| {
        let shown = html.lines().find(|line| line.contains(&format!("cid:{name}\"")));
        shown.is_some_and(|line| !line.contains(|c: char| ('\u{2e80}'..='\u{ffff}').contains(&c)))
    };
    let ours: Vec<_> = mail.parts.iter().filter(|part| part.content_id().is_some_and(is_ours)).collect();
    for part in ours {
        if let Some(name) = part.content_id() {
            let digest = Sha256::digest(part.contents());
            let first: [u8; 8] = digest[..8].try_into().unwrap();
            let _ = writeln!(html, "<!-- {name}: {:016x} -->", u64::from_be_bytes(first));
        }
    }
    html
}

fn plain(mail: &Message<'_>) -> String {
    let mut text = String::new();
    for name in ["Subject", "List-Unsubscribe", "List-Unsubscribe-Post"] {
        let value = mail.header(name).and_then(|value| value.as_text());
        let raw = || mail.header_raw(name).map(|raw| raw.trim().to_owned());
        if let Some(value) = value.map(str::to_owned).or_else(raw) {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    for file in mail.attachments().filter_map(|part| part.attachment_name()) {
        let _ = writeln!(text, "Attached: {file}");
    }
    format!("{text}\n{}", mail.body_text(0).unwrap().replace("\r\n", "\n"))
}

/// Every file by its path below the folder.
fn files() -> BTreeMap<PathBuf, String> {
    let (templates, locales) = (Templates::with(&[]).unwrap(), Locales::load().unwrap());
    let mut files = BTreeMap::new();
    for (name, document) in documents() {
        for tag in tags() {
            let mut keep = |medium: &str, ending: &str, text: String| {
                files.insert(PathBuf::from(format!("{name}/{medium}.{tag}.{ending}")), text);
            };
            let [html, text] = mail(&document, tag, &templates, &locales);
            keep("mail", "html", html);
            keep("mail", "txt", text);
            // A greeting goes by mail and nothing else.
            if document.kind == Kind::Greeting {
                continue;
            }
            let locale = &*locales.get(tag).unwrap();
            let view = view::words(&document, locale);
            let json = |value| format!("{}\n", serde_json::to_string_pretty(&value).unwrap());
            keep(
                "webhook",
                "json",
                json(event::payload(&document, &view, locale, "golden", occurrence(), "ana")),
            );
            // A bot of Slack posts the same as a webhook does.
            for (kind, service) in
                Service::ALL.into_iter().filter(|(_, service)| *service != Service::SlackBot)
            {
                let more = |n: usize| locale.say(&Say::new("digest.more").with("n", n as i128));
                keep(kind, "json", json(chat::payload(service, &view, more)));
            }
        }
    }
    files
}

/// What stands in the folder.
fn stored(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        for file in fs::read_dir(entry.path()).unwrap().map(|file| file.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap();
            found.insert(file.strip_prefix(folder).unwrap().to_owned(), text);
        }
    }
    found
}

/// The first line that differs, as it is kept and as it is now.
fn difference(kept: &str, now: &str) -> String {
    let (mut kept, mut now) = (kept.lines(), now.lines());
    for line in 1.. {
        match (kept.next(), now.next()) {
            (None, None) => break,
            (before, after) if before == after => {}
            (before, after) => {
                let shown = |text: Option<&str>| {
                    text.map_or("(nothing)".to_owned(), |text| text.chars().take(300).collect())
                };
                return format!("line {line}\n  - {}\n  + {}", shown(before), shown(after));
            }
        }
    }
    "the end of its last line".to_owned()
}

#[test]
fn every_document_is_in_every_medium_and_language_as_it_was() {
    let (now, folder) = (files(), folder());
    if std::env::var_os("UPDATE_EXPECTED").is_some_and(|v| v == "1") {
        for path in stored(&folder).keys().filter(|path| !now.contains_key(*path)) {
            fs::remove_file(folder.join(path)).unwrap();
        }
        for (path, text) in &now {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let kept = stored(&folder);
    let mut wrong = Vec::new();
    for (path, text) in &now {
        match kept.get(path) {
            None => wrong.push(format!("{}: is not there", path.display())),
            Some(kept) if kept != text => {
                wrong.push(format!("{}: {}", path.display(), difference(kept, text)));
            }
            Some(_) => {}
        }
    }
    wrong.extend(
        kept.keys()
            .filter(|path| !now.contains_key(*path))
            .map(|path| format!("{}: nothing makes it", path.display())),
    );
    let many = wrong.len();
    wrong.truncate(20);
    assert!(
        many == 0,
        "{many} of {} files in tests/golden differ; the first:\n{}\nUPDATE_EXPECTED=1 cargo test --test it -- golden keeps what is said now; read the diff first",
        now.len(),
        wrong.join("\n"),
    );
}

#[test]
fn the_first_line_that_differs_is_named() {
    assert_eq!(difference("a\nb\nc", "a\nx\nc"), "line 2\n  - b\n  + x");
    assert_eq!(difference("a", "a\nb"), "line 2\n  - (nothing)\n  + b");
    assert_eq!(difference("a\n", "a"), "the end of its last line");
}

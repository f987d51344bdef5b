//! A document as an event for machines: the body of a generic webhook, described in `docs/webhook.md`.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::locale::Locale;
use super::record::Record;
use super::view::View;
use crate::document::{Document, Kind};
use crate::domain::watched::Telling;

/// The event of a document: what Standard Webhooks calls the payload.
pub fn payload(
    document: &Document,
    view: &View,
    locale: &Locale,
    job: &str,
    occurrence: Timestamp,
    recipient: &str,
) -> Json {
    json!({
        "type": event_type(document),
        "timestamp": occurrence.to_string(),
        "data": Record::of(document, view, locale, job, recipient),
    })
}

fn event_type(document: &Document) -> &'static str {
    match document.kind {
        Kind::Report => "report.published",
        Kind::Digest => "digest.due",
        Kind::Greeting => "greeting.sent",
        Kind::Notice => "notice.raised",
        Kind::Breach => match document.telling {
            None | Some(Telling::Breach) => "breach.began",
            Some(Telling::Repeat) => "breach.lasts",
            Some(Telling::Recovery | Telling::Gone) => "breach.ended",
        },
    }
}

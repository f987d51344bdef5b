//! A document as an event for machines: the body of a generic webhook, described in `docs/webhook.md`.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::locale::Locale;
use super::sheet::{json as table_json, json_value};
use super::view::View;
use crate::document::{Block, Document, Item, Kind, Reach};

/// The version of the schema. It rises when a field changes its meaning; fields may be added without.
pub const VERSION: u32 = 1;

/// The event of a document: what Standard Webhooks calls the payload.
pub fn payload(
    document: &Document,
    view: &View,
    locale: &Locale,
    job: &str,
    occurrence: Timestamp,
    recipient: &str,
) -> Json {
    let figures = document.blocks.iter().filter_map(|block| match block {
        Block::Figures(figures) => Some(&figures.rows),
        _ => None,
    });
    let figures: Vec<Json> = figures
        .flatten()
        .map(|figure| {
            json!({
                "key": figure.name.key,
                "name": locale.say(&figure.name),
                "values": figure.values.iter().map(|v| json_value(v, locale)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let items = document.blocks.iter().filter_map(|block| match block {
        Block::Items(items) => Some(items),
        _ => None,
    });
    let items: Vec<Json> = items.flatten().map(|i| item(i, locale)).collect();
    let tables: Vec<Json> = document.sheets.iter().map(|table| table_json(table, locale)).collect();
    json!({
        "type": event_type(document.kind),
        "timestamp": occurrence.to_string(),
        "data": {
            "version": VERSION,
            "job": job,
            "recipient": recipient,
            "language": view.lang,
            "subject": view.subject,
            "lead": view.lead,
            "figures": figures,
            "items": items,
            "tables": tables,
            "notes": view.notes,
        }
    })
}

fn event_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Report => "report.published",
        Kind::Digest => "digest.due",
        Kind::Notice => "notice.raised",
    }
}

fn item(item: &Item, locale: &Locale) -> Json {
    let reach = |wanted: fn(&Reach) -> Option<&String>| item.reach.iter().find_map(wanted);
    json!({
        "id": item.id,
        "customer_id": item.customer_id,
        "customer": item.customer,
        "why": locale.say(&item.why),
        "what": item.what,
        "days_late": item.days_late,
        "facts": item.facts.iter().map(|say| locale.say(say)).collect::<Vec<_>>(),
        "phone": reach(|r| if let Reach::Phone(p) = r { Some(p) } else { None }),
        "email": reach(|r| if let Reach::Email(e) = r { Some(e) } else { None }),
    })
}

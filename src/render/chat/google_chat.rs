//! Google Chat: a card (version 2), its paragraphs in the few HTML elements that cards know.
//!
//! Limit by Google's documentation of messages: 32,000 bytes a message, with its cards.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, heading, html, parts, target, unmentioned, written};

/// What is left of 32,000 bytes beside the card itself.
const TEXT_MAX: usize = 30_000;

/// Between paragraphs until they are widgets; each costs some bytes of JSON.
const BETWEEN: &str = "\u{1e}";
const WIDGET: usize = 40;

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let measure = |text: &str| if text == BETWEEN { WIDGET } else { json!(text).to_string().len() };
    let room = Room { size: TEXT_MAX, measure: &measure, between: BETWEEN, write: &write, more };
    let text = room.fill(&parts(view));
    let widgets: Vec<Json> =
        text.split(BETWEEN).map(|text| json!({ "textParagraph": { "text": text } })).collect();
    let title = unmentioned(&heading(&view.title));
    json!({
        "fallbackText": unmentioned(&heading(&view.subject)),
        "cardsV2": [{
            "cardId": "retaind",
            "card": { "header": { "title": title }, "sections": [{ "widgets": widgets }] },
        }],
    })
}

fn write(part: &Part) -> String {
    let text = |text: &str| html(&unmentioned(&text.replace(BETWEEN, ""))).replace('\n', "<br>");
    let strong = |text: &str| format!("<b>{text}</b>");
    written(part, text, strong, |words, url| format!("<a href=\"{}\">{}</a>", target(url), text(words)))
}

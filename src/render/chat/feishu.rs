//! Feishu and Lark: an interactive card, its text in the cards' Markdown, special characters as entities.
//!
//! Limit by Feishu's documentation of custom bots: 20 KB a request.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, heading, linked, parts, written};

/// What is left of 20 KB beside the card itself and its signature.
const TEXT_MAX: usize = 18_000;
const BETWEEN: &str = "\u{1e}";
const ELEMENT: usize = 60;

/// What means something in a card's text: among it what calls people, `<at …>`.
const SPECIAL: &str = "&<>*~_`#[]()!\\-+|:";

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let measure = |text: &str| if text == BETWEEN { ELEMENT } else { json!(text).to_string().len() };
    let room = Room { size: TEXT_MAX, measure: &measure, between: BETWEEN, write: &write, more };
    let text = room.fill(&parts(view));
    let elements = text
        .split(BETWEEN)
        .map(|text| json!({ "tag": "div", "text": { "tag": "lark_md", "content": text } }));
    json!({
        "msg_type": "interactive",
        "card": {
            "config": { "wide_screen_mode": true },
            "header": { "title": { "tag": "plain_text", "content": heading(&view.title) } },
            "elements": elements.collect::<Vec<_>>(),
        },
    })
}

fn write(part: &Part) -> String {
    let strong = |text: &str| format!("**{text}**");
    written(part, escape, strong, |words, url| linked(escape(words), url))
}

fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars().filter(|c| !BETWEEN.contains(*c)) {
        if SPECIAL.contains(c) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

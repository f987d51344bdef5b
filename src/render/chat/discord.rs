//! Discord: an embed in Discord's Markdown. Nothing in an embed calls anybody, and `allowed_mentions` says so again.
//!
//! Limits by Discord's developer documentation ("Embed limits"): 256 characters a title, 4,096 a description.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, backslashed, linked, parts, within, written};

const TITLE_MAX: usize = 256;
const TEXT_MAX: usize = 4_096;

/// What means something to Discord's Markdown.
const SPECIAL: &str = "\\*_~`|>#[]()<-+";

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let room = Room { size: TEXT_MAX, measure: &units, between: "\n\n", write: &write, more };
    json!({
        "embeds": [{ "title": title(&view.title), "description": room.fill(&parts(view)) }],
        "allowed_mentions": { "parse": [] },
    })
}

/// Titles know the same Markdown; what a backslash adds counts.
fn title(text: &str) -> String {
    backslashed(&within(text, TITLE_MAX, |text| units(&backslashed(text, SPECIAL))), SPECIAL)
}

/// Discord counts code points; UTF-16 units are never fewer.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn write(part: &Part) -> String {
    if part.mono {
        let text: String = part.all().map(|span| span.text.replace('`', "ˋ")).collect();
        return format!("```\n{text}\n```");
    }
    let text = |text: &str| backslashed(text, SPECIAL);
    let strong = |text: &str| format!("**{text}**");
    written(part, text, strong, |words, url| linked(text(words), url))
}

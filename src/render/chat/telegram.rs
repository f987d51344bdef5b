//! Telegram: text with entities beside it, so that nothing in the text is markup and nothing needs an escape.
//!
//! By Telegram's Bot API: 4,096 UTF-16 units a message; offsets and lengths of entities in the same units; links
//! that a browser opens.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, is_web, titled, unmentioned, written};

const TEXT_MAX: usize = 4_096;

// Marks between which entities stand while the text is put together; of a plane that no name is written in, and
// taken out of all that is not ours.
const STRONG: char = '\u{f0000}';
const LINK: char = '\u{f0001}';
const WORDS: char = '\u{f0002}';
const MONO: char = '\u{f0003}';
const END: char = '\u{f0004}';
const MARKS: [char; 5] = [STRONG, LINK, WORDS, MONO, END];

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let all = titled(view);
    let measure = |text: &str| units(&taken_apart(text).0);
    let room = Room { size: TEXT_MAX, measure: &measure, between: "\n\n", write: &write, more };
    let (text, entities) = taken_apart(&room.fill(&all));
    json!({ "text": text, "entities": entities, "link_preview_options": { "is_disabled": true } })
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn write(part: &Part) -> String {
    let text = |text: &str| unmentioned(&text.replace(MARKS, ""));
    if part.mono {
        let inner: String = part.all().map(|span| text(&span.text)).collect();
        return format!("{MONO}{inner}{END}");
    }
    let strong = |text: &str| format!("{STRONG}{text}{END}");
    let link = |words: &str, url: &str| {
        if is_web(url) {
            format!("{LINK}{}{WORDS}{}{END}", url.replace(MARKS, ""), text(words))
        } else {
            text(words)
        }
    };
    written(part, text, strong, link)
}

/// The text without marks, and the entities that they stand for.
fn taken_apart(marked: &str) -> (String, Vec<Json>) {
    let (mut text, mut entities) = (String::new(), Vec::new());
    // What is open: its entity, and where it began.
    let mut open: Option<(Json, usize)> = None;
    let mut rest = marked;
    while let Some(at) = rest.find(MARKS) {
        text.push_str(&rest[..at]);
        let mark = rest[at..].chars().next().unwrap_or(END);
        rest = &rest[at + mark.len_utf8()..];
        match mark {
            STRONG => open = Some((json!({ "type": "bold" }), units(&text))),
            MONO => open = Some((json!({ "type": "pre" }), units(&text))),
            LINK => {
                let (url, after) = rest.split_once(WORDS).unwrap_or(("", rest));
                open = Some((json!({ "type": "text_link", "url": url }), units(&text)));
                rest = after;
            }
            _ => {
                if let Some((mut entity, start)) = open.take() {
                    entity["offset"] = json!(start);
                    entity["length"] = json!(units(&text) - start);
                    entities.push(entity);
                }
            }
        }
    }
    text.push_str(rest);
    entities.retain(|entity| entity["length"] != 0);
    (text, entities)
}

//! `DingTalk`: its Markdown, which has no escape and breaks lines at two blanks.
//!
//! Limit by DingTalk's documentation of custom robots: 20,000 bytes a message.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, heading, linked, look_alike, titled, written};

/// What is left of 20,000 bytes beside the rest, and for a keyword.
const TEXT_MAX: usize = 18_500;

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let all = titled(view);
    let measure = |text: &str| json!(text).to_string().len();
    let room = Room { size: TEXT_MAX, measure: &measure, between: "\n\n", write: &write, more };
    json!({
        "msgtype": "markdown",
        "markdown": { "title": heading(&view.subject), "text": room.fill(&all) },
        "at": { "isAtAll": false },
    })
}

fn write(part: &Part) -> String {
    let text = |text: &str| look_alike::text(text).replace('\n', "  \n");
    let strong = |text: &str| format!("**{text}**");
    written(part, text, strong, |words, url| linked(text(words), url))
}

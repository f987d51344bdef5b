//! `WeCom`: its Markdown, which has no escape.
//!
//! Limit by WeCom's documentation of group robots: 4,096 bytes of content, in UTF-8.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, linked, look_alike, titled, written};

const TEXT_MAX: usize = 4_096;

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let all = titled(view);
    let measure = |text: &str| text.len();
    let room = Room { size: TEXT_MAX, measure: &measure, between: "\n\n", write: &write, more };
    json!({ "msgtype": "markdown", "markdown": { "content": room.fill(&all) } })
}

fn write(part: &Part) -> String {
    let strong = |text: &str| format!("**{text}**");
    written(part, look_alike::text, strong, |words, url| linked(look_alike::text(words), url))
}

//! `WeCom`: its Markdown, which has no escape.
//!
//! Limit by WeCom's documentation of group robots: 4,096 bytes of content, in UTF-8.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, heading, is_web, look_alike, parts, plain, strong, target, written};

const TEXT_MAX: usize = 4_096;

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let title = Part { spans: vec![strong(heading(&view.title)), plain("")], ..Part::default() };
    let all: Vec<Part> = std::iter::once(title).chain(parts(view)).collect();
    let measure = |text: &str| text.len();
    let room = Room { size: TEXT_MAX, measure: &measure, between: "\n\n", write: &write, more };
    json!({ "msgtype": "markdown", "markdown": { "content": room.fill(&all) } })
}

fn write(part: &Part) -> String {
    let strong = |text: &str| format!("**{text}**");
    let link = |words: &str, url: &str| {
        if is_web(url) {
            format!("[{}]({})", look_alike::text(words), target(url))
        } else {
            look_alike::text(words)
        }
    };
    written(part, look_alike::text, strong, link)
}

//! ntfy: a notification in Markdown.
//!
//! Limit by ntfy's documentation: 4,096 bytes a message; what is longer would become a file.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, backslashed, heading, parts, target, written};

const TEXT_MAX: usize = 4_096;
const SPECIAL: &str = "\\`*_{}[]()#+-.!|~><";

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let measure = |text: &str| text.len();
    let room = Room { size: TEXT_MAX, measure: &measure, between: "\n\n", write: &write, more };
    json!({ "title": heading(&view.title), "message": room.fill(&parts(view)), "markdown": true })
}

fn write(part: &Part) -> String {
    let text = |text: &str| backslashed(text, SPECIAL).replace('\n', "  \n");
    let strong = |text: &str| format!("**{text}**");
    written(part, text, strong, |words, url| format!("[{}]({})", text(words), target(url)))
}

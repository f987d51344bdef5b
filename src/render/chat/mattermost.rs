//! Mattermost: Markdown. Mentions are kept from calling anybody by a character that is not seen.
//!
//! Limit by Mattermost's documentation of incoming webhooks: 16,383 characters a post.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, backslashed, target, titled, unmentioned, written};

const TEXT_MAX: usize = 16_383;
const SPECIAL: &str = "\\`*_{}[]()#+-.!|~><";

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let all = titled(view);
    let measure = |text: &str| text.chars().count();
    let room = Room { size: TEXT_MAX, measure: &measure, between: "\n\n", write: &write, more };
    json!({ "text": room.fill(&all), "props": { "disable_group_highlight": true } })
}

fn write(part: &Part) -> String {
    if part.mono {
        let text: String = part.all().map(|span| unmentioned(&span.text.replace('`', "ˋ"))).collect();
        return format!("```\n{text}\n```");
    }
    let text = |text: &str| backslashed(&unmentioned(text), SPECIAL).replace('\n', "  \n");
    let strong = |text: &str| format!("**{text}**");
    written(part, text, strong, |words, url| format!("[{}]({})", text(words), target(url)))
}

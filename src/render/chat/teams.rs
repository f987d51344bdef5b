//! Microsoft Teams: an Adaptive Card (1.5) in the message that a workflow's webhook takes. All text is in text runs,
//! which know no markup.
//!
//! Limit by Microsoft's documentation of webhooks: 28 KB a message.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, Span, heading, is_web, parts, target};

/// What is left of 28 KB beside the card itself.
const BODY_MAX: usize = 26_000;

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let measure = |text: &str| text.len();
    let room = Room { size: BODY_MAX, measure: &measure, between: ",", write: &write, more };
    let body = format!("[{}]", room.fill(&parts(view)));
    let mut blocks = vec![json!({
        "type": "RichTextBlock",
        "inlines": [{
            "type": "TextRun", "text": heading(&view.title), "size": "Large", "weight": "Bolder",
        }],
    })];
    // Each was written by us as JSON.
    blocks.extend(serde_json::from_str::<Vec<Json>>(&body).unwrap_or_default());
    json!({
        "type": "message",
        "summary": heading(&view.subject),
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.5",
                "body": blocks,
                "msteams": { "width": "Full" },
            },
        }],
    })
}

/// A container with a block a line: text runs know no line breaks.
fn write(part: &Part) -> String {
    let mut lines: Vec<Vec<Json>> = vec![Vec::new()];
    for span in part.all() {
        for (n, text) in span.text.split('\n').enumerate() {
            if n > 0 {
                lines.push(Vec::new());
            }
            if let Some(line) = lines.last_mut().filter(|_| !text.is_empty()) {
                line.push(run(span, text, part.mono));
            }
        }
    }
    let blocks = lines.into_iter().filter(|line| !line.is_empty());
    let blocks: Vec<Json> =
        blocks.map(|line| json!({ "type": "RichTextBlock", "spacing": "None", "inlines": line })).collect();
    if blocks.is_empty() {
        return String::new();
    }
    json!({ "type": "Container", "spacing": "Medium", "items": blocks }).to_string()
}

fn run(span: &Span, text: &str, mono: bool) -> Json {
    let mut run = json!({ "type": "TextRun", "text": text });
    if span.strong {
        run["weight"] = json!("Bolder");
    }
    if mono {
        run["fontType"] = json!("Monospace");
    }
    if let Some(url) = span.url.as_deref().filter(|url| is_web(url)) {
        run["color"] = json!("Accent");
        run["selectAction"] = json!({ "type": "Action.OpenUrl", "url": target(url) });
    }
    run
}

//! Matrix: `m.text` with HTML beside plain text; `m.mentions` says that nobody is called.
//!
//! Limit by the specification ("Size limits"): 65,536 bytes an event, with what the server adds.

use serde_json::{Value as Json, json};

use super::super::view::View;
use super::{Part, Room, html, target, titled, written};

/// Each of the two texts, as JSON: both and what the server adds stay below the limit.
const TEXT_MAX: usize = 28_000;

pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let all = titled(view);
    let measure = |text: &str| json!(text).to_string().len();
    let fill = |between, write: &dyn Fn(&Part) -> String| {
        Room { size: TEXT_MAX, measure: &measure, between, write, more }.fill(&all)
    };
    json!({
        "msgtype": "m.text",
        "body": fill("\n\n", &|part| written(part, str::to_owned, str::to_owned, |words, _| words.to_owned())),
        "format": "org.matrix.custom.html",
        "formatted_body": fill("", &write),
        "m.mentions": {},
    })
}

fn write(part: &Part) -> String {
    if part.mono {
        let text: String = part.all().map(|span| html(&span.text)).collect();
        return format!("<pre><code>{text}</code></pre>");
    }
    let text = |text: &str| html(text).replace('\n', "<br>");
    let strong = |text: &str| format!("<strong>{text}</strong>");
    // Of the schemes we write the specification allows these.
    let link = |words: &str, url: &str| match url {
        url if super::is_web(url) || url.starts_with("mailto:") => {
            format!("<a href=\"{}\">{}</a>", target(url), text(words))
        }
        _ => text(words),
    };
    let inner = written(part, text, strong, link);
    if inner.is_empty() { inner } else { format!("<p>{inner}</p>") }
}

//! Block Kit: what Slack shows, within its limits, with nothing that a customer's name could do.
//!
//! Limits are those of Slack's Block Kit reference: 50 blocks a message, 3,000 characters a section,
//! 150 a header. Only `&`, `<` and `>` are escaped, as Slack asks; that stops `<!channel>` and links.

use serde_json::{Value as Json, json};

use super::super::view::{BlockView, ItemView, View};

const BLOCKS_MAX: usize = 50;
const SECTION_MAX: usize = 3_000;
const HEADER_MAX: usize = 150;

/// The payload of an incoming webhook. `more` words "and n more" in the reader's language.
pub(super) fn payload(view: &View, more: &dyn Fn(usize) -> String) -> Json {
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": super::within(&view.title, HEADER_MAX, |text| text.chars().count()), "emoji": false }
    })];
    for lead in &view.lead {
        blocks.push(section(&escape(lead)));
    }
    for block in &view.blocks {
        blocks.extend(from_block(block));
    }
    if let Some(note) = view.notes.first() {
        blocks.push(json!({
            "type": "context",
            "elements": [{ "type": "mrkdwn", "text": cut(&escape(note), SECTION_MAX) }]
        }));
    }
    if blocks.len() > BLOCKS_MAX {
        let hidden = blocks.len() - (BLOCKS_MAX - 1);
        blocks.truncate(BLOCKS_MAX - 1);
        blocks.push(section(&escape(&more(hidden))));
    }
    json!({
        "text": escape(&view.subject),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn section(markdown: &str) -> Json {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(markdown, SECTION_MAX) } })
}

fn from_block(block: &BlockView) -> Vec<Json> {
    let mut blocks = Vec::new();
    if let Some(figures) = &block.figures {
        let rows = figures.rows.iter().map(|row| {
            format!("{}: *{}*{}", escape(&row.name), escape(&row.now), escape(&super::before(row)))
        });
        blocks.push(section(&rows.collect::<Vec<_>>().join("\n")));
    }
    if let Some(table) = &block.table {
        let lines: Vec<&str> = table.lines.iter().map(String::as_str).collect();
        // A code block keeps columns aligned; a back-tick inside would end it.
        let text = cut(&escape(&lines.join("\n")), SECTION_MAX - 200);
        blocks.push(section(&format!("*{}*\n```{}```", escape(&table.title), text)));
    }
    for item in block.items.iter().flatten() {
        blocks.push(item_section(item));
    }
    blocks.extend(block.paragraph.iter().map(|text| section(&escape(text))));
    blocks
}

/// An item with its links. However long its words are, the links stay whole.
fn item_section(item: &ItemView) -> Json {
    let actions: Vec<String> =
        item.actions.iter().map(|a| format!("<{}|{}>", link(&a.url), escape(&a.text))).collect();
    let actions = if actions.is_empty() { String::new() } else { format!("\n{}", actions.join(" · ")) };
    let room = SECTION_MAX.saturating_sub(actions.chars().count());
    section(&format!("{}{actions}", cut(&item_text(item), room)))
}

fn item_text(item: &ItemView) -> String {
    let mut lines = vec![format!("*{}. {}* · {}", item.number, escape(&item.customer), escape(&item.why))];
    lines.extend(super::reasons(item).map(|line| escape(&line)));
    lines.push(escape(&item.facts));
    let reach: Vec<String> =
        item.reach.iter().map(|r| format!("<{}|{}>", link(&r.url), escape(&r.text))).collect();
    if !reach.is_empty() {
        lines.push(reach.join(" · "));
    }
    lines.join("\n")
}

/// Text as Slack shows it to the letter. The characters of its markup become their look-alikes, since
/// Slack knows no escape for them.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' => out.push('∗'),
            '_' => out.push('ˍ'),
            '~' => out.push('∼'),
            '`' => out.push('ˋ'),
            c => out.push(c),
        }
    }
    out
}

/// A link's target: the bar and the bracket would end it.
fn link(url: &str) -> String {
    url.chars().filter(|c| !c.is_whitespace() && !matches!(c, '|' | '<' | '>')).collect()
}

/// At most `max` characters as Slack counts them, never inside an escape.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max - 1).collect();
    if let Some(open) = short.rfind('&').filter(|open| !short[*open..].contains(';')) {
        short.truncate(open);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        View {
            lang: "en".into(),
            kind: "digest",
            subject: "s".into(),
            preheader: String::new(),
            title: "t".repeat(400),
            lead: vec!["<!channel> & *bold* _it_ `code` ~x~".into()],
            blocks: vec![BlockView { items: Some((1..=80).map(item).collect()), ..BlockView::default() }],
            notes_title: String::new(),
            notes: vec![],
            sent_by: String::new(),
            attached: None,
            signed: None,
            stop: None,
        }
    }

    fn item(number: usize) -> ItemView {
        ItemView {
            number,
            customer: "<http://evil.example|Click> ".repeat(300),
            why: "due".into(),
            what: None,
            more: vec![],
            facts: "f".into(),
            reach: vec![super::super::super::view::ReachView {
                text: "a".into(),
                url: "mailto:a|b>@x".into(),
            }],
            late: false,
            actions: vec![super::super::super::view::ActionView {
                text: "Done".into(),
                url: "https://care.shop.example/a/token".into(),
            }],
        }
    }

    #[test]
    fn nothing_a_name_holds_is_markup_and_every_limit_holds() {
        let payload = payload(&view(), &|n| format!("and {n} more"));
        let blocks = payload["blocks"].as_array().unwrap();
        assert_eq!(blocks.len(), BLOCKS_MAX);
        assert_eq!(blocks[49]["text"]["text"], "and 33 more");
        assert!(
            blocks[2]["text"]["text"]
                .as_str()
                .unwrap()
                .ends_with("…\n<https://care.shop.example/a/token|Done>")
        );
        assert_eq!(blocks[1]["text"]["text"], "&lt;!channel&gt; &amp; ∗bold∗ ˍitˍ ˋcodeˋ ∼x∼");
        for block in blocks {
            let text = block["text"]["text"].as_str().unwrap();
            let max = if block["type"] == "header" { HEADER_MAX } else { SECTION_MAX };
            assert!(text.chars().count() <= max);
            let links: Vec<&str> = text.split("<http").skip(1).collect();
            let whole = text.ends_with("\n<https://care.shop.example/a/token|Done>");
            assert_eq!(links.len(), usize::from(whole), "{text}");
        }
    }

    #[test]
    fn an_escape_is_never_cut_in_two() {
        for max in 4..12 {
            let short = cut("ab&amp;cd&lt;ef", max);
            assert!(
                short.chars().count() <= max.max(4) && !short.contains("&…") && !short.contains("&am…"),
                "{short}"
            );
        }
    }
}

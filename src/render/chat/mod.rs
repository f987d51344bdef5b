//! A document for a chat service: the same parts for all of them, each in the service's own markup, within its
//! limits, with nothing that a customer's name could do there.
//!
//! [`parts`] makes paragraphs of a view; each service writes them by its rules. A paragraph that does not fit is
//! counted in "and n more"; links by which a reader acts are never cut.

mod ding_talk;
mod discord;
mod feishu;
mod google_chat;
mod look_alike;
mod matrix;
mod mattermost;
mod ntfy;
mod slack;
mod teams;
mod telegram;
mod wecom;

use serde_json::Value as Json;

use super::view::{BlockView, FigureView, ItemView, View};
use crate::domain::text::excerpt;
use crate::outbox::Service;

/// Longest paragraph, in graphemes. What a name holds beyond it is no name.
const PART_MAX: usize = 1_200;

/// Longest title, in bytes.
const HEADING_MAX: usize = 400;

/// A run of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Span {
    text: String,
    strong: bool,
    /// Where it leads.
    url: Option<String>,
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Part {
    /// What may be cut.
    spans: Vec<Span>,
    /// What may not: links by which a reader acts.
    tail: Vec<Span>,
    /// Whether its columns are to stand under one another.
    mono: bool,
    /// How many customers it stands for.
    counts: usize,
}

/// How much of a message there is room for.
struct Room<'a> {
    /// What is left.
    size: usize,
    /// The size of written text, in the service's own unit.
    measure: &'a dyn Fn(&str) -> usize,
    /// What stands between paragraphs.
    between: &'a str,
    /// A paragraph as the service writes it.
    write: &'a dyn Fn(&Part) -> String,
    /// Words "and n more".
    more: &'a dyn Fn(usize) -> String,
}

/// The message for a service. `more` words "and n more" in the reader's language.
pub fn payload(service: Service, view: &View, more: impl Fn(usize) -> String) -> Json {
    let more: &dyn Fn(usize) -> String = &more;
    match service {
        Service::Slack | Service::SlackBot => slack::payload(view, more),
        Service::Teams => teams::payload(view, more),
        Service::Discord => discord::payload(view, more),
        Service::Mattermost => mattermost::payload(view, more),
        Service::GoogleChat => google_chat::payload(view, more),
        Service::Telegram => telegram::payload(view, more),
        Service::Feishu => feishu::payload(view, more),
        Service::DingTalk => ding_talk::payload(view, more),
        Service::WeCom => wecom::payload(view, more),
        Service::Matrix => matrix::payload(view, more),
        Service::Ntfy => ntfy::payload(view, more),
    }
}

fn plain(text: impl Into<String>) -> Span {
    Span { text: text.into(), ..Span::default() }
}

fn strong(text: impl Into<String>) -> Span {
    Span { text: text.into(), strong: true, ..Span::default() }
}

fn link(text: &str, url: &str) -> Span {
    Span { text: text.to_owned(), strong: false, url: Some(url.to_owned()) }
}

/// The title, for services that have no place of their own for it, and all that is said below it.
fn titled(view: &View) -> Vec<Part> {
    let title = Part { spans: vec![strong(heading(&view.title))], ..Part::default() };
    std::iter::once(title).chain(parts(view)).collect()
}

/// All that is said below the title.
fn parts(view: &View) -> Vec<Part> {
    let mut parts: Vec<Part> = view.lead.iter().map(|text| paragraph(text)).collect();
    parts.extend(view.blocks.iter().flat_map(of_block));
    parts.extend(view.notes.first().map(|note| paragraph(note)));
    parts
}

fn paragraph(text: &str) -> Part {
    Part { spans: vec![plain(excerpt(text, PART_MAX))], ..Part::default() }
}

fn of_block(block: &BlockView) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(figures) = &block.figures {
        let mut spans = Vec::new();
        for row in &figures.rows {
            spans.extend(figure(row, spans.is_empty()));
        }
        parts.push(Part { spans, ..Part::default() });
    }
    if let Some(table) = &block.table {
        parts.push(Part { spans: vec![strong(excerpt(&table.title, PART_MAX))], ..Part::default() });
        let lines = excerpt(&table.lines.join("\n"), PART_MAX);
        parts.push(Part { spans: vec![plain(lines)], mono: true, ..Part::default() });
    }
    parts.extend(block.items.iter().flatten().map(item));
    parts.extend(block.paragraph.as_ref().map(|text| Part { counts: block.counts, ..paragraph(text) }));
    parts
}

fn figure(row: &FigureView, first: bool) -> Vec<Span> {
    let line = if first { "" } else { "\n" };
    vec![plain(format!("{line}{}: ", row.name)), strong(row.now.clone()), plain(before(row))]
}

/// What a figure is held against, in brackets.
fn before(row: &FigureView) -> String {
    let others: Vec<&str> = row.others.iter().map(|o| o.value.as_str()).filter(|o| !o.is_empty()).collect();
    if others.is_empty() { String::new() } else { format!(" ({})", others.join(" · ")) }
}

fn item(item: &ItemView) -> Part {
    let name = excerpt(&item.customer, PART_MAX / 4);
    let mut lines = vec![format!(" · {}", item.why)];
    lines.extend(reasons(item));
    lines.extend(Some(item.facts.clone()).filter(|facts| !facts.is_empty()));
    let lines = lines.join("\n");
    let mut spans = vec![strong(format!("{}. {name}", item.number)), plain(excerpt(&lines, PART_MAX))];
    spans.extend(joined(item.reach.iter().map(|reach| link(&excerpt(&reach.text, 120), &reach.url))));
    let tail = joined(item.actions.iter().map(|action| link(&action.text, &action.url)));
    Part { spans, tail, mono: false, counts: 1 }
}

/// What was promised, and each further reason, a line each.
fn reasons(item: &ItemView) -> impl Iterator<Item = String> {
    let more = item.more.iter().map(|because| {
        let what = because.what.as_ref().map(|what| format!(" {what}")).unwrap_or_default();
        format!("+ {}{what}", because.why)
    });
    item.what.iter().cloned().chain(more)
}

/// Links on a line of their own.
fn joined(links: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans = Vec::new();
    for link in links {
        spans.push(plain(if spans.is_empty() { "\n" } else { " · " }));
        spans.push(link);
    }
    spans
}

impl Part {
    /// What it says, the tail after the rest.
    fn all(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().chain(&self.tail)
    }

    /// The same with at most so many graphemes before its tail.
    fn cut(&self, graphemes: usize) -> Part {
        use unicode_segmentation::UnicodeSegmentation as _;
        let mut left = graphemes;
        let mut spans = Vec::new();
        for span in &self.spans {
            let length = span.text.graphemes(true).count();
            if length <= left {
                left -= length;
                spans.push(span.clone());
                continue;
            }
            // A link that is cut leads to where nobody meant.
            if left > 0 && span.url.is_none() {
                spans.push(Span { text: excerpt(&span.text, left), ..span.clone() });
            }
            break;
        }
        Part { spans, ..self.clone() }
    }
}

impl Room<'_> {
    /// The text of as many paragraphs as fit, with the number of those left out.
    fn fill(mut self, parts: &[Part]) -> String {
        let mut out = String::new();
        for (n, part) in parts.iter().enumerate() {
            let rest: usize = parts[n..].iter().map(|part| part.counts).sum();
            let written = (self.write)(part);
            // Whoever comes after this one must still be counted.
            let reserve = if n + 1 < parts.len() { self.cost(&self.and_more(rest)) } else { 0 };
            if self.cost(&written) + reserve <= self.size {
                self.push(&mut out, &written);
                continue;
            }
            if out.is_empty() || part.counts == 0 && !part.mono {
                let short = self.shortened(part, self.size.saturating_sub(reserve));
                self.push(&mut out, &short);
                if n + 1 == parts.len() {
                    return out;
                }
                let rest: usize = parts[n + 1..].iter().map(|part| part.counts).sum();
                self.finish(&mut out, rest);
                return out;
            }
            self.finish(&mut out, rest);
            return out;
        }
        out
    }

    fn finish(&mut self, out: &mut String, rest: usize) {
        let written = self.and_more(rest);
        if self.cost(&written) <= self.size {
            self.push(out, &written);
        }
    }

    /// "and n more", or that there is more, as the service writes it.
    fn and_more(&self, rest: usize) -> String {
        let words = if rest > 0 { (self.more)(rest) } else { "…".to_owned() };
        (self.write)(&Part { spans: vec![plain(words)], ..Part::default() })
    }

    fn cost(&self, written: &str) -> usize {
        (self.measure)(written) + (self.measure)(self.between)
    }

    fn push(&mut self, out: &mut String, written: &str) {
        if written.is_empty() {
            return;
        }
        if !out.is_empty() {
            out.push_str(self.between);
        }
        self.size = self.size.saturating_sub(self.cost(written));
        out.push_str(written);
    }

    /// A paragraph as long as there is room for.
    fn shortened(&self, part: &Part, size: usize) -> String {
        let (mut low, mut high) = (0, PART_MAX * 2);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if self.cost(&(self.write)(&part.cut(middle))) <= size { low = middle } else { high = middle - 1 }
        }
        let short = (self.write)(&part.cut(low));
        if self.cost(&short) <= size { short } else { String::new() }
    }
}

/// Writes spans by the rules of a service: text, strong text, and links.
fn written(
    part: &Part,
    text: impl Fn(&str) -> String,
    strong: impl Fn(&str) -> String,
    link: impl Fn(&str, &str) -> String,
) -> String {
    let span = |span: &Span| match &span.url {
        _ if span.text.is_empty() => String::new(),
        Some(url) => link(&span.text, url),
        None if span.strong => strong(&text(&span.text)),
        None => text(&span.text),
    };
    part.all().map(span).collect()
}

/// As much of `text`, cut on a grapheme border, as measures no more than `most`.
fn within(text: &str, most: usize, measure: impl Fn(&str) -> usize) -> String {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if measure(&excerpt(text, middle)) <= most { low = middle } else { high = middle - 1 }
    }
    excerpt(text, low)
}

/// A title or a line for lists: short in any unit.
fn heading(text: &str) -> String {
    within(text, HEADING_MAX, str::len)
}

/// Whether a browser opens it: services refuse other links, or the whole message with them.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// A link in Markdown, its words written before, where a browser opens it; else the words alone.
fn linked(words: String, url: &str) -> String {
    if is_web(url) { format!("[{words}]({})", target(url)) } else { words }
}

/// A link's target without what could end it in any markup.
fn target(url: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        if c.is_whitespace() || c.is_control() || "()<>[]|\"'\\`{}".contains(c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// HTML's own characters as entities.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text with each of some characters behind a backslash, as Markdown escapes them.
fn backslashed(text: &str, special: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text in which no `@` calls anybody: behind each that begins a word stands a character that is not seen.
fn unmentioned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        out.push(c);
        if c == '@' && !before.is_alphanumeric() {
            out.push('\u{2060}');
        }
        before = c;
    }
    out
}

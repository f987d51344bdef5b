//! The templates: compiled once, strict, without anything that could reach outside or run for ever.

use std::collections::BTreeMap;

use handlebars::{Handlebars, RenderErrorReason, TemplateErrorReason};
use serde::Serialize;

use super::view::View;
use crate::document::Kind;

/// Largest text a template may make. A mail beyond it would be refused on its way anyway.
const OUTPUT_MAX: usize = 10 << 20;

/// Largest template.
const TEMPLATE_MAX: usize = 256 << 10;

/// The pieces of ours, compiled in; a shop may put its own beside them.
pub const PIECES: &[(&str, &str)] = &[
    ("report/body.html", include_str!("../../templates/report/body.html.hbs")),
    ("report/body.txt", include_str!("../../templates/report/body.txt.hbs")),
    ("digest/body.html", include_str!("../../templates/digest/body.html.hbs")),
    ("digest/body.txt", include_str!("../../templates/digest/body.txt.hbs")),
    ("notice/body.html", include_str!("../../templates/notice/body.html.hbs")),
    ("notice/body.txt", include_str!("../../templates/notice/body.txt.hbs")),
    ("action/layout.html", include_str!("../../templates/action/layout.html.hbs")),
    ("action/page.html", include_str!("../../templates/action/page.html.hbs")),
    ("action/sign.html", include_str!("../../templates/action/sign.html.hbs")),
    ("breach/body.html", include_str!("../../templates/breach/body.html.hbs")),
    ("breach/body.txt", include_str!("../../templates/breach/body.txt.hbs")),
    ("greeting/body.html", include_str!("../../templates/greeting/body.html.hbs")),
    ("greeting/body.txt", include_str!("../../templates/greeting/body.txt.hbs")),
    ("layout.html", include_str!("../../templates/layout.html.hbs")),
    ("chart.html", include_str!("../../templates/chart.html.hbs")),
    ("figures.html", include_str!("../../templates/figures.html.hbs")),
    ("table.html", include_str!("../../templates/table.html.hbs")),
];

/// Why a template is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template `{name}`{}: {reason}", line.map(|n| format!(", line {n}")).unwrap_or_default())]
pub struct TemplateError {
    /// Its name below the template folder, without `.hbs`.
    pub name: String,
    /// Where.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

/// Compiled templates: those for HTML escape what they print, those for text do not.
pub struct Templates {
    html: Handlebars<'static>,
    text: Handlebars<'static>,
}

impl Templates {
    /// Ours, overridden piece by piece by `own` (name and text). All that is wrong is said at once.
    pub fn with(own: &[(String, String)]) -> Result<Templates, Vec<TemplateError>> {
        let mut templates = Templates { html: registry(true), text: registry(false) };
        let mut errors = Vec::new();
        for (name, text) in PIECES {
            let text = own.iter().find(|(n, _)| n == name).map_or(*text, |(_, t)| t.as_str());
            errors.extend(templates.add(name, text).err());
        }
        for (name, _) in own.iter().filter(|(name, _)| !PIECES.iter().any(|(known, _)| known == name)) {
            let known: Vec<&str> = PIECES.iter().map(|(known, _)| *known).collect();
            let reason = format!("no such piece; there are: {}", known.join(", "));
            errors.push(TemplateError { name: name.clone(), line: None, reason });
        }
        let texts: BTreeMap<&str, &str> = PIECES
            .iter()
            .map(|(name, ours)| {
                (*name, own.iter().find(|(n, _)| n == name).map_or(*ours, |(_, t)| t.as_str()))
            })
            .collect();
        errors.extend(texts.keys().filter_map(|name| circle(&texts, name)));
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }

    fn add(&mut self, name: &str, text: &str) -> Result<(), TemplateError> {
        let wrong = |line, reason: String| TemplateError { name: name.to_owned(), line, reason };
        if text.len() > TEMPLATE_MAX {
            return Err(wrong(None, format!("longer than {TEMPLATE_MAX} bytes")));
        }
        if let Some(line) = text.lines().position(|l| l.contains("{{{") || l.contains("{{&")) {
            let reason = "`{{{` and `{{&` print without escaping; write `{{`".to_owned();
            return Err(wrong(Some(line + 1), reason));
        }
        let registry = if is_html(name) { &mut self.html } else { &mut self.text };
        registry.register_template_string(name, text).map_err(|e| {
            let line = e.pos().map(|(line, _)| line);
            // The parser lists its whole grammar; what it means is one of these.
            wrong(
                line,
                match e.reason() {
                    TemplateErrorReason::InvalidSyntax(_) => {
                        "a `{{` without its `}}`, or a block without its end".to_owned()
                    }
                    other => other.to_string(),
                },
            )
        })
    }

    /// Fills the template of a kind and form (`html` or `txt`).
    pub fn body(&self, kind: Kind, form: &str, view: &View) -> Result<String, TemplateError> {
        let name = format!("{}/body.{form}", kind.name());
        let registry = if form == "html" { &self.html } else { &self.text };
        render(registry, &name, view)
    }

    /// Fills the template of a page: `action/page.html` or `action/sign.html`.
    pub fn page(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        render(&self.html, name, view)
    }
}

/// Whether a piece is HTML, by its name.
fn is_html(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending == "html")
}

/// The pieces that a text includes.
fn included(text: &str) -> impl Iterator<Item = &str> {
    let openings = ["{{>", "{{#>", "{{~>", "{{~#>"];
    let after = openings.into_iter().flat_map(move |open| text.split(open).skip(1));
    after
        .filter_map(|rest| rest.trim_start().split([' ', '}', '~', '\n']).next())
        .map(|n| n.trim_matches(['"', '\'']))
}

/// Pieces that include one another without end would overflow the stack, which nothing can catch.
fn circle(texts: &BTreeMap<&str, &str>, start: &str) -> Option<TemplateError> {
    let mut reached: Vec<&str> = included(texts.get(start)?).collect();
    let mut at = 0;
    while let Some(name) = reached.get(at).copied() {
        if name == start {
            let reason = format!("it includes itself, by way of {}", reached[..at].join(", "));
            return Some(TemplateError { name: start.to_owned(), line: None, reason });
        }
        let next = texts.get(name).map_or_else(Vec::<&str>::new, |text| included(text).collect());
        reached.extend(next.into_iter().filter(|n| !reached.contains(n)).collect::<Vec<_>>());
        at += 1;
    }
    None
}

fn registry(escape: bool) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    if !escape {
        registry.register_escape_fn(handlebars::no_escape);
    }
    registry
}

fn render(registry: &Handlebars<'_>, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
    let mut out = Limited { text: Vec::new() };
    registry.render_to_write(name, view, &mut out).map_err(|e| {
        let reason = match e.reason() {
            RenderErrorReason::MissingVariable(Some(path)) => format!("there is no `{path}` here"),
            RenderErrorReason::IOError(e) => e.to_string(),
            other => other.to_string(),
        };
        let name = e.template_name.clone().unwrap_or_else(|| name.to_owned());
        TemplateError { name, line: e.line_no, reason }
    })?;
    String::from_utf8(out.text).map_err(|e| TemplateError {
        name: name.to_owned(),
        line: None,
        reason: e.to_string(),
    })
}

/// A writer that ends at [`OUTPUT_MAX`]: handlebars itself has no limit.
struct Limited {
    text: Vec<u8>,
}

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len() + bytes.len() > OUTPUT_MAX {
            return Err(std::io::Error::other(format!("the text would be longer than {OUTPUT_MAX} bytes")));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

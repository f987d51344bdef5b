//! The templates: compiled once, strict, without anything that could reach outside or run for ever.

mod include;
mod pieces;
mod strict;

use std::collections::BTreeMap;

use handlebars::{Handlebars, RenderErrorReason, Template, TemplateErrorReason};
use serde::Serialize;

pub use self::pieces::{PIECES, Piece};
use super::view::View;
use crate::document::Kind;

/// Largest text a template may make. A mail beyond it would be refused on its way anyway.
const OUTPUT_MAX: usize = 10 << 20;

/// Largest template.
const TEMPLATE_MAX: usize = 256 << 10;

/// A shop's own text of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Its name below the template folder, without `.hbs`.
    pub name: String,
    /// Its file, as the shop knows it.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// Why a template is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}{}: {reason}", place(name, path.as_deref()), line.map(|n| format!(", line {n}")).unwrap_or_default())]
pub struct TemplateError {
    /// Its name below the template folder, without `.hbs`.
    pub name: String,
    /// Its file, unless it is one of ours.
    pub path: Option<String>,
    /// Where.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// Whether no more is wrong than that it becomes too long: less of what it is filled with may fit.
    pub too_long: bool,
}

/// A template as it is looked for: by its file, or by its name if it is built in.
fn place(name: &str, path: Option<&str>) -> String {
    path.map_or_else(|| format!("our template `{name}`"), |path| format!("`{path}`"))
}

/// Compiled templates.
pub struct Templates {
    /// By which messages are filled.
    plain: Forms,
    /// The same with probes, by which they are proven once: a message need not look up each name twice.
    guarded: Forms,
    paths: BTreeMap<String, String>,
}

/// Those for HTML escape what they print, those for text do not.
struct Forms {
    html: Handlebars<'static>,
    text: Handlebars<'static>,
}

impl Forms {
    fn new() -> Forms {
        Forms { html: registry(true), text: registry(false) }
    }

    fn of(&self, name: &str) -> &Handlebars<'static> {
        if is_html(name) { &self.html } else { &self.text }
    }

    fn add(&mut self, name: &str, template: Template) {
        let registry = if is_html(name) { &mut self.html } else { &mut self.text };
        registry.register_template(name, template);
    }
}

impl Templates {
    /// Ours, overridden piece by piece by `own`. All that is wrong is said at once.
    pub fn with(own: &[Own]) -> Result<Templates, Vec<TemplateError>> {
        let paths = own.iter().map(|own| (own.name.clone(), own.path.clone())).collect();
        let mut templates = Templates { plain: Forms::new(), guarded: Forms::new(), paths };
        let texts: BTreeMap<&str, &str> = PIECES
            .iter()
            .map(|piece| {
                let own = own.iter().find(|own| own.name == piece.name);
                (piece.name, own.map_or(piece.ours, |own| own.text.as_str()))
            })
            .collect();
        let (mut compiled, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, text) in &texts {
            match templates.compile(name, text) {
                Ok(template) => drop(compiled.insert(*name, template)),
                Err(error) => errors.push(error),
            }
        }
        for own in own.iter().filter(|own| Piece::named(&own.name).is_none()) {
            let reason = "no such piece; `retaind template list` has them all".to_owned();
            errors.push(templates.error(&own.name, None, reason));
        }
        errors.extend(texts.keys().filter_map(|name| {
            let reason = match circle(&texts, name)?.join(", ") {
                others if others.is_empty() => "it includes itself".to_owned(),
                others => format!("it includes itself, by way of {others}"),
            };
            Some(templates.error(name, None, reason))
        }));
        if !errors.is_empty() {
            return Err(errors);
        }
        for (name, mut template) in include::whole(&compiled) {
            templates.plain.add(&name, template.clone());
            strict::guard(&mut template);
            templates.guarded.add(&name, template);
        }
        Ok(templates)
    }

    fn error(&self, name: &str, line: Option<usize>, reason: String) -> TemplateError {
        let path = self.paths.get(name).cloned();
        TemplateError { name: name.to_owned(), path, line, reason, too_long: false }
    }

    fn compile(&self, name: &str, text: &str) -> Result<Template, TemplateError> {
        if text.len() > TEMPLATE_MAX {
            return Err(self.error(name, None, format!("longer than {TEMPLATE_MAX} bytes")));
        }
        if let Some(line) = text.lines().position(|l| l.contains("{{{") || l.contains("{{&")) {
            let reason = "`{{{` and `{{&` print without escaping; write `{{`".to_owned();
            return Err(self.error(name, Some(line + 1), reason));
        }
        Template::compile_with_name(text, name.to_owned()).map_err(|e| {
            let line = e.pos().map(|(line, _)| line);
            // The parser lists its whole grammar; what it means is one of these.
            let reason = match e.reason() {
                TemplateErrorReason::InvalidSyntax(_) => {
                    "a `{{` without its `}}`, or a block without its end".to_owned()
                }
                other => other.to_string(),
            };
            self.error(name, line, reason)
        })
    }

    /// Fills the template of a kind and form (`html` or `txt`).
    pub fn body(&self, kind: Kind, form: &str, view: &View) -> Result<String, TemplateError> {
        self.fill(&format!("{}/body.{form}", kind.name()), view)
    }

    /// Fills the template of a piece, such as a page: `action/page.html` or `action/sign.html`.
    pub fn fill(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        self.filled(self.plain.of(name), name, view)
    }

    /// The same, refusing any name that is not there, be it one that a block is opened with.
    pub fn prove(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        self.filled(self.guarded.of(name), name, view)
    }

    fn filled(
        &self,
        registry: &Handlebars<'_>,
        name: &str,
        view: &impl Serialize,
    ) -> Result<String, TemplateError> {
        let mut out = Limited { text: Vec::new(), full: false };
        let rendered = registry.render_to_write(name, view, &mut out);
        rendered.map_err(|e| {
            let reason = match e.reason() {
                RenderErrorReason::MissingVariable(Some(path))
                | RenderErrorReason::InvalidJsonIndex(path) => {
                    format!("there is no `{path}` here")
                }
                RenderErrorReason::IOError(e) => e.to_string(),
                other => other.to_string(),
            };
            let error = self.error(e.template_name.as_deref().unwrap_or(name), e.line_no, reason);
            TemplateError { too_long: out.full, ..error }
        })?;
        String::from_utf8(out.text).map_err(|e| self.error(name, None, e.to_string()))
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

/// Pieces that include one another without end would overflow the stack, which nothing can catch. By way of
/// which others, if `start` includes itself.
fn circle<'t>(texts: &BTreeMap<&str, &'t str>, start: &str) -> Option<Vec<&'t str>> {
    let mut reached: Vec<&'t str> = included(texts.get(start)?).collect();
    let mut at = 0;
    while let Some(name) = reached.get(at).copied() {
        if name == start {
            reached.truncate(at);
            return Some(reached);
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
    strict::register(&mut registry);
    include::register(&mut registry);
    if !escape {
        registry.register_escape_fn(handlebars::no_escape);
    }
    registry
}

/// A writer that ends at [`OUTPUT_MAX`]: handlebars itself has no limit.
struct Limited {
    text: Vec<u8>,
    /// Whether there was more.
    full: bool,
}

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len() + bytes.len() > OUTPUT_MAX {
            self.full = true;
            return Err(std::io::Error::other(format!("the text would be longer than {OUTPUT_MAX} bytes")));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

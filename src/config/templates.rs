//! A shop's own templates, compiled and proven when the configuration loads.

use std::path::Path;

use super::problem::{Problem, nearest};
use super::{Builder, Findings, Outlet, file, secret};
use crate::job::sample;
use crate::render::Templates;
use crate::render::template::{Own, PIECES, Piece, TemplateError};

/// What a shop has of its own, as far as templates go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restyled {
    /// Its texts in place of ours.
    pub own: Vec<Own>,
    /// The language it speaks where nobody says otherwise.
    pub language: String,
}

/// Reads what a shop has of its own, fit or not: whoever mends a template asks what it can show.
pub fn restyled(path: &Path) -> Result<Restyled, Findings> {
    let (file, mut findings) = super::read(path);
    let Some(file) = file else { return Err(findings) };
    let mut builder = Builder::of(path, Vec::new(), Outlet::OFFLINE);
    let own = builder.own_templates(file.templates.as_ref());
    let language = builder.language(file.defaults.language.as_ref(), "en");
    findings.problems = builder.problems;
    if findings.are_fatal() { Err(findings) } else { Ok(Restyled { own, language }) }
}

impl Builder {
    /// Compiles the templates and renders each with sample data.
    pub(super) fn templates(&mut self, folder: Option<&file::Text>) -> Option<Templates> {
        let own = self.own_templates(folder);
        let told = |title: &str, error: &TemplateError, help: Option<String>| {
            let problem = Problem::error(title).at(folder.map_or(0..0, file::At::span), error.to_string());
            Problem { help, ..problem }
        };
        let templates = match Templates::with(&own) {
            Ok(templates) => templates,
            Err(errors) => {
                let unusable = errors.iter().map(|e| told("a template cannot be used", e, meant(e)));
                self.problems.extend(unusable);
                return None;
            }
        };
        self.problems.extend(sample::unfit(&templates).iter().map(|e| {
            let help = format!(
                "`retaind template data {0}` prints what it can show, `show --ours {0}` our text",
                e.name
            );
            told("a template does not render with sample data", e, Some(help))
        }));
        Some(templates)
    }

    /// The shop's own texts of pieces.
    pub(super) fn own_templates(&mut self, folder: Option<&file::Text>) -> Vec<Own> {
        let Some(text) = folder else { return Vec::new() };
        let path = self.folder.join(text.get());
        read_templates(&path).unwrap_or_else(|e| {
            let problem = Problem::error("the template folder cannot be read");
            let problem = problem.at(text.span(), secret::reason(&e));
            self.problems.push(problem.help(format!("looked for {}", path.display())));
            Vec::new()
        })
    }
}

/// The piece whose name was misspelt.
fn meant(error: &TemplateError) -> Option<String> {
    let unknown = Piece::named(&error.name).is_none();
    let near = nearest(&error.name, PIECES.iter().map(|piece| piece.name)).filter(|_| unknown)?;
    Some(format!("did you mean `{near}`?"))
}

/// The `.hbs` files below a folder, by their names without the ending.
fn read_templates(folder: &Path) -> std::io::Result<Vec<Own>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "hbs") {
                let name = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
                let name = name.to_string_lossy().replace('\\', "/");
                let text = std::fs::read_to_string(&path)?;
                found.push(Own { name, path: path.display().to_string(), text });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

//! A shop's own templates, compiled and proven when the configuration loads.

use std::path::Path;
use std::sync::OnceLock;

use super::problem::Problem;
use super::{Builder, file, secret};
use crate::document::Kind;
use crate::render::Templates;
use crate::render::page::{PageView, SignView};
use crate::render::view::View;

impl Builder {
    /// Compiles the templates and renders each with sample data: a template that would fail at eight on
    /// Monday fails now.
    pub(super) fn templates(&mut self, folder: Option<&file::Text>) -> Option<Templates> {
        let mut own = Vec::new();
        if let Some(text) = folder {
            let path = self.folder.join(text.get());
            match read_templates(&path) {
                Ok(found) => own = found,
                Err(e) => {
                    let problem = Problem::error("the template folder cannot be read");
                    let problem = problem.at(text.span(), secret::reason(&e));
                    self.problems.push(problem.help(format!("looked for {}", path.display())));
                }
            }
        }
        let templates = match Templates::with(&own) {
            Ok(templates) => templates,
            Err(errors) => {
                for error in errors {
                    self.template_problem(folder, &error);
                }
                return None;
            }
        };
        for kind in Kind::ALL {
            let sample = sample(kind);
            for form in ["html", "txt"] {
                let rendered = sample
                    .clone()
                    .and_then(|view| templates.body(kind, form, view).map_err(|e| e.to_string()));
                if let Err(reason) = rendered {
                    let error = Problem::error("a template does not render with sample data");
                    let span = folder.map_or(0..0, file::At::span);
                    self.problems.push(error.at(span, reason));
                }
            }
        }
        for reason in unfit_pages(&templates) {
            let error = Problem::error("a template does not render with sample data");
            self.problems.push(error.at(folder.map_or(0..0, file::At::span), reason));
        }
        Some(templates)
    }

    fn template_problem(
        &mut self,
        folder: Option<&file::Text>,
        error: &crate::render::template::TemplateError,
    ) {
        let problem = Problem::error("a template cannot be used");
        let span = folder.map_or(0..0, file::At::span);
        self.problems.push(problem.at(span, error.to_string()));
    }
}

/// What is wrong with the templates of the pages that links lead to.
fn unfit_pages(templates: &Templates) -> Vec<String> {
    static SAMPLES: OnceLock<Result<(PageView, SignView), String>> = OnceLock::new();
    let (page, sign) = match SAMPLES.get_or_init(crate::job::sample::pages) {
        Ok(samples) => samples,
        Err(reason) => return vec![reason.clone()],
    };
    let results = [templates.page("action/page.html", page), templates.page("action/sign.html", sign)];
    results.into_iter().filter_map(Result::err).map(|e| e.to_string()).collect()
}

/// A sample to render, made once: it is the same for every configuration.
fn sample(kind: Kind) -> Result<&'static View, String> {
    static SAMPLES: [OnceLock<Result<View, String>>; Kind::ALL.len()] =
        [const { OnceLock::new() }; Kind::ALL.len()];
    let made = SAMPLES[kind as usize].get_or_init(|| crate::job::sample::view(kind));
    made.as_ref().map_err(Clone::clone)
}

/// The `.hbs` files below a folder, by their names without the ending.
fn read_templates(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "hbs") {
                let name = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
                found.push((name.to_string_lossy().replace('\\', "/"), std::fs::read_to_string(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

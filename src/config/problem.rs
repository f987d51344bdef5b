//! One diagnostic: what is wrong, where, by which rule, and the way out. All of them at once.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// It works, but hardly as meant.
    Warning,
}

/// Something wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub title: String,
    /// Where in the file, in bytes.
    pub span: Option<Range<usize>>,
    /// The rule, beside the caret.
    pub label: String,
    /// The way out.
    pub help: Option<String>,
}

impl Problem {
    /// An error.
    pub fn error(title: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            title: title.into(),
            span: None,
            label: String::new(),
            help: None,
        }
    }

    /// A warning.
    pub fn warning(title: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(title) }
    }

    /// Where, and by which rule.
    #[must_use]
    pub fn at(mut self, span: Range<usize>, label: impl Into<String>) -> Problem {
        self.span = Some(span);
        self.label = label.into();
        self
    }

    /// The way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}

/// Problems with the file they are in, as text for people.
pub fn render(problems: &[Problem], path: &str, source: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|p| (p.severity, p.span.as_ref().map_or(usize::MAX, |s| s.start), p.title.clone()));
    let mut out = String::new();
    for problem in &sorted {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(problem.title.as_str()));
        if problem.span.is_none() {
            group = group.element(Origin::path(path));
        }
        if let Some(span) = &problem.span {
            let end = source[span.clone()].find('\n').map_or(span.end, |n| span.start + n);
            let annotation =
                AnnotationKind::Primary.span(span.start..end.max(span.start)).label(problem.label.as_str());
            group = group.element(Snippet::source(source).path(path).annotation(annotation));
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    let count = |severity| sorted.iter().filter(|p| p.severity == severity).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    out + &plural(errors, "error") + ", " + &plural(warnings, "warning")
}

/// "did you mean": the nearest of the known words, if one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let scored =
        known.into_iter().map(|k| (strsim::jaro_winkler(&word.to_lowercase(), &k.to_lowercase()), k));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then(|| best.1.to_owned())
}

/// So many known words are listed beside the nearest, which may not be the one that was meant.
const LISTED: usize = 7;

/// A label for a word that is none of the known ones.
pub fn one_of(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) if (2..=LISTED).contains(&known.len()) => {
            format!("did you mean `{near}`? There are: {}", known.join(", "))
        }
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("one of: {}", known.join(", ")),
    }
}

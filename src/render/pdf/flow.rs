//! The document in reading order, as its mail has it: what goes on paper, piece by piece.

use super::grid;
use super::paper::{Element, INK, LEFT, Mark, Paper, Part, QUIET, RULE, WIDTH};
use crate::render::chart::print::Print;
use crate::render::view::{ChartView, View};

const TITLE: Print = Print { size: 18.0, bold: true, ink: INK };
const LEAD: Print = Print { size: 10.5, bold: false, ink: INK };
const NOTES: Print = Print { size: 9.0, bold: true, ink: INK };
const NOTE: Print = Print { size: 8.0, bold: false, ink: QUIET };
const NOTE_LEADING: f64 = 12.0;

/// Sets a document; `charts` are the sizes of its drawings.
pub(super) fn set(view: &View, charts: &[(f64, f64)]) -> Paper {
    let mut paper = Paper::new();
    paper.bookmark(&view.title);
    let title = paper.element(Element::Title(view.title.clone()));
    paper.paragraph(Part::Of(title), &view.title, TITLE, 24.0);
    paper.advance(6.0);
    for text in &view.lead {
        sentence(&mut paper, text);
    }
    let mut number = 0;
    for block in &view.blocks {
        if let Some(figures) = &block.figures {
            grid::figures(&mut paper, figures);
        }
        if let Some(view) = &block.chart {
            chart(&mut paper, view, number, charts.get(number).copied());
            number += 1;
        }
        if let Some(table) = &block.table {
            grid::table(&mut paper, table);
        }
        if let Some(text) = &block.paragraph {
            paper.gap(8.0);
            sentence(&mut paper, text);
        }
    }
    notes(&mut paper, view);
    paper.number(&view.sent_by);
    paper
}

fn sentence(paper: &mut Paper, text: &str) {
    let part = Part::Of(paper.element(Element::Paragraph));
    paper.paragraph(part, text, LEAD, 16.0);
    paper.advance(5.0);
}

/// As wide as the words, and never cut.
fn chart(paper: &mut Paper, view: &ChartView, number: usize, size: Option<(f64, f64)>) {
    let Some((width, height)) = size.filter(|(width, height)| *width > 0.0 && *height > 0.0) else { return };
    let scale = (WIDTH / width).min(Paper::room() / height);
    paper.gap(18.0);
    paper.keep(height * scale);
    let part = Part::Of(paper.element(Element::Figure(view.alt.clone())));
    let y = paper.y();
    paper.put(part, Mark::Chart { number, y, scale });
    paper.advance(height * scale);
}

/// How it was counted, under a line and a heading of its own.
fn notes(paper: &mut Paper, view: &View) {
    if view.notes.is_empty() {
        return;
    }
    paper.gap(26.0);
    paper.keep(26.0 + 2.0 * NOTE_LEADING);
    paper.rule((LEFT, WIDTH), 0.6, RULE);
    paper.advance(10.0);
    paper.bookmark(&view.notes_title);
    let part = Part::Of(paper.element(Element::Heading(view.notes_title.clone())));
    paper.paragraph(part, &view.notes_title, NOTES, 16.0);
    for text in &view.notes {
        let part = Part::Of(paper.element(Element::Paragraph));
        paper.paragraph(part, text, NOTE, NOTE_LEADING);
        paper.advance(3.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Kind;
    use crate::job::sample;
    use crate::render::Locale;
    use crate::render::pdf::paper::{Page, SIZE};
    use crate::render::view::words;

    fn sample(lead: usize) -> (View, Vec<(f64, f64)>) {
        let document = sample::document(Kind::Report).unwrap();
        let mut view = words(&document, &Locale::load("en").unwrap());
        view.lead = vec!["A sentence of its own.".to_owned(); lead];
        let charts = view.blocks.iter().filter(|block| block.chart.is_some()).count();
        (view, vec![(600.0, 320.0); charts])
    }

    /// Where a mark ends, and where words and charts are wide.
    fn bottom(mark: &Mark) -> f64 {
        match mark {
            Mark::Words(line) => line.y,
            Mark::Rule { y, .. } => *y,
            Mark::Chart { y, scale, .. } => y + 320.0 * scale,
        }
    }

    /// What must not be the last of its page: headings, and heads of tables.
    fn is_heading(part: Part, paper: &Paper) -> bool {
        match part {
            Part::Of(n) => matches!(paper.elements[n], Element::Heading(_)),
            Part::Cell(_, row, _) => row == 0,
            Part::Aside => false,
        }
    }

    #[test]
    fn no_heading_is_left_alone_and_nothing_is_off_the_page_wherever_pages_end() {
        for lead in 0..45 {
            let (view, charts) = sample(lead);
            let paper = set(&view, &charts);
            assert!(paper.pages.len() > 1);
            for page in &paper.pages {
                let said: Vec<&(Part, Mark)> = page.iter().filter(|(part, _)| *part != Part::Aside).collect();
                let (last, _) = said.last().unwrap();
                assert!(!is_heading(*last, &paper), "{lead}: {last:?} is left alone");
                let body = page.len() - 2;
                assert!(page[..body].iter().all(|(_, mark)| bottom(mark) <= SIZE.1 - 60.0), "{lead}");
            }
        }
    }

    #[test]
    fn every_page_is_numbered_and_says_who_sends_it() {
        let (view, charts) = sample(3);
        let paper = set(&view, &charts);
        let foot = |page: &Page| -> Vec<String> {
            let words = page[page.len() - 2..].iter();
            words
                .map(
                    |(_, mark)| if let Mark::Words(line) = mark { line.words.clone() } else { String::new() },
                )
                .collect()
        };
        for (n, page) in paper.pages.iter().enumerate() {
            assert_eq!(foot(page), [view.sent_by.clone(), format!("{} / {}", n + 1, paper.pages.len())]);
        }
    }

    #[test]
    fn the_parts_come_in_the_order_of_the_mail() {
        let (view, charts) = sample(2);
        let paper = set(&view, &charts);
        let tables = view.blocks.iter().filter_map(|block| block.table.as_ref()).map(|table| &table.title);
        let headings: Vec<&String> = tables.chain([&view.notes_title]).collect();
        let found =
            paper.elements.iter().filter_map(|e| if let Element::Heading(t) = e { Some(t) } else { None });
        assert_eq!(found.collect::<Vec<_>>(), headings);
        let marked: Vec<&String> = paper.bookmarks.iter().map(|mark| &mark.title).collect();
        assert_eq!(marked, [&view.title].into_iter().chain(headings).collect::<Vec<_>>());
        let figures = paper.elements.iter().filter(|e| matches!(e, Element::Figure(_))).count();
        assert_eq!(figures, charts.len());
    }
}

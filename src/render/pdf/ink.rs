//! Writes paper down as the bytes of a PDF: pages, bookmarks, what each part is, and what the whole is called.

use std::collections::BTreeMap;

use jiff::Zoned;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag};
use krilla::{Document, SerializeSettings};
use resvg::usvg::{Node, Tree};

use super::paper::{LEFT, Mark, Page, Paper, Part, SIZE};
use super::pen::Pen;
use super::tags;
use crate::render::chart::print;
use crate::render::view::View;

/// What was said on the pages, by the part of the document it belongs to.
pub(super) type Said = BTreeMap<Part, Vec<Identifier>>;

/// The bytes of a paper whose charts are `charts`.
pub(super) fn write(paper: &Paper, charts: &[Tree], view: &View, created: &Zoned) -> Result<Vec<u8>, String> {
    let mut document = Document::new_with(SerializeSettings::default());
    let (mut pen, mut said) = (Pen::default(), Said::new());
    let (width, height) = (SIZE.0 as f32, SIZE.1 as f32);
    for page in &paper.pages {
        let lines: Vec<_> = page
            .iter()
            .filter_map(|(_, mark)| if let Mark::Words(line) = mark { Some(line) } else { None })
            .collect();
        let words = print::page(&lines, SIZE).map_err(|e| e.to_string())?;
        let settings = PageSettings::from_wh(width, height).ok_or("a page has no size")?;
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        put(page, &words, charts, &mut pen, &mut said, &mut surface);
        surface.finish();
        sheet.finish();
    }
    document.set_outline(outline(paper));
    document.set_tag_tree(tags::tree(paper, said, &view.lang));
    document.set_metadata(metadata(view, created));
    document.finish().map_err(|e| e.to_string())
}

/// Puts everything on a page; what belongs to one part and comes together is marked together.
fn put(
    page: &Page,
    words: &Tree,
    charts: &[Tree],
    pen: &mut Pen,
    said: &mut Said,
    surface: &mut Surface<'_>,
) {
    let mut lines = words.root().children().iter();
    for marks in page.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((part, first)) = marks.first() else { continue };
        let tag = match (part, first) {
            (Part::Aside, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
            (_, Mark::Words(_)) => ContentTag::Span(SpanTag::empty()),
            _ => ContentTag::Other,
        };
        let marked = surface.start_tagged(tag);
        for (_, mark) in marks {
            match mark {
                Mark::Words(_) => {
                    if let Some(Node::Group(line)) = lines.next() {
                        pen.group(line, words.fontdb(), surface);
                    }
                }
                Mark::Rule { x, y, width, thick, ink } => rule(surface, (*x, *y), (*width, *thick), ink),
                Mark::Chart { number, y, scale } => {
                    let Some(chart) = charts.get(*number) else { continue };
                    surface.push_transform(&Transform::from_translate(LEFT as f32, *y as f32));
                    surface.push_transform(&Transform::from_scale(*scale as f32, *scale as f32));
                    pen.group(chart.root(), chart.fontdb(), surface);
                    surface.pop();
                    surface.pop();
                }
            }
        }
        surface.end_tagged();
        if *part != Part::Aside {
            said.entry(*part).or_default().push(marked);
        }
    }
}

fn rule(surface: &mut Surface<'_>, (x, y): (f64, f64), (width, thick): (f64, f64), ink: &str) {
    let level = |at: usize| ink.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
    let mut path = PathBuilder::new();
    let edge = Rect::from_xywh(x as f32, (y - thick / 2.0) as f32, width as f32, thick as f32);
    if let Some(edge) = edge {
        path.push_rect(edge);
    }
    if let Some(path) = path.finish() {
        let colour = rgb::Color::new(level(1), level(3), level(5));
        surface.set_stroke(None);
        surface.set_fill(Some(Fill { paint: colour.into(), ..Fill::default() }));
        surface.draw_path(&path);
    }
}

/// The title, and below it the tables and the notes.
fn outline(paper: &Paper) -> Outline {
    let mut nodes = paper.bookmarks.iter().map(|mark| {
        let place = XyzDestination::new(mark.page, Point::from_xy(LEFT as f32, mark.y as f32));
        OutlineNode::new(mark.title.clone(), place)
    });
    let mut outline = Outline::new();
    if let Some(title) = nodes.next() {
        let mut title = title.with_open(true);
        nodes.for_each(|node| title.push_child(node));
        outline.push_child(title);
    }
    outline
}

/// Everything here comes from the document and its occurrence: a second time the bytes are the same.
fn metadata(view: &View, created: &Zoned) -> Metadata {
    let small = |number: i8| u8::try_from(number).unwrap_or(0);
    let minutes = created.offset().seconds() / 60;
    let date = DateTime::new(u16::try_from(created.year()).unwrap_or(1970))
        .month(small(created.month()))
        .day(small(created.day()))
        .hour(small(created.hour()))
        .minute(small(created.minute()))
        .second(small(created.second()))
        .utc_offset_hour(i8::try_from(minutes / 60).unwrap_or(0))
        .utc_offset_minute(u8::try_from((minutes % 60).abs()).unwrap_or(0));
    Metadata::new()
        .title(view.title.clone())
        .description(view.subject.clone())
        .language(view.lang.clone())
        .creator("retaind".to_owned())
        .creation_date(date)
}

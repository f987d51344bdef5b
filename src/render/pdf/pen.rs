//! Draws our own drawings on a page: words stay words, in fonts that are embedded.
//!
//! Charts and words are laid out as SVG by the same engine that mails are drawn by; here each glyph goes where it
//! was put. Only what our drawings consist of is known: plain colours, lines, shapes, words.

use std::collections::BTreeMap;
use std::sync::Arc;

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Transform};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use resvg::tiny_skia;
use resvg::usvg::fontdb::{Database, ID, Source};
use resvg::usvg::{self, Group, Node, Opacity, Paint, PaintOrder};

/// Draws, and knows the fonts that were used so far by their bytes.
#[derive(Default)]
pub(super) struct Pen {
    fonts: BTreeMap<(usize, u32), Option<Font>>,
}

impl Pen {
    /// Draws a group of a drawing whose fonts are in `database`.
    pub(super) fn group(&mut self, group: &Group, database: &Database, surface: &mut Surface<'_>) {
        surface.push_transform(&transform(group.transform()));
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group, database, surface),
                Node::Path(path) => draw(path, surface),
                Node::Text(text) => self.text(text, database, surface),
                // We draw none.
                Node::Image(_) => {}
            }
        }
        surface.pop();
    }

    fn text(&mut self, text: &usvg::Text, database: &Database, surface: &mut Surface<'_>) {
        for span in text.layouted().iter().filter(|span| span.visible) {
            let (fill, stroke) =
                (span.fill.as_ref().and_then(to_fill), span.stroke.as_ref().and_then(to_stroke));
            for run in runs(&span.positioned_glyphs) {
                let Some(font) = run.first().and_then(|glyph| self.font(database, glyph.font)) else {
                    continue;
                };
                // A rim around words is drawn below them, and is no second copy of them.
                let rim = span.paint_order == PaintOrder::StrokeAndFill && stroke.is_some();
                if rim {
                    set(run, &font, span.font_size.get(), (None, stroke.clone()), surface, true);
                }
                let over = if rim { None } else { stroke.clone() };
                set(run, &font, span.font_size.get(), (fill.clone(), over), surface, false);
            }
        }
    }

    fn font(&mut self, database: &Database, id: ID) -> Option<Font> {
        let (Source::Binary(data), index) = database.face_source(id)?;
        let place = Arc::as_ptr(&data).cast::<()>().addr();
        self.fonts.entry((place, index)).or_insert_with(|| Font::new(data.into(), index)).clone()
    }
}

/// Glyphs of one font on one line, one after the other.
fn runs(glyphs: &[usvg::layout::PositionedGlyph]) -> impl Iterator<Item = &[usvg::layout::PositionedGlyph]> {
    glyphs.chunk_by(|a, b| {
        let (from, to) = (a.transform(), b.transform());
        a.font == b.font && (from.ty - to.ty).abs() < 0.001 && to.tx >= from.tx
    })
}

/// Puts a run of glyphs, with the text they stand for.
fn set(
    run: &[usvg::layout::PositionedGlyph],
    font: &Font,
    size: f32,
    (fill, stroke): (Option<Fill>, Option<Stroke>),
    surface: &mut Surface<'_>,
    as_shapes: bool,
) {
    let Some(first) = run.first() else { return };
    let (mut text, mut glyphs) = (String::new(), Vec::new());
    for (n, glyph) in run.iter().enumerate() {
        let start = text.len();
        text.push_str(&glyph.text);
        let x = |glyph: &usvg::layout::PositionedGlyph| glyph.transform().tx;
        let advance = run.get(n + 1).map_or(0.0, |next| (x(next) - x(glyph)) / size);
        let id = GlyphId::new(glyph.id.0);
        glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, start..text.len(), None));
    }
    surface.set_fill(fill);
    surface.set_stroke(stroke);
    let start = Point::from_xy(first.transform().tx, first.transform().ty);
    surface.draw_glyphs(start, &glyphs, font.clone(), &text, size, as_shapes);
}

fn draw(path: &usvg::Path, surface: &mut Surface<'_>) {
    let (fill, stroke) = (path.fill().and_then(to_fill), path.stroke().and_then(to_stroke));
    // Without either, black would be taken.
    if let Some(shape) =
        shape(path.data()).filter(|_| path.is_visible() && (fill.is_some() || stroke.is_some()))
    {
        surface.set_fill(fill);
        surface.set_stroke(stroke);
        surface.draw_path(&shape);
    }
}

fn shape(path: &tiny_skia::Path) -> Option<Path> {
    use tiny_skia::PathSegment::{Close, CubicTo, LineTo, MoveTo, QuadTo};
    let mut builder = PathBuilder::new();
    for segment in path.segments() {
        match segment {
            MoveTo(to) => builder.move_to(to.x, to.y),
            LineTo(to) => builder.line_to(to.x, to.y),
            QuadTo(a, to) => builder.quad_to(a.x, a.y, to.x, to.y),
            CubicTo(a, b, to) => builder.cubic_to(a.x, a.y, b.x, b.y, to.x, to.y),
            Close => builder.close(),
        }
    }
    builder.finish()
}

fn transform(t: usvg::Transform) -> Transform {
    Transform::from_row(t.sx, t.ky, t.kx, t.sy, t.tx, t.ty)
}

/// A plain colour; we draw with no other.
fn colour(paint: &Paint) -> Option<rgb::Color> {
    match paint {
        Paint::Color(colour) => Some(rgb::Color::new(colour.red, colour.green, colour.blue)),
        Paint::LinearGradient(_) | Paint::RadialGradient(_) | Paint::Pattern(_) => None,
    }
}

fn opacity(opacity: Opacity) -> NormalizedF32 {
    NormalizedF32::new(opacity.get()).unwrap_or(NormalizedF32::ONE)
}

fn to_fill(fill: &usvg::Fill) -> Option<Fill> {
    let rule = match fill.rule() {
        usvg::FillRule::NonZero => FillRule::NonZero,
        usvg::FillRule::EvenOdd => FillRule::EvenOdd,
    };
    Some(Fill { paint: colour(fill.paint())?.into(), opacity: opacity(fill.opacity()), rule })
}

fn to_stroke(stroke: &usvg::Stroke) -> Option<Stroke> {
    Some(Stroke {
        paint: colour(stroke.paint())?.into(),
        width: stroke.width().get(),
        miter_limit: stroke.miterlimit().get(),
        line_cap: match stroke.linecap() {
            usvg::LineCap::Butt => LineCap::Butt,
            usvg::LineCap::Round => LineCap::Round,
            usvg::LineCap::Square => LineCap::Square,
        },
        line_join: match stroke.linejoin() {
            usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => LineJoin::Miter,
            usvg::LineJoin::Round => LineJoin::Round,
            usvg::LineJoin::Bevel => LineJoin::Bevel,
        },
        opacity: opacity(stroke.opacity()),
        dash: stroke
            .dasharray()
            .map(|array| StrokeDash { array: array.to_vec(), offset: stroke.dashoffset() }),
    })
}

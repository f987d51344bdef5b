//! What each template is rendered with: samples of it, and the proof that the templates take them.

use std::sync::OnceLock;

use serde::Serialize;

use crate::document::{Document, Kind};
use crate::job::seal::attached;
use crate::render::page::{PageView, SignView};
use crate::render::template::{PIECES, Piece, TemplateError};
use crate::render::view::{self, BlockView, ChartView, TableView, View};
use crate::render::{Locale, Templates};

/// What a piece sees. All of its fields are there whenever it is rendered; those that may be empty are so in
/// some samples.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// A message.
    View(Box<View>),
    /// The block of a message with its headline figures, under the message's title.
    Figures {
        /// The block.
        #[serde(flatten)]
        block: Box<BlockView>,
        /// What the message is about.
        title: String,
    },
    /// A picture of one.
    Chart(ChartView),
    /// A table of one.
    Table(TableView),
    /// The page of an entry.
    Page(Box<PageView>),
    /// A page that only says something.
    Sign(SignView),
    /// What all pages have.
    Frame {
        /// BCP 47 tag.
        lang: String,
        /// The heading.
        title: String,
        /// Who sends this.
        sent_by: String,
    },
}

/// What `piece` is rendered with: samples, the one that says most first. Of a piece that others include, the
/// part that ours hand it.
pub fn data(piece: &Piece, locale: &Locale) -> Vec<Data> {
    samples(piece, locale, |document| view::view(document, locale).0)
}

fn samples(piece: &Piece, locale: &Locale, word: impl Fn(&Document) -> View) -> Vec<Data> {
    let views = |kind| {
        super::documents(kind)
            .into_iter()
            .map(|document| mailed(&document, locale, &word))
            .collect::<Vec<_>>()
    };
    let tables = |view: View| view.blocks.into_iter().filter_map(|block| block.table);
    let whole = |view: View| Data::View(Box::new(view));
    let frame = |page: PageView| Data::Frame { lang: page.lang, title: page.title, sent_by: page.sent_by };
    let pages = || super::pages(locale).map(|(pages, _)| pages).into_iter().flatten();
    match piece.name {
        "layout.html" => views(Kind::Report).into_iter().map(whole).collect(),
        "figures.html" => views(Kind::Report)
            .into_iter()
            .flat_map(|view| {
                let View { blocks, title, .. } = view;
                let blocks = blocks.into_iter().filter(|block| block.figures.is_some());
                blocks.map(move |block| Data::Figures { block: block.into(), title: title.clone() })
            })
            .collect(),
        "chart.html" => [Kind::Report, Kind::Breach]
            .into_iter()
            .flat_map(views)
            .flat_map(|view| view.blocks.into_iter().filter_map(|block| block.chart))
            .map(Data::Chart)
            .collect(),
        "table.html" => {
            let views = [Kind::Report, Kind::Breach].into_iter().flat_map(views);
            let mut all: Vec<TableView> = views.flat_map(tables).collect();
            all.sort_by_key(|table| table.cut.is_none());
            all.into_iter().map(Data::Table).collect()
        }
        "action/layout.html" => pages().map(frame).collect(),
        "action/page.html" => pages().map(|page| Data::Page(Box::new(page))).collect(),
        "action/sign.html" => {
            super::pages(locale).into_iter().flat_map(|(_, signs)| signs).map(Data::Sign).collect()
        }
        body => {
            let kind = Kind::ALL.into_iter().find(|kind| body.starts_with(&format!("{}/", kind.name())));
            kind.into_iter().flat_map(views).map(whole).collect()
        }
    }
}

/// As a mail shows it: with word of the list that is attached to a digest.
fn mailed(document: &Document, locale: &Locale, word: impl Fn(&Document) -> View) -> View {
    View { attached: attached(document, locale), ..word(document) }
}

/// What whoever is told reads: pieces that are only included by others are rendered within these.
fn is_whole(piece: &Piece) -> bool {
    piece.name.contains('/') && piece.name != "action/layout.html"
}

/// What is wrong with templates: each is rendered with each of its samples, in English, so that what would
/// fail at eight on Monday fails now.
pub fn unfit(templates: &Templates) -> Vec<TemplateError> {
    // The samples are the same for every configuration.
    static SAMPLES: OnceLock<Vec<(&'static str, Vec<Data>)>> = OnceLock::new();
    let samples = SAMPLES.get_or_init(|| {
        let Ok(english) = Locale::load("en") else { return Vec::new() };
        // A picture is drawn for nobody here.
        let words = |document: &Document| view::words(document, &english);
        let whole = PIECES.iter().filter(|piece| is_whole(piece));
        whole.map(|piece| (piece.name, samples(piece, &english, words))).collect()
    });
    let mut errors: Vec<TemplateError> = samples
        .iter()
        .flat_map(|(name, samples)| samples.iter().filter_map(|sample| templates.prove(name, sample).err()))
        .collect();
    // What several include is told once.
    errors.sort();
    errors.dedup();
    errors
}

//! The pieces that mails and pages are made of, as they are built in.

/// A template of ours, which a shop may replace by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its name below the template folder, without `.hbs`.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The text that is built in.
    pub ours: &'static str,
}

macro_rules! pieces {
    ($($name:literal: $about:literal),* $(,)?) => {
        /// All of them.
        pub const PIECES: &[Piece] = &[$(Piece {
            name: $name,
            about: $about,
            ours: include_str!(concat!("../../../templates/", $name, ".hbs")),
        }),*];
    };
}

pieces! {
    "layout.html": "the frame of every mail: card, typeface, colours, footer",
    "chart.html": "a picture and the words in its stead, included by report/body.html and breach/body.html",
    "figures.html": "the headline figures of a report, included by report/body.html",
    "table.html": "a table, included by report/body.html and breach/body.html",
    "report/body.html": "reports: lead, figures, charts, tables, notes",
    "report/body.txt": "the same for readers of plain text",
    "breach/body.html": "a watched figure left its bounds, or is back",
    "breach/body.txt": "the same for readers of plain text",
    "digest/body.html": "what is due for a rep, customer by customer",
    "digest/body.txt": "the same for readers of plain text",
    "greeting/body.html": "a letter to a customer",
    "greeting/body.txt": "the same for readers of plain text",
    "notice/body.html": "trouble, told to ops",
    "notice/body.txt": "the same for readers of plain text",
    "action/layout.html": "the frame of every page that a link leads to",
    "action/page.html": "the page of an entry: done, snooze, hand over, not mine",
    "action/sign.html": "a page that only says something; a customer's unsubscribing",
}

impl Piece {
    /// The piece of a name.
    pub fn named(name: &str) -> Option<&'static Piece> {
        PIECES.iter().find(|piece| piece.name == name)
    }
}

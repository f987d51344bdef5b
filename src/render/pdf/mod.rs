//! A report as a PDF: the words, figures, tables and charts of its mail, in the same order, on A4.
//!
//! `flow` decides what stands where, `paper` is what it stands on, `grid` sets tables; `ink` writes it all
//! down, with a `pen` for words and shapes and `tags` for whoever hears it read. Words are laid out by the engine that draws the charts, in the same fonts. Only builds with the
//! feature `pdf` have any of it.

#[cfg(feature = "pdf")]
mod flow;
#[cfg(feature = "pdf")]
mod grid;
#[cfg(feature = "pdf")]
mod ink;
#[cfg(feature = "pdf")]
mod paper;
#[cfg(feature = "pdf")]
mod pen;
#[cfg(feature = "pdf")]
mod tags;

use jiff::Zoned;

use super::picture::Drawn;
use super::view::View;

/// Whether this build makes PDFs.
pub const BUILT_IN: bool = cfg!(feature = "pdf");

/// What is said where a build does not.
pub const MISSING: &str = "this build makes no PDF";

/// How to get one that does.
pub const WAY_OUT: &str = "`cargo install --path . --features pdf` installs one that does";

/// The document in words, with its `drawings` in the order of their charts. Equal input gives equal bytes.
#[cfg(feature = "pdf")]
pub fn pdf(view: &View, drawings: &[Drawn], created: &Zoned) -> Result<Vec<u8>, String> {
    let charts = drawings.iter().map(|drawn| super::chart::print::tree(&drawn.svg));
    let charts = charts.collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    let sizes: Vec<(f64, f64)> =
        charts.iter().map(|tree| (tree.size().width().into(), tree.size().height().into())).collect();
    ink::write(&flow::set(view, &sizes), &charts, view, created)
}

/// A build without the feature says so.
#[cfg(not(feature = "pdf"))]
pub fn pdf(_: &View, _: &[Drawn], _: &Zoned) -> Result<Vec<u8>, String> {
    Err(MISSING.to_owned())
}

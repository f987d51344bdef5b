//! The medians and their ratios, as Markdown.

use std::fmt::{self, Write as _};

use crate::measure::Taken;
use crate::runner::Who;
use crate::shop::Size;

/// All runs of one runner on one store.
pub(crate) struct Runs {
    /// Who.
    pub(crate) who: Who,
    /// On which store.
    pub(crate) size: Size,
    /// What each run took, in order.
    pub(crate) taken: Vec<Taken>,
}

impl Runs {
    /// Whether a run was ended at the limit: then its figures are lower bounds.
    pub(crate) fn is_late(&self) -> bool {
        self.taken.iter().any(|taken| taken.late)
    }

    fn median(&self, part: fn(&Taken) -> f64) -> f64 {
        let mut parts: Vec<f64> = self.taken.iter().map(part).collect();
        parts.sort_by(f64::total_cmp);
        let middle = parts.len() / 2;
        match parts.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => parts[middle],
            _ => f64::midpoint(parts[middle - 1], parts[middle]),
        }
    }

    fn wall(&self) -> f64 {
        self.median(|taken| taken.wall)
    }

    fn cpu(&self) -> f64 {
        self.median(|taken| taken.cpu)
    }
}

fn of(runs: &[Runs], who: Who, size: Size) -> Option<&Runs> {
    runs.iter().find(|runs| runs.who == who && runs.size == size && !runs.taken.is_empty())
}

/// A ratio that is there only where both are, with `>` before one that is a lower bound.
fn ratio(runs: &Runs, base: Option<&Runs>, part: fn(&Runs) -> f64) -> String {
    let base = base.filter(|base| !base.is_late());
    base.map_or_else(|| "–".to_owned(), |base| format!("{}{:.2}", bound(runs), part(runs) / part(base)))
}

fn bound(runs: &Runs) -> &'static str {
    if runs.is_late() { "> " } else { "" }
}

/// The report's table.
pub(crate) fn report(runs: &[Runs], size: Size) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "| who | wall s | least–most | CPU s | peak MB | wall ÷ DuckDB's own copy | CPU ÷ floor |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in runs.iter().filter(|runs| !runs.taken.is_empty()) {
        let walls = row.taken.iter().map(|taken| taken.wall);
        let (least, most) = (walls.clone().fold(f64::MAX, f64::min), walls.fold(0.0, f64::max));
        writeln!(
            text,
            "| {} | {}{:.2} | {least:.2}–{most:.2} | {:.2} | {:.0} | {} | {} |",
            row.who.title(),
            bound(row),
            row.wall(),
            row.cpu(),
            row.median(|taken| taken.peak),
            ratio(row, of(runs, Who::DuckdbOwn, size), Runs::wall),
            ratio(row, of(runs, Who::Floor, size), Runs::cpu),
        )?;
    }
    Ok(text)
}

/// How cost grows: what a transaction costs on each store, and by how much a store costs more than the one
/// before it.
pub(crate) fn growth(runs: &[Runs], sizes: &[Size]) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "| who | store | transactions | wall s | CPU s | peak MB | CPU µs a transaction | CPU ÷ store before |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in runs.iter().filter(|runs| !runs.taken.is_empty()) {
        let at = sizes.iter().position(|size| *size == row.size).unwrap_or(0);
        let before = at.checked_sub(1).and_then(|at| of(runs, row.who, sizes[at]));
        let count = row.size.transactions();
        writeln!(
            text,
            "| {} | {} | {count} | {}{:.3} | {:.3} | {:.0} | {:.3} | {} |",
            row.who.title(),
            row.size.name(),
            bound(row),
            row.wall(),
            row.cpu(),
            row.median(|taken| taken.peak),
            row.cpu() * 1e6 / count as f64,
            ratio(row, before, Runs::cpu),
        )?;
    }
    Ok(text)
}

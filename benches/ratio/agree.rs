//! Whether all who print the report print the same figures: a ratio between different work is none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::runner::{Prints, Who};

/// Two printed numbers that differ by less than this share are one: sums of floats depend on their order.
const APART: f64 = 1e-9;

/// Holds what everybody printed against the first who printed all figures; how many rows agreed.
pub(crate) fn check(printed: &[(Who, PathBuf)]) -> Result<Option<usize>> {
    let read = |path: &Path| {
        let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
        let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
        rows.sort_unstable();
        Ok::<_, anyhow::Error>(rows)
    };
    let Some((first, path)) = printed.iter().find(|(who, _)| who.prints() == Prints::Figures) else {
        return Ok(None);
    };
    let figures = read(path)?;
    if figures.is_empty() {
        bail!("{} printed nothing", first.title());
    }
    for (who, path) in printed {
        let rows = read(path)?;
        let expected: Vec<&String> = match who.prints() {
            Prints::Page => continue,
            Prints::Figures => figures.iter().collect(),
            Prints::Totals => {
                let kinds: Vec<&str> = rows.iter().map(|row| kind(row)).collect();
                figures.iter().filter(|row| kinds.contains(&kind(row))).collect()
            }
        };
        if let Some((a, b)) = expected.iter().zip(&rows).find(|(a, b)| !same(a, b)) {
            bail!("{} and {} disagree: `{a}` and `{b}`", first.title(), who.title());
        }
        if expected.len() != rows.len() {
            let (a, b) = (expected.len(), rows.len());
            bail!("{} and {} disagree: {a} rows and {b}", first.title(), who.title());
        }
    }
    Ok(Some(figures.len()))
}

fn kind(row: &str) -> &str {
    row.split('|').next().unwrap_or_default()
}

fn same(a: &str, b: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('|').collect(), b.split('|').collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || close(a, b))
}

/// Whole numbers are the same or not; only where one is written with a point may the end differ.
fn close(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok().filter(|_| text.contains(['.', 'e']));
    let (Some(a), Some(b)) = (number(a), number(b)) else { return false };
    (a - b).abs() <= APART * a.abs().max(b.abs())
}

//! The only file that prints.

use std::io::{IsTerminal as _, Write as _};

/// Whether colours are wanted: on a terminal, unless `NO_COLOR` is set.
pub(super) fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A line for people or machines. A reader that went away is no error of ours.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Bytes as they are.
pub(super) fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout();
    let _ = out.write_all(bytes);
    let _ = out.flush();
}

/// Something went wrong.
pub(super) fn error(text: &str) {
    let marked = text.starts_with("error") || text.starts_with('\u{1b}');
    let _ = writeln!(std::io::stderr(), "{}{text}", if marked { "" } else { "error: " });
}

/// Rows as aligned columns; the first row is the head.
pub(super) fn table(rows: &[Vec<String>]) {
    use unicode_width::UnicodeWidthStr as _;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |c: usize| rows.iter().filter_map(|row| row.get(c)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()))));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

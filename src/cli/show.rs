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

/// Logs to standard error, at `RETAIND_LOG` or `info`; libraries that would log secrets stay quiet
/// whatever is asked for.
pub(super) fn logs(json: bool) {
    use tracing_subscriber::EnvFilter;
    let wanted = std::env::var("RETAIND_LOG").unwrap_or_else(|_| "info".to_owned());
    let quiet = "lettre=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn,tokio_cron_scheduler=warn,mail_parser=warn";
    let filter = EnvFilter::try_new(format!("{wanted},{quiet}")).unwrap_or_else(|_| EnvFilter::new("info"));
    // The journal stamps its own time.
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let _ = match (json, journal) {
        (true, _) => builder.json().try_init(),
        (false, true) => builder.without_time().with_ansi(false).try_init(),
        (false, false) => builder.with_ansi(colour()).try_init(),
    };
}

//! A bar on the terminal for what takes longer than a second. In a log, in a pipe and for machines there is
//! none.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::store::{Watch, Watcher};

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how far a read has come.
#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    patience: Duration,
    target: fn() -> ProgressDrawTarget,
}

/// Whoever shows how far a read has come on this terminal; nobody where it is none.
pub(super) fn watcher() -> Watcher {
    use std::io::IsTerminal as _;
    let shows = std::io::stderr().is_terminal();
    shows.then(|| Arc::new(Bar::new(PATIENCE, ProgressDrawTarget::stderr)) as Arc<dyn Watch>)
}

impl Bar {
    fn new(patience: Duration, target: fn() -> ProgressDrawTarget) -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Bar { bar, patience, target }
    }
}

/// Rows of a relation, of how many.
fn style(known: bool) -> ProgressStyle {
    let of = if known { "{human_pos} of {human_len} {wide_bar}" } else { "{human_pos}" };
    let style = ProgressStyle::with_template(&format!("reading {{msg}}: {of}"));
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Watch for Bar {
    fn read(&self, relation: &'static str, rows: u64, of: Option<u64>) {
        if self.bar.is_hidden() && self.bar.elapsed() >= self.patience {
            self.bar.set_draw_target((self.target)());
        }
        if self.bar.message() != relation {
            self.bar.set_style(style(of.is_some()));
            self.bar.set_message(relation);
        }
        match of {
            Some(of) => self.bar.set_length(of.max(rows)),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(rows);
    }

    fn done(&self) {
        if !self.bar.is_hidden() {
            self.bar.finish_and_clear();
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // A command may read more than once.
        self.bar.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::TermLike;
    use std::sync::Mutex;

    static WRITTEN: Mutex<String> = Mutex::new(String::new());

    #[derive(Debug)]
    struct Screen;

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            WRITTEN.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> std::io::Result<()> {
            self.write_str("<cleared>")
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn screen() -> ProgressDrawTarget {
        ProgressDrawTarget::term_like(Box::new(Screen))
    }

    fn shown(patience: Duration) -> String {
        WRITTEN.lock().unwrap().clear();
        let bar = Bar::new(patience, screen);
        bar.read("customers", 4_096, None);
        bar.read("transactions", 1_234_567, Some(20_000_000));
        bar.done();
        WRITTEN.lock().unwrap().clone()
    }

    #[test]
    fn what_takes_long_is_shown_and_cleared_away_and_what_does_not_is_never_shown() {
        assert_eq!(shown(Duration::from_secs(3600)), "");
        let long = shown(Duration::ZERO);
        assert!(long.contains("reading customers: 4,096"), "{long}");
        assert!(long.contains("reading transactions: 1,234,567 of 20,000,000"), "{long}");
        assert!(long.ends_with("<cleared>"), "{long}");
    }
}

//! Lines for whoever looks after the daemon, on standard error. Of each kind at most ten a second are written, the
//! others are counted: a journal that is flooded drops lines by itself, and not by what they say. What became of
//! each message stands in the ledger.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::clock::Clock;

/// How many lines of one kind are written in a second.
const LINES_MAX: u64 = 10;

/// Of the lines that say how many others were left out; they are always written. Below `retaind`, as whoever asks for
/// its lines alone names it.
const LEFT_OUT: &str = "retaind::left_out";

static FLOOD: LazyLock<Arc<Flood>> = LazyLock::new(|| Arc::new(Flood::new(Clock::System)));

/// Logs to standard error, at `RETAIND_LOG` or `info`; libraries that would log secrets stay quiet
/// whatever is asked for.
pub fn start(json: bool, colour: bool) {
    let wanted = std::env::var("RETAIND_LOG").unwrap_or_else(|_| "info".to_owned());
    let quiet = "lettre=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn,tokio_cron_scheduler=warn,mail_parser=warn";
    let filter = EnvFilter::try_new(format!("{wanted},{quiet}")).unwrap_or_else(|_| EnvFilter::new("info"));
    // The journal stamps its own time.
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A line that is not taken would be told to standard error, too, and that ends the thread that wrote it.
    let builder = builder.with_target(false).log_internal_errors(false);
    let few = Few(FLOOD.clone());
    let _ = match (json, journal) {
        (true, _) => builder.json().finish().with(few).try_init(),
        (false, true) => builder.without_time().with_ansi(false).finish().with(few).try_init(),
        (false, false) => builder.with_ansi(colour).finish().with(few).try_init(),
    };
}

/// Says how many lines of which kinds were left out since this was said last.
pub fn say_left_out() {
    for (kind, lines) in FLOOD.take_left_out() {
        tracing::info!(target: LEFT_OUT, lines, kind = %kind, "more lines of this kind were left out");
    }
}

/// Counts lines by kind: by where in the program they come from.
struct Flood {
    clock: Clock,
    kinds: Mutex<HashMap<Identifier, Kind>>,
}

/// The lines of a kind.
#[derive(Default)]
struct Kind {
    /// The last second in which there were any.
    second: i64,
    /// How many were written in it.
    written: u64,
    left_out: u64,
    /// What the first one said that was left out.
    said: String,
}

impl Flood {
    fn new(clock: Clock) -> Flood {
        Flood { clock, kinds: Mutex::default() }
    }

    /// Whether a line is written.
    fn lets(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        // What is finer than `info` was asked for by somebody who looks for something.
        if *metadata.level() > Level::INFO || metadata.target() == LEFT_OUT {
            return true;
        }
        let second = self.clock.now().as_second();
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry(metadata.callsite()).or_default();
        if kind.second != second {
            (kind.second, kind.written) = (second, 0);
        }
        if kind.written < LINES_MAX {
            kind.written += 1;
            return true;
        }
        if kind.left_out == 0 {
            event.record(&mut Said(&mut kind.said));
        }
        kind.left_out += 1;
        false
    }

    /// What was left out since this was asked last, and how many lines of it.
    fn take_left_out(&self) -> Vec<(String, u64)> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = kinds.values_mut().filter(|kind| kind.left_out > 0);
        left_out.map(|kind| (std::mem::take(&mut kind.said), std::mem::take(&mut kind.left_out))).collect()
    }
}

/// Lets few lines of each kind through.
struct Few(Arc<Flood>);

impl<S: Subscriber> Layer<S> for Few {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.0.lets(event)
    }
}

/// The sentence of a line, without its fields.
struct Said<'s>(&'s mut String);

impl Visit for Said<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    /// Where lines are written in a test.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn count(&self, text: &str) -> usize {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap().matches(text).count()
        }
    }

    #[test]
    fn of_each_kind_ten_lines_a_second_are_written_and_the_others_counted() {
        let start: Timestamp = "2026-11-02T08:00:00Z".parse().unwrap();
        let (clock, paper) = (Clock::manual(start), Paper::default());
        let (flood, pen) = (Arc::new(Flood::new(clock.clone())), paper.clone());
        let writing = tracing_subscriber::fmt().with_writer(move || pen.clone()).with_max_level(Level::DEBUG);
        let writing = writing.finish().with(Few(flood.clone()));
        let sent = |times| (0..times).for_each(|id| tracing::info!(id, "a message was sent"));
        tracing::subscriber::with_default(writing, || {
            sent(35);
            tracing::warn!("the way is troubled");
            (0..20).for_each(|n| tracing::debug!(n, "somebody looks for something"));
            (0..20).for_each(|_| tracing::info!(target: LEFT_OUT, "this is always said"));
            assert_eq!((paper.count("a message was sent"), paper.count("the way is troubled")), (10, 1));
            assert_eq!((paper.count("somebody looks"), paper.count("always said")), (20, 20));
            clock.advance(start + SignedDuration::from_secs(1));
            sent(4);
            assert_eq!(paper.count("a message was sent"), 14, "another second");
            sent(8);
            let left_out = flood.take_left_out();
            assert_eq!(left_out, [("a message was sent".to_owned(), 27)], "without its fields");
            assert!(flood.take_left_out().is_empty(), "it is said once");
        });
    }
}

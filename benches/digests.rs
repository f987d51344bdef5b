//! 10,000 personal digests in six languages, from documents to sealed mails, on two threads; and how long a digest
//! takes beside Jinja and Python's own `email`, which fill the same templates with words that are there already.
//!
//! `cargo bench --bench digests`; the peer needs `pip install jinja2` (`--python FILE`, by default that of
//! `target/bench/venv`, or `python3`) and is left out where it is not there.
#![allow(clippy::print_stdout, reason = "the figures are for the terminal")]
#![allow(clippy::disallowed_methods, reason = "a bench is about time")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jiff::tz::TimeZone;
use retaind::document::{Block, Document, Item, Kind};
use retaind::domain::Recipient;
use retaind::domain::recipient::Calendar;
use retaind::job::sample;
use retaind::job::seal::{Envelope, Locales, seal};
use retaind::outbox::Medium;
use retaind::render::{Locale, Templates, locale, view};

const DIGESTS: usize = 10_000;

/// Customers in a digest.
const ITEMS: usize = 8;

/// As many as the peer fills in one go.
const PEER: usize = 600;

const NAMES: [&str; 6] =
    ["Padaria Lua", "Norte Sul <&>", "Кав’ярня «Ранок»", "清晨咖啡馆", "Café «Año»", "O'Brien & Sons"];

/// A digest for one reader: the sample's items under names of its own.
fn digest(sample: &Document, nth: usize) -> Document {
    let mut document = sample.clone();
    for block in &mut document.blocks {
        if let Block::Items(items) = block
            && let Some(first) = items.first().cloned()
        {
            let item = |n: usize| Item {
                customer: format!("{} {nth}-{n}", NAMES[(nth + n) % NAMES.len()]),
                ..first.clone()
            };
            *items = (0..ITEMS).map(item).collect();
        }
    }
    document
}

fn recipient(nth: usize, language: &str) -> Recipient {
    Recipient {
        id: format!("rep:{nth}"),
        name: format!("Rep {nth}"),
        email: Some(format!("rep{nth}@example.com")),
        chat: None,
        language: language.to_owned(),
        zone: TimeZone::UTC,
        calendar: Calendar::default(),
        quiet: None,
        away: Vec::new(),
        digests_a_day: None,
    }
}

/// What all digests have in common.
struct Bench {
    sample: Document,
    locales: Locales,
    templates: Templates,
    languages: Vec<&'static str>,
    medium: Medium,
}

impl Bench {
    fn new() -> Result<Bench> {
        let sample = sample::document(Kind::Digest).context("no sample")?;
        let templates = Templates::with(&[]).map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        let from = "Shop <shop@example.com>".parse()?;
        let languages = locale::tags().collect();
        Ok(Bench { sample, locales: Locales::load()?, templates, languages, medium: Medium::Email { from } })
    }

    fn language(&self, nth: usize) -> &'static str {
        self.languages[nth % self.languages.len()]
    }

    /// Seals the digests `from`, `from + by`, …; gives their bytes.
    fn seal(&self, from: usize, by: usize) -> Result<usize> {
        let at = "2026-11-02T11:00:00Z".parse()?;
        let mut bytes = 0;
        for nth in (from..DIGESTS).step_by(by) {
            let recipient = recipient(nth, self.language(nth));
            let envelope = Envelope {
                job: "reps",
                occurrence: at,
                now: at,
                recipient: &recipient,
                channel: "office",
                medium: &self.medium,
                attach: &[],
            };
            let sealed = seal(&digest(&self.sample, nth), envelope, &self.templates, &self.locales);
            bytes += sealed.map_err(anyhow::Error::msg)?.payload.stored().len();
        }
        Ok(bytes)
    }

    fn seal_all(&self, threads: usize) -> Result<(Duration, usize)> {
        let start = Instant::now();
        let bytes = std::thread::scope(|scope| {
            let parts: Vec<_> = (0..threads).map(|n| scope.spawn(move || self.seal(n, threads))).collect();
            let sum = parts
                .into_iter()
                .map(|part| part.join().map_err(|_| anyhow::anyhow!("a thread ended early"))?);
            sum.sum::<Result<usize>>()
        })?;
        Ok((start.elapsed(), bytes))
    }

    /// What the peer fills its templates with: our words.
    fn views(&self) -> Result<Vec<u8>> {
        let mut lines = Vec::new();
        for nth in 0..PEER {
            let locale = Locale::load(self.language(nth))?;
            serde_json::to_writer(&mut lines, &view::words(&digest(&self.sample, nth), &locale))?;
            lines.push(b'\n');
        }
        Ok(lines)
    }
}

/// Seconds of the processor that Jinja takes for a digest.
fn peer(python: &str, views: &[u8]) -> Result<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/digests_jinja.py");
    let mut child =
        Command::new(python).args(["-B", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("no pipe")?.write_all(views)?;
    let said = child.wait_with_output()?;
    if !said.status.success() {
        bail!("{python} {script}: {}", said.status);
    }
    Ok(String::from_utf8(said.stdout)?.trim().parse()?)
}

fn main() -> Result<()> {
    let own = "target/bench/venv/bin/python";
    let given = std::env::args().skip_while(|argument| argument != "--python").nth(1);
    let python = given.unwrap_or_else(|| if Path::new(own).exists() { own } else { "python3" }.to_owned());
    let bench = Bench::new()?;
    let views = bench.views()?;
    for round in 1..=3 {
        let (two, bytes) = bench.seal_all(2)?;
        let (one, _) = bench.seal_all(1)?;
        let each = one.as_secs_f64() / DIGESTS as f64;
        println!(
            "round {round}: {DIGESTS} digests of {ITEMS} customers in {} languages, {} MB: {:.2} s on two threads, \
             {:.2} s on one, {:.0} µs each",
            bench.languages.len(),
            bytes / 1_000_000,
            two.as_secs_f64(),
            one.as_secs_f64(),
            each * 1e6,
        );
        match peer(&python, &views) {
            Ok(theirs) => {
                println!(
                    "         Jinja and email: {:.0} µs each; {:.1} × ours",
                    theirs * 1e6,
                    theirs / each
                );
            }
            Err(why) => println!("         Jinja and email: left out ({why:#})"),
        }
    }
    Ok(())
}

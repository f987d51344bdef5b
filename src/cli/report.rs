//! `retaind report`: figures now, without the daemon.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Cli, Done, EX_DATAERR, EX_IOERR, EX_SOFTWARE, EX_UNAVAILABLE, EX_USAGE, Failure, read_at, show};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::past;
use crate::document::{Document, Kind};
use crate::domain::{Currency, PeriodKind};
use crate::job::report::{self, Story};
use crate::job::{Recipe, ReportKind, ReportSpec};
use crate::metrics::{PeriodChoice, Split};
use crate::render::record::Record;
use crate::render::view::{view, words};
use crate::render::{Locale, pdf, sheet};

/// Compute a report now and write it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind report churn                              last month, as text\n  retaind report executive --period quarter --out q3.xlsx\n  retaind report value --at 2026-01-01 --split owner --format json\n  retaind report value --customers customers.csv   and P(alive), purchases and CLV of each customer"
)]
pub(super) struct Report {
    /// churn, value, rfm, cohort, survival, care, funnel or executive.
    kind: String,
    /// week, month, quarter, year or rolling:N.
    #[arg(long, default_value = "month")]
    period: String,
    /// The period under way rather than the last complete one.
    #[arg(long)]
    current: bool,
    /// As of this instant. Default: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Split customers by segment, plan, region, tier, owner, tag, tenure or cohort. May be repeated.
    #[arg(long, value_name = "BY")]
    split: Vec<String>,
    /// Tell the business in this currency alone. Default: the job's, or all of it in the store's by its rates.
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// How to count and in which zone: those of this job. Default: those of the configuration.
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// Language. Default: the configuration's.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// What to write; a PDF needs a build with the feature `pdf`. Default: what the name of `--out` ends with,
    /// or text.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to write it; CSV of several tables goes into this folder. Default: the terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also write every customer's own figures into this file, a row each, as CSV: of `value` what the models say of
    /// them, of `rfm` their scores, of `churn` what became of them.
    #[arg(long, value_name = "FILE")]
    customers: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Html,
    Xlsx,
    Csv,
    Json,
    Pdf,
}

impl Format {
    /// What a file's name asks for; CSV is a file a table, in a folder.
    fn of(path: &Path) -> Option<Format> {
        let format = Format::from_str(path.extension()?.to_str()?, true).ok()?;
        (format != Format::Csv).then_some(format)
    }

    /// Whether it is nothing that a terminal could show.
    fn is_file(self) -> bool {
        matches!(self, Format::Xlsx | Format::Pdf)
    }
}

impl Report {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let asked = self.format.or_else(|| self.out.as_deref().and_then(Format::of));
        let format = if cli.json { Format::Json } else { asked.unwrap_or(Format::Text) };
        if format == Format::Pdf && !pdf::BUILT_IN {
            return Err(Failure::new(EX_UNAVAILABLE, format!("{}\nhint: {}", pdf::MISSING, pdf::WAY_OUT)));
        }
        if format.is_file() && self.out.is_none() {
            let name = if format == Format::Pdf { "a PDF is" } else { "a workbook is" };
            return Err(Failure::new(EX_USAGE, format!("{name} not for a terminal\nhint: --out FILE")));
        }
        let config = cli.load_watched()?;
        let spec = self.spec(&config)?;
        let zone =
            self.job.as_ref().and_then(|j| config.jobs.get(j)).map_or(&config.zone, |j| &j.schedule.zone);
        let as_of = self.at.as_ref().map_or(Ok(Clock::System.now()), |text| read_at(text, zone))?;
        let data = |e: crate::store::StoreError| Failure::new(EX_DATAERR, e.to_string());
        let mut store = config.store.open().map_err(data)?;
        let lens = config.store.lens(as_of, zone.clone()).alone(spec.settings.currency);
        let mut snapshot = store.snapshot().map_err(data)?;
        let mut pasts = past::read(&mut snapshot, &report::earlier(&spec, &lens), [&None]).map_err(data)?;
        let facts = snapshot.read(report::needs(&spec, &lens), lens).map_err(data)?;
        let told = Story::of(&facts, &spec).remembering(pasts.remove(&None).unwrap_or_default());
        let people = snapshot.people(&facts, told.wanted()).map_err(data)?;
        drop(snapshot);
        if let Some(path) = &self.customers {
            write_customers(&told, path)?;
        }
        let document = told.tell(people);
        // Words and pictures need none of it.
        drop(facts);
        let locale = self.locale(&config)?;
        self.write(&config, &document, &locale, format, as_of.to_zoned(zone.clone()))
    }

    fn locale(&self, config: &Config) -> Result<Locale, Failure> {
        let tag = self.language.as_deref().unwrap_or(&config.language);
        Locale::load(tag).map_err(|e| Failure::new(EX_USAGE, e.to_string()))
    }

    fn spec(&self, config: &Config) -> Result<ReportSpec, Failure> {
        let usage = |what: &str, word: &str, known: &[&str]| {
            Failure::new(
                EX_USAGE,
                format!("unknown {what} `{word}`\nhint: {}", crate::config::problem::one_of(word, known)),
            )
        };
        let kinds = ReportKind::ALL.map(|(name, _)| name);
        let kind = ReportKind::ALL.iter().find(|(name, _)| *name == self.kind).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| usage("report", &self.kind, &kinds))?;
        let period = PeriodKind::parse(&self.period).ok_or_else(|| {
            usage("period", &self.period, &["week", "month", "quarter", "year", "rolling:30"])
        })?;
        let of_job = |name: &String| match config.jobs.get(name).map(|job| &job.recipe) {
            Some(Recipe::Report(spec)) => Ok((spec.settings.clone(), spec.splits.clone())),
            _ => Err(usage("report job", name, &config.jobs.keys().map(String::as_str).collect::<Vec<_>>())),
        };
        let first = config.jobs.values().find_map(|job| match &job.recipe {
            Recipe::Report(spec) => Some(spec.splits.clone()),
            Recipe::Reminders(_) | Recipe::Greetings(_) | Recipe::Watch(_) => None,
        });
        let (mut settings, mut splits) = match &self.job {
            Some(name) => of_job(name)?,
            None => (config.settings.clone(), first.unwrap_or(vec![Split::Segment])),
        };
        if let Some(code) = &self.currency {
            let currency = Currency::from_code(code);
            let currency = currency.ok_or_else(|| usage("currency", code, &["USD", "EUR", "BRL"]))?;
            settings.cac_minor = config.settings.cac_minor;
            settings.tell_alone(currency, config.store.currency);
        }
        if settings.currency.is_some() && !kind.has_currency() {
            let e = format!(
                "a report on {} is in no currency: contacts, complaints and leads are in none",
                kind.name()
            );
            return Err(Failure::new(EX_USAGE, e));
        }
        if !self.split.is_empty() {
            let names = Split::ALL.map(|(name, _)| name);
            let read = |word: &String| {
                let known = Split::ALL.iter().find(|(name, _)| name == word);
                known.map(|(_, split)| *split).ok_or_else(|| usage("split", word, &names))
            };
            splits = self.split.iter().map(read).collect::<Result<_, _>>()?;
        }
        let period = PeriodChoice { kind: period, current: self.current };
        Ok(ReportSpec { kind, period, settings, splits, attach: Vec::new(), fresh: None })
    }

    fn write(
        &self,
        config: &Config,
        document: &Document,
        locale: &Locale,
        format: Format,
        at: jiff::Zoned,
    ) -> Done {
        let fault = |e: String| Failure::new(EX_SOFTWARE, e);
        let (worded, drawings) = match format {
            Format::Text | Format::Html | Format::Pdf => view(document, locale),
            Format::Xlsx | Format::Json | Format::Csv => (words(document, locale), Vec::new()),
        };
        let body =
            |form| config.templates.body(Kind::Report, form, &worded).map_err(|e| fault(e.to_string()));
        let bytes = match format {
            Format::Text => body("txt")?.into_bytes(),
            Format::Html => {
                // Alone in a browser there are no parts to refer to: pictures go inside.
                let mut html = body("html")?;
                for (i, drawn) in drawings.iter().enumerate() {
                    html = html
                        .replace(&format!("cid:chart{}\"", i + 1), &format!("{}\"", data_url(&drawn.png)));
                }
                html.into_bytes()
            }
            Format::Xlsx => {
                sheet::xlsx(&document.files(), at.datetime(), locale).map_err(|e| fault(e.to_string()))?
            }
            Format::Json => {
                let record = Record::of(document, &worded, locale, "report", "");
                serde_json::to_vec_pretty(&record).map_err(|e| fault(e.to_string()))?
            }
            Format::Pdf => pdf::pdf(&worded, &drawings, &at).map_err(fault)?,
            Format::Csv => return self.write_csv(document, locale),
        };
        let Some(path) = &self.out else {
            show::bytes(&bytes);
            return Ok(());
        };
        std::fs::write(path, bytes).map_err(|e| Failure::new(EX_IOERR, format!("`{}`: {e}", path.display())))
    }

    fn write_csv(&self, document: &Document, locale: &Locale) -> Done {
        for table in document.files() {
            let bytes = sheet::csv(&table, locale).map_err(|e| Failure::new(EX_SOFTWARE, e.to_string()))?;
            match &self.out {
                Some(folder) => {
                    let path = folder.join(format!("{}.csv", table.name));
                    let written =
                        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &bytes));
                    written.map_err(|e| Failure::new(EX_IOERR, format!("`{}`: {e}", path.display())))?;
                }
                None => show::bytes(&bytes),
            }
        }
        Ok(())
    }
}

/// Every customer's own figures, into a file.
fn write_customers(told: &Story<'_>, path: &Path) -> Done {
    let fail = |e: String| Failure::new(EX_IOERR, format!("`{}`: {e}", path.display()));
    let write = || -> Result<(), csv::Error> {
        let file = std::fs::File::create(path)?;
        // Nothing in it is in any language.
        let locale = Locale::load("en").map_err(|e| std::io::Error::other(e.to_string()))?;
        let mut rows = sheet::Rows::new(file, &told.roster_columns(), locale)?;
        told.each_row(|row| rows.write(row))?;
        Ok(rows.finish()?)
    };
    write().map_err(|e| fail(e.to_string()))
}

fn data_url(png: &[u8]) -> String {
    use base64::Engine as _;
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(png))
}

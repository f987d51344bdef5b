//! The command line: one file a command, exit codes as `sysexits.h` has them.

mod acts;
mod backlog;
mod backtest;
mod check;
mod demo;
mod doctor;
mod fire;
mod init;
mod outbox;
mod plan;
mod preview;
mod progress;
mod rehearsal;
mod report;
mod run;
mod show;
mod silence;
mod simulate;
mod suppressed;
mod template;
mod why_not;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::{self, Config, Findings, Outlet};
use crate::render::{acted, record};

/// The arguments were wrong.
pub const EX_USAGE: u8 = 64;
/// The input was wrong.
pub const EX_DATAERR: u8 = 65;
/// Something that is needed is not there.
pub const EX_UNAVAILABLE: u8 = 69;
/// A fault of ours.
pub const EX_SOFTWARE: u8 = 70;
/// The disk.
pub const EX_IOERR: u8 = 74;
/// Another daemon runs.
pub const EX_TEMPFAIL: u8 = 75;
/// The configuration is wrong.
pub const EX_CONFIG: u8 = 78;

/// The configuration, where none is named.
const CONFIG: &str = "retaind.toml";

/// Keeps a business in touch with its customers: churn and value reports by mail, reps' digests in
/// their chat, none lost, none doubled.
#[derive(Debug, Parser)]
#[command(
    name = "retaind",
    version,
    max_term_width = 100,
    after_help = "Start with `retaind demo`, then `retaind init DIR`."
)]
pub struct Cli {
    /// The configuration.
    #[arg(
        long,
        short,
        global = true,
        env = "RETAIND_CONFIG",
        default_value = CONFIG,
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Print JSON for machines instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole thing at work: a made-up shop, the real daemon, and a page with what it sent.
    Demo(demo::Demo),
    /// Write a commented configuration, the templates and an empty store into a folder.
    Init(init::Init),
    /// Say everything that is wrong with the configuration, at once.
    Check(check::Check),
    /// Run the daemon.
    Run(run::Run),
    /// Compute a report now and write it as text, HTML, XLSX, CSV or JSON.
    Report(report::Report),
    /// Show what a job would send, without sending it.
    Preview(preview::Preview),
    /// List every message that would go out, to whom and why.
    Plan(plan::Plan),
    /// Say why a customer is not (or is) told of by a rule.
    WhyNot(why_not::WhyNot),
    /// List what fell due before a rule was switched on; or tell it all the same.
    Backlog(backlog::Backlog),
    /// Run the whole configuration over a span of time, without sending, and count what everybody would get.
    Simulate(simulate::Simulate),
    /// Run an occurrence of a job now, or send a test message.
    Fire(fire::Fire),
    /// Show what a watch would have told in the past, and draw it.
    Backtest(backtest::Backtest),
    /// Tell nothing of a watch for a while.
    Silence(silence::Silence),
    /// Look at what was decided and sent, and decide what happens with what is stuck.
    Outbox(outbox::Outbox),
    /// List what recipients did by the links in their digests.
    Acts(acts::Acts),
    /// List the addresses of customers that are not written to any more; add some, or take them out.
    Suppressed(suppressed::SuppressedArgs),
    /// Print the templates of mails and pages, and what each can show.
    Template(template::Template),
    /// Look at this machine, the store and the ledger.
    Doctor(doctor::Doctor),
    /// Print a JSON Schema: of the configuration, for editors; or of what is written as JSON.
    Schema {
        /// Of what.
        #[arg(value_enum, default_value_t = Described::Config)]
        of: Described,
    },
}

/// What has a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Described {
    /// The configuration.
    Config,
    /// Reports, and what webhooks carry.
    Report,
    /// What recipients did, as webhooks hear of it.
    Act,
}

/// An error with the code the process ends with.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
}

impl From<crate::daemon::DaemonError> for Failure {
    fn from(error: crate::daemon::DaemonError) -> Failure {
        match error {
            crate::daemon::DaemonError::Ledger(e) => e.into(),
            other => Failure::new(EX_SOFTWARE, other.to_string()),
        }
    }
}

impl From<crate::ledger::LedgerError> for Failure {
    fn from(error: crate::ledger::LedgerError) -> Failure {
        use crate::ledger::LedgerError;
        let code = match &error {
            LedgerError::InUse { .. } => EX_TEMPFAIL,
            LedgerError::Open { .. } | LedgerError::Failed(_) | LedgerError::Broken(_) => EX_IOERR,
        };
        Failure::new(code, error.to_string())
    }
}

type Done = Result<(), Failure>;

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { EX_USAGE } else { 0 });
        }
    };
    match cli.dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                show::error(&failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

impl Cli {
    fn dispatch(&self) -> Done {
        match &self.command {
            Command::Demo(command) => command.run(),
            Command::Init(command) => command.run(),
            Command::Check(command) => command.run(self),
            Command::Run(command) => command.run(self),
            Command::Report(command) => command.run(self),
            Command::Preview(command) => command.run(self),
            Command::Plan(command) => command.run(self),
            Command::WhyNot(command) => command.run(self),
            Command::Backlog(command) => command.run(self),
            Command::Simulate(command) => command.run(self),
            Command::Fire(command) => command.run(self),
            Command::Backtest(command) => command.run(self),
            Command::Silence(command) => command.run(self),
            Command::Outbox(command) => command.run(self),
            Command::Acts(command) => command.run(self),
            Command::Suppressed(command) => command.run(self),
            Command::Template(command) => command.run(self),
            Command::Doctor(command) => command.run(self),
            Command::Schema { of } => {
                let schema = match of {
                    Described::Config => config::schema(),
                    Described::Report => record::schema(),
                    Described::Act => acted::schema(),
                };
                show::line(&serde_json::to_string_pretty(&schema).unwrap_or_default());
                Ok(())
            }
        }
    }

    /// Loads the configuration; what is wrong with it goes to the terminal.
    fn load(&self, outlet: Outlet) -> Result<Config, Failure> {
        let (config, findings) = config::load(&self.config, outlet);
        config.ok_or_else(|| refused(&findings))
    }

    /// The same for a command that somebody waits for.
    fn load_watched(&self) -> Result<Config, Failure> {
        let mut config = self.load(Outlet::OFFLINE)?;
        config.store.watcher = progress::watcher();
        Ok(config)
    }
}

/// The job of a name, or what may have been meant.
fn job<'c>(config: &'c Config, name: &str) -> Result<&'c config::Job, Failure> {
    config.jobs.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.jobs.keys().map(String::as_str).collect();
        let hint = config::problem::one_of(name, &known);
        Failure::new(EX_USAGE, format!("no job `{name}`\nhint: {hint}"))
    })
}

fn refused(findings: &Findings) -> Failure {
    Failure::new(EX_CONFIG, format!("{}. Nothing was started.", findings.render(show::colour())))
}

/// Reads `--at`: an instant, or a civil time in `zone`.
fn read_at(text: &str, zone: &jiff::tz::TimeZone) -> Result<jiff::Timestamp, Failure> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at);
    }
    if let Ok(zoned) = text.parse::<jiff::Zoned>() {
        return Ok(zoned.timestamp());
    }
    let civil = text.parse::<jiff::civil::DateTime>();
    let at = civil.ok().and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible().ok());
    at.ok_or_else(|| {
        let example = "2026-11-02, 2026-11-02T08:00 or 2026-11-02T08:00:00Z";
        Failure::new(EX_USAGE, format!("not a time: `{text}`\nhint: such as {example}"))
    })
}

/// A runtime for the commands that wait on the network. One thread waits for it: nothing there computes or blocks
/// (what does has threads of its own), and two would wake each other for every message.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().map_err(|e| Failure::new(EX_SOFTWARE, e.to_string()))
}

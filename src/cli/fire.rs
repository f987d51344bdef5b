//! `retaind fire`: an occurrence by hand, or a test message.

use std::sync::Mutex;

use clap::Args;

use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, read_at, show};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::reminding::Turn;
use crate::daemon::{Shared, runner};
use crate::document::Document;
use crate::job::Recipe;
use crate::job::sample::notice;
use crate::job::seal::{Envelope, Locales, seal};
use crate::ledger::{Access, Ledger, occurrences, operator};

/// Run an occurrence of a job now, or send a test message. The running daemon delivers it; without one,
/// it goes out when the daemon starts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind fire weekly                                 as of now\n  retaind fire weekly --at 2026-11-02T08:00           as of then; a second time changes nothing\n  retaind fire weekly --at 2026-11-02T11:00:00Z --accept-rows\n  retaind fire --test ana                             a test to a person, over all their channels"
)]
pub(super) struct Fire {
    /// The job.
    #[arg(required_unless_present = "test")]
    job: Option<String>,
    /// As of this instant. Default: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Run although the store has far fewer rows than usual, or many that cannot be read.
    #[arg(long)]
    accept_rows: bool,
    /// Send a test message to this person instead.
    #[arg(long, value_name = "WHO", conflicts_with = "job")]
    test: Option<String>,
}

impl Fire {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        if !config.ledger.exists() {
            let path = config.ledger.display();
            show::line(&format!(
                "There was no ledger; {path} is made now. The daemon must use the same one."
            ));
        }
        let ledger = Ledger::open(&config.ledger, Access::Founder)?;
        match (&self.test, &self.job) {
            (Some(who), _) => test(&config, &ledger, who),
            (None, Some(job)) => self.fire(config, ledger, job),
            (None, None) => Err(Failure::new(EX_USAGE, "name a job")),
        }
    }

    fn fire(&self, config: Config, ledger: Ledger, name: &str) -> Done {
        let job = super::job(&config, name)?;
        let clock = Clock::System;
        let at = self.at.as_ref().map_or(Ok(clock.now()), |text| read_at(text, &job.schedule.zone))?;
        if at > clock.now() {
            let hint = "hint: `retaind preview` shows what it would send";
            return Err(Failure::new(EX_USAGE, format!("{at} is still to come\n{hint}")));
        }
        let locales = Locales::load().map_err(|e| Failure::new(EX_DATAERR, e.to_string()))?;
        let zones = Mutex::default();
        let shared = Shared { config, ledger, clock: clock.clone(), locales, zones };
        let rows = if self.accept_rows { runner::Rows::Accepted } else { runner::Rows::Checked };
        let run = runner::run(&shared, name, at, rows, Turn::Everybody)
            .map_err(|e| Failure::new(EX_DATAERR, e.to_string()))?;
        if shared.config.unlinked && matches!(super::job(&shared.config, name)?.recipe, Recipe::Reminders(_))
        {
            show::line("Its digests have no links: the key of [actions] cannot be read here.");
        }
        for (recipient, reason) in &run.decided.left_out {
            show::error(&format!("{recipient} is left out: {reason}"));
        }
        let (job_name, now) = (name.to_owned(), clock.now());
        let accepted = self.accept_rows;
        let (new, messages) = shared.ledger.run_blocking(move |c| {
            occurrences::reopen(c, &job_name, at)?;
            occurrences::plan_one(c, &job_name, at)?;
            let what =
                format!("fired {job_name} as of {at}{}", if accepted { ", rows accepted" } else { "" });
            operator::audit(c, &operator_name(), &what, now)?;
            Ok((occurrences::commit(c, &run.decided, now)?, run.decided.deliveries.len()))
        })?;
        show::line(&if new {
            format!("{messages} messages decided; the daemon sends them.")
        } else {
            format!("{name} was done for {at} before; nothing is sent twice.")
        });
        Ok(())
    }
}

fn test(config: &Config, ledger: &Ledger, who: &str) -> Done {
    let Some(person) = config.people.get(who) else {
        let known: Vec<&str> = config.people.keys().map(String::as_str).collect();
        let hint = crate::config::problem::one_of(who, &known);
        return Err(Failure::new(EX_USAGE, format!("no person `{who}`\nhint: {hint}")));
    };
    let locales = Locales::load().map_err(|e| Failure::new(EX_DATAERR, e.to_string()))?;
    let now = Clock::System.now();
    let mut messages = Vec::new();
    for channel in &person.via {
        let Some(way) = config.channels.get(channel) else { continue };
        let document: Document =
            notice("notice.test", |say| say.with("channel", channel.as_str()), Vec::new());
        let envelope = Envelope {
            job: "test",
            occurrence: now,
            now,
            recipient: &person.recipient,
            channel,
            medium: &way.medium,
            attach: &[],
        };
        let sealed = seal(&document, envelope, &config.templates, &locales);
        messages.push(sealed.map_err(|e| Failure::new(EX_DATAERR, e))?);
    }
    let count = messages.len();
    ledger.run_blocking(move |c| occurrences::notice(c, &messages, now))?;
    show::line(&format!("{count} test messages decided; the daemon sends them."));
    Ok(())
}

/// Who acts, for the audit.
pub(super) fn operator_name() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|key| std::env::var(key).ok());
    name.map_or_else(
        || "operator".to_owned(),
        |name| crate::domain::text::excerpt(&crate::domain::text::clean(&name), 64),
    )
}

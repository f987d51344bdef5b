//! `retaind preview`: what a job would send, byte for byte, without sending it.

use std::path::PathBuf;

use clap::Args;

use super::{Cli, Done, EX_DATAERR, EX_IOERR, EX_UNAVAILABLE, Failure, read_at, show};
use crate::capture::{Captured, Server};
use crate::clock::Clock;
use crate::daemon::reminding::Turn;
use crate::daemon::{runner, watching};
use crate::job::seal::Locales;
use crate::outbox::Delivery;

/// Show what a job would send, without sending it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind preview weekly               a page with every message, until Ctrl-C\n  retaind preview weekly --to ana --out mails/\n  retaind preview reps --at 2026-11-02T08:30"
)]
pub(super) struct Preview {
    /// The job.
    job: String,
    /// As of this instant. Default: its next occurrence.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Only what this recipient would get.
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
    /// Write the messages (.eml, .json) into this folder instead of showing a page.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Preview {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        let job = super::job(&config, &self.job)?;
        let at = match &self.at {
            Some(text) => read_at(text, &job.schedule.zone)?,
            None => job
                .schedule
                .next_after(Clock::System.now())
                .ok_or_else(|| Failure::new(EX_DATAERR, "it never fires"))?,
        };
        let data = |e: runner::RunError| Failure::new(EX_DATAERR, e.to_string());
        let locales = Locales::load().map_err(|e| Failure::new(EX_DATAERR, e.to_string()))?;
        let known = watching::known_so_far(&config, &self.job, at);
        let run = runner::look(&config, &locales, (&self.job, at, Turn::Everybody), &known).map_err(data)?;
        for (recipient, reason) in &run.decided.left_out {
            show::error(&format!("{recipient} is left out: {reason}"));
        }
        for line in &run.seen {
            show::line(line);
        }
        let mut messages = run.decided.deliveries;
        messages.retain(|d| self.to.as_ref().is_none_or(|who| d.recipient == *who));
        if messages.is_empty() {
            show::line(&format!("{} would send nothing at {at}.", self.job));
            return Ok(());
        }
        let is_mail = |d: &Delivery| config.channels.get(&d.channel).is_some_and(|way| way.medium.is_mail());
        let body = |d: &Delivery| {
            let stored = d.payload.stored();
            config
                .channels
                .get(&d.channel)
                .map_or(stored.into(), |way| way.channel.body(d, stored))
                .into_owned()
        };
        let messages: Vec<Shown<'_>> = messages
            .iter()
            .map(|delivery| Shown { delivery, body: body(delivery), is_mail: is_mail(delivery) })
            .collect();
        match &self.out {
            Some(folder) => write(folder, &messages),
            None => super::runtime()?.block_on(serve(messages)),
        }
    }
}

/// A message as it would go.
struct Shown<'d> {
    delivery: &'d Delivery,
    body: Vec<u8>,
    is_mail: bool,
}

fn write(folder: &std::path::Path, messages: &[Shown<'_>]) -> Done {
    let io = |e: std::io::Error| Failure::new(EX_IOERR, format!("`{}`: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(io)?;
    for Shown { delivery, body, is_mail } in messages {
        let ending = if *is_mail { "eml" } else { "json" };
        let who: String =
            delivery.recipient.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let name = format!("{who}-{}.{ending}", delivery.channel);
        std::fs::write(folder.join(&name), body).map_err(io)?;
        show::line(&format!("{}  {}", folder.join(name).display(), delivery.subject));
    }
    Ok(())
}

async fn serve(messages: Vec<Shown<'_>>) -> Done {
    let server = Server::start(None).await.map_err(|e| Failure::new(EX_UNAVAILABLE, e.to_string()))?;
    let count = messages.len();
    for Shown { delivery, body, is_mail } in messages {
        server.inbox.push(if is_mail {
            Captured::Mail { from: "(preview)".to_owned(), to: delivery.address.clone(), raw: body }
        } else {
            Captured::Post {
                channel: format!("{} for {}", delivery.channel, delivery.recipient),
                headers: "(preview)".to_owned(),
                body: String::from_utf8_lossy(&body).into_owned(),
            }
        });
    }
    show::line(&format!("{count} messages: http://127.0.0.1:{}/  (Ctrl-C ends)", server.http));
    let _ = tokio::signal::ctrl_c().await;
    Ok(())
}

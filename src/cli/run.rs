//! `retaind run`: the daemon.

use std::sync::Arc;

use clap::Args;
use tokio::sync::Notify;

use super::{Cli, Done, EX_UNAVAILABLE, EX_USAGE, Failure, read_at, show};
use crate::capture::Server;
use crate::clock::Clock;
use crate::config::Outlet;
use crate::daemon::Daemon;
use crate::daemon::supervisor::{self, Origin};
use crate::ledger::{Access, Ledger};
use crate::logs;

/// Run the daemon.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind run\n  retaind run --capture                      everything real, nothing leaves the machine\n  retaind run --at 2026-03-27 --until 2026-04-03 --capture\n                                             replay a week as fast as the work allows\n\nSIGHUP reloads the configuration: all of it, or nothing changes. SIGTERM lets messages under way finish."
)]
pub(super) struct Run {
    /// Send everything to a capture server on this machine and print the address of its page.
    #[arg(long)]
    capture: bool,
    /// Port of the capture page. Default: a free one.
    #[arg(long, requires = "capture", value_name = "PORT")]
    capture_port: Option<u16>,
    /// Replay from this instant on a clock of its own instead of running now: with --capture, or for real
    /// with --send.
    #[arg(long, requires = "until", value_name = "TIME")]
    at: Option<String>,
    /// Let a replay send for real, and count in the real ledger.
    #[arg(long, requires = "at", conflicts_with = "capture")]
    send: bool,
    /// End the replay at this instant.
    #[arg(long, requires = "at", value_name = "TIME")]
    until: Option<String>,
}

impl Run {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        logs::start(cli.json, show::colour());
        let done = super::runtime()?.block_on(self.serve(cli));
        logs::say_left_out();
        done
    }

    async fn serve(&self, cli: &Cli) -> Done {
        let unavailable =
            |e: std::io::Error| Failure::new(EX_UNAVAILABLE, format!("the capture server cannot start: {e}"));
        let mut capture = None;
        if self.capture {
            capture = Some(Server::start(self.capture_port).await.map_err(unavailable)?);
        }
        let outlet = capture.as_ref().map_or(Outlet::Configured, |s| Outlet::Capture {
            smtp: s.smtp,
            http: s.http,
            pages: s.pages_port(),
        });
        let config = cli.load(outlet)?;
        if let Some(server) = &capture {
            show::line(&format!("captured messages: http://127.0.0.1:{}/", server.http));
        }
        // What goes to a page must not count as sent, nor move the real schedules.
        let path =
            if self.capture { config.ledger.with_extension("capture.db") } else { config.ledger.clone() };
        let ledger = Ledger::open(&path, Access::Daemon)?;
        if let (Some(at), Some(until)) = (&self.at, &self.until) {
            if !self.capture && !self.send {
                let hint = "hint: --capture shows what would be sent, --send sends it";
                return Err(Failure::new(
                    EX_USAGE,
                    format!("a replay needs to be told where to send\n{hint}"),
                ));
            }
            let (at, until) = (read_at(at, &config.zone)?, read_at(until, &config.zone)?);
            if until <= at {
                return Err(Failure::new(EX_USAGE, "`--until` is not after `--at`"));
            }
            let mut daemon = Daemon::start(config, ledger, Clock::manual(at)).await?;
            return Ok(daemon.replay_until(until).await?);
        }
        let daemon = Daemon::start(config, ledger, Clock::System).await?;
        let pages = capture.map(|server| server.pages);
        let origin = Origin { path: cli.config.clone(), outlet, pages };
        Ok(supervisor::run(daemon, &origin, Arc::new(Notify::new())).await?)
    }
}

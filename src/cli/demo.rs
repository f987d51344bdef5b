//! `retaind demo`: the main job, shown.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::SignedDuration;
use tokio::sync::Notify;

use super::{Done, EX_IOERR, EX_SOFTWARE, Failure, show};
use crate::capture::Server;
use crate::clock::Clock;
use crate::config::{self, Outlet};
use crate::daemon::supervisor::{self, Origin};
use crate::daemon::{Daemon, foresight};
use crate::ledger::{Access, Ledger, occurrences, reminders};
use crate::logs;

const CONFIG: &str = include_str!("../../config/demo.toml");

/// Show the whole thing at work: a made-up shop, the real daemon, and a page with what it sent.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind demo\n  retaind demo --dir shop     keep the store, the configuration and the ledger\n  retaind demo --once         end when everything has been delivered"
)]
pub(super) struct Demo {
    /// Keep everything in this folder. Default: a temporary one, gone at the end.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Port of the page. Default: a free one.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// End as soon as everything has been delivered.
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) fn run(&self) -> Done {
        if std::env::var_os("RETAIND_LOG").is_some() || !std::io::stderr().is_terminal() {
            logs::start(false, show::colour());
        }
        let temporary = match &self.dir {
            Some(_) => None,
            None => Some(
                tempfile::tempdir()
                    .map_err(|e| Failure::new(EX_IOERR, format!("no temporary folder: {e}")))?,
            ),
        };
        let dir = self.dir.clone().or(temporary.as_ref().map(|t| t.path().to_owned())).unwrap_or_default();
        std::fs::create_dir_all(&dir)
            .map_err(|e| Failure::new(EX_IOERR, format!("`{}`: {e}", dir.display())))?;
        build(&dir)?;
        let done = super::runtime()?.block_on(self.show(&dir));
        logs::say_left_out();
        done
    }

    async fn show(&self, dir: &Path) -> Done {
        let server =
            Server::start(self.port).await.map_err(|e| Failure::new(EX_IOERR, format!("no port: {e}")))?;
        let outlet = Outlet::Capture { smtp: server.smtp, http: server.http, pages: server.pages_port() };
        let path = dir.join("retaind.toml");
        let (config, findings) = config::load(&path, outlet);
        let config = config.ok_or_else(|| super::refused(&findings))?;
        let as_of: jiff::Zoned =
            crate::demo::AS_OF.parse().map_err(|e| Failure::new(EX_SOFTWARE, format!("{e}")))?;
        let as_of = as_of.timestamp();
        let ledger = Ledger::open(&config.ledger, Access::Daemon)?;
        // Whatever is due that morning; it begins with the last of it.
        let before = as_of - SignedDuration::from_micros(1);
        let due = config
            .jobs
            .iter()
            .filter_map(|(name, job)| Some((name.clone(), job.schedule.next_after(before)?)));
        let due: Vec<_> = due.filter(|(_, at)| at.duration_since(as_of) < MORNING).collect();
        let start = due.iter().map(|(_, at)| *at).max().unwrap_or(as_of);
        for (job, at) in due {
            ledger.run(move |c| occurrences::plan_one(c, &job, at)).await?;
        }
        let rules: Vec<String> = foresight::rules(&config).into_keys().collect();
        let daemon = Daemon::start(config, ledger.clone(), Clock::starting_at(start)).await?;
        // As though it had always been there.
        let include = move |c: &rusqlite::Connection| {
            rules.iter().try_for_each(|rule| reminders::include_backlog(c, rule).map(|_| ()))
        };
        ledger.run(include).await?;
        let stop = Arc::new(Notify::new());
        let origin = Origin { path, outlet, pages: Some(server.pages) };
        let watching = tokio::spawn(announce(ledger, server.http, self.once, stop.clone()));
        supervisor::run(daemon, &origin, stop).await?;
        let delivered = watching.is_finished();
        watching.abort();
        if self.once && !delivered {
            return Err(Failure::new(EX_SOFTWARE, "the demo ended before everything was delivered"));
        }
        Ok(())
    }
}

/// How long the demo's morning is.
const MORNING: SignedDuration = SignedDuration::from_hours(4);

/// Makes the store and the configuration, unless an earlier demo left them there.
fn build(dir: &Path) -> Done {
    let store = dir.join("shop.db");
    if !store.exists() {
        let mut connection = super::init::make_store(&store)?;
        crate::demo::build(&mut connection)
            .map_err(|e| Failure::new(EX_SOFTWARE, format!("the demo's store: {e}")))?;
    }
    // Secrets come from files here as everywhere; these lead nowhere.
    for (name, text) in [
        ("slack-url", "https://hooks.slack.com/services/T000/B000/made-up"),
        ("actions-key", "bWFkZSB1cCBmb3IgdGhlIGRlbW8sIG9mIDM0IGJ5dGVzLiEh"),
        ("crm-url", "https://crm.example.com/hooks/retaind"),
        ("crm-secret", "whsec_bWFkZSB1cCBmb3IgdGhlIGRlbW8sIDI0IGJ5dGVzKw=="),
    ] {
        write_secret(&dir.join(name), text)?;
    }
    let config = dir.join("retaind.toml");
    if !config.exists() {
        std::fs::write(&config, CONFIG)
            .map_err(|e| Failure::new(EX_IOERR, format!("`{}`: {e}", config.display())))?;
    }
    Ok(())
}

fn write_secret(path: &Path, text: &str) -> Done {
    let io = |e: std::io::Error| Failure::new(EX_IOERR, format!("`{}`: {e}", path.display()));
    std::fs::write(path, text).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(io)?;
    }
    Ok(())
}

/// Waits until nothing is planned and nothing is pending, then says where to look.
async fn announce(ledger: Ledger, port: u16, once: bool, stop: Arc<Notify>) {
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        tick.tick().await;
        let state =
            ledger.run(|c| Ok((occurrences::next_waiting(c)?, crate::ledger::deliveries::tally(c)?))).await;
        let Ok((None, tally)) = state else { continue };
        let open = tally.iter().filter(|(status, _)| status == "pending" || status == "claimed").count();
        if open == 0 && !tally.is_empty() {
            let sent = tally.iter().find(|(status, _)| status == "sent").map_or(0, |(_, n)| *n);
            show::line(&format!(
                "{sent} messages delivered as of Monday, 2 November 2026, in the morning, in São Paulo."
            ));
            show::line(&format!("See them as their readers would: http://127.0.0.1:{port}/"));
            show::line("In a digest, choose Done or Snooze: the links work, and the CRM hears of it.");
            if once {
                stop.notify_one();
            } else {
                show::line("Ctrl-C ends the demo.");
            }
            return;
        }
    }
}

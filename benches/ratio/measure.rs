//! One process, from its start to its end: how long, how much of the processors, how much memory.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;
use retaind::clock::Stopwatch;
use serde::{Deserialize, Serialize};

/// Runs a command in a process of its own that has no other children: what the system counts for the
/// children of that process is then exactly what the command took, whatever it started itself. This process
/// stays small, since a child's peak is not less than its parent's at the start (about 8 MB here).
#[derive(Debug, Args)]
pub(crate) struct Measure {
    /// Seconds after which the command is killed.
    limit: u64,
    /// Where what it prints goes.
    out: PathBuf,
    /// The command.
    #[arg(last = true)]
    command: Vec<String>,
}

/// What a process took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time, user and system.
    pub(crate) cpu: f64,
    /// The most it held resident, in megabytes of 2^20 bytes.
    pub(crate) peak: f64,
    /// Whether it was ended at the limit.
    pub(crate) late: bool,
}

impl Measure {
    /// Runs it and prints what it took as JSON.
    pub(crate) fn run(&self) -> Result<()> {
        let Some((program, arguments)) = self.command.split_first() else {
            bail!("no command to measure");
        };
        let out = File::create(&self.out).with_context(|| format!("`{}`", self.out.display()))?;
        let watch = Stopwatch::start();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(out)
            .spawn()
            .with_context(|| format!("`{program}` cannot be started"))?;
        let pid = Pid::from_raw(child.id().try_into()?);
        let (ended, end) = mpsc::channel();
        let waiter = thread::spawn(move || {
            let status = child.wait();
            let _ = ended.send(watch.elapsed());
            status
        });
        let in_time = end.recv_timeout(Duration::from_secs(self.limit)).ok();
        if in_time.is_none() {
            kill(pid, Signal::SIGKILL)?;
        }
        let status = waiter.join().ok().context("the measured process was lost")??;
        if in_time.is_some() && !status.success() {
            bail!("`{}` failed: {status}", self.command.join(" "));
        }
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        let wall = in_time.unwrap_or_else(|| watch.elapsed()).as_secs_f64();
        let peak = usage.max_rss() as f64 / 1024.0;
        let taken = Taken { wall, cpu: cpu as f64 / 1e6, peak, late: in_time.is_none() };
        println!("{}", serde_json::to_string(&taken)?);
        Ok(())
    }
}

/// Measures a command; what it printed is in `out` afterwards.
pub(crate) fn measure(command: &[String], limit: u64, out: &std::path::Path) -> Result<Taken> {
    let answer = Command::new(std::env::current_exe()?)
        .arg("measure")
        .arg(limit.to_string())
        .arg(out)
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !answer.status.success() {
        bail!("`{}` was not measured", command.join(" "));
    }
    Ok(serde_json::from_slice(&answer.stdout)?)
}

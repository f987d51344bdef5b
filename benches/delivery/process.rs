//! Processes under measurement: what they used, and the sink's word on what arrived.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// How often a process is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// Clock ticks a second in `/proc/PID/stat`; Linux shows 100 on every machine.
const TICKS: f64 = 100.0;

/// What a process used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// User and system seconds.
    pub(crate) cpu: f64,
    /// Largest resident size, MiB.
    pub(crate) peak: f64,
}

impl Used {
    /// Of a process that is there, or ended and was not waited for: then its peak is not to be had.
    pub(crate) fn of(pid: u32) -> Option<(Used, bool)> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = |n: usize| fields.get(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
        let cpu = (ticks(11) + ticks(12)) / TICKS;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|kib| kib.trim().split(' ').next()?.parse::<f64>().ok()).unwrap_or(0.0);
        Some((Used { cpu, peak: peak / 1024.0 }, fields.first() == Some(&"Z")))
    }

    /// With the larger of two peaks.
    pub(crate) fn after(self, earlier: Used) -> Used {
        Used { cpu: self.cpu.max(earlier.cpu), peak: self.peak.max(earlier.peak) }
    }
}

/// Something to wait on without sleeping in the middle of a measurement.
pub(crate) struct Pause(
    std::sync::mpsc::Receiver<()>,
    #[expect(dead_code, reason = "keeps it open")] Sender<()>,
);

impl Pause {
    pub(crate) fn new() -> Pause {
        let (sender, receiver) = channel();
        Pause(receiver, sender)
    }

    pub(crate) fn wait(&self, time: Duration) {
        let _ = self.0.recv_timeout(time);
    }
}

/// Runs a command to its end and says what it used.
pub(crate) fn run(command: &mut Command) -> Result<Used, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let (pause, mut used) = (Pause::new(), Used::default());
    while let Some((now, ended)) = Used::of(child.id()) {
        used = now.after(used);
        if ended {
            break;
        }
        pause.wait(LOOK);
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    if status.success() { Ok(used) } else { Err(format!("it ended with {status}")) }
}

/// What arrived at a sink.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived {
    pub(crate) messages: u64,
    /// From the first command to the last message.
    pub(crate) seconds: f64,
}

/// A sink, in a process of its own.
pub(crate) struct Sink {
    child: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
}

impl Sink {
    /// Starts this very program as a sink, held to a core if one is named.
    pub(crate) fn start(program: &Path, kind: &str, core: Option<&str>) -> Sink {
        let mut command = Command::new(core.map_or(program, |_| Path::new("taskset")));
        if let Some(core) = core {
            command.args(["-c", core]).arg(program);
        }
        command.args(["--sink", kind]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts once more, by taskset for a core");
        let ask = child.stdin.take().expect("a pipe to it");
        let mut answers = BufReader::new(child.stdout.take().expect("a pipe from it")).lines();
        let port = answers.next().and_then(Result::ok).and_then(|line| line.parse().ok());
        Sink { child, ask, answers, port: port.expect("the sink's port") }
    }

    pub(crate) fn arrived(&mut self) -> Arrived {
        self.ask.write_all(b"?\n").expect("the sink listens");
        let line = self.answers.next().and_then(Result::ok).expect("the sink answers");
        let numbers: Vec<u64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
        let seconds = numbers[2].saturating_sub(numbers[1]) as f64 / 1e6;
        Arrived { messages: numbers[0], seconds }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

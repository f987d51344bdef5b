//! What the figures were measured on.

use std::fs;

use retaind::clock::Clock;

/// A line about the machine, the day and how busy it is.
pub(crate) fn facts() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = after(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kilobytes = after(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let kilobytes: f64 = kilobytes.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let day = Clock::System.now().strftime("%Y-%m-%d %H:%M UTC");
    format!("{cores} × {processor}, {:.1} GiB, {day}, load {}", kilobytes / 1_048_576.0, load())
}

/// A warning where others were at work at the start: then the rounds' wall times say how busy the machine was.
pub(crate) fn noise() -> Option<&'static str> {
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| usize::from(cores) as f64);
    let busy = load().parse::<f64>().is_ok_and(|load| load > cores / 4.0);
    busy.then_some("The machine is busy: wall times and their ratios are noise, CPU times are inflated.")
}

/// The mean number of runnable processes over the last minute: 0 on a quiet machine.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

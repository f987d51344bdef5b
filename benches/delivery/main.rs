//! How fast and how cheaply a full ledger is drained, every message durable before and after, beside what
//! people use to write such a thing by hand: `cargo bench --bench delivery -- --messages 20000 --rounds 3`.
//!
//! Sink, daemon and peers are processes of their own on this machine; peers and daemon take turns, and a
//! ratio counts within one run only. `--backlog 1000000` drains that many small messages instead, with one
//! that is new in the middle. `--connections` sets our SMTP connections (64: each waits for the disk once
//! a message, the peers' never), `--disk` where the ledger is, `--only` `mail`, `webhook` or `retaind`. `--sink-core 1`
//! holds the sink to a core: else the kernel moves it onto whoever sends and off again, by chance. Peers that are
//! missing are left out, with a word on how to get them.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends, and prints"
)]

mod process;
mod shop;
mod sink;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use process::{Arrived, Pause, Sink, Used};
use shop::{Kind, Setup, Shop};

const MAIL_BYTES: usize = 10_000;
const EVENT_BYTES: usize = 1_000;
const SMALL_BYTES: usize = 900;

/// What is asked for on the command line.
struct Options {
    messages: usize,
    rounds: usize,
    backlog: Option<usize>,
    only: Option<String>,
    /// The core that the sink is held to.
    sink_core: Option<String>,
    setup: Setup,
}

/// The command of a peer that is there, for a port and so many messages.
type Start = fn(&Peers, u16, usize) -> Option<Command>;

/// Who sends.
struct Contender {
    name: &'static str,
    kind: Kind,
    sink: &'static str,
    /// How to run a peer; the daemon has none.
    peer: Option<Start>,
    /// What to do to have it.
    missing: &'static str,
    /// A slow one gets a part of the messages.
    share: usize,
}

const CONTENDERS: &[Contender] = &[
    Contender {
        name: "retaind",
        kind: Kind::Mail,
        sink: "smtp-pipelining",
        peer: None,
        missing: "",
        share: 1,
    },
    Contender {
        name: "retaind, no PIPELINING",
        kind: Kind::Mail,
        sink: "smtp",
        peer: None,
        missing: "",
        share: 1,
    },
    Contender {
        name: "nodemailer pool, 16",
        kind: Kind::Mail,
        sink: "smtp-pipelining",
        peer: Some(|peers, port, n| peers.node("nodemailer.mjs", port, n, MAIL_BYTES)),
        missing: "npm install --prefix target/peers nodemailer",
        share: 4,
    },
    Contender {
        name: "smtp-source, 16 sessions",
        kind: Kind::Mail,
        sink: "smtp-pipelining",
        peer: Some(Peers::smtp_source),
        missing: "the Debian package `postfix`, or its files below target/peers/postfix",
        share: 1,
    },
    Contender {
        name: "Python's smtplib",
        kind: Kind::Mail,
        sink: "smtp-pipelining",
        peer: Some(|peers, port, n| peers.python("smtplib_one.py", port, n, MAIL_BYTES)),
        missing: "python3",
        share: 10,
    },
    Contender { name: "retaind", kind: Kind::Webhook, sink: "http", peer: None, missing: "", share: 1 },
    Contender {
        name: "node http, 64 in flight",
        kind: Kind::Webhook,
        sink: "http",
        peer: Some(|peers, port, n| peers.node("node_http.mjs", port, n, EVENT_BYTES)),
        missing: "node 18 or later",
        share: 1,
    },
    Contender {
        name: "the same, signed as ours are",
        kind: Kind::Webhook,
        sink: "http",
        peer: Some(|peers, port, n| {
            let mut node = peers.node("node_http.mjs", port, n, EVENT_BYTES)?;
            node.arg("signed");
            Some(node)
        }),
        missing: "node 18 or later",
        share: 1,
    },
];

/// Where the peers are.
struct Peers {
    scripts: PathBuf,
    installed: PathBuf,
}

impl Peers {
    fn node(&self, script: &str, port: u16, messages: usize, bytes: usize) -> Option<Command> {
        let modules = self.installed.join("node_modules");
        let needs_modules = script == "nodemailer.mjs";
        if !there("node") || (needs_modules && !modules.join("nodemailer").exists()) {
            return None;
        }
        let mut command = self.script("node", script, port, messages, bytes);
        command.env("NODEMAILER", modules);
        Some(command)
    }

    fn python(&self, script: &str, port: u16, messages: usize, bytes: usize) -> Option<Command> {
        there("python3").then(|| self.script("python3", script, port, messages, bytes))
    }

    fn script(&self, program: &str, script: &str, port: u16, messages: usize, bytes: usize) -> Command {
        let mut command = Command::new(program);
        command.arg(self.scripts.join(script));
        command.args([port.to_string(), messages.to_string(), bytes.to_string()]);
        command
    }

    fn smtp_source(&self, port: u16, messages: usize) -> Option<Command> {
        let unpacked = self.installed.join("postfix/usr/sbin/smtp-source");
        let program = if unpacked.exists() { unpacked } else { PathBuf::from("smtp-source") };
        if !there(&program.display().to_string()) {
            return None;
        }
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", self.installed.join("postfix/usr/lib/postfix"));
        // -d: a session is kept for the messages after the first one.
        command.args(["-d", "-s", "16", "-l", &MAIL_BYTES.to_string(), "-m", &messages.to_string()]);
        command.args(["-f", "shop@example.com", "-t", "ana@example.com", &format!("127.0.0.1:{port}")]);
        Some(command)
    }
}

fn there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Path::new(program).is_absolute() && Path::new(program).exists()
        || std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    if let Some(kind) = value("--sink") {
        return sink::serve(&kind);
    }
    let number = |name: &str| value(name).and_then(|n| n.parse().ok());
    let options = Options {
        messages: number("--messages").unwrap_or(20_000),
        rounds: number("--rounds").unwrap_or(3),
        backlog: number("--backlog"),
        only: value("--only"),
        sink_core: value("--sink-core"),
        setup: Setup {
            disk: value("--disk")
                .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from),
            connections: number("--connections").unwrap_or(64),
        },
    };
    let program = std::env::current_exe().expect("its own path");
    let binary = value("--binary").unwrap_or_else(|| env!("CARGO_BIN_EXE_retaind").to_owned());
    match options.backlog {
        Some(messages) => backlog(&program, Path::new(&binary), messages, &options),
        None => compare(&program, Path::new(&binary), &options),
    }
}

/// One turn of one contender: messages a second, CPU µs a message, peak MiB.
type Turn = (f64, f64, f64);

fn compare(program: &Path, binary: &Path, options: &Options) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let peers = Peers { scripts: root.join("benches/peers"), installed: root.join("target/peers") };
    let wanted = |c: &&Contender| match options.only.as_deref() {
        Some("mail") => c.kind == Kind::Mail,
        Some("webhook") => c.kind == Kind::Webhook,
        Some("retaind") => c.peer.is_none(),
        _ => true,
    };
    let mut turns: Vec<(&Contender, Vec<Turn>)> =
        CONTENDERS.iter().filter(wanted).map(|c| (c, Vec::new())).collect();
    for _ in 0..options.rounds {
        for (contender, turns) in &mut turns {
            match turn(contender, &peers, program, binary, options) {
                Ok(turn) => turns.push(turn),
                Err(why) => println!("{} is left out: {why}", contender.name),
            }
        }
    }
    for (kind, title) in [(Kind::Mail, "mail, 10 kB"), (Kind::Webhook, "webhook, 1 kB JSON")] {
        let rows: Vec<(&str, Turn)> = turns
            .iter()
            .filter(|(c, turns)| c.kind == kind && !turns.is_empty())
            .map(|(c, turns)| {
                (c.name, (median(turns, |t| t.0), median(turns, |t| t.1), median(turns, |t| t.2)))
            })
            .collect();
        let Some((_, (ours, ..))) = rows.first().copied() else { continue };
        println!(
            "\n| {title} | messages/s | retaind is × | CPU µs a message | peak MiB |\n| --- | --- | --- | --- | --- |"
        );
        for (name, (rate, cpu, peak)) in rows {
            println!("| {name} | {rate:.0} | {:.2} | {cpu:.1} | {peak:.0} |", ours / rate);
        }
    }
}

fn median(turns: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    let mut values: Vec<f64> = turns.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn turn(
    contender: &Contender,
    peers: &Peers,
    program: &Path,
    binary: &Path,
    options: &Options,
) -> Result<Turn, String> {
    let messages = options.messages / contender.share;
    let mut sink = Sink::start(program, contender.sink, options.sink_core.as_deref());
    let used = if let Some(peer) = contender.peer {
        let command = peer(peers, sink.port, messages);
        process::run(&mut command.ok_or(format!("needs {}", contender.missing))?)?
    } else {
        let bytes = if contender.kind == Kind::Mail { MAIL_BYTES } else { EVENT_BYTES };
        let shop = Shop::new(&options.setup, contender.kind, sink.port, messages, bytes);
        shop.start(binary).drain(&shop, &mut sink, messages as u64)
    };
    Ok(figures(sink.arrived(), used))
}

fn figures(arrived: Arrived, used: Used) -> Turn {
    let messages = arrived.messages as f64;
    (messages / arrived.seconds, used.cpu * 1e6 / messages, used.peak)
}

/// A backlog, and one message that is decided on when it is half drained.
fn backlog(program: &Path, binary: &Path, messages: usize, options: &Options) {
    println!(
        "| backlog of | messages/s | CPU µs a message | peak MiB | a new message left after s |\n| --- | --- | --- | --- | --- |"
    );
    for (kind, sink, name) in [(Kind::Mail, "smtp-pipelining", "mails"), (Kind::Webhook, "http", "webhooks")]
    {
        if options.only.as_deref().is_some_and(|only| !name.starts_with(only)) {
            continue;
        }
        let mut sink = Sink::start(program, sink, options.sink_core.as_deref());
        let shop = Shop::new(&options.setup, kind, sink.port, messages, SMALL_BYTES);
        let daemon = shop.start(binary);
        let pause = Pause::new();
        while sink.arrived().messages < messages as u64 / 4 {
            pause.wait(Duration::from_millis(100));
        }
        shop.add("fresh", 1);
        let used = daemon.drain(&shop, &mut sink, messages as u64 + 1);
        let (rate, cpu, peak) = figures(sink.arrived(), used);
        let delay = shop.delay("fresh").expect("the new message was sent");
        println!("| {messages} {name} | {rate:.0} | {cpu:.1} | {peak:.0} | {delay:.1} |");
    }
}

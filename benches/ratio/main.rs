//! What the report costs, against the least it could cost and against the tools people use for it, on the
//! same file in the same run. `cargo bench --bench ratio -- --help`.
#![allow(clippy::print_stdout, reason = "the tables are for the terminal")]

mod agree;
mod floor;
mod machine;
mod measure;
mod rounds;
mod runner;
#[path = "../shop/mod.rs"]
mod shop;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use rounds::Rig;
use runner::Who;
use shop::Size;

/// Measures the executive report against its floor and its peers, alternating, on a made-up shop.
#[derive(Debug, Parser)]
#[command(
    name = "cargo bench --bench ratio --",
    max_term_width = 100,
    after_help = "The program first, then the peers; from the root of the project:
  cargo build --profile dist
  python3 -m venv target/bench/venv
  target/bench/venv/bin/pip install -r benches/peers/requirements.txt

Examples:
  cargo bench --bench ratio -- report --size M --rounds 5
  cargo bench --bench ratio -- report --size L --rounds 3 --only floor,retaind,duckdb-own
  cargo bench --bench ratio -- growth --rounds 3
  cargo bench --bench ratio -- check            the made-up shop is still the same

A runner is skipped, with a word how to get it, where it is not installed. Every process is measured \
from its start to its end: wall, user and system time, and the largest memory it held. Nothing is dropped; \
what is printed are medians. The stores take 20 MB, 205 MB and 2.1 GB, DuckDB's copies an eighth of that."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// `cargo bench` says this to every bench.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the report on a store of one size.
    Report {
        /// How large the store is.
        #[arg(long, value_enum, default_value = "M")]
        size: Size,
        #[command(flatten)]
        how: How,
    },
    /// Measure how the cost grows from size to size.
    Growth {
        /// The sizes, smallest first.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "S,M,L")]
        sizes: Vec<Size>,
        #[command(flatten)]
        how: How,
    },
    /// Make a store and the copy of it that `DuckDB` reads, and measure nothing.
    Make {
        /// How large the store is.
        #[arg(long, value_enum, default_value = "M")]
        size: Size,
        #[command(flatten)]
        how: How,
    },
    /// Make the smallest store anew and hold its content against the pinned hash.
    Check {
        /// Where to make it.
        #[arg(long, value_name = "DIR", default_value = "target/bench")]
        dir: PathBuf,
    },
    /// One process of the floor.
    #[command(hide = true)]
    Floor { store: PathBuf, threads: u32 },
    /// One process that measures another.
    #[command(hide = true)]
    Measure(measure::Measure),
}

/// Where and how to measure.
#[derive(Debug, Args)]
struct How {
    /// How often each runner runs.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these runners. Default: all of them; for growth, the floor and retaind.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHO")]
    only: Vec<Who>,
    /// The folder of the stores.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    dir: PathBuf,
    /// The program.
    #[arg(long, value_name = "FILE", default_value = "target/dist/retaind")]
    retaind: PathBuf,
    /// The Python that has the peers. Default: that of `venv` in the folder of the stores, or `python3`.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Seconds after which a run is ended; a runner that needed more does not run again.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    limit: u64,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Report { size, how } => Rig::new(how)?.report(size),
        Command::Growth { sizes, how } => Rig::new(how)?.growth(&sizes),
        Command::Make { size, how } => Rig::new(how)?.make(size),
        Command::Check { dir } => {
            println!("the shop is the pinned one: {}", shop::check(&dir)?);
            Ok(())
        }
        Command::Floor { store, threads } => floor::run(&store, threads),
        Command::Measure(measure) => measure.run(),
    }
}

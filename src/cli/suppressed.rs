//! `retaind suppressed`: addresses of customers that are not written to any more.

use std::io::Read as _;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_IOERR, Failure, show};
use crate::clock::Clock;
use crate::config::{Config, Outlet};
use crate::ledger::suppressions::{self, Reason, Suppressed};
use crate::ledger::{Access, Ledger};
use crate::outbox::AddressId;
use crate::render::mime;

/// List the addresses of customers that are not written to any more; add some, or take them out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind suppressed\n  retaind suppressed add casa@example.com\n  retaind suppressed add - < addresses.txt     one a line\n  retaind suppressed remove casa@example.com\n\nAddresses are kept as hashes: they can be asked for, and not be read."
)]
pub(super) struct SuppressedArgs {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write to these no more.
    Add {
        /// Mail addresses; `-` reads them from the standard input, one a line.
        #[arg(required = true)]
        addresses: Vec<String>,
    },
    /// Write to these again.
    Remove {
        /// Mail addresses; `-` reads them from the standard input, one a line.
        #[arg(required = true)]
        addresses: Vec<String>,
    },
}

impl SuppressedArgs {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load(Outlet::OFFLINE)?;
        match &self.command {
            None => list(&config, cli.json),
            Some(Command::Add { addresses }) => change(&config, addresses, true),
            Some(Command::Remove { addresses }) => change(&config, addresses, false),
        }
    }
}

fn list(config: &Config, as_json: bool) -> Done {
    let rows: Vec<Suppressed> = if config.ledger.exists() {
        Ledger::open(&config.ledger, Access::Operator)?.run_blocking(suppressions::list)?
    } else {
        Vec::new()
    };
    if as_json {
        let rows = rows.iter().map(|row| {
            json!({ "address": row.address.hex(), "reason": row.reason, "at": row.at.to_string(), "customer_id": row.customer })
        });
        show::line(&rows.collect::<serde_json::Value>().to_string());
        return Ok(());
    }
    if rows.is_empty() {
        show::line("Every customer who agreed may be written to.");
        return Ok(());
    }
    let mut lines = vec![["since", "reason", "customer", "address (hash)"].map(str::to_owned).to_vec()];
    lines.extend(rows.into_iter().map(|row| {
        let since = row.at.to_zoned(config.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        vec![since, row.reason, row.customer.unwrap_or_default(), row.address.hex()]
    }));
    show::table(&lines);
    Ok(())
}

/// All or nothing: of a list with an address that is none, nothing is taken.
fn change(config: &Config, addresses: &[String], add: bool) -> Done {
    let addresses = given(addresses)?;
    let wrong: Vec<String> = addresses.iter().filter_map(|text| mime::address(text).err()).collect();
    if !wrong.is_empty() {
        return Err(Failure::new(EX_DATAERR, format!("{}\nhint: nothing was changed", wrong.join("\n"))));
    }
    let (who, now) = (super::fire::operator_name(), Clock::System.now());
    let all = addresses.len();
    let ledger = Ledger::open(&config.ledger, Access::Founder)?;
    let changed = ledger.run_blocking(move |c| {
        let salt = suppressions::salt(c)?;
        let mut changed = 0;
        for address in &addresses {
            let id = AddressId::of(&salt, address);
            changed += usize::from(if add {
                suppressions::add(c, id, (Reason::Operator, &who), now)?
            } else {
                suppressions::remove(c, id, &who, now)?
            });
        }
        Ok(changed)
    })?;
    let before = all - changed;
    show::line(&if add {
        format!("{changed} addresses are written to no more; {before} were not before.")
    } else {
        format!("{changed} addresses are written to again; {before} were anyway.")
    });
    Ok(())
}

fn given(addresses: &[String]) -> Result<Vec<String>, Failure> {
    if addresses != ["-"] {
        return Ok(addresses.to_vec());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| Failure::new(EX_IOERR, e.to_string()))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

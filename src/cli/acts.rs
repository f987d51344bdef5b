//! `retaind acts`: what recipients did with what they were told.

use clap::Args;
use serde_json::json;

use super::{Cli, Done, show};
use crate::config::Outlet;
use crate::domain::Colleague;
use crate::ledger::acts::{self, Listed};
use crate::ledger::{Access, Ledger};
use crate::render::acted::Acting;

/// List what recipients did by the links in their digests, newest first.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind acts\n  retaind acts --recipient ana --limit 10\n  retaind acts --json      as the webhook's events have it; `retaind schema act` describes it"
)]
pub(super) struct Acts {
    /// Only of this recipient.
    #[arg(long, value_name = "WHO")]
    recipient: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Acts {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load(Outlet::OFFLINE)?;
        let ledger = Ledger::open(&config.ledger, Access::Operator)?;
        let (recipient, limit) = (self.recipient.clone(), self.limit);
        let (rows, colleagues) = ledger
            .run_blocking(move |c| Ok((acts::list(c, recipient.as_deref(), limit)?, acts::colleagues(c)?)))?;
        if cli.json {
            let records = rows.iter().map(|row| json!(acting(row).record(&colleagues)));
            show::line(&records.collect::<serde_json::Value>().to_string());
            return Ok(());
        }
        if rows.is_empty() {
            show::line("Nobody has acted yet.");
            return Ok(());
        }
        let mut lines = vec![["when", "who", "what", "customer", "why"].map(str::to_owned).to_vec()];
        let zone = &config.zone;
        lines.extend(rows.iter().map(|row| {
            let when = row.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
            let why = row.reasons.iter().map(|reason| format!("{} {}", reason.rule, reason.subject));
            let why = why.collect::<Vec<_>>().join(", ");
            vec![when, row.recipient.clone(), what(row, &colleagues), row.customer.clone(), why]
        }));
        show::table(&lines);
        Ok(())
    }
}

fn acting(row: &Listed) -> Acting<'_> {
    Acting {
        entry: row.entry,
        act: &row.act,
        at: row.at,
        recipient: &row.recipient,
        customer: &row.customer,
        reasons: &row.reasons,
        job: &row.job,
        occurrence: row.occurrence,
    }
}

fn what(row: &Listed, colleagues: &[Colleague]) -> String {
    let name = row.act.name().replace('_', " ");
    match (row.act.until(), row.act.whom()) {
        (Some(until), _) => format!("{name} until {}", until.date()),
        (_, Some(whom)) => {
            let known = colleagues.iter().find(|c| c.id == whom);
            format!("{name} to {}", known.map_or(whom, |c| c.name.as_str()))
        }
        _ => name,
    }
}

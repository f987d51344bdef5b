//! `retaind outbox`: what was decided and sent, and what happens with what is stuck.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, show};
use crate::clock::Clock;
use crate::config::Outlet;
use crate::ledger::deliveries::{self, Listed};
use crate::ledger::{Access, Ledger, operator};
use crate::outbox::{Event, Status};

/// Look at what was decided and sent, and decide what happens with what is stuck.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind outbox list --status held\n  retaind outbox show 42\n  retaind outbox retry 42              send it again: dead, held or uncertain\n  retaind outbox resolve 42 --sent     it arrived, you know it\n  retaind outbox drop 42"
)]
pub(super) struct Outbox {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List deliveries, newest first.
    List {
        /// pending, claimed, sent, uncertain, held or dead.
        #[arg(long)]
        status: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one delivery with its attempts.
    Show {
        /// Its number.
        id: i64,
        /// Print its stored bytes instead.
        #[arg(long)]
        source: bool,
    },
    /// Send it again.
    Retry {
        /// Its number.
        id: i64,
    },
    /// Do not send it.
    Drop {
        /// Its number.
        id: i64,
    },
    /// Say what became of a message that is uncertain or held.
    Resolve {
        /// Its number.
        id: i64,
        /// It arrived.
        #[arg(long, required = true)]
        sent: bool,
    },
}

impl Outbox {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load(Outlet::OFFLINE)?;
        let ledger = Ledger::open(&config.ledger, Access::Operator)?;
        match &self.command {
            Command::List { status, limit } => list(&ledger, status.as_deref(), *limit, cli.json),
            Command::Show { id, source } => detail(&ledger, *id, *source, cli.json),
            Command::Retry { id } => act(&ledger, *id, Event::Requeued, "it will be sent again"),
            Command::Drop { id } => act(&ledger, *id, Event::Dropped, "it will not be sent"),
            Command::Resolve { id, .. } => act(&ledger, *id, Event::KnownSent, "it counts as sent"),
        }
    }
}

fn list(ledger: &Ledger, status: Option<&str>, limit: usize, as_json: bool) -> Done {
    let wanted = match status {
        None => None,
        Some(name) => Some(Status::parse(name).ok_or_else(|| {
            let known = Status::ALL.map(|(name, _)| name);
            Failure::new(
                EX_USAGE,
                format!("unknown status `{name}`\nhint: {}", crate::config::problem::one_of(name, &known)),
            )
        })?),
    };
    let (rows, tally) =
        ledger.run_blocking(move |c| Ok((deliveries::list(c, wanted, limit)?, deliveries::tally(c)?)))?;
    if as_json {
        let rows: Vec<Json> = rows.iter().map(as_event).collect();
        show::line(&Json::Array(rows).to_string());
        return Ok(());
    }
    let mut lines = vec![["id", "status", "job", "to", "via", "subject", "why"].map(str::to_owned).to_vec()];
    for row in &rows {
        let d = &row.delivery;
        let subject = crate::domain::text::excerpt(&d.subject, 48);
        let reason = crate::domain::text::excerpt(&row.state.reason, 60);
        let status = row.state.status.name().to_owned();
        lines.push(vec![
            row.id.to_string(),
            status,
            d.job.clone(),
            d.recipient.clone(),
            d.channel.clone(),
            subject,
            reason,
        ]);
    }
    show::table(&lines);
    let counts: Vec<String> = tally.iter().map(|(status, n)| format!("{n} {status}")).collect();
    show::line(&if counts.is_empty() { "Nothing was decided yet.".to_owned() } else { counts.join(", ") });
    Ok(())
}

fn as_event(row: &Listed) -> Json {
    let d = &row.delivery;
    json!({
        "id": row.id, "key": d.key.as_str(), "status": row.state.status.name(), "job": d.job,
        "occurrence": d.occurrence.to_string(), "recipient": d.recipient, "channel": d.channel, "subject": d.subject,
        "created": row.created.to_string(), "not_before": row.state.not_before.to_string(), "expires": d.expires.to_string(),
        "attempts": row.state.attempts, "ambiguous": row.state.ambiguous, "reason": row.state.reason,
        "finished": row.finished.map(|at| at.to_string()),
    })
}

fn find(ledger: &Ledger, id: i64) -> Result<Listed, Failure> {
    let found = ledger.run_blocking(move |c| deliveries::get(c, id))?;
    found.ok_or_else(|| Failure::new(EX_DATAERR, format!("no delivery {id}\nhint: `retaind outbox list`")))
}

fn detail(ledger: &Ledger, id: i64, source: bool, as_json: bool) -> Done {
    let row = find(ledger, id)?;
    if source {
        show::bytes(row.delivery.payload.stored());
        return Ok(());
    }
    let attempts = ledger.run_blocking(move |c| deliveries::attempts(c, id))?;
    let mut event = as_event(&row);
    let attempts: Vec<Json> = attempts
        .into_iter()
        .map(|(number, started, ended, phase, answer)| {
            json!({ "number": number, "started": started.to_string(), "ended": ended.map(|at| at.to_string()), "phase": phase, "answer": answer })
        })
        .collect();
    event["attempts_made"] = json!(attempts);
    if as_json {
        show::line(&event.to_string());
        return Ok(());
    }
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (key, value) in event.as_object().into_iter().flatten().filter(|(key, _)| *key != "attempts_made") {
        show::line(&format!("{key:>11}  {}", text(value)));
    }
    for attempt in &attempts {
        let answer = text(&attempt["answer"]);
        show::line(&format!(
            "    attempt  {} {} {}: {answer}",
            attempt["number"],
            text(&attempt["started"]),
            text(&attempt["phase"])
        ));
    }
    Ok(())
}

fn act(ledger: &Ledger, id: i64, event: Event, said: &str) -> Done {
    let row = find(ledger, id)?;
    operator::allows(row.state.status, &event)
        .map_err(|why| Failure::new(EX_DATAERR, format!("delivery {id} cannot be touched: {why}")))?;
    let (who, now) = (super::fire::operator_name(), Clock::System.now());
    ledger.run_blocking(move |c| operator::act(c, &row, &event, &who, now))?;
    show::line(&format!("delivery {id}: {said}"));
    Ok(())
}

//! `retaind backlog`: what fell due before a rule was switched on, and letting it be told all the same.

use clap::Args;
use serde_json::json;

use super::fire::operator_name;
use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, show};
use crate::care::About;
use crate::clock::Clock;
use crate::config::problem::one_of;
use crate::daemon::foresight;
use crate::job::seal::Locales;
use crate::ledger::{Access, Ledger, operator, reminders};

/// List what fell due before a rule was switched on; or tell it all the same.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind backlog visits           what would be told\n  retaind backlog visits --send    tell it with the next digests"
)]
pub(super) struct Backlog {
    /// The rule.
    rule: String,
    /// Tell it with the next digests.
    #[arg(long)]
    send: bool,
}

/// Rows that are listed; the rest are counted.
const LISTED_MAX: usize = 100;

impl Backlog {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        let rules = foresight::rules(&config);
        if !rules.contains_key(&self.rule) {
            let known: Vec<&str> = rules.keys().map(String::as_str).collect();
            let hint = one_of(&self.rule, &known);
            return Err(Failure::new(
                EX_USAGE,
                format!("no job looks at a rule `{}`\nhint: {hint}", self.rule),
            ));
        }
        let data = |e: String| Failure::new(EX_DATAERR, e);
        let now = Clock::System.now();
        let cases = foresight::backlog(&config, &self.rule, now).map_err(|e| data(e.to_string()))?;
        if self.send {
            let ledger = Ledger::open(&config.ledger, Access::Operator)?;
            let rule = self.rule.clone();
            let included = ledger.run_blocking(move |c| {
                operator::audit(c, &operator_name(), &format!("the backlog of {rule} is told"), now)?;
                reminders::include_backlog(c, &rule)
            })?;
            if !included {
                let hint = "hint: has the daemon run with this configuration?";
                return Err(Failure::new(
                    EX_DATAERR,
                    format!("the ledger does not know `{}` yet\n{hint}", self.rule),
                ));
            }
            show::line(&format!("{} cases of {} are told with the next digests.", cases.len(), self.rule));
            return Ok(());
        }
        let locales = Locales::load().map_err(|e| data(e.to_string()))?;
        let row = |case: &crate::care::Case| {
            let subject = case.subject.split('@').next().unwrap_or_default().to_owned();
            let why = locales.get("en").map_or_else(String::new, |locale| locale.say(&case.why));
            let rep = match &case.about {
                About::Customer(_) => case.rep.clone().unwrap_or_default(),
                About::Rep(rep) => rep.clone(),
            };
            vec![subject, rep, why]
        };
        let rows: Vec<Vec<String>> = cases.iter().take(LISTED_MAX).map(row).collect();
        if cli.json {
            let all: Vec<_> =
                rows.iter().map(|r| json!({ "subject": r[0], "rep": r[1], "why": r[2] })).collect();
            show::line(&json!({ "rule": self.rule, "cases": cases.len(), "first": all }).to_string());
            return Ok(());
        }
        show::table(&rows);
        let rest = cases.len().saturating_sub(rows.len());
        if rest > 0 {
            show::line(&format!("and {rest} more"));
        }
        show::line(&format!(
            "{} cases of {} fall due as of now whatever was told. What fell due before the rule was on is not told; --send tells it.",
            cases.len(),
            self.rule
        ));
        Ok(())
    }
}

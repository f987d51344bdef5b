//! `retaind silence`: nothing is told of a watch for a while; by whom, until when and why.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_USAGE, Failure, read_at, show};
use crate::clock::Clock;
use crate::config::problem::one_of;
use crate::config::{Config, Outlet};
use crate::domain::text::clean;
use crate::domain::watched;
use crate::job::Recipe;
use crate::job::watch::WatchSpec;
use crate::ledger::{Access, Ledger, watches};

/// Tell nothing of a watch for a while. It goes on to be evaluated; what lasts is told when the silence ends.
#[derive(Debug, Args)]
#[command(
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  retaind silence enterprise-churn --until 2026-12-01 --because \"prices rose, we know\" --by ana\n  retaind silence churn --group small --until 2026-11-09T08:00 --because \"import under way\" --by ana\n  retaind silence list\n  retaind silence end 3"
)]
pub(super) struct Silence {
    #[command(subcommand)]
    command: Option<Command>,
    /// The watch.
    #[arg(required = true)]
    watch: Option<String>,
    /// Only this group of its split.
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// When it ends.
    #[arg(long, value_name = "TIME", required = true)]
    until: Option<String>,
    /// Why.
    #[arg(long, value_name = "REASON", required = true)]
    because: Option<String>,
    /// Whose silence it is: one of the configuration's people. They hear a day before it ends.
    #[arg(long, value_name = "NAME", required = true)]
    by: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the silences that last.
    List {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
    },
    /// End one now.
    End {
        /// Its number.
        id: i64,
    },
}

impl Silence {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load(Outlet::OFFLINE)?;
        match &self.command {
            Some(Command::List { all }) => list(&config, *all, cli.json),
            Some(Command::End { id }) => end(&config, *id),
            None => self.begin(&config),
        }
    }

    fn begin(&self, config: &Config) -> Done {
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
        let (name, author) = (text(&self.watch), text(&self.by));
        let spec = watch(config, &name)?;
        let (now, zone) = (Clock::System.now(), &super::job(config, &name)?.schedule.zone);
        let until = read_at(self.until.as_deref().unwrap_or_default(), zone)?;
        if until <= now {
            return Err(Failure::new(EX_USAGE, format!("{until} is over\nhint: --until a time to come")));
        }
        if !config.people.contains_key(&author) {
            let known: Vec<&str> = config.people.keys().map(String::as_str).collect();
            let hint = one_of(&author, &known);
            return Err(Failure::new(EX_USAGE, format!("no person `{author}`\nhint: {hint}")));
        }
        if text(&self.because).is_empty() {
            return Err(Failure::new(EX_USAGE, "a silence needs a reason\nhint: --because \"…\""));
        }
        let ledger = Ledger::open(&config.ledger, Access::Founder)?;
        if let Some(group) = &self.group {
            check_group(spec, &ledger, &name, group)?;
        }
        let silence = watched::Silence {
            id: 0,
            watch: name.clone(),
            group: self.group.clone(),
            author,
            reason: text(&self.because),
            from: now,
            until,
            ended: None,
        };
        let who = super::fire::operator_name();
        let id = ledger.run_blocking(move |c| watches::silence_watch(c, &silence, &who, now))?;
        let until = until.to_zoned(zone.clone()).strftime("%a %e %b %Y %H:%M %Z").to_string();
        show::line(&format!("silence {id}: nothing is told of {name} until {until}."));
        show::line(&format!("hint: retaind silence end {id} ends it before"));
        Ok(())
    }
}

/// The watch of a name.
pub(super) fn watch<'c>(config: &'c Config, name: &str) -> Result<&'c WatchSpec, Failure> {
    if let Some(Recipe::Watch(spec)) = config.jobs.get(name).map(|job| &job.recipe) {
        return Ok(spec);
    }
    let watches = config.jobs.iter().filter(|(_, job)| matches!(job.recipe, Recipe::Watch(_)));
    let known: Vec<&str> = watches.map(|(name, _)| name.as_str()).collect();
    Err(Failure::new(EX_USAGE, format!("no watch `{name}`\nhint: {}", one_of(name, &known))))
}

/// A group that the watch looks at. One that was never seen may come: that is said, and no error.
fn check_group(spec: &WatchSpec, ledger: &Ledger, name: &str, group: &str) -> Done {
    if spec.split.is_none() {
        let hint = "hint: leave out --group";
        return Err(Failure::new(EX_USAGE, format!("{name} has no groups\n{hint}")));
    }
    if !spec.only.is_empty() && !spec.only.iter().any(|only| only == group) {
        let known: Vec<&str> = spec.only.iter().map(String::as_str).collect();
        let hint = one_of(group, &known);
        return Err(Failure::new(EX_USAGE, format!("{name} does not look at `{group}`\nhint: {hint}")));
    }
    let job = name.to_owned();
    let seen = ledger.run_blocking(move |c| watches::memory(c, &job))?.groups;
    let known: Vec<&str> = seen.iter().map(|watched| watched.group.as_str()).collect();
    if !known.is_empty() && !known.contains(&group) {
        show::line(&format!("`{group}` was never seen so far; {}", one_of(group, &known)));
    }
    Ok(())
}

fn list(config: &Config, all: bool, as_json: bool) -> Done {
    let ledger = Ledger::open(&config.ledger, Access::Operator)?;
    let now = Clock::System.now();
    let mut silences = ledger.run_blocking(|c| watches::silences(c, None))?;
    silences.retain(|s| all || (s.ended.is_none() && s.until > now));
    if as_json {
        let rows: Vec<_> = silences
            .iter()
            .map(|s| {
                json!({ "id": s.id, "watch": s.watch, "group": s.group, "author": s.author, "reason": s.reason,
                    "from": s.from.to_string(), "until": s.until.to_string(),
                    "ended": s.ended.map(|at| at.to_string()) })
            })
            .collect();
        show::line(&serde_json::to_string_pretty(&rows).unwrap_or_default());
        return Ok(());
    }
    if silences.is_empty() {
        show::line("Nothing is silenced.");
        return Ok(());
    }
    let mut rows = vec![["id", "watch", "group", "until", "by", "because"].map(str::to_owned).to_vec()];
    for s in silences {
        let watch = match watch(config, &s.watch) {
            Ok(_) => s.watch.clone(),
            Err(_) => format!("{} (no longer configured)", s.watch),
        };
        let group = s.group.clone().unwrap_or_else(|| "all".to_owned());
        rows.push(vec![s.id.to_string(), watch, group, ends(config, &s, now), s.author, s.reason]);
    }
    show::table(&rows);
    Ok(())
}

/// Until when, or that it is over.
fn ends(config: &Config, silence: &watched::Silence, now: Timestamp) -> String {
    let zone = config.jobs.get(&silence.watch).map_or(&config.zone, |job| &job.schedule.zone);
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a %e %b %Y %H:%M %Z").to_string();
    match silence.ended {
        Some(at) => format!("ended {}", local(at)),
        None if silence.until <= now => format!("over since {}", local(silence.until)),
        None => local(silence.until),
    }
}

fn end(config: &Config, id: i64) -> Done {
    let ledger = Ledger::open(&config.ledger, Access::Operator)?;
    let (who, now) = (super::fire::operator_name(), Clock::System.now());
    if !ledger.run_blocking(move |c| watches::end_silence(c, id, &who, now))? {
        let hint = "hint: `retaind silence list`";
        return Err(Failure::new(EX_DATAERR, format!("no silence {id} that still lasts\n{hint}")));
    }
    show::line(&format!("silence {id} is over; what is breached is told at the watch's next time."));
    Ok(())
}

//! `retaind backtest`: what a watch would have told in the past.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_IOERR, EX_SOFTWARE, EX_USAGE, Failure, read_at, show};
use crate::config::{Config, Job};
use crate::domain::facts::Lens;
use crate::domain::watched::Telling;
use crate::domain::{Day, Period};
use crate::job::watch::replay::{Event, Replay};
use crate::job::watch::{Look, WatchSpec, can_be_replayed};
use crate::metrics::metric::past::Past;
use crate::render::Locale;
use crate::render::picture::draw;
use crate::store::{Snapshot, StoreError};

/// Show what a watch would have told in the past, and draw it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind backtest enterprise-churn --from 2024-01-01 --to 2026-11-01\n  retaind backtest enterprise-churn --from 2024-01-01 --to 2026-11-01 --group enterprise --out chart.svg\n\nEach evaluation sees the store as of its own instant: rows dated later do not count. What the store does not\ndate cannot be known: rows that were entered late, and the groups that customers were in."
)]
pub(super) struct Backtest {
    /// The watch.
    watch: String,
    /// From this instant.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// Up to this one.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Draw this group. Default: the one that would have been told most often.
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// Draw the figure into this file (.svg or .png), with breaches full and their ends hollow.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Days that the edges of what is asked of purchases may lie on; more are read in several goes.
const EDGES: usize = 200;

impl Backtest {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let config = cli.load_watched()?;
        let spec = super::silence::watch(&config, &self.watch)?;
        let job = super::job(&config, &self.watch)?;
        let zone = &job.schedule.zone;
        let (from, to) = (read_at(&self.from, zone)?, read_at(&self.to, zone)?);
        let out = self.out.as_deref().map(ending).transpose()?;
        // The first instant is meant, too.
        let before = from.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(from);
        let due = job.schedule.between(before, to);
        if due.is_empty() {
            let hint = "hint: --to after --from, and an occurrence of its schedule between";
            return Err(Failure::new(EX_USAGE, format!("nothing is evaluated in that time\n{hint}")));
        }
        let english = Locale::load("en").map_err(|e| Failure::new(EX_SOFTWARE, e.to_string()))?;
        let mut replay = Replay::new(spec, &english);
        replay_all(&config, job, spec, &due, &mut replay)
            .map_err(|e| Failure::new(EX_DATAERR, e.to_string()))?;
        if cli.json {
            show::line(&events(&replay).to_string());
        } else {
            self.show(job, spec, &replay);
        }
        match (&self.out, out) {
            (Some(path), Some(form)) => self.draw(&config, &replay, &english, path, form),
            _ => Ok(()),
        }
    }

    fn show(&self, job: &Job, spec: &WatchSpec, replay: &Replay<'_>) {
        let zone = &job.schedule.zone;
        let mut rows = Vec::new();
        let is_news = |event: &&Event| event.telling != Some(Telling::Repeat);
        for event in replay.events.iter().filter(is_news) {
            let local = event.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
            let group = Some(event.group.clone()).filter(|group| !group.is_empty());
            let what = event.telling.map_or(event.phase, Telling::name).to_owned();
            rows.push(vec![local, group.unwrap_or_else(|| "-".to_owned()), what, event.said.clone()]);
        }
        if !rows.is_empty() {
            rows.insert(0, ["as of", "group", "what", "value"].map(str::to_owned).to_vec());
            show::table(&rows);
        }
        show::line(&self.count(spec, replay));
    }

    /// "would have fired 3 times; 14 without hysteresis".
    fn count(&self, spec: &WatchSpec, replay: &Replay<'_>) -> String {
        let fired = &replay.fired;
        let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        let mut said = format!(
            "{} evaluations: {} would have fired {}",
            replay.evaluations,
            self.watch,
            times(fired.times)
        );
        let repeats = replay.events.iter().filter(|event| event.telling == Some(Telling::Repeat)).count();
        if repeats > 0 {
            let _ = write!(said, " and been told again {}", times(repeats as u32));
        }
        if spec.condition.clear != spec.condition.level {
            let _ = write!(said, "; {} without hysteresis", fired.without_hysteresis);
        }
        if spec.patience.lasting > 1 {
            let _ = write!(said, "; {} without `for`", fired.without_patience);
        }
        said + "."
    }

    fn draw(&self, config: &Config, replay: &Replay<'_>, english: &Locale, path: &Path, form: Form) -> Done {
        let groups = replay.groups();
        let group = self.group.as_deref().or(groups.first().copied()).unwrap_or_default();
        let chart = replay.chart(group, config.store.currency).ok_or_else(|| {
            let hint = crate::config::problem::one_of(group, &groups);
            Failure::new(EX_USAGE, format!("no group `{group}`\nhint: {hint}"))
        })?;
        let locale = Locale::load(&config.language).ok();
        let drawn = draw(&chart, locale.as_ref().unwrap_or(english));
        let drawn = drawn.ok_or_else(|| Failure::new(EX_SOFTWARE, "the picture cannot be drawn"))?;
        let bytes = if form == Form::Svg { drawn.svg.into_bytes() } else { drawn.png };
        std::fs::write(path, bytes)
            .map_err(|e| Failure::new(EX_IOERR, format!("`{}`: {e}", path.display())))?;
        show::line(&path.display().to_string());
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Svg,
    Png,
}

fn ending(path: &Path) -> Result<Form, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(Form::Svg),
        Some("png") => Ok(Form::Png),
        _ => Err(Failure::new(EX_USAGE, format!("`{}` is no picture\nhint: .svg or .png", path.display()))),
    }
}

/// Evaluates each of `due` in order. Where a figure of a period that is over stays what it is, as many as
/// possible are told from one read; else the store is read as of each.
fn replay_all(
    config: &Config,
    job: &Job,
    spec: &WatchSpec,
    due: &[Timestamp],
    replay: &mut Replay<'_>,
) -> Result<(), StoreError> {
    let zone = &job.schedule.zone;
    let mut store = config.store.open()?;
    let mut snapshot = store.snapshot()?;
    let day = |at: Timestamp| Day::of(zone.to_datetime(at).date());
    let lens = |at: Timestamp| config.store.lens(at, zone.clone()).alone(spec.settings.currency);
    if !can_be_replayed(spec) {
        let mut seen = BTreeMap::new();
        for at in due {
            let lens = lens(*at);
            let past = past_of(&lens, spec, &mut snapshot, &mut seen)?;
            let facts = snapshot.read(spec.needs(&lens, &spec.periods(day(*at))), lens)?;
            replay.step(&Look::of(&facts, spec, day(*at)).remembering(past), *at);
        }
        return Ok(());
    }
    let mut rest = due;
    while let Some((count, periods)) = gathered(spec, rest, day) {
        let (now, later) = rest.split_at(count);
        let Some(last) = now.last() else { break };
        let lens = lens(*last);
        let facts = snapshot.read(spec.needs(&lens, &periods), lens)?;
        // Evaluations of one observation look at the same.
        for same in now.chunk_by(|a, b| spec.observed(day(*a)) == spec.observed(day(*b))) {
            let Some(first) = same.first() else { continue };
            let look = Look::of(&facts, spec, day(*first));
            for at in same {
                replay.step(&look, *at);
            }
        }
        rest = later;
    }
    Ok(())
}

/// What an evaluation looks back on. What was `seen` for an evaluation before is not read again: those of a weekly
/// figure look back on each other's days.
fn past_of(
    lens: &Lens,
    spec: &WatchSpec,
    snapshot: &mut Snapshot<'_>,
    seen: &mut BTreeMap<(Timestamp, Day), Past>,
) -> Result<Past, StoreError> {
    let mut past = Past::default();
    for moment in spec.earlier(lens) {
        let key = (moment.lens().as_of, moment.ends());
        if !seen.contains_key(&key) {
            let facts = snapshot.read(moment.needs(), moment.lens())?;
            snapshot.release()?;
            moment.tell(&facts, None, seen.entry(key).or_default());
        }
        past.join(&seen[&key]);
    }
    Ok(past)
}

/// How many of `due` can be told from one read, and the periods that they look at.
fn gathered(
    spec: &WatchSpec,
    due: &[Timestamp],
    day: impl Fn(Timestamp) -> Day,
) -> Option<(usize, Vec<Period>)> {
    let mut periods: Vec<Period> = Vec::new();
    let mut edges = std::collections::BTreeSet::new();
    let mut count = 0;
    for at in due {
        let more = spec.periods(day(*at));
        let mut wider = edges.clone();
        wider.extend(more.iter().flat_map(|p| [p.start.plus(-p.days()), p.start, p.end]));
        if count > 0 && wider.len() > EDGES {
            break;
        }
        edges = wider;
        periods.extend(more.into_iter().filter(|period| !periods.contains(period)).collect::<Vec<_>>());
        count += 1;
    }
    (count > 0).then_some((count, periods))
}

fn events(replay: &Replay<'_>) -> serde_json::Value {
    let events = replay.events.iter().map(|event| {
        json!({ "at": event.at.to_string(), "group": event.group, "telling": event.telling.map(Telling::name),
            "phase": event.phase, "said": event.said })
    });
    let fired = &replay.fired;
    json!({
        "evaluations": replay.evaluations,
        "fired": fired.times,
        "without_hysteresis": fired.without_hysteresis,
        "without_for": fired.without_patience,
        "events": events.collect::<Vec<_>>(),
    })
}

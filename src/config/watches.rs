//! Watches, from what is written to a figure, its bounds and when they are news.

use super::file::{self, At, Text};
use super::jobs::Context;
use super::people::Target;
use super::problem::{Problem, nearest, one_of};
use super::{Builder, jobs};
use crate::domain::Ratio;
use crate::job::Recipe;
use crate::job::watch::judge::{Against, Condition, Side, bad_side};
use crate::job::watch::{Patience, WatchSpec, has_base};
use crate::metrics::metric::{History, Topic, Unit};
use crate::metrics::{Basis, Metric, Settings, Split, segment};

/// Finer than this no level is read.
const MILLION: f64 = 1e6;

/// What a level of a metric may be: lowest, highest, whether it is a whole number, how it is stored (so many
/// written ones are one in the metric's unit), and the rule in words.
fn levels(metric: Metric) -> (f64, f64, bool, f64, &'static str) {
    match (metric.unit(), metric) {
        (_, Metric::Nrr) => (0.0, 3.0, false, 1.0, "a share: 120 % is 1.2"),
        (_, Metric::NetRevenueChurn) => {
            (-2.0, 1.0, false, 1.0, "a share: 5 % is 0.05, negative churn is below 0")
        }
        (Unit::Share, _) => (0.0, 1.0, false, 1.0, "a share from 0 to 1: 5 % is 0.05"),
        (Unit::Money, _) => (0.0, 1e15, true, 1.0, "money in whole minor units, such as cents"),
        (Unit::Count, _) => (0.0, 1e12, true, 1.0, "a whole number, 0 or more"),
        (Unit::Days, _) => (0.0, 3660.0, true, 1.0, "whole days, 0 or more"),
        (Unit::Hours, _) => (0.0, 87_840.0, true, 1.0, "whole hours, 0 or more"),
        (Unit::Points, _) => (-100.0, 100.0, false, 100.0, "points from -100 to 100"),
        (Unit::Factor, _) => (0.0, 1000.0, false, 1.0, "a number from 0 to 1000"),
    }
}

impl Builder {
    pub(super) fn watch(
        &mut self,
        name: &str,
        at: &At<file::Job>,
        to: &[Target],
        context: &Context<'_>,
        settings: &Settings,
    ) -> Option<Recipe> {
        let job = at.get();
        let settings = self.counted(job, context, settings);
        self.refuse_teams(job, to, context);
        let metric = self.metric(name, job)?;
        self.refuse_idle(job, metric);
        self.refuse_basis(job, metric, settings.basis);
        self.refuse_costless(job, metric, &settings);
        self.refuse_currency(job, metric);
        let split = self.one_split(job, metric);
        let only = self.only(job, split);
        let condition = self.condition(name, job, metric);
        let lasting = self.number("`for`", job.lasting.as_ref(), 1..=24, 1) as u32;
        let repeat = job.repeat.as_ref().and_then(|text| self.duration(text));
        // A count is told of however few it is counted among.
        let min_base = if has_base(metric) { i64::try_from(settings.min_base).unwrap_or(0) } else { 0 };
        let min_base = self.number("`min_base`", job.min_base.as_ref(), 0..=1_000_000, min_base);
        Some(Recipe::Watch(Box::new(WatchSpec {
            metric,
            split,
            only,
            period: self.period(job),
            settings,
            condition: condition?,
            patience: Patience { lasting, repeat },
            min_base: i128::from(min_base),
        })))
    }

    /// What a team sees of a report is told of its customers alone. A watch has one standing for all.
    fn refuse_teams(&mut self, job: &file::Job, to: &[Target], context: &Context<'_>) {
        let is_team = |text: &&Text| context.audiences.get(text.get()).is_some_and(|a| a.team);
        let Some(team) = job.to.iter().find(is_team).filter(|_| to.iter().any(|t| t.team_of.is_some()))
        else {
            return;
        };
        let problem = Problem::error("a watch is not told team by team");
        let problem = problem.at(team.span(), "each of them sees only their team");
        let help =
            "name people, or an audience without a scope; split = [\"owner\"] watches each rep's customers";
        self.problems.push(problem.help(help));
    }

    fn metric(&mut self, name: &str, job: &file::Job) -> Option<Metric> {
        let Some(text) = &job.metric else {
            let problem = Problem::error(format!("watch `{name}` watches nothing"));
            let help = "metric = \"churn_rate\"; docs/figures.md has the names";
            self.problems.push(problem.at(job.kind.span(), "a watch needs `metric`").help(help));
            return None;
        };
        let metric = Metric::named(text.get());
        if metric.is_none() {
            let known: Vec<&str> = Metric::all().map(Metric::name).collect();
            let alike: Vec<&str> =
                known.iter().copied().filter(|known| known.contains(text.get().as_str())).collect();
            let label = match nearest(text.get(), known) {
                _ if !alike.is_empty() => format!("did you mean one of {}?", alike.join(", ")),
                Some(near) => format!("did you mean `{near}`?"),
                None => "no figure has this name".to_owned(),
            };
            let problem = Problem::error(format!("unknown metric `{}`", text.get())).at(text.span(), label);
            self.problems.push(problem.help("docs/figures.md has the names"));
        }
        metric
    }

    /// Keys that do nothing for this figure; say so.
    fn refuse_idle(&mut self, job: &file::Job, metric: Metric) {
        let to_date = metric.history() == History::ToDate;
        let has_past = job.change.is_some() || job.deviation.is_some();
        let of_now = format!("`{}` is to date, and only change and deviation look back", metric.name());
        let to_now = format!("`{}` is to date, whatever is under way", metric.name());
        let of_whole = format!("`{}` is told of periods that are over", metric.name());
        let no_base = format!("`{}` rests on no base: it is a count or a sum", metric.name());
        for (key, span, idle, why) in [
            ("period", job.period.as_ref().map(At::span), to_date && !has_past, &of_now),
            ("current", job.current.as_ref().map(At::span), to_date, &to_now),
            ("current", job.current.as_ref().map(At::span), metric.is_of_whole_periods(), &of_whole),
            ("min_base", job.min_base.as_ref().map(At::span), !has_base(metric), &no_base),
            (
                "against",
                job.against.as_ref().map(At::span),
                job.change.is_none(),
                &"only with `change`".to_owned(),
            ),
        ] {
            if let Some(span) = span.filter(|_| idle) {
                self.problems.push(Problem::error(format!("`{key}` does nothing here")).at(span, why));
            }
        }
    }

    /// A model of the other basis never has anything to tell; say so, rather than be silent for ever.
    fn refuse_basis(&mut self, job: &file::Job, metric: Metric, basis: Basis) {
        let Some(text) = job.metric.as_ref().filter(|_| !metric.is_told_on(basis)) else { return };
        let why = match basis {
            Basis::Inactivity(_) if metric.topic() == Topic::Churn => {
                let problem = Problem::error(format!("`{}` is never known here", metric.name()));
                let why = "activity is told from purchases here, and only contracts say who ended them";
                self.problems.push(problem.at(text.span(), why).help("who left at all is told by churned"));
                return;
            }
            Basis::Contract => "activity is told from contracts here, and it is a model of buying",
            Basis::Inactivity(_) => "activity is told from purchases here, and it is a model of contracts",
        };
        let instead =
            Metric::all().filter(|other| other.topic() == Topic::Predict && other.is_told_on(basis));
        let instead: Vec<&str> = instead.map(Metric::name).collect();
        let problem = Problem::error(format!("`{}` is never known here", metric.name())).at(text.span(), why);
        self.problems.push(problem.help(format!("what is to come is told by {}", instead.join(", "))));
    }

    /// Contacts and answers are in no currency.
    fn refuse_currency(&mut self, job: &file::Job, metric: Metric) {
        let Some(text) = job.currency.as_ref().filter(|_| !metric.has_currency()) else { return };
        let title = format!("`{}` is in no currency", metric.name());
        self.error(title, text, "only what is counted from contracts or purchases is; leave it out");
    }

    /// What a customer costs to win is one amount, in the store's currency.
    fn refuse_costless(&mut self, job: &file::Job, metric: Metric, settings: &Settings) {
        let is_known = metric != Metric::LtvToCac || settings.cac_minor.is_some();
        let Some(text) = job.metric.as_ref().filter(|_| !is_known) else { return };
        let (why, help) = if settings.currency.is_some() {
            ("`value.cac_minor` is in the store's currency", "watch ltv_subscription in this one")
        } else {
            ("nothing says what a customer costs to win", "[value]\ncac_minor = 40_000")
        };
        let problem = Problem::error(format!("`{}` is never known here", metric.name()));
        self.problems.push(problem.at(text.span(), why).help(help));
    }

    fn one_split(&mut self, job: &file::Job, metric: Metric) -> Option<Split> {
        let texts = job.split.as_deref().unwrap_or_default();
        let first = texts.first()?;
        if let Some(second) = texts.get(1) {
            let problem = Problem::error("a watch has one split").at(second.span(), "this is a second one");
            self.problems.push(problem.help("one watch for each"));
        }
        if !metric.splits() {
            let title = format!("`{}` has no groups", metric.name());
            self.error(title, first, "a lead is nobody's customer yet; watch the whole");
        }
        Some(self.choice("split", Some(first), &Split::ALL, Split::Segment))
    }

    fn only(&mut self, job: &file::Job, split: Option<Split>) -> Vec<String> {
        let texts = job.only.as_deref().unwrap_or_default();
        if let (Some(first), None) = (texts.first(), split) {
            self.error("`only` does nothing here", first, "only with `split`");
        }
        let bands: Vec<&str> = segment::tenures().collect();
        for text in texts.iter().filter(|_| split == Some(Split::Tenure)) {
            if !bands.contains(&text.get().as_str()) {
                self.error(format!("unknown tenure `{}`", text.get()), text, one_of(text.get(), &bands));
            }
        }
        texts.iter().map(|text| text.get().clone()).collect()
    }

    fn condition(&mut self, name: &str, job: &file::Job, metric: Metric) -> Option<Condition> {
        let written = [
            ("above", &job.above, Against::Level, Some(Side::Over)),
            ("below", &job.below, Against::Level, Some(Side::Under)),
            ("change", &job.change, Against::Previous, bad_side(metric)),
            ("deviation", &job.deviation, Against::History, bad_side(metric)),
        ];
        let mut written = written.into_iter().filter_map(|(key, n, a, s)| Some((key, n.as_ref()?, a, s)));
        let rule = "exactly one of above, below, change, deviation";
        let Some((key, level, mut against, side)) = written.next() else {
            let problem = Problem::error(format!("watch `{name}` has no level")).at(job.kind.span(), rule);
            self.problems.push(problem.help("above = 0.05"));
            return None;
        };
        if let Some((other, number, ..)) = written.next() {
            let problem = Problem::error(format!("`{key}` and `{other}` at once")).at(number.span(), rule);
            self.problems.push(problem.help("make two watches of it"));
        }
        if against == Against::Previous {
            let known = [("previous", Against::Previous), ("year", Against::Year)];
            against = self.choice("past", job.against.as_ref(), &known, Against::Previous);
        }
        if against != Against::Level {
            self.refuse_pastless(key, level, job, metric);
        }
        let read = |builder: &mut Builder, key: &str, number: &At<f64>| match against {
            Against::Level => builder.level(key, number, levels(metric)),
            Against::History => {
                builder.level(key, number, (0.0, 100.0, false, 1.0, "a z-score, such as 3.5"))
            }
            _ => builder.level(key, number, (0.0, 100.0, false, 1.0, "a share: a fifth is 0.2")),
        };
        let level_read = read(self, key, level);
        let clear = match &job.clear {
            None => level_read,
            Some(number) => read(self, "clear", number),
        };
        let (level, clear) = (level_read?, clear?);
        let wrong = if side == Some(Side::Under) && against == Against::Level {
            clear < level
        } else {
            clear > level
        };
        if let Some(number) = job.clear.as_ref().filter(|_| wrong) {
            let better = if key == "below" { "at least" } else { "at most" };
            let problem = Problem::error("`clear` is on the wrong side of the level");
            self.problems.push(problem.at(number.span(), format!("{better} what `{key}` says")));
        }
        Some(Condition { against, side, level, clear })
    }

    fn refuse_pastless(&mut self, key: &str, level: &At<f64>, job: &file::Job, metric: Metric) {
        let of_periods = metric.history() == History::Period;
        let current = of_periods && job.current.as_ref().is_some_and(|current| *current.get());
        let (why, help) = if current {
            let help = "period = \"rolling:30\", or leave out `current`";
            ("a period under way is no match for whole ones".to_owned(), help)
        } else if metric.unit() == Unit::Points && key == "change" {
            (format!("`{}` may be zero or below", metric.name()), "above = …, below = …, or deviation = 3.5")
        } else {
            return;
        };
        let problem = Problem::error(format!("`{key}` has nothing to be held against"));
        self.problems.push(problem.at(level.span(), why).help(help));
    }

    fn level(
        &mut self,
        key: &str,
        number: &At<f64>,
        (low, high, whole, one, rule): (f64, f64, bool, f64, &str),
    ) -> Option<Ratio> {
        let n = *number.get();
        if !(low..=high).contains(&n) || whole && n.fract() != 0.0 {
            self.problems.push(Problem::error(format!("`{key}` is out of range")).at(number.span(), rule));
            return None;
        }
        if whole {
            return Some(Ratio::whole(n as i128));
        }
        Ratio::of((n * MILLION).round() as i128, (one * MILLION) as i128)
    }
}

impl jobs::Kind {
    /// Whether a job of this kind goes to whom it names.
    pub(super) fn is_addressed(self) -> bool {
        !matches!(self, jobs::Kind::Reminders | jobs::Kind::Greetings)
    }
}

//! What readers are told: the news first, who moved it, what it was, when they hear again.

use jiff::SignedDuration;

use super::chart::amount;
use super::judge::{Against, Limit, Side};
use super::moved::{Did, Moved};
use super::{BEFORE, EARLIER, Evaluation, Finding, NAMED, YEAR};
use crate::care::watch::Sample;
use crate::document::{Block, Document, Kind, Say, Value};
use crate::domain::watched::{Observed, Telling};
use crate::domain::{Currency, Day, Money, People, Period, PeriodKind};
use crate::job::report::{label_word, owner_word, printed};
use crate::metrics::metric::past::Moment;
use crate::metrics::metric::{History, Unit};
use crate::metrics::{Measured, Reading, Split};

impl Evaluation<'_> {
    /// The message, now that those who are [`Self::wanted`] have names; none where nothing is told.
    pub fn tell(&self, job: &str, people: &People) -> Option<Document> {
        let told: Vec<&Finding> = self.findings.iter().filter(|finding| finding.is_told()).collect();
        let first = *told.first()?;
        let more = match told.len() - 1 {
            0 => Value::Empty,
            n => Say::new("breach.more").with("n", n as i128).into(),
        };
        let mut lead = Vec::new();
        for finding in told.iter().take(NAMED) {
            let (news, rest) = (self.news(finding), self.rest(finding, people));
            // Of several groups, what belongs together stands together.
            match rest {
                Some(rest) if told.len() > 1 => {
                    lead.push(Say::new("breach.rest").with("moved", news).with("before", rest));
                }
                rest => lead.extend([news].into_iter().chain(rest)),
            }
        }
        lead.extend(self.next_time(&told));
        let charts = told.iter().take(NAMED).filter_map(|finding| self.chart(finding));
        let mut blocks: Vec<Block> = charts.map(Block::Chart).collect();
        if told.len() > NAMED {
            blocks.push(Block::Table(self.table(&told)));
        }
        let with_more =
            |key: &'static str, said: Say| Say::new(key).with("said", said).with("more", more.clone());
        Some(Document {
            kind: Kind::Breach,
            letter: None,
            about: None,
            telling: first.telling,
            subject: with_more("breach.subject", self.headline(first)),
            title: with_more("breach.title", self.title(first)),
            lead,
            blocks,
            notes: self.notes(job),
            sheets: vec![self.sheet(&told)],
            appointments: Vec::new(),
        })
    }

    pub(super) fn currency(&self) -> Currency {
        self.look.panel.facts.lens.currency
    }

    /// The figure's name.
    pub(super) fn metric(&self) -> Say {
        Say::new(format!("metric.{}", self.look.spec.metric.name()))
    }

    pub(super) fn group(&self, finding: &Finding) -> Value {
        let label = Some(finding.group.clone()).filter(|label| !label.is_empty());
        self.look.spec.split.map_or(Value::Empty, |split| label_word(split, label))
    }

    /// The figure and the group that it is of.
    fn what(&self, finding: &Finding) -> Say {
        let key = match self.look.spec.split {
            None => return self.metric(),
            Some(Split::Owner) => "breach.with",
            Some(_) => "breach.in",
        };
        Say::new(key).with("metric", self.metric()).with("group", self.group(finding))
    }

    /// A reading without the fraction behind it.
    pub(super) fn plain(&self, reading: Reading) -> Value {
        let Measured::Whole(n) = reading.value else {
            return printed(self.look.spec.metric, reading, self.look.spec.settings.ltv_cap_years);
        };
        match self.look.spec.metric.unit() {
            Unit::Days => Say::new("value.days").with("n", n).into(),
            Unit::Hours => Say::new("value.hours").with("n", n).into(),
            _ => n.into(),
        }
    }

    /// A reading with the fraction behind it, where that is one of customers or rows.
    pub(super) fn value(&self, reading: Reading) -> Value {
        match reading.value {
            Measured::Ratio(ratio)
                if self.look.spec.metric.unit() == Unit::Share
                    && !self.look.spec.metric.is_estimate()
                    && reading.base == Some(ratio.denominator()) =>
            {
                Value::SmallRate(ratio)
            }
            _ => self.plain(reading),
        }
    }

    /// A limit as it is printed.
    pub(super) fn limit(&self, limit: Limit) -> Value {
        let metric = self.look.spec.metric;
        match limit {
            Limit::Exact(value) => amount(metric, value, self.currency()),
            Limit::Model(value) if metric.unit() == Unit::Share => Value::Percent(value),
            Limit::Model(value) if metric.unit() == Unit::Money => {
                Money::new(value.round() as i128, self.currency()).into()
            }
            Limit::Model(value) => Value::Number(super::chart::drawn(metric, value, self.currency()), 1),
        }
    }

    /// Where a value is against its bounds: "over 5 %".
    pub(super) fn verdict(&self, finding: &Finding) -> Say {
        let Some((side, bounds)) = finding.judged.bounds() else { return Say::new("breach.bounds") };
        let (level, clear) = (self.limit(bounds.level), self.limit(bounds.clear));
        let over = side == Side::Over;
        match (finding.judged.sample, self.look.spec.condition.against) {
            (Sample::Between, _) => {
                let key = if over { "breach.between.over" } else { "breach.between.under" };
                Say::new(key).with("level", level).with("clear", clear)
            }
            (Sample::Beyond, Against::Previous | Against::Year) => self.change(finding, over),
            (Sample::Beyond, Against::History) => {
                Say::new(if over { "breach.high" } else { "breach.low" }).with("level", level)
            }
            _ => Say::new(if over { "breach.over" } else { "breach.under" }).with("level", level),
        }
    }

    /// "34 % more than a year before".
    fn change(&self, finding: &Finding, over: bool) -> Say {
        let at = if self.look.spec.condition.against == Against::Year { YEAR } else { BEFORE };
        let share = |at| self.look.reading(finding.place, at).value.exact().map(|value| value.approximate());
        let by = match (share(at), finding.reading.value.exact()) {
            (Some(was), Some(is)) if was != 0.0 => Value::Percent((is.approximate() / was - 1.0).abs()),
            _ => Value::Empty,
        };
        Say::new(if over { "breach.more_than" } else { "breach.less_than" })
            .with("change", by)
            .with("then", self.then())
    }

    pub(super) fn then(&self) -> Say {
        Say::new(match self.look.spec.condition.against {
            Against::Year => "breach.then.year",
            _ => "breach.then.previous",
        })
    }

    /// The news in a line, and over a picture.
    pub(super) fn headline(&self, finding: &Finding) -> Say {
        let say = match finding.telling {
            Some(Telling::Recovery) => Say::new("breach.headline.back"),
            Some(Telling::Gone) => return Say::new("breach.headline.gone").with("what", self.what(finding)),
            _ => Say::new("breach.headline").with("verdict", self.verdict(finding)),
        };
        say.with("what", self.what(finding)).with("value", self.plain(finding.reading))
    }

    fn title(&self, finding: &Finding) -> Say {
        let key = match finding.telling {
            Some(Telling::Recovery | Telling::Gone) => return self.headline(finding),
            Some(Telling::Repeat) => "breach.title.repeat",
            _ => "breach.title.breach",
        };
        Say::new(key).with("what", self.what(finding)).with("verdict", self.verdict(finding))
    }

    /// The first sentence of a group.
    fn news(&self, finding: &Finding) -> Say {
        let key = match finding.telling {
            Some(Telling::Recovery) => return self.recovery(finding),
            Some(Telling::Gone) => return Say::new("breach.lead.gone").with("what", self.what(finding)),
            Some(Telling::Repeat) => "breach.lead.repeat",
            _ => "breach.lead.breach",
        };
        Say::new(key)
            .with("what", self.what(finding))
            .with("value", self.value(finding.reading))
            .with("when", self.when())
            .with("verdict", self.verdict(finding))
            .with("lasting", self.lasting(finding))
    }

    fn recovery(&self, finding: &Finding) -> Say {
        let within = match finding.judged.bounds() {
            None => Value::Empty,
            Some((side, bounds)) => {
                let over = side == Side::Over;
                let key = if over { "breach.within.over" } else { "breach.within.under" };
                Say::new(key).with("clear", self.limit(bounds.clear)).into()
            }
        };
        let was = match self.look.spec.condition.against {
            Against::Level => self.verdict(finding),
            _ => Say::new("breach.out"),
        };
        let began = match (finding.before.since, finding.after.seen) {
            (Some(since), Some(seen)) => {
                let days = Say::new("value.days").with("n", i128::from(seen.from.since(since.from)));
                let say = Say::new("breach.was").with("verdict", was);
                say.with("since", self.name_of(since)).with("days", days).into()
            }
            _ => Value::Empty,
        };
        Say::new("breach.lead.recovery")
            .with("what", self.what(finding))
            .with("value", self.value(finding.reading))
            .with("when", self.when())
            .with("within", within)
            .with("began", began)
    }

    /// An observation as it is called.
    fn name_of(&self, observed: Observed) -> Value {
        if self.look.spec.is_settled_by_period() {
            let kind = self.look.spec.period.kind;
            // A span that moves by a day each day is called by its last one.
            if matches!(kind, PeriodKind::Rolling(_)) {
                return Value::Day(observed.to.plus(-1).date());
            }
            return Value::Period(Period { kind, start: observed.from, end: observed.to });
        }
        Value::Day(observed.from.date())
    }

    pub(super) fn is_to_date(&self) -> bool {
        self.look.spec.metric.history() == History::ToDate
    }

    /// "in October", of what is told now.
    fn when(&self) -> Say {
        if self.is_to_date() {
            return as_of(self.look.panel.facts.lens.day_of(self.at));
        }
        let when = during(self.look.periods[super::NOW]);
        if self.look.spec.period.current { Say::new("breach.when.current").with("when", when) } else { when }
    }

    /// For how many periods in a row it has been beyond its level: as far back as is read, where the level
    /// says it of earlier periods, too; else since it was first seen.
    fn lasting(&self, finding: &Finding) -> Value {
        let key = match (self.look.spec.period.kind, self.look.spec.is_settled_by_period()) {
            (PeriodKind::Week, true) => "breach.run.week",
            (PeriodKind::Month, true) => "breach.run.month",
            (PeriodKind::Quarter, true) => "breach.run.quarter",
            (PeriodKind::Year, true) => "breach.run.year",
            _ => {
                let since = finding.after.since.filter(|since| Some(*since) != finding.after.seen);
                let say = |since| Say::new("breach.run.since").with("since", self.name_of(since));
                return since.map(|since| say(since).into()).into();
            }
        };
        if finding.judged.sample != Sample::Beyond {
            return Value::Empty;
        }
        let run = self.run(finding);
        match i128::from(finding.after.streak).max(run) {
            0 | 1 => Value::Empty,
            // Farther back nothing is read.
            n if n == run && run > EARLIER as i128 => {
                Say::new("breach.run.all").with("run", Say::new(key).with("n", n)).into()
            }
            n => Say::new(key).with("n", n).into(),
        }
    }

    fn run(&self, finding: &Finding) -> i128 {
        let condition = &self.look.spec.condition;
        if condition.against != Against::Level {
            return 0;
        }
        let trail: Vec<Reading> = self.look.trail(finding.place).map(|(_, reading)| reading).collect();
        let beyond = |reading: &&Reading| {
            let judged =
                super::judge(condition, **reading, self.look.spec.min_base, &super::judge::Beside::default());
            judged.sample == Sample::Beyond
        };
        trail.iter().rev().take_while(beyond).count() as i128
    }

    /// Who moved it, and what it was before.
    fn rest(&self, finding: &Finding, people: &People) -> Option<Say> {
        let moved = finding.moved.as_ref().map(|moved| self.moved(moved, people));
        let before = if finding.telling == Some(Telling::Gone) { None } else { self.before(finding) };
        (moved.is_some() || before.is_some()).then(|| {
            let part = |say: Option<Say>| Value::from(say.map(Value::from));
            Say::new("breach.rest").with("moved", part(moved)).with("before", part(before))
        })
    }

    fn moved(&self, moved: &Moved, people: &People) -> Say {
        let facts = self.look.panel.facts;
        let mut names: Vec<Value> = moved
            .who
            .iter()
            .map(|(customer, minor)| {
                Say::new("mover.plain")
                    .with("name", people.name(*customer))
                    .with("money", Money::new(*minor, self.currency()))
                    .with("owner", owner_word(facts, *customer))
                    .into()
            })
            .collect();
        let others = moved.of.saturating_sub(names.len());
        if others > 0 {
            names.push(Say::new("count.others").with("n", others as i128).into());
        }
        let key = match moved.did {
            Did::Left => "breach.left",
            Did::Less => "breach.less",
            Did::More => "breach.more_of",
        };
        Say::new(key).with("names", Value::List(names))
    }

    fn before(&self, finding: &Finding) -> Option<Say> {
        let told = |at| {
            let reading = self.look.reading(finding.place, at);
            reading.value.exact().map(|_| self.value(reading))
        };
        // Of what is to date nothing may be known but what it is held against.
        let at = if told(BEFORE).is_none() && self.is_to_date() { YEAR } else { BEFORE };
        let before = told(at)?;
        let is_other = self.look.periods[YEAR] != self.look.periods[at];
        let year = told(YEAR).filter(|_| is_other);
        let year = year.map(|value| Say::new("breach.before.year").with("value", value).into());
        let (now, earlier) = (self.look.periods[super::NOW], self.look.periods[at]);
        let then = match Moment::of(&self.look.panel.facts.lens, &now, earlier).filter(|_| self.is_to_date())
        {
            Some(moment) => as_of(moment.lens.today()),
            None => during(earlier),
        };
        Some(
            Say::new("breach.before")
                .with("before", before)
                .with("then", then)
                .with("year", Value::from(year)),
        )
    }

    /// When they hear again; nothing where nothing is breached.
    fn next_time(&self, told: &[&Finding]) -> Option<Say> {
        let lasts = |finding: &&&Finding| matches!(finding.telling, Some(Telling::Breach | Telling::Repeat));
        let finding = told.iter().find(lasts)?;
        let until = match (self.look.spec.condition.against, finding.judged.bounds()) {
            (Against::Level, Some((side, bounds))) => {
                let over = side == Side::Over;
                Say::new(if over { "breach.until.over" } else { "breach.until.under" })
                    .with("clear", self.limit(bounds.clear))
            }
            _ => Say::new("breach.until.bounds"),
        };
        Some(match self.look.spec.patience.repeat {
            None => Say::new("breach.next.once").with("until", until),
            Some(after) => Say::new("breach.next.repeat").with("after", span(after)).with("until", until),
        })
    }
}

/// "as of 3 October".
fn as_of(day: Day) -> Say {
    Say::new("breach.when.now").with("day", day.date())
}

/// "in October".
fn during(period: Period) -> Say {
    let key = match period.kind {
        PeriodKind::Week => "breach.when.week",
        PeriodKind::Month => "breach.when.month",
        PeriodKind::Quarter => "breach.when.quarter",
        PeriodKind::Year => "breach.when.year",
        PeriodKind::Rolling(_) => "breach.when.rolling",
    };
    Say::new(key).with("period", period)
}

/// A span in days where it is whole ones, else in hours.
fn span(after: SignedDuration) -> Say {
    let hours = i128::from(after.as_hours());
    if hours >= 24 && hours % 24 == 0 {
        Say::new("value.days").with("n", hours / 24)
    } else {
        Say::new("value.hours").with("n", hours.max(1))
    }
}

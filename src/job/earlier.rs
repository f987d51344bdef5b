//! The past of figures that are to date: what must be read as of earlier moments, and what is told of it.

use crate::domain::facts::{Facts, Lens, Needs};
use crate::domain::{Day, Period};
use crate::metrics::metric::past::{Moment, Past, to_date};
use crate::metrics::metric::{self};
use crate::metrics::{Metric, Panel, Settings, Split};

/// The store as of an earlier moment: why it is read, and what for.
#[derive(Debug, Clone)]
pub struct Earlier<'a> {
    moment: Moment,
    metrics: Vec<Metric>,
    splits: Vec<Split>,
    settings: &'a Settings,
    needs: Needs,
    keeps_standings: bool,
}

impl<'a> Earlier<'a> {
    /// What `metrics` ask for at the moments of `periods`, each with the splits that are told of it, where `lens` is
    /// that of `now`: nothing where none of them is to date. A period is looked at once.
    pub fn of(
        (lens, now): (&Lens, &Period),
        metrics: &[Metric],
        settings: &'a Settings,
        periods: impl IntoIterator<Item = (Period, &'a [Split])>,
    ) -> Vec<Earlier<'a>> {
        let metrics: Vec<Metric> =
            to_date(metrics).filter(|metric| metric.is_told_on(settings.basis)).collect();
        if metrics.is_empty() {
            return Vec::new();
        }
        let mut all: Vec<Earlier<'a>> = Vec::new();
        for (period, splits) in periods {
            if all.iter().any(|known| known.moment.period.end == period.end) {
                continue;
            }
            let Some(moment) = Moment::of(lens, now, period) else { continue };
            let today = moment.lens.today();
            let needs = metric::needs(&metrics, settings, today, &[period], splits);
            let (metrics, splits) = (metrics.clone(), splits.to_vec());
            all.push(Earlier { moment, metrics, splits, settings, needs, keeps_standings: false });
        }
        all
    }

    /// What is to be read.
    pub fn needs(&self) -> Needs {
        self.needs.clone()
    }

    /// As of when.
    pub fn lens(&self) -> Lens {
        self.moment.lens.clone()
    }

    /// The day after the last of the period that it belongs to.
    pub fn ends(&self) -> Day {
        self.moment.period.end
    }

    /// The same where whose customer somebody is must be known.
    #[must_use]
    pub fn with_reps(self) -> Earlier<'a> {
        Earlier { needs: Needs { reps: true, ..self.needs }, ..self }
    }

    /// The same, where what each customer was is kept, too.
    #[must_use]
    pub fn keeping_standings(self) -> Earlier<'a> {
        Earlier { keeps_standings: true, ..self }
    }

    /// Tells `past` what was read: of everybody, or of a lead's team.
    pub fn tell(&self, facts: &Facts, lead: Option<&str>, past: &mut Past) {
        let panel = match lead {
            None => Panel::of(facts, self.settings),
            Some(lead) => Panel::of_owners(facts, self.settings, &facts.team_of(lead)),
        };
        past.add(&panel, &self.metrics, &self.moment.period, &self.splits);
        if self.keeps_standings {
            past.keep_standings(&panel, self.ends());
        }
    }
}

//! Reports, from what is written to which figures, of which period, and how they are counted.

use super::Builder;
use super::file::{self, At};
use super::jobs::Context;
use super::problem::Problem;
use crate::domain::PeriodKind;
use crate::job::report;
use crate::job::{Attachment, Fresh, Recipe, ReportKind, ReportSpec};
use crate::metrics::{PeriodChoice, Settings, Split};
use crate::render::pdf;
use crate::store::relation;

impl Builder {
    /// How a job counts: as all do, unless it says otherwise.
    pub(super) fn counted(
        &mut self,
        job: &file::Job,
        context: &Context<'_>,
        settings: &Settings,
    ) -> Settings {
        let mut settings = match &job.churn {
            Some(churn) => self.counting(churn.get(), settings),
            None => settings.clone(),
        };
        let currency = job.currency.as_ref().and_then(|text| self.currency(text));
        if let Some((currency, own)) = currency.zip(context.currency) {
            settings.tell_alone(currency, own);
        }
        settings
    }

    pub(super) fn report(&mut self, job: &file::Job, context: &Context<'_>, settings: &Settings) -> Recipe {
        let kind = self.choice("report", job.report.as_ref(), &ReportKind::ALL, ReportKind::Executive);
        let split = job.split.as_deref().unwrap_or_default();
        let mut splits: Vec<Split> =
            split.iter().map(|text| self.choice("split", Some(text), &Split::ALL, Split::Segment)).collect();
        for (n, text) in split.iter().enumerate() {
            if split[..n].iter().any(|before| before.get() == text.get()) {
                self.error(format!("`{}` is here twice", text.get()), text, "one table for each");
            }
        }
        if job.split.is_none() {
            splits.push(Split::Segment);
        }
        if let Some(text) = job.currency.as_ref().filter(|_| !kind.has_currency()) {
            let title = format!("a report on {} is in no currency", kind.name());
            self.error(title, text, "contacts, complaints and leads are in none; leave it out");
        }
        let attach = self.attached(job.attach.as_ref());
        let settings = self.counted(job, context, settings);
        Recipe::Report(ReportSpec {
            kind,
            period: self.period(job),
            settings,
            splits,
            attach,
            fresh: job.fresh.as_ref().and_then(|fresh| self.fresh(fresh, kind)),
        })
    }

    /// What is attached to mails.
    fn attached(&mut self, names: Option<&Vec<file::Text>>) -> Vec<Attachment> {
        let forms = [("xlsx", Attachment::Xlsx), ("csv", Attachment::Csv), ("pdf", Attachment::Pdf)];
        let Some(names) = names else { return vec![Attachment::Xlsx] };
        for text in names.iter().filter(|text| text.get() == "pdf" && !pdf::BUILT_IN) {
            let problem = Problem::error(pdf::MISSING).at(text.span(), "needs the feature `pdf`");
            self.problems.push(problem.help(pdf::WAY_OUT));
        }
        let known = |text| self.choice("attachment", Some(text), &forms, Attachment::Xlsx);
        names.iter().map(known).collect()
    }

    /// Which period is meant.
    pub(super) fn period(&mut self, job: &file::Job) -> PeriodChoice {
        let kind = job.period.as_ref().map_or(Some(PeriodKind::Month), |text| PeriodKind::parse(text.get()));
        if let (None, Some(text)) = (kind, &job.period) {
            let known = "week, month, quarter, year or rolling:N (days)";
            self.error(format!("unknown period `{}`", text.get()), text, known);
        }
        let current = job.current.as_ref().is_some_and(|b| *b.get());
        PeriodChoice { kind: kind.unwrap_or(PeriodKind::Month), current }
    }

    fn fresh(&mut self, at: &At<file::Fresh>, kind: ReportKind) -> Option<Fresh> {
        let fresh = at.get();
        let dated: Vec<(&str, &'static str)> =
            relation::ALL.iter().filter(|r| r.dated().is_some()).map(|r| (r.name, r.name)).collect();
        let relation = self.choice("relation", fresh.relation.as_ref(), &dated, "transactions");
        let within = fresh.within.as_ref().and_then(|text| self.duration(text));
        let rows = fresh.rows.as_ref().and_then(|share| self.millionths("`fresh.rows`", share));
        if let Some(share) = fresh.rows.as_ref().filter(|_| !report::reads(kind, relation)) {
            let problem = Problem::error(format!("a report `{}` does not count `{relation}`", kind.name()));
            let read: Vec<&str> =
                dated.iter().map(|(name, _)| *name).filter(|name| report::reads(kind, name)).collect();
            self.problems.push(problem.at(share.span(), "rows of what it does not read").help(format!(
                "it reads {}; or say how old the last row may be: within = \"26h\"",
                read.join(", ")
            )));
        }
        let wait = fresh.wait.as_ref().and_then(|text| self.duration(text)).unwrap_or_default();
        let ends = [("banner", true), ("warn", false)];
        let banner = self.choice("end of the waiting", fresh.otherwise.as_ref(), &ends, true);
        if fresh.within.is_none() && fresh.rows.is_none() {
            let problem = Problem::error("`fresh` asks for nothing");
            self.problems.push(
                problem
                    .at(at.span(), "within = \"26h\", or rows = 0.95")
                    .help("how old may the last row be?"),
            );
            return None;
        }
        Some(Fresh { relation, within, rows: rows.map(|ppm| u64::from(ppm) / 1000), wait, banner })
    }
}

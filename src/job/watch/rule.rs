//! The small print of a message: which watch it is of, when that tells, how it is counted, as of when.

use super::chart::amount;
use super::judge::{Against, Side};
use super::{Evaluation, has_base};
use crate::document::{Say, Value};
use crate::job::report;
use crate::metrics::Basis;
use crate::metrics::metric::Source;
use crate::metrics::risk::AT_RISK;

impl Evaluation<'_> {
    pub(super) fn notes(&self, job: &str) -> Vec<Say> {
        let (spec, lens) = (self.look.spec, &self.look.panel.facts.lens);
        let condition = &spec.condition;
        let bound = |value| amount(spec.metric, value, self.currency());
        let rule = match (condition.against, condition.side) {
            (Against::Level, side) => {
                let over = side != Some(Side::Under);
                let key = if over { "breach.rule.over" } else { "breach.rule.under" };
                Say::new(key).with("level", bound(condition.level)).with("clear", bound(condition.clear))
            }
            (Against::Previous | Against::Year, side) => Say::new(match side {
                Some(_) => "breach.rule.change",
                None => "breach.rule.moved",
            })
            .with("level", Value::Bound(condition.level))
            .with("clear", Value::Bound(condition.clear))
            .with("then", self.then()),
            (Against::History, _) => Say::new("breach.rule.deviation")
                .with("level", Value::Number(condition.level.approximate(), 1))
                .with("clear", Value::Number(condition.clear.approximate(), 1)),
        };
        let lasting = Say::new("breach.rule.lasting").with("n", i128::from(spec.patience.lasting));
        let says_base = has_base(spec.metric) && spec.min_base > 0;
        let base = says_base.then(|| Value::from(Say::new("breach.rule.base").with("n", spec.min_base)));
        let mut notes = vec![
            Say::new("breach.note.rule")
                .with("job", job)
                .with("rule", rule)
                .with("lasting", lasting)
                .with("base", Value::from(base)),
        ];
        notes.extend(self.counted());
        notes.push(Say::new("breach.note.as_of").with("as_of", Value::Instant(self.at, lens.zone.clone())));
        notes
    }

    /// How it is counted, in the words of the report that prints it.
    fn counted(&self) -> Vec<Say> {
        let (metric, settings) = (self.look.spec.metric, &self.look.spec.settings);
        let rate = || Value::Percent(settings.discount_rate());
        let counted = match metric.source() {
            Source::Activity => {
                let name = report::definition_word(settings.definition);
                Say::new("breach.note.counted").with("name", name)
            }
            Source::Rfm => Say::new("note.rfm").with("days", i128::from(settings.rfm_days)),
            Source::Risks => Say::new("breach.note.at_risk").with("score", i128::from(AT_RISK)),
            Source::Tenures => Say::new("note.survival"),
            Source::Cohorts => Say::new("note.cohort"),
            Source::Buying => {
                Say::new("note.discount").with("rate", rate()).with("n", i128::from(settings.horizon_months))
            }
            Source::Lasting => Say::new("note.sbg.discount").with("rate", rate()),
            _ => return Vec::new(),
        };
        let is_of_active = !matches!(metric.source(), Source::Rfm | Source::Buying | Source::Lasting);
        match settings.basis {
            Basis::Inactivity(days) if is_of_active => {
                vec![counted, Say::new("note.inactivity").with("days", i128::from(days))]
            }
            _ => vec![counted],
        }
    }
}

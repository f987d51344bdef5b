//! The key figures, each beside the period before and the same one a year ago.

use super::{Story, none};
use crate::document::{Figure, Say, Value};
use crate::domain::Ratio;
use crate::metrics::churn::annualised;
use crate::metrics::definition::Place;
use crate::metrics::value::Lifetime;
use crate::metrics::{Metric, Slice};

impl Story<'_> {
    pub(super) fn churn_figures(&self) -> Vec<Figure> {
        let reactivation_in = self.spec.settings.reactivation_in;
        let mut rows = vec![
            self.headline_figure(),
            self.figure("figure.retention", |s, slice| {
                s.rate(slice.counts.retention(s.spec.settings.definition))
            }),
            self.figure("figure.gross", |_, slice| plain(slice.moved.gross_churn())),
            self.net_figure(reactivation_in),
            self.figure("figure.customers", |_, slice| Value::Count(slice.counts.closing)),
        ];
        let name = self.by_basis("figure.money");
        rows.push(Figure { name, ..self.figure("", |s, slice| s.money(slice.moved.closing).into()) });
        let early = Say::new("figure.early").with("days", i128::from(self.spec.settings.early_days));
        rows.push(Figure { name: early, ..self.figure("", |s, slice| s.rate(slice.counts.early_rate())) });
        rows
    }

    pub(super) fn figure(&self, key: &'static str, value: impl Fn(&Self, &Slice) -> Value) -> Figure {
        let values = [&self.now, &self.before, &self.year_ago].map(|slice| value(self, slice)).into();
        Figure { name: Say::new(key), values, remark: Value::Empty, alarming: false }
    }

    fn headline_figure(&self) -> Figure {
        let mut figure = self.figure("figure.churn", |s, slice| s.rate(s.churn_rate(slice)));
        if let Some(rate) = self.churn_rate(&self.now).filter(|_| self.is_compounded()) {
            let per_year = self.now.period.kind.per_year();
            let place = self.spec.settings.band.place(rate, per_year);
            let key = match place {
                Place::Above => "figure.band.above",
                Place::Within => "figure.band.within",
                Place::Below => "figure.band.below",
            };
            figure.alarming = place == Place::Above;
            let yearly = Value::Percent(annualised(rate, per_year));
            let remark = Say::new(key).with("yearly", yearly);
            figure.remark = remark.into();
        }
        figure
    }

    fn net_figure(&self, reactivation_in: bool) -> Figure {
        let mut figure = self.figure("figure.net", |_, slice| plain(slice.moved.net_churn(reactivation_in)));
        if self.now.moved.net_churn(reactivation_in).is_some_and(|rate| rate.numerator() < 0) {
            figure.remark = Say::new("figure.negative").into();
        }
        figure
    }

    pub(super) fn value_figures(&self) -> Vec<Figure> {
        let mut rows = vec![self.lifetime_figure()];
        let worth = &self.worth;
        let money = |minor: Option<i128>| minor.map_or_else(none, |m| self.money(m).into());
        let figure = |key, value, metric| self.beside(single(key, value), metric);
        rows.push(figure("figure.historic", money(worth.average_minor), Metric::LtvAverage));
        if worth.historic_net_minor != worth.historic_minor {
            let net = Ratio::of(worth.historic_net_minor, worth.customers).map(|r| r.rounded());
            rows.push(figure("figure.historic_net", money(net), Metric::LtvNet));
        }
        rows.push(figure("figure.median", money(worth.median_minor), Metric::LtvMedian));
        if let Some(simple) = worth.simple {
            let mut simply =
                figure("figure.simple", self.money(simple.gross_minor).into(), Metric::LtvSimple);
            let remark = Say::new("figure.simple.how")
                .with("ticket", self.money(simple.ticket.rounded()))
                .with("per_year", Value::Number(simple.per_year.approximate(), 1))
                .with("years", Value::Number(simple.years.approximate(), 1));
            simply.remark = remark.into();
            rows.push(simply);
        }
        rows.push(figure("figure.top_20", plain(worth.top_20), Metric::Top20));
        rows.push(figure("figure.top_30", plain(worth.top_30), Metric::Top30));
        let gini = worth.gini.map_or_else(none, |gini| Value::Number(gini.approximate(), 2));
        rows.push(figure("figure.gini", gini, Metric::Gini));
        rows.extend(self.cac_figure());
        rows
    }

    fn lifetime_figure(&self) -> Figure {
        let ltv = Metric::LtvSubscription;
        let mut figure = self.thrice("figure.ltv", ltv, |reading| self.printed(ltv, reading));
        if let Some(now) = self.worth.subscription {
            let arpa = Say::new("figure.ltv.how").with("arpa", self.money(now.arpa_minor));
            figure.remark = arpa.into();
        }
        figure
    }

    pub(super) fn lifetime(&self, lifetime: Option<Lifetime>) -> Value {
        match lifetime {
            None => none(),
            Some(l) if l.capped => Say::new("figure.at_least")
                .with("money", self.money(l.value_minor))
                .with("years", i128::from(self.spec.settings.ltv_cap_years))
                .into(),
            Some(l) => self.money(l.value_minor).into(),
        }
    }

    fn cac_figure(&self) -> Option<Figure> {
        let cac = i128::from(self.spec.settings.cac_minor?);
        self.worth.subscription?;
        let mut figure = self.thrice("figure.ltv_cac", Metric::LtvToCac, |reading| {
            reading.value.exact().map_or_else(none, |ratio| Value::Number(ratio.approximate(), 1))
        });
        figure.remark = Say::new("figure.ltv_cac.how").with("cac", self.money(cac)).into();
        Some(figure)
    }
}

/// A figure that stands beside nothing: it is to date, not of a period.
pub(super) fn single(key: &'static str, value: Value) -> Figure {
    Figure {
        name: Say::new(key),
        values: vec![value, Value::Empty, Value::Empty],
        remark: Value::Empty,
        alarming: false,
    }
}

pub(super) fn plain(rate: Option<Ratio>) -> Value {
    rate.map_or_else(none, Value::Rate)
}

//! What is to come: the models' parameters, what they expect, how well they did before, and who is worth
//! most from here on. What carries no model says why, and what stands in for it.

use super::figures::single;
use super::tables::{column, columns, table};
use super::{Section, Story, TOP, none};
use crate::document::{Chart, Figure, Say, Table, Value};
use crate::metrics::forecast::{AGES, Buying, Future, HOLDOUT_DAYS, contract_value};
use crate::metrics::predict::{Calibration, Geometric, Refusal};
use crate::metrics::{Basis, Metric, Panel};

/// What the model that fits the shop's basis says.
pub(super) enum Outlook {
    Buying(Result<Box<Buying>, Refusal>),
    Contracts(Result<Geometric, Refusal>),
}

impl Outlook {
    pub(super) fn of(panel: &Panel<'_>) -> Outlook {
        match panel.settings.basis {
            Basis::Contract => Outlook::Contracts(panel.lasting(&panel.customers)),
            Basis::Inactivity(_) => Outlook::Buying(panel.buying(&panel.customers, TOP).map(Box::new)),
        }
    }

    pub(super) fn wanted(&self) -> Vec<u32> {
        match self {
            Outlook::Buying(Ok(buying)) => buying.best.iter().map(|future| future.customer).collect(),
            _ => Vec::new(),
        }
    }
}

/// Why there is no model, in the reader's words.
pub(super) fn refused(refusal: Refusal) -> Say {
    let count = |n: usize| Value::Count(n as i128);
    match refusal {
        Refusal::TooFewRepeatBuyers { have, need } => {
            Say::new("refusal.repeat_buyers").with("have", count(have)).with("need", count(need))
        }
        Refusal::TooFewContracts { have, need } => {
            Say::new("refusal.contracts").with("have", count(have)).with("need", count(need))
        }
        Refusal::AllAlike { have } => Say::new("refusal.alike").with("have", count(have)),
        Refusal::SpendFollowsFrequency { correlation, limit } => Say::new("refusal.correlated")
            .with("correlation", Value::Number(correlation, 2))
            .with("limit", Value::Number(limit, 1)),
        Refusal::NoMeanSpend { q } => Say::new("refusal.uneven").with("q", Value::Number(q, 2)),
        Refusal::NoConvergence { evaluations } => {
            Say::new("refusal.no_fit").with("n", i128::from(evaluations))
        }
    }
}

impl Story<'_> {
    pub(super) fn predict_section(&self) -> Section {
        match &self.outlook {
            Some(Outlook::Buying(Ok(buying))) => self.buying_section(buying),
            Some(Outlook::Contracts(Ok(model))) => self.contract_section(model),
            Some(Outlook::Buying(Err(refusal)) | Outlook::Contracts(Err(refusal))) => Section {
                notes: vec![Say::new("note.no_model").with("reason", refused(*refusal))],
                ..Section::default()
            },
            None => Section::default(),
        }
    }

    fn approximate(&self, minor: f64) -> Value {
        self.money(minor.round() as i128).into()
    }

    fn buying_notes(&self, buying: &Buying) -> Vec<Say> {
        let model = &buying.model;
        let fitted = Say::new("note.bgnbd")
            .with("r", Value::Number(model.r, 4))
            .with("alpha", Value::Number(model.alpha, 4))
            .with("a", Value::Number(model.a, 4))
            .with("b", Value::Number(model.b, 4))
            .with("likelihood", Value::Number(model.fit.log_likelihood, 2))
            .with("n", model.fit.customers as i128);
        let spend = match &buying.spend {
            Ok(spend) => Say::new("note.gamma_gamma")
                .with("p", Value::Number(spend.p, 3))
                .with("q", Value::Number(spend.q, 3))
                .with("v", self.approximate(spend.v_minor))
                .with("n", spend.fit.customers as i128)
                .with("correlation", Value::Number(spend.correlation, 2)),
            Err(refusal) => Say::new("note.no_spend_model").with("reason", refused(*refusal)),
        };
        let mut notes = vec![fitted, spend, self.discount_note()];
        if let Some(Err(refusal)) = &buying.calibration {
            notes.push(Say::new("note.no_calibration").with("reason", refused(*refusal)));
        }
        if buying.without_purchase > 0 {
            notes.push(Say::new("note.no_purchase").with("n", buying.without_purchase as i128));
        }
        notes
    }

    fn buying_section(&self, buying: &Buying) -> Section {
        let months = i128::from(self.spec.settings.horizon_months);
        let figure = |key: &'static str, value, metric| {
            let name = Say::new(key).with("n", months);
            self.beside(Figure { name, ..single(key, value) }, metric)
        };
        let gone = single("figure.probably_gone", (buying.probably_gone as i128).into());
        let ahead = Value::Count(buying.purchases.round() as i128);
        let mut tables = vec![self.best_table(buying)];
        let mut charts = Vec::new();
        if let Some(Ok(calibration)) = &buying.calibration {
            charts.push(calibration_chart(calibration));
            tables.push(calibration_table(calibration));
        }
        let lead = Say::new("report.lead.predict")
            .with("n", months)
            .with("value", self.approximate(buying.value_minor))
            .with("gone", buying.probably_gone as i128)
            .with("buyers", buying.buyers as i128);
        Section {
            subject: None,
            lead: vec![lead],
            figures: vec![
                figure("figure.clv", self.approximate(buying.average_minor()), Metric::Clv),
                figure("figure.clv_all", self.approximate(buying.value_minor), Metric::ClvAll),
                figure("figure.purchases_ahead", ahead, Metric::PurchasesAhead),
                self.beside(gone, Metric::ProbablyGone),
            ],
            charts,
            tables,
            sheets: Vec::new(),
            notes: self.buying_notes(buying),
        }
    }

    fn discount_note(&self) -> Say {
        Say::new("note.discount")
            .with("rate", Value::Percent(self.spec.settings.discount_rate()))
            .with("n", i128::from(self.spec.settings.horizon_months))
    }

    fn best_table(&self, buying: &Buying) -> Table {
        let row = |future: &Future| {
            vec![
                self.name(future.customer).into(),
                self.approximate(future.value_minor),
                Value::Percent(future.p_alive),
                Value::Number(future.purchases, 1),
                self.approximate(future.spend_minor),
                self.panel.facts.owner_name(future.customer).map_or(Value::Empty, Value::from),
            ]
        };
        let rows = buying.best.iter().map(row).collect();
        let mut columns = columns(&["customer"], &["clv", "p_alive", "purchases_ahead", "spend_ahead"]);
        columns.push(column("owner", false));
        Table { of: buying.buyers, ..table("ahead", columns, rows) }
    }

    fn contract_section(&self, model: &Geometric) -> Section {
        let (settings, margin) = (&self.spec.settings, self.panel.gross_margin());
        let arpa = self.worth.subscription.map(|lifetime| lifetime.arpa_minor);
        let value = arpa.and_then(|arpa| contract_value(model, arpa, margin, settings));
        let lifetime = model.lifetime(settings.monthly_discount());
        let worth = single("figure.sbg", value.map_or_else(none, |minor| self.approximate(minor)));
        let months = |months: Option<f64>| months.map_or_else(none, |months| Value::Number(months, 1));
        let long = single("figure.sbg.lifetime", months(lifetime));
        let mut figures = vec![
            self.beside(worth, Metric::LtvSbg),
            self.beside_as(long, Metric::LifetimeSbg, |then| {
                months(then.value.exact().map(|months| months.approximate()))
            }),
        ];
        let renew = [Metric::Renew1Sbg, Metric::Renew12Sbg, Metric::Renew24Sbg];
        figures.extend(AGES.into_iter().zip(renew).map(|(age, metric)| {
            let name = Say::new("figure.sbg.retention").with("n", i128::from(age));
            let figure = single("figure.sbg.retention", Value::Percent(model.retention(age)));
            self.beside(Figure { name, ..figure }, metric)
        }));
        let fitted = Say::new("note.sbg")
            .with("alpha", Value::Number(model.alpha, 4))
            .with("beta", Value::Number(model.beta, 4))
            .with("likelihood", Value::Number(model.fit.log_likelihood, 2))
            .with("n", model.fit.customers as i128);
        let rate = Value::Percent(self.spec.settings.discount_rate());
        Section {
            figures,
            notes: vec![fitted, Say::new("note.sbg.discount").with("rate", rate)],
            ..Section::default()
        }
    }
}

fn group(repeats: u32, last: bool) -> Value {
    if last { Value::Text(format!("{repeats}+")) } else { Value::Count(i128::from(repeats)) }
}

fn calibration_chart(calibration: &Calibration) -> Chart {
    let last = calibration.rows.len() - 1;
    let rows = calibration.rows.iter().enumerate().filter(|(_, row)| row.customers > 0);
    Chart::Pairs {
        title: Say::new("chart.calibration.title")
            .with("expected", Value::Number(calibration.expected, 0))
            .with("actual", Value::Number(calibration.actual, 0))
            .with("days", i128::from(HOLDOUT_DAYS)),
        axis: Say::new("chart.calibration.axis"),
        groups: rows.map(|(at, row)| (group(row.repeats, at == last), row.actual, row.expected)).collect(),
        names: (Say::new("chart.calibration.actual"), Say::new("chart.calibration.expected")),
    }
}

fn calibration_table(calibration: &Calibration) -> Table {
    let last = calibration.rows.len() - 1;
    let rows = calibration.rows.iter().enumerate().map(|(at, row)| {
        vec![
            group(row.repeats, at == last),
            (row.customers as i128).into(),
            Value::Number(row.actual, 3),
            Value::Number(row.expected, 3),
        ]
    });
    table("calibration", columns(&["repeats"], &["customers", "actual", "expected"]), rows.collect())
}

//! Every customer's own figures, a row each: for whoever recomputes a report in another tool, or loads it into one.
//!
//! A row begins with who it is; then come the columns of the report's parts. Money is in the report's currency, days are
//! days of its zone; what is not known of a customer is empty.

use std::cmp::Reverse;

use super::{Part, Story};
use crate::document::Value;
use crate::domain::Day;
use crate::metrics::Basis;
use crate::metrics::churn::Became;
use crate::metrics::forecast::Future;
use crate::metrics::predict::Geometric;
use crate::metrics::predict::geometric::Contract;
use crate::metrics::rfm::{Scored, Scorer};
use crate::metrics::risk::{Factor, Points};

const WHO: &[&str] = &["customer", "owner", "since", "active"];

/// What must be known of all before it can be told of each.
#[derive(Default)]
struct Known<'p, 'a> {
    became: Vec<Became>,
    futures: Vec<Future>,
    model: Option<(Geometric, f64)>,
    scorer: Option<Scorer<'p, 'a>>,
    risks: Vec<Points>,
}

impl Story<'_> {
    /// The names of a row's columns.
    pub fn roster_columns(&self) -> Vec<&'static str> {
        let parts = self.roster_parts();
        let columns = parts.flat_map(|part| columns(part, self.spec.settings.basis));
        WHO.iter().chain(columns).copied().collect()
    }

    /// The parts whose columns a row has: the page over all scores no risk.
    fn roster_parts(&self) -> impl Iterator<Item = Part> {
        let parts = Part::of(self.spec.kind).iter().copied();
        parts.filter(|part| *part != Part::Care || !self.is_brief())
    }

    /// Gives each customer's row, in the order of the store.
    pub fn each_row<E>(&self, mut take: impl FnMut(&[Value]) -> Result<(), E>) -> Result<(), E> {
        let known = self.known();
        let mut row = Vec::new();
        for (at, &customer) in self.panel.customers.iter().enumerate() {
            row.clear();
            self.identity(customer, &mut row);
            for part in self.roster_parts() {
                self.own_figures(part, &known, (at, customer), &mut row);
            }
            take(&row)?;
        }
        Ok(())
    }

    fn known(&self) -> Known<'_, '_> {
        let (panel, has) = (&self.panel, |part: Part| self.roster_parts().any(|of| of == part));
        let mut known = Known::default();
        if has(Part::Churn) {
            known.became = panel.became(&panel.customers, &self.now.period);
        }
        if has(Part::Predict) && self.is_contract() {
            known.model =
                panel.lasting(&panel.customers).ok().map(|model| (model, panel.gross_margin().approximate()));
        } else if has(Part::Predict) {
            known.futures =
                panel.ahead(&panel.customers, usize::MAX).map(|buying| buying.best).unwrap_or_default();
            known.futures.sort_unstable_by_key(|future| future.customer);
        }
        known.scorer = has(Part::Rfm).then(|| panel.rfm(&panel.customers));
        if has(Part::Care) {
            known.risks = panel.points(&panel.customers);
        }
        known
    }

    fn identity(&self, customer: u32, row: &mut Vec<Value>) {
        let facts = self.panel.facts;
        let activity = self.panel.activity(customer);
        row.extend([
            facts.customers.id(customer).into_owned().into(),
            facts.customers.owner(customer).map_or(Value::Empty, Value::from),
            day(activity.first()),
            i128::from(activity.is_active(facts.lens.today())).into(),
        ]);
    }

    fn own_figures(
        &self,
        part: Part,
        known: &Known<'_, '_>,
        (at, customer): (usize, u32),
        row: &mut Vec<Value>,
    ) {
        match part {
            Part::Churn => self.fate(known.became[at], row),
            Part::Value => self.brought(customer, row),
            Part::Predict if self.is_contract() => self.contract_ahead(customer, known, row),
            Part::Predict => self.buying_ahead(customer, &known.futures, row),
            Part::Rfm => self.scores(known.scorer.as_ref().and_then(|scorer| scorer.score(customer)), row),
            Part::Care => risk(&known.risks, customer, row),
            Part::Survival => {
                let stayed = self.panel.stayed(customer);
                row.extend([
                    stayed.map_or(Value::Empty, |(days, _)| i128::from(days).into()),
                    stayed.map_or(Value::Empty, |(_, left)| i128::from(left).into()),
                ]);
            }
            Part::Cohort | Part::Funnel => {}
        }
    }

    fn fate(&self, became: Became, row: &mut Vec<Value>) {
        row.extend([
            Value::from(became.fate.name()),
            became.departures.into(),
            self.money(became.before_minor).into(),
            self.money(became.after_minor).into(),
        ]);
    }

    fn brought(&self, customer: u32, row: &mut Vec<Value>) {
        let bought = &self.panel.facts.purchases;
        let tally = bought.tally(customer);
        let (revenue, net) = self.panel.revenue_and_net(&[customer]);
        row.extend([
            i128::from(tally.transactions()).into(),
            self.money(revenue).into(),
            self.money(net.rounded()).into(),
            day(bought.bought(customer).map(|(first, _)| first)),
            day(bought.bought(customer).map(|(_, last)| last)),
        ]);
    }

    /// What the model of buying was told of a customer, and what it says.
    fn buying_ahead(&self, customer: u32, futures: &[Future], row: &mut Vec<Value>) {
        match self.panel.buyer(customer) {
            None => row.extend([Value::Empty, Value::Empty, Value::Empty, Value::Empty]),
            Some(buyer) => row.extend([
                i128::from(buyer.repeats).into(),
                i128::from(buyer.recency_days).into(),
                i128::from(buyer.age_days).into(),
                self.money(i128::from(buyer.spend_minor)).into(),
            ]),
        }
        match futures.binary_search_by_key(&customer, |future| future.customer) {
            Err(_) => row.extend([Value::Empty, Value::Empty, Value::Empty, Value::Empty]),
            Ok(at) => {
                let future = futures[at];
                row.extend([
                    Value::Percent(future.p_alive),
                    Value::Number(future.purchases, 6),
                    self.money(future.spend_minor.round() as i128).into(),
                    self.money(future.value_minor.round() as i128).into(),
                ]);
            }
        }
    }

    /// What the model of contracts says of whoever has one: payments ahead, and their margin.
    fn contract_ahead(&self, customer: u32, known: &Known<'_, '_>, row: &mut Vec<Value>) {
        let contract = self.panel.contract(customer);
        row.push(contract.map_or(Value::Empty, |contract| i128::from(contract.renewals).into()));
        let ahead = contract.filter(|contract| !contract.left).zip(known.model.as_ref());
        let Some((Contract { renewals, .. }, (model, margin))) = ahead else {
            row.extend([Value::Empty, Value::Empty]);
            return;
        };
        let settings = &self.spec.settings;
        let months = settings.horizon_months;
        let mrr = self.panel.mrr_on(customer, self.panel.facts.lens.today()) as f64;
        let value = mrr * margin * model.payments(renewals, months, settings.monthly_discount());
        row.extend([
            Value::Number(model.payments(renewals, months, 0.0), 6),
            self.money(value.round() as i128).into(),
        ]);
    }

    fn scores(&self, scored: Option<Scored>, row: &mut Vec<Value>) {
        let Some(scored) = scored else {
            row.extend(vec![Value::Empty; columns(Part::Rfm, self.spec.settings.basis).len()]);
            return;
        };
        let score = [scored.score.recency, scored.score.frequency, scored.score.value];
        row.extend([
            i128::from(scored.days).into(),
            i128::from(scored.count).into(),
            self.money(i128::from(scored.amount_minor)).into(),
        ]);
        row.extend(score.map(|score| Value::Count(i128::from(score))));
        row.push(Value::from(scored.standing().name()));
    }
}

/// The columns of a part.
fn columns(part: Part, basis: Basis) -> &'static [&'static str] {
    match part {
        Part::Churn => &["fate", "departures", "revenue_before", "revenue_after"],
        Part::Value => &["transactions", "historic", "historic_net", "first_bought", "last_bought"],
        Part::Predict if basis == Basis::Contract => &["renewals", "payments_ahead", "clv"],
        Part::Predict => &[
            "repeats",
            "recency_days",
            "age_days",
            "repeat_spend",
            "p_alive",
            "purchases_ahead",
            "spend_ahead",
            "clv",
        ],
        Part::Rfm => &["days_since", "purchases", "bought", "recency", "frequency", "value", "standing"],
        Part::Survival => &["tenure_days", "left"],
        Part::Care => &["risk", "risk_points"],
        Part::Cohort | Part::Funnel => &[],
    }
}

fn day(day: Option<Day>) -> Value {
    day.map_or(Value::Empty, |day| day.date().into())
}

/// The score, and the points of its factors, most first: "rhythm 15, complaints 8".
fn risk(risks: &[Points], customer: u32, row: &mut Vec<Value>) {
    let Ok(at) = risks.binary_search_by_key(&customer, |risk| risk.customer) else {
        row.extend([Value::Empty, Value::Empty]);
        return;
    };
    let shares = Factor::ALL.iter().zip(risks[at].by_factor).filter(|(_, points)| *points > 0);
    let mut shares: Vec<_> = shares.collect();
    shares.sort_by_key(|(_, points)| Reverse(*points));
    let told: Vec<String> = shares.iter().map(|((name, ..), points)| format!("{name} {points}")).collect();
    row.extend([i128::from(risks[at].score).into(), Value::from(told.join(", "))]);
}

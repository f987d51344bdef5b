//! The store's part of the configuration, held against the live store.

use super::file::{self, At};
use super::problem::{Problem, one_of};
use super::{Builder, Store};
use crate::domain::{Currency, Day, Rates, Ratio};
use crate::metrics::care::Intervals;
use crate::metrics::definition::{Band, Basis, Definition, Settings};
use crate::metrics::risk::{Factor, Weights};
use crate::store::relation::{self, Relation};
use crate::store::{Mapping, Source, StoreError};

impl Builder {
    pub(super) fn store(&mut self, file: &file::Store, zone: jiff::tz::TimeZone) -> Option<Store> {
        let currency = self.currency(&file.currency);
        let mapping = match &file.relations {
            None => Mapping::own(),
            Some(relations) => self.mapping(relations),
        };
        let path = self.folder.join(file.path.get());
        // The store is looked at in any currency.
        let seen = currency.or_else(|| Currency::from_code("EUR"))?;
        let store = Store { path, mapping, zone, currency: seen, rates: self.rates(file), watcher: None };
        self.check_store(file, &store);
        currency.map(|_| store)
    }

    pub(super) fn currency(&mut self, text: &file::Text) -> Option<Currency> {
        let currency = Currency::from_code(text.get());
        if currency.is_none() {
            let title = format!("unknown currency `{}`", text.get());
            self.error(title, text, "an ISO 4217 code such as EUR");
        }
        currency
    }

    fn mapping(&mut self, relations: &std::collections::BTreeMap<String, At<file::Relation>>) -> Mapping {
        let mut sources = Vec::new();
        for (name, at) in relations {
            let Some(relation) = relation::named(name) else {
                let known: Vec<&str> = relation::ALL.iter().map(|r| r.name).collect();
                let problem = Problem::error(format!("unknown relation `{name}`"));
                self.problems.push(problem.at(at.span(), one_of(name, &known)));
                continue;
            };
            match (&at.get().table, &at.get().query) {
                (Some(table), None) => sources.push((relation, Source::Table(table.get().clone()))),
                (None, Some(query)) => sources.push((relation, Source::Query(query.get().clone()))),
                _ => {
                    let problem = Problem::error(format!("`{name}` comes from a table or from a query"));
                    self.problems.push(problem.at(at.span(), "give one of `table` and `query`"));
                }
            }
        }
        if !relations.contains_key("customers") {
            let problem = Problem::error("the store maps no `customers`");
            self.problems.push(
                problem.help("[store.relations.customers]\nquery = \"SELECT … AS id, … AS name FROM …\""),
            );
        }
        sources.sort_by_key(|(relation, _)| relation::ALL.iter().position(|r| r == relation));
        Mapping::of(sources)
    }

    fn check_store(&mut self, file: &file::Store, store: &Store) {
        if !store.path.exists() {
            let problem =
                Problem::error("there is no such store").at(file.path.span(), "no file of this name");
            let at = format!("looked for {}; `retaind init DIR` makes an empty store", store.path.display());
            self.problems.push(problem.help(at));
            return;
        }
        let open = match store.open() {
            Ok(open) => open,
            Err(e) => {
                self.cannot_open(file, &e);
                return;
            }
        };
        let checked = open.check();
        if file.relations.is_none() {
            self.other_schema(file, &checked);
        }
        let told = |error: &StoreError| file.relations.is_none() && is_absent(error);
        for (relation, error) in checked.iter().filter(|(_, error)| !told(error)) {
            self.store_problem(file, *relation, error);
        }
        if !checked.is_empty() {
            return;
        }
        if file.relations.is_none() {
            return;
        }
        // Whether there is a row at all is cheap to ask; how many there are is not, in a large shop.
        let empty = |relation: &Relation| open.is_empty(*relation).unwrap_or(false);
        if empty(&relation::CUSTOMERS) {
            return;
        }
        let mapped = relation::ALL.iter().filter(|r| **r != relation::CUSTOMERS);
        for relation in mapped.filter(|r| store.mapping.source(**r).is_some() && empty(r)) {
            let customers = open.count_of(relation::CUSTOMERS).unwrap_or(0);
            let title = format!("{customers} customers are mapped but `{}` gives 0 rows", relation.name);
            let problem = Problem::warning(title);
            let help = format!("run its query by hand; without rows this is off: {}", relation.feeds);
            self.problems.push(match source_span(file, *relation) {
                Some(span) => problem.at(span, "0 rows").help(help),
                None => problem.help(help),
            });
        }
    }

    fn cannot_open(&mut self, file: &file::Store, error: &StoreError) {
        let problem = Problem::error("the store cannot be opened");
        let StoreError::Open { source, hint, .. } = error else {
            self.problems.push(problem.at(file.path.span(), error.to_string()));
            return;
        };
        let problem = problem.at(file.path.span(), source.to_string());
        let hint = hint.trim_start().trim_start_matches("hint: ");
        self.problems.push(if hint.is_empty() { problem } else { problem.help(hint) });
    }

    /// Tables that are not there are one problem when our own schema was expected, not eleven.
    fn other_schema(&mut self, file: &file::Store, checked: &[(Relation, StoreError)]) {
        let names: Vec<&str> = checked.iter().filter(|(_, e)| is_absent(e)).map(|(r, _)| r.name).collect();
        if names.is_empty() {
            return;
        }
        let problem = Problem::error("the store has another schema than ours");
        let problem = problem.at(file.path.span(), format!("it has no tables {}", names.join(", ")));
        self.problems
            .push(problem.help("say where rows come from: [store.relations.customers] and the others"));
    }

    fn store_problem(&mut self, file: &file::Store, relation: Relation, error: &StoreError) {
        let span = source_span(file, relation).unwrap_or_else(|| file.path.span());
        let problem = Problem::error(format!("`{}` cannot be read", relation.name));
        let problem = match error {
            StoreError::NoColumn { column, given, .. } => problem
                .at(span, format!("gives no column `{column}`"))
                .help(format!("it gives: {given}; name one with `AS {column}`")),
            StoreError::NotAQuery { .. } => problem.at(span, "must be one statement that only reads"),
            StoreError::Read { source, .. } if denied(source) => problem
                .at(span, "must be one statement that only reads")
                .help("one SELECT; the store is never written"),
            StoreError::Read { source: rusqlite::Error::SqlInputError { msg, .. }, .. } => {
                problem.at(span, msg.as_str())
            }
            StoreError::Read { source, .. } => problem.at(span, source.to_string().replace('\n', " ")),
            other => problem.at(span, other.to_string()),
        };
        self.problems.push(problem);
    }

    /// How figures are counted in the whole shop.
    pub(super) fn settings(&mut self, file: &file::File) -> Settings {
        let (churn, value) = (&file.churn, &file.value);
        let mut settings = self.counting(churn, &Settings::default());
        if let Some(rate) = &value.cost_rate {
            settings.cost_rate =
                self.millionths("`value.cost_rate`", rate).and_then(|n| Ratio::of(i128::from(n), 1_000_000));
        }
        if let Some(rate) = &value.discount_rate {
            let rate = self.millionths("`value.discount_rate`", rate);
            settings.discount_ppm = rate.unwrap_or(settings.discount_ppm);
        }
        let horizon = value.horizon_months.as_ref();
        settings.horizon_months = self.number("`value.horizon_months`", horizon, 1..=120, 12) as u32;
        settings.rfm_days = self.number("`value.rfm_days`", value.rfm_days.as_ref(), 7..=3660, 365) as i32;
        settings.intervals = self.intervals(&file.care);
        settings.risk = self.weights(&file.care);
        settings.ltv_cap_years =
            self.number("`value.ltv_cap_years`", value.ltv_cap_years.as_ref(), 1..=50, 5) as u16;
        let cac = value.cac_minor.as_ref();
        settings.cac_minor = cac.map(|_| self.number("`value.cac_minor`", cac, 1..=i64::MAX, 1));
        settings
    }

    /// A share, written with a few decimals: parts per million keep them exactly.
    pub(super) fn millionths(&mut self, key: &str, share: &At<f64>) -> Option<u32> {
        let parts = (*share.get() * 1e6).round();
        if (0.0..=1e6).contains(&parts) {
            return Some(parts as u32);
        }
        let problem = Problem::error(format!("{key} is out of range"));
        self.problems.push(problem.at(share.span(), "a share from 0 to 1: 0.35 is 35 %"));
        None
    }

    fn intervals(&mut self, care: &file::Care) -> Intervals {
        let usual_days = self.number("`care.contact_days`", care.contact_days.as_ref(), 1..=3660, 90) as i32;
        let by_tier = care.contact_days_by_tier.iter().map(|(tier, days)| {
            (tier.clone(), self.number("`care.contact_days_by_tier`", Some(days), 1..=3660, 90) as i32)
        });
        Intervals { by_tier: by_tier.collect(), usual_days }
    }

    /// What the factors of the risk score weigh.
    fn weights(&mut self, care: &file::Care) -> Weights {
        let names = Factor::ALL.map(|(name, ..)| name);
        let mut weights = Weights::default();
        for (name, weight) in &care.risk {
            let Some((_, factor, usual)) = Factor::ALL.iter().find(|(known, ..)| known == name) else {
                let problem = Problem::error(format!("unknown factor `{name}` in `care.risk`"));
                self.problems.push(problem.at(weight.span(), one_of(name, &names)));
                continue;
            };
            let key = format!("`care.risk.{name}`");
            weights =
                weights.with(*factor, self.number(&key, Some(weight), 0..=1000, i64::from(*usual)) as u16);
        }
        if weights.is_empty() {
            let problem = Problem::error("all factors of `care.risk` weigh 0");
            let span = care.risk.values().next().map(At::span).unwrap_or_default();
            self.problems.push(problem.at(span, "at least one must weigh something"));
        }
        weights
    }

    /// What other currencies are worth.
    fn rates(&mut self, file: &file::Store) -> Rates {
        let mut rates = Rates::default();
        for (code, dated) in &file.rates {
            if Currency::from_code(code).is_none() {
                let problem = Problem::error(format!("unknown currency `{code}`"));
                self.problems.push(problem.at(dated.span(), "an ISO 4217 code such as USD"));
            } else if code == file.currency.get() {
                let problem = Problem::error(format!("`{code}` is the store's own currency"));
                self.problems.push(problem.at(dated.span(), "rates are of the others"));
            }
            for (day, rate) in dated.get() {
                let parts = (*rate.get() * 1e6).round();
                let problem = Problem::error(format!("this is no rate for {code}"));
                match day.parse::<jiff::civil::Date>() {
                    Err(_) => {
                        self.problems.push(problem.at(rate.span(), format!("`{day}` is no day: YYYY-MM-DD")));
                    }
                    Ok(_) if !(1.0..=1e15).contains(&parts) => self.problems.push(
                        problem
                            .at(rate.span(), "what one unit is worth in the store's currency: more than 0"),
                    ),
                    Ok(day) => {
                        if let Some(rate) = Ratio::of(parts as i128, 1_000_000) {
                            rates.set(code, Day::of(day), rate);
                        }
                    }
                }
            }
        }
        rates
    }

    /// `churn` laid over `base`.
    pub(super) fn counting(&mut self, churn: &file::Churn, base: &Settings) -> Settings {
        let base_days = if let Basis::Inactivity(days) = base.basis { i64::from(days) } else { 90 };
        let days = self.number("`inactive_after`", churn.inactive_after.as_ref(), 1..=3660, base_days) as i32;
        let bases = [("contract", false), ("inactivity", true)];
        let was_inactivity = matches!(base.basis, Basis::Inactivity(_));
        let inactivity = self.choice("basis", churn.basis.as_ref(), &bases, was_inactivity);
        let definitions = Definition::ALL.map(|d| (d.name(), d));
        let definition = self.choice("definition", churn.definition.as_ref(), &definitions, base.definition);
        if let (Definition::InactiveShare, false, Some(text)) = (definition, inactivity, &churn.definition) {
            self.error("`inactive_share` needs the inactivity basis", text, "add basis = \"inactivity\"");
        }
        let bands = [Band::Established, Band::Growing, Band::General].map(|b| (b.name(), b));
        let sides = [("out", false), ("in", true)];
        Settings {
            basis: if inactivity { Basis::Inactivity(days) } else { Basis::Contract },
            definition,
            early_days: self.number(
                "`early_days`",
                churn.early_days.as_ref(),
                1..=3660,
                i64::from(base.early_days),
            ) as i32,
            reactivation_in: self.choice(
                "reactivation",
                churn.reactivation.as_ref(),
                &sides,
                base.reactivation_in,
            ),
            min_base: i128::from(self.number(
                "`min_base`",
                churn.min_base.as_ref(),
                1..=1_000_000,
                base.min_base as i64,
            )),
            band: self.choice("band", churn.band.as_ref(), &bands, base.band),
            ..base.clone()
        }
    }
}

/// Where a relation's source stands in the file.
fn source_span(file: &file::Store, relation: Relation) -> Option<std::ops::Range<usize>> {
    let at = file.relations.as_ref()?.get(relation.name)?;
    let source = at.get().query.as_ref().or(at.get().table.as_ref());
    source.map(At::span)
}

fn is_absent(error: &StoreError) -> bool {
    matches!(error, StoreError::Read { source, .. } if source.to_string().contains("no such table"))
}

fn denied(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied)
}

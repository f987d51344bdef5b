//! What is to come: the models of [`super::predict`] asked about this shop's customers.
//!
//! Where leaving is not seen (inactivity basis), BG/NBD and Gamma-Gamma: purchases are days with a positive
//! sum, so that what is given away or refunded on the same day is none; a refund on a day of its own lowers
//! the average spend. Predictive CLV of a customer: Σ over the months of the horizon of purchases expected
//! in the month × expected spend ÷ (1 + monthly discount)^month.
//!
//! Where it is (contract basis), shifted-beta-geometric by months: the value of a new contract is ARPA ×
//! gross margin × its discounted expected lifetime, DEL = 2F1(1, β; α + β; 1 ÷ (1 + d)).

use super::definition::Settings;
use super::panel::Panel;
use super::predict::{Ahead, BgNbd, Buyer, Calibration, Contract, GammaGamma, Geometric, Refusal};
use super::survival::{DAYS_A_MONTH, tenure};
use crate::domain::{Asked, Ratio};

/// Days at the end of the history that a model is held against, having been fitted to what came before.
pub const HOLDOUT_DAYS: i32 = 182;

/// Below this chance of still being a customer, one is told as probably gone.
pub const PROBABLY_GONE: f64 = 0.5;

/// Months of age that reports tell the retention of.
pub const AGES: [u32; 3] = [1, 12, 24];

/// One customer's future.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Future {
    /// Index into the facts.
    pub customer: u32,
    /// The chance that they are still a customer.
    pub p_alive: f64,
    /// Purchases expected within the horizon.
    pub purchases: f64,
    /// What one is expected to bring, minor units.
    pub spend_minor: f64,
    /// Discounted value over the horizon, minor units.
    pub value_minor: f64,
}

/// What the models of buying say of a group of customers.
#[derive(Debug, Clone)]
pub struct Buying {
    /// The model of purchases.
    pub model: BgNbd,
    /// The model of spend, or why the plain averages stand in for it.
    pub spend: Result<GammaGamma, Refusal>,
    /// Those of most value first, up to the number asked for.
    pub best: Vec<Future>,
    /// Everybody's value over the horizon, minor units.
    pub value_minor: f64,
    /// Everybody's expected purchases over the horizon.
    pub purchases: f64,
    /// Customers who bought at all.
    pub buyers: usize,
    /// Those of them who are probably gone.
    pub probably_gone: usize,
    /// Customers whose transactions were all given away or refunded.
    pub without_purchase: usize,
    /// The model held against the last days of the history, or why the first part carries none; nothing where nobody
    /// asked.
    pub calibration: Option<Result<Calibration, Refusal>>,
}

impl Buying {
    /// A buyer's value over the horizon at the mean, minor units.
    pub fn average_minor(&self) -> f64 {
        self.value_minor / self.buyers.max(1) as f64
    }
}

/// What the models of buying ask of the purchases.
#[must_use]
pub fn asks(asked: Asked) -> Asked {
    asked.first_spend()
}

/// What the calibration asks of them.
#[must_use]
pub fn asks_before(asked: Asked, today: crate::domain::Day) -> Asked {
    asked.mark(today.plus(1 - HOLDOUT_DAYS))
}

/// LTV of a new contract, minor units: ARPA × gross margin × its discounted expected lifetime in months. Of
/// R$ 100 a month at a margin of 80 % over 20 such months, R$ 1,600.
pub fn contract_value(
    model: &Geometric,
    arpa_minor: i128,
    margin: Ratio,
    settings: &Settings,
) -> Option<f64> {
    model.lifetime_value(arpa_minor as f64 * margin.approximate(), settings.monthly_discount())
}

impl Panel<'_> {
    /// What the model of buying is told of a customer; `None` for who never bought.
    pub fn buyer(&self, customer: u32) -> Option<Buyer> {
        let bought = &self.facts.purchases;
        let (first, last) = bought.bought(customer)?;
        let tally = bought.tally(customer);
        Some(Buyer {
            repeats: u32::from(tally.bought_days().saturating_sub(1)),
            recency_days: last.since(first),
            age_days: self.facts.lens.today().since(first),
            spend_minor: tally.revenue_minor().saturating_sub(bought.first_spend_minor(customer)),
        })
    }

    /// A customer as they were before the holdout, and how often they bought since.
    fn buyer_before(&self, customer: u32) -> Option<(Buyer, u32)> {
        let bought = &self.facts.purchases;
        let last = bought.bought_before(customer)?;
        let (first, _) = bought.bought(customer)?;
        let (days, all) = (bought.bought_days_before(customer), bought.tally(customer).bought_days());
        let then = self.facts.lens.today().plus(-HOLDOUT_DAYS);
        let buyer = Buyer {
            repeats: u32::from(days.saturating_sub(1)),
            recency_days: last.since(first),
            age_days: then.since(first),
            spend_minor: 0,
        };
        Some((buyer, u32::from(all - days)))
    }

    /// What [`Self::ahead`] tells, and how the model did before.
    pub fn buying(&self, customers: &[u32], count: usize) -> Result<Buying, Refusal> {
        let ahead = self.ahead(customers, count)?;
        Ok(Buying { calibration: Some(self.calibration(customers)), ..ahead })
    }

    /// Fits the models of buying to `customers` and asks them about each; the `count` of most value are told.
    pub fn ahead(&self, customers: &[u32], count: usize) -> Result<Buying, Refusal> {
        let buyers: Vec<Buyer> = customers.iter().filter_map(|c| self.buyer(*c)).collect();
        let model = BgNbd::fit(&buyers)?;
        let spend = GammaGamma::fit(&buyers);
        let (sum, days) = buyers
            .iter()
            .fold((0.0, 0.0), |(sum, days), b| (sum + b.spend_minor as f64, days + f64::from(b.repeats)));
        // Where spend has no model: a customer's own average, everybody's for one without repeats.
        let plain = |buyer: Buyer| if buyer.repeats > 0 { buyer.average_minor() } else { sum / days };
        drop(buyers);
        let mut ahead = Ahead::new(&model, self.settings.horizon_months, self.settings.discount_rate());
        let mut undiscounted = Ahead::new(&model, self.settings.horizon_months, 0.0);
        let (mut best, mut value, mut purchases) = (Vec::new(), 0.0, 0.0);
        let (mut buyers, mut gone, mut without) = (0, 0, 0);
        for &customer in customers {
            let Some(buyer) = self.buyer(customer) else {
                without += usize::from(self.facts.purchases.first(customer).is_some());
                continue;
            };
            let spend_minor =
                spend.as_ref().map_or_else(|_| plain(buyer), |spend| spend.expected_spend(buyer));
            let future = Future {
                customer,
                p_alive: model.p_alive(buyer),
                purchases: undiscounted.purchases(buyer),
                spend_minor,
                value_minor: ahead.purchases(buyer) * spend_minor.max(0.0),
            };
            buyers += 1;
            gone += usize::from(future.p_alive < PROBABLY_GONE);
            value += future.value_minor;
            purchases += future.purchases;
            best.push(future);
            if best.len() >= count.saturating_mul(2).max(1024) {
                keep(&mut best, count);
            }
        }
        keep(&mut best, count);
        Ok(Buying {
            model,
            spend,
            best,
            value_minor: value,
            purchases,
            buyers,
            probably_gone: gone,
            without_purchase: without,
            calibration: None,
        })
    }

    fn calibration(&self, customers: &[u32]) -> Result<Calibration, Refusal> {
        let pairs: Vec<(Buyer, u32)> = customers.iter().filter_map(|c| self.buyer_before(*c)).collect();
        let before: Vec<Buyer> = pairs.iter().map(|(buyer, _)| *buyer).collect();
        let model = BgNbd::fit(&before)?;
        Ok(Calibration::of(&model, &pairs, f64::from(HOLDOUT_DAYS) / 7.0))
    }

    /// Fits the model of contracts to the tenures of `customers`, in whole months up to the first departure.
    pub fn lasting(&self, customers: &[u32]) -> Result<Geometric, Refusal> {
        Geometric::fit(&customers.iter().filter_map(|customer| self.contract(*customer)).collect::<Vec<_>>())
    }

    /// What the model of contracts is told of a customer; `None` for who never had one.
    pub fn contract(&self, customer: u32) -> Option<Contract> {
        let (days, left) = self.stayed(customer)?;
        Some(Contract { renewals: (f64::from(days) / DAYS_A_MONTH) as u32, left })
    }

    /// Days from a customer's first active day to their first departure, or to now; and whether they left.
    pub fn stayed(&self, customer: u32) -> Option<(u32, bool)> {
        tenure(&self.activity(customer), self.facts.lens.today())
    }
}

/// Keeps the `count` of most value, in order.
fn keep(futures: &mut Vec<Future>, count: usize) {
    futures.sort_by(|a, b| b.value_minor.total_cmp(&a.value_minor).then(a.customer.cmp(&b.customer)));
    futures.truncate(count);
}

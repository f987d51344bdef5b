//! The answer first: what happened, who moved it, and what to make of it.

use super::movers::{owner_word, telling};
use super::tables::split_word;
use super::{Story, none};
use crate::document::{Say, Value};
use crate::domain::Ratio;
use crate::metrics::churn::Departure;
use crate::metrics::definition::Place;
use crate::metrics::{Definition, Slice};

impl Story<'_> {
    /// Nothing where nobody has bought: then the title says what the mail is.
    pub(super) fn value_subject(&self) -> Option<Say> {
        let say = Say::new("report.subject.value").with("period", self.now.period);
        let say = say.with("ltv", self.money(self.worth.average_minor?));
        Some(say.with("customers", self.worth.customers))
    }

    pub(super) fn churn_subject(&self) -> Say {
        let period = self.now.period;
        let Some(rate) = self.churn_rate(&self.now) else {
            return Say::new("report.subject.nobody").with("period", period);
        };
        let news = match self.movers() {
            movers if movers.is_empty() => Value::Empty,
            movers => Say::new("report.subject.left").with("names", self.names_only(&movers)).into(),
        };
        Say::new("report.subject.churn")
            .with("period", period)
            .with("rate", self.rate(Some(rate)))
            .with("change", self.change(rate))
            .with("news", news)
    }

    fn change(&self, rate: Ratio) -> Value {
        let Some(before) = self.churn_rate(&self.before) else { return Value::Empty };
        let key = match rate.scaled(3).cmp(&before.scaled(3)) {
            std::cmp::Ordering::Greater => "report.change.up",
            std::cmp::Ordering::Less => "report.change.down",
            std::cmp::Ordering::Equal => "report.change.same",
        };
        Say::new(key).with("before", before).into()
    }

    pub(super) fn churn_lead(&self) -> Vec<Say> {
        let mut lead = vec![self.what_happened()];
        lead.extend(self.who_moved_it());
        lead.extend(self.who_moved_revenue());
        lead.extend(self.against_the_band());
        lead
    }

    pub(super) fn value_lead(&self) -> Vec<Say> {
        self.how_uneven().into_iter().collect()
    }

    fn what_happened(&self) -> Say {
        let (counts, period) = (&self.now.counts, self.now.period);
        if self.spec.settings.definition == Definition::InactiveShare {
            return Say::new("report.lead.inactive")
                .with("period", period)
                .with("silent", counts.silent)
                .with("seen", counts.seen)
                .with("revenue", self.money(self.now.moved.closing));
        }
        let left = Say::new("count.left").with("n", counts.churned).with("of", counts.opening);
        let so_far = self.spec.period.current;
        Say::new(if so_far { "report.lead.so_far" } else { "report.lead.what" })
            .with("period", period)
            .with("customers", Say::new("count.customers").with("n", counts.closing))
            .with("delta", Value::Signed(counts.closing - counts.opening))
            .with("left", left)
            .with("joined", Say::new("count.joined").with("n", counts.joined()))
            .with("back", Say::new("count.back").with("n", counts.reactivated))
    }

    /// The departures that account for most of the lost revenue.
    pub(super) fn movers(&self) -> Vec<&Departure> {
        let lost: i128 = self.gone.iter().map(|d| d.lost_minor).sum();
        telling(self.gone.iter().map(|d| (d.lost_minor, d)), lost)
    }

    /// Two names fit into a subject; the rest are counted.
    fn names_only(&self, movers: &[&Departure]) -> Value {
        let mut names: Vec<Value> =
            movers.iter().take(2).map(|d| Value::Text(self.name(d.customer))).collect();
        let more = movers.len().saturating_sub(names.len());
        if more > 0 {
            names.push(Say::new("count.others").with("n", more as i128).into());
        }
        Value::List(names)
    }

    fn who_moved_it(&self) -> Option<Say> {
        let movers = self.movers();
        let lost: i128 = self.gone.iter().map(|d| d.lost_minor).sum();
        let theirs: i128 = movers.iter().map(|d| d.lost_minor).sum();
        let share = Ratio::of(theirs, lost).filter(|_| !movers.is_empty())?;
        let named = movers.iter().map(|d| self.mover(d)).collect::<Vec<Value>>();
        Some(
            self.by_basis("report.lead.who")
                .with("accounts", Say::new("count.accounts").with("n", movers.len() as i128))
                .with("share", share)
                .with("lost", self.money(lost))
                .with("names", Value::List(named)),
        )
    }

    /// "Aurora Log (R$ 18,400, Ana Lima, "price")".
    fn mover(&self, departure: &Departure) -> Value {
        let owner = owner_word(self.panel.facts, departure.customer);
        if !self.is_contract() {
            // Nobody cancels where there is nothing to cancel: there is no reason to name.
            return Say::new("mover.plain")
                .with("name", self.name(departure.customer))
                .with("money", self.money(departure.lost_minor))
                .with("owner", owner)
                .into();
        }
        let reason = match &departure.reason {
            Some(reason) => Say::new("quoted").with("text", reason.as_str()),
            None => Say::new("mover.no_reason"),
        };
        Say::new("mover")
            .with("name", self.name(departure.customer))
            .with("money", self.money(departure.lost_minor))
            .with("owner", owner)
            .with("reason", reason)
            .into()
    }

    /// Whether a rate is one of a whole period, that a year has so many of. A share of all who were ever seen is not.
    pub(super) fn is_compounded(&self) -> bool {
        !self.spec.period.current && self.spec.settings.definition != Definition::InactiveShare
    }

    fn against_the_band(&self) -> Option<Say> {
        let rate = self.churn_rate(&self.now).filter(|_| self.is_compounded())?;
        let band = self.spec.settings.band;
        let per_year = self.now.period.kind.per_year();
        let place = band.place(rate, per_year);
        let run = self.periods_in_place(place);
        let key = match place {
            Place::Above => "report.band.above",
            Place::Within => "report.band.within",
            Place::Below => "report.band.below",
        };
        let (_, high) = band.bounds(per_year);
        let lasting = Say::new("report.band.lasting").with("n", run);
        let bounds = Say::new("report.band.bounds")
            .with("band", Say::new(format!("band.{}", band.name())))
            .with("high", Value::Percent(high));
        let sentence = Say::new(key)
            .with("rate", self.rate(Some(rate)))
            .with("bounds", bounds)
            .with("lasting", if run > 1 { lasting.into() } else { Value::Empty })
            .with("where", self.where_it_moved().map_or(Value::Empty, Value::from));
        Some(sentence)
    }

    /// For how many periods on end, this one included, the rate has been where it is.
    fn periods_in_place(&self, place: Place) -> i128 {
        let band = self.spec.settings.band;
        let per_year = self.now.period.kind.per_year();
        let in_place =
            |slice: &&Slice| self.churn_rate(slice).is_some_and(|rate| band.place(rate, per_year) == place);
        self.trail.iter().rev().take_while(in_place).count() as i128
    }

    /// The group whose rate moved most against the period before, if one did.
    fn where_it_moved(&self) -> Option<Say> {
        let fared = self.splits.first()?;
        let base = self.spec.settings.min_base;
        let moved = fared.groups.labels.iter().zip(&fared.slices).filter_map(|(label, slices)| {
            let (now, before) = (self.churn_rate(&slices[0])?, self.churn_rate(&slices[1])?);
            let points = now.scaled(3) - before.scaled(3);
            let enough = now.denominator() >= base && before.denominator() >= base;
            enough.then_some((points, label.clone()?, now, before))
        });
        let (points, label, now, before) =
            moved.max_by_key(|(points, label, ..)| (points.abs(), label.clone()))?;
        (points.abs() >= 5).then(|| {
            Say::new("report.lead.where")
                .with("split", split_word(fared.groups.split))
                .with("group", label)
                .with("before", before)
                .with("now", Value::SmallRate(now))
        })
    }

    fn how_uneven(&self) -> Option<Say> {
        let top = self.worth.top_20?;
        Some(
            Say::new("report.lead.uneven")
                .with("customers", Say::new("count.customers").with("n", self.worth.customers))
                .with("average", self.worth.average_minor.map_or_else(none, |m| self.money(m).into()))
                .with("median", self.worth.median_minor.map_or_else(none, |m| self.money(m).into()))
                .with("top", top),
        )
    }
}

//! A figure as it was told: kept, so that the next report can say when late data has changed it.

use super::{Day, Period, Ratio, Sketch};

/// A figure of a period as a report told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Whose customers: the lead of the team, or nothing for all.
    pub scope: String,
    /// Basis and definition, and for another figure than the churn rate its name: what is counted in another way is another
    /// figure.
    pub definition: String,
    /// First day of the period.
    pub from: Day,
    /// The day after its last.
    pub to: Day,
    /// The rate, as the fraction it was; another figure in its unit, money in minor units.
    pub rate: Ratio,
    /// Who it is made of, when it is published; of one that is read back see [`crate::ledger::figures::sketch()`].
    pub sketch: Option<Sketch>,
}

impl Published {
    /// Whether it is the figure of that name, of the same customers and the same period.
    pub fn is_of(&self, scope: &str, definition: &str, period: &Period) -> bool {
        let same = self.scope == scope && self.definition == definition;
        same && (self.from, self.to) == (period.start, period.end)
    }
}

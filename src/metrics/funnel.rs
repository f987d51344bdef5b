//! Where customers come from, and whether they bring others.
//!
//! - **Conversion rate**: of the leads captured in a period, those who had become customers by the as-of
//!   instant, by source. Of 40 captured, 10 converted: 25 %.
//! - **Referral rate**: active customers who referred somebody ÷ active customers, on the period's last
//!   day. 30 of 200: 15 %.
//! - **NPS** of a period (Reichheld, "The One Number You Need to Grow", 2003): the share of answers of 9
//!   and 10 less the share of answers of 0 to 6, in points. 50 promoters, 30 passives and 20 detractors:
//!   +30.

use std::collections::BTreeMap;

use super::grid::Grid;
use super::panel::Panel;
use super::segment::Groups;
use crate::domain::customer::Lead;
use crate::domain::{Period, Ratio};

/// Leads of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leads {
    /// Captured.
    pub captured: i128,
    /// Of those, became customers.
    pub converted: i128,
}

impl Leads {
    /// Converted ÷ captured.
    pub fn rate(&self) -> Option<Ratio> {
        Ratio::of(self.converted, self.captured)
    }
}

/// Answers to "how likely are you to recommend us".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answers {
    /// 9 and 10.
    pub promoters: i128,
    /// 7 and 8.
    pub passives: i128,
    /// 0 to 6.
    pub detractors: i128,
}

impl Answers {
    /// How many answered.
    pub fn all(&self) -> i128 {
        self.promoters + self.passives + self.detractors
    }

    /// The score as a fraction: −1 to 1, printed in points of a hundred.
    pub fn nps(&self) -> Option<Ratio> {
        Ratio::of(self.promoters - self.detractors, self.all())
    }
}

impl Leads {
    fn add(&mut self, lead: &Lead) {
        self.captured += 1;
        self.converted += i128::from(lead.converted);
    }
}

impl Panel<'_> {
    /// The leads captured in `period`, by source; `None` holds those without one.
    pub fn leads(&self, period: &Period) -> BTreeMap<Option<String>, Leads> {
        let mut by_source: BTreeMap<Option<String>, Leads> = BTreeMap::new();
        for lead in self.facts.leads.iter().filter(|lead| period.contains(lead.created)) {
            by_source.entry(lead.source.clone()).or_default().add(lead);
        }
        by_source
    }

    /// The leads captured in each of `periods`, whatever their source, in one pass.
    pub fn leads_over(&self, periods: &[Period]) -> Vec<Leads> {
        let mut all = vec![Leads::default(); periods.len()];
        for lead in &self.facts.leads {
            let theirs = periods.iter().zip(&mut all).filter(|(period, _)| period.contains(lead.created));
            theirs.for_each(|(_, leads)| leads.add(lead));
        }
        all
    }

    /// Active customers on the period's last day, and those of them who referred somebody.
    pub fn referrals(&self, customers: &[u32], period: &Period) -> Option<Ratio> {
        let active =
            customers.iter().filter(|c| self.activity(**c).is_active(self.closing_day(period))).count();
        let referred = self.referrers_over(customers, &[*period], &[]).whole;
        Ratio::of(referred.first().copied()?, active as i128)
    }

    /// Of `customers` and the groups of `splits`, how many who are active on the last day of each of
    /// `periods` referred somebody. It looks at those who did, and at nobody else.
    pub fn referrers_over(
        &self,
        customers: &[u32],
        periods: &[Period],
        splits: &[(&Groups, usize)],
    ) -> Grid<i128> {
        let mut grid = Grid::new(periods.len(), splits);
        let theirs = self.among(customers);
        for &customer in self.facts.referrers.iter().filter(|c| theirs[**c as usize]) {
            let activity = self.activity(customer);
            let active = (0..periods.len()).filter(|at| activity.is_active(self.closing_day(&periods[*at])));
            active.for_each(|at| grid.change(splits, customer, at, |n| *n += 1));
        }
        grid
    }

    /// What `customers` answered in `period`.
    pub fn answers(&self, customers: &[u32], period: &Period) -> Answers {
        self.answers_over(customers, &[*period], &[]).whole.pop().unwrap_or_default()
    }

    /// What `customers` and the groups of `splits` answered in each of `periods`, in one pass.
    pub fn answers_over(
        &self,
        customers: &[u32],
        periods: &[Period],
        splits: &[(&Groups, usize)],
    ) -> Grid<Answers> {
        let mut grid = Grid::new(periods.len(), splits);
        let theirs = self.among(customers);
        for survey in self.facts.surveys.iter().filter(|s| theirs[s.customer as usize]) {
            for at in (0..periods.len()).filter(|at| periods[*at].contains(survey.day)) {
                grid.change(splits, survey.customer, at, |answers: &mut Answers| match survey.vote() {
                    1.. => answers.promoters += 1,
                    0 => answers.passives += 1,
                    _ => answers.detractors += 1,
                });
            }
        }
        grid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_examples() {
        assert_eq!(Leads { captured: 40, converted: 10 }.rate(), Ratio::of(25, 100));
        let answers = Answers { promoters: 50, passives: 30, detractors: 20 };
        assert_eq!((answers.all(), answers.nps()), (100, Ratio::of(30, 100)));
        assert_eq!(Answers::default().nps(), None);
    }
}

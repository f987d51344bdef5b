//! Whether a model told the truth: fitted to the history up to a day, held against what came after.
//!
//! Customers are grouped by how often they had repeated by that day (as in figure 3 of Fader, Hardie, Lee, 2005). Of CDNOW's
//! 439 who had repeated once, 0.523 purchases each were expected within the next 39 weeks, and 0.697 came.

use super::{BgNbd, Buyer};

/// The last group takes everybody with so many repeats or more.
pub const GROUPED_FROM: u32 = 7;

/// Customers of one number of repeats by the calibration's day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Repeats; in the last row so many or more.
    pub repeats: u32,
    /// How many customers.
    pub customers: usize,
    /// Purchases a customer made afterwards, on average; 0 without customers.
    pub actual: f64,
    /// Purchases a customer was expected to make, on average; 0 without customers.
    pub expected: f64,
}

/// What was expected and what happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// By repeats: 0, 1, … 6, 7 and more.
    pub rows: Vec<Row>,
    /// Purchases of all customers afterwards.
    pub actual: f64,
    /// Purchases expected of all of them.
    pub expected: f64,
    /// Mean over customers of |actual − expected|.
    pub mean_absolute_error: f64,
}

impl Calibration {
    /// Holds the model against the purchase days of `weeks` after the calibration's day: pairs of a
    /// customer as they were on that day, and how often they bought afterwards.
    pub fn of(model: &BgNbd, customers: &[(Buyer, u32)], weeks: f64) -> Calibration {
        let mut rows: Vec<Row> = (0..=GROUPED_FROM)
            .map(|repeats| Row { repeats, customers: 0, actual: 0.0, expected: 0.0 })
            .collect();
        let mut errors = 0.0;
        for (buyer, bought) in customers {
            let (actual, expected) = (f64::from(*bought), model.expected_purchases(weeks, *buyer));
            let row = &mut rows[buyer.repeats.min(GROUPED_FROM) as usize];
            row.customers += 1;
            row.actual += actual;
            row.expected += expected;
            errors += (actual - expected).abs();
        }
        let actual = rows.iter().map(|row| row.actual).sum();
        let expected = rows.iter().map(|row| row.expected).sum();
        for row in rows.iter_mut().filter(|row| row.customers > 0) {
            row.actual /= row.customers as f64;
            row.expected /= row.customers as f64;
        }
        let mean_absolute_error = errors / customers.len().max(1) as f64;
        Calibration { rows, actual, expected, mean_absolute_error }
    }
}

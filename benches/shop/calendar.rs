//! The five years as day numbers: what is written for each, which month it is in, and how much is on.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

/// Days from 2021-11-01 up to and including 2026-10-31; the report is of the day after.
pub(super) const DAYS: usize = 1826;
/// Written days go on, since what is planned lies ahead.
const WRITTEN: usize = DAYS + 400;
/// Trade by month, in thousandths of the usual: weak after the holidays, strong before them.
const SEASON: [u64; 12] = [820, 860, 960, 980, 1010, 990, 940, 970, 1000, 1030, 1120, 1320];
/// Trade by day of the week from Monday, in thousandths of the usual.
const WEEK: [u64; 7] = [960, 990, 1020, 1060, 1210, 1110, 650];

/// One day.
pub(super) struct Written {
    /// `YYYY-MM-DD`.
    pub(super) text: String,
    /// Thousandths of a usual day.
    pub(super) trade: u64,
}

/// The first day.
pub(super) const fn first() -> Date {
    date(2021, 11, 1)
}

/// Every day from the first one.
pub(super) fn days() -> Vec<Written> {
    (0..WRITTEN).map(|day| written(first().saturating_add((day as i64).days()))).collect()
}

fn written(day: Date) -> Written {
    let season = SEASON[(day.month() - 1) as usize];
    let week = WEEK[day.weekday().to_monday_zero_offset() as usize];
    Written { text: day.to_string(), trade: season * week / 1000 }
}

/// Shares `total` over the days in proportion to their weights, to the last one.
pub(super) fn share(total: u64, weights: &[u64]) -> Vec<u64> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let (mut weight_so_far, mut given) = (0_u128, 0);
    let portion = |weight: &u64| {
        weight_so_far += u128::from(*weight);
        let due = (u128::from(total) * weight_so_far / all.max(1)) as u64;
        let portion = due - given;
        given = due;
        portion
    };
    weights.iter().map(portion).collect()
}

/// Appends a time of day, ` HH:MM:SS`.
pub(super) fn push_time(text: &mut String, seconds: u64) {
    text.push(' ');
    for (at, part) in [seconds / 3600, seconds / 60 % 60, seconds % 60].into_iter().enumerate() {
        if at > 0 {
            text.push(':');
        }
        text.push(char::from(b'0' + (part / 10) as u8));
        text.push(char::from(b'0' + (part % 10) as u8));
    }
}

//! When a customer was active: spans of days. Every churn count, on either basis, is a question to them.

use crate::domain::{Day, Period, Span};

/// The spans of one customer: sorted, apart, none empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Activity {
    spans: Vec<Span>,
}

impl Activity {
    /// Adds days `[from, to)`. Spans that touch become one: a change of plan is no departure.
    pub fn add(&mut self, from: Day, to: Day) {
        if from >= to {
            return;
        }
        let start = self.spans.partition_point(|span| span.to < from);
        let end = start + self.spans[start..].partition_point(|span| span.from <= to);
        if start == end {
            self.spans.insert(start, Span { from, to });
            return;
        }
        let merged = Span { from: from.min(self.spans[start].from), to: to.max(self.spans[end - 1].to) };
        self.spans[start] = merged;
        self.spans.drain(start + 1..end);
    }

    /// Forgets all spans, so that the memory serves the next customer.
    pub fn clear(&mut self) {
        self.spans.clear();
    }

    /// Adds spans that are later than all that are here, and apart.
    pub(super) fn extend(&mut self, spans: impl Iterator<Item = Span>) {
        self.spans.extend(spans);
    }

    /// The spans, oldest first.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether active on `day`.
    pub fn is_active(&self, day: Day) -> bool {
        self.span_at(day).is_some()
    }

    fn span_at(&self, day: Day) -> Option<Span> {
        let next = self.spans.partition_point(|span| span.from <= day);
        let span = *self.spans.get(next.checked_sub(1)?)?;
        (day < span.to).then_some(span)
    }

    /// The first active day.
    pub fn first(&self) -> Option<Day> {
        self.spans.first().map(|span| span.from)
    }

    /// Whether active on some day before `day`.
    pub fn was_active_before(&self, day: Day) -> bool {
        self.first().is_some_and(|first| first < day)
    }

    /// The days within `period` on which the customer was no longer active though active the day before.
    pub fn departures(&self, period: &Period) -> impl Iterator<Item = Day> + use<'_> {
        let period = *period;
        self.spans.iter().map(|span| span.to).filter(move |to| period.contains(*to))
    }

    /// Active days up to and including `day`.
    pub fn active_days_until(&self, day: Day) -> i64 {
        let end = day.plus(1);
        self.spans
            .iter()
            .filter(|span| span.from < end)
            .map(|span| i64::from(span.to.min(end).since(span.from)))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_that_touch_are_one() {
        let mut activity = Activity::default();
        activity.add(Day(10), Day(20));
        activity.add(Day(30), Day(40));
        activity.add(Day(20), Day(30));
        assert_eq!(activity.spans(), [Span { from: Day(10), to: Day(40) }]);
        activity.add(Day(5), Day(5));
        assert_eq!(activity.first(), Some(Day(10)));
    }

    proptest! {
        #[test]
        fn whatever_the_order_a_day_is_active_when_some_span_covers_it(
            pieces in prop::collection::vec((0i32..200, 0i32..40), 0..30),
            day in -5i32..250,
        ) {
            let mut activity = Activity::default();
            for (from, length) in &pieces {
                activity.add(Day(*from), Day(from + length));
            }
            let covered = pieces.iter().any(|(from, length)| *from <= day && day < from + length);
            prop_assert_eq!(activity.is_active(Day(day)), covered);
            prop_assert!(activity.spans().windows(2).all(|w| w[0].to < w[1].from));
            prop_assert!(activity.spans().iter().all(|s| s.from < s.to));
        }
    }
}

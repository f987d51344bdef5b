//! What moved it: the customers behind a change, largest first, with who looks after them.

use super::tables::{column, columns, table};
use super::{LISTED, Section, Story};
use crate::document::{Say, Table, Value};
use crate::domain::Facts;
use crate::domain::customer::Complaint;
use crate::job::{ReportKind, ReportSpec};
use crate::metrics::revenue::{Moved, Movement, Movers};
use crate::metrics::{Panel, first};

/// Names in a sentence; more of them is a list, and lists are tables.
pub(super) const NAMED: usize = 3;

/// The first of `amounts`, largest first, that account for most of `all`: those that make up half of it, no
/// more than [`NAMED`]. One of many small ones is no news: nobody is named where they are under a quarter.
pub(super) fn telling<T>(amounts: impl Iterator<Item = (i128, T)>, all: i128) -> Vec<T> {
    let mut named = Vec::new();
    let mut so_far = 0;
    for (amount, who) in amounts.take(NAMED) {
        if amount * 20 < all.max(1) || so_far * 2 >= all.max(1) {
            break;
        }
        so_far += amount;
        named.push(who);
    }
    if so_far * 4 >= all && all > 0 { named } else { Vec::new() }
}

/// Whoever moved revenue most; the page over all leaves them to the report on churn.
pub(super) fn movers(panel: &Panel<'_>, spec: &ReportSpec) -> Movers {
    if spec.kind != ReportKind::Churn {
        return Movers::default();
    }
    panel.movers(&panel.customers, &spec.period.on(panel.facts.lens.today()), LISTED)
}

/// Complaints that are not resolved, the oldest first, and how many there are.
#[derive(Default)]
pub(super) struct Waiting {
    first: Vec<Complaint>,
    of: usize,
}

impl Waiting {
    pub(super) fn of(panel: &Panel<'_>, spec: &ReportSpec) -> Waiting {
        if spec.kind != ReportKind::Care {
            return Waiting::default();
        }
        let (zone, theirs) = (&panel.facts.lens.zone, panel.among(&panel.customers));
        let place = |complaint: &Complaint| (complaint.opened_at.day(zone), complaint.customer);
        let mut waiting = Waiting::default();
        let open = panel.facts.complaints.iter().filter(|complaint| complaint.resolved_at.is_none());
        for complaint in open.filter(|complaint| theirs[complaint.customer as usize]) {
            waiting.of += 1;
            waiting.first.push(*complaint);
            // Never more than twice as many as are told.
            first::keep(&mut waiting.first, LISTED * 2, LISTED, place);
        }
        waiting.first.sort_by_cached_key(place);
        waiting.first.truncate(LISTED);
        waiting
    }

    pub(super) fn wanted(&self) -> impl Iterator<Item = u32> {
        self.first.iter().map(|complaint| complaint.customer)
    }
}

/// Who looks after a customer, in a sentence.
pub(in crate::job) fn owner_word(facts: &Facts, customer: u32) -> Value {
    facts.owner_name(customer).map_or_else(|| Say::new("mover.nobody").into(), Value::from)
}

impl Story<'_> {
    /// The first of those who moved revenue, whole in the attachment.
    pub(super) fn movers_table(&self) -> Table {
        let row = |moved: &Moved| {
            vec![
                self.name(moved.customer).into(),
                Say::new(format!("chart.moved.{}", moved.movement.name())).into(),
                self.money(i128::from(moved.before_minor)).into(),
                self.money(i128::from(moved.after_minor)).into(),
                Value::Gain(self.money(moved.change_minor())),
                self.owner(moved.customer),
            ]
        };
        let rows = self.movers.most.iter().map(row).collect();
        let mut columns = columns(&["customer", "what"], &["before", "after", "change"]);
        columns[1].title = Say::new("column.movement");
        columns.push(column("owner", false));
        Table { of: self.movers.of, ..table("movers", columns, rows) }
    }

    /// "MRR grew by 12 to 130, most of all with …"; where it shrank, whoever stayed and pays less: those who
    /// left have a sentence of their own.
    pub(super) fn who_moved_revenue(&self) -> Option<Say> {
        let moved = &self.now.moved;
        let change = moved.closing - moved.opening;
        let grew = change > 0;
        let (key, all) = if grew {
            ("report.lead.grew", moved.new + moved.reactivation + moved.expansion)
        } else {
            ("report.lead.shrank", moved.contraction + moved.churned)
        };
        let counts = |movement| match movement {
            Movement::New | Movement::Reactivation | Movement::Expansion => grew,
            Movement::Contraction => !grew,
            Movement::Churned => false,
        };
        let theirs = self.movers.most.iter().filter(|moved| counts(moved.movement));
        let named = telling(theirs.map(|moved| (moved.change_minor().abs(), moved)), all);
        let named: Vec<Value> = named.into_iter().map(|moved| self.named(moved)).collect();
        (!named.is_empty() && change != 0).then(|| {
            self.by_basis(key)
                .with("change", self.money(change.abs()))
                .with("closing", self.money(moved.closing))
                .with("names", Value::List(named))
        })
    }

    fn named(&self, moved: &Moved) -> Value {
        Say::new("mover.plain")
            .with("name", self.name(moved.customer))
            .with("money", self.money(moved.change_minor().abs()))
            .with("owner", owner_word(self.panel.facts, moved.customer))
            .into()
    }

    /// The customers whose complaints have been open for longest.
    pub(super) fn tell_waiting(&self, section: &mut Section) {
        let lens = &self.panel.facts.lens;
        let row = |complaint: &Complaint| {
            let opened = complaint.opened_at.day(&lens.zone);
            let replied = complaint.first_reply_at.map(|at| at.day(&lens.zone).date().into());
            vec![
                self.name(complaint.customer).into(),
                opened.date().into(),
                i128::from(lens.today().since(opened)).into(),
                replied.into(),
                self.owner(complaint.customer),
            ]
        };
        let mut columns = columns(&["customer", "opened"], &["days_open"]);
        columns.extend(["first_reply", "owner"].map(|name| column(name, false)));
        let rows = self.waiting.first.iter().map(row).collect();
        section.tables.push(Table { of: self.waiting.of, ..table("open_complaints", columns, rows) });
    }

    fn owner(&self, customer: u32) -> Value {
        self.panel.facts.owner_name(customer).map_or(Value::Empty, Value::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_account_for_most_of_it_are_named_and_one_of_many_small_ones_is_not() {
        for (amounts, all, named) in [
            (vec![60, 20, 10, 10], 100, 1),
            (vec![30, 25, 20, 15, 10], 100, 2),
            (vec![20, 15, 10, 5], 100, 3),
            (vec![26, 4, 4], 100, 1),
            (vec![10, 8, 6, 5], 100, 0),
            (vec![4, 4, 4], 100, 0),
            (vec![], 0, 0),
        ] {
            let who = telling(amounts.iter().map(|amount| (*amount, ())), all);
            assert_eq!(who.len(), named, "{amounts:?}");
        }
    }
}

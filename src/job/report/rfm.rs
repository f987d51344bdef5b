//! RFM: what the customers are by how recently, how often and for how much they buy, how that moved since
//! the last report, and who should be called before they are lost.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::figures::{plain, single};
use super::tables::{column, columns, table};
use super::{Fared, Section, Story};
use crate::document::{Chart, Say, Table, Value};
use crate::domain::Ratio;
use crate::metrics::rfm::{BEST, SLIPPING, Score, Scored, Standing};
use crate::metrics::{Metric, Panel, first};

/// Scores there are, from 1 on.
const SCORES: usize = 5;

/// Customers in the attached list of those who may be lost.
const PRESSING: usize = 1_000;

/// What customers are now, and were a period ago.
pub(super) struct Standings {
    /// By standing: customers now, a period ago, and what the ones of now bought in the window.
    totals: [(i128, i128, i128); 9],
    /// How many have which scores: by recency, within by frequency and value, lowest first.
    squares: [[i128; SCORES]; SCORES],
    /// From what, to what, and how many; `None` is not scored.
    moved: BTreeMap<(Option<Standing>, Option<Standing>), i128>,
    /// What each customer is now, by index.
    now: Vec<Option<Standing>>,
    /// At risk or not to be lost, those who brought most first.
    pressing: Vec<Scored>,
    pressing_of: usize,
    /// What they brought so far, minor units.
    pressing_minor: i128,
}

impl Standings {
    /// As of now, beside those of `ago` days before, as far as one pass over the purchases tells them: by whole days.
    pub(super) fn of(panel: &Panel<'_>, ago: i32) -> Standings {
        let customers = &panel.customers;
        let (mut totals, mut squares) = ([(0, 0, 0); 9], [[0; SCORES]; SCORES]);
        let mut now = vec![None; panel.facts.customers.len()];
        let (mut pressing, mut pressing_of, mut pressing_minor) = (Vec::new(), 0, 0);
        let brought = |s: &Scored| i128::from(panel.facts.purchases.tally(s.customer).revenue_minor());
        let place = |s: &Scored| (Reverse(brought(s)), s.customer);
        let scorer = panel.rfm(customers);
        for scored in customers.iter().filter_map(|customer| scorer.score(*customer)) {
            let standing = scored.standing();
            let total = &mut totals[standing as usize];
            total.0 += 1;
            let Score { recency, .. } = scored.score;
            squares[place_of(recency)][place_of(scored.score.weight())] += 1;
            total.2 += i128::from(scored.amount_minor);
            now[scored.customer as usize] = Some(standing);
            if SLIPPING.contains(&standing) {
                pressing_of += 1;
                pressing_minor += brought(&scored);
                pressing.push(scored);
                first::keep(&mut pressing, 8 * PRESSING, PRESSING, place);
            }
        }
        pressing.sort_unstable_by_key(place);
        pressing.truncate(PRESSING);
        let moved = BTreeMap::new();
        let mut standings = Standings { totals, squares, moved, now, pressing, pressing_of, pressing_minor };
        let before = panel.rfm_before(customers, ago);
        standings.compare(customers, |customer| before.score(customer).map(|scored| scored.standing()));
        standings
    }

    /// Holds them against what customers were.
    pub(super) fn compare(&mut self, customers: &[u32], was: impl Fn(u32) -> Option<Standing>) {
        self.moved.clear();
        self.totals.iter_mut().for_each(|total| total.1 = 0);
        for &customer in customers {
            let (was, is) = (was(customer), self.now[customer as usize]);
            if let Some(standing) = was {
                self.totals[standing as usize].1 += 1;
            }
            if was != is {
                *self.moved.entry((was, is)).or_default() += 1;
            }
        }
    }

    pub(super) fn wanted(&self) -> impl Iterator<Item = u32> {
        self.pressing.iter().map(|scored| scored.customer)
    }

    fn share(&self, of: &[Standing], at: fn(&(i128, i128, i128)) -> i128) -> Option<Ratio> {
        let count = of.iter().map(|standing| at(&self.totals[*standing as usize])).sum();
        Ratio::of(count, self.totals.iter().map(at).sum())
    }
}

fn named(standing: Standing) -> Say {
    Say::new(format!("standing.{}", standing.name()))
}

impl Story<'_> {
    fn rfm_subject(&self) -> Say {
        let slipping = self.standings.as_ref().map_or(0, |s| s.pressing_of as i128);
        Say::new("report.subject.rfm").with("period", self.now.period).with("n", slipping)
    }

    pub(super) fn rfm_section(&self) -> Section {
        let subject = Some(self.rfm_subject());
        let standings = self.standings.as_ref().filter(|s| s.totals.iter().any(|(now, ..)| *now > 0));
        let Some(standings) = standings else { return Section { subject, ..Section::default() } };
        let share = |key: &'static str, of: &[Standing], metric| {
            let mut figure = single(key, self.rate(standings.share(of, |t| t.0)));
            figure.values[1] = self.rate(standings.share(of, |t| t.1));
            self.beside_as(figure, metric, |then| self.printed_rate(then))
        };
        let figures = vec![
            share("figure.rfm.best", &BEST, Metric::RfmBest),
            share("figure.rfm.slipping", &SLIPPING, Metric::RfmSlipping),
        ];
        let days = i128::from(self.spec.settings.rfm_days);
        let notes = vec![Say::new("note.rfm").with("days", days)];
        if self.is_brief() {
            return Section { figures, notes, ..Section::default() };
        }
        let mut sheets = vec![Self::moved_table(standings)];
        sheets.extend(self.splits.first().map(|fared| self.standing_groups(standings, fared)));
        Section {
            subject,
            lead: (standings.pressing_of > 0).then(|| self.rfm_lead(standings)).into_iter().collect(),
            figures,
            charts: [self.squares(standings), Some(standing_chart(standings))]
                .into_iter()
                .flatten()
                .collect(),
            tables: vec![self.pressing_table(standings), self.standing_table(standings)],
            sheets,
            notes,
        }
    }

    fn rfm_lead(&self, standings: &Standings) -> Say {
        let owners = standings.pressing.iter().take(3).map(|s| Value::Text(self.name(s.customer)));
        Say::new("report.lead.rfm")
            .with("customers", Say::new("count.customers").with("n", standings.pressing_of as i128))
            .with("money", self.money(standings.pressing_minor))
            .with("names", Value::List(owners.collect()))
    }

    /// Who bought how lately, by how often and for how much: those in the corner are worth a call.
    fn squares(&self, standings: &Standings) -> Option<Chart> {
        // Whoever slips: middling or more in one, the two lowest scores in the other.
        let (much, long_ago) = (SCORES - 3, 2);
        let all: i128 = standings.squares.iter().flat_map(|row| &row[much..]).sum();
        let gone: i128 = standings.squares[..long_ago].iter().flat_map(|row| &row[much..]).sum();
        let share = self.rate(Some(Ratio::of(gone, all)?));
        let row = |(recency, counts): (usize, &[i128; SCORES])| {
            let square = |(weight, n): (usize, &i128)| {
                let score = |place: usize| place as u8 + 1;
                let standing = Standing::at(score(recency), score(weight));
                (named(standing), *n, SLIPPING.contains(&standing))
            };
            counts.iter().enumerate().map(square).collect()
        };
        let ends = ["chart.grid.recent", "chart.grid.long_ago", "chart.grid.little", "chart.grid.much"];
        Some(Chart::Grid {
            title: Say::new("chart.grid.title").with("share", share),
            axis: Say::new("chart.grid.axis"),
            ends: ends.map(Say::new),
            rows: standings.squares.iter().enumerate().rev().map(row).collect(),
        })
    }

    fn standing_table(&self, standings: &Standings) -> Table {
        let all: i128 = standings.totals.iter().map(|t| t.2).sum();
        let rows = Standing::ALL.map(|(_, standing)| {
            let (now, before, bought) = standings.totals[standing as usize];
            vec![
                named(standing).into(),
                now.into(),
                before.into(),
                Value::Signed(now - before),
                self.money(bought).into(),
                plain(Ratio::of(bought, all)),
            ]
        });
        let columns = columns(&["standing"], &["customers", "customers_before", "change", "bought", "share"]);
        table("standings", columns, rows.into())
    }

    fn pressing_table(&self, standings: &Standings) -> Table {
        let facts = self.panel.facts;
        let rows = standings.pressing.iter().map(|s| {
            let tally = facts.purchases.tally(s.customer);
            vec![
                self.name(s.customer).into(),
                named(s.standing()).into(),
                i128::from(s.days).into(),
                i128::from(tally.transactions()).into(),
                self.money(i128::from(tally.revenue_minor())).into(),
                facts.owner_name(s.customer).map_or(Value::Empty, Value::from),
            ]
        });
        let mut columns = columns(&["customer", "standing"], &["days_since", "transactions", "historic"]);
        columns.push(column("owner", false));
        Table { of: standings.pressing_of, ..table("pressing", columns, rows.collect()) }
    }

    fn moved_table(standings: &Standings) -> Table {
        let name = |standing: Option<Standing>| match standing {
            Some(standing) => named(standing).into(),
            None => Value::from(Say::new("standing.none")),
        };
        let rows = standings.moved.iter().map(|((from, to), n)| vec![name(*from), name(*to), (*n).into()]);
        table("moved", columns(&["from", "to"], &["customers"]), rows.collect())
    }

    fn standing_groups(&self, standings: &Standings, fared: &Fared) -> Table {
        let rows = |_, members: &[u32]| {
            let mut counts = [0i128; 9];
            members
                .iter()
                .filter_map(|customer| standings.now[*customer as usize])
                .for_each(|standing| counts[standing as usize] += 1);
            let row =
                |(_, standing): (_, Standing)| vec![named(standing).into(), counts[standing as usize].into()];
            Standing::ALL.map(row).into()
        };
        self.by_members("standing_groups", fared, columns(&["standing"], &["customers"]), rows)
    }
}

/// The place of a score.
fn place_of(score: u8) -> usize {
    (usize::from(score) - 1).min(SCORES - 1)
}

fn standing_chart(standings: &Standings) -> Chart {
    let bars = Standing::ALL.map(|(_, standing)| {
        let (now, before, _) = standings.totals[standing as usize];
        let alarming = SLIPPING.contains(&standing) && now > before;
        (named(standing).into(), now.into(), now as f64, Some(before as f64), alarming)
    });
    let best = standings.share(&BEST, |t| t.0).map_or(Value::Empty, Value::Rate);
    let slipping = standings.share(&SLIPPING, |t| t.0).map_or(Value::Empty, Value::Rate);
    Chart::Ranked {
        title: Say::new("chart.rfm.title").with("best", best).with("slipping", slipping),
        axis: Say::new("chart.rfm.axis"),
        bars: bars.into(),
    }
}

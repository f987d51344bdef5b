//! What reps did and have to do: interactions, follow-ups, complaints.

use jiff::civil::{Date, date};
use rusqlite::{Transaction, params};

use super::chance::Chance;
use super::customers::{Customer, REPS, Rep};
use super::names::{Segment, one_of};
use super::phrases::{Kind, notes, subjects};
use super::{FIRST, LAST, STORY, at_work, moment, on_workday, plus};

/// When each customer was under contract, by the customer's place in the cast.
type Spans = [Vec<(Date, Date)>];

/// The day on which Marcos Teixeira had left.
const HANDOVER: Date = date(2025, 7, 1);

/// Writes interactions, follow-ups and complaints.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    insert_interactions(transaction, chance, customers, spans)?;
    insert_follow_ups(transaction, chance, customers, spans)?;
    insert_complaints(transaction, chance, customers, spans)
}

/// Draws days on which somebody was under contract, each as likely as another, so that there is more of
/// everything as the shop grows.
pub(super) struct Presence {
    /// The days before each span, its customer and its first day.
    spans: Vec<(i64, usize, Date)>,
    days: i64,
}

impl Presence {
    pub(super) fn new(spans: &Spans) -> Self {
        let mut presence = Self { spans: Vec::new(), days: 0 };
        for (customer, spans) in spans.iter().enumerate() {
            for &(from, until) in spans {
                presence.spans.push((presence.days, customer, from));
                presence.days += super::days_between(from, until);
            }
        }
        presence
    }

    /// A customer and a working day under contract (a weekend's day moves to the nearest one, which may lie
    /// a day beyond).
    pub(super) fn draw(&self, chance: &mut Chance) -> (usize, Date) {
        let day = chance.below(self.days);
        let at = self.spans.partition_point(|&(before, _, _)| before <= day).saturating_sub(1);
        let (before, customer, from) = self.spans.get(at).copied().unwrap_or((0, 0, FIRST));
        (customer, on_workday(plus(from, day - before)).min(plus(LAST, -2)))
    }
}

/// Who dealt with a customer on a day: the owner, or while he was there Marcos Teixeira for his colleagues.
fn rep_on(chance: &mut Chance, customer: &Customer, day: Date) -> Option<&'static str> {
    match customer.owner {
        Some("R-01" | "R-02") if day < HANDOVER && chance.per_mille(220) => Some("R-08"),
        Some("R-08") if day >= HANDOVER => Some("R-01"),
        owner => owner,
    }
}

/// What was said to the three accounts of the story, by its place there.
const TALKS: [(usize, Kind, &str, &str); 7] = [
    (0, Kind::Call, "2026-08-25T09:40:00", "Terceira entrega atrasada no mês; pedem explicação por escrito."),
    (
        0,
        Kind::Meeting,
        "2026-09-29T15:00:00",
        "Diretoria pede 15 % de desconto; reajuste de outubro mal recebido.",
    ),
    (0, Kind::Call, "2026-10-08T11:15:00", "Confirmaram a saída: preço. Último dia de serviço, 13/10."),
    (1, Kind::Visit, "2026-07-16T10:30:00", "Responsável de sempre de saída; ainda sem substituto."),
    (1, Kind::Email, "2026-10-26T16:20:00", "Cancelamento recebido por e-mail, sem motivo. Não atendem."),
    (2, Kind::Meeting, "2026-09-22T14:00:00", "Compararam com a proposta de outro fornecedor."),
    (2, Kind::Call, "2026-10-13T10:05:00", "Ficam com o outro fornecedor a partir do dia 20."),
];

fn insert_interactions(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let mut rows = Vec::new();
    for (account, kind, at, note) in TALKS {
        let number = STORY[account].number - 1;
        rows.push((at.to_owned(), number, Some(STORY[account].owner), kind, Some(note)));
    }
    for (number, (customer, spans)) in customers.iter().zip(spans).enumerate() {
        let share = match customer.segment {
            Segment::Enterprise => 560,
            Segment::Midmarket => 210,
            Segment::Small => 65,
        };
        for &(from, until) in spans {
            for window in 0..=super::days_between(from, until) / 30 {
                for _ in 0..2 {
                    let day = on_workday(plus(from, window * 30 + chance.below(30)));
                    if !chance.per_mille(share) || day < from || day >= until {
                        continue;
                    }
                    let kind = chance.weighted(&[
                        (38, Kind::Call),
                        (40, Kind::Email),
                        (12, Kind::Visit),
                        (10, Kind::Meeting),
                    ]);
                    let note = one_of(chance, notes(customer.language, kind));
                    let note = chance.per_mille(780).then_some(note);
                    rows.push((at_work(chance, day), number, rep_on(chance, customer, day), kind, note));
                }
            }
        }
    }
    rows.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    let mut statement = transaction.prepare(
        "INSERT INTO interactions (id, customer_id, rep_id, at, kind, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (id, (at, customer, rep, kind, note)) in (1..).zip(&rows) {
        statement.execute(params![
            format!("I-{id:05}"),
            customers[*customer].id,
            rep,
            at,
            kind.tag(),
            note
        ])?;
    }
    Ok(())
}

/// Something a rep promised to do.
struct FollowUp {
    due: String,
    done: Option<String>,
    customer: usize,
    rep: Option<&'static str>,
    subject: &'static str,
    priority: &'static str,
}

/// How many follow-ups are due today or overdue for each active rep, in the reps' order.
const OPEN: [usize; 7] = [8, 7, 5, 4, 3, 4, 5];

fn insert_follow_ups(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let mut rows = done_follow_ups(chance, customers, &Presence::new(spans));
    for (rep, many) in REPS.iter().filter(|rep| rep.is_active).zip(OPEN) {
        let is_owned = |&number: &usize| {
            customers[number].owner == Some(rep.id)
                && spans[number].last().is_some_and(|(_, until)| *until > LAST)
        };
        let mut owned: Vec<usize> = (0..customers.len()).filter(is_owned).collect();
        for turn in 0..=many {
            let at = chance.below(owned.len() as i64) as usize;
            if at < owned.len() {
                let customer = owned.swap_remove(at);
                rows.push(open_follow_up(chance, customer, rep, turn, many));
            }
        }
    }
    rows.sort_by(|one, other| (&one.due, one.customer).cmp(&(&other.due, other.customer)));
    let mut statement = transaction.prepare(
        "INSERT INTO follow_ups (id, customer_id, rep_id, due_at, done_at, subject, priority)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (id, row) in (1..).zip(&rows) {
        let customer = &customers[row.customer].id;
        let FollowUp { due, done, rep, subject, priority, .. } = row;
        statement.execute(params![format!("F-{id:05}"), customer, rep, due, done, subject, priority])?;
    }
    Ok(())
}

fn priority(chance: &mut Chance) -> &'static str {
    chance.weighted(&[(2, "high"), (6, "normal"), (2, "low")])
}

/// Fifteen hundred that were done, most of them in time.
fn done_follow_ups(chance: &mut Chance, customers: &[Customer], presence: &Presence) -> Vec<FollowUp> {
    let mut rows = Vec::new();
    while rows.len() < 1500 {
        let (customer, day) = presence.draw(chance);
        let late = chance.weighted(&[(2, -1), (10, 0), (4, 1), (2, 3), (1, 6)]);
        let rep = rep_on(chance, &customers[customer], day);
        let Some(known) = REPS.iter().find(|known| Some(known.id) == rep) else { continue };
        let done = on_workday(plus(day, late));
        if done >= plus(LAST, -1) {
            continue;
        }
        rows.push(FollowUp {
            due: moment(day, chance.between(9, 16), 0),
            done: Some(at_work(chance, done)),
            customer,
            rep,
            subject: one_of(chance, subjects(known.language)),
            priority: priority(chance),
        });
    }
    rows
}

/// The `turn`-th of a rep's open follow-ups: the last is still to come, every third is due today, the others
/// are overdue by three days to twenty. The hour is one at which the rep, too, still has the same day.
fn open_follow_up(chance: &mut Chance, customer: usize, rep: &Rep, turn: usize, many: usize) -> FollowUp {
    let today = plus(LAST, 1);
    let day = match turn {
        _ if turn == many => plus(today, chance.between(1, 4)),
        _ if turn.is_multiple_of(3) => today,
        _ => plus(today, chance.pick(&[-3, -4, -5, -6, -7, -10, -12, -13, -17, -19, -20])),
    };
    let list = subjects(rep.language);
    FollowUp {
        due: moment(day, 9 + chance.below((8 - rep.ahead).max(2)), chance.below(2) * 30),
        done: None,
        customer,
        rep: Some(rep.id),
        subject: list.split('|').nth(turn % list.split('|').count()).unwrap_or_default(),
        priority: if turn == 0 { "high" } else { priority(chance) },
    }
}

struct Complaint {
    opened: String,
    customer: usize,
    replied: Option<String>,
    resolved: Option<String>,
    contacts: i64,
    category: &'static str,
}

fn insert_complaints(
    transaction: &Transaction<'_>,
    chance: &mut Chance,
    customers: &[Customer],
    spans: &Spans,
) -> rusqlite::Result<()> {
    let presence = Presence::new(spans);
    let mut rows: Vec<Complaint> = (0..900).map(|_| complaint(chance, &presence)).collect();
    // The deliveries that came late before Aurora Log asked for a discount.
    rows.push(Complaint {
        opened: "2026-08-25T09:55:00".to_owned(),
        customer: STORY[0].number - 1,
        replied: Some("2026-08-27T16:10:00".to_owned()),
        resolved: Some("2026-09-09T12:00:00".to_owned()),
        contacts: 5,
        category: "delivery",
    });
    rows.sort_by(|one, other| (&one.opened, one.customer).cmp(&(&other.opened, other.customer)));
    let mut statement = transaction.prepare(
        "INSERT INTO complaints (id, customer_id, opened_at, first_reply_at, resolved_at, contacts, category)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (id, row) in (1..).zip(&rows) {
        let customer = &customers[row.customer].id;
        let Complaint { opened, replied, resolved, contacts, category, .. } = row;
        statement.execute(params![
            format!("K-{id:04}"),
            customer,
            opened,
            replied,
            resolved,
            contacts,
            category
        ])?;
    }
    Ok(())
}

/// A complaint: most are answered the same day and settled within two weeks, a few never are.
fn complaint(chance: &mut Chance, presence: &Presence) -> Complaint {
    let (customer, day) = presence.draw(chance);
    let hour = chance.between(8, 12);
    let replied = on_workday(plus(day, chance.weighted(&[(70, 0), (20, 1), (10, 3)]))).max(day);
    let resolved = plus(replied, chance.skewed(0, 18, 2));
    let is_replied = replied <= LAST && !chance.per_mille(15);
    let is_resolved = is_replied && resolved <= LAST && !chance.per_mille(12);
    Complaint {
        opened: moment(day, hour, chance.below(12) * 5),
        customer,
        replied: is_replied.then(|| moment(replied, chance.between(hour + 1, 16), chance.below(60))),
        resolved: is_resolved.then(|| moment(resolved, 17, chance.below(60))),
        contacts: chance.skewed(1, 6, 2),
        category: chance.weighted(&[
            (34, "delivery"),
            (22, "quality"),
            (18, "billing"),
            (16, "machine"),
            (10, "service"),
        ]),
    }
}

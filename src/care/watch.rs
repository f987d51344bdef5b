//! When a watched figure is news: the one function that moves a group of a watch, and says what is told.
//!
//! ```text
//!            beyond, `lasting` in a row                    clear
//! ok --------------------------------------> breached --------------> ok
//!  | beyond, fewer            (Breach)      ^   |  ^     (Recovery)
//!  v                                        |   |  |
//! pending ----------------------------------'   '--' between, beyond (Repeat, when it is time)
//!  '-- between, clear --> ok
//! ```
//!
//! What is not known changes nothing and counts for nothing. An observation that is taken again (the same
//! month, a day later) replaces its last outcome: it never counts twice. Readers are told against what they
//! believe ([`Standing::told`]), so that a silence cannot make them hear of two breaches without an end
//! between, or of the end of something that they never heard of.

use jiff::{SignedDuration, Timestamp};

use crate::domain::watched::{Observed, Phase, Standing, Telling};

/// What an observation shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sample {
    /// Back beyond the level that clears.
    Clear,
    /// Between that and the level that breaches.
    Between,
    /// Beyond the level that breaches.
    Beyond,
    /// Nothing: no base, too small a base, no history.
    Unknown,
    /// That the group is no longer there, while others are.
    Gone,
}

/// When a breach is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Observations in a row that must be beyond the level.
    pub lasting: u32,
    /// After how long it is told again while it lasts.
    pub repeat: Option<SignedDuration>,
}

/// Evaluations come by a clock on a wall, which may be an hour ahead of the last time.
const CLOCK_CHANGE: SignedDuration = SignedDuration::from_hours(1);

/// Moves a group: `sample` is what the observation `of` shows at `now`. While it is `silenced` it moves, and
/// what is answered is withheld: readers go on to believe what they believed.
pub fn next(
    before: &Standing,
    (sample, of): (Sample, Observed),
    patience: &Patience,
    now: Timestamp,
    silenced: bool,
) -> (Standing, Option<Telling>) {
    if sample == Sample::Unknown {
        return (before.clone(), None);
    }
    if sample == Sample::Gone {
        return (Standing::default(), before.told.map(|_| Telling::Gone));
    }
    let mut after = moved(before, sample, of, patience.lasting);
    let telling = match (after.phase, before.told) {
        (Phase::Breached, None) => Some(Telling::Breach),
        (Phase::Breached, Some(told)) if is_due(told, patience.repeat, now) => Some(Telling::Repeat),
        (Phase::Ok, Some(_)) if sample == Sample::Clear => Some(Telling::Recovery),
        _ => None,
    };
    after.told = match telling {
        None => before.told,
        Some(_) if silenced => before.told,
        Some(Telling::Breach | Telling::Repeat) => Some(now),
        Some(Telling::Recovery | Telling::Gone) => None,
    };
    (after, telling)
}

fn moved(before: &Standing, sample: Sample, of: Observed, lasting: u32) -> Standing {
    let again = before.seen == Some(of);
    let earlier = if again { before.earlier } else { before.streak };
    let streak = if sample == Sample::Beyond { earlier.saturating_add(1) } else { 0 };
    let phase = match (before.phase, sample) {
        (Phase::Breached, Sample::Clear) => Phase::Ok,
        (Phase::Breached, _) => Phase::Breached,
        (_, Sample::Beyond) if streak >= lasting => Phase::Breached,
        (_, Sample::Beyond) => Phase::Pending,
        _ => Phase::Ok,
    };
    let begins = streak == 1 && before.phase != Phase::Breached;
    let since = if begins { Some(of) } else { before.since };
    Standing { phase, streak, earlier, seen: Some(of), since, told: before.told }
}

fn is_due(told: Timestamp, repeat: Option<SignedDuration>, now: Timestamp) -> bool {
    repeat.is_some_and(|after| now.duration_since(told) >= after - CLOCK_CHANGE.min(after / 24))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Day;

    const SAMPLES: [Sample; 5] =
        [Sample::Clear, Sample::Between, Sample::Beyond, Sample::Unknown, Sample::Gone];
    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + n * 86_400).unwrap()
    }

    fn of(n: i32) -> Observed {
        Observed { from: Day(n), to: Day(n + 1) }
    }

    /// A phase, and what each sample makes of it.
    type Row = (char, [&'static str; 5]);

    /// What readers hear and what is the case, written down as a table: a row a phase (`0`, `1`, `2` in a
    /// row so far, `B`reached), a column a sample (clear, between, beyond, unknown, gone); in a cell the next
    /// phase and what is told (`b`reach, `r`epeat if due, rec`o`very, `g`one).
    const MODEL: [(u32, &[Row]); 3] = [
        (1, &[('0', ["0", "0", "Bb", "0", "0"]), ('B', ["0o", "Br", "Br", "B", "0g"])]),
        (
            2,
            &[
                ('0', ["0", "0", "1", "0", "0"]),
                ('1', ["0", "0", "Bb", "1", "0"]),
                ('B', ["0o", "Br", "Br", "B", "0g"]),
            ],
        ),
        (
            3,
            &[
                ('0', ["0", "0", "1", "0", "0"]),
                ('1', ["0", "0", "2", "1", "0"]),
                ('2', ["0", "0", "Bb", "2", "0"]),
                ('B', ["0o", "Br", "Br", "B", "0g"]),
            ],
        ),
    ];

    /// One state of the table, with the day of the last telling.
    #[derive(Clone, Copy)]
    struct Modelled {
        phase: char,
        told: i64,
    }

    fn model(lasting: u32, repeat: bool, was: Modelled, sample: usize, today: i64) -> (Modelled, char) {
        let (_, rows) = MODEL.iter().find(|(n, _)| *n == lasting).unwrap();
        let (_, row) = rows.iter().find(|(phase, _)| *phase == was.phase).unwrap();
        let mut cell = row[sample].chars();
        let phase = cell.next().unwrap();
        let told = match cell.next() {
            // Told four days apart, a week is over at the second time.
            Some('r') if !repeat || today - was.told < 7 => ' ',
            other => other.unwrap_or(' '),
        };
        let told_on = if matches!(told, 'b' | 'r') { today } else { was.told };
        (Modelled { phase, told: told_on }, told)
    }

    fn letter(telling: Option<Telling>) -> char {
        match telling {
            None => ' ',
            Some(Telling::Breach) => 'b',
            Some(Telling::Repeat) => 'r',
            Some(Telling::Recovery) => 'o',
            Some(Telling::Gone) => 'g',
        }
    }

    /// Every way on from here, a step deeper each time: all sequences without looking at a prefix twice.
    fn explore(
        patience: &Patience,
        (state, modelled): (&Standing, Modelled),
        path: &mut String,
        depth: i32,
        seen: &mut u64,
    ) {
        if depth == 0 {
            *seen += 1;
            return;
        }
        let step = path.len() as i64;
        for (column, sample) in SAMPLES.into_iter().enumerate() {
            let today = step * 4;
            let (after, telling) = next(state, (sample, of(step as i32)), patience, day(today), false);
            let (expected, told) =
                model(patience.lasting, patience.repeat.is_some(), modelled, column, today);
            path.push(char::from(b'0' + column as u8));
            assert_eq!(letter(telling), told, "{patience:?} {path}");
            assert_eq!(after.phase == Phase::Breached, expected.phase == 'B', "{patience:?} {path}");
            assert_eq!(after.phase == Phase::Ok, expected.phase == '0', "{patience:?} {path}");
            // Without a silence, readers believe what is the case.
            assert_eq!(after.told.is_some(), after.phase == Phase::Breached, "{patience:?} {path}");
            explore(patience, (&after, expected), path, depth - 1, seen);
            path.pop();
        }
    }

    #[test]
    fn every_sequence_of_eight_samples_goes_as_the_table_says() {
        for lasting in 1..=3 {
            for repeat in [None, Some(WEEK)] {
                let patience = Patience { lasting, repeat };
                let start = (&Standing::default(), Modelled { phase: '0', told: -100 });
                let mut seen = 0;
                explore(&patience, start, &mut String::new(), 8, &mut seen);
                assert_eq!(seen, 5u64.pow(8));
            }
        }
    }

    /// Every step is silenced or not: what readers hear makes sense to them whatever they did not hear.
    fn hear(patience: &Patience, state: &Standing, path: &mut String, heard: char, depth: i32) {
        if depth == 0 {
            return;
        }
        let step = path.len() as i64 / 2;
        for (column, sample) in SAMPLES.into_iter().enumerate() {
            for silenced in [false, true] {
                let (after, telling) =
                    next(state, (sample, of(step as i32)), patience, day(step * 4), silenced);
                path.push(char::from(b'0' + column as u8));
                path.push(if silenced { 's' } else { '.' });
                let told = if silenced { ' ' } else { letter(telling) };
                match told {
                    'b' => assert!(matches!(heard, ' ' | 'o' | 'g' | '?'), "two breaches: {path}"),
                    'r' => assert!(matches!(heard, 'b' | 'r'), "a repeat of nothing: {path}"),
                    'o' | 'g' => assert!(matches!(heard, 'b' | 'r'), "the end of nothing: {path}"),
                    _ => {}
                }
                if !silenced && after.phase == Phase::Breached && sample != Sample::Unknown {
                    assert!(after.told.is_some(), "a breach that lasts is told when it may be: {path}");
                }
                // A group that vanished unheard is forgotten with what was told of it.
                let next_heard = match (told, sample) {
                    (' ', Sample::Gone) => '?',
                    (' ', _) => heard,
                    (told, _) => told,
                };
                hear(patience, &after, path, next_heard, depth - 1);
                path.truncate(path.len() - 2);
            }
        }
    }

    #[test]
    fn readers_never_hear_of_two_breaches_without_an_end_between_nor_of_the_end_of_nothing() {
        for lasting in 1..=3 {
            for repeat in [None, Some(WEEK)] {
                hear(&Patience { lasting, repeat }, &Standing::default(), &mut String::new(), ' ', 5);
            }
        }
    }

    /// Runs samples, each of an observation, a day apart; what was told, one letter each.
    fn told(lasting: u32, samples: &[(Sample, i32)]) -> String {
        let patience = Patience { lasting, repeat: None };
        let mut state = Standing::default();
        let steps = samples.iter().enumerate().map(|(n, (sample, number))| {
            let (after, telling) = next(&state, (*sample, of(*number)), &patience, day(n as i64), false);
            state = after;
            letter(telling)
        });
        steps.collect()
    }

    #[test]
    fn the_same_observation_counts_once_and_late_rows_replace_what_it_showed() {
        use Sample::{Beyond, Clear};
        for (lasting, samples, expected) in [
            // October looked at on three days is one month.
            (2, vec![(Beyond, 10), (Beyond, 10), (Beyond, 10), (Beyond, 11)], "   b"),
            // October is corrected, and so there was one month only.
            (2, vec![(Beyond, 10), (Clear, 10), (Beyond, 11), (Beyond, 12)], "   b"),
            // November is corrected twice: October was before it all the time.
            (2, vec![(Beyond, 10), (Clear, 11), (Beyond, 11)], "  b"),
            (1, vec![(Beyond, 10), (Clear, 10), (Beyond, 10)], "bob"),
        ] {
            assert_eq!(told(lasting, &samples), expected, "{samples:?}");
        }
    }

    #[test]
    fn a_breach_begins_with_the_first_observation_that_was_beyond() {
        let patience = Patience { lasting: 2, repeat: None };
        let mut state = Standing::default();
        for (n, sample, since) in [
            (1, Sample::Beyond, 1),
            (2, Sample::Clear, 1),
            (3, Sample::Beyond, 3),
            (4, Sample::Unknown, 3),
            (5, Sample::Beyond, 3),
            (6, Sample::Between, 3),
            (7, Sample::Beyond, 3),
            (8, Sample::Clear, 3),
        ] {
            state = next(&state, (sample, of(n)), &patience, day(i64::from(n)), false).0;
            assert_eq!(state.since, Some(of(since)), "{n}");
        }
    }

    #[test]
    fn a_week_is_over_at_the_same_time_of_day_whatever_the_clocks_did() {
        let hours = SignedDuration::from_hours;
        for (passed, repeat, due) in [
            (7 * 24, Some(WEEK), true),
            (7 * 24 - 1, Some(WEEK), true),
            (7 * 24 - 2, Some(WEEK), false),
            (1, Some(hours(1)), true),
            (0, Some(hours(1)), false),
            (1000, None, false),
        ] {
            assert_eq!(is_due(day(0), repeat, day(0) + hours(passed)), due, "{passed}");
        }
    }
}

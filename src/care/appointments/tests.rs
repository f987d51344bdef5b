//! What becomes of something in a calendar, case by case, and that nothing becomes two things.

use proptest::prelude::*;

use super::*;
use crate::care::case::{About, Steps, Urgency};

const TODAY: Day = Day(20_000);

fn case(rule: &str, day: i32) -> Case {
    let anchor = TODAY.plus(day);
    Case {
        rule: rule.to_owned(),
        subject: Case::subject("7", anchor),
        about: About::Customer(0),
        rep: None,
        for_lead: false,
        anchor,
        steps: Steps::once(None),
        why: Say::new("due.today"),
        what: None,
        urgency: Urgency::Today,
        escalate_after: None,
        slot: Some(Slot {
            matter: "7".to_owned(),
            at: When::Day(anchor),
            title: Say::new("appointment.renewal"),
            facts: Vec::new(),
        }),
    }
}

fn row(uid: &str, day: i32, cancelled: bool) -> Appointed {
    Appointed {
        uid: uid.to_owned(),
        rule: "r".to_owned(),
        matter: "7".to_owned(),
        recipient: "ana".to_owned(),
        customer: "7".to_owned(),
        sequence: 3,
        at: When::Day(TODAY.plus(day)),
        cancelled,
        since: Timestamp::UNIX_EPOCH,
    }
}

fn renewal() -> Rule {
    Rule::of("r", Kind::Renewal { leads: vec![30], lead_above: None }, None)
}

fn promised() -> Rule {
    Rule::of("r", Kind::FollowUp { leads: Vec::new() }, Some(1))
}

/// What becomes of rows where a digest tells of some days, and knows of others that are not due.
fn turns(rule: &Rule, told: &[i32], known: &[i32], rows: &[Appointed]) -> Vec<String> {
    let (history, staff) = (History::default(), Staff::default());
    let book = Book {
        history: &history,
        staff: &staff,
        rules: std::slice::from_ref(rule),
        today: TODAY,
        zone: TimeZone::UTC,
        standing: BTreeMap::new(),
    };
    let days = told.iter().map(|day| (*day, true)).chain(known.iter().map(|day| (*day, false)));
    let cases: Vec<(Case, bool)> = days.map(|(day, told)| (case("r", day), told)).collect();
    let place = Place {
        cases: cases.iter().filter_map(|(case, told)| Some((case, case.slot.as_ref()?, *told))).collect(),
        rows: rows.iter().collect(),
    };
    let turns = book.turns(rule, place).into_iter().map(|turn| match turn {
        Turn::Stands(row, case, _) => {
            format!("{} {}", row.map_or("new", |row| &row.uid), case.days_late(TODAY).wrapping_neg())
        }
        Turn::Over(row) => format!("{} over", row.uid),
    });
    turns.collect()
}

#[test]
fn what_is_told_is_new_or_what_it_was_and_what_is_not_told_is_left_out_unless_it_has_moved() {
    let renewal = renewal();
    let none: [&str; 0] = [];
    assert_eq!(turns(&renewal, &[5], &[], &[]), ["new 5"]);
    assert_eq!(turns(&renewal, &[5], &[], &[row("a", 5, false)]), ["a 5"]);
    assert_eq!(turns(&renewal, &[], &[5], &[row("a", 5, false)]), none);
    assert_eq!(turns(&renewal, &[], &[5], &[]), none);
    assert_eq!(turns(&renewal, &[], &[9], &[row("a", 5, false)]), ["a 9"]);
    assert_eq!(turns(&renewal, &[9], &[], &[row("a", 5, false)]), ["a 9"]);
}

#[test]
fn what_is_nowhere_any_more_is_over_unless_its_day_has_just_passed() {
    let none: [&str; 0] = [];
    assert_eq!(turns(&renewal(), &[], &[], &[row("a", 5, false)]), ["a over"]);
    assert_eq!(turns(&renewal(), &[], &[], &[row("a", -1, false)]), none);
    assert_eq!(turns(&promised(), &[], &[], &[row("a", -1, false)]), ["a over"]);
    assert_eq!(turns(&promised(), &[], &[], &[row("a", -1, true)]), none);
    // The contract renewed, and its next day is another one.
    assert_eq!(turns(&renewal(), &[20], &[], &[row("a", -1, false)]), ["new 20"]);
}

#[test]
fn of_two_contracts_each_keeps_its_own_and_only_the_one_that_lost_its_day_moves() {
    let rows = [row("a", 5, false), row("b", 9, false)];
    assert_eq!(turns(&renewal(), &[9], &[12], &rows), ["b 9", "a 12"]);
    assert_eq!(turns(&renewal(), &[9, 12], &[14], &rows), ["b 9", "a 12"]);
    assert_eq!(turns(&renewal(), &[9], &[], &rows), ["b 9", "a over"]);
}

#[test]
fn an_identity_is_that_of_the_follow_up_or_the_day_and_comes_back_with_it() {
    let (history, staff, rules) = (History::default(), Staff::default(), [renewal(), promised()]);
    let [renewal, promised] = &rules;
    let book = Book {
        history: &history,
        staff: &staff,
        rules: &rules,
        today: TODAY,
        zone: TimeZone::UTC,
        standing: BTreeMap::new(),
    };
    let ana = Recipient::ana();
    let rui = Recipient { id: "rui".to_owned(), ..ana.clone() };
    let slot = |day| case("r", day).slot.unwrap();
    let uid = |rule, day, who, rows: &[&Appointed]| book.uid(rule, &slot(day), who, rows).0;
    let first = uid(renewal, 5, &ana, &[]);
    assert!(first.starts_with("retaind-") && first.len() == 40, "{first}");
    assert_eq!(first, uid(renewal, 5, &ana, &[]));
    assert_ne!(first, uid(renewal, 6, &ana, &[]));
    assert_ne!(first, uid(renewal, 5, &rui, &[]));
    assert_eq!(uid(promised, 5, &ana, &[]), uid(promised, 6, &ana, &[]));
    let over = Appointed { uid: first.clone(), ..row("", 5, true) };
    assert_eq!(book.uid(renewal, &slot(5), &ana, &[&over]), (first.clone(), Some(&over)));
    let moved = Appointed { uid: first.clone(), ..row("", 8, false) };
    let (other, before) = book.uid(renewal, &slot(5), &ana, &[&moved]);
    assert!(other != first && before.is_none());
}

proptest! {
    // Whatever was told and is found now: each row has one turn at most, each day one, and what is told is there.
    #[test]
    fn nothing_turns_twice(
        told in prop::collection::btree_set(-9i32..40, 0..4), known in prop::collection::btree_set(-9i32..40, 0..4),
        days in prop::collection::vec((-9i32..40, any::<bool>()), 0..5), lasts: bool,
    ) {
        let rule = if lasts { promised() } else { renewal() };
        let rows: Vec<Appointed> =
            days.iter().enumerate().map(|(n, (day, over))| row(&format!("u{n}"), *day, *over)).collect();
        let told: Vec<i32> = told.into_iter().collect();
        let known: Vec<i32> = known.into_iter().filter(|day| !told.contains(day)).collect();
        let turns = turns(&rule, &told, &known, &rows);
        let mut who: Vec<&str> = turns.iter().filter_map(|turn| turn.split(' ').next()).collect();
        let mut when: Vec<&str> = turns.iter().filter_map(|turn| turn.split(' ').nth(1)).collect();
        who.retain(|who| *who != "new");
        when.retain(|when| *when != "over");
        for mut each in [who, when.clone()] {
            let all = each.len();
            each.sort_unstable();
            each.dedup();
            prop_assert_eq!(each.len(), all);
        }
        for day in &told {
            prop_assert!(when.contains(&day.to_string().as_str()), "{day}: {turns:?}");
        }
    }
}

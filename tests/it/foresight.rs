//! Looks ahead from the command line: why something is not told, what a changed configuration would change, and
//! what a span of time would bring.

use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::story::Stage;

/// A stage with this story's rows, played until a moment.
fn played(story: &str, until: &str) -> Stage {
    let lines: Vec<&str> = story.lines().map(str::trim).collect();
    let mut stage = Stage::set(&lines);
    for line in lines.iter().filter(|line| !line.starts_with("from ") && !line.starts_with("zone ")) {
        match stage.moment(line) {
            Some((when, what)) => {
                if !stage.on {
                    stage.start();
                }
                stage.play_until(when);
                stage.happens(what);
            }
            None => stage.given(line),
        }
    }
    if !stage.on {
        stage.start();
    }
    stage.play_until(stage.instant(until));
    stage.daemon = None;
    stage
}

fn retaind(stage: &Stage, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retaind"));
    command.arg("--config").arg(stage.path("retaind.toml")).args(arguments);
    command.env_remove("STATE_DIRECTORY").output().unwrap()
}

fn says(stage: &Stage, arguments: &[&str]) -> String {
    let output = retaind(stage, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const SHOP: &str = "rule promised: kind = \"follow_up\"
    rule visits: kind = \"contact_gap\", contact_days = 30, tiers = [\"A\"]
    rule renewals: kind = \"renewal\", lead_days = [30, 7]
    people ana: quiet = \"20:00-07:30\"
    customers id=1 name=Aurora owner_id=ana tier=A
    customers id=2 name=Bela owner_id=ana
    customers id=3 name=Cora owner_id=ana
    customers id=4 name=Nobody tier=A
    interactions id=i customer_id=1 at=2026-03-01 kind=call
    subscriptions id=s customer_id=2 mrr_minor=5000 starts_on=2025-04-01 renews_on=2026-04-01
    subscriptions id=s1 customer_id=1 mrr_minor=5000 starts_on=2025-04-01
    follow_ups id=f1 customer_id=1 due_at=2026-03-10
    follow_ups id=f2 customer_id=2 due_at=2026-03-10
    follow_ups id=old customer_id=3 due_at=2026-02-10
    from 2026-03-01
    2026-03-10 09:00 ana does snooze 1 2026-03-13
    2026-03-10 09:00 ana does done 2";

#[test]
fn why_not_names_the_condition_that_stops_it() {
    let stage = played(SHOP, "2026-03-11 12:00");
    for (customer, rule, at, told, said) in [
        ("1", "promised", "2026-03-11T08:30", false, "NO  ana put it off on 2026-03-10 until 2026-03-13"),
        ("1", "promised", "2026-03-13T08:30", true, "ok  Ana is told over room"),
        (
            "1",
            "promised",
            "2026-03-13T21:00",
            false,
            "Ana may not be disturbed now; it waits until 2026-03-14 07:30",
        ),
        ("2", "promised", "2026-03-11T08:30", false, "NO  ana marked it done on 2026-03-10"),
        (
            "3",
            "promised",
            "2026-03-11T08:30",
            false,
            "before the rule was on (2026-03-01): `retaind backlog promised --send` tells it",
        ),
        (
            "1",
            "visits",
            "2026-03-11T08:30",
            false,
            "NO  the last contact was on 2026-03-01, and 30 days may pass: owed on 2026-03-31",
        ),
        ("2", "visits", "2026-03-11T08:30", false, "NO  the rule is for the tiers A, the customer's is none"),
        ("2", "renewals", "2026-03-11T08:30", false, "NO  Ana was told of it at 2026-03-02 08:30"),
        ("2", "renewals", "2026-03-25T08:30", true, "ok  it fell due on 2026-03-25"),
        ("9", "renewals", "2026-03-25T08:30", false, "NO  the store has no customer `9`"),
    ] {
        let text = says(&stage, &["why-not", customer, rule, "--at", at]);
        assert!(text.contains(said), "{customer} {rule} {at}: {text}");
        let head = text.lines().next().unwrap();
        assert!(head.ends_with(if told { ": told." } else { ": not told." }), "{text}");
        assert_eq!(text.contains("  NO  "), !told, "{text}");
    }
    let unknown = retaind(&stage, &["why-not", "1", "promissed"]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `promised`"));
}

/// A lead hears of it eight working days on, later than anything is told late: so far back it is looked for here, too.
#[test]
fn why_not_looks_as_far_back_as_a_lead_hears() {
    let stage = played(
        "rule signs: kind = \"signal\", signals = [\"usage_drop\"], escalate_after = 8
         defaults calendar = \"office\"
         customers id=1 name=Aurora owner_id=ana
         from 2026-03-01
         2026-03-05 10:00 signals id=s1 customer_id=1 at=2026-03-05T09:00:00 kind=usage_drop",
        "2026-03-11 12:00",
    );
    let text = says(&stage, &["why-not", "1", "signs", "--at", "2026-03-17T08:30"]);
    assert!(text.contains("Eva") && !text.contains("nothing was noticed"), "{text}");
}

#[test]
fn a_changed_configuration_says_what_it_changes_and_what_it_would_not_tell() {
    let mut stage = played(SHOP, "2026-03-11 12:00");
    let same = says(&stage, &["check", "--diff"]);
    assert!(same.contains("Against what the daemon knows: nothing changes."), "{same}");
    stage.given("rule late: kind = \"follow_up\", lead_days = [1]");
    stage.given("job cron = \"0 9 * * *\"");
    stage.write();
    let text = says(&stage, &["check", "--diff"]);
    assert!(text.contains("schedules that move: care; rules that start now: late."), "{text}");
    // Both open follow-ups of March and the old one fell due before today, whenever that is.
    assert!(text.contains("  late starts and would send 3 that fell due before"), "{text}");
    let backlog = says(&stage, &["backlog", "late"]);
    assert!(backlog.contains("f1") && backlog.contains("f2") && backlog.contains("old"), "{backlog}");
    assert!(backlog.contains("3 cases of late"), "{backlog}");
    let unknown = retaind(&stage, &["backlog", "late", "--send"]);
    assert_eq!(unknown.status.code(), Some(65), "the daemon has not run with it yet");
}

#[test]
fn a_simulation_counts_what_everybody_would_get() {
    let stage = played(SHOP, "2026-03-01 12:00");
    let json = |more: &[&str]| -> Json {
        let span = ["simulate", "--from", "2026-03-01", "--to", "2026-03-15", "--json"];
        serde_json::from_str(&says(&stage, &[&span[..], more].concat())).unwrap()
    };
    let own = json(&["--no-backlog"]);
    // A renewal on the 2nd, and from the 10th to the 14th follow-ups, which nobody marks done.
    assert_eq!(own["people"]["ana"], 6, "{own}");
    assert_eq!(own["busiest"][0]["messages"], 1, "{own}");
    // The old follow-up is told each day as well.
    assert_eq!(json(&[])["people"]["ana"], 14);
    let text = says(&stage, &["simulate", "--from", "2026-03-01", "--to", "2026-03-15"]);
    assert!(text.contains("14 messages to 1 people; 14 occurrences done"), "{text}");
    let wrong = retaind(&stage, &["simulate", "--from", "2026-03-02", "--to", "2026-03-01"]);
    assert_eq!(wrong.status.code(), Some(64));
}

const LETTERS: &str = "rule birthdays: kind = \"birthday\"
    job rules = [\"birthdays\"], cron = \"30 8 * * MON-FRI\"
    letters cron = \"0 9 * * *\", rules = [\"birthdays\"]
    defaults quiet = \"20:00-08:00\"
    customers id=1 name=Aurora owner_id=ana birthday=03-10 consent=1 email=a@example.com
    customers id=2 name=Bela owner_id=ana birthday=03-10 consent=0 email=b@example.com
    customers id=3 name=Cora owner_id=ana birthday=03-11 consent=1
    customers id=4 name=Dora owner_id=ana birthday=03-12 consent=1 email=d@example.com
    from 2026-03-01";

#[test]
fn why_not_says_why_a_customer_is_not_written_to() {
    let stage = played(LETTERS, "2026-03-10 12:00");
    let added = says(&stage, &["suppressed", "add", "D@Example.com", "nobody@example.com"]);
    assert_eq!(added, "2 addresses are written to no more; 0 were not before.\n");
    for (customer, at, said) in [
        ("1", "2026-03-10T08:30", "NO  `letters` writes no letter: it was written at 2026-03-10 09:00"),
        (
            "1",
            "2026-03-11T09:00",
            "NO  `letters` writes no letter: letters are written on the day, 2026-03-10",
        ),
        ("1", "2027-03-10T09:00", "ok  `letters` writes to a@example.com"),
        (
            "1",
            "2027-03-10T07:00",
            "NO  `letters` writes no letter: it is quiet there; it waits until 2027-03-10 08:00",
        ),
        ("2", "2026-03-10T09:00", "NO  `letters` writes no letter: the customer has not agreed (`consent`)"),
        ("3", "2026-03-11T09:00", "NO  `letters` writes no letter: the customer has no mail address"),
        ("4", "2026-03-12T09:00", "NO  `letters` writes no letter: the address is not written to any more"),
    ] {
        let text = says(&stage, &["why-not", customer, "birthdays", "--at", at]);
        assert!(text.contains(said), "{customer} at {at}: {text}");
    }
    let listed = says(&stage, &["suppressed"]);
    assert!(listed.contains("operator") && !listed.contains("example.com"), "{listed}");
    let refused = retaind(&stage, &["suppressed", "remove", "d@example.com", "no address"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was changed"));
    assert_eq!(
        says(&stage, &["suppressed", "remove", "d@example.com"]),
        "1 addresses are written to again; 0 were anyway.\n"
    );
    let text = says(&stage, &["why-not", "4", "birthdays", "--at", "2026-03-12T09:00"]);
    assert!(text.contains("ok  `letters` writes to d@example.com"), "{text}");
    let rows: Json = serde_json::from_str(&says(&stage, &["suppressed", "--json"])).unwrap();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_simulation_counts_letters_and_names_no_customer() {
    let stage = played(LETTERS, "2026-03-02 12:00");
    let arguments = ["simulate", "--from", "2026-03-02", "--to", "2026-04-01", "--json"];
    let told: Json = serde_json::from_str(&says(&stage, &arguments)).unwrap();
    assert_eq!(told["people"]["customers"], 2, "{told}");
    let text = says(&stage, &["plan", "--at", "2026-03-09", "--for", "7d"]);
    assert!(text.contains("customer:1") && !text.contains("customer:2"), "{text}");
}

#[test]
fn a_plan_tells_once_what_comes_and_when_each_reader_may_hear_it() {
    let stage = played(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         rule birthdays: kind = \"birthday\"
         job at = \"08:30\"
         people rui: zone = \"Asia/Tokyo\", calendar = \"office\"
         customers id=1 name=Aurora owner_id=ana birthday=03-14
         customers id=2 name=Bela owner_id=rui birthday=03-14
         customers id=3 name=Cora owner_id=ana birthday=03-10
         follow_ups id=f customer_id=1 due_at=2026-03-12
         from 2026-03-09",
        "2026-03-10 12:00",
    );
    let plan = || -> Json {
        serde_json::from_str(&says(&stage, &["plan", "--at", "2026-03-10T12:00", "--for", "7d", "--json"]))
            .unwrap()
    };
    let told: Vec<(String, String)> = plan()
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| {
            let at = one["at"].as_str().unwrap().to_owned();
            let messages = one["messages"].as_array().unwrap().iter();
            messages
                .map(move |m| (at.clone(), m["recipient"].as_str().unwrap().to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    // What was told on the 10th is not told again; Rui's Saturday waits for his Monday.
    let expected =
        [("2026-03-12T08:30:00Z", "ana"), ("2026-03-14T08:30:00Z", "ana"), ("2026-03-15T23:30:00Z", "rui")];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(told, expected);
    assert_eq!(plan(), plan(), "looking changes nothing");
}

#[test]
fn a_simulation_says_what_was_capped() {
    let stage = played(
        "rule birthdays: kind = \"birthday\"
         rule years: kind = \"anniversary\"
         job items = 1, cron = \"30 8 * * *\"
         letters cron = \"0 9 * * *\", rules = [\"years\", \"birthdays\"]
         customers id=1 name=Aurora owner_id=ana birthday=03-10 since=2020-03-10 consent=1 email=a@example.com
         customers id=2 name=Bela owner_id=ana birthday=03-10
         customers id=3 name=Cora owner_id=ana birthday=03-11
         from 2026-03-01",
        "2026-03-02 12:00",
    );
    let told: Json = serde_json::from_str(&says(
        &stage,
        &["simulate", "--from", "2026-03-02", "--to", "2026-04-01", "--json"],
    ))
    .unwrap();
    let longer = serde_json::json!([{ "job": "care", "items": 1, "digests": 1, "most": 2 }]);
    assert_eq!(told["longer"], longer);
    assert_eq!(told["dropped"]["they were written to today as often as `a_day` allows"], 1, "{told}");
    let text = says(&stage, &["simulate", "--from", "2026-03-02", "--to", "2026-04-01"]);
    assert!(
        text.contains("1 digests of care have more than the 1 customers they show; the longest has 2."),
        "{text}"
    );
}

#[test]
fn a_lead_reads_what_their_team_did_since_the_last_digest() {
    let stage = played(
        "rule promised: kind = \"follow_up\", escalate_after = 2
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=rui
         customers id=3 name=Cora owner_id=rui
         follow_ups id=f1 customer_id=1 due_at=2026-03-04
         follow_ups id=f2 customer_id=2 due_at=2026-03-04
         follow_ups id=f3 customer_id=3 due_at=2026-03-04
         follow_ups id=f4 customer_id=3 rep_id=ana due_at=2026-03-04
         from 2026-03-03
         2026-03-04 10:00 ana does done 1
         2026-03-04 11:00 rui does snooze 2 2026-03-20
         2026-03-06 08:00 rui does done 3",
        "2026-03-06 08:10",
    );
    let folder = stage.path("out");
    let out = folder.to_str().unwrap();
    let team = |day: &str| {
        says(&stage, &["preview", "care", "--at", &format!("{day}T08:30"), "--out", out]);
        let mail = std::fs::read(folder.join("eva-room.eml")).unwrap();
        let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
        let text = mail.body_text(0).unwrap().into_owned();
        text.lines().find(|line| line.starts_with("Your team")).map(str::to_owned)
    };
    // What was done this morning is in the next one.
    assert_eq!(
        team("2026-03-06").as_deref(),
        Some("Your team since Fri 27 Feb: Ana (1 done) and Rui (1 snoozed).")
    );
    assert_eq!(
        team("2026-03-07").as_deref(),
        Some("Your team since Sat 28 Feb: Ana (1 done) and Rui (1 done and 1 snoozed).")
    );
}

#[test]
fn check_says_which_rules_find_nothing_for_want_of_a_column() {
    let stage = played(LETTERS, "2026-03-02 12:00");
    assert!(!says(&stage, &["check"]).contains("off for want of"), "{}", says(&stage, &["check"]));
    let path = stage.path("retaind.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mapped = "[store.relations.customers]\nquery = \"SELECT id, name, owner_id, email FROM customers\"\n";
    std::fs::write(&path, text.replace("[channels.crm]", &format!("{mapped}[channels.crm]"))).unwrap();
    let said = says(&stage, &["check"]);
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("want of `customers.")).collect();
    assert_eq!(
        lines,
        [
            "  off for want of `customers.birthday`: rule birthdays",
            "  off for want of `customers.consent`: letters of letters",
        ]
    );
}

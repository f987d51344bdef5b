//! Reminders as stories: every kind of rule, to whom, when, once.

use crate::story::plays;

#[test]
fn a_follow_up_is_told_when_it_is_due_and_each_day_until_it_is_done() {
    plays(
        "rule promised: kind = \"follow_up\", lead_days = [2]
         customers id=1 name=Aurora owner_id=ana
         follow_ups id=f customer_id=1 rep_id=rui due_at=2026-03-05 subject=Proposal
         from 2026-03-01
         2026-03-03 08:30 rui hears Aurora (follow-up due 5 Mar 2026, in 2 days)
         2026-03-05 08:30 rui hears Aurora (follow-up due today)
         2026-03-06 08:30 rui hears Aurora (follow-up was due yesterday)
         2026-03-07 08:30 rui hears Aurora (follow-up was due 5 Mar 2026, 2 days ago)
         2026-03-07 12:00 UPDATE follow_ups SET done_at = '2026-03-07T11:00:00'
         until 2026-03-20",
    );
}

#[test]
fn what_was_due_before_a_rule_was_on_is_its_backlog() {
    plays(
        "rule promised: kind = \"follow_up\"
         customers id=1 name=Aurora owner_id=ana
         follow_ups id=old customer_id=1 due_at=2026-02-20 subject=Old
         follow_ups id=new customer_id=1 due_at=2026-03-02 subject=New
         from 2026-03-01
         2026-03-02 08:30 ana hears Aurora (follow-up due today)
         2026-03-02 12:00 UPDATE follow_ups SET done_at = '2026-03-02T11:00:00' WHERE id = 'new'
         2026-03-04 12:00 backlog promised
         2026-03-05 08:30 ana hears Aurora (follow-up was due 20 Feb 2026, 13 days ago)
         2026-03-05 12:00 UPDATE follow_ups SET done_at = '2026-03-05T11:00:00'
         until 2026-03-20",
    );
}

#[test]
fn a_customer_nobody_contacted_is_told_once_and_again_when_it_is_too_long() {
    plays(
        "rule visits: kind = \"contact_gap\", contact_days = 30, contact_days_by_tier = { A = 10 }, at_most_days = 45
         customers id=1 name=Aurora owner_id=ana tier=A
         customers id=2 name=Bela owner_id=ana
         interactions id=i1 customer_id=1 at=2026-02-25 kind=visit
         interactions id=i2 customer_id=2 at=2026-02-25 kind=call
         from 2026-03-01
         2026-03-07 08:30 ana hears Aurora (contact owed: the last was 10 days ago, usually every 10 days)
         2026-03-10 15:00 interactions id=i3 customer_id=1 at=2026-03-10T14:00:00 kind=email
         2026-03-20 08:30 ana hears Aurora (contact owed: the last was 10 days ago, usually every 10 days)
         2026-03-21 12:00 interactions id=i4 customer_id=1 at=2026-03-21T11:00:00 kind=meeting
         2026-03-27 08:30 ana hears Bela (contact owed: the last was 30 days ago, usually every 30 days)
         2026-03-31 08:30 ana hears Aurora (contact owed: the last was 10 days ago, usually every 10 days)
         2026-04-01 12:00 DELETE FROM customers WHERE id = '1'
         2026-04-11 08:30 ana hears Bela (contact long owed: the last was 45 days ago, usually every 30 days)
         until 2026-05-20",
    );
}

#[test]
fn a_customer_goes_back_to_the_pool_and_the_lead_hears_of_it() {
    plays(
        "rule visits: kind = \"contact_gap\", contact_days = 30, release_after_days = 60, events = [\"crm\"]
         customers id=1 name=Aurora owner_id=ana
         interactions id=i customer_id=1 at=2026-03-01 kind=visit
         from 2026-03-01
         2026-03-31 08:30 ana hears Aurora (contact owed: the last was 30 days ago, usually every 30 days)
         2026-04-27 08:30 ana hears Aurora (goes back to the pool 30 Apr 2026, in 3 days, unless there is a contact)
         2026-04-30 08:30 customer:1 hears customer.released
         2026-04-30 08:30 eva hears Aurora (goes back to the pool today: no contact (customer of Ana))
         until 2026-07-01",
    );
}

#[test]
fn birthdays_of_the_29th_of_february_and_of_the_chinese_calendar_fall_each_year() {
    plays(
        "rule birthdays: kind = \"birthday\", lead_days = [3]
         customers id=1 name=Leap owner_id=ana birthday=1992-02-29
         customers id=2 name=Bela owner_id=ana birthday=03-01
         from 2027-02-20
         2027-02-25 08:30 ana hears Leap (birthday on 28 Feb 2027, in 3 days)
         2027-02-26 08:30 ana hears Bela (birthday on 1 Mar 2027, in 3 days)
         2027-02-28 08:30 ana hears Leap (birthday today)
         2027-03-01 08:30 ana hears Bela (birthday today)
         until 2027-03-20",
    );
    plays(
        "rule birthdays: kind = \"birthday\", leap_day = \"1-march\"
         customers id=1 name=Leap owner_id=ana birthday=1992-02-29
         from 2027-02-20
         2027-03-01 08:30 ana hears Leap (birthday today)
         until 2028-03-20
         2028-02-29 08:30 ana hears Leap (birthday today)",
    );
    plays(
        "rule birthdays: kind = \"birthday\", birthday_calendar = \"lunar\"
         customers id=1 name=Lin owner_id=ana birthday=1990-01-27
         from 2026-02-01
         2026-02-17 08:30 ana hears Lin (birthday today)
         until 2027-02-20
         2027-02-06 08:30 ana hears Lin (birthday today)",
    );
}

#[test]
fn anniversaries_and_other_days_are_told_ahead_and_on_the_day() {
    plays(
        "rule years: kind = \"anniversary\"
         rule days: kind = \"important_date\", lead_days = [7]
         customers id=1 name=Aurora owner_id=ana since=2021-03-10
         important_dates customer_id=1 label=\"Shop opening\" date=2026-03-12 yearly=0
         important_dates customer_id=1 label=\"Founders' day\" date=05-01 yearly=1
         from 2026-03-01
         2026-03-05 08:30 ana hears Aurora (Shop opening on 12 Mar 2026, in 7 days)
         2026-03-10 08:30 ana hears Aurora (5 years with us today)
         2026-03-12 08:30 ana hears Aurora (Shop opening today)
         2026-04-24 08:30 ana hears Aurora (Founders' day on 1 May 2026, in 7 days)
         2026-05-01 08:30 ana hears Aurora (Founders' day today)
         until 2027-03-01",
    );
}

#[test]
fn a_renewal_is_told_at_each_lead_and_a_large_one_to_the_lead_too() {
    plays(
        "rule renewals: kind = \"renewal\", lead_days = [30, 7], lead_above_minor = 100000
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Big owner_id=rui
         customers id=3 name=Gone owner_id=rui
         subscriptions id=s1 customer_id=1 mrr_minor=5000 starts_on=2025-04-01 renews_on=2026-04-01
         subscriptions id=s2 customer_id=2 mrr_minor=150000 starts_on=2025-04-10 renews_on=2026-04-10
         subscriptions id=s3 customer_id=3 mrr_minor=5000 starts_on=2025-04-01 renews_on=2026-04-01 ends_on=2026-04-01
         from 2026-03-01
         2026-03-02 08:30 ana hears Aurora (renews 1 Apr 2026, in 30 days (€50 a month))
         2026-03-11 08:30 rui hears Big (renews 10 Apr 2026, in 30 days (€1,500 a month))
         2026-03-11 08:30 eva hears Big (renews 10 Apr 2026, in 30 days (€1,500 a month) (customer of Rui))
         2026-03-20 12:00 UPDATE subscriptions SET renews_on = '2027-04-10' WHERE id = 's2'
         2026-03-25 08:30 ana hears Aurora (renews 1 Apr 2026, in 7 days (€50 a month))
         2026-04-01 08:30 ana hears Aurora (renews today (€50 a month))
         until 2026-05-01",
    );
}

#[test]
fn whoever_left_is_remembered_some_days_after() {
    plays(
        "rule back: kind = \"win_back\", after_days = [10, 40]
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=ana
         subscriptions id=s1 customer_id=1 mrr_minor=5000 starts_on=2025-04-01 ends_on=2026-03-05
         subscriptions id=s2 customer_id=2 mrr_minor=5000 starts_on=2025-04-01 ends_on=2026-03-05
         from 2026-03-01
         2026-03-15 08:30 ana hears Aurora (left 5 Mar 2026, 10 days ago), Bela (left 5 Mar 2026, 10 days ago)
         2026-04-01 12:00 subscriptions id=s3 customer_id=2 mrr_minor=5000 starts_on=2026-04-01
         2026-04-14 08:30 ana hears Aurora (left 5 Mar 2026, 40 days ago)
         until 2026-06-01",
    );
}

#[test]
fn what_a_leaver_leaves_behind_is_their_leads() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         rule left: kind = \"handover\", repeat_days = 7
         customers id=1 name=Aurora owner_id=ana
         follow_ups id=f customer_id=1 due_at=2026-03-10 subject=Call
         from 2026-03-01
         2026-03-05 12:00 UPDATE reps SET active = 0 WHERE id = 'ana'
         2026-03-06 08:30 eva hears Ana (has left and still has 1 customer)
         2026-03-10 08:30 eva hears Aurora (follow-up due today (of Ana, who has left))
         2026-03-13 08:30 eva hears Ana (has left and still has 1 customer)
         2026-03-14 12:00 UPDATE customers SET owner_id = 'rui'
         2026-03-15 08:30 rui hears Aurora (follow-up was due 10 Mar 2026, 5 days ago)
         until 2026-04-01",
    );
}

#[test]
fn what_a_rep_who_left_promised_is_counted_whenever_it_is_due() {
    plays(
        "rule left: kind = \"handover\", repeat_days = 7
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=rui
         follow_ups id=f customer_id=1 rep_id=rui due_at=2026-06-10 subject=Call
         follow_ups id=g customer_id=2 rep_id=rui due_at=2026-07-10 subject=Visit
         follow_ups id=h customer_id=2 rep_id=ana due_at=2026-07-10 subject=Mail
         from 2026-03-01
         2026-03-05 12:00 UPDATE reps SET active = 0 WHERE id = 'rui'
         2026-03-06 08:30 eva hears Rui (has left and still has 1 customer and 2 open follow-ups)
         2026-03-06 12:00 UPDATE customers SET owner_id = 'ana'
         2026-03-13 08:30 eva hears Rui (has left and still has 2 open follow-ups)
         2026-03-14 12:00 UPDATE follow_ups SET rep_id = 'ana'
         until 2026-04-01",
    );
}

#[test]
fn a_complaint_that_waits_goes_from_the_rep_to_the_lead() {
    plays(
        "rule complaints: kind = \"complaint\", reply_within = \"24h\", resolve_within = \"5d\", repeat_days = 0, escalate_after = 2
         defaults calendar = \"office\"
         customers id=1 name=Aurora owner_id=ana
         from 2026-03-01
         2026-03-05 10:00 complaints id=c customer_id=1 opened_at=2026-03-05T09:00:00
         2026-03-06 08:30 ana hears Aurora (complaint since yesterday without a reply, owed within 24 hours)
         2026-03-10 08:30 ana hears Aurora (complaint open for 5 days, to be settled within 5 days)
         2026-03-12 08:30 eva hears Aurora (complaint open for 7 days, to be settled within 5 days (Ana has not acted for 2 working days))
         until 2026-03-20",
    );
}

#[test]
fn signals_and_words_in_notes_are_told_as_they_come() {
    plays(
        "rule signs: kind = \"signal\", signals = [\"usage_drop\"], keywords = [\"competitor\", \"取消\"]
         customers id=1 name=Aurora owner_id=ana
         from 2026-03-01
         2026-03-05 10:00 signals id=s1 customer_id=1 at=2026-03-05T09:00:00 kind=usage_drop value=\"-40 %\"
         2026-03-05 10:00 signals id=s2 customer_id=1 at=2026-03-05T09:00:00 kind=job_change
         2026-03-05 11:00 interactions id=i1 customer_id=1 at=2026-03-05T10:30:00 kind=call note=\"Spoke of a competitor.\"
         2026-03-05 11:00 interactions id=i2 customer_id=1 at=2026-03-05T10:40:00 kind=call note=\"All competitors are worse.\"
         2026-03-06 08:30 ana hears Aurora (usage drop -40 %, noticed yesterday; “competitor” in a note of yesterday)
         2026-03-06 11:00 interactions id=i3 customer_id=1 at=2026-03-06T10:30:00 kind=call note=\"客户想取消合同\"
         2026-03-07 08:30 ana hears Aurora (“取消” in a note of yesterday)
         until 2026-04-01",
    );
}

#[test]
fn a_signal_that_waits_for_longer_than_it_is_told_late_still_goes_to_the_lead() {
    plays(
        "rule signs: kind = \"signal\", signals = [\"usage_drop\"], escalate_after = 8
         rule renews: kind = \"renewal\", lead_days = [0], escalate_after = 8
         defaults calendar = \"office\"
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=ana
         subscriptions id=s customer_id=2 mrr_minor=5000 starts_on=2025-03-05 renews_on=2026-03-05
         from 2026-03-01
         2026-03-05 08:30 ana hears Bela (renews today (€50 a month))
         2026-03-05 10:00 signals id=s1 customer_id=1 at=2026-03-05T09:00:00 kind=usage_drop
         2026-03-06 08:30 ana hears Aurora (usage drop, noticed yesterday)
         2026-03-17 08:30 eva hears Bela (renewed 5 Mar 2026, 12 days ago (€50 a month) (Ana has not acted for 8 working days)), Aurora (usage drop, noticed 12 days ago (Ana has not acted for 8 working days))
         until 2026-04-01",
    );
}

#[test]
fn a_risk_is_told_when_it_rises_and_not_again_until_it_has_cleared() {
    plays(
        "rule risks: kind = \"risk\", level = 14, clear = 5
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Old owner_id=ana
         subscriptions id=s1 customer_id=1 mrr_minor=5000 starts_on=2025-04-01
         subscriptions id=s2 customer_id=2 mrr_minor=5000 starts_on=2025-04-01
         interactions id=i1 customer_id=1 at=2026-03-01 kind=call
         interactions id=i2 customer_id=2 at=2026-03-01 kind=call
         complaints id=c2 customer_id=2 opened_at=2026-02-01
         complaints id=c3 customer_id=2 opened_at=2026-02-01
         from 2026-03-01
         2026-03-05 10:00 complaints id=c1 customer_id=1 opened_at=2026-03-05T09:00:00
         2026-03-07 10:00 complaints id=c4 customer_id=1 opened_at=2026-03-07T09:00:00
         2026-03-08 08:30 ana hears Aurora (risk 15: 2 open complaints)
         2026-03-10 10:00 UPDATE complaints SET resolved_at = '2026-03-10T09:00:00' WHERE id = 'c4'
         2026-03-12 10:00 complaints id=c5 customer_id=1 opened_at=2026-03-12T09:00:00
         2026-03-14 10:00 UPDATE complaints SET resolved_at = '2026-03-14T09:00:00' WHERE customer_id = '1'
         2026-03-16 10:00 complaints id=c6 customer_id=1 opened_at=2026-03-16T09:00:00
         2026-03-16 10:00 complaints id=c7 customer_id=1 opened_at=2026-03-16T09:00:00
         2026-03-17 08:30 ana hears Aurora (risk 15: 2 open complaints)
         until 2026-04-01",
    );
}

#[test]
fn one_customer_with_several_reasons_is_one_entry_and_the_most_pressing_leads() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         rule years: kind = \"anniversary\", lead_days = [3]
         customers id=1 name=Aurora owner_id=ana since=2021-03-13
         customers id=2 name=Bela owner_id=ana
         customers id=3 name=Big owner_id=ana
         subscriptions id=s1 customer_id=2 mrr_minor=5000 starts_on=2025-04-01
         subscriptions id=s2 customer_id=3 mrr_minor=9000 starts_on=2025-04-01
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         follow_ups id=f2 customer_id=2 due_at=2026-03-10
         follow_ups id=f3 customer_id=3 due_at=2026-03-10
         from 2026-03-01
         2026-03-10 08:30 ana hears Big (follow-up due today), Bela (follow-up due today), Aurora (follow-up due today; 5 years with us on 13 Mar 2026, in 3 days)
         2026-03-13 08:30 ana hears Aurora (5 years with us today)
         until 2026-04-01",
    );
}

#[test]
fn nothing_arrives_in_quiet_hours_on_days_off_or_while_somebody_is_away() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         job cron = \"0 6 * * *\"
         defaults calendar = \"office\"
         people ana: quiet = \"20:00-07:30\"
         people rui: away = [{ from = \"2026-03-09\", to = \"2026-03-11\", deputy = \"ana\" }]
         people eva: away = [{ from = \"2026-03-09\", to = \"2026-03-11\" }]
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=rui
         customers id=3 name=Cora owner_id=eva
         follow_ups id=f1 customer_id=1 due_at=2026-03-07
         follow_ups id=f2 customer_id=1 due_at=2026-03-08
         follow_ups id=f3 customer_id=2 due_at=2026-03-10
         follow_ups id=f4 customer_id=3 due_at=2026-03-10
         from 2026-03-01
         2026-03-08 12:00 UPDATE follow_ups SET done_at = '2026-03-08T11:00:00' WHERE id = 'f2'
         2026-03-09 07:30 ana hears Aurora (follow-up was due 7 Mar 2026, 2 days ago)
         2026-03-10 07:30 ana hears Bela (follow-up due today (for Rui, away until 11 Mar 2026))
         2026-03-12 06:00 eva hears Cora (follow-up was due 10 Mar 2026, 2 days ago)
         until 2026-04-01",
    );
}

#[test]
fn what_fell_due_while_the_daemon_was_down_is_told_when_it_is_up_and_nothing_twice() {
    plays(
        "rule birthdays: kind = \"birthday\", max_late_days = 3
         customers id=1 name=Early owner_id=ana birthday=1990-03-04
         customers id=2 name=Bela owner_id=ana birthday=1990-03-08
         customers id=3 name=Cora owner_id=ana birthday=1990-03-09
         from 2026-03-01
         2026-03-03 12:00 the daemon is down
         2026-03-09 10:00 the daemon is up
         2026-03-09 10:00 ana hears Bela (birthday yesterday), Cora (birthday today)
         2026-03-09 12:00 the daemon is down
         2026-03-09 13:00 the daemon is up
         until 2026-04-01",
    );
}

#[test]
fn a_rule_that_changes_starts_anew_and_floods_nobody() {
    plays(
        "rule visits: kind = \"contact_gap\", contact_days = 60
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=ana
         interactions id=i1 customer_id=1 at=2026-02-01 kind=visit
         interactions id=i2 customer_id=2 at=2026-02-20 kind=visit
         from 2026-03-01
         2026-03-05 12:00 rule visits: kind = \"contact_gap\", contact_days = 30
         2026-03-22 08:30 ana hears Bela (contact owed: the last was 30 days ago, usually every 30 days)
         until 2026-04-01",
    );
}

#[test]
fn half_past_eight_is_each_readers_own() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         job at = \"08:30\"
         people ana: zone = \"Asia/Tokyo\"
         people rui: zone = \"America/Sao_Paulo\"
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=rui
         customers id=3 name=Cora owner_id=eva
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         follow_ups id=f2 customer_id=2 due_at=2026-03-10
         follow_ups id=f3 customer_id=3 due_at=2026-03-10
         from 2026-03-01
         2026-03-09 23:30 ana hears Aurora (follow-up due today)
         2026-03-10 08:30 eva hears Cora (follow-up due today)
         2026-03-10 11:30 rui hears Bela (follow-up due today)
         until 2026-04-01",
    );
}

#[test]
fn days_of_changing_clocks_have_one_morning_each() {
    for (zone, when, from, until) in [
        ("Europe/Paris", "2026-03-29 08:30", "2026-03-27", "2026-04-02"),
        ("Europe/Paris", "2026-10-25 08:30", "2026-10-23", "2026-10-28"),
        ("America/Sao_Paulo", "2018-11-04 08:30", "2018-11-02", "2018-11-07"),
        ("Australia/Lord_Howe", "2026-10-04 08:30", "2026-10-02", "2026-10-07"),
    ] {
        let day = &when[..10];
        plays(&format!(
            "zone {zone}
             rule promised: kind = \"follow_up\", repeat_days = 0
             customers id=1 name=Aurora owner_id=ana
             follow_ups id=f customer_id=1 due_at={day}
             from {from}
             {when} ana hears Aurora (follow-up due today)
             until {until}"
        ));
    }
    // Half past midnight was not there in São Paulo; it is told where the day begins. Apia had no 30 December.
    plays(
        "zone America/Sao_Paulo
         rule promised: kind = \"follow_up\", repeat_days = 0
         job cron = \"30 0 * * *\"
         customers id=1 name=Aurora owner_id=ana
         follow_ups id=f customer_id=1 due_at=2018-11-04
         from 2018-11-02
         2018-11-04 01:00 ana hears Aurora (follow-up due today)
         until 2018-11-07",
    );
    plays(
        "zone Pacific/Apia
         rule birthdays: kind = \"birthday\"
         customers id=1 name=Aurora owner_id=ana birthday=1990-12-30
         from 2011-12-28
         2011-12-31 00:00 ana hears Aurora (birthday yesterday)
         until 2012-01-03",
    );
}

#[test]
fn what_could_not_be_sent_in_time_is_looked_at_again() {
    // Tries come after half a minute, one, two and then every five minutes; a digest is of use for an hour: the
    // sixteenth try is of the one made at 09:35.
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=ana
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         follow_ups id=f2 customer_id=2 due_at=2026-03-10
         from 2026-03-01
         2026-03-10 08:00 room 18
         2026-03-10 09:00 UPDATE follow_ups SET done_at = '2026-03-10T09:00:00' WHERE id = 'f1'
         2026-03-10 09:49 ana hears Bela (follow-up due today)
         until 2026-04-01",
    );
}

#[test]
fn what_is_refused_is_told_the_next_day() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         customers id=1 name=Aurora owner_id=ana
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         from 2026-03-01
         2026-03-10 08:00 refused 1
         2026-03-11 08:30 ana hears Aurora (follow-up was due yesterday)
         until 2026-04-01",
    );
}

#[test]
fn a_late_run_respects_the_evening() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         people ana: quiet = \"19:00-08:00\"
         customers id=1 name=Aurora owner_id=ana
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         from 2026-03-01
         2026-03-10 08:00 the daemon is down
         2026-03-10 20:00 the daemon is up
         2026-03-11 08:00 ana hears Aurora (follow-up was due yesterday)
         until 2026-04-01",
    );
}

#[test]
fn what_is_done_put_off_or_handed_over_follows_the_case() {
    plays(
        "rule promised: kind = \"follow_up\"
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=ana
         customers id=3 name=Cora owner_id=ana
         customers id=4 name=Dora owner_id=ana
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         follow_ups id=f2 customer_id=2 due_at=2026-03-10
         follow_ups id=f3 customer_id=3 due_at=2026-03-10
         follow_ups id=f4 customer_id=4 due_at=2026-03-10
         from 2026-03-01
         2026-03-10 08:30 ana hears Aurora (follow-up due today), Bela (follow-up due today), Cora (follow-up due today), Dora (follow-up due today)
         2026-03-10 09:00 ana does done 1
         2026-03-10 09:00 ana does snooze 2 2026-03-13
         2026-03-10 09:00 ana does hand_over 3 rui
         2026-03-10 09:00 ana does not_mine 4
         2026-03-11 08:30 rui hears Cora (follow-up was due yesterday (handed over by Ana))
         2026-03-11 08:30 eva hears Dora (follow-up was due yesterday (Ana says it is not theirs))
         2026-03-11 09:00 UPDATE follow_ups SET done_at = '2026-03-11T09:00:00' WHERE id IN ('f3', 'f4')
         2026-03-13 08:30 ana hears Bela (follow-up was due 10 Mar 2026, 3 days ago)
         2026-03-13 09:00 ana does done 2
         until 2026-04-01",
    );
}

#[test]
fn what_was_done_about_a_customer_starts_the_clock_anew() {
    plays(
        "rule visits: kind = \"contact_gap\", contact_days = 30
         customers id=1 name=Aurora owner_id=ana
         interactions id=i1 customer_id=1 at=2026-02-10 kind=visit
         from 2026-03-01
         2026-03-12 08:30 ana hears Aurora (contact owed: the last was 30 days ago, usually every 30 days)
         2026-03-13 10:00 ana does done 1
         2026-04-12 08:30 ana hears Aurora (contact owed: the last was 30 days ago, usually every 30 days)
         until 2026-05-01",
    );
}

#[test]
fn a_shop_without_contracts_puts_first_who_has_brought_most() {
    plays(
        "churn basis = \"inactivity\"
         rule promised: kind = \"follow_up\", repeat_days = 0
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=ana
         transactions id=t1 customer_id=1 at=2026-02-10 amount_minor=5000
         transactions id=t2 customer_id=2 at=2026-02-20 amount_minor=4000
         transactions id=t3 customer_id=2 at=2026-01-20 amount_minor=4000
         follow_ups id=f1 customer_id=1 due_at=2026-03-10
         follow_ups id=f2 customer_id=2 due_at=2026-03-10
         from 2026-03-01
         2026-03-10 08:30 ana hears Bela (follow-up due today), Aurora (follow-up due today)
         until 2026-03-20",
    );
}

#[test]
fn what_is_over_a_readers_cap_comes_the_next_day_and_is_not_lost() {
    plays(
        "rule promised: kind = \"follow_up\", repeat_days = 0
         job cron = \"30 8-17/9 * * *\"
         people ana: digests_a_day = 1
         customers id=1 name=Aurora owner_id=ana
         customers id=2 name=Bela owner_id=rui
         follow_ups id=f customer_id=1 due_at=2026-03-05 subject=Proposal
         from 2026-03-04
         2026-03-05 08:30 ana hears Aurora (follow-up due today)
         2026-03-05 12:00 follow_ups id=g customer_id=1 due_at=2026-03-05 subject=Offer
         2026-03-05 12:00 follow_ups id=h customer_id=2 due_at=2026-03-05 subject=Call
         2026-03-05 17:30 rui hears Bela (follow-up due today)
         2026-03-06 08:30 ana hears Aurora (follow-up was due yesterday)
         until 2026-03-20",
    );
}

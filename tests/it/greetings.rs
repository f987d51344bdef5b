//! Greetings to customers: those who agreed, on their day, not too often, and never again once they ask so.

use crate::story::plays;

#[test]
fn a_customer_who_agreed_is_greeted_on_the_day_and_at_no_other_time() {
    plays(
        "rule birthdays: kind = \"birthday\", lead_days = [3]
         letters cron = \"0 9 * * *\", rules = [\"birthdays\"]
         customers id=1 name=Aurora owner_id=ana birthday=1990-03-29 consent=1 email=aurora@example.com
         customers id=2 name=Bela owner_id=ana birthday=1990-03-29 consent=0 email=bela@example.com
         customers id=3 name=Cara owner_id=ana birthday=1990-03-29 consent=1
         customers id=4 name=Dora owner_id=ana birthday=1990-03-29 email=dora@example.com
         customers id=5 name=Elsa owner_id=ana birthday=1990-03-30 consent=1 email=elsa@example.com
         from 2026-03-25
         2026-03-26 08:30 ana hears Aurora (birthday 29 Mar 2026, in 3 days), Bela (birthday 29 Mar 2026, in 3 days), Cara (birthday 29 Mar 2026, in 3 days), Dora (birthday 29 Mar 2026, in 3 days)
         2026-03-27 08:30 ana hears Elsa (birthday 30 Mar 2026, in 3 days)
         2026-03-29 08:30 ana hears Aurora (birthday today), Bela (birthday today), Cara (birthday today), Dora (birthday today)
         2026-03-29 09:00 customer:1 hears Happy birthday, Aurora!
         2026-03-30 06:00 the daemon is down
         2026-03-31 06:00 the daemon is up
         2026-03-31 06:00 ana hears Elsa (birthday yesterday)
         until 2026-04-10",
    );
}

#[test]
fn customers_read_in_their_language_and_are_not_woken() {
    plays(
        "zone Europe/Paris
         rule birthdays: kind = \"birthday\"
         job rules = [\"birthdays\"], cron = \"0 23 31 12 *\"
         defaults quiet = \"20:00-09:00\"
         letters cron = \"0 9 * * *\", rules = [\"birthdays\"]
         customers id=1 name=Aurora birthday=03-29 consent=1 email=a@example.com language=pt-BR time_zone=America/Sao_Paulo
         customers id=2 name=Bela birthday=03-29 consent=1 email=b@example.com time_zone=Asia/Tokyo
         customers id=3 name=Cara birthday=03-29 consent=1 email=c@example.com time_zone=Nowhere/Land
         from 2026-03-25
         2026-03-29 09:00 customer:2 hears Happy birthday, Bela!
         2026-03-29 09:00 customer:3 hears Happy birthday, Cara!
         2026-03-29 14:00 customer:1 hears Feliz aniversário, Aurora!
         until 2026-04-10",
    );
}

#[test]
fn nobody_is_written_to_more_often_than_the_caps_allow() {
    plays(
        "rule birthdays: kind = \"birthday\"
         rule years: kind = \"anniversary\"
         rule days: kind = \"important_date\"
         job rules = [\"days\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"years\", \"birthdays\", \"days\"]
         customers id=1 name=Aurora birthday=03-29 since=2021-03-29 consent=1 email=a@example.com
         customers id=2 name=Bela birthday=03-02 consent=1 email=b@example.com
         important_dates customer_id=2 label=Opening date=2026-03-03 yearly=0
         important_dates customer_id=2 label=Fair date=2026-03-04 yearly=0
         important_dates customer_id=2 label=Prize date=2026-03-05 yearly=0
         important_dates customer_id=2 label=Move date=2026-03-09 yearly=0
         from 2026-03-01
         2026-03-02 09:00 customer:2 hears Happy birthday, Bela!
         2026-03-03 09:00 customer:2 hears Opening: our best wishes, Bela
         2026-03-04 09:00 customer:2 hears Fair: our best wishes, Bela
         2026-03-09 09:00 customer:2 hears Move: our best wishes, Bela
         2026-03-29 09:00 customer:1 hears 5 years together, Aurora
         until 2026-04-10",
    );
}

#[test]
fn renewals_are_announced_at_each_step_until_they_have_renewed() {
    plays(
        "rule renewals: kind = \"renewal\", lead_days = [30], max_late_days = 3
         job rules = [\"renewals\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"renewals\"]
         customers id=1 name=Aurora consent=1 email=a@example.com
         subscriptions id=s customer_id=1 mrr_minor=150000 starts_on=2025-04-10 renews_on=2026-04-10
         from 2026-03-01
         2026-03-11 06:00 the daemon is down
         2026-03-12 06:00 the daemon is up
         2026-03-12 06:00 customer:1 hears Aurora, your contract renews on 10 Apr 2026
         2026-04-10 09:00 customer:1 hears Aurora, your contract renews today
         until 2026-05-10",
    );
}

#[test]
fn whoever_asks_so_is_written_to_no_more_even_what_is_on_its_way() {
    plays(
        "rule days: kind = \"important_date\"
         job rules = [\"days\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"days\"]
         customers id=1 name=Aurora consent=1 email=Aurora@example.com
         important_dates customer_id=1 label=Opening date=2026-03-03 yearly=0
         important_dates customer_id=1 label=Fair date=2026-03-05 yearly=0
         important_dates customer_id=1 label=Prize date=2026-03-09 yearly=0
         from 2026-03-01
         2026-03-03 09:00 customer:1 hears Opening: our best wishes, Aurora
         2026-03-05 08:00 room 3
         2026-03-05 09:00 stop aurora@example.com
         until 2026-03-20",
    );
}

#[test]
fn a_mailbox_that_is_not_there_is_written_to_twice_and_no_more() {
    plays(
        "rule days: kind = \"important_date\"
         job rules = [\"days\"], cron = \"0 23 31 12 *\"
         letters cron = \"0 9 * * *\", rules = [\"days\"], a_week = 7
         customers id=1 name=Aurora consent=1 email=a@example.com
         important_dates customer_id=1 label=One date=2026-03-03 yearly=0
         important_dates customer_id=1 label=Two date=2026-03-05 yearly=0
         important_dates customer_id=1 label=Three date=2026-03-07 yearly=0
         important_dates customer_id=1 label=Four date=2026-03-09 yearly=0
         from 2026-03-01
         2026-03-03 08:00 bounces 1
         2026-03-05 09:00 customer:1 hears Two: our best wishes, Aurora
         2026-03-07 08:00 bounces 1
         until 2026-03-20",
    );
}

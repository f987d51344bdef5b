//! What late data changes after it was told: the figures are told again, once, with who accounts for it and nobody else.

use mail_parser::MimeHeaders as _;
use retaind::domain::{Period, Sketch};
use retaind::metrics::parts::KEPT;
use retaind::metrics::{Basis, Definition, Metric, Panel, Settings};

use crate::demo_shop::{october, shop};
use crate::runs::{CONFIG, Shop, last_mail};

/// What the parts of all customers add up to, as few at a time as can be told apart.
fn sums(panel: &Panel<'_>, month: &Period) -> Vec<[i128; 2]> {
    let mut sums = vec![[0; 2]; KEPT.len()];
    for (at, some) in panel.customers.chunks(500).enumerate() {
        let some = Panel { customers: some.to_vec(), ..*panel };
        for ((metric, sketch), sum) in KEPT.iter().zip(some.sketches(&KEPT, month)).zip(&mut sums) {
            // Leads are nobody's.
            if at == 0 || *metric != Metric::Leads {
                let parts = sketch.since(&Sketch::default()).expect("few enough");
                for part in parts.values() {
                    *sum = [sum[0] + part.num, sum[1] + part.den];
                }
            }
        }
    }
    sums
}

/// The parts of all customers add up to the figure, whatever it is and however it is counted.
#[test]
fn what_each_brings_adds_up_to_the_figure() {
    let facts = &shop().facts;
    let (mut looked, mut some) = (0, 0);
    for basis in [Basis::Contract, Basis::Inactivity(45)] {
        for definition in
            [Definition::Cohort, Definition::Events, Definition::EventsPlusNew, Definition::InactiveShare]
        {
            if definition == Definition::InactiveShare && basis == Basis::Contract {
                continue;
            }
            let settings = Settings { basis, definition, reactivation_in: true, ..Settings::default() };
            let reps: Vec<String> = facts.customers.owners().iter().flatten().take(3).cloned().collect();
            for panel in [Panel::of(facts, &settings), Panel::of_owners(facts, &settings, &reps)] {
                let months = october(facts.lens.today()).trail(13);
                let readings = panel.readings(&KEPT, &months, &[]);
                for (at, month) in months.iter().enumerate() {
                    for (metric, [num, den]) in KEPT.iter().zip(sums(&panel, month)) {
                        let Some(told) = readings.whole(*metric, at).value.exact() else { continue };
                        assert_eq!(num, told.numerator(), "{metric:?} {definition:?} {month:?}");
                        // Of what is counted itself there is nothing to divide by.
                        let is_rate = told.denominator() != 1 || den != 0;
                        assert!(!is_rate || den == told.denominator(), "{metric:?} {definition:?} {month:?}");
                        looked += 1;
                        some += usize::from(num != 0);
                    }
                }
            }
        }
    }
    assert!(looked > 1_500 && some * 10 > looked * 8, "{some} of {looked}");
}

/// The attached table of everybody behind a change: figure, last time, now, who, change, owner.
fn attached(shop: &Shop, to: &str) -> Vec<[String; 6]> {
    let parser = mail_parser::MessageParser::default();
    let mails = std::fs::read_dir(shop.path("mails")).unwrap();
    let mails = mails.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let mails = mails.map(|raw| parser.parse(&raw).unwrap().into_owned());
    let theirs = mails.filter(|mail| mail.to().unwrap().first().unwrap().address() == Some(to));
    let last = theirs.max_by_key(|mail| mail.date().unwrap().to_timestamp()).unwrap();
    let mut files = last.attachments();
    let Some(file) =
        files.find(|part| part.attachment_name().is_some_and(|name| name.ends_with("-restated.csv")))
    else {
        return Vec::new();
    };
    let mut reader = csv::Reader::from_reader(file.contents().strip_prefix("\u{feff}".as_bytes()).unwrap());
    let row = |row: csv::StringRecord| [0, 2, 3, 4, 5, 6].map(|at| row[at].to_owned());
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn with_tables(report: &str) -> String {
    let line = format!("report = \"{report}\"\nattach = [\"csv\"]\n");
    CONFIG.replace("report = \"churn\"\n", &line)
}

fn daily(shop: &Shop, day: u8) -> String {
    let date = format!("2026-07-{day:02}");
    shop.run(&format!("{date}T07:00:00Z"), &format!("{date}T09:00:00Z"));
    last_mail(shop, "ana@example.com")
}

#[test]
fn late_data_restates_what_was_published_once_and_names_who() {
    let shop = Shop::new();
    shop.configure(&with_tables("churn"));
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-10' WHERE id = '2'");
    assert!(!daily(&shop, 1).contains("Restated"));
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-12' WHERE id = '3'");
    let told = daily(&shop, 2);
    for expected in [
        "Restated: last time June 2026 was 2.5%, with data that came late it is 5.0%. Now counted as left: Customer 3 (Ana).",
        "Restated for June 2026 with data that came late: Customers at the end 39 → 38, Closing revenue €390 → €380, \
         Gross revenue churn 2.5% → 5.0% and Net revenue churn 2.5% → 5.0%. Through Customer 3 (Ana).",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let row = |figure: &str, was: &str, now: &str, change: &str| {
        [figure, was, now, "Customer 3", change, "Ana"].map(str::to_owned)
    };
    let rows = [
        row("Customer churn", "0.025000", "0.050000", "0.025000"),
        row("Customers at the end", "39", "38", "-1"),
        row("Closing revenue", "390.00", "380.00", "-10.00"),
        row("Gross revenue churn", "0.025000", "0.050000", "0.025000"),
        row("Net revenue churn", "0.025000", "0.050000", "0.025000"),
    ];
    assert_eq!(attached(&shop, "ana@example.com"), rows);
    // A price that was another all along moves money alone; whoever moved it most comes first.
    shop.sql("UPDATE subscriptions SET ends_on = NULL WHERE id = '2'");
    shop.sql("UPDATE subscriptions SET mrr_minor = 3000 WHERE id = '7'");
    let told = daily(&shop, 3);
    for expected in [
        "was 5.0%, with data that came late it is 2.5%. No longer counted as left: Customer 2 (Ana).",
        "Closing revenue €380 → €410",
        "Through Customer 2 (Ana) and Customer 7 (Ana).",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let moved = attached(&shop, "ana@example.com").into_iter().filter(|row| row[0] == "Closing revenue");
    let moved: Vec<[String; 2]> = moved.map(|[_, _, _, who, change, _]| [who, change]).collect();
    assert_eq!(moved, [["Customer 7", "20.00"], ["Customer 2", "10.00"]]);
    assert!(!daily(&shop, 6).contains("Restated"));
    // Who a figure was made of is kept of what was told last.
    let ledger = rusqlite::Connection::open(shop.path("ledger.db")).unwrap();
    let count = |what: &str| {
        let sql = format!("SELECT count(*), count({what}) FROM figure WHERE definition = 'contract/cohort'");
        ledger.query_row(&sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap()
    };
    assert_eq!(count("sketch"), (5, 1));
    assert_eq!(attached(&shop, "ana@example.com"), Vec::<[String; 6]>::new());
}

#[test]
fn who_is_not_there_any_more_is_counted_and_not_named() {
    let shop = Shop::new();
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-10' WHERE id IN ('2', '3')");
    daily(&shop, 1);
    shop.sql("DELETE FROM customers WHERE id = '3'; DELETE FROM subscriptions WHERE id = '3'");
    let told = daily(&shop, 2);
    let expected = "last time June 2026 was 5.0%, with data that came late it is 2.6%. The base is 39 now, and was 40. \
                    One of them is not among these customers any more.";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_base_that_grew_late_names_who_joined_it() {
    let shop = Shop::new();
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-10' WHERE id = '2'");
    daily(&shop, 1);
    shop.sql("INSERT INTO customers (id, name) VALUES ('99', 'Zeta')");
    shop.sql("INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on) VALUES ('99', '99', 500, '2026-02-01')");
    let told = daily(&shop, 2);
    let expected = "was 2.5%, with data that came late it is 2.4%. The base is 41 now, and was 40. Through Zeta (no owner).";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_lead_is_told_what_changed_in_the_team_and_nobody_of_others() {
    let shop = Shop::new();
    let scoped = "to = [\"leads\"]\n[audiences]\nleads = [\"ana\"]\n[scopes]\nleads = \"team\"\n";
    shop.configure(&with_tables("churn").replace("to = [\"ana\"]\n", scoped));
    // Ana leads Bo; each has ten customers, and so has Cy.
    shop.sql("UPDATE reps SET manager_id = '1' WHERE id = '2'");
    shop.sql("UPDATE customers SET owner_id = 1 + id % 4");
    daily(&shop, 1);
    // One who was hers is Cy's now; one of Cy's left long ago, which is nothing to her.
    shop.sql("UPDATE customers SET owner_id = '3' WHERE id = '4'");
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-12' WHERE id = '2'");
    let told = daily(&shop, 2);
    let expected = "Customers at the end 20 → 19 and Closing revenue €200 → €190. One of them is \
                    not among these customers any more.";
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("Customer 4") && !told.contains("Customer 2 "), "{told}");
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-12' WHERE id = '5'");
    let told = daily(&shop, 3);
    let expected = "with data that came late and customers who came to your team or left it, it is 5.3%. Now counted as \
                    left: Customer 5 (Bo).";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn complaints_answers_promises_and_leads_that_came_late_have_names_and_sources() {
    let shop = Shop::new();
    shop.sql(
        "INSERT INTO complaints (id, customer_id, opened_at) VALUES ('1', '1', '2026-06-03T10:00:00Z');
         INSERT INTO follow_ups (id, customer_id, rep_id, due_at, done_at) VALUES
           ('1', '1', '1', '2026-06-05', '2026-06-04'), ('2', '2', '1', '2026-06-05', NULL);
         INSERT INTO transactions (id, customer_id, at, amount_minor) SELECT id, id, '2026-06-09T10:00:00Z', 100 FROM customers",
    );
    shop.configure(&with_tables("care"));
    daily(&shop, 1);
    shop.sql(
        "INSERT INTO complaints (id, customer_id, opened_at) VALUES ('2', '5', '2026-06-20T10:00:00Z'),
           ('3', '5', '2026-06-21T10:00:00Z');
         UPDATE follow_ups SET done_at = '2026-06-05' WHERE id = '2'",
    );
    let told = daily(&shop, 2);
    for expected in [
        "Follow-ups done in time 50.0% → 100.0%. Through Customer 2 (Ana).",
        "Complaints 1 → 3 and Complaint rate (of purchases) 2.5% → 7.5%. Through Customer 5 (Ana).",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let shop = Shop::new();
    shop.configure(&with_tables("funnel"));
    shop.sql(
        "INSERT INTO leads (id, created_at, source) VALUES ('1', '2026-06-03', 'fair');
         INSERT INTO surveys (id, customer_id, at, score) VALUES ('1', '1', '2026-06-03', 9)",
    );
    daily(&shop, 1);
    shop.sql(
        "INSERT INTO leads (id, created_at, source) VALUES ('2', '2026-06-04', 'ads'), ('3', '2026-06-04', 'fair'),
           ('4', '2026-06-04', 'ads');
         INSERT INTO surveys (id, customer_id, at, score) VALUES ('2', '8', '2026-06-03', 2)",
    );
    let told = daily(&shop, 2);
    for expected in ["Leads captured 1 → 4. Through ads and fair.", "NPS +100 → 0. Through Customer 8 (Ana)."]
    {
        assert!(told.contains(expected), "{told}");
    }
    assert_eq!(attached(&shop, "ana@example.com")[0], ["Leads captured", "1", "4", "ads", "2", ""]);
}

#[test]
fn where_very_many_changed_nobody_is_named() {
    let shop = Shop::new();
    shop.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO customers (id, name, owner_id) SELECT i, 'Customer ' || i, '1' FROM n;
         INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on)
           SELECT id, id, 1000, '2026-01-01' FROM customers WHERE id + 0 >= 1000",
    );
    daily(&shop, 1);
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-12' WHERE id + 0 >= 3000");
    let told = daily(&shop, 2);
    let expected =
        "was 0.0%, with data that came late it is 49.5%. Through more customers than can be told apart.";
    assert!(told.contains(expected), "{told}");
    // Next month those few who changed since are told of the same period again.
    shop.sql("UPDATE subscriptions SET ends_on = NULL WHERE id = '3000'");
    let told = daily(&shop, 3);
    assert!(told.contains("No longer counted as left: Customer 3000 (Ana)."), "{told}");
}

/// What an older retaind published has no names, and is told all the same.
#[test]
fn what_is_not_known_any_more_is_told_without_names() {
    let shop = Shop::new();
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-10' WHERE id = '2'");
    daily(&shop, 1);
    let ledger = rusqlite::Connection::open(shop.path("ledger.db")).unwrap();
    assert!(ledger.execute("UPDATE figure SET sketch = x'0011'", []).unwrap() > 0);
    drop(ledger);
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-12' WHERE id = '3'");
    let told = daily(&shop, 2);
    assert!(
        told.contains("was 2.5%, with data that came late it is 5.0%.") && !told.contains("Through"),
        "{told}"
    );
}

#[test]
fn a_job_that_tells_another_currency_restates_nothing() {
    let shop = Shop::new();
    shop.sql("UPDATE subscriptions SET currency = 'USD' WHERE id + 0 > 30");
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-10' WHERE id IN ('2', '35')");
    assert!(daily(&shop, 1).contains("June 2026 ended with 38 customers"));
    shop.configure(&CONFIG.replace("report = \"churn\"\n", "report = \"churn\"\ncurrency = \"EUR\"\n"));
    let told = daily(&shop, 2);
    assert!(told.contains("June 2026 ended with 29 customers") && !told.contains("Restated"), "{told}");
    // From then on it is held against itself.
    shop.sql("UPDATE subscriptions SET ends_on = '2026-06-12' WHERE id IN ('3', '36')");
    let told = daily(&shop, 3);
    let expected = "was 3.3%, with data that came late it is 6.7%. Now counted as left: Customer 3 (Ana).";
    assert!(told.contains(expected), "{told}");
}

//! The Chinook shop end to end: the daemon on a manual clock, a real SMTP conversation, and every mailed
//! figure against SQL of the test's own on the same file.

use std::io::Cursor;
use std::sync::LazyLock;

use calamine::{Data, Reader as _, Xlsx};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _};
use retaind::capture::{Captured, Server};
use retaind::clock::Clock;
use retaind::config::{self, Outlet};
use retaind::daemon::Daemon;
use retaind::ledger::{Access, Ledger, LedgerError};
use retaind::outbox::DeliveryKey;
use rusqlite::Connection;

use crate::world::World;

const AT: &str = "2011-12-26T00:00:00Z";
const UNTIL: &str = "2012-01-09T12:00:00Z";
const OCCURRENCES: [&str; 3] = ["2011-12-26T08:00:00Z", "2012-01-02T08:00:00Z", "2012-01-09T08:00:00Z"];
const PEOPLE: [&str; 2] = ["andrew", "nancy"];

/// A mail as the capture server took it: recipient and bytes.
type Taken = (String, Vec<u8>);

/// One run of the two weeks, shared by the tests that look at what it sent.
struct Replay {
    world: World,
    taken: Vec<Taken>,
}

static REPLAY: LazyLock<Replay> = LazyLock::new(|| {
    let world = World::chinook(|text| text);
    let taken = replay(&world);
    Replay { world, taken }
});

fn replay(world: &World) -> Vec<Taken> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = Server::start(None).await.unwrap();
        let outlet = Outlet::Capture { smtp: server.smtp, http: server.http, pages: 0 };
        let (config, findings) = config::load(&world.config(), outlet);
        let config = config.unwrap_or_else(|| panic!("{}", findings.render(false)));
        let ledger = Ledger::open(&config.ledger, Access::Daemon).unwrap();
        assert_eq!(config.ledger, world.ledger());
        let mut daemon = Daemon::start(config, ledger, Clock::manual(AT.parse().unwrap())).await.unwrap();
        daemon.replay_until(UNTIL.parse().unwrap()).await.unwrap();
        let taken = server.inbox.all().into_iter().map(|(_, message)| match message {
            Captured::Mail { from, to, raw } => {
                assert_eq!(from, "reports@example.com");
                (to, raw)
            }
            Captured::Post { .. } => panic!("a post"),
        });
        taken.collect()
    })
}

/// The mail of an occurrence to a person.
fn mail(occurrence: usize, person: &str) -> Message<'static> {
    let id = message_id(occurrence, person);
    let mails = REPLAY.taken.iter().map(|(_, raw)| MessageParser::default().parse(raw).unwrap());
    let mut found: Vec<_> = mails.filter(|mail| mail.message_id() == Some(&id)).collect();
    assert_eq!(found.len(), 1, "{person}, {}", OCCURRENCES[occurrence]);
    found.remove(0)
}

fn message_id(occurrence: usize, person: &str) -> String {
    let key = DeliveryKey::of("weekly", OCCURRENCES[occurrence].parse().unwrap(), person, "office");
    format!("{}@example.com", key.as_str())
}

fn sql() -> Connection {
    Connection::open(REPLAY.world.store()).unwrap()
}

/// The attached file whose name ends so.
fn file(mail: &Message<'_>, ending: &str) -> Vec<u8> {
    let mut files =
        mail.attachments().filter(|part| part.attachment_name().is_some_and(|name| name.ends_with(ending)));
    files.next().unwrap_or_else(|| panic!("no {ending}")).contents().to_vec()
}

/// An attached CSV table without its heading.
fn table(mail: &Message<'_>, name: &str) -> Vec<Vec<String>> {
    let bytes = file(mail, &format!("-{name}.csv"));
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).expect("Excel's mark");
    let mut reader = csv::Reader::from_reader(text);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// What a query gives, as text.
fn rows(sql: &Connection, query: &str) -> Vec<Vec<String>> {
    let mut statement = sql.prepare(query).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|i| row.get(i)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

/// The first columns of the trend table of the years up to `last`, oldest first, from the definitions alone. Active on a day:
/// an invoice in the 180 days that end on it. Revenue: a customer's of the year against that of as many
/// days before it.
fn trend(sql: &Connection, last: i32) -> Vec<Vec<String>> {
    rows(sql, &format!("
WITH RECURSIVE
year(y) AS (SELECT {last} UNION ALL SELECT y - 1 FROM year WHERE y > {last} - 12),
span AS (SELECT y, y || '-01-01' AS s, y || '-12-31' AS l, (y - 1) || '-12-31' AS b,
                date(y || '-01-01', '-' || (julianday((y + 1) || '-01-01') - julianday(y || '-01-01')) || ' days') AS p FROM year),
bought AS (SELECT CustomerId AS c, substr(InvoiceDate, 1, 10) AS day, CAST(round(Total * 100) AS INTEGER) AS minor FROM Invoice),
gone AS (SELECT DISTINCT c, date(day, '+180 days') AS day FROM bought t WHERE NOT EXISTS
  (SELECT 1 FROM bought n WHERE n.c = t.c AND n.day > t.day AND n.day <= date(t.day, '+180 days'))),
one AS (SELECT span.*, CustomerId AS c,
  EXISTS (SELECT 1 FROM bought WHERE c = CustomerId AND day BETWEEN date(b, '-179 days') AND b) AS was,
  EXISTS (SELECT 1 FROM bought WHERE c = CustomerId AND day BETWEEN date(l, '-179 days') AND l) AS is_,
  EXISTS (SELECT 1 FROM bought WHERE c = CustomerId AND day BETWEEN s AND l) AS came,
  (SELECT count(*) FROM gone WHERE c = CustomerId AND day BETWEEN s AND l) AS went,
  (SELECT min(day) FROM bought WHERE c = CustomerId) AS first,
  (SELECT coalesce(sum(minor), 0) FROM bought WHERE c = CustomerId AND day BETWEEN p AND b) AS had,
  (SELECT coalesce(sum(minor), 0) FROM bought WHERE c = CustomerId AND day BETWEEN s AND l) AS has
  FROM span, Customer),
total AS (SELECT y,
  sum(was) AS opening, sum(is_ AND first >= s) AS new, sum(is_ AND NOT was AND first < s) AS back,
  sum(was AND NOT is_) AS churned, sum(is_) AS closing, sum(NOT is_ AND first BETWEEN s AND l) AS passed,
  sum(went) AS went, sum(first <= l AND NOT came) AS silent, sum(first <= l) AS seen,
  sum(had) AS m0, sum(iif(had = 0 AND first >= s, has, 0)) AS m_new, sum(iif(had = 0 AND first < s, has, 0)) AS m_back,
  sum(iif(had > 0 AND has > had, has - had, 0)) AS m_up, sum(iif(has > 0 AND has < had, had - has, 0)) AS m_down,
  sum(iif(has = 0, had, 0)) AS m_lost, sum(has) AS m1 FROM one GROUP BY y)
SELECT y || '-01-01/' || y || '-12-31', '' || opening, '' || new, '' || back, '' || churned, '' || (opening - churned), '' || closing, '' || passed, '' || went,
  iif(seen = 0, 'n/a', printf('%.6f', 1.0 * silent / seen)), iif(seen = 0, 'n/a', printf('%.6f', 1.0 * (seen - silent) / seen)),
  'n/a', /* a share of all who were ever seen is no rate of each year */
  printf('%.2f', m0 / 100.0), printf('%.2f', m_new / 100.0), printf('%.2f', m_back / 100.0), printf('%.2f', m_up / 100.0),
  printf('%.2f', m_down / 100.0), printf('%.2f', m_lost / 100.0), printf('%.2f', m1 / 100.0),
  iif(m0 = 0, 'n/a', printf('%.6f', 1.0 * (m_lost + m_down) / m0)), iif(m0 = 0, 'n/a', printf('%.6f', 1.0 * (m_lost + m_down - m_up) / m0))
FROM total ORDER BY y"))
}

#[test]
fn each_occurrence_reaches_each_manager_once() {
    let mut found: Vec<(String, String)> = Vec::new();
    for (to, raw) in &REPLAY.taken {
        let mail = MessageParser::default().parse(raw).unwrap();
        assert_eq!(mail.to().unwrap().as_list().unwrap().len(), 1);
        assert_eq!(mail.to().unwrap().first().unwrap().address(), Some(to.as_str()));
        assert!(mail.cc().is_none() && mail.bcc().is_none());
        found.push((to.clone(), mail.message_id().unwrap().to_owned()));
    }
    let each = |at| PEOPLE.map(|person| (format!("{person}@example.com"), message_id(at, person)));
    let mut expected: Vec<_> = (0..3).flat_map(each).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_headers_are_those_of_the_occurrence() {
    for (at, instant) in OCCURRENCES.iter().enumerate() {
        for person in PEOPLE {
            let mail = mail(at, person);
            let date: jiff::Timestamp = mail.date().unwrap().to_rfc3339().parse().unwrap();
            assert_eq!(date, instant.parse().unwrap());
            assert_eq!(mail.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
            assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("reports@example.com"));
        }
    }
}

#[test]
fn the_published_shares_are_in_the_mails() {
    for (at, year, share, before, revenue) in [
        (0, "2010", "20.3%", "20.3%", "463.67"),
        (1, "2011", "22.0%", "20.3%", "450.58"),
        (2, "2011", "22.0%", "20.3%", "450.58"),
    ] {
        let mail = mail(at, "andrew");
        let text = mail.body_text(0).unwrap();
        assert!(
            mail.subject().unwrap().starts_with(&format!("Churn {share} in {year}")),
            "{:?}",
            mail.subject()
        );
        let line = |name: &str| {
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {text}"))
        };
        let figures: Vec<&str> = line("Customer churn").split_whitespace().collect();
        assert_eq!(figures[2..4], [share, before], "{text}");
        // Money is printed in whole units or with cents, by its size.
        let whole = format!("{:.0}", revenue.parse::<f64>().unwrap());
        let printed = line("Revenue ").split_whitespace().nth(1).unwrap().replace('$', "");
        assert!(printed == revenue || printed == whole, "{printed} is not {revenue}");
        let silent = if year == "2010" { "12 of the 59" } else { "13 of the 59" };
        assert!(text.contains(&format!("In {year}, {silent} customers")), "{text}");
    }
    let shares: Vec<String> =
        table(&mail(1, "andrew"), "trend").iter().rev().take(4).map(|row| row[9].clone()).collect();
    assert_eq!(shares, ["0.220339", "0.203390", "0.203390", "0.220339"]);
}

#[test]
fn the_attached_tables_are_what_sql_says_to_the_cent() {
    let sql = sql();
    for (at, last) in [(0, 2010), (1, 2011), (2, 2011)] {
        let expected = trend(&sql, last);
        assert_eq!(expected.len(), 13);
        let mut found = table(&mail(at, "andrew"), "trend");
        for row in &mut found {
            row.truncate(expected[0].len());
        }
        assert_eq!(found, expected, "{}", OCCURRENCES[at]);
    }
    let top = rows(
        &sql,
        "
SELECT c.FirstName || ' ' || c.LastName, printf('%.2f', sum(round(Total * 100)) / 100.0), '' || count(*),
       substr(max(InvoiceDate), 1, 10), e.FirstName || ' ' || e.LastName
FROM Customer c JOIN Invoice i USING (CustomerId) JOIN Employee e ON e.EmployeeId = c.SupportRepId
GROUP BY c.CustomerId ORDER BY sum(round(Total * 100)) DESC, c.CustomerId",
    );
    assert_eq!(top.len(), 59);
    assert_eq!(table(&mail(1, "andrew"), "top"), top);
    // Of each country: customers, sum and mean so far.
    let value = rows(&sql, "
SELECT Country, '' || count(*), printf('%.2f', sum(m) / 100.0), printf('%.2f', round(1.0 * sum(m) / count(*)) / 100.0)
FROM (SELECT Country, (SELECT sum(CAST(round(Total * 100) AS INTEGER)) FROM Invoice WHERE CustomerId = c.CustomerId) AS m
      FROM Customer c) GROUP BY Country ORDER BY Country");
    let found: Vec<_> = table(&mail(1, "andrew"), "value").into_iter().map(|row| row[..4].to_vec()).collect();
    assert_eq!(found, value);
    // Of each country and each rep: the share of customers without an invoice in 2011.
    for (name, group) in [("region", "c.Country"), ("owner", "e.FirstName || ' ' || e.LastName")] {
        let silent = rows(&sql, &format!("
SELECT {group}, printf('%.6f', avg(c.CustomerId NOT IN (SELECT CustomerId FROM Invoice WHERE InvoiceDate LIKE '2011%')))
FROM Customer c JOIN Employee e ON e.EmployeeId = c.SupportRepId GROUP BY 1 ORDER BY 1"));
        let found: Vec<_> = table(&mail(1, "andrew"), name)
            .into_iter()
            .map(|row| vec![row[0].clone(), row[3].clone()])
            .collect();
        assert_eq!(found, silent);
    }
}

#[test]
fn the_workbook_has_a_sheet_a_table_and_typed_numbers() {
    let mail = mail(1, "andrew");
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(file(&mail, ".xlsx"))).unwrap();
    let is_csv =
        |part: &&MessagePart<'_>| part.content_type().is_some_and(|kind| kind.subtype() == Some("csv"));
    let tables = mail.attachments().filter(is_csv).count();
    assert_eq!((workbook.sheet_names().len(), tables), (11, 11), "{:?}", workbook.sheet_names());
    // What the mail says first and last: the figures, and how they were counted.
    let figures = workbook.worksheet_range("Figures").unwrap();
    assert!(
        figures
            .rows()
            .any(|row| row[0] == Data::String("Customer churn".into()) && matches!(row[1], Data::Float(_)))
    );
    let notes = workbook.worksheet_range("How this was counted").unwrap();
    assert!(notes.rows().any(|row| row[0].to_string().contains("inactive_share")), "{notes:?}");
    let sheet = workbook.worksheet_range("Period by period").unwrap();
    let expected = trend(&sql(), 2011);
    let found: Vec<&[Data]> = sheet.rows().skip(1).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        for (cell, expected) in found.iter().zip(expected).skip(1) {
            let same = match cell {
                Data::Float(number) => (number - expected.parse::<f64>().unwrap()).abs() < 6e-7,
                Data::Int(number) => number.to_string() == *expected,
                Data::String(text) => text == "n/a" && expected == "n/a",
                _ => false,
            };
            assert!(same, "{cell:?} is not {expected}");
        }
    }
}

#[test]
fn the_pictures_are_in_the_html() {
    for (at, person) in [(0, "andrew"), (2, "nancy")] {
        let mail = mail(at, person);
        let html = mail.body_html(0).unwrap();
        let pictures: Vec<_> = mail.parts.iter().filter(|part| part.content_id().is_some()).collect();
        assert_eq!((pictures.len(), html.matches("src=\"cid:").count()), (4, 4));
        for picture in pictures {
            assert!(html.contains(&format!("\"cid:{}\"", picture.content_id().unwrap())));
            assert!(picture.contents().starts_with(b"\x89PNG\r\n\x1a\n"));
        }
    }
}

#[test]
fn each_reads_their_own_language() {
    let (english, portuguese) = (mail(1, "andrew"), mail(1, "nancy"));
    assert!(english.body_html(0).unwrap().contains("<html lang=\"en\""));
    assert!(portuguese.body_html(0).unwrap().contains("<html lang=\"pt-BR\""));
    let text = portuguese.body_text(0).unwrap();
    assert!(
        text.contains("22,0%") && text.contains("clientes") && !text.contains("Customer churn"),
        "{text}"
    );
    // The figures are the same ones.
    let numbers = |mail: &Message<'_>| {
        table(mail, "trend").into_iter().map(|row| row[..8].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&english), numbers(&portuguese));
}

#[test]
fn the_same_days_again_send_nothing_and_a_fresh_ledger_sends_the_same_bytes() {
    let world = World::chinook(|text| text);
    let mut again = replay(&world);
    assert_eq!(replay(&world), []);
    let mut first = REPLAY.taken.clone();
    first.sort();
    again.sort();
    assert!(first == again, "the bytes differ");
    // What was sealed is what arrived.
    let ledger = Connection::open(world.ledger()).unwrap();
    let mut statement =
        ledger.prepare("SELECT address, payload FROM delivery JOIN body ON body.delivery = id").unwrap();
    let sealed = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mut sealed: Vec<Taken> = sealed.map(Result::unwrap).collect();
    sealed.sort();
    assert!(!sealed.is_empty() && sealed.iter().all(|mail| again.contains(mail)));
}

#[test]
fn a_second_daemon_on_the_ledger_is_refused() {
    let world = World::chinook(|text| text);
    let first = Ledger::open(&world.ledger(), Access::Daemon).unwrap();
    let second = Ledger::open(&world.ledger(), Access::Daemon);
    let Err(LedgerError::InUse { pid, .. }) = second else { panic!("{second:?}") };
    assert!(pid.contains(&std::process::id().to_string()), "{pid}");
    let run =
        || world.binary(&["run", "--send", "--at", AT, "--until", "2011-12-26T01:00:00Z"]).output().unwrap();
    let refused = run();
    assert_eq!(refused.status.code(), Some(75), "{}", String::from_utf8_lossy(&refused.stderr));
    drop(first);
    assert_eq!(run().status.code(), Some(0));
}

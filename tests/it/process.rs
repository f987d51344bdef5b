//! The real binary as systemd and an operator meet it: start, second daemon, reload, stop, exit codes.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use tempfile::TempDir;

fn retaind(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retaind"));
    command
        .current_dir(dir)
        .args(arguments)
        .env_remove("STATE_DIRECTORY")
        .env("NO_COLOR", "1")
        .env("RETAIND_LOG", "retaind=info");
    command
}

pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    retaind(dir, arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder as `retaind init` leaves it.
pub(crate) fn shop() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let made = run(dir.path(), &["init", "."]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    dir
}

struct Daemon {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStderr>>,
}

impl Daemon {
    fn start(dir: &Path) -> Daemon {
        Daemon::run(dir, &["run", "--capture"])
    }

    fn run(dir: &Path, arguments: &[&str]) -> Daemon {
        let mut child = retaind(dir, arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut daemon = Daemon { child, lines };
        daemon.wait_for(" ready");
        daemon
    }

    /// Reads the log until a line holds `text`.
    fn wait_for(&mut self, text: &str) -> String {
        let mut seen = String::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(text) {
                return seen;
            }
        }
        panic!("the daemon ended without saying `{text}`:\n{seen}");
    }

    fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    fn code(mut self) -> Option<i32> {
        self.lines.by_ref().for_each(drop);
        self.child.wait().unwrap().code()
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_new_folder_is_good_as_it_is_and_is_not_overwritten() {
    let dir = shop();
    let checked = run(dir.path(), &["check"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("The configuration is good: 2 jobs"));
    assert!(text(&checked.stdout).contains("off for want of [actions]: links in digests"));
    let again = run(dir.path(), &["init", "."]);
    assert_eq!(again.status.code(), Some(65));
    assert!(text(&again.stderr).contains("is there already"));
}

#[test]
fn one_daemon_a_ledger_and_a_clean_end() {
    let dir = shop();
    let mut first = Daemon::start(dir.path());
    let second = run(dir.path(), &["run", "--capture"]);
    assert_eq!(second.status.code(), Some(75), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains(&format!("(process {})", first.child.id())));
    first.signal("TERM");
    first.wait_for("stopping");
    assert_eq!(first.code(), Some(0));
}

#[test]
fn a_reload_is_all_or_nothing() {
    let dir = shop();
    let path = dir.path().join("retaind.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let mut daemon = Daemon::start(dir.path());
    std::fs::write(&path, good.replace("0 8 * * MON\"", "0 8 31 2 *\"")).unwrap();
    daemon.signal("HUP");
    let said = daemon.wait_for("1 error");
    assert!(said.contains("reload refused") && said.contains("February has no 31st day"), "{said}");
    std::fs::write(&path, good).unwrap();
    daemon.signal("HUP");
    daemon.wait_for("configuration reloaded");
    daemon.signal("INT");
    assert_eq!(daemon.code(), Some(0));
}

#[test]
fn pages_move_with_a_reload_and_wait_for_a_port_that_is_taken() {
    let dir = shop();
    let path = dir.path().join("retaind.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(dir.path().join("key"), "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyBuZXc=\n").unwrap();
    assert!(Command::new("chmod").arg("600").arg(dir.path().join("key")).status().unwrap().success());
    let listener = || std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let listen = |at: std::net::SocketAddr| {
        let actions = "[actions]\npublic_url = \"https://care.shop.example\"\nkey = { file = \"key\" }";
        std::fs::write(&path, format!("{good}\n{actions}\nlisten = \"{at}\"\n")).unwrap();
    };
    let health = |at: std::net::SocketAddr| {
        let mut stream = std::net::TcpStream::connect(at).unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        std::io::read_to_string(stream).unwrap().ends_with("\r\n\r\nok\n")
    };
    let free = listener().local_addr().unwrap();
    listen(free);
    let checked = run(dir.path(), &["check"]);
    assert!(!text(&checked.stdout).contains("off for want of [actions]"), "{}", text(&checked.stdout));
    let mut daemon = Daemon::run(dir.path(), &["run"]);
    daemon.wait_for("pages of links are served");
    assert!(health(free));
    let taken = listener();
    let at = taken.local_addr().unwrap();
    listen(at);
    daemon.signal("HUP");
    daemon.wait_for("configuration reloaded");
    let said = daemon.wait_for("pages of links cannot be served");
    assert!(said.contains(&at.to_string()) && said.contains("set another `actions.listen`"), "{said}");
    assert!(std::net::TcpStream::connect(free).is_err(), "the old port is given back");
    drop(taken);
    daemon.wait_for("pages of links are served");
    assert!(health(at));
    daemon.signal("TERM");
    assert_eq!(daemon.code(), Some(0));
}

#[test]
fn what_is_fired_arrives_once() {
    let dir = shop();
    let path = dir.path().join("retaind.toml");
    let store = rusqlite::Connection::open(dir.path().join("shop.db")).unwrap();
    store.execute_batch("INSERT INTO customers (id, name) VALUES ('1', 'Casa Verde')").unwrap();
    let fire = || run(dir.path(), &["fire", "weekly", "--at", "2026-11-02T08:00"]);
    assert!(text(&fire().stdout).contains("1 messages decided"));
    assert!(text(&fire().stdout).contains("nothing is sent twice"));
    let config = std::fs::read_to_string(&path).unwrap();
    assert!(config.contains("folder = \"mails\""));
    let mut child = retaind(dir.path(), &["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut daemon = Daemon { child, lines };
    daemon.wait_for("delivery attempted");
    daemon.signal("TERM");
    assert_eq!(daemon.code(), Some(0));
    let mails: Vec<_> = std::fs::read_dir(dir.path().join("mails")).unwrap().collect();
    assert_eq!(mails.len(), 1);
    let listed = run(dir.path(), &["outbox", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["status"], "sent");
    let resent = run(dir.path(), &["outbox", "retry", "1"]);
    assert_eq!(resent.status.code(), Some(65));
    assert!(text(&resent.stderr).contains("it is sent"));
}

/// What a shop's `weekly` decides for so many managers.
fn decided_for(dir: &Path, managers: usize) {
    let path = dir.join("retaind.toml");
    let mut config = std::fs::read_to_string(&path).unwrap();
    let names: Vec<String> = (0..managers).map(|n| format!("\"m{n}\"")).collect();
    assert!(config.contains("managers = [\"ana\"]"));
    config = config.replace("managers = [\"ana\"]", &format!("managers = [{}]", names.join(", ")));
    for n in 0..managers {
        write!(
            config,
            "\n[people.m{n}]\nname = \"M {n}\"\nemail = \"m{n}@example.com\"\nvia = [\"office\"]\n"
        )
        .unwrap();
    }
    std::fs::write(&path, config).unwrap();
    let store = rusqlite::Connection::open(dir.join("shop.db")).unwrap();
    store.execute_batch("INSERT INTO customers (id, name) VALUES ('1', 'Casa Verde')").unwrap();
    let fired = run(dir, &["fire", "weekly", "--at", "2026-11-02T08:00"]);
    assert!(text(&fired.stdout).contains(&format!("{managers} messages decided")), "{}", text(&fired.stderr));
}

/// Looks at the outbox of a daemon until so many are sent.
fn wait_for_sent(dir: &Path, child: &mut Child, messages: usize) {
    let sent = || {
        let listed = run(dir, &["outbox", "list", "--limit", "1000", "--json"]).stdout;
        let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
        listed.as_array().unwrap().iter().filter(|delivery| delivery["status"] == "sent").count()
    };
    while sent() < messages {
        assert_eq!(child.try_wait().unwrap(), None, "it goes on");
    }
}

/// As when the journal is gone.
#[test]
fn a_log_that_nobody_takes_holds_up_no_message() {
    let dir = shop();
    decided_for(dir.path(), 3);
    let mut child = retaind(dir.path(), &["run"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    wait_for_sent(dir.path(), &mut child, 3);
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_flood_of_lines_is_told_in_a_few() {
    const MANAGERS: usize = 100;
    let dir = shop();
    decided_for(dir.path(), MANAGERS);
    let mut daemon = Daemon::run(dir.path(), &["run"]);
    wait_for_sent(dir.path(), &mut daemon.child, MANAGERS);
    daemon.signal("TERM");
    let lines: Vec<String> = daemon.lines.by_ref().map(Result::unwrap).collect();
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    let told =
        lines.iter().filter(|line| line.contains("delivery attempted") && line.contains("status=")).count();
    let left_out = lines.iter().filter_map(|line| {
        let (_, counted) = line.split_once("more lines of this kind were left out lines=")?;
        let (count, kind) = counted.split_once(' ')?;
        assert_eq!(kind, "kind=delivery attempted");
        count.parse::<usize>().ok()
    });
    let left_out: usize = left_out.sum();
    assert!(left_out > 0 && told + left_out == MANAGERS, "{told} and {left_out}");
}

#[test]
fn exit_codes_say_whose_fault_it_is() {
    let dir = shop();
    std::fs::write(dir.path().join("bad.toml"), "[store]\npath = 3\n").unwrap();
    for (arguments, code) in [
        (vec!["report", "chrun"], 64),
        (vec!["frobnicate"], 64),
        (vec!["plan", "--for", "soon"], 64),
        (vec!["check", "--config", "bad.toml"], 78),
        (vec!["run", "--config", "nowhere.toml"], 78),
        (vec!["outbox", "show", "7"], 74),
        (vec!["schema"], 0),
        (vec!["schema", "report"], 0),
        (vec!["schema", "act"], 0),
        (vec!["acts"], 74),
        (vec!["schema", "shop"], 64),
        (vec!["plan", "--at", "2026-11-01", "--for", "7d"], 0),
    ] {
        let output = run(dir.path(), &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_report_names_the_schema_that_is_printed() {
    let dir = shop();
    let schema = run(dir.path(), &["schema", "report"]).stdout;
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    let names = schema.pointer("/$defs/SchemaName").unwrap().to_string();
    for arguments in [["report", "churn", "--json"].as_slice(), &["report", "churn", "--format", "json"]] {
        let report: serde_json::Value = serde_json::from_slice(&run(dir.path(), arguments).stdout).unwrap();
        assert_eq!(report["version"], 1);
        assert!(names.contains(&report["schema"].to_string()), "{names}");
    }
}

/// Without a job that says otherwise, figures are counted as the configuration says.
#[test]
fn a_report_counts_as_the_configuration_says_and_writes_every_customer() {
    let dir = shop();
    let config = dir.path().join("retaind.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    let plain = written.split("[jobs.").next().unwrap();
    let counted = plain.replace("basis = \"contract\"", "basis = \"inactivity\"\ninactive_after = 45");
    std::fs::write(&config, counted).unwrap();
    let arguments = ["report", "churn", "--at", "2026-11-02", "--json", "--customers", "customers.csv"];
    let output = run(dir.path(), &arguments);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr)));
    assert_eq!(report["about"]["definition"], "inactivity/cohort");
    let rows = std::fs::read_to_string(dir.path().join("customers.csv")).unwrap();
    let mut lines = rows.lines();
    assert_eq!(
        lines.next(),
        Some("customer,owner,since,active,fate,departures,revenue_before,revenue_after")
    );
    let sql = rusqlite::Connection::open(dir.path().join("shop.db")).unwrap();
    let customers: i64 = sql.query_row("SELECT count(*) FROM customers", [], |row| row.get(0)).unwrap();
    assert_eq!(lines.count() as i64, customers);
    let refused = run(dir.path(), &["report", "churn", "--customers", "no/such/folder.csv"]);
    assert_eq!(refused.status.code(), Some(74), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("`no/such/folder.csv`"));
}

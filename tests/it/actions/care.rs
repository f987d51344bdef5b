//! A shop whose reps were told in the morning, the server of the pages their links lead to, and a visitor
//! who speaks HTTP by the letter.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use mail_parser::MessageParser;
use retaind::channel::Channel;
use retaind::channel::memory::Memory;
use retaind::clock::Clock;
use retaind::config::{self, Config, Outlet};
use retaind::daemon::{Daemon, pages};
use retaind::ledger::{Access, Ledger};
use retaind::web::{Deadlines, Server};
use rusqlite::types::Value as Sql;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where the links lead. Nothing of it is ever asked: requests go to the server's own port.
pub(crate) const PUBLIC: &str = "https://care.shop.example/desk";

pub(crate) const NEW_KEY: &str = "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyBuZXc=";
pub(crate) const OLD_KEY: &str = "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQ=";

/// A name with everything that could be taken for markup.
pub(crate) const HOSTILE: &str = r#"<script>alert(1)</script><style>*{}</style>"'&{{title}}"#;

/// The morning: 08:30 in São Paulo.
pub(crate) const TOLD: &str = "2026-06-01T11:30:00Z";

const CONFIG: &str = r#"
[store]
path = "shop.db"
zone = "America/Sao_Paulo"
currency = "EUR"
[channels.mails]
kind = "folder"
folder = "mails"
from = "Shop <shop@example.com>"
[channels.crm]
kind = "webhook"
url = { file = "url" }
allow_private = true
[people.ana]
name = "Ana"
email = "ana@example.com"
via = ["mails"]
rep = "1"
[people.mona]
name = "Mona"
email = "mona@example.com"
via = ["mails"]
[people.room]
name = "Room"
via = ["crm"]
[ops]
to = ["mona"]
[jobs.reps]
kind = "reminders"
cron = "30 8 * * *"
via = ["mails"]
[actions]
public_url = "https://care.shop.example/desk"
key = { file = "key" }
events = ["crm"]
"#;

pub(crate) struct Care {
    pub(crate) dir: TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) daemon: Daemon,
    pub(crate) clock: Clock,
    pub(crate) mails: Memory,
    pub(crate) crm: Memory,
}

impl Care {
    /// A shop on the morning of 1 June 2026, everything told.
    pub(crate) fn new() -> Care {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("retaind.toml"), CONFIG).unwrap();
        secret(&dir, "key", OLD_KEY);
        secret(&dir, "url", "http://127.0.0.1:9/hook");
        let store = rusqlite::Connection::open(dir.path().join("shop.db")).unwrap();
        store.execute_batch(&retaind::store::relation::schema()).unwrap();
        store
            .execute_batch(
                "INSERT INTO reps (id, name, email, language, time_zone, active) VALUES
                   ('1', 'Ana', NULL, NULL, NULL, 1), ('2', 'Bo', 'bo@example.com', 'pt-BR', 'America/Sao_Paulo', 1),
                   ('3', 'Cy', 'cy@example.com', NULL, NULL, 0);
                 INSERT INTO customers (id, name, owner_id) VALUES ('7', 'Casa Verde', '1'), ('8', 'Óptica', '2'), ('9', 'X', '1');
                 INSERT INTO follow_ups (id, customer_id, rep_id, due_at, subject) VALUES
                   ('f1', '7', '1', '2026-06-01', 'Send the offer'), ('f2', '7', '1', '2026-05-29', 'Call'),
                   ('f3', '8', '2', '2026-06-01', NULL), ('f4', '9', '1', '2026-06-01', 'x');",
            )
            .unwrap();
        store.execute("UPDATE customers SET name = ?1 WHERE id = '9'", [HOSTILE]).unwrap();
        store.execute("UPDATE follow_ups SET subject = ?1 WHERE id = 'f4'", [HOSTILE]).unwrap();
        let (mails, crm) = (Memory::default(), Memory::default());
        let mut config = load(&dir, Outlet::Configured);
        remember(&mut config, &mails, &crm);
        let runtime = Runtime::new().unwrap();
        let ledger = Ledger::open(&dir.path().join("ledger.db"), Access::Daemon).unwrap();
        let clock = Clock::manual("2026-06-01T03:00:00Z".parse().unwrap());
        let mut daemon = runtime.block_on(Daemon::start(config, ledger, clock.clone())).unwrap();
        // One of the follow-ups fell due before anybody watched.
        let include = |c: &rusqlite::Connection| retaind::ledger::reminders::include_backlog(c, "follow_up");
        assert!(daemon.shared().ledger.run_blocking(include).unwrap());
        runtime.block_on(daemon.replay_until(TOLD.parse().unwrap())).unwrap();
        let care = Care { dir, runtime, daemon, clock, mails, crm };
        assert_eq!(care.mails.sent().len(), 2, "Ana and Bo were told");
        care
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn load(&self, outlet: Outlet) -> Config {
        load(&self.dir, outlet)
    }

    /// Goes on with another configuration, as after a reload.
    pub(crate) fn reconfigure(&mut self, change: impl FnOnce(&str) -> String) {
        let text = std::fs::read_to_string(self.path("retaind.toml")).unwrap();
        std::fs::write(self.path("retaind.toml"), change(&text)).unwrap();
        let mut config = self.load(Outlet::Configured);
        remember(&mut config, &self.mails, &self.crm);
        let ledger = self.daemon.shared().ledger.clone();
        self.daemon = self.runtime.block_on(Daemon::resume(config, ledger, self.clock.clone())).unwrap();
    }

    pub(crate) fn secret(&self, name: &str, text: &str) {
        secret(&self.dir, name, text);
    }

    /// The server, on a free port.
    pub(crate) fn serve(&self) -> Desk {
        self.serve_within(Deadlines::default())
    }

    pub(crate) fn serve_within(&self, deadlines: Deadlines) -> Desk {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let desk = pages::desk(self.daemon.shared()).unwrap().unwrap();
        let _inside = self.runtime.enter();
        Desk { address, server: Server::start(listener, desk, deadlines).unwrap() }
    }

    /// The links of a recipient's mail, as they stand in it.
    pub(crate) fn links(&self, recipient: &str) -> Vec<String> {
        let sent = self.mails.sent().into_iter().find(|sent| sent.recipient == recipient).unwrap();
        let mail = MessageParser::default().parse(sent.payload.open().unwrap()).unwrap();
        let text = mail.body_text(0).unwrap().into_owned();
        let html = mail.body_html(0).unwrap().replace("&#x3D;", "=").replace("&amp;", "&");
        let links: Vec<String> =
            text.split_whitespace().filter(|word| word.starts_with(PUBLIC)).map(str::to_owned).collect();
        assert!(links.iter().all(|link| html.contains(&format!("href=\"{link}\""))), "{html}");
        links
    }

    /// The path of the page about Casa Verde, as a proxy that serves the public URL asks for it.
    pub(crate) fn path_of_casa_verde(&self) -> String {
        path_of(&self.links("ana")[0])
    }

    /// Everything the ledger holds, table by table.
    pub(crate) fn dump(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let c = rusqlite::Connection::open(self.path("ledger.db")).unwrap();
        let mut tables = c.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(tables.len() > 8);
        tables.into_iter().map(|table| (table.clone(), rows(&c, &format!("SELECT * FROM {table}")))).collect()
    }

    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        rows(&rusqlite::Connection::open(self.path("ledger.db")).unwrap(), sql)
    }

    /// The bytes of the ledger on the disk.
    pub(crate) fn bytes(&self) -> [Vec<u8>; 2] {
        ["ledger.db", "ledger.db-wal"].map(|name| std::fs::read(self.path(name)).unwrap())
    }
}

fn secret(dir: &TempDir, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn load(dir: &TempDir, outlet: Outlet) -> Config {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (config, findings) = config::load(&dir.path().join("retaind.toml"), outlet);
    config.unwrap_or_else(|| panic!("{}", findings.render(false)))
}

fn remember(config: &mut Config, mails: &Memory, crm: &Memory) {
    config.channels.get_mut("mails").unwrap().channel = Channel::Memory(mails.clone());
    config.channels.get_mut("crm").unwrap().channel = Channel::Memory(crm.clone());
}

fn rows(c: &rusqlite::Connection, sql: &str) -> Vec<Vec<String>> {
    let mut statement = c.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |value: Sql| match value {
        Sql::Null => String::new(),
        Sql::Integer(n) => n.to_string(),
        Sql::Text(text) => text,
        other => format!("{other:?}"),
    };
    let rows = statement.query_map([], |row| (0..columns).map(|n| row.get(n).map(text)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

/// What a proxy below the public path asks for: the path after it, without the fragment.
pub(crate) fn path_of(link: &str) -> String {
    link.strip_prefix(PUBLIC).unwrap().split('#').next().unwrap().to_owned()
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// The server at work.
pub(crate) struct Desk {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
}

impl Desk {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: care\r\n\r\n"))
    }

    /// A form, as a browser sends it from our page.
    pub(crate) fn post(&self, path: &str, form: &str) -> Answer {
        let headers =
            "Content-Type: application/x-www-form-urlencoded\r\nOrigin: null\r\nSec-Fetch-Site: same-origin";
        self.send_form(path, headers, form)
    }

    pub(crate) fn send_form(&self, path: &str, headers: &str, form: &str) -> Answer {
        let length = form.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: care\r\nContent-Length: {length}\r\n{headers}\r\n\r\n{form}"
        ))
    }

    pub(crate) fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        // What is refused by its head may be answered, and closed, before its body is read.
        let _ = stream.write_all(request.as_bytes());
        read(&mut stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }
}

/// Reads one answer, to the end of its connection.
pub(crate) fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
            // A reset after the answer is no trouble: the answer came.
            Err(e) if e.kind() == ErrorKind::ConnectionReset => break,
            Err(e) => panic!("the connection is not ended in time: {e}"),
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).map_or(0, |code| code.parse().unwrap());
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

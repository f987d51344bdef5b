//! An SMTP server of the test's own: it takes everything at once, keeps what arrived, and can stop at a
//! chosen moment of a conversation until the test has done what it wants.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

/// A moment of an SMTP conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The client has connected; nothing was said.
    Connected,
    /// MAIL came, unanswered.
    Mail,
    /// RCPT came, unanswered.
    Rcpt,
    /// DATA came, unanswered.
    Data,
    /// DATA was answered: the client is about to mark the point of no return.
    DataAnswered,
    /// A line of the body came.
    Line,
    /// The final dot came, unanswered. From here on the message has arrived.
    Dot,
    /// The final dot was answered.
    DotAnswered,
    /// QUIT came.
    Quit,
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrived {
    /// Its Message-ID, without brackets.
    pub(crate) id: String,
    /// RCPT TO.
    pub(crate) to: String,
    /// Its bytes, dots undone.
    pub(crate) bytes: Vec<u8>,
}

/// What a test waits for.
pub(crate) enum News {
    /// The chosen moment has come; the conversation goes on when this sender is dropped.
    Stopped(#[expect(dead_code, reason = "its drop is the message")] Sender<()>),
    /// The process has ended.
    Ended,
}

/// Stop at the `countdown`-th `moment`.
struct Trap {
    moment: Moment,
    countdown: u64,
    told: Sender<News>,
}

#[derive(Default)]
struct Inner {
    arrived: Mutex<Vec<Arrived>>,
    trap: Mutex<Option<Trap>>,
    open: Mutex<usize>,
    closed: Condvar,
}

/// The server. Its threads end with the test process.
pub(crate) struct Sink {
    pub(crate) port: u16,
    inner: Arc<Inner>,
}

impl Sink {
    /// One that offers PIPELINING, or does not.
    pub(crate) fn start(pipelining: bool) -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::new(Inner::default());
        let shared = inner.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                *shared.open.lock().unwrap() += 1;
                let inner = shared.clone();
                std::thread::spawn(move || {
                    // A peer that was killed is no trouble.
                    let _ = stream.and_then(|stream| inner.talk(&stream, pipelining));
                    *inner.open.lock().unwrap() -= 1;
                    inner.closed.notify_all();
                });
            }
        });
        Sink { port, inner }
    }

    /// Sets the trap, in place of an earlier one.
    pub(crate) fn stop_at(&self, moment: Moment, countdown: u64, told: Sender<News>) {
        *self.inner.trap.lock().unwrap() = Some(Trap { moment, countdown, told });
    }

    /// Takes the trap away.
    pub(crate) fn disarm(&self) {
        *self.inner.trap.lock().unwrap() = None;
    }

    /// All that arrived since the last call, once every conversation begun so far is over. What a killed
    /// process had written may still be read after its death; connections are served in order, so a
    /// conversation of our own comes last.
    pub(crate) fn settle(&self) -> Vec<Arrived> {
        let mut own = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        own.write_all(b"QUIT\r\n").unwrap();
        let mut all = String::new();
        BufReader::new(&own).read_line(&mut all).unwrap();
        drop(own);
        let open = self.inner.open.lock().unwrap();
        drop(self.inner.closed.wait_while(open, |open| *open > 0).unwrap());
        std::mem::take(&mut *self.inner.arrived.lock().unwrap())
    }
}

impl Inner {
    fn reach(&self, moment: Moment) {
        let mut trap = self.trap.lock().unwrap();
        let Some(set) = trap.as_mut().filter(|trap| trap.moment == moment) else { return };
        if set.countdown > 0 {
            set.countdown -= 1;
            return;
        }
        let told = set.told.clone();
        *trap = None;
        drop(trap);
        let (done, go_on) = channel();
        if told.send(News::Stopped(done)).is_ok() {
            let _ = go_on.recv();
        }
    }

    fn talk(&self, stream: &TcpStream, pipelining: bool) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        self.reach(Moment::Connected);
        let mut out = stream;
        let mut lines = BufReader::new(stream);
        out.write_all(b"220 sink ESMTP\r\n")?;
        let mut to = String::new();
        while let Some(line) = read_line(&mut lines)? {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            match text.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" if pipelining => out.write_all(b"250-sink\r\n250 PIPELINING\r\n")?,
                "EHLO" => out.write_all(b"250-sink\r\n250 8BITMIME\r\n")?,
                "MAIL" => {
                    to.clear();
                    self.reach(Moment::Mail);
                    out.write_all(b"250 ok\r\n")?;
                }
                "RCPT" => {
                    // A second recipient would show in what arrived.
                    to.push_str(text.split(['<', '>']).nth(1).unwrap_or_default());
                    self.reach(Moment::Rcpt);
                    out.write_all(b"250 ok\r\n")?;
                }
                "DATA" => {
                    self.reach(Moment::Data);
                    out.write_all(b"354 go on\r\n")?;
                    self.reach(Moment::DataAnswered);
                    let Some(bytes) = self.message(&mut lines)? else { return Ok(()) };
                    let id = message_id(&bytes);
                    self.arrived.lock().unwrap().push(Arrived { id, to: std::mem::take(&mut to), bytes });
                    self.reach(Moment::Dot);
                    out.write_all(b"250 taken\r\n")?;
                    self.reach(Moment::DotAnswered);
                }
                "QUIT" => {
                    self.reach(Moment::Quit);
                    return out.write_all(b"221 bye\r\n");
                }
                _ => out.write_all(b"250 ok\r\n")?,
            }
        }
        Ok(())
    }

    fn message(&self, lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        while let Some(line) = read_line(lines)? {
            if line == b".\r\n" {
                return Ok(Some(bytes));
            }
            self.reach(Moment::Line);
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        Ok(None)
    }
}

/// A whole line with its end; `None` when the peer is gone.
fn read_line(lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line)?;
    Ok(line.ends_with(b"\n").then_some(line))
}

fn message_id(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.unwrap_or("(none)").trim_matches(['<', '>']).to_owned()
}

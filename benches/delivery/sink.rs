//! A receiver in a process of its own: SMTP or HTTP on a free port, all connections on one thread, as little
//! work a message as it takes to answer, since it shares the machine with whoever is measured. It prints its
//! port, and for each line it reads how much arrived when.

use std::io::{BufRead as _, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use retaind::clock::Stopwatch;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How many messages arrived, and when the first command came and the last message.
struct Counts {
    clock: Stopwatch,
    messages: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
}

impl Counts {
    fn begun(&self) {
        if self.first.load(Ordering::Relaxed) == u64::MAX {
            self.first.fetch_min(self.now(), Ordering::Relaxed);
        }
    }

    fn arrived(&self) {
        self.last.fetch_max(self.now(), Ordering::Relaxed);
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.clock.elapsed().as_micros() as u64
    }
}

/// Serves until standard input ends: `smtp`, `smtp-pipelining` or `http`.
pub(crate) fn serve(kind: &str) {
    let counts = Arc::new(Counts {
        clock: Stopwatch::start(),
        messages: AtomicU64::new(0),
        first: AtomicU64::new(u64::MAX),
        last: AtomicU64::new(0),
    });
    let (shared, kind) = (counts.clone(), kind.to_owned());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        runtime.expect("a runtime").block_on(accept(&kind, &shared)).expect("a port on this machine");
    });
    for _ in std::io::stdin().lock().lines() {
        let of = |value: &AtomicU64| value.load(Ordering::Relaxed);
        println!("{} {} {}", of(&counts.messages), of(&counts.first), of(&counts.last));
    }
}

async fn accept(kind: &str, counts: &Arc<Counts>) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        // A peer that goes away is no trouble, here or later.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (counts, kind) = (counts.clone(), kind.to_owned());
        tokio::spawn(async move {
            let _ = match kind.as_str() {
                "http" => http(stream, &counts).await,
                kind => smtp(stream, &counts, kind == "smtp-pipelining").await,
            };
        });
    }
}

/// Answers commands as they come, several in one write where several came at once. The end of a message
/// is the end of what was read: nobody says more before it is answered.
async fn smtp(mut stream: TcpStream, counts: &Counts, pipelining: bool) -> Result<()> {
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let (mut buffer, mut held, mut replies) = (vec![0; 64 << 10], 0, Vec::new());
    let (mut in_data, mut tail) = (false, Vec::new());
    loop {
        let read = stream.read(&mut buffer[held..]).await?;
        if read == 0 {
            return Ok(());
        }
        counts.begun();
        let end = held + read;
        if in_data {
            held = 0;
            tail.extend_from_slice(&buffer[end.saturating_sub(5)..end]);
            tail.drain(..tail.len().saturating_sub(5));
            if tail == b"\r\n.\r\n" {
                in_data = false;
                counts.arrived();
                stream.write_all(b"250 2.0.0 queued\r\n").await?;
            }
            continue;
        }
        let mut start = 0;
        while let Some(length) = buffer[start..end].iter().position(|b| *b == b'\n') {
            let line = &buffer[start..start + length];
            start += length + 1;
            let reply: &[u8] = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_slice() {
                b"EHLO" if pipelining => b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                b"EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
                b"DATA" => {
                    (in_data, tail) = (true, Vec::new());
                    b"354 go on\r\n"
                }
                b"QUIT" => return stream.write_all(b"221 bye\r\n").await,
                _ => b"250 2.1.0 ok\r\n",
            };
            replies.extend_from_slice(reply);
        }
        buffer.copy_within(start..end, 0);
        held = end - start;
        stream.write_all(&replies).await?;
        replies.clear();
    }
}

/// Answers 200 to each request with a body of a known length, and keeps the connection.
async fn http(mut stream: TcpStream, counts: &Counts) -> Result<()> {
    let (mut buffer, mut held) = (vec![0; 64 << 10], 0);
    loop {
        let read = stream.read(&mut buffer[held..]).await?;
        if read == 0 {
            return Ok(());
        }
        counts.begun();
        held += read;
        let Some(end) = buffer[..held].windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        if held < end + 4 + length(&buffer[..end]) {
            continue;
        }
        held = 0;
        counts.arrived();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await?;
    }
}

/// How long a body its headers promise.
fn length(headers: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    let mut lines = headers.split(|b| *b == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        name.eq_ignore_ascii_case(NAME).then(|| value.trim_ascii())
    });
    value.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).unwrap_or(0)
}

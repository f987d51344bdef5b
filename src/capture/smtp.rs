//! An SMTP server that takes everything: enough of RFC 5321 for a client that follows it.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Captured, Inbox};

/// Largest message taken.
const MESSAGE_MAX: usize = 64 << 20;

/// Longest line read.
const LINE_MAX: u64 = 64 << 10;

/// Serves until the listener is dropped.
pub async fn serve(listener: TcpListener, inbox: Inbox) {
    while let Ok((stream, _)) = listener.accept().await {
        let inbox = inbox.clone();
        tokio::spawn(async move {
            if let Err(e) = talk(stream, inbox).await {
                tracing::debug!(error = %e, "capture connection ended");
            }
        });
    }
}

async fn talk(stream: TcpStream, inbox: Inbox) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 capture ESMTP retaind\r\n").await?;
    let (mut from, mut to) = (String::new(), String::new());
    while let Some(line) = read_line(&mut stream).await? {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = text.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-capture\r\n250-SIZE 67108864\r\n250 ENHANCEDSTATUSCODES\r\n",
            "HELO" | "RSET" | "NOOP" => b"250 2.0.0 ok\r\n",
            "MAIL" => {
                from = address(&text);
                to.clear();
                b"250 2.1.0 ok\r\n"
            }
            "RCPT" if from.is_empty() => b"503 5.5.1 MAIL first\r\n",
            "RCPT" => {
                to = address(&text);
                b"250 2.1.5 ok\r\n"
            }
            "DATA" if to.is_empty() => b"503 5.5.1 RCPT first\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let Some(raw) = read_message(&mut stream).await? else { return Ok(()) };
                inbox.push(Captured::Mail {
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    raw,
                });
                b"250 2.0.0 captured\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            _ => b"502 5.5.2 not here\r\n",
        };
        stream.write_all(reply).await?;
    }
    Ok(())
}

/// A line with its end; `None` when the peer is gone.
async fn read_line(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    stream.take(LINE_MAX).read_until(b'\n', &mut line).await?;
    Ok(line.ends_with(b"\n").then_some(line))
}

/// Lines up to the lone dot, with the doubled dots of RFC 5321, section 4.5.2, undone.
async fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    while let Some(line) = read_line(stream).await? {
        if line == b".\r\n" {
            return Ok(Some(message));
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        if message.len() > MESSAGE_MAX {
            return Ok(None);
        }
    }
    Ok(None)
}

fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(String::new(), |(address, _)| address.to_owned())
}

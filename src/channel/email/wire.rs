//! The bytes of an SMTP conversation: command lines out, replies in (RFC 5321, section 4.2), each reply
//! bounded, since a relay that sends megabytes without a line end would otherwise fill our memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Most bytes of one reply. RFC 5321 asks for 512 a line; a long EHLO has a few dozen lines.
const REPLY_MAX: usize = 64 << 10;

/// What is read at once; most replies fit.
const READ: usize = 4 << 10;

/// A reply: its code, and its lines without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// Separated by line ends.
    pub(super) text: String,
}

impl Reply {
    /// 2xx: done.
    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// As one line for people, at most so many graphemes.
    pub(super) fn said(&self, graphemes: usize) -> String {
        let text = crate::domain::text::clean(&self.text.replace('\n', " "));
        crate::domain::text::excerpt(&format!("{} {text}", self.code), graphemes).trim_end().to_owned()
    }
}

/// A connection, as it is or within TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// A conversation on a stream.
pub(super) struct Wire {
    stream: Stream,
    /// What came and was not read as a reply yet.
    held: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Wire {
        Wire { stream, held: Vec::new() }
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next reply.
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        loop {
            if let Some((reply, length)) = parse(&self.held)? {
                self.held.drain(..length);
                return Ok(reply);
            }
            if self.held.len() > REPLY_MAX {
                return Err(io::Error::other("the reply is longer than 64 KiB"));
            }
            self.held.reserve(READ);
            if self.stream.read_buf(&mut self.held).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was cut"));
            }
        }
    }

    /// The connection under it, to begin TLS on. Whatever was said already is not protected by it and must
    /// not be taken for an answer to what follows; so there must be nothing.
    pub(super) fn into_plain(self) -> io::Result<TcpStream> {
        match self.stream {
            Stream::Plain(stream) if self.held.is_empty() => Ok(stream),
            Stream::Plain(_) => Err(io::Error::other("more was said than asked before TLS began")),
            Stream::Tls(_) => Err(io::Error::other("it is within TLS already")),
        }
    }
}

/// The reply at the start of what came, and its length; none while it is not complete.
fn parse(bytes: &[u8]) -> io::Result<Option<(Reply, usize)>> {
    let (mut code, mut text, mut at) = (None, String::new(), 0);
    while let Some(length) = bytes[at..].iter().position(|b| *b == b'\n') {
        let line = bytes[at..at + length].strip_suffix(b"\r").unwrap_or(&bytes[at..at + length]);
        at += length + 1;
        let garbage = || {
            let shown = crate::domain::text::clean(&String::from_utf8_lossy(&line[..line.len().min(60)]));
            io::Error::new(io::ErrorKind::InvalidData, format!("this is no reply: {shown}"))
        };
        let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
            return Err(garbage());
        };
        let number = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
        if *code.get_or_insert(number) != number {
            return Err(garbage());
        }
        let (last, said) = match rest {
            [] => (true, rest),
            [b' ', said @ ..] => (true, said),
            [b'-', said @ ..] => (false, said),
            _ => return Err(garbage()),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&String::from_utf8_lossy(said));
        if last {
            return Ok(Some((Reply { code: number, text }, at)));
        }
    }
    // What cannot become a reply any more need not be waited for.
    let start = &bytes[at..bytes.len().min(at + 3)];
    if start.iter().all(u8::is_ascii_digit) { Ok(None) } else { Err(no_reply(start)) }
}

fn no_reply(start: &[u8]) -> io::Error {
    let reason = format!("this is no reply: {}", start.escape_ascii());
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_as_rfc_5321_writes_them() {
        let read = |text: &str| parse(text.as_bytes()).unwrap().map(|(r, n)| (r.code, r.text, n));
        assert_eq!(read("250 ok\r\n354 go"), Some((250, "ok".to_owned(), 8)));
        assert_eq!(read("250\r\n"), Some((250, String::new(), 5)));
        assert_eq!(read("250-a\r\n250-   \r\n250 b\n"), Some((250, "a\n   \nb".to_owned(), 22)));
        for incomplete in ["", "2", "250 o", "250-a\r\n", "250-a\r\n25"] {
            assert_eq!(read(incomplete), None, "{incomplete:?}");
        }
    }

    #[test]
    fn what_is_no_reply_is_not_waited_for() {
        for garbage in
            ["HTTP/1.1 200", "\u{16}\u{3}\u{1}", "250-a\r\n450 b\r\n", "2500\r\n", "99 x\r\n", "\r\n"]
        {
            assert!(parse(garbage.as_bytes()).is_err(), "{garbage:?}");
        }
    }
}

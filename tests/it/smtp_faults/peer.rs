//! A scripted SMTP peer: well-behaved but for one fault at one phase.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// Where in a conversation the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Greeting,
    Ehlo,
    Starttls,
    Handshake,
    Login,
    Sender,
    Recipient,
    Data,
    /// In the middle of a body that is too large for the sockets' buffers.
    Body,
    /// In the middle of one that fits into them: the sender wrote its final dot long ago.
    SmallBody,
    End,
    /// The question whether a connection that rested still stands.
    Idle,
    /// The MAIL of a second message on a connection.
    Again,
    Quit,
}

/// What goes wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// This line instead of the usual one.
    Reply(&'static str),
    /// The connection ends.
    Cut,
    /// The connection is reset.
    Reset,
    /// No word, and no end.
    Silence,
    /// A reply without an end, a byte at a time.
    Drip,
    /// Bytes that are no reply.
    Garbage,
    /// 200 KiB without a line end, and no end of the connection.
    Huge,
}

/// What the peer saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Whether the phase of the fault was reached.
    pub(crate) reached: bool,
    /// Every command line.
    pub(crate) lines: Vec<String>,
    /// How much of bodies was read.
    pub(crate) body_bytes: usize,
    /// What was accepted, without the dots of transparency.
    pub(crate) mails: Vec<Vec<u8>>,
}

pub(crate) struct Peer {
    pub(crate) port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    /// Listens; the first `faulty` connections suffer the fault.
    pub(crate) fn start(phase: Phase, fault: Fault, faulty: usize) -> Peer {
        Peer::offering(phase, fault, faulty, false)
    }

    /// One that may offer PIPELINING, too.
    pub(crate) fn offering(phase: Phase, fault: Fault, faulty: usize, pipelining: bool) -> Peer {
        let socket = TcpSocket::new_v4().unwrap();
        // A sender is to notice soon that nobody reads.
        socket.set_recv_buffer_size(16 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = shared.clone();
                seen.lock().unwrap().connections += 1;
                let fault = if seen.lock().unwrap().connections > faulty { Fault::None } else { fault };
                let talk = Talk { stream: BufReader::new(stream), phase, fault, pipelining, mails: 0, seen };
                tokio::spawn(talk.run());
            }
        });
        Peer { port, seen }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

struct Talk {
    stream: BufReader<TcpStream>,
    phase: Phase,
    fault: Fault,
    pipelining: bool,
    /// Messages begun on this connection.
    mails: usize,
    seen: Arc<Mutex<Seen>>,
}

impl Talk {
    /// An error ends the connection.
    async fn run(mut self) -> io::Result<()> {
        self.play(Phase::Greeting, "220 peer ESMTP").await?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            self.seen.lock().unwrap().lines.push(line.trim_end().to_owned());
            match line.split([' ', '\r']).next().unwrap_or_default() {
                "EHLO" => drop(self.play(Phase::Ehlo, self.extensions()).await?),
                "STARTTLS" if self.play(Phase::Starttls, "220 2.0.0 ready").await? => {
                    return self.handshake().await;
                }
                "AUTH" => drop(self.play(Phase::Login, "235 2.7.0 welcome").await?),
                "MAIL" => {
                    self.mails += 1;
                    let phase = if self.mails > 1 { Phase::Again } else { Phase::Sender };
                    self.play(phase, "250 2.1.0 go on").await?;
                }
                "RCPT" => drop(self.play(Phase::Recipient, "250 2.1.5 go on").await?),
                "DATA" if self.play(Phase::Data, "354 end with a dot").await? => self.body().await?,
                "STARTTLS" | "DATA" => {}
                "NOOP" => drop(self.play(Phase::Idle, "250 2.0.0 here").await?),
                "QUIT" => return self.play(Phase::Quit, "221 2.0.0 bye").await.map(drop),
                _ => self.say(b"500 5.5.1 what?\r\n").await?,
            }
        }
    }

    fn extensions(&self) -> &'static str {
        match self.phase {
            Phase::Starttls | Phase::Handshake => "250-peer\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN",
            _ if self.pipelining => "250-peer\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN",
            _ => "250-peer\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
        }
    }

    async fn handshake(&mut self) -> io::Result<()> {
        let _hello = self.stream.read_u8().await?;
        self.play(Phase::Handshake, "this peer speaks no TLS").await?;
        // Whatever comes now is not for us; the other side has to leave.
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.map(drop)
    }

    async fn body(&mut self) -> io::Result<()> {
        let in_body = matches!(self.phase, Phase::Body | Phase::SmallBody) && self.fault != Fault::None;
        if in_body {
            let mut some = [0; 1024];
            let read = self.stream.read(&mut some).await?;
            self.seen.lock().unwrap().body_bytes += read;
            self.play(self.phase, "").await?;
        }
        let mut mail = Vec::new();
        loop {
            let start = mail.len();
            let read = self.stream.read_until(b'\n', &mut mail).await?;
            self.seen.lock().unwrap().body_bytes += read;
            match &mail[start..] {
                b"" => return Ok(()),
                b".\r\n" => break mail.truncate(start),
                [b'.', ..] => drop(mail.remove(start)),
                _ => {}
            }
        }
        if !in_body && self.play(Phase::End, "250 2.0.0 queued as 4711").await? {
            self.seen.lock().unwrap().mails.push(mail);
        }
        Ok(())
    }

    /// Says the usual, or does what the script wants here. True: it was the usual.
    async fn play(&mut self, phase: Phase, usual: &str) -> io::Result<bool> {
        if phase != self.phase {
            return self.say(format!("{usual}\r\n").as_bytes()).await.map(|()| true);
        }
        self.seen.lock().unwrap().reached = true;
        match self.fault {
            Fault::None => return self.say(format!("{usual}\r\n").as_bytes()).await.map(|()| true),
            Fault::Reply(line) => self.say(format!("{line}\r\n").as_bytes()).await?,
            Fault::Cut => return Err(io::Error::other("cut")),
            Fault::Reset => {
                self.stream.get_ref().set_zero_linger()?;
                return Err(io::Error::other("reset"));
            }
            Fault::Silence => std::future::pending().await,
            Fault::Drip => self.drip().await?,
            Fault::Garbage => {
                self.say(b"\xff\xfe\x00 HTTP/1.1 what is this\r\n").await?;
                if matches!(phase, Phase::Body | Phase::Handshake) {
                    std::future::pending::<()>().await;
                }
            }
            Fault::Huge => {
                self.say(&vec![b'x'; 200 << 10]).await?;
                std::future::pending::<()>().await;
            }
        }
        Ok(false)
    }

    async fn drip(&mut self) -> io::Result<()> {
        let mut every = tokio::time::interval(Duration::from_millis(10));
        for byte in b"250-slow\r\n".iter().cycle() {
            every.tick().await;
            self.say(&[*byte]).await?;
        }
        Ok(())
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes).await
    }
}

//! A POST over a plain connection of our own: HTTP/1.1 as hyper speaks it, without the pool, the layers and the
//! tasks that a library for every protocol needs. One message at a time on a connection, served by the very
//! task that waits for the answer; kept while messages follow one another.
//!
//! What waits for an answer is small on purpose (a test sees to it): a future larger than a kilobyte is copied and
//! allocated the slow way for each message.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use reqwest::header::{ACCEPT, HOST, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Body, Url};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::http::{AGENT, ANSWER_MAX, Deadlines, Failed, Raw, causes, resolve};

/// A plain destination and the connections to it.
pub(super) struct Direct {
    host: String,
    port: u16,
    /// What is asked for: path and query.
    target: Uri,
    /// The `Host` header.
    authority: HeaderValue,
    allow_private: bool,
    deadlines: Deadlines,
    /// Connections on which an answer was read to its end, the last used one last.
    idle: Mutex<Vec<Line>>,
}

/// A connection: the end that takes requests, and the one that moves bytes until it is over.
struct Line {
    sender: SendRequest<Body>,
    wire: Option<Box<Connection<TokioIo<TcpStream>, Body>>>,
}

/// Why there is no answer; with the request, where no byte of it was written.
type Refused = TrySendError<Request<Body>>;

/// How far a POST came: what is known of it when its time is over.
struct Progress {
    /// The request, as long as no byte of it can have left.
    unsent: Option<Box<Request<Body>>>,
    answer: Option<Raw>,
}

impl Direct {
    /// To a URL, if it is plain HTTP and holds no name and password.
    pub(super) fn new(url: &Url, allow_private: bool, deadlines: Deadlines) -> Option<Direct> {
        if url.scheme() != "http" || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = url.host_str()?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let target = url.query().map_or_else(|| url.path().to_owned(), |q| format!("{}?{q}", url.path()));
        Some(Direct {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
            target: target.parse().ok()?,
            authority: authority.parse().ok()?,
            allow_private,
            deadlines,
            idle: Mutex::default(),
        })
    }

    /// Sends it and reads the answer, all in the time there is.
    pub(super) fn post(
        &self,
        body: Bytes,
        mut headers: HeaderMap,
    ) -> impl Future<Output = Result<Raw, Failed>> + Send {
        headers.insert(HOST, self.authority.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let mut request = Box::new(Request::new(Body::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = headers;
        let mut progress = Progress { unsent: Some(request), answer: None };
        async move {
            let ended = timeout(self.deadlines.total, self.exchange(&mut progress)).await;
            match (ended, progress.answer) {
                (_, Some(answer)) => Ok(answer),
                (Ok(Err(failed)), None) => Err(failed),
                (_, None) if progress.unsent.is_some() => {
                    Err(Failed::Unsent("no connection in time".to_owned()))
                }
                (_, None) => Err(Failed::Unknown("no answer in time".to_owned())),
            }
        }
    }

    /// Ends the connections that were kept.
    pub(super) fn rest(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that ended while it rested took nothing of the message, which then takes another one.
    async fn exchange(&self, progress: &mut Progress) -> Result<(), Failed> {
        loop {
            let (mut line, fresh) = match self.kept().await {
                Some(line) => (line, false),
                None => (Box::pin(self.connect()).await.map_err(Failed::Unsent)?, true),
            };
            // It is there: once it is handed over, it comes back or the loop ends.
            let Some(request) = progress.unsent.take() else { return Ok(()) };
            match line.ask(*request, progress).await {
                Ok(reusable) => {
                    if reusable {
                        self.idle().push(line);
                    }
                    return Ok(());
                }
                Err(mut refused) => match refused.take_message() {
                    Some(unsent) if !fresh => progress.unsent = Some(Box::new(unsent)),
                    Some(_) => return Err(Failed::Unsent(causes(refused.error()))),
                    None => return Err(Failed::Unknown(causes(refused.error()))),
                },
            }
        }
    }

    /// The connection that was used last, if it still stands as far as can be seen.
    async fn kept(&self) -> Option<Line> {
        loop {
            let mut line = self.idle().pop()?;
            if line.stands().await {
                return Some(line);
            }
        }
    }

    /// A new connection, to the first address that takes one.
    async fn connect(&self) -> Result<Line, String> {
        let resolving = resolve(&self.host, self.port, self.allow_private);
        let found = timeout(self.deadlines.connect, resolving).await;
        let found = found.map_err(|_| "the name is not resolved in time".to_owned())?;
        let addresses = found.map_err(|e| format!("connect: {e}"))?;
        let share = self.deadlines.connect / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut reason = "connect: no address".to_owned();
        for address in addresses {
            let stream = match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(e)) => {
                    reason = format!("connect: {e}");
                    continue;
                }
                Err(_) => {
                    "connect: no answer in time".clone_into(&mut reason);
                    continue;
                }
            };
            // A short write must not wait 40 ms for the peer's word on the one before it.
            let _ = stream.set_nodelay(true);
            let (sender, wire) = handshake(TokioIo::new(stream)).await.map_err(|e| causes(&e))?;
            return Ok(Line { sender, wire: Some(Box::new(wire)) });
        }
        Err(reason)
    }
}

impl Line {
    /// Whether it would take a request now: looked at once, not waited for.
    async fn stands(&mut self) -> bool {
        poll_fn(|context| {
            let over = self.wire.as_mut().is_none_or(|wire| Pin::new(wire).poll(context).is_ready());
            Poll::Ready(!over && matches!(self.sender.poll_ready(context), Poll::Ready(Ok(()))))
        })
        .await
    }

    /// Sends a request and hears the answer. Whether the connection may take another one.
    fn ask(
        &mut self,
        request: Request<Body>,
        progress: &mut Progress,
    ) -> impl Future<Output = Result<bool, Refused>> + Send {
        let mut sending = Box::pin(self.sender.try_send_request(request));
        async move {
            let response = served(&mut self.wire, |context| sending.as_mut().poll(context)).await?;
            let (head, body) = response.into_parts();
            let (status, headers) = (head.status.as_u16(), head.headers);
            let answer = Raw { status, headers, bytes: Vec::new(), whole: false };
            Ok(self.read(body, progress.answer.insert(answer)).await)
        }
    }

    /// Reads a body, or as much of it as is wanted. Whether the connection may take another request: what is
    /// unread would be taken for the next answer.
    async fn read(&mut self, mut body: Incoming, answer: &mut Raw) -> bool {
        loop {
            match served(&mut self.wire, |context| Pin::new(&mut body).poll_frame(context)).await {
                Some(Ok(frame)) => {
                    let chunk = frame.data_ref().map_or(&[][..], |data| data);
                    answer
                        .bytes
                        .extend_from_slice(&chunk[..chunk.len().min(ANSWER_MAX - answer.bytes.len())]);
                }
                Some(Err(_)) => return false,
                None => {
                    answer.whole = true;
                    return true;
                }
            }
            if answer.bytes.len() >= ANSWER_MAX {
                answer.whole = true;
                return false;
            }
        }
    }
}

/// Moves the connection's bytes until the work is done. A connection that is over has told it so.
async fn served<T>(
    wire: &mut Option<Box<Connection<TokioIo<TcpStream>, Body>>>,
    mut work: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> T {
    poll_fn(|context| {
        if wire.as_mut().is_some_and(|wire| Pin::new(wire).poll(context).is_ready()) {
            *wire = None;
        }
        work(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_small() {
        let url = Url::parse("http://127.0.0.1:1/hook").unwrap();
        let direct = Direct::new(&url, true, Deadlines::default()).unwrap();
        let size = size_of_val(&direct.post(Bytes::new(), HeaderMap::new()));
        assert!(size <= 1_000, "{size} bytes");
    }
}

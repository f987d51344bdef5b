//! One POST, by the rules that make it safe: no redirects, no proxies, no private addresses unless
//! allowed, no more of the answer than is needed, and no URL in any error: URLs are secrets here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Url, redirect};

use super::Gate;
use super::direct::Direct;
use crate::outbox::{Answer, Scope};

/// How much of an answer is read. Enough for any error text; the rest is dropped with the connection.
pub(super) const ANSWER_MAX: usize = 64 << 10;

/// Who we say we are.
pub(super) const AGENT: &str = concat!("retaind/", env!("CARGO_PKG_VERSION"));

/// Shortest part of a URL that is taken for a secret.
const SECRET_MIN: usize = 8;

/// How long a POST may take: to connect, and in all.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the answer is read.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines { connect: Duration::from_secs(10), total: Duration::from_secs(20) }
    }
}

/// A destination that takes POSTs.
pub struct Endpoint {
    stack: Stack,
    url: Url,
    allow_private: bool,
    deadlines: Deadlines,
}

/// What speaks HTTP. Both are held against the same table of faults.
enum Stack {
    /// reqwest: TLS, HTTP/2, a pool.
    Library(Client),
    /// Plain connections of our own.
    Direct(Box<Direct>),
}

/// An answer as it came.
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The start of the body.
    pub(super) bytes: Vec<u8>,
    /// Whether the body came to its end, or to as much of it as is read.
    pub(super) whole: bool,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The start of the body, without what is secret in the URL.
    pub body: String,
    /// Whether the body came to its end, or to as much of it as is read.
    pub whole: bool,
    /// What was asked for by `Retry-After`.
    pub retry_after: Option<SignedDuration>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Nothing of the request was written.
    Unsent(String),
    /// The request may have arrived.
    Unknown(String),
}

impl Endpoint {
    /// An endpoint at `url`. `https` is demanded unless the host is on this machine and private
    /// addresses are allowed.
    pub fn new(url: &str, allow_private: bool, deadlines: Deadlines) -> Result<Endpoint, String> {
        let url = Url::parse(url).map_err(|e| format!("not a URL: {e}"))?;
        let plain_allowed = allow_private && url.host_str().is_some_and(is_loopback_name);
        if url.scheme() != "https" && !(url.scheme() == "http" && plain_allowed) {
            return Err("must begin with https://".to_owned());
        }
        if let Some(address) = literal(&url).filter(|a| !allow_private && !is_public(*a)) {
            return Err(format!(
                "{address} is not a public address; say `allow_private = true` if you mean it"
            ));
        }
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .connect_timeout(deadlines.connect)
            .timeout(deadlines.total)
            .tcp_nodelay(true)
            .user_agent(AGENT)
            .dns_resolver(Arc::new(Checked { allow_private }))
            .build()
            .map_err(|e| e.without_url().to_string())?;
        Ok(Endpoint { stack: Stack::Library(client), url, allow_private, deadlines })
    }

    /// For many POSTs: a plain URL is then reached over connections of our own, which cost a quarter less. Any
    /// other stays with the library.
    #[must_use]
    pub fn for_many(mut self) -> Endpoint {
        if let Some(direct) = Direct::new(&self.url, self.allow_private, self.deadlines) {
            self.stack = Stack::Direct(Box::new(direct));
        }
        self
    }

    /// Ends what was kept open between messages. The library does that by itself.
    pub(super) fn rest(&self) {
        if let Stack::Direct(direct) = &self.stack {
            direct.rest();
        }
    }

    /// Host and a short mark of the rest, for people: the rest is a secret.
    pub fn masked(&self) -> String {
        let mark = crate::outbox::key::fingerprint(self.url.as_str().as_bytes());
        let private = if self.allow_private { ", private addresses allowed" } else { "" };
        format!("{}://{}/…#{}{private}", self.url.scheme(), self.url.host_str().unwrap_or("?"), &mark[..6])
    }

    /// The URL, which is a secret.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// POSTs a JSON body once it has passed the gate.
    pub fn post(
        &self,
        body: Bytes,
        headers: HeaderMap,
        gate: Gate,
    ) -> impl Future<Output = Result<Response, Failed>> + Send {
        self.call((Method::POST, &self.url), body, headers, gate)
    }

    /// Sends a JSON body to a URL of the same server once it has passed the gate.
    pub(super) fn call<'a>(
        &'a self,
        (method, url): (Method, &'a Url),
        body: Bytes,
        mut headers: HeaderMap,
        gate: Gate,
    ) -> impl Future<Output = Result<Response, Failed>> + Send + 'a {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        async move {
            if !gate().await {
                return Err(Failed::Unsent("the claim was lost".to_owned()));
            }
            let raw = match &self.stack {
                Stack::Library(client) => {
                    let request = client.request(method, url.clone()).headers(headers).body(body);
                    Box::pin(async { Ok(read(request.send().await.map_err(classify)?).await) }).await?
                }
                Stack::Direct(direct) => Box::pin(direct.post(body, headers)).await?,
            };
            Ok(raw.response(url))
        }
    }
}

impl Raw {
    /// As it is judged and shown.
    fn response(self, url: &Url) -> Response {
        let header = |name| self.headers.get(name).and_then(|v| v.to_str().ok());
        Response {
            status: self.status,
            body: without_secrets(url, String::from_utf8_lossy(&self.bytes).into_owned()),
            whole: self.whole,
            retry_after: header(RETRY_AFTER).and_then(|text| read_retry_after(text, header(DATE))),
        }
    }
}

/// Some servers say in their error page what was asked for: "Cannot POST /hooks/…".
fn without_secrets(url: &Url, body: String) -> String {
    let path = url.path();
    let whole = Some(path).filter(|path| path.len() > 1).into_iter().chain(url.query());
    let parts = path.split('/').chain(url.query().into_iter().flat_map(|q| q.split(['&', '='])));
    let parts = parts.filter(|part| part.len() >= SECRET_MIN);
    whole.chain(parts).fold(
        body,
        |body, secret| {
            if body.contains(secret) { body.replace(secret, "…") } else { body }
        },
    )
}

/// The status is the answer; what of the body does not come is seldom needed.
async fn read(mut response: reqwest::Response) -> Raw {
    let mut bytes = Vec::new();
    let whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER_MAX - bytes.len())]);
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
        if bytes.len() >= ANSWER_MAX {
            break true;
        }
    };
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    Raw { status, headers, bytes, whole }
}

fn classify(error: reqwest::Error) -> Failed {
    let unsent = error.is_connect() || error.is_builder();
    let reason = causes(&error.without_url());
    if unsent { Failed::Unsent(reason) } else { Failed::Unknown(reason) }
}

/// An error and what is behind it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    reason
}

/// What a status means where the service has no rules of its own.
pub fn answer(response: &Response) -> Answer {
    let said = crate::domain::text::excerpt(&crate::domain::text::clean(&response.body), 200);
    let reason = format!("{} {said}", response.status).trim_end().to_owned();
    let not_now = |scope| Answer::NotNow { reason: reason.clone(), after: response.retry_after, scope };
    match response.status {
        200..=299 => Answer::Accepted(reason),
        429 | 502 | 503 | 504 => not_now(Scope::Destination),
        408 | 425 | 500..=599 => not_now(Scope::Message),
        401 | 403 | 404 | 410 => not_now(Scope::Channel),
        300..=399 => Answer::Never(format!("{} (redirects are not followed)", response.status)),
        _ => Answer::Never(reason),
    }
}

/// `Retry-After` in seconds or as a date; what is neither is no request. Dates are held against the
/// answer's own `Date`, so that two clocks need not agree.
fn read_retry_after(text: &str, date: Option<&str>) -> Option<SignedDuration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let sane = (0.0..1e9).contains(&seconds);
        return sane.then(|| SignedDuration::from_millis((seconds * 1000.0) as i64));
    }
    let read = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|z| z.timestamp());
    let (until, from): (Timestamp, Timestamp) = (read(text)?, read(date?)?);
    Some(until.duration_since(from)).filter(|wait| !wait.is_negative())
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn is_loopback_name(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether an address belongs to the public net: a configured URL must not reach into ours.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4() {
                return is_public(IpAddr::V4(v4));
            }
            let first = v6.segments()[0];
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
                || first == 0x2002
                || (first == 0x64 && v6.segments()[1] == 0xff9b)
                || (first == 0x2001 && v6.segments()[1] == 0xdb8))
        }
    }
}

/// The addresses of a name that may be connected to: the very ones that will be.
pub(super) async fn resolve(name: &str, port: u16, allow_private: bool) -> io::Result<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host((name, port)).await?;
    let allowed: Vec<SocketAddr> = found.filter(|a| allow_private || is_public(a.ip())).collect();
    if allowed.is_empty() {
        return Err(io::Error::other("the name leads to no public address"));
    }
    Ok(allowed)
}

/// [`resolve`] as the library asks for it.
struct Checked {
    allow_private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let allowed = resolve(name.as_str(), 0, allow_private).await?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_net_is_out_of_reach() {
        for inner in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
        assert!(
            is_public("93.184.216.34".parse().unwrap()) && is_public("2606:2800:220:1::1".parse().unwrap())
        );
        let no = |url, private| Endpoint::new(url, private, Deadlines::default()).is_err();
        assert!(no("http://example.com/x", false) && no("http://example.com/x", true));
        assert!(
            no("https://169.254.169.254/latest", false)
                && no("ftp://example.com", true)
                && no("nonsense", true)
        );
    }

    #[test]
    fn retry_after_is_read_in_every_form_it_comes_in() {
        let date = Some("Sun, 22 Nov 2026 10:00:00 GMT");
        for (text, expected) in [
            ("120", Some(120_000)),
            ("0.5", Some(500)),
            ("Sun, 22 Nov 2026 10:02:00 GMT", Some(120_000)),
            ("-5", None),
            ("soon", None),
            ("1e400", None),
            ("Sun, 22 Nov 2020 10:02:00 GMT", None),
        ] {
            let read = read_retry_after(text, date).map(|d| d.as_millis() as i64);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn statuses_mean_what_they_mean() {
        let of = |status| answer(&Response { status, body: String::new(), whole: true, retry_after: None });
        assert!(matches!(of(204), Answer::Accepted(_)));
        for (status, scope) in [
            (429, Scope::Destination),
            (503, Scope::Destination),
            (500, Scope::Message),
            (408, Scope::Message),
            (410, Scope::Channel),
            (401, Scope::Channel),
        ] {
            assert!(matches!(of(status), Answer::NotNow { scope: s, .. } if s == scope), "{status}");
        }
        for status in [301, 307, 400, 413, 422] {
            assert!(matches!(of(status), Answer::Never(_)), "{status}");
        }
    }
}

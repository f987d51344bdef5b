//! Links that recipients act by: where they lead, which key signs them, who hears of acts.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::SignedDuration;
use reqwest::Url;
use secrecy::ExposeSecret as _;

use super::file::{self, At};
use super::problem::{Problem, one_of};
use super::{Builder, Outlet};
use crate::outbox::{LinkKey, Links};

/// How links are made, and where their pages are served.
#[derive(Clone)]
pub struct Actions {
    /// Makes links and reads them back.
    pub links: Arc<Links>,
    /// Scheme, host and port of the links, as browsers send them.
    pub origin: String,
    /// The address that the pages are served on.
    pub listen: SocketAddr,
    /// Webhook channels that hear of acts.
    pub events: Vec<String>,
}

/// Where the pages are served when nothing is said: behind a proxy on this machine.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8787);

const EXPIRE: SignedDuration = SignedDuration::from_hours(14 * 24);
const EXPIRE_MIN: SignedDuration = SignedDuration::from_hours(1);
const EXPIRE_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Longer links are cut by what shows them.
const URL_MAX: usize = 200;

impl Builder {
    /// How links are made; `None` where the file does not say, or where a key cannot be read that is not
    /// needed here.
    pub(super) fn actions(&mut self, file: &file::File) -> Option<Actions> {
        let actions = file.actions.as_ref()?.get();
        let url = self.public_url(&actions.public_url);
        let listen = self.listen(actions.listen.as_ref());
        let key = self.link_key(&actions.key);
        let old = actions.old_key.as_ref().and_then(|old| self.link_key(old));
        let life = self.expire(actions.expire.as_ref());
        let events = self.events(&actions.events, file);
        let (mut url, mut listen) = (url?, listen?);
        if let Outlet::Capture { pages: port @ 1.., .. } = self.outlet {
            // What is only captured is acted on here, too, whatever the links say to others.
            listen = SocketAddr::new(LISTEN.ip(), port);
            url = Url::parse(&format!("http://{listen}")).ok()?;
        }
        let base = url.as_str().trim_end_matches('/');
        Some(Actions {
            links: Arc::new(Links::new(base, key?, old, life)),
            origin: url.origin().ascii_serialization(),
            listen,
            events,
        })
    }

    fn public_url(&mut self, text: &file::Text) -> Option<Url> {
        let wrong = "this URL cannot be put into links";
        let url = match Url::parse(text.get()) {
            Ok(url) => url,
            Err(e) => {
                self.error(wrong, text, format!("not a URL: {e}; such as https://care.shop.example"));
                return None;
            }
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let label = match url.scheme() {
            "https" => None,
            "http" if loopback => None,
            "http" => Some("http is for this machine only: others could read the links on their way"),
            _ => Some("a link begins with https://"),
        };
        let more = url.query().is_some() || url.fragment().is_some();
        let label = label
            .or((!url.username().is_empty() || url.password().is_some()).then_some("a link names nobody"))
            .or(more.then_some("what follows `?` or `#` has no place here"))
            .or((url.as_str().len() > URL_MAX).then_some("longer than 200 characters"));
        if let Some(label) = label {
            self.error(wrong, text, label);
            return None;
        }
        Some(url)
    }

    fn listen(&mut self, text: Option<&file::Text>) -> Option<SocketAddr> {
        let Some(text) = text else { return Some(LISTEN) };
        match text.get().parse::<SocketAddr>() {
            Ok(listen) if listen.port() > 0 => {
                if !listen.ip().is_loopback() {
                    let problem = Problem::warning("the pages of links are served without TLS")
                        .at(text.span(), "others than this machine can reach this address");
                    let help = "listen = \"127.0.0.1:8787\", behind a proxy that has the certificate";
                    self.problems.push(problem.help(help));
                }
                Some(listen)
            }
            _ => {
                let title = format!("`{}` is nothing to listen on", text.get());
                self.error(title, text, "an address and a port, such as 127.0.0.1:8787");
                None
            }
        }
    }

    fn link_key(&mut self, at: &At<file::Secret>) -> Option<LinkKey> {
        let text = self.secret(at)?;
        match LinkKey::read(text.expose_secret()) {
            Ok(key) => Some(key),
            Err(reason) => {
                let problem = Problem::error("this key cannot sign links").at(at.span(), reason);
                self.problems.push(problem.help("make one: openssl rand -base64 32"));
                None
            }
        }
    }

    fn expire(&mut self, text: Option<&file::Text>) -> SignedDuration {
        let Some(text) = text else { return EXPIRE };
        let Some(life) = self.duration(text) else { return EXPIRE };
        if !(EXPIRE_MIN..=EXPIRE_MAX).contains(&life) {
            self.error("`actions.expire` is out of range", text, "from 1h to 90d");
        }
        life
    }

    /// Names of channels that exist and take events.
    pub(super) fn events(&mut self, names: &[file::Text], file: &file::File) -> Vec<String> {
        let webhooks = file.channels.iter().filter(|(_, channel)| channel.get().kind.get() == "webhook");
        let webhooks: Vec<&str> = webhooks.map(|(name, _)| name.as_str()).collect();
        let mut events: Vec<String> = Vec::new();
        for text in names {
            let name = text.get();
            if webhooks.contains(&name.as_str()) {
                if !events.contains(name) {
                    events.push(name.clone());
                }
            } else if let Some(channel) = file.channels.get(name) {
                let label = format!("it is of kind \"{}\"; events go to webhooks", channel.get().kind.get());
                self.error(format!("channel `{name}` takes no events"), text, label);
            } else {
                self.error(format!("unknown channel `{name}`"), text, one_of(name, &webhooks));
            }
        }
        events
    }
}

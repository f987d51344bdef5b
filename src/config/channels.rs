//! Channels, from their settings to something that sends.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret as _, SecretBox};

use super::file::{self, At};
use super::problem::Problem;
use super::{Builder, Outlet, Way, secret};
use crate::channel::Channel;
use crate::channel::email::{self, Deadlines, Email, Relay, Tls, Trust};
use crate::channel::http::{self, Endpoint};
use crate::channel::webhook::{Webhook, Wrapping, read_key};
use crate::outbox::{Medium, Service};

/// The kinds of channels there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Smtp,
    Folder,
    Sendmail,
    Webhook,
    Chat(Service),
}

/// All of them by name.
fn kinds() -> Vec<(&'static str, Kind)> {
    let own = [
        ("smtp", Kind::Smtp),
        ("folder", Kind::Folder),
        ("sendmail", Kind::Sendmail),
        ("webhook", Kind::Webhook),
    ];
    let chats = Service::ALL.into_iter().map(|(name, service)| (name, Kind::Chat(service)));
    own.into_iter().chain(chats).collect()
}

/// How many messages a channel may have under way at once.
const CONCURRENCY: std::ops::RangeInclusive<u16> = 1..=64;

impl Builder {
    pub(super) fn channels(&mut self, file: &BTreeMap<String, At<file::Channel>>) -> BTreeMap<String, Way> {
        let mut channels = BTreeMap::new();
        for (name, at) in file {
            let before = self.problems.len();
            let kinds = kinds();
            let known = kinds.iter().any(|(kind, _)| kind == at.get().kind.get());
            let kind = self.choice("kind of channel", Some(&at.get().kind), &kinds, Kind::Smtp);
            let way = if known { self.channel(name, kind, at) } else { None };
            match way {
                Some(way) => drop(channels.insert(name.clone(), way)),
                // Others that name it must not be told that it does not exist.
                None if self.problems.len() > before => drop(channels.insert(name.clone(), placeholder())),
                None => {}
            }
        }
        channels
    }

    fn channel(&mut self, name: &str, kind: Kind, at: &At<file::Channel>) -> Option<Way> {
        match kind {
            Kind::Smtp | Kind::Folder | Kind::Sendmail => self.mail_channel(name, kind, at),
            Kind::Webhook => self.web_channel(name, at),
            Kind::Chat(service) => self.chat_channel(name, service, at),
        }
    }

    pub(super) fn lacks(&mut self, at: &At<file::Channel>, name: &str, key: &str, example: &str) {
        let problem = Problem::error(format!("channel `{name}` lacks `{key}`"));
        self.problems
            .push(problem.at(at.get().kind.span(), "this kind needs it").help(format!("{key} = {example}")));
    }

    fn mail_channel(&mut self, name: &str, kind: Kind, at: &At<file::Channel>) -> Option<Way> {
        let from = self.from(at, name);
        let way = match (kind, self.outlet) {
            (_, Outlet::Capture { smtp, .. }) => {
                let _ = self.mail_way(name, kind, at);
                Some((
                    email::Way::Smtp(Box::new(relay("127.0.0.1", smtp, Tls::None))),
                    "the capture page".to_owned(),
                ))
            }
            _ => self.mail_way(name, kind, at),
        };
        let (from, (way, shown)) = from.zip(way)?;
        let medium = Medium::Email { from: from.clone() };
        let mut email = Email::new(from, way);
        if let Some(concurrency) = self.concurrency(name, at) {
            email = email.at_once(concurrency);
        }
        Some(Way { channel: Channel::Email(email), medium, shown })
    }

    fn concurrency(&mut self, name: &str, at: &At<file::Channel>) -> Option<usize> {
        let concurrency = at.get().concurrency.as_ref()?;
        if !CONCURRENCY.contains(concurrency.get()) {
            let title = format!("channel `{name}` cannot have {} messages under way", concurrency.get());
            self.problems.push(Problem::error(title).at(concurrency.span(), "from 1 to 64"));
            return None;
        }
        Some(usize::from(*concurrency.get()))
    }

    fn mail_way(&mut self, name: &str, kind: Kind, at: &At<file::Channel>) -> Option<(email::Way, String)> {
        let channel = at.get();
        match kind {
            Kind::Folder => {
                let Some(folder) = &channel.folder else {
                    self.lacks(at, name, "folder", "\"mails\"");
                    return None;
                };
                let folder = self.folder.join(folder.get());
                let shown = folder.display().to_string();
                Some((email::Way::Folder(folder), shown))
            }
            Kind::Sendmail => {
                let command = channel.command.as_ref().map_or("/usr/sbin/sendmail", |c| c.get());
                let command = PathBuf::from(command);
                if !command.exists() {
                    let span = channel.command.as_ref().map_or(channel.kind.span(), At::span);
                    let problem = Problem::error(format!("`{}` is not there", command.display()));
                    self.problems.push(
                        problem
                            .at(span, "no such command")
                            .help("install a mail transfer agent, or use kind = \"smtp\""),
                    );
                }
                let shown = command.display().to_string();
                Some((email::Way::Sendmail(command), shown))
            }
            _ => self.smtp_way(name, at),
        }
    }

    fn smtp_way(&mut self, name: &str, at: &At<file::Channel>) -> Option<(email::Way, String)> {
        let channel = at.get();
        let Some(host) = &channel.host else {
            self.lacks(at, name, "host", "\"mail.example.com\"");
            return None;
        };
        let modes = [("starttls", 0), ("implicit", 1), ("none", 2)];
        let mode = self.choice("tls mode", channel.tls.as_ref(), &modes, 0);
        let local = host.get() == "localhost"
            || host.get().parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if let (2, false, Some(tls)) = (mode, local, &channel.tls) {
            let problem = Problem::error("mail would travel in the clear");
            let problem = problem.at(tls.span(), "`none` is for a relay on this machine only");
            self.problems.push(problem.help("tls = \"starttls\", or \"implicit\" for port 465"));
        }
        let tls = if mode == 2 { Some(Tls::None) } else { self.trust(channel, host, mode == 1) };
        let port = channel.port.as_ref().map_or(if mode == 1 { 465 } else { 587 }, |p| *p.get());
        let password = channel.password.as_ref().map(|s| self.secret(s));
        let login = match (&channel.username, password) {
            (None, None) => None,
            (Some(login), Some(password)) => password.map(|p| (login.get().clone(), p)),
            (Some(login), None) => {
                self.error(
                    format!("channel `{name}` has a user name and no password"),
                    login,
                    "add `password = { file = \"…\" }`",
                );
                None
            }
            (None, Some(_)) => {
                let problem = Problem::error(format!("channel `{name}` has a password and no user name"));
                self.problems.push(problem.at(at.get().kind.span(), "add `username = \"…\"`"));
                None
            }
        };
        let relay = Relay { login, ..relay(host.get(), port, tls?) };
        let shown = format!("{}:{port}", host.get());
        Some((email::Way::Smtp(Box::new(relay)), shown))
    }

    fn trust(&mut self, channel: &file::Channel, host: &file::Text, implicit: bool) -> Option<Tls> {
        let own = match &channel.ca {
            None => None,
            Some(ca) => match std::fs::read(self.folder.join(ca.get())) {
                Ok(pem) => Some(pem),
                Err(e) => {
                    let problem = Problem::error("the certificate cannot be read");
                    let problem = problem.at(ca.span(), secret::reason(&e));
                    let path = self.folder.join(ca.get());
                    self.problems.push(problem.help(format!("looked for {}", path.display())));
                    return None;
                }
            },
        };
        match Trust::of(own.as_deref()) {
            Ok(trust) if implicit => Some(Tls::Implicit(trust)),
            Ok(trust) => Some(Tls::Starttls(trust)),
            Err(reason) => {
                let at = channel.ca.as_ref().unwrap_or(host);
                self.error("TLS cannot be set up", at, reason);
                None
            }
        }
    }

    /// Reads a secret. For a capture server none is needed: whoever tries a configuration out need not
    /// have them.
    pub(super) fn secret(&mut self, at: &At<file::Secret>) -> Option<secrecy::SecretString> {
        match self.outlet {
            Outlet::Configured => secret::read(at, &self.folder, &mut self.problems),
            Outlet::Capture { .. } => secret::read(at, &self.folder, &mut Vec::new()),
        }
    }

    fn from(&mut self, at: &At<file::Channel>, name: &str) -> Option<Mailbox> {
        let Some(from) = &at.get().from else {
            self.lacks(at, name, "from", "\"Shop <shop@example.com>\"");
            return None;
        };
        let (label, address) = match from.get().rsplit_once('<') {
            Some((label, rest)) => (label.trim().trim_matches('"'), rest.trim_end().trim_end_matches('>')),
            None => ("", from.get().as_str()),
        };
        match crate::render::mime::address(address) {
            Ok(address) => Some(crate::render::mime::mailbox(label, &address)),
            Err(reason) => {
                self.error("the sender is no mail address", from, reason);
                None
            }
        }
    }

    fn web_channel(&mut self, name: &str, at: &At<file::Channel>) -> Option<Way> {
        let keys = self.signing_keys(name, at.get());
        let endpoint = self.secret_url(name, at, "")?;
        let shown = endpoint.masked();
        let forms = [("plain", Wrapping::Plain), ("cloudevents", Wrapping::CloudEvents)];
        let wrapping = self.choice("form of events", at.get().events.as_ref(), &forms, Wrapping::Plain);
        let mut webhook = Webhook::new(endpoint.for_many(), keys).wrapped(wrapping);
        if let Some(concurrency) = self.concurrency(name, at) {
            webhook = webhook.at_once(concurrency);
        }
        Some(Way { channel: Channel::Webhook(webhook), medium: Medium::Event, shown })
    }

    /// An endpoint whose URL is a secret.
    pub(super) fn secret_url(
        &mut self,
        name: &str,
        at: &At<file::Channel>,
        captured: &str,
    ) -> Option<Endpoint> {
        let Some(url) = &at.get().url else {
            self.lacks(at, name, "url", "{ file = \"webhook-url\" }");
            return None;
        };
        let secret = self.secret(url);
        let text = match self.outlet {
            Outlet::Configured => secret?.expose_secret().to_owned(),
            Outlet::Capture { .. } => String::new(),
        };
        self.endpoint(name, at, (&text, url.span()), captured)
    }

    /// An endpoint at a URL; where it is only captured, at the capture page, with a query of its own.
    pub(super) fn endpoint(
        &mut self,
        name: &str,
        at: &At<file::Channel>,
        (url, span): (&str, std::ops::Range<usize>),
        captured: &str,
    ) -> Option<Endpoint> {
        let allow_private = at.get().allow_private.as_ref().is_some_and(|b| *b.get());
        let endpoint = match self.outlet {
            Outlet::Configured => Endpoint::new(url, allow_private, http::Deadlines::default()),
            Outlet::Capture { http, .. } => {
                let url = format!("http://127.0.0.1:{http}/capture/{name}{captured}");
                Endpoint::new(&url, true, http::Deadlines::default())
            }
        };
        match endpoint {
            Ok(endpoint) => Some(endpoint),
            Err(reason) => {
                let problem = Problem::error(format!("the URL of channel `{name}` cannot be used"));
                self.problems.push(problem.at(span, reason));
                None
            }
        }
    }

    fn signing_keys(&mut self, name: &str, channel: &file::Channel) -> Vec<SecretBox<Vec<u8>>> {
        let mut keys = Vec::new();
        for secret in channel.secret.iter().chain(&channel.old_secret) {
            let Some(text) = self.secret(secret) else { continue };
            match read_key(text.expose_secret()) {
                Ok(key) => keys.push(key),
                Err(reason) => {
                    let problem =
                        Problem::error("this webhook secret cannot be used").at(secret.span(), reason);
                    self.problems.push(problem.help("make one: echo whsec_$(openssl rand -base64 32)"));
                }
            }
        }
        if channel.secret.is_none() {
            let problem = Problem::warning(format!("channel `{name}` is not signed"));
            let span = channel.kind.span();
            self.problems.push(
                problem
                    .at(span, "receivers cannot tell our messages from forged ones")
                    .help("secret = { file = \"…\" }"),
            );
        }
        keys
    }
}

fn relay(host: &str, port: u16, tls: Tls) -> Relay {
    Relay {
        host: host.to_owned(),
        port,
        tls,
        login: None,
        hello: ClientId::default(),
        deadlines: Deadlines::default(),
    }
}

fn placeholder() -> Way {
    let channel = Channel::Memory(crate::channel::memory::Memory::default());
    let medium = Medium::Chat { service: Service::Slack, to: None };
    Way { channel, medium, shown: "not usable".to_owned() }
}

//! Channels of chat services: what each needs, and what does nothing there.

use super::file::{self, At};
use super::problem::Problem;
use super::{Builder, Way};
use crate::channel::Channel;
use crate::channel::chat::Chat;
use crate::outbox::{Medium, Service};

/// What the capture page is asked to answer with, by services that look for it in the body.
const ANSWERS_JSON: &str = "?answer=json";

/// Where a service is, of those with an interface of their own.
fn server(service: Service) -> Option<&'static str> {
    match service {
        Service::SlackBot => Some("https://slack.com"),
        Service::Telegram => Some("https://api.telegram.org"),
        Service::Ntfy => Some("https://ntfy.sh"),
        _ => None,
    }
}

/// Whether messages are signed with a secret of the channel.
fn signs(service: Service) -> bool {
    matches!(service, Service::Feishu | Service::DingTalk)
}

impl Builder {
    pub(super) fn chat_channel(
        &mut self,
        name: &str,
        service: Service,
        at: &At<file::Channel>,
    ) -> Option<Way> {
        self.refuse_strangers_of_chat(service, at);
        let channel = at.get();
        let captured =
            if matches!(service, Service::Slack | Service::Mattermost) { "" } else { ANSWERS_JSON };
        let endpoint = if service.is_addressed() {
            self.chat_server(name, service, at, captured)
        } else {
            self.secret_url(name, at, captured)
        };
        let token = channel.token.as_ref().map(|token| self.secret(token));
        let needs_token = service.is_addressed() && service != Service::Ntfy;
        if needs_token && token.is_none() {
            self.lacks(at, name, "token", "{ file = \"token\" }");
            return None;
        }
        // A secret that cannot be read was told of, where it matters.
        let secret = channel.secret.as_ref().filter(|_| signs(service)).map(|secret| self.secret(secret));
        let (token, secret) = (token.flatten(), secret.flatten());
        let keyword = channel.keyword.as_ref().map(|text| text.get().clone());
        let to = channel.chat.as_ref().map(|text| text.get().trim().to_owned());
        let endpoint = endpoint?;
        let shown = endpoint.masked();
        let chat = Chat { service, endpoint, token, secret, keyword };
        Some(Way { channel: Channel::Chat(Box::new(chat)), medium: Medium::Chat { service, to }, shown })
    }

    fn chat_server(
        &mut self,
        name: &str,
        service: Service,
        at: &At<file::Channel>,
        captured: &str,
    ) -> Option<crate::channel::http::Endpoint> {
        let (url, span) = match (&at.get().server, server(service)) {
            (Some(text), _) => (text.get().clone(), text.span()),
            (None, Some(usual)) => (usual.to_owned(), at.get().kind.span()),
            (None, None) => {
                self.lacks(at, name, "server", "\"https://matrix.example.org\"");
                return None;
            }
        };
        self.endpoint(name, at, (&url, span), captured)
    }

    /// Keys of another service would be read and do nothing; say so.
    fn refuse_strangers_of_chat(&mut self, service: Service, at: &At<file::Channel>) {
        let channel = at.get();
        let addressed = service.is_addressed();
        let keys = [
            ("url", channel.url.as_ref().map(At::span), !addressed),
            ("token", channel.token.as_ref().map(At::span), addressed),
            ("server", channel.server.as_ref().map(At::span), addressed),
            ("chat", channel.chat.as_ref().map(At::span), addressed),
            ("secret", channel.secret.as_ref().map(At::span), signs(service)),
            ("keyword", channel.keyword.as_ref().map(At::span), signs(service)),
        ];
        for (key, span, has_use) in keys {
            if let Some(span) = span.filter(|_| !has_use) {
                let label = format!("a channel of kind \"{}\" has none", service.name());
                self.problems.push(Problem::error(format!("`{key}` does nothing here")).at(span, label));
            }
        }
    }
}

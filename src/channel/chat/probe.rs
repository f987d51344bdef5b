//! What can be asked of a service without posting anything: whether it knows us.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret as _;

use super::{Chat, below, json, said};
use crate::channel::http::{Failed, Response};
use crate::outbox::Service;

impl Chat {
    /// Asks the service who we are. `None`, where it can only be posted to.
    pub async fn probe(&self) -> Option<Result<(), String>> {
        let token =
            self.token.as_ref().map(|token| token.expose_secret().trim().to_owned()).unwrap_or_default();
        let bot = format!("bot{token}");
        let (method, path): (Method, Vec<&str>) = match self.service {
            Service::SlackBot => (Method::POST, vec!["api", "auth.test"]),
            Service::Telegram => (Method::GET, vec![&bot, "getMe"]),
            Service::Matrix => (Method::GET, vec!["_matrix", "client", "v3", "account", "whoami"]),
            Service::Ntfy => (Method::GET, vec!["v1", "health"]),
            _ => return None,
        };
        let ask = async {
            let url = below(self.endpoint.url(), &path)?;
            let mut headers = HeaderMap::new();
            if self.service != Service::Telegram {
                self.bearer(&mut headers)?;
            }
            let gate = Box::new(|| Box::pin(async { true }) as _);
            match self.endpoint.call((method, &url), Bytes::from_static(b"{}"), headers, gate).await {
                Ok(response) if is_known(self.service, &response) => Ok(()),
                Ok(response) => Err(said(&response)),
                Err(Failed::Unsent(reason) | Failed::Unknown(reason)) => Err(reason),
            }
        };
        Some(ask.await)
    }
}

fn is_known(service: Service, response: &Response) -> bool {
    let told = json(response);
    response.status == 200
        && match service {
            Service::SlackBot | Service::Telegram => told["ok"] == true,
            Service::Matrix => told["user_id"].is_string(),
            _ => told["healthy"] == true,
        }
}

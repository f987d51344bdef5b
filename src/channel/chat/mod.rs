//! Chat services. Most know no idempotency: a lost answer is uncertain there. Everything about one service's
//! protocol is in its one file: what is asked of whom, and what the answers mean.

mod ding_talk;
mod discord;
mod feishu;
mod google_chat;
mod matrix;
mod mattermost;
mod ntfy;
mod probe;
mod slack;
mod slack_bot;
mod teams;
mod telegram;
mod wecom;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use sha2::Sha256;

use super::Attempt;
use super::http::{Endpoint, Failed, Response, answer};
use crate::outbox::{Answer, Scope, Service};

/// What a channel of a chat service is made of.
pub struct Chat {
    /// Which service.
    pub service: Service,
    /// Where messages go; of services with an interface, its base.
    pub endpoint: Endpoint,
    /// What proves who we are, where that is not in the URL.
    pub token: Option<SecretString>,
    /// What messages are signed with, where the service asks for it.
    pub secret: Option<SecretString>,
    /// A word that every message must hold, where the service was told so.
    pub keyword: Option<String>,
}

/// A request as a service wants it.
struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Json,
}

impl Chat {
    /// Where it leads, masked.
    pub fn masked(&self) -> String {
        self.endpoint.masked()
    }

    /// Shortest time between two messages, by each service's documentation of its limits.
    pub fn spacing(&self) -> SignedDuration {
        SignedDuration::from_millis(match self.service {
            Service::Mattermost => 100,
            Service::Teams => 300,
            Service::Feishu => 600,
            Service::Discord => 2_000,
            Service::DingTalk | Service::WeCom => 3_000,
            _ => 1_000,
        })
    }

    pub(super) async fn send(&self, attempt: Attempt<'_>) -> Answer {
        let call = match self.call(&attempt) {
            Ok(call) => call,
            Err(reason) => return Answer::Never(reason),
        };
        let Call { method, url, headers, body } = call;
        let body = Bytes::from(body.to_string());
        let lost = |reason| match self.service {
            // The server knows the transaction: sending again shows nothing twice.
            Service::Matrix => Answer::NotNow { reason, after: None, scope: Scope::Message },
            _ => Answer::Unknown(reason),
        };
        match self.endpoint.call((method, &url), body, headers, attempt.gate).await {
            // A success stands in the body of most; cut short, nobody knows what was said.
            Ok(response) if response.status == 200 && !response.whole => {
                lost("200, but its body was cut".to_owned())
            }
            Ok(response) => judge(self.service, &response),
            Err(Failed::Unsent(reason)) => Answer::NotNow { reason, after: None, scope: Scope::Destination },
            Err(Failed::Unknown(reason)) => lost(reason),
        }
    }

    /// The request that carries a message.
    fn call(&self, attempt: &Attempt<'_>) -> Result<Call, String> {
        let body: Json = serde_json::from_slice(attempt.payload).map_err(|e| format!("not JSON: {e}"))?;
        let call =
            Call { method: Method::POST, url: self.endpoint.url().clone(), headers: HeaderMap::new(), body };
        match self.service {
            Service::SlackBot => slack_bot::address(self, call, attempt),
            Service::Telegram => telegram::address(self, call, attempt),
            Service::Matrix => matrix::address(self, call, attempt),
            Service::Ntfy => ntfy::address(self, call, attempt),
            Service::Discord => Ok(discord::waiting(call)),
            Service::Feishu => Ok(feishu::sign(self, call, attempt)),
            Service::DingTalk => Ok(ding_talk::sign(self, call, attempt)),
            _ => Ok(call),
        }
    }

    /// The header that proves who we are.
    fn bearer(&self, headers: &mut HeaderMap) -> Result<(), String> {
        let Some(token) = &self.token else { return Ok(()) };
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()));
        let mut value = value.map_err(|_| "the token cannot be written as a header".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}

/// What a service's answer means.
fn judge(service: Service, response: &Response) -> Answer {
    match service {
        Service::Slack => slack::judge(response),
        Service::SlackBot => slack_bot::judge(response),
        Service::Teams => teams::judge(response),
        Service::Discord => discord::judge(response),
        Service::Mattermost => mattermost::judge(response),
        Service::GoogleChat => google_chat::judge(response),
        Service::Telegram => telegram::judge(response),
        Service::Feishu => feishu::judge(response),
        Service::DingTalk => ding_talk::judge(response),
        Service::WeCom => wecom::judge(response),
        Service::Matrix => matrix::judge(response),
        Service::Ntfy => ntfy::judge(response),
    }
}

/// Below a base, one path segment after the other, each escaped.
fn below(base: &Url, segments: &[&str]) -> Result<Url, String> {
    let mut url = base.clone();
    let mut path = url.path_segments_mut().map_err(|()| "the URL has no path".to_owned())?;
    path.pop_if_empty().extend(segments);
    drop(path);
    Ok(url)
}

/// Base64 of HMAC-SHA256, as the Chinese services sign.
fn signature(key: &[u8], message: &[u8]) -> String {
    let mac =
        Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(message).finalize().into_bytes());
    mac.map(|bytes| STANDARD.encode(bytes)).unwrap_or_default()
}

fn json(response: &Response) -> Json {
    serde_json::from_str(&response.body).unwrap_or_default()
}

/// The status and what was said, in short.
fn said(response: &Response) -> String {
    let said = crate::domain::text::excerpt(&crate::domain::text::clean(&response.body), 200);
    format!("{} {said}", response.status).trim_end().to_owned()
}

/// The channel is set up wrong: its messages wait until somebody has mended it.
fn misconfigured(response: &Response) -> Answer {
    Answer::NotNow { reason: said(response), after: None, scope: Scope::Channel }
}

/// Too many at once.
fn later(response: &Response, after: Option<SignedDuration>) -> Answer {
    Answer::NotNow {
        reason: said(response),
        after: after.or(response.retry_after),
        scope: Scope::Destination,
    }
}

/// What services of two minds mean: 200, and a code inside that says whether it went well.
fn by_code(response: &Response, code: Option<i64>, means: impl Fn(i64) -> Answer) -> Answer {
    match (response.status, code) {
        (200, Some(0)) => Answer::Accepted("ok".to_owned()),
        (200, Some(code)) => means(code),
        (200, None) => Answer::Never(format!("200, but: {}", said(response))),
        _ => answer(response),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Service::{
        DingTalk, Discord, Feishu, GoogleChat, Matrix, Mattermost, Ntfy, Slack, SlackBot, Teams, Telegram,
        WeCom,
    };

    /// What each service says, in the words of its documentation, and what that means.
    const SAID: [(Service, u16, &str, &str); 52] = [
        (Slack, 200, "ok", "accepted"),
        (Slack, 200, "invalid_payload", "never"),
        (Slack, 400, "invalid_blocks", "never"),
        (Slack, 403, "action_prohibited", "channel"),
        (Slack, 404, "no_service", "channel"),
        (Slack, 429, "", "destination"),
        (SlackBot, 200, r#"{"ok":true,"ts":"1"}"#, "accepted"),
        (SlackBot, 200, r#"{"ok":false,"error":"invalid_auth"}"#, "channel"),
        (SlackBot, 200, r#"{"ok":false,"error":"missing_scope"}"#, "channel"),
        (SlackBot, 200, r#"{"ok":false,"error":"channel_not_found"}"#, "never"),
        (SlackBot, 200, r#"{"ok":false,"error":"ratelimited"}"#, "destination"),
        (SlackBot, 200, r#"{"ok":false,"error":"fatal_error"}"#, "unknown"),
        (SlackBot, 200, "<html>", "never"),
        (SlackBot, 429, "", "destination"),
        (Teams, 202, "", "accepted"),
        (Teams, 200, "1", "accepted"),
        (
            Teams,
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
            "destination",
        ),
        (
            Teams,
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413",
            "never",
        ),
        (Teams, 400, r#"{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"off"}}"#, "channel"),
        (Teams, 400, r#"{"error":{"code":"TriggerInputSchemaMismatch"}}"#, "never"),
        (Teams, 401, r#"{"error":{"code":"DirectApiAuthorizationRequired"}}"#, "channel"),
        (Discord, 200, r#"{"id":"1"}"#, "accepted"),
        (Discord, 204, "", "accepted"),
        (
            Discord,
            429,
            r#"{"message":"You are being rate limited.","retry_after":1.5,"global":false}"#,
            "destination 1500",
        ),
        (Discord, 404, r#"{"message":"Unknown Webhook","code":10015}"#, "channel"),
        (Discord, 400, r#"{"embeds":["0"]}"#, "never"),
        (Mattermost, 200, "ok", "accepted"),
        (Mattermost, 400, r#"{"id":"web.incoming_webhook.invalid.app_error"}"#, "channel"),
        (Mattermost, 400, r#"{"id":"web.incoming_webhook.text.length.app_error"}"#, "never"),
        (GoogleChat, 200, r#"{"name":"spaces/1/messages/2"}"#, "accepted"),
        (GoogleChat, 429, r#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#, "destination"),
        (GoogleChat, 400, r#"{"error":{"status":"INVALID_ARGUMENT"}}"#, "never"),
        (Telegram, 200, r#"{"ok":true,"result":{}}"#, "accepted"),
        (
            Telegram,
            429,
            r#"{"ok":false,"error_code":429,"parameters":{"retry_after":35}}"#,
            "destination 35000",
        ),
        (Telegram, 401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, "channel"),
        (
            Telegram,
            403,
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
            "never",
        ),
        (
            Telegram,
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
            "never",
        ),
        (Feishu, 200, r#"{"code":0,"msg":"success"}"#, "accepted"),
        (Feishu, 200, r#"{"StatusCode":0,"StatusMessage":"success"}"#, "accepted"),
        (
            Feishu,
            200,
            r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#,
            "channel",
        ),
        (Feishu, 200, r#"{"code":11232,"msg":"frequency limited"}"#, "destination"),
        (Feishu, 200, r#"{"code":9499,"msg":"Bad Request"}"#, "never"),
        (DingTalk, 200, r#"{"errcode":0,"errmsg":"ok"}"#, "accepted"),
        (DingTalk, 200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, "channel"),
        (DingTalk, 200, r#"{"errcode":410100,"errmsg":"too fast"}"#, "destination 60000"),
        (DingTalk, 200, r#"{"errcode":40035,"errmsg":"bad param"}"#, "never"),
        (WeCom, 200, r#"{"errcode":0,"errmsg":"ok"}"#, "accepted"),
        (WeCom, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, "destination 60000"),
        (WeCom, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, "channel"),
        (Matrix, 200, r#"{"event_id":"$1"}"#, "accepted"),
        (Matrix, 429, r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}"#, "destination 2000"),
        (Ntfy, 200, r#"{"id":"x"}"#, "accepted"),
    ];

    #[test]
    fn what_services_say_is_understood() {
        for (service, status, body, means) in SAID {
            let response = Response { status, body: body.to_owned(), whole: true, retry_after: None };
            let is = match judge(service, &response) {
                Answer::Accepted(_) => "accepted".to_owned(),
                Answer::Never(_) => "never".to_owned(),
                Answer::Unknown(_) => "unknown".to_owned(),
                Answer::NotNow { scope, after, .. } => {
                    let after = after.map(|after| format!(" {}", after.as_millis())).unwrap_or_default();
                    format!("{}{after}", format!("{scope:?}").to_lowercase())
                }
            };
            assert_eq!(is, means, "{service:?} {status} {body}");
        }
    }

    #[test]
    fn matrix_knows_who_may_not_write_and_who_is_nobody() {
        let of = |status, body: &str| {
            matrix::judge(&Response { status, body: body.to_owned(), whole: true, retry_after: None })
        };
        assert!(matches!(
            of(401, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#),
            Answer::NotNow { scope: Scope::Channel, .. }
        ));
        assert!(matches!(of(403, r#"{"errcode":"M_FORBIDDEN"}"#), Answer::Never(_)));
        assert!(matches!(of(413, r#"{"errcode":"M_TOO_LARGE"}"#), Answer::Never(_)));
        assert!(matches!(of(502, ""), Answer::NotNow { scope: Scope::Destination, .. }));
    }

    /// By `printf '1599360473\ndemo' …` in Python: `base64.b64encode(hmac.new(key, msg, "sha256").digest())`.
    #[test]
    fn signatures_are_those_of_the_services() {
        assert_eq!(signature(b"1599360473\ndemo", b""), "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
        assert_eq!(
            signature(b"SECdemo", b"1700000000000\nSECdemo"),
            "lOvVf9TQCVugV68mGbSZCg0gzOl1SVjxWi1MyVZCUuA="
        );
    }
}

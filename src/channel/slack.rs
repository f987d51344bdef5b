//! Slack's incoming webhooks. Slack knows no idempotency: a lost answer is uncertain.
//!
//! What its answers mean: Slack's "Sending messages using incoming webhooks", section on errors. The
//! body of success is `ok`.

use jiff::SignedDuration;
use reqwest::header::HeaderMap;

use super::Attempt;
use super::http::{Endpoint, Failed, Response, answer};
use crate::outbox::{Answer, Scope};

/// Slack: "no more than one message per second" a webhook.
pub const SPACING: SignedDuration = SignedDuration::from_secs(1);

/// An incoming webhook.
pub struct Slack {
    endpoint: Endpoint,
}

impl Slack {
    /// A webhook at an endpoint.
    pub fn new(endpoint: Endpoint) -> Slack {
        Slack { endpoint }
    }

    /// Where it leads, masked.
    pub fn masked(&self) -> String {
        self.endpoint.masked()
    }

    pub(super) async fn send(&self, attempt: Attempt<'_>) -> Answer {
        match self.endpoint.post(attempt.payload.to_vec(), HeaderMap::new(), attempt.gate).await {
            // A success is the word `ok`; cut short, nobody knows what was said.
            Ok(response) if response.status == 200 && !response.whole => {
                Answer::Unknown("200, but its body was cut".to_owned())
            }
            Ok(response) => judge(&response),
            Err(Failed::Unsent(reason)) => Answer::NotNow { reason, after: None, scope: Scope::Destination },
            Err(Failed::Unknown(reason)) => Answer::Unknown(reason),
        }
    }
}

/// 200 without `ok` is a refusal; a webhook that is gone or forbidden is the channel's trouble.
fn judge(response: &Response) -> Answer {
    let said = response.body.trim();
    match (response.status, said) {
        (200, "ok") => Answer::Accepted("ok".to_owned()),
        (200, _) => Answer::Never(format!("200, but: {}", crate::domain::text::excerpt(said, 200))),
        (
            400..=499,
            "no_service"
            | "no_service_id"
            | "invalid_token"
            | "no_active_hooks"
            | "channel_is_archived"
            | "channel_not_found"
            | "action_prohibited"
            | "posting_to_general_channel_denied"
            | "team_disabled",
        ) => Answer::NotNow {
            reason: format!("{} {said}", response.status),
            after: None,
            scope: Scope::Channel,
        },
        _ => answer(response),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_own_words_are_understood() {
        let of = |status, body: &str| {
            judge(&Response { status, body: body.into(), whole: true, retry_after: None })
        };
        assert!(matches!(of(200, "ok"), Answer::Accepted(_)));
        assert!(matches!(of(200, "invalid_payload"), Answer::Never(_)));
        assert!(matches!(of(400, "invalid_blocks"), Answer::Never(_)));
        assert!(matches!(of(403, "action_prohibited"), Answer::NotNow { scope: Scope::Channel, .. }));
        assert!(matches!(of(404, "no_service"), Answer::NotNow { scope: Scope::Channel, .. }));
        assert!(matches!(of(429, ""), Answer::NotNow { scope: Scope::Destination, .. }));
    }
}

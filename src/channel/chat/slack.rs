//! Slack's incoming webhooks. Slack knows no idempotency: a lost answer is uncertain.
//!
//! What its answers mean: Slack's "Sending messages using incoming webhooks", section on errors. The
//! body of success is `ok`.

use super::misconfigured;
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

/// 200 without `ok` is a refusal; a webhook that is gone or forbidden is the channel's trouble.
pub(super) fn judge(response: &Response) -> Answer {
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
        ) => misconfigured(response),
        _ => answer(response),
    }
}

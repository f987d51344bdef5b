//! Mattermost's incoming webhooks. The body of success is `ok`.

use super::{json, misconfigured};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

/// Parts of the ids of errors that are the webhook's, and not the message's.
const WEBHOOK: [&str; 6] = ["disabled", "invalid", "channel", "permissions", "user", "hook"];

pub(super) fn judge(response: &Response) -> Answer {
    let error = json(response);
    let id = error["id"].as_str().unwrap_or_default();
    let what = id.strip_prefix("web.incoming_webhook.").unwrap_or_default();
    if response.status == 400 && WEBHOOK.iter().any(|part| what.starts_with(part)) {
        return misconfigured(response);
    }
    answer(response)
}

//! Slack's `chat.postMessage`, with a bot's token: one for every channel and every direct message.
//!
//! What its answers mean: Slack's documentation of the method, section on errors.

use serde_json::json;

use super::{Attempt, Call, Chat, below, json as read, later, misconfigured, said};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

/// Errors that are the token's, and so the channel's.
const TOKEN: [&str; 9] = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "org_login_required",
];

pub(super) fn address(chat: &Chat, mut call: Call, attempt: &Attempt<'_>) -> Result<Call, String> {
    chat.bearer(&mut call.headers)?;
    call.url = below(&call.url, &["api", "chat.postMessage"])?;
    call.body["channel"] = json!(attempt.delivery.address);
    Ok(call)
}

pub(super) fn judge(response: &Response) -> Answer {
    if response.status != 200 {
        return answer(response);
    }
    let said_json = read(response);
    match (said_json["ok"].as_bool(), said_json["error"].as_str()) {
        (Some(true), _) => Answer::Accepted("ok".to_owned()),
        // "The server could not complete your operation: it is possible that some aspect succeeded."
        (_, Some("fatal_error" | "internal_error")) => Answer::Unknown(said(response)),
        (_, Some("ratelimited" | "rate_limited" | "request_timeout" | "service_unavailable")) => {
            later(response, None)
        }
        (_, Some(error)) if TOKEN.contains(&error) => misconfigured(response),
        _ => Answer::Never(said(response)),
    }
}

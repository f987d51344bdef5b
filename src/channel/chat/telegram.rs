//! Telegram's Bot API, `sendMessage`.
//!
//! What its answers mean: the Bot API, "Making requests" and `ResponseParameters`.

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Attempt, Call, Chat, below, json as read, later, misconfigured, said};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

pub(super) fn address(chat: &Chat, mut call: Call, attempt: &Attempt<'_>) -> Result<Call, String> {
    let token = chat.token.as_ref().map(|token| token.expose_secret().trim().to_owned()).unwrap_or_default();
    call.url = below(&call.url, &[&format!("bot{token}"), "sendMessage"])?;
    call.body["chat_id"] = json!(attempt.delivery.address);
    Ok(call)
}

pub(super) fn judge(response: &Response) -> Answer {
    let told = read(response);
    match (response.status, told["ok"].as_bool()) {
        (200, Some(true)) => Answer::Accepted("ok".to_owned()),
        (429, _) => {
            let seconds = told["parameters"]["retry_after"].as_i64().filter(|s| (0..1_000_000).contains(s));
            later(response, seconds.map(SignedDuration::from_secs))
        }
        // The token is wrong; anything wrong with a chat is 400 or 403.
        (401 | 404, _) => misconfigured(response),
        (200 | 400 | 403, _) => Answer::Never(said(response)),
        _ => answer(response),
    }
}

//! Matrix's client-server API: `PUT …/send/m.room.message/{txnId}`. The transaction id is the delivery's key, so the
//! server drops what it has seen: sending again never shows a message twice.
//!
//! What its answers mean: the specification, "Standard error response" and "Rate limiting".

use jiff::SignedDuration;
use reqwest::Method;

use super::{Attempt, Call, Chat, below, json, later, misconfigured, said};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

pub(super) fn address(chat: &Chat, mut call: Call, attempt: &Attempt<'_>) -> Result<Call, String> {
    chat.bearer(&mut call.headers)?;
    call.method = Method::PUT;
    let (room, key) = (attempt.delivery.address.as_str(), attempt.delivery.key.as_str());
    let path = ["_matrix", "client", "v3", "rooms", room, "send", "m.room.message", key];
    call.url = below(&call.url, &path)?;
    Ok(call)
}

pub(super) fn judge(response: &Response) -> Answer {
    let told = json(response);
    match (response.status, told["errcode"].as_str().unwrap_or_default()) {
        (429, _) => {
            let wait = told["retry_after_ms"].as_i64().filter(|ms| (0..1_000_000_000).contains(ms));
            later(response, wait.map(SignedDuration::from_millis))
        }
        (401, _) | (403, "M_USER_DEACTIVATED" | "M_UNKNOWN_TOKEN") => misconfigured(response),
        // The room, not the account: others are still served.
        (403 | 404, "M_FORBIDDEN" | "M_NOT_FOUND") => Answer::Never(said(response)),
        _ => answer(response),
    }
}

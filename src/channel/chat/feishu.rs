//! Feishu's and Lark's custom bots: signed where they ask for it, and 200 with a code inside.
//!
//! The signature by Feishu's documentation of custom bots: base64 of HMAC-SHA256 over nothing, the key being
//! timestamp, line feed, secret; the timestamp in seconds, not older than an hour.

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Attempt, Call, Chat, by_code, json as read, later, misconfigured, said, signature};
use crate::channel::http::Response;
use crate::outbox::Answer;

pub(super) fn sign(chat: &Chat, mut call: Call, attempt: &Attempt<'_>) -> Call {
    if let (Some(keyword), Some(elements)) = (&chat.keyword, call.body["card"]["elements"].as_array_mut()) {
        elements.push(json!({ "tag": "div", "text": { "tag": "plain_text", "content": keyword } }));
    }
    if let Some(secret) = &chat.secret {
        let timestamp = attempt.now.as_second().to_string();
        let key = format!("{timestamp}\n{}", secret.expose_secret().trim());
        call.body["sign"] = json!(signature(key.as_bytes(), b""));
        call.body["timestamp"] = json!(timestamp);
    }
    call
}

pub(super) fn judge(response: &Response) -> Answer {
    let told = read(response);
    let code = told["code"].as_i64().or(told["StatusCode"].as_i64());
    by_code(response, code, |code| match code {
        // Token, signature, address of the sender, keyword.
        19_001 | 19_021 | 19_022 | 19_024 => misconfigured(response),
        11_232 => later(response, None),
        _ => Answer::Never(said(response)),
    })
}

//! `DingTalk`'s custom robots: signed where they ask for it, and 200 with a code inside.
//!
//! The signature by DingTalk's documentation of custom robots: base64 of HMAC-SHA256 over timestamp, line feed and
//! secret, keyed with the secret; the timestamp in milliseconds, not older than an hour; both in the URL.

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Attempt, Call, Chat, by_code, json as read, later, misconfigured, said, signature};
use crate::channel::http::Response;
use crate::outbox::Answer;

/// Twenty messages a minute; who sends more is kept out for ten.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn sign(chat: &Chat, mut call: Call, attempt: &Attempt<'_>) -> Call {
    if let Some(keyword) = &chat.keyword {
        let text = call.body["markdown"]["text"].as_str().unwrap_or_default();
        if !text.contains(keyword) {
            call.body["markdown"]["text"] = json!(format!("{text}\n\n{keyword}"));
        }
    }
    if let Some(secret) = &chat.secret {
        let secret = secret.expose_secret().trim();
        let timestamp = attempt.now.as_millisecond().to_string();
        let sign = signature(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes());
        call.url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    }
    call
}

pub(super) fn judge(response: &Response) -> Answer {
    by_code(response, read(response)["errcode"].as_i64(), |code| match code {
        // Keyword, signature, address of the sender; token, robot or group that is gone.
        310_000 | 300_001 | 300_005 | 400_013 | 400_101 | 400_102 => misconfigured(response),
        130_101 | 410_100 => later(response, Some(PAUSE)),
        -1 => later(response, None),
        _ => Answer::Never(said(response)),
    })
}

//! Discord's webhooks, asked to wait until the message is kept: else an error would look like a success.
//!
//! What its answers mean: Discord's developer documentation, "Rate Limits" and "JSON error codes".

use jiff::SignedDuration;

use super::{Call, json, later};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

pub(super) fn waiting(mut call: Call) -> Call {
    call.url.query_pairs_mut().append_pair("wait", "true");
    call
}

pub(super) fn judge(response: &Response) -> Answer {
    if response.status == 429 {
        let seconds = json(response)["retry_after"].as_f64().filter(|s| (0.0..1e6).contains(s));
        return later(response, seconds.map(|s| SignedDuration::from_millis((s * 1000.0) as i64)));
    }
    answer(response)
}

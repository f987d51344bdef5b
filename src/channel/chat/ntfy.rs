//! ntfy: publishing as JSON, to the root of its server. Statuses say all that matters.

use serde_json::json;

use super::{Attempt, Call, Chat};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

pub(super) fn address(chat: &Chat, mut call: Call, attempt: &Attempt<'_>) -> Result<Call, String> {
    chat.bearer(&mut call.headers)?;
    call.body["topic"] = json!(attempt.delivery.address);
    Ok(call)
}

pub(super) fn judge(response: &Response) -> Answer {
    answer(response)
}

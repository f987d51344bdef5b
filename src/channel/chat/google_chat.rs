//! Google Chat's webhooks of spaces. Statuses say all that matters.

use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

pub(super) fn judge(response: &Response) -> Answer {
    answer(response)
}

//! `WeCom`'s group robots: 200 with a code inside.

use jiff::SignedDuration;

use super::{by_code, json, later, misconfigured, said};
use crate::channel::http::Response;
use crate::outbox::Answer;

/// Twenty messages a minute.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn judge(response: &Response) -> Answer {
    by_code(response, json(response)["errcode"].as_i64(), |code| match code {
        // The key is wrong, or the robot was taken out of its group.
        93_000 | 93_004 | 93_008 => misconfigured(response),
        45_009 => later(response, Some(PAUSE)),
        -1 => later(response, None),
        _ => Answer::Never(said(response)),
    })
}

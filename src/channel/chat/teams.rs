//! Microsoft Teams: the webhook of a workflow ("When a Teams webhook request is received"). It answers 202 as soon as
//! the workflow runs; what becomes of the message then it does not say.

use super::{json, later, misconfigured, said};
use crate::channel::http::{Response, answer};
use crate::outbox::Answer;

pub(super) fn judge(response: &Response) -> Answer {
    // The connectors before workflows say 200 and what went wrong.
    if response.status == 200 && response.body.contains("delivery failed") {
        return if response.body.contains("429") {
            later(response, None)
        } else {
            Answer::Never(said(response))
        };
    }
    let error = json(response);
    let code = error["error"]["code"].as_str().unwrap_or_default();
    match (response.status, code) {
        (400, "WorkflowTriggerIsNotEnabled" | "WorkflowNotFound" | "InvalidApiVersionParameter") => {
            misconfigured(response)
        }
        _ => answer(response),
    }
}

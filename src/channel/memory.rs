//! A channel that keeps what it is given, and can be told what to answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::Attempt;
use crate::outbox::{Answer, Delivery};

/// Messages as they were "sent", and the answers to give, in turn; then it accepts.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    sent: Vec<Delivery>,
    answers: VecDeque<Answer>,
}

impl Memory {
    /// Plans an answer.
    pub fn will_answer(&self, answer: Answer) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).answers.push_back(answer);
    }

    /// Forgets the answers that were planned: it accepts again.
    pub fn forget(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).answers.clear();
    }

    /// What was accepted so far.
    pub fn sent(&self) -> Vec<Delivery> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).sent.clone()
    }

    pub(super) async fn send(&self, attempt: Attempt<'_>) -> Answer {
        if !(attempt.gate)().await {
            return Answer::NotNow {
                reason: "the claim was lost".into(),
                after: None,
                scope: crate::outbox::Scope::Destination,
            };
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = inner.answers.pop_front().unwrap_or(Answer::Accepted("kept".into()));
        if matches!(answer, Answer::Accepted(_) | Answer::Unknown(_)) {
            inner.sent.push(attempt.delivery.clone());
        }
        answer
    }
}

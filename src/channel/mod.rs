//! Ways to reach people. Everything about one service is in its one file: settings, what its answers
//! mean, its limits. A channel tries once and answers one question; the outbox decides the rest.

pub mod chat;
mod direct;
pub mod email;
pub mod http;
pub mod memory;
pub mod webhook;

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use jiff::Timestamp;

use crate::outbox::{Answer, Delivery, Phase, Retry, Service};

/// Marks durably that the bytes which cannot be taken back go now. False: they must not go.
pub type Gate = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send>;

/// One attempt: what to send, when it is, and the gate to pass before the last bytes.
pub struct Attempt<'a> {
    /// The message.
    pub delivery: &'a Delivery,
    /// Its bytes, proven unharmed.
    pub payload: &'a Bytes,
    /// What time it is, for signatures.
    pub now: Timestamp,
    /// To pass before the bytes that cannot be taken back.
    pub gate: Gate,
}

/// A configured way to reach people.
pub enum Channel {
    /// E-mail: SMTP, a folder, or a sendmail command.
    Email(email::Email),
    /// Standard Webhooks.
    Webhook(webhook::Webhook),
    /// A chat service.
    Chat(Box<chat::Chat>),
    /// Into memory, for tests and simulations.
    Memory(memory::Memory),
}

impl Channel {
    /// Tries once. What happens seldom, or to one message at a time, waits in a box of its own: the rest stays small.
    pub async fn send(&self, attempt: Attempt<'_>) -> Answer {
        match self {
            Channel::Email(email) => email.send(attempt).await,
            Channel::Webhook(webhook) => webhook.send(attempt).await,
            Channel::Chat(chat) => Box::pin(chat.send(attempt)).await,
            Channel::Memory(memory) => memory.send(attempt).await,
        }
    }

    /// The bytes that go for a message, but for what says when they go.
    pub fn body<'p>(&self, delivery: &Delivery, payload: &'p [u8]) -> Cow<'p, [u8]> {
        match self {
            Channel::Webhook(webhook) => webhook.body(delivery, payload),
            Channel::Email(_) | Channel::Chat(_) | Channel::Memory(_) => Cow::Borrowed(payload),
        }
    }

    /// Ends what was kept open between messages.
    pub async fn rest(&self) {
        match self {
            Channel::Email(email) => email.rest().await,
            Channel::Webhook(webhook) => webhook.rest(),
            Channel::Chat(_) | Channel::Memory(_) => {}
        }
    }

    /// When it is tried again.
    pub fn retry(&self) -> Retry {
        match self {
            Channel::Email(_) | Channel::Memory(_) => Retry::EMAIL,
            Channel::Webhook(_) => Retry::WEBHOOK,
            Channel::Chat(_) => Retry::CHAT,
        }
    }

    /// How many messages may be under way at once.
    pub fn concurrency(&self) -> usize {
        match self {
            Channel::Email(email) => email.concurrency(),
            Channel::Webhook(webhook) => webhook.concurrency(),
            // Chats take a message a second or fewer; more at once only earns 429s.
            Channel::Chat(_) | Channel::Memory(_) => 1,
        }
    }

    /// How far a message counts as soon as it is claimed. A POST has nothing before the bytes that cannot
    /// be taken back, so claim and mark are one commit there; a mail has a conversation before them.
    pub fn claimed_as(&self) -> Phase {
        match self {
            Channel::Webhook(_) | Channel::Chat(_) => Phase::Committing,
            Channel::Email(_) | Channel::Memory(_) => Phase::Pre,
        }
    }

    /// Whether the other side knows a message again, so that sending it once more shows nothing twice.
    pub fn knows_again(&self) -> bool {
        match self {
            Channel::Webhook(_) => true,
            Channel::Chat(chat) => chat.service == Service::Matrix,
            Channel::Email(_) | Channel::Memory(_) => false,
        }
    }

    /// Shortest time between two messages.
    pub fn spacing(&self) -> jiff::SignedDuration {
        match self {
            Channel::Chat(chat) => chat.spacing(),
            _ => jiff::SignedDuration::ZERO,
        }
    }
}

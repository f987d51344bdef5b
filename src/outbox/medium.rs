//! The form that messages of a channel have. What a channel is and how it sends is the edge's matter.

use lettre::message::Mailbox;

/// What a message for a channel looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Medium {
    /// An RFC 5322 message.
    Email {
        /// Who sends.
        from: Mailbox,
    },
    /// Block Kit.
    Slack,
    /// A JSON event.
    Event,
}

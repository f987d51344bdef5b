//! What a channel says of one attempt. A channel tries once and answers; the outbox decides the rest.

use jiff::SignedDuration;

/// The one question a channel answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The next hop took it. The note is its own words (a queue id), for support.
    Accepted(String),
    /// Not now; proven unsent.
    NotNow {
        /// What was said or seen.
        reason: String,
        /// When the other side asked to be tried again.
        after: Option<SignedDuration>,
        /// Whose trouble it is.
        scope: Scope,
    },
    /// Never; trying again cannot help.
    Never(String),
    /// Whether it was accepted is not known: the answer to the last bytes was lost.
    Unknown(String),
}

/// Whose trouble a "not now" is: what waits, and whether the message is charged an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This message's; it is charged.
    Message,
    /// The way to the destination: connection, 421, 429. The channel pauses, nobody is charged.
    Destination,
    /// The channel's set-up: credentials, certificate, quota. It pauses longer, and ops is warned.
    Channel,
}

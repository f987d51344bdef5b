//! What an SMTP reply means, by the command it answers. Codes: RFC 5321, section 4.2; enhanced codes:
//! RFC 3463, where they say more than the three digits.

use jiff::SignedDuration;

use super::wire::Reply;
use crate::domain::text::{clean, excerpt};
use crate::outbox::{Answer, Scope};

/// What was asked when the reply came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connection, greeting, EHLO.
    Greeting,
    /// TLS.
    Tls,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The message, before its final dot was written.
    Body,
    /// After the final dot.
    End,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Stage::Greeting => "greeting",
            Stage::Tls => "TLS",
            Stage::Login => "AUTH",
            Stage::Sender => "MAIL",
            Stage::Recipient => "RCPT",
            Stage::Data => "DATA",
            Stage::Body => "body",
            Stage::End => "final dot",
        }
    }
}

/// Greylisting wants five minutes at least; coming earlier starts the wait again.
const GREYLIST: SignedDuration = SignedDuration::from_secs(330);

/// Quotas are counted by the hour at best.
const QUOTA: SignedDuration = SignedDuration::from_hours(1);

/// The answer to a reply that is a no.
pub(super) fn of_reply(stage: Stage, reply: &Reply) -> Answer {
    let said = reply.said(300);
    let reason = format!("{}: {said}", stage.name());
    of_code(stage, reply.code, &said, reason)
}

/// The answer to a stage that took too long.
pub(super) fn of_timeout(stage: Stage) -> Answer {
    let reason = format!("{}: no answer in time", stage.name());
    match stage {
        Stage::End => Answer::Unknown(reason),
        _ => not_now(reason, None, Scope::Destination),
    }
}

/// No reply: cut, refused, garbage. A certificate that does not fit is the channel's trouble; a cut is the
/// way's.
pub(super) fn of_silence(stage: Stage, error: &std::io::Error) -> Answer {
    let reason = format!("{}: {}", stage.name(), excerpt(&clean(&error.to_string()), 300));
    match stage {
        Stage::End => Answer::Unknown(reason),
        Stage::Tls if is_distrust(error) => not_now(reason, None, Scope::Channel),
        _ => not_now(reason, None, Scope::Destination),
    }
}

/// Whether TLS failed by what the two sides trust or speak. What was no TLS at all, or was cut, is the
/// way's trouble.
fn is_distrust(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return !matches!(tls, rustls::Error::InvalidMessage(_));
        }
        next = error.source();
    }
    false
}

fn of_code(stage: Stage, code: u16, said: &str, reason: String) -> Answer {
    let enhanced = enhanced(said);
    // Daily or hourly quotas: ours, not the message's, whatever the basic code says.
    if matches!(enhanced, Some((5, 4, 5) | (4 | 5, 7, 28) | (4, 5, 3))) && stage >= Stage::Sender {
        return not_now(reason, Some(QUOTA), Scope::Channel);
    }
    match (stage, code) {
        (Stage::Login, 454) => not_now(reason, None, Scope::Channel),
        // Nothing of this message was said yet but who sends it; so it is not charged.
        (_, 421) | (Stage::Greeting | Stage::Tls | Stage::Login | Stage::Sender, 400..=499) => {
            not_now(reason, None, Scope::Destination)
        }
        (Stage::Greeting | Stage::Tls | Stage::Login | Stage::Sender, 500..=599) => {
            not_now(reason, None, Scope::Channel)
        }
        (Stage::Recipient, 450 | 451) => not_now(reason, Some(GREYLIST), Scope::Message),
        // RFC 5321, section 4.5.3.1.10: some say 552 for "too many recipients"; it is temporary there.
        (Stage::Recipient, 552) | (_, 400..=499) => not_now(reason, None, Scope::Message),
        (_, 500..=599) => Answer::Never(reason),
        _ => not_now(reason, None, Scope::Destination),
    }
}

fn not_now(reason: String, after: Option<SignedDuration>, scope: Scope) -> Answer {
    Answer::NotNow { reason, after, scope }
}

/// The first `x.y.z` of a reply.
fn enhanced(said: &str) -> Option<(u8, u8, u8)> {
    said.split(|c: char| c.is_whitespace() || c == ':').find_map(|word| {
        let mut parts = word.splitn(3, '.');
        let mut number = || parts.next()?.parse::<u8>().ok();
        let (class, subject, detail) = (number()?, number()?, number()?);
        matches!(class, 2 | 4 | 5).then_some((class, subject, detail))
    })
}

impl PartialOrd for Stage {
    fn partial_cmp(&self, other: &Stage) -> Option<std::cmp::Ordering> {
        (*self as u8).partial_cmp(&(*other as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_found() {
        assert_eq!(enhanced("550 5.4.5 Daily quota exceeded"), Some((5, 4, 5)));
        assert_eq!(enhanced("no such thing 1.2 here"), None);
    }

    #[test]
    fn each_reply_means_what_the_table_says() {
        let of = |stage, code, said: &str| of_code(stage, code, said, said.to_owned());
        let scope = |answer| match answer {
            Answer::NotNow { scope, after, .. } => Some((scope, after)),
            _ => None,
        };
        for (stage, code, said, expected) in [
            (Stage::Greeting, 554, "", Some((Scope::Channel, None))),
            (Stage::Greeting, 450, "", Some((Scope::Destination, None))),
            (Stage::Login, 535, "", Some((Scope::Channel, None))),
            (Stage::Sender, 421, "", Some((Scope::Destination, None))),
            (Stage::Sender, 550, "", Some((Scope::Channel, None))),
            (Stage::Recipient, 450, "", Some((Scope::Message, Some(GREYLIST)))),
            (Stage::Recipient, 452, "", Some((Scope::Message, None))),
            (Stage::Recipient, 552, "", Some((Scope::Message, None))),
            (Stage::Recipient, 550, "5.1.1 no such user", None),
            (Stage::Recipient, 550, "5.4.5 quota", Some((Scope::Channel, Some(QUOTA)))),
            (Stage::Data, 451, "", Some((Scope::Message, None))),
            (Stage::End, 552, "5.3.4 too big", None),
            (Stage::End, 451, "", Some((Scope::Message, None))),
        ] {
            assert_eq!(scope(of(stage, code, said)), expected, "{stage:?} {code} {said}");
        }
    }
}

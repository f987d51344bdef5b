//! What ops hear of: a run given up or stopped, a channel that pauses, a message that is held.

use jiff::Timestamp;

use super::Shared;
use crate::document::{Document, Say, Value};
use crate::job::sample::notice;
use crate::job::seal::{Envelope, seal};
use crate::ledger::occurrences::Waiting;
use crate::outbox::Delivery;

/// A run was given up.
pub(super) fn failed(shared: &Shared, waiting: &Waiting, reason: &str) -> Vec<Delivery> {
    let document = of_run(shared, waiting, reason, "notice.failed", Vec::new());
    for_ops(shared, &document, &format!("ops:failed:{}", waiting.job), waiting.at, None)
}

/// A run was stopped because its input cannot be right.
pub(super) fn stopped(shared: &Shared, waiting: &Waiting, reason: &str) -> Vec<Delivery> {
    let way_out = Say::new("notice.stopped.note")
        .with("job", waiting.job.as_str())
        .with("instant", waiting.at.to_string());
    let document = of_run(shared, waiting, reason, "notice.stopped", vec![way_out]);
    for_ops(shared, &document, &format!("ops:stopped:{}", waiting.job), waiting.at, None)
}

/// Some recipients could not be served; the others were.
pub(super) fn left_out(shared: &Shared, waiting: &Waiting, left_out: &[(String, String)]) -> Vec<Delivery> {
    let Some((first, why)) = left_out.first() else { return Vec::new() };
    let reason = format!("{first}: {why}");
    let at = Value::Instant(waiting.at, shared.config.zone.clone());
    let fill = |say: Say| {
        say.with("n", left_out.len() as i128)
            .with("job", waiting.job.as_str())
            .with("at", at.clone())
            .with("reason", reason.as_str())
    };
    let document = notice("notice.left_out", fill, Vec::new());
    for_ops(shared, &document, &format!("ops:left_out:{}", waiting.job), waiting.at, None)
}

fn of_run(shared: &Shared, waiting: &Waiting, reason: &str, key: &str, notes: Vec<Say>) -> Document {
    let at = Value::Instant(waiting.at, shared.config.zone.clone());
    let fill = |say: Say| say.with("job", waiting.job.as_str()).with("at", at.clone()).with("reason", reason);
    notice(key, fill, notes)
}

/// A channel pauses. It is told over the others, once an hour at most: the key holds the hour.
pub(super) fn channel_paused(shared: &Shared, channel: &str, reason: &str, now: Timestamp) -> Vec<Delivery> {
    let document =
        notice("notice.channel", |say| say.with("channel", channel).with("reason", reason), Vec::new());
    for_ops(shared, &document, &format!("ops:channel:{channel}"), hour(now), Some(channel))
}

/// The pages of links cannot be served. Once an hour at most.
pub(super) fn no_pages(shared: &Shared, listen: &str, reason: &str, now: Timestamp) -> Vec<Delivery> {
    let document =
        notice("notice.pages", |say| say.with("listen", listen).with("reason", reason), Vec::new());
    for_ops(shared, &document, "ops:pages", hour(now), None)
}

/// A message waits for an operator.
pub(super) fn held(shared: &Shared, delivery: &Delivery, reason: &str, now: Timestamp) -> Vec<Delivery> {
    let fill = |say: Say| {
        say.with("subject", delivery.subject.as_str())
            .with("recipient", delivery.recipient.as_str())
            .with("reason", reason)
    };
    let document = notice("notice.held", fill, Vec::new());
    for_ops(shared, &document, &format!("ops:held:{}", delivery.key.as_str()), hour(now), None)
}

fn hour(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().div_euclid(3600) * 3600).unwrap_or(now)
}

fn for_ops(
    shared: &Shared,
    document: &Document,
    topic: &str,
    at: Timestamp,
    but_not: Option<&str>,
) -> Vec<Delivery> {
    let targets = shared.config.ops.iter().filter(|target| Some(target.channel.as_str()) != but_not);
    let sealed = targets.filter_map(|target| {
        let medium = &shared.config.channels.get(&target.channel)?.medium;
        let (recipient, channel) = (&target.recipient, target.channel.as_str());
        let envelope =
            Envelope { job: topic, occurrence: at, now: at, recipient, channel, medium, attach: &[] };
        seal(document, envelope, &shared.config.templates, &shared.locales).ok()
    });
    sealed.collect()
}

//! The generic webhook, signed as Standard Webhooks asks. The id is the same in every attempt, so a
//! receiver can drop a copy; therefore a lost answer is simply tried again.
//!
//! An event goes as it is, or as a `CloudEvents` 1.0 event in structured mode (HTTP binding, 3.2), under the same headers.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretBox};
use serde_json::{Value as Json, json};

use super::Attempt;
use super::http::{Endpoint, Failed, answer};
use crate::outbox::{Answer, Delivery, Scope};

/// Shortest key that Standard Webhooks allows, in bytes.
const KEY_MIN: usize = 24;

/// How many POSTs may be under way at once, unless told otherwise.
const CONCURRENCY: usize = 8;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

const CLOUD_EVENT: &str = "application/cloudevents+json; charset=UTF-8";

/// How long a signature is, with the blank before the next one.
const SIGNED: usize = 48;

/// How many headers a request has: these, and those that every request has.
const HEADERS: usize = 8;

/// The form of an event on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrapping {
    /// As it is: `type`, `timestamp` and `data`.
    #[default]
    Plain,
    /// With the attributes of `CloudEvents`.
    CloudEvents,
}

/// A webhook and the keys that sign it: the current one first, an old one beside it during rotation.
pub struct Webhook {
    endpoint: Endpoint,
    keys: Vec<hmac::Key>,
    concurrency: usize,
    wrapping: Wrapping,
}

impl Webhook {
    /// A webhook at an endpoint.
    pub fn new(endpoint: Endpoint, keys: Vec<SecretBox<Vec<u8>>>) -> Webhook {
        let keys = keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret())).collect();
        Webhook { endpoint, keys, concurrency: CONCURRENCY, wrapping: Wrapping::Plain }
    }

    /// With so many POSTs under way at once.
    #[must_use]
    pub fn at_once(self, concurrency: usize) -> Webhook {
        Webhook { concurrency, ..self }
    }

    /// With events in another form.
    #[must_use]
    pub fn wrapped(self, wrapping: Wrapping) -> Webhook {
        Webhook { wrapping, ..self }
    }

    /// The body that goes for an event.
    pub fn body<'p>(&self, delivery: &Delivery, event: &'p [u8]) -> Cow<'p, [u8]> {
        match self.wrapping {
            Wrapping::Plain => Cow::Borrowed(event),
            // An event of ours is JSON; what were not could not be wrapped, and goes as it is.
            Wrapping::CloudEvents => cloud_event(delivery, event).map_or(Cow::Borrowed(event), Cow::Owned),
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(super) fn rest(&self) {
        self.endpoint.rest();
    }

    /// Where it leads, masked.
    pub fn masked(&self) -> String {
        self.endpoint.masked()
    }

    pub(super) async fn send(&self, attempt: Attempt<'_>) -> Answer {
        let id = id_of(attempt.delivery);
        let body = match self.body(attempt.delivery, attempt.payload) {
            Cow::Borrowed(_) => attempt.payload.clone(),
            Cow::Owned(wrapped) => Bytes::from(wrapped),
        };
        let Ok(headers) = self.headers(id, HeaderValue::from(attempt.now.as_second()), &body) else {
            return Answer::Never("the signature cannot be written as a header".to_owned());
        };
        match self.endpoint.post(body, headers, attempt.gate).await {
            Ok(response) => answer(&response),
            Err(Failed::Unsent(reason)) => Answer::NotNow { reason, after: None, scope: Scope::Destination },
            // The receiver knows the id: sending again is safe, so nothing is uncertain.
            Err(Failed::Unknown(reason)) => Answer::NotNow { reason, after: None, scope: Scope::Message },
        }
    }

    fn headers(
        &self,
        id: String,
        timestamp: HeaderValue,
        body: &[u8],
    ) -> Result<HeaderMap, reqwest::header::InvalidHeaderValue> {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        let signed = (!self.keys.is_empty()).then(|| self.signatures(&id, timestamp.as_bytes(), body));
        let message = HeaderValue::try_from(id)?;
        headers.insert(ID, message.clone());
        headers.insert(TIMESTAMP, timestamp);
        headers.insert(IDEMPOTENCY_KEY, message);
        if self.wrapping == Wrapping::CloudEvents {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(CLOUD_EVENT));
        }
        if let Some(signed) = signed {
            headers.insert(SIGNATURE, HeaderValue::try_from(signed)?);
        }
        Ok(headers)
    }

    /// By each key, the current one first, with blanks between them.
    fn signatures(&self, id: &str, timestamp: &[u8], body: &[u8]) -> String {
        let mut all = String::with_capacity(self.keys.len() * SIGNED);
        for key in &self.keys {
            all.push_str(if all.is_empty() { "" } else { " " });
            sign(key, [id.as_bytes(), timestamp, body], &mut all);
        }
        all
    }
}

/// What receivers drop copies by.
fn id_of(delivery: &Delivery) -> String {
    format!("msg_{}", delivery.key.as_str())
}

/// An event with the attributes of `CloudEvents`: source and id together are unique.
fn cloud_event(delivery: &Delivery, event: &[u8]) -> Option<Vec<u8>> {
    let event: Json = serde_json::from_slice(event).ok()?;
    let mut source = Url::parse("retaind://localhost/").ok()?;
    source.path_segments_mut().ok()?.extend(["retaind", "jobs", delivery.job.as_str()]);
    let wrapped = json!({
        "specversion": "1.0",
        "id": id_of(delivery),
        "source": source.path(),
        "type": event.get("type")?,
        "time": event.get("timestamp")?,
        "datacontenttype": "application/json",
        "data": event.get("data")?,
    });
    Some(wrapped.to_string().into_bytes())
}

/// Reads a secret as Standard Webhooks writes it: `whsec_` and base64.
pub fn read_key(text: &str) -> Result<SecretBox<Vec<u8>>, String> {
    let text = text.trim();
    let encoded = text.strip_prefix("whsec_").ok_or("a webhook secret begins with `whsec_`")?;
    let key = STANDARD.decode(encoded).map_err(|_| "what follows `whsec_` is not base64")?;
    if key.len() < KEY_MIN {
        return Err(format!("a webhook secret has at least {KEY_MIN} bytes, this one has {}", key.len()));
    }
    Ok(SecretBox::new(Box::new(key)))
}

/// Adds `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
fn sign(key: &hmac::Key, [id, timestamp, body]: [&[u8]; 3], out: &mut String) {
    // ring's: a third less time than `hmac`'s where a processor has no instructions for SHA-256, for each message.
    let mut mac = hmac::Context::with_key(key);
    for part in [id, b".", timestamp, b".", body] {
        mac.update(part);
    }
    out.push_str("v1,");
    STANDARD.encode_string(mac.sign(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the Standard Webhooks reference libraries.
    #[test]
    fn the_published_vector_signs_the_same() {
        let key = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut signature = String::new();
        let message = ["msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#];
        sign(
            &hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret()),
            message.map(str::as_bytes),
            &mut signature,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_cloud_event_has_the_event_s_own_words_and_the_id_of_its_headers() {
        let at = "2026-11-02T11:00:00Z".parse().unwrap();
        let delivery = Delivery {
            key: crate::outbox::DeliveryKey::of("week ly/ü", at, "crm", "crm"),
            job: "week ly/ü".to_owned(),
            occurrence: at,
            recipient: "crm".to_owned(),
            channel: "crm".to_owned(),
            address: String::new(),
            subject: String::new(),
            payload: crate::outbox::Sealed::new(Vec::new()),
            not_before: at,
            expires: at,
        };
        let event =
            br#"{"type":"digest.due","timestamp":"2026-11-02T11:00:00Z","data":{"version":1,"rate":0.1}}"#;
        let wrapped: Json = serde_json::from_slice(&cloud_event(&delivery, event).unwrap()).unwrap();
        let expected = json!({
            "specversion": "1.0",
            "id": id_of(&delivery),
            "source": "/retaind/jobs/week%20ly%2F%C3%BC",
            "type": "digest.due",
            "time": "2026-11-02T11:00:00Z",
            "datacontenttype": "application/json",
            "data": {"version": 1, "rate": 0.1},
        });
        assert_eq!(wrapped, expected);
        assert_eq!(cloud_event(&delivery, b"{}"), None);
    }

    #[test]
    fn weak_secrets_are_refused() {
        assert!(read_key("hunter2").is_err());
        assert!(read_key("whsec_c2hvcnQ=").is_err());
        assert!(read_key("whsec_%%%").is_err());
    }
}

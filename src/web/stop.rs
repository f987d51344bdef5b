//! The page by which a customer asks not to be written to again: GET shows it, POST does it, in one click, as
//! mail programs do for their readers (RFC 8058). It asks nobody to log in, and leads nowhere else.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::Response;

use super::Desk;
use crate::care::act;
use crate::job::unsubscribed;
use crate::ledger::deliveries;
use crate::ledger::suppressions::{self, Reason};
use crate::outbox::AddressId;
use crate::render::locale;

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match desk.links.read_stop(&token) {
        Ok(_) => desk.sign(StatusCode::OK, &act::stop(), desk.language_of(&headers)),
        Err(_) => desk.missing(),
    }
}

/// Whoever fetches every link of a mail sends no such body; whoever sends one means it. So it does not matter
/// where it comes from.
pub(super) async fn take(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = desk.language_of(&headers);
    let Ok(address) = desk.links.read_stop(&token) else { return desk.missing() };
    if !asks_to_stop(&body) {
        return desk.sign(StatusCode::UNPROCESSABLE_ENTITY, &act::stop(), language);
    }
    match desk.stop(address).await {
        Ok(()) => desk.sign(StatusCode::OK, &act::stopped(), language),
        Err(e) => desk.busy(&e, language),
    }
}

/// `List-Unsubscribe=One-Click`, in either form that a form can be sent in.
fn asks_to_stop(body: &[u8]) -> bool {
    let holds = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
    holds(b"List-Unsubscribe") && holds(b"One-Click")
}

impl Desk {
    /// The language that a browser asks for; there is nobody else to know it from.
    fn language_of(&self, headers: &HeaderMap) -> &str {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let mut tags = wanted.unwrap_or_default().split(',').filter_map(|part| part.split(';').next());
        tags.find_map(|tag| locale::best(tag.trim())).unwrap_or(&self.language)
    }

    /// Stores the wish, its line in the audit and its events, all or nothing.
    async fn stop(&self, address: AddressId) -> Result<(), crate::ledger::LedgerError> {
        let (now, channels) = (self.clock.now(), self.events.clone());
        let new = self.ledger.run(move |c| {
            let new = suppressions::add(c, address, (Reason::Unsubscribed, ""), now)?;
            let customer = suppressions::whose(c, address)?;
            for event in
                customer.iter().filter(|_| new).flat_map(|id| unsubscribed::events(id, now, &channels))
            {
                deliveries::insert(c, &event, now)?;
            }
            Ok(new)
        });
        if new.await? {
            tracing::info!(address = %address.hex(), "a customer is not written to any more, by link");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_click_is_known_in_both_forms_and_nothing_else_is() {
        for (body, asks) in [
            (&b"List-Unsubscribe=One-Click"[..], true),
            (
                b"--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--",
                true,
            ),
            (b"", false),
            (b"List-Unsubscribe=", false),
            (b"One-Click", false),
            (b"what=done", false),
        ] {
            assert_eq!(asks_to_stop(body), asks, "{}", String::from_utf8_lossy(body));
        }
    }
}

//! The page of an entry: GET shows it and changes nothing, POST acts and leads back to it.
//!
//! The token in the address is the authority: it is unguessable, so a foreign site has no form to send.
//! Browsers also say where a form came from; if they say elsewhere, it is refused.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::{Desk, stop};
use crate::care::act::{self, Form, Seen};
use crate::document::Say;
use crate::document::page::Sign;
use crate::domain::{Act, Colleague, EntryId};
use crate::job::acted;
use crate::ledger::acts::{self, Found, Outcome};
use crate::ledger::{LedgerError, deliveries, operator};
use crate::outbox::LinkError;
use crate::render::acted::Acting;
use crate::render::{Locale, page};

/// Longest body of a form: ours have a hundred bytes.
const BODY_MAX: usize = 8 << 10;

const FORM: &str = "application/x-www-form-urlencoded";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// On every answer: nobody keeps it, nobody frames it, nobody learns of it, and nothing runs in it.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// The pages.
pub(super) fn router(desk: Desk) -> Router {
    let desk = Arc::new(desk);
    Router::new()
        .route("/a/{token}", get(show).post(take))
        .route("/u/{token}", get(stop::show).post(stop::take))
        .route("/health", get(async || "ok\n"))
        .fallback(nothing)
        .with_state(desk)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(axum::middleware::from_fn(guarded))
}

async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| policy(""));
    response
}

async fn nothing(State(desk): State<Arc<Desk>>) -> Response {
    desk.missing()
}

async fn show(State(desk): State<Arc<Desk>>, Path(token): Path<String>) -> Response {
    match desk.find(&token).await {
        Ok(entry) => entry.page(&desk, StatusCode::OK, &Form::default(), None),
        Err(answer) => *answer,
    }
}

async fn take(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let entry = match desk.find(&token).await {
        Ok(entry) => entry,
        Err(answer) => return *answer,
    };
    let refused = |status| desk.sign(status, &act::refused(), &entry.found.told.language);
    if !from_us(&headers, &desk.origin) {
        return refused(StatusCode::FORBIDDEN);
    }
    if !is_form(&headers) {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return refused(rejection.status()),
    };
    let form = Form::read(&body);
    let told = &entry.found.told;
    let act = match act::read(&form, &told.recipient, entry.seen().today(), &entry.colleagues) {
        Ok(act) => act,
        Err(wrong) => return entry.page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &form, Some(wrong)),
    };
    match desk.act(told.id, act, entry.now).await {
        // Led back relative to where it was sent, so that a proxy may put the pages below a path.
        Ok(Some(Outcome::New(_) | Outcome::Before(_))) => {
            let location = HeaderValue::from_str(&token).unwrap_or(HeaderValue::from_static("."));
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
        }
        Ok(Some(Outcome::Full)) => {
            entry.page(&desk, StatusCode::CONFLICT, &form, Some(Say::new("act.wrong.full")))
        }
        Ok(None) => desk.missing(),
        Err(e) => desk.busy(&e, &told.language),
    }
}

/// Whether a form can have come from our page. `Sec-Fetch-Site` says so where a browser sends it; `Origin`
/// is `null` for ours, since our pages let no referrer out.
fn from_us(headers: &HeaderMap, origin: &str) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    headers.get(header::ORIGIN).is_none_or(|from| from == "null" || from == origin)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

/// An entry that can be acted on now.
struct Entry {
    found: Found,
    colleagues: Vec<Colleague>,
    zone: TimeZone,
    now: Timestamp,
    token: String,
}

impl Entry {
    fn seen(&self) -> Seen<'_> {
        Seen {
            told: &self.found.told,
            occurrence: self.found.at,
            acts: &self.found.acts,
            colleagues: &self.colleagues,
            zone: &self.zone,
            now: self.now,
        }
    }

    fn page(&self, desk: &Desk, status: StatusCode, form: &Form, wrong: Option<Say>) -> Response {
        let Some(locale) = desk.locale(&self.found.told.language) else { return desk.missing() };
        let view = page::page(&self.seen().page(form, wrong), &self.token, &locale);
        html(status, desk.templates.fill("action/page.html", &view).map_err(|e| e.to_string()))
    }
}

impl Desk {
    /// The entry a token leads to; or the answer that says why it leads nowhere.
    async fn find(&self, token: &str) -> Result<Entry, Box<Response>> {
        let now = self.clock.now();
        // A token that we did not make never reaches the ledger.
        let (id, expired) = match self.links.read(token, now) {
            Ok(id) => (id, None),
            Err(LinkError::Expired { entry, until }) => (entry, Some(until)),
            Err(LinkError::Forged) => return Err(Box::new(self.missing())),
        };
        let read = move |c: &rusqlite::Connection| Ok((acts::find(c, EntryId(id))?, acts::colleagues(c)?));
        let (found, colleagues) =
            self.ledger.run(read).await.map_err(|e| Box::new(self.busy(&e, &self.language)))?;
        let told = found.as_ref().map(|found| &found.told);
        let zone = told.and_then(|told| TimeZone::get(&told.zone).ok()).unwrap_or(self.zone.clone());
        if let Some(until) = expired {
            let language = told.map_or(&self.language, |told| &told.language);
            return Err(Box::new(self.sign(StatusCode::GONE, &act::expired(until, &zone), language)));
        }
        let found = found.ok_or_else(|| Box::new(self.missing()))?;
        Ok(Entry { found, colleagues, zone, now, token: token.to_owned() })
    }

    /// Stores an act, its line in the audit and its events, all or nothing. Another request may have come
    /// first, so the entry is read again.
    async fn act(&self, id: EntryId, act: Act, now: Timestamp) -> Result<Option<Outcome>, LedgerError> {
        let channels = self.events.clone();
        let (outcome, who) = self
            .ledger
            .run(move |c| {
                let Some(found) = acts::find(c, id)? else { return Ok((None, String::new())) };
                let outcome = acts::act_on(c, &found, &act, now)?;
                if let Outcome::New(number) = outcome {
                    let acting = Acting {
                        entry: id,
                        act: &act,
                        at: now,
                        recipient: &found.told.recipient,
                        customer: &found.told.customer,
                        reasons: &found.told.reasons,
                        job: &found.job,
                        occurrence: found.at,
                    };
                    for event in acted::events(&acting, number, &acts::colleagues(c)?, &channels) {
                        deliveries::insert(c, &event, now)?;
                    }
                    let who = format!("{}, by link", found.told.recipient);
                    operator::audit(c, &who, &format!("{} (entry {})", acting.brief(), id.hex()), now)?;
                }
                Ok((Some(outcome), found.told.recipient))
            })
            .await?;
        if let Some(Outcome::New(_)) = outcome {
            tracing::info!(recipient = %who, entry = %id.hex(), "acted by link");
        }
        Ok(outcome)
    }

    pub(super) fn locale(&self, language: &str) -> Option<Arc<Locale>> {
        self.locales.get(language)
    }

    pub(super) fn sign(&self, status: StatusCode, sign: &Sign, language: &str) -> Response {
        let Some(locale) = self.locale(language) else { return status.into_response() };
        let view = page::sign(sign, &locale);
        html(status, self.templates.fill("action/sign.html", &view).map_err(|e| e.to_string()))
    }

    /// The same for an unknown path, a forged token and an entry that is gone.
    pub(super) fn missing(&self) -> Response {
        self.sign(StatusCode::NOT_FOUND, &act::missing(), &self.language)
    }

    pub(super) fn busy(&self, error: &LedgerError, language: &str) -> Response {
        tracing::error!(reason = %error, "a page could not be served");
        let mut response = self.sign(StatusCode::SERVICE_UNAVAILABLE, &act::busy(), language);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        response
    }
}

/// A page with the policy that its own style, and nothing else, is applied.
fn html(status: StatusCode, text: Result<String, String>) -> Response {
    let text = match text {
        Ok(text) => text,
        Err(reason) => {
            tracing::error!(reason = %reason, "a page's template cannot be filled");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let policy = policy(&text);
    (status, [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)], text).into_response()
}

/// Styles are named by their hash: what somebody's name could smuggle in has none.
fn policy(text: &str) -> HeaderValue {
    let styles = text.split("<style>").skip(1).filter_map(|rest| rest.split_once("</style>"));
    let hash = |(style, _): (&str, &str)| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)));
    let hashes: Vec<String> = styles.map(hash).collect();
    let styles = if hashes.is_empty() { "'none'".to_owned() } else { hashes.join(" ") };
    let policy = format!(
        "default-src 'none'; style-src {styles}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_from_elsewhere_is_refused_and_ours_is_not() {
        let origin = "https://care.shop.example";
        for (site, from, ours) in [
            (Some("same-origin"), Some("null"), true),
            (Some("same-origin"), Some("https://other.example"), true),
            (Some("none"), None, true),
            (Some("cross-site"), Some("null"), false),
            (Some("same-site"), Some(origin), false),
            (Some("cross-site"), None, false),
            (None, Some(origin), true),
            (None, Some("null"), true),
            (None, None, true),
            (None, Some("https://evil.example"), false),
            (None, Some("https://care.shop.example.evil.example"), false),
            (None, Some("http://care.shop.example"), false),
        ] {
            let mut headers = HeaderMap::new();
            let mut set = |name, value: Option<&'static str>| {
                value.map(|value| headers.insert(name, HeaderValue::from_static(value)));
            };
            set(FETCH_SITE, site);
            set(header::ORIGIN, from);
            assert_eq!(from_us(&headers, origin), ours, "{site:?} {from:?}");
        }
    }

    #[test]
    fn only_forms_as_browsers_send_them_are_read() {
        for (kind, read) in [
            (Some("application/x-www-form-urlencoded"), true),
            (Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), true),
            (Some("application/json"), false),
            (Some("text/plain"), false),
            (Some("multipart/form-data; boundary=application/x-www-form-urlencoded"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            kind.map(|kind| headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind)));
            assert_eq!(is_form(&headers), read, "{kind:?}");
        }
    }

    /// By `printf 'a{}' | openssl dgst -sha256 -binary | base64`.
    #[test]
    fn the_policy_names_the_style_by_its_hash_and_allows_nothing_else() {
        let said = policy("<p><style>a{}</style>");
        assert_eq!(
            said,
            "default-src 'none'; style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        assert!(policy("").to_str().unwrap().contains("style-src 'none'"));
    }
}

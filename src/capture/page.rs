//! The page that shows what was captured.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use handlebars::Handlebars;
use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};
use serde_json::{Value as Json, json};

use super::{Captured, Inbox};

const PAGES: [(&str, &str); 4] = [
    ("page.html", include_str!("../../templates/capture/page.html.hbs")),
    ("index", include_str!("../../templates/capture/index.html.hbs")),
    ("mail", include_str!("../../templates/capture/mail.html.hbs")),
    ("post", include_str!("../../templates/capture/post.html.hbs")),
];

struct Pages {
    inbox: Inbox,
    templates: Handlebars<'static>,
}

/// The routes: what is shown by GET, what is captured by POST.
pub fn router(inbox: Inbox) -> Result<Router, handlebars::TemplateError> {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    for (name, text) in PAGES {
        templates.register_template_string(name, text)?;
    }
    let pages = Arc::new(Pages { inbox, templates });
    Ok(Router::new()
        .route("/", get(index))
        .route("/message/{number}", get(message))
        .route("/message/{number}/html", get(html))
        .route("/message/{number}/source", get(source))
        .route("/message/{number}/part/{index}", get(part))
        .route("/capture/{channel}", post(capture))
        .route("/capture/{channel}/{*rest}", post(capture_below).put(capture_below))
        .with_state(pages)
        .layer(axum::middleware::from_fn(guarded)))
}

/// Whatever a page shows, nothing runs in it; and a name that leads here from outside is refused.
async fn guarded(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name != "127.0.0.1" && name != "localhost" {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut response = next.run(request).await;
    let policy = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

impl Pages {
    fn render(&self, name: &str, view: &Json) -> Response {
        match self.templates.render(name, view) {
            Ok(text) => Html(text).into_response(),
            Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
        }
    }
}

type Shared = State<Arc<Pages>>;

/// Says what most chat services say when all went well.
const JSON_OK: &str = r#"{"ok":true,"code":0,"errcode":0,"id":"captured","event_id":"$captured"}"#;

/// Of services whose messages each have a path.
async fn capture_below(
    pages: Shared,
    Path((channel, _)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> &'static str {
    capture(pages, Path(channel), RawQuery(None), headers, body).await;
    JSON_OK
}

async fn capture(
    State(pages): Shared,
    Path(channel): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> &'static str {
    let lines =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("(binary)")));
    let headers = lines.collect::<Vec<_>>().join("\n");
    pages.inbox.push(Captured::Post { channel, headers, body: String::from_utf8_lossy(&body).into_owned() });
    if query.is_some_and(|query| query.contains("answer=json")) { JSON_OK } else { "ok" }
}

async fn index(State(pages): Shared) -> Response {
    let messages: Vec<Json> = pages.inbox.all().iter().rev().map(|(number, m)| listed(*number, m)).collect();
    pages.render("index", &json!({ "title": "retaind: delivered messages", "messages": messages }))
}

fn listed(number: usize, message: &Captured) -> Json {
    match message {
        Captured::Mail { to, raw, .. } => {
            let subject = MessageParser::default().parse(raw).and_then(|m| m.subject().map(str::to_owned));
            json!({ "number": number, "way": "mail", "to": to, "subject": subject.unwrap_or_default() })
        }
        Captured::Post { channel, body, .. } => {
            let way = if body.contains("\"blocks\"") { "chat" } else { "webhook" };
            json!({ "number": number, "way": way, "to": channel, "subject": post_subject(body) })
        }
    }
}

fn post_subject(body: &str) -> String {
    let json: Json = serde_json::from_str(body).unwrap_or_default();
    let text = json["text"].as_str().or(json["data"]["subject"].as_str()).unwrap_or("(no subject)");
    unescape(text)
}

async fn message(State(pages): Shared, Path(number): Path<usize>) -> Response {
    match pages.inbox.get(number) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Captured::Mail { from, to, raw }) => mail_page(&pages, number, &from, &to, &raw),
        Some(Captured::Post { channel, headers, body }) => {
            let json: Json = serde_json::from_str(&body).unwrap_or_default();
            let pretty = serde_json::to_string_pretty(&json).unwrap_or_else(|_| body.clone());
            let blocks: Vec<Json> = json["blocks"].as_array().into_iter().flatten().map(block).collect();
            let subject = post_subject(&body);
            let view = json!({
                "title": subject, "subject": subject, "to": channel, "headers": headers, "body": pretty, "blocks": blocks
            });
            pages.render("post", &view)
        }
    }
}

fn mail_page(pages: &Pages, number: usize, from: &str, to: &str, raw: &[u8]) -> Response {
    let Some(mail) = MessageParser::default().parse(raw) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, "not a mail").into_response();
    };
    let files: Vec<Json> = mail
        .parts
        .iter()
        .enumerate()
        .filter(|(_, part)| part.content_disposition().is_some_and(mail_parser::ContentType::is_attachment))
        .map(|(index, part)| json!({ "index": index, "name": part.attachment_name().unwrap_or("file"), "size": part.len() }))
        .collect();
    let text = mail.body_text(0).map(std::borrow::Cow::into_owned).unwrap_or_default();
    let subject = mail.subject().unwrap_or_default();
    let view = json!({
        "title": subject, "subject": subject, "from": from, "to": to, "number": number,
        "date": mail.date().map(mail_parser::DateTime::to_rfc822).unwrap_or_default(), "size": raw.len(),
        "files": files, "text": text,
    });
    pages.render("mail", &view)
}

/// The HTML part alone, its pictures led to their parts. Scripts and everything from outside are barred.
async fn html(State(pages): Shared, Path(number): Path<usize>) -> Response {
    let Some(Captured::Mail { raw, .. }) = pages.inbox.get(number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(mail) = MessageParser::default().parse(&raw) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut html = mail.body_html(0).map(std::borrow::Cow::into_owned).unwrap_or_default();
    for (index, part) in mail.parts.iter().enumerate() {
        if let Some(cid) = part.content_id() {
            html = html.replace(&format!("cid:{cid}"), &format!("/message/{number}/part/{index}"));
        }
    }
    Html(html).into_response()
}

async fn source(State(pages): Shared, Path(number): Path<usize>) -> Response {
    match pages.inbox.get(number) {
        Some(Captured::Mail { raw, .. }) => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], raw).into_response()
        }
        Some(Captured::Post { body, .. }) => body.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn part(State(pages): Shared, Path((number, index)): Path<(usize, usize)>) -> Response {
    let Some(Captured::Mail { raw, .. }) = pages.inbox.get(number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(mail) = MessageParser::default().parse(&raw) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    part_of(&mail, index).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

fn part_of(mail: &Message<'_>, index: usize) -> Option<Response> {
    let part = mail.parts.get(index)?;
    let kind =
        part.content_type().map(|t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or("octet-stream")));
    let kind = HeaderValue::from_str(&kind.unwrap_or_else(|| "application/octet-stream".to_owned())).ok()?;
    let bytes = match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes().to_vec(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.to_vec(),
        PartType::Message(_) | PartType::Multipart(_) => return None,
    };
    Some(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}

/// A Block Kit block as the page draws it.
fn block(block: &Json) -> Json {
    let text = block["text"]["text"].as_str().unwrap_or_default();
    match block["type"].as_str() {
        Some("header") => json!({ "header": text, "section": null, "context": null }),
        Some("context") => {
            let elements = block["elements"].as_array().into_iter().flatten();
            let texts: Vec<Json> =
                elements.flat_map(|e| runs(e["text"].as_str().unwrap_or_default())).collect();
            json!({ "header": null, "section": null, "context": texts })
        }
        _ => json!({ "header": null, "section": runs(text), "context": null }),
    }
}

/// Slack's markup as runs of text: bold, links, code.
fn runs(text: &str) -> Vec<Json> {
    let run = |text: &str, bold, url: Option<&str>, code| json!({ "text": unescape(text), "bold": bold, "url": url, "code": code });
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['*', '<', '`']) {
        let (before, tail) = rest.split_at(at);
        out.push(run(before, false, None, false));
        let closed = match tail.as_bytes()[0] {
            b'*' => tail[1..].split_once('*').map(|(inner, after)| (run(inner, true, None, false), after)),
            b'`' => tail
                .strip_prefix("```")
                .and_then(|t| t.split_once("```"))
                .map(|(inner, after)| (run(inner, false, None, true), after)),
            _ => tail[1..].split_once('>').map(|(inner, after)| {
                let (url, label) = inner.split_once('|').unwrap_or((inner, inner));
                let safe = ["https:", "http://127.0.0.1:", "mailto:", "tel:"]
                    .iter()
                    .any(|scheme| url.starts_with(scheme));
                (run(label, false, safe.then_some(url), false), after)
            }),
        };
        let Some((drawn, after)) = closed else {
            out.push(run(tail, false, None, false));
            return out;
        };
        out.push(drawn);
        rest = after;
    }
    out.push(run(rest, false, None, false));
    out
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

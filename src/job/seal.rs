//! From a document to a delivery: the words of the reader's language in the form of the channel, sealed
//! under the key that makes a second one impossible.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lettre::message::Mailbox;

use super::Attachment;
use crate::document::{Document, Kind, Say};
use crate::domain::Recipient;
use crate::outbox::{Delivery, DeliveryKey, Medium, Sealed, Service};
use crate::render::mime::{self, File, Mail};
use crate::render::picture::Drawn;
use crate::render::view::{View, view, words};
use crate::render::{Locale, Templates, chat, event, fit, ics, locale, pdf, sheet};

/// Hours for which a message is of use. What is due may be done an hour later: then a digest is made anew. A greeting
/// is of its day.
fn life(kind: Kind) -> SignedDuration {
    SignedDuration::from_hours(match kind {
        Kind::Report | Kind::Breach => 5 * 24,
        Kind::Digest => 1,
        Kind::Greeting => 12,
        Kind::Notice => 24,
    })
}

/// From when until when a message may be sent: a report from its occurrence, moved to when its reader works;
/// trouble at once; a digest is made when it may arrive, and never sent when it may not.
fn window(kind: Kind, envelope: &Envelope<'_>) -> (Timestamp, Timestamp) {
    let Envelope { occurrence, recipient, .. } = *envelope;
    let now = envelope.now.max(occurrence);
    match kind {
        Kind::Report | Kind::Breach => {
            let from = recipient.arrival(occurrence);
            (from, from.max(now) + life(kind))
        }
        Kind::Digest | Kind::Greeting => (now, (now + life(kind)).min(recipient.closes(now))),
        Kind::Notice => (occurrence, now + life(kind)),
    }
}

/// Every language, loaded once; and those with the numbers of another region, as they are asked for.
pub struct Locales {
    own: BTreeMap<&'static str, Arc<Locale>>,
    regional: Mutex<BTreeMap<String, Arc<Locale>>>,
}

impl Locales {
    /// Loads them all.
    pub fn load() -> Result<Locales, locale::LocaleError> {
        let own = locale::tags().map(|tag| Locale::load(tag).map(|l| (tag, Arc::new(l))));
        Ok(Locales { own: own.collect::<Result<_, _>>()?, regional: Mutex::default() })
    }

    /// The language that serves `tag` best; English where none does.
    pub fn get(&self, tag: &str) -> Option<Arc<Locale>> {
        let own = locale::best(tag).and_then(|tag| self.own.get(tag));
        let Some(own) = own else { return self.own.get("en").cloned() };
        let Some(serving) = locale::serving(tag).filter(|serving| serving != own.tag()) else {
            return Some(own.clone());
        };
        let mut regional = self.regional.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = regional.get(&serving) {
            return Some(found.clone());
        }
        let made = own.of_region(&serving).map_or_else(|_| own.clone(), Arc::new);
        regional.insert(serving, made.clone());
        Some(made)
    }
}

/// Where a document goes.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The job that made it.
    pub job: &'a str,
    /// The occurrence it is of.
    pub occurrence: Timestamp,
    /// When it is decided on.
    pub now: Timestamp,
    /// Who reads it.
    pub recipient: &'a Recipient,
    /// The channel's name.
    pub channel: &'a str,
    /// The form of its messages.
    pub medium: &'a Medium,
    /// What is attached to mails.
    pub attach: &'a [Attachment],
}

/// Seals `document`. The error is for ops; it concerns this recipient only.
pub fn seal(
    document: &Document,
    envelope: Envelope<'_>,
    templates: &Templates,
    locales: &Locales,
) -> Result<Delivery, String> {
    let recipient = envelope.recipient;
    let locale = &*locales.get(&recipient.language).ok_or("no languages are loaded")?;
    // Only mails show pictures.
    let (view, drawings) = if envelope.medium.is_mail() {
        view(document, locale)
    } else {
        (words(document, locale), Vec::new())
    };
    let key = DeliveryKey::of(envelope.job, envelope.occurrence, &recipient.id, envelope.channel);
    let subject = view.subject.clone();
    let (address, payload) = match envelope.medium {
        Medium::Email { from } => mail(document, view, drawings, envelope, from, &key, templates, locale)?,
        Medium::Chat { service, to } => {
            let more = |n: usize| locale.say(&Say::new("digest.more").with("n", n as i128));
            (
                chat_of(*service, recipient, to.as_ref())?,
                chat::payload(*service, &view, more).to_string().into_bytes(),
            )
        }
        Medium::Event => {
            let payload =
                event::payload(document, &view, locale, envelope.job, envelope.occurrence, &recipient.id);
            (String::new(), payload.to_string().into_bytes())
        }
    };
    let (not_before, expires) = window(document.kind, &envelope);
    Ok(Delivery {
        key,
        job: envelope.job.to_owned(),
        occurrence: envelope.occurrence,
        recipient: recipient.id.clone(),
        channel: envelope.channel.to_owned(),
        address,
        subject,
        payload: Sealed::new(payload),
        not_before,
        expires,
    })
}

/// What is said of the files that a digest brings.
pub(super) fn attached(document: &Document, locale: &Locale) -> Option<String> {
    if document.kind != Kind::Digest {
        return None;
    }
    let key = match (document.sheets.is_empty(), document.appointments.is_empty()) {
        (true, true) => return None,
        (false, true) => "digest.attached",
        (true, false) => "digest.dates",
        (false, false) => "digest.attached_dates",
    };
    Some(locale.word(key))
}

/// The room, chat or topic of a recipient, where the service asks for one.
fn chat_of(service: Service, recipient: &Recipient, to: Option<&String>) -> Result<String, String> {
    if !service.is_addressed() {
        return Ok(String::new());
    }
    let chat = recipient.chat.as_ref().or(to);
    chat.cloned().ok_or_else(|| format!("{} has no `chat` for {}", recipient.id, service.name()))
}

/// The address and the bytes of a mail.
#[expect(clippy::too_many_arguments, reason = "a mail is made of this much, once")]
fn mail(
    document: &Document,
    mut view: View,
    drawings: Vec<Drawn>,
    envelope: Envelope<'_>,
    from: &Mailbox,
    key: &DeliveryKey,
    templates: &Templates,
    locale: &Locale,
) -> Result<(String, Vec<u8>), String> {
    let recipient = envelope.recipient;
    let address =
        recipient.email.as_deref().ok_or_else(|| format!("{} has no mail address", recipient.id))?;
    let to = mime::address(address)?;
    let listed = is_listed(document, envelope.attach);
    if listed {
        view.tables_mut().for_each(|table| table.show(table.rows.len(), listed, locale));
    }
    view.attached = attached(document, locale);
    let files = files(document, &view, &drawings, (envelope, from), locale)?;
    let body = |form, view: &View| templates.body(document.kind, form, view);
    let html = fit::html(&mut view, locale, listed, |view| body("html", view)).map_err(|e| e.to_string())?;
    let inline = drawings.into_iter().enumerate().map(|(i, d)| (format!("chart{}", i + 1), d.png));
    let bytes = mime::build(&Mail {
        key,
        date: envelope.occurrence,
        from,
        to_name: &recipient.name,
        to: &to,
        subject: &view.subject,
        text: &body("txt", &view).map_err(|e| e.to_string())?,
        html: &html,
        inline: &inline.collect::<Vec<_>>(),
        files: &files,
        stop: document.letter.as_ref().map(|letter| &letter.stop),
    });
    Ok((to.to_string(), bytes.map_err(|e| e.to_string())?))
}

/// Whether a file holds the tables whole. A PDF shows what the mail shows.
fn is_listed(document: &Document, attach: &[Attachment]) -> bool {
    let lists = |form: &Attachment| matches!(form, Attachment::Xlsx | Attachment::Csv);
    !document.sheets.is_empty() && (document.kind == Kind::Digest || attach.iter().any(lists))
}

fn files(
    document: &Document,
    view: &View,
    drawings: &[Drawn],
    (envelope, from): (Envelope<'_>, &Mailbox),
    locale: &Locale,
) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    let stem = format!("{}-{}", view.kind, envelope.recipient.zone.to_datetime(envelope.occurrence).date());
    files.extend(ics::files(&stem, &document.appointments, envelope.occurrence, from, locale));
    if document.sheets.is_empty() {
        return Ok(files);
    }
    // A digest's list is read on a phone: CSV opens everywhere.
    let attach = if document.kind == Kind::Digest { &[Attachment::Csv] } else { envelope.attach };
    for form in attach {
        match form {
            Attachment::Xlsx => {
                let created = envelope.recipient.zone.to_datetime(envelope.occurrence);
                let tables = document.files();
                let bytes = sheet::xlsx(&tables, created, locale).map_err(|e| format!("workbook: {e}"))?;
                let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
                files.push(File { name: format!("{stem}.xlsx"), kind, bytes });
            }
            Attachment::Csv => {
                for table in document.files() {
                    let bytes = sheet::csv(&table, locale).map_err(|e| format!("CSV: {e}"))?;
                    files.push(File { name: format!("{stem}-{}.csv", table.name), kind: "text/csv", bytes });
                }
            }
            Attachment::Pdf => {
                let created = envelope.occurrence.to_zoned(envelope.recipient.zone.clone());
                let bytes = pdf::pdf(view, drawings, &created).map_err(|e| format!("PDF: {e}"))?;
                files.push(File { name: format!("{stem}.pdf"), kind: "application/pdf", bytes });
            }
        }
    }
    Ok(files)
}

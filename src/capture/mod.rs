//! A capture server on loopback: everything real, nothing leaves the machine.
//!
//! [`smtp`] takes mail, [`page`] takes webhooks and shows both as their readers would see them. The demo
//! and `retaind run --capture` use it.

pub mod page;
pub mod smtp;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;

/// Messages kept; older ones are forgotten, so that a long capture does not fill the memory.
const KEPT_MAX: usize = 1_000;

/// A captured message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    /// A mail with its envelope.
    Mail {
        /// MAIL FROM.
        from: String,
        /// RCPT TO.
        to: String,
        /// The message.
        raw: Vec<u8>,
    },
    /// A POST.
    Post {
        /// The channel's name.
        channel: String,
        /// Its headers, one a line.
        headers: String,
        /// Its body.
        body: String,
    },
}

/// What was captured so far.
#[derive(Debug, Clone)]
pub struct Inbox {
    messages: Arc<Mutex<Vec<(usize, Captured)>>>,
    count: watch::Sender<usize>,
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox { messages: Arc::default(), count: watch::Sender::new(0) }
    }
}

impl Inbox {
    /// Keeps a message.
    pub fn push(&self, message: Captured) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let number = messages.last().map_or(1, |(n, _)| n + 1);
        if messages.len() == KEPT_MAX {
            messages.remove(0);
        }
        messages.push((number, message));
        self.count.send_replace(number);
    }

    /// All of them with their numbers, oldest first.
    pub fn all(&self) -> Vec<(usize, Captured)> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One of them.
    pub fn get(&self, number: usize) -> Option<Captured> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().find(|(n, _)| *n == number).map(|(_, message)| message.clone())
    }

    /// Waits until at least `count` messages came.
    pub async fn wait_for(&self, count: usize) {
        let mut seen = self.count.subscribe();
        let _ = seen.wait_for(|n| *n >= count).await;
    }
}

/// A running capture server. It ends with the runtime.
pub struct Server {
    /// What it captured.
    pub inbox: Inbox,
    /// Its SMTP port.
    pub smtp: u16,
    /// Its HTTP port.
    pub http: u16,
    /// A listener on a port of its own, for the pages of links.
    pub pages: std::net::TcpListener,
}

impl Server {
    /// The port of the pages of links.
    pub fn pages_port(&self) -> u16 {
        self.pages.local_addr().map_or(0, |at| at.port())
    }
}

impl Server {
    /// Listens on loopback, on free ports or on the given one for HTTP.
    pub async fn start(http_port: Option<u16>) -> std::io::Result<Server> {
        let inbox = Inbox::default();
        let mail = TcpListener::bind(("127.0.0.1", 0)).await?;
        let web = TcpListener::bind(("127.0.0.1", http_port.unwrap_or(0))).await?;
        let (smtp, http) = (mail.local_addr()?.port(), web.local_addr()?.port());
        tokio::spawn(smtp::serve(mail, inbox.clone()));
        let pages = page::router(inbox.clone()).map_err(std::io::Error::other)?;
        tokio::spawn(async move { axum::serve(web, pages).await });
        let pages = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        Ok(Server { inbox, smtp, http, pages })
    }
}

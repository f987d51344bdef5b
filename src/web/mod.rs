//! The server of the pages that links lead to: the only socket we listen on. It speaks plain HTTP/1.1 to a
//! proxy that has the certificate.
//!
//! Every connection carries one request and has a deadline, so whoever is slow holds a place for seconds at
//! most; there are as many places as [`PLACES`], the rest wait in the system's queue.

mod page;
mod stop;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::tz::TimeZone;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::job::seal::Locales;
use crate::ledger::Ledger;
use crate::outbox::Links;
use crate::render::Templates;

/// How many requests are under way at once.
const PLACES: usize = 128;

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Its head.
    pub head: Duration,
    /// The whole of it, with its answer.
    pub whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines { head: Duration::from_secs(5), whole: Duration::from_secs(15) }
    }
}

/// Longest head of a request.
const HEAD_MAX: usize = 16 << 10;

/// How long requests under way may finish when we stop.
const GRACE: Duration = Duration::from_secs(5);

/// How long we wait when the system cannot give a connection, for want of files.
const BREATH: Duration = Duration::from_secs(1);

/// What the pages are made of.
pub struct Desk {
    /// Entries, and what is done with them.
    pub ledger: Ledger,
    /// What time it is.
    pub clock: Clock,
    /// Reads links.
    pub links: Arc<Links>,
    /// Scheme, host and port that links lead to.
    pub origin: String,
    /// Webhook channels that hear of acts.
    pub events: Vec<String>,
    /// The templates.
    pub templates: Arc<Templates>,
    /// The languages.
    pub locales: Locales,
    /// Language of whom we do not know.
    pub language: String,
    /// Their zone.
    pub zone: TimeZone,
}

/// A running server.
pub struct Server {
    desk: watch::Sender<axum::Router>,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on a listener, from within a runtime.
    pub fn start(listener: TcpListener, desk: Desk, deadlines: Deadlines) -> std::io::Result<Server> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (desk, pages) = watch::channel(page::router(desk));
        let (stopping, stopped) = watch::channel(false);
        Ok(Server { desk, stopping, task: tokio::spawn(serve(listener, pages, stopped, deadlines)) })
    }

    /// Goes on with other settings; requests under way end with theirs.
    pub fn replace(&self, desk: Desk) {
        let _ = self.desk.send_replace(page::router(desk));
    }

    /// Whether it still serves.
    pub fn serves(&self) -> bool {
        !self.task.is_finished()
    }

    /// Takes no further request; those under way may finish.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        let _ = self.task.await;
    }
}

async fn serve(
    listener: tokio::net::TcpListener,
    pages: watch::Receiver<axum::Router>,
    mut stopped: watch::Receiver<bool>,
    deadlines: Deadlines,
) {
    let places = Arc::new(Semaphore::new(PLACES));
    let mut requests = JoinSet::new();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            (place, accepted) = next => match (place, accepted) {
                (Ok(place), Ok((stream, _))) => {
                    let router = pages.borrow().clone();
                    let request = request(stream, router, deadlines.head, place);
                    requests.spawn(tokio::time::timeout(deadlines.whole, request));
                }
                _ => tokio::time::sleep(BREATH).await,
            },
            Some(_) = requests.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let finished = async { while requests.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finished).await;
}

async fn request(stream: TcpStream, router: axum::Router, head: Duration, _place: OwnedSemaphorePermit) {
    let _ = stream.set_nodelay(true);
    // What a peer does wrong ends its own connection; there is nobody else to tell.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .keep_alive(false)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
}

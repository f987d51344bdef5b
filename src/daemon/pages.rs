//! The pages that links lead to, kept up beside the rest: started with the daemon, replaced after a reload,
//! tried again while they cannot be served. Sending never waits for them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use super::{Shared, notices};
use crate::job::Recipe;
use crate::job::seal::Locales;
use crate::ledger::occurrences;
use crate::web::{Deadlines, Desk, Server};

/// Tries that fail before ops is told: an old daemon that ends may still hold the port.
const PATIENCE: u32 = 3;

/// The pages, or what keeps them from being served.
#[derive(Default)]
pub struct Pages {
    /// A listener that is there already: the demo's links are made before the daemon is.
    given: Option<TcpListener>,
    server: Option<(Server, SocketAddr)>,
    /// Whose settings are served.
    of: Option<Arc<Shared>>,
    failures: u32,
}

impl Pages {
    /// Pages that are not served yet, on a listener of their own or on the given one.
    pub fn on(given: Option<TcpListener>) -> Pages {
        Pages { given, ..Pages::default() }
    }

    /// Makes what is served that which is configured. Does nothing while all is as it should be.
    pub async fn settle(&mut self, shared: &Arc<Shared>) {
        let known = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, shared));
        let wanted = shared.config.actions.as_ref().map(|actions| actions.listen);
        let served = self.server.as_ref().filter(|(server, _)| server.serves()).map(|(_, at)| *at);
        if known && served == wanted {
            return;
        }
        if !known {
            self.failures = 0;
            self.of = Some(shared.clone());
            warn_of_unlinked(shared);
        }
        if wanted.is_none() || served != wanted {
            self.stop().await;
        }
        let Some(listen) = wanted else { return };
        if let Err(reason) = self.serve(shared, listen) {
            self.failures += 1;
            failed(shared, listen, &reason, self.failures).await;
        }
    }

    fn serve(&mut self, shared: &Arc<Shared>, listen: SocketAddr) -> Result<(), String> {
        let Some(desk) = desk(shared).map_err(|e| e.to_string())? else { return Ok(()) };
        if let Some((server, _)) = &self.server {
            server.replace(desk);
            return Ok(());
        }
        let listener = match &self.given {
            Some(given) => given.try_clone(),
            None => TcpListener::bind(listen),
        };
        let server = listener
            .and_then(|listener| Server::start(listener, desk, Deadlines::default()))
            .map_err(|e| e.to_string())?;
        self.server = Some((server, listen));
        self.failures = 0;
        tracing::info!(listen = %listen, "pages of links are served");
        Ok(())
    }

    /// Takes no further request.
    pub async fn stop(&mut self) {
        if let Some((server, _)) = self.server.take() {
            server.stop().await;
        }
    }
}

/// What the pages are made of, where links are configured.
pub fn desk(shared: &Shared) -> Result<Option<Desk>, crate::render::locale::LocaleError> {
    let config = &shared.config;
    let Some(actions) = &config.actions else { return Ok(None) };
    Ok(Some(Desk {
        ledger: shared.ledger.clone(),
        clock: shared.clock.clone(),
        links: actions.links.clone(),
        origin: actions.origin.clone(),
        events: actions.events.clone(),
        templates: config.templates.clone(),
        locales: Locales::load()?,
        language: config.language.clone(),
        zone: config.zone.clone(),
    }))
}

fn warn_of_unlinked(shared: &Shared) {
    let mut recipes = shared.config.jobs.values().map(|job| &job.recipe);
    if shared.config.unlinked && recipes.any(|recipe| matches!(recipe, Recipe::Reminders(_))) {
        tracing::warn!("digests have no links: the key of [actions] cannot be read here");
    }
}

/// Says it once in the log, and once to ops when it lasts.
async fn failed(shared: &Arc<Shared>, listen: SocketAddr, reason: &str, failures: u32) {
    if failures == 1 {
        let way_out = "end what holds the port, or set another `actions.listen` and reload; sending goes on";
        tracing::error!(listen = %listen, reason = %reason, "pages of links cannot be served: {way_out}");
    }
    if failures == PATIENCE {
        let now = shared.clock.now();
        let notice = notices::no_pages(shared, &listen.to_string(), reason, now);
        if let Err(e) = shared.ledger.run(move |c| occurrences::notice(c, &notice, now)).await {
            tracing::error!(reason = %e, "ops could not be told");
        }
    }
}

//! Greetings to customers: what is read, to whom it may be written.

use super::Shared;
use super::reminding::{self, Reminded};
use super::runner::{Context, RunError, Sealer, unreadable};
use crate::care::greeted::{Greeted, SUPPRESSED};
use crate::config::{Config, Job};
use crate::job::greetings::{self, GreetingsSpec, House};
use crate::ledger::suppressions;
use crate::outbox::{Answer, Delivery, Scope};

/// Reads whose day it is, and seals a letter to each who agreed.
pub(super) fn greet(
    context: &mut Context<'_, '_>,
    (job, spec): (&Job, &GreetingsSpec),
    greeted: &Greeted,
    sealer: &mut Sealer<'_>,
) -> Result<Reminded, RunError> {
    let config = context.config;
    if config.actions.is_none() && spec.stop.is_none() {
        let reason = "customers could not ask for no more letters: the key of [actions] cannot be read here";
        return Err(RunError::Broken(format!(
            "{reason}; run it where it can, or name a mailbox, `letter.stop`"
        )));
    }
    let lens = config.store.lens(context.as_of(), job.schedule.zone.clone());
    let history = (context.history)(&lens).map_err(RunError::Broken)?;
    let facts = context.snapshot.read(job.recipe.needs(&lens), lens).map_err(unreadable)?;
    (context.check)(&facts, context.snapshot)?;
    let due = greetings::due(&facts, spec, &history);
    let people = context.snapshot.people(&facts, greetings::wanted(&due)).map_err(unreadable)?;
    let served = |recipient: &_| reminding::is_served(job, context, &history, recipient);
    let written = greetings::write(
        (&facts, &people),
        (spec, house(config)),
        &due,
        (&history, greeted, context.now),
        served,
    );
    for letter in &written.letters {
        for channel in &job.via {
            sealer.seal(&letter.document, &letter.recipient, channel);
        }
    }
    let mut reminded = Reminded { letters: written.addresses, rows: facts.rows, ..Reminded::default() };
    reminded.kept.rules = spec.rules.iter().map(|rule| rule.name.clone()).collect();
    reminded.kept.reminders = written.reminders;
    Ok(reminded)
}

/// How customers are written to, where they do not say.
pub fn house(config: &Config) -> House<'_> {
    let links = config.actions.as_ref().map(|actions| &*actions.links);
    House { language: &config.language, zone: &config.zone, quiet: config.quiet, links }
}

/// Why a letter must not leave now, if so: its reader may have asked for no more since it was written. A list that
/// cannot be read lets nothing leave.
pub(super) async fn hindered(shared: &Shared, d: &Delivery) -> Option<Answer> {
    let address = reminding::letter_to(d)?;
    let held = shared.ledger.run(move |c| suppressions::holds(c, suppressions::id_of(c, &address)?));
    match held.await {
        Ok(false) => None,
        Ok(true) => Some(Answer::Never(SUPPRESSED.to_owned())),
        Err(e) => Some(Answer::NotNow { reason: e.to_string(), after: None, scope: Scope::Message }),
    }
}

//! Greetings to customers, from what is written to a recipe that law allows.

use super::Builder;
use super::file::{self, At};
use super::jobs::Context;
use super::problem::Problem;
use crate::care::Rule;
use crate::care::greeted::Caps;
use crate::care::rule::Kind;
use crate::job::Recipe;
use crate::job::greetings::GreetingsSpec;
use crate::metrics::Settings;
use crate::render::mime;

impl Builder {
    /// The recipe, and all that keeps it from being one.
    pub(super) fn greetings(
        &mut self,
        job: &file::Job,
        via: &[String],
        context: &Context<'_>,
        settings: &Settings,
    ) -> Option<Recipe> {
        self.writes_by_mail(job, via, context);
        let rules = self.greeted(job, context);
        let Some(at) = &job.letter else {
            let problem =
                Problem::error("letters to customers say who writes").at(job.kind.span(), "needs `letter`");
            let help = "letter = { signed = \"Your team at Shop\", imprint = \"Shop Ltd, Street 1, City\" }";
            self.problems.push(problem.help(help));
            return None;
        };
        let letter = at.get();
        for text in [&letter.signed, &letter.imprint] {
            if text.get().trim().is_empty() {
                self.error(
                    "a letter to a customer needs it",
                    text,
                    "a name; for the imprint with an address",
                );
            }
        }
        let stop = letter.stop.as_ref().and_then(|text| self.mailbox_to_stop(text));
        if letter.stop.is_none() && !context.pages {
            let problem = Problem::error("customers could not ask for no more letters");
            let help = "stop = \"stop@shop.example\", or [actions], whose pages take it in one click";
            self.problems.push(problem.at(at.span(), "nothing says how").help(help));
        }
        let a_day = self.number("`a_day`", letter.a_day.as_ref(), 1..=10, 1);
        let a_week = self.number("`a_week`", letter.a_week.as_ref(), 1..=70, 3);
        Some(Recipe::Greetings(GreetingsSpec {
            rules,
            settings: settings.clone(),
            signed: letter.signed.get().clone(),
            imprint: letter.imprint.get().clone(),
            stop,
            caps: Caps { a_day: a_day as usize, a_week: a_week as usize },
        }))
    }

    fn writes_by_mail(&mut self, job: &file::Job, via: &[String], context: &Context<'_>) {
        let texts = job.via.as_deref().unwrap_or_default();
        if texts.is_empty() {
            let problem = Problem::error("customers are reached over no channel");
            self.problems.push(problem.at(job.kind.span(), "needs `via`").help("via = [\"office\"]"));
        }
        for text in texts {
            let way = context.channels.get(text.get()).filter(|_| via.contains(text.get()));
            if way.is_some_and(|way| !way.medium.is_mail()) {
                self.error(
                    "customers are written to by mail",
                    text,
                    "a channel of kind smtp, folder or sendmail",
                );
            }
        }
    }

    fn greeted(&mut self, job: &file::Job, context: &Context<'_>) -> Vec<Rule> {
        let names = job.rules.as_deref().unwrap_or_default();
        if names.is_empty() {
            let problem = Problem::error("greetings name what they are about");
            self.problems.push(problem.at(job.kind.span(), "needs `rules`").help("rules = [\"birthdays\"]"));
        }
        let mut rules = Vec::new();
        for text in names {
            let Some(rule) = self.named_rule(text, context.rules) else { continue };
            if !matches!(rule.kind, Kind::Dates { .. } | Kind::Renewal { .. }) {
                let label = "of kind birthday, anniversary, important_date or renewal";
                self.error(format!("no customer is written to about a {}", rule.kind_name()), text, label);
            }
            rules.push(rule);
        }
        rules
    }

    fn mailbox_to_stop(&mut self, text: &At<String>) -> Option<String> {
        match mime::address(text.get()) {
            Ok(address) => Some(address.to_string()),
            Err(reason) => {
                self.error("this mailbox cannot be written to", text, reason);
                None
            }
        }
    }
}

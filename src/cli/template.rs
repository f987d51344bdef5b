//! `retaind template`: the pieces that mails and pages are made of, their texts, and what each can show.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Cli, Done, EX_DATAERR, EX_SOFTWARE, EX_USAGE, Failure, refused, show};
use crate::config::problem::one_of;
use crate::config::{Restyled, restyled};
use crate::job::sample;
use crate::render::Locale;
use crate::render::template::{Own, PIECES, Piece};

/// Print the templates of mails and pages, and what each can show.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  retaind template list\n  retaind template show report/body.html > templates/report/body.html.hbs\n  retaind template data report/body.html --language ru\n\nWithout a configuration: the built-in ones."
)]
pub(super) struct Template {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every piece, what it is for, and the file that replaces it.
    List,
    /// The text of a piece as it is in force.
    Show {
        /// Its name, such as report/body.html.
        piece: String,
        /// The built-in text, whatever replaces it.
        #[arg(long)]
        ours: bool,
    },
    /// What a piece is rendered with, of a sample, as JSON.
    Data {
        /// Its name, such as report/body.html.
        piece: String,
        /// Language. Default: the configuration's.
        #[arg(long, value_name = "TAG")]
        language: Option<String>,
    },
}

impl Template {
    pub(super) fn run(&self, cli: &Cli) -> Done {
        let shop = cli.restyled()?;
        match &self.command {
            Command::List => list(&shop, cli.json),
            Command::Show { piece, ours } => {
                let piece = named(piece)?;
                let own = shop.own_of(piece).filter(|_| !ours);
                let text = own.map_or(piece.ours, |own| own.text.as_str());
                if cli.json {
                    let path = own.map(|own| &own.path);
                    show::line(&json!({ "piece": piece.name, "path": path, "text": text }).to_string());
                } else {
                    show::bytes(text.as_bytes());
                }
            }
            Command::Data { piece, language } => data(named(piece)?, language.as_ref(), &shop)?,
        }
        Ok(())
    }
}

impl Cli {
    /// The shop's own templates; nothing of its own, where there is no configuration and none is asked for.
    fn restyled(&self) -> Result<Restyled, Failure> {
        if self.config == Path::new(super::CONFIG) && !self.config.exists() {
            return Ok(Restyled { language: "en".to_owned(), ..Restyled::default() });
        }
        restyled(&self.config).map_err(|findings| refused(&findings))
    }
}

impl Restyled {
    fn own_of(&self, piece: &Piece) -> Option<&Own> {
        self.own.iter().find(|own| own.name == piece.name)
    }
}

fn named(name: &str) -> Result<&'static Piece, Failure> {
    Piece::named(name).ok_or_else(|| {
        let known: Vec<&str> = PIECES.iter().map(|piece| piece.name).collect();
        Failure::new(EX_USAGE, format!("no piece `{name}`\nhint: {}", one_of(name, &known)))
    })
}

fn list(shop: &Restyled, as_json: bool) {
    if as_json {
        let pieces = PIECES.iter().map(|piece| {
            json!({ "piece": piece.name, "about": piece.about, "path": shop.own_of(piece).map(|own| &own.path) })
        });
        show::line(&pieces.collect::<serde_json::Value>().to_string());
        return;
    }
    let mut lines = vec![["piece", "what it is for", "text"].map(str::to_owned).to_vec()];
    lines.extend(PIECES.iter().map(|piece| {
        let text = match shop.own_of(piece) {
            Some(own) if own.text == piece.ours => format!("{} (as ours)", own.path),
            Some(own) => own.path.clone(),
            None => "ours".to_owned(),
        };
        vec![piece.name.to_owned(), piece.about.to_owned(), text]
    }));
    show::table(&lines);
}

fn data(piece: &Piece, language: Option<&String>, shop: &Restyled) -> Done {
    let locale = Locale::load(language.unwrap_or(&shop.language));
    let locale = locale.map_err(|e| Failure::new(EX_USAGE, e.to_string()))?;
    let first = sample::data(piece, &locale).into_iter().next();
    let first = first.ok_or_else(|| Failure::new(EX_DATAERR, "there is no sample of it"))?;
    let text = serde_json::to_string_pretty(&first).map_err(|e| Failure::new(EX_SOFTWARE, e.to_string()))?;
    show::line(&text);
    Ok(())
}

//! `retaind init`: a folder to start from.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Done, EX_DATAERR, EX_IOERR, Failure, show};
use crate::render::template::PIECES;
use crate::store::relation;

const CONFIG: &str = include_str!("../../config/retaind.toml");

/// Write a commented configuration, the templates and an empty store into a folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  retaind init shop && cd shop && retaind check\n\nNothing that is there already is overwritten."
)]
pub(super) struct Init {
    /// The folder; it is made if it is not there.
    dir: PathBuf,
}

impl Init {
    pub(super) fn run(&self) -> Done {
        let config = self.dir.join("retaind.toml");
        let store = self.dir.join("shop.db");
        for path in [&config, &store] {
            if path.exists() {
                let hint = "hint: choose another folder, or move it away";
                return Err(Failure::new(
                    EX_DATAERR,
                    format!("`{}` is there already\n{hint}", path.display()),
                ));
            }
        }
        write(&config, CONFIG)?;
        for piece in PIECES {
            write(&self.dir.join("templates").join(format!("{}.hbs", piece.name)), piece.ours)?;
        }
        make_store(&store)?;
        show::line(&format!("Wrote {}, {} and templates/.", config.display(), store.display()));
        show::line("Next: fill the store or map your own database in [store], then `retaind check`.");
        Ok(())
    }
}

fn io(path: &Path, e: impl std::fmt::Display) -> Failure {
    Failure::new(EX_IOERR, format!("`{}` cannot be written: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Done {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
    }
    std::fs::write(path, text).map_err(|e| io(path, e))
}

/// An empty store of our own schema.
pub(super) fn make_store(path: &Path) -> Result<rusqlite::Connection, Failure> {
    let connection = rusqlite::Connection::open(path).map_err(|e| io(path, e))?;
    connection.execute_batch(&relation::schema()).map_err(|e| io(path, e))?;
    Ok(connection)
}

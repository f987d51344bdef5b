//! Mail as files. The name is the delivery's key, so a second attempt writes the same file again.

use std::io::Write as _;
use std::path::Path;

use super::super::Attempt;
use super::unreachable;
use crate::outbox::Answer;

pub(super) async fn write(folder: &Path, attempt: Attempt<'_>) -> Answer {
    if !(attempt.gate)().await {
        return unreachable("the claim was lost".to_owned());
    }
    let name = format!("{}.eml", attempt.delivery.key.as_str());
    let (folder, bytes) = (folder.to_owned(), attempt.payload.to_vec());
    let shown = name.clone();
    let written = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        // Beside it first, then renamed: whoever watches the folder never sees half a message.
        let part = folder.join(format!(".{name}.part"));
        let mut file = std::fs::File::create(&part)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, folder.join(&name))
    });
    match written.await {
        Ok(Ok(())) => Answer::Accepted(shown),
        Ok(Err(e)) => unreachable(format!("the folder cannot be written: {e}")),
        Err(e) => unreachable(e.to_string()),
    }
}

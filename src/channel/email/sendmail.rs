//! Mail through a command, as every Unix has one. Its exit codes are those of `sysexits.h`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use lettre::Address;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::super::Attempt;
use super::unreachable;
use crate::outbox::{Answer, Scope};

/// A local command only queues; it answers at once or is stuck.
const DEADLINE: Duration = Duration::from_secs(120);

pub(super) async fn run(command: &Path, from: &Address, to: &Address, attempt: Attempt<'_>) -> Answer {
    let child = Command::new(command)
        .args(["-i", "-f", from.as_ref(), "--", to.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(e) => {
            let reason = format!("`{}` cannot be run: {e}", command.display());
            return Answer::NotNow { reason, after: None, scope: Scope::Channel };
        }
    };
    if !(attempt.gate)().await {
        return unreachable("the claim was lost".to_owned());
    }
    let Some(mut input) = child.stdin.take() else { return unreachable("no input to write to".to_owned()) };
    let bytes = attempt.payload;
    let talk = async move {
        // A command that ends before it has read all says why by its exit code.
        let _ = input.write_all(bytes).await;
        drop(input);
        child.wait_with_output().await
    };
    let output = match tokio::time::timeout(DEADLINE, talk).await {
        Err(_) => return Answer::Unknown(format!("no end after {} s", DEADLINE.as_secs())),
        Ok(Err(e)) => return Answer::Unknown(e.to_string()),
        Ok(Ok(output)) => output,
    };
    let said = crate::domain::text::clean(&String::from_utf8_lossy(&output.stderr));
    let reason = format!("exit code {}: {said}", output.status.code().unwrap_or(-1));
    match output.status.code() {
        Some(0) => Answer::Accepted("queued by sendmail".to_owned()),
        // EX_USAGE, EX_DATAERR, EX_NOUSER, EX_NOHOST: about this message. EX_CONFIG, EX_NOPERM: about us.
        Some(64 | 65 | 67 | 68) => Answer::Never(reason),
        // EX_TEMPFAIL: sendmail(8) says "could not be sent immediately, but was queued"; others mean that
        // it was not. Nobody can tell, so it is uncertain.
        Some(75) => Answer::Unknown(reason),
        Some(77 | 78) => Answer::NotNow { reason, after: None, scope: Scope::Channel },
        Some(_) => Answer::NotNow { reason, after: None, scope: Scope::Message },
        None => Answer::Unknown("killed by a signal".to_owned()),
    }
}

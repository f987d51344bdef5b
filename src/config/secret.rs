//! Secrets: read from where the configuration says, never from the configuration itself.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::file::{At, Secret};
use super::problem::Problem;

/// Reads a secret. `folder` is that of the configuration; what is fine but could be better is a warning.
pub(super) fn read(secret: &At<Secret>, folder: &Path, problems: &mut Vec<Problem>) -> Option<SecretString> {
    let Secret { file, credential, env } = secret.get();
    match (file, credential, env) {
        (Some(file), None, None) => from_file(&folder.join(file.get()), file.span(), true, problems),
        (None, Some(name), None) => from_credential(name.get(), name.span(), problems),
        (None, None, Some(name)) => from_environment(name.get(), name.span(), problems),
        _ => {
            let problem = Problem::error("a secret has one source").at(secret.span(), "name exactly one");
            problems.push(problem.help("{ file = \"…\" }, { credential = \"…\" } or { env = \"…\" }"));
            None
        }
    }
}

type Span = std::ops::Range<usize>;

fn from_file(path: &Path, span: Span, strict: bool, problems: &mut Vec<Problem>) -> Option<SecretString> {
    if strict && readable_by_others(path) {
        let problem =
            Problem::error("others can read this secret").at(span, "its mode lets group or world read it");
        problems.push(problem.help(format!("chmod 600 {}", path.display())));
        return None;
    }
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => {
            Some(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        Ok(_) => {
            problems.push(Problem::error("this secret is empty").at(span, "nothing in it"));
            None
        }
        Err(e) => {
            let problem = Problem::error("this secret cannot be read").at(span, reason(&e));
            problems.push(problem.help(format!("the file is {}", path.display())));
            None
        }
    }
}

/// The system's words without its error number, which differ between systems.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is nothing of this name".to_owned(),
        std::io::ErrorKind::PermissionDenied => "we may not read it".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> bool {
    false
}

fn from_credential(name: &str, span: Span, problems: &mut Vec<Problem>) -> Option<SecretString> {
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from) else {
        let problem = Problem::error(super::NO_CREDENTIALS).at(span, "only systemd gives credentials");
        problems.push(
            problem.help(format!("add `LoadCredential={name}:/path` to the unit, and start it by systemd")),
        );
        return None;
    };
    from_file(&folder.join(name), span, false, problems)
}

fn from_environment(name: &str, span: Span, problems: &mut Vec<Problem>) -> Option<SecretString> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => {
            let problem = Problem::warning("a secret from the environment")
                .at(span, "others on this machine may see it");
            problems.push(problem.help("prefer { credential = \"…\" } or { file = \"…\" }"));
            Some(SecretString::from(text))
        }
        _ => {
            problems.push(
                Problem::error(format!("`{name}` is not set")).at(span, "no such environment variable"),
            );
            None
        }
    }
}

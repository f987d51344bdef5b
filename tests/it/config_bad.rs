//! Broken configurations and what is said of them, word for word: what a person reads at three in the
//! morning. `UPDATE_EXPECTED=1` writes the expected texts anew; read them before they are kept.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use retaind::config::problem::Severity;
use retaind::config::{self, Findings, Outlet};

/// Fewer than these would mean that the fixtures were not found.
const AT_LEAST: usize = 60;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> PathBuf {
    root().join("tests/fixtures/config_bad")
}

/// An empty store of our own schema.
fn empty_store(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(&retaind::store::relation::schema()).unwrap();
}

/// Writes a secret, for us alone or for all.
fn secret(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let _ = mode;
}

/// Whether this file system keeps the modes that [`secret`] asked for.
fn modes_apply(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        mode("open-secret") == 0o644 && mode("good-secret") == 0o600
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        false
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// What `main` does before anything else: TLS needs it, in mail and in HTTP.
fn crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A folder with the broken configurations and all that they refer to.
fn workshop() -> tempfile::TempDir {
    crypto();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    copy(&fixtures(), folder.path());
    copy(&root().join("tests/fixtures/chinook.sqlite"), &at("chinook.sqlite"));
    empty_store(&at("shop.db"));
    fs::write(
        at("notes.txt"),
        "This is a note and not a database, however long one looks at it.\n".repeat(20),
    )
    .unwrap();
    let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
    secret(&at("good-secret"), good, 0o600);
    secret(&at("open-secret"), good, 0o644);
    secret(&at("empty-secret"), " \n", 0o600);
    secret(&at("unmarked-secret"), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0o600);
    secret(&at("short-secret"), "whsec_c2hvcnQ=\n", 0o600);
    secret(&at("link-key"), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=\n", 0o600);
    secret(&at("link-key-short"), "aHVudGVyMmh1bnRlcjI=\n", 0o600);
    secret(&at("https-url"), "https://crm.example.com/hooks/a1b2c3\n", 0o600);
    secret(&at("http-url"), "http://crm.example.com/hooks/a1b2c3\n", 0o600);
    secret(&at("private-url"), "https://10.0.0.7/hooks/a1b2c3\n", 0o600);
    folder
}

/// What is said of a file, without where this run's folder is.
fn said(findings: &Findings, folder: &Path) -> String {
    let name = findings.path.file_name().unwrap();
    let bare =
        Findings { problems: findings.problems.clone(), path: name.into(), source: findings.source.clone() };
    let text = bare.render(false).replace(&format!("{}/", folder.display()), "FOLDER/");
    format!("{}\n", text.trim_end())
}

/// The lines that differ, with a few around them.
fn diff(expected: &str, found: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut out = String::new();
    for line in &old[same.saturating_sub(3)..same] {
        let _ = writeln!(out, "    {line}");
    }
    for (mark, lines) in [("-", &old[same..old.len() - tail]), ("+", &new[same..new.len() - tail])] {
        for line in lines {
            let _ = writeln!(out, "  {mark} {line}");
        }
    }
    for line in old[old.len() - tail..].iter().take(3) {
        let _ = writeln!(out, "    {line}");
    }
    out
}

fn names(ending: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// One pass over all of them: compiling templates for each is the slow part.
#[test]
fn every_broken_configuration_is_told_word_for_word() {
    let folder = workshop();
    let update = std::env::var_os("UPDATE_EXPECTED").is_some_and(|v| v == "1");
    let cases = names(".toml");
    assert!(cases.len() >= AT_LEAST, "only {} fixtures", cases.len());
    let mut wrong = String::new();
    for name in &cases {
        if name == "secret_open" && !modes_apply(folder.path()) {
            eprintln!(
                "SKIPPED: secret_open: this file system keeps no modes, so nobody can be told about them"
            );
            continue;
        }
        let (config, findings) =
            config::load(&folder.path().join(format!("{name}.toml")), Outlet::Configured);
        let found = said(&findings, folder.path());
        for fault in faults(&findings, &found, config.is_some()) {
            let _ = writeln!(wrong, "{name}.toml: {fault}");
        }
        let path = fixtures().join(format!("{name}.expected"));
        if update {
            fs::write(&path, &found).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            let _ = writeln!(wrong, "{name}.toml (- expected, + said):\n{}", diff(&expected, &found));
        }
    }
    assert!(wrong.is_empty(), "{wrong}UPDATE_EXPECTED=1 keeps what is said now; read it first");
    assert_eq!(cases, names(".expected"), "each fixture and its text stand side by side");
}

/// What holds for every text, whatever it says.
fn faults(findings: &Findings, text: &str, loaded: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if findings.problems.is_empty() {
        faults.push("nothing is said".to_owned());
    }
    if loaded == findings.are_fatal() {
        faults.push("errors, and only errors, keep it from starting".to_owned());
    }
    for problem in &findings.problems {
        // What is not there has no place in the file; then the way out says where it goes.
        let placed = problem.span.is_some() && !problem.label.is_empty();
        if problem.title.is_empty() || !placed && problem.help.is_none() {
            faults.push(format!("says neither where nor by which rule: {problem:?}"));
        }
    }
    if text.matches("--> ").count() < findings.problems.len() {
        faults.push("a problem does not name the file".to_owned());
    }
    for secret in ["hunter2", "aHVudGVy", "a1b2c3", "MfKQ9r8G", "whsec_c2hv"] {
        if text.contains(secret) {
            faults.push(format!("a secret is printed: {secret}"));
        }
    }
    faults
}

#[test]
fn poor_texts_are_found() {
    let problems = vec![config::problem::Problem::error("something is wrong")];
    let findings = Findings { problems, path: "a.toml".into(), source: String::new() };
    assert_eq!(faults(&findings, "error: hunter2", true).len(), 4);
}

#[test]
fn a_diff_shows_only_what_changed() {
    let shown = diff("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n");
    assert_eq!(shown, "    a\n    b\n  - c\n  + X\n    d\n    e\n");
    assert_eq!(diff("a\n", "a\nb\n"), "    a\n  + b\n");
    assert_eq!(diff("", "a\n"), "  + a\n");
}

fn errors(path: &Path) -> String {
    let (config, findings) = config::load(path, Outlet::Configured);
    let errors = findings.problems.iter().any(|p| p.severity == Severity::Error);
    if config.is_some() && !errors { String::new() } else { findings.render(false) }
}

/// Every configuration that we ship, each where its store and secrets are.
#[test]
fn what_we_ship_loads() {
    crypto();
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("config"), &folder.path().join("config"));
    let fixtures = folder.path().join("tests/fixtures");
    fs::create_dir_all(&fixtures).unwrap();
    copy(&root().join("tests/fixtures/chinook.sqlite"), &fixtures.join("chinook.sqlite"));
    let at = |name: &str| folder.path().join("config").join(name);
    empty_store(&at("shop.db"));
    secret(&at("slack-url"), "https://hooks.example.com/services/T0/B0/x\n", 0o600);
    secret(&at("actions-key"), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=\n", 0o600);
    secret(&at("crm-url"), "https://crm.example.com/hook\n", 0o600);
    secret(&at("crm-secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0o600);
    let mut shipped = Vec::new();
    let mut folders = vec![folder.path().join("config")];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                shipped.push(path);
            }
        }
    }
    assert!(shipped.len() >= 3, "{shipped:?}");
    let wrong: Vec<String> =
        shipped.iter().map(|path| errors(path)).filter(|text| !text.is_empty()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Editors get the schema that the loader itself holds files against: it refuses what it does not know.
#[test]
fn the_schema_refuses_unknown_keys_in_every_object() {
    let schema = config::schema();
    assert_eq!(schema, config::schema(), "the same each time");
    let mut objects = 0;
    let mut open = Vec::new();
    look(&schema, "", &mut objects, &mut open);
    assert!(objects >= 10, "only {objects} objects with keys in the schema");
    assert!(open.is_empty(), "these let unknown keys pass: {open:?}");
    let described = |name: &str| schema["$defs"][name]["properties"].as_object().unwrap().clone();
    for name in ["Store", "Channel", "Person", "Job", "Churn", "Secret", "Actions"] {
        for (key, property) in described(name) {
            let said = property.get("description").is_some();
            assert!(said, "{name}.{key} has no description for editors");
        }
    }
}

fn look(schema: &serde_json::Value, path: &str, objects: &mut usize, open: &mut Vec<String>) {
    if schema.get("properties").is_some_and(serde_json::Value::is_object) && schema.get("type").is_some() {
        *objects += 1;
        if schema.get("additionalProperties") != Some(&serde_json::Value::Bool(false)) {
            open.push(path.to_owned());
        }
    }
    match schema {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(key, below)| look(below, &format!("{path}/{key}"), objects, open));
        }
        serde_json::Value::Array(all) => all.iter().for_each(|below| look(below, path, objects, open)),
        _ => {}
    }
}

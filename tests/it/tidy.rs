//! The house rules, read off the sources: which module may know which, where time and files are
//! touched, how long things are, what they are called. Each rule tells all that break it at once, and
//! proves below that it can.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom, and what for. What is not here is not allowed; what is here is used.
const EDGES: &[(&str, &[&str], &str)] = &[
    ("domain", &[], "what is true of any shop; knows nobody"),
    ("schedule", &[], "when things are due: instants and zones only"),
    ("metrics", &["domain"], "figures out of facts"),
    ("document", &["domain"], "what is said, of values of the domain"),
    (
        "care",
        &["domain", "metrics", "document", "outbox"],
        "a digest is a document with links; value at stake is a metric",
    ),
    ("outbox", &[], "what becomes of a message, whatever it says"),
    ("render", &["domain", "document", "outbox"], "a document's form; a mail carries its delivery's key"),
    (
        "job",
        &["domain", "metrics", "care", "document", "render", "outbox"],
        "recipes: facts in, deliveries out",
    ),
    ("store", &["domain"], "edge: rows become facts"),
    ("ledger", &["care", "domain", "outbox"], "edge: keeps deliveries, and figures as they were told"),
    ("channel", &["domain", "outbox", "render"], "edge: sends mails that render makes"),
    ("clock", &[], "edge: the only reader of time"),
    ("logs", &["clock"], "edge: lines for whoever looks after the daemon"),
    (
        "config",
        &["care", "channel", "domain", "job", "metrics", "outbox", "render", "schedule", "store"],
        "shell: builds every part from what is written",
    ),
    (
        "daemon",
        &[
            "care", "channel", "clock", "config", "document", "domain", "job", "ledger", "logs", "metrics",
            "outbox", "render", "schedule", "store", "web",
        ],
        "shell: runs them",
    ),
    (
        "web",
        &["care", "clock", "document", "domain", "job", "ledger", "outbox", "render"],
        "shell: the pages of links, on a socket of its own",
    ),
    ("capture", &[], "a server that pretends; speaks protocols, not our types"),
    ("demo", &[], "a made-up shop, written as a stranger's database"),
    (
        "cli",
        &[
            "capture", "care", "channel", "clock", "config", "daemon", "demo", "document", "domain", "job",
            "ledger", "logs", "metrics", "outbox", "render", "store",
        ],
        "shell: what people ask for",
    ),
];

/// The modules that compute and touch nothing.
const PURE: &[&str] = &["domain", "schedule", "metrics", "care", "document", "render", "outbox", "job"];

const IMPURE: &[&str] = &[
    "tokio",
    "async fn",
    "async move",
    "std::fs",
    "std::net",
    "std::env",
    "println!",
    "eprintln!",
    "tracing::",
    "reqwest",
    "rusqlite",
    "axum",
];

/// Files that may touch what their ring may not, and why.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[(
    "src/render/chart/fonts.rs",
    &["std::fs", "std::env"],
    "names in scripts that our font lacks are drawn with the machine's fonts, read once",
)];

const CLOCKS: &[&str] = &["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];

const ABRUPT: &[&str] = &[".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "dbg!"];

const NEVER: &[&str] = &["danger_accept_invalid", "#[ignore", "thread::sleep"];

/// Words that name nothing, or something else here.
const GLOSSARY: &[(&str, &str)] = &[
    ("user", "say customer, rep, recipient or operator"),
    ("client", "a customer is a customer; a connection says to what"),
    ("helper", "say what it does"),
    ("helpers", "say what it does"),
    ("util", "say what it does"),
    ("utils", "say what it does"),
    ("common", "say what it is"),
    ("misc", "say what it is"),
    ("manager", "say what it does"),
    ("processor", "say what it does"),
];

const LINES_MAX: usize = 400;
const FUNCTION_MAX: usize = 60;

/// A file as the rules see it: its code, lines as they were, without comments and the insides of strings.
struct Source {
    path: String,
    text: String,
    /// All of it.
    code: String,
    /// What is not a test.
    shipped: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let code = strip(text);
        let is_tests =
            path.starts_with("tests/") || path.starts_with("benches/") || path.ends_with("/tests.rs");
        let shipped = if is_tests { String::new() } else { before_tests(&code) };
        Source { path: path.to_owned(), text: text.to_owned(), code, shipped }
    }

    /// The module right below the crate's root that it belongs to.
    fn module(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or("");
        below.split('/').next().unwrap_or("").trim_end_matches(".rs")
    }

    /// Each of `words` in `code`, with its line, as an offence against `rule`.
    fn find(&self, code: &str, words: &[&str], rule: &str) -> Vec<String> {
        let at = |(n, line): (usize, &str)| {
            let hits = words
                .iter()
                .filter(|word| has(line, word))
                .map(|word| self.told(n, &format!("`{word}`: {rule}")));
            hits.collect::<Vec<_>>()
        };
        code.lines().enumerate().flat_map(at).collect()
    }

    fn told(&self, line: usize, what: &str) -> String {
        format!("{}:{}: {what}", self.path, line + 1)
    }
}

/// Whether a line holds a word that does not continue a longer one.
fn has(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let free = |at: usize| {
        let (before, after) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        let (first, last) = (word.chars().next().unwrap(), word.chars().next_back().unwrap());
        let starts = !part(first) || !before.is_some_and(part);
        starts && (!part(last) || !after.is_some_and(part) || word == "danger_accept_invalid")
    };
    line.match_indices(word).any(|(at, _)| free(at))
}

/// Comments and the insides of strings become blanks; lines stay.
fn strip(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n),
            ('/', Some('*')) => end_of(&chars, at + 2, &['*', '/']),
            ('r', Some('"' | '#')) if at == 0 || !chars[at - 1].is_alphanumeric() && chars[at - 1] != '_' => {
                raw(&chars, at)
            }
            ('"', _) => quoted(&chars, at),
            ('\'', Some('\\')) => {
                chars[at + 3..].iter().position(|c| *c == '\'').map_or(chars.len(), |n| at + n + 4)
            }
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        let is_string = chars[at] != '/';
        out.push(if is_string { '"' } else { ' ' });
        out.extend(chars[at + 1..end].iter().filter(|c| **c == '\n'));
        if is_string {
            out.push('"');
        }
        at = end;
    }
    out
}

fn end_of(chars: &[char], from: usize, end: &[char]) -> usize {
    let found = chars.get(from..).and_then(|rest| rest.windows(end.len()).position(|w| w == end));
    found.map_or(chars.len(), |n| from + n + end.len())
}

fn quoted(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(start + 1 + hashes) != Some(&'"') {
        return start;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    end_of(chars, start + 2 + hashes, &end)
}

/// All but the tests at the end of a file: from the line before an inline test module.
fn before_tests(code: &str) -> String {
    let lines: Vec<&str> = code.lines().collect();
    let tests = |n: usize| {
        lines[n].trim() == "#[cfg(test)]"
            && lines.get(n + 1).is_some_and(|next| next.trim_end().ends_with('{'))
    };
    let end = (0..lines.len()).find(|n| tests(*n)).unwrap_or(lines.len());
    lines[..end].join("\n")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository whose name ends so, by its path from the root.
fn files(ending: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            let ours = !["target", ".git", "out"].contains(&name.as_str());
            if path.is_dir() && ours {
                folders.push(path);
            } else if ours && name.ends_with(ending) {
                found.push((name, path));
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let found: Vec<Source> = files(".rs")
        .iter()
        .map(|(name, path)| Source::new(name, &fs::read_to_string(path).unwrap()))
        .collect();
    assert!(found.len() > 80, "the sources were not found");
    found
}

fn hold(offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{} break a rule:\n{}", offenders.len(), offenders.join("\n"));
}

fn each(rule: impl Fn(&Source) -> Vec<String>) {
    hold(sources().iter().flat_map(rule).collect());
}

/// Runs a rule on a snippet: what it says.
fn on(rule: impl Fn(&Source) -> Vec<String>, path: &str, text: &str) -> Vec<String> {
    rule(&Source::new(path, text))
}

fn pure(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.module()) {
        return Vec::new();
    }
    let excepted =
        EXCEPTIONS.iter().find(|(path, ..)| *path == source.path).map_or(&[][..], |(_, words, _)| words);
    let words: Vec<&str> =
        IMPURE.iter().chain(CLOCKS).copied().filter(|word| !excepted.contains(word)).collect();
    source.find(&source.shipped, &words, "a module that computes touches nothing outside")
}

#[test]
fn modules_that_compute_touch_nothing_outside() {
    assert_eq!(on(pure, "src/metrics/a.rs", "fn a() {\n    std::fs::read(x)\n}").len(), 1);
    assert_eq!(on(pure, "src/job/a.rs", "async fn a() { tokio::spawn(b); }").len(), 2);
    assert!(
        on(pure, "src/metrics/a.rs", "// std::fs\nlet a = \"tokio\";\n#[cfg(test)]\nmod tests {\n std::fs }")
            .is_empty()
    );
    assert!(on(pure, "src/store/a.rs", "std::fs::read(x)").is_empty());
    each(pure);
    let all = sources();
    for (path, words, why) in EXCEPTIONS {
        let source =
            all.iter().find(|source| source.path == *path).unwrap_or_else(|| panic!("{path} is gone: {why}"));
        let unused: Vec<_> = words.iter().filter(|word| !source.shipped.contains(**word)).collect();
        assert!(unused.is_empty(), "{path} no longer needs {unused:?}: {why}");
    }
}

/// The modules of the crate that a source names: after `crate::`, or `super::` where that is the root.
fn named(source: &Source) -> Vec<(usize, String)> {
    let depth = source.path.matches('/').count() - usize::from(source.path.ends_with("/mod.rs"));
    let above = "super::".repeat(depth);
    let mut found = Vec::new();
    for (n, line) in source.shipped.lines().enumerate() {
        for start in ["crate::", above.as_str()].iter().filter(|start| !start.is_empty()) {
            for (at, _) in line.match_indices(start) {
                let whole = line[..at]
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_alphanumeric() && c != ':' && c != '_');
                let rest = &line[at + start.len()..];
                let groups =
                    rest.strip_prefix('{').and_then(|r| r.split_once('}')).map_or(rest, |(inner, _)| inner);
                let names = if rest.starts_with('{') { groups.split(',').collect() } else { vec![rest] };
                let word = |text: &str| {
                    text.trim()
                        .split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap_or("")
                        .to_owned()
                };
                found.extend(names.into_iter().map(word).filter(|_| whole).map(|name| (n, name)));
            }
        }
    }
    found
}

fn edges(source: &Source) -> Vec<String> {
    let module = source.module();
    if !source.path.starts_with("src/") || ["lib", "main"].contains(&module) {
        return Vec::new();
    }
    let Some((_, allowed, what)) = EDGES.iter().find(|(name, ..)| *name == module) else {
        return vec![source.told(0, &format!("`{module}` is not in the table of modules"))];
    };
    let known = |name: &str| EDGES.iter().any(|(known, ..)| *known == name);
    let strangers = named(source)
        .into_iter()
        .filter(|(_, name)| known(name) && name != module && !allowed.contains(&name.as_str()));
    strangers.map(|(n, name)| source.told(n, &format!("`{module}` may not know `{name}` ({what})"))).collect()
}

#[test]
fn modules_know_only_whom_they_may() {
    assert_eq!(on(edges, "src/domain/a.rs", "use crate::metrics::Panel;").len(), 1);
    assert_eq!(
        on(edges, "src/store/a.rs", "fn a() { crate::ledger::open() }\nuse crate::config::Config;").len(),
        2
    );
    assert_eq!(on(edges, "src/ledger/mod.rs", "use super::store::X;").len(), 1);
    assert_eq!(on(edges, "src/domain/a.rs", "use crate::{job, domain};").len(), 1);
    assert_eq!(on(edges, "src/manager/mod.rs", "").len(), 1);
    assert!(
        on(edges, "src/care/a.rs", "/// [`crate::job`]\nuse crate::domain::Day;\nuse super::job;").is_empty()
    );
    each(edges);
    let all = sources();
    let mut idle = Vec::new();
    for (module, allowed, _) in EDGES {
        let of = all.iter().filter(|source| source.path.starts_with("src/") && source.module() == *module);
        let used: BTreeSet<String> = of.flat_map(named).map(|(_, name)| name).collect();
        idle.extend(
            allowed.iter().filter(|name| !used.contains(**name)).map(|name| format!("{module} -> {name}")),
        );
    }
    assert!(idle.is_empty(), "the table allows what nobody does: {idle:?}");
}

fn clocks(source: &Source) -> Vec<String> {
    if source.path == "src/clock.rs" {
        Vec::new()
    } else {
        source.find(&source.shipped, CLOCKS, "only src/clock.rs reads a clock")
    }
}

#[test]
fn only_the_clock_reads_a_clock() {
    assert_eq!(
        on(clocks, "src/cli/a.rs", "let a = jiff::Timestamp::now();\nlet b = Instant::now();").len(),
        2
    );
    assert!(on(clocks, "src/clock.rs", "Timestamp::now()").is_empty());
    each(clocks);
}

fn calm(source: &Source) -> Vec<String> {
    source.find(&source.shipped, ABRUPT, "no way to stop the daemon")
}

#[test]
fn nothing_shipped_panics_on_purpose() {
    assert_eq!(on(calm, "src/a.rs", "a.unwrap();\nb.expect(c);\npanic!(d);\ntodo!()").len(), 4);
    assert!(
        on(
            calm,
            "src/a.rs",
            "a.unwrap_or(1); // .unwrap()\n#[expect(x)]\n#[cfg(test)]\nmod t {\n a.unwrap() }"
        )
        .is_empty()
    );
    assert_eq!(
        on(calm, "src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() { b.unwrap() }").len(),
        1,
        "only inline tests end a file"
    );
    each(calm);
}

fn never(source: &Source) -> Vec<String> {
    source.find(&source.code, NEVER, "nowhere, tests included")
}

#[test]
fn some_things_are_never_done() {
    assert_eq!(on(never, "tests/it/a.rs", "#[ignore]\nfn a() { std::thread::sleep(b) }").len(), 2);
    assert_eq!(on(never, "src/a.rs", "x.danger_accept_invalid_certs(true)").len(), 1);
    each(never);
}

fn shape(source: &Source) -> Vec<String> {
    let mut told = Vec::new();
    if !source.text.starts_with("//!") {
        told.push(source.told(0, "a file begins with `//!` and what it is for"));
    }
    let lines = source.shipped.lines().count();
    if lines > LINES_MAX {
        told.push(source.told(LINES_MAX, &format!("{lines} lines before the tests; at most {LINES_MAX}")));
    }
    let long = functions(&source.shipped).into_iter().filter(|(_, _, length)| *length > FUNCTION_MAX);
    told.extend(long.map(|(n, name, length)| {
        source.told(n, &format!("`{name}` has {length} lines; at most {FUNCTION_MAX}"))
    }));
    told
}

/// Functions of stripped code: line, name, length from the name to the last brace.
fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let whole = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let body = code[at..].find(['{', ';']).filter(|n| code[at + n..].starts_with('{'));
        let Some(body) = body.filter(|_| whole && !name.is_empty()) else { continue };
        let mut depth = 0;
        for (n, c) in code[at + body..].char_indices() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth == 0 {
                let length = code[at..at + body + n].matches('\n').count() + 1;
                found.push((code[..at].matches('\n').count(), name, length));
                break;
            }
        }
    }
    found
}

#[test]
fn files_and_functions_are_short_and_say_what_they_are_for() {
    let long = format!("//! A.\nfn a() {{\n{}}}\nfn b() {{}}\n", "    b();\n".repeat(FUNCTION_MAX));
    assert_eq!(
        on(shape, "src/a.rs", &long),
        [format!("src/a.rs:2: `a` has 62 lines; at most {FUNCTION_MAX}")]
    );
    assert_eq!(on(shape, "src/a.rs", &"use b;\n".repeat(LINES_MAX + 1)).len(), 2);
    assert!(on(shape, "src/a.rs", "//! A.\nfn a() {\n    \"{{{\"\n}\n").is_empty());
    each(shape);
}

/// The words of the names that a source gives: `read_when` and `ReadWhen` are both "read when".
fn glossary(source: &Source) -> Vec<String> {
    let mut told = Vec::new();
    let modules = source
        .path
        .strip_prefix("src/")
        .map(|path| path.trim_end_matches(".rs").split('/').collect::<Vec<_>>());
    for name in modules.unwrap_or_default() {
        told.extend(strange(name).map(|why| source.told(0, &format!("module `{name}`: {why}"))));
    }
    for (n, line) in source.shipped.lines().enumerate() {
        let words: Vec<&str> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
        for pair in words
            .windows(2)
            .filter(|p| ["struct", "enum", "trait", "type", "fn", "mod", "const", "static"].contains(&p[0]))
        {
            told.extend(strange(pair[1]).map(|why| source.told(n, &format!("`{}`: {why}", pair[1]))));
        }
    }
    told
}

fn strange(name: &str) -> Option<&'static str> {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    GLOSSARY.iter().find(|(word, _)| words.split('_').any(|w| w == *word)).map(|(_, why)| *why)
}

#[test]
fn names_say_what_things_are() {
    assert_eq!(
        on(glossary, "src/a.rs", "pub struct User;\nfn read_helper() {}\nmod util;\nenum JobManager {}")
            .len(),
        4
    );
    assert_eq!(on(glossary, "src/common/mod.rs", "").len(), 1);
    assert!(on(glossary, "src/a.rs", "fn username() {}\nlet client = Client::new();").is_empty());
    each(glossary);
}

/// Where this was written is nobody's business. (In two pieces, since this file is looked at too.)
const WORKPLACES: &[&str] = &[concat!("/wo", "rk/"), concat!("shared", "/design"), concat!("/tm", "p/b/")];

fn places(name: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let bad =
        lines.filter_map(|(n, line)| Some((n, WORKPLACES.iter().find(|place| line.contains(**place))?)));
    bad.map(|(n, place)| format!("{name}:{}: `{place}` is a path of the workplace", n + 1)).collect()
}

#[test]
fn no_file_tells_where_it_was_written() {
    assert_eq!(places("a.md", &format!("fine\nsee {}notes.md", WORKPLACES[0])).len(), 1);
    let texts = files("").into_iter().filter_map(|(name, path)| Some((name, fs::read_to_string(path).ok()?)));
    hold(texts.flat_map(|(name, text)| places(&name, &text)).collect());
}

/// Files that a text names: relative links in Markdown, and paths below our own folders anywhere.
fn mentions(name: &str, text: &str, there: impl Fn(&Path) -> bool) -> Vec<String> {
    const FOLDERS: &[&str] =
        &["docs/", "src/", "config/", "templates/", "locales/", "tests/", "systemd/", "examples/"];
    let mut told = Vec::new();
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let linked = Path::new(name).extension().is_some_and(|e| e == "md");
    for (n, line) in text.lines().enumerate() {
        let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next());
        for link in links.filter(|link| linked && !link.is_empty() && !link.contains(':')) {
            if !there(&folder.join(link)) {
                told.push(format!("{name}:{}: the link `{link}` leads nowhere", n + 1));
            }
        }
        let words = line.split(|c: char| !c.is_alphanumeric() && !"/._-".contains(c));
        for word in words.map(|word| word.trim_end_matches(['.', '-'])) {
            let ours = FOLDERS.iter().any(|start| word.starts_with(start));
            let file = Path::new(word).extension().is_some_and(|e| e.len() <= 6);
            if ours && file && !there(Path::new(word)) {
                told.push(format!("{name}:{}: there is no `{word}`", n + 1));
            }
        }
    }
    told
}

#[test]
fn files_that_are_named_exist() {
    let only = |path: &Path| path == Path::new("docs/a.md") || path == Path::new("docs/../b.md");
    let text = "[a](../b.md) [b](c.md#d) [c](https://example.com)\nsee docs/a.md, and `docs/b.md`.";
    assert_eq!(
        mentions("docs/x.md", text, only),
        ["docs/x.md:1: the link `c.md` leads nowhere", "docs/x.md:2: there is no `docs/b.md`"]
    );
    let kinds = [".md", ".rs", ".toml", ".hbs", ".service", ".sh"];
    let named = |name: &str| kinds.iter().any(|kind| name.ends_with(kind)) && !name.starts_with("tests/");
    let texts = files("").into_iter().filter(|(name, _)| named(name));
    let read = texts.map(|(name, path)| (name, fs::read_to_string(path).unwrap()));
    hold(read.flat_map(|(name, text)| mentions(&name, &text, |path| root().join(path).exists())).collect());
}

#[test]
fn comments_and_strings_are_not_code() {
    assert_eq!(
        strip("a /* b\n */ c // d\n\"e\\\" f\" '\"' r#\"g\"h\"# 'x: &'a str"),
        "a  \n c  \n\"\" \"\" \"\" 'x: &'a str"
    );
    assert_eq!(
        before_tests("a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\nmod more {\nc"),
        "a\n#[cfg(test)]\nmod tests;\nb"
    );
    assert!(
        has("x.tokio::y", "tokio")
            && !has("tokio_rustls", "tokio")
            && has("my::Instant::now()", "Instant::now")
    );
}

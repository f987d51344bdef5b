//! Templates: what is misspelt is found when the configuration loads, wherever it stands; what
//! `retaind template` prints is what they are rendered with.

use std::fs;
use std::path::Path;

use retaind::job::sample;
use retaind::render::Locale;
use retaind::render::template::{Own, PIECES, Piece, TemplateError, Templates};
use serde_json::Value;

use crate::process::{run, shop, text};

fn own(name: &str, text: &str) -> Own {
    Own { name: name.to_owned(), path: format!("own/{name}.hbs"), text: text.to_owned() }
}

/// What loading says of a text in place of ours.
fn errors(name: &str, text: &str) -> Vec<TemplateError> {
    match Templates::with(&[own(name, text)]) {
        Ok(templates) => sample::unfit(&templates),
        Err(errors) => errors,
    }
}

/// The places in a template right after which something else is rendered: bodies of blocks, and their `else`.
fn bodies(template: &str) -> Vec<usize> {
    let opens = ["{{#if ", "{{#unless ", "{{#each ", "{{#with ", "{{else"];
    let tags =
        template.match_indices("{{").filter(|(at, _)| opens.iter().any(|o| template[*at..].starts_with(o)));
    tags.map(|(at, _)| at + template[at..].find("}}").unwrap() + 2).collect()
}

/// The names that blocks are opened with: where they stand.
fn conditions(template: &str) -> Vec<usize> {
    let opens = ["{{#if ", "{{#unless ", "{{#each ", "{{#with "];
    let tags = opens.iter().flat_map(|open| template.match_indices(open).map(|(at, open)| at + open.len()));
    tags.filter(|at| !template[*at..].starts_with(['@', '('])).collect()
}

fn line_of(template: &str, at: usize) -> usize {
    template[..at].matches('\n').count() + 1
}

/// What is put at each place of each piece, and not found there.
fn missed(places: impl Fn(&str) -> Vec<usize>, wrong: &str) -> (usize, Vec<String>) {
    let (mut tried, mut missed) = (0, Vec::new());
    for piece in PIECES {
        for at in places(piece.ours) {
            tried += 1;
            let text = format!("{}{wrong}{}", &piece.ours[..at], &piece.ours[at..]);
            let said = errors(piece.name, &text);
            let line = Some(line_of(piece.ours, at));
            let found = said.iter().any(|error| {
                error.name == piece.name && error.line == line && error.reason.contains("`mis_spelt")
            });
            if !found {
                missed.push(format!("{}:{}: {said:?}", piece.name, line_of(piece.ours, at)));
            }
        }
    }
    (tried, missed)
}

#[test]
fn ours_are_fit() {
    let templates = Templates::with(&[]).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(sample::unfit(&templates), []);
}

#[test]
fn a_misspelt_name_is_found_in_every_branch_of_every_piece() {
    let (tried, missed) = missed(bodies, "{{mis_spelt}}");
    assert!(tried > 60, "only {tried} places");
    assert!(missed.is_empty(), "{} of {tried} are not found:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_misspelt_name_is_found_where_it_only_opens_a_block() {
    let (tried, missed) = missed(conditions, "mis_spelt_");
    assert!(tried > 50, "only {tried} places");
    assert!(missed.is_empty(), "{} of {tried} are not found:\n{}", missed.len(), missed.join("\n"));
}

/// What the binary prints; it must not fail.
fn said(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// What it says of a mistake, with its exit code.
fn refused(dir: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(dir, arguments);
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    (output.status.code(), text(&output.stderr))
}

#[test]
fn data_is_what_a_piece_is_rendered_with() {
    let dir = tempfile::tempdir().unwrap();
    let templates = Templates::with(&[]).unwrap_or_else(|errors| panic!("{errors:?}"));
    let russian = Locale::load("ru").unwrap();
    for piece in PIECES.iter().filter(|piece| !piece.name.ends_with("layout.html")) {
        let printed = said(dir.path(), &["template", "data", piece.name, "--language", "ru"]);
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let meant = sample::data(piece, &russian).remove(0);
        assert_eq!(
            templates.fill(piece.name, &printed).unwrap(),
            templates.fill(piece.name, &meant).unwrap(),
            "{}",
            piece.name
        );
    }
    // What a part sees is a part of what the whole shows.
    let fill =
        |name: &str| templates.fill(name, &sample::data(Piece::named(name).unwrap(), &russian)[0]).unwrap();
    let report = fill("report/body.html");
    for part in ["figures.html", "table.html"] {
        assert!(fill(part).len() > 500 && report.contains(fill(part).trim_end()), "{part}");
    }
    // Frames say what is there whatever they frame.
    let frame =
        |name: &str| serde_json::to_value(&sample::data(Piece::named(name).unwrap(), &russian)[0]).unwrap();
    for (frame, framed) in [
        (
            frame("layout.html"),
            ["report/body.html", "digest/body.html", "breach/body.html", "greeting/body.html"].as_slice(),
        ),
        (frame("action/layout.html"), ["action/page.html", "action/sign.html"].as_slice()),
    ] {
        for name in framed {
            let seen = serde_json::to_value(&sample::data(Piece::named(name).unwrap(), &russian)[0]).unwrap();
            let missing: Vec<_> =
                frame.as_object().unwrap().keys().filter(|key| seen.get(key).is_none()).collect();
            assert!(missing.is_empty(), "{name} lacks {missing:?}");
        }
    }
}

#[test]
fn pieces_are_listed_and_shown_as_they_are_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let listed: Value = serde_json::from_str(&said(dir.path(), &["template", "list", "--json"])).unwrap();
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|p| p["piece"].as_str().unwrap()).collect();
    assert_eq!(names, PIECES.iter().map(|piece| piece.name).collect::<Vec<_>>());
    assert!(listed.as_array().unwrap().iter().all(|piece| piece["path"].is_null()));
    for piece in PIECES {
        assert_eq!(said(dir.path(), &["template", "show", piece.name]), piece.ours);
    }

    let shop = shop();
    let config = shop.path().join("retaind.toml");
    let written = fs::read_to_string(&config).unwrap();
    fs::write(&config, written.replace("# templates =", "templates =")).unwrap();
    let notice = shop.path().join("templates/notice/body.txt.hbs");
    fs::write(&notice, "Casa Verde: {{title}}\n").unwrap();
    let list = said(shop.path(), &["template", "list"]);
    let line = |name: &str| list.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("notice/body.txt").ends_with(" templates/notice/body.txt.hbs"), "{list}");
    assert!(line("report/body.html").ends_with(" templates/report/body.html.hbs (as ours)"), "{list}");
    assert_eq!(said(shop.path(), &["template", "show", "notice/body.txt"]), "Casa Verde: {{title}}\n");
    let ours = Piece::named("notice/body.txt").unwrap().ours;
    assert_eq!(said(shop.path(), &["template", "show", "--ours", "notice/body.txt"]), ours);
    let shown = said(shop.path(), &["template", "show", "notice/body.txt", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["path"], "templates/notice/body.txt.hbs");
    said(shop.path(), &["check"]);

    // What is broken can be looked at all the same; `check` names the file as the shop knows it.
    fs::write(&notice, "{{title}}\n{{#if notes}}\n{{nots}}\n{{/if}}\n").unwrap();
    assert!(said(shop.path(), &["template", "show", "notice/body.txt"]).contains("nots"));
    assert!(said(shop.path(), &["template", "data", "notice/body.txt"]).contains("\"notes\": ["));
    let (code, told) = refused(shop.path(), &["check"]);
    assert_eq!(code, Some(78));
    assert!(told.contains("`templates/notice/body.txt.hbs`, line 3: there is no `nots` here"), "{told}");
    let folder = shop.path().file_name().unwrap().to_str().unwrap();
    let above = shop.path().parent().unwrap();
    let (_, told) = refused(above, &["--config", &format!("{folder}/retaind.toml"), "check"]);
    assert!(told.contains(&format!("`{folder}/templates/notice/body.txt.hbs`, line 3")), "{told}");
}

#[test]
fn what_is_not_there_is_refused_with_what_may_be_meant() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, code, hint) in [
        (&["template", "show", "report/boddy.html"][..], 64, "did you mean `report/body.html`?"),
        (&["template", "data", "tabel.html"], 64, "did you mean `table.html`?"),
        (&["template", "data", "table.html", "--language", "xx"], 64, "no words for language `xx`"),
        (&["--config", "shop.toml", "template", "list"], 78, "`shop.toml` cannot be read"),
    ] {
        let (found, told) = refused(dir.path(), arguments);
        assert_eq!(found, Some(code), "{told}");
        assert!(told.contains(hint), "{told}");
    }
}

/// The example of docs/templates.md, done as it says.
#[test]
fn the_worked_example_gives_every_mail_a_logo_and_a_colour() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/templates.md")).unwrap();
    let block = |kind: &str| {
        let start = guide.find(&format!("```{kind}\n")).unwrap() + kind.len() + 4;
        guide[start..].split("\n```").next().unwrap()
    };
    let (logo, colour) = (block("html"), block("css"));
    let card = "<tr><td class=\"card ink\"";
    assert!(guide.contains(&format!("it begins with `{card}`")));
    let ours = Piece::named("layout.html").unwrap().ours;
    let (before, after) = ours.split_at(ours.find(card).unwrap());
    let border = "border:1px solid #e3e6ea;";
    let text = format!("{before}{logo}\n{}", after.replacen(border, &format!("{border}{colour}"), 1));
    let templates =
        Templates::with(&[own("layout.html", &text)]).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(sample::unfit(&templates), []);
    let english = Locale::load("en").unwrap();
    for name in ["report/body.html", "digest/body.html", "notice/body.html"] {
        let mail = templates.fill(name, &sample::data(Piece::named(name).unwrap(), &english)[0]).unwrap();
        assert!(mail.contains("alt=\"Casa Verde\"") && mail.contains(&format!("{border}{colour}")), "{name}");
    }
}

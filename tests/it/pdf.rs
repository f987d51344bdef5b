//! Reports as PDFs, in builds that make them: they say what their mails say, in the same order, for readers,
//! searchers and screen readers. Other builds say how to get one.

use std::fs;

use retaind::config::{self, Outlet};

use crate::process::{run, shop, text};

/// A shop's configuration with a report that has a PDF.
fn with_pdf() -> (tempfile::TempDir, String) {
    let shop = shop();
    let path = shop.path().join("retaind.toml");
    let written = fs::read_to_string(&path).unwrap();
    let job = "[jobs.paper]\nkind = \"report\"\nreport = \"churn\"\ncron = \"0 8 * * MON\"\nto = []\nattach = [\"pdf\"]\n";
    fs::write(&path, format!("{written}\n{job}")).unwrap();
    let (_, findings) = config::load(&path, Outlet::OFFLINE);
    let said = findings.render(false);
    (shop, said)
}

#[cfg(not(feature = "pdf"))]
#[test]
fn a_build_without_pdf_says_so_and_how_to_get_one() {
    let (shop, said) = with_pdf();
    assert!(said.contains("this build makes no PDF") && said.contains("--features pdf"), "{said}");
    assert!(said.contains("attach = [\"pdf\"]"), "{said}");
    for arguments in [&["--format", "pdf"][..], &["--out", "churn.pdf"]] {
        let output = run(shop.path(), &[&["report", "churn"], arguments].concat());
        assert_eq!(output.status.code(), Some(69));
        assert!(text(&output.stderr).contains("--features pdf"), "{}", text(&output.stderr));
    }
}

#[cfg(feature = "pdf")]
mod made {
    use jiff::Zoned;
    use jiff::tz::TimeZone;
    use lopdf::{Dictionary, Document, Object};
    use mail_parser::{MessageParser, MimeHeaders as _};
    use retaind::document::Kind;
    use retaind::job::{Attachment, sample, seal};
    use retaind::outbox::Medium;
    use retaind::render::view::{View, view};
    use retaind::render::{Locale, Templates, pdf};

    use super::*;

    fn created() -> Zoned {
        "2026-01-05T08:00:00Z".parse::<jiff::Timestamp>().unwrap().to_zoned(TimeZone::UTC)
    }

    /// A sample report in a language, changed, and its PDF.
    fn made(tag: &str, change: impl Fn(&mut View)) -> (View, Vec<u8>) {
        let document = sample::document(Kind::Report).unwrap();
        let (mut view, drawings) = view(&document, &Locale::load(tag).unwrap());
        change(&mut view);
        let bytes = pdf::pdf(&view, &drawings, &created()).unwrap();
        (view, bytes)
    }

    fn bare(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    /// The text of each page without blanks and without its foot.
    fn pages(bytes: &[u8], view: &View) -> Vec<String> {
        let document = Document::load_mem(bytes).unwrap();
        let numbers: Vec<u32> = document.get_pages().into_keys().collect();
        let of = numbers.len();
        let page = |number: u32| {
            let text = bare(&document.extract_text(&[number]).unwrap());
            let foot = format!("{}{number}/{of}", bare(&view.sent_by));
            text.strip_suffix(&foot)
                .unwrap_or_else(|| panic!("page {number} ends otherwise: {text}"))
                .to_owned()
        };
        numbers.into_iter().map(page).collect()
    }

    /// What is said, in the order of the mail.
    fn said(view: &View) -> Vec<String> {
        let mut said = vec![view.title.clone()];
        said.extend(view.lead.clone());
        for block in &view.blocks {
            if let Some(figures) = &block.figures {
                said.extend(figures.columns.clone());
                said.extend(figures.rows.iter().flat_map(|row| {
                    let others = row.others.iter().flat_map(|o| [o.value.clone(), o.change.clone()]);
                    let named = [row.name.clone(), row.remark.clone(), row.now.clone()];
                    named.into_iter().chain(others).collect::<Vec<_>>()
                }));
            }
            if let Some(table) = &block.table {
                said.push(table.title.clone());
                said.extend(table.columns.iter().map(|column| column.text.clone()));
                said.extend(table.rows.iter().flatten().map(|cell| cell.text.clone()));
                said.extend(table.cut.clone());
            }
        }
        said.push(view.notes_title.clone());
        said.extend(view.notes.clone());
        said
    }

    #[test]
    fn it_says_what_the_mail_says_in_the_same_order() {
        // Chinese takes a font of the machine.
        let has_font = |tag: &&str| *tag != "zh-CN" || retaind::render::chart::has_font_for("流失率");
        for tag in retaind::render::locale::tags().filter(has_font) {
            let (view, bytes) = made(tag, |_| {});
            let whole = pages(&bytes, &view).concat();
            let (mut rest, mut told) = (whole.as_str(), 0);
            for words in said(&view) {
                // Without a font for Chinese on this machine, charts and PDFs leave its characters out.
                if !retaind::render::chart::has_font_for(&words) {
                    eprintln!("SKIPPED: no font for {words:?}");
                    continue;
                }
                let at = rest.find(&bare(&words));
                let at = at.unwrap_or_else(|| panic!("{tag}: {words:?} is not in what follows: {rest}"));
                rest = &rest[at + bare(&words).len()..];
                told += usize::from(!words.is_empty());
            }
            assert!(told > 100 || tag == "zh-CN", "{tag}: only {told} texts");
            // A chart's words are words, too.
            let first = view.blocks.iter().find_map(|block| block.chart.as_ref()).unwrap();
            let title = bare(first.alt.split(['.', ':', '。']).next().unwrap());
            assert!(whole.contains(&title) || tag == "zh-CN", "{tag}: {title} in {whole}");
        }
    }

    fn name<'a>(dictionary: &'a Dictionary, key: &str) -> &'a [u8] {
        dictionary.get(key.as_bytes()).and_then(Object::as_name).unwrap_or_default()
    }

    #[test]
    fn it_is_whole_in_itself_and_the_same_every_time() {
        let (view, bytes) = made("ru", |_| {});
        assert!(bytes == made("ru", |_| {}).1, "a second time the bytes are others");
        assert!(bytes != made("es", |_| {}).1);
        let document = Document::load_mem(&bytes).unwrap();
        let of = |kind: &[u8]| -> Vec<&Dictionary> {
            let all = document.objects.values().filter_map(|object| object.as_dict().ok());
            all.filter(|dictionary| name(dictionary, "Type") == kind).collect()
        };
        let fonts = of(b"FontDescriptor");
        assert_eq!(fonts.len(), 2, "Inter, regular and semi-bold");
        for font in fonts {
            assert!(font.has(b"FontFile3") || font.has(b"FontFile2"), "{font:?}");
            assert!(String::from_utf8_lossy(name(font, "FontName")).contains("Inter"), "{font:?}");
        }
        let whole: Vec<_> =
            of(b"Font").into_iter().filter(|font| name(font, "Subtype") == b"Type0").collect();
        assert!(whole.len() == 2 && whole.iter().all(|font| font.has(b"ToUnicode")), "{whole:?}");
        let catalog = document.catalog().unwrap();
        assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"ru");
        assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"Outlines") && catalog.has(b"Metadata"));
        let info = document.trailer.get(b"Info").and_then(|info| document.dereference(info)).unwrap().1;
        let title = lopdf::decode_text_string(info.as_dict().unwrap().get(b"Title").unwrap()).unwrap();
        assert_eq!(title, view.title);
        for page in of(b"Page") {
            let edges = page.get(b"MediaBox").unwrap().as_array().unwrap();
            let edges: Vec<f32> = edges.iter().map(|edge| edge.as_float().unwrap()).collect();
            assert!((edges[2] - 595.28).abs() < 0.01 && (edges[3] - 841.89).abs() < 0.01, "{edges:?}");
        }
        let kinds: std::collections::BTreeSet<String> = of(b"StructElem")
            .into_iter()
            .map(|element| String::from_utf8_lossy(name(element, "S")).into_owned())
            .collect();
        for kind in ["H1", "H2", "P", "Figure", "Table", "TR", "TH", "TD"] {
            assert!(kinds.contains(kind), "{kind} is not in {kinds:?}");
        }
        assert!(of(b"StructElem").iter().filter(|e| name(e, "S") == b"Figure").all(|e| e.has(b"Alt")));
    }

    #[test]
    fn a_long_table_has_its_headings_on_every_page() {
        let marked = |view: &mut View| {
            view.blocks.retain(|block| block.table.is_some());
            view.blocks.truncate(1);
            let table = view.blocks[0].table.as_mut().unwrap();
            table.columns[0].text = "Headline".to_owned();
            let row = table.rows[0].clone();
            table.rows = (0..150)
                .map(|n| {
                    let mut row = row.clone();
                    row[0].text = format!("row{n}.");
                    row
                })
                .collect();
        };
        let (view, bytes) = made("en", marked);
        let pages = pages(&bytes, &view);
        assert!(pages.len() >= 4, "{} pages", pages.len());
        let with_rows: Vec<&String> = pages.iter().filter(|page| page.contains("row")).collect();
        assert!(with_rows.len() >= 4);
        for page in with_rows {
            assert_eq!(page.matches("Headline").count(), 1, "{page}");
            assert!(page.find("Headline") < page.find("row"), "{page}");
        }
        let all = pages.concat();
        assert!((0..150).all(|n| all.matches(&format!("row{n}.")).count() == 1));
    }

    #[test]
    fn it_is_attached_where_a_job_says_so() {
        let (_shop, said) = with_pdf();
        assert!(!said.contains("PDF"), "{said}");
        let templates = Templates::with(&[]).unwrap_or_else(|errors| panic!("{errors:?}"));
        let locales = seal::Locales::load().unwrap();
        let recipient = crate::world::reader("ana", "ru");
        let envelope = seal::Envelope {
            job: "paper",
            occurrence: created().timestamp(),
            now: created().timestamp(),
            recipient: &recipient,
            channel: "office",
            medium: &Medium::Email { from: "reports@example.com".parse().unwrap() },
            attach: &[Attachment::Pdf],
        };
        let document = sample::document(Kind::Report).unwrap();
        let sealed = seal::seal(&document, envelope, &templates, &locales).unwrap();
        let mail = MessageParser::default().parse(sealed.payload.stored()).unwrap();
        let files: Vec<_> = mail.attachments().filter(|part| part.attachment_name().is_some()).collect();
        let paper =
            files.iter().find(|part| part.attachment_name() == Some("report-2026-01-05.pdf")).unwrap();
        let kind = paper.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("application", Some("pdf")));
        assert_eq!(paper.contents(), made("ru", |_| {}).1);
    }

    #[test]
    fn the_command_writes_one_by_its_name() {
        let shop = shop();
        let output = run(shop.path(), &["report", "executive", "--at", "2026-11-02", "--out", "a.pdf"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let bytes = fs::read(shop.path().join("a.pdf")).unwrap();
        assert!(bytes.starts_with(b"%PDF-") && Document::load_mem(&bytes).unwrap().get_pages().len() == 1);
        let output = run(shop.path(), &["report", "executive", "--format", "pdf"]);
        assert_eq!(output.status.code(), Some(64));
    }
}

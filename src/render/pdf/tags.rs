//! What each part of a document is, in reading order: for screen readers, and for whoever copies a table.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use krilla::tagging::{Identifier, TableHeaderScope, Tag, TagGroup, TagTree};

use super::ink::Said;
use super::paper::{Element, Paper, Part};

/// The parts of a paper, with what was said of each.
pub(super) fn tree(paper: &Paper, mut said: Said, language: &str) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
    for (number, element) in paper.elements.iter().enumerate() {
        let own = said.remove(&Part::Of(number)).unwrap_or_default();
        tree.push(match element {
            Element::Title(text) => group(TagGroup::new(heading(1, text)), own),
            Element::Heading(text) => group(TagGroup::new(heading(2, text)), own),
            Element::Paragraph => group(TagGroup::new(Tag::P), own),
            Element::Figure(alt) => group(TagGroup::new(Tag::Figure(Some(alt.clone()))), own),
            Element::Table => table(number, &mut said),
        });
    }
    tree
}

fn heading(level: u16, text: &str) -> Tag<krilla::tagging::kind::Hn> {
    Tag::Hn(NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN), Some(text.to_owned()))
}

fn group(mut group: TagGroup, said: Vec<Identifier>) -> TagGroup {
    for what in said {
        group.push(what);
    }
    group
}

/// Its rows, the first of which is its head.
fn table(number: usize, said: &mut Said) -> TagGroup {
    let mut cells = said.split_off(&Part::Cell(number, 0, 0));
    said.append(&mut cells.split_off(&Part::Cell(number + 1, 0, 0)));
    let mut rows: BTreeMap<usize, TagGroup> = BTreeMap::new();
    for (part, what) in cells {
        let Part::Cell(_, row, _) = part else { continue };
        let cell =
            if row == 0 { TagGroup::new(Tag::TH(TableHeaderScope::Column)) } else { TagGroup::new(Tag::TD) };
        rows.entry(row).or_insert_with(|| TagGroup::new(Tag::TR)).push(group(cell, what));
    }
    let (mut head, mut body) = (TagGroup::new(Tag::THead), TagGroup::new(Tag::TBody));
    for (number, row) in rows {
        if number == 0 { head.push(row) } else { body.push(row) }
    }
    let mut table = TagGroup::new(Tag::Table);
    table.push(head);
    table.push(body);
    table
}

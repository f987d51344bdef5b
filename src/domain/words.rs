//! Words that are looked for in what somebody wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::text;

/// Words that are looked for, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(BTreeSet<String>);

impl Words {
    /// Adds some.
    pub fn add(&mut self, words: &[String]) {
        self.0.extend(words.iter().map(|word| small(word)));
    }

    /// Those that a text has as words, however long it is and over however many lines.
    pub fn find(&self, raw: &str) -> Found {
        let line = text::on_one_line(raw.chars());
        let small = line.to_lowercase();
        let found = self.0.iter().filter_map(|word| {
            let ahead = letters(&line, place(&small, word)?);
            let passage = if ahead <= AHEAD { line.clone() } else { from(&line, ahead - BEFORE) };
            Some((word.clone(), text::excerpt(&passage, text::NAME_MAX)))
        });
        found.collect()
    }
}

/// The words that were found in a text, in small letters, each with as much of the text as is shown: its beginning, or
/// what stands around the word.
pub type Found = BTreeMap<String, String>;

/// Letters that may stand ahead of a word, so that the beginning of a text shows it.
const AHEAD: usize = 60;

/// Letters before a word, at most, where a text is shown from its middle.
const BEFORE: usize = 40;

/// The letters of a line that are so many bytes in small ones: `İ` becomes two letters.
fn letters(line: &str, bytes: usize) -> usize {
    let mut so_far = 0;
    let ahead = line.chars().take_while(|c| {
        so_far += c.to_lowercase().map(char::len_utf8).sum::<usize>();
        so_far <= bytes
    });
    ahead.count()
}

/// A text from the first word on that begins so many letters down.
fn from(line: &str, letters: usize) -> String {
    let rest: String = line.chars().skip(letters).collect();
    let blank = rest.char_indices().take(BEFORE).find(|(_, c)| *c == ' ');
    format!("…{}", rest[blank.map_or(0, |(at, _)| at)..].trim_start())
}

/// How a word is looked for.
pub fn small(word: &str) -> String {
    word.trim().to_lowercase()
}

/// Where `text` has `word` as a word, both in small letters. Scripts that put no blanks
/// between words (Chinese, Japanese, Thai and their neighbours) have no borders to respect.
fn place(text: &str, word: &str) -> Option<usize> {
    let (first, last) = (word.chars().next()?, word.chars().next_back()?);
    let mut from = 0;
    while let Some(at) = text[from..].find(word).map(|at| at + from) {
        let end = at + word.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        if !joins(before, first) && !joins(after, last) {
            return Some(at);
        }
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Whether a letter beside one of the word's makes both parts of a longer word.
fn joins(beside: Option<char>, own: char) -> bool {
    let runs_on = |c: char| matches!(u32::from(c), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF);
    beside.is_some_and(|c| (c.is_alphanumeric() || c == '_') && !runs_on(c))
        && own.is_alphanumeric()
        && !runs_on(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_words_in_any_script() {
        for (text, word, found) in [
            ("They spoke to a Competitor.", "competitor", true),
            ("competitors everywhere", "competitor", false),
            ("the anticompetitor", "competitor", false),
            ("quer CANCELAR já", "cancelar", true),
            ("quer cancelá-lo", "cancelar", false),
            ("хочет расторгнуть договор", "Договор", true),
            ("договоры", "договор", false),
            ("客户想要取消合同", "取消", true),
            ("客户想要续约", "取消", false),
            ("price too high; price", "too high", true),
            ("e-mail: price?", "price", true),
            ("low_price", "price", false),
            ("xcancel cancel", "cancel", true),
            ("anything", "", false),
            ("ÉTÉ", "été", true),
            ("much too\nhigh", "too high", true),
            ("far below", " Below ", true),
        ] {
            let mut words = Words::default();
            words.add(&[word.to_owned()]);
            let hit = words.find(text);
            let expected: Vec<String> = found.then(|| small(word)).into_iter().collect();
            assert_eq!(hit.into_keys().collect::<Vec<_>>(), expected, "{word} in {text}");
        }
    }

    #[test]
    fn a_word_far_down_a_long_text_is_found_and_shown() {
        let mut words = Words::default();
        words.add(&["Competitor".to_owned(), "refund".to_owned()]);
        let long = "so it goes ".repeat(1_000);
        let found = words.find(&format!("Refund? {long}\nto a Competitor, {long}"));
        let shown = &found["competitor"];
        assert!(shown.starts_with("…so it goes so it goes so it goes to a Competitor, so"), "{shown}");
        assert!(shown.ends_with('…') && shown.chars().count() <= text::NAME_MAX, "{shown}");
        // Each word with what stands around it: what is near the beginning is shown from there.
        assert!(found["refund"].starts_with("Refund? so it goes"), "{found:?}");
        assert_eq!(words.find("They asked\nfor a refund")["refund"], "They asked for a refund");
        // Letters that are more in small ones, and a script without blanks, which is cut where it is.
        let shown = &words.find(&format!("{} refund", "İ".repeat(100)))["refund"];
        assert_eq!(shown, "…refund");
        words.add(&["取消".to_owned()]);
        let found = words.find(&format!("{}取消", "客户想要续约。".repeat(30)));
        assert_eq!(found["取消"].chars().count(), 1 + BEFORE + 2);
        assert!(words.find(&long).is_empty());
    }
}

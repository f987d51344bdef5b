//! Words that are looked for in what somebody wrote.

use std::collections::BTreeSet;

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
    pub fn in_text(&self, text: &str) -> Vec<String> {
        let text = text::on_one_line(text.chars()).to_lowercase();
        self.0.iter().filter(|word| contains(&text, word)).cloned().collect()
    }
}

/// How a word is looked for.
pub fn small(word: &str) -> String {
    word.trim().to_lowercase()
}

/// Whether `text` contains `word` as a word, both in small letters. Scripts that put no blanks
/// between words (Chinese, Japanese, Thai and their neighbours) have no borders to respect.
fn contains(text: &str, word: &str) -> bool {
    let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) else { return false };
    let mut from = 0;
    while let Some(at) = text[from..].find(word).map(|at| at + from) {
        let end = at + word.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        if !joins(before, first) && !joins(after, last) {
            return true;
        }
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
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
            assert_eq!(words.in_text(text), vec![small(word); usize::from(found)], "{word} in {text}");
        }
    }

    #[test]
    fn a_word_far_down_a_long_text_is_found() {
        let mut words = Words::default();
        words.add(&["Competitor".to_owned(), "refund".to_owned()]);
        assert_eq!(words.in_text(&format!("{} competitor", "so it goes ".repeat(1_000))), ["competitor"]);
    }
}

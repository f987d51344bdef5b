//! How much room words take, and how they are made to fit: measured, shortened with an ellipsis, wrapped.

use super::fonts::{self, Drawn};

/// Longer texts fit in no chart; measuring all of them would only take time.
const LONGEST: usize = 400;

/// Marks in a line being filled where a word was divided: a hyphen if the line ends there, else nothing.
const DIVIDED: char = '\u{ad}';

/// A size and a weight of text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// In logical pixels.
    pub(super) size: f64,
    /// Semi-bold rather than regular.
    pub(super) bold: bool,
}

/// Regular text.
pub(super) const fn plain(size: f64) -> Style {
    Style { size, bold: false }
}

/// Semi-bold text.
pub(super) const fn bold(size: f64) -> Style {
    Style { size, bold: true }
}

impl Style {
    /// The same weight in another size.
    pub(super) fn sized(self, size: f64) -> Self {
        Self { size, ..self }
    }

    /// The width of the text; kerning is left out, it only ever takes a little off.
    pub(super) fn width(self, text: &str) -> f64 {
        let ems: f64 = clean(text).chars().map(|c| fonts::advance(c, self.bold)).sum();
        ems * self.size
    }

    /// The text, or as much of it as fits with an ellipsis.
    pub(super) fn fit(self, text: &str, room: f64) -> String {
        let text = clean(text);
        if self.width(&text) <= room {
            return text;
        }
        let mut kept = text;
        while kept.pop().is_some() {
            let short = format!("{}…", kept.trim_end());
            if self.width(&short) <= room {
                return short;
            }
        }
        String::new()
    }

    /// The text in lines that fit; what does not fit into `lines` lines ends in an ellipsis.
    pub(super) fn wrap(self, text: &str, room: f64, lines: usize) -> Vec<String> {
        let text = clean(text);
        let mut done: Vec<String> = Vec::new();
        let mut line = String::new();
        let mut rest = pieces(&text).into_iter().flat_map(|word| self.divide(word, room)).peekable();
        while let Some(piece) = rest.peek() {
            let longer = format!("{line}{piece}");
            if line.is_empty() || self.width(&hyphenated(&longer)) <= room {
                line = longer;
                rest.next();
            } else if done.len() + 1 < lines {
                done.push(std::mem::take(&mut line));
            } else {
                // The last line takes all that is left, to be cut where it ends.
                line.extend(rest.by_ref());
            }
        }
        done.push(line);
        done.iter().map(|line| self.fit(&hyphenated(line), room)).filter(|line| !line.is_empty()).collect()
    }

    /// A word too long for any line, divided with hyphens where a syllable seems to begin.
    fn divide(self, word: String, room: f64) -> Vec<String> {
        let mut parts = Vec::new();
        let mut rest = word;
        while self.width(rest.trim_end()) > room {
            let fits =
                |at: &usize| rest.get(..*at).is_some_and(|head| self.width(&format!("{head}-")) <= room);
            let Some(at) = syllables(&rest).into_iter().rev().find(fits) else { break };
            let tail = rest.split_off(at);
            parts.push(format!("{rest}{DIVIDED}"));
            rest = tail;
        }
        parts.push(rest);
        parts
    }

    /// Like [`Style::wrap`], with lines about as long as one another instead of a last line of one word.
    pub(super) fn wrap_evenly(self, text: &str, room: f64, lines: usize) -> Vec<String> {
        let mut best = self.wrap(text, room, lines);
        let words =
            |lines: &[String]| lines.iter().map(|l| l.chars().filter(|c| *c != ' ').count()).sum::<usize>();
        let mut narrower = room - 6.0;
        while best.len() > 1 && narrower > room * 0.5 {
            let tried = self.wrap(text, narrower, lines);
            // A line too many or a word lost is too narrow.
            if tried.len() > best.len()
                || words(&tried) != words(&best)
                || tried.iter().any(|l| l.ends_with('…'))
            {
                break;
            }
            best = tried;
            narrower -= 6.0;
        }
        best
    }

    /// The largest size from this one down to `least` at which every text fits.
    pub(super) fn shrunk<'a>(self, texts: impl Iterator<Item = &'a str>, room: f64, least: f64) -> Self {
        let widest = texts.map(|text| self.width(text)).fold(0.0, f64::max);
        if widest <= room {
            return self;
        }
        // Half pixels keep charts of one mail from having a dozen sizes.
        let size = (self.size * room / widest * 2.0).floor() / 2.0;
        self.sized(size.clamp(least, self.size))
    }
}

/// The text as it can be drawn in a chart.
pub(super) fn clean(text: &str) -> String {
    legible(text, LONGEST)
}

/// The text as it can be drawn: no control characters, none without a glyph, single spaces; at most so many
/// characters of it.
pub(super) fn legible(text: &str, most: usize) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars().take(most) {
        let c = if matches!(c, '\n' | '\t' | '\r') { ' ' } else { c };
        if (c == ' ' && kept.ends_with(' ')) || fonts::drawn_by(c, false).is_none() {
            continue;
        }
        kept.push(c);
    }
    kept
}

/// The text in stretches drawn by one font each: resvg would re-shape a mixed one in the fallback font.
pub(super) fn stretches(text: &str, bold: bool) -> Vec<(Drawn, String)> {
    let mut all: Vec<(Drawn, String)> = Vec::new();
    for c in text.chars() {
        let Some(drawn) = fonts::drawn_by(c, bold) else { continue };
        match all.last_mut() {
            // A space inside Chinese needs no change of font.
            Some((had, run)) if *had == drawn || c == ' ' => run.push(c),
            _ => all.push((drawn, c.to_string())),
        }
    }
    all
}

/// Pieces a line may be broken between: after spaces, hyphens and dashes, and around full-width characters.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let (mut before, mut earlier): (Option<char>, Option<char>) = (None, None);
    for c in text.chars() {
        let open = before.is_none_or(|b| {
            // An amount and its unit stay together: "4.2 %", "€ 12".
            let unit = matches!(c, '%' | '‰')
                || currency(c)
                || (c.is_ascii_digit() && earlier.is_some_and(currency));
            let after_space = (b == ' ' && !unit)
                || (matches!(b, '-' | '/') && c.is_alphabetic())
                || (b == '–' && c != ' ');
            let wide = full_width(b) || full_width(c);
            after_space || (wide && c != ' ' && !closing(c) && !opening(b))
        });
        match all.last_mut() {
            Some(piece) if !open => piece.push(c),
            _ => all.push(c.to_string()),
        }
        (earlier, before) = (before, Some(c));
    }
    all
}

/// Where a word may be divided: before a consonant with a vowel after it, three letters from either end.
///
/// No dictionary of any language, but right more often than not in those with alphabets we mail in.
fn syllables(word: &str) -> Vec<usize> {
    let letters: Vec<(usize, char)> = word.trim_end().char_indices().collect();
    let vowel = |c: char| {
        "aeiouyáàâãäåéèêëěęíìîïóòôõöőúùûüűýąаеёиоуыэюяіїє".contains(c.to_lowercase().next().unwrap_or(c))
    };
    let mut found = Vec::new();
    for n in 3..letters.len().saturating_sub(2) {
        let [Some((_, b)), Some((at, c)), Some((_, d))] = [n - 1, n, n + 1].map(|n| letters.get(n)) else {
            continue;
        };
        let consonant = |c: char| c.is_alphabetic() && !vowel(c) && !full_width(c);
        let cluster =
            (*c == 'h' && consonant(*b)) || (*b == 'c' && *c == 'k') || matches!(c, 'ь' | 'ъ' | 'й');
        if consonant(*c) && vowel(*d) && b.is_alphabetic() && !cluster {
            found.push(*at);
        }
    }
    found
}

/// The line as it is drawn: a hyphen where it ends inside a word.
fn hyphenated(line: &str) -> String {
    let ends_inside = line.ends_with(DIVIDED);
    let mut drawn = line.replace(DIVIDED, "");
    if ends_inside {
        drawn.push('-');
    }
    drawn.trim().to_owned()
}

fn currency(c: char) -> bool {
    matches!(c, '$' | '£' | '¥' | '\u{20a0}'..='\u{20cf}')
}

fn full_width(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0xFF00..=0xFF60 | 0x2_0000..=0x3_FFFF)
}

fn closing(c: char) -> bool {
    matches!(
        c,
        '，' | '。'
            | '、'
            | '；'
            | '：'
            | '？'
            | '！'
            | '）'
            | '」'
            | '』'
            | '》'
            | '】'
            | '”'
            | '’'
            | '%'
            | ','
            | '.'
            | ')'
            | ':'
            | '…'
    )
}

fn opening(c: char) -> bool {
    matches!(c, '（' | '「' | '『' | '《' | '【' | '“' | '‘' | '(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_never_exceeds_the_room() {
        let text = "Clientes reconquistados após a campanha de fidelização";
        for room in (0..400).step_by(7).map(f64::from) {
            for style in [plain(13.0), bold(17.0)] {
                assert!(style.width(&style.fit(text, room)) <= room);
                let lines = style.wrap(text, room, 3);
                assert!(lines.len() <= 3 && lines.iter().all(|line| style.width(line) <= room), "{lines:?}");
            }
        }
        assert_eq!(plain(12.0).fit(text, 9999.0), text);
    }

    #[test]
    fn wrapping_keeps_every_word_when_there_is_room() {
        let text = "new business and won back";
        let lines = plain(13.0).wrap(text, 90.0, 9);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), text);
        assert_eq!(plain(13.0).wrap_evenly(text, 130.0, 9).join(" "), text);
        assert!(plain(13.0).wrap("", 90.0, 2).is_empty());
    }

    #[test]
    fn amounts_stay_with_their_units() {
        let kept = |text, amount: &str| {
            (40..300).step_by(3).map(f64::from).all(|room| {
                let lines = plain(13.0).wrap(text, room, 9);
                lines.iter().any(|line| line.contains('…') || line.contains(amount))
            })
        };
        assert!(kept("churn rose to 4.2 % in one month", "4.2 %"));
        assert!(kept("receita de R$ 1.200 em outubro", "R$ 1.200"));
    }

    #[test]
    fn long_words_are_divided_at_syllables() {
        let lines = |word: &str| plain(12.0).wrap(word, 64.0, 3).join(" ");
        assert_eq!(lines("Cancelamentos"), "Cancela- mentos");
        assert_eq!(lines("Zurückgewonnen"), "Zurückge- wonnen");
        assert!(lines("восстановленные").contains("- "));
        assert!(plain(12.0).wrap("bcdfghjklmnpqrstvwxz", 64.0, 3)[0].ends_with('…'));
        assert_eq!(lines("Churn"), "Churn");
    }

    #[test]
    fn cleaning_drops_what_cannot_be_drawn() {
        assert_eq!(clean("a\u{0}b\u{10FF42}c\u{200b}\n d"), "abc d");
    }

    #[test]
    fn a_stretch_is_drawn_by_one_font() {
        let text = "ARR 客户 12 %";
        for (drawn, run) in stretches(&clean(text), false) {
            assert!(run.trim().chars().all(|c| c == ' ' || fonts::drawn_by(c, false) == Some(drawn)));
        }
    }

    #[test]
    fn shrinking_stops_at_the_least_size() {
        assert_eq!(plain(13.0).shrunk(["wide text that will not fit"].into_iter(), 10.0, 9.0), plain(9.0));
        assert_eq!(plain(13.0).shrunk(["ok"].into_iter(), 100.0, 9.0), plain(13.0));
    }
}

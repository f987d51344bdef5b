//! What customers' own text may carry into a message: no control characters, no direction tricks, no novels.

use unicode_segmentation::UnicodeSegmentation;

/// Longest name or subject shown, in graphemes.
pub const NAME_MAX: usize = 200;

/// Whether `c` could change how the text around it is read: control characters (C0, C1), bidirectional
/// overrides and isolates, and invisible separators that start a new line.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// `raw` on one line: unsafe characters become a blank, runs of blanks one, and what is longer than
/// [`NAME_MAX`] graphemes ends in "…".
pub fn clean(raw: &str) -> String {
    // Most names and words are plain: nothing of them is changed.
    let plain = |bytes: &[u8]| {
        let inside = bytes.windows(2).all(|pair| pair != b"  ");
        inside && bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ')
    };
    let visible = |byte: &u8| (b' '..=b'~').contains(byte);
    if raw.len() <= NAME_MAX && raw.as_bytes().iter().all(visible) && plain(raw.as_bytes()) {
        return raw.to_owned();
    }
    // Four code points a grapheme is generous; it keeps a megabyte of text from being walked twice.
    excerpt(&on_one_line(raw.chars().take(NAME_MAX * 16)), NAME_MAX)
}

/// Unsafe characters as blanks, and runs of blanks as one.
pub fn on_one_line(raw: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    let mut gap = false;
    for c in raw {
        if is_unsafe(c) || c.is_whitespace() {
            gap = !out.is_empty();
        } else {
            if std::mem::take(&mut gap) {
                out.push(' ');
            }
            out.push(c);
        }
    }
    out
}

/// At most `graphemes` of `text`, cut on a grapheme border, with "…" where something was cut.
pub fn excerpt(text: &str, graphemes: usize) -> String {
    // A grapheme has a byte at least.
    if text.len() <= graphemes {
        return text.to_owned();
    }
    let mut ends = text.grapheme_indices(true).skip(graphemes.saturating_sub(1));
    let Some((last, _)) = ends.next() else { return text.to_owned() };
    if ends.next().is_none() { text.to_owned() } else { format!("{}…", text[..last].trim_end()) }
}

/// At most `bytes` of `text`, cut on a grapheme border, with "…" where something was cut: [`excerpt`] bounds
/// what is seen, this one what is sent.
pub fn within(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let room = bytes.saturating_sub("…".len());
    let ends = text.grapheme_indices(true).map(|(start, grapheme)| start + grapheme.len());
    let end = ends.take_while(|end| *end <= room).last().unwrap_or(0);
    format!("{}…", text[..end].trim_end())
}

/// `text` with every mail address masked as `j***@e***`, for logs: relays like to repeat addresses.
pub fn masked(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_{|}~-@".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |n| start + n);
        out.push_str(&rest[..start]);
        let word = &rest[start..end];
        match word.split_once('@').map(|(local, domain)| (local.chars().next(), domain.chars().next())) {
            Some((Some(local), Some(domain))) => {
                out.extend([local.to_string(), "***@".to_owned(), domain.to_string(), "***".to_owned()]);
            }
            _ => out.push_str(word),
        }
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_are_taken_out() {
        assert_eq!(clean("Evil\r\nBcc: x@y"), "Evil Bcc: x@y");
        assert_eq!(clean("abc\u{202E}fed\u{0}"), "abc fed");
        assert_eq!(clean("  a \t b  "), "a b");
    }

    #[test]
    fn addresses_are_masked_and_nothing_else_is() {
        assert_eq!(
            masked("RCPT: 550 5.1.1 <ana.lima@example.com>: no such user"),
            "RCPT: 550 5.1.1 <a***@e***>: no such user"
        );
        assert_eq!(masked("250 2.0.0 ok @ 12:00, queued"), "250 2.0.0 ok @ 12:00, queued");
    }

    #[test]
    fn long_text_is_cut_on_a_grapheme_border() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(excerpt(&family.repeat(5), 3), format!("{}…", family.repeat(2)));
        assert_eq!(excerpt(&family.repeat(3), 3), family.repeat(3));
        assert_eq!(clean(&"x".repeat(1_000_000)).chars().count(), NAME_MAX);
        assert_eq!(excerpt("", 5), "");
    }
}

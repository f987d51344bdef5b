//! What a font file can draw: which characters it has, and how wide they are.
//!
//! Only the handful of tables needed for measuring is read here; shaping and outlines are resvg's work.
//! Every read is checked, so a damaged system font is merely a font without characters.

use std::collections::HashMap;

/// Most mappings one face may claim; Unicode has fewer, a damaged table may pretend to more.
const MOST_MAPPINGS: usize = 400_000;

/// Inclusive ranges of code points, ascending.
#[derive(Debug, Default)]
pub(super) struct Coverage(Vec<(u32, u32)>);

impl Coverage {
    /// Whether the character is covered.
    pub(super) fn has(&self, c: char) -> bool {
        let code = u32::from(c);
        let at = self.0.partition_point(|&(_, last)| last < code);
        self.0.get(at).is_some_and(|&(first, _)| first <= code)
    }

    /// Whether nothing is covered.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, code: u32) {
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => self.0.push((code, code)),
        }
    }
}

/// The characters a face has outlines for; empty for bitmap-only fonts, which resvg would not draw here.
pub(super) fn coverage(data: &[u8], index: u32) -> Coverage {
    let mut found = Coverage::default();
    if table(data, index, *b"glyf").is_none() && table(data, index, *b"CFF ").is_none() {
        return found;
    }
    each_mapping(data, index, |code, _| found.add(code));
    found.0.sort_unstable();
    found
}

/// The advance of each character, in ems.
pub(super) fn advances(data: &[u8], index: u32) -> HashMap<char, f64> {
    let mut widths = HashMap::new();
    let Some((em, count, metrics)) = metrics(data, index) else { return widths };
    each_mapping(data, index, |code, glyph| {
        // Glyphs past the last long metric repeat its advance.
        let row = usize::from(glyph.min(count.saturating_sub(1)));
        if let (Some(c), Some(advance)) = (char::from_u32(code), u16_at(metrics, row * 4)) {
            widths.insert(c, f64::from(advance) / em);
        }
    });
    widths
}

fn metrics(data: &[u8], index: u32) -> Option<(f64, u16, &[u8])> {
    let em = u16_at(table(data, index, *b"head")?, 18)?;
    let count = u16_at(table(data, index, *b"hhea")?, 34)?;
    Some((f64::from(em.max(1)), count, table(data, index, *b"hmtx")?))
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_be_bytes)
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

/// An offset read from the file, as an index.
fn offset_at(data: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(data, at)?).ok()
}

fn table(data: &[u8], index: u32, tag: [u8; 4]) -> Option<&[u8]> {
    let start =
        if data.starts_with(b"ttcf") { offset_at(data, 12 + 4 * usize::try_from(index).ok()?)? } else { 0 };
    let records = start.checked_add(12)?;
    (0..usize::from(u16_at(data, start.checked_add(4)?)?)).find_map(|n| {
        let record = records + n * 16;
        if data.get(record..record + 4)? != tag {
            return None;
        }
        let from = offset_at(data, record + 8)?;
        data.get(from..from.checked_add(offset_at(data, record + 12)?)?)
    })
}

/// Calls `each` with every (code point, glyph) of the face's best Unicode mapping, missing glyphs left out.
fn each_mapping(data: &[u8], index: u32, mut each: impl FnMut(u32, u16)) {
    let Some(cmap) = table(data, index, *b"cmap") else { return };
    let mut best: Option<(u16, &[u8])> = None;
    for n in 0..usize::from(u16_at(cmap, 2).unwrap_or(0)) {
        let record = 4 + n * 8;
        let platform = (u16_at(cmap, record), u16_at(cmap, record + 2));
        if !matches!(platform, (Some(0), _) | (Some(3), Some(1 | 10))) {
            continue;
        }
        let Some(sub) = offset_at(cmap, record + 4).and_then(|from| cmap.get(from..)) else { continue };
        let format = u16_at(sub, 0).unwrap_or(0);
        if matches!(format, 4 | 12) && best.is_none_or(|(had, _)| format > had) {
            best = Some((format, sub));
        }
    }
    match best {
        Some((12, sub)) => full_mappings(sub, &mut each),
        Some((_, sub)) => {
            basic_mappings(sub, &mut each);
        }
        None => {}
    }
}

/// Format 12: groups over all of Unicode.
fn full_mappings(sub: &[u8], each: &mut impl FnMut(u32, u16)) {
    let mut left = MOST_MAPPINGS;
    let groups = offset_at(sub, 12).unwrap_or(0);
    for n in 0..groups.min(sub.len() / 12) {
        let at = 16 + n * 12;
        let (Some(first), Some(last), Some(glyph)) =
            (u32_at(sub, at), u32_at(sub, at + 4), u32_at(sub, at + 8))
        else {
            return;
        };
        for code in first..=last.min(0x0010_FFFF) {
            if left == 0 {
                return;
            }
            left -= 1;
            let glyph = glyph.saturating_add(code - first);
            if glyph != 0 {
                each(code, u16::try_from(glyph).unwrap_or(u16::MAX));
            }
        }
    }
}

/// Format 4: segments over the basic plane.
fn basic_mappings(sub: &[u8], each: &mut impl FnMut(u32, u16)) -> Option<()> {
    let segments = usize::from(u16_at(sub, 6)? / 2);
    for n in 0..segments {
        let last = u16_at(sub, 14 + n * 2)?;
        let first = u16_at(sub, 16 + (segments + n) * 2)?;
        let delta = u16_at(sub, 16 + (segments * 2 + n) * 2)?;
        let range_at = 16 + (segments * 3 + n) * 2;
        let range = usize::from(u16_at(sub, range_at)?);
        for code in first..=last {
            if code == u16::MAX {
                break;
            }
            let glyph = if range == 0 {
                code.wrapping_add(delta)
            } else {
                let at = range_at + range + usize::from(code - first) * 2;
                match u16_at(sub, at) {
                    Some(0) | None => 0,
                    Some(glyph) => glyph.wrapping_add(delta),
                }
            };
            if glyph != 0 {
                each(u32::from(code), glyph);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTER: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.otf");

    #[test]
    fn the_embedded_font_has_the_scripts_we_mail_in() {
        let covered = coverage(INTER, 0);
        for c in "Az09ãçÕşłéЖя€₽₴£¥→−–…\u{a0}\u{202f}\u{2009}".chars() {
            assert!(covered.has(c), "{c:?}");
        }
        assert!(!covered.has('客'));
        assert!(!covered.has('\u{10FFFF}'));
    }

    #[test]
    fn advances_are_plausible_ems() {
        let widths = advances(INTER, 0);
        assert!(widths[&'W'] > widths[&'n'] && widths[&'n'] > widths[&'i']);
        assert!(widths.values().all(|w| (0.0..3.5).contains(w)));
    }

    #[test]
    fn damaged_files_cover_nothing_and_never_panic() {
        for cut in (0..INTER.len()).step_by(997) {
            let _ = coverage(&INTER[..cut], 0);
            let _ = advances(&INTER[..cut], 3);
        }
        let mut noise = INTER.to_vec();
        for at in (0..noise.len()).step_by(13) {
            noise[at] ^= 0x5A;
        }
        let _ = advances(&noise, 0);
        assert!(coverage(b"ttcf", 9).is_empty());
    }
}

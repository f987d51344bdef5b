//! Which font draws a character: Inter, carried in the program, or a font of the machine for what Inter lacks.
//!
//! The machine's fonts are looked at once, and only when some text needs them: most mails never do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb::{Database, FaceInfo, Source, Style};

use super::face::{self, Coverage};

/// Inter Regular, as bytes.
pub(super) const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.otf");
/// Inter Semi Bold, as bytes.
pub(super) const SEMIBOLD: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.otf");

/// Larger files are not fonts anyone reads business mail in.
const LARGEST_FILE: u64 = 96 << 20;
/// A stop for symlink loops.
const DEEPEST_FOLDER: u32 = 6;

/// A face found on the machine.
pub(super) struct SystemFace {
    path: PathBuf,
    /// Its place in the file, for collections.
    pub(super) index: usize,
    /// Whether its strokes already look semi-bold.
    pub(super) heavy: bool,
    rank: u32,
    coverage: Coverage,
    data: OnceLock<Option<Arc<Vec<u8>>>>,
}

impl SystemFace {
    /// The whole file, read on first use.
    pub(super) fn data(&self) -> Option<Arc<Vec<u8>>> {
        self.data.get_or_init(|| std::fs::read(&self.path).ok().map(Arc::new)).clone()
    }
}

/// What draws a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawn {
    /// The embedded font.
    Inter,
    /// The system face of this number in [`system`].
    System(usize),
}

/// What draws this character, if anything does.
pub(super) fn drawn_by(c: char, bold: bool) -> Option<Drawn> {
    if inter(bold).contains_key(&c) {
        return Some(Drawn::Inter);
    }
    if invisible(c) {
        return None;
    }
    let fits = |face: &SystemFace| face.coverage.has(c);
    let faces = system();
    let matching = faces.iter().position(|face| face.heavy == bold && fits(face));
    matching.or_else(|| faces.iter().position(fits)).map(Drawn::System)
}

/// The advance of a character, in ems.
pub(super) fn advance(c: char, bold: bool) -> f64 {
    // Characters of system fonts are not looked up: full-width ones are an em, others rarely wider than this.
    let guess = if u32::from(c) >= 0x1100 { 1.0 } else { 0.72 };
    inter(bold).get(&c).copied().unwrap_or(guess)
}

/// Whether the embedded font and the fonts of this machine together have every visible character of the text.
pub fn has_font_for(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || invisible(c) || drawn_by(c, false).is_some())
}

/// Control and formatting characters: never drawn, so never missed.
pub(super) fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

fn inter(bold: bool) -> &'static HashMap<char, f64> {
    static WIDTHS: OnceLock<[HashMap<char, f64>; 2]> = OnceLock::new();
    let read = |data| {
        let mut widths = face::advances(data, 0);
        widths.retain(|&c, _| !invisible(c));
        widths
    };
    let [regular, semibold] = WIDTHS.get_or_init(|| [read(REGULAR), read(SEMIBOLD)]);
    if bold { semibold } else { regular }
}

/// The fonts of this machine, the most suitable first; looked for once.
pub(super) fn system() -> &'static [SystemFace] {
    static FACES: OnceLock<Vec<SystemFace>> = OnceLock::new();
    FACES.get_or_init(|| {
        let mut files = Vec::new();
        for folder in folders() {
            font_files(&folder, DEEPEST_FOLDER, &mut files);
        }
        files.sort();
        files.dedup();
        let mut faces: Vec<SystemFace> = files.iter().flat_map(|path| faces_of(path)).collect();
        // The sort is stable, so equally suitable faces stay in the order of their paths.
        faces.sort_by_key(|face| face.rank);
        faces
    })
}

fn folders() -> Vec<PathBuf> {
    let fixed = ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"];
    let mut all: Vec<PathBuf> = fixed.iter().map(PathBuf::from).collect();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        all.extend([".fonts", ".local/share/fonts", "Library/Fonts"].map(|name| home.join(name)));
    }
    if let Some(root) = std::env::var_os("SYSTEMROOT") {
        all.push(PathBuf::from(root).join("Fonts"));
    }
    all
}

fn font_files(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        if meta.is_dir() && depth > 0 {
            font_files(&path, depth - 1, found);
        }
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let is_font = ending.is_some_and(|e| ["ttf", "otf", "ttc", "otc"].iter().any(|known| e == *known));
        if is_font && meta.is_file() && meta.len() <= LARGEST_FILE {
            found.push(path);
        }
    }
}

fn faces_of(path: &Path) -> Vec<SystemFace> {
    let Ok(data) = std::fs::read(path) else { return Vec::new() };
    let data = Arc::new(data);
    let mut database = Database::new();
    database.load_font_source(Source::Binary(data.clone()));
    let mut faces: Vec<SystemFace> = database
        .faces()
        .map(|info| SystemFace {
            path: path.to_path_buf(),
            index: usize::try_from(info.index).unwrap_or(0),
            heavy: info.weight.0 >= 600,
            rank: rank(info),
            coverage: face::coverage(&data, info.index),
            data: OnceLock::new(),
        })
        .filter(|face| !face.coverage.is_empty())
        .collect();
    faces.sort_by_key(|face| face.index);
    faces
}

/// How ill a face goes with Inter: upright sans serifs first, simplified Chinese before its siblings.
fn rank(info: &FaceInfo) -> u32 {
    let name = info.families.first().map(|(name, _)| name.to_lowercase()).unwrap_or_default();
    let mut rank = u32::from(info.weight.0.abs_diff(if info.weight.0 >= 600 { 600 } else { 400 })) / 10;
    if info.style != Style::Normal {
        rank += 500;
    }
    if info.monospaced || ["mono", "serif", "condensed", "math", "symbol"].iter().any(|w| name.contains(w)) {
        rank += 200;
    }
    let liked = ["noto sans", "source han sans", "pingfang", "hiragino sans", "microsoft yahei", "wenquanyi"];
    if !liked.iter().any(|w| name.contains(w)) {
        rank += 100;
    }
    // Collections carry the same characters in each region's shapes.
    if name.contains("cjk") && !name.ends_with(" sc") {
        rank += 5;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inter_needs_no_system_font_for_latin_and_cyrillic() {
        for c in "Отток клиентов, évolução 4,2 % €".chars() {
            assert_eq!(drawn_by(c, true), Some(Drawn::Inter), "{c}");
        }
        assert!(has_font_for("Receita perdida: R$ 1.200\u{a0}→ ↑"));
    }

    #[test]
    fn private_use_has_no_font_and_invisible_is_not_missed() {
        assert!(!has_font_for("\u{10FF42}"));
        assert!(has_font_for("a\u{200b}\n\tb\u{feff}"));
        assert_eq!(drawn_by('\u{7}', false), None);
    }

    #[test]
    fn fallback_is_the_same_every_time() {
        assert_eq!(drawn_by('客', true), drawn_by('客', true));
        if let Some(Drawn::System(n)) = drawn_by('客', false) {
            assert!(system()[n].coverage.has('客'));
        }
    }
}

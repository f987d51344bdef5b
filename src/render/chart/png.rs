//! How a drawing becomes a picture file: rendered at two pixels for each logical one, always to the same bytes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, ID, Source};
use resvg::usvg::{FontResolver, Options, Tree};

use super::fonts::{self, Drawn};

/// Pixels for each logical pixel, for the screens mail is read on.
const SCALE: u8 = 2;
/// As many pictures are kept as a report has in all languages: it goes to many readers, and drawing is most of what a
/// reader costs.
const KEPT: usize = 24;
/// No chart is as tall; a foreign SVG might be.
const TALLEST: u32 = 2000;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The SVG cannot be read.
    #[error("the chart's SVG cannot be read: {0}")]
    Svg(String),
    /// Its size makes no picture.
    #[error("a chart of {0} × {1} pixels cannot be drawn")]
    Size(u32, u32),
    /// The PNG cannot be written.
    #[error("the chart's PNG cannot be written: {0}")]
    Png(String),
}

/// The SVG as a PNG of twice its size on an opaque ground; the same SVG always gives the same bytes.
pub fn png(svg: &str) -> Result<Vec<u8>, ChartError> {
    static LATELY: Mutex<VecDeque<(String, Vec<u8>)>> = Mutex::new(VecDeque::new());
    let lately = || LATELY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, png)) = lately().iter().find(|(drawn, _)| drawn == svg) {
        return Ok(png.clone());
    }
    let png = draw(svg)?;
    let mut lately = lately();
    if lately.len() >= KEPT {
        lately.pop_front();
    }
    lately.push_back((svg.to_owned(), png.clone()));
    Ok(png)
}

fn draw(svg: &str) -> Result<Vec<u8>, ChartError> {
    let tree = Tree::from_str(svg, &options(svg)).map_err(|e| ChartError::Svg(e.to_string()))?;
    let size = tree.size().to_int_size();
    let refused = || ChartError::Size(size.width(), size.height());
    if size.width().max(size.height()) > TALLEST {
        return Err(refused());
    }
    let mut pixels =
        Pixmap::new(size.width() * u32::from(SCALE), size.height() * u32::from(SCALE)).ok_or_else(refused)?;
    pixels.fill(resvg::tiny_skia::Color::WHITE);
    let factor = f32::from(SCALE);
    resvg::render(&tree, Transform::from_scale(factor, factor), &mut pixels.as_mut());
    encoded(&pixels).map_err(|e| ChartError::Png(e.to_string()))
}

/// The pixels as they are: all are opaque, so that nothing has to be taken out of their colours.
fn encoded(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels.data())?;
    writer.finish()?;
    Ok(file)
}

/// The embedded font alone.
fn embedded() -> &'static Arc<Database> {
    static EMBEDDED: OnceLock<Arc<Database>> = OnceLock::new();
    EMBEDDED.get_or_init(|| {
        let mut database = Database::new();
        for data in [fonts::REGULAR, fonts::SEMIBOLD] {
            database.load_font_source(Source::Binary(Arc::new(data)));
        }
        for set in [Database::set_serif_family, Database::set_sans_serif_family] {
            set(&mut database, "Inter");
        }
        Arc::new(database)
    })
}

/// The fonts the document needs: Inter, and the machine's for the characters Inter lacks.
pub(super) fn options(svg: &str) -> Options<'static> {
    let mut needed: BTreeMap<(char, bool), usize> = BTreeMap::new();
    for c in svg.chars().filter(|c| !c.is_ascii()) {
        for bold in [false, true] {
            if let Some(Drawn::System(face)) = fonts::drawn_by(c, bold) {
                needed.insert((c, bold), face);
            }
        }
    }
    let mut options =
        Options { font_family: "Inter".to_owned(), fontdb: embedded().clone(), ..Options::default() };
    if needed.is_empty() {
        return options;
    }
    let loaded = load(options.fontdb_mut(), needed.values().copied());
    let chosen: BTreeMap<(char, bool), ID> =
        needed.into_iter().filter_map(|(key, face)| Some((key, *loaded.get(&face)?))).collect();
    options.font_resolver = FontResolver {
        select_font: FontResolver::default_font_selector(),
        select_fallback: Box::new(move |c, tried, database| {
            let bold =
                tried.first().and_then(|id| database.face(*id)).is_some_and(|face| face.weight.0 >= 600);
            chosen.get(&(c, bold)).copied().filter(|id| !tried.contains(id))
        }),
    };
    options
}

fn load(database: &mut Database, faces: impl Iterator<Item = usize>) -> BTreeMap<usize, ID> {
    let mut loaded = BTreeMap::new();
    for number in faces {
        if loaded.contains_key(&number) {
            continue;
        }
        let Some(face) = fonts::system().get(number) else { continue };
        let Some(data) = face.data() else { continue };
        let ids = database.load_font_source(Source::Binary(data));
        let wanted = ids.iter().copied().find(|id| {
            database
                .face(*id)
                .is_some_and(|info| usize::try_from(info.index).is_ok_and(|at| at == face.index))
        });
        if let Some(id) = wanted {
            loaded.insert(number, id);
        }
    }
    loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_becomes_the_same_opaque_png_every_time() {
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30"><text x="5" y="20" font-family="Inter" font-size="14">Отток 客</text></svg>"#;
        let once = png(svg).unwrap();
        assert_eq!(once, draw(svg).unwrap());
        assert_eq!(once, png(svg).unwrap());
        let read = Pixmap::decode_png(&once).unwrap();
        assert_eq!((read.width(), read.height()), (120, 60));
        assert!(read.pixels().iter().all(|p| p.alpha() == 255));
        assert!(read.pixels().iter().any(|p| p.red() < 60), "nothing was written");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(matches!(png("<svg"), Err(ChartError::Svg(_))));
        let huge = r#"<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="9"/>"#;
        assert!(matches!(png(huge), Err(ChartError::Size(..))));
    }
}

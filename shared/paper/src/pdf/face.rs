//! The two faces of the font that is compiled in: which characters they have, and how wide those are.

use krilla::Data;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

use crate::error::PaperError;

static REGULAR: &[u8] = include_bytes!("../../assets/OpenSans-Regular.ttf");
static STRONG: &[u8] = include_bytes!("../../assets/OpenSans-Semibold.ttf");

/// Units of an em in both files; advances are kept as parts of an em.
const EM: f32 = 2048.0;

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Running text.
    Regular,
    /// Headings, labels of tables, sums.
    Strong,
}

/// One face.
pub(super) struct Face {
    /// The same face, as the library wants it.
    pub font: Font,
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
}

impl Face {
    fn load(data: &'static [u8]) -> Result<Self, PaperError> {
        let parsed = FontRef::new(data).map_err(|_| PaperError::Font)?;
        Ok(Self {
            font: Font::new(Data::from(data), 0).ok_or(PaperError::Font)?,
            charmap: parsed.charmap(),
            metrics: parsed.glyph_metrics(Size::unscaled(), LocationRef::default()),
        })
    }

    /// Whether the face can show the character.
    pub fn has(&self, c: char) -> bool {
        self.charmap.map(c).is_some_and(|glyph| glyph.to_u32() != 0)
    }

    fn advance(&self, c: char) -> f32 {
        self.charmap.map(c).and_then(|glyph| self.metrics.advance_width(glyph)).unwrap_or_default() / EM
    }

    /// How wide a character is at a size, in points.
    pub fn width_of(&self, c: char, size: f32) -> f32 {
        self.advance(c) * size
    }

    /// How wide text is at a size, in points.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size
    }

    /// The text as glyphs, one for each character.
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .map(|(at, c)| KrillaGlyph {
                glyph_id: GlyphId::new(self.charmap.map(c).unwrap_or_default().to_u32()),
                text_range: at..at + c.len_utf8(),
                x_advance: self.advance(c),
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            })
            .collect()
    }
}

/// Both faces.
pub(super) struct Faces {
    regular: Face,
    strong: Face,
}

impl Faces {
    /// Reads both.
    pub fn load() -> Result<Self, PaperError> {
        Ok(Self { regular: Face::load(REGULAR)?, strong: Face::load(STRONG)? })
    }

    /// The face of a weight.
    pub fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Strong => &self.strong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_faces_have_what_italian_needs() {
        let faces = Faces::load().unwrap();
        let needed = "ABCXYZabcxyz0123456789ÀÈÉÌÒÙàèéìòùçñöüßåøłđšžčćșțŐőÆæŒœ€–—‘’“”«»…•°§@&/()'\"+%-\u{fffd}\u{a0}ΑαЖж";
        for weight in [Weight::Regular, Weight::Strong] {
            let face = faces.of(weight);
            let missing: String = needed.chars().filter(|c| !face.has(*c)).collect();
            assert_eq!(missing, "");
            assert!((face.font.units_per_em() - EM).abs() < f32::EPSILON);
            let digits: Vec<_> = ('0'..='9').map(|c| face.width_of(c, 10.0)).collect();
            assert!(digits.iter().all(|width| (width - digits[0]).abs() < f32::EPSILON), "figures stand under each other");
        }
    }
}

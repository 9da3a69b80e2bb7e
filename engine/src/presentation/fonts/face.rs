//! One font file.

use std::borrow::Cow;
use std::fmt;

use read_fonts::model::Font;
use read_fonts::model::glyph::outline::{DrawMemory, DrawOptions, PathSink};
use read_fonts::types::GlyphId;

use super::kerning::Kerning;
use super::{Contour, Curve, FontError, MAX_FONT_BYTES, Shape};

/// Most pieces of an outline; the rest of a glyph that has more is left out.
const MAX_CURVES: usize = 1 << 14;

/// A font that was read.
pub(super) struct Face {
    font: Font,
    kerning: Kerning,
    units_per_em: f64,
}

impl fmt::Debug for Face {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Face of {} glyphs", self.font.num_glyphs())
    }
}

impl Face {
    pub(super) fn read(bytes: Cow<'static, [u8]>, index: usize) -> Result<Self, FontError> {
        if bytes.len() > MAX_FONT_BYTES {
            return Err(FontError::TooLarge {
                index,
                found: bytes.len(),
            });
        }
        let without = |expected| FontError::NotAFont { index, expected };
        let font = match bytes {
            Cow::Borrowed(bytes) => Font::new(bytes, 0),
            Cow::Owned(bytes) => Font::new(bytes, 0),
        };
        let font = font.ok_or(without("a table of its tables"))?;
        if font.units_per_em() == 0 {
            return Err(without("units of its em"));
        }
        if !font.charmap().has_unicode() {
            return Err(without("a map of Unicode characters"));
        }
        if font.outline_glyphs().is_empty() {
            return Err(without("outlines"));
        }
        Ok(Self {
            units_per_em: f64::from(font.units_per_em()),
            kerning: Kerning::of(&font),
            font,
        })
    }

    pub(super) fn glyph(&self, character: char) -> Option<u32> {
        let glyph = self.font.charmap().map_unicode(character)?.to_u32();
        // Glyph 0 is the box that stands for characters a font has not.
        (glyph != 0).then_some(glyph)
    }

    pub(super) fn advance_em(&self, glyph: u32) -> f64 {
        let advance = self.font.glyph_metrics().h_advance(GlyphId::new(glyph));
        f64::from(advance) / self.units_per_em
    }

    /// What is added to the advance between two glyphs.
    pub(super) fn kerning_em(&self, left: u32, right: u32) -> f64 {
        f64::from(self.kerning.between(&self.font, left, right)) / self.units_per_em
    }

    /// The outline of a glyph; what is broken in it is left out.
    pub(super) fn outline(&self, glyph: u32) -> Shape {
        let mut pen = Pen {
            em: 1.0 / self.units_per_em as f32,
            contours: Vec::new(),
            left: MAX_CURVES,
        };
        if let Some(outline) = self.font.outline_glyphs().get(GlyphId::new(glyph)) {
            // A glyph that cannot be drawn to its end shows what came before, as other programs do.
            let _ = outline.draw(&DrawOptions::new(), DrawMemory::Scratch, &mut pen);
        }
        Shape::Outline(pen.contours)
    }
}

/// Collects contours in em.
struct Pen {
    em: f32,
    contours: Vec<Contour>,
    left: usize,
}

impl Pen {
    fn point(&self, x: f32, y: f32) -> [f32; 2] {
        [x * self.em, -y * self.em]
    }

    fn curve(&mut self, curve: Curve) {
        let Some(contour) = self.contours.last_mut() else {
            return;
        };
        if self.left > 0 {
            self.left -= 1;
            contour.curves.push(curve);
        }
    }
}

impl PathSink for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        if self.left > 0 {
            self.left -= 1;
            self.contours.push(Contour {
                start: self.point(x, y),
                curves: Vec::new(),
            });
        }
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.curve(Curve::Line(self.point(x, y)));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.curve(Curve::Quadratic([self.point(cx0, cy0), self.point(x, y)]));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let points = [self.point(cx0, cy0), self.point(cx1, cy1), self.point(x, y)];
        self.curve(Curve::Cubic(points));
    }

    fn close(&mut self) {}
}

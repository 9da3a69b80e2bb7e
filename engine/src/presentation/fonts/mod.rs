//! The fonts of texts: letters as outlines, and how wide they are.
//!
//! Hosts hand in the bytes of font files (TrueType, or OpenType with CFF outlines); the first that has a character
//! gives it. Behind them all is a built-in face of strokes for ASCII and the signs of units, so that directions and
//! rulers can always be written. Text is laid out from left to right by advances and the fonts' own kerning, which is
//! all that Chinese and Latin need; there is no shaping. Small figures that fonts lack (¹⁸F, ⁹⁹ᵐTc) are made of their
//! plain ones. Fonts come from the host, never from data of patients.

mod cache;
mod face;
mod kerning;
mod raised;
mod strokes;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::presentation::TEXT_POINTS;
use cache::Cache;
use face::Face;
use raised::Raised;

/// Most bytes of a font file.
pub const MAX_FONT_BYTES: usize = 64 << 20;

/// Most font files.
pub const MAX_FONTS: usize = 16;

/// Bytes of outlines that are kept for the next text.
const CACHE_BYTES: usize = 4 << 20;

/// Why fonts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FontError {
    /// A file is no font that can be read.
    #[error("font {index} must be a TrueType or OpenType font with {expected}, found none")]
    NotAFont {
        /// Which of the files, from 0.
        index: usize,
        /// What is missing.
        expected: &'static str,
    },
    /// A file is too large.
    #[error("a font may have at most {MAX_FONT_BYTES} bytes, found {found} in font {index}")]
    TooLarge {
        /// Which of the files, from 0.
        index: usize,
        /// Its bytes.
        found: usize,
    },
    /// There are too many files.
    #[error("expected at most {MAX_FONTS} fonts, found more")]
    TooMany,
}

/// A piece of a contour, to its last point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// A straight line.
    Line([f32; 2]),
    /// A parabola with its control point.
    Quadratic([[f32; 2]; 2]),
    /// A cubic Bézier curve with its two control points.
    Cubic([[f32; 2]; 3]),
}

/// A closed curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Where it starts.
    pub start: [f32; 2],
    /// Its pieces; a straight line closes what they leave open.
    pub curves: Vec<Curve>,
}

/// The shape of a glyph in em: x to the right of its place, y down from the line that letters stand on.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// An outline of a font; filled where the winding number is not 0.
    Outline(Vec<Contour>),
    /// Lines of the built-in face.
    Strokes(Vec<Vec<[f64; 2]>>),
}

/// A glyph of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// Where it is, em from the start of the line.
    pub at_em: f64,
    /// What it looks like.
    pub shape: Arc<Shape>,
}

/// A line of text that is laid out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Its glyphs from the left.
    pub glyphs: Vec<Glyph>,
    /// Its width, em.
    pub width_em: f64,
    /// Characters without a glyph, each a gap of one em.
    pub missing: BTreeSet<char>,
}

/// Font faces in the order in which they are asked for a character.
#[derive(Debug, Default)]
pub struct Fonts {
    faces: Vec<Face>,
    cache: Mutex<Cache>,
}

impl Fonts {
    /// Reads fonts; with none, the built-in face is left.
    ///
    /// # Errors
    ///
    /// [`FontError`] when a file is no font, or too large, or there are too many.
    pub fn new<B: Into<Cow<'static, [u8]>>>(files: impl IntoIterator<Item = B>) -> Result<Self, FontError> {
        let mut faces = Vec::new();
        for (index, bytes) in files.into_iter().enumerate() {
            if index == MAX_FONTS {
                return Err(FontError::TooMany);
            }
            faces.push(Face::read(bytes.into(), index)?);
        }
        Ok(Self {
            faces,
            cache: Mutex::default(),
        })
    }

    /// The characters of a text that no font has: what an exporter refuses, or leaves out knowingly.
    #[must_use]
    pub fn missing(&self, text: &str) -> BTreeSet<char> {
        let is_missing = |character: &char| matches!(self.found(*character), Found::Nowhere);
        text.chars().filter(is_missing).collect()
    }

    /// The width of a line of text of this size (1 is the plain one), in points.
    #[must_use]
    pub fn width_points(&self, text: &str, size: f64) -> f64 {
        self.laid_out(text, |_, _| {}).0 * TEXT_POINTS * size
    }

    /// Lays out a line of text.
    #[must_use]
    pub fn line(&self, text: &str) -> Line {
        let mut glyphs = Vec::new();
        let (width_em, missing) = self.laid_out(text, |at_em, found| {
            let shape = match found {
                Found::Plain(plain) => self.shape(plain),
                Found::Raised { plain, raised } => Arc::new(raised.shape(&self.shape(plain))),
                Found::Ignored | Found::Nowhere => return,
            };
            glyphs.push(Glyph { at_em, shape });
        });
        Line {
            glyphs,
            width_em,
            missing,
        }
    }

    /// Tells where each glyph is; gives the width and what is missing.
    fn laid_out(&self, text: &str, mut place: impl FnMut(f64, Found)) -> (f64, BTreeSet<char>) {
        let (mut at_em, mut missing, mut before) = (0.0, BTreeSet::new(), None);
        for character in text.chars() {
            let found = self.found(character);
            if let (Some(left), Found::Plain(right)) = (before.take(), found) {
                at_em += self.kerning_em(left, right);
            }
            place(at_em, found);
            at_em += match found {
                Found::Plain(plain) => {
                    before = Some(plain);
                    self.advance_em(plain)
                }
                Found::Raised { plain, raised } => raised.advance_em(self.advance_em(plain)),
                Found::Ignored => 0.0,
                Found::Nowhere => {
                    missing.insert(character);
                    1.0
                }
            };
        }
        (at_em, missing)
    }

    fn found(&self, character: char) -> Found {
        let is_space = character.is_whitespace() && character != '\u{3000}';
        if !is_space && is_ignored(character) {
            return Found::Ignored;
        }
        let found = self.plain(if is_space { ' ' } else { character });
        let made = || {
            let (plain, raised) = Raised::of(character)?;
            let plain = self.plain(plain)?;
            Some(Found::Raised { plain, raised })
        };
        found.map(Found::Plain).or_else(made).unwrap_or(Found::Nowhere)
    }

    fn plain(&self, character: char) -> Option<Plain> {
        let in_font = self.faces.iter().enumerate().find_map(|(face, font)| {
            let glyph = font.glyph(character)?;
            Some(Plain::InFont { face, glyph })
        });
        in_font.or_else(|| strokes::of(character).map(Plain::BuiltIn))
    }

    fn advance_em(&self, plain: Plain) -> f64 {
        match plain {
            Plain::InFont { face, glyph } => self.faces[face].advance_em(glyph),
            Plain::BuiltIn(glyph) => glyph.advance(),
        }
    }

    /// The space between two plain characters, beside their advances.
    fn kerning_em(&self, left: Plain, right: Plain) -> f64 {
        match (left, right) {
            (Plain::InFont { face, glyph: left }, Plain::InFont { face: next, glyph }) if face == next => {
                self.faces[face].kerning_em(left, glyph)
            }
            _ => 0.0,
        }
    }

    fn shape(&self, plain: Plain) -> Arc<Shape> {
        match plain {
            Plain::InFont { face, glyph } => {
                // A panic elsewhere while the lock was held leaves a cache that is still whole.
                let mut cache = self
                    .cache
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                cache.get((face, glyph), CACHE_BYTES, || self.faces[face].outline(glyph))
            }
            Plain::BuiltIn(glyph) => Arc::new(Shape::Strokes(glyph.lines())),
        }
    }
}

/// What there is for a character.
#[derive(Debug, Clone, Copy)]
enum Found {
    Plain(Plain),
    /// A small figure that is made of a plain one.
    Raised {
        plain: Plain,
        raised: Raised,
    },
    Ignored,
    Nowhere,
}

/// A glyph of a face.
#[derive(Debug, Clone, Copy)]
enum Plain {
    InFont { face: usize, glyph: u32 },
    BuiltIn(strokes::Glyph),
}

/// Controls, marks of direction and joining, and selectors of variants, which by themselves show nothing.
fn is_ignored(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests;

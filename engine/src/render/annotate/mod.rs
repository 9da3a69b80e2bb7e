//! Drawings burned into a picture, for files, prints and streams; viewers may draw the same marks themselves.
//!
//! [`marks`] makes of each mark the shapes that it is painted with: lines that are followed with a pen, and areas.
//! [`stroke`] turns lines into areas, [`raster`] gives the exact part of each pixel that an area covers, [`ink`]
//! mixes the colour in. A dark outline is the same shape grown, painted below. Nothing is rendered at a higher
//! resolution and reduced; what lies outside the picture is cut off, and the work is bounded whatever the numbers.

mod dash;
mod ink;
mod marks;
mod raster;
mod stroke;
mod text;

use std::collections::BTreeSet;

use crate::presentation::{Drawing, Fonts, Mark};
use crate::render::{Error, Image};
use ink::Ink;

/// Most marks of a drawing.
pub const MAX_MARKS: usize = 1 << 17;
/// Most points of all its lines and areas together.
pub const MAX_MARK_POINTS: usize = 1 << 21;
/// Most characters of all its texts together.
pub const MAX_MARK_CHARACTERS: usize = 1 << 15;
/// Most steps (edges in rows, painted pixels) that a drawing may take, marks outside the picture for nothing.
pub const MAX_INK_STEPS: u64 = 1 << 30;

/// What became of a drawing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// Characters that no font has: gaps of the width of a Chinese character in the picture.
    pub missing: BTreeSet<char>,
    /// Marks left out because a number of theirs is none, or far beyond any picture.
    pub skipped: usize,
}

/// Draws marks on a picture; what does not fit is cut off at its edges.
///
/// Exporters refuse, or ask, where [`Fonts::missing`] or the report names characters; it never shows boxes in their
/// place.
///
/// # Errors
///
/// [`Error::Number`] for a scale that cannot be used or a picture whose bytes are not four a pixel, before anything
/// is drawn, [`Error::LargeDrawing`] for more marks, points or characters than the limits of this module; and when
/// drawing takes more than [`MAX_INK_STEPS`], [`Error::TooMuchInk`], where some marks are drawn and some are not.
pub fn annotate(image: &mut Image, drawing: &Drawing, fonts: &Fonts) -> Result<Drawn, Error> {
    check(image, drawing)?;
    let mut drawn = Drawn::default();
    let mut ink = Ink::new(image, MAX_INK_STEPS);
    for mark in &drawing.marks {
        if marks::is_sound(mark) {
            marks::paint(mark, drawing.scale, fonts, &mut ink, &mut drawn.missing);
        } else {
            drawn.skipped += 1;
        }
        if ink.is_used_up() {
            return Err(Error::TooMuchInk(MAX_INK_STEPS));
        }
    }
    Ok(drawn)
}

fn check(image: &Image, drawing: &Drawing) -> Result<(), Error> {
    let pixels = u64::from(image.width) * u64::from(image.height);
    if image.rgba.len() as u64 != pixels * 4 {
        return Err(Error::Number {
            what: "the bytes of a picture",
            expected: "four a pixel",
            found: image.rgba.len() as f64,
        });
    }
    if !(drawing.scale > 0.0 && drawing.scale <= 100.0) {
        return Err(Error::Number {
            what: "the scale of a drawing",
            expected: "above 0 and at most 100 pixels a point",
            found: drawing.scale,
        });
    }
    let points: usize = drawing.marks.iter().map(marks::points).sum();
    let characters: usize = drawing.marks.iter().map(characters).sum();
    for (what, most, found) in [
        ("marks", MAX_MARKS, drawing.marks.len()),
        ("points", MAX_MARK_POINTS, points),
        ("characters", MAX_MARK_CHARACTERS, characters),
    ] {
        if found > most {
            return Err(Error::LargeDrawing { what, most, found });
        }
    }
    Ok(())
}

/// Bytes are counted, which are never fewer.
fn characters(mark: &Mark) -> usize {
    match mark {
        Mark::Text(text) if text.text.len() > MAX_MARK_CHARACTERS => text.text.len(),
        Mark::Text(text) => text.text.chars().count(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;

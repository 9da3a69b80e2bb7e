//! Lines along which a layer's values are equal.

use crate::render::Error;
use crate::render::check::{at_most, number};

/// Most levels of a layer's contours.
pub const MAX_LEVELS: usize = 16;

/// Widest line of a contour, pixels.
pub const MAX_LINE_PIXELS: f64 = 16.0;

/// What is drawn of a layer's values.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum DrawnAs {
    /// Each as a colour, by window and colour map.
    #[default]
    Colors,
    /// Lines along which they are equal.
    Contours(Contours),
}

/// Lines along which the values at the pixels are equal to one of the levels.
///
/// Values are those that [`crate::render::Renderer::values`] gives at the pixels' centres. Within the square
/// of four neighbouring centres a line runs straight from one side to another, between two ends of which one
/// is below the level and one is not: at the place where the value on the way reaches it. Where all four
/// sides are crossed, the corners that are on the same side of the level as the mean of all four stay
/// together (marching squares: Lorensen & Cline 1987, in a plane). Squares with a value that is no finite
/// number hold no line, so lines end where the volume does, and at the picture's outermost centres.
///
/// A pixel is covered by as much of a stretch of one pixel as lies within half a width of the line, measured
/// from its centre straight to the nearest line of any level: smooth edges, and no thicker where lines meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// Real values, in the unit of the volume; at most [`MAX_LEVELS`].
    pub levels: Vec<f64>,
    /// Red, green, blue of all lines.
    pub color: [u8; 3],
    /// 0 (nothing is drawn) to [`MAX_LINE_PIXELS`].
    pub width_pixels: f64,
}

/// Contours made ready.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lines {
    /// Empty where nothing is to be drawn.
    pub levels: Vec<f64>,
    pub color: [u8; 3],
    pub half_width: f32,
    /// Squares to each side of a pixel, up to which a line can reach it.
    pub reach: u32,
}

impl Lines {
    /// # Errors
    ///
    /// [`Error::TooMany`] levels; [`Error::Number`] for a level that is not finite, or a width out of range.
    pub(super) fn new(contours: &Contours) -> Result<Self, Error> {
        let Contours {
            levels,
            color,
            width_pixels,
        } = contours;
        at_most("levels of a layer's contours", MAX_LEVELS, levels.len())?;
        if let Some(found) = levels.iter().find(|level| !level.is_finite()) {
            return Err(number("a contour's level", "finite", *found));
        }
        if !(0.0..=MAX_LINE_PIXELS).contains(width_pixels) {
            let what = "the width of a contour's line";
            return Err(number(what, "0 to 16 pixels", *width_pixels));
        }
        let is_drawn = *width_pixels > 0.0;
        Ok(Self {
            levels: if is_drawn { levels.clone() } else { Vec::new() },
            color: *color,
            half_width: (width_pixels / 2.0) as f32,
            reach: (width_pixels / 2.0 + 0.5).ceil() as u32,
        })
    }

    /// The part of a pixel that a line covers whose middle is so far from the pixel's.
    pub(super) fn cover(&self, distance: f32) -> f32 {
        let end = (distance + 0.5).min(self.half_width);
        let begin = (distance - 0.5).max(-self.half_width);
        (end - begin).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Contours, Lines, MAX_LEVELS};

    fn lines(levels: Vec<f64>, width_pixels: f64) -> Result<Lines, String> {
        let contours = Contours {
            levels,
            color: [0; 3],
            width_pixels,
        };
        Lines::new(&contours).map_err(|error| error.to_string())
    }

    #[test]
    fn a_line_covers_its_width() {
        for (width, distance, cover) in [
            (1.0, 0.0, 1.0),
            (1.0, 0.5, 0.5),
            (1.0, 1.0, 0.0),
            (0.25, 0.0, 0.25),
            (0.25, 0.5, 0.125),
            (3.0, 1.0, 1.0),
            (3.0, 1.75, 0.25),
            (3.0, f32::INFINITY, 0.0),
        ] {
            let found = lines(vec![1.0], width).unwrap().cover(distance);
            assert!((found - cover).abs() < 1e-6, "{width} {distance}: {found}");
        }
        assert_eq!(lines(vec![1.0], 1.0).unwrap().reach, 1);
        assert_eq!(lines(vec![1.0], 1.1).unwrap().reach, 2);
        assert!(lines(vec![1.0], 0.0).unwrap().levels.is_empty());
    }

    #[test]
    fn nonsense_is_refused() {
        for (levels, width, words) in [
            (vec![f64::NAN], 1.0, "a contour's level must be finite, found NaN"),
            (vec![0.0, f64::INFINITY], 1.0, "found inf"),
            (vec![0.0], -1.0, "must be 0 to 16 pixels, found -1"),
            (vec![0.0], 16.5, "found 16.5"),
            (vec![0.0], f64::NAN, "found NaN"),
            (
                vec![0.0; MAX_LEVELS + 1],
                1.0,
                "at most 16 levels of a layer's contours, found 17",
            ),
        ] {
            let error = lines(levels, width).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(lines(vec![1e300, -1e300], 16.0).is_ok());
    }
}

//! Letters and texts around a picture.

use crate::colormap::{ColorMap, Window};
use crate::geometry::letters;
use crate::presentation::ImagePlane;

/// The letters of the body's directions at the four edges of an image; empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letters {
    /// At the left edge.
    pub left: String,
    /// At the right edge.
    pub right: String,
    /// At the upper edge.
    pub top: String,
    /// At the lower edge.
    pub bottom: String,
}

impl Letters {
    /// The letters of a plane (PS3.3 C.7.6.1.1.1), strongest first.
    #[must_use]
    pub fn of(plane: &ImagePlane) -> Self {
        let [right, down] = [0, 1].map(|axis| plane.patient_from_plane.axis(axis));
        Self {
            left: letters(-right),
            right: letters(right),
            top: letters(-down),
            bottom: letters(down),
        }
    }
}

/// Lines of text in the four corners, each from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corners {
    /// Upper left.
    pub top_left: Vec<String>,
    /// Upper right.
    pub top_right: Vec<String>,
    /// Lower left.
    pub bottom_left: Vec<String>,
    /// Lower right.
    pub bottom_right: Vec<String>,
}

/// A ruler.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleBar {
    /// Length in the body, mm.
    pub length_mm: f64,
    /// Length in the image, pixels.
    pub length_pixels: f64,
}

/// What the colours of a layer mean.
#[derive(Debug, Clone, PartialEq)]
pub struct ColorBar {
    /// The layer's colours.
    pub color_map: ColorMap,
    /// The layer's window.
    pub window: Window,
    /// The displayed unit (`SUVbw`).
    pub unit: String,
}

/// All that may be written on a picture; nothing by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotations {
    /// Letters at the edges.
    pub letters: Option<Letters>,
    /// Lines in the corners, given by the host.
    pub corners: Corners,
    /// A ruler at the lower edge.
    pub scale_bar: Option<ScaleBar>,
    /// A colour bar at the right edge.
    pub color_bar: Option<ColorBar>,
    /// A cross about a place, in pixels; the place itself stays free.
    pub cross: Option<[f64; 2]>,
}

/// Gives the longest ruler of 1, 2 or 5 times a power of ten mm that takes at most a quarter of the width.
///
/// `None` for planes without a scale.
#[must_use]
pub fn scale_bar(plane: &ImagePlane, width: u32) -> Option<ScaleBar> {
    let [mm_per_pixel, _] = plane.mm_per_pixel();
    let longest_mm = mm_per_pixel * f64::from(width) / 4.0;
    if !longest_mm.is_finite() || longest_mm <= 0.0 {
        return None;
    }
    let power = 10f64.powf(longest_mm.log10().floor());
    let step = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|step| step * power <= longest_mm)
        .unwrap_or(1.0);
    let length_mm = step * power;
    Some(ScaleBar {
        length_mm,
        length_pixels: length_mm / mm_per_pixel,
    })
}

#[cfg(test)]
mod tests {
    use super::scale_bar;
    use crate::geometry::Point;
    use crate::presentation::{ImagePlane, Orientation, Size};

    fn check(mm_per_pixel: f64, expected_mm: f64) {
        let size = Size {
            width: 400,
            height: 400,
        };
        let at = Point::new(0.0, 0.0, 0.0);
        let plane = ImagePlane::centered(Orientation::Axial, at, mm_per_pixel, size).unwrap();
        let bar = scale_bar(&plane, size.width).unwrap();
        assert!(
            (bar.length_mm - expected_mm).abs() < 1e-9 * expected_mm,
            "{bar:?}"
        );
        assert!((bar.length_pixels * mm_per_pixel - expected_mm).abs() < 1e-9 * expected_mm);
    }

    #[test]
    fn a_ruler_has_a_round_length() {
        check(1.0, 100.0);
        check(0.99, 50.0);
        check(0.3, 20.0);
        check(0.011, 1.0);
        check(0.009, 0.5);
    }
}

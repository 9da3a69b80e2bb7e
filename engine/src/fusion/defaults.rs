//! What to show when nobody has chosen.

use crate::colormap::{ColorMap, Window};
use crate::volume::{Unit, Volume};

/// A window for a volume: soft tissue (40/400) for HU, 0 to 5 for SUV, else the range of its values.
///
/// For other units it runs from the smallest value to the largest, 0 included; a volume
/// without a number gets 0 to 1.
#[must_use]
pub fn window_for(volume: &Volume) -> Window {
    match volume.unit() {
        Unit::Hounsfield => Window::linear(40.0, 400.0),
        Unit::SuvBw => Window::between(0.0, 5.0),
        _ => {
            let (low, high) = volume.range().unwrap_or((0.0, 1.0));
            let finite = |value: f64, other: f64| if value.is_finite() { value } else { other };
            Window::between(finite(low, 0.0).min(0.0), finite(high, 1.0).max(0.0))
        }
    }
}

/// Colours for a volume shown by itself: uptake is read dark on white, the rest white on black.
#[must_use]
pub fn single_color_map(unit: &Unit) -> ColorMap {
    match unit {
        Unit::SuvBw | Unit::BecquerelPerMl | Unit::Counts => ColorMap::gray_inverted(),
        _ => ColorMap::gray(),
    }
}

/// Colours for uptake laid over anatomy: hot iron.
#[must_use]
pub fn overlay_color_map() -> ColorMap {
    ColorMap::named("hot_iron").expect("the catalogue holds it")
}

#[cfg(test)]
mod tests {
    use super::{overlay_color_map, single_color_map, window_for};
    use crate::colormap::{ColorMap, Window};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn check(values: [f32; 2], unit: Unit, expected: Window) {
        let axes = [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let grid = Grid::new([2, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        let volume = Volume::new(grid, Voxels::F32(values.into()), Rescale::IDENTITY, unit).unwrap();
        assert_eq!(window_for(&volume), expected);
    }

    #[test]
    fn windows_go_by_unit() {
        check([-1000.0, 900.0], Unit::Hounsfield, Window::linear(40.0, 400.0));
        check([0.0, 90.0], Unit::SuvBw, Window::between(0.0, 5.0));
        check([3.0, 900.0], Unit::Counts, Window::between(0.0, 900.0));
        check([-3.0, f32::NAN], Unit::Unspecified, Window::between(-3.0, 0.0));
        check([f32::NAN; 2], Unit::Counts, Window::between(0.0, 1.0));
        check([0.0, f32::INFINITY], Unit::Counts, Window::between(0.0, 1.0));
    }

    #[test]
    fn uptake_is_dark_alone_and_hot_over_anatomy() {
        assert_eq!(single_color_map(&Unit::SuvBw).color(1.0), [0; 3]);
        assert_eq!(single_color_map(&Unit::Hounsfield), ColorMap::gray());
        assert_eq!(overlay_color_map().color(128.0 / 255.0), [255, 0, 0]);
    }
}

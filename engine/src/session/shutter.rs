//! What of an image is covered.

use crate::dicom::presentation_state::{Shutter, ShutterShape};
use crate::render::Image;
use crate::session::sheet::Place;

/// Covers what a shutter covers of a picture, which lies on the image as `place` says.
pub(super) fn cover(image: &mut Image, place: &Place, shutter: &Shutter) {
    let grey = (shutter.grey.unwrap_or(0) >> 8) as u8;
    for y in 0..image.height {
        for x in 0..image.width {
            let [column, row] = place.at(f64::from(x), f64::from(y));
            // Shutters count pixels from 1.
            let at = [column + 1.0, row + 1.0];
            if !shutter.shapes.iter().all(|shape| is_open(shape, at)) {
                let pixel = (y as usize * image.width as usize + x as usize) * 4;
                image.rgba[pixel..pixel + 3].fill(grey);
            }
        }
    }
}

/// Whether a place is seen through a shape; edges belong to what is seen.
fn is_open(shape: &ShutterShape, [column, row]: [f64; 2]) -> bool {
    match shape {
        ShutterShape::Rectangular {
            left,
            right,
            upper,
            lower,
        } => {
            (f64::from(*left)..=f64::from(*right)).contains(&column)
                && (f64::from(*upper)..=f64::from(*lower)).contains(&row)
        }
        ShutterShape::Circular { center, radius } => {
            (column - f64::from(center[0])).hypot(row - f64::from(center[1])) <= f64::from(*radius)
        }
        ShutterShape::Polygonal(corners) => {
            let ends = corners.iter().zip(corners.iter().cycle().skip(1));
            let crossed = ends.filter(|(a, b)| {
                let [ax, ay] = a.map(f64::from);
                let [bx, by] = b.map(f64::from);
                (ay > row) != (by > row) && column < ax + (row - ay) / (by - ay) * (bx - ax)
            });
            crossed.count() % 2 == 1
        }
    }
}

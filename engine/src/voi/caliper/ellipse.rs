//! Axes, area and circumference of an ellipse.

use std::f64::consts::PI;

use crate::geometry::{Space, Vector};
use crate::voi::caliper::positive;
use crate::voi::{Area, CaliperError, Length, LengthUnit};

/// What an ellipse measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipse {
    /// The longer axis, from end to end.
    pub long: Length,
    /// The shorter axis, from end to end.
    pub short: Length,
    /// Its area.
    pub area: Area,
    /// Length around it.
    pub circumference: Length,
}

/// The ellipse with these two conjugate half diameters.
pub(super) fn measured<S: Space>(
    a: Vector<S>,
    b: Vector<S>,
    unit: LengthUnit,
) -> Result<Ellipse, CaliperError> {
    let area = positive("the area of the ellipse", PI * a.cross(b).norm())?;
    // Apollonius: the squares of conjugate half diameters have one sum, their parallelograms one area.
    let squares = a.dot(a) + b.dot(b);
    let double_product = 2.0 * a.cross(b).norm();
    let (sum, difference) = (
        (squares + double_product).sqrt(),
        (squares - double_product).max(0.0).sqrt(),
    );
    let (long, short) = ((sum + difference) / 2.0, (sum - difference) / 2.0);
    let length = |value: f64| Length { value, unit };
    Ok(Ellipse {
        long: length(2.0 * long),
        short: length(2.0 * short),
        area: Area {
            value: area,
            side: unit,
        },
        circumference: length(circumference(long, short)),
    })
}

/// Length around an ellipse of these half axes, by the arithmetic-geometric mean (Gauss; DLMF 19.8.6).
fn circumference(long: f64, short: f64) -> f64 {
    let (mut a, mut b) = (long, short);
    let mut rest = long * long;
    let mut weight = 0.5;
    rest -= weight * (a * a - b * b);
    // The difference squares itself: eight steps are more than a double can tell.
    for _ in 0..8 {
        let half_difference = (a - b) / 2.0;
        weight *= 2.0;
        rest -= weight * half_difference * half_difference;
        (a, b) = ((a + b) / 2.0, (a * b).sqrt());
    }
    2.0 * PI * rest / a
}

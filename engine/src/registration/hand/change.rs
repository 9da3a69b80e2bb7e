//! What a person asks of the moving image.

use std::ops::RangeInclusive;

use nalgebra::{Matrix3, Vector3};

use super::pose::Pose;
use crate::geometry::{Affine, Patient, Point, Vector};

/// Nearer to the line that is turned about than this, a place has no angle, mm.
const LEAST_ARM_MM: f64 = 1e-3;
/// How much one change may stretch, and the size that may be typed.
const FACTORS: RangeInclusive<f64> = 0.1..=10.0;
/// Sizes that the moving image may have.
const SIZES: RangeInclusive<f64> = 0.01..=100.0;
/// How many times more a map may stretch one way than another, by the norms of it and its inverse; 3 for rigid ones.
const MOST_FLATNESS: f64 = 50.0;
/// How far a map may move an origin, mm.
const FARTHEST_MM: f64 = 1e7;
/// Radii of a ball to roll, mm.
const RADII_MM: RangeInclusive<f64> = 0.1..=10_000.0;

/// A change of where the moving image lies. What moves on the screen is the moving image: dragged to the left, its
/// picture goes to the left.
///
/// Places and directions are those of the fixed volume's patient space (LPS, mm), which views of it give for their
/// pixels; the places of a drag are where the pointer went down and where it is now.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Moved as a whole, so that what lay at `from` lies at `to`.
    Drag {
        /// Where the pointer went down.
        from: Point<Patient>,
        /// Where it is.
        to: Point<Patient>,
    },
    /// Turned about a line, so that what lay in the direction of `from` lies in that of `to`.
    Turn {
        /// A place on the line: a view's crosshair or center.
        pivot: Point<Patient>,
        /// Along the line: a view's normal, either way.
        axis: Vector<Patient>,
        /// Where the pointer went down.
        from: Point<Patient>,
        /// Where it is.
        to: Point<Patient>,
    },
    /// Rolled about a place like a ball whose point under the pointer stays under it; beyond the ball's rim, turned
    /// about the line of sight.
    ///
    /// As Shoemake's arcball (Graphics Interface 1992:151), without the doubling of its angle.
    Roll {
        /// The ball's center.
        pivot: Point<Patient>,
        /// The view's normal, away from the viewer.
        sight: Vector<Patient>,
        /// The ball's radius, mm: half the view's smaller side, for instance.
        radius_mm: f64,
        /// Where the pointer went down.
        from: Point<Patient>,
        /// Where it is.
        to: Point<Patient>,
    },
    /// Moved by a step: a nudge.
    MoveBy(Vector<Patient>),
    /// Turned by an angle, right-handed about the direction of `axis`: a nudge.
    TurnBy {
        /// A place that stays.
        pivot: Point<Patient>,
        /// Direction to turn about.
        axis: Vector<Patient>,
        /// How far.
        angle_rad: f64,
    },
    /// Stretched along the patient's axes; what stretches makes a rigid map an affine one.
    Stretch {
        /// A place that stays.
        pivot: Point<Patient>,
        /// How many times longer along x, y and z, 0.1 to 10; three equal ones make a similarity.
        factors: [f64; 3],
    },
    /// Laid by numbers about a place of the moving volume's patient space; see [`Pose`].
    Place {
        /// Center of rotation, in the moving volume's patient space.
        center: Point<Patient>,
        /// The numbers.
        pose: Pose,
    },
    /// Laid where another registration says: that of landmarks, for instance.
    Replace {
        /// From the moving volume's patient space to the fixed one's.
        fixed_from_moving: Affine<Patient, Patient>,
    },
}

/// Why a change cannot be made. The state is as it was.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// A number is not finite.
    #[error("{0} must be finite")]
    NotFinite(&'static str),
    /// An axis has no direction.
    #[error("the axis to turn about must have a direction")]
    NoAxis,
    /// The pointer is on the line that is turned about.
    #[error("the pointer must lie away from the line that is turned about")]
    OnAxis,
    /// A size that makes no image.
    #[error("{what} must be {low} to {high}, found {found}")]
    Size {
        /// Which.
        what: &'static str,
        /// The smallest that is taken.
        low: f64,
        /// The largest that is taken.
        high: f64,
        /// What was given.
        found: f64,
    },
    /// The map is none that an image could be shown by.
    #[error(
        "the moving image must keep three dimensions, a hundredth to a hundredfold size, and lie within 10 km"
    )]
    Beyond,
}

impl Change {
    /// The map of the moving volume's patient space to the fixed one's after this change of the map before.
    pub(super) fn after(
        &self,
        fixed_from_moving: &Affine<Patient, Patient>,
    ) -> Result<Affine<Patient, Patient>, ChangeError> {
        let step = match *self {
            Self::Drag { from, to } => Affine::translation(to - from),
            Self::Turn {
                pivot,
                axis,
                from,
                to,
            } => turn(pivot, axis, from, to)?,
            Self::Roll {
                pivot,
                sight,
                radius_mm,
                from,
                to,
            } => Ball::new(pivot, sight, radius_mm)?.rolled(from, to)?,
            Self::MoveBy(step) => Affine::translation(step),
            Self::TurnBy {
                pivot,
                axis,
                angle_rad,
            } => turned(pivot, axis, angle_rad)?,
            Self::Stretch { pivot, factors } => stretched(pivot, factors)?,
            Self::Place { center, pose } => return placed(fixed_from_moving, center, &pose),
            Self::Replace { fixed_from_moving } => return usable(fixed_from_moving),
        };
        usable(step * *fixed_from_moving)
    }
}

/// The map, where an image can be shown by it.
///
/// The bounds are wide for any body, and narrow enough that products and inverses of such maps have inverses.
pub(super) fn usable(map: Affine<Patient, Patient>) -> Result<Affine<Patient, Patient>, ChangeError> {
    let numbers = || map.linear.iter().chain(map.origin.iter());
    if !numbers().all(|number| number.is_finite()) {
        return Err(ChangeError::NotFinite("where the moving image goes"));
    }
    let size = map.linear.determinant().abs().cbrt();
    let flatness = map
        .inverse()
        .map_or(f64::INFINITY, |back| back.linear.norm() * map.linear.norm());
    let shown = SIZES.contains(&size) && flatness <= MOST_FLATNESS && map.origin.norm() <= FARTHEST_MM;
    shown.then_some(map).ok_or(ChangeError::Beyond)
}

fn turned(
    pivot: Point<Patient>,
    axis: Vector<Patient>,
    angle_rad: f64,
) -> Result<Affine<Patient, Patient>, ChangeError> {
    Affine::rotation(pivot, axis, angle_rad).ok_or(ChangeError::NoAxis)
}

/// The turn about a line that brings the direction of `from` to that of `to`, by less than half a turn.
fn turn(
    pivot: Point<Patient>,
    axis: Vector<Patient>,
    from: Point<Patient>,
    to: Point<Patient>,
) -> Result<Affine<Patient, Patient>, ChangeError> {
    let axis = axis.normalized().ok_or(ChangeError::NoAxis)?;
    let across = |place: Point<Patient>| {
        let arm = place - pivot;
        arm - axis * arm.dot(axis)
    };
    let (from, to) = (across(from), across(to));
    // Not-a-number is no arm either.
    if !(from.norm() >= LEAST_ARM_MM && to.norm() >= LEAST_ARM_MM) {
        return Err(ChangeError::OnAxis);
    }
    turned(pivot, axis, from.cross(to).dot(axis).atan2(from.dot(to)))
}

fn stretched(pivot: Point<Patient>, factors: [f64; 3]) -> Result<Affine<Patient, Patient>, ChangeError> {
    for factor in factors {
        within("a factor to stretch by", &FACTORS, factor)?;
    }
    let linear = Matrix3::from_diagonal(&Vector3::from(factors));
    Ok(Affine::new(linear, pivot.xyz - linear * pivot.xyz))
}

fn placed(
    before: &Affine<Patient, Patient>,
    center: Point<Patient>,
    pose: &Pose,
) -> Result<Affine<Patient, Patient>, ChangeError> {
    if !pose.is_finite() || !center.xyz.iter().all(|number| number.is_finite()) {
        return Err(ChangeError::NotFinite("translation, angles, size and center"));
    }
    // Numbers that nobody changed leave the map as it is, to the last digit.
    if *pose == Pose::of(before, center) {
        return Ok(*before);
    }
    within("the size", &FACTORS, pose.scale)?;
    usable(pose.fixed_from_moving(before, center))
}

fn within(what: &'static str, range: &RangeInclusive<f64>, found: f64) -> Result<(), ChangeError> {
    let (low, high) = (*range.start(), *range.end());
    let refusal = ChangeError::Size {
        what,
        low,
        high,
        found,
    };
    range.contains(&found).then_some(()).ok_or(refusal)
}

/// A ball in front of a view.
struct Ball {
    pivot: Point<Patient>,
    sight: Vector<Patient>,
    radius_mm: f64,
}

impl Ball {
    fn new(pivot: Point<Patient>, sight: Vector<Patient>, radius_mm: f64) -> Result<Self, ChangeError> {
        within("the radius of the ball in mm", &RADII_MM, radius_mm)?;
        let sight = sight.normalized().ok_or(ChangeError::NoAxis)?;
        Ok(Self {
            pivot,
            sight,
            radius_mm,
        })
    }

    /// Direction from the center to the ball's point before or behind a place of the plane.
    fn direction(&self, place: Point<Patient>) -> Vector<Patient> {
        let arm = (place - self.pivot) * (1.0 / self.radius_mm);
        let across = arm - self.sight * arm.dot(self.sight);
        let height = (1.0 - across.dot(across)).max(0.0).sqrt();
        let direction = across - self.sight * height;
        direction.normalized().unwrap_or(-self.sight)
    }

    fn rolled(
        &self,
        from: Point<Patient>,
        to: Point<Patient>,
    ) -> Result<Affine<Patient, Patient>, ChangeError> {
        let (from, to) = (self.direction(from), self.direction(to));
        let across = from.cross(to);
        let angle_rad = across.norm().atan2(from.dot(to));
        // From rim to opposite rim, any line across would do: it turns in the plane.
        let axis = across.normalized().unwrap_or(self.sight);
        turned(self.pivot, axis, angle_rad)
    }
}

#[cfg(test)]
mod tests;

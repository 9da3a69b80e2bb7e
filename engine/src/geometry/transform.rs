//! Maps of patient space into patient space: affine ones, and those that bend.

use nalgebra::Matrix3;

use super::affine::Affine;
use super::field::DisplacementField;
use super::space::{Patient, Point, Vector};

/// How close, in mm, the map of an inverse must come to the point asked for.
const INVERSE_MM: f64 = 1e-6;
/// Steps after which an inverse is given up; smooth fields take fewer than 10.
const INVERSE_STEPS: usize = 100;

/// A map that bends: first each point is displaced by the field, then the affine map follows,
/// `x -> affine * (x + field(x))`.
///
/// The field lies in the space the points come from. It is the form of DICOM's deformable registration without a
/// matrix before the grid (PS3.3 C.20.3.1.1); [`Transform::preceded_by`] takes such a matrix in.
#[derive(Debug, Clone, PartialEq)]
pub struct Deformation {
    /// Displacements at the points the map starts from, mm.
    pub field: DisplacementField,
    /// What follows the displacement.
    pub affine: Affine<Patient, Patient>,
}

/// A map from one patient space to another, affine or bending. Cloning shares the displacements.
///
/// Variables are named target, from, source: `moving_from_fixed` takes each place of the fixed volume to the
/// moving one's, which is what resampling the moving volume onto the fixed one needs.
///
/// ```
/// use engine::geometry::{Affine, Point, Transform, Vector};
/// let moving_from_fixed = Transform::from(Affine::translation(Vector::new(0.0, 0.0, 12.0)));
/// let in_moving = moving_from_fixed.apply(Point::new(1.0, 2.0, 3.0));
/// assert_eq!(in_moving, Point::new(1.0, 2.0, 15.0));
/// assert_eq!(moving_from_fixed.inverse_of(in_moving), Some(Point::new(1.0, 2.0, 3.0)));
/// assert!(moving_from_fixed.is_invertible());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// Straight lines stay straight.
    Affine(Affine<Patient, Patient>),
    /// Straight lines may bend.
    Deformable(Deformation),
}

impl From<Affine<Patient, Patient>> for Transform {
    fn from(affine: Affine<Patient, Patient>) -> Self {
        Self::Affine(affine)
    }
}

impl From<Deformation> for Transform {
    fn from(deformation: Deformation) -> Self {
        Self::Deformable(deformation)
    }
}

impl Transform {
    /// The map that leaves every point where it is.
    #[must_use]
    pub fn identity() -> Self {
        Self::Affine(Affine::identity())
    }

    /// Where a place goes, mm.
    #[must_use]
    pub fn apply(&self, point: Point<Patient>) -> Point<Patient> {
        match self {
            Self::Affine(affine) => *affine * point,
            Self::Deformable(bent) => bent.affine * (point + bent.field.at(point)),
        }
    }

    /// Derivatives of [`Transform::apply`] at a place: column `n` is what a step of 1 mm along axis `n` becomes.
    ///
    /// The displacements are linear between voxel centres, so derivatives jump where two cells meet.
    #[must_use]
    pub fn jacobian(&self, point: Point<Patient>) -> Matrix3<f64> {
        match self {
            Self::Affine(affine) => affine.linear,
            Self::Deformable(bent) => bent.affine.linear * bent.field.jacobian(point),
        }
    }

    /// How many times larger a small piece of tissue at a place becomes; 0 or less where the map folds.
    #[must_use]
    pub fn jacobian_determinant(&self, point: Point<Patient>) -> f64 {
        self.jacobian(point).determinant()
    }

    /// What a small step or a direction at a place becomes.
    #[must_use]
    pub fn apply_to_direction(&self, at: Point<Patient>, direction: Vector<Patient>) -> Vector<Patient> {
        (self.jacobian(at) * direction.xyz).into()
    }

    /// The affine map, which of a bending one is what follows the displacements.
    #[must_use]
    pub fn affine_part(&self) -> &Affine<Patient, Patient> {
        match self {
            Self::Affine(affine) => affine,
            Self::Deformable(bent) => &bent.affine,
        }
    }

    /// The displacements, where there are any.
    #[must_use]
    pub fn field(&self) -> Option<&DisplacementField> {
        match self {
            Self::Affine(_) => None,
            Self::Deformable(bent) => Some(&bent.field),
        }
    }

    /// The affine part's determinant times [`DisplacementField::smallest_jacobian`]: no determinant of
    /// a map that keeps left and right apart is smaller.
    #[must_use]
    pub fn smallest_jacobian(&self) -> f64 {
        let of_field = self.field().map_or(1.0, DisplacementField::smallest_jacobian);
        self.affine_part().linear.determinant() * of_field
    }

    /// Whether every place of the target comes from one place of the source: the affine part can be turned round,
    /// and the field folds nowhere within its grid.
    #[must_use]
    pub fn is_invertible(&self) -> bool {
        let folds_nowhere = self.field().is_none_or(|field| field.smallest_jacobian() > 0.0);
        folds_nowhere && self.affine_part().inverse().is_ok()
    }

    /// The place that goes to `point`, to within 1e-4 mm unless the map squeezes space a hundredfold; `None` where
    /// the search finds none, as may be where the map folds or is flat.
    #[must_use]
    pub fn inverse_of(&self, point: Point<Patient>) -> Option<Point<Patient>> {
        let goal = self.affine_part().inverse().ok()? * point;
        if !goal.xyz.iter().all(|value| value.is_finite()) {
            return None;
        }
        self.field().map_or(Some(goal), |field| undisplaced(field, goal))
    }

    /// This map, and then `affine`.
    #[must_use]
    pub fn followed_by(&self, affine: Affine<Patient, Patient>) -> Self {
        match self {
            Self::Affine(own) => Self::Affine(affine * *own),
            Self::Deformable(bent) => Self::Deformable(Deformation {
                field: bent.field.clone(),
                affine: affine * bent.affine,
            }),
        }
    }

    /// First `affine`, and then this map; `None` when `affine` cannot be turned round and this map bends.
    ///
    /// It is exact: the field is carried to where its points come from, which may make its grid oblique.
    #[must_use]
    pub fn preceded_by(&self, affine: Affine<Patient, Patient>) -> Option<Self> {
        match self {
            Self::Affine(own) => Some(Self::Affine(*own * affine)),
            Self::Deformable(bent) => Some(Self::Deformable(Deformation {
                field: bent.field.seen_through(affine)?,
                affine: bent.affine * affine,
            })),
        }
    }
}

/// The place that a field displaces to `goal`.
///
/// Newton's step goes to the place exactly where the field is linear. Where it leads away, as across a kink
/// between cells, it is halved until the distance left shrinks.
fn undisplaced(field: &DisplacementField, goal: Point<Patient>) -> Option<Point<Patient>> {
    let left_at = |at: Point<Patient>| goal - (at + field.at(at));
    let mut at = goal - field.at(goal);
    let mut left = left_at(at);
    for _ in 0..INVERSE_STEPS {
        if left.norm() < INVERSE_MM {
            return Some(at);
        }
        let newton = field.jacobian(at).lu().solve(&left.xyz);
        let step = Vector::from(newton.unwrap_or(left.xyz));
        let shorter = (0..16)
            .map(|halvings| at + step * 0.5f64.powi(halvings))
            .map(|next| (next, left_at(next)))
            .find(|(_, after)| after.norm() < left.norm());
        (at, left) = shorter?;
    }
    None
}

#[cfg(test)]
mod tests;

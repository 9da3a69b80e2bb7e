//! Affine maps between named spaces.

use std::marker::PhantomData;
use std::ops::Mul;

use nalgebra::{Matrix3, Rotation3, Unit, Vector3};

use super::space::{Point, Space, Vector};

/// The map has no inverse: its axes do not span space.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the axes of the transform must span space, found determinant {determinant}")]
pub struct SingularError {
    /// Determinant of the linear part.
    pub determinant: f64,
}

/// An affine map that takes points of space `From` to space `To`.
///
/// Variables are named target, from, source (`patient_from_voxel`), so that neighbours match:
///
/// ```
/// use engine::geometry::{Affine, Patient, Point, Vector, Voxel};
/// let patient_from_voxel: Affine<Patient, Voxel> = Affine::from_axes(
///     [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 3.0)],
///     Point::new(-10.0, -10.0, 0.0),
/// );
/// let point_patient = patient_from_voxel * Point::<Voxel>::new(5.0, 0.0, 1.0);
/// assert_eq!(point_patient, Point::new(0.0, -10.0, 3.0));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Affine<To: Space, From: Space> {
    /// Columns are the images of the axes of `From`.
    pub linear: Matrix3<f64>,
    /// Image of the origin of `From`.
    pub origin: Vector3<f64>,
    spaces: PhantomData<(To, From)>,
}

impl<To: Space, From: Space> Affine<To, From> {
    /// Makes a map from its linear part and the image of the origin.
    #[must_use]
    pub const fn new(linear: Matrix3<f64>, origin: Vector3<f64>) -> Self {
        Self {
            linear,
            origin,
            spaces: PhantomData,
        }
    }

    /// Makes a map from the images of the three axes and of the origin.
    #[must_use]
    pub fn from_axes(axes: [Vector<To>; 3], origin: Point<To>) -> Self {
        Self::new(Matrix3::from_columns(&axes.map(|axis| axis.xyz)), origin.xyz)
    }

    /// Image of one axis (0, 1, 2) of `From`.
    #[must_use]
    pub fn axis(&self, axis: usize) -> Vector<To> {
        self.linear.column(axis).into_owned().into()
    }

    /// Image of the origin of `From`.
    #[must_use]
    pub fn origin(&self) -> Point<To> {
        self.origin.into()
    }

    /// The map back.
    ///
    /// # Errors
    ///
    /// [`SingularError`] when the axes do not span space or are not finite.
    pub fn inverse(&self) -> Result<Affine<From, To>, SingularError> {
        let determinant = self.linear.determinant();
        let scale: f64 = (0..3).map(|axis| self.linear.column(axis).norm()).product();
        let regular = determinant.is_finite()
            && determinant.abs() > 1e-12 * scale
            && self.origin.iter().all(|v| v.is_finite());
        let inverse = if regular { self.linear.try_inverse() } else { None };
        let linear = inverse.ok_or(SingularError { determinant })?;
        Ok(Affine::new(linear, -(linear * self.origin)))
    }
}

impl<S: Space> Affine<S, S> {
    /// The map that leaves every point where it is.
    #[must_use]
    pub fn identity() -> Self {
        Self::new(Matrix3::identity(), Vector3::zeros())
    }

    /// The map that moves every point by the same step.
    #[must_use]
    pub fn translation(by: Vector<S>) -> Self {
        Self::new(Matrix3::identity(), by.xyz)
    }

    /// The map that turns by `angle_rad` about the axis through `place` along `axis`, right-handed; `None` for
    /// an axis without direction.
    #[must_use]
    pub fn rotation(place: Point<S>, axis: Vector<S>, angle_rad: f64) -> Option<Self> {
        let axis = Unit::new_unchecked(axis.normalized()?.xyz);
        let linear = Rotation3::from_axis_angle(&axis, angle_rad).into_inner();
        Some(Self::new(linear, place.xyz - linear * place.xyz))
    }
}

impl<A: Space, B: Space, C: Space> Mul<Affine<B, C>> for Affine<A, B> {
    type Output = Affine<A, C>;
    fn mul(self, inner: Affine<B, C>) -> Affine<A, C> {
        Affine::new(
            self.linear * inner.linear,
            self.linear * inner.origin + self.origin,
        )
    }
}

impl<To: Space, From: Space> Mul<Point<From>> for Affine<To, From> {
    type Output = Point<To>;
    fn mul(self, point: Point<From>) -> Point<To> {
        (self.linear * point.xyz + self.origin).into()
    }
}

impl<To: Space, From: Space> Mul<Vector<From>> for Affine<To, From> {
    type Output = Vector<To>;
    fn mul(self, vector: Vector<From>) -> Vector<To> {
        (self.linear * vector.xyz).into()
    }
}

impl<To: Space, From: Space> std::fmt::Debug for Affine<To, From> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (to, from) = (std::any::type_name::<To>(), std::any::type_name::<From>());
        write!(f, "{to} from {from}: {:?} + {:?}", self.linear, self.origin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::geometry::{Affine, Patient, Point, Vector, Voxel};

    #[test]
    fn a_flat_transform_is_refused() {
        let flat: Affine<Patient, Voxel> = Affine::from_axes(
            [
                Vector::new(1.0, 0.0, 0.0),
                Vector::new(2.0, 0.0, 0.0),
                Vector::new(0.0, 0.0, 1.0),
            ],
            Point::new(0.0, 0.0, 0.0),
        );
        assert!(flat.inverse().is_err());
    }

    proptest! {
        #[test]
        fn inverse_undoes(values in prop::array::uniform12(-100.0..100.0f64), point in prop::array::uniform3(-500.0..500.0f64)) {
            let [a, b, c, d, e, f, g, h, i, x, y, z] = values;
            let map: Affine<Patient, Voxel> = Affine::from_axes([[a, b, c].into(), [d, e, f].into(), [g, h, i].into()], [x, y, z].into());
            prop_assume!(map.linear.determinant().abs() > 100.0);
            let voxel: Point<Voxel> = point.into();
            let back = map.inverse().unwrap() * (map * voxel);
            prop_assert!(back.distance(voxel) < 1e-6 * (1.0 + voxel.xyz.norm()) * (1.0 + map.linear.norm()));
        }
    }
}

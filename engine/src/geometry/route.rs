//! Ways between two patient spaces.

use super::affine::{Affine, SingularError};
use super::field::DisplacementField;
use super::space::{Patient, Point, Vector};
use super::transform::Transform;

/// A way from one patient space to another: along a transform, or against it.
///
/// A map that bends is known in one direction, that of the search which found it. Where places, masks and lesions are
/// taken is nobody's concern but the user's: a route says which way the transform at hand is walked. Variables are
/// named target, from, source, as transforms are.
///
/// ```
/// use engine::geometry::{Affine, Point, Route, Vector};
/// let moving_from_fixed = Affine::translation(Vector::new(0.0, 0.0, 12.0));
/// let fixed_from_moving = Route::against(moving_from_fixed);
/// assert_eq!(fixed_from_moving.apply(Point::new(1.0, 2.0, 15.0)), Some(Point::new(1.0, 2.0, 3.0)));
/// assert_eq!(fixed_from_moving.reversed(), Route::along(moving_from_fixed));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    /// The transform takes places of the source to the target.
    Along(Transform),
    /// The transform takes places of the target to the source.
    Against(Transform),
}

impl<T: Into<Transform>> From<T> for Route {
    fn from(target_from_source: T) -> Self {
        Self::along(target_from_source)
    }
}

impl Route {
    /// The way of a transform.
    #[must_use]
    pub fn along(target_from_source: impl Into<Transform>) -> Self {
        Self::Along(target_from_source.into())
    }

    /// The way back of a transform.
    #[must_use]
    pub fn against(source_from_target: impl Into<Transform>) -> Self {
        Self::Against(source_from_target.into())
    }

    /// The way from target to source.
    #[must_use]
    pub fn reversed(&self) -> Self {
        match self {
            Self::Along(transform) => Self::Against(transform.clone()),
            Self::Against(transform) => Self::Along(transform.clone()),
        }
    }

    /// The transform that is walked along or against.
    #[must_use]
    pub fn transform(&self) -> &Transform {
        match self {
            Self::Along(transform) | Self::Against(transform) => transform,
        }
    }

    /// Where a place of the source goes; `None` where a transform that is walked against folds, is flat, or has no
    /// such place. See [`Transform::inverse_of`].
    #[must_use]
    pub fn apply(&self, point: Point<Patient>) -> Option<Point<Patient>> {
        match self {
            Self::Along(transform) => Some(transform.apply(point)),
            Self::Against(transform) => transform.inverse_of(point),
        }
    }

    /// What of the way is the same for all places, worked out once.
    ///
    /// # Errors
    ///
    /// [`SingularError`] when the transform's affine part cannot be turned round.
    pub(crate) fn walk(&self) -> Result<Walk<'_>, SingularError> {
        let transform = self.transform();
        Ok(Walk {
            along: *transform.affine_part(),
            back: transform.affine_part().inverse()?,
            transform,
            is_against: matches!(self, Self::Against(_)),
        })
    }
}

/// A route made ready for many places.
#[derive(Clone, Copy)]
pub(crate) struct Walk<'a> {
    transform: &'a Transform,
    along: Affine<Patient, Patient>,
    back: Affine<Patient, Patient>,
    is_against: bool,
}

impl Walk<'_> {
    /// The map from source to target, where it does not bend.
    pub fn affine(&self) -> Option<Affine<Patient, Patient>> {
        let affine = if self.is_against { self.back } else { self.along };
        self.transform.field().is_none().then_some(affine)
    }

    /// Where a place of the source goes.
    #[inline]
    pub fn target_of(&self, point: Point<Patient>) -> Option<Point<Patient>> {
        if self.is_against {
            self.undone(point)
        } else {
            Some(self.done(point))
        }
    }

    /// Where a place of the target comes from.
    #[inline]
    pub fn source_of(&self, point: Point<Patient>) -> Option<Point<Patient>> {
        if self.is_against {
            Some(self.done(point))
        } else {
            self.undone(point)
        }
    }

    /// How many times larger a small piece of tissue becomes that goes from `source` to `target`.
    pub fn growth(&self, source: Point<Patient>, target: Point<Patient>) -> f64 {
        let determinant = |at| self.transform.jacobian_determinant(at).abs();
        if self.is_against {
            1.0 / determinant(target)
        } else {
            determinant(source)
        }
    }

    #[inline]
    fn done(&self, point: Point<Patient>) -> Point<Patient> {
        match self.transform {
            Transform::Affine(_) => self.along * point,
            Transform::Deformable(_) => self.transform.apply(point),
        }
    }

    #[inline]
    fn undone(&self, point: Point<Patient>) -> Option<Point<Patient>> {
        match self.transform {
            Transform::Affine(_) => Some(self.back * point),
            Transform::Deformable(_) => self.transform.inverse_of(point),
        }
    }

    /// Places of the target whose hull holds all that the hull of `corners` goes to.
    pub fn hull(&self, corners: &[Point<Patient>]) -> Vec<Point<Patient>> {
        let taken = |map: Affine<Patient, Patient>, places: &[Point<Patient>]| {
            places.iter().map(|place| map * *place).collect::<Vec<_>>()
        };
        match (self.transform.field(), self.is_against) {
            (None, false) => taken(self.along, corners),
            (None, true) => taken(self.back, corners),
            (Some(field), false) => taken(self.along, &widened(corners, range_mm(field, corners))),
            (Some(field), true) => {
                // What is displaced to the goals lies within all displacements of them; of those met there, again.
                let goals = taken(self.back, corners);
                let all = range_mm(field, &field.grid().corners().map(|corner| beyond(field, corner)));
                let near = range_mm(field, &widened(&goals, all.map(|[low, high]| [-high, -low])));
                widened(&goals, near.map(|[low, high]| [-high, -low]))
            }
        }
    }
}

/// A corner of a field's grid moved out of it, where the field has faded.
fn beyond(field: &DisplacementField, corner: Point<Patient>) -> Point<Patient> {
    corner + (corner - field.grid().center())
}

/// Each place with the corners of a box around it: lowest and highest step along each axis, mm.
fn widened(places: &[Point<Patient>], steps_mm: [[f64; 2]; 3]) -> Vec<Point<Patient>> {
    let corner = |n: usize| Vector::from([0, 1, 2].map(|axis| steps_mm[axis][n >> axis & 1]));
    let around = |place: &Point<Patient>| (0..8).map(|n| *place + corner(n)).collect::<Vec<_>>();
    places.iter().flat_map(around).collect()
}

/// The lowest and highest displacement along each axis of patient space in the hull of `places`, 0 among them.
fn range_mm(field: &DisplacementField, places: &[Point<Patient>]) -> [[f64; 2]; 3] {
    let size = field.grid().size();
    let voxels: Vec<_> = places.iter().map(|place| field.grid().voxel(*place)).collect();
    let met = [0, 1, 2].map(|axis| {
        let low = voxels
            .iter()
            .map(|voxel| voxel[axis])
            .fold(f64::INFINITY, f64::min);
        let high = voxels
            .iter()
            .map(|voxel| voxel[axis])
            .fold(f64::NEG_INFINITY, f64::max);
        // A cell reaches from one centre to the next.
        let clamp = |n: f64| n.clamp(0.0, size[axis] as f64) as usize;
        clamp(low.floor())..clamp(high.floor() + 2.0)
    });
    let mut range = [[0.0f64; 2]; 3];
    for k in met[2].clone() {
        for j in met[1].clone() {
            let row = (k * size[1] + j) * size[0];
            // Of a range that lies beyond the grid on one side, start and end are the same.
            for displacement in
                &field.displacements_mm()[row + met[0].start..row + met[0].end.max(met[0].start)]
            {
                for (range, value) in range.iter_mut().zip(displacement) {
                    let value = f64::from(*value);
                    *range = [range[0].min(value), range[1].max(value)];
                }
            }
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::Route;
    use crate::geometry::{Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector};

    /// Bends by up to 8 mm within 200 mm of the origin, and turns.
    fn bent(seed: u32) -> Transform {
        let axes = [
            Vector::new(20.0, 3.0, 0.0),
            Vector::new(-3.0, 20.0, 2.0),
            Vector::new(0.0, -2.0, 24.0),
        ];
        let grid = Grid::new(
            [20, 18, 17],
            Affine::from_axes(axes, Point::new(-170.0, -190.0, -190.0)),
        )
        .unwrap();
        let wave = |n: usize, axis: u32| {
            let at = [n % 20, n / 20 % 18, n / 360].map(|n| n as f32);
            let phase = (seed * 7 + axis * 3) as f32;
            8.0 * (0.35 * at[axis as usize] + 0.25 * at[(axis as usize + 1) % 3] + phase).sin()
        };
        let displacement = |n: usize| [wave(n, 0), wave(n, 1), wave(n, 2)];
        let displacements: Arc<[[f32; 3]]> = (0..grid.voxels()).map(displacement).collect();
        let affine = Affine::rotation(
            Point::new(5.0, 9.0, -3.0),
            Vector::new(1.0, 2.0, 3.0),
            f64::from(seed),
        )
        .unwrap();
        Deformation {
            field: DisplacementField::new(grid, displacements).unwrap(),
            affine,
        }
        .into()
    }

    fn route() -> impl Strategy<Value = Route> {
        let affine = prop::array::uniform9(-2.0..2.0f64).prop_filter_map("spans space", |n| {
            let axes = [0, 3, 6].map(|at| Vector::from([n[at], n[at + 1], n[at + 2]]));
            let map: Affine<Patient, Patient> = Affine::from_axes(axes, Point::new(10.0, -20.0, 30.0));
            (map.linear.determinant().abs() > 0.1).then(|| Transform::from(map))
        });
        let transform = prop_oneof![affine, (0..20u32).prop_map(bent)];
        (transform, any::<bool>()).prop_map(|(transform, along)| {
            if along {
                Route::along(transform)
            } else {
                Route::against(transform)
            }
        })
    }

    proptest! {
        #[test]
        fn there_and_back(route in route(), at in prop::array::uniform3(-250.0..250.0f64)) {
            let at = Point::from(at);
            let there = route.apply(at).unwrap();
            prop_assert!(route.reversed().apply(there).unwrap().distance(at) < 1e-4);
            let walk = route.walk().unwrap();
            prop_assert!(walk.target_of(at).unwrap().distance(there) < 1e-9);
            prop_assert!(walk.source_of(there).unwrap().distance(at) < 1e-4);
            let (reversed, step) = (route.reversed(), 1e-4);
            let growth = walk.growth(at, there) * reversed.walk().unwrap().growth(there, at);
            prop_assert!((growth - 1.0).abs() < 1e-3, "{growth}");
            // By the volume of a small box, unless it lies in two cells of the field.
            let side = |axis: usize| {
                let by = Vector::from([0, 1, 2].map(|n| if n == axis { step } else { 0.0 }));
                (route.apply(at + by).unwrap().xyz - there.xyz) / step
            };
            let measured = nalgebra::Matrix3::from_columns(&[side(0), side(1), side(2)]).determinant().abs();
            prop_assert!((measured / walk.growth(at, there) - 1.0).abs() < 0.3, "{measured}");
        }

        #[test]
        fn the_hull_holds_all_that_goes_there(route in route(), low in prop::array::uniform3(-250.0..200.0f64), sides in prop::array::uniform3(0.0..80.0f64), parts in prop::collection::vec(prop::array::uniform3(0.0..1.0f64), 8)) {
            let place = |part: [f64; 3]| Point::from([0, 1, 2].map(|axis| low[axis] + part[axis] * sides[axis]));
            let corners: Vec<_> = (0..8).map(|n| place([0, 1, 2].map(|axis| f64::from(n >> axis & 1)))).collect();
            let hull = route.walk().unwrap().hull(&corners);
            for part in parts {
                let there = route.apply(place(part)).unwrap();
                for axis in 0..3 {
                    let low = hull.iter().map(|at| at[axis]).fold(f64::INFINITY, f64::min);
                    let high = hull.iter().map(|at| at[axis]).fold(f64::NEG_INFINITY, f64::max);
                    prop_assert!(low - 1e-6 <= there[axis] && there[axis] <= high + 1e-6, "{there:?} in {low} to {high}");
                }
            }
        }
    }

    #[test]
    fn a_flat_map_has_no_way() {
        let flat = Affine::new(nalgebra::Matrix3::zeros(), nalgebra::Vector3::zeros());
        assert!(Route::along(flat).walk().is_err() && Route::against(flat).walk().is_err());
        assert_eq!(Route::against(flat).apply(Point::new(0.0, 0.0, 0.0)), None);
    }
}

//! Where the moving image lies, as the numbers that people read and type.

use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::geometry::{Affine, Patient, Point, Vector};

/// Steps of the polar decomposition: a map that stretches a thousandfold takes 15.
const POLAR_STEPS: usize = 64;

/// Translation, angles and size of a map from the moving volume's patient space to the fixed one's.
///
/// About a place `c` of the moving image, its center of rotation, a place `m` of it goes to
///
/// `c + translation + scale · Rz · Ry · Rx · U · (m - c)`
///
/// where Rx turns about the patient's x axis (to the Left), Ry about y (to the Posterior), Rz about z (to the Head),
/// each right-handed: first Rx, then Ry, then Rz about axes that stay (or Rz, Ry, Rx about axes that turn along).
/// U is what an affine map stretches and shears besides, the identity for rigid maps and similarities.
/// The translation is thus how far the center has come, and a change of the angles turns the image about where its
/// center lies now: neither number changes the other's meaning.
///
/// Angles run from -180 to 180 degrees, the one about y from -90 to 90. There, x and z turn about one line, and only
/// their sum or difference means something: z is then read as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// How far the center has come: to the Left, to the Posterior, to the Head, mm.
    pub translation_mm: [f64; 3],
    /// Angles about x, y and z, degrees.
    pub angles_degrees: [f64; 3],
    /// How much larger the moving image is shown, as a length; 1 for rigid maps.
    pub scale: f64,
}

impl Pose {
    /// A map's numbers, about a place of the moving volume's patient space.
    #[must_use]
    pub fn of(fixed_from_moving: &Affine<Patient, Patient>, center: Point<Patient>) -> Self {
        let parts = Parts::of(&fixed_from_moving.linear);
        let translation: Vector<Patient> = *fixed_from_moving * center - center;
        Self {
            translation_mm: translation.xyz.into(),
            angles_degrees: angles_rad(&parts.rotation).map(f64::to_degrees),
            scale: parts.scale,
        }
    }

    /// The map with these numbers that stretches and shears as `like` does besides.
    #[must_use]
    pub fn fixed_from_moving(
        &self,
        like: &Affine<Patient, Patient>,
        center: Point<Patient>,
    ) -> Affine<Patient, Patient> {
        let [x, y, z] = self.angles_degrees.map(f64::to_radians);
        let rotation = Rotation3::from_euler_angles(x, y, z).into_inner();
        let linear = rotation * Parts::of(&like.linear).rest * self.scale;
        let at = center.xyz + Vector3::from(self.translation_mm);
        Affine::new(linear, at - linear * center.xyz)
    }

    pub(super) fn is_finite(&self) -> bool {
        let mut numbers = self.translation_mm.iter().chain(&self.angles_degrees);
        numbers.all(|number| number.is_finite()) && self.scale.is_finite()
    }
}

/// A linear map taken apart: `scale * rotation * rest`, where `rest` keeps volume and turns nothing.
struct Parts {
    scale: f64,
    rotation: Matrix3<f64>,
    rest: Matrix3<f64>,
}

impl Parts {
    /// The polar decomposition; of a map that mirrors, the rest mirrors through the center.
    ///
    /// Newton's iteration for the orthogonal factor: Higham NJ, SIAM J Sci Stat Comput 1986;7:1160. It doubles the
    /// digits each step, and keeps those that a decomposition by eigenvalues loses.
    fn of(linear: &Matrix3<f64>) -> Self {
        let scale = linear.determinant().abs().cbrt();
        let mut rotation = linear / linear.determinant().cbrt();
        for _ in 0..POLAR_STEPS {
            let Some(inverse) = rotation.try_inverse() else {
                break;
            };
            let next = (rotation + inverse.transpose()) / 2.0;
            let change = (next - rotation).abs().max();
            rotation = next;
            if change < 1e-15 {
                break;
            }
        }
        Self {
            scale,
            rotation,
            rest: rotation.transpose() * linear / scale,
        }
    }
}

/// Angles about x, y, z of `Rz Ry Rx`.
fn angles_rad(rotation: &Matrix3<f64>) -> [f64; 3] {
    let r = |row: usize, column: usize| rotation[(row, column)];
    let cosine_y = r(0, 0).hypot(r(1, 0));
    // The arc tangent keeps its digits near 90 degrees, where the arc sine loses half of them.
    let y = (-r(2, 0)).atan2(cosine_y);
    if cosine_y > 1e-9 {
        return [r(2, 1).atan2(r(2, 2)), y, r(1, 0).atan2(r(0, 0))];
    }
    [(-r(1, 2)).atan2(r(1, 1)), y, 0.0]
}

#[cfg(test)]
mod tests {
    use nalgebra::{Matrix3, Vector3};
    use proptest::prelude::*;

    use super::Pose;
    use crate::geometry::{Affine, Patient, Point, Vector};

    fn turned(axis: [f64; 3], degrees: f64) -> Affine<Patient, Patient> {
        Affine::rotation(
            Point::new(0.0, 0.0, 0.0),
            Vector::from(axis),
            degrees.to_radians(),
        )
        .unwrap()
    }

    fn check(
        fixed_from_moving: Affine<Patient, Patient>,
        translation_mm: [f64; 3],
        angles_degrees: [f64; 3],
    ) {
        let center = Point::new(10.0, -20.0, 30.0);
        let about = |step: f64| Affine::translation((center - Point::new(0.0, 0.0, 0.0)) * step);
        let pose = Pose::of(&(about(1.0) * fixed_from_moving * about(-1.0)), center);
        let off =
            |found: [f64; 3], expected: [f64; 3]| (Vector3::from(found) - Vector3::from(expected)).norm();
        assert!(off(pose.translation_mm, translation_mm) < 1e-9, "{pose:?}");
        assert!(off(pose.angles_degrees, angles_degrees) < 1e-9, "{pose:?}");
    }

    #[test]
    fn the_numbers_are_those_of_the_steps() {
        let shift = Affine::translation(Vector::new(5.0, -3.0, 2.0));
        check(shift, [5.0, -3.0, 2.0], [0.0; 3]);
        check(
            shift * turned([1.0, 0.0, 0.0], 12.0),
            [5.0, -3.0, 2.0],
            [12.0, 0.0, 0.0],
        );
        check(
            shift * turned([0.0, 1.0, 0.0], -89.0),
            [5.0, -3.0, 2.0],
            [0.0, -89.0, 0.0],
        );
        check(turned([0.0, 0.0, 1.0], 170.0), [0.0; 3], [0.0, 0.0, 170.0]);
        // First about x, then about y, then about z, each a line that stays.
        let [x, y, z] = [
            turned([1.0, 0.0, 0.0], 30.0),
            turned([0.0, 1.0, 0.0], 20.0),
            turned([0.0, 0.0, 1.0], -40.0),
        ];
        check(z * y * x, [0.0; 3], [30.0, 20.0, -40.0]);
    }

    /// Reference: ITK 5.4's Euler3DTransform with ComputeZYX on, SetRotation(0.3, -0.2, 0.5).
    #[test]
    #[rustfmt::skip]
    fn the_matrix_is_that_of_itk() {
        let expected = Matrix3::new(
            0.8600893382050473, -0.5095362866083979, -0.02488177918333981,
            0.4698689469495153, 0.8102391858702562, -0.3503364588118942,
            0.19866933079506122, 0.28962947762551555, 0.9362933635841992,
        );
        let angles_degrees = [0.3f64, -0.2, 0.5].map(f64::to_degrees);
        let pose = Pose { translation_mm: [0.0; 3], angles_degrees, scale: 1.0 };
        let found = pose.fixed_from_moving(&Affine::identity(), Point::new(0.0, 0.0, 0.0)).linear;
        assert!((found - expected).norm() < 1e-14, "{found}");
    }

    /// Maps of determinant 1/64 to 64 and either sense, from numbers.
    fn any_map() -> impl Strategy<Value = Affine<Patient, Patient>> {
        let angle =
            prop_oneof![4 => -180.0..180.0f64, 1 => prop::sample::select(vec![0.0, 90.0, -90.0, 180.0])];
        let stretch = (
            [-180.0..180.0f64, -90.0..90.0, -180.0..180.0],
            [0.25..4.0f64, 0.25..4.0, 0.25..4.0],
        );
        let mirrored = prop::bool::weighted(0.2);
        (
            prop::array::uniform3(angle),
            prop::array::uniform3(-500.0..500.0f64),
            stretch,
            mirrored,
        )
            .prop_map(|(angles_degrees, translation_mm, (turn, sides), mirrored)| {
                let pose = |angles_degrees| Pose {
                    translation_mm,
                    angles_degrees,
                    scale: 1.0,
                };
                let none = (&Affine::identity(), Point::new(0.0, 0.0, 0.0));
                let axes = pose(turn).fixed_from_moving(none.0, none.1).linear;
                let rest = axes * Matrix3::from_diagonal(&Vector3::from(sides)) * axes.transpose();
                let rotation = pose(angles_degrees).fixed_from_moving(none.0, none.1);
                let sign = if mirrored { -1.0 } else { 1.0 };
                Affine::new(rotation.linear * rest * sign, rotation.origin)
            })
    }

    fn off(one: &Affine<Patient, Patient>, other: &Affine<Patient, Patient>) -> f64 {
        (one.linear - other.linear)
            .abs()
            .max()
            .max((one.origin - other.origin).abs().max() / 1000.0)
    }

    proptest! {
        #[test]
        fn what_is_read_gives_the_map_back(map in any_map(), center in prop::array::uniform3(-500.0..500.0f64)) {
            let center = center.into();
            let pose = Pose::of(&map, center);
            prop_assert!(off(&pose.fixed_from_moving(&map, center), &map) < 1e-12);
            prop_assert!(pose.angles_degrees.iter().all(|angle| angle.abs() <= 180.0));
            prop_assert!(pose.angles_degrees[1].abs() <= 90.0 && pose.scale > 0.0);
        }

        #[test]
        fn what_is_set_is_read(
            map in any_map(), center in prop::array::uniform3(-500.0..500.0f64), translation_mm in prop::array::uniform3(-500.0..500.0f64),
            x in -180.0..180.0f64, y in -89.99..89.99f64, z in -180.0..180.0f64, scale in 0.1..10.0f64,
        ) {
            let center = center.into();
            let set = Pose { translation_mm, angles_degrees: [x, y, z], scale };
            let read = Pose::of(&set.fixed_from_moving(&map, center), center);
            for axis in 0..3 {
                prop_assert!((read.translation_mm[axis] - set.translation_mm[axis]).abs() < 1e-9);
                prop_assert!((read.angles_degrees[axis] - set.angles_degrees[axis]).abs() < 1e-8, "{read:?}");
            }
            prop_assert!((read.scale / set.scale - 1.0).abs() < 1e-12);
        }

        /// The center stays under the angles, and the angles under the translation.
        #[test]
        fn numbers_do_not_mix(map in any_map(), center in prop::array::uniform3(-500.0..500.0f64), angles_degrees in prop::array::uniform3(-90.0..90.0f64)) {
            let center: Point<Patient> = center.into();
            let turned = Pose { angles_degrees, ..Pose::of(&map, center) }.fixed_from_moving(&map, center);
            prop_assert!((turned * center).distance(map * center) < 1e-9);
            let moved = Pose { translation_mm: [1.0, 2.0, 3.0], ..Pose::of(&map, center) }.fixed_from_moving(&map, center);
            prop_assert!((moved.linear - map.linear).abs().max() < 1e-12);
        }
    }
}

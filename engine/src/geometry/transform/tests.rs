use proptest::prelude::*;

use crate::geometry::{
    Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector, Voxel,
};

/// A smooth bump of `height_mm` in the middle of an oblique grid of 8 mm steps that it leaves at 0.
fn bump(height_mm: [f64; 3]) -> DisplacementField {
    let turned = Affine::rotation(Point::new(0.0, 0.0, 0.0), Vector::new(1.0, 2.0, -1.0), 0.4).unwrap();
    let upright: Affine<Patient, Voxel> = Affine::from_axes(
        [
            Vector::new(8.0, 0.0, 0.0),
            Vector::new(0.0, 8.0, 0.0),
            Vector::new(0.0, 0.0, 8.0),
        ],
        Point::new(-40.0, -40.0, -40.0),
    );
    let grid = Grid::new([11, 11, 11], turned * upright).unwrap();
    let displacements = (0..grid.voxels()).map(|n| {
        let radius_mm = [n % 11, n / 11 % 11, n / 121].map(|v| 8.0 * (v as f64 - 5.0));
        let square: f64 = radius_mm.iter().map(|v| v * v).sum();
        let weight = (1.0 - square / 1600.0).max(0.0).powi(2);
        height_mm.map(|v| (weight * v) as f32)
    });
    DisplacementField::new(grid.clone(), displacements.collect()).unwrap()
}

fn affine() -> Affine<Patient, Patient> {
    let turned = Affine::rotation(Point::new(10.0, 0.0, 5.0), Vector::new(0.0, 1.0, 1.0), -0.3).unwrap();
    Affine::translation(Vector::new(30.0, -20.0, 7.0)) * turned
}

fn bent(height_mm: [f64; 3]) -> Transform {
    Transform::from(Deformation {
        field: bump(height_mm),
        affine: affine(),
    })
}

#[test]
fn first_the_field_then_the_affine_map() {
    let transform = bent([0.0, 8.0, 0.0]);
    let middle = Point::new(0.0, 0.0, 0.0);
    let wanted = affine() * Point::new(0.0, 8.0, 0.0);
    assert!(transform.apply(middle).distance(wanted) < 1e-5);
    let far = Point::new(200.0, 0.0, 0.0);
    assert_eq!(transform.apply(far), affine() * far);
    assert_eq!(transform.jacobian(far), affine().linear);
}

#[test]
fn a_direction_follows_the_derivatives() {
    let transform = bent([5.0, 8.0, -3.0]);
    let (at, step) = (Point::new(7.3, -4.1, 12.2), Vector::new(0.3, 0.5, -0.2));
    let wanted = transform.apply(at + step * 1e-4) - transform.apply(at);
    let found = transform.apply_to_direction(at, step);
    assert!((found - wanted * 1e4).norm() < 1e-6, "{found:?}");
}

#[test]
fn what_folds_is_not_invertible() {
    assert!(bent([0.0, 8.0, 0.0]).is_invertible());
    assert!(bent([0.0, 8.0, 0.0]).smallest_jacobian() > 0.3);
    let folded = bent([0.0, 60.0, 0.0]);
    assert!(!folded.is_invertible());
    assert!(folded.smallest_jacobian() < 0.0);
    let flat = Affine::new(nalgebra::Matrix3::zeros(), nalgebra::Vector3::zeros());
    assert!(!Transform::from(flat).is_invertible());
    assert_eq!(Transform::from(flat).inverse_of(Point::new(0.0, 0.0, 0.0)), None);
    assert_eq!(bent([1.0; 3]).inverse_of(Point::new(f64::NAN, 0.0, 0.0)), None);
}

#[test]
fn affine_maps_before_and_after_are_exact() {
    let (transform, other) = (bent([4.0, -6.0, 5.0]), affine());
    let before = transform.preceded_by(other).unwrap();
    for point in [
        Point::new(0.0, 3.0, 1.0),
        Point::new(-28.0, 14.0, 2.0),
        Point::new(-35.0, 20.0, 9.0),
    ] {
        assert!(before.apply(point).distance(transform.apply(other * point)) < 1e-5);
        let after = transform.followed_by(other).apply(point);
        assert!(after.distance(other * transform.apply(point)) < 1e-9);
    }
}

proptest! {
    #[test]
    fn inverse_undoes_a_smooth_field(
        height in prop::array::uniform3(-9.0..9.0f64),
        point in prop::array::uniform3(-60.0..60.0f64),
    ) {
        let transform = bent(height);
        prop_assert!(transform.is_invertible());
        let point: Point<Patient> = point.into();
        let back = transform.inverse_of(transform.apply(point));
        prop_assert!(back.is_some_and(|back| back.distance(point) < 1e-4), "{back:?}");
    }

    #[test]
    fn an_inverse_is_one_even_where_the_field_folds(
        height in prop::array::uniform3(-80.0..80.0f64),
        point in prop::array::uniform3(-60.0..60.0f64),
    ) {
        let transform = bent(height);
        if let Some(back) = transform.inverse_of(point.into()) {
            prop_assert!(transform.apply(back).distance(point.into()) < 1e-4);
        }
    }
}

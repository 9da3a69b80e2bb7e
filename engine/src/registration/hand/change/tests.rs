use proptest::prelude::*;

use super::{Change, ChangeError};
use crate::geometry::{Affine, Patient, Point, Vector};
use crate::registration::Pose;

const ORIGIN: Point<Patient> = Point::new(0.0, 0.0, 0.0);
const Z: Vector<Patient> = Vector::new(0.0, 0.0, 1.0);

fn after(change: Change) -> Affine<Patient, Patient> {
    change.after(&Affine::identity()).unwrap()
}

fn refused(change: Change, sentence: &str) {
    let error = change.after(&Affine::identity()).unwrap_err();
    assert_eq!(error.to_string(), sentence);
}

fn near(found: Point<Patient>, expected: Point<Patient>) {
    assert!(found.distance(expected) < 1e-9, "{found:?}, not {expected:?}");
}

/// Seen from the feet, as axial images are: x to the right, y down. What was on the right, dragged down, is below.
#[test]
fn a_turn_follows_the_pointer() {
    let (right, below) = (Point::new(50.0, 0.0, 7.0), Point::new(0.0, 31.0, -4.0));
    for axis in [Z, -Z, Z * 17.0] {
        let turn = after(Change::Turn {
            pivot: ORIGIN,
            axis,
            from: right,
            to: below,
        });
        near(turn * Point::new(50.0, 0.0, 7.0), Point::new(0.0, 50.0, 7.0));
        near(turn * Point::new(0.0, 10.0, 0.0), Point::new(-10.0, 0.0, 0.0));
    }
}

#[test]
fn a_ball_rolls_under_the_pointer() {
    let roll = |from, to| {
        after(Change::Roll {
            pivot: ORIGIN,
            sight: Z,
            radius_mm: 100.0,
            from,
            to,
        })
    };
    // From the middle, where the ball is nearest to the viewer, a quarter of the way round to the rim on the right.
    let (middle, rim) = (ORIGIN, Point::new(100.0, 0.0, 0.0));
    near(roll(middle, rim) * Point::new(0.0, 0.0, -100.0), rim);
    near(
        roll(middle, rim) * Point::new(0.0, 30.0, 0.0),
        Point::new(0.0, 30.0, 0.0),
    );
    // Beyond the rim the picture turns in its plane.
    let turn = roll(Point::new(300.0, 0.0, 0.0), Point::new(0.0, 200.0, 0.0));
    near(turn * Point::new(10.0, 0.0, 5.0), Point::new(0.0, 10.0, 5.0));
    let half = roll(Point::new(300.0, 0.0, 0.0), Point::new(-300.0, 0.0, 0.0));
    near(half * Point::new(10.0, 0.0, 5.0), Point::new(-10.0, 0.0, 5.0));
}

#[test]
fn nudges_and_stretches_are_what_they_say() {
    let pivot = Point::new(10.0, 0.0, 0.0);
    near(
        after(Change::MoveBy(Vector::new(0.5, 0.0, -0.5))) * pivot,
        Point::new(10.5, 0.0, -0.5),
    );
    let turn = after(Change::TurnBy {
        pivot,
        axis: Z,
        angle_rad: 0.1f64.to_radians(),
    });
    near(turn * pivot, pivot);
    let found = Pose::of(&turn, pivot).angles_degrees;
    assert!((found[2] - 0.1).abs() < 1e-12, "{found:?}");
    let stretch = after(Change::Stretch {
        pivot,
        factors: [2.0, 1.0, 0.5],
    });
    near(stretch * Point::new(11.0, 3.0, 4.0), Point::new(12.0, 3.0, 2.0));
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let at = |x: f64| Point::new(x, 0.0, 0.0);
    refused(
        Change::Drag {
            from: at(0.0),
            to: at(f64::NAN),
        },
        "where the moving image goes must be finite",
    );
    refused(
        Change::Turn {
            pivot: at(0.0),
            axis: Z,
            from: at(0.0),
            to: at(1.0),
        },
        "the pointer must lie away from the line that is turned about",
    );
    refused(
        Change::TurnBy {
            pivot: at(0.0),
            axis: Z * 0.0,
            angle_rad: 1.0,
        },
        "the axis to turn about must have a direction",
    );
    refused(
        Change::Stretch {
            pivot: at(0.0),
            factors: [1.0, 0.0, 1.0],
        },
        "a factor to stretch by must be 0.1 to 10, found 0",
    );
    let flat = Affine::new(Affine::<Patient, Patient>::identity().linear * 1e-9, at(0.0).xyz);
    refused(
        Change::Replace {
            fixed_from_moving: flat,
        },
        "the moving image must keep three dimensions, a hundredth to a hundredfold size, and lie within 10 km",
    );
    let pose = Pose {
        scale: 40.0,
        ..Pose::of(&Affine::identity(), at(0.0))
    };
    let refusal = Change::Place {
        center: at(0.0),
        pose,
    }
    .after(&Affine::identity());
    assert!(
        matches!(refusal, Err(ChangeError::Size { found: 40.0, .. })),
        "{refusal:?}"
    );
}

fn place() -> impl Strategy<Value = Point<Patient>> {
    prop::array::uniform3(-400.0..400.0f64).prop_map(Point::from)
}

fn direction() -> impl Strategy<Value = Vector<Patient>> {
    let near_zero = |v: &Vector<Patient>| v.norm() > 0.1;
    prop::array::uniform3(-3.0..3.0f64)
        .prop_map(Vector::from)
        .prop_filter("a direction", near_zero)
}

fn is_rigid(map: &Affine<Patient, Patient>) -> bool {
    let off = map.linear.transpose() * map.linear - nalgebra::Matrix3::identity();
    off.abs().max() < 1e-12 && map.linear.determinant() > 0.0
}

proptest! {
    #[test]
    fn a_turn_brings_one_direction_to_the_other(pivot in place(), axis in direction(), from in place(), to in place()) {
        let unit = axis.normalized().unwrap();
        let arm = |place: Point<Patient>| (place - pivot) - unit * (place - pivot).dot(unit);
        prop_assume!(arm(from).norm() > 1.0 && arm(to).norm() > 1.0);
        let map = after(Change::Turn { pivot, axis, from, to });
        prop_assert!(is_rigid(&map));
        let (came, expected) = (arm(map * from).normalized().unwrap(), arm(to).normalized().unwrap());
        prop_assert!((came - expected).norm() < 1e-9);
        let on_line = pivot + axis * 12.0;
        prop_assert!((map * on_line).distance(on_line) < 1e-9);
        let back = after(Change::Turn { pivot, axis, from: to, to: from });
        prop_assert!((back * (map * Point::new(1.0, 2.0, 3.0))).distance(Point::new(1.0, 2.0, 3.0)) < 1e-9);
    }

    #[test]
    fn a_ball_s_point_stays_under_the_pointer(pivot in place(), sight in direction(), from in place(), to in place(), radius_mm in 50.0..300.0f64) {
        let map = after(Change::Roll { pivot, sight, radius_mm, from, to });
        prop_assert!(is_rigid(&map));
        prop_assert!((map * pivot).distance(pivot) < 1e-9);
        let sight = sight.normalized().unwrap();
        let on_ball = |place: Point<Patient>| {
            let across = (place - pivot) - sight * (place - pivot).dot(sight);
            let height_mm = (radius_mm.powi(2) - across.dot(across)).max(0.0).sqrt();
            (height_mm > 0.0).then(|| pivot + across - sight * height_mm)
        };
        if let (Some(from), Some(to)) = (on_ball(from), on_ball(to)) {
            prop_assert!((map * from).distance(to) < 1e-6, "{:?}", (map * from).distance(to));
        }
    }
}

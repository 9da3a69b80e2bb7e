use std::sync::Arc;

use proptest::prelude::*;

use super::{ByHand, STEPS};
use crate::geometry::{Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector};
use crate::registration::{Change, ChangeError, Pose};

const ORIGIN: Point<Patient> = Point::new(0.0, 0.0, 0.0);

fn move_by(x: f64) -> Change {
    Change::MoveBy(Vector::new(x, 0.0, 0.0))
}

fn x_of(by_hand: &ByHand) -> f64 {
    (by_hand.fixed_from_moving() * ORIGIN)[0]
}

fn unmoved() -> ByHand {
    ByHand::new(Affine::identity()).unwrap()
}

/// A field that bends smoothly by up to 9 mm on an oblique grid around the origin, and a turn.
fn bent() -> Transform {
    let axes = [
        Vector::new(20.0, 3.0, 0.0),
        Vector::new(-3.0, 20.0, 2.0),
        Vector::new(0.0, -2.0, 24.0),
    ];
    let grid = Grid::new(
        [11, 11, 9],
        Affine::from_axes(axes, Point::new(-90.0, -110.0, -100.0)),
    )
    .unwrap();
    let displacement = |n: usize| {
        let [i, j, k] = [n % 11, n / 11 % 11, n / 121].map(|n| n as f32);
        [
            5.0 * (0.5 * i).sin(),
            5.0 * (0.4 * j + 0.3 * k).cos(),
            4.0 * (0.6 * k - 0.2 * i).sin(),
        ]
    };
    let displacements: Arc<[[f32; 3]]> = (0..grid.voxels()).map(displacement).collect();
    Deformation {
        field: DisplacementField::new(grid, displacements).unwrap(),
        affine: Affine::rotation(Point::new(5.0, 9.0, -3.0), Vector::new(1.0, 2.0, 3.0), 0.2).unwrap(),
    }
    .into()
}

#[test]
fn a_gesture_is_one_step_and_ends_where_the_pointer_is() {
    let mut by_hand = unmoved();
    by_hand.change(&move_by(100.0), None).unwrap();
    for x in [1.0, 30.0, -7.0, 4.0] {
        by_hand.change(&move_by(x), Some(7)).unwrap();
    }
    assert_eq!(x_of(&by_hand), 104.0);
    by_hand.change(&move_by(10.0), Some(8)).unwrap();
    assert_eq!(x_of(&by_hand), 114.0);
    by_hand.end_gesture();
    by_hand.change(&move_by(1000.0), Some(8)).unwrap();
    for expected in [114.0, 104.0, 100.0, 0.0] {
        assert!(by_hand.undo());
        assert_eq!(x_of(&by_hand), expected);
    }
    assert!(!by_hand.undo() && !by_hand.can_undo() && by_hand.can_redo());
}

#[test]
fn a_gesture_back_to_its_beginning_leaves_no_step() {
    let mut by_hand = unmoved();
    by_hand.change(&move_by(5.0), None).unwrap();
    for x in [0.0, 3.0, 0.0, 2.0, 0.0] {
        by_hand.change(&move_by(x), Some(1)).unwrap();
    }
    assert!(by_hand.undo() && !by_hand.can_undo());
    assert!(by_hand.redo() && !by_hand.redo());
    assert_eq!(x_of(&by_hand), 5.0);
}

#[test]
fn a_step_forgets_what_was_undone() {
    let mut by_hand = unmoved();
    by_hand.change(&move_by(5.0), None).unwrap();
    by_hand.undo();
    by_hand.change(&move_by(2.0), None).unwrap();
    assert!(!by_hand.can_redo());
    by_hand.reset();
    assert_eq!(by_hand.fixed_from_moving(), Affine::identity());
    assert!(by_hand.undo());
    assert_eq!(x_of(&by_hand), 2.0);
}

#[test]
fn the_oldest_steps_are_forgotten() {
    let mut by_hand = unmoved();
    for _ in 0..STEPS + 10 {
        by_hand.change(&move_by(1.0), None).unwrap();
    }
    let undone = std::iter::from_fn(|| by_hand.undo().then_some(())).count();
    assert_eq!((undone, x_of(&by_hand)), (STEPS, 10.0));
}

#[test]
fn it_knows_what_was_saved() {
    let mut by_hand = unmoved();
    assert!(!by_hand.has_changes());
    by_hand.change(&move_by(1.0), None).unwrap();
    assert!(by_hand.has_changes());
    by_hand.mark_saved();
    assert!(!by_hand.has_changes());
    by_hand.undo();
    assert!(by_hand.has_changes());
    by_hand.redo();
    assert!(!by_hand.has_changes());
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut by_hand = unmoved();
    by_hand.change(&move_by(1.0), Some(3)).unwrap();
    let before = by_hand.clone();
    assert!(by_hand.change(&move_by(f64::INFINITY), Some(3)).is_err());
    assert_eq!(by_hand, before);
    let flat = Affine::new(nalgebra::Matrix3::zeros(), nalgebra::Vector3::zeros());
    assert_eq!(ByHand::new(flat), Err(ChangeError::Beyond));
}

#[test]
fn numbers_set_as_they_are_read_are_no_step() {
    let turn = Affine::rotation(Point::new(1.0, 2.0, 3.0), Vector::new(1.0, -1.0, 0.3), 0.4).unwrap();
    let mut by_hand = ByHand::new(turn).unwrap();
    let center = Point::new(40.0, -30.0, 250.0);
    by_hand
        .change(
            &Change::Place {
                center,
                pose: by_hand.pose(center),
            },
            None,
        )
        .unwrap();
    assert!(!by_hand.can_undo());
    // One number changed, with the crosshair for a center: the crosshair stays.
    let crosshair = Point::new(-10.0, 12.0, 33.0);
    let center = by_hand.center_at(crosshair);
    let mut pose = by_hand.pose(center);
    pose.angles_degrees[2] += 3.0;
    by_hand.change(&Change::Place { center, pose }, None).unwrap();
    assert!((by_hand.fixed_from_moving() * center).distance(crosshair) < 1e-9);
    assert!((by_hand.pose(center).angles_degrees[2] - pose.angles_degrees[2]).abs() < 1e-9);
}

#[test]
fn the_start_comes_back_as_it_was() {
    let mut by_hand = ByHand::new(bent()).unwrap();
    assert_eq!(by_hand.moving_from_fixed(), bent());
    by_hand.change(&move_by(3.0), None).unwrap();
    assert_ne!(by_hand.moving_from_fixed(), bent());
    by_hand.reset();
    assert_eq!(by_hand.moving_from_fixed(), bent());
    assert_eq!(by_hand.now_from_start(), Affine::identity());
    assert_eq!(by_hand.start(), &bent());
}

/// Numbers that break things, among ordinary ones.
fn number() -> impl Strategy<Value = f64> {
    let odd = vec![
        0.0,
        -0.0,
        1.0,
        1e-300,
        1e9,
        -1e300,
        f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE,
    ];
    prop_oneof![9 => -300.0..300.0f64, 1 => prop::sample::select(odd)]
}

fn place() -> impl Strategy<Value = Point<Patient>> {
    prop::array::uniform3(number()).prop_map(Point::from)
}

fn change() -> impl Strategy<Value = Change> {
    let vector = || prop::array::uniform3(number()).prop_map(Vector::from);
    let factors = prop::array::uniform3(prop_oneof![9 => 0.1..10.0f64, 1 => number()]);
    prop_oneof![
        (place(), place()).prop_map(|(from, to)| Change::Drag { from, to }),
        (place(), vector(), place(), place()).prop_map(|(pivot, axis, from, to)| Change::Turn {
            pivot,
            axis,
            from,
            to
        }),
        (place(), vector(), number(), place(), place()).prop_map(|(pivot, sight, radius_mm, from, to)| {
            Change::Roll {
                pivot,
                sight,
                radius_mm,
                from,
                to,
            }
        }),
        vector().prop_map(Change::MoveBy),
        (place(), vector(), number()).prop_map(|(pivot, axis, angle_rad)| Change::TurnBy {
            pivot,
            axis,
            angle_rad
        }),
        (place(), factors).prop_map(|(pivot, factors)| Change::Stretch { pivot, factors }),
        (
            place(),
            prop::array::uniform3(number()),
            prop::array::uniform3(number()),
            0.05..20.0f64
        )
            .prop_map(|(center, translation_mm, angles_degrees, scale)| {
                Change::Place {
                    center,
                    pose: Pose {
                        translation_mm,
                        angles_degrees,
                        scale,
                    },
                }
            }),
        (prop::array::uniform9(number()), place()).prop_map(|(linear, origin)| Change::Replace {
            fixed_from_moving: Affine::new(
                nalgebra::Matrix3::from(
                    linear
                        .as_chunks::<3>()
                        .0
                        .to_vec()
                        .try_into()
                        .unwrap_or([[0.0; 3]; 3])
                ),
                origin.xyz
            ),
        }),
    ]
}

#[derive(Debug, Clone)]
enum Act {
    Change(Change, Option<u64>),
    End,
    Undo,
    Redo,
    Reset,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (change(), prop::option::of(0..2u64)).prop_map(|(change, gesture)| Act::Change(change, gesture)),
        1 => Just(Act::End),
        3 => Just(Act::Undo),
        2 => Just(Act::Redo),
        1 => Just(Act::Reset),
    ];
    prop::collection::vec(act, 0..20)
}

fn start() -> impl Strategy<Value = Transform> {
    prop_oneof![
        Just(Transform::identity()),
        (prop::array::uniform3(-200.0..200.0f64), -3.0..3.0f64).prop_map(|(at, angle_rad)| {
            Affine::rotation(Point::from(at), Vector::new(1.0, 2.0, -0.5), angle_rad)
                .unwrap()
                .into()
        }),
        Just(bent()),
    ]
}

/// One act, and what it should do to the states that can be reached: all of them, and which one is now.
fn act(by_hand: &mut ByHand, act: &Act) {
    match act {
        Act::Change(change, gesture) => {
            let before = by_hand.clone();
            if by_hand.change(change, *gesture).is_err() {
                assert_eq!(*by_hand, before);
            }
        }
        Act::End => by_hand.end_gesture(),
        Act::Undo => {
            let (now, went) = (by_hand.fixed_from_moving(), by_hand.can_undo());
            assert_eq!(by_hand.undo(), went);
            let mut again = by_hand.clone();
            assert!(!went || again.redo());
            assert_eq!(again.fixed_from_moving(), now);
        }
        Act::Redo => {
            let (now, went) = (by_hand.fixed_from_moving(), by_hand.can_redo());
            assert_eq!(by_hand.redo(), went);
            let mut again = by_hand.clone();
            assert!(!went || again.undo());
            assert_eq!(again.fixed_from_moving(), now);
        }
        Act::Reset => by_hand.reset(),
    }
}

proptest! {
    /// Whatever was done, all can be undone to the start exactly, and no step of it does nothing.
    #[test]
    fn undo_leads_back_to_the_start(start in start(), acts in acts()) {
        let mut by_hand = ByHand::new(start.clone()).unwrap();
        for one in &acts {
            act(&mut by_hand, one);
            prop_assert!(by_hand.moving_from_fixed().is_invertible());
        }
        loop {
            let before = by_hand.fixed_from_moving();
            if !by_hand.undo() {
                break;
            }
            prop_assert_ne!(by_hand.fixed_from_moving(), before);
        }
        prop_assert_eq!(by_hand.moving_from_fixed(), start);
    }

    /// What moves is the picture: each place of the moving image is seen where the change takes it, bent or not.
    #[test]
    fn every_place_of_the_picture_makes_the_same_move(
        start in start(), seen in prop::array::uniform3(-80.0..80.0f64), from in prop::array::uniform3(-80.0..80.0f64), to in prop::array::uniform3(-80.0..80.0f64), angle_rad in -1.0..1.0f64,
    ) {
        let mut by_hand = ByHand::new(start.clone()).unwrap();
        let [seen, from, to] = [seen, from, to].map(Point::<Patient>::from);
        let turn = Affine::rotation(from, Vector::new(0.2, 1.0, -0.7), angle_rad).unwrap();
        let moved = Affine::translation(to - from) * turn;
        by_hand.change(&Change::TurnBy { pivot: from, axis: Vector::new(0.2, 1.0, -0.7), angle_rad }, None).unwrap();
        by_hand.change(&Change::Drag { from, to }, None).unwrap();
        let of_moving = start.apply(seen);
        let now = by_hand.moving_from_fixed();
        prop_assert!(now.apply(moved * seen).distance(of_moving) < 1e-4, "{}", now.apply(moved * seen).distance(of_moving));
        prop_assert!((by_hand.now_from_start() * seen).distance(moved * seen) < 1e-9);
        if start.field().is_none() {
            prop_assert!((by_hand.fixed_from_moving() * of_moving).distance(moved * seen) < 1e-9);
        }
    }
}

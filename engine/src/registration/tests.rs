//! Registrations with exactly known answers, and those that must not be trusted.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::phantom::{ct, ct_grid, grid, pet, pet_grid};
use super::{
    Confidence, Error, Flexibility, Model, Options, Reason, Registration, Similarity, Start, Watch, Which,
    register,
};
use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::volume::{Rescale, Unit, Volume, Voxels};

fn motion(axis: [f64; 3], degrees: f64, shift_mm: [f64; 3]) -> Affine<Patient, Patient> {
    let turn = Affine::rotation(
        Point::new(0.0, 0.0, 0.0),
        Vector::from(axis),
        degrees.to_radians(),
    )
    .unwrap();
    Affine::translation(Vector::from(shift_mm)) * turn
}

/// Mean distance to the truth at the corners of the body's box, mm.
fn error_mm(registration: &Registration, truth: &Affine<Patient, Patient>) -> f64 {
    let corner = |n: usize| {
        let side = |axis: usize, half: f64| if n >> axis & 1 == 0 { -half } else { half };
        Point::new(side(0, 150.0), side(1, 100.0), side(2, 230.0))
    };
    let apart = (0..8).map(|n| registration.found.apply(corner(n)).distance(*truth * corner(n)));
    apart.sum::<f64>() / 8.0
}

#[test]
fn a_moved_pet_is_found_on_its_ct() {
    let truth = motion([0.3, -0.2, 1.0], 14.0, [22.0, -15.0, 30.0]);
    let (fixed, moving) = (ct(ct_grid()), pet(pet_grid(), &truth));
    let registration = register(&fixed, &moving, &Options::default(), &()).unwrap();
    assert!(
        error_mm(&registration, &truth) < 1.0,
        "{}",
        error_mm(&registration, &truth)
    );
    assert_eq!(
        registration.verdict.confidence,
        Confidence::Good,
        "{:?}",
        registration.verdict
    );
    assert_eq!(registration.moving_from_fixed, registration.found);

    // The other way round it is the way back.
    let back = register(&moving, &fixed, &Options::default(), &()).unwrap();
    assert!(error_mm(&back, &truth.inverse().unwrap()) < 1.0);
}

#[test]
fn growth_is_found_where_it_is_asked_for() {
    let grown = Affine::new(nalgebra::Matrix3::identity() * 1.04, nalgebra::Vector3::zeros());
    let stretched = Affine::new(
        nalgebra::Matrix3::new(1.03, 0.02, 0.0, 0.0, 0.97, 0.01, 0.0, 0.0, 1.05),
        nalgebra::Vector3::zeros(),
    );
    let moved = motion([0.0, 0.0, 1.0], 5.0, [8.0, 6.0, -9.0]);
    for (model, truth) in [
        (Model::Similarity, moved * grown),
        (Model::Affine, moved * stretched),
    ] {
        let moving = pet(pet_grid(), &truth);
        let options = Options {
            model,
            ..Options::default()
        };
        let registration = register(&ct(ct_grid()), &moving, &options, &()).unwrap();
        assert!(
            error_mm(&registration, &truth) < 1.5,
            "{model:?} {}",
            error_mm(&registration, &truth)
        );
    }
}

#[test]
fn one_modality_is_correlated() {
    let truth = motion([1.0, 0.0, 0.2], -6.0, [5.0, 12.0, -8.0]);
    let (before, after) = (pet(pet_grid(), &Affine::identity()), pet(pet_grid(), &truth));
    let registration = register(&before, &after, &Options::default(), &()).unwrap();
    assert_eq!(registration.verdict.similarity, Similarity::Correlation);
    assert!(error_mm(&registration, &truth) < 1.0);
}

#[test]
fn a_search_goes_on_from_where_a_hand_left_it() {
    let truth = motion([0.0, 1.0, 0.0], 40.0, [90.0, 0.0, 0.0]);
    let (fixed, moving) = (ct(ct_grid()), pet(pet_grid(), &truth));
    let start = Start::From(truth * motion([0.0, 1.0, 0.3], 4.0, [6.0, -5.0, 7.0]));
    let options = Options {
        start,
        ..Options::default()
    };
    let registration = register(&fixed, &moving, &options, &()).unwrap();
    assert!(
        error_mm(&registration, &truth) < 1.5,
        "{}",
        error_mm(&registration, &truth)
    );
    let flat = Affine::new(nalgebra::Matrix3::zeros(), nalgebra::Vector3::zeros());
    let options = Options {
        start: Start::From(flat),
        ..Options::default()
    };
    assert_eq!(
        register(&fixed, &moving, &options, &()).unwrap_err(),
        Error::Start
    );
}

#[test]
fn the_scanner_is_believed_and_motion_is_said() {
    let uid = Some("1.2.3".to_owned());
    let fixed = ct(ct_grid()).in_frame_of_reference(uid.clone());
    let still = pet(pet_grid(), &Affine::identity()).in_frame_of_reference(uid.clone());
    let registration = register(&fixed, &still, &Options::default(), &()).unwrap();
    assert_eq!(registration.moving_from_fixed, Affine::identity().into());
    assert_eq!(
        registration.verdict.confidence,
        Confidence::Good,
        "{:?}",
        registration.verdict
    );

    let moved = motion([0.0, 0.0, 1.0], 3.0, [0.0, 9.0, 4.0]);
    let moving = pet(pet_grid(), &moved).in_frame_of_reference(uid);
    let registration = register(&fixed, &moving, &Options::default(), &()).unwrap();
    assert_eq!(registration.moving_from_fixed, Affine::identity().into());
    assert!(error_mm(&registration, &moved) < 1.0);
    assert_eq!(registration.verdict.confidence, Confidence::Check);
    let said = |reason: &Reason| matches!(reason, Reason::Moved { by_mm } if (*by_mm - 10.5).abs() < 3.0);
    assert!(
        registration.verdict.reasons.iter().any(said),
        "{:?}",
        registration.verdict.reasons
    );
}

#[test]
fn a_map_that_bends_is_always_to_be_looked_at() {
    let truth = motion([0.0, 0.0, 1.0], 3.0, [6.0, -5.0, 8.0]);
    let fixed = ct(grid([44, 32, 60], [8.0, 8.0, 8.0]));
    let moving = pet(grid([50, 40, 64], [8.0, 8.0, 8.0]), &truth);
    let options = Options {
        deformable: Some(Flexibility::default()),
        ..Options::default()
    };
    let watcher = Watcher {
        stop_at: 2.0,
        ..Watcher::default()
    };
    let registration = register(&fixed, &moving, &options, &watcher).unwrap();
    assert_eq!(registration.verdict.confidence, Confidence::Check);
    let said = |reason: &Reason| matches!(reason, Reason::Bent { .. } | Reason::NotBent(_));
    assert!(
        registration.verdict.reasons.iter().any(said),
        "{:?}",
        registration.verdict
    );
    assert_eq!(
        registration.moving_from_fixed.affine_part(),
        registration.found.affine_part()
    );
    let heard = watcher.heard.into_inner().unwrap();
    assert!(heard.windows(2).all(|pair| pair[0] <= pair[1]), "{heard:?}");
    let watcher = Watcher {
        stop_at: 0.55,
        ..Watcher::default()
    };
    assert_eq!(
        register(&fixed, &moving, &options, &watcher).unwrap_err(),
        Error::Cancelled
    );
}

/// Registers and wants anything but good.
fn doubted(fixed: &Volume, moving: &Volume) -> Registration {
    let registration = register(fixed, moving, &Options::default(), &()).unwrap();
    assert_ne!(
        registration.verdict.confidence,
        Confidence::Good,
        "{:?}",
        registration.verdict
    );
    assert!(!registration.verdict.reasons.is_empty());
    registration
}

fn failed(fixed: &Volume, moving: &Volume) -> Reason {
    let registration = doubted(fixed, moving);
    assert_eq!(
        registration.verdict.confidence,
        Confidence::Failed,
        "{:?}",
        registration.verdict
    );
    registration.verdict.reasons[0]
}

fn flat(grid: Grid, value: f32) -> Volume {
    let voxels = Voxels::F32(vec![value; grid.voxels()].into());
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

#[test]
fn what_has_one_value_cannot_be_registered() {
    let fixed = ct(grid([44, 32, 60], [8.0, 8.0, 8.0]));
    let nothing = grid([40, 40, 60], [8.0, 8.0, 8.0]);
    for value in [0.0, 7.0, f32::NAN, f32::INFINITY] {
        assert_eq!(
            failed(&fixed, &flat(nothing.clone(), value)),
            Reason::OneValue(Which::Moving)
        );
        assert_eq!(
            failed(&flat(nothing.clone(), value), &fixed),
            Reason::OneValue(Which::Fixed)
        );
    }
}

#[test]
fn one_slice_is_no_volume() {
    let fixed = ct(grid([44, 32, 60], [8.0, 8.0, 8.0]));
    let slice = pet(grid([90, 80, 1], [4.0, 4.0, 4.0]), &Affine::identity());
    assert!(matches!(
        failed(&fixed, &slice),
        Reason::Thin {
            which: Which::Moving,
            ..
        }
    ));
    let thick = pet(grid([90, 80, 1], [4.0, 4.0, 100.0]), &Affine::identity());
    assert!(matches!(
        failed(&thick, &fixed),
        Reason::Thin {
            which: Which::Fixed,
            ..
        }
    ));
}

#[test]
fn a_place_far_from_the_body_is_no_start() {
    let fixed = ct(grid([44, 32, 60], [8.0, 8.0, 8.0]));
    let moving = pet(grid([44, 40, 60], [8.0, 8.0, 8.0]), &Affine::identity());
    let start = Start::From(Affine::translation(Vector::new(3000.0, 0.0, 0.0)));
    let options = Options {
        start,
        ..Options::default()
    };
    let registration = register(&fixed, &moving, &options, &()).unwrap();
    assert_eq!(registration.verdict.confidence, Confidence::Failed);
    assert!(
        matches!(registration.verdict.reasons[0], Reason::Overlap { .. }),
        "{:?}",
        registration.verdict
    );
}

#[test]
fn other_parts_of_the_body_are_not_good() {
    // The upper third of one and the lower third of the other.
    let upper = Grid::new(
        [44, 32, 18],
        Affine::translation(Vector::new(0.0, 0.0, 165.0))
            * *grid([44, 32, 18], [8.0, 8.0, 8.0]).patient_from_voxel(),
    );
    let lower = Grid::new(
        [44, 40, 18],
        Affine::translation(Vector::new(0.0, 0.0, -165.0))
            * *grid([44, 40, 18], [8.0, 8.0, 8.0]).patient_from_voxel(),
    );
    doubted(&ct(upper.unwrap()), &pet(lower.unwrap(), &Affine::identity()));
}

#[test]
fn holes_and_thick_slices_do_not_matter() {
    let truth = motion([0.0, 0.0, 1.0], 6.0, [9.0, -7.0, 12.0]);
    let fixed = ct(grid([170, 125, 31], [2.0, 2.0, 16.0]));
    let whole = pet(pet_grid(), &truth);
    let mut values: Vec<f32> = (0..whole.voxels().len())
        .map(|n| whole.voxels().get(n).unwrap() as f32)
        .collect();
    for value in values.iter_mut().step_by(37) {
        *value = f32::NAN;
    }
    values[..20_000].fill(f32::INFINITY);
    let moving = Volume::new(
        pet_grid(),
        Voxels::F32(values.into()),
        Rescale::IDENTITY,
        Unit::SuvBw,
    )
    .unwrap();
    let registration = register(&fixed, &moving, &Options::default(), &()).unwrap();
    assert!(
        error_mm(&registration, &truth) < 2.5,
        "{}",
        error_mm(&registration, &truth)
    );
}

#[test]
fn masks_keep_what_does_not_count_away() {
    let truth = motion([0.0, 0.0, 1.0], 4.0, [5.0, -6.0, 3.0]);
    let trunk = |place: Point<Patient>| place[2] < 150.0;
    let options = Options {
        region: Some(&trunk),
        ..Options::default()
    };
    let registration = register(&ct(ct_grid()), &pet(pet_grid(), &truth), &options, &()).unwrap();
    assert!(
        error_mm(&registration, &truth) < 1.5,
        "{}",
        error_mm(&registration, &truth)
    );
    let nowhere = |_: Point<Patient>| false;
    let options = Options {
        region: Some(&nowhere),
        ..Options::default()
    };
    let registration = register(&ct(ct_grid()), &pet(pet_grid(), &truth), &options, &()).unwrap();
    assert_eq!(registration.verdict.confidence, Confidence::Failed);
}

/// Writes down what it hears, and stops at some part of the work.
#[derive(Default)]
struct Watcher {
    heard: Mutex<Vec<f64>>,
    stop_at: f64,
    stopped: AtomicBool,
}

impl Watch for Watcher {
    fn progress(&self, done: f64) {
        self.heard.lock().unwrap().push(done);
        if done >= self.stop_at {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

#[test]
fn progress_rises_and_a_stop_is_heard() {
    let fixed = ct(grid([44, 32, 60], [8.0, 8.0, 8.0]));
    let moving = pet(grid([44, 40, 60], [8.0, 8.0, 8.0]), &Affine::identity());
    let watcher = Watcher {
        stop_at: 2.0,
        ..Watcher::default()
    };
    register(&fixed, &moving, &Options::default(), &watcher).unwrap();
    let heard = watcher.heard.into_inner().unwrap();
    assert!(
        heard.len() > 10 && heard.windows(2).all(|pair| pair[0] <= pair[1]),
        "{heard:?}"
    );
    assert_eq!(heard.last(), Some(&1.0));
    for stop_at in [0.0, 0.3, 0.7] {
        let watcher = Watcher {
            stop_at,
            ..Watcher::default()
        };
        let stopped = register(&fixed, &moving, &Options::default(), &watcher);
        assert_eq!(stopped.unwrap_err(), Error::Cancelled);
    }
}

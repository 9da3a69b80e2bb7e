use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::geometry::{Affine, Grid, Patient, Point, Transform, Vector, Voxel};
use crate::registration::{Deformed, Error, Flexibility, Kept, Watch, deform};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// An ellipsoid: middle and half axes, mm, and its values in CT, PET and MR.
struct Organ([f64; 3], [f64; 3], [f64; 3]);

/// Skin, muscle, lungs, liver, heart, spleen, a kidney, spine; later ones lie within earlier ones.
const ORGANS: [Organ; 9] = [
    Organ([0.0, 0.0, 0.0], [140.0, 95.0, 900.0], [-100.0, 0.4, 900.0]),
    Organ([0.0, 0.0, 0.0], [128.0, 83.0, 900.0], [50.0, 0.7, 300.0]),
    Organ([-66.0, 0.0, 75.0], [50.0, 62.0, 95.0], [-800.0, 0.4, 30.0]),
    Organ([66.0, 0.0, 75.0], [50.0, 62.0, 95.0], [-800.0, 0.4, 30.0]),
    Organ([-52.0, -5.0, -35.0], [66.0, 62.0, 60.0], [60.0, 2.2, 430.0]),
    Organ([22.0, -25.0, 40.0], [42.0, 34.0, 36.0], [45.0, 1.7, 200.0]),
    Organ([78.0, 25.0, -20.0], [27.0, 36.0, 34.0], [55.0, 1.8, 620.0]),
    Organ([55.0, 42.0, -95.0], [24.0, 22.0, 40.0], [35.0, 3.5, 680.0]),
    Organ([0.0, 62.0, 0.0], [19.0, 17.0, 900.0], [280.0, 1.3, 250.0]),
];

/// What an image shows of an organ, in air, and how blurred and noisy.
struct Kind {
    value: usize,
    air: f64,
    blur_mm: f64,
    noise: f64,
    unit: Unit,
}

const CT: Kind = Kind {
    value: 0,
    air: -1000.0,
    blur_mm: 2.5,
    noise: 15.0,
    unit: Unit::Hounsfield,
};
const PET: Kind = Kind {
    value: 1,
    air: 0.0,
    blur_mm: 4.0,
    noise: 0.15,
    unit: Unit::SuvBw,
};
const MR: Kind = Kind {
    value: 2,
    air: 5.0,
    blur_mm: 2.5,
    noise: 25.0,
    unit: Unit::Unspecified,
};

/// How far outside an organ a place lies, about, mm.
fn outside_mm(Organ(middle, half, _): &Organ, at: Point<Patient>) -> f64 {
    let part: [f64; 3] = std::array::from_fn(|axis| (at[axis] - middle[axis]) / half[axis]);
    let radius = part.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-6);
    let slope = (0..3)
        .map(|axis| (part[axis] / half[axis]).powi(2))
        .sum::<f64>()
        .sqrt()
        / radius;
    (radius - 1.0) / slope.max(1e-6)
}

/// Noise of a standard deviation near 0.6, the same each time.
fn noise(index: usize) -> f64 {
    let mut z = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 40) as f64 / f64::from(1u32 << 23) - 1.0
}

fn grid(size: [usize; 3], spacing_mm: f64) -> Grid {
    let axis = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { spacing_mm } else { 0.0 }));
    let first: [f64; 3] = size.map(|n| -0.5 * (n as f64 - 1.0) * spacing_mm);
    Grid::new(size, Affine::from_axes([axis(0), axis(1), axis(2)], first.into())).unwrap()
}

/// The torso in an image; `rest` takes each place to where its tissue lies at rest.
fn image(kind: &Kind, spacing_mm: f64, rest: impl Fn(Point<Patient>) -> Point<Patient>) -> Volume {
    let grid = grid(
        [310.0, 220.0, 300.0].map(|mm: f64| (mm / spacing_mm) as usize),
        spacing_mm,
    );
    let size = grid.size();
    let value = |n: usize| {
        let voxel = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        let at = rest(grid.patient(Point::<Voxel>::from(voxel.map(|n| n as f64))));
        let mut value = kind.air;
        for organ in &ORGANS {
            let inside = 0.5 - 0.5 * (outside_mm(organ, at) / kind.blur_mm).tanh();
            value += inside * (organ.2[kind.value] - value);
        }
        (value + kind.noise * noise(n + 1_000_003 * kind.value)) as f32
    };
    let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, kind.unit.clone()).unwrap()
}

/// Where tissue that a breath of `mm` has brought to `at` lies at rest: lower, most at the liver's dome, and not at all
/// at the walls.
fn at_rest(at: Point<Patient>, mm: f64) -> Point<Patient> {
    let along = (at[2] - 10.0) / if at[2] > 10.0 { 80.0 } else { 100.0 };
    let across = ((at[0] / 135.0).powi(2) + ((at[1] + 15.0) / 98.0).powi(2)).min(1.0);
    at - Vector::new(0.0, 0.0, mm * (-along * along).exp() * (1.0 - across * across))
}

/// Mean distance, mm, of the places that a map takes the organs' surfaces to from those surfaces in the moving image.
fn misfit_mm(map: &Transform, rest: impl Fn(Point<Patient>) -> Point<Patient>) -> f64 {
    let mut distances = Vec::new();
    for organ in &ORGANS[2..8] {
        for n in 0..200 {
            let height = 1.0 - 2.0 * (f64::from(n) + 0.5) / 200.0;
            let (around, ring) = (f64::from(n) * 2.399_963, (1.0 - height * height).sqrt());
            let part = [ring * around.cos(), ring * around.sin(), height];
            let at: Point<Patient> = [0, 1, 2]
                .map(|axis| organ.0[axis] + organ.1[axis] * part[axis])
                .into();
            if at[2].abs() < 135.0 {
                distances.push(outside_mm(organ, rest(map.apply(at))).abs());
            }
        }
    }
    distances.iter().sum::<f64>() / distances.len() as f64
}

fn still(at: Point<Patient>) -> Point<Patient> {
    at
}

fn bent(fixed: &Volume, moving: &Volume, start: Affine<Patient, Patient>) -> Deformed {
    let deformed = deform(fixed, moving, &start, &Flexibility::default(), None, &()).unwrap();
    assert_eq!(deformed.kept, None);
    assert!(deformed.moving_from_fixed.is_invertible());
    assert!(deformed.smallest_jacobian >= 0.2, "{deformed:?}");
    assert!(deformed.after > deformed.before);
    assert_eq!(*deformed.moving_from_fixed.affine_part(), start);
    deformed
}

/// Brings a breath of 25 mm, about 6 mm at all surfaces, to below `most_mm`.
fn follows_a_breath(fixed: &Kind, moving: &Kind, most_mm: f64) {
    let rest = |at| at_rest(at, 25.0);
    let (fixed, moving) = (image(fixed, 4.0, still), image(moving, 4.4, rest));
    let before = misfit_mm(&Transform::identity(), rest);
    assert!(before > 5.5, "{before} mm before");
    let deformed = bent(&fixed, &moving, Affine::identity());
    let after = misfit_mm(&deformed.moving_from_fixed, rest);
    assert!(after < most_mm, "{before} mm before, {after} mm after");
}

#[test]
fn pet_follows_a_breath_on_ct() {
    follows_a_breath(&CT, &PET, 2.0);
}

#[test]
fn ct_follows_a_breath_on_pet() {
    follows_a_breath(&PET, &CT, 2.0);
}

#[test]
fn ct_follows_a_breath_on_ct() {
    follows_a_breath(&CT, &CT, 1.5);
}

#[test]
fn mr_follows_a_breath_on_ct() {
    follows_a_breath(&CT, &MR, 2.0);
}

#[test]
fn what_lies_on_each_other_stays() {
    let deformed = deform(
        &image(&CT, 4.0, still),
        &image(&PET, 4.4, still),
        &Affine::identity(),
        &Flexibility::default(),
        None,
        &(),
    );
    let apart = misfit_mm(&deformed.unwrap().moving_from_fixed, still);
    assert!(apart < 1.2, "{apart} mm");
}

#[test]
fn the_affine_map_stays_beneath() {
    let turn = Affine::rotation(Point::new(20.0, 10.0, 0.0), Vector::new(0.2, 1.0, 0.4), 0.3).unwrap();
    let moving_from_fixed = Affine::translation(Vector::new(8.0, -12.0, 5.0)) * turn;
    let back = moving_from_fixed.inverse().unwrap();
    let rest = |at| at_rest(back * at, 25.0);
    let (fixed, moving) = (image(&CT, 4.0, still), image(&PET, 4.4, rest));
    let deformed = bent(&fixed, &moving, moving_from_fixed);
    let before = misfit_mm(&moving_from_fixed.into(), rest);
    let after = misfit_mm(&deformed.moving_from_fixed, rest);
    assert!(
        after < 2.2 && after < 0.4 * before,
        "{before} mm before, {after} mm after"
    );
}

#[test]
fn places_that_do_not_count_are_left_alone() {
    let right = |at: Point<Patient>| at[0] < 0.0;
    let (fixed, moving) = (image(&CT, 4.0, still), image(&CT, 4.4, |at| at_rest(at, 25.0)));
    let flexibility = Flexibility::default();
    let deformed = deform(
        &fixed,
        &moving,
        &Affine::identity(),
        &flexibility,
        Some(&right),
        &(),
    )
    .unwrap();
    let field = deformed.moving_from_fixed.field().expect("it bends");
    assert!(field.at(Point::new(-50.0, 0.0, 20.0)).norm() > 10.0);
    assert_eq!(field.at(Point::new(300.0, 0.0, 20.0)).norm(), 0.0);
}

#[test]
fn what_would_fold_is_made_stiffer_or_not_done() {
    let (fixed, moving) = (image(&CT, 6.0, still), image(&PET, 6.6, |at| at_rest(at, 25.0)));
    for least_jacobian in [0.2, 0.99] {
        let soft = Flexibility {
            spacing_mm: 40.0,
            stiffness: Some(1.0),
            least_jacobian,
        };
        let deformed = deform(&fixed, &moving, &Affine::identity(), &soft, None, &()).unwrap();
        match deformed.kept {
            None => assert!(deformed.smallest_jacobian >= least_jacobian),
            Some(Kept::Folds { smallest_jacobian }) => {
                assert!(smallest_jacobian < least_jacobian);
                assert_eq!(deformed.moving_from_fixed, Transform::identity());
            }
            other => panic!("{other:?}"),
        }
        assert!(deformed.moving_from_fixed.is_invertible());
    }
}

fn check_kept(fixed: &Volume, moving: &Volume, start: Affine<Patient, Patient>, flexibility: &Flexibility) {
    let deformed = deform(fixed, moving, &start, flexibility, None, &()).unwrap();
    assert!(deformed.kept.is_some(), "{deformed:?}");
    assert_eq!(deformed.moving_from_fixed, start.into());
    assert!(!deformed.kept.unwrap().to_string().is_empty());
}

#[test]
fn what_cannot_be_compared_keeps_the_affine_map() {
    let torso = image(&CT, 8.0, still);
    let flat = |size: [usize; 3], spacing_mm: f64, value: f32| {
        let grid = grid(size, spacing_mm);
        let voxels = Voxels::F32(vec![value; grid.voxels()].into());
        Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap()
    };
    let (identity, usual) = (Affine::identity(), Flexibility::default());
    for value in [1.0, f32::NAN, f32::INFINITY] {
        let other = flat([20, 20, 20], 10.0, value);
        check_kept(&torso, &other, identity, &usual);
        check_kept(&other, &torso, identity, &usual);
    }
    for size in [[1, 1, 1], [2, 2, 2], [40, 40, 1], [1, 40, 40]] {
        let grid = grid(size, 7.0);
        let values = (0..grid.voxels()).map(|n| noise(n) as f32);
        let thin = Volume::new(
            grid,
            Voxels::F32(values.collect()),
            Rescale::IDENTITY,
            Unit::SuvBw,
        )
        .unwrap();
        check_kept(&torso, &thin, identity, &usual);
        check_kept(&thin, &torso, identity, &usual);
    }
    check_kept(
        &torso,
        &torso,
        Affine::translation(Vector::new(5000.0, 0.0, 0.0)),
        &usual,
    );
    let far = Volume::new(
        grid([30, 30, 30], 1e5),
        noisy(27_000),
        Rescale::IDENTITY,
        Unit::SuvBw,
    )
    .unwrap();
    check_kept(&far, &far, identity, &usual);
}

fn noisy(count: usize) -> Voxels {
    Voxels::F32((0..count).map(|n| noise(n) as f32).collect())
}

#[test]
fn flexibility_without_sense_keeps_the_affine_map() {
    let (fixed, moving) = (image(&CT, 10.0, still), image(&PET, 10.0, |at| at_rest(at, 25.0)));
    let usual = Flexibility::default();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -20.0, 1e-9, 1e12] {
        check_kept(
            &fixed,
            &moving,
            Affine::identity(),
            &Flexibility {
                spacing_mm: value,
                ..usual
            },
        );
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        check_kept(
            &fixed,
            &moving,
            Affine::identity(),
            &Flexibility {
                stiffness: Some(value),
                ..usual
            },
        );
    }
    let never = Flexibility {
        least_jacobian: f64::NAN,
        ..usual
    };
    check_kept(&fixed, &moving, Affine::identity(), &never);
}

#[test]
fn a_start_without_inverse_is_refused() {
    let torso = image(&CT, 12.0, still);
    let flat = Affine::new(nalgebra::Matrix3::zeros(), nalgebra::Vector3::zeros());
    let refused = deform(&torso, &torso, &flat, &Flexibility::default(), None, &());
    assert_eq!(refused, Err(Error::Start));
}

/// Stops after some questions, and remembers the progress.
struct Impatient {
    questions: AtomicUsize,
    progress: Mutex<Vec<f64>>,
}

impl Impatient {
    fn after(questions: usize) -> Self {
        Self {
            questions: AtomicUsize::new(questions),
            progress: Mutex::default(),
        }
    }
}

impl Watch for Impatient {
    fn progress(&self, done: f64) {
        self.progress.lock().unwrap().push(done);
    }

    fn is_cancelled(&self) -> bool {
        self.questions
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_err()
    }
}

#[test]
fn it_can_be_stopped_and_tells_how_far_it_is() {
    let (fixed, moving) = (image(&CT, 8.0, still), image(&PET, 8.0, |at| at_rest(at, 25.0)));
    let run = |watch: &Impatient| {
        deform(
            &fixed,
            &moving,
            &Affine::identity(),
            &Flexibility::default(),
            None,
            watch,
        )
    };
    for questions in [0, 1, 7, 40] {
        assert_eq!(
            run(&Impatient::after(questions)),
            Err(Error::Cancelled),
            "{questions}"
        );
    }
    let patient = Impatient::after(usize::MAX);
    run(&patient).unwrap();
    let progress = patient.progress.into_inner().unwrap();
    assert!(progress.len() > 10 && progress.is_sorted(), "{progress:?}");
    assert_eq!(progress.last(), Some(&1.0));
}

#[test]
fn the_same_volumes_give_the_same_map() {
    let (fixed, moving) = (image(&CT, 8.0, still), image(&PET, 8.0, |at| at_rest(at, 25.0)));
    let run = || {
        deform(
            &fixed,
            &moving,
            &Affine::identity(),
            &Flexibility::default(),
            None,
            &(),
        )
        .unwrap()
    };
    assert_eq!(run(), run());
}

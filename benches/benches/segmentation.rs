//! Lesions and bones found: processor time a call, of all threads together.
//!
//! With `PEERS_DATA` on the voxels of the peers' `b5_segment.py`, and the answers are checked; without on formulas of
//! the same size.

use std::hint::black_box;
use std::time::Duration;

use benches::{ct, pet};
use cpu_time::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::geometry::Point;
use engine::voi::{Growing, Grown, Mask, Neighbours, PeakKind, Peaks, Scale, Statistics, grow};
use engine::volume::Volume;

mod cpu_time;

/// SUV of the fixed threshold.
const LESION_SUV: f64 = 4.0;

/// Middle of the largest lesion of the peers' PET, LPS in mm.
const PEERS_LESION_MM: [f64; 3] = [-106.09, -42.04, 116.31];

/// HU from which on a voxel is bone.
const BONE_HU: f64 = 250.0;

/// Whether the peers' voxels are read, on which all peers agree about the answers.
fn has_peers_voxels() -> bool {
    std::env::var_os("PEERS_DATA").is_some()
}

fn measured_components(pet: &Volume) -> Vec<Statistics> {
    let parts = Mask::at_least(pet, LESION_SUV).components(Neighbours::TwentySix);
    let measured = parts.masks().into_iter().map(|mask| {
        Statistics::inside(pet, &mask, Scale::Factor(1.0)).expect("a component has voxels that are numbers")
    });
    measured.collect()
}

fn label_statistics_pet(criterion: &mut Criterion<CpuTime>) {
    let pet = pet();
    if has_peers_voxels() {
        assert_eq!(measured_components(&pet).len(), 32);
    }
    criterion.bench_function("label_statistics_pet", |b| {
        b.iter(|| measured_components(black_box(&pet)))
    });
}

/// The hottest voxel near the middle of the peers' largest lesion; elsewhere the hottest of all.
fn seed(pet: &Volume) -> [usize; 3] {
    if !has_peers_voxels() {
        return pet.argmax().expect("values that are numbers");
    }
    let middle = pet.grid().voxel(Point::new(
        PEERS_LESION_MM[0],
        PEERS_LESION_MM[1],
        PEERS_LESION_MM[2],
    ));
    let middle = [0, 1, 2].map(|axis| middle[axis].round() as usize);
    let near = Mask::from_predicate(pet.grid().clone(), |at| {
        (0..3).all(|n| at[n].abs_diff(middle[n]) <= 2)
    });
    Statistics::inside(pet, &near, Scale::Factor(1.0))
        .expect("125 voxels")
        .max_at
}

fn grow_41(criterion: &mut Criterion<CpuTime>) {
    let pet = pet();
    let seed = seed(&pet);
    let max = pet.value(seed).expect("a voxel of the volume");
    let rule = Growing {
        at_least: 0.41 * max,
        neighbours: Neighbours::TwentySix,
        most_ml: Some(500.0),
    };
    let lesion =
        || -> Grown { grow(black_box(&pet), seed, &rule).expect("the seed is above its own threshold") };
    if has_peers_voxels() {
        check_lesion(&pet, &lesion().mask);
    }
    criterion.bench_function("grow_41", |b| b.iter(lesion));
}

/// What the peers say of the lesion, to as many digits.
fn check_lesion(pet: &Volume, lesion: &Mask) {
    assert_eq!(lesion.count(), 639);
    let statistics = Statistics::inside(pet, lesion, Scale::Factor(1.0)).expect("639 voxels");
    let peak = |kind| Peaks::new(pet).of(lesion, kind).expect("639 voxels").value;
    let (local, global) = (peak(PeakKind::Local), peak(PeakKind::Global));
    let found = [statistics.max, statistics.mean, local, global];
    for (found, expected) in found.into_iter().zip([10.6684, 8.3060, 10.0466, 10.0991]) {
        assert!((found - expected).abs() <= 5e-5, "{found} for {expected}");
    }
}

/// `global_pv` over every voxel of a ball of 100 mL in the middle of the PET.
fn peak_global_pv_100_ml(criterion: &mut Criterion<CpuTime>) {
    let pet = pet();
    let radius_mm = (0.75 * 100_000.0 / std::f64::consts::PI).cbrt();
    let center = pet.grid().center();
    let ball = Mask::from_predicate(pet.grid().clone(), |at| {
        pet.grid()
            .patient(Point::from(at.map(|n| n as f64)))
            .distance(center)
            <= radius_mm
    });
    criterion.bench_function("peak_global_pv_100_ml", |b| {
        b.iter(|| Peaks::new(black_box(&pet)).of(&ball, PeakKind::GlobalPv))
    });
}

fn bone_components_ct(criterion: &mut Criterion<CpuTime>) {
    let ct = ct();
    let bones = || Mask::at_least(black_box(&ct), BONE_HU).components(Neighbours::TwentySix);
    if has_peers_voxels() {
        assert_eq!(bones().count(), 1978);
    }
    criterion.bench_function("bone_components_ct", |b| {
        b.iter(|| {
            let bones = bones();
            (0..bones.count()).map(|n| bones.voxels(n)).max()
        });
    });
}

fn criterion_of_segmentation() -> Criterion<CpuTime> {
    Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
}

criterion_group! {
    name = group;
    config = criterion_of_segmentation();
    targets = label_statistics_pet, grow_41, peak_global_pv_100_ml, bone_components_ct
}
criterion_main!(group);

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
use engine::voi::{Growing, Grown, Mask, Neighbours, Scale, Statistics, grow};
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
        assert_eq!(lesion().mask.count(), 639);
    }
    criterion.bench_function("grow_41", |b| b.iter(lesion));
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
    targets = label_statistics_pet, grow_41, bone_components_ct
}
criterion_main!(group);

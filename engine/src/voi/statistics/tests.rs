use proptest::prelude::*;

use super::{Scale, Statistics, StatisticsError};
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::voi::Mask;
use crate::volume::{Rescale, Unit, Volume, Voxels};

fn axes(step: [f64; 3]) -> Affine<Patient, Voxel> {
    let axes = [
        Vector::new(step[0], 0.0, 0.0),
        Vector::new(0.0, step[1], 0.0),
        Vector::new(0.0, 0.0, step[2]),
    ];
    Affine::from_axes(axes, Point::new(-3.0, 5.0, 7.0))
}

fn volume(size: [usize; 3], voxels: Voxels, rescale: Rescale) -> Volume {
    let grid = Grid::new(size, axes([2.0, 2.0, 5.0])).unwrap();
    Volume::new(grid, voxels, rescale, Unit::BecquerelPerMl).unwrap()
}

#[test]
fn measures_rescaled_values_times_the_factor() {
    let rescale = Rescale {
        slope: 2.0,
        intercept: 10.0,
    };
    let volume = volume([2, 2, 1], Voxels::I16(vec![0, 10, -5, 45].into()), rescale);
    let found = Statistics::of_volume(&volume, Scale::Factor(0.5)).unwrap();
    // Real values 10, 30, 0, 100; halved 5, 15, 0, 50.
    assert_eq!((found.voxels, found.excluded_voxels), (4, 0));
    assert_eq!((found.min, found.max, found.max_at), (0.0, 50.0, [1, 1, 0]));
    assert_eq!((found.mean, found.median), (17.5, 10.0));
    assert!((found.sd - (1525.0f64 / 4.0).sqrt()).abs() < 1e-12);
    assert!((found.volume_ml - 0.08).abs() < 1e-12);
}

#[test]
fn each_slice_has_its_own_factor() {
    let volume = volume([1, 1, 3], Voxels::U8(vec![1, 2, 3].into()), Rescale::IDENTITY);
    let found = Statistics::of_volume(&volume, Scale::PerSlice(&[10.0, 1.0, 0.5])).unwrap();
    assert_eq!((found.min, found.max, found.median), (1.5, 10.0, 2.0));
    let wrong = Statistics::of_volume(&volume, Scale::PerSlice(&[1.0]));
    assert_eq!(wrong, Err(StatisticsError::Factors { slices: 3, found: 1 }));
}

#[test]
fn values_that_are_not_finite_are_counted_apart() {
    let values = vec![f32::NAN, 2.0, f32::INFINITY, 4.0];
    let volume = volume([4, 1, 1], Voxels::F32(values.into()), Rescale::IDENTITY);
    let found = Statistics::of_volume(&volume, Scale::Factor(1.0)).unwrap();
    assert_eq!(
        (found.voxels, found.excluded_voxels, found.mean, found.max),
        (2, 2, 3.0, 4.0)
    );
    assert!((found.volume_ml - 2.0 * 0.02).abs() < 1e-12);
    let nan = Mask::from_predicate(volume.grid().clone(), |[i, ..]| i == 0);
    let refused = Statistics::inside(&volume, &nan, Scale::Factor(1.0));
    assert_eq!(refused, Err(StatisticsError::NoFiniteValue(1)));
}

#[test]
fn an_empty_mask_and_a_mask_elsewhere_are_refused() {
    let volume = volume([2, 1, 1], Voxels::U8(vec![1, 2].into()), Rescale::IDENTITY);
    let empty = Mask::empty(volume.grid().clone());
    assert_eq!(
        Statistics::inside(&volume, &empty, Scale::Factor(1.0)),
        Err(StatisticsError::Empty)
    );
    let elsewhere = Mask::empty(Grid::new([2, 1, 1], axes([2.0, 2.0, 5.5])).unwrap());
    let refused = Statistics::inside(&volume, &elsewhere, Scale::Factor(1.0));
    assert!(
        matches!(refused, Err(StatisticsError::OtherGrid { .. })),
        "{refused:?}"
    );
}

#[test]
fn thick_slices_count_more_volume_but_no_more_mean() {
    let grid = Grid::with_slice_positions([1, 1, 3], axes([10.0, 10.0, 1.0]), vec![0.0, 1.0, 5.0]).unwrap();
    let volume = Volume::new(
        grid,
        Voxels::U8(vec![1, 2, 6].into()),
        Rescale::IDENTITY,
        Unit::Counts,
    )
    .unwrap();
    let found = Statistics::of_volume(&volume, Scale::Factor(1.0)).unwrap();
    assert_eq!(found.mean, 3.0);
    assert!((found.volume_ml - (0.1 + 0.25 + 0.4)).abs() < 1e-12);
    assert!((found.total - (0.1 + 0.5 + 2.4)).abs() < 1e-12);
}

/// The digital phantom of the Image Biomarker Standardisation Initiative (theibsi/data_sets, CC BY 4.0) as
/// SUV, and its region: mean (Q4LE) 2.15, variance (ECT3) 3.05, median (Y12H) 1, quartiles (QG58, 8DWT) 1
/// and 4, energy (N8CA) 567 and root mean square (5ZWQ) 2.77 are the published values.
#[test]
fn the_ibsi_phantom_has_its_published_statistics() {
    #[rustfmt::skip]
    let values = vec![
        1, 4, 4, 1, 1,  1, 4, 6, 1, 1,  4, 1, 6, 4, 1,  4, 4, 6, 4, 1,
        1, 4, 4, 1, 1,  1, 1, 6, 1, 1,  1, 1, 3, 1, 1,  4, 4, 6, 1, 1,
        1, 4, 4, 1, 1,  1, 1, 1, 1, 1,  1, 1, 9, 1, 1,  1, 1, 6, 1, 1,
        1, 4, 4, 1, 1,  1, 1, 1, 1, 1,  1, 1, 1, 1, 1,  1, 1, 6, 1, 1,
    ];
    let grid = Grid::new([5, 4, 4], axes([2.0; 3])).unwrap();
    let volume = Volume::new(
        grid.clone(),
        Voxels::U8(values.into()),
        Rescale::IDENTITY,
        Unit::SuvBw,
    )
    .unwrap();
    let outside = [[0, 2, 1], [3, 0, 2], [4, 0, 2], [2, 2, 2], [3, 0, 3], [4, 0, 3]];
    let region = Mask::from_predicate(grid, |at| !outside.contains(&at));
    let of = |mask: &Mask| Statistics::inside(&volume, mask, Scale::Factor(1.0)).unwrap();
    let close = |found: f64, expected: f64, within: f64| {
        assert!((found - expected).abs() <= within, "{found}, expected {expected}");
    };
    let found = of(&region);
    assert_eq!((found.voxels, found.energy, found.median), (74, 567.0, 1.0));
    assert_eq!((found.min, found.max, found.quartiles), (1.0, 6.0, [1.0, 4.0]));
    close(found.mean, 2.148_649, 5e-7);
    close(found.variance(), 3.045_471, 5e-7);
    close(found.rms, 2.77, 5e-3);
    // Rows: threshold, voxels, mL, mean, TLG.
    let rows = [
        (0.41 * 6.0, 24, 0.192, 4.541_667, 0.872),
        (4.0, 23, 0.184, 4.608_696, 0.848),
        (0.5 * 6.0, 24, 0.192, 4.541_667, 0.872),
    ];
    for (threshold, voxels, ml, mean, tlg) in rows {
        let hot = Mask::at_least(&volume, threshold).intersection(&region).unwrap();
        let found = of(&hot);
        assert_eq!(found.voxels, voxels, "{threshold}");
        close(found.volume_ml, ml, 1e-12);
        close(found.mean, mean, 5e-7);
        close(found.total, tlg, 1e-12);
    }
}

#[test]
fn another_kind_of_suv_is_a_multiple() {
    let volume = volume([3, 1, 1], Voxels::U8(vec![1, 2, 9].into()), Rescale::IDENTITY);
    let of = |factor: f64| Statistics::of_volume(&volume, Scale::Factor(factor)).unwrap();
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    let (times, anew) = (of(1.0).times(0.8), of(0.8));
    assert!(close(times.energy, anew.energy) && close(times.total, anew.total) && close(times.rms, anew.rms));
    assert!(close(times.sd, anew.sd) && close(times.quartiles[1], anew.quartiles[1]));
    assert_eq!(
        (times.voxels, times.volume_ml, times.max_at),
        (3, anew.volume_ml, [2, 0, 0])
    );
    // Three voxels of 0.02 mL with a mean of 4, over a background of 1.
    assert!(close(of(1.0).total_above(1.0), 0.18));
}

/// More values than are collected for the median, so that they are counted instead.
#[test]
fn a_large_volume_has_an_exact_median() {
    let size = [128, 128, 80];
    let count = size.iter().product::<usize>();
    let values: Vec<u16> = (0..count)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 7) as u16)
        .collect();
    let mut sorted = values.clone();
    sorted.sort_unstable();
    let expected = (f64::from(sorted[count / 2 - 1]) + f64::from(sorted[count / 2])) / 2.0;
    let volume = volume(size, Voxels::U16(values.into()), Rescale::IDENTITY);
    let found = Statistics::of_volume(&volume, Scale::Factor(1.0)).unwrap();
    assert_eq!((found.voxels, found.median), (count, expected));
}

proptest! {
    #[test]
    fn agrees_with_the_plain_definition(
        values in prop::collection::vec(-1e4..1e4f32, 60),
        inside in prop::collection::vec(any::<bool>(), 60),
        slope in 0.01..10.0f64,
    ) {
        prop_assume!(inside.contains(&true));
        let volume = volume([5, 4, 3], Voxels::F32(values.clone().into()), Rescale { slope, intercept: 3.0 });
        let mask = Mask::from_dense(volume.grid().clone(), &inside).unwrap();
        let found = Statistics::inside(&volume, &mask, Scale::Factor(1.0)).unwrap();
        let mut real: Vec<f64> = (0..60).filter(|n| inside[*n]).map(|n| slope * f64::from(values[n]) + 3.0).collect();
        real.sort_by(f64::total_cmp);
        let n = real.len();
        let mean = real.iter().sum::<f64>() / n as f64;
        let variance = real.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + b.abs());
        prop_assert_eq!((found.voxels, found.min, found.max), (n, real[0], real[n - 1]));
        prop_assert!(close(found.mean, mean) && close(found.sd, variance.sqrt()));
        prop_assert!(close(found.energy, real.iter().map(|v| v * v).sum()) && close(found.rms, (found.energy / n as f64).sqrt()));
        prop_assert!(close(found.total, 0.02 * real.iter().sum::<f64>()));
        prop_assert!(close(found.median, (real[(n - 1) / 2] + real[n / 2]) / 2.0));
    }
}

use proptest::prelude::*;

use super::{FWHM_OF_SIGMA, SmoothError, gaussian, smoothed};
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::volume::{Harmonisation, Rescale, Unit, Volume, Voxels};

fn affine(spacing: [f64; 3]) -> Affine<Patient, Voxel> {
    let [x, y, z] = spacing;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Affine::from_axes(axes, Point::new(5.0, 6.0, 7.0))
}

fn volume(size: [usize; 3], spacing: [f64; 3], value: impl Fn([usize; 3]) -> f64) -> Volume {
    let [columns, rows, slices] = size;
    let at = |n: usize| [n % columns, n / columns % rows, n / (columns * rows)];
    let voxels = (0..columns * rows * slices)
        .map(|n| value(at(n)) as f32)
        .collect();
    let grid = Grid::new(size, affine(spacing)).unwrap();
    Volume::new(grid, Voxels::F32(voxels), Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

/// A Gaussian of a width in mm around the middle.
fn blob(size: [usize; 3], spacing: [f64; 3], fwhm_mm: f64) -> Volume {
    let sigma = fwhm_mm / FWHM_OF_SIGMA;
    volume(size, spacing, |at| {
        let along = |axis: usize| (at[axis] as f64 - (size[axis] / 2) as f64) * spacing[axis] / sigma;
        (-0.5 * (0..3).map(|axis| along(axis).powi(2)).sum::<f64>()).exp() * 100.0
    })
}

#[test]
fn widths_add_as_squares() {
    let (size, spacing) = ([31, 31, 41], [3.0, 3.0, 2.0]);
    let own = blob(size, spacing, 9.0);
    let found = Harmonisation::to_resolution(15.0, 9.0)
        .unwrap()
        .apply(&own)
        .unwrap();
    // What the blob spreads out is missing at its top.
    let expected = blob(size, spacing, 15.0);
    let height = (9.0f64 / 15.0).powi(3);
    for at in [
        [15, 15, 20],
        [17, 15, 20],
        [15, 13, 23],
        [18, 18, 24],
        [11, 15, 20],
    ] {
        let (found, expected) = (found.value(at).unwrap(), height * expected.value(at).unwrap());
        assert!((found - expected).abs() < 0.02, "{at:?} {found} {expected}");
    }
}

/// Above a voxel or so the weights are those of the sampled Gaussian that everybody uses; scipy 1.17:
/// `gaussian_filter1d` of an impulse, sigma 1.5, truncate 8.
#[test]
fn wide_weights_are_a_sampled_gaussian() {
    let expected = [0.265_961_520, 0.212_965_337, 0.109_340_050, 0.035_993_978];
    for (found, expected) in gaussian(2.25).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8, "{found}, expected {expected}");
    }
    assert_eq!(gaussian(0.0)[0], 1.0);
}

#[test]
fn values_without_a_number_do_not_spread() {
    let holed = volume(
        [9, 9, 9],
        [4.0; 3],
        |at| if at == [4, 4, 4] { f64::NAN } else { 3.0 },
    );
    let found = smoothed(&holed, 8.0).unwrap();
    for n in 0..729 {
        let at = [n % 9, n / 9 % 9, n / 81];
        let value = found.value(at).unwrap();
        assert!(
            (value - 3.0).abs() < 1e-6 || at == [4, 4, 4] && value.is_nan(),
            "{at:?} {value}"
        );
    }
}

#[test]
fn an_integer_volume_keeps_unit_and_place() {
    let grid = Grid::new([3, 2, 2], affine([4.0; 3])).unwrap();
    let rescale = Rescale {
        slope: 0.5,
        intercept: 10.0,
    };
    let voxels = Voxels::I16([4i16; 12].into());
    let volume = Volume::new(grid, voxels, rescale, Unit::BecquerelPerMl).unwrap();
    let volume = volume.in_frame_of_reference(Some("1.2.3".to_owned()));
    let found = smoothed(&volume, 6.0).unwrap();
    assert_eq!(
        (found.unit(), found.grid()),
        (&Unit::BecquerelPerMl, volume.grid())
    );
    assert_eq!(found.frame_of_reference_uid(), Some("1.2.3"));
    assert!((found.value([2, 1, 0]).unwrap() - 12.0).abs() < 1e-6);
    assert_eq!(smoothed(&volume, 0.0).unwrap().value([1, 1, 1]), Some(12.0));
}

#[test]
fn a_filter_that_would_not_be_the_named_one_is_refused() {
    let flat = volume([4, 4, 4], [2.0; 3], |_| 1.0);
    for width in [-1.0, f64::NAN, f64::INFINITY, 1e6] {
        let refused = smoothed(&flat, width);
        assert!(
            matches!(refused, Err(SmoothError::Width(_))),
            "{width} {refused:?}"
        );
    }
    let put =
        |grid: Grid| Volume::new(grid, Voxels::U8([1; 64].into()), Rescale::IDENTITY, Unit::SuvBw).unwrap();
    let uneven = Grid::with_slice_positions([4, 4, 4], affine([2.0; 3]), vec![0.0, 1.0, 3.0, 4.0]).unwrap();
    assert_eq!(smoothed(&put(uneven), 5.0), Err(SmoothError::Uneven));
    let axes = [
        Vector::new(2.0, 0.0, 0.0),
        Vector::new(0.0, 2.0, 0.0),
        Vector::new(0.0, 0.5, 2.0),
    ];
    let sheared = Grid::new([4, 4, 4], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    let refused = smoothed(&put(sheared), 5.0);
    assert!(matches!(refused, Err(SmoothError::Sheared(_))), "{refused:?}");
}

proptest! {
    #[test]
    fn weights_have_the_stated_variance(variance in 1e-4..60.0f64) {
        let weights = gaussian(variance);
        let sum: f64 = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
        let found: f64 = (0..weights.len()).map(|n| 2.0 * (n * n) as f64 * weights[n]).sum();
        prop_assert!((sum - 1.0).abs() < 1e-12);
        prop_assert!((found - variance).abs() < 1e-9 * (1.0 + variance), "{found} {variance}");
        prop_assert!(weights.windows(2).all(|pair| pair[0] > pair[1]));
    }

    /// The definition in plain loops: a mean over all finite voxels by the product of three weights.
    #[test]
    fn agrees_with_the_plain_definition(
        values in prop::collection::vec(prop_oneof![8 => -5.0..5.0f64, 1 => Just(f64::NAN)], 5 * 4 * 3),
        spacing in prop::array::uniform3(1.0..5.0f64),
        fwhm_mm in 0.5..9.0f64,
    ) {
        let size = [5, 4, 3];
        let volume = volume(size, spacing, |[i, j, k]| values[(k * 4 + j) * 5 + i]);
        let found = smoothed(&volume, fwhm_mm).unwrap();
        let weights = spacing.map(|mm| gaussian((fwhm_mm / FWHM_OF_SIGMA / mm).powi(2)));
        let all = |n: usize| [n % 5, n / 5 % 4, n / 20];
        for at in (0..60).map(all) {
            let (mut sum, mut total) = (0.0, 0.0);
            for from in (0..60).map(all) {
                let weight: f64 = (0..3).map(|axis| weights[axis].get(at[axis].abs_diff(from[axis])).copied().unwrap_or(0.0)).product();
                let value = volume.value(from).unwrap();
                if value.is_finite() {
                    (sum, total) = (sum + weight * value, total + weight);
                }
            }
            let found = found.value(at).unwrap();
            prop_assert!(found.is_nan() == volume.value(at).unwrap().is_nan());
            prop_assert!(found.is_nan() || (found - sum / total).abs() < 1e-6);
        }
    }
}

use proptest::prelude::*;

use super::lattice::Lattice;
use super::sphere::{Sphere, Weighting};
use super::{Peak, PeakError, PeakKind, Peaks, SPHERE_RADIUS_MM, peak};
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::voi::{Mask, Statistics};
use crate::voi::{Run, Scale};
use crate::volume::{Rescale, Unit, Volume, Voxels};

fn axes(spacing: [f64; 3]) -> Affine<Patient, Voxel> {
    let [x, y, z] = spacing;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Affine::from_axes(axes, Point::new(-30.0, 20.0, 10.0))
}

fn volume(grid: Grid, values: impl IntoIterator<Item = f32>) -> Volume {
    let voxels = Voxels::F32(values.into_iter().collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

/// The digital phantom of the Image Biomarker Standardisation Initiative (theibsi/data_sets, CC BY 4.0):
/// 5 x 4 x 4 voxels of 2 mm, and its VOI of 74.
fn ibsi() -> (Volume, Mask) {
    #[rustfmt::skip]
    let values = [
        1, 4, 4, 1, 1,  1, 4, 6, 1, 1,  4, 1, 6, 4, 1,  4, 4, 6, 4, 1,
        1, 4, 4, 1, 1,  1, 1, 6, 1, 1,  1, 1, 3, 1, 1,  4, 4, 6, 1, 1,
        1, 4, 4, 1, 1,  1, 1, 1, 1, 1,  1, 1, 9, 1, 1,  1, 1, 6, 1, 1,
        1, 4, 4, 1, 1,  1, 1, 1, 1, 1,  1, 1, 1, 1, 1,  1, 1, 6, 1, 1,
    ];
    let grid = Grid::new([5, 4, 4], axes([2.0; 3])).unwrap();
    let outside = [[0, 2, 1], [3, 0, 2], [4, 0, 2], [2, 2, 2], [3, 0, 3], [4, 0, 3]];
    let mask = Mask::from_predicate(grid.clone(), |at| !outside.contains(&at));
    (volume(grid, values.map(|v| v as f32)), mask)
}

fn center_voxel(volume: &Volume, peak: &Peak) -> [f64; 3] {
    let at = volume.grid().voxel(peak.center);
    [0, 1, 2].map(|axis| (at[axis] * 1e9).round() / 1e9)
}

/// Published: local intensity peak (VJGA) 2.6, global (0F91) 3.1, of the IBSI reference manual's table for
/// the digital phantom.
#[test]
fn the_ibsi_phantom_has_its_published_peaks() {
    let (volume, mask) = ibsi();
    assert_eq!(mask.count(), 74);
    let local = peak(&volume, &mask, PeakKind::Local).unwrap();
    assert!((local.value - 2.6).abs() < 1e-12, "{local:?}");
    assert_eq!(center_voxel(&volume, &local), [2.0, 3.0, 0.0]);
    let global = peak(&volume, &mask, PeakKind::Global).unwrap();
    assert!((global.value - 3.103_448).abs() < 5e-7, "{global:?}");
    assert_eq!(center_voxel(&volume, &global), [0.0, 3.0, 0.0]);
    let global_pv = peak(&volume, &mask, PeakKind::GlobalPv).unwrap();
    assert_eq!(center_voxel(&volume, &global_pv), [0.0, 3.0, 0.0]);
    // The hottest voxel of the VOI is 6, its hottest neighbours in reach the 9 outside and two of 6.
    let qpet4 = peak(&volume, &mask, PeakKind::Qpet4).unwrap();
    assert_eq!(qpet4.value, 6.75);
    assert!((qpet4.sphere_ml - 0.032).abs() < 1e-15);
    let percist = peak(&volume, &mask, PeakKind::Percist).unwrap();
    assert!(
        percist.value > global_pv.value && percist.value < 3.2,
        "{percist:?}"
    );
}

/// Known to four places: 2.9000 as the largest and 2.6193 around the hottest voxel, where a voxel's part
/// in the sphere was counted on 20 points along each axis. The exact parts give 2.90007 and 2.61885; with
/// 100 points an axis the count gives 2.90007 and 2.61885 as well.
#[test]
fn exact_parts_of_voxels_are_what_finer_counting_tends_to() {
    let (volume, _) = ibsi();
    for (at, known, fine) in [([0, 3, 0], 2.9000, 2.900_073), ([2, 3, 0], 2.6193, 2.618_849)] {
        let by_points = |points: usize| plainly(&volume, at, |from| counted([2.0; 3], from, points));
        assert!((by_points(20) - known).abs() < 5e-5, "{}", by_points(20));
        let mask = Mask::from_predicate(volume.grid().clone(), |voxel| voxel == at);
        let exact = peak(&volume, &mask, PeakKind::GlobalPv).unwrap().value;
        assert!((exact - fine).abs() < 1e-5, "{exact}");
        assert!((exact - known).abs() < 5e-4, "{exact}");
    }
}

/// The part of a voxel inside the sphere, counted on points.
fn counted(spacing: [f64; 3], from: Point<Patient>, points: usize) -> f64 {
    if from.xyz.norm() > SPHERE_RADIUS_MM + Vector::<Patient>::from(spacing).norm() / 2.0 {
        return 0.0;
    }
    let inside = (0..points.pow(3)).filter(|n| {
        let step = [n % points, n / points % points, n / (points * points)];
        let along =
            |axis: usize| from[axis] + ((step[axis] as f64 + 0.5) / points as f64 - 0.5) * spacing[axis];
        (0..3).map(|axis| along(axis).powi(2)).sum::<f64>() <= SPHERE_RADIUS_MM.powi(2)
    });
    inside.count() as f64 / points.pow(3) as f64
}

/// The same phantom with the voxels outside the VOI left out gives the two numbers of a common mistake.
#[test]
fn leaving_out_voxels_beyond_the_voi_would_be_seen() {
    let (volume, mask) = ibsi();
    let size = volume.grid().size();
    let inside = mask.to_dense();
    let values = (0..inside.len()).map(|n| {
        let value = volume.voxels().get(n).unwrap() as f32;
        if inside[n] { value } else { f32::NAN }
    });
    let cut = self::volume(Grid::new(size, axes([2.0; 3])).unwrap(), values);
    let local = peak(&cut, &mask, PeakKind::Local).unwrap();
    let global = peak(&cut, &mask, PeakKind::Global).unwrap();
    assert!((local.value - 2.488).abs() < 5e-4 && (global.value - 2.963).abs() < 5e-4);
}

/// Rows: spacing in mm, voxels whose centres lie inside, their volume in mL, voxels that share any with it.
///
/// On two grids a count on 20 points along each axis has fewer of the last, 45 and 161: it misses caps that
/// are thinner than the distance of points.
#[rustfmt::skip]
const GRIDS: [([f64; 3], usize, f64, usize); 8] = [
    ([1.0, 1.0, 1.0], 1021, 1.021, 1365),
    ([2.0, 2.0, 2.0], 123, 0.984, 251),
    ([4.0, 4.0, 4.0], 19, 1.216, 33),
    ([4.0728, 4.0728, 3.0], 21, 1.045, 49),
    ([3.65, 3.65, 3.27], 27, 1.176, 81),
    ([2.734, 2.734, 3.27], 39, 0.953, 93),
    ([2.036, 2.036, 3.0], 73, 0.908, 177),
    ([5.46875, 5.46875, 3.27], 7, 0.685, 37),
];

#[test]
fn spheres_hold_the_known_voxels_of_common_grids() {
    for (spacing, centers, ml, shared) in GRIDS {
        let grid = Grid::new([21, 21, 21], axes(spacing)).unwrap();
        let mask = Mask::from_predicate(grid.clone(), |at| at == [10, 10, 10]);
        let volume = volume(grid, [3.0; 21 * 21 * 21]);
        let found = peak(&volume, &mask, PeakKind::Global).unwrap();
        assert_eq!(found.voxels, centers, "{spacing:?}");
        assert!((found.sphere_ml - ml).abs() < 5.1e-4, "{spacing:?} {found:?}");
        let found = peak(&volume, &mask, PeakKind::GlobalPv).unwrap();
        assert_eq!(found.voxels, shared, "{spacing:?}");
        assert!((found.sphere_ml - 1.0).abs() < 1e-9, "{spacing:?} {found:?}");
        assert!((found.value - 3.0).abs() < 1e-12);
    }
}

/// A blob of 15 mm FWHM, 10 at its top over 1, on a voxel's centre: known means over the sphere, by centres
/// and by parts counted on 20 points along each axis. The mean of the smooth blob itself is 7.8244.
#[test]
fn a_blob_has_the_known_means() {
    let rows = [
        ([1.0; 3], 7.7993, 7.8057),
        ([2.0; 3], 7.8317, 7.7485),
        ([4.0; 3], 7.6392, 7.6274),
        ([4.0728, 4.0728, 3.0], 7.7836, 7.6154),
        ([5.46875, 5.46875, 3.27], 8.0973, 7.2822),
    ];
    for (spacing, binary, shared) in rows {
        let volume = blob(spacing, [10.0; 3], 21);
        let mask = Mask::from_predicate(volume.grid().clone(), |at| at == [10, 10, 10]);
        let global = peak(&volume, &mask, PeakKind::Global).unwrap();
        let global_pv = peak(&volume, &mask, PeakKind::GlobalPv).unwrap();
        assert!((global.value - binary).abs() < 1e-4, "{spacing:?} {global:?}");
        let by_points = plainly(&volume, [10, 10, 10], |from| counted(spacing, from, 20));
        assert!((by_points - shared).abs() < 1e-4, "{spacing:?} {by_points}");
        assert!(
            (global_pv.value - by_points).abs() < 3e-3,
            "{spacing:?} {global_pv:?}"
        );
    }
}

/// A blob of 15 mm FWHM around a voxel coordinate.
fn blob(spacing: [f64; 3], middle: [f64; 3], side: usize) -> Volume {
    let grid = Grid::new([side; 3], axes(spacing)).unwrap();
    let values = (0..side.pow(3)).map(|n| {
        let at = [n % side, n / side % side, n / (side * side)];
        let square: f64 = (0..3)
            .map(|axis| ((at[axis] as f64 - middle[axis]) * spacing[axis]).powi(2))
            .sum();
        (1.0 + 9.0 * (-4.0 * 2f64.ln() * square / 225.0).exp()) as f32
    });
    volume(grid, values.collect::<Vec<_>>())
}

#[test]
fn percist_finds_a_top_between_voxels() {
    let middle = [7.3, 6.9, 7.45];
    let volume = blob([4.07, 4.07, 3.0], middle, 15);
    let mask = Mask::of_values(&volume, |value| value >= 4.1);
    let found = peak(&volume, &mask, PeakKind::Percist).unwrap();
    let top = volume.grid().patient(middle.into());
    assert!(found.center.distance(top) < 0.25, "{found:?}, expected {top:?}");
    assert!((found.sphere_ml - 1.0).abs() < 1e-9);
    let at_voxels = peak(&volume, &mask, PeakKind::GlobalPv).unwrap();
    assert!(found.value > at_voxels.value);
    // No place on a fine lattice around the top has a mean higher by more than a ten-thousandth.
    for n in 0..125 {
        let place = [n % 5, n / 5 % 5, n / 25].map(|step| 0.05 * (step as f64 - 2.0));
        let at: [f64; 3] = std::array::from_fn(|axis| middle[axis] + place[axis]);
        let voxel = at.map(|v| v.round());
        let fraction = [0, 1, 2].map(|axis| at[axis] - voxel[axis]);
        let sphere = Sphere::new(volume.grid(), 0, fraction, Weighting::Overlap).unwrap();
        let held = sphere.held(&volume, voxel.map(|v| v as usize)).unwrap();
        assert!(held.mean < found.value * (1.0 + 1e-4), "{held:?} {found:?}");
    }
}

#[test]
fn a_flat_volume_has_its_peak_at_the_first_voxel() {
    let grid = Grid::new([12, 12, 12], axes([3.1, 3.3, 2.9])).unwrap();
    let mask = Mask::from_predicate(grid.clone(), |[i, j, k]| i > 3 && j > 4 && k > 5);
    for value in [0.0, 7.7, -3.0] {
        let volume = volume(grid.clone(), vec![value; 12 * 12 * 12]);
        for kind in PeakKind::ALL {
            let found = peak(&volume, &mask, kind).unwrap();
            assert!(
                (found.value - f64::from(value)).abs() < 1e-12,
                "{} {found:?}",
                kind.name()
            );
            assert_eq!(center_voxel(&volume, &found), [4.0, 5.0, 6.0], "{}", kind.name());
        }
    }
}

#[test]
fn an_empty_mask_a_mask_elsewhere_and_no_value_are_refused() {
    let (volume, mask) = ibsi();
    for kind in PeakKind::ALL {
        let empty = Mask::empty(volume.grid().clone());
        assert_eq!(peak(&volume, &empty, kind), Err(PeakError::Empty));
        let elsewhere = Mask::from_predicate(Grid::new([5, 4, 4], axes([2.5; 3])).unwrap(), |_| true);
        let refused = peak(&volume, &elsewhere, kind);
        assert!(matches!(refused, Err(PeakError::OtherGrid { .. })), "{refused:?}");
        let nan = self::volume(Grid::new([5, 4, 4], axes([2.0; 3])).unwrap(), [f32::NAN; 80]);
        assert_eq!(peak(&nan, &mask, kind), Err(PeakError::NoFiniteValue(74)));
    }
    let fine = Grid::new([2, 2, 2], axes([1e-4; 3])).unwrap();
    let mask = Mask::from_predicate(fine.clone(), |_| true);
    let refused = peak(&self::volume(fine, [1.0; 8]), &mask, PeakKind::Global);
    assert!(matches!(refused, Err(PeakError::TooFine(_))), "{refused:?}");
}

#[test]
fn values_that_are_not_finite_do_not_count() {
    let grid = Grid::new([9, 9, 9], axes([4.0; 3])).unwrap();
    let mask = Mask::from_predicate(grid.clone(), |at| at == [4, 4, 4] || at == [4, 4, 5]);
    let mut values = vec![2.0f32; 729];
    values[(4 * 9 + 4) * 9 + 3] = f32::INFINITY;
    values[(4 * 9 + 3) * 9 + 4] = f32::NAN;
    let volume = volume(grid, values);
    let local = peak(&volume, &mask, PeakKind::Local).unwrap();
    assert_eq!((local.value, local.voxels), (2.0, 17));
    for kind in PeakKind::ALL {
        let found = peak(&volume, &mask, kind).unwrap();
        assert!((found.value - 2.0).abs() < 1e-12, "{} {found:?}", kind.name());
    }
}

/// In an uneven stack each slice counts as thick as it is.
#[test]
fn uneven_slices_count_with_their_own_thickness() {
    let positions = vec![0.0, 3.0, 6.0, 8.0, 9.0, 10.0, 12.0, 16.0, 20.0];
    let grid = Grid::with_slice_positions([15, 15, 9], axes([2.0, 2.0, 1.0]), positions).unwrap();
    let values = (0..15 * 15 * 9).map(|n| (n / 225) as f32).collect::<Vec<_>>();
    let volume = volume(grid.clone(), values);
    let mask = Mask::from_predicate(grid, |at| at == [7, 7, 4]);
    let found = peak(&volume, &mask, PeakKind::GlobalPv).unwrap();
    assert!((found.sphere_ml - 1.0).abs() < 1e-9, "{found:?}");
    // Between the planes z = a and b from its middle a ball has the volume π (r² z - z³ / 3).
    let primitive = |z: f64| std::f64::consts::PI * (SPHERE_RADIUS_MM.powi(2) * z - z.powi(3) / 3.0);
    let faces = [-6.203_504_9f64, -4.5, -2.0, -0.5, 0.5, 2.0, 5.0, 6.203_504_9];
    let expected: f64 = faces
        .windows(2)
        .zip(1..)
        .map(|(pair, slice)| f64::from(slice) * (primitive(pair[1]) - primitive(pair[0])) / 1000.0)
        .sum();
    assert!((found.value - expected).abs() < 1e-6, "{found:?} {expected}");
    let percist = peak(&volume, &mask, PeakKind::Percist).unwrap();
    assert!(percist.value >= found.value);
}

/// Shear moves voxels, not the ball: the weights still make 1 mL.
#[test]
fn sheared_stacks_hold_a_whole_sphere_too() {
    let tilt = 18.5f64.to_radians();
    let axes = [
        Vector::new(1.5, 0.0, 0.0),
        Vector::new(0.0, 1.5 * tilt.cos(), -1.5 * tilt.sin()),
        Vector::new(0.0, 0.0, 2.5),
    ];
    let grid = Grid::new([15, 17, 13], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    let mask = Mask::from_predicate(grid.clone(), |at| at == [7, 8, 6]);
    let volume = volume(grid, vec![1.0; 15 * 17 * 13]);
    for kind in [PeakKind::GlobalPv, PeakKind::Percist] {
        let found = peak(&volume, &mask, kind).unwrap();
        assert!((found.sphere_ml - 1.0).abs() < 1e-9, "{found:?}");
    }
}

/// The definition in plain loops: the mean over all voxels by weight, around one voxel.
fn plainly(volume: &Volume, center: [usize; 3], weight: impl Fn(Point<Patient>) -> f64) -> f64 {
    let [columns, rows, slices] = volume.grid().size();
    let place = |at: [usize; 3]| volume.grid().patient(at.map(|n| n as f64).into());
    let (mut sum, mut total) = (0.0, 0.0);
    for (k, j, i) in
        (0..slices * rows * columns).map(|n| (n / (rows * columns), n / columns % rows, n % columns))
    {
        let value = volume.value([i, j, k]).unwrap();
        let weight = weight((place([i, j, k]) - place(center)).xyz.into());
        if value.is_finite() && weight > 0.0 {
            (sum, total) = (sum + weight * value, total + weight);
        }
    }
    sum / total
}

proptest! {
    #[test]
    fn spheres_by_centres_agree_with_the_plain_definition(
        values in prop::collection::vec(prop_oneof![9 => -10.0..10.0f32, 1 => Just(f32::NAN)], 5 * 6 * 4),
        inside in prop::collection::vec(any::<bool>(), 5 * 6 * 4),
        spacing in prop::array::uniform3(1.5..7.0f64),
    ) {
        let grid = Grid::new([5, 6, 4], axes(spacing)).unwrap();
        let mask = Mask::from_dense(grid.clone(), &inside).unwrap();
        let volume = volume(grid, values);
        let Ok(statistics) = Statistics::inside(&volume, &mask, Scale::Factor(1.0)) else {
            return Ok(());
        };
        let inside = |at: Point<Patient>| f64::from(u8::from(at.distance(Point::new(0.0, 0.0, 0.0)) <= SPHERE_RADIUS_MM));
        let around = |at: [usize; 3]| plainly(&volume, at, inside);
        let local = peak(&volume, &mask, PeakKind::Local).unwrap();
        prop_assert!((local.value - around(statistics.max_at)).abs() < 1e-9);
        let indices = mask.runs().iter().flat_map(|Run { start, end }| *start..*end);
        let largest = indices.map(|n| around([n % 5, n / 5 % 6, n / 30])).filter(|v| !v.is_nan()).fold(f64::MIN, f64::max);
        let global = peak(&volume, &mask, PeakKind::Global).unwrap();
        prop_assert!((global.value - largest).abs() < 1e-9, "{} {}", global.value, largest);
    }

    #[test]
    fn whole_spheres_make_one_millilitre_anywhere(
        spacing in prop::array::uniform3(1.0..6.0f64),
        fraction in prop::array::uniform3(-0.5..0.5f64),
    ) {
        let grid = Grid::new([3, 3, 3], axes(spacing)).unwrap();
        let side = 17;
        let large = Grid::new([side; 3], axes(spacing)).unwrap();
        let sphere = Sphere::new(&grid, 0, fraction, Weighting::Overlap).unwrap();
        let held = sphere.held(&volume(large, vec![1.0; side.pow(3)]), [side / 2; 3]).unwrap();
        prop_assert!((held.ml - 1.0).abs() < 2e-7, "{held:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_freer_place_never_has_a_lower_mean(
        values in prop::collection::vec(0.0..10.0f32, 7 * 6 * 5),
        corner in prop::array::uniform3(0..4usize),
        spacing in prop::array::uniform3(1.0..5.0f64),
    ) {
        let grid = Grid::new([7, 6, 5], axes(spacing)).unwrap();
        let mask = Mask::from_predicate(grid.clone(), |at| (0..3).all(|axis| (corner[axis]..corner[axis] + 2).contains(&at[axis])));
        let volume = volume(grid, values);
        let peaks = Peaks::new(&volume);
        let of = |kind| peaks.of(&mask, kind).unwrap();
        let (percist, global_pv) = (of(PeakKind::Percist), of(PeakKind::GlobalPv));
        prop_assert!(percist.value >= global_pv.value - 1e-11);
        let voxel = volume.grid().voxel(percist.center);
        prop_assert!(mask.contains([0, 1, 2].map(|axis| (voxel[axis] + 0.5).floor() as usize)));
        prop_assert!(of(PeakKind::Global).value >= of(PeakKind::Local).value - 1e-11);
        prop_assert_eq!(peaks.of(&mask, PeakKind::Percist), peak(&volume, &mask, PeakKind::Percist));
    }
}

#[test]
fn an_uneven_stack_of_even_slices_is_an_even_stack() {
    let size = [9, 9, 9];
    let even = Grid::new(size, axes([3.0, 3.0, 4.0])).unwrap();
    let positions = (0..9)
        .map(|k| f64::from(k) * 4.0 + 1e-7 * f64::from(k % 2))
        .collect();
    let uneven = Grid::with_slice_positions(size, axes([3.0, 3.0, 1.0]), positions).unwrap();
    assert!(uneven.slice_positions().is_some());
    for place in [0, 3, 7] {
        let of = |grid: &Grid| {
            Lattice::new(grid, 2..7, Weighting::Overlap, [3, 3, 1]).map(|lattice| {
                let values = (0..729).map(|n| (n * 7919 % 101) as f32).collect::<Vec<_>>();
                let mask = Mask::from_predicate(grid.clone(), |at| at == [place + 1, 4, 4]);
                let volume = volume(grid.clone(), values);
                lattice
                    .held(&volume, &lattice.highest(&volume, &mask).unwrap())
                    .1
                    .mean
            })
        };
        assert!((of(&even).unwrap() - of(&uneven).unwrap()).abs() < 1e-5);
    }
}

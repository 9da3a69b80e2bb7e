use proptest::prelude::*;

use super::{Separation, separate};
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::voi::phantom::{Noise, blurred};
use crate::voi::{Mask, Neighbours};
use crate::volume::{Rescale, Unit, Volume, Voxels};

fn volume(size: [usize; 3], value: impl Fn(usize) -> f32) -> Volume {
    let axes = [[2.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.0, 1.0, 3.0]].map(Vector::from);
    let positions = (0..size[2]).map(|k| (k * k) as f64 * 0.25 + k as f64).collect();
    let affine = Affine::from_axes(axes, Point::new(5.0, 0.0, -9.0));
    let grid = Grid::with_slice_positions(size, affine, positions).unwrap();
    let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

fn raw(merging: f64) -> Separation {
    Separation {
        merging,
        smoothing_mm: 0.0,
        ..Separation::default()
    }
}

fn all(volume: &Volume) -> Mask {
    Mask::from_predicate(volume.grid().clone(), |_| true)
}

/// Counts of the parts of one row of values.
fn check(values: &[f32], merging: f64, expected: &[usize]) {
    let volume = volume([values.len(), 1, 1], |n| values[n]);
    let parts = separate(&volume, &all(&volume), &raw(merging));
    let counts: Vec<usize> = parts.iter().map(Mask::count).collect();
    assert_eq!(counts, expected, "{values:?} at {merging}");
}

#[test]
fn a_deep_pass_parts_and_a_shallow_one_does_not() {
    // Pass 5 between maxima 8 and 10: 0.625 of the lower.
    check(&[4.0, 8.0, 6.0, 5.0, 7.0, 10.0, 9.0], 0.7, &[4, 3]);
    check(&[4.0, 8.0, 6.0, 5.0, 7.0, 10.0, 9.0], 0.6, &[7]);
    // The rule holds at exactly that part, too.
    check(&[8.0, 4.0, 8.0], 0.5, &[3]);
}

#[test]
fn a_low_hill_joins_first_and_does_not_hide_the_valley() {
    check(&[10.0, 4.0, 4.2, 4.0, 9.0], 0.8, &[3, 2]);
}

#[test]
fn plateaus_are_one_spot_whatever_their_sign() {
    check(&[5.0, 5.0, 5.0], 1.0, &[3]);
    check(&[-2.0, -2.0, -3.0, -2.0], 0.9, &[3, 1]);
}

#[test]
fn what_is_no_number_is_flooded_last() {
    check(&[9.0, f32::NAN, f32::NAN, 8.0], 0.9, &[2, 2]);
    check(&[f32::NAN, f32::NAN], 0.9, &[2]);
}

#[test]
fn nothing_gives_nothing_and_another_grid_gives_the_mask() {
    let volume = volume([4, 4, 4], |n| n as f32);
    let rule = Separation::default();
    assert_eq!(separate(&volume, &Mask::empty(volume.grid().clone()), &rule), []);
    let elsewhere = Mask::from_predicate(self::volume([4, 4, 3], |_| 0.0).grid().clone(), |_| true);
    assert_eq!(
        separate(&volume, &elsewhere, &rule),
        std::slice::from_ref(&elsewhere)
    );
}

#[test]
fn noise_neither_splits_a_sphere_nor_joins_two() {
    for seed in 0..4 {
        for diameter_mm in [15.0, 25.0, 40.0] {
            let noise = Noise { seed, of_root: 0.3 };
            let one = blurred(4.0, &[([1.0, 0.5, -0.7], diameter_mm, 8.0)], 1.0, noise);
            let hot = Mask::at_least(&one, 3.5).components(Neighbours::TwentySix);
            let hot = hot.mask(hot.largest().unwrap());
            let parts = separate(&one, &hot, &Separation::default());
            assert_eq!(parts.len(), 1, "{diameter_mm} mm, seed {seed}");
        }
        let spheres = [([-9.0, 0.5, 0.2], 15.0, 8.0), ([9.0, 0.0, 0.0], 15.0, 6.0)];
        let two = blurred(4.0, &spheres, 1.0, Noise { seed, of_root: 0.3 });
        let hot = Mask::at_least(&two, 2.0).components(Neighbours::TwentySix);
        let hot = hot.mask(hot.largest().unwrap());
        let parts = separate(&two, &hot, &Separation::default());
        assert_eq!(parts.len(), 2, "seed {seed}");
        for center in [[-9.0, 0.5, 0.2], [9.0, 0.0, 0.0]] {
            let voxel = two.grid().voxel(Point::from(center));
            let voxel = [0, 1, 2].map(|axis| voxel[axis].round() as usize);
            assert_eq!(parts.iter().filter(|part| part.contains(voxel)).count(), 1);
        }
    }
}

proptest! {
    /// Whatever the values: every voxel of the mask is in one part, each part is connected, parts come in order.
    #[test]
    fn parts_make_up_the_mask(
        size in prop::array::uniform3(1usize..7),
        levels in prop::collection::vec(0u8..6, 216),
        inside in prop::collection::vec(prop::bool::weighted(0.7), 216),
        merging in 0.0..1.2f64,
        smoothing_mm in prop_oneof![Just(0.0), 1.0..8.0f64],
        neighbours in prop_oneof![Just(Neighbours::Six), Just(Neighbours::Eighteen), Just(Neighbours::TwentySix)],
    ) {
        let volume = volume(size, |n| if levels[n] == 5 { f32::NAN } else { f32::from(levels[n]) });
        let dense = &inside[..volume.grid().voxels()];
        let mask = Mask::from_dense(volume.grid().clone(), dense).unwrap();
        let parts = separate(&volume, &mask, &Separation { neighbours, merging, smoothing_mm });
        let mut joined = Mask::empty(mask.grid().clone());
        for part in &parts {
            prop_assert!(joined.intersection(part).unwrap().is_empty());
            joined = joined.union(part).unwrap();
            prop_assert_eq!(part.components(neighbours).count(), 1);
        }
        prop_assert_eq!(&joined, &mask);
        prop_assert!(parts.windows(2).all(|pair| pair[0].runs()[0].start < pair[1].runs()[0].start));
    }

    /// Without smoothing, parts are as many as maxima that no path leaves for a higher one above the pass rule.
    #[test]
    fn spots_are_those_of_the_definition(
        size in prop::array::uniform3(1usize..6),
        levels in prop::collection::vec(1u8..9, 125),
        merging in 0.2..1.0f64,
    ) {
        let volume = volume(size, |n| f32::from(levels[n]));
        let mask = all(&volume);
        // Only the number of spots is defined without an order of flooding: count, level by level, the
        // components that hold a maximum and sank deep enough before they met a higher one.
        let mut expected = 1;
        let mut open: Vec<(Mask, f64)> = Vec::new();
        for level in (1..9u8).rev() {
            let parts = Mask::at_least(&volume, f64::from(level)).components(Neighbours::TwentySix).masks();
            open = parts.into_iter().map(|part| {
                let mut maxima: Vec<f64> = open.iter()
                    .filter(|(own, _)| !own.intersection(&part).unwrap().is_empty())
                    .map(|(_, maximum)| *maximum)
                    .collect();
                maxima.sort_by(|a, b| b.total_cmp(a));
                let apart = maxima.iter().skip(1).filter(|maximum| f64::from(level) < merging * **maximum);
                expected += apart.count();
                let highest = maxima.first().copied().unwrap_or(f64::from(level));
                (part, highest)
            }).collect();
        }
        let parts = separate(&volume, &mask, &raw(merging));
        prop_assert_eq!(parts.len(), expected);
    }
}

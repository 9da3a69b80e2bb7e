use proptest::prelude::*;

use super::{GrowError, Growing, grow};
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::voi::{Mask, Neighbours};
use crate::volume::{Rescale, Unit, Volume, Voxels};

const RESCALE: Rescale = Rescale {
    slope: -2.0,
    intercept: 20.0,
};

/// Uneven, sheared slices; stored values fall as real ones rise.
fn volume(size: [usize; 3], stored: impl Fn(usize) -> f32) -> Volume {
    let axes = [[2.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.0, 1.0, 3.0]].map(Vector::from);
    let positions = (0..size[2]).map(|k| (k * k) as f64 * 0.25 + k as f64).collect();
    let affine = Affine::from_axes(axes, Point::new(5.0, 0.0, -9.0));
    let grid = Grid::with_slice_positions(size, affine, positions).unwrap();
    let voxels = Voxels::F32((0..grid.voxels()).map(stored).collect());
    Volume::new(grid, voxels, RESCALE, Unit::SuvBw).unwrap()
}

fn rule(at_least: f64, neighbours: Neighbours) -> Growing {
    Growing {
        at_least,
        neighbours,
        most_ml: None,
    }
}

fn refused(seed: [usize; 3], stored: f32, rule: Growing, message: &str) {
    let refused = grow(&volume([4, 3, 2], |_| stored), seed, &rule).unwrap_err();
    assert_eq!(refused.to_string(), message);
}

#[test]
fn says_why_nothing_grows() {
    let plain = rule(4.0, Neighbours::Six);
    let cap = |ml| Growing {
        most_ml: Some(ml),
        ..plain
    };
    refused(
        [4, 0, 0],
        1.0,
        plain,
        "the seed must lie within [4, 3, 2] voxels, found [4, 0, 0]",
    );
    refused(
        [0, 0, usize::MAX],
        1.0,
        plain,
        "the seed must lie within [4, 3, 2] voxels, found [0, 0, 18446744073709551615]",
    );
    refused(
        [0; 3],
        f32::NAN,
        plain,
        "the value at the seed must be finite, found NaN",
    );
    refused(
        [0; 3],
        f32::NEG_INFINITY,
        plain,
        "the value at the seed must be finite, found inf",
    );
    refused(
        [0; 3],
        9.0,
        plain,
        "the seed must reach the threshold of 4, found 2",
    );
    refused(
        [0; 3],
        1.0,
        rule(f64::NAN, Neighbours::Six),
        "the threshold must be a number, found NaN",
    );
    refused(
        [0; 3],
        1.0,
        cap(0.0),
        "the largest volume must be positive, found 0 mL",
    );
    refused(
        [0; 3],
        1.0,
        cap(f64::NAN),
        "the largest volume must be positive, found NaN mL",
    );
}

#[test]
fn a_cap_of_exactly_the_region_does_not_stop_it() {
    let volume = volume([5, 4, 3], |_| 1.0);
    let all = grow(&volume, [2, 1, 1], &rule(4.0, Neighbours::Six)).unwrap();
    assert_eq!((all.mask.count(), all.capped), (60, false));
    let most_ml = Some(all.mask.volume_ml());
    let capped = grow(
        &volume,
        [2, 1, 1],
        &Growing {
            most_ml,
            ..rule(4.0, Neighbours::Six)
        },
    );
    assert_eq!(capped, Ok(all));
}

#[test]
fn a_cap_below_one_voxel_leaves_the_seed() {
    let volume = volume([5, 4, 3], |_| 1.0);
    let most_ml = Some(1e-6);
    let grown = grow(
        &volume,
        [2, 1, 1],
        &Growing {
            most_ml,
            ..rule(4.0, Neighbours::Six)
        },
    )
    .unwrap();
    assert_eq!(
        grown.mask,
        Mask::from_predicate(volume.grid().clone(), |at| at == [2, 1, 1])
    );
    assert!(grown.capped);
}

#[test]
fn an_infinite_voxel_is_a_neighbour_and_a_nan_is_none() {
    let volume = volume([5, 1, 1], |n| [1.0, f32::NEG_INFINITY, 1.0, f32::NAN, 1.0][n]);
    let grown = grow(&volume, [0, 0, 0], &rule(4.0, Neighbours::TwentySix)).unwrap();
    assert_eq!(grown.mask.count(), 3);
}

proptest! {
    /// The region is the component of the thresholded volume that holds the seed.
    #[test]
    fn grows_the_component_of_the_seed(
        size in prop::array::uniform3(1usize..8),
        levels in prop::collection::vec(0u8..12, 343),
        seed in prop::array::uniform3(0usize..7),
        at_least in 0.0..16.0f64,
        most_ml in 0.001..2.0f64,
    ) {
        let seed = [0, 1, 2].map(|axis| seed[axis] % size[axis]);
        let volume = volume(size, |n| f32::from(levels[n]));
        for neighbours in [Neighbours::Six, Neighbours::Eighteen, Neighbours::TwentySix] {
            let rule = rule(at_least, neighbours);
            let parts = Mask::at_least(&volume, at_least).components(neighbours);
            let Some(label) = parts.label(seed) else {
                let below = matches!(grow(&volume, seed, &rule), Err(GrowError::SeedBelow { .. }));
                prop_assert!(below);
                continue;
            };
            let whole = grow(&volume, seed, &rule).unwrap();
            prop_assert_eq!((&whole.mask, whole.capped), (&parts.mask(label), false));

            let part = grow(&volume, seed, &Growing { most_ml: Some(most_ml), ..rule }).unwrap();
            let whole_ml = whole.mask.volume_ml();
            let room_ml = most_ml.max(volume.grid().voxel_ml(seed[2])) * (1.0 + 1e-6);
            if !part.capped {
                prop_assert_eq!(&part.mask, &whole.mask);
                prop_assert!(whole_ml <= room_ml);
                continue;
            }
            prop_assert!(whole_ml > most_ml * (1.0 - 1e-6));
            prop_assert!(part.mask.volume_ml() <= room_ml);
            prop_assert!(part.mask.contains(seed));
            prop_assert!(part.mask.difference(&whole.mask).unwrap().is_empty());
            prop_assert_eq!(part.mask.components(neighbours).count(), 1);
        }
    }
}

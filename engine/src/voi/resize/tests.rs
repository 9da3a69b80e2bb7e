use proptest::prelude::*;

use crate::voi::strategies::{any_mask, upright};
use crate::voi::{Mask, ShapeError};

#[test]
fn a_block_gets_just_so_many_voxels() {
    let grid = upright([40, 40, 40], [2.0, 2.0, 3.0]);
    let block = Mask::from_predicate(grid, |[i, j, k]| {
        (10..15).contains(&i) && (12..20).contains(&j) && (9..12).contains(&k)
    });
    assert_eq!(block.size_mm(), Some([10.0, 16.0, 9.0]));
    for size in [
        [10.0, 16.0, 9.0],
        [12.0, 16.0, 9.0],
        [8.0, 2.0, 30.0],
        [22.0, 40.0, 3.0],
    ] {
        let edited = block.with_size_mm(size).unwrap();
        assert_eq!(edited.size_mm(), Some(size));
        let voxels = size[0] / 2.0 * size[1] / 2.0 * size[2] / 3.0;
        assert_eq!(edited.count() as f64, voxels.round(), "{size:?}");
    }
    assert_eq!(block.with_size_mm([10.0, 16.0, 9.0]).unwrap(), block);
    let edited = block.with_size_mm([14.0, 12.0, 27.0]).unwrap();
    assert_eq!(edited.bounding_box(), Some([9..16, 13..19, 6..15]));
}

#[test]
fn slices_of_uneven_stacks_reach_half_way() {
    let even = upright([3, 3, 4], [1.0; 3]);
    let affine = *even.patient_from_voxel();
    let uneven =
        crate::geometry::Grid::with_slice_positions([3, 3, 4], affine, vec![0.0, 1.0, 4.0, 6.0]).unwrap();
    let mask = Mask::from_predicate(uneven, |at| at == [1, 1, 1] || at == [2, 1, 2]);
    // From 0.5 to 5.
    assert_eq!(mask.size_mm(), Some([2.0, 1.0, 4.5]));
}

#[test]
fn sizes_that_are_none_are_refused() {
    let mask = Mask::from_predicate(upright([5, 5, 5], [1.0; 3]), |at| at == [2, 2, 2]);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = mask.with_size_mm([1.0, bad, 1.0]);
        assert!(
            matches!(
                refused,
                Err(ShapeError::NotPositive {
                    what: "the width",
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    let empty = Mask::empty(mask.grid().clone());
    assert_eq!(
        (empty.size_mm(), empty.with_size_mm([1.0; 3])),
        (None, Err(ShapeError::NoVoxel))
    );
}

proptest! {
    #[test]
    fn a_block_has_its_count_on_steps_that_no_double_holds(step in 0.1..3.0f64, old in 1..9usize, new in 1..9usize, first in 12..20usize) {
        let grid = upright([40, 1, 1], [step; 3]);
        let block = Mask::from_predicate(grid, |[i, ..]| (first..first + old).contains(&i));
        let edited = block.with_size_mm([new as f64 * step, step, step]).unwrap();
        prop_assert_eq!(edited.count(), new);
        // About the same middle, or half a voxel below it.
        prop_assert_eq!(edited.bounding_box().unwrap()[0].start, (2 * first + old - new) / 2);
    }

    #[test]
    fn the_same_size_is_the_same_mask(mask in any_mask()) {
        if let Some(size) = mask.size_mm() {
            prop_assert_eq!(mask.with_size_mm(size).unwrap(), mask);
        }
    }

    #[test]
    fn a_larger_mask_has_the_size_asked_for(inner in prop::array::uniform3(1..6usize), more in prop::array::uniform3(0.0..9.0f64), hollow in any::<bool>()) {
        let step = [2.0, 1.5, 3.0];
        let low = [20usize, 21, 22];
        let grid = upright([48, 48, 48], step);
        let side = |at: [usize; 3]| (0..3).any(|axis| at[axis] == low[axis] || at[axis] + 1 == low[axis] + inner[axis]);
        let block = |at: [usize; 3]| (0..3).all(|axis| (low[axis]..low[axis] + inner[axis]).contains(&at[axis]));
        let mask = Mask::from_predicate(grid, |at| block(at) && (!hollow || side(at)));
        let size = [0, 1, 2].map(|axis| (inner[axis] as f64 + more[axis]) * step[axis]);
        let found = mask.with_size_mm(size).unwrap().size_mm().unwrap();
        for axis in 0..3 {
            prop_assert!((found[axis] - size[axis]).abs() < step[axis], "{found:?} for {size:?}");
        }
    }
}

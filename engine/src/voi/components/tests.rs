use proptest::prelude::*;

use super::Components;
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::voi::{Mask, Neighbours};

const ALL: [Neighbours; 3] = [Neighbours::Six, Neighbours::Eighteen, Neighbours::TwentySix];

fn grid(size: [usize; 3]) -> Grid {
    let axes = [[2.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.0, 1.0, 3.0]].map(Vector::from);
    let positions = (0..size[2]).map(|k| (k * k) as f64 * 0.25 + k as f64).collect();
    Grid::with_slice_positions(
        size,
        Affine::from_axes(axes, Point::new(5.0, 0.0, -9.0)),
        positions,
    )
    .unwrap()
}

/// Floods voxel by voxel from each voxel that has no label yet.
fn defined(mask: &Mask, neighbours: Neighbours) -> Vec<Option<usize>> {
    let [columns, rows, slices] = mask.grid().size();
    let most = match neighbours {
        Neighbours::Six => 1,
        Neighbours::Eighteen => 2,
        Neighbours::TwentySix => 3,
    };
    let at = |n: usize| [n % columns, n / columns % rows, n / (columns * rows)];
    let touch = |a: [usize; 3], b: [usize; 3]| {
        let steps = [0, 1, 2].map(|axis| a[axis].abs_diff(b[axis]));
        steps.iter().all(|step| *step <= 1) && steps.iter().sum::<usize>() <= most
    };
    let inside = mask.to_dense();
    let mut labels = vec![None; columns * rows * slices];
    let mut count = 0;
    for first in 0..labels.len() {
        if !inside[first] || labels[first].is_some() {
            continue;
        }
        labels[first] = Some(count);
        let mut open = vec![first];
        while let Some(n) = open.pop() {
            for other in 0..labels.len() {
                if inside[other] && labels[other].is_none() && touch(at(n), at(other)) {
                    labels[other] = Some(count);
                    open.push(other);
                }
            }
        }
        count += 1;
    }
    labels
}

fn labels(components: &Components, [columns, rows, slices]: [usize; 3]) -> Vec<Option<usize>> {
    let voxels =
        (0..columns * rows * slices).map(|n| [n % columns, n / columns % rows, n / (columns * rows)]);
    voxels.map(|voxel| components.label(voxel)).collect()
}

#[test]
fn an_empty_mask_has_no_parts() {
    let parts = Mask::empty(grid([3, 3, 3])).components(Neighbours::Six);
    assert_eq!(
        (parts.count(), parts.largest(), parts.label([1, 1, 1])),
        (0, None, None)
    );
    assert_eq!((parts.voxels(0), parts.mask(7).count()), (0, 0));
}

#[test]
fn rows_do_not_touch_around_their_ends() {
    // The last voxel of a row and the first of the next follow each other in memory only.
    let mask = Mask::from_predicate(grid([4, 2, 1]), |at| at == [3, 0, 0] || at == [0, 1, 0]);
    assert_eq!(mask.components(Neighbours::TwentySix).count(), 2);
}

#[test]
fn of_equal_parts_the_first_is_the_largest() {
    let mask = Mask::from_predicate(grid([5, 1, 1]), |[i, ..]| i != 1 && i != 3);
    assert_eq!(mask.components(Neighbours::Six).largest(), Some(0));
}

#[test]
fn a_u_is_one_part_though_its_arms_meet_late() {
    let mask = Mask::from_predicate(grid([5, 4, 1]), |[i, j, _]| i == 0 || i == 4 || j == 3);
    assert_eq!(mask.components(Neighbours::Six).count(), 1);
}

proptest! {
    #[test]
    fn parts_are_those_of_the_definition(
        size in prop::array::uniform3(1usize..7),
        dense in prop::collection::vec(prop::bool::weighted(0.35), 216),
    ) {
        let grid = grid(size);
        let mask = Mask::from_dense(grid.clone(), &dense[..grid.voxels()]).unwrap();
        for neighbours in ALL {
            let parts = mask.components(neighbours);
            let expected = defined(&mask, neighbours);
            prop_assert_eq!(&labels(&parts, size), &expected);
            let masks = parts.masks();
            prop_assert_eq!(masks.len(), parts.count());
            for (n, part) in masks.iter().enumerate() {
                let own: Vec<bool> = expected.iter().map(|label| *label == Some(n)).collect();
                prop_assert_eq!(part.to_dense(), own);
                prop_assert_eq!(part.count(), parts.voxels(n));
            }
        }
    }
}

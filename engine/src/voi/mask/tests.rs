use std::sync::Arc;

use proptest::prelude::*;

use super::{Mask, MaskError, Run};
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};

fn affine(step: f64) -> Affine<Patient, Voxel> {
    let axes = [
        Vector::new(step, 0.0, 0.0),
        Vector::new(0.0, step, 0.0),
        Vector::new(0.0, 0.0, step),
    ];
    Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))
}

fn grid(size: [usize; 3], step: f64) -> Arc<Grid> {
    Arc::new(Grid::new(size, affine(step)).unwrap())
}

#[test]
fn runs_are_cut_at_row_ends_and_joined_within() {
    let runs = vec![
        Run { start: 7, end: 9 },
        Run { start: 2, end: 6 },
        Run { start: 3, end: 7 },
        Run { start: 11, end: 11 },
    ];
    let mask = Mask::from_runs(grid([4, 3, 1], 1.0), runs).unwrap();
    let expected = [
        Run { start: 2, end: 4 },
        Run { start: 4, end: 8 },
        Run { start: 8, end: 9 },
    ];
    assert_eq!(mask.runs(), expected);
    assert_eq!((mask.count(), mask.bounding_box()), (7, Some([0..4, 0..3, 0..1])));
}

#[test]
fn runs_outside_the_grid_are_refused() {
    for run in [Run { start: 0, end: 13 }, Run { start: 5, end: 4 }] {
        let refused = Mask::from_runs(grid([4, 3, 1], 1.0), vec![run]);
        assert!(
            matches!(refused, Err(MaskError::Run { voxels: 12, .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn sets_on_different_grids_are_not_combined() {
    let (a, b) = (
        Mask::empty(grid([2, 2, 2], 1.0)),
        Mask::empty(grid([2, 2, 2], 1.1)),
    );
    assert!(matches!(a.union(&b), Err(MaskError::OtherGrid(..))));
}

#[test]
fn volume_follows_the_thickness_of_each_slice() {
    let uneven = Grid::with_slice_positions([2, 1, 3], affine(10.0), vec![0.0, 1.0, 4.0]).unwrap();
    let mask = Mask::from_predicate(uneven, |[i, _, k]| i == 0 || k == 2);
    assert!((mask.volume_ml() - (1.0 + 2.0 + 2.0 * 3.0)).abs() < 1e-12);
}

#[test]
fn a_coarse_mask_fills_the_fine_voxels_it_covers() {
    let coarse = Mask::from_predicate(grid([4, 4, 4], 2.0), |at| at == [1, 2, 3]);
    // Coarse voxel (1, 2, 3) spans 1 to 3, 3 to 5 and 5 to 7 mm; the low face belongs to it.
    let fine = coarse.carry_to(grid([9, 9, 9], 1.0));
    assert_eq!(fine.bounding_box(), Some([1..3, 3..5, 5..7]));
    assert_eq!(fine.count(), 8);
}

#[test]
fn a_mask_beyond_the_other_grid_is_cut() {
    let mask = Mask::from_predicate(grid([4, 4, 4], 2.0), |_| true);
    let far = Affine::from_axes(
        [
            [2.0, 0.0, 0.0].into(),
            [0.0, 2.0, 0.0].into(),
            [0.0, 0.0, 2.0].into(),
        ],
        Point::new(4.0, -40.0, 0.0),
    );
    assert!(mask.carry_to(Grid::new([3, 3, 3], far).unwrap()).is_empty());
    assert!(
        Mask::empty(grid([4, 4, 4], 2.0))
            .carry_to(grid([3, 3, 3], 1.0))
            .is_empty()
    );
}

#[test]
fn a_turned_grid_holds_the_same_places() {
    // Columns run to the feet and slices to the left: no axis keeps its name or sign.
    let axes = [
        Vector::new(0.0, 0.0, -1.0),
        Vector::new(0.0, 1.0, 0.0),
        Vector::new(1.0, 0.0, 0.0),
    ];
    let turned = Grid::new([5, 6, 7], Affine::from_axes(axes, Point::new(0.0, 0.0, 4.0))).unwrap();
    let mask = Mask::from_predicate(grid([7, 6, 5], 1.0), |[i, j, k]| i > 4 && j == 1 && k != 2);
    let there = mask.carry_to(turned);
    assert_eq!(there.count(), mask.count());
    assert!(there.contains([4, 1, 6]) && !there.contains([2, 1, 6]));
    assert_eq!(there.carry_to(mask.grid().clone()), mask);
}

fn dense() -> impl Strategy<Value = (Vec<bool>, Vec<bool>)> {
    let bits = || prop::collection::vec(prop::bool::weighted(0.6), 7 * 5 * 4);
    (bits(), bits())
}

proptest! {
    #[test]
    fn dense_and_runs_are_the_same_set((a, _) in dense()) {
        let mask = Mask::from_dense(grid([7, 5, 4], 1.0), &a).unwrap();
        prop_assert_eq!(&mask.to_dense(), &a);
        prop_assert_eq!(mask.count(), a.iter().filter(|inside| **inside).count());
        let again = Mask::from_predicate(mask.grid().clone(), |at| mask.contains(at));
        prop_assert_eq!(&again, &mask);
        let shuffled = mask.runs().iter().rev().copied().collect();
        prop_assert_eq!(Mask::from_runs(mask.grid().clone(), shuffled).unwrap(), mask);
    }

    #[test]
    fn set_operations_are_those_of_each_voxel((a, b) in dense()) {
        let on = grid([7, 5, 4], 1.0);
        let (mask_a, mask_b) = (Mask::from_dense(on.clone(), &a).unwrap(), Mask::from_dense(on.clone(), &b).unwrap());
        let check = |found: Result<Mask, MaskError>, keep: fn(bool, bool) -> bool| {
            let expected: Vec<bool> = a.iter().zip(&b).map(|(a, b)| keep(*a, *b)).collect();
            prop_assert_eq!(found.unwrap(), Mask::from_dense(on.clone(), &expected).unwrap());
            Ok(())
        };
        check(mask_a.union(&mask_b), |a, b| a || b)?;
        check(mask_a.intersection(&mask_b), |a, b| a && b)?;
        check(mask_a.difference(&mask_b), |a, b| a && !b)?;
    }

    #[test]
    fn carried_masks_that_share_nothing_still_share_nothing((a, _) in dense(), angle in 0.0..6.0f64, step in 0.3..1.5f64) {
        let mask = Mask::from_dense(grid([7, 5, 4], 1.0), &a).unwrap();
        let rest = Mask::from_predicate(mask.grid().clone(), |_| true).difference(&mask).unwrap();
        let (sin, cos) = angle.sin_cos();
        let axes = [Vector::new(step * cos, step * sin, 0.0), Vector::new(-step * sin, step * cos, 0.0), Vector::new(0.0, 0.1, step)];
        let oblique = Arc::new(Grid::new([9, 9, 9], Affine::from_axes(axes, Point::new(2.0, -1.0, -0.3))).unwrap());
        let (there, rest_there) = (mask.carry_to(oblique.clone()), rest.carry_to(oblique.clone()));
        prop_assert!(there.intersection(&rest_there).unwrap().is_empty());
        // The definition, without the search for what can be reached.
        let plain = Mask::from_predicate(oblique.clone(), |at| {
            let voxel = mask.grid().voxel(oblique.patient(at.map(|n| n as f64).into()));
            let nearest = [0, 1, 2].map(|axis| (voxel[axis] + 0.5 + 1e-6).floor());
            nearest.iter().all(|n| *n >= 0.0) && mask.contains(nearest.map(|n| n as usize))
        });
        prop_assert_eq!(there, plain);
    }
}

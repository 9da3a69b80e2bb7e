use proptest::prelude::*;

use crate::geometry::{Point, Voxel};
use crate::voi::Mask;
use crate::voi::strategies::{any_mask, upright};

/// Corners of each contour of one slice, in steps of the grid, sorted by their number.
fn corners(inside: impl Fn([usize; 3]) -> bool) -> Vec<Vec<[f64; 2]>> {
    let mask = Mask::from_predicate(upright([8, 8, 1], [2.0, 3.0, 4.0]), inside);
    let polygons = mask.contours().polygons().to_vec();
    let flat = |place: &Point<_>| {
        let voxel: Point<Voxel> = mask.grid().voxel(*place);
        [voxel[0], voxel[1]]
    };
    let mut corners: Vec<Vec<[f64; 2]>> = polygons
        .iter()
        .map(|polygon| polygon.iter().map(flat).collect())
        .collect();
    corners.sort_by_key(Vec::len);
    corners
}

#[test]
fn a_voxel_has_four_corners() {
    let mut found = corners(|at| at == [3, 5, 0]).concat();
    found.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(found, [[2.5, 4.5], [2.5, 5.5], [3.5, 4.5], [3.5, 5.5]]);
}

#[test]
fn straight_sides_have_no_corners_between() {
    let found = corners(|[i, j, _]| (1..6).contains(&i) && (1..7).contains(&j));
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [4]);
    let found = corners(|[i, j, _]| j == 2 || i == 3);
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [12]);
}

#[test]
fn a_hole_is_an_outline_of_its_own_and_so_are_parts_that_touch_at_a_corner() {
    let ring = corners(|[i, j, _]| (1..6).contains(&i) && (1..6).contains(&j) && [i, j] != [3, 3]);
    assert_eq!(ring.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
    for turned in [false, true] {
        let touching = corners(|[i, j, _]| if turned { i + j == 7 } else { i == j });
        assert_eq!(touching.iter().map(Vec::len).collect::<Vec<_>>(), [4; 8]);
    }
}

#[test]
fn empty_slices_between_stay_empty() {
    for slices in [vec![0, 2, 4], vec![1], vec![0, 4], vec![2, 3, 5]] {
        let mask = Mask::from_predicate(upright([4, 4, 6], [2.0, 2.0, 3.0]), |[i, j, k]| {
            i < 2 && j > 0 && slices.contains(&k)
        });
        assert_eq!(
            mask.contours().rasterise(mask.grid().clone()),
            (mask, vec![]),
            "{slices:?}"
        );
    }
}

#[test]
fn rounded_contours_keep_near_and_lose_their_stairs() {
    let inside = |[i, j, _]: [usize; 3]| (i as f64 - 15.0).hypot(j as f64 - 15.0) < 10.0;
    let mask = Mask::from_predicate(upright([31, 31, 1], [1.0; 3]), inside);
    let (exact, rounded) = (mask.contours(), mask.contours().rounded(0.5));
    let from_middle = |place: &Point<_>| (place[0] - 15.0f64).hypot(place[1] - 15.0);
    let spread = |stack: &crate::voi::PolygonStack| {
        let radii: Vec<f64> = stack.polygons()[0].iter().map(from_middle).collect();
        radii.iter().copied().fold(0.0, f64::max) - radii.iter().copied().fold(f64::INFINITY, f64::min)
    };
    assert!(
        spread(&exact) > 1.2 && spread(&rounded) < 0.8,
        "{} to {}",
        spread(&exact),
        spread(&rounded)
    );
    assert_eq!(rounded.polygons()[0].len(), 4 * exact.polygons()[0].len());
    assert_eq!(rounded.rasterise(mask.grid().clone()).0, mask);
}

proptest! {
    #[test]
    fn contours_give_the_mask_back(mask in any_mask()) {
        let contours = mask.contours();
        prop_assert_eq!(contours.rasterise(mask.grid().clone()), (mask.clone(), vec![]));
        for polygon in contours.polygons() {
            for n in 0..polygon.len() {
                let [a, b, c] = [0, 1, 2].map(|next| mask.grid().voxel(polygon[(n + next) % polygon.len()]));
                let turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
                prop_assert!(turn.abs() > 0.9, "a straight corner at {b:?}");
            }
        }
    }
}

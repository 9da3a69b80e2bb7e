use proptest::prelude::*;

use crate::geometry::{Affine, Grid, Point, Vector, Voxel};
use crate::voi::Mask;
use crate::voi::strategies::{SIZE, any_mask, cells, upright};

fn distance_mm(grid: &Grid, a: [i64; 3], b: [i64; 3]) -> f64 {
    let place = |at: [i64; 3]| grid.patient(Point::<Voxel>::from(at.map(|n| n as f64)));
    place(a).distance(place(b))
}

fn whole(at: [usize; 3]) -> [i64; 3] {
    at.map(|n| n as i64)
}

/// The definition; `None` where rounding may decide.
fn near(mask: &Mask, at: [i64; 3], mm: f64, inside: bool) -> Option<bool> {
    let others = cells(SIZE).filter(|other| mask.contains(*other) == inside);
    let distances = others.map(|other| distance_mm(mask.grid(), at, whole(other)));
    let least = distances.fold(f64::INFINITY, f64::min);
    ((least - mm).abs() > 2e-4).then_some(least < mm)
}

/// All places within three sides of the grid.
fn wide() -> impl Iterator<Item = [i64; 3]> {
    let [columns, rows, slices] = SIZE.map(|n| n as i64);
    let all = (-slices..2 * slices).flat_map(move |k| (-rows..2 * rows).map(move |j| (j, k)));
    all.flat_map(move |(j, k)| (-columns..2 * columns).map(move |i| [i, j, k]))
}

/// Places reached from the border through faces of background, one step in `steps` after the other.
fn from_border(mask: &Mask, steps: &[[i64; 3]], on_border: impl Fn([usize; 3]) -> bool) -> Vec<[usize; 3]> {
    let mut found: Vec<[usize; 3]> = cells(SIZE)
        .filter(|at| !mask.contains(*at) && on_border(*at))
        .collect();
    let mut next = 0;
    while let Some(at) = found.get(next).copied() {
        next += 1;
        for step in steps {
            let [i, j, k] = [0, 1, 2].map(|axis| at[axis] as i64 + step[axis]);
            let Some(to) = cells(SIZE).find(|to| whole(*to) == [i, j, k]) else {
                continue;
            };
            if !mask.contains(to) && !found.contains(&to) {
                found.push(to);
            }
        }
    }
    found
}

#[test]
fn a_ball_of_ten_mm_holds_the_centres_within() {
    let step = Vector::new(2.0, 0.0, 0.0);
    let axes = [step, Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 5.0)];
    let grid = Grid::new([15, 15, 9], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    let ball = Mask::from_predicate(grid, |at| at == [7, 7, 4]).grown(10.0);
    // Lattice points of discs of radius 5, sqrt(75 / 4) and 0 steps: 81, 2 x 61 and 2 x 1.
    assert_eq!(ball.count(), 81 + 2 * 61 + 2);
    assert_eq!(ball.bounding_box(), Some([2..13, 2..13, 2..7]));
}

#[test]
fn distances_that_are_whole_steps_count_as_within() {
    // 0.1 + 0.1 + 0.1 is above 0.3 in f64.
    let axes = [0, 1, 2].map(|axis| Vector::from([0, 1, 2].map(|n| if n == axis { 0.1 } else { 0.0 })));
    let grid = Grid::new([9, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    let one = Mask::from_predicate(grid, |[i, ..]| i == 4);
    assert_eq!(one.grown(0.3).count(), 7);
    assert_eq!(
        one.grown(0.3).shrunk(0.3),
        one.grown(0.3).intersection(&one.shrunk(-1.0)).unwrap()
    );
}

#[test]
fn odd_distances_change_nothing_or_everything() {
    let mask = Mask::from_predicate(upright(SIZE, [2.0; 3]), |[i, j, k]| i == 3 && j > 1 && k == 2);
    for mm in [0.0, -3.0, f64::NAN, f64::NEG_INFINITY] {
        for same in [
            mask.grown(mm),
            mask.shrunk(mm),
            mask.opened(mm),
            mask.closed(mm),
            mask.smoothed(mm),
        ] {
            assert_eq!(same, mask, "{mm} mm");
        }
        assert!(mask.shell(mm, mm).is_empty());
    }
    for mm in [1e3, 1e300, f64::INFINITY] {
        assert_eq!(mask.grown(mm).count(), mask.grid().voxels());
        assert!(mask.shrunk(mm).is_empty());
        let all = mask.grown(mm);
        assert_eq!((all.shrunk(mm), all.closed(mm)), (all.clone(), all));
    }
    let empty = Mask::empty(mask.grid().clone());
    for same in [
        empty.grown(5.0),
        empty.shrunk(5.0),
        empty.closed(5.0),
        empty.filled(),
        empty.smoothed(5.0),
    ] {
        assert!(same.is_empty());
    }
}

#[test]
fn the_edge_of_the_grid_neither_eats_nor_feeds() {
    let slab = Mask::from_predicate(upright(SIZE, [1.0; 3]), |[_, j, _]| (1..4).contains(&j));
    assert_eq!(slab.shrunk(1.0).bounding_box(), Some([0..7, 2..3, 0..5]));
    // A row of background at the border is no gap: beyond it lies nothing.
    assert_eq!(slab.closed(3.0), slab);
}

proptest! {
    #[test]
    fn growing_and_shrinking_follow_the_definition(mask in any_mask(), mm in 0.1..9.0f64) {
        let (grown, shrunk) = (mask.grown(mm), mask.shrunk(mm));
        for at in cells(SIZE) {
            if let Some(expected) = near(&mask, whole(at), mm, true) {
                prop_assert_eq!(grown.contains(at), expected, "grown at {:?}", at);
            }
            if let Some(near_background) = near(&mask, whole(at), mm, false) {
                prop_assert_eq!(shrunk.contains(at), mask.contains(at) && !near_background, "shrunk at {:?}", at);
            }
        }
    }

    #[test]
    fn holes_are_what_the_border_does_not_reach(mask in any_mask()) {
        let steps = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
        let side = |at: [usize; 3], axes: usize| (0..axes).any(|axis| at[axis] == 0 || at[axis] + 1 == SIZE[axis]);
        let check = |filled: Mask, outside: Vec<[usize; 3]>| {
            let expected = Mask::from_predicate(mask.grid().clone(), |at| !outside.contains(&at));
            prop_assert_eq!(filled, expected);
            Ok(())
        };
        check(mask.filled(), from_border(&mask, &steps, |at| side(at, 3)))?;
        check(mask.filled_slices(), from_border(&mask, &steps[..4], |at| side(at, 2)))?;
    }

    #[test]
    fn smoothing_is_a_vote_within_the_ball(mask in any_mask(), mm in 0.1..9.0f64) {
        let smoothed = mask.smoothed(mm);
        for at in cells(SIZE) {
            let distances = cells(SIZE).map(|other| (other, distance_mm(mask.grid(), whole(at), whole(other))));
            let distances: Vec<([usize; 3], f64)> = distances.collect();
            if distances.iter().any(|(_, distance)| (distance - mm).abs() < 2e-4) {
                continue;
            }
            let votes = distances.iter().filter(|(_, distance)| *distance < mm);
            let sum: i64 = votes.map(|(other, _)| if mask.contains(*other) { 1 } else { -1 }).sum();
            prop_assert_eq!(smoothed.contains(at), sum > 0 || sum == 0 && mask.contains(at), "at {:?}", at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn closing_knows_no_edge(mask in any_mask(), mm in 0.1..4.0f64) {
        let closed = mask.closed(mm);
        prop_assert!(mask.difference(&closed).unwrap().is_empty());
        prop_assert!(mask.opened(mm).difference(&mask).unwrap().is_empty());
        // The definition knows one grid's width beyond the grid.
        let least = mask.grid().slice_positions().map_or(1.0, |all| all.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min));
        let steps = |axis: usize| mm * mask.grid().voxel_from_patient().linear.row(axis).norm();
        if steps(0) >= 7.0 || steps(1) >= 6.0 || steps(2) / least >= 5.0 {
            return Ok(());
        }
        let grown: Vec<([i64; 3], Option<bool>)> = wide().map(|at| (at, near(&mask, at, mm, true))).collect();
        for at in cells(SIZE) {
            let distances = grown.iter().map(|(other, inside)| (distance_mm(mask.grid(), whole(at), *other), *inside));
            let around: Vec<(f64, Option<bool>)> = distances.filter(|(distance, _)| *distance < mm + 2e-4).collect();
            if around.iter().any(|(distance, inside)| *distance > mm - 2e-4 || inside.is_none()) {
                continue;
            }
            let all = around.iter().all(|(_, inside)| *inside == Some(true));
            prop_assert_eq!(closed.contains(at), all, "at {:?}", at);
        }
    }
}

use std::f64::consts::TAU;

use proptest::prelude::*;

use super::{ContourWarning, PolygonStack};
use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::voi::Mask;

type Polygon = Vec<Point<Patient>>;

/// An upright grid of cubic voxels whose first centre is the origin.
fn upright(size: [usize; 3], step: [f64; 3]) -> Grid {
    let axes = [
        Vector::new(step[0], 0.0, 0.0),
        Vector::new(0.0, step[1], 0.0),
        Vector::new(0.0, 0.0, step[2]),
    ];
    Grid::new(size, Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap()
}

fn polygon(corners: &[[f64; 2]], z: f64) -> Polygon {
    corners.iter().map(|[x, y]| Point::new(*x, *y, z)).collect()
}

fn square(low: f64, high: f64, z: f64) -> Polygon {
    polygon(&[[low, low], [high, low], [high, high], [low, high]], z)
}

fn fill(polygons: Vec<Polygon>, grid: Grid) -> Mask {
    let (mask, warnings) = PolygonStack::new(polygons).rasterise(grid);
    assert_eq!(warnings, []);
    mask
}

#[test]
fn centres_on_low_edges_are_inside_on_high_edges_not() {
    let mask = fill(vec![square(1.0, 4.0, 2.0)], upright([8, 8, 4], [1.0; 3]));
    assert_eq!(mask.bounding_box(), Some([1..4, 1..4, 2..3]));
    assert_eq!(mask.count(), 9);
}

#[test]
fn squares_side_by_side_share_no_voxel_and_leave_none_out() {
    let grid = upright([9, 9, 1], [1.0; 3]);
    let slanted = |first: f64, second: f64| {
        polygon(
            &[
                [first, 0.0],
                [second, 0.0],
                [second + 3.0, 6.0],
                [first + 3.0, 6.0],
            ],
            0.0,
        )
    };
    let left = fill(vec![slanted(0.0, 2.0)], grid.clone());
    let right = fill(vec![slanted(2.0, 4.0)], grid.clone());
    let both = fill(vec![slanted(0.0, 4.0)], grid);
    assert!(left.intersection(&right).unwrap().is_empty());
    assert_eq!(left.union(&right).unwrap(), both);
}

#[test]
fn a_polygon_within_another_is_a_hole() {
    let grid = upright([10, 10, 3], [1.0; 3]);
    let mask = fill(vec![square(0.5, 8.5, 1.0), square(2.5, 5.5, 1.0)], grid);
    assert_eq!(mask.count(), 64 - 9);
    assert!(!mask.contains([3, 3, 1]) && mask.contains([6, 6, 1]));
}

#[test]
fn a_keyhole_is_a_hole_too() {
    // Outer square, a cut along y = 4.5 to the inner one, around it the other way, and back.
    let corners = [
        [0.5, 0.5],
        [8.5, 0.5],
        [8.5, 8.5],
        [0.5, 8.5],
        [0.5, 4.5],
        [2.5, 4.5],
        [2.5, 5.5],
        [5.5, 5.5],
        [5.5, 2.5],
        [2.5, 2.5],
        [2.5, 4.5],
        [0.5, 4.5],
    ];
    let mask = fill(vec![polygon(&corners, 0.0)], upright([10, 10, 1], [1.0; 3]));
    assert_eq!(mask.count(), 64 - 9);
}

#[test]
fn slices_between_two_parts_stay_empty() {
    let polygons = [1.0, 2.0, 5.0, 6.0].map(|z| square(0.5, 2.5, z));
    let mask = fill(polygons.to_vec(), upright([4, 4, 9], [1.0; 3]));
    let filled: Vec<usize> = (0..9).filter(|k| mask.contains([1, 1, *k])).collect();
    assert_eq!(filled, [1, 2, 5, 6]);
}

#[test]
fn a_contour_half_a_slice_off_still_finds_its_slice() {
    for (z, expected) in [(3.6, 4), (4.4, 4), (4.5, 4), (3.5, 3)] {
        let mask = fill(vec![square(0.5, 2.5, z)], upright([4, 4, 9], [1.0; 3]));
        let filled: Vec<usize> = (0..9).filter(|k| mask.contains([1, 1, *k])).collect();
        assert_eq!(filled, [expected], "contour at {z}");
    }
}

#[test]
fn contours_of_thinner_slices_are_not_mixed() {
    // Three contours in one slice of the grid: the nearest decides, not the parity of all three.
    let polygons = (0..12).map(|n| square(0.5, 2.5, f64::from(n) * 1.25)).collect();
    let mask = fill(polygons, upright([4, 4, 6], [1.0, 1.0, 3.75]));
    assert_eq!(mask.count(), 4 * 4);
}

#[test]
fn contours_of_thicker_slices_fill_their_slabs() {
    let polygons = [10.0, 15.0, 20.0].map(|z| square(0.5, 2.5, z));
    let (mask, warnings) = PolygonStack::new(polygons.to_vec()).rasterise(upright([4, 4, 40], [1.0; 3]));
    assert_eq!(mask.count(), 4 * 15);
    assert_eq!(mask.bounding_box().unwrap()[2], 8..23);
    assert!(
        matches!(warnings[..], [ContourWarning::SlabsFilled { .. }]),
        "{warnings:?}"
    );
}

#[test]
fn what_cannot_be_filled_is_left_out_by_name() {
    let mut bent = square(0.5, 2.5, 1.0);
    bent[0] = Point::new(0.5, 0.5, 3.0);
    let nan = vec![Point::new(f64::NAN, 0.0, 0.0); 4];
    let line = polygon(&[[0.0, 0.0], [3.0, 3.0]], 1.0);
    let above = square(0.5, 2.5, 90.0);
    let good = square(0.5, 2.5, 1.0);
    let (mask, warnings) =
        PolygonStack::new(vec![bent, nan, line, above, good]).rasterise(upright([4, 4, 4], [1.0; 3]));
    assert_eq!(mask.count(), 4);
    let codes: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let expected = [
        "contour 1: expected finite coordinates, found others; left out",
        "contour 2: expected at least 3 points, found 2; left out",
        "contour 0: expected points within 0.5 mm of a plane, found 1 mm; left out",
        "1 of 2 contour planes lie beyond the images",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn nothing_gives_nothing() {
    assert!(fill(Vec::new(), upright([4, 4, 4], [1.0; 3])).is_empty());
}

#[test]
fn sagittal_contours_fill_an_axial_grid() {
    // Planes of constant x; rows of the grid run along their normal.
    let polygons = (1..5).map(|x| {
        vec![
            Point::new(f64::from(x), 0.5, 1.5),
            Point::new(f64::from(x), 3.5, 1.5),
            Point::new(f64::from(x), 3.5, 6.5),
            Point::new(f64::from(x), 0.5, 6.5),
        ]
    });
    let mask = fill(polygons.collect(), upright([8, 8, 8], [1.0; 3]));
    assert_eq!(
        (mask.bounding_box(), mask.count()),
        (Some([1..5, 1..4, 2..7]), 4 * 3 * 5)
    );
}

/// A grid turned and sheared, and a map from its slices' millimetres to patient space.
fn oblique(tilt: f64, turn: f64, size: [usize; 3], step: [f64; 3]) -> Grid {
    let (sin, cos) = tilt.sin_cos();
    let along = Vector::new(turn.cos(), turn.sin() * cos, turn.sin() * sin);
    let down = Vector::new(-turn.sin(), turn.cos() * cos, turn.cos() * sin);
    let axes = [along * step[0], down * step[1], Vector::new(0.0, 0.0, step[2])];
    Grid::new(size, Affine::from_axes(axes, Point::new(-120.0, 40.0, -900.0))).unwrap()
}

fn circle(grid: &Grid, center: [f64; 2], radius_mm: f64, slice: f64, corners: usize) -> Polygon {
    let step = grid.spacing_mm();
    let corner = |n: usize| {
        let (sin, cos) = (n as f64 * TAU / corners as f64).sin_cos();
        let (x, y) = (
            center[0] + radius_mm * cos / step[0],
            center[1] + radius_mm * sin / step[1],
        );
        let place = grid.patient(Point::new(x, y, slice));
        // As an RTSTRUCT would store it.
        Point::from([0, 1, 2].map(|axis| (place[axis] * 100.0).round() / 100.0))
    };
    (0..corners).map(corner).collect()
}

/// Even-odd by the definition, for one polygon in column and row coordinates.
fn encloses(polygon: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut odd = false;
    for n in 0..polygon.len() {
        let (a, b) = (polygon[n], polygon[(n + 1) % polygon.len()]);
        if (a[1] <= y) != (b[1] <= y) && a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) <= x {
            odd = !odd;
        }
    }
    odd
}

proptest! {
    #[test]
    fn circles_on_any_stack_hold_the_centres_within(tilt in -0.5..0.5f64, turn in 0.0..6.2f64, x in 28.0..32.0f64, y in 28.0..32.0f64, radius_mm in 20.0..50.0f64) {
        let grid = oblique(tilt, turn, [64, 64, 5], [2.0, 2.0, 4.0]);
        let polygons = (1..4).map(|k| circle(&grid, [x, y], radius_mm, f64::from(k), 180)).collect();
        let mask = fill(polygons, grid.clone());
        // Between the polygon's corners the circle lies up to 0.008 mm further out; stored places are rounded by 0.005 mm an axis.
        const EDGE_MM: f64 = 0.03;
        for k in 0..5 {
            for (i, j) in (0..64).flat_map(|i| (0..64).map(move |j| (i, j))) {
                let from_edge_mm = 2.0 * (i as f64 - x).hypot(j as f64 - y) - radius_mm;
                let expected = (1..4).contains(&k) && from_edge_mm < 0.0;
                prop_assert!(from_edge_mm.abs() < EDGE_MM || mask.contains([i, j, k]) == expected, "voxel {:?}, {from_edge_mm} mm from the edge", [i, j, k]);
            }
        }
    }

    #[test]
    fn any_polygon_follows_the_definition(corners in prop::collection::vec(prop::array::uniform2(-2.0..14.0f64), 3..12)) {
        let grid = upright([12, 12, 1], [1.0; 3]);
        let mask = fill(vec![polygon(&corners, 0.0)], grid.clone());
        let plain = Mask::from_predicate(grid, |[i, j, _]| encloses(&corners, [i as f64, j as f64]));
        // A centre on an edge has a rule of its own.
        let on_edge = |[i, j, _]: [usize; 3]| (0..corners.len()).any(|n| {
            let (a, b) = (corners[n], corners[(n + 1) % corners.len()]);
            let (along, to) = ([b[0] - a[0], b[1] - a[1]], [i as f64 - a[0], j as f64 - a[1]]);
            (along[0] * to[1] - along[1] * to[0]).abs() < 1e-5 * along[0].hypot(along[1]).max(1e-6)
        });
        let certain = Mask::from_predicate(mask.grid().clone(), |at| !on_edge(at));
        prop_assert_eq!(mask.intersection(&certain).unwrap(), plain.intersection(&certain).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_ball_keeps_its_volume_on_any_other_grid(tilt in -1.5..1.5f64, turn in 0.0..6.2f64, step in 1.0..3.0f64, thick in 1.0..6.0f64) {
        let (center, radius_mm) = (Point::<Patient>::new(-40.0, 120.0, -800.0), 30.0f64);
        let polygons = (-14..15).map(|n| {
            let z = 2.0 * f64::from(n);
            let radius = (radius_mm * radius_mm - z * z).sqrt();
            (0..90).map(|n| center + Vector::new(radius * (f64::from(n) * TAU / 90.0).cos(), radius * (f64::from(n) * TAU / 90.0).sin(), z)).collect()
        });
        let stack = PolygonStack::new(polygons.collect());
        let unit = oblique(tilt, turn, [1, 1, 1], [1.0; 3]);
        if unit.shear_rad() >= 1.0 {
            return Ok(());
        }
        let size = [(130.0 / step) as usize, (130.0 / step) as usize, (240.0 / thick) as usize];
        let grid = oblique(tilt, turn, size, [step, step, thick]);
        let shift = center - grid.center();
        let moved = Affine::new(grid.patient_from_voxel().linear, grid.patient_from_voxel().origin + shift.xyz);
        let (mask, _) = stack.rasterise(Grid::new(size, moved).unwrap());
        let expected = 4.0 / 3.0 * TAU / 2.0 * radius_mm.powi(3) / 1000.0;
        // Ten slices of 6 mm through a ball of 60 mm leave this much to chance.
        prop_assert!((mask.volume_ml() - expected).abs() < 0.05 * expected, "{} for {expected} ml", mask.volume_ml());
    }
}

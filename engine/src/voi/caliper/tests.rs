use std::f64::consts::{FRAC_PI_2, PI};

use proptest::prelude::*;

use crate::geometry::{Patient, Plane, Point, Vector};
use crate::voi::caliper::polygon_area;
use crate::voi::strategies::{SIZE, any_mask, cells, centre, upright};
use crate::voi::{Caliper, CaliperError, Form, Frame, LengthUnit, Mask, Solid};

fn pixel(x: f64, y: f64) -> Point<Plane> {
    Point::new(x, y, 0.0)
}

/// A line of `length` pixels of a size of `step` mm, at `degrees` in the patient.
fn line(at: [f64; 2], degrees: f64, length: f64, step: [f64; 2]) -> [Point<Plane>; 2] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [
        pixel(at[0], at[1]),
        pixel(at[0] + length * cos / step[0], at[1] + length * sin / step[1]),
    ]
}

#[test]
fn pixels_without_a_size_are_measured_as_pixels() {
    let length = Caliper::PIXELS.length(pixel(1.0, 1.0), pixel(4.0, 5.0)).unwrap();
    assert_eq!((length.value, length.unit), (5.0, LengthUnit::Pixels));
    let area = Caliper::PIXELS
        .area(&[pixel(0.0, 0.0), pixel(4.0, 0.0), pixel(4.0, 3.0)])
        .unwrap();
    assert_eq!((area.value, area.side), (6.0, LengthUnit::Pixels));
}

#[test]
fn a_known_length_calibrates() {
    let ruler = [pixel(10.0, 20.0), pixel(10.0, 220.0)];
    let caliper = Caliper::PIXELS.calibrated(ruler[0], ruler[1], 100.0).unwrap();
    let length = caliper.length(pixel(0.0, 0.0), pixel(30.0, 40.0)).unwrap();
    assert_eq!((length.value, length.unit), (25.0, LengthUnit::Mm));
    // Pixels keep their proportion: columns are half as far apart as rows.
    let caliper = Caliper::spaced([1.0, 2.0])
        .unwrap()
        .calibrated(ruler[0], ruler[1], 100.0)
        .unwrap();
    assert_eq!(
        caliper.length(pixel(0.0, 0.0), pixel(40.0, 0.0)).unwrap().value,
        10.0
    );
    assert_eq!(caliper.length(ruler[0], ruler[1]).unwrap().value, 100.0);
    assert!(Caliper::PIXELS.calibrated(ruler[0], ruler[0], 100.0).is_err());
    assert!(Caliper::PIXELS.calibrated(ruler[0], ruler[1], 0.0).is_err());
}

#[test]
fn paths_and_outlines_are_summed() {
    let caliper = Caliper::spaced([0.5, 2.0]).unwrap();
    let path = [pixel(0.0, 0.0), pixel(6.0, 2.0), pixel(6.0, 4.5), pixel(0.0, 4.5)];
    assert_eq!(caliper.path(&path).unwrap().value, 5.0 + 5.0 + 3.0);
    assert_eq!(caliper.perimeter(&path).unwrap().value, 5.0 + 5.0 + 3.0 + 9.0);
}

#[test]
fn angles_are_those_in_the_patient() {
    let caliper = Caliper::spaced([0.5, 2.0]).unwrap();
    let angle = caliper
        .angle_rad(pixel(4.0, 0.0), pixel(0.0, 0.0), pixel(4.0, 1.0))
        .unwrap();
    assert!((angle - PI / 4.0).abs() < 1e-12);
    let straight = caliper
        .angle_rad(pixel(-1.0, 0.0), pixel(0.0, 0.0), pixel(1.0, 0.0))
        .unwrap();
    assert_eq!(straight, PI);
}

#[test]
fn cobb_angles_are_found_on_any_pixels() {
    // End plates of a spine that leans by known angles, drawn either way, to 0.1 degree (V2D-24).
    for step in [[0.143, 0.143], [0.3, 0.5]] {
        let caliper = Caliper::spaced(step).unwrap();
        for cobb in [0.0, 0.05, 10.0, 24.7, 45.0, 61.3, 90.0] {
            let tilt = 7.3;
            let upper = line([500.0, 300.0], tilt, 40.0, step);
            let lower = line([480.0, 900.0], tilt - cobb, 35.0, step);
            let turned = [lower[1], lower[0]];
            for lower in [lower, turned] {
                let found = caliper.cobb_angle_rad(upper, lower).unwrap().to_degrees();
                assert!((found - cobb).abs() < 1e-6, "{found} for {cobb}");
            }
        }
        let (upper, lower) = (
            line([0.0, 0.0], 60.0, 30.0, step),
            line([0.0, 90.0], -50.0, 30.0, step),
        );
        let directed = caliper.angle_between_rad(upper, lower).unwrap().to_degrees();
        assert!((directed - 110.0).abs() < 1e-6);
    }
}

#[test]
fn a_heart_is_measured_across_the_midline() {
    // A chest 300 mm wide, its midline leaning by 4 degrees; the heart reaches 45 and 96 mm.
    let step = [0.2, 0.25];
    let caliper = Caliper::spaced(step).unwrap();
    let (sin, cos) = 4.0f64.to_radians().sin_cos();
    let at = |across: f64, along: f64| {
        pixel(
            (across * cos - along * sin) / step[0] + 900.0,
            (across * sin + along * cos) / step[1] + 200.0,
        )
    };
    let midline = [at(0.0, 0.0), at(0.0, 250.0)];
    let heart = [at(-45.0, 180.0), at(96.0, 205.0)];
    let thorax = [at(-148.0, 230.0), at(152.0, 215.0)];
    let found = caliper.cardiothoracic(midline, heart, thorax).unwrap();
    assert!((found.first.value - 45.0).abs() < 1e-9 && (found.second.value - 96.0).abs() < 1e-9);
    assert!((found.thorax.value - 300.0).abs() < 1e-9 && (found.ratio - 0.47).abs() < 1e-12);
    // The other side first is the same.
    let swapped = caliper
        .cardiothoracic(midline, [heart[1], heart[0]], [thorax[1], thorax[0]])
        .unwrap();
    assert!((swapped.ratio - 0.47).abs() < 1e-12 && (swapped.first.value - 96.0).abs() < 1e-9);
    // A heart wholly on one side still has its width.
    let moved = caliper
        .cardiothoracic(midline, [at(10.0, 180.0), at(96.0, 205.0)], thorax)
        .unwrap();
    assert!((moved.first.value + 10.0).abs() < 1e-9 && (moved.ratio - 86.0 / 300.0).abs() < 1e-12);
    let mixed = caliper.cardiothoracic(midline, [heart[1], heart[0]], thorax);
    assert!(matches!(
        mixed,
        Err(CaliperError::NotPositive {
            what: "the width of the heart",
            ..
        })
    ));
}

#[test]
fn ellipses_have_their_textbook_values() {
    // Complete elliptic integrals of the second kind: Abramowitz and Stegun, table 17.1, m = 0.5 and 0.75.
    for (short, quarter) in [
        (0.5f64.sqrt(), 1.350_643_881),
        (0.5, 1.211_056_028),
        (1.0, FRAC_PI_2),
    ] {
        let step = [0.25, 0.5];
        let caliper = Caliper::spaced(step).unwrap();
        let ellipse = caliper.ellipse(
            pixel(9.0, 9.0),
            pixel(9.0 + 20.0 / step[0], 9.0),
            pixel(9.0, 9.0 + 20.0 * short / step[1]),
        );
        let ellipse = ellipse.unwrap();
        assert!(
            (ellipse.circumference.value - 4.0 * 20.0 * quarter).abs() < 1e-7,
            "{ellipse:?}"
        );
        assert!((ellipse.area.value - PI * 400.0 * short).abs() < 1e-9);
        assert!(
            (ellipse.long.value - 40.0).abs() < 1e-6 && (ellipse.short.value - 40.0 * short).abs() < 1e-6
        );
    }
    let flat = Caliper::PATIENT.ellipse(
        Point::new(0.0, 0.0, 0.0),
        Point::new(1.0, 0.0, 0.0),
        Point::new(2.0, 0.0, 0.0),
    );
    assert!(matches!(flat, Err(CaliperError::NotPositive { .. })));
}

#[test]
fn an_ellipse_turned_on_oblong_pixels_keeps_its_axes() {
    // Half axes 30 and 12 mm at 33 degrees; the two points are a quarter turn apart, not on its axes.
    let step = [0.7, 1.9];
    let place = |turn: f64| {
        let (x, y) = (30.0 * turn.cos(), 12.0 * turn.sin());
        let (sin, cos) = 33.0f64.to_radians().sin_cos();
        pixel((x * cos - y * sin) / step[0], (x * sin + y * cos) / step[1])
    };
    let ellipse = Caliper::spaced(step)
        .unwrap()
        .ellipse(pixel(0.0, 0.0), place(0.8), place(0.8 + FRAC_PI_2))
        .unwrap();
    assert!((ellipse.long.value - 60.0).abs() < 1e-9 && (ellipse.short.value - 24.0).abs() < 1e-9);
    assert!((ellipse.area.value - PI * 360.0).abs() < 1e-9);
}

#[test]
fn polygons_in_oblique_planes_keep_their_area() {
    let frame = Frame::new(
        Point::new(5.0, -9.0, 700.0),
        Vector::new(1.0, 0.4, -0.3),
        Vector::new(0.2, 1.0, 0.8),
    )
    .unwrap();
    let [length, width, normal] = frame.axes();
    let corner = |n: usize| {
        let (sin, cos) = (n as f64 * PI / 20.0).sin_cos();
        frame.center() + length * (50.0 * cos) + width * (50.0 * sin)
    };
    let mut corners: Vec<Point<Patient>> = (0..40).map(corner).collect();
    // A regular polygon: n / 2 r² sin(2 pi / n).
    let expected = 20.0 * 2500.0 * (PI / 20.0).sin();
    let area = Caliper::PATIENT.area(&corners).unwrap();
    assert!((area.value - expected).abs() < 1e-9 && area.side == LengthUnit::Mm);
    corners[7] = corners[7] + normal;
    assert!(matches!(
        Caliper::PATIENT.area(&corners),
        Err(CaliperError::NotPlanar { .. })
    ));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let (here, nowhere) = (pixel(1.0, 1.0), pixel(f64::NAN, 0.0));
    assert_eq!(
        Caliper::PIXELS.length(here, nowhere),
        Err(CaliperError::NotFinite)
    );
    assert!(matches!(
        Caliper::PIXELS.angle_rad(here, here, pixel(2.0, 2.0)),
        Err(CaliperError::NoDirection(_))
    ));
    assert!(matches!(
        Caliper::PIXELS.area(&[here, here]),
        Err(CaliperError::TooFewPoints {
            expected: 3,
            found: 2
        })
    ));
    assert_eq!(Caliper::PIXELS.area(&[here; 4]).unwrap().value, 0.0);
    for bad in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        assert!(Caliper::spaced([0.5, bad]).is_err());
    }
}

#[test]
fn the_empty_mask_has_no_diameter() {
    let empty = Mask::empty(upright([3; 3], [1.0; 3]));
    assert_eq!((empty.bidirectional(), empty.longest_diameter()), (None, None));
}

#[test]
fn a_voxel_is_as_long_and_short_as_its_sides() {
    let voxel = Mask::from_predicate(upright([5; 3], [2.0, 3.0, 7.0]), |at| at == [1, 2, 3]);
    let found = voxel.bidirectional().unwrap();
    assert_eq!(
        (found.slice, found.long.length_mm, found.short.length_mm),
        (3, 3.0, 2.0)
    );
    assert_eq!(voxel.longest_diameter().unwrap().length_mm, 7.0);
}

#[test]
fn an_ellipsoids_axes_are_found_to_within_a_voxel() {
    let grid = upright([80, 80, 40], [1.0, 1.0, 2.0]);
    let turned = Frame::new(
        grid.center(),
        Vector::new(0.8, 0.6, 0.0),
        Vector::new(-0.6, 0.8, 0.0),
    )
    .unwrap();
    let solid = Solid::new(Form::Ellipsoid, turned, [46.0, 22.0, 60.0]).unwrap();
    let (mask, _) = solid.rasterise(grid);
    let found = mask.bidirectional().unwrap();
    assert!(
        (found.long.length_mm - 46.0).abs() < 1.0 && (found.short.length_mm - 22.0).abs() < 1.0,
        "{found:?}"
    );
    let longest = mask.longest_diameter().unwrap().length_mm;
    assert!((longest - 60.0).abs() < 2.0, "{longest}");
}

/// Places half a voxel from the centres of a mask, along the axes named, by slice.
fn faces(mask: &Mask, axes: &[usize], slice: Option<usize>) -> Vec<Point<Patient>> {
    let inside = cells(SIZE).filter(|at| mask.contains(*at) && slice.is_none_or(|slice| at[2] == slice));
    let around = inside.flat_map(|at| {
        axes.iter().flat_map(move |axis| {
            [-0.5, 0.5].map(|half| {
                let mut voxel = at.map(|n| n as f64);
                voxel[*axis] += half;
                mask.grid().patient(Point::from(voxel))
            })
        })
    });
    around.collect()
}

fn longest(places: &[Point<Patient>]) -> f64 {
    let pairs = places.iter().flat_map(|a| places.iter().map(|b| a.distance(*b)));
    pairs.fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn diameters_are_the_longest_of_all_pairs(mask in any_mask()) {
        let Some(found) = mask.bidirectional() else {
            prop_assert!(mask.is_empty());
            return Ok(());
        };
        let by_slice = (0..SIZE[2]).map(|slice| longest(&faces(&mask, &[0, 1], Some(slice))));
        let expected = by_slice.fold(0.0, f64::max);
        prop_assert!((found.long.length_mm - expected).abs() < 1e-9);
        prop_assert!((found.long.ends[0].distance(found.long.ends[1]) - found.long.length_mm).abs() < 1e-9);
        let in_space = longest(&faces(&mask, &[0, 1, 2], None));
        prop_assert!((mask.longest_diameter().unwrap().length_mm - in_space).abs() < 1e-9);
    }

    #[test]
    fn the_short_axis_is_the_longest_across(mask in any_mask()) {
        let Some(found) = mask.bidirectional() else {
            return Ok(());
        };
        let along = (found.long.ends[1] - found.long.ends[0]).normalized().unwrap();
        let short = found.short.ends[1] - found.short.ends[0];
        prop_assert!(along.dot(short).abs() < 1e-9);
        let across = short.normalized().unwrap();
        let places = faces(&mask, &[0, 1], Some(found.slice));
        let flat: Vec<[f64; 2]> = places.iter().map(|place| {
            let step = *place - found.long.ends[0];
            [along.dot(step), across.dot(step)]
        }).collect();
        // The convex hull's extent at one place along: the extreme of all lines between two places.
        let extent = |at: f64| {
            let lines = flat.iter().flat_map(|a| flat.iter().map(move |b| (a, b)));
            let met = lines.filter(|(a, b)| a[0] <= at && at <= b[0]).map(|(a, b)| {
                if a[0] == b[0] { a[1] } else { a[1] + (b[1] - a[1]) * (at - a[0]) / (b[0] - a[0]) }
            });
            let (low, high) = met.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
            high - low
        };
        let widest = (0..=40).map(|n| extent(found.long.length_mm * f64::from(n) / 40.0)).fold(0.0, f64::max);
        let there = extent(along.dot(found.short.ends[0] - found.long.ends[0]));
        prop_assert!(found.short.length_mm > widest - 1e-9 && found.short.length_mm < there + 1e-6, "{} of {widest}, {there}", found.short.length_mm);
    }

    #[test]
    fn areas_are_what_small_squares_count(corners in prop::collection::vec(prop::array::uniform2(0.0..10.0f64), 3..8)) {
        const STEP: f64 = 0.05;
        let inside = |x: f64, y: f64| {
            let edges = (0..corners.len()).map(|n| (corners[n], corners[(n + 1) % corners.len()]));
            edges.filter(|(a, b)| (a[1] <= y) != (b[1] <= y) && a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) < x).count() % 2 == 1
        };
        let counted = (0..200).flat_map(|i| (0..200).map(move |j| (i, j))).filter(|(i, j)| inside((f64::from(*i) + 0.5) * STEP, (f64::from(*j) + 0.5) * STEP)).count();
        // Only squares that an edge crosses can be wrong; an edge crosses no more than this.
        let crossed: f64 = (0..corners.len()).map(|n| (corners[n], corners[(n + 1) % corners.len()])).map(|(a, b)| ((a[0] - b[0]).abs() + (a[1] - b[1]).abs()) / STEP + 3.0).sum();
        let found = polygon_area(&corners);
        prop_assert!((found - counted as f64 * STEP * STEP).abs() <= crossed * STEP * STEP, "{found} for {counted} squares");
    }

    #[test]
    fn lengths_of_planted_lines(mask in any_mask(), a in prop::array::uniform3(0..5usize), b in prop::array::uniform3(0..5usize)) {
        let (a, b) = (centre(mask.grid(), a), centre(mask.grid(), b));
        let plain = (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt();
        prop_assert!((Caliper::PATIENT.length(a, b).unwrap().value - plain).abs() < 1e-9);
    }
}

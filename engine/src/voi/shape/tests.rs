use std::f64::consts::PI;
use std::sync::Arc;

use proptest::prelude::*;

use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::voi::strategies::{SIZE, any_grid, cells, centre, upright};
use crate::voi::{Form, Frame, Freehand, Mask, PolygonStack, ShapeError, ShapeWarning, Solid, Stroke, Tip};

/// Centres this near a surface are left to rounding.
const NEAR_MM: f64 = 2e-3;

fn any_frame() -> impl Strategy<Value = Frame> {
    let vector = || prop::array::uniform3(-1.0..1.0f64);
    let directions = (vector(), vector()).prop_filter("two directions", |(a, b)| {
        Vector::<Patient>::from(*a).cross(Vector::from(*b)).norm() > 0.1
    });
    // About the grids of the strategies.
    (prop::array::uniform3(-6.0..6.0f64), directions).prop_map(|(place, (a, b))| {
        let center = Point::new(place[0] - 6.0, place[1] + 12.0, place[2] + 306.0);
        Frame::new(center, a.into(), b.into()).unwrap()
    })
}

fn any_form() -> impl Strategy<Value = Form> {
    prop::sample::select(vec![Form::Box, Form::Ellipsoid, Form::Cylinder])
}

fn local(frame: &Frame, place: Point<Patient>) -> [f64; 3] {
    frame.axes().map(|axis| axis.dot(place - frame.center()))
}

/// Whether a place is inside by the definition; `None` near the surface.
fn holds(solid: &Solid, place: Point<Patient>) -> Option<bool> {
    let half = solid.size_mm().map(|size| size / 2.0);
    let at = local(solid.frame(), place);
    let depth = |axis: usize| at[axis].abs() - half[axis];
    let round = |axes: usize| {
        let scaled = (0..axes).map(|axis| (at[axis] / half[axis]).powi(2)).sum::<f64>();
        (scaled.sqrt() - 1.0) * half[..axes].iter().copied().fold(f64::INFINITY, f64::min)
    };
    let beyond = match solid.form() {
        Form::Box => depth(0).max(depth(1)).max(depth(2)),
        Form::Ellipsoid => round(3),
        Form::Cylinder => round(2).max(depth(2)),
    };
    (beyond.abs() > NEAR_MM).then_some(beyond < 0.0)
}

fn square(frame: &Frame, half: f64) -> Vec<Point<Patient>> {
    let [length, width, _] = frame.axes();
    let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    corners
        .map(|[x, y]| frame.center() + length * (x * half) + width * (y * half))
        .to_vec()
}

#[test]
fn a_millilitre_has_the_centres_that_are_published() {
    // shared/quantification.md 2.4: centres within the sphere of 1 ml about a voxel's centre, by spacing.
    let table = [
        ([1.0, 1.0], 1021),
        ([2.0, 2.0], 123),
        ([4.0, 4.0], 19),
        ([4.0728, 3.0], 21),
        ([3.65, 3.27], 27),
        ([2.734, 3.27], 39),
        ([2.036, 3.0], 73),
        ([5.46875, 3.27], 7),
    ];
    for ([within, between], centres) in table {
        let grid = upright([17; 3], [within, within, between]);
        let sphere = Solid::sphere(grid.center(), 6.203_504_9).unwrap();
        let (mask, warning) = sphere.rasterise(grid);
        assert_eq!(
            (mask.count(), warning),
            (centres, None),
            "{within} x {between} mm"
        );
        assert!((sphere.volume_ml() - 1.0).abs() < 1e-7);
    }
}

#[test]
fn volumes_are_exact() {
    let frame = Frame::upright(Point::new(0.0, 0.0, 0.0)).unwrap();
    let volume = |form| Solid::new(form, frame, [20.0, 30.0, 40.0]).unwrap().volume_ml();
    assert_eq!(volume(Form::Box), 24.0);
    assert!((volume(Form::Ellipsoid) - 24.0 * PI / 6.0).abs() < 1e-12);
    assert!((volume(Form::Cylinder) - 24.0 * PI / 4.0).abs() < 1e-12);
    // A cylinder of 1 cm by 2 cm, the blood pool's of PERCIST.
    let aorta = Solid::new(Form::Cylinder, frame, [10.0, 10.0, 20.0]).unwrap();
    assert!((aorta.volume_ml() - PI / 2.0).abs() < 1e-12);
}

#[test]
fn masks_approach_the_volume() {
    let grid = upright([90; 3], [1.0; 3]);
    let frame = Frame::new(
        Point::new(44.3, 45.1, 44.9),
        Vector::new(1.0, 0.3, -0.2),
        Vector::new(0.0, 1.0, 0.5),
    )
    .unwrap();
    for form in [Form::Box, Form::Ellipsoid, Form::Cylinder] {
        let solid = Solid::new(form, frame, [36.0, 44.0, 52.0]).unwrap();
        let (mask, _) = solid.rasterise(grid.clone());
        let off = mask.volume_ml() / solid.volume_ml() - 1.0;
        assert!(off.abs() < 0.002, "{form:?} off by {off}");
    }
}

#[test]
fn what_lies_outside_or_between_is_said() {
    let grid = upright([10, 10, 10], [2.0; 3]);
    let sphere = |x: f64, radius: f64| {
        Solid::sphere(Point::new(x, 9.0, 9.0), radius)
            .unwrap()
            .rasterise(grid.clone())
    };
    assert_eq!(sphere(9.0, 5.0).1, None);
    // The outer faces lie at -1 and 19 mm.
    assert_eq!(sphere(4.0, 5.0).1, None);
    let (mask, warning) = sphere(40.0, 5.0);
    assert_eq!((mask.is_empty(), warning), (true, Some(ShapeWarning::Outside)));
    let (mask, warning) = sphere(9.0, 0.5);
    assert!(mask.is_empty() && matches!(warning, Some(ShapeWarning::NoVoxel { .. })));
    let grid = upright([40, 40, 40], [0.5; 3]);
    let half_out = Solid::sphere(Point::new(-0.25, 9.0, 9.0), 6.0).unwrap();
    let (mask, warning) = half_out.rasterise(grid);
    let Some(ShapeWarning::PartlyOutside { inside_ml, whole_ml }) = warning else {
        panic!("{warning:?}");
    };
    assert_eq!(inside_ml, mask.volume_ml());
    assert!(
        (inside_ml / whole_ml - 0.5).abs() < 0.01,
        "{inside_ml} of {whole_ml}"
    );
}

#[test]
fn sizes_and_places_that_are_none_are_refused() {
    let frame = Frame::upright(Point::new(0.0, 0.0, 0.0)).unwrap();
    for bad in [0.0, -2.0, f64::NAN, f64::INFINITY] {
        let refused = Solid::new(Form::Box, frame, [1.0, bad, 1.0]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("the width must be a positive number of mm, found {bad}")
        );
        assert!(Solid::sphere(frame.center(), bad).is_err());
        assert!(Freehand::new(frame, &square(&frame, 3.0), bad).is_err());
        assert!(Stroke::new(Tip::Ball, bad, vec![frame.center()]).is_err());
    }
    let nowhere = Point::new(f64::NAN, 0.0, 0.0);
    assert!(matches!(
        Solid::sphere(nowhere, 1.0),
        Err(ShapeError::NotFinite(_))
    ));
    assert!(matches!(
        Stroke::new(Tip::Ball, 1.0, vec![nowhere]),
        Err(ShapeError::NotFinite(_))
    ));
    assert!(matches!(
        Stroke::new(Tip::Ball, 1.0, vec![]),
        Err(ShapeError::TooFewPoints { .. })
    ));
    let line = vec![Point::new(0.0, 0.0, 0.0), Point::new(1.0, 0.0, 0.0)];
    assert!(matches!(
        Freehand::new(frame, &line, 1.0),
        Err(ShapeError::TooFewPoints { .. })
    ));
    let flat = vec![line[0], line[1], Point::new(2.0, 0.0, 0.0)];
    assert!(matches!(
        Freehand::new(frame, &flat, 1.0),
        Err(ShapeError::NotPositive {
            what: "the width",
            ..
        })
    ));
    let along = Vector::new(1.0, 2.0, 3.0);
    assert!(matches!(
        Frame::new(frame.center(), along, along * -2.0),
        Err(ShapeError::NoDirection(_))
    ));
    let larger = Affine::new(nalgebra::Matrix3::identity() * 1.01, nalgebra::Vector3::zeros());
    assert!(matches!(frame.carried(&larger), Err(ShapeError::NotRigid(_))));
}

#[test]
fn a_freehand_outline_changes_by_whole_voxels() {
    let grid = upright([30, 30, 9], [2.0, 2.0, 3.0]);
    let frame = Frame::upright(Point::new(29.0, 31.0, 12.0)).unwrap();
    let freehand = Freehand::new(frame, &square(&frame, 5.0), 3.0).unwrap();
    assert_eq!(
        (freehand.size_mm(), freehand.area_mm2(), freehand.volume_ml()),
        ([10.0, 10.0, 3.0], 100.0, 0.3)
    );
    assert_eq!(freehand.rasterise(grid.clone()).0.count(), 25);
    let edited = freehand.with_size_mm([14.0, 6.0, 9.0]).unwrap();
    let (mask, warning) = edited.rasterise(grid);
    assert_eq!(
        (mask.size_mm(), mask.count(), warning),
        (Some([14.0, 6.0, 9.0]), 7 * 3 * 3, None)
    );
}

#[test]
fn a_shape_that_crosses_itself_has_the_area_of_its_mask() {
    let frame = Frame::upright(Point::new(20.0, 20.0, 0.0)).unwrap();
    let at = |x: f64, y: f64| Point::new(20.0 + x, 20.0 + y, 0.0);
    let bow = [at(-12.3, -8.1), at(12.3, 8.1), at(12.3, -8.1), at(-12.3, 8.1)];
    let freehand = Freehand::new(frame, &bow, 1.0).unwrap();
    assert!((freehand.area_mm2() - 2.0 * 12.3 * 8.1).abs() < 1e-9);
    let (mask, _) = freehand.rasterise(upright([400, 400, 1], [0.1, 0.1, 1.0]));
    assert!((mask.volume_ml() / freehand.volume_ml() - 1.0).abs() < 0.003);
}

#[test]
fn moved_and_turned_shapes_take_their_masks_along() {
    let grid = upright([20, 20, 20], [2.0; 3]);
    let frame = Frame::upright(Point::new(15.0, 17.0, 19.0)).unwrap();
    let solid = Solid::new(Form::Cylinder, frame, [9.0, 7.0, 12.0]).unwrap();
    let step = Affine::translation(Vector::new(4.0, -2.0, 6.0));
    let moved = solid.carried(&step).unwrap().rasterise(grid.clone()).0;
    assert_eq!(
        moved,
        solid
            .rasterise(grid.clone())
            .0
            .carry_through(step, grid.clone())
            .unwrap()
    );
    let turn = Affine::rotation(Point::new(15.0, 17.0, 19.0), Vector::new(0.0, 1.0, 0.0), 0.7).unwrap();
    let turned = solid.carried(&turn).unwrap();
    assert_eq!(turned.size_mm(), solid.size_mm());
    assert!((turned.frame().axes()[2].dot(frame.axes()[2]) - 0.7f64.cos()).abs() < 1e-12);
    let sphere = Solid::sphere(frame.center(), 8.5).unwrap();
    assert_eq!(
        sphere.carried(&turn).unwrap().rasterise(grid.clone()),
        sphere.rasterise(grid)
    );
}

#[test]
fn strokes_are_painted_and_erased() {
    let grid = upright([40, 40, 5], [1.0; 3]);
    let at = |x: f64, y: f64| Point::new(x, y, 2.0);
    let disc = Tip::Disc {
        normal: Vector::new(0.0, 0.0, 3.0),
        thickness_mm: 1.0,
    };
    let painted = Stroke::new(disc, 3.0, vec![at(10.0, 10.0), at(30.0, 10.0), at(30.0, 25.0)]).unwrap();
    let mask = painted.painted(&Mask::empty(grid.clone()));
    assert_eq!(mask.bounding_box(), Some([7..34, 7..29, 2..3]));
    let dab = Stroke::new(Tip::Ball, 4.0, vec![at(20.0, 10.0)]).unwrap();
    let cut = dab.erased(&mask);
    assert!(!cut.contains([20, 10, 2]) && cut.contains([15, 10, 2]) && cut.contains([25, 10, 2]));
    assert_eq!(painted.painted(&cut), mask);
    assert!(!painted.leaves(&grid) && dab.leaves(&grid));
}

proptest! {
    #[test]
    fn solids_hold_the_centres_within(grid in any_grid(), form in any_form(), frame in any_frame(), size in prop::array::uniform3(0.5..14.0f64)) {
        let solid = Solid::new(form, frame, size).unwrap();
        let (mask, warning) = solid.rasterise(grid.clone());
        for at in cells(SIZE) {
            let place = centre(&grid, at);
            prop_assert_eq!(mask.contains(at), solid.contains(place));
            if let Some(expected) = holds(&solid, place) {
                prop_assert_eq!(mask.contains(at), expected, "voxel {:?}", at);
            }
        }
        let nothing = matches!(warning, Some(ShapeWarning::Outside | ShapeWarning::NoVoxel { .. }));
        prop_assert_eq!(nothing, mask.is_empty());
        let bounds = solid.bounds();
        for at in mask.runs().iter().map(|run| [run.start % 7, run.start / 7 % 6, run.start / 42]) {
            let place = centre(&grid, at);
            prop_assert!((0..3).all(|axis| place[axis] > bounds[0][axis] - 1e-3 && place[axis] < bounds[1][axis] + 1e-3));
        }
    }

    #[test]
    fn a_box_of_whole_steps_has_so_many_voxels(count in prop::array::uniform3(1..9usize), place in prop::array::uniform3(10.0..20.0f64), on_centre in any::<bool>()) {
        let step = [1.7, 2.1, 3.3];
        let grid = upright([30; 3], step);
        let place = if on_centre { place.map(f64::round) } else { place };
        let center = Point::from([0, 1, 2].map(|axis| place[axis] * step[axis]));
        let size = [0, 1, 2].map(|axis| count[axis] as f64 * step[axis]);
        let solid = Solid::new(Form::Box, Frame::upright(center).unwrap(), [1.0; 3]).unwrap();
        let (mask, _) = solid.with_size_mm(size).unwrap().rasterise(grid);
        prop_assert_eq!(mask.bounding_box().unwrap().map(|range| range.len()), count);
        prop_assert_eq!(mask.count(), count.iter().product::<usize>());
    }

    #[test]
    fn boxes_side_by_side_share_no_voxel_and_leave_none_out(grid in any_grid(), frame in any_frame(), cut in 0.1..0.9f64) {
        let part = |low: f64, high: f64| {
            let center = frame.center() + frame.axes()[0] * (10.0 * (low + high) - 10.0);
            let [length, width, _] = frame.axes();
            let frame = Frame::new(center, length, width).unwrap();
            Solid::new(Form::Box, frame, [20.0 * (high - low), 12.0, 9.0]).unwrap().rasterise(grid.clone()).0
        };
        let (left, right) = (part(0.0, cut), part(cut, 1.0));
        prop_assert!(left.intersection(&right).unwrap().is_empty());
        prop_assert_eq!(left.union(&right).unwrap(), part(0.0, 1.0));
    }

    #[test]
    fn freehand_outlines_follow_the_even_odd_rule(grid in any_grid(), frame in any_frame(), outline in prop::collection::vec(prop::array::uniform2(-9.0..9.0f64), 3..9), thickness in 0.5..9.0f64) {
        let [length, width, _] = frame.axes();
        let places: Vec<Point<Patient>> = outline.iter().map(|[x, y]| frame.center() + length * *x + width * *y).collect();
        let freehand = Freehand::new(frame, &places, thickness).unwrap();
        let (mask, _) = freehand.rasterise(grid.clone());
        for at in cells(SIZE) {
            let [x, y, z] = local(&frame, centre(&grid, at));
            let edges = || (0..outline.len()).map(|n| (outline[n], outline[(n + 1) % outline.len()]));
            let near = edges().any(|(a, b)| from_segment([x, y], a, b) < NEAR_MM) || (z.abs() - thickness / 2.0).abs() < NEAR_MM;
            let crossings = edges().filter(|(a, b)| (a[1] <= y) != (b[1] <= y) && a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) < x);
            let expected = crossings.count() % 2 == 1 && z.abs() < thickness / 2.0;
            prop_assert!(near || mask.contains(at) == expected, "voxel {at:?}");
        }
    }

    #[test]
    fn strokes_touch_what_is_near_their_path(grid in any_grid(), frame in any_frame(), path in prop::collection::vec(prop::array::uniform2(-9.0..9.0f64), 1..5), radius in 0.5..5.0f64, thickness in 0.5..9.0f64) {
        let [length, width, normal] = frame.axes();
        let places: Vec<Point<Patient>> = path.iter().map(|[x, y]| frame.center() + length * *x + width * *y).collect();
        let ball = Stroke::new(Tip::Ball, radius, places.clone()).unwrap().rasterise(grid.clone());
        let tip = Tip::Disc { normal: normal * 7.0, thickness_mm: thickness };
        let disc = Stroke::new(tip, radius, places).unwrap().rasterise(grid.clone());
        for at in cells(SIZE) {
            let [x, y, z] = local(&frame, centre(&grid, at));
            let segments = (0..path.len().max(2) - 1).map(|n| (path[n], path[(n + 1).min(path.len() - 1)]));
            let aside = segments.map(|(a, b)| from_segment([x, y], a, b)).fold(f64::INFINITY, f64::min);
            let from_path = aside.hypot(z);
            prop_assert!((from_path - radius).abs() < NEAR_MM || ball.contains(at) == (from_path < radius), "ball at {at:?}");
            let near = (aside - radius).abs() < NEAR_MM || (z.abs() - thickness / 2.0).abs() < NEAR_MM;
            prop_assert!(near || disc.contains(at) == (aside < radius && z.abs() < thickness / 2.0), "disc at {at:?}");
        }
    }

    #[test]
    fn a_freehand_outline_on_a_slice_is_that_slices_contour(outline in prop::collection::vec(prop::array::uniform2(-2.0..22.0f64), 3..9)) {
        let grid: Arc<Grid> = upright([20, 20, 1], [1.0; 3]);
        let places: Vec<Point<Patient>> = outline.iter().map(|[x, y]| Point::new(*x, *y, 0.0)).collect();
        let freehand = Freehand::new(Frame::upright(Point::new(0.0, 0.0, 0.0)).unwrap(), &places, 1.0).unwrap();
        let (as_contour, _) = PolygonStack::new(vec![places]).rasterise(grid.clone());
        let mask = freehand.rasterise(grid).0;
        for at in cells([20, 20, 1]) {
            let place = [at[0] as f64, at[1] as f64];
            let edges = (0..outline.len()).map(|n| (outline[n], outline[(n + 1) % outline.len()]));
            let near = edges.map(|(a, b)| from_segment(place, a, b)).fold(f64::INFINITY, f64::min) < NEAR_MM;
            prop_assert!(near || mask.contains(at) == as_contour.contains(at), "voxel {at:?}");
        }
    }
}

fn from_segment(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (along, to) = ([b[0] - a[0], b[1] - a[1]], [at[0] - a[0], at[1] - a[1]]);
    let square = along[0].powi(2) + along[1].powi(2);
    let part = if square > 0.0 {
        ((to[0] * along[0] + to[1] * along[1]) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (to[0] - part * along[0]).hypot(to[1] - part * along[1])
}

//! Registration by hand as it is seen: what a person does in a view, the picture does.

use engine::colormap::{ColorMap, Window};
use engine::geometry::{
    Affine, Deformation, DisplacementField, Grid, Patient, Plane, Point, Transform, Vector,
};
use engine::presentation::{ImagePlane, Orientation, Size};
use engine::registration::{ByHand, Change};
use engine::render::{CpuRenderer, Layer, Renderer, Scene, VolumeId, Volumes};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels, warped};

const ID: VolumeId = VolumeId(1);
const SIZE: Size = Size {
    width: 101,
    height: 91,
};
const CROSSHAIR: Point<Patient> = Point::new(5.0, -8.0, 240.0);

fn cube(spacing_mm: f64, side: usize, middle: Point<Patient>) -> Grid {
    let step = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { spacing_mm } else { 0.0 }));
    let half = spacing_mm * (side as f64 - 1.0) / 2.0;
    Grid::new(
        [side; 3],
        Affine::from_axes([0, 1, 2].map(step), middle - Vector::new(half, half, half)),
    )
    .unwrap()
}

/// A round spot at a place of the moving image.
fn spot(place: Point<Patient>) -> Volume {
    let grid = cube(2.0, 60, place + Vector::new(3.0, -2.0, 4.0));
    let value = |n: usize| {
        let at = [n % 60, n / 60 % 60, n / 3600].map(|n| n as f64);
        (1000.0 * (-(grid.patient(at.into()).distance(place) / 6.0).powi(2)).exp()) as f32
    };
    let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap()
}

/// Where a view shows the spot: column and row of the middle of what is bright.
fn shown(volume: &Volume, scene_from_volume: Affine<Patient, Patient>, plane: ImagePlane) -> [f64; 2] {
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume.clone());
    let layer = Layer {
        window: Window::between(0.0, 1000.0),
        color_map: ColorMap::gray(),
        interpolation: Interpolation::Linear,
        scene_from_volume,
        ..Layer::single(ID, volume)
    };
    let image = CpuRenderer::new()
        .render(&Scene::of_plane(plane, vec![layer]), &volumes, SIZE)
        .unwrap();
    let mut sums = [0.0; 3];
    for (n, pixel) in image.rgba.chunks_exact(4).enumerate() {
        let weight = (f64::from(pixel[0]) - 20.0).max(0.0);
        let at = [(n % 101) as f64, (n / 101) as f64, 1.0];
        sums = std::array::from_fn(|i| sums[i] + at[i] * weight);
    }
    [sums[0] / sums[2], sums[1] / sums[2]]
}

fn views() -> Vec<ImagePlane> {
    let orientations = [
        Orientation::Axial,
        Orientation::Coronal,
        Orientation::Sagittal,
        Orientation::Oblique(Vector::new(0.5, 0.6, 0.6)),
        Orientation::Oblique(Vector::new(-0.8, 0.3, 0.5)),
    ];
    let upright = orientations.map(|of| ImagePlane::centered(of, CROSSHAIR, 0.9, SIZE).unwrap());
    // As people turn, magnify and mirror them.
    let other = upright.map(|plane| {
        plane
            .turned(50.0, 45.0, 0.7)
            .magnified(50.0, 45.0, 1.3)
            .mirrored_horizontally(50.0)
    });
    upright.into_iter().chain(other).collect()
}

fn starts() -> [Affine<Patient, Patient>; 2] {
    let turn = Affine::rotation(Point::new(40.0, 0.0, 100.0), Vector::new(1.0, 2.0, -0.5), 0.4).unwrap();
    [
        Affine::identity(),
        Affine::translation(Vector::new(-20.0, 30.0, 500.0)) * turn,
    ]
}

fn near(found: [f64; 2], expected: [f64; 2], what: &str) {
    let off = (found[0] - expected[0]).hypot(found[1] - expected[1]);
    assert!(off < 0.2, "{what}: {found:?}, not {expected:?}");
}

/// A drag of 22 pixels to the screen's left, and of 9 down.
#[test]
fn a_drag_moves_the_picture_with_the_pointer() {
    for (view, moving_from_fixed) in views()
        .into_iter()
        .flat_map(|view| starts().map(|start| (view, start)))
    {
        let mut by_hand = ByHand::new(moving_from_fixed).unwrap();
        let volume = spot(moving_from_fixed * CROSSHAIR);
        let before = shown(&volume, by_hand.fixed_from_moving(), view);
        let (from, to) = (view.patient(70.0, 30.0), view.patient(48.0, 39.0));
        by_hand.change(&Change::Drag { from, to }, Some(1)).unwrap();
        let after = shown(&volume, by_hand.fixed_from_moving(), view);
        near(after, [before[0] - 22.0, before[1] + 9.0], "dragged");
    }
}

/// The pointer goes a third of a turn clockwise round the crosshair; the picture turns clockwise, mirrored or not.
#[test]
fn a_turn_turns_the_picture_with_the_pointer() {
    for (view, moving_from_fixed) in views()
        .into_iter()
        .flat_map(|view| starts().map(|start| (view, start)))
    {
        let mut by_hand = ByHand::new(moving_from_fixed).unwrap();
        let volume = spot(moving_from_fixed * view.patient(75.0, 45.0));
        near(
            shown(&volume, by_hand.fixed_from_moving(), view),
            [75.0, 45.0],
            "before",
        );
        let axis = view.patient_from_plane.axis(2);
        let (from, to) = (
            view.patient(50.0, 10.0),
            view.patient(50.0 + 30.0, 45.0 + 30.0 * 30f64.to_radians().tan()),
        );
        by_hand
            .change(
                &Change::Turn {
                    pivot: CROSSHAIR,
                    axis,
                    from,
                    to,
                },
                Some(1),
            )
            .unwrap();
        let (sin, cos) = 120f64.to_radians().sin_cos();
        let after = shown(&volume, by_hand.fixed_from_moving(), view);
        near(after, [50.0 + 25.0 * cos, 45.0 + 25.0 * sin], "turned");
    }
}

/// What one view does, every other view shows: the same map, live.
#[test]
fn linked_views_show_the_same_move() {
    let mut by_hand = ByHand::new(Affine::identity()).unwrap();
    let [axial, coronal, sagittal] = [views()[0], views()[1], views()[2]];
    let volume = spot(CROSSHAIR);
    let (from, to) = (axial.patient(50.0, 45.0), axial.patient(60.0, 45.0));
    by_hand.change(&Change::Drag { from, to }, None).unwrap();
    near(
        shown(&volume, by_hand.fixed_from_moving(), coronal),
        [60.0, 45.0],
        "coronal",
    );
    let (from, to) = (sagittal.patient(50.0, 45.0), sagittal.patient(50.0, 33.0));
    by_hand.change(&Change::Drag { from, to }, None).unwrap();
    near(
        shown(&volume, by_hand.fixed_from_moving(), coronal),
        [60.0, 33.0],
        "coronal, after sagittal",
    );
    by_hand.undo();
    near(
        shown(&volume, by_hand.fixed_from_moving(), coronal),
        [60.0, 45.0],
        "coronal, after undo",
    );
}

/// Of a registration that bends, the picture warped at the start is moved; warped anew, it lies in the same place.
#[test]
fn a_bent_picture_moves_as_a_whole() {
    let grid = cube(30.0, 7, CROSSHAIR);
    let displacement = |n: usize| {
        let [i, j, k] = [n % 7, n / 7 % 7, n / 49].map(|n| n as f32);
        [
            6.0 * (0.8 * i + 0.3 * k).sin(),
            6.0 * (0.7 * j).cos(),
            5.0 * (0.9 * k - 0.4 * i).sin(),
        ]
    };
    let displacements = (0..grid.voxels()).map(displacement).collect();
    let field = DisplacementField::new(grid, displacements).unwrap();
    let moving_from_fixed = Transform::from(Deformation {
        field,
        affine: starts()[1],
    });
    let moving = spot(moving_from_fixed.apply(CROSSHAIR));
    let mut by_hand = ByHand::new(moving_from_fixed.clone()).unwrap();
    let fixed_grid = cube(1.5, 90, CROSSHAIR);
    let warp = |by: &Transform| warped(&moving, by, &fixed_grid, Interpolation::Linear, 0.0).unwrap();
    let at_start = warp(&moving_from_fixed);
    let view = views()[3];
    let before = shown(&at_start, Affine::identity(), view);
    let axis = view.patient_from_plane.axis(2);
    by_hand
        .change(
            &Change::TurnBy {
                pivot: view.patient(30.0, 45.0),
                axis,
                angle_rad: 0.3,
            },
            None,
        )
        .unwrap();
    let (from, to) = (view.patient(0.0, 0.0), view.patient(-4.0, 7.0));
    by_hand.change(&Change::Drag { from, to }, None).unwrap();
    let moved = shown(&at_start, by_hand.now_from_start(), view);
    let plane_from_patient: Affine<Plane, Patient> = view.patient_from_plane.inverse().unwrap();
    let expected = plane_from_patient * (by_hand.now_from_start() * view.patient(before[0], before[1]));
    near(moved, [expected[0], expected[1]], "moved");
    near(
        shown(&warp(&by_hand.moving_from_fixed()), Affine::identity(), view),
        moved,
        "warped anew",
    );
}

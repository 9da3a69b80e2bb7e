//! The processor's projections against the plain definition: every sample of every ray.

use engine::geometry::{Affine, Grid, Patient, Point, Vector};
use engine::presentation::{Camera, CurvedPlane, Direction, ImagePlane, Orientation, Side, Size};
use engine::render::{
    Clip, ClipPlane, CpuRenderer, Curved, Cut, Layer, Projection, ProjectionKind, Removes, Renderer, Scene,
    Slab, View, VolumeId, Volumes,
};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

use crate::definition::projection::pixel;

mod fiducials;
mod level;
mod nonsense;

const ID: VolumeId = VolumeId(1);
const SIZE: Size = Size {
    width: 29,
    height: 21,
};
const KINDS: [ProjectionKind; 5] = [
    ProjectionKind::MAXIMUM,
    ProjectionKind::Maximum { depth_weight: 0.6 },
    ProjectionKind::Minimum,
    ProjectionKind::Mean,
    ProjectionKind::Sum,
];

/// Numbers without pattern.
fn noise(count: usize) -> impl Iterator<Item = u32> {
    (0..count as u32).map(|n| {
        (n ^ (n >> 7))
            .wrapping_mul(0x9E37_79B1)
            .rotate_left(11)
            .wrapping_mul(0x85EB_CA6B)
    })
}

fn skewed() -> Affine<Patient, engine::geometry::Voxel> {
    let axes = [
        Vector::new(0.9, 0.2, -0.1),
        Vector::new(-0.15, 1.1, 0.3),
        Vector::new(0.4, 0.1, 2.3),
    ];
    Affine::from_axes(axes, Point::new(-12.0, -18.0, 5.0))
}

fn upright(spacing_mm: [f64; 3]) -> Affine<Patient, engine::geometry::Voxel> {
    let [x, y, z] = spacing_mm;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Affine::from_axes(axes, Point::new(-20.0, -15.0, 7.0))
}

fn of(grid: Grid, voxels: Voxels, slope: f64) -> Volume {
    let rescale = Rescale {
        slope,
        intercept: -30.0,
    };
    Volume::new(grid, voxels, rescale, Unit::Unspecified).unwrap()
}

/// A soft body with noise in an empty surrounding: something to pass over.
fn i16_body(size: [usize; 3]) -> Voxels {
    let count = size.iter().product();
    let value = |(n, noise): (usize, u32)| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        let from_middle = |axis: usize| (at[axis] as f64 + 0.5) / size[axis] as f64 - 0.5;
        let radius = (0..3).map(|axis| from_middle(axis).powi(2)).sum::<f64>().sqrt();
        if radius < 0.4 {
            (1000.0 * (0.5 - radius)) as i16 + (noise >> 26) as i16
        } else {
            -1000
        }
    };
    Voxels::I16((0..count).zip(noise(count)).map(value).collect())
}

fn types(size: [usize; 3]) -> [Voxels; 4] {
    let count = size.iter().product();
    [
        i16_body(size),
        Voxels::U16(noise(count).map(|n| (n >> 16) as u16).collect()),
        Voxels::U8(noise(count).map(|n| (n >> 24) as u8).collect()),
        Voxels::F32(noise(count).map(|n| (n >> 8) as f32 / 1e6).collect()),
    ]
}

fn lend(volume: &Volume) -> Volumes {
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume.clone());
    volumes
}

fn scene(view: View, volume: &Volume, interpolation: Interpolation) -> Scene {
    let layer = Layer {
        interpolation,
        ..Layer::single(ID, volume)
    };
    Scene::new(view, vec![layer])
}

fn camera(volume: &Volume, azimuth: f64, elevation: f64) -> Camera {
    Camera::fitted(
        Direction::from_degrees(azimuth, elevation),
        &[volume.grid()],
        SIZE,
    )
    .unwrap()
}

fn values(scene: &Scene, volumes: &Volumes) -> Vec<f32> {
    CpuRenderer::new().values(scene, 0, volumes, SIZE).unwrap().values
}

/// Holds every pixel to the definition and skipping to none, bit for bit; gives how many had a value.
fn check(scene: &Scene, volume: &Volume) -> usize {
    let volumes = lend(volume);
    let found = values(scene, &volumes);
    for (n, value) in found.iter().enumerate() {
        let (x, y) = (n as u32 % SIZE.width, n as u32 / SIZE.width);
        let expected = pixel(scene, 0, &volumes, x, y);
        assert!(
            expected.allows(*value),
            "{x}, {y}: {value}, not {expected:?} in {:?}",
            scene.view
        );
    }
    let mut thorough = scene.clone();
    thorough.quality.skips_empty_space = false;
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(
        bits(found.clone()),
        bits(values(&thorough, &volumes)),
        "skipping changed {:?}",
        scene.view
    );
    found.iter().filter(|value| !value.is_nan()).count()
}

fn check_all(volume: &Volume) {
    for kind in KINDS {
        for interpolation in [Interpolation::Nearest, Interpolation::Linear] {
            let parallel = camera(volume, 25.0, 10.0);
            let mut all = vec![Projection::new(parallel, kind)];
            all.push(Projection::new(parallel.with_eye(90.0, SIZE), kind));
            all.push(Projection {
                depth_mm: Some([-3.3, 7.1]),
                ..Projection::new(camera(volume, -130.0, -60.0), kind)
            });
            for projection in all {
                check(
                    &scene(View::Projection(projection), volume, interpolation),
                    volume,
                );
            }
        }
    }
}

/// Rays of no pixel, beyond the image's last columns and rows, lie at the scene's origin.
#[test]
fn the_origin_may_lie_in_the_volume() {
    let [x, y, z] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]];
    let axes = [x, y, z].map(Vector::from);
    let around = Affine::from_axes(axes, Point::new(-10.0, -9.0, -8.0));
    let size = [20, 18, 8];
    let volume = of(Grid::new(size, around).unwrap(), i16_body(size), 1.0);
    for camera in [
        camera(&volume, 30.0, 20.0),
        camera(&volume, 30.0, 20.0).with_eye(80.0, SIZE),
    ] {
        let view = View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM));
        assert!(check(&scene(view, &volume, Interpolation::Linear), &volume) > 100);
    }
}

#[test]
fn every_voxel_type_follows_the_definition() {
    let size = [23, 19, 11];
    for (voxels, slope) in types(size).into_iter().zip([1.0, 0.5, -2.0, -1.0]) {
        let volume = of(Grid::new(size, skewed()).unwrap(), voxels, slope);
        check_all(&volume);
        let straight = Projection::new(camera(&volume, 0.0, 0.0), ProjectionKind::MAXIMUM);
        let seen = check(
            &scene(View::Projection(straight), &volume, Interpolation::Linear),
            &volume,
        );
        assert!(seen > 100, "{seen} pixels looked at");
    }
}

#[test]
fn uneven_slices_follow_the_definition() {
    let positions = vec![0.0, 1.0, 1.5, 4.5, 5.0, 9.0, 10.0];
    let size = [23, 19, 7];
    for voxels in types(size) {
        check_all(&of(
            Grid::with_slice_positions(size, skewed(), positions.clone()).unwrap(),
            voxels,
            1.0,
        ));
    }
    // So close that the loops' places are too coarse.
    let close = vec![0.0, 0.01, 0.02, 4.0, 4.01, 9.0, 10.0];
    let grid = Grid::with_slice_positions(size, upright([1.0, 1.3, 2.0]), close).unwrap();
    check_all(&of(grid, i16_body(size), 1.0));
}

#[test]
fn tiny_volumes_follow_the_definition() {
    for size in [[1, 1, 1], [21, 17, 1], [21, 1, 9], [1, 17, 9], [2, 2, 2]] {
        for voxels in types(size) {
            check_all(&of(Grid::new(size, skewed()).unwrap(), voxels, 1.0));
        }
    }
}

/// Larger than several cells and tiles, with much to pass over.
#[test]
fn what_is_passed_over_does_not_count() {
    let size = [70, 64, 50];
    let volume = of(
        Grid::new(size, upright([1.1, 0.9, 1.7])).unwrap(),
        i16_body(size),
        1.0,
    );
    let size = Size {
        width: 90,
        height: 70,
    };
    for azimuth in [0.0, 33.0, 90.0, 215.0] {
        for kind in [KINDS[0], KINDS[1], KINDS[2]] {
            let direction = Direction::from_degrees(azimuth, 20.0);
            let camera = Camera::fitted(direction, &[volume.grid()], size).unwrap();
            for camera in [camera, camera.with_eye(150.0, size)] {
                let projection = Projection::new(camera, kind);
                let mut scene = scene(View::Projection(projection), &volume, Interpolation::Linear);
                let mut bits = Vec::new();
                let mut renderer = CpuRenderer::new();
                for skips in [false, true] {
                    scene.quality.skips_empty_space = skips;
                    let values = renderer.values(&scene, 0, &lend(&volume), size).unwrap().values;
                    bits.push(values.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                    let figures = renderer.statistics();
                    assert_eq!(figures.skipped > figures.samples, skips, "{figures:?}");
                }
                assert!(bits[0] == bits[1], "{projection:?}");
            }
        }
    }
}

#[test]
fn clips_take_samples_away() {
    let size = [23, 19, 11];
    let volume = of(Grid::new(size, skewed()).unwrap(), i16_body(size), 1.0);
    let center = volume.grid().center();
    let drawn_on = camera(&volume, 60.0, 30.0);
    let cut = |camera, removes| Cut {
        camera,
        outline: vec![[11.0, 7.0], [18.0, 8.0], [17.0, 13.0], [12.0, 14.0]],
        removes,
        depth_mm: None,
    };
    let plane = ClipPlane {
        point: center,
        normal: Vector::new(2.0, -1.0, 0.5),
    };
    let clips = [
        Clip {
            planes: vec![plane],
            cuts: vec![],
        },
        Clip {
            planes: ClipPlane::around_voxels(
                volume.grid(),
                Point::new(4.0, 3.0, 2.0),
                Point::new(17.0, 14.0, 8.0),
            )
            .to_vec(),
            cuts: vec![cut(drawn_on, Removes::Inside)],
        },
        Clip {
            planes: vec![],
            cuts: vec![cut(drawn_on.with_eye(80.0, SIZE), Removes::Outside)],
        },
    ];
    for clip in clips {
        for kind in KINDS {
            let parallel = camera(&volume, 10.0, 5.0);
            for camera in [parallel, parallel.with_eye(100.0, SIZE)] {
                let view = View::Projection(Projection::new(camera, kind));
                let mut scene = scene(view, &volume, Interpolation::Linear);
                let whole = values(&scene, &lend(&volume));
                scene.layers[0].clip = clip.clone();
                assert!(check(&scene, &volume) > 5);
                assert_ne!(values(&scene, &lend(&volume)), whole, "the clip changed nothing");
            }
        }
    }
}

#[test]
fn steps_jitter_and_registration_follow_the_definition() {
    let size = [23, 19, 11];
    let volume = of(Grid::new(size, skewed()).unwrap(), i16_body(size), 1.0);
    let moved = camera(&volume, 12.0, 0.0).turned(volume.grid().center(), Vector::new(1.0, 2.0, 0.3), 0.4);
    for (step_mm, jitter) in [
        (0.37, None),
        (1.0, Some(0)),
        (2.9, Some(7)),
        (400.0, None),
        (1e4, Some(3)),
    ] {
        for kind in KINDS {
            let view = View::Projection(Projection::new(moved, kind));
            let mut scene = scene(view, &volume, Interpolation::Cubic);
            scene.quality.step_mm = Some(step_mm);
            scene.quality.jitter = jitter;
            let turn = nalgebra::Rotation3::from_euler_angles(0.1, -0.2, 0.3);
            scene.layers[0].scene_from_volume =
                Affine::new(*turn.matrix(), nalgebra::Vector3::new(3.0, -2.0, 1.0));
            check(&scene, &volume);
        }
    }
}

#[test]
fn a_camera_may_stand_in_the_volume() {
    let size = [40, 40, 40];
    let volume = of(Grid::new(size, upright([1.0; 3])).unwrap(), i16_body(size), 1.0);
    let inside = Camera::centered(
        Direction::from_degrees(70.0, 20.0),
        volume.grid().center(),
        0.4,
        SIZE,
    )
    .unwrap();
    for distance_mm in [1e-6, 3.0, 15.0] {
        for kind in KINDS {
            let projection = Projection::new(inside.with_eye(distance_mm, SIZE), kind);
            let seen = check(
                &scene(View::Projection(projection), &volume, Interpolation::Linear),
                &volume,
            );
            assert!(seen > 500, "{seen}");
        }
    }
}

/// Rays along the voxels with a step from centre to centre: no rounding at all.
#[test]
fn aligned_rays_give_the_voxels_maximum() {
    let size = [29, 26, 21];
    for voxels in types(size) {
        let grid = Grid::new(size, upright([1.3, 0.7, 1.3])).unwrap();
        let volume = of(grid, voxels, 1.0);
        // From the front: columns to the right, slices from the head down.
        let place = volume.grid().patient(Point::new(14.0, 3.0, 10.0));
        let camera = Camera::centered(Direction::default(), place, 1.3, SIZE).unwrap();
        for (kind, pick) in [
            (ProjectionKind::MAXIMUM, f64::max as fn(f64, f64) -> f64),
            (ProjectionKind::Minimum, f64::min),
        ] {
            let view = View::Projection(Projection::new(camera, kind));
            let mut scene = scene(view, &volume, Interpolation::Linear);
            scene.quality.step_mm = Some(0.7);
            for (n, value) in values(&scene, &lend(&volume)).iter().enumerate() {
                let (column, slice) = (n % 29, 20 - n / 29);
                let along = (0..26).map(|row| volume.value([column, row, slice]).unwrap());
                let expected = along.reduce(pick).unwrap();
                assert_eq!(value.to_bits(), (expected as f32).to_bits(), "{column}, {slice}");
            }
        }
    }
}

#[test]
fn curved_slabs_follow_the_definition() {
    let size = [40, 36, 30];
    let grid = Grid::new(size, upright([1.0, 1.1, 1.4])).unwrap();
    let along = [[4.0, 5.0, 10.0], [20.0, 28.0, 15.0], [35.0, 8.0, 20.0]];
    let points: Vec<_> = along.iter().map(|at| grid.patient(Point::from(*at))).collect();
    let plane = CurvedPlane::along(
        &points,
        Side::Fixed(Vector::new(0.0, 0.0, -1.0)),
        1.5,
        SIZE.height,
    )
    .unwrap();
    for voxels in types(size) {
        let volume = of(grid.clone(), voxels, 1.0);
        for kind in KINDS {
            let slab = Some(Slab {
                thickness_mm: 9.3,
                kind,
            });
            let view = View::Curved(Curved {
                plane: plane.clone(),
                slab,
            });
            assert!(check(&scene(view, &volume, Interpolation::Linear), &volume) > 400);
        }
    }
}

#[test]
fn curved_planes_are_samples_along_their_columns() {
    let size = [40, 36, 30];
    let volume = of(Grid::new(size, skewed()).unwrap(), i16_body(size), 1.0);
    let along = [[4.0, 5.0, 10.0], [20.0, 28.0, 15.0], [35.0, 8.0, 20.0]];
    let points: Vec<_> = along
        .iter()
        .map(|at| volume.grid().patient(Point::from(*at)))
        .collect();
    let side = Side::Straightened(Vector::new(0.0, 0.0, -1.0));
    let plane = CurvedPlane::along(&points, side, 2.0, SIZE.height).unwrap();
    for interpolation in [
        Interpolation::Nearest,
        Interpolation::Linear,
        Interpolation::Cubic,
    ] {
        let view = View::Curved(Curved {
            plane: plane.clone(),
            slab: None,
        });
        let scene = scene(view, &volume, interpolation);
        let mut inside = 0;
        for (n, value) in values(&scene, &lend(&volume)).iter().enumerate() {
            let (x, y) = (n % 29, (n / 29) as f64);
            let place = plane.patient(x, y).map(|place| volume.grid().voxel(place));
            let expected = place.and_then(|at| engine::volume::sample(&volume, at, interpolation));
            let expected = expected.map_or(f32::NAN, |value| value as f32);
            assert_eq!(value.is_nan(), expected.is_nan(), "{x}, {y}");
            // Ties of nearest apart.
            let bound = if interpolation == Interpolation::Nearest {
                0.0
            } else {
                1.5
            };
            assert!(
                value.is_nan() || (value - expected).abs() <= bound,
                "{x}, {y}: {value}, not {expected}"
            );
            inside += usize::from(!value.is_nan());
        }
        assert!(inside > 400, "{inside}");
    }
}

/// A slab without thickness is the plane, and a picture mixes its layers as planes do.
#[test]
fn a_slab_without_thickness_is_its_plane() {
    let size = [23, 19, 11];
    let volume = of(Grid::new(size, skewed()).unwrap(), i16_body(size), 1.0);
    let oblique = Orientation::Oblique(Vector::new(0.3, -0.5, 0.8));
    let plane = ImagePlane::fitted(oblique, volume.grid().center(), &[volume.grid()], SIZE).unwrap();
    let slab = Slab {
        thickness_mm: 0.0,
        kind: ProjectionKind::MAXIMUM,
    };
    let slab = scene(
        View::Projection(Projection::slab(plane, slab)),
        &volume,
        Interpolation::Linear,
    );
    let mut flat = scene(View::Plane(plane), &volume, Interpolation::Linear);
    let volumes = lend(&volume);
    for (a, b) in values(&slab, &volumes).iter().zip(values(&flat, &volumes)) {
        assert!((a - b).abs() < 2.0 || a.is_nan() && b.is_nan(), "{a}, {b}");
    }
    let upper = Layer {
        color_map: engine::colormap::ColorMap::named("hot").unwrap(),
        ..Layer::overlay(ID, &volume, 0.4)
    };
    let mut both = slab.clone();
    both.background = [9, 8, 7];
    flat.background = [9, 8, 7];
    both.layers.push(upper.clone());
    flat.layers.push(upper);
    let picture = |scene: &Scene| CpuRenderer::new().render(scene, &volumes, SIZE).unwrap().rgba;
    let pairs = picture(&both).into_iter().zip(picture(&flat));
    let differing = pairs.filter(|(a, b)| a.abs_diff(*b) > 2).count();
    assert!(differing < 10, "{differing} bytes differ");
}

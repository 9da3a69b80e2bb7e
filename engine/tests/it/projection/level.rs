//! Views about the body's long axis, whose rows of pixels look between the same two slices.

use engine::geometry::{Affine, Grid, Point, Vector};
use engine::presentation::{Camera, Direction};
use engine::render::{Clip, ClipPlane, CpuRenderer, Layer, Projection, ProjectionKind, Renderer, View};
use engine::volume::Interpolation;

use super::{SIZE, camera, check, lend, of, scene, types, upright};

const KINDS: [ProjectionKind; 2] = [ProjectionKind::MAXIMUM, ProjectionKind::Minimum];

/// Coarse and fine voxels beside the pixels, flat and narrow volumes, even and uneven slices.
fn grids() -> Vec<Grid> {
    let grid = |size, spacing_mm| Grid::new(size, upright(spacing_mm)).unwrap();
    let uneven = vec![0.0, 0.8, 2.0, 2.4, 4.0, 5.0, 6.5];
    vec![
        grid([23, 19, 11], [1.3, 0.9, 2.1]),
        grid([70, 50, 9], [0.31, 0.27, 2.0]),
        grid([1, 9, 6], [2.0, 2.0, 2.0]),
        grid([8, 1, 6], [2.0, 2.0, 2.0]),
        grid([9, 8, 1], [2.0, 2.0, 2.0]),
        Grid::with_slice_positions([23, 19, 7], upright([1.3, 0.9, 2.1]), uneven).unwrap(),
    ]
}

#[test]
fn rows_through_one_level_follow_the_definition() {
    for grid in grids() {
        for (n, voxels) in types(grid.size()).into_iter().enumerate() {
            let slope = if n == 1 { -1.5 } else { 1.5 };
            let volume = of(grid.clone(), voxels, slope);
            let azimuth = [0.0, 37.0, 90.0, 200.0][n];
            for kind in KINDS {
                let view = View::Projection(Projection::new(camera(&volume, azimuth, 0.0), kind));
                let mut scene = scene(view, &volume, Interpolation::Linear);
                assert!(check(&scene, &volume) > 0);
                scene.quality.jitter = Some(3);
                scene.quality.step_mm = Some(0.7);
                check(&scene, &volume);
            }
        }
    }
}

#[test]
fn depth_and_clip_planes_count_there_too() {
    let size = [23, 19, 11];
    for voxels in types(size) {
        let volume = of(Grid::new(size, upright([1.3, 0.9, 2.1])).unwrap(), voxels, 1.0);
        let mut projection = Projection::new(camera(&volume, 25.0, 0.0), ProjectionKind::MAXIMUM);
        projection.depth_mm = Some([-6.0, 4.5]);
        let mut scene = scene(View::Projection(projection), &volume, Interpolation::Linear);
        assert!(check(&scene, &volume) > 100);
        scene.layers[0].clip = Clip {
            planes: vec![ClipPlane {
                point: volume.grid().center(),
                normal: Vector::new(1.0, -0.4, 0.7),
            }],
            cuts: vec![],
        };
        assert!(check(&scene, &volume) > 50);
    }
}

/// A hair of elevation makes no level view: both ways of reading are held against one another.
#[test]
fn a_hair_of_elevation_changes_nothing_to_be_seen() {
    let size = [40, 36, 12];
    for voxels in types(size) {
        let volume = of(Grid::new(size, upright([0.8, 0.8, 2.0])).unwrap(), voxels, 1.0);
        let values = |elevation: f64| {
            let view = View::Projection(Projection::new(camera(&volume, 60.0, elevation), KINDS[0]));
            let scene = scene(view, &volume, Interpolation::Linear);
            CpuRenderer::new()
                .values(&scene, 0, &lend(&volume), SIZE)
                .unwrap()
                .values
        };
        let (low, high) = volume.range().unwrap();
        let bound = (2e-3 * (high - low)) as f32;
        let pairs = values(0.0).into_iter().zip(values(1e-5));
        let differing = pairs.filter(|(a, b)| !((a - b).abs() <= bound || a.is_nan() && b.is_nan()));
        assert!(
            differing.count() <= SIZE.width as usize,
            "more than a row at the rim"
        );
    }
}

/// Two layers, of which each has a sheet of its own, and volumes that are moved along the level.
#[test]
fn fused_layers_and_registrations_follow_the_definition() {
    let size = [23, 19, 11];
    let [first, .., last] = types(size);
    let volume = of(Grid::new(size, upright([1.3, 0.9, 2.1])).unwrap(), first, 1.0);
    let other = of(
        Grid::new([19, 23, 11], upright([1.5, 1.1, 1.9])).unwrap(),
        last,
        2.0,
    );
    let around = Camera::fitted(Direction::from_degrees(300.0, 0.0), &[volume.grid()], SIZE).unwrap();
    let view = View::Projection(Projection::new(around, ProjectionKind::MAXIMUM));
    let mut scene = scene(view, &volume, Interpolation::Linear);
    let upper = engine::render::VolumeId(2);
    scene.layers.push(Layer::overlay(upper, &other, 0.5));
    let turn = nalgebra::Rotation3::from_axis_angle(&nalgebra::Vector3::z_axis(), 0.4);
    scene.layers[1].scene_from_volume = Affine::new(*turn.matrix(), nalgebra::Vector3::new(2.0, -3.0, 1.3));
    let mut volumes = lend(&volume);
    volumes.insert(upper, other);
    let image = CpuRenderer::new().render(&scene, &volumes, SIZE).unwrap();
    assert!(image.rgba.chunks(4).any(|pixel| pixel[0] != pixel[2]));
    for layer in 0..2 {
        let found = CpuRenderer::new().values(&scene, layer, &volumes, SIZE).unwrap();
        for (n, value) in found.values.iter().enumerate() {
            let (x, y) = (n as u32 % SIZE.width, n as u32 / SIZE.width);
            let expected = crate::definition::projection::pixel(&scene, layer, &volumes, x, y);
            assert!(
                expected.allows(*value),
                "{layer}, {x}, {y}: {value}, not {expected:?}"
            );
        }
    }
}

/// Orientations and registrations are seldom exact: rows that are level but for rounding are still level, and right.
#[test]
fn noise_in_the_orientation_counts_for_nothing() {
    let size = [23, 19, 11];
    let axes = [
        Vector::new(1.3, 0.0, -2e-10),
        Vector::new(1e-11, 0.9, 3e-10),
        Vector::new(-1e-10, 2e-11, 2.1),
    ];
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(-20.0, -15.0, 7.0))).unwrap();
    for voxels in types(size) {
        let volume = of(grid.clone(), voxels, 1.0);
        let view = View::Projection(Projection::new(camera(&volume, 25.0, 0.0), KINDS[0]));
        assert!(check(&scene(view, &volume, Interpolation::Linear), &volume) > 100);
    }
}

/// A step of many voxels leaves the fixed-point places behind; so does a slice that no thread should copy.
#[test]
fn steps_too_long_for_the_sheet_follow_the_definition() {
    let size = [64, 9, 5];
    let [voxels, ..] = types(size);
    let volume = of(Grid::new(size, upright([1.0, 1.0, 2.0])).unwrap(), voxels, 1.0);
    for step_mm in [30.0, 95.0, 900.0, 3500.0] {
        for jitter in [None, Some(5)] {
            let view = View::Projection(Projection::new(camera(&volume, 90.0, 0.0), KINDS[0]));
            let mut scene = scene(view, &volume, Interpolation::Linear);
            scene.quality.step_mm = Some(step_mm);
            scene.quality.jitter = jitter;
            check(&scene, &volume);
        }
    }
}

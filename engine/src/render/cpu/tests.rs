//! Vector code and plain code give the same bits.

use crate::colormap::ColorMap;
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::presentation::{Camera, Direction, ImagePlane, Orientation, Size};
use crate::render::cpu::kernel::Lanes;
use crate::render::{
    CpuRenderer, Layer, Projection, ProjectionKind, Renderer, Scene, View, VolumeId, Volumes,
};
use crate::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

const SIZE: Size = Size {
    width: 150,
    height: 90,
};

fn volume(voxels: Voxels, slice_positions: Vec<f64>) -> Volume {
    let axes = [
        Vector::new(0.9, 0.2, -0.1),
        Vector::new(-0.15, 1.1, 0.3),
        Vector::new(0.4, 0.1, 2.3),
    ];
    let patient_from_voxel = Affine::from_axes(axes, Point::new(-12.0, -18.0, 5.0));
    let grid = Grid::with_slice_positions([24, 20, 5], patient_from_voxel, slice_positions).unwrap();
    let rescale = Rescale {
        slope: 0.37,
        intercept: -3.0,
    };
    Volume::new(grid, voxels, rescale, Unit::Unspecified).unwrap()
}

fn check(volume: &Volume, interpolation: Interpolation) {
    let id = VolumeId(0);
    let mut volumes = Volumes::new();
    volumes.insert(id, volume.clone());
    let oblique = Orientation::Oblique(Vector::new(0.3, -0.4, 0.8));
    let plane = ImagePlane::fitted(oblique, volume.grid().center(), &[volume.grid()], SIZE).unwrap();
    let lower = Layer {
        interpolation,
        ..Layer::single(id, volume)
    };
    let color_map = ColorMap::named("pet").unwrap();
    let upper = Layer {
        opacity: 0.3,
        color_map,
        ..lower.clone()
    };
    let scene = Scene::of_plane(plane, vec![lower, upper]);
    let mut baseline = CpuRenderer {
        lanes: Lanes::Baseline,
        ..CpuRenderer::new()
    };
    let mut native = CpuRenderer::new();
    let bits = |renderer: &mut CpuRenderer| {
        let values = renderer.values(&scene, 0, &volumes, SIZE).unwrap().values;
        values.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(&mut baseline), bits(&mut native), "{interpolation:?}");
    let image = baseline.render(&scene, &volumes, SIZE).unwrap();
    assert_eq!(
        image,
        native.render(&scene, &volumes, SIZE).unwrap(),
        "{interpolation:?}"
    );
    assert!(image.rgba.chunks(4).any(|pixel| pixel != [0, 0, 0, 255]));
}

#[test]
fn pixels_do_not_depend_on_the_processor() {
    let values = || (0..24 * 20 * 5u32).map(|n| n.wrapping_mul(0x9E37_79B1) >> 16);
    let hole = |n: u32| if n.is_multiple_of(50) { f32::NAN } else { n as f32 };
    let all = [
        Voxels::I16(values().map(|n| n as i16).collect()),
        Voxels::U16(values().map(|n| n as u16).collect()),
        Voxels::U8(values().map(|n| n as u8).collect()),
        Voxels::F32(values().map(hole).collect()),
    ];
    for voxels in all {
        for slice_positions in [vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![0.0, 0.7, 2.0, 2.2, 4.0]] {
            let volume = volume(voxels.clone(), slice_positions);
            for interpolation in [
                Interpolation::Nearest,
                Interpolation::Linear,
                Interpolation::Cubic,
            ] {
                check(&volume, interpolation);
            }
        }
    }
}

/// Projections of a volume from two sides, skipping and not, by both kinds of lanes.
fn check_projections(volume: &Volume, interpolation: Interpolation) {
    let id = VolumeId(0);
    let mut volumes = Volumes::new();
    volumes.insert(id, volume.clone());
    let skewed = Layer {
        interpolation,
        ..Layer::single(id, volume)
    };
    // Moved so that its slices lie level.
    let axes = [
        Vector::new(1.1, 0.0, 0.0),
        Vector::new(0.0, 0.7, 0.0),
        Vector::new(0.0, 0.0, 2.0),
    ];
    let upright = Affine::from_axes(axes, Point::new(-12.0, -8.0, -4.0));
    let level = Layer {
        scene_from_volume: upright * *volume.grid().voxel_from_patient(),
        ..skewed.clone()
    };
    let direction = Direction::from_degrees(35.0, 15.0);
    let parallel = Camera::fitted(direction, &[volume.grid()], SIZE).unwrap();
    let around = Direction::from_degrees(35.0, 0.0);
    let around = |pixel_mm| Camera::centered(around, Point::new(0.0, 0.0, 0.0), pixel_mm, SIZE).unwrap();
    let slab = Some([-1.5, 1.5]);
    // From far away a level is bounded by cells of its own, from farther away by those of the volume.
    for (camera, layer, depth_mm, step_mm) in [
        (parallel, &skewed, None, None),
        (parallel, &skewed, slab, None),
        (parallel.with_eye(60.0, SIZE), &skewed, None, None),
        (around(0.8), &level, None, None),
        (around(1.2), &level, None, Some(1.0)),
        (around(3.0), &level, None, Some(1.0)),
    ] {
        for kind in [
            ProjectionKind::MAXIMUM,
            ProjectionKind::Maximum { depth_weight: 0.5 },
            ProjectionKind::Minimum,
            ProjectionKind::Mean,
        ] {
            let projection = Projection {
                depth_mm,
                ..Projection::new(camera, kind)
            };
            let mut scene = Scene::new(View::Projection(projection), vec![layer.clone()]);
            scene.quality.jitter = Some(2);
            scene.quality.step_mm = step_mm;
            let bits = |lanes: Lanes, scene: &Scene| {
                let mut renderer = CpuRenderer {
                    lanes,
                    ..CpuRenderer::new()
                };
                let values = renderer.values(scene, 0, &volumes, SIZE).unwrap().values;
                values.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let expected = bits(Lanes::Baseline, &scene);
            assert!(
                expected == bits(Lanes::default(), &scene),
                "{kind:?}, {interpolation:?}"
            );
            scene.quality.skips_empty_space = false;
            assert!(
                expected == bits(Lanes::default(), &scene),
                "{kind:?}, {interpolation:?}, all read"
            );
            assert!(expected.iter().any(|bits| !f32::from_bits(*bits).is_nan()));
        }
    }
}

#[test]
fn projections_do_not_depend_on_the_processor() {
    let values = || (0..24 * 20 * 5u32).map(|n| n.wrapping_mul(0x9E37_79B1) >> 16);
    let hole = |n: u32| if n.is_multiple_of(50) { f32::NAN } else { n as f32 };
    let all = [
        Voxels::I16(values().map(|n| n as i16).collect()),
        Voxels::U16(values().map(|n| n as u16).collect()),
        Voxels::U8(values().map(|n| n as u8).collect()),
        Voxels::F32(values().map(|n| n as f32 / 7.0).collect()),
        Voxels::F32(values().map(hole).collect()),
    ];
    for voxels in all {
        for slice_positions in [vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![0.0, 0.7, 2.0, 2.2, 4.0]] {
            let volume = volume(voxels.clone(), slice_positions);
            check_projections(&volume, Interpolation::Nearest);
            check_projections(&volume, Interpolation::Linear);
        }
    }
}

/// Single bright voxels among dark ones: a bound that leaves out one shows at once.
#[test]
fn nothing_that_counts_is_passed_over_in_a_level() {
    let voxels = (0..67 * 58 * 4u32).map(|n| match n.wrapping_mul(0x9E37_79B1) >> 16 {
        n if n.is_multiple_of(300) => n as i16 & 0xfff,
        _ => 0,
    });
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]].map(Vector::from);
    let grid = Grid::new([67, 58, 4], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    let voxels = Voxels::I16(voxels.collect());
    let volume = Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Hounsfield).unwrap();
    let id = VolumeId(0);
    let mut volumes = Volumes::new();
    volumes.insert(id, volume.clone());
    // From afar the volume's cells are the bounds, then the level's own, then its values.
    for (pixel_mm, step_mm) in [(2.0, 1.5), (1.2, 1.1), (0.5, 0.4)] {
        let mut passed_over = 0;
        for azimuth in [0.0, 31.0, 77.0, 140.0] {
            let direction = Direction::from_degrees(azimuth, 0.0);
            let camera = Camera::centered(direction, volume.grid().center(), pixel_mm, SIZE).unwrap();
            let view = View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM));
            let mut scene = Scene::new(view, vec![Layer::single(id, &volume)]);
            scene.quality.step_mm = Some(step_mm);
            let values = |lanes: Lanes, skips: bool| {
                let mut scene = scene.clone();
                scene.quality.skips_empty_space = skips;
                let mut renderer = CpuRenderer {
                    lanes,
                    ..CpuRenderer::new()
                };
                let values = renderer.values(&scene, 0, &volumes, SIZE).unwrap().values;
                let read = renderer.statistics().samples;
                (values.into_iter().map(f32::to_bits).collect::<Vec<_>>(), read)
            };
            let (expected, all) = values(Lanes::Baseline, false);
            for lanes in [Lanes::Baseline, Lanes::default()] {
                let (found, read) = values(lanes, true);
                assert!(found == expected, "{pixel_mm} mm, {azimuth} degrees, {lanes:?}");
                passed_over += all - read;
            }
        }
        assert!(passed_over > 0, "{pixel_mm} mm");
    }
}

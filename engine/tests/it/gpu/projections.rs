//! Projections: every pixel against the plain definition, and against the processor's.

use engine::presentation::{Camera, CurvedPlane, Direction, Side};
use engine::render::{Clip, ClipPlane, Curved, Cut, Projection, ProjectionKind, Removes, Slab, View};

use super::*;
use crate::definition::projection::pixel;

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

fn camera(volume: &Volume, azimuth: f64, elevation: f64) -> Camera {
    let direction = Direction::from_degrees(azimuth, elevation);
    Camera::fitted(direction, &[volume.grid()], SIZE).unwrap()
}

fn scene(view: View, volume: &Volume) -> Scene {
    Scene::new(view, vec![layer(volume, Interpolation::Linear)])
}

/// Holds every pixel to the definition, and skipping to none bit for bit; gives how many had a value.
fn hold(gpu: &Arc<Gpu>, scene: &Scene, volume: &Volume) -> usize {
    let volumes = lend(volume);
    let mut renderer = GpuRenderer::new(gpu.clone());
    let found = renderer.values(scene, 0, &volumes, SIZE).unwrap().values;
    let mut plain = scene.clone();
    plain.quality.skips_empty_space = false;
    let all = renderer.values(&plain, 0, &volumes, SIZE).unwrap().values;
    let mut numbers = 0;
    for (n, (found, all)) in found.iter().zip(&all).enumerate() {
        let (x, y) = (n as u32 % SIZE.width, n as u32 / SIZE.width);
        assert_eq!(
            found.to_bits(),
            all.to_bits(),
            "skipping changed {x}, {y}: {all} to {found}"
        );
        let expected = pixel(scene, 0, &volumes, x, y);
        assert!(
            expected.allows(*found),
            "{x}, {y}: {found}, not {expected:?} of {:?}",
            scene.view
        );
        numbers += usize::from(!found.is_nan());
    }
    numbers
}

#[test]
fn every_kind_follows_the_definition() {
    let (Some(gpu), Some(plain)) = (shared(), plain()) else {
        return;
    };
    let grid = Grid::new([23, 19, 11], skewed()).unwrap();
    for (n, volume) in [volume(grid.clone(), i16_noise), volume(grid, f32_noise)]
        .iter()
        .enumerate()
    {
        let gpu = [&gpu, &plain][n];
        for kind in KINDS {
            let camera = camera(volume, 30.0, 20.0);
            assert!(
                hold(
                    gpu,
                    &scene(View::Projection(Projection::new(camera, kind)), volume),
                    volume
                ) > 60
            );
        }
    }
}

#[test]
fn falling_slopes_turn_largest_and_smallest_around() {
    let Some(gpu) = shared() else { return };
    let rescale = Rescale {
        slope: -0.7,
        intercept: 12.0,
    };
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let volume = volume.with_rescale(rescale, Unit::Unspecified).unwrap();
    for kind in KINDS {
        let camera = camera(&volume, -70.0, 0.0);
        assert!(
            hold(
                &gpu,
                &scene(View::Projection(Projection::new(camera, kind)), &volume),
                &volume
            ) > 60
        );
    }
}

#[test]
fn cameras_of_all_kinds_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let positions = vec![0.0, 1.0, 1.5, 4.5, 5.0, 9.0, 10.0];
    let uneven = Grid::with_slice_positions([23, 19, 7], skewed(), positions).unwrap();
    let even = Grid::new([40, 31, 6], upright([0.5, 0.7, 8.0])).unwrap();
    for volume in [volume(uneven, i16_noise), volume(even, u8_noise)] {
        let far = camera(&volume, 200.0, -35.0);
        let inside = camera(&volume, 90.0, 10.0);
        for camera in [far, far.with_eye(300.0, SIZE), inside.with_eye(3.0, SIZE)] {
            let mut projection = Projection::new(camera, ProjectionKind::MAXIMUM);
            hold(&gpu, &scene(View::Projection(projection), &volume), &volume);
            projection.depth_mm = Some([-4.0, 3.0]);
            projection.kind = ProjectionKind::Mean;
            let mut jittered = scene(View::Projection(projection), &volume);
            jittered.quality.jitter = Some(3);
            jittered.quality.step_mm = Some(0.37);
            hold(&gpu, &jittered, &volume);
        }
    }
}

/// Some voxels that are not numbers.
fn gaps(noise: &mut Noise, n: usize) -> Voxels {
    let value = |noise: &mut Noise| match noise.next() % 20 {
        0 => f32::NAN,
        _ => noise.unit() as f32,
    };
    Voxels::F32((0..n).map(|_| value(noise)).collect())
}

#[test]
fn thin_volumes_and_holes_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let thin = volume(Grid::new([21, 17, 1], skewed()).unwrap(), i16_noise);
    let holed = volume(Grid::new([20, 20, 20], skewed()).unwrap(), gaps);
    for volume in [thin, holed] {
        for kind in [
            ProjectionKind::MAXIMUM,
            ProjectionKind::Minimum,
            ProjectionKind::Mean,
        ] {
            let camera = camera(&volume, 33.0, 57.0);
            hold(
                &gpu,
                &scene(View::Projection(Projection::new(camera, kind)), &volume),
                &volume,
            );
        }
    }
}

#[test]
fn what_is_cut_away_does_not_count() {
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let camera = camera(&volume, 30.0, 20.0);
    let outline = vec![[8.0, 5.0], [20.0, 6.0], [14.0, 16.0]];
    for (removes, of) in [
        (Removes::Inside, camera),
        (Removes::Outside, camera.with_eye(200.0, SIZE)),
    ] {
        let cut = Cut {
            camera: of,
            outline: outline.clone(),
            removes,
            depth_mm: Some([-5.0, 30.0]),
        };
        let center = volume.grid().center();
        let plane = ClipPlane {
            point: center,
            normal: Vector::new(0.3, 0.5, -0.2),
        };
        let mut clipped = scene(
            View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM)),
            &volume,
        );
        clipped.layers[0].clip = Clip {
            planes: vec![plane],
            cuts: vec![cut],
        };
        let whole = scene(clipped.view.clone(), &volume);
        let left = hold(&gpu, &clipped, &volume);
        assert!(left > 20 && left < hold(&gpu, &whole, &volume));
    }
}

#[test]
fn oblique_slabs_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let oblique = Orientation::Oblique(Vector::new(0.3, -0.5, 0.8));
    let plane = ImagePlane::fitted(oblique, volume.grid().center(), &[volume.grid()], SIZE).unwrap();
    for (kind, thickness_mm) in KINDS.into_iter().zip([7.0, 0.0, 3.3, 5.0, 2.0]) {
        let slab = Slab { thickness_mm, kind };
        let view = View::Projection(Projection::slab(plane, slab));
        assert!(hold(&gpu, &scene(view, &volume), &volume) > 60);
    }
}

/// The device's filter keeps the largest value to 1/128 of the range, two levels of a window over it; a volume
/// with a side that no texture may have is read by hand.
#[test]
fn filtered_and_folded_maxima_are_those_of_the_processor() {
    let fold = open(Options {
        max_volume_side: Some(20),
        ..options()
    });
    let (Some(gpu), Some(fold)) = (shared(), fold) else {
        return;
    };
    for make in [i16_noise, f32_noise] {
        let volume = volume(Grid::new([34, 9, 10], skewed()).unwrap(), make);
        let camera = camera(&volume, 30.0, 20.0);
        let projection = Projection::new(camera, ProjectionKind::MAXIMUM);
        let scene = scene(View::Projection(projection), &volume);
        let expected = CpuRenderer::new().render(&scene, &lend(&volume), SIZE).unwrap();
        for (gpu, most) in [(&gpu, 3), (&fold, 1)] {
            let mut renderer = GpuRenderer::new(gpu.clone());
            let found = renderer.render(&scene, &lend(&volume), SIZE).unwrap();
            assert_eq!(compare_images(&expected, &found, most).0, 0);
        }
        assert!(hold(&fold, &scene, &volume) > 60);
    }
}

#[test]
fn slabs_about_curves_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let place = |i, j, k| volume.grid().patient(Point::new(i, j, k));
    let points = [
        place(1.0, 2.0, 5.0),
        place(10.0, 15.0, 4.0),
        place(21.0, 4.0, 6.0),
    ];
    let side = Side::Fixed(Vector::new(0.0, 0.0, -1.0));
    let plane = CurvedPlane::along(&points, side, 1.3, SIZE.height).unwrap();
    for kind in KINDS {
        let slab = Slab {
            thickness_mm: 6.0,
            kind,
        };
        let curved = Curved {
            plane: plane.clone(),
            slab: Some(slab),
        };
        assert!(hold(&gpu, &scene(View::Curved(curved), &volume), &volume) > 60);
    }
}

/// Rays along the voxels' axes meet nothing but voxels: their largest, bit for bit.
#[test]
fn rays_along_the_axes_give_the_voxels() {
    let (Some(gpu), Some(plain)) = (shared(), plain()) else {
        return;
    };
    let rescale = Rescale {
        slope: 0.37,
        intercept: -3.0,
    };
    let grid = Grid::new([29, 23, 21], upright([1.0; 3])).unwrap();
    for make in [i16_noise, f32_noise] {
        let volume = volume(grid.clone(), make)
            .with_rescale(rescale, Unit::Unspecified)
            .unwrap();
        // From the front: columns to the right, slices up, rows into the depth.
        let camera = Camera::centered(Direction::default(), grid.center(), 1.0, SIZE).unwrap();
        let scene = scene(
            View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM)),
            &volume,
        );
        for gpu in [&gpu, &plain] {
            let mut renderer = GpuRenderer::new(gpu.clone());
            let found = renderer.values(&scene, 0, &lend(&volume), SIZE).unwrap().values;
            for (n, found) in found.iter().enumerate() {
                let (i, k) = (n % 29, 20 - n / 29);
                let column = (0..23).map(|j| volume.value([i, j, k]).unwrap());
                let expected = column.fold(f64::NEG_INFINITY, f64::max) as f32;
                assert_eq!(found.to_bits(), expected.to_bits(), "{i}, {k}");
            }
        }
    }
}

/// A PET maximum over a CT maximum, coloured and mixed.
#[test]
fn fused_projections_mix_as_values_say() {
    let Some(plain) = plain() else { return };
    let ct = volume(
        Grid::new([20, 20, 12], upright([1.0, 1.0, 2.0])).unwrap(),
        i16_noise,
    );
    let pet = volume(Grid::new([15, 16, 7], skewed()).unwrap(), f32_noise);
    let mut volumes = lend(&ct);
    volumes.insert(UPPER, pet.clone());
    let upper = Layer {
        volume: UPPER,
        color_map: ColorMap::named("hot_iron").unwrap(),
        opacity: 0.4,
        ..layer(&pet, Interpolation::Linear)
    };
    let camera = camera(&ct, 40.0, 10.0);
    let view = View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM));
    let scene = Scene::new(view, vec![layer(&ct, Interpolation::Linear), upper]);
    let mut renderer = GpuRenderer::new(plain);
    let image = renderer.render(&scene, &volumes, SIZE).unwrap();
    let values: Vec<_> = (0..2)
        .map(|n| renderer.values(&scene, n, &volumes, SIZE).unwrap().values)
        .collect();
    let mut both = 0;
    for (n, pixel) in image.rgba.chunks(4).enumerate() {
        let mut color = [0; 3];
        for (layer, values) in scene.layers.iter().zip(&values) {
            if !values[n].is_nan() {
                let upper = layer.color_map.color(layer.window.fraction(f64::from(values[n])));
                let weight = layer.weight().unwrap();
                color = [0, 1, 2].map(|channel| weight.mix(color[channel], upper[channel]));
            }
        }
        both += usize::from(values.iter().all(|values| !values[n].is_nan()));
        let off = (0..3)
            .map(|channel| pixel[channel].abs_diff(color[channel]))
            .max()
            .unwrap();
        assert!(off <= 2, "{pixel:?}, not {color:?}");
    }
    assert!(both > 60);
}

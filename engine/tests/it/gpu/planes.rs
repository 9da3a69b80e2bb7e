//! Planes, flat and curved.

use engine::colormap::WindowFunction;
use engine::geometry::Plane;
use engine::presentation::{CurvedPlane, Side};
use engine::render::{Curved, Sharpening, View};
use engine::volume::sample;

use super::*;

const SIZE: Size = Size {
    width: 59,
    height: 37,
};

/// Planes of all kinds through the middle of a grid.
fn planes(grid: &Grid) -> Vec<ImagePlane> {
    let fitted = |orientation| ImagePlane::fitted(orientation, grid.center(), &[grid], SIZE).unwrap();
    let oblique = Orientation::Oblique(Vector::new(0.3, -0.5, 0.8));
    let mut planes = vec![fitted(Orientation::Axial), fitted(oblique).moved(1.37)];
    for mm_per_pixel in [0.05, 9.0] {
        planes.push(ImagePlane::centered(oblique, grid.center(), mm_per_pixel, SIZE).unwrap());
    }
    planes
}

fn values_on(
    gpu: &Arc<Gpu>,
    volume: &Volume,
    view: View,
    size: Size,
    interpolation: Interpolation,
) -> Values {
    let scene = Scene::new(view, vec![layer(volume, interpolation)]);
    GpuRenderer::new(gpu.clone())
        .values(&scene, 0, &lend(volume), size)
        .unwrap()
}

/// Real values of the voxels that the kernel may touch; of nearest, those within 1e-4 voxel of a tie.
fn touched(volume: &Volume, at: Point<Voxel>, interpolation: Interpolation) -> Vec<f64> {
    let around: &[f64] = match interpolation {
        Interpolation::Nearest => &[-1e-4, 1e-4],
        Interpolation::Linear => &[-0.5, 0.5],
        Interpolation::Cubic => &[-1.5, -0.5, 0.5, 1.5],
    };
    let size = volume.grid().size();
    let index = |axis: usize, offset: f64| {
        let index = if interpolation == Interpolation::Nearest {
            (at[axis] + offset + 0.5).floor()
        } else {
            at[axis].floor() + offset + 0.5
        };
        index.clamp(0.0, size[axis] as f64 - 1.0) as usize
    };
    let mut values = Vec::new();
    for k in around {
        for j in around {
            let row = around.iter().map(|i| [index(0, *i), index(1, *j), index(2, *k)]);
            values.extend(row.map(|voxel| volume.value(voxel).unwrap()));
        }
    }
    values
}

fn is_near_edge(volume: &Volume, at: Point<Voxel>) -> bool {
    let size = volume.grid().size();
    (0..3).any(|axis| (at[axis] + 0.5).abs() < 1e-6 || (at[axis] - size[axis] as f64 + 0.5).abs() < 1e-6)
}

/// Holds values to the definition; gives how many were numbers.
fn hold(
    volume: &Volume,
    values: &Values,
    interpolation: Interpolation,
    patient: impl Fn(f64, f64) -> Option<Point<Patient>>,
) -> usize {
    let mut numbers = 0;
    for (n, found) in values.values.iter().enumerate() {
        let (x, y) = (n as u32 % values.width, n as u32 / values.width);
        let at = patient(f64::from(x), f64::from(y)).map(|place| volume.grid().voxel(place));
        let expected = at.and_then(|at| sample(volume, at, interpolation));
        let Some((at, expected)) = at.zip(expected) else {
            assert!(
                found.is_nan() || is_near_edge(volume, at.unwrap()),
                "{x}, {y} outside: {found}"
            );
            continue;
        };
        if is_near_edge(volume, at) {
            continue;
        }
        let touched = touched(volume, at, interpolation);
        let (low, high) = touched
            .iter()
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                (l.min(*v), h.max(*v))
            });
        let fits = if interpolation == Interpolation::Nearest {
            let same = |value: f64| (value as f32).to_bits() == found.to_bits();
            same(expected) || touched.iter().any(|v| same(*v))
        } else if expected.is_finite() {
            let bound = 1e-3 * (high - low) + 1e-6 * low.abs().max(high.abs());
            (f64::from(*found) - expected).abs() <= bound
        } else {
            // What weighs nearly nothing may be there or not.
            touched.iter().any(|v| !v.is_finite())
                && (!found.is_finite() || (low..=high).contains(&f64::from(*found)))
        };
        assert!(fits, "{interpolation:?} at {at:?}: {found}, not {expected}");
        numbers += usize::from(found.is_finite());
    }
    numbers
}

fn hold_planes(volume: &Volume) {
    let (Some(gpu), Some(plain)) = (shared(), plain()) else {
        return;
    };
    for plane in planes(volume.grid()) {
        for interpolation in ALL {
            let values = values_on(&gpu, volume, View::Plane(plane), SIZE, interpolation);
            hold(volume, &values, interpolation, |x, y| Some(plane.patient(x, y)));
        }
        // The other formats are read in one place: one interpolation tells.
        let values = values_on(&plain, volume, View::Plane(plane), SIZE, Interpolation::Linear);
        hold(volume, &values, Interpolation::Linear, |x, y| {
            Some(plane.patient(x, y))
        });
    }
    let middle = planes(volume.grid())[0];
    let values = values_on(&gpu, volume, View::Plane(middle), SIZE, Interpolation::Linear);
    let seen = hold(volume, &values, Interpolation::Linear, |x, y| {
        Some(middle.patient(x, y))
    });
    assert!(seen > 20, "the comparison saw too few pixels: {seen}");
}

#[test]
fn every_voxel_type_follows_the_definition() {
    let grid = Grid::new([23, 19, 11], skewed()).unwrap();
    hold_planes(&volume(grid.clone(), i16_noise));
    hold_planes(&volume(grid.clone(), u16_noise));
    hold_planes(&volume(grid.clone(), u8_noise));
    hold_planes(&volume(grid, f32_noise));
}

#[test]
fn uneven_anisotropic_and_thin_stacks_follow_the_definition() {
    let positions = vec![0.0, 1.0, 1.5, 4.5, 5.0, 9.0, 10.0];
    let uneven = Grid::with_slice_positions([23, 19, 7], skewed(), positions).unwrap();
    hold_planes(&volume(uneven, i16_noise));
    hold_planes(&volume(
        Grid::new([40, 31, 6], upright([0.5, 0.7, 8.0])).unwrap(),
        f32_noise,
    ));
    for size in [[21, 17, 1], [1, 17, 9]] {
        hold_planes(&volume(Grid::new(size, skewed()).unwrap(), i16_noise));
    }
}

#[test]
fn voxels_that_are_no_numbers_stay_where_they_are() {
    hold_planes(&volume(
        Grid::new([20, 20, 20], upright([1.0; 3])).unwrap(),
        holes,
    ));
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([20, 20, 20], upright([1.0; 3])).unwrap(), holes);
    // Pixels on voxel centres: a neighbour of weight 0 must not count.
    let plane = ImagePlane::centered(
        Orientation::Axial,
        volume.grid().patient(Point::new(9.5, 9.5, 10.0)),
        1.0,
        Size {
            width: 20,
            height: 20,
        },
    )
    .unwrap();
    for interpolation in ALL {
        let values = values_on(
            &gpu,
            &volume,
            View::Plane(plane),
            Size {
                width: 20,
                height: 20,
            },
            interpolation,
        );
        for (n, found) in values.values.iter().enumerate() {
            let expected = volume.value([n % 20, n / 20, 10]).unwrap() as f32;
            assert!(
                found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
                "{interpolation:?}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn one_voxel_and_one_pixel() {
    let Some(gpu) = shared() else { return };
    let one = volume(Grid::new([1, 1, 1], upright([3.0; 3])).unwrap(), f32_noise);
    let size = Size { width: 1, height: 1 };
    let plane = ImagePlane::centered(Orientation::Axial, one.grid().center(), 1.0, size).unwrap();
    for interpolation in ALL {
        let values = values_on(&gpu, &one, View::Plane(plane), size, interpolation);
        assert_eq!(values.values, [one.value([0, 0, 0]).unwrap() as f32]);
    }
}

/// The end of a row 16384 pixels long is as exact as its beginning.
#[test]
fn coordinates_do_not_drift() {
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([1200, 8, 8], skewed()).unwrap(), i16_noise);
    let along = volume.grid().row_direction() * (1200.0 * 0.93 / 16_384.0);
    let corner = volume.grid().patient(Point::new(0.0, 3.2, 3.7));
    let down = volume.grid().column_direction() * 0.1;
    let patient_from_plane: Affine<Patient, Plane> =
        Affine::from_axes([along, down, along.cross(down)], corner);
    let plane = ImagePlane { patient_from_plane };
    let size = Size {
        width: 16_384,
        height: 2,
    };
    for interpolation in ALL {
        let values = values_on(&gpu, &volume, View::Plane(plane), size, interpolation);
        let seen = hold(&volume, &values, interpolation, |x, y| Some(plane.patient(x, y)));
        assert!(seen > 32_000);
    }
}

/// Numbers that are absurd but usable give what the processor gives.
#[test]
fn huge_numbers_give_a_picture() {
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([9, 9, 9], skewed()).unwrap(), i16_noise);
    for scale in [1e-12, 1e-6, 1e6, 1e12] {
        for away in [0.0, 1e6, -1e12] {
            let mut plane = planes(volume.grid())[1];
            plane.patient_from_plane.linear *= scale;
            plane.patient_from_plane.origin.x += away;
            let values = values_on(&gpu, &volume, View::Plane(plane), SIZE, Interpolation::Linear);
            hold(&volume, &values, Interpolation::Linear, |x, y| {
                Some(plane.patient(x, y))
            });
        }
    }
}

#[test]
fn curved_planes_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let positions = vec![0.0, 1.0, 1.5, 4.5, 5.0, 9.0, 10.0];
    let uneven = Grid::with_slice_positions([23, 19, 7], skewed(), positions).unwrap();
    let volume = volume(uneven, i16_noise);
    let place = |i, j, k| volume.grid().patient(Point::new(i, j, k));
    let points = [
        place(1.0, 2.0, 3.0),
        place(10.0, 15.0, 2.0),
        place(21.0, 4.0, 4.0),
    ];
    let side = Side::Straightened(Vector::new(0.0, 0.0, -1.0));
    let plane = CurvedPlane::along(&points, side, 0.5, SIZE.height).unwrap();
    assert!(plane.columns().len() > 40 && plane.columns().len() < 120);
    let size = Size { width: 120, ..SIZE };
    for interpolation in ALL {
        let curved = View::Curved(Curved {
            plane: plane.clone(),
            slab: None,
        });
        let values = values_on(&gpu, &volume, curved, size, interpolation);
        let seen = hold(&volume, &values, interpolation, |x, y| {
            plane.patient(x as usize, y)
        });
        assert!(seen > 300, "{seen}");
    }
}

/// A CT and a PET of another grid over it, registered by a shift, thrice.
fn stack() -> (Volumes, Vec<Layer>, Grid) {
    let ct = volume(
        Grid::new([40, 40, 12], upright([1.0, 1.0, 2.0])).unwrap(),
        i16_noise,
    );
    let pet = volume(Grid::new([25, 30, 7], skewed()).unwrap(), f32_noise);
    let mut volumes = lend(&ct);
    let base = layer(&ct, Interpolation::Linear);
    let mut shift = Affine::identity();
    shift.origin.x = 2.0;
    let mut layers = vec![base];
    for (n, palette) in ["hot_iron", "pet", "viridis", "gray", "plasma"]
        .into_iter()
        .enumerate()
    {
        layers.push(Layer {
            volume: UPPER,
            color_map: ColorMap::named(palette).unwrap(),
            opacity: 0.2 + 0.1 * n as f64,
            scene_from_volume: shift,
            ..layer(&pet, ALL[n % 3])
        });
    }
    volumes.insert(UPPER, pet);
    (volumes, layers, ct.grid().clone())
}

/// As many layers as there are: the device takes four at a time.
#[test]
fn layers_mix_as_on_the_processor() {
    let (Some(gpu), Some(plain)) = (shared(), plain()) else {
        return;
    };
    let (volumes, layers, grid) = stack();
    let oblique = Orientation::Oblique(Vector::new(0.2, 0.3, 0.9));
    let plane = ImagePlane::fitted(oblique, grid.center(), &[&grid], SIZE).unwrap();
    for count in 0..=layers.len() {
        let mut scene = Scene::of_plane(plane, layers[..count].to_vec());
        scene.background = [10, 20, 30];
        let expected = CpuRenderer::new().render(&scene, &volumes, SIZE).unwrap();
        let by_hand = GpuRenderer::new(plain.clone())
            .render(&scene, &volumes, SIZE)
            .unwrap();
        let (beyond, _) = compare_images(&expected, &by_hand, 1);
        // A value between two entries may fall to either side; the pet map's neighbours are far apart.
        assert!(beyond <= 10, "{count} layers: {beyond} pixels");
        let filtered = GpuRenderer::new(gpu.clone())
            .render(&scene, &volumes, SIZE)
            .unwrap();
        let (beyond, square) = compare_images(&expected, &filtered, 8);
        assert!(
            beyond <= 50 && square < 4.0,
            "{count} layers: {beyond} pixels, {square}"
        );
    }
}

/// The device's filter keeps to 1/128 of the range of the touched voxels.
#[test]
fn filtered_pictures_keep_their_bound() {
    let Some(gpu) = shared() else { return };
    for make in [i16_noise, f32_noise] {
        let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), make);
        for plane in planes(volume.grid()) {
            let scene = Scene::of_plane(plane, vec![layer(&volume, Interpolation::Linear)]);
            let image = GpuRenderer::new(gpu.clone())
                .render(&scene, &lend(&volume), SIZE)
                .unwrap();
            let window = scene.layers[0].window;
            for (n, pixel) in image.rgba.chunks(4).enumerate() {
                let (x, y) = (n as u32 % SIZE.width, n as u32 / SIZE.width);
                let at = volume.grid().voxel(plane.patient(f64::from(x), f64::from(y)));
                let Some(expected) =
                    sample(&volume, at, Interpolation::Linear).filter(|_| !is_near_edge(&volume, at))
                else {
                    continue;
                };
                let touched = touched(&volume, at, Interpolation::Linear);
                let range = touched.iter().copied().fold(f64::NEG_INFINITY, f64::max)
                    - touched.iter().copied().fold(f64::INFINITY, f64::min);
                let levels = 255.0 * range / 128.0 / window.width + 0.51;
                let off = (f64::from(pixel[0]) - 255.0 * window.fraction(expected)).abs();
                assert!(off <= levels, "{off} levels of {levels} at {at:?}");
            }
        }
    }
}

#[test]
fn windows_and_colours_are_those_of_the_processor() {
    let Some(plain) = plain() else { return };
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let plane = planes(volume.grid())[1];
    let small = ColorMap::new([[0, 0, 255], [0, 255, 0], [255, 0, 0]]).unwrap();
    let large = ColorMap::new((0..4096).map(|n| [(n / 16) as u8; 3]).collect::<Vec<_>>()).unwrap();
    let step = |function| Window {
        center: 500.0,
        width: 0.0,
        function,
    };
    for color_map in [ColorMap::gray(), small, large] {
        for window in [
            Window::linear(40.0, 400.0),
            Window::between(-1000.0, 3000.0),
            Window::linear(100.0, 1.0),
            Window::sigmoid(500.0, 700.0),
            step(WindowFunction::Linear),
            step(WindowFunction::LinearExact),
            step(WindowFunction::Sigmoid),
            Window::between(-1e9, 1.4e9),
            Window::between(0.0, 1e300),
            Window::linear(1e300, 1.0),
            Window::sigmoid(0.0, 1e-300),
        ] {
            let scene = Scene::of_plane(
                plane,
                vec![Layer {
                    window,
                    color_map: color_map.clone(),
                    ..layer(&volume, Interpolation::Nearest)
                }],
            );
            let expected = CpuRenderer::new().render(&scene, &lend(&volume), SIZE).unwrap();
            let found = GpuRenderer::new(plain.clone())
                .render(&scene, &lend(&volume), SIZE)
                .unwrap();
            let (beyond, _) = compare_images(&expected, &found, 0);
            assert!(beyond <= 3, "{window:?}: {beyond} pixels");
        }
    }
}

/// Held to the definition of [`Sharpening`], on the values of the plane.
#[test]
fn sharpening_follows_its_definition() {
    let Some(plain) = plain() else { return };
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let plane = planes(volume.grid())[1];
    let sharpening = Sharpening {
        amount: 0.7,
        radius_pixels: 2,
    };
    let mut scene = Scene::of_plane(plane, vec![layer(&volume, Interpolation::Linear)]);
    scene.layers[0].window = Window::between(-3000.0, 6000.0);
    let values = CpuRenderer::new()
        .values(&scene, 0, &lend(&volume), SIZE)
        .unwrap()
        .values;
    scene.sharpening = Some(sharpening);
    let image = GpuRenderer::new(plain)
        .render(&scene, &lend(&volume), SIZE)
        .unwrap();
    let value = |x: i64, y: i64| {
        let inside = (0..i64::from(SIZE.width)).contains(&x) && (0..i64::from(SIZE.height)).contains(&y);
        inside
            .then(|| f64::from(values[(y * i64::from(SIZE.width) + x) as usize]))
            .filter(|v| !v.is_nan())
    };
    let mut seen = 0;
    for (n, pixel) in image.rgba.chunks(4).enumerate() {
        let (x, y) = ((n as u32 % SIZE.width).into(), (n as u32 / SIZE.width).into());
        let Some(center) = value(x, y) else {
            assert_eq!(pixel, [0, 0, 0, 255]);
            continue;
        };
        let (mut sum, mut weights) = (0.0, 0.0);
        for tap in 0..25 {
            let weight = [1.0, 4.0, 6.0, 4.0, 1.0][tap % 5] * [1.0, 4.0, 6.0, 4.0, 1.0][tap / 5];
            if let Some(value) = value(x + (tap as i64 % 5 - 2) * 2, y + (tap as i64 / 5 - 2) * 2) {
                sum += weight * value;
                weights += weight;
            }
        }
        let expected = center + 0.7 * (center - sum / weights);
        let level = 255.0 * scene.layers[0].window.fraction(expected);
        assert!(
            (f64::from(pixel[0]) - level).abs() <= 0.6,
            "{} and {level}",
            pixel[0]
        );
        seen += 1;
    }
    assert!(seen > 300);
}

//! The processor's planes against the plain definition: `volume::sample` at every pixel.

use engine::colormap::{ColorMap, Window, WindowFunction};
use engine::fusion::Weight;
use engine::geometry::{Affine, Grid, Patient, Plane, Point, Vector, Voxel};
use engine::presentation::{ImagePlane, Orientation, Size};
use engine::render::{CpuRenderer, Error, Layer, Renderer, Scene, Values, View, VolumeId, Volumes};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels, sample};

const ALL: [Interpolation; 3] = [
    Interpolation::Nearest,
    Interpolation::Linear,
    Interpolation::Cubic,
];
const ID: VolumeId = VolumeId(1);
const UPPER: VolumeId = VolumeId(2);

/// Numbers without pattern, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn unit(&mut self) -> f64 {
        f64::from(self.next()) / f64::from(u32::MAX >> 1)
    }
}

fn upright(spacing: [f64; 3]) -> Affine<Patient, Voxel> {
    let [x, y, z] = spacing;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Affine::from_axes(axes, Point::new(-20.0, -15.0, 7.0))
}

/// Turned, sheared, with unequal spacing.
fn skewed() -> Affine<Patient, Voxel> {
    let axes = [
        Vector::new(0.9, 0.2, -0.1),
        Vector::new(-0.15, 1.1, 0.3),
        Vector::new(0.4, 0.1, 2.3),
    ];
    Affine::from_axes(axes, Point::new(-12.0, -18.0, 5.0))
}

fn volume(grid: Grid, make: impl Fn(&mut Noise, usize) -> Voxels) -> Volume {
    let voxels = make(&mut Noise(7), grid.voxels());
    let rescale = Rescale {
        slope: 1.5,
        intercept: -300.0,
    };
    Volume::new(grid, voxels, rescale, Unit::Hounsfield).unwrap()
}

fn i16_noise(noise: &mut Noise, n: usize) -> Voxels {
    Voxels::I16((0..n).map(|_| (noise.next() % 4096) as i16 - 1024).collect())
}

fn u16_noise(noise: &mut Noise, n: usize) -> Voxels {
    Voxels::U16((0..n).map(|_| noise.next() as u16).collect())
}

fn u8_noise(noise: &mut Noise, n: usize) -> Voxels {
    Voxels::U8((0..n).map(|_| noise.next() as u8).collect())
}

fn f32_noise(noise: &mut Noise, n: usize) -> Voxels {
    Voxels::F32((0..n).map(|_| (noise.unit() * 20.0) as f32).collect())
}

fn layer(interpolation: Interpolation) -> Layer {
    Layer {
        volume: ID,
        window: Window::linear(40.0, 400.0),
        color_map: ColorMap::gray(),
        interpolation,
        opacity: 1.0,
        scene_from_volume: Affine::identity(),
    }
}

fn lend(volume: &Volume) -> Volumes {
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume.clone());
    volumes
}

fn values_of(volume: &Volume, plane: ImagePlane, size: Size, interpolation: Interpolation) -> Values {
    let scene = Scene::of_plane(plane, vec![layer(interpolation)]);
    CpuRenderer::new().values(&scene, 0, &lend(volume), size).unwrap()
}

/// Planes of all kinds through the middle of a grid.
fn planes(grid: &Grid, size: Size) -> Vec<ImagePlane> {
    let orientations = [
        Orientation::Axial,
        Orientation::Coronal,
        Orientation::Sagittal,
        Orientation::Oblique(Vector::new(0.3, -0.5, 0.8)),
        Orientation::Oblique(Vector::new(-0.7, 0.6, 0.1)),
    ];
    let fitted = |orientation| ImagePlane::fitted(orientation, grid.center(), &[grid], size).unwrap();
    let mut planes: Vec<ImagePlane> = orientations.into_iter().map(fitted).collect();
    // Off the centres, magnified, and shrunk so that a step passes many voxels.
    planes.extend(planes.clone().iter().map(|plane| plane.moved(1.37)));
    for mm_per_pixel in [0.05, 9.0] {
        let oblique = Orientation::Oblique(Vector::new(0.4, 0.5, -0.6));
        planes.push(ImagePlane::centered(oblique, grid.center(), mm_per_pixel, size).unwrap());
    }
    planes
}

/// Compares every pixel with the definition; gives how many were inside.
fn compare(volume: &Volume, plane: &ImagePlane, size: Size, interpolation: Interpolation) -> usize {
    let values = values_of(volume, *plane, size, interpolation);
    let mut inside = 0;
    for (n, found) in values.values.iter().enumerate() {
        let (x, y) = (n as u32 % size.width, n as u32 / size.width);
        let at = volume.grid().voxel(plane.patient(f64::from(x), f64::from(y)));
        let Some(expected) = sample(volume, at, interpolation).filter(|value| !value.is_nan()) else {
            let near_edge =
                is_near_edge(volume, at) || touched(volume, at, interpolation).iter().any(|v| v.is_nan());
            assert!(
                found.is_nan() || near_edge,
                "pixel {x}, {y} at {at:?} outside, found {found}"
            );
            continue;
        };
        if found.is_nan() && is_near_edge(volume, at) {
            continue;
        }
        inside += 1;
        check(volume, at, interpolation, expected, f64::from(*found));
    }
    inside
}

/// The stated bounds: a thousandth of the range of the touched voxels and the rounding of f32; nearest
/// exact but at ties.
fn check(volume: &Volume, at: Point<Voxel>, interpolation: Interpolation, expected: f64, found: f64) {
    let touched = touched(volume, at, interpolation);
    if interpolation == Interpolation::Nearest {
        let exact = (expected as f32) == found as f32;
        let tie = touched.iter().any(|v| (*v as f32) == found as f32);
        assert!(exact || tie, "{at:?}: {found}, not {expected}");
        return;
    }
    let numbers = || touched.iter().filter(|v| v.is_finite());
    let (low, high) = numbers().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(*v), h.max(*v))
    });
    let bound = 1e-3 * (high - low) + 1e-6 * low.abs().max(high.abs());
    assert!(
        (found - expected).abs() <= bound,
        "{interpolation:?} {at:?}: {found}, not {expected} ± {bound}"
    );
}

/// Values of the voxels that the kernel may touch; of nearest, those within 1e-4 voxel of a tie.
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
            values.extend(
                around
                    .iter()
                    .map(|i| volume.value([index(0, *i), index(1, *j), index(2, *k)]).unwrap()),
            );
        }
    }
    values
}

fn is_near_edge(volume: &Volume, at: Point<Voxel>) -> bool {
    let size = volume.grid().size();
    (0..3).any(|axis| (at[axis] + 0.5).abs() < 1e-6 || (at[axis] - size[axis] as f64 + 0.5).abs() < 1e-6)
}

/// Compares all interpolations on all planes.
fn compare_all(volume: &Volume) {
    // Wider than one span and more than one band, neither a multiple.
    let size = Size {
        width: 151,
        height: 77,
    };
    for plane in planes(volume.grid(), size) {
        for interpolation in ALL {
            compare(volume, &plane, size, interpolation);
        }
    }
    let middle = planes(volume.grid(), size)[0];
    assert!(
        compare(volume, &middle, size, Interpolation::Linear) > 1000,
        "the comparison saw too few pixels"
    );
}

#[test]
fn every_voxel_type_follows_the_definition() {
    let grid = Grid::new([23, 19, 11], skewed()).unwrap();
    compare_all(&volume(grid.clone(), i16_noise));
    compare_all(&volume(grid.clone(), u16_noise));
    compare_all(&volume(grid.clone(), u8_noise));
    compare_all(&volume(grid, f32_noise));
}

#[test]
fn uneven_and_anisotropic_stacks_follow_the_definition() {
    let positions = vec![0.0, 1.0, 1.5, 4.5, 5.0, 9.0, 10.0];
    compare_all(&volume(
        Grid::with_slice_positions([23, 19, 7], skewed(), positions).unwrap(),
        i16_noise,
    ));
    compare_all(&volume(
        Grid::new([40, 31, 6], upright([0.5, 0.7, 8.0])).unwrap(),
        f32_noise,
    ));
}

#[test]
fn thin_volumes_follow_the_definition() {
    for size in [
        [21, 17, 1],
        [21, 1, 9],
        [1, 17, 9],
        [2, 17, 9],
        [3, 3, 3],
        [4, 2, 2],
    ] {
        let volume = volume(Grid::new(size, skewed()).unwrap(), i16_noise);
        let image = Size {
            width: 70,
            height: 40,
        };
        for plane in planes(volume.grid(), image) {
            for interpolation in ALL {
                compare(&volume, &plane, image, interpolation);
            }
        }
    }
    let one = volume(Grid::new([1, 1, 1], upright([3.0; 3])).unwrap(), f32_noise);
    let image = Size { width: 1, height: 1 };
    let plane = ImagePlane::centered(Orientation::Axial, one.grid().center(), 1.0, image).unwrap();
    for interpolation in ALL {
        assert_eq!(compare(&one, &plane, image, interpolation), 1);
    }
}

/// The end of a row 16384 pixels long is as exact as its beginning.
#[test]
fn coordinates_do_not_drift() {
    let volume = volume(Grid::new([1200, 8, 8], skewed()).unwrap(), i16_noise);
    let along = volume.grid().row_direction() * (1200.0 * 0.93 / 16_384.0);
    let corner = volume.grid().patient(Point::new(0.0, 3.2, 3.7));
    let down = volume.grid().column_direction() * 0.1;
    let plane = ImagePlane {
        patient_from_plane: Affine::from_axes([along, down, along.cross(down)], corner),
    };
    let size = Size {
        width: 16_384,
        height: 2,
    };
    for interpolation in ALL {
        assert!(compare(&volume, &plane, size, interpolation) > 32_000);
    }
}

#[test]
fn nearest_at_voxel_centres_is_exact() {
    let volume = volume(Grid::new([64, 48, 5], upright([1.0; 3])).unwrap(), i16_noise);
    let size = Size {
        width: 64,
        height: 48,
    };
    let place = volume.grid().patient(Point::new(31.5, 23.5, 2.0));
    let plane = ImagePlane::centered(Orientation::Axial, place, 1.0, size).unwrap();
    for interpolation in ALL {
        let values = values_of(&volume, plane, size, interpolation);
        for (n, value) in values.values.iter().enumerate() {
            let expected = volume.value([n % 64, n / 64, 2]).unwrap();
            assert_eq!(f64::from(*value), expected, "{interpolation:?} at {n}");
        }
    }
}

#[test]
fn a_plane_outside_shows_the_background() {
    let volume = volume(Grid::new([9, 9, 9], upright([1.0; 3])).unwrap(), i16_noise);
    let size = Size {
        width: 40,
        height: 30,
    };
    let away = Point::new(1000.0, 0.0, 0.0);
    let plane = ImagePlane::centered(Orientation::Sagittal, away, 1.0, size).unwrap();
    let mut scene = Scene::of_plane(plane, vec![layer(Interpolation::Linear)]);
    scene.background = [1, 2, 3];
    let image = CpuRenderer::new().render(&scene, &lend(&volume), size).unwrap();
    assert!(image.rgba.chunks(4).all(|pixel| pixel == [1, 2, 3, 255]));
    assert!(
        values_of(&volume, plane, size, Interpolation::Cubic)
            .values
            .iter()
            .all(|v| v.is_nan())
    );
}

/// Voxels that are no numbers show as background and reach no farther than interpolation does.
#[test]
fn voxels_that_are_no_numbers_stay_where_they_are() {
    let holes = |noise: &mut Noise, n: usize| {
        let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let value = |noise: &mut Noise| match noise.next() % 40 {
            hole @ 0..=2 => special[hole as usize],
            _ => noise.unit() as f32,
        };
        Voxels::F32((0..n).map(|_| value(noise)).collect())
    };
    let volume = volume(Grid::new([20, 20, 20], upright([1.0; 3])).unwrap(), holes);
    let size = Size {
        width: 40,
        height: 40,
    };
    // Half-way planes have pixels on voxel centres and between them.
    let place = volume.grid().patient(Point::new(9.5, 9.5, 10.0));
    for mm_per_pixel in [1.0, 0.5] {
        let plane = ImagePlane::centered(Orientation::Axial, place, mm_per_pixel, size).unwrap();
        for interpolation in ALL {
            let values = values_of(&volume, plane, size, interpolation);
            for (n, found) in values.values.iter().enumerate() {
                let at = volume
                    .grid()
                    .voxel(plane.patient((n % 40) as f64, (n / 40) as f64));
                let expected = sample(&volume, at, interpolation).map_or(f32::NAN, |value| value as f32);
                let close = (found - expected).abs() <= 1e-3 * expected.abs().max(1.0);
                assert!(
                    close || !(found.is_finite() || expected.is_finite()),
                    "{found}, not {expected}"
                );
            }
        }
    }
    let only = Scene::of_plane(planes(volume.grid(), size)[0], vec![layer(Interpolation::Linear)]);
    let values = CpuRenderer::new().values(&only, 0, &lend(&volume), size).unwrap();
    let image = CpuRenderer::new().render(&only, &lend(&volume), size).unwrap();
    assert!(values.values.iter().any(|v| v.is_nan()) && values.values.iter().any(|v| !v.is_nan()));
    for (value, pixel) in values.values.iter().zip(image.rgba.chunks(4)) {
        assert!(!value.is_nan() || pixel == [0, 0, 0, 255]);
    }
}

/// The colour that the definition gives, or its neighbours where the value lies between two.
fn shades(window: Window, color_map: &ColorMap, value: f32) -> [[u8; 3]; 3] {
    let entry = 1.0 / (color_map.colors().len() - 1) as f64;
    // A sigmoid's table has steps of up to an eighth of an entry to either side.
    let off = if window.function == WindowFunction::Sigmoid {
        0.13
    } else {
        0.02
    };
    [-off, 0.0, off].map(|off| color_map.color(window.fraction(f64::from(value)) + off * entry))
}

#[test]
fn windows_and_colours_follow_the_definition() {
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let size = Size {
        width: 90,
        height: 70,
    };
    let plane = planes(volume.grid(), size)[3];
    let small = ColorMap::new([[0, 0, 255], [0, 255, 0], [255, 0, 0]]).unwrap();
    for color_map in [
        ColorMap::gray(),
        ColorMap::gray_inverted(),
        ColorMap::named("pet").unwrap(),
        small,
    ] {
        for window in [
            Window::linear(40.0, 400.0),
            Window::between(-1000.0, 3000.0),
            Window::linear(100.0, 1.0),
            Window::between(250.0, 250.0),
            Window::linear(40.0, 0.0),
            Window::sigmoid(500.0, 700.0),
            Window::sigmoid(500.0, 0.0),
            Window::between(-1e9, 1e9),
        ] {
            let layer = Layer {
                window,
                color_map: color_map.clone(),
                ..layer(Interpolation::Linear)
            };
            let scene = Scene::of_plane(plane, vec![layer]);
            let image = CpuRenderer::new().render(&scene, &lend(&volume), size).unwrap();
            let values = CpuRenderer::new()
                .values(&scene, 0, &lend(&volume), size)
                .unwrap();
            for (value, pixel) in values.values.iter().zip(image.rgba.chunks(4)) {
                let expected = shades(window, &color_map, *value);
                let fits = expected.iter().any(|color| color == &pixel[..3]);
                assert!(
                    pixel[3] == 255 && (value.is_nan() || fits),
                    "{window:?}: {pixel:?} for {value}, not {expected:?}"
                );
            }
        }
    }
}

/// A PET of another grid over a CT, registered by a known shift.
fn pair() -> (Volumes, [Layer; 2], Grid) {
    let ct = volume(
        Grid::new([40, 40, 12], upright([1.0, 1.0, 2.0])).unwrap(),
        i16_noise,
    );
    let pet = volume(Grid::new([25, 30, 7], skewed()).unwrap(), f32_noise);
    let mut volumes = lend(&ct);
    let grid = ct.grid().clone();
    volumes.insert(UPPER, pet);
    let mut shift = Affine::identity();
    shift.origin.x = 2.0;
    let upper = Layer {
        volume: UPPER,
        window: Window::between(-300.0, -270.0),
        color_map: ColorMap::named("hot_iron").unwrap(),
        scene_from_volume: shift,
        ..layer(Interpolation::Linear)
    };
    (volumes, [layer(Interpolation::Linear), upper], grid)
}

#[test]
fn fused_layers_mix_as_stated_at_every_ratio() {
    let (volumes, [lower, upper], grid) = pair();
    let size = Size {
        width: 120,
        height: 90,
    };
    let plane = ImagePlane::fitted(
        Orientation::Oblique(Vector::new(0.2, 0.3, 0.9)),
        grid.center(),
        &[&grid],
        size,
    );
    let plane = plane.unwrap();
    let draw = |layers: Vec<Layer>| {
        CpuRenderer::new()
            .render(&Scene::of_plane(plane, layers), &volumes, size)
            .unwrap()
    };
    let (ct, pet) = (draw(vec![lower.clone()]), draw(vec![upper.clone()]));
    let only = Scene::of_plane(plane, vec![upper.clone()]);
    let uptake = CpuRenderer::new().values(&only, 0, &volumes, size).unwrap();
    assert!(uptake.values.iter().any(|v| v.is_nan()) && uptake.values.iter().any(|v| !v.is_nan()));
    for percent in 0..=100 {
        let ratio = f64::from(percent) / 100.0;
        let weight = Weight::from_ratio(ratio).unwrap();
        let fused = draw(vec![
            lower.clone(),
            Layer {
                opacity: ratio,
                ..upper.clone()
            },
        ]);
        for (n, value) in uptake.values.iter().enumerate() {
            for channel in 0..4 {
                let (below, above) = (ct.rgba[n * 4 + channel], pet.rgba[n * 4 + channel]);
                let expected = if value.is_nan() {
                    below
                } else {
                    weight.mix(below, above)
                };
                assert_eq!(fused.rgba[n * 4 + channel], expected, "ratio {ratio}, pixel {n}");
            }
        }
        match percent {
            0 => assert_eq!(fused, ct),
            100 => assert!(fused.rgba != ct.rgba),
            _ => {}
        }
    }
}

#[test]
fn a_registration_moves_its_layer() {
    let (volumes, [_, upper], grid) = pair();
    let size = Size {
        width: 60,
        height: 50,
    };
    let plane = ImagePlane::fitted(Orientation::Axial, grid.center(), &[&grid], size).unwrap();
    let moved = CpuRenderer::new()
        .values(&Scene::of_plane(plane, vec![upper.clone()]), 0, &volumes, size)
        .unwrap();
    let mut back = plane;
    back.patient_from_plane.origin.x -= 2.0;
    let unmoved = Layer {
        scene_from_volume: Affine::identity(),
        ..upper
    };
    let expected = CpuRenderer::new()
        .values(&Scene::of_plane(back, vec![unmoved]), 0, &volumes, size)
        .unwrap();
    for (a, b) in moved.values.iter().zip(&expected.values) {
        assert!((a - b).abs() < 1e-3 || (a.is_nan() && b.is_nan()), "{a} and {b}");
    }
}

#[test]
fn nonsense_gives_one_clear_error() {
    let size = Size { width: 8, height: 8 };
    let volume = volume(Grid::new([9, 9, 9], upright([1.0; 3])).unwrap(), i16_noise);
    let good = planes(volume.grid(), size)[0];
    let attempt = |plane: ImagePlane, change: &dyn Fn(&mut Layer), size: Size| {
        let mut layer = layer(Interpolation::Linear);
        change(&mut layer);
        CpuRenderer::new().render(&Scene::of_plane(plane, vec![layer]), &lend(&volume), size)
    };
    let unchanged = |_: &mut Layer| {};
    for (width, height) in [(0, 5), (5, 0), (16_385, 1), (u32::MAX, u32::MAX)] {
        let size = Size { width, height };
        assert_eq!(attempt(good, &unchanged, size), Err(Error::Size(size)));
    }
    assert_eq!(
        attempt(good, &|l| l.volume = VolumeId(9), size),
        Err(Error::UnknownVolume(VolumeId(9)))
    );
    for opacity in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(
            attempt(good, &|l| l.opacity = opacity, size),
            Err(Error::Opacity(_))
        ));
    }
    for (center, width) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (0.0, -1.0)] {
        assert!(matches!(
            attempt(good, &|l| l.window = Window::linear(center, width), size),
            Err(Error::Window { .. })
        ));
    }
    assert!(matches!(
        attempt(good, &|l| l.scene_from_volume.linear *= 0.0, size),
        Err(Error::Singular("a layer's registration"))
    ));
    for factor in [0.0, f64::NAN, f64::INFINITY, 1e200] {
        let mut bad = good;
        bad.patient_from_plane.linear *= factor;
        assert!(
            matches!(
                attempt(bad, &unchanged, size),
                Err(Error::Singular("a view's plane"))
            ),
            "{factor}"
        );
    }
    for place in [f64::NAN, 1e300] {
        let mut bad = good;
        bad.patient_from_plane.origin.y = place;
        assert!(attempt(bad, &unchanged, size).is_err(), "{place}");
    }
    let scene = Scene::of_plane(good, vec![]);
    let found = CpuRenderer::new().values(&scene, 0, &lend(&volume), size);
    assert_eq!(found, Err(Error::NoLayer { layers: 0, found: 0 }));
}

/// Numbers that are absurd but usable give a picture.
#[test]
fn huge_numbers_give_a_picture() {
    let volume = volume(Grid::new([9, 9, 9], skewed()).unwrap(), i16_noise);
    let size = Size { width: 70, height: 3 };
    for scale in [1e-12, 1e-6, 1e6, 1e12] {
        for away in [0.0, 1e6, -1e12] {
            for interpolation in ALL {
                let mut plane = planes(volume.grid(), size)[3];
                plane.patient_from_plane.linear *= scale;
                plane.patient_from_plane.origin.x += away;
                compare(&volume, &plane, size, interpolation);
            }
        }
    }
    for window in [
        Window::between(0.0, 1e300),
        Window::linear(1e300, 1.0),
        Window::sigmoid(0.0, 1e-300),
    ] {
        let scene = Scene::of_plane(
            planes(volume.grid(), size)[0],
            vec![Layer {
                window,
                ..layer(Interpolation::Cubic)
            }],
        );
        assert!(CpuRenderer::new().render(&scene, &lend(&volume), size).is_ok());
    }
}

/// Small bright cubes at six places of the body: which is where in the picture.
#[test]
fn left_is_left() {
    let grid = Grid::new([41, 41, 41], upright([2.0, 2.0, 2.0])).unwrap();
    let center = grid.center();
    let marks = [
        ('L', Vector::<Patient>::new(30.0, 0.0, 0.0)),
        ('R', Vector::new(-30.0, 0.0, 0.0)),
        ('P', Vector::new(0.0, 30.0, 0.0)),
        ('A', Vector::new(0.0, -30.0, 0.0)),
        ('H', Vector::new(0.0, 0.0, 30.0)),
        ('F', Vector::new(0.0, 0.0, -30.0)),
    ];
    let size = Size {
        width: 101,
        height: 101,
    };
    for orientation in [Orientation::Axial, Orientation::Coronal, Orientation::Sagittal] {
        let plane = ImagePlane::centered(orientation, center, 1.0, size).unwrap();
        let letters = plane.letters();
        for (letter, offset) in marks {
            let mark = center + offset;
            let volume = volume(grid.clone(), |_, n| {
                let near = |index: usize| {
                    let voxel = [index % 41, index / 41 % 41, index / 1681].map(|n| n as f64);
                    grid.patient(voxel.into()).distance(mark) < 5.0
                };
                Voxels::U8((0..n).map(|index| if near(index) { 200 } else { 0 }).collect())
            });
            let (x, y) = brightest(&values_of(&volume, plane, size, Interpolation::Linear));
            let side = match ((x - 50.0).round() as i32, (y - 50.0).round() as i32) {
                (-30, 0) => &letters.left,
                (30, 0) => &letters.right,
                (0, -30) => &letters.top,
                (0, 30) => &letters.bottom,
                _ => continue,
            };
            assert_eq!(*side, letter.to_string(), "{orientation:?}");
        }
        let shown = [&letters.left, &letters.right, &letters.top, &letters.bottom];
        let expected = match orientation {
            Orientation::Axial => ["R", "L", "A", "P"],
            Orientation::Coronal => ["R", "L", "H", "F"],
            _ => ["A", "P", "H", "F"],
        };
        assert_eq!(
            shown,
            expected.map(|letter| letter).each_ref().map(|letter| letter)
        );
    }
}

/// Centre of mass of what is above the background of -300.
fn brightest(values: &Values) -> (f64, f64) {
    let mut sums = [0.0f64; 3];
    for (n, value) in values
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
    {
        let weight = f64::from(*value) + 300.0;
        let place = [
            (n as u32 % values.width) as f64,
            (n as u32 / values.width) as f64,
            1.0,
        ];
        sums.iter_mut()
            .zip(place)
            .for_each(|(sum, place)| *sum += weight * place);
    }
    (sums[0] / sums[2], sums[1] / sums[2])
}

/// Fiducials of a turned and tilted stack appear where they are, to a quarter of a voxel.
#[test]
fn fiducials_are_in_place() {
    let even = Grid::new([80, 70, 40], skewed()).unwrap();
    let positions = (0..40)
        .map(|k| f64::from(k) + 0.3 * (f64::from(k) * 0.7).sin())
        .collect();
    let uneven = Grid::with_slice_positions([80, 70, 40], skewed(), positions).unwrap();
    let size = Size {
        width: 200,
        height: 180,
    };
    for grid in [even, uneven] {
        for voxel in [[20.3, 30.8, 14.2], [55.5, 22.1, 25.6], [40.0, 50.25, 20.0]] {
            let truth = grid.patient(voxel.into());
            // A soft ball of 4 mm, evaluated in patient space.
            let ball = |index: usize| {
                let at = [index % 80, index / 80 % 70, index / 5600].map(|n| n as f64);
                let distance_mm = grid.patient(at.into()).distance(truth);
                (2000.0 * (-(distance_mm / 4.0).powi(2)).exp()) as i16
            };
            let volume = volume(grid.clone(), |_, n| Voxels::I16((0..n).map(ball).collect()));
            for orientation in [
                Orientation::Axial,
                Orientation::Coronal,
                Orientation::Oblique(Vector::new(0.5, 0.6, 0.6)),
            ] {
                for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
                    let plane =
                        ImagePlane::centered(orientation, truth + Vector::new(6.0, -4.0, 3.0), 0.5, size)
                            .unwrap();
                    let away = (truth - plane.patient(0.0, 0.0))
                        .dot(plane.patient_from_plane.axis(2).normalized().unwrap());
                    let plane = plane.moved(away);
                    let (x, y) = brightest(&values_of(&volume, plane, size, interpolation));
                    let off = grid.voxel(plane.patient(x, y)) - grid.voxel(truth);
                    assert!(
                        off.norm() < 0.25,
                        "{orientation:?} {interpolation:?}: off by {off:?}"
                    );
                }
            }
        }
    }
}

/// A plane whose transform comes from elsewhere: mirrored, with pixels that are not square.
#[test]
fn any_regular_plane_is_drawn() {
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), u16_noise);
    let axes: [Vector<Patient>; 3] = [
        Vector::new(-0.2, 0.1, 0.0),
        Vector::new(0.05, 0.3, 0.1),
        Vector::new(0.0, 0.0, 1.0),
    ];
    let patient_from_plane: Affine<Patient, Plane> = Affine::from_axes(axes, volume.grid().center());
    let size = Size {
        width: 100,
        height: 40,
    };
    let view = View::Plane(ImagePlane { patient_from_plane });
    assert!(
        matches!(&view, View::Plane(plane) if compare(&volume, plane, size, Interpolation::Linear) > 100)
    );
}

//! The processor's planes against the plain definition: `volume::sample` at every pixel.

use engine::colormap::{ColorMap, Window};
use engine::geometry::{Affine, Grid, Patient, Plane, Point, Vector, Voxel};
use engine::presentation::{ImagePlane, Orientation, Size};
use engine::render::{
    Clip, CpuRenderer, DrawnAs, Layer, Renderer, Scene, ShownIn, Values, View, VolumeId, Volumes,
};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels, sample};

mod colours;
mod nonsense;
mod placement;

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
        material: None,
        clip: Clip::default(),
        shown_in: ShownIn::default(),
        drawn_as: DrawnAs::default(),
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

//! The processor's volume renderings against the plain definition, and what must hold of them by themselves.

use engine::colormap::{ColorMap, TransferFunction, Window};
use engine::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use engine::presentation::{Camera, Direction, Size};
use engine::render::{
    Classification, CpuRenderer, Image, Layer, Material, Renderer, Rendering, Scene, Shading, View, VolumeId,
    Volumes,
};
use engine::volume::{Rescale, Unit, Volume, Voxels};

use crate::definition::rendering::picture;

mod features;
mod nonsense;
mod presets;
mod properties;

const ID: VolumeId = VolumeId(1);
const UPPER: VolumeId = VolumeId(2);
const LABELS: VolumeId = VolumeId(3);

const SIZE: Size = Size {
    width: 41,
    height: 37,
};

/// A grid about the origin.
fn grid(size: [usize; 3], axes: [[f64; 3]; 3]) -> Grid {
    let axes = axes.map(Vector::from);
    let middle = |axis: usize| (size[axis] as f64 - 1.0) / 2.0;
    let corner = Point::new(0.0, 0.0, 0.0) - axes[0] * middle(0) - axes[1] * middle(1) - axes[2] * middle(2);
    Grid::new(size, Affine::from_axes(axes, corner)).unwrap()
}

fn upright() -> Grid {
    grid([30, 26, 22], [[1.0, 0.0, 0.0], [0.0, 1.1, 0.0], [0.0, 0.0, 1.6]])
}

/// Turned, sheared, with unequal spacing.
fn skewed() -> Grid {
    grid(
        [24, 28, 20],
        [[0.9, 0.2, -0.1], [-0.15, 1.1, 0.3], [0.4, 0.1, 1.9]],
    )
}

/// Slices at uneven distances.
fn uneven() -> Grid {
    let even = upright();
    let positions = (0..22)
        .map(|k| f64::from(k) + 0.35 * (f64::from(k) * 1.3).sin())
        .collect();
    Grid::with_slice_positions(even.size(), *even.patient_from_voxel(), positions).unwrap()
}

/// A body with soft edges, a dense core off its middle, and a hollow: values of CT.
fn body(place: Point<Patient>) -> f64 {
    let from = |x: f64, y: f64, z: f64| place.distance(Point::new(x, y, z));
    let step = |distance: f64, radius: f64| 1.0 / (1.0 + ((distance - radius) / 1.2).exp());
    let ripple = 20.0 * (place[0] * 0.7).sin() * (place[2] * 0.5).cos();
    -1000.0 + (1040.0 + ripple) * step(from(0.0, 0.0, 0.0), 11.0) + 700.0 * step(from(-3.0, -2.0, 4.0), 4.5)
        - 800.0 * step(from(5.0, -1.0, -5.0), 3.0)
}

/// Stored as signed integers with a rescale.
fn ct(grid: Grid) -> Volume {
    let rescale = Rescale {
        slope: 0.5,
        intercept: -1024.0,
    };
    let voxels = values(&grid, |place| rescale.stored(body(place)).round() as i16);
    Volume::new(grid, Voxels::I16(voxels.into()), rescale, Unit::Hounsfield).unwrap()
}

/// Uptake on another grid, as floats.
fn pet() -> Volume {
    let grid = grid([14, 13, 15], [[2.3, 0.1, 0.0], [0.0, 2.5, 0.1], [0.1, 0.0, 2.4]]);
    let voxels = values(&grid, |place| {
        let hot = place.distance(Point::new(4.0, 2.0, 3.0)) / 4.0;
        (0.8 + 7.0 * (-hot * hot).exp()) as f32
    });
    Volume::new(grid, Voxels::F32(voxels.into()), Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

/// Two organs that touch, and one apart.
fn labels(grid: Grid) -> Volume {
    let voxels = values(&grid, |place| {
        let from = |x: f64, y: f64, z: f64| place.distance(Point::new(x, y, z));
        if from(-4.0, 0.0, 2.0) < 6.0 {
            if place[2] > 2.0 { 2u8 } else { 7 }
        } else if from(7.0, 1.0, -4.0) < 4.0 {
            5
        } else {
            0
        }
    });
    Volume::new(
        grid,
        Voxels::U8(voxels.into()),
        Rescale::IDENTITY,
        Unit::Unspecified,
    )
    .unwrap()
}

fn values<T>(grid: &Grid, value: impl Fn(Point<Patient>) -> T) -> Vec<T> {
    let [columns, rows, slices] = grid.size();
    let mut values = Vec::with_capacity(grid.voxels());
    for k in 0..slices {
        for j in 0..rows {
            for i in 0..columns {
                values.push(value(
                    grid.patient(Point::<Voxel>::new(i as f64, j as f64, k as f64)),
                ));
            }
        }
    }
    values
}

/// Faint skin, dense bone, in colours.
fn tissue() -> TransferFunction {
    let opacity = vec![
        (-900.0, 0.0),
        (-300.0, 0.03),
        (0.0, 0.05),
        (150.0, 0.08),
        (400.0, 0.6),
        (900.0, 0.8),
    ];
    let color = vec![
        (-900.0, [120, 60, 40]),
        (0.0, [220, 140, 110]),
        (400.0, [255, 240, 220]),
    ];
    TransferFunction::new(opacity, color, 1.0).unwrap()
}

fn shaded(transfer: TransferFunction) -> Option<Material> {
    Some(Material::shaded(transfer, Shading::default()))
}

fn of(classification: Classification) -> Option<Material> {
    Some(Material {
        classification,
        shading: Some(Shading::default()),
    })
}

fn camera(azimuth: f64, elevation: f64) -> Camera {
    let direction = Direction::from_degrees(azimuth, elevation);
    Camera::centered(direction, Point::new(0.3, -0.2, 0.4), 0.83, SIZE).unwrap()
}

fn volumes(ct: Volume) -> Volumes {
    let mut volumes = Volumes::new();
    volumes.insert(LABELS, labels(ct.grid().clone()));
    volumes.insert(ID, ct);
    volumes.insert(UPPER, pet());
    volumes
}

/// A shaded CT from the front and a little aside.
fn scene(volumes: &Volumes) -> Scene {
    let mut layer = Layer::single(ID, volumes.get(ID).unwrap());
    layer.material = shaded(tissue());
    let mut scene = Scene::new(View::Rendering(Rendering::new(camera(25.0, 15.0))), vec![layer]);
    scene.background = [10, 20, 30];
    scene
}

fn uptake(volumes: &Volumes) -> Layer {
    Layer {
        window: Window::between(0.5, 7.0),
        color_map: ColorMap::named("hot").unwrap(),
        ..Layer::overlay(UPPER, volumes.get(UPPER).unwrap(), 0.5)
    }
}

fn rendering(scene: &mut Scene) -> &mut Rendering {
    match &mut scene.view {
        View::Rendering(rendering) => rendering,
        _ => panic!("a rendering"),
    }
}

fn render(scene: &Scene, volumes: &Volumes) -> Image {
    CpuRenderer::new().render(scene, volumes, SIZE).unwrap()
}

fn rgb(image: &Image) -> impl Iterator<Item = [u8; 3]> + '_ {
    image
        .rgba
        .chunks_exact(4)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
}

/// Largest difference of a channel, pixel by pixel.
fn differences(a: &Image, b: &Image) -> Vec<u8> {
    let of_pixel = |(a, b): ([u8; 3], [u8; 3])| (0..3).map(|n| a[n].abs_diff(b[n])).max().unwrap();
    rgb(a).zip(rgb(b)).map(of_pixel).collect()
}

/// Holds a picture to the definition: at most 2 of 255 on 99.9 % of the pixels, and 45 dB; and to itself
/// without passing over what is empty, to 1 of 255.
fn check(name: &str, scene: &Scene, volumes: &Volumes) {
    let found = render(scene, volumes);
    let expected = picture(scene, volumes, SIZE);
    let (mut beyond, mut squares, mut shown) = (0, 0.0, 0);
    for (found, expected) in rgb(&found).zip(&expected) {
        let apart = (0..3).map(|n| (f64::from(found[n]) - expected[n]).abs());
        beyond += usize::from(apart.clone().any(|apart| apart > 2.5));
        squares += apart.map(|apart| apart * apart).sum::<f64>();
        shown += usize::from((0..3).any(|n| (expected[n] - f64::from(scene.background[n])).abs() > 3.0));
    }
    let mean = squares / (3 * expected.len()) as f64;
    let psnr = 10.0 * (255.0 * 255.0 / mean).log10();
    assert!(shown > 60, "{name}: only {shown} pixels show anything");
    let most = expected.len() / 1000;
    assert!(
        beyond <= most && psnr >= 45.0,
        "{name}: {beyond} pixels of {} beyond 2 of 255, {psnr:.1} dB",
        expected.len()
    );
    let mut plain = scene.clone();
    plain.quality.skips_empty_space = false;
    let apart = differences(&found, &render(&plain, volumes));
    assert!(
        apart.iter().all(|apart| *apart <= 1),
        "{name}: passing over shows"
    );
}

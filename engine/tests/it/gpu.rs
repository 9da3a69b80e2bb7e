//! The graphics device's pictures against the plain definitions and against the processor's.
//!
//! Any adapter will do, lavapipe too. Without one these tests say so and pass, unless `REQUIRE_GPU=1`.

use std::sync::{Arc, OnceLock};

use engine::colormap::{ColorMap, Window};
use engine::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use engine::presentation::{ImagePlane, Orientation, Size};
use engine::render::gpu::{Filter, Gpu, Options};
use engine::render::{CpuRenderer, GpuRenderer, Image, Layer, Renderer, Scene, Values, VolumeId, Volumes};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

mod comparisons;
mod events;
mod memory;
mod nonsense;
mod planes;
mod projections;
mod renderings;

const ALL: [Interpolation; 3] = [
    Interpolation::Nearest,
    Interpolation::Linear,
    Interpolation::Cubic,
];
const ID: VolumeId = VolumeId(1);
const UPPER: VolumeId = VolumeId(2);

/// Any adapter, the one of `UPTAKE_ADAPTER` where that is set.
fn options() -> Options {
    Options {
        adapter: std::env::var("UPTAKE_ADAPTER").ok(),
        takes_software: true,
        ..Options::default()
    }
}

/// A device opened as asked; `None`, and a line that says so, where there is no adapter.
fn open(options: Options) -> Option<Arc<Gpu>> {
    match pollster::block_on(Gpu::request(options)) {
        Ok(gpu) => Some(Arc::new(gpu)),
        Err(error) => {
            let is_required = std::env::var("REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!is_required, "REQUIRE_GPU is 1: {error}");
            println!("skipped: {error}");
            None
        }
    }
}

/// The device that most tests share.
pub fn shared() -> Option<Arc<Gpu>> {
    static SHARED: OnceLock<Option<Arc<Gpu>>> = OnceLock::new();
    SHARED.get_or_init(|| open(options())).clone()
}

/// A device that reads everything by hand, without the formats that not all have.
fn plain() -> Option<Arc<Gpu>> {
    static PLAIN: OnceLock<Option<Arc<Gpu>>> = OnceLock::new();
    let plain = || {
        open(Options {
            filter: Filter::ByHand,
            without: engine::render::gpu::wgpu::Features::all(),
            ..options()
        })
    };
    PLAIN.get_or_init(plain).clone()
}

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

fn noise(make: impl Fn(&mut Noise, usize) -> Voxels, grid: &Grid) -> Voxels {
    make(&mut Noise(7), grid.voxels())
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

/// Some voxels that are no numbers.
fn holes(noise: &mut Noise, n: usize) -> Voxels {
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let value = |noise: &mut Noise| match noise.next() % 40 {
        hole @ 0..=2 => special[hole as usize],
        _ => noise.unit() as f32,
    };
    Voxels::F32((0..n).map(|_| value(noise)).collect())
}

fn volume(grid: Grid, make: impl Fn(&mut Noise, usize) -> Voxels) -> Volume {
    let rescale = Rescale {
        slope: 1.37,
        intercept: -300.0,
    };
    let voxels = noise(make, &grid);
    Volume::new(grid, voxels, rescale, Unit::Hounsfield).unwrap()
}

fn layer(volume: &Volume, interpolation: Interpolation) -> Layer {
    let (low, high) = volume.range().unwrap();
    let within = |value: f64| if value.is_finite() { value } else { 0.0 };
    Layer {
        window: Window::between(within(low), within(high).max(within(low) + 1.0)),
        color_map: ColorMap::gray(),
        interpolation,
        ..Layer::single(ID, volume)
    }
}

fn lend(volume: &Volume) -> Volumes {
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume.clone());
    volumes
}

/// Level counts that differ by more than `most` in some channel, and the mean square difference.
fn compare_images(a: &Image, b: &Image, most: u8) -> (usize, f64) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let mut beyond = 0;
    let mut squares = 0.0;
    for (a, b) in a.rgba.chunks(4).zip(b.rgba.chunks(4)) {
        let off = (0..4).map(|n| a[n].abs_diff(b[n])).max().unwrap();
        beyond += usize::from(off > most);
        squares += (0..3)
            .map(|n| f64::from(a[n].abs_diff(b[n])).powi(2))
            .sum::<f64>()
            / 3.0;
    }
    (beyond, squares / f64::from(a.width * a.height))
}

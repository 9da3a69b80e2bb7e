//! Planes of 512 x 512 pixels through a CT of 512 x 512 x 400 and a PET of 200 x 200 x 300: processor time
//! a call, of all threads together. Every call cuts another plane, as the peers' scripts do.

use std::hint::black_box;
use std::time::Duration;

use benches::{CpuTime, ct, pet};
use criterion::{Criterion, criterion_group, criterion_main};
use engine::colormap::{ColorMap, Window};
use engine::geometry::{Affine, Patient, Vector};
use engine::presentation::{ImagePlane, Size};
use engine::render::{CpuRenderer, Layer, Renderer, Scene, View, VolumeId, Volumes};
use engine::volume::Interpolation;
use nalgebra::{Rotation3, Vector3};

const SIZE: Size = Size {
    width: 512,
    height: 512,
};
const PIXEL_MM: f64 = 0.976_562_5;
const CT: VolumeId = VolumeId(1);
const PET: VolumeId = VolumeId(2);

/// The plane of call `i` of the peers' MPR script: angles and place change with every call.
fn turned(i: u32) -> ImagePlane {
    let i = f64::from(i % 20);
    let [a, b, c] = [25.0 + 1.7 * i, -17.0 + 2.3 * i, 11.0 + 0.9 * i].map(f64::to_radians);
    about(
        Rotation3::from_euler_angles(a, b, c),
        Vector3::new(3.0 * i - 12.0, 5.0 - 2.0 * i, 20.0 - 7.0 * i),
    )
}

/// The plane of call `i` of the peers' fusion script: one slice of the CT, tilted about x.
fn sliced(i: u32, tilt_degrees: f64) -> ImagePlane {
    let slice = f64::from((200 + 7 * i) % 400);
    about(
        Rotation3::from_euler_angles(tilt_degrees.to_radians(), 0.0, 0.0),
        Vector3::new(0.0, 0.0, (slice - 199.5) * 1.5),
    )
}

fn about(rotation: Rotation3<f64>, center: Vector3<f64>) -> ImagePlane {
    let axes = [0, 1, 2].map(|axis| Vector::<Patient>::from(rotation.matrix().column(axis) * PIXEL_MM));
    let corner = center - (axes[0].xyz + axes[1].xyz) * (511.0 / 2.0);
    ImagePlane {
        patient_from_plane: Affine::from_axes(axes, corner.into()),
    }
}

fn ct_layer(volumes: &Volumes, interpolation: Interpolation) -> Layer {
    let volume = volumes.get(CT).expect("it was lent");
    Layer {
        window: Window::between(-160.0, 240.0),
        interpolation,
        ..Layer::single(CT, volume)
    }
}

fn pet_layer(volumes: &Volumes) -> Layer {
    let volume = volumes.get(PET).expect("it was lent");
    let color_map = ColorMap::named("hot").expect("the catalogue holds it");
    Layer {
        window: Window::between(0.0, 8.0),
        color_map,
        ..Layer::overlay(PET, volume, 0.5)
    }
}

fn planes(criterion: &mut Criterion<CpuTime>) {
    let mut volumes = Volumes::new();
    volumes.insert(CT, ct());
    volumes.insert(PET, pet());
    let volumes = &volumes;
    let mut renderer = CpuRenderer::new();
    for (name, interpolation) in [
        ("nearest", Interpolation::Nearest),
        ("linear", Interpolation::Linear),
        ("cubic", Interpolation::Cubic),
    ] {
        let mut call = 0;
        let layers = vec![ct_layer(volumes, interpolation)];
        let mut scene = Scene::of_plane(turned(0), layers);
        let mut next = || {
            call += 1;
            scene.view = View::Plane(turned(call));
            scene.clone()
        };
        let values = format!("mpr_{name}_512_values");
        criterion.bench_function(&values, |b| {
            b.iter(|| black_box(renderer.values(&next(), 0, volumes, SIZE)))
        });
        let image = format!("mpr_{name}_512");
        criterion.bench_function(&image, |b| {
            b.iter(|| black_box(renderer.render(&next(), volumes, SIZE)))
        });
    }
    for (name, tilt_degrees) in [("fused_axial_512", 0.0), ("fused_oblique_512", 20.0)] {
        let mut call = 0;
        let layers = vec![ct_layer(volumes, Interpolation::Linear), pet_layer(volumes)];
        let mut scene = Scene::of_plane(sliced(0, tilt_degrees), layers);
        criterion.bench_function(name, |b| {
            b.iter(|| {
                call += 1;
                scene.view = View::Plane(sliced(call, tilt_degrees));
                black_box(renderer.render(&scene, volumes, SIZE))
            });
        });
    }
}

fn criterion_of_planes() -> Criterion<CpuTime> {
    Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
}

criterion_group! {
    name = group;
    config = criterion_of_planes();
    targets = planes
}
criterion_main!(group);

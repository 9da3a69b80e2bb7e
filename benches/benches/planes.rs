//! Planes of 512 x 512 pixels through a CT of 512 x 512 x 400 and a PET of 200 x 200 x 300: processor time
//! a call, of all threads together. Every call cuts another plane, as the peers' scripts do.

use std::hint::black_box;
use std::time::Duration;

use benches::scenes::{CT, PET, sliced, turned};
use benches::{ct, pet};
use cpu_time::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::colormap::{ColorMap, Window};
use engine::presentation::Size;
use engine::render::{Comparison, Contours, CpuRenderer, Layer, Renderer, Scene, View, Volumes, compared};
use engine::volume::Interpolation;

mod cpu_time;

const SIZE: Size = Size {
    width: 512,
    height: 512,
};

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
        let mut scene = Scene::of_plane(turned(0, SIZE), layers);
        let mut next = || {
            call += 1;
            scene.view = View::Plane(turned(call, SIZE));
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
        let mut scene = Scene::of_plane(sliced(0, tilt_degrees, SIZE), layers);
        criterion.bench_function(name, |b| {
            b.iter(|| {
                call += 1;
                scene.view = View::Plane(sliced(call, tilt_degrees, SIZE));
                black_box(renderer.render(&scene, volumes, SIZE))
            });
        });
    }
    for (name, comparison) in comparisons() {
        let mut call = 0;
        let layers = vec![ct_layer(volumes, Interpolation::Linear), pet_layer(volumes)];
        let scene = Scene::of_plane(sliced(0, 0.0, SIZE), layers);
        let scenes = compared(&scene, &comparison, SIZE).expect("there are two layers");
        let mut scene = scenes.into_iter().next().expect("there is a panel");
        criterion.bench_function(name, |b| {
            b.iter(|| {
                call += 1;
                scene.view = View::Plane(sliced(call, 0.0, SIZE));
                black_box(renderer.render(&scene, volumes, SIZE))
            });
        });
    }
}

/// Ways of judging how the two are aligned.
fn comparisons() -> [(&'static str, Comparison); 3] {
    let board = Comparison::Checkerboard {
        cell_mm: 40.0,
        shift: [0.0; 2],
    };
    let swipe = Comparison::Swipe {
        place: 0.5,
        towards_rad: 0.5,
    };
    let outlines = Comparison::Contours {
        layer: 0,
        contours: Contours {
            levels: vec![-300.0, 200.0],
            color: [0, 255, 255],
            width_pixels: 1.5,
        },
    };
    [
        ("checkerboard_axial_512", board),
        ("swipe_axial_512", swipe),
        ("outlines_axial_512", outlines),
    ]
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

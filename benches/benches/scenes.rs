//! The scenes of [`benches::scenes`] on the processor: processor time an image, of all threads together.
//! `uptake bench-render` measures the same on any machine and adapter.

use std::hint::black_box;
use std::time::Duration;

use benches::scenes::{CASES, CT, Case, Mode, PET};
use benches::{ct, pet};
use cpu_time::CpuTime;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use engine::render::{CpuRenderer, Renderer, Volumes};

mod cpu_time;

fn draw(renderer: &mut CpuRenderer, case: &Case, call: u32, volumes: &Volumes) {
    for scene in case.scenes(call, volumes) {
        black_box(renderer.render(&scene, volumes, case.size)).expect("a scene that can be drawn");
    }
}

fn scenes(criterion: &mut Criterion<CpuTime>) {
    let mut volumes = Volumes::new();
    volumes.insert(CT, ct());
    volumes.insert(PET, pet());
    let mut renderer = CpuRenderer::new();
    for case in CASES {
        let mut call = 0;
        criterion.bench_function(case.name, |b| match case.mode {
            Mode::First => b.iter_batched_ref(
                CpuRenderer::new,
                |renderer| draw(renderer, case, 0, &volumes),
                BatchSize::PerIteration,
            ),
            Mode::Plain | Mode::Edit => b.iter(|| {
                call += 1;
                draw(&mut renderer, case, call, &volumes);
            }),
        });
    }
}

fn criterion_of_scenes() -> Criterion<CpuTime> {
    Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
}

criterion_group! {
    name = group;
    config = criterion_of_scenes();
    targets = scenes
}
criterion_main!(group);

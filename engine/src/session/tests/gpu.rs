//! A log gives the same pictures on the processor and on a graphics device, within the bounds of the renderers.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "which adapter, and whether one must be there, is the environment's matter"
)]

use std::sync::Arc;

use super::{SCENARIOS, lines, world};
use crate::presentation::Size;
use crate::render::gpu::{Gpu, Options};
use crate::render::{Cancel, CpuRenderer, GpuRenderer, Image, Renderer};
use crate::session::state::Kind;
use crate::session::{Session, Sharpness};

/// Any adapter, the one of `UPTAKE_ADAPTER` where that is set; none is said, and an error where `REQUIRE_GPU=1`.
fn device() -> Option<GpuRenderer> {
    let options = Options {
        adapter: std::env::var("UPTAKE_ADAPTER").ok(),
        takes_software: true,
        ..Options::default()
    };
    match pollster::block_on(Gpu::request(options)) {
        Ok(gpu) => Some(GpuRenderer::new(Arc::new(gpu))),
        Err(error) => {
            let is_required = std::env::var("REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!is_required, "REQUIRE_GPU is 1: {error}");
            println!("skipped: {error}");
            None
        }
    }
}

fn pictures(session: &mut Session, renderer: &mut dyn Renderer) -> Vec<Option<(Kind, Image)>> {
    let size = Size {
        width: 72,
        height: 60,
    };
    let desk = session.state().desk.clone();
    let mut found = Vec::new();
    for n in desk.visible() {
        let Some(shown) = &desk.viewports[&n].shown else {
            continue;
        };
        let picture = session.image(n, size, Sharpness::Still, renderer, &Cancel::new());
        found.push(picture.ok().map(|picture| (shown.kind.clone(), picture.image)));
    }
    found
}

#[test]
fn a_log_gives_the_same_pictures_on_both_renderers() {
    let Some(mut device) = device() else { return };
    for (name, script) in SCENARIOS {
        let [mut one, mut other] = [world::session(), world::session()];
        for (n, line) in lines(script) {
            if line.contains("\"expect\"") {
                continue;
            }
            one.apply_json(line);
            other.apply_json(line);
            if n % 7 != 0 {
                continue;
            }
            let on_processor = pictures(&mut one, &mut CpuRenderer::new());
            let on_device = pictures(&mut other, &mut device);
            assert_eq!(on_processor.len(), on_device.len());
            for pair in on_processor.into_iter().zip(on_device) {
                let ((kind, a), (_, b)) = match pair {
                    (Some(a), Some(b)) => (a, b),
                    // A view that waits for a registration is drawn by neither.
                    (None, None) => continue,
                    _ => panic!("{name}.jsonl:{}: a picture on one renderer only", n + 1),
                };
                let far = a
                    .rgba
                    .iter()
                    .zip(&b.rgba)
                    .filter(|(a, b)| a.abs_diff(**b) > 2)
                    .count();
                // At hard edges of the made-up body a rounding decides which voxel's value is met.
                let allowed = a.rgba.len() / 200;
                assert!(
                    far <= allowed,
                    "{name}.jsonl:{}: {kind:?}: {far} bytes differ",
                    n + 1
                );
            }
        }
    }
}

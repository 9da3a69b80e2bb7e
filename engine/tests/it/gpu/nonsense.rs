//! Scenes that nobody would draw on purpose: what the processor draws, the device draws, and what it refuses,
//! the device refuses.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::scenes::{scene, volumes};

/// One device for all: most of the time goes to programs that no other scene has.
fn check(gpu: &Arc<Gpu>, scene: &Scene, size: Size) -> Result<(), TestCaseError> {
    let volumes = volumes();
    let mut renderer = GpuRenderer::new(gpu.clone());
    let found = renderer.render(scene, &volumes, size);
    let expected = CpuRenderer::new().render(scene, &volumes, size);
    // Of a layer that hides nothing the device does not look at every number.
    let is_seen = |layer: &Layer| layer.weight().is_ok_and(|weight| weight.of_256() > 0);
    let may_differ = found.is_ok() && !scene.layers.iter().all(is_seen);
    prop_assert!(
        found.is_ok() == expected.is_ok() || may_differ,
        "{:?}, not {:?}",
        found.map(|_| ()),
        expected.map(|_| ())
    );
    if let Ok(image) = found {
        prop_assert_eq!(image.rgba.len(), (size.width * size.height * 4) as usize);
        prop_assert!(image.rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255));
    }
    Ok(())
}

/// The same scenes in every run, but for another `PROPTEST_RNG_SEED`.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(4),
        given => given,
    };
    ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        rng_seed,
        ..config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nonsense_is_a_picture_or_the_processors_error(scene in scene(), width in 1..22u32, height in 1..18u32) {
        if let Some(gpu) = shared() {
            check(&gpu, &scene, Size { width, height })?;
        }
    }
}

//! Checkerboards, swipes and contours against their definition, and against the processor's pictures.

use super::*;
use crate::comparison::{SIZE, scenes, volumes};
use crate::definition::comparison::pixels_off;

/// Values are not the processor's to the last bit: a line moves by as little, and where four sides of a square
/// are crossed it may run the other way.
#[test]
fn every_way_follows_its_definition() {
    let Some(plain) = plain() else { return };
    let volumes = volumes();
    let mut renderer = GpuRenderer::new(plain);
    for (name, scene) in scenes(&volumes) {
        let off = pixels_off(&mut renderer, &scene, &volumes, SIZE);
        assert!(off <= 2, "{name}: {off} pixels");
    }
}

#[test]
fn every_way_looks_as_on_the_processor() {
    let (Some(plain), Some(gpu)) = (plain(), shared()) else {
        return;
    };
    let volumes = volumes();
    let mut by_hand = GpuRenderer::new(plain);
    let mut filtered = GpuRenderer::new(gpu);
    for (name, scene) in scenes(&volumes) {
        let expected = CpuRenderer::new().render(&scene, &volumes, SIZE).unwrap();
        let found = by_hand.render(&scene, &volumes, SIZE).unwrap();
        let (beyond, _) = compare_images(&expected, &found, 3);
        assert!(beyond <= 10, "{name}: {beyond} pixels");
        let found = filtered.render(&scene, &volumes, SIZE).unwrap();
        let (beyond, square) = compare_images(&expected, &found, 12);
        assert!(beyond <= 20 && square < 8.0, "{name}: {beyond} pixels, {square}");
    }
}

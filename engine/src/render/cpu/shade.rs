//! Values to pixels.

use crate::colormap::MAX_COLORS;
use crate::fusion::Weight;
use crate::render::cpu::locate::SPAN;
use crate::render::ramp::Ramp;

/// What values are painted with.
pub(super) struct Paint {
    pub ramp: Ramp,
    pub weight: Weight,
}

/// Mixes the colours of the first values into the pixels.
#[inline(always)]
pub(super) fn shade_span(paint: &Paint, values: &[f32; SPAN], holes: bool, pixels: &mut [[u8; 4]]) {
    let Paint { ramp, weight } = paint;
    let mut entries = [0u32; SPAN];
    for (entry, value) in entries.iter_mut().zip(values) {
        *entry = ramp.entry(*value);
    }
    let mut colors = [[0u8; 4]; SPAN];
    for (color, entry) in colors.iter_mut().zip(&entries) {
        *color = ramp.colors[*entry as usize % MAX_COLORS];
    }
    if holes {
        keep_holes(values, pixels, &mut colors);
    }
    if *weight == Weight::FULL {
        for (pixel, color) in pixels.iter_mut().zip(colors) {
            *pixel = color;
        }
        return;
    }
    for (pixel, color) in pixels.as_flattened_mut().iter_mut().zip(colors.as_flattened()) {
        *pixel = weight.mix(*pixel, *color);
    }
}

/// Gives pixels without a value the colour that they have already: mixing then changes nothing.
#[cold]
#[inline(never)]
fn keep_holes(values: &[f32], pixels: &[[u8; 4]], colors: &mut [[u8; 4]; SPAN]) {
    for ((color, value), pixel) in colors.iter_mut().zip(values).zip(pixels) {
        if value.is_nan() {
            *color = *pixel;
        }
    }
}

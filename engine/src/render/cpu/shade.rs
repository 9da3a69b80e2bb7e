//! Values to pixels.

use crate::colormap::MAX_COLORS;
use crate::fusion::Weight;
use crate::presentation::Size;
use crate::render::contours::Lines;
use crate::render::cpu::locate::SPAN;
use crate::render::ramp::Ramp;
use crate::render::shown_in::Cover;
use crate::render::{DrawnAs, Error, Layer};

/// What values are painted with.
pub(super) struct Paint {
    pub ramp: Ramp,
    pub weight: Weight,
    /// Where in the picture; none for everywhere.
    pub cover: Option<Cover>,
    /// Lines in place of colours.
    pub lines: Option<Lines>,
}

impl Paint {
    /// The paint of a layer in a picture of `size`.
    ///
    /// # Errors
    ///
    /// [`Error`] for a number of the layer that cannot be used.
    pub(super) fn new(layer: &Layer, size: Size) -> Result<Self, Error> {
        Ok(Self {
            ramp: Ramp::new(layer.window, &layer.color_map)?,
            weight: layer.weight()?,
            cover: Cover::new(layer.shown_in, size)?,
            lines: match &layer.drawn_as {
                DrawnAs::Colors => None,
                DrawnAs::Contours(contours) => Some(Lines::new(contours)?),
            },
        })
    }

    /// Whether it changes nothing.
    pub(super) fn is_clear(&self) -> bool {
        let has_no_lines = self.lines.as_ref().is_some_and(|lines| lines.levels.is_empty());
        self.weight.of_256() == 0 || has_no_lines
    }

    /// Its weight in pixel (x, y).
    #[inline(always)]
    pub(super) fn weight_at(&self, x: usize, y: usize) -> Weight {
        match &self.cover {
            None => self.weight,
            Some(cover) => self.weight.of_part(cover.of_256(x, y)),
        }
    }
}

/// Mixes the colours of the first values into the pixels.
#[inline(always)]
pub(super) fn shade_span(paint: &Paint, values: &[f32; SPAN], holes: bool, pixels: &mut [[u8; 4]]) {
    let weight = paint.weight;
    let colors = colors_of(&paint.ramp, values, holes, pixels);
    if weight == Weight::FULL {
        for (pixel, color) in pixels.iter_mut().zip(colors) {
            *pixel = color;
        }
        return;
    }
    for (pixel, color) in pixels.as_flattened_mut().iter_mut().zip(colors.as_flattened()) {
        *pixel = weight.mix(*pixel, *color);
    }
}

/// As [`shade_span`], each pixel with a weight of its own.
pub(super) fn shade_weighted(
    paint: &Paint,
    values: &[f32; SPAN],
    holes: bool,
    weights: &[Weight; SPAN],
    pixels: &mut [[u8; 4]],
) {
    let colors = colors_of(&paint.ramp, values, holes, pixels);
    for ((pixel, color), weight) in pixels.iter_mut().zip(colors).zip(weights) {
        for (channel, color) in pixel.iter_mut().zip(color) {
            *channel = weight.mix(*channel, color);
        }
    }
}

/// The colours of values; with `holes`, those of the pixels where there is none.
#[inline(always)]
fn colors_of(ramp: &Ramp, values: &[f32; SPAN], holes: bool, pixels: &[[u8; 4]]) -> [[u8; 4]; SPAN] {
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
    colors
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

//! A window and a colour map as one table.

use crate::colormap::{ColorMap, MAX_COLORS, Window, WindowFunction};
use crate::render::Error;

/// From values to colours.
pub(super) struct Ramp {
    /// The value of the first entry.
    pub low: f32,
    /// 256ths of an entry for a step of 1.
    pub scale: f32,
    /// Index of the last entry, in 256ths.
    pub last: f32,
    /// Colours, opaque; what is behind the last is never read.
    pub colors: Box<[[u8; 4]; MAX_COLORS]>,
}

/// The scale of a window without width: any value above the limit is beyond the table.
const STEP: f64 = 1e30;

/// Half the range of a sigmoid's exponent that its table spans: beyond it lies less than 0.04 % of the range.
const SIGMOID_REACH: f64 = 8.0;

impl Ramp {
    pub(super) fn new(window: Window, color_map: &ColorMap) -> Result<Self, Error> {
        let Window { center, width, .. } = window;
        if !window.is_valid() {
            return Err(Error::Window { center, width });
        }
        let (low, high) = window.limits();
        let is_step = high <= low;
        Ok(match window.function {
            WindowFunction::Sigmoid if !is_step => {
                let last = (MAX_COLORS - 1) as f64;
                let exponent = |n: usize| (2.0 * n as f64 / last - 1.0) * SIGMOID_REACH;
                let fraction = |n: usize| 1.0 / (1.0 + (-exponent(n)).exp());
                let reach = width * SIGMOID_REACH / 4.0;
                let colors = (0..MAX_COLORS).map(|n| color_map.color(fraction(n)));
                Self::of(center - reach, last / (2.0 * reach), colors)
            }
            _ => {
                let colors = color_map.colors();
                let scale = if is_step {
                    STEP
                } else {
                    (colors.len() - 1) as f64 / (high - low)
                };
                Self::of(low, scale, colors.iter().copied())
            }
        })
    }

    fn of(low: f64, scale: f64, entries: impl ExactSizeIterator<Item = [u8; 3]>) -> Self {
        let last = (entries.len() - 1) as f32;
        let mut colors = Box::new([[0; 4]; MAX_COLORS]);
        for (entry, [red, green, blue]) in colors.iter_mut().zip(entries) {
            *entry = [red, green, blue, u8::MAX];
        }
        Self {
            low: low as f32,
            scale: (scale * 256.0).min(STEP) as f32,
            last: last * 256.0,
            colors,
        }
    }

    /// The entry of a value: that of [`ColorMap::color`] to 1/256 of an entry. Not a number gives the first.
    #[inline(always)]
    pub(super) fn entry(&self, value: f32) -> u32 {
        let place = (value - self.low) * self.scale;
        // These comparisons put what is not a number at 0.
        let place = if place > 0.0 { place } else { 0.0 };
        let place = if place < self.last { place } else { self.last };
        // Beside 2^23 the last bit of an f32 stands for 1: the sum's low bits are `place` as an integer.
        // A conversion would have to ask about numbers out of range, which vector code does badly.
        const WHOLE: f32 = (1 << 23) as f32;
        let of_256 = (place + WHOLE).to_bits() & 0x007f_ffff;
        (of_256 + 128) >> 8
    }
}

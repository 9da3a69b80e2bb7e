//! The geometry of a tile: resolutions, sub-bands, precincts, code-blocks (ITU-T T.800 Annex B).

use crate::Result;

use super::damaged;
use super::header::{BlockStyle, Coding, Parameters, Quantization};
use super::size::Rect;

/// Most magnitude bits that a coefficient may have here; one more bit holds the half
/// of the last one, one a high-throughput block's excess, one the sign.
pub(super) const MAX_BIT_PLANES: u8 = 29;

/// Which filters made a sub-band: high-pass across, high-pass down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orientation {
    LowLow,
    HighLow,
    LowHigh,
    HighHigh,
}

impl Orientation {
    /// Binary logarithm of the sub-band's gain (T.800 table E.1).
    fn gain_bits(self) -> u8 {
        match self {
            Self::LowLow => 0,
            Self::HighLow | Self::LowHigh => 1,
            Self::HighHigh => 2,
        }
    }
}

/// A sub-band of a tile-component.
#[derive(Debug, Clone)]
pub(super) struct Band {
    pub(super) rect: Rect,
    pub(super) orientation: Orientation,
    /// Where its first coefficient stands in the component's plane of coefficients.
    pub(super) origin: (u32, u32),
    /// Magnitude bits (T.800 equation E-2), the region of interest's shift included.
    pub(super) bit_planes: u8,
    /// What a coefficient of 1 is worth (T.800 equation E-3); 1 for the integer wavelet.
    pub(super) step: f32,
}

/// A resolution of a tile-component.
#[derive(Debug, Clone)]
pub(super) struct Resolution {
    pub(super) rect: Rect,
    pub(super) bands: Vec<Band>,
    /// Binary logarithms of a precinct's width and height.
    precinct: (u8, u8),
}

/// A code-block that some packet contributes to.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// First column and row in the component's plane of coefficients.
    pub(super) origin: (u32, u32),
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) resolution: u8,
    pub(super) band: u8,
    pub(super) included: bool,
    /// Magnitude bits that no coefficient of the block uses.
    pub(super) zero_planes: u8,
    pub(super) length_bits: u8,
    /// Coding passes so far.
    pub(super) passes: u8,
    /// First and last of its chunks.
    pub(super) chunks: Option<(u32, u32)>,
}

/// A part of a codeword segment that one packet brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) start: usize,
    pub(super) length: u32,
    pub(super) passes: u8,
    /// The coder starts anew here.
    pub(super) starts_segment: bool,
    pub(super) next: Option<u32>,
}

/// The tile's share of one component.
#[derive(Debug)]
pub(super) struct TileComponent {
    pub(super) rect: Rect,
    pub(super) resolutions: Vec<Resolution>,
    pub(super) style: BlockStyle,
    pub(super) reversible: bool,
    pub(super) roi_shift: u8,
    pub(super) blocks: Vec<Block>,
    block: (u8, u8),
}

/// A precinct: the coefficients that one packet a layer is about.
#[derive(Debug)]
pub(super) struct Precinct {
    pub(super) component: u8,
    pub(super) resolution: u8,
    /// Packets read.
    pub(super) layers_read: u16,
    /// Its place in the partition of its resolution.
    pub(super) index: (u32, u32),
    /// Where the progression meets it, on the reference grid.
    pub(super) position: (u32, u32),
}

/// The code-blocks of a precinct in one sub-band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockGrid {
    pub(super) area: Rect,
    /// Columns and rows of blocks.
    pub(super) across: u32,
    pub(super) down: u32,
}

fn ceil_shift(value: u32, shift: u8) -> u32 {
    ((u64::from(value) + (1_u64 << shift) - 1) >> shift) as u32
}

fn scaled(rect: Rect, shift: u8) -> Rect {
    Rect {
        x0: ceil_shift(rect.x0, shift),
        y0: ceil_shift(rect.y0, shift),
        x1: ceil_shift(rect.x1, shift),
        y1: ceil_shift(rect.y1, shift),
    }
}

/// The part of a sub-band (T.800 equation B-15): `level` decompositions down, high-pass where told.
fn band_rect(rect: Rect, level: u8, high_across: bool, high_down: bool) -> Rect {
    let half = 1_u64 << (level - 1);
    let place = |value: u32, high: bool| {
        let shift = if high { half } else { 0 };
        u64::from(value).saturating_sub(shift).div_ceil(2 * half) as u32
    };
    Rect {
        x0: place(rect.x0, high_across),
        y0: place(rect.y0, high_down),
        x1: place(rect.x1, high_across),
        y1: place(rect.y1, high_down),
    }
}

impl TileComponent {
    /// Lays out one component of the tile at `rect`.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] when a sub-band has no quantization step or too many bit-planes.
    pub(super) fn new(rect: Rect, parameters: &Parameters, component: usize, precision: u8) -> Result<Self> {
        let (coding, quantization, roi_shift) = parameters.of(component)?;
        let mut laid_out = Self {
            rect,
            resolutions: Vec::new(),
            style: coding.style,
            reversible: coding.reversible,
            roi_shift,
            blocks: Vec::new(),
            block: coding.block,
        };
        for resolution in 0..=coding.levels {
            let mut bands = laid_out.bands(resolution, coding.levels);
            for (index, band) in bands.iter_mut().enumerate() {
                quantize(band, coding, quantization, (resolution, index), precision)?;
                band.bit_planes = band.bit_planes.saturating_add(roi_shift);
                if band.bit_planes > MAX_BIT_PLANES {
                    return Err(damaged(format!(
                        "expected at most {MAX_BIT_PLANES} bit-planes, found {}",
                        band.bit_planes
                    )));
                }
            }
            laid_out.resolutions.push(Resolution {
                rect: scaled(rect, coding.levels - resolution),
                bands,
                precinct: coding.precinct(resolution),
            });
        }
        Ok(laid_out)
    }

    fn bands(&self, resolution: u8, levels: u8) -> Vec<Band> {
        let band = |rect, orientation, origin| Band {
            rect,
            orientation,
            origin,
            bit_planes: 0,
            step: 1.0,
        };
        if resolution == 0 {
            return vec![band(scaled(self.rect, levels), Orientation::LowLow, (0, 0))];
        }
        let level = levels - resolution + 1;
        let low = scaled(self.rect, level);
        let (across, down) = (low.width(), low.height());
        vec![
            band(
                band_rect(self.rect, level, true, false),
                Orientation::HighLow,
                (across, 0),
            ),
            band(
                band_rect(self.rect, level, false, true),
                Orientation::LowHigh,
                (0, down),
            ),
            band(
                band_rect(self.rect, level, true, true),
                Orientation::HighHigh,
                (across, down),
            ),
        ]
    }

    /// Columns and rows of the partition of a resolution into precincts, and its first place.
    fn partition(&self, resolution: u8) -> (Rect, u64) {
        let Resolution {
            rect,
            precinct: (width, height),
            ..
        } = self.resolutions[usize::from(resolution)];
        if rect.is_empty() {
            return (Rect::default(), 0);
        }
        let partition = Rect {
            x0: rect.x0 >> width,
            y0: rect.y0 >> height,
            x1: ceil_shift(rect.x1, width),
            y1: ceil_shift(rect.y1, height),
        };
        (
            partition,
            u64::from(partition.width()) * u64::from(partition.height()),
        )
    }

    /// Samples of the tile in this component.
    pub(super) fn samples(&self) -> u64 {
        u64::from(self.rect.width()) * u64::from(self.rect.height())
    }

    /// Number of precincts in all resolutions.
    pub(super) fn precinct_count(&self) -> u64 {
        (0..self.resolutions.len())
            .map(|resolution| self.partition(resolution as u8).1)
            .sum()
    }

    /// Appends the component's precincts, resolution by resolution in reading order.
    pub(super) fn list_precincts(&self, component: u8, list: &mut Vec<Precinct>) {
        let levels = (self.resolutions.len() - 1) as u8;
        for resolution in 0..=levels {
            let (partition, count) = self.partition(resolution);
            if count == 0 {
                continue;
            }
            let (width, height) = self.resolutions[usize::from(resolution)].precinct;
            let place = |index: u32, size: u8, first: u32| {
                let start = u64::from(index) << (size + levels - resolution);
                u32::try_from(start).unwrap_or(u32::MAX).max(first)
            };
            for y in partition.y0..partition.y1 {
                for x in partition.x0..partition.x1 {
                    list.push(Precinct {
                        component,
                        resolution,
                        layers_read: 0,
                        index: (x, y),
                        position: (place(x, width, self.rect.x0), place(y, height, self.rect.y0)),
                    });
                }
            }
        }
    }

    /// The code-blocks of a precinct in the `band`th sub-band of its resolution (T.800 B.7).
    pub(super) fn grid(&self, precinct: &Precinct, band: usize) -> BlockGrid {
        let resolution = &self.resolutions[usize::from(precinct.resolution)];
        let (width, height) = self.band_precinct(precinct.resolution);
        let edge = |index: u32, size: u8| u32::try_from(u64::from(index) << size).unwrap_or(u32::MAX);
        let (x, y) = precinct.index;
        let area = resolution.bands[band].rect.intersection(Rect {
            x0: edge(x, width),
            y0: edge(y, height),
            x1: edge(x + 1, width),
            y1: edge(y + 1, height),
        });
        if area.is_empty() {
            return BlockGrid {
                area,
                across: 0,
                down: 0,
            };
        }
        let (block_width, block_height) = self.block_size(precinct.resolution);
        BlockGrid {
            area,
            across: ceil_shift(area.x1, block_width) - (area.x0 >> block_width),
            down: ceil_shift(area.y1, block_height) - (area.y0 >> block_height),
        }
    }

    /// Binary logarithms of a precinct's size in its sub-bands.
    fn band_precinct(&self, resolution: u8) -> (u8, u8) {
        let (width, height) = self.resolutions[usize::from(resolution)].precinct;
        let halved = u8::from(resolution > 0);
        (width - halved, height - halved)
    }

    /// Binary logarithms of a code-block's size (T.800 equations B-17 and B-18).
    fn block_size(&self, resolution: u8) -> (u8, u8) {
        let (width, height) = self.band_precinct(resolution);
        (self.block.0.min(width), self.block.1.min(height))
    }

    /// Appends the blocks of a grid, in reading order.
    pub(super) fn add_blocks(&mut self, resolution: u8, band: usize, grid: BlockGrid) {
        let (width, height) = self.block_size(resolution);
        let Band { rect, origin, .. } = self.resolutions[usize::from(resolution)].bands[band];
        let area = grid.area;
        for row in 0..grid.down {
            for column in 0..grid.across {
                let (x, y) = ((area.x0 >> width) + column, (area.y0 >> height) + row);
                let place = area.intersection(Rect {
                    x0: x << width,
                    y0: y << height,
                    x1: (x << width).saturating_add(1 << width),
                    y1: (y << height).saturating_add(1 << height),
                });
                self.blocks.push(Block {
                    origin: (place.x0 - rect.x0 + origin.0, place.y0 - rect.y0 + origin.1),
                    width: place.width() as u16,
                    height: place.height() as u16,
                    resolution,
                    band: band as u8,
                    included: false,
                    zero_planes: 0,
                    length_bits: 3,
                    passes: 0,
                    chunks: None,
                });
            }
        }
    }
}

/// Gives a sub-band its bit-planes and step.
fn quantize(
    band: &mut Band,
    coding: &Coding,
    quantization: &Quantization,
    (resolution, index): (u8, usize),
    precision: u8,
) -> Result<()> {
    if band.rect.is_empty() {
        return Ok(());
    }
    let (exponent, mantissa) = quantization.step(resolution, index)?;
    band.bit_planes = (quantization.guard_bits + exponent).saturating_sub(1);
    if !coding.reversible {
        let range = i32::from(precision + band.orientation.gain_bits());
        band.step = (1.0 + f32::from(mantissa) / 2048.0) * 2_f32.powi(range - i32::from(exponent));
    }
    Ok(())
}

//! The image's size and its tiles (SIZ, ITU-T T.800 A.5.1 and B.3).

use crate::{Error, FrameDescription, Result};

use super::damaged;
use super::reader::Reader;

/// Most bits a sample accepted; the standard's limit is 38, DICOM's images stop at 16.
const MAX_PRECISION: u8 = 24;

/// The image and its tiles on the reference grid (SIZ, T.800 A.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Size {
    /// First column and row of the image, then the first beyond it.
    pub(super) image: Rect,
    /// The first tile, which may begin before the image.
    pub(super) tile: Rect,
    pub(super) components: usize,
    /// Bits a sample.
    pub(super) precision: u8,
    /// Samples are two's complement.
    pub(super) signed: bool,
}

/// A rectangle: from `x0`, `y0` up to, without, `x1`, `y1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rect {
    pub(super) x0: u32,
    pub(super) y0: u32,
    pub(super) x1: u32,
    pub(super) y1: u32,
}

impl Rect {
    pub(super) fn width(self) -> u32 {
        self.x1.saturating_sub(self.x0)
    }

    pub(super) fn height(self) -> u32 {
        self.y1.saturating_sub(self.y0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.x1 <= self.x0 || self.y1 <= self.y0
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }
}

impl Size {
    /// Reads SIZ and holds it against the description, before anything is allocated.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the two disagree, or when a part of the standard is asked for that is not
    /// decoded here (subsampled components, components that differ in precision).
    pub(super) fn read(segment: &mut Reader<'_>, description: &FrameDescription) -> Result<Self> {
        let _capabilities = segment.u16()?;
        let (x1, y1, x0, y0) = (segment.u32()?, segment.u32()?, segment.u32()?, segment.u32()?);
        let (tile_width, tile_height) = (segment.u32()?, segment.u32()?);
        let (tile_x0, tile_y0) = (segment.u32()?, segment.u32()?);
        let components = segment.u16()?;
        let image = Rect { x0, y0, x1, y1 };
        if !(1..=4).contains(&components) {
            return Err(invalid("components", "1 to 4", components.to_string()));
        }
        expect_equal("columns", description.columns, image.width())?;
        expect_equal("rows", description.rows, image.height())?;
        expect_equal(
            "components",
            u32::from(description.samples_per_pixel),
            u32::from(components),
        )?;
        let size = Self {
            image,
            tile: Rect {
                x0: tile_x0,
                y0: tile_y0,
                x1: tile_x0.saturating_add(tile_width),
                y1: tile_y0.saturating_add(tile_height),
            },
            components: usize::from(components),
            precision: 0,
            signed: false,
        };
        size.check_tiles()?;
        size.with_components(segment, description)
    }

    /// The first tile must hold the image's first sample (T.800 equations B-3, B-4).
    fn check_tiles(&self) -> Result<()> {
        let first = self.tile.intersection(self.image);
        let starts_right = first.x0 == self.image.x0 && first.y0 == self.image.y0;
        if self.image.is_empty() || first.is_empty() || !starts_right {
            return Err(damaged("the first tile does not hold the image's first sample"));
        }
        let (across, down) = self.tiles();
        let tiles = u64::from(across) * u64::from(down);
        if tiles > 65_535 {
            return Err(Error::TooLarge {
                what: "JPEG 2000 tiles",
                limit: 65_535,
                found: tiles,
            });
        }
        Ok(())
    }

    fn with_components(mut self, segment: &mut Reader<'_>, description: &FrameDescription) -> Result<Self> {
        for index in 0..self.components {
            let depth = segment.u8()?;
            let (precision, signed) = ((depth & 0x7F) + 1, depth & 0x80 != 0);
            let (across, down) = (segment.u8()?, segment.u8()?);
            if (across, down) != (1, 1) {
                return Err(invalid(
                    "component subsampling",
                    "1x1",
                    format!("{across}x{down}"),
                ));
            }
            if index > 0 && (precision, signed) != (self.precision, self.signed) {
                return Err(invalid(
                    "component precision",
                    "the same in all components",
                    format!("{precision} after {}", self.precision),
                ));
            }
            (self.precision, self.signed) = (precision, signed);
        }
        let room = (description.bytes_per_sample() * 8).min(usize::from(MAX_PRECISION));
        if usize::from(self.precision) > room {
            return Err(invalid(
                "bits a sample",
                format!("at most {room}"),
                self.precision.to_string(),
            ));
        }
        Ok(self)
    }

    /// Tiles across and down.
    pub(super) fn tiles(&self) -> (u32, u32) {
        let across = (self.image.x1 - self.tile.x0).div_ceil(self.tile.width().max(1));
        let down = (self.image.y1 - self.tile.y0).div_ceil(self.tile.height().max(1));
        (across, down)
    }

    /// The part of the image that a tile covers (T.800 equations B-7 to B-10).
    pub(super) fn tile(&self, index: u32) -> Rect {
        let (across, _) = self.tiles();
        let start = |first: u32, size: u32, count: u32| u64::from(first) + u64::from(size) * u64::from(count);
        let clamp = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let (column, row) = (index % across, index / across);
        let (width, height) = (self.tile.width(), self.tile.height());
        Rect {
            x0: clamp(start(self.tile.x0, width, column)),
            y0: clamp(start(self.tile.y0, height, row)),
            x1: clamp(start(self.tile.x0, width, column + 1)),
            y1: clamp(start(self.tile.y0, height, row + 1)),
        }
        .intersection(self.image)
    }
}

fn expect_equal(what: &'static str, expected: u32, found: u32) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(invalid(what, expected.to_string(), found.to_string()))
}

fn invalid(what: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::Invalid {
        what,
        expected: expected.into(),
        found: found.into(),
    }
}

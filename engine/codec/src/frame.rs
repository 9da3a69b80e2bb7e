//! What a frame is: its size, the layout of its stored values and their colour meaning.
//!
//! The names are those of the Image Pixel module (PS3.3 C.7.6.3).

use crate::{Error, Result};

/// Largest number of bytes that one decoded frame may take (1 GiB).
///
/// The largest real single frames (digital mammography, whole-slide levels) stay below 0.3 GiB.
pub const MAX_FRAME_BYTES: u64 = 1 << 30;

/// Photometric Interpretation (0028,0004): what the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Photometric {
    /// One sample, the lowest value is white.
    Monochrome1,
    /// One sample, the lowest value is black.
    Monochrome2,
    /// One sample, an index into the palette of the object.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Luminance and two colour differences, full range (BT.601).
    YbrFull,
    /// As [`Photometric::YbrFull`] with the colour differences at half the columns.
    YbrFull422,
    /// As [`Photometric::YbrFull`] with the colour differences at half the columns and rows.
    YbrPartial420,
    /// As [`Photometric::YbrFull422`] in the range of studio video (retired).
    YbrPartial422,
    /// JPEG 2000's irreversible colour transform.
    YbrIct,
    /// JPEG 2000's reversible colour transform.
    YbrRct,
}

impl Photometric {
    /// Reads the DICOM term; unknown terms give `None`.
    #[must_use]
    pub fn from_term(term: &str) -> Option<Self> {
        Some(match term.trim_matches([' ', '\0']) {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::PaletteColor,
            "RGB" => Self::Rgb,
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            "YBR_PARTIAL_420" => Self::YbrPartial420,
            "YBR_PARTIAL_422" => Self::YbrPartial422,
            "YBR_ICT" => Self::YbrIct,
            "YBR_RCT" => Self::YbrRct,
            _ => return None,
        })
    }

    /// Gives the DICOM term.
    #[must_use]
    pub fn term(self) -> &'static str {
        match self {
            Self::Monochrome1 => "MONOCHROME1",
            Self::Monochrome2 => "MONOCHROME2",
            Self::PaletteColor => "PALETTE COLOR",
            Self::Rgb => "RGB",
            Self::YbrFull => "YBR_FULL",
            Self::YbrFull422 => "YBR_FULL_422",
            Self::YbrPartial420 => "YBR_PARTIAL_420",
            Self::YbrPartial422 => "YBR_PARTIAL_422",
            Self::YbrIct => "YBR_ICT",
            Self::YbrRct => "YBR_RCT",
        }
    }
}

/// The layout of one frame's stored values.
///
/// A decoded frame is always `rows * columns` pixels in reading order, the samples of a pixel side by
/// side, each sample in `bytes_per_sample()` bytes, little endian. One-bit frames take one byte a pixel
/// (0 or 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameDescription {
    /// Rows (0028,0010).
    pub rows: u32,
    /// Columns (0028,0011).
    pub columns: u32,
    /// Samples per Pixel (0028,0002), 1 to 4.
    pub samples_per_pixel: u16,
    /// Bits Allocated (0028,0100): 1, 8, 16, 32 or 64.
    pub bits_allocated: u16,
    /// Bits Stored (0028,0101).
    pub bits_stored: u16,
    /// High Bit (0028,0102).
    pub high_bit: u16,
    /// Pixel Representation (0028,0103) is 1: two's complement.
    pub signed: bool,
    /// Planar Configuration (0028,0006) is 1: samples stored plane by plane.
    pub planar: bool,
    /// Photometric Interpretation (0028,0004) as stored.
    pub photometric: Photometric,
}

impl FrameDescription {
    /// Bytes that one sample takes once decoded.
    #[must_use]
    pub fn bytes_per_sample(&self) -> usize {
        usize::from(self.bits_allocated).div_ceil(8)
    }

    /// Pixels in a frame.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Samples in a decoded frame (no chroma subsampling).
    #[must_use]
    pub fn samples(&self) -> usize {
        self.pixels() * usize::from(self.samples_per_pixel)
    }

    /// Bytes that a decoded frame takes, checked against [`MAX_FRAME_BYTES`].
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] when the frame would take more; nothing has been allocated then.
    pub fn frame_bytes(&self) -> Result<usize> {
        let sides = u64::from(self.rows) * u64::from(self.columns);
        let pixel = u64::from(self.samples_per_pixel) * self.bytes_per_sample() as u64;
        let bytes = sides.saturating_mul(pixel);
        if bytes > MAX_FRAME_BYTES {
            return Err(Error::TooLarge {
                what: "decoded frame in bytes",
                limit: MAX_FRAME_BYTES,
                found: bytes,
            });
        }
        Ok(bytes as usize)
    }
}

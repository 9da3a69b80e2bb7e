//! Baseline encoding, through the `jpeg-encoder` crate.

use super::header::{damaged, invalid};
use crate::{Encoder, FrameDescription, Photometric, Result};
use jpeg_encoder::{ColorType, SamplingFactor};

/// Encodes baseline frames (process 1, transfer syntax 4.50) of 8-bit samples. Lossy.
///
/// Frames of three samples are written as luminance and colour differences at half the columns: the
/// object's Photometric Interpretation must become YBR_FULL_422, whether it was RGB or YBR_FULL.
#[derive(Debug, Clone, Copy)]
pub struct JpegBaseline {
    /// Quality on libjpeg's scale, 1 to 100.
    pub quality: u8,
}

impl Encoder for JpegBaseline {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        let colours = match (description.samples_per_pixel, description.photometric) {
            (1, _) => ColorType::Luma,
            (3, Photometric::Rgb) => ColorType::Rgb,
            (3, Photometric::YbrFull | Photometric::YbrFull422) => ColorType::Ycbcr,
            (samples, photometric) => {
                let found = format!("{samples} samples of {}", photometric.term());
                return Err(invalid(
                    "JPEG baseline frame",
                    "one sample, RGB or YBR_FULL",
                    found,
                ));
            }
        };
        let (columns, rows) = self.check(values, description)?;
        let mut out = Vec::with_capacity(values.len() / 4 + 1024);
        let mut encoder = jpeg_encoder::Encoder::new(&mut out, self.quality);
        encoder.set_sampling_factor(SamplingFactor::R_4_2_2);
        encoder
            .encode(values, columns, rows, colours)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(out)
    }
}

impl JpegBaseline {
    fn check(&self, values: &[u8], description: &FrameDescription) -> Result<(u16, u16)> {
        let FrameDescription {
            rows,
            columns,
            bits_allocated,
            bits_stored,
            signed,
            ..
        } = *description;
        let bytes = description.frame_bytes()?;
        let size = u16::try_from(columns)
            .ok()
            .zip(u16::try_from(rows).ok())
            .filter(|_| bytes > 0);
        let eight = bits_allocated == 8 && bits_stored <= 8 && !signed;
        match size {
            Some(size) if eight && values.len() == bytes && (1..=100).contains(&self.quality) => Ok(size),
            _ => {
                let expected = format!(
                    "{bytes} bytes of unsigned 8-bit samples, at most 65535 rows and columns, quality 1 to 100"
                );
                let found = format!(
                    "{} bytes, {rows} x {columns}, {bits_stored} of {bits_allocated} bits, signed {signed}, quality {}",
                    values.len(),
                    self.quality
                );
                Err(invalid("JPEG baseline frame", expected, found))
            }
        }
    }
}

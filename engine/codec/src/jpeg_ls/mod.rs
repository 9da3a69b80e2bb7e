//! JPEG-LS (ISO/IEC 14495-1, ITU-T T.87), lossless and near-lossless.
//!
//! Holds a decoder and an encoder for samples of 2 to 16 bits and one to four components in all three
//! interleave modes. Preset parameters, oversize frames, restart intervals and the HP colour transforms
//! are read; mapping tables, subsampled components and point transforms are refused by name.
//!
//! Samples leave the decoder as the stream holds them: signed values of fewer bits than the sample has
//! room for are not sign-extended, which is left to [`crate::pixels`] for all transfer syntaxes alike.

mod bits;
mod decode;
mod decoder;
mod encode;
mod encoder;
mod header;
mod lines;
mod model;
mod parameters;
mod transform;

pub use decoder::JpegLsDecoder;
pub use encoder::JpegLs;
pub use header::Interleave;

use crate::{FrameDescription, Result};
use header::invalid;

/// Refuses values that are not the frame's size, or none.
fn check_size(description: &FrameDescription, values: &[u8]) -> Result<()> {
    let expected = description.frame_bytes()?;
    if values.len() == expected && expected > 0 {
        return Ok(());
    }
    Err(invalid(
        "JPEG-LS values",
        &format!("{expected} bytes, more than 0"),
        format!("{} bytes", values.len()),
    ))
}

//! JPEG (ISO/IEC 10918-1, ITU-T T.81) in the processes that DICOM names.
//!
//! One decoder for baseline, extended sequential, progressive (8 and 12 bits) and lossless frames (2 to
//! 16 bits), all with Huffman coding; encoders for lossless and for baseline frames. Hierarchical and arithmetic coding
//! are refused by name.
//!
//! # Exactness
//!
//! DCT frames give the samples of libjpeg-turbo with its accurate integer transform ("islow") and its
//! "fancy" upsampling, to the bit. Lossless frames give what was encoded.
//!
//! # Colour
//!
//! Components leave the decoder upsampled but not transformed; [`crate::compression::Decoded`] says what
//! they are, so that colours are converted once, by whoever shows them. For three components, the first
//! rule that applies:
//!
//! | the stream or the object says | the samples are |
//! |---|---|
//! | Adobe segment, transform 0 | RGB |
//! | Adobe segment, transform 1 | YBR_FULL |
//! | component identifiers "R", "G", "B" | RGB |
//! | Photometric Interpretation is no RGB | YBR_FULL (YBR_PARTIAL_* stay what they are) |
//! | RGB, but a DCT stream with a JFIF segment or subsampled components | YBR_FULL |
//! | RGB | RGB |
//!
//! Frames of one, two or four components keep the object's Photometric Interpretation. To show the
//! colours that libjpeg shows, YBR_FULL is converted in 16-bit fixed point, with Cb and Cr less 128 and the
//! results held in 0..=255: R = Y + ((91881 Cr + 32768) >> 16), B = Y + ((116130 Cb + 32768) >> 16),
//! G = Y + ((-22554 Cb - 46802 Cr + 32768) >> 16).
//!
//! # Damage
//!
//! A frame is decoded whole or not at all: where entropy-coded data end early or hold impossible codes,
//! the answer is [`crate::Error::Damaged`], never samples made up. Harmless faults are passed over: bytes
//! between segments and behind the image, a missing end marker behind complete data, absent Huffman
//! tables of 8-bit sequential streams (the standard's are taken), wrong bands of sequential scans.
//!
//! Samples leave the decoder as the stream holds them: signed values of fewer bits than the sample has
//! room for are not sign-extended, which is left to [`crate::pixels`] for all transfer syntaxes alike.

mod baseline;
mod bits;
mod colour;
mod decode;
mod header;
mod huffman;
mod idct;
mod layout;
mod lossless;
mod lossless_encoder;
mod progressive;
pub(crate) mod samples;
pub(crate) mod segment;
mod sequential;
mod upsample;

pub use baseline::JpegBaseline;
pub use lossless_encoder::JpegLossless;

use crate::compression::Decoded;
use crate::{Decoder, FrameDescription, Result};

/// Decodes JPEG frames (transfer syntaxes 4.50, 4.51, 4.53, 4.55, 4.57 and 4.70).
#[derive(Debug, Clone, Copy, Default)]
pub struct Jpeg;

impl Decoder for Jpeg {
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        decode::frame(frame, description, out)
    }
}

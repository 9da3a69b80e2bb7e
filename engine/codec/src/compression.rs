//! The traits that every compression implements, and which one serves a transfer syntax.

use crate::{FrameDescription, Photometric, Result};

/// What a decoder made of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    /// Colour meaning of the samples in the output, after the decoder's own colour transforms.
    pub photometric: Photometric,
    /// Bits of precision that the compressed stream itself states.
    pub precision: u16,
    /// Whether the stream itself states two's complement samples; `None` where the format cannot say.
    pub signed: Option<bool>,
}

/// Turns one compressed frame into stored values.
///
/// Implementations allocate in proportion to the output and the input only, refuse a stream whose own
/// size disagrees with the description, and never panic on damaged bytes.
pub trait Decoder: Send + Sync {
    /// Decodes `frame` into `out`, laid out as [`FrameDescription`] says.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] or [`crate::Error::Invalid`] for bytes that are no such frame;
    /// `out` is unspecified then.
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded>;
}

/// Turns stored values into one compressed frame.
pub trait Encoder: Send + Sync {
    /// Encodes `values`, laid out as [`FrameDescription`] says, without padding.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Invalid`] when the format cannot hold such a frame.
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>>;
}

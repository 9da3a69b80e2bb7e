//! The traits that every compression implements, and which one serves a transfer syntax.

use crate::deflate::Deflate;
use crate::jpeg::{Jpeg, JpegLossless};
use crate::jpeg_ls::{Interleave, JpegLs, JpegLsDecoder};
use crate::jpeg2000::{Htj2kLossless, Jpeg2000, Jpeg2000Lossless};
use crate::pixels::layout;
use crate::rle::Rle;
use crate::{FrameDescription, Photometric, Result, TransferSyntax};

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

/// Gives the decoder of a transfer syntax; `None` where there is none here.
///
/// Big endian has none: how its bytes are swapped hangs on the element's value representation, which
/// [`crate::pixels`] knows.
#[must_use]
pub fn decoder_for(syntax: TransferSyntax) -> Option<&'static dyn Decoder> {
    use TransferSyntax as T;
    Some(match syntax {
        T::ImplicitLittleEndian
        | T::ExplicitLittleEndian
        | T::DeflatedExplicitLittleEndian
        | T::EncapsulatedUncompressed => &Uncompressed,
        T::RleLossless => &Rle,
        T::DeflatedImageFrame => &Deflate,
        T::JpegBaseline
        | T::JpegExtended
        | T::JpegSpectralSelection
        | T::JpegFullProgression
        | T::JpegLossless
        | T::JpegLosslessFirstOrder => &Jpeg,
        T::JpegLsLossless | T::JpegLsNearLossless => &JpegLsDecoder,
        T::Jpeg2000Lossless | T::Jpeg2000 | T::Htj2kLossless | T::Htj2kLosslessRpcl | T::Htj2k => &Jpeg2000,
        T::ExplicitBigEndian => return None,
    })
}

/// Gives the lossless encoder of a transfer syntax; `None` where there is none here.
///
/// How much a lossy one may lose is the caller's to say, to that encoder itself.
#[must_use]
pub fn encoder_for(syntax: TransferSyntax) -> Option<&'static dyn Encoder> {
    use TransferSyntax as T;
    Some(match syntax {
        T::ImplicitLittleEndian
        | T::ExplicitLittleEndian
        | T::DeflatedExplicitLittleEndian
        | T::EncapsulatedUncompressed => &Uncompressed,
        T::RleLossless => &Rle,
        T::DeflatedImageFrame => &Deflate,
        T::JpegLossless | T::JpegLosslessFirstOrder => &JpegLossless { selection_value: 1 },
        T::JpegLsLossless => &JpegLs {
            near: 0,
            interleave: Interleave::Line,
        },
        T::Jpeg2000Lossless => &Jpeg2000Lossless,
        T::Htj2kLossless | T::Htj2kLosslessRpcl => &Htj2kLossless,
        _ => return None,
    })
}

/// Whether a transfer syntax keeps pixel cells bit for bit, with whatever stands outside Bits Stored.
#[must_use]
pub fn keeps_cells(syntax: TransferSyntax) -> bool {
    use TransferSyntax as T;
    !syntax.is_encapsulated()
        || matches!(
            syntax,
            T::EncapsulatedUncompressed | T::RleLossless | T::DeflatedImageFrame
        )
}

/// Gives how many decoded bytes one compressed byte can make at most, where the format bounds it.
///
/// JPEG-LS and JPEG 2000 have no such bound: a constant frame takes almost nothing.
pub(crate) fn largest_expansion(syntax: TransferSyntax) -> Option<u64> {
    use TransferSyntax as T;
    Some(match syntax {
        // One-bit frames unfold eightfold.
        T::EncapsulatedUncompressed => 8,
        // Two bytes make a run of 128, each of them eight one-bit pixels.
        T::RleLossless => 64 * 8,
        // RFC 1951: a match of 258 bytes takes at least two bits.
        T::DeflatedImageFrame => 1032 * 8,
        // An 8x8 block takes at least a bit, and may stand for 32x32 pixels of 4 bytes.
        T::JpegBaseline | T::JpegExtended | T::JpegSpectralSelection | T::JpegFullProgression => 8 * 4096,
        // A sample of at most 8 bytes takes at least a bit.
        T::JpegLossless | T::JpegLosslessFirstOrder => 64,
        _ => return None,
    })
}

/// Frames that are stored as they are, little endian.
struct Uncompressed;

impl Decoder for Uncompressed {
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        layout::arrange(description, frame, 0, out)?;
        Ok(layout::decoded(description))
    }
}

impl Encoder for Uncompressed {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        layout::store(values, description)
    }
}

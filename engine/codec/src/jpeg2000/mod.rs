//! JPEG 2000 and High-Throughput JPEG 2000 (PS3.5 8.2.4, 8.2.14; ITU-T T.800 and T.814).
//!
//! Both share the wavelet, the packets and the markers; they differ in how a code-block is coded: EBCOT's
//! arithmetic coder, or the high-throughput coder that is ten times as fast. Decoding is written against
//! hostile bytes: the header is held against the frame's description first, memory grows with the frame
//! and the input only, and every damage is an error. `docs/decisions/0002-jpeg-2000.md` says why the
//! decoder is our own.

mod block;
mod container;
mod contexts;
mod decode;
mod encode;
mod header;
mod ht;
mod ht_encode;
mod ht_tables;
mod mq;
mod packet_write;
mod packets;
mod reader;
mod size;
mod tag_tree;
mod tile;
mod wavelet;

use crate::compression::Decoded;
use crate::{Decoder, Encoder, Error, FrameDescription, Photometric, Result};

/// Decodes JPEG 2000 and High-Throughput JPEG 2000 frames, bare or in a JP2 file.
///
/// Values are as the codestream says: where its precision or sign differs from the description, see
/// [`Decoded`]. Not decoded, by name: subsampled components, components of different precision, packed
/// packet headers, blocks that mix both coders, samples above 24 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jpeg2000;

impl Decoder for Jpeg2000 {
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        let expected = description.frame_bytes()?;
        if out.len() != expected {
            return Err(Error::Invalid {
                what: "bytes for a decoded frame",
                expected: expected.to_string(),
                found: out.len().to_string(),
            });
        }
        let stated = decode::decode(container::codestream(frame)?, description, out)?;
        let photometric = match description.photometric {
            Photometric::YbrRct | Photometric::YbrIct if stated.is_rgb => Photometric::Rgb,
            other => other,
        };
        Ok(Decoded {
            photometric,
            precision: u16::from(stated.precision),
            signed: Some(stated.signed),
        })
    }
}

/// Encodes JPEG 2000 without loss (1.2.840.10008.1.2.4.90).
///
/// 1 to 16 bits a sample. Three samples named [`Photometric::Rgb`] go through the reversible colour
/// transform: the object's Photometric Interpretation is YBR_RCT then (PS3.5 8.2.4).
#[derive(Debug, Clone, Copy, Default)]
pub struct Jpeg2000Lossless;

impl Encoder for Jpeg2000Lossless {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        encode::encode(values, description, encode::Coder::Classic)
    }
}

/// Encodes High-Throughput JPEG 2000 without loss (1.2.840.10008.1.2.4.201, and .202, whose progression
/// and markers it has).
///
/// As [`Jpeg2000Lossless`], about ten times as fast for a few per cent more bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Htj2kLossless;

impl Encoder for Htj2kLossless {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        encode::encode(values, description, encode::Coder::HighThroughput)
    }
}

fn damaged(reason: impl Into<String>) -> Error {
    Error::Damaged {
        codec: "JPEG 2000",
        reason: reason.into(),
    }
}

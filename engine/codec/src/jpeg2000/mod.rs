//! JPEG 2000 and High-Throughput JPEG 2000 (PS3.5 8.2.4, 8.2.14; ITU-T T.800 and T.814).
//!
//! Both share the wavelet, the packets and the markers; they differ in how a code-block is coded: EBCOT's
//! arithmetic coder, or the high-throughput coder that is ten times as fast. Decoding is written against
//! hostile bytes: the header is held against the frame's description first, memory grows with the frame
//! and the input only, and every damage is an error. `docs/decisions/0002-jpeg-2000.md` says why the
//! decoder is our own.

mod block;
mod container;
mod decode;
mod header;
mod ht;
mod ht_tables;
mod mq;
mod packets;
mod reader;
mod size;
mod tag_tree;
mod tile;
mod wavelet;

use crate::compression::Decoded;
use crate::{Decoder, Error, FrameDescription, Photometric, Result};

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

fn damaged(reason: impl Into<String>) -> Error {
    Error::Damaged {
        codec: "JPEG 2000",
        reason: reason.into(),
    }
}

//! Deflated Image Frame Compression (PS3.5 A.4.13): each frame is one deflate stream.
//!
//! The stream is RFC 1951's, without zlib's or gzip's envelope; inflated, it is a native frame, little
//! endian, one-bit pixels packed and every frame beginning on a byte.

use std::io::Write;

use flate2::{Compression, Decompress, FlushDecompress, Status, write::DeflateEncoder};

use crate::compression::{Decoded, Decoder, Encoder};
use crate::pixels::layout;
use crate::{Error, FrameDescription, Result};

/// Decoder and encoder of deflated frames.
#[derive(Debug, Clone, Copy)]
pub struct Deflate;

impl Decoder for Deflate {
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        layout::check(description, out.len())?;
        let stored_bytes = layout::stored_frame_bits(description).div_ceil(8) as usize;
        if layout::is_by_pixel(description) {
            inflate(frame, out)?;
        } else {
            let mut stored = vec![0; stored_bytes];
            inflate(frame, &mut stored)?;
            layout::arrange(description, &stored, 0, out)?;
        }
        Ok(layout::decoded(description))
    }
}

impl Encoder for Deflate {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        let stored = layout::store(values, description)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        let deflated = encoder.write_all(&stored).and_then(|()| encoder.finish());
        Ok(deflated.expect("writing into memory cannot fail"))
    }
}

/// Fills `out` from a deflate stream; what the stream holds beyond it is padding and not inflated.
fn inflate(stream: &[u8], out: &mut [u8]) -> Result<()> {
    let mut decompress = Decompress::new(false);
    let damaged = |reason: &str| Error::Damaged {
        codec: "deflate",
        reason: reason.to_owned(),
    };
    loop {
        let (read, written) = (decompress.total_in() as usize, decompress.total_out() as usize);
        if written == out.len() {
            return Ok(());
        }
        let status = decompress
            .decompress(&stream[read..], &mut out[written..], FlushDecompress::Finish)
            .map_err(|_| damaged("its deflate stream is broken"))?;
        let progress = decompress.total_in() as usize > read || decompress.total_out() as usize > written;
        if decompress.total_out() as usize != out.len() && (status == Status::StreamEnd || !progress) {
            return Err(Error::Truncated {
                what: "inflated frame",
                expected: out.len() as u64,
                found: decompress.total_out(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Photometric;

    fn description(rows: u32, columns: u32, samples_per_pixel: u16, bits: u16) -> FrameDescription {
        FrameDescription {
            rows,
            columns,
            samples_per_pixel,
            bits_allocated: bits,
            bits_stored: bits,
            high_bit: bits - 1,
            signed: false,
            planar: samples_per_pixel > 1,
            photometric: if samples_per_pixel > 1 {
                Photometric::Rgb
            } else {
                Photometric::Monochrome2
            },
        }
    }

    #[test]
    fn what_is_deflated_inflates_to_the_same() {
        for (samples, bits) in [(1, 1), (1, 8), (1, 16), (3, 8), (3, 16)] {
            let description = description(7, 5, samples, bits);
            let size = description.frame_bytes().unwrap();
            let values: Vec<u8> = (0..size)
                .map(|at| if bits == 1 { at % 3 == 0 } else { at % 5 > 1 } as u8)
                .collect();
            let frame = Deflate.encode(&values, &description).unwrap();
            let mut out = vec![0; size];
            Deflate.decode(&frame, &description, &mut out).unwrap();
            assert_eq!(out, values);
        }
    }

    #[test]
    fn a_short_or_broken_stream_is_an_error() {
        let large = description(9, 9, 1, 8);
        let frame = Deflate.encode(&[3; 25], &description(5, 5, 1, 8)).unwrap();
        let error = Deflate.decode(&frame, &large, &mut [0; 81]).unwrap_err();
        assert_eq!(error.to_string(), "inflated frame: expected 81 bytes, found 25");
        let error = Deflate.decode(&[0xFF; 9], &large, &mut [0; 81]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "deflate frame cannot be decoded: its deflate stream is broken"
        );
        assert!(Deflate.decode(&[], &large, &mut [0; 81]).is_err());
    }
}

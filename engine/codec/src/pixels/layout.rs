//! Uncompressed frames: how their samples are stored, and how they come to lie pixel by pixel.

use std::borrow::Cow;

use crate::compression::Decoded;
use crate::{Error, FrameDescription, Photometric, Result};

/// Byte order of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Nothing is swapped.
    LittleEndian,
    /// Each cell is most significant byte first.
    SwappedCells,
    /// Cells of a byte or less travel in swapped 16-bit words.
    SwappedPairs,
}

/// How the samples of an uncompressed frame are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// The samples of a pixel side by side.
    ByPixel,
    /// One plane a sample.
    ByPlane,
    /// Two pixels share their colour differences: Y1 Y2 Cb Cr (PS3.3 C.7.6.3.1.2, YBR_FULL_422).
    Pairs,
    /// Eight pixels a byte, the first in the lowest bit (PS3.5 8.1.1).
    Bits,
}

impl Layout {
    fn of(stored: &FrameDescription) -> Self {
        match stored.photometric {
            _ if stored.bits_allocated == 1 => Self::Bits,
            Photometric::YbrFull422 | Photometric::YbrPartial422 => Self::Pairs,
            _ if stored.planar && stored.samples_per_pixel > 1 => Self::ByPlane,
            _ => Self::ByPixel,
        }
    }
}

/// Whether a frame is stored as it comes out.
pub(crate) fn is_by_pixel(stored: &FrameDescription) -> bool {
    Layout::of(stored) == Layout::ByPixel
}

/// Gives the bits that one uncompressed frame takes.
pub(crate) fn stored_frame_bits(stored: &FrameDescription) -> u64 {
    let cell = u64::from(stored.bits_allocated);
    match Layout::of(stored) {
        Layout::Pairs => u64::from(stored.rows) * u64::from(stored.columns.div_ceil(2)) * 4 * cell,
        _ => u64::from(stored.rows) * u64::from(stored.columns) * u64::from(stored.samples_per_pixel) * cell,
    }
}

/// Lays the frame that begins at `first_bit` of `bytes` out in `out`, pixel by pixel.
///
/// # Errors
///
/// [`Error::Truncated`] when the frame does not lie within `bytes`; [`Error::Invalid`] for colour
/// differences at half the rows, which no uncompressed frame has.
pub(crate) fn arrange(stored: &FrameDescription, bytes: &[u8], first_bit: u64, out: &mut [u8]) -> Result<()> {
    check(stored, out.len())?;
    if stored.photometric == Photometric::YbrPartial420 {
        return Err(Error::Invalid {
            what: "Photometric Interpretation of uncompressed pixel data",
            expected: "one that is not for video only".to_owned(),
            found: "YBR_PARTIAL_420".to_owned(),
        });
    }
    let end_bit = first_bit.saturating_add(stored_frame_bits(stored));
    let found = bytes.len() as u64;
    if end_bit.div_ceil(8) > found {
        return Err(Error::Truncated {
            what: "pixel data",
            expected: end_bit.div_ceil(8),
            found,
        });
    }
    let frame = &bytes[(first_bit / 8) as usize..end_bit.div_ceil(8) as usize];
    match (Layout::of(stored), stored.bytes_per_sample()) {
        (Layout::Bits, _) => unpack_bits(frame, (first_bit % 8) as u32, out),
        (Layout::ByPixel, _) => out.copy_from_slice(frame),
        (Layout::ByPlane, 1) => interleave::<1>(frame, out),
        (Layout::ByPlane, 2) => interleave::<2>(frame, out),
        (Layout::ByPlane, 4) => interleave::<4>(frame, out),
        (Layout::ByPlane, _) => interleave::<8>(frame, out),
        (Layout::Pairs, 1) => spread_pairs::<1>(frame, stored.columns as usize, out),
        (Layout::Pairs, 2) => spread_pairs::<2>(frame, stored.columns as usize, out),
        (Layout::Pairs, 4) => spread_pairs::<4>(frame, stored.columns as usize, out),
        (Layout::Pairs, _) => spread_pairs::<8>(frame, stored.columns as usize, out),
    }
    Ok(())
}

/// Refuses descriptions that no frame has, and an output of another size.
///
/// # Errors
///
/// [`Error::Invalid`]; [`Error::TooLarge`] above [`crate::frame::MAX_FRAME_BYTES`].
pub(crate) fn check(stored: &FrameDescription, out_bytes: usize) -> Result<()> {
    let expected = stored.frame_bytes()?;
    let invalid = |what, expected: String, found: String| {
        Err(Error::Invalid {
            what,
            expected,
            found,
        })
    };
    if expected != out_bytes {
        return invalid(
            "output of a frame",
            format!("{expected} bytes"),
            format!("{out_bytes} bytes"),
        );
    }
    match (stored.bits_allocated, stored.samples_per_pixel) {
        (8 | 16 | 32 | 64, 1 | 3) | (1, 1) => Ok(()),
        (bits, samples) => invalid(
            "samples of a pixel",
            "1 or 3 of 8, 16, 32 or 64 bits, or one bit".to_owned(),
            format!("{samples} of {bits} bits"),
        ),
    }
}

/// Gives what [`arrange`] makes of a frame.
pub(crate) fn decoded(stored: &FrameDescription) -> Decoded {
    let photometric = match Layout::of(stored) {
        Layout::Pairs if stored.photometric == Photometric::YbrFull422 => Photometric::YbrFull,
        _ => stored.photometric,
    };
    Decoded {
        photometric,
        precision: stored.bits_stored,
        signed: Some(stored.signed),
    }
}

/// Gives a frame as it is stored: the inverse of [`arrange`].
///
/// # Errors
///
/// [`Error::Invalid`] for values of another size than described, and for colour differences at half the
/// columns: halving them loses something, so it is not done in passing.
pub(crate) fn store(values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
    check(description, values.len())?;
    match (Layout::of(description), description.bytes_per_sample()) {
        (Layout::Bits, _) => Ok(pack_bits(values)),
        (Layout::ByPixel, _) => Ok(values.to_vec()),
        (Layout::ByPlane, bytes) => Ok(planes(values, bytes)),
        (Layout::Pairs, _) => Err(Error::Invalid {
            what: "Photometric Interpretation to encode",
            expected: "full colour differences".to_owned(),
            found: description.photometric.term().to_owned(),
        }),
    }
}

/// Gives the three planes of pixels whose samples take `bytes` bytes.
fn planes(values: &[u8], bytes: usize) -> Vec<u8> {
    let plane = |sample: usize| {
        values
            .chunks_exact(3 * bytes)
            .flat_map(move |pixel| &pixel[sample * bytes..(sample + 1) * bytes])
    };
    (0..3).flat_map(plane).copied().collect()
}

/// Reverses the bytes of every cell, in place.
pub(crate) fn swap_cells(bytes_per_sample: usize, samples: &mut [u8]) {
    fn swap<const BYTES: usize>(samples: &mut [u8], reversed: impl Fn([u8; BYTES]) -> [u8; BYTES]) {
        samples
            .as_chunks_mut::<BYTES>()
            .0
            .iter_mut()
            .for_each(|cell| *cell = reversed(*cell));
    }
    // Through integers the loops become byte shuffles of whole registers.
    match bytes_per_sample {
        2 => swap(samples, |cell| u16::from_le_bytes(cell).to_be_bytes()),
        4 => swap(samples, |cell| u32::from_le_bytes(cell).to_be_bytes()),
        8 => swap(samples, |cell| u64::from_le_bytes(cell).to_be_bytes()),
        _ => {}
    }
}

/// Gives the bytes `start..end` of a value whose 16-bit words are swapped.
///
/// A last byte without partner stays where it is.
pub(crate) fn unswap_pairs(value: &[u8], start: usize, end: usize) -> Cow<'_, [u8]> {
    (start..end.min(value.len()))
        .map(|at| *value.get(at ^ 1).unwrap_or(&value[at]))
        .collect()
}

fn interleave<const BYTES: usize>(planes: &[u8], out: &mut [u8]) {
    let (samples, _) = planes.as_chunks::<BYTES>();
    let (pixels, _) = out.as_chunks_mut::<BYTES>();
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    let (first, rest) = samples.split_at(samples.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    for (((pixel, a), b), c) in pixels.iter_mut().zip(first).zip(second).zip(third) {
        *pixel = [*a, *b, *c];
    }
}

fn spread_pairs<const BYTES: usize>(frame: &[u8], columns: usize, out: &mut [u8]) {
    let (samples, _) = frame.as_chunks::<BYTES>();
    let (pairs, _) = samples.as_chunks::<4>();
    let (pixels, _) = out.as_chunks_mut::<BYTES>();
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    // An odd last column has a pair of its own.
    for (row, pairs) in pixels
        .chunks_mut(columns.max(1))
        .zip(pairs.chunks(columns.div_ceil(2).max(1)))
    {
        for (pixels, &[first, second, cb, cr]) in row.chunks_mut(2).zip(pairs) {
            pixels[0] = [first, cb, cr];
            if let Some(pixel) = pixels.get_mut(1) {
                *pixel = [second, cb, cr];
            }
        }
    }
}

/// Gives one byte a pixel, 0 or 1, from packed bits that begin at bit `shift` (0 to 7) of the first byte.
pub(crate) fn unpack_bits(packed: &[u8], shift: u32, out: &mut [u8]) {
    let following = packed.iter().skip(1).copied().chain([0]);
    for ((byte, next), pixels) in packed.iter().zip(following).zip(out.chunks_mut(8)) {
        let byte = (u16::from_le_bytes([*byte, next]) >> shift) as u8;
        pixels.copy_from_slice(&spread(byte)[..pixels.len()]);
    }
}

/// Gives bit `i` of `byte` as byte `i`.
fn spread(byte: u8) -> [u8; 8] {
    // Bit i is singled out in byte i; adding 0x7F carries any non-zero byte into its top bit.
    let single = u64::from(byte).wrapping_mul(0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
    (((single + 0x7F7F_7F7F_7F7F_7F7F) >> 7) & 0x0101_0101_0101_0101).to_le_bytes()
}

/// Packs one byte a pixel (not 0 is 1) eight to a byte, the first in the lowest bit.
pub(crate) fn pack_bits(pixels: &[u8]) -> Vec<u8> {
    let pack = |byte: &[u8]| {
        byte.iter()
            .enumerate()
            .fold(0, |packed, (bit, pixel)| packed | (u8::from(*pixel != 0) << bit))
    };
    pixels.chunks(8).map(pack).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_out_from_any_start() {
        let packed = [0b1010_0110, 0b0000_1111, 0b1100_0011];
        for first in 0..8 {
            for pixels in 0..=24 - first as usize {
                let mut out = vec![9; pixels];
                let end = (first as usize + pixels).div_ceil(8);
                unpack_bits(&packed[..end], first, &mut out);
                let expected: Vec<u8> = (0..pixels)
                    .map(|at| at + first as usize)
                    .map(|bit| packed[bit / 8] >> (bit % 8) & 1)
                    .collect();
                assert_eq!(out, expected, "from {first}");
            }
        }
        let mut out = [0; 24];
        unpack_bits(&packed, 0, &mut out);
        assert_eq!(pack_bits(&out), packed);
    }

    #[test]
    fn odd_columns_keep_their_own_pair() {
        let mut out = [0; 18];
        spread_pairs::<1>(
            &[1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10, 11, 12, 0, 13, 14],
            3,
            &mut out,
        );
        assert_eq!(out, [1, 3, 4, 2, 3, 4, 5, 6, 7, 8, 10, 11, 9, 10, 11, 12, 13, 14]);
    }

    #[test]
    fn pairs_swap_back_across_odd_frames() {
        let value = [2, 1, 4, 3, 6, 5];
        assert_eq!(*unswap_pairs(&value, 0, 3), [1, 2, 3]);
        assert_eq!(*unswap_pairs(&value, 3, 6), [4, 5, 6]);
        assert_eq!(*unswap_pairs(&[2, 1, 4], 1, 3), [2, 4]);
    }
}

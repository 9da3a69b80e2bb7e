//! RLE Lossless (PS3.5 Annex G): PackBits segments, one a byte plane.
//!
//! A frame is a header of 16 little endian words (the number of segments, then their offsets) and one
//! segment for every byte of a pixel: sample by sample, most significant byte first. One-bit frames are
//! one segment of packed bits.

use crate::compression::{Decoded, Decoder, Encoder};
use crate::pixels::layout;
use crate::{Error, FrameDescription, Photometric, Result};

const HEADER: usize = 64;
const MAX_SEGMENTS: usize = 15;

/// Decoder and encoder of RLE frames.
#[derive(Debug, Clone, Copy)]
pub struct Rle;

impl Decoder for Rle {
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        layout::check(description, out.len())?;
        let pixels = description.pixels();
        let segments = segments(frame, description)?;
        match (description.bits_allocated, segments.as_slice()) {
            (1, [packed]) => {
                let mut bits = vec![0; pixels.div_ceil(8)];
                unpack(packed, &mut bits)?;
                layout::unpack_bits(&bits, 0, out);
            }
            (_, [only]) => unpack(only, out)?,
            (_, several) => {
                let mut planes = vec![0; out.len()];
                // An image without pixels has planes without bytes, which are no chunks.
                for (segment, plane) in several.iter().zip(planes.chunks_exact_mut(pixels.max(1))) {
                    unpack(segment, plane)?;
                }
                interleave(&planes, description, out);
            }
        }
        let photometric = match description.photometric {
            // Segments are whole planes: nothing is subsampled whatever the header says.
            Photometric::YbrFull422 => Photometric::YbrFull,
            other => other,
        };
        Ok(Decoded {
            photometric,
            precision: description.bits_stored,
            signed: Some(description.signed),
        })
    }
}

/// Gives the segments of a frame; each ends where the next begins.
fn segments<'f>(frame: &'f [u8], description: &FrameDescription) -> Result<Vec<&'f [u8]>> {
    let expected = usize::from(description.samples_per_pixel) * description.bytes_per_sample();
    let (words, _) = frame.get(..HEADER).unwrap_or_default().as_chunks::<4>();
    let mut words = words.iter().map(|word| u32::from_le_bytes(*word) as usize);
    let found = words.next().ok_or(Error::Truncated {
        what: "RLE header",
        expected: HEADER as u64,
        found: frame.len() as u64,
    })?;
    if found != expected || found > MAX_SEGMENTS {
        return Err(damaged(format!("expected {expected} segments, found {found}")));
    }
    let mut offsets: Vec<usize> = words.take(found).collect();
    offsets.push(frame.len());
    let segment = |ends: &[usize]| frame.get(ends[0].max(HEADER)..ends[1].min(frame.len()));
    let outside = || {
        damaged(format!(
            "expected ascending offsets from {HEADER} on, found {offsets:?}"
        ))
    };
    offsets
        .windows(2)
        .map(|ends| segment(ends).ok_or_else(outside))
        .collect()
}

/// Fills `plane` from PackBits; what the segment holds beyond it is padding.
fn unpack(segment: &[u8], plane: &mut [u8]) -> Result<()> {
    let (mut read, mut written) = (0, 0);
    while written < plane.len() {
        let room = plane.len() - written;
        let (control, rest) = segment[read..]
            .split_first()
            .ok_or_else(|| short(plane.len(), written))?;
        let copied = usize::from(*control) + 1;
        match *control {
            0..=127 => {
                // A last literal may go on into the padding.
                let count = copied.min(room);
                copy(rest, &mut plane[written..], count).ok_or_else(|| short(plane.len(), written))?;
                read += 1 + copied;
                written += count;
            }
            128 => read += 1,
            129.. => {
                let value = *rest.first().ok_or_else(|| short(plane.len(), written))?;
                let count = (257 - usize::from(*control)).min(room);
                repeat(value, &mut plane[written..], count);
                read += 2;
                written += count;
            }
        }
        read = read.min(segment.len());
    }
    Ok(())
}

/// Bytes that are copied at once where there is room: most runs are short, and a move of fixed size costs
/// less than one of the right size.
const STRIDE: usize = 16;

/// Copies `count` (1 to 128) bytes to the front of `to`, and perhaps rubbish behind them.
fn copy(from: &[u8], to: &mut [u8], count: usize) -> Option<()> {
    if count <= STRIDE
        && let (Some(from), Some(to)) = (from.first_chunk::<STRIDE>(), to.first_chunk_mut::<STRIDE>())
    {
        *to = *from;
        return Some(());
    }
    to[..count].copy_from_slice(from.get(..count)?);
    Some(())
}

/// Writes `value` `count` (2 to 128) times to the front of `to`, and perhaps more often.
fn repeat(value: u8, to: &mut [u8], count: usize) {
    if count <= STRIDE
        && let Some(to) = to.first_chunk_mut::<STRIDE>()
    {
        *to = [value; STRIDE];
        return;
    }
    to[..count].fill(value);
}

/// Brings planes, the most significant byte of each sample first, into pixels of little endian samples.
fn interleave(planes: &[u8], description: &FrameDescription, out: &mut [u8]) {
    let pixels = description.pixels();
    let plane = |index: usize| &planes[index * pixels..(index + 1) * pixels];
    match (description.samples_per_pixel, description.bytes_per_sample()) {
        (1, 2) => {
            for ((sample, high), low) in out.as_chunks_mut().0.iter_mut().zip(plane(0)).zip(plane(1)) {
                *sample = [*low, *high];
            }
        }
        (3, 1) => {
            let pixels = out.as_chunks_mut().0.iter_mut();
            for (((pixel, red), green), blue) in pixels.zip(plane(0)).zip(plane(1)).zip(plane(2)) {
                *pixel = [*red, *green, *blue];
            }
        }
        (samples, bytes) => {
            let stride = usize::from(samples) * bytes;
            for index in 0..stride {
                let place = index / bytes * bytes + (bytes - 1 - index % bytes);
                for (pixel, value) in out.chunks_exact_mut(stride).zip(plane(index)) {
                    pixel[place] = *value;
                }
            }
        }
    }
}

impl Encoder for Rle {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        layout::check(description, values.len())?;
        let bytes = description.bytes_per_sample();
        let stride = usize::from(description.samples_per_pixel) * bytes;
        if stride > MAX_SEGMENTS {
            return Err(Error::Invalid {
                what: "RLE frame",
                expected: format!("at most {MAX_SEGMENTS} bytes a pixel"),
                found: stride.to_string(),
            });
        }
        let columns = description.columns as usize;
        let mut segments = Segments::new(stride);
        if description.bits_allocated == 1 {
            // Rows of packed bits begin anywhere in a byte: only whole bytes can be kept apart.
            let row = if columns.is_multiple_of(8) {
                columns / 8
            } else {
                usize::MAX
            };
            segments.push(&layout::pack_bits(values), row);
        } else {
            for index in 0..stride {
                let place = index / bytes * bytes + (bytes - 1 - index % bytes);
                let plane: Vec<u8> = values.iter().skip(place).step_by(stride).copied().collect();
                segments.push(&plane, columns);
            }
        }
        segments.finish()
    }
}

/// A frame being written.
struct Segments {
    frame: Vec<u8>,
    offsets: Vec<usize>,
}

impl Segments {
    fn new(count: usize) -> Self {
        Self {
            frame: vec![0; HEADER],
            offsets: Vec::with_capacity(count),
        }
    }

    /// Appends one plane; runs do not go on from row to row (PS3.5 G.3.1).
    fn push(&mut self, plane: &[u8], row: usize) {
        self.offsets.push(self.frame.len());
        plane
            .chunks(row.max(1))
            .for_each(|row| pack(row, &mut self.frame));
        self.frame.resize(self.frame.len().next_multiple_of(2), 0);
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        let words = [self.offsets.len()].into_iter().chain(self.offsets);
        for (place, word) in self.frame.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            let word = u32::try_from(word).map_err(|_| Error::TooLarge {
                what: "RLE frame in bytes",
                limit: u64::from(u32::MAX),
                found: word as u64,
            })?;
            *place = word.to_le_bytes();
        }
        Ok(self.frame)
    }
}

/// Appends a row as PackBits.
fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut literal = 0..0;
    let flush = |literal: &std::ops::Range<usize>, out: &mut Vec<u8>| {
        for part in row[literal.clone()].chunks(128) {
            out.push((part.len() - 1) as u8);
            out.extend(part);
        }
    };
    for run in row.chunk_by(|a, b| a == b) {
        let (start, end) = (literal.end, literal.end + run.len());
        // Two equal bytes amid others cost the same either way and would break the literal.
        if run.len() < 3 && !(run.len() == 2 && literal.is_empty()) {
            literal.end = end;
            continue;
        }
        flush(&literal, out);
        for part in row[start..end].chunks(128) {
            match part.len() {
                1 => out.extend([0, part[0]]),
                length => out.extend([(257 - length) as u8, part[0]]),
            }
        }
        literal = end..end;
    }
    flush(&literal, out);
}

fn short(expected: usize, found: usize) -> Error {
    Error::Truncated {
        what: "RLE segment",
        expected: expected as u64,
        found: found as u64,
    }
}

fn damaged(reason: String) -> Error {
    Error::Damaged { codec: "RLE", reason }
}

#[cfg(test)]
mod tests;

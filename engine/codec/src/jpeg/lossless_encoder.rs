//! Lossless encoding (T.81 Annex H) with a Huffman table made for the frame.

use super::bits::BitWriter;
use super::header::invalid;
use super::huffman::{Specification, optimal};
use super::lossless::predict;
use super::samples::read_samples;
use super::segment::{EOI, SOI, SOS};
use crate::{Encoder, FrameDescription, Result};

/// Encodes lossless frames (process 14): transfer syntax 4.70 with predictor 1, else 4.57.
///
/// Samples are coded in Bits Stored bits, which become the stream's precision. Colour frames are coded
/// as they are, without a colour transform: their photometric interpretation stays true.
#[derive(Debug, Clone, Copy)]
pub struct JpegLossless {
    /// Selection value of the predictor, 1 to 7 (table H.1).
    pub selection_value: u8,
}

impl Default for JpegLossless {
    /// The first-order predictor, the only one that transfer syntax 4.70 allows.
    fn default() -> Self {
        Self { selection_value: 1 }
    }
}

impl Encoder for JpegLossless {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        self.check(values, description)?;
        let mut counts = [0u32; 17];
        self.differences(values, description, |difference| {
            counts[size(difference) as usize] += 1
        })?;
        let specification = optimal(&counts);
        let mut codes = [(0, 0); 17];
        specification
            .codes()
            .for_each(|(symbol, code, length)| codes[usize::from(symbol)] = (code, length));

        let mut out = Vec::with_capacity(values.len() / 2 + 128);
        self.write_headers(&mut out, description, &specification);
        let mut writer = BitWriter::new(out);
        self.differences(values, description, |difference| {
            let size = size(difference);
            let (code, length) = codes[size as usize];
            // A size of 16 takes no further bits.
            let more = size % 16;
            let low = (difference - i32::from(difference < 0)) as u32 & ((1 << more) - 1);
            writer.put(code << more | low, length + more);
        })?;
        let mut out = writer.finish();
        out.extend([0xff, EOI]);
        Ok(out)
    }
}

impl JpegLossless {
    fn check(&self, values: &[u8], description: &FrameDescription) -> Result<()> {
        let FrameDescription {
            rows,
            columns,
            samples_per_pixel,
            bits_allocated,
            bits_stored,
            ..
        } = *description;
        let bytes = description.frame_bytes()?;
        let fits = (1..=0xffff).contains(&rows) && (1..=0xffff).contains(&columns);
        let samples_fit = (1..=4).contains(&samples_per_pixel) && (2..=16).contains(&bits_stored);
        let room = matches!(bits_allocated, 8 | 16) && bits_stored <= bits_allocated;
        if !fits || !samples_fit || !room || values.len() != bytes || !(1..=7).contains(&self.selection_value)
        {
            let found = format!(
                "{} bytes of {rows} x {columns} pixels of {samples_per_pixel} samples of {bits_stored} bits, predictor {}",
                values.len(),
                self.selection_value
            );
            let expected = format!("{bytes} bytes, 2 to 16 bits stored, predictor 1 to 7");
            return Err(invalid("JPEG lossless frame", expected, found));
        }
        Ok(())
    }

    /// Gives every difference in the order of coding, from -32767 to 32768.
    fn differences(
        &self,
        values: &[u8],
        description: &FrameDescription,
        mut next: impl FnMut(i32),
    ) -> Result<()> {
        let columns = description.columns as usize;
        let components = usize::from(description.samples_per_pixel);
        let mut above = vec![vec![0u16; columns]; components];
        let mut current = above.clone();
        let mut start = 1u16 << (description.bits_stored - 1);
        for row in 0..description.rows as usize {
            for (component, current) in current.iter_mut().enumerate() {
                read_samples(values, description, row, component, current)?;
            }
            for x in 0..columns {
                for (current, above) in current.iter().zip(&above) {
                    let prediction = match (row, x) {
                        (0, 0) => start,
                        (0, _) => current[x - 1],
                        (_, 0) => above[0],
                        _ => predict(
                            usize::from(self.selection_value),
                            current[x - 1],
                            above[x],
                            above[x - 1],
                        ),
                    };
                    let difference = i32::from(current[x].wrapping_sub(prediction) as i16);
                    next(if difference == -32768 { 32768 } else { difference });
                }
            }
            std::mem::swap(&mut above, &mut current);
            start = 0;
        }
        Ok(())
    }

    fn write_headers(&self, out: &mut Vec<u8>, description: &FrameDescription, table: &Specification) {
        let components = description.samples_per_pixel as u8;
        out.extend([
            0xff,
            SOI,
            0xff,
            0xc3,
            0,
            8 + 3 * components,
            description.bits_stored as u8,
        ]);
        out.extend((description.rows as u16).to_be_bytes());
        out.extend((description.columns as u16).to_be_bytes());
        out.push(components);
        (1..=components).for_each(|id| out.extend([id, 0x11, 0]));
        out.extend([0xff, 0xc4, 0, 19 + table.symbols.len() as u8, 0]);
        out.extend(table.counts);
        out.extend(&table.symbols);
        out.extend([0xff, SOS, 0, 6 + 2 * components, components]);
        (1..=components).for_each(|id| out.extend([id, 0]));
        out.extend([self.selection_value, 0, 0]);
    }
}

/// Number of bits that tell a difference from others of its size class (table H.2).
#[inline(always)]
fn size(difference: i32) -> u32 {
    32 - difference.unsigned_abs().leading_zeros()
}

//! Decodes high-throughput code-blocks (ITU-T T.814 clause 7).
//!
//! The clean-up pass codes all bit-planes but the lowest ones at once, in quads of two by two samples,
//! from three bit streams in one segment: magnitudes and signs from its start, the run-length code
//! (MEL) behind them, the variable-length code backwards from its end. Two optional passes refine by one
//! bit-plane.

use crate::Result;

use super::block::SIGN;
use super::damaged;
use super::ht_tables::{BY_BITS, Codeword, RUN_BITS};

/// Reads bits from the lowest of each byte on; a byte after one of ones has seven.
struct Forward<'a> {
    bytes: std::slice::Iter<'a, u8>,
    after_end: u8,
    buffer: u64,
    count: u32,
    stuffed: bool,
}

impl<'a> Forward<'a> {
    fn new(bytes: &'a [u8], after_end: u8) -> Self {
        Self {
            bytes: bytes.iter(),
            after_end,
            buffer: 0,
            count: 0,
            stuffed: false,
        }
    }

    /// Reads up to 32 bits.
    #[inline]
    fn bits(&mut self, count: u32) -> u32 {
        while self.count < count {
            let byte = self.bytes.next().copied().unwrap_or(self.after_end);
            let (byte, bits) = if self.stuffed { (byte & 0x7F, 7) } else { (byte, 8) };
            self.stuffed = byte == 0xFF;
            self.buffer |= u64::from(byte) << self.count;
            self.count += bits;
        }
        let value = (self.buffer & ((1 << count) - 1)) as u32;
        self.buffer >>= count;
        self.count -= count;
        value
    }
}

/// Reads bits from the last byte to the first, the lowest bit first; a byte of seven ones before a byte
/// above 0x8F (in reading order) has seven bits. Zeros follow the end.
struct Backward<'a> {
    bytes: std::iter::Rev<std::slice::Iter<'a, u8>>,
    buffer: u64,
    count: u32,
    above_8f: bool,
}

impl<'a> Backward<'a> {
    /// Starts at the variable-length code: its last byte's lower half belongs to the segment's length.
    fn of_clean_up(bytes: &'a [u8]) -> Self {
        let mut bytes = bytes.iter().rev();
        let last = bytes.next().copied().unwrap_or(0);
        let half = u64::from(last >> 4);
        let count = if half & 7 == 7 { 3 } else { 4 };
        Self {
            bytes,
            buffer: half & ((1 << count) - 1),
            count,
            above_8f: last | 0xF > 0x8F,
        }
    }

    fn of_refinement(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes.iter().rev(),
            buffer: 0,
            count: 0,
            above_8f: true,
        }
    }

    /// Makes at least 32 bits available and gives them without taking them.
    #[inline]
    fn peek(&mut self) -> u32 {
        while self.count < 32 {
            let byte = self.bytes.next().copied().unwrap_or(0);
            let short = self.above_8f && byte & 0x7F == 0x7F;
            self.above_8f = byte > 0x8F;
            self.buffer |= u64::from(if short { 0x7F } else { byte }) << self.count;
            self.count += if short { 7 } else { 8 };
        }
        self.buffer as u32
    }

    #[inline]
    fn skip(&mut self, count: u32) {
        self.buffer >>= count;
        self.count -= count;
    }

    fn bits(&mut self, count: u32) -> u32 {
        let value = self.peek() & ((1 << count) - 1);
        self.skip(count);
        value
    }
}

/// Decodes the adaptive run-length code: events, mostly false (T.814 7.3.3).
struct RunLengths<'a> {
    bytes: std::slice::Iter<'a, u8>,
    byte: u8,
    left: u32,
    state: usize,
    /// False events before the next true one, or before the run's end.
    run: u32,
    ends_true: bool,
}

impl<'a> RunLengths<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes.iter(),
            byte: 0,
            left: 0,
            state: 0,
            run: 0,
            ends_true: false,
        }
    }

    fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = self.bytes.next().copied().unwrap_or(0xFF);
            if self.bytes.as_slice().is_empty() {
                // The last byte's lower half belongs to the segment's length.
                self.byte |= 0xF;
            }
        }
        self.left -= 1;
        u32::from(self.byte >> self.left & 1)
    }

    fn event(&mut self) -> bool {
        if self.run == 0 && !self.ends_true {
            let bits = RUN_BITS[self.state];
            self.ends_true = self.bit() == 0;
            if self.ends_true {
                self.run = (0..bits).fold(0, |run, _| run << 1 | self.bit());
                self.state = self.state.saturating_sub(1);
            } else {
                self.run = 1 << bits;
                self.state = (self.state + 1).min(12);
            }
        }
        if self.run > 0 {
            self.run -= 1;
            return false;
        }
        std::mem::take(&mut self.ends_true)
    }
}

/// The bytes of a block: the clean-up pass, and the refinement passes with their number (0 to 2).
#[derive(Debug, Clone, Copy)]
pub(super) struct HtSegments<'a> {
    pub(super) clean_up: &'a [u8],
    pub(super) refinement: &'a [u8],
    pub(super) refinement_passes: u8,
}

/// Decodes blocks; keeps its memory for the next one.
#[derive(Debug, Default)]
pub(super) struct HtDecoder {
    /// Columns and rows, even.
    stride: usize,
    rows: usize,
    /// Magnitude times two, with half a bit-plane, and [`SIGN`].
    values: Vec<u32>,
    /// Exponents of the row of samples above the quads, and of the quads' lower row; two more on each
    /// side.
    above: Vec<u8>,
    below: Vec<u8>,
}

/// The three bit streams of a clean-up pass.
struct CleanUp<'a> {
    magnitudes: Forward<'a>,
    runs: RunLengths<'a>,
    codes: Backward<'a>,
    /// Bit-plane of the lowest bit, and the largest exponent that the zero bit-planes leave.
    plane: u32,
    largest: u32,
}

impl HtDecoder {
    /// Decodes a block of `width` by `height` samples with `zero_planes` bit-planes above the
    /// `bit_planes` that are coded.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] for segments that cannot be.
    pub(super) fn decode(
        &mut self,
        (width, height): (usize, usize),
        (zero_planes, bit_planes): (u8, u8),
        segments: HtSegments<'_>,
        causal: bool,
    ) -> Result<()> {
        (self.stride, self.rows) = (width.next_multiple_of(2), height.next_multiple_of(2));
        self.values.clear();
        self.values.resize(self.stride * self.rows, 0);
        for exponents in [&mut self.above, &mut self.below] {
            exponents.clear();
            exponents.resize(self.stride + 4, 0);
        }
        // A value's half lies one below its bit-plane, so plane 0 has the half at bit 0.
        let Some(plane) = bit_planes.checked_sub(1) else {
            return Err(damaged("a code-block has a pass but no bit-planes"));
        };
        let mut streams = CleanUp::new(segments.clean_up, u32::from(plane), u32::from(zero_planes) + 2)?;
        for row in (0..height).step_by(2) {
            self.quad_row(row, &mut streams)?;
            std::mem::swap(&mut self.above, &mut self.below);
        }
        if segments.refinement_passes == 0 {
            return Ok(());
        }
        if plane == 0 {
            return Err(damaged("a code-block has more passes than its bit-planes"));
        }
        self.significance_pass((width, height), u32::from(plane), segments.refinement, causal);
        if segments.refinement_passes == 2 {
            self.refinement_pass((width, height), u32::from(plane), segments.refinement);
        }
        Ok(())
    }

    /// Decodes which samples beside significant ones have the next bit (T.814 7.4).
    fn significance_pass(&mut self, (width, height): (usize, usize), plane: u32, bytes: &[u8], causal: bool) {
        let mut bits = Forward::new(bytes, 0);
        let newly = 3 << (plane - 1);
        for top in (0..height).step_by(4) {
            let rows = top..(top + 4).min(height);
            for left in (0..width).step_by(4) {
                // The signs of a group of four by four follow its significances.
                let mut signs = [0; 16];
                let mut count = 0;
                for column in left..(left + 4).min(width) {
                    for row in rows.clone() {
                        let below = if causal { rows.end } else { height };
                        let at = row * self.stride + column;
                        let is_asked =
                            self.values[at] == 0 && self.has_neighbour((column, row), width, below);
                        if is_asked && bits.bits(1) != 0 {
                            self.values[at] = newly;
                            signs[count] = at;
                            count += 1;
                        }
                    }
                }
                for at in &signs[..count] {
                    self.values[*at] |= bits.bits(1) << 31;
                }
            }
        }
    }

    fn has_neighbour(&self, (column, row): (usize, usize), width: usize, below: usize) -> bool {
        (row.saturating_sub(1)..(row + 2).min(below)).any(|row| {
            let from = row * self.stride;
            self.values[from + column.saturating_sub(1)..from + (column + 2).min(width)]
                .iter()
                .any(|value| *value != 0)
        })
    }

    /// Decodes the next bit of the samples that the clean-up pass found (T.814 7.5).
    fn refinement_pass(&mut self, (width, height): (usize, usize), plane: u32, bytes: &[u8]) {
        let mut bits = Backward::of_refinement(bytes);
        for top in (0..height).step_by(4) {
            for column in 0..width {
                for row in top..(top + 4).min(height) {
                    let value = &mut self.values[row * self.stride + column];
                    // The significance pass leaves nothing as large as the clean-up pass does.
                    if *value & !SIGN > 1 << (plane + 1) {
                        let half = 1 << (plane - 1);
                        *value = if bits.bits(1) != 0 {
                            *value + half
                        } else {
                            *value - half
                        };
                    }
                }
            }
        }
    }

    /// Gives a decoded value: magnitude times two, with half a bit-plane, and [`SIGN`].
    pub(super) fn value(&self, column: usize, row: usize) -> u32 {
        self.values[row * self.stride + column]
    }

    /// Decodes a row of quads, two quads at a time.
    fn quad_row(&mut self, row: usize, streams: &mut CleanUp<'_>) -> Result<()> {
        let first_row = row == 0;
        let mut left = 0;
        for column in (0..self.stride).step_by(4) {
            let first = streams.codeword(first_row, self.context(first_row, column, left));
            let mut second = Codeword::NOTHING;
            if column + 2 < self.stride {
                let context = self.context(first_row, column + 2, first.rho());
                second = streams.codeword(first_row, context);
            }
            left = second.rho();
            let excess = streams.excess(first_row, first.u_off(), second.u_off());
            self.quad(streams, first, excess.0, (column, row))?;
            if column + 2 < self.stride {
                self.quad(streams, second, excess.1, (column + 2, row))?;
            }
        }
        Ok(())
    }

    /// The neighbours' significance as a context (T.814 equations 1 and 2).
    fn context(&self, first_row: bool, column: usize, left: u32) -> u32 {
        if first_row {
            return u32::from(left & 3 != 0) | left >> 1 & 6;
        }
        let above = &self.above[column + 1..column + 5];
        u32::from(above[0] | above[1] != 0)
            | u32::from(left & 12 != 0) << 1
            | u32::from(above[2] | above[3] != 0) << 2
    }

    /// Decodes the four samples of a quad.
    fn quad(
        &mut self,
        streams: &mut CleanUp<'_>,
        codeword: Codeword,
        excess: u32,
        (column, row): (usize, usize),
    ) -> Result<()> {
        let rho = codeword.rho();
        let mut predicted = 1;
        if row > 0 && rho & rho.wrapping_sub(1) != 0 {
            let above = &self.above[column + 1..column + 5];
            let largest = above.iter().copied().max().unwrap_or(0);
            predicted = u32::from(largest.saturating_sub(1)).max(1);
        }
        let exponent = predicted + excess;
        if exponent > streams.largest {
            return Err(damaged("a quad's exponent exceeds its code-block's bit-planes"));
        }
        let mut exponents = [0; 4];
        for (sample, own) in exponents.iter_mut().enumerate() {
            if rho >> sample & 1 == 0 {
                continue;
            }
            let known = codeword.e_k() >> sample & 1;
            let bits = exponent - known;
            let read = streams.magnitudes.bits(bits);
            let magnitude = read | (codeword.e_1() >> sample & 1) << bits | 1;
            *own = (32 - magnitude.leading_zeros()) as u8;
            let value = (magnitude + 2) << streams.plane | (read & 1) << 31;
            self.values[(row + sample % 2) * self.stride + column + sample / 2] = value;
        }
        self.below[column + 2] = exponents[1];
        self.below[column + 3] = exponents[3];
        Ok(())
    }
}

impl<'a> CleanUp<'a> {
    fn new(segment: &'a [u8], plane: u32, largest: u32) -> Result<Self> {
        let [.., low, high] = *segment else {
            return Err(damaged("expected a clean-up pass of 2 bytes or more"));
        };
        // T.814 7.1.1: how much of the end the two codes take.
        let suffix = usize::from(high) << 4 | usize::from(low & 15);
        if suffix < 2 || suffix > segment.len() || suffix > 4079 {
            return Err(damaged(format!(
                "expected a suffix of 2 to {} bytes, found {suffix}",
                segment.len()
            )));
        }
        let (magnitudes, codes) = segment.split_at(segment.len() - suffix);
        Ok(Self {
            magnitudes: Forward::new(magnitudes, 0xFF),
            runs: RunLengths::new(&codes[..suffix - 1]),
            codes: Backward::of_clean_up(&codes[..suffix - 1]),
            plane,
            largest,
        })
    }

    fn codeword(&mut self, first_row: bool, context: u32) -> Codeword {
        if context == 0 && !self.runs.event() {
            return Codeword::NOTHING;
        }
        let bits = self.codes.peek() & 0x7F;
        let codeword = BY_BITS[usize::from(!first_row)][(context << 7 | bits) as usize];
        self.codes.skip(codeword.length());
        codeword
    }

    /// By how much the exponents of two quads exceed their predictions (T.814 7.3.6).
    fn excess(&mut self, first_row: bool, first: bool, second: bool) -> (u32, u32) {
        let both_in_first_row = first_row && first && second;
        let base = if both_in_first_row && self.runs.event() {
            2
        } else {
            0
        };
        let prefix = if first { self.prefix() } else { 0 };
        let second_prefix = match second {
            // After a large first excess the second one is 1 or 2.
            true if both_in_first_row && base == 0 && prefix > 2 => self.codes.bits(1) + 1,
            true => self.prefix(),
            false => 0,
        };
        let (suffix, second_suffix) = (self.suffix(prefix), self.suffix(second_prefix));
        let first_excess = base + prefix + self.extended(prefix, suffix);
        (
            first_excess,
            base + second_prefix + self.extended(second_prefix, second_suffix),
        )
    }

    /// Reads a prefix: 1, 2, 3 (one bit follows) or 5 (five bits follow).
    fn prefix(&mut self) -> u32 {
        let bits = self.codes.peek() & 7;
        let (prefix, length) = match bits {
            _ if bits & 1 != 0 => (1, 1),
            _ if bits & 2 != 0 => (2, 2),
            4 => (3, 3),
            _ => (5, 3),
        };
        self.codes.skip(length);
        prefix
    }

    fn suffix(&mut self, prefix: u32) -> u32 {
        match prefix {
            3 => self.codes.bits(1),
            5 => self.codes.bits(5),
            _ => 0,
        }
    }

    fn extended(&mut self, prefix: u32, suffix: u32) -> u32 {
        if prefix == 5 && suffix >= 28 {
            suffix + 4 * self.codes.bits(4)
        } else {
            suffix
        }
    }
}

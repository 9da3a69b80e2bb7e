//! Encodes high-throughput code-blocks: one clean-up pass, without loss (ITU-T T.814 Annex F's inverse).

use super::block::SIGN;
use super::ht_tables::{BY_QUAD, Codeword, RUN_BITS};

/// Writes bits from the lowest of each byte on; a byte after one of ones has seven.
#[derive(Default)]
struct Forward {
    bytes: Vec<u8>,
    byte: u64,
    count: u32,
}

impl Forward {
    fn room(&self) -> u32 {
        if self.bytes.last() == Some(&0xFF) { 7 } else { 8 }
    }

    fn bits(&mut self, value: u32, count: u32) {
        self.byte |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= self.room() {
            let room = self.room();
            self.bytes.push((self.byte & ((1 << room) - 1)) as u8);
            self.byte >>= room;
            self.count -= room;
        }
    }

    /// Fills up with ones; a last byte of ones is left out, since a reader sees ones after the end.
    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bits(
                u32::MAX >> (32 - (self.room() - self.count)),
                self.room() - self.count,
            );
        }
        if self.bytes.last() == Some(&0xFF) {
            self.bytes.pop();
        }
        self.bytes
    }
}

/// Writes bits into bytes that are read from the last to the first; a byte of seven ones before a byte
/// above 0x8F (in reading order) has seven bits.
struct Backward {
    /// In reading order.
    bytes: Vec<u8>,
    byte: u32,
    count: u32,
}

impl Backward {
    /// Starts with the byte and a half that the segment's length will take.
    fn new() -> Self {
        Self {
            bytes: vec![0xFF],
            byte: 0xF,
            count: 4,
        }
    }

    fn bits(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            self.byte |= (value >> bit & 1) << self.count;
            self.count += 1;
            let short = self.bytes.last().is_some_and(|last| *last > 0x8F) && self.byte == 0x7F;
            if self.count == 8 || (self.count == 7 && short) {
                self.bytes.push(self.byte as u8);
                (self.byte, self.count) = (0, 0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.byte as u8);
        }
        self.bytes
    }
}

/// Writes the adaptive run-length code.
#[derive(Default)]
struct RunLengths {
    bytes: Vec<u8>,
    byte: u8,
    count: u32,
    state: usize,
    run: u32,
}

impl RunLengths {
    fn bit(&mut self, bit: u32) {
        self.byte = self.byte << 1 | bit as u8;
        self.count += 1;
        if self.count == if self.bytes.last() == Some(&0xFF) { 7 } else { 8 } {
            self.bytes.push(self.byte);
            (self.byte, self.count) = (0, 0);
        }
    }

    fn event(&mut self, event: bool) {
        let bits = RUN_BITS[self.state];
        if event {
            self.bit(0);
            (0..bits).rev().for_each(|bit| self.bit(self.run >> bit & 1));
            self.run = 0;
            self.state = self.state.saturating_sub(1);
            return;
        }
        self.run += 1;
        if self.run == 1 << bits {
            self.bit(1);
            self.run = 0;
            self.state = (self.state + 1).min(12);
        }
    }

    /// Ends an open run. A last byte of ones gets one more, so that no marker can appear.
    fn finish(mut self) -> Vec<u8> {
        if self.run > 0 {
            self.bit(1);
        }
        while self.count > 0 || self.bytes.last() == Some(&0xFF) {
            self.bit(0);
        }
        self.bytes
    }
}

/// What a quad of samples comes to.
#[derive(Clone, Copy)]
struct Quad {
    codeword: Codeword,
    /// By how much its exponent exceeds its prediction.
    excess: u32,
}

/// Encodes a block; `value` gives magnitude and [`SIGN`] at a column and row.
///
/// The lowest bit-plane is included: all bit-planes but one count as zero planes.
pub(super) fn encode(width: usize, height: usize, value: impl Fn(usize, usize) -> u32) -> Vec<u8> {
    let stride = width.next_multiple_of(2);
    let mut writer = Writer {
        magnitudes: Forward::default(),
        runs: RunLengths::default(),
        codes: Backward::new(),
        above: vec![0; stride + 4],
        below: vec![0; stride + 4],
    };
    for row in (0..height).step_by(2) {
        let quad_at = |column: usize| {
            [
                (column, row),
                (column, row + 1),
                (column + 1, row),
                (column + 1, row + 1),
            ]
            .map(|(column, row)| {
                if column < width && row < height {
                    value(column, row)
                } else {
                    0
                }
            })
        };
        let mut left = 0;
        for column in (0..stride).step_by(4) {
            let first = writer.quad(row == 0, column, left, quad_at(column));
            let mut second = Quad {
                codeword: Codeword::NOTHING,
                excess: 0,
            };
            if column + 2 < stride {
                second = writer.quad(row == 0, column + 2, first.codeword.rho(), quad_at(column + 2));
            }
            left = second.codeword.rho();
            writer.excess(row == 0, first, second);
        }
        std::mem::swap(&mut writer.above, &mut writer.below);
    }
    writer.finish()
}

struct Writer {
    magnitudes: Forward,
    runs: RunLengths,
    codes: Backward,
    /// Exponents of the row of samples above the quads, and of the quads' lower row; see the decoder.
    above: Vec<u8>,
    below: Vec<u8>,
}

impl Writer {
    fn quad(&mut self, first_row: bool, column: usize, left: u32, values: [u32; 4]) -> Quad {
        // Bits of the magnitude less one, its sign below it, with a one at the end.
        let exponents = values.map(|value| match value & !SIGN {
            0 => 0,
            magnitude => 32 - (2 * magnitude - 1).leading_zeros(),
        });
        let rho = pattern(exponents.map(|exponent| exponent > 0));
        let above: [u8; 4] = self.above[column + 1..column + 5]
            .try_into()
            .expect("four of them");
        let predicted = match rho.count_ones() > 1 && !first_row {
            true => u32::from(above.into_iter().max().unwrap_or(0))
                .saturating_sub(1)
                .max(1),
            false => 1,
        };
        let exponent = exponents.into_iter().fold(predicted, u32::max);
        let excess = exponent - predicted;
        let largest = if excess > 0 {
            pattern(exponents.map(|own| own == exponent))
        } else {
            0
        };
        let context = if first_row {
            u32::from(left & 3 != 0) | left >> 1 & 6
        } else {
            u32::from(above[0] | above[1] != 0)
                | u32::from(left & 12 != 0) << 1
                | u32::from(above[2] | above[3] != 0) << 2
        };
        let mut codeword = Codeword::NOTHING;
        if context == 0 {
            self.runs.event(rho != 0);
        }
        if context != 0 || rho != 0 {
            codeword = BY_QUAD[usize::from(!first_row)][(context << 8 | rho << 4 | largest) as usize];
            self.codes.bits(codeword.bits(), codeword.length());
        }
        for (sample, value) in values
            .into_iter()
            .enumerate()
            .filter(|(_, value)| value & !SIGN != 0)
        {
            let bits = exponent - (codeword.e_k() >> sample & 1);
            let coded = ((value & !SIGN) - 1) << 1 | value >> 31;
            self.magnitudes.bits(coded & ((1 << bits) - 1), bits);
        }
        self.below[column + 2] = exponents[1] as u8;
        self.below[column + 3] = exponents[3] as u8;
        Quad { codeword, excess }
    }

    fn excess(&mut self, first_row: bool, first: Quad, second: Quad) {
        let (mut excess, mut second_excess) = (first.excess, second.excess);
        let both_in_first_row = first_row && excess > 0 && second_excess > 0;
        let mut short = false;
        if both_in_first_row {
            let large = excess > 2 && second_excess > 2;
            self.runs.event(large);
            if large {
                (excess, second_excess) = (excess - 2, second_excess - 2);
            }
            short = !large && excess > 2;
        }
        self.prefix(excess);
        if short {
            self.codes.bits(second_excess - 1, 1);
            second_excess = 0;
        } else {
            self.prefix(second_excess);
        }
        self.suffix(excess);
        self.suffix(second_excess);
    }

    fn prefix(&mut self, excess: u32) {
        match excess {
            0 => {}
            1 => self.codes.bits(1, 1),
            2 => self.codes.bits(2, 2),
            3 | 4 => self.codes.bits(4, 3),
            _ => self.codes.bits(0, 3),
        }
    }

    fn suffix(&mut self, excess: u32) {
        match excess {
            0..=2 => {}
            3 | 4 => self.codes.bits(excess - 3, 1),
            // Up to 32 no extension is needed; a coefficient has fewer bits.
            _ => self.codes.bits(excess - 5, 5),
        }
    }

    fn finish(self) -> Vec<u8> {
        let mut segment = self.magnitudes.finish();
        let prefix = segment.len();
        segment.extend(self.runs.finish());
        segment.extend(self.codes.finish().into_iter().rev());
        let suffix = segment.len() - prefix;
        if let [.., low, high] = &mut segment[..] {
            *high = (suffix >> 4) as u8;
            *low = *low & 0xF0 | (suffix & 0xF) as u8;
        }
        segment
    }
}

fn pattern(bits: [bool; 4]) -> u32 {
    bits.into_iter()
        .enumerate()
        .fold(0, |pattern, (index, bit)| pattern | u32::from(bit) << index)
}

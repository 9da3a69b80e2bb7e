//! Bits of a scan: a zero byte is stuffed behind each byte 0xff (T.81 F.1.2.3).

use super::segment::has_marker_byte;

/// Reads bits up to the next marker; behind it, zeros that [`BitReader::overran`] tells of.
///
/// A small value: copies are cheap and keep the fields in registers in hot loops.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    /// Unread bits, the next one topmost. Below `bits` may stand further true bits.
    window: u64,
    bits: u32,
    padding: u64,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 0,
            window: 0,
            bits: 0,
            padding: 0,
        }
    }

    /// Holds 32 bits and nothing behind them.
    pub(super) fn of_word(word: u32) -> Self {
        Self {
            data: &[],
            position: 0,
            window: u64::from(word) << 32,
            bits: 32,
            padding: 0,
        }
    }

    /// Makes at least 56 bits available where fewer than 32 are.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.bits >= 32 {
            return;
        }
        if let Some(chunk) = self.data.get(self.position..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*chunk);
            if !has_marker_byte(word) {
                self.window |= word >> self.bits;
                let bytes = (63 - self.bits) >> 3;
                self.position += bytes as usize;
                self.bits += bytes * 8;
                return;
            }
        }
        *self = self.refilled_slowly();
    }

    /// By value, so that no address of the caller's reader escapes.
    #[cold]
    #[inline(never)]
    fn refilled_slowly(mut self) -> Self {
        while self.bits <= 56 {
            let (byte, length) = match self.data.get(self.position..).unwrap_or_default() {
                [0xff, 0, ..] => (0xff, 2),
                [0xff, ..] | [] => {
                    self.padding += u64::from(64 - self.bits);
                    self.bits = 64;
                    return self;
                }
                [byte, ..] => (*byte, 1),
            };
            self.window |= u64::from(byte) << 56 >> self.bits;
            self.bits += 8;
            self.position += length;
        }
        self
    }

    /// The next 32 bits, topmost first.
    #[inline(always)]
    pub(super) fn peek(&self) -> u32 {
        (self.window >> 32) as u32
    }

    /// Passes over `count` bits, below 64, that must be available.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.window <<= count;
        self.bits -= count;
    }

    /// Takes `count` bits, at most 31, that must be available.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = (self.window >> 1 >> (63 - count)) as u32;
        self.skip(count);
        value
    }

    /// Takes a signed value of `size` bits, at most 16, that must be available (F.2.2.1, EXTEND).
    #[inline(always)]
    pub(super) fn take_signed(&mut self, size: u32) -> i32 {
        let value = self.take(size) as i32;
        let half = (1 << size) >> 1;
        if value < half {
            value + 1 - (1 << size)
        } else {
            value
        }
    }

    /// Reads one bit.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        self.take(1) == 1
    }

    /// Bits available now.
    pub(super) fn unread(&self) -> u32 {
        self.bits
    }

    /// Whether bits were read that are not in the data.
    pub(super) fn overran(&self) -> bool {
        u64::from(self.bits) < self.padding
    }

    /// Goes on behind restart marker `number`; `None` where another marker or none comes next.
    pub(super) fn restart(&mut self, number: u8) -> Option<()> {
        let rest = &self.data[self.position..];
        let marker = |pair: &[u8]| pair[0] == 0xff && pair[1] != 0 && pair[1] != 0xff;
        let at = rest.windows(2).position(marker)?;
        if rest[at + 1] != 0xd0 + number {
            return None;
        }
        *self = Self {
            position: self.position + at + 2,
            ..Self::new(self.data)
        };
        Some(())
    }

    /// Number of bytes taken from the data; a marker is never taken.
    pub(super) fn position(&self) -> usize {
        self.position
    }
}

/// Writes bits and stuffs a zero byte behind each byte 0xff.
#[derive(Debug)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    /// Unwritten bits in the low end.
    window: u64,
    bits: u32,
}

impl BitWriter {
    pub(super) fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            window: 0,
            bits: 0,
        }
    }

    /// Appends the `count` low bits of `value`, at most 32; no higher bit may be set.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.window = self.window << count | u64::from(value);
        self.bits += count;
        if self.bits >= 32 {
            self.bits -= 32;
            let word = (self.window >> self.bits) as u32;
            if has_marker_byte(u64::from(word)) {
                word.to_be_bytes().into_iter().for_each(|byte| self.push(byte));
            } else {
                self.out.extend_from_slice(&word.to_be_bytes());
            }
        }
    }

    fn push(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xff {
            self.out.push(0);
        }
    }

    /// Fills the last byte with ones (F.1.2.3).
    pub(super) fn finish(mut self) -> Vec<u8> {
        let fill = (8 - self.bits % 8) % 8;
        let window = self.window << fill | ((1 << fill) - 1);
        let bytes = (self.bits + fill) / 8;
        (0..bytes)
            .rev()
            .for_each(|byte| self.push((window >> (8 * byte)) as u8));
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back_through_stuffing() {
        let value = |i: u32| {
            let count = i % 24 + 1;
            let bits = if i.is_multiple_of(3) {
                u32::MAX
            } else {
                i.wrapping_mul(2_654_435_761)
            };
            (bits & ((1 << count) - 1), count)
        };
        let mut writer = BitWriter::new(Vec::new());
        (0..4000)
            .map(value)
            .for_each(|(value, count)| writer.put(value, count));
        let mut bytes = writer.finish();
        bytes.extend([0xff, 0xd3, 0x12, 0x34]);
        let mut reader = BitReader::new(&bytes);
        for (value, count) in (0..4000).map(value) {
            reader.refill();
            assert_eq!(reader.take(count), value);
        }
        assert!(!reader.overran());
        let mut other = reader;
        assert_eq!(other.restart(2), None);
        assert_eq!(reader.restart(3), Some(()));
        reader.refill();
        assert_eq!(reader.take(16), 0x1234);
        assert!(!reader.overran());
        assert!(!reader.bit());
        assert!(reader.overran());
    }

    #[test]
    fn signed_values_extend() {
        // Size 3: 000 is -7, 011 is -4, 100 is 4, 111 is 7; size 0 is 0.
        let mut reader = BitReader::new(&[0b0000_1110, 0b0111_0000]);
        reader.refill();
        let values: Vec<i32> = [3, 3, 3, 3, 0].map(|size| reader.take_signed(size)).to_vec();
        assert_eq!(values, [-7, -4, 4, 7, 0]);
    }
}

//! Bits of a JPEG-LS scan: after a byte 0xff only seven bits follow, the first being zero (T.87 A.1).

use crate::jpeg::segment::has_marker_byte;

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

    /// Makes at least 49 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
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
        while self.bits <= 48 {
            let rest = self.data.get(self.position..).unwrap_or_default();
            let (bits, length) = match rest {
                [0xff, next, ..] if *next < 0x80 => (0xff << 7 | u64::from(*next), 15),
                [0xff, ..] | [] => {
                    self.padding += u64::from(56 - self.bits);
                    self.bits = 56;
                    return self;
                }
                [byte, ..] => (u64::from(*byte), 8),
            };
            self.window |= bits << (64 - length) >> self.bits;
            self.bits += length;
            self.position += if length == 15 { 2 } else { 1 };
        }
        self
    }

    /// Takes `count` bits, below 64, of which all must be available, and gives the low 32 of them.
    #[inline(always)]
    fn take(&mut self, count: u32) -> u32 {
        let value = (self.window >> 1 >> (63 - count)) as u32;
        self.window <<= count;
        self.bits -= count;
        value
    }

    #[inline(always)]
    pub(super) fn read(&mut self, count: u32) -> u32 {
        self.refill();
        self.take(count)
    }

    /// Reads a limited-length Golomb code (A.5.3); `prefix_limit` zeros announce a plain value.
    ///
    /// `None` for a prefix longer than any encoder writes.
    #[inline(always)]
    pub(super) fn golomb(&mut self, k: u32, prefix_limit: u32, qbpp: u32) -> Option<u32> {
        self.refill();
        let zeros = self.window.leading_zeros();
        if zeros < prefix_limit && zeros + k < 48 {
            self.window <<= zeros + 1;
            self.bits -= zeros + 1;
            return Some((zeros << k) + self.take(k));
        }
        let (reader, value) = self.rare_golomb(k, prefix_limit, qbpp);
        *self = reader;
        value
    }

    /// Long prefixes: they may reach beyond the window.
    #[cold]
    #[inline(never)]
    fn rare_golomb(mut self, k: u32, prefix_limit: u32, qbpp: u32) -> (Self, Option<u32>) {
        let mut zeros = 0;
        if self.window.leading_zeros() >= self.bits {
            zeros = self.bits;
            self.take(zeros);
            self.refill();
        }
        let more = self.window.leading_zeros();
        if zeros + more > prefix_limit || more >= self.bits {
            return (self, None);
        }
        zeros += more;
        self.take(more + 1);
        if zeros == prefix_limit {
            let value = self.read(qbpp) + 1;
            return (self, Some(value));
        }
        let low = self.read(k);
        (self, Some((zeros << k) + low))
    }

    /// Whether bits were read that are not in the data.
    pub(super) fn overran(&self) -> bool {
        u64::from(self.bits) < self.padding
    }

    /// Number of bytes taken from the data; a marker is never taken.
    pub(super) fn position(&self) -> usize {
        self.position
    }
}

/// Writes bits and stuffs a zero bit after each byte 0xff.
#[derive(Debug)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    /// Unwritten bits in the low end.
    window: u64,
    bits: u32,
    after_marker_byte: bool,
}

impl BitWriter {
    pub(super) fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            window: 0,
            bits: 0,
            after_marker_byte: false,
        }
    }

    /// Appends the `count` low bits of `value`, at most 31; no higher bit may be set.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.window = self.window << count | u64::from(value);
        self.bits += count;
        if self.bits >= 32 {
            self.flush_word();
        }
    }

    /// Appends `count` zeros and a one.
    #[inline(always)]
    fn put_unary(&mut self, count: u32) {
        let mut count = count;
        while count > 30 {
            self.put(0, 30);
            count -= 30;
        }
        self.put(1, count + 1);
    }

    /// Appends a limited-length Golomb code (A.5.3).
    #[inline(always)]
    pub(super) fn golomb(&mut self, value: u32, k: u32, prefix_limit: u32, qbpp: u32) {
        let high = value >> k;
        if high < prefix_limit {
            self.put_unary(high);
            self.put(value & ((1 << k) - 1), k);
        } else {
            self.put_unary(prefix_limit);
            self.put((value - 1) & ((1 << qbpp) - 1), qbpp);
        }
    }

    #[inline(always)]
    fn flush_word(&mut self) {
        let word = (self.window >> (self.bits - 32)) as u32;
        let spread = u64::from(word);
        if !self.after_marker_byte && !has_marker_byte(spread) {
            self.out.extend_from_slice(&word.to_be_bytes());
            self.bits -= 32;
        } else {
            self.flush_bytes();
        }
    }

    #[cold]
    fn flush_bytes(&mut self) {
        loop {
            let wanted = if self.after_marker_byte { 7 } else { 8 };
            if self.bits < wanted {
                return;
            }
            self.bits -= wanted;
            let byte = (self.window >> self.bits) as u8 & (0xff >> (8 - wanted));
            self.out.push(byte);
            self.after_marker_byte = byte == 0xff;
        }
    }

    /// Fills the last byte with zeros; a scan never ends on a byte 0xff (A.1).
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.flush_bytes();
        if self.bits > 0 || self.after_marker_byte {
            let wanted = if self.after_marker_byte { 7 } else { 8 };
            self.put(0, wanted - self.bits);
            self.flush_bytes();
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back_through_stuffing() {
        let values: Vec<(u32, u32)> = (0..4000u32)
            .map(|i| {
                let count = i % 31 + 1;
                let value = if i % 3 == 0 {
                    u32::MAX
                } else {
                    i.wrapping_mul(2_654_435_761)
                };
                (value & ((1 << count) - 1), count)
            })
            .collect();
        let mut writer = BitWriter::new(Vec::new());
        for &(value, count) in &values {
            writer.put(value, count);
        }
        let mut bytes = writer.finish();
        assert!(bytes.windows(2).all(|pair| pair[0] != 0xff || pair[1] < 0x80));
        bytes.extend([0xff, 0xd9]);
        let mut reader = BitReader::new(&bytes);
        for &(value, count) in &values {
            assert_eq!(reader.read(count), value);
        }
        assert!(!reader.overran());
        reader.read(31);
        assert!(reader.overran());
        assert_eq!(reader.position(), bytes.len() - 2);
    }

    #[test]
    fn golomb_codes_come_back() {
        let cases: Vec<(u32, u32)> = (0..17)
            .flat_map(|k| [0, 1, 2, 63, 64, 255, 1000, 65_535].map(|value| (value, k)))
            .collect();
        for (limit, qbpp) in [
            (48 - 12 - 1, 12),
            (64 - 16 - 1, 16),
            (32 - 8 - 1, 8),
            (64 - 13 - 1, 13),
            (64 - 8 - 1, 8),
        ] {
            let fits = |value: u32| value <= 1 << qbpp;
            let mut writer = BitWriter::new(Vec::new());
            for &(value, k) in cases.iter().filter(|case| fits(case.0)) {
                writer.golomb(value, k, limit, qbpp);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for &(value, k) in cases.iter().filter(|case| fits(case.0)) {
                assert_eq!(reader.golomb(k, limit, qbpp), Some(value), "k {k} limit {limit}");
            }
            assert!(!reader.overran());
        }
    }
}

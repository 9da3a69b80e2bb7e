//! Frames of one bit a pixel, as they lie in a native value.

/// The bits of one frame, the first pixel in the lowest bit of a byte (PS3.5 8.1.1).
///
/// A frame need not begin with a byte: what comes before and after it belongs to its neighbours.
#[derive(Debug, Clone, Copy)]
pub struct PackedBits<'a> {
    bytes: &'a [u8],
    first: usize,
    count: usize,
}

impl<'a> PackedBits<'a> {
    /// Takes `count` bits of `bytes` from bit `first` on; as many as there are.
    ///
    /// ```
    /// use codec::pixels::PackedBits;
    /// let mut runs = Vec::new();
    /// PackedBits::new(&[0b1110_0110, 0b1], 1, 8).runs(0..8, |start, end| runs.push((start, end)));
    /// assert_eq!(runs, [(0, 2), (4, 8)]);
    /// ```
    #[must_use]
    pub fn new(bytes: &'a [u8], first: usize, count: usize) -> Self {
        let there = bytes.len().saturating_mul(8).saturating_sub(first);
        Self {
            bytes,
            first,
            count: count.min(there),
        }
    }

    /// Calls `found` with the start and the end of each run of ones within `range`, in rising order.
    pub fn runs(&self, range: std::ops::Range<usize>, mut found: impl FnMut(usize, usize)) {
        let end = range.end.min(self.count);
        let mut open: Option<usize> = None;
        let mut at = range.start;
        while at < end {
            let mut word = self.word(at);
            if end - at < 64 {
                word &= (1 << (end - at)) - 1;
            }
            // Most words are of one kind: nothing begins or ends in them.
            if !matches!((open, word), (None, 0) | (Some(_), u64::MAX)) {
                changes(word, at, &mut open, &mut found);
            }
            at += 64;
        }
        if let Some(start) = open {
            found(start, end);
        }
    }

    /// 64 bits from bit `at` on, the first the lowest; zeros beyond the bytes.
    fn word(&self, at: usize) -> u64 {
        let (byte, shift) = ((self.first + at) / 8, (self.first + at) % 8);
        let Some(bytes) = self.bytes.get(byte..byte + 8) else {
            let rest = &self.bytes[byte.min(self.bytes.len())..];
            let mut bytes = [0; 8];
            bytes[..rest.len()].copy_from_slice(rest);
            return u64::from_le_bytes(bytes) >> shift;
        };
        let low = u64::from_le_bytes(bytes.try_into().expect("eight bytes")) >> shift;
        match self.bytes.get(byte + 8) {
            Some(next) if shift > 0 => low | u64::from(*next) << (64 - shift),
            _ => low,
        }
    }
}

/// Walks the changes within one word, whose first bit is bit `at` of the frame.
fn changes(word: u64, at: usize, open: &mut Option<usize>, found: &mut impl FnMut(usize, usize)) {
    let mut place = 0;
    while place < 64 {
        let rest = word >> place;
        match *open {
            // Zeros come in from above: the ones end at the word's end at the latest.
            Some(start) => {
                place += (!rest).trailing_zeros() as usize;
                if place < 64 {
                    found(start, at + place);
                    *open = None;
                }
            }
            None if rest == 0 => return,
            None => {
                place += rest.trailing_zeros() as usize;
                *open = Some(at + place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PackedBits;

    proptest! {
        #[test]
        fn runs_are_those_of_the_single_bits(
            bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0xFF), any::<u8>()], 0..60),
            first in 0usize..70,
            count in 0usize..500,
            range in (0usize..300, 0usize..500),
        ) {
            let bit = |n: usize| bytes[(first + n) / 8] >> ((first + n) % 8) & 1 == 1;
            let there = count.min((8 * bytes.len()).saturating_sub(first));
            let mut inside = vec![false; there];
            let mut last = None;
            PackedBits::new(&bytes, first, count).runs(range.0..range.1, |start, end| {
                assert!(start < end && last.is_none_or(|last| last < start), "runs rise and do not touch");
                inside[start..end].fill(true);
                last = Some(end);
            });
            for (n, inside) in inside.iter().enumerate() {
                prop_assert_eq!(*inside, (range.0..range.1).contains(&n) && bit(n), "bit {}", n);
            }
        }
    }
}

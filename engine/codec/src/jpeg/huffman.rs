//! Huffman tables: read from a stream, the standard's own, and made to measure (T.81 Annexes C, F, K).

use super::bits::BitReader;

const QUICK_BITS: u32 = 10;

/// What a table cannot be or a code is not.
pub(super) const BAD_CODE: &str = "a Huffman code is not in its table";

/// Number of codes of each length 1 to 16, and the symbols in code order, as a DHT segment has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Specification {
    pub(super) counts: [u8; 16],
    pub(super) symbols: Vec<u8>,
}

impl Specification {
    /// Every symbol with its code and the code's length.
    pub(super) fn codes(&self) -> impl Iterator<Item = (u8, u32, u32)> + '_ {
        let lengths = (1u32..)
            .zip(self.counts)
            .flat_map(|(length, count)| (0..count).map(move |_| length));
        let mut code = 0u32;
        let mut before = 1;
        self.symbols.iter().zip(lengths).map(move |(symbol, length)| {
            code <<= length - before;
            before = length;
            code += 1;
            (*symbol, code - 1, length)
        })
    }

    /// Whether the codes fit the lengths: a prefix code without a code of ones alone beyond 16 bits.
    pub(super) fn is_prefix_code(&self) -> bool {
        let total: u32 = self.counts.iter().map(|count| u32::from(*count)).sum();
        let space: u32 = self
            .counts
            .iter()
            .zip(1..)
            .map(|(count, length)| u32::from(*count) << (16 - length))
            .sum();
        total as usize == self.symbols.len() && total > 0 && space <= 1 << 16
    }
}

/// A table ready to decode with.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// By the next bits: code length and symbol, or zero for longer codes.
    quick: Vec<u16>,
    /// By length: the end of its codes, aligned to 16 bits.
    ends: [u32; 17],
    /// By length: what to add to a code to have its symbol's index.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// `None` where the lengths are no prefix code.
    pub(super) fn new(specification: &Specification) -> Option<Self> {
        if !specification.is_prefix_code() {
            return None;
        }
        let mut quick = vec![0; 1 << QUICK_BITS];
        for (symbol, code, length) in specification.codes().filter(|code| code.2 <= QUICK_BITS) {
            let spare = QUICK_BITS - length;
            quick[(code << spare) as usize..][..1 << spare].fill((length as u16) << 8 | u16::from(symbol));
        }
        let mut ends = [0; 17];
        let mut offsets = [0; 17];
        let mut code = 0u32;
        let mut index = 0i32;
        for length in 1..=16 {
            let count = u32::from(specification.counts[length - 1]);
            offsets[length] = index - code as i32;
            code += count;
            index += count as i32;
            ends[length] = code << (16 - length);
            code <<= 1;
        }
        Some(Self {
            quick,
            ends,
            offsets,
            symbols: specification.symbols.clone(),
        })
    }

    /// Takes a code, at most 16 bits, that must be available; `None` for one that the table lacks.
    #[inline(always)]
    pub(super) fn symbol(&self, reader: &mut BitReader<'_>) -> Option<u8> {
        let next = reader.peek();
        let entry = self.quick[(next >> (32 - QUICK_BITS)) as usize];
        if entry != 0 {
            reader.skip(u32::from(entry >> 8));
            return Some(entry as u8);
        }
        let (length, symbol) = self.long_symbol(next >> 16)?;
        reader.skip(length);
        Some(symbol)
    }

    #[cold]
    fn long_symbol(&self, next: u32) -> Option<(u32, u8)> {
        let length = (1..=16usize).find(|length| next < self.ends[*length])?;
        let index = (next >> (16 - length)) as i32 + self.offsets[length];
        Some((length as u32, *self.symbols.get(index as usize)?))
    }
}

/// The table that the standard gives as typical (K.3), which streams without tables are read with, as
/// those of video cameras are.
pub(super) fn standard(ac: bool, colour: bool) -> Specification {
    let (counts, symbols): ([u8; 16], &[u8]) = match (ac, colour) {
        (false, false) => ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &DC_SYMBOLS),
        (false, true) => ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &DC_SYMBOLS),
        (true, false) => ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], &AC_LUMINANCE),
        (true, true) => (
            [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
            &AC_CHROMINANCE,
        ),
    };
    Specification {
        counts,
        symbols: symbols.to_vec(),
    }
}

const DC_SYMBOLS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[rustfmt::skip]
const AC_LUMINANCE: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
    0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
    0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
    0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

#[rustfmt::skip]
const AC_CHROMINANCE: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
    0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
    0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
    0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
    0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
    0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

/// Makes the best prefix code of at most 16 bits for symbols that occur `counts` times.
///
/// Symbols that do not occur get no code, and no code is all ones (K.2). At least one symbol must occur.
pub(super) fn optimal(counts: &[u32]) -> Specification {
    let mut lengths = code_lengths(counts);
    shorten(&mut lengths);
    // The symbol behind the last one only kept the code of ones free: it is the last of the longest.
    let longest = lengths
        .iter()
        .rposition(|count| *count > 0)
        .expect("the spare symbol has a code");
    lengths[longest] -= 1;
    let mut order: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
    order.sort_by_key(|symbol| std::cmp::Reverse(counts[*symbol]));
    let mut specification = Specification {
        counts: [0; 16],
        symbols: order.iter().map(|s| *s as u8).collect(),
    };
    for (count, length) in specification.counts.iter_mut().zip(&lengths[1..]) {
        *count = *length as u8;
    }
    specification
}

/// Number of codes of each length in Huffman's code for the symbols and a spare one of least weight.
fn code_lengths(counts: &[u32]) -> Vec<u32> {
    // Each group: weight and the depths of its symbols. Few symbols (at most 257), so plain searches.
    let mut groups: Vec<(u64, Vec<u32>)> = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| (u64::from(*count), vec![0]))
        .collect();
    groups.push((0, vec![0]));
    while groups.len() > 1 {
        groups.sort_by_key(|group| std::cmp::Reverse(group.0));
        let (Some(a), Some(b)) = (groups.pop(), groups.pop()) else {
            break;
        };
        let depths = a.1.iter().chain(&b.1).map(|depth| depth + 1).collect();
        groups.push((a.0 + b.0, depths));
    }
    let depths = groups.pop().map(|group| group.1).unwrap_or_default();
    let mut lengths = vec![0; 258];
    depths.into_iter().for_each(|depth| lengths[depth as usize] += 1);
    lengths
}

/// Brings all codes to at most 16 bits (figure K.3).
fn shorten(lengths: &mut Vec<u32>) {
    for length in (17..lengths.len()).rev() {
        while lengths[length] > 0 {
            let shorter = (1..length - 1).rev().find(|shorter| lengths[*shorter] > 0);
            let shorter = shorter.expect("a code with a long code has a shorter one to split");
            lengths[length] -= 2;
            lengths[length - 1] += 1;
            lengths[shorter + 1] += 2;
            lengths[shorter] -= 1;
        }
    }
    lengths.truncate(17);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::bits::BitWriter;

    fn round_trip(specification: &Specification) {
        let table = Table::new(specification).unwrap();
        let mut writer = BitWriter::new(Vec::new());
        specification
            .codes()
            .for_each(|(_, code, length)| writer.put(code, length));
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        for (symbol, _, _) in specification.codes() {
            reader.refill();
            assert_eq!(table.symbol(&mut reader), Some(symbol));
        }
        assert!(!reader.overran());
    }

    #[test]
    fn standard_tables_decode_their_own_codes() {
        for (ac, colour) in [(false, false), (false, true), (true, false), (true, true)] {
            let specification = standard(ac, colour);
            round_trip(&specification);
            let mut symbols = specification.symbols.clone();
            symbols.sort_unstable();
            symbols.dedup();
            assert_eq!(symbols.len(), specification.symbols.len());
        }
    }

    #[test]
    fn optimal_codes_are_prefix_codes_of_at_most_16_bits() {
        let fibonacci = (0..40).scan((1u32, 1u32), |pair, _| {
            *pair = (pair.1, pair.0 + pair.1);
            Some(pair.0)
        });
        for counts in [
            vec![5],
            vec![0, 7, 0, 1],
            (1..=256).collect(),
            fibonacci.collect::<Vec<u32>>(),
        ] {
            let specification = optimal(&counts);
            assert!(specification.is_prefix_code());
            assert_eq!(
                specification.symbols.len(),
                counts.iter().filter(|count| **count > 0).count()
            );
            let ones = specification
                .codes()
                .any(|(_, code, length)| code + 1 == 1 << length);
            assert!(!ones, "a code of ones for {counts:?}");
            round_trip(&specification);
        }
    }

    #[test]
    fn codes_that_overlap_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(
            Table::new(&Specification {
                counts,
                symbols: vec![1, 2, 3]
            })
            .is_none()
        );
        counts[0] = 1;
        assert!(
            Table::new(&Specification {
                counts,
                symbols: vec![1, 2]
            })
            .is_none()
        );
        let table = Table::new(&Specification {
            counts,
            symbols: vec![1],
        })
        .unwrap();
        let mut reader = BitReader::new(&[0xfe, 0]);
        reader.refill();
        assert_eq!(table.symbol(&mut reader), None);
    }
}

//! Pixel cells to values: bits outside Bits Stored removed, two's complement extended (PS3.5 8.1.1).

use super::PixelKind;
use crate::FrameDescription;

/// Where the value lies inside the cell of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cells {
    /// Bytes of a cell: 1, 2, 4 or 8.
    pub bytes: usize,
    /// Bits of the value, at most `8 * bytes`.
    pub bits: u32,
    /// The value's lowest bit in the cell.
    pub lowest: u32,
    /// Two's complement.
    pub signed: bool,
}

impl Cells {
    /// Gives the cells that the attributes describe.
    pub fn of(description: &FrameDescription, kind: PixelKind) -> Self {
        let bytes = description.bytes_per_sample();
        if kind != PixelKind::Integer || description.bits_allocated == 1 {
            return Self {
                bytes,
                bits: 8 * bytes as u32,
                lowest: 0,
                signed: false,
            };
        }
        let bits = u32::from(description.bits_stored);
        let lowest = u32::from(description.high_bit) + 1 - bits;
        Self {
            bytes,
            bits,
            lowest,
            signed: description.signed,
        }
    }

    /// Turns every cell of `samples` into its value, in place.
    ///
    /// Most images keep nothing outside Bits Stored: a first pass that only reads finds that out.
    pub fn clean(self, samples: &mut [u8]) {
        if self.bits == 8 * self.bytes as u32 {
            return;
        }
        match (self.bytes, self.signed) {
            (1, false) => clean_u8(self, samples),
            (2, false) => clean_u16(self, samples),
            (4, false) => clean_u32(self, samples),
            (8, false) => clean_u64(self, samples),
            (1, true) => clean_i8(self, samples),
            (2, true) => clean_i16(self, samples),
            (4, true) => clean_i32(self, samples),
            (8, true) => clean_i64(self, samples),
            _ => unreachable!("cells take 1, 2, 4 or 8 bytes"),
        }
    }
}

macro_rules! clean {
    ($name:ident, $integer:ty) => {
        fn $name(cells: Cells, samples: &mut [u8]) {
            const BYTES: usize = size_of::<$integer>();
            let above = <$integer>::BITS - cells.bits;
            // The shift down is arithmetic for signed integers: it extends the sign.
            let value = |cell: $integer| (cell << (above - cells.lowest)) >> above;
            let (samples, _) = samples.as_chunks_mut::<BYTES>();
            let differing = samples.iter().fold(0, |differing, sample| {
                let cell = <$integer>::from_le_bytes(*sample);
                differing | (value(cell) ^ cell)
            });
            if differing != 0 {
                for sample in samples {
                    *sample = value(<$integer>::from_le_bytes(*sample)).to_le_bytes();
                }
            }
        }
    };
}

clean!(clean_u8, u8);
clean!(clean_u16, u16);
clean!(clean_u32, u32);
clean!(clean_u64, u64);
clean!(clean_i8, i8);
clean!(clean_i16, i16);
clean!(clean_i32, i32);
clean!(clean_i64, i64);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: Cells, samples: &[u8], expected: &[u8]) {
        let mut out = samples.to_vec();
        cells.clean(&mut out);
        assert_eq!(out, expected, "{cells:?}");
    }

    #[test]
    fn removes_what_stands_above_and_below() {
        let unsigned = Cells {
            bytes: 2,
            bits: 12,
            lowest: 0,
            signed: false,
        };
        check(unsigned, &[0x34, 0xF2, 0xFF, 0x0F], &[0x34, 0x02, 0xFF, 0x0F]);
        check(unsigned, &[0x34, 0x02], &[0x34, 0x02]);
        check(
            Cells {
                signed: true,
                ..unsigned
            },
            &[0x34, 0x02, 0x34, 0x78],
            &[0x34, 0x02, 0x34, 0xF8],
        );
        // Left-justified, as ACR-NEMA equipment wrote: Bits Stored 12, High Bit 15.
        check(
            Cells {
                lowest: 4,
                ..unsigned
            },
            &[0x45, 0x83],
            &[0x34, 0x08],
        );
        check(
            Cells {
                lowest: 4,
                signed: true,
                ..unsigned
            },
            &[0x45, 0x83],
            &[0x34, 0xF8],
        );
    }

    #[test]
    fn every_width_agrees_with_arithmetic() {
        for bytes in [1_usize, 2, 4, 8] {
            for bits in 1..=8 * bytes as u32 {
                for lowest in 0..=8 * bytes as u32 - bits {
                    let cell = 0xA5C3_96F0_5A3C_690F_u64 >> (64 - 8 * bytes);
                    let value = u128::from(cell) >> lowest & ((1 << bits) - 1);
                    let negative = value >> (bits - 1) == 1;
                    let extended = if negative {
                        value as i128 - (1 << bits)
                    } else {
                        value as i128
                    };
                    let samples = &cell.to_le_bytes()[..bytes];
                    let cells = Cells {
                        bytes,
                        bits,
                        lowest,
                        signed: false,
                    };
                    check(cells, samples, &value.to_le_bytes()[..bytes]);
                    check(
                        Cells {
                            signed: true,
                            ..cells
                        },
                        samples,
                        &extended.to_le_bytes()[..bytes],
                    );
                }
            }
        }
    }
}

//! The sequence parameter set of H.264 (ITU-T H.264 7.3.2.1.1): profile, level, size, kind of samples.

/// What a parameter set says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) profile: u8,
    /// Constraint flags, set 0 in the highest bit.
    pub(super) constraints: u8,
    /// Ten times the level.
    pub(super) level: u8,
    pub(super) is_420_of_8_bits: bool,
    pub(super) rows: u32,
    pub(super) columns: u32,
}

/// Profiles whose parameter sets say how samples are.
const WITH_CHROMA: [u8; 4] = [100, 110, 122, 244];

/// Reads a parameter set with its header byte; `None` where it ends too early or says what cannot be.
pub(super) fn read(nal: &[u8]) -> Option<Stream> {
    if nal.first()? & 0x1F != 7 {
        return None;
    }
    let (profile, constraints, level) = (*nal.get(1)?, *nal.get(2)?, *nal.get(3)?);
    let bytes = without_emulation(nal.get(4..)?);
    let mut bits = Bits { bytes: &bytes, at: 0 };
    bits.unsigned()?;
    let mut is_420_of_8_bits = true;
    if WITH_CHROMA.contains(&profile) {
        let chroma = bits.unsigned()?;
        if chroma == 3 {
            bits.bit()?;
        }
        let depths = (bits.unsigned()?, bits.unsigned()?);
        is_420_of_8_bits = chroma == 1 && depths == (0, 0);
        bits.bit()?;
        if bits.bit()? == 1 {
            scaling_lists(&mut bits, if chroma == 3 { 12 } else { 8 })?;
        }
    }
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.bit()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.unsigned().filter(|count| *count < 256)? {
                bits.signed()?;
            }
        }
        2 => {}
        _ => return None,
    }
    bits.unsigned()?;
    bits.bit()?;
    let (columns, rows) = size(&mut bits)?;
    Some(Stream {
        profile,
        constraints,
        level,
        is_420_of_8_bits,
        rows,
        columns,
    })
}

/// Columns and rows after cropping, for samples of 4:2:0.
fn size(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let columns = bits.unsigned()?.checked_add(1)?.checked_mul(16)?;
    let map_units = bits.unsigned()?.checked_add(1)?;
    let frames_only = bits.bit()?;
    let rows = map_units.checked_mul(16)?.checked_mul(2 - frames_only)?;
    if frames_only == 0 {
        bits.bit()?;
    }
    bits.bit()?;
    if bits.bit()? == 0 {
        return Some((columns, rows));
    }
    let [left, right, top, bottom] = [
        bits.unsigned()?,
        bits.unsigned()?,
        bits.unsigned()?,
        bits.unsigned()?,
    ];
    let across = left.checked_add(right)?.checked_mul(2)?;
    let down = top.checked_add(bottom)?.checked_mul(2 * (2 - frames_only))?;
    Some((columns.checked_sub(across)?, rows.checked_sub(down)?))
}

fn scaling_lists(bits: &mut Bits<'_>, count: usize) -> Option<()> {
    for list in 0..count {
        if bits.bit()? == 0 {
            continue;
        }
        let (mut last, mut next) = (8_i64, 8_i64);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.signed()? + 256).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// Takes out the 3 of every 0 0 3 (7.4.1).
fn without_emulation(bytes: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for byte in bytes {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        kept.push(*byte);
    }
    kept
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    /// An unsigned number of Exp-Golomb (9.1).
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let mut number = 1_u64;
        for _ in 0..zeros {
            number = number << 1 | u64::from(self.bit()?);
        }
        u32::try_from(number - 1).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let number = i64::from(self.unsigned()?);
        Some(if number % 2 == 1 {
            (number + 1) / 2
        } else {
            -(number / 2)
        })
    }
}

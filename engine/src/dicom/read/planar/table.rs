//! Lookup tables of Modality LUT and VOI LUT sequences (PS3.3 C.11.1.1, C.11.2.1.1).

use dicom_core::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes;

/// Entries for successive whole values; values before the first have the first's, those past the last the last's.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Value of the first entry.
    first: i32,
    entries: Vec<u16>,
    /// The entry that is white.
    white: u16,
}

impl Table {
    /// Makes a table of entries of `bits` bits for values from `first` on; `None` where no object can hold it: no
    /// entries or more than 65536, other than 8 to 16 bits, an entry or a first value beyond 16 bits.
    #[must_use]
    pub fn new(first: i32, bits: u32, entries: Vec<u16>) -> Option<Self> {
        let is_possible = (1..=1 << 16).contains(&entries.len())
            && (8..=16).contains(&bits)
            && (i32::from(i16::MIN)..=i32::from(u16::MAX)).contains(&first);
        let white = is_possible.then(|| ((1_u32 << bits) - 1) as u16)?;
        entries.iter().all(|entry| *entry <= white).then_some(Self {
            first,
            entries,
            white,
        })
    }

    /// The value of the first entry.
    #[must_use]
    pub fn first(&self) -> i32 {
        self.first
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[u16] {
        &self.entries
    }

    /// Bits of an entry, 8 to 16.
    #[must_use]
    pub fn bits(&self) -> u32 {
        16 - self.white.leading_zeros()
    }

    /// Reads an item; `is_signed` tells how the first mapped value is read. Gives what was odd beside it.
    ///
    /// # Errors
    ///
    /// One sentence, when descriptor and data make no table.
    pub(in crate::dicom) fn read(
        item: &InMemDicomObject,
        is_signed: bool,
    ) -> std::result::Result<(Self, Option<String>), String> {
        let descriptor = item.numbers(tags::LUT_DESCRIPTOR);
        let [count, first, bits] = descriptor[..] else {
            return Err(format!("expected 3 values, found {}", descriptor.len()));
        };
        // Each is 16 bits wide; a reader may have taken unsigned for signed or the reverse.
        let word = |number: f64| number as i64 as u16;
        let count = match word(count) {
            0 => 1 << 16,
            count => usize::from(count),
        };
        let first = if is_signed || first < 0.0 {
            i32::from(word(first).cast_signed())
        } else {
            i32::from(word(first))
        };
        let entries = entries(item, count)?;
        let (white, remark) = white(&entries, bits);
        Ok((
            Self {
                first,
                entries,
                white,
            },
            remark,
        ))
    }

    /// Where the entry of a value lies between black (0) and white (1); not a number for what is not a number.
    #[must_use]
    pub fn fraction(&self, value: f64) -> f64 {
        self.entry(value) / f64::from(self.white)
    }

    /// The entry of a value; values between two whole ones have the nearest's.
    #[must_use]
    pub fn entry(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::NAN;
        }
        let last = self.entries.len() - 1;
        // The cast stays within its type's range whatever the float.
        let index = (value.round() - f64::from(self.first)).max(0.0) as usize;
        f64::from(self.entries[index.min(last)])
    }
}

/// Gives the entries of the data: a 16-bit word each, or a byte each where there is no room for words.
fn entries(item: &InMemDicomObject, count: usize) -> std::result::Result<Vec<u16>, String> {
    let primitive = item.get(tags::LUT_DATA).and_then(|data| data.value().primitive());
    let words: Vec<u16> = match primitive {
        Some(PrimitiveValue::U16(words)) => words.to_vec(),
        Some(PrimitiveValue::I16(words)) => words.iter().map(|word| word.cast_unsigned()).collect(),
        Some(PrimitiveValue::U8(bytes)) if bytes.len() >= 2 * count => {
            let (words, _) = bytes.as_chunks::<2>();
            words.iter().map(|word| u16::from_le_bytes(*word)).collect()
        }
        Some(PrimitiveValue::U8(bytes)) => return packed(bytes.iter().copied(), bytes.len(), count),
        _ => Vec::new(),
    };
    if words.len() >= count {
        return Ok(words[..count].to_vec());
    }
    // Entries of 8 bits may travel two to a word, the first in the low byte.
    packed(
        words.iter().flat_map(|word| word.to_le_bytes()),
        2 * words.len(),
        count,
    )
}

fn packed(
    bytes: impl Iterator<Item = u8>,
    found: usize,
    count: usize,
) -> std::result::Result<Vec<u16>, String> {
    if found < count {
        return Err(format!("expected {count} entries, found {found} bytes"));
    }
    Ok(bytes.take(count).map(u16::from).collect())
}

/// Gives the entry that is white, from the descriptor's bits or, where entries contradict them, from the entries.
fn white(entries: &[u16], bits: f64) -> (u16, Option<String>) {
    let largest = entries.iter().copied().max().unwrap_or(0);
    let of_bits = |bits: u32| ((1_u32 << bits) - 1) as u16;
    if (8.0..=16.0).contains(&bits) && largest <= of_bits(bits as u32) {
        return (of_bits(bits as u32), None);
    }
    let needed = (16 - largest.leading_zeros()).max(8);
    let text = format!("expected entries of 8 to 16 bits, found {bits} bits and entries up to {largest}");
    (of_bits(needed), Some(text))
}

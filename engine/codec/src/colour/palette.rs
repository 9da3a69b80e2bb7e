//! Palettes: Red, Green and Blue Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9.2).

use dicom_core::{PrimitiveValue, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::segments;
use crate::{Error, FrameDescription, Photometric, Result};

/// Descriptor, data and segmented data of each colour.
const ATTRIBUTES: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// Colours of stored values, 8 or 16 bits a colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    /// Stored value of the first entry; lower values have its colour, those past the last entry the last's.
    first: i64,
    entries: Vec<[u16; 3]>,
    /// Bits of each colour: 8 or 16.
    bits: u16,
}

impl Palette {
    /// Reads the palette of an object whose stored values are `signed` or not.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without descriptors or data, [`Error::Invalid`] when the three tables differ in
    /// size, or data and descriptor disagree.
    pub fn from_object(object: &InMemDicomObject, signed: bool) -> Result<Self> {
        let [red, green, blue] = ATTRIBUTES.map(|(descriptor, data, segmented)| {
            let descriptor = Descriptor::read(object, descriptor, signed)?;
            let (entries, bits) = entries(object, descriptor, data, segmented)?;
            Ok((descriptor, entries, bits))
        });
        let (red, green, blue) = (red?, green?, blue?);
        for other in [&green, &blue] {
            if (other.0.entries, other.0.first) != (red.0.entries, red.0.first) {
                return Err(invalid(
                    "palette descriptors",
                    format!("{} entries from {}", red.0.entries, red.0.first),
                    format!("{} entries from {}", other.0.entries, other.0.first),
                ));
            }
        }
        let bits = red.2.max(green.2).max(blue.2);
        let entries = red
            .1
            .iter()
            .zip(&green.1)
            .zip(&blue.1)
            .map(|((r, g), b)| [*r, *g, *b])
            .collect();
        Ok(Self {
            first: red.0.first,
            entries,
            bits,
        })
    }

    /// Gives the colour of a stored value.
    #[must_use]
    pub fn colour(&self, stored: i64) -> [u16; 3] {
        let index = stored
            .saturating_sub(self.first)
            .clamp(0, self.entries.len() as i64 - 1);
        self.entries[index as usize]
    }

    /// Gives RGB for the decoded `values` of 8 or 16 bits, and its layout.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for values of another size, [`Error::TooLarge`] when RGB would take more than
    /// [`crate::frame::MAX_FRAME_BYTES`].
    pub fn rgb(&self, values: &[u8], description: &FrameDescription) -> Result<(Vec<u8>, FrameDescription)> {
        let rgb = FrameDescription {
            samples_per_pixel: 3,
            bits_allocated: self.bits,
            bits_stored: self.bits,
            high_bit: self.bits - 1,
            signed: false,
            planar: false,
            photometric: Photometric::Rgb,
            ..*description
        };
        rgb.frame_bytes()?;
        let out = match (description.bytes_per_sample(), description.signed) {
            (1, signed) => {
                let colours: [[u16; 3]; 256] = std::array::from_fn(|value| {
                    let value = value as u8;
                    self.colour(if signed {
                        i64::from(value.cast_signed())
                    } else {
                        i64::from(value)
                    })
                });
                self.paint(values.iter().map(|value| colours[usize::from(*value)]))
            }
            (2, false) => {
                self.paint(words(values).map(|value| self.colour(u16::from_le_bytes(value).into())))
            }
            (2, true) => self.paint(words(values).map(|value| self.colour(i16::from_le_bytes(value).into()))),
            (bytes, _) => {
                return Err(invalid(
                    "palette index",
                    "1 or 2 bytes".to_owned(),
                    bytes.to_string(),
                ));
            }
        };
        Ok((out, rgb))
    }

    fn paint(&self, colours: impl ExactSizeIterator<Item = [u16; 3]>) -> Vec<u8> {
        let mut out = vec![0; colours.len() * 3 * usize::from(self.bits / 8)];
        if self.bits == 8 {
            for (pixel, colour) in out.as_chunks_mut::<3>().0.iter_mut().zip(colours) {
                *pixel = colour.map(|value| value as u8);
            }
        } else {
            for (pixel, colour) in out
                .as_chunks_mut::<2>()
                .0
                .as_chunks_mut::<3>()
                .0
                .iter_mut()
                .zip(colours)
            {
                *pixel = colour.map(u16::to_le_bytes);
            }
        }
        out
    }
}

fn words(values: &[u8]) -> impl ExactSizeIterator<Item = [u8; 2]> {
    values.as_chunks::<2>().0.iter().copied()
}

/// The three values of a lookup table descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Descriptor {
    entries: usize,
    first: i64,
    bits: u16,
}

impl Descriptor {
    fn read(object: &InMemDicomObject, tag: Tag, signed: bool) -> Result<Self> {
        let element = object
            .get(tag)
            .ok_or(Error::Missing("Palette Color Lookup Table Descriptor"))?;
        let values = element.to_multi_int::<i64>().unwrap_or_default();
        let [entries, first, bits] = values[..] else {
            let found = values.len().to_string();
            return Err(invalid(
                "Palette Color Lookup Table Descriptor",
                "3 values".to_owned(),
                found,
            ));
        };
        // All three are 16 bits wide whatever representation the writer chose; a reader may have taken
        // unsigned for signed or the reverse.
        let entries = entries as u16;
        let first = if signed {
            i64::from(first as i16)
        } else {
            i64::from(first as u16)
        };
        if !matches!(bits, 8 | 16) {
            return Err(invalid(
                "bits of palette entries",
                "8 or 16".to_owned(),
                bits.to_string(),
            ));
        }
        let entries = if entries == 0 {
            1 << 16
        } else {
            usize::from(entries)
        };
        Ok(Self {
            entries,
            first,
            bits: bits as u16,
        })
    }
}

/// Gives the entries of one colour and their bits.
fn entries(
    object: &InMemDicomObject,
    descriptor: Descriptor,
    data: Tag,
    segmented: Tag,
) -> Result<(Vec<u16>, u16)> {
    if let Some(data) = bytes(object, data) {
        return plain(&data, descriptor);
    }
    let data = bytes(object, segmented).ok_or(Error::Missing("Palette Color Lookup Table Data"))?;
    let values = if descriptor.bits == 8 {
        data.iter().map(|byte| u16::from(*byte)).collect()
    } else {
        as_words(&data)
    };
    let values = segments::expand(&values, usize::from(descriptor.bits / 8), descriptor.entries)?;
    Ok((values, descriptor.bits))
}

/// Gives the entries of plain data: a 16-bit word each, or a byte each where there is no room for words.
fn plain(data: &[u8], Descriptor { entries, bits, .. }: Descriptor) -> Result<(Vec<u16>, u16)> {
    if data.len() < entries {
        let expected = format!("{entries} entries");
        return Err(invalid(
            "Palette Color Lookup Table Data",
            expected,
            format!("{} bytes", data.len()),
        ));
    }
    if data.len() < 2 * entries {
        return Ok((data[..entries].iter().map(|byte| u16::from(*byte)).collect(), 8));
    }
    let values = as_words(&data[..2 * entries]);
    // Some writers announce 8 bits and scale them to 16: only entries within 8 bits are taken at their word.
    let bits = if values.iter().all(|value| *value < 256) {
        bits
    } else {
        16
    };
    Ok((values, bits))
}

fn as_words(data: &[u8]) -> Vec<u16> {
    words(data).map(u16::from_le_bytes).collect()
}

/// Gives the bytes of a table, low byte first whatever the reader made of them.
fn bytes(object: &InMemDicomObject, tag: Tag) -> Option<Vec<u8>> {
    match object.get(tag)?.value().primitive()? {
        PrimitiveValue::U8(bytes) => Some(bytes.to_vec()),
        PrimitiveValue::U16(words) => Some(words.iter().flat_map(|word| word.to_le_bytes()).collect()),
        PrimitiveValue::I16(words) => Some(words.iter().flat_map(|word| word.to_le_bytes()).collect()),
        _ => None,
    }
}

fn invalid(what: &'static str, expected: String, found: String) -> Error {
    Error::Invalid {
        what,
        expected,
        found,
    }
}

#[cfg(test)]
mod tests;

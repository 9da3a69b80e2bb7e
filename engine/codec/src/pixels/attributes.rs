//! The Image Pixel attributes of an object (PS3.3 C.7.6.3), read with their common faults named.

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::PixelKind;
use super::layout::Words;
use crate::{Error, FrameDescription, Photometric, Result, TransferSyntax, Warning};

/// What the attributes say.
pub(super) struct Attributes {
    pub description: FrameDescription,
    pub number_of_frames: u32,
    pub warnings: Vec<Warning>,
}

/// Reads the attributes of an object whose values are of `kind`.
pub(super) fn read(object: &InMemDicomObject, kind: PixelKind) -> Result<Attributes> {
    let mut reader = Reader {
        object,
        warnings: Vec::new(),
    };
    let (rows, columns) = (
        reader.dimension(tags::ROWS, "Rows")?,
        reader.dimension(tags::COLUMNS, "Columns")?,
    );
    let samples_per_pixel = reader.samples_per_pixel(kind)?;
    let bits_allocated = reader.bits_allocated(kind, samples_per_pixel)?;
    let (bits_stored, high_bit) = reader.bits_stored(kind, bits_allocated);
    let description = FrameDescription {
        rows,
        columns,
        samples_per_pixel,
        bits_allocated,
        bits_stored,
        high_bit,
        signed: reader.signed(kind),
        planar: samples_per_pixel > 1 && reader.planar(),
        photometric: reader.photometric(samples_per_pixel),
    };
    description.frame_bytes()?;
    let number_of_frames = reader.number_of_frames();
    Ok(Attributes {
        description,
        number_of_frames,
        warnings: reader.warnings,
    })
}

/// Gives the size of the words that a native value was swapped in.
///
/// 8-bit and 1-bit cells in an `OW` element travel in 16-bit words; larger cells are swapped as a whole
/// whatever the representation says, as every known writer of big endian does.
pub(super) fn words(syntax: TransferSyntax, vr: VR, bits_allocated: u16) -> Words {
    match (syntax.is_big_endian(), bits_allocated) {
        (false, _) => Words::LittleEndian,
        (true, 1 | 8) if vr == VR::OW => Words::SwappedPairs,
        (true, 1 | 8) => Words::LittleEndian,
        (true, _) => Words::SwappedCells,
    }
}

/// Gives the Extended Offset Table; some readers make its 64-bit values of `OV` bytes.
pub(super) fn extended_offsets(object: &InMemDicomObject) -> Option<Vec<u64>> {
    match object.get(tags::EXTENDED_OFFSET_TABLE)?.value().primitive()? {
        PrimitiveValue::U64(offsets) => Some(offsets.to_vec()),
        PrimitiveValue::U8(bytes) => Some(
            bytes
                .as_chunks::<8>()
                .0
                .iter()
                .map(|offset| u64::from_le_bytes(*offset))
                .collect(),
        ),
        _ => None,
    }
}

struct Reader<'o> {
    object: &'o InMemDicomObject,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    fn warn(&mut self, code: &'static str, text: String) {
        self.warnings.push(Warning::new(code, text));
    }

    fn integer(&self, tag: Tag) -> Option<i64> {
        self.object
            .get(tag)
            .and_then(|element| element.to_int::<i64>().ok())
    }

    /// Reads a US value; one that a reader took for SS is turned back.
    fn unsigned(&self, tag: Tag) -> Option<u16> {
        let value = self.integer(tag)?;
        u16::try_from(value)
            .ok()
            .or_else(|| i16::try_from(value).ok().map(i16::cast_unsigned))
    }

    fn dimension(&self, tag: Tag, name: &'static str) -> Result<u32> {
        match self.unsigned(tag) {
            Some(0) => Err(invalid(name, "at least 1", 0)),
            Some(pixels) => Ok(u32::from(pixels)),
            None => Err(Error::Missing(name)),
        }
    }

    fn samples_per_pixel(&mut self, kind: PixelKind) -> Result<u16> {
        let samples = self.unsigned(tags::SAMPLES_PER_PIXEL).unwrap_or_else(|| {
            self.warn("samples-per-pixel", "no Samples per Pixel; 1 taken".to_owned());
            1
        });
        match (samples, kind) {
            (1, _) | (3, PixelKind::Integer) => Ok(samples),
            (_, PixelKind::Integer) => Err(invalid("Samples per Pixel", "1 or 3", samples)),
            _ => Err(invalid("Samples per Pixel of float pixel data", "1", samples)),
        }
    }

    fn bits_allocated(&self, kind: PixelKind, samples_per_pixel: u16) -> Result<u16> {
        let found = self.unsigned(tags::BITS_ALLOCATED);
        match (kind, found) {
            // The attribute's own length says what its values are; a contradiction changes nothing.
            (PixelKind::Float, _) => Ok(32),
            (PixelKind::DoubleFloat, _) => Ok(64),
            (PixelKind::Integer, Some(bits @ (8 | 16 | 32 | 64))) => Ok(bits),
            (PixelKind::Integer, Some(1)) if samples_per_pixel == 1 => Ok(1),
            (PixelKind::Integer, Some(bits)) => Err(invalid(
                "Bits Allocated",
                "8, 16, 32, 64, or 1 with one sample",
                bits,
            )),
            (PixelKind::Integer, None) => Err(Error::Missing("Bits Allocated")),
        }
    }

    /// Reads Bits Stored and High Bit; what does not fit Bits Allocated is replaced and named.
    fn bits_stored(&mut self, kind: PixelKind, allocated: u16) -> (u16, u16) {
        if kind != PixelKind::Integer {
            return (allocated, allocated - 1);
        }
        let stored = match self.unsigned(tags::BITS_STORED) {
            Some(bits) if (1..=allocated).contains(&bits) => bits,
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |bits| bits.to_string());
                self.warn(
                    "bits-stored",
                    format!("Bits Stored: expected 1 to {allocated}, found {found}"),
                );
                allocated
            }
        };
        let high_bit = match self.unsigned(tags::HIGH_BIT) {
            Some(bit) if bit < allocated && bit + 1 >= stored => bit,
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |bit| bit.to_string());
                self.warn(
                    "high-bit",
                    format!("High Bit: expected {}, found {found}", stored - 1),
                );
                stored - 1
            }
        };
        (stored, high_bit)
    }

    fn signed(&mut self, kind: PixelKind) -> bool {
        if kind != PixelKind::Integer {
            return true;
        }
        match self.unsigned(tags::PIXEL_REPRESENTATION) {
            Some(0) => false,
            Some(1) => true,
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |value| value.to_string());
                let text = format!("Pixel Representation: expected 0 or 1, found {found}; unsigned taken");
                self.warn("pixel-representation", text);
                false
            }
        }
    }

    fn planar(&mut self) -> bool {
        let found = self.unsigned(tags::PLANAR_CONFIGURATION);
        if !matches!(found, Some(0 | 1)) {
            self.warn(
                "planar-configuration",
                "no Planar Configuration; colour by pixel taken".to_owned(),
            );
        }
        found == Some(1)
    }

    fn photometric(&mut self, samples_per_pixel: u16) -> Photometric {
        let term = self
            .object
            .get(tags::PHOTOMETRIC_INTERPRETATION)
            .and_then(|element| element.to_str().ok());
        let found = term.as_deref().and_then(Photometric::from_term);
        if let Some(photometric) = found
            && samples_of(photometric) == samples_per_pixel
        {
            return photometric;
        }
        let taken = if samples_per_pixel == 1 {
            Photometric::Monochrome2
        } else {
            Photometric::Rgb
        };
        let text = format!(
            "Photometric Interpretation: expected one of {samples_per_pixel} samples, found {}; {} taken",
            // An unknown term is not repeated: it comes from outside and may hold anything.
            found.map_or("none that is known", Photometric::term),
            taken.term(),
        );
        self.warn("photometric-interpretation", text);
        taken
    }

    fn number_of_frames(&mut self) -> u32 {
        let Some(element) = self.object.get(tags::NUMBER_OF_FRAMES) else {
            return 1;
        };
        match element
            .to_int::<i64>()
            .ok()
            .and_then(|frames| u32::try_from(frames).ok())
        {
            Some(frames) if frames > 0 => frames,
            found => {
                let found = found.map_or_else(|| "no such number".to_owned(), |frames| frames.to_string());
                let text = format!("Number of Frames: expected at least 1, found {found}; 1 taken");
                self.warn("number-of-frames", text);
                1
            }
        }
    }
}

fn samples_of(photometric: Photometric) -> u16 {
    match photometric {
        Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::PaletteColor => 1,
        _ => 3,
    }
}

fn invalid(what: &'static str, expected: &str, found: u16) -> Error {
    Error::Invalid {
        what,
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}

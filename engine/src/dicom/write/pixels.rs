//! Pixel data on its way into an object: raw, packed or as encapsulated frames.

use codec::{FrameDescription, TransferSyntax};
use dicom_core::value::{C, PixelFragmentSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{Dataset, Error};

/// The stored values of one object's frames.
#[derive(Debug, Clone)]
pub struct Pixels {
    /// The layout of each frame.
    pub description: FrameDescription,
    /// Frame after frame, laid out as the description says: whole samples, little endian, not packed; but as
    /// they are stored in [`Pixels::from_packed_bits`].
    pub values: Vec<u8>,
    /// Frames of bits that are packed already.
    packed_frames: Option<usize>,
}

impl Pixels {
    /// Frames of any layout.
    #[must_use]
    pub fn new(description: FrameDescription, values: Vec<u8>) -> Self {
        Self {
            description,
            values,
            packed_frames: None,
        }
    }

    /// Monochrome frames of signed 16-bit values.
    #[must_use]
    pub fn from_i16(columns: u32, rows: u32, values: &[i16]) -> Self {
        let description = FrameDescription {
            signed: true,
            ..monochrome(columns, rows, 16)
        };
        Self::new(
            description,
            values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        )
    }

    /// Monochrome frames of unsigned 16-bit values.
    #[must_use]
    pub fn from_u16(columns: u32, rows: u32, values: &[u16]) -> Self {
        let values = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::new(monochrome(columns, rows, 16), values)
    }

    /// Monochrome frames of unsigned 8-bit values.
    #[must_use]
    pub fn from_u8(columns: u32, rows: u32, values: Vec<u8>) -> Self {
        Self::new(monochrome(columns, rows, 8), values)
    }

    /// Frames of bits, one byte a pixel here (0 or 1), packed when written.
    #[must_use]
    pub fn from_bits(columns: u32, rows: u32, values: Vec<u8>) -> Self {
        Self::new(monochrome(columns, rows, 1), values)
    }

    /// Frames of bits, eight pixels a byte, the first in the lowest bit; no frame is padded to a byte (PS3.5 8.1.1).
    ///
    /// A segmentation of thousands of frames takes an eighth of [`Pixels::from_bits`].
    #[must_use]
    pub fn from_packed_bits(columns: u32, rows: u32, frames: usize, values: Vec<u8>) -> Self {
        Self {
            packed_frames: Some(frames),
            ..Self::new(monochrome(columns, rows, 1), values)
        }
    }

    /// Number of frames.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless the values are a whole number of frames, at least one.
    pub fn frames(&self) -> Result<usize, Error> {
        let frame_bytes = self.description.frame_bytes()?;
        if let Some(frames) = self.packed_frames {
            let expected = (frames * frame_bytes).div_ceil(8);
            return if frames > 0 && self.values.len() == expected {
                Ok(frames)
            } else {
                let found = format!("{} bytes", self.values.len());
                Err(Error::invalid(
                    "pixel data",
                    format!("{expected} bytes for {frames} frames"),
                    found,
                ))
            };
        }
        if frame_bytes == 0 || self.values.is_empty() || !self.values.len().is_multiple_of(frame_bytes) {
            return Err(Error::invalid(
                "pixel data",
                format!("whole frames of {frame_bytes} bytes"),
                format!("{} bytes", self.values.len()),
            ));
        }
        Ok(self.values.len() / frame_bytes)
    }

    /// Sets the Image Pixel module (PS3.3 C.7.6.3) but for the values.
    pub(super) fn describe(&self, dataset: &mut Dataset) {
        let d = &self.description;
        dataset
            .unsigned(tags::SAMPLES_PER_PIXEL, &[d.samples_per_pixel])
            .text(tags::PHOTOMETRIC_INTERPRETATION, d.photometric.term())
            .unsigned(tags::ROWS, &[d.rows as u16])
            .unsigned(tags::COLUMNS, &[d.columns as u16])
            .unsigned(tags::BITS_ALLOCATED, &[d.bits_allocated])
            .unsigned(tags::BITS_STORED, &[d.bits_stored])
            .unsigned(tags::HIGH_BIT, &[d.high_bit])
            .unsigned(tags::PIXEL_REPRESENTATION, &[u16::from(d.signed)]);
        if d.samples_per_pixel > 1 {
            dataset.unsigned(tags::PLANAR_CONFIGURATION, &[u16::from(d.planar)]);
        }
    }

    /// Puts Pixel Data (7FE0,0010) into an object.
    pub(super) fn put(&self, object: &mut InMemDicomObject, syntax: TransferSyntax) -> Result<(), Error> {
        let frames = self.frames()?;
        let frame_bytes = self.description.frame_bytes()?;
        if syntax.is_encapsulated() {
            let encoder = codec::compression::encoder_for(syntax).ok_or(codec::Error::Unsupported {
                uid: syntax.uid().to_owned(),
                name: syntax.name(),
                verb: "encoded",
            })?;
            let compressed = |frame| match self.packed_frames {
                None => encoder.encode(
                    &self.values[frame * frame_bytes..][..frame_bytes],
                    &self.description,
                ),
                Some(_) => encoder.encode(
                    &unpack(&self.values, frame * frame_bytes, frame_bytes),
                    &self.description,
                ),
            };
            let value = encapsulated((0..frames).map(compressed).collect::<codec::Result<_>>()?);
            object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, value));
            return Ok(());
        }
        let value = native_value(self.stored(frame_bytes)?, self.description.bits_allocated, syntax);
        // Explicit VR allows OB for samples of a byte; implicit VR knows OW only (PS3.5 A.1, A.2).
        let bytes = self.description.bits_allocated <= 8 && syntax.is_explicit();
        object.put(DataElement::new(
            tags::PIXEL_DATA,
            if bytes { VR::OB } else { VR::OW },
            value,
        ));
        Ok(())
    }

    /// The values as they are stored without compression.
    fn stored(&self, frame_bytes: usize) -> Result<Vec<u8>, Error> {
        if self.packed_frames.is_some() {
            return Ok(self.values.clone());
        }
        if self.description.bits_allocated == 1 {
            return Ok(pack(&self.values));
        }
        let encoder = codec::compression::encoder_for(TransferSyntax::ExplicitLittleEndian)
            .expect("values without compression can always be stored");
        let mut stored = Vec::with_capacity(self.values.len());
        for frame in self.values.chunks_exact(frame_bytes) {
            stored.extend(encoder.encode(frame, &self.description)?);
        }
        Ok(stored)
    }
}

fn monochrome(columns: u32, rows: u32, bits: u16) -> FrameDescription {
    FrameDescription {
        rows,
        columns,
        samples_per_pixel: 1,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        planar: false,
        photometric: codec::Photometric::Monochrome2,
    }
}

/// Packs bits, the first pixel into the lowest bit; frames are not padded to bytes (PS3.5 8.1.1).
fn pack(values: &[u8]) -> Vec<u8> {
    let bit = |(place, value): (usize, &u8)| u8::from(*value != 0) << place;
    values
        .chunks(8)
        .map(|eight| eight.iter().enumerate().map(bit).sum())
        .collect()
}

/// The inverse of [`pack`] for `count` pixels from pixel `first` on.
fn unpack(packed: &[u8], first: usize, count: usize) -> Vec<u8> {
    let bit = |n: usize| packed[n / 8] >> (n % 8) & 1;
    (first..first + count).map(bit).collect()
}

/// Uncompressed values; words are swapped by the data set writer where the syntax is big endian.
fn native_value(mut stored: Vec<u8>, bits_allocated: u16, syntax: TransferSyntax) -> PrimitiveValue {
    if stored.len() % 2 == 1 {
        stored.push(0);
    }
    if bits_allocated == 16 && syntax.is_big_endian() {
        let words = stored
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        return PrimitiveValue::U16(words.collect());
    }
    PrimitiveValue::U8(stored.into())
}

/// Fragments of compressed frames behind a Basic Offset Table (PS3.5 A.4).
fn encapsulated(frames: Vec<Vec<u8>>) -> Value<InMemDicomObject, Vec<u8>> {
    let mut offsets: C<u32> = C::new();
    let mut offset = 0u32;
    let mut fragments: C<Vec<u8>> = C::new();
    for mut frame in frames {
        if frame.len() % 2 == 1 {
            frame.push(0);
        }
        offsets.push(offset);
        offset = offset.wrapping_add(frame.len() as u32 + 8);
        fragments.push(frame);
    }
    Value::PixelSequence(PixelFragmentSequence::new(offsets, fragments))
}

#[cfg(test)]
mod tests {
    use super::{Pixels, native_value, pack};
    use codec::TransferSyntax;
    use dicom_core::value::PrimitiveValue;
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    #[test]
    fn bits_are_packed_from_the_lowest_and_across_frames() {
        assert_eq!(
            pack(&[1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1]),
            [0b0001_1001, 0b0000_0110]
        );
    }

    #[test]
    fn packed_bits_are_the_same_pixels() {
        let values: Vec<u8> = (0..3 * 5 * 4).map(|n| u8::from(n % 7 < 3)).collect();
        let [plain, packed] = [
            Pixels::from_bits(5, 3, values.clone()),
            Pixels::from_packed_bits(5, 3, 4, pack(&values)),
        ];
        assert_eq!(packed.frames().unwrap(), 4);
        for syntax in [
            TransferSyntax::ExplicitLittleEndian,
            TransferSyntax::DeflatedImageFrame,
        ] {
            let mut objects = [InMemDicomObject::new_empty(), InMemDicomObject::new_empty()];
            plain.put(&mut objects[0], syntax).unwrap();
            packed.put(&mut objects[1], syntax).unwrap();
            let [plain, packed] = objects.map(|object| object.get(tags::PIXEL_DATA).unwrap().value().clone());
            assert_eq!(plain, packed);
        }
        assert!(Pixels::from_packed_bits(5, 3, 5, pack(&values)).frames().is_err());
    }

    #[test]
    fn odd_bytes_are_padded_and_words_turned_for_big_endian() {
        let little = native_value(vec![1, 2, 3], 8, TransferSyntax::ExplicitLittleEndian);
        assert_eq!(little, PrimitiveValue::U8([1, 2, 3, 0].as_slice().into()));
        let big = native_value(vec![0x34, 0x12], 16, TransferSyntax::ExplicitBigEndian);
        assert_eq!(big, PrimitiveValue::U16([0x1234].as_slice().into()));
    }

    #[test]
    fn part_of_a_frame_is_refused() {
        let mut pixels = Pixels::from_u8(3, 2, vec![0; 12]);
        assert_eq!(pixels.frames().unwrap(), 2);
        pixels.values.pop();
        assert!(pixels.frames().is_err());
        pixels.values.clear();
        assert!(pixels.frames().is_err());
    }
}

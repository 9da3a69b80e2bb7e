//! Frames decoded, encoded again, and compared.

use codec::dataset::{Change, Object, PixelKind, PixelLocation};
use codec::pixels::{PixelData, PixelValue};
use codec::{Encoder, FrameDescription, Photometric, TransferSyntax, compression, encapsulation};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::{Error, Limits, Result};
use crate::storage::Hash;

/// The pixels in the new transfer syntax.
pub(super) struct Encoded {
    pub(super) value: Value,
    /// What the data set says otherwise, in order of tags.
    pub(super) changes: Vec<Change>,
    /// Of each frame of the source, what it decodes to.
    pub(super) frames: Vec<FrameHash>,
    /// Whether that is the whole cells of its pixels.
    pub(super) are_cells: bool,
}

pub(super) enum Value {
    Native { vr: VR, bytes: Vec<u8> },
    Encapsulated(Vec<u8>),
}

/// What a frame decodes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHash {
    values: Hash,
    photometric: Photometric,
}

/// Joins an object's attributes with its pixel data.
pub(crate) fn data<'a>(object: &'a Object<'a>, location: &PixelLocation) -> Result<PixelData<'a>> {
    let bytes = &object.bytes[location.range.clone()];
    let value = match location.announced {
        None => PixelValue::Encapsulated(bytes),
        Some(_) => PixelValue::Native {
            bytes,
            vr: location.vr,
        },
    };
    let syntax = object.transfer_syntax.ok_or_else(|| codec::Error::Unsupported {
        uid: object.transfer_syntax_uid.clone(),
        name: "unknown",
        verb: "decoded",
    })?;
    Ok(PixelData::new(&object.data_set, syntax, location.kind, value)?.0)
}

/// Decodes and encodes every frame.
pub(super) fn encoded(
    object: &Object,
    location: &PixelLocation,
    to: TransferSyntax,
    limits: Limits,
) -> Result<Encoded> {
    let pixels = data(object, location)?;
    let unsupported = || Error::Unsupported(to.uid().to_owned(), object.transfer_syntax_uid.clone());
    let encoder = compression::encoder_for(to).ok_or_else(unsupported)?;
    if location.kind != PixelKind::Integer {
        return Err(unsupported());
    }
    let frames = pixels.number_of_frames();
    let size = u64::from(frames).saturating_mul(pixels.frame_bytes() as u64);
    if size > limits.decoded_bytes {
        return Err(codec::Error::TooLarge {
            what: "decoded frames in bytes",
            limit: limits.decoded_bytes,
            found: size,
        }
        .into());
    }
    // The last frame is there, so all are, before room is made for them.
    pixels.check_frame(frames - 1)?;
    let keeps = Keeps::of(object, to)?;
    let mut work = Work {
        pixels: &pixels,
        encoder,
        keeps,
        encoded: Vec::new(),
        frames: Vec::new(),
        coded: None,
    };
    for frame in 0..frames {
        work.frame(frame)?;
    }
    let coded = work.coded.ok_or(codec::Error::Missing("frame"))?;
    let value = if to.is_encapsulated() {
        let frames = work.encoded.iter().map(Vec::as_slice);
        Value::Encapsulated(encapsulation::encapsulate(frames)?)
    } else {
        Value::Native {
            vr: if coded.bits_allocated > 8 { VR::OW } else { VR::OB },
            bytes: packed_frames(&coded, work.frames.len(), work.encoded.concat())?,
        }
    };
    Ok(Encoded {
        value,
        changes: changes(object, &coded, to),
        frames: work.frames,
        are_cells: keeps.cells,
    })
}

/// One-bit frames of a native value follow one another without a gap (PS3.5 8.1.1).
fn packed_frames(coded: &FrameDescription, frames: usize, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let has_gaps = coded.bits_allocated == 1 && frames > 1 && !coded.pixels().is_multiple_of(8);
    if !has_gaps {
        return Ok(bytes);
    }
    let frame_bytes = coded.pixels().div_ceil(8);
    let mut packed = vec![0_u8; (coded.pixels() * frames).div_ceil(8)];
    for frame in 0..frames {
        for pixel in 0..coded.pixels() {
            let bit = bytes[frame * frame_bytes + pixel / 8] >> (pixel % 8) & 1;
            let at = frame * coded.pixels() + pixel;
            packed[at / 8] |= bit << (at % 8);
        }
    }
    Ok(packed)
}

/// What of a pixel's cell the way keeps.
#[derive(Clone, Copy)]
struct Keeps {
    /// All bits: both syntaxes do.
    cells: bool,
    /// The order of colours that the data set states.
    planar: bool,
}

impl Keeps {
    fn of(object: &Object, to: TransferSyntax) -> Result<Self> {
        let planar = compression::keeps_cells(to);
        let from = object.transfer_syntax.is_some_and(compression::keeps_cells);
        if from && !planar && has_embedded_overlay(object) {
            return Err(Error::EmbeddedOverlay(to.name()));
        }
        Ok(Self {
            cells: from && planar,
            planar,
        })
    }
}

/// Whether an overlay lies in bits of the pixels themselves (PS3.3-2004 C.9.2).
fn has_embedded_overlay(object: &Object) -> bool {
    (0x6000..=0x60FF_u16).step_by(2).any(|group| {
        let has = |element| object.data_set.get(Tag(group, element)).is_some();
        has(0x0010) && !has(0x3000)
    })
}

struct Work<'a> {
    pixels: &'a PixelData<'a>,
    encoder: &'static dyn Encoder,
    keeps: Keeps,
    encoded: Vec<Vec<u8>>,
    frames: Vec<FrameHash>,
    /// What the encoder was told, the same for all frames.
    coded: Option<FrameDescription>,
}

impl Work<'_> {
    fn frame(&mut self, frame: u32) -> Result<()> {
        let mut values = vec![0; self.pixels.frame_bytes()];
        let decoded = self.pixels.decode_into(frame, &mut values)?;
        let source = self.pixels.description();
        let mut coded = FrameDescription {
            photometric: decoded.photometric,
            planar: self.keeps.planar && self.pixels.stored().planar,
            ..*source
        };
        if self.keeps.cells {
            values = self.pixels.decode_cells(frame)?;
        } else {
            // A stream more precise than the data set says keeps its values.
            coded.bits_stored = source
                .bits_stored
                .max(decoded.precision)
                .min(source.bits_allocated);
            coded.high_bit = coded.bits_stored - 1;
        }
        self.frames.push(FrameHash {
            values: Hash::of(&values),
            photometric: decoded.photometric,
        });
        match &mut self.coded {
            None => self.coded = Some(coded),
            Some(first) if first.photometric != coded.photometric => {
                return Err(codec::Error::Invalid {
                    what: "frames",
                    expected: "one photometric interpretation".to_owned(),
                    found: "several".to_owned(),
                }
                .into());
            }
            Some(first) => coded = *first,
        }
        self.encoded.push(self.encoder.encode(&values, &coded)?);
        Ok(())
    }
}

/// The attributes that are others in the new transfer syntax (PS3.5 8.2).
fn changes(object: &Object, coded: &FrameDescription, to: TransferSyntax) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut put = |tag, vr, value: Option<Vec<u8>>| changes.push(Change { tag, vr, value });
    let photometric = match coded.photometric {
        // Three components named RGB go through the reversible transform there (PS3.5 8.2.4).
        Photometric::Rgb if is_jpeg_2000(to) && coded.samples_per_pixel == 3 => Photometric::YbrRct,
        other => other,
    };
    let text = |tag| dicom_text(object, tag);
    if text(tags::PHOTOMETRIC_INTERPRETATION).as_deref() != Some(photometric.term()) {
        put(
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            Some(even(photometric.term())),
        );
    }
    let mut number = |tag, value: u16| {
        let found = object.data_set.get(tag).and_then(|e| e.to_int::<u16>().ok());
        if found != Some(value) {
            put(tag, VR::US, Some(value.to_le_bytes().to_vec()));
        }
    };
    if coded.samples_per_pixel > 1 {
        number(tags::PLANAR_CONFIGURATION, u16::from(coded.planar));
    }
    number(tags::BITS_STORED, coded.bits_stored);
    number(tags::HIGH_BIT, coded.high_bit);
    let is_lossy = object.transfer_syntax.is_some_and(is_always_lossy);
    if is_lossy && text(tags::LOSSY_IMAGE_COMPRESSION).as_deref() != Some("01") {
        // Only the compression that goes said so (PS3.3 C.7.6.1.1.5).
        put(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, Some(even("01")));
    }
    put(tags::EXTENDED_OFFSET_TABLE, VR::OV, None);
    put(tags::EXTENDED_OFFSET_TABLE_LENGTHS, VR::OV, None);
    changes
}

fn is_jpeg_2000(syntax: TransferSyntax) -> bool {
    use TransferSyntax as T;
    matches!(
        syntax,
        T::Jpeg2000Lossless | T::Htj2kLossless | T::Htj2kLosslessRpcl
    )
}

fn is_always_lossy(syntax: TransferSyntax) -> bool {
    use TransferSyntax as T;
    matches!(
        syntax,
        T::JpegBaseline
            | T::JpegExtended
            | T::JpegSpectralSelection
            | T::JpegFullProgression
            | T::JpegLsNearLossless
    )
}

fn dicom_text(object: &Object, tag: Tag) -> Option<String> {
    let value = object.data_set.get(tag)?.to_str().ok()?;
    Some(value.trim_matches([' ', '\0']).to_owned())
}

fn even(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len().next_multiple_of(2), b' ');
    bytes
}

/// Compares what each frame of a new object decodes to.
pub(super) fn prove(object: &Object, encoded: &Encoded) -> Result<()> {
    let frames = &encoded.frames;
    let location = object.pixels.as_ref().ok_or(Error::NotIdentical { frame: 1 })?;
    let pixels = data(object, location)?;
    if pixels.number_of_frames() as usize != frames.len() {
        return Err(Error::NotIdentical { frame: 1 });
    }
    let mut values = vec![0; pixels.frame_bytes()];
    for (frame, expected) in (0..).zip(frames) {
        let decoded = pixels.decode_into(frame, &mut values)?;
        if encoded.are_cells {
            values = pixels.decode_cells(frame)?;
        }
        let found = FrameHash {
            values: Hash::of(&values),
            photometric: decoded.photometric,
        };
        if found != *expected {
            return Err(Error::NotIdentical { frame: frame + 1 });
        }
    }
    Ok(())
}

/// The native value of a big-endian object, turned round; `None` when it is little endian.
pub(super) fn little_endian(object: &Object) -> Option<(VR, Vec<u8>)> {
    let location = object.pixels.as_ref()?;
    if !object.transfer_syntax.is_some_and(TransferSyntax::is_big_endian) {
        return None;
    }
    let mut bytes = object.bytes[location.range.clone()].to_vec();
    let allocated = object.data_set.get(tags::BITS_ALLOCATED);
    let bits = allocated.and_then(|e| e.to_int::<u16>().ok()).unwrap_or(16);
    let size = match (location.kind, bits) {
        (PixelKind::Float, _) => 4,
        (PixelKind::DoubleFloat, _) => 8,
        // Cells of a byte or less travel in swapped words, where the element is one of words.
        (PixelKind::Integer, 1 | 8) if location.vr == VR::OW => 2,
        (PixelKind::Integer, 1 | 8) => 1,
        (PixelKind::Integer, bits) => usize::from(bits / 8).max(1),
    };
    bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    Some((location.vr, bytes))
}

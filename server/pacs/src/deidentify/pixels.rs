//! The pixel data of the new object: as it was, or decoded, masked and written without compression.

use codec::dataset::{Object, PixelKind};
use codec::pixels::{PixelData, PixelValue};
use codec::{Error as CodecError, FrameDescription, Photometric, TransferSyntax};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::mask::PixelMask;
use super::{Error, text};

/// Decoded pixels that are masked at once.
const MAX_DECODED_BYTES: u64 = 2 << 30;

/// What follows the data set.
pub(super) enum PixelBytes {
    /// The object has no pixels.
    None,
    /// A native value.
    Native { tag: Tag, vr: VR, bytes: Vec<u8> },
    /// Items of an encapsulated value, from the offset table on, without the delimiter.
    Encapsulated(Vec<u8>),
}

/// The new object's pixels and how they are encoded.
pub(super) struct Pixels {
    pub(super) syntax_uid: String,
    pub(super) value: PixelBytes,
    pub(super) is_masked: bool,
}

/// Takes the pixels, blackened by `mask`; sets in `data_set` what decoding changes.
pub(super) fn take(
    object: &Object,
    mask: Option<&PixelMask>,
    data_set: &mut InMemDicomObject,
) -> Result<Pixels, Error> {
    let Some(location) = &object.pixels else {
        return match mask {
            Some(_) => Err(mismatch("an image", "an object without pixels".to_owned())),
            None => Ok(Pixels::plain(PixelBytes::None, false)),
        };
    };
    let syntax = known_syntax(object)?;
    if let Some(mask) = mask {
        fits(mask, data_set)?;
    }
    let is_encapsulated = location.announced.is_none();
    let (bytes, vr) = (&object.bytes[location.range.clone()], location.vr);
    if mask.is_some() || syntax.is_big_endian() || has_embedded_overlay(data_set) {
        let value = if is_encapsulated {
            PixelValue::Encapsulated(bytes)
        } else {
            PixelValue::Native { bytes, vr }
        };
        let (pixels, _) = PixelData::new(data_set, syntax, location.kind, value)?;
        return Ok(Pixels::plain(decoded(&pixels, mask, data_set)?, mask.is_some()));
    }
    if is_encapsulated {
        return Ok(Pixels {
            syntax_uid: syntax.uid().to_owned(),
            value: PixelBytes::Encapsulated(items(bytes)?.to_vec()),
            is_masked: false,
        });
    }
    let tag = tag_of(location.kind);
    let length = native_length(data_set).map_or(bytes.len(), |length| length.min(bytes.len()));
    let bytes = bytes[..length].to_vec();
    Ok(Pixels::plain(PixelBytes::Native { tag, vr, bytes }, false))
}

impl Pixels {
    fn plain(value: PixelBytes, is_masked: bool) -> Self {
        Self {
            syntax_uid: TransferSyntax::ExplicitLittleEndian.uid().to_owned(),
            value,
            is_masked,
        }
    }
}

/// The transfer syntax, which must be known: an unknown one may mean another byte order.
fn known_syntax(object: &Object) -> Result<TransferSyntax, Error> {
    let syntax = object.transfer_syntax.ok_or_else(|| CodecError::Unsupported {
        uid: object.transfer_syntax_uid.clone(),
        name: "unknown",
        verb: "decoded",
    })?;
    let is_contradicted = object
        .warnings
        .iter()
        .any(|warning| warning.code == "wrong-transfer-syntax");
    if is_contradicted && syntax.is_big_endian() {
        return Err(CodecError::Invalid {
            what: "transfer syntax",
            expected: "the byte order that it states".to_owned(),
            found: "another".to_owned(),
        }
        .into());
    }
    Ok(syntax)
}

fn tag_of(kind: PixelKind) -> Tag {
    match kind {
        PixelKind::Integer => tags::PIXEL_DATA,
        PixelKind::Float => tags::FLOAT_PIXEL_DATA,
        PixelKind::DoubleFloat => tags::DOUBLE_FLOAT_PIXEL_DATA,
    }
}

fn mismatch(expected: &str, found: String) -> Error {
    Error::MaskMismatch {
        expected: expected.to_owned(),
        found,
    }
}

/// Whether the mask was made for such images.
fn fits(mask: &PixelMask, data_set: &InMemDicomObject) -> Result<(), Error> {
    let number = |tag| {
        data_set
            .get(tag)
            .and_then(|element| element.to_int::<u32>().ok())
            .unwrap_or_default()
    };
    let (rows, columns) = (number(tags::ROWS), number(tags::COLUMNS));
    if (rows, columns) != (mask.rows, mask.columns) {
        let expected = format!("{} rows and {} columns", mask.rows, mask.columns);
        return Err(mismatch(&expected, format!("{rows} and {columns}")));
    }
    let model = text(data_set, tags::MANUFACTURER_MODEL_NAME);
    if mask.model.as_ref().is_some_and(|expected| *expected != model) {
        return Err(mismatch(
            "the model that it is made for",
            "another model".to_owned(),
        ));
    }
    let covers = |r: &super::Rectangle| r.width > 0 && r.height > 0 && r.row < rows && r.column < columns;
    if !mask.rectangles.iter().any(covers) {
        return Err(mismatch("a rectangle within the image", "none".to_owned()));
    }
    Ok(())
}

/// Whether an overlay lies in bits of the pixels themselves (PS3.3-2004 C.9.2).
fn has_embedded_overlay(data_set: &InMemDicomObject) -> bool {
    (0x6000..=0x60FF_u16).step_by(2).any(|group| {
        let rows = data_set.get(Tag(group, 0x0010)).is_some();
        rows && data_set.get(Tag(group, 0x3000)).is_none()
    })
}

/// Every frame decoded and masked, without compression.
fn decoded(
    pixels: &PixelData,
    mask: Option<&PixelMask>,
    data_set: &mut InMemDicomObject,
) -> Result<PixelBytes, Error> {
    let frames = pixels.number_of_frames();
    let size = u64::from(frames).saturating_mul(pixels.frame_bytes() as u64);
    if size > MAX_DECODED_BYTES {
        return Err(CodecError::TooLarge {
            what: "pixels to be masked in bytes",
            limit: MAX_DECODED_BYTES,
            found: size,
        }
        .into());
    }
    // A frame that is not there fails before its bytes are allocated.
    pixels.check_frame(frames - 1)?;
    let mut out = Vec::new();
    let mut photometric: Option<Photometric> = None;
    for frame in 0..frames {
        let mut bytes = vec![0; pixels.frame_bytes()];
        let result = pixels.decode_into(frame, &mut bytes)?;
        let description = FrameDescription {
            photometric: result.photometric,
            ..*pixels.description()
        };
        if photometric.is_some_and(|first| first != result.photometric) {
            return Err(CodecError::Invalid {
                what: "frames",
                expected: "one photometric interpretation".to_owned(),
                found: "several".to_owned(),
            }
            .into());
        }
        photometric = Some(result.photometric);
        if let Some(mask) = mask {
            mask.blacken(&mut bytes, &description, pixels.kind());
        }
        out.append(&mut bytes);
    }
    let description = pixels.description();
    describe(
        data_set,
        description,
        photometric.unwrap_or(description.photometric),
        pixels.kind(),
    );
    if description.bits_allocated == 1 {
        out = packed(&out);
    }
    Ok(PixelBytes::Native {
        tag: tag_of(pixels.kind()),
        vr: vr_of(pixels.kind(), description),
        bytes: out,
    })
}

fn vr_of(kind: PixelKind, description: &FrameDescription) -> VR {
    match kind {
        PixelKind::Float => VR::OF,
        PixelKind::DoubleFloat => VR::OD,
        PixelKind::Integer if description.bits_allocated > 8 => VR::OW,
        PixelKind::Integer => VR::OB,
    }
}

/// Sets the Image Pixel attributes that decoding changes.
fn describe(
    data_set: &mut InMemDicomObject,
    description: &FrameDescription,
    photometric: Photometric,
    kind: PixelKind,
) {
    if kind != PixelKind::Integer {
        return;
    }
    let mut number = |tag, value: u16| {
        data_set.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    };
    if description.samples_per_pixel > 1 {
        number(tags::PLANAR_CONFIGURATION, 0);
    }
    number(tags::BITS_ALLOCATED, description.bits_allocated);
    number(tags::BITS_STORED, description.bits_stored);
    number(tags::HIGH_BIT, description.bits_stored.saturating_sub(1));
    data_set.put(DataElement::new(
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        PrimitiveValue::from(photometric.term()),
    ));
    // Offsets and lengths of fragments that are gone.
    for tag in [tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS] {
        data_set.remove_element(tag);
    }
}

/// One bit a pixel, the first the lowest (PS3.5 8.1.1).
fn packed(pixels: &[u8]) -> Vec<u8> {
    pixels
        .chunks(8)
        .map(|eight| {
            eight
                .iter()
                .enumerate()
                .fold(0, |byte, (at, pixel)| byte | (u8::from(*pixel != 0) << at))
        })
        .collect()
}

/// The whole items of an encapsulated value; what stands behind the delimiter is none of the object's pixels.
fn items(bytes: &[u8]) -> Result<&[u8], Error> {
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + 8) {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        match header[..4] {
            [0xFE, 0xFF, 0x00, 0xE0] => {}
            [0xFE, 0xFF, 0xDD, 0xE0] => return Ok(&bytes[..at]),
            _ => break,
        }
        let end = at.saturating_add(8).saturating_add(length as usize);
        if end > bytes.len() {
            break;
        }
        at = end;
    }
    if at == bytes.len() && at > 0 {
        return Ok(bytes);
    }
    Err(CodecError::Truncated {
        what: "fragments",
        expected: at as u64 + 8,
        found: bytes.len() as u64,
    }
    .into())
}

/// Bytes of a native value as the attributes have it; `None` where they do not tell.
fn native_length(data_set: &InMemDicomObject) -> Option<usize> {
    let number = |tag| data_set.get(tag)?.to_int::<u64>().ok();
    let pixels = number(tags::ROWS)?.checked_mul(number(tags::COLUMNS)?)?;
    let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
    let photometric = text(data_set, tags::PHOTOMETRIC_INTERPRETATION);
    let samples = match photometric.as_str() {
        "YBR_FULL_422" | "YBR_PARTIAL_422" => 2,
        _ => number(tags::SAMPLES_PER_PIXEL).unwrap_or(1),
    };
    let bits = pixels
        .checked_mul(samples)?
        .checked_mul(number(tags::BITS_ALLOCATED)?)?
        .checked_mul(frames)?;
    usize::try_from(bits.div_ceil(16) * 2).ok()
}

//! A Part 10 file of a data set and its pixels, in explicit little endian.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::encode::EncoderFor;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use super::pixels::{PixelBytes, Pixels};
use super::{Error, text};

/// A UUID under 2.25 (PS3.5 B.2), made once for this writer.
const IMPLEMENTATION_CLASS_UID: &str = "2.25.190146791043182537894401263559812042273";
const IMPLEMENTATION_VERSION_NAME: &str = "UPTAKE_DEID";

/// Gives preamble, meta information, data set and pixels.
pub(super) fn part10(object: &InMemDicomObject, pixels: &Pixels) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Write(error.to_string());
    let mut bytes = vec![0; 128];
    bytes.extend_from_slice(b"DICM");
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(text(object, tags::SOP_CLASS_UID))
        .media_storage_sop_instance_uid(text(object, tags::SOP_INSTANCE_UID))
        .transfer_syntax(&pixels.syntax_uid)
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
        .build()
        .map_err(|error| failed(&error))?;
    meta.write(&mut bytes).map_err(|error| failed(&error))?;
    let encoder = EncoderFor::new(ExplicitVRLittleEndianEncoder::default());
    object
        .write_dataset(&mut bytes, encoder)
        .map_err(|error| failed(&error))?;
    match &pixels.value {
        PixelBytes::None => {}
        PixelBytes::Native {
            tag,
            vr,
            bytes: value,
        } => {
            let padded = value.len().next_multiple_of(2);
            let length = u32::try_from(padded).ok().filter(|length| *length < u32::MAX - 1);
            let length =
                length.ok_or_else(|| Error::Write("native pixel data of 4 GiB or more".to_owned()))?;
            header(&mut bytes, *tag, *vr, length);
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len() + padded - value.len(), 0);
        }
        PixelBytes::Encapsulated(items) => {
            header(&mut bytes, tags::PIXEL_DATA, VR::OB, u32::MAX);
            bytes.extend_from_slice(items);
            bytes.extend_from_slice(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
    }
    Ok(bytes)
}

/// The header of an element with a length of 32 bits (PS3.5 7.1.2).
fn header(bytes: &mut Vec<u8>, tag: Tag, vr: VR, length: u32) {
    bytes.extend(tag.0.to_le_bytes());
    bytes.extend(tag.1.to_le_bytes());
    bytes.extend_from_slice(vr.to_string().as_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend(length.to_le_bytes());
}

//! What somebody outside learns of the images, and what it must be.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::TransferSyntax;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use serde_json::Value;

use super::super::object;
use crate::services::Archive;
use crate::storage::Hash;
use crate::transcode;

pub(super) const STUDY: &str = "2.25.77";
pub(super) const SERIES: &str = "2.25.77.0";
pub(super) const EXPLICIT: &str = uids::EXPLICIT_VR_LITTLE_ENDIAN;
pub(super) const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
pub(super) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// What somebody outside learns of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) sex: String,
    pub(super) accession: String,
    pub(super) description: String,
    /// The hash of the pixels, as cells without compression.
    pub(super) pixels: Option<Hash>,
}

pub(super) type All = BTreeMap<String, Told>;

/// What is told before, and after all was decided.
pub(super) fn expected(is_corrected: bool) -> All {
    let told = |number: u32| {
        let text = |received: &str, corrected: &str| {
            let value = if is_corrected { corrected } else { received };
            value.to_owned()
        };
        let told = Told {
            name: text("Wang^Fang", "Li^Qing=李^清"),
            id: text("P77", "P99"),
            sex: text("M", "F"),
            accession: text("A77", "A78"),
            description: text("brain", "脑"),
            pixels: Some(Hash::of(&pixels(number))),
        };
        (format!("{STUDY}.{number}"), told)
    };
    let all = (1..=4).map(told);
    all.filter(|(uid, _)| !is_corrected || !uid.ends_with(".4"))
        .collect()
}

/// 1 is small, 2 large, 3 deflated, 4 is going to be rejected.
pub(super) fn side(number: u32) -> u16 {
    if number == 2 { 1024 } else { 32 }
}

pub(super) fn pixels(number: u32) -> Vec<u8> {
    let side = u32::from(side(number));
    let cells = (0..side * side).map(|at| (at.wrapping_mul(at + number) % 4096) as u16);
    cells.flat_map(u16::to_le_bytes).collect()
}

pub(super) fn image(number: u32) -> Vec<u8> {
    let mut image = object(
        number,
        &[
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
            (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
            (tags::MODALITY, VR::CS, "CT"),
            (tags::PATIENT_NAME, VR::PN, "Wang^Fang"),
            (tags::PATIENT_SEX, VR::CS, "M"),
            (tags::STUDY_DESCRIPTION, VR::LO, "brain"),
            (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
            (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
            (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            (tags::RESCALE_SLOPE, VR::DS, "1"),
            (tags::RESCALE_INTERCEPT, VR::DS, "0"),
        ],
    );
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, side(number)),
        (tags::COLUMNS, side(number)),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let cells = PrimitiveValue::U8(pixels(number).into());
    image.put(DataElement::new(tags::PIXEL_DATA, VR::OW, cells));
    let meta = FileMetaTableBuilder::new().transfer_syntax(EXPLICIT);
    let mut bytes = Vec::new();
    image.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    if number == 3 {
        let to = TransferSyntax::from_uid(DEFLATED).unwrap();
        let bytes = Bytes::from(bytes);
        return transcode::transcode(&bytes, to, transcode::Limits::default())
            .unwrap()
            .to_vec();
    }
    bytes
}

/// Reads a file, or a data set alone.
pub(super) fn told(bytes: &[u8]) -> (String, Told) {
    let parsed = codec::dataset::read(bytes, codec::dataset::Limits::default()).unwrap();
    let plain;
    let pixels = if parsed.transfer_syntax_uid == JPEG_LS {
        let bytes = Bytes::copy_from_slice(bytes);
        let to = TransferSyntax::ExplicitLittleEndian;
        plain = transcode::transcode(&bytes, to, transcode::Limits::default()).unwrap();
        let parsed = codec::dataset::read(&plain, codec::dataset::Limits::default()).unwrap();
        parsed.bytes[parsed.pixels.unwrap().range].to_vec()
    } else {
        parsed.bytes[parsed.pixels.as_ref().unwrap().range.clone()].to_vec()
    };
    told_of(&parsed.data_set, Some(Hash::of(&pixels)))
}

/// What a data set says, beside its pixels.
pub(super) fn told_of(data_set: &InMemDicomObject, pixels: Option<Hash>) -> (String, Told) {
    let text = |tag| {
        let element = data_set.get(tag);
        element.map_or_else(String::new, |element| {
            element.to_str().unwrap().trim_end().to_owned()
        })
    };
    let told = Told {
        name: text(tags::PATIENT_NAME),
        id: text(tags::PATIENT_ID),
        sex: text(tags::PATIENT_SEX),
        accession: text(tags::ACCESSION_NUMBER),
        description: text(tags::STUDY_DESCRIPTION),
        pixels,
    };
    (text(tags::SOP_INSTANCE_UID), told)
}

/// What lies in an archive, but for what lay there before.
pub(super) async fn stored(archive: &Archive, before: &mut Vec<Hash>) -> All {
    let mut all = All::new();
    for (hash, _) in archive.index().objects().await.unwrap() {
        if !before.contains(&hash) {
            before.push(hash);
            all.extend([told(&archive.storage().read(hash, 1 << 30).await.unwrap())]);
        }
    }
    all
}

/// What DICOM JSON tells; pixels are elsewhere.
pub(super) fn told_by_json(object: &Value) -> (String, Told) {
    let first = |tag: &str| object[tag]["Value"][0].clone();
    let text = |tag: &str| first(tag).as_str().unwrap_or_default().to_owned();
    let name = first("00100010");
    let groups = ["Alphabetic", "Ideographic"].map(|group| name[group].as_str());
    let told = Told {
        name: groups.into_iter().flatten().collect::<Vec<_>>().join("="),
        id: text("00100020"),
        sex: text("00100040"),
        accession: text("00080050"),
        description: text("00081030"),
        pixels: None,
    };
    (text("00080018"), told)
}

//! Whole objects through the whole of it.

mod pixels;
mod planted;
mod real;
mod table;

use codec::dataset::{self, Limits};
use dicom_core::header::Length;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::pixels::{PixelBytes, Pixels};
use super::{Deidentified, Error, Key, Request, deidentify, write};

pub(super) const PLAIN: &str = uids::EXPLICIT_VR_LITTLE_ENDIAN;

pub(super) fn key() -> Key {
    Key::new([42; 32])
}

pub(super) fn text(tag: Tag, vr: VR, value: &str) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

pub(super) fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> DataElement<InMemDicomObject> {
    DataElement::new(
        tag,
        VR::SQ,
        Value::from(DataSetSequence::new(items, Length::UNDEFINED)),
    )
}

/// An object of class CT Image Storage, without pixels unless they are given.
pub(super) fn object() -> InMemDicomObject {
    InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4.1"),
        text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3.4"),
        text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.4.5"),
        text(tags::PATIENT_ID, VR::LO, "4711-0815"),
    ])
}

pub(super) fn file(object: &InMemDicomObject, syntax_uid: &str, value: PixelBytes) -> Vec<u8> {
    let pixels = Pixels {
        syntax_uid: syntax_uid.to_owned(),
        value,
        is_masked: false,
    };
    write::part10(object, &pixels).unwrap()
}

pub(super) fn run(object: &InMemDicomObject, request: &Request) -> Result<Deidentified, Error> {
    deidentify(&file(object, PLAIN, PixelBytes::None), &key(), request)
}

pub(super) fn read(result: &Deidentified) -> InMemDicomObject {
    dataset::read(&result.bytes, Limits::default()).unwrap().data_set
}

pub(super) fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

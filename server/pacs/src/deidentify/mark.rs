//! What the new object says of its de-identification (PS3.3 C.7.1.1 and C.12.1).

use dicom_core::header::Length;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::options::{Dates, Options};

/// Code and meaning of the basic profile and its options (PS3.16 CID 7050).
const BASIC: (&str, &str) = ("113100", "Basic Application Confidentiality Profile");
const PIXELS: (&str, &str) = ("113101", "Clean Pixel Data Option");
const FULL_DATES: (&str, &str) = (
    "113106",
    "Retain Longitudinal Temporal Information Full Dates Option",
);
const MODIFIED_DATES: (&str, &str) = (
    "113107",
    "Retain Longitudinal Temporal Information Modified Dates Option",
);
const PATIENT: (&str, &str) = ("113108", "Retain Patient Characteristics Option");
const DEVICE: (&str, &str) = ("113109", "Retain Device Identity Option");
const UIDS: (&str, &str) = ("113110", "Retain UIDs Option");
const SAFE_PRIVATE: (&str, &str) = ("113111", "Retain Safe Private Option");
const INSTITUTION: (&str, &str) = ("113112", "Retain Institution Identity Option");

/// Sets Patient Identity Removed, the methods in words and codes, and what became of dates.
pub(super) fn methods(object: &mut InMemDicomObject, options: &Options, is_masked: bool) {
    let mut put = |tag, vr, value: &str| {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    };
    // Text of the original arrived as Unicode.
    put(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    put(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    let method = "PS3.15 Annex E Table E.1-1 2026c";
    let method = if options.keep_suv {
        // No option's code says so little: only what SUV needs is kept.
        format!("{method}\\SUV inputs retained, dates moved by whole days")
    } else {
        method.to_owned()
    };
    put(tags::DEIDENTIFICATION_METHOD, VR::LO, &method);
    let temporal = match options.dates {
        Dates::Kept => "UNMODIFIED",
        Dates::Removed if !options.keep_suv => "REMOVED",
        Dates::Removed | Dates::Shifted => "MODIFIED",
    };
    put(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, temporal);
    let options = [
        (true, BASIC),
        (is_masked, PIXELS),
        (options.dates == Dates::Kept, FULL_DATES),
        (options.dates == Dates::Shifted, MODIFIED_DATES),
        (options.keep_patient_characteristics, PATIENT),
        (options.keep_device, DEVICE),
        (options.keep_uids, UIDS),
        (options.keep_safe_private, SAFE_PRIVATE),
        (options.keep_institution, INSTITUTION),
    ];
    let items: Vec<InMemDicomObject> = options
        .into_iter()
        .filter(|(is_used, _)| *is_used)
        .map(|(_, code)| item(code))
        .collect();
    object.put(DataElement::new(
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        VR::SQ,
        Value::from(DataSetSequence::new(items, Length::UNDEFINED)),
    ));
}

/// States that the pixels bear no identifying text: they were masked, or a person looked.
pub(super) fn no_text_in_pixels(object: &mut InMemDicomObject) {
    object.put(DataElement::new(
        tags::BURNED_IN_ANNOTATION,
        VR::CS,
        PrimitiveValue::from("NO"),
    ));
}

fn item((code, meaning): (&str, &str)) -> InMemDicomObject {
    let text = |tag: Tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    InMemDicomObject::from_element_iter([
        text(tags::CODE_VALUE, VR::SH, code),
        text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM"),
        text(tags::CODE_MEANING, VR::LO, meaning),
    ])
}

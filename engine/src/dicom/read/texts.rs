//! What is written in the corners of a picture.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::collection::Series;

/// Fields by their keywords (PS3.6).
const FIELDS: &[(&str, Tag)] = &[
    ("PatientName", tags::PATIENT_NAME),
    ("PatientID", tags::PATIENT_ID),
    ("PatientBirthDate", tags::PATIENT_BIRTH_DATE),
    ("PatientSex", tags::PATIENT_SEX),
    ("PatientAge", tags::PATIENT_AGE),
    ("PatientWeight", tags::PATIENT_WEIGHT),
    ("AccessionNumber", tags::ACCESSION_NUMBER),
    ("InstitutionName", tags::INSTITUTION_NAME),
    ("ReferringPhysicianName", tags::REFERRING_PHYSICIAN_NAME),
    ("StudyID", tags::STUDY_ID),
    ("StudyDate", tags::STUDY_DATE),
    ("StudyTime", tags::STUDY_TIME),
    ("StudyDescription", tags::STUDY_DESCRIPTION),
    ("BodyPartExamined", tags::BODY_PART_EXAMINED),
    ("SliceThickness", tags::SLICE_THICKNESS),
    ("KVP", tags::KVP),
    ("Manufacturer", tags::MANUFACTURER),
    ("StationName", tags::STATION_NAME),
];

/// The texts of a series' first instance by keyword; fields without one are left out.
///
/// They may name the patient: whoever shows them decides.
#[must_use]
pub fn texts(series: &Series) -> BTreeMap<String, String> {
    let Some(first) = series.instances.first() else {
        return BTreeMap::new();
    };
    let text = |(name, tag): &(&str, Tag)| Some(((*name).to_owned(), first.data_set.text(*tag)?));
    FIELDS.iter().filter_map(text).collect()
}

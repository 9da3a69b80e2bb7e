//! What a series says of itself to those who show it.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::collection::Series;
use super::stack::{FrameRef, Stack};
use crate::geometry::Grid;
use crate::presentation::hanging::{Laterality, SeriesFacts, SeriesOrientation};

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

/// What hanging goes by of one stack of a series.
#[must_use]
pub fn hanging_facts(series: &Series, stack: &Stack) -> SeriesFacts {
    SeriesFacts {
        orientation: orientation(&stack.grid),
        has_volume: stack.frames.len() > 1,
        frame_of_reference_uid: stack.frame_of_reference_uid.clone(),
        ..common_facts(series, &stack.frames)
    }
}

/// What hanging goes by of images that make no volume.
#[must_use]
pub fn planar_hanging_facts(series: &Series, frames: &[FrameRef]) -> SeriesFacts {
    let first = frames.first().and_then(|at| series.instances.get(at.instance));
    let text = |tag| first.and_then(|instance| instance.data_set.text(tag));
    let side = text(tags::IMAGE_LATERALITY).or_else(|| text(tags::LATERALITY));
    SeriesFacts {
        view_position: text(tags::VIEW_POSITION),
        laterality: side.and_then(|side| match side.trim() {
            "R" => Some(Laterality::Right),
            "L" => Some(Laterality::Left),
            "B" => Some(Laterality::Both),
            _ => None,
        }),
        frame_views: frame_views(series, frames),
        ..common_facts(series, frames)
    }
}

/// What frames are seen from, by the views of their detectors (PS3.3 C.8.4.11); empty where one does not say.
fn frame_views(series: &Series, frames: &[FrameRef]) -> Vec<String> {
    let view = |at: &FrameRef| {
        let object = &series.instances.get(at.instance)?.data_set;
        let detectors = object.items(tags::DETECTOR_INFORMATION_SEQUENCE);
        let numbers = object.numbers(tags::DETECTOR_VECTOR);
        let number = numbers.get(at.frame).copied().unwrap_or(1.0);
        let detector = detectors.get((number as usize).checked_sub(1)?)?;
        let code = detector.item(tags::VIEW_CODE_SEQUENCE)?;
        code.text(tags::CODE_MEANING).map(|meaning| plain_view(&meaning))
    };
    let views: Option<Vec<String>> = frames.iter().map(view).collect();
    views.unwrap_or_default()
}

/// `anterior` and `posterior` however the meaning puts it; other meanings as they are.
fn plain_view(meaning: &str) -> String {
    let lower = meaning.to_lowercase();
    let has = |words: [&str; 2]| words.iter().any(|word| lower.contains(word));
    match (has(["anterior", "前"]), has(["posterior", "后"])) {
        (true, false) if !lower.contains("oblique") => "anterior".to_owned(),
        (false, true) if !lower.contains("oblique") => "posterior".to_owned(),
        _ => meaning.to_owned(),
    }
}

fn common_facts(series: &Series, frames: &[FrameRef]) -> SeriesFacts {
    let first = frames.first().and_then(|at| series.instances.get(at.instance));
    let text = |tag| {
        first
            .and_then(|instance| instance.data_set.text(tag))
            .unwrap_or_default()
    };
    let corrected = text(tags::CORRECTED_IMAGE);
    let is_nuclear = series.is_emission();
    SeriesFacts {
        modality: series.modality.clone(),
        body_part: text(tags::BODY_PART_EXAMINED),
        description: series.description.clone(),
        protocol_name: text(tags::PROTOCOL_NAME),
        image_type: text(tags::IMAGE_TYPE)
            .split('\\')
            .map(|part| part.trim().to_owned())
            .collect(),
        is_emission: is_nuclear,
        images: u32::try_from(frames.len()).unwrap_or(u32::MAX),
        is_attenuation_corrected: (is_nuclear && !corrected.is_empty())
            .then(|| corrected.split('\\').any(|part| part.trim() == "ATTN")),
        ..SeriesFacts::default()
    }
}

/// How the slices of a grid lie, to within 20 degrees.
fn orientation(grid: &Grid) -> SeriesOrientation {
    let normal = grid.row_direction().cross(grid.column_direction());
    let along = |axis: usize| normal[axis].abs() > 0.94;
    match [along(0), along(1), along(2)] {
        [_, _, true] => SeriesOrientation::Axial,
        [_, true, _] => SeriesOrientation::Coronal,
        [true, _, _] => SeriesOrientation::Sagittal,
        _ => SeriesOrientation::Oblique,
    }
}

//! What a series says of itself to those who show it.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::collection::Series;
use super::instance::Instance;
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
        ..planar_hanging_facts(series, &stack.frames)
    }
}

/// What hanging goes by of images of a series that are shown one by one, in the order in which they are shown.
///
/// What images say each for themselves (laterality, view position) is that of the first: images that differ in it hang
/// as a series each.
#[must_use]
pub fn planar_hanging_facts(series: &Series, frames: &[FrameRef]) -> SeriesFacts {
    let instance = |at: &FrameRef| series.instances.get(at.instance);
    let Some(first) = frames.first().and_then(instance).or(series.instances.first()) else {
        return SeriesFacts::default();
    };
    let object = &first.data_set;
    let text = |tag| object.text(tag).unwrap_or_default();
    let corrected = object.texts(tags::CORRECTED_IMAGE);
    let is_nuclear = series.is_emission();
    let says = is_nuclear && corrected.iter().any(|part| !part.is_empty());
    let views = frames
        .iter()
        .map(|at| instance(at).map(|found| view_of(found, at.frame)));
    let views: Vec<String> = views.map(|view| view.flatten().unwrap_or_default()).collect();
    SeriesFacts {
        modality: series.modality.clone(),
        body_part: text(tags::BODY_PART_EXAMINED),
        description: series.description.clone(),
        protocol_name: text(tags::PROTOCOL_NAME),
        image_type: object.texts(tags::IMAGE_TYPE),
        is_emission: is_nuclear,
        images: u32::try_from(frames.len()).unwrap_or(u32::MAX),
        is_attenuation_corrected: says.then(|| corrected.iter().any(|part| part == "ATTN")),
        view_position: view_position(object),
        laterality: laterality(object),
        frame_views: if views.iter().all(String::is_empty) {
            Vec::new()
        } else {
            views
        },
        ..SeriesFacts::default()
    }
}

/// From where a frame is seen: View Code Sequence (0054,0220) of its detector in NM (PS3.3 C.8.4.11), else of the image.
fn view_of(instance: &Instance, frame: usize) -> Option<String> {
    let object = &instance.data_set;
    let detectors = object.items(tags::DETECTOR_INFORMATION_SEQUENCE);
    let labels = &instance.frames.get(frame)?.labels;
    // Labels hold the vector's number, from 1, in thousandths; without a vector there is one detector.
    let number = labels.iter().find(|(name, _)| *name == "detector");
    let number = number.map_or(1, |(_, thousandths)| thousandths / 1000);
    let detector = usize::try_from(number - 1).ok().and_then(|at| detectors.get(at));
    let code = detector
        .and_then(|item| item.item(tags::VIEW_CODE_SEQUENCE))
        .or_else(|| object.item(tags::VIEW_CODE_SEQUENCE))?;
    let value = code.text(tags::CODE_VALUE).unwrap_or_default();
    let known = VIEWS.iter().find(|(_, codes)| codes.contains(&value.as_str()));
    let meaning = || code.text(tags::CODE_MEANING).map(|meaning| plain_view(&meaning));
    known.map(|(view, _)| (*view).to_owned()).or_else(meaning)
}

/// Views of nuclear medicine (CID 26, CID 27): SNOMED CT, then the codes of before 2020. A camera in front of the patient
/// sees the antero-posterior view.
const VIEWS: &[(&str, &[&str])] = &[
    ("anterior", &["399321004", "G-5215", "399348003", "R-10206"]),
    ("posterior", &["399001007", "G-5216", "399073007", "R-10214"]),
    ("right lateral", &["399297009", "G-5222", "399198007", "R-10232"]),
    ("left lateral", &["399118008", "G-5223", "399173006", "R-10236"]),
    ("right anterior oblique", &["399108003", "G-5206"]),
    ("left anterior oblique", &["399074003", "G-5207"]),
    ("right posterior oblique", &["399075002", "G-5208"]),
    ("left posterior oblique", &["399136008", "G-5209"]),
];

/// `anterior` or `posterior` however senders put it; any other view in lower case.
fn plain_view(meaning: &str) -> String {
    let lower = meaning.trim().to_lowercase();
    let bare = lower.trim_end_matches(" projection").trim_end_matches(" view");
    let has = |words: &[&str]| words.iter().any(|word| bare.contains(word));
    if has(&["oblique", "斜"]) {
        return bare.to_owned();
    }
    // Antero-posterior names both ends: the camera stands at the first.
    let is_anterior = bare == "ant" || has(&["anterior", "antero", "前"]);
    let is_posterior = bare == "post" || has(&["posterior", "postero", "后"]);
    match (is_anterior, is_posterior) {
        (true, false) => "anterior".to_owned(),
        (false, true) => "posterior".to_owned(),
        (true, true) if has(&["antero"]) => "anterior".to_owned(),
        (true, true) if has(&["postero"]) => "posterior".to_owned(),
        _ => bare.to_owned(),
    }
}

/// Views of mammography (CID 4014) as View Position has them.
const BREAST_VIEWS: &[(&str, &[&str])] = &[
    ("CC", &["399162004", "R-10242"]),
    ("MLO", &["399368009", "R-10226"]),
    ("ML", &["399260004", "R-10224"]),
    ("LM", &["399352003", "R-10228"]),
    ("LMO", &["399099002", "R-10230"]),
];

/// View Position (0018,5101), else the view's code.
fn view_position(object: &InMemDicomObject) -> Option<String> {
    let coded = || {
        let value = object.item(tags::VIEW_CODE_SEQUENCE)?.text(tags::CODE_VALUE)?;
        let known = BREAST_VIEWS
            .iter()
            .find(|(_, codes)| codes.contains(&value.as_str()));
        known.map(|(view, _)| (*view).to_owned())
    };
    object.text(tags::VIEW_POSITION).or_else(coded)
}

/// Image Laterality (0020,0062), else Laterality (0020,0060), else the shared Frame Laterality (0020,9072) of enhanced
/// objects; none where the part is not paired.
fn laterality(object: &InMemDicomObject) -> Option<Laterality> {
    let shared = object.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let of_frames = || {
        shared?
            .item(tags::FRAME_ANATOMY_SEQUENCE)?
            .text(tags::FRAME_LATERALITY)
    };
    let side = object
        .text(tags::IMAGE_LATERALITY)
        .or_else(|| object.text(tags::LATERALITY))
        .or_else(of_frames)?;
    match side.as_str() {
        "R" => Some(Laterality::Right),
        "L" => Some(Laterality::Left),
        "B" => Some(Laterality::Both),
        _ => None,
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

#[cfg(test)]
mod tests;

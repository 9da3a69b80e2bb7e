//! What an answer has of each level (PS3.18 10.6.3.3: tables of study, series and instance results).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Resource;
use crate::index::{Level, attributes_of};

const STUDY: &[Tag] = &[
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::INSTANCE_AVAILABILITY,
    tags::MODALITIES_IN_STUDY,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::RETRIEVE_URL,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_ID,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
    // Not required; every list of studies shows it.
    tags::STUDY_DESCRIPTION,
];

const SERIES: &[Tag] = &[
    tags::INSTANCE_AVAILABILITY,
    tags::MODALITY,
    tags::SERIES_DESCRIPTION,
    tags::RETRIEVE_URL,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::SERIES_NUMBER,
    tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
];

const INSTANCE: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::INSTANCE_AVAILABILITY,
    tags::RETRIEVE_URL,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::INSTANCE_NUMBER,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::NUMBER_OF_FRAMES,
    // Not required; it says what is given without making another.
    tags::AVAILABLE_TRANSFER_SYNTAX_UID,
];

/// Counts that rows of one level alone have, and what is only of a study.
const STUDY_ONLY: &[Tag] = &[
    tags::MODALITIES_IN_STUDY,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
];

/// Gives what every answer has, empty where nothing is known: of the resource itself, and of the levels above that the
/// address does not name.
pub(super) fn required(resource: &Resource) -> impl Iterator<Item = Tag> {
    let above_study = |tag: &Tag| !STUDY_ONLY.contains(tag);
    let (study, series, instance) = match resource {
        Resource::Studies => (STUDY, &[][..], &[][..]),
        Resource::Series { study: None } => (STUDY, SERIES, &[][..]),
        Resource::Series { .. } => (&[][..], SERIES, &[][..]),
        Resource::Instances { study: None, .. } => (STUDY, SERIES, INSTANCE),
        Resource::Instances { series: None, .. } => (&[][..], SERIES, INSTANCE),
        Resource::Instances { .. } => (&[][..], &[][..], INSTANCE),
    };
    let is_study = matches!(resource, Resource::Studies);
    let is_instance = matches!(resource, Resource::Instances { .. });
    // What is counted or listed for series is not for each of their instances.
    let of_series = move |tag: &Tag| {
        !is_instance
            || ![
                tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
                tags::REQUEST_ATTRIBUTES_SEQUENCE,
            ]
            .contains(tag)
    };
    let study = study
        .iter()
        .copied()
        .filter(move |tag| is_study || above_study(tag));
    let series = series.iter().copied().filter(of_series);
    study.chain(series).chain(instance.iter().copied())
}

/// Whether every row says what is known of an attribute; of others nothing is said where nothing is found.
pub(super) fn is_held(tag: Tag, level: Level) -> bool {
    let special = match level {
        Level::Study => [STUDY_ONLY, &[tags::SOP_CLASSES_IN_STUDY]].concat(),
        Level::Series => vec![
            tags::REQUEST_ATTRIBUTES_SEQUENCE,
            tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
            tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
        ],
        Level::Instance => vec![tags::AVAILABLE_TRANSFER_SYNTAX_UID],
        _ => Vec::new(),
    };
    let mut levels = Level::ALL.into_iter().filter(|other| *other <= level);
    [tags::RETRIEVE_URL, tags::INSTANCE_AVAILABILITY].contains(&tag)
        || special.contains(&tag)
        || levels.any(|level| attributes_of(level).any(|known| known == tag))
}

/// Gives all that is known of the resource and of the levels above.
pub(super) fn all(resource: &Resource) -> impl Iterator<Item = Tag> {
    let level = resource.level();
    let of_level = Level::ALL.into_iter().filter(move |other| *other <= level);
    let special: &[Tag] = match level {
        Level::Study => &[tags::SOP_CLASSES_IN_STUDY],
        Level::Series => &[tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE],
        _ => &[],
    };
    of_level.flat_map(attributes_of).chain(special.iter().copied())
}

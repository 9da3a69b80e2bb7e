//! The objects that an object refers to.

use std::collections::HashMap;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::attributes::Attributes as _;
use crate::dicom::{ImageReference, ObjectReference};

/// Study and series of each instance that Common Instance Reference (PS3.3 C.12.2) names.
pub(super) fn series_of_instances(object: &InMemDicomObject) -> HashMap<String, (String, String)> {
    let own = object.text(tags::STUDY_INSTANCE_UID).unwrap_or_default();
    let others = object
        .items(tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE)
        .iter();
    let others = others.map(|study| (study.text(tags::STUDY_INSTANCE_UID).unwrap_or_default(), study));
    let mut found = HashMap::new();
    for (study_uid, holder) in std::iter::once((own, object)).chain(others) {
        for series in holder.items(tags::REFERENCED_SERIES_SEQUENCE) {
            let series_uid = series.text(tags::SERIES_INSTANCE_UID).unwrap_or_default();
            for instance in series.items(tags::REFERENCED_INSTANCE_SEQUENCE) {
                if let Some(uid) = instance.text(tags::REFERENCED_SOP_INSTANCE_UID) {
                    found.insert(uid, (study_uid.clone(), series_uid.clone()));
                }
            }
        }
    }
    found
}

/// Reads an item of Referenced Image Sequence (PS3.3 10.3); study and series are empty where `series_of` lacks them.
pub(super) fn image_reference(
    item: &InMemDicomObject,
    series_of: &HashMap<String, (String, String)>,
) -> Option<ImageReference> {
    let sop_instance_uid = item.text(tags::REFERENCED_SOP_INSTANCE_UID)?;
    let (study, series) = series_of.get(&sop_instance_uid).cloned().unwrap_or_default();
    let frames = item.numbers(tags::REFERENCED_FRAME_NUMBER);
    Some(ImageReference {
        reference: ObjectReference {
            study_instance_uid: study,
            series_instance_uid: series,
            sop_class_uid: item.text(tags::REFERENCED_SOP_CLASS_UID).unwrap_or_default(),
            sop_instance_uid,
        },
        frames: frames
            .into_iter()
            .filter(|n| *n >= 1.0)
            .map(|n| n as u32)
            .collect(),
    })
}

/// Whether the frames of a class are tiles of one picture, so that places on it are no places of a frame.
pub(super) fn is_tiled(sop_class_uid: &str) -> bool {
    [
        uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
        uids::CONFOCAL_MICROSCOPY_TILED_PYRAMIDAL_IMAGE_STORAGE,
    ]
    .contains(&sop_class_uid)
}

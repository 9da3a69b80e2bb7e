//! The objects that a document names, by study and series (PS3.3 C.17.2).

use dicom_dictionary_std::tags;

use super::source_images::reference;
use super::{Dataset, Error};
use crate::dicom::ObjectReference;

/// Sets Current Requested Procedure Evidence Sequence: every object once.
pub(super) fn put_evidence(mut named: Vec<ObjectReference>, dataset: &mut Dataset) -> Result<(), Error> {
    named.sort();
    named.dedup();
    if let Some(object) = named
        .iter()
        .find(|object| object.study_instance_uid.is_empty() || object.series_instance_uid.is_empty())
    {
        return Err(Error::invalid(
            "reference",
            "its study and series",
            &object.sop_instance_uid,
        ));
    }
    let studies = named.chunk_by(|a, b| a.study_instance_uid == b.study_instance_uid);
    let items: Vec<Dataset> = studies.map(evidence_of_study).collect();
    if !items.is_empty() {
        dataset.sequence(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, items);
    }
    Ok(())
}

fn evidence_of_study(objects: &[ObjectReference]) -> Dataset {
    let series = objects
        .chunk_by(|a, b| a.series_instance_uid == b.series_instance_uid)
        .map(|objects| {
            let named = |object: &ObjectReference| reference(&object.sop_class_uid, &object.sop_instance_uid);
            let mut item = Dataset::new();
            item.text(tags::SERIES_INSTANCE_UID, &objects[0].series_instance_uid)
                .sequence(tags::REFERENCED_SOP_SEQUENCE, objects.iter().map(named).collect());
            item
        });
    let mut item = Dataset::new();
    item.text(tags::STUDY_INSTANCE_UID, &objects[0].study_instance_uid)
        .sequence(tags::REFERENCED_SERIES_SEQUENCE, series.collect());
    item
}

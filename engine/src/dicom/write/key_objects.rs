//! Key Object Selection Document Storage (PS3.3 A.35.4, PS3.16 TID 2010).

use dicom_dictionary_std::{tags, uids};

use super::content::{self, Relationship, put_container};
use super::evidence::put_evidence;
use super::observer::observer;
use super::source_images::{image_item, reference};
use super::{Code, Dataset, DateTime, Error, Instance, Series, Study};
use crate::dicom::key_objects::{KeyObject, KeyObjectKind, KeyObjects};

/// What is particular to one selection beside its content.
#[derive(Debug, Clone)]
pub struct KeyObjectDocument {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// The selection.
    pub key_objects: KeyObjects,
}

/// Makes a selection of key objects.
///
/// # Errors
///
/// [`Error::Invalid`] for a selection of nothing, an object without its study and series, a title that needs a
/// modifier (rejected for quality, quality issue, best in set) without one, or frames or a presentation state of what
/// is no image.
pub fn key_objects(study: &Study, series: &Series, document: &KeyObjectDocument) -> Result<Instance, Error> {
    let selected = &document.key_objects;
    check(selected)?;
    let mut dataset = series.begin(study, "KO");
    // A document lies nowhere in the patient, and belongs to no body part.
    dataset
        .remove(tags::LATERALITY)
        .remove(tags::BODY_PART_EXAMINED)
        .remove(tags::FRAME_OF_REFERENCE_UID)
        .remove(tags::POSITION_REFERENCE_INDICATOR)
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, document.created.date())
        .text(tags::CONTENT_TIME, document.created.time())
        .sequence(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    let states = selected
        .objects
        .iter()
        .filter_map(|object| object.presentation_state.clone());
    let objects = selected
        .objects
        .iter()
        .map(|object| object.object.reference.clone());
    put_evidence(objects.chain(states).collect(), &mut dataset)?;
    put_container(&mut dataset, &selected.title, Some("2010"), content_of(selected));
    Ok(Instance::new(
        uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
        &document.sop_instance_uid,
        dataset,
    ))
}

fn check(selected: &KeyObjects) -> Result<(), Error> {
    if selected.objects.is_empty() {
        return Err(Error::invalid("key objects", "at least one", "none"));
    }
    let needs_modifier = [
        KeyObjects::REJECTED_FOR_QUALITY,
        KeyObjects::QUALITY_ISSUE,
        KeyObjects::BEST_IN_SET,
    ];
    if selected.modifiers.is_empty() && needs_modifier.iter().any(|title| title.is(&selected.title)) {
        return Err(Error::invalid("title of key objects", "a modifier", "none"));
    }
    for object in &selected.objects {
        let is_of_image = !object.object.frames.is_empty() || object.presentation_state.is_some();
        if is_of_image && object.kind != KeyObjectKind::Image {
            let found = format!("{:?}", object.kind);
            return Err(Error::invalid(
                "frames or presentation state of a key object",
                "an image",
                found,
            ));
        }
        if object.object.frames.contains(&0) || object.object.reference.sop_instance_uid.is_empty() {
            return Err(Error::invalid("key object", "a UID, and frames from 1", "none"));
        }
    }
    Ok(())
}

fn content_of(selected: &KeyObjects) -> Vec<Dataset> {
    const LANGUAGE: Code = Code::new("121049", "DCM", "Language of Content Item and Descendants");
    const MODIFIER: Code = Code::new("113011", "DCM", "Document Title Modifier");
    const DESCRIPTION: Code = Code::new("113012", "DCM", "Key Object Description");
    let coded = |name: &Code, value: &Code| content::code(Relationship::HasConceptMod, name, value);
    let modifiers = selected
        .modifiers
        .iter()
        .map(|modifier| coded(&MODIFIER, modifier));
    let language = selected
        .language
        .iter()
        .map(|language| coded(&LANGUAGE, language));
    let mut items: Vec<Dataset> = modifiers.chain(language).collect();
    items.extend(selected.observers.iter().flat_map(observer));
    if !selected.description.is_empty() {
        items.push(content::text(
            Relationship::Contains,
            &DESCRIPTION,
            &selected.description,
        ));
    }
    items.extend(selected.objects.iter().map(item));
    items
}

fn item(object: &KeyObject) -> Dataset {
    let mut named = image_item(&object.object);
    if let Some(state) = &object.presentation_state {
        let state = reference(&state.sop_class_uid, &state.sop_instance_uid);
        named.item(tags::REFERENCED_SOP_SEQUENCE, state);
    }
    let value_type = match object.kind {
        KeyObjectKind::Image => "IMAGE",
        KeyObjectKind::Waveform => "WAVEFORM",
        KeyObjectKind::Composite => "COMPOSITE",
    };
    let mut item = Dataset::new();
    item.text(tags::RELATIONSHIP_TYPE, "CONTAINS")
        .text(tags::VALUE_TYPE, value_type)
        .item(tags::REFERENCED_SOP_SEQUENCE, named);
    item
}

#[cfg(test)]
mod tests;

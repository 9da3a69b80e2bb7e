//! Key Object Selection Documents (PS3.3 A.35.4, PS3.16 TID 2010) from their bytes.

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::attributes::Attributes as _;
use super::content::{Evidence, codes, name_of, observers, tell, text_of};
use crate::dicom::key_objects::{KeyObject, KeyObjectKind, KeyObjects};
use crate::dicom::{Error, ObjectReference, Result};

/// Reads a selection of key objects from the bytes of an object.
///
/// # Errors
///
/// As [`read_key_objects`], and [`Error::Codec`] for bytes that are no object.
pub fn key_objects(bytes: &[u8]) -> Result<(KeyObjects, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (selected, mut warnings) = read_key_objects(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((selected, warnings))
}

/// Reads a selection of key objects.
///
/// # Errors
///
/// [`Error::Invalid`] for another object, or one without a title.
pub fn read_key_objects(object: &InMemDicomObject) -> Result<(KeyObjects, Vec<Warning>)> {
    let class = object.text(tags::SOP_CLASS_UID).unwrap_or_default();
    if class != uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE {
        return Err(Error::Invalid {
            attribute: "SOP Class UID",
            expected: uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
            found: class,
        });
    }
    let Some(title) = name_of(object) else {
        return Err(Error::Invalid {
            attribute: "Concept Name Code Sequence",
            expected: "the title of a selection",
            found: "none".to_owned(),
        });
    };
    let mut warnings = Vec::new();
    let evidence = Evidence::of(object);
    let items = object.items(tags::CONTENT_SEQUENCE);
    let objects = items
        .iter()
        .filter_map(|item| key_object(item, &evidence, &mut warnings));
    let objects: Vec<KeyObject> = objects.collect();
    if objects.is_empty() {
        warnings.push(Warning::new("no-key-objects", "expected key objects, found none"));
    }
    let descriptions = items.iter().filter(|item| is_named(item, "113012"));
    let descriptions: Vec<String> = descriptions.filter_map(text_of).collect();
    let selected = KeyObjects {
        title,
        modifiers: codes(items, "113011").collect(),
        language: codes(items, "121049").next(),
        observers: observers(items),
        description: descriptions.join("\n"),
        objects,
    };
    Ok((selected, warnings))
}

fn is_named(item: &InMemDicomObject, value: &str) -> bool {
    name_of(item).is_some_and(|name| name.value == value)
}

/// Names of the items that the document's own fields are made of.
const KNOWN: [&str; 11] = [
    "113011", "113012", "121049", "121005", "121008", "121009", "121012", "121013", "121014", "121015",
    "121016",
];

/// The object of an item; an item that is none of a selection's parts is told.
fn key_object(
    item: &InMemDicomObject,
    evidence: &Evidence,
    warnings: &mut Vec<Warning>,
) -> Option<KeyObject> {
    let kind = match item.text(tags::VALUE_TYPE).as_deref() {
        Some("IMAGE") => KeyObjectKind::Image,
        Some("WAVEFORM") => KeyObjectKind::Waveform,
        Some("COMPOSITE") => KeyObjectKind::Composite,
        _ => {
            let is_known = name_of(item).is_some_and(|name| KNOWN.contains(&name.value.as_ref()));
            if !is_known {
                tell(
                    warnings,
                    "not-understood",
                    "an item of the selection is not understood and left out",
                );
            }
            return None;
        }
    };
    let Some(object) = evidence.image(item) else {
        tell(
            warnings,
            "no-reference",
            "expected an object in an item of the selection, found none; left out",
        );
        return None;
    };
    if object.reference.series_instance_uid.is_empty() {
        let text = "expected each object of the selection in its evidence too, found one that is not";
        tell(warnings, "evidence", text);
    }
    let state = item
        .item(tags::REFERENCED_SOP_SEQUENCE)
        .and_then(|named| evidence.reference(named));
    Some(KeyObject {
        object,
        kind,
        presentation_state: state.filter(|state: &ObjectReference| !state.sop_instance_uid.is_empty()),
    })
}

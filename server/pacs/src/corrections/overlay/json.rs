//! The same overlay over the DICOM JSON of an object (PS3.18 Annex F), so that metadata and objects agree.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use serde_json::{Map, Value, json};

use super::{MODIFYING_SYSTEM, Overlay, date_time, identifier};
use crate::corrections::attributes::correctable;
use crate::index::Identifier;

/// Gives the JSON of a data set with other values laid over it; what is no JSON object is given as it is.
#[must_use]
pub fn apply_to_json(text: &str, overlays: &[Overlay]) -> String {
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    for overlay in overlays {
        one(&mut object, overlay);
    }
    Value::Object(object).to_string()
}

fn one(object: &mut Map<String, Value>, overlay: &Overlay) {
    let changes: BTreeMap<Tag, &String> = overlay
        .changes
        .iter()
        .filter(|(tag, value)| text_of(object, **tag) != **value)
        .map(|(tag, value)| (*tag, value))
        .collect();
    if changes.is_empty() {
        return;
    }
    let mut before = Map::new();
    let mut record = |tag: Tag, vr: VR, old: Option<&Value>| {
        let old = old.cloned().unwrap_or_else(|| json!({ "vr": vr.to_string() }));
        before.insert(name(tag), old);
    };
    let old = identifier(|tag| text_of(object, tag));
    let is_other =
        changes.contains_key(&tags::PATIENT_ID) || changes.contains_key(&tags::ISSUER_OF_PATIENT_ID);
    let other_ids = tags::OTHER_PATIENT_I_DS_SEQUENCE;
    let keeps = overlay.keeps_identifier && is_other && !old.id.is_empty() && !has_identifier(object, &old);
    if keeps {
        record(other_ids, VR::SQ, object.get(&name(other_ids)));
    }
    let qualifiers = name(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE);
    if let Some(removed) = object
        .get(&qualifiers)
        .filter(|_| changes.contains_key(&tags::ISSUER_OF_PATIENT_ID))
    {
        record(
            tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE,
            VR::SQ,
            Some(removed),
        );
    }
    for (tag, value) in &changes {
        let vr = correctable(*tag).map_or(VR::LO, |row| row.vr);
        record(*tag, vr, object.get(&name(*tag)));
        object.insert(name(*tag), entry(vr, value));
    }
    if changes.contains_key(&tags::ISSUER_OF_PATIENT_ID) {
        object.remove(&qualifiers);
    }
    if keeps {
        append(object, other_ids, known_as(&old));
    }
    let mut item = Map::new();
    item.insert(
        name(tags::MODIFIED_ATTRIBUTES_SEQUENCE),
        json!({ "vr": "SQ", "Value": [before] }),
    );
    let mut put = |tag, vr, text: &str| item.insert(name(tag), entry(vr, text));
    put(
        tags::ATTRIBUTE_MODIFICATION_DATE_TIME,
        VR::DT,
        &date_time(overlay.at_ns),
    );
    put(tags::MODIFYING_SYSTEM, VR::LO, MODIFYING_SYSTEM);
    put(tags::SOURCE_OF_PREVIOUS_VALUES, VR::LO, "");
    put(
        tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION,
        VR::CS,
        overlay.reason.term(),
    );
    append(object, tags::ORIGINAL_ATTRIBUTES_SEQUENCE, item);
}

fn name(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.0, tag.1)
}

fn entry(vr: VR, text: &str) -> Value {
    if text.is_empty() {
        return json!({ "vr": vr.to_string() });
    }
    if vr != VR::PN {
        return json!({ "vr": vr.to_string(), "Value": [text] });
    }
    let groups = ["Alphabetic", "Ideographic", "Phonetic"]
        .into_iter()
        .zip(text.split('='));
    let groups: Map<String, Value> = groups
        .filter(|(_, group)| !group.is_empty())
        .map(|(name, group)| (name.to_owned(), group.into()))
        .collect();
    json!({ "vr": "PN", "Value": [groups] })
}

/// The value as text; of a name its groups with `=` between them.
fn text_of(object: &Map<String, Value>, tag: Tag) -> String {
    let values = object
        .get(&name(tag))
        .and_then(|entry| entry.get("Value"))
        .and_then(Value::as_array);
    let values = values.map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<String> = values.iter().map(text_of_value).collect();
    texts.join("\\").trim().to_owned()
}

fn text_of_value(value: &Value) -> String {
    match value {
        Value::Object(groups) => {
            let group = |name| groups.get(name).and_then(Value::as_str).unwrap_or_default();
            let all = ["Alphabetic", "Ideographic", "Phonetic"].map(group).join("=");
            all.trim_end_matches('=').to_owned()
        }
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn has_identifier(object: &Map<String, Value>, identifier: &Identifier) -> bool {
    let items = object
        .get(&name(tags::OTHER_PATIENT_I_DS_SEQUENCE))
        .and_then(|entry| entry.get("Value"))
        .and_then(Value::as_array);
    items.into_iter().flatten().any(|item| {
        item.as_object()
            .is_some_and(|item| super::identifier(|tag| text_of(item, tag)) == *identifier)
    })
}

fn known_as(identifier: &Identifier) -> Map<String, Value> {
    let mut item = Map::new();
    item.insert(name(tags::PATIENT_ID), entry(VR::LO, &identifier.id));
    if !identifier.issuer.is_empty() {
        item.insert(
            name(tags::ISSUER_OF_PATIENT_ID),
            entry(VR::LO, &identifier.issuer),
        );
    }
    item.insert(name(tags::TYPE_OF_PATIENT_ID), entry(VR::CS, "TEXT"));
    item
}

fn append(object: &mut Map<String, Value>, tag: Tag, item: Map<String, Value>) {
    let entry = object.entry(name(tag)).or_insert_with(|| json!({ "vr": "SQ" }));
    if let Some(entry) = entry.as_object_mut() {
        let values = entry.entry("Value").or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(Value::Object(item));
        }
    }
}

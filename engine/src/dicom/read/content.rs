//! Content items of structured reports (PS3.3 C.17.3), and the objects that they name.

use std::collections::HashMap;

use codec::Warning;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes as _;
use super::references::image_reference;
use crate::dicom::measurement_report::Observer;
use crate::dicom::{Code, ImageReference, ObjectReference, concepts};

/// The concept of an item, by its code of today.
pub(super) fn name_of(item: &InMemDicomObject) -> Option<Code> {
    Code::of(item, tags::CONCEPT_NAME_CODE_SEQUENCE).map(concepts::current)
}

/// The code of a CODE item, by that of today.
pub(super) fn code_of(item: &InMemDicomObject) -> Option<Code> {
    Code::of(item, tags::CONCEPT_CODE_SEQUENCE).map(concepts::current)
}

pub(super) fn named<'a>(
    items: &'a [InMemDicomObject],
    value: &'a str,
) -> impl Iterator<Item = &'a InMemDicomObject> {
    items
        .iter()
        .filter(move |item| name_of(item).is_some_and(|name| name.value == value))
}

pub(super) fn codes<'a>(items: &'a [InMemDicomObject], value: &'a str) -> impl Iterator<Item = Code> + 'a {
    named(items, value).filter_map(code_of)
}

/// The text of a TEXT, PNAME or UIDREF item; whole, backslashes too.
pub(super) fn text_of(item: &InMemDicomObject) -> Option<String> {
    let whole = |tag: Tag| Some(item.texts(tag).join("\\")).filter(|text| !text.is_empty());
    [tags::TEXT_VALUE, tags::UID, tags::PERSON_NAME]
        .into_iter()
        .find_map(whole)
}

/// Observers, one for each Observer Type, and one before the first where it is left out.
pub(super) fn observers(items: &[InMemDicomObject]) -> Vec<Observer> {
    let mut observers: Vec<Observer> = Vec::new();
    for item in items {
        let (Some(name), text) = (name_of(item), text_of(item)) else {
            continue;
        };
        let person = || Observer::Person {
            name: String::new(),
            organization: None,
        };
        let device = || Observer::Device {
            uid: String::new(),
            name: None,
            manufacturer: None,
            model: None,
            serial_number: None,
        };
        match (name.value.as_ref(), observers.last_mut()) {
            ("121005", _) => match code_of(item) {
                Some(code) if code.value == "121007" => observers.push(device()),
                _ => observers.push(person()),
            },
            ("121008", None) => observers.push(Observer::Person {
                name: text.unwrap_or_default(),
                organization: None,
            }),
            ("121008", Some(Observer::Person { name, .. })) => *name = text.unwrap_or_default(),
            ("121009", Some(Observer::Person { organization, .. })) => *organization = text,
            ("121012", Some(Observer::Device { uid, .. })) => *uid = text.unwrap_or_default(),
            ("121013", Some(Observer::Device { name, .. })) => *name = text,
            ("121014", Some(Observer::Device { manufacturer, .. })) => *manufacturer = text,
            ("121015", Some(Observer::Device { model, .. })) => *model = text,
            ("121016", Some(Observer::Device { serial_number, .. })) => *serial_number = text,
            _ => {}
        }
    }
    observers
}

/// Adds a warning, once; a thousand say enough.
pub(super) fn tell(warnings: &mut Vec<Warning>, code: &'static str, text: impl Into<String>) {
    let warning = Warning::new(code, text);
    if warnings.len() < 1000 && !warnings.contains(&warning) {
        warnings.push(warning);
    }
}

/// Study and series of every object that the report lists as evidence.
pub(super) struct Evidence {
    of_instance: HashMap<String, (String, String)>,
}

impl Evidence {
    pub(super) fn of(object: &InMemDicomObject) -> Self {
        let lists = [
            tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
            tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE,
        ];
        let mut of_instance = HashMap::new();
        for study in lists.into_iter().flat_map(|tag| object.items(tag)) {
            let study_uid = study.text(tags::STUDY_INSTANCE_UID).unwrap_or_default();
            for series in study.items(tags::REFERENCED_SERIES_SEQUENCE) {
                let series_uid = series.text(tags::SERIES_INSTANCE_UID).unwrap_or_default();
                for named in series.items(tags::REFERENCED_SOP_SEQUENCE) {
                    if let Some(uid) = named.text(tags::REFERENCED_SOP_INSTANCE_UID) {
                        of_instance.insert(uid, (study_uid.clone(), series_uid.clone()));
                    }
                }
            }
        }
        Self { of_instance }
    }

    /// The object that an IMAGE or COMPOSITE item names.
    pub(super) fn reference(&self, item: &InMemDicomObject) -> Option<ObjectReference> {
        let named = item.item(tags::REFERENCED_SOP_SEQUENCE)?;
        let sop_instance_uid = named.text(tags::REFERENCED_SOP_INSTANCE_UID)?;
        let (study, series) = self
            .of_instance
            .get(&sop_instance_uid)
            .cloned()
            .unwrap_or_default();
        Some(ObjectReference {
            study_instance_uid: study,
            series_instance_uid: series,
            sop_class_uid: named.text(tags::REFERENCED_SOP_CLASS_UID).unwrap_or_default(),
            sop_instance_uid,
        })
    }

    /// The image that an item names, with its frames.
    pub(super) fn image(&self, item: &InMemDicomObject) -> Option<ImageReference> {
        image_reference(item.item(tags::REFERENCED_SOP_SEQUENCE)?, &self.of_instance)
    }
}

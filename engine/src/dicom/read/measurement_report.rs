//! Structured reports to measurement reports (PS3.16 TID 1500), of any class and any producer's dialect.
//!
//! Groups are found wherever they stand, so that reports of older templates are read too. Concepts of retired schemes
//! become today's (see [`concepts::current`]); what a group has beyond the plain data is left out with a warning.

mod group;

use std::collections::HashMap;

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes as _;
use crate::dicom::measurement_report::{ImageGroup, MeasurementReport, Observer};
use crate::dicom::{Code, Error, ObjectReference, Result, concepts};

/// Reads the report in the bytes of an object.
///
/// # Errors
///
/// As [`read_measurement_report`], and [`Error::Codec`] for bytes that are no object.
pub fn measurement_report(bytes: &[u8]) -> Result<(MeasurementReport, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (report, mut warnings) = read_measurement_report(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((report, warnings))
}

/// Reads the report of an object.
///
/// # Errors
///
/// [`Error::Invalid`] for an object whose content is no container, or has no measurement group.
pub fn read_measurement_report(object: &InMemDicomObject) -> Result<(MeasurementReport, Vec<Warning>)> {
    if object.text(tags::VALUE_TYPE).as_deref() != Some("CONTAINER") {
        return Err(Error::Invalid {
            attribute: "Value Type",
            expected: "CONTAINER, of a structured report",
            found: object.text(tags::VALUE_TYPE).unwrap_or_else(|| "none".to_owned()),
        });
    }
    let mut warnings = Vec::new();
    let evidence = Evidence::of(object);
    let mut found = Vec::new();
    containers(object, "125007", &mut found);
    if found.is_empty() {
        return Err(Error::Invalid {
            attribute: "Content Sequence",
            expected: "a measurement group",
            found: "none".to_owned(),
        });
    }
    let title = name_of(object).unwrap_or(MeasurementReport::IMAGING_MEASUREMENT_REPORT);
    let items = object.items(tags::CONTENT_SEQUENCE);
    let report = MeasurementReport {
        title,
        language: codes(items, "121049").next(),
        observers: observers(items),
        procedures: codes(items, "121058").collect(),
        image_library: image_library(items, &evidence),
        groups: found
            .into_iter()
            .map(|item| group::read(item, &evidence, &mut warnings))
            .collect(),
    };
    Ok((report, warnings))
}

/// The containers of a DCM concept below an item, not those within another of them.
fn containers<'a>(item: &'a InMemDicomObject, value: &str, found: &mut Vec<&'a InMemDicomObject>) {
    // As deep as sequences can be: the parser limits that.
    for child in item.items(tags::CONTENT_SEQUENCE) {
        let is_container = child.text(tags::VALUE_TYPE).as_deref() == Some("CONTAINER");
        match name_of(child) {
            Some(name) if is_container && name.value == value && name.scheme == "DCM" => found.push(child),
            _ => containers(child, value, found),
        }
    }
}

/// The concept of an item, by its code of today.
fn name_of(item: &InMemDicomObject) -> Option<Code> {
    Code::of(item, tags::CONCEPT_NAME_CODE_SEQUENCE).map(concepts::current)
}

/// The code of a CODE item, by that of today.
fn code_of(item: &InMemDicomObject) -> Option<Code> {
    Code::of(item, tags::CONCEPT_CODE_SEQUENCE).map(concepts::current)
}

fn named<'a>(items: &'a [InMemDicomObject], value: &'a str) -> impl Iterator<Item = &'a InMemDicomObject> {
    items
        .iter()
        .filter(move |item| name_of(item).is_some_and(|name| name.value == value))
}

fn codes<'a>(items: &'a [InMemDicomObject], value: &'a str) -> impl Iterator<Item = Code> + 'a {
    named(items, value).filter_map(code_of)
}

/// The text of a TEXT, PNAME or UIDREF item; whole, backslashes too.
fn text_of(item: &InMemDicomObject) -> Option<String> {
    let whole = |tag: Tag| Some(item.texts(tag).join("\\")).filter(|text| !text.is_empty());
    [tags::TEXT_VALUE, tags::UID, tags::PERSON_NAME]
        .into_iter()
        .find_map(whole)
}

/// Observers, one for each Observer Type, and one before the first where it is left out.
fn observers(items: &[InMemDicomObject]) -> Vec<Observer> {
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

/// The image library; images that stand in no group are one.
fn image_library(items: &[InMemDicomObject], evidence: &Evidence) -> Vec<ImageGroup> {
    let of = |items: &[InMemDicomObject]| ImageGroup {
        modality: codes(items, "121139").next(),
        frame_of_reference_uid: named(items, "112227").find_map(text_of),
        images: items
            .iter()
            .filter(|item| item.text(tags::VALUE_TYPE).as_deref() == Some("IMAGE"))
            .filter_map(|item| evidence.reference(item))
            .collect(),
    };
    let libraries = named(items, "111028").map(|library| library.items(tags::CONTENT_SEQUENCE));
    libraries
        .flat_map(|library| {
            let groups = named(library, "126200").map(|group| group.items(tags::CONTENT_SEQUENCE));
            std::iter::once(library).chain(groups).map(of).collect::<Vec<_>>()
        })
        .filter(|group| !group.images.is_empty())
        .collect()
}

/// Study and series of every object that the report lists as evidence.
struct Evidence {
    of_instance: HashMap<String, (String, String)>,
}

impl Evidence {
    fn of(object: &InMemDicomObject) -> Self {
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
    fn reference(&self, item: &InMemDicomObject) -> Option<ObjectReference> {
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
}

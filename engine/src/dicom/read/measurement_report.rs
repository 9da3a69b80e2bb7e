//! Structured reports to measurement reports (PS3.16 TID 1500), of any class and any producer's dialect.
//!
//! Groups are found wherever they stand, so that reports of older templates are read too. Concepts of retired schemes
//! become today's (see [`concepts::current`]); what a group has beyond the plain data is left out with a warning.

mod group;

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes as _;
use super::content::{Evidence, codes, name_of, named, observers, text_of};
use crate::dicom::measurement_report::{ImageGroup, MeasurementReport};
use crate::dicom::{Error, Result};

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

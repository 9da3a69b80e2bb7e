//! Content items of structured reports (PS3.3 C.17.3).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use super::source_images::{image_item, reference};
use super::{Code, Dataset, decimal_string};
use crate::dicom::measurement_report::{Region, RegionShape};
use crate::dicom::{ImageReference, ObjectReference, concepts};

/// How an item belongs to the one that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relationship {
    Contains,
    HasAcqContext,
    HasConceptMod,
    HasObsContext,
    InferredFrom,
    SelectedFrom,
}

impl Relationship {
    const fn term(self) -> &'static str {
        match self {
            Self::Contains => "CONTAINS",
            Self::HasAcqContext => "HAS ACQ CONTEXT",
            Self::HasConceptMod => "HAS CONCEPT MOD",
            Self::HasObsContext => "HAS OBS CONTEXT",
            Self::InferredFrom => "INFERRED FROM",
            Self::SelectedFrom => "SELECTED FROM",
        }
    }
}

fn item(relationship: Relationship, value_type: &str, name: Option<&Code>) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::RELATIONSHIP_TYPE, relationship.term())
        .text(tags::VALUE_TYPE, value_type);
    if let Some(name) = name {
        item.code(tags::CONCEPT_NAME_CODE_SEQUENCE, name.clone());
    }
    item
}

/// Makes a data set a container, of a template where it has one, with its items.
pub(super) fn put_container(dataset: &mut Dataset, name: &Code, template: Option<&str>, items: Vec<Dataset>) {
    dataset
        .text(tags::VALUE_TYPE, "CONTAINER")
        .code(tags::CONCEPT_NAME_CODE_SEQUENCE, name.clone())
        .text(tags::CONTINUITY_OF_CONTENT, "SEPARATE");
    if let Some(identifier) = template {
        let mut template = Dataset::new();
        template
            .text(tags::MAPPING_RESOURCE, "DCMR")
            .text(tags::TEMPLATE_IDENTIFIER, identifier);
        dataset.item(tags::CONTENT_TEMPLATE_SEQUENCE, template);
    }
    put_items(dataset, items);
}

/// Puts items below an item.
pub(super) fn put_items(dataset: &mut Dataset, items: Vec<Dataset>) {
    if !items.is_empty() {
        dataset.sequence(tags::CONTENT_SEQUENCE, items);
    }
}

pub(super) fn container(name: &Code, template: Option<&str>, items: Vec<Dataset>) -> Dataset {
    let mut container = Dataset::new();
    container.text(tags::RELATIONSHIP_TYPE, Relationship::Contains.term());
    put_container(&mut container, name, template, items);
    container
}

pub(super) fn code(relationship: Relationship, name: &Code, value: &Code) -> Dataset {
    let mut item = item(relationship, "CODE", Some(name));
    item.code(tags::CONCEPT_CODE_SEQUENCE, value.clone());
    item
}

pub(super) fn text(relationship: Relationship, name: &Code, value: &str) -> Dataset {
    let mut item = item(relationship, "TEXT", Some(name));
    item.text(tags::TEXT_VALUE, value);
    item
}

pub(super) fn person(relationship: Relationship, name: &Code, value: &str) -> Dataset {
    let mut item = item(relationship, "PNAME", Some(name));
    item.text(tags::PERSON_NAME, value);
    item
}

pub(super) fn uid(relationship: Relationship, name: &Code, value: &str) -> Dataset {
    let mut item = item(relationship, "UIDREF", Some(name));
    item.text(tags::UID, value);
    item
}

/// A number: its decimal string, and all its digits where those of the string do not suffice (PS3.3 C.18.1).
pub(super) fn number(
    relationship: Relationship,
    name: &Code,
    value: Option<f64>,
    unit: &Code,
    qualifier: Option<&Code>,
) -> Dataset {
    let mut item = item(relationship, "NUM", Some(name));
    let measured = value.map(|value| {
        let mut measured = Dataset::new();
        measured.decimals(tags::NUMERIC_VALUE, &[value]);
        if decimal_string(value).parse() != Ok(value) {
            measured.doubles(tags::FLOATING_POINT_VALUE, &[value]);
        }
        measured.code(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, unit.clone());
        measured
    });
    item.sequence(tags::MEASURED_VALUE_SEQUENCE, measured.into_iter().collect());
    if let Some(qualifier) = qualifier {
        item.code(tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE, qualifier.clone());
    }
    item
}

/// An image; with the number of a segment where it is of a segmentation.
pub(super) fn image(name: Option<&Code>, object: &ObjectReference, segment: Option<u16>) -> Dataset {
    let mut named = reference(&object.sop_class_uid, &object.sop_instance_uid);
    if let Some(segment) = segment {
        named.unsigned(tags::REFERENCED_SEGMENT_NUMBER, &[segment]);
    }
    let mut item = item(Relationship::Contains, "IMAGE", name);
    item.item(tags::REFERENCED_SOP_SEQUENCE, named);
    item
}

/// An object that is no image.
pub(super) fn composite(name: &Code, object: &ObjectReference) -> Dataset {
    let mut item = item(Relationship::Contains, "COMPOSITE", Some(name));
    let named = reference(&object.sop_class_uid, &object.sop_instance_uid);
    item.item(tags::REFERENCED_SOP_SEQUENCE, named);
    item
}

/// An image with its frames, where another item comes from.
pub(super) fn source_image(relationship: Relationship, name: &Code, image: &ImageReference) -> Dataset {
    let mut item = item(relationship, "IMAGE", Some(name));
    item.item(tags::REFERENCED_SOP_SEQUENCE, image_item(image));
    item
}

/// Coordinates in an image or in space (PS3.3 C.18.6, C.18.9).
pub(super) fn coordinates(relationship: Relationship, name: &Code, region: &Region) -> Dataset {
    let put = |item: &mut Dataset, shape: RegionShape, numbers: &[f32]| {
        item.text(tags::GRAPHIC_TYPE, shape.term()).value(
            tags::GRAPHIC_DATA,
            VR::FL,
            PrimitiveValue::F32(numbers.into()),
        );
    };
    match region {
        Region::Image { image, shape, points } => {
            let mut item = item(relationship, "SCOORD", Some(name));
            put(&mut item, *shape, points.as_flattened());
            put_items(
                &mut item,
                vec![source_image(Relationship::SelectedFrom, &concepts::SOURCE, image)],
            );
            item
        }
        Region::Patient {
            frame_of_reference_uid,
            shape,
            points_mm,
        } => {
            let mut item = item(relationship, "SCOORD3D", Some(name));
            put(&mut item, *shape, points_mm.as_flattened());
            item.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, frame_of_reference_uid);
            item
        }
    }
}

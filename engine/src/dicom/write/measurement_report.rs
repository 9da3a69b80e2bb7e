//! Comprehensive 3D SR (PS3.3 A.35.13) with a measurement report (PS3.16 TID 1500).
//!
//! Why this class: a group of TID 1411 may hold a surface in space (SCOORD3D), which Enhanced and Comprehensive SR
//! cannot carry, so readers of volumetric groups take Comprehensive 3D SR; ours hold references to segments.

use dicom_dictionary_std::{tags, uids};

use super::content::{self, Relationship, put_container, put_items};
use super::evidence::put_evidence;
use super::observer::observer;
use super::{Code, Dataset, DateTime, Error, Instance, Series, Study};
use crate::dicom::measurement_report::{
    AlgorithmIdentification, ImageGroup, Measurement, MeasurementGroup, MeasurementReport, Property,
    PropertyValue, Region, SegmentReference, Site, TimePoint,
};
use crate::dicom::{ObjectReference, concepts};

/// What is particular to one report beside its content.
#[derive(Debug, Clone)]
pub struct ReportDocument {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// Whether it holds all that it should: COMPLETE, else PARTIAL.
    pub complete: bool,
    /// The content.
    pub report: MeasurementReport,
}

/// Makes a report, not verified by a person.
///
/// # Errors
///
/// [`Error::Invalid`] for a number that is not finite, a group without a tracking ID and UID, no group at all, or an
/// object that is named without its study and series.
pub fn measurement_report(
    study: &Study,
    series: &Series,
    document: ReportDocument,
) -> Result<Instance, Error> {
    let report = &document.report;
    check(report)?;
    let mut dataset = series.begin(study, "SR");
    // A document lies nowhere in the patient, and belongs to no body part.
    dataset
        .remove(tags::LATERALITY)
        .remove(tags::BODY_PART_EXAMINED)
        .remove(tags::FRAME_OF_REFERENCE_UID)
        .remove(tags::POSITION_REFERENCE_INDICATOR)
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, document.created.date())
        .text(tags::CONTENT_TIME, document.created.time())
        .text(
            tags::COMPLETION_FLAG,
            if document.complete { "COMPLETE" } else { "PARTIAL" },
        )
        .text(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .sequence(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .sequence(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .item(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, own_scheme());
    put_evidence(named_objects(report), &mut dataset)?;
    put_container(&mut dataset, &report.title, Some("1500"), content_of(report));
    Ok(Instance::new(
        uids::COMPREHENSIVE3_DSR_STORAGE,
        &document.sop_instance_uid,
        dataset,
    ))
}

fn check(report: &MeasurementReport) -> Result<(), Error> {
    if report.groups.is_empty() {
        return Err(Error::invalid("measurement groups", "at least one", "none"));
    }
    for group in &report.groups {
        if group.tracking_id.is_none() || group.tracking_uid.is_none() {
            return Err(Error::invalid(
                "measurement group",
                "a tracking ID and UID",
                "none",
            ));
        }
        for measurement in &group.measurements {
            if let Some(value) = measurement.value.filter(|value| !value.is_finite()) {
                return Err(Error::invalid("measured value", "a finite number", value));
            }
        }
        check_regions(group)?;
    }
    Ok(())
}

/// A group has a segment, or a region, or several of images, or its measurements have regions (PS3.16 TID 1410, 1411,
/// 1501): readers tell the templates by that.
fn check_regions(group: &MeasurementGroup) -> Result<(), Error> {
    let of_measurements = || {
        group
            .measurements
            .iter()
            .flat_map(|measurement| &measurement.regions)
    };
    if let Some(region) = group
        .regions
        .iter()
        .chain(of_measurements())
        .find(|region| !region.is_whole())
    {
        let found = format!("{region:?}").chars().take(200).collect::<String>();
        return Err(Error::invalid(
            "region",
            "the finite points that its shape is made of",
            found,
        ));
    }
    let is_of_space = |region: &Region| region.image().is_none();
    let kinds = [
        group.segment.is_some(),
        !group.regions.is_empty(),
        of_measurements().next().is_some(),
    ];
    if kinds.into_iter().filter(|is_there| *is_there).count() > 1 {
        let expected = "a segment, or regions, or regions of its measurements";
        return Err(Error::invalid("measurement group", expected, "several of them"));
    }
    if group.regions.len() > 1 && group.regions.iter().any(is_of_space) {
        return Err(Error::invalid(
            "measurement group",
            "one region where it lies in space",
            "several",
        ));
    }
    Ok(())
}

fn own_scheme() -> Dataset {
    let (designator, uid, name) = concepts::OWN_SCHEME;
    let mut item = Dataset::new();
    item.text(tags::CODING_SCHEME_DESIGNATOR, designator)
        .text(tags::CODING_SCHEME_UID, uid)
        .text(tags::CODING_SCHEME_NAME, name);
    item
}

/// Every object that the content names.
fn named_objects(report: &MeasurementReport) -> Vec<ObjectReference> {
    let of_group = |group: &MeasurementGroup| {
        let segmentation = group.segment.iter().map(|segment| segment.segmentation.clone());
        let maps = group
            .measurements
            .iter()
            .filter_map(|m| m.real_world_value_map.clone());
        let of_measurements = group.measurements.iter().flat_map(|m| &m.regions);
        let regions = group
            .regions
            .iter()
            .chain(of_measurements)
            .filter_map(Region::image);
        let images = group.measurements.iter().flat_map(|m| &m.images);
        segmentation
            .chain(regions.chain(images).map(|image| image.reference.clone()))
            .chain(group.source_images.iter().cloned())
            .chain(group.real_world_value_map.clone())
            .chain(maps)
            .collect::<Vec<_>>()
    };
    let images = report
        .image_library
        .iter()
        .flat_map(|group| group.images.iter().cloned());
    images.chain(report.groups.iter().flat_map(of_group)).collect()
}

fn content_of(report: &MeasurementReport) -> Vec<Dataset> {
    const LANGUAGE: Code = Code::new("121049", "DCM", "Language of Content Item and Descendants");
    const PROCEDURE: Code = Code::new("121058", "DCM", "Procedure reported");
    let language = report.language.iter();
    let mut items: Vec<Dataset> = language
        .map(|language| content::code(Relationship::HasConceptMod, &LANGUAGE, language))
        .collect();
    items.extend(report.observers.iter().flat_map(observer));
    let procedures = report.procedures.iter();
    items.extend(procedures.map(|code| content::code(Relationship::HasConceptMod, &PROCEDURE, code)));
    if !report.image_library.is_empty() {
        const LIBRARY: Code = Code::new("111028", "DCM", "Image Library");
        let groups = report.image_library.iter().map(image_group).collect();
        items.push(content::container(&LIBRARY, Some("1600"), groups));
    }
    let groups = report.groups.iter().map(group).collect();
    items.push(content::container(&concepts::IMAGING_MEASUREMENTS, None, groups));
    items
}

fn image_group(group: &ImageGroup) -> Dataset {
    const GROUP: Code = Code::new("126200", "DCM", "Image Library Group");
    const MODALITY: Code = Code::new("121139", "DCM", "Modality");
    const FRAME_OF_REFERENCE: Code = Code::new("112227", "DCM", "Frame of Reference UID");
    let modality = group.modality.iter();
    let modality = modality.map(|code| content::code(Relationship::HasAcqContext, &MODALITY, code));
    let frame_of_reference = group.frame_of_reference_uid.iter();
    let frame_of_reference =
        frame_of_reference.map(|uid| content::uid(Relationship::HasAcqContext, &FRAME_OF_REFERENCE, uid));
    let images = group.images.iter().map(|image| content::image(None, image, None));
    content::container(
        &GROUP,
        None,
        modality.chain(frame_of_reference).chain(images).collect(),
    )
}

/// A group, its items in the order of TID 1411.
fn group(group: &MeasurementGroup) -> Dataset {
    const MEASUREMENT_GROUP: Code = Code::new("125007", "DCM", "Measurement Group");
    const TRACKING_ID: Code = Code::new("112039", "DCM", "Tracking Identifier");
    const TRACKING_UID: Code = Code::new("112040", "DCM", "Tracking Unique Identifier");
    const SESSION: Code = Code::new("C67447", "NCIt", "Activity Session");
    const CATEGORY: Code = Code::new("276214006", "SCT", "Finding category");
    const FINDING: Code = Code::new("121071", "DCM", "Finding");
    let code =
        |name: Code, value: &Option<Code>, how| value.as_ref().map(|value| content::code(how, &name, value));
    let text = |name: Code, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| content::text(Relationship::HasObsContext, &name, value))
    };
    let uid = group.tracking_uid.as_ref();
    let mut items: Vec<Dataset> = [
        text(SESSION, &group.session),
        text(TRACKING_ID, &group.tracking_id),
        uid.map(|uid| content::uid(Relationship::HasObsContext, &TRACKING_UID, uid)),
        code(CATEGORY, &group.finding_category, Relationship::Contains),
        code(FINDING, &group.finding, Relationship::Contains),
    ]
    .into_iter()
    .flatten()
    .collect();
    items.extend(group.time_point.iter().flat_map(time_point));
    items.extend(group.segment.iter().flat_map(segment));
    let regions = group.regions.iter();
    items.extend(
        regions.map(|region| content::coordinates(Relationship::Contains, &concepts::IMAGE_REGION, region)),
    );
    items.extend(
        group
            .source_images
            .iter()
            .map(|image| content::image(Some(&concepts::SOURCE), image, None)),
    );
    let map = group.real_world_value_map.iter();
    items.extend(map.map(|map| content::composite(&concepts::REAL_WORLD_VALUE_MAP, map)));
    items.extend(code(
        concepts::MEASUREMENT_METHOD,
        &group.method,
        Relationship::HasConceptMod,
    ));
    items.extend(group.sites.iter().map(site));
    items.extend(group.algorithm.iter().flat_map(algorithm));
    items.extend(group.measurements.iter().map(measurement));
    let evaluations = group.evaluations.iter();
    items.extend(evaluations.map(|property| property_item(Relationship::Contains, property)));
    let template = match (&group.segment, group.regions.len()) {
        (None, 0) => "1501",
        (None, 1) => "1410",
        _ => "1411",
    };
    content::container(&MEASUREMENT_GROUP, Some(template), items)
}

fn time_point(point: &TimePoint) -> Vec<Dataset> {
    const CONTEXT: Relationship = Relationship::HasObsContext;
    const TIME_POINT: Code = Code::new("C2348792", "UMLS", "Time Point");
    const KIND: Code = Code::new("126072", "DCM", "Time Point Type");
    const ORDER: Code = Code::new("126073", "DCM", "Time Point Order");
    let kind = point.kind.iter().map(|kind| content::code(CONTEXT, &KIND, kind));
    let order = point
        .order
        .iter()
        .map(|order| content::number(CONTEXT, &ORDER, Some(*order), &concepts::NO_UNITS, None));
    let label = content::text(CONTEXT, &TIME_POINT, &point.label);
    std::iter::once(label).chain(kind).chain(order).collect()
}

fn segment(segment: &SegmentReference) -> Vec<Dataset> {
    const REFERENCED_SEGMENT: Code = Code::new("121191", "DCM", "Referenced Segment");
    const SOURCE_SERIES: Code = Code::new("121232", "DCM", "Source series for segmentation");
    let named = content::image(
        Some(&REFERENCED_SEGMENT),
        &segment.segmentation,
        Some(segment.segment_number),
    );
    let source = segment.source_series_instance_uid.iter();
    let source = source.map(|uid| content::uid(Relationship::Contains, &SOURCE_SERIES, uid));
    std::iter::once(named).chain(source).collect()
}

fn site(site: &Site) -> Dataset {
    let mut item = content::code(Relationship::HasConceptMod, &concepts::FINDING_SITE, &site.code);
    let side = site.laterality.iter();
    let side = side.map(|side| content::code(Relationship::HasConceptMod, &concepts::LATERALITY, side));
    put_items(&mut item, side.collect());
    item
}

fn algorithm(algorithm: &AlgorithmIdentification) -> Vec<Dataset> {
    let text = |value, meaning, text: &str| {
        content::text(
            Relationship::HasConceptMod,
            &Code::new(value, "DCM", meaning),
            text,
        )
    };
    let parameters = algorithm.parameters.iter();
    [
        text("111001", "Algorithm Name", &algorithm.name),
        text("111003", "Algorithm Version", &algorithm.version),
    ]
    .into_iter()
    .chain(parameters.map(|parameter| text("111002", "Algorithm Parameters", parameter)))
    .collect()
}

fn measurement(measurement: &Measurement) -> Dataset {
    const DERIVATION: Code = Code::new("121401", "DCM", "Derivation");
    const CONCEPT_MOD: Relationship = Relationship::HasConceptMod;
    let mut item = content::number(
        Relationship::Contains,
        &measurement.quantity,
        measurement.value,
        &measurement.unit,
        measurement.qualifier.as_ref(),
    );
    let method = measurement.method.iter();
    let method = method.map(|code| content::code(CONCEPT_MOD, &concepts::MEASUREMENT_METHOD, code));
    let derivation = measurement.derivation.iter();
    let derivation = derivation.map(|code| content::code(CONCEPT_MOD, &DERIVATION, code));
    let modifiers = measurement.modifiers.iter();
    let modifiers = modifiers.map(|property| property_item(CONCEPT_MOD, property));
    let map = measurement.real_world_value_map.iter().map(|map| {
        let mut item = content::composite(&concepts::REAL_WORLD_VALUE_MAP, map);
        item.text(tags::RELATIONSHIP_TYPE, "INFERRED FROM");
        item
    });
    let images = measurement.images.iter().map(|image| {
        content::source_image(
            Relationship::InferredFrom,
            &concepts::SOURCE_OF_MEASUREMENT,
            image,
        )
    });
    let regions = measurement.regions.iter();
    let regions =
        regions.map(|region| content::coordinates(Relationship::InferredFrom, &concepts::SOURCE, region));
    let modifiers = method.chain(derivation).chain(modifiers);
    put_items(
        &mut item,
        modifiers.chain(images).chain(regions).chain(map).collect(),
    );
    item
}

fn property_item(relationship: Relationship, property: &Property) -> Dataset {
    match &property.value {
        PropertyValue::Text(text) => content::text(relationship, &property.name, text),
        PropertyValue::Code(code) => content::code(relationship, &property.name, code),
    }
}

//! One measurement group (PS3.16 TID 1411, 1410, 1501).

mod region;

use codec::Warning;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dicom::measurement_report::{
    AlgorithmIdentification, Measurement, MeasurementGroup, Property, PropertyValue, Region,
    SegmentReference, Site, TimePoint,
};
use crate::dicom::read::attributes::Attributes as _;
use crate::dicom::read::content::{Evidence, code_of, name_of, tell, text_of};
use crate::dicom::{Code, concepts};

/// The unit of a number that has none: no unit at all, not "no units", which is one.
const NOT_STATED: Code = Code::new("", "", "");

pub(super) fn read(
    item: &InMemDicomObject,
    evidence: &Evidence,
    warnings: &mut Vec<Warning>,
) -> MeasurementGroup {
    let mut reader = Reader {
        group: MeasurementGroup::default(),
        source_series: None,
        evidence,
        warnings,
    };
    for child in item.items(tags::CONTENT_SEQUENCE) {
        reader.item(child);
    }
    let mut group = reader.group;
    if let Some(segment) = &mut group.segment {
        segment.source_series_instance_uid = reader.source_series;
    }
    group
}

struct Reader<'a> {
    group: MeasurementGroup,
    source_series: Option<String>,
    evidence: &'a Evidence,
    warnings: &'a mut Vec<Warning>,
}

impl Reader<'_> {
    fn item(&mut self, item: &InMemDicomObject) {
        let value_type = item.text(tags::VALUE_TYPE).unwrap_or_default();
        let name = name_of(item);
        match (value_type.as_str(), name) {
            ("NUM", Some(name)) if name.value == "126073" => self.time_point().order = value_of(item),
            ("NUM", Some(name)) => {
                let measurement = self.measurement(name, item);
                self.group.measurements.push(measurement);
            }
            ("CODE", Some(name)) => self.code(name, item),
            ("TEXT", Some(name)) => self.text(name, item),
            ("UIDREF", Some(name)) => match name.value.as_ref() {
                "112040" => self.group.tracking_uid = text_of(item),
                "121232" => self.source_series = text_of(item),
                _ => self.left_out(&name, "UID"),
            },
            ("IMAGE", name) => self.image(name, item),
            ("COMPOSITE", Some(name)) if name.is(&concepts::REAL_WORLD_VALUE_MAP) => {
                self.group.real_world_value_map = self.evidence.reference(item);
            }
            ("SCOORD" | "SCOORD3D", Some(name)) if name.is(&concepts::IMAGE_REGION) => {
                let region = self.region(item);
                self.group.regions.extend(region);
            }
            ("SCOORD" | "SCOORD3D", name) => {
                let name = name.unwrap_or(NOT_STATED);
                self.left_out(&name, "coordinates");
            }
            (_, name) => {
                let name = name.unwrap_or(NOT_STATED);
                self.left_out(&name, "an item of another kind");
            }
        }
    }

    /// Tells what a group has beyond the plain data.
    fn left_out(&mut self, name: &Code, what: &str) {
        let text = format!(
            "{what} called {name:?} of {} left out",
            self.called(),
            name = name.to_string()
        );
        tell(self.warnings, "not-understood", text);
    }

    /// Reads coordinates; those that make no shape are left out with a warning.
    fn region(&mut self, item: &InMemDicomObject) -> Option<Region> {
        let region = region::read(item, self.evidence);
        if region.is_none() {
            let text = format!(
                "expected points that make a shape as a region of {}, found others; left out",
                self.called()
            );
            tell(self.warnings, "region-coordinates", text);
        }
        region
    }

    fn called(&self) -> &str {
        self.group.tracking_uid.as_deref().unwrap_or("a group")
    }

    fn time_point(&mut self) -> &mut TimePoint {
        self.group.time_point.get_or_insert(TimePoint {
            label: String::new(),
            kind: None,
            order: None,
        })
    }

    fn algorithm(&mut self) -> &mut AlgorithmIdentification {
        self.group.algorithm.get_or_insert(AlgorithmIdentification {
            name: String::new(),
            version: String::new(),
            parameters: Vec::new(),
        })
    }

    fn code(&mut self, name: Code, item: &InMemDicomObject) {
        let Some(value) = code_of(item) else {
            return;
        };
        match name.value.as_ref() {
            "276214006" => self.group.finding_category = Some(value),
            "121071" => self.group.finding = Some(value),
            "126072" => self.time_point().kind = Some(value),
            _ if name.is(&concepts::MEASUREMENT_METHOD) => self.group.method = Some(value),
            _ if name.is(&concepts::FINDING_SITE) => {
                let below = item.items(tags::CONTENT_SEQUENCE).iter();
                let mut sides =
                    below.filter(|below| name_of(below).is_some_and(|name| name.is(&concepts::LATERALITY)));
                let laterality = sides.find_map(code_of);
                self.group.sites.push(Site {
                    code: value,
                    laterality,
                });
            }
            _ => self.group.evaluations.push(Property {
                name,
                value: PropertyValue::Code(value),
            }),
        }
    }

    fn text(&mut self, name: Code, item: &InMemDicomObject) {
        let Some(text) = text_of(item) else {
            return;
        };
        match name.value.as_ref() {
            "112039" => self.group.tracking_id = Some(text),
            "C67447" => self.group.session = Some(text),
            "C2348792" => self.time_point().label = text,
            "111001" => self.algorithm().name = text,
            "111003" => self.algorithm().version = text,
            "111002" => self.algorithm().parameters.push(text),
            _ => self.group.evaluations.push(Property::text(name, text)),
        }
    }

    fn image(&mut self, name: Option<Code>, item: &InMemDicomObject) {
        let Some(reference) = self.evidence.reference(item) else {
            return;
        };
        let is_segment = name.is_some_and(|name| name.value == "121191" || name.value == "121214");
        let number = item
            .item(tags::REFERENCED_SOP_SEQUENCE)
            .and_then(|named| named.integer(tags::REFERENCED_SEGMENT_NUMBER))
            .and_then(|number| u16::try_from(number).ok());
        match number.filter(|_| is_segment) {
            Some(segment_number) => {
                self.group.segment = Some(SegmentReference {
                    segmentation: reference,
                    segment_number,
                    source_series_instance_uid: None,
                });
            }
            None => {
                if self
                    .evidence
                    .image(item)
                    .is_some_and(|image| !image.frames.is_empty())
                {
                    let text = format!(
                        "frames of a source image of {} left out: the whole is named",
                        self.called()
                    );
                    tell(self.warnings, "not-understood", text);
                }
                self.group.source_images.push(reference);
            }
        }
    }

    fn measurement(&mut self, quantity: Code, item: &InMemDicomObject) -> Measurement {
        let measured = item.item(tags::MEASURED_VALUE_SEQUENCE);
        let unit = measured.and_then(|measured| Code::of(measured, tags::MEASUREMENT_UNITS_CODE_SEQUENCE));
        let mut measurement = Measurement {
            value: value_of(item),
            qualifier: Code::of(item, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE),
            unit: unit.clone().unwrap_or(NOT_STATED),
            ..Measurement::new(quantity, 0.0, concepts::NO_UNITS)
        };
        if measurement.value.is_none() && measurement.qualifier.is_none() {
            let text = format!(
                "expected a number for {} of {}, found none",
                measurement.quantity,
                self.called()
            );
            tell(self.warnings, "no-measured-value", text);
        }
        if measurement.value.is_some() && unit.is_none() {
            let text = format!(
                "expected a unit for {} of {}, found none",
                measurement.quantity,
                self.called()
            );
            tell(self.warnings, "no-unit", text);
        }
        for below in item.items(tags::CONTENT_SEQUENCE) {
            match below.text(tags::VALUE_TYPE).as_deref() {
                Some("SCOORD" | "SCOORD3D") => measurement.regions.extend(self.region(below)),
                Some("IMAGE") => measurement.images.extend(self.evidence.image(below)),
                _ => modify(&mut measurement, below, self.evidence),
            }
        }
        measurement
    }
}

/// The number of a NUM item: of all its digits where it has them.
fn value_of(item: &InMemDicomObject) -> Option<f64> {
    let measured = item.item(tags::MEASURED_VALUE_SEQUENCE)?;
    measured
        .number(tags::FLOATING_POINT_VALUE)
        .or_else(|| measured.number(tags::NUMERIC_VALUE))
}

/// Takes what stands below a number.
fn modify(measurement: &mut Measurement, item: &InMemDicomObject, evidence: &Evidence) {
    let Some(name) = name_of(item) else {
        return;
    };
    if name.is(&concepts::REAL_WORLD_VALUE_MAP) {
        measurement.real_world_value_map = evidence.reference(item);
        return;
    }
    match (code_of(item), text_of(item)) {
        (Some(code), _) if name.value == "121401" => measurement.derivation = Some(code),
        (Some(code), _) if name.is(&concepts::MEASUREMENT_METHOD) => measurement.method = Some(code),
        (Some(code), _) => measurement.modifiers.push(Property {
            name,
            value: PropertyValue::Code(code),
        }),
        (None, Some(text)) => measurement.modifiers.push(Property::text(name, text)),
        (None, None) => {}
    }
}

//! Measurement reports (PS3.16 TID 1500) as plain data, the same for writing and reading.
//!
//! A [`MeasurementReport`] has a [`MeasurementGroup`] for each lesion: what it is, where, its segment in a
//! segmentation or its outline, and [`Measurement`]s, each with its quantity, unit, derivation and method. A length or
//! an angle is a measurement with the [`Region`] that it was taken along. A [`LesionReport`] turns a table of lesions
//! into a report. Bytes are the matter of `write` and `read`.

mod lesions;
mod planar;
mod region;

use super::{Code, ImageReference, ObjectReference, concepts};
use crate::suv::SuvKind;
pub use lesions::{LesionReport, ReportedLesion, ReportedReference, SuvNumbers};
pub use region::{Region, RegionShape};

/// A measurement report.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasurementReport {
    /// Document Title, the root's concept.
    pub title: Code,
    /// Language of what people wrote.
    pub language: Option<Code>,
    /// Who or what measured.
    pub observers: Vec<Observer>,
    /// Procedures reported.
    pub procedures: Vec<Code>,
    /// The images that were measured, where the report lists them.
    pub image_library: Vec<ImageGroup>,
    /// A group for each lesion, and for totals.
    pub groups: Vec<MeasurementGroup>,
}

impl MeasurementReport {
    /// The title of a report of measurements in images.
    pub const IMAGING_MEASUREMENT_REPORT: Code = Code::new("126000", "DCM", "Imaging Measurement Report");

    /// The group of a tracking UID.
    #[must_use]
    pub fn group(&self, tracking_uid: &str) -> Option<&MeasurementGroup> {
        self.groups
            .iter()
            .find(|group| group.tracking_uid.as_deref() == Some(tracking_uid))
    }
}

/// Who or what measured (PS3.16 TID 1002).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observer {
    /// A person.
    Person {
        /// Person Observer Name, in PN form.
        name: String,
        /// Person Observer's Organization Name.
        organization: Option<String>,
    },
    /// A device or a program.
    Device {
        /// Device Observer UID.
        uid: String,
        /// Device Observer Name.
        name: Option<String>,
        /// Device Observer Manufacturer.
        manufacturer: Option<String>,
        /// Device Observer Model Name.
        model: Option<String>,
        /// Device Observer Serial Number.
        serial_number: Option<String>,
    },
}

/// Images of one modality in one frame of reference (PS3.16 TID 1601).
#[derive(Debug, Clone, PartialEq)]
pub struct ImageGroup {
    /// Modality; `None` where the report does not say it.
    pub modality: Option<Code>,
    /// Frame of Reference UID.
    pub frame_of_reference_uid: Option<String>,
    /// The images.
    pub images: Vec<ObjectReference>,
}

/// What was measured of one thing (PS3.16 TID 1411 with a segment or several regions, TID 1410 with one region, else
/// TID 1501).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeasurementGroup {
    /// Tracking Identifier, the lesion's name.
    pub tracking_id: Option<String>,
    /// Tracking Unique Identifier, the same for one lesion in all exams.
    pub tracking_uid: Option<String>,
    /// Activity Session.
    pub session: Option<String>,
    /// What kind of thing it is.
    pub finding_category: Option<Code>,
    /// What it is.
    pub finding: Option<Code>,
    /// Where it is.
    pub sites: Vec<Site>,
    /// When in the course of the disease.
    pub time_point: Option<TimePoint>,
    /// Its voxels.
    pub segment: Option<SegmentReference>,
    /// Its outline, in the place of a segment: one region in an image or in space, or several in images.
    pub regions: Vec<Region>,
    /// Images that the group names beside those of its segment.
    pub source_images: Vec<ObjectReference>,
    /// What made pixels into real values.
    pub real_world_value_map: Option<ObjectReference>,
    /// What measured.
    pub algorithm: Option<AlgorithmIdentification>,
    /// How all of the group was measured.
    pub method: Option<Code>,
    /// The numbers.
    pub measurements: Vec<Measurement>,
    /// What is said of it in words or codes.
    pub evaluations: Vec<Property>,
}

impl MeasurementGroup {
    /// The first measurement of a quantity, with that derivation or without any.
    #[must_use]
    pub fn measurement(&self, quantity: &Code, derivation: Option<&Code>) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| {
            let derived = match (&measurement.derivation, derivation) {
                (Some(own), Some(wanted)) => own.is(wanted),
                (None, None) => true,
                _ => false,
            };
            derived && measurement.quantity.is(quantity)
        })
    }
}

/// A place in the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The place.
    pub code: Code,
    /// Its side.
    pub laterality: Option<Code>,
}

/// A moment in the course of a disease (PS3.16 TID 1502).
#[derive(Debug, Clone, PartialEq)]
pub struct TimePoint {
    /// What people call it.
    pub label: String,
    /// Time Point Type: baseline, after treatment.
    pub kind: Option<Code>,
    /// Its place among the others.
    pub order: Option<f64>,
}

/// A segment of a segmentation object.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentReference {
    /// The segmentation.
    pub segmentation: ObjectReference,
    /// Referenced Segment Number (0062,000B).
    pub segment_number: u16,
    /// Series of the images that were segmented.
    pub source_series_instance_uid: Option<String>,
}

/// A program (PS3.16 TID 4019).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmIdentification {
    /// Algorithm Name.
    pub name: String,
    /// Algorithm Version.
    pub version: String,
    /// Algorithm Parameters, one setting each.
    pub parameters: Vec<String>,
}

/// One number with all that says what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was measured: SUVbw, volume.
    pub quantity: Code,
    /// The number in `unit`; `None` where it could not be had, see `qualifier`.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Code,
    /// Why there is no number, or what is wrong with it.
    pub qualifier: Option<Code>,
    /// Mean, maximum, peak.
    pub derivation: Option<Code>,
    /// How it was computed.
    pub method: Option<Code>,
    /// More that the number hangs on: the peak's definition, the harmonisation.
    pub modifiers: Vec<Property>,
    /// The points or lines that it was taken at or along; of a group that has itself no segment or region.
    pub regions: Vec<Region>,
    /// The images that it was taken from, where no region says it.
    pub images: Vec<ImageReference>,
    /// What made pixels into real values, where not said for the group.
    pub real_world_value_map: Option<ObjectReference>,
}

impl Measurement {
    /// A number of a quantity.
    #[must_use]
    pub fn new(quantity: Code, value: f64, unit: Code) -> Self {
        Self {
            quantity,
            value: Some(value),
            unit,
            qualifier: None,
            derivation: None,
            method: None,
            modifiers: Vec::new(),
            regions: Vec::new(),
            images: Vec::new(),
            real_world_value_map: None,
        }
    }

    /// An SUV in its own unit, with the method of its kind.
    ///
    /// ```
    /// use engine::dicom::concepts;
    /// use engine::dicom::measurement_report::Measurement;
    /// use engine::suv::SuvKind;
    /// let max = Measurement::suv(SuvKind::Bw, concepts::MAXIMUM, 12.5);
    /// assert_eq!((max.quantity.value.as_ref(), max.unit.value.as_ref()), ("126401", "g/ml{SUVbw}"));
    /// ```
    #[must_use]
    pub fn suv(kind: SuvKind, derivation: Code, value: f64) -> Self {
        Self {
            derivation: Some(derivation),
            method: Some(concepts::suv_method(kind)),
            ..Self::new(concepts::suv(kind), value, concepts::suv_unit(kind))
        }
    }

    /// An SUVpeak with the name of its definition, such as `global_pv`.
    #[must_use]
    pub fn suv_peak(kind: SuvKind, definition: impl Into<String>, value: f64) -> Self {
        Self::suv(kind, concepts::PEAK, value).with(Property::text(concepts::PEAK_DEFINITION, definition))
    }

    /// A volume as the sum of its voxels, mL.
    #[must_use]
    pub fn volume_ml(value: f64) -> Self {
        Self {
            method: Some(concepts::SUM_OF_VOXELS),
            ..Self::new(concepts::VOLUME, value, concepts::MILLILITRE)
        }
    }

    /// A metabolic volume (MTV), mL.
    #[must_use]
    pub fn metabolic_volume_ml(value: f64) -> Self {
        Self {
            quantity: concepts::METABOLIC_VOLUME,
            ..Self::volume_ml(value)
        }
    }

    /// A total lesion glycolysis of SUVs of a kind: g, but cm² of SUVbsa.
    #[must_use]
    pub fn total_lesion_glycolysis(kind: SuvKind, value: f64) -> Self {
        let unit = if kind == SuvKind::Bsa {
            Code::new("cm2", "UCUM", "Centimeter**2")
        } else {
            concepts::GRAM
        };
        Self {
            method: Some(concepts::suv_method(kind)),
            ..Self::new(concepts::TOTAL_LESION_GLYCOLYSIS, value, unit)
        }
    }

    /// The same measurement with one more property.
    #[must_use]
    pub fn with(mut self, modifier: Property) -> Self {
        self.modifiers.push(modifier);
        self
    }

    /// The same measurement with a derivation.
    #[must_use]
    pub fn derived(self, derivation: Code) -> Self {
        Self {
            derivation: Some(derivation),
            ..self
        }
    }

    /// The definition that a peak follows.
    #[must_use]
    pub fn peak_definition(&self) -> Option<&str> {
        self.modifiers.iter().find_map(|property| match &property.value {
            PropertyValue::Text(text) if property.name.is(&concepts::PEAK_DEFINITION) => Some(text.as_str()),
            _ => None,
        })
    }

    /// What the SUV is normalised by: from the quantity, else from the unit, as objects before 2015 have it.
    #[must_use]
    pub fn suv_kind(&self) -> Option<SuvKind> {
        let of_quantity = SuvKind::ALL
            .into_iter()
            .find(|kind| concepts::suv(*kind).is(&self.quantity));
        of_quantity.or_else(|| concepts::suv_kind_of_unit(&self.unit))
    }
}

/// A name and what it is in this case.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The name.
    pub name: Code,
    /// The value.
    pub value: PropertyValue,
}

impl Property {
    /// A property in words.
    #[must_use]
    pub fn text(name: Code, text: impl Into<String>) -> Self {
        Self {
            name,
            value: PropertyValue::Text(text.into()),
        }
    }
}

/// What a [`Property`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum PropertyValue {
    /// Words.
    Text(String),
    /// A code.
    Code(Code),
}

//! A table of lesions as a measurement report.

use super::{
    AlgorithmIdentification, ImageGroup, Measurement, MeasurementGroup, MeasurementReport, Observer,
    Property, SegmentReference, Site, TimePoint,
};
use crate::dicom::{Code, ObjectReference, concepts};
use crate::suv::SuvKind;

/// What is known of one lesion, as a detection gives it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportedLesion {
    /// Its name.
    pub id: String,
    /// Its tracking UID, the same in all exams.
    pub tracking_uid: String,
    /// Its place, a name such as `right lung`; coded where [`concepts::site`] knows it, always kept as text.
    pub site: Option<String>,
    /// Number of its segment in [`LesionReport::segmentation`].
    pub segment_number: Option<u16>,
    /// Volume of its voxels, mL.
    pub volume_ml: Option<f64>,
    /// Volume by the rule of the metabolic volume, mL.
    pub mtv_ml: Option<f64>,
    /// Mean SUVbw times metabolic volume, g.
    pub tlg: Option<f64>,
    /// SUVs by body weight and, where they could be had, of other kinds.
    pub suv: Vec<SuvNumbers>,
    /// Longest diameter, mm.
    pub long_axis_mm: Option<f64>,
    /// Longest diameter across it, mm.
    pub short_axis_mm: Option<f64>,
    /// Mean of the CT inside, HU.
    pub hu_mean: Option<f64>,
    /// The organ and the reason for which it is taken for physiological uptake; such are no part of the totals.
    pub physiological: Option<(String, String)>,
}

/// Statistics of SUVs of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct SuvNumbers {
    /// What they are normalised by.
    pub kind: SuvKind,
    /// Largest, and so on; `None` for what was not measured.
    pub max: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Smallest.
    pub min: Option<f64>,
    /// Standard deviation of the population.
    pub sd: Option<f64>,
    /// Median.
    pub median: Option<f64>,
    /// Peaks: the name of the definition, such as `global_pv`, and the value.
    pub peaks: Vec<(String, f64)>,
}

impl SuvNumbers {
    /// No numbers yet.
    #[must_use]
    pub fn new(kind: SuvKind) -> Self {
        Self {
            kind,
            max: None,
            mean: None,
            min: None,
            sd: None,
            median: None,
            peaks: Vec::new(),
        }
    }

    fn measurements(&self) -> impl Iterator<Item = Measurement> + '_ {
        let statistics = [
            (concepts::MAXIMUM, self.max),
            (concepts::MEAN, self.mean),
            (concepts::MINIMUM, self.min),
            (concepts::STANDARD_DEVIATION, self.sd),
            (concepts::MEDIAN, self.median),
        ];
        let known = statistics
            .into_iter()
            .filter_map(|(derivation, value)| Some(Measurement::suv(self.kind, derivation, value?)));
        let peaks = self.peaks.iter();
        known.chain(peaks.map(|(definition, value)| Measurement::suv_peak(self.kind, definition, *value)))
    }
}

/// A reference region: liver, blood pool.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedReference {
    /// Its name.
    pub name: String,
    /// Its tracking UID.
    pub tracking_uid: String,
    /// Number of its segment in [`LesionReport::segmentation`].
    pub segment_number: Option<u16>,
    /// Its SUVs.
    pub suv: Vec<SuvNumbers>,
}

/// A table of lesions with all that a report says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LesionReport {
    /// Who or what measured.
    pub observers: Vec<Observer>,
    /// Procedures reported.
    pub procedures: Vec<Code>,
    /// The images measured.
    pub image_library: Vec<ImageGroup>,
    /// Series of the images that were segmented.
    pub source_series_instance_uid: String,
    /// The segmentation that holds the lesions' voxels.
    pub segmentation: Option<ObjectReference>,
    /// The map of SUV factors.
    pub real_world_value_map: Option<ObjectReference>,
    /// When in the course of the disease.
    pub time_point: Option<TimePoint>,
    /// What measured.
    pub algorithm: Option<AlgorithmIdentification>,
    /// The rule that lesions were found by.
    pub rule: String,
    /// The rule that metabolic volumes were bounded by.
    pub mtv_rule: String,
    /// To what resolution the images were brought first; written beside every SUV.
    pub harmonization: Option<String>,
    /// The lesions.
    pub lesions: Vec<ReportedLesion>,
    /// Reference regions.
    pub references: Vec<ReportedReference>,
    /// Tracking UID of the group of totals.
    pub totals_tracking_uid: String,
    /// Warnings that belong to the numbers.
    pub warnings: Vec<String>,
}

impl LesionReport {
    /// The report: a group for each lesion and reference region, then the totals of what is not physiological.
    #[must_use]
    pub fn to_measurement_report(&self) -> MeasurementReport {
        let lesions = self.lesions.iter().map(|lesion| self.lesion(lesion));
        let references = self.references.iter().map(|reference| self.reference(reference));
        MeasurementReport {
            title: MeasurementReport::IMAGING_MEASUREMENT_REPORT,
            language: Some(concepts::ENGLISH),
            observers: self.observers.clone(),
            procedures: self.procedures.clone(),
            image_library: self.image_library.clone(),
            groups: lesions.chain(references).chain([self.totals()]).collect(),
        }
    }

    fn group(&self, id: &str, uid: &str, segment_number: Option<u16>) -> MeasurementGroup {
        let segment = self.segmentation.as_ref().zip(segment_number);
        MeasurementGroup {
            tracking_id: Some(id.to_owned()),
            tracking_uid: Some(uid.to_owned()),
            time_point: self.time_point.clone(),
            segment: segment.map(|(segmentation, segment_number)| SegmentReference {
                segmentation: segmentation.clone(),
                segment_number,
                source_series_instance_uid: Some(self.source_series_instance_uid.clone()),
            }),
            real_world_value_map: self.real_world_value_map.clone(),
            algorithm: self.algorithm.clone(),
            ..MeasurementGroup::default()
        }
    }

    fn suvs(&self, suv: &[SuvNumbers]) -> Vec<Measurement> {
        suv.iter()
            .flat_map(SuvNumbers::measurements)
            .map(|measurement| self.harmonized(measurement))
            .collect()
    }

    fn harmonized(&self, measurement: Measurement) -> Measurement {
        match &self.harmonization {
            Some(text) => measurement.with(Property::text(concepts::HARMONIZATION, text)),
            None => measurement,
        }
    }

    fn lesion(&self, lesion: &ReportedLesion) -> MeasurementGroup {
        let coded = lesion.site.as_deref().and_then(concepts::site);
        let tlg = |value| self.harmonized(Measurement::total_lesion_glycolysis(SuvKind::Bw, value));
        let length =
            |quantity, value: Option<f64>| Some(Measurement::new(quantity, value?, concepts::MILLIMETRE));
        let hu = |value| {
            Measurement::new(concepts::ATTENUATION_COEFFICIENT, value, concepts::HOUNSFIELD)
                .derived(concepts::MEAN)
        };
        let mut measurements = self.suvs(&lesion.suv);
        measurements.extend(
            [
                lesion.volume_ml.map(Measurement::volume_ml),
                lesion.mtv_ml.map(Measurement::metabolic_volume_ml),
                lesion.tlg.map(tlg),
                length(concepts::LONG_AXIS, lesion.long_axis_mm),
                length(concepts::SHORT_AXIS, lesion.short_axis_mm),
                lesion.hu_mean.map(hu),
            ]
            .into_iter()
            .flatten(),
        );
        let physiological = lesion.physiological.as_ref().map(|(organ, reason)| {
            Property::text(concepts::PHYSIOLOGICAL_UPTAKE, format!("{organ}: {reason}"))
        });
        let site = lesion
            .site
            .as_ref()
            .map(|site| Property::text(concepts::COMMENT, format!("site: {site}")));
        MeasurementGroup {
            finding_category: Some(match physiological {
                None => concepts::ABNORMAL_STRUCTURE,
                Some(_) => concepts::ANATOMICAL_STRUCTURE,
            }),
            finding: physiological.is_none().then_some(concepts::LESION),
            sites: coded
                .map(|(code, laterality)| Site { code, laterality })
                .into_iter()
                .collect(),
            measurements,
            evaluations: physiological.into_iter().chain(site).collect(),
            ..self.group(&lesion.id, &lesion.tracking_uid, lesion.segment_number)
        }
    }

    fn reference(&self, reference: &ReportedReference) -> MeasurementGroup {
        MeasurementGroup {
            finding_category: Some(concepts::ANATOMICAL_STRUCTURE),
            sites: concepts::site(&reference.name)
                .map(|(code, laterality)| Site { code, laterality })
                .into_iter()
                .collect(),
            measurements: self.suvs(&reference.suv),
            ..self.group(&reference.name, &reference.tracking_uid, reference.segment_number)
        }
    }

    /// Sums over the lesions that are not physiological; a sum needs the number of every one of them.
    fn totals(&self) -> MeasurementGroup {
        let counted: Vec<&ReportedLesion> = self
            .lesions
            .iter()
            .filter(|lesion| lesion.physiological.is_none())
            .collect();
        let sum = |of: fn(&ReportedLesion) -> Option<f64>| {
            counted.iter().map(|lesion| of(lesion)).sum::<Option<f64>>()
        };
        let mtv = sum(|lesion| lesion.mtv_ml).map(Measurement::metabolic_volume_ml);
        let tlg = sum(|lesion| lesion.tlg)
            .map(|value| self.harmonized(Measurement::total_lesion_glycolysis(SuvKind::Bw, value)));
        let count = Measurement::new(concepts::LESION_COUNT, counted.len() as f64, concepts::NO_UNITS);
        let rules = [
            Property::text(concepts::DETECTION_RULE, &self.rule),
            Property::text(concepts::BOUNDARY_RULE, &self.mtv_rule),
        ];
        let warnings = self
            .warnings
            .iter()
            .map(|text| Property::text(concepts::COMMENT, text));
        MeasurementGroup {
            measurements: [mtv, tlg]
                .into_iter()
                .flatten()
                .map(|measurement| measurement.derived(concepts::TOTAL))
                .chain([count])
                .collect(),
            evaluations: rules.into_iter().chain(warnings).collect(),
            ..self.group("Total", &self.totals_tracking_uid, None)
        }
    }
}

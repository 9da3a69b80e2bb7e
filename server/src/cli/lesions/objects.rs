//! The lesions as DICOM objects: segmentation, measurement report, structure set.

use anyhow::Context;
use engine::dicom::measurement_report::{
    AlgorithmIdentification, LesionReport, Observer, ReportedLesion, ReportedReference, SuvNumbers,
};
use engine::dicom::write::{
    Algorithm, DateTime, Instance, Masks, ReportDocument, Roi, Segment, SegmentationType, Series,
    SourceImages, StructureSet, Study, derived_uid, measurement_report, segmentation_of_masks, structure_set,
};
use engine::dicom::{Code, ObjectReference, concepts};
use engine::lesion::{Detection, Finding, Reference};
use engine::suv::SuvKind;
use engine::voi::{Mask, Statistics};

use super::Options;
use super::exam::Exam;
use super::over_time::Tracking;
use crate::cli::made;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Colours of regions, in turn.
const COLOURS: [[u8; 3]; 6] = [
    [255, 80, 60],
    [255, 190, 40],
    [80, 200, 255],
    [130, 230, 90],
    [230, 110, 240],
    [250, 250, 120],
];

/// Writes the objects that were asked for.
pub fn write(
    options: &Options,
    exam: &Exam,
    detection: &Detection,
    tracking: &Tracking,
) -> anyhow::Result<()> {
    let maker = Maker::new(exam, detection, tracking);
    if let Some(file) = &options.seg {
        made::save(file, maker.segmentation()?)?;
    }
    if let Some(file) = &options.rtstruct {
        made::save(file, maker.structure_set()?)?;
    }
    if let Some(file) = &options.sr {
        // The report names the segmentation only where one is written beside it.
        let segmentation = options.seg.as_ref().map(|_| maker.segmentation_reference());
        made::save(file, maker.report(options, segmentation)?)?;
    }
    Ok(())
}

/// The voxels of a finding: its boundary by the first rule, all of the candidate where that is empty.
pub fn voxels(finding: &Finding) -> &Mask {
    let boundary = finding.boundaries.first().map(|boundary| &boundary.mask);
    boundary.filter(|mask| !mask.is_empty()).unwrap_or(&finding.mask)
}

struct Maker<'a> {
    exam: &'a Exam,
    detection: &'a Detection,
    tracking: &'a Tracking,
    images: SourceImages,
    study: Study,
    created: DateTime,
}

impl<'a> Maker<'a> {
    fn new(exam: &'a Exam, detection: &'a Detection, tracking: &'a Tracking) -> Self {
        let (series, stack) = exam.series();
        Self {
            exam,
            detection,
            tracking,
            images: SourceImages::of(series, stack),
            study: Study::of(&series.instances[stack.frames[0].instance]),
            created: made::now(),
        }
    }

    fn uid(&self, what: &str) -> String {
        derived_uid(&[
            &self.images.series_instance_uid,
            "lesions",
            &self.created.date_time(),
            what,
        ])
    }

    fn series(&self, kind: &str, number: i64) -> Series {
        Series {
            series_instance_uid: self.uid(&format!("{kind} series")),
            number,
            description: format!("Lesions {}", kind.to_uppercase()),
            start: self.created,
            frame_of_reference_uid: self.images.frame_of_reference_uid.clone(),
            patient_position: "",
            body_part: "",
            equipment: made::equipment(),
        }
    }

    fn lesions(&self) -> Vec<&Finding> {
        self.detection.lesions().collect()
    }

    /// Lesions first, then the reference regions.
    fn segments(&self) -> Vec<(Segment, &Mask)> {
        let lesions = self.lesions().into_iter().map(|lesion| {
            let tracking = (name(lesion), self.tracking.finding(lesion.id));
            let mut segment = Segment::lesion(name(lesion), tracking);
            segment.region = concepts::site(&plain_site(lesion));
            segment.algorithm = Some(algorithm());
            (segment, voxels(lesion))
        });
        let references = self.references().into_iter().map(|(name, reference)| {
            let mut segment = Segment::lesion(name, (name.to_owned(), self.tracking.other(name)));
            segment.category = concepts::ANATOMICAL_STRUCTURE;
            if let Some((code, _)) = concepts::site(name) {
                segment.kind = code;
            }
            segment.algorithm = Some(algorithm());
            (segment, &reference.mask)
        });
        lesions.chain(references).collect()
    }

    fn references(&self) -> Vec<(&'static str, &Reference)> {
        let references = &self.detection.references;
        let named = [("liver", &references.liver), ("aorta", &references.blood_pool)];
        named
            .into_iter()
            .filter_map(|(name, found)| Some((name, found.as_ref()?)))
            .collect()
    }

    fn segmentation(&self) -> anyhow::Result<Instance> {
        let masks = Masks {
            // Boundaries by a share of the maximum may overlap.
            segmentation_type: SegmentationType::Binary,
            sop_instance_uid: self.uid("seg"),
            dimension_organization_uid: self.uid("seg dimensions"),
            created: self.created,
            label: "LESIONS".to_owned(),
            description: "Lesions and reference regions".to_owned(),
            images: &self.images,
            segments: self.segments(),
        };
        Ok(segmentation_of_masks(
            &self.study,
            &self.series("seg", 9001),
            masks,
        )?)
    }

    fn segmentation_reference(&self) -> ObjectReference {
        ObjectReference {
            study_instance_uid: self.study.study_instance_uid.clone(),
            series_instance_uid: self.uid("seg series"),
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.66.4".to_owned(),
            sop_instance_uid: self.uid("seg"),
        }
    }

    fn structure_set(&self) -> anyhow::Result<Instance> {
        let lesions = self.lesions().into_iter().zip(COLOURS.into_iter().cycle());
        let rois = lesions.map(|(lesion, colour)| {
            Roi::of_contours(
                name(lesion),
                "GTV",
                colour,
                &voxels(lesion).contours(),
                &self.images,
            )
        });
        let first = self
            .images
            .slices
            .first()
            .context("expected images, found none")?;
        let set = StructureSet {
            sop_instance_uid: self.uid("rtstruct"),
            label: "LESIONS".to_owned(),
            created: self.created,
            source: (
                first.sop_class_uid.clone(),
                self.images.series_instance_uid.clone(),
            ),
            rois: rois.collect(),
        };
        Ok(structure_set(&self.study, &self.series("rtstruct", 9002), set)?)
    }

    fn report(&self, options: &Options, segmentation: Option<ObjectReference>) -> anyhow::Result<Instance> {
        let lesions = self
            .detection
            .findings
            .iter()
            .map(|finding| self.reported(finding));
        let references = self
            .references()
            .into_iter()
            .enumerate()
            .map(|(n, (name, reference))| ReportedReference {
                name: name.to_owned(),
                tracking_uid: self.tracking.other(name),
                segment_number: u16::try_from(self.lesions().len() + n + 1).ok(),
                suv: self.suv(&reference.statistics, &[]),
            });
        let report = LesionReport {
            observers: vec![Observer::Device {
                uid: derived_uid(&["Uptake", "lesions", VERSION]),
                name: Some("Uptake".to_owned()),
                manufacturer: Some("Uptake".to_owned()),
                model: Some(format!("Uptake {VERSION}")),
                serial_number: None,
            }],
            procedures: Vec::new(),
            image_library: Vec::new(),
            source_series_instance_uid: self.images.series_instance_uid.clone(),
            segmentation,
            real_world_value_map: None,
            time_point: None,
            algorithm: Some(AlgorithmIdentification {
                name: "Uptake lesion detection".to_owned(),
                version: VERSION.to_owned(),
                parameters: Vec::new(),
            }),
            rule: options.candidates().label(),
            mtv_rule: options.mtv.first().map(|rule| rule.label()).unwrap_or_default(),
            harmonization: None,
            lesions: lesions.collect(),
            references: references.collect(),
            totals_tracking_uid: self.tracking.other("total"),
            warnings: self.detection.warnings.clone(),
        };
        let document = ReportDocument {
            sop_instance_uid: self.uid("sr"),
            created: self.created,
            complete: true,
            report: report.to_measurement_report(),
        };
        Ok(measurement_report(
            &self.study,
            &self.series("sr", 9003),
            document,
        )?)
    }

    fn reported(&self, finding: &Finding) -> ReportedLesion {
        let boundary = finding.boundaries.first();
        let axes = finding.measures.as_ref().map(|measures| &measures.axes);
        let peaks = finding.measures.as_ref().map(|measures| measures.peaks.named());
        let segment = self
            .detection
            .lesions()
            .position(|lesion| lesion.id == finding.id);
        ReportedLesion {
            id: name(finding),
            tracking_uid: self.tracking.finding(finding.id),
            site: Some(plain_site(finding)),
            segment_number: segment.and_then(|n| u16::try_from(n + 1).ok()),
            volume_ml: Some(finding.statistics.volume_ml),
            mtv_ml: boundary.map(|boundary| boundary.mtv_ml),
            tlg: boundary.map(|boundary| boundary.tlg),
            suv: self.suv(&finding.statistics, peaks.as_ref().map_or(&[], |peaks| peaks)),
            long_axis_mm: axes.map(|axes| axes.long.length_mm),
            short_axis_mm: axes.map(|axes| axes.short.length_mm),
            hu_mean: finding.hu_mean,
            physiological: finding
                .physiological
                .as_ref()
                .map(|found| (found.organ.label().to_owned(), found.reason.clone())),
        }
    }

    /// The numbers by body weight, and as SUL where the body's measures allow it.
    fn suv(&self, bw: &Statistics, peaks: &[(&'static str, f64)]) -> Vec<SuvNumbers> {
        let kinds = [SuvKind::Bw, SuvKind::SUL];
        let of = |kind: SuvKind| {
            let multiplier = self.exam.conversion.multiplier(kind).ok()?;
            let own = bw.times(multiplier);
            Some(SuvNumbers {
                max: Some(own.max),
                mean: Some(own.mean),
                min: Some(own.min),
                sd: Some(own.sd),
                median: Some(own.median),
                peaks: peaks
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value * multiplier))
                    .collect(),
                ..SuvNumbers::new(kind)
            })
        };
        kinds.into_iter().filter_map(of).collect()
    }
}

fn algorithm() -> Algorithm {
    Algorithm {
        name: "Uptake lesion detection".to_owned(),
        version: VERSION.to_owned(),
        family: Code::new("123101", "DCM", "Neighborhood Analysis"),
        with_a_person: false,
    }
}

fn name(finding: &Finding) -> String {
    format!("Lesion {}", finding.id)
}

/// The site without the word that it belongs to the skeleton.
fn plain_site(finding: &Finding) -> String {
    let text = finding.site.to_string();
    text.strip_prefix("skeleton: ").map(str::to_owned).unwrap_or(text)
}

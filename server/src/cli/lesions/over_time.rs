//! The lesions of earlier exams beside those of now: tracks, and response by the published criteria.

use anyhow::Context;
use engine::dicom::read::Registration;
use engine::dicom::write::derived_uid;
use engine::geometry::Route;
use engine::lesion::follow_up::{self, FollowUp, LesionRef};
use engine::lesion::response::{
    Assessment, Conditions, Exam as Measured, Findings, Lesion, ReferenceRegion, Study, Tracer, assess,
};
use engine::lesion::{Detection, Finding, Options as Detecting, Reference};
use engine::suv::SuvKind;
use engine::voi::{Mask, Statistics};

use super::Options;
use super::exam::{Exam, detected};
use crate::cli::registrations;

/// Earlier exams, oldest first, then the current one; and what became of the lesions.
pub struct OverTime {
    /// Study Date and series of each exam.
    pub exams: Vec<ExamName>,
    /// Numbers of the lesions of each exam, as the follow-up counts them.
    pub ids: Vec<Vec<usize>>,
    pub follow_up: FollowUp,
    /// From the oldest exam to the current one.
    pub response: Assessment,
}

/// What names an exam.
pub struct ExamName {
    pub study_date: String,
    pub series_instance_uid: String,
}

/// Tracking UIDs of the current exam's findings, and of its reference regions and totals.
pub struct Tracking {
    series_instance_uid: String,
    of_findings: Vec<(usize, String)>,
}

impl Tracking {
    /// The tracking UID of a finding.
    pub fn finding(&self, id: usize) -> String {
        let known = self.of_findings.iter().find(|(known, _)| *known == id);
        known.map_or_else(
            || tracking_uid(&self.series_instance_uid, id),
            |(_, uid)| uid.clone(),
        )
    }

    /// The tracking UID of something else of the series.
    pub fn other(&self, name: &str) -> String {
        derived_uid(&[&self.series_instance_uid, "tracking", name])
    }
}

fn tracking_uid(series_instance_uid: &str, id: usize) -> String {
    derived_uid(&[series_instance_uid, "lesion", &id.to_string()])
}

/// A lesion has the tracking UID that the first exam of its track gave it.
pub fn tracking(current: &Exam, detection: &Detection, over_time: Option<&OverTime>) -> Tracking {
    let own = current.series().0.series_instance_uid.clone();
    let first_of_track = |over: &OverTime, n: usize| {
        let last = over.exams.len() - 1;
        let track = over.follow_up.track_of(LesionRef {
            exam: last,
            lesion: n,
        })?;
        let first = track
            .lesions
            .iter()
            .min_by_key(|at| (at.exam, over.ids[at.exam][at.lesion]))?;
        let series = &over.exams[first.exam].series_instance_uid;
        Some(tracking_uid(series, over.ids[first.exam][first.lesion]))
    };
    let of_findings = over_time.map(|over| {
        let lesions = detection.lesions().enumerate();
        lesions
            .filter_map(|(n, lesion)| Some((lesion.id, first_of_track(over, n)?)))
            .collect()
    });
    Tracking {
        series_instance_uid: own,
        of_findings: of_findings.unwrap_or_default(),
    }
}

/// One exam with what is needed to follow it.
struct Followed<'a> {
    exam: &'a Exam,
    detection: &'a Detection,
    masks: Vec<Mask>,
}

impl<'a> Followed<'a> {
    fn new(exam: &'a Exam, detection: &'a Detection) -> Self {
        let masks = detection.lesions().map(|lesion| lesion.mask.clone()).collect();
        Self {
            exam,
            detection,
            masks,
        }
    }

    fn date(&self) -> String {
        let (series, stack) = self.exam.series();
        series.instances[stack.frames[0].instance]
            .study_date()
            .unwrap_or_default()
    }
}

/// Follows the lesions of the earlier exams to the current one; `None` without earlier exams.
pub fn follow(
    options: &Options,
    detecting: &Detecting,
    current: &Exam,
    detection: &Detection,
) -> anyhow::Result<Option<OverTime>> {
    if options.prior.is_empty() {
        return Ok(None);
    }
    let mut priors = Vec::new();
    for path in &options.prior {
        let exam = Exam::open(std::slice::from_ref(path), None)?;
        let found = detected(&exam, None, detecting).with_context(|| path.display().to_string())?;
        priors.push((exam, found));
    }
    let mut followed: Vec<Followed> = priors
        .iter()
        .map(|(exam, found)| Followed::new(exam, found))
        .collect();
    followed.sort_by_key(Followed::date);
    followed.push(Followed::new(current, detection));
    let registrations = options.transform.iter().map(|file| registrations::read(file));
    let registrations: Vec<Registration> = registrations.collect::<anyhow::Result<_>>()?;
    let maps = followed
        .iter()
        .map(|one| current_from(current, one.exam, &registrations));
    let maps: Vec<Route> = maps.collect::<anyhow::Result<_>>()?;
    let exams: Vec<follow_up::Exam> = followed
        .iter()
        .zip(maps)
        .map(|(one, reference_from_exam)| follow_up::Exam {
            lesions: &one.masks,
            reference_from_exam,
        })
        .collect();
    let follow_up = follow_up::follow(&exams, &follow_up::Options::default())?;
    let response = response(&followed, &follow_up);
    Ok(Some(OverTime {
        exams: followed.iter().map(name).collect(),
        ids: followed
            .iter()
            .map(|one| one.detection.lesions().map(|lesion| lesion.id).collect())
            .collect(),
        follow_up,
        response,
    }))
}

fn name(of: &Followed) -> ExamName {
    ExamName {
        study_date: of.date(),
        series_instance_uid: of.exam.series().0.series_instance_uid.clone(),
    }
}

/// The way from an exam's patient space to the current exam's: by a registration object, which may bend, else the same
/// place in one frame of reference. Nothing is guessed.
fn current_from(current: &Exam, exam: &Exam, registrations: &[Registration]) -> anyhow::Result<Route> {
    registrations::route(registrations, "--transform", current.series(), exam.series())
}

/// From the oldest exam to the current one.
fn response(followed: &[Followed], follow_up: &FollowUp) -> Assessment {
    let last = followed.len() - 1;
    let lesions = |n: usize| -> Vec<Lesion> {
        let all = followed[n].detection.lesions().enumerate();
        all.map(|(lesion, finding)| {
            measured(
                followed[n].exam,
                finding,
                follow_up,
                LesionRef { exam: n, lesion },
            )
        })
        .collect()
    };
    let (before, now) = (lesions(0), lesions(last));
    let conditions = [0, last].map(|n| conditions(followed[n].exam, followed[n].detection));
    assess(&Study {
        tracer: tracer(followed),
        baseline: Measured {
            lesions: &before,
            conditions: &conditions[0],
        },
        follow_up: Measured {
            lesions: &now,
            conditions: &conditions[1],
        },
        findings: Findings::default(),
    })
}

/// FDG where all exams say so by the radiopharmaceutical's name; PSMA likewise; else neither.
fn tracer(followed: &[Followed]) -> Tracer {
    let of = |one: &Followed| {
        let (series, stack) = one.exam.series();
        let name = series.instances[stack.frames[0].instance].radiopharmaceutical();
        let name = name.unwrap_or_default().to_lowercase();
        match () {
            () if name.contains("fdg") || name.contains("fluorodeoxyglucose") => Tracer::Fdg,
            () if name.contains("psma") => Tracer::Psma,
            () => Tracer::Other,
        }
    };
    let first = of(&followed[0]);
    if followed.iter().all(|one| of(one) == first) {
        first
    } else {
        Tracer::Other
    }
}

/// A lesion's numbers. Its diameters are those of the uptake: anatomic ones are not measured on PET.
fn measured(exam: &Exam, finding: &Finding, follow_up: &FollowUp, at: LesionRef) -> Lesion {
    let sul = exam.sul_per_suv();
    let boundary = finding.boundaries.first();
    let peaks = finding.measures.as_ref().map(|measures| &measures.peaks);
    Lesion {
        track: follow_up.track_of(at).map_or(0, |track| track.id),
        organ: finding.site.to_string(),
        // Asked for by the anatomic criteria only.
        is_node: false,
        is_new: at.exam > 0 && follow_up.arrival(at) == Some(follow_up::Arrival::New),
        sul_peak: peaks.and_then(|peaks| Some(peaks.percist.value * sul?)),
        suv_max: Some(finding.statistics.max),
        suv_peak_qpet4: peaks.map(|peaks| peaks.qpet4.value),
        suv_peak_sphere: peaks.map(|peaks| peaks.global_pv.value),
        mtv_ml: boundary.map(|boundary| boundary.mtv_ml),
        tlg: boundary.and_then(|boundary| Some(boundary.tlg * sul?)),
        uptake_extent_mm: finding
            .measures
            .as_ref()
            .map(|measures| measures.axes.long.length_mm),
        long_axis_mm: None,
        short_axis_mm: None,
    }
}

fn conditions(exam: &Exam, detection: &Detection) -> Conditions {
    let region = |statistics: &Statistics| ReferenceRegion {
        mean: statistics.mean,
        sd: statistics.sd,
        max: statistics.max,
    };
    let suv = |reference: &Option<Reference>| reference.as_ref().map(|found| region(&found.statistics));
    let sul = |reference: &Option<Reference>| {
        let multiplier = exam.conversion.multiplier(SuvKind::SUL).ok()?;
        reference
            .as_ref()
            .map(|found| region(&found.statistics.times(multiplier)))
    };
    let references = &detection.references;
    let (series, stack) = exam.series();
    let instance = &series.instances[stack.frames[0].instance];
    Conditions {
        liver_sul: sul(&references.liver),
        blood_pool_sul: sul(&references.blood_pool),
        liver_suv: suv(&references.liver),
        blood_pool_suv: suv(&references.blood_pool),
        uptake_s: exam.conversion.audit.uptake_s,
        injected_activity_bq: exam.conversion.audit.injected_activity_bq,
        scanner: instance.scanner(),
        reconstruction: instance.reconstruction(),
    }
}

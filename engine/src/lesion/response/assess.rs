//! All criteria that suit a tracer, side by side.

use super::compare::below;
use super::deauville::{DeauvilleInput, FivePoint, PeakDefinition, Qpet, QpetInput, deauville, qpet};
use super::eortc::{Cycles, EortcInput, eortc};
use super::lugano::{Lugano, UptakeChange, lugano};
use super::measures::{Exam, Lesion};
use super::percist::{PercistInput, percist};
use super::reason::{Needed, Reason};
use super::recip::{Recip, RecipInput, recip};
use super::recist::{Anatomic, Measured, NonTargets, RecistInput, TargetLesion, recist};
use super::targets::{Candidate, NORMAL_NODE_MM, is_normal, targets};
use super::warning::{Warning, comparability};
use super::{Assessed, Metabolic};

/// What the patient was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tracer {
    /// FDG: PERCIST, EORTC, five-point scale, qPET, Lugano, RECIST.
    Fdg,
    /// A PSMA ligand: RECIP, RECIST.
    Psma,
    /// Any other: RECIST.
    Other,
}

/// What no number of two exams says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Findings {
    /// A reader saw unequivocal progression of lesions that are not measured.
    pub unequivocal_progression: bool,
    /// Cycles of treatment between the exams.
    pub cycles: Option<Cycles>,
    /// How uptake of a lymphoma changed, in the eyes of a reader.
    pub uptake_change: Option<UptakeChange>,
    /// Least change in percent of the hottest lesion that counts as one, where no reader says; Lugano names none.
    pub least_change_percent: Option<f64>,
    /// How many times the liver's largest uptake is "markedly above" it; two to three.
    pub markedly: f64,
    /// Smallest SULpeak of the hottest lesion in exams between.
    pub best_sul_peak: Option<f64>,
    /// Smallest sum of target diameters in exams between, mm.
    pub smallest_sum_mm: Option<f64>,
    /// Whether a partial response by RECIST was reached before.
    pub partial_before: bool,
    /// Thickness of the slices that diameters were measured in, mm.
    pub slice_thickness_mm: Option<f64>,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            unequivocal_progression: false,
            cycles: None,
            uptake_change: None,
            least_change_percent: None,
            markedly: 2.0,
            best_sul_peak: None,
            smallest_sum_mm: None,
            partial_before: false,
            slice_thickness_mm: None,
        }
    }
}

/// Two exams of one patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Study<'a> {
    /// What the patient was given, in both.
    pub tracer: Tracer,
    /// The exam before treatment.
    pub baseline: Exam<'a>,
    /// The exam now.
    pub follow_up: Exam<'a>,
    /// What the numbers do not say.
    pub findings: Findings,
}

/// Responses by all criteria; `None` where one does not suit the tracer.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// PERCIST 1.0.
    pub percist: Option<Assessed<Metabolic>>,
    /// EORTC 1999, on the sum of the lesions' SUVmax.
    pub eortc: Option<Assessed<Metabolic>>,
    /// The five-point scale, by SUVmax of the hottest lesion and of the regions.
    pub five_point: Option<Assessed<FivePoint>>,
    /// qPET.
    pub qpet: Option<Assessed<Qpet>>,
    /// Lugano, by the five-point scale, or by qPET where that is not evaluable.
    pub lugano: Option<Assessed<Lugano>>,
    /// RECIP 1.0, on the sum of the lesions' volumes.
    pub recip: Option<Assessed<Recip>>,
    /// RECIST 1.1, with targets chosen by [`targets`](super::targets()) of the baseline's tracks.
    pub recist: Assessed<Anatomic>,
}

/// Applies all criteria that suit the tracer to the measures of two exams.
///
/// ```
/// use engine::lesion::response::{Conditions, Exam, Findings, Lesion, Metabolic, ReferenceRegion, Study, Tracer, assess};
/// let lesion = |sul_peak| [Lesion { track: 1, sul_peak: Some(sul_peak), ..Lesion::default() }];
/// let liver = ReferenceRegion { mean: 1.6, sd: 0.2, max: 2.2 };
/// let conditions = Conditions { liver_sul: Some(liver), ..Conditions::default() };
/// let (before, now) = (lesion(8.0), lesion(4.0));
/// let exam = |lesions| Exam { lesions, conditions: &conditions };
/// let study = Study { tracer: Tracer::Fdg, baseline: exam(&before), follow_up: exam(&now), findings: Findings::default() };
/// let percist = assess(&study).percist.unwrap();
/// assert_eq!(percist.category, Metabolic::Partial);
/// assert_eq!(
///     percist.sentences(),
///     ["SULpeak of the hottest lesion fell from 8.00 SUL to 4.00 SUL (-50.00 %): a fall of at least 30 % and 0.8 SUL is reached."]
/// );
/// ```
#[must_use]
pub fn assess(study: &Study) -> Assessment {
    let fdg = study.tracer == Tracer::Fdg;
    let five_point = fdg.then(|| five_point(study));
    let qpet = fdg.then(|| by_qpet(study));
    let lugano = five_point.as_ref().zip(qpet.as_ref());
    let lugano = lugano.map(|(five_point, qpet)| by_lugano(study, five_point, qpet));
    Assessment {
        percist: fdg.then(|| by_percist(study)),
        eortc: fdg.then(|| by_eortc(study)),
        recip: (study.tracer == Tracer::Psma).then(|| by_recip(study)),
        recist: by_recist(study),
        five_point,
        qpet,
        lugano,
    }
}

fn compared(study: &Study) -> Vec<Warning> {
    comparability(study.baseline.conditions, study.follow_up.conditions)
}

fn by_percist(study: &Study) -> Assessed<Metabolic> {
    percist(&PercistInput {
        baseline: study.baseline,
        follow_up: study.follow_up,
        best_sul_peak: study.findings.best_sul_peak,
        unequivocal_progression: study.findings.unequivocal_progression,
    })
}

fn by_eortc(study: &Study) -> Assessed<Metabolic> {
    let lone = study.baseline.lesions.len() == 1 && study.follow_up.lesions.len() == 1;
    let extent = |exam: Exam| {
        exam.lesions
            .first()
            .filter(|_| lone)
            .and_then(|lesion| lesion.uptake_extent_mm)
    };
    let assessed = eortc(&EortcInput {
        baseline_suv: sum(study.baseline.lesions, |lesion| lesion.suv_max),
        follow_up_suv: sum(study.follow_up.lesions, |lesion| lesion.suv_max),
        baseline_extent_mm: extent(study.baseline),
        follow_up_extent_mm: extent(study.follow_up),
        resolved: study.follow_up.lesions.is_empty(),
        new_lesions: study.follow_up.new_lesions(),
        cycles: study.findings.cycles,
    });
    assessed.warned(compared(study))
}

fn five_point(study: &Study) -> Assessed<FivePoint> {
    let conditions = study.follow_up.conditions;
    deauville(&DeauvilleInput {
        residual: largest(study.follow_up.lesions, |lesion| lesion.suv_max),
        above_background: !study.follow_up.lesions.is_empty(),
        blood_pool: conditions.blood_pool_suv.map(|region| region.max),
        liver: conditions.liver_suv.map(|region| region.max),
        liver_max: conditions.liver_suv.map(|region| region.max),
        markedly: study.findings.markedly,
        new_lesions: study.follow_up.new_lesions(),
    })
}

fn by_qpet(study: &Study) -> Assessed<Qpet> {
    let lesions = study.follow_up.lesions;
    let own = largest(lesions, |lesion| lesion.suv_peak_qpet4);
    let sphere = || largest(lesions, |lesion| lesion.suv_peak_sphere);
    let (residual, peak) = match (own, lesions.is_empty()) {
        (_, true) => (Some(0.0), PeakDefinition::FourVoxels),
        (None, false) if sphere().is_some() => (sphere(), PeakDefinition::Sphere),
        (own, false) => (own, PeakDefinition::FourVoxels),
    };
    qpet(&QpetInput {
        residual,
        peak,
        liver_mean: study.follow_up.conditions.liver_suv.map(|region| region.mean),
        new_lesions: study.follow_up.new_lesions(),
    })
}

fn by_lugano(study: &Study, five_point: &Assessed<FivePoint>, qpet: &Assessed<Qpet>) -> Assessed<Lugano> {
    let score = match five_point.category {
        FivePoint::NotEvaluable => qpet.category.score,
        score => score,
    };
    let findings = &study.findings;
    let by_number = || {
        let percent = findings.least_change_percent?;
        let of = |exam: Exam| largest(exam.lesions, |lesion| lesion.suv_max);
        let change = UptakeChange::between(of(study.baseline)?, of(study.follow_up)?, percent)?;
        Some((change, Warning::HostThreshold { percent }))
    };
    let (change, threshold) = match (findings.uptake_change, by_number()) {
        (Some(change), _) => (Some(change), None),
        (None, Some((change, threshold))) => (Some(change), Some(threshold)),
        (None, None) => (None, None),
    };
    let asked = matches!(score, FivePoint::Four | FivePoint::Five);
    let assessed = lugano(score, change, study.follow_up.new_lesions());
    assessed
        .warned(threshold.filter(|_| asked))
        .warned(compared(study))
}

fn by_recip(study: &Study) -> Assessed<Recip> {
    recip(&RecipInput {
        baseline_ml: sum(study.baseline.lesions, |lesion| lesion.mtv_ml),
        follow_up_ml: sum(study.follow_up.lesions, |lesion| lesion.mtv_ml),
        uptake_left: !study.follow_up.lesions.is_empty(),
        new_lesions: study.follow_up.new_lesions(),
    })
}

fn by_recist(study: &Study) -> Assessed<Anatomic> {
    let measured_anywhere = study
        .baseline
        .lesions
        .iter()
        .any(|lesion| lesion.long_axis_mm.is_some());
    // Lesions that nobody measured on CT or MR are not small ones: they are unknown.
    if !study.baseline.lesions.is_empty() && !measured_anywhere {
        return Assessed::new(
            Anatomic::NotEvaluable,
            [Reason::Missing(Needed::BaselineDiameters)],
        );
    }
    let tracks = tracks(study.baseline.lesions);
    let before: Vec<Candidate> = tracks
        .iter()
        .map(|track| candidate(study.baseline, *track))
        .collect();
    let chosen = targets(&before, study.findings.slice_thickness_mm);
    let of_target = |n: &usize| TargetLesion {
        is_node: before[*n].is_node,
        baseline_mm: before[*n].diameter_mm().unwrap_or(f64::NAN),
        now: measured(study.follow_up, tracks[*n]),
    };
    let target_lesions: Vec<TargetLesion> = chosen.targets.iter().map(of_target).collect();
    let others: Vec<u32> = chosen.non_targets.iter().map(|n| tracks[*n]).collect();
    let new = study.follow_up.lesions.iter().filter(|lesion| lesion.is_new);
    // A node is a new lesion from 10 mm on: recist.eortc.org, "New lymph node lesions".
    let new = new.filter(|lesion| {
        !(lesion.is_node && lesion.short_axis_mm.is_some_and(|mm| below(mm, NORMAL_NODE_MM)))
    });
    recist(&RecistInput {
        targets: &target_lesions,
        smallest_sum_mm: study.findings.smallest_sum_mm,
        non_targets: non_targets(study, &others),
        new_lesions: new.count(),
        partial_before: study.findings.partial_before,
    })
}

fn tracks(lesions: &[Lesion]) -> Vec<u32> {
    let mut tracks = Vec::new();
    for lesion in lesions {
        if !tracks.contains(&lesion.track) {
            tracks.push(lesion.track);
        }
    }
    tracks
}

/// The lesions of a track as one: diameters of fragments are added up. Eisenhauer 2009, 4.3.2, says so of lesions
/// that are no nodes; fragments of a node are added likewise.
fn candidate(exam: Exam, track: u32) -> Candidate {
    let parts: Vec<Lesion> = exam
        .lesions
        .iter()
        .filter(|lesion| lesion.track == track)
        .cloned()
        .collect();
    Candidate {
        organ: parts.first().map(|part| part.organ.clone()).unwrap_or_default(),
        is_node: parts.first().is_some_and(|part| part.is_node),
        long_axis_mm: sum(&parts, |part| part.long_axis_mm),
        short_axis_mm: sum(&parts, |part| part.short_axis_mm),
    }
}

fn measured(exam: Exam, track: u32) -> Measured {
    if exam.lesions.iter().all(|lesion| lesion.track != track) {
        return Measured::Absent;
    }
    candidate(exam, track)
        .diameter_mm()
        .map_or(Measured::NotAssessed, Measured::Mm)
}

fn non_targets(study: &Study, tracks: &[u32]) -> NonTargets {
    let gone = |track: &u32| {
        let now = candidate(study.follow_up, *track);
        matches!(measured(study.follow_up, *track), Measured::Absent) || is_normal(&now)
    };
    match (study.findings.unequivocal_progression, tracks) {
        (true, _) => NonTargets::Progressive,
        (false, []) => NonTargets::None,
        (false, tracks) if tracks.iter().all(gone) => NonTargets::Complete,
        (false, _) => NonTargets::Neither,
    }
}

/// The sum of a measure that all lesions have; 0 without lesions.
fn sum(lesions: &[Lesion], of: fn(&Lesion) -> Option<f64>) -> Option<f64> {
    lesions.iter().map(of).sum()
}

/// The largest of a measure that all lesions have; `None` without lesions.
fn largest(lesions: &[Lesion], of: fn(&Lesion) -> Option<f64>) -> Option<f64> {
    let values: Option<Vec<f64>> = lesions.iter().map(of).collect();
    let poisoned = |a: f64, b: f64| {
        if a.is_nan() || b.is_nan() {
            f64::NAN
        } else {
            a.max(b)
        }
    };
    values?.into_iter().reduce(poisoned)
}

#[cfg(test)]
mod tests;

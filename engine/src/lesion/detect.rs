//! Detection from volume to findings.

use std::sync::Arc;

use crate::geometry::Grid;
use crate::lesion::basins::{Basin, basins, mask_of};
use crate::lesion::body::Body;
use crate::lesion::detection::{Boundary, Detection, Finding};
use crate::lesion::evidence::Scene;
use crate::lesion::labels::{LabelMap, Labelled};
use crate::lesion::options::{Options, UptakeThreshold};
use crate::lesion::organ::{Organ, Physiological};
use crate::lesion::physiology::{Verdicts, judge};
use crate::lesion::references::{References, blood_pool, liver};
use crate::lesion::site::site_of;
use crate::voi::{Mask, Scale, Statistics};
use crate::volume::{Unit, Volume, Voxels};

/// Basins parted by less than this are one: noise makes maxima everywhere.
const JUDGED_ABOVE: f64 = 0.85;
/// The mL around a focus takes up at least this many times its surroundings; noise and texture less.
const FOCUS: f64 = 2.0;
/// More candidates than this share of the volume are a threshold that finds everything.
const MOST_OF_VOLUME: f64 = 0.25;

/// Why there is no detection.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The rules are in SUV, the volume is not.
    #[error("a threshold in SUV needs a PET in SUV, found {0}")]
    NotSuv(String),
    /// A threshold that finds everything or nothing.
    #[error("{what} must be a positive number, found {found}")]
    NotPositive {
        /// What was given.
        what: &'static str,
        /// Its value.
        found: f64,
    },
    /// A fraction of the maximum that is none.
    #[error("a share of the maximum lies between 0 and 1, found {0}")]
    Fraction(f64),
    /// Neither boundary rule nor reference: there is nothing to measure by.
    #[error("a detection needs at least one rule of metabolic volume")]
    NoMtvRule,
    /// The reference of a rule was not found.
    #[error("the rule needs the {0}'s uptake, and its reference volume was not found")]
    NoReference(&'static str),
    /// The threshold lies below what most of the body takes up.
    #[error("a threshold of {threshold} takes {percent:.0} % of the volume for lesions; it must be higher")]
    ThresholdTooLow {
        /// The threshold.
        threshold: f64,
        /// Share of the voxels above it.
        percent: f64,
    },
    /// CT or labels belong to another frame of reference.
    #[error("the {what} must lie in the PET's frame of reference {pet}, found {found}")]
    OtherFrame {
        /// Which volume.
        what: &'static str,
        /// The PET's frame of reference UID.
        pet: String,
        /// The other's.
        found: String,
    },
}

/// Finds the lesions of a whole PET, and tells them from physiological uptake.
///
/// `pet` is in SUV by body weight; `ct` in HU and `labels` lie on any grid in the PET's frame of reference.
/// Candidates are the voxels at or above the threshold; they are taken apart at the passes between their
/// maxima, each basin is judged, and what belongs together becomes one finding. Voxels that are NaN or infinite
/// are left out and counted in a warning.
///
/// # Errors
///
/// [`Error`] for options or volumes that the rules cannot work with. A PET without uptake is no error: it has
/// no findings and a warning.
pub fn detect(
    pet: &Volume,
    ct: Option<&Volume>,
    labels: Option<&LabelMap>,
    options: &Options,
) -> Result<Detection, Error> {
    check(pet, ct, labels, options)?;
    let mut warnings = Vec::new();
    let body = Body::of(pet, ct);
    let liver_found = liver(pet, &body, options.sul_per_suv);
    let (liver_reference, liver_cells) = liver_found.map_or((None, None), |(r, c)| (Some(r), Some(c)));
    let references = References {
        liver: liver_reference,
        blood_pool: blood_pool(pet, &body),
    };
    let threshold = threshold(pet, &references, options)?;
    let mask = Mask::at_least(pet, threshold);
    warn(pet, &body, &references, &mask, &mut warnings);
    let share = mask.count() as f64 / pet.grid().voxels() as f64;
    if share > MOST_OF_VOLUME {
        return Err(Error::ThresholdTooLow {
            threshold,
            percent: 100.0 * share,
        });
    }
    let level = references.liver.as_ref().map(|r| r.statistics.mean);
    let scene = Scene::new(pet, ct, &body, basins(pet, &mask, JUDGED_ABOVE), level);
    let verdicts = verdicts(pet, &scene, labels, options);
    let groups = groups(&scene, &verdicts, options);
    let mut findings: Vec<Finding> = groups
        .into_iter()
        .filter(|group| may_count(&scene, &verdicts, group, options))
        .map(|group| finding(pet, ct, &scene, &verdicts, &group, liver_cells.as_deref()))
        .collect();
    number(&mut findings);
    let mut detection = Detection {
        findings,
        threshold,
        references,
        warnings,
        pet: pet.clone(),
        rules: options.mtv.clone(),
    };
    let lesions: Vec<usize> = (0..detection.findings.len())
        .filter(|n| detection.findings[*n].physiological.is_none())
        .collect();
    detection.measure(&lesions);
    detection.findings.retain(|found| is_large_enough(found, options));
    number(&mut detection.findings);
    Ok(detection)
}

/// Whether a group can be a finding: large enough above the threshold, or a focus that only just reaches it.
fn may_count(scene: &Scene, verdicts: &Verdicts, group: &[usize], options: &Options) -> bool {
    let volume_ml: f64 = group.iter().map(|n| scene.hot[*n].basin.volume_ml).sum();
    let hot = &scene.hot[group[0]];
    let is_focus = verdicts[group[0]].is_none() && hot.contrast() >= FOCUS && !hot.at_end;
    volume_ml >= options.least_ml || is_focus
}

/// Whether a finding has the least volume: above the threshold, or by a rule that did not run out.
///
/// A node of 10 mm whose maximum is 4.2 has two voxels above 4.0, and 1 mL above 41 % of its maximum.
fn is_large_enough(found: &Finding, options: &Options) -> bool {
    let by_rule = |b: &Boundary| !b.ran_out && b.mtv_ml >= options.least_ml;
    found.statistics.volume_ml >= options.least_ml || found.boundaries.iter().any(by_rule)
}

fn check(
    pet: &Volume,
    ct: Option<&Volume>,
    labels: Option<&LabelMap>,
    options: &Options,
) -> Result<(), Error> {
    if options.mtv.is_empty() {
        return Err(Error::NoMtvRule);
    }
    let in_suv = matches!(pet.unit(), Unit::SuvBw | Unit::Unspecified);
    let fraction = |fraction: f64| match fraction > 0.0 && fraction <= 1.0 {
        true => Ok(()),
        false => Err(Error::Fraction(fraction)),
    };
    let fixed = |suv: f64| match (in_suv, suv > 0.0 && suv.is_finite()) {
        (false, _) => Err(Error::NotSuv(pet.unit().label().to_owned())),
        (true, false) => Err(Error::NotPositive {
            what: "a threshold",
            found: suv,
        }),
        (true, true) => Ok(()),
    };
    match options.candidates {
        UptakeThreshold::Fixed { suv } => fixed(suv)?,
        UptakeThreshold::OfMax { fraction: share } => fraction(share)?,
        UptakeThreshold::Liver | UptakeThreshold::BloodPool => {}
    }
    for rule in &options.mtv {
        match *rule {
            UptakeThreshold::Fixed { suv } => fixed(suv)?,
            UptakeThreshold::OfMax { fraction: share } => fraction(share)?,
            UptakeThreshold::Liver | UptakeThreshold::BloodPool => {}
        }
    }
    same_frame(pet, ct, "CT")?;
    same_frame(pet, labels.map(|l| &l.labels), "label map")
}

fn same_frame(pet: &Volume, other: Option<&Volume>, what: &'static str) -> Result<(), Error> {
    let uids = other.and_then(|other| pet.frame_of_reference_uid().zip(other.frame_of_reference_uid()));
    match uids {
        Some((pet, found)) if pet != found => Err(Error::OtherFrame {
            what,
            pet: pet.to_owned(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn threshold(pet: &Volume, references: &References, options: &Options) -> Result<f64, Error> {
    for rule in &options.mtv {
        match rule {
            UptakeThreshold::Liver if references.liver.is_none() => return Err(Error::NoReference("liver")),
            UptakeThreshold::BloodPool if references.blood_pool.is_none() => {
                return Err(Error::NoReference("blood pool"));
            }
            _ => {}
        }
    }
    match options.candidates {
        UptakeThreshold::Fixed { suv } => Ok(suv),
        UptakeThreshold::OfMax { fraction } => {
            let max = largest(pet);
            // A PET without uptake has no candidates, whatever the share.
            Ok(if max > 0.0 { fraction * max } else { f64::INFINITY })
        }
        UptakeThreshold::Liver => references.liver_threshold().ok_or(Error::NoReference("liver")),
        UptakeThreshold::BloodPool => references
            .blood_pool_threshold()
            .ok_or(Error::NoReference("blood pool")),
    }
}

fn warn(pet: &Volume, body: &Body, references: &References, mask: &Mask, warnings: &mut Vec<String>) {
    let unusable = unusable(pet);
    if unusable == pet.grid().voxels() {
        warnings.push("no voxel of the PET has a finite value".to_owned());
    } else if largest(pet) <= 0.0 {
        warnings.push("the PET shows no uptake at all".to_owned());
    }
    if unusable > 0 {
        warnings.push(format!("{unusable} voxels without a finite value were left out"));
    }
    if *pet.unit() == Unit::Unspecified {
        warnings.push("the unit of the PET is not known; it was taken for SUV by body weight".to_owned());
    }
    if body.hu.is_none() {
        warnings
            .push("no CT: lungs, bones and urine are not told by density, sites go by position".to_owned());
    }
    if !body.heights.is_known() && !mask.is_empty() {
        warnings.push("neither head, shoulders, lungs nor legs were recognised: nothing could be set aside by its place".to_owned());
    } else if !body.heights.whole_head {
        warnings.push(
            "the top of the head is not in the image: heights go by what else was recognised".to_owned(),
        );
    }
    for (name, reference) in [
        ("liver", &references.liver),
        ("blood pool", &references.blood_pool),
    ] {
        match reference {
            None => warnings.push(format!("the {name}'s reference volume was not found")),
            Some(reference) => {
                warnings.extend(reference.doubts.iter().map(|d| format!("{name} reference: {d}")))
            }
        }
    }
}

/// How many voxels have no finite value; integers always have one.
fn unusable(pet: &Volume) -> usize {
    match pet.voxels() {
        Voxels::F32(values) => values.iter().filter(|v| !v.is_finite()).count(),
        _ => 0,
    }
}

/// The largest finite value; 0 when there is none above.
fn largest(pet: &Volume) -> f64 {
    match pet.voxels() {
        Voxels::F32(values) if pet.rescale().slope > 0.0 => {
            let finite = values.iter().copied().filter(|v| v.is_finite());
            finite
                .reduce(f32::max)
                .map_or(0.0, |v| pet.rescale().real(f64::from(v)))
        }
        _ => pet.range().map_or(0.0, |(_, high)| high),
    }
}

/// What each basin is: by the labels first, by the rules where they say nothing.
fn verdicts(pet: &Volume, scene: &Scene, labels: Option<&LabelMap>, options: &Options) -> Verdicts {
    let count = scene.hot.len();
    let mut verdicts: Verdicts = vec![None; count];
    if !options.physiological || *pet.unit() != Unit::SuvBw && *pet.unit() != Unit::Unspecified {
        return verdicts;
    }
    let mut decided = vec![false; count];
    if let Some(labels) = labels {
        by_labels(scene, labels, &mut verdicts, &mut decided);
    }
    judge(scene, &mut verdicts, &decided);
    if let Some(labels) = labels {
        // Where a map knows an organ, the rules do not find it elsewhere.
        let known = labels.organs();
        for (n, verdict) in verdicts.iter_mut().enumerate() {
            if !decided[n] && verdict.as_ref().is_some_and(|v| known.contains(&v.organ)) {
                *verdict = None;
            }
        }
    }
    verdicts
}

fn by_labels(scene: &Scene, labels: &LabelMap, verdicts: &mut Verdicts, decided: &mut [bool]) {
    for (n, hot) in scene.hot.iter().enumerate() {
        let name = labels.names.get(&labels.label(hot.basin.max_at));
        match labels.at(hot.basin.max_at) {
            Labelled::Nothing => continue,
            Labelled::Tissue => {}
            // These take up evenly: a focus in them is a lesion.
            Labelled::Organ(Organ::Liver | Organ::Spleen)
                if hot.contrast() > 1.5 && hot.basin.volume_ml < 150.0 => {}
            Labelled::Organ(organ) => {
                let reason = format!("labelled {}", name.map_or("", String::as_str));
                verdicts[n] = Some(Physiological { organ, reason });
            }
        }
        decided[n] = true;
    }
}

/// Basins that are one finding: touching ones of one organ, and lesions that only a shallow pass parts.
fn groups(scene: &Scene, verdicts: &Verdicts, options: &Options) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..scene.hot.len()).collect();
    let organ = |n: usize| verdicts[n].as_ref().map(|v| v.organ);
    for (a, hot) in scene.hot.iter().enumerate() {
        for (b, value) in &hot.basin.passes {
            let lower = hot.basin.max.min(scene.hot[*b].basin.max);
            let core = hot.basin.core_of == Some(*b) || scene.hot[*b].basin.core_of == Some(a);
            let crumb = hot.basin.volume_ml.min(scene.hot[*b].basin.volume_ml) < options.least_ml;
            let together = match (organ(a), organ(*b)) {
                (None, None) => *value >= options.joined_above * lower || crumb || core,
                (own, other) => own == other,
            };
            if together {
                let (a, b) = (root(&parents, a), root(&parents, *b));
                parents[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); scene.hot.len()];
    for n in 0..scene.hot.len() {
        groups[root(&parents, n)].push(n);
    }
    groups.retain(|group| !group.is_empty());
    for group in &mut groups {
        // Cores come last among basins; what is said of a finding is said of its hottest basin.
        group.sort_by(|a, b| {
            scene.hot[*b]
                .basin
                .max
                .total_cmp(&scene.hot[*a].basin.max)
                .then(a.cmp(b))
        });
    }
    groups
}

fn root(parents: &[usize], mut n: usize) -> usize {
    while parents[n] != n {
        n = parents[n];
    }
    n
}

fn finding(
    pet: &Volume,
    ct: Option<&Volume>,
    scene: &Scene,
    verdicts: &Verdicts,
    group: &[usize],
    liver: Option<&[bool]>,
) -> Finding {
    let grid: Arc<Grid> = Arc::new(pet.grid().clone());
    let all = group
        .iter()
        .flat_map(|n| scene.hot[*n].basin.voxels.iter().copied());
    let mut voxels: Vec<usize> = all.collect();
    voxels.sort_unstable();
    let mask = mask_of(&grid, &voxels);
    let statistics =
        Statistics::inside(pet, &mask, Scale::Factor(1.0)).expect("candidates are finite and some");
    let basins: Vec<&Basin> = group.iter().map(|n| &scene.hot[*n].basin).collect();
    let mut center = nalgebra::Vector3::zeros();
    for basin in &basins {
        center += basin.center.xyz * (basin.voxels.len() as f64 / voxels.len() as f64);
    }
    let hottest = group[0];
    let hu_mean = ct.and_then(|ct| {
        let on_ct = mask.carry_to(ct.grid().clone());
        Statistics::inside(ct, &on_ct, Scale::Factor(1.0))
            .ok()
            .map(|s| s.mean)
    });
    Finding {
        id: 0,
        site: site_of(scene.body, &scene.hot[hottest], liver),
        mask,
        center: center.into(),
        statistics,
        measures: None,
        boundaries: Vec::new(),
        hu_mean,
        physiological: verdicts[hottest].clone(),
    }
}

/// Numbers findings: lesions first, the hottest first, ties by reading order of the maximum.
fn number(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let aside = a.physiological.is_some().cmp(&b.physiological.is_some());
        let hotter = b.statistics.max.total_cmp(&a.statistics.max);
        let [i, j, k] = a.statistics.max_at;
        let [x, y, z] = b.statistics.max_at;
        aside.then(hotter).then([k, j, i].cmp(&[z, y, x]))
    });
    for (n, finding) in findings.iter_mut().enumerate() {
        finding.id = n + 1;
    }
}

#[cfg(test)]
mod tests;

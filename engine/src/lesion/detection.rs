//! What was found: lesions, what was set aside, references and warnings.

use crate::geometry::{Patient, Point};
use crate::lesion::measure::{Measures, measures_of};
use crate::lesion::options::UptakeThreshold;
use crate::lesion::organ::{Organ, Physiological};
use crate::lesion::references::References;
use crate::lesion::site::Site;
use crate::voi::{Mask, Statistics};
use crate::volume::Volume;

/// The metabolic volume of a lesion by one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// The rule.
    pub rule: UptakeThreshold,
    /// Its threshold for this lesion, in the unit of the PET.
    pub threshold: f64,
    /// The voxels inside; none when the whole lesion lies below the threshold.
    pub mask: Mask,
    /// Metabolic tumor volume, mL.
    pub mtv_ml: f64,
    /// Total lesion glycolysis: sum of value times volume, mL.
    pub tlg: f64,
    /// Whether the rule ran into what surrounds the lesion, so that its volume says little.
    pub ran_out: bool,
}

/// A lesion, or uptake that was set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its number from 1: lesions before what is set aside, the hottest first in each.
    pub id: usize,
    /// Where it lies.
    pub site: Site,
    /// Voxels at or above the candidates' threshold.
    pub mask: Mask,
    /// Mean place of those voxels, LPS in mm.
    pub center: Point<Patient>,
    /// What those voxels measure; the maximum with its place among it.
    pub statistics: Statistics,
    /// SUVpeaks and axes of a lesion; `None` for what is set aside.
    pub measures: Option<Measures>,
    /// Its volume by each rule asked for; empty for what is set aside.
    pub boundaries: Vec<Boundary>,
    /// Mean CT number on the CT's own grid, HU; `None` without CT there.
    pub hu_mean: Option<f64>,
    /// The organ it belongs to and why; `None` for a lesion.
    pub physiological: Option<Physiological>,
}

/// Sums over the lesions that are not set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Number of lesions.
    pub lesions: usize,
    /// Metabolic tumor volume and total lesion glycolysis, mL, by each rule asked for.
    pub by_rule: Vec<(UptakeThreshold, f64, f64)>,
}

/// All that a detection found.
#[derive(Debug, Clone)]
pub struct Detection {
    /// Lesions and what was set aside.
    pub findings: Vec<Finding>,
    /// The candidates' threshold in the unit of the PET.
    pub threshold: f64,
    /// Reference volumes.
    pub references: References,
    /// What is doubtful about the whole.
    pub warnings: Vec<String>,
    pub(super) pet: Volume,
    pub(super) rules: Vec<UptakeThreshold>,
}

/// There is no finding of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {findings} findings, found number {id}")]
pub struct NoFinding {
    /// The number asked for.
    pub id: usize,
    /// How many there are.
    pub findings: usize,
}

impl Detection {
    /// The lesions: findings that are not set aside.
    pub fn lesions(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.physiological.is_none())
    }

    /// Where a finding is hottest, LPS in mm.
    #[must_use]
    pub fn place_of_max(&self, finding: &Finding) -> Point<Patient> {
        let voxel = finding.statistics.max_at.map(|n| n as f64);
        self.pet.grid().patient(voxel.into())
    }

    /// Sums over the lesions as they are now.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let sum = |n: usize, of: fn(&Boundary) -> f64| self.lesions().map(|l| of(&l.boundaries[n])).sum();
        Totals {
            lesions: self.lesions().count(),
            by_rule: (0..self.rules.len())
                .map(|n| (self.rules[n], sum(n, |b| b.mtv_ml), sum(n, |b| b.tlg)))
                .collect(),
        }
    }

    /// Makes a lesion of what was set aside, measured as the others; its number stays.
    ///
    /// # Errors
    ///
    /// [`NoFinding`] when there is no finding of that number.
    pub fn restore(&mut self, id: usize) -> Result<(), NoFinding> {
        let at = self.position(id)?;
        self.findings[at].physiological = None;
        self.measure(&[at]);
        Ok(())
    }

    /// Sets a finding aside as uptake of an organ; its number stays.
    ///
    /// # Errors
    ///
    /// [`NoFinding`] when there is no finding of that number.
    pub fn set_aside(&mut self, id: usize, organ: Organ) -> Result<(), NoFinding> {
        let at = self.position(id)?;
        self.findings[at].physiological = Some(Physiological {
            organ,
            reason: "set aside by the reader".to_owned(),
        });
        Ok(())
    }

    fn position(&self, id: usize) -> Result<usize, NoFinding> {
        self.findings.iter().position(|f| f.id == id).ok_or(NoFinding {
            id,
            findings: self.findings.len(),
        })
    }

    /// Measures findings that are lesions: boundaries by all rules, peaks, axes.
    pub(super) fn measure(&mut self, which: &[usize]) {
        let references = &self.references;
        // Rules without their reference were refused before.
        let threshold = |rule, max| references.mtv_threshold(rule, max).unwrap_or(f64::NAN);
        let measured = measures_of(&self.pet, &self.findings, which, &self.rules, threshold);
        for (at, (measures, boundaries)) in which.iter().zip(measured) {
            self.findings[*at].measures = measures;
            self.findings[*at].boundaries = boundaries;
        }
    }
}

//! The search from coarse to fine, from several starts.

use super::climb::{Limits, Top, climb};
use super::contour;
use super::metric::Similarity;
use super::model::{Around, Model};
use super::options::Region;
use super::readings::Samples;
use super::search::{Side, metric};
use super::watch::Watch;
use crate::geometry::{Affine, Patient, Point, Vector};

/// Evaluations of one climb at most.
const EVALUATIONS: usize = 80;

/// Starts that are followed up at the coarsest resolution, and their survivors at each finer one.
const FOLLOWED: [usize; 4] = [1, 2, 4, 10];

/// Turns that are tried around the best of the coarsest resolution, rad.
const TURN_RAD: f64 = 0.25;

/// One search of a moving image on a fixed one.
pub(super) struct Search<'a> {
    pub fixed: &'a Side,
    pub moving: &'a Side,
    pub similarity: Similarity,
    pub model: Model,
    pub region: Option<Region<'a>>,
    pub watch: &'a dyn Watch,
    /// Of each level, from the finest to the coarsest.
    samples: Vec<Samples>,
    corners: [Point<Patient>; 8],
    cells_mm: Vec<f64>,
}

impl<'a> Search<'a> {
    pub fn new(
        fixed: &'a Side,
        moving: &'a Side,
        similarity: Similarity,
        model: Model,
        region: Option<Region<'a>>,
        cells_mm: &[f64],
        watch: &'a dyn Watch,
    ) -> Self {
        Self {
            fixed,
            moving,
            similarity,
            model,
            region,
            watch,
            samples: (0..cells_mm.len()).map(|level| fixed.samples(level, region)).collect(),
            corners: fixed.corners(),
            cells_mm: cells_mm.to_vec(),
        }
    }

    /// How far two maps are apart at the corner where they differ most, mm.
    pub fn apart_mm(&self, a: &Affine<Patient, Patient>, b: &Affine<Patient, Patient>) -> f64 {
        let apart = self.corners.iter().map(|corner| (*a * *corner).distance(*b * *corner));
        apart.fold(0.0, f64::max)
    }

    /// And on the mean of the corners.
    pub fn mean_apart_mm(&self, a: &Affine<Patient, Patient>, b: &Affine<Patient, Patient>) -> f64 {
        let apart = self.corners.iter().map(|corner| (*a * *corner).distance(*b * *corner));
        apart.sum::<f64>() / 8.0
    }

    /// Climbs from a map at one level.
    pub fn climb(&self, level: usize, model: Model, from: Affine<Patient, Patient>) -> Top {
        let metric = metric(self.similarity, &self.samples[level], &self.moving.levels[level]);
        let around = Around {
            model,
            base: from,
            center: self.fixed.center(),
            radius_mm: self.fixed.radius_mm(),
        };
        let limits = Limits {
            longest_mm: self.cells_mm[level],
            shortest_mm: 0.01 * self.cells_mm[level],
            evaluations: EVALUATIONS,
        };
        climb(&*metric, &around, &limits, &|| !self.watch.is_cancelled())
    }

    /// Climbs of rigid maps from all starts, level by level; the best first.
    pub fn from(&self, starts: &[Affine<Patient, Patient>]) -> Vec<Top> {
        let coarsest = self.cells_mm.len() - 1;
        let mut tops = self.climbs(coarsest, starts);
        if let Some(best) = tops.first().copied() {
            let turned = self.turned(&best.moving_from_fixed);
            tops.extend(self.climbs(coarsest, &turned));
            tops = self.best(tops, coarsest, FOLLOWED[coarsest]);
        }
        for level in (0..coarsest).rev() {
            let from: Vec<_> = tops.iter().take(FOLLOWED[level]).map(|top| top.moving_from_fixed).collect();
            tops = self.climbs(level, &from);
            let hops: usize = std::env::var("HOPS").map_or(0, |v| v.parse().unwrap());
            let hop_level: usize = std::env::var("HOPLEVEL").map_or(1, |v| v.parse().unwrap());
            if level <= hop_level {
                for n in 0..hops {
                    let best = tops[0].moving_from_fixed;
                    let mut random = super::search::Random(77 + n as u64 + 1000 * level as u64);
                    let mut numbers = nalgebra::DVector::zeros(6);
                    let size = std::env::var("HOP").map_or(1.0, |v| v.parse().unwrap()) * self.cells_mm[level];
                    for v in numbers.iter_mut() { *v = (2.0 * random.next() - 1.0) * size; }
                    let around = Around { model: Model::Rigid, base: best, center: self.fixed.center(), radius_mm: self.fixed.radius_mm() };
                    let top = self.climb(level, Model::Rigid, around.map(&numbers));
                    tops.push(top);
                    tops.sort_by(|a, b| b.evaluation.value.total_cmp(&a.evaluation.value));
                }
            }
        }
        tops
    }

    fn climbs(&self, level: usize, starts: &[Affine<Patient, Patient>]) -> Vec<Top> {
        let tops = starts.iter().map(|start| self.climb(level, Model::Rigid, *start)).collect();
        self.best(tops, level, usize::MAX)
    }

    /// The best first, each place once.
    fn best(&self, mut tops: Vec<Top>, level: usize, most: usize) -> Vec<Top> {
        let widest = tops.iter().map(|top| top.evaluation.overlap).fold(0.0, f64::max);
        tops.retain(|top| top.evaluation.overlap >= 0.4 * widest);
        tops.sort_by(|a, b| b.evaluation.value.total_cmp(&a.evaluation.value));
        let mut kept: Vec<Top> = Vec::new();
        for top in tops {
            let near = self.cells_mm[level] / 2.0;
            let known = kept
                .iter()
                .any(|other| self.apart_mm(&other.moving_from_fixed, &top.moving_from_fixed) < near);
            if !known && kept.len() < most {
                kept.push(top);
            }
        }
        kept
    }

    /// A map, turned both ways about each axis through the fixed body's middle.
    fn turned(&self, map: &Affine<Patient, Patient>) -> Vec<Affine<Patient, Patient>> {
        let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let turns = axes.iter().flat_map(|axis| [(*axis, TURN_RAD), (*axis, -TURN_RAD)]);
        turns
            .filter_map(|(axis, angle)| Affine::rotation(self.fixed.center(), axis, angle))
            .map(|turn| *map * turn)
            .collect()
    }

    /// Places to begin, without anybody's help.
    pub fn starts(&self) -> Vec<Affine<Patient, Patient>> {
        let identity = Affine::identity();
        let centered = Affine::translation(self.moving.center() - self.fixed.center());
        let mut starts = vec![identity, centered];
        if let (Some(fixed), Some(moving)) = (self.fixed.body(), self.moving.body()) {
            starts.push(contour::fit(fixed, moving, identity));
            starts.push(contour::fit(fixed, moving, centered));
        }
        starts
    }
}

//! The search from coarse to fine, from several starts.
//!
//! Climbs are cheap at coarse resolutions, so there are many; the best are followed up at finer ones. A similarity
//! has shoulders and side peaks, most of all where anatomy is alike along an axis (thighs), so at the two finest
//! resolutions the best place is left by small hops in random directions, and the climbs from there may find a better
//! one. Where they end says how sure the place is.

use nalgebra::DVector;

use super::climb::{Limits, Top, climb};
use super::contour;
use super::metric::{Metrics, Similarity};
use super::model::{Around, Model};
use super::options::Region;
use super::random::Random;
use super::readings::Samples;
use super::side::Side;
use super::watch::Watch;
use crate::geometry::{Affine, Patient, Point, Vector};

/// Evaluations of one climb at most.
const EVALUATIONS: usize = 80;

/// Places that are followed up at each resolution, from the finest to the coarsest.
const FOLLOWED: [usize; 4] = [1, 2, 4, 10];

/// Hops at each resolution, from the finest to the coarsest.
const HOPS: [usize; 4] = [5, 8, 0, 0];

/// Turns that are tried around the best of the coarsest resolution, rad.
const TURN_RAD: f64 = 0.25;

/// Places with less than this part of the largest overlap are no rivals: a small overlap is easily alike.
const LEAST_OVERLAP: f64 = 0.4;

/// A hop that ends this much below the best similarity, as a part of it, ended on a side peak …
const EQUAL: f64 = 0.01;

/// One search of a moving image on samples of a fixed one.
pub(super) struct Search<'a> {
    fixed: &'a Side,
    moving: &'a Side,
    similarity: Similarity,
    metrics: &'a dyn Metrics,
    watch: &'a dyn Watch,
    /// Of each level, from the finest to the coarsest.
    samples: Vec<Samples>,
    cells_mm: &'a [f64],
    corners: [Point<Patient>; 8],
}

/// Where a search ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub top: Top,
    /// Farthest end of a hop that is as good as the best place, mm away from it.
    pub rival_mm: f64,
}

/// What is searched for, but for the two sides.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub similarity: Similarity,
    pub cells_mm: &'a [f64],
    pub metrics: &'a dyn Metrics,
    pub watch: &'a dyn Watch,
}

impl<'a> Search<'a> {
    pub fn new(task: Task<'a>, fixed: &'a Side, moving: &'a Side, region: Option<Region>) -> Self {
        let levels = 0..task.cells_mm.len();
        Self {
            fixed,
            moving,
            similarity: task.similarity,
            metrics: task.metrics,
            watch: task.watch,
            samples: levels.map(|level| fixed.samples(level, region)).collect(),
            cells_mm: task.cells_mm,
            corners: fixed.corners(),
        }
    }

    /// Mean distance of two maps at the corners of the fixed body's box, mm.
    pub fn apart_mm(&self, a: &Affine<Patient, Patient>, b: &Affine<Patient, Patient>) -> f64 {
        apart_mm(&self.corners, a, b)
    }

    /// The best rigid map that can be reached from any of `starts`; `done` hears the part that is done.
    pub fn from(&self, starts: &[Affine<Patient, Patient>], done: &dyn Fn(f64)) -> Option<Found> {
        let coarsest = self.cells_mm.len() - 1;
        let mut tops = self.climbs(coarsest, starts);
        if let Some(best) = tops.first().copied() {
            tops.extend(self.climbs(coarsest, &self.turned(&best.moving_from_fixed)));
            tops = self.ranked(tops, coarsest);
        }
        done(0.1);
        self.down(tops, coarsest, done)
    }

    /// The best rigid map near `start`.
    pub fn near(&self, start: Affine<Patient, Patient>, done: &dyn Fn(f64)) -> Option<Found> {
        let level = 2.min(self.cells_mm.len() - 1);
        self.down(self.climbs(level, &[start]), level, done)
    }

    /// Follows the best places of one level down to the finest.
    fn down(&self, mut tops: Vec<Top>, level: usize, done: &dyn Fn(f64)) -> Option<Found> {
        let mut rival_mm: f64 = 0.0;
        for level in (0..level).rev() {
            let from: Vec<_> = tops
                .iter()
                .take(FOLLOWED[level])
                .map(|top| top.moving_from_fixed)
                .collect();
            tops = self.climbs(level, &from);
            let mut best = *tops.first()?;
            let mut ends = Vec::new();
            for n in 0..HOPS[level] {
                let end = self.climb(level, Model::Rigid, self.hop(level, n, &best.moving_from_fixed));
                if end.evaluation.value > best.evaluation.value {
                    best = end;
                }
                ends.push(end);
                done(1.0 - (level as f64 + 1.0 - n as f64 / HOPS[level] as f64) / 3.0);
            }
            let equal = best.evaluation.value - EQUAL * best.evaluation.value.abs();
            let rivals = ends.iter().filter(|end| end.evaluation.value >= equal);
            let apart = rivals.map(|end| self.apart_mm(&end.moving_from_fixed, &best.moving_from_fixed));
            rival_mm = apart.fold(0.0, f64::max);
            ends.push(best);
            tops.extend(ends);
            tops = self.ranked(tops, level);
        }
        done(1.0);
        tops.first().map(|top| Found { top: *top, rival_mm })
    }

    /// A place some cells away, in a direction that hop `n` always takes.
    fn hop(&self, level: usize, n: usize, from: &Affine<Patient, Patient>) -> Affine<Patient, Patient> {
        let mut random = Random((1000 * level + n) as u64);
        let reach_mm = self.cells_mm[level];
        let numbers = DVector::from_fn(Model::Rigid.numbers(), |_, _| {
            (2.0 * random.next() - 1.0) * reach_mm
        });
        self.around(Model::Rigid, *from).map(&numbers)
    }

    fn around(&self, model: Model, base: Affine<Patient, Patient>) -> Around {
        Around {
            model,
            base,
            center: self.fixed.center(),
            radius_mm: self.fixed.radius_mm(),
        }
    }

    /// Climbs from a map at one level.
    pub fn climb(&self, level: usize, model: Model, from: Affine<Patient, Patient>) -> Top {
        let metric = self
            .metrics
            .metric(self.similarity, &self.samples[level], &self.moving.levels[level]);
        let limits = Limits {
            longest_mm: self.cells_mm[level],
            shortest_mm: 0.01 * self.cells_mm[level],
            evaluations: EVALUATIONS,
        };
        let go_on = || !self.watch.is_cancelled();
        climb(&*metric, &self.around(model, from), &limits, &go_on)
    }

    fn climbs(&self, level: usize, starts: &[Affine<Patient, Patient>]) -> Vec<Top> {
        let tops = starts.iter().map(|start| self.climb(level, Model::Rigid, *start));
        self.ranked(tops.collect(), level)
    }

    /// The best first, each place once.
    fn ranked(&self, mut tops: Vec<Top>, level: usize) -> Vec<Top> {
        let widest = tops.iter().map(|top| top.evaluation.overlap).fold(0.0, f64::max);
        tops.retain(|top| top.evaluation.overlap >= LEAST_OVERLAP * widest);
        tops.sort_by(|a, b| b.evaluation.value.total_cmp(&a.evaluation.value));
        let near_mm = self.cells_mm[level] / 2.0;
        let mut kept: Vec<Top> = Vec::new();
        for top in tops {
            let known =
                |other: &Top| self.apart_mm(&other.moving_from_fixed, &top.moving_from_fixed) < near_mm;
            if !kept.iter().any(known) {
                kept.push(top);
            }
        }
        kept.truncate(FOLLOWED[level]);
        kept
    }

    /// A map, turned both ways about each axis through the fixed body's middle.
    fn turned(&self, map: &Affine<Patient, Patient>) -> Vec<Affine<Patient, Patient>> {
        let axes = [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let turns = axes
            .iter()
            .flat_map(|axis| [(*axis, TURN_RAD), (*axis, -TURN_RAD)]);
        let turns = turns.filter_map(|(axis, angle)| Affine::rotation(self.fixed.center(), axis, angle));
        turns.map(|turn| *map * turn).collect()
    }

    /// Places to begin, without anybody's help: as the coordinates are, middle on middle, surface on surface, and
    /// slid along the body where one image shows more of it.
    pub fn starts(&self) -> Vec<Affine<Patient, Patient>> {
        let identity = Affine::identity();
        let centered = Affine::translation(self.moving.center() - self.fixed.center());
        let mut starts = vec![identity, centered];
        let (Some(fixed), Some(moving)) = (self.fixed.body(), self.moving.body()) else {
            return starts;
        };
        let length = |side: &Side| side.corners()[7][2] - side.corners()[0][2];
        let slack_mm = (length(self.moving) - length(self.fixed)).abs() / 2.0;
        let steps = (slack_mm / SLIDE_MM).min(20.0) as i32;
        for step in (-steps..=steps).filter(|step| *step != 0) {
            let slide = Vector::new(0.0, 0.0, f64::from(step) * SLIDE_MM);
            starts.push(Affine::translation(slide) * centered);
        }
        starts.push(contour::fit(fixed, moving, identity));
        starts.push(contour::fit(fixed, moving, centered));
        starts
    }
}

/// Step of the slides along the body, mm.
const SLIDE_MM: f64 = 50.0;

/// Mean distance of two maps at some places, mm.
pub(super) fn apart_mm(
    places: &[Point<Patient>],
    a: &Affine<Patient, Patient>,
    b: &Affine<Patient, Patient>,
) -> f64 {
    let apart = places.iter().map(|place| (*a * *place).distance(*b * *place));
    apart.sum::<f64>() / places.len() as f64
}

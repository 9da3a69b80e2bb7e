//! The stage from coarse to fine, and what is checked of its result.

use super::bending::bending;
use super::descent::{Limits, descend};
use super::lattice::Lattice;
use super::likeness::{Likeness, Scene};
use super::{Deformed, Kept};
use crate::geometry::{Affine, Deformation, Patient, Point, Transform};
use crate::registration::side::Side;
use crate::registration::{Error, Region, Watch};

/// Spacings of the control points, as multiples of the finest.
const SPACINGS: [f64; 3] = [4.0, 2.0, 1.0];

/// Cells between two control points.
const CELLS: f64 = 4.0;

/// The box around what counts is displaced as a whole; from this far outside on, displacements fade to 0, mm.
const MARGIN_MM: f64 = 60.0;

/// Evaluations of each spacing at most.
const EVALUATIONS: usize = 50;

/// How much stiffer each try is than the one before, and tries at most.
const STIFFER: f64 = 4.0;
const TRIES: usize = 3;

/// Part of the similarity before that must be gained, at places that were not searched.
const LEAST_GAIN: f64 = 0.002;

/// Cells of the box at most: of a body of two metres there are six million.
const MOST_CELLS: f64 = 12e6;

/// Two steps in a row that gain less similarity end a descent: they move nothing by a tenth of a millimetre.
const LEAST_FALL: f64 = 3e-5;

/// What is bent onto what.
pub(super) struct Pair<'a> {
    pub fixed: &'a Side,
    pub moving: &'a Side,
    /// Cells of both sides' levels, mm, from the finest to the coarsest.
    pub cells_mm: &'a [f64],
    /// Which places of the fixed volume's patient space count.
    pub counts: Region<'a>,
    pub moving_from_fixed: Affine<Patient, Patient>,
    /// Distance of the finest control points.
    pub spacing_mm: f64,
    /// No piece of tissue may become smaller than this part of itself.
    pub least_jacobian: f64,
    pub watch: &'a dyn Watch,
}

impl Pair<'_> {
    /// Bends, checks, and bends again more stiffly where the result cannot be what tissue did.
    pub fn deformed(&self, mut stiffness: f64) -> Result<Deformed, Error> {
        let kept = |reason| Ok(Deformed::kept(self.moving_from_fixed, reason));
        let Some(bounds) = self.bounds() else {
            return kept(Kept::TooLittle);
        };
        let across = |axis: usize| (bounds[1][axis] - bounds[0][axis]) / (self.spacing_mm / CELLS) + 1.0;
        // Not-a-number is too large too.
        let fits = (0..3).map(across).product::<f64>() <= MOST_CELLS;
        if !fits {
            return kept(Kept::TooLarge);
        }
        let mut attempt = 0;
        loop {
            let done = |part: f64| self.watch.progress((attempt as f64 + part) / TRIES as f64);
            let Some(lattice) = self.descended(bounds, stiffness, &done)? else {
                return kept(Kept::TooLittle);
            };
            attempt += 1;
            match self.checked(bounds, &lattice) {
                Ok(deformed) => return Ok(deformed),
                Err(Kept::Folds { .. }) if attempt < TRIES => stiffness *= STIFFER,
                Err(reason) => return kept(reason),
            }
        }
    }

    /// The displacements that make the images most alike for their bending; `None` where there is too little to tell.
    fn descended(
        &self,
        bounds: [Point<Patient>; 2],
        stiffness: f64,
        done: &dyn Fn(f64),
    ) -> Result<Option<Lattice>, Error> {
        let mut lattice = Lattice::around(bounds, self.spacing_mm * SPACINGS[0], MARGIN_MM);
        for n in 0..SPACINGS.len() {
            if n > 0 {
                lattice = lattice.refined();
            }
            let Some(likeness) = Likeness::new(&self.scene(bounds, lattice.spacing_mm), &lattice, n as u64)
            else {
                return Ok(None);
            };
            let part = |part: f64| done((n as f64 + part) / SPACINGS.len() as f64);
            self.descend(&mut lattice, &likeness, stiffness, &part);
            if self.watch.is_cancelled() {
                return Err(Error::Cancelled);
            }
        }
        Ok(Some(lattice))
    }

    /// Goes down with the control points of one spacing.
    fn descend(&self, lattice: &mut Lattice, likeness: &Likeness, stiffness: f64, done: &dyn Fn(f64)) {
        let per_mm3 = stiffness / likeness.volume_mm3;
        let limits = Limits {
            longest: lattice.spacing_mm / 10.0,
            shortest: lattice.spacing_mm / 1000.0,
            least_fall: LEAST_FALL,
            evaluations: EVALUATIONS,
        };
        let mut tried = lattice.clone();
        let mut evaluations = 0;
        let descent = descend(lattice.controls.clone(), &limits, |controls| {
            if self.watch.is_cancelled() {
                return None;
            }
            done(evaluations as f64 / (EVALUATIONS + 1) as f64);
            evaluations += 1;
            tried.controls.copy_from_slice(controls);
            let (alike, by_control) = likeness.judge(&tried);
            let (energy, mut slope) = bending(&tried);
            for (sum, by_control) in slope.iter_mut().flatten().zip(by_control.iter().flatten()) {
                *sum = per_mm3 as f32 * *sum - by_control;
            }
            Some((per_mm3 * energy - alike, slope))
        });
        if let Some((controls, _)) = descent {
            lattice.controls = controls;
        }
    }

    fn scene(&self, bounds: [Point<Patient>; 2], spacing_mm: f64) -> Scene<'_> {
        let cell_mm = spacing_mm / CELLS;
        let off = |level: &usize| (self.cells_mm[*level] / cell_mm).ln().abs();
        let levels = 0..self.cells_mm.len();
        let level = levels.min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0);
        Scene {
            fixed: &self.fixed.levels[level],
            moving: &self.moving.levels[level],
            moving_from_fixed: &self.moving_from_fixed,
            counts: self.counts,
            bounds,
            cell_mm,
        }
    }

    /// The box around the places that count.
    fn bounds(&self) -> Option<[Point<Patient>; 2]> {
        let image = self.fixed.levels.get(1)?;
        let indices = (0..image.values.len()).filter(|index| image.values[*index].is_finite());
        let mut places = indices
            .map(|index| image.place(index))
            .filter(|place| (self.counts)(*place));
        let first = places.next()?;
        let [low, high] = places.fold([first, first], |[low, high], place| {
            [low.xyz.inf(&place.xyz).into(), high.xyz.sup(&place.xyz).into()]
        });
        Some([low, high])
    }

    /// Whether the displacements can be believed, judged on the field itself and on places that were not searched.
    fn checked(&self, bounds: [Point<Patient>; 2], lattice: &Lattice) -> Result<Deformed, Kept> {
        let scene = self.scene(bounds, lattice.spacing_mm);
        let likeness = Likeness::new(&scene, lattice, u64::MAX).ok_or(Kept::TooLittle)?;
        let mut still = lattice.clone();
        still.controls.fill([0.0; 4]);
        let (before, after) = (likeness.judge(&still).0, likeness.judge(lattice).0);
        let gains = after - before >= LEAST_GAIN * before;
        if !gains {
            return Err(Kept::NoBetter { before, after });
        }
        let field = lattice.field().map_err(|_| Kept::TooLittle)?;
        let smallest_jacobian = field.smallest_jacobian();
        let holds = smallest_jacobian >= self.least_jacobian;
        if !holds {
            return Err(Kept::Folds { smallest_jacobian });
        }
        Ok(Deformed {
            smallest_jacobian,
            largest_mm: field.largest_mm(),
            before,
            after,
            kept: None,
            moving_from_fixed: Transform::from(Deformation {
                field,
                affine: self.moving_from_fixed,
            }),
        })
    }
}

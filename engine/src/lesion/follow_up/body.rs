//! Lesions as bodies in the reference exam's patient space.

use crate::geometry::{Affine, Grid, Patient, Point, Voxel};
use crate::voi::Mask;

use super::{Error, Exam};

/// Coordinates this close below the middle between two voxels count as the middle, as where masks are carried
/// between grids: rounding must not decide where the centers of one grid lie on the faces of the other.
const TIE: f64 = 1e-6;

/// The lesions of one exam with what matching asks of each.
pub(super) struct Placed<'a> {
    pub bodies: Vec<Body<'a>>,
}

/// One lesion: its mask, and its place and size in the reference exam's patient space.
pub(super) struct Body<'a> {
    pub mask: &'a Mask,
    pub reference_from_exam: Affine<Patient, Patient>,
    exam_from_reference: Affine<Patient, Patient>,
    /// Mean place of the voxels, each weighted by its volume.
    pub center: Point<Patient>,
    pub volume_ml: f64,
    low: Point<Patient>,
    high: Point<Patient>,
}

/// Places the lesions of all exams.
pub(super) fn place<'a>(exams: &[Exam<'a>]) -> Result<Vec<Placed<'a>>, Error> {
    let placed = exams.iter().enumerate().map(|(exam, of_exam)| {
        let reference_from_exam = of_exam.reference_from_exam;
        let exam_from_reference = reference_from_exam
            .inverse()
            .map_err(|source| Error::Transform { exam, source })?;
        let bodies = of_exam.lesions.iter().enumerate().map(|(lesion, mask)| {
            Body::new(mask, reference_from_exam, exam_from_reference).ok_or(Error::Empty { exam, lesion })
        });
        Ok(Placed {
            bodies: bodies.collect::<Result<_, Error>>()?,
        })
    });
    placed.collect()
}

impl<'a> Body<'a> {
    fn new(
        mask: &'a Mask,
        reference_from_exam: Affine<Patient, Patient>,
        exam_from_reference: Affine<Patient, Patient>,
    ) -> Option<Self> {
        let (low, high) = corners(mask, &reference_from_exam)?;
        Some(Self {
            mask,
            reference_from_exam,
            exam_from_reference,
            center: reference_from_exam * center(mask),
            volume_ml: mask.volume_ml() * reference_from_exam.linear.determinant().abs(),
            low,
            high,
        })
    }

    /// Radius of the sphere of the same volume, mm.
    pub fn radius_mm(&self) -> f64 {
        (self.volume_ml * 1000.0 * 0.75 / std::f64::consts::PI).cbrt()
    }

    /// Volume that the two lesions share, mL: the mean of what either covers of the other.
    pub fn overlap_ml(&self, other: &Self) -> f64 {
        let apart = (0..3).any(|axis| self.low[axis] > other.high[axis] || other.low[axis] > self.high[axis]);
        if apart {
            return 0.0;
        }
        if self.reference_from_exam == other.reference_from_exam
            && let Ok(shared) = self.mask.intersection(other.mask)
        {
            return shared.volume_ml() * self.reference_from_exam.linear.determinant().abs();
        }
        let (one, two) = (self.covered_ml(other), other.covered_ml(self));
        // The sum in both orders is the same number, so that time may run backwards.
        (one + two) / 2.0
    }

    /// Volume of the voxels of this lesion whose center lies in a voxel of the other, mL.
    fn covered_ml(&self, other: &Self) -> f64 {
        let grid = self.mask.grid();
        let scale = self.reference_from_exam.linear.determinant().abs();
        let other_from_here = other.exam_from_reference * self.reference_from_exam;
        let covered = voxels(self.mask).filter(|at| {
            let place = other_from_here * grid.patient(point(*at));
            holds(other.mask, other.mask.grid(), place)
        });
        covered.map(|[_, _, slice]| grid.voxel_ml(slice) * scale).sum()
    }
}

fn holds(mask: &Mask, grid: &Grid, place: Point<Patient>) -> bool {
    let at = grid.voxel(place);
    let nearest = [0, 1, 2].map(|axis| (at[axis] + 0.5 + TIE).floor());
    nearest.iter().all(|n| *n >= 0.0) && mask.contains(nearest.map(|n| n as usize))
}

/// Voxels (column, row, slice) inside, in reading order.
fn voxels(mask: &Mask) -> impl Iterator<Item = [usize; 3]> {
    let [columns, rows, _] = mask.grid().size();
    mask.runs().iter().flat_map(move |run| {
        (run.start..run.end).map(move |index| {
            let row = index / columns;
            [index % columns, row % rows, row / rows]
        })
    })
}

fn point([i, j, k]: [usize; 3]) -> Point<Voxel> {
    Point::new(i as f64, j as f64, k as f64)
}

fn center(mask: &Mask) -> Point<Patient> {
    let grid = mask.grid();
    let (mut sum, mut weight) = ([0.0; 3], 0.0);
    for at in voxels(mask) {
        let (place, ml) = (grid.patient(point(at)), grid.voxel_ml(at[2]));
        for (axis, sum) in sum.iter_mut().enumerate() {
            *sum += place[axis] * ml;
        }
        weight += ml;
    }
    sum.map(|sum| sum / weight).into()
}

/// The box around the voxels, edges included; `None` for a lesion without voxels.
fn corners(
    mask: &Mask,
    reference_from_exam: &Affine<Patient, Patient>,
) -> Option<(Point<Patient>, Point<Patient>)> {
    let inner = mask.bounding_box()?;
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in 0..8 {
        let side = |axis: usize| match corner >> axis & 1 {
            0 => inner[axis].start as f64 - 0.5 - TIE,
            _ => inner[axis].end as f64 - 0.5 + TIE,
        };
        let place = *reference_from_exam * mask.grid().patient(Point::new(side(0), side(1), side(2)));
        for axis in 0..3 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    Some((low.into(), high.into()))
}

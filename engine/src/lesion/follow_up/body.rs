//! Lesions as bodies in the reference exam's patient space.

use crate::geometry::{Grid, Patient, Point, Voxel, Walk};
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
    reference_from_exam: Walk<'a>,
    /// Mean place of the voxels, each weighted by its volume.
    pub center: Point<Patient>,
    pub volume_ml: f64,
    low: Point<Patient>,
    high: Point<Patient>,
}

/// Places the lesions of all exams.
pub(super) fn place<'a>(exams: &'a [Exam<'a>]) -> Result<Vec<Placed<'a>>, Error> {
    let placed = exams.iter().enumerate().map(|(exam, of_exam)| {
        let walk = of_exam.reference_from_exam.walk();
        let walk = walk.map_err(|source| Error::Transform { exam, source })?;
        let bodies = of_exam.lesions.iter().enumerate().map(|(lesion, mask)| {
            let (low, high) = bounds(mask, &walk).ok_or(Error::Empty { exam, lesion })?;
            let (center, volume_ml) = size(mask, &walk).ok_or(Error::Nowhere { exam, lesion })?;
            Ok(Body {
                mask,
                reference_from_exam: walk,
                center,
                volume_ml,
                low,
                high,
            })
        });
        Ok(Placed {
            bodies: bodies.collect::<Result<_, Error>>()?,
        })
    });
    placed.collect()
}

impl Body<'_> {
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
        let (here, there) = (
            self.reference_from_exam.affine(),
            other.reference_from_exam.affine(),
        );
        if let Some(map) = here.filter(|_| here == there)
            && let Ok(shared) = self.mask.intersection(other.mask)
        {
            return shared.volume_ml() * map.linear.determinant().abs();
        }
        let (one, two) = (self.covered_ml(other), other.covered_ml(self));
        // The sum in both orders is the same number, so that time may run backwards.
        (one + two) / 2.0
    }

    /// Volume of the voxels of this lesion whose center lies in a voxel of the other, mL.
    fn covered_ml(&self, other: &Self) -> f64 {
        let covered = voxels(self.mask).filter_map(|at| {
            let place = self.mask.grid().patient(point(at));
            let in_reference = self.reference_from_exam.target_of(place)?;
            if (0..3)
                .any(|axis| in_reference[axis] < other.low[axis] || in_reference[axis] > other.high[axis])
            {
                return None;
            }
            let in_other = other.reference_from_exam.source_of(in_reference)?;
            let growth = || self.reference_from_exam.growth(place, in_reference);
            holds(other.mask, other.mask.grid(), in_other)
                .then(|| self.mask.grid().voxel_ml(at[2]) * growth())
        });
        covered.sum()
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

/// Mean place in the reference exam, and volume there, mL; `None` where a voxel has no place there.
fn size(mask: &Mask, reference_from_exam: &Walk) -> Option<(Point<Patient>, f64)> {
    if let Some(map) = reference_from_exam.affine() {
        let (center, _) = mean(mask, |place, ml| Some((place, ml)))?;
        return Some((map * center, mask.volume_ml() * map.linear.determinant().abs()));
    }
    mean(mask, |place, ml| {
        let there = reference_from_exam.target_of(place)?;
        Some((there, ml * reference_from_exam.growth(place, there)))
    })
}

/// Mean place and sum of the volumes of what `carried` makes of each voxel's place and volume.
fn mean(
    mask: &Mask,
    carried: impl Fn(Point<Patient>, f64) -> Option<(Point<Patient>, f64)>,
) -> Option<(Point<Patient>, f64)> {
    let grid = mask.grid();
    let (mut sum, mut weight) = ([0.0; 3], 0.0);
    for at in voxels(mask) {
        let (place, ml) = carried(grid.patient(point(at)), grid.voxel_ml(at[2]))?;
        for (axis, sum) in sum.iter_mut().enumerate() {
            *sum += place[axis] * ml;
        }
        weight += ml;
    }
    Some((sum.map(|sum| sum / weight).into(), weight))
}

/// The box around the voxels, edges included; `None` for a lesion without voxels.
fn bounds(mask: &Mask, reference_from_exam: &Walk) -> Option<(Point<Patient>, Point<Patient>)> {
    let inner = mask.bounding_box()?;
    let corners: [Point<Patient>; 8] = std::array::from_fn(|corner| {
        let side = |axis: usize| match corner >> axis & 1 {
            0 => inner[axis].start as f64 - 0.5 - TIE,
            _ => inner[axis].end as f64 - 0.5 + TIE,
        };
        mask.grid().patient(Point::new(side(0), side(1), side(2)))
    });
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for place in reference_from_exam.hull(&corners) {
        for axis in 0..3 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    Some((low.into(), high.into()))
}

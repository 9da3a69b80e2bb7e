//! A mask cut in two by a plane.

use crate::geometry::{Patient, Point, Vector, Voxel};
use crate::voi::{Mask, Run, ShapeError};

/// A centre this near a plane lies on it: rounding must not decide.
const TIE_MM: f64 = 1e-4;

impl Mask {
    /// The parts before and beyond the plane through `place`, beyond being where `normal` points.
    ///
    /// A centre on the plane, to within 1e-4 mm, lies beyond it.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NoDirection`] for a normal without direction, [`ShapeError::NotFinite`] for a place that
    /// is none.
    pub fn split(&self, place: Point<Patient>, normal: Vector<Patient>) -> Result<[Self; 2], ShapeError> {
        let normal = normal
            .normalized()
            .ok_or(ShapeError::NoDirection("the normal of the plane"))?;
        if !place.xyz.iter().all(|c| c.is_finite()) {
            return Err(ShapeError::NotFinite("the place of the plane"));
        }
        let mut parts = [Vec::new(), Vec::new()];
        for run in self.runs() {
            let (middle, beyond_first) = self.cut(*run, place, normal);
            let halves = [(run.start, middle), (middle, run.end)];
            for (half, (start, end)) in halves.into_iter().enumerate() {
                if start < end {
                    parts[usize::from((half == 0) == beyond_first)].push(Run { start, end });
                }
            }
        }
        let mask =
            |runs| Self::from_runs(self.grid().clone(), runs).expect("parts of runs lie within the grid");
        Ok(parts.map(mask))
    }

    /// Where a run passes through a plane, and whether what comes first lies beyond it.
    fn cut(&self, run: Run, place: Point<Patient>, normal: Vector<Patient>) -> (usize, bool) {
        let [columns, rows, _] = self.grid().size();
        let (row, base) = (run.start / columns, run.start / columns * columns);
        let beyond = |index: &usize| {
            let at = [index - base, row % rows, row / rows].map(|n| n as f64);
            normal.dot(self.grid().patient(Point::<Voxel>::from(at)) - place) > -TIE_MM
        };
        let first = beyond(&run.start);
        // Along a row the distance from the plane only rises or only falls.
        let (mut low, mut high) = (run.start, run.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if beyond(&middle) == first {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low, first)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::geometry::{Affine, Grid, Point, Vector, Voxel};
    use crate::voi::{Mask, ShapeError};

    fn whole() -> Mask {
        let axes = [
            Vector::new(2.0, 0.0, 0.0),
            Vector::new(0.3, 1.5, 0.0),
            Vector::new(0.0, -0.4, 3.0),
        ];
        let grid = Grid::new([9, 7, 5], Affine::from_axes(axes, Point::new(-3.0, 8.0, 100.0))).unwrap();
        Mask::from_predicate(grid, |[i, j, k]| (i + 2 * j + 3 * k) % 5 > 0)
    }

    #[test]
    fn a_plane_without_direction_or_place_is_refused() {
        let refused = whole().split(Point::new(0.0, 0.0, 0.0), Vector::new(0.0, 0.0, 0.0));
        assert!(matches!(refused, Err(ShapeError::NoDirection(_))));
        let refused = whole().split(Point::new(f64::NAN, 0.0, 0.0), Vector::new(0.0, 0.0, 1.0));
        assert!(matches!(refused, Err(ShapeError::NotFinite(_))));
    }

    proptest! {
        #[test]
        fn each_centre_goes_to_its_side(place in prop::array::uniform3(-10.0..20.0f64), normal in prop::array::uniform3(-1.0..1.0f64)) {
            let (mask, normal) = (whole(), Vector::from(normal));
            prop_assume!(normal.norm() > 0.1);
            let place = Point::new(place[0], place[1], place[2] + 100.0);
            let [before, beyond] = mask.split(place, normal).unwrap();
            prop_assert_eq!(before.union(&beyond).unwrap(), mask.clone());
            let expected = Mask::from_predicate(mask.grid().clone(), |at| {
                let centre = mask.grid().patient(Point::<Voxel>::from(at.map(|n| n as f64)));
                mask.contains(at) && normal.dot(centre - place) > -1e-4 * normal.norm()
            });
            prop_assert_eq!(beyond, expected);
        }
    }
}

//! A mask on the grid of another volume.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::{Affine, Grid, Patient, Point, SingularError, Voxel};
use crate::voi::Mask;
use crate::voi::mask::MaskBuilder;

/// Coordinates this close below the middle between two voxels count as the middle: rounding must not
/// decide, where the centres of one grid lie on the faces of the other.
const TIE: f64 = 1e-6;

impl Mask {
    /// The same place as voxels of another grid: those whose centre lies in a voxel of this mask.
    ///
    /// A voxel reaches half-way to its neighbours; a centre on the face between two belongs to the
    /// higher one, so that masks which share no voxel share none afterwards. Both grids lie in one
    /// patient space: the caller compares frames of reference first. Thin parts vanish on a coarser grid.
    #[must_use]
    pub fn carry_to(&self, grid: impl Into<Arc<Grid>>) -> Self {
        let grid = grid.into();
        if self.lies_on(&grid) {
            return self.clone();
        }
        let stays = |place| place;
        self.carry(grid, stays, stays)
    }

    /// The place that a map takes this mask to, as voxels of another grid: those whose centre, taken back by
    /// the map, lies in a voxel of this mask.
    ///
    /// So a VOI goes to another exam, or to the same grid moved, turned or stretched. Faces and thin parts as
    /// in [`Mask::carry_to`].
    ///
    /// # Errors
    ///
    /// [`SingularError`] for a map that cannot be undone.
    pub fn carry_through(
        &self,
        target_from_source: &Affine<Patient, Patient>,
        grid: impl Into<Arc<Grid>>,
    ) -> Result<Self, SingularError> {
        let source_from_target = target_from_source.inverse()?;
        Ok(self.carry(
            grid.into(),
            |place| *target_from_source * place,
            |place| source_from_target * place,
        ))
    }

    /// `forth` has only to take this mask's box around what is to be found; `back` decides.
    fn carry(
        &self,
        grid: Arc<Grid>,
        forth: impl Fn(Point<Patient>) -> Point<Patient>,
        back: impl Fn(Point<Patient>) -> Point<Patient>,
    ) -> Self {
        let reach = self.reach_on(&grid, forth);
        let rows = grid.size()[1];
        let mut builder = MaskBuilder::new(grid.clone());
        let mut near = Stretch::NONE;
        for k in reach[2].clone() {
            for j in reach[1].clone() {
                let inside = (0..reach[0].end).map(|i| {
                    let at = Point::<Voxel>::new(i as f64, j as f64, k as f64);
                    i >= reach[0].start && self.holds(self.grid().voxel(back(grid.patient(at))), &mut near)
                });
                builder.push_row(k * rows + j, inside);
            }
        }
        builder.finish()
    }

    /// Whether a place lies in a voxel of this mask; `near` is what the place before was found in.
    fn holds(&self, at: Point<Voxel>, near: &mut Stretch) -> bool {
        let [columns, rows, slices] = self.grid().size();
        let nearest = [0, 1, 2].map(|axis| (at[axis] + 0.5 + TIE).floor());
        let within = |axis: usize, count: usize| nearest[axis] >= 0.0 && nearest[axis] < count as f64;
        if !(within(0, columns) && within(1, rows) && within(2, slices)) {
            return false;
        }
        let [i, j, k] = nearest.map(|n| n as usize);
        let index = (k * rows + j) * columns + i;
        if !(near.start <= index && index < near.end) {
            *near = self.stretch(index);
        }
        near.inside
    }

    /// The run around a voxel, or the gap between two runs.
    fn stretch(&self, index: usize) -> Stretch {
        let runs = self.runs();
        let next = runs.partition_point(|run| run.end <= index);
        match runs.get(next) {
            Some(run) if run.start <= index => Stretch {
                start: run.start,
                end: run.end,
                inside: true,
            },
            after => Stretch {
                start: next.checked_sub(1).map_or(0, |before| runs[before].end),
                end: after.map_or(usize::MAX, |run| run.start),
                inside: false,
            },
        }
    }

    /// Columns, rows and slices of `grid` that this mask can reach into.
    fn reach_on(&self, grid: &Grid, forth: impl Fn(Point<Patient>) -> Point<Patient>) -> [Range<usize>; 3] {
        let Some(inner) = self.bounding_box() else {
            return [0..0, 0..0, 0..0];
        };
        let corners = (0..8).map(|corner| {
            let side = |axis: usize| match corner >> axis & 1 {
                0 => inner[axis].start as f64 - 0.5 - TIE,
                _ => inner[axis].end as f64 - 0.5 + TIE,
            };
            grid.voxel(forth(self.grid().patient(Point::new(side(0), side(1), side(2)))))
        });
        let corners: Vec<Point<Voxel>> = corners.collect();
        [0, 1, 2].map(|axis| {
            let low = corners.iter().map(|c| c[axis]).fold(f64::INFINITY, f64::min);
            let high = corners.iter().map(|c| c[axis]).fold(f64::NEG_INFINITY, f64::max);
            let clamp = |n: f64| n.clamp(0.0, grid.size()[axis] as f64) as usize;
            clamp(low.floor())..clamp(high.floor() + 1.0)
        })
    }
}

/// Voxels in reading order that are all inside or all outside: neighbours are looked up in it first.
struct Stretch {
    start: usize,
    end: usize,
    inside: bool,
}

impl Stretch {
    const NONE: Self = Self {
        start: 0,
        end: 0,
        inside: false,
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::geometry::{Affine, Point, Vector};
    use crate::voi::Mask;
    use crate::voi::strategies::{SIZE, any_mask, cells, centre, upright};

    #[test]
    fn a_step_of_whole_voxels_moves_the_voxels() {
        let mask = Mask::from_predicate(upright([9, 9, 9], [2.0, 2.0, 3.0]), |[i, j, k]| {
            i < 4 && j == 3 && k > 6
        });
        let moved = mask
            .carry_through(
                &Affine::translation(Vector::new(4.0, -6.0, -9.0)),
                mask.grid().clone(),
            )
            .unwrap();
        assert_eq!(
            moved,
            Mask::from_predicate(mask.grid().clone(), |[i, j, k]| (2..6).contains(&i)
                && j == 0
                && k > 3
                && k < 6)
        );
    }

    #[test]
    fn a_centre_on_a_face_goes_up_in_spite_of_rounding() {
        // Half a step: every centre comes from a face between two voxels.
        for step in [0.1, 0.3, 0.7, 1.1, 2.734, 4.0728] {
            let mask = Mask::from_predicate(upright([90, 1, 1], [step; 3]), |[i, ..]| (5..85).contains(&i));
            let half = Affine::translation(Vector::new(step / 2.0, 0.0, 0.0));
            assert_eq!(mask.carry_through(&half, mask.grid().clone()).unwrap(), mask);
        }
    }

    #[test]
    fn a_quarter_turn_takes_columns_to_rows() {
        let mask = Mask::from_predicate(upright([9, 9, 1], [1.0; 3]), |[i, j, _]| i > 4 && j < 3);
        let turn = Affine::rotation(
            Point::new(4.0, 4.0, 0.0),
            Vector::new(0.0, 0.0, 2.0),
            std::f64::consts::FRAC_PI_2,
        )
        .unwrap();
        let turned = mask.carry_through(&turn, mask.grid().clone()).unwrap();
        // x goes to y, y to minus x.
        assert_eq!(
            turned,
            Mask::from_predicate(mask.grid().clone(), |[i, j, _]| j > 4 && i > 5)
        );
    }

    #[test]
    fn a_map_without_a_way_back_is_refused() {
        let mask = Mask::from_predicate(upright([2, 2, 2], [1.0; 3]), |_| true);
        let flat = Affine::from_axes(
            [
                Vector::new(1.0, 0.0, 0.0),
                Vector::new(2.0, 0.0, 0.0),
                Vector::new(0.0, 0.0, 1.0),
            ],
            Point::new(0.0, 0.0, 0.0),
        );
        assert!(mask.carry_through(&flat, mask.grid().clone()).is_err());
    }

    proptest! {
        #[test]
        fn a_centre_is_inside_when_its_origin_is(mask in any_mask(), other in any_mask(), axes in prop::array::uniform9(-1.5..1.5f64), shift in prop::array::uniform3(-4.0..4.0f64)) {
            let axes = [0, 3, 6].map(|n| Vector::from([axes[n], axes[n + 1], axes[n + 2]]));
            let map = Affine::from_axes(axes, Point::from(shift));
            prop_assume!(map.linear.determinant().abs() > 0.05);
            // About the middle of both grids, so that they meet.
            let (from, to) = (mask.grid().center(), other.grid().center());
            let map = Affine::translation(to - Point::new(0.0, 0.0, 0.0)) * map * Affine::translation(Point::new(0.0, 0.0, 0.0) - from);
            let there = mask.carry_through(&map, other.grid().clone()).unwrap();
            for at in cells(SIZE) {
                let source = mask.grid().voxel(map.inverse().unwrap() * centre(other.grid(), at));
                let near_face = (0..3).any(|axis| ((source[axis] + 0.5) - (source[axis] + 0.5).round()).abs() < 1e-5);
                let nearest = [0, 1, 2].map(|axis| (source[axis] + 0.5).floor());
                let expected = nearest.iter().all(|n| *n >= 0.0) && mask.contains(nearest.map(|n| n as usize));
                prop_assert!(near_face || there.contains(at) == expected, "voxel {at:?}");
            }
        }
    }
}

//! A mask on the grid of another volume.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::{Grid, Patient, Point, Route, SingularError, Voxel};
use crate::voi::mask::MaskBuilder;
use crate::voi::{Mask, Run};

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
        let corners = self.corners();
        self.carry(grid, &corners, Some)
    }

    /// The place that a map takes this mask to, as voxels of another grid: those whose centre, taken back by
    /// the map, lies in a voxel of this mask.
    ///
    /// So a VOI goes to another exam, or to the same grid moved, turned or stretched. Faces and thin parts as
    /// in [`Mask::carry_to`]. Through a map that bends, either way will do:
    ///
    /// - from the moving volume to the fixed one by `Route::against(moving_from_fixed)`: every centre is taken back
    ///   by the map itself, which is fast;
    /// - from the fixed volume to the moving one by `Route::along(moving_from_fixed)`: every centre is searched for.
    ///   Where the map folds, one of the places that go there counts; where none is found, the centre is outside.
    ///
    /// # Errors
    ///
    /// [`SingularError`] for a map whose affine part cannot be undone.
    pub fn carry_through(
        &self,
        target_from_source: impl Into<Route>,
        grid: impl Into<Arc<Grid>>,
    ) -> Result<Self, SingularError> {
        let target_from_source = target_from_source.into();
        let walk = target_from_source.walk()?;
        let around = walk.hull(&self.corners());
        Ok(self.carry(grid.into(), &around, |place| walk.source_of(place)))
    }

    /// The voxels of `grid` within the hull of `around` that `back` takes into a voxel of this mask.
    fn carry(
        &self,
        grid: Arc<Grid>,
        around: &[Point<Patient>],
        back: impl Fn(Point<Patient>) -> Option<Point<Patient>> + Sync,
    ) -> Self {
        let reach = reach(&grid, around);
        let slice = |k: usize| self.carry_slice(&grid, k, &reach, &back);
        #[cfg(feature = "parallel")]
        let slices: Vec<Vec<Run>> = {
            use rayon::prelude::*;
            reach[2].clone().into_par_iter().map(slice).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let slices: Vec<Vec<Run>> = reach[2].clone().map(slice).collect();
        let mut builder = MaskBuilder::new(grid.clone());
        slices.into_iter().flatten().for_each(|run| builder.push(run));
        builder.finish()
    }

    fn carry_slice(
        &self,
        grid: &Arc<Grid>,
        k: usize,
        reach: &[Range<usize>; 3],
        back: &impl Fn(Point<Patient>) -> Option<Point<Patient>>,
    ) -> Vec<Run> {
        let rows = grid.size()[1];
        let mut builder = MaskBuilder::new(grid.clone());
        let mut near = Stretch::NONE;
        for j in reach[1].clone() {
            let inside = (0..reach[0].end).map(|i| {
                let at = Point::<Voxel>::new(i as f64, j as f64, k as f64);
                let mut comes_from_here = || {
                    let from = back(grid.patient(at));
                    from.is_some_and(|from| self.holds(self.grid().voxel(from), &mut near))
                };
                i >= reach[0].start && comes_from_here()
            });
            builder.push_row(k * rows + j, inside);
        }
        builder.finish().runs().to_vec()
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

    /// The corners of the box around the voxels, in patient space; none of an empty mask.
    fn corners(&self) -> Vec<Point<Patient>> {
        let Some(inner) = self.bounding_box() else {
            return Vec::new();
        };
        let side = |corner: usize, axis: usize| match corner >> axis & 1 {
            0 => inner[axis].start as f64 - 0.5 - TIE,
            _ => inner[axis].end as f64 - 0.5 + TIE,
        };
        let corner = |n: usize| self.grid().patient([0, 1, 2].map(|axis| side(n, axis)).into());
        (0..8).map(corner).collect()
    }
}

/// Columns, rows and slices of `grid` whose centres can lie in the hull of places.
fn reach(grid: &Grid, places: &[Point<Patient>]) -> [Range<usize>; 3] {
    let voxels: Vec<Point<Voxel>> = places.iter().map(|place| grid.voxel(*place)).collect();
    [0, 1, 2].map(|axis| {
        let low = voxels.iter().map(|v| v[axis]).fold(f64::INFINITY, f64::min);
        let high = voxels.iter().map(|v| v[axis]).fold(f64::NEG_INFINITY, f64::max);
        let clamp = |n: f64| n.clamp(0.0, grid.size()[axis] as f64) as usize;
        clamp(low.floor())..clamp(high.floor() + 1.0)
    })
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

    use crate::geometry::{Affine, Deformation, DisplacementField, Grid, Point, Route, Transform, Vector};
    use crate::voi::strategies::{SIZE, any_bent, any_mask, cells, centre, upright};
    use crate::voi::{Form, Frame, Mask, Solid};

    #[test]
    fn a_step_of_whole_voxels_moves_the_voxels() {
        let mask = Mask::from_predicate(upright([9, 9, 9], [2.0, 2.0, 3.0]), |[i, j, k]| {
            i < 4 && j == 3 && k > 6
        });
        let moved = mask
            .carry_through(
                Affine::translation(Vector::new(4.0, -6.0, -9.0)),
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
            assert_eq!(mask.carry_through(half, mask.grid().clone()).unwrap(), mask);
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
        let turned = mask.carry_through(turn, mask.grid().clone()).unwrap();
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
        assert!(mask.carry_through(flat, mask.grid().clone()).is_err());
    }

    /// A map that makes everything within 100 mm of the origin 1.2 times longer.
    fn growing() -> Transform {
        let step = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { 100.0 } else { 0.0 }));
        let corner = Point::new(-100.0, -100.0, -100.0);
        let grid = Grid::new([3; 3], Affine::from_axes([0, 1, 2].map(step), corner)).unwrap();
        let displacement = |n: usize| [n % 3, n / 3 % 3, n / 9].map(|n| 20.0 * (n as f32 - 1.0));
        let field = DisplacementField::new(grid, (0..27).map(displacement).collect()).unwrap();
        let affine = Affine::translation(Vector::new(500.0, 0.0, -30.0));
        Deformation { field, affine }.into()
    }

    #[test]
    fn a_ball_grows_and_shrinks_through_a_map_that_bends() {
        let (here, there) = (
            Frame::upright(Point::new(0.0, 0.0, 0.0)).unwrap(),
            Frame::upright(Point::new(500.0, 0.0, -30.0)).unwrap(),
        );
        let grid = |corner: [f64; 3]| {
            let step = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { 1.5 } else { 0.0 }));
            std::sync::Arc::new(
                Grid::new(
                    [60; 3],
                    Affine::from_axes([0, 1, 2].map(step), Point::from(corner)),
                )
                .unwrap(),
            )
        };
        let (grid_here, grid_there) = (grid([-45.0, -44.5, -44.2]), grid([455.0, -44.0, -74.4]));
        let ball = |frame, side_mm, grid| {
            Solid::new(Form::Ellipsoid, frame, [side_mm; 3])
                .unwrap()
                .rasterise(grid)
                .0
        };
        let (small, large) = (
            ball(here, 50.0, grid_here.clone()),
            ball(there, 60.0, grid_there.clone()),
        );
        let grown = small.carry_through(Route::along(growing()), grid_there).unwrap();
        let shrunk = large.carry_through(Route::against(growing()), grid_here).unwrap();
        let alike = |one: &Mask, other: &Mask| {
            2.0 * one.intersection(other).unwrap().volume_ml() / (one.volume_ml() + other.volume_ml())
        };
        assert!(alike(&grown, &large) > 0.98 && alike(&shrunk, &small) > 0.98);
        assert!((grown.volume_ml() / large.volume_ml() - 1.0).abs() < 0.02);
    }

    proptest! {
        /// Along and against a map that bends; and what shares nothing shares nothing afterwards.
        #[test]
        fn a_centre_is_inside_when_the_place_it_comes_from_is(
            (mask, bent) in any_mask().prop_flat_map(|mask| { let around = mask.grid().center(); (Just(mask), any_bent(around)) }),
            other in any_mask(), along in any::<bool>(),
        ) {
            let route = if along { Route::along(bent) } else { Route::against(bent) };
            let rest = Mask::from_predicate(mask.grid().clone(), |at| !mask.contains(at));
            let there = mask.carry_through(route.clone(), other.grid().clone()).unwrap();
            let rest_there = rest.carry_through(route.clone(), other.grid().clone()).unwrap();
            prop_assert!(there.intersection(&rest_there).unwrap().is_empty());
            let back = route.reversed();
            for at in cells(SIZE) {
                let source = mask.grid().voxel(back.apply(centre(other.grid(), at)).unwrap());
                let near_face = (0..3).any(|axis| ((source[axis] + 0.5) - (source[axis] + 0.5).round()).abs() < 1e-5);
                let nearest = [0, 1, 2].map(|axis| (source[axis] + 0.5).floor());
                let expected = nearest.iter().all(|n| *n >= 0.0) && mask.contains(nearest.map(|n| n as usize));
                prop_assert!(near_face || there.contains(at) == expected, "voxel {at:?}");
            }
        }

        #[test]
        fn a_centre_is_inside_when_its_origin_is(mask in any_mask(), other in any_mask(), axes in prop::array::uniform9(-1.5..1.5f64), shift in prop::array::uniform3(-4.0..4.0f64)) {
            let axes = [0, 3, 6].map(|n| Vector::from([axes[n], axes[n + 1], axes[n + 2]]));
            let map = Affine::from_axes(axes, Point::from(shift));
            prop_assume!(map.linear.determinant().abs() > 0.05);
            // About the middle of both grids, so that they meet.
            let (from, to) = (mask.grid().center(), other.grid().center());
            let map = Affine::translation(to - Point::new(0.0, 0.0, 0.0)) * map * Affine::translation(Point::new(0.0, 0.0, 0.0) - from);
            let there = mask.carry_through(map, other.grid().clone()).unwrap();
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

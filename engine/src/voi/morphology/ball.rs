//! Which neighbours of a voxel lie within a distance in patient space.

use std::ops::Range;

use crate::geometry::{Grid, Patient, Vector};

/// A centre this little beyond the distance is still within: rounding must not decide, where a distance is
/// a whole number of steps. Smaller than any digit that spacing is written with.
const TIE_MM: f64 = 1e-4;

/// The voxel centres within a distance of another, on any grid.
///
/// The steps of the grid are kept as an upper triangle: columns along the first of three orthogonal
/// directions, rows in the plane of the first two. So each row meets the ball in one chord, whose ends are
/// exact for sheared and oblique grids too.
pub(super) struct Ball<'a> {
    grid: &'a Grid,
    radius_mm: f64,
    /// `steps[axis]` is what a step along `axis` covers in the orthogonal directions, mm.
    steps: [[f64; 3]; 3],
}

/// The part of a ball around a voxel in one row: columns `low` to `high` from the voxel, both within.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chord {
    /// Rows from the voxel.
    pub row: i64,
    pub low: i64,
    pub high: i64,
}

/// The part of a ball in one slice.
pub(super) struct Disc {
    /// The slice, counted in the grid, which it may lie beyond.
    pub slice: i64,
    pub chords: Vec<Chord>,
}

impl<'a> Ball<'a> {
    /// `None` for a radius that is not above 0, which reaches no neighbour.
    pub(super) fn new(grid: &'a Grid, mm: f64) -> Option<Self> {
        let axes = [0, 1, 2].map(|axis| grid.patient_from_voxel().axis(axis));
        let corners = grid.corners();
        let across_mm = corners
            .iter()
            .flat_map(|a| corners.iter().map(|b| a.distance(*b)))
            .fold(0.0, f64::max);
        (mm > 0.0).then(|| Self {
            grid,
            // A larger radius reaches nothing more.
            radius_mm: mm.min(across_mm) + TIE_MM,
            steps: triangle(axes),
        })
    }

    /// The columns, rows and slices that a ball around any voxel of `bounds` can reach.
    pub(super) fn reach(&self, bounds: &[Range<i64>; 3]) -> [Range<i64>; 3] {
        let inverse = &self.grid.voxel_from_patient().linear;
        let [columns, rows, position] = [0, 1, 2].map(|axis| self.radius_mm * inverse.row(axis).norm());
        let at = |slice: i64, steps: f64| {
            let position = self.grid.position_from_slice(slice as f64) + steps;
            self.grid.slice_from_position(position)
        };
        let wider = |range: &Range<i64>, by: f64| {
            let by = by.ceil() as i64;
            range.start - by..range.end + by
        };
        let slices =
            at(bounds[2].start, -position).floor() as i64..at(bounds[2].end - 1, position).ceil() as i64 + 1;
        [wider(&bounds[0], columns), wider(&bounds[1], rows), slices]
    }

    /// The part of the ball around a voxel of `slice` in each of `slices`, the lowest first.
    pub(super) fn discs(&self, slice: i64, slices: &Range<i64>) -> Vec<Disc> {
        let here = self.grid.position_from_slice(slice as f64);
        let up = |other: i64| self.grid.position_from_slice(other as f64) - here;
        let within = |other: &i64| (up(*other) * self.steps[2][2]).abs() <= self.radius_mm;
        let start = slice.clamp(slices.start, slices.end);
        let mut met: Vec<i64> = (slices.start..start).rev().take_while(within).collect();
        met.reverse();
        met.extend((start..slices.end).take_while(within));
        met.into_iter().map(|slice| self.disc(slice, up(slice))).collect()
    }

    /// The part `up` steps of the third axis away.
    fn disc(&self, slice: i64, up: f64) -> Disc {
        let [[column_mm, _, _], [row_shear, row_mm, _], slice_step] = self.steps;
        let rest = self.radius_mm.powi(2) - (up * slice_step[2]).powi(2);
        let chord = |row: i64| {
            let across_mm = row as f64 * row_mm + up * slice_step[1];
            let along_mm = row as f64 * row_shear + up * slice_step[0];
            let half_mm = (rest - across_mm * across_mm).max(0.0).sqrt();
            let low = ((-along_mm - half_mm) / column_mm).ceil() as i64;
            let high = ((half_mm - along_mm) / column_mm).floor() as i64;
            Chord { row, low, high }
        };
        let (middle, half) = (-up * slice_step[1] / row_mm, rest.max(0.0).sqrt() / row_mm);
        let rows = (middle - half).ceil() as i64..=(middle + half).floor() as i64;
        let chords = rows.map(chord).filter(|chord| chord.low <= chord.high);
        Disc {
            slice,
            chords: chords.collect(),
        }
    }
}

/// The axes in orthogonal directions, of which the first axis has one part, the second two.
fn triangle(axes: [Vector<Patient>; 3]) -> [[f64; 3]; 3] {
    let direction = |vector: Vector<Patient>| vector.normalized().expect("the axes of a grid span space");
    let first = direction(axes[0]);
    let second = direction(axes[1] - first * first.dot(axes[1]));
    let third = axes[2] - first * first.dot(axes[2]);
    let third = direction(third - second * second.dot(third));
    let steps = axes.map(|axis| [first, second, third].map(|direction| direction.dot(axis)));
    [[steps[0][0], 0.0, 0.0], [steps[1][0], steps[1][1], 0.0], steps[2]]
}

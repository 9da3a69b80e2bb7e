//! The voxels whose centres lie in a shape, row by row.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::{Grid, Patient, Point, Vector, Voxel};
use crate::voi::{Mask, Run};

/// A centre this near a surface lies on it: rounding must not decide. Smaller than any digit that a place is
/// written with.
pub(super) const TIE_MM: f64 = 1e-4;

/// Steps smaller than this lead nowhere: along such a row a coordinate stands still.
const STILL_MM: f64 = 1e-9;

/// Columns of a row, as whole numbers: from `first` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Columns {
    pub first: f64,
    pub end: f64,
}

impl Columns {
    const ALL: Self = Self {
        first: f64::NEG_INFINITY,
        end: f64::INFINITY,
    };
    const NONE: Self = Self { first: 0.0, end: 0.0 };

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            end: self.end.min(other.end),
        }
    }

    /// Those within a row of `columns`.
    fn within(self, columns: usize) -> Range<usize> {
        // A float beyond the range of integers is cut to it.
        let cut = |column: f64| column.clamp(0.0, columns as f64) as usize;
        cut(self.first)..cut(self.end)
    }
}

/// A body in patient space that a row of voxel centres meets.
pub(super) trait Body {
    /// The lowest and the highest `covector` times a place inside, counted from the origin.
    fn range(&self, covector: Vector<Patient>) -> [f64; 2];

    /// The columns of a row inside; the centre of its first voxel and the step from column to column are given.
    fn meet(&self, first: Point<Patient>, step: Vector<Patient>, inside: &mut Vec<Columns>);
}

/// How a body lies to a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Lies {
    Within,
    PartlyBeyond,
    Beyond,
}

/// The voxels of a grid inside a body, as runs in reading order; those of one row may touch.
pub(super) fn runs(body: &impl Body, grid: &Grid) -> Vec<Run> {
    let [columns, rows, _] = grid.size();
    let reach = reach(body, grid);
    let [_, row_range, slice_range] = [0, 1, 2].map(|axis| {
        let [low, high] = reach[axis];
        let cut = |n: f64| n.clamp(0.0, grid.size()[axis] as f64) as usize;
        cut((low - 0.5).floor())..cut((high + 0.5).ceil() + 1.0)
    });
    let step = grid.patient_from_voxel().axis(0);
    let mut runs = Vec::new();
    let mut inside = Vec::new();
    for k in slice_range {
        for j in row_range.clone() {
            body.meet(
                grid.patient(Point::<Voxel>::new(0.0, j as f64, k as f64)),
                step,
                &mut inside,
            );
            let base = (k * rows + j) * columns;
            for range in inside
                .drain(..)
                .map(|part| part.within(columns))
                .filter(|range| !range.is_empty())
            {
                runs.push(Run {
                    start: base + range.start,
                    end: base + range.end,
                });
            }
        }
    }
    runs
}

/// The mask of runs that lie within a grid.
pub(super) fn mask(grid: &Arc<Grid>, runs: Vec<Run>) -> Mask {
    Mask::from_runs(grid.clone(), runs).expect("columns are cut to the grid")
}

/// Whether a body keeps within the outer faces of a grid.
pub(super) fn lies(body: &impl Body, grid: &Grid) -> Lies {
    const TIE: f64 = 1e-3;
    let reach = reach(body, grid);
    let faces = |axis: usize| (-0.5, grid.size()[axis] as f64 - 0.5);
    let beyond = |axis: usize| reach[axis][1] < faces(axis).0 || reach[axis][0] > faces(axis).1;
    let within = |axis: usize| reach[axis][0] >= faces(axis).0 - TIE && reach[axis][1] <= faces(axis).1 + TIE;
    if (0..3).any(beyond) {
        return Lies::Beyond;
    }
    if (0..3).all(within) {
        Lies::Within
    } else {
        Lies::PartlyBeyond
    }
}

/// The lowest and highest voxel coordinate inside a body, by axis.
fn reach(body: &impl Body, grid: &Grid) -> [[f64; 2]; 3] {
    let voxel_from_patient = grid.voxel_from_patient();
    [0, 1, 2].map(|axis| {
        let covector = voxel_from_patient.linear.row(axis).transpose();
        let [low, high] = body
            .range(covector.into())
            .map(|at| at + voxel_from_patient.origin[axis]);
        match axis {
            2 => [low, high].map(|position| grid.slice_from_position(position)),
            _ => [low, high],
        }
    })
}

/// The columns with `-half <= at + column * step < half`: the lower face is inside, the upper is not.
pub(super) fn between_faces(half_mm: f64, at: f64, step: f64) -> Columns {
    let [low, high] = [-half_mm - TIE_MM, half_mm - TIE_MM];
    if step.abs() < STILL_MM {
        return if low <= at && at < high {
            Columns::ALL
        } else {
            Columns::NONE
        };
    }
    let (to_low, to_high) = ((low - at) / step, (high - at) / step);
    if step > 0.0 {
        return Columns {
            first: to_low.ceil(),
            end: to_high.ceil(),
        };
    }
    Columns {
        first: to_high.floor() + 1.0,
        end: to_low.floor() + 1.0,
    }
}

/// The columns in an ellipse or an ellipsoid of these half lengths, its surface included.
pub(super) fn within_curve<const N: usize>(half_mm: [f64; N], at: [f64; N], step: [f64; N]) -> Columns {
    let scaled = |of: [f64; N]| std::array::from_fn(|axis| of[axis] / (half_mm[axis] + TIE_MM));
    let (at, step): ([f64; N], [f64; N]) = (scaled(at), scaled(step));
    let dot = |a: [f64; N], b: [f64; N]| (0..N).map(|axis| a[axis] * b[axis]).sum::<f64>();
    let square = dot(step, step);
    if square.sqrt() * half_mm.iter().copied().fold(0.0, f64::max) < STILL_MM {
        return if dot(at, at) <= 1.0 {
            Columns::ALL
        } else {
            Columns::NONE
        };
    }
    let nearest = -dot(at, step) / square;
    let closest: [f64; N] = std::array::from_fn(|axis| at[axis] + nearest * step[axis]);
    let rest = 1.0 - dot(closest, closest);
    if rest.is_nan() || rest < 0.0 {
        return Columns::NONE;
    }
    let half = (rest / square).sqrt();
    Columns {
        first: (nearest - half).ceil(),
        end: (nearest + half).floor() + 1.0,
    }
}

/// The columns inside a closed polygon by the even-odd rule; an edge towards lower columns is inside, the
/// one towards higher columns is not.
pub(super) fn within_polygon(polygon: &[[f64; 2]], at: [f64; 2], step: [f64; 2], inside: &mut Vec<Columns>) {
    let length = step[0].hypot(step[1]);
    let still = length < STILL_MM;
    // A row that stands still in the plane is one place: any line through it tells whether it is inside.
    let along = if still {
        [1.0, 0.0]
    } else {
        [step[0] / length, step[1] / length]
    };
    let from_line = |corner: [f64; 2]| {
        let to = [corner[0] - at[0], corner[1] - at[1]];
        [
            to[0] * along[0] + to[1] * along[1],
            to[1] * along[0] - to[0] * along[1] - TIE_MM,
        ]
    };
    let mut crossings: Vec<f64> = Vec::new();
    for (n, corner) in polygon.iter().enumerate() {
        let (a, b) = (from_line(*corner), from_line(polygon[(n + 1) % polygon.len()]));
        if (a[1] < 0.0) != (b[1] < 0.0) {
            let [low, high] = if a[1] < b[1] { [a, b] } else { [b, a] };
            crossings.push(low[0] + (high[0] - low[0]) * (low[1] / (low[1] - high[1])) - TIE_MM);
        }
    }
    if still {
        let odd = crossings.iter().filter(|crossing| **crossing <= 0.0).count() % 2 == 1;
        inside.extend(odd.then_some(Columns::ALL));
        return;
    }
    crossings.sort_by(f64::total_cmp);
    let column = |crossing: f64| (crossing / length).ceil();
    inside.extend(crossings.chunks_exact(2).map(|pair| Columns {
        first: column(pair[0]),
        end: column(pair[1]),
    }));
}

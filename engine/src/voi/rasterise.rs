//! From planes of polygons to the voxels inside, row by row.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::Grid;
use crate::voi::Mask;
use crate::voi::mask::MaskBuilder;
use crate::voi::planes::{ContourPlane, Planes, start, step};

/// Places this close below a boundary count as on it: rounding must not decide ties.
const TIE_MM: f64 = 1e-6;

/// Steps smaller than this lead nowhere: the row or column stands still in that coordinate.
const STILL_MM: f64 = 1e-9;

/// Fills the voxels whose centres lie inside the polygons.
pub(super) fn rasterise(planes: &Planes, grid: Arc<Grid>) -> Mask {
    let [columns, rows, slices] = grid.size();
    let mut raster = Raster {
        columns,
        rows,
        along_row: step(planes, &grid, 0),
        along_column: step(planes, &grid, 1),
        start: [0.0; 3],
        toggles: vec![false; (columns + 1) * rows],
        inside: vec![false; columns * rows],
    };
    let mut builder = MaskBuilder::new(grid.clone());
    for k in 0..slices {
        raster.start = start(planes, &grid, k);
        let mut filled = 0..0;
        for plane in raster.planes_met(&planes.planes) {
            filled = joined(filled, raster.fill(plane));
        }
        for j in filled {
            let row = &mut raster.inside[j * columns..][..columns];
            builder.push_row(k * rows + j, row.iter().copied());
            row.fill(false);
        }
    }
    builder.finish()
}

fn joined(a: Range<usize>, b: Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b,
        (_, true) => a,
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

/// One slice of the grid in the planes' coordinates (along the rows, across, along the normal; mm).
struct Raster {
    columns: usize,
    rows: usize,
    along_row: [f64; 3],
    along_column: [f64; 3],
    /// The centre of the slice's first voxel.
    start: [f64; 3],
    /// Where the parity changes, one longer than a row; all false between planes.
    toggles: Vec<bool>,
    inside: Vec<bool>,
}

impl Raster {
    /// Planes whose slabs hold a voxel centre of this slice.
    fn planes_met<'a>(&self, planes: &'a [ContourPlane]) -> &'a [ContourPlane] {
        let across = (self.columns - 1) as f64 * self.along_row[2];
        let down = (self.rows - 1) as f64 * self.along_column[2];
        let low = self.start[2] + across.min(0.0) + down.min(0.0) - TIE_MM;
        let high = self.start[2] + across.max(0.0) + down.max(0.0) + TIE_MM;
        let first = planes.partition_point(|plane| plane.high < low);
        let end = planes.partition_point(|plane| plane.low <= high);
        &planes[first..end.max(first)]
    }

    /// Fills the voxels of one plane and gives the rows touched.
    ///
    /// Each edge toggles the parity of the rows it crosses from the first centre at or right of it; a voxel
    /// is inside where the parity along its row is odd.
    fn fill(&mut self, plane: &ContourPlane) -> Range<usize> {
        let mut touched = 0..0;
        for edge in &plane.edges {
            let rows = self.first_row(edge[0][1])..self.first_row(edge[1][1]);
            for j in rows.clone() {
                let column = self.first_column(j, crossing(edge, self.at(j, 1)));
                let toggle = &mut self.toggles[j * (self.columns + 1) + column];
                *toggle = !*toggle;
            }
            touched = joined(touched, rows);
        }
        for j in touched.clone() {
            let reached = self.columns_reached(j, plane);
            let toggles = &mut self.toggles[j * (self.columns + 1)..][..self.columns + 1];
            let inside = &mut self.inside[j * self.columns..][..self.columns];
            let mut odd = false;
            for (i, inside) in inside.iter_mut().enumerate() {
                odd ^= toggles[i];
                *inside |= odd && reached.contains(&i);
            }
            toggles.fill(false);
        }
        touched
    }

    /// Coordinate `axis` of the first voxel of row `j`.
    fn at(&self, j: usize, axis: usize) -> f64 {
        self.start[axis] + j as f64 * self.along_column[axis]
    }

    /// The first row at or beyond a second coordinate.
    fn first_row(&self, y: f64) -> usize {
        first_at(y, self.start[1], self.along_column[1], self.rows)
    }

    /// The first voxel of row `j` at or beyond a first coordinate.
    fn first_column(&self, j: usize, x: f64) -> usize {
        first_at(x, self.at(j, 0), self.along_row[0], self.columns)
    }

    /// Voxels of row `j` that the plane's slab holds.
    fn columns_reached(&self, j: usize, plane: &ContourPlane) -> Range<usize> {
        let (from, step) = (self.at(j, 2), self.along_row[2]);
        if step < -STILL_MM {
            // Counted from the far end the row rises; then the ends change their roles back.
            let last = from + (self.columns - 1) as f64 * step;
            let end = self.columns - first_at(plane.low, last, -step, self.columns);
            return self.columns - first_at(plane.high, last, -step, self.columns)..end;
        }
        first_at(plane.low, from, step, self.columns)..first_at(plane.high, from, step, self.columns)
    }
}

/// The first of `count` places `from + n * step` at or beyond `bound`; `count` when none is. `step` is not negative.
fn first_at(bound: f64, from: f64, step: f64, count: usize) -> usize {
    let distance = bound - TIE_MM - from;
    if step < STILL_MM {
        return if distance <= 0.0 { 0 } else { count };
    }
    // A float beyond the range of integers is cut to it; no coordinate is NaN.
    ((distance / step).ceil().max(0.0) as usize).min(count)
}

/// First coordinate of an edge where its second is `y`.
fn crossing([low, high]: &[[f64; 2]; 2], y: f64) -> f64 {
    let part = ((y - low[1]) / (high[1] - low[1])).clamp(0.0, 1.0);
    low[0] + part * (high[0] - low[0])
}

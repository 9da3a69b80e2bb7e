//! From masks to the contours around them.

use crate::geometry::{Point, Voxel};
use crate::voi::{Mask, PolygonStack, Run};

impl Mask {
    /// The contours around the voxels of each slice, along the faces between inside and outside.
    ///
    /// Outlines and holes are polygons of their own (even-odd, no keyholes), of corners only. On this grid
    /// [`PolygonStack::rasterise`] gives the same mask back, whatever slices are empty; slices must lie at
    /// least 0.1 mm apart. Parts that touch at a corner have outlines of their own.
    #[must_use]
    pub fn contours(&self) -> PolygonStack {
        let [columns, rows, slices] = self.grid().size();
        let slice = |run: &Run| run.start / (columns * rows);
        let mut polygons = Vec::new();
        for runs in self.runs().chunk_by(|a, b| slice(a) == slice(b)) {
            let height = slice(&runs[0]) as f64;
            let place = |[x, y]: [usize; 2]| {
                let corner = Point::<Voxel>::new(x as f64 - 0.5, y as f64 - 0.5, height);
                self.grid().patient(corner)
            };
            let loops = Sides::of(runs, columns, rows).loops();
            polygons.extend(
                loops
                    .into_iter()
                    .map(|corners| corners.into_iter().map(place).collect()),
            );
        }
        let stack = PolygonStack::new(polygons);
        let normal = self.grid().row_direction().cross(self.grid().column_direction());
        let up_mm = normal.normalized().map_or(0.0, |normal| {
            normal.dot(self.grid().patient_from_voxel().axis(2)).abs()
        });
        let steps = (1..slices).map(|k| [k, k - 1].map(|k| self.grid().position_from_slice(k as f64)));
        let least = steps.map(|[high, low]| high - low).fold(f64::INFINITY, f64::min);
        if least.is_finite() {
            stack.with_slab_mm(least * up_mm)
        } else {
            stack
        }
    }
}

/// The left and right sides of a slice's runs, and how their ends are joined along the lines between rows.
///
/// Side `2n` is the left of run `n`, side `2n + 1` its right; end `2s` is the upper of side `s`, `2s + 1` its
/// lower. Corners are counted from the corner of the grid.
struct Sides {
    column: Vec<usize>,
    row: Vec<usize>,
    /// The end that each end is joined to.
    joined: Vec<usize>,
}

impl Sides {
    fn of(runs: &[Run], columns: usize, rows: usize) -> Self {
        let row_of = |run: &Run| run.start / columns;
        let mut sides = Self {
            column: Vec::with_capacity(2 * runs.len()),
            row: Vec::with_capacity(2 * runs.len()),
            joined: vec![0; 4 * runs.len()],
        };
        for run in runs {
            let base = row_of(run) * columns;
            sides.column.extend([run.start - base, run.end - base]);
            sides.row.extend([row_of(run) % rows; 2]);
        }
        let mut above = 0..0;
        let mut first = 0;
        for row in runs.chunk_by(|a, b| row_of(a) == row_of(b)) {
            let these = first..first + 2 * row.len();
            let next_to = !above.is_empty() && sides.row[above.start] + 1 == sides.row[these.start];
            if next_to {
                sides.join(above, these.clone());
            } else {
                sides.join(above, 0..0);
                sides.join(0..0, these.clone());
            }
            first = these.end;
            above = these;
        }
        sides.join(above, 0..0);
        sides
    }

    /// Joins the ends that meet the line between two rows, given the sides above and below it.
    fn join(&mut self, above: std::ops::Range<usize>, below: std::ops::Range<usize>) {
        let ends = above.map(|side| 2 * side + 1).chain(below.map(|side| 2 * side));
        let mut ends: Vec<usize> = ends.collect();
        // Where a run ends and another begins, each keeps its own outline: ends come first.
        ends.sort_by_key(|end| (self.column[end / 2], end / 2 % 2 == 0, *end));
        let straight =
            |a: usize, b: usize| self.column[a / 2] == self.column[b / 2] && (a / 2) % 2 == (b / 2) % 2;
        let mut turning: Vec<usize> = Vec::with_capacity(ends.len());
        for end in ends {
            match turning.last() {
                Some(last) if straight(*last, end) => {
                    self.joined[end] = *last;
                    self.joined[*last] = end;
                    turning.pop();
                }
                _ => turning.push(end),
            }
        }
        for pair in turning.chunks_exact(2) {
            self.joined[pair[0]] = pair[1];
            self.joined[pair[1]] = pair[0];
        }
    }

    /// The corners of each outline in turn.
    fn loops(&self) -> Vec<Vec<[usize; 2]>> {
        let mut seen = vec![false; self.column.len()];
        let mut loops = Vec::new();
        for start in 0..self.column.len() {
            let mut corners = Vec::new();
            let mut end = 2 * start;
            while !seen[end / 2] {
                seen[end / 2] = true;
                // Along the side, then over to the next.
                let (from, to) = (end ^ 1, self.joined[end ^ 1]);
                if self.column[from / 2] != self.column[to / 2] {
                    let line = self.row[from / 2] + from % 2;
                    corners.extend([from, to].map(|end| [self.column[end / 2], line]));
                }
                end = to;
            }
            if !corners.is_empty() {
                loops.push(corners);
            }
        }
        loops
    }
}

#[cfg(test)]
mod tests;

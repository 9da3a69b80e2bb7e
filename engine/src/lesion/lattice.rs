//! A coarse grid of cubes along the patient's axes, on which the body is looked at.

use std::ops::Range;

use crate::geometry::{Grid, Patient, Point, Voxel};
use crate::volume::{Interpolation, Rescale, Stored, Volume, sample};
use crate::with_voxels;

/// Side of a cube, mm: fine enough for lungs and bones, 400 times fewer than a CT's voxels.
const STEP_MM: f64 = 5.0;
/// Cubes at most: a metre and a half of a wide patient has 2 million.
const MOST_CELLS: f64 = 8e6;

/// Cubes over the box of a volume; x rises to the patient's left, y to the back, z to the head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lattice {
    /// Cubes along x, y, z.
    pub size: [usize; 3],
    /// Their side, mm.
    pub step_mm: f64,
    /// Center of the first.
    first: [f64; 3],
}

impl Lattice {
    /// The cubes that hold `grid`; larger than usual where a grid is huge.
    pub fn over(grid: &Grid) -> Self {
        let corners = grid.corners();
        let low = [0, 1, 2].map(|a| corners.iter().map(|c| c[a]).fold(f64::INFINITY, f64::min));
        let high = [0, 1, 2].map(|a| corners.iter().map(|c| c[a]).fold(f64::NEG_INFINITY, f64::max));
        let mut step_mm = STEP_MM;
        while (0..3)
            .map(|a| (high[a] - low[a]) / step_mm + 1.0)
            .product::<f64>()
            > MOST_CELLS
        {
            step_mm *= 1.5;
        }
        let size = [0, 1, 2].map(|a| ((high[a] - low[a]) / step_mm).ceil().max(1.0) as usize);
        let first = [0, 1, 2].map(|a| (low[a] + high[a] - (size[a] as f64 - 1.0) * step_mm) / 2.0);
        Self { size, step_mm, first }
    }

    /// Number of cubes.
    pub fn cells(&self) -> usize {
        self.size.iter().product()
    }

    /// Volume of a cube, mL.
    pub fn cell_ml(&self) -> f64 {
        self.step_mm * self.step_mm * self.step_mm / 1000.0
    }

    pub fn index(&self, [i, j, k]: [usize; 3]) -> usize {
        (k * self.size[1] + j) * self.size[0] + i
    }

    pub fn cell(&self, index: usize) -> [usize; 3] {
        let [x, y, _] = self.size;
        [index % x, index / x % y, index / (x * y)]
    }

    /// Center of a cube.
    pub fn place(&self, cell: [usize; 3]) -> Point<Patient> {
        Point::from([0, 1, 2].map(|a| self.first[a] + cell[a] as f64 * self.step_mm))
    }

    /// Coordinate of a place along an axis, in cubes.
    pub fn along(&self, axis: usize, mm: f64) -> f64 {
        (mm - self.first[axis]) / self.step_mm
    }

    /// The cube that holds a place; `None` outside.
    pub fn at(&self, place: Point<Patient>) -> Option<[usize; 3]> {
        let at = [0, 1, 2].map(|a| (self.along(a, place[a]) + 0.5).floor());
        (0..3)
            .all(|a| at[a] >= 0.0 && at[a] < self.size[a] as f64)
            .then(|| at.map(|v| v as usize))
    }

    /// Cubes within `mm` of a number of cubes, rounded.
    pub fn cells_in(&self, mm: f64) -> usize {
        (mm / self.step_mm).round() as usize
    }

    /// Means of the finite values of the voxels whose centers lie in each cube, every second one along an
    /// axis where there are enough; the nearest voxel's value where none does. NaN outside the volume.
    pub fn averaged(&self, volume: &Volume) -> Vec<f32> {
        let grid = volume.grid();
        if !is_upright(grid) {
            return self.nearest(volume);
        }
        let voxels = [0, 1, 2].map(|axis| self.voxels_of(grid, axis));
        let strides = grid
            .spacing_mm()
            .map(|spacing| ((self.step_mm / spacing / 2.0) as usize).clamp(1, 2));
        let mut means = vec![f32::NAN; self.cells()];
        with_voxels!(volume.voxels(), values => {
            let averages = Averages { values, grid, voxels: &voxels, strides, rescale: volume.rescale() };
            self.each_plane(&mut means, |k, plane| averages.plane(k, plane));
        });
        means
    }

    /// The nearest voxel's value at the centers of the cubes; NaN outside.
    fn nearest(&self, volume: &Volume) -> Vec<f32> {
        let mut values = vec![f32::NAN; self.cells()];
        self.each_plane(&mut values, |k, plane| {
            for (n, value) in plane.iter_mut().enumerate() {
                let place = self.place([n % self.size[0], n / self.size[0], k]);
                let at = volume.grid().voxel(place);
                let real = sample(volume, at, Interpolation::Nearest).filter(|v| v.is_finite());
                *value = real.map_or(f32::NAN, |v| v as f32);
            }
        });
        values
    }

    /// Calls `fill` with the number and the cubes of each axial plane, in any order.
    fn each_plane<T: Send>(&self, values: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync) {
        let plane = self.size[0] * self.size[1];
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            let planes = values.par_chunks_mut(plane).enumerate();
            planes.for_each(|(k, plane)| fill(k, plane));
        }
        #[cfg(not(feature = "parallel"))]
        values
            .chunks_mut(plane)
            .enumerate()
            .for_each(|(k, plane)| fill(k, plane));
    }

    /// The voxels along an axis of an upright grid that lie in each cube, or the nearest one.
    fn voxels_of(&self, grid: &Grid, axis: usize) -> Vec<Range<usize>> {
        let count = grid.size()[axis];
        let mut voxels = vec![0..0; self.size[axis]];
        for n in 0..count {
            let mut at = [0.0; 3];
            at[axis] = n as f64;
            let place = grid.patient(Point::<Voxel>::from(at));
            let cell = (self.along(axis, place[axis]) + 0.5).floor();
            if cell >= 0.0 && cell < self.size[axis] as f64 {
                let own = &mut voxels[cell as usize];
                let first = if own.end == 0 { n } else { own.start };
                *own = first..n + 1;
            }
        }
        for (cell, own) in voxels.iter_mut().enumerate().filter(|(_, own)| own.end == 0) {
            let mut place = [0, 1, 2].map(|a| grid.center()[a]);
            place[axis] = self.first[axis] + cell as f64 * self.step_mm;
            let nearest = (grid.voxel(Point::from(place))[axis] + 0.5).floor();
            if nearest >= 0.0 && nearest < count as f64 {
                *own = nearest as usize..nearest as usize + 1;
            }
        }
        voxels
    }
}

/// Means of the voxels of an upright grid over cubes.
struct Averages<'a, T> {
    values: &'a [T],
    grid: &'a Grid,
    voxels: &'a [Vec<Range<usize>>; 3],
    strides: [usize; 3],
    rescale: Rescale,
}

impl<T: Stored> Averages<'_, T> {
    fn plane(&self, k: usize, plane: &mut [f32]) {
        let [columns, rows, _] = self.grid.size();
        let width = self.voxels[0].len();
        for (j, cells) in plane.chunks_exact_mut(width).enumerate() {
            let mut sums = vec![(0.0f32, 0u32); width];
            for slice in self.voxels[2][k].clone().step_by(self.strides[2]) {
                for row in self.voxels[1][j].clone().step_by(self.strides[1]) {
                    let line = &self.values[(slice * rows + row) * columns..][..columns];
                    self.add_line(line, &mut sums);
                }
            }
            for (cell, (sum, count)) in cells.iter_mut().zip(sums) {
                if count > 0 {
                    *cell = self.rescale.real(f64::from(sum) / f64::from(count)) as f32;
                }
            }
        }
    }

    fn add_line(&self, line: &[T], sums: &mut [(f32, u32)]) {
        for ((sum, count), columns) in sums.iter_mut().zip(&self.voxels[0]) {
            for value in line[columns.clone()].iter().step_by(self.strides[0]) {
                let value = value.to_f32();
                if value.is_finite() {
                    *sum += value;
                    *count += 1;
                }
            }
        }
    }
}

/// Whether a grid's axes are the patient's, in their order.
fn is_upright(grid: &Grid) -> bool {
    [
        grid.row_direction(),
        grid.column_direction(),
        grid.slice_direction(),
    ]
    .iter()
    .enumerate()
    .all(|(axis, direction)| direction[axis].abs() > 0.9999)
}

/// Cubes that hold something, on a lattice.
pub(super) type Cells = Vec<bool>;

impl Lattice {
    /// Grows a set by `reach` cubes along each axis.
    pub fn grown(&self, cells: &[bool], reach: usize) -> Cells {
        let mut grown = cells.to_vec();
        for axis in 0..3 {
            grown = self.grown_along(&grown, axis, reach);
        }
        grown
    }

    /// Shrinks a set by `reach` cubes along each axis; the set goes on beyond the lattice's edge.
    pub fn shrunk(&self, cells: &[bool], reach: usize) -> Cells {
        let outside: Cells = cells.iter().map(|cell| !cell).collect();
        self.grown(&outside, reach).iter().map(|cell| !cell).collect()
    }

    /// What of a set a box of `2 reach + 1` cubes can reach without leaving it.
    pub fn opened(&self, cells: &[bool], reach: usize) -> Cells {
        self.grown(&self.shrunk(cells, reach), reach)
    }

    fn grown_along(&self, cells: &[bool], axis: usize, reach: usize) -> Cells {
        let stride: usize = self.size[..axis].iter().product();
        let block = stride * self.size[axis];
        let mut grown = cells.to_vec();
        for (out, cells) in grown.chunks_exact_mut(block).zip(cells.chunks_exact(block)) {
            for shift in (1..=reach)
                .map(|step| step * stride)
                .take_while(|shift| *shift < block)
            {
                out[shift..]
                    .iter_mut()
                    .zip(cells)
                    .for_each(|(out, cell)| *out |= *cell);
                out.iter_mut()
                    .zip(&cells[shift..])
                    .for_each(|(out, cell)| *out |= *cell);
            }
        }
        grown
    }

    /// Connected parts over faces: a number from 1 for each cube of the set, and the cubes of each part.
    pub fn parts(&self, cells: &[bool]) -> (Vec<u32>, Vec<usize>) {
        let mut numbers = vec![0u32; cells.len()];
        let mut counts = Vec::new();
        let mut open = Vec::new();
        for start in 0..cells.len() {
            if !cells[start] || numbers[start] != 0 {
                continue;
            }
            let number = counts.len() as u32 + 1;
            numbers[start] = number;
            open.push(start);
            let mut count = 0;
            while let Some(cell) = open.pop() {
                count += 1;
                self.each_face(cell, |other| {
                    if cells[other] && numbers[other] == 0 {
                        numbers[other] = number;
                        open.push(other);
                    }
                });
            }
            counts.push(count);
        }
        (numbers, counts)
    }

    /// The largest part of a set; empty for an empty set.
    pub fn largest(&self, cells: &[bool]) -> Cells {
        let (numbers, counts) = self.parts(cells);
        let largest = (0..counts.len()).max_by_key(|n| (counts[*n], std::cmp::Reverse(*n)));
        match largest {
            Some(largest) => numbers.iter().map(|n| *n == largest as u32 + 1).collect(),
            None => vec![false; cells.len()],
        }
    }

    /// Shows the cubes that share a face with one.
    pub fn each_face(&self, index: usize, mut see: impl FnMut(usize)) {
        let cell = self.cell(index);
        let mut stride = 1;
        for (at, size) in cell.into_iter().zip(self.size) {
            if at > 0 {
                see(index - stride);
            }
            if at + 1 < size {
                see(index + stride);
            }
            stride *= size;
        }
    }

    /// The set with what it encloses in each axial plane.
    pub fn filled(&self, cells: &[bool]) -> Cells {
        let [columns, rows, _] = self.size;
        let mut filled = cells.to_vec();
        for plane in filled.chunks_exact_mut(columns * rows) {
            fill_plane(plane, columns);
        }
        filled
    }

    /// Means over each cube and its 26 neighbours; at the edge the cube itself stands for what is missing.
    pub fn smoothed(&self, values: &[f32]) -> Vec<f32> {
        let mut values = values.to_vec();
        for axis in 0..3 {
            let stride: usize = self.size[..axis].iter().product();
            let block = stride * self.size[axis];
            let mut sums = values.clone();
            for (sums, values) in sums.chunks_exact_mut(block).zip(values.chunks_exact(block)) {
                let last = block - stride;
                sums[stride..]
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, v)| *sum += v);
                sums[..stride]
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, v)| *sum += v);
                sums.iter_mut()
                    .zip(&values[stride..])
                    .for_each(|(sum, v)| *sum += v);
                sums[last..]
                    .iter_mut()
                    .zip(&values[last..])
                    .for_each(|(sum, v)| *sum += v);
            }
            sums.iter_mut().for_each(|sum| *sum /= 3.0);
            values = sums;
        }
        values
    }
}

/// Fills what no path over empty cubes joins to the plane's edge.
fn fill_plane(plane: &mut [bool], columns: usize) {
    let rows = plane.len() / columns;
    let mut outside = vec![false; plane.len()];
    let mut open: Vec<usize> = (0..plane.len())
        .filter(|n| {
            let (i, j) = (n % columns, n / columns);
            i == 0 || j == 0 || i + 1 == columns || j + 1 == rows
        })
        .filter(|n| !plane[*n])
        .collect();
    open.iter().for_each(|n| outside[*n] = true);
    while let Some(n) = open.pop() {
        let (i, j) = (n % columns, n / columns);
        let mut visit = |other: usize| {
            if !plane[other] && !outside[other] {
                outside[other] = true;
                open.push(other);
            }
        };
        if i > 0 {
            visit(n - 1);
        }
        if i + 1 < columns {
            visit(n + 1);
        }
        if j > 0 {
            visit(n - columns);
        }
        if j + 1 < rows {
            visit(n + columns);
        }
    }
    for (cell, outside) in plane.iter_mut().zip(outside) {
        *cell = !outside;
    }
}

//! A box of voxels of a volume as real values: what local methods work on.

use std::ops::Range;

use crate::geometry::Grid;
use crate::voi::blurred_sphere::{exp_minus, sd_of_fwhm};
use crate::voi::{Neighbours, Run};
use crate::volume::{Stored, Volume};
use crate::with_voxels;

/// A Gaussian is cut where it falls below a hundredth of its height: at three standard deviations.
const REACH_SD: f64 = 3.0;

/// A box of voxels; positions count within the box, in reading order.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// The first voxel (column, row, slice) of the box.
    pub(super) start: [usize; 3],
    /// Columns, rows and slices.
    pub(super) size: [usize; 3],
}

impl Window {
    pub(super) fn new(ranges: [Range<usize>; 3]) -> Self {
        let size = [0, 1, 2].map(|axis| ranges[axis].len());
        Self {
            start: ranges.map(|range| range.start),
            size,
        }
    }

    pub(super) fn voxels(&self) -> usize {
        self.size.iter().product()
    }

    /// Place in the box (column, row, slice) of a position.
    pub(super) fn place(&self, position: usize) -> [usize; 3] {
        let [columns, rows, _] = self.size;
        [
            position % columns,
            position / columns % rows,
            position / (columns * rows),
        ]
    }

    /// Position of a place in the box.
    pub(super) fn position(&self, [i, j, k]: [usize; 3]) -> usize {
        (k * self.size[1] + j) * self.size[0] + i
    }

    /// Position of a voxel of the volume; `None` outside the box.
    pub(super) fn position_of(&self, voxel: [usize; 3]) -> Option<usize> {
        let mut place = [0; 3];
        for axis in 0..3 {
            place[axis] = voxel[axis].checked_sub(self.start[axis])?;
            if place[axis] >= self.size[axis] {
                return None;
            }
        }
        Some(self.position(place))
    }

    /// The real values of the box's voxels.
    pub(super) fn values(&self, volume: &Volume) -> Vec<f64> {
        let [columns, rows, _] = volume.grid().size();
        let rescale = volume.rescale();
        let mut real = Vec::with_capacity(self.voxels());
        with_voxels!(volume.voxels(), values => {
            for row in 0..self.size[1] * self.size[2] {
                let (j, k) = (self.start[1] + row % self.size[1], self.start[2] + row / self.size[1]);
                let first = (k * rows + j) * columns + self.start[0];
                let row = &values[first..first + self.size[0]];
                real.extend(row.iter().map(|stored| rescale.real(f64::from(stored.to_f32()))));
            }
        });
        real
    }

    /// Positions of the neighbours of a position.
    pub(super) fn around(&self, position: usize, neighbours: Neighbours) -> impl Iterator<Item = usize> + '_ {
        let place = self.place(position);
        neighbours.steps().iter().filter_map(move |step| {
            let mut other = [0; 3];
            for axis in 0..3 {
                other[axis] = place[axis].checked_add_signed(step[axis])?;
                if other[axis] >= self.size[axis] {
                    return None;
                }
            }
            Some(self.position(other))
        })
    }

    /// Where the centres along each axis of the box lie, mm from the first; along the axis, sheared or not.
    pub(super) fn places_mm(&self, grid: &Grid) -> [Vec<f64>; 3] {
        [0, 1, 2].map(|axis| {
            let step_mm = grid.patient_from_voxel().axis(axis).norm();
            let place = |n: usize| match axis {
                2 => grid.position_from_slice(n as f64) * step_mm,
                _ => n as f64 * step_mm,
            };
            let first = self.start[axis];
            (first..first + self.size[axis])
                .map(|n| place(n) - place(first))
                .collect()
        })
    }

    /// Values smoothed by a Gaussian (full width at half maximum in mm) along each axis in turn.
    ///
    /// What is not finite counts for nothing, and stays as it is. Weights follow the distances of uneven
    /// slices and make one at the ends of the box.
    pub(super) fn smoothed(&self, values: &[f64], grid: &Grid, fwhm_mm: f64) -> Vec<f64> {
        let mut smoothed = values.to_vec();
        if fwhm_mm.is_nan() || fwhm_mm <= 0.0 {
            return smoothed;
        }
        let [columns, rows, _] = self.size;
        for (axis, places_mm) in self.places_mm(grid).iter().enumerate() {
            let stride = [1, columns, columns * rows][axis];
            let kernels: Vec<Kernel> = (0..places_mm.len())
                .map(|at| Kernel::new(places_mm, at, fwhm_mm))
                .collect();
            let before = smoothed.clone();
            for (position, value) in smoothed.iter_mut().enumerate() {
                let at = position / stride % self.size[axis];
                let kernel = &kernels[at];
                let first = position - (at - kernel.first) * stride;
                *value = kernel.mean(before[first..].iter().step_by(stride).copied());
            }
        }
        for (smoothed, value) in smoothed.iter_mut().zip(values) {
            if !value.is_finite() {
                *smoothed = *value;
            }
        }
        smoothed
    }

    /// The runs in the volume, of `grid`'s size, of the positions that are `inside`.
    pub(super) fn runs(&self, grid: &Grid, inside: impl Fn(usize) -> bool) -> Vec<Run> {
        let [columns, rows, _] = grid.size();
        let mut runs: Vec<Run> = Vec::new();
        for position in (0..self.voxels()).filter(|position| inside(*position)) {
            let [i, j, k] = self.place(position);
            let index = ((self.start[2] + k) * rows + self.start[1] + j) * columns + self.start[0] + i;
            match runs.last_mut() {
                Some(run) if run.end == index && i > 0 => run.end += 1,
                _ => runs.push(Run {
                    start: index,
                    end: index + 1,
                }),
            }
        }
        runs
    }
}

/// Weights of the neighbours along one axis.
struct Kernel {
    first: usize,
    weights: Vec<f64>,
}

impl Kernel {
    fn new(places_mm: &[f64], at: usize, fwhm_mm: f64) -> Self {
        let reach_mm = REACH_SD * sd_of_fwhm(fwhm_mm);
        let near = |place: &f64| (place - places_mm[at]).abs() <= reach_mm;
        let first = places_mm[..at]
            .iter()
            .rev()
            .take_while(|place| near(place))
            .count();
        let after = places_mm[at..].iter().take_while(|place| near(place)).count();
        let first = at - first;
        let weight = |place: &f64| {
            let distance_sd = (place - places_mm[at]) / sd_of_fwhm(fwhm_mm);
            exp_minus(distance_sd * distance_sd / 2.0)
        };
        Self {
            first,
            weights: places_mm[first..at + after].iter().map(weight).collect(),
        }
    }

    fn mean(&self, values: impl Iterator<Item = f64>) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (weight, value) in self.weights.iter().zip(values) {
            if value.is_finite() {
                sum += weight * value;
                total += weight;
            }
        }
        if total > 0.0 { sum / total } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::geometry::{Affine, Grid, Point, Vector};

    fn grid() -> Grid {
        let axes = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 1.0, 3.0]].map(Vector::from);
        let affine = Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0));
        Grid::with_slice_positions([9, 8, 7], affine, vec![0.0, 1.0, 2.0, 4.0, 5.0, 5.5, 6.0]).unwrap()
    }

    #[test]
    fn smoothing_keeps_what_is_even_and_passes_over_what_is_no_number() {
        let window = Window::new([1..8, 0..8, 1..7]);
        let mut values = vec![3.0; window.voxels()];
        values[100] = f64::NAN;
        values[200] = f64::INFINITY;
        let smoothed = window.smoothed(&values, &grid(), 6.0);
        for (n, value) in smoothed.iter().enumerate() {
            match n {
                100 => assert!(value.is_nan()),
                200 => assert_eq!(*value, f64::INFINITY),
                _ => assert!((value - 3.0).abs() < 1e-12),
            }
        }
    }

    #[test]
    fn a_point_becomes_a_gaussian_of_the_stated_width() {
        let axes = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]].map(Vector::from);
        let grid = Grid::new([31, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        let window = Window::new([0..31, 0..1, 0..1]);
        let mut values = vec![0.0; window.voxels()];
        values[15] = 1.0;
        let smoothed = window.smoothed(&values, &grid, 8.0);
        // Two voxels of 2 mm are half the width: there it has half its height.
        assert!((smoothed[17] / smoothed[15] - 0.5).abs() < 1e-9);
        assert!((smoothed.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn positions_are_those_of_the_volume() {
        let window = Window::new([2..5, 1..8, 3..6]);
        assert_eq!(window.position_of([2, 1, 3]), Some(0));
        assert_eq!(window.position_of([4, 7, 5]), Some(window.voxels() - 1));
        assert_eq!(
            (window.position_of([5, 7, 5]), window.position_of([4, 0, 5])),
            (None, None)
        );
        let runs = window.runs(&grid(), |position| window.place(position)[1] == 6);
        assert_eq!(runs.len(), 3);
        assert_eq!(
            (runs[0].start, runs[0].end),
            ((3 * 8 + 7) * 9 + 2, (3 * 8 + 7) * 9 + 5)
        );
    }
}

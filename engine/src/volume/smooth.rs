//! A volume at a coarser resolution: smoothed by a Gaussian of known width.

use crate::geometry::Grid;
use crate::volume::{Rescale, Stored, Volume, VolumeError, Voxels};
use crate::with_voxels;

/// Full width at half maximum of a Gaussian for each of its standard deviation: 2 √(2 ln 2).
const FWHM_OF_SIGMA: f64 = 2.354_820_045_030_949_3;

/// Weights below this part of the largest are left out.
const TAIL: f64 = 1e-12;

/// Halvings that fix a filter's spread to the last digit.
const HALVINGS: u32 = 60;

/// Far more weights than the widest filter has.
const MOST_STEPS: usize = 4096;

/// Axes whose cosine is below this are at right angles.
const UPRIGHT: f64 = 1e-4;

/// A wider filter would take in more voxels than a body has.
const MOST_VARIANCE: f64 = 1e4;

/// Why a volume is not smoothed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SmoothError {
    /// The width is negative, not a number, or hundreds of voxels.
    #[error("the filter's width must be from 0 to some hundred voxels, found {0} mm")]
    Width(f64),
    /// The target is not coarser than what is there.
    #[error(
        "a filter only makes coarser: expected a target above {own_fwhm_mm} mm FWHM, found {target_fwhm_mm} mm"
    )]
    Sharper {
        /// Full width at half maximum that is asked for.
        target_fwhm_mm: f64,
        /// Full width at half maximum of the image.
        own_fwhm_mm: f64,
    },
    /// The axes are not at right angles, so that a round filter is not one along each.
    #[error("a filter in mm needs axes at right angles, found a stack sheared by {0:.4} rad")]
    Sheared(f64),
    /// Slices lie unevenly.
    #[error("a filter needs slices at even distances, found uneven ones")]
    Uneven,
    /// The result is no volume.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

/// Gives a volume smoothed by a round Gaussian of `fwhm_mm` (full width at half maximum), as f32 real values.
///
/// Along each axis the weights are a Gaussian's at whole voxels, with the spread that makes their variance
/// exact however narrow the filter is against the voxels; so widths add as squares. At the volume's edge, and where values are NaN or infinite, the mean is over what is
/// left; a voxel without a finite value stays without. Sums are made in f64.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::volume::{Rescale, Unit, Volume, Voxels, smoothed};
/// let axes = [Vector::new(4.0, 0.0, 0.0), Vector::new(0.0, 4.0, 0.0), Vector::new(0.0, 0.0, 4.0)];
/// let grid = Grid::new([9, 9, 9], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let flat = Volume::new(grid, Voxels::U8(vec![7; 729].into()), Rescale::IDENTITY, Unit::SuvBw).unwrap();
/// let smooth = smoothed(&flat, 6.0).unwrap();
/// assert!((smooth.value([0, 4, 8]).unwrap() - 7.0).abs() < 1e-6);
/// ```
///
/// # Errors
///
/// [`SmoothError`] for a width that is none, and for stacks that are sheared or uneven: there the filter
/// would not be the one that is named beside the numbers.
pub fn smoothed(volume: &Volume, fwhm_mm: f64) -> Result<Volume, SmoothError> {
    let grid = volume.grid();
    let filter = Filter::new(grid, fwhm_mm)?;
    let real = |index: usize| {
        volume
            .voxels()
            .get(index)
            .map_or(f64::NAN, |stored| volume.rescale().real(stored))
    };
    let all_finite = with_voxels!(volume.voxels(), values => {
        values.iter().all(|stored| volume.rescale().real(f64::from(stored.to_f32())).is_finite())
    });
    let fill = |(k, out): (usize, &mut [f32])| {
        let sums = with_voxels!(volume.voxels(), values => filter.slice(k, |index| {
            let real = volume.rescale().real(f64::from(values[index].to_f32()));
            if real.is_finite() { real } else { 0.0 }
        }));
        let weights = if all_finite {
            filter.weights(k)
        } else {
            filter.slice(k, |index| f64::from(u8::from(real(index).is_finite())))
        };
        let first = k * out.len();
        for (n, out) in out.iter_mut().enumerate() {
            let has_value = all_finite || real(first + n).is_finite();
            *out = if has_value {
                (sums[n] / weights[n]) as f32
            } else {
                f32::NAN
            };
        }
    };
    let mut values = vec![0f32; grid.voxels()];
    let plane = filter.size[0] * filter.size[1];
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        values.par_chunks_mut(plane).enumerate().for_each(fill);
    }
    #[cfg(not(feature = "parallel"))]
    values.chunks_mut(plane).enumerate().for_each(fill);
    let smooth = Volume::new(
        grid.clone(),
        Voxels::F32(values.into()),
        Rescale::IDENTITY,
        volume.unit().clone(),
    )?;
    Ok(smooth.in_frame_of_reference(volume.frame_of_reference_uid().map(str::to_owned)))
}

/// A round Gaussian on one grid: for each axis the weights at 0, 1, 2 and so on voxels.
struct Filter {
    size: [usize; 3],
    weights: [Vec<f64>; 3],
}

impl Filter {
    fn new(grid: &Grid, fwhm_mm: f64) -> Result<Self, SmoothError> {
        if grid.slice_positions().is_some() {
            return Err(SmoothError::Uneven);
        }
        let axes = [
            grid.row_direction(),
            grid.column_direction(),
            grid.slice_direction(),
        ];
        let cosine = (0..3)
            .map(|n| axes[n].dot(axes[(n + 1) % 3]).abs())
            .fold(0.0, f64::max);
        if cosine > UPRIGHT {
            return Err(SmoothError::Sheared(cosine.min(1.0).asin()));
        }
        let variances = grid.spacing_mm().map(|mm| (fwhm_mm / FWHM_OF_SIGMA / mm).powi(2));
        if !(fwhm_mm >= 0.0 && variances.iter().all(|variance| *variance <= MOST_VARIANCE)) {
            return Err(SmoothError::Width(fwhm_mm));
        }
        Ok(Self {
            size: grid.size(),
            weights: variances.map(gaussian),
        })
    }

    /// Weighted sums of the values around each voxel of slice `k`, nothing beyond the edges.
    fn slice(&self, k: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let [columns, rows, slices] = self.size;
        let plane = columns * rows;
        let mut sums = vec![0.0; plane];
        for (weight, slice) in taps(&self.weights[2], k, slices) {
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum += weight * value(slice * plane + n);
            }
        }
        let mut along_columns = vec![0.0; plane];
        for (j, row) in along_columns.chunks_exact_mut(columns).enumerate() {
            for (weight, from) in taps(&self.weights[1], j, rows) {
                let from = &sums[from * columns..][..columns];
                row.iter_mut()
                    .zip(from)
                    .for_each(|(sum, value)| *sum += weight * value);
            }
        }
        for (from, row) in along_columns
            .chunks_exact(columns)
            .zip(sums.chunks_exact_mut(columns))
        {
            self.along_row(from, row);
        }
        sums
    }

    fn along_row(&self, from: &[f64], row: &mut [f64]) {
        let columns = row.len();
        row.fill(0.0);
        for (step, weight) in self.weights[0].iter().enumerate().take(columns) {
            let kept = columns - step;
            let shifted = |to: &mut [f64], from: &[f64]| {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(sum, value)| *sum += weight * value);
            };
            shifted(&mut row[..kept], &from[step..]);
            if step > 0 {
                shifted(&mut row[step..], &from[..kept]);
            }
        }
    }

    /// Sums of the weights around each voxel of slice `k`, where all values are finite.
    fn weights(&self, k: usize) -> Vec<f64> {
        let along = |axis: usize, at: usize| -> f64 {
            taps(&self.weights[axis], at, self.size[axis])
                .map(|(weight, _)| weight)
                .sum()
        };
        let columns: Vec<f64> = (0..self.size[0]).map(|i| along(0, i)).collect();
        let of_slice = along(2, k);
        let rows = (0..self.size[1]).map(|j| along(1, j) * of_slice);
        rows.flat_map(|row| columns.iter().map(move |column| column * row))
            .collect()
    }
}

/// The places around `at`, those within `size`, and their weights.
fn taps(weights: &[f64], at: usize, size: usize) -> impl Iterator<Item = (f64, usize)> {
    let reach = weights.len() - 1;
    (at.saturating_sub(reach)..(at + reach + 1).min(size))
        .map(move |place| (weights[place.abs_diff(at)], place))
}

/// Weights at 0, 1, 2 and so on steps whose sum over both sides is 1 and whose variance is `variance`: those
/// of a Gaussian at whole steps, q^(n²).
///
/// At whole steps a narrow Gaussian has a smaller variance than between them (a tenth at half a step), so
/// its q is found by halving until the variance of the weights is the one asked for.
fn gaussian(variance: f64) -> Vec<f64> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        let weights = powers(middle);
        let found: f64 = weights
            .iter()
            .enumerate()
            .map(|(n, weight)| 2.0 * (n * n) as f64 * weight)
            .sum();
        if found < variance {
            low = middle;
        } else {
            high = middle;
        }
    }
    powers(low)
}

/// q^(n²) for n = 0, 1, 2 and so on, by their sum.
fn powers(q: f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    let (mut weight, mut odd) = (q, q);
    while weight > TAIL && weights.len() < MOST_STEPS {
        weights.push(weight);
        odd *= q * q;
        weight *= odd;
    }
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    weights.iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests;

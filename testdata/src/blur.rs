//! Gaussian blur of planes and volumes, axis by axis.

use rayon::prelude::*;

use crate::elementary::exp;

/// Full width at half maximum of a Gaussian of standard deviation 1.
const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949;

/// Weights of a Gaussian of a width in mm on voxels `spacing_mm` apart, from the centre outwards.
///
/// Each weight is the Gaussian's mean over its voxel, by 16 samples, so that a blur narrower than a voxel
/// keeps its integral; all weights of both sides sum to 1.
pub fn gaussian(fwhm_mm: f64, spacing_mm: f64) -> Vec<f32> {
    let sigma = fwhm_mm / FWHM_PER_SIGMA / spacing_mm;
    let reach = (4.0 * sigma + 0.5).ceil() as usize;
    let mean = |n: usize| -> f64 {
        let density = |t: f64| exp(-0.5 * (t / sigma) * (t / sigma));
        (0..16)
            .map(|s| density(n as f64 - 0.5 + (f64::from(s) + 0.5) / 16.0))
            .sum()
    };
    let half: Vec<f64> = (0..=reach).map(mean).collect();
    let total = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    half.iter().map(|w| (w / total) as f32).collect()
}

/// Blurs a volume in place: weights for columns, rows and slices; the edge voxel goes on outside.
pub fn volume(values: &mut [f32], size: [usize; 3], weights: [&[f32]; 3]) {
    let [columns, rows, _] = size;
    let plane = columns * rows;
    values.par_chunks_mut(plane).for_each(|slice| {
        along_rows(slice, columns, weights[0]);
        along_columns(slice, columns, weights[1]);
    });
    along_slices(values, plane, weights[2]);
}

/// Blurs one plane in place along both axes.
pub fn plane(values: &mut [f32], columns: usize, weights: &[f32]) {
    along_rows(values, columns, weights);
    along_columns(values, columns, weights);
}

fn along_rows(values: &mut [f32], columns: usize, weights: &[f32]) {
    let mut line = vec![0.0; columns];
    for row in values.chunks_exact_mut(columns) {
        line.copy_from_slice(row);
        for (i, out) in row.iter_mut().enumerate() {
            let mut sum = weights[0] * line[i];
            for (n, weight) in weights.iter().enumerate().skip(1) {
                sum += weight * (line[i.saturating_sub(n)] + line[(i + n).min(columns - 1)]);
            }
            *out = sum;
        }
    }
}

fn along_columns(values: &mut [f32], columns: usize, weights: &[f32]) {
    let copy = values.to_vec();
    let rows = values.len() / columns;
    let row = |j: usize| &copy[j * columns..(j + 1) * columns];
    for (j, out) in values.chunks_exact_mut(columns).enumerate() {
        blend(out, row(j), weights, |n| {
            (row(j.saturating_sub(n)), row((j + n).min(rows - 1)))
        });
    }
}

/// Slices are blurred in pieces of rows, so that only a piece is copied at a time.
fn along_slices(values: &mut [f32], plane: usize, weights: &[f32]) {
    let slices = values.len() / plane;
    let copy = values.to_vec();
    values.par_chunks_mut(plane).enumerate().for_each(|(k, out)| {
        let slice = |k: usize| &copy[k * plane..(k + 1) * plane];
        blend(out, slice(k), weights, |n| {
            (slice(k.saturating_sub(n)), slice((k + n).min(slices - 1)))
        });
    });
}

fn blend<'a>(
    out: &mut [f32],
    middle: &[f32],
    weights: &[f32],
    neighbours: impl Fn(usize) -> (&'a [f32], &'a [f32]),
) {
    for (out, middle) in out.iter_mut().zip(middle) {
        *out = weights[0] * middle;
    }
    for (n, weight) in weights.iter().enumerate().skip(1) {
        let (before, after) = neighbours(n);
        for ((out, before), after) in out.iter_mut().zip(before).zip(after) {
            *out += weight * (before + after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{gaussian, volume};

    #[test]
    fn a_point_becomes_a_gaussian_of_the_stated_width() {
        let size = [33, 33, 33];
        let mut values = vec![0.0f32; 33 * 33 * 33];
        values[(16 * 33 + 16) * 33 + 16] = 1.0;
        let weights = [gaussian(6.0, 1.0), gaussian(6.0, 2.0), gaussian(6.0, 1.5)];
        volume(&mut values, size, [&weights[0], &weights[1], &weights[2]]);
        let sum: f32 = values.iter().sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        let variance = |step: usize, spacing: f64| -> f64 {
            let line: Vec<f64> = (0..33)
                .map(|n| f64::from(values[(16 * 33 + 16) * 33 + 16 + n * step - 16 * step]))
                .collect();
            let total: f64 = line.iter().sum();
            line.iter()
                .enumerate()
                .map(|(n, v)| v / total * ((n as f64 - 16.0) * spacing).powi(2))
                .sum()
        };
        let sigma_squared = (6.0f64 / 2.354_820_045).powi(2);
        // The mean over a voxel adds a twelfth of its square.
        assert!((variance(1, 1.0) - sigma_squared - 1.0 / 12.0).abs() < 0.02);
        assert!((variance(33, 2.0) - sigma_squared - 4.0 / 12.0).abs() < 0.05);
    }
}

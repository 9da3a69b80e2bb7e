//! The voxels of the sphere of 1 mL around a place, and the means over it.

use std::ops::Range;

use nalgebra::Vector3;

use crate::geometry::Grid;
use crate::volume::{Rescale, Stored, Volume};
use crate::with_voxels;

use super::overlap::overlap_mm3;
use super::{PeakError, SPHERE_RADIUS_MM};

/// More voxels than this in one sphere are refused: it is a grid of 0.06 mm.
const MOST_VOXELS: f64 = 4e6;

/// A smaller part of a voxel counts as none: it is rounding.
const SLIVER: f64 = 1e-9;

/// How much a voxel counts in a sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighting {
    /// 1 if its centre lies inside, else not at all.
    Centers,
    /// The volume that it shares with the sphere.
    Overlap,
}

/// A voxel of a sphere, seen from the voxel that the sphere's centre lies in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tap {
    step: [isize; 3],
    weight: f64,
    /// Volume that it adds to what is really summed.
    ml: f64,
}

/// The voxels of a sphere around one place in a voxel, in reading order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sphere {
    taps: Vec<Tap>,
}

/// What a sphere around one place holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Held {
    pub(super) mean: f64,
    pub(super) ml: f64,
    pub(super) voxels: usize,
}

impl Sphere {
    /// The sphere around the place `beyond` (columns, rows, steps of the third axis) the centre of a voxel
    /// of slice `slice`, which matters in uneven stacks only.
    pub(super) fn new(
        grid: &Grid,
        slice: usize,
        beyond: [f64; 3],
        weighting: Weighting,
    ) -> Result<Self, PeakError> {
        let inverse = &grid.voxel_from_patient().linear;
        let reach = [0, 1, 2].map(|axis| SPHERE_RADIUS_MM * inverse.row(axis).norm());
        if reach.iter().map(|reach| 2.0 * reach + 2.0).product::<f64>() > MOST_VOXELS {
            return Err(PeakError::TooFine(grid.spacing_mm()));
        }
        let layers = match grid.slice_positions() {
            None => even_layers(beyond[2], reach[2]),
            Some(positions) => uneven_layers(positions, slice, beyond[2], reach[2]),
        };
        let steps = |axis: usize| {
            let low = (beyond[axis] - reach[axis] - 0.5).ceil() as isize;
            low..=(beyond[axis] + reach[axis] + 0.5).floor() as isize
        };
        let linear = &grid.patient_from_voxel().linear;
        let axes = [0, 1, 2].map(|axis| linear.column(axis).into_owned());
        let even_ml = linear.determinant().abs() / 1000.0;
        let mut taps = Vec::new();
        for layer in layers {
            let ml = even_ml * (layer.to - layer.from);
            for (j, i) in steps(1).flat_map(|j| steps(0).map(move |i| (j, i))) {
                let in_slice = axes[0] * (i as f64 - beyond[0]) + axes[1] * (j as f64 - beyond[1]);
                let part = layer.part_inside(in_slice, &axes, weighting);
                if part > SLIVER {
                    let (step, ml) = ([i, j, layer.step], part * ml);
                    let weight = if weighting == Weighting::Centers { 1.0 } else { ml };
                    taps.push(Tap { step, weight, ml });
                }
            }
        }
        Ok(Self { taps })
    }

    /// Gives the means over the spheres around the voxels of a run (`start..end` in reading order, one
    /// row), voxels beyond the grid and values that are not finite left out; NaN where none is left.
    pub(super) fn means(&self, volume: &Volume, run: Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; run.len()];
        let mut weights = vec![0.0; run.len()];
        let [columns, rows, slices] = volume.grid().size();
        let at = [
            run.start % columns,
            run.start / columns % rows,
            run.start / (columns * rows),
        ];
        for tap in &self.taps {
            let Some(j) = at[1].checked_add_signed(tap.step[1]).filter(|j| *j < rows) else {
                continue;
            };
            let Some(k) = at[2].checked_add_signed(tap.step[2]).filter(|k| *k < slices) else {
                continue;
            };
            let first = at[0] as isize + tap.step[0];
            let skipped = (-first).clamp(0, run.len() as isize) as usize;
            let kept = (columns as isize - first).clamp(skipped as isize, run.len() as isize) as usize;
            if skipped == kept {
                continue;
            }
            let from = (k * rows + j) * columns + (first + skipped as isize) as usize;
            with_voxels!(volume.voxels(), values => add(
                &values[from..from + kept - skipped],
                volume.rescale(),
                tap.weight,
                &mut sums[skipped..kept],
                &mut weights[skipped..kept],
            ));
        }
        // Nothing by nothing is NaN, which is never the largest.
        sums.iter()
            .zip(&weights)
            .map(|(sum, weight)| sum / weight)
            .collect()
    }

    /// What the sphere holds around (a place in) voxel `at`; `None` when no value there is finite.
    pub(super) fn held(&self, volume: &Volume, at: [usize; 3]) -> Option<Held> {
        let (mut sum, mut weight, mut ml, mut voxels) = (0.0, 0.0, 0.0, 0);
        for tap in &self.taps {
            let place = [0, 1, 2].map(|axis| at[axis].checked_add_signed(tap.step[axis]));
            let [Some(i), Some(j), Some(k)] = place else {
                continue;
            };
            if let Some(value) = volume.value([i, j, k]).filter(|value| value.is_finite()) {
                sum += tap.weight * value;
                weight += tap.weight;
                ml += tap.ml;
                voxels += 1;
            }
        }
        (voxels > 0).then(|| Held {
            mean: sum / weight,
            ml,
            voxels,
        })
    }
}

/// A slice that a sphere reaches into; its places in steps of the third axis from the sphere's centre.
struct Layer {
    /// Slices from the one that the sphere's centre lies in.
    step: isize,
    center: f64,
    from: f64,
    to: f64,
}

impl Layer {
    /// The part, 0 to 1, of a voxel of this slice that lies in the sphere around the origin.
    fn part_inside(&self, in_slice: Vector3<f64>, axes: &[Vector3<f64>; 3], weighting: Weighting) -> f64 {
        if weighting == Weighting::Centers {
            let center = in_slice + axes[2] * self.center;
            return f64::from(u8::from(
                center.norm_squared() <= SPHERE_RADIUS_MM * SPHERE_RADIUS_MM,
            ));
        }
        let middle = in_slice + axes[2] * ((self.from + self.to) / 2.0);
        let edges = [axes[0], axes[1], axes[2] * (self.to - self.from)];
        let reach: f64 = edges.iter().map(|edge| edge.norm() / 2.0).sum();
        let distance = middle.norm();
        if distance >= SPHERE_RADIUS_MM + reach {
            return 0.0;
        }
        let voxel_mm3 = edges[0].cross(&edges[1]).dot(&edges[2]).abs();
        overlap_mm3(SPHERE_RADIUS_MM, middle, &edges) / voxel_mm3
    }
}

fn even_layers(beyond: f64, reach: f64) -> Vec<Layer> {
    let low = (beyond - reach - 0.5).ceil() as isize;
    let high = (beyond + reach + 0.5).floor() as isize;
    let layer = |step: isize| {
        let center = step as f64 - beyond;
        Layer {
            step,
            center,
            from: center - 0.5,
            to: center + 0.5,
        }
    };
    (low..=high).map(layer).collect()
}

/// A slice reaches half-way to its neighbours, the outermost as far outwards as inwards.
fn uneven_layers(positions: &[f64], slice: usize, beyond: f64, reach: f64) -> Vec<Layer> {
    let last = positions.len() - 1;
    let layer = |k: usize| {
        let below = positions[k.max(1)] - positions[k.max(1) - 1];
        let above = positions[(k + 1).min(last)] - positions[(k + 1).min(last) - 1];
        let center = positions[k] - positions[slice] - beyond;
        Layer {
            step: k as isize - slice as isize,
            center,
            from: center - below / 2.0,
            to: center + above / 2.0,
        }
    };
    let layers = (0..positions.len()).map(layer);
    layers
        .filter(|layer| layer.from < reach && layer.to > -reach)
        .collect()
}

fn add<T: Stored>(values: &[T], rescale: Rescale, weight: f64, sums: &mut [f64], weights: &mut [f64]) {
    for ((value, sum), total) in values.iter().zip(sums).zip(weights) {
        let real = rescale.real(f64::from(value.to_f32()));
        let counts = real.is_finite();
        *sum += if counts { weight * real } else { 0.0 };
        *total += if counts { weight } else { 0.0 };
    }
}

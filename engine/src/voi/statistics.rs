//! What is measured inside a mask, in f64 on the stored voxels.

use crate::voi::ranks::quartiles;
use crate::voi::{Mask, Run};
use crate::volume::{Rescale, Stored, Volume};
use crate::with_voxels;

/// What a volume's real values are multiplied by before they are measured, such as Bq/mL to SUV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale<'a> {
    /// One factor for all voxels; 1 measures the volume's own values.
    Factor(f64),
    /// A factor for each slice, first slice first.
    PerSlice(&'a [f64]),
}

impl Scale<'_> {
    fn of_slice(&self, slice: usize) -> f64 {
        match self {
            Self::Factor(factor) => *factor,
            Self::PerSlice(factors) => factors[slice],
        }
    }
}

/// Why there is nothing to state.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatisticsError {
    /// The mask belongs to another grid; carry it to the volume's first.
    #[error(
        "the mask must lie on the grid of the volume, found {mask:?} on {volume:?} voxels or other places"
    )]
    OtherGrid {
        /// Size of the mask's grid.
        mask: [usize; 3],
        /// Size of the volume's grid.
        volume: [usize; 3],
    },
    /// The mask is empty.
    #[error("statistics need at least one voxel inside the mask, found none")]
    Empty,
    /// All voxels inside are NaN or infinite.
    #[error("statistics need at least one finite value, found {0} voxels without")]
    NoFiniteValue(usize),
    /// There is not one factor for each slice.
    #[error("expected a factor for each of {slices} slices, found {found}")]
    Factors {
        /// Slices of the volume.
        slices: usize,
        /// Factors given.
        found: usize,
    },
}

/// Measures of the values inside a mask or of a whole volume.
///
/// Values are in the unit of the volume times the scale. Sums run slice by slice in reading order, so
/// that a result is the same on every target.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Voxels measured.
    pub voxels: usize,
    /// Volume of the voxels measured, mL.
    pub volume_ml: f64,
    /// Voxels left out of all else here, because their value is NaN or infinite.
    pub excluded_voxels: usize,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Voxel (column, row, slice) of the largest value, the first in reading order on ties.
    pub max_at: [usize; 3],
    /// Mean over voxels, not weighted by their volumes.
    pub mean: f64,
    /// Middle value; of an even count the mean of the middle two.
    pub median: f64,
    /// Lower and upper quartile: at a quarter and three quarters of the way through the sorted values,
    /// between two values linearly (Hyndman and Fan's type 7, as numpy's default).
    pub quartiles: [f64; 2],
    /// Standard deviation of the population: the mean square distance to the mean, rooted.
    pub sd: f64,
    /// Root of the mean square of the values.
    pub rms: f64,
    /// Sum of the values' squares: IBSI's energy (N8CA).
    pub energy: f64,
    /// Sum of the values times the volumes of their voxels, mL: TLG where the values are SUV, total
    /// activity in Bq where they are Bq/mL.
    pub total: f64,
}

impl Statistics {
    /// Measures the voxels of `volume` inside `mask`, which lies on the volume's own grid.
    ///
    /// # Errors
    ///
    /// [`StatisticsError`] when the mask lies elsewhere or holds no finite value, or the factors are not
    /// one a slice.
    pub fn inside(volume: &Volume, mask: &Mask, scale: Scale) -> Result<Self, StatisticsError> {
        if !mask.lies_on(volume.grid()) {
            return Err(StatisticsError::OtherGrid {
                mask: mask.grid().size(),
                volume: volume.grid().size(),
            });
        }
        measure(volume, scale, || mask.runs().iter().copied())
    }

    /// Measures all voxels of `volume`.
    ///
    /// # Errors
    ///
    /// [`StatisticsError`] when no value is finite, or the factors are not one a slice.
    pub fn of_volume(volume: &Volume, scale: Scale) -> Result<Self, StatisticsError> {
        let [columns, rows, slices] = volume.grid().size();
        let all_rows = || {
            (0..rows * slices).map(|row| Run {
                start: row * columns,
                end: (row + 1) * columns,
            })
        };
        measure(volume, scale, all_rows)
    }

    /// Square of the standard deviation: IBSI's variance (ECT3).
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.sd * self.sd
    }

    /// The same measures of the same voxels with every value times `factor`, which is positive: SUVbw as
    /// another kind of SUV by [`Conversion::multiplier`](crate::suv::Conversion::multiplier).
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        Self {
            min: self.min * factor,
            max: self.max * factor,
            mean: self.mean * factor,
            median: self.median * factor,
            quartiles: self.quartiles.map(|value| value * factor),
            sd: self.sd * factor,
            rms: self.rms * factor,
            energy: self.energy * factor * factor,
            total: self.total * factor,
            ..self.clone()
        }
    }

    /// What the voxels hold above a background of `background_mean`, times mL: the standardized added
    /// metabolic activity (SAM, DCM 126037) where the values are SUV (Mertens et al. 2012, Eur J Nucl
    /// Med Mol Imaging 39:1441).
    #[must_use]
    pub fn total_above(&self, background_mean: f64) -> f64 {
        (self.mean - background_mean) * self.volume_ml
    }
}

fn measure<R: Iterator<Item = Run>>(
    volume: &Volume,
    scale: Scale,
    runs: impl Fn() -> R,
) -> Result<Statistics, StatisticsError> {
    let [columns, rows, slices] = volume.grid().size();
    if let Scale::PerSlice(factors) = scale
        && factors.len() != slices
    {
        return Err(StatisticsError::Factors {
            slices,
            found: factors.len(),
        });
    }
    with_voxels!(volume.voxels(), values => Inside {
        volume,
        values,
        rescale: volume.rescale(),
        scale,
        slice_voxels: columns * rows,
        runs,
    }
    .statistics())
}

/// Shows the finite values inside a mask, which lies on the volume's grid; factors are one a slice.
pub(super) fn each_value(volume: &Volume, mask: &Mask, scale: Scale, mut see: impl FnMut(f64)) {
    let [columns, rows, _] = volume.grid().size();
    with_voxels!(volume.voxels(), values => Inside {
        volume,
        values,
        rescale: volume.rescale(),
        scale,
        slice_voxels: columns * rows,
        runs: || mask.runs().iter().copied(),
    }
    .each(|_, value| see(value)));
}

/// The values of the voxels of some runs.
struct Inside<'a, T, F> {
    volume: &'a Volume,
    values: &'a [T],
    rescale: Rescale,
    scale: Scale<'a>,
    slice_voxels: usize,
    runs: F,
}

impl<T: Stored, R: Iterator<Item = Run>, F: Fn() -> R> Inside<'_, T, F> {
    fn statistics(&self) -> Result<Statistics, StatisticsError> {
        let first = self.first_pass();
        if first.voxels == 0 {
            return Err(match first.excluded {
                0 => StatisticsError::Empty,
                excluded => StatisticsError::NoFiniteValue(excluded),
            });
        }
        let mean = first.sum / first.voxels as f64;
        let squares = self.slice_sums(|value| [(value - mean) * (value - mean), value * value]);
        let [squares, energy] =
            [0, 1].map(|n| squares.iter().fold(0.0, |sum, (_, of_slice)| sum + of_slice[n]));
        let quartiles = quartiles(first.voxels, |see| self.each(|_, value| see(value)));
        let [lower, median, upper] = quartiles.expect("at least one value was counted");
        let [columns, rows, _] = self.volume.grid().size();
        let at = first.max_index;
        Ok(Statistics {
            voxels: first.voxels,
            volume_ml: first.volume_ml,
            excluded_voxels: first.excluded,
            min: first.min,
            max: first.max,
            max_at: [at % columns, at / columns % rows, at / (columns * rows)],
            mean,
            median,
            quartiles: [lower, upper],
            sd: (squares / first.voxels as f64).sqrt(),
            rms: (energy / first.voxels as f64).sqrt(),
            energy,
            total: first.total,
        })
    }

    fn first_pass(&self) -> FirstPass {
        let mut pass = FirstPass::default();
        let mut slice_counts = vec![0usize; self.volume.grid().size()[2]];
        let mut all = 0;
        for run in (self.runs)() {
            all += run.end - run.start;
            slice_counts[run.start / self.slice_voxels] += self.each_of(run, |index, value| {
                pass.min = pass.min.min(value);
                if value > pass.max {
                    (pass.max, pass.max_index) = (value, index);
                }
            });
        }
        pass.voxels = slice_counts.iter().sum();
        pass.excluded = all - pass.voxels;
        pass.volume_ml = (0..slice_counts.len())
            .map(|k| slice_counts[k] as f64 * self.volume.grid().voxel_ml(k))
            .sum();
        for (slice, [sum]) in self.slice_sums(|value| [value]) {
            pass.sum += sum;
            pass.total += sum * self.volume.grid().voxel_ml(slice);
        }
        pass
    }

    /// Sums of one slice each, which are then added up in their order: an order that parallel work could
    /// keep. `terms` gives what a value adds to each sum.
    fn slice_sums<const N: usize>(&self, terms: impl Fn(f64) -> [f64; N]) -> Vec<(usize, [f64; N])> {
        let mut slices: Vec<(usize, [f64; N])> = Vec::new();
        for run in (self.runs)() {
            let own = run.start / self.slice_voxels;
            if slices.last().is_none_or(|(slice, _)| *slice != own) {
                slices.push((own, [0.0; N]));
            }
            let (_, sums) = slices.last_mut().expect("a slice was just added");
            self.each_of(run, |_, value| {
                for (sum, term) in sums.iter_mut().zip(terms(value)) {
                    *sum += term;
                }
            });
        }
        slices
    }

    fn each(&self, mut see: impl FnMut(usize, f64)) {
        for run in (self.runs)() {
            self.each_of(run, &mut see);
        }
    }

    /// Shows the finite values of a run and gives their number.
    fn each_of(&self, run: Run, mut see: impl FnMut(usize, f64)) -> usize {
        let factor = self.scale.of_slice(run.start / self.slice_voxels);
        let mut count = 0;
        for (offset, stored) in self.values[run.start..run.end].iter().enumerate() {
            let value = self.rescale.real(f64::from(stored.to_f32())) * factor;
            if value.is_finite() {
                see(run.start + offset, value);
                count += 1;
            }
        }
        count
    }
}

struct FirstPass {
    voxels: usize,
    excluded: usize,
    volume_ml: f64,
    min: f64,
    max: f64,
    max_index: usize,
    sum: f64,
    /// Sum of values times mL.
    total: f64,
}

impl Default for FirstPass {
    fn default() -> Self {
        Self {
            voxels: 0,
            excluded: 0,
            volume_ml: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            max_index: 0,
            sum: 0.0,
            total: 0.0,
        }
    }
}

#[cfg(test)]
mod tests;

//! Region growing from a seed.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use crate::voi::cut::{Counted, Cut};
use crate::voi::{Mask, Neighbours, Run};
use crate::volume::Volume;
use crate::with_voxels;

/// Steps in rows and slices to the rows around one.
const ROWS_AROUND: [(isize, isize); 8] = [
    (-1, -1),
    (0, -1),
    (1, -1),
    (-1, 0),
    (1, 0),
    (-1, 1),
    (0, 1),
    (1, 1),
];

/// How far a region grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growing {
    /// Voxels of at least this real value belong, in the unit of the volume.
    pub at_least: f64,
    /// Which voxels are connected.
    pub neighbours: Neighbours,
    /// Where growth stops, mL; `None` lets it reach the ends of the volume.
    pub most_ml: Option<f64>,
}

/// A region and whether it is all there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    /// The voxels found.
    pub mask: Mask,
    /// Whether growth was stopped: the region goes on beyond the mask, which is then no boundary of anything.
    pub capped: bool,
}

/// Why a region cannot grow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GrowError {
    /// The seed is no voxel of the volume.
    #[error("the seed must lie within {size:?} voxels, found {seed:?}")]
    SeedOutside {
        /// The seed (column, row, slice).
        seed: [usize; 3],
        /// Columns, rows and slices of the volume.
        size: [usize; 3],
    },
    /// The seed's value is NaN or infinite.
    #[error("the value at the seed must be finite, found {0}")]
    SeedNotFinite(f64),
    /// The seed itself does not belong.
    #[error("the seed must reach the threshold of {at_least}, found {value}")]
    SeedBelow {
        /// Value at the seed.
        value: f64,
        /// The threshold.
        at_least: f64,
    },
    /// The threshold is NaN.
    #[error("the threshold must be a number, found {0}")]
    Threshold(f64),
    /// The cap is not a positive volume.
    #[error("the largest volume must be positive, found {0} mL")]
    Cap(f64),
}

/// Gives all voxels of at least a value that are connected with a seed (column, row, slice).
///
/// Only the region and its rim are read. With a cap the nearest voxels come first, counted in steps from
/// run to run along rows, and the mask holds at most `most_ml` (always the seed).
///
/// # Errors
///
/// [`GrowError`] for a seed outside the volume, without a finite value or below the threshold, and for a
/// threshold or cap that is none.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::voi::{Growing, Neighbours, grow};
/// use engine::volume::{Rescale, Unit, Volume, Voxels};
/// let axes = [Vector::new(10.0, 0.0, 0.0), Vector::new(0.0, 10.0, 0.0), Vector::new(0.0, 0.0, 10.0)];
/// let grid = Grid::new([6, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let voxels = Voxels::U8([5, 9, 6, 1, 8, 8].into());
/// let pet = Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap();
/// let rule = Growing { at_least: 4.0, neighbours: Neighbours::TwentySix, most_ml: None };
/// let grown = grow(&pet, [1, 0, 0], &rule).unwrap();
/// assert_eq!((grown.mask.count(), grown.capped), (3, false));
/// let rule = Growing { most_ml: Some(2.0), ..rule };
/// let grown = grow(&pet, [1, 0, 0], &rule).unwrap();
/// assert_eq!((grown.mask.count(), grown.capped), (2, true));
/// ```
pub fn grow(volume: &Volume, seed: [usize; 3], rule: &Growing) -> Result<Grown, GrowError> {
    check(volume, seed, rule)?;
    let (runs, capped) = with_voxels!(volume.voxels(), values => {
        Region {
            values,
            volume,
            rule,
            cut: Cut::at_least(rule.at_least, volume.rescale()),
            found: BTreeMap::new(),
            queue: VecDeque::new(),
            found_ml: 0.0,
            capped: false,
        }
        .grown_from(seed)
    });
    let mask = Mask::of_rows(Arc::new(volume.grid().clone()), runs);
    Ok(Grown { mask, capped })
}

fn check(volume: &Volume, seed: [usize; 3], rule: &Growing) -> Result<(), GrowError> {
    let size = volume.grid().size();
    let value = volume.value(seed).ok_or(GrowError::SeedOutside { seed, size })?;
    if rule.at_least.is_nan() {
        return Err(GrowError::Threshold(rule.at_least));
    }
    if let Some(most_ml) = rule.most_ml
        && (most_ml.is_nan() || most_ml <= 0.0)
    {
        return Err(GrowError::Cap(most_ml));
    }
    match value {
        _ if !value.is_finite() => Err(GrowError::SeedNotFinite(value)),
        _ if value < rule.at_least => Err(GrowError::SeedBelow {
            value,
            at_least: rule.at_least,
        }),
        _ => Ok(()),
    }
}

/// A region while it grows. Runs are as long as they can be, but for the last of a capped region.
struct Region<'a, T> {
    values: &'a [T],
    volume: &'a Volume,
    rule: &'a Growing,
    cut: Cut<T>,
    /// Runs by row (rows of all slices counted through), in order.
    found: BTreeMap<usize, Vec<Run>>,
    /// Runs whose surroundings were not looked at.
    queue: VecDeque<Run>,
    found_ml: f64,
    capped: bool,
}

impl<T: Counted> Region<'_, T> {
    fn grown_from(mut self, [i, j, k]: [usize; 3]) -> (Vec<Run>, bool) {
        let [columns, rows, slices] = self.volume.grid().size();
        let row = k * rows + j;
        self.search(row, i..i + 1);
        while let Some(run) = self.queue.pop_front() {
            let row = run.start / columns;
            for (rows_off, slices_off) in ROWS_AROUND {
                let Some(reach) = self.rule.neighbours.reach(rows_off, slices_off) else {
                    continue;
                };
                let j = (row % rows).checked_add_signed(rows_off);
                let k = (row / rows).checked_add_signed(slices_off);
                if let (Some(j), Some(k)) = (j, k)
                    && j < rows
                    && k < slices
                {
                    let start = (run.start - row * columns).saturating_sub(reach);
                    let end = (run.end - row * columns + reach).min(columns);
                    self.search(k * rows + j, start..end);
                }
            }
        }
        (self.found.into_values().flatten().collect(), self.capped)
    }

    /// Adds the runs that reach into some columns of a row.
    fn search(&mut self, row: usize, span: Range<usize>) {
        let base = row * self.volume.grid().size()[0];
        let mut at = base + span.start;
        while at < base + span.end && !self.capped {
            if !self.cut.holds(self.values[at]) {
                at += 1;
                continue;
            }
            let known = self.found.get(&row).map_or(&[][..], Vec::as_slice);
            let next = known.partition_point(|run| run.end <= at);
            let run = match known.get(next) {
                Some(run) if run.start <= at => *run,
                _ => {
                    let run = self.run_around(row, at);
                    self.add(row, next, run, at);
                    run
                }
            };
            // The voxel at a run's end is not inside.
            at = run.end + 1;
        }
    }

    fn run_around(&self, row: usize, at: usize) -> Run {
        let columns = self.volume.grid().size()[0];
        let base = row * columns;
        let before = self.values[base..at].iter().rev();
        let after = self.values[at..base + columns].iter();
        let inside = |stored: &&T| self.cut.holds(**stored);
        Run {
            start: at - before.take_while(inside).count(),
            end: at + after.take_while(inside).count(),
        }
    }

    /// Takes a run in, or as much of it around `at` as the cap allows.
    fn add(&mut self, row: usize, place: usize, run: Run, at: usize) {
        let voxel_ml = self.volume.grid().voxel_ml(row / self.volume.grid().size()[1]);
        let room = self.rule.most_ml.map_or(usize::MAX, |most_ml| {
            // Sums of voxels that make the cap exactly must not fall short of it by their rounding.
            ((most_ml - self.found_ml) / voxel_ml + 1e-9).floor() as usize
        });
        let room = if self.found.is_empty() { room.max(1) } else { room };
        self.capped = room < run.end - run.start;
        let run = if self.capped {
            part_around(run, at, room)
        } else {
            run
        };
        if run.start < run.end {
            self.found_ml += (run.end - run.start) as f64 * voxel_ml;
            self.found.entry(row).or_default().insert(place, run);
            self.queue.push_back(run);
        }
    }
}

/// The `count` voxels of a longer run that lie around `at`.
fn part_around(run: Run, at: usize, count: usize) -> Run {
    let start = at.saturating_sub(count / 2).max(run.start);
    let end = (start + count).min(run.end);
    Run {
        start: end - count,
        end,
    }
}

#[cfg(test)]
mod tests;

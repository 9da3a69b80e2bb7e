//! The voxels above a threshold, as runs.

use std::sync::Arc;

use crate::voi::cut::{Counted, Cut};
use crate::voi::{Mask, Run};
use crate::volume::Volume;
use crate::with_voxels;

/// Voxels looked at together; their answers fill the bits of one word.
const BLOCK: usize = 64;

impl Mask {
    /// Voxels whose real value is at least `threshold`, in the unit of the volume.
    ///
    /// Infinity is at least everything, NaN never is, and nothing is at least a NaN threshold. Stored
    /// values are compared, with the answers that the real ones give in f64.
    #[must_use]
    pub fn at_least(volume: &Volume, threshold: f64) -> Self {
        let [columns, rows, _] = volume.grid().size();
        let runs = with_voxels!(volume.voxels(), values => {
            runs_of(values, columns, rows, Cut::at_least(threshold, volume.rescale()))
        });
        Self::of_rows(Arc::new(volume.grid().clone()), runs)
    }
}

/// The runs in reading order, none crossing the end of a row.
fn runs_of<T: Counted>(values: &[T], columns: usize, rows: usize, cut: Cut<T>) -> Vec<Run> {
    match cut {
        Cut::Nothing => Vec::new(),
        Cut::From(cut) => slices_of(values, columns, rows, |stored| stored >= cut),
        Cut::UpTo(cut) => slices_of(values, columns, rows, |stored| stored <= cut),
    }
}

fn slices_of<T: Counted>(
    values: &[T],
    columns: usize,
    rows: usize,
    inside: impl Fn(T) -> bool + Sync,
) -> Vec<Run> {
    let slice_voxels = columns * rows;
    let of_slice = |(slice, values): (usize, &[T])| {
        let mut runs = Vec::new();
        for (row, values) in values.chunks_exact(columns).enumerate() {
            push_row(&mut runs, slice * slice_voxels + row * columns, values, &inside);
        }
        runs
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        let slices: Vec<Vec<Run>> = values
            .par_chunks(slice_voxels)
            .enumerate()
            .map(of_slice)
            .collect();
        slices.concat()
    }
    #[cfg(not(feature = "parallel"))]
    values
        .chunks(slice_voxels)
        .enumerate()
        .flat_map(of_slice)
        .collect()
}

/// Adds the runs of one row whose first voxel is at `base`.
fn push_row<T: Counted>(runs: &mut Vec<Run>, base: usize, row: &[T], inside: &impl Fn(T) -> bool) {
    let mut open = None;
    let mut at = base;
    let blocks = row.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    for block in blocks {
        push_block(runs, &mut open, at, answers(block, inside), BLOCK);
        at += BLOCK;
    }
    if !rest.is_empty() {
        let bits = rest
            .iter()
            .rev()
            .fold(0, |bits, stored| bits << 1 | u64::from(inside(*stored)));
        push_block(runs, &mut open, at, bits, rest.len());
        at += rest.len();
    }
    if let Some(start) = open {
        runs.push(Run { start, end: at });
    }
}

/// One bit a voxel, the first voxel's lowest.
#[inline]
fn answers<T: Counted>(block: &[T], inside: &impl Fn(T) -> bool) -> u64 {
    let mut bytes = [0u8; BLOCK];
    for (byte, stored) in bytes.iter_mut().zip(block) {
        *byte = u8::from(inside(*stored));
    }
    let words = bytes.chunks_exact(8).rev();
    words.fold(0, |bits, eight| {
        let eight = u64::from_le_bytes(eight.try_into().expect("chunks of eight"));
        // Of eight bytes that are 0 or 1 this product's top byte has one bit each, in their order.
        bits << 8 | eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// Adds the runs of up to 64 voxels from `base` on; the run that is `open` goes on from the block before.
#[inline]
fn push_block(runs: &mut Vec<Run>, open: &mut Option<usize>, base: usize, bits: u64, count: usize) {
    let mut at = 0;
    while at < count {
        let rest = match open {
            None => bits >> at,
            Some(_) => !bits >> at,
        };
        if rest == 0 {
            return;
        }
        at += rest.trailing_zeros() as usize;
        if at >= count {
            return;
        }
        *open = match *open {
            None => Some(base + at),
            Some(start) => {
                runs.push(Run {
                    start,
                    end: base + at,
                });
                None
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::voi::Mask;
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn volume(size: [usize; 3], voxels: Voxels, rescale: Rescale) -> Volume {
        let axes = [[2.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.0, 1.0, 3.0]].map(Vector::from);
        let grid = Grid::new(size, Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        Volume::new(grid, voxels, rescale, Unit::Counts).unwrap()
    }

    #[test]
    fn neither_nan_nor_a_nan_threshold_is_inside() {
        let values = vec![f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY, 2.0];
        let volume = volume([5, 1, 1], Voxels::F32(values.into()), Rescale::IDENTITY);
        let inside = |threshold| Mask::at_least(&volume, threshold).to_dense();
        assert_eq!(inside(1.5), [false, false, true, false, true]);
        assert_eq!(inside(f64::NEG_INFINITY), [false, true, true, true, true]);
        assert_eq!(inside(f64::NAN), [false; 5]);
    }

    proptest! {
        /// Long rows cross the blocks of 64 and leave remainders; few levels make long runs.
        #[test]
        fn runs_are_those_of_the_definition(
            columns in prop_oneof![1usize..9, 60usize..70, 120usize..200],
            (rows, slices) in (1usize..4, 1usize..4),
            levels in prop::collection::vec(-3i16..4, 1..40),
            slope in prop_oneof![Just(-1.5), Just(0.25)],
            threshold in -6.0..6.0f64,
        ) {
            let rescale = Rescale { slope, intercept: 0.5 };
            let stored = |n: usize| levels[n % levels.len()];
            let size = [columns, rows, slices];
            let count = columns * rows * slices;
            for voxels in [
                Voxels::I16((0..count).map(stored).collect()),
                Voxels::F32((0..count).map(|n| f32::from(stored(n))).collect()),
            ] {
                let volume = volume(size, voxels, rescale);
                let expected = Mask::of_values(&volume, |real| real >= threshold);
                prop_assert_eq!(Mask::at_least(&volume, threshold), expected);
            }
        }
    }
}

//! The wavelet transforms: 5/3 on integers, 9/7 on floats (ITU-T T.800 Annex F).
//!
//! A plane of coefficients holds the sub-bands of each level in its four quarters, low-pass first. A line
//! is lifted as its two halves, so that every step runs over contiguous memory; columns are lifted
//! [`LANES`] at a time, each element of a line being that many neighbours.

use super::size::Rect;

/// Columns that are lifted together.
const LANES: usize = 16;

/// A number that a wavelet works on.
pub(super) trait Sample: Copy + Default + std::fmt::Debug {
    /// Turns the low and high half of a line back into its samples' even and odd half; `odd` tells that
    /// the line's first sample is of the high half.
    fn synthesize<const N: usize>(low: &mut [[Self; N]], high: &mut [[Self; N]], odd: bool);

    /// Halves a lone high-pass sample (T.800 F.3.6).
    fn halved(self) -> Self;
}

/// Adds `step(left, right)` of its neighbours in `from` to each element of `to`.
///
/// `ahead` tells that element `i`'s neighbours are `i` and `i + 1`, else `i - 1` and `i`; beyond the
/// ends the last one is repeated, which is the symmetric extension of the line.
fn lift<T: Copy, const N: usize>(
    to: &mut [[T; N]],
    from: &[[T; N]],
    ahead: bool,
    step: impl Fn(T, T, T) -> T,
) {
    let Some(last) = from.len().checked_sub(1) else {
        return;
    };
    for (index, element) in to.iter_mut().enumerate() {
        let (left, right) = if ahead {
            (index, index + 1)
        } else {
            (index.saturating_sub(1), index)
        };
        let (left, right) = (&from[left.min(last)], &from[right.min(last)]);
        for lane in 0..N {
            element[lane] = step(element[lane], left[lane], right[lane]);
        }
    }
}

impl Sample for i32 {
    // Wrapping: a damaged stream may hold coefficients that no image gives.
    fn synthesize<const N: usize>(low: &mut [[Self; N]], high: &mut [[Self; N]], odd: bool) {
        lift(low, high, odd, |sample, left, right| {
            sample.wrapping_sub(left.wrapping_add(right).wrapping_add(2) >> 2)
        });
        lift(high, low, !odd, |sample, left, right| {
            sample.wrapping_add(left.wrapping_add(right) >> 1)
        });
    }

    fn halved(self) -> Self {
        self >> 1
    }
}

impl Sample for f32 {
    fn synthesize<const N: usize>(low: &mut [[Self; N]], high: &mut [[Self; N]], odd: bool) {
        // T.800 table F.4.
        const ALPHA: f32 = -1.586_134_3;
        const BETA: f32 = -0.052_980_12;
        const GAMMA: f32 = 0.882_911_1;
        const DELTA: f32 = 0.443_506_85;
        const K: f32 = 1.230_174_1;
        low.as_flattened_mut().iter_mut().for_each(|sample| *sample *= K);
        high.as_flattened_mut()
            .iter_mut()
            .for_each(|sample| *sample *= 1.0 / K);
        lift(low, high, odd, |sample, left, right| {
            sample - DELTA * (left + right)
        });
        lift(high, low, !odd, |sample, left, right| {
            sample - GAMMA * (left + right)
        });
        lift(low, high, odd, |sample, left, right| {
            sample - BETA * (left + right)
        });
        lift(high, low, !odd, |sample, left, right| {
            sample - ALPHA * (left + right)
        });
    }

    fn halved(self) -> Self {
        self * 0.5
    }
}

/// Undoes one level: the upper left `to.width()` by `to.height()` of the plane turns from four
/// sub-bands into the samples of the resolution `to`.
pub(super) fn synthesize<T: Sample>(plane: &mut [T], stride: usize, from: Rect, to: Rect) {
    let (width, height) = (to.width() as usize, to.height() as usize);
    let mut scratch = Vec::new();
    if width > 1 {
        for row in plane.chunks_mut(stride).take(height) {
            let low = from.width() as usize;
            rows_line(&mut row[..width], &mut scratch, low, to.x0 % 2 == 1);
        }
    } else if width == 1 && to.x0 % 2 == 1 {
        plane
            .iter_mut()
            .step_by(stride)
            .take(height)
            .for_each(|sample| *sample = sample.halved());
    }
    if height > 1 {
        let mut scratch = Vec::new();
        for column in (0..width).step_by(LANES) {
            let columns = column..(column + LANES).min(width);
            column_lines(
                plane,
                stride,
                columns,
                height,
                &mut scratch,
                (from.height() as usize, to.y0 % 2 == 1),
            );
        }
    } else if height == 1 && to.y0 % 2 == 1 {
        plane[..width]
            .iter_mut()
            .for_each(|sample| *sample = sample.halved());
    }
}

fn rows_line<T: Sample>(line: &mut [T], scratch: &mut Vec<[T; 1]>, low: usize, odd: bool) {
    scratch.clear();
    scratch.extend(line.iter().map(|sample| [*sample]));
    let (low, high) = scratch.split_at_mut(low);
    T::synthesize(low, high, odd);
    let (first, second) = if odd { (high, low) } else { (low, high) };
    for (sample, value) in line.iter_mut().step_by(2).zip(first) {
        *sample = value[0];
    }
    for (sample, value) in line.iter_mut().skip(1).step_by(2).zip(second) {
        *sample = value[0];
    }
}

fn column_lines<T: Sample>(
    plane: &mut [T],
    stride: usize,
    columns: std::ops::Range<usize>,
    height: usize,
    scratch: &mut Vec<[T; LANES]>,
    (low, odd): (usize, bool),
) {
    scratch.clear();
    scratch.resize(height, [T::default(); LANES]);
    for (row, lanes) in plane.chunks(stride).zip(scratch.iter_mut()) {
        lanes[..columns.len()].copy_from_slice(&row[columns.clone()]);
    }
    let (low, high) = scratch.split_at_mut(low);
    T::synthesize(low, high, odd);
    for (index, row) in plane.chunks_mut(stride).take(height).enumerate() {
        let half = if (index % 2 == 1) == odd { &low } else { &high };
        row[columns.clone()].copy_from_slice(&half[index / 2][..columns.len()]);
    }
}

/// Makes one level of the 5/3 transform: the inverse of [`synthesize`].
pub(super) fn analyze(plane: &mut [i32], stride: usize, (width, height): (usize, usize)) {
    let mut scratch = Vec::new();
    if height > 1 {
        for column in 0..width {
            let mut line: Vec<i32> = plane
                .iter()
                .skip(column)
                .step_by(stride)
                .take(height)
                .copied()
                .collect();
            analyze_line(&mut line, &mut scratch);
            for (row, value) in line.iter().enumerate() {
                plane[row * stride + column] = *value;
            }
        }
    }
    if width > 1 {
        for row in plane.chunks_mut(stride).take(height) {
            analyze_line(&mut row[..width], &mut scratch);
        }
    }
}

fn analyze_line(line: &mut [i32], scratch: &mut Vec<[i32; 1]>) {
    scratch.clear();
    scratch.extend(line.iter().step_by(2).map(|sample| [*sample]));
    scratch.extend(line.iter().skip(1).step_by(2).map(|sample| [*sample]));
    let (low, high) = scratch.split_at_mut(line.len().div_ceil(2));
    lift(high, low, true, |sample, left, right| {
        sample - ((left + right) >> 1)
    });
    lift(low, high, false, |sample, left, right| {
        sample + ((left + right + 2) >> 2)
    });
    for (sample, value) in line.iter_mut().zip(scratch.as_flattened()) {
        *sample = *value;
    }
}

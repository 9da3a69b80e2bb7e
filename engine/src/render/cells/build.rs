//! From voxels to cells, a layer of cells at a time.

use std::sync::Arc;

use crate::render::cells::{CELL, Cells, FINE, Fine};
use crate::render::{Cancel, Error};
use crate::volume::{Stored, Voxels};

/// Stored values that can be bounded and added up.
pub(super) trait Bounded: Stored {
    const LOWEST: Self;
    const HIGHEST: Self;
    /// Whether there are values that are not finite.
    const HAS_HOLES: bool;
    /// Holds the sum of 64 values exactly, or to the rounding of f32.
    type Sum: Copy + Default;

    fn add(sum: Self::Sum, value: Self) -> Self::Sum;
    fn total(sums: &[Self::Sum]) -> f64;
    fn voxels(values: Vec<Self>) -> Voxels;
}

macro_rules! bounded_integer {
    ($type:ty, $voxels:path) => {
        impl Bounded for $type {
            const LOWEST: Self = Self::MIN;
            const HIGHEST: Self = Self::MAX;
            const HAS_HOLES: bool = false;
            type Sum = i32;

            #[inline(always)]
            fn add(sum: i32, value: Self) -> i32 {
                sum + i32::from(value)
            }

            fn total(sums: &[i32]) -> f64 {
                f64::from(sums.iter().sum::<i32>())
            }

            fn voxels(values: Vec<Self>) -> Voxels {
                $voxels(Arc::from(values))
            }
        }
    };
}

bounded_integer!(i16, Voxels::I16);
bounded_integer!(u16, Voxels::U16);
bounded_integer!(u8, Voxels::U8);

impl Bounded for f32 {
    const LOWEST: Self = Self::NEG_INFINITY;
    const HIGHEST: Self = Self::INFINITY;
    const HAS_HOLES: bool = true;
    type Sum = f32;

    #[inline(always)]
    fn add(sum: f32, value: f32) -> f32 {
        sum + value
    }

    fn total(sums: &[f32]) -> f64 {
        sums.iter().map(|sum| f64::from(*sum)).sum()
    }

    fn voxels(values: Vec<f32>) -> Voxels {
        Voxels::F32(Arc::from(values))
    }
}

/// One layer of cells.
struct Layer<T> {
    low: Vec<f32>,
    high: Vec<f32>,
    mean: Vec<f32>,
    holes: Vec<bool>,
    /// One or two layers of fine cells.
    fine_low: Vec<T>,
    fine_high: Vec<T>,
}

/// Measures all layers, in parallel.
pub(super) fn cells<T: Bounded>(voxels: &[T], size: [usize; 3], cancel: &Cancel) -> Result<Cells, Error> {
    let of = |side: usize| size.map(|n| n.div_ceil(side));
    let layer = |z: usize| {
        let stop = cancel.is_cancelled();
        (!stop)
            .then(|| Layers { voxels, size }.measure(z))
            .ok_or(Error::Cancelled)
    };
    #[cfg(feature = "parallel")]
    let layers: Result<Vec<Layer<T>>, Error> = {
        use rayon::prelude::*;
        (0..of(CELL)[2]).into_par_iter().map(layer).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let layers: Result<Vec<Layer<T>>, Error> = (0..of(CELL)[2]).map(layer).collect();
    let layers = layers?;
    let fine = Fine {
        size: of(FINE),
        low: T::voxels(layers.iter().flat_map(|layer| &layer.fine_low).copied().collect()),
        high: T::voxels(
            layers
                .iter()
                .flat_map(|layer| &layer.fine_high)
                .copied()
                .collect(),
        ),
    };
    let join = |part: fn(&Layer<T>) -> &[f32]| layers.iter().flat_map(|l| part(l).iter().copied()).collect();
    Ok(Cells {
        size: of(CELL),
        low: join(|layer| &layer.low),
        high: join(|layer| &layer.high),
        mean: join(|layer| &layer.mean),
        holes: layers
            .iter()
            .flat_map(|layer| layer.holes.iter().copied())
            .collect(),
        fine,
    })
}

/// The voxels as rows.
struct Layers<'a, T> {
    voxels: &'a [T],
    size: [usize; 3],
}

/// Per column of the voxels: what rows add up to.
struct Columns<T: Bounded> {
    low: Vec<T>,
    high: Vec<T>,
    sum: Vec<T::Sum>,
    hole: Vec<u8>,
}

impl<T: Bounded> Layers<'_, T> {
    fn row(&self, j: usize, k: usize) -> &[T] {
        let first = (k * self.size[1] + j) * self.size[0];
        &self.voxels[first..first + self.size[0]]
    }

    /// Measures layer `z` of cells.
    fn measure(&self, z: usize) -> Layer<T> {
        let [columns, rows, slices] = self.size.map(|n| n.div_ceil(FINE));
        let of_layer = columns * rows;
        let halves = (slices - 2 * z).min(2);
        let mut layer = Layer {
            low: Vec::new(),
            high: Vec::new(),
            mean: Vec::new(),
            holes: Vec::new(),
            fine_low: vec![T::HIGHEST; of_layer * halves],
            fine_high: vec![T::LOWEST; of_layer * halves],
        };
        let mut scratch = Columns {
            low: vec![T::HIGHEST; self.size[0]],
            high: vec![T::LOWEST; self.size[0]],
            sum: vec![T::Sum::default(); self.size[0]],
            hole: vec![0; self.size[0]],
        };
        for half in 0..halves {
            for y in 0..rows {
                let first = half * of_layer + y * columns;
                let of_row = first..first + columns;
                self.bound(y, 2 * z + half, &mut scratch);
                narrow(&scratch.low, &mut layer.fine_low[of_row.clone()], lesser);
                narrow(&scratch.high, &mut layer.fine_high[of_row], larger);
            }
        }
        for y in 0..self.size[1].div_ceil(CELL) {
            self.coarsen(y, halves, &mut layer);
            self.average(y, z, &mut scratch, &mut layer);
        }
        layer
    }

    /// Bounds of the columns in row `y` of fine layer `z`.
    fn bound(&self, y: usize, z: usize, scratch: &mut Columns<T>) {
        scratch.low.fill(T::HIGHEST);
        scratch.high.fill(T::LOWEST);
        for k in FINE * z..(FINE * z + FINE + 1).min(self.size[2]) {
            for j in FINE * y..(FINE * y + FINE + 1).min(self.size[1]) {
                widen(self.row(j, k), &mut scratch.low, &mut scratch.high);
            }
        }
    }

    /// Bounds of row `y` of cells from the fine ones below it: they share their outermost voxels as cells do.
    fn coarsen(&self, y: usize, halves: usize, layer: &mut Layer<T>) {
        let [columns, rows, _] = self.size.map(|n| n.div_ceil(FINE));
        for x in 0..self.size[0].div_ceil(CELL) {
            let (mut low, mut high) = (T::HIGHEST, T::LOWEST);
            for half in 0..halves {
                for j in 2 * y..(2 * y + 2).min(rows) {
                    for i in 2 * x..(2 * x + 2).min(columns) {
                        let fine = (half * rows + j) * columns + i;
                        low = lesser(low, layer.fine_low[fine]);
                        high = larger(high, layer.fine_high[fine]);
                    }
                }
            }
            layer.low.push(low.to_f32());
            layer.high.push(high.to_f32());
        }
    }

    /// Means and holes of row `y` of layer `z` of cells.
    fn average(&self, y: usize, z: usize, scratch: &mut Columns<T>, layer: &mut Layer<T>) {
        scratch.sum.fill(T::Sum::default());
        scratch.hole.fill(0);
        let [rows, slices] = [(y, self.size[1]), (z, self.size[2])].map(|(cell, n)| {
            (
                CELL * cell..(CELL * cell + CELL).min(n),
                (CELL * cell + CELL + 1).min(n),
            )
        });
        for k in slices.0.clone() {
            for j in rows.0.clone() {
                for (sum, value) in scratch.sum.iter_mut().zip(self.row(j, k)) {
                    *sum = T::add(*sum, *value);
                }
            }
        }
        if T::HAS_HOLES {
            for k in slices.0.start..slices.1 {
                for j in rows.0.start..rows.1 {
                    for (hole, value) in scratch.hole.iter_mut().zip(self.row(j, k)) {
                        *hole |= u8::from(!value.to_f32().is_finite());
                    }
                }
            }
        }
        let of_column = rows.0.len() * slices.0.len();
        for (x, sums) in scratch.sum.chunks(CELL).enumerate() {
            let to = (CELL * x + CELL + 1).min(self.size[0]);
            let has_holes = scratch.hole[CELL * x..to].contains(&1);
            let mean = T::total(sums) / (of_column * sums.len()) as f64;
            layer.holes.push(has_holes);
            layer.mean.push(if has_holes {
                self.mean_of_finite([x, y, z])
            } else {
                mean as f32
            });
        }
    }

    #[cold]
    fn mean_of_finite(&self, cell: [usize; 3]) -> f32 {
        let [i, j, k] = [0, 1, 2].map(|a| CELL * cell[a]..(CELL * cell[a] + CELL).min(self.size[a]));
        let rows = k.flat_map(|k| j.clone().map(move |j| (j, k)));
        let values = rows.flat_map(|(j, k)| &self.row(j, k)[i.clone()]);
        let finite = values
            .map(|value| f64::from(value.to_f32()))
            .filter(|value| value.is_finite());
        let (sum, count) = finite.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
        (sum / f64::from(count.max(1))) as f32
    }
}

/// The lesser of two; the first where the second is not a number.
#[inline(always)]
fn lesser<T: Bounded>(a: T, b: T) -> T {
    if b < a { b } else { a }
}

/// The larger of two; the first where the second is not a number.
#[inline(always)]
fn larger<T: Bounded>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

/// Takes a row of voxels into the bounds of its columns.
fn widen<T: Bounded>(row: &[T], low: &mut [T], high: &mut [T]) {
    for ((value, low), high) in row.iter().zip(low).zip(high) {
        *low = lesser(*low, *value);
        *high = larger(*high, *value);
    }
}

/// Bounds of cells from those of columns: four and the next.
fn narrow<T: Bounded>(columns: &[T], cells: &mut [T], of_two: impl Fn(T, T) -> T) {
    for (x, cell) in cells.iter_mut().enumerate() {
        let to = (FINE * x + FINE + 1).min(columns.len());
        for value in &columns[FINE * x..to] {
            *cell = of_two(*cell, *value);
        }
    }
}

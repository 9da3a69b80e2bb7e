//! Where something can be seen, and how far it is from everywhere else.

use crate::render::cells::Cells;
use crate::render::{Cancel, Error};

/// Which values can be seen, as a table that answers for whole ranges at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    low: f32,
    bins_per_value: f32,
    /// Seen bins before each bin, and of all at the end.
    before: Vec<u32>,
}

impl Seen {
    /// Asks `is_seen` of each of `bins` equal parts of `range` whether any value in it, its ends included, can
    /// be seen. Values beyond the range count as its ends; 1024 to 4096 bins are plenty.
    #[must_use]
    pub fn new(range: [f32; 2], bins: usize, is_seen: impl Fn([f32; 2]) -> bool) -> Self {
        let [low, high] = range;
        let bins = bins.max(1);
        let width = (f64::from(high) - f64::from(low)).max(0.0) / bins as f64;
        let border = |bin: usize| (f64::from(low) + width * bin as f64) as f32;
        let mut before = vec![0];
        let mut seen = 0;
        for bin in 0..bins {
            seen += u32::from(is_seen([border(bin), border(bin + 1)]));
            before.push(seen);
        }
        let bins_per_value = if width > 0.0 { (1.0 / width) as f32 } else { 0.0 };
        Self {
            low,
            bins_per_value,
            before,
        }
    }

    /// Whether any value from `low` to `high` may be seen: never a wrong no. An empty range sees nothing.
    #[must_use]
    #[inline]
    pub fn any(&self, low: f32, high: f32) -> bool {
        // A neighbour more on either side makes up for rounding.
        let first = self.bin(low).saturating_sub(1);
        let end = (self.bin(high) + 2).min(self.before.len() - 1);
        low <= high && self.before[end] > self.before[first]
    }

    #[inline]
    fn bin(&self, value: f32) -> usize {
        (((value - self.low) * self.bins_per_value) as usize).min(self.before.len() - 2)
    }
}

/// For each cell how many cells away the nearest is in which something can be seen: 0 for itself.
///
/// Distances are Chebyshev's (the largest of those along the axes), at most 255; from a place in a cell of
/// distance `n`, nothing is seen before the ray has left the cells fewer than `n` away from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistanceMap {
    size: [usize; 3],
    distances: Vec<u8>,
    occupied: usize,
}

impl DistanceMap {
    /// Makes the map of what `seen` says; cells with values that are not finite count as seen where any number
    /// of theirs is.
    #[must_use]
    pub fn new(cells: &Cells, seen: &Seen) -> Self {
        let bounds = cells.low().iter().zip(cells.high());
        Self::of(cells.size(), bounds.map(|(low, high)| seen.any(*low, *high)))
    }

    /// Makes the map of any choice of cells, columns fastest.
    ///
    /// # Panics
    ///
    /// When there are not as many as `size` says.
    #[must_use]
    pub fn of(size: [usize; 3], is_occupied: impl Iterator<Item = bool>) -> Self {
        Self::of_until(size, is_occupied, &Cancel::new()).expect("nobody asks it to stop")
    }

    /// Makes the map of any choice of cells until the host asks to stop.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    ///
    /// # Panics
    ///
    /// When there are not as many as `size` says.
    pub fn of_until(
        size: [usize; 3],
        is_occupied: impl Iterator<Item = bool>,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let distances: Vec<u8> = is_occupied
            .map(|occupied| if occupied { 0 } else { u8::MAX })
            .collect();
        assert_eq!(distances.len(), size.iter().product::<usize>(), "one a cell");
        let mut map = Self {
            size,
            occupied: distances.iter().filter(|distance| **distance == 0).count(),
            distances,
        };
        if map.occupied > 0 {
            map.spread(cancel)?;
            map.distances.reverse();
            map.spread(cancel)?;
            map.distances.reverse();
        }
        Ok(map)
    }

    /// Cells a side: columns, rows, slices.
    #[must_use]
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Distances, columns fastest.
    #[must_use]
    pub fn distances(&self) -> &[u8] {
        &self.distances
    }

    /// Number of cells in which something can be seen.
    #[must_use]
    pub fn occupied(&self) -> usize {
        self.occupied
    }

    /// Carries distances on to cells that come later in reading order. Forth and back once give the exact map.
    fn spread(&mut self, cancel: &Cancel) -> Result<(), Error> {
        let [columns, rows, slices] = self.size;
        let mut nearest = vec![u8::MAX; columns + 2];
        for k in 0..slices {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            for j in 0..rows {
                nearest.fill(u8::MAX);
                let first = (k * rows + j) * columns;
                let (earlier, row) = self.distances.split_at_mut(first);
                let mut take = |j: usize, k: usize| {
                    let first = (k * rows + j) * columns;
                    let near = nearest[1..].iter_mut().zip(&earlier[first..first + columns]);
                    near.for_each(|(near, distance)| *near = (*near).min(*distance));
                };
                if j > 0 {
                    take(j - 1, k);
                }
                if k > 0 {
                    (j.saturating_sub(1)..(j + 2).min(rows)).for_each(|j| take(j, k - 1));
                }
                step(&mut row[..columns], &nearest);
            }
        }
        Ok(())
    }
}

/// One row of [`DistanceMap::spread`]: `nearest` are distances of the rows around, with one more at each end.
fn step(row: &mut [u8], nearest: &[u8]) {
    for (x, distance) in row.iter_mut().enumerate() {
        let around = nearest[x].min(nearest[x + 1]).min(nearest[x + 2]);
        *distance = (*distance).min(around.saturating_add(1));
    }
    let mut left = u8::MAX;
    for distance in row {
        *distance = (*distance).min(left.saturating_add(1));
        left = *distance;
    }
}

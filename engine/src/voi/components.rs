//! The connected parts of a mask.

use std::ops::Range;

use crate::voi::{Mask, Neighbours, Run};

/// Steps in rows and slices to the rows that come before in reading order.
const EARLIER_ROWS: [(isize, isize); 4] = [(-1, 0), (-1, -1), (0, -1), (1, -1)];

impl Mask {
    /// The connected parts, numbered from 0 by their first voxel in reading order.
    #[must_use]
    pub fn components(&self, neighbours: Neighbours) -> Components {
        let rows = RowIndex::of(self);
        let parents = parents(self, &rows, neighbours);
        Components::new(self.clone(), &parents)
    }
}

/// The connected parts of a mask, numbered from 0 by their first voxel in reading order.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::voi::{Mask, Neighbours};
/// let axes = [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 5.0)];
/// let grid = Grid::new([3, 2, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// // . . x
/// // x x .
/// let mask = Mask::from_predicate(grid, |[i, j, _]| (i == 2) != (j == 1));
/// assert_eq!(mask.components(Neighbours::TwentySix).count(), 1);
/// let parts = mask.components(Neighbours::Six);
/// assert_eq!((parts.count(), parts.voxels(0), parts.voxels(1)), (2, 1, 2));
/// assert_eq!(parts.label([0, 1, 0]), Some(1));
/// ```
#[derive(Debug, Clone)]
pub struct Components {
    mask: Mask,
    /// The part of each run of the mask.
    labels: Vec<u32>,
    /// Numbers of runs, part by part, in reading order within a part.
    by_part: Vec<u32>,
    parts: Vec<Part>,
}

/// One connected part.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Where its runs start in `by_part`.
    first: usize,
    runs: usize,
    voxels: usize,
}

impl Components {
    fn new(mask: Mask, parents: &[u32]) -> Self {
        let mut labels: Vec<u32> = Vec::with_capacity(parents.len());
        let mut parts: Vec<Part> = Vec::new();
        for (n, parent) in parents.iter().enumerate() {
            // A parent comes no later than its child, so that it has its label already.
            let label = match *parent as usize {
                root if root == n => parts.len() as u32,
                parent => labels[parent],
            };
            if label as usize == parts.len() {
                parts.push(Part::default());
            }
            let run = mask.runs()[n];
            let part = &mut parts[label as usize];
            part.runs += 1;
            part.voxels += run.end - run.start;
            labels.push(label);
        }
        let by_part = grouped(&labels, &mut parts);
        Self {
            mask,
            labels,
            by_part,
            parts,
        }
    }

    /// Number of parts.
    #[must_use]
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// Voxels of part `n`; 0 when there is no such part.
    #[must_use]
    pub fn voxels(&self, n: usize) -> usize {
        self.parts.get(n).map_or(0, |part| part.voxels)
    }

    /// The runs of part `n` in reading order; none when there is no such part.
    pub fn runs(&self, n: usize) -> impl Iterator<Item = Run> + '_ {
        let part = self.parts.get(n).copied().unwrap_or_default();
        self.by_part[part.first..part.first + part.runs]
            .iter()
            .map(|run| self.mask.runs()[*run as usize])
    }

    /// Part `n` as a mask; empty when there is no such part.
    #[must_use]
    pub fn mask(&self, n: usize) -> Mask {
        Mask::of_rows(self.mask.grid().clone(), self.runs(n).collect())
    }

    /// Every part as a mask.
    #[must_use]
    pub fn masks(&self) -> Vec<Mask> {
        (0..self.count()).map(|n| self.mask(n)).collect()
    }

    /// The part with the most voxels, the first of equals; `None` when the mask is empty.
    #[must_use]
    pub fn largest(&self) -> Option<usize> {
        (0..self.count()).rev().max_by_key(|n| self.voxels(*n))
    }

    /// The part that voxel (column, row, slice) belongs to; `None` outside the mask.
    #[must_use]
    pub fn label(&self, voxel: [usize; 3]) -> Option<usize> {
        self.mask.run_at(voxel).map(|run| self.labels[run] as usize)
    }
}

/// Numbers of runs sorted by their part; notes in each part where its own begin.
fn grouped(labels: &[u32], parts: &mut [Part]) -> Vec<u32> {
    let mut next = 0;
    let mut places: Vec<usize> = Vec::with_capacity(parts.len());
    for part in parts {
        part.first = next;
        places.push(next);
        next += part.runs;
    }
    let mut by_part = vec![0; labels.len()];
    for (n, label) in labels.iter().enumerate() {
        let place = &mut places[*label as usize];
        by_part[*place] = n as u32;
        *place += 1;
    }
    by_part
}

/// Where the runs of each row begin in the list of a mask's runs.
struct RowIndex {
    firsts: Vec<usize>,
}

impl RowIndex {
    fn of(mask: &Mask) -> Self {
        let [columns, rows, slices] = mask.grid().size();
        let mut firsts = Vec::with_capacity(rows * slices + 1);
        let mut next = 0;
        firsts.push(0);
        for row_end in (1..=rows * slices).map(|row| row * columns) {
            while mask.runs().get(next).is_some_and(|run| run.start < row_end) {
                next += 1;
            }
            firsts.push(next);
        }
        Self { firsts }
    }

    fn runs_of(&self, row: usize) -> Range<usize> {
        self.firsts[row]..self.firsts[row + 1]
    }
}

/// For each run one of its part that comes no later; only the first run of a part is its own.
fn parents(mask: &Mask, index: &RowIndex, neighbours: Neighbours) -> Vec<u32> {
    let [columns, rows, slices] = mask.grid().size();
    let count = u32::try_from(mask.runs().len()).expect("4 G runs would take 64 GB");
    let mut forest = Forest {
        parents: (0..count).collect(),
    };
    for k in 0..slices {
        for j in 0..rows {
            let own = k * rows + j;
            if index.runs_of(own).is_empty() {
                continue;
            }
            for (rows_off, slices_off) in EARLIER_ROWS {
                let (Some(j), Some(k)) = (j.checked_add_signed(rows_off), k.checked_add_signed(slices_off))
                else {
                    continue;
                };
                if let Some(reach) = neighbours.reach(rows_off, slices_off)
                    && j < rows
                {
                    let other = k * rows + j;
                    let rows = [index.runs_of(own), index.runs_of(other)];
                    forest.join_rows(mask.runs(), rows, (own - other) * columns, reach);
                }
            }
        }
    }
    forest.parents
}

/// Trees of runs; a root is the earliest run of its tree.
struct Forest {
    parents: Vec<u32>,
}

impl Forest {
    /// Joins the runs of two rows that touch: `distance` is from a voxel of the second row to the first's.
    fn join_rows(
        &mut self,
        runs: &[Run],
        [mut own, mut other]: [Range<usize>; 2],
        distance: usize,
        reach: usize,
    ) {
        while !own.is_empty() && !other.is_empty() {
            let a = runs[own.start];
            let b = Run {
                start: runs[other.start].start + distance,
                end: runs[other.start].end + distance,
            };
            if a.start < b.end + reach && b.start < a.end + reach {
                self.join(own.start as u32, other.start as u32);
            }
            if a.end < b.end {
                own.start += 1;
            } else {
                other.start += 1;
            }
        }
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    fn root(&mut self, mut n: u32) -> u32 {
        loop {
            let parent = self.parents[n as usize];
            if parent == n {
                return n;
            }
            let grandparent = self.parents[parent as usize];
            self.parents[n as usize] = grandparent;
            n = grandparent;
        }
    }
}

#[cfg(test)]
mod tests;

//! A set of voxels in a box that may reach beyond its grid.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::Grid;
use crate::voi::mask::MaskBuilder;
use crate::voi::morphology::ball::{Ball, Chord, Disc};
use crate::voi::{Mask, Run};

/// Columns, rows, slices; those below 0 and above the last of a grid lie beyond it.
pub(super) type Bounds = [Range<i64>; 3];

/// Neighbouring voxels of one row: columns from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub start: i64,
    pub end: i64,
}

/// The voxels of a set, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spans {
    bounds: Bounds,
    /// Where the spans of each row begin, and where those of the last end.
    firsts: Vec<usize>,
    /// Rising within a row, apart from each other, within the bounds.
    spans: Vec<Span>,
}

/// The rows of one slice in the making.
pub(super) struct SliceSpans {
    ends: Vec<usize>,
    spans: Vec<Span>,
}

impl SliceSpans {
    fn new() -> Self {
        Self {
            ends: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// Adds one row, one value a column.
    fn push_row(&mut self, first_column: i64, columns: impl Iterator<Item = bool>) {
        let mut start = None;
        let mut column = first_column;
        for inside in columns {
            match (inside, start) {
                (true, None) => start = Some(column),
                (false, Some(first)) => {
                    self.spans.push(Span {
                        start: first,
                        end: column,
                    });
                    start = None;
                }
                _ => {}
            }
            column += 1;
        }
        if let Some(start) = start {
            self.spans.push(Span { start, end: column });
        }
        self.ends.push(self.spans.len());
    }
}

impl Spans {
    /// The voxels of a mask, in the box that they fill; `None` for an empty mask.
    pub(super) fn of(mask: &Mask) -> Option<Self> {
        let bounds = mask
            .bounding_box()?
            .map(|range| range.start as i64..range.end as i64);
        let [columns, rows, _] = mask.grid().size();
        let mut firsts = Vec::with_capacity(rows_of(&bounds) + 1);
        let mut spans = Vec::with_capacity(mask.runs().len());
        let mut runs = mask.runs().iter().peekable();
        for k in bounds[2].clone() {
            for j in bounds[1].clone() {
                firsts.push(spans.len());
                let base = (k as usize * rows + j as usize) * columns;
                while let Some(run) = runs.next_if(|run| run.start < base + columns) {
                    spans.push(Span {
                        start: (run.start - base) as i64,
                        end: (run.end - base) as i64,
                    });
                }
            }
        }
        firsts.push(spans.len());
        Some(Self {
            bounds,
            firsts,
            spans,
        })
    }

    /// The same voxels on a grid; those beyond it are left out.
    pub(super) fn into_mask(self, grid: &Arc<Grid>) -> Mask {
        let size = grid.size();
        let mut builder = MaskBuilder::new(grid.clone());
        let bounds = cut(&self.bounds, size);
        for k in bounds[2].clone() {
            for j in bounds[1].clone() {
                let base = (k as usize * size[1] + j as usize) * size[0];
                for span in self.row(j, k) {
                    let start = span.start.max(0) as usize;
                    let end = span.end.clamp(0, size[0] as i64) as usize;
                    builder.push(Run {
                        start: base + start,
                        end: base + end.max(start),
                    });
                }
            }
        }
        builder.finish()
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The spans of a row; none for a row beyond the bounds.
    pub(super) fn row(&self, row: i64, slice: i64) -> &[Span] {
        let [_, rows, slices] = &self.bounds;
        if !rows.contains(&row) || !slices.contains(&slice) {
            return &[];
        }
        let index = self.row_index(row, slice);
        &self.spans[self.firsts[index]..self.firsts[index + 1]]
    }

    /// Position among all spans of the first one of a row within the bounds.
    pub(super) fn first(&self, row: i64, slice: i64) -> usize {
        self.firsts[self.row_index(row, slice)]
    }

    fn row_index(&self, row: i64, slice: i64) -> usize {
        let [_, rows, slices] = &self.bounds;
        ((slice - slices.start) * (rows.end - rows.start) + row - rows.start) as usize
    }

    /// The voxels of a box that are not in this set.
    pub(super) fn complement(&self, bounds: &Bounds) -> Self {
        let [columns, rows, slices] = bounds;
        let mut firsts = Vec::with_capacity(rows_of(bounds) + 1);
        let mut spans = Vec::new();
        for k in slices.clone() {
            for j in rows.clone() {
                firsts.push(spans.len());
                let mut start = columns.start;
                let ends = self.row(j, k).iter().copied();
                for span in ends.chain([Span {
                    start: columns.end,
                    end: columns.end,
                }]) {
                    let end = span.start.min(columns.end);
                    if start < end {
                        spans.push(Span { start, end });
                    }
                    start = start.max(span.end);
                }
            }
        }
        firsts.push(spans.len());
        Self {
            bounds: bounds.clone(),
            firsts,
            spans,
        }
    }

    /// Number of spans.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The spans for which `left_out`, one value a span, does not hold.
    pub(super) fn without(&self, left_out: &[bool]) -> Self {
        let kept = |range: Range<usize>| range.filter(|span| !left_out[*span]);
        let mut firsts = vec![0];
        firsts.extend(self.firsts.windows(2).scan(0, |count, row| {
            *count += kept(row[0]..row[1]).count();
            Some(*count)
        }));
        Self {
            bounds: self.bounds.clone(),
            firsts,
            spans: kept(0..self.spans.len()).map(|span| self.spans[span]).collect(),
        }
    }

    /// The voxels of this set that have none of the box `known` without this set within the ball.
    pub(super) fn shrunk(&self, ball: &Ball, known: &Bounds) -> Self {
        self.complement(known)
            .grown(ball, &self.bounds)
            .complement(&self.bounds)
    }

    /// The voxels of a box that have a voxel of this set within the ball.
    pub(super) fn grown(&self, ball: &Ball, bounds: &Bounds) -> Self {
        let columns = &bounds[0];
        let count = (columns.end - columns.start) as usize;
        by_slice(bounds, |k, out| {
            let discs = ball.discs(k, &self.bounds[2]);
            let mut changes = vec![0i32; count + 1];
            for j in bounds[1].clone() {
                self.add_near(&discs, j, columns, &mut changes);
                let mut depth = 0;
                out.push_row(
                    columns.start,
                    changes[..count].iter().map(|change| {
                        depth += change;
                        depth > 0
                    }),
                );
                changes.fill(0);
            }
        })
    }

    /// Counts, as changes from column to column, the spans within a ball around the voxels of row `j`.
    fn add_near(&self, discs: &[Disc], j: i64, columns: &Range<i64>, changes: &mut [i32]) {
        for disc in discs {
            for chord in &disc.chords {
                for span in self.row(j + chord.row, disc.slice) {
                    let start = (span.start - chord.high).max(columns.start);
                    let end = (span.end - chord.low).min(columns.end);
                    if start < end {
                        changes[(start - columns.start) as usize] += 1;
                        changes[(end - columns.start) as usize] -= 1;
                    }
                    if start == columns.start && end == columns.end {
                        return;
                    }
                }
            }
        }
    }

    /// The voxels of the bounds around which most voxels within the ball are of this set; where as many are
    /// as not, those of this set stay.
    ///
    /// Only voxels of the box `known` are counted.
    pub(super) fn smoothed(&self, ball: &Ball, bounds: &Bounds, known: &Bounds) -> Self {
        let columns = &bounds[0];
        let count = (columns.end - columns.start) as usize;
        by_slice(bounds, |k, out| {
            let discs = ball.discs(k, &known[2]);
            let mut votes = Votes::new(columns);
            let mut inside = vec![false; count];
            for j in bounds[1].clone() {
                for span in self.row(j, k) {
                    let [start, end] = [span.start, span.end].map(|at| (at - columns.start) as usize);
                    inside[start..end].fill(true);
                }
                votes.cast(self, &discs, j, known);
                let majority = votes
                    .take()
                    .zip(&inside)
                    .map(|(votes, inside)| votes > 0 || votes == 0 && *inside);
                out.push_row(columns.start, majority);
                inside.fill(false);
            }
        })
    }
}

/// Votes for and against each column of a row, kept as changes of their slope: a span adds a trapezoid.
struct Votes {
    columns: Range<i64>,
    /// Sum and slope before the first column.
    sum: i64,
    slope: i64,
    changes: Vec<i64>,
}

impl Votes {
    fn new(columns: &Range<i64>) -> Self {
        Self {
            columns: columns.clone(),
            sum: 0,
            slope: 0,
            changes: vec![0; (columns.end - columns.start) as usize],
        }
    }

    /// Casts the votes of the voxels of `known` within the ball around each voxel of row `j`: 1 for each in
    /// the set, -1 for each other.
    fn cast(&mut self, set: &Spans, discs: &[Disc], j: i64, known: &Bounds) {
        let known_row = Span {
            start: known[0].start,
            end: known[0].end,
        };
        for disc in discs {
            for chord in disc
                .chords
                .iter()
                .filter(|chord| known[1].contains(&(j + chord.row)))
            {
                self.add(known_row, chord, -1);
                for span in set.row(j + chord.row, disc.slice) {
                    self.add(*span, chord, 2);
                }
            }
        }
    }

    /// Adds `weight` to each column for each voxel of `span` that lies on the chord around the column.
    fn add(&mut self, span: Span, chord: &Chord, weight: i64) {
        self.bend(span.start - chord.high, weight);
        self.bend(span.start - chord.low + 1, -weight);
        self.bend(span.end - chord.high, -weight);
        self.bend(span.end - chord.low + 1, weight);
    }

    /// From `column` on the sum rises by `weight` more from column to column.
    fn bend(&mut self, column: i64, weight: i64) {
        if column < self.columns.start {
            self.slope += weight;
            self.sum += weight * (self.columns.start - column);
        } else if column < self.columns.end {
            self.changes[(column - self.columns.start) as usize] += weight;
        }
    }

    /// The sum for each column; the next row begins at 0.
    fn take(&mut self) -> impl Iterator<Item = i64> + '_ {
        let mut slope = std::mem::take(&mut self.slope);
        let mut sum = std::mem::take(&mut self.sum);
        self.changes.iter_mut().map(move |change| {
            slope += std::mem::take(change);
            sum += slope;
            sum
        })
    }
}

fn rows_of(bounds: &Bounds) -> usize {
    ((bounds[1].end - bounds[1].start) * (bounds[2].end - bounds[2].start)) as usize
}

/// The part of a box that lies within a grid of this size.
pub(super) fn cut(bounds: &Bounds, size: [usize; 3]) -> Bounds {
    [0, 1, 2].map(|axis| bounds[axis].start.max(0)..bounds[axis].end.min(size[axis] as i64))
}

/// Makes each slice of a box by itself, on all cores, and puts them together.
fn by_slice(bounds: &Bounds, fill: impl Fn(i64, &mut SliceSpans) + Sync) -> Spans {
    let slice = |k: i64| {
        let mut out = SliceSpans::new();
        fill(k, &mut out);
        out
    };
    #[cfg(feature = "parallel")]
    let slices: Vec<SliceSpans> = {
        use rayon::prelude::*;
        bounds[2].clone().into_par_iter().map(slice).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let slices: Vec<SliceSpans> = bounds[2].clone().map(slice).collect();
    let mut firsts = vec![0];
    let mut spans = Vec::with_capacity(slices.iter().map(|slice| slice.spans.len()).sum());
    for slice in slices {
        firsts.extend(slice.ends.iter().map(|end| end + spans.len()));
        spans.extend(slice.spans);
    }
    Spans {
        bounds: bounds.clone(),
        firsts,
        spans,
    }
}

//! How much of each pixel an area covers, exactly for straight edges.
//!
//! Each edge adds, in every row that it passes, the area between itself and the right side of the picture; the sum
//! along a row is the winding number times the covered part of each pixel. Where two areas of one mark share a pixel,
//! their parts are added, up to the whole pixel. Only cells that an edge passes are stored, so that work and memory
//! grow with the length of edges, not with the picture.

use std::ops::Range;

/// Which pixels count as inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Where the winding number is not 0.
    NonZero,
    /// Where it is odd.
    EvenOdd,
}

/// Less of a pixel than that is none.
const LEAST: f64 = 1.0 / 1024.0;
/// Most cells of a box that are kept as a box.
const MOST_DENSE: usize = 1 << 16;

/// A box of pixels, and what edges add to its cells.
pub(super) struct Raster {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    cells: Cells,
    /// How many cells may still be added to.
    budget: u64,
}

enum Cells {
    /// One value a pixel.
    Dense(Vec<f32>),
    /// Row and column in one number, and a value, in no order.
    Sparse(Vec<(u64, f32)>),
}

impl Raster {
    /// The part of a picture within bounds (left, top, right, lower side; pixels from the corner); `None` when
    /// nothing of it is in the picture.
    pub(super) fn new([left, top, right, bottom]: [f64; 4], picture: [u32; 2], budget: u64) -> Option<Self> {
        // A box that is no number holds nothing.
        let inside = |along: f64, side: u32| along.clamp(0.0, f64::from(side)) as usize;
        let [left, right] = [left.floor(), right.ceil()].map(|x| inside(x, picture[0]));
        let [top, bottom] = [top.floor(), bottom.ceil()].map(|y| inside(y, picture[1]));
        if left >= right || top >= bottom {
            return None;
        }
        let (width, height) = (right - left, bottom - top);
        let cells = if width * height <= MOST_DENSE {
            Cells::Dense(vec![0.0; width * height])
        } else {
            Cells::Sparse(Vec::new())
        };
        Some(Self {
            left,
            top,
            width,
            height,
            cells,
            budget,
        })
    }

    /// Adds the closed polygon through these points, `sign` times.
    pub(super) fn polygon(&mut self, points: &[[f64; 2]], sign: f64) {
        let Some(&last) = points.last() else {
            return;
        };
        let mut from = last;
        for &to in points {
            self.edge(from, to, sign);
            from = to;
        }
    }

    fn edge(&mut self, from: [f64; 2], to: [f64; 2], sign: f64) {
        let local = |[x, y]: [f64; 2]| [x - self.left as f64, y - self.top as f64];
        let (sign, [x0, y0], [x1, y1]) = if from[1] <= to[1] {
            (sign, local(from), local(to))
        } else {
            (-sign, local(to), local(from))
        };
        let (first, last) = (y0.max(0.0), y1.min(self.height as f64));
        if first >= last {
            return;
        }
        let slope = (x1 - x0) / (y1 - y0);
        let (low, high) = (x0.min(x1), x0.max(x1));
        let x_at = |y: f64| (x0 + (y - y0) * slope).clamp(low, high);
        for row in first as usize..(last.ceil() as usize).min(self.height) {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            let (upper, lower) = (first.max(row as f64), last.min(row as f64 + 1.0));
            self.piece(row, x_at(upper), x_at(lower), sign * (lower - upper));
        }
    }

    /// Adds a piece of an edge within a row that reaches from one column to another and is `rise` high.
    fn piece(&mut self, row: usize, x0: f64, x1: f64, rise: f64) {
        let (low, high) = if x0 <= x1 { (x0, x1) } else { (x1, x0) };
        let right = self.width as f64;
        // What lies left of the box covers its rows as a whole; what lies right of it, none.
        if high <= 0.0 {
            self.add(row, 0, rise);
            return;
        }
        if low >= right {
            return;
        }
        let per_pixel = if high > low { rise / (high - low) } else { 0.0 };
        if low < 0.0 {
            self.add(row, 0, -low * per_pixel);
        }
        let (low, high) = (low.max(0.0), high.min(right));
        let first = (low as usize).min(self.width - 1);
        if high <= (first + 1) as f64 {
            let rise = if per_pixel == 0.0 {
                rise
            } else {
                (high - low) * per_pixel
            };
            self.cover(row, first, rise, (low + high) / 2.0);
            return;
        }
        for column in first..(high.ceil() as usize).min(self.width) {
            let (from, to) = (low.max(column as f64), high.min(column as f64 + 1.0));
            self.cover(row, column, (to - from) * per_pixel, (from + to) / 2.0);
        }
    }

    /// Adds a piece within a cell: its own cell is covered right of `middle`, those after it as a whole.
    fn cover(&mut self, row: usize, column: usize, rise: f64, middle: f64) {
        let left_out = rise * (middle - column as f64);
        self.add(row, column, rise - left_out);
        if column + 1 < self.width {
            self.add(row, column + 1, left_out);
        }
    }

    fn add(&mut self, row: usize, column: usize, value: f64) {
        self.budget = self.budget.saturating_sub(1);
        match &mut self.cells {
            Cells::Dense(cells) => cells[row * self.width + column] += value as f32,
            Cells::Sparse(cells) => cells.push(((row as u64) << 32 | column as u64, value as f32)),
        }
    }

    /// Tells the covered part of pixels, row by row: row, columns, part. Gives the budget that is left.
    pub(super) fn sweep(mut self, rule: Rule, mut paint: impl FnMut(usize, Range<usize>, f64)) -> u64 {
        let (left, top, width) = (self.left, self.top, self.width);
        let mut budget = self.budget;
        let mut run = |row: usize, columns: Range<usize>, sum: f64| {
            let part = covered(sum, rule);
            let count = columns.len() as u64;
            if part > LEAST && budget >= count {
                budget -= count;
                paint(top + row, left + columns.start..left + columns.end, part);
            }
        };
        match &mut self.cells {
            Cells::Dense(cells) => {
                for (row, cells) in cells.chunks(width).enumerate() {
                    let mut sum = 0.0;
                    for (column, value) in cells.iter().enumerate() {
                        sum += f64::from(*value);
                        run(row, column..column + 1, sum);
                    }
                }
            }
            Cells::Sparse(cells) => {
                cells.sort_unstable_by_key(|(key, _)| *key);
                let (mut sum, mut last) = (0.0, 0);
                for (n, (key, value)) in cells.iter().enumerate() {
                    let [row, column] = [(key >> 32) as usize, (key & 0xffff_ffff) as usize];
                    sum = if (last >> 32) == (key >> 32) { sum } else { 0.0 } + f64::from(*value);
                    last = *key;
                    let next = cells.get(n + 1).filter(|(next, _)| next >> 32 == key >> 32);
                    let end = next.map_or(width, |(next, _)| (next & 0xffff_ffff) as usize);
                    if end > column {
                        run(row, column..end, sum);
                    }
                }
            }
        }
        budget
    }
}

/// The covered part of a pixel whose winding numbers have this mean.
fn covered(sum: f64, rule: Rule) -> f64 {
    let size = sum.abs();
    match rule {
        Rule::NonZero => size.min(1.0),
        // 0 at even numbers, 1 at odd ones, straight between.
        Rule::EvenOdd => 1.0 - (size % 2.0 - 1.0).abs(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Raster, Rule};

    /// The covered parts of a 7 x 6 picture, or of one so large that cells are stored one by one.
    fn covered(rings: &[&[[f64; 2]]], rule: Rule, is_large: bool) -> Vec<f64> {
        let picture = if is_large { [700, 600] } else { [7, 6] };
        let whole = [0.0, 0.0, f64::from(picture[0]), f64::from(picture[1])];
        let mut raster = Raster::new(whole, picture, 1 << 20).unwrap();
        rings.iter().for_each(|ring| raster.polygon(ring, 1.0));
        let mut parts = vec![0.0; 42];
        raster.sweep(rule, |y, columns, part| {
            for x in columns {
                if x < 7 && y < 6 {
                    parts[y * 7 + x] += part;
                }
            }
        });
        parts
    }

    fn check(rings: &[&[[f64; 2]]], rule: Rule, expected: impl Fn(usize, usize) -> f64) {
        for is_large in [false, true] {
            for (at, part) in covered(rings, rule, is_large).into_iter().enumerate() {
                let (x, y) = (at % 7, at / 7);
                assert!(
                    (part - expected(x, y)).abs() < 1e-6,
                    "{x}, {y}: {part}, large {is_large}"
                );
            }
        }
    }

    fn within(from: f64, to: f64, pixel: usize) -> f64 {
        (to.min(pixel as f64 + 1.0) - from.max(pixel as f64)).max(0.0)
    }

    #[test]
    fn a_box_covers_its_parts_of_pixels() {
        let [[left, top], [right, bottom]] = [[1.25, 0.5], [5.1, 4.75]];
        let ring = [[left, top], [right, top], [right, bottom], [left, bottom]];
        let expected = |x, y| within(left, right, x) * within(top, bottom, y);
        check(&[&ring], Rule::NonZero, expected);
        check(&[&ring], Rule::EvenOdd, expected);
        let turned: Vec<_> = ring.into_iter().rev().collect();
        check(&[&turned], Rule::NonZero, expected);
        // A hole.
        let [outer, inner] = [[1.0, 0.0, 6.0, 5.0], [2.0, 1.0, 5.0, 4.0]]
            .map(|[left, top, right, bottom]| [[left, top], [right, top], [right, bottom], [left, bottom]]);
        let in_ring =
            |x, y| within(1.0, 6.0, x) * within(0.0, 5.0, y) - within(2.0, 5.0, x) * within(1.0, 4.0, y);
        check(&[&outer, &inner], Rule::EvenOdd, in_ring);
        check(&[&outer, &inner], Rule::NonZero, |x, y| {
            within(1.0, 6.0, x) * within(0.0, 5.0, y)
        });
    }

    #[test]
    fn what_lies_outside_still_counts() {
        let far = [[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]];
        check(&[&far], Rule::NonZero, |_, _| 1.0);
        let left_half = [[-50.0, -3.0], [3.5, -3.0], [3.5, 90.0], [-50.0, 90.0]];
        check(&[&left_half], Rule::NonZero, |x, _| within(0.0, 3.5, x));
    }

    #[test]
    fn a_slanted_edge_cuts_pixels_exactly() {
        // y = x / 2: below it in column x, from x/2 to (x + 1)/2.
        let triangle = [[0.0, 0.0], [6.0, 3.0], [0.0, 3.0]];
        let parts = covered(&[&triangle], Rule::NonZero, false);
        assert!((parts.iter().sum::<f64>() - 9.0).abs() < 1e-6);
        assert!((parts[0] - 0.75).abs() < 1e-6 && (parts[1] - 0.25).abs() < 1e-6);
        check(&[&triangle], Rule::NonZero, |x, y| {
            let strips = 1000;
            let height = |n: usize| {
                let at = x as f64 + (n as f64 + 0.5) / f64::from(strips);
                if at > 6.0 { 0.0 } else { within(at / 2.0, 3.0, y) }
            };
            let sum: f64 = (0..strips as usize).map(height).sum();
            (sum / f64::from(strips) * 1e5).round() / 1e5
        });
    }

    #[test]
    fn nothing_is_done_without_a_budget() {
        let mut raster = Raster::new([0.0, 0.0, 7.0, 6.0], [7, 6], 3).unwrap();
        raster.polygon(&[[0.0, 0.0], [7.0, 0.0], [7.0, 6.0], [0.0, 6.0]], 1.0);
        assert_eq!(raster.sweep(Rule::NonZero, |_, _, _| panic!("painted")), 0);
        assert!(Raster::new([f64::NAN; 4], [7, 6], 9).is_none());
        assert!(Raster::new([8.0, 0.0, 9.0, 6.0], [7, 6], 9).is_none());
    }
}

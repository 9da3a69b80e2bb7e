//! The way between two spots along edges, which outlines are drawn with (intelligent scissors, Mortensen & Barrett,
//! SIGGRAPH 1995): the cheapest way over the pixels of the slice, where edges cost little.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::geometry::{Grid, Patient, Point, Vector};
use crate::session::Session;
use crate::session::apply::{shown, step_mm};
use crate::session::command::Spot;
use crate::session::error::Refusal;
use crate::session::sight::size_of;
use crate::session::state::{Kind, Shown};
use crate::volume::{Interpolation, Volume, sample};

/// Most pixels that a way is looked for on.
const MAX_PIXELS: usize = 1 << 20;
/// Pixels around the two spots that the way may take.
const MARGIN: f64 = 32.0;
/// What a millimetre costs on the strongest edge, where it costs 1 more on even ground.
const ON_EDGE: f64 = 0.05;

impl Session {
    /// The way from one spot of a view to another along the edges of the lowest layer, in pixels of the second spot's
    /// picture, both spots included.
    ///
    /// A host draws it while the pointer moves; the ways from point to point together are added as a freehand mark.
    /// Edges are where values of the slice change most, told on its own pixels; the same spots have the same way.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotShown`] unless the view is a stack or a plane, [`Refusal::Count`] for spots too far apart,
    /// [`Refusal::Waiting`] until the voxels have come.
    pub fn livewire(&self, viewport: u32, from: Spot, to: Spot) -> Result<Vec<Spot>, Refusal> {
        let shown = shown(&self.state, viewport, "a way along edges")?;
        if !matches!(shown.kind, Kind::Stack | Kind::Plane) {
            return Err(Refusal::NotShown {
                what: "a way along edges",
                expected: "a stack or a plane",
                found: shown.kind.title(),
            });
        }
        let size = size_of(to)?;
        let grid = &self.stage.facts(&shown.layers[0].series)?.grid;
        let ends = [shown.place(grid, from)?, shown.place(grid, to)?];
        let (lattice, nodes) = Lattice::about(shown, grid, ends)?;
        let volume = self.stage.whole(&shown.layers[0].series, shown.phase)?;
        let way = cheapest(&lattice, &lattice.costs(&volume), nodes);
        let plane = shown.plane(grid, size)?;
        let between = way.get(1..way.len() - 1).unwrap_or_default();
        let mut places = vec![ends[0]];
        places.extend(between.iter().map(|node| lattice.on_edge(*node, &volume)));
        places.push(ends[1]);
        let spot = |place| {
            let [x, y] = plane.pixel(place)?;
            Some(Spot { x, y, ..to })
        };
        Ok(places.into_iter().filter_map(spot).collect())
    }
}

/// Pixels on a plane, as far apart as the voxels.
struct Lattice {
    corner: Point<Patient>,
    step: [Vector<Patient>; 2],
    step_mm: [f64; 2],
    size: [usize; 2],
}

impl Lattice {
    /// The pixels about two places, on the centres of voxels where the plane lies on them; and the places' pixels.
    fn about(shown: &Shown, grid: &Grid, ends: [Point<Patient>; 2]) -> Result<(Self, [usize; 2]), Refusal> {
        let axes = [shown.right(), shown.down()];
        let step_mm = axes.map(|axis| step_mm(grid, axis));
        let nearest: [f64; 3] = {
            let at = grid.voxel(ends[0]);
            std::array::from_fn(|axis| at[axis].round())
        };
        let off = grid.patient(Point::from(nearest)) - ends[0];
        let anchor = ends[0] + off - shown.away() * shown.away().dot(off);
        let at =
            |end: Point<Patient>| [0, 1].map(|axis| (axes[axis].dot(end - anchor) / step_mm[axis]).round());
        let ends = ends.map(at);
        let apart = (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1]);
        let margin = MARGIN.max(apart / 4.0).ceil();
        let low = [0, 1].map(|axis| ends[0][axis].min(ends[1][axis]) - margin);
        let high = [0, 1].map(|axis| ends[0][axis].max(ends[1][axis]) + margin);
        let sides = [0, 1].map(|axis| high[axis] - low[axis] + 1.0);
        let count = sides[0] * sides[1];
        // What is not a number is too many.
        let fits = count <= MAX_PIXELS as f64;
        if !fits {
            return Err(Refusal::Count {
                what: "pixels about the two spots",
                expected: format!("at most {MAX_PIXELS}"),
                found: count as usize,
            });
        }
        let step = [0, 1].map(|axis| axes[axis] * step_mm[axis]);
        let lattice = Self {
            corner: anchor + step[0] * low[0] + step[1] * low[1],
            step,
            step_mm,
            size: sides.map(|side| side as usize),
        };
        let node = |end: [f64; 2]| (end[1] - low[1]) as usize * lattice.size[0] + (end[0] - low[0]) as usize;
        let nodes = ends.map(node);
        Ok((lattice, nodes))
    }

    fn place(&self, node: usize) -> Point<Patient> {
        let [column, row] = [node % self.size[0], node / self.size[0]];
        self.corner + self.step[0] * column as f64 + self.step[1] * row as f64
    }

    /// The place beside a pixel, at most one away, where the value is half-way between those on either side of the edge.
    fn on_edge(&self, node: usize, volume: &Volume) -> Point<Patient> {
        let place = self.place(node);
        let value = |by: Vector<Patient>| {
            let value = sample(volume, volume.grid().voxel(place + by), Interpolation::Linear);
            value.filter(|value| value.is_finite())
        };
        let axes = [0, 1].map(|axis| self.step[axis] * (1.0 / self.step_mm[axis]));
        let slopes = [0, 1].map(|axis| {
            let step = self.step[axis];
            Some((value(step)? - value(-step)?) / self.step_mm[axis])
        });
        let [Some(right), Some(down)] = slopes else {
            return place;
        };
        let Some(rising) = (axes[0] * right + axes[1] * down).normalized() else {
            return place;
        };
        let reach_mm = self.step_mm[0].min(self.step_mm[1]);
        let along = [-reach_mm, 0.0, reach_mm].map(|mm| value(rising * mm));
        let [Some(below), Some(here), Some(above)] = along else {
            return place;
        };
        let off = (below + above) / 2.0 - here;
        let part = match off >= 0.0 {
            true if above > here => off / (above - here),
            false if here > below => off / (here - below),
            _ => 0.0,
        };
        place + rising * (reach_mm * part.clamp(-1.0, 1.0))
    }

    /// What a millimetre costs at each pixel.
    fn costs(&self, volume: &Volume) -> Vec<f64> {
        let [columns, rows] = self.size;
        let grid = volume.grid();
        let value = |node| sample(volume, grid.voxel(self.place(node)), Interpolation::Linear);
        let values: Vec<Option<f64>> = (0..columns * rows).map(value).collect();
        let change = |a: usize, b: usize, mm: f64| match (values[a], values[b]) {
            // Beyond the volume there are no edges, nor is its border one.
            (Some(a), Some(b)) if a.is_finite() && b.is_finite() => (b - a) / mm,
            _ => 0.0,
        };
        let slope = |node: usize| {
            let (column, row) = (node % columns, node / columns);
            let left = node - usize::from(column > 0);
            let right = node + usize::from(column + 1 < columns);
            let above = if row > 0 { node - columns } else { node };
            let below = if row + 1 < rows { node + columns } else { node };
            let across = change(left, right, 2.0 * self.step_mm[0]);
            across.hypot(change(above, below, 2.0 * self.step_mm[1]))
        };
        let slopes: Vec<f64> = (0..columns * rows).map(slope).collect();
        let steepest = slopes.iter().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        let cost = |slope: f64| ON_EDGE + 1.0 - slope / steepest;
        slopes.into_iter().map(cost).collect()
    }

    /// The pixels beside one, and how far they lie.
    fn beside(&self, node: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let [columns, rows] = self.size;
        let (column, row) = (node % columns, node / columns);
        let steps = (0..9_usize).filter(|n| *n != 4).map(|n| (n % 3, n / 3));
        steps.filter_map(move |(across, along)| {
            let column = (column + across).checked_sub(1).filter(|n| *n < columns)?;
            let row = (row + along).checked_sub(1).filter(|n| *n < rows)?;
            let side = |step: usize, mm: f64| if step == 1 { 0.0 } else { mm };
            let mm = side(across, self.step_mm[0]).hypot(side(along, self.step_mm[1]));
            Some((row * columns + column, mm))
        })
    }
}

/// The cheapest way from one pixel to another (Dijkstra); of equal ones that over the first pixels in reading order.
fn cheapest(lattice: &Lattice, costs: &[f64], [from, to]: [usize; 2]) -> Vec<usize> {
    let mut spent = vec![f64::INFINITY; costs.len()];
    let mut came_from = vec![usize::MAX; costs.len()];
    let mut open = BinaryHeap::new();
    spent[from] = 0.0;
    open.push(Reverse((0_u64, from)));
    while let Some(Reverse((bits, node))) = open.pop() {
        if node == to {
            break;
        }
        // Numbers from 0 on are in the order of their bits.
        if f64::from_bits(bits) > spent[node] {
            continue;
        }
        for (next, mm) in lattice.beside(node) {
            let total = spent[node] + mm * (costs[node] + costs[next]) / 2.0;
            if total < spent[next] {
                spent[next] = total;
                came_from[next] = node;
                open.push(Reverse((total.to_bits(), next)));
            }
        }
    }
    let mut way = vec![to];
    let mut at = to;
    while at != from && came_from[at] != usize::MAX {
        at = came_from[at];
        way.push(at);
    }
    way.reverse();
    way
}

//! Candidates taken apart: where uptake falls from two maxima to a saddle between them, there are two basins.

use std::sync::Arc;

use crate::geometry::{Grid, Patient, Point, Voxel};
use crate::voi::{Mask, Run};
use crate::volume::Volume;

/// The voxels that fall to one maximum.
#[derive(Debug, Clone)]
pub(super) struct Basin {
    /// Index of each voxel in reading order, rising.
    pub voxels: Vec<usize>,
    /// The largest value.
    pub max: f64,
    /// Where it is.
    pub max_at: Point<Patient>,
    /// Volume, mL.
    pub volume_ml: f64,
    /// Mean place of the voxels.
    pub center: Point<Patient>,
    /// Basins that it touches, with the highest value of the pass between.
    pub passes: Vec<(usize, f64)>,
    /// The connected part it belongs to, before they were taken apart.
    pub part: usize,
    /// The basin that it was the core of, before it was taken out of it.
    pub core_of: Option<usize>,
}

/// Takes the voxels of `mask` apart where two maxima are parted by a pass below `keep` of the lower one.
///
/// Voxels are visited from the hottest down, over 26 neighbours; ties go by reading order, so that the result
/// is the same everywhere. Values that are not finite are no part of `mask`.
pub(super) fn basins(volume: &Volume, mask: &Mask, keep: f64) -> Vec<Basin> {
    let flood = Flood::over(volume, mask, keep);
    let mut basins = flood.basins(volume.grid());
    for n in 0..basins.len() {
        split_core(volume, &mut basins, n);
    }
    set_parts(&mut basins);
    basins
}

/// Takes a hot core out of a basin that reaches far to one side of it: a node on an organ's wall, whose slopes
/// run into the wall without a maximum of its own.
fn split_core(volume: &Volume, basins: &mut Vec<Basin>, n: usize) {
    let grid = volume.grid();
    let basin = &basins[n];
    let level = CORE_LEVEL * basin.max;
    let core = core_of(volume, basin, level);
    if core.is_empty() || core.len() as f64 > CORE_SHARE * basin.voxels.len() as f64 {
        return;
    }
    let rest: Vec<usize> = basin
        .voxels
        .iter()
        .copied()
        .filter(|v| core.binary_search(v).is_err())
        .collect();
    let ml = |voxels: &[usize]| {
        voxels
            .iter()
            .map(|v| grid.voxel_ml(v / plane_of(grid)))
            .sum::<f64>()
    };
    let (core_center, rest_center) = (center_of(grid, &core), center_of(grid, &rest));
    let core_ml = ml(&core);
    let radius_mm = (core_ml * 1000.0 * 0.75 / std::f64::consts::PI).cbrt();
    if core_center.distance(rest_center) < CORE_ASIDE * radius_mm {
        return;
    }
    let hottest = rest.iter().copied().max_by(|a, b| {
        value_at(volume, *a)
            .total_cmp(&value_at(volume, *b))
            .then(b.cmp(a))
    });
    let hottest = hottest.expect("a core is a share of its basin");
    let number = basins.len();
    let remainder = &mut basins[n];
    let core = Basin {
        max: remainder.max,
        max_at: remainder.max_at,
        volume_ml: core_ml,
        center: core_center,
        passes: vec![(n, level)],
        part: remainder.part,
        core_of: Some(n),
        voxels: core,
    };
    remainder.volume_ml = ml(&rest);
    remainder.voxels = rest;
    remainder.center = rest_center;
    remainder.max = value_at(volume, hottest);
    remainder.max_at = place_of(grid, hottest);
    remainder.passes.push((number, level));
    basins.push(core);
}

/// A core lies above this share of the maximum, fills at most this share of its basin, and the rest's center
/// is at least this many of its radii away.
const CORE_LEVEL: f64 = 0.62;
const CORE_SHARE: f64 = 0.35;
const CORE_ASIDE: f64 = 1.3;

/// The voxels of a basin above a level that are joined to its maximum, rising.
fn core_of(volume: &Volume, basin: &Basin, level: f64) -> Vec<usize> {
    let grid = volume.grid();
    let size = grid.size();
    let above: Vec<usize> = basin
        .voxels
        .iter()
        .copied()
        .filter(|v| value_at(volume, *v) >= level)
        .collect();
    let Some(start) = above.iter().position(|v| value_at(volume, *v) == basin.max) else {
        return Vec::new();
    };
    let mut taken = vec![false; above.len()];
    taken[start] = true;
    let mut open = vec![start];
    let mut core = Vec::new();
    while let Some(n) = open.pop() {
        let index = above[n];
        core.push(index);
        each_neighbour(
            size,
            [
                index % size[0],
                index / size[0] % size[1],
                index / (size[0] * size[1]),
            ],
            |other| {
                if let Ok(other) = above.binary_search(&other)
                    && !taken[other]
                {
                    taken[other] = true;
                    open.push(other);
                }
            },
        );
    }
    core.sort_unstable();
    core
}

fn plane_of(grid: &Grid) -> usize {
    grid.size()[0] * grid.size()[1]
}

fn place_of(grid: &Grid, index: usize) -> Point<Patient> {
    let [columns, rows, _] = grid.size();
    let at = [index % columns, index / columns % rows, index / (columns * rows)];
    grid.patient(Point::<Voxel>::from(at.map(|v| v as f64)))
}

fn center_of(grid: &Grid, voxels: &[usize]) -> Point<Patient> {
    let mut sum = Point::<Patient>::new(0.0, 0.0, 0.0);
    for voxel in voxels {
        sum.xyz += place_of(grid, *voxel).xyz;
    }
    sum.xyz /= voxels.len().max(1) as f64;
    sum
}

const NONE: u32 = u32::MAX;

struct Flood {
    /// Indices and values, the hottest first.
    order: Vec<(f64, usize)>,
    /// The basin of each voxel of the grid's bounding rows; `NONE` outside.
    labels: Vec<u32>,
    /// Union-find over basins: those that were joined point to the hotter one.
    parents: Vec<u32>,
    peaks: Vec<(f64, usize)>,
    passes: Vec<(u32, u32, f64)>,
}

impl Flood {
    fn over(volume: &Volume, mask: &Mask, keep: f64) -> Self {
        let grid = volume.grid();
        let [columns, rows, slices] = grid.size();
        let mut order: Vec<(f64, usize)> = mask
            .runs()
            .iter()
            .flat_map(|run| run.start..run.end)
            .map(|n| (value_at(volume, n), n))
            .filter(|(value, _)| value.is_finite())
            .collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut flood = Self {
            order: Vec::new(),
            labels: vec![0; grid.voxels()],
            parents: Vec::new(),
            peaks: Vec::new(),
            passes: Vec::new(),
        };
        let mut near = Vec::with_capacity(26);
        for (value, index) in &order {
            near.clear();
            let at = [index % columns, index / columns % rows, index / (columns * rows)];
            each_neighbour([columns, rows, slices], at, |other| {
                // 0 is dry; basins count from 1 here, so that fresh memory needs no filling.
                if flood.labels[other] != 0 {
                    let root = flood.root(flood.labels[other] - 1);
                    if !near.contains(&root) {
                        near.push(root);
                    }
                }
            });
            let own = flood.join(&mut near, *value, *index, keep);
            flood.labels[*index] = own + 1;
        }
        flood.order = order;
        flood
    }

    fn root(&self, mut basin: u32) -> u32 {
        while self.parents[basin as usize] != basin {
            basin = self.parents[basin as usize];
        }
        basin
    }

    /// The basin that a voxel of `value` between the basins `near` belongs to.
    fn join(&mut self, near: &mut [u32], value: f64, index: usize, keep: f64) -> u32 {
        if near.is_empty() {
            let own = self.parents.len() as u32;
            self.parents.push(own);
            self.peaks.push((value, index));
            return own;
        }
        // The first made is the hottest: basins are made in falling order.
        near.sort_unstable();
        let hottest = near[0];
        for &other in &near[1..] {
            if value >= keep * self.peaks[other as usize].0 {
                self.parents[other as usize] = hottest;
            } else {
                self.passes.push((hottest, other, value));
            }
        }
        // Passes among the others matter too: three basins may meet in one voxel.
        for (n, &a) in near.iter().enumerate().skip(1) {
            for &b in &near[n + 1..] {
                if self.root(a) != self.root(b) {
                    self.passes.push((a, b, value));
                }
            }
        }
        hottest
    }

    fn basins(&self, grid: &Grid) -> Vec<Basin> {
        let [columns, rows, _] = grid.size();
        let mut numbers = vec![NONE; self.parents.len()];
        let mut basins: Vec<Basin> = Vec::new();
        for (value, index) in &self.order {
            let root = self.root(self.labels[*index] - 1) as usize;
            let place = grid.patient(Point::<Voxel>::from(
                [index % columns, index / columns % rows, index / (columns * rows)].map(|v| v as f64),
            ));
            if numbers[root] == NONE {
                numbers[root] = basins.len() as u32;
                basins.push(Basin {
                    voxels: Vec::new(),
                    max: *value,
                    max_at: place,
                    volume_ml: 0.0,
                    center: Point::new(0.0, 0.0, 0.0),
                    passes: Vec::new(),
                    part: 0,
                    core_of: None,
                });
            }
            let basin = &mut basins[numbers[root] as usize];
            basin.voxels.push(*index);
            basin.volume_ml += grid.voxel_ml(index / (columns * rows));
            basin.center.xyz += place.xyz;
        }
        for basin in &mut basins {
            basin.voxels.sort_unstable();
            basin.center.xyz /= basin.voxels.len() as f64;
        }
        self.set_passes(&numbers, &mut basins);
        basins
    }

    /// Keeps the highest pass between each two basins: the first met, as voxels were visited from the top.
    fn set_passes(&self, numbers: &[u32], basins: &mut [Basin]) {
        for (a, b, value) in &self.passes {
            let [a, b] = [*a, *b].map(|n| numbers[self.root(n) as usize] as usize);
            if a == b || basins[a].passes.iter().any(|pass| pass.0 == b) {
                continue;
            }
            basins[a].passes.push((b, *value));
            basins[b].passes.push((a, *value));
        }
    }
}

/// Numbers the connected parts that basins belong to.
fn set_parts(basins: &mut [Basin]) {
    let mut part = 0;
    let mut seen = vec![false; basins.len()];
    for start in 0..basins.len() {
        if seen[start] {
            continue;
        }
        let mut open = vec![start];
        seen[start] = true;
        while let Some(n) = open.pop() {
            basins[n].part = part;
            for pass in 0..basins[n].passes.len() {
                let other = basins[n].passes[pass].0;
                if !seen[other] {
                    seen[other] = true;
                    open.push(other);
                }
            }
        }
        part += 1;
    }
}

fn value_at(volume: &Volume, index: usize) -> f64 {
    let stored = volume.voxels().get(index).expect("a mask lies within its grid");
    volume.rescale().real(stored)
}

/// Shows the up to 26 neighbours of a voxel.
fn each_neighbour(size: [usize; 3], at: [usize; 3], mut see: impl FnMut(usize)) {
    let range = |axis: usize| at[axis].saturating_sub(1)..(at[axis] + 2).min(size[axis]);
    for k in range(2) {
        for j in range(1) {
            let row = (k * size[1] + j) * size[0];
            for i in range(0) {
                if [i, j, k] != at {
                    see(row + i);
                }
            }
        }
    }
}

/// The mask of some voxels given by rising index.
pub(super) fn mask_of(grid: &Arc<Grid>, voxels: &[usize]) -> Mask {
    let runs = voxels
        .chunk_by(|a, b| a + 1 == *b)
        .map(|chunk| Run {
            start: chunk[0],
            end: chunk[chunk.len() - 1] + 1,
        })
        .collect();
    Mask::from_runs(grid.clone(), runs).expect("voxels of the grid make runs within it")
}

//! The boundary of each lesion by a rule of metabolic volume.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use crate::geometry::Grid;
use crate::volume::Volume;

/// How far below the candidates' threshold a boundary may reach from them, mm.
const REACH_MM: f64 = 30.0;

/// A finding to draw a boundary around.
pub(super) struct Marker<'a> {
    /// Its candidate's voxels, rising.
    pub voxels: &'a [usize],
    /// Index of its largest value.
    pub max_index: usize,
    /// Voxels of at least this belong to it; infinite for what only stands in others' way.
    pub threshold: f64,
}

/// A boundary.
pub(super) struct Boundary {
    /// Voxels inside, rising.
    pub voxels: Vec<usize>,
    /// Whether it went as far as it may: it ran into what surrounds the lesion.
    pub ran_out: bool,
}

/// Draws the boundaries of all markers with a finite threshold.
///
/// Above the candidates' threshold each keeps to its own voxels. Below it all of them, organs too, grow from the
/// hottest voxels down, so that a voxel between two goes to the one from which uptake falls to it.
pub(super) fn boundaries(pet: &Volume, markers: &[Marker]) -> Vec<Option<Boundary>> {
    let grown = Growth::of(pet, markers);
    markers
        .iter()
        .enumerate()
        .map(|(n, marker)| marker.threshold.is_finite().then(|| connected(pet, marker, &grown, n as u32)))
        .collect()
}

/// A voxel that waits, the hottest first; on ties the first in reading order.
#[derive(PartialEq)]
struct Waiting {
    value: f64,
    index: usize,
    marker: u32,
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value
            .total_cmp(&other.value)
            .then(other.index.cmp(&self.index))
            .then(other.marker.cmp(&self.marker))
    }
}

/// Which marker each voxel below the candidates' threshold fell to.
struct Growth {
    owners: HashMap<usize, u32>,
    ran_out: Vec<bool>,
}

impl Growth {
    fn of(pet: &Volume, markers: &[Marker]) -> Self {
        let grid = pet.grid();
        let mut growth = Self {
            owners: HashMap::new(),
            ran_out: vec![false; markers.len()],
        };
        // A lesion whose threshold is above its candidate's lowest voxel does not grow.
        let lowest_own: Vec<f64> = markers
            .iter()
            .map(|m| m.voxels.iter().map(|n| value_at(pet, *n)).fold(f64::INFINITY, f64::min))
            .collect();
        let growing: Vec<usize> = (0..markers.len())
            .filter(|n| markers[*n].threshold < lowest_own[*n])
            .collect();
        if growing.is_empty() {
            return growth;
        }
        let boxes: Vec<Reach> = growing.iter().map(|n| Reach::around(grid, markers[*n].voxels)).collect();
        let lowest = growing.iter().map(|n| markers[*n].threshold).fold(f64::INFINITY, f64::min);
        let mut owners: HashMap<usize, u32> = HashMap::new();
        for (n, marker) in markers.iter().enumerate() {
            owners.extend(marker.voxels.iter().map(|v| (*v, n as u32)));
        }
        let mut waiting = BinaryHeap::new();
        let mut spread = |from: usize, marker: u32, owners: &HashMap<usize, u32>, waiting: &mut BinaryHeap<Waiting>, ran_out: &mut [bool]| {
            let own = &markers[marker as usize];
            let least = if own.threshold.is_finite() { own.threshold } else { lowest };
            let own_box = growing.iter().position(|n| *n == marker as usize).map(|n| &boxes[n]);
            each_neighbour(grid, from, |index, at| {
                if owners.contains_key(&index) {
                    return;
                }
                let value = value_at(pet, index);
                if value.is_nan() || value < least {
                    return;
                }
                let within = match own_box {
                    Some(own_box) => own_box.holds(at),
                    None => boxes.iter().any(|b| b.holds(at)),
                };
                if within {
                    waiting.push(Waiting { value, index, marker });
                } else if own_box.is_some() {
                    ran_out[marker as usize] = true;
                }
            });
        };
        for (n, marker) in markers.iter().enumerate() {
            for voxel in marker.voxels {
                let at = place(grid, *voxel);
                if boxes.iter().any(|b| b.holds(at)) {
                    spread(*voxel, n as u32, &owners, &mut waiting, &mut growth.ran_out);
                }
            }
        }
        while let Some(next) = waiting.pop() {
            if owners.contains_key(&next.index) {
                continue;
            }
            owners.insert(next.index, next.marker);
            growth.owners.insert(next.index, next.marker);
            spread(next.index, next.marker, &owners, &mut waiting, &mut growth.ran_out);
        }
        growth
    }
}

/// Columns, rows and slices within reach of some voxels.
struct Reach {
    low: [usize; 3],
    high: [usize; 3],
}

impl Reach {
    fn around(grid: &Grid, voxels: &[usize]) -> Self {
        let spacing = grid.spacing_mm();
        let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
        for voxel in voxels {
            let at = place(grid, *voxel);
            for axis in 0..3 {
                low[axis] = low[axis].min(at[axis]);
                high[axis] = high[axis].max(at[axis]);
            }
        }
        let reach = spacing.map(|s| (REACH_MM / s).ceil() as usize);
        Self {
            low: [0, 1, 2].map(|a| low[a].saturating_sub(reach[a])),
            high: [0, 1, 2].map(|a| high[a].saturating_add(reach[a])),
        }
    }

    fn holds(&self, at: [usize; 3]) -> bool {
        (0..3).all(|a| at[a] >= self.low[a] && at[a] <= self.high[a])
    }
}

/// The voxels of a marker at or above its threshold that are joined to its maximum.
fn connected(pet: &Volume, marker: &Marker, growth: &Growth, number: u32) -> Boundary {
    let grid = pet.grid();
    let mut inside: HashMap<usize, bool> = HashMap::new();
    let above = marker.voxels.iter().copied().filter(|n| value_at(pet, *n) >= marker.threshold);
    inside.extend(above.map(|n| (n, false)));
    let grown = growth.owners.iter().filter(|(_, owner)| **owner == number);
    inside.extend(grown.map(|(n, _)| (*n, false)));
    let mut voxels = Vec::new();
    let mut open = vec![marker.max_index];
    if let Some(taken) = inside.get_mut(&marker.max_index) {
        *taken = true;
    } else {
        open.clear();
    }
    while let Some(voxel) = open.pop() {
        voxels.push(voxel);
        each_neighbour(grid, voxel, |other, _| {
            if let Some(taken) = inside.get_mut(&other).filter(|taken| !**taken) {
                *taken = true;
                open.push(other);
            }
        });
    }
    voxels.sort_unstable();
    Boundary {
        voxels,
        ran_out: growth.ran_out[number as usize],
    }
}

fn value_at(pet: &Volume, index: usize) -> f64 {
    pet.voxels().get(index).map_or(f64::NAN, |stored| pet.rescale().real(stored))
}

fn place(grid: &Grid, index: usize) -> [usize; 3] {
    let [columns, rows, _] = grid.size();
    [index % columns, index / columns % rows, index / (columns * rows)]
}

fn each_neighbour(grid: &Grid, index: usize, mut see: impl FnMut(usize, [usize; 3])) {
    let size = grid.size();
    let at = place(grid, index);
    let range = |axis: usize| at[axis].saturating_sub(1)..(at[axis] + 2).min(size[axis]);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                if [i, j, k] != at {
                    see((k * size[1] + j) * size[0] + i, [i, j, k]);
                }
            }
        }
    }
}

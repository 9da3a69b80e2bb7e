//! The boundary of each lesion by a rule of metabolic volume.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
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
        .map(|(n, marker)| {
            marker
                .threshold
                .is_finite()
                .then(|| connected(pet, marker, &grown, n as u32))
        })
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

/// What grows below the candidates' threshold: which marker each voxel fell to.
struct Growth<'a> {
    pet: &'a Volume,
    markers: &'a [Marker<'a>],
    /// How far each marker may grow; `None` for one that has no voxel below its candidate's to win.
    reaches: Vec<Option<Reach>>,
    /// The lowest threshold of those that grow: organs stand in their way down to it.
    lowest: f64,
    owners: HashMap<usize, u32>,
    waiting: BinaryHeap<Waiting>,
    ran_out: Vec<bool>,
}

impl<'a> Growth<'a> {
    fn of(pet: &'a Volume, markers: &'a [Marker<'a>]) -> Self {
        let lowest_of = |marker: &Marker| {
            let values = marker.voxels.iter().map(|n| value_at(pet, *n));
            values.fold(f64::INFINITY, f64::min)
        };
        let grows = |marker: &&Marker| marker.threshold < lowest_of(marker);
        let mut growth = Self {
            pet,
            markers,
            reaches: markers
                .iter()
                .map(|m| grows(&m).then(|| Reach::around(pet.grid(), m.voxels)))
                .collect(),
            lowest: markers
                .iter()
                .filter(grows)
                .map(|m| m.threshold)
                .fold(f64::INFINITY, f64::min),
            owners: HashMap::new(),
            waiting: BinaryHeap::new(),
            ran_out: vec![false; markers.len()],
        };
        if growth.lowest.is_finite() {
            growth.run();
        }
        growth
    }

    fn run(&mut self) {
        for (n, marker) in self.markers.iter().enumerate() {
            self.owners
                .extend(marker.voxels.iter().map(|voxel| (*voxel, n as u32)));
        }
        for (n, marker) in self.markers.iter().enumerate() {
            for voxel in marker.voxels {
                if self.is_reached(place(self.pet.grid(), *voxel)) {
                    self.spread(*voxel, n as u32);
                }
            }
        }
        while let Some(Waiting { index, marker, .. }) = self.waiting.pop() {
            if let Entry::Vacant(entry) = self.owners.entry(index) {
                entry.insert(marker);
                self.spread(index, marker);
            }
        }
    }

    fn is_reached(&self, at: [usize; 3]) -> bool {
        self.reaches.iter().flatten().any(|reach| reach.holds(at))
    }

    /// Lets the neighbours of a marker's voxel wait for it.
    fn spread(&mut self, from: usize, marker: u32) {
        let own = marker as usize;
        let threshold = self.markers[own].threshold;
        let least = if threshold.is_finite() {
            threshold
        } else {
            self.lowest
        };
        each_neighbour(self.pet.grid(), from, |index, at| {
            let value = value_at(self.pet, index);
            // A NaN is at no threshold.
            if self.owners.contains_key(&index) || value.is_nan() || value < least {
                return;
            }
            let within = match &self.reaches[own] {
                Some(reach) => reach.holds(at),
                None => self.is_reached(at),
            };
            if within {
                self.waiting.push(Waiting { value, index, marker });
            } else if self.reaches[own].is_some() {
                self.ran_out[own] = true;
            }
        });
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
fn connected(pet: &Volume, marker: &Marker, growth: &Growth<'_>, number: u32) -> Boundary {
    let grid = pet.grid();
    let mut inside: HashMap<usize, bool> = HashMap::new();
    let own = marker.voxels.iter().copied();
    let grown = growth
        .owners
        .iter()
        .filter(|(_, owner)| **owner == number)
        .map(|(n, _)| *n);
    let above = own.chain(grown).filter(|n| value_at(pet, *n) >= marker.threshold);
    inside.extend(above.map(|n| (n, false)));
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
    pet.voxels()
        .get(index)
        .map_or(f64::NAN, |stored| pet.rescale().real(stored))
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

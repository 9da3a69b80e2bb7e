//! What a click in a hot spot says: where the spot is hottest, what lies around it, how large it may be.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::geometry::{Grid, Patient, Point, Voxel};
use crate::voi::Neighbours;
use crate::voi::blurred_sphere::{BlurredSphere, radius_mm};
use crate::voi::one_click::{OneClick, OneClickError};
use crate::voi::window::Window;
use crate::volume::Volume;

/// First guesses of a spot: what is connected with the maximum from this part of it on. The second is for
/// spots of low contrast.
const FIRST_LEVELS: [f64; 2] = [0.7, 0.85];

/// The background is looked for again until the half-way contour stays, so often at most.
const MOST_ROUNDS: usize = 8;

/// Surroundings begin and end so many resolutions (FWHM) from the half-way contour: one and a half from
/// where a blurred edge has faded.
const SURROUNDINGS: [f64; 2] = [1.5, 3.0];

/// A maximum must stand out by so many standard deviations of its surroundings.
const OUTSTANDING_SD: f64 = 3.0;

/// Below the least level that the edge of any blurred sphere has.
const LOWEST_EDGE_LEVEL: f64 = 0.3;

/// The surroundings of a maximum in a box that is larger than the largest lesion allowed.
pub(super) struct HotSpot<'a> {
    pub(super) volume: &'a Volume,
    pub(super) window: Window,
    /// Values smoothed, as parts of the contrast: 0 for the background, 1 for the maximum.
    pub(super) levels: Vec<f64>,
    /// Position of the maximum.
    pub(super) top: usize,
    /// In the unit of the volume.
    pub(super) background: f64,
    /// Largest smoothed value, in the unit of the volume.
    pub(super) max: f64,
    /// Resolution of the smoothed values, mm.
    pub(super) fwhm_mm: f64,
    /// The level of the edge, if the spot were an even sphere, and the spot's volume in mL by that level.
    pub(super) edge_level: f64,
    pub(super) edge_ml: f64,
}

impl<'a> HotSpot<'a> {
    pub(super) fn near(
        volume: &'a Volume,
        click: [usize; 3],
        rule: &OneClick,
    ) -> Result<Self, OneClickError> {
        let maximum = maximum_near(volume, click, rule)?;
        let fwhm_mm =
            (rule.resolution_mm * rule.resolution_mm + rule.smoothing_mm * rule.smoothing_mm).sqrt();
        // A sphere of the largest volume, twice over for lesions that are no spheres, and its surroundings.
        let reach_mm = 2.0 * radius_mm(rule.most_ml) + SURROUNDINGS[1] * fwhm_mm;
        let window = around(volume.grid(), maximum, reach_mm);
        let values = window.smoothed(&window.values(volume), volume.grid(), rule.smoothing_mm);
        let top = window
            .position_of(maximum)
            .expect("the box lies around the maximum");
        let mut spot = Self {
            volume,
            window,
            levels: values,
            top,
            background: 0.0,
            max: 0.0,
            fwhm_mm,
            edge_level: 0.0,
            edge_ml: 0.0,
        };
        spot.max = spot.levels[top];
        spot.background = spot.surroundings()?;
        let contrast = spot.max - spot.background;
        let background = spot.background;
        spot.levels
            .iter_mut()
            .for_each(|value| *value = (*value - background) / contrast);
        spot.find_edge();
        Ok(spot)
    }

    /// What is connected with the maximum by positions that are `inside`.
    pub(super) fn connected(&self, inside: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut found = vec![false; self.window.voxels()];
        let mut open = vec![self.top];
        found[self.top] = true;
        while let Some(position) = open.pop() {
            for other in self.window.around(position, Neighbours::TwentySix) {
                if !found[other] && inside(other) {
                    found[other] = true;
                    open.push(other);
                }
            }
        }
        found
    }

    /// Distance in mm of every position from a region, along steps from voxel to voxel (up to a tenth too
    /// long); infinite beyond `most_mm`.
    pub(super) fn distances_mm(&self, region: &[bool], most_mm: f64) -> Vec<f64> {
        let mut distances = vec![f64::INFINITY; region.len()];
        let mut open = BinaryHeap::new();
        for position in (0..region.len()).filter(|position| region[*position]) {
            distances[position] = 0.0;
            open.push(Reverse((Distance(0.0), position)));
        }
        while let Some(Reverse((Distance(reached), position))) = open.pop() {
            if reached > distances[position] {
                continue;
            }
            let from = self.patient(position);
            for other in self.window.around(position, Neighbours::TwentySix) {
                let distance = reached + from.distance(self.patient(other));
                if distance < distances[other] && distance <= most_mm {
                    distances[other] = distance;
                    open.push(Reverse((Distance(distance), other)));
                }
            }
        }
        distances
    }

    /// Volume of a position's voxel, mL.
    pub(super) fn voxel_ml(&self, position: usize) -> f64 {
        let slice = self.window.start[2] + self.window.place(position)[2];
        self.volume.grid().voxel_ml(slice)
    }

    fn patient(&self, position: usize) -> Point<Patient> {
        patient(self.volume.grid(), &self.window, position)
    }

    fn surroundings(&self) -> Result<f64, OneClickError> {
        match self.surroundings_from(FIRST_LEVELS[0] * self.max) {
            Err(OneClickError::NoSurroundings) => self.surroundings_from(FIRST_LEVELS[1] * self.max),
            found => found,
        }
    }

    /// The median around the spot; the contour half-way between it and the maximum says where that is.
    fn surroundings_from(&self, mut level: f64) -> Result<f64, OneClickError> {
        let most_mm = SURROUNDINGS[1] * self.fwhm_mm;
        let mut region = Vec::new();
        let mut found = None;
        for _ in 0..MOST_ROUNDS {
            let next = self.connected(|position| self.levels[position] >= level);
            if next == region {
                break;
            }
            region = next;
            let distances = self.distances_mm(&region, most_mm);
            let around = (0..distances.len())
                .filter(|n| distances[*n].is_finite() && distances[*n] >= SURROUNDINGS[0] * self.fwhm_mm)
                .map(|n| self.levels[n])
                .filter(|value| value.is_finite());
            let Some((median, sd)) = middle(around.collect()) else {
                return Err(OneClickError::NoSurroundings);
            };
            if self.max <= median + OUTSTANDING_SD * sd {
                return Err(OneClickError::Flat {
                    max: self.max,
                    background: median,
                    sd,
                });
            }
            found = Some(median);
            level = (median + self.max) / 2.0;
        }
        found.ok_or(OneClickError::NoSurroundings)
    }

    /// The lowest level that is no lower than the edge of the sphere with the volume from that level up.
    fn find_edge(&mut self) {
        let widest = self.connected(|position| self.levels[position] >= LOWEST_EDGE_LEVEL);
        let inside = (0..widest.len()).filter(|position| widest[*position]);
        let mut rising: Vec<(f64, f64)> = inside.map(|n| (self.levels[n], self.voxel_ml(n))).collect();
        rising.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut above_ml: f64 = rising.iter().map(|(_, ml)| ml).sum();
        for (level, ml) in rising {
            (self.edge_level, self.edge_ml) = (level, above_ml);
            if level >= BlurredSphere::of_volume(above_ml, self.fwhm_mm).edge_level() {
                return;
            }
            above_ml -= ml;
        }
    }
}

/// Orders distances, of which none is NaN.
#[derive(PartialEq)]
struct Distance(f64);

impl Eq for Distance {}

impl PartialOrd for Distance {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Distance {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn patient(grid: &Grid, window: &Window, position: usize) -> Point<Patient> {
    let place = window.place(position);
    let at = |axis: usize| (window.start[axis] + place[axis]) as f64;
    grid.patient(Point::<Voxel>::new(at(0), at(1), at(2)))
}

/// The box of all voxels within `reach_mm` of a voxel, and more where the stack is sheared.
fn around(grid: &Grid, center: [usize; 3], reach_mm: f64) -> Window {
    let size = grid.size();
    // Gradients of the voxel coordinates in patient space bound how far each can change.
    let ranges = [0, 1, 2].map(|axis| {
        let mut steps = [0.0; 3];
        for (n, step) in steps.iter_mut().enumerate() {
            *step = grid.voxel_from_patient().axis(n)[axis];
        }
        let change = (steps[0] * steps[0] + steps[1] * steps[1] + steps[2] * steps[2]).sqrt() * reach_mm;
        if axis < 2 {
            let low = (center[axis] as f64 - change).ceil().max(0.0) as usize;
            return low..((center[axis] as f64 + change).floor() as usize + 1).min(size[axis]);
        }
        let middle = grid.position_from_slice(center[2] as f64);
        let within = |k: &usize| (grid.position_from_slice(*k as f64) - middle).abs() <= change;
        let below = (0..center[2]).rev().take_while(within).count();
        let above = (center[2]..size[2]).take_while(within).count();
        center[2] - below..center[2] + above
    });
    Window::new(ranges)
}

/// The hottest voxel near the click that no neighbour exceeds, all as smoothed.
fn maximum_near(volume: &Volume, click: [usize; 3], rule: &OneClick) -> Result<[usize; 3], OneClickError> {
    let size = volume.grid().size();
    let value = volume
        .value(click)
        .ok_or(OneClickError::Outside { click, size })?;
    if !value.is_finite() {
        return Err(OneClickError::NotFinite(value));
    }
    // A neighbour beyond the radius, and what its smoothing reads, are needed too.
    let [x, y, z] = volume.grid().spacing_mm();
    let margin_mm = 2.0 * rule.smoothing_mm + x + y + z;
    let window = around(volume.grid(), click, rule.within_mm + margin_mm);
    let smoothed = window.smoothed(&window.values(volume), volume.grid(), rule.smoothing_mm);
    let at = window.position_of(click).expect("the box lies around the click");
    let clicked = patient(volume.grid(), &window, at);
    let mut hottest: Option<usize> = None;
    for position in 0..window.voxels() {
        let own = smoothed[position];
        let near = patient(volume.grid(), &window, position).distance(clicked) <= rule.within_mm;
        let is_top = || {
            window
                .around(position, Neighbours::TwentySix)
                .all(|other| smoothed[other].is_nan() || smoothed[other] <= own)
        };
        let is_hotter = hottest.is_none_or(|best| own > smoothed[best]);
        if own.is_finite() && near && is_hotter && is_top() {
            hottest = Some(position);
        }
    }
    let place = window.place(hottest.ok_or(OneClickError::NoMaximum {
        within_mm: rule.within_mm,
    })?);
    Ok([0, 1, 2].map(|axis| window.start[axis] + place[axis]))
}

/// The median, and the standard deviation that the distances from it tell: half of them lie within
/// 0.6745 of it.
fn middle(mut values: Vec<f64>) -> Option<(f64, f64)> {
    let half = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let median = *values.select_nth_unstable_by(half, f64::total_cmp).1;
    values
        .iter_mut()
        .for_each(|value| *value = (*value - median).abs());
    let distance = *values.select_nth_unstable_by(half, f64::total_cmp).1;
    Some((median, distance / 0.6745))
}

#[cfg(test)]
mod tests {
    use super::{around, middle};
    use crate::geometry::{Affine, Grid, Point, Vector, Voxel};

    #[test]
    fn the_box_holds_all_that_is_near() {
        let axes = [[2.0, 0.0, 0.5], [0.5, 2.0, 0.0], [0.0, 1.5, 2.0]].map(Vector::from);
        let affine = Affine::from_axes(axes, Point::new(5.0, 0.0, -9.0));
        let positions = vec![0.0, 1.0, 2.5, 3.0, 5.0, 6.0, 6.5, 8.0];
        let grid = Grid::with_slice_positions([12, 11, 8], affine, positions).unwrap();
        let at = |place: [usize; 3]| grid.patient(Point::<Voxel>::from(place.map(|n| n as f64)));
        for center in [[5, 5, 4], [0, 10, 7], [11, 0, 0]] {
            for reach_mm in [0.0, 3.0, 7.0, 1e9] {
                let window = around(&grid, center, reach_mm);
                assert!(window.position_of(center).is_some());
                for n in 0..grid.voxels() {
                    let place = [n % 12, n / 12 % 11, n / 132];
                    let near = at(place).distance(at(center)) <= reach_mm;
                    assert!(
                        !near || window.position_of(place).is_some(),
                        "{place:?} of {center:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_middle_has_its_width() {
        let (median, sd) = middle(vec![1.0, 2.0, 3.0, 4.0, 100.0]).unwrap();
        assert_eq!((median, sd), (3.0, 1.0 / 0.6745));
        assert_eq!(middle(Vec::new()), None);
    }
}

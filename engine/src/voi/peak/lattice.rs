//! Spheres around several places of a voxel, and where in a mask the mean is highest.

use std::ops::Range;

use crate::geometry::{Grid, Point, Voxel};
use crate::voi::{Mask, Run};
use crate::volume::Volume;

use super::sphere::{Held, Sphere, Weighting};
use super::{PeakError, exceeds, voxel_at};

/// Runs that are looked at as one piece of work; the same with and without threads, as the first of
/// equal means is taken piece by piece.
const RUNS: usize = 64;

/// The spheres around a lattice of places in a voxel.
#[derive(Debug)]
pub(super) struct Lattice {
    /// Places along each axis; odd numbers.
    places: [usize; 3],
    weighting: Weighting,
    /// The slices that the spheres of a place are for, one each; `None` in an even stack, where one serves all.
    slices: Option<Range<usize>>,
    /// For each place one sphere, or in an uneven stack one for each slice.
    spheres: Vec<Vec<Sphere>>,
}

/// A place where a mean was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    mean: f64,
    voxel: [usize; 3],
    place: usize,
}

impl Lattice {
    /// Makes the spheres for the slices of a stack; in an even one those of one slice serve all.
    pub(super) fn new(
        grid: &Grid,
        slices: Range<usize>,
        weighting: Weighting,
        places: [usize; 3],
    ) -> Result<Self, PeakError> {
        let mut lattice = Self {
            places,
            weighting,
            slices: grid.slice_positions().map(|_| slices.clone()),
            spheres: Vec::new(),
        };
        let at = |place: usize| {
            let fraction = lattice.fraction(place);
            let slices = lattice.slices.clone().unwrap_or(0..1);
            let spheres = slices.map(|k| sphere_at(grid, k, fraction, weighting));
            spheres.collect::<Result<Vec<Sphere>, PeakError>>()
        };
        let spheres: Result<_, PeakError> = in_order(places.iter().product(), at).into_iter().collect();
        lattice.spheres = spheres?;
        Ok(lattice)
    }

    /// Where the mean is highest among all places of all voxels of a mask; the voxels' centres, then the
    /// first place and the first voxel in reading order, on ties. `None` when no sphere holds a value.
    pub(super) fn highest(&self, volume: &Volume, mask: &Mask) -> Option<Found> {
        let pieces: Vec<&[Run]> = mask.runs().chunks(RUNS).collect();
        let centers = self.spheres.len() / 2;
        let places: Vec<usize> = std::iter::once(centers)
            .chain((0..self.spheres.len()).filter(|place| *place != centers))
            .collect();
        let work = in_order(places.len() * pieces.len(), |n| {
            self.highest_at(volume, pieces[n % pieces.len()], places[n / pieces.len()])
        });
        work.into_iter().flatten().reduce(higher)
    }

    fn highest_at(&self, volume: &Volume, runs: &[Run], place: usize) -> Option<Found> {
        let mut best: Option<Found> = None;
        for run in runs {
            let slice = voxel_at(volume, run.start)[2];
            let means = self.sphere(place, slice)?.means(volume, run.start..run.end);
            for (index, mean) in (run.start..).zip(means).filter(|(_, mean)| mean.is_finite()) {
                if best.is_none_or(|best| exceeds(mean, best.mean)) {
                    let voxel = voxel_at(volume, index);
                    best = Some(Found { mean, voxel, place });
                }
            }
        }
        best
    }

    /// The voxels of a mask around which the mean is at least `part` of the highest, or as close to it below 0.
    pub(super) fn near_top(&self, volume: &Volume, mask: &Mask, part: f64) -> Mask {
        let centers = self.spheres.len() / 2;
        let means = |run: &Run| {
            let sphere = self.sphere(centers, voxel_at(volume, run.start)[2]);
            sphere.map_or_else(Vec::new, |sphere| sphere.means(volume, run.start..run.end))
        };
        let means: Vec<f64> = mask.runs().iter().flat_map(means).collect();
        let top = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = top - (1.0 - part) * top.abs();
        let indices = mask.runs().iter().flat_map(|run| run.start..run.end);
        let near = indices.zip(&means).filter(|(_, mean)| **mean >= least);
        let runs = near
            .map(|(index, _)| Run {
                start: index,
                end: index + 1,
            })
            .collect();
        Mask::from_runs(mask.grid().clone(), runs).expect("voxels of a mask lie on its grid")
    }

    /// What the sphere of a found place holds, and where it lies.
    pub(super) fn held(&self, volume: &Volume, found: &Found) -> (Point<Voxel>, Held) {
        let sphere = self.sphere(found.place, found.voxel[2]);
        let held = sphere.and_then(|sphere| sphere.held(volume, found.voxel));
        let held = held.expect("a mean was found there");
        (beyond(found.voxel, self.fraction(found.place)), held)
    }

    /// The top of the parabolas along the axes through a found place and its neighbours, within its voxel;
    /// `None` when the mean there is no higher.
    pub(super) fn refined(
        &self,
        volume: &Volume,
        found: &Found,
    ) -> Result<Option<(Point<Voxel>, Held)>, PeakError> {
        let mut fraction = self.fraction(found.place);
        for (axis, fraction) in fraction.iter_mut().enumerate() {
            let beside = |step: isize| self.mean_beside(volume, found, axis, step);
            let (Some(below), Some(above)) = (beside(-1), beside(1)) else {
                continue;
            };
            let bend = below - 2.0 * found.mean + above;
            if bend < 0.0 {
                let top = 0.5 * (below - above) / bend;
                *fraction += top.clamp(-0.49, 0.49) / self.places[axis] as f64;
            }
        }
        let sphere = sphere_at(volume.grid(), found.voxel[2], fraction, self.weighting)?;
        let held = sphere.held(volume, found.voxel);
        let higher = held.filter(|held| exceeds(held.mean, found.mean));
        Ok(higher.map(|held| (beyond(found.voxel, fraction), held)))
    }

    /// The mean one place further along an axis, which may lie in the next voxel.
    fn mean_beside(&self, volume: &Volume, found: &Found, axis: usize, step: isize) -> Option<f64> {
        let places = self.places[axis] as isize;
        let stride: usize = self.places[..axis].iter().product();
        let own = (found.place / stride % self.places[axis]) as isize;
        let (mut voxel, next) = (found.voxel, own + step);
        voxel[axis] = voxel[axis].checked_add_signed(next.div_euclid(places))?;
        let place = found.place as isize + (next.rem_euclid(places) - own) * stride as isize;
        let sphere = self.sphere(place as usize, voxel[2])?;
        sphere.held(volume, voxel).map(|held| held.mean)
    }

    fn sphere(&self, place: usize, slice: usize) -> Option<&Sphere> {
        let number = match &self.slices {
            None => 0,
            Some(slices) => slice.checked_sub(slices.start)?,
        };
        self.spheres[place].get(number)
    }

    /// How far a place lies from the voxel's centre, as parts of the voxel.
    fn fraction(&self, place: usize) -> [f64; 3] {
        let [columns, rows, _] = self.places;
        let at = [place % columns, place / columns % rows, place / (columns * rows)];
        [0, 1, 2].map(|axis| {
            let middle = (self.places[axis] / 2) as f64;
            (at[axis] as f64 - middle) / self.places[axis] as f64
        })
    }
}

fn sphere_at(
    grid: &Grid,
    slice: usize,
    fraction: [f64; 3],
    weighting: Weighting,
) -> Result<Sphere, PeakError> {
    let position = |slice: f64| grid.position_from_slice(slice);
    let along = position(slice as f64 + fraction[2]) - position(slice as f64);
    Sphere::new(grid, slice, [fraction[0], fraction[1], along], weighting)
}

fn beyond(voxel: [usize; 3], fraction: [f64; 3]) -> Point<Voxel> {
    [0, 1, 2].map(|axis| voxel[axis] as f64 + fraction[axis]).into()
}

/// The higher of two means, the first of equal ones.
fn higher(first: Found, second: Found) -> Found {
    if exceeds(second.mean, first.mean) {
        second
    } else {
        first
    }
}

/// Gives `make(0)`, `make(1)` and so on, on all cores where there are some.
fn in_order<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..count).into_par_iter().map(make).collect()
    }
    #[cfg(not(feature = "parallel"))]
    (0..count).map(make).collect()
}

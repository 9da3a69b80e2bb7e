//! SUVpeak: the mean over about 1 mL where it is highest, in five named definitions.
//!
//! The definitions differ by 10 % and more on one lesion, so a peak is never stated without its
//! [`PeakKind`]. Which voxels a sphere holds swings with the size of voxels too (0.68 to 1.2 mL on
//! common grids where centres decide), so [`Peak`] states the volume really summed.

mod lattice;
mod overlap;
mod sphere;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::geometry::{Patient, Point};
use crate::voi::{Mask, Run};
use crate::volume::{Stored, Volume};
use crate::with_voxels;

use lattice::Lattice;
use sphere::Weighting;

/// Radius of a sphere of exactly 1 mL, mm: the cube root of 3 / (4 π) cm.
pub const SPHERE_RADIUS_MM: f64 = 6.203_504_908_994;

/// Means this close, as a part of the larger, are one; then the first place in reading order is taken, so
/// that rounding does not decide where a peak lies.
const TIE: f64 = 1e-12;

/// Largest distance between the places that [`PeakKind::Percist`] tries along an axis, mm.
const LATTICE_MM: f64 = 1.0;

/// No more places than this are tried along one axis of a voxel.
const MOST_PLACES: usize = 7;

/// Places are tried in voxels around whose centres the mean is at least this part of the highest.
const NEAR_TOP: f64 = 0.8;

/// The definition of a peak. Spheres are of 1 mL, also hold voxels outside the VOI, and are cut at the
/// edge of the image: the mean is over what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeakKind {
    /// The sphere around the hottest voxel of the VOI (of several, the one with the highest mean); voxels
    /// whose centres lie inside count fully. IBSI's local intensity peak (VJGA).
    Local,
    /// The highest mean of the spheres around all voxels of the VOI; voxels whose centres lie inside
    /// count fully. IBSI's global intensity peak (0F91).
    Global,
    /// As [`PeakKind::Global`], but each voxel counts by the exact volume that it shares with the sphere.
    GlobalPv,
    /// The sphere, weighted as in [`PeakKind::GlobalPv`], anywhere in the VOI rather than around a voxel's
    /// centre: PERCIST's peak in one lesion (Wahl et al. 2009, J Nucl Med 50 Suppl 1:122S).
    ///
    /// Places at most 1 mm (in voxels above 7 mm, a seventh of the voxel) apart along each axis are tried in
    /// the voxels around whose centres the mean is at least 80 % of the highest, then the top of the
    /// parabolas through the best and its neighbours. The value is never below that of
    /// [`PeakKind::GlobalPv`].
    Percist,
    /// The mean of the hottest voxel of the VOI and the hottest three of its 26 neighbours, in the VOI or
    /// not: the peak that qPET's thresholds are made for (Hasenclever et al. 2014, Eur J Nucl Med Mol
    /// Imaging 41:1301). Its volume is that of four voxels. Of several hottest voxels the one with the
    /// highest mean is taken.
    Qpet4,
}

impl PeakKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Local,
        Self::Global,
        Self::GlobalPv,
        Self::Percist,
        Self::Qpet4,
    ];

    /// The name that stands beside every number: `local`, `global`, `global_pv`, `percist`, `qpet4`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Global => "global",
            Self::GlobalPv => "global_pv",
            Self::Percist => "percist",
            Self::Qpet4 => "qpet4",
        }
    }
}

/// A peak, and what it was made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The mean, in the volume's unit.
    pub value: f64,
    /// The middle of the sphere; of [`PeakKind::Qpet4`] the hottest voxel. LPS in mm.
    pub center: Point<Patient>,
    /// Volume really summed, mL; a whole sphere has 1 where parts of voxels count.
    pub sphere_ml: f64,
    /// Voxels that count, fully or in part.
    pub voxels: usize,
}

/// Why there is no peak.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeakError {
    /// The mask belongs to another grid; carry it to the volume's first.
    #[error(
        "the mask must lie on the grid of the volume, found {mask:?} on {volume:?} voxels or other places"
    )]
    OtherGrid {
        /// Size of the mask's grid.
        mask: [usize; 3],
        /// Size of the volume's grid.
        volume: [usize; 3],
    },
    /// The mask is empty.
    #[error("a peak needs at least one voxel inside the mask, found none")]
    Empty,
    /// No value that would count is finite.
    #[error("a peak needs at least one finite value inside the mask, found {0} voxels without")]
    NoFiniteValue(usize),
    /// A sphere of 1 mL would hold millions of voxels.
    #[error("a peak needs voxels of at least about 0.1 mm, found a spacing of {0:?} mm")]
    TooFine([f64; 3]),
}

/// Gives the peak of `volume` in the VOI `mask`, which lies on the volume's own grid.
///
/// For several VOIs or kinds on one volume make [`Peaks`] once: it keeps the weights of its spheres.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::voi::{Mask, PeakKind, peak};
/// use engine::volume::{Rescale, Unit, Volume, Voxels};
/// let axes = [Vector::new(4.0, 0.0, 0.0), Vector::new(0.0, 4.0, 0.0), Vector::new(0.0, 0.0, 4.0)];
/// let grid = Grid::new([9, 9, 9], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let voxels = vec![5u16; 729];
/// let pet = Volume::new(grid, Voxels::U16(voxels.into()), Rescale::IDENTITY, Unit::SuvBw).unwrap();
/// let mask = Mask::from_predicate(pet.grid().clone(), |at| at == [4, 4, 4]);
/// let found = peak(&pet, &mask, PeakKind::Global).unwrap();
/// assert_eq!((found.value, found.voxels), (5.0, 19));
/// assert!((found.sphere_ml - 1.216).abs() < 1e-12);
/// ```
///
/// # Errors
///
/// [`PeakError`] when the mask lies elsewhere, is empty or has no finite value, or voxels are smaller than
/// about 0.1 mm.
pub fn peak(volume: &Volume, mask: &Mask, kind: PeakKind) -> Result<Peak, PeakError> {
    Peaks::new(volume).of(mask, kind)
}

/// The peaks of one volume: [`peak`] for many VOIs, with the weights of spheres made once.
#[derive(Debug)]
pub struct Peaks<'a> {
    volume: &'a Volume,
    centers: OnceLock<Arc<Lattice>>,
    overlap: OnceLock<Arc<Lattice>>,
    anywhere: OnceLock<Arc<Lattice>>,
}

impl<'a> Peaks<'a> {
    /// Prepares for a volume; the work is done when first needed.
    #[must_use]
    pub fn new(volume: &'a Volume) -> Self {
        Self {
            volume,
            centers: OnceLock::new(),
            overlap: OnceLock::new(),
            anywhere: OnceLock::new(),
        }
    }

    /// As [`peak`].
    ///
    /// # Errors
    ///
    /// As [`peak`].
    pub fn of(&self, mask: &Mask, kind: PeakKind) -> Result<Peak, PeakError> {
        let grid = self.volume.grid();
        if !mask.lies_on(grid) {
            let (mask, volume) = (mask.grid().size(), grid.size());
            return Err(PeakError::OtherGrid { mask, volume });
        }
        let Some([.., slices]) = mask.bounding_box() else {
            return Err(PeakError::Empty);
        };
        let hottest = hottest(self.volume, mask)?;
        if kind == PeakKind::Qpet4 {
            return Ok(of_four(self.volume, &hottest));
        }
        let lattice = self.lattice(kind, slices)?;
        let among = match kind {
            PeakKind::Local => &hottest,
            PeakKind::Percist => &lattice.near_top(self.volume, mask, NEAR_TOP),
            _ => mask,
        };
        let found = lattice.highest(self.volume, among);
        // The sphere around a voxel with a finite value holds that value.
        let found = found.expect("a voxel of the mask has a finite value");
        let refined = match kind {
            PeakKind::Percist => lattice.refined(self.volume, &found)?,
            _ => None,
        };
        let (at, held) = refined.unwrap_or_else(|| lattice.held(self.volume, &found));
        Ok(Peak {
            value: held.mean,
            center: grid.patient(at),
            sphere_ml: held.ml,
            voxels: held.voxels,
        })
    }

    /// The spheres that a kind of peak is looked for with; in an even stack they are made once.
    fn lattice(&self, kind: PeakKind, slices: Range<usize>) -> Result<Arc<Lattice>, PeakError> {
        let grid = self.volume.grid();
        let spacing = grid.spacing_mm();
        let (kept, weighting, places) = match kind {
            PeakKind::GlobalPv => (&self.overlap, Weighting::Overlap, [1; 3]),
            PeakKind::Percist => (&self.anywhere, Weighting::Overlap, spacing.map(places_along)),
            _ => (&self.centers, Weighting::Centers, [1; 3]),
        };
        if grid.slice_positions().is_some() {
            return Ok(Arc::new(Lattice::new(grid, slices, weighting, places)?));
        }
        if let Some(lattice) = kept.get() {
            return Ok(lattice.clone());
        }
        let lattice = Arc::new(Lattice::new(grid, slices, weighting, places)?);
        Ok(kept.get_or_init(|| lattice).clone())
    }
}

/// Places to try along one axis of a voxel: an odd number, so that one is its centre.
fn places_along(spacing_mm: f64) -> usize {
    let least = (spacing_mm / LATTICE_MM).ceil() as usize;
    (least | 1).min(MOST_PLACES)
}

/// The voxels of the mask with the largest finite value.
fn hottest(volume: &Volume, mask: &Mask) -> Result<Mask, PeakError> {
    let mut largest = f64::NEG_INFINITY;
    let mut runs: Vec<Run> = Vec::new();
    let rescale = volume.rescale();
    with_voxels!(volume.voxels(), values => for run in mask.runs() {
        for (index, stored) in (run.start..).zip(&values[run.start..run.end]) {
            let value = rescale.real(f64::from(stored.to_f32()));
            if value.is_finite() && value >= largest {
                if value > largest {
                    (largest, runs) = (value, Vec::new());
                }
                runs.push(Run { start: index, end: index + 1 });
            }
        }
    });
    if runs.is_empty() {
        return Err(PeakError::NoFiniteValue(mask.count()));
    }
    Ok(Mask::from_runs(mask.grid().clone(), runs).expect("voxels of a mask lie on its grid"))
}

/// [`PeakKind::Qpet4`] around the best of the hottest voxels.
fn of_four(volume: &Volume, hottest: &Mask) -> Peak {
    let mut best: Option<Peak> = None;
    for index in hottest.runs().iter().flat_map(|run| run.start..run.end) {
        let at = voxel_at(volume, index);
        let value = |at: [usize; 3]| volume.value(at).filter(|value| value.is_finite());
        let mut near: Vec<(f64, [usize; 3])> = neighbours(at)
            .filter_map(|beside| value(beside).map(|value| (value, beside)))
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.truncate(3);
        near.extend(value(at).map(|value| (value, at)));
        let mean = near.iter().map(|(value, _)| value).sum::<f64>() / near.len() as f64;
        if best.is_none_or(|best| exceeds(mean, best.value)) {
            best = Some(Peak {
                value: mean,
                center: volume.grid().patient(at.map(|n| n as f64).into()),
                sphere_ml: near.iter().map(|(_, at)| volume.grid().voxel_ml(at[2])).sum(),
                voxels: near.len(),
            });
        }
    }
    best.expect("there is a hottest voxel")
}

/// Column, row, slice of a position in reading order.
fn voxel_at(volume: &Volume, index: usize) -> [usize; 3] {
    let [columns, rows, _] = volume.grid().size();
    [index % columns, index / columns % rows, index / (columns * rows)]
}

/// The 26 voxels around one, less those below 0.
fn neighbours(at: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..27).filter(|n| *n != 13).filter_map(move |n: usize| {
        let along = |axis: usize, step: usize| (at[axis] + step % 3).checked_sub(1);
        Some([along(0, n)?, along(1, n / 3)?, along(2, n / 9)?])
    })
}

/// Whether a mean is larger by more than rounding.
fn exceeds(mean: f64, best: f64) -> bool {
    mean - best > TIE * best.abs()
}

#[cfg(test)]
mod tests;

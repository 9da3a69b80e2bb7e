//! A layer made ready to be projected.

use std::sync::Arc;

use nalgebra::{Matrix3, Vector3};

use super::kernel::Strides;
use crate::geometry::Affine;
use crate::render::cells::Cells;
use crate::render::check::{at_most, number};
use crate::render::{ClipPlane, Error, Layer, MAX_CLIP_PLANES, MAX_CUTS, ProjectionKind, ReadyCut};
use crate::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

/// What is kept of the values along a ray, of the stored ones.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    /// The largest of the values times `sign`.
    Extreme {
        /// 1 or -1.
        sign: f32,
        /// Of a depth weight.
        fading: Option<Fading>,
    },
    Mean,
    Sum,
}

/// How values fade with depth: what is above `pivot` (both times the sign) is multiplied by `1 - weight * d`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fading {
    pub pivot: f32,
    pub weight: f64,
}

/// A layer's volume among the rays of a view.
pub(in crate::render::cpu) struct Body {
    /// With real values that are the stored ones.
    pub(super) stored: Volume,
    pub(super) rescale: Rescale,
    pub(super) cells: Option<Arc<Cells>>,
    /// Of volumes that the fast loops can take.
    pub(super) strides: Option<Strides>,
    pub(super) interpolation: Interpolation,
    pub(super) kept: Kept,
    pub(super) step_mm: f64,
    /// Nearest and farthest sample, mm.
    pub(super) depth_mm: [f64; 2],
    /// From the scene to voxels, the third coordinate in steps of the third axis.
    pub(super) linear: Matrix3<f64>,
    pub(super) origin: Vector3<f64>,
    /// Coordinates of the first and last place inside.
    pub(super) limits: [[f64; 2]; 3],
    pub(super) planes: Vec<ClipPlane>,
    pub(super) cuts: Vec<ReadyCut>,
    /// Line of sight that depths are measured along; `None` for each ray's own.
    pub(super) sight: Option<[f64; 3]>,
    /// Corners of the volume in the scene.
    pub(super) corners: [Vector3<f64>; 8],
    pub(super) skips: bool,
    /// What an interpolation may exceed its voxels by through rounding.
    pub(super) margin: f32,
    /// The least of the values times the sign; below it no rounding leads.
    pub(super) floor: f32,
    /// The largest of them.
    pub(super) ceiling: f32,
    /// Whether the rows of pixels look through one level of the volume each, and how many columns and rows of
    /// voxels samples that are looked at together then reach over.
    pub(super) is_level: bool,
    pub(super) extent: [f64; 2],
    /// Whether nearly every voxel of such a level is between samples.
    pub(super) is_dense: bool,
    has_holes: bool,
}

/// What of a view all its layers share.
#[derive(Debug, Clone, Copy)]
pub(in crate::render::cpu) struct Course {
    pub kind: ProjectionKind,
    pub depth_mm: Option<[f64; 2]>,
    pub step_mm: f64,
    /// Line of sight that depths are measured along; `None` for each ray's own.
    pub sight: Option<[f64; 3]>,
    pub skips: bool,
    /// Whether the layers' clips count.
    pub clips: bool,
}

/// Values from which sums and differences of single precision may overflow.
const HUGE: f32 = 1e37;

impl Body {
    /// # Errors
    ///
    /// [`Error`] for numbers of the layer or the course that cannot be used.
    pub(in crate::render::cpu) fn new(
        volume: &Volume,
        layer: &Layer,
        course: &Course,
    ) -> Result<Self, Error> {
        let singular = Error::Singular("a layer's registration");
        let volume_from_scene = layer.scene_from_volume.inverse().map_err(|_| singular.clone())?;
        let voxel_from_scene = *volume.grid().voxel_from_patient() * volume_from_scene;
        let (linear, origin) = (voxel_from_scene.linear, voxel_from_scene.origin);
        if !(linear
            .iter()
            .chain(origin.iter())
            .all(|value| value.abs() < 1e100))
        {
            return Err(singular);
        }
        let interpolation = match layer.interpolation {
            Interpolation::Nearest => Interpolation::Nearest,
            _ => Interpolation::Linear,
        };
        let mut limits = volume.grid().size().map(|n| [-0.5, n as f64 - 0.5]);
        limits[2] = limits[2].map(|slice| volume.grid().position_from_slice(slice));
        let (planes, cuts) = clip(layer, course.clips)?;
        let stored = volume.clone().with_rescale(Rescale::IDENTITY, Unit::Unspecified);
        Ok(Self {
            strides: Strides::new(volume, interpolation).filter(|_| has_usable_slices(volume)),
            stored: stored.expect("the identity can be inverted"),
            rescale: volume.rescale(),
            cells: None,
            interpolation,
            kept: kept(volume.rescale(), layer, course.kind)?,
            step_mm: course.step_mm,
            depth_mm: depth(course.depth_mm)?,
            linear,
            origin,
            limits,
            planes,
            cuts,
            sight: course.sight,
            corners: volume
                .grid()
                .corners()
                .map(|at| (layer.scene_from_volume * at).xyz),
            skips: course.skips,
            margin: 0.0,
            floor: 0.0,
            ceiling: f32::INFINITY,
            is_level: false,
            extent: [0.0; 2],
            is_dense: false,
            has_holes: matches!(volume.voxels(), Voxels::F32(_)),
        })
    }

    /// Whether cells are of use.
    pub(in crate::render::cpu) fn wants_cells(&self) -> bool {
        matches!(self.kept, Kept::Extreme { .. })
    }

    /// Lends the cells of the volume.
    pub(in crate::render::cpu) fn with_cells(mut self, cells: Arc<Cells>) -> Self {
        let sign = match self.kept {
            Kept::Extreme { sign, .. } => sign,
            _ => 1.0,
        };
        let [low, high] = cells.range().unwrap_or_default();
        self.floor = (sign * low).min(sign * high);
        self.ceiling = (sign * low).max(sign * high);
        let finite = |value: f32| if value.is_finite() { value.abs() } else { 0.0 };
        self.has_holes = cells.holes().contains(&true);
        let largest = if self.has_holes {
            // Beside the infinities may be anything.
            let bounds = cells.low().iter().chain(cells.high());
            bounds.copied().map(finite).fold(0.0, f32::max)
        } else {
            low.abs().max(high.abs())
        };
        self.margin = largest * (1.0 / (1 << 20) as f32);
        if largest > HUGE {
            self.strides = None;
        }
        self.cells = Some(cells);
        self
    }

    /// Whether some value times the sign is -infinity: then no sample and the least one look alike.
    pub(super) fn may_be_lowest(&self) -> bool {
        self.floor == f32::NEG_INFINITY
    }

    /// Whether values may be not a number.
    pub(super) fn has_holes(&self) -> bool {
        self.has_holes
    }

    /// What no interpolation exceeds where the largest voxel is this (times the sign).
    #[inline(always)]
    pub(super) fn bound_of(&self, largest: f32) -> f32 {
        // What is as low as can be is so everywhere, and rounding leads nowhere from there.
        let bound = if largest <= self.floor {
            largest
        } else {
            largest + self.margin
        };
        if bound > self.ceiling { self.ceiling } else { bound }
    }

    /// Checks the number of samples.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] when a ray might have more than [`crate::render::MAX_SAMPLES`].
    pub(in crate::render::cpu) fn check_samples(&self) -> Result<(), Error> {
        let apart = |a: &Vector3<f64>| self.corners.iter().map(|b| (a - b).norm()).fold(0.0, f64::max);
        let across_mm = self.corners.iter().map(apart).fold(0.0, f64::max);
        let length_mm = across_mm.min(self.depth_mm[1] - self.depth_mm[0]);
        let fits = length_mm / self.step_mm <= f64::from(crate::render::MAX_SAMPLES);
        fits.then_some(()).ok_or(Error::Step(self.step_mm))
    }
}

/// Slices too close beside the usual distance would need finer places than the fast loops have.
fn has_usable_slices(volume: &Volume) -> bool {
    let close = |positions: &[f64]| positions.windows(2).any(|pair| pair[1] - pair[0] < 0.1);
    let far = |positions: &[f64]| positions.iter().any(|position| *position > 32_000.0);
    volume
        .grid()
        .slice_positions()
        .is_none_or(|positions| !close(positions) && !far(positions))
}

/// What is kept of stored values, so that of the real ones it is what `kind` says.
fn kept(rescale: Rescale, layer: &Layer, kind: ProjectionKind) -> Result<Kept, Error> {
    let rising = if rescale.slope > 0.0 { 1.0 } else { -1.0 };
    Ok(match kind {
        ProjectionKind::Minimum => Kept::Extreme {
            sign: -rising,
            fading: None,
        },
        ProjectionKind::Mean => Kept::Mean,
        ProjectionKind::Sum => Kept::Sum,
        ProjectionKind::Maximum { depth_weight } => {
            if !(0.0..=1.0).contains(&depth_weight) {
                return Err(number("a depth weight", "0 to 1", depth_weight));
            }
            let pivot = rising * rescale.stored(layer.window.limits().0) as f32;
            Kept::Extreme {
                sign: rising,
                fading: (depth_weight > 0.0).then_some(Fading {
                    pivot,
                    weight: depth_weight,
                }),
            }
        }
    })
}

fn depth(depth_mm: Option<[f64; 2]>) -> Result<[f64; 2], Error> {
    let depth_mm = depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    match depth_mm.iter().find(|limit| limit.is_nan()) {
        Some(limit) => Err(number("a limit of the depth", "a number of mm", *limit)),
        None => Ok(depth_mm),
    }
}

fn clip(layer: &Layer, counts: bool) -> Result<(Vec<ClipPlane>, Vec<ReadyCut>), Error> {
    if !counts {
        return Ok((Vec::new(), Vec::new()));
    }
    let clip = &layer.clip;
    at_most("clip planes of a layer", MAX_CLIP_PLANES, clip.planes.len())?;
    at_most("free cuts of a layer", MAX_CUTS, clip.cuts.len())?;
    for plane in &clip.planes {
        let finite = plane
            .point
            .xyz
            .iter()
            .chain(plane.normal.xyz.iter())
            .find(|v| !v.is_finite());
        if let Some(found) = finite {
            return Err(number("a clip plane's point and normal", "finite", *found));
        }
    }
    let ready = |cut| ReadyCut::new(cut).ok_or(Error::Singular("the plane of a cut's camera"));
    let cuts: Result<Vec<_>, Error> = clip.cuts.iter().map(ready).collect();
    Ok((clip.planes.clone(), cuts?))
}

/// Checks that a map of a view is finite and can be inverted.
pub(in crate::render::cpu) fn check_regular<A: crate::geometry::Space, B: crate::geometry::Space>(
    map: &Affine<A, B>,
    what: &'static str,
) -> Result<(), Error> {
    let finite = map
        .linear
        .iter()
        .chain(map.origin.iter())
        .all(|value| value.abs() < 1e100);
    let regular = finite && map.inverse().is_ok();
    regular.then_some(()).ok_or(Error::Singular(what))
}

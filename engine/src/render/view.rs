//! How the volumes are looked at.

use crate::geometry::{Patient, Vector};
use crate::presentation::{Camera, CurvedPlane, ImagePlane};

/// How the volumes are looked at.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum View {
    /// Cut by a plane (multiplanar reconstruction).
    Plane(ImagePlane),
    /// Cut by a plane that follows a curve.
    Curved(Curved),
    /// Every pixel one number of the values along its ray: MIP, MinIP, mean, and slabs of them.
    Projection(Projection),
    /// Light that tissue sends and holds back (volume rendering).
    Rendering(Rendering),
}

impl View {
    /// Size of a pixel (width, height), mm; with an eye, on the camera's plane.
    #[must_use]
    pub fn mm_per_pixel(&self) -> [f64; 2] {
        match self {
            Self::Plane(plane) => plane.mm_per_pixel(),
            Self::Curved(curved) => [curved.plane.mm_per_pixel(); 2],
            Self::Projection(projection) => projection.camera.plane.mm_per_pixel(),
            Self::Rendering(rendering) => rendering.camera.plane.mm_per_pixel(),
        }
    }
}

/// A plane that follows a curve, or a slab about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Curved {
    /// Where its columns lie.
    pub plane: CurvedPlane,
    /// More than the plane itself: what is made of the values before and behind it.
    pub slab: Option<Slab>,
}

/// A thickness about a plane, half before it and half behind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slab {
    /// From the nearest to the farthest sample, mm.
    pub thickness_mm: f64,
    /// What is made of the values.
    pub kind: ProjectionKind,
}

/// What is made of the values along a ray; values that are not numbers do not count.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ProjectionKind {
    /// The largest (MIP).
    ///
    /// With a depth weight `w` above 0, a value counts for less the farther it lies: the part above the
    /// lower limit of the layer's window is multiplied by `1 - w d`, where `d` runs from 0 at the nearest
    /// corner of the layer's volume to 1 at the farthest, measured along the camera's line of sight.
    Maximum {
        /// 0 (none) to 1.
        depth_weight: f64,
    },
    /// The smallest (MinIP).
    Minimum,
    /// The mean.
    Mean,
    /// The sum of the samples: as many times the mean as there are samples inside.
    Sum,
}

impl ProjectionKind {
    /// The largest value, wherever it lies.
    pub const MAXIMUM: Self = Self::Maximum { depth_weight: 0.0 };
}

/// Values along parallel or diverging rays made to one per pixel.
///
/// Samples lie at `t = (k + j) step` along each ray for every whole `k`, counted from the camera's plane
/// (`j` is the jitter, 0 without). Those count that lie inside the layer's volume (as
/// [`crate::volume::sample`] has it), within the depth and what the layer's clip leaves. Layers are
/// projected one by one, coloured, and mixed as those of a plane. Cubic interpolation is read as linear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// The rays.
    pub camera: Camera,
    /// What is made of the values.
    pub kind: ProjectionKind,
    /// Nearest and farthest sample along the rays, mm from the camera's plane; `None` for all.
    pub depth_mm: Option<[f64; 2]>,
}

impl Projection {
    /// Everything that the rays meet.
    #[must_use]
    pub const fn new(camera: Camera, kind: ProjectionKind) -> Self {
        Self {
            camera,
            kind,
            depth_mm: None,
        }
    }

    /// A slab about a plane.
    #[must_use]
    pub fn slab(plane: ImagePlane, slab: Slab) -> Self {
        let half_mm = slab.thickness_mm / 2.0;
        Self {
            camera: Camera { plane, eye: None },
            kind: slab.kind,
            depth_mm: Some([-half_mm, half_mm]),
        }
    }
}

/// Volumes as bodies of coloured, light-absorbing tissue.
///
/// Samples lie as those of a [`Projection`]. Between neighbouring samples, each moved into the stretch
/// `[t_in, t_out]` of the ray that lies in the layer's volume, the depth and the layer's clip planes, a layer
/// holds back light by the integral of its extinction over the value, taken as running straight from one
/// sample to the next (pre-integration: Engel, Kraus & Ertl 2001, with integral tables), and sends its mean
/// colour. The extinctions of all layers add up, each times its weight ([`crate::render::Scene::weights`]),
/// and the colour is their mean by extinction: one march, not finished pictures laid over each other.
/// Light is mixed from the front to the back until less than [`crate::render::DARK`] of it passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rendering {
    /// The rays.
    pub camera: Camera,
    /// Nearest and farthest place along the rays, mm from the camera's plane; `None` for all.
    pub depth_mm: Option<[f64; 2]>,
    /// Where the light comes from.
    pub light: Light,
    /// How far crevices are darkened by what surrounds them, 0 (not) to 1.
    pub occlusion: f64,
    /// How dark the shadows of a fixed light are, 0 (none) to 1.
    pub shadow: f64,
}

impl Rendering {
    /// By a lamp at the viewer's head, without shadows.
    #[must_use]
    pub const fn new(camera: Camera) -> Self {
        Self {
            camera,
            depth_mm: None,
            light: Light::Head,
            occlusion: 0.0,
            shadow: 0.0,
        }
    }
}

/// Where the light comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Light {
    /// From the viewer: against each ray.
    Head,
    /// From far away in this direction of the scene (any length).
    From(Vector<Patient>),
}

/// How finely a picture is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Distance of the samples along a ray, mm; `None` for the smallest spacing of the voxels shown
    /// (projections) or half of it (renderings).
    pub step_mm: Option<f64>,
    /// Moves the samples of each pixel's ray by a part of a step that differs from pixel to pixel without
    /// pattern, and from one number to the next: the mean of the pictures of numbers 0, 1, 2… has no rings.
    pub jitter: Option<u32>,
    /// Whether what cannot be seen is passed over. It changes no value of a projection, and of a rendering
    /// no more than rounding; off only to show that.
    pub skips_empty_space: bool,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            step_mm: None,
            jitter: None,
            skips_empty_space: true,
        }
    }
}

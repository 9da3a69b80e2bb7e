//! A layer made ready to be marched through.

use std::sync::Arc;

use nalgebra::Vector3;

use crate::colormap::Curve;
use crate::geometry::{Affine, Patient, Point, Voxel};
use crate::render::classify::{Integrals, LabelTable};
use crate::render::cpu::kernel::Lanes;
use crate::render::cpu::rendering::space::Space;
use crate::render::illumination::Illumination;
use crate::render::{ReadyCut, Shading};
use crate::volume::Volume;

/// A layer made ready.
pub(super) struct Part<'a> {
    /// What the inner loops may use.
    pub lanes: Lanes,
    pub volume: &'a Volume,
    /// The third coordinate counts steps of the third axis, as in an even stack.
    pub position_from_scene: Affine<Voxel, Patient>,
    pub bounds: Bounds,
    /// A ball in the scene that holds the volume.
    pub middle: Point<Patient>,
    pub radius_mm: f64,
    pub cuts: Vec<ReadyCut>,
    /// How much its extinction counts, above 0 to 1.
    pub weight: f32,
    pub look: Arc<Look>,
    pub shading: Option<Shading>,
    pub tint: Option<Tinted<'a>>,
    /// `None` where nothing is passed over.
    pub space: Option<Arc<Space>>,
    pub illumination: Option<Arc<Illumination>>,
}

/// Which values are seen, as tables.
#[derive(Debug)]
pub(super) enum Look {
    Tissue {
        integrals: Integrals,
        /// Factor of the extinction over the gradient's magnitude.
        factor: Option<Curve<f64>>,
    },
    /// By rising threshold.
    Surfaces(Vec<Skin>),
    Labels(LabelTable),
}

/// A surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Skin {
    pub threshold: f32,
    pub color: [f32; 3],
    /// Minus the logarithm of the light that passes.
    pub depth: f32,
}

/// The label map that tints a tissue.
pub(super) struct Tinted<'a> {
    pub labels: &'a Volume,
    pub table: Arc<LabelTable>,
    pub others: f32,
    pub position_from_scene: Affine<Voxel, Patient>,
}

/// What of a volume is looked at: its box, and half-spaces in its positions.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// First and last position on each axis.
    limits: [[f64; 2]; 3],
    /// Direction inwards, and what it makes of a place on the border.
    sides: Vec<(Vector3<f64>, f64)>,
    /// Nearest and farthest, mm along the rays.
    depth_mm: [f64; 2],
}

impl Bounds {
    /// The box of a volume between two depths.
    pub(super) fn new(limits: [[f64; 2]; 3], depth_mm: Option<[f64; 2]>) -> Self {
        Self {
            limits,
            sides: Vec::new(),
            depth_mm: depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]),
        }
    }

    /// Keeps what lies on the inward side of a plane, too.
    pub(super) fn cut(&mut self, inward: Vector3<f64>, border: f64) {
        self.sides.push((inward, border));
    }

    /// The stretch of a line that lies within, the box made wider by `margin` on each side; `None` where it has
    /// no length.
    #[inline(always)]
    pub(super) fn stretch(
        &self,
        origin: &Vector3<f64>,
        direction: &Vector3<f64>,
        start_mm: f64,
        margin: [f64; 3],
    ) -> Option<[f64; 2]> {
        let [near, far] = self.depth_mm;
        let (mut enter, mut leave) = (near.max(start_mm), far);
        for axis in 0..3 {
            let [low, high] = self.limits[axis];
            let (low, high) = (low - margin[axis], high + margin[axis]);
            if direction[axis] == 0.0 {
                let inside = origin[axis] >= low && origin[axis] <= high;
                leave = if inside { leave } else { f64::NEG_INFINITY };
                continue;
            }
            let inverse = 1.0 / direction[axis];
            let (a, b) = ((low - origin[axis]) * inverse, (high - origin[axis]) * inverse);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        if !self.sides.is_empty() && margin == [0.0; 3] {
            [enter, leave] = self.between_sides(origin, direction, [enter, leave]);
        }
        (enter < leave).then_some([enter, leave])
    }

    #[cold]
    #[inline(never)]
    fn between_sides(
        &self,
        origin: &Vector3<f64>,
        direction: &Vector3<f64>,
        [mut enter, mut leave]: [f64; 2],
    ) -> [f64; 2] {
        for (inward, border) in &self.sides {
            let (ahead, slope) = (border - inward.dot(origin), inward.dot(direction));
            if slope > 0.0 {
                enter = enter.max(ahead / slope);
            } else if slope < 0.0 {
                leave = leave.min(ahead / slope);
            } else if ahead > 0.0 {
                // Along the side, all of the line lies beyond it.
                leave = f64::NEG_INFINITY;
            }
        }
        [enter, leave]
    }
}

impl Part<'_> {
    /// Whether what is seen where a ray enters or leaves is more than what is seen inside: cut faces.
    #[inline(always)]
    pub(super) fn opens(&self) -> bool {
        matches!(*self.look, Look::Surfaces(_))
    }

    /// The gradient in the scene, per mm, of differences of two voxels about a voxel coordinate.
    #[inline(always)]
    pub(super) fn gradient(&self, mut differences: [f32; 3], slice: f32) -> [f32; 3] {
        let grid = self.volume.grid();
        if grid.slice_positions().is_some() {
            let position = |ahead: f64| grid.position_from_slice(f64::from(slice) + ahead);
            differences[2] *= 2.0 / (position(1.0) - position(-1.0)) as f32;
        }
        let linear = &self.position_from_scene.linear;
        std::array::from_fn(|component| {
            let along = |axis: usize| differences[axis] * linear[(axis, component)] as f32;
            0.5 * (along(0) + along(1) + along(2))
        })
    }
}

//! A ray within one layer's volume.

use nalgebra::Vector3;

use crate::geometry::{Affine, Patient, Voxel};
use crate::presentation::Ray;
use crate::render::cpu::rendering::part::Part;
use crate::render::cpu::rendering::space::Line;

/// A ray within one layer's volume: place `t` mm along it is `origin + t * direction`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub origin: Vector3<f64>,
    pub direction: Vector3<f64>,
    /// Where it enters what is looked at, and where it leaves; enters beyond where it leaves if it misses.
    pub enter: f64,
    pub leave: f64,
    /// Samples: sample `n` is at place `n` of it.
    line: Line,
    enter_n: f32,
    leave_n: f32,
}

impl Track {
    /// A ray that meets nothing.
    pub(super) const NONE: Self = Self {
        origin: Vector3::new(0.0, 0.0, 0.0),
        direction: Vector3::new(0.0, 0.0, 0.0),
        enter: f64::INFINITY,
        leave: f64::NEG_INFINITY,
        line: Line {
            start: [0.0; 4],
            step: [0.0; 4],
            per_step: [0.0; 4],
        },
        enter_n: f32::INFINITY,
        leave_n: f32::NEG_INFINITY,
    };

    #[inline(always)]
    pub(super) fn new(part: &Part<'_>, ray: &Ray) -> Self {
        let (origin, direction) = moved(&part.position_from_scene, ray);
        match part.bounds.stretch(&origin, &direction, ray.start_mm, [0.0; 3]) {
            Some([enter, leave]) => Self {
                origin,
                direction,
                enter,
                leave,
                ..Self::NONE
            },
            None => Self::NONE,
        }
    }

    /// Counts samples every `step` mm from `first` mm on; nothing is to be seen before `empty_to` mm.
    #[inline(always)]
    pub(super) fn count(&mut self, first: f64, step: f64, empty_to: f64) {
        let direction = self.direction * step;
        self.line = Line::new(self.at(first), direction.into());
        self.enter_n = ((self.enter.max(empty_to) - first) / step) as f32;
        self.leave_n = ((self.leave - first) / step) as f32;
    }

    #[inline(always)]
    pub(super) fn meets(&self) -> bool {
        self.enter < self.leave
    }

    #[inline(always)]
    pub(super) fn at(&self, t_mm: f64) -> [f64; 3] {
        std::array::from_fn(|axis| self.origin[axis] + t_mm * self.direction[axis])
    }

    /// Whether samples `n` to `n + count` lie in the stretch in part.
    #[inline(always)]
    pub(super) fn has(&self, n: f32, count: usize) -> bool {
        self.enter_n < n + count as f32 && self.leave_n > n
    }

    /// Up to which sample nothing is seen from sample `n` on: `n` itself where something may be at once.
    #[inline(always)]
    pub(super) fn clear_to(&self, part: &Part<'_>, n: f32) -> f32 {
        if n >= self.leave_n {
            return f32::INFINITY;
        }
        let before = whole(self.enter_n);
        if before > n {
            return before;
        }
        let Some(space) = &part.space else {
            return n;
        };
        let opens = part.opens();
        if opens && n <= self.enter_n {
            return n;
        }
        let at = n.max(self.enter_n);
        let grid = part.volume.grid();
        let to = if grid.slice_positions().is_none() {
            space.clear_to(&self.line, at)
        } else {
            space.clear_to_uneven(grid, &self.line, at)
        };
        if to < self.leave_n {
            whole(to).max(n)
        } else if opens {
            whole(self.leave_n).max(n)
        } else {
            f32::INFINITY
        }
    }
}

/// The whole number below; 0 for numbers below it.
#[inline(always)]
fn whole(n: f32) -> f32 {
    // Sample numbers are far below 2^31; what is not converts to the largest.
    (n as i32).max(0) as f32
}

/// The middle line of a tile of rays, and how far its rays lie off: up to where none of them sees anything.
pub(super) fn beam_empty_to(part: &Part<'_>, middle: &Ray, corners: &[Ray; 4], step: f64) -> f64 {
    let Some(space) = part.space.as_ref().filter(|_| !part.opens()) else {
        return f64::NEG_INFINITY;
    };
    if part.volume.grid().slice_positions().is_some() {
        return f64::NEG_INFINITY;
    }
    let (origin, direction) = moved(&part.position_from_scene, middle);
    // The eye lies farthest from the corners.
    let start_mm = corners
        .iter()
        .map(|corner| corner.start_mm)
        .fold(middle.start_mm, f64::min);
    let far_mm = middle.origin.distance(part.middle) + part.radius_mm;
    let mut stretch = [start_mm.max(-far_mm), far_mm];
    let mut margin = [0.0f64; 3];
    // Rays of an eye draw apart: they are nowhere farther apart than at one of the ends. Twice, as the box is
    // reached later the narrower the beam.
    for _ in 0..2 {
        margin = [0.0; 3];
        for corner in corners {
            let (corner_origin, corner_direction) = moved(&part.position_from_scene, corner);
            for t in stretch {
                let apart = corner_origin - origin + (corner_direction - direction) * t;
                for axis in 0..3 {
                    margin[axis] = margin[axis].max(apart[axis].abs() + 0.01);
                }
            }
        }
        let Some(found) = part.bounds.stretch(&origin, &direction, start_mm, margin) else {
            return f64::INFINITY;
        };
        stretch = found;
    }
    let [enter, leave] = stretch;
    let start: [f64; 3] = std::array::from_fn(|axis| origin[axis] + enter * direction[axis]);
    let line = Line::new(start, (direction * step).into());
    let end = ((leave - enter) / step) as f32;
    let half_width = margin.map(|part| part as f32);
    let mut n = 0.0;
    while n < end {
        let to = space.beam_clear_to(&line, n, half_width);
        if to < n + 0.5 {
            return enter + f64::from(n) * step;
        }
        n = to;
    }
    f64::INFINITY
}

/// A ray in positions of a volume.
#[inline(always)]
pub(super) fn moved(position_from_scene: &Affine<Voxel, Patient>, ray: &Ray) -> (Vector3<f64>, Vector3<f64>) {
    (
        (*position_from_scene * ray.origin).xyz,
        (*position_from_scene * ray.direction).xyz,
    )
}

//! Values along rays made to one per pixel: MIP, MinIP, mean, sum, of cameras and curved slabs.
//!
//! The picture is cut into tiles of 8 x 8 rays. Of a tile, a maximum looks at stretches of the beam in the
//! order of the largest value that cells of the volume allow in them, and ends when none allows more than
//! every ray has: what is passed over changes no bit. Means and sums read every sample.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_level;
mod body;
mod bound;
mod kernel;
mod level;
mod lines;
mod march;
mod peaks;
mod search;
mod sheet;
mod slab;
mod tile;

pub(super) use body::{Body, Course, check_regular};
pub(super) use lines::{SIDE, Shape, Sight, TILE};
pub(super) use march::Scratch;

use std::sync::{Mutex, PoisonError};

use crate::presentation::Size;
use crate::render::Cancel;
use crate::render::cpu::kernel::Lanes;
use lines::Lines;

/// A view with its layers, ready to be worked on tile by tile.
pub(super) struct Projected<'a> {
    sight: Sight<'a>,
    bodies: Vec<Body>,
    /// Number of the picture, for the jitter.
    jitter: Option<u32>,
    size: Size,
    lanes: Lanes,
    /// How its tiles stand in the picture.
    pub shape: Shape,
    /// Rooms that no thread is using.
    idle: Mutex<Vec<Scratch>>,
}

impl<'a> Projected<'a> {
    pub(super) fn new(
        sight: Sight<'a>,
        mut bodies: Vec<Body>,
        jitter: Option<u32>,
        size: Size,
        lanes: Lanes,
    ) -> Self {
        let is_level = level::is_level(&sight, &bodies, size);
        for body in &mut bodies {
            body.is_level = is_level;
            body.extent = level::extent(&sight, body);
            body.is_dense = is_level && level::is_dense(&sight, body, size.width);
        }
        Self {
            sight,
            bodies,
            jitter,
            size,
            lanes,
            shape: if is_level { Shape::Row } else { Shape::Square },
            idle: Mutex::default(),
        }
    }

    /// Whether the rays are those of a curved plane.
    pub(super) fn is_curved(&self) -> bool {
        matches!(self.sight, Sight::Curved(_))
    }

    /// Lends a thread room to work in, as some thread left it.
    pub(super) fn with_room<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let done = work(&mut scratch);
        idle().push(scratch);
        done
    }

    /// Bytes of all rooms.
    pub(super) fn bytes(&self) -> usize {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.iter().map(Scratch::bytes).sum()
    }

    /// Hands the values of every layer that is seen and meets a tile to `show`, from the lowest up.
    pub(super) fn tile(
        &self,
        corner: [u32; 2],
        is_seen: impl Fn(usize) -> bool,
        cancel: &Cancel,
        scratch: &mut Scratch,
        mut show: impl FnMut(usize, &[f32; TILE]),
    ) {
        let lines = Lines::new(&self.sight, self.shape, corner, self.size, self.jitter);
        let mut values = [f32::NAN; TILE];
        for (n, body) in self.bodies.iter().enumerate() {
            scratch.of_layer(n);
            if is_seen(n) && project(self.lanes, body, &lines, cancel, scratch, &mut values) {
                show(n, &values);
            }
        }
    }
}

fn project(
    lanes: Lanes,
    body: &Body,
    lines: &Lines,
    cancel: &Cancel,
    scratch: &mut Scratch,
    values: &mut [f32; TILE],
) -> bool {
    match lanes {
        Lanes::Baseline => project_baseline(body, lines, cancel, scratch, values),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { project_avx2(body, lines, cancel, scratch, values) },
    }
}

// Apart, so that its room on the stack is not set up for the other.
#[inline(never)]
fn project_baseline(
    body: &Body,
    lines: &Lines,
    cancel: &Cancel,
    scratch: &mut Scratch,
    values: &mut [f32; TILE],
) -> bool {
    march::project(Lanes::Baseline, body, lines, cancel, scratch, values)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn project_avx2(
    body: &Body,
    lines: &Lines,
    cancel: &Cancel,
    scratch: &mut Scratch,
    values: &mut [f32; TILE],
) -> bool {
    march::project(Lanes::Avx2, body, lines, cancel, scratch, values)
}

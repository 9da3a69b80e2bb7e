//! Where the samples of a tile's rays lie among the voxels of one layer.

use super::body::{Body, Kept};
#[cfg(target_arch = "x86_64")]
use super::kernel::Strides;
use super::kernel::{ALONG, PARTS, Places, RAYS, rounded};
#[cfg(target_arch = "x86_64")]
use super::lines::SIDE;
use super::lines::{Lines, TILE};

/// Samples of a block along the rays: two units.
pub(super) const BLOCK: i32 = 8;
/// Squares of rays in a tile.
pub(super) const SQUARES: usize = TILE / RAYS;

/// What lies closer to the edge of a step counts as on it.
const SLACK: f64 = 1e-9;
/// Most samples between the first and the last of a tile: more is not a picture.
const MAX_SPAN: f64 = (1 << 20) as f64;
/// Most voxels that neighbouring samples may be apart for the fast loops.
const MAX_STEP: f64 = 4000.0;

/// The samples of a tile: those of ray `r` are numbers `first[r]` to `last[r]`, counted from `base`.
pub(super) struct Tile {
    /// Voxel coordinates of sample 0.
    pub start: [[f64; TILE]; 3],
    /// From one sample to the next.
    pub step: [[f64; TILE]; 3],
    /// The same in fixed point, and sample 0.
    pub stride: [[i32; TILE]; 3],
    pub place: [[i32; TILE]; 3],
    /// Whether all rays go on by the same step.
    pub is_parallel: bool,
    /// Depth in the volume, 0 to 1, of sample 0 and from one sample to the next.
    pub depth: [[f64; TILE]; 2],
    pub first: [i32; TILE],
    pub last: [i32; TILE],
    /// Number that sample 0 has along the rays, a multiple of [`BLOCK`].
    pub base: f64,
    /// Rays that meet the volume.
    pub rays: u32,
    /// One past the last block.
    pub blocks: i32,
    /// Whether the fast loops cannot take it.
    pub is_odd: bool,
}

impl Default for Tile {
    fn default() -> Self {
        Self {
            start: [[0.0; TILE]; 3],
            step: [[0.0; TILE]; 3],
            stride: [[0; TILE]; 3],
            place: [[0; TILE]; 3],
            is_parallel: false,
            depth: [[0.0; TILE]; 2],
            first: [i32::MAX; TILE],
            last: [i32::MIN; TILE],
            base: 0.0,
            rays: 0,
            blocks: 0,
            is_odd: false,
        }
    }
}

impl Tile {
    /// Takes the rays of a tile; gives whether any meets the layer.
    #[inline(always)]
    pub(super) fn aim(&mut self, lines: &Lines, body: &Body) -> bool {
        self.first = [i32::MAX; TILE];
        self.last = [i32::MIN; TILE];
        self.rays = 0;
        self.is_parallel = lines.are_parallel;
        self.is_odd = body.strides.is_none();
        self.place(lines, body);
        if let Kept::Extreme { fading: Some(_), .. } = body.kept {
            self.measure_depth(lines, body);
        }
        let [enter, leave] = self.ranges(lines, body);
        self.count(&enter, &leave)
    }

    #[inline(always)]
    fn place(&mut self, lines: &Lines, body: &Body) {
        for axis in 0..3 {
            let row = [0, 1, 2].map(|column| body.linear[(axis, column)]);
            let dot = |part: &[[f64; TILE]; 3], lane: usize| {
                row[0] * part[0][lane] + row[1] * part[1][lane] + row[2] * part[2][lane]
            };
            for lane in 0..TILE {
                let step = dot(&lines.direction, lane) * body.step_mm;
                self.step[axis][lane] = step;
                self.stride[axis][lane] = rounded(step * PARTS);
                self.start[axis][lane] =
                    dot(&lines.origin, lane) + body.origin[axis] + lines.jitter[lane] * step;
            }
        }
    }

    /// Depths along the sight: from the nearest to the farthest corner of the volume.
    fn measure_depth(&mut self, lines: &Lines, body: &Body) {
        let sight = &body.sight;
        for lane in 0..TILE {
            let along = |part: &[[f64; TILE]; 3], sight: [f64; 3]| {
                sight[0] * part[0][lane] + sight[1] * part[1][lane] + sight[2] * part[2][lane]
            };
            let own = [0, 1, 2].map(|axis| lines.direction[axis][lane]);
            let sight = sight.unwrap_or(own);
            let corners = body
                .corners
                .map(|c| sight[0] * c[0] + sight[1] * c[1] + sight[2] * c[2]);
            let near = corners.into_iter().fold(f64::INFINITY, f64::min);
            let far = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
            let scale = 1.0 / (far - near).max(1e-300);
            let step = along(&lines.direction, sight) * body.step_mm * scale;
            self.depth[1][lane] = step;
            self.depth[0][lane] = (along(&lines.origin, sight) - near) * scale + lines.jitter[lane] * step;
        }
    }

    /// Sample numbers (fractions) at which each ray enters and leaves what counts.
    #[inline(always)]
    fn ranges(&self, lines: &Lines, body: &Body) -> [[f64; TILE]; 2] {
        let [mut enter, mut leave] = [[f64::NEG_INFINITY; TILE], [f64::INFINITY; TILE]];
        let per_step = 1.0 / body.step_mm;
        let [near, far] = body.depth_mm.map(|limit| limit * per_step);
        for lane in 0..TILE {
            enter[lane] = near.max(lines.start_mm[lane] * per_step) - lines.jitter[lane];
            leave[lane] = far - lines.jitter[lane];
        }
        for axis in 0..3 {
            let [low, high] = body.limits[axis];
            for lane in 0..TILE {
                let (start, step) = (self.start[axis][lane], self.step[axis][lane]);
                let inverse = 1.0 / step;
                let (a, b) = ((low - start) * inverse, (high - start) * inverse);
                let outside = if start >= low && start <= high {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                };
                let is_across = step == 0.0;
                enter[lane] = enter[lane].max(if is_across { outside } else { a.min(b) });
                leave[lane] = leave[lane].min(if is_across { -outside } else { a.max(b) });
            }
        }
        for plane in &body.planes {
            let (point, normal) = (plane.point.xyz, plane.normal.xyz);
            for lane in 0..TILE {
                let along = |part: &[[f64; TILE]; 3], from: [f64; 3]| {
                    (0..3)
                        .map(|axis| normal[axis] * (part[axis][lane] - from[axis]))
                        .sum::<f64>()
                };
                let step = along(&lines.direction, [0.0; 3]) * body.step_mm;
                let at_start = along(&lines.origin, point.into()) + lines.jitter[lane] * step;
                let crossing = -at_start / step;
                if step > 0.0 {
                    enter[lane] = enter[lane].max(crossing);
                } else if step < 0.0 {
                    leave[lane] = leave[lane].min(crossing);
                } else if at_start < 0.0 {
                    leave[lane] = f64::NEG_INFINITY;
                }
            }
        }
        [enter, leave]
    }

    /// Numbers the samples; gives whether there are any.
    #[inline(always)]
    fn count(&mut self, enter: &[f64; TILE], leave: &[f64; TILE]) -> bool {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let [mut first, mut last] = [[0.0; TILE]; 2];
        for lane in 0..TILE {
            first[lane] = (enter[lane] - SLACK).ceil();
            // A ray of no pixel begins at infinity: it must not end there.
            let begins = first[lane] < f64::INFINITY;
            last[lane] = if begins {
                (leave[lane] + SLACK).floor()
            } else {
                f64::NEG_INFINITY
            };
            let meets = first[lane] <= last[lane];
            low = low.min(if meets { first[lane] } else { f64::INFINITY });
            high = high.max(if meets { last[lane] } else { f64::NEG_INFINITY });
        }
        // Numbers that are none, or endless, are of a view in which nothing is to be seen.
        let is_seen = low <= high && (high - low).is_finite();
        if !is_seen {
            return false;
        }
        let block = f64::from(BLOCK);
        self.base = (low / block).floor() * block;
        self.is_odd |= high - self.base >= MAX_SPAN;
        for lane in 0..TILE {
            if first[lane] <= last[lane] {
                self.first[lane] = (first[lane] - self.base) as i32;
                self.last[lane] = (last[lane] - self.base) as i32;
                self.rays += 1;
            }
        }
        self.blocks = (((high - self.base) / block) as i32).saturating_add(1);
        for axis in 0..3 {
            for lane in 0..TILE {
                let step = self.step[axis][lane];
                self.start[axis][lane] += self.base * step;
                self.place[axis][lane] = rounded(self.start[axis][lane] * PARTS);
                self.is_odd |= step.abs() >= MAX_STEP || step.is_nan();
            }
        }
        for (start, step) in {
            let [start, step] = &mut self.depth;
            start.iter_mut().zip(step)
        } {
            *start += self.base * *step;
        }
        true
    }

    /// Samples of all rays.
    pub(super) fn samples(&self) -> u64 {
        let counts = self
            .first
            .iter()
            .zip(&self.last)
            .filter(|(first, last)| first <= last);
        counts
            .map(|(first, last)| (i64::from(*last) - i64::from(*first) + 1) as u64)
            .sum()
    }

    /// How far sample `k` of parallel rays is from sample 0.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn on(&self, k: i32) -> [i32; 3] {
        let on = |axis: usize| rounded(f64::from(k) * self.step[axis][0] * PARTS);
        [on(0), on(1), on(2)]
    }

    /// How many voxels on the next square tile of parallel rays begins, about.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn ahead(&self, strides: &Strides) -> isize {
        let voxels = |axis: usize| {
            let pixel = self.place[axis][1].wrapping_sub(self.place[axis][0]);
            (i64::from(pixel) * SIDE as i64 + (1 << 15)) >> 16
        };
        let [row, slice] = strides.next.map(|next| next as i64);
        (voxels(0) + voxels(1) * row + voxels(2) * slice) as isize
    }

    /// Places of the samples from number `k` of the square that begins at lane `from`.
    #[inline(always)]
    pub(super) fn places(&self, from: usize, k: i32, places: &mut Places) {
        let k = f64::from(k);
        for (axis, places) in places.iter_mut().enumerate() {
            let stride: &[i32; RAYS] = self.stride[axis][from..from + RAYS].try_into().expect("a square");
            let mut base = [0; RAYS];
            if self.is_parallel {
                let first: &[i32; RAYS] = self.place[axis][from..from + RAYS].try_into().expect("a square");
                let on = rounded(k * self.step[axis][from] * PARTS);
                for ray in 0..RAYS {
                    base[ray] = first[ray].wrapping_add(on);
                }
            } else {
                let start: &[f64; RAYS] = self.start[axis][from..from + RAYS].try_into().expect("a square");
                let step: &[f64; RAYS] = self.step[axis][from..from + RAYS].try_into().expect("a square");
                for ray in 0..RAYS {
                    base[ray] = rounded((start[ray] + k * step[ray]) * PARTS);
                }
            }
            for along in 0..ALONG {
                for ray in 0..RAYS {
                    places[along * RAYS + ray] =
                        base[ray].wrapping_add(stride[ray].wrapping_mul(along as i32));
                }
            }
        }
    }
}

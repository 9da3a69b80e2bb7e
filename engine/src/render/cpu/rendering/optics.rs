//! What the segments between a handful of samples of a ray hold back and send.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use crate::colormap::{Curve, extinction_per_mm};
use crate::presentation::Ray;
use crate::render::Labels;
use crate::render::classify::{ENTRIES, Integrals, LabelTable};
use crate::render::cpu::rendering::labels::{self, Around};
use crate::render::cpu::rendering::part::{Look, Part, Tinted};
use crate::render::cpu::rendering::places::{LANES, Places, differences, values};
use crate::render::cpu::rendering::surfaces::{self, Crossing};
use crate::render::cpu::rendering::track::{Track, moved};

/// What one layer does to the light between [`LANES`] samples of a ray; the segment that ends at sample 0 is
/// not among them.
pub(super) struct Optics {
    /// Minus the logarithm of the light that each segment lets pass.
    pub depth: [f32; LANES],
    /// Its colour times that.
    pub glow: [[f32; 3]; LANES],
    /// Where each segment ends.
    pub places: Places,
    /// Of label maps: the gradient there, in the scene.
    pub gradient: [[f32; 3]; LANES],
}

/// The samples that are looked at: [`LANES`] from place `t_mm` on.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a> {
    pub ray: &'a Ray,
    /// Number of the first.
    pub n: f32,
    pub t_mm: f64,
    pub step_mm: f64,
}

/// A handful of samples within a layer's stretch of the ray.
pub(super) struct Stretch {
    /// Millimetres from the first sample, moved into the stretch.
    pub along: [f32; LANES],
    pub places: Places,
}

impl Default for Optics {
    fn default() -> Self {
        let nowhere = Places {
            base: [[0; LANES]; 3],
            part: [[0.0; LANES]; 3],
        };
        Self {
            depth: [0.0; LANES],
            glow: [[0.0; 3]; LANES],
            places: nowhere,
            gradient: [[0.0; 3]; LANES],
        }
    }
}

impl Samples<'_> {
    /// Where the samples lie in a layer's volume.
    #[inline(always)]
    fn within(&self, part: &Part<'_>, track: &Track) -> Stretch {
        let (low, high) = ((track.enter - self.t_mm) as f32, (track.leave - self.t_mm) as f32);
        let step = self.step_mm as f32;
        let mut along = [0.0; LANES];
        for (lane, along) in along.iter_mut().enumerate() {
            *along = (lane as f32 * step).max(low).min(high);
        }
        Stretch {
            along,
            places: Places::along(
                part.volume.grid(),
                track.at(self.t_mm),
                track.direction.into(),
                &along,
            ),
        }
    }
}

impl Optics {
    /// Looks at samples of one layer; gives whether any segment holds anything back. Crossings of surfaces are
    /// put to the others.
    #[inline(always)]
    pub(super) fn look(
        &mut self,
        part: &Part<'_>,
        number: usize,
        track: &Track,
        samples: Samples<'_>,
        crossings: &mut Vec<Crossing>,
    ) -> bool {
        let stretch = samples.within(part, track);
        self.places = stretch.places;
        match &*part.look {
            Look::Tissue { integrals, factor } => {
                let values = values(part.lanes, part.volume, &stretch.places);
                if !self.tissue(integrals, &values, &stretch.along) {
                    return false;
                }
                if let Some(factor) = factor {
                    self.by_gradient(part, factor);
                }
                if let Some(tinted) = &part.tint {
                    self.tint(tinted, samples, &stretch.along);
                }
            }
            Look::Surfaces(skins) => {
                let values = values(part.lanes, part.volume, &stretch.places);
                surfaces::cross(part, number, skins, &values, &stretch, track, samples, crossings);
                return false;
            }
            Look::Labels(table) => {
                if !self.bodies(part, table, &stretch.along) {
                    return false;
                }
            }
        }
        if !part.cuts.is_empty() {
            self.cut(part, samples, &stretch.along);
        }
        if part.weight != 1.0 {
            self.scale(|_| part.weight);
        }
        true
    }

    fn scale(&mut self, factor: impl Fn(usize) -> f32) {
        for lane in 1..LANES {
            if self.depth[lane] > 0.0 {
                let factor = factor(lane);
                self.depth[lane] *= factor;
                self.glow[lane] = self.glow[lane].map(|part| part * factor);
            }
        }
    }

    #[inline(always)]
    fn tissue(&mut self, integrals: &Integrals, values: &[f32; LANES], along: &[f32; LANES]) -> bool {
        let (low, scale) = (integrals.low() as f32, integrals.steps_per_unit() as f32);
        let mut place = [0.0; LANES];
        for lane in 0..LANES {
            place[lane] = (values[lane] - low) * scale;
        }
        let [clear_below, clear_above] = integrals.clear();
        let (mut all_below, mut all_above) = (clear_below, clear_above);
        for place in &place {
            all_below &= *place <= 0.0 || place.is_nan();
            all_above &= *place >= ENTRIES as f32 || place.is_nan();
        }
        if all_below || all_above {
            return false;
        }
        let mut any = false;
        for lane in 1..LANES {
            let length = along[lane] - along[lane - 1];
            let (a, b) = (place[lane - 1], place[lane]);
            let below = clear_below & (a <= 0.0) & (b <= 0.0);
            let [depth, glow @ ..] = if below | a.is_nan() | b.is_nan() {
                [0.0; 4]
            } else {
                integrals.between(a, b).map(|mean| mean * length)
            };
            self.depth[lane] = depth;
            self.glow[lane] = glow;
            any |= depth > 0.0;
        }
        any
    }

    #[inline(always)]
    fn by_gradient(&mut self, part: &Part<'_>, factor: &Curve<f64>) {
        let [across, down, away] = differences(part.lanes, part.volume, &self.places);
        let slices = self.places;
        self.scale(|lane| {
            let slice = slices.voxel(lane)[2];
            let gradient = part.gradient([across[lane], down[lane], away[lane]], slice);
            let square: f32 = gradient.iter().map(|part| part * part).sum();
            factor.at(f64::from(square.sqrt())) as f32
        });
    }

    #[cold]
    #[inline(never)]
    fn tint(&mut self, tinted: &Tinted<'_>, samples: Samples<'_>, along: &[f32; LANES]) {
        let (origin, direction) = moved(&tinted.position_from_scene, samples.ray);
        let start = origin + direction * samples.t_mm;
        let places = Places::along(tinted.labels.grid(), start.into(), direction.into(), along);
        let depth = self.depth;
        let around = labels::all(tinted.labels, &tinted.table, &places, |lane| depth[lane] > 0.0);
        for lane in 1..LANES {
            if depth[lane] == 0.0 {
                continue;
            }
            let Around { part, style, .. } = around[lane];
            let others = 1.0 - part;
            let factor = style[3] + others * tinted.others;
            for color in 0..3 {
                let own = self.glow[lane][color];
                self.glow[lane][color] = factor * (depth[lane] * style[color] + others * own);
            }
            self.depth[lane] *= factor;
        }
    }

    #[cold]
    #[inline(never)]
    fn bodies(&mut self, part: &Part<'_>, table: &LabelTable, along: &[f32; LANES]) -> bool {
        let around = labels::all(part.volume, table, &self.places, |_| true);
        let mut sends = [[0.0; 4]; LANES];
        for lane in 0..LANES {
            let Around {
                part: there,
                style,
                slope,
            } = around[lane];
            // A gradient of differences of two voxels is twice the slope.
            self.gradient[lane] = part.gradient(slope.map(|slope| 2.0 * slope), self.places.voxel(lane)[2]);
            if there > 0.0 {
                let [red, green, blue, opacity] = style.map(|sum| sum / there);
                let edge = Labels::edge(f64::from(there));
                let per_mm = (extinction_per_mm(f64::from(opacity), 1.0) * edge) as f32;
                sends[lane] = [per_mm, per_mm * red, per_mm * green, per_mm * blue];
            }
        }
        let mut any = false;
        for lane in 1..LANES {
            let half = 0.5 * (along[lane] - along[lane - 1]);
            let both: [f32; 4] = std::array::from_fn(|n| half * (sends[lane - 1][n] + sends[lane][n]));
            let [depth, glow @ ..] = both;
            self.depth[lane] = depth;
            self.glow[lane] = glow;
            any |= depth > 0.0;
        }
        any
    }

    #[cold]
    #[inline(never)]
    fn cut(&mut self, part: &Part<'_>, samples: Samples<'_>, along: &[f32; LANES]) {
        let depth = self.depth;
        let left = leaves(part, samples, along, |lane| {
            depth[lane] > 0.0 || depth.get(lane + 1).is_some_and(|depth| *depth > 0.0)
        });
        self.scale(|lane| 0.5 * (left[lane - 1] + left[lane]));
    }
}

/// The part that a layer's free cuts leave at those of the samples that are asked for.
pub(super) fn leaves(
    part: &Part<'_>,
    samples: Samples<'_>,
    along: &[f32; LANES],
    asked: impl Fn(usize) -> bool,
) -> [f32; LANES] {
    std::array::from_fn(|lane| {
        if !asked(lane) {
            return 1.0;
        }
        let place = samples.ray.at(samples.t_mm + f64::from(along[lane]));
        part.cuts.iter().map(|cut| cut.leaves(place)).product::<f64>() as f32
    })
}

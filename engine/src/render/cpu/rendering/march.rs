//! Rays from the front to the back.

use crate::presentation::Ray;
use crate::render::classify::passing;
use crate::render::cpu::rendering::lighting::{Gloss, Lamp, Lit, Place, Queue};
use crate::render::cpu::rendering::optics::{Optics, Samples};
use crate::render::cpu::rendering::part::Part;
use crate::render::cpu::rendering::places::LANES;
use crate::render::cpu::rendering::surfaces::Crossing;
use crate::render::cpu::rendering::track::Track;
use crate::render::cpu::watch::Tally;
use crate::render::{Cancel, DARK, MAX_LAYERS, Rendering};

/// Rays on each side of a tile.
pub(super) const SIDE: usize = 8;
/// Rays of a tile.
const RAYS: usize = SIDE * SIDE;

/// What all rays of a picture have in common.
pub(super) struct Journey<'a> {
    pub parts: Vec<Part<'a>>,
    pub gloss: Vec<Gloss>,
    pub lamp: Lamp,
    pub rendering: Rendering,
    pub step_mm: f64,
    pub cancel: &'a Cancel,
}

/// A tile of rays under way.
pub(super) struct Tile<'a> {
    journey: &'a Journey<'a>,
    tracks: [Track; MAX_LAYERS],
    queues: [Queue; MAX_LAYERS],
    optics: [Optics; MAX_LAYERS],
    crossings: Vec<Crossing>,
    sight: [[f32; 3]; RAYS],
    pub rgb: [[f32; 3]; RAYS],
    pub through: [f32; RAYS],
    pub counts: Tally,
}

impl<'a> Tile<'a> {
    pub(super) fn new(journey: &'a Journey<'a>) -> Self {
        Self {
            journey,
            tracks: [Track::NONE; MAX_LAYERS],
            queues: Default::default(),
            optics: Default::default(),
            crossings: Vec::new(),
            sight: [[0.0; 3]; RAYS],
            rgb: [[0.0; 3]; RAYS],
            through: [1.0; RAYS],
            counts: Tally::default(),
        }
    }

    /// Marches along one ray; nothing of a part is seen before `empty_to`.
    #[inline(always)]
    pub(super) fn march(&mut self, slot: usize, ray: &Ray, jitter: f64, empty_to: &[f64; MAX_LAYERS]) {
        let journey = self.journey;
        let (mut start, mut end) = (f64::INFINITY, f64::NEG_INFINITY);
        for (number, (track, part)) in self.tracks.iter_mut().zip(&journey.parts).enumerate() {
            *track = Track::new(part, ray);
            self.counts.rays += u64::from(track.meets());
            start = start.min(track.enter.max(empty_to[number]));
            end = end.max(track.leave);
        }
        if start >= end {
            return;
        }
        self.sight[slot] = std::array::from_fn(|axis| ray.direction[axis] as f32);
        let step = journey.step_mm;
        let first = (start / step - jitter).floor() + jitter;
        let count = (end / step - first).ceil() as f32;
        for (track, empty_to) in self.tracks[..journey.parts.len()].iter_mut().zip(empty_to) {
            track.count(first * step, step, *empty_to);
        }
        let mut n = 0.0;
        while n < count {
            let mut clear = f32::INFINITY;
            for (track, part) in self.tracks.iter().zip(&journey.parts) {
                clear = clear.min(track.clear_to(part, n));
            }
            if clear > n {
                self.counts.skipped += (clear.min(count) - n) as u64;
                n = clear;
                continue;
            }
            if journey.cancel.is_cancelled() {
                return;
            }
            let samples = Samples {
                ray,
                n,
                t_mm: (first + f64::from(n)) * step,
                step_mm: step,
            };
            if !self.handful(slot, samples) {
                return;
            }
            n += (LANES - 1) as f32;
        }
    }

    /// Takes the light of a handful of segments; gives whether enough is left to go on.
    #[inline(always)]
    fn handful(&mut self, slot: usize, samples: Samples<'_>) -> bool {
        let journey = self.journey;
        self.crossings.clear();
        let mut any = [false; MAX_LAYERS];
        for (number, (track, part)) in self.tracks.iter().zip(&journey.parts).enumerate() {
            // Beyond its stretch all samples of a layer lie on its border.
            if track.has(samples.n, LANES) {
                self.counts.samples += LANES as u64;
                any[number] = self.optics[number].look(part, number, track, samples, &mut self.crossings);
            }
        }
        let one = journey.parts.len() == 1 && self.crossings.is_empty();
        match (one, any[0]) {
            (true, false) => true,
            (true, true) => self.one(slot),
            (false, _) => self.several(slot, &any),
        }
    }

    /// Mixes the segments of the only layer.
    #[inline(always)]
    fn one(&mut self, slot: usize) -> bool {
        let passes = self.optics[0].depth.map(passing);
        let mut through = self.through[slot];
        for (lane, passes) in passes.into_iter().enumerate().skip(1) {
            let depth = self.optics[0].depth[lane];
            if depth > 0.0 {
                let held = through * (1.0 - passes);
                self.send(slot, 0, lane, held / depth, held);
                through *= passes;
                if through < DARK as f32 {
                    break;
                }
            }
        }
        self.through[slot] = through;
        through >= DARK as f32
    }

    /// Mixes the segments of all layers, and surfaces between them.
    #[cold]
    #[inline(never)]
    fn several(&mut self, slot: usize, any: &[bool; MAX_LAYERS]) -> bool {
        let mut crossings = std::mem::take(&mut self.crossings);
        crossings.sort_by(|a, b| (a.lane, a.at).partial_cmp(&(b.lane, b.at)).expect("numbers"));
        let mut next = crossings.iter().peekable();
        for lane in 1..LANES {
            let mut from = 0.0;
            while let Some(crossing) = next.next_if(|crossing| crossing.lane == lane) {
                self.fog(slot, any, lane, crossing.at - from);
                from = crossing.at;
                self.meet(slot, crossing);
            }
            self.fog(slot, any, lane, 1.0 - from);
            if self.through[slot] < DARK as f32 {
                break;
            }
        }
        self.crossings = crossings;
        self.through[slot] >= DARK as f32
    }

    /// Takes the light of a part of a segment.
    fn fog(&mut self, slot: usize, any: &[bool; MAX_LAYERS], lane: usize, part_of_segment: f32) {
        let depths: [f32; MAX_LAYERS] = std::array::from_fn(|number| {
            if any[number] {
                self.optics[number].depth[lane]
            } else {
                0.0
            }
        });
        let depth: f32 = depths.iter().sum::<f32>() * part_of_segment;
        if depth > 0.0 {
            let passes = passing(depth);
            let held = self.through[slot] * (1.0 - passes);
            let per_depth = held / depth * part_of_segment;
            for (number, depth) in depths.into_iter().enumerate() {
                if depth > 0.0 {
                    self.send(slot, number, lane, per_depth, per_depth * depth);
                }
            }
            self.through[slot] *= passes;
        }
    }

    /// Takes the light of a surface.
    fn meet(&mut self, slot: usize, crossing: &Crossing) {
        let passes = passing(crossing.depth);
        let weight = self.through[slot] * (1.0 - passes);
        self.through[slot] *= passes;
        let glow = crossing.color.map(|part| weight * part);
        let shading = self.journey.parts[crossing.part].shading;
        match (shading, crossing.voxel) {
            (Some(_), Some(voxel)) => {
                let place = Place {
                    slot,
                    weight,
                    glow,
                    voxel,
                    gradient: [0.0; 3],
                };
                self.light(crossing.part, place);
            }
            (Some(shading), None) => {
                let even = (shading.ambient + shading.diffuse) as f32;
                self.add(slot, glow.map(|part| even * part));
            }
            (None, _) => self.add(slot, glow),
        }
    }

    /// Sends the light of a layer's segment towards the viewer.
    #[inline(always)]
    fn send(&mut self, slot: usize, number: usize, lane: usize, per_depth: f32, weight: f32) {
        let optics = &self.optics[number];
        let glow = optics.glow[lane].map(|part| per_depth * part);
        if self.journey.parts[number].shading.is_some() {
            let place = Place {
                slot,
                weight,
                glow,
                voxel: optics.places.voxel(lane),
                gradient: optics.gradient[lane],
            };
            self.light(number, place);
        } else {
            self.add(slot, glow);
        }
    }

    #[inline(always)]
    fn add(&mut self, slot: usize, light: [f32; 3]) {
        for (sum, part) in self.rgb[slot].iter_mut().zip(light) {
            *sum += part;
        }
    }

    #[inline(always)]
    fn light(&mut self, number: usize, place: Place) {
        self.queues[number].push(place);
    }

    /// Makes room for the next tile.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.rgb = [[0.0; 3]; RAYS];
        self.through = [1.0; RAYS];
    }

    /// Lights the places that wait while there are many; with `all`, the rest too.
    #[inline(always)]
    pub(super) fn flush(&mut self, all: bool) {
        for (number, queue) in self.queues[..self.journey.parts.len()].iter_mut().enumerate() {
            let mut lit = Lit {
                part: &self.journey.parts[number],
                gloss: &self.journey.gloss[number],
                lamp: &self.journey.lamp,
                sight: &self.sight,
                rgb: &mut self.rgb,
            };
            queue.flush(&mut lit, all);
        }
    }
}

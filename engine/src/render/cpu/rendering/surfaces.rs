//! Where a ray passes surfaces of one value.

use crate::render::cpu::rendering::optics::{Samples, Stretch, leaves};
use crate::render::cpu::rendering::part::{Part, Skin};
use crate::render::cpu::rendering::places::LANES;
use crate::render::cpu::rendering::track::Track;

/// A place where a ray passes a surface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    /// The sample at the end of the segment it lies in.
    pub lane: usize,
    /// How far it lies in the ray's segment, 0 to 1.
    pub at: f32,
    /// Which layer.
    pub part: usize,
    /// Minus the logarithm of the light that passes.
    pub depth: f32,
    pub color: [f32; 3],
    /// Voxel coordinate where the surface has a slope of its own; `None` on a face that was cut.
    pub voxel: Option<[f32; 3]>,
}

/// Puts the crossings of a layer's surfaces to the others.
#[expect(clippy::too_many_arguments, reason = "all that a segment is made of")]
#[cold]
#[inline(never)]
pub(super) fn cross(
    part: &Part<'_>,
    number: usize,
    skins: &[Skin],
    values: &[f32; LANES],
    stretch: &Stretch,
    track: &Track,
    samples: Samples<'_>,
    crossings: &mut Vec<Crossing>,
) {
    let along = &stretch.along;
    let left = if part.cuts.is_empty() {
        [1.0; LANES]
    } else {
        leaves(part, samples, along, |_| true)
    };
    let step = samples.step_mm as f32;
    for lane in 1..LANES {
        let (from, to) = (along[lane - 1], along[lane]);
        if from >= to || values[lane - 1].is_nan() || values[lane].is_nan() {
            continue;
        }
        let segment = Segment {
            values: [values[lane - 1], values[lane]],
            left: [left[lane - 1], left[lane]],
            opens: samples.t_mm + (lane as f64 - 1.0) * samples.step_mm <= track.enter,
            closes: samples.t_mm + lane as f64 * samples.step_mm >= track.leave,
        };
        let ends = [stretch.places.voxel(lane - 1), stretch.places.voxel(lane)];
        segment.faces(skins, |part_of_way, depth, color, is_cut| {
            let along = from + part_of_way * (to - from);
            let between = |axis: usize| ends[0][axis] + part_of_way * (ends[1][axis] - ends[0][axis]);
            crossings.push(Crossing {
                lane,
                at: (along / step - (lane as f32 - 1.0)).clamp(0.0, 1.0),
                part: number,
                depth: part.weight * depth,
                color,
                voxel: (!is_cut).then(|| std::array::from_fn(between)),
            });
        });
    }
}

/// A segment of a ray within a layer.
struct Segment {
    values: [f32; 2],
    /// What free cuts leave at its ends.
    left: [f32; 2],
    /// Whether the layer begins, or ends, with it.
    opens: bool,
    closes: bool,
}

impl Segment {
    /// Calls `found` with how far along the segment each face lies, its depth and colour, and whether it was
    /// cut.
    fn faces(&self, skins: &[Skin], mut found: impl FnMut(f32, f32, [f32; 3], bool)) {
        let [a, b] = self.values;
        let mut cut = |at: f32, value: f32, left: f32| {
            // The innermost body that is there.
            if let Some(skin) = skins.iter().rfind(|skin| value >= skin.threshold)
                && left >= 0.5
            {
                found(at, skin.depth, skin.color, true);
            }
        };
        if self.opens {
            cut(0.0, a, self.left[0]);
        }
        let [left_a, left_b] = self.left;
        if (left_a >= 0.5) != (left_b >= 0.5) {
            let at = (0.5 - left_a) / (left_b - left_a);
            cut(at, a + at * (b - a), 1.0);
        }
        if self.closes {
            cut(1.0, b, left_b);
        }
        let left = 0.5 * (left_a + left_b);
        for skin in skins {
            if left > 0.0 && (a >= skin.threshold) != (b >= skin.threshold) {
                found(
                    (skin.threshold - a) / (b - a),
                    left * skin.depth,
                    skin.color,
                    false,
                );
            }
        }
    }
}

//! A gated planar blood-pool study: a ventricle of known ejection fraction.

use engine::dicom::write::{Gating, NmFrame, NmKind};
use serde::Serialize;

use super::counting::{blob, counts};
use super::{Context, Object, ObjectTruth};
use crate::Size;
use crate::elementary::{radians, sin_cos};
use crate::output::{Output, Result};
use crate::random::Random;

#[derive(Serialize)]
pub struct GatedTruth {
    object: ObjectTruth,
    rr_s: f64,
    time_slots: u16,
    beats: u16,
    /// Expected counts of the ventricle above background, slot by slot.
    ventricle: Vec<f64>,
    /// (Largest - smallest) / largest of them.
    ejection_fraction: f64,
    /// Middle and half widths of the ventricle at its largest, in pixels.
    ventricle_ellipse: [[f64; 2]; 2],
}

const SLOTS: u16 = 16;
const EJECTION_FRACTION: f64 = 0.6;
const VENTRICLE: ([f64; 2], [f64; 2]) = ([0.6, 0.55], [0.13, 0.17]);

/// Counts of the ventricle in a slot, and the expected counts of its frame.
fn slot_means(side: usize, slot: u16) -> (f64, Vec<f64>) {
    let pixels = side * side;
    let at = |n: usize| ((n % side) as f64 / side as f64, (n / side) as f64 / side as f64);
    let (_, cosine) = sin_cos(radians(360.0 * f64::from(slot) / f64::from(SLOTS)));
    // Full at the R wave; the volume goes with the counts.
    let filled = 1.0 - EJECTION_FRACTION * (1.0 - cosine) / 2.0;
    let total = 26_000.0 * filled;
    let half = VENTRICLE.1.map(|v| v * (0.7 + 0.3 * filled));
    let shape: Vec<f64> = (0..pixels)
        .map(|n| blob(at(n).0, at(n).1, VENTRICLE.0, half, 0.05))
        .collect();
    let sum: f64 = shape.iter().sum();
    let scale = 1024.0 / pixels as f64;
    let mean = |n: usize| {
        let (x, y) = at(n);
        let right = 30.0 * blob(x, y, [0.33, 0.5], [0.14, 0.2], 0.06);
        let chest = 14.0 * blob(x, y, [0.5, 0.5], [0.45, 0.45], 0.1);
        total * shape[n] / sum + scale * (chest + right)
    };
    (total, (0..pixels).map(mean).collect())
}

/// Writes the object.
pub fn write(context: &Context, output: &mut Output<'_>) -> Result<GatedTruth> {
    let side = if context.size == Size::Tiny { 32 } else { 64 };
    let slots: Vec<(f64, Vec<f64>)> = (0..SLOTS).map(|slot| slot_means(side, slot)).collect();
    let means: Vec<f64> = slots.iter().flat_map(|slot| slot.1.iter().copied()).collect();
    let object = Object {
        name: "gated",
        number: 4,
        description: "Gated blood pool, LAO 45",
        kind: NmKind::Gated,
        columns: side,
        rows: side,
        pixel_mm: 260.0 / side as f64,
        frames: (1..=SLOTS)
            .map(|time_slot| NmFrame {
                time_slot,
                ..NmFrame::default()
            })
            .collect(),
        counts: counts(&means, &mut Random::new(context.seed, "nm gated")),
    };
    let gating = Gating {
        rr_s: 0.86,
        time_slots: SLOTS,
        beats: 420,
    };
    let mut image = object.image(context);
    image.gating = Some(gating);
    image.detectors[0].start_angle_degrees = Some(45.0);
    let truth = GatedTruth {
        object: object.truth(context, "GATED"),
        rr_s: gating.rr_s,
        time_slots: gating.time_slots,
        beats: gating.beats,
        ventricle: slots.iter().map(|slot| slot.0).collect(),
        ejection_fraction: EJECTION_FRACTION,
        ventricle_ellipse: [VENTRICLE.0, VENTRICLE.1].map(|v| v.map(|c| c * side as f64)),
    };
    object.write(context, image, output)?;
    Ok(truth)
}

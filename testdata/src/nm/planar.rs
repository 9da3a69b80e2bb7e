//! A static planar object of two energy windows: thyroid-like lobes over a background.

use engine::dicom::write::{Code, Detector, EnergyWindow, NmFrame, NmKind};
use serde::Serialize;

use super::counting::{blob, counts};
use super::{Context, Object, ObjectTruth, windows};
use crate::Size;
use crate::output::{Output, Result};
use crate::random::Random;

#[derive(Serialize)]
pub struct StaticTruth {
    object: ObjectTruth,
    /// Column and row ranges of the left lobe's box in the photopeak window, ends excluded.
    left_box: [[usize; 2]; 2],
    left_counts: u64,
    right_box: [[usize; 2]; 2],
    right_counts: u64,
}

/// The patient's left lies on the image's right: a view from the front.
const LEFT: [f64; 2] = [0.60, 0.45];
const RIGHT: [f64; 2] = [0.40, 0.45];

/// Writes the object.
pub fn write(context: &Context, output: &mut Output<'_>) -> Result<StaticTruth> {
    let side = if context.size == Size::Tiny { 64 } else { 256 };
    let scale = 128.0 * 128.0 / (side * side) as f64;
    let mean = |n: usize, window: usize| {
        let (x, y) = ((n % side) as f64 / side as f64, (n / side) as f64 / side as f64);
        let lobes =
            90.0 * blob(x, y, LEFT, [0.06, 0.13], 0.03) + 70.0 * blob(x, y, RIGHT, [0.055, 0.11], 0.03);
        let neck = 6.0 * blob(x, y, [0.5, 0.5], [0.3, 0.48], 0.05);
        scale
            * if window == 0 {
                lobes + neck
            } else {
                0.3 * lobes + 0.8 * neck
            }
    };
    let mut random = Random::new(context.seed, "nm static");
    let means: Vec<f64> = (0..2)
        .flat_map(|w| (0..side * side).map(move |n| (n, w)))
        .map(|(n, w)| mean(n, w))
        .collect();
    let object = Object {
        name: "static",
        number: 1,
        description: "Static anterior, two energy windows",
        kind: NmKind::Static,
        columns: side,
        rows: side,
        pixel_mm: 300.0 / side as f64,
        frames: (1..=2)
            .map(|energy_window| NmFrame {
                energy_window,
                ..NmFrame::default()
            })
            .collect(),
        counts: counts(&means, &mut random),
    };
    let mut image = object.image(context);
    let scatter = EnergyWindow {
        name: "Tc99m scatter".to_owned(),
        low_kev: 114.0,
        high_kev: 126.0,
    };
    image.energy_windows = windows().into_iter().chain([scatter]).collect();
    image.detectors = vec![Detector {
        view: Some(Code::new("399348003", "SCT", "Anterior")),
        ..Detector::default()
    }];
    image.frame_s = Some(300.0);
    let truth = truth(context, &object, side);
    object.write(context, image, output)?;
    Ok(truth)
}

fn truth(context: &Context, object: &Object, side: usize) -> StaticTruth {
    let range = |middle: f64, half: f64| {
        let at = |v: f64| (v * side as f64).round() as usize;
        [at(middle - half), at(middle + half)]
    };
    let boxed = |centre: [f64; 2]| [range(centre[0], 0.085), range(centre[1], 0.16)];
    let sum = |[columns, rows]: [[usize; 2]; 2]| {
        let row = |j: usize| &object.counts[j * side + columns[0]..j * side + columns[1]];
        (rows[0]..rows[1]).flat_map(row).map(|v| u64::from(*v)).sum()
    };
    StaticTruth {
        object: object.truth(context, "STATIC"),
        left_box: boxed(LEFT),
        left_counts: sum(boxed(LEFT)),
        right_box: boxed(RIGHT),
        right_counts: sum(boxed(RIGHT)),
    }
}

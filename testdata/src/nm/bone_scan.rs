//! A whole-body bone scan, from the front and from the back: projections of the PET-CT's body.

use engine::dicom::write::{Code, Detector, NmFrame, NmKind};
use rayon::prelude::*;
use serde::Serialize;

use super::counting::counts;
use super::{Context, Object, ObjectTruth};
use crate::Size;
use crate::anatomy::Body;
use crate::blur;
use crate::elementary::exp;
use crate::output::{Output, Result};
use crate::paint::{Painter, Pose, Quantity, Slice, voxel_mm};
use crate::random::Random;
use crate::size::upright;

#[derive(Serialize)]
pub struct WholeBodyTruth {
    object: ObjectTruth,
    /// Frames in order.
    views: [&'static str; 2],
    /// Hot spots: name, column and row in the view from the front; from the back columns are mirrored.
    hot_spots: Vec<HotSpot>,
}

#[derive(Serialize)]
struct HotSpot {
    name: &'static str,
    place_mm: [f64; 3],
    column: f64,
    row: f64,
}

/// Attenuation of 140 keV in water, 1/mm.
const ATTENUATION: f64 = 0.0154;
/// Resolution of a camera at the distance of a body, FWHM in mm.
const PSF_MM: f64 = 9.0;
/// Metastases: name, place, radius in mm, uptake in units of bone's.
const HOT_SPOTS: [(&str, [f64; 3], f64); 4] = [
    ("right seventh rib", [-128.0, 20.0, 330.0], 11.0),
    ("third lumbar vertebra", [4.0, 30.0, 166.0], 15.0),
    ("left iliac bone", [86.0, 34.0, 62.0], 14.0),
    ("left femur", [116.0, 6.0, -90.0], 12.0),
];

/// Counts expected from the front and from the back, row by row from the head.
fn projections(context: &Context, columns: usize, rows: usize, pixel_mm: f64) -> Vec<f64> {
    const DEPTH_MM: f64 = 8.0;
    let depth = 36;
    // A sagittal stack of rows would do; an axial one is painted faster: one slice a row of the image.
    let grid = upright(
        [columns, depth, rows],
        [pixel_mm, DEPTH_MM, pixel_mm],
        [
            -(columns as f64 - 1.0) / 2.0 * pixel_mm,
            -150.0,
            860.0 - pixel_mm * rows as f64,
        ],
    );
    let body = Body::new(context.seed);
    let painter = Painter::new(&body, Quantity::BoneTracer, voxel_mm(&grid));
    let rows_of_views: Vec<[Vec<f64>; 2]> = (0..rows)
        .into_par_iter()
        .map(|k| {
            let mut plane = vec![-1.0f32; columns * depth];
            painter.paint(&Slice::of(&grid, k, &Pose::REST), &mut plane, None);
            add_hot_spots(&grid, k, &mut plane);
            let seen = |from_back: bool| {
                (0..columns)
                    .map(|i| line(&plane, columns, depth, i, from_back) * DEPTH_MM)
                    .collect()
            };
            [seen(false), seen(true)]
        })
        .collect();
    let view = |n: usize| {
        let row = move |views: &[Vec<f64>; 2]| -> Vec<f32> {
            let mirrored = |i: usize| if n == 0 { i } else { columns - 1 - i };
            (0..columns).map(|i| views[n][mirrored(i)] as f32).collect()
        };
        let mut image: Vec<f32> = rows_of_views.iter().rev().flat_map(row).collect();
        blur::plane(&mut image, columns, &blur::gaussian(PSF_MM, pixel_mm));
        image
    };
    (0..2).flat_map(view).map(f64::from).collect()
}

fn add_hot_spots(grid: &engine::geometry::Grid, k: usize, plane: &mut [f32]) {
    let columns = grid.size()[0];
    for (n, value) in plane.iter_mut().enumerate() {
        let p = grid.patient([(n % columns) as f64, (n / columns) as f64, k as f64].into());
        for (_, centre, radius) in &HOT_SPOTS {
            let squared: f64 = (0..3).map(|a| (p[a] - centre[a]) * (p[a] - centre[a])).sum();
            if squared <= radius * radius {
                *value = 60.0;
            }
        }
    }
}

/// Attenuated sum along y; values below 0 are the air around the body.
fn line(plane: &[f32], columns: usize, depth: usize, i: usize, from_back: bool) -> f64 {
    let step = exp(-ATTENUATION * 8.0);
    let (mut sum, mut left) = (0.0, 1.0);
    for n in 0..depth {
        let j = if from_back { depth - 1 - n } else { n };
        let value = f64::from(plane[j * columns + i]);
        if value >= 0.0 {
            sum += left * value;
            left *= step;
        }
    }
    sum
}

/// Writes the object.
pub fn write(context: &Context, output: &mut Output<'_>) -> Result<WholeBodyTruth> {
    let (columns, rows) = if context.size == Size::Tiny {
        (64, 136)
    } else {
        (256, 512)
    };
    let pixel_mm = if context.size == Size::Tiny { 8.0 } else { 2.1 };
    let scale = 0.03 * pixel_mm * pixel_mm / (2.1 * 2.1);
    let means: Vec<f64> = projections(context, columns, rows, pixel_mm)
        .into_iter()
        .map(|v| v * scale)
        .collect();
    let object = Object {
        name: "whole-body",
        number: 2,
        description: "Bone scan, anterior and posterior",
        kind: NmKind::WholeBody,
        columns,
        rows,
        pixel_mm,
        frames: (1..=2)
            .map(|detector| NmFrame {
                detector,
                ..NmFrame::default()
            })
            .collect(),
        counts: counts(&means, &mut Random::new(context.seed, "nm whole body")),
    };
    let mut image = object.image(context);
    let view = |view: Code| Detector {
        view: Some(view),
        ..Detector::default()
    };
    image.detectors = vec![
        view(Code::new("399348003", "SCT", "Anterior")),
        view(Code::new("399073007", "SCT", "Posterior")),
    ];
    image.frame_s = Some(900.0);
    image.sweep = Some([1.2, pixel_mm * rows as f64]);
    let hot_spot = |(name, place_mm, _): &(&'static str, [f64; 3], f64)| HotSpot {
        name,
        place_mm: *place_mm,
        column: place_mm[0] / pixel_mm + (columns as f64 - 1.0) / 2.0,
        row: (860.0 - pixel_mm - place_mm[2]) / pixel_mm,
    };
    let truth = WholeBodyTruth {
        object: object.truth(context, "WHOLE BODY"),
        views: ["anterior", "posterior"],
        hot_spots: HOT_SPOTS.iter().map(hot_spot).collect(),
    };
    object.write(context, image, output)?;
    Ok(truth)
}

//! Tomography of a cylinder with three hot balls: projections, slices, gated slices, and slices as PT.

use engine::dicom::write::{Gating, NmFrame, NmKind, Rotation};
use engine::geometry::Grid;
use serde::Serialize;

use super::counting::counts;
use super::{Context, INJECTION, Object, ObjectTruth};
use crate::Size;
use crate::elementary::{radians, sin_cos};
use crate::output::{Output, Result};
use crate::random::Random;
use crate::scan::{self, Scan, Scanner, plane_of};
use crate::size::upright;

/// Balls: centre (LPS, mm), radius in mm, uptake in units of the background.
const BALLS: [([f64; 3], f64, f64); 3] = [
    ([46.0, -22.0, 24.0], 22.0, 6.0),
    ([-52.0, 14.0, -18.0], 17.0, 8.0),
    ([8.0, 58.0, -44.0], 13.0, 10.0),
];
const CYLINDER_RADIUS_MM: f64 = 105.0;
const CYLINDER_HALF_MM: f64 = 90.0;
const SCANNER: Scanner = Scanner {
    psf_fwhm_mm: 11.0,
    noise: 0.08 * 2.6,
};

#[derive(Serialize)]
struct Ball {
    centre_mm: [f64; 3],
    radius_mm: f64,
    uptake: f64,
}

fn balls() -> Vec<Ball> {
    BALLS
        .iter()
        .map(|(centre_mm, radius_mm, uptake)| Ball {
            centre_mm: *centre_mm,
            radius_mm: *radius_mm,
            uptake: *uptake,
        })
        .collect()
}

/// Uptake at a place.
fn uptake(p: [f64; 3]) -> f64 {
    let within = |centre: &[f64; 3], radius: f64| {
        (0..3)
            .map(|a| (p[a] - centre[a]) * (p[a] - centre[a]))
            .sum::<f64>()
            <= radius * radius
    };
    if let Some((_, _, value)) = BALLS.iter().find(|(centre, radius, _)| within(centre, *radius)) {
        return *value;
    }
    f64::from(u8::from(
        p[0] * p[0] + p[1] * p[1] <= CYLINDER_RADIUS_MM * CYLINDER_RADIUS_MM
            && p[2].abs() <= CYLINDER_HALF_MM,
    ))
}

/// Mean uptake of each voxel, by 27 samples.
fn volume(grid: &Grid) -> Vec<f32> {
    let [columns, rows, _] = grid.size();
    let mean = |n: usize| {
        let voxel = [n % columns, n / columns % rows, n / (columns * rows)];
        let sample = |s: usize| {
            let offset = [s % 3, s / 3 % 3, s / 9].map(|o| (o as f64 - 1.0) / 3.0);
            let p = grid.patient([0, 1, 2].map(|a| voxel[a] as f64 + offset[a]).into());
            uptake([p[0], p[1], p[2]])
        };
        ((0..27).map(sample).sum::<f64>() / 27.0) as f32
    };
    (0..grid.voxels()).map(mean).collect()
}

fn grid(size: Size) -> Grid {
    match size {
        Size::Tiny => upright([32, 32, 28], [8.2, 8.2, 8.2], [-126.3, -128.1, -109.4]),
        Size::Normal | Size::Bench => upright([64, 64, 54], [4.42, 4.42, 4.42], [-138.2, -140.4, -116.3]),
    }
}

#[derive(Serialize)]
pub struct ProjectionTruth {
    object: ObjectTruth,
    balls: Vec<Ball>,
    views: u16,
    start_degrees: f64,
    step_degrees: f64,
    /// How angles run: degrees from above the patient, towards the patient's left.
    angles: &'static str,
    /// Columns and rows of the balls' centres in each view.
    centres: Vec<Vec<[f64; 2]>>,
}

/// A full turn from above the patient.
fn rotation(views: u16) -> Rotation {
    Rotation {
        start_degrees: 0.0,
        step_degrees: 360.0 / f64::from(views),
        views,
        view_s: 20.0,
        radius_mm: 220.0,
    }
}

/// Length of a line inside a ball, at a distance from its centre.
fn chord(radius: f64, distance_squared: f64) -> f64 {
    2.0 * (radius * radius - distance_squared).max(0.0).sqrt()
}

/// The camera's columns at an angle: it stands above the patient at 0 and turns to the patient's left, so
/// they run along the patient's left at 0, along posterior at 90 degrees.
fn across(angle_degrees: f64) -> impl Fn(&[f64; 3]) -> f64 {
    let (sine, cosine) = sin_cos(radians(angle_degrees));
    move |p| p[0] * cosine + p[1] * sine
}

/// Expected counts of one view; line integrals are exact, without attenuation.
fn view_means(side: usize, pixel_mm: f64, angle_degrees: f64) -> Vec<f64> {
    let middle = (side as f64 - 1.0) / 2.0;
    let across = across(angle_degrees);
    let line = |n: usize| {
        let u = ((n % side) as f64 - middle) * pixel_mm;
        let z = (middle - (n / side) as f64) * pixel_mm;
        let cylinder = if z.abs() <= CYLINDER_HALF_MM {
            chord(CYLINDER_RADIUS_MM, u * u)
        } else {
            0.0
        };
        let ball = |(centre, radius, value): &([f64; 3], f64, f64)| {
            let (du, dz) = (u - across(centre), z - centre[2]);
            (value - 1.0) * chord(*radius, du * du + dz * dz)
        };
        cylinder + BALLS.iter().map(ball).sum::<f64>()
    };
    (0..side * side)
        .map(|n| 0.09 * line(n) * 1024.0 / (side * side) as f64)
        .collect()
}

/// Writes raw projections of a full turn.
pub fn write_projections(context: &Context, output: &mut Output<'_>) -> Result<ProjectionTruth> {
    let (side, views) = if context.size == Size::Tiny {
        (32, 16)
    } else {
        (64, 64)
    };
    let pixel_mm = 280.0 / side as f64;
    let step_degrees = 360.0 / f64::from(views);
    let middle = (side as f64 - 1.0) / 2.0;
    let angles = || (0..views).map(|view| f64::from(view) * step_degrees);
    let means: Vec<f64> = angles()
        .flat_map(|angle| view_means(side, pixel_mm, angle))
        .collect();
    let centres = |angle: f64| {
        let across = across(angle);
        BALLS
            .iter()
            .map(|(c, _, _)| [across(c) / pixel_mm + middle, middle - c[2] / pixel_mm])
            .collect()
    };
    let object = Object {
        name: "projections",
        number: 5,
        description: "SPECT projections",
        kind: NmKind::Tomo,
        columns: side,
        rows: side,
        pixel_mm,
        frames: (1..=views)
            .map(|view| NmFrame {
                angular_view: view,
                ..NmFrame::default()
            })
            .collect(),
        counts: counts(&means, &mut Random::new(context.seed, "nm projections")),
    };
    let mut image = object.image(context);
    image.rotation = Some(rotation(views));
    image.detectors[0].start_angle_degrees = Some(0.0);
    let truth = ProjectionTruth {
        object: object.truth(context, "TOMO"),
        balls: balls(),
        views,
        start_degrees: 0.0,
        step_degrees,
        angles: "degrees from above the patient towards the patient's left; columns run along left at 0, \
                 posterior at 90",
        centres: angles().map(centres).collect(),
    };
    object.write(context, image, output)?;
    Ok(truth)
}

#[derive(Serialize)]
pub struct SlicesTruth {
    object: ObjectTruth,
    frame_of_reference_uid: String,
    size: [usize; 3],
    spacing_mm: [f64; 3],
    first_voxel_mm: [f64; 3],
    time_slots: u16,
    balls: Vec<Ball>,
}

/// Frames and stored values of `slots` stacks, the activity waning to half.
fn stacks(context: &Context, grid: &Grid, slots: u16) -> (Vec<NmFrame>, Vec<u16>) {
    let noise_free = scan::blurred(volume(grid), grid, SCANNER);
    let (mut frames, mut stored) = (Vec::new(), Vec::new());
    for time_slot in 1..=slots {
        let left = 1.0 - 0.5 * f32::from(time_slot - 1) / f32::from(slots);
        let noisy = scan::noisy(&noise_free, grid, SCANNER, context.seed + u64::from(time_slot));
        stored.extend(
            noisy
                .iter()
                .map(|v| (v * left * 120.0).round().min(65_535.0) as u16),
        );
        let slices = 1..=grid.size()[2] as u16;
        frames.extend(slices.map(|slice| NmFrame {
            time_slot,
            slice,
            ..NmFrame::default()
        }));
    }
    (frames, stored)
}

/// Reconstructed slices from the feet up, once or over the cardiac cycle.
fn slices(context: &Context, name: &'static str, slots: u16, output: &mut Output<'_>) -> Result<SlicesTruth> {
    let grid = grid(context.size);
    let (frames, counts) = stacks(context, &grid, slots);
    let gated = slots > 1;
    let object = Object {
        name,
        number: if gated { 7 } else { 6 },
        description: if gated {
            "SPECT slices, gated"
        } else {
            "SPECT slices"
        },
        kind: if gated {
            NmKind::ReconGatedTomo
        } else {
            NmKind::ReconTomo
        },
        columns: grid.size()[0],
        rows: grid.size()[1],
        pixel_mm: grid.spacing_mm()[0],
        frames,
        counts,
    };
    let mut image = object.image(context);
    image.slice_spacing_mm = Some(grid.spacing_mm()[2]);
    image.detectors[0].plane = Some(plane_of(&grid, 0));
    image.rotation = Some(rotation(64));
    image.gating = gated.then_some(Gating {
        rr_s: 0.86,
        time_slots: slots,
        beats: 300,
    });
    let first = grid.patient_from_voxel().origin();
    let truth = SlicesTruth {
        object: object.truth(context, if gated { "RECON GATED TOMO" } else { "RECON TOMO" }),
        frame_of_reference_uid: context.identity.frame_of_reference_uid(),
        size: grid.size(),
        spacing_mm: grid.spacing_mm(),
        first_voxel_mm: [first[0], first[1], first[2]],
        time_slots: slots,
        balls: balls(),
    };
    object.write(context, image, output)?;
    Ok(truth)
}

/// Writes one stack of slices.
pub fn write_slices(context: &Context, output: &mut Output<'_>) -> Result<SlicesTruth> {
    slices(context, "slices", 1, output)
}

/// Writes four stacks over the cardiac cycle.
pub fn write_gated_slices(context: &Context, output: &mut Output<'_>) -> Result<SlicesTruth> {
    slices(context, "gated-slices", 4, output)
}

#[derive(Serialize)]
pub struct PtTruth {
    series_instance_uid: String,
    folder: &'static str,
    suv_bw_per_bq_ml: f64,
    size: [usize; 3],
    spacing_mm: [f64; 3],
    balls: Vec<Ball>,
}

/// Images of the SPECT that is stored as PT.
pub fn pt_slices(size: Size) -> usize {
    grid(size).size()[2]
}

/// Writes the slices as a PT series of a gamma emitter, in Bq/mL; uptake 1 is SUV 1.
pub fn write_pt(context: &Context, output: &mut Output<'_>) -> Result<PtTruth> {
    let grid = grid(context.size);
    let scan = Scan::of(volume(&grid), grid.clone(), SCANNER, context.seed, &INJECTION);
    let series = context
        .identity
        .series("spect-as-pt", 8, "SPECT as PT", INJECTION.image_start);
    scan::write(
        &context.identity,
        "spect-as-pt",
        &series,
        &scan,
        &INJECTION,
        output,
    )?;
    Ok(PtTruth {
        series_instance_uid: context.identity.series_uid("spect-as-pt"),
        folder: "spect-as-pt",
        suv_bw_per_bq_ml: INJECTION.suv_per_bq_ml(),
        size: grid.size(),
        spacing_mm: grid.spacing_mm(),
        balls: balls(),
    })
}

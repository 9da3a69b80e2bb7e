//! Slice positions to a grid: even or uneven, upright or sheared, with what was odd about them.

use codec::Warning;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::instance::Instance;
use super::stack::{Placed, Stack};
use crate::dicom::{Error, Result};
use crate::geometry::{Affine, Grid, Patient, Vector};

/// Slices are even when none lies further from its place than this part of a step, or than 0.02 mm.
const EVEN_STEPS: f64 = 0.005;
const EVEN_MM: f64 = 0.02;

/// Angle of the stacking direction to the normal that counts as a tilt, radians (0.1 degree).
const TILT_RAD: f64 = 0.1 * std::f64::consts::PI / 180.0;

/// Makes a stack of frames that are sorted along their normal, each at a place of its own.
pub(super) fn stack(frames: &[Placed<'_>], instances: &[Instance]) -> Result<Stack> {
    let mut warnings = Vec::new();
    let instance = &instances[frames[0].at.instance];
    let grid = grid(frames, instance, &mut warnings)?;
    remark_on_thickness(frames, &grid, &mut warnings);
    Ok(Stack {
        frames: frames.iter().map(|placed| placed.at).collect(),
        grid,
        labels: common_labels(frames),
        frame_of_reference_uid: instance.frame_of_reference_uid(),
        warnings,
    })
}

/// The labels that all frames share.
fn common_labels(frames: &[Placed<'_>]) -> Vec<(&'static str, i64)> {
    let labels = frames[0].frame.labels.iter();
    labels
        .filter(|label| frames.iter().all(|placed| placed.frame.labels.contains(label)))
        .copied()
        .collect()
}

fn grid(frames: &[Placed<'_>], instance: &Instance, warnings: &mut Vec<Warning>) -> Result<Grid> {
    let first = frames[0].frame;
    let (Some(origin), Some([row, column]), Some([between_rows, between_columns])) =
        (first.position, first.orientation, first.pixel_spacing_mm)
    else {
        return Err(Error::NoVolume(
            "a frame has no position, orientation or spacing".to_owned(),
        ));
    };
    let normal = row.cross(column);
    let size = [first.size[1] as usize, first.size[0] as usize, frames.len()];
    let axes = |step: Vector<Patient>| {
        Affine::from_axes([row * between_columns, column * between_rows, step], origin)
    };
    if frames.len() == 1 {
        let thickness_mm = single_thickness_mm(frames[0].frame.slice_thickness_mm, instance, warnings);
        return Ok(Grid::new(size, axes(normal * thickness_mm))?);
    }
    let last = frames[frames.len() - 1]
        .frame
        .position
        .expect("the cluster's key asked for a position");
    let span_mm = frames[frames.len() - 1].along_mm - frames[0].along_mm;
    let direction = direction(
        frames,
        (last - origin) * (1.0 / span_mm),
        normal,
        between_columns.min(between_rows),
        warnings,
    );
    let positions_mm: Vec<f64> = frames
        .iter()
        .map(|placed| placed.along_mm - frames[0].along_mm)
        .collect();
    let even_mm = span_mm / (frames.len() - 1) as f64;
    let off_mm = positions_mm
        .iter()
        .enumerate()
        .map(|(k, mm)| (mm - k as f64 * even_mm).abs())
        .fold(0.0, f64::max);
    if off_mm <= EVEN_MM.max(EVEN_STEPS * even_mm) {
        return Ok(Grid::new(size, axes(direction * even_mm))?);
    }
    let step_mm = median_gap(&positions_mm);
    warnings.push(uneven_warning(&positions_mm, step_mm));
    let positions = positions_mm.iter().map(|mm| mm / step_mm).collect();
    Ok(Grid::with_slice_positions(
        size,
        axes(direction * step_mm),
        positions,
    )?)
}

/// The step from slice to slice for each mm along the normal: the normal itself, or sheared by a gantry's tilt.
fn direction(
    frames: &[Placed<'_>],
    mean: Vector<Patient>,
    normal: Vector<Patient>,
    pixel_mm: f64,
    warnings: &mut Vec<Warning>,
) -> Vector<Patient> {
    let origin = frames[0]
        .frame
        .position
        .expect("the cluster's key asked for a position");
    let shift_mm = frames
        .iter()
        .map(|placed| {
            let expected = origin + mean * (placed.along_mm - frames[0].along_mm);
            placed
                .frame
                .position
                .map_or(0.0, |position| position.distance(expected))
        })
        .fold(0.0, f64::max);
    if shift_mm > 0.1 * pixel_mm {
        let text = format!("expected slices on one line, found one {shift_mm:.2} mm beside it");
        warnings.push(Warning::new("shifted-slices", text));
    }
    let tilt_rad = mean.norm().recip().clamp(0.0, 1.0).acos();
    if tilt_rad > TILT_RAD {
        let text = format!(
            "slices are tilted by {:.1} degrees to the stack (gantry tilt); kept as a sheared grid",
            tilt_rad.to_degrees()
        );
        warnings.push(Warning::new("gantry-tilt", text));
        return mean;
    }
    normal
}

fn median_gap(positions_mm: &[f64]) -> f64 {
    let mut gaps: Vec<f64> = positions_mm.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    gaps[gaps.len() / 2]
}

fn uneven_warning(positions_mm: &[f64], step_mm: f64) -> Warning {
    let gaps: Vec<f64> = positions_mm.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let missing = |gap: &f64| (gap / step_mm).round() - 1.0;
    let multiples = gaps
        .iter()
        .all(|gap| missing(gap) >= 0.0 && (gap / step_mm - (gap / step_mm).round()).abs() < 0.05);
    let count: f64 = gaps.iter().map(missing).sum();
    if multiples && count > 0.0 {
        return Warning::new(
            "missing-slices",
            format!("expected a slice every {step_mm:.3} mm, found {count} missing"),
        );
    }
    let (low, high) = gaps.iter().fold((f64::INFINITY, 0.0f64), |(low, high), gap| {
        (low.min(*gap), high.max(*gap))
    });
    let text = format!(
        "expected even slices, found distances from {low:.3} to {high:.3} mm; each keeps its position"
    );
    Warning::new("uneven-spacing", text)
}

fn single_thickness_mm(stated: Option<f64>, instance: &Instance, warnings: &mut Vec<Warning>) -> f64 {
    let between = || {
        instance
            .data_set
            .number(tags::SPACING_BETWEEN_SLICES)
            .map(f64::abs)
            .filter(|mm| *mm > 0.0)
    };
    stated.or_else(between).unwrap_or_else(|| {
        let text = "expected Slice Thickness of a single slice, found none; drawn 1 mm thick, no volume can be measured";
        warnings.push(Warning::new("no-slice-thickness", text));
        1.0
    })
}

fn remark_on_thickness(frames: &[Placed<'_>], grid: &Grid, warnings: &mut Vec<Warning>) {
    let (Some(thickness_mm), true) = (frames[0].frame.slice_thickness_mm, frames.len() > 1) else {
        return;
    };
    let step_mm = grid.spacing_mm()[2];
    if thickness_mm > 1.05 * step_mm {
        let text = format!("slices of {thickness_mm:.2} mm overlap: they stand {step_mm:.2} mm apart");
        warnings.push(Warning::new("overlapping-slices", text));
    } else if thickness_mm < 0.95 * step_mm {
        let text = format!("slices of {thickness_mm:.2} mm leave gaps: they stand {step_mm:.2} mm apart");
        warnings.push(Warning::new("gaps-between-slices", text));
    }
}

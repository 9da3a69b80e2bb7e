//! What volumes of interest and lines of sight meet, from the voxels.

use crate::geometry::{Patient, Point, Vector};
use crate::session::error::Refusal;
use crate::session::sight::{point, vector};
use crate::session::state::{Level, Mark, MarkKind, Paint, Recipe, SolidForm};
use crate::voi::{
    EdgeMethod, Form, Frame, Growing, Mask, Neighbours, OneClick, Run, Solid, Stroke, Tip, grow, one_click,
};
use crate::volume::{Interpolation, Volume, sample};

/// Resolution assumed of a clinical PET for one-click boundaries, full width at half maximum in mm.
const PET_RESOLUTION_MM: f64 = 6.0;

pub(super) fn stroke(paint: &Paint) -> Result<Stroke, Refusal> {
    let tip = paint.disc.map_or(Tip::Ball, |(normal, thickness_mm)| Tip::Disc {
        normal: vector(normal),
        thickness_mm,
    });
    let path = paint.path_mm.iter().map(|place| point(*place)).collect();
    Ok(Stroke::new(tip, paint.radius_mm, path)?)
}

/// The voxels that a recipe finds, and what is to be said of them.
pub(super) fn from_recipe(recipe: &Recipe, volume: &Volume) -> Result<(Mask, Vec<String>), Refusal> {
    let grid = volume.grid();
    let solid = |solid: Solid| {
        let (mask, warning) = solid.rasterise(grid.clone());
        (mask, warning.iter().map(ToString::to_string).collect())
    };
    match recipe {
        Recipe::Empty => Ok((Mask::empty(grid.clone()), Vec::new())),
        Recipe::Sphere { center_mm, radius_mm } => Ok(solid(Solid::sphere(point(*center_mm), *radius_mm)?)),
        Recipe::Solid {
            form,
            center_mm,
            size_mm,
        } => {
            let form = match form {
                SolidForm::Box => Form::Box,
                SolidForm::Ellipsoid => Form::Ellipsoid,
                SolidForm::Cylinder => Form::Cylinder,
            };
            Ok(solid(Solid::new(
                form,
                Frame::upright(point(*center_mm))?,
                *size_mm,
            )?))
        }
        Recipe::ThresholdSphere {
            center_mm,
            radius_mm,
            level,
        } => {
            let (ball, warnings) = solid(Solid::sphere(point(*center_mm), *radius_mm)?);
            let level = match level {
                Level::Fixed(value) => *value,
                Level::OfMax(part) => part * largest(volume, &ball).unwrap_or(f64::INFINITY),
            };
            Ok((reaching(volume, &ball, level), warnings))
        }
        Recipe::Grow {
            seed_mm,
            at_least,
            most_ml,
        } => {
            let rule = Growing {
                at_least: *at_least,
                neighbours: Neighbours::TwentySix,
                most_ml: Some(*most_ml),
            };
            let seed = voxel(volume, point(*seed_mm))?;
            let grown = grow(volume, seed, &rule).map_err(|error| Refusal::Voi(error.to_string()))?;
            let capped = grown
                .capped
                .then(|| format!("growth was stopped at {most_ml} mL"));
            Ok((grown.mask, capped.into_iter().collect()))
        }
        Recipe::Voxels { runs } => {
            let count = grid.voxels() as u64;
            if runs.iter().any(|[start, end]| start >= end || *end > count) {
                return Err(Refusal::Voi("the voxels do not lie in the volume".to_owned()));
            }
            let runs = runs.iter().map(|[start, end]| Run {
                start: *start as usize,
                end: *end as usize,
            });
            let mask = Mask::from_runs(grid.clone(), runs.collect());
            Ok((mask.map_err(|error| Refusal::Voi(error.to_string()))?, Vec::new()))
        }
        Recipe::OneClick { at_mm, most_ml } => {
            let rule = OneClick {
                method: EdgeMethod::Gradient,
                within_mm: 10.0,
                resolution_mm: PET_RESOLUTION_MM,
                smoothing_mm: 0.0,
                most_ml: *most_ml,
            };
            let seed = voxel(volume, point(*at_mm))?;
            let spot = one_click(volume, seed, &rule).map_err(|error| Refusal::Voi(error.to_string()))?;
            Ok((spot.mask, Vec::new()))
        }
    }
}

fn indices(mask: &Mask) -> impl Iterator<Item = usize> + '_ {
    mask.runs().iter().flat_map(|run| run.start..run.end)
}

fn value(volume: &Volume, index: usize) -> Option<f64> {
    let [columns, rows, _] = volume.grid().size();
    let value = volume.value([index % columns, index / columns % rows, index / (columns * rows)]);
    value.filter(|value| value.is_finite())
}

fn largest(volume: &Volume, mask: &Mask) -> Option<f64> {
    indices(mask)
        .filter_map(|index| value(volume, index))
        .reduce(f64::max)
}

fn reaching(volume: &Volume, within: &Mask, level: f64) -> Mask {
    let reached = indices(within).filter(|index| value(volume, *index).is_some_and(|value| value >= level));
    let runs = reached.map(|index| Run {
        start: index,
        end: index + 1,
    });
    let mask = Mask::from_runs(within.grid().clone(), runs.collect());
    mask.unwrap_or_else(|_| Mask::empty(within.grid().clone()))
}

fn voxel(volume: &Volume, place: Point<Patient>) -> Result<[usize; 3], Refusal> {
    let size = volume.grid().size();
    let at = volume.grid().voxel(place);
    let mut found = [0; 3];
    for axis in 0..3 {
        let nearest = at[axis].round();
        if !(0.0..size[axis] as f64).contains(&nearest) {
            return Err(Refusal::Voi("the place lies outside the volume".to_owned()));
        }
        found[axis] = nearest as usize;
    }
    Ok(found)
}

/// The place of the largest value along a line of sight, in steps of half the smallest spacing; `within_mm` on either
/// side of `start`, or all of the volume.
///
/// Of equal values it is the nearest to the viewer. `None` where the line meets no number of the volume.
pub(super) fn maximum_along(
    volume: &Volume,
    start: Point<Patient>,
    away: Vector<Patient>,
    within_mm: Option<f64>,
) -> Option<Point<Patient>> {
    let away = away.normalized()?;
    let grid = volume.grid();
    let step_mm = grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min) / 2.0;
    let along = grid.corners().map(|corner| away.dot(corner - start));
    let reach = within_mm.unwrap_or(f64::INFINITY);
    let low = along.iter().copied().fold(f64::INFINITY, f64::min).max(-reach);
    let high = along.iter().copied().fold(f64::NEG_INFINITY, f64::max).min(reach);
    let steps = ((high - low) / step_mm).clamp(0.0, 1e6) as usize;
    let mut best: Option<(f64, Point<Patient>)> = None;
    for n in 0..=steps {
        let place = start + away * (low + n as f64 * step_mm);
        let value = sample(volume, grid.voxel(place), Interpolation::Linear);
        if let Some(value) = value.filter(|value| value.is_finite())
            && best.is_none_or(|(largest, _)| value > largest)
        {
            best = Some((value, place));
        }
    }
    best.map(|(_, place)| place)
}

/// Refuses marks that measure nothing: points at one place, shapes without an extent.
pub(super) fn check(mark: &Mark) -> Result<(), Refusal> {
    if matches!(mark.kind, MarkKind::Text | MarkKind::Probe) {
        return Ok(());
    }
    super::figures::geometry(mark).map(|_| ())
}

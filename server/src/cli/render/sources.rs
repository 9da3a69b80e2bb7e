//! Which volumes are drawn, in the unit that people read.

use anyhow::Context;
use engine::dicom::read::{Series, in_suv, suv_conversion};
use engine::fusion::align;
use engine::geometry::{Patient, Point};
use engine::local::Opened;
use engine::render::{Layer, Material, Preset, VolumeId, Volumes, preset};
use engine::volume::{Unit, Volume};

use super::Options;
use super::parse::Place;
use super::registered::{self, Pair};
use crate::cli::{open, registrations};

const LOWER: VolumeId = VolumeId(0);
const UPPER: VolumeId = VolumeId(1);

/// The volumes and layers that the options ask for, from the lowest.
pub fn layers(options: &Options, opened: &Opened) -> anyhow::Result<(Volumes, Vec<Layer>)> {
    if options.view.is_fused() {
        fused(options, opened)
    } else {
        single(options, opened)
    }
}

/// The point that the plane goes through: `max` is the PET's hottest voxel, or the volume's own where no PET is.
pub fn place(
    at: Place,
    opened: &Opened,
    layers: &[Layer],
    volumes: &Volumes,
) -> anyhow::Result<Point<Patient>> {
    let lowest = volumes.get(layers[0].volume)?;
    let layer = &layers[layers.len() - 1];
    let uppermost = volumes.get(layer.volume)?;
    match at {
        Place::At(place) => Ok(place),
        Place::Center => Ok(lowest.grid().center()),
        Place::Max => {
            let emission = match is_emission(uppermost) {
                true => None,
                false => open::choose(opened, None, "PET or SPECT series", Series::is_emission).ok(),
            };
            let emission = emission.map(|series| displayed(opened, series)).transpose()?;
            let aligned = emission
                .as_ref()
                .filter(|emission| align(uppermost, emission, None).is_ok());
            Ok(layer.scene_from_volume * hottest(aligned.unwrap_or(uppermost))?)
        }
    }
}

fn is_emission(volume: &Volume) -> bool {
    matches!(volume.unit(), Unit::SuvBw | Unit::BecquerelPerMl | Unit::Counts)
}

fn hottest(volume: &Volume) -> anyhow::Result<Point<Patient>> {
    let voxel = volume
        .argmax()
        .context("expected a maximum, found no voxel with a number")?;
    Ok(volume.grid().patient(voxel.map(|index| index as f64).into()))
}

fn single(options: &Options, opened: &Opened) -> anyhow::Result<(Volumes, Vec<Layer>)> {
    let series = match &options.series {
        Some(uid) => open::choose(opened, Some(uid), "series", |_| true)?,
        None => largest(opened, |_| true).context("expected a series with a volume, found images only")?,
    };
    let volume = displayed(opened, series)?;
    let mut layer = Layer::single(LOWER, &volume);
    layer.window = options.window.unwrap_or(layer.window);
    layer.color_map = options.palette.clone().unwrap_or(layer.color_map);
    layer.material = material(options.preset.as_ref(), &series.modality, &layer)?;
    let mut volumes = Volumes::new();
    volumes.insert(LOWER, volume);
    Ok((volumes, vec![layer]))
}

fn fused(options: &Options, opened: &Opened) -> anyhow::Result<(Volumes, Vec<Layer>)> {
    let upper = open::choose(
        opened,
        options.series.as_deref(),
        "PET or SPECT series",
        Series::is_emission,
    )?;
    let registration = options
        .registration
        .as_deref()
        .map(registrations::read)
        .transpose()?;
    let lower = match &registration {
        Some(registration) => registered::partner(opened, upper, registration)?,
        None => beside(opened, upper)?,
    };
    let modalities = [lower, upper].map(|series| series.modality.as_str());
    let volumes = (displayed(opened, lower)?, displayed(opened, upper)?);
    let pair = match &registration {
        Some(registration) => registered::aligned(registration, (lower, volumes.0), (upper, volumes.1))?,
        None => Pair {
            scene_from_upper: align(&volumes.0, &volumes.1, None)?.lower_from_upper(),
            lower: volumes.0,
            upper: volumes.1,
        },
    };
    let (lower, upper) = (pair.lower, pair.upper);
    let mut base = Layer::single(LOWER, &lower);
    base.window = options.window.unwrap_or(base.window);
    base.material = material(options.preset.as_ref(), modalities[0], &base)?;
    let mut overlay = Layer::overlay(UPPER, &upper, options.ratio);
    overlay.window = options.overlay_window.unwrap_or(overlay.window);
    overlay.color_map = options.palette.clone().unwrap_or(overlay.color_map);
    overlay.scene_from_volume = pair.scene_from_upper;
    overlay.material = material(options.overlay_preset.as_ref(), modalities[1], &overlay)?;
    let mut volumes = Volumes::new();
    volumes.insert(LOWER, lower);
    volumes.insert(UPPER, upper);
    Ok((volumes, vec![base, overlay]))
}

/// The largest CT in the frame of reference of a PET or SPECT, else MR, else whatever CT or MR there is.
fn beside<'a>(opened: &'a Opened, upper: &Series) -> anyhow::Result<&'a Series> {
    let frame = open::main_stack(upper)?.frame_of_reference_uid.clone();
    let same_frame = |series: &Series| series.sorted.stacks[0].frame_of_reference_uid == frame;
    let of = |modality: &'static str| move |series: &Series| series.modality == modality;
    let lower = largest(opened, |series| of("CT")(series) && same_frame(series))
        .or_else(|| largest(opened, |series| of("MR")(series) && same_frame(series)))
        .or_else(|| largest(opened, |series| of("CT")(series) || of("MR")(series)));
    lower.context("expected a CT or MR to fuse with, found none")
}

/// The material of a preset: the one asked for, or the usual one of the modality.
fn material(asked: Option<&Preset>, modality: &str, layer: &Layer) -> anyhow::Result<Option<Material>> {
    let usual = match modality {
        "CT" => "ct-bone",
        "MR" => "mr-soft",
        "PT" => "pet-hot",
        _ => "spect-glow",
    };
    let usual = || preset(usual).expect("usual presets are there");
    let found = asked.cloned().unwrap_or_else(usual);
    Ok(Some(found.material(layer.window)?))
}

/// The series with most slices among those that suit.
fn largest(opened: &Opened, suits: impl Fn(&Series) -> bool) -> Option<&Series> {
    open::with_volumes(opened)
        .filter(|series| suits(series))
        .max_by_key(|series| open::slices(series))
}

/// Loads a series in the unit that people read: SUV where it can be had, else as stored.
pub fn displayed(opened: &Opened, series: &Series) -> anyhow::Result<Volume> {
    let stack = open::main_stack(series)?;
    let volume = open::volume(opened, series, stack)?;
    if !series.is_emission() {
        return Ok(volume);
    }
    match suv_conversion(series, stack) {
        Ok(conversion) => Ok(in_suv(volume, &conversion.factors_bw)?),
        Err(refusal) => {
            eprintln!(
                "uptake: warning: shown in {}, not SUV: {refusal}",
                volume.unit().label()
            );
            Ok(volume)
        }
    }
}

//! `uptake render`: a plane as a PNG.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use engine::colormap::{ColorMap, Window};
use engine::dicom::read::{Series, in_suv, suv_conversion};
use engine::fusion::align;
use engine::geometry::{Patient, Point, Vector};
use engine::local::Opened;
use engine::presentation::{Annotations, ColorBar, ImagePlane, Orientation, Size, scale_bar};
use engine::render::{CpuRenderer, Layer, Renderer, Scene, VolumeId, Volumes, annotate};
use engine::volume::{Unit, Volume};

use super::{Output, Usage, open};

/// What `uptake render` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Files, folders or zips that hold the series.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One volume, or PET or SPECT fused over CT or MR.
    #[arg(long, value_enum, default_value_t = ViewKind::Mpr)]
    view: ViewKind,
    /// axial, coronal, sagittal, or the normal of an oblique plane as x,y,z in patient space (LPS).
    #[arg(long, default_value = "axial", value_parser = parse_orientation, allow_hyphen_values = true)]
    plane: Orientation,
    /// Where the plane cuts: patient LPS in mm as x,y,z; the volume's center; or the PET's max.
    #[arg(long, default_value = "center", allow_hyphen_values = true)]
    at: Place,
    /// Image size in pixels.
    #[arg(long, default_value = "512x512", value_name = "WxH", value_parser = parse_size)]
    size: Size,
    /// Window width/level in displayed units (HU, SUV); of the CT or MR in a fused view.
    #[arg(long, value_name = "W/L", value_parser = parse_window, allow_hyphen_values = true)]
    window: Option<Window>,
    /// Window width/level of the PET or SPECT in a fused view.
    #[arg(long, value_name = "W/L", value_parser = parse_window, allow_hyphen_values = true)]
    overlay_window: Option<Window>,
    /// Palette by name; of the PET or SPECT in a fused view.
    #[arg(long, value_name = "NAME")]
    palette: Option<String>,
    /// Fusion ratio: 0 shows only the CT, 1 only the PET.
    #[arg(long, default_value_t = 0.5, value_parser = parse_ratio, allow_hyphen_values = true)]
    ratio: f64,
    /// What is written on the picture: nothing, the letters of the body's directions, or also scale, place and colours.
    #[arg(long, value_enum, default_value_t = Annotate::Letters)]
    annotate: Annotate,
    /// Series Instance UID of the volume (of the PET in a fused view), where there are several.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ViewKind {
    /// A plane through one volume.
    Mpr,
    /// A plane through PET or SPECT over CT or MR.
    Fused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Annotate {
    None,
    Letters,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Center,
    Max,
    At(Point<Patient>),
}

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "center" => Ok(Self::Center),
            "max" => Ok(Self::Max),
            _ => Ok(Self::At(parse_triple(text)?.into())),
        }
    }
}

fn parse_triple(text: &str) -> Result<[f64; 3], String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let triple: Option<[f64; 3]> = numbers.and_then(|numbers| numbers.try_into().ok());
    triple
        .filter(|t| t.iter().all(|n| n.is_finite()))
        .ok_or_else(|| "expected x,y,z as three numbers".to_owned())
}

fn parse_orientation(text: &str) -> Result<Orientation, String> {
    match text {
        "axial" => Ok(Orientation::Axial),
        "coronal" => Ok(Orientation::Coronal),
        "sagittal" => Ok(Orientation::Sagittal),
        _ => {
            let oblique = Orientation::Oblique(Vector::from(
                parse_triple(text)
                    .map_err(|_| "expected axial, coronal, sagittal or a normal x,y,z".to_owned())?,
            ));
            oblique.axes().map_err(|error| error.to_string())?;
            Ok(oblique)
        }
    }
}

fn parse_size(text: &str) -> Result<Size, String> {
    let parsed = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let limit = 1..=engine::render::MAX_SIDE;
    match parsed {
        Some((width, height)) if limit.contains(&width) && limit.contains(&height) => {
            Ok(Size { width, height })
        }
        _ => Err(format!(
            "expected WxH with sides from 1 to {}",
            engine::render::MAX_SIDE
        )),
    }
}

fn parse_window(text: &str) -> Result<Window, String> {
    let parsed: Option<(f64, f64)> = text
        .split_once('/')
        .and_then(|(width, level)| Some((width.trim().parse().ok()?, level.trim().parse().ok()?)));
    match parsed {
        Some((width, level)) if width.is_finite() && level.is_finite() && width >= 0.0 => {
            Ok(Window::linear(level, width))
        }
        _ => Err("expected width/level as two numbers, width not negative".to_owned()),
    }
}

fn parse_ratio(text: &str) -> Result<f64, String> {
    let ratio: Option<f64> = text.parse().ok();
    ratio
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| "expected a ratio from 0 to 1".to_owned())
}

const LOWER: VolumeId = VolumeId(0);
const UPPER: VolumeId = VolumeId(1);

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let palette = options
        .palette
        .as_deref()
        .map(ColorMap::named)
        .transpose()
        .map_err(|error| Usage(error.to_string()))?;
    let opened = open::studies(&options.paths)?;
    let (volumes, layers) = match options.view {
        ViewKind::Mpr => single(options, &opened, palette)?,
        ViewKind::Fused => fused(options, &opened, palette)?,
    };
    let place = place(options.at, &opened, &layers, &volumes)?;
    let grids: Vec<_> = layers
        .iter()
        .filter_map(|layer| volumes.get(layer.volume).ok().map(Volume::grid))
        .collect();
    let plane = ImagePlane::fitted(options.plane, place, &grids[..1], options.size)?;
    let scene = Scene::of_plane(plane, layers);
    let mut image = CpuRenderer::new().render(&scene, &volumes, options.size)?;
    annotate(
        &mut image,
        &annotations(options, &plane, place, &scene, &volumes)?,
    );
    let path = &options.output.output;
    std::fs::write(path, image.to_png()?).with_context(|| path.display().to_string())
}

/// What is written on the picture: no patient data, so that it can be shown.
fn annotations(
    options: &Options,
    plane: &ImagePlane,
    place: Point<Patient>,
    scene: &Scene,
    volumes: &Volumes,
) -> anyhow::Result<Annotations> {
    let mut annotations = Annotations::default();
    if options.annotate != Annotate::None {
        annotations.letters = Some(plane.letters());
    }
    if options.annotate == Annotate::All {
        let uppermost = &scene.layers[scene.layers.len() - 1];
        let unit = volumes.get(uppermost.volume)?.unit().label().to_owned();
        annotations.scale_bar = scale_bar(plane, options.size.width);
        annotations.color_bar = Some(ColorBar {
            color_map: uppermost.color_map.clone(),
            window: uppermost.window,
            unit,
        });
        let [x, y, z] = [place[0], place[1], place[2]];
        annotations.corners.bottom_left = vec![format!("LPS {x:.1} {y:.1} {z:.1} mm")];
    }
    Ok(annotations)
}

/// The point that the plane goes through: `max` is the PET's hottest voxel, or the volume's own where no PET is.
fn place(at: Place, opened: &Opened, layers: &[Layer], volumes: &Volumes) -> anyhow::Result<Point<Patient>> {
    let lowest = volumes.get(layers[0].volume)?;
    let uppermost = volumes.get(layers[layers.len() - 1].volume)?;
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
            hottest(aligned.unwrap_or(uppermost))
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

fn single(
    options: &Options,
    opened: &Opened,
    palette: Option<ColorMap>,
) -> anyhow::Result<(Volumes, Vec<Layer>)> {
    let series = match &options.series {
        Some(uid) => open::choose(opened, Some(uid), "series", |_| true)?,
        None => largest(opened, |_| true).context("expected a series with a volume, found images only")?,
    };
    let volume = displayed(opened, series)?;
    let mut layer = Layer::single(LOWER, &volume);
    layer.window = options.window.unwrap_or(layer.window);
    layer.color_map = palette.unwrap_or(layer.color_map);
    let mut volumes = Volumes::new();
    volumes.insert(LOWER, volume);
    Ok((volumes, vec![layer]))
}

fn fused(
    options: &Options,
    opened: &Opened,
    palette: Option<ColorMap>,
) -> anyhow::Result<(Volumes, Vec<Layer>)> {
    let upper = open::choose(
        opened,
        options.series.as_deref(),
        "PET or SPECT series",
        Series::is_emission,
    )?;
    let frame = open::main_stack(upper)?.frame_of_reference_uid.clone();
    let same_frame = |series: &Series| series.sorted.stacks[0].frame_of_reference_uid == frame;
    let of = |modality: &'static str| move |series: &Series| series.modality == modality;
    let lower = largest(opened, |series| of("CT")(series) && same_frame(series))
        .or_else(|| largest(opened, |series| of("MR")(series) && same_frame(series)))
        .or_else(|| largest(opened, |series| of("CT")(series) || of("MR")(series)));
    let Some(lower) = lower else {
        bail!("expected a CT or MR to fuse with, found none")
    };
    let (lower, upper) = (displayed(opened, lower)?, displayed(opened, upper)?);
    let alignment = align(&lower, &upper, None)?;
    let mut base = Layer::single(LOWER, &lower);
    base.window = options.window.unwrap_or(base.window);
    let mut overlay = Layer::overlay(UPPER, &upper, options.ratio);
    overlay.window = options.overlay_window.unwrap_or(overlay.window);
    overlay.color_map = palette.unwrap_or(overlay.color_map);
    overlay.scene_from_volume = alignment.lower_from_upper();
    let mut volumes = Volumes::new();
    volumes.insert(LOWER, lower);
    volumes.insert(UPPER, upper);
    Ok((volumes, vec![base, overlay]))
}

/// The series with most slices among those that suit.
fn largest(opened: &Opened, suits: impl Fn(&Series) -> bool) -> Option<&Series> {
    open::with_volumes(opened)
        .filter(|series| suits(series))
        .max_by_key(|series| open::slices(series))
}

/// Loads a series in the unit that people read: SUV where it can be had, else as stored.
fn displayed(opened: &Opened, series: &Series) -> anyhow::Result<Volume> {
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

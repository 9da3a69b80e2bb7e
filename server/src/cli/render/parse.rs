//! What is written on the command line, as values.

use std::str::FromStr;

use clap::ValueEnum;
use engine::colormap::{ColorMap, Window};
use engine::geometry::{Patient, Point, Vector};
use engine::presentation::{Direction, Orientation, Size};
use engine::render::{self, MAX_SIDE, Preset, ProjectionKind, presets};

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViewKind {
    /// A plane through one volume.
    Mpr,
    /// A plane through PET or SPECT over CT or MR.
    Fused,
    /// One volume projected along rays: its maximum, or what --project says.
    Mip,
    /// PET or SPECT projected over CT or MR.
    FusedMip,
    /// One volume rendered.
    Vr,
    /// PET or SPECT and CT or MR rendered together.
    FusedVr,
}

impl ViewKind {
    /// Whether two volumes are shown.
    pub fn is_fused(self) -> bool {
        matches!(self, Self::Fused | Self::FusedMip | Self::FusedVr)
    }
}

/// What is made of the values along a ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Project {
    Max,
    Min,
    Mean,
    Sum,
}

impl From<Project> for ProjectionKind {
    fn from(project: Project) -> Self {
        match project {
            Project::Max => Self::MAXIMUM,
            Project::Min => Self::Minimum,
            Project::Mean => Self::Mean,
            Project::Sum => Self::Sum,
        }
    }
}

/// What is written on the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Annotate {
    None,
    Letters,
    All,
}

/// Where a plane cuts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
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
            _ => Ok(Self::At(triple(text)?.into())),
        }
    }
}

fn numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let numbers: [f64; N] = numbers?.try_into().ok()?;
    numbers.iter().all(|n| n.is_finite()).then_some(numbers)
}

fn triple(text: &str) -> Result<[f64; 3], String> {
    numbers(text).ok_or_else(|| "expected x,y,z as three numbers".to_owned())
}

pub fn orientation(text: &str) -> Result<Orientation, String> {
    match text {
        "axial" => Ok(Orientation::Axial),
        "coronal" => Ok(Orientation::Coronal),
        "sagittal" => Ok(Orientation::Sagittal),
        _ => {
            let normal =
                triple(text).map_err(|_| "expected axial, coronal, sagittal or a normal x,y,z".to_owned())?;
            let oblique = Orientation::Oblique(Vector::from(normal));
            oblique.axes().map_err(|error| error.to_string())?;
            Ok(oblique)
        }
    }
}

pub fn camera(text: &str) -> Result<Direction, String> {
    let [azimuth, elevation] =
        numbers(text).ok_or_else(|| "expected azimuth,elevation in degrees, two numbers".to_owned())?;
    Ok(Direction::from_degrees(azimuth, elevation))
}

pub fn size(text: &str) -> Result<Size, String> {
    let parsed = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let limit = 1..=MAX_SIDE;
    match parsed {
        Some((width, height)) if limit.contains(&width) && limit.contains(&height) => {
            Ok(Size { width, height })
        }
        _ => Err(format!("expected WxH with sides from 1 to {MAX_SIDE}")),
    }
}

pub fn window(text: &str) -> Result<Window, String> {
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

/// A palette's name.
pub fn palette(text: &str) -> Result<ColorMap, String> {
    ColorMap::named(text).map_err(|error| error.to_string())
}

/// A preset's name.
pub fn preset(text: &str) -> Result<Preset, String> {
    render::preset(text).ok_or_else(|| {
        let names: Vec<_> = presets().map(|preset| preset.name).collect();
        format!("expected a preset, one of {}", names.join(", "))
    })
}

/// A part of one.
pub fn part(text: &str) -> Result<f64, String> {
    let part: Option<f64> = text.parse().ok();
    part.filter(|part| (0.0..=1.0).contains(part))
        .ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// Red, green, blue.
pub fn color(text: &str) -> Result<[u8; 3], String> {
    let parts: Option<Vec<u8>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    parts
        .and_then(|parts| parts.try_into().ok())
        .ok_or_else(|| "expected red,green,blue, three numbers from 0 to 255".to_owned())
}

/// A length in mm.
pub fn length(text: &str) -> Result<f64, String> {
    let length: Option<f64> = text.parse().ok();
    length
        .filter(|length| length.is_finite() && *length > 0.0)
        .ok_or_else(|| "expected a positive number of mm".to_owned())
}

//! What marks are in the body, and the numbers of their points, in f64.

use serde::{Deserialize, Serialize};

use crate::geometry::{Patient, Point, Vector};
use crate::session::apply::check_count;
use crate::session::curve::smooth;
use crate::session::error::Refusal;
use crate::session::sight::{point, vector};
use crate::session::state::{Mark, MarkKind};
use crate::voi::{Caliper, Form, Frame, Freehand, Mask, Solid};
use crate::volume::Volume;

/// One number with what it is, its unit, and the series it was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `length`, `area`, `mean`, `max`…
    pub name: String,
    /// The number.
    pub value: f64,
    /// `mm`, `mm2`, `deg`, `mL`, `1`, or the unit of the values (`HU`, `SUVbw`).
    pub unit: String,
    /// Series it was measured on; none for what has no voxels.
    pub series: Option<String>,
}

/// What is to be read beside a measurement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Readout {
    /// Its numbers.
    pub figures: Vec<Figure>,
    /// What makes them doubtful, or a part of them missing.
    pub warnings: Vec<String>,
}

impl Readout {
    /// A number by name, of a series or of none.
    #[must_use]
    pub fn get(&self, name: &str, series: Option<&str>) -> Option<f64> {
        let is_it = |figure: &&Figure| figure.name == name && figure.series.as_deref() == series;
        self.figures.iter().find(is_it).map(|figure| figure.value)
    }
}

/// What a mark is in the body.
pub(super) struct Geometry {
    pub(super) figures: Vec<Figure>,
    /// What holds voxels, if anything does.
    pub(super) region: Option<Region>,
    /// What is drawn: chains of places, closed or open.
    pub(super) lines: Vec<(Vec<Point<Patient>>, bool)>,
}

/// A region of a plane, in the frame of the picture.
pub(super) enum Region {
    Solid(Form, Frame, [f64; 2]),
    Outline(Frame, Vec<Point<Patient>>),
}

/// Pieces that an ellipse is drawn in.
const PIECES: u32 = 96;

pub(super) fn figure(name: &str, value: f64, unit: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        series: None,
    }
}

/// What a mark measures, and where it lies.
///
/// # Errors
///
/// [`Refusal::Count`], [`Refusal::Caliper`], [`Refusal::Shape`] for points that make no measurement.
pub(super) fn geometry(mark: &Mark) -> Result<Geometry, Refusal> {
    // A snapshot may hold anything.
    check_count(mark.kind, mark.points_mm.len())?;
    let caliper = Caliper::PATIENT;
    let at: Vec<Point<Patient>> = mark.points_mm.iter().map(|place| point(*place)).collect();
    let open = |chains: &[&[Point<Patient>]]| chains.iter().map(|chain| (chain.to_vec(), false)).collect();
    let geometry = |figures, lines| Geometry {
        figures,
        region: None,
        lines,
    };
    Ok(match mark.kind {
        MarkKind::Text | MarkKind::Probe => geometry(Vec::new(), Vec::new()),
        MarkKind::Arrow => {
            caliper.angle_between_rad([at[0], at[1]], [at[0], at[1]])?;
            geometry(Vec::new(), open(&[&at]))
        }
        MarkKind::Length => {
            let length = caliper.length(at[0], at[1])?;
            geometry(vec![figure("length", length.value, "mm")], open(&[&at]))
        }
        MarkKind::Polyline => {
            let length = caliper.path(&at)?;
            geometry(vec![figure("length", length.value, "mm")], open(&[&at]))
        }
        MarkKind::Angle => {
            let angle = caliper.angle_rad(at[0], at[1], at[2])?;
            geometry(vec![figure("angle", angle.to_degrees(), "deg")], open(&[&at]))
        }
        MarkKind::Cobb => {
            let angle = caliper.cobb_angle_rad([at[0], at[1]], [at[2], at[3]])?;
            let lines = open(&[&at[..2], &at[2..]]);
            geometry(vec![figure("cobb_angle", angle.to_degrees(), "deg")], lines)
        }
        MarkKind::Bidirectional => {
            let [one, other] = [caliper.length(at[0], at[1])?, caliper.length(at[2], at[3])?];
            let figures = vec![
                figure("long_axis", one.value.max(other.value), "mm"),
                figure("short_axis", one.value.min(other.value), "mm"),
            ];
            geometry(figures, open(&[&at[..2], &at[2..]]))
        }
        MarkKind::Cardiothoracic => {
            let found = caliper.cardiothoracic([at[0], at[1]], [at[2], at[3]], [at[4], at[5]])?;
            let figures = vec![
                // The first two are written beside the mark.
                figure("cardiothoracic_ratio", found.ratio, "1"),
                figure("heart_width", found.first.value + found.second.value, "mm"),
                figure("thorax_width", found.thorax.value, "mm"),
            ];
            geometry(figures, open(&[&at[..2], &at[2..4], &at[4..]]))
        }
        MarkKind::Rectangle => rectangle(mark, at[0], at[1])?,
        MarkKind::Circle => {
            let radius_mm = caliper.length(at[0], at[1])?.value;
            round(
                at[0],
                [vector(mark.axes[0]) * radius_mm, vector(mark.axes[1]) * radius_mm],
            )?
        }
        MarkKind::Ellipse => {
            // The ends of one axis, and how far it reaches across.
            let center = at[0] + (at[1] - at[0]) * 0.5;
            let long = at[1] - center;
            let normal = vector(mark.axes[2]);
            let across = normal.cross(long).normalized().unwrap_or(vector(mark.axes[1]));
            let reach_mm = across.dot(at[2] - center).abs();
            round(center, [long, across * reach_mm])?
        }
        MarkKind::Polygon | MarkKind::Freehand => outlined(mark, at)?,
        MarkKind::Spline => outlined(mark, smooth(&at)?)?,
    })
}

/// A closed outline in a plane.
fn outlined(mark: &Mark, at: Vec<Point<Patient>>) -> Result<Geometry, Refusal> {
    let caliper = Caliper::PATIENT;
    let figures = vec![
        figure("area", caliper.area(&at)?.value, "mm2"),
        figure("perimeter", caliper.perimeter(&at)?.value, "mm"),
    ];
    let steps = at.iter().map(|place| *place - at[0]);
    let middle = steps.fold(Vector::new(0.0, 0.0, 0.0), |sum, step| sum + step);
    let middle = at[0] + middle * (1.0 / at.len() as f64);
    Ok(Geometry {
        figures,
        region: Some(Region::Outline(frame(mark, middle)?, at.clone())),
        lines: vec![(at, true)],
    })
}

fn frame(mark: &Mark, center: Point<Patient>) -> Result<Frame, Refusal> {
    Ok(Frame::new(center, vector(mark.axes[0]), vector(mark.axes[1]))?)
}

fn rectangle(mark: &Mark, a: Point<Patient>, b: Point<Patient>) -> Result<Geometry, Refusal> {
    let (right, down) = (vector(mark.axes[0]), vector(mark.axes[1]));
    let diagonal = b - a;
    let (across, along) = (right.dot(diagonal), down.dot(diagonal));
    let corners = [
        a,
        a + right * across,
        a + right * across + down * along,
        a + down * along,
    ];
    let caliper = Caliper::PATIENT;
    let center = a + right * (across / 2.0) + down * (along / 2.0);
    let sides = [across.abs(), along.abs()];
    // A rectangle without a side holds nothing; said in the shape's words.
    Solid::new(Form::Box, frame(mark, center)?, [sides[0], sides[1], 1.0])?;
    let figures = vec![
        figure("area", caliper.area(&corners)?.value, "mm2"),
        figure("perimeter", caliper.perimeter(&corners)?.value, "mm"),
        figure("width", sides[0], "mm"),
        figure("height", sides[1], "mm"),
    ];
    Ok(Geometry {
        figures,
        region: Some(Region::Solid(Form::Box, frame(mark, center)?, sides)),
        lines: vec![(corners.to_vec(), true)],
    })
}

fn round(center: Point<Patient>, [a, b]: [Vector<Patient>; 2]) -> Result<Geometry, Refusal> {
    let found = Caliper::PATIENT.ellipse(center, center + a, center + b)?;
    let figures = vec![
        figure("area", found.area.value, "mm2"),
        figure("perimeter", found.circumference.value, "mm"),
        figure("long_axis", found.long.value, "mm"),
        figure("short_axis", found.short.value, "mm"),
    ];
    let rim = (0..PIECES).map(|n| {
        let (sin, cos) = (f64::from(n) / f64::from(PIECES) * std::f64::consts::TAU).sin_cos();
        center + a * cos + b * sin
    });
    let stands = Frame::new(center, a, b)?;
    Ok(Geometry {
        figures,
        region: Some(Region::Solid(
            Form::Cylinder,
            stands,
            [2.0 * a.norm(), 2.0 * b.norm()],
        )),
        lines: vec![(rim.collect(), true)],
    })
}

impl Region {
    /// The voxels of a volume whose centres lie in the region, in the one slice that holds its plane.
    pub(super) fn mask(
        &self,
        volume: &Volume,
        way: &crate::geometry::Affine<Patient, Patient>,
    ) -> Result<Mask, Refusal> {
        let grid = volume.grid();
        let deep = |frame: &Frame| crate::session::apply::step_mm(grid, frame.axes()[2]);
        Ok(match self {
            Self::Solid(form, frame, [width, height]) => {
                let frame = frame.carried(way)?;
                Solid::new(*form, frame, [*width, *height, deep(&frame)])?
                    .rasterise(grid.clone())
                    .0
            }
            Self::Outline(frame, outline) => {
                let outline: Vec<_> = outline.iter().map(|place| *way * *place).collect();
                let frame = frame.carried(way)?;
                Freehand::new(frame, &outline, deep(&frame))?
                    .rasterise(grid.clone())
                    .0
            }
        })
    }
}

//! What is drawn: measurements, texts, volumes of interest.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a mark measures or says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A straight line: 2 points.
    Length,
    /// A line of several pieces: 2 points or more.
    Polyline,
    /// Two lines that meet: an end, the corner, the other end.
    Angle,
    /// Two lines apart: 4 points.
    Cobb,
    /// The longest diameter and the one across: 4 points.
    Bidirectional,
    /// The midline, the heart's borders and the chest's: 6 points.
    Cardiothoracic,
    /// Two corners across from each other.
    Rectangle,
    /// The ends of one axis and one end of the other: 3 points.
    Ellipse,
    /// The center and a place on the rim.
    Circle,
    /// Corners: 3 or more.
    Polygon,
    /// An outline drawn by hand: 3 points or more.
    Freehand,
    /// A smooth closed curve through points: 3 or more.
    Spline,
    /// From the tail to the head.
    Arrow,
    /// Where a text stands.
    Text,
    /// A place whose values are told.
    Probe,
}

/// A measurement or a text in the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// The space its points lie in.
    pub space: String,
    /// The series it was drawn on: the lowest layer's.
    pub series: String,
    /// All series of the view, which are measured.
    pub layers: Vec<String>,
    /// Phase of these series.
    pub phase: u32,
    /// Its points, LPS mm.
    pub points_mm: Vec<[f64; 3]>,
    /// Directions of the picture it was drawn on: right, down, away.
    pub axes: [[f64; 3]; 3],
    /// Whether it was drawn on a picture in space: a projection or rendering.
    pub is_in_space: bool,
    /// What it says.
    pub text: String,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Who drew it.
    pub by: Option<u32>,
}

/// How a volume of interest is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recipe {
    /// Nothing: to be painted.
    Empty,
    /// A ball.
    Sphere {
        /// Its middle.
        center_mm: [f64; 3],
        /// Its radius.
        radius_mm: f64,
    },
    /// A box, ellipsoid or cylinder along the patient's axes.
    Solid {
        /// What.
        form: SolidForm,
        /// Its middle.
        center_mm: [f64; 3],
        /// Length, width, height.
        size_mm: [f64; 3],
    },
    /// What reaches a level within a ball.
    ThresholdSphere {
        /// Its middle.
        center_mm: [f64; 3],
        /// Its radius.
        radius_mm: f64,
        /// The level.
        level: Level,
    },
    /// What reaches a level and is connected with a place.
    Grow {
        /// The place.
        seed_mm: [f64; 3],
        /// The level in the unit of the values.
        at_least: f64,
        /// Where it stops.
        most_ml: f64,
    },
    /// Voxels that were found elsewhere: from one index in reading order up to another, which no longer belongs.
    Voxels {
        /// Rising, without touching.
        runs: Vec<[u64; 2]>,
    },
    /// The spot under a click, by where its edge is steepest.
    OneClick {
        /// The place.
        at_mm: [f64; 3],
        /// The largest spot.
        most_ml: f64,
    },
}

/// A box, an ellipsoid or a cylinder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolidForm {
    /// Six faces.
    Box,
    /// Round in every direction.
    Ellipsoid,
    /// Round across.
    Cylinder,
}

/// From which value on voxels belong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A value in the unit of the volume.
    Fixed(f64),
    /// A part of the largest value inside.
    OfMax(f64),
}

/// A brush stroke on a volume of interest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paint {
    /// Where it went.
    pub path_mm: Vec<[f64; 3]>,
    /// Radius.
    pub radius_mm: f64,
    /// The normal and the depth of a disc; none for a ball.
    pub disc: Option<([f64; 3], f64)>,
    /// Whether it takes away.
    pub erases: bool,
}

/// A volume of interest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voi {
    /// What it is called.
    pub name: String,
    /// The series on whose voxels it lies.
    pub series: String,
    /// Phase of that series.
    pub phase: u32,
    /// All series of the view it was made in, which are measured.
    pub layers: Vec<String>,
    /// How it is made.
    pub recipe: Recipe,
    /// What was painted on it, in order.
    pub strokes: Vec<Arc<Paint>>,
    /// Red, green, blue.
    pub color: [u8; 3],
}

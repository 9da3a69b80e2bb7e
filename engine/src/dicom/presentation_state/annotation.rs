//! What is drawn on images: graphics and texts in layers (PS3.3 C.10.5, C.10.7).

use super::CieLab;
use crate::dicom::ImageReference;

/// Graphics and texts of one layer, on some images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotation {
    /// The images; all of the state's where empty.
    pub images: Vec<ImageReference>,
    /// Name of the layer.
    pub layer: String,
    /// Lines and outlines.
    pub graphics: Vec<Graphic>,
    /// Texts.
    pub texts: Vec<Text>,
}

/// What the numbers of places are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Units {
    /// Columns and rows of the image: 0, 0 is the outer corner of the first pixel, 1, 1 its opposite corner, whatever
    /// the image is turned and scaled by.
    #[default]
    Pixel,
    /// Parts of the displayed area: 0, 0 is its top left corner, 1, 1 its bottom right one.
    Display,
}

/// A line or an outline.
#[derive(Debug, Clone, PartialEq)]
pub struct Graphic {
    /// What the numbers of its places are.
    pub units: Units,
    /// What it is.
    pub shape: Shape,
    /// Whether its inside is filled; only of closed shapes.
    pub is_filled: bool,
    /// What it belongs to beyond this state, such as a measurement of a report.
    pub tracking: Option<Tracking>,
}

/// What something is known by in several objects (PS3.3 C.10.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tracking {
    /// Tracking ID (0062,0020): its name.
    pub id: String,
    /// Tracking UID (0062,0021).
    pub uid: String,
}

/// The shape of a graphic; places are column, row.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One place.
    Point([f32; 2]),
    /// Straight lines from place to place; closed where the last is the first.
    Polyline(Vec<[f32; 2]>),
    /// A smooth line through the places, whose kind is left to who draws it.
    Interpolated(Vec<[f32; 2]>),
    /// A circle.
    #[allow(missing_docs)]
    Circle { center: [f32; 2], on_circle: [f32; 2] },
    /// An ellipse by the ends of its longer axis, then those of its shorter one.
    #[allow(missing_docs)]
    Ellipse {
        major: [[f32; 2]; 2],
        minor: [[f32; 2]; 2],
    },
}

impl Shape {
    /// The places that it is made of, in the order of Graphic Data (0070,0022).
    #[must_use]
    pub fn points(&self) -> Vec<[f32; 2]> {
        match self {
            Self::Point(point) => vec![*point],
            Self::Polyline(points) | Self::Interpolated(points) => points.clone(),
            Self::Circle { center, on_circle } => vec![*center, *on_circle],
            Self::Ellipse { major, minor } => [*major, *minor].concat(),
        }
    }

    /// Whether it has an inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Point(_) => false,
            Self::Polyline(points) | Self::Interpolated(points) => {
                points.len() > 2 && points.first() == points.last()
            }
            Self::Circle { .. } | Self::Ellipse { .. } => true,
        }
    }

    /// Graphic Type (0070,0023).
    pub(crate) const fn term(&self) -> &'static str {
        match self {
            Self::Point(_) => "POINT",
            Self::Polyline(_) => "POLYLINE",
            Self::Interpolated(_) => "INTERPOLATED",
            Self::Circle { .. } => "CIRCLE",
            Self::Ellipse { .. } => "ELLIPSE",
        }
    }
}

/// A text, in a box, at an anchor, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Unformatted Text Value (0070,0006), at most 1024 characters; lines end with CR LF.
    pub text: String,
    /// Where it is written.
    pub bounds: Option<TextBox>,
    /// What it points to.
    pub anchor: Option<Anchor>,
    /// What it belongs to beyond this state.
    pub tracking: Option<Tracking>,
}

/// Where a text is written. As PS3.3 has it, a box of which one corner lies beyond the other is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextBox {
    /// What the numbers of its corners are.
    pub units: Units,
    /// Top left corner of the text as it is read: column, row.
    pub top_left: [f32; 2],
    /// Bottom right corner: column, row.
    pub bottom_right: [f32; 2],
    /// Where lines begin; `None` where the object that was read does not say it.
    pub justification: Option<Justification>,
}

/// Where the lines of a text lie in their box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Justification {
    Left,
    Right,
    Center,
}

/// What a text points to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchor {
    /// What the numbers of its place are.
    pub units: Units,
    /// Column, row.
    pub point: [f32; 2],
    /// Whether a line or the like leads there.
    pub is_visible: bool,
}

/// A layer of annotations and overlays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GraphicLayer {
    /// Graphic Layer (0070,0002): upper case, at most 16 characters.
    pub name: String,
    /// Graphic Layer Order (0070,0062): higher ones lie over lower ones.
    pub order: i32,
    /// Graphic Layer Description (0070,0068), at most 64 characters; may be empty.
    pub description: String,
    /// The P-value to draw with, 0 black to 65535 white.
    pub grey: Option<u16>,
    /// The colour to draw with, where there is colour.
    pub colour: Option<CieLab>,
}

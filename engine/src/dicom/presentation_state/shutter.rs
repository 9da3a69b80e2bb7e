//! What of an image is covered (PS3.3 C.7.6.11, C.11.12).

use super::CieLab;

/// What of an image is covered: all that lies outside any of the shapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shutter {
    /// The shapes, at most one of each kind; only what lies inside all of them is seen.
    pub shapes: Vec<ShutterShape>,
    /// The P-value that covers, 0 black to 65535 white; `None` where the object that was read does not say it.
    pub grey: Option<u16>,
    /// The colour that covers, where there is colour.
    pub colour: Option<CieLab>,
}

/// A shape in columns and rows of the image, the first pixel being 1, 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ShutterShape {
    /// Columns and rows between the edges.
    Rectangular {
        left: i32,
        right: i32,
        upper: i32,
        lower: i32,
    },
    /// Within a circle; the centre as column, row, the radius in pixels along a row.
    Circular { center: [i32; 2], radius: i32 },
    /// Within a polygon of corners as column, row.
    Polygonal(Vec<[i32; 2]>),
}

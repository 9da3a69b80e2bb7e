//! Where something was measured: points and outlines in an image or in patient space (PS3.3 C.18.6, C.18.9).

use crate::dicom::ImageReference;

/// A point or an outline; numbers are stored in single precision.
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// In one frame of an image (SCOORD).
    Image {
        /// The image; with its frame where it has several.
        image: ImageReference,
        /// What the points make.
        shape: RegionShape,
        /// Column, row: 0, 0 is the outer corner of the first pixel, 1, 1 its opposite corner.
        points: Vec<[f32; 2]>,
    },
    /// In space, whatever image shows it (SCOORD3D).
    Patient {
        /// Frame of Reference UID.
        frame_of_reference_uid: String,
        /// What the points make.
        shape: RegionShape,
        /// Patient space: LPS, mm.
        points_mm: Vec<[f32; 3]>,
    },
}

/// What points make (Graphic Type).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegionShape {
    /// One point.
    Point,
    /// Points that belong together.
    Multipoint,
    /// Straight lines from point to point; an outline where the last is the first.
    Polyline,
    /// An outline in one plane of space, the last point being the first.
    Polygon,
    /// A circle of an image: centre, point on it.
    Circle,
    /// The ends of the longer axis, then those of the shorter one.
    Ellipse,
    /// The ends of three axes in space.
    Ellipsoid,
}

impl RegionShape {
    /// Every shape.
    pub const ALL: [Self; 7] = [
        Self::Point,
        Self::Multipoint,
        Self::Polyline,
        Self::Polygon,
        Self::Circle,
        Self::Ellipse,
        Self::Ellipsoid,
    ];

    /// Graphic Type (0070,0023).
    pub(crate) const fn term(self) -> &'static str {
        match self {
            Self::Point => "POINT",
            Self::Multipoint => "MULTIPOINT",
            Self::Polyline => "POLYLINE",
            Self::Polygon => "POLYGON",
            Self::Circle => "CIRCLE",
            Self::Ellipse => "ELLIPSE",
            Self::Ellipsoid => "ELLIPSOID",
        }
    }

    /// Whether the shape exists in images, and is made of that many points.
    #[must_use]
    pub const fn is_of_image(self, points: usize) -> bool {
        match self {
            Self::Point => points == 1,
            Self::Multipoint => points > 0,
            Self::Polyline => points > 1,
            Self::Circle => points == 2,
            Self::Ellipse => points == 4,
            Self::Polygon | Self::Ellipsoid => false,
        }
    }

    /// Whether the shape exists in space, and is made of that many points.
    #[must_use]
    pub const fn is_of_space(self, points: usize) -> bool {
        match self {
            Self::Point => points == 1,
            Self::Multipoint => points > 0,
            Self::Polyline => points > 1,
            Self::Polygon => points > 3,
            Self::Ellipse => points == 4,
            Self::Ellipsoid => points == 6,
            Self::Circle => false,
        }
    }
}

impl Region {
    /// Whether its points make its shape, all of them numbers.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Image { shape, points, .. } => {
                shape.is_of_image(points.len())
                    && points.as_flattened().iter().all(|number| number.is_finite())
            }
            Self::Patient { shape, points_mm, .. } => {
                let is_closed = *shape != RegionShape::Polygon || points_mm.first() == points_mm.last();
                let numbers = points_mm.as_flattened();
                shape.is_of_space(points_mm.len())
                    && is_closed
                    && numbers.iter().all(|number| number.is_finite())
            }
        }
    }

    /// The image that it lies in; `None` for a region in space.
    #[must_use]
    pub fn image(&self) -> Option<&ImageReference> {
        match self {
            Self::Image { image, .. } => Some(image),
            Self::Patient { .. } => None,
        }
    }
}

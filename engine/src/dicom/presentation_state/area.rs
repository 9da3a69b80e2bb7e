//! How an image lies on the screen: its displayed area and how it is turned (PS3.3 C.10.4, C.10.6).

use crate::dicom::ImageReference;

/// The part of images that is shown, and how large.
#[derive(Debug, Clone, PartialEq)]
pub struct DisplayedArea {
    /// The images; all of the state's where empty.
    pub images: Vec<ImageReference>,
    /// The pixel that is seen at the top left once the image is turned: its column and row before, the first of an image
    /// being 1, 1. It may lie outside the image, and of a turned image to the right of the other corner or below it.
    pub top_left: [i32; 2],
    /// The pixel that is then seen at the bottom right: its column and row before; included.
    pub bottom_right: [i32; 2],
    /// How large it is shown.
    pub scaling: Scaling,
    /// How high and wide a pixel is; `None` where the object that was read does not say it.
    pub pixel: Option<PixelShape>,
}

/// Presentation Size Mode (0070,0100).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scaling {
    /// As large as there is room.
    ScaleToFit,
    /// A millimetre is a millimetre.
    TrueSize,
    /// Screen pixels a pixel, along each axis.
    Magnify(f32),
}

/// How high and wide a pixel is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PixelShape {
    /// Presentation Pixel Spacing (0070,0101): between rows, between columns, mm.
    SpacingMm([f64; 2]),
    /// Presentation Pixel Aspect Ratio (0070,0102): height, width.
    AspectRatio([u32; 2]),
}

/// How images are turned: first by quarters, then mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Orientation {
    /// Image Rotation (0070,0042).
    pub turns: QuarterTurns,
    /// Image Horizontal Flip (0070,0041): left becomes right, after the turn.
    pub is_mirrored: bool,
}

/// Clockwise turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum QuarterTurns {
    #[default]
    None,
    One,
    Two,
    Three,
}

impl QuarterTurns {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::None, Self::One, Self::Two, Self::Three];

    /// The angle in degrees, as DICOM has it.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::One => 90,
            Self::Two => 180,
            Self::Three => 270,
        }
    }
}

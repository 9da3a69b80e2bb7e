//! Why there is no image.

use crate::presentation::Size;
use crate::render::{MAX_SIDE, VolumeId};

/// Why a scene cannot be shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image has no pixels, or too many.
    #[error("an image side must be 1 to {MAX_SIDE} pixels, found {} x {}", .0.width, .0.height)]
    Size(Size),
    /// A layer names a volume that was not lent.
    #[error("volume {} of a layer is not among the volumes", .0.0)]
    UnknownVolume(VolumeId),
    /// Values were asked of a layer that is not there.
    #[error("expected one of {layers} layers, found layer {found}")]
    NoLayer {
        /// Layers of the scene.
        layers: usize,
        /// The layer asked for.
        found: usize,
    },
    /// A transform does not span space or is not finite.
    #[error("{0} must be a finite map with an inverse")]
    Singular(&'static str),
    /// A window is not finite, or its width is negative.
    #[error("a window must be finite and its width not negative, found centre {center} and width {width}")]
    Window {
        /// The centre given.
        center: f64,
        /// The width given.
        width: f64,
    },
    /// An opacity is not a part of one.
    #[error("an opacity must be 0 to 1, found {0}")]
    Opacity(f64),
    /// The picture could not be encoded.
    #[error("png: {0}")]
    Png(String),
}

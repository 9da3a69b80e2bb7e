//! Why there is no image.

use crate::presentation::Size;
use crate::render::{MAX_SAMPLES, MAX_SIDE, VolumeId};

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
    /// The distance of samples cannot be used.
    #[error(
        "the distance of samples must be a positive number of mm that leaves at most {MAX_SAMPLES} on a ray, found {0}"
    )]
    Step(f64),
    /// A number of the scene is outside what it may be.
    #[error("{what} must be {expected}, found {found}")]
    Number {
        /// The number.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// There are more of something than a renderer takes.
    #[error("a scene takes at most {most} {what}, found {found}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// There are more of something than a drawing takes.
    #[error("a drawing takes at most {most} {what}, found {found}")]
    LargeDrawing {
        /// Of what.
        what: &'static str,
        /// The most.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// The edges and areas of a drawing are longer and larger than any picture needs.
    #[error("a drawing takes at most {0} steps, found more")]
    TooMuchInk(u64),
    /// A label map is not made of whole numbers.
    #[error("a label map must hold unsigned integers of 8 or 16 bit, volume {} does not", .0.0)]
    NotLabels(VolumeId),
    /// Values were asked of a rendering, which mixes colours only.
    #[error("values can be had of planes and projections, not of a volume rendering")]
    NoValues,
    /// A rendering was to be compared in a way of pictures that are laid over each other.
    #[error(
        "checkerboards, swipes and contours can be had of planes and projections, not of a volume rendering"
    )]
    NoComparison,
    /// The host asked to stop.
    #[error("the image was cancelled")]
    Cancelled,
    /// There is no graphics adapter, or none that is meant.
    #[error("expected a graphics adapter{}, found none", .0.as_ref().map_or(String::new(), |name| format!(" {name:?}")))]
    NoAdapter(Option<String>),
    /// The graphics device was lost; it can be opened again.
    #[error("the graphics device was lost")]
    DeviceLost,
    /// A volume does not fit what volumes may take on the graphics device, beside the scene's others.
    #[error(
        "the scene's volumes need {needed_bytes} bytes on the graphics device, which may take {budget_bytes}"
    )]
    DeviceMemory {
        /// Bytes that the scene's volumes need.
        needed_bytes: u64,
        /// Bytes that volumes may take.
        budget_bytes: u64,
    },
    /// The graphics device has no memory left.
    #[error("the graphics device has no memory left")]
    DeviceFull,
    /// The graphics device refused its work.
    #[error("graphics device: {0}")]
    Device(String),
    /// The picture could not be encoded.
    #[error("png: {0}")]
    Png(String),
}

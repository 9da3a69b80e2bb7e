//! Images for people: what draws them is the host's; the archive has no windows and no colours.

use bytes::Bytes;

use crate::events::Boxed;

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// The object, a Part 10 file, verified.
    pub object: Bytes,
    /// Which frame, counted from 1.
    pub frame: u32,
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
    /// Columns and rows that it must fit into.
    pub viewport: Option<(u32, u32)>,
    /// Centre and width of the window.
    pub window: Option<(f64, f64)>,
    /// Quality of a JPEG, 1 to 100.
    pub quality: Option<u8>,
}

/// Why nothing was drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The object cannot be drawn: it has no such frame, or no pixels that are read.
    #[error("the object cannot be rendered: {0}")]
    NotDrawable(String),
    /// The renderer failed.
    #[error("rendering failed")]
    Failed,
}

/// Draws frames.
pub trait RenderFrame: std::fmt::Debug + Send + Sync {
    /// Gives the image in the media type asked for.
    ///
    /// # Errors
    ///
    /// [`RenderError`].
    fn render(&self, request: RenderRequest) -> Boxed<'_, Result<Bytes, RenderError>>;
}

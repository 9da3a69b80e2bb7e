//! Pictures in time as files that any player opens.
//!
//! [`Avi`] holds a JPEG for each picture: old, large, opened everywhere and easily cut. `Mp4` (feature `av1`) holds
//! AV1: a tenth of the size, and free of licence fees. Both are a [`Movie`]: pictures are pushed one by one, are
//! written as they come, and are forgotten. Where pictures come from is not known here, nor any type of the engine.

mod avi;
mod error;
#[cfg(feature = "av1")]
mod iso;
#[cfg(feature = "av1")]
mod mp4;
#[cfg(feature = "av1")]
mod planes;
mod shape;

pub use avi::{Avi, MAX_AVI_BYTES};
pub use error::Error;
#[cfg(feature = "av1")]
pub use mp4::Mp4;
pub use shape::{FrameRate, MAX_SIDE, Picture, Shape};

/// A file of moving pictures that is being written.
pub trait Movie {
    /// Adds the next picture.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] for a picture of another size, [`Error::TooLong`] when the file would pass its format's
    /// limit (it can still be finished without this picture), [`Error::Io`] of the sink, or the encoder's.
    fn push(&mut self, picture: Picture<'_>) -> Result<(), Error>;

    /// Writes what players need to find the pictures; gives how many there are.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without pictures, [`Error::Io`] of the sink, or the encoder's.
    fn finish(self) -> Result<u32, Error>;
}

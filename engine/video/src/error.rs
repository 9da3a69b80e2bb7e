//! Why there is no movie.

use crate::MAX_SIDE;

/// Why pictures cannot become a movie.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pictures are too small or too large.
    #[error("a movie's sides must be 16 to {MAX_SIDE} pixels, found {width} x {height}")]
    Size {
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
    /// The rate cannot be used.
    #[error("a movie shows one picture in 1000 s up to 1000 a second, found {images} in {seconds} s")]
    Rate {
        /// Pictures.
        images: u32,
        /// In so many seconds.
        seconds: u32,
    },
    /// The quality cannot be used.
    #[error("a quality must be 1 to 100, found {0}")]
    Quality(u8),
    /// A picture differs from the first in size, or its bytes from its size.
    #[error("expected a picture of {expected}, found {found}")]
    Changed {
        /// What the movie was begun with.
        expected: String,
        /// What came.
        found: String,
    },
    /// The file would be too large for its format.
    #[error("{format} holds at most {most}; end it here and begin another")]
    TooLong {
        /// The format.
        format: &'static str,
        /// Its limit.
        most: &'static str,
    },
    /// Nothing was pushed.
    #[error("a movie needs at least one picture, found none")]
    Empty,
    /// An encoder refused its work.
    #[error("{format} encoder: {reason}")]
    Encoder {
        /// What it writes.
        format: &'static str,
        /// What it said.
        reason: String,
    },
    /// The sink refused the bytes.
    #[error("the movie could not be written: {0}")]
    Io(#[from] std::io::Error),
}

//! Why a planar measure is refused.

/// Why there is no number: what was expected and what was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number is zero, negative, or not a number.
    #[error("{what}: expected a positive number, found {found}")]
    NotPositive {
        /// What it is.
        what: &'static str,
        /// Its value.
        found: f64,
    },
    /// A number is negative or not a number: too much background was taken off, or a region is misplaced.
    #[error("{what}: expected zero or more, found {found}")]
    Negative {
        /// What it is.
        what: &'static str,
        /// Its value.
        found: f64,
    },
    /// A frame has no duration, or starts before the one before has ended.
    #[error(
        "frame {frame}: expected a positive duration after the frame before, found {start_s} s for {duration_s} s"
    )]
    FrameTime {
        /// The frame, from 0.
        frame: usize,
        /// Its start, s.
        start_s: f64,
        /// Its duration, s.
        duration_s: f64,
    },
    /// Two lists do not belong together.
    #[error("{what}: expected one for each of {expected}, found {found}")]
    Count {
        /// What they are.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Curves or images do not have the same frames.
    #[error("expected curves over the same frames, found others")]
    OtherFrames,
    /// Images or regions are of different sizes or places.
    #[error("expected images and regions of one size and place, one slice each; found {0:?} and {1:?}")]
    OtherGrid([usize; 3], [usize; 3]),
    /// The frames do not cover a time that is needed.
    #[error("expected frames that cover {from_s} to {to_s} s, found {covered_s} s of it")]
    NotCovered {
        /// Where it starts, s.
        from_s: f64,
        /// Where it ends, s.
        to_s: f64,
        /// How much of it is covered, s.
        covered_s: f64,
    },
    /// Too few points for a fit.
    #[error("{what}: expected at least {needed} points, found {found}")]
    TooFew {
        /// What is fitted.
        what: &'static str,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A region holds no pixel.
    #[error("{0}: expected at least one pixel, found none")]
    EmptyRegion(&'static str),
    /// Times do not rise.
    #[error("{0}: expected rising times from zero")]
    Times(&'static str),
}

/// Gives the value back if it is a positive, finite number.
pub(super) fn positive(what: &'static str, found: f64) -> Result<f64, Error> {
    if found.is_finite() && found > 0.0 {
        Ok(found)
    } else {
        Err(Error::NotPositive { what, found })
    }
}

/// Gives the value back if it is a finite number of at least 0.
pub(super) fn not_negative(what: &'static str, found: f64) -> Result<f64, Error> {
    if found.is_finite() && found >= 0.0 {
        Ok(found)
    } else {
        Err(Error::Negative { what, found })
    }
}

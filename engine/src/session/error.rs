//! Why a command is refused. The session is as it was.

use crate::presentation::{CurveError, PlaneError};
use crate::registration::{ChangeError, LandmarkError};
use crate::render;
use crate::voi::{CaliperError, ShapeError};

/// Why a command is refused. The session is as it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No view has that number.
    #[error("no view has the number {0}")]
    NoViewport(u32),
    /// Nothing is shown there, or nothing of that kind.
    #[error("{what} needs {expected} in the view, found {found}")]
    NotShown {
        /// What was asked.
        what: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What there is.
        found: &'static str,
    },
    /// The source has no such series.
    #[error("no series has the key {0:?}")]
    NoSeries(String),
    /// The view has fewer layers.
    #[error("expected a layer below {layers}, found {found}")]
    NoLayer {
        /// Layers of the view.
        layers: usize,
        /// What was asked.
        found: usize,
    },
    /// Nothing has that name.
    #[error("no {what} is named {found:?}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        found: String,
    },
    /// Nothing has that number.
    #[error("no {what} has the number {found}")]
    NoSuch {
        /// What kind of thing.
        what: &'static str,
        /// The number.
        found: u64,
    },
    /// A number cannot be used.
    #[error("{what} must be {expected}, found {found}")]
    Number {
        /// Which.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// There are too few or too many of something.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        expected: String,
        /// How many there are.
        found: usize,
    },
    /// The series lie in different spaces and nothing joins them.
    #[error("{0} and {1} share no frame of reference; register them or set an offset first")]
    NotJoined(String, String),
    /// The series' images make no volume of values.
    #[error("{0:?} has no volume to be cut or measured: its images stand by themselves")]
    NoVolume(String),
    /// The voxels have not come yet.
    #[error("the voxels of {0:?} have not come yet")]
    Waiting(String),
    /// The voxels cannot be had.
    #[error("the voxels of {key:?} cannot be had: {reason}")]
    Failed {
        /// Which series.
        key: String,
        /// Why.
        reason: String,
    },
    /// Somebody else presents.
    #[error("participant {0} presents; only their commands count until they stop")]
    OtherPresents(u32),
    /// A participant speaks for another.
    #[error("participant {0} may join and leave for themselves only")]
    NotOneself(u32),
    /// There is nothing to take back, or to do again.
    #[error("there is nothing to {0}")]
    Nothing(&'static str),
    /// The text is not a command, a log or a snapshot of this version.
    #[error("expected {expected}, found {found}")]
    Malformed {
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A search found nothing to rely on; nothing was changed.
    #[error("the registration failed and was not applied: {0}")]
    RegistrationFailed(String),
    /// The host gave up a search; nothing was changed.
    #[error("the search was given up")]
    Cancelled,
    /// The geometry of a view cannot be.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The curve cannot be.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// The picture cannot be drawn.
    #[error(transparent)]
    Render(#[from] render::Error),
    /// The places cannot be measured.
    #[error(transparent)]
    Caliper(#[from] CaliperError),
    /// The shape cannot be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The registration cannot be changed so.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The landmarks do not make a map.
    #[error(transparent)]
    Landmarks(#[from] LandmarkError),
    /// What was read speaks of nothing that is open.
    #[error("{0} is for other series than those that are open")]
    OtherSeries(&'static str),
    /// An object cannot hold what is the case.
    #[error("{what} cannot be made: {reason}")]
    NotSaved {
        /// What object.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The volume of interest cannot be found; in the words of what looks for it.
    #[error("{0}")]
    Voi(String),
}

/// A number within limits.
pub(super) fn within(
    what: &'static str,
    expected: &'static str,
    limits: std::ops::RangeInclusive<f64>,
    found: f64,
) -> Result<f64, Refusal> {
    limits.contains(&found).then_some(found).ok_or(Refusal::Number {
        what,
        expected,
        found,
    })
}

//! The transform between two volumes: found automatically, with a verdict on how far it can be trusted.
//!
//! [`register`] searches [`Model`]s of maps from coarse to fine for the place where a [`Similarity`] is largest, from
//! several starts, and checks what it found: the way back, rival places, and the bodies' surfaces, which know nothing
//! of the values that the similarity is made of. [`ByHand`] moves a volume by drags and numbers, [`fit_landmarks`] from
//! marked places. [`deform`] bends an affine map further, where breathing and posture differ. What is shown, carried or saved with a [`Registration`] is left to
//! `fusion`, `voi`, `lesion` and `dicom`.

mod climb;
mod contour;
mod correlation;
mod deformable;
mod error;
mod hand;
mod image;
mod information;
mod intensity;
mod metric;
mod model;
mod options;
mod outline;
mod random;
mod readings;
mod register;
mod search;
mod side;
mod verdict;
mod watch;

pub use deformable::{Deformed, Flexibility, Kept, deform};
pub use error::Error;
pub use hand::{
    ByHand, Change, ChangeError, LandmarkError, LandmarkPair, Landmarks, Pose, STEPS, Suspect, fit_landmarks,
};
pub use image::Image;
pub use metric::{CpuMetrics, Evaluation, Metric, Metrics, Similarity};
pub use model::Model;
pub use options::{Options, Region, Start};
pub use readings::Samples;
pub use register::{Registration, register, register_with};
pub use verdict::{Confidence, Reason, Verdict, Which};
pub use watch::Watch;

#[cfg(test)]
mod phantom;
#[cfg(test)]
mod tests;

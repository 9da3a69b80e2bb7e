//! Lesions of a whole volume: found, told from physiological uptake, measured, followed over exams.
//!
//! [`detect`] does it in one call and without a model: candidates by a threshold, taken apart at the passes
//! between their maxima, judged one by one by what is known of the body, and put together again. Nothing is
//! removed: what is physiological is set aside with its organ and reason, and comes back with
//! [`Detection::restore`]. [`follow_up`] matches the lesions of two to four exams into tracks; [`response`]
//! turns their measures into categories, each with its reasons. With the feature `onnx`, `network` makes the
//! organ map that overrides the rules. Measuring inside a mask is left to `voi`.

mod basins;
mod body;
mod boundary;
mod detect;
mod detection;
mod evidence;
pub mod follow_up;
mod heights;
mod labels;
mod lattice;
mod measure;
#[cfg(feature = "onnx")]
pub mod network;
mod options;
mod organ;
mod physiology;
mod references;
pub mod response;
mod sections;
mod site;

pub use detect::{Error, detect};
pub use detection::{Boundary, Detection, Finding, NoFinding, Totals};
pub use labels::LabelMap;
pub use measure::{Measures, SuvPeaks};
pub use options::{Options, UptakeThreshold};
pub use organ::{Organ, Physiological};
pub use references::{Reference, References};
pub use site::{Region, Side, Site};

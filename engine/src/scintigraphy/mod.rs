//! What planar gamma camera images measure: curves over time, uptake, emptying, ratios of counts.
//!
//! Functions take counts or [`Curve`]s and give numbers with their warnings; a [`Dynamic`] study gives the
//! curves of regions. What would have to be guessed (an injection without counts, frames without a
//! duration) is refused. How frames are read from objects is left to `dicom`, regions are masks of `voi`.

mod curve;
mod dynamic;
mod error;
mod filtration;
mod fit;
mod gastric;
mod geometric_mean;
mod ratio;
mod renogram;
mod thyroid;

pub use curve::{Curve, FrameTime};
pub use dynamic::Dynamic;
pub use error::Error;
pub use filtration::{
    Body, Filtration, GATES_WINDOW_S, KidneyDepth, SyringeCounts, TC99M_ATTENUATION_PER_MM, gates,
};
pub use fit::Line;
pub use gastric::{GastricImage, PowerExponential, Retention, retention};
pub use geometric_mean::{geometric_mean, geometric_mean_image};
pub use ratio::{Washout, count_ratio};
pub use renogram::{Drainage, PatlakSplit, Split, drainage, split_by_integral, split_by_patlak};
pub use thyroid::{ThyroidCounts, ThyroidUptake, thyroid_uptake};
